/* The checks without a world: for every invariant what holds, and what breaks it. Links against
 * proto and the checks alone. */
#include "tests/support/support.h"

#include "sim/explore/check.h"

#define NT 2000 /* node timeout, ms */

enum { A, B, C, D, NODES, E = NODES };

struct lab {
    struct rcs_store *store;
    struct rcs_check *check;
    rcs_us now;
    unsigned series;
    rcs_id id[NODES + 1];
    const struct rcs_slot_set *slots; /* 0-99 */
};

static struct rcs_check_disk disk(const struct lab *lab, unsigned node, bool master, uint64_t epoch,
                                  uint64_t vote)
{
    return (struct rcs_check_disk){ .myself = lab->id[node],
                                    .master = master,
                                    .masters = 3,
                                    .known = NODES,
                                    .current_epoch = epoch,
                                    .last_vote_epoch = vote,
                                    .config_epoch = node + 1 };
}

static void start(struct lab *lab, unsigned node, bool master, uint64_t epoch, uint64_t vote)
{
    struct rcs_check_disk found = disk(lab, node, master, epoch, vote);
    rcs_check_started(lab->check, lab->now, node, lab->series, &found);
}

static void save(struct lab *lab, unsigned node, uint64_t epoch, uint64_t vote, bool fsync)
{
    struct rcs_check_disk held = disk(lab, node, node < 3, epoch, vote);
    rcs_check_saved(lab->check, lab->now, node, &held, fsync);
}

static void put_conf(struct lab *lab, unsigned node)
{
    struct rcs_check_disk older = disk(lab, node, node < 3, 1, 0);
    rcs_check_replaced(lab->check, node, &older);
}

/* A step in which a node says one message. */
static void say_to(struct lab *lab, unsigned node, unsigned to, int about, enum rcs_bus_type type,
                   unsigned flags, uint64_t epoch, uint64_t config_epoch)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(lab->store, type, 0);
    msg->sender = lab->id[node];
    msg->flags = (uint16_t)flags;
    msg->current_epoch = epoch;
    msg->config_epoch = config_epoch;
    if (flags & RCS_NODE_MASTER) {
        msg->slots = rcs_slot_set_retain(lab->slots);
    }
    rcs_bus_msg_seal(msg);
    lab->now += 1000;
    if (rcs_check_sent(lab->check, lab->now, node, (int)to, about, msg)) {
        rcs_check_stepped(lab->check, lab->now, node);
    }
    rcs_bus_msg_release(lab->store, msg);
}

static void say_about(struct lab *lab, unsigned node, int about, enum rcs_bus_type type,
                      unsigned flags, uint64_t epoch, uint64_t config_epoch)
{
    say_to(lab, node, node == D ? A : D, about, type, flags, epoch, config_epoch);
}

static void say(struct lab *lab, unsigned node, enum rcs_bus_type type, unsigned flags,
                uint64_t epoch, uint64_t config_epoch)
{
    say_about(lab, node, -1, type, flags, epoch, config_epoch);
}

static enum rcs_check_way fact_of(struct lab *lab, unsigned node, const char *what, int about,
                                  int64_t first, int64_t last)
{
    /* Any numbers will do, as long as each name has its own. */
    static const char *names[64];
    unsigned code = 0;
    while (names[code] != NULL && strcmp(names[code], what) != 0) {
        code++;
    }
    names[code] = what;
    struct rcs_check_fact fact = {
        .code = code,
        .what = what,
        .about = about,
        .values = { first, 0, last },
        .node_timeout_ms = NT,
        .keys = (uint64_t)first,
    };
    return rcs_check_fact(lab->check, lab->now, node, &fact);
}

static void fact_at(struct lab *lab, unsigned node, const char *what, int about, int64_t last)
{
    (void)fact_of(lab, node, what, about, 0, last);
}

static void fact(struct lab *lab, unsigned node, const char *what)
{
    fact_at(lab, node, what, -1, 0);
}

/* A..C are masters with slots, D is a replica of C; releases of `series`. E is another one, of
 * which nothing was heard yet. */
static struct lab open_lab(unsigned series)
{
    struct lab lab = {
        .store = rcs_store_new(), .check = rcs_check_new(), .now = RCS_S(100), .series = series
    };
    struct rcs_slot_words words = { { 0 } };
    for (unsigned slot = 0; slot < 100; slot++) {
        rcs_slot_words_add(&words, slot);
    }
    lab.slots = rcs_store_slots(lab.store, &words);
    for (unsigned i = 0; i < NODES; i++) {
        char name[RCS_ID_LEN + 1];
        snprintf(name, sizeof(name), "%040u", i);
        lab.id[i] = rcs_store_id(lab.store, name);
        start(&lab, i, i < 3, 5, 0);
        say(&lab, i, RCS_BUS_PING, i < 3 ? RCS_NODE_MASTER : RCS_NODE_REPLICA, 5,
            i < 3 ? i + 1 : 3);
    }
    lab.id[E] = rcs_store_id(lab.store, "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
    lab.now += RCS_S(60);
    return lab;
}

static void close_lab(struct lab *lab)
{
    rcs_check_free(lab->check);
    rcs_slot_set_release(lab->store, lab->slots);
    rcs_store_free(lab->store);
}

#define MASTER(node, epoch)  say(lab, node, RCS_BUS_PING, RCS_NODE_MASTER, epoch, (node) + 1)
#define REPLICA(node, epoch) say(lab, node, RCS_BUS_PING, RCS_NODE_REPLICA, epoch, 3)
#define VOTE(node, epoch)                                                                          \
    (save(lab, node, epoch, epoch, true),                                                          \
     say(lab, node, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, epoch, (node) + 1))
#define REQUEST(node, epoch) say(lab, node, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, epoch, 3)
#define CAME(voter, epoch)   rcs_check_vote_came(lab->check, D, voter, epoch)
#define WON(node, epoch)     fact_at(lab, node, "election-won", -1, epoch)
#define RESTART(node, epoch, vote)                                                                 \
    (rcs_check_ended(lab->check, lab->now, node), start(lab, node, (node) < 3, epoch, vote))

/* --- epochs ----------------------------------------------------------------------------------- */

static void epoch_grows(struct lab *lab)
{
    MASTER(A, 5);
    MASTER(A, 6);
    RESTART(A, 6, 0);
    MASTER(A, 6);
}

static void epoch_fell(struct lab *lab)
{
    MASTER(A, 6);
    MASTER(A, 5);
}

static void epoch_reset(struct lab *lab)
{
    fact(lab, A, "epoch-reset");
    fact(lab, A, "reset");
    lab->id[A] = rcs_store_id(lab->store, "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr");
    MASTER(A, 0);
}

static void epoch_unsaved(struct lab *lab) /* heard of, but not in the file yet */
{
    MASTER(A, 7);
    RESTART(A, 5, 0);
    MASTER(A, 5);
}

static void epoch_below_file(struct lab *lab)
{
    RESTART(A, 5, 0);
    MASTER(A, 4);
}

static void epoch_stale(struct lab *lab)
{
    MASTER(A, 7);
    put_conf(lab, A);
    RESTART(A, 2, 0);
    MASTER(A, 2);
}

static void config_grows(struct lab *lab)
{
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    say(lab, D, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 2); /* its new master's */
}

static void config_fell(struct lab *lab)
{
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 1);
}

static void config_stale(struct lab *lab)
{
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    put_conf(lab, A);
    RESTART(A, 9, 0);
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 1);
}

static void config_of_a_replica(struct lab *lab) /* RESET SOFT makes a master of it */
{
    fact(lab, D, "takeover");
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 9, 9);
    say(lab, D, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 3);
    RESTART(D, 9, 0);
    fact(lab, D, "takeover");
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 9, 0);
}

/* D, which was master before it, names A as its master. */
static void name_master_by(struct lab *lab, unsigned node, rcs_id master, uint64_t epoch)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(lab->store, RCS_BUS_PING, 0);
    msg->sender = lab->id[node];
    msg->master = master;
    msg->flags = RCS_NODE_REPLICA;
    msg->current_epoch = 9;
    msg->config_epoch = epoch;
    rcs_bus_msg_seal(msg);
    (void)rcs_check_sent(lab->check, lab->now, node, A, -1, msg);
    rcs_bus_msg_release(lab->store, msg);
}

static void name_master(struct lab *lab, rcs_id master, uint64_t epoch)
{
    name_master_by(lab, D, master, epoch);
}

static void config_told(struct lab *lab)
{
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    name_master(lab, lab->id[A], 4);
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

static void config_told_late(struct lab *lab) /* and what came of it is heard later still */
{
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 9);
    name_master(lab, lab->id[A], 4);
    name_master(lab, lab->id[A], 9);
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

static void role_told(struct lab *lab)
{
    say(lab, A, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 4);
    name_master(lab, lab->id[A], 4);
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

static void role_told_late(struct lab *lab)
{
    say(lab, A, RCS_BUS_PING, RCS_NODE_REPLICA, 9, 4);
    name_master(lab, lab->id[A], 4);
    name_master(lab, lab->id[B], 4);
    say(lab, A, RCS_BUS_PING, RCS_NODE_MASTER, 9, 4);
}

/* --- votes ------------------------------------------------------------------------------------ */

static void votes_once(struct lab *lab)
{
    VOTE(A, 6);
    VOTE(A, 7);
    RESTART(A, 7, 7);
    VOTE(A, 8);
    VOTE(B, 8);
}

static void votes_twice(struct lab *lab)
{
    VOTE(A, 6);
    VOTE(A, 6);
}

static void votes_forgotten(struct lab *lab)
{
    VOTE(A, 6);
    RESTART(A, 6, 0);
    VOTE(A, 6);
}

static void votes_stale(struct lab *lab)
{
    VOTE(A, 6);
    put_conf(lab, A);
    RESTART(A, 6, 0);
    VOTE(A, 6);
}

static void vote_unsaved(struct lab *lab)
{
    say(lab, A, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 1);
}

static void vote_unsynced(struct lab *lab)
{
    save(lab, A, 6, 6, false);
    say(lab, A, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 1);
}

/* --- elections -------------------------------------------------------------------------------- */

static void elected(struct lab *lab)
{
    REQUEST(D, 6);
    CAME(A, 6);
    CAME(B, 6);
    WON(D, 6);
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
}

static void elected_by_one(struct lab *lab)
{
    REQUEST(D, 6);
    CAME(A, 6);
    WON(D, 6);
}

static void elected_by_old_votes(struct lab *lab)
{
    REQUEST(D, 6);
    CAME(A, 6);
    CAME(B, 6);
    REQUEST(D, 7);
    CAME(A, 6);
    fact(lab, D, "election-delayed");
    CAME(A, 7);
    WON(D, 7);
}

static void elected_by_one_twice(struct lab *lab)
{
    REQUEST(D, 6);
    fact(lab, D, "election-delayed");
    CAME(A, 6);
    CAME(A, 6);
    WON(D, 6);
}

static void elected_again(struct lab *lab)
{
    elected(lab);
    REPLICA(D, 7);
    WON(D, 6);
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 7, 6);
}

static void not_elected(struct lab *lab)
{
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
}

static void takes_over(struct lab *lab)
{
    fact(lab, D, "takeover");
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
}

static void takes_over_once(struct lab *lab)
{
    takes_over(lab);
    REPLICA(D, 7);
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 8, 8);
}

static void another_won(struct lab *lab)
{
    REPLICA(C, 6);
    say(lab, C, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, 6, 3);
    rcs_check_vote_came(lab->check, C, A, 6);
    rcs_check_vote_came(lab->check, C, B, 6);
    WON(C, 6);
}

static void two_won(struct lab *lab)
{
    elected(lab);
    another_won(lab);
}

static void two_won_by_one_vote(struct lab *lab)
{
    votes_forgotten(lab);
    two_won(lab);
}

static void two_won_by_a_stale_vote(struct lab *lab)
{
    votes_stale(lab);
    two_won(lab);
}

/* --- config epochs of those who claim slots --------------------------------------------------- */

#define CLAIM(node, epoch) say(lab, node, RCS_BUS_PONG, RCS_NODE_MASTER, epoch, epoch)

static void one_epoch_each(struct lab *lab)
{
    takes_over(lab);
    CLAIM(A, 7);
    RESTART(D, 7, 0);
}

static void one_epoch(struct lab *lab) /* two who say they were elected */
{
    elected(lab);
    WON(C, 6);
    CLAIM(C, 6);
}

static void say_empty(struct lab *lab, unsigned node, uint64_t config_epoch)
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

static void one_epoch_without_slots(struct lab *lab)
{
    say_empty(lab, D, 1); /* A's */
}

static void one_epoch_in_turn(struct lab *lab) /* A is no longer master */
{
    CLAIM(A, 6);
    REPLICA(A, 6);
    CLAIM(B, 6);
}

static void epoch_zero(struct lab *lab)
{
    fact(lab, B, "epoch-reset");
    fact(lab, C, "epoch-reset");
    CLAIM(B, 0);
    CLAIM(C, 0);
}

/* B is elected with the same one. */
static void by(struct lab *lab, const char *what, unsigned node)
{
    fact_of(lab, node, what, -1, 6, 6);
    CLAIM(node, 6);
    lab->now += RCS_S(1);
    say(lab, B, RCS_BUS_AUTH_REQUEST, RCS_NODE_MASTER, 6, 2);
    rcs_check_vote_came(lab->check, B, A, 6);
    rcs_check_vote_came(lab->check, B, C, 6);
    WON(B, 6);
    CLAIM(B, 6);
}
#define BY(what, node) by(lab, what, node)
static void one_epoch_by_takeover(struct lab *lab)
{
    fact(lab, D, "takeover");
    BY("epoch-bumped", D);
}
static void one_epoch_by_bump(struct lab *lab)
{
    fact(lab, A, "takeover");
    lab->now += RCS_S(1); /* another order */
    BY("epoch-bumped", A);
}
static void one_epoch_by_collision(struct lab *lab)
{
    BY("epoch-collision", A);
}
/* A stepped aside to 6, and in the step that says so further, to 7. */
static void one_epoch_by_two_collisions(struct lab *lab)
{
    CLAIM(B, 6);
    MASTER(A, 5);
    fact_of(lab, A, "epoch-collision", -1, 6, 6);
    fact_of(lab, A, "epoch-collision", -1, 7, 7);
    CLAIM(A, 6);
}
static void one_epoch_by_order(struct lab *lab)
{
    BY("epoch-set", A);
}
static void one_epoch_by_stale_conf(struct lab *lab)
{
    put_conf(lab, B);
    RESTART(B, 5, 0);
    say(lab, B, RCS_BUS_PING, RCS_NODE_MASTER, 5, 1); /* A's */
}
static void one_epoch_by_replica(struct lab *lab)
{
    RESTART(D, 6, 0);
    say_empty(lab, D, 3); /* after RESET SOFT: C's, as its file has it */
    say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 3);
}
static void one_epoch_told(struct lab *lab)
{
    say(lab, B, RCS_BUS_PING, RCS_NODE_MASTER, 5, 3); /* C's, which nothing gave it */
}
static void one_epoch_by_a_vote(struct lab *lab)
{
    votes_forgotten(lab);
    one_epoch(lab);
}

/* --- the place of a master -------------------------------------------------------------------- */

#define PROMOTED(node) fact_at(lab, node, "promoted", C, 0)
static void two_of_three(struct lab *lab, unsigned node, uint64_t epoch)
{
    say(lab, node, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, epoch, 3);
    rcs_check_vote_came(lab->check, node, A, epoch);
    rcs_check_vote_came(lab->check, node, B, epoch);
    WON(node, (int64_t)epoch);
    PROMOTED(node);
    say(lab, node, RCS_BUS_PONG, RCS_NODE_MASTER, epoch, epoch);
}
static void second_elected(struct lab *lab, rcs_us after_us)
{
    start(lab, E, false, 5, 0);
    two_of_three(lab, D, 6);
    lab->now += after_us;
    two_of_three(lab, E, 7);
}
static void second_elected_late(struct lab *lab)
{
    second_elected(lab, RCS_S(6));
}
static void second_elected_at_once(struct lab *lab)
{
    second_elected(lab, RCS_S(2));
}
static void second_elected_after_a_cut(struct lab *lab)
{
    rcs_check_disturbed(lab->check, lab->now);
    second_elected_late(lab);
}
static void second_elected_forgotten(struct lab *lab)
{
    fact_at(lab, A, "forgot", D, 0);
    second_elected_late(lab);
}
static void second_elected_stale(struct lab *lab)
{
    put_conf(lab, D);
    second_elected_late(lab);
}
static void second_elected_by_a_vote(struct lab *lab)
{
    votes_forgotten(lab);
    second_elected_late(lab);
}
static void second_takes_over(struct lab *lab)
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    fact(lab, E, "takeover");
    PROMOTED(E);
}
static void second_after_takeover(struct lab *lab)
{
    start(lab, E, false, 5, 0);
    fact(lab, E, "takeover");
    PROMOTED(E);
    say(lab, E, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
    lab->now += RCS_S(6);
    two_of_three(lab, D, 7);
}
static void first_is_replica(struct lab *lab)
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    REPLICA(D, 6);
    two_of_three(lab, E, 7);
}
static void first_is_down(struct lab *lab)
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    rcs_check_ended(lab->check, lab->now, D);
    two_of_three(lab, E, 7);
}
static void second_of_the_first(struct lab *lab, bool takeover, rcs_us after_us)
{
    start(lab, E, false, 5, 0);
    two_of_three(lab, D, 6);
    lab->now += after_us;
    if (takeover) {
        fact(lab, E, "takeover");
    }
    fact_at(lab, E, "promoted", D, 0);
}
static void takes_over_the_first(struct lab *lab)
{
    second_of_the_first(lab, true, RCS_S(14));
}
static void takes_over_later(struct lab *lab)
{
    second_of_the_first(lab, true, RCS_S(15));
}
static void fails_over_the_first(struct lab *lab) /* a planned one */
{
    second_of_the_first(lab, false, RCS_S(14));
}
static void first_restarted(struct lab *lab) /* its nodes.conf has it for a master still */
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    rcs_check_ended(lab->check, lab->now, D);
    start(lab, D, true, 6, 0);
    start(lab, E, false, 5, 0);
    two_of_three(lab, E, 7);
}
static void first_lost_it(struct lab *lab) /* C took the place back, and lost it again */
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    say(lab, C, RCS_BUS_PING, RCS_NODE_REPLICA, 6, 6);
    fact(lab, C, "takeover");
    fact_at(lab, C, "promoted", D, 0);
    say(lab, C, RCS_BUS_PONG, RCS_NODE_MASTER, 7, 7);
    two_of_three(lab, E, 8);
}
static void another_reign(struct lab *lab) /* C was reset, and given other slots */
{
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
    fact(lab, C, "reset");
    two_of_three(lab, E, 7);
}

/* --- FORGET ----------------------------------------------------------------------------------- */

#define FORGET(node, about) fact_at(lab, node, "forgot", about, 0)
#define ADOPTS(node, about) fact_at(lab, node, "adopted", about, 0)
#define MET(node, about)    fact_at(lab, node, "known", about, 0)
static void back_at_once(struct lab *lab)
{
    FORGET(A, D);
    lab->now += RCS_S(58);
    ADOPTS(A, D);
}
static void back_never(struct lab *lab)
{
    FORGET(A, D);
    ADOPTS(B, D);
    ADOPTS(A, C);
}
static void back_after_the_ban(struct lab *lab)
{
    FORGET(A, D);
    lab->now += RCS_S(61);
    ADOPTS(A, D);
    ADOPTS(A, D);
}
static void back_by_meet(struct lab *lab)
{
    FORGET(A, D);
    MET(A, D);
}
static void back_by_a_restart(struct lab *lab)
{
    FORGET(A, D);
    RESTART(A, 5, 0);
    ADOPTS(A, D);
}
static void back_by_the_clock(struct lab *lab)
{
    FORGET(A, D);
    rcs_check_clock_put(lab->check);
    ADOPTS(A, D);
}
static void back_by_what_was_heard(struct lab *lab)
{
    FORGET(A, D);
    lab->now += RCS_S(50);
    FORGET(B, D);
    lab->now += RCS_S(10);
    ADOPTS(B, D);
}
static void back_as_another(struct lab *lab)
{
    FORGET(A, D);
    fact(lab, D, "epoch-reset");
    ADOPTS(A, D);
}

static void two_won_by_the_winners_vote(struct lab *lab)
{
    elected(lab);
    say(lab, D, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 6);
    another_won(lab);
}

static void knows_one_master(struct lab *lab, unsigned node)
{
    struct rcs_check_disk held = disk(lab, node, node < 3, 6, 0);
    held.masters = 1;
    rcs_check_saved(lab->check, lab->now, node, &held, true);
}

static void two_won_by_different_counts(struct lab *lab) /* two masters vote, a vote each */
{
    knows_one_master(lab, C);
    knows_one_master(lab, D);
    VOTE(A, 6);
    VOTE(B, 6);
    REQUEST(D, 6);
    CAME(A, 6);
    WON(D, 6);
    REPLICA(C, 6);
    say(lab, C, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, 6, 3);
    rcs_check_vote_came(lab->check, C, B, 6);
    WON(C, 6);
}

static void one_epoch_by_the_winners_vote(struct lab *lab)
{
    two_won_by_the_winners_vote(lab);
    CLAIM(D, 6);
    CLAIM(C, 6);
}

static void one_epoch_by_different_counts(struct lab *lab)
{
    two_won_by_different_counts(lab);
    CLAIM(D, 6);
    CLAIM(C, 6);
}

/* D and E are both elected in C's place, in one epoch. */
static void both_elected(struct lab *lab)
{
    start(lab, E, false, 5, 0);
    knows_one_master(lab, D);
    knows_one_master(lab, E);
    two_of_three(lab, D, 6);
    lab->now += RCS_S(6);
}

static void second_elected_by_the_winners_vote(struct lab *lab)
{
    both_elected(lab);
    say(lab, D, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 6);
    two_of_three(lab, E, 6);
}

static void second_elected_by_different_counts(struct lab *lab)
{
    VOTE(A, 6);
    VOTE(B, 6);
    both_elected(lab);
    two_of_three(lab, E, 6);
}

static void two_won_after_a_winners_vote(struct lab *lab) /* of another epoch */
{
    two_won_by_the_winners_vote(lab);
    REQUEST(D, 8);
    CAME(A, 8);
    CAME(B, 8);
    WON(D, 8);
    REPLICA(C, 8);
    say(lab, C, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, 8, 3);
    rcs_check_vote_came(lab->check, C, A, 8);
    rcs_check_vote_came(lab->check, C, B, 8);
    WON(C, 8);
}

/* --- FAIL ------------------------------------------------------------------------------------- */

#define SUSPECTS(node) fact_at(lab, node, "pfail", C, 0)
#define FAILS(node)    fact_at(lab, node, "fail", C, 0)
#define SAYS_FAIL(node)                                                                            \
    say_about(lab, node, C, RCS_BUS_FAIL, (node) < 3 ? RCS_NODE_MASTER : RCS_NODE_REPLICA, 5,      \
              (node) < 3 ? (node) + 1 : 3)

static void two_suspect(struct lab *lab)
{
    SUSPECTS(A);
    SUSPECTS(B);
    FAILS(A);
    SAYS_FAIL(A);
}

static void one_suspects(struct lab *lab)
{
    SUSPECTS(A);
    FAILS(A);
}

static void one_says(struct lab *lab)
{
    SUSPECTS(A);
    SAYS_FAIL(A);
}

static void just_started(struct lab *lab)
{
    RESTART(A, 5, 0);
    MASTER(A, 5);
    one_suspects(lab);
}

/* What it hears from itself counts beside its own suspicion. */
static void hears_itself(struct lab *lab)
{
    say_to(lab, A, A, -1, RCS_BUS_PING, RCS_NODE_MASTER, 5, A + 1);
    one_suspects(lab);
}

static void a_replica_hears_itself(struct lab *lab)
{
    say_to(lab, D, D, -1, RCS_BUS_PING, RCS_NODE_REPLICA, 5, 3);
    SUSPECTS(D);
    FAILS(D);
}

static void a_replica_suspects(struct lab *lab)
{
    SUSPECTS(A);
    SUSPECTS(D);
    FAILS(A);
}

#define OLD_US (2 * RCS_MS(NT) + RCS_S(5)) /* what the last message may have brought */
static void suspected_just_now(struct lab *lab)
{
    SUSPECTS(B);
    fact_at(lab, B, "pfail-cleared", C, 0);
    lab->now += OLD_US;
    one_suspects(lab);
}

static void suspected_long_ago(struct lab *lab)
{
    SUSPECTS(B);
    fact_at(lab, B, "pfail-cleared", C, 0);
    lab->now += OLD_US + 1;
    one_suspects(lab);
}

static void suspected_before_a_cut(struct lab *lab)
{
    SUSPECTS(B);
    rcs_check_disturbed(lab->check, lab->now);
    fact_at(lab, B, "pfail-cleared", C, 0);
    lab->now += OLD_US + 1;
    one_suspects(lab);
}

/* --- after healing ---------------------------------------------------------------------------- */

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

static void look(struct lab *lab, const struct picture *p)
{
    struct rcs_check_views views = {
        .count = NODES, .views = p->views, .opinions = p->opinions[0], .known = p->known[0]
    };
    rcs_check_views(lab->check, lab->now, &views);
}

static void healed(struct lab *lab)
{
    struct picture p = whole();
    look(lab, &p);
}

static void two_owners(struct lab *lab)
{
    struct picture p = whole();
    p.opinions[B][A].slots_hash = 99; /* others of the same number */
    look(lab, &p);
}

/* More than SETSLOT would give away. */
static void a_slot_unowned(struct lab *lab)
{
    struct picture p = whole();
    for (unsigned i = 0; i < D; i++) {
        p.opinions[i][A].slots -= 9;
    }
    look(lab, &p);
}

static void owner_down(struct lab *lab)
{
    struct picture p = whole();
    p.views[A] = (struct rcs_view){ .running = false };
    look(lab, &p);
}

static void replica_down(struct lab *lab)
{
    struct picture p = whole();
    p.views[D] = (struct rcs_view){ .running = false };
    p.opinions[A][D].flags |= RCS_NODE_FAIL;
    look(lab, &p);
}

static void epoch_shared(struct lab *lab)
{
    struct picture p = whole();
    p.views[B].my_epoch = 1;
    look(lab, &p);
}

/* B's fell, and A has not noticed: it keeps the highest it heard of. */
static void epoch_shared_unseen(struct lab *lab)
{
    struct picture p = whole();
    p.views[B].my_epoch = 1;
    p.opinions[A][B].config_epoch = 2;
    look(lab, &p);
}

static void fail_flag(struct lab *lab)
{
    struct picture p = whole();
    p.opinions[B][D].flags |= RCS_NODE_PFAIL;
    look(lab, &p);
}

static void unknown(struct lab *lab)
{
    struct picture p = whole();
    p.known[B][D] = false;
    look(lab, &p);
}

static void forgotten(struct lab *lab)
{
    FORGET(B, D);
    unknown(lab);
}

static void reset(struct lab *lab)
{
    fact(lab, D, "reset");
    unknown(lab);
}

static void conf_lost(struct lab *lab)
{
    rcs_check_ended(lab->check, lab->now, D);
    rcs_check_started(lab->check, lab->now, D, 70, NULL);
    unknown(lab);
}

/* B sees A hold slots that A does not claim, and C does. */
static void unclaimed(struct lab *lab)
{
    struct picture p = whole();
    p.opinions[B][A].slots += 5461;
    p.opinions[B][A].slots_hash = 5;
    p.opinions[B][C].slots = 0;
    p.opinions[B][C].slots_hash = 0;
    look(lab, &p);
}

/* C gave one to A, which does not claim it; nobody else was told. */
static void unclaimed_by_anybody(struct lab *lab)
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

static void given_to_a_replica(struct lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    look(lab, &p);
}

static void many_of_a_replica(struct lab *lab)
{
    struct picture p = a_slot_of_a_replica(100);
    look(lab, &p);
}

/* B lacks more of A's than D was given. */
static void lacks_more_than_was_given(struct lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    p.opinions[B][A].slots--;
    look(lab, &p);
}

/* A gave D one of its own, too: what B sees of A is as many, but others. */
static void given_to_a_replica_by_two(struct lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    p.opinions[A][A] = p.opinions[B][A];
    p.opinions[A][A].slots_hash = 7;
    p.opinions[A][D] = p.opinions[B][D];
    p.opinions[A][D].slots_hash = 8;
    look(lab, &p);
}

/* B was told; A claims it no more, and to C it is nobody's. */
static void given_to_a_replica_unowned(struct lab *lab)
{
    struct picture p = a_slot_of_a_replica(1);
    p.opinions[A][A] = p.opinions[C][A] = p.opinions[D][A] = p.opinions[B][A];
    look(lab, &p);
}

/* B was given one of A's while it was a replica, and C still holds it for the owner. */
static void given_to_a_later_master_unowned(struct lab *lab)
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
static void gone_owner(struct lab *lab)
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

static void two_owners_by_a_stale_conf(struct lab *lab)
{
    put_conf(lab, A);
    two_owners(lab);
}

static void two_owners_of_a_reset_one(struct lab *lab)
{
    fact(lab, A, "reset");
    two_owners_by_a_stale_conf(lab);
}

static void masterless(struct lab *lab);

/* What was done to somebody who is concerned, or to another, and what came of it. */
#define DONE(what, node, came)                                                                     \
    static void what##_##node##_##came(struct lab *lab)                                            \
    {                                                                                              \
        do_##what(lab, node);                                                                      \
        came(lab);                                                                                 \
    }
static void do_reset(struct lab *lab, unsigned node)
{
    struct rcs_check_disk held = disk(lab, node, true, 5, 0);
    held.known = 1;
    rcs_check_saved(lab->check, lab->now, node, &held, true); /* RESET SOFT: nobody else is left */
}
static void do_lose(struct lab *lab, unsigned node)
{
    rcs_check_ended(lab->check, lab->now, node);
    rcs_check_started(lab->check, lab->now, node, lab->series, NULL);
}
static void do_forget(struct lab *lab, unsigned node)
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

static void never_met(struct lab *lab)
{
    struct picture p = whole();
    for (unsigned i = 0; i < NODES; i++) {
        p.known[i][D] = p.known[D][i] = i == D;
    }
    p.views[D] = (struct rcs_view){ .running = true, .master = -1, .known = 1 };
    look(lab, &p);
}

static void chain(struct lab *lab)
{
    struct picture p = whole();
    p.views[C].replica = true;
    p.views[C].master = B;
    look(lab, &p);
}

/* D goes on as a replica of who C was. */
static void chain_to_another(struct lab *lab)
{
    MASTER(C, 5);
    name_master_by(lab, D, lab->id[C], 3);
    rcs_check_ended(lab->check, lab->now, C);
    rcs_check_started(lab->check, lab->now, C, lab->series, NULL);
    lab->id[C] = rcs_store_id(lab->store, "cccccccccccccccccccccccccccccccccccccccc");
    MASTER(C, 5);
    chain(lab);
}

static void chain_to_one_reset(struct lab *lab)
{
    MASTER(C, 5);
    name_master_by(lab, D, lab->id[C], 3);
    fact(lab, C, "reset");
    lab->id[C] = rcs_store_id(lab->store, "cccccccccccccccccccccccccccccccccccccccc");
    MASTER(C, 5);
    chain(lab);
}

/* RESET SOFT keeps the id: D hears of it. */
static void chain_to_one_reset_soft(struct lab *lab)
{
    MASTER(C, 5);
    name_master_by(lab, D, lab->id[C], 3);
    fact(lab, C, "reset");
    MASTER(C, 5);
    chain(lab);
}

static void loop(struct lab *lab)
{
    struct picture p = whole();
    p.views[C].replica = true;
    p.views[C].master = D;
    look(lab, &p);
}

static void stale_loop(struct lab *lab)
{
    put_conf(lab, C);
    loop(lab);
}

static void replica_of_who_was_reset(struct lab *lab)
{
    fact(lab, D, "reset");
    loop(lab);
}

static void say_each_others_replicas(struct lab *lab) /* as C found in an older nodes.conf */
{
    put_conf(lab, C);
    name_master_by(lab, C, lab->id[D], 3);
    name_master_by(lab, D, lab->id[C], 3);
}

/* A TAKEOVER ended that: both are masters, and one has no slots. */
static void loop_of_before(struct lab *lab)
{
    struct picture p = whole();
    say_each_others_replicas(lab);
    for (unsigned i = 0; i < NODES; i++) {
        p.opinions[i][C].slots = 0;
        p.opinions[i][C].slots_hash = 0;
    }
    look(lab, &p);
}

static void loop_of_before_remembered(struct lab *lab)
{
    struct picture p = whole();
    say_each_others_replicas(lab);
    p.opinions[C][C].slots = 0;
    p.opinions[C][C].slots_hash = 0;
    look(lab, &p);
}

/* What comes of it: their slots are nobody's. */
static void stale_loop_unowned(struct lab *lab)
{
    struct picture p = whole();
    put_conf(lab, C);
    p.views[C].replica = true;
    p.views[C].master = D;
    for (unsigned i = 0; i < NODES; i++) {
        p.opinions[i][C].slots = 0;
        p.opinions[i][C].slots_hash = 0;
    }
    look(lab, &p);
}

static void masterless(struct lab *lab)
{
    struct picture p = whole();
    name_master(lab, lab->id[C], 3); /* as it said, and says */
    p.views[D].master = -1;
    look(lab, &p);
}

/* --- clients ---------------------------------------------------------------------------------- */

/* A write that A had a second ago. */
static struct rcs_check_write of_A(const struct lab *lab, bool confirmed, enum rcs_check_way way)
{
    return (struct rcs_check_write){ .node = A,
                                     .at_us = lab->now - RCS_S(1),
                                     .confirmed = confirmed,
                                     .reread = confirmed,
                                     .way = way };
}

static void lose(struct lab *lab, bool confirmed, enum rcs_check_way way)
{
    struct rcs_check_write write = of_A(lab, confirmed, way);
    rcs_check_lost(lab->check, &write);
}

/* Another gives less. */
static void stale(struct lab *lab, int node, enum rcs_check_way way)
{
    struct rcs_check_write write = of_A(lab, false, way);
    rcs_check_stale(lab->check, &write, node, lab->now);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void nothing_lost(struct lab *lab)
{
    fact_at(lab, D, "promoted", A, 0);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void lost(struct lab *lab)
{
    lose(lab, false, RCS_WAY_NONE);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void lost_confirmed(struct lab *lab)
{
    lose(lab, true, RCS_WAY_NONE);
    lost(lab); /* that is another finding */
}

/* What happened to A since it acknowledged, to B meanwhile, and to A before. */
#define SINCE(name, ...)                                                                           \
    static void lost_by_##name(struct lab *lab)                                                    \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        lost(lab);                                                                                 \
    }                                                                                              \
    static void confirmed_by_##name(struct lab *lab)                                               \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        lost_confirmed(lab);                                                                       \
    }                                                                                              \
    static void stale_by_##name(struct lab *lab)                                                   \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        stale(lab, D, RCS_WAY_NONE);                                                               \
    }                                                                                              \
    static void lost_before_##name(struct lab *lab)                                                \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        lab->now += RCS_S(2);                                                                      \
        lost(lab);                                                                                 \
    }
#define BOOT(node, keys) (void)fact_of(lab, node, "boot", -1, keys, 0)

static void promoted_for(struct lab *lab, int master)
{
    save(lab, D, 5, 0, true);
    REQUEST(D, 6);
    CAME(A, 6);
    CAME(B, 6);
    WON(D, 6);
    fact_at(lab, D, "promoted", master, 0);
    fact_at(lab, A, "follows", D, 0); /* comes after it */
}

/* By an older nodes.conf. */
static void begins_a_replica(struct lab *lab, unsigned node)
{
    put_conf(lab, node);
    rcs_check_ended(lab->check, lab->now, node);
    start(lab, node, false, 5, 0);
}

SINCE(failover, promoted_for(lab, A))
SINCE(others_failover, fact_at(lab, D, "promoted", C, 0))
SINCE(takeover, fact(lab, D, "takeover"), fact_at(lab, D, "promoted", A, 0))
SINCE(restart, RESTART(A, 5, 0), BOOT(A, 7))
SINCE(empty, RESTART(A, 5, 0), BOOT(A, 0), promoted_for(lab, A))
SINCE(stale, put_conf(lab, A), RESTART(A, 5, 0), BOOT(A, 7))
SINCE(replica_again, MASTER(A, 5), begins_a_replica(lab, A), BOOT(A, 7))
SINCE(reset, fact(lab, A, "reset"))
SINCE(slots, fact(lab, A, "keys-dropped"), fact(lab, A, "keys-dropped"))
SINCE(demotion, fact_at(lab, A, "follows", B, 0))
SINCE(others_demotion, fact_at(lab, B, "follows", A, 0))

/* Who looked into the data knows better than the order of events. */
static void lost_as_seen(struct lab *lab)
{
    fact_at(lab, D, "promoted", A, 0);
    lose(lab, false, RCS_WAY_EMPTY);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void stale_as_seen(struct lab *lab)
{
    fact_at(lab, D, "promoted", A, 0);
    stale(lab, D, RCS_WAY_EMPTY);
}

static void lost_to_two_owners(struct lab *lab)
{
    lose(lab, true, RCS_WAY_OWNERS);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void lost_to_a_client(struct lab *lab)
{
    lose(lab, true, RCS_WAY_DELETED);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void stale_by_a_client(struct lab *lab)
{
    stale(lab, A, RCS_WAY_DELETED);
}

/* A took it after its place was taken, and D has it not; A is not asked any more. */
static void stale_after_failover(struct lab *lab)
{
    promoted_for(lab, A);
    lab->now += RCS_S(2);
    stale(lab, D, RCS_WAY_NONE);
}

/* The same the other way round: D's place was taken, and it has yet to hear of it. */
static void stale_at_the_replaced(struct lab *lab)
{
    fact_at(lab, A, "promoted", D, 0);
    lab->now += RCS_S(2);
    stale(lab, D, RCS_WAY_NONE);
}

/* A itself gives less than it acknowledged, and nobody else does. */
static void stale_at_the_same(struct lab *lab)
{
    promoted_for(lab, A);
    lab->now += RCS_S(2);
    stale(lab, A, RCS_WAY_NONE);
}

/* What happens after the read explains nothing. */
static void stale_before_restart(struct lab *lab)
{
    struct rcs_check_write write = of_A(lab, false, RCS_WAY_NONE);
    rcs_us read_us = lab->now;
    lab->now += RCS_S(2);
    RESTART(A, 5, 0);
    BOOT(A, 7);
    rcs_check_stale(lab->check, &write, D, read_us);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void stale_for_nothing(struct lab *lab)
{
    stale(lab, D, RCS_WAY_NONE);
}

static void wrong(struct lab *lab)
{
    fact_at(lab, D, "promoted", A, 0);
    rcs_check_writes(lab->check, lab->now, 1, A);
}

/* Each way has its own finding, with the number of its writes; asked again, it is the number of
 * then. */
static void ways(void **state)
{
    (void)state;
    struct lab of = open_lab(70), *lab = &of;
    fact_at(lab, D, "promoted", A, 0);
    for (unsigned again = 0; again < 2; again++) {
        for (unsigned i = 0; i < 5 - again; i++) {
            struct rcs_check_write write = {
                .node = A, .at_us = RCS_S(7), .confirmed = i == 0, .reread = i < 2
            };
            rcs_check_lost(lab->check, &write);
        }
        struct rcs_check_write given_up = { .node = B, .at_us = RCS_S(7), .way = RCS_WAY_SLOTS };
        struct rcs_check_write unexplained = { .node = B, .at_us = RCS_S(7) };
        rcs_check_lost(lab->check, &given_up);
        rcs_check_lost(lab->check, &unexplained);
        rcs_check_stale(lab->check, &given_up, B, lab->now);
        rcs_check_writes(lab->check, lab->now, 0, -1);
        static const struct {
            const char *fingerprint;
            uint64_t count;
        } want[] = { { "lost-write", 1 },
                     { "lost-write/failover", 5 },
                     { "lost-write/slots-given-up", 1 },
                     { "lost-confirmed/failover", 1 },
                     { "lost-read/failover", 2 },
                     { "wrong-value/slots-given-up", 1 } };
        struct rcs_check_finding found;
        for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
            assert_true(rcs_check_found(lab->check, i, &found));
            assert_string_equal(found.fingerprint, want[i].fingerprint);
            assert_int_equal(found.count, want[i].count - (i == 1 ? again : 0));
        }
        assert_false(rcs_check_found(lab->check, sizeof(want) / sizeof(want[0]), &found));
    }
    close_lab(lab);
}

/* The world looks into the data of those it is told of. */
static void looks(void **state)
{
    (void)state;
    struct lab of = open_lab(70), *lab = &of;
    assert_int_equal(fact_of(lab, D, "promoted", A, 0, 0), RCS_WAY_FAILOVER);
    assert_int_equal(fact_of(lab, A, "follows", D, 0, 0), RCS_WAY_DEMOTION);
    fact(lab, D, "takeover");
    assert_int_equal(fact_of(lab, D, "promoted", A, 0, 0), RCS_WAY_TAKEOVER);
    assert_int_equal(fact_of(lab, B, "boot", -1, 0, 0), RCS_WAY_NONE); /* for the first time */
    RESTART(B, 5, 0);
    assert_int_equal(fact_of(lab, B, "boot", -1, 9, 0), RCS_WAY_RESTART);
    RESTART(B, 5, 0);
    assert_int_equal(fact_of(lab, B, "boot", -1, 0, 0), RCS_WAY_EMPTY);
    REPLICA(D, 6);
    RESTART(D, 5, 0);
    assert_int_equal(fact_of(lab, D, "boot", -1, 0, 0), RCS_WAY_NONE); /* a replica is filled */
    close_lab(lab);
}

/* --- the table -------------------------------------------------------------------------------- */

#define HOLDS  RCS_INVARIANT_COUNT
#define BREACH ""

struct row {
    const char *name;
    void (*does)(struct lab *lab);
    unsigned series;
    unsigned invariant;
    const char *permit;
};

/* clang-format off */
static const struct row rows[] = {
    { "epochs: they grow, and a restart reads them back",   epoch_grows,      70, HOLDS, NULL },
    { "epochs: one falls",                                  epoch_fell,       70, RCS_INVARIANT_EPOCH_FALLS, BREACH },
    { "epochs: RESET HARD is somebody new",                 epoch_reset,      70, HOLDS, NULL },
    { "epochs: a restart loses what was not saved",         epoch_unsaved,    70, RCS_INVARIANT_EPOCH_FALLS, "unsaved-epoch" },
    { "epochs: a restart loses what was saved",             epoch_below_file, 70, RCS_INVARIANT_EPOCH_FALLS, BREACH },
    { "epochs: a stale nodes.conf",                         epoch_stale,      70, RCS_INVARIANT_EPOCH_FALLS, "stale-conf" },
    { "config epochs: a master's grows, a replica tells its master's", config_grows, 70, HOLDS, NULL },
    { "config epochs: a master's falls",                    config_fell,      70, RCS_INVARIANT_CONFIG_FALLS, BREACH },
    { "config epochs: a stale nodes.conf",                  config_stale,     70, RCS_INVARIANT_CONFIG_FALLS, "stale-conf" },
    { "config epochs: a replica's own is not saved",        config_of_a_replica, 70, RCS_INVARIANT_CONFIG_FALLS, "replica-epoch" },
    { "config epochs: by a replica's word",                 config_told,      72, RCS_INVARIANT_CONFIG_FALLS, BREACH },
    { "config epochs: by a replica's word in 7.4",          config_told,      74, RCS_INVARIANT_CONFIG_FALLS, "told-by-replica" },
    { "config epochs: by a word that was on its way",       config_told_late, 74, RCS_INVARIANT_CONFIG_FALLS, "told-by-replica" },
    { "votes: one an epoch, across a restart",              votes_once,       70, HOLDS, NULL },
    { "votes: two in an epoch",                             votes_twice,      70, RCS_INVARIANT_DOUBLE_VOTE, BREACH },
    { "votes: two in an epoch, in 3.0 no better",           votes_twice,      30, RCS_INVARIANT_DOUBLE_VOTE, BREACH },
    { "votes: forgotten by a restart",                      votes_forgotten,  70, RCS_INVARIANT_DOUBLE_VOTE, BREACH },
    { "votes: forgotten by a restart of 3.0",               votes_forgotten,  30, RCS_INVARIANT_DOUBLE_VOTE, "vote-before-disk" },
    { "votes: a stale nodes.conf",                          votes_stale,      70, RCS_INVARIANT_DOUBLE_VOTE, "stale-conf" },
    { "votes: not on disk",                                 vote_unsaved,     70, RCS_INVARIANT_VOTE_UNSAVED, BREACH },
    { "votes: written, not synced",                         vote_unsynced,    70, RCS_INVARIANT_VOTE_UNSAVED, BREACH },
    { "votes: not on disk in 3.0",                          vote_unsaved,     30, RCS_INVARIANT_VOTE_UNSAVED, "vote-before-disk" },
    { "votes: not on disk in Valkey 8.0",                   vote_unsaved, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_VOTE_UNSAVED, BREACH },
    { "elections: two of three",                            elected,          70, HOLDS, NULL },
    { "elections: one of three",                            elected_by_one,   70, RCS_INVARIANT_NO_MAJORITY, BREACH },
    { "elections: votes of an older one",                   elected_by_old_votes, 70, RCS_INVARIANT_NO_MAJORITY, BREACH },
    { "elections: one vote, counted twice",                 elected_by_one_twice, 70, RCS_INVARIANT_NO_MAJORITY, "repeated-votes" },
    { "elections: won again",                               elected_again,    70, RCS_INVARIANT_NO_MAJORITY, "stale-election" },
    { "elections: none",                                    not_elected,      70, RCS_INVARIANT_NO_MAJORITY, BREACH },
    { "elections: none, by TAKEOVER",                       takes_over,       70, HOLDS, NULL },
    { "elections: none, by a TAKEOVER of long ago",         takes_over_once,  70, RCS_INVARIANT_NO_MAJORITY, BREACH },
    { "elections: two win one",                             two_won,          70, RCS_INVARIANT_TWO_WINNERS, BREACH },
    { "elections: none, by a replica's word",               role_told,        72, RCS_INVARIANT_NO_MAJORITY, BREACH },
    { "elections: none, by a replica's word in 7.4",        role_told,        74, RCS_INVARIANT_NO_MAJORITY, "told-by-replica" },
    { "elections: none, by a word that was on its way",     role_told_late,   74, RCS_INVARIANT_NO_MAJORITY, "told-by-replica" },
    { "claims: one epoch each",                             one_epoch_each,   70, HOLDS, NULL },
    { "claims: one after the other",                        one_epoch_in_turn, 70, HOLDS, NULL },
    { "claims: of one epoch, but no slots",                 one_epoch_without_slots, 70, HOLDS, NULL },
    { "claims: epoch 0",                                    epoch_zero,       70, HOLDS, NULL },
    { "claims: a TAKEOVER and another have one epoch",      one_epoch_by_takeover, 70, RCS_INVARIANT_EPOCH_COLLISION, "takeover" },
    { "claims: a bump and another have one epoch",          one_epoch_by_bump, 70, RCS_INVARIANT_EPOCH_COLLISION, "bump" },
    { "claims: who stepped aside and another have one epoch", one_epoch_by_collision, 70, RCS_INVARIANT_EPOCH_COLLISION, "collision" },
    { "claims: who stepped aside twice and another have one epoch", one_epoch_by_two_collisions, 70, RCS_INVARIANT_EPOCH_COLLISION, "collision" },
    { "claims: SET-CONFIG-EPOCH",                           one_epoch_by_order, 70, RCS_INVARIANT_EPOCH_COLLISION, "set" },
    { "claims: an epoch of a replica's nodes.conf",         one_epoch_by_replica, 70, RCS_INVARIANT_EPOCH_COLLISION, "replica-epoch" },
    { "claims: an epoch from nowhere",                      one_epoch_told,   72, RCS_INVARIANT_EPOCH_COLLISION, BREACH },
    { "claims: an epoch that was told in 7.4",              one_epoch_told,   74, RCS_INVARIANT_EPOCH_COLLISION, "told-by-replica" },
    { "one place: the second elected, long after the first", second_elected_late, 70, RCS_INVARIANT_TWO_PROMOTED, BREACH },
    { "one place: the second elected at once",              second_elected_at_once, 70, RCS_INVARIANT_TWO_PROMOTED, "unheard-winner" },
    { "one place: the second elected where messages were held up", second_elected_after_a_cut, 70, RCS_INVARIANT_TWO_PROMOTED, "unheard-winner" },
    { "one place: the second elected, the first forgotten", second_elected_forgotten, 70, RCS_INVARIANT_TWO_PROMOTED, "forgotten" },
    { "one place: the second elected by a stale nodes.conf", second_elected_stale, 70, RCS_INVARIANT_TWO_PROMOTED, "stale-conf" },
    { "one place: a TAKEOVER after an election",            second_takes_over, 70, RCS_INVARIANT_TWO_PROMOTED, "takeover" },
    { "one place: an election after a TAKEOVER",            second_after_takeover, 70, RCS_INVARIANT_TWO_PROMOTED, "takeover" },
    { "one place: the first is a replica again",            first_is_replica, 70, HOLDS, NULL },
    { "one place: the first is down",                       first_is_down,    70, HOLDS, NULL },
    { "one place: the first is taken over at once",         takes_over_the_first, 70, RCS_INVARIANT_TWO_PROMOTED, "takeover" },
    { "one place: the first is taken over later",           takes_over_later, 70, HOLDS, NULL },
    { "one place: the first is failed over",                fails_over_the_first, 70, HOLDS, NULL },
    { "one place: the first was restarted",                 first_restarted,  70, RCS_INVARIANT_TWO_PROMOTED, BREACH },
    { "one place: the first was replaced itself",           first_lost_it,    70, HOLDS, NULL },
    { "one place: another place of the same master",        another_reign,    70, HOLDS, NULL },
    { "FORGET: back before the ban is over",                back_at_once,     70, RCS_INVARIANT_FORGOTTEN_RETURNS, BREACH },
    { "FORGET: back before the ban is over, in 7.2 no better", back_at_once,  72, RCS_INVARIANT_FORGOTTEN_RETURNS, BREACH },
    { "FORGET: others may know it",                         back_never,       70, HOLDS, NULL },
    { "FORGET: back when the ban is over",                  back_after_the_ban, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, "ban-over" },
    { "FORGET: back by MEET",                               back_by_meet,     70, RCS_INVARIANT_FORGOTTEN_RETURNS, "meet" },
    { "FORGET: a restart ends the ban",                     back_by_a_restart, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, "ban-lost" },
    { "FORGET: the clock ends the ban",                     back_by_the_clock, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, "clock" },
    { "FORGET: told late, and back",                        back_by_what_was_heard, 70, RCS_INVARIANT_FORGOTTEN_RETURNS, BREACH },
    { "FORGET: heard of late in 7.2, and back",             back_by_what_was_heard, 72, RCS_INVARIANT_FORGOTTEN_RETURNS, "ban-heard" },
    { "FORGET: somebody new at its place",                  back_as_another,  70, HOLDS, NULL },
    { "FAIL: two of three suspect",                         two_suspect,      70, HOLDS, NULL },
    { "FAIL: one of three suspects",                        one_suspects,     70, RCS_INVARIANT_FAIL_QUORUM, BREACH },
    { "FAIL: one of three suspects, but has yet to count them", just_started, 70, RCS_INVARIANT_FAIL_QUORUM, "uncounted-masters" },
    { "FAIL: one of three suspects, and takes itself for another", hears_itself, 70, RCS_INVARIANT_FAIL_QUORUM, "counted-twice" },
    { "FAIL: a replica takes itself for another, and counts neither", a_replica_hears_itself, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH },
    { "FAIL: one of three suspects, and says so",           one_says,         70, RCS_INVARIANT_FAIL_QUORUM, BREACH },
    { "FAIL: a replica's suspicion is none",                a_replica_suspects, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH },
    { "FAIL: a suspicion that may just have come",          suspected_just_now, 70, HOLDS, NULL },
    { "FAIL: a suspicion that is too old",                  suspected_long_ago, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH },
    { "FAIL: a suspicion that was held up",                 suspected_before_a_cut, 70, HOLDS, NULL },
    { "healed: a whole cluster",                            healed,           70, HOLDS, NULL },
    { "healed: a replica is down",                          replica_down,     70, HOLDS, NULL },
    { "healed: somebody who was never met",                 never_met,        70, HOLDS, NULL },
    { "healed: two owners",                                 two_owners,       70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: two owners by a stale nodes.conf",           two_owners_by_a_stale_conf, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: two owners by a stale nodes.conf, one was reset", two_owners_of_a_reset_one, 70, RCS_INVARIANT_SLOT_OWNERS, "reset" },
    { "healed: two owners by a stale nodes.conf in Valkey", two_owners_by_a_stale_conf, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_SLOT_OWNERS, "stale-conf" },
    { "healed: slots that their owner does not claim",      unclaimed,        70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: a slot that nobody claims",                  unclaimed_by_anybody, 70, RCS_INVARIANT_SLOT_OWNERS, "nobody-claims" },
    { "healed: slots that their owner does not claim in 6.2", unclaimed,      62, RCS_INVARIANT_SLOT_OWNERS, "unclaimed-slots" },
    { "healed: a slot that a replica was given",            given_to_a_replica, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: a slot that a replica was given in 6.2",     given_to_a_replica, 62, RCS_INVARIANT_SLOT_OWNERS, "given-to-replica" },
    { "healed: slots that a replica was given by two in 6.2", given_to_a_replica_by_two, 62, RCS_INVARIANT_SLOT_OWNERS, "given-to-replica" },
    { "healed: many slots of a replica in 6.2",             many_of_a_replica, 62, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: a slot that nobody owns",                    a_slot_unowned,   70, RCS_INVARIANT_SLOT_UNOWNED, BREACH },
    { "healed: slots of one who is down",                   owner_down,       70, RCS_INVARIANT_SLOT_UNOWNED, BREACH },
    { "healed: two masters of one epoch",                   epoch_shared,     70, RCS_INVARIANT_EPOCH_SHARED, BREACH },
    { "healed: two masters of one epoch, of which one was higher", epoch_shared_unseen, 70, RCS_INVARIANT_EPOCH_SHARED, "unseen" },
    { "healed: one that is up is suspected",                fail_flag,        70, RCS_INVARIANT_FAIL_FLAG, BREACH },
    { "healed: one does not know another",                  unknown,          70, RCS_INVARIANT_SPLIT, BREACH },
    { "healed: one was told to forget another",             forgotten,        70, RCS_INVARIANT_SPLIT, "forgotten" },
    { "healed: one was reset",                              reset,            70, RCS_INVARIANT_SPLIT, "reset" },
    { "healed: one lost its nodes.conf",                    conf_lost,        70, RCS_INVARIANT_SPLIT, "lost-conf" },
    { "healed: a replica's replica",                        chain,            70, RCS_INVARIANT_STRAY_REPLICA, "chain" },
    { "healed: a replica's replica in Valkey 8.0",          chain, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, BREACH },
    { "healed: a replica of who lost its nodes.conf and replicates, in Valkey 8.0", chain_to_another, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, "lost-conf" },
    { "healed: a replica of who was reset hard and replicates, in Valkey 8.0", chain_to_one_reset, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, "reset" },
    { "healed: a replica of who was reset soft and replicates, in Valkey 8.0", chain_to_one_reset_soft, RCS_SERIES_VALKEY + 80, RCS_INVARIANT_STRAY_REPLICA, BREACH },
    { "healed: replicas of each other",                     loop,             70, RCS_INVARIANT_STRAY_REPLICA, BREACH },
    { "healed: replicas of each other by a stale nodes.conf", stale_loop,     70, RCS_INVARIANT_STRAY_REPLICA, "stale-conf" },
    { "healed: a replica of who was reset",                 replica_of_who_was_reset, 70, RCS_INVARIANT_STRAY_REPLICA, "reset" },
    { "healed: slots of replicas of each other",            stale_loop_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "stale-conf" },
    { "healed: a replica of nobody",                        masterless,       70, RCS_INVARIANT_STRAY_REPLICA, BREACH },
    { "healed: two owners, after a RESET", reset_A_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, "reset" },
    { "healed: two owners, after a RESET of another", reset_C_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: two owners, after the loss of nodes.conf", lose_A_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, "lost-conf" },
    { "healed: two owners, after the loss of nodes.conf of another", lose_C_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: two owners, after FORGET", forget_A_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, "forgotten" },
    { "healed: two owners, after FORGET of another", forget_C_two_owners, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { "healed: a slot that nobody owns, after a RESET", reset_A_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "reset" },
    { "healed: a slot that nobody owns, after a RESET of another", reset_D_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH },
    { "healed: a slot that nobody owns, after the loss of nodes.conf", lose_A_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "lost-conf" },
    { "healed: a slot that nobody owns, after the loss of nodes.conf of another", lose_D_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH },
    { "healed: a slot that nobody owns, after FORGET", forget_A_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "forgotten" },
    { "healed: a slot that nobody owns, after FORGET of another", forget_D_a_slot_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, BREACH },
    { "healed: a replica of nobody, after a RESET", reset_C_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, "reset" },
    { "healed: a replica of nobody, after a RESET of another", reset_A_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH },
    { "healed: a replica of nobody, after the loss of nodes.conf", lose_C_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, "lost-conf" },
    { "healed: a replica of nobody, after the loss of nodes.conf of another", lose_A_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH },
    { "healed: a replica of nobody, after FORGET", forget_C_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, "forgotten" },
    { "healed: a replica of nobody, after FORGET of another", forget_A_masterless, 70, RCS_INVARIANT_STRAY_REPLICA, BREACH },
    { "writes: none lost",                                  nothing_lost,     70, HOLDS, NULL },
    { "writes: lost, and nothing happened",                 lost,             70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a failover", lost_by_failover, 70, RCS_INVARIANT_LOST_WRITE, "failover" },
    { "writes: confirmed and read, and lost by a failover", confirmed_by_failover, 70, RCS_INVARIANT_LOST_WRITE, "failover" },
    { "writes: lost after a failover", lost_before_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a TAKEOVER", lost_by_takeover, 70, RCS_INVARIANT_LOST_WRITE, "takeover" },
    { "writes: confirmed and read, and lost by a TAKEOVER", confirmed_by_takeover, 70, RCS_INVARIANT_LOST_WRITE, "takeover" },
    { "writes: lost after a TAKEOVER", lost_before_takeover, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a restart", lost_by_restart, 70, RCS_INVARIANT_LOST_WRITE, "restart" },
    { "writes: confirmed and read, and lost by a restart", confirmed_by_restart, 70, RCS_INVARIANT_LOST_WRITE, "restart" },
    { "writes: lost after a restart", lost_before_restart, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a restart without data", lost_by_empty, 70, RCS_INVARIANT_LOST_WRITE, "restarted-empty" },
    { "writes: confirmed and read, and lost by a restart without data", confirmed_by_empty, 70, RCS_INVARIANT_LOST_WRITE, "restarted-empty" },
    { "writes: lost after a restart without data", lost_before_empty, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a stale nodes.conf", lost_by_stale, 70, RCS_INVARIANT_LOST_WRITE, "stale-conf" },
    { "writes: confirmed and read, and lost by a stale nodes.conf", confirmed_by_stale, 70, RCS_INVARIANT_LOST_WRITE, "stale-conf" },
    { "writes: lost after a stale nodes.conf", lost_before_stale, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a stale nodes.conf of a replica", lost_by_replica_again, 74, RCS_INVARIANT_LOST_WRITE, "stale-conf" },
    { "writes: confirmed and read, and lost by a stale nodes.conf of a replica", confirmed_by_replica_again, 74, RCS_INVARIANT_LOST_WRITE, "stale-conf" },
    { "writes: lost after a stale nodes.conf of a replica", lost_before_replica_again, 74, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by RESET", lost_by_reset, 70, RCS_INVARIANT_LOST_WRITE, "reset" },
    { "writes: confirmed and read, and lost by RESET", confirmed_by_reset, 70, RCS_INVARIANT_LOST_WRITE, "reset" },
    { "writes: lost after RESET", lost_before_reset, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a slot given up", lost_by_slots, 70, RCS_INVARIANT_LOST_WRITE, "slots-given-up" },
    { "writes: confirmed and read, and lost by a slot given up", confirmed_by_slots, 70, RCS_INVARIANT_LOST_WRITE, "slots-given-up" },
    { "writes: lost after a slot given up", lost_before_slots, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by a demotion", lost_by_demotion, 70, RCS_INVARIANT_LOST_WRITE, "demotion" },
    { "writes: confirmed and read, and lost by a demotion", confirmed_by_demotion, 70, RCS_INVARIANT_LOST_WRITE, "demotion" },
    { "writes: lost after a demotion", lost_before_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by another's failover", lost_by_others_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: confirmed and read, and lost by another's failover", confirmed_by_others_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost after another's failover", lost_before_others_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost by another's demotion", lost_by_others_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: confirmed and read, and lost by another's demotion", confirmed_by_others_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: lost after another's demotion", lost_before_others_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH },
    { "writes: confirmed and read, and lost to another owner", lost_to_two_owners, 70, RCS_INVARIANT_LOST_WRITE, "two-owners" },
    { "writes: lost as was seen",                           lost_as_seen,     70, RCS_INVARIANT_LOST_WRITE, "restarted-empty" },
    { "writes: confirmed and read, and lost to a client", lost_to_a_client, 70, RCS_INVARIANT_LOST_WRITE, "deleted" },
    { "reads: what nobody wrote",                           wrong,            70, RCS_INVARIANT_WRONG_VALUE, BREACH },
    { "reads: less, by a failover", stale_by_failover, 70, RCS_INVARIANT_WRONG_VALUE, "failover" },
    { "reads: less, by a TAKEOVER", stale_by_takeover, 70, RCS_INVARIANT_WRONG_VALUE, "takeover" },
    { "reads: less, after a restart", stale_by_restart, 70, RCS_INVARIANT_WRONG_VALUE, "restart" },
    { "reads: less, after a restart without data", stale_by_empty, 70, RCS_INVARIANT_WRONG_VALUE, "restarted-empty" },
    { "reads: less, after a stale nodes.conf", stale_by_stale, 70, RCS_INVARIANT_WRONG_VALUE, "stale-conf" },
    { "reads: less, after a stale nodes.conf of a replica", stale_by_replica_again, 70, RCS_INVARIANT_WRONG_VALUE, "stale-conf" },
    { "reads: less, after RESET", stale_by_reset, 70, RCS_INVARIANT_WRONG_VALUE, "reset" },
    { "reads: less, of a slot given up", stale_by_slots, 70, RCS_INVARIANT_WRONG_VALUE, "slots-given-up" },
    { "reads: less, after a stale nodes.conf of a replica", stale_by_replica_again, 74, RCS_INVARIANT_WRONG_VALUE, "stale-conf" },
    { "reads: less, after a demotion", stale_by_demotion, 70, RCS_INVARIANT_WRONG_VALUE, "demotion" },
    { "reads: less, as was seen", stale_as_seen, 70, RCS_INVARIANT_WRONG_VALUE, "restarted-empty" },
    { "reads: less, of what a client deleted", stale_by_a_client, 70, RCS_INVARIANT_WRONG_VALUE, "deleted" },
    { "reads: less, of who took the place of who wrote", stale_after_failover, 70, RCS_INVARIANT_WRONG_VALUE, "two-owners" },
    { "reads: less, of who was replaced", stale_at_the_replaced, 70, RCS_INVARIANT_WRONG_VALUE, "two-owners" },
    { "reads: less, and nothing happened", stale_for_nothing, 70, RCS_INVARIANT_WRONG_VALUE, BREACH },
    { "reads: less, of who wrote it, after a failover", stale_at_the_same, 70, RCS_INVARIANT_WRONG_VALUE, BREACH },
    { "reads: less, before a restart", stale_before_restart, 70, RCS_INVARIANT_WRONG_VALUE, BREACH },
    { "reads: less, after another's failover", stale_by_others_failover, 70, RCS_INVARIANT_WRONG_VALUE, BREACH },
    { "reads: less, after another's demotion", stale_by_others_demotion, 70, RCS_INVARIANT_WRONG_VALUE, BREACH },
};
/* clang-format on */

static void check_row(void **state)
{
    const struct row *row = *state;
    struct lab lab = open_lab(row->series);
    row->does(&lab);
    struct rcs_check_finding found;
    bool is = rcs_check_found(lab.check, 0, &found);
    if (row->invariant == HOLDS) {
        if (is) {
            fail_msg("%s", found.text);
        }
    } else {
        assert_true(is);
        assert_string_equal(rcs_invariant_name(found.invariant),
                            rcs_invariant_name((enum rcs_invariant)row->invariant));
        assert_string_equal(found.permit == NULL ? "" : found.permit, row->permit);
        assert_string_equal(rcs_check_broken(lab.check), found.permit == NULL ? found.text : "");
        bool more = rcs_check_found(lab.check, 1, &found);
        if (strncmp(row->name, "writes: confirmed", 17) == 0) {
            assert_true(more && found.invariant == RCS_INVARIANT_LOST_CONFIRMED);
            assert_int_equal(found.count, 1);
            assert_true(rcs_check_found(lab.check, 2, &found));
            assert_int_equal(found.invariant, RCS_INVARIANT_LOST_READ);
            assert_int_equal(found.count, 1);
        }
        if (more && strcmp(found.permit == NULL ? "" : found.permit, row->permit) != 0) {
            fail_msg("also: %s", found.text);
        }
    }
    close_lab(&lab);
}

/* --- fingerprints ----------------------------------------------------------------------------- */

static void fingerprint(void **state)
{
    (void)state;
    struct lab of = open_lab(70), *lab = &of;
    rcs_check_begin(lab->check);
    fact(lab, A, "takeover");
    fact(lab, A, "pfail"); /* no decision; nor is what a bystander does */
    fact(lab, A, "boot");
    fact(lab, A, "vote-granted");
    fact(lab, A, "epoch-bumped"); /* by it */
    fact(lab, A, "failover-forced");
    fact(lab, A, "failover-forced"); /* again: the same */
    epoch_fell(lab);
    struct rcs_check_finding found, later;
    assert_true(rcs_check_found(lab->check, 0, &found));
    assert_string_equal(found.fingerprint, "epoch-falls master,takeover,failover-forced");
    assert_string_equal(found.text, "at 160006000 us, node 0: its current epoch fell from 6 to 5");

    /* Another node, other numbers, later: the same. */
    fact(lab, B, "reset"); /* too old to matter */
    fact(lab, B, "takeover");
    fact(lab, B, "failover-forced");
    lab->now += RCS_S(1);
    MASTER(B, 9);
    MASTER(B, 2);
    assert_true(rcs_check_found(lab->check, 0, &later));
    assert_int_equal(later.count, 2);
    assert_false(rcs_check_found(lab->check, 1, &later));

    /* Another way there: another one. */
    fact(lab, C, "takeover");
    MASTER(C, 9);
    MASTER(C, 2);
    assert_true(rcs_check_found(lab->check, 1, &later));
    assert_string_equal(later.fingerprint, "epoch-falls master,takeover");
    close_lab(lab);
}

/* A permit says the reason: what else was done is chance. */
static void fingerprint_permitted(void **state)
{
    (void)state;
    static const struct {
        void (*does)(struct lab *lab);
        unsigned series;
        const char *want;
    } of[] = {
        { back_after_the_ban, 70, "forgotten-returns/ban-over replica" },
        { reset, 70, "split/reset replica" },
        { epoch_stale, 70, "epoch-falls/stale-conf master" },
        { one_epoch_by_takeover, 70,
          "epoch-collision/takeover master,election-won master,takeover" },
        { second_takes_over, 70, "two-promoted/takeover master,takeover master,election-won" },
        { owner_down, 70, "slot-unowned" },
    };
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        struct lab lab = open_lab(of[i].series);
        struct rcs_check_finding found;
        fact(&lab, A, "replicates"); /* who looks on, or was not asked */
        of[i].does(&lab);
        assert_true(rcs_check_found(lab.check, 0, &found));
        assert_string_equal(found.fingerprint, of[i].want);
        close_lab(&lab);
    }
}

static void overflow(void **state)
{
    (void)state;
    struct lab lab = open_lab(70);
    static const char *const ways[] = { "takeover",        "epoch-bumped", "reset",
                                        "election-won",    "replicates",   "slots-deleted",
                                        "failover-forced", "boot" };
    struct rcs_check_finding found;
    unsigned count = 0;
    for (unsigned i = 0; i < 200; i++) {
        fact(&lab, A, ways[i % 8]);
        fact(&lab, A, ways[i / 8 % 8]);
        say(&lab, A, RCS_BUS_PING, i / 64 % 2 == 0 ? RCS_NODE_MASTER : RCS_NODE_REPLICA, 1000 - i,
            1);
    }
    while (rcs_check_found(lab.check, count, &found)) {
        count++;
    }
    assert_true(count == 64);
    assert_true(rcs_check_left_out(lab.check) > 0);
    close_lab(&lab);
}

static void series(void **state)
{
    (void)state;
    assert_int_equal(rcs_check_series("Redis 3.0.7"), 30);
    assert_int_equal(rcs_check_series("Redis 6.2.16"), 62);
    assert_int_equal(rcs_check_series("Redis 7.0.15"), 70);
    assert_int_equal(rcs_check_series("Valkey 8.0.1"), RCS_SERIES_VALKEY + 80);
}

/* What comes of what was found before: permitted as that is. */
static const struct {
    void (*does)(struct lab *lab);
    unsigned series;
    enum rcs_invariant invariant;
    const char *permit;
} after[] = {
    { two_won_by_one_vote, 30, RCS_INVARIANT_TWO_WINNERS, "vote-before-disk" },
    { two_won_by_one_vote, 70, RCS_INVARIANT_TWO_WINNERS, BREACH },
    { two_won_by_a_stale_vote, 70, RCS_INVARIANT_TWO_WINNERS, "stale-conf" },
    { two_won_by_the_winners_vote, 70, RCS_INVARIANT_TWO_WINNERS, "winner-votes" },
    { two_won_by_different_counts, 70, RCS_INVARIANT_TWO_WINNERS, "undercount" },
    { two_won_after_a_winners_vote, 70, RCS_INVARIANT_TWO_WINNERS, BREACH },
    { one_epoch, 70, RCS_INVARIANT_EPOCH_COLLISION, BREACH },
    { loop_of_before, 70, RCS_INVARIANT_SLOT_UNOWNED, "stale-conf" },
    { loop_of_before_remembered, 70, RCS_INVARIANT_SLOT_OWNERS, "nobodys" },
    { lacks_more_than_was_given, 62, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { given_to_a_replica_unowned, 62, RCS_INVARIANT_SLOT_UNOWNED, "given-to-replica" },
    { given_to_a_later_master_unowned, 62, RCS_INVARIANT_SLOT_UNOWNED, "given-to-replica" },
    { given_to_a_later_master_unowned, 70, RCS_INVARIANT_SLOT_UNOWNED, "nobody-claims" },
    { given_to_a_replica_unowned, 70, RCS_INVARIANT_SLOT_OWNERS, BREACH },
    { one_epoch_by_a_vote, 30, RCS_INVARIANT_EPOCH_COLLISION, "vote-before-disk" },
    { gone_owner, 70, RCS_INVARIANT_SLOT_OWNERS, "gone-owner" },
    { one_epoch_by_stale_conf, 70, RCS_INVARIANT_EPOCH_COLLISION, "stale-conf" },
    { one_epoch_by_the_winners_vote, 70, RCS_INVARIANT_EPOCH_COLLISION, "winner-votes" },
    { one_epoch_by_different_counts, 70, RCS_INVARIANT_EPOCH_COLLISION, "undercount" },
    { second_elected_by_a_vote, 30, RCS_INVARIANT_TWO_PROMOTED, "vote-before-disk" },
    { second_elected_by_the_winners_vote, 70, RCS_INVARIANT_TWO_PROMOTED, "winner-votes" },
    { second_elected_by_different_counts, 70, RCS_INVARIANT_TWO_PROMOTED, "undercount" },
};

static void consequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
        struct lab lab = open_lab(after[i].series);
        struct rcs_check_finding found;
        const char *permit = NULL; /* the last one's */
        after[i].does(&lab);
        for (unsigned at = 0; rcs_check_found(lab.check, at, &found); at++) {
            if (found.invariant == after[i].invariant) {
                permit = found.permit == NULL ? BREACH : found.permit;
            }
        }
        if (permit == NULL) {
            fail_msg("%zu: no %s", i, rcs_invariant_name(after[i].invariant));
        }
        if (strcmp(permit, after[i].permit) != 0) {
            fail_msg("%zu: %s", i, permit);
        }
        close_lab(&lab);
    }
}

/* Every row of the table is met above. */
static void permits(void **state)
{
    (void)state;
    enum rcs_invariant invariant;
    const char *why, *name;
    for (unsigned i = 0; (name = rcs_check_permit(i, &invariant, &why)) != NULL; i++) {
        assert_true(invariant < RCS_INVARIANT_COUNT && why[0] != '\0');
        assert_non_null(rcs_invariant_text(invariant));
        bool met = false;
        for (size_t j = 0; j < sizeof(after) / sizeof(after[0]); j++) {
            met |= after[j].invariant == invariant && strcmp(after[j].permit, name) == 0;
        }
        for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
            bool confirmed = strncmp(rows[j].name, "writes: confirmed", 17) == 0;
            met |= (rows[j].invariant == invariant ||
                    (confirmed && (invariant == RCS_INVARIANT_LOST_CONFIRMED ||
                                   invariant == RCS_INVARIANT_LOST_READ))) &&
                   strcmp(rows[j].permit, name) == 0;
        }
        if (!met) {
            fail_msg("%s/%s", rcs_invariant_name(invariant), name);
        }
    }
}

int main(void)
{
    struct CMUnitTest tests[8 + sizeof(rows) / sizeof(rows[0])] = {
        cmocka_unit_test(fingerprint),  cmocka_unit_test(overflow),
        cmocka_unit_test(series),       cmocka_unit_test(permits),
        cmocka_unit_test(consequences), cmocka_unit_test(fingerprint_permitted),
        cmocka_unit_test(ways),         cmocka_unit_test(looks),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tests[i + 8] = (struct CMUnitTest){ .name = rows[i].name,
                                            .test_func = check_row,
                                            .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
