/* What clients see: which way an acknowledged write went that is gone.
 *
 * Who looks into the nodes' data when something happened knows the way. Where nobody looked, it is
 * the first thing that happened to the node that acknowledged, after it did; that nothing happened
 * to it makes the loss a breach. */
#include <stdlib.h>

#include "sim/explore/check_parts.h"

#include "sim/pure.h"

static const char *const ways[RCS_WAY_COUNT] = {
    [RCS_WAY_NONE] = "",
    [RCS_WAY_FAILOVER] = "failover",
    [RCS_WAY_TAKEOVER] = "takeover",
    [RCS_WAY_DEMOTION] = "demotion",
    [RCS_WAY_RESTART] = "restart",
    [RCS_WAY_EMPTY] = "restarted-empty",
    [RCS_WAY_STALE] = "stale-conf",
    [RCS_WAY_RESET] = "reset",
    [RCS_WAY_SLOTS] = "slots-given-up",
    [RCS_WAY_OWNERS] = "two-owners",
};

void rcs_check_loses(struct rcs_check *check, rcs_us at_us, int node, enum rcs_check_way way)
{
    if (node < 0) {
        return;
    }
    if (check->loss_count > 0) { /* a slot after the other */
        const struct rcs_check_loss *last = &check->losses[check->loss_count - 1];
        if (last->node == node && last->way == way && last->at_us == at_us) {
            return;
        }
    }
    if (check->loss_count == check->loss_room) {
        check->loss_room = check->loss_room == 0 ? 64 : check->loss_room * 2;
        check->losses = realloc(check->losses, check->loss_room * sizeof(check->losses[0]));
        RCS_ASSERT(check->losses != NULL);
    }
    check->losses[check->loss_count++] =
        (struct rcs_check_loss){ .at_us = at_us, .node = node, .way = way };
}

static enum rcs_check_way first_since(const struct rcs_check *check, int node, rcs_us since_us)
{
    for (unsigned i = 0; i < check->loss_count; i++) {
        if (check->losses[i].node == node && check->losses[i].at_us >= since_us) {
            return check->losses[i].way;
        }
    }
    return RCS_WAY_NONE;
}

void rcs_check_lost(struct rcs_check *check, int node, rcs_us acknowledged_us, bool confirmed,
                    enum rcs_check_way way)
{
    if (way == RCS_WAY_NONE) {
        way = first_since(check, node, acknowledged_us);
    }
    for (unsigned i = 0; i <= (confirmed ? 1u : 0u); i++) {
        struct rcs_check_gone *gone = &check->gone[i][way];
        if (gone->count++ == 0) {
            gone->node = node;
            gone->first_us = acknowledged_us;
        }
    }
}

void rcs_check_writes(struct rcs_check *check, rcs_us at_us, uint64_t wrong, int wrong_node)
{
    static const struct {
        enum rcs_invariant invariant;
        const char *text;
    } kinds[] = {
        { RCS_INVARIANT_LOST_WRITE,
          "%llu writes are gone that were acknowledged, the first of them at %llu us" },
        { RCS_INVARIANT_LOST_CONFIRMED,
          "%llu writes are gone that WAIT confirmed, the first of them of %llu us" },
    };
    for (unsigned confirmed = 0; confirmed < 2; confirmed++) {
        for (unsigned way = 0; way < RCS_WAY_COUNT; way++) {
            struct rcs_check_gone *gone = &check->gone[confirmed][way];
            if (gone->count > 0) {
                rcs_check_find(check, at_us, kinds[confirmed].invariant, ways[way], gone->node, -1,
                               gone->count, kinds[confirmed].text, gone->count,
                               (uint64_t)gone->first_us);
            }
            *gone = (struct rcs_check_gone){ .count = 0 };
        }
    }
    if (wrong > 0) {
        rcs_check_find(check, at_us, RCS_INVARIANT_WRONG_VALUE, "", wrong_node, -1, wrong,
                       "%llu reads gave what nobody wrote", wrong, 0);
    }
}
