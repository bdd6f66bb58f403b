/* Ping extensions: what pings, pongs and meets carry behind their gossip (Redis 7.2 writePingExt,
 * clusterProcessPingExtensions; Valkey 8.0 writePingExtensions). */
#include <stdio.h>
#include <stdlib.h>

#include "sim/cluster/parts.h"

#include "sim/pure.h"

/* Kinds that a release without them names in its log. */
enum { KIND_NODENAME = 1, KIND_FORGOTTEN = 2, KIND_SHARD = 3 };

/* --- sent ------------------------------------------------------------------------------------- */

/* The nodes to forget that the ban still holds for, in the order they came. */
static void add_forgotten(struct rcs_cluster *cluster, struct rcs_bus_msg *msg)
{
    int64_t now_s = rcs_wall_ms(cluster) / 1000;
    struct rcs_forgotten *list = malloc(cluster->blacklist_count * sizeof(list[0]));
    unsigned count = 0;
    RCS_ASSERT(list != NULL);
    for (unsigned i = 0; i < cluster->blacklist_count; i++) {
        if (cluster->blacklist[i].until_s >= now_s) {
            list[count++] = (struct rcs_forgotten){
                .id = cluster->blacklist[i].id,
                .ttl_s = (uint64_t)(cluster->blacklist[i].until_s - now_s),
            };
        }
    }
    if (count > 0) {
        rcs_bus_forget(cluster->store, msg, list, count);
    }
    free(list);
}

void rcs_extend(struct rcs_cluster *cluster, struct rcs_bus_msg *msg, unsigned far_flags)
{
    if (cluster->profile->extend == RCS_EXTEND_ASKED && !(far_flags & RCS_NODE_EXTENDED)) {
        msg->hostname = 0;
        msg->form |= RCS_BUS_ASKS;
        return;
    }
    msg->body.extended.shard = rcs_myself(cluster)->shard;
    if (cluster->blacklist_count > 0 && cluster->profile->gossips_forget) {
        add_forgotten(cluster, msg);
    }
}

/* --- heard ------------------------------------------------------------------------------------ */

void rcs_extensions_heard(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    struct rcs_peer *peer = &cluster->peers[sender];
    unsigned flags = peer->flags;
    if (msg->mflags & RCS_MFLAG_EXT_DATA) {
        flags |= RCS_NODE_EXTENDED;
    }
    if (cluster->profile->light_header) {
        flags = (flags & ~(unsigned)RCS_NODE_LIGHT) | (msg->flags & RCS_NODE_LIGHT);
    }
    if (flags != peer->flags) {
        peer->flags = (uint16_t)flags;
        rcs_peer_changed(cluster, sender);
    }
}

static void say_unknown(struct rcs_cluster *cluster, int kind)
{
    char text[64];
    snprintf(text, sizeof(text), "Received unknown extension type %d", kind);
    rcs_cluster_fact(cluster, RCS_FACT_BUS_WARNING, RCS_ID_NONE, RCS_ID_NONE, kind, 0, 0, text);
}

/* As 7.0 does with those of later releases. */
static void say_all_unknown(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg)
{
    if (msg->body.extended.nodename != 0) {
        say_unknown(cluster, KIND_NODENAME);
    }
    for (unsigned i = 0; i < msg->body.extended.forgotten_count; i++) {
        say_unknown(cluster, KIND_FORGOTTEN);
    }
    if (msg->body.extended.shard != 0) {
        say_unknown(cluster, KIND_SHARD);
    }
}

void rcs_extensions_read(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    if (!cluster->profile->shard_ids) {
        if (rcs_bus_is_extended(msg)) {
            say_all_unknown(cluster, msg);
        }
        return;
    }
    for (unsigned i = 0; i < msg->body.extended.forgotten_count; i++) {
        const struct rcs_forgotten *one = rcs_bus_forgotten(msg, i);
        if (rcs_peer_find(cluster, one->id) != NULL && one->id != cluster->myself &&
            rcs_myself(cluster)->master != one->id) {
            rcs_forget_heard(cluster, one->id, one->ttl_s);
        }
    }
    if (rcs_peer_find(cluster, sender) == NULL) {
        return; /* told to forget the one who tells it: a real node reads freed memory here */
    }
    /* A sender that says none is of an older release; a replica is then in its master's. */
    rcs_text shard = msg->body.extended.shard;
    if (shard == 0) {
        rcs_id master = cluster->peers[sender].master;
        shard = cluster->peers[master != RCS_ID_NONE ? master : sender].shard;
    }
    rcs_shard_update(cluster, sender, shard);
}
