/* The cluster's clock work: what happens ten times a second, and before every sleep (Redis 7.0
 * clusterCron, clusterBeforeSleep). */
#include "sim/cluster/parts.h"

#include "sim/pure.h"

#define PING_DRAWS 5

/* Once a second: of five random nodes the one not heard of for longest. */
static void ping_random(struct rcs_cluster *cluster)
{
    rcs_id oldest = RCS_ID_NONE;
    int32_t oldest_ms = 0;
    for (int i = 0; i < PING_DRAWS; i++) {
        rcs_id id = rcs_random_peer(cluster);
        if (id == RCS_ID_NONE || id == cluster->myself) {
            continue;
        }
        const struct rcs_peer *peer = &cluster->peers[id];
        if (peer->link == RCS_LINK_CLOSED || peer->ping_sent_ms != 0) {
            continue;
        }
        int32_t pong_ms = rcs_peer_pong(cluster, id);
        if (oldest == RCS_ID_NONE || oldest_ms > pong_ms) {
            oldest = id;
            oldest_ms = pong_ms;
        }
    }
    if (oldest != RCS_ID_NONE) {
        rcs_send_ping(cluster, oldest);
    }
}

/* What the tick does about one peer. */
static void look_after(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    int64_t now_ms = cluster->now_ms, timeout_ms = cluster->config->node_timeout_ms;
    int64_t ping_delay_ms = now_ms - peer->ping_sent_ms;
    int64_t data_delay_ms =
        cluster->profile->any_data_is_life ? now_ms - peer->data_received_ms : ping_delay_ms;
    bool pinged = peer->ping_sent_ms != 0;

    if (peer->link != RCS_LINK_CLOSED && now_ms - peer->link_created_ms > timeout_ms && pinged &&
        ping_delay_ms > timeout_ms / 2 && data_delay_ms > timeout_ms / 2) {
        rcs_link_close(cluster, id); /* perhaps only the connection is broken: try a new one */
    }
    if (peer->link != RCS_LINK_CLOSED && !pinged &&
        now_ms - rcs_peer_pong(cluster, id) > timeout_ms / 2) {
        rcs_send_ping(cluster, id);
        return;
    }
    if (cluster->mf_end_ms != 0 && rcs_is_master(rcs_myself(cluster)) &&
        cluster->mf_replica == id && peer->link != RCS_LINK_CLOSED) {
        rcs_send_ping(cluster, id);
        return;
    }
    if (pinged) {
        rcs_pfail_check(cluster, id, ping_delay_ms, data_delay_ms);
    }
}

/* True if a quiet peer was not heard of since `limit_ms`. Pong times grow, so that the oldest of
 * the last look says until when no other look is needed. One pass over a dense array, in whole
 * blocks so that it is vectorised without a rest. */
static bool any_overdue(struct rcs_cluster *cluster, int64_t limit_ms)
{
    if (cluster->oldest_quiet_ms >= limit_ms) {
        return false;
    }
    const int32_t *quiet = cluster->quiet_pong_ms;
    unsigned end = cluster->order[cluster->known - 1] + 1u; /* behind the last known id */
    int32_t oldest = RCS_NOT_QUIET;
    for (unsigned from = 0; from < end; from += RCS_PEER_BLOCK) {
        for (unsigned i = from; i < from + RCS_PEER_BLOCK; i++) {
            oldest = quiet[i] < oldest ? quiet[i] : oldest;
        }
    }
    cluster->oldest_quiet_ms = oldest;
    return oldest < limit_ms;
}

static void look_after_all(struct rcs_cluster *cluster)
{
    int64_t limit_ms = (int64_t)cluster->now_ms - cluster->config->node_timeout_ms / 2;
    if (cluster->unquiet == 0 && cluster->mf_end_ms == 0 && !any_overdue(cluster, limit_ms)) {
        return; /* nothing that the steps above could change */
    }
    /* With a manual failover under way all are looked after. */
    int32_t heard_ms = cluster->mf_end_ms == 0 ? (int32_t)limit_ms : RCS_NOT_QUIET;
    uint32_t span_ms = (uint32_t)RCS_NOT_QUIET - (uint32_t)heard_ms;
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        uint32_t since_ms = (uint32_t)cluster->quiet_pong_ms[id] - (uint32_t)heard_ms;
        if (since_ms < span_ms) { /* quiet, and heard of since the limit */
            continue;
        }
        if (id != cluster->myself && !(cluster->peers[id].flags & RCS_NODE_NOADDR)) {
            look_after(cluster, id);
        }
    }
}

RCS_HOT void rcs_cluster_cron(struct rcs_cluster *cluster)
{
    unsigned pfail_before = cluster->pfail_now;
    cluster->iteration++;
    cluster->stats_pfail = pfail_before;
    rcs_links_connect(cluster);
    if (cluster->iteration % 10 == 0) {
        ping_random(cluster);
    }
    look_after_all(cluster);
    bool newly_suspected = cluster->pfail_now > pfail_before;

    struct rcs_peer *myself = rcs_myself(cluster);
    if (rcs_is_replica(myself)) {
        if (myself->master != RCS_ID_NONE && !cluster->host->has_master_host(cluster->host->node) &&
            rcs_addr_ip(cluster, cluster->peers[myself->master].addr)[0] != '\0') {
            cluster->host->set_master(cluster->host->node, cluster->peers[myself->master].addr);
        }
    }
    rcs_mf_check_timeout(cluster);
    if (rcs_is_replica(myself)) {
        rcs_mf_handle(cluster);
        rcs_election_handle(cluster);
        rcs_replica_migration(cluster);
    }
    if (newly_suspected || !cluster->state_ok) {
        rcs_state_update(cluster);
    }
}

/* As it was before 6.2: what one step raises for a later one is done in the same pass, and what is
 * raised for an earlier one is lost. */
static void before_sleep_at_once(struct rcs_cluster *cluster)
{
    if (cluster->todo & RCS_TODO_HANDLE_FAILOVER) {
        rcs_election_handle(cluster);
    }
    if (cluster->todo & RCS_TODO_UPDATE_STATE) {
        rcs_state_update(cluster);
    }
    if (cluster->todo & RCS_TODO_SAVE_CONFIG) {
        rcs_cluster_save(cluster, (cluster->todo & RCS_TODO_FSYNC_CONFIG) != 0);
    }
    cluster->todo = 0;
}

RCS_HOT void rcs_cluster_before_sleep(struct rcs_cluster *cluster)
{
    uint32_t todo = cluster->todo;
    if (todo == 0) {
        return;
    }
    if (cluster->profile->mf_pace != RCS_PACE_SLEEP) {
        before_sleep_at_once(cluster);
        return;
    }
    cluster->todo = 0; /* what these raise again is for the next time */
    if (todo & RCS_TODO_HANDLE_MANUALFAILOVER) {
        if (rcs_is_replica(rcs_myself(cluster))) {
            rcs_mf_handle(cluster);
            rcs_election_handle(cluster);
        }
    } else if (todo & RCS_TODO_HANDLE_FAILOVER) {
        rcs_election_handle(cluster);
    }
    if (todo & RCS_TODO_UPDATE_STATE) {
        rcs_state_update(cluster);
    }
    if (todo & RCS_TODO_SAVE_CONFIG) {
        rcs_cluster_save(cluster, (todo & RCS_TODO_FSYNC_CONFIG) != 0);
    }
}
