/* Manual failover: FAILOVER with the master's consent, FORCE without it, TAKEOVER without anybody's
 * (Redis 7.0 clusterCommand FAILOVER, clusterHandleManualFailover, resetManualFailover). */
#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"

#include "sim/pure.h"

void rcs_mf_reset(struct rcs_cluster *cluster)
{
    if (cluster->mf_replica != RCS_ID_NONE) {
        cluster->host->unpause_writes(cluster->host->node);
    }
    cluster->mf_end_ms = 0;
    cluster->mf_can_start = false;
    cluster->mf_replica = RCS_ID_NONE;
    cluster->mf_master_offset = -1;
    cluster->told.failover_behind = false;
}

/* What the failover that now ends still waited for. */
static void tell_stuck(struct rcs_cluster *cluster)
{
    rcs_id master = rcs_myself(cluster)->master;
    int64_t waited_ms = cluster->now_ms - (cluster->mf_end_ms - RCS_MF_TIMEOUT_MS);
    if (rcs_is_master(rcs_myself(cluster))) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_NO_CLAIM, cluster->mf_replica, RCS_ID_NONE,
                          waited_ms, 0, 0);
    } else if (cluster->mf_can_start) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_NO_VOTES, master, RCS_ID_NONE,
                          cluster->auth_count, cluster->size / 2 + 1, (int64_t)cluster->auth_epoch);
    } else if (cluster->mf_master_offset == -1) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_NO_OFFSET, master, RCS_ID_NONE, waited_ms, 0,
                          0);
    } else {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_BEHIND, master, RCS_ID_NONE,
                          cluster->host->offset(cluster->host->node), cluster->mf_master_offset, 0);
    }
}

void rcs_mf_check_timeout(struct rcs_cluster *cluster)
{
    if (cluster->mf_end_ms != 0 && cluster->mf_end_ms < cluster->now_ms) {
        tell_stuck(cluster);
        rcs_cluster_fact0(cluster, RCS_FACT_MF_TIMEOUT, RCS_ID_NONE);
        rcs_mf_reset(cluster);
    }
}

/* --- the replica ------------------------------------------------------------------------------ */

/* Valkey names the client. */
static void say_asked(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id master)
{
    rcs_cluster_fact(cluster, code, master, RCS_ID_NONE, 0, 0, 0, cluster->asked_by);
}

void rcs_cluster_failover(struct rcs_cluster *cluster, enum rcs_failover_kind kind)
{
    rcs_mf_reset(cluster);
    cluster->mf_end_ms = (int64_t)cluster->now_ms + RCS_MF_TIMEOUT_MS;
    rcs_id master = rcs_myself(cluster)->master;
    switch (kind) {
    case RCS_FAILOVER_TAKEOVER:
        say_asked(cluster, RCS_FACT_MF_TAKEOVER, master);
        (void)rcs_epoch_bump(cluster);
        rcs_election_promote(cluster);
        return;
    case RCS_FAILOVER_FORCE:
        say_asked(cluster, RCS_FACT_MF_FORCED, master);
        cluster->mf_can_start = true;
        return;
    case RCS_FAILOVER_PLAIN:
        say_asked(cluster, RCS_FACT_MF_ACCEPTED, master);
        rcs_send_to(cluster, master, rcs_msg_new(cluster, RCS_BUS_MFSTART, 0));
        return;
    }
}

RCS_HOT void rcs_mf_handle(struct rcs_cluster *cluster)
{
    bool at_once = cluster->profile->mf_pace == RCS_PACE_SLEEP;
    if (cluster->mf_end_ms == 0 || cluster->mf_can_start || cluster->mf_master_offset == -1 ||
        (cluster->mf_master_offset == 0 && !at_once)) { /* 0 meant unknown before 6.2 */
        return;
    }
    int64_t mine = cluster->host->offset(cluster->host->node);
    if (cluster->mf_master_offset != mine && rcs_rule_on(cluster->config, RCS_RULE_MF_OFFSET)) {
        if (!cluster->told.failover_behind) {
            cluster->told.failover_behind = true;
            rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_BEHIND, rcs_myself(cluster)->master,
                              RCS_ID_NONE, mine, cluster->mf_master_offset, 0);
        }
        if (at_once) {
            rcs_cluster_todo(cluster, RCS_TODO_HANDLE_MANUALFAILOVER);
        }
        return;
    }
    cluster->mf_can_start = true;
    rcs_cluster_fact(cluster, RCS_FACT_MF_READY, RCS_ID_NONE, RCS_ID_NONE, mine, 0, 0, NULL);
    if (at_once) {
        rcs_cluster_todo(cluster, RCS_TODO_HANDLE_FAILOVER);
    }
}

/* Any packet of a paused master says at which offset it stopped. */
void rcs_mf_heard(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    const struct rcs_peer *myself = rcs_myself(cluster);
    if (cluster->mf_end_ms == 0 || !rcs_is_replica(myself) || myself->master != sender ||
        !(msg->mflags & RCS_MFLAG_PAUSED) ||
        (cluster->mf_master_offset != -1 &&
         (cluster->mf_master_offset != 0 || cluster->profile->mf_pace == RCS_PACE_SLEEP))) {
        return;
    }
    cluster->mf_master_offset = msg->offset;
    if (cluster->profile->mf_pace == RCS_PACE_SLEEP) {
        rcs_cluster_todo(cluster, RCS_TODO_HANDLE_MANUALFAILOVER);
    }
    rcs_cluster_fact(cluster, RCS_FACT_MF_OFFSET, sender, RCS_ID_NONE, msg->offset,
                     cluster->host->offset(cluster->host->node), 0, NULL);
}

/* --- the master ------------------------------------------------------------------------------- */

void rcs_mf_start_received(struct rcs_cluster *cluster, const struct rcs_event *event,
                           rcs_id sender)
{
    if (sender == RCS_ID_NONE) {
        return;
    }
    if (cluster->peers[sender].master != cluster->myself) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_NOT_REPLICA, sender,
                          cluster->peers[sender].master, 0, 0, 0);
        return;
    }
    rcs_mf_reset(cluster);
    cluster->mf_end_ms = (int64_t)cluster->now_ms + RCS_MF_TIMEOUT_MS;
    cluster->mf_replica = sender;
    if (rcs_rule_on(cluster->config, RCS_RULE_MF_PAUSE)) {
        cluster->host->pause_writes(cluster->host->node,
                                    cluster->now_ms + RCS_MF_TIMEOUT_MS * RCS_MF_PAUSE_MULT);
    }
    rcs_cluster_fact0(cluster, RCS_FACT_MF_REQUESTED, sender);
    if (cluster->profile->mf_pace != RCS_PACE_SLEEP) {
        return; /* the cron pings the replica ten times a second */
    }
    /* The ping goes back on the link the request came by, with the offset in its header. On a link
     * that was accepted it does not start the ping clock (clusterSendPing). */
    rcs_send_gossip(cluster, event->link, RCS_BUS_PING);
}
