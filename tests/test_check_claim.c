/* Checks of who claims what: what holds, and what breaks it. */
#include "tests/support/check_lab.h"

/* --- config epochs of those who claim slots --------------------------------------------------- */

#define CLAIM(node, epoch) check_say(lab, node, RCS_BUS_PONG, RCS_NODE_MASTER, epoch, epoch)

static void one_epoch_each(struct check_lab *lab)
{
    check_takes_over(lab);
    CLAIM(A, 7);
    RESTART(D, 7, 0);
}

static void one_epoch(struct check_lab *lab) /* two who say they were elected */
{
    check_elected(lab);
    WON(C, 6);
    CLAIM(C, 6);
}

static void say_empty(struct check_lab *lab, unsigned node, uint64_t config_epoch)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(lab->store, RCS_BUS_PING, 0);
    msg->sender = lab->id[node];
    msg->flags = RCS_NODE_MASTER;
    msg->current_epoch = 6;
    msg->config_epoch = config_epoch;
    rcs_bus_msg_seal(msg);
    (void)rcs_check_sent(lab->check, lab->now, node, A, -1, msg);
    rcs_bus_msg_release(lab->store, msg);
}

static void one_epoch_without_slots(struct check_lab *lab)
{
    say_empty(lab, D, 1); /* A's */
}

static void one_epoch_in_turn(struct check_lab *lab) /* A is no longer master */
{
    CLAIM(A, 6);
    REPLICA(A, 6);
    CLAIM(B, 6);
}

static void epoch_zero(struct check_lab *lab)
{
    check_fact(lab, B, "epoch-reset");
    check_fact(lab, C, "epoch-reset");
    CLAIM(B, 0);
    CLAIM(C, 0);
}

/* B is elected with the same one. */
static void by(struct check_lab *lab, const char *what, unsigned node)
{
    check_fact_of(lab, node, what, -1, 6, 6);
    CLAIM(node, 6);
    lab->now += RCS_S(1);
    check_say(lab, B, RCS_BUS_AUTH_REQUEST, RCS_NODE_MASTER, 6, 2);
    rcs_check_vote_came(lab->check, B, A, 6);
    rcs_check_vote_came(lab->check, B, C, 6);
    WON(B, 6);
    CLAIM(B, 6);
}
#define BY(what, node) by(lab, what, node)
static void one_epoch_by_takeover(struct check_lab *lab)
{
    check_fact(lab, D, "takeover");
    BY("epoch-bumped", D);
}
static void one_epoch_by_bump(struct check_lab *lab)
{
    check_fact(lab, A, "takeover");
    lab->now += RCS_S(1); /* another order */
    BY("epoch-bumped", A);
}
static void one_epoch_by_collision(struct check_lab *lab)
{
    BY("epoch-collision", A);
}
/* A stepped aside to 6, and in the step that says so further, to 7. */
static void one_epoch_by_two_collisions(struct check_lab *lab)
{
    CLAIM(B, 6);
    MASTER(A, 5);
    check_fact_of(lab, A, "epoch-collision", -1, 6, 6);
    check_fact_of(lab, A, "epoch-collision", -1, 7, 7);
    CLAIM(A, 6);
}
static void one_epoch_by_order(struct check_lab *lab)
{
    BY("epoch-set", A);
}
static void one_epoch_by_stale_conf(struct check_lab *lab)
{
    check_put_conf(lab, B);
    RESTART(B, 5, 0);
    check_say(lab, B, RCS_BUS_PING, RCS_NODE_MASTER, 5, 1); /* A's */
}
static void one_epoch_by_replica(struct check_lab *lab)
{
    RESTART(D, 6, 0);
    say_empty(lab, D, 3); /* after RESET SOFT: C's, as its file has it */
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 3);
}
static void one_epoch_told(struct check_lab *lab)
{
    check_say(lab, B, RCS_BUS_PING, RCS_NODE_MASTER, 5, 3); /* C's, which nothing gave it */
}
static void one_epoch_by_a_vote(struct check_lab *lab)
{
    check_votes_forgotten(lab);
    one_epoch(lab);
}

static void one_epoch_by_the_winners_vote(struct check_lab *lab)
{
    check_two_won_by_the_winners_vote(lab);
    CLAIM(D, 6);
    CLAIM(C, 6);
}

static void one_epoch_by_different_counts(struct check_lab *lab)
{
    check_two_won_by_different_counts(lab);
    CLAIM(D, 6);
    CLAIM(C, 6);
}

/* --- the place of a master -------------------------------------------------------------------- */

#define PROMOTED(node) check_fact_at(lab, node, "promoted", C, 0)
static void two_of_three(struct check_lab *lab, unsigned node, uint64_t epoch)
{
    check_say(lab, node, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, epoch, 3);
    rcs_check_vote_came(lab->check, node, A, epoch);
    rcs_check_vote_came(lab->check, node, B, epoch);
    WON(node, (int64_t)epoch);
    PROMOTED(node);
    check_say(lab, node, RCS_BUS_PONG, RCS_NODE_MASTER, epoch, epoch);
}
static void second_elected(struct check_lab *lab, rcs_us after_us)
{
    check_start(lab, E, false, 5, 0);
    two_of_three(lab, D, 6);
    lab->now += after_us;
    two_of_three(lab, E, 7);
}
static void second_elected_late(struct check_lab *lab)
{
    second_elected(lab, RCS_S(6));
}
static void second_elected_at_once(struct check_lab *lab)
{
    second_elected(lab, RCS_S(2));
}
static void second_elected_after_a_cut(struct check_lab *lab)
{
    rcs_check_disturbed(lab->check, lab->now);
    second_elected_late(lab);
}
static void second_elected_forgotten(struct check_lab *lab)
{
    check_fact_at(lab, A, "forgot", D, 0);
    second_elected_late(lab);
}
static void second_elected_stale(struct check_lab *lab)
{
    check_put_conf(lab, D);
    second_elected_late(lab);
}
static void second_elected_by_a_vote(struct check_lab *lab)
{
    check_votes_forgotten(lab);
    second_elected_late(lab);
}
static void second_takes_over(struct check_lab *lab)
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    check_fact(lab, E, "takeover");
    PROMOTED(E);
}
static void second_after_takeover(struct check_lab *lab)
{
    check_start(lab, E, false, 5, 0);
    check_fact(lab, E, "takeover");
    PROMOTED(E);
    check_say(lab, E, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
    lab->now += RCS_S(6);
    two_of_three(lab, D, 7);
}
static void first_is_replica(struct check_lab *lab)
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    REPLICA(D, 6);
    two_of_three(lab, E, 7);
}
static void first_is_down(struct check_lab *lab)
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    rcs_check_ended(lab->check, lab->now, D);
    two_of_three(lab, E, 7);
}
static void second_of_the_first(struct check_lab *lab, bool takeover, rcs_us after_us)
{
    check_start(lab, E, false, 5, 0);
    two_of_three(lab, D, 6);
    lab->now += after_us;
    if (takeover) {
        check_fact(lab, E, "takeover");
    }
    check_fact_at(lab, E, "promoted", D, 0);
}
static void takes_over_the_first(struct check_lab *lab)
{
    second_of_the_first(lab, true, RCS_S(14));
}
static void takes_over_later(struct check_lab *lab)
{
    second_of_the_first(lab, true, RCS_S(15));
}
static void fails_over_the_first(struct check_lab *lab) /* a planned one */
{
    second_of_the_first(lab, false, RCS_S(14));
}
static void first_restarted(struct check_lab *lab) /* its nodes.conf has it for a master still */
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    rcs_check_ended(lab->check, lab->now, D);
    check_start(lab, D, true, 6, 0);
    check_start(lab, E, false, 5, 0);
    two_of_three(lab, E, 7);
}
static void first_lost_it(struct check_lab *lab) /* C took the place back, and lost it again */
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    check_say(lab, C, RCS_BUS_PING, RCS_NODE_REPLICA, 6, 6);
    check_fact(lab, C, "takeover");
    check_fact_at(lab, C, "promoted", D, 0);
    check_say(lab, C, RCS_BUS_PONG, RCS_NODE_MASTER, 7, 7);
    two_of_three(lab, E, 8);
}
static void another_reign(struct check_lab *lab) /* C was reset, and given other slots */
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    check_fact(lab, C, "reset");
    two_of_three(lab, E, 7);
}

/* D and E are both elected in C's place, in one epoch. */
static void both_elected(struct check_lab *lab)
{
    check_start(lab, E, false, 5, 0);
    check_knows_one_master(lab, D);
    check_knows_one_master(lab, E);
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
}

static void second_elected_by_the_winners_vote(struct check_lab *lab)
{
    both_elected(lab);
    check_say(lab, D, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 6);
    two_of_three(lab, E, 6);
}

static void second_elected_by_different_counts(struct check_lab *lab)
{
    VOTE(A, 6);
    VOTE(B, 6);
    both_elected(lab);
    two_of_three(lab, E, 6);
}

/* --- FORGET ----------------------------------------------------------------------------------- */

#define ADOPTS(node, about) check_fact_at(lab, node, "adopted", about, 0)
#define MET(node, about)    check_fact_at(lab, node, "known", about, 0)
static void back_at_once(struct check_lab *lab)
{
    FORGET(A, D);
    lab->now += RCS_S(58);
    ADOPTS(A, D);
}
static void back_never(struct check_lab *lab)
{
    FORGET(A, D);
    ADOPTS(B, D);
    ADOPTS(A, C);
}
static void back_after_the_ban(struct check_lab *lab)
{
    FORGET(A, D);
    lab->now += RCS_S(61);
    ADOPTS(A, D);
    ADOPTS(A, D);
}
static void back_by_meet(struct check_lab *lab)
{
    FORGET(A, D);
    MET(A, D);
}
static void back_by_a_restart(struct check_lab *lab)
{
    FORGET(A, D);
    RESTART(A, 5, 0);
    ADOPTS(A, D);
}
static void back_by_the_clock(struct check_lab *lab)
{
    FORGET(A, D);
    rcs_check_clock_put(lab->check);
    ADOPTS(A, D);
}
static void back_by_what_was_heard(struct check_lab *lab)
{
    FORGET(A, D);
    lab->now += RCS_S(50);
    FORGET(B, D);
    lab->now += RCS_S(10);
    ADOPTS(B, D);
}
static void back_as_another(struct check_lab *lab)
{
    FORGET(A, D);
    check_fact(lab, D, "epoch-reset");
    ADOPTS(A, D);
}

/* --- the table -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct check_row rows[] = {
    ROW("claims: one epoch each", one_epoch_each, 70, HOLDS, NULL),
    ROW("claims: one after the other", one_epoch_in_turn, 70, HOLDS, NULL),
    ROW("claims: of one epoch, but no slots", one_epoch_without_slots, 70, HOLDS, NULL),
    ROW("claims: epoch 0", epoch_zero, 70, HOLDS, NULL),
    ROW_WITH("claims: a TAKEOVER and another have one epoch", one_epoch_by_takeover, 70, RCS_INVARIANT_EPOCH_COLLISION, "takeover", .fingerprint = "epoch-collision/takeover master,election-won master,takeover"),
    ROW("claims: a bump and another have one epoch", one_epoch_by_bump, 70, RCS_INVARIANT_EPOCH_COLLISION, "bump"),
    ROW("claims: who stepped aside and another have one epoch", one_epoch_by_collision, 70, RCS_INVARIANT_EPOCH_COLLISION, "collision"),
    ROW("claims: who stepped aside twice and another have one epoch", one_epoch_by_two_collisions, 70, RCS_INVARIANT_EPOCH_COLLISION, "collision"),
    ROW("claims: SET-CONFIG-EPOCH", one_epoch_by_order, 70, RCS_INVARIANT_EPOCH_COLLISION, "set"),
    ROW("claims: an epoch of a replica's nodes.conf", one_epoch_by_replica, 70, RCS_INVARIANT_EPOCH_COLLISION, "replica-epoch"),
    ROW("claims: an epoch from nowhere", one_epoch_told, 72, RCS_INVARIANT_EPOCH_COLLISION, BREACH),
    ROW("claims: an epoch that was told in 7.4", one_epoch_told, 74, RCS_INVARIANT_EPOCH_COLLISION, "told-by-replica"),
    ROW("one place: the second elected, long after the first", second_elected_late, 70, RCS_INVARIANT_TWO_PROMOTED, BREACH),
    ROW("one place: the second elected at once", second_elected_at_once, 70, RCS_INVARIANT_TWO_PROMOTED, "unheard-winner"),
    ROW("one place: the second elected where messages were held up", second_elected_after_a_cut, 70, RCS_INVARIANT_TWO_PROMOTED, "unheard-winner"),
    ROW("one place: the second elected, the first forgotten", second_elected_forgotten, 70, RCS_INVARIANT_TWO_PROMOTED, "forgotten"),
    ROW("one place: the second elected by a stale nodes.conf", second_elected_stale, 70, RCS_INVARIANT_TWO_PROMOTED, "stale-conf"),
    ROW_WITH("one place: a TAKEOVER after an election", second_takes_over, 70, RCS_INVARIANT_TWO_PROMOTED, "takeover", .fingerprint = "two-promoted/takeover master,takeover master,election-won"),
    ROW("one place: an election after a TAKEOVER", second_after_takeover, 70, RCS_INVARIANT_TWO_PROMOTED, "takeover"),
    ROW("one place: the first is a replica again", first_is_replica, 70, HOLDS, NULL),
    ROW("one place: the first is down", first_is_down, 70, HOLDS, NULL),
    ROW("one place: the first is taken over at once", takes_over_the_first, 70, RCS_INVARIANT_TWO_PROMOTED, "takeover"),
    ROW("one place: the first is taken over later", takes_over_later, 70, HOLDS, NULL),
    ROW("one place: the first is failed over", fails_over_the_first, 70, HOLDS, NULL),
    ROW("one place: the first was restarted", first_restarted, 70, RCS_INVARIANT_TWO_PROMOTED, BREACH),
    ROW("one place: the first was replaced itself", first_lost_it, 70, HOLDS, NULL),
    ROW("one place: another place of the same master", another_reign, 70, HOLDS, NULL),
    ROW("FORGET: back before the ban is over", back_at_once, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, BREACH),
    ROW("FORGET: back before the ban is over, in 7.2 no better", back_at_once, 72, RCS_INVARIANT_FORGOTTEN_RETURNS, BREACH),
    ROW("FORGET: others may know it", back_never, 70, HOLDS, NULL),
    ROW_WITH("FORGET: back when the ban is over", back_after_the_ban, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, "ban-over", .fingerprint = "forgotten-returns/ban-over replica"),
    ROW("FORGET: back by MEET", back_by_meet, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, "meet"),
    ROW("FORGET: a restart ends the ban", back_by_a_restart, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, "ban-lost"),
    ROW("FORGET: the clock ends the ban", back_by_the_clock, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, "clock"),
    ROW("FORGET: told late, and back", back_by_what_was_heard, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, BREACH),
    ROW("FORGET: heard of late in 7.2, and back", back_by_what_was_heard, 72, RCS_INVARIANT_FORGOTTEN_RETURNS, "ban-heard"),
    ROW("FORGET: somebody new at its place", back_as_another, 70, HOLDS, NULL),
    ROW_WITH("claims: two elected with one epoch", one_epoch, 70, RCS_INVARIANT_EPOCH_COLLISION, BREACH, .last = true),
    ROW_WITH("claims: two elected with one epoch, by a vote that was forgotten in 3.0", one_epoch_by_a_vote, 30, RCS_INVARIANT_EPOCH_COLLISION, "vote-before-disk", .last = true),
    ROW_WITH("claims: an epoch of an older nodes.conf", one_epoch_by_stale_conf, 70, RCS_INVARIANT_EPOCH_COLLISION, "stale-conf", .last = true),
    ROW_WITH("claims: two elected with one epoch, by the winner's vote", one_epoch_by_the_winners_vote, 70, RCS_INVARIANT_EPOCH_COLLISION, "winner-votes", .last = true),
    ROW_WITH("claims: two elected with one epoch, by different majorities", one_epoch_by_different_counts, 70, RCS_INVARIANT_EPOCH_COLLISION, "undercount", .last = true),
    ROW_WITH("one place: the second elected by a vote that was forgotten in 3.0", second_elected_by_a_vote, 30, RCS_INVARIANT_TWO_PROMOTED, "vote-before-disk", .last = true),
    ROW_WITH("one place: the second elected by the first's vote", second_elected_by_the_winners_vote, 70, RCS_INVARIANT_TWO_PROMOTED, "winner-votes", .last = true),
    ROW_WITH("one place: the second elected by another majority", second_elected_by_different_counts, 70, RCS_INVARIANT_TWO_PROMOTED, "undercount", .last = true),
};
/* clang-format on */

int main(void)
{
    return check_rows("check_claim", rows, sizeof(rows) / sizeof(rows[0]), NULL, 0);
}
