/* How often a node's timers run (Redis 7.0 serverCron's run_with_period): hz gives the period p of
 * a loop, 1000 / hz ms and the 0.7 to 1 ms a loop takes, and the cluster's 100 ms are a run every
 * max(1, 100 / p) loops. */
#include "tests/support/node_harness.h"

static const struct row {
    const char *name, *hz;
    unsigned least, most; /* runs in 60 s */
} rows[] = {
    { "hz 1: the cluster's tick is one second", "1", 59, 60 },
    { "hz 10: 100 ms and what the loop itself takes", "10", 594, 600 },
    { "hz 15: 66 ms, every loop", "15", 890, 909 },
    { "hz 20: 50 ms, every second loop", "20", 590, 600 },
    { "hz 100: 10 ms, every tenth loop", "100", 540, 600 },
};

static void ticks(void **state)
{
    const struct row *row = *state;
    struct rcs_config config;
    struct rcs_diag diag;
    rcs_config_init(&config);
    config.port = 7000;
    assert_int_equal(rcs_config_set(&config, "hz", row->hz, &diag), RCS_OK);
    struct desk *desk = desk_new(&config);
    uint32_t before = desk->node->cluster.iteration;
    desk_run(desk, 60000);
    assert_in_range(desk->node->cluster.iteration - before, row->least, row->most);
    desk_free(desk);
}

int main(void)
{
    struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = ticks,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
