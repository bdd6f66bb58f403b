/* The sweeps of waits against real servers: the settle sweep's points against the shares that
 * live_sweep measured; each step of the recorded takeovers of two data centres against the steps of
 * sweeps/two-dc-polled; the recorded waits put into sweeps/two-dc-waits against how it ended.
 *
 * Usage: test_settle [long]: long plays a thousand seeds at each point. */
#include "tests/support/support.h"

#include <rcsim/explore.h>

#include "tests/support/exact_test.h"
#include "tests/support/play.h"
#include "tests/support/sweep_lab.h"

static unsigned point_seeds = 100, step_seeds = 100;

/* --- the exact test itself -------------------------------------------------------------------- */

static void shares_that_may_be_one(void **state)
{
    (void)state;
    static const struct {
        unsigned hits, count, other_hits, other_count;
        double p;
    } rows[] = {
        /* 3 of 4 cups of tea, of 8: Fisher, The Design of Experiments (1935). */
        { 3, 4, 1, 4, 34.0 / 70 }, { 4, 4, 0, 4, 2.0 / 70 }, { 0, 20, 0, 1000, 1 },
        { 20, 20, 40, 40, 1 },     { 0, 0, 3, 9, 1 },        { 1, 1, 0, 19, 1.0 / 20 },
        { 0, 19, 1, 1, 1.0 / 20 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double p = exact_test(rows[i].hits, rows[i].count, rows[i].other_hits, rows[i].other_count);
        assert_in_range((uint64_t)(p * 1e6 + 0.5), (uint64_t)(rows[i].p * 1e6),
                        (uint64_t)(rows[i].p * 1e6) + 1);
    }
}

/* --- the settle sweep on live servers --------------------------------------------------------- */

static void live_shares_agree(void **state)
{
    (void)state;
    struct sweep_point points[SWEEP_POINTS_MAX];
    unsigned count = sweep_lab_recorded("sweeps/two-dc-settle.tsv", points);
    unsigned failure = 0, between = 0, success = 0;
    assert_true(count >= 3);
    for (unsigned i = 0; i < count; i++) {
        sweep_lab_simulate(SWEEP_SETTLE, SWEEP_SETTLE_PARAM, point_seeds, &points[i]);
        assert_true(sweep_lab_compare(SWEEP_SETTLE_PARAM, &points[i]) >= 0.05);
        assert_true(points[i].live_runs >= 20);
        unsigned percent = 100 * points[i].simulated / points[i].simulated_runs;
        failure += points[i].live == 0 && percent == 0;
        success +=
            points[i].live == points[i].live_runs && percent >= 99; /* a rare one is slower */
        between += points[i].live > 0 && points[i].live < points[i].live_runs;
    }
    assert_true(failure > 0 && between > 0 && success > 0); /* both ends, and what lies between */
}

/* --- recorded takeovers ----------------------------------------------------------------------- */

#define WAITS_MAX 12
#define GAPS      7 /* params of two-dc-waits */

struct takeover {
    int64_t waits_ms[WAITS_MAX]; /* what its driver polled for took so long, in order */
    unsigned wait_count;
    int64_t gaps_ms[GAPS]; /* between the last command of a step and the first of the next */
    unsigned gap_count;
};

/* From tests/vectors/scenarios/NAME/steps.txt, whose form support/recording.h tells. Servers are
 * started at once, and redis-cli's end is where the driver began to poll, else the step's. */
static struct takeover read_takeover(const char *name)
{
    struct takeover out = { .wait_count = 0 };
    char path[80], what[16];
    unsigned step = 0, last_step = 0; /* of the last command; 0 none yet */
    long long at_ms, took_ms;
    int64_t end_ms = 0, last_ms = 0;
    bool in_cli = false;
    size_t size_bytes;
    snprintf(path, sizeof(path), "scenarios/%s/steps.txt", name);
    char *text = test_vector(path, &size_bytes);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (sscanf(line, "step %lld", &at_ms) == 1) {
            step++;
            end_ms = at_ms;
            in_cli = false;
        } else if (sscanf(line, "wait %lld %lld", &at_ms, &took_ms) == 2) {
            assert_true(out.wait_count < WAITS_MAX);
            out.waits_ms[out.wait_count++] = took_ms;
            last_ms = in_cli ? at_ms : last_ms;
            in_cli = false;
        } else if (sscanf(line, "cmd %lld %15s", &at_ms, what) == 2 ||
                   (sscanf(line, "act %lld %15s", &at_ms, what) == 2 &&
                    strcmp(what, "kill") == 0)) {
            if (last_step != 0 && step != last_step) {
                assert_true(out.gap_count < GAPS);
                out.gaps_ms[out.gap_count++] = at_ms - last_ms;
            }
            in_cli = strcmp(what, "cli") == 0;
            last_ms = in_cli ? end_ms : at_ms;
            last_step = step;
        }
    }
    free(text);
    assert_int_equal(out.gap_count, GAPS);
    return out;
}

/* --- how long each step takes ----------------------------------------------------------------- */

/* The driver asked all nodes every 20 ms, one after the other; a process was started for a command.
 */
#define POLL_MS  45
#define AWAITS   9
#define COMPARED 7

/* The waits of the recording, from..to, and the awaits of two-dc-polled that are the same. */
static const struct {
    const char *name;
    unsigned recorded[2], played[2];
} compared[COMPARED] = {
    { "the masters serve", { 0, 0 }, { 0, 0 } },
    { "the first copies have come", { 1, 1 }, { 1, 1 } },
    { "all know all", { 2, 2 }, { 2, 2 } },
    { "b4..b6 are seen as replicas", { 3, 3 }, { 3, 3 } },
    { "the chain has its copies", { 4, 5 }, { 4, 6 } },
    { "the loss is seen", { 6, 6 }, { 7, 7 } },
    { "b serves again", { 7, 7 }, { 8, 8 } },
};

static int64_t sum(const int64_t *values, const unsigned range[2])
{
    int64_t out = 0;
    for (unsigned i = range[0]; i <= range[1]; i++) {
        out += values[i];
    }
    return out;
}

/* How many of the recorded times no run comes to. */
static unsigned steps_apart(const char *name, const char *text, int timeout_ms,
                            const char *overrides)
{
    struct takeover recorded = read_takeover(name);
    int64_t least[COMPARED], most[COMPARED];
    unsigned apart = 0;
    char vary[80];
    struct rcs_run_options run = { .quiet = true, .overrides = overrides };
    snprintf(vary, sizeof(vary), "cluster-node-timeout=%d..%d/1", timeout_ms, timeout_ms);
    struct sweep_played point = sweep_lab_new(text, vary, step_seeds, &run);
    assert_int_equal(rcs_sweep_measures(point.sweep), AWAITS + 2);
    assert_true(recorded.wait_count >= 8);
    for (uint64_t number = 0; number < rcs_sweep_runs(point.sweep); number++) {
        rcs_sweep_play(point.sweep, number, point.record);
        const int64_t *awaits = rcs_sweep_measured_of(point.record);
        for (unsigned i = 0; i < COMPARED; i++) {
            int64_t took_us = sum(awaits, compared[i].played);
            least[i] = number == 0 || took_us < least[i] ? took_us : least[i];
            most[i] = number == 0 || took_us > most[i] ? took_us : most[i];
        }
    }
    for (unsigned i = 0; i < COMPARED; i++) {
        int64_t wanted_us = 1000 * sum(recorded.waits_ms, compared[i].recorded);
        bool there = wanted_us >= least[i] - RCS_MS(5) && wanted_us <= most[i] + RCS_MS(POLL_MS);
        apart += !there;
        print_message("%s, %s: recorded %lld ms, played %lld to %lld ms%s\n", name,
                      compared[i].name, (long long)(wanted_us / 1000), (long long)(least[i] / 1000),
                      (long long)(most[i] / 1000), there ? "" : ": apart");
    }
    sweep_lab_close(&point);
    return apart;
}

static const struct step_row {
    const char *name, *recorded;
    int timeout_ms;
    const char *overrides, *without; /* a line of the scenario that is left out */
    bool apart;
} step_rows[] = {
    { "each step takes as long as in seed0", "seed0", 5000, NULL, NULL, false },
    { "each step takes as long as in seed0_nt1000", "seed0_nt1000", 1000, NULL, NULL, false },
    { "missed: another node timeout", "seed0", 3000, NULL, NULL, true },
    { "missed: a copy waits for other replicas", "seed0", 5000, "repl-diskless-sync-delay 0\n",
      NULL, true },
    { "missed: a master waits before it serves again", "seed0", 5000, "rule-off rejoin-delay\n",
      NULL, true },
    /* Its first copies came after 5913 ms. A copy starts when a once-a-second look of the master
     * finds that five whole seconds of the wall clock, not 5000 ms, have passed since the replica
     * asked (Redis 7.0 shouldStartChildReplication). One that asks when a second has just begun, of
     * a master that looks when one is about to end, waits for nearly six: here it asked at 28.06 s
     * and was served at 33.94. Servers that all start with a second never come to that. */
    { "missed: servers start anywhere in a second of the wall clock", "seed0", 5000, NULL,
      "wait 0s..1s\nstart a1\n", true },
};

static void steps(void **state)
{
    const struct step_row *row = *state;
    char *text = play_shipped("sweeps/two-dc-polled.scenario");
    if (row->without != NULL) {
        char *found = strstr(text, row->without);
        size_t cut = strcspn(row->without, "\n") + 1;
        assert_non_null(found);
        memmove(found, found + cut, strlen(found + cut) + 1);
    }
    unsigned apart = steps_apart(row->recorded, text, row->timeout_ms, row->overrides);
    free(text);
    if (row->apart) {
        assert_int_not_equal(apart, 0);
    } else {
        assert_int_equal(apart, 0);
    }
}

/* --- the recorded waits ----------------------------------------------------------------------- */

/* How many of `runs` runs of two-dc-waits, with the waits of a recording, succeed. `asked`: how
 * many of those that fail do so as the recorded one did, at the first REPLICATE; or, before, at the
 * SET, which in the recording came just late enough. */
static unsigned with_waits_of(const char *name, unsigned runs, unsigned *asked)
{
    static const char *const params[GAPS] = { "create", "meet",     "inner", "chain",
                                              "detect", "takeover", "forget" };
    struct takeover recorded = read_takeover(name);
    char lines[400], vary[80];
    size_t used = 0;
    for (unsigned i = 1; i < GAPS; i++) {
        used += (size_t)snprintf(lines + used, sizeof(lines) - used, "%s %lldms\n", params[i],
                                 (long long)recorded.gaps_ms[i]);
    }
    snprintf(vary, sizeof(vary), "%s=%lldms..%lldms/1ms", params[0], (long long)recorded.gaps_ms[0],
             (long long)recorded.gaps_ms[0]);
    struct rcs_run_options run = { .quiet = true, .params = lines };
    char *text = play_shipped("sweeps/two-dc-waits.scenario");
    struct sweep_played point = sweep_lab_new(text, vary, runs, &run);
    unsigned successes = 0;
    *asked = 0;
    for (uint64_t number = 0; number < runs; number++) {
        rcs_sweep_play(point.sweep, number, point.record);
        successes += point.record->failed == 0;
        *asked += strstr(point.record->what, "b4> CLUSTER REPLICATE") != NULL ||
                  strstr(point.record->what, "client> SET test") != NULL;
    }
    sweep_lab_close(&point);
    for (char *end = lines; (end = strchr(end, '\n')) != NULL;) {
        *end = ' ';
    }
    print_message("%s: with its waits (%s %s) %u of %u succeed\n", name, vary, lines, successes,
                  runs);
    free(text);
    return successes;
}

static void verdicts(void **state)
{
    (void)state;
    unsigned runs = point_seeds, asked;
    /* Recorded: all is well. Each wait was as long as that run needed, which is not always enough.
     */
    unsigned successes = with_waits_of("seed0", runs, &asked);
    assert_true(exact_test(1, 1, successes, runs) >= 0.05 && successes > runs / 2);
    /* Recorded: REPLICATE is refused, and nothing comes of it. */
    successes = with_waits_of("seed0_hasty", runs, &asked);
    assert_int_equal(successes, 0);
    assert_int_equal(asked, runs);
}

/* How many runs of two-dc-chained succeed with one wait after each step. Its servers all start at
 * one instant, or `apart`: within a second from one to the next. */
static unsigned with_one_wait(int64_t settle_ms, bool apart, unsigned runs)
{
    static const char before[] = "param settle 15s\n";
    struct rcs_run_options run = { .quiet = true };
    char *text = play_shipped("two-dc-chained.scenario"), vary[80];
    char *rest = strstr(text, before);
    struct rcs_buf whole;
    rcs_buf_init(&whole);
    assert_non_null(rest);
    rest += strlen(before);
    rcs_buf_add(&whole, text, (size_t)(rest - text));
    rcs_buf_text(&whole, apart ? "absent all\n" : "");
    for (int i = 0; apart && i < 12; i++) {
        rcs_buf_format(&whole, "wait 0s..1s\nstart %c%d\n", i < 6 ? 'a' : 'b', i % 6 + 1);
    }
    rcs_buf_text(&whole, rest);
    rcs_buf_add(&whole, "", 1);
    snprintf(vary, sizeof(vary), "settle=%lldms..%lldms/1ms", (long long)settle_ms,
             (long long)settle_ms);
    struct sweep_played point = sweep_lab_new(whole.data, vary, runs, &run);
    unsigned successes = 0;
    for (uint64_t number = 0; number < runs; number++) {
        rcs_sweep_play(point.sweep, number, point.record);
        successes += point.record->failed == 0;
    }
    print_message("two-dc-chained%s: %s: %u of %u succeed\n", apart ? ", servers apart" : "", vary,
                  successes, runs);
    sweep_lab_close(&point);
    rcs_buf_close(&whole);
    free(text);
    return successes;
}

static int64_t longest(const struct takeover *recorded, unsigned gaps)
{
    int64_t out = 0;
    for (unsigned i = 0; i < gaps; i++) {
        out = recorded->gaps_ms[i] > out ? recorded->gaps_ms[i] : out;
    }
    return out;
}

/* Somebody who waits after every step as long as the recorded one did after any; and somebody who
 * waits as long as the hasty one did, after any step before the loss. */
static void one_wait(void **state)
{
    (void)state;
    struct takeover patient = read_takeover("seed0"), hasty = read_takeover("seed0_hasty");
    for (int apart = 0; apart < 2; apart++) {
        unsigned runs = point_seeds;
        unsigned successes = with_one_wait(longest(&patient, GAPS), apart, runs);
        assert_true(exact_test(1, 1, successes, runs) >= 0.05 && 100 * successes >= 98 * runs);
        assert_int_equal(with_one_wait(longest(&hasty, 4), apart, runs), 0);
    }
}

int main(int argc, char **argv)
{
    enum { ROWS = sizeof(step_rows) / sizeof(step_rows[0]), OTHERS = 4 };
    struct CMUnitTest tests[OTHERS + ROWS] = {
        cmocka_unit_test(shares_that_may_be_one),
        cmocka_unit_test(live_shares_agree),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(one_wait),
    };
    if (argc > 1 && strcmp(argv[1], "long") == 0) {
        point_seeds = 1000;
        step_seeds = 500;
    }
    for (unsigned i = 0; i < ROWS; i++) {
        tests[OTHERS + i] =
            (struct CMUnitTest){ .name = step_rows[i].name,
                                 .test_func = steps,
                                 .initial_state = (void *)(uintptr_t)&step_rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
