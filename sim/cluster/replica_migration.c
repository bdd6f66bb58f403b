/* Replica migration: a master that has spare replicas lends one to a master that has none
 * (Redis 7.0 clusterHandleSlaveMigration and its preconditions in clusterCron). */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/parts.h"

#include "sim/pure.h"

/* Redis counts this for every node in every tick; nothing of it can change unless a flag, a role or
 * a slot did, so it is counted again only then. */
static void count_replicas(struct rcs_cluster *cluster)
{
    if (!cluster->replicas_stale) {
        return;
    }
    cluster->replicas_stale = false;
    cluster->orphaned_masters = cluster->max_replicas = cluster->this_replicas = 0;
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        const struct rcs_peer *peer = &cluster->peers[id];
        if (id == cluster->myself || !rcs_is_master(peer) ||
            peer->flags & (RCS_NODE_FAIL | RCS_NODE_NOADDR)) {
            continue;
        }
        unsigned ok = rcs_replicas_ok(cluster, peer);
        if (ok == 0 && rcs_slot_count(cluster, id) > 0 && peer->flags & RCS_NODE_MIGRATE_TO) {
            cluster->orphaned_masters++;
        }
        cluster->max_replicas = ok > cluster->max_replicas ? ok : cluster->max_replicas;
        if (id == rcs_myself(cluster)->master) {
            cluster->this_replicas = ok;
        }
    }
}

static unsigned healthy_replicas(const struct rcs_cluster *cluster, const struct rcs_peer *master)
{
    unsigned count = 0;
    for (rcs_id id = master->first_replica; id != RCS_ID_NONE;
         id = cluster->peers[id].next_replica) {
        count += (cluster->peers[id].flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) == 0;
    }
    return count;
}

static bool is_orphaned(const struct rcs_peer *peer, unsigned ok_replicas)
{
    return !rcs_is_replica(peer) && !(peer->flags & RCS_NODE_FAIL) &&
           peer->flags & RCS_NODE_MIGRATE_TO && ok_replicas == 0;
}

/* Why no replica goes to an orphan: said when the reason changes. */
static void tell(struct rcs_cluster *cluster, enum rcs_fact_code why, rcs_id about, rcs_id by,
                 int64_t v0, int64_t v1)
{
    if (cluster->told.migrate != why) {
        cluster->told.migrate = why;
        rcs_cluster_cause(cluster, why, about, by, v0, v1, 0);
    }
}

static bool name_before(const struct rcs_cluster *cluster, rcs_id a, rcs_id b)
{
    return memcmp(rcs_store_name(cluster->store, a), rcs_store_name(cluster->store, b),
                  RCS_ID_LEN) < 0;
}

RCS_RARE static void migrate(struct rcs_cluster *cluster)
{
    rcs_id mine = rcs_myself(cluster)->master;
    if (!cluster->state_ok) {
        tell(cluster, RCS_FACT_CAUSE_MIGRATE_STATE, mine, RCS_ID_NONE, 0, 0);
        return;
    }
    if (mine == RCS_ID_NONE || !rcs_rule_on(cluster->config, RCS_RULE_ORPHAN)) {
        return;
    }
    unsigned healthy = healthy_replicas(cluster, &cluster->peers[mine]);
    if (healthy <= (uint64_t)cluster->config->migration_barrier) {
        tell(cluster, RCS_FACT_CAUSE_MIGRATE_BARRIER, mine, RCS_ID_NONE, healthy,
             cluster->config->migration_barrier);
        return;
    }
    if (cluster->orphaned_ms == NULL) {
        cluster->orphaned_ms = calloc(cluster->room, sizeof(cluster->orphaned_ms[0]));
        RCS_ASSERT(cluster->orphaned_ms != NULL);
    }
    rcs_id target = RCS_ID_NONE, candidate = cluster->myself;
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        const struct rcs_peer *peer = &cluster->peers[id];
        unsigned ok = rcs_is_master(peer) ? rcs_replicas_ok(cluster, peer) : 0;
        if (is_orphaned(peer, ok)) {
            if (target == RCS_ID_NONE && rcs_slot_count(cluster, id) > 0) {
                target = id;
            }
            if (cluster->orphaned_ms[id] == 0) {
                cluster->orphaned_ms[id] = cluster->now_ms;
            }
        } else {
            cluster->orphaned_ms[id] = 0;
        }
        if (ok == cluster->max_replicas) {
            for (rcs_id replica = peer->first_replica; replica != RCS_ID_NONE;
                 replica = cluster->peers[replica].next_replica) {
                if (name_before(cluster, replica, candidate)) {
                    candidate = replica;
                }
            }
        }
    }
    if (target == RCS_ID_NONE) {
        return;
    }
    int64_t orphaned_ms = cluster->now_ms - cluster->orphaned_ms[target];
    if (candidate != cluster->myself) {
        tell(cluster, RCS_FACT_CAUSE_MIGRATE_NOT_ME, target, candidate, 0, 0);
    } else if (orphaned_ms <= RCS_REPLICA_MIGRATION_MS) {
        tell(cluster, RCS_FACT_CAUSE_MIGRATE_WAIT, target, RCS_ID_NONE, orphaned_ms,
             RCS_REPLICA_MIGRATION_MS);
    } else {
        cluster->told.migrate = (enum rcs_fact_code)0;
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MIGRATE_SPARE, mine, RCS_ID_NONE, healthy,
                          cluster->config->migration_barrier, 0);
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MIGRATE_DUE, target, RCS_ID_NONE, orphaned_ms,
                          RCS_REPLICA_MIGRATION_MS, 0);
        rcs_cluster_fact(cluster, RCS_FACT_FOLLOWS_ORPHAN, target, mine, 0, 0, 0,
                         rcs_shard_said(cluster, target));
        rcs_cluster_follow(cluster, target);
    }
}

void rcs_replica_migration(struct rcs_cluster *cluster)
{
    count_replicas(cluster);
    rcs_id mine = rcs_myself(cluster)->master;
    if (cluster->orphaned_masters == 0) {
        cluster->told.migrate = (enum rcs_fact_code)0;
    } else if (cluster->max_replicas < 2) {
        tell(cluster, RCS_FACT_CAUSE_MIGRATE_FEW, mine, RCS_ID_NONE, cluster->max_replicas, 2);
    } else if (cluster->this_replicas != cluster->max_replicas) {
        tell(cluster, RCS_FACT_CAUSE_MIGRATE_NOT_MOST, mine, RCS_ID_NONE, cluster->this_replicas,
             cluster->max_replicas);
    } else if (!cluster->config->allow_replica_migration) {
        tell(cluster, RCS_FACT_CAUSE_MIGRATE_OFF, mine, RCS_ID_NONE, 0, 0);
    } else {
        migrate(cluster);
    }
}
