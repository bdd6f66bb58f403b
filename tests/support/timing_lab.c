/* The timing experiments themselves. */
#include <rcsim/check.h>

#include "tests/support/support.h"
#include "tests/support/timing_parts.h"

/* --- what is waited for ----------------------------------------------------------------------- */

static bool shows_owner(const struct timing_lab *lab, int node, int owner)
{
    struct rcs_opinion opinion;
    return rcs_sim_opinion(lab->sim, node, owner, &opinion) && opinion.slots > 0;
}

static bool shows_link(const struct timing_lab *lab, int node, int about)
{
    struct rcs_view view;
    (void)about;
    return timing_replica(lab, node, &view) && view.link_up;
}

/* No view has a fail flag and the node's replication link is up. */
static bool shows_clear(const struct timing_lab *lab, int node, int about)
{
    struct rcs_view view;
    (void)about;
    if (timing_replica(lab, node, &view) && !view.link_up) {
        return false;
    }
    for (int viewer = 0; viewer < lab->nodes; viewer++) {
        for (int other = 0; other < lab->nodes; other++) {
            struct rcs_opinion opinion;
            if (rcs_sim_opinion(lab->sim, viewer, other, &opinion) &&
                (opinion.flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) != 0) {
                return false;
            }
        }
    }
    return true;
}

/* --- the experiments -------------------------------------------------------------------------- */

/* The master of the shard whose last election is longest ago; of several, one at random. */
static int next_victim(struct timing_lab *lab)
{
    int masters = lab->plan->masters, shard = (int)(timing_draw(lab) % (uint64_t)masters);
    for (int i = 0; i < masters; i++) {
        shard = lab->elected_us[i] < lab->elected_us[shard] ? i : shard;
    }
    for (int node = shard; node < lab->nodes; node += masters) {
        struct rcs_view view;
        if (!timing_replica(lab, node, &view)) {
            timing_rest(lab, shard);
            return node;
        }
    }
    fail_msg("shard %d has no master", shard);
    return -1;
}

static int replica_of(const struct timing_lab *lab, int master)
{
    for (int node = 0; node < lab->nodes; node++) {
        struct rcs_view view;
        if (timing_replica(lab, node, &view) && view.master == master) {
            return node;
        }
    }
    fail_msg("node %d has no replica", master);
    return -1;
}

/* The one that won; polls for its slots meanwhile. */
static int await_winner(struct timing_lab *lab)
{
    struct rcs_milestone one;
    timing_until(lab, "election-won", -1, -1);
    size_t i = lab->seen;
    while (rcs_sim_milestone(lab->sim, i, &one) && strcmp(one.what, "election-won") != 0) {
        i++;
    }
    struct watch watch = { WHAT_POLLED_OWNER, shows_owner, -1, one.node, { false } };
    timing_poll(lab, &watch, 1, 300);
    lab->elected_us[one.node % lab->plan->masters] = one.at_us;
    return one.node;
}

static void restart(struct timing_lab *lab, int node)
{
    rcs_sim_advance(lab->sim, timing_between_ms(lab, 500, 1500));
    timing_fault(lab, RCS_FAULT_START, node);
}

/* A replica of `master` connects anew, and a write reaches the other one meanwhile. */
static void let_lag(struct timing_lab *lab, int master)
{
    static const char *const writes[] = { "SET b 1", "SET c 1", "SET a 1" }; /* by shard */
    char text[80];
    snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", rcs_sim_node_id(lab->sim, master));
    struct rcs_session *cut = timing_order(lab, replica_of(lab, master), text);
    timing_ask(lab, master, writes[master % 3]);
    timing_finish(lab, cut);
}

static void kill_one(struct timing_lab *lab)
{
    int victim = next_victim(lab);
    int64_t sent[SENT_COUNT];
    if (lab->plan->counts) {
        timing_count_all(lab, victim, -1, sent);
    }
    if (lab->plan->experiment == KILL_LAGGING) {
        let_lag(lab, victim);
    }
    timing_begin(lab);
    timing_note(lab, WHAT_KILLED, victim, -1, lab->t0_us, 0);
    timing_fault(lab, RCS_FAULT_KILL, victim);
    await_winner(lab);
    timing_collect(lab);
    if (lab->plan->counts) {
        timing_count_all(lab, victim, 1, sent);
        lab->history.counted = true;
        memcpy(lab->history.sent, sent, sizeof(sent));
        memcpy(lab->history.rest, lab->rest, sizeof(lab->rest));
    }
    restart(lab, victim);
}

static void kill_and_restart(struct timing_lab *lab)
{
    int victim = next_victim(lab);
    timing_begin(lab);
    timing_fault(lab, RCS_FAULT_KILL, victim);
    await_winner(lab);
    rcs_sim_advance(lab->sim, timing_between_ms(lab, 500, 1500));
    timing_begin(lab);
    timing_note(lab, WHAT_STARTED, victim, -1, lab->t0_us, 0);
    timing_note(lab, WHAT_READY, victim, -1, lab->t0_us, 0);
    timing_fault(lab, RCS_FAULT_START, victim);
    rcs_sim_advance(lab->sim, 0);
    struct watch watches[] = {
        { WHAT_POLLED_LINK, shows_link, victim, -1, { false } },
        { WHAT_POLLED_CLEAR, shows_clear, victim, -1, { false } },
    };
    timing_poll(lab, watches, 2, 300);
    timing_collect(lab);
}

/* As many at a time as there are processors to start them. */
static void restart_all(struct timing_lab *lab, const int *nodes, int count)
{
    struct watch watches[HISTORY_NODES + 1];
    rcs_sim_advance(lab->sim, timing_between_ms(lab, 500, 1500));
    timing_begin(lab);
    for (int i = 0; i < count; i++) {
        if (i > 0 && lab->plan->cores > 0 && i % lab->plan->cores == 0) {
            rcs_sim_advance(lab->sim, timing_start_takes(lab));
        }
        timing_note(lab, WHAT_STARTED, nodes[i], -1, rcs_sim_now(lab->sim), 0);
        timing_note(lab, WHAT_READY, nodes[i], -1, rcs_sim_now(lab->sim), 0);
        timing_fault(lab, RCS_FAULT_START, nodes[i]);
        watches[i] = (struct watch){ WHAT_POLLED_LINK, shows_link, nodes[i], -1, { false } };
    }
    rcs_sim_advance(lab->sim, 0);
    watches[count] = (struct watch){ WHAT_POLLED_CLEAR, shows_clear, nodes[0], -1, { false } };
    timing_poll(lab, watches, count + 1, 300);
    timing_collect(lab);
}

static bool all_failed(const struct timing_lab *lab)
{
    for (int node = 0; node < lab->nodes; node++) {
        struct rcs_view view;
        rcs_sim_view(lab->sim, node, &view);
        if (view.running && view.state_ok) {
            return false;
        }
    }
    return true;
}

/* All masters (with a chain: the whole first site) are killed; 200..700 ms after the last poll that
 * showed fail the replicas are told to take over, in any order.
 *
 * Recorded, each was told when the one before had answered. A server writes its replies before it
 * sleeps, and what it has to say on the bus in the next turn of its loop (Redis 7.0 beforeSleep,
 * clusterSendMessage): the next order overtakes the claim. Here a command takes no time and both
 * leave at once; so the orders are given at one instant, and what a command took is added to what
 * followed from it. */
static void take_over(struct timing_lab *lab)
{
    int told[HISTORY_NODES], dead[HISTORY_NODES], tolds = 0, deads = 0;
    struct rcs_session *orders[HISTORY_NODES];
    unsigned order_count = 0;
    rcs_us taken_us = 0;
    timing_rest(lab, 0);
    timing_begin(lab);
    for (int node = 0; node < lab->nodes; node++) {
        bool dies = lab->plan->experiment == TAKE_OVER_CHAINED ? node < lab->nodes / 2
                                                               : lab->history.master[node] < 0;
        int master = lab->history.master[node];
        if (dies) {
            dead[deads++] = node;
            timing_note(lab, WHAT_KILLED, node, -1, lab->t0_us, 0);
            timing_fault(lab, RCS_FAULT_KILL, node);
        } else if (master >= 0 && lab->history.master[master] < 0) {
            told[tolds++] = node;
        }
    }
    while (!all_failed(lab)) {
        assert_true(rcs_sim_now(lab->sim) - lab->t0_us < RCS_S(60));
        rcs_sim_advance(lab->sim, RCS_MS(1));
    }
    rcs_sim_advance(lab->sim, timing_between_ms(lab, 0, lab->plan->poll_ms) +
                                  timing_between_ms(lab, 200, 700));
    while (tolds > 0) {
        int i = (int)(timing_draw(lab) % (uint64_t)tolds);
        timing_note(lab, WHAT_TOLD, told[i], -1, rcs_sim_now(lab->sim) + taken_us, 0);
        taken_us += timing_exponential(lab, lab->plan->command_us);
        lab->command_late_us[told[i]] = taken_us;
        orders[order_count++] = timing_order(lab, told[i], "CLUSTER FAILOVER TAKEOVER");
        told[i] = told[--tolds];
    }
    for (int shard = 0; shard < lab->plan->masters; shard++) {
        lab->elected_us[shard] = rcs_sim_now(lab->sim);
    }
    while (order_count > 0) {
        timing_finish(lab, orders[--order_count]);
    }
    int writable_ms = lab->plan->timeout_ms < 5000 ? lab->plan->timeout_ms : 5000;
    rcs_sim_advance(lab->sim, RCS_MS(writable_ms + 1000));
    timing_collect(lab);
    if (lab->plan->experiment == TAKE_OVER_AND_RESTART) {
        restart_all(lab, dead, deads);
        return;
    }
    while (deads > 0) {
        restart(lab, dead[--deads]);
    }
}

static void fail_over(struct timing_lab *lab, bool force)
{
    int master = next_victim(lab), node = replica_of(lab, master);
    timing_begin(lab);
    if (force) {
        timing_note(lab, WHAT_KILLED, master, -1, lab->t0_us, 0);
        timing_fault(lab, RCS_FAULT_KILL, master);
        rcs_sim_advance(lab->sim, timing_between_ms(lab, 50, 600));
    }
    timing_note(lab, WHAT_TOLD, node, -1, rcs_sim_now(lab->sim), 0);
    timing_ask(lab, node, force ? "CLUSTER FAILOVER FORCE" : "CLUSTER FAILOVER");
    await_winner(lab);
    timing_collect(lab);
    if (force) {
        restart(lab, master);
    }
}

static void pause_one(struct timing_lab *lab, uint64_t run)
{
    static const int halves[] = { 1, 3, 6 }; /* of a node timeout */
    int victim = next_victim(lab), stop_ms = lab->plan->timeout_ms * halves[run % 3] / 2;
    timing_begin(lab);
    timing_note(lab, WHAT_PAUSED, victim, -1, lab->t0_us, stop_ms);
    timing_fault(lab, RCS_FAULT_PAUSE, victim);
    rcs_sim_advance(lab->sim, RCS_MS(stop_ms) + timing_wake(lab));
    timing_note(lab, WHAT_RESUMED, victim, -1, rcs_sim_now(lab->sim), 0);
    timing_fault(lab, RCS_FAULT_RESUME, victim);
    rcs_sim_advance(lab->sim, RCS_MS(2500));
    if (timing_happened(lab, "election-won", -1, -1)) {
        lab->elected_us[victim % lab->plan->masters] = rcs_sim_now(lab->sim);
    }
    timing_collect(lab);
}

static void run_once(struct timing_lab *lab, uint64_t run)
{
    switch (lab->plan->experiment) {
    case KILL_ONE:
    case KILL_LAGGING:
        kill_one(lab);
        break;
    case KILL_AND_RESTART:
        kill_and_restart(lab);
        break;
    case TAKE_OVER:
    case TAKE_OVER_CHAINED:
    case TAKE_OVER_AND_RESTART:
        take_over(lab);
        break;
    case FAIL_OVER:
        fail_over(lab, false);
        break;
    case FORCE:
        fail_over(lab, true);
        break;
    case PAUSE:
        pause_one(lab, run);
        break;
    }
}

struct history timing_lab_run(const struct plan *plan, uint64_t seed)
{
    struct timing_lab lab = { .plan = plan, .seed = seed };
    uint64_t before = seed / 3 % (uint64_t)plan->runs; /* so that each third has all pauses */
    timing_build(&lab);
    for (uint64_t run = 0; run <= before; run++) {
        run_once(&lab, seed + before - run);
    }
    assert_string_equal(rcs_check_broken(rcs_check_of(lab.sim)), "");
    rcs_sim_free(lab.sim);
    return lab.history;
}
