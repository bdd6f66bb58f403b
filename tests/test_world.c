/* Whole worlds, through the public interface: clusters made with the commands an operator uses. */
#include "tests/support/world_lab.h"

#include "sim/world/parts.h"

/* --- a cluster lives -------------------------------------------------------------------------- */

static void nodes_join(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    for (int i = 0; i < 6; i++) {
        struct rcs_view view = world_view(&world, i);
        assert_true(view.running && view.state_ok);
        assert_int_equal(view.known, 6);
        assert_int_equal(view.assigned, 16384);
        assert_int_equal(view.size, 3);
        assert_int_equal(view.replica, i >= 3);
        assert_int_equal(view.master, i >= 3 ? i - 3 : -1);
        assert_int_equal(view.link_up, i >= 3);
        assert_int_equal(view.my_epoch, i % 3 + 1);
        for (int j = 0; j < 6; j++) {
            struct rcs_opinion opinion;
            assert_true(rcs_sim_opinion(world.sim, i, j, &opinion));
            assert_true(opinion.connected);
            assert_int_equal(opinion.master, j >= 3 ? j - 3 : -1);
        }
    }
    assert_string_equal(rcs_sim_slot_ranges(world.sim, 5, 1), "5461-10922");
    assert_string_equal(rcs_sim_slot_ranges(world.sim, 5, 4), "");
    for (int i = 0; i < 6; i++) {
        assert_int_equal(rcs_sim_node_of_id(world.sim, rcs_sim_node_id(world.sim, i)), i);
    }
    world_end(&world);
}

static void a_killed_master_is_replaced(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    struct rcs_milestone m;
    rcs_us killed_us = rcs_sim_now(world.sim);
    world_fault(&world, RCS_FAULT_KILL, 0);
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_DOWN);
    assert_false(world_view(&world, 0).running);
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(world_view(&world, 3).replica);
    assert_int_equal(world_view(&world, 3).slots, 5461);
    assert_true(world_flags(&world, 1, 0) & RCS_NODE_FAIL);
    assert_true(world_view(&world, 1).state_ok);
    /* who was elected, when and why */
    assert_true(world_milestone(&world, "election-won", -1, 0, &m));
    assert_int_equal(m.node, 3);
    assert_true(m.at_us > killed_us + RCS_S(2) && m.at_us < killed_us + RCS_S(6));
    assert_string_equal(m.on, "auth-ack");
    assert_true(m.on_from == 1 || m.on_from == 2);
    assert_string_equal(m.fields[0], "votes");
    assert_int_equal(m.values[0], 2);
    assert_string_equal(m.fields[1], "needed");
    assert_int_equal(m.values[1], 2);
    assert_string_equal(m.text, "Failover election won: I'm the new master.");
    assert_true(world_milestone(&world, "vote-granted", 1, 0, &m));
    assert_int_equal(m.about, 3);
    assert_string_equal(m.on, "auth-req");
    /* and it comes back as a replica of its successor */
    world_fault(&world, RCS_FAULT_START, 0);
    rcs_sim_advance(world.sim, RCS_S(15));
    assert_true(world_view(&world, 0).replica);
    assert_int_equal(world_view(&world, 0).master, 3);
    assert_true(world_view(&world, 0).link_up);
    world_end(&world);
}

static uint64_t digest_of(const struct wish *wish, uint64_t *milestones)
{
    struct world world = world_clustered(wish);
    world_fault(&world, RCS_FAULT_KILL, 0);
    rcs_sim_advance(world.sim, RCS_S(10));
    uint64_t digest = rcs_sim_digest(world.sim);
    *milestones = rcs_sim_milestone_digest(world.sim);
    world_end(&world);
    return digest;
}

static void ignore_line(void *arg, int node, rcs_us at_us, const char *line)
{
    (void)node, (void)at_us, (void)line;
    ++*(unsigned *)arg;
}

static void the_same_run_has_the_same_digest(void **state)
{
    (void)state;
    uint64_t milestones, others;
    unsigned lines = 0;
    uint64_t digest = digest_of(&(struct wish){ 0 }, &milestones);
    assert_true(digest_of(&(struct wish){ 0 }, &others) == digest);
    assert_true(milestones == others);
    assert_true(digest_of(&(struct wish){ .wire_check = true }, &others) == digest);
    assert_true(milestones == others);
    /* A reader of logs at any level changes nothing, though refused connects then are events. */
    assert_true(
        digest_of(&(struct wish){ .loglevel = "debug", .log_fn = ignore_line, .log_arg = &lines },
                  &others) == digest);
    assert_true(milestones == others);
    assert_true(lines > 100);
}

static void another_run_has_another_digest(void **state)
{
    (void)state;
    uint64_t milestones, others;
    uint64_t digest = digest_of(&(struct wish){ 0 }, &milestones);
    assert_true(digest_of(&(struct wish){ .seed = 2 }, &others) != digest);
    assert_true(milestones != others);
    for (uint64_t nudge = 1; nudge < 400; nudge = nudge * 3 + 1) {
        assert_true(digest_of(&(struct wish){ .nudge = nudge }, &others) != digest);
    }
}

static void steps_of_any_length_are_one_run(void **state)
{
    (void)state;
    struct world whole = world_clustered(&(struct wish){ 0 }),
                 cut = world_clustered(&(struct wish){ 0 });
    rcs_sim_advance(whole.sim, RCS_S(7));
    for (unsigned i = 0; i < 7000; i++) {
        rcs_sim_advance(cut.sim, RCS_MS(1));
    }
    assert_int_equal(rcs_sim_now(whole.sim), rcs_sim_now(cut.sim));
    assert_true(rcs_sim_digest(whole.sim) == rcs_sim_digest(cut.sim));
    world_end(&whole);
    world_end(&cut);
}

/* --- clients ---------------------------------------------------------------------------------- */

static void clients_follow_redirections(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    struct rcs_session *plain = rcs_session_new(world.sim, "A", false);
    struct rcs_session *cluster = rcs_session_new(world.sim, "A", true);
    assert_string_equal(world_ask(&world, plain, 0, "SET test data"),
                        "(error) MOVED 6918 10.1.0.2:6379");
    assert_string_equal(world_ask(&world, cluster, 0, "SET test data"), "OK");
    assert_int_equal(rcs_session_node(cluster), 1);
    assert_string_equal(rcs_session_redirections(cluster),
                        "-> Redirected to slot [6918] located at 10.1.0.2:6379");
    assert_string_equal(world_ask(&world, cluster, -1, "GET test"),
                        "\"data\""); /* it stays there */
    assert_string_equal(rcs_session_redirections(cluster), "");
    assert_int_equal(world_view(&world, 1).keys, 1);
    rcs_session_free(plain);
    rcs_session_free(cluster);
    world_end(&world);
}

static void clients_say_what_redis_cli_says(void **state)
{
    (void)state;
    struct world world = world_clustered(&(struct wish){ 0 });
    world_fault(&world, RCS_FAULT_KILL, 5);
    rcs_sim_advance(world.sim, RCS_MS(1)); /* its connection's EOF has arrived */
    assert_string_equal(world_ask(&world, world.session, 5, "PING"),
                        "Could not connect to Redis at 10.1.0.6:6379: Connection refused");
    struct rcs_session *cluster = rcs_session_new(world.sim, NULL, true);
    assert_string_equal(world_ask(&world, cluster, 5, "PING"), "PONG"); /* from the next one */
    assert_int_equal(rcs_session_node(cluster), 0);
    rcs_session_free(cluster);
    struct rcs_arg args[] = { { "DEBUG", 5 }, { "SLEEP", 5 }, { "1", 1 } };
    rcs_session_request(world.session, 4, 3, args);
    rcs_sim_advance(world.sim, RCS_MS(100));
    world_fault(&world, RCS_FAULT_KILL, 4);
    rcs_sim_advance(world.sim, RCS_MS(1));
    assert_int_equal(rcs_session_state(world.session), RCS_SESSION_FAILED);
    assert_string_equal(rcs_session_error(world.session), "Server closed the connection");
    world_fault(&world, RCS_FAULT_START, 4);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_string_equal(world_ask(&world, world.session, 4, "PING"),
                        "PONG"); /* it connects again */
    world_end(&world);
}

static void clients_share_the_fate_of_their_site(void **state)
{
    (void)state;
    struct world world = world_started(&(struct wish){ .nodes = 2 });
    struct rcs_diag diag;
    int b1 = rcs_sim_add_node(world.sim, "b1", "B", NULL, &diag);
    const int a[] = { 0, 1 };
    world_fault(&world, RCS_FAULT_START, b1);
    struct rcs_session *inside = rcs_session_new(world.sim, "A", false);
    rcs_sim_partition(world.sim, a, 2, &b1, 1, false);
    struct rcs_arg args[] = { { "PING", 4 } };
    rcs_session_request(inside, b1, 1, args);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_session_state(inside), RCS_SESSION_WAITING);
    assert_string_equal(world_ask(&world, world.session, b1, "PING"),
                        "PONG"); /* outside all sites */
    rcs_sim_heal(world.sim, a, 2, &b1, 1);
    rcs_sim_advance(world.sim, RCS_S(2));
    assert_int_equal(rcs_session_state(inside), RCS_SESSION_REPLIED);
    rcs_session_free(inside);
    world_end(&world);
}

/* --- logs ------------------------------------------------------------------------------------- */

static void copy_line(void *arg, int node, rcs_us at_us, const char *line)
{
    (void)node, (void)at_us;
    snprintf(arg, 256, "%s", line);
}

static void log_lines_look_real(void **state)
{
    (void)state;
    struct rcs_diag diag;
    struct rcs_sim_options options = { .seed = 1, .start_wall_ms = INT64_C(1709164800000) };
    struct rcs_sim *sim = rcs_sim_new(&options, &diag); /* 29 Feb 2024 */
    char line[256] = "";
    int node = rcs_sim_add_node(sim, "a1", NULL, NULL, &diag);
    rcs_sim_fault(sim, RCS_FAULT_START, &node, 1, &diag);
    rcs_sim_advance(sim, RCS_S(86400) - RCS_MS(1));
    rcs_sim_on_log(sim, copy_line, line);
    struct rcs_fact fact = {
        .code = RCS_FACT_STATE_OK,
        .about = RCS_ID_NONE,
        .by = RCS_ID_NONE,
        .role = 'S',
        .release = RCS_REDIS_7_0,
    };
    struct rcs_event event = { .at_us = rcs_sim_now(sim), .kind = RCS_EVENT_WAKE };
    sim->on = &event;
    rcs_log_fact(sim, 0, &fact);
    sim->on = NULL;
    assert_string_equal(line, "1001:S 29 Feb 2024 23:59:59.999 # Cluster state changed: ok");
    fact.code = RCS_FACT_SIGTERM;
    sim->on = &event;
    rcs_log_fact(sim, 0, &fact);
    sim->on = NULL;
    assert_string_equal(line,
                        "1001:signal-handler (1709251199) Received SIGTERM scheduling shutdown...");
    rcs_sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_join),
        cmocka_unit_test(a_killed_master_is_replaced),
        cmocka_unit_test(the_same_run_has_the_same_digest),
        cmocka_unit_test(another_run_has_another_digest),
        cmocka_unit_test(steps_of_any_length_are_one_run),
        cmocka_unit_test(clients_follow_redirections),
        cmocka_unit_test(clients_say_what_redis_cli_says),
        cmocka_unit_test(clients_share_the_fate_of_their_site),
        cmocka_unit_test(log_lines_look_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
