/* Elections: when a replica stands, what it waits for, who votes for it, and what a winner does
 * (Redis 7.0 clusterHandleSlaveFailover and around it). */
#include <string.h>

#include "sim/cluster/parts.h"
#include "sim/cluster/planted.h"

#include "sim/pure.h"

/* --- the candidate ---------------------------------------------------------------------------- */

/* Of two with the same offset the smaller name is ahead (Valkey). */
static bool ahead_by_name(const struct rcs_cluster *cluster, rcs_id id, int64_t mine)
{
    return cluster->profile->ranks_by_name && cluster->peers[id].repl_offset == mine &&
           memcmp(rcs_store_name(cluster->store, id),
                  rcs_store_name(cluster->store, cluster->myself), RCS_ID_LEN) < 0;
}

/* How many other replicas of my master are ahead of me; FAIL ones count like others (Redis 7.0
 * clusterGetSlaveRank). */
static int my_rank(const struct rcs_cluster *cluster)
{
    const struct rcs_peer *master = &cluster->peers[rcs_myself(cluster)->master];
    int64_t mine = cluster->host->offset(cluster->host->node);
    int rank = 0;
    if (!rcs_rule_on(cluster->config, RCS_RULE_RANK)) {
        return 0;
    }
    for (rcs_id id = master->first_replica; id != RCS_ID_NONE;
         id = cluster->peers[id].next_replica) {
        const struct rcs_peer *replica = &cluster->peers[id];
        if (id == cluster->myself || replica->flags & RCS_NODE_NOFAILOVER) {
            continue;
        }
        rank += replica->repl_offset > mine || ahead_by_name(cluster, id, mine);
    }
    return rank;
}

/* The offsets that my_rank compared. */
static void tell_rank(struct rcs_cluster *cluster)
{
    if (!cluster->out->facts.causes) {
        return;
    }
    const struct rcs_peer *master = &cluster->peers[rcs_myself(cluster)->master];
    int64_t mine = cluster->host->offset(cluster->host->node);
    for (rcs_id id = master->first_replica; id != RCS_ID_NONE;
         id = cluster->peers[id].next_replica) {
        const struct rcs_peer *replica = &cluster->peers[id];
        if (id != cluster->myself) {
            rcs_cluster_cause(cluster,
                              replica->flags & RCS_NODE_NOFAILOVER ? RCS_FACT_CAUSE_RANK_SKIPPED
                              : replica->repl_offset > mine        ? RCS_FACT_CAUSE_RANK_AHEAD
                              : ahead_by_name(cluster, id, mine)   ? RCS_FACT_CAUSE_RANK_BY_NAME
                                                                   : RCS_FACT_CAUSE_RANK_BEHIND,
                              id, RCS_ID_NONE, replica->repl_offset, mine, 0);
        }
    }
}

/* Why no election goes on: said when the reason, or the number it turns on, is another one. */
static bool new_reason(struct rcs_cluster *cluster, enum rcs_fact_code why, int64_t number)
{
    bool is_new = cluster->told.stand != why || cluster->told.stand_number != number;
    cluster->told.stand = why;
    cluster->told.stand_number = number;
    return is_new && cluster->out->facts.causes;
}

static void tell_stand(struct rcs_cluster *cluster, enum rcs_fact_code why, int64_t number,
                       int64_t v0, int64_t v1, int64_t v2)
{
    if (new_reason(cluster, why, number)) {
        rcs_cluster_cause(cluster, why, rcs_myself(cluster)->master, RCS_ID_NONE, v0, v1, v2);
    }
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
    if (master != NULL && master->flags & RCS_NODE_FAIL &&
        cluster->profile->cant_waits_for_timeout &&
        cluster->now_ms - master->fail_ms < cluster->config->node_timeout_ms + 5000) {
        return;
    }
    cluster->cant_logged_s = now_s;
    rcs_cluster_fact(cluster, RCS_FACT_ELECTION_BLOCKED, rcs_myself(cluster)->master, RCS_ID_NONE,
                     reason, 0, 0, reason_text(reason));
    if (reason == RCS_CANT_WAITING_VOTES || reason == RCS_CANT_EXPIRED) {
        rcs_cluster_fact(cluster, RCS_FACT_ELECTION_VOTES, rcs_myself(cluster)->master, RCS_ID_NONE,
                         (int64_t)cluster->size / 2 + 1, (int64_t)cluster->auth_count, 0, NULL);
    }
}

/* Nothing is wrong with my master, or it is only suspected. */
static void tell_suspected(struct rcs_cluster *cluster, const struct rcs_peer *master)
{
    if (!(master->flags & RCS_NODE_PFAIL)) {
        cluster->told.stand = (enum rcs_fact_code)0;
        return;
    }
    unsigned reports = rcs_report_live(cluster, rcs_myself(cluster)->master);
    tell_stand(cluster, RCS_FACT_CAUSE_STAND_SUSPECTED, reports, reports, cluster->size / 2 + 1,
               cluster->size);
}

/* True if my master is one to be replaced by me at all. */
static bool called_for(struct rcs_cluster *cluster, bool manual)
{
    const struct rcs_peer *myself = rcs_myself(cluster);
    if (rcs_is_master(myself)) {
        cluster->told.stand = (enum rcs_fact_code)0;
        return false;
    }
    if (myself->master == RCS_ID_NONE) {
        tell_stand(cluster, RCS_FACT_CAUSE_STAND_UNKNOWN, 0, 0, 0, 0);
        return false;
    }
    const struct rcs_peer *master = &cluster->peers[myself->master];
    if (!manual && !(master->flags & RCS_NODE_FAIL)) {
        tell_suspected(cluster, master);
        return false;
    }
    if (!manual && cluster->config->replica_no_failover) {
        tell_stand(cluster, RCS_FACT_CAUSE_STAND_FORBIDDEN, 0, 0, 0, 0);
        return false;
    }
    if (cluster->profile->needs_slots_of_master && rcs_slot_count(cluster, myself->master) == 0) {
        tell_stand(cluster, RCS_FACT_CAUSE_STAND_EMPTY, 0, 0, 0, 0);
        return false;
    }
    return true;
}

/* How old my data is, beside what is allowed. */
struct data_age {
    int64_t age_ms;     /* since the master was last heard */
    int64_t allowed_ms; /* of it: what the failure took to be noticed is no fault of mine */
    int64_t limit_ms;
};

static struct data_age data_age(const struct rcs_cluster *cluster)
{
    const struct rcs_config *config = cluster->config;
    int64_t age_ms = cluster->host->data_age_ms(cluster->host->node);
    return (struct data_age){
        .age_ms = age_ms,
        .allowed_ms = age_ms > config->node_timeout_ms ? config->node_timeout_ms : 0,
        .limit_ms = config->repl_ping_period_s * 1000 +
                    config->node_timeout_ms * config->replica_validity_factor,
    };
}

static bool data_too_old(const struct rcs_cluster *cluster)
{
    struct data_age age = data_age(cluster);
    return cluster->config->replica_validity_factor != 0 &&
           rcs_rule_on(cluster->config, RCS_RULE_DATA_AGE) &&
           age.age_ms - age.allowed_ms > age.limit_ms;
}

static void tell_too_old(struct rcs_cluster *cluster)
{
    const struct rcs_config *config = cluster->config;
    rcs_id master = rcs_myself(cluster)->master;
    struct data_age age = data_age(cluster);
    if (new_reason(cluster, RCS_FACT_CAUSE_STAND_OLD, 0)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STAND_LIMIT, master, RCS_ID_NONE,
                          config->repl_ping_period_s * 1000, config->node_timeout_ms,
                          config->replica_validity_factor);
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STAND_OLD, master, RCS_ID_NONE, age.age_ms,
                          age.allowed_ms, age.limit_ms);
    }
}

static void tell_data_age(struct rcs_cluster *cluster)
{
    if (!cluster->out->facts.causes) {
        return;
    }
    struct data_age age = data_age(cluster);
    bool judged = cluster->config->replica_validity_factor != 0;
    rcs_cluster_cause(cluster, judged ? RCS_FACT_CAUSE_DATA_AGE : RCS_FACT_CAUSE_DATA_ANY_AGE,
                      rcs_myself(cluster)->master, RCS_ID_NONE, age.age_ms, age.allowed_ms,
                      age.limit_ms);
}

static void tell_schedule(struct rcs_cluster *cluster, int64_t random_ms)
{
    cluster->told.stand = (enum rcs_fact_code)0;
    if (cluster->mf_end_ms != 0) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_DELAY_NONE, rcs_myself(cluster)->master,
                          RCS_ID_NONE, 0, 0, 0);
        return;
    }
    tell_data_age(cluster);
    tell_rank(cluster);
    rcs_cluster_cause(cluster, RCS_FACT_CAUSE_DELAY_PARTS, rcs_myself(cluster)->master, RCS_ID_NONE,
                      500, random_ms, (int64_t)cluster->auth_rank * 1000);
}

static void schedule(struct rcs_cluster *cluster)
{
    int64_t random_ms = (int64_t)rcs_rand_below(&cluster->election, 500);
    cluster->auth_ms = cluster->now_ms + 500 + random_ms;
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
    tell_schedule(cluster, random_ms);
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
    tell_rank(cluster);
    rcs_cluster_fact(cluster, RCS_FACT_ELECTION_RANK, RCS_ID_NONE, RCS_ID_NONE, rank, added_ms, 0,
                     NULL);
}

/* Which of those who have a vote the request goes to. */
static void tell_asked(struct rcs_cluster *cluster)
{
    int voters = 0;
    for (unsigned i = 0; cluster->out->facts.causes && i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        const struct rcs_peer *peer = &cluster->peers[id];
        if (rcs_is_master(peer) && rcs_slot_count(cluster, id) > 0) {
            rcs_cluster_cause(cluster,
                              peer->link == RCS_LINK_CLOSED ? RCS_FACT_CAUSE_VOTE_NOT_ASKED
                                                            : RCS_FACT_CAUSE_VOTE_ASKED,
                              id, RCS_ID_NONE, (int64_t)cluster->auth_epoch, 0, 0);
            voters++;
        }
    }
    rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTERS, rcs_myself(cluster)->master, RCS_ID_NONE,
                      voters, (int64_t)cluster->auth_epoch, 0);
}

static void request_votes(struct rcs_cluster *cluster, int needed)
{
    cluster->current_epoch++;
    cluster->auth_epoch = cluster->current_epoch;
    tell_asked(cluster);
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
    } else {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_EPOCH_STALE, RCS_ID_NONE, RCS_ID_NONE,
                          (int64_t)cluster->auth_epoch, (int64_t)myself->config_epoch, 0);
    }
    rcs_election_promote(cluster);
}

/* The attempt is over; what it had got, and when the next may begin. */
static void tell_expired(struct rcs_cluster *cluster, int64_t age_ms, int64_t timeout_ms,
                         int needed)
{
    rcs_id master = rcs_myself(cluster)->master;
    if (!new_reason(cluster, RCS_FACT_CAUSE_STAND_EXPIRED, cluster->auth_ms)) {
        return;
    }
    if (cluster->auth_sent) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STAND_VOTES, master, RCS_ID_NONE,
                          cluster->auth_count, needed, (int64_t)cluster->auth_epoch);
    }
    rcs_cluster_cause(cluster, RCS_FACT_CAUSE_STAND_EXPIRED, master, RCS_ID_NONE, age_ms,
                      timeout_ms, timeout_ms * 2);
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
        tell_too_old(cluster);
        cannot(cluster, RCS_CANT_DATA_AGE);
        return;
    }
    if (age_ms > (rcs_rule_on(cluster->config, RCS_RULE_RETRY) ? timeout_ms * 2 : timeout_ms)) {
        schedule(cluster);
        return;
    }
    if (!cluster->auth_sent && cluster->mf_end_ms == 0) {
        raise_rank(cluster);
    }
    if (cluster->now_ms < cluster->auth_ms) {
        tell_stand(cluster, RCS_FACT_CAUSE_STAND_DELAY, cluster->auth_rank,
                   cluster->auth_ms - cluster->now_ms, cluster->auth_rank, 0);
        cannot(cluster, RCS_CANT_WAITING_DELAY);
        return;
    }
    if (age_ms > timeout_ms) {
        tell_expired(cluster, age_ms, timeout_ms, needed);
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
        tell_stand(cluster, RCS_FACT_CAUSE_STAND_VOTES, cluster->auth_count, cluster->auth_count,
                   needed, (int64_t)cluster->auth_epoch);
        cannot(cluster, RCS_CANT_WAITING_VOTES);
    }
}

RCS_HOT void rcs_election_handle(struct rcs_cluster *cluster)
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
    int64_t mine = cluster->host->offset(cluster->host->node);
    int64_t heard = cluster->peers[old_master].repl_offset;
    rcs_cluster_cause(cluster, RCS_FACT_CAUSE_PROMOTED_OFFSET, old_master, RCS_ID_NONE, mine, heard,
                      heard > mine ? heard - mine : 0);
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

/* Nothing this voter sees calls for an election of the sender. */
RCS_RARE static void tell_no_reason(struct rcs_cluster *cluster, rcs_id sender)
{
    const struct rcs_peer *candidate = &cluster->peers[sender];
    const struct rcs_peer *master = rcs_peer_find(cluster, candidate->master);
    if (rcs_is_master(candidate)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_OF_MASTER, sender, RCS_ID_NONE, 0, 0, 0);
    } else if (master == NULL) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_MASTERLESS, sender, RCS_ID_NONE, 0, 0, 0);
    } else {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_MASTER_UP, candidate->master, sender,
                          master->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL), 0, 0);
    }
}

/* Redis 7.0 clusterSendFailoverAuthIfNeeded */
void rcs_election_request(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    const struct rcs_peer *candidate = &cluster->peers[sender];
    struct rcs_peer *master = rcs_peer_find(cluster, candidate->master);
    bool forced = (msg->mflags & RCS_MFLAG_FORCEACK) != 0;
    if (!rcs_is_master(rcs_myself(cluster)) || rcs_slot_count(cluster, cluster->myself) == 0) {
        rcs_cluster_cause(cluster,
                          rcs_is_master(rcs_myself(cluster)) ? RCS_FACT_CAUSE_VOTE_NO_SLOTS
                                                             : RCS_FACT_CAUSE_VOTE_REPLICA,
                          sender, RCS_ID_NONE, (int64_t)msg->current_epoch, 0, 0);
        return; /* no right to vote */
    }
    if (msg->current_epoch < cluster->current_epoch) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_OLD_EPOCH, sender, RCS_ID_NONE,
                          (int64_t)msg->current_epoch, (int64_t)cluster->current_epoch, 0);
        deny(cluster, RCS_FACT_VOTE_OLD_EPOCH, sender, (int64_t)msg->current_epoch,
             (int64_t)cluster->current_epoch, 0);
        return;
    }
    if (cluster->last_vote_epoch == cluster->current_epoch &&
        rcs_rule_on(cluster->config, RCS_RULE_VOTE_ONCE) && !RCS_IS_PLANTED(DOUBLE_VOTE)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_SPENT, sender, RCS_ID_NONE,
                          (int64_t)cluster->last_vote_epoch, (int64_t)cluster->current_epoch, 0);
        deny(cluster, RCS_FACT_VOTE_TWICE, sender, (int64_t)cluster->current_epoch, 0, 0);
        return;
    }
    if (rcs_is_master(candidate) || master == NULL ||
        (!(master->flags & RCS_NODE_FAIL) && !forced)) {
        tell_no_reason(cluster, sender);
        deny(cluster,
             rcs_is_master(candidate) ? RCS_FACT_VOTE_IS_MASTER
             : master == NULL         ? RCS_FACT_VOTE_NO_MASTER
                                      : RCS_FACT_VOTE_MASTER_UP,
             sender, cluster->profile->says_primary ? (int64_t)msg->current_epoch : 0, 0, 0);
        return;
    }
    int64_t spacing_ms = cluster->config->node_timeout_ms * 2;
    int64_t since_ms = (int64_t)cluster->now_ms - master->voted_ms;
    if (since_ms < spacing_ms && rcs_rule_on(cluster->config, RCS_RULE_VOTE_REST)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_SPACING, candidate->master, sender, since_ms,
                          spacing_ms, 0);
        deny(cluster, RCS_FACT_VOTE_TOO_SOON, sender, spacing_ms - since_ms, 0, 0);
        return;
    }
    unsigned slot = rcs_slots_stale(cluster, RCS_ID_NONE, msg->config_epoch, msg->slots);
    if (slot < RCS_SLOTS) {
        rcs_id owner = rcs_slot_owner(cluster, slot);
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_OWNER, owner, sender, slot,
                          (int64_t)cluster->peers[owner].config_epoch, (int64_t)msg->config_epoch);
        deny(cluster, RCS_FACT_VOTE_SLOT_EPOCH, sender, slot,
             (int64_t)cluster->peers[owner].config_epoch, (int64_t)msg->config_epoch);
        return;
    }
    rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_WEIGHED, sender, RCS_ID_NONE,
                      (int64_t)msg->current_epoch, (int64_t)cluster->current_epoch,
                      (int64_t)cluster->last_vote_epoch);
    master->voted_ms = cluster->now_ms;
    cluster->last_vote_epoch = cluster->current_epoch;
    if (cluster->profile->saves_vote_first && !RCS_IS_PLANTED(VOTE_UNSAVED)) {
        rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
    }
    if (candidate->link == RCS_LINK_CLOSED) { /* the vote is spent all the same */
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_UNSENT, sender, RCS_ID_NONE,
                          (int64_t)cluster->current_epoch, 0, 0);
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
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_VOTE_UNCOUNTED, sender, RCS_ID_NONE,
                          (int64_t)msg->current_epoch, (int64_t)cluster->auth_epoch,
                          rcs_slot_count(cluster, sender));
        return;
    }
    cluster->auth_count++;
    rcs_cluster_fact(cluster, RCS_FACT_VOTE_RECEIVED, sender, RCS_ID_NONE, cluster->auth_count,
                     cluster->size / 2 + 1, (int64_t)cluster->auth_epoch, NULL);
    rcs_cluster_todo(cluster, RCS_TODO_HANDLE_FAILOVER);
}
