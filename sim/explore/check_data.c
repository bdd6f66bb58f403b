/* What clients see: which way an acknowledged write went that is gone, or was not there for a read.
 *
 * Who looks into the nodes' data when something happened knows the way. Where nobody looked, it is
 * the first thing that happened to the node that last was known to have it, since then; that
 * nothing happened to it makes the loss a breach. */
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
    [RCS_WAY_DELETED] = "deleted",
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

static enum rcs_check_way first_between(const struct rcs_check *check, int node, rcs_us from_us,
                                        rcs_us to_us)
{
    for (unsigned i = 0; i < check->loss_count; i++) {
        const struct rcs_check_loss *loss = &check->losses[i];
        if (loss->node == node && loss->at_us >= from_us && loss->at_us <= to_us) {
            return loss->way;
        }
    }
    return RCS_WAY_NONE;
}

static void gather(struct rcs_check *check, enum rcs_check_kind kind, enum rcs_check_way way,
                   int node, rcs_us at_us)
{
    struct rcs_check_gone *gone = &check->gone[kind][way];
    if (gone->count++ == 0) {
        gone->node = node;
        gone->first_us = at_us;
    }
}

void rcs_check_lost(struct rcs_check *check, const struct rcs_check_write *write)
{
    enum rcs_check_way way = write->way != RCS_WAY_NONE
                                 ? write->way
                                 : first_between(check, write->node, write->at_us, RCS_NEVER);
    gather(check, RCS_KIND_LOST, way, write->node, write->at_us);
    if (write->confirmed) {
        gather(check, RCS_KIND_CONFIRMED, way, write->node, write->at_us);
    }
    if (write->reread) {
        gather(check, RCS_KIND_REREAD, way, write->node, write->at_us);
    }
}

/* Its place was taken, and it may not have heard of that. */
static bool was_replaced(const struct rcs_check *check, int node, rcs_us until_us)
{
    for (unsigned i = 0; i < check->loss_count; i++) {
        const struct rcs_check_loss *loss = &check->losses[i];
        if (loss->node == node && loss->at_us <= until_us &&
            (loss->way == RCS_WAY_FAILOVER || loss->way == RCS_WAY_TAKEOVER)) {
            return true;
        }
    }
    return false;
}

/* What was lost is not read any more; and two that hold themselves for the owner give each what
 * they have, be it who acknowledged the write that was replaced, or who does not know of it. */
void rcs_check_stale(struct rcs_check *check, const struct rcs_check_write *write, int node,
                     rcs_us at_us)
{
    enum rcs_check_way way = write->way;
    if (way == RCS_WAY_NONE) {
        way = first_between(check, write->node, write->at_us, at_us);
    }
    if (way == RCS_WAY_NONE && write->node != node &&
        (was_replaced(check, write->node, at_us) || was_replaced(check, node, at_us))) {
        way = RCS_WAY_OWNERS;
    }
    gather(check, RCS_KIND_STALE, way, node, at_us);
}

void rcs_check_writes(struct rcs_check *check, rcs_us at_us, uint64_t wrong, int wrong_node)
{
    static const struct {
        enum rcs_invariant invariant;
        const char *text;
    } kinds[RCS_KIND_COUNT] = {
        [RCS_KIND_LOST] = { RCS_INVARIANT_LOST_WRITE, "%llu writes are gone that were "
                                                      "acknowledged; the first of them was there "
                                                      "at %llu us" },
        [RCS_KIND_CONFIRMED] = { RCS_INVARIANT_LOST_CONFIRMED,
                                 "%llu writes are gone that WAIT confirmed; the first of them was "
                                 "there at %llu us" },
        [RCS_KIND_REREAD] = { RCS_INVARIANT_LOST_READ, "%llu writes are gone that were read back; "
                                                       "the first of them was there at %llu us" },
        [RCS_KIND_STALE] = { RCS_INVARIANT_WRONG_VALUE,
                             "%llu reads gave less than was acknowledged, the first of them at "
                             "%llu us" },
    };
    for (unsigned kind = 0; kind < RCS_KIND_COUNT; kind++) {
        for (unsigned way = 0; way < RCS_WAY_COUNT; way++) {
            struct rcs_check_gone *gone = &check->gone[kind][way];
            if (gone->count > 0) {
                rcs_check_find(check, at_us, kinds[kind].invariant, ways[way], gone->node, -1,
                               gone->count, kinds[kind].text, gone->count,
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
