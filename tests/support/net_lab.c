#include "tests/support/net_lab.h"

#include <rcsim/bus.h>
#include <rcsim/bus_types.h>
#include <rcsim/slot.h>

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
    assert_string_equal(rcs_sim_broken(lab->sim), "");
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

/* --- what happened ---------------------------------------------------------------------------- */

static bool is(const char *name, const char *what)
{
    return strcmp(name, what) == 0 ||
           (strcmp(what, "fail") == 0 && strcmp(name, "fail-received") == 0);
}

static bool matches(const struct rcs_milestone *m, const char *what, unsigned nodes, unsigned about)
{
    return is(m->what, what) && (nodes & NET_BIT(m->node)) != 0 &&
           (about == 0 || (m->about >= 0 && (about & NET_BIT(m->about)) != 0));
}

static int64_t at_ms(const struct net_lab *lab, const struct rcs_milestone *m)
{
    return (m->at_us - lab->t0_us) / 1000;
}

int64_t net_first(const struct net_lab *lab, const char *what, unsigned nodes, unsigned about,
                  int64_t from_ms)
{
    struct rcs_milestone m;
    for (size_t i = lab->seen; rcs_sim_milestone(lab->sim, i, &m); i++) {
        if (at_ms(lab, &m) >= from_ms && matches(&m, what, nodes, about)) {
            return at_ms(lab, &m);
        }
    }
    return NET_NEVER;
}

int64_t net_last(const struct net_lab *lab, const char *what, unsigned nodes, unsigned about,
                 int64_t from_ms)
{
    struct rcs_milestone m;
    int64_t last = NET_NEVER;
    for (size_t i = lab->seen; rcs_sim_milestone(lab->sim, i, &m); i++) {
        if (at_ms(lab, &m) >= from_ms && matches(&m, what, nodes, about)) {
            last = at_ms(lab, &m);
        }
    }
    return last;
}

unsigned net_count(const struct net_lab *lab, const char *what, unsigned nodes, int64_t from_ms)
{
    struct rcs_milestone m;
    unsigned count = 0;
    for (size_t i = lab->seen; rcs_sim_milestone(lab->sim, i, &m); i++) {
        count += at_ms(lab, &m) >= from_ms && matches(&m, what, nodes, 0);
    }
    return count;
}

void net_add(struct figures *figures, const char *name, int64_t a, int64_t b)
{
    if (a != NET_NEVER && b != NET_NEVER) {
        figures_add(figures, name, a - b);
    } else {
        (void)figure_named(figures, name);
    }
}

bool net_wait_for(struct net_lab *lab, const char *what, unsigned nodes, unsigned about,
                  int64_t most_ms)
{
    int64_t end_ms = net_lab_ms(lab) + most_ms;
    while (net_first(lab, what, nodes, about, 0) == NET_NEVER) {
        if (net_lab_ms(lab) >= end_ms) {
            return false;
        }
        net_lab_wait(lab, 5);
    }
    return true;
}

/* --- polls ------------------------------------------------------------------------------------ */

/* The poller asks the nodes by turns: each has its own phase. */
static int64_t next_poll(const struct net_lab *lab, int node, int64_t now_ms)
{
    int64_t phase = net_lab_chance(lab, 40 + (unsigned)node, lab->poll_ms);
    return now_ms + (phase - now_ms % lab->poll_ms + lab->poll_ms) % lab->poll_ms;
}

static bool shows_owner(const struct net_lab *lab, int node, int owner, int before)
{
    struct rcs_opinion opinion;
    return rcs_sim_opinion(lab->sim, node, owner, &opinion) && opinion.slots > 0 &&
           rcs_sim_opinion(lab->sim, node, before, &opinion) && opinion.slots == 0;
}

int64_t net_wait_owner(struct net_lab *lab, unsigned nodes, int owner, int slot_owner_before,
                       int64_t most_ms)
{
    int64_t last_ms = NET_NEVER, end_ms = net_lab_ms(lab) + most_ms;
    while (nodes != 0 && net_lab_ms(lab) < end_ms) {
        int64_t now_ms = net_lab_ms(lab);
        for (int node = 0; node < lab->layout->count; node++) {
            if ((nodes & NET_BIT(node)) != 0 && next_poll(lab, node, now_ms) == now_ms &&
                shows_owner(lab, node, owner, slot_owner_before)) {
                nodes &= ~NET_BIT(node);
                last_ms = now_ms;
            }
        }
        net_lab_wait(lab, 1);
    }
    return nodes == 0 ? last_ms : NET_NEVER;
}

/* A hash of what one node shows in CLUSTER NODES of flags, masters and owners; 0: somebody fails,
 * or its state does. */
static uint64_t shown(const struct net_lab *lab, int node)
{
    struct rcs_view view;
    uint64_t hash = 1469598103934665603u;
    rcs_sim_view(lab->sim, node, &view);
    if (!view.running || !view.state_ok) {
        return 0;
    }
    for (int about = 0; about < lab->layout->count; about++) {
        struct rcs_opinion opinion;
        if (!rcs_sim_opinion(lab->sim, node, about, &opinion) ||
            (opinion.flags & (RCS_NODE_PFAIL | RCS_NODE_FAIL)) != 0) {
            return 0;
        }
        hash = (hash ^ (opinion.flags & (RCS_NODE_MASTER | RCS_NODE_REPLICA))) * 1099511628211u;
        hash = (hash ^ (uint64_t)(opinion.master + 1)) * 1099511628211u;
        hash = (hash ^ opinion.slots) * 1099511628211u;
    }
    return hash;
}

static bool all_known(const struct net_lab *lab)
{
    for (int node = 0; node < lab->layout->count; node++) {
        for (int other = 0; other < lab->layout->count; other++) {
            struct rcs_opinion opinion;
            if (!rcs_sim_opinion(lab->sim, node, other, &opinion) || !opinion.connected) {
                return false;
            }
        }
    }
    return true;
}

int64_t net_wait_known(struct net_lab *lab)
{
    net_lab_wait(lab, net_lab_chance(lab, 8, lab->poll_ms));
    while (!all_known(lab)) {
        assert_true(net_lab_ms(lab) < 60000);
        net_lab_wait(lab, lab->poll_ms);
    }
    return net_lab_ms(lab);
}

int64_t net_wait_view(struct net_lab *lab, int64_t until_ms)
{
    return net_wait_view_with(lab, until_ms, NULL, 0);
}

int64_t net_wait_view_with(struct net_lab *lab, int64_t until_ms, struct net_client **clients,
                           unsigned count)
{
    uint64_t views[NET_LAB_NODES];
    int64_t since_ms = NET_NEVER;
    for (int node = 0; node < lab->layout->count; node++) {
        views[node] = shown(lab, node);
    }
    while (net_lab_ms(lab) < until_ms) {
        int64_t now_ms = net_lab_ms(lab);
        bool one = true;
        for (int node = 0; node < lab->layout->count; node++) {
            if (next_poll(lab, node, now_ms) == now_ms) {
                views[node] = shown(lab, node);
            }
            one &= views[node] != 0 && views[node] == views[0];
        }
        since_ms = !one ? NET_NEVER : since_ms == NET_NEVER ? now_ms : since_ms;
        net_clients_run(lab, clients, count, 1);
    }
    return since_ms;
}

/* --- clients ---------------------------------------------------------------------------------- */

struct net_client {
    struct net_lab *lab;
    struct rcs_session *session;
    const char *site;
    char key[24];
    int pinned, at;
    int period_ms, patience_ms;
    bool waiting;
    rcs_us sent_us, next_us, acked_us, gap_us;
    int64_t acked;
};

static void open_session(struct net_client *client)
{
    if (client->session != NULL) {
        rcs_session_free(client->session);
    }
    client->session = rcs_session_new(client->lab->sim, client->site, client->pinned < 0);
    client->waiting = false;
}

/* A key of a third of the slots: found by trying. */
static void choose_key(struct net_client *client, int shard)
{
    static const int cuts[] = { 0, 5461, 10922, 16384 };
    for (int i = 0;; i++) {
        int size = snprintf(client->key, sizeof(client->key), "key%s%d",
                            client->site != NULL ? client->site : "", i);
        int slot = (int)rcs_slot_of_key(client->key, (size_t)size);
        if (slot >= cuts[shard] && slot < cuts[shard + 1]) {
            return;
        }
    }
}

struct net_client *net_client_new(struct net_lab *lab, int node, const char *site, int shard,
                                  int period_ms, int patience_ms)
{
    struct net_client *client = calloc(1, sizeof(*client));
    assert_non_null(client);
    *client = (struct net_client){ .lab = lab,
                                   .site = site,
                                   .pinned = node,
                                   .at = shard,
                                   .period_ms = period_ms,
                                   .patience_ms = patience_ms,
                                   .next_us = rcs_sim_now(lab->sim) +
                                              RCS_MS(net_lab_chance(lab, 60, period_ms)) };
    choose_key(client, shard);
    open_session(client);
    return client;
}

void net_client_free(struct net_client *client)
{
    rcs_session_free(client->session);
    free(client);
}

/* Own site's nodes first. */
static int next_node(const struct net_client *client)
{
    const struct net_layout *layout = client->lab->layout;
    for (int i = 1; i <= layout->count; i++) {
        int node = (client->at + i) % layout->count;
        if (client->site == NULL || strcmp(layout->sites[node], client->site) == 0) {
            return node;
        }
    }
    return client->at;
}

/* The next write comes a period after this one was answered. */
static void hear(struct net_client *client, rcs_us now_us)
{
    enum rcs_session_state state = rcs_session_state(client->session);
    bool late =
        state == RCS_SESSION_WAITING && now_us - client->sent_us >= RCS_MS(client->patience_ms);
    if (state == RCS_SESSION_WAITING && !late) {
        return;
    }
    bool answered = state == RCS_SESSION_REPLIED;
    client->waiting = false;
    client->next_us =
        (answered ? rcs_session_answered(client->session) : now_us) + RCS_MS(client->period_ms);
    if (answered && rcs_session_reply(client->session)->kind == RCS_REPLY_INTEGER) {
        rcs_us answered_us = rcs_session_answered(client->session);
        if (client->acked > 0 && answered_us - client->acked_us > client->gap_us) {
            client->gap_us = answered_us - client->acked_us;
        }
        client->acked++;
        client->acked_us = answered_us;
        client->at = rcs_session_node(client->session);
        return;
    }
    client->at = client->pinned >= 0 ? client->pinned : next_node(client);
    if (late || state == RCS_SESSION_FAILED) {
        open_session(client);
    }
}

static void turn(struct net_client *client)
{
    rcs_us now_us = rcs_sim_now(client->lab->sim);
    if (client->waiting) {
        hear(client, now_us);
    }
    if (!client->waiting && now_us >= client->next_us) {
        struct rcs_arg args[] = { { .bytes = "INCR", .size_bytes = 4 },
                                  { .bytes = client->key,
                                    .size_bytes = (uint32_t)strlen(client->key) } };
        client->sent_us = now_us;
        client->waiting = true;
        rcs_session_request(client->session, client->pinned >= 0 ? client->pinned : client->at, 2,
                            args);
    }
}

void net_clients_run(struct net_lab *lab, struct net_client **clients, unsigned count, int64_t ms)
{
    int64_t end_ms = net_lab_ms(lab) + ms;
    while (net_lab_ms(lab) < end_ms) {
        if (count == 0) {
            net_lab_wait(lab, 1);
        }
        for (unsigned i = 0; i < 5 && count > 0; i++) {
            for (unsigned k = 0; k < count; k++) {
                turn(clients[k]);
            }
            rcs_sim_advance(lab->sim, 200);
        }
    }
}

int64_t net_client_gap(const struct net_client *client)
{
    return client->gap_us / 1000;
}

int64_t net_client_lost(struct net_client *client, int owner)
{
    char text[64];
    snprintf(text, sizeof(text), "GET %s", client->key);
    struct rcs_session *session = net_lab_send(client->lab, owner, text);
    rcs_us limit = rcs_sim_now(client->lab->sim) + RCS_S(10);
    while (rcs_session_state(session) == RCS_SESSION_WAITING &&
           rcs_sim_step(client->lab->sim, limit)) {
    }
    assert_int_equal(rcs_session_state(session), RCS_SESSION_REPLIED);
    const struct rcs_reply *reply = rcs_session_reply(session);
    char number[24] = "0";
    if (reply->kind == RCS_REPLY_BULK) {
        snprintf(number, sizeof(number), "%.*s", (int)reply->size_bytes, reply->bytes);
    }
    int64_t kept = strtoll(number, NULL, 10);
    rcs_session_free(session);
    return client->acked > kept ? client->acked - kept : 0;
}
