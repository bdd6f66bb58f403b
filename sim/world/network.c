/* Places: parties, sites, latency, cuts. */
#include "sim/world/network.h"

#include <stdlib.h>
#include <string.h>

#include "sim/keys/keyspace.h"

#include "sim/pure.h"

/* Latencies: what two idle machines on one switch, or two processes on one machine, show. Since
 * Linux 6.5 a SYN is repeated after 1 s four times before the pauses double, ten times in all. */
/* clang-format off */
static const struct rcs_link_kind link_kinds[] = {
    /* name      low  high    mss  syn        linear, all  rto          max         delayed ack */
    { "lan",      100, 250,  1448, RCS_S(1),  4, 10,       RCS_MS(200), RCS_S(120), RCS_MS(40) },
    { "loopback",  20,  60, 65483, RCS_S(1),  4, 10,       RCS_MS(200), RCS_S(120), RCS_MS(40) },
};
/* clang-format on */
#define LINK_KINDS (sizeof(link_kinds) / sizeof(link_kinds[0]))

const struct rcs_link_kind *rcs_link_kind_find(const char *name)
{
    for (size_t i = 0; i < LINK_KINDS; i++) {
        if (strcmp(link_kinds[i].name, name) == 0) {
            return &link_kinds[i];
        }
    }
    return NULL;
}

const char *rcs_link_kind_names(void)
{
    return "lan, loopback";
}

void rcs_item_release(struct rcs_store *store, enum rcs_item item, void *value)
{
    if (value == NULL) {
        return;
    }
    switch (item) {
    case RCS_ITEM_BUS_MSG:
        rcs_bus_msg_release(store, value);
        break;
    case RCS_ITEM_REQUEST:
        rcs_request_release(store, value);
        break;
    case RCS_ITEM_BLOB:
        rcs_blob_release(store, value);
        break;
    case RCS_ITEM_SNAPSHOT:
        rcs_snapshot_release(value);
        break;
    case RCS_ITEM_EOF:
    case RCS_ITEM_RESET:
        break;
    }
}

/* --- latency ---------------------------------------------------------------------------------- */

static bool rule_fits(const struct rcs_latency_rule *rule, unsigned a, unsigned b)
{
    if (rule->ended) {
        return false;
    }
    if (rule->b == RCS_SITE_ANY) {
        return a != b && (a == rule->a || b == rule->a);
    }
    return (a == rule->a && b == rule->b) || (a == rule->b && b == rule->a);
}

/* From the rules, the last one first. Sites are few and come early, so this is done anew each time.
 */
static void fill_latency(struct rcs_network *net)
{
    for (unsigned a = 0; a < net->site_count; a++) {
        for (unsigned b = 0; b < net->site_count; b++) {
            struct rcs_latency latency = {
                .low_us = net->link_kind->low_us,
                .span_us = (uint32_t)(net->link_kind->high_us - net->link_kind->low_us),
            };
            for (unsigned i = net->rule_count; i-- > 0;) {
                if (rule_fits(&net->rules[i], a, b)) {
                    latency = net->rules[i].latency;
                    break;
                }
            }
            net->latency[a * net->site_count + b] = latency;
        }
    }
}

unsigned rcs_network_add_site(struct rcs_network *net)
{
    RCS_ASSERT(net->site_count < RCS_SITE_ANY);
    unsigned site = net->site_count++;
    size_t pairs = (size_t)net->site_count * net->site_count;
    net->latency = realloc(net->latency, pairs * sizeof(net->latency[0]));
    RCS_ASSERT(net->latency != NULL);
    fill_latency(net);
    return site;
}

static struct rcs_latency between(rcs_us low_us, rcs_us high_us)
{
    RCS_ASSERT(0 <= low_us && low_us <= high_us && high_us - low_us <= UINT32_MAX - 1);
    return (struct rcs_latency){ .low_us = low_us, .span_us = (uint32_t)(high_us - low_us) };
}

unsigned rcs_network_set_latency(struct rcs_network *net, unsigned a, unsigned b, rcs_us low_us,
                                 rcs_us high_us)
{
    net->rules = realloc(net->rules, (net->rule_count + 1) * sizeof(net->rules[0]));
    RCS_ASSERT(net->rules != NULL);
    net->rules[net->rule_count] = (struct rcs_latency_rule){ .a = (uint16_t)a,
                                                             .b = (uint16_t)b,
                                                             .latency = between(low_us, high_us) };
    net->rule_count++;
    fill_latency(net);
    return net->rule_count - 1;
}

void rcs_network_change_latency(struct rcs_network *net, unsigned rule, rcs_us low_us,
                                rcs_us high_us)
{
    RCS_ASSERT(rule < net->rule_count);
    net->rules[rule].latency = between(low_us, high_us);
    fill_latency(net);
}

void rcs_network_end_latency(struct rcs_network *net, unsigned rule)
{
    RCS_ASSERT(rule < net->rule_count);
    net->rules[rule].ended = true;
    fill_latency(net);
}

static unsigned site_of(const struct rcs_network *net, const struct rcs_conn *conn, unsigned end)
{
    if (end == 0 && conn->kind == RCS_CONN_SESSION) {
        return net->session_sites[conn->party[0]];
    }
    return net->nodes[conn->party[end]].site;
}

static const struct rcs_latency *latency_between(const struct rcs_network *net, unsigned a,
                                                 unsigned b)
{
    return &net->latency[a * net->site_count + b];
}

rcs_us rcs_network_draw(struct rcs_network *net, const struct rcs_conn *conn, unsigned way)
{
    const struct rcs_latency *latency =
        latency_between(net, site_of(net, conn, way), site_of(net, conn, 1 - way));
    return latency->low_us + (rcs_us)rcs_rand_below(&net->chance, latency->span_us + 1);
}

rcs_us rcs_network_round_trip(const struct rcs_network *net, unsigned a, unsigned b)
{
    const struct rcs_latency *latency =
        latency_between(net, net->nodes[a].site, net->nodes[b].site);
    return 2 * latency->low_us + latency->span_us;
}

rcs_us rcs_network_least(const struct rcs_network *net, unsigned a, unsigned b)
{
    return latency_between(net, net->nodes[a].site, net->nodes[b].site)->low_us;
}

/* --- parties ---------------------------------------------------------------------------------- */

unsigned rcs_network_add_node(struct rcs_network *net, unsigned site)
{
    RCS_ASSERT(site < net->site_count && net->node_count < UINT16_MAX);
    if (net->node_count == net->node_room) {
        net->node_room = net->node_room == 0 ? 16 : net->node_room * 2;
        net->nodes = realloc(net->nodes, net->node_room * sizeof(net->nodes[0]));
        RCS_ASSERT(net->nodes != NULL);
    }
    net->nodes[net->node_count] = (struct rcs_party){ .site = (uint16_t)site, .powered = true };
    return net->node_count++;
}

void rcs_network_set_session(struct rcs_network *net, unsigned session, unsigned site)
{
    RCS_ASSERT(session < UINT16_MAX && site < net->site_count);
    if (session >= net->session_room) {
        unsigned room = net->session_room == 0 ? 8 : net->session_room;
        while (room <= session) {
            room *= 2;
        }
        net->session_sites = realloc(net->session_sites, room * sizeof(net->session_sites[0]));
        RCS_ASSERT(net->session_sites != NULL);
        net->session_room = room;
    }
    net->session_sites[session] = (uint16_t)site;
}

void rcs_network_power(struct rcs_network *net, unsigned node, bool powered)
{
    RCS_ASSERT(node < net->node_count);
    if (net->nodes[node].powered != powered) {
        net->nodes[node].powered = powered;
        if (powered) {
            net->trouble--;
        } else {
            net->trouble++;
        }
    }
}

/* --- cuts ------------------------------------------------------------------------------------- */

/* Bits for all nodes there are now; those of before are kept. */
static void cut_room(struct rcs_network *net)
{
    if (net->cut_nodes == net->node_count) {
        return;
    }
    size_t bits = (size_t)net->node_count * net->node_count;
    uint64_t *cuts = calloc(bits / 64 + 1, sizeof(cuts[0]));
    RCS_ASSERT(cuts != NULL);
    for (unsigned from = 0; from < net->cut_nodes; from++) {
        for (unsigned to = 0; to < net->cut_nodes; to++) {
            if (rcs_network_is_cut(net, from, to)) {
                size_t bit = (size_t)from * net->node_count + to;
                cuts[bit / 64] |= (uint64_t)1 << bit % 64;
            }
        }
    }
    free(net->cuts);
    net->cuts = cuts;
    net->cut_nodes = net->node_count;
}

bool rcs_network_is_cut(const struct rcs_network *net, unsigned from, unsigned to)
{
    if (from >= net->cut_nodes || to >= net->cut_nodes) {
        return false;
    }
    size_t bit = (size_t)from * net->cut_nodes + to;
    return net->cuts[bit / 64] >> bit % 64 & 1;
}

void rcs_network_cut(struct rcs_network *net, unsigned from, unsigned to, bool cut)
{
    RCS_ASSERT(from < net->node_count && to < net->node_count);
    if (rcs_network_is_cut(net, from, to) == cut || from == to) {
        return;
    }
    cut_room(net);
    size_t bit = (size_t)from * net->cut_nodes + to;
    net->cuts[bit / 64] ^= (uint64_t)1 << bit % 64;
    if (cut) {
        net->trouble++;
    } else {
        net->trouble--;
    }
}

void rcs_network_heal_all(struct rcs_network *net)
{
    for (unsigned from = 0; from < net->cut_nodes; from++) {
        for (unsigned to = 0; to < net->cut_nodes; to++) {
            rcs_network_cut(net, from, to, false);
        }
    }
}

/* A client in a site shares the site's fate: it is cut off from a node when all other nodes of its
 * site are. One outside all sites never is. */
static bool session_way_open(const struct rcs_network *net, unsigned session, unsigned node,
                             bool to_node)
{
    unsigned site = net->session_sites[session], others = 0, cut = 0;
    if (site == RCS_SITE_OUTSIDE) {
        return true;
    }
    for (unsigned i = 0; i < net->node_count; i++) {
        if (net->nodes[i].site == site && i != node) {
            others++;
            cut += to_node ? rcs_network_is_cut(net, i, node) : rcs_network_is_cut(net, node, i);
        }
    }
    return others == 0 || cut < others;
}

bool rcs_network_way_open(const struct rcs_network *net, const struct rcs_conn *conn, unsigned way)
{
    if (net->trouble == 0) {
        return true;
    }
    unsigned opener = conn->party[0], server = conn->party[1];
    if (!net->nodes[server].powered) {
        return false;
    }
    if (conn->kind == RCS_CONN_SESSION) {
        return session_way_open(net, opener, server, way == 0);
    }
    if (!net->nodes[opener].powered) {
        return false;
    }
    return way == 0 ? !rcs_network_is_cut(net, opener, server)
                    : !rcs_network_is_cut(net, server, opener);
}

bool rcs_network_ways_open(const struct rcs_network *net, const struct rcs_conn *conn)
{
    return net->trouble == 0 ||
           (rcs_network_way_open(net, conn, 0) && rcs_network_way_open(net, conn, 1));
}

bool rcs_network_nodes_open(const struct rcs_network *net, unsigned a, unsigned b)
{
    return net->trouble == 0 || (net->nodes[a].powered && net->nodes[b].powered &&
                                 !rcs_network_is_cut(net, a, b) && !rcs_network_is_cut(net, b, a));
}

/* --- life ------------------------------------------------------------------------------------- */

void rcs_network_init(struct rcs_network *net, const struct rcs_link_kind *link_kind,
                      struct rcs_queue *queue, struct rcs_store *store, uint64_t seed)
{
    *net = (struct rcs_network){ .link_kind = link_kind, .queue = queue, .store = store };
    net->small_segments = link_kind->mss_bytes > RCS_BUS_HEADER_BYTES;
    rcs_rand_init(&net->chance, seed, RCS_RAND_NETWORK, 0);
    unsigned outside = rcs_network_add_site(net);
    RCS_ASSERT(outside == RCS_SITE_OUTSIDE);
}

void rcs_network_close(struct rcs_network *net)
{
    rcs_tcp_close(net);
    free(net->conns);
    free(net->fresh);
    free(net->nodes);
    free(net->session_sites);
    free(net->latency);
    free(net->rules);
    free(net->cuts);
    *net = (struct rcs_network){ 0 };
}

size_t rcs_network_bytes(const struct rcs_network *net)
{
    return net->conn_room * sizeof(net->conns[0]) + rcs_tcp_bytes(net) +
           net->node_room * sizeof(net->nodes[0]) +
           (size_t)net->site_count * net->site_count * sizeof(net->latency[0]) +
           (net->cuts == NULL ? 0 : (size_t)net->cut_nodes * net->cut_nodes / 8);
}
