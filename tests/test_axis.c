/* What --vary says: values as they are written, names of the scenario, and what is refused. */
#include "tests/support/support.h"

#include <rcsim/explore.h>

#include "sim/scenario/expect.h"
#include "tests/support/play.h"

#define TEXT                                                                                       \
    "site A a1\nsite B b1\nlatency A B 8ms..12ms\nlatency A 1ms\nparam settle 3s\nparam keys 10\n" \
    "workload w pinned a1 keys $keys\nwait $settle\nlatency B A 1ms\n"

static struct rcs_scenario *scenario;

static int set_up(void **state)
{
    (void)state;
    scenario = play_parsed("t.scenario", TEXT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rcs_scenario_free(scenario);
    return 0;
}

static const struct row {
    const char *name, *text, *want; /* kind, name and values; or what the error says, with * */
} rows[] = {
    { "seconds and milliseconds: as seconds", "settle=0s..2s/500ms",
      "0 settle: 0s 0.5s 1s 1.5s 2s" },
    { "the last step may fall short", "settle=1s..2s/400ms", "0 settle: 1s 1.4s 1.8s" },
    { "milliseconds stay", "settle=250ms..750ms/250ms", "0 settle: 250ms 500ms 750ms" },
    { "what seconds cannot print is printed in the finer unit", "settle=0s..30us/10us",
      "0 settle: 0us 10us 20us 30us" },
    { "parts of milliseconds", "settle=1ms..1.5ms/0.25ms", "0 settle: 1ms 1.25ms 1.5ms" },
    { "more places than seconds print", "settle=1s..1.5s/0.2243s",
      "0 settle: 1000ms 1224.3ms 1448.6ms" },
    { "minutes", "settle=1m..2m/30s", "0 settle: 1m 1.5m 2m" },
    { "minutes in odd steps are seconds", "settle=0m..1m/25s", "0 settle: 0s 25s 50s" },
    { "one value", "settle=7s..7s/1s", "0 settle: 7s" },
    { "numbers", "keys=1..10/3", "0 keys: 1 4 7 10" },
    { "percents", "keys=0%..1%/0.25%", "0 keys: 0% 0.25% 0.5% 0.75% 1%" },
    { "a directive", "cluster-node-timeout=1000..3000/1000",
      "1 cluster-node-timeout: 1000 2000 3000" },
    { "a latency", "latency A B=0ms..20ms/10ms", "2 latency A B: 0ms 10ms 20ms" },
    { "a latency of one site to all", "latency A=1ms..2ms/1ms", "2 latency A: 1ms 2ms" },

    { "no =", "settle", "the form is NAME=FROM..TO/STEP*" },
    { "no name", "=1s..2s/1s", "*the form is *" },
    { "no range", "settle=5s", "*the form is *" },
    { "no step", "settle=0s..5s", "*the form is *" },
    { "no number", "settle=x..5s/1s", "*\"x\" is no value that can be varied (*" },
    { "no such unit", "settle=0h..5h/1h", "*\"0h\" is no value that can be varied (*" },
    { "below the smallest unit", "settle=0us..5us/0.5us", "*\"0.5us\" is no value*" },
    { "too long a number", "keys=0..99999999999999/1", "*\"99999999999999\" is no value*" },
    { "negative", "keys=-1..3/1", "*\"-1\" is no value*" },
    { "a unit is missing", "settle=0..20s/1s",
      "*\"0\" is a plain number, \"20s\" a duration: write*" },
    { "a unit is missing from the step", "settle=0s..20s/1", "*\"1\" a plain number*" },
    { "backwards", "settle=5s..1s/1s", "*runs backwards (1s..5s?)" },
    { "no step forward", "settle=1s..5s/0s", "*the step must be above 0" },
    { "too many values", "settle=0s..1000s/1ms", "*these are 1000001 values (10000 at most)*" },
    { "the most values that go", "keys=1..10001/1", "*these are 10001 values*" },
    { "a name like a param", "setle=1s..5s/1s", "*nothing is called setle (did you mean settle?)" },
    { "a name like a directive", "cluster-node-timeot=1..5/1",
      "*nothing is called cluster-node-timeot (did you mean cluster-node-timeout?)" },
    { "a name like nothing", "qqqqqqqqqq=1..5/1",
      "*(of this scenario can be varied: settle, keys, latency A B, latency A, any directive*" },
    { "sites in the other order are another line, which does not belong to the layout",
      "latency B A=1ms..2ms/1ms", "*nothing is called latency B A (did you mean latency A B?)" },
    { "a latency in numbers", "latency A B=1..2/1", "*a latency is a duration*" },
    { "a directive's values", "cluster-node-timeout=0s..20s/1s", "*cluster-node-timeout*" },
    { "a directive's least value", "maxclients=0..20/1", "*maxclients*" },
    { "a directive's greatest value", "cluster-require-full-coverage=0..1/1", "*yes*no*" },
};

static void row(void **state)
{
    const struct row *wanted = *state;
    struct rcs_axis axis;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf got;
    rcs_buf_init(&got);
    if (rcs_axis_read(&axis, scenario, wanted->text, &diag) == RCS_OK) {
        rcs_buf_format(&got, "%d %s:", (int)axis.kind, axis.name);
        for (unsigned i = 0; i < axis.count && i < 20; i++) {
            char value[RCS_AXIS_VALUE_BYTES];
            rcs_axis_value(&axis, i, value);
            rcs_buf_format(&got, " %s", value);
        }
    } else {
        rcs_buf_text(&got, diag.text);
    }
    rcs_buf_add(&got, "", 1);
    if (!rcs_pattern_matches(wanted->want, got.data)) {
        fail_msg("%s\nand not\n%s", got.data, wanted->want);
    }
    rcs_buf_close(&got);
}

/* The value is put where the layout's line has its own, and nowhere else. */
static void a_latency_replaces_the_layout_s(void **state)
{
    (void)state;
    static const char text[] =
        "cluster-node-timeout 5000\nsite A a1\nsite B b1\nlatency A B 8ms..12ms\n"
        "a1> CLUSTER MEET $b1.ip $b1.port\n= OK\nwait 3s\n"
        "latency A B 1ms\nwait 3s\n";
    struct played plain = play(text);
    struct played same =
        play_with(text, (struct rcs_run_options){ .params = "latency:A:B 8ms..12ms\n" });
    struct played other = play_with(text, (struct rcs_run_options){ .params = "latency:A:B 2s\n" });
    assert_int_equal(plain.digest, same.digest);
    assert_int_not_equal(plain.digest, other.digest);
    struct played wrong = play_with(text, (struct rcs_run_options){ .params = "latency:B:A 2s\n" });
    assert_false(wrong.began);
    assert_non_null(strstr(wrong.diag.text, "latency:B:A"));
    struct played bad = play_with(text, (struct rcs_run_options){ .params = "latency:A:B 2\n" });
    assert_false(bad.began);
    assert_non_null(strstr(bad.diag.text, "has no unit"));
    played_close(&plain);
    played_close(&same);
    played_close(&other);
    played_close(&wrong);
    played_close(&bad);
}

int main(void)
{
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    struct CMUnitTest tests[ROWS + 1] = { cmocka_unit_test(a_latency_replaces_the_layout_s) };
    for (unsigned i = 0; i < ROWS; i++) {
        tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
                                            .test_func = row,
                                            .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
