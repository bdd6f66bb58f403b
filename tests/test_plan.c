/* Chaos blocks: what is wrong with one, the plans that seeds draw, and runs of them. */
#include "tests/support/play.h"
#include "tests/support/support.h"

#include "sim/explore/plan.h"
#include "sim/rand.h"
#include "sim/scenario/chaos.h"
#include "sim/scenario/script.h"
#include "sim/world/world.h"

#define LAYOUT "site A a1..a3\nsite B b1..b3\n"

/* --- what is wrong with a line ---------------------------------------------------------------- */

struct row {
    const char *line, *want; /* the line stands fourth, in a block of 60 s */
};

/* clang-format off */
static const struct row wrong_lines[] = {
    { "kil all", "4:1: \"kil\" is no kind of fault for chaos (did you mean kill?)" },
    { "x", "4:1: \"x\" is no kind of fault for chaos (kill, partition, takeover and more: `rcsim help scenario` lists them; anything is all of them)" },
    { "kill", "4:5: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "kill c1", "4:6: no node \"c1\" (declared: a1..a3, b1..b3)" },
    { "kill all every", "4:15: a duration, such as 15s, is missing here" },
    { "kill all every 20", "4:16: \"20\" has no unit (us, ms, s or m: 20s)" },
    { "kill all every 299ms", "4:21: that is too often: kill would come more than 200 times" },
    { "kill all for 0s", "4:14: \"0s\" stands where a duration or a range, such as 500ms..20s, should" },
    { "kill all for 20s..1s", "4:14: the range 20s..1s runs backwards" },
    { "kill all oneway", "4:10: \"oneway\" stands where every 20s or for 1s..30s should" },
    { "takeover all for 3s", "4:14: \"for\" stands where every 20s should" },
    { "latency C", "4:9: no site \"C\" (declared: A, B)" },
    { "latency A C", "4:11: \"C\" stands where every 20s or for 1s..30s should" },
    { "latency A B 5..9ms", "4:13: \"5..9ms\" stands where a duration or a range, such as 50ms..2s, should" },
    { "loss A B 0%", "4:10: \"0%\" stands where a loss or a range, such as 1%..30%, should" },
    { "loss A B 5..101%", "4:10: \"5..101%\" stands where a loss or a range, such as 1%..30%, should" },
    { "clock all -5s..5", "4:11: \"-5s..5\" stands where a range, such as -500ms..500ms, should" },
    { "disk all", "4:9: full or fsync is missing here" },
    { "disk all ok", "4:10: \"ok\" stands where full or fsync should" },
    { "reset all", "4:10: soft or hard is missing here" },
    { "drop pingg all", "4:6: \"pingg\" stands where ping, pong, meet, fail, publish, auth-req, auth-ack, update, mfstart, module, publishshard or any should" },
    { "drop any all times 0", "4:20: \"0\" stands where how many messages, such as 1..20, should" },
    { "drop any all for 3s", "4:14: \"for\" stands where every 20s or times 1..20 should" },
    { "anything c1", "4:10: no node \"c1\" (declared: a1..a3, b1..b3)" },
    { "= OK", "4:1: chaos expects no replies" },
    { "}", "4:1: the block is empty (anything stands for every kind of fault)" },
    { "kill all\n} x", "5:3: \"x\" is one word too many (a comment begins with #)" },
    { "kill all", "3:1: this block is not closed by a }" },
};
/* clang-format on */

static struct rcs_script *parsed(const char *text, char **expanded)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_script *script = NULL;
    if (rcs_script_expand(expanded, "t.scenario", text, strlen(text), NULL, NULL, &diag) !=
            RCS_OK ||
        rcs_script_parse(&script, "t.scenario", *expanded, NULL, &diag) != RCS_OK) {
        fail_msg("%s:%d:%d: %s in\n%s", diag.source, diag.line, diag.column, diag.text, text);
    }
    return script;
}

static void wrong_line(void **state)
{
    const struct row *row = *state;
    char text[512], got[512];
    struct rcs_diag diag = { .line = 0 };
    struct rcs_script *script;
    snprintf(text, sizeof(text), LAYOUT "chaos 60s recover 30s {\n%s\n", row->line);
    assert_int_not_equal(rcs_script_parse(&script, "t.scenario", text, NULL, &diag), RCS_OK);
    assert_null(script);
    snprintf(got, sizeof(got), "%d:%d: %s", diag.line, diag.column, diag.text);
    assert_string_equal(got, row->want);
}

static void every_kind_s_usage_is_a_line(void **state)
{
    (void)state;
    const char *usage, *what;
    for (unsigned i = 0; (usage = rcs_chaos_usage(i, &what)) != NULL; i++) {
        char line[160], text[320];
        size_t used = 0;
        for (const char *c = usage; *c != '\0'; c++) { /* with all that may be left out */
            if (strchr("[]", *c) == NULL) {
                line[used++] = *c == '|' ? ' ' : *c;
            }
        }
        line[used] = '\0';
        snprintf(text, sizeof(text), LAYOUT "chaos 60s recover 30s {\n%s\n}\n", line);
        static const char *const words[][2] = { { "NODES", "a1,B" },
                                                { "SITE SITE", "A B" },
                                                { "any TYPE", "any" },
                                                { "soft hard", "soft" } };
        for (unsigned w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            char *at = strstr(text, words[w][0]);
            if (at != NULL) {
                char rest[320];
                snprintf(rest, sizeof(rest), "%s", at + strlen(words[w][0]));
                snprintf(at, sizeof(text) - (size_t)(at - text), "%s%s", words[w][1], rest);
            }
        }
        char *expanded;
        struct rcs_script *script = parsed(text, &expanded);
        assert_int_equal(script->chaos_count, 1);
        assert_true(script->chaos[0].line_count > 0);
        rcs_script_free(script);
        free(expanded);
    }
}

/* --- plans ------------------------------------------------------------------------------------ */

struct drawn {
    struct rcs_buf text, lines;
};

static struct drawn draw(const char *text, uint64_t seed)
{
    char *expanded;
    struct drawn out;
    struct rcs_script *script = parsed(text, &expanded);
    rcs_buf_init(&out.text);
    rcs_buf_init(&out.lines);
    rcs_plan_text(script, expanded, seed, &out.text, &out.lines);
    rcs_script_free(script);
    free(expanded);
    /* It is a scenario without chaos, and drawing again changes nothing. */
    struct rcs_script *plan = parsed(out.text.data, &expanded);
    assert_int_equal(plan->chaos_count, 0);
    assert_string_equal(expanded, out.text.data);
    rcs_script_free(plan);
    free(expanded);
    return out;
}

static void drawn_close(struct drawn *drawn)
{
    rcs_buf_close(&drawn->text);
    rcs_buf_close(&drawn->lines);
}

static void a_plan_takes_the_place_of_its_block(void **state)
{
    (void)state;
    static const char text[] = LAYOUT "wait 1s\n"
                                      "chaos 30s recover 10s { # why\n"
                                      "  kill a1 every 10s for 2s..3s\n"
                                      "}\n"
                                      "print \"below\"\n";
    struct drawn drawn = draw(text, 3);
    assert_string_equal(drawn.lines.data, "# seed 3, 2 faults: kill\n"
                                          "step \"chaos\"\n"
                                          "at +13.075s try kill a1\n"
                                          "at +15.1s try start a1\n"
                                          "at +16.712s try kill a1\n"
                                          "at +19.383s try start a1\n"
                                          "wait 30s\n"
                                          "step \"healed\"\n"
                                          "try start a1\n"
                                          "wait 10s\n"
                                          "expect healthy\n");
    char want[1024];
    snprintf(want, sizeof(want),
             LAYOUT "wait 1s\n"
                    "# chaos 30s recover 10s { # why\n"
                    "#   kill a1 every 10s for 2s..3s\n"
                    "#<include plan of seed 3\n"
                    "%s"
                    "#>\n"
                    "print \"below\"\n",
             drawn.lines.data);
    assert_string_equal(drawn.text.data, want);
    char *expanded;
    struct rcs_script *script = parsed(drawn.text.data, &expanded);
    const struct rcs_stmt *last = &script->stmts[script->stmt_count - 1];
    assert_string_equal(last->text, "print \"below\"");
    assert_string_equal(last->place.source, "t.scenario");
    assert_int_equal(last->place.line, 7); /* as in the text it was drawn from */
    assert_string_equal(script->stmts[2].place.source, "plan of seed 3");
    rcs_script_free(script);
    free(expanded);
    drawn_close(&drawn);
}

#define ANYTHING LAYOUT "latency A B 2ms..4ms\nwait 1s\nchaos 60s recover 30s {\nanything\n}\n"

static void every_kind_comes_and_stays_away(void **state)
{
    (void)state;
    static const char *const signs[] = {
        "try kill ",
        "try stop ",
        "try poweroff ",
        "try pause ",
        "try resume ",
        "try start ",
        "{ partition a",
        "{ partition oneway ",
        "{ latency A B ",
        "{ latency B B 0us..",
        "{ jitter A B ",
        "{ loss ",
        "drop any from ",
        "drop any to ",
        " +",
        " -",
        " full\n",
        " fsync ",
        "try lose data ",
        "try lose conf ",
        "try keep conf ",
        "try restore conf ",
        "CLUSTER FAILOVER TAKEOVER\n",
        "CLUSTER FAILOVER FORCE\n",
        "CLUSTER FAILOVER\n",
        "CLUSTER FORGET $",
        "CLUSTER RESET SOFT\n",
        "CLUSTER RESET HARD\n",
        "CLUSTER MEET $",
        "CLUSTER BUMPEPOCH\n",
        "IMPORTING $",
        "MIGRATING $",
        " NODE $",
        "heal\n",
        "drop none\n",
    };
    const unsigned count = sizeof(signs) / sizeof(signs[0]);
    unsigned seen[sizeof(signs) / sizeof(signs[0])] = { 0 };
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct drawn drawn = draw(ANYTHING, seed);
        for (unsigned i = 0; i < count; i++) {
            seen[i] += strstr(drawn.lines.data, signs[i]) != NULL;
        }
        drawn_close(&drawn);
    }
    for (unsigned i = 0; i < count; i++) {
        if (seen[i] == 0) {
            fail_msg("200 plans without \"%s\"", signs[i]);
        }
        if (i < 4 && seen[i] > 160) {
            fail_msg("\"%s\" is in %u of 200 plans: what hides behind it?", signs[i], seen[i]);
        }
    }
}

static void one_line_at_least_is_on(void **state)
{
    (void)state;
    unsigned both = 0, one = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct drawn drawn =
            draw(LAYOUT "chaos 600s recover 5s {\nkill a1 every 3s\npause a2 every 3s\n}\n", seed);
        bool kill = strstr(drawn.lines.data, "kill a1") != NULL,
             pause = strstr(drawn.lines.data, "pause a2") != NULL;
        assert_true(kill || pause);
        both += kill && pause;
        one += kill != pause;
        drawn_close(&drawn);
    }
    assert_true(both > 10 && one > 10);
}

/* Each line has its own stream: what is written around it changes nothing of it. */
static void lines_do_not_shift_each_other(void **state)
{
    (void)state;
    unsigned compared = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct drawn alone = draw(LAYOUT "chaos 60s recover 5s {\nkill a1\nstop b1\n}\n", seed);
        struct drawn more =
            draw(LAYOUT "chaos 60s recover 5s {\nkill a1\nstop b1\nmeet a2\n}\n", seed);
        if (strstr(more.lines.data, ": kill") != NULL &&
            strstr(alone.lines.data, ": kill") != NULL) {
            for (const char *at = alone.lines.data; (at = strstr(at, "try kill a1")) != NULL;
                 at++) {
                const char *line = at;
                while (line[-1] != '\n') {
                    line--;
                }
                char copy[80];
                snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
                assert_non_null(strstr(more.lines.data, copy));
                compared++;
            }
        }
        drawn_close(&alone);
        drawn_close(&more);
    }
    assert_true(compared > 10);
}

/* Nodes that are down when the block begins are not for chaos to start. */
static void who_is_absent_stays_away(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct drawn drawn = draw(LAYOUT "node c1\nabsent c1\nwait 1s\nkill b3\nkill b2\nstart b2\n"
                                         "chaos 60s recover 5s {\nanything\n}\n",
                                  seed);
        assert_null(strstr(drawn.lines.data, "c1"));
        assert_null(strstr(drawn.lines.data, "b3"));
        assert_null(strstr(drawn.lines.data, "b1..b3"));
        drawn_close(&drawn);
    }
}

static void parameters_and_includes_reach_a_block(void **state)
{
    (void)state;
    struct drawn drawn = draw("param long 20s\n" LAYOUT "chaos $long recover $long {\n"
                              "#<include kinds\nkill a1 every $long\n#>\n}\nprint x\n",
                              1);
    assert_non_null(strstr(drawn.lines.data, "wait 20s\nstep \"healed\"\n"));
    char *expanded;
    struct rcs_script *script = parsed(drawn.text.data, &expanded);
    assert_int_equal(script->stmts[script->stmt_count - 1].place.line, 7);
    rcs_script_free(script);
    free(expanded);
    drawn_close(&drawn);
}

/* --- draws ------------------------------------------------------------------------------------ */

static void draws_have_their_shapes(void **state)
{
    (void)state;
    struct rcs_rand chance;
    rcs_rand_init(&chance, 7, RCS_RAND_PLAN, 0);
    int64_t sum = 0;
    unsigned above = 0, low = 0, high = 0;
    for (unsigned i = 0; i < 20000; i++) {
        int64_t ms = rcs_draw_exponential(&chance, 1000);
        sum += ms;
        above += ms >= 3000; /* e^-3: 4.98 % */
        int64_t octave = rcs_draw_octave(&chance, 100, 1599);
        assert_in_range(octave, 100, 1599);
        low += octave < 200;
        high += octave >= 800;
    }
    assert_in_range(sum / 20000, 980, 1020);
    assert_in_range(above, 900, 1090);
    assert_in_range(low, 4800, 5200); /* a quarter each */
    assert_in_range(high, 4800, 5200);
    assert_int_equal(rcs_draw_octave(&chance, 5, 5), 5);
}

/* --- runs ------------------------------------------------------------------------------------- */

#define CLUSTER                                                                                    \
    "cluster-node-timeout 2000\n" LAYOUT "latency A B 2ms..4ms\n"                                  \
    "cli --cluster create a1..a3 b1..b3 --cluster-replicas 1\n= ...\n"                             \
    "await state ok on all within 20s\n"

/* The shared block, below clusters of different shapes. */
static void the_shared_block_fits_any_cluster(void **state)
{
    (void)state;
    static const char *const above[] = {
        "node a1\nnode a2\nnode a3\ncli --cluster create a1..a3\n",
        "site A a1..a3\nsite B b1..b3\ncli --cluster create a1..a3 b1..b3 --cluster-replicas 1\n",
        "site A a1\n",
    };
    char *block = play_shipped("anything.chaos");
    for (unsigned i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
        for (uint64_t seed = 1; seed <= 4; seed++) {
            struct rcs_buf text;
            rcs_buf_init(&text);
            rcs_buf_format(&text, "cluster-node-timeout 2000\n%swait 5s\n", above[i]);
            rcs_buf_text(&text, block);
            rcs_buf_add(&text, "", 1);
            struct played played =
                play_with(text.data, (struct rcs_run_options){ .seed = seed, .has_seed = true });
            played_through(&played);
            assert_true(played.ended_us >= RCS_S(185));
            played_close(&played);
            rcs_buf_close(&text);
        }
    }
    free(block);
}

/* Whatever was done, nothing of it is left when the block is over, and nothing ended the run. */
static void put_back(const char *text, uint64_t seed)
{
    struct rcs_scenario *scenario = play_parsed("t.scenario", text);
    struct rcs_run_options options = { .seed = seed, .has_seed = true, .quiet = true };
    struct rcs_diag diag;
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    assert_non_null(run);
    while (rcs_run_turn(run, 1000) == RCS_RUN_MORE) {
    }
    if (rcs_run_error(run, &diag) != RCS_OK) {
        fail_msg("seed %d: %s:%d: %s", (int)seed, diag.source, diag.line, diag.text);
    }
    struct rcs_sim *sim = rcs_run_sim(run);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(rcs_sim_node_life(sim, i), RCS_LIFE_UP);
        assert_int_equal(rcs_sim_clock_ahead(sim, i), 0);
        assert_int_equal(rcs_sim_fsync_us(sim, i), 0);
        assert_false(rcs_sim_disk_full(sim, i));
        for (int j = 0; j < 6; j++) {
            assert_false(rcs_sim_is_cut(sim, i, j));
        }
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
}

static void all_is_put_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        put_back(CLUSTER "chaos 60s recover 15s {\nanything\n}\n", seed);
    }
}

static void who_ended_on_a_full_disk_is_put_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        put_back(CLUSTER "node all appendonly yes\nnode all appendfsync always\n"
                         "workload w redis-py all keys 10 every 50ms\n"
                         "chaos 30s recover 5s {\ndisk all full every 3s for 2s..10s\n}\n",
                 seed);
    }
}

/* The trace holds the plan: it is replayed as it was drawn, and so is the text as a scenario. */
static void a_trace_needs_no_chaos(void **state)
{
    (void)state;
    static const char text[] = CLUSTER "chaos 30s recover 10s {\nanything\n}\nprint \"end\"\n";
    struct rcs_run_options options = {
        .seed = 5, .has_seed = true, .trace = true, .trace_level = RCS_TRACE_MILESTONES
    };
    struct played played = play_with(text, options);
    played_through(&played);
    assert_non_null(strstr(played.out.data, "# seed 5, "));
    assert_true(strstr(played.out.data, "# seed 5, ") < strstr(played.out.data, "cli --cluster"));
    assert_non_null(strstr(played.trace.data, "#<include plan of seed 5\\n# seed 5, "));
    struct rcs_diag diag = { .line = 0 };
    struct rcs_run_options again = { .quiet = true };
    struct rcs_replay *replay =
        rcs_replay_new("t", played.trace.data, played.trace.size_bytes, &again, &diag);
    assert_non_null(replay);
    rcs_replay_play(replay);
    assert_true(rcs_replay_recorded(replay) == played.digest);
    assert_true(rcs_sim_digest(rcs_replay_sim(replay)) == played.digest);
    rcs_replay_free(replay);
    struct rcs_scenario *scenario = play_parsed("t.scenario", text);
    char *planned;
    assert_int_equal(rcs_scenario_plan(scenario, &options, &planned, &diag), RCS_OK);
    struct played explicit = play_with(planned, options);
    assert_true(explicit.digest == played.digest);
    played_close(&explicit);
    free(planned);
    rcs_scenario_free(scenario);
    played_close(&played);
}

int main(void)
{
    enum { ROWS = sizeof(wrong_lines) / sizeof(wrong_lines[0]), MORE = 12 };
    struct CMUnitTest tests[ROWS + MORE];
    unsigned count = 0;
    for (; count < ROWS; count++) {
        tests[count] =
            (struct CMUnitTest){ .name = wrong_lines[count].line,
                                 .test_func = wrong_line,
                                 .initial_state = (void *)(uintptr_t)&wrong_lines[count] };
    }
    static const struct CMUnitTest more[] = {
        cmocka_unit_test(every_kind_s_usage_is_a_line),
        cmocka_unit_test(a_plan_takes_the_place_of_its_block),
        cmocka_unit_test(every_kind_comes_and_stays_away),
        cmocka_unit_test(one_line_at_least_is_on),
        cmocka_unit_test(lines_do_not_shift_each_other),
        cmocka_unit_test(who_is_absent_stays_away),
        cmocka_unit_test(parameters_and_includes_reach_a_block),
        cmocka_unit_test(draws_have_their_shapes),
        cmocka_unit_test(the_shared_block_fits_any_cluster),
        cmocka_unit_test(all_is_put_back),
        cmocka_unit_test(who_ended_on_a_full_disk_is_put_back),
        cmocka_unit_test(a_trace_needs_no_chaos),
    };
    for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        tests[count++] = more[i];
    }
    return _cmocka_run_group_tests("plan", tests, count, NULL, NULL);
}
