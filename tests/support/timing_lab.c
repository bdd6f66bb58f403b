#include "tests/support/timing_lab.h"

#include <math.h>

#include <rcsim/bus.h>
#include <rcsim/sim.h>

#include "tests/support/support.h"

#define IDLE_NODES 36
#define MOST_CORES 64
#define NEWS_MS    100 /* what a node's messages carry is at most so old: the chain of lateness */

struct lab {
    struct rcs_sim *sim;
    const struct plan *plan;
    uint64_t seed, random;
    int nodes;
    rcs_us elected_us[HISTORY_NODES]; /* last election of each shard */
    size_t seen;                      /* milestones before the injection */
    rcs_us t0_us;
    rcs_us command_late_us[HISTORY_NODES]; /* a node's TAKEOVER: by those before it, and itself */
    rcs_us core_free_us[MOST_CORES];       /* of the recording machine: from when on */
    int64_t rest[SENT_COUNT];              /* sent in HISTORY_REST_MS of the last rest */
    struct history history;                /* of the current run; milestones are added at its end */
};

/* --- chance ----------------------------------------------------------------------------------- */

static uint64_t draw(struct lab *lab) /* splitmix64 */
{
    uint64_t z = lab->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static rcs_us between_ms(struct lab *lab, int64_t low, int64_t high)
{
    return RCS_MS(low) + (rcs_us)(draw(lab) % (uint64_t)RCS_MS(high - low));
}

static rcs_us exponential(struct lab *lab, rcs_us mean_us)
{
    double u = ((double)(draw(lab) >> 11) + 0.5) / 9007199254740992.0;
    return (rcs_us)(-log(u) * (double)mean_us);
}

static rcs_us wake(struct lab *lab)
{
    return exponential(lab, lab->plan->wake_us);
}

/* --- a cluster built by hand ------------------------------------------------------------------ */

/* Sends a command; the caller gives the session to finish(). */
static struct rcs_session *order(struct lab *lab, int node, const char *text)
{
    struct rcs_arg args[8];
    char copy[160];
    unsigned argc = 0;
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok(copy, " "); word != NULL && argc < 8; word = strtok(NULL, " ")) {
        args[argc++] = (struct rcs_arg){ .bytes = word, .size_bytes = (uint32_t)strlen(word) };
    }
    struct rcs_session *session = rcs_session_new(lab->sim, NULL, false);
    rcs_session_request(session, node, argc, args);
    return session;
}

/* Waits for the reply, which must not be an error. */
static void finish(struct lab *lab, struct rcs_session *session)
{
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(10);
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(lab->sim, limit)) {
    }
    assert_int_equal(rcs_session_state(session), RCS_SESSION_REPLIED);
    if (rcs_session_reply(session)->kind == RCS_REPLY_ERROR) {
        fail_msg("%.*s", (int)rcs_session_reply(session)->size_bytes,
                 rcs_session_reply(session)->bytes);
    }
    rcs_session_free(session);
}

static void ask(struct lab *lab, int node, const char *text)
{
    finish(lab, order(lab, node, text));
}

/* Adds what the node has sent to `counts`, so many times. */
static void count(struct lab *lab, int node, int times, int64_t counts[SENT_COUNT])
{
    char text[2000];
    struct rcs_session *session = order(lab, node, "CLUSTER INFO");
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(lab->sim, RCS_NEVER)) {
    }
    assert_int_equal(rcs_session_state(session), RCS_SESSION_REPLIED);
    const struct rcs_reply *reply = rcs_session_reply(session);
    snprintf(text, sizeof(text), "%.*s", (int)reply->size_bytes, reply->bytes);
    history_count(text, times, counts);
    rcs_session_free(session);
}

static void fault(struct lab *lab, enum rcs_fault what, int node)
{
    struct rcs_diag diag;
    assert_int_equal(rcs_sim_fault(lab->sim, what, &node, 1, &diag), RCS_OK);
}

static void configure_text(struct lab *lab, const char *name, const char *text)
{
    struct rcs_diag diag;
    if (rcs_sim_configure(lab->sim, -1, name, text, &diag) != RCS_OK) {
        fail_msg("%s %s: %s", name, text, diag.text);
    }
}

static void configure(struct lab *lab, const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", value);
    configure_text(lab, name, text);
}

static bool replica(const struct lab *lab, int node, struct rcs_view *view)
{
    rcs_sim_view(lab->sim, node, view);
    return view->replica;
}

/* All see the same roles and nobody failing, links are up, all is well. */
static bool settled(const struct lab *lab)
{
    for (int node = 0; node < lab->nodes; node++) {
        struct rcs_view view;
        rcs_sim_view(lab->sim, node, &view);
        if (!view.running || !view.state_ok || (int)view.known != lab->nodes ||
            (view.replica && !view.link_up)) {
            return false;
        }
        for (int other = 0; other < lab->nodes; other++) {
            struct rcs_opinion opinion;
            struct rcs_view own;
            bool follows = replica(lab, other, &own);
            if (!rcs_sim_opinion(lab->sim, node, other, &opinion) || !opinion.connected ||
                opinion.master != (follows ? own.master : -1) ||
                (opinion.flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) != 0) {
                return false;
            }
        }
    }
    return true;
}

static void settle(struct lab *lab)
{
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(120);
    while (!settled(lab)) {
        assert_true(rcs_sim_now(lab->sim) < limit);
        rcs_sim_advance(lab->sim, RCS_MS(20));
    }
}

static rcs_us start_takes(struct lab *lab)
{
    return between_ms(lab, 5, 15);
}

/* Processes are started one after the other, which takes each its ten milliseconds: that orders
 * their timers; at any phase of the wall clock's second, to which gossip rounds ages. Then all is
 * done by hand as the recordings did it. */
static void start_nodes(struct lab *lab)
{
    rcs_sim_advance(lab->sim, between_ms(lab, 0, 1000));
    for (int node = 0; node < lab->nodes; node++) {
        fault(lab, RCS_FAULT_START, node);
        rcs_sim_advance(lab->sim, start_takes(lab));
    }
}

static void meet(struct lab *lab, int masters)
{
    char text[96];
    for (int node = 0; node < lab->nodes; node++) {
        snprintf(text, sizeof(text), "CLUSTER SET-CONFIG-EPOCH %d", node + 1);
        ask(lab, node, text);
    }
    for (int node = 0; node < masters; node++) {
        snprintf(text, sizeof(text), "CLUSTER ADDSLOTSRANGE %d %d", 16384 * node / masters,
                 16384 * (node + 1) / masters - 1);
        ask(lab, node, text);
    }
    for (int node = 1; node < lab->nodes; node++) {
        snprintf(text, sizeof(text), "CLUSTER MEET %s %d", rcs_sim_node_ip(lab->sim, node),
                 rcs_sim_node_port(lab->sim, node));
        ask(lab, 0, text);
    }
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(120);
    for (int node = 0; node < lab->nodes;) {
        struct rcs_view view;
        rcs_sim_view(lab->sim, node, &view);
        if ((int)view.known == lab->nodes && view.assigned == 16384) {
            node++;
            continue;
        }
        assert_true(rcs_sim_now(lab->sim) < limit);
        rcs_sim_advance(lab->sim, RCS_MS(20));
    }
}

static void replicate(struct lab *lab, int node, int master)
{
    char text[80];
    snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", rcs_sim_node_id(lab->sim, master));
    ask(lab, node, text);
}

static void open_world(struct lab *lab, int nodes)
{
    struct rcs_sim_options options = { .seed = lab->seed,
                                       .network = lab->plan->network != NULL ? lab->plan->network
                                                                             : "loopback",
                                       .keep_milestones = true };
    struct rcs_diag diag;
    lab->random = lab->seed * 0x2545f4914f6cdd1du;
    lab->sim = rcs_sim_new(&options, &diag);
    assert_non_null(lab->sim);
    lab->nodes = nodes;
    configure_text(lab, "save", "");
}

/* m1..mM, then r1..: ri follows m(i mod M). With a chain a1.., b1..: a1-a3 masters, a4-a6 and b1-b3
 * their replicas, b4-b6 those of b1-b3. */
static void build(struct lab *lab)
{
    const struct plan *plan = lab->plan;
    int masters = plan->masters;
    struct rcs_diag diag;
    open_world(lab, masters * (1 + plan->replicas));
    assert_true(lab->nodes <= HISTORY_NODES);
    configure(lab, "cluster-node-timeout", plan->timeout_ms);
    configure(lab, "repl-diskless-sync-delay", plan->sync_delay);
    if (plan->directive != NULL) {
        configure_text(lab, plan->directive, plan->value);
    }
    for (int node = 0; node < lab->nodes; node++) {
        char name[16];
        int half = lab->nodes / 2;
        if (plan->experiment == TAKE_OVER_CHAINED) {
            snprintf(name, sizeof(name), "%c%d", node < half ? 'a' : 'b', node % half + 1);
        } else {
            snprintf(name, sizeof(name), "%c%d", node < masters ? 'm' : 'r',
                     node < masters ? node + 1 : node - masters + 1);
        }
        assert_int_equal(rcs_sim_add_node(lab->sim, name, NULL, NULL, &diag), node);
    }
    start_nodes(lab);
    meet(lab, masters);
    for (int node = lab->nodes - 1; node >= masters; node--) { /* from the chain's end */
        replicate(lab, node,
                  plan->experiment == TAKE_OVER_CHAINED && node >= 9 ? node - 3 : node % masters);
    }
    settle(lab);
    for (int shard = 0; shard < masters; shard++) {
        lab->elected_us[shard] = 0;
    }
}

/* Of all nodes but one. */
static void count_all(struct lab *lab, int but, int times, int64_t counts[SENT_COUNT])
{
    if (times < 0) {
        memset(counts, 0, SENT_COUNT * sizeof(counts[0]));
    }
    for (int node = 0; node < lab->nodes; node++) {
        if (node != but) {
            count(lab, node, times, counts);
        }
    }
}

/* At least four node timeouts and 4 s since the shard's last election, 2 s since the last change,
 * and 0..1 s at random. */
static void rest(struct lab *lab, int shard)
{
    int64_t pause_ms = lab->plan->timeout_ms * 4 > 4000 ? lab->plan->timeout_ms * 4 : 4000;
    rcs_us until = lab->elected_us[shard] + RCS_MS(pause_ms);
    settle(lab);
    if (lab->plan->counts) {
        count_all(lab, -1, -1, lab->rest);
        rcs_sim_advance(lab->sim, RCS_MS(HISTORY_REST_MS));
        count_all(lab, -1, 1, lab->rest);
    }
    rcs_sim_advance(lab->sim, RCS_S(2));
    if (rcs_sim_now(lab->sim) < until) {
        rcs_sim_advance(lab->sim, until - rcs_sim_now(lab->sim));
    }
    rcs_sim_advance(lab->sim, between_ms(lab, 0, 1000));
}

/* --- a run's history -------------------------------------------------------------------------- */

static void begin(struct lab *lab)
{
    struct rcs_milestone milestone;
    struct history *history = &lab->history;
    history_close(history);
    *history = (struct history){ .nodes = lab->nodes };
    for (int node = 0; node < lab->nodes; node++) {
        struct rcs_view view;
        snprintf(history->names[node], sizeof(history->names[0]), "%s",
                 rcs_sim_node_name(lab->sim, node));
        history->master[node] = replica(lab, node, &view) ? view.master : -1;
    }
    while (rcs_sim_milestone(lab->sim, lab->seen, &milestone)) {
        lab->seen++;
    }
    lab->t0_us = rcs_sim_now(lab->sim);
}

/* Log instants are cut to ms by the server's clock, the injection's is not. */
static int64_t logged_ms(const struct lab *lab, rcs_us at_us)
{
    rcs_us since_us = at_us / 1000 * 1000 - lab->t0_us;
    return (since_us + (since_us < 0 ? -500 : 500)) / 1000;
}

static void note(struct lab *lab, enum what what, int node, int about, rcs_us at_us, int64_t value)
{
    rcs_us since_us = at_us - lab->t0_us;
    history_add(&lab->history,
                &(struct occurrence){ .at_ms = (since_us + (since_us < 0 ? -500 : 500)) / 1000,
                                      .node = node,
                                      .about = about,
                                      .what = what,
                                      .values = { value } });
}

/* Since the injection: true if it happened. */
static bool happened(const struct lab *lab, const char *what, int node, int about)
{
    struct rcs_milestone one;
    for (size_t i = lab->seen; rcs_sim_milestone(lab->sim, i, &one); i++) {
        if (strcmp(one.what, what) == 0 && (node < 0 || one.node == node) &&
            (about < 0 || one.about == about)) {
            return true;
        }
    }
    return false;
}

static void until(struct lab *lab, const char *what, int node, int about)
{
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(60);
    while (!happened(lab, what, node, about)) {
        assert_true(rcs_sim_now(lab->sim) < limit);
        rcs_sim_advance(lab->sim, RCS_MS(5));
    }
}

/* What a full synchronisation waits for, one wake each: the connection; PING and its reply;
 * REPLCONF, twice in one write, and its replies; PSYNC and its reply; the child, the parent that
 * passes on what it writes, and the replica that reads it (Redis 7.0 syncWithMaster,
 * rdbSaveToSlavesSockets).
 */
static rcs_us sync_late(struct lab *lab)
{
    rcs_us late_us = 0;
    for (int i = 0; i < 1 + 2 + 2 + 2 + 3; i++) {
        late_us += wake(lab);
    }
    return late_us;
}

/* Redis 7.0 writes nodes.conf before the turn of its loop ends in which one of these happens. */
static bool is_saved(const char *what)
{
    static const char *const saved[] = { "fail",         "fail-received", "fail-cleared",
                                         "vote-granted", "slots",         "election-started",
                                         "election-won", "follows",       "takeover",
                                         "promoted",     "epoch-bumped",  "follows-grandmaster" };
    for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++) {
        if (strcmp(saved[i], what) == 0) {
            return true;
        }
    }
    return false;
}

/* The turn of a node's loop that begins with the i-th milestone: does it write nodes.conf? */
static bool turn_saves(const struct lab *lab, size_t i)
{
    struct rcs_milestone first, one;
    bool saves = false;
    assert_true(rcs_sim_milestone(lab->sim, i, &first));
    for (; !saves && rcs_sim_milestone(lab->sim, i, &one) && one.at_us == first.at_us; i++) {
        saves = one.node == first.node && is_saved(one.what);
    }
    return saves;
}

struct turn {
    rcs_us at_us;            /* as simulated */
    rcs_us late_us, sent_us; /* how much later it began, and what it had to say left */
};

/* When a turn begins that is late by `late_us` already; one that saves waits for a processor and
 * holds it. */
static void take_turn(struct lab *lab, struct turn *turn, rcs_us at_us, rcs_us late_us, bool saves)
{
    rcs_us *core = &lab->core_free_us[0];
    rcs_us busy_us = turn->at_us + turn->sent_us - at_us; /* it deals with one after the other */
    late_us = late_us > busy_us ? late_us : busy_us;
    for (int i = 1; i < lab->plan->cores && i < MOST_CORES; i++) {
        core = lab->core_free_us[i] < *core ? &lab->core_free_us[i] : core;
    }
    *turn = (struct turn){ at_us, late_us, late_us };
    if (saves && lab->plan->work_us > 0) {
        turn->late_us = *core - at_us > late_us ? *core - at_us : late_us;
        turn->sent_us = turn->late_us + exponential(lab, lab->plan->work_us);
        *core = at_us + turn->sent_us;
    }
}

/* What polls show, by which milestone they do, at the node itself or at any: a poll sees that as
 * much later, on average, as it happened. */
static const struct {
    enum what what;
    const char *by;
    bool by_any;
} shown[] = {
    { WHAT_POLLED_OWNER, "slots", false },
    { WHAT_POLLED_LINK, "repl-finished", false },
    { WHAT_POLLED_CLEAR, "fail-cleared", true },
};
#define SHOWN_COUNT (int)(sizeof(shown) / sizeof(shown[0]))

/* The milestones since the injection, each as late as the recording machine made it: a process
 * woken by a message is late by as much as its sender was, and by its own wake; one woken by its
 * timer by its own wake. Who writes nodes.conf needs a processor for it, of which there are few;
 * what it says leaves after that. What one event causes at a node is one turn of its loop. */
static void collect(struct lab *lab)
{
    rcs_us shown_late_us[SHOWN_COUNT][HISTORY_NODES] = { { 0 } };
    struct turn turns[HISTORY_NODES];
    struct rcs_milestone one;
    for (int node = 0; node < HISTORY_NODES; node++) {
        turns[node] = (struct turn){ -RCS_S(1), 0, 0 };
    }
    memset(lab->core_free_us, 0, sizeof(lab->core_free_us));
    for (size_t i = lab->seen; rcs_sim_milestone(lab->sim, i, &one); i++) {
        enum what what = what_named(one.what);
        struct turn *turn = &turns[one.node];
        if (turn->at_us != one.at_us) {
            const struct turn *from = one.on_from >= 0 ? &turns[one.on_from] : NULL;
            rcs_us late_us = wake(lab);
            bool ordered = what == WHAT_TAKEOVER;
            if (ordered) {
                late_us = lab->command_late_us[one.node];
            } else if (what == WHAT_REPL_FINISHED) {
                late_us = sync_late(lab);
            } else if (from != NULL) {
                late_us += one.at_us - from->at_us < RCS_MS(NEWS_MS) ? from->sent_us : wake(lab);
            }
            take_turn(lab, turn, one.at_us, late_us, !ordered && turn_saves(lab, i));
        }
        for (int k = 0; k < SHOWN_COUNT; k++) {
            if (strcmp(one.what, shown[k].by) == 0) {
                shown_late_us[k][shown[k].by_any ? 0 : one.node] = turn->late_us;
            }
        }
        if (what != WHAT_COUNT) {
            history_add(&lab->history, &(struct occurrence){
                                           .at_ms = logged_ms(lab, one.at_us + turn->late_us),
                                           .node = one.node,
                                           .about = one.about,
                                           .what = what,
                                           .values = { one.values[0], one.values[1] },
                                       });
        }
    }
    for (unsigned i = 0; i < lab->history.count; i++) {
        struct occurrence *seen = &lab->history.list[i];
        for (int k = 0; k < SHOWN_COUNT; k++) {
            if (seen->what == shown[k].what) {
                rcs_us late_us = shown_late_us[k][shown[k].by_any ? 0 : seen->node];
                seen->at_ms += (late_us + 500) / 1000;
            }
        }
    }
    history_sort(&lab->history);
}

/* --- the poller ------------------------------------------------------------------------------- */

/* What is waited for, at one node or all (-1); the first reply that shows it is noted. */
struct watch {
    enum what what;
    bool (*shows)(const struct lab *lab, int node, int about);
    int node, about;
    bool seen[HISTORY_NODES];
};

/* The longest of 200 exponential times is 5.9 times their mean, on average. */
static rcs_us poll_gap(struct lab *lab)
{
    const struct plan *plan = lab->plan;
    return RCS_MS(plan->poll_ms) +
           exponential(lab, RCS_MS(plan->poll_most_ms - plan->poll_ms) * 10 / 59);
}

/* Asks every node every poll_ms, for so long at least, and until every watch of one node has seen
 * what it waits for. */
static void poll(struct lab *lab, struct watch *watches, int count, int64_t least_ms)
{
    rcs_us ends_us = rcs_sim_now(lab->sim) + RCS_MS(least_ms), limit_us = ends_us + RCS_S(30);
    bool waits = true;
    rcs_sim_advance(lab->sim, between_ms(lab, 0, lab->plan->poll_ms));
    while (waits || rcs_sim_now(lab->sim) < ends_us) {
        waits = false;
        assert_true(rcs_sim_now(lab->sim) < limit_us);
        rcs_us late_us = 0; /* one node is asked after the other */
        for (int i = 0; i < lab->nodes; i++) {
            if (rcs_sim_node_life(lab->sim, i) != RCS_LIFE_UP) {
                continue;
            }
            late_us += wake(lab) + wake(lab);
            for (struct watch *watch = watches; watch < watches + count; watch++) {
                if (!watch->seen[i] && (watch->node < 0 || watch->node == i) &&
                    watch->shows(lab, i, watch->about)) {
                    watch->seen[i] = true;
                    note(lab, watch->what, i, watch->about, rcs_sim_now(lab->sim) + late_us, 0);
                }
            }
        }
        for (struct watch *watch = watches; watch < watches + count; watch++) {
            waits = waits || (watch->node >= 0 && !watch->seen[watch->node]);
        }
        rcs_sim_advance(lab->sim, poll_gap(lab));
    }
}

static bool shows_owner(const struct lab *lab, int node, int owner)
{
    struct rcs_opinion opinion;
    return rcs_sim_opinion(lab->sim, node, owner, &opinion) && opinion.slots > 0;
}

static bool shows_link(const struct lab *lab, int node, int about)
{
    struct rcs_view view;
    (void)about;
    return replica(lab, node, &view) && view.link_up;
}

/* No view has a fail flag and the node's replication link is up. */
static bool shows_clear(const struct lab *lab, int node, int about)
{
    struct rcs_view view;
    (void)about;
    if (replica(lab, node, &view) && !view.link_up) {
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
static int next_victim(struct lab *lab)
{
    int masters = lab->plan->masters, shard = (int)(draw(lab) % (uint64_t)masters);
    for (int i = 0; i < masters; i++) {
        shard = lab->elected_us[i] < lab->elected_us[shard] ? i : shard;
    }
    for (int node = shard; node < lab->nodes; node += masters) {
        struct rcs_view view;
        if (!replica(lab, node, &view)) {
            rest(lab, shard);
            return node;
        }
    }
    fail_msg("shard %d has no master", shard);
    return -1;
}

static int replica_of(const struct lab *lab, int master)
{
    for (int node = 0; node < lab->nodes; node++) {
        struct rcs_view view;
        if (replica(lab, node, &view) && view.master == master) {
            return node;
        }
    }
    fail_msg("node %d has no replica", master);
    return -1;
}

/* The one that won; polls for its slots meanwhile. */
static int await_winner(struct lab *lab)
{
    struct rcs_milestone one;
    until(lab, "election-won", -1, -1);
    size_t i = lab->seen;
    while (rcs_sim_milestone(lab->sim, i, &one) && strcmp(one.what, "election-won") != 0) {
        i++;
    }
    struct watch watch = { WHAT_POLLED_OWNER, shows_owner, -1, one.node, { false } };
    poll(lab, &watch, 1, 300);
    lab->elected_us[one.node % lab->plan->masters] = one.at_us;
    return one.node;
}

static void restart(struct lab *lab, int node)
{
    rcs_sim_advance(lab->sim, between_ms(lab, 500, 1500));
    fault(lab, RCS_FAULT_START, node);
}

/* A replica of `master` connects anew, and a write reaches the other one meanwhile. */
static void let_lag(struct lab *lab, int master)
{
    static const char *const writes[] = { "SET b 1", "SET c 1", "SET a 1" }; /* by shard */
    char text[80];
    snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", rcs_sim_node_id(lab->sim, master));
    struct rcs_session *cut = order(lab, replica_of(lab, master), text);
    ask(lab, master, writes[master % 3]);
    finish(lab, cut);
}

static void kill_one(struct lab *lab)
{
    int victim = next_victim(lab);
    int64_t sent[SENT_COUNT];
    if (lab->plan->counts) {
        count_all(lab, victim, -1, sent);
    }
    if (lab->plan->experiment == KILL_LAGGING) {
        let_lag(lab, victim);
    }
    begin(lab);
    note(lab, WHAT_KILLED, victim, -1, lab->t0_us, 0);
    fault(lab, RCS_FAULT_KILL, victim);
    await_winner(lab);
    collect(lab);
    if (lab->plan->counts) {
        count_all(lab, victim, 1, sent);
        lab->history.counted = true;
        memcpy(lab->history.sent, sent, sizeof(sent));
        memcpy(lab->history.rest, lab->rest, sizeof(lab->rest));
    }
    restart(lab, victim);
}

static void kill_and_restart(struct lab *lab)
{
    int victim = next_victim(lab);
    begin(lab);
    fault(lab, RCS_FAULT_KILL, victim);
    await_winner(lab);
    rcs_sim_advance(lab->sim, between_ms(lab, 500, 1500));
    begin(lab);
    note(lab, WHAT_STARTED, victim, -1, lab->t0_us, 0);
    note(lab, WHAT_READY, victim, -1, lab->t0_us, 0);
    fault(lab, RCS_FAULT_START, victim);
    rcs_sim_advance(lab->sim, 0);
    struct watch watches[] = {
        { WHAT_POLLED_LINK, shows_link, victim, -1, { false } },
        { WHAT_POLLED_CLEAR, shows_clear, victim, -1, { false } },
    };
    poll(lab, watches, 2, 300);
    collect(lab);
}

/* As many at a time as there are processors to start them. */
static void restart_all(struct lab *lab, const int *nodes, int count)
{
    struct watch watches[HISTORY_NODES + 1];
    rcs_sim_advance(lab->sim, between_ms(lab, 500, 1500));
    begin(lab);
    for (int i = 0; i < count; i++) {
        if (i > 0 && lab->plan->cores > 0 && i % lab->plan->cores == 0) {
            rcs_sim_advance(lab->sim, start_takes(lab));
        }
        note(lab, WHAT_STARTED, nodes[i], -1, rcs_sim_now(lab->sim), 0);
        note(lab, WHAT_READY, nodes[i], -1, rcs_sim_now(lab->sim), 0);
        fault(lab, RCS_FAULT_START, nodes[i]);
        watches[i] = (struct watch){ WHAT_POLLED_LINK, shows_link, nodes[i], -1, { false } };
    }
    rcs_sim_advance(lab->sim, 0);
    watches[count] = (struct watch){ WHAT_POLLED_CLEAR, shows_clear, nodes[0], -1, { false } };
    poll(lab, watches, count + 1, 300);
    collect(lab);
}

static bool all_failed(const struct lab *lab)
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
static void take_over(struct lab *lab)
{
    int told[HISTORY_NODES], dead[HISTORY_NODES], tolds = 0, deads = 0;
    struct rcs_session *orders[HISTORY_NODES];
    unsigned order_count = 0;
    rcs_us taken_us = 0;
    rest(lab, 0);
    begin(lab);
    for (int node = 0; node < lab->nodes; node++) {
        bool dies = lab->plan->experiment == TAKE_OVER_CHAINED ? node < lab->nodes / 2
                                                               : lab->history.master[node] < 0;
        int master = lab->history.master[node];
        if (dies) {
            dead[deads++] = node;
            note(lab, WHAT_KILLED, node, -1, lab->t0_us, 0);
            fault(lab, RCS_FAULT_KILL, node);
        } else if (master >= 0 && lab->history.master[master] < 0) {
            told[tolds++] = node;
        }
    }
    while (!all_failed(lab)) {
        assert_true(rcs_sim_now(lab->sim) - lab->t0_us < RCS_S(60));
        rcs_sim_advance(lab->sim, RCS_MS(1));
    }
    rcs_sim_advance(lab->sim, between_ms(lab, 0, lab->plan->poll_ms) + between_ms(lab, 200, 700));
    while (tolds > 0) {
        int i = (int)(draw(lab) % (uint64_t)tolds);
        note(lab, WHAT_TOLD, told[i], -1, rcs_sim_now(lab->sim) + taken_us, 0);
        taken_us += exponential(lab, lab->plan->command_us);
        lab->command_late_us[told[i]] = taken_us;
        orders[order_count++] = order(lab, told[i], "CLUSTER FAILOVER TAKEOVER");
        told[i] = told[--tolds];
    }
    for (int shard = 0; shard < lab->plan->masters; shard++) {
        lab->elected_us[shard] = rcs_sim_now(lab->sim);
    }
    while (order_count > 0) {
        finish(lab, orders[--order_count]);
    }
    int writable_ms = lab->plan->timeout_ms < 5000 ? lab->plan->timeout_ms : 5000;
    rcs_sim_advance(lab->sim, RCS_MS(writable_ms + 1000));
    collect(lab);
    if (lab->plan->experiment == TAKE_OVER_AND_RESTART) {
        restart_all(lab, dead, deads);
        return;
    }
    while (deads > 0) {
        restart(lab, dead[--deads]);
    }
}

static void fail_over(struct lab *lab, bool force)
{
    int master = next_victim(lab), node = replica_of(lab, master);
    begin(lab);
    if (force) {
        note(lab, WHAT_KILLED, master, -1, lab->t0_us, 0);
        fault(lab, RCS_FAULT_KILL, master);
        rcs_sim_advance(lab->sim, between_ms(lab, 50, 600));
    }
    note(lab, WHAT_TOLD, node, -1, rcs_sim_now(lab->sim), 0);
    ask(lab, node, force ? "CLUSTER FAILOVER FORCE" : "CLUSTER FAILOVER");
    await_winner(lab);
    collect(lab);
    if (force) {
        restart(lab, master);
    }
}

static void pause_one(struct lab *lab, uint64_t run)
{
    static const int halves[] = { 1, 3, 6 }; /* of a node timeout */
    int victim = next_victim(lab), stop_ms = lab->plan->timeout_ms * halves[run % 3] / 2;
    begin(lab);
    note(lab, WHAT_PAUSED, victim, -1, lab->t0_us, stop_ms);
    fault(lab, RCS_FAULT_PAUSE, victim);
    rcs_sim_advance(lab->sim, RCS_MS(stop_ms) + wake(lab));
    note(lab, WHAT_RESUMED, victim, -1, rcs_sim_now(lab->sim), 0);
    fault(lab, RCS_FAULT_RESUME, victim);
    rcs_sim_advance(lab->sim, RCS_MS(2500));
    if (happened(lab, "election-won", -1, -1)) {
        lab->elected_us[victim % lab->plan->masters] = rcs_sim_now(lab->sim);
    }
    collect(lab);
}

static void run_once(struct lab *lab, uint64_t run)
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
    struct lab lab = { .plan = plan, .seed = seed };
    uint64_t before = seed / 3 % (uint64_t)plan->runs; /* so that each third has all pauses */
    build(&lab);
    for (uint64_t run = 0; run <= before; run++) {
        run_once(&lab, seed + before - run);
    }
    assert_string_equal(rcs_sim_broken(lab.sim), "");
    rcs_sim_free(lab.sim);
    return lab.history;
}

/* --- an idle cluster -------------------------------------------------------------------------- */

void timing_lab_idle(uint64_t seed, int nodes, int masters, int timeout_ms, int window_ms,
                     int64_t *pings, int64_t *pongs)
{
    const struct plan plan = { .timeout_ms = timeout_ms };
    struct lab lab = { .plan = &plan, .seed = seed };
    struct rcs_diag diag;
    open_world(&lab, nodes);
    configure(&lab, "cluster-node-timeout", timeout_ms);
    configure(&lab, "repl-diskless-sync-delay", 0);
    for (int node = 0; node < nodes; node++) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", node);
        assert_int_equal(rcs_sim_add_node(lab.sim, name, NULL, NULL, &diag), node);
    }
    start_nodes(&lab);
    meet(&lab, masters);
    for (int node = masters; node < nodes; node++) {
        replicate(&lab, node, node % masters);
    }
    settle(&lab);
    rcs_sim_advance(lab.sim, RCS_MS(2 * timeout_ms) + between_ms(&lab, 0, 1000));
    int node = (int)(draw(&lab) % (uint64_t)nodes);
    int64_t sent[SENT_COUNT] = { 0 };
    count(&lab, node, -1, sent);
    rcs_sim_advance(lab.sim, RCS_MS(window_ms));
    count(&lab, node, 1, sent);
    *pings = sent[SENT_PING];
    *pongs = sent[SENT_PONG];
    rcs_sim_free(lab.sim);
}
