/* What the files of the checks share. */
#ifndef RCSIM_SIM_EXPLORE_CHECK_PARTS_H
#define RCSIM_SIM_EXPLORE_CHECK_PARTS_H

#include "sim/explore/check.h"

#define RCS_CHECK_CODES     1024 /* of facts: above all there are */
#define RCS_CHECK_DECISIONS 3    /* the last ones of a node that make a fingerprint */

/* Milestones the checks know, by their names in traces, and whether one is a decision: what
 * somebody ordered, or what changed who is master. Decisions stand in fingerprints. */
/* clang-format off */
#define RCS_CHECK_WORDS(X) \
    X(BOOT,             "boot",                true) \
    X(TAKEOVER,         "takeover",            true) \
    X(FORCED,           "failover-forced",     true) \
    X(ASKED,            "failover-asked",      true) \
    X(ELECTION_DELAYED, "election-delayed",    false) \
    X(ELECTION_WON,     "election-won",        true) \
    X(PROMOTED,         "promoted",            false) \
    X(VOTE_GRANTED,     "vote-granted",        true) \
    X(FOLLOWS,          "follows",             true) \
    X(GRANDMASTER,      "follows-grandmaster", true) \
    X(ORPHAN,           "follows-orphan",      true) \
    X(REPLICATES,       "replicates",          true) \
    X(BUMPED,           "epoch-bumped",        true) \
    X(COLLISION,        "epoch-collision",     true) \
    X(EPOCH_SET,        "epoch-set",           false) \
    X(EPOCH_RESET,      "epoch-reset",         false) \
    X(RESET,            "reset",               true) \
    X(FORGOT,           "forgot",              true) \
    X(SLOTS_ADDED,      "slots-added",         false) \
    X(SLOTS_DELETED,    "slots-deleted",       true) \
    X(SLOT_TAKEN,       "slot-taken",          true) \
    X(KEYS_DROPPED,     "keys-dropped",        false) \
    X(PFAIL,            "pfail",               false) \
    X(PFAIL_CLEARED,    "pfail-cleared",       false) \
    X(ADOPTED,    "adopted",       false) \
    X(FAIL,             "fail",                false) \
    X(FAIL_RECEIVED,    "fail-received",       false) \
    X(FAIL_CLEARED,     "fail-cleared",        false)
/* clang-format on */
enum rcs_check_word {
    RCS_WORD_NEW, /* the code was not met yet */
    RCS_WORD_NONE,
#define X(name, text, decides) RCS_WORD_##name,
    RCS_CHECK_WORDS(X)
#undef X
        RCS_WORD_COUNT
};

struct rcs_check_node {
    rcs_id id; /* as it last said */
    uint16_t flags;
    bool said;      /* something in this life of its process, */
    bool said_ever; /* or before, under this id */
    bool mastered;  /* it said a config epoch of its own */
    bool ever_master;
    bool replica;  /* it is one, as it said or as its nodes.conf has it */
    bool may_rise; /* it was elected, or told to take over */
    bool running, began_replica;
    bool replaced;  /* its nodes.conf was put there by somebody else */
    bool lost_conf; /* its process began without one */
    bool was_reset;
    bool forgot; /* somebody, by an order */
    uint16_t series;
    uint64_t current_epoch, said_config_epoch; /* as it last said */
    rcs_id said_master;
    uint64_t config_epoch; /* its own: as it last said as a master */
    rcs_us started_us;

    struct rcs_check_disk disk;
    uint64_t disk_vote; /* with fsync */

    uint64_t vote_epoch; /* of its last vote, */
    uint32_t vote_life;  /* in this life of its process */
    uint32_t life;
    uint64_t unsaved_vote; /* said in this step; 0 none */

    uint64_t request_epoch, won_epoch; /* of its elections */
    unsigned votes, votes_came;        /* for request_epoch, of distinct masters; all since it was
                                        * scheduled */
    uint8_t decisions[RCS_CHECK_DECISIONS]; /* enum rcs_check_word, newest first */
};

/* A small number for a pair of nodes, or for an epoch; 0: none was kept. */
enum rcs_check_pair { RCS_PAIR_VOTED, RCS_PAIR_SUSPECTS, RCS_PAIR_CALLED, RCS_PAIR_WON };
struct rcs_check_entry {
    uint64_t key, value;
};

struct rcs_check_kept {
    struct rcs_check_finding finding;
    char text[192], fingerprint[128];
};

struct rcs_check {
    struct rcs_check_node *nodes;
    unsigned node_count, node_room;
    struct rcs_check_entry *pairs; /* open addressing; a power of two */
    unsigned pair_count, pair_room;
    uint8_t words[RCS_CHECK_CODES];
    rcs_us disturbed_us;     /* RCS_NEVER: never yet */
    const char *broken_vote; /* permit of the last vote that was one too many */
    /* ways in which acknowledged writes get lost, and whether they were gone */
    bool promoted, demoted, restarted, emptied;

    struct rcs_check_kept *found;
    struct rcs_check_kept *gathered; /* NULL: findings are kept as they come */
    unsigned found_count;
    uint64_t left_out;
    rcs_check_name_fn *name;
    const void *name_arg;

    /* scratch of rcs_check_healed */
    struct rcs_view *views;
    struct rcs_opinion *opinions;
    bool *known;
    unsigned view_room;
};

void rcs_check_grow(struct rcs_check *check, unsigned count);
static inline struct rcs_check_node *rcs_check_node(struct rcs_check *check, unsigned node)
{
    if (node >= check->node_count) {
        rcs_check_grow(check, node + 1);
    }
    return &check->nodes[node];
}

/* The place of a pair's number; made if `make`, else NULL if there is none. Valid until the next
 * one is made. */
uint64_t *rcs_check_pair(struct rcs_check *check, enum rcs_check_pair kind, uint64_t a, uint64_t b,
                         bool make);

/* check_find.c: what was found. `permit` names a row of the table, "" none: permitted if it is one
 * for this invariant and the node's release. `format` takes `a` and `b` as %llu. */
void rcs_check_find(struct rcs_check *check, rcs_us at_us, enum rcs_invariant invariant,
                    const char *permit, int node, int other, uint64_t count, const char *format,
                    uint64_t a, uint64_t b);
/* Of the findings between these two one permitted and one other is kept, with the number of all:
 * the one with the smallest fingerprint. */
void rcs_check_gather(struct rcs_check *check, struct rcs_check_kept both[2]);
void rcs_check_gathered(struct rcs_check *check);
/* "election-won" and so on. */
enum rcs_check_word rcs_check_word(struct rcs_check *check, unsigned code, const char *what);
void rcs_check_decide(struct rcs_check *check, unsigned node, enum rcs_check_word word);

/* check_fail.c */
void rcs_check_suspects(struct rcs_check *check, rcs_us at_us, unsigned node, int about, bool does);
void rcs_check_calls_fail(struct rcs_check *check, rcs_us at_us, unsigned node, int about,
                          int64_t node_timeout_ms);

#endif
