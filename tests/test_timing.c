/* Times of failure detection, elections, takeovers and returns against those measured on real
 * servers (tests/vectors/timing), as distributions: the same cluster for many seeds,
 * Kolmogorov-Smirnov.
 *
 * Compared, in ms of the nodes' own logs, per run (not per observer, unless each is drawn anew):
 *   auto        pfail_first, pfail_quorum (of the last master needed), pfail_to_fail (to the first
 * FAIL), fail_spread, first_marker_is_replica (0/1), fail_to_delayed, delay_rank0, start_late
 * (against the delay logged), start_to_vote, start_to_won, won_to_ok (each other node: 0-4 or
 * 40-45, the step of Nagle and delayed acknowledgement), fail_to_won, starts (elections) takeover
 * pfail_first, state_fail_first, state_fail_last, takeover_to_fail_first, takeover_to_fail,
 *               reconf_replica, ok_master, ok_replica
 *   manual      accept_to_offset, accept_to_ready, accept_to_start, start_to_vote, start_to_won,
 *               won_to_old_master
 *   sigstop     how far it came after 0.5, 1.5 and 3 node timeouts (0/1); three_pfail_quorum,
 *               three_pfail_to_fail, three_cont_to_replica
 *   rejoin      ready_to_replica, ready_to_synced, ready_to_clear_first, ready_to_clear_last
 * Each has a slack: what the real machine's load and millisecond logs add (a shift up to it is
 * forgiven).
 *
 * Not compared: instants seen by polling (20 ms coarse) and by the writing client, which follow
 * from those above; the sets on a disk (4 ms an fsync) and with 15 s; rank 1 (the recording cut one
 * replication link to make a replica miss a write, which faults here do not do alone; rank 0's
 * delay is compared).
 *
 * Short (default): 40 runs of some; `long` as argument or RCS_LONG in the environment: 200 runs of
 * all. */
#include <rcsim/sim.h>

#include "tests/support/support.h"
#include "tests/support/timing.h"

#define NODES 12

struct lab {
    struct rcs_sim *sim;
    int masters, replicas; /* of the first three masters: replica i follows master i % masters */
    int timeout_ms;
    size_t seen; /* milestones */
    int64_t t0_ms;
};

static bool is_long;

/* --- a cluster built by hand ------------------------------------------------------------------ */

static int64_t now_ms(const struct lab *lab)
{
    return rcs_sim_now(lab->sim) / 1000;
}

static void ask(struct lab *lab, int node, const char *text)
{
    struct rcs_arg args[8];
    char copy[160];
    unsigned argc = 0;
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = copy; *word != '\0' && argc < 8;) {
        size_t size = strcspn(word, " ");
        args[argc++] = (struct rcs_arg){ .bytes = word, .size_bytes = (uint32_t)size };
        word += size + (word[size] == ' ');
    }
    struct rcs_session *session = rcs_session_new(lab->sim, NULL, false);
    rcs_session_request(session, node, argc, args);
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(10);
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(lab->sim, limit)) {
    }
    assert_int_equal(rcs_session_state(session), RCS_SESSION_REPLIED);
    if (rcs_session_reply(session)->kind == RCS_REPLY_ERROR) {
        fail_msg("%s: %.*s", text, (int)rcs_session_reply(session)->size_bytes,
                 rcs_session_reply(session)->bytes);
    }
    rcs_session_free(session);
}

static void replicate(struct lab *lab, int node, int master)
{
    char text[80];
    snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", rcs_sim_node_id(lab->sim, master));
    ask(lab, node, text);
}

/* All see the same roles, links are up, all is well. */
static bool settled(const struct lab *lab, int count)
{
    for (int node = 0; node < count; node++) {
        struct rcs_view view;
        rcs_sim_view(lab->sim, node, &view);
        if (!view.running || !view.state_ok || (int)view.known != count ||
            (view.replica && !view.link_up)) {
            return false;
        }
        for (int other = 0; other < count; other++) {
            struct rcs_opinion opinion;
            struct rcs_view own;
            rcs_sim_view(lab->sim, other, &own);
            if (!rcs_sim_opinion(lab->sim, node, other, &opinion) || !opinion.connected ||
                opinion.master != (own.replica ? own.master : -1)) {
                return false;
            }
        }
    }
    return true;
}

static void settle(struct lab *lab, int count)
{
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(60);
    while (!settled(lab, count)) {
        assert_true(rcs_sim_now(lab->sim) < limit);
        rcs_sim_advance(lab->sim, RCS_MS(20));
    }
}

static void begin(struct lab *lab);
static void fault(struct lab *lab, enum rcs_fault what, const int *nodes, unsigned count);

/* Restarts each node in turn, as the recorded clusters had been used for several runs: a cluster
 * just built pings in lockstep, and gossip then needs up to a second to spread news that otherwise
 * take a tenth. */
static void live_a_while(struct lab *lab, uint64_t seed, int count)
{
    for (int i = 0; i < count; i++) {
        int node = count - 1 - i; /* replicas first; masters come back before they are missed */
        fault(lab, RCS_FAULT_KILL, &node, 1);
        rcs_sim_advance(lab->sim, RCS_MS(20 + (int)(seed * 7919 + (uint64_t)i * 104729) % 80));
        fault(lab, RCS_FAULT_START, &node, 1);
        settle(lab, count);
        rcs_sim_advance(lab->sim, RCS_MS(200 + (int)(seed * 31 + (uint64_t)i * 15485863) % 900));
    }
}

/* Nodes 0..2 masters, then their replicas; with `chain` those of the last three follow 6..8. */
static void lab_init(struct lab *lab, uint64_t seed, int timeout_ms, int count, bool chain,
                     int sync_delay)
{
    struct rcs_sim_options options = { .seed = seed,
                                       .network = "loopback",
                                       .keep_milestones = true };
    struct rcs_diag diag;
    char text[96], name[16];
    *lab = (struct lab){ .sim = rcs_sim_new(&options, &diag), .timeout_ms = timeout_ms };
    assert_non_null(lab->sim);
    snprintf(text, sizeof(text), "%d", timeout_ms);
    assert_int_equal(rcs_sim_configure(lab->sim, -1, "cluster-node-timeout", text, &diag), RCS_OK);
    snprintf(text, sizeof(text), "%d", sync_delay);
    assert_int_equal(rcs_sim_configure(lab->sim, -1, "repl-diskless-sync-delay", text, &diag),
                     RCS_OK);
    assert_int_equal(rcs_sim_configure(lab->sim, -1, "save", "", &diag), RCS_OK);
    for (int node = 0; node < count; node++) {
        snprintf(name, sizeof(name), "n%d", node);
        assert_int_equal(rcs_sim_add_node(lab->sim, name, NULL, NULL, &diag), node);
    }
    for (int node = 0; node < count; node++) {
        assert_int_equal(rcs_sim_fault(lab->sim, RCS_FAULT_START, &node, 1, &diag), RCS_OK);
        rcs_sim_advance(lab->sim, RCS_MS(12));
    }
    for (int node = 0; node < count; node++) {
        snprintf(text, sizeof(text), "CLUSTER SET-CONFIG-EPOCH %d", node + 1);
        ask(lab, node, text);
    }
    for (int node = 0; node < 3; node++) {
        static const int cuts[] = { 0, 5461, 10922, 16384 };
        snprintf(text, sizeof(text), "CLUSTER ADDSLOTSRANGE %d %d", cuts[node], cuts[node + 1] - 1);
        ask(lab, node, text);
    }
    for (int node = 1; node < count; node++) {
        snprintf(text, sizeof(text), "CLUSTER MEET %s %d", rcs_sim_node_ip(lab->sim, node),
                 rcs_sim_node_port(lab->sim, node));
        ask(lab, 0, text);
    }
    rcs_sim_advance(lab->sim, RCS_S(8));
    for (int node = count - 1; node >= 3;
         node--) { /* from the chain's end: only masters are followed */
        replicate(lab, node, chain && node >= 9 ? node - 3 : node % 3);
    }
    settle(lab, count);
    live_a_while(lab, seed, count);
    /* Two seconds and four node timeouts of rest, then a phase of the cron at random. */
    rcs_sim_advance(lab->sim, RCS_MS(4 * timeout_ms > 4000 ? 4 * timeout_ms : 4000));
    rcs_sim_advance(lab->sim, (rcs_us)((seed * 2654435761u) % 1000000));
}

static void lab_close(struct lab *lab)
{
    assert_string_equal(rcs_sim_broken(lab->sim), "");
    rcs_sim_free(lab->sim);
}

static void fault(struct lab *lab, enum rcs_fault what, const int *nodes, unsigned count)
{
    struct rcs_diag diag;
    assert_int_equal(rcs_sim_fault(lab->sim, what, nodes, count, &diag), RCS_OK);
}

/* Marks t0; milestones before it are not looked at. */
static void begin(struct lab *lab)
{
    struct rcs_milestone milestone;
    while (rcs_sim_milestone(lab->sim, lab->seen, &milestone)) {
        lab->seen++;
    }
    lab->t0_ms = now_ms(lab);
}

/* --- what happened ---------------------------------------------------------------------------- */

struct event {
    int64_t at_ms;
    int node, about;
    int64_t values[3];
    const char *what;
};

/* The i-th since begin(). */
static bool event_at(const struct lab *lab, size_t i, struct event *out)
{
    struct rcs_milestone milestone;
    if (!rcs_sim_milestone(lab->sim, lab->seen + i, &milestone)) {
        return false;
    }
    *out = (struct event){
        milestone.at_us / 1000, milestone.node, milestone.about, { 0 }, milestone.what
    };
    memcpy(out->values, milestone.values, sizeof(out->values));
    return true;
}

static bool is(const struct event *event, const char *what)
{
    return strcmp(event->what, what) == 0;
}

static bool is_fail(const struct event *event)
{
    return is(event, "fail") || is(event, "fail-received");
}

/* The first such event (node, about: -1 any) not before `from_ms`; -1. */
static int64_t first_ms(const struct lab *lab, const char *what, int node, int about,
                        int64_t from_ms)
{
    struct event event;
    for (size_t i = 0; event_at(lab, i, &event); i++) {
        if (is(&event, what) && event.at_ms >= from_ms && (node < 0 || event.node == node) &&
            (about < 0 || event.about == about)) {
            return event.at_ms;
        }
    }
    return -1;
}

static int64_t first_fail_ms(const struct lab *lab, int node, int about)
{
    int64_t marked = first_ms(lab, "fail", node, about, 0);
    int64_t heard = first_ms(lab, "fail-received", node, about, 0);
    return marked < 0 || (heard >= 0 && heard < marked) ? heard : marked;
}

static void add(struct samples *samples, const char *name, int64_t value)
{
    sample_add(sample_named(samples, name), value);
}

/* Until `what` happened at `node` (-1 anybody), at most so long. */
static bool until(struct lab *lab, const char *what, int node, int about, int64_t most_ms)
{
    int64_t end = now_ms(lab) + most_ms;
    while (first_ms(lab, what, node, about, 0) < 0) {
        if (now_ms(lab) >= end) {
            return false;
        }
        rcs_sim_advance(lab->sim, RCS_MS(5));
    }
    return true;
}

/* --- one of three masters dies ---------------------------------------------------------------- */

/* When the second of the two other masters suspects node 0. */
static int64_t pfail_quorum_ms(const struct lab *lab)
{
    int64_t one = first_ms(lab, "pfail", 1, 0, 0), other = first_ms(lab, "pfail", 2, 0, 0);
    return one < 0 || other < 0 ? -1 : one > other ? one : other;
}

static void measure_detection(const struct lab *lab, struct samples *out, int count)
{
    int64_t quorum = pfail_quorum_ms(lab), first = first_fail_ms(lab, -1, 0), last = first;
    add(out, "pfail_first", first_ms(lab, "pfail", -1, 0, 0) - lab->t0_ms);
    if (quorum >= 0) {
        add(out, "pfail_quorum", quorum - lab->t0_ms);
        add(out, "pfail_to_fail", first - quorum);
    }
    for (int node = 1; node < count; node++) {
        int64_t at = first_fail_ms(lab, node, 0);
        last = at > last ? at : last;
    }
    add(out, "fail_spread", last - first);
    struct event event;
    for (size_t i = 0; event_at(lab, i, &event); i++) {
        if (is(&event, "fail") && event.about == 0) {
            add(out, "first_marker_is_replica", event.node > 2);
            break;
        }
    }
}

static void measure_election(const struct lab *lab, struct samples *out)
{
    struct event event, won = { 0 };
    int starts = 0;
    int64_t delayed = -1, delay = 0, start = -1;
    for (size_t i = 0; event_at(lab, i, &event); i++) {
        won = is(&event, "election-won") ? event : won;
    }
    for (size_t i = 0; event_at(lab, i, &event); i++) {
        starts += is(&event, "election-started");
        if (is(&event, "election-delayed") && event.values[1] == 0) {
            add(out, "delay_rank0", event.values[0]);
        }
        if (event.node == won.node && is(&event, "election-delayed") && delayed < 0) {
            delayed = event.at_ms;
            delay = event.values[0];
        }
        if (event.node == won.node && is(&event, "election-started")) {
            start = event.at_ms;
        }
        if (is(&event, "vote-granted") && event.about == won.node && start >= 0) {
            add(out, "start_to_vote", event.at_ms - start);
        }
        if (is(&event, "state-ok") && event.node != won.node) {
            add(out, "won_to_ok", event.at_ms - won.at_ms);
        }
    }
    add(out, "starts", starts);
    add(out, "fail_to_delayed", delayed - first_fail_ms(lab, won.node, 0));
    if (starts == 1) {
        add(out, "start_late", start - delayed - delay);
    }
    add(out, "start_to_won", won.at_ms - start);
    add(out, "fail_to_won", won.at_ms - first_fail_ms(lab, -1, 0));
}

static void kill_master(struct lab *lab)
{
    static const int victim = 0;
    begin(lab);
    fault(lab, RCS_FAULT_KILL, &victim, 1);
    assert_true(until(lab, "election-won", -1, -1, 60000));
    rcs_sim_advance(lab->sim, RCS_MS(300));
}

static void run_auto(struct samples *out, uint64_t seed, int timeout_ms, int replicas)
{
    struct lab lab;
    lab_init(&lab, seed, timeout_ms, 3 + replicas, false, 0);
    kill_master(&lab);
    measure_detection(&lab, out, 3 + replicas);
    measure_election(&lab, out);
    lab_close(&lab);
}

/* --- and comes back --------------------------------------------------------------------------- */

static void run_rejoin(struct samples *out, uint64_t seed, int timeout_ms, int sync_delay)
{
    static const int victim = 0;
    struct lab lab;
    lab_init(&lab, seed, timeout_ms, 6, false, sync_delay);
    kill_master(&lab);
    rcs_sim_advance(lab.sim, RCS_MS(2000) + (rcs_us)(seed * 40503u % 1000000));
    begin(&lab);
    fault(&lab, RCS_FAULT_START, &victim, 1);
    assert_true(until(&lab, "repl-finished", victim, -1, 20000));
    rcs_sim_advance(lab.sim, RCS_MS(1000));
    add(out, "ready_to_replica", first_ms(&lab, "follows", victim, -1, 0) - lab.t0_ms);
    add(out, "ready_to_synced", first_ms(&lab, "repl-finished", victim, -1, 0) - lab.t0_ms);
    struct event event;
    int64_t first = -1, last = -1;
    for (size_t i = 0; event_at(&lab, i, &event); i++) {
        if (is(&event, "fail-cleared") && event.about == victim) {
            first = first < 0 ? event.at_ms : first;
            last = event.at_ms;
        }
    }
    assert_true(first >= 0);
    add(out, "ready_to_clear_first", first - lab.t0_ms);
    add(out, "ready_to_clear_last", last - lab.t0_ms);
    lab_close(&lab);
}

/* --- all masters die, replicas are told to take over ------------------------------------------ */

static bool all_failed(const struct lab *lab, int from, int count)
{
    for (int node = from; node < count; node++) {
        struct rcs_view view;
        rcs_sim_view(lab->sim, node, &view);
        if (view.state_ok) {
            return false;
        }
    }
    return true;
}

static int64_t drawn(struct samples *recorded, const char *name, uint64_t index)
{
    const struct sample *sample = sample_named(recorded, name);
    return sample->values[index % sample->count];
}

/* `chain`: twelve nodes, 0..5 die, 6..8 take over. Else six, 0..2 die, 3..5 take over. */
static void run_takeover(struct samples *out, struct samples *recorded, uint64_t seed,
                         int timeout_ms, bool chain)
{
    static const int victims[] = { 0, 1, 2, 3, 4, 5 };
    int count = chain ? 12 : 6, dead = chain ? 6 : 3;
    struct lab lab;
    struct event event;
    int64_t told[3], first = 0, last = 0;
    lab_init(&lab, seed, timeout_ms, count, chain, 0);
    begin(&lab);
    fault(&lab, RCS_FAULT_KILL, victims, (unsigned)dead);
    while (!all_failed(&lab, dead, count)) {
        assert_true(now_ms(&lab) - lab.t0_ms < 60000);
        rcs_sim_advance(lab.sim, RCS_MS(1));
    }
    for (int victim = 0; victim < dead; victim++) {
        add(out, "pfail_first", first_ms(&lab, "pfail", -1, victim, 0) - lab.t0_ms);
    }
    for (size_t i = 0; event_at(&lab, i, &event); i++) {
        if (is(&event, "state-fail")) {
            first = first == 0 ? event.at_ms : first;
            last = event.at_ms;
        }
    }
    add(out, "state_fail_first", first - lab.t0_ms);
    add(out, "state_fail_last", last - lab.t0_ms);
    /* The pauses between the orders are the recorded driver's. */
    rcs_sim_advance(lab.sim, RCS_MS(drawn(recorded, "settle", seed)));
    for (int i = 0; i < 3; i++) {
        told[i] = now_ms(&lab);
        ask(&lab, dead + i, "CLUSTER FAILOVER TAKEOVER");
        if (i < 2) {
            int64_t gap = drawn(recorded, "gap", 2 * seed + (uint64_t)i) - (now_ms(&lab) - told[i]);
            rcs_sim_advance(lab.sim, gap > 0 ? RCS_MS(gap) : 0);
        }
    }
    rcs_sim_advance(lab.sim, RCS_MS((timeout_ms < 5000 ? timeout_ms : 5000) + 1000));
    int64_t ok[NODES] = { 0 }, first_fail = -1;
    for (size_t i = 0; event_at(&lab, i, &event); i++) {
        if (event.at_ms < told[0]) {
            continue;
        }
        if (is_fail(&event)) {
            first_fail = first_fail < 0 ? event.at_ms : first_fail;
            add(out, "takeover_to_fail", event.at_ms - told[0]);
        }
        if (is(&event, "state-ok")) {
            ok[event.node] = event.at_ms;
        }
        if (is(&event, "follows") && event.node >= 9) {
            add(out, "reconf_replica", event.at_ms - told[event.node - 9]);
        }
    }
    add(out, "takeover_to_fail_first", first_fail - told[0]);
    for (int node = dead; node < count; node++) {
        if (node < dead + 3) {
            add(out, "ok_master", ok[node] - told[node - dead]);
        } else {
            add(out, "ok_replica", ok[node] - told[2]);
        }
    }
    lab_close(&lab);
}

/* --- failovers by hand ------------------------------------------------------------------------ */

static void run_manual(struct samples *out, struct samples *recorded, uint64_t seed, bool force)
{
    static const int master = 0, replica = 3;
    struct lab lab;
    struct event event;
    lab_init(&lab, seed, 1000, 6, false, 0);
    begin(&lab);
    if (force) {
        fault(&lab, RCS_FAULT_KILL, &master, 1);
        rcs_sim_advance(lab.sim, RCS_MS(drawn(recorded, "killed_before", seed)));
    }
    ask(&lab, replica, force ? "CLUSTER FAILOVER FORCE" : "CLUSTER FAILOVER");
    assert_true(until(&lab, "election-won", replica, -1, 5000));
    rcs_sim_advance(lab.sim, RCS_MS(200));
    int64_t accepted = first_ms(&lab, force ? "failover-forced" : "failover-asked", replica, -1, 0);
    int64_t start = first_ms(&lab, "election-started", replica, -1, 0);
    int64_t won = first_ms(&lab, "election-won", replica, -1, 0);
    if (!force) {
        add(out, "accept_to_offset", first_ms(&lab, "failover-offset", replica, -1, 0) - accepted);
        add(out, "accept_to_ready", first_ms(&lab, "failover-ready", replica, -1, 0) - accepted);
        add(out, "won_to_old_master", first_ms(&lab, "follows", master, -1, 0) - won);
    }
    add(out, "accept_to_start", start - accepted);
    add(out, "start_to_won", won - start);
    for (size_t i = 0; event_at(&lab, i, &event); i++) {
        if (is(&event, "vote-granted")) {
            add(out, "start_to_vote", event.at_ms - start);
        }
    }
    lab_close(&lab);
}

/* --- a master stands still -------------------------------------------------------------------- */

static void run_sigstop(struct samples *out, uint64_t seed)
{
    static const struct {
        const char *name;
        int ms;
    } stops[] = { { "half", 500 }, { "one_half", 1500 }, { "three", 3000 } };
    static const int master = 0;
    for (int k = 0; k < 3; k++) {
        struct lab lab;
        char name[32];
        lab_init(&lab, seed * 3 + (uint64_t)k, 1000, 6, false, 0);
        begin(&lab);
        fault(&lab, RCS_FAULT_PAUSE, &master, 1);
        rcs_sim_advance(lab.sim, RCS_MS(stops[k].ms));
        fault(&lab, RCS_FAULT_RESUME, &master, 1);
        int64_t resumed = now_ms(&lab);
        rcs_sim_advance(lab.sim, RCS_MS(3000));
        snprintf(name, sizeof(name), "%s_pfail", stops[k].name);
        add(out, name, first_ms(&lab, "pfail", -1, master, 0) >= 0);
        snprintf(name, sizeof(name), "%s_fail", stops[k].name);
        add(out, name, first_fail_ms(&lab, -1, master) >= 0);
        snprintf(name, sizeof(name), "%s_failover", stops[k].name);
        bool over = first_ms(&lab, "election-won", -1, -1, 0) >= 0;
        add(out, name, over);
        if (k == 2 && over) {
            add(out, "three_pfail_quorum", pfail_quorum_ms(&lab) - lab.t0_ms);
            add(out, "three_pfail_to_fail",
                first_fail_ms(&lab, -1, master) - pfail_quorum_ms(&lab));
            add(out, "three_cont_to_replica", first_ms(&lab, "follows", master, -1, 0) - resumed);
        }
        lab_close(&lab);
    }
}

/* --- against what was measured ---------------------------------------------------------------- */

/* What real machines add: scheduling, logs cut to ms, a process that has to start. */
static const struct {
    const char *measure;
    int64_t slack_ms;
} slacks[] = {
    { "fail_spread", 4 },       { "start_to_vote", 4 },
    { "start_to_won", 4 },      { "won_to_ok", 5 },
    { "won_to_old_master", 5 }, { "accept_to_offset", 3 },
    { "accept_to_ready", 3 },   { "accept_to_start", 6 },
    { "takeover_to_fail", 8 },  { "takeover_to_fail_first", 6 },
    { "reconf_replica", 8 },    { "ok_replica", 12 },
    { "ok_master", 12 },        { "ready_to_replica", 10 },
    { "ready_to_synced", 20 },  { "three_cont_to_replica", 10 },
};

static int64_t slack_of(const char *measure)
{
    for (size_t i = 0; i < sizeof(slacks) / sizeof(slacks[0]); i++) {
        if (strcmp(slacks[i].measure, measure) == 0) {
            return slacks[i].slack_ms;
        }
    }
    return 10;
}

enum kind { AUTO, REJOIN, TAKEOVER, TWO_DC, MANUAL, FORCE, SIGSTOP };

/* Of these the range alone is compared, LOAD_MS (two delayed acknowledgements) wider:
 *   - Twelve nodes: six of twelve processes on two cores wake up at once; the recorded TAKEOVERs
 * were answered after 3 ms, at most 13, here after 0.1. Which of two small messages, FAIL and the
 * claim, a node sends first, and which one Nagle then holds back for 40 ms, hangs on that: recorded
 * at node timeout 1000 the claim went first in most runs, in the recorded scenario
 * (vectors/scenarios/seed0) FAIL did, as here. */
static const struct {
    enum kind kind;
    const char *measure;
} by_range[] = {
    { TWO_DC, "takeover_to_fail" },
    { TWO_DC, "reconf_replica" },
    { TWO_DC, "ok_replica" },
};
#define LOAD_MS 80

static bool only_range(enum kind kind, const char *measure)
{
    for (size_t i = 0; i < sizeof(by_range) / sizeof(by_range[0]); i++) {
        if (by_range[i].kind == kind && strcmp(by_range[i].measure, measure) == 0) {
            return true;
        }
    }
    return false;
}

/* All but the outermost half percent on either side: ten times as many values reach farther out. */
static bool within(const struct sample *mine, const struct sample *theirs)
{
    unsigned outer = mine->count / 200;
    return mine->values[outer] >= theirs->values[0] - LOAD_MS &&
           mine->values[mine->count - 1 - outer] <= theirs->values[theirs->count - 1] + LOAD_MS;
}

static const struct experiment {
    const char *name;
    enum kind kind;
    int timeout_ms, replicas, sync_delay;
    bool brief; /* in the short form as well */
} experiments[] = {
    { "auto_3m3r_nt1000", AUTO, 1000, 3, 0, true },
    { "auto_3m3r_nt2000", AUTO, 2000, 3, 0, false },
    { "auto_3m3r_nt5000", AUTO, 5000, 3, 0, true },
    { "auto_3m6r_nt1000", AUTO, 1000, 6, 0, false },
    { "all_masters_takeover_3m3r_nt1000", TAKEOVER, 1000, 0, 0, false },
    { "all_masters_takeover_3m3r_nt5000", TAKEOVER, 5000, 0, 0, false },
    { "twodc_takeover_nt1000", TWO_DC, 1000, 0, 0, true },
    { "twodc_takeover_nt5000", TWO_DC, 5000, 0, 0, true },
    { "manual_failover_nt1000", MANUAL, 1000, 0, 0, true },
    { "manual_force_dead_nt1000", FORCE, 1000, 0, 0, false },
    { "sigstop_3m3r_nt1000", SIGSTOP, 1000, 0, 0, false },
    { "rejoin", REJOIN, 1000, 0, 0, true },
    { "rejoin_dsd5", REJOIN, 2000, 0, 5, false },
};

static void run_once(const struct experiment *experiment, struct samples *recorded,
                     struct samples *out, uint64_t seed)
{
    switch (experiment->kind) {
    case AUTO:
        run_auto(out, seed, experiment->timeout_ms, experiment->replicas);
        break;
    case REJOIN:
        run_rejoin(out, seed, experiment->timeout_ms, experiment->sync_delay);
        break;
    case TAKEOVER:
    case TWO_DC:
        run_takeover(out, recorded, seed, experiment->timeout_ms, experiment->kind == TWO_DC);
        break;
    case MANUAL:
    case FORCE:
        run_manual(out, recorded, seed, experiment->kind == FORCE);
        break;
    case SIGSTOP:
        run_sigstop(out, seed);
        break;
    }
}

static void distribution_agrees(void **state)
{
    const struct experiment *experiment = *state;
    struct samples recorded, ours = { .count = 0 };
    unsigned apart = 0, compared = 0;
    samples_load(&recorded, experiment->name);
    for (uint64_t seed = 1; seed <= (is_long ? 200u : 40u); seed++) {
        run_once(experiment, &recorded, &ours, seed);
    }
    for (unsigned i = 0; i < ours.count; i++) {
        struct sample *mine = &ours.list[i], *theirs = sample_named(&recorded, mine->name);
        int percent = 0;
        sample_sort(mine);
        sample_sort(theirs);
        bool agrees =
            theirs->count > 0 && samples_agree(theirs, mine, slack_of(mine->name), &percent);
        if (only_range(experiment->kind, mine->name)) {
            agrees = within(mine, theirs);
        }
        compared++;
        if (!agrees || getenv("RCS_SHOW_DISTRIBUTIONS") != NULL) {
            print_message("%s %-24s %s: recorded n %u min %lld median %lld max %lld, here n %u min "
                          "%lld median "
                          "%lld max %lld, distance 0.%02d\n",
                          experiment->name, mine->name, agrees ? "agrees" : "DIFFERS",
                          theirs->count, theirs->count > 0 ? (long long)theirs->values[0] : 0,
                          theirs->count > 0 ? (long long)theirs->values[theirs->count / 2] : 0,
                          theirs->count > 0 ? (long long)theirs->values[theirs->count - 1] : 0,
                          mine->count, (long long)mine->values[0],
                          (long long)mine->values[mine->count / 2],
                          (long long)mine->values[mine->count - 1], percent);
        }
        apart += !agrees;
    }
    assert_true(compared > 0);
    samples_close(&recorded);
    samples_close(&ours);
    assert_int_equal(apart, 0);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[sizeof(experiments) / sizeof(experiments[0])];
    size_t count = 0;
    is_long = (argc > 1 && strcmp(argv[1], "long") == 0) || getenv("RCS_LONG") != NULL;
    for (size_t i = 0; i < sizeof(experiments) / sizeof(experiments[0]); i++) {
        if (is_long || experiments[i].brief) {
            tests[count++] = (struct CMUnitTest){ experiments[i].name, distribution_agrees, NULL,
                                                  NULL, (void *)(uintptr_t)&experiments[i] };
        }
    }
    return _cmocka_run_group_tests("timing", tests, count, NULL, NULL);
}
