/* Composing bus messages and sending them: which header, which link (Redis 7.0
 * clusterBuildMessageHdr and the clusterSend functions). */
#include <string.h>

#include "sim/cluster/parts.h"

#include "sim/pure.h"

/* Redis 7.0 deriveAnnouncedPorts, without TLS. */
void rcs_announced_changed(struct rcs_cluster *cluster)
{
    const struct rcs_config *config = cluster->config;
    int64_t port = config->announce_port != 0 ? config->announce_port : config->port;
    int64_t bus = config->announce_bus_port != 0 ? config->announce_bus_port
                  : config->cluster_port != 0    ? config->cluster_port
                                                 : config->port + 10000;
    struct rcs_address announced = { .port = (uint16_t)port, .cport = (uint16_t)bus };
    memcpy(announced.ip, config->announce_ip, sizeof(announced.ip));
    bool had_ip = rcs_addr_ip(cluster, cluster->announced)[0] != '\0';
    cluster->announced = rcs_store_addr(cluster->store, &announced);

    /* An announced ip is this node's own ip at once, and none when it is taken back; what was
     * learned otherwise stays (Redis 7.0 clusterUpdateMyselfIp). */
    struct rcs_peer *myself = rcs_myself(cluster);
    struct rcs_address own = announced;
    if (announced.ip[0] == '\0' && !had_ip) {
        memcpy(own.ip, rcs_addr_ip(cluster, myself->addr), sizeof(own.ip));
    }
    myself->addr = rcs_store_addr(cluster->store, &own);
    myself->hostname = rcs_store_text(cluster->store, config->announce_hostname,
                                      strlen(config->announce_hostname));
}

RCS_HOT struct rcs_bus_msg *rcs_msg_new(struct rcs_cluster *cluster, enum rcs_bus_type type,
                                        unsigned room)
{
    const struct rcs_peer *myself = rcs_myself(cluster);
    /* A replica with a known master speaks for its master's slots and epoch. */
    bool speaks_for_master = rcs_is_replica(myself) && myself->master != RCS_ID_NONE;
    rcs_id holder = speaks_for_master ? myself->master : cluster->myself;

    struct rcs_bus_msg *msg = rcs_bus_msg_new(cluster->store, type, room);
    msg->sender = cluster->myself;
    msg->master = myself->master;
    msg->version = cluster->bus_version;
    msg->flags = myself->flags;
    msg->state = cluster->state_ok ? 0 : 1;
    msg->addr = cluster->announced;
    msg->current_epoch = cluster->current_epoch;
    msg->config_epoch = cluster->peers[holder].config_epoch;
    msg->offset = cluster->host->offset(cluster->host->node);
    const struct rcs_slot_set *slots = rcs_slot_map_set(cluster->slots, holder);
    if (slots != NULL) {
        rcs_slot_set_release(cluster->store, msg->slots);
        msg->slots = rcs_slot_set_retain(slots);
    }
    if (rcs_is_master(myself) && cluster->mf_end_ms != 0) {
        msg->mflags |= RCS_MFLAG_PAUSED;
    }
    return msg;
}

RCS_HOT void rcs_msg_send(struct rcs_cluster *cluster, uint32_t link, struct rcs_bus_msg *msg)
{
    rcs_bus_msg_seal(msg);
    cluster->sent[msg->type]++;
    rcs_effect_add(cluster->out, RCS_EFFECT_BUS_SEND, link)->bus_msg = msg;
}

/* Sends one and the same message to another receiver as well. */
static void send_again(struct rcs_cluster *cluster, uint32_t link, struct rcs_bus_msg *msg)
{
    cluster->sent[msg->type]++;
    rcs_effect_add(cluster->out, RCS_EFFECT_BUS_SEND, link)->bus_msg = rcs_bus_msg_retain(msg);
}

/* The node at the other end of a link, as far as the server keeps that with the link. */
static rcs_id far_end(const struct rcs_cluster *cluster, uint32_t link)
{
    if (link < RCS_LINK_HANDSHAKE) {
        return (rcs_id)link;
    }
    return link >= RCS_LINK_IN ? rcs_link_bound_to(cluster, link) : RCS_ID_NONE;
}

RCS_HOT static void send_gossip(struct rcs_cluster *cluster, uint32_t link, enum rcs_bus_type type,
                                rcs_id to, unsigned far_flags)
{
    const struct rcs_profile *profile = cluster->profile;
    struct rcs_bus_msg *msg = rcs_msg_new(cluster, type, rcs_gossip_room(cluster));
    msg->hostname = rcs_myself(cluster)->hostname;
    if (profile->shard_ids) {
        rcs_extend(cluster, msg, far_flags);
    }
    rcs_gossip_compose(cluster, msg, profile->gossips_receiver ? RCS_ID_NONE : to);
    rcs_msg_send(cluster, link, msg);
}

void rcs_answer_meet(struct rcs_cluster *cluster, uint32_t link, unsigned far_flags)
{
    send_gossip(cluster, link, RCS_BUS_PONG, RCS_ID_NONE, far_flags);
}

RCS_HOT void rcs_send_gossip(struct rcs_cluster *cluster, uint32_t link, enum rcs_bus_type type)
{
    const struct rcs_profile *profile = cluster->profile;
    rcs_id to = RCS_ID_NONE;
    unsigned far_flags = 0;
    if (!profile->gossips_receiver || profile->extend == RCS_EXTEND_ASKED) {
        const struct rcs_handshake *handshake = rcs_handshake_of_link(cluster, link);
        to = far_end(cluster, link);
        far_flags = handshake != NULL   ? handshake->flags
                    : to == RCS_ID_NONE ? 0
                                        : cluster->peers[to].flags;
    }
    send_gossip(cluster, link, type, to, far_flags);
}

RCS_HOT void rcs_send_ping(struct rcs_cluster *cluster, rcs_id id)
{
    cluster->peers[id].ping_sent_ms = cluster->now_ms;
    rcs_peer_changed(cluster, id);
    rcs_send_gossip(cluster, id, RCS_BUS_PING);
}

void rcs_send_pong(struct rcs_cluster *cluster, uint32_t link)
{
    rcs_send_gossip(cluster, link, RCS_BUS_PONG);
}

void rcs_send_to(struct rcs_cluster *cluster, rcs_id id, struct rcs_bus_msg *msg)
{
    if (cluster->peers[id].link == RCS_LINK_CLOSED) {
        rcs_bus_msg_release(cluster->store, msg);
        return;
    }
    rcs_msg_send(cluster, id, msg);
}

/* True for a node that broadcasts reach: one with a link that is neither this node nor half known.
 */
static bool reachable(const struct rcs_cluster *cluster, rcs_id id)
{
    return id != cluster->myself && cluster->peers[id].link != RCS_LINK_CLOSED;
}

/* Redis 7.0 clusterBroadcastMessage: without a link the message is lost, silently. */
void rcs_send_all(struct rcs_cluster *cluster, struct rcs_bus_msg *msg)
{
    rcs_bus_msg_seal(msg);
    for (unsigned i = 0; i < cluster->known; i++) {
        if (reachable(cluster, cluster->order[i])) {
            send_again(cluster, cluster->order[i], msg);
        }
    }
    rcs_bus_msg_release(cluster->store, msg);
}

/* Redis 7.0 clusterBroadcastPong: each receiver gets a message, and gossip, of its own. */
void rcs_broadcast_pong(struct rcs_cluster *cluster, bool local_replicas)
{
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        if (!reachable(cluster, id)) {
            continue;
        }
        if (local_replicas) {
            const struct rcs_peer *peer = &cluster->peers[id];
            bool local =
                rcs_is_replica(peer) && peer->master != RCS_ID_NONE &&
                (peer->master == cluster->myself || peer->master == rcs_myself(cluster)->master);
            if (!local) {
                continue;
            }
        }
        rcs_send_pong(cluster, id);
    }
}

/* Redis 7.0 clusterSendUpdate: the owner's slots, less those it was heard to give up. */
void rcs_send_update(struct rcs_cluster *cluster, rcs_id to, rcs_id about)
{
    if (cluster->peers[to].link == RCS_LINK_CLOSED) {
        return;
    }
    struct rcs_bus_msg *msg = rcs_msg_new(cluster, RCS_BUS_UPDATE, 0);
    msg->body.update.id = about;
    msg->body.update.config_epoch = cluster->peers[about].config_epoch;
    struct rcs_slot_words words = rcs_slots_held(cluster, about)->words;
    if (cluster->not_claiming != NULL) {
        for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
            words.word[i] &= ~cluster->not_claiming->word[i];
        }
    }
    msg->body.update.slots = rcs_store_slots(cluster->store, &words);
    rcs_msg_send(cluster, to, msg);
}

/* The same with the short header (Valkey e745e9c24); one reference. */
static struct rcs_bus_msg *light_form(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg)
{
    struct rcs_bus_msg *light = rcs_bus_msg_new(cluster->store, (enum rcs_bus_type)msg->type, 0);
    light->form = RCS_BUS_IS_LIGHT;
    light->sender = RCS_ID_NONE;
    light->body.publish = msg->body.publish;
    light->payload = rcs_blob_new(cluster->store, msg->payload->bytes, msg->payload->size_bytes);
    rcs_bus_msg_seal(light);
    return light;
}

/* `light` NULL: nobody is sent that. */
static void publish_to(struct rcs_cluster *cluster, rcs_id id, struct rcs_bus_msg *msg,
                       struct rcs_bus_msg *light)
{
    if (reachable(cluster, id)) {
        bool short_one = light != NULL && cluster->peers[id].flags & RCS_NODE_LIGHT;
        send_again(cluster, id, short_one ? light : msg);
    }
}

/* Redis 7.0 clusterSendPublish, clusterPropagatePublish */
void rcs_cluster_publish(struct rcs_cluster *cluster, const struct rcs_arg *channel,
                         const struct rcs_arg *message, bool sharded)
{
    struct rcs_bus_msg *msg =
        rcs_msg_new(cluster, sharded ? RCS_BUS_PUBLISHSHARD : RCS_BUS_PUBLISH, 0);
    msg->body.publish.channel_bytes = channel->size_bytes;
    msg->body.publish.message_bytes = message->size_bytes;
    msg->payload =
        rcs_blob_new(cluster->store, NULL, (size_t)channel->size_bytes + message->size_bytes);
    memcpy(msg->payload->bytes, channel->bytes, channel->size_bytes);
    memcpy(msg->payload->bytes + channel->size_bytes, message->bytes, message->size_bytes);
    struct rcs_bus_msg *light = NULL;
    if (cluster->profile->light_header) {
        light = light_form(cluster, msg);
    }
    const struct rcs_peer *myself = rcs_myself(cluster);
    rcs_id master = rcs_is_master(myself) ? cluster->myself : myself->master;
    rcs_bus_msg_seal(msg);
    for (unsigned i = 0; i < cluster->known && !sharded; i++) {
        publish_to(cluster, cluster->order[i], msg, light);
    }
    for (rcs_id id = sharded ? master : RCS_ID_NONE; id != RCS_ID_NONE;
         id = id == master ? cluster->peers[id].first_replica : cluster->peers[id].next_replica) {
        publish_to(cluster, id, msg, light);
    }
    if (light != NULL) {
        rcs_bus_msg_release(cluster->store, light);
    }
    rcs_bus_msg_release(cluster->store, msg);
}
