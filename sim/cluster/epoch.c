/* Config epochs: who is right about a slot, and how two masters with the same epoch are told apart.
 */
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"

#include "sim/pure.h"

/* Redis 7.0 clusterHandleConfigEpochCollision: of two masters with one epoch the one with the
 * smaller id takes a new one. */
void rcs_epoch_collision(struct rcs_cluster *cluster, rcs_id sender)
{
    struct rcs_peer *myself = rcs_myself(cluster);
    const struct rcs_peer *peer = &cluster->peers[sender];
    if (peer->config_epoch != myself->config_epoch || !rcs_is_master(peer) ||
        !rcs_is_master(myself) || !rcs_rule_on(cluster->config, RCS_RULE_EPOCH_COLLISION)) {
        return;
    }
    if (memcmp(rcs_store_name(cluster->store, sender),
               rcs_store_name(cluster->store, cluster->myself), RCS_ID_LEN) <= 0) {
        return;
    }
    if (cluster->out->facts.causes) {
        rcs_fact_add(&cluster->out->facts, RCS_FACT_CAUSE_EPOCH_SAME, 'M', sender, RCS_ID_NONE,
                     (int64_t)myself->config_epoch, 0, 0,
                     rcs_store_name(cluster->store, cluster->myself),
                     rcs_store_name(cluster->store, sender));
    }
    cluster->current_epoch++;
    myself->config_epoch = cluster->current_epoch;
    rcs_cluster_save(cluster, true);
    rcs_cluster_fact(cluster, RCS_FACT_EPOCH_COLLISION, sender, RCS_ID_NONE,
                     (int64_t)cluster->current_epoch, 0, 0, NULL);
}

/* Redis 7.0 clusterGetMaxEpoch */
static uint64_t max_epoch(const struct rcs_cluster *cluster)
{
    uint64_t max = cluster->current_epoch;
    for (unsigned i = 0; i < cluster->known; i++) {
        uint64_t epoch = cluster->peers[cluster->order[i]].config_epoch;
        max = epoch > max ? epoch : max;
    }
    return max;
}

bool rcs_epoch_bump(struct rcs_cluster *cluster)
{
    struct rcs_peer *myself = rcs_myself(cluster);
    uint64_t max = max_epoch(cluster);
    if ((myself->config_epoch != 0 && myself->config_epoch == max) ||
        !rcs_rule_on(cluster->config, RCS_RULE_EPOCH_BUMP)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_EPOCH_KEPT, RCS_ID_NONE, RCS_ID_NONE,
                          (int64_t)myself->config_epoch, (int64_t)max, 0);
        return false;
    }
    rcs_cluster_cause(cluster, RCS_FACT_CAUSE_EPOCH_MAX, RCS_ID_NONE, RCS_ID_NONE,
                      (int64_t)myself->config_epoch, (int64_t)max, (int64_t)cluster->current_epoch);
    cluster->current_epoch++;
    myself->config_epoch = cluster->current_epoch;
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
    rcs_cluster_fact(cluster, RCS_FACT_EPOCH_BUMPED, RCS_ID_NONE, RCS_ID_NONE,
                     (int64_t)myself->config_epoch, 0, 0, NULL);
    return true;
}

bool rcs_cluster_bump_epoch(struct rcs_cluster *cluster)
{
    return rcs_epoch_bump(cluster);
}

void rcs_cluster_set_config_epoch(struct rcs_cluster *cluster, uint64_t epoch)
{
    rcs_myself(cluster)->config_epoch = epoch;
    rcs_cluster_fact(cluster, RCS_FACT_EPOCH_SET, RCS_ID_NONE, RCS_ID_NONE, (int64_t)epoch, 0, 0,
                     NULL);
    if (cluster->current_epoch < epoch) {
        cluster->current_epoch = epoch;
    }
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}
