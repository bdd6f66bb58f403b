/* Checks after every step: for every invariant what holds, and what breaks it. */
#include "tests/support/check_lab.h"

/* --- epochs ----------------------------------------------------------------------------------- */

static void epoch_grows(struct check_lab *lab)
{
    MASTER(A, 5);
    MASTER(A, 6);
    RESTART(A, 6, 0);
    MASTER(A, 6);
}

static void epoch_fell(struct check_lab *lab)
{
    MASTER(A, 6);
    MASTER(A, 5);
}

static void epoch_reset(struct check_lab *lab)
{
    check_fact(lab, A, "epoch-reset");
    check_fact(lab, A, "reset");
    lab->id[A] = rcs_store_id(lab->store, "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr");
    MASTER(A, 0);
}

static void epoch_unsaved(struct check_lab *lab) /* heard of, but not in the file yet */
{
    MASTER(A, 7);
    RESTART(A, 5, 0);
    MASTER(A, 5);
}

static void epoch_below_file(struct check_lab *lab)
{
    RESTART(A, 5, 0);
    MASTER(A, 4);
}

static void epoch_stale(struct check_lab *lab)
{
    MASTER(A, 7);
    check_put_conf(lab, A);
    RESTART(A, 2, 0);
    MASTER(A, 2);
}

static void config_grows(struct check_lab *lab)
{
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    check_say(lab, D, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 2); /* its new master's */
}

static void config_fell(struct check_lab *lab)
{
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 1);
}

static void config_stale(struct check_lab *lab)
{
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    check_put_conf(lab, A);
    RESTART(A, 9, 0);
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 1);
}

static void config_of_a_replica(struct check_lab *lab) /* RESET SOFT makes a master of it */
{
    check_fact(lab, D, "takeover");
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 9, 9);
    check_say(lab, D, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 3);
    RESTART(D, 9, 0);
    check_fact(lab, D, "takeover");
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 9, 0);
}

static void config_told(struct check_lab *lab)
{
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    check_name_master(lab, lab->id[A], 4);
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

static void config_told_late(struct check_lab *lab) /* and what came of it is heard later still */
{
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    check_name_master(lab, lab->id[A], 4);
    check_name_master(lab, lab->id[A], 9);
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

static void role_told(struct check_lab *lab)
{
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 4);
    check_name_master(lab, lab->id[A], 4);
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

static void role_told_late(struct check_lab *lab)
{
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 4);
    check_name_master(lab, lab->id[A], 4);
    check_name_master(lab, lab->id[B], 4);
    check_say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

/* --- votes ------------------------------------------------------------------------------------ */

static void votes_once(struct check_lab *lab)
{
    VOTE(A, 6);
    VOTE(A, 7);
    RESTART(A, 7, 7);
    VOTE(A, 8);
    VOTE(B, 8);
}

static void votes_twice(struct check_lab *lab)
{
    VOTE(A, 6);
    VOTE(A, 6);
}

static void votes_stale(struct check_lab *lab)
{
    VOTE(A, 6);
    check_put_conf(lab, A);
    RESTART(A, 6, 0);
    VOTE(A, 6);
}

static void vote_unsaved(struct check_lab *lab)
{
    check_say(lab, A, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 1);
}

static void vote_unsynced(struct check_lab *lab)
{
    check_save(lab, A, 6, 6, false);
    check_say(lab, A, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 1);
}

/* --- elections -------------------------------------------------------------------------------- */

static void elected_by_one(struct check_lab *lab)
{
    REQUEST(D, 6);
    CAME(A, 6);
    WON(D, 6);
}

static void elected_by_old_votes(struct check_lab *lab)
{
    REQUEST(D, 6);
    CAME(A, 6);
    CAME(B, 6);
    REQUEST(D, 7);
    CAME(A, 6);
    check_fact(lab, D, "election-delayed");
    CAME(A, 7);
    WON(D, 7);
}

static void elected_by_one_twice(struct check_lab *lab)
{
    REQUEST(D, 6);
    check_fact(lab, D, "election-delayed");
    CAME(A, 6);
    CAME(A, 6);
    WON(D, 6);
}

static void elected_again(struct check_lab *lab)
{
    check_elected(lab);
    REPLICA(D, 7);
    WON(D, 6);
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 7, 6);
}

static void not_elected(struct check_lab *lab)
{
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
}

static void takes_over_once(struct check_lab *lab)
{
    check_takes_over(lab);
    REPLICA(D, 7);
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 8, 8);
}

static void two_won(struct check_lab *lab)
{
    check_elected(lab);
    check_another_won(lab);
}

static void two_won_by_one_vote(struct check_lab *lab)
{
    check_votes_forgotten(lab);
    two_won(lab);
}

static void two_won_by_a_stale_vote(struct check_lab *lab)
{
    votes_stale(lab);
    two_won(lab);
}

static void two_won_after_a_winners_vote(struct check_lab *lab) /* of another epoch */
{
    check_two_won_by_the_winners_vote(lab);
    REQUEST(D, 8);
    CAME(A, 8);
    CAME(B, 8);
    WON(D, 8);
    REPLICA(C, 8);
    check_say(lab, C, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, 8, 3);
    rcs_check_vote_came(lab->check, C, A, 8);
    rcs_check_vote_came(lab->check, C, B, 8);
    WON(C, 8);
}

/* --- the table -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct check_row rows[] = {
    ROW("epochs: they grow, and a restart reads them back", epoch_grows, 70, HOLDS, NULL),
    ROW("epochs: one falls", epoch_fell, 70, RCS_INVARIANT_EPOCH_FALLS, BREACH),
    ROW("epochs: RESET HARD is somebody new", epoch_reset, 70, HOLDS, NULL),
    ROW("epochs: a restart loses what was not saved", epoch_unsaved, 70, RCS_INVARIANT_EPOCH_FALLS, "unsaved-epoch"),
    ROW("epochs: a restart loses what was saved", epoch_below_file, 70, RCS_INVARIANT_EPOCH_FALLS, BREACH),
    ROW_WITH("epochs: a stale nodes.conf", epoch_stale, 70, RCS_INVARIANT_EPOCH_FALLS, "stale-conf", .fingerprint = "epoch-falls/stale-conf master"),
    ROW("config epochs: a master's grows, a replica tells its master's", config_grows, 70, HOLDS, NULL),
    ROW("config epochs: a master's falls", config_fell, 70, RCS_INVARIANT_CONFIG_FALLS, BREACH),
    ROW("config epochs: a stale nodes.conf", config_stale, 70, RCS_INVARIANT_CONFIG_FALLS, "stale-conf"),
    ROW("config epochs: a replica's own is not saved", config_of_a_replica, 70, RCS_INVARIANT_CONFIG_FALLS, "replica-epoch"),
    ROW("config epochs: by a replica's word", config_told, 72, RCS_INVARIANT_CONFIG_FALLS, BREACH),
    ROW("config epochs: by a replica's word in 7.4", config_told, 74, RCS_INVARIANT_CONFIG_FALLS, "told-by-replica"),
    ROW("config epochs: by a word that was on its way", config_told_late, 74, RCS_INVARIANT_CONFIG_FALLS, "told-by-replica"),
    ROW("votes: one an epoch, across a restart", votes_once, 70, HOLDS, NULL),
    ROW("votes: two in an epoch", votes_twice, 70, RCS_INVARIANT_DOUBLE_VOTE, BREACH),
    ROW("votes: two in an epoch, in 3.0 no better", votes_twice, 30, RCS_INVARIANT_DOUBLE_VOTE, BREACH),
    ROW("votes: forgotten by a restart", check_votes_forgotten, 70, RCS_INVARIANT_DOUBLE_VOTE, BREACH),
    ROW("votes: forgotten by a restart of 3.0", check_votes_forgotten, 30, RCS_INVARIANT_DOUBLE_VOTE, "vote-before-disk"),
    ROW("votes: a stale nodes.conf", votes_stale, 70, RCS_INVARIANT_DOUBLE_VOTE, "stale-conf"),
    ROW("votes: not on disk", vote_unsaved, 70, RCS_INVARIANT_VOTE_UNSAVED, BREACH),
    ROW("votes: written, not synced", vote_unsynced, 70, RCS_INVARIANT_VOTE_UNSAVED, BREACH),
    ROW("votes: not on disk in 3.0", vote_unsaved, 30, RCS_INVARIANT_VOTE_UNSAVED, "vote-before-disk"),
    ROW("votes: not on disk in Valkey 8.0", vote_unsaved, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_VOTE_UNSAVED, BREACH),
    ROW("elections: two of three", check_elected, 70, HOLDS, NULL),
    ROW("elections: one of three", elected_by_one, 70, RCS_INVARIANT_NO_MAJORITY, BREACH),
    ROW("elections: votes of an older one", elected_by_old_votes, 70, RCS_INVARIANT_NO_MAJORITY, BREACH),
    ROW("elections: one vote, counted twice", elected_by_one_twice, 70, RCS_INVARIANT_NO_MAJORITY, "repeated-votes"),
    ROW("elections: won again", elected_again, 70, RCS_INVARIANT_NO_MAJORITY, "stale-election"),
    ROW("elections: none", not_elected, 70, RCS_INVARIANT_NO_MAJORITY, BREACH),
    ROW("elections: none, by TAKEOVER", check_takes_over, 70, HOLDS, NULL),
    ROW("elections: none, by a TAKEOVER of long ago", takes_over_once, 70, RCS_INVARIANT_NO_MAJORITY, BREACH),
    ROW("elections: two win one", two_won, 70, RCS_INVARIANT_TWO_WINNERS, BREACH),
    ROW("elections: none, by a replica's word", role_told, 72, RCS_INVARIANT_NO_MAJORITY, BREACH),
    ROW("elections: none, by a replica's word in 7.4", role_told, 74, RCS_INVARIANT_NO_MAJORITY, "told-by-replica"),
    ROW("elections: none, by a word that was on its way", role_told_late, 74, RCS_INVARIANT_NO_MAJORITY, "told-by-replica"),
    ROW_WITH("elections: two win one, by a vote that was forgotten in 3.0", two_won_by_one_vote, 30, RCS_INVARIANT_TWO_WINNERS, "vote-before-disk", .last = true),
    ROW_WITH("elections: two win one, by a vote that was forgotten", two_won_by_one_vote, 70, RCS_INVARIANT_TWO_WINNERS, BREACH, .last = true),
    ROW_WITH("elections: two win one, by a vote that an older nodes.conf forgot", two_won_by_a_stale_vote, 70, RCS_INVARIANT_TWO_WINNERS, "stale-conf", .last = true),
    ROW_WITH("elections: two win one, by the winner's vote", check_two_won_by_the_winners_vote, 70, RCS_INVARIANT_TWO_WINNERS, "winner-votes", .last = true),
    ROW_WITH("elections: two win one, by different majorities", check_two_won_by_different_counts, 70, RCS_INVARIANT_TWO_WINNERS, "undercount", .last = true),
    ROW_WITH("elections: two win one, after the winner's vote in another", two_won_after_a_winners_vote, 70, RCS_INVARIANT_TWO_WINNERS, BREACH, .last = true),
};
/* clang-format on */

int main(void)
{
    return check_rows("check", rows, sizeof(rows) / sizeof(rows[0]), NULL, 0);
}
