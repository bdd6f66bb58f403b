/* What is seen of a cluster in trouble: milestones, and what a poller is shown. */
#include "tests/support/net_lab.h"

#include <rcsim/bus.h>

#include "tests/support/support.h"

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
