/* What many runs say together: quantiles, ways to fail, and the verdict. */
#include "tests/support/support.h"

#include <stdlib.h>

#include <rcsim/explore.h>

#include "sim/scenario/expect.h"
#include "tests/support/play.h"

/* Two measures; values 0s to 4s and, if asked for, two node timeouts. */
#define TEXT                                                                                       \
    "node a1\nparam settle 3s\nawait state ok on a1 within $settle\n"                              \
    "expect time from \"await state\" to a1 boot 0s..9s\n"

struct lab {
    struct rcs_scenario *scenario;
    struct rcs_sweep *sweep;
    struct rcs_summary *summary;
    struct rcs_sweep_record *record;
};

static struct lab lab(unsigned seeds, const char *second)
{
    static const struct rcs_run_options run = { .quiet = true };
    struct lab out = { .scenario = play_parsed("t.scenario", TEXT) };
    struct rcs_sweep_options options = { .scenario = out.scenario,
                                         .axis_count = second == NULL ? 1 : 2,
                                         .first_seed = 1,
                                         .seeds = seeds,
                                         .run = &run };
    struct rcs_diag diag;
    assert_int_equal(rcs_axis_read(&options.axes[0], out.scenario, "settle=0s..4s/1s", &diag),
                     RCS_OK);
    if (second != NULL) {
        assert_int_equal(rcs_axis_read(&options.axes[1], out.scenario, second, &diag), RCS_OK);
    }
    assert_int_equal(rcs_sweep_new(&out.sweep, &options, &diag), RCS_OK);
    out.summary = rcs_summary_new(out.sweep);
    out.record = calloc(1, rcs_sweep_record_bytes(out.sweep));
    assert_non_null(out.record);
    return out;
}

static void lab_close(struct lab *lab)
{
    free(lab->record);
    rcs_summary_free(lab->summary);
    rcs_sweep_free(lab->sweep);
    rcs_scenario_free(lab->scenario);
}

/* One run of `point` with the `seed`-th seed; line 0: it succeeds. */
static void add(struct lab *lab, unsigned point, unsigned seed, int line, int64_t measured)
{
    struct rcs_sweep_record *record = lab->record;
    record->run = (uint64_t)(seed - 1) * rcs_sweep_points(lab->sweep) + point;
    record->failed = line != 0;
    record->line = line;
    snprintf(record->source, sizeof(record->source), "%s", line == 0 ? "" : "t.scenario");
    snprintf(record->what, sizeof(record->what), "what stands in %d", line);
    rcs_sweep_measured(record)[0] = measured;
    rcs_sweep_measured(record)[1] = RCS_UNMEASURED;
    rcs_summary_add(lab->summary, record);
}

static void quantiles_are_values_that_were_measured(void **state)
{
    (void)state;
    struct lab its = lab(200, NULL);
    for (unsigned seed = 200; seed >= 1; seed--) {
        add(&its, 0, seed, 0, seed * 10);
    }
    add(&its, 1, 1, 0, 77);
    add(&its, 2, 1, 0, RCS_UNMEASURED);
    add(&its, 3, 1, 0, 20);
    add(&its, 3, 2, 0, 10);
    const struct rcs_point_summary *point = rcs_summary_point(its.summary, 0);
    static const int64_t wanted[] = { 10, 1000, 1800, 1980, 2000 };
    assert_int_equal(point->spreads[0].known, 200);
    for (unsigned i = 0; i < RCS_QUANTILES; i++) {
        assert_int_equal(point->spreads[0].quantiles[i], wanted[i]);
    }
    assert_int_equal(point->spreads[1].known, 0);
    point = rcs_summary_point(its.summary, 1);
    assert_int_equal(point->spreads[0].quantiles[0], 77);
    assert_int_equal(point->spreads[0].quantiles[4], 77);
    assert_int_equal(rcs_summary_point(its.summary, 2)->spreads[0].known, 0);
    point = rcs_summary_point(its.summary, 3);
    assert_int_equal(point->spreads[0].quantiles[1], 10); /* half of two is the first */
    assert_int_equal(point->spreads[0].quantiles[2], 20);
    lab_close(&its);
}

static void the_commonest_way_and_its_smallest_seed(void **state)
{
    (void)state;
    /* The same records in two orders. */
    static const int lines[] = { 5, 7, 7, 5, 0, 7, 9 };
    for (unsigned backwards = 0; backwards < 2; backwards++) {
        struct lab its = lab(7, NULL);
        for (unsigned i = 0; i < 7; i++) {
            unsigned seed = backwards ? 7 - i : i + 1;
            add(&its, 0, seed, lines[seed - 1], RCS_UNMEASURED);
            add(&its, 1, seed, seed % 2 == 0 ? 3 : 2, RCS_UNMEASURED);
            add(&its, 2, seed, seed < 7 ? 2 + (int)(seed % 2) : 0, RCS_UNMEASURED);
        }
        const struct rcs_point_summary *point = rcs_summary_point(its.summary, 0);
        assert_int_equal(point->runs, 7);
        assert_int_equal(point->successes, 1);
        assert_int_equal(point->commonest.line, 7);
        assert_int_equal(point->commonest.times, 3);
        assert_int_equal(point->commonest.seed, 2);
        assert_string_equal(point->commonest.what, "what stands in 7");
        point = rcs_summary_point(its.summary, 1);
        assert_int_equal(point->commonest.line, 2);
        assert_int_equal(point->commonest.times, 4);
        point = rcs_summary_point(its.summary, 2); /* three each: the one seen first by seed */
        assert_int_equal(point->commonest.line, 3);
        assert_int_equal(point->commonest.seed, 1);
        assert_null(rcs_summary_point(its.summary, 3)->commonest.what);
        lab_close(&its);
    }
}

/* --- the verdict ------------------------------------------------------------------------------ */

static const struct verdict {
    const char *name;
    unsigned seeds;
    unsigned successes[5]; /* of the values 0s to 4s */
    const char *want;
} verdicts[] = {
    { "from a value on",
      100,
      { 0, 95, 99, 100, 100 },
      "from settle=3s on, 200 of 200 runs succeed, 100 at each of 2 values: at each at least "
      "97.0 % (95 % confidence); with settle=2s 99 of 100\n" },
    { "both ends, but not between",
      100,
      { 100, 100, 99, 100, 100 },
      "up to settle=1s, and again from settle=3s on, 400 of 400 runs succeed, 100 at each of 4 "
      "values: at each at least 96.3 % (95 % confidence); with settle=2s 99 of 100\n" },
    { "both ends: the worst between them",
      100,
      { 100, 99, 100, 0, 100 },
      "up to settle=0s, and again from settle=4s on, 200 of 200 *; with settle=3s none of 100\n" },
    { "a success between failures does not count",
      100,
      { 99, 100, 99, 100, 100 },
      "from settle=3s on, 200 of 200 *; with settle=2s 99 of 100\n" },
    { "at the last value only",
      3000,
      { 0, 0, 0, 0, 3000 },
      "from settle=4s on, 3000 of 3000 runs succeed: at least 99.9 % (95 % confidence); with "
      "settle=3s none of 3000\n" },
    { "rounded down", 2900, { 0, 0, 0, 0, 2900 }, "*: at least 99.8 % (95 *" },
    { "at every value",
      10,
      { 10, 10, 10, 10, 10 },
      "at every value, from settle=0s to settle=4s, 50 of 50 runs succeed, 10 at each of 5 values: "
      "at each at least 74.1 % (95 % confidence)\n" },
    { "at the low end",
      10,
      { 10, 10, 9, 10, 0 },
      "up to settle=1s, 20 of 20 runs succeed, 10 at each of 2 values: at each at least 74.1 % "
      "(95 % confidence); with settle=2s 9 of 10\n" },
    { "at neither end, but between",
      10,
      { 9, 10, 10, 10, 8 },
      "no value from which on, or up to which, all runs succeed; but from settle=1s to settle=3s, "
      "30 of 30 runs succeed, 10 at each of 3 values: at each at least 63.0 % (95 % confidence); "
      "with settle=0s 9 of 10; with settle=4s 8 of 10\n" },
    { "at neither end, but at one value",
      3000,
      { 0, 3000, 0, 0, 0 },
      "no value from which on, or up to which, all runs succeed; but with settle=1s, 3000 of 3000 "
      "runs succeed: at least 99.8 % (95 % confidence); with settle=0s none of 3000; with settle=2s "
      "none of 3000\n" },
    { "at neither end: the widest between them, the first of equal ones",
      10,
      { 9, 10, 9, 10, 8 },
      "*; but with settle=1s, 10 of 10 runs succeed: *; with settle=0s 9 of 10; with settle=2s 9 of "
      "10\n" },
    { "nowhere all",
      10,
      { 9, 8, 0, 9, 8 },
      "at no value do all runs succeed; most do with settle=0s: 9 of 10\n" },
    { "never", 10, { 0, 0, 0, 0, 0 }, "no run succeeds, at any value\n" },
};

static void verdict(void **state)
{
    const struct verdict *row = *state;
    struct lab its = lab(row->seeds, NULL);
    struct rcs_buf got;
    rcs_buf_init(&got);
    for (unsigned seed = 1; seed <= row->seeds; seed++) {
        for (unsigned point = 0; point < 5; point++) {
            add(&its, point, seed, seed > row->successes[point], RCS_UNMEASURED);
        }
    }
    rcs_summary_verdict(its.summary, &got);
    rcs_buf_add(&got, "", 1);
    if (!rcs_pattern_matches(row->want, got.data)) {
        fail_msg("%s\nand not\n%s", got.data, row->want);
    }
    rcs_buf_close(&got);
    lab_close(&its);
}

static void a_verdict_for_each_value_of_the_second_axis(void **state)
{
    (void)state;
    struct lab its = lab(10, "cluster-node-timeout=1000..2000/1000");
    struct rcs_buf got;
    rcs_buf_init(&got);
    assert_int_equal(rcs_sweep_points(its.sweep), 10);
    for (unsigned seed = 1; seed <= 10; seed++) {
        for (unsigned point = 0; point < 10; point++) {
            unsigned settle = rcs_sweep_value_of(its.sweep, point, 0);
            bool slow = rcs_sweep_value_of(its.sweep, point, 1) == 1;
            add(&its, point, seed, settle < (slow ? 4 : 2) ? 1 : 0, RCS_UNMEASURED);
        }
    }
    rcs_summary_verdict(its.summary, &got);
    rcs_buf_add(&got, "", 1);
    assert_true(rcs_pattern_matches("cluster-node-timeout=1000: from settle=2s on, 30 of 30 *\n"
                                    "cluster-node-timeout=2000: from settle=4s on, 10 of 10 *\n",
                                    got.data));
    rcs_buf_close(&got);
    lab_close(&its);
}

/* What was interrupted claims no more than what was run. */
static void values_that_were_not_run_are_no_success(void **state)
{
    (void)state;
    struct lab its = lab(2, NULL);
    struct rcs_buf got;
    rcs_buf_init(&got);
    for (unsigned point = 0; point < 4; point++) {
        add(&its, point, 1, 0, RCS_UNMEASURED);
    }
    rcs_summary_verdict(its.summary, &got);
    rcs_buf_add(&got, "", 1);
    assert_string_equal(got.data, "up to settle=3s, 4 of 4 runs succeed, 1 at each of 4 values: at "
                                  "each at least 5.0 % (95 % confidence); settle=4s was not run\n");
    rcs_buf_close(&got);
    lab_close(&its);
}

/* --- the runs themselves ---------------------------------------------------------------------- */

/* Each run is what the same point and seed give alone, whichever were played before it. */
static void a_run_is_independent_of_those_before(void **state)
{
    (void)state;
    struct lab its = lab(3, "cluster-node-timeout=1000..2000/1000");
    size_t bytes = rcs_sweep_record_bytes(its.sweep);
    unsigned runs = (unsigned)rcs_sweep_runs(its.sweep);
    assert_int_equal(runs, 30);
    char *forward = calloc(runs, bytes);
    assert_non_null(forward);
    for (unsigned run = 0; run < runs; run++) {
        rcs_sweep_play(its.sweep, run, its.record);
        memcpy(forward + run * bytes, its.record, bytes);
    }
    for (unsigned run = runs; run-- > 0;) {
        rcs_sweep_play(its.sweep, run, its.record);
        assert_memory_equal(forward + run * bytes, its.record, bytes);
    }
    /* Run 13: seed 2, point 3, which is settle=1s and the second timeout. */
    struct rcs_run_options alone = { .quiet = true,
                                     .has_seed = true,
                                     .seed = 2,
                                     .params = "settle 1s\n",
                                     .overrides = "cluster-node-timeout 2000\n" };
    struct played played = play_with(TEXT, alone);
    memcpy(its.record, forward + 13 * bytes, bytes);
    assert_int_equal(its.record->digest, played.digest);
    assert_int_equal(its.record->failed, 1);
    assert_int_equal(its.record->line, 3);
    played_close(&played);
    free(forward);
    lab_close(&its);
}

static void values_the_scenario_does_not_take(void **state)
{
    (void)state;
    static const struct rcs_run_options run = { .quiet = true };
    static const struct {
        const char *text, *vary, *want;
    } refused[] = {
        { "node a1\nparam keys 5\nworkload w pinned a1 keys $keys\n", "keys=0..3/1",
          "with keys=0: *" },
        { "node a1\nparam keys 5\nwait ${keys}s\nexpect keys $keys on a1\n", "keys=1s..2s/1s",
          "with keys=1s: *" },
    };
    for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct rcs_sweep_options options = { .scenario = play_parsed("t.scenario", refused[i].text),
                                             .axis_count = 1,
                                             .seeds = 1,
                                             .run = &run };
        struct rcs_diag diag;
        struct rcs_sweep *sweep;
        assert_int_equal(rcs_axis_read(&options.axes[0], options.scenario, refused[i].vary, &diag),
                         RCS_OK);
        assert_int_not_equal(rcs_sweep_new(&sweep, &options, &diag), RCS_OK);
        assert_null(sweep);
        if (!rcs_pattern_matches(refused[i].want, diag.text)) {
            fail_msg("%s", diag.text);
        }
        rcs_scenario_free((struct rcs_scenario *)(uintptr_t)options.scenario);
    }
}

int main(void)
{
    enum { ROWS = sizeof(verdicts) / sizeof(verdicts[0]), OTHERS = 6 };
    struct CMUnitTest tests[ROWS + OTHERS] = {
        cmocka_unit_test(quantiles_are_values_that_were_measured),
        cmocka_unit_test(the_commonest_way_and_its_smallest_seed),
        cmocka_unit_test(a_verdict_for_each_value_of_the_second_axis),
        cmocka_unit_test(values_that_were_not_run_are_no_success),
        cmocka_unit_test(a_run_is_independent_of_those_before),
        cmocka_unit_test(values_the_scenario_does_not_take),
    };
    for (unsigned i = 0; i < ROWS; i++) {
        tests[OTHERS + i] = (struct CMUnitTest){ .name = verdicts[i].name,
                                                 .test_func = verdict,
                                                 .initial_state = (void *)(uintptr_t)&verdicts[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
