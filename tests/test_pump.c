#include "tests/support/support.h"

#include <signal.h>

#include <rcsim/uv.h>

#include "tests/support/play.h"

#define TEXT                                                                                       \
    "cluster-node-timeout 1000\nsite A a1..a6\ncli --cluster create a1..a6 --cluster-replicas 1\n" \
    "wait 600s\n"

static struct rcs_run *new_run(const struct rcs_scenario *scenario)
{
    struct rcs_run_options options = { .quiet = true };
    struct rcs_run *run = rcs_run_new(scenario, &options, NULL);
    assert_non_null(run);
    return run;
}

static void the_batch_does_not_matter(void **state)
{
    (void)state;
    static const unsigned batches[] = { 1, 3, RCS_PUMP_BATCH, 4096, 1u << 30 };
    struct rcs_scenario *scenario = play_parsed("t", TEXT);
    uint64_t digest = 0;
    for (unsigned i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        struct rcs_run *run = new_run(scenario);
        bool interrupted;
        assert_int_equal(rcs_pump_run(run, batches[i], &interrupted), 0);
        assert_false(interrupted);
        uint64_t own = rcs_sim_digest(rcs_run_sim(run));
        digest = i == 0 ? own : digest;
        assert_true(own == digest);
        rcs_run_free(run);
    }
    rcs_scenario_free(scenario);
}

/* A loop of somebody else: the run is one of its guests. */
struct guest {
    unsigned ticks, ended;
    bool interrupted;
    uv_timer_t timer;
};

static void on_timer(uv_timer_t *timer)
{
    struct guest *guest = timer->data;
    guest->ticks++;
}

static void on_done(void *arg, bool interrupted)
{
    struct guest *guest = arg;
    guest->ended++;
    guest->interrupted = interrupted;
    uv_close((uv_handle_t *)&guest->timer, NULL);
}

static void others_are_served_between_turns(void **state)
{
    (void)state;
    struct rcs_scenario *scenario = play_parsed("t", TEXT);
    struct rcs_run *run = new_run(scenario);
    struct guest guest = { .ticks = 0 };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &guest.timer);
    guest.timer.data = &guest;
    uv_timer_start(&guest.timer, on_timer, 0, 1);
    assert_int_equal(rcs_pump_start(&loop, run, 16, false, on_done, &guest), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(guest.ended, 1);
    assert_false(guest.interrupted);
    assert_true(guest.ticks > 0);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
}

static void on_first_tick(uv_timer_t *timer)
{
    struct guest *guest = timer->data;
    if (guest->ticks++ == 0) {
        raise(SIGINT);
    }
}

static void sigint_ends_it(void **state)
{
    (void)state;
    struct rcs_scenario *scenario = play_parsed("t", "site A a1..a6\nwait 1000000s\n");
    struct rcs_run *run = new_run(scenario);
    struct guest guest = { .ticks = 0 };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &guest.timer);
    guest.timer.data = &guest;
    uv_timer_start(&guest.timer, on_first_tick, 0, 1);
    assert_int_equal(rcs_pump_start(&loop, run, 16, true, on_done, &guest), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(guest.ended, 1);
    assert_true(guest.interrupted);
    assert_true(rcs_sim_now(rcs_run_sim(run)) < RCS_S(1000000));
    assert_int_equal(rcs_run_turn(run, 1), RCS_RUN_DONE);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_batch_does_not_matter),
        cmocka_unit_test(others_are_served_between_turns),
        cmocka_unit_test(sigint_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
