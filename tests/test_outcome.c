/* What a run measured: which measures a script has, their values, and what failed first. */
#include "tests/support/support.h"

#include "tests/support/play.h"

struct ran {
    struct rcs_scenario *scenario;
    struct rcs_run *run;
};

static struct ran ran(const char *text, uint64_t seed)
{
    struct rcs_run_options options = { .quiet = true, .seed = seed, .has_seed = true };
    struct rcs_diag diag;
    struct ran out = { .scenario = play_parsed("t.scenario", text) };
    out.run = rcs_run_new(out.scenario, &options, &diag);
    assert_non_null(out.run);
    while (rcs_run_turn(out.run, 4096) == RCS_RUN_MORE) {
    }
    return out;
}

static void ran_close(struct ran *ran)
{
    rcs_run_free(ran->run);
    rcs_scenario_free(ran->scenario);
}

/* The measure as a line: where it stands, what it is, and its value, "?" if it is not known. */
static void expect_measure(const struct ran *ran, unsigned index, int line, const char *text,
                           bool known, int64_t low, int64_t high)
{
    struct rcs_measure measure;
    struct rcs_buf got;
    rcs_buf_init(&got);
    assert_true(rcs_run_measure(ran->run, index, &measure));
    rcs_measure_print(&got, &measure);
    rcs_buf_add(&got, "", 1);
    assert_string_equal(got.data, text);
    rcs_buf_close(&got);
    assert_int_equal(measure.line, line);
    assert_int_equal(measure.known, known);
    if (known && (measure.value < low || measure.value > high)) {
        fail_msg("%s is %lld, not %lld..%lld", text, (long long)measure.value, (long long)low,
                 (long long)high);
    }
}

static void measures_stand_in_the_order_of_the_script(void **state)
{
    (void)state;
    struct ran got = ran("site A a1..a3\ncluster-node-timeout 2000\n"
                         "cli --cluster create a1..a3\n"
                         "await state ok on all within 30s\n"
                         "workload w pinned a1 tag b\n"
                         "at +8s expect time from \"kill a3\" to a1 state-fail 1us..2us\n"
                         "during 1s {\n"
                         "await state fail on a1 within 100ms\n"
                         "}\n"
                         "kill a3\n"
                         "wait 9s\n"
                         "only ..6.2 expect time from \"kill a3\" to a1 state-fail 1s..9s\n"
                         "expect time from \"kill a3\" to a2 promoted 1s..9s\n"
                         "expect time from \"kill a3\" to a1,a2 state-fail 1s..9s\n",
                         3);
    expect_measure(&got, 0, 4, "await state ok on all", true, RCS_MS(1), RCS_S(10));
    expect_measure(&got, 1, 6, "time from \"kill a3\" to a1 state-fail", true, RCS_S(1), RCS_S(4));
    expect_measure(&got, 2, 8, "await state fail on a1", false, 0, 0);
    expect_measure(&got, 3, 12, "time from \"kill a3\" to a1 state-fail", false, 0, 0);
    expect_measure(&got, 4, 13, "time from \"kill a3\" to a2 promoted", false, 0, 0);
    expect_measure(&got, 5, 14, "time from \"kill a3\" to a1,a2 state-fail", true, RCS_S(2),
                   RCS_S(4));
    expect_measure(&got, 6, 0, "workload w unavailable", true, RCS_S(4), RCS_S(8));
    expect_measure(&got, 7, 0, "workload w lost acknowledged writes", true, 0, 0);
    expect_measure(&got, 8, 0, "workload w errors", true, 1, 1000);
    struct rcs_measure measure;
    assert_false(rcs_run_measure(got.run, 9, &measure));
    ran_close(&got);
}

/* Which measures there are does not depend on how far a run comes. */
static void a_run_that_stops_has_all_measures(void **state)
{
    (void)state;
    struct ran got = ran(PLAY_LONE "kill a1\nkill a1\nawait state ok on a1 within 1s\n"
                                   "workload w pinned a1\n",
                         1);
    struct rcs_failure failure;
    expect_measure(&got, 0, 5, "await state ok on a1", false, 0, 0);
    expect_measure(&got, 3, 0, "workload w errors", false, 0, 0);
    assert_true(rcs_run_first_failure(got.run, &failure));
    assert_string_equal(failure.source, "t.scenario");
    assert_int_equal(failure.line, 4);
    assert_string_equal(failure.what, "the script to go on");
    assert_int_equal(rcs_run_failures(got.run), 0);
    ran_close(&got);
}

static void the_first_failure_is_kept(void **state)
{
    (void)state;
    struct ran got =
        ran(PLAY_LONE "a1> PING\n= PONG\nexpect keys 1 on a1\nexpect role replica on a1\n"
                      "kill a1\nkill a1\n",
            1);
    struct rcs_failure failure;
    assert_true(rcs_run_first_failure(got.run, &failure));
    assert_int_equal(failure.line, 5);
    assert_string_equal(failure.what, "keys 1 on a1");
    assert_string_equal(failure.instead, "a1: 0");
    ran_close(&got);
}

static void nothing_fails(void **state)
{
    (void)state;
    struct ran got = ran(PLAY_LONE "expect keys 0 on a1\n", 1);
    struct rcs_failure failure;
    assert_false(rcs_run_first_failure(got.run, &failure));
    ran_close(&got);
}

/* A span counts from the last mark at the time it is judged, not from one that comes later. */
static void a_span_is_taken_when_it_is_judged(void **state)
{
    (void)state;
    struct ran got = ran(PLAY_LONE "wait 1s\nkill a1\nwait 1s\nstart a1\nwait 1s\n"
                                   "expect time from \"kill a1\" to a1 boot 900ms..1100ms\n"
                                   "kill a1\nwait 5s\nstart a1\nwait 1s\n",
                         1);
    expect_measure(&got, 0, 8, "time from \"kill a1\" to a1 boot", true, RCS_MS(990), RCS_MS(1010));
    assert_int_equal(rcs_run_failures(got.run), 0);
    ran_close(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_stand_in_the_order_of_the_script),
        cmocka_unit_test(a_run_that_stops_has_all_measures),
        cmocka_unit_test(the_first_failure_is_kept),
        cmocka_unit_test(nothing_fails),
        cmocka_unit_test(a_span_is_taken_when_it_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
