/* Handshakes: from an address to a known node; and how addresses change later (Redis 7.0
 * clusterStartHandshake, nodeUpdateAddressIfNeeded, parts of clusterProcessPacket). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"

#include "sim/pure.h"

struct rcs_handshake *rcs_handshake_start(struct rcs_cluster *cluster, rcs_addr addr,
                                          unsigned flags)
{
    if (cluster->handshake_count == cluster->handshake_room) {
        cluster->handshake_room = cluster->handshake_room == 0 ? 8 : cluster->handshake_room * 2;
        cluster->handshakes =
            realloc(cluster->handshakes, cluster->handshake_room * sizeof(cluster->handshakes[0]));
        RCS_ASSERT(cluster->handshakes != NULL);
    }
    struct rcs_handshake *handshake = &cluster->handshakes[cluster->handshake_count++];
    *handshake = (struct rcs_handshake){
        .flags = (uint16_t)(flags | RCS_NODE_HANDSHAKE),
        .addr = addr,
        .created_ms = cluster->now_ms,
        .number = cluster->handshake_next++,
    };
    rcs_rand_name(&cluster->names, handshake->name);
    const struct rcs_address *address = rcs_store_address(cluster->store, addr);
    rcs_cluster_fact(cluster, RCS_FACT_HANDSHAKE_STARTED, RCS_ID_NONE, RCS_ID_NONE, address->port,
                     0, 0, address->ip);
    return handshake;
}

void rcs_handshake_del(struct rcs_cluster *cluster, struct rcs_handshake *handshake)
{
    if (handshake->link != RCS_LINK_CLOSED) {
        rcs_effect_add(cluster->out, RCS_EFFECT_LINK_CLOSE, RCS_LINK_HANDSHAKE + handshake->number);
    }
    size_t index = (size_t)(handshake - cluster->handshakes);
    cluster->handshake_count--;
    memmove(handshake, handshake + 1,
            (cluster->handshake_count - index) * sizeof(cluster->handshakes[0]));
}

void rcs_cluster_meet(struct rcs_cluster *cluster, const char *ip, uint16_t port, uint16_t cport)
{
    struct rcs_address address = { .port = port, .cport = cport };
    size_t length = strlen(ip);
    RCS_ASSERT(length < sizeof(address.ip));
    memcpy(address.ip, ip, length);
    for (unsigned i = 0; i < cluster->handshake_count; i++) {
        const struct rcs_address *other =
            rcs_store_address(cluster->store, cluster->handshakes[i].addr);
        if (strcasecmp(other->ip, ip) == 0 && other->port == port && other->cport == cport) {
            return; /* under way */
        }
    }
    rcs_handshake_start(cluster, rcs_store_addr(cluster->store, &address), RCS_NODE_MEET);
}

/* True if `addr` is where the packet's sender says it is, or where the packet came from. Nearly
 * every ping is asked this, and nearly always the answer is yes. */
static bool is_sender_addr(const struct rcs_cluster *cluster, const struct rcs_event *event,
                           rcs_addr addr)
{
    const struct rcs_address *said = rcs_store_address(cluster->store, event->bus_msg->addr);
    const struct rcs_address *held = rcs_store_address(cluster->store, addr);
    const char *ip = said->ip[0] != '\0' ? said->ip : rcs_addr_ip(cluster, event->remote);
    return said->port == held->port && said->cport == held->cport && said->pport == held->pport &&
           strcmp(ip, held->ip) == 0;
}

/* The address a packet's sender has: what it announces, else where the packet came from. */
static rcs_addr sender_addr(struct rcs_cluster *cluster, const struct rcs_event *event)
{
    struct rcs_address address = *rcs_store_address(cluster->store, event->bus_msg->addr);
    if (address.ip[0] == '\0') {
        memcpy(address.ip, rcs_addr_ip(cluster, event->remote), sizeof(address.ip));
    }
    return rcs_store_addr(cluster->store, &address);
}

RCS_HOT bool rcs_address_update(struct rcs_cluster *cluster, rcs_id id,
                                const struct rcs_event *event)
{
    struct rcs_peer *peer = &cluster->peers[id];
    if (event->link == id) {
        return false; /* its own outbound link: where we reached it is what we have */
    }
    if (is_sender_addr(cluster, event, peer->addr)) {
        return false;
    }
    rcs_addr addr = sender_addr(cluster, event);
    peer->addr = addr;
    peer->flags &= (uint16_t)~RCS_NODE_NOADDR;
    rcs_link_close(cluster, id);
    rcs_peer_changed(cluster, id);
    const struct rcs_address *address = rcs_store_address(cluster->store, addr);
    rcs_cluster_fact(cluster, RCS_FACT_ADDRESS_UPDATED, id, RCS_ID_NONE, address->port, 0, 0,
                     address->ip);
    if (rcs_is_replica(rcs_myself(cluster)) && rcs_myself(cluster)->master == id) {
        cluster->host->set_master(cluster->host->node, addr);
    }
    return true;
}

void rcs_own_ip_update(struct rcs_cluster *cluster, const struct rcs_event *event)
{
    struct rcs_peer *myself = rcs_myself(cluster);
    const char *local = rcs_addr_ip(cluster, event->local);
    const char *held = rcs_addr_ip(cluster, myself->addr);
    bool asked = event->bus_msg->type == RCS_BUS_MEET || held[0] == '\0';
    if (!asked || cluster->config->announce_ip[0] != '\0' || strcmp(local, held) == 0) {
        return;
    }
    struct rcs_address own = *rcs_store_address(cluster->store, myself->addr);
    memcpy(own.ip, local, sizeof(own.ip));
    myself->addr = rcs_store_addr(cluster->store, &own);
    rcs_cluster_fact(cluster, RCS_FACT_IP_LEARNED, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0, local);
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG);
}

/* The far end says its id: the node in handshake becomes a known one and keeps its link. */
RCS_RARE static void complete(struct rcs_cluster *cluster, struct rcs_handshake *handshake,
                              const struct rcs_event *event)
{
    const struct rcs_bus_msg *msg = event->bus_msg;
    struct rcs_peer *peer = rcs_peer_add(cluster, msg->sender,
                                         (handshake->flags & ~(unsigned)RCS_NODE_HANDSHAKE) |
                                             (msg->flags & (RCS_NODE_MASTER | RCS_NODE_REPLICA)),
                                         handshake->addr);
    peer->link = handshake->link;
    peer->link_created_ms = handshake->link_created_ms;
    peer->ping_sent_ms = handshake->ping_sent_ms;
    peer->pong_received_ms = handshake->pong_received_ms;
    rcs_effect_add(cluster->out, RCS_EFFECT_LINK_RENAME, event->link)->to_link = msg->sender;
    handshake->link = RCS_LINK_CLOSED; /* it is the peer's now */
    rcs_handshake_del(cluster, handshake);
    if (msg->type == RCS_BUS_PONG) {
        /* That much of the packet is of use although its sender was not known: the link is. */
        peer->pong_received_ms = cluster->now_ms;
        peer->ping_sent_ms = 0;
    }
    rcs_peer_changed(cluster, msg->sender);
    rcs_cluster_fact0(cluster, RCS_FACT_HANDSHAKE_DONE, msg->sender);
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG);
}

void rcs_handshake_answered(struct rcs_cluster *cluster, struct rcs_handshake *handshake,
                            const struct rcs_event *event, rcs_id sender)
{
    if (sender == RCS_ID_NONE) {
        complete(cluster, handshake, event);
        return; /* slots, master, gossip of this packet are ignored: the sender was unknown */
    }
    if (rcs_facts_wanted(&cluster->out->facts, RCS_FACT_HANDSHAKE_KNOWN)) {
        rcs_cluster_fact0(cluster, RCS_FACT_HANDSHAKE_KNOWN, sender);
    }
    if (rcs_address_update(cluster, sender, event)) {
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
    }
    rcs_handshake_del(cluster, handshake);
}
