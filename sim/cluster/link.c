/* The life of bus links: connect, lose, bind to their node (Redis 7.0 createClusterLink,
 * freeClusterLink, clusterNodeCronHandleReconnect, clusterLinkConnectHandler,
 * getNodeFromLinkAndMsg).
 *
 * An outbound link exists from the moment the connection is tried: packets can be queued on it. */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/parts.h"

#include "sim/pure.h"

void rcs_link_close(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    if (peer->link == RCS_LINK_CLOSED) {
        return;
    }
    rcs_effect_add(cluster->out, RCS_EFFECT_LINK_CLOSE, id);
    rcs_peer_set_link(cluster, id, RCS_LINK_CLOSED);
}

void rcs_inbound_close(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    if (peer->inbound != RCS_LINK_NONE) {
        rcs_effect_add(cluster->out, RCS_EFFECT_LINK_CLOSE, peer->inbound);
        peer->inbound = RCS_LINK_NONE;
    }
}

/* --- connecting ------------------------------------------------------------------------------- */

/* What a new link to a known node begins with: a PING, or a MEET for a node that must learn of us.
 * An old unanswered ping keeps its age. */
static void first_packet(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    int32_t before_ms = peer->ping_sent_ms;
    if (peer->flags & RCS_NODE_MEET) {
        rcs_send_gossip(cluster, id, RCS_BUS_MEET);
    } else {
        rcs_send_ping(cluster, id);
    }
    if (before_ms != 0) {
        peer->ping_sent_ms = before_ms;
    }
    if (!cluster->profile->repeats_meet) {
        peer->flags &= (uint16_t)~RCS_NODE_MEET;
    }
    rcs_peer_changed(cluster, id);
}

/* The same to a node whose id is not known yet. */
static void first_packet_of_handshake(struct rcs_cluster *cluster, struct rcs_handshake *handshake)
{
    bool meet = (handshake->flags & RCS_NODE_MEET) != 0;
    rcs_send_gossip(cluster, RCS_LINK_HANDSHAKE + handshake->number,
                    meet ? RCS_BUS_MEET : RCS_BUS_PING);
    if (!meet && handshake->ping_sent_ms == 0) {
        handshake->ping_sent_ms = cluster->now_ms;
    }
    if (!cluster->profile->repeats_meet) {
        handshake->flags &= (uint16_t)~RCS_NODE_MEET;
    }
}

/* The log's "Connecting with Node": 6.0 writes it when the connection stands, before that when it
 * is begun. `handshake`: NULL if the link leads to the known node `id`. */
static void say_link(struct rcs_cluster *cluster, rcs_id id, const struct rcs_handshake *handshake)
{
    if (rcs_facts_wanted(&cluster->out->facts, RCS_FACT_LINK_UP)) {
        rcs_addr addr = handshake != NULL ? handshake->addr : cluster->peers[id].addr;
        const struct rcs_address *address = rcs_store_address(cluster->store, addr);
        char role = cluster->host->has_master_host(cluster->host->node) ? 'S' : 'M';
        rcs_fact_add(&cluster->out->facts,
                     handshake != NULL ? RCS_FACT_LINK_UP_UNKNOWN : RCS_FACT_LINK_UP, role, id,
                     RCS_ID_NONE, address->cport, 0, 0,
                     handshake != NULL ? handshake->name : address->ip, address->ip);
    }
}

static void connect_peer(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    if (rcs_addr_ip(cluster, peer->addr)[0] == '\0') {
        /* connect() fails at once: the ping clock starts with the attempt. */
        if (peer->ping_sent_ms == 0) {
            peer->ping_sent_ms = cluster->now_ms;
            rcs_peer_changed(cluster, id);
        }
        return;
    }
    rcs_effect_add(cluster->out, RCS_EFFECT_LINK_CONNECT, id)->addr = peer->addr;
    peer->link_created_ms = cluster->now_ms;
    rcs_peer_set_link(cluster, id, RCS_LINK_CONNECTING);
    if (cluster->profile->connect_counts_as_ping) {
        first_packet(cluster, id);
        say_link(cluster, id, NULL);
    }
}

RCS_RARE static void handshakes_connect(struct rcs_cluster *cluster)
{
    int64_t limit_ms = cluster->config->node_timeout_ms;
    if (limit_ms < 1000) {
        limit_ms = 1000;
    }
    for (unsigned i = 0; i < cluster->handshake_count;) {
        struct rcs_handshake *handshake = &cluster->handshakes[i];
        if (cluster->now_ms - handshake->created_ms > limit_ms) {
            rcs_cluster_fact(cluster, RCS_FACT_HANDSHAKE_TIMEOUT, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0,
                             rcs_addr_ip(cluster, handshake->addr));
            rcs_handshake_del(cluster, handshake);
            continue;
        }
        if (handshake->link == RCS_LINK_CLOSED &&
            rcs_addr_ip(cluster, handshake->addr)[0] != '\0') {
            uint32_t link = RCS_LINK_HANDSHAKE + handshake->number;
            rcs_effect_add(cluster->out, RCS_EFFECT_LINK_CONNECT, link)->addr = handshake->addr;
            handshake->link = RCS_LINK_CONNECTING;
            handshake->link_created_ms = cluster->now_ms;
            if (cluster->profile->connect_counts_as_ping) {
                first_packet_of_handshake(cluster, handshake);
                say_link(cluster, RCS_ID_NONE, handshake);
            }
        }
        i++;
    }
}

void rcs_links_connect(struct rcs_cluster *cluster)
{
    if (cluster->linkless > 0) {
        for (unsigned i = 0; i < cluster->known; i++) {
            rcs_id id = cluster->order[i];
            const struct rcs_peer *peer = &cluster->peers[id];
            if (peer->link == RCS_LINK_CLOSED && id != cluster->myself &&
                !(peer->flags & RCS_NODE_NOADDR)) {
                connect_peer(cluster, id);
            }
        }
    }
    if (cluster->handshake_count > 0) {
        handshakes_connect(cluster);
    }
}

/* --- what happens to them --------------------------------------------------------------------- */

struct rcs_handshake *rcs_handshake_of_link(struct rcs_cluster *cluster, uint32_t link)
{
    if (link < RCS_LINK_HANDSHAKE || link >= RCS_LINK_IN) {
        return NULL;
    }
    for (unsigned i = 0; i < cluster->handshake_count; i++) {
        if (cluster->handshakes[i].number == link - RCS_LINK_HANDSHAKE) {
            return &cluster->handshakes[i];
        }
    }
    return NULL;
}

/* The connection stands: the first packet, unless it waits for that already (before 6.0). */
static void link_up(struct rcs_cluster *cluster, uint32_t link)
{
    struct rcs_handshake *handshake = rcs_handshake_of_link(cluster, link);
    if (handshake != NULL) {
        handshake->link = RCS_LINK_OPEN;
        if (!cluster->profile->connect_counts_as_ping) {
            first_packet_of_handshake(cluster, handshake);
            say_link(cluster, RCS_ID_NONE, handshake);
        }
        return;
    }
    struct rcs_peer *peer = rcs_peer_find(cluster, (rcs_id)link);
    if (link >= RCS_LINK_HANDSHAKE || peer == NULL || peer->link == RCS_LINK_CLOSED) {
        return;
    }
    peer->link = RCS_LINK_OPEN;
    if (!cluster->profile->connect_counts_as_ping) {
        first_packet(cluster, (rcs_id)link);
        say_link(cluster, (rcs_id)link, NULL);
    }
}

static void anonymous_add(struct rcs_cluster *cluster, uint32_t link)
{
    if (cluster->anonymous_count == cluster->anonymous_room) {
        cluster->anonymous_room = cluster->anonymous_room == 0 ? 8 : cluster->anonymous_room * 2;
        cluster->anonymous =
            realloc(cluster->anonymous, cluster->anonymous_room * sizeof(cluster->anonymous[0]));
        RCS_ASSERT(cluster->anonymous != NULL);
    }
    cluster->anonymous[cluster->anonymous_count++] = link;
}

static bool anonymous_take(struct rcs_cluster *cluster, uint32_t link)
{
    for (unsigned i = 0; i < cluster->anonymous_count; i++) {
        if (cluster->anonymous[i] == link) {
            cluster->anonymous[i] = cluster->anonymous[--cluster->anonymous_count];
            return true;
        }
    }
    return false;
}

static bool is_anonymous(const struct rcs_cluster *cluster, uint32_t link)
{
    for (unsigned i = 0; i < cluster->anonymous_count; i++) {
        if (cluster->anonymous[i] == link) {
            return true;
        }
    }
    return false;
}

rcs_id rcs_link_bound_to(const struct rcs_cluster *cluster, uint32_t link)
{
    for (unsigned i = 0; i < cluster->known; i++) {
        if (cluster->peers[cluster->order[i]].inbound == link) {
            return cluster->order[i];
        }
    }
    return RCS_ID_NONE;
}

/* An outbound link could not be connected, or broke. Nothing of the ping clock is touched; the next
 * tick tries again. The known node it led to, NULL if none. */
RCS_HOT static const struct rcs_peer *outbound_gone(struct rcs_cluster *cluster, uint32_t link)
{
    struct rcs_handshake *handshake = rcs_handshake_of_link(cluster, link);
    if (handshake != NULL) {
        handshake->link = RCS_LINK_CLOSED;
        return NULL;
    }
    struct rcs_peer *peer = rcs_peer_find(cluster, (rcs_id)link);
    if (link >= RCS_LINK_HANDSHAKE || peer == NULL) {
        return NULL;
    }
    rcs_peer_set_link(cluster, (rcs_id)link, RCS_LINK_CLOSED);
    return peer;
}

void rcs_link_drop(struct rcs_cluster *cluster, uint32_t link)
{
    rcs_effect_add(cluster->out, RCS_EFFECT_LINK_CLOSE, link);
    if (link < RCS_LINK_IN) {
        (void)outbound_gone(cluster, link);
    } else if (!anonymous_take(cluster, link)) {
        rcs_id id = rcs_link_bound_to(cluster, link);
        if (id != RCS_ID_NONE) {
            cluster->peers[id].inbound = RCS_LINK_NONE;
        }
    }
}

static void connect_failed(struct rcs_cluster *cluster, const struct rcs_event *event)
{
    const struct rcs_peer *peer = outbound_gone(cluster, event->link);
    if (cluster->profile->connect_counts_as_ping) { /* seen by the first read */
        rcs_cluster_fact(cluster, RCS_FACT_LINK_LOST, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0,
                         event->reason);
        return;
    }
    if (peer != NULL && rcs_facts_wanted(&cluster->out->facts, RCS_FACT_LINK_FAILED)) {
        const struct rcs_address *address = rcs_store_address(cluster->store, peer->addr);
        char role = cluster->host->has_master_host(cluster->host->node) ? 'S' : 'M';
        rcs_fact_add(&cluster->out->facts, RCS_FACT_LINK_FAILED, role, (rcs_id)event->link,
                     RCS_ID_NONE, address->cport, 0, 0, address->ip, event->reason);
    }
}

RCS_HOT void rcs_cluster_link_refused(struct rcs_cluster *cluster, uint32_t link)
{
    (void)outbound_gone(cluster, link);
}

void rcs_cluster_link_event(struct rcs_cluster *cluster, const struct rcs_event *event)
{
    switch (event->kind) {
    case RCS_EVENT_LINK_ACCEPTED:
        anonymous_add(cluster, event->link);
        if (rcs_facts_wanted(&cluster->out->facts, RCS_FACT_LINK_ACCEPTED)) {
            const struct rcs_address *from = rcs_store_address(cluster->store, event->remote);
            rcs_cluster_fact(cluster, RCS_FACT_LINK_ACCEPTED, RCS_ID_NONE, RCS_ID_NONE, from->port,
                             0, 0, from->ip);
        }
        return;
    case RCS_EVENT_LINK_UP:
        link_up(cluster, event->link);
        return;
    case RCS_EVENT_LINK_FAILED:
        connect_failed(cluster, event);
        return;
    case RCS_EVENT_LINK_LOST:
        if (event->link < RCS_LINK_IN) {
            (void)outbound_gone(cluster, event->link);
        } else if (!anonymous_take(cluster, event->link)) {
            rcs_id id = rcs_link_bound_to(cluster, event->link);
            if (id != RCS_ID_NONE) {
                cluster->peers[id].inbound = RCS_LINK_NONE;
            }
        }
        rcs_cluster_fact(cluster, RCS_FACT_LINK_LOST, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0,
                         event->reason != NULL ? event->reason : "connection closed");
        return;
    default:
        RCS_UNREACHABLE("not an event of a bus link");
    }
}

rcs_id rcs_link_sender(struct rcs_cluster *cluster, const struct rcs_event *event)
{
    rcs_id named = event->bus_msg->sender;
    if (!cluster->profile->binds_inbound) {
        return rcs_peer_find(cluster, named) != NULL ? named : RCS_ID_NONE;
    }
    if (event->link < RCS_LINK_HANDSHAKE) { /* outbound: trusted, whatever the packet says */
        return (rcs_id)event->link;
    }
    struct rcs_peer *sender = rcs_peer_find(cluster, named);
    if (event->link < RCS_LINK_IN) { /* outbound to a node in handshake */
        return sender != NULL ? named : RCS_ID_NONE;
    }
    if (sender != NULL && sender->inbound == event->link) {
        return named;
    }
    if (!is_anonymous(cluster, event->link)) {
        return rcs_link_bound_to(cluster, event->link);
    }
    if (sender == NULL) {
        return RCS_ID_NONE;
    }
    rcs_inbound_close(cluster, named); /* an older one of the same node */
    (void)anonymous_take(cluster, event->link);
    sender->inbound = event->link;
    return named;
}
