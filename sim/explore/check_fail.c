/* Who is called FAIL was suspected by a majority of masters: by what they said in their traces.
 *
 * A report is as good as the last message that brought it, and counts for two node timeouts (Redis
 * 7.0 clusterNodeFailureReportsCount). Where messages may come late (something was cut, narrowed or
 * stood still) every suspicion since then may have been the one: the check is weak there, and never
 * wrong. */
#include "sim/explore/check_parts.h"

#include "sim/pure.h"

#define FIRST_CHECK_US RCS_MS(2500) /* until then a master may not have counted the masters */

/* `until`: RCS_NEVER while it lasts, plus one: 0 is no number of a pair. */
void rcs_check_suspects(struct rcs_check *check, rcs_us at_us, unsigned node, int about, bool does)
{
    if (about < 0) {
        return;
    }
    *rcs_check_pair(check, RCS_PAIR_SUSPECTS, node, (unsigned)about, true) =
        (uint64_t)(does ? RCS_NEVER : at_us) + 1;
    if (!does) {
        *rcs_check_pair(check, RCS_PAIR_CALLED, node, (unsigned)about, true) = 0;
    }
}

static rcs_us since(const struct rcs_check *check, rcs_us at_us, int64_t node_timeout_ms)
{
    rcs_us since_us = at_us - 2 * RCS_MS(node_timeout_ms) - RCS_CHECK_ON_THE_WAY_US;
    rcs_us disturbed_us = check->disturbed_us == RCS_NEVER
                              ? RCS_NEVER
                              : check->disturbed_us - 2 * RCS_MS(node_timeout_ms);
    since_us = disturbed_us < since_us ? disturbed_us : since_us;
    return since_us < 0 ? 0 : since_us;
}

/* The milestone comes before the messages, and knows the timeout: a message (0) is judged only if
 * there was none. */
void rcs_check_calls_fail(struct rcs_check *check, rcs_us at_us, unsigned node, int about,
                          int64_t node_timeout_ms)
{
    if (about < 0) {
        return;
    }
    uint64_t *called = rcs_check_pair(check, RCS_PAIR_CALLED, node, (unsigned)about, true);
    if (*called != 0 && node_timeout_ms == 0) {
        return;
    }
    *called = 1;
    const struct rcs_check_node *n = rcs_check_node(check, node);
    rcs_us since_us = since(check, at_us, node_timeout_ms);
    bool votes = n->said ? (n->flags & RCS_NODE_MASTER) != 0 : n->disk.master;
    unsigned reports = votes, needed = n->disk.masters / 2 + 1;
    for (unsigned i = 0; i < check->node_count && reports < needed; i++) {
        const uint64_t *until =
            i == node || !check->nodes[i].ever_master
                ? NULL
                : rcs_check_pair(check, RCS_PAIR_SUSPECTS, i, (unsigned)about, false);
        reports += until != NULL && *until != 0 && (rcs_us)(*until - 1) >= since_us;
    }
    if (reports < needed) {
        const char *permit = votes && at_us - n->started_us < FIRST_CHECK_US  ? "uncounted-masters"
                             : votes && n->at_itself && reports + 1 >= needed ? "counted-twice"
                                                                              : "";
        rcs_check_find(check, at_us, RCS_INVARIANT_FAIL_QUORUM, permit, (int)node, about, 1,
                       "it calls another FAIL, whom %llu masters suspected, of %llu needed",
                       reports, needed);
    }
}
