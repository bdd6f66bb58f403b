/* Places: parties, sites, cuts. */
#include "sim/world/network.h"

#include <stdlib.h>
#include <string.h>

#include "sim/keys/keyspace.h"

#include "sim/pure.h"

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

/* --- parties ---------------------------------------------------------------------------------- */

unsigned rcs_network_add_node(struct rcs_network *net, unsigned site)
{
    RCS_ASSERT(site < net->site_count && net->node_count < UINT16_MAX);
    if (net->node_count == net->node_room) {
        net->node_room = net->node_room == 0 ? 16 : net->node_room * 2;
        net->nodes = realloc(net->nodes, net->node_room * sizeof(net->nodes[0]));
        RCS_ASSERT(net->nodes != NULL);
    }
    struct rcs_rand boot;
    rcs_rand_init(&boot, net->seed, RCS_RAND_BOOT, net->node_count);
    net->nodes[net->node_count] = (struct rcs_party){
        .site = (uint16_t)site, .powered = true, .boot_us = rcs_rand_below(&boot, RCS_BOOT_US_MAX)
    };
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

/* Room for all nodes there are now; the cuts of before are kept. */
static void cut_room(struct rcs_network *net)
{
    if (net->cut_nodes == net->node_count) {
        return;
    }
    uint8_t *cuts = calloc((size_t)net->node_count * net->node_count, sizeof(cuts[0]));
    RCS_ASSERT(cuts != NULL);
    for (unsigned from = 0; from < net->cut_nodes; from++) {
        memcpy(cuts + (size_t)from * net->node_count, net->cuts + (size_t)from * net->cut_nodes,
               net->cut_nodes);
    }
    free(net->cuts);
    net->cuts = cuts;
    net->cut_nodes = net->node_count;
}

void rcs_network_cut(struct rcs_network *net, unsigned from, unsigned to, enum rcs_cut cut)
{
    RCS_ASSERT(from < net->node_count && to < net->node_count);
    enum rcs_cut before = rcs_network_cut_of(net, from, to);
    if (before == cut || from == to) {
        return;
    }
    cut_room(net);
    net->cuts[(size_t)from * net->cut_nodes + to] = (uint8_t)cut;
    if (before == RCS_CUT_NONE) {
        net->trouble++;
    } else if (cut == RCS_CUT_NONE) {
        net->trouble--;
    }
}

void rcs_network_heal_all(struct rcs_network *net)
{
    for (unsigned from = 0; from < net->cut_nodes; from++) {
        for (unsigned to = 0; to < net->cut_nodes; to++) {
            rcs_network_cut(net, from, to, RCS_CUT_NONE);
        }
    }
}

/* A client in a site shares the site's fate: it is cut off from a node, as they are, when all other
 * nodes of its site are. One outside all sites never is. */
static enum rcs_cut session_cut(const struct rcs_network *net, unsigned session, unsigned node,
                                bool to_node)
{
    unsigned site = net->session_sites[session];
    enum rcs_cut cut = RCS_CUT_NONE;
    for (unsigned i = 0; i < net->node_count && site != RCS_SITE_OUTSIDE; i++) {
        if (net->nodes[i].site == site && i != node) {
            cut = rcs_network_cut_of(net, to_node ? i : node, to_node ? node : i);
            if (cut == RCS_CUT_NONE) {
                return RCS_CUT_NONE;
            }
        }
    }
    return cut;
}

enum rcs_cut rcs_network_cut_on(const struct rcs_network *net, const struct rcs_conn *conn,
                                unsigned way)
{
    unsigned opener = conn->party[0], server = conn->party[1];
    if (!net->nodes[server].powered) {
        return RCS_CUT_DROP;
    }
    if (conn->kind == RCS_CONN_SESSION) {
        return session_cut(net, opener, server, way == 0);
    }
    if (!net->nodes[opener].powered) {
        return RCS_CUT_DROP;
    }
    return rcs_network_cut_of(net, way == 0 ? opener : server, way == 0 ? server : opener);
}

bool rcs_network_way_open(const struct rcs_network *net, const struct rcs_conn *conn, unsigned way)
{
    return net->trouble == 0 || rcs_network_cut_on(net, conn, way) == RCS_CUT_NONE;
}

bool rcs_network_ways_open(const struct rcs_network *net, const struct rcs_conn *conn)
{
    return net->trouble == 0 ||
           (rcs_network_way_open(net, conn, 0) && rcs_network_way_open(net, conn, 1));
}

bool rcs_network_nodes_open(const struct rcs_network *net, unsigned a, unsigned b)
{
    return net->trouble == 0 || (net->nodes[a].powered && net->nodes[b].powered &&
                                 rcs_network_cut_of(net, a, b) == RCS_CUT_NONE &&
                                 rcs_network_cut_of(net, b, a) == RCS_CUT_NONE);
}

/* --- life ------------------------------------------------------------------------------------- */

void rcs_network_init(struct rcs_network *net, const struct rcs_link_kind *link_kind,
                      struct rcs_queue *queue, struct rcs_store *store, uint64_t seed)
{
    *net = (struct rcs_network){
        .link_kind = link_kind, .queue = queue, .store = store, .seed = seed
    };
    rcs_rand_init(&net->chance, seed, RCS_RAND_NETWORK, 0);
    rcs_rand_init(&net->luck, seed, RCS_RAND_LOSS, 0);
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
    free(net->paths);
    free(net->rules);
    free(net->pipes);
    free(net->cuts);
    free(net->icmp);
    *net = (struct rcs_network){ 0 };
}

size_t rcs_network_bytes(const struct rcs_network *net)
{
    return net->conn_room * sizeof(net->conns[0]) + rcs_tcp_bytes(net) +
           net->node_room * sizeof(net->nodes[0]) +
           (size_t)net->site_count * net->site_count * sizeof(net->paths[0]) +
           (size_t)net->cut_nodes * net->cut_nodes;
}
