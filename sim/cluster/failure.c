/* Failure detection: when a silent peer becomes PFAIL, when PFAIL becomes FAIL, and how FAIL ends.
 *
 * A report is the statement "I see X as PFAIL or FAIL" made by a master in its gossip. Reports age;
 * after two node timeouts one counts as none (Redis 7.0 clusterNodeFailureReportsCount). */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"
#include "sim/cluster/planted.h"

#include "sim/pure.h"

/* --- reports ---------------------------------------------------------------------------------- */

static struct rcs_fail_reports *reports_about(const struct rcs_cluster *cluster, rcs_id about)
{
    for (unsigned i = 0; i < cluster->report_count; i++) {
        if (cluster->reports[i].about == about) {
            return &cluster->reports[i];
        }
    }
    return NULL;
}

bool rcs_reported(const struct rcs_cluster *cluster, rcs_id about)
{
    return cluster->report_count > 0 && reports_about(cluster, about) != NULL;
}

static struct rcs_fail_reports *reports_new(struct rcs_cluster *cluster, rcs_id about)
{
    if (cluster->report_count == cluster->report_room) {
        cluster->report_room = cluster->report_room == 0 ? 8 : cluster->report_room * 2;
        cluster->reports =
            realloc(cluster->reports, cluster->report_room * sizeof(cluster->reports[0]));
        RCS_ASSERT(cluster->reports != NULL);
    }
    struct rcs_fail_reports *reports = &cluster->reports[cluster->report_count++];
    *reports = (struct rcs_fail_reports){ .about = about };
    return reports;
}

/* Nothing is kept of a node without reports, so that asking stays cheap. */
static void reports_drop_if_empty(struct rcs_cluster *cluster, struct rcs_fail_reports *reports)
{
    if (reports->count > 0) {
        return;
    }
    rcs_id about = reports->about;
    free(reports->list);
    size_t index = (size_t)(reports - cluster->reports);
    cluster->report_count--;
    memmove(reports, reports + 1, (cluster->report_count - index) * sizeof(cluster->reports[0]));
    if (cluster->peers[about].known) {
        rcs_peer_changed(cluster, about);
    }
}

/* The place of a reporter: its report, or where it would stand. */
static unsigned report_place(const struct rcs_fail_reports *reports, rcs_id reporter)
{
    unsigned low = 0, high = reports->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (reports->list[middle].reporter < reporter) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool rcs_report_add(struct rcs_cluster *cluster, rcs_id about, rcs_id reporter)
{
    struct rcs_fail_reports *reports = reports_about(cluster, about);
    if (reports == NULL) {
        reports = reports_new(cluster, about);
    }
    unsigned at = report_place(reports, reporter);
    if (at < reports->count && reports->list[at].reporter == reporter) {
        reports->list[at].at_ms = cluster->now_ms;
        return false;
    }
    if (reports->count == reports->room) {
        reports->room = (uint16_t)(reports->room == 0 ? 4 : reports->room * 2);
        reports->list = realloc(reports->list, reports->room * sizeof(reports->list[0]));
        RCS_ASSERT(reports->list != NULL);
    }
    memmove(&reports->list[at + 1], &reports->list[at],
            (reports->count - at) * sizeof(reports->list[0]));
    reports->list[at] = (struct rcs_fail_report){ .reporter = reporter, .at_ms = cluster->now_ms };
    if (reports->count++ == 0) {
        rcs_peer_changed(cluster, about);
    }
    return true;
}

static void drop_old(struct rcs_cluster *cluster, struct rcs_fail_reports *reports)
{
    int64_t limit_ms = cluster->config->node_timeout_ms * RCS_FAIL_REPORT_VALIDITY_MULT;
    unsigned kept = 0;
    for (unsigned i = 0; i < reports->count; i++) {
        if (cluster->now_ms - reports->list[i].at_ms <= limit_ms) {
            reports->list[kept++] = reports->list[i];
        }
    }
    reports->count = (uint16_t)kept;
}

bool rcs_report_del(struct rcs_cluster *cluster, rcs_id about, rcs_id reporter)
{
    struct rcs_fail_reports *reports = reports_about(cluster, about);
    if (reports == NULL) {
        return false;
    }
    unsigned at = report_place(reports, reporter);
    if (at == reports->count || reports->list[at].reporter != reporter) {
        return false;
    }
    reports->count--;
    memmove(&reports->list[at], &reports->list[at + 1],
            (reports->count - at) * sizeof(reports->list[0]));
    drop_old(cluster, reports);
    reports_drop_if_empty(cluster, reports);
    return true;
}

unsigned rcs_report_count(struct rcs_cluster *cluster, rcs_id about)
{
    struct rcs_fail_reports *reports = reports_about(cluster, about);
    if (reports == NULL) {
        return 0;
    }
    drop_old(cluster, reports);
    unsigned count = reports->count;
    reports_drop_if_empty(cluster, reports);
    return count;
}

unsigned rcs_cluster_failure_reports(struct rcs_cluster *cluster, rcs_id id)
{
    return rcs_report_count(cluster, id);
}

/* As above, but nothing is dropped: for those who only look. */
unsigned rcs_report_live(const struct rcs_cluster *cluster, rcs_id about)
{
    const struct rcs_fail_reports *reports = reports_about(cluster, about);
    int64_t limit_ms = cluster->config->node_timeout_ms * RCS_FAIL_REPORT_VALIDITY_MULT;
    unsigned count = 0;
    for (unsigned i = 0; reports != NULL && i < reports->count; i++) {
        count += cluster->now_ms - reports->list[i].at_ms <= limit_ms;
    }
    return count;
}

void rcs_reports_forget(struct rcs_cluster *cluster, rcs_id id)
{
    for (unsigned i = cluster->report_count; i-- > 0;) {
        rcs_id about = cluster->reports[i].about;
        if (about != id) {
            (void)rcs_report_del(cluster, about, id);
        }
    }
    struct rcs_fail_reports *about = reports_about(cluster, id);
    if (about != NULL) {
        about->count = 0;
        reports_drop_if_empty(cluster, about);
    }
}

/* --- PFAIL and FAIL --------------------------------------------------------------------------- */

/* Whether this node's own opinion counts: that of a master does, in Valkey of one with slots. */
static bool is_voter(const struct rcs_cluster *cluster)
{
    return rcs_is_master(rcs_myself(cluster)) &&
           (!cluster->profile->reporters_own_slots || rcs_slot_count(cluster, cluster->myself) > 0);
}

/* Redis 7.0 clusterCron: neither an answer nor anything else for longer than the node timeout. */
void rcs_pfail_check(struct rcs_cluster *cluster, rcs_id id, int64_t ping_delay_ms,
                     int64_t data_delay_ms)
{
    struct rcs_peer *peer = &cluster->peers[id];
    int64_t silent_ms = ping_delay_ms < data_delay_ms ? ping_delay_ms : data_delay_ms;
    int64_t timeout_ms = cluster->config->node_timeout_ms;
    if (silent_ms <= timeout_ms || peer->flags & (RCS_NODE_PFAIL | RCS_NODE_FAIL) ||
        !rcs_rule_on(cluster->config, RCS_RULE_PFAIL)) {
        return;
    }
    peer->flags |= RCS_NODE_PFAIL;
    rcs_peer_changed(cluster, id);
    rcs_cluster_fact(cluster, RCS_FACT_PFAIL_SET, id, RCS_ID_NONE, ping_delay_ms, data_delay_ms,
                     timeout_ms, NULL);
    if ((cluster->profile->alone_marks_fail && cluster->size == 1 && is_voter(cluster)) ||
        RCS_IS_PLANTED(FAIL_ALONE)) {
        rcs_fail_check(cluster, id, RCS_ID_NONE);
    }
}

/* Too few: said when their number changes. */
static void tell_short(struct rcs_cluster *cluster, rcs_id id, rcs_id sender, unsigned count,
                       unsigned needed)
{
    struct rcs_fail_reports *reports = reports_about(cluster, id);
    if (reports != NULL && reports->told != count) {
        reports->told = (uint16_t)count;
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_FAIL_SHORT, id, sender, count, needed,
                          cluster->size);
    }
}

static void tell_reports(struct rcs_cluster *cluster, rcs_id id)
{
    const struct rcs_fail_reports *reports = reports_about(cluster, id);
    for (unsigned i = 0; reports != NULL && i < reports->count; i++) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_REPORT, id, reports->list[i].reporter,
                          cluster->now_ms - reports->list[i].at_ms, 0, 0);
    }
    if (is_voter(cluster)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_OWN_REPORT, id, RCS_ID_NONE, 0, 0, 0);
    }
}

static void set_fail(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    peer->flags = (uint16_t)((peer->flags & ~RCS_NODE_PFAIL) | RCS_NODE_FAIL);
    peer->fail_ms = cluster->now_ms;
    rcs_peer_changed(cluster, id);
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}

void rcs_fail_check(struct rcs_cluster *cluster, rcs_id id, rcs_id sender)
{
    struct rcs_peer *peer = &cluster->peers[id];
    unsigned needed = RCS_IS_PLANTED(FAIL_ALONE) ? 0 : (unsigned)cluster->size / 2 + 1;
    if (!(peer->flags & RCS_NODE_PFAIL) || peer->flags & RCS_NODE_FAIL) {
        return;
    }
    unsigned reports = rcs_report_count(cluster, id);
    if (is_voter(cluster)) {
        reports++; /* its own opinion */
    }
    if (reports < needed || !rcs_rule_on(cluster->config, RCS_RULE_FAIL_QUORUM)) {
        tell_short(cluster, id, sender, reports, needed);
        return;
    }
    tell_reports(cluster, id);
    rcs_cluster_fact(cluster, RCS_FACT_FAIL_QUORUM, id, RCS_ID_NONE, reports, needed, 0, NULL);
    set_fail(cluster, id);
    if (!cluster->profile->all_broadcast_fail && !rcs_is_master(rcs_myself(cluster))) {
        return;
    }
    struct rcs_bus_msg *msg = rcs_msg_new(cluster, RCS_BUS_FAIL, 0);
    msg->body.about = id;
    rcs_send_all(cluster, msg);
}

void rcs_fail_received(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    rcs_id about = msg->body.about;
    if (sender == RCS_ID_NONE) {
        rcs_cluster_fact(cluster, RCS_FACT_FAIL_UNKNOWN, about, msg->sender, 0, 0, 0, NULL);
        return;
    }
    struct rcs_peer *failing = rcs_peer_find(cluster, about);
    if (failing == NULL || failing->flags & (RCS_NODE_FAIL | RCS_NODE_MYSELF)) {
        return;
    }
    rcs_cluster_fact(cluster, RCS_FACT_FAIL_RECEIVED, about, msg->sender, 0, 0, 0, NULL);
    set_fail(cluster, about);
}

void rcs_fail_clear(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    RCS_ASSERT(peer->flags & RCS_NODE_FAIL);
    int64_t failed_for_ms = (int64_t)cluster->now_ms - peer->fail_ms;
    int64_t undo_ms = cluster->config->node_timeout_ms * RCS_FAIL_UNDO_TIME_MULT;
    bool serves = rcs_is_master(peer) && rcs_slot_count(cluster, id) > 0;
    if (serves && failed_for_ms <= undo_ms) {
        if (cluster->told.fail_kept != id) {
            cluster->told.fail_kept = id;
            rcs_cluster_cause(cluster, RCS_FACT_CAUSE_FAIL_KEPT, id, RCS_ID_NONE, failed_for_ms,
                              undo_ms, 0);
        }
        return;
    }
    cluster->told.fail_kept = RCS_ID_NONE;
    rcs_cluster_cause(cluster,
                      rcs_is_replica(peer) ? RCS_FACT_CAUSE_FAIL_REPLICA
                      : serves             ? RCS_FACT_CAUSE_FAIL_UNDO
                                           : RCS_FACT_CAUSE_FAIL_EMPTY,
                      id, RCS_ID_NONE, failed_for_ms, undo_ms, 0);
    enum rcs_fact_code code = rcs_is_replica(peer) ? RCS_FACT_FAIL_CLEARED_REPLICA
                              : serves             ? RCS_FACT_FAIL_CLEARED_MASTER
                                                   : RCS_FACT_FAIL_CLEARED_EMPTY;
    rcs_cluster_fact(cluster, code, id, RCS_ID_NONE, failed_for_ms, 0, 0, NULL);
    peer->flags &= (uint16_t)~RCS_NODE_FAIL;
    rcs_peer_changed(cluster, id);
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}
