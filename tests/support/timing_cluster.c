/* The clusters of the timing experiments: built by hand, asked, left to rest. */
#include <math.h>

#include <rcsim/check.h>

#include "tests/support/support.h"
#include "tests/support/timing_parts.h"

/* --- chance ----------------------------------------------------------------------------------- */

static uint64_t next(uint64_t *random) /* splitmix64 */
{
    uint64_t z = *random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t timing_draw(struct timing_lab *lab)
{
    return next(&lab->random);
}

rcs_us timing_between_ms(struct timing_lab *lab, int64_t low, int64_t high)
{
    return RCS_MS(low) + (rcs_us)(timing_draw(lab) % (uint64_t)RCS_MS(high - low));
}

static rcs_us exponential(uint64_t drawn, rcs_us mean_us)
{
    double u = ((double)(drawn >> 11) + 0.5) / 9007199254740992.0;
    return (rcs_us)(-log(u) * (double)mean_us);
}

rcs_us timing_exponential(struct timing_lab *lab, rcs_us mean_us)
{
    return exponential(timing_draw(lab), mean_us);
}

rcs_us timing_child(struct timing_lab *lab)
{
    return exponential(next(&lab->child_random), lab->plan->child_us);
}

rcs_us timing_wake(struct timing_lab *lab)
{
    return timing_exponential(lab, lab->plan->wake_us);
}

/* --- a cluster built by hand ------------------------------------------------------------------ */

struct rcs_session *timing_order(struct timing_lab *lab, int node, const char *text)
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

void timing_finish(struct timing_lab *lab, struct rcs_session *session)
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

void timing_ask(struct timing_lab *lab, int node, const char *text)
{
    timing_finish(lab, timing_order(lab, node, text));
}

/* Adds what the node has sent to `counts`, so many times. */
static void count(struct timing_lab *lab, int node, int times, int64_t counts[SENT_COUNT])
{
    char text[2000];
    struct rcs_session *session = timing_order(lab, node, "CLUSTER INFO");
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(lab->sim, RCS_NEVER)) {
    }
    assert_int_equal(rcs_session_state(session), RCS_SESSION_REPLIED);
    const struct rcs_reply *reply = rcs_session_reply(session);
    snprintf(text, sizeof(text), "%.*s", (int)reply->size_bytes, reply->bytes);
    history_count(text, times, counts);
    rcs_session_free(session);
}

void timing_fault(struct timing_lab *lab, enum rcs_fault what, int node)
{
    struct rcs_diag diag;
    assert_int_equal(rcs_sim_fault(lab->sim, what, &node, 1, &diag), RCS_OK);
}

static void configure_text(struct timing_lab *lab, const char *name, const char *text)
{
    struct rcs_diag diag;
    if (rcs_sim_configure(lab->sim, -1, name, text, &diag) != RCS_OK) {
        fail_msg("%s %s: %s", name, text, diag.text);
    }
}

static void configure(struct timing_lab *lab, const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", value);
    configure_text(lab, name, text);
}

bool timing_replica(const struct timing_lab *lab, int node, struct rcs_view *view)
{
    rcs_sim_view(lab->sim, node, view);
    return view->replica;
}

/* All see the same roles and nobody failing, links are up, all is well. */
static bool settled(const struct timing_lab *lab)
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
            bool follows = timing_replica(lab, other, &own);
            if (!rcs_sim_opinion(lab->sim, node, other, &opinion) || !opinion.connected ||
                opinion.master != (follows ? own.master : -1) ||
                (opinion.flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) != 0) {
                return false;
            }
        }
    }
    return true;
}

static void settle(struct timing_lab *lab)
{
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(120);
    while (!settled(lab)) {
        assert_true(rcs_sim_now(lab->sim) < limit);
        rcs_sim_advance(lab->sim, RCS_MS(20));
    }
}

rcs_us timing_start_takes(struct timing_lab *lab)
{
    return timing_between_ms(lab, 5, 15);
}

/* Processes are started one after the other, which takes each its ten milliseconds: that orders
 * their timers; at any phase of the wall clock's second, to which gossip rounds ages. Then all is
 * done by hand as the recordings did it. */
static void start_nodes(struct timing_lab *lab)
{
    rcs_sim_advance(lab->sim, timing_between_ms(lab, 0, 1000));
    for (int node = 0; node < lab->nodes; node++) {
        timing_fault(lab, RCS_FAULT_START, node);
        rcs_sim_advance(lab->sim, timing_start_takes(lab));
    }
}

static void meet(struct timing_lab *lab, int masters)
{
    char text[96];
    for (int node = 0; node < lab->nodes; node++) {
        snprintf(text, sizeof(text), "CLUSTER SET-CONFIG-EPOCH %d", node + 1);
        timing_ask(lab, node, text);
    }
    for (int node = 0; node < masters; node++) {
        snprintf(text, sizeof(text), "CLUSTER ADDSLOTSRANGE %d %d", 16384 * node / masters,
                 16384 * (node + 1) / masters - 1);
        timing_ask(lab, node, text);
    }
    for (int node = 1; node < lab->nodes; node++) {
        snprintf(text, sizeof(text), "CLUSTER MEET %s %d", rcs_sim_node_ip(lab->sim, node),
                 rcs_sim_node_port(lab->sim, node));
        timing_ask(lab, 0, text);
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

static void replicate(struct timing_lab *lab, int node, int master)
{
    char text[80];
    snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", rcs_sim_node_id(lab->sim, master));
    timing_ask(lab, node, text);
}

static void open_world(struct timing_lab *lab, int nodes)
{
    struct rcs_sim_options options = { .seed = lab->seed,
                                       .network = lab->plan->network != NULL ? lab->plan->network
                                                                             : "loopback",
                                       .keep_milestones = true };
    struct rcs_diag diag;
    lab->random = lab->seed * 0x2545f4914f6cdd1du;
    lab->child_random = ~lab->random;
    lab->sim = rcs_sim_new(&options, &diag);
    assert_non_null(lab->sim);
    (void)rcs_check_watch(lab->sim);
    lab->nodes = nodes;
    configure_text(lab, "save", "");
}

void timing_build(struct timing_lab *lab)
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

void timing_count_all(struct timing_lab *lab, int but, int times, int64_t counts[SENT_COUNT])
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

void timing_rest(struct timing_lab *lab, int shard)
{
    int64_t pause_ms = lab->plan->timeout_ms * 4 > 4000 ? lab->plan->timeout_ms * 4 : 4000;
    rcs_us until = lab->elected_us[shard] + RCS_MS(pause_ms);
    settle(lab);
    if (lab->plan->counts) {
        timing_count_all(lab, -1, -1, lab->rest);
        rcs_sim_advance(lab->sim, RCS_MS(HISTORY_REST_MS));
        timing_count_all(lab, -1, 1, lab->rest);
    }
    rcs_sim_advance(lab->sim, RCS_S(2));
    if (rcs_sim_now(lab->sim) < until) {
        rcs_sim_advance(lab->sim, until - rcs_sim_now(lab->sim));
    }
    rcs_sim_advance(lab->sim, timing_between_ms(lab, 0, 1000));
}

/* --- an idle cluster -------------------------------------------------------------------------- */

void timing_lab_idle(uint64_t seed, int nodes, int masters, int timeout_ms, int window_ms,
                     int64_t *pings, int64_t *pongs)
{
    const struct plan plan = { .timeout_ms = timeout_ms };
    struct timing_lab lab = { .plan = &plan, .seed = seed };
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
    rcs_sim_advance(lab.sim, RCS_MS(2 * timeout_ms) + timing_between_ms(&lab, 0, 1000));
    int node = (int)(timing_draw(&lab) % (uint64_t)nodes);
    int64_t sent[SENT_COUNT] = { 0 };
    count(&lab, node, -1, sent);
    rcs_sim_advance(lab.sim, RCS_MS(window_ms));
    count(&lab, node, 1, sent);
    *pings = sent[SENT_PING];
    *pongs = sent[SENT_PONG];
    rcs_sim_free(lab.sim);
}
