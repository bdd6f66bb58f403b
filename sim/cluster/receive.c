/* Receiving a packet: the order in which it is looked at (Redis 7.0 clusterProcessPacket). */
#include <stdio.h>

#include "sim/cluster/parts.h"
#include "sim/cluster/planted.h"

#include "sim/pure.h"

/* What every kind of packet says of its sender. */
static void take_header(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    struct rcs_peer *peer = &cluster->peers[sender];
    if (msg->current_epoch > cluster->current_epoch || RCS_IS_PLANTED(EPOCH_FALLS)) {
        cluster->current_epoch = msg->current_epoch;
    }
    if (msg->config_epoch > peer->config_epoch &&
        (msg->master == RCS_ID_NONE || !cluster->profile->masters_tell_epochs)) {
        peer->config_epoch = msg->config_epoch;
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
    }
    if (cluster->profile->extend == RCS_EXTEND_ASKED) {
        rcs_extensions_heard(cluster, msg, sender);
    }
    peer->repl_offset = msg->offset;
    rcs_mf_heard(cluster, msg, sender);
}

/* An answer on the link this node opened: the peer lives. */
static void take_pong(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    peer->ping_sent_ms = 0;
    rcs_peer_set_pong(cluster, id, cluster->now_ms);
    if (peer->flags & RCS_NODE_PFAIL) {
        peer->flags &= (uint16_t)~RCS_NODE_PFAIL;
        rcs_cluster_fact0(cluster, RCS_FACT_PFAIL_CLEARED, id);
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
    } else if (peer->flags & RCS_NODE_FAIL) {
        rcs_fail_clear(cluster, id);
    }
    rcs_peer_changed(cluster, id);
}

/* A master became a replica in another shard. */
static void say_moved(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender,
                      int64_t held)
{
    rcs_cluster_fact(cluster, RCS_FACT_SHARD_LEFT, sender, RCS_ID_NONE, held, 0, 0,
                     rcs_shard_text(cluster, sender));
    if (rcs_peer_find(cluster, msg->master) != NULL) {
        rcs_cluster_fact(cluster, RCS_FACT_SHARD_JOINED, sender, RCS_ID_NONE, 0, 0, 0,
                         rcs_shard_text(cluster, msg->master));
    }
}

/* A master says that it is a replica now. Redis up to 7.2: its slots are nobody's until the new
 * master speaks. Within a shard that is a failover: from 7.4 on the slots go to the new master, in
 * Valkey its role alone; what is behind what is known already changes neither (28976a900). */
static void take_demotion(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    bool failover = cluster->profile->demoted != RCS_DEMOTED_DROP &&
                    rcs_peer_find(cluster, msg->master) != NULL &&
                    rcs_same_shard(cluster, msg->master, sender);
    int64_t held = rcs_slot_count(cluster, sender);
    if (!failover) {
        rcs_slots_drop(cluster, sender);
        say_moved(cluster, msg, sender, held);
        return;
    }
    if (cluster->peers[sender].config_epoch > msg->config_epoch) {
        rcs_cluster_fact(cluster, RCS_FACT_SHARD_STALE, sender, RCS_ID_NONE,
                         (int64_t)msg->config_epoch, (int64_t)cluster->peers[sender].config_epoch,
                         0, rcs_shard_text(cluster, sender));
        return;
    }
    if (cluster->profile->demoted == RCS_DEMOTED_MOVE) {
        struct rcs_slot_words slots = rcs_slots_held(cluster, sender)->words;
        rcs_slots_assign(cluster, &slots, msg->master);
    }
    rcs_peer_set_master(cluster, msg->master);
    cluster->peers[msg->master].config_epoch = msg->config_epoch;
    rcs_cluster_fact(cluster, RCS_FACT_SHARD_FAILOVER, sender, msg->master,
                     (int64_t)msg->config_epoch, held, 0, rcs_shard_text(cluster, sender));
}

/* Valkey: a replica of a replica turns to the master's master as soon as it hears of it. */
static void leave_chain(struct rcs_cluster *cluster)
{
    rcs_id master = rcs_myself(cluster)->master;
    rcs_id grandmaster = master != RCS_ID_NONE ? cluster->peers[master].master : RCS_ID_NONE;
    if (grandmaster != RCS_ID_NONE && grandmaster != cluster->myself &&
        rcs_rule_on(cluster->config, RCS_RULE_SUB_REPLICA)) {
        rcs_cluster_fact(cluster, RCS_FACT_FOLLOWS_GRANDMASTER, grandmaster, master, 0, 0, 0, NULL);
        rcs_cluster_follow(cluster, grandmaster);
        rcs_cluster_todo(cluster,
                         RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE | RCS_TODO_FSYNC_CONFIG);
    }
}

static void take_role(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    struct rcs_peer *peer = &cluster->peers[sender];
    if (msg->master == RCS_ID_NONE) {
        rcs_peer_set_master(cluster, sender);
        return;
    }
    bool was_master = rcs_is_master(peer);
    if (was_master) {
        take_demotion(cluster, msg, sender);
        peer->flags &= (uint16_t) ~(RCS_NODE_MASTER | RCS_NODE_MIGRATE_TO);
        peer->flags |= RCS_NODE_REPLICA;
        rcs_peer_changed(cluster, sender);
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
    }
    bool moved = rcs_peer_find(cluster, msg->master) != NULL && peer->master != msg->master;
    if (moved) {
        if (peer->master != RCS_ID_NONE) {
            rcs_replica_leave(cluster, sender);
        }
        rcs_cluster_fact(cluster, RCS_FACT_SHARD_REPLICA, sender, msg->master, 0, 0, 0,
                         rcs_shard_text(cluster, msg->master));
        rcs_replica_join(cluster, msg->master, sender);
        if (cluster->profile->flatten == RCS_FLATTEN_ROLE) {
            leave_chain(cluster);
        }
        rcs_shard_update(cluster, sender, cluster->peers[msg->master].shard);
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG);
    }
    if (was_master || moved) {
        rcs_cluster_fact(cluster, RCS_FACT_PEER_REPLICA, sender, peer->master, 0, 0, 0, NULL);
    }
}

/* `promoted`: until this packet it was a replica. */
static void take_slots(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender,
                       bool promoted)
{
    const struct rcs_peer *peer = &cluster->peers[sender];
    rcs_id holder = rcs_is_master(peer) ? sender : peer->master;
    if (cluster->profile->masters_claim_slots && msg->master != RCS_ID_NONE) {
        return;
    }
    promoted = promoted && cluster->profile->masters_claim_slots;
    if (holder == RCS_ID_NONE || (rcs_slots_held(cluster, holder) == msg->slots && !promoted)) {
        return;
    }
    if (rcs_is_master(peer)) {
        rcs_slots_claim(cluster, sender, msg->config_epoch, msg->slots);
    }
    /* One packet, one correction: the first slot for which the sender is behind. */
    unsigned slot = rcs_slots_stale(cluster, sender, msg->config_epoch, msg->slots);
    if (slot < RCS_SLOTS && rcs_rule_on(cluster->config, RCS_RULE_UPDATE)) {
        rcs_id owner = rcs_slot_owner(cluster, slot);
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_SLOTS_KEPT, sender, owner, slot,
                          (int64_t)cluster->peers[owner].config_epoch, (int64_t)msg->config_epoch);
        rcs_cluster_fact(cluster, RCS_FACT_UPDATE_SENT, owner, sender, 0, 0, 0, NULL);
        rcs_send_update(cluster, sender, owner);
    }
}

/* The far end is not the node this link was made for: the address belongs to somebody else. */
static void wrong_node(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    peer->flags |= RCS_NODE_NOADDR;
    peer->addr = 0;
    rcs_link_close(cluster, id);
    rcs_peer_changed(cluster, id);
    rcs_cluster_fact0(cluster, RCS_FACT_NODE_NOADDR, id);
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG);
}

/* PING, PONG and MEET, once the sender is resolved and PING and MEET are answered. */
static void take_news(struct rcs_cluster *cluster, const struct rcs_event *event, rcs_id sender)
{
    const struct rcs_bus_msg *msg = event->bus_msg;
    if (event->link < RCS_LINK_IN) {
        struct rcs_handshake *handshake = rcs_handshake_of_link(cluster, event->link);
        if (handshake != NULL) {
            rcs_handshake_answered(cluster, handshake, event, sender);
            return;
        }
        if (msg->sender != (rcs_id)event->link) {
            wrong_node(cluster, (rcs_id)event->link);
            return;
        }
    }
    if (sender == RCS_ID_NONE) {
        return;
    }
    struct rcs_peer *peer = &cluster->peers[sender];
    if (peer->flags & RCS_NODE_MEET &&
        cluster->profile
            ->repeats_meet) { /* said until now in every first packet: Valkey a81c32079 */
        peer->flags &= (uint16_t)~RCS_NODE_MEET;
        rcs_peer_changed(cluster, sender);
    }
    if ((peer->flags ^ msg->flags) & RCS_NODE_NOFAILOVER) {
        peer->flags ^= RCS_NODE_NOFAILOVER;
        rcs_peer_changed(cluster, sender);
    }
    if (msg->type == RCS_BUS_PING && rcs_address_update(cluster, sender, event)) {
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
    }
    if (event->link < RCS_LINK_HANDSHAKE && msg->type == RCS_BUS_PONG) {
        take_pong(cluster, sender);
    }
    bool was_replica = rcs_is_replica(peer);
    take_role(cluster, msg, sender);
    take_slots(cluster, msg, sender, was_replica);
    if (msg->config_epoch == rcs_myself(cluster)->config_epoch) {
        rcs_epoch_collision(cluster, sender);
    }
    rcs_gossip_read(cluster, msg, sender);
    peer = &cluster->peers[sender]; /* the table may have grown */
    peer->hostname = msg->hostname; /* none sent: none known */
    if (cluster->profile->shard_ids ||
        (msg->mflags & RCS_MFLAG_EXT_DATA && rcs_bus_is_extended(msg))) {
        rcs_extensions_read(cluster, msg, sender);
    }
}

static void take_update(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    rcs_id about = msg->body.update.id;
    struct rcs_peer *peer = rcs_peer_find(cluster, about);
    if (sender == RCS_ID_NONE || peer == NULL ||
        peer->config_epoch >= msg->body.update.config_epoch) {
        return;
    }
    if (rcs_is_replica(peer)) {
        rcs_peer_set_master(cluster, about);
    }
    peer->config_epoch = msg->body.update.config_epoch;
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
    rcs_slots_claim(cluster, about, msg->body.update.config_epoch, msg->body.update.slots);
}

static void take_gossiping(struct rcs_cluster *cluster, const struct rcs_event *event,
                           rcs_id sender)
{
    const struct rcs_bus_msg *msg = event->bus_msg;
    if (msg->type != RCS_BUS_PONG) {
        rcs_own_ip_update(cluster, event);
        if (msg->type == RCS_BUS_MEET && sender == RCS_ID_NONE) {
            struct rcs_address address = *rcs_store_address(cluster->store, msg->addr);
            if (address.ip[0] == '\0') {
                address = *rcs_store_address(cluster->store, event->remote);
                const struct rcs_address *ports = rcs_store_address(cluster->store, msg->addr);
                address.port = ports->port;
                address.cport = ports->cport;
                address.pport = ports->pport;
            }
            bool asked =
                cluster->profile->extend == RCS_EXTEND_ASKED && msg->mflags & RCS_MFLAG_EXT_DATA;
            unsigned flags = asked ? RCS_NODE_EXTENDED : 0;
            rcs_handshake_start(cluster, rcs_store_addr(cluster->store, &address), flags);
            rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG);
            rcs_gossip_read(cluster, msg, RCS_ID_NONE);
            rcs_answer_meet(cluster, event->link, flags);
        } else {
            rcs_send_pong(cluster, event->link);
        }
    }
    take_news(cluster, event, sender);
}

static void take_publish(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    if (sender != RCS_ID_NONE) {
        cluster->host->publish(cluster->host->node, msg, msg->type == RCS_BUS_PUBLISHSHARD);
    }
}

/* What a node of another release sent: false if this one drops it. A packet of version 0 may be too
 * short for a header of version 1: that ends the link; any other is dropped without a word. So is a
 * packet with extensions by a release that has none: it has a length that it cannot explain. */
RCS_RARE static bool understood(struct rcs_cluster *cluster, const struct rcs_event *event)
{
    const struct rcs_bus_msg *msg = event->bus_msg;
    if (msg->version == cluster->bus_version) {
        return cluster->profile->extensions > 0;
    }
    if (cluster->bus_version == 1 && rcs_bus_size(cluster->store, msg) < RCS_BUS_HEADER_BYTES) {
        rcs_cluster_fact(cluster, RCS_FACT_BUS_WARNING, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0,
                         "Bad message length or signature received from Cluster bus.");
        rcs_link_drop(cluster, event->link);
    }
    return false;
}

static void say_unknown_type(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg)
{
    char text[64];
    snprintf(text, sizeof(text), "Received unknown packet type: %d", msg->type);
    rcs_cluster_fact(cluster, RCS_FACT_BUS_WARNING, RCS_ID_NONE, RCS_ID_NONE, msg->type, 0, 0,
                     text);
}

RCS_HOT void rcs_cluster_receive(struct rcs_cluster *cluster, const struct rcs_event *event)
{
    const struct rcs_bus_msg *msg = event->bus_msg;
    if (msg->type < (unsigned)cluster->profile->bus_types) {
        cluster->received[msg->type]++;
    }
    if (msg->type == cluster->drop_filter) {
        rcs_cluster_fact(cluster, RCS_FACT_BUS_WARNING, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0,
                         "Dropping packet that matches debug drop filter");
        return;
    }
    if ((msg->version != cluster->bus_version || rcs_bus_is_extended(msg)) &&
        !understood(cluster, event)) {
        return;
    }
    rcs_id sender = rcs_link_sender(cluster, event);
    if (sender != RCS_ID_NONE) {
        cluster->peers[sender].data_received_ms = cluster->now_ms;
        if (!(msg->form & RCS_BUS_IS_LIGHT)) {
            take_header(cluster, msg, sender);
        }
    }
    if (msg->type >= (unsigned)cluster->profile->bus_types) {
        say_unknown_type(cluster, msg);
        return;
    }
    switch (msg->type) {
    case RCS_BUS_PING:
    case RCS_BUS_PONG:
    case RCS_BUS_MEET:
        take_gossiping(cluster, event, sender);
        return;
    case RCS_BUS_FAIL:
        rcs_fail_received(cluster, msg, sender);
        return;
    case RCS_BUS_PUBLISH:
    case RCS_BUS_PUBLISHSHARD:
        take_publish(cluster, msg, sender);
        return;
    case RCS_BUS_AUTH_REQUEST:
        if (sender != RCS_ID_NONE) {
            rcs_election_request(cluster, msg, sender);
        }
        return;
    case RCS_BUS_AUTH_ACK:
        if (sender != RCS_ID_NONE) {
            rcs_election_ack(cluster, msg, sender);
        }
        return;
    case RCS_BUS_MFSTART:
        rcs_mf_start_received(cluster, event, sender);
        return;
    case RCS_BUS_UPDATE:
        take_update(cluster, msg, sender);
        return;
    case RCS_BUS_MODULE:
        return; /* no modules here: nobody listens */
    default:
        RCS_UNREACHABLE("every type that a release knows has its case");
    }
}
