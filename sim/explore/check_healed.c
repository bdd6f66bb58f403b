/* What holds once every fault is healed and the cluster had the time to come back, by the views of
 * its nodes. */
#include "sim/explore/check_parts.h"

#include "sim/pure.h"

#define GIVEN_MAX 8 /* SETSLOT gives one slot a time: more of them came another way */

static const struct rcs_opinion *opinion(const struct rcs_check_views *v, unsigned viewer,
                                         unsigned node)
{
    unsigned at = viewer * v->count + node;
    return v->known[at] ? &v->opinions[at] : NULL;
}

static bool up(const struct rcs_check_views *v, unsigned node)
{
    return v->views[node].running;
}

/* Replicas that replicate each other; `stale`: one of them found an older nodes.conf, in which it
 * was the replica of its replica. Nobody says what becomes of their slots (Redis 7.0.15 was asked).
 */
static bool in_loop(struct rcs_check *check, const struct rcs_check_views *v, unsigned node,
                    bool *stale)
{
    int at = (int)node;
    *stale = false;
    for (unsigned i = 0; i <= v->count; i++) {
        if (at < 0 || !up(v, (unsigned)at) || !v->views[at].replica) {
            return false;
        }
        *stale |= rcs_check_node(check, (unsigned)at)->replaced;
        at = v->views[at].master;
    }
    return true;
}

/* --- one cluster ------------------------------------------------------------------------------ */

/* Whether it knows nobody, and nobody who is up knows it. */
static bool alone(const struct rcs_check_views *v, unsigned node)
{
    for (unsigned i = 0; i < v->count; i++) {
        if (i != node && up(v, i) && (opinion(v, i, node) != NULL || opinion(v, node, i) != NULL)) {
            return false;
        }
    }
    return true;
}

/* Of one shard: one is the other's master, as somebody sees it, or was until it became somebody
 * else, or took its place. */
static bool kin(const struct rcs_check *check, const struct rcs_check_views *v, unsigned i,
                unsigned a)
{
    const struct rcs_check_node *x = &check->nodes[i], *n = &check->nodes[a];
    const rcs_id master = n->named[0].master, others = x->named[0].master;
    bool said = master != RCS_ID_NONE && (master == x->id || master == x->was);
    return i == a || said || v->views[a].master == (int)i || v->views[i].master == (int)a ||
           (others != RCS_ID_NONE && others == n->id) || n->over == (int)i || x->over == (int)a;
}

struct undone {
    bool reset, lost, forgot;
};

static void take_undone(const struct rcs_check_node *n, struct undone *out)
{
    out->reset |= n->was_reset;
    out->lost |= n->lost_conf;
    out->forgot |= n->forgot_us > 0; /* by somebody; 7.2 tells others */
}

static const char *undone_name(const struct undone *undone)
{
    return undone->reset ? "reset" : undone->lost ? "lost-conf" : undone->forgot ? "forgotten" : "";
}

/* Why the cluster is not whole: by what somebody did to `node`, to others of its shard or to
 * `viewer`, which no server undoes by itself. */
static const char *undone_because(const struct rcs_check *check, const struct rcs_check_views *v,
                                  unsigned node, unsigned viewer)
{
    struct undone undone = { false, false, false };
    for (unsigned i = 0; i < v->count; i++) {
        if (i == viewer || kin(check, v, i, node)) {
            take_undone(&check->nodes[i], &undone);
        }
    }
    return undone_name(&undone);
}

/* Why slots are nobody's to `viewer`: somebody who claimed some gave them up so, or the viewer has
 * forgotten who has them. */
static const char *unowned_because(const struct rcs_check *check, const struct rcs_check_views *v,
                                   unsigned viewer)
{
    struct undone undone = { false, false, false };
    for (unsigned i = 0; i < v->count; i++) {
        const struct rcs_check_node *n = &check->nodes[i];
        if (i == viewer || n->gave_up || (n->forgot_us > 0 && n->ever_master)) {
            take_undone(n, &undone);
        }
    }
    return undone_name(&undone);
}

/* A node that was never told of others is no part of the cluster. */
static void check_split(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *v)
{
    for (unsigned viewer = 0; viewer < v->count; viewer++) {
        for (unsigned node = 0; node < v->count && up(v, viewer); node++) {
            if (!up(v, node) || node == viewer || opinion(v, viewer, node) != NULL) {
                continue;
            }
            struct undone undone = { false, false, false };
            take_undone(&check->nodes[viewer], &undone);
            take_undone(&check->nodes[node], &undone);
            const char *permit = undone_name(&undone);
            if (permit[0] == '\0' && (alone(v, viewer) || alone(v, node))) {
                continue;
            }
            rcs_check_find(check, at_us, RCS_INVARIANT_SPLIT, permit, (int)viewer, (int)node, 1,
                           "it knows %llu nodes, but not one that is up", v->views[viewer].known,
                           0);
        }
    }
}

/* --- slots ------------------------------------------------------------------------------------ */

/* It sees somebody own more slots than that one claims. */
static bool holds_on(const struct rcs_check_views *v, unsigned viewer)
{
    for (unsigned node = 0; node < v->count; node++) {
        const struct rcs_opinion *seen = up(v, node) ? opinion(v, viewer, node) : NULL;
        const struct rcs_opinion *own = up(v, node) ? opinion(v, node, node) : NULL;
        if (seen != NULL && own != NULL && seen->slots > own->slots && own->slots > 0) {
            return true;
        }
    }
    return false;
}

/* What to go by of a node's slots: its own view; of one who is down the first other. */
static const struct rcs_opinion *claim(const struct rcs_check_views *v, unsigned node)
{
    const struct rcs_opinion *own = up(v, node) ? opinion(v, node, node) : NULL;
    for (unsigned viewer = 0; viewer < v->count && own == NULL; viewer++) {
        own = up(v, viewer) ? opinion(v, viewer, node) : NULL;
    }
    return own;
}

static bool disputed(const struct rcs_check_views *v, unsigned viewer, unsigned node)
{
    const struct rcs_opinion *own = claim(v, node);
    const struct rcs_opinion *seen = up(v, viewer) ? opinion(v, viewer, node) : NULL;
    return own != NULL && seen != NULL && seen->slots_hash != own->slots_hash;
}

/* To the viewer it owns slots that are nobody's since its loop: itself it claims none. */
static bool nobodys(const struct rcs_check *check, const struct rcs_check_views *v, unsigned viewer,
                    unsigned node)
{
    return check->looped && claim(v, node)->slots == 0 && opinion(v, viewer, node)->slots > 0;
}

/* Of slots that to the viewer a replica owns, which claims none: SETSLOT NODE gave them to it. */
static unsigned given(const struct rcs_check_views *v, unsigned viewer, unsigned node)
{
    const struct rcs_opinion *seen = up(v, viewer) ? opinion(v, viewer, node) : NULL;
    return seen != NULL && seen->flags & RCS_NODE_REPLICA && v->views[node].replica &&
                   claim(v, node)->slots == 0 && seen->slots <= GIVEN_MAX
               ? seen->slots
               : 0;
}

static unsigned all_given(const struct rcs_check_views *v, unsigned viewer)
{
    unsigned slots = 0;
    for (unsigned node = 0; node < v->count; node++) {
        slots += given(v, viewer, node);
    }
    return slots;
}

/* SETSLOT NODE asks for masters from this series on. */
#define ASKS_FOR_MASTERS 70u

static bool asks_no_masters(struct rcs_check *check, unsigned node)
{
    return rcs_check_node(check, node)->series < ASKS_FOR_MASTERS;
}

/* What the viewer sees of it is off by no more than slots that to one of the two a replica was
 * given. */
static bool given_away(const struct rcs_check_views *v, unsigned viewer, unsigned node)
{
    unsigned seen = opinion(v, viewer, node)->slots, own = claim(v, node)->slots;
    unsigned gave = all_given(v, viewer) + all_given(v, node);
    return gave > 0 && (seen < own ? own - seen : seen - own) <= gave;
}

/* Of slots that to the viewer a node owns beyond those it claims: it may have been a replica when
 * it was given them, and a master since. */
static unsigned not_claimed(const struct rcs_check_views *v, unsigned viewer, unsigned node)
{
    const struct rcs_opinion *own = claim(v, node);
    const struct rcs_opinion *seen = up(v, viewer) ? opinion(v, viewer, node) : NULL;
    bool beyond = own != NULL && seen != NULL && seen->slots > own->slots &&
                  seen->slots - own->slots <= GIVEN_MAX;
    return beyond ? seen->slots - own->slots : 0;
}

/* The slots that nodes claim for themselves are all of them. */
static bool all_claimed(const struct rcs_check_views *v)
{
    unsigned claimed = 0;
    for (unsigned node = 0; node < v->count; node++) {
        const struct rcs_opinion *own = claim(v, node);
        claimed += own != NULL ? own->slots : 0;
    }
    return claimed >= RCS_SLOTS;
}

/* The viewer binds slots that the node claims to somebody who is no longer there: to one who has
 * become somebody else. */
static bool is_gone(struct rcs_check *check, const struct rcs_check_views *v, unsigned viewer,
                    unsigned node)
{
    unsigned served = 0;
    bool gone = false;
    for (unsigned i = 0; i < v->count; i++) {
        const struct rcs_opinion *seen = up(v, i) ? opinion(v, viewer, i) : NULL;
        const struct rcs_check_node *n = rcs_check_node(check, i);
        served += seen != NULL ? seen->slots : 0;
        gone |= n->lost_conf || n->was != RCS_ID_NONE;
    }
    return gone && served < RCS_SLOTS && claim(v, node)->slots > opinion(v, viewer, node)->slots;
}

/* In every view a slot has one owner: if all see each node own the same, every slot has one. */
static void check_owners(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *v)
{
    const unsigned pairs = v->count * v->count;
    bool stale = false;
    for (unsigned i = 0; i < pairs; i++) {
        unsigned viewer = i % v->count, node = i / v->count;
        stale |=
            (rcs_check_node(check, node)->replaced || rcs_check_node(check, viewer)->replaced) &&
            disputed(v, viewer, node);
    }
    for (unsigned i = 0; i < pairs; i++) {
        unsigned viewer = i % v->count, node = i / v->count;
        if (disputed(v, viewer, node)) {
            const char *undone = undone_because(check, v, node, viewer);
            rcs_check_find(
                check, at_us, RCS_INVARIANT_SLOT_OWNERS,
                holds_on(v, viewer) ? all_claimed(v) ? "unclaimed-slots" : "nobody-claims"
                : undone[0] != '\0' ? undone
                : nobodys(check, v, viewer, node)                             ? "nobodys"
                : asks_no_masters(check, node) && given_away(v, viewer, node) ? "given-to-replica"
                : is_gone(check, v, viewer, node)                             ? "gone-owner"
                : stale                                                       ? "stale-conf"
                                                                              : "",
                (int)node, (int)viewer, 1, "it owns %llu slots, and to another %llu or other ones",
                claim(v, node)->slots, opinion(v, viewer, node)->slots);
        }
    }
}

static void check_unowned(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *v)
{
    const char *stale_loop = check->looped ? "stale-conf" : NULL;
    unsigned gave = 0;
    for (unsigned node = 0; node < v->count; node++) {
        bool stale;
        if (in_loop(check, v, node, &stale) && stale) {
            stale_loop = "stale-conf";
        }
    }
    for (unsigned i = 0; i < v->count * v->count; i++) {
        gave += not_claimed(v, i % v->count, i / v->count);
    }
    for (unsigned viewer = 0; viewer < v->count; viewer++) {
        unsigned served = 0;
        if (!up(v, viewer) || alone(v, viewer)) {
            continue;
        }
        for (unsigned node = 0; node < v->count; node++) {
            const struct rcs_opinion *seen = opinion(v, viewer, node);
            served += seen != NULL && up(v, node) ? seen->slots : 0;
        }
        if (served < RCS_SLOTS) {
            const char *undone = unowned_because(check, v, viewer);
            rcs_check_find(check, at_us, RCS_INVARIANT_SLOT_UNOWNED,
                           stale_loop != NULL               ? stale_loop
                           : undone[0] != '\0'              ? undone
                           : RCS_SLOTS - served > gave      ? ""
                           : asks_no_masters(check, viewer) ? "given-to-replica"
                                                            : "nobody-claims",
                           (int)viewer, -1, 1, "to it nodes that are up own %llu of %llu slots",
                           served, RCS_SLOTS);
        }
    }
}

/* --- epochs, flags, roles --------------------------------------------------------------------- */

static void check_epochs(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *v)
{
    for (unsigned a = 0; a < v->count; a++) {
        for (unsigned b = a + 1; b < v->count; b++) {
            if (up(v, a) && up(v, b) && !v->views[a].replica && !v->views[b].replica &&
                v->views[a].my_epoch == v->views[b].my_epoch && opinion(v, a, b) != NULL &&
                opinion(v, b, a) != NULL) {
                const uint64_t epoch = v->views[a].my_epoch;
                bool unseen = opinion(v, a, b)->config_epoch > epoch ||
                              opinion(v, b, a)->config_epoch > epoch;
                rcs_check_find(check, at_us, RCS_INVARIANT_EPOCH_SHARED, unseen ? "unseen" : "",
                               (int)a, (int)b, 1, "it has config epoch %llu, as has another master",
                               epoch, 0);
            }
        }
    }
}

static void check_flags(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *v)
{
    for (unsigned viewer = 0; viewer < v->count; viewer++) {
        for (unsigned node = 0; node < v->count && up(v, viewer); node++) {
            const struct rcs_opinion *seen = up(v, node) ? opinion(v, viewer, node) : NULL;
            if (seen != NULL && seen->flags & (RCS_NODE_PFAIL | RCS_NODE_FAIL)) {
                rcs_check_find(check, at_us, RCS_INVARIANT_FAIL_FLAG, "", (int)viewer, (int)node, 1,
                               seen->flags & RCS_NODE_FAIL ? "it calls one that is up FAIL"
                                                           : "it suspects one that is up",
                               0, 0);
            }
        }
    }
}

/* Why one is a replica's replica: to it its master may still be who that was before. To that one
 * nothing happens, so that in Valkey, too, it stays one (clusterProcessPacket). */
static const char *chained_because(const struct rcs_check_node *n,
                                   const struct rcs_check_node *master)
{
    const rcs_id named = n->named[0].master;
    bool before = named != RCS_ID_NONE && named != master->id;
    return before && master->lost_conf   ? "lost-conf"
           : before && master->was_reset ? "reset"
                                         : "chain";
}

static void check_replicas(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *v)
{
    for (unsigned node = 0; node < v->count; node++) {
        const struct rcs_view *view = &v->views[node];
        if (!view->running || !view->replica) {
            continue;
        }
        if (view->master < 0 || !up(v, (unsigned)view->master)) {
            rcs_check_find(check, at_us, RCS_INVARIANT_STRAY_REPLICA,
                           undone_because(check, v, node, node), (int)node, view->master, 1,
                           "it replicates nobody who is up", 0, 0);
        } else if (v->views[view->master].replica) {
            bool stale, loop = in_loop(check, v, node, &stale);
            const struct rcs_check_node *n = rcs_check_node(check, node),
                                        *master = rcs_check_node(check, (unsigned)view->master);
            rcs_check_find(check, at_us, RCS_INVARIANT_STRAY_REPLICA,
                           !loop   ? chained_because(n, master)
                           : stale ? "stale-conf"
                           /* perhaps a replica of who the other was before */
                           : n->lost_conf || master->lost_conf ? "lost-conf"
                           : n->was_reset || master->was_reset ? "reset"
                                                               : "",
                           (int)node, view->master, 1, "it replicates a replica", 0, 0);
        }
    }
}

void rcs_check_views(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *views)
{
    static void (*const checks[])(struct rcs_check *, rcs_us, const struct rcs_check_views *) = {
        check_split, check_owners, check_unowned, check_epochs, check_flags, check_replicas,
    };
    if (views->count > 0) {
        (void)rcs_check_node(check, views->count - 1); /* all are there, then */
    }
    for (unsigned i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct rcs_check_kept both[2];
        rcs_check_gather(check, both);
        checks[i](check, at_us, views);
        rcs_check_gathered(check);
    }
}
