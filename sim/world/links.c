/* What a node calls its links, and which connections they are.
 *
 * A refused bus connect is no connection at all: nothing can be seen of it but the node's own
 * knowledge one round trip later. It is noted, and the node is told before it next handles anything
 * at or after that instant. Two thirds of all events of a large outage would be such refusals. */
#include <stdlib.h>
#include <string.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

/* --- where an address leads ------------------------------------------------------------------- */

int rcs_links_node_at(const struct rcs_sim *sim, const char *ip, unsigned port)
{
    for (unsigned i = 0; i < sim->node_count; i++) {
        if (!sim->nodes[i].removed && sim->nodes[i].port == port &&
            strcmp(sim->nodes[i].ip, ip) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static struct rcs_target look_up(const struct rcs_sim *sim, rcs_addr addr, bool bus)
{
    const struct rcs_address *address = rcs_store_address(sim->store, addr);
    struct rcs_target target = { .node = -1 };
    for (unsigned i = 0; i < sim->node_count; i++) {
        const struct rcs_world_node *node = &sim->nodes[i];
        if (node->removed || strcmp(node->ip, address->ip) != 0) {
            continue;
        }
        if (bus ? node->bus_port == address->cport : node->port == address->port) {
            return (struct rcs_target){ .node = (int32_t)i };
        }
        target = (struct rcs_target){ .node = (int32_t)i, .nobody = true };
    }
    return target;
}

/* Asked for the first time since nodes or addresses changed. */
static __attribute__((noinline)) struct rcs_target learn_target(struct rcs_sim *sim, rcs_addr addr,
                                                                bool bus)
{
    unsigned table = bus ? 0 : 1, before = sim->target_room[table];
    if (addr >= before) {
        sim->targets[table] = rcs_grow(sim->targets[table], &sim->target_room[table], addr + 1u,
                                       sizeof(struct rcs_target));
        for (unsigned i = before; i < sim->target_room[table]; i++) {
            sim->targets[table][i].node = -2;
        }
    }
    return sim->targets[table][addr] = look_up(sim, addr, bus);
}

static struct rcs_target target_of(struct rcs_sim *sim, rcs_addr addr, bool bus)
{
    unsigned table = bus ? 0 : 1;
    if (addr < sim->target_room[table] && sim->targets[table][addr].node != -2) {
        return sim->targets[table][addr];
    }
    return learn_target(sim, addr, bus);
}

void rcs_links_forget_targets(struct rcs_sim *sim)
{
    for (unsigned table = 0; table < 2; table++) {
        for (unsigned i = 0; i < sim->target_room[table]; i++) {
            sim->targets[table][i].node = -2;
        }
    }
}

/* --- names of outbound links ------------------------------------------------------------------ */

static unsigned handshake_place(const struct rcs_world_node *node, uint32_t link)
{
    unsigned low = 0, high = node->handshake_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (node->handshakes[middle].link < link) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t out_conn(const struct rcs_world_node *node, uint32_t link)
{
    if (link < RCS_LINK_HANDSHAKE) {
        return link < node->link_room ? node->links[link] : 0;
    }
    unsigned place = handshake_place(node, link);
    return place < node->handshake_count && node->handshakes[place].link == link
               ? node->handshakes[place].conn
               : 0;
}

static void bind_handshake(struct rcs_world_node *node, uint32_t link, uint32_t conn)
{
    unsigned place = handshake_place(node, link);
    node->handshakes = rcs_grow(node->handshakes, &node->handshake_room, node->handshake_count + 1,
                                sizeof(node->handshakes[0]));
    memmove(node->handshakes + place + 1, node->handshakes + place,
            (node->handshake_count - place) * sizeof(node->handshakes[0]));
    node->handshakes[place] = (struct rcs_handshake_link){ .link = link, .conn = conn };
    node->handshake_count++;
}

static void grow_links(struct rcs_world_node *node, uint32_t link)
{
    unsigned before = node->link_room;
    node->links = rcs_grow(node->links, &node->link_room, link + 1, sizeof(node->links[0]));
    memset(node->links + before, 0, (node->link_room - before) * sizeof(node->links[0]));
}

RCS_HOT static void bind(struct rcs_world_node *node, uint32_t link, uint32_t conn)
{
    if (link >= RCS_LINK_HANDSHAKE) {
        bind_handshake(node, link, conn);
        return;
    }
    if (link >= node->link_room) {
        grow_links(node, link);
    }
    node->links[link] = conn;
}

RCS_HOT void rcs_links_forget(struct rcs_world_node *node, uint32_t link)
{
    if (link < RCS_LINK_HANDSHAKE) {
        node->links[link] = 0;
        return;
    }
    unsigned place = handshake_place(node, link);
    RCS_ASSERT(place < node->handshake_count && node->handshakes[place].link == link);
    node->handshake_count--;
    memmove(node->handshakes + place, node->handshakes + place + 1,
            (node->handshake_count - place) * sizeof(node->handshakes[0]));
}

uint32_t rcs_links_find(const struct rcs_sim *sim, unsigned node, uint32_t link, unsigned *end)
{
    if (link >= RCS_LINK_IN) {
        uint32_t conn = link - RCS_LINK_IN;
        if (conn >= sim->net.conn_used) {
            return 0;
        }
        const struct rcs_conn *c = rcs_network_conn(&sim->net, conn);
        *end = 1;
        return c->kind == RCS_CONN_BUS && c->open & 2 && c->party[1] == node ? conn : 0;
    }
    *end = 0;
    uint32_t conn = out_conn(&sim->nodes[node], link);
    return conn == RCS_CONN_REFUSED ? 0 : conn;
}

/* --- refused connects ------------------------------------------------------------------------- */

/* The list is ascending; round trips of different length may overtake each other. */
static void note_refusal(struct rcs_sim *sim, unsigned node, uint32_t link, rcs_us at_us)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->refusal_count == n->refusal_room) {
        n->refusals =
            rcs_grow(n->refusals, &n->refusal_room, n->refusal_count + 1, sizeof(n->refusals[0]));
    }
    unsigned place = n->refusal_count++;
    for (; place > n->refusal_first && n->refusals[place - 1].at_us > at_us; place--) {
        n->refusals[place] = n->refusals[place - 1];
    }
    n->refusals[place] = (struct rcs_refusal){ .at_us = at_us, .link = link };
    bind(n, link, RCS_CONN_REFUSED);
    sim->counts.refused++;
}

static void cancel_refusal(struct rcs_world_node *n, uint32_t link)
{
    for (unsigned i = n->refusal_first; i < n->refusal_count; i++) {
        if (n->refusals[i].link == link) {
            n->refusal_count--;
            memmove(n->refusals + i, n->refusals + i + 1,
                    (n->refusal_count - i) * sizeof(n->refusals[0]));
            if (n->refusal_first == n->refusal_count) {
                n->refusal_first = n->refusal_count = 0;
            }
            return;
        }
    }
    rcs_assert_failed("a refused link has its refusal", __FILE__, __LINE__);
}

RCS_HOT void rcs_links_tell_refusals(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    while (n->refusal_first < n->refusal_count &&
           n->refusals[n->refusal_first].at_us <= sim->now_us) {
        struct rcs_refusal refusal = n->refusals[n->refusal_first++];
        if (n->refusal_first == n->refusal_count) {
            n->refusal_first = n->refusal_count = 0;
        }
        rcs_links_forget(n, refusal.link);
        if (rcs_node_refused(n->machine, refusal.link, refusal.at_us, &sim->effects)) {
            sim->counts.events++;
            continue;
        }
        struct rcs_event event = { .at_us = refusal.at_us,
                                   .kind = RCS_EVENT_LINK_FAILED,
                                   .link = refusal.link,
                                   .local = n->ip_addr,
                                   .reason = "Connection refused" };
        rcs_sim_step_node(sim, node, &event, -1);
    }
}

/* What a step left to do is done in the next one, even if that is but a refusal, and it could be
 * seen: then the instant matters. Also when somebody reads the lines "Connection refused" as they
 * come. */
void rcs_links_schedule_refusals(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    bool read = sim->log_fn != NULL && rcs_node_config(n->machine)->loglevel <= RCS_LEVEL_VERBOSE;
    rcs_us first_us = n->refusals[n->refusal_first].at_us;
    if ((!read && rcs_node_cluster(n->machine)->todo == 0) || first_us <= sim->now_us ||
        first_us >= n->refusal_event_us) {
        return;
    }
    n->refusal_event_us = first_us;
    rcs_queue_push(&sim->queue, first_us,
                   (struct rcs_pending){ .kind = RCS_PENDING_REFUSALS, .who = node });
}

/* --- what effects ask for --------------------------------------------------------------------- */

RCS_HOT void rcs_links_connect_bus(struct rcs_sim *sim, unsigned node, uint32_t link, rcs_addr addr)
{
    RCS_ASSERT(out_conn(&sim->nodes[node], link) == 0);
    sim->counts.connects++;
    struct rcs_target target = target_of(sim, addr, true);
    /* An address that no host has is refused at once, as on loopback, where the host has all of
     * 127.0.0.0/8 (RFC 1122 3.2.1.3) and a SYN to a closed port gets a RST (RFC 9293 3.5.2). */
    unsigned server = target.node < 0 ? node : (unsigned)target.node;
    target.nobody |= !sim->nodes[server].config.cluster_enabled; /* no bus */
    bool nobody = target.node < 0 || target.nobody || !sim->net.nodes[server].listening;
    if (nobody && rcs_network_nodes_open(&sim->net, node, server)) {
        note_refusal(sim, node, link,
                     sim->now_us + rcs_network_round_trip(&sim->net, node, server));
        return;
    }
    uint32_t conn = rcs_network_connect(&sim->net, RCS_CONN_BUS, node, link, server, target.nobody,
                                        sim->now_us);
    bind(&sim->nodes[node], link, conn);
}

uint32_t rcs_links_connect_client(struct rcs_sim *sim, unsigned node, enum rcs_conn_kind kind,
                                  uint32_t link, rcs_addr addr)
{
    sim->counts.connects++;
    struct rcs_target target = target_of(sim, addr, false);
    unsigned server = target.node < 0 ? node : (unsigned)target.node;
    return rcs_network_connect(&sim->net, kind, node, link, server,
                               target.node < 0 || target.nobody, sim->now_us);
}

void rcs_links_connect_master(struct rcs_sim *sim, unsigned node, uint32_t link, rcs_addr addr)
{
    struct rcs_world_node *n = &sim->nodes[node];
    RCS_ASSERT(n->master_conn == 0);
    n->master_conn = rcs_links_connect_client(sim, node, RCS_CONN_REPLICATION, link, addr);
}

void rcs_links_close(struct rcs_sim *sim, unsigned node, uint32_t link)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (link < RCS_LINK_IN && out_conn(n, link) == RCS_CONN_REFUSED) {
        cancel_refusal(n, link);
        rcs_links_forget(n, link);
        return;
    }
    unsigned end;
    uint32_t conn = rcs_links_find(sim, node, link, &end);
    if (conn == 0) {
        return; /* lost already: the node has yet to hear of it */
    }
    if (end == 0) {
        rcs_links_forget(n, link);
    }
    rcs_network_close_end(&sim->net, conn, end, sim->now_us);
}

void rcs_links_rename(struct rcs_sim *sim, unsigned node, uint32_t link, uint32_t to_link)
{
    struct rcs_world_node *n = &sim->nodes[node];
    uint32_t conn = out_conn(n, link);
    RCS_ASSERT(conn != 0 && conn != RCS_CONN_REFUSED && out_conn(n, to_link) == 0);
    rcs_links_forget(n, link);
    bind(n, to_link, conn);
    rcs_network_conn(&sim->net, conn)->link = to_link;
}

void rcs_links_clear(struct rcs_world_node *node)
{
    if (node->link_room > 0) {
        memset(node->links, 0, node->link_room * sizeof(node->links[0]));
    }
    node->handshake_count = 0;
    node->refusal_first = node->refusal_count = 0;
    node->refusal_event_us = RCS_NEVER;
    node->master_conn = 0;
}

void rcs_links_close_all(struct rcs_world_node *node)
{
    free(node->links);
    free(node->handshakes);
    free(node->refusals);
}
