/* Scenarios that run: transcripts, what stops them, and that they are the same however they run. */
#include "tests/support/play.h"
#include "tests/support/support.h"

#include <inttypes.h>

#include "sim/scenario/expect.h"

/* Holds a transcript against lines with `*`. */
static void expect_lines(const char *got, const char *want)
{
    const char *whole = got;
    for (unsigned line = 1; *want != '\0' || *got != '\0'; line++) {
        char pattern[512], text[512];
        size_t want_bytes = strcspn(want, "\n"), got_bytes = strcspn(got, "\n");
        snprintf(pattern, sizeof(pattern), "%.*s", (int)want_bytes, want);
        snprintf(text, sizeof(text), "%.*s", (int)got_bytes, got);
        if (!rcs_pattern_matches(pattern, text)) {
            fail_msg("line %u is\n%s\nand not\n%s\nin\n%s", line, text, pattern, whole);
        }
        want += want_bytes + (want[want_bytes] == '\n');
        got += got_bytes + (got[got_bytes] == '\n');
    }
}

static void a_transcript_reads_like_a_session(void **state)
{
    (void)state;
    struct played played =
        play("title \"One node\"\n" PLAY_LONE "param name x\n"
             "step \"1. Alone\"\n"
             "a1> PING\n= PONG\n"
             "a1> CLUSTER ADDSLOTSRANGE 0 16383\n= OK\n"
             "print \"now $name on $a1.port\"\n"
             "wait 6s\n"
             "expect state ok on a1\n"
             "client> SET $name \"a b\"\n= OK\n"
             "a1> CLUSTER FORGET $a1.id\n= (error) ERR I tried hard *\n"
             "a1> MGET x {x}y z\n= never | (error) CROSSSLOT *\n"
             "cluster-node-timeout 3000\n"
             "kill a1\n"
             "a1> PING\n= Could not connect to Redis at *: Connection refused\n");
    assert_int_equal(played.err, RCS_OK);
    assert_int_equal(played.failures, 0);
    expect_lines(played.out.data,
                 "One node\n"
                 "a1; Redis 7.0.15, seed 1\n"
                 "\n"
                 "1. Alone\n"
                 "     0.000  a1> PING\n"
                 "            PONG\n"
                 "     0.0*  a1> CLUSTER ADDSLOTSRANGE 0 16383\n"
                 "            OK\n"
                 "     0.0*  now x on 6379\n"
                 "     2.*    a1          cluster state changed: ok  (2.* s after ADDSLOTSRANGE)\n"
                 "     6.0*  waited 6 s\n"
                 "            ok  state ok on a1\n"
                 "     6.0*  client> SET x \"a b\"\n"
                 "            OK\n"
                 "     6.0*  a1> CLUSTER FORGET $a1.id\n"
                 "            (error) ERR I tried hard but I can't forget myself...\n"
                 "     6.0*  a1> MGET x {x}y z\n"
                 "            (error) CROSSSLOT Keys in request don't hash to the same slot\n"
                 "     6.0*  cluster-node-timeout 3000\n"
                 "     6.0*  kill a1\n"
                 "     6.0*  a1> PING\n"
                 "            Could not connect to Redis at 10.*:6379: Connection refused\n"
                 "\n"
                 "digest *\n"
                 "virtual time 6.0* s\n");
    played_close(&played);
}

/* The seed decides how long, anew for each: the same in every run of it. */
static void a_wait_may_be_a_range(void **state)
{
    (void)state;
    static const char text[] = PLAY_LONE "wait 1s..2s\nwait 1s..2s\nwait 3s..3s\n";
    rcs_us ends[3], least = RCS_NEVER, most = 0;
    for (unsigned i = 0; i < 60; i++) {
        struct rcs_run_options options = { .has_seed = true, .seed = i < 50 ? i : i - 50 };
        struct played played = play_with(text, options);
        assert_in_range(played.ended_us, RCS_S(5), RCS_S(7));
        least = played.ended_us < least ? played.ended_us : least;
        most = played.ended_us > most ? played.ended_us : most;
        if (i < 3) {
            ends[i] = played.ended_us;
        } else if (i >= 50 && i < 53) {
            assert_int_equal(played.ended_us, ends[i - 50]);
        }
        assert_non_null(strstr(played.out.data, "waited 3 s\n"));
        played_close(&played);
    }
    assert_true(ends[0] != ends[1] && ends[1] != ends[2]);
    assert_true(least < RCS_MS(5500) && most > RCS_MS(6500));
}

static void quiet_says_failures_and_the_digest(void **state)
{
    (void)state;
    struct played played = play_with(
        PLAY_LONE "a1> PING\n= OK\nexpect state ok on a1\nawait keys 1 on a1 within 1.5s\n",
        (struct rcs_run_options){ .quiet = true });
    assert_int_equal(played.failures, 3);
    expect_lines(played.out.data,
                 "t.scenario:4:1: at 0.00* s: expected the reply to  a1> PING  to be  OK\n"
                 "  instead: PONG\n"
                 "t.scenario:5:1: at 0.00* s: expected state ok on a1\n"
                 "  instead: a1: fail\n"
                 "t.scenario:6:1: at 1.50* s: expected keys 1 on a1 within 1.5 s\n"
                 "  instead: a1: 0\n"
                 "3 expectations did not hold\n"
                 "digest *\n"
                 "virtual time 1.50* s\n");
    played_close(&played);
}

static void json_is_an_object_a_line(void **state)
{
    (void)state;
    struct played played = play_with(
        PLAY_LONE "step \"a \\\"b\\\"\"\na1> PING\n= OK\nexpect state fail on a1\nwait 1s\n",
        (struct rcs_run_options){ .json = true });
    expect_lines(
        played.out.data,
        "{\"at_us\":0,\"kind\":\"begin\",\"format\":1,\"title\":\"\",\"nodes\":\"a1\",\"seed\":1}\n"
        "{\"at_us\":0,\"kind\":\"milestone\",\"node\":\"a1\",\"what\":\"boot\",*}\n"
        "{\"at_us\":0,\"kind\":\"step\",\"title\":\"a \\\"b\\\"\"}\n"
        "{\"at_us\":0,\"kind\":\"command\",\"to\":\"a1\",\"text\":\"PING\"}\n"
        "{\"at_us\":*,\"kind\":\"output\",\"from\":\"\",\"text\":\"PONG\"}\n"
        "{\"at_us\":*,\"kind\":\"failure\",\"source\":\"t.scenario\",\"line\":5,\"column\":1,"
        "\"expected\":"
        "\"the reply to  a1> PING  to be  OK\",\"instead\":\"PONG\"}\n"
        "{\"at_us\":*,\"kind\":\"expect\",\"holds\":true,\"text\":\"state fail on a1\"}\n"
        "{\"at_us\":*,\"kind\":\"wait\",\"text\":\"waited 1 s\"}\n"
        "{\"at_us\":*,\"kind\":\"end\",\"failures\":1,\"digest\":\"*\"}\n");
    played_close(&played);
}

static void the_same_words_in_a_group(void **state)
{
    (void)state;
    struct played played =
        play("site A a1..a3\na1..a3> PING\n= PONG\na1..a3> CONFIG GET port\n= ...\n"
             "a1..a3> CLUSTER MYID\n= \"$a1.id\"\n");
    assert_int_equal(played.failures, 2); /* a2 and a3 are others */
    expect_lines(
        played.out.data,
        "A: a1..a3; Redis 7.0.15, seed 1\n"
        "     0.000  a1..a3> PING\n"
        "            PONG  (3 times)\n"
        "     0.00*  a1..a3> CONFIG GET port\n"
        "            1) \"port\"\n"
        "            2) \"6379\"\n"
        "     0.0*  a1..a3> CLUSTER MYID\n"
        "            a1: \"*\"\n"
        "            a2: \"*\"\n"
        "            a3: \"*\"\n"
        "            t.scenario:7:1: at * s: expected the reply to  a2> CLUSTER MYID  to be  *\n"
        "              instead: \"*\"\n"
        "            t.scenario:7:1: at * s: expected the reply to  a3> CLUSTER MYID  to be  *\n"
        "              instead: \"*\"\n"
        "\n"
        "2 expectations did not hold\n"
        "digest *\n"
        "virtual time * s\n");
    played_close(&played);
}

/* --- what stops a script ---------------------------------------------------------------------- */

struct stop_row {
    const char *name, *text, *want;
};

static const struct stop_row stops[] = {
    { "a node that is down cannot be killed", PLAY_LONE "kill a1\nkill a1\n", "4:1: *a1*" },
    { "a node that runs cannot be started", PLAY_LONE "start a1\n", "3:1: *a1*" },
    { "a time that is over", PLAY_LONE "wait 5s\nat 3s kill a1\n",
      "4:1: this time is over: it is already 5.000 s" },
    { "jitter upon nothing", "site A a1\njitter A A 2ms\nwait 1s\n",
      "2:1: jitter adds to a latency: none is set for these sites above" },
};

static void stop_row(void **state)
{
    const struct stop_row *row = *state;
    struct played played = play(row->text);
    char got[512];
    snprintf(got, sizeof(got), "%d:%d: %s", played.diag.line, played.diag.column, played.diag.text);
    if (played.err == RCS_OK || !rcs_pattern_matches(row->want, got)) {
        fail_msg("%s, not %s", got, row->want);
    }
    assert_string_equal(played.diag.source, "t.scenario");
    played_close(&played);
}

static void options_are_checked(void **state)
{
    (void)state;
    struct rcs_run_options wrong[] = {
        { .params = "x 1\n" },
        { .overrides = "cluster-node-timeout soon\n" },
        { .overrides = "cluster-node-timeuot 1\n" },
        { .log = "a2" },
        { .redis = "6.3" },
        { .redis = "6.2", .overrides = "cluster-port 7\n" },
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct played played = play_with(PLAY_LONE, wrong[i]);
        assert_int_not_equal(played.err, RCS_OK);
        assert_int_not_equal(played.diag.text[0], '\0');
        played_close(&played);
    }
}

/* --- the same, however it is run -------------------------------------------------------------- */

static void turns_do_not_matter(void **state)
{
    (void)state;
    static const char *const names[] = { "two-dc-chained.scenario", "two-dc-hasty.scenario" };
    static const unsigned batches[] = { 1, 7, 1024, 4096 };
    for (unsigned n = 0; n < 2; n++) {
        char *text = play_shipped(names[n]);
        struct rcs_run_options options = { .trace = true };
        struct played first = play_turns(text, options, 1u << 30, 0);
        assert_int_equal(first.failures, 0);
        for (unsigned i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
            struct played other = play_turns(text, options, batches[i], 0);
            assert_string_equal(other.out.data, first.out.data);
            assert_string_equal(other.trace.data, first.trace.data);
            assert_true(other.digest == first.digest);
            played_close(&other);
        }
        struct rcs_run_options others[] = {
            { .wire_check = true },
            { .quiet = true },
            { .json = true },
            { .log = "all" },
            { .trace = true, .trace_level = RCS_TRACE_PACKETS },
        };
        for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            struct played other = play_with(text, others[i]);
            assert_true(other.digest == first.digest);
            played_close(&other);
        }
        struct played seed =
            play_with(text, (struct rcs_run_options){ .has_seed = true, .seed = 2 });
        assert_int_equal(seed.failures, 0);
        assert_true(seed.digest != first.digest);
        played_close(&seed);
        played_close(&first);
        free(text);
    }
}

static void an_interrupted_run_ends_properly(void **state)
{
    (void)state;
    struct played played =
        play_turns(PLAY_SIX "wait 100s\n", (struct rcs_run_options){ .trace = true }, 100, 5);
    assert_non_null(strstr(played.out.data, "\ninterrupted\ndigest "));
    assert_non_null(strstr(played.trace.data, "\"interrupted\""));
    struct rcs_diag diag;
    assert_int_equal(rcs_trace_check("t", played.trace.data, strlen(played.trace.data), &diag),
                     RCS_OK);
    played_close(&played);
}

static void a_run_that_is_given_up_frees_all(void **state)
{
    (void)state;
    struct rcs_scenario *scenario = play_parsed(
        "t.scenario", PLAY_SIX "at +9s kill a1\nduring 9s { cluster-node-timeout 7 }\n");
    struct rcs_run_options options = { .has_seed = false };
    struct rcs_diag diag;
    for (unsigned turns = 0; turns < 40; turns += 3) {
        struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
        for (unsigned i = 0; i < turns; i++) {
            (void)rcs_run_turn(run, 50 * turns);
        }
        rcs_run_free(run);
    }
    rcs_scenario_free(scenario);
}

static void overrides_and_parameters_win(void **state)
{
    (void)state;
    static const char text[] =
        "site A a1..a2\ncluster-node-timeout 2000\nnode a2 cluster-node-timeout 3000\n"
        "param n 1s\nwait $n\ncluster-node-timeout 4000\n"
        "a1..a2> CONFIG GET cluster-node-timeout\n= ...\n= *\"500\"\n";
    struct rcs_run_options options = { .overrides = "cluster-node-timeout 500\n",
                                       .params = "n 3s\n" };
    struct played played = play_with(text, options);
    assert_int_equal(played.failures, 0);
    assert_true(played.ended_us > RCS_S(3));
    played_close(&played);
}

static void log_lines_stand_in_the_transcript(void **state)
{
    (void)state;
    struct played played = play_with(PLAY_LONE "a1> CLUSTER ADDSLOTSRANGE 0 16383\nwait 3s\n",
                                     (struct rcs_run_options){ .log = "a1" });
    assert_non_null(strstr(played.out.data, "   a1 | 1001:M 01 Jan 2026 00:00:02."));
    played_close(&played);
}

/* The times of a kind of milestone, of a run's JSON: the first and the last. */
static void times_of(const char *json, const char *what, int64_t *first_us, int64_t *last_us)
{
    char key[64];
    snprintf(key, sizeof(key), "\"what\":\"%s\"", what);
    *first_us = -1;
    for (const char *line = json; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const char *end = line + strcspn(line, "\n"), *at = strstr(line, key);
        if (at != NULL && at < end) {
            assert_int_equal(sscanf(line, "{\"at_us\":%" SCNd64, last_us), 1);
            *first_us = *first_us < 0 ? *last_us : *first_us;
        }
    }
    assert_true(*first_us >= 0);
}

static void a_line_of_several_nodes_tells_the_time_of_the_first_and_of_the_last(void **state)
{
    (void)state;
    static const char text[] =
        "cluster-node-timeout 1000\nrepl-diskless-sync-delay 0\nsite A a1..a6\n"
        "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\n"
        "wait 9s\n";
    struct played json = play_with(text, (struct rcs_run_options){ .json = true });
    struct played played = play(text);
    int64_t first_us, last_us;
    times_of(json.out.data, "state-ok", &first_us, &last_us);
    assert_true(last_us - first_us >= 10000);
    char want[160];
    snprintf(want, sizeof(want),
             "%3d.%03d    a1..a6      cluster state changed: ok  (until %d.%03d)",
             (int)(first_us / 1000000), (int)(first_us / 1000 % 1000), (int)(last_us / 1000000),
             (int)(last_us / 1000 % 1000));
    if (strstr(played.out.data, want) == NULL) {
        fail_msg("no \"%s\" in\n%s", want, played.out.data);
    }
    played_close(&json);
    played_close(&played);
}

#define STOPS (sizeof(stops) / sizeof(stops[0]))

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(a_transcript_reads_like_a_session),
        cmocka_unit_test(a_wait_may_be_a_range),
        cmocka_unit_test(quiet_says_failures_and_the_digest),
        cmocka_unit_test(json_is_an_object_a_line),
        cmocka_unit_test(the_same_words_in_a_group),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(turns_do_not_matter),
        cmocka_unit_test(an_interrupted_run_ends_properly),
        cmocka_unit_test(a_run_that_is_given_up_frees_all),
        cmocka_unit_test(overrides_and_parameters_win),
        cmocka_unit_test(log_lines_stand_in_the_transcript),
        cmocka_unit_test(a_line_of_several_nodes_tells_the_time_of_the_first_and_of_the_last),
    };
    struct CMUnitTest tests[STOPS + sizeof(others) / sizeof(others[0])];
    for (size_t i = 0; i < STOPS; i++) {
        tests[i] = (struct CMUnitTest){ .name = stops[i].name,
                                        .test_func = stop_row,
                                        .initial_state = (void *)(uintptr_t)&stops[i] };
    }
    memcpy(tests + STOPS, others, sizeof(others));
    return _cmocka_run_group_tests("run", tests, STOPS + sizeof(others) / sizeof(others[0]), NULL,
                                   NULL);
}
