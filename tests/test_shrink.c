/* Shrinking: lines made simpler, texts made smaller, with predicates that know what is needed. */
#include "tests/support/play.h"
#include "tests/support/support.h"

#include "sim/explore/shrink.h"
#include "sim/explore/shrink_line.h"

/* --- lines ------------------------------------------------------------------------------------ */

typedef char *simpler_fn(const char *line, unsigned way);

struct line_row {
    simpler_fn *simpler;
    const char *line;
    const char *ways[8]; /* "=": as it is; NULL: past the last */
};

/* clang-format off */
static const struct line_row lines[] = {
    { rcs_line_other_time, "at +3.201s kill b1", { "at +3s kill b1", "at +4s kill b1", "at +3.2s kill b1", "at +3.3s kill b1", "at +1.6s kill b1", "at +2.4s kill b1" } },
    { rcs_line_other_time, "at +8s kill b1", { "=", "=", "=", "=", "at +4s kill b1", "at +6s kill b1" } },
    { rcs_line_other_time, "at +0.1s kill b1", { "at +0s kill b1", "at +1s kill b1", "=", "=", "at +0s kill b1", "at +0s kill b1" } },
    { rcs_line_other_time, "at +0s kill b1", { "=", "=", "=", "=", "=", "=" } },
    { rcs_line_other_time, "at 70ms b1> PING", { "at 0s b1> PING", "at 1s b1> PING", "at 0s b1> PING", "at 0.1s b1> PING", "at 0s b1> PING", "at 0s b1> PING" } },
    { rcs_line_other_time, "wait 3s", { NULL } },
    { rcs_line_other_wait, "  wait 60s", { "=", "=", "=", "=", "  wait 30s", "  wait 45s" } },
    { rcs_line_other_wait, "wait 50ms", { "=", "wait 1s", "=", "wait 0.1s", "=", "=" } },
    { rcs_line_other_length, "at +5s during 2.25s { partition a1 b1 }",
      { "at +5s during 2s { partition a1 b1 }", "at +5s during 3s { partition a1 b1 }", "at +5s during 2.2s { partition a1 b1 }",
        "at +5s during 2.3s { partition a1 b1 }", "at +5s during 1.1s { partition a1 b1 }", "at +5s during 1.6s { partition a1 b1 }" } },
    { rcs_line_other_length, "at +5s kill a1", { NULL } },
    { rcs_line_fewer_nodes, "at +5s try kill a1..a3,b2", { "at +5s try kill a1..a3", "at +5s try kill a1,a2,b2", "at +5s try kill a1,a3,b2", "at +5s try kill a2,a3,b2" } },
    { rcs_line_fewer_nodes, "at +5s a1..a4> CLUSTER FORGET $b1.id", { "at +5s a1..a3> CLUSTER FORGET $b1.id", "at +5s a1,a2,a4> CLUSTER FORGET $b1.id",
        "at +5s a1,a3,a4> CLUSTER FORGET $b1.id", "at +5s a2..a4> CLUSTER FORGET $b1.id" } },
    { rcs_line_fewer_nodes, "at +5s a1> DEL a,b", { NULL } },
    { rcs_line_fewer_nodes, "at +5s try kill a1", { NULL } },
    { rcs_line_fewer_nodes, "at +5s during 2s { partition a1,a2 b1 }", { NULL } },
    { rcs_line_fewer_nodes, "at +5s try kill a1..b3", { NULL } },
    { rcs_line_fewer_nodes, "> x", { NULL } },
    { rcs_line_without_try, "at +5s try kill a1", { "at +5s kill a1" } },
    { rcs_line_without_try, "at +5s kill a1", { NULL } },
    { rcs_line_fewer_keys, "workload w redis-py all keys 1000 every 5ms", { "workload w redis-py all keys 1 every 5ms", "workload w redis-py all keys 10 every 5ms", "workload w redis-py all keys 500 every 5ms" } },
    { rcs_line_fewer_keys, "workload w redis-py all keys 1", { "=", "=", "=" } },
    { rcs_line_fewer_keys, "workload w redis-py all", { NULL } },
};
/* clang-format on */

static void line_row(void **state)
{
    const struct line_row *row = *state;
    for (unsigned way = 0;; way++) {
        char *got = row->simpler(row->line, way);
        const char *want = way < 8 ? row->ways[way] : NULL;
        if (want == NULL) {
            assert_null(got);
            return;
        }
        assert_non_null(got);
        assert_string_equal(got, strcmp(want, "=") == 0 ? row->line : want);
        free(got);
    }
}

static void sites_lose_their_last_node(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "site A a1..a6", "site A a1..a5" },
        { "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1",
          "cli --cluster create a1..a3 a4..a5 --cluster-replicas 1" },
        { "expect state ok on a5..a6, b1..b3", "expect state ok on a5, b1..b3" },
        { "kill a1..a60", "kill a1..a60" },
        { "kill a6", "kill a6" },
    };
    char last[40], before[40];
    assert_true(rcs_line_last_node("site A a1..a6", last, before));
    assert_string_equal(last, "a6");
    assert_string_equal(before, "a5");
    assert_false(rcs_line_last_node("site A a1", last, before));
    assert_false(rcs_line_last_node("site A a1..a3 x", last, before));
    assert_false(rcs_line_last_node("kill a1..a3", last, before));
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *got = rcs_line_without_node(rows[i][0], "a6", "a5");
        assert_string_equal(got, rows[i][1]);
        free(got);
    }
}

/* --- texts ------------------------------------------------------------------------------------ */

#define TEXT                                                                                       \
    "# a head line\n"                                                                              \
    "site A a1..a6\n"                                                                              \
    "workload w redis-py all keys 1000\n"                                                          \
    "#<include plan of seed 1\n"                                                                   \
    "step \"chaos\"\n"                                                                             \
    "at +1.25s try kill a1\n"                                                                      \
    "at +2s clock a2 +30ms\n"                                                                      \
    "at +3.5s try start a1\n"                                                                      \
    "at +4.123s a3> CLUSTER FAILOVER TAKEOVER\n"                                                   \
    "at +5s during 2s { partition a4,a5 a1..a3,a6 }\n"                                             \
    "at +7.7s a1,a4..a6> CLUSTER FORGET $a2.id\n"                                                  \
    "at +9s clock a2 back\n"                                                                       \
    "wait 20s\n"                                                                                   \
    "step \"healed\"\n"                                                                            \
    "heal\n"                                                                                       \
    "clock a2 back\n"                                                                              \
    "try start a1\n"                                                                               \
    "at +1s a1> CLUSTER MEET $a2.ip $a2.port\n"                                                    \
    "wait 30s\n"                                                                                   \
    "#>\n"

/* All of these must be in the text. */
struct needs {
    const char *texts[6];
    unsigned calls;
};

static bool has_all(void *arg, const char *text)
{
    struct needs *needs = arg;
    needs->calls++;
    for (unsigned i = 0; i < 6 && needs->texts[i] != NULL; i++) {
        if (strstr(text, needs->texts[i]) == NULL) {
            return false;
        }
    }
    return true;
}

#define MANY ((struct rcs_shrink_limits){ .runs_max = 10000 })

static void shrunk(const char *text, struct needs needs, struct rcs_shrink_limits limits,
                   const char *want)
{
    struct rcs_shrink_counts counts, again;
    char *got = rcs_shrink(text, has_all, &needs, &limits, &counts);
    assert_non_null(got);
    assert_string_equal(got, want);
    assert_int_equal(counts.runs, needs.calls);
    assert_true(counts.minimal);
    assert_true(has_all(&needs, got));
    char *second = rcs_shrink(text, has_all, &needs, &limits, &again);
    assert_string_equal(got, second);
    assert_int_equal(again.runs, counts.runs);
    free(second);
    free(got);
}

static void what_is_needed_stays(void **state)
{
    (void)state;
    shrunk(TEXT, (struct needs){ .texts = { "kill a1", "TAKEOVER" } }, MANY,
           "site A a1\n"
           "workload w redis-py all keys 1\n"
           "step \"chaos\"\n"
           "at +0s kill a1\n"
           "at +0s a3> CLUSTER FAILOVER TAKEOVER\n"
           "wait 1s\n"
           "step \"healed\"\n"
           "try start a1\n"
           "wait 1s\n");
}

static void healing_goes_with_its_faults(void **state)
{
    (void)state;
    shrunk(TEXT, (struct needs){ .texts = { "FORGET", "a1..a6", "keys 1000" } },
           (struct rcs_shrink_limits){ .runs_max = 10000, .keep_recover = true },
           "site A a1..a6\n"
           "workload w redis-py all keys 1000\n"
           "step \"chaos\"\n"
           "at +0s a1> CLUSTER FORGET $a2.id\n"
           "wait 1s\n"
           "step \"healed\"\n"
           "at +1s a1> CLUSTER MEET $a2.ip $a2.port\n"
           "wait 30s\n");
}

static void nothing_may_be_needed(void **state)
{
    (void)state;
    shrunk(TEXT, (struct needs){ .texts = { "site A" } }, MANY,
           "site A a1\n"
           "workload w redis-py all keys 1\n"
           "step \"chaos\"\n"
           "wait 1s\n"
           "step \"healed\"\n"
           "wait 1s\n");
}

/* The whole time between a kill and its start counts, and the start needs the kill. */
static bool down_for_two_seconds(void *arg, const char *text)
{
    (void)arg;
    rcs_us kill_us = -1, start_us = -1;
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        char one[128];
        snprintf(one, sizeof(one), "%.*s", (int)strcspn(line, "\n"), line);
        if (rcs_line_begins(one, "at") && rcs_line_has(one, "kill")) {
            kill_us = rcs_line_time(one);
        }
        if (rcs_line_begins(one, "at") && rcs_line_has(one, "start")) {
            start_us = rcs_line_time(one);
        }
    }
    return kill_us >= 0 && start_us - kill_us >= RCS_S(2);
}

static void times_that_hang_together_stay_so(void **state)
{
    (void)state;
    struct rcs_shrink_counts counts;
    char *got = rcs_shrink(TEXT, down_for_two_seconds, NULL, &MANY, &counts);
    assert_non_null(got);
    assert_non_null(strstr(got, "at +0s kill a1\nat +2s start a1\nwait 2s\n"));
    assert_int_equal(counts.faults_before, 7);
    assert_int_equal(counts.faults_after, 2);
    assert_true(counts.minimal);
    free(got);
}

/* Two that are a millisecond apart move together. */
static bool a_millisecond_apart(void *arg, const char *text)
{
    (void)arg;
    rcs_us first_us = -1, second_us = -1;
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        char one[128];
        snprintf(one, sizeof(one), "%.*s", (int)strcspn(line, "\n"), line);
        first_us = strstr(one, "print one") != NULL ? rcs_line_time(one) : first_us;
        second_us = strstr(one, "print two") != NULL ? rcs_line_time(one) : second_us;
    }
    return first_us >= 0 && second_us == first_us + RCS_MS(1);
}

static void gaps_close_together(void **state)
{
    (void)state;
    struct rcs_shrink_counts counts;
    char *got = rcs_shrink("step \"chaos\"\nat +3s print none\nat +48.277s print one\n"
                           "at +48.278s print two\nwait 60s\nstep \"healed\"\nwait 9s\n",
                           a_millisecond_apart, NULL, &MANY, &counts);
    assert_string_equal(got, "step \"chaos\"\nat +0s print one\nat +0.001s print two\nwait 1s\n"
                             "step \"healed\"\nwait 1s\n");
    assert_true(counts.minimal);
    free(got);
}

/* Either of two will do, but not none: one is left. */
static bool has_either(void *arg, const char *text)
{
    (void)arg;
    return strstr(text, "TAKEOVER") != NULL || strstr(text, "FORGET") != NULL;
}

static void one_of_two_is_enough(void **state)
{
    (void)state;
    struct rcs_shrink_counts counts;
    char *got = rcs_shrink(TEXT, has_either, NULL, &MANY, &counts);
    assert_non_null(got);
    assert_int_equal(counts.faults_after, 1);
    assert_true(counts.minimal);
    free(got);
}

static void what_does_not_hold_is_refused(void **state)
{
    (void)state;
    struct rcs_shrink_counts counts;
    struct needs needs = { .texts = { "never" } };
    assert_null(rcs_shrink(TEXT, has_all, &needs, &MANY, &counts));
    assert_int_equal(counts.runs, 1);
    assert_int_equal(counts.faults_before, 7);
}

static void the_runs_have_a_limit(void **state)
{
    (void)state;
    for (unsigned most = 1; most < 200; most++) {
        struct rcs_shrink_counts counts;
        struct needs needs = { .texts = { "kill a1", "TAKEOVER" } };
        struct rcs_shrink_limits limits = { .runs_max = most };
        char *got = rcs_shrink(TEXT, has_all, &needs, &limits, &counts);
        assert_non_null(got);
        assert_true(needs.calls <= most && counts.runs == needs.calls);
        assert_true(has_all(&needs, got));
        free(got);
    }
}

/* Any set of needed faults among many is what is left. */
static void any_subset_is_found(void **state)
{
    (void)state;
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "step \"chaos\"\n");
    for (unsigned i = 0; i < 100; i++) {
        rcs_buf_format(&text, "at +%us print f%02u.\n", i, i);
    }
    rcs_buf_text(&text, "wait 100s\nstep \"healed\"\nwait 5s\n");
    rcs_buf_add(&text, "", 1);
    static const unsigned sets[][6] = { { 0, 99, 50, 51, 3, 77 },
                                        { 0, 1, 2, 3, 4, 5 },
                                        { 94, 95, 96, 97, 98, 99 },
                                        { 10, 30, 50, 70, 90, 99 } };
    for (unsigned set = 0; set < 4; set++) {
        struct needs needs = { .calls = 0 };
        char names[6][8];
        for (unsigned i = 0; i < 6; i++) {
            snprintf(names[i], sizeof(names[i]), "f%02u.", sets[set][i]);
            needs.texts[i] = names[i];
        }
        struct rcs_shrink_counts counts;
        char *got = rcs_shrink(text.data, has_all, &needs, &MANY, &counts);
        assert_non_null(got);
        assert_int_equal(counts.faults_after, 6);
        assert_true(counts.minimal);
        assert_in_range(counts.runs, 20, 400);
        free(got);
    }
    rcs_buf_close(&text);
}

/* --- a run ------------------------------------------------------------------------------------ */

/* Its only expectation does not hold, and it gets that far. */
static bool fails(void *arg, const char *text)
{
    (void)arg;
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    if (rcs_scenario_parse(&scenario, "s", text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        return false;
    }
    struct rcs_run_options options = { .seed = 2, .has_seed = true, .quiet = true };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    bool yes = false;
    if (run != NULL) {
        while (rcs_run_turn(run, 10000) == RCS_RUN_MORE) {
        }
        yes = rcs_run_error(run, NULL) == RCS_OK && rcs_run_failures(run) > 0;
        rcs_run_free(run);
    }
    rcs_scenario_free(scenario);
    return yes;
}

static void a_drawn_plan_becomes_small(void **state)
{
    (void)state;
    struct rcs_scenario *scenario = play_parsed(
        "s", PLAY_SIX "chaos 30s recover 10s {\nkill a1..a2 every 5s for 3s..10s\npause all every "
                      "5s\ntakeover B every 10s\npartition all every 6s for 1s..3s\n}\n"
                      "expect role master on a1\n");
    struct rcs_run_options options = { .seed = 2, .has_seed = true };
    struct rcs_diag diag = { .line = 0 };
    char *text;
    assert_int_equal(rcs_scenario_plan(scenario, &options, &text, &diag), RCS_OK);
    assert_true(fails(NULL, text)); /* else another seed */
    struct rcs_shrink_counts counts;
    struct rcs_shrink_limits limits = { .runs_max = 600 };
    char *got = rcs_shrink(text, fails, NULL, &limits, &counts);
    assert_non_null(got);
    assert_true(fails(NULL, got));
    assert_true(counts.minimal);
    if (counts.faults_before < 8 || counts.faults_after > 2) {
        fail_msg("%u faults became %u in %u runs:\n%s", counts.faults_before, counts.faults_after,
                 counts.runs, got);
    }
    free(got);
    free(text);
    rcs_scenario_free(scenario);
}

#define LINES (sizeof(lines) / sizeof(lines[0]))

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(sites_lose_their_last_node),
        cmocka_unit_test(what_is_needed_stays),
        cmocka_unit_test(healing_goes_with_its_faults),
        cmocka_unit_test(nothing_may_be_needed),
        cmocka_unit_test(times_that_hang_together_stay_so),
        cmocka_unit_test(gaps_close_together),
        cmocka_unit_test(one_of_two_is_enough),
        cmocka_unit_test(what_does_not_hold_is_refused),
        cmocka_unit_test(the_runs_have_a_limit),
        cmocka_unit_test(any_subset_is_found),
        cmocka_unit_test(a_drawn_plan_becomes_small),
    };
    struct CMUnitTest tests[LINES + sizeof(others) / sizeof(others[0])];
    for (size_t i = 0; i < LINES; i++) {
        tests[i] = (struct CMUnitTest){ .name = lines[i].line,
                                        .test_func = line_row,
                                        .initial_state = (void *)(uintptr_t)&lines[i] };
    }
    memcpy(tests + LINES, others, sizeof(others));
    return _cmocka_run_group_tests("shrink", tests, LINES + sizeof(others) / sizeof(others[0]),
                                   NULL, NULL);
}
