/* Whole worlds, through the public interface: clusters made with the commands an operator uses. */
#include "tests/support/support.h"

#include <rcsim/sim.h>

#include "sim/world/parts.h"

/* --- a small cluster -------------------------------------------------------------------------- */

struct world {
    struct rcs_sim *sim;
    struct rcs_session *session;
    unsigned count;
};

/* What tests set; the rest is the default. */
struct wish {
    unsigned nodes; /* 0: 6 */
    uint64_t seed;  /* 0: 1 */
    bool wire_check;
    const char *loglevel;
    rcs_log_fn *log_fn;
    void *log_arg;
    uint64_t nudge; /* this transmission comes 1 us late */
};

static const char *reply_text(const struct rcs_session *session)
{
    static char text[16384];
    struct rcs_buf buf;
    rcs_buf_init(&buf);
    if (rcs_session_state(session) == RCS_SESSION_REPLIED) {
        rcs_reply_print(&buf, rcs_session_reply(session));
    } else {
        rcs_buf_text(&buf, rcs_session_error(session));
    }
    snprintf(text, sizeof(text), "%.*s", (int)buf.size_bytes, buf.size_bytes == 0 ? "" : buf.data);
    rcs_buf_close(&buf);
    return text;
}

/* Sends a command of words and waits for the end of it; returns what redis-cli would print. */
static const char *ask(struct world *world, struct rcs_session *session, int node,
                       const char *command)
{
    struct rcs_arg args[16];
    char words[512];
    unsigned argc = 0;
    snprintf(words, sizeof(words), "%s", command);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        args[argc++] = (struct rcs_arg){ word, (uint32_t)strlen(word) };
    }
    rcs_session_request(session, node, argc, args);
    while (rcs_session_state(session) == RCS_SESSION_WAITING) {
        assert_true(rcs_sim_step(world->sim, rcs_sim_now(world->sim) + RCS_S(300)));
    }
    return reply_text(session);
}

static void order(struct world *world, int node, const char *format, ...)
{
    char command[256];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    assert_string_equal(ask(world, world->session, node, command), "OK");
}

static struct world started(const struct wish *wish)
{
    struct world world = { .count = wish->nodes == 0 ? 6 : wish->nodes };
    struct rcs_sim_options options = { .seed = wish->seed == 0 ? 1 : wish->seed,
                                       .wire_check = wish->wire_check,
                                       .keep_milestones = true };
    struct rcs_diag diag;
    int nodes[16];
    world.sim = rcs_sim_new(&options, &diag);
    assert_non_null(world.sim);
    world.sim->net.nudge = wish->nudge;
    rcs_sim_on_log(world.sim, wish->log_fn, wish->log_arg);
    assert_int_equal(rcs_sim_configure(world.sim, -1, "cluster-node-timeout", "2000", &diag), 0);
    assert_int_equal(rcs_sim_configure(world.sim, -1, "enable-debug-command", "yes", &diag), 0);
    if (wish->loglevel != NULL) {
        assert_int_equal(rcs_sim_configure(world.sim, -1, "loglevel", wish->loglevel, &diag), 0);
    }
    for (unsigned i = 0; i < world.count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "a%u", i + 1);
        nodes[i] = rcs_sim_add_node(world.sim, name, "A", NULL, &diag);
        assert_int_equal(nodes[i], i);
    }
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_START, nodes, world.count, &diag), RCS_OK);
    world.session = rcs_session_new(world.sim, NULL, false);
    return world;
}

/* Three masters a1 a2 a3 with a third of the slots each, every other node a replica of one of them.
 */
static struct world clustered(const struct wish *wish)
{
    struct world world = started(wish);
    rcs_sim_advance(world.sim, RCS_S(1));
    for (unsigned i = 0; i < world.count; i++) {
        order(&world, (int)i, "CLUSTER SET-CONFIG-EPOCH %u", i + 1);
    }
    order(&world, 0, "CLUSTER ADDSLOTSRANGE 0 5460");
    order(&world, 1, "CLUSTER ADDSLOTSRANGE 5461 10922");
    order(&world, 2, "CLUSTER ADDSLOTSRANGE 10923 16383");
    for (unsigned i = 1; i < world.count; i++) {
        order(&world, 0, "CLUSTER MEET %s 6379", rcs_sim_node_ip(world.sim, (int)i));
    }
    rcs_sim_advance(world.sim, RCS_S(5));
    for (unsigned i = 3; i < world.count; i++) {
        order(&world, (int)i, "CLUSTER REPLICATE %s", rcs_sim_node_id(world.sim, (int)i % 3));
    }
    rcs_sim_advance(world.sim, RCS_S(15));
    return world;
}

static void end(struct world *world)
{
    assert_string_equal(rcs_sim_broken(world->sim), "");
    rcs_session_free(world->session);
    rcs_sim_free(world->sim);
}

static void fault(struct world *world, enum rcs_fault what, int node)
{
    struct rcs_diag diag;
    assert_int_equal(rcs_sim_fault(world->sim, what, &node, 1, &diag), RCS_OK);
}

static struct rcs_view view_of(const struct world *world, int node)
{
    struct rcs_view view;
    rcs_sim_view(world->sim, node, &view);
    return view;
}

static unsigned flags_of(const struct world *world, int viewer, int node)
{
    struct rcs_opinion opinion;
    assert_true(rcs_sim_opinion(world->sim, viewer, node, &opinion));
    return opinion.flags;
}

static bool find_milestone(const struct world *world, const char *what, int node, size_t from,
                           struct rcs_milestone *out)
{
    for (size_t i = from; rcs_sim_milestone(world->sim, i, out); i++) {
        if (strcmp(out->what, what) == 0 && (node < 0 || out->node == node)) {
            return true;
        }
    }
    return false;
}

/* --- a cluster lives -------------------------------------------------------------------------- */

static void nodes_join(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    for (int i = 0; i < 6; i++) {
        struct rcs_view view = view_of(&world, i);
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
    end(&world);
}

static void a_killed_master_is_replaced(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    struct rcs_milestone m;
    rcs_us killed_us = rcs_sim_now(world.sim);
    fault(&world, RCS_FAULT_KILL, 0);
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_DOWN);
    assert_false(view_of(&world, 0).running);
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(view_of(&world, 3).replica);
    assert_int_equal(view_of(&world, 3).slots, 5461);
    assert_true(flags_of(&world, 1, 0) & RCS_NODE_FAIL);
    assert_true(view_of(&world, 1).state_ok);
    /* who was elected, when and why */
    assert_true(find_milestone(&world, "election-won", -1, 0, &m));
    assert_int_equal(m.node, 3);
    assert_true(m.at_us > killed_us + RCS_S(2) && m.at_us < killed_us + RCS_S(6));
    assert_string_equal(m.on, "auth-ack");
    assert_true(m.on_from == 1 || m.on_from == 2);
    assert_string_equal(m.fields[0], "votes");
    assert_int_equal(m.values[0], 2);
    assert_string_equal(m.fields[1], "needed");
    assert_int_equal(m.values[1], 2);
    assert_string_equal(m.text, "Failover election won: I'm the new master.");
    assert_true(find_milestone(&world, "vote-granted", 1, 0, &m));
    assert_int_equal(m.about, 3);
    assert_string_equal(m.on, "auth-req");
    /* and it comes back as a replica of its successor */
    fault(&world, RCS_FAULT_START, 0);
    rcs_sim_advance(world.sim, RCS_S(15));
    assert_true(view_of(&world, 0).replica);
    assert_int_equal(view_of(&world, 0).master, 3);
    assert_true(view_of(&world, 0).link_up);
    end(&world);
}

static uint64_t digest_of(const struct wish *wish, uint64_t *milestones)
{
    struct world world = clustered(wish);
    fault(&world, RCS_FAULT_KILL, 0);
    rcs_sim_advance(world.sim, RCS_S(10));
    uint64_t digest = rcs_sim_digest(world.sim);
    *milestones = rcs_sim_milestone_digest(world.sim);
    end(&world);
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
    struct world whole = clustered(&(struct wish){ 0 }), cut = clustered(&(struct wish){ 0 });
    rcs_sim_advance(whole.sim, RCS_S(7));
    for (unsigned i = 0; i < 7000; i++) {
        rcs_sim_advance(cut.sim, RCS_MS(1));
    }
    assert_int_equal(rcs_sim_now(whole.sim), rcs_sim_now(cut.sim));
    assert_true(rcs_sim_digest(whole.sim) == rcs_sim_digest(cut.sim));
    end(&whole);
    end(&cut);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void a_paused_node_answers_when_it_is_resumed(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    struct rcs_arg args[] = { { "PING", 4 } };
    fault(&world, RCS_FAULT_PAUSE, 0);
    rcs_session_request(world.session, 0, 1, args);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_session_state(world.session), RCS_SESSION_WAITING);
    rcs_us resumed_us = rcs_sim_now(world.sim);
    fault(&world, RCS_FAULT_RESUME, 0);
    rcs_sim_advance(world.sim, RCS_MS(1));
    assert_int_equal(rcs_session_state(world.session), RCS_SESSION_REPLIED);
    assert_true(rcs_session_answered(world.session) < resumed_us + 300);
    end(&world);
}

static void a_long_pause_is_a_failure_and_is_forgiven(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    fault(&world, RCS_FAULT_PAUSE, 0);
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(view_of(&world, 3).replica);
    fault(&world, RCS_FAULT_RESUME, 0);
    rcs_sim_advance(world.sim, RCS_S(15));
    assert_int_equal(view_of(&world, 0).master, 3);
    assert_false(flags_of(&world, 1, 0) & RCS_NODE_FAIL);
    end(&world);
}

static void a_sleeping_node_replies_afterwards(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    rcs_us before_us = rcs_sim_now(world.sim);
    order(&world, 0, "DEBUG SLEEP 0.5");
    assert_true(rcs_session_answered(world.session) >= before_us + RCS_MS(500));
    assert_true(rcs_session_answered(world.session) < before_us + RCS_MS(502));
    assert_string_equal(ask(&world, world.session, 0, "PING"), "PONG");
    end(&world);
}

static void a_host_without_power_is_silent(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    fault(&world, RCS_FAULT_POWEROFF, 0);
    rcs_sim_advance(world.sim, RCS_MS(10));
    assert_true(view_of(&world, 3).link_up); /* its replica has heard nothing */
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(view_of(&world, 3).replica);
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_OFF);
    fault(&world, RCS_FAULT_START, 0);
    rcs_sim_advance(world.sim, RCS_S(20));
    assert_int_equal(view_of(&world, 0).master, 3);
    assert_true(view_of(&world, 0).link_up);
    end(&world);
}

static void both_sides_of_a_partition_come_together(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    const int alone[] = { 0 }, rest[] = { 1, 2, 3, 4, 5 };
    rcs_sim_partition(world.sim, alone, 1, rest, 5, false);
    rcs_sim_advance(world.sim, RCS_S(10));
    assert_false(view_of(&world, 0).state_ok);
    assert_true(view_of(&world, 1).state_ok);
    assert_false(view_of(&world, 3).replica);
    assert_false(view_of(&world, 0).replica); /* it does not know yet */
    rcs_sim_heal(world.sim, NULL, 0, NULL, 0);
    rcs_sim_advance(world.sim, RCS_S(20));
    assert_int_equal(view_of(&world, 0).master, 3);
    for (int i = 0; i < 6; i++) {
        assert_true(view_of(&world, i).state_ok);
    }
    end(&world);
}

static void dropped_messages_are_counted_out(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    rcs_sim_drop(world.sim, RCS_BUS_AUTH_REQUEST, 3, -1, 1, 4); /* the first one passes */
    fault(&world, RCS_FAULT_KILL, 0);
    rcs_sim_advance(world.sim, RCS_S(5));
    struct rcs_milestone m;
    assert_true(find_milestone(&world, "election-started", 3, 0, &m));
    assert_false(find_milestone(&world, "election-won", -1, 0, &m));
    rcs_sim_advance(world.sim, RCS_S(10)); /* the next election has all its messages */
    assert_true(find_milestone(&world, "election-won", 3, 0, &m));
    end(&world);
}

static void faults_that_cannot_be_say_why(void **state)
{
    (void)state;
    struct world world = started(&(struct wish){ .nodes = 2 });
    struct rcs_diag diag;
    int both[] = { 0, 1 }, second = 1;
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_START, &second, 1, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "cannot start a2: it is running, and it must not be running");
    fault(&world, RCS_FAULT_KILL, 1);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_KILL, both, 2, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "cannot kill a2: it is down, and it must be running or paused");
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_UP); /* nothing was done */
    fault(&world, RCS_FAULT_PAUSE, 0);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_LOSE_CONF, both, 1, &diag), RCS_ERR_STATE);
    fault(&world, RCS_FAULT_POWEROFF, 0);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_POWEROFF, both, 1, &diag), RCS_ERR_STATE);
    end(&world);
}

static void a_node_keeps_or_loses_its_name(void **state)
{
    (void)state;
    struct world world = started(&(struct wish){ .nodes = 2 });
    char first[RCS_ID_LEN + 1], conf[4096];
    struct rcs_diag diag;
    rcs_sim_advance(world.sim, RCS_S(1));
    snprintf(first, sizeof(first), "%s", rcs_sim_node_id(world.sim, 0));
    fault(&world, RCS_FAULT_STOP, 0);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_sim_node_life(world.sim, 0), RCS_LIFE_DOWN);
    snprintf(conf, sizeof(conf), "%s", rcs_sim_nodes_conf(world.sim, 0));
    assert_non_null(strstr(conf, first));
    fault(&world, RCS_FAULT_START, 0);
    assert_string_equal(rcs_sim_node_id(world.sim, 0), first);
    fault(&world, RCS_FAULT_KILL, 0);
    fault(&world, RCS_FAULT_LOSE_CONF, 0);
    assert_null(rcs_sim_nodes_conf(world.sim, 0));
    fault(&world, RCS_FAULT_START, 0);
    assert_string_not_equal(rcs_sim_node_id(world.sim, 0), first);
    assert_int_equal(rcs_sim_set_nodes_conf(world.sim, 0, conf, strlen(conf), &diag),
                     RCS_ERR_STATE);
    fault(&world, RCS_FAULT_KILL, 0);
    assert_int_equal(rcs_sim_set_nodes_conf(world.sim, 0, conf, strlen(conf), &diag), RCS_OK);
    fault(&world, RCS_FAULT_START, 0);
    assert_string_equal(rcs_sim_node_id(world.sim, 0), first);
    end(&world);
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
    struct world world = clustered(&(struct wish){ 0 });
    struct rcs_diag diag;
    static const int a1 = 0, a2 = 1;
    assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, RCS_MS(300), &diag), RCS_OK);
    assert_string_equal(ask(&world, world.session, 0, "PING"), "PONG"); /* nothing is saved */
    rcs_us took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, 1, RCS_MS(1));
    assert_string_equal(ask(&world, world.session, 0, "CLUSTER SAVECONFIG"), "OK");
    took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, RCS_MS(300), RCS_MS(302));
    assert_string_equal(ask(&world, world.session, 1, "CLUSTER SAVECONFIG"), "OK");
    took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, 1, RCS_MS(1));
    rcs_sim_advance(world.sim, RCS_S(1));

    /* killed in the fsync: what was written is there, what was to be said is not */
    struct rcs_session *other = rcs_session_new(world.sim, NULL, false);
    rcs_session_words(other, 0, "CLUSTER SAVECONFIG", 18);
    rcs_sim_advance(world.sim, RCS_MS(100));
    fault(&world, RCS_FAULT_KILL, 0);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_session_state(other), RCS_SESSION_FAILED);
    fault(&world, RCS_FAULT_START, 0);
    assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, 0, &diag), RCS_OK);
    assert_string_equal(ask(&world, world.session, 0, "CLUSTER SAVECONFIG"), "OK");
    took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, 1, RCS_MS(2));
    assert_int_equal(rcs_sim_fsync(world.sim, &a2, 1, -1, &diag), RCS_ERR_RANGE);
    assert_string_equal(diag.text, "an fsync takes 0 to 3600 s, not -1 us");
    rcs_session_free(other);
    end(&world);
}

/* While it stands in an fsync it hears nothing; then it reads what came, before its timers. */
static void input_of_a_node_in_an_fsync_waits(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    struct rcs_diag diag;
    static const int a1 = 0;
    assert_int_equal(rcs_sim_fsync(world.sim, &a1, 1, RCS_MS(900), &diag), RCS_OK);
    struct rcs_session *saver = rcs_session_new(world.sim, NULL, false);
    rcs_session_words(saver, 0, "CLUSTER SAVECONFIG", 18);
    rcs_sim_advance(world.sim, RCS_MS(10));
    assert_string_equal(ask(&world, world.session, 0, "PING"), "PONG");
    rcs_us took = rcs_session_answered(world.session) - rcs_session_sent(world.session);
    assert_in_range(took, RCS_MS(885), RCS_MS(895));
    rcs_sim_advance(world.sim, RCS_S(5));
    assert_int_equal(count_milestones(&world, "pfail"), 0); /* shorter than the node timeout */
    rcs_session_free(saver);
    end(&world);
}

static void an_older_nodes_conf_comes_back(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    struct rcs_diag diag;
    static const int a1 = 0, a4 = 3;
    assert_int_equal(rcs_sim_keep_conf(world.sim, &a4, 1, &diag), RCS_OK);
    char kept[4096];
    snprintf(kept, sizeof(kept), "%s", rcs_sim_nodes_conf(world.sim, a4));
    fault(&world, RCS_FAULT_KILL, a1);
    rcs_sim_advance(world.sim, RCS_S(10)); /* a4 becomes master and writes that down */
    assert_string_not_equal(rcs_sim_nodes_conf(world.sim, a4), kept);
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_STALE_CONF, &a4, 1, &diag), RCS_ERR_STATE);
    fault(&world, RCS_FAULT_KILL, a4);
    fault(&world, RCS_FAULT_STALE_CONF, a4);
    assert_string_equal(rcs_sim_nodes_conf(world.sim, a4), kept);
    fault(&world, RCS_FAULT_START, a4);
    assert_true(view_of(&world, a4).replica); /* as it then was */
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_STALE_CONF, &a1, 1, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "a1 has no older nodes.conf: no copy was kept");
    end(&world);
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
        struct world world = clustered(&(struct wish){ 0 });
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
        assert_true(view_of(&world, a1).replica);
        assert_true(view_of(&world, a1).state_ok);
        end(&world);
    }
}

/* --- clients ---------------------------------------------------------------------------------- */

static void clients_follow_redirections(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    struct rcs_session *plain = rcs_session_new(world.sim, "A", false);
    struct rcs_session *cluster = rcs_session_new(world.sim, "A", true);
    assert_string_equal(ask(&world, plain, 0, "SET test data"), "(error) MOVED 6918 10.1.0.2:6379");
    assert_string_equal(ask(&world, cluster, 0, "SET test data"), "OK");
    assert_int_equal(rcs_session_node(cluster), 1);
    assert_string_equal(rcs_session_redirections(cluster),
                        "-> Redirected to slot [6918] located at 10.1.0.2:6379");
    assert_string_equal(ask(&world, cluster, -1, "GET test"), "\"data\""); /* it stays there */
    assert_string_equal(rcs_session_redirections(cluster), "");
    assert_int_equal(view_of(&world, 1).keys, 1);
    rcs_session_free(plain);
    rcs_session_free(cluster);
    end(&world);
}

static void clients_say_what_redis_cli_says(void **state)
{
    (void)state;
    struct world world = clustered(&(struct wish){ 0 });
    fault(&world, RCS_FAULT_KILL, 5);
    rcs_sim_advance(world.sim, RCS_MS(1)); /* its connection's EOF has arrived */
    assert_string_equal(ask(&world, world.session, 5, "PING"),
                        "Could not connect to Redis at 10.1.0.6:6379: Connection refused");
    struct rcs_session *cluster = rcs_session_new(world.sim, NULL, true);
    assert_string_equal(ask(&world, cluster, 5, "PING"), "PONG"); /* from the next one */
    assert_int_equal(rcs_session_node(cluster), 0);
    rcs_session_free(cluster);
    struct rcs_arg args[] = { { "DEBUG", 5 }, { "SLEEP", 5 }, { "1", 1 } };
    rcs_session_request(world.session, 4, 3, args);
    rcs_sim_advance(world.sim, RCS_MS(100));
    fault(&world, RCS_FAULT_KILL, 4);
    rcs_sim_advance(world.sim, RCS_MS(1));
    assert_int_equal(rcs_session_state(world.session), RCS_SESSION_FAILED);
    assert_string_equal(rcs_session_error(world.session), "Server closed the connection");
    fault(&world, RCS_FAULT_START, 4);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_string_equal(ask(&world, world.session, 4, "PING"), "PONG"); /* it connects again */
    end(&world);
}

static void clients_share_the_fate_of_their_site(void **state)
{
    (void)state;
    struct world world = started(&(struct wish){ .nodes = 2 });
    struct rcs_diag diag;
    int b1 = rcs_sim_add_node(world.sim, "b1", "B", NULL, &diag);
    const int a[] = { 0, 1 };
    fault(&world, RCS_FAULT_START, b1);
    struct rcs_session *inside = rcs_session_new(world.sim, "A", false);
    rcs_sim_partition(world.sim, a, 2, &b1, 1, false);
    struct rcs_arg args[] = { { "PING", 4 } };
    rcs_session_request(inside, b1, 1, args);
    rcs_sim_advance(world.sim, RCS_S(1));
    assert_int_equal(rcs_session_state(inside), RCS_SESSION_WAITING);
    assert_string_equal(ask(&world, world.session, b1, "PING"), "PONG"); /* outside all sites */
    rcs_sim_heal(world.sim, a, 2, &b1, 1);
    rcs_sim_advance(world.sim, RCS_S(2));
    assert_int_equal(rcs_session_state(inside), RCS_SESSION_REPLIED);
    rcs_session_free(inside);
    end(&world);
}

/* --- layout ----------------------------------------------------------------------------------- */

static void addresses_are_given_out(void **state)
{
    (void)state;
    struct rcs_diag diag;
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = 1 }, &diag);
    assert_int_equal(rcs_sim_add_node(sim, "a1", "A", NULL, &diag), 0);
    assert_int_equal(rcs_sim_add_node(sim, "b1", "B", NULL, &diag), 1);
    assert_int_equal(rcs_sim_add_node(sim, "x", "B", "10.1.0.2:7000", &diag), 2);
    assert_int_equal(rcs_sim_add_node(sim, "a2", "A", NULL, &diag), 3);
    assert_int_equal(rcs_sim_add_node(sim, "y", NULL, "10.1.0.2:7001", &diag), 4);
    assert_string_equal(rcs_sim_node_ip(sim, 0), "10.1.0.1");
    assert_string_equal(rcs_sim_node_ip(sim, 1), "10.2.0.1");
    assert_string_equal(rcs_sim_node_ip(sim, 3), "10.1.0.3"); /* the second one is taken */
    assert_int_equal(rcs_sim_node_port(sim, 3), 6379);
    assert_int_equal(rcs_sim_node_port(sim, 4), 7001);
    assert_string_equal(rcs_sim_node_site(sim, 4), "");
    assert_int_equal(rcs_sim_find_node(sim, "x"), 2);
    assert_int_equal(rcs_sim_find_node(sim, "z"), -1);
    assert_string_equal(rcs_sim_node_id(sim, 0), "");
    /* they share a host: its power goes for both */
    int both[] = { 2, 4 };
    assert_int_equal(rcs_sim_fault(sim, RCS_FAULT_START, both, 2, &diag), RCS_OK);
    assert_int_equal(rcs_sim_fault(sim, RCS_FAULT_POWEROFF, both, 1, &diag), RCS_OK);
    assert_int_equal(rcs_sim_node_life(sim, 4), RCS_LIFE_OFF);
    assert_int_equal(rcs_sim_fault(sim, RCS_FAULT_START, both, 1, &diag), RCS_OK);
    assert_int_equal(rcs_sim_node_life(sim, 4), RCS_LIFE_DOWN);
    rcs_sim_free(sim);
}

static void wrong_layouts_say_what_would_do(void **state)
{
    (void)state;
    struct rcs_diag diag;
    struct rcs_sim_options wrong = { .network = "carrier-pigeon" };
    assert_null(rcs_sim_new(&wrong, &diag));
    assert_string_equal(diag.text,
                        "no kind of network \"carrier-pigeon\" (there are: lan, loopback)");
    wrong = (struct rcs_sim_options){ .redis = "2.8" };
    assert_null(rcs_sim_new(&wrong, &diag));
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = 1 }, &diag);
    assert_int_equal(rcs_sim_add_node(sim, "a1", "A", NULL, &diag), 0);
    static const struct {
        const char *name, *address, *text;
    } rows[] = {
        { "a1", NULL, "there is a node \"a1\" already" },
        { "a 2", NULL, "\"a 2\" is no name for a node (1 to 64 characters, no blanks or quotes)" },
        { "a2", "10.1.0.1:6379", "10.1.0.1:6379 is the address of node \"a1\" already" },
        { "a2", "10.1.0:6379", "\"10.1.0:6379\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.256:1", "\"10.1.0.256:1\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.2:55536", "\"10.1.0.2:55536\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.2:0", "\"10.1.0.2:0\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.2:", "\"10.1.0.2:\" is no address (IPv4:PORT, port 1 to 55535)" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rcs_sim_add_node(sim, rows[i].name, "A", rows[i].address, &diag), -1);
        assert_string_equal(diag.text, rows[i].text);
    }
    assert_int_equal(rcs_sim_node_count(sim), 1);
    assert_int_equal(rcs_sim_latency(sim, "A", "Q", 1, 2, &diag), RCS_ERR_UNKNOWN);
    assert_string_equal(diag.text, "no site \"Q\"");
    assert_int_equal(rcs_sim_latency(sim, "A", NULL, 3, 2, &diag), RCS_ERR_RANGE);
    assert_int_equal(rcs_sim_loss(sim, "A", "Q", 1, &diag), RCS_ERR_UNKNOWN);
    assert_int_equal(rcs_sim_loss(sim, "A", NULL, 10001, &diag), RCS_ERR_RANGE);
    assert_string_equal(diag.text, "a loss is at most 10000 of 10000 segments");
    assert_int_equal(rcs_sim_bandwidth(sim, "A", "A", 999, &diag), RCS_ERR_RANGE);
    assert_string_equal(diag.text, "a bandwidth is 1000 to 1000000000000 bits a second");
    assert_int_equal(rcs_sim_link(sim, "A", "A", "tin", &diag), RCS_ERR_UNKNOWN);
    assert_string_equal(diag.text, "no kind of link \"tin\" (there are: lan, loopback)");
    static const int first = 0;
    assert_int_equal(rcs_sim_keep_conf(sim, &first, 1, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "a1 has no nodes.conf to keep a copy of");
    assert_int_equal(rcs_sim_configure(sim, -1, "cluster-node-timeout", "soon", &diag) != RCS_OK,
                     1);
    assert_int_equal(rcs_sim_configure(sim, 0, "port", "7000", &diag), RCS_ERR_STATE);
    rcs_sim_free(sim);
}

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
        cmocka_unit_test(an_older_nodes_conf_comes_back),
        cmocka_unit_test(a_refusing_partition_is_heard_of_at_once),
        cmocka_unit_test(clients_follow_redirections),
        cmocka_unit_test(clients_say_what_redis_cli_says),
        cmocka_unit_test(clients_share_the_fate_of_their_site),
        cmocka_unit_test(addresses_are_given_out),
        cmocka_unit_test(wrong_layouts_say_what_would_do),
        cmocka_unit_test(log_lines_look_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
