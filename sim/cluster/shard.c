/* Shard ids: a master and its replicas bear one, which survives failovers (Redis 7.2, 5032de50f).
 *
 * A real node draws an id for each node it hears of, until that one says its own. Nobody compares
 * what two viewers drew, so here all take the same one for a node: made of its name. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/cluster/parts.h"

#include "sim/pure.h"

rcs_text rcs_shard_of_stranger(struct rcs_cluster *cluster, rcs_id id)
{
    static const char digits[] = "0123456789abcdef";
    char shard[RCS_ID_LEN];
    const char *name = rcs_store_name(cluster->store, id);
    for (unsigned i = 0; i < RCS_ID_LEN; i++) {
        uint64_t hash = XXH3_64bits_withSeed(name, RCS_ID_LEN, i / 16);
        shard[i] = digits[hash >> (i % 16 * 4) & 15];
    }
    return rcs_store_text(cluster->store, shard, sizeof(shard));
}

const char *rcs_shard_text(const struct rcs_cluster *cluster, rcs_id id)
{
    rcs_text shard = cluster->peers[id].shard;
    return shard != 0 ? rcs_store_text_of(cluster->store, shard) : NULL;
}

const char *rcs_shard_said(const struct rcs_cluster *cluster, rcs_id id)
{
    return cluster->profile->says_primary ? rcs_shard_text(cluster, id) : NULL;
}

rcs_text rcs_shard_new(struct rcs_cluster *cluster)
{
    char shard[RCS_ID_LEN + 1];
    rcs_rand_name(&cluster->names, shard);
    return rcs_store_text(cluster->store, shard, RCS_ID_LEN);
}

bool rcs_same_shard(const struct rcs_cluster *cluster, rcs_id a, rcs_id b)
{
    return cluster->profile->shard_ids && cluster->peers[a].shard == cluster->peers[b].shard;
}

void rcs_shard_update(struct rcs_cluster *cluster, rcs_id id, rcs_text shard)
{
    if (!cluster->profile->shard_ids) {
        return;
    }
    struct rcs_peer *peer = &cluster->peers[id], *myself = rcs_myself(cluster);
    if (peer->shard != shard) {
        peer->shard = shard;
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG);
    }
    if (id != cluster->myself && myself->master == id && myself->shard != shard) {
        myself->shard = shard;
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
    }
}
