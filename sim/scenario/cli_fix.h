/* What mending slots has in mind, and how a node is made a slot's owner. */
#ifndef RCSIM_SIM_SCENARIO_CLI_FIX_H
#define RCSIM_SIM_SCENARIO_CLI_FIX_H

#include "sim/scenario/cli_parts.h"

/* Peers in the order in which they were found. */
struct rcs_cli_list {
    unsigned *peers;
    unsigned count;
};
void rcs_cli_list_add(struct rcs_cli_list *list, unsigned peer);
void rcs_cli_list_remove(struct rcs_cli_list *list, unsigned peer);
bool rcs_cli_list_has(const struct rcs_cli_list *list, unsigned peer);

struct rcs_cli_fix {
    unsigned at;   /* what is gone through, one after the other */
    unsigned slot; /* the one at hand */
    int owner;     /* -1 nobody */
    bool claimed;  /* the owner is to be made it */
    bool clear;    /* and its state made stable */
    int64_t most;  /* keys of the one that has most so far */
    struct rcs_cli_list owners, migrating, importing;
    struct rcs_buf migrating_text, importing_text; /* their addresses, commas between */
    unsigned listed;                               /* of a list, the next one */
    int one;                                       /* the peer at hand */
    int64_t count;                                 /* its keys */
    bool handled;                                  /* it was one of the cases 1 to 3 */
    struct rcs_buf refusal;                        /* of DELSLOTS; empty: it was not refused */
    /* coverage */
    struct rcs_cli_gap {
        unsigned slot;
        struct rcs_cli_list holders;
    } * gaps;
    unsigned gap_count;
    struct rcs_cli_gap **work; /* the gaps as they are mended */
    int fixed;
    rcs_us drawn_us; /* when the random node was drawn: the second */
    int drawn;
    unsigned disputed; /* slots with more than one owner */
};

struct rcs_cli_fix *rcs_cli_fix(struct rcs_cli *cli); /* made if it is not there yet */

/* With masters out of reach nothing is mended, unless it is asked for: says so and ends the cli. */
bool rcs_cli_fix_refused(struct rcs_cli *cli, const char *what);
/* fix->owner becomes the owner of fix->slot if fix->claimed (redis-cli 7.0
 * clusterManagerSetSlotOwner). */
extern const struct rcs_cli_phase rcs_cli_claim_phases[];
/* The master of the most keys in fix->slot, the first such, into fix->owner, of all or those of a
 * narrower `wants`; -1: a node answered with an error, which is printed (redis-cli 7.0
 * clusterManagerGetNodeWithMostKeysInSlot). */
void rcs_cli_enter_most(struct rcs_cli *cli);
bool rcs_cli_wants_most(const struct rcs_cli *cli, unsigned i);
bool rcs_cli_take_most(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply);

/* DELSLOTS of fix->slot: the first question, and if it is refused a second one, whether the slot is
 * anybody's; a slot that is not need not be deleted (redis-cli 7.0 clusterManagerDelSlot). */
enum { RCS_CLI_DELETIONS = 2 };
void rcs_cli_ask_deletion(struct rcs_cli *cli, unsigned i, unsigned question);
bool rcs_cli_take_deletion(struct rcs_cli *cli, unsigned i, unsigned question,
                           const struct rcs_reply *reply);

/* Requests about fix->slot. */
void rcs_cli_ask_count(struct rcs_cli *cli, unsigned i, unsigned question);
void rcs_cli_ask_stable(struct rcs_cli *cli, unsigned i, unsigned question);
bool rcs_cli_wants_one(const struct rcs_cli *cli, unsigned i); /* fix->one */
void rcs_cli_print_peer(struct rcs_cli *cli, const char *before, unsigned peer, const char *after);

#endif
