/* Who claims what: config epochs, the place of a master, and nodes that were to be forgotten. */
#include "sim/explore/check_parts.h"

#include "sim/pure.h"

#define EPOCH_BITS   0x3fffffffu
#define RACE_US      RCS_S(15)
#define BAN_US       RCS_S(59) /* 60 s, in whole seconds of the clock */
#define TELLS_FORGET 72u       /* from this series on others hear of it */

/* --- config epochs ---------------------------------------------------------------------------- */

/* The row of the table for an epoch that was taken without the consent of a majority; "". */
static const char *unasked(const struct rcs_check_node *n)
{
    static const char *const names[] = {
        [RCS_EPOCH_ELECTED] = "",
        [RCS_EPOCH_TAKEOVER] = "takeover",
        [RCS_EPOCH_BUMP] = "bump",
        [RCS_EPOCH_COLLISION] = "collision",
        [RCS_EPOCH_SET] = "set",
        [RCS_EPOCH_STALE] = "stale-conf",
        [RCS_EPOCH_REPLICA] = "replica-epoch",
        [RCS_EPOCH_TOLD] = "told-by-replica",
    };
    return names[n->epoch_by];
}

/* A node says it is master of slots by `epoch`, and did not say so before. */
void rcs_check_claims(struct rcs_check *check, rcs_us at_us, unsigned node, uint64_t epoch)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    if (epoch == 0 || !n->claims) {
        return;
    }
    uint64_t *claimed = rcs_check_pair(check, RCS_PAIR_CLAIMED, 0, epoch & EPOCH_BITS, true);
    unsigned before = (unsigned)*claimed;
    *claimed = node + 1;
    if (before == 0 || before == node + 1) {
        return;
    }
    const struct rcs_check_node *other = &check->nodes[before - 1];
    if (!other->running || !other->claims || other->config_epoch != epoch) {
        return;
    }
    /* TAKEOVER goes before what only happens to be on the other side. */
    bool taken = other->epoch_by == RCS_EPOCH_TAKEOVER;
    const char *permit = unasked(taken || unasked(n)[0] == '\0' ? other : n);
    rcs_check_find(check, at_us, RCS_INVARIANT_EPOCH_COLLISION,
                   permit[0] == '\0' && check->broken_epoch == epoch ? check->broken_vote : permit,
                   (int)node, (int)before - 1, 1,
                   "a master of slots with config epoch %llu, as is another", epoch, 0);
}

/* --- one replica takes the place of its master ------------------------------------------------ */

/* Whether what `first` claims may be news to those who voted: it was said just now, or messages
 * were held up, or somebody was told to forget it. */
static const char *unheard(const struct rcs_check *check, rcs_us at_us,
                           const struct rcs_check_node *first)
{
    return first->forgot_us > 0 ? "forgotten"
           : at_us - first->promoted_us <= RCS_CHECK_ON_THE_WAY_US ||
                   check->disturbed_us != RCS_NEVER
               ? "unheard-winner"
               : "";
}

static bool is_broken(const struct rcs_check *check, uint64_t epoch)
{
    return epoch != 0 && check->broken_epoch == epoch;
}

static const char *second_is(const struct rcs_check *check, rcs_us at_us,
                             const struct rcs_check_node *n, const struct rcs_check_node *first)
{
    if (n->took_over || first->promoted_by_takeover) {
        return "takeover";
    }
    if (n->replaced || first->replaced) {
        return "stale-conf";
    }
    const char *news = unheard(check, at_us, first);
    bool broken = is_broken(check, n->won_epoch) || is_broken(check, first->won_epoch);
    return news[0] == '\0' && broken ? check->broken_vote : news;
}

/* TAKEOVER from one that has just been promoted itself, and does its work: who ordered it meant the
 * master before, and lost a race against an election. */
static void check_race(struct rcs_check *check, rcs_us at_us, unsigned node, int over)
{
    const struct rcs_check_node *first = &check->nodes[over];
    if (check->nodes[node].took_over && first->over >= 0 && first->over != (int)node &&
        first->running && !first->replica && at_us - first->promoted_us < RACE_US) {
        rcs_check_find(check, at_us, RCS_INVARIANT_TWO_PROMOTED, "takeover", (int)node, over, 1,
                       "promoted in the place of one that had been promoted %llu ms before",
                       (uint64_t)(at_us - first->promoted_us) / 1000, 0);
    }
}

void rcs_check_promoted(struct rcs_check *check, rcs_us at_us, unsigned node, int over)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    if (over >= 0) {
        (void)rcs_check_node(check, (unsigned)over);
        n = rcs_check_node(check, node);
        check_race(check, at_us, node, over);
        check->nodes[over].over = -1; /* it was taken from it */
    }
    for (unsigned i = 0; over >= 0 && i < check->node_count; i++) {
        const struct rcs_check_node *first = &check->nodes[i];
        if (i == node || first->over != over || first->over_reign != check->nodes[over].reign ||
            !first->running || first->replica) {
            continue;
        }
        rcs_check_find(check, at_us, RCS_INVARIANT_TWO_PROMOTED, second_is(check, at_us, n, first),
                       (int)node, (int)i, 1,
                       "promoted in the place of a master that another took %llu ms before",
                       (uint64_t)(at_us - first->promoted_us) / 1000, 0);
    }
    n->over = over;
    n->over_reign = over >= 0 ? check->nodes[over].reign : 0;
    n->promoted_us = at_us;
    n->promoted_by_takeover = n->took_over;
}

/* --- FORGET ----------------------------------------------------------------------------------- */

/* What a pair keeps: when, in which life of the process, who that was, and whether it may have been
 * heard of; 0 none. */
#define LIFE(stamp)     ((stamp) >> 8 & 0x7f)
#define IDENTITY(stamp) ((stamp)&0xff)
#define HEARD           ((uint64_t)1 << 15)
static uint64_t stamp(rcs_us at_us, const struct rcs_check_node *n, const struct rcs_check_node *x,
                      bool heard)
{
    return ((uint64_t)at_us + 1) << 16 | (heard ? HEARD : 0) | (uint64_t)(n->life & 0x7f) << 8 |
           (x->identity & 0xff);
}

void rcs_check_forgot(struct rcs_check *check, rcs_us at_us, unsigned node, int about)
{
    if (about < 0) {
        return;
    }
    (void)rcs_check_node(check, (unsigned)about); /* both are there, then */
    const struct rcs_check_node *n = rcs_check_node(check, node);
    struct rcs_check_node *x = rcs_check_node(check, (unsigned)about);
    bool heard = x->forgot_us > 0 && n->series % RCS_SERIES_VALKEY >= TELLS_FORGET;
    x->forgot_us = at_us;
    rcs_check_decide(check, (unsigned)about, RCS_WORD_FORGOTTEN);
    *rcs_check_pair(check, RCS_PAIR_FORGOT, node, (unsigned)about, true) =
        stamp(at_us, n, x, heard);
}

/* It was adopted from gossip; or (`met`) it answered a handshake, which only MEET begins. */
void rcs_check_knows(struct rcs_check *check, rcs_us at_us, unsigned node, int about, bool met)
{
    uint64_t *forgot =
        about < 0 ? NULL : rcs_check_pair(check, RCS_PAIR_FORGOT, node, (unsigned)about, false);
    if (forgot == NULL || *forgot == 0) {
        return;
    }
    uint64_t then = *forgot;
    *forgot = 0;
    const struct rcs_check_node *n = &check->nodes[node], *x = &check->nodes[about];
    rcs_us since_us = at_us - (rcs_us)((then >> 16) - 1);
    if (IDENTITY(then) != (x->identity & 0xff)) {
        return; /* somebody new */
    }
    rcs_check_find(check, at_us, RCS_INVARIANT_FORGOTTEN_RETURNS,
                   since_us >= BAN_US               ? "ban-over"
                   : LIFE(then) != (n->life & 0x7f) ? "ban-lost"
                   : met                            ? "meet"
                   : then & HEARD                   ? "ban-heard"
                   : check->clock_put               ? "clock"
                                                    : "",
                   (int)node, about, 1, "it knows another again %llu ms after FORGET",
                   (uint64_t)since_us / 1000, 0);
}
