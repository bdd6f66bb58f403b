/* The checks without a world: a lab tells them what nodes say and do, and rows hold what they find.
 * Links against proto and the checks alone. */
#ifndef RCSIM_TEST_CHECK_LAB_H
#define RCSIM_TEST_CHECK_LAB_H

#include "tests/support/support.h"

#include "sim/explore/check.h"

#define NT 2000 /* node timeout, ms */

enum { A, B, C, D, NODES, E = NODES };

struct check_lab {
    struct rcs_store *store;
    struct rcs_check *check;
    rcs_us now;
    unsigned series;
    rcs_id id[NODES + 1];
    const struct rcs_slot_set *slots; /* 0-99 */
};

/* A..C are masters with slots, D is a replica of C; releases of `series`. E is another one, of
 * which nothing was heard yet. */
struct check_lab check_lab_open(unsigned series);
void check_lab_close(struct check_lab *lab);

/* --- what nodes say and do -------------------------------------------------------------------- */

/* What the nodes.conf of such a node holds. */
struct rcs_check_disk check_disk(const struct check_lab *lab, unsigned node, bool master,
                                 uint64_t epoch, uint64_t vote);
void check_start(struct check_lab *lab, unsigned node, bool master, uint64_t epoch, uint64_t vote);
void check_save(struct check_lab *lab, unsigned node, uint64_t epoch, uint64_t vote, bool fsync);
/* An older nodes.conf. */
void check_put_conf(struct check_lab *lab, unsigned node);

/* A step in which a node says one message: to `to` (else to A or D), about `about` (-1 nobody). */
void check_say_to(struct check_lab *lab, unsigned node, unsigned to, int about,
                  enum rcs_bus_type type, unsigned flags, uint64_t epoch, uint64_t config_epoch);
void check_say_about(struct check_lab *lab, unsigned node, int about, enum rcs_bus_type type,
                     unsigned flags, uint64_t epoch, uint64_t config_epoch);
void check_say(struct check_lab *lab, unsigned node, enum rcs_bus_type type, unsigned flags,
               uint64_t epoch, uint64_t config_epoch);
/* A replica that calls `master` its master, with this config epoch: D, or `node`. */
void check_name_master(struct check_lab *lab, rcs_id master, uint64_t epoch);
void check_name_master_by(struct check_lab *lab, unsigned node, rcs_id master, uint64_t epoch);

/* A milestone: about another (-1 nobody), with its first and last value. */
enum rcs_check_way check_fact_of(struct check_lab *lab, unsigned node, const char *what, int about,
                                 int64_t first, int64_t last);
void check_fact_at(struct check_lab *lab, unsigned node, const char *what, int about, int64_t last);
void check_fact(struct check_lab *lab, unsigned node, const char *what);

#define MASTER(node, epoch)  check_say(lab, node, RCS_BUS_PING, RCS_NODE_MASTER, epoch, (node) + 1)
#define REPLICA(node, epoch) check_say(lab, node, RCS_BUS_PING, RCS_NODE_REPLICA, epoch, 3)
#define VOTE(node, epoch)                                                                          \
    (check_save(lab, node, epoch, epoch, true),                                                    \
     check_say(lab, node, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, epoch, (node) + 1))
#define REQUEST(node, epoch) check_say(lab, node, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, epoch, 3)
#define CAME(voter, epoch)   rcs_check_vote_came(lab->check, D, voter, epoch)
#define WON(node, epoch)     check_fact_at(lab, node, "election-won", -1, epoch)
#define FORGET(node, about)  check_fact_at(lab, node, "forgot", about, 0)
#define RESTART(node, epoch, vote)                                                                 \
    (rcs_check_ended(lab->check, lab->now, node), check_start(lab, node, (node) < 3, epoch, vote))

/* --- stories that several need ---------------------------------------------------------------- */

void check_votes_forgotten(struct check_lab *lab); /* A votes twice in 6 */
void check_elected(struct check_lab *lab);         /* D, with 6, by A and B */
void check_another_won(struct check_lab *lab);     /* C, with 6, by A and B */
void check_takes_over(struct check_lab *lab);      /* D, with 6, by TAKEOVER */
void check_two_won_by_the_winners_vote(struct check_lab *lab);
void check_knows_one_master(struct check_lab *lab, unsigned node);
void check_two_won_by_different_counts(struct check_lab *lab); /* two masters vote, a vote each */

/* --- rows ------------------------------------------------------------------------------------- */

#define HOLDS  RCS_INVARIANT_COUNT
#define BREACH ""

struct check_row {
    const char *name;
    void (*does)(struct check_lab *lab);
    unsigned series;
    unsigned invariant;      /* the first that is found broken, and nothing worse; or HOLDS */
    const char *permit;      /* or BREACH */
    bool confirmed;          /* what was confirmed and what was read is found lost, too */
    bool last;               /* the invariant comes of what was found before */
    const char *fingerprint; /* NULL: any */
};

#define ROW_WITH(sentence, story, release, broken, permitted, more)                                \
    {                                                                                              \
        .name = sentence, .does = story, .series = release, .invariant = broken,                   \
        .permit = permitted, more                                                                  \
    }
#define ROW(sentence, story, release, broken, permitted)                                           \
    ROW_WITH(sentence, story, release, broken, permitted, .last = false)

/* Runs these rows and tests, and that every permit of the rows' invariants is met by one. */
int check_rows(const char *group, const struct check_row *rows, size_t count,
               const struct CMUnitTest *more, size_t more_count);

#endif
