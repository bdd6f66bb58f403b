/* What an operator's command changes beyond the nouns of the other files: REPLICATE, RESET,
 * SAVECONFIG, and the lines that CLUSTER NODES prints. */
#include "sim/cluster/orders.h"

#include <string.h>

#include "sim/cluster/parts.h"

#include "sim/pure.h"

void rcs_cluster_replicate(struct rcs_cluster *cluster, rcs_id master)
{
    if (cluster->profile->replicate_tells_all && rcs_myself(cluster)->master == master) {
        return;
    }
    rcs_cluster_fact0(cluster, RCS_FACT_FOLLOWS_COMMAND, master);
    if (cluster->profile->replicate_tells_all) {
        cluster->host->forget_history(cluster->host->node);
    }
    rcs_cluster_follow(cluster, master);
    if (cluster->profile->replicate_tells_all) {
        rcs_broadcast_pong(cluster, false);
    }
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}

/* RESET HARD: a new identity. The entry moves to its place in the table, nothing else is known
 * then. */
static void take_new_id(struct rcs_cluster *cluster)
{
    struct rcs_peer old = *rcs_myself(cluster);
    cluster->peers[cluster->myself].known = false;
    cluster->peers[cluster->myself].counted = 0;
    cluster->known = 0;

    char name[RCS_ID_LEN + 1];
    rcs_rand_name(&cluster->names, name);
    cluster->myself = rcs_store_id(cluster->store, name);
    struct rcs_peer *myself = rcs_peer_add(cluster, cluster->myself, old.flags, old.addr);
    myself->hostname = old.hostname;
    myself->shard = old.shard;
    rcs_peer_changed(cluster, cluster->myself);
}

/* Redis 7.0 clusterReset */
void rcs_cluster_reset(struct rcs_cluster *cluster, bool hard)
{
    if (rcs_is_replica(rcs_myself(cluster))) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_RESET_MASTER, rcs_myself(cluster)->master,
                          RCS_ID_NONE, 0, 0, 0);
        rcs_peer_set_master(cluster, cluster->myself);
        cluster->host->unset_master(cluster->host->node);
        cluster->host->drop_all_keys(cluster->host->node);
    }
    rcs_slots_close_all(cluster);
    rcs_mf_reset(cluster);
    struct rcs_slot_words all;
    memset(&all, 0xff, sizeof(all));
    rcs_slots_assign(cluster, &all, RCS_ID_NONE);
    for (unsigned i = cluster->known; i-- > 0;) {
        if (cluster->order[i] != cluster->myself) {
            rcs_peer_del(cluster, cluster->order[i]);
        }
    }
    while (cluster->handshake_count > 0) {
        rcs_handshake_del(cluster, &cluster->handshakes[0]);
    }
    if (hard) {
        cluster->current_epoch = 0;
        cluster->last_vote_epoch = 0;
        rcs_myself(cluster)->config_epoch = 0;
        rcs_cluster_fact0(cluster, RCS_FACT_EPOCH_RESET, RCS_ID_NONE);
        take_new_id(cluster);
        rcs_cluster_fact0(cluster, RCS_FACT_HARD_RESET, cluster->myself);
    }
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE | RCS_TODO_FSYNC_CONFIG);
}

bool rcs_cluster_save_now(struct rcs_cluster *cluster)
{
    return rcs_cluster_try_save(cluster, true);
}

/* Redis 7.0 clusterUpdateMyselfFlags, clusterUpdateMyselfAnnouncedPorts, clusterUpdateMyselfIp */
void rcs_cluster_config_changed(struct rcs_cluster *cluster)
{
    struct rcs_peer *myself = rcs_myself(cluster);
    unsigned before = myself->flags;
    myself->flags &= (uint16_t)~RCS_NODE_NOFAILOVER;
    if (cluster->config->replica_no_failover) {
        myself->flags |= RCS_NODE_NOFAILOVER;
    }
    if (cluster->profile->light_header) {
        myself->flags |= RCS_NODE_LIGHT;
        before |= RCS_NODE_LIGHT;
    }
    if (before != myself->flags) {
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
    }
    rcs_announced_changed(cluster);
}

void rcs_cluster_verify_slots(struct rcs_cluster *cluster)
{
    if (!rcs_is_master(rcs_myself(cluster)) || cluster->host->keys(cluster->host->node) == 0) {
        return;
    }
    bool changed = false;
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        rcs_id owner = rcs_slot_owner(cluster, slot);
        if (cluster->host->slot_keys(cluster->host->node, slot) == 0 || owner == cluster->myself ||
            rcs_slot_importing_from(cluster, slot) != RCS_ID_NONE) {
            continue;
        }
        changed = true;
        if (owner == RCS_ID_NONE) {
            struct rcs_slot_words words = { { 0 } };
            rcs_slot_words_add(&words, slot);
            rcs_slots_assign(cluster, &words, cluster->myself);
            rcs_cluster_fact(cluster, RCS_FACT_SLOT_TAKEN_AT_START, RCS_ID_NONE, RCS_ID_NONE, slot,
                             0, 0, NULL);
        } else {
            rcs_slot_import(cluster, slot, owner);
            rcs_cluster_fact(cluster, RCS_FACT_SLOT_IMPORTING_AT_START, RCS_ID_NONE, RCS_ID_NONE,
                             slot, 0, 0, NULL);
        }
    }
    if (changed) {
        rcs_cluster_save(cluster, true);
    }
}

/* --- CLUSTER NODES ---------------------------------------------------------------------------- */

static int64_t wall_of(const struct rcs_cluster *cluster, int32_t node_ms)
{
    return node_ms == 0 ? 0 : cluster->wall_base_ms + node_ms;
}

static unsigned open_slots(const struct rcs_cluster *cluster, struct rcs_open_slot *open,
                           unsigned room)
{
    unsigned count = 0;
    for (unsigned slot = 0; slot < RCS_SLOTS && count < room; slot++) {
        rcs_id to = rcs_slot_migrating_to(cluster, slot);
        rcs_id from = rcs_slot_importing_from(cluster, slot);
        if (to == RCS_ID_NONE && from == RCS_ID_NONE) {
            continue;
        }
        /* A slot that is both shows the migrating form only. */
        open[count].slot = (uint16_t)slot;
        open[count].importing = to == RCS_ID_NONE;
        memcpy(open[count].name, rcs_store_name(cluster->store, to != RCS_ID_NONE ? to : from),
               RCS_ID_LEN + 1);
        count++;
    }
    return count;
}

/* Redis 7.0 clusterGenNodeDescription: a replica shows its master's epoch, from 6.0.6 on. */
void rcs_cluster_node_line(const struct rcs_cluster *cluster, rcs_id id, struct rcs_node_line *out,
                           struct rcs_open_slot *open, unsigned open_room)
{
    const struct rcs_peer *peer = &cluster->peers[id];
    memset(out, 0, sizeof(*out));
    out->form = cluster->profile->nodes_form;
    memcpy(out->name, rcs_store_name(cluster->store, id), RCS_ID_LEN + 1);
    out->address = *rcs_store_address(cluster->store, peer->addr);
    const char *hostname = rcs_store_text_of(cluster->store, peer->hostname);
    memcpy(out->hostname, hostname, strlen(hostname) + 1);
    out->flags = peer->flags;
    if (peer->master != RCS_ID_NONE) {
        memcpy(out->master, rcs_store_name(cluster->store, peer->master), RCS_ID_LEN + 1);
    }
    out->ping_sent_ms = wall_of(cluster, peer->ping_sent_ms);
    out->pong_received_ms = wall_of(cluster, rcs_peer_pong(cluster, id));
    bool shows_master = rcs_is_replica(peer) && peer->master != RCS_ID_NONE &&
                        cluster->profile->shows_masters_epoch;
    out->config_epoch =
        shows_master ? cluster->peers[peer->master].config_epoch : peer->config_epoch;
    out->connected = id == cluster->myself || peer->link != RCS_LINK_CLOSED;
    out->slots = rcs_slots_held(cluster, id)->words;
    if (id == cluster->myself && (cluster->migrating != NULL || cluster->importing != NULL)) {
        out->open_count = open_slots(cluster, open, open_room);
        out->open = open;
    }
}

void rcs_cluster_handshake_line(const struct rcs_cluster *cluster, unsigned index,
                                struct rcs_node_line *out)
{
    const struct rcs_handshake *handshake = &cluster->handshakes[index];
    memset(out, 0, sizeof(*out));
    out->form = cluster->profile->nodes_form;
    memcpy(out->name, handshake->name, RCS_ID_LEN + 1);
    out->address = *rcs_store_address(cluster->store, handshake->addr);
    out->flags = handshake->flags;
    out->ping_sent_ms = wall_of(cluster, handshake->ping_sent_ms);
    out->pong_received_ms = wall_of(cluster, handshake->pong_received_ms);
    out->connected = handshake->link != RCS_LINK_CLOSED;
}
