/* Faults in whole worlds: what they do to nodes, hosts and paths, and how all comes together again.
 */
#include "tests/support/world_lab.h"

#include "sim/world/parts.h"

static void a_paused_node_answers_when_it_is_resumed(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    struct rcs_arg args[] = { { "PING", 4 } };
    world_fault(&world, RCS_FAULT_PAUSE, 0);
    rcs_session_request(world.session, 0, 1, args);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_session_state(world.session), RCS_SESSION_WAITING);
    rcs_us resumed_us = rcs_sim_now(world.sim);
    world_fault(&world, RCS_FAULT_RESUME, 0);
    rcs_sim_advance(world.sim, RCS_MS(1));
    assert_int_equal(rcs_session_state(world.session), RCS_SESSION_REPLIED);
    assert_true(rcs_session_answered(world.session) < resumed_us + 300);
    world_end(&world);
}

static void a_long_pause_is_a_failure_and_is_forgiven(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    world_fault(&world, RCS_FAULT_PAUSE, 0);
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(world_view(&world, 3).replica);
    world_fault(&world, RCS_FAULT_RESUME, 0);
    rcs_sim_advance(world.sim, RCS_S(15));
    assert_int_equal(world_view(&world, 0).master, 3);
    assert_false(world_flags(&world, 1, 0) & RCS_NODE_FAIL);
    world_end(&world);
}

static void a_sleeping_node_replies_afterwards(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    rcs_us before_us = rcs_sim_now(world.sim);
    world_order(&world, 0, "DEBUG SLEEP 0.5");
    assert_true(rcs_session_answered(world.session) >= before_us + RCS_MS(500));
    assert_true(rcs_session_answered(world.session) < before_us + RCS_MS(502));
    assert_string_equal(world_ask(&world, world.session, 0, "PING"), "PONG");
    world_end(&world);
}

static void a_host_without_power_is_silent(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    world_fault(&world, RCS_FAULT_POWEROFF, 0);
    rcs_sim_advance(world.sim, RCS_MS(10));
    assert_true(world_view(&world, 3).link_up); /* its replica has heard nothing */
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(world_view(&world, 3).replica);
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_OFF);
    world_fault(&world, RCS_FAULT_START, 0);
    rcs_sim_advance(world.sim, RCS_S(20));
    assert_int_equal(world_view(&world, 0).master, 3);
    assert_true(world_view(&world, 0).link_up);
    world_end(&world);
}

static void both_sides_of_a_partition_come_together(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    const int alone[] = { 0 }, rest[] = { 1, 2, 3, 4, 5 };
    rcs_sim_partition(world.sim, alone, 1, rest, 5, false);
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(world_view(&world, 0).state_ok);
    assert_true(world_view(&world, 1).state_ok);
    assert_false(world_view(&world, 3).replica);
    assert_false(world_view(&world, 0).replica); /* it does not know yet */
    rcs_sim_heal(world.sim, NULL, 0, NULL, 0);
    rcs_sim_advance(world.sim, RCS_S(20));
    assert_int_equal(world_view(&world, 0).master, 3);
    for (int i = 0; i < 6; i++) {
        assert_true(world_view(&world, i).state_ok);
    }
    world_end(&world);
}

static void dropped_messages_are_counted_out(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    /* Four peers are left to be asked: the first one is. */
    rcs_sim_drop(world.sim, RCS_BUS_AUTH_REQUEST, 3, -1, 1, 3);
    world_fault(&world, RCS_FAULT_KILL, 0);
    rcs_sim_advance(world.sim, RCS_S(5));
    struct rcs_milestone m;
    assert_true(world_milestone(&world, "election-started", 3, 0, &m));
    assert_false(world_milestone(&world, "election-won", -1, 0, &m));
    rcs_sim_advance(world.sim, RCS_S(10)); /* the next election has all its messages */
    assert_true(world_milestone(&world, "election-won", 3, 0, &m));
    world_end(&world);
}

static void faults_that_cannot_be_say_why(void **state)
{
    (void)state;
    struct world world = world_started(&(struct wish){ .nodes = 2 });
    struct rcs_diag diag;
    int both[] = { 0, 1 }, second = 1;
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_START, &second, 1, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "cannot start a2: it is running, and it must not be running");
    world_fault(&world, RCS_FAULT_KILL, 1);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_KILL, both, 2, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "cannot kill a2: it is down, and it must be running or paused");
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_UP); /* nothing was done */
    world_fault(&world, RCS_FAULT_PAUSE, 0);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_LOSE_CONF, both, 1, &diag), RCS_ERR_STATE);
    world_fault(&world, RCS_FAULT_POWEROFF, 0);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_POWEROFF, both, 1, &diag), RCS_ERR_STATE);
    world_end(&world);
}

static void a_node_keeps_or_loses_its_name(void **state)
{
    (void)state;
    struct world world = world_started(&(struct wish){ .nodes = 2 });
    char first[RCS_ID_LEN + 1], conf[4096];
    struct rcs_diag diag;
    rcs_sim_advance(world.sim, RCS_S(1));
    snprintf(first, sizeof(first), "%s", rcs_sim_node_id(world.sim, 0));
    world_fault(&world, RCS_FAULT_STOP, 0);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_DOWN);
    snprintf(conf, sizeof(conf), "%s", rcs_sim_nodes_conf(world.sim, 0));
    assert_non_null(strstr(conf, first));
    world_fault(&world, RCS_FAULT_START, 0);
    assert_string_equal(rcs_sim_node_id(world.sim, 0), first);
    world_fault(&world, RCS_FAULT_KILL, 0);
    world_fault(&world, RCS_FAULT_LOSE_CONF, 0);
    assert_null(rcs_sim_nodes_conf(world.sim, 0));
    world_fault(&world, RCS_FAULT_START, 0);
    assert_string_not_equal(rcs_sim_node_id(world.sim, 0), first);
    assert_int_equal(rcs_sim_set_nodes_conf(world.sim, 0, conf, strlen(conf), &diag),
                     RCS_ERR_STATE);
    world_fault(&world, RCS_FAULT_KILL, 0);
    assert_int_equal(rcs_sim_set_nodes_conf(world.sim, 0, conf, strlen(conf), &diag), RCS_OK);
    world_fault(&world, RCS_FAULT_START, 0);
    assert_string_equal(rcs_sim_node_id(world.sim, 0), first);
    world_end(&world);
}

static unsigned count_milestones(const struct world *world, const char *what)
{
    struct rcs_milestone milestone;
    unsigned count = 0;
    for (size_t i = 0; rcs_sim_milestone(world->sim, i, &milestone); i++) {
        count += strcmp(milestone.what, what) == 0;
    }
    return count;
}

/* Redis 7.0 beforeSleep: nodes.conf is saved before anything queued is written. */
static void an_fsync_delays_what_the_turn_says(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    struct rcs_diag diag;
    static const int a1 = 0, a2 = 1;
    assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, RCS_MS(300), &diag), RCS_OK);
    assert_string_equal(world_ask(&world, world.session, 0, "PING"), "PONG"); /* nothing is saved */
    rcs_us took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, 1, RCS_MS(1));
    assert_string_equal(world_ask(&world, world.session, 0, "CLUSTER SAVECONFIG"), "OK");
    took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, RCS_MS(300), RCS_MS(302));
    assert_string_equal(world_ask(&world, world.session, 1, "CLUSTER SAVECONFIG"), "OK");
    took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, 1, RCS_MS(1));
    rcs_sim_advance(world.sim, RCS_S(1));

    /* killed in the fsync: what was written is there, what was to be said is not */
    struct rcs_session *other = rcs_session_new(world.sim, NULL, false);
    rcs_session_words(other, 0, "CLUSTER SAVECONFIG", 18);
    rcs_sim_advance(world.sim, RCS_MS(100));
    world_fault(&world, RCS_FAULT_KILL, 0);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_session_state(other), RCS_SESSION_FAILED);
    world_fault(&world, RCS_FAULT_START, 0);
    assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, 0, &diag), RCS_OK);
    assert_string_equal(world_ask(&world, world.session, 0, "CLUSTER SAVECONFIG"), "OK");
    took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, 1, RCS_MS(2));
    assert_int_equal(rcs_sim_fsync(world.sim, &a2, 1, -1, &diag), RCS_ERR_RANGE);
    assert_string_equal(diag.text, "an fsync takes 0 to 3600 s, not -1 us");
    rcs_session_free(other);
    world_end(&world);
}

/* While it stands in an fsync it hears nothing; then it reads what came, before its timers. */
static void input_of_a_node_in_an_fsync_waits(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    struct rcs_diag diag;
    static const int a1 = 0;
    assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, RCS_MS(900), &diag), RCS_OK);
    struct rcs_session *saver = rcs_session_new(world.sim, NULL, false);
    rcs_session_words(saver, 0, "CLUSTER SAVECONFIG", 18);
    rcs_sim_advance(world.sim, RCS_MS(10));
    assert_string_equal(world_ask(&world, world.session, 0, "PING"), "PONG");
    rcs_us took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, RCS_MS(885), RCS_MS(895));
    rcs_sim_advance(world.sim, RCS_S(5));
    assert_int_equal(count_milestones(&world, "pfail"), 0); /* shorter than the node timeout */
    rcs_session_free(saver);
    world_end(&world);
}

/* Redis 7.0 aeProcessEvents, beforeSleep: all that waits is read in one turn, timers due or not,
 * and nothing of it is answered before the turn has saved. A 7.0.15 whose fsync was made to take
 * 300 ms answered both of these 300 ms after it went on, stopped for 3 ms or for 250. */
static void a_turn_of_many_packets_says_nothing_before_its_fsync(void **state)
{
    (void)state;
    static const rcs_us stopped_us[] = { RCS_MS(3), RCS_MS(250) };
    for (size_t i = 0; i < 2; i++) {
        struct world world = world_clustered(&(struct wish){ 0 });
        struct rcs_diag diag;
        static const int a1 = 0;
        assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, RCS_MS(300), &diag), RCS_OK);
        struct rcs_session *bumper = rcs_session_new(world.sim, NULL, false);
        assert_string_equal(world_ask(&world, bumper, 0, "PING"), "PONG"); /* both are connected */
        assert_string_equal(world_ask(&world, world.session, 0, "PING"), "PONG");
        world_fault(&world, RCS_FAULT_PAUSE, a1);
        rcs_session_words(world.session, 0, "PING", 4);
        rcs_sim_advance(world.sim, 500);
        rcs_session_words(bumper, 0, "CLUSTER BUMPEPOCH", 17);
        rcs_sim_advance(world.sim, stopped_us[i]);
        rcs_us resumed_us = rcs_sim_now(world.sim);
        world_fault(&world, RCS_FAULT_RESUME, a1);
        rcs_sim_advance(world.sim, RCS_MS(299));
        assert_int_equal(rcs_session_state(world.session), RCS_SESSION_WAITING);
        rcs_sim_advance(world.sim, RCS_MS(5));
        assert_int_equal(rcs_session_state(world.session), RCS_SESSION_REPLIED);
        assert_in_range(rcs_session_answered(world.session) - resumed_us, RCS_MS(300), RCS_MS(301));
        assert_int_equal(rcs_session_state(bumper), RCS_SESSION_REPLIED);
        rcs_session_free(bumper);
        world_end(&world);
    }
}

/* A turn that has nothing to save says what it has to at its end, though no timer is due: else an
 * answer would leave with the next turn that has something to do, behind younger packets. */
static void a_turn_of_many_packets_without_an_fsync_holds_nothing(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    struct rcs_diag diag;
    static const int a1 = 0;
    assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, RCS_MS(10), &diag), RCS_OK);
    unsigned said = 0;
    for (int i = 0; i < 200; i++) {
        world_fault(&world, RCS_FAULT_PAUSE, a1);
        rcs_sim_advance(world.sim, RCS_MS(9));
        uint64_t before = world.sim->counts.bus_sent[RCS_BUS_PONG];
        world_fault(&world, RCS_FAULT_RESUME, a1);
        said += world.sim->counts.bus_sent[RCS_BUS_PONG] > before;
        assert_int_equal(world.sim->nodes[a1].late.count, 0);
        rcs_sim_advance(world.sim, RCS_MS(9));
    }
    assert_true(said > 0);
    world_end(&world);
}

static void an_older_nodes_conf_comes_back(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    struct rcs_diag diag;
    static const int a1 = 0, a4 = 3;
    assert_int_equal(rcs_sim_keep_conf(world.sim, &a4, 1, &diag), RCS_OK);
    char kept[4096];
    snprintf(kept, sizeof(kept), "%s", rcs_sim_nodes_conf(world.sim, a4));
    world_fault(&world, RCS_FAULT_KILL, a1);
    rcs_sim_advance(world.sim, RCS_S(10)); /* a4 becomes master and writes that down */
    assert_string_not_equal(rcs_sim_nodes_conf(world.sim, a4), kept);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_STALE_CONF, &a4, 1, &diag), RCS_ERR_STATE);
    world_fault(&world, RCS_FAULT_KILL, a4);
    world_fault(&world, RCS_FAULT_STALE_CONF, a4);
    assert_string_equal(rcs_sim_nodes_conf(world.sim, a4), kept);
    world_fault(&world, RCS_FAULT_START, a4);
    assert_true(world_view(&world, a4).replica); /* as it then was */
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_STALE_CONF, &a1, 1, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "a1 has no older nodes.conf: no copy was kept");
    world_end(&world);
}

static void a_refusing_partition_is_heard_of_at_once(void **state)
{
    (void)state;
    static const struct {
        enum rcs_reject how;
        bool breaks;
    } rows[] = { { RCS_REJECT_RST, true }, { RCS_REJECT_ICMP, false } };
    static const int a1 = 0, rest[] = { 1, 2, 3, 4, 5 };
    for (size_t i = 0; i < 2; i++) {
        struct world world = world_clustered(&(struct wish){ 0 });
        struct rcs_sim_counts before, after;
        rcs_sim_counts(world.sim, &before);
        rcs_sim_reject(world.sim, rows[i].how, &a1, 1, rest, 5, false);
        rcs_sim_advance(world.sim, RCS_MS(1900));
        rcs_sim_counts(world.sim, &after);
        /* where connections break, each tick of each side tries to connect */
        assert_true(rows[i].breaks == (after.connects - before.connects > 50));
        rcs_sim_advance(world.sim, RCS_S(10));
        assert_int_equal(count_milestones(&world, "election-won"), 1);
        rcs_sim_heal(world.sim, NULL, 0, NULL, 0);
        rcs_sim_advance(world.sim, RCS_S(10));
        assert_true(world_view(&world, a1).replica);
        assert_true(world_view(&world, a1).state_ok);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_paused_node_answers_when_it_is_resumed),
        cmocka_unit_test(a_long_pause_is_a_failure_and_is_forgiven),
        cmocka_unit_test(a_sleeping_node_replies_afterwards),
        cmocka_unit_test(a_host_without_power_is_silent),
        cmocka_unit_test(both_sides_of_a_partition_come_together),
        cmocka_unit_test(dropped_messages_are_counted_out),
        cmocka_unit_test(faults_that_cannot_be_say_why),
        cmocka_unit_test(a_node_keeps_or_loses_its_name),
        cmocka_unit_test(an_fsync_delays_what_the_turn_says),
        cmocka_unit_test(input_of_a_node_in_an_fsync_waits),
        cmocka_unit_test(a_turn_of_many_packets_says_nothing_before_its_fsync),
        cmocka_unit_test(a_turn_of_many_packets_without_an_fsync_holds_nothing),
        cmocka_unit_test(an_older_nodes_conf_comes_back),
        cmocka_unit_test(a_refusing_partition_is_heard_of_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
