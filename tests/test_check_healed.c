/* Checks once all is healed: what holds, and what breaks it. */
#include "tests/support/check_lab.h"

/* What the views say: A..C own a third each, D replicates C. */
struct picture {
    struct rcs_view views[NODES];
    struct rcs_opinion opinions[NODES][NODES];
    bool known[NODES][NODES];
};

static struct picture whole(void)
{
    static const unsigned slots[NODES] = { 5461, 5462, 5461, 0 };
    struct picture p = { .known = { { false } } };
    for (unsigned i = 0; i < NODES; i++) {
        p.views[i] = (struct rcs_view){ .running = true,
                                        .replica = i == D,
                                        .master = i == D ? C : -1,
                                        .known = NODES,
                                        .my_epoch = i == D ? 3 : i + 1 };
        for (unsigned j = 0; j < NODES; j++) {
            p.known[i][j] = true;
            p.opinions[i][j] = (struct rcs_opinion){ .flags = RCS_NODE_MASTER,
                                                     .slots = slots[j],
                                                     .slots_hash = slots[j] == 0 ? 0 : j + 77 };
        }
    }
    return p;
}

static void look(struct check_lab *lab, const struct picture *p)
{
    struct rcs_check_views views = {
        .count = NODES, .views = p->views, .opinions = p->opinions[0], .known = p->known[0]
    };
    rcs_check_views(lab->check, lab->now, &views);
}

static void healed(struct check_lab *lab)
{
    struct picture p = whole();
    look(lab, &p);
}

static void two_owners(struct check_lab *lab)
{
    struct picture p = whole();
    p.opinions[B][A].slots_hash = 99; /* others of the same number */
    look(lab, &p);
}

/* More than SETSLOT would give away. */
static void a_slot_unowned(struct check_lab *lab)
{
    struct picture p = whole();
    for (unsigned i = 0; i < D; i++) {
        p.opinions[i][A].slots -= 9;
    }
    look(lab, &p);
}

static void owner_down(struct check_lab *lab)
{
    struct picture p = whole();
    p.views[A] = (struct rcs_view){ .running = false };
    look(lab, &p);
}

static void replica_down(struct check_lab *lab)
{
    struct picture p = whole();
    p.views[D] = (struct rcs_view){ .running = false };
    p.opinions[A][D].flags |= RCS_NODE_FAIL;
    look(lab, &p);
}

static void epoch_shared(struct check_lab *lab)
{
    struct picture p = whole();
    p.views[B].my_epoch = 1;
    look(lab, &p);
}

/* B's fell, and A has not noticed: it keeps the highest it heard of. */
static void epoch_shared_unseen(struct check_lab *lab)
{
    struct picture p = whole();
    p.views[B].my_epoch = 1;
    p.opinions[A][B].config_epoch = 2;
    look(lab, &p);
}

static void fail_flag(struct check_lab *lab)
{
    struct picture p = whole();
    p.opinions[B][D].flags |= RCS_NODE_PFAIL;
    look(lab, &p);
}

static void unknown(struct check_lab *lab)
{
    struct picture p = whole();
    p.known[B][D] = false;
    look(lab, &p);
}

static void forgotten(struct check_lab *lab)
{
    FORGET(B, D);
    unknown(lab);
}

static void reset(struct check_lab *lab)
{
    check_fact(lab, D, "reset");
    unknown(lab);
}

static void conf_lost(struct check_lab *lab)
{
    rcs_check_ended(lab->check, lab->now, D);
    rcs_check_started(lab->check, lab->now, D, 70, NULL);
    unknown(lab);
}

/* B sees A hold slots that A does not claim, and C does. */
static void unclaimed(struct check_lab *lab)
{
    struct picture p = whole();
    p.opinions[B][A].slots += 5461;
    p.opinions[B][A].slots_hash = 5;
    p.opinions[B][C].slots = 0;
    p.opinions[B][C].slots_hash = 0;
    look(lab, &p);
}

/* C gave one to A, which does not claim it; nobody else was told. */
static void unclaimed_by_anybody(struct check_lab *lab)
{
    struct picture p = whole();
    p.opinions[C][C].slots--;
    p.opinions[C][C].slots_hash = 6;
    p.opinions[C][A].slots++;
    p.opinions[C][A].slots_hash = 5;
    look(lab, &p);
}

/* B was told that C's replica D has a slot of A's, which D does not claim. */
static struct picture a_slot_of_a_replica(unsigned slots)
{
    struct picture p = whole();
    for (unsigned i = 0; i < NODES; i++) {
        p.opinions[i][D].flags = RCS_NODE_REPLICA;
    }
    p.opinions[B][A].slots -= slots;
    p.opinions[B][A].slots_hash = 6;
    p.opinions[B][D].slots += slots;
    p.opinions[B][D].slots_hash = 5;
    return p;
}

static void given_to_a_replica(struct check_lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    look(lab, &p);
}

static void many_of_a_replica(struct check_lab *lab)
{
    struct picture p = a_slot_of_a_replica(100);
    look(lab, &p);
}

/* B lacks more of A's than D was given. */
static void lacks_more_than_was_given(struct check_lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    p.opinions[B][A].slots--;
    look(lab, &p);
}

/* A gave D one of its own, too: what B sees of A is as many, but others. */
static void given_to_a_replica_by_two(struct check_lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    p.opinions[A][A] = p.opinions[B][A];
    p.opinions[A][A].slots_hash = 7;
    p.opinions[A][D] = p.opinions[B][D];
    p.opinions[A][D].slots_hash = 8;
    look(lab, &p);
}

/* B was told; A claims it no more, and to C it is nobody's. */
static void given_to_a_replica_unowned(struct check_lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    p.opinions[A][A] = p.opinions[C][A] = p.opinions[D][A] = p.opinions[B][A];
    look(lab, &p);
}

/* B was given one of A's while it was a replica, and C still holds it for the owner. */
static void given_to_a_later_master_unowned(struct check_lab *lab)
{
    struct picture p = whole();
    for (unsigned i = 0; i < NODES; i++) {
        p.opinions[i][A].slots--;
    }
    p.opinions[C][B].slots++;
    p.opinions[C][B].slots_hash = 5;
    look(lab, &p);
}

/* A claims one of C's that C gave up; B and D hold on to somebody who is gone. */
static void gone_owner(struct check_lab *lab)
{
    struct picture p = whole();
    rcs_check_ended(lab->check, lab->now, C);
    rcs_check_started(lab->check, lab->now, C, 70, NULL);
    p.opinions[A][A].slots++;
    p.opinions[A][A].slots_hash = 5;
    for (unsigned viewer = 0; viewer < 4; viewer++) {
        p.opinions[viewer][C].slots--;
        p.opinions[viewer][C].slots_hash = 6;
    }
    look(lab, &p);
}

static void two_owners_by_a_stale_conf(struct check_lab *lab)
{
    check_put_conf(lab, A);
    two_owners(lab);
}

static void two_owners_of_a_reset_one(struct check_lab *lab)
{
    check_fact(lab, A, "reset");
    two_owners_by_a_stale_conf(lab);
}

static void masterless(struct check_lab *lab);

/* What was done to somebody who is concerned, or to another, and what came of it. */
#define DONE(what, node, came)                                                                     \
    static void what##_##node##_##came(struct check_lab *lab)                                      \
    {                                                                                              \
        do_##what(lab, node);                                                                      \
        came(lab);                                                                                 \
    }
static void do_reset(struct check_lab *lab, unsigned node)
{
    struct rcs_check_disk held = check_disk(lab, node, true, 5, 0);
    held.known = 1;
    rcs_check_saved(lab->check, lab->now, node, &held, true); /* RESET SOFT: nobody else is left */
}
static void do_lose(struct check_lab *lab, unsigned node)
{
    rcs_check_ended(lab->check, lab->now, node);
    rcs_check_started(lab->check, lab->now, node, lab->series, NULL);
}
static void do_forget(struct check_lab *lab, unsigned node)
{
    FORGET(B, (int)node);
}
DONE(reset, A, two_owners)
DONE(lose, A, two_owners)
DONE(forget, A, two_owners)
DONE(reset, C, two_owners)
DONE(lose, C, two_owners)
DONE(forget, C, two_owners)
DONE(reset, A, a_slot_unowned)
DONE(lose, A, a_slot_unowned)
DONE(forget, A, a_slot_unowned)
DONE(reset, D, a_slot_unowned)
DONE(lose, D, a_slot_unowned)
DONE(forget, D, a_slot_unowned)
DONE(reset, C, masterless)
DONE(lose, C, masterless)
DONE(forget, C, masterless)
DONE(reset, A, masterless)
DONE(lose, A, masterless)
DONE(forget, A, masterless)

static void never_met(struct check_lab *lab)
{
    struct picture p = whole();
    for (unsigned i = 0; i < NODES; i++) {
        p.known[i][D] = p.known[D][i] = i == D;
    }
    p.views[D] = (struct rcs_view){ .running = true, .master = -1, .known = 1 };
    look(lab, &p);
}

static void chain(struct check_lab *lab)
{
    struct picture p = whole();
    p.views[C].replica = true;
    p.views[C].master = B;
    look(lab, &p);
}

/* D goes on as a replica of who C was. */
static void chain_to_another(struct check_lab *lab)
{
    MASTER(C, 5);
    check_name_master_by(lab, D, lab->id[C], 3);
    rcs_check_ended(lab->check, lab->now, C);
    rcs_check_started(lab->check, lab->now, C, lab->series, NULL);
    lab->id[C] = rcs_store_id(lab->store, "cccccccccccccccccccccccccccccccccccccccc");
    MASTER(C, 5);
    chain(lab);
}

static void chain_to_one_reset(struct check_lab *lab)
{
    MASTER(C, 5);
    check_name_master_by(lab, D, lab->id[C], 3);
    check_fact(lab, C, "reset");
    lab->id[C] = rcs_store_id(lab->store, "cccccccccccccccccccccccccccccccccccccccc");
    MASTER(C, 5);
    chain(lab);
}

/* RESET SOFT keeps the id: D hears of it. */
static void chain_to_one_reset_soft(struct check_lab *lab)
{
    MASTER(C, 5);
    check_name_master_by(lab, D, lab->id[C], 3);
    check_fact(lab, C, "reset");
    MASTER(C, 5);
    chain(lab);
}

static void loop(struct check_lab *lab)
{
    struct picture p = whole();
    p.views[C].replica = true;
    p.views[C].master = D;
    look(lab, &p);
}

static void stale_loop(struct check_lab *lab)
{
    check_put_conf(lab, C);
    loop(lab);
}

static void replica_of_who_was_reset(struct check_lab *lab)
{
    check_fact(lab, D, "reset");
    loop(lab);
}

static void say_each_others_replicas(struct check_lab *lab) /* as C found in an older nodes.conf */
{
    check_put_conf(lab, C);
    check_name_master_by(lab, C, lab->id[D], 3);
    check_name_master_by(lab, D, lab->id[C], 3);
}

/* A TAKEOVER ended that: both are masters, and one has no slots. */
static void loop_of_before(struct check_lab *lab)
{
    struct picture p = whole();
    say_each_others_replicas(lab);
    for (unsigned i = 0; i < NODES; i++) {
        p.opinions[i][C].slots = 0;
        p.opinions[i][C].slots_hash = 0;
    }
    look(lab, &p);
}

static void loop_of_before_remembered(struct check_lab *lab)
{
    struct picture p = whole();
    say_each_others_replicas(lab);
    p.opinions[C][C].slots = 0;
    p.opinions[C][C].slots_hash = 0;
    look(lab, &p);
}

/* What comes of it: their slots are nobody's. */
static void stale_loop_unowned(struct check_lab *lab)
{
    struct picture p = whole();
    check_put_conf(lab, C);
    p.views[C].replica = true;
    p.views[C].master = D;
    for (unsigned i = 0; i < NODES; i++) {
        p.opinions[i][C].slots = 0;
        p.opinions[i][C].slots_hash = 0;
    }
    look(lab, &p);
}

static void masterless(struct check_lab *lab)
{
    struct picture p = whole();
    check_name_master(lab, lab->id[C], 3); /* as it said, and says */
    p.views[D].master = -1;
    look(lab, &p);
}

/* clang-format off */
static const struct check_row rows[] = {
    ROW("healed: a whole cluster", healed, 70, HOLDS, NULL),
    ROW("healed: a replica is down", replica_down, 70, HOLDS, NULL),
    ROW("healed: somebody who was never met", never_met, 70, HOLDS, NULL),
    ROW("healed: two owners", two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: two owners by a stale nodes.conf", two_owners_by_a_stale_conf, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: two owners by a stale nodes.conf, one was reset", two_owners_of_a_reset_one, 70, RCS_INVARIANT_SLOT_OWNERS, "reset"),
    ROW("healed: two owners by a stale nodes.conf in Valkey", two_owners_by_a_stale_conf, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_SLOT_OWNERS, "stale-conf"),
    ROW("healed: slots that their owner does not claim", unclaimed, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: a slot that nobody claims", unclaimed_by_anybody, 70, RCS_INVARIANT_SLOT_OWNERS, "nobody-claims"),
    ROW("healed: slots that their owner does not claim in 6.2", unclaimed, 62, RCS_INVARIANT_SLOT_OWNERS, "unclaimed-slots"),
    ROW("healed: a slot that a replica was given", given_to_a_replica, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: a slot that a replica was given in 6.2", given_to_a_replica, 62, RCS_INVARIANT_SLOT_OWNERS, "given-to-replica"),
    ROW("healed: slots that a replica was given by two in 6.2", given_to_a_replica_by_two, 62, RCS_INVARIANT_SLOT_OWNERS, "given-to-replica"),
    ROW("healed: many slots of a replica in 6.2", many_of_a_replica, 62, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: a slot that nobody owns", a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH),
    ROW_WITH("healed: slots of one who is down", owner_down, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH, .fingerprint = "slot-unowned"),
    ROW("healed: two masters of one epoch", epoch_shared, 70, RCS_INVARIANT_EPOCH_SHARED, BREACH),
    ROW("healed: two masters of one epoch, of which one was higher", epoch_shared_unseen, 70, RCS_INVARIANT_EPOCH_SHARED, "unseen"),
    ROW("healed: one that is up is suspected", fail_flag, 70, RCS_INVARIANT_FAIL_FLAG, BREACH),
    ROW("healed: one does not know another", unknown, 70, RCS_INVARIANT_SPLIT, BREACH),
    ROW("healed: one was told to forget another", forgotten, 70, RCS_INVARIANT_SPLIT, "forgotten"),
    ROW_WITH("healed: one was reset", reset, 70, RCS_INVARIANT_SPLIT, "reset", .fingerprint = "split/reset replica"),
    ROW("healed: one lost its nodes.conf", conf_lost, 70, RCS_INVARIANT_SPLIT, "lost-conf"),
    ROW("healed: a replica's replica", chain, 70, RCS_INVARIANT_STRAY_REPLICA, "chain"),
    ROW("healed: a replica's replica in Valkey 8.0", chain, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, BREACH),
    ROW("healed: a replica of who lost its nodes.conf and replicates, in Valkey 8.0", chain_to_another, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, "lost-conf"),
    ROW("healed: a replica of who was reset hard and replicates, in Valkey 8.0", chain_to_one_reset, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, "reset"),
    ROW("healed: a replica of who was reset soft and replicates, in Valkey 8.0", chain_to_one_reset_soft, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, BREACH),
    ROW("healed: replicas of each other", loop, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH),
    ROW("healed: replicas of each other by a stale nodes.conf", stale_loop, 70, RCS_INVARIANT_STRAY_REPLICA, "stale-conf"),
    ROW("healed: a replica of who was reset", replica_of_who_was_reset, 70, RCS_INVARIANT_STRAY_REPLICA, "reset"),
    ROW("healed: slots of replicas of each other", stale_loop_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "stale-conf"),
    ROW("healed: a replica of nobody", masterless, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH),
    ROW("healed: two owners, after a RESET", reset_A_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, "reset"),
    ROW("healed: two owners, after a RESET of another", reset_C_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: two owners, after the loss of nodes.conf", lose_A_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, "lost-conf"),
    ROW("healed: two owners, after the loss of nodes.conf of another", lose_C_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: two owners, after FORGET", forget_A_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, "forgotten"),
    ROW("healed: two owners, after FORGET of another", forget_C_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH),
    ROW("healed: a slot that nobody owns, after a RESET", reset_A_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "reset"),
    ROW("healed: a slot that nobody owns, after a RESET of another", reset_D_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH),
    ROW("healed: a slot that nobody owns, after the loss of nodes.conf", lose_A_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "lost-conf"),
    ROW("healed: a slot that nobody owns, after the loss of nodes.conf of another", lose_D_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH),
    ROW("healed: a slot that nobody owns, after FORGET", forget_A_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "forgotten"),
    ROW("healed: a slot that nobody owns, after FORGET of another", forget_D_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH),
    ROW("healed: a replica of nobody, after a RESET", reset_C_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, "reset"),
    ROW("healed: a replica of nobody, after a RESET of another", reset_A_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH),
    ROW("healed: a replica of nobody, after the loss of nodes.conf", lose_C_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, "lost-conf"),
    ROW("healed: a replica of nobody, after the loss of nodes.conf of another", lose_A_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH),
    ROW("healed: a replica of nobody, after FORGET", forget_C_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, "forgotten"),
    ROW("healed: a replica of nobody, after FORGET of another", forget_A_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH),
    ROW_WITH("healed: slots of replicas of each other, as they were before", loop_of_before, 70, RCS_INVARIANT_SLOT_UNOWNED, "stale-conf", .last = true),
    ROW_WITH("healed: slots of replicas of each other, which one remembers", loop_of_before_remembered, 70, RCS_INVARIANT_SLOT_OWNERS, "nobodys", .last = true),
    ROW_WITH("healed: more slots than a replica was given lack an owner in 6.2", lacks_more_than_was_given, 62, RCS_INVARIANT_SLOT_OWNERS, BREACH, .last = true),
    ROW_WITH("healed: nobody owns a slot that a replica was given in 6.2", given_to_a_replica_unowned, 62, RCS_INVARIANT_SLOT_UNOWNED, "given-to-replica", .last = true),
    ROW_WITH("healed: nobody owns a slot that a replica was given before it was master in 6.2", given_to_a_later_master_unowned, 62, RCS_INVARIANT_SLOT_UNOWNED, "given-to-replica", .last = true),
    ROW_WITH("healed: nobody owns a slot that a replica was given before it was master", given_to_a_later_master_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "nobody-claims", .last = true),
    ROW_WITH("healed: nobody owns a slot that a replica was given", given_to_a_replica_unowned, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH, .last = true),
    ROW_WITH("healed: a slot of an owner that is gone", gone_owner, 70, RCS_INVARIANT_SLOT_OWNERS, "gone-owner", .last = true),
};
/* clang-format on */

int main(void)
{
    return check_rows("check_healed", rows, sizeof(rows) / sizeof(rows[0]), NULL, 0);
}
