/* cluster_state: ok or fail, and how long a node waits before it says ok again (Redis 7.0
 * clusterUpdateState). */
#include "sim/cluster/parts.h"

#include "sim/pure.h"

/* What this node sees of the masters that own slots, and of the slots. */
struct coverage {
    int masters, reachable; /* masters with slots; those neither PFAIL nor FAIL */
    unsigned uncovered;     /* slots without owner, or whose owner has FAIL */
};

static struct coverage look(const struct rcs_cluster *cluster)
{
    struct coverage seen = { .uncovered = RCS_SLOTS - cluster->slots->assigned };
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        const struct rcs_peer *peer = &cluster->peers[id];
        unsigned slots = rcs_slot_count(cluster, id);
        if (slots == 0) {
            continue;
        }
        if (peer->flags & RCS_NODE_FAIL) {
            seen.uncovered += slots;
        }
        if (rcs_is_master(peer)) {
            seen.masters++;
            seen.reachable += (peer->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) == 0;
        }
    }
    return seen;
}

static int64_t rejoin_delay_ms(const struct rcs_cluster *cluster)
{
    int64_t delay_ms = cluster->config->node_timeout_ms;
    if (delay_ms > RCS_REJOIN_DELAY_MS_MAX) {
        return RCS_REJOIN_DELAY_MS_MAX;
    }
    return delay_ms < RCS_REJOIN_DELAY_MS_MIN ? RCS_REJOIN_DELAY_MS_MIN : delay_ms;
}

/* Why the state is, or stays, fail; told when one of them begins or ends. */
enum { UNCOVERED = 1, MINORITY = 2, STARTING = 4, REJOINING = 8 };

/* Their number. */
static int tell_unreached(struct rcs_cluster *cluster)
{
    int count = 0;
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        unsigned flags = cluster->peers[id].flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL);
        unsigned slots = rcs_slot_count(cluster, id);
        if (flags != 0 && slots > 0) {
            rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STATE_UNREACHED, id, RCS_ID_NONE, flags,
                              slots, 0);
            count++;
        }
    }
    return count;
}

static void tell_coverage(struct rcs_cluster *cluster, const struct coverage *seen, unsigned why)
{
    if (cluster->told.state == why) {
        return;
    }
    cluster->told.state = why;
    if (!cluster->out->facts.causes) {
        return;
    }
    int unreached = tell_unreached(cluster);
    if (why & UNCOVERED) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STATE_UNCOVERED, RCS_ID_NONE, RCS_ID_NONE,
                          seen->uncovered, RCS_SLOTS - cluster->slots->assigned, unreached);
    }
    if (why & MINORITY) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STATE_MINORITY, RCS_ID_NONE, RCS_ID_NONE,
                          seen->reachable, unreached, seen->masters / 2 + 1);
    }
}

/* Time has to pass yet, or has passed: since when, and how much. */
static void tell_wait(struct rcs_cluster *cluster, unsigned why, enum rcs_fact_code code,
                      int64_t since_ms, int64_t limit_ms)
{
    if (cluster->told.state != why) {
        cluster->told.state = why;
        rcs_cluster_cause(cluster, code, RCS_ID_NONE, RCS_ID_NONE, since_ms, limit_ms, 0);
    }
}

static void tell_good(struct rcs_cluster *cluster, const struct coverage *seen, int64_t since_ms)
{
    cluster->told.state = 0;
    rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STATE_MAJORITY, RCS_ID_NONE, RCS_ID_NONE,
                      seen->reachable, seen->masters / 2 + 1, seen->masters);
    if (rcs_is_replica(rcs_myself(cluster))) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STATE_REPLICA, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0);
    } else if (cluster->among_minority_ms == 0) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STATE_STEADY, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0);
    } else {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STATE_REJOINED, RCS_ID_NONE, RCS_ID_NONE,
                          since_ms, rejoin_delay_ms(cluster), 0);
    }
}

RCS_HOT void rcs_state_update(struct rcs_cluster *cluster)
{
    bool is_master = rcs_is_master(rcs_myself(cluster));
    cluster->todo &= ~(uint32_t)RCS_TODO_UPDATE_STATE;
    if (cluster->first_update_ms == 0) {
        cluster->first_update_ms = cluster->now_ms;
    }
    /* A master that was just started gives the others time to tell it what it missed. */
    if (is_master && !cluster->state_ok &&
        cluster->now_ms - cluster->first_update_ms < RCS_WRITABLE_DELAY_MS) {
        tell_wait(cluster, STARTING, RCS_FACT_CAUSE_STATE_STARTING,
                  cluster->now_ms - cluster->first_update_ms, RCS_WRITABLE_DELAY_MS);
        return;
    }
    struct coverage seen = look(cluster);
    cluster->size = seen.masters;
    bool ok = !(cluster->config->require_full_coverage && seen.uncovered > 0);
    unsigned why = ok ? 0 : UNCOVERED;
    if (seen.reachable < seen.masters / 2 + 1 && rcs_rule_on(cluster->config, RCS_RULE_MAJORITY)) {
        ok = false;
        why |= MINORITY;
        cluster->among_minority_ms = cluster->now_ms;
    }
    if (!ok) {
        tell_coverage(cluster, &seen, why);
    }
    if (ok == cluster->state_ok) {
        return;
    }
    int64_t since_minority_ms = cluster->now_ms - cluster->among_minority_ms;
    if (ok && is_master && since_minority_ms < rejoin_delay_ms(cluster) &&
        rcs_rule_on(cluster->config, RCS_RULE_REJOIN_DELAY)) {
        tell_wait(cluster, REJOINING, RCS_FACT_CAUSE_STATE_REJOINING, since_minority_ms,
                  rejoin_delay_ms(cluster));
        return;
    }
    if (ok) {
        tell_good(cluster, &seen, since_minority_ms);
    }
    cluster->state_ok = ok;
    rcs_cluster_fact(cluster, ok ? RCS_FACT_STATE_OK : RCS_FACT_STATE_FAIL, RCS_ID_NONE,
                     RCS_ID_NONE, seen.masters, seen.reachable,
                     ok ? (cluster->among_minority_ms == 0 ? 0 : since_minority_ms)
                        : (int64_t)seen.uncovered,
                     NULL);
}
