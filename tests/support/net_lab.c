#include "tests/support/net_lab.h"

#include <rcsim/bus.h>
#include <rcsim/check.h>

#include "tests/support/support.h"

const struct net_layout net_ab33 = {
    .names = { "m1", "m2", "m3", "r1", "r2", "r3" },
    .sites = { "A", "A", "B", "B", "B", "A" },
    .count = 6,
    .masters = 3,
};
const struct net_layout net_dc33 = {
    .names = { "a1", "a2", "a3", "b1", "b2", "b3" },
    .sites = { "A", "A", "A", "B", "B", "B" },
    .count = 6,
    .masters = 3,
};
const struct net_layout net_fg7 = {
    .names = { "m1", "m2", "m3", "x", "r1", "r2", "r3" },
    .sites = { "A", "A", "A", "A", "A", "A", "A" },
    .count = 7,
    .masters = 4,
    .empty = 1,
};

/* --- time and orders -------------------------------------------------------------------------- */

int64_t net_lab_ms(const struct net_lab *lab)
{
    return (rcs_sim_now(lab->sim) - lab->t0_us) / 1000;
}

void net_lab_wait(struct net_lab *lab, int64_t ms)
{
    rcs_sim_advance(lab->sim, RCS_MS(ms));
}

void net_lab_wait_until(struct net_lab *lab, int64_t at_ms)
{
    if (at_ms > net_lab_ms(lab)) {
        net_lab_wait(lab, at_ms - net_lab_ms(lab));
    }
}

struct rcs_session *net_lab_send(struct net_lab *lab, int node, const char *text)
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
    return session;
}

void net_lab_ask(struct net_lab *lab, int node, const char *text)
{
    struct rcs_session *session = net_lab_send(lab, node, text);
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

void net_lab_fault(struct net_lab *lab, enum rcs_fault what, int node)
{
    struct rcs_diag diag;
    assert_int_equal(rcs_sim_fault(lab->sim, what, &node, 1, &diag), RCS_OK);
}

void net_lab_cut(struct net_lab *lab, enum net_fault fault, const int *a, unsigned a_count,
                 const int *b, unsigned b_count)
{
    if (fault == NET_RST || fault == NET_ICMP) {
        rcs_sim_reject(lab->sim, fault == NET_RST ? RCS_REJECT_RST : RCS_REJECT_ICMP, a, a_count, b,
                       b_count, false);
    } else {
        rcs_sim_partition(lab->sim, a, a_count, b, b_count, fault == NET_ONEWAY);
    }
}

int64_t net_lab_heal(struct net_lab *lab, int node)
{
    lab->healed_us = rcs_sim_now(lab->sim);
    for (int i = 0; i < NET_LAB_NODES; i++) {
        lab->lines[i][NET_LINKED].count = 0;
    }
    if (node >= 0) {
        net_lab_fault(lab, RCS_FAULT_START, node);
    } else {
        rcs_sim_heal(lab->sim, NULL, 0, NULL, 0);
    }
    return net_lab_ms(lab);
}

unsigned net_lab_site(const struct net_lab *lab, const char *site, int nodes[NET_LAB_NODES])
{
    unsigned count = 0;
    for (int node = 0; node < lab->layout->count; node++) {
        if (strcmp(lab->layout->sites[node], site) == 0) {
            nodes[count++] = node;
        }
    }
    return count;
}

/* splitmix64 of the seed and the draw. */
int64_t net_lab_chance(const struct net_lab *lab, unsigned what, int64_t below)
{
    uint64_t z = lab->seed * 0x9e3779b97f4a7c15u + (uint64_t)(what + 1) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (int64_t)((z ^ z >> 31) % (uint64_t)below);
}

/* --- lines in the logs ------------------------------------------------------------------------ */

static bool ends(const char *line, const char *with)
{
    size_t size = strlen(line), tail = strlen(with);
    return size >= tail && strcmp(line + size - tail, with) == 0;
}

static void on_line(void *arg, int node, rcs_us at_us, const char *line)
{
    static const char *const tails[] = {
        [NET_REFUSED] = "failed: Connection refused",
        [NET_RESET] = "from node link: Connection reset by peer",
        [NET_CLOSED] = "from node link: connection closed",
        [NET_TIMED_OUT] = "from node link: Connection timed out",
    };
    struct net_lab *lab = arg;
    int what = strstr(line, "Connecting with Node") != NULL ? NET_LINKED : NET_REFUSED;
    while (what != NET_LINKED && what < NET_LINES && !ends(line, tails[what])) {
        what++;
    }
    if (what == NET_LINES) {
        return;
    }
    struct net_line_count *count = &lab->lines[node][what];
    count->last_ms = (at_us - lab->t0_us) / 1000;
    count->first_ms = count->count == 0 ? count->last_ms : count->first_ms;
    count->count++;
}

int64_t net_lines(const struct net_lab *lab, enum net_line what, unsigned nodes)
{
    int64_t count = 0;
    for (int node = 0; node < NET_LAB_NODES; node++) {
        count += (nodes & NET_BIT(node)) != 0 ? lab->lines[node][what].count : 0;
    }
    return count;
}

int64_t net_line_first(const struct net_lab *lab, enum net_line what, unsigned nodes)
{
    int64_t first = NET_NEVER;
    for (int node = 0; node < NET_LAB_NODES; node++) {
        const struct net_line_count *count = &lab->lines[node][what];
        if ((nodes & NET_BIT(node)) != 0 && count->count > 0 &&
            (first == NET_NEVER || count->first_ms < first)) {
            first = count->first_ms;
        }
    }
    return first;
}

int64_t net_line_last(const struct net_lab *lab, enum net_line what, unsigned nodes)
{
    int64_t last = NET_NEVER;
    for (int node = 0; node < NET_LAB_NODES; node++) {
        const struct net_line_count *count = &lab->lines[node][what];
        if ((nodes & NET_BIT(node)) != 0 && count->count > 0 && count->last_ms > last) {
            last = count->last_ms;
        }
    }
    return last;
}

/* --- a cluster -------------------------------------------------------------------------------- */

void net_lab_begin(struct net_lab *lab, const struct net_layout *layout, uint64_t seed,
                   int timeout_ms, const char *network)
{
    struct rcs_sim_options options = { .seed = seed, .network = network, .keep_milestones = true };
    struct rcs_diag diag;
    char text[32];
    *lab = (struct net_lab){ .sim = rcs_sim_new(&options, &diag),
                             .layout = layout,
                             .timeout_ms = timeout_ms,
                             .poll_ms = 20,
                             .seed = seed };
    assert_non_null(lab->sim);
    (void)rcs_check_watch(lab->sim);
    snprintf(text, sizeof(text), "%d", timeout_ms);
    assert_int_equal(rcs_sim_configure(lab->sim, -1, "cluster-node-timeout", text, &diag), RCS_OK);
    assert_int_equal(rcs_sim_configure(lab->sim, -1, "repl-diskless-sync-delay", "0", &diag),
                     RCS_OK);
    assert_int_equal(rcs_sim_configure(lab->sim, -1, "save", "", &diag), RCS_OK);
    assert_int_equal(rcs_sim_configure(lab->sim, -1, "loglevel", "debug", &diag), RCS_OK);
    rcs_sim_on_log(lab->sim, on_line, lab);
    for (int node = 0; node < layout->count; node++) {
        assert_int_equal(
            rcs_sim_add_node(lab->sim, layout->names[node], layout->sites[node], NULL, &diag),
            node);
    }
    /* All started within some ms, and their crons have drifted apart since: by 10 to 70 ms from the
     * first to the last, as the phases of the recorded PFAIL lines show. */
    int64_t starts[NET_LAB_NODES], spread_ms = 14 + net_lab_chance(lab, 6, 86);
    for (int node = 0; node < layout->count; node++) {
        starts[node] = 1 + net_lab_chance(lab, 30 + (unsigned)node, spread_ms);
    }
    for (int64_t ms = 0; ms <= 100; ms++) {
        for (int node = 0; node < layout->count; node++) {
            if (starts[node] == ms) {
                net_lab_fault(lab, RCS_FAULT_START, node);
            }
        }
        net_lab_wait(lab, 1);
    }
}

void net_lab_meet(struct net_lab *lab)
{
    char text[96];
    const struct net_layout *layout = lab->layout;
    for (int node = 0; node < layout->count; node++) {
        snprintf(text, sizeof(text), "CLUSTER SET-CONFIG-EPOCH %d", node + 1);
        net_lab_ask(lab, node, text);
    }
    for (int node = 0; node < 3; node++) {
        static const int cuts[] = { 0, 5461, 10922, 16384 };
        snprintf(text, sizeof(text), "CLUSTER ADDSLOTSRANGE %d %d", cuts[node], cuts[node + 1] - 1);
        net_lab_ask(lab, node, text);
    }
    net_lab_mark(lab);
    for (int node = 1; node < layout->count; node++) {
        snprintf(text, sizeof(text), "CLUSTER MEET %s %d", rcs_sim_node_ip(lab->sim, node),
                 rcs_sim_node_port(lab->sim, node));
        net_lab_ask(lab, 0, text);
    }
}

static int master_of(const struct net_layout *layout, int node)
{
    return node < layout->masters ? -1 : node - layout->masters;
}

void net_lab_replicate(struct net_lab *lab)
{
    char text[80];
    for (int node = lab->layout->masters; node < lab->layout->count; node++) {
        snprintf(text, sizeof(text), "CLUSTER REPLICATE %s",
                 rcs_sim_node_id(lab->sim, master_of(lab->layout, node)));
        net_lab_ask(lab, node, text);
    }
}

/* All see the same roles, links are up, all is well. */
static bool settled(const struct net_lab *lab)
{
    int count = lab->layout->count;
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
                (opinion.flags & (RCS_NODE_PFAIL | RCS_NODE_FAIL)) != 0 ||
                opinion.master != (own.replica ? own.master : -1)) {
                return false;
            }
        }
    }
    return true;
}

static void settle(struct net_lab *lab)
{
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(60);
    while (!settled(lab)) {
        assert_true(rcs_sim_now(lab->sim) < limit);
        net_lab_wait(lab, 20);
    }
}

/* An election that was scheduled in the last 4 node timeouts can make one time out after 5 s. */
static void fail_over_by_hand(struct net_lab *lab, int node)
{
    struct rcs_view view = { .replica = true };
    for (int tries = 0; view.replica; tries++) {
        assert_true(tries < 20);
        net_lab_ask(lab, node, "CLUSTER FAILOVER");
        for (int ms = 0; view.replica && ms < 6000; ms += 20) {
            net_lab_wait(lab, 20);
            rcs_sim_view(lab->sim, node, &view);
        }
    }
}

void net_lab_back(struct net_lab *lab)
{
    bool any = false;
    settle(lab);
    for (int node = 0; node < lab->layout->masters; node++) {
        struct rcs_view view;
        rcs_sim_view(lab->sim, node, &view);
        if (view.replica) {
            fail_over_by_hand(lab, node);
            settle(lab);
            any = true;
        }
    }
    if (any) {
        net_lab_wait(lab, 4 * lab->timeout_ms > 4000 ? 4 * lab->timeout_ms : 4000);
    }
}

/* One earlier run, from the fault to the heal. */
static void suffer(struct net_lab *lab, const struct net_past *past, unsigned run)
{
    int a[NET_LAB_NODES], b[NET_LAB_NODES];
    unsigned a_count = 0, b_count = 0;
    int alone = (int)net_lab_chance(lab, 80 + run, 3);
    unsigned way = (unsigned)net_lab_chance(lab, 100 + run, past->fault_count);
    enum net_fault fault = past->faults[way];
    for (int node = 0; node < lab->layout->count; node++) {
        bool first = past->sites ? strcmp(lab->layout->sites[node], "A") == 0 : node == alone;
        *(first ? &a[a_count++] : &b[b_count++]) = node;
    }
    if (fault == NET_KILL) {
        net_lab_fault(lab, RCS_FAULT_KILL, alone);
    } else {
        net_lab_cut(lab, fault, a, a_count, b, b_count);
    }
    if (past->cut_count == 0) {
        assert_true(net_wait_for(lab, "election-won", NET_ALL, 0, 60000));
        net_lab_wait(lab, 1000);
    } else {
        int64_t cut = past->cuts[net_lab_chance(lab, 120 + run, past->cut_count)];
        if (past->takeover) {
            net_lab_wait(lab, 2 * lab->timeout_ms + 500);
            for (int node = lab->layout->masters; node < lab->layout->count; node++) {
                net_lab_ask(lab, node, "CLUSTER FAILOVER TAKEOVER");
            }
        }
        net_lab_wait(lab, past->takeover ? 10000 : cut * lab->timeout_ms / 2);
    }
    (void)net_lab_heal(lab, fault == NET_KILL ? alone : -1);
}

/* A cluster just built pings in lockstep; one that serves many runs does not. */
static void live_a_while(struct net_lab *lab, const struct net_past *past, unsigned runs)
{
    for (unsigned run = 0; run < runs; run++) {
        net_lab_mark(lab);
        suffer(lab, past, run);
        settle(lab);
        net_lab_wait(lab, past->sites ? 2000 : 1000); /* of one view, to the run's end */
        net_lab_back(lab);
        rcs_sim_advance(lab->sim, net_lab_chance(lab, 140 + run, 1000000));
    }
}

void net_lab_rest(struct net_lab *lab, const struct net_past *past, int64_t runs)
{
    settle(lab);
    net_lab_wait(lab, 2000); /* without a change */
    rcs_sim_advance(lab->sim, net_lab_chance(lab, 1, 1000000));
    live_a_while(lab, past, (unsigned)runs);
}

void net_lab_init(struct net_lab *lab, const struct net_layout *layout, uint64_t seed,
                  int timeout_ms, const char *network, const struct net_past *past, int64_t runs)
{
    net_lab_begin(lab, layout, seed, timeout_ms, network);
    net_lab_meet(lab);
    (void)net_wait_known(lab);
    net_lab_replicate(lab);
    net_lab_rest(lab, past, runs);
}

void net_lab_close(struct net_lab *lab)
{
    assert_string_equal(rcs_check_broken(rcs_check_of(lab->sim)), "");
    rcs_sim_free(lab->sim);
}

void net_lab_mark(struct net_lab *lab)
{
    struct rcs_milestone milestone;
    while (rcs_sim_milestone(lab->sim, lab->seen, &milestone)) {
        lab->seen++;
    }
    lab->t0_us = rcs_sim_now(lab->sim);
    memset(lab->lines, 0, sizeof(lab->lines));
}
