/* Elections: when a replica stands, what it waits for, who votes for it, and what a winner does
 * (Redis 7.0 clusterHandleSlaveFailover and around it). */
#include <string.h>

#include "sim/cluster/parts.h"

#include "sim/pure.h"

/* --- the candidate ---------------------------------------------------------------------------- */

/* How many other replicas of my master are ahead of me; FAIL ones count like others (Redis 7.0
 * clusterGetSlaveRank). */
static int my_rank(const struct rcs_cluster *cluster)
{
    const struct rcs_peer *master = &cluster->peers[rcs_myself(cluster)->master];
    int64_t mine = cluster->host->offset(cluster->host->node);
    int rank = 0;
    for (rcs_id id = master->first_replica; id != RCS_ID_NONE;
         id = cluster->peers[id].next_replica) {
        const struct rcs_peer *replica = &cluster->peers[id];
        if (id == cluster->myself || replica->flags & RCS_NODE_NOFAILOVER) {
            continue;
        }
        rank += replica->repl_offset > mine ||
                (cluster->profile->ranks_by_name && replica->repl_offset == mine &&
                 memcmp(rcs_store_name(cluster->store, id),
                        rcs_store_name(cluster->store, cluster->myself), RCS_ID_LEN) < 0);
    }
    return rank;
}

static const char *reason_text(enum rcs_cant_failover reason)
{
    switch (reason) {
    case RCS_CANT_DATA_AGE:
        return "Disconnected from master for longer than allowed. Please check the "
               "'cluster-replica-validity-factor' configuration option.";
    case RCS_CANT_WAITING_DELAY:
        return "Waiting the delay before I can start a new failover.";
    case RCS_CANT_EXPIRED:
        return "Failover attempt expired.";
    case RCS_CANT_WAITING_VOTES:
        return "Waiting for votes, but majority still not reached.";
    case RCS_CANT_NONE:
        break;
    }
    RCS_UNREACHABLE("no such reason");
}

/* Redis 7.0 clusterLogCantFailover: not the same twice in 300 s, nothing while a failover that goes
 * well would still be under way (but in Valkey, which also says how the votes stand). */
static void cannot(struct rcs_cluster *cluster, enum rcs_cant_failover reason)
{
    int64_t now_s = rcs_wall_ms(cluster) / 1000;
    if (reason == cluster->cant_reason &&
        now_s - cluster->cant_logged_s < cluster->profile->cant_relog_ms / 1000) {
        return;
    }
    cluster->cant_reason = reason;
    const struct rcs_peer *master = rcs_peer_find(cluster, rcs_myself(cluster)->master);
    if (master != NULL && master->flags & RCS_NODE_FAIL && !cluster->profile->says_primary &&
        cluster->now_ms - master->fail_ms < cluster->config->node_timeout_ms + 5000) {
        return;
    }
    cluster->cant_logged_s = now_s;
    rcs_cluster_fact(cluster, RCS_FACT_ELECTION_BLOCKED, rcs_myself(cluster)->master, RCS_ID_NONE,
                     reason, 0, 0, reason_text(reason));
}

/* True if my master is one to be replaced by me at all. */
static bool called_for(const struct rcs_cluster *cluster, bool manual)
{
    const struct rcs_peer *myself = rcs_myself(cluster);
    if (rcs_is_master(myself) || myself->master == RCS_ID_NONE) {
        return false;
    }
    const struct rcs_peer *master = &cluster->peers[myself->master];
    if (!manual && (!(master->flags & RCS_NODE_FAIL) || cluster->config->replica_no_failover)) {
        return false;
    }
    return !cluster->profile->needs_slots_of_master || rcs_slot_count(cluster, myself->master) > 0;
}

static bool data_too_old(const struct rcs_cluster *cluster)
{
    const struct rcs_config *config = cluster->config;
    int64_t age_ms = cluster->host->data_age_ms(cluster->host->node);
    if (age_ms > config->node_timeout_ms) {
        age_ms -=
            config->node_timeout_ms; /* the time the failure took to be noticed is no fault of it */
    }
    return config->replica_validity_factor != 0 &&
           age_ms > config->repl_ping_period_s * 1000 +
                        config->node_timeout_ms * config->replica_validity_factor;
}

static void schedule(struct rcs_cluster *cluster)
{
    cluster->auth_ms = cluster->now_ms + 500 + (int64_t)rcs_rand_below(&cluster->election, 500);
    cluster->auth_count = 0;
    cluster->auth_sent = false;
    cluster->auth_rank = my_rank(cluster);
    cluster->auth_ms += cluster->auth_rank * 1000;
    if (cluster->mf_end_ms != 0) { /* a manual failover does not wait */
        cluster->auth_ms = cluster->now_ms;
        cluster->auth_rank = 0;
        if (cluster->profile->mf_pace != RCS_PACE_CRON) {
            rcs_cluster_todo(cluster, RCS_TODO_HANDLE_FAILOVER);
        }
    }
    rcs_cluster_fact(cluster, RCS_FACT_ELECTION_DELAYED, rcs_myself(cluster)->master, RCS_ID_NONE,
                     cluster->auth_ms - cluster->now_ms, cluster->auth_rank,
                     cluster->host->offset(cluster->host->node), NULL);
    /* Siblings learn my offset now, so that ranks are true. */
    rcs_broadcast_pong(cluster, true);
}

/* A sibling turned out to be ahead: wait longer. Falling ranks change nothing, but in Valkey. */
static void raise_rank(struct rcs_cluster *cluster)
{
    int rank = my_rank(cluster);
    if (rank == cluster->auth_rank ||
        (rank < cluster->auth_rank && !cluster->profile->ranks_by_name)) {
        return;
    }
    int64_t added_ms = (int64_t)(rank - cluster->auth_rank) * 1000;
    cluster->auth_ms += added_ms;
    cluster->auth_rank = rank;
    rcs_cluster_fact(cluster, RCS_FACT_ELECTION_RANK, RCS_ID_NONE, RCS_ID_NONE, rank, added_ms, 0,
                     NULL);
}

static void request_votes(struct rcs_cluster *cluster, int needed)
{
    cluster->current_epoch++;
    cluster->auth_epoch = cluster->current_epoch;
    rcs_cluster_fact(cluster, RCS_FACT_ELECTION_STARTED, rcs_myself(cluster)->master, RCS_ID_NONE,
                     (int64_t)cluster->current_epoch, needed, 0, NULL);
    struct rcs_bus_msg *msg = rcs_msg_new(cluster, RCS_BUS_AUTH_REQUEST, 0);
    if (cluster->mf_end_ms != 0) {
        msg->mflags |= RCS_MFLAG_FORCEACK;
    }
    rcs_send_all(cluster, msg);
    cluster->auth_sent = true;
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE | RCS_TODO_FSYNC_CONFIG);
}

static void win(struct rcs_cluster *cluster, int needed)
{
    struct rcs_peer *myself = rcs_myself(cluster);
    rcs_cluster_fact(cluster, RCS_FACT_ELECTION_WON, myself->master, RCS_ID_NONE,
                     cluster->auth_count, needed, (int64_t)cluster->auth_epoch, NULL);
    if (myself->config_epoch < cluster->auth_epoch) {
        myself->config_epoch = cluster->auth_epoch;
        rcs_cluster_fact(cluster, RCS_FACT_EPOCH_WON, RCS_ID_NONE, RCS_ID_NONE,
                         (int64_t)myself->config_epoch, 0, 0, NULL);
    }
    rcs_election_promote(cluster);
}

/* My master is to be replaced: what of the way there is next. */
static void go_on(struct rcs_cluster *cluster, bool manual)
{
    int64_t timeout_ms = cluster->config->node_timeout_ms * 2;
    if (timeout_ms < 2000) {
        timeout_ms = 2000;
    }
    int64_t age_ms = cluster->now_ms - cluster->auth_ms;
    int needed = cluster->size / 2 + 1;

    if (!manual && data_too_old(cluster)) {
        cannot(cluster, RCS_CANT_DATA_AGE);
        return;
    }
    if (age_ms > timeout_ms * 2) {
        schedule(cluster);
        return;
    }
    if (!cluster->auth_sent && cluster->mf_end_ms == 0) {
        raise_rank(cluster);
    }
    if (cluster->now_ms < cluster->auth_ms) {
        cannot(cluster, RCS_CANT_WAITING_DELAY);
        return;
    }
    if (age_ms > timeout_ms) {
        cannot(cluster, RCS_CANT_EXPIRED);
        return;
    }
    if (!cluster->auth_sent) {
        request_votes(cluster, needed);
        return;
    }
    if (cluster->auth_count >= needed) {
        win(cluster, needed);
    } else {
        cannot(cluster, RCS_CANT_WAITING_VOTES);
    }
}

void rcs_election_handle(struct rcs_cluster *cluster)
{
    bool manual = cluster->mf_end_ms != 0 && cluster->mf_can_start;
    if (called_for(cluster, manual)) {
        go_on(cluster, manual);
    } else {
        cluster->cant_reason = RCS_CANT_NONE;
    }
}

/* Redis 7.0 clusterFailoverReplaceYourMaster */
void rcs_election_promote(struct rcs_cluster *cluster)
{
    struct rcs_peer *myself = rcs_myself(cluster);
    rcs_id old_master = myself->master;
    if (rcs_is_master(myself) || old_master == RCS_ID_NONE) {
        return;
    }
    rcs_peer_set_master(cluster, cluster->myself);
    cluster->host->unset_master(cluster->host->node);
    struct rcs_slot_words slots = rcs_slots_held(cluster, old_master)->words;
    rcs_slots_assign(cluster, &slots, cluster->myself);
    rcs_cluster_fact(cluster, RCS_FACT_PROMOTED, old_master, RCS_ID_NONE,
                     (int64_t)myself->config_epoch, rcs_slot_count(cluster, cluster->myself), 0,
                     NULL);
    rcs_state_update(cluster);
    rcs_cluster_save(cluster, true);
    rcs_broadcast_pong(cluster, false);
    rcs_mf_reset(cluster);
}

/* --- the voters ------------------------------------------------------------------------------- */

static void deny(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id sender, int64_t v0,
                 int64_t v1, int64_t v2)
{
    rcs_cluster_fact(cluster, code, sender, RCS_ID_NONE, v0, v1, v2, NULL);
}

/* Redis 7.0 clusterSendFailoverAuthIfNeeded */
void rcs_election_request(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    const struct rcs_peer *candidate = &cluster->peers[sender];
    struct rcs_peer *master = rcs_peer_find(cluster, candidate->master);
    bool forced = (msg->mflags & RCS_MFLAG_FORCEACK) != 0;
    if (!rcs_is_master(rcs_myself(cluster)) || rcs_slot_count(cluster, cluster->myself) == 0) {
        return; /* no right to vote */
    }
    if (msg->current_epoch < cluster->current_epoch) {
        deny(cluster, RCS_FACT_VOTE_OLD_EPOCH, sender, (int64_t)msg->current_epoch,
             (int64_t)cluster->current_epoch, 0);
        return;
    }
    if (cluster->last_vote_epoch == cluster->current_epoch &&
        rcs_rule_on(cluster->config, RCS_RULE_VOTE_ONCE)) {
        deny(cluster, RCS_FACT_VOTE_TWICE, sender, (int64_t)cluster->current_epoch, 0, 0);
        return;
    }
    if (rcs_is_master(candidate) || master == NULL ||
        (!(master->flags & RCS_NODE_FAIL) && !forced)) {
        deny(cluster,
             rcs_is_master(candidate) ? RCS_FACT_VOTE_IS_MASTER
             : master == NULL         ? RCS_FACT_VOTE_NO_MASTER
                                      : RCS_FACT_VOTE_MASTER_UP,
             sender, 0, 0, 0);
        return;
    }
    int64_t spacing_ms = cluster->config->node_timeout_ms * 2;
    int64_t since_ms = (int64_t)cluster->now_ms - master->voted_ms;
    if (since_ms < spacing_ms) {
        deny(cluster, RCS_FACT_VOTE_TOO_SOON, sender, spacing_ms - since_ms, 0, 0);
        return;
    }
    unsigned slot = rcs_slots_stale(cluster, RCS_ID_NONE, msg->config_epoch, msg->slots);
    if (slot < RCS_SLOTS) {
        rcs_id owner = rcs_slot_owner(cluster, slot);
        deny(cluster, RCS_FACT_VOTE_SLOT_EPOCH, sender, slot,
             (int64_t)cluster->peers[owner].config_epoch, (int64_t)msg->config_epoch);
        return;
    }
    master->voted_ms = cluster->now_ms;
    cluster->last_vote_epoch = cluster->current_epoch;
    if (cluster->profile->saves_vote_first) {
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
    }
    rcs_send_to(cluster, sender, rcs_msg_new(cluster, RCS_BUS_AUTH_ACK, 0));
    rcs_cluster_fact(cluster, RCS_FACT_VOTE_GRANTED, sender, RCS_ID_NONE,
                     (int64_t)cluster->current_epoch, 0, 0, NULL);
}

/* Votes are counted without asking whether an election is under way, or who voted before. */
void rcs_election_ack(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    if (!rcs_is_master(&cluster->peers[sender]) || rcs_slot_count(cluster, sender) == 0 ||
        msg->current_epoch < cluster->auth_epoch) {
        return;
    }
    cluster->auth_count++;
    rcs_cluster_fact(cluster, RCS_FACT_VOTE_RECEIVED, sender, RCS_ID_NONE, cluster->auth_count,
                     cluster->size / 2 + 1, (int64_t)cluster->auth_epoch, NULL);
    rcs_cluster_todo(cluster, RCS_TODO_HANDLE_FAILOVER);
}
