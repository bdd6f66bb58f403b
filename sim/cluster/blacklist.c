/* Forgotten nodes: for a minute gossip does not bring them back (Redis 7.0 clusterBlacklistAddNode,
 * clusterBlacklistExists). MEET does, and a packet of their own never adds anybody. */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"

#include "sim/pure.h"

static void expire(struct rcs_cluster *cluster)
{
    int64_t now_s = rcs_wall_ms(cluster) / 1000;
    unsigned kept = 0;
    for (unsigned i = 0; i < cluster->blacklist_count; i++) {
        if (cluster->blacklist[i].until_s >= now_s) {
            cluster->blacklist[kept++] = cluster->blacklist[i];
        }
    }
    cluster->blacklist_count = kept;
}

bool rcs_blacklisted(struct rcs_cluster *cluster, rcs_id id)
{
    expire(cluster);
    for (unsigned i = 0; i < cluster->blacklist_count; i++) {
        if (cluster->blacklist[i].id == id) {
            return rcs_rule_on(cluster->config, RCS_RULE_FORGET_BAN);
        }
    }
    return false;
}

static void blacklist_add(struct rcs_cluster *cluster, rcs_id id, int64_t ttl_s)
{
    int64_t until_s = rcs_wall_ms(cluster) / 1000 + ttl_s;
    expire(cluster);
    for (unsigned i = 0; i < cluster->blacklist_count; i++) {
        if (cluster->blacklist[i].id == id) {
            cluster->blacklist[i].until_s = until_s;
            return;
        }
    }
    if (cluster->blacklist_count == cluster->blacklist_room) {
        cluster->blacklist_room = cluster->blacklist_room == 0 ? 8 : cluster->blacklist_room * 2;
        cluster->blacklist =
            realloc(cluster->blacklist, cluster->blacklist_room * sizeof(cluster->blacklist[0]));
        RCS_ASSERT(cluster->blacklist != NULL);
    }
    cluster->blacklist[cluster->blacklist_count].id = id;
    cluster->blacklist[cluster->blacklist_count++].until_s = until_s;
}

void rcs_cluster_forget(struct rcs_cluster *cluster, rcs_id id)
{
    blacklist_add(cluster, id, RCS_BLACKLIST_S);
    rcs_peer_del(cluster, id);
    rcs_cluster_fact0(cluster, RCS_FACT_NODE_FORGOTTEN, id);
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}

bool rcs_cluster_is_forgotten(struct rcs_cluster *cluster, rcs_id id)
{
    return rcs_blacklisted(cluster, id);
}

void rcs_forget_heard(struct rcs_cluster *cluster, rcs_id id, uint64_t ttl_s)
{
    blacklist_add(cluster, id, ttl_s < RCS_BLACKLIST_S ? (int64_t)ttl_s : RCS_BLACKLIST_S);
    rcs_peer_del(cluster, id);
    rcs_cluster_fact0(cluster, RCS_FACT_NODE_FORGOTTEN, id);
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}

bool rcs_cluster_forget_handshake(struct rcs_cluster *cluster, const char name[RCS_ID_LEN])
{
    for (unsigned i = 0; i < cluster->handshake_count; i++) {
        if (memcmp(cluster->handshakes[i].name, name, RCS_ID_LEN) == 0) {
            rcs_handshake_del(cluster, &cluster->handshakes[i]);
            rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
            return true;
        }
    }
    return false;
}
