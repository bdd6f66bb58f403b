/* What the files of the checks share. */
#ifndef RCSIM_SIM_EXPLORE_CHECK_PARTS_H
#define RCSIM_SIM_EXPLORE_CHECK_PARTS_H

#include "sim/explore/check.h"

#define RCS_CHECK_CODES     1024 /* of facts: above all there are */
#define RCS_CHECK_DECISIONS 2    /* the last ones of a node that make a fingerprint */

/* Milestones the checks know, by their names in traces, and whether one is a decision: what was
 * done to the node, or what made it master. Decisions stand in fingerprints: what a bystander does
 * (a vote, a restart, whom it follows) differs from seed to seed and says nothing of the hazard. */
/* clang-format off */
#define RCS_CHECK_WORDS(X) \
    X(BOOT,             "boot",                false) \
    X(TAKEOVER,         "takeover",            true) \
    X(FORCED,           "failover-forced",     true) \
    X(ASKED,            "failover-asked",      false) \
    X(ELECTION_DELAYED, "election-delayed",    false) \
    X(ELECTION_WON,     "election-won",        true) \
    X(PROMOTED,         "promoted",            false) \
    X(VOTE_GRANTED,     "vote-granted",        false) \
    X(FOLLOWS,          "follows",             false) \
    X(GRANDMASTER,      "follows-grandmaster", false) \
    X(ORPHAN,           "follows-orphan",      false) \
    X(REPLICATES,       "replicates",          true) \
    X(BUMPED,           "epoch-bumped",        true) \
    X(COLLISION,        "epoch-collision",     false) \
    X(EPOCH_SET,        "epoch-set",           false) \
    X(EPOCH_RESET,      "epoch-reset",         false) \
    X(RESET,            "reset",               true) \
    X(FORGOT,           "forgot",              false) \
    X(SLOTS_ADDED,      "slots-added",         false) \
    X(SLOTS_DELETED,    "slots-deleted",       true) \
    X(SLOT_TAKEN,       "slot-taken",          false) \
    X(KEYS_DROPPED,     "keys-dropped",        false) \
    X(PFAIL,            "pfail",               false) \
    X(PFAIL_CLEARED,    "pfail-cleared",       false) \
    X(ADOPTED,    "adopted",       false) \
    X(FAIL,             "fail",                false) \
    X(FAIL_RECEIVED,    "fail-received",       false) \
    X(FAIL_CLEARED,     "fail-cleared",        false) \
    X(HANDSHAKE_DONE,   "known",               false) \
    /* no milestones: what others did to it */ \
    X(FORGOTTEN,        "forgotten",           true) \
    X(CONF_STALE,       "stale-conf",          true) \
    X(CONF_LOST,        "lost-conf",           true) \
    X(EMPTY,            "restarted-empty",     true)
/* clang-format on */
enum rcs_check_word {
    RCS_WORD_NEW, /* the code was not met yet */
    RCS_WORD_NONE,
#define X(name, text, decides) RCS_WORD_##name,
    RCS_CHECK_WORDS(X)
#undef X
        RCS_WORD_COUNT
};

/* What made a node's config epoch what it is. */
enum rcs_check_epoch_by {
    RCS_EPOCH_ELECTED,
    RCS_EPOCH_TAKEOVER,
    RCS_EPOCH_BUMP,
    RCS_EPOCH_COLLISION,
    RCS_EPOCH_SET,
    RCS_EPOCH_STALE,   /* an older nodes.conf */
    RCS_EPOCH_REPLICA, /* the nodes.conf of a replica */
    RCS_EPOCH_TOLD     /* somebody's packet */
};

struct rcs_check_node {
    rcs_id id;  /* as it last said */
    rcs_id was; /* before it became somebody else */
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
    bool gave_up;   /* slots, by RESET or with its nodes.conf */
    bool put_conf;  /* `replaced`, and its process did not begin since */
    bool took_over; /* TAKEOVER made it master, no election */
    bool claims;    /* slots, as it last said as a master */
    bool stale;     /* its process began with an older nodes.conf */
    bool at_itself; /* it has sent itself something: it knows who it was, at its own address */
    uint16_t series;
    uint64_t current_epoch; /* as it last said */
    struct {
        rcs_id master;
        uint64_t config_epoch;
    } named[2];            /* as it last said, and what it said before that */
    uint64_t config_epoch; /* its own: as it last said as a master */
    rcs_us started_us;

    uint8_t epoch_by;        /* enum rcs_check_epoch_by */
    uint64_t fact_epochs[2]; /* its config epoch, as its last two milestones about it have it */
    uint32_t reign;          /* how often it began to be a master */
    uint32_t identity;       /* how often it became somebody else */
    rcs_us forgot_us;        /* when somebody forgot it last; 0 never */
    /* its last promotion */
    int over; /* whose place it took, -1 nobody's (or it was taken from it) */
    uint32_t over_reign;
    rcs_us promoted_us, took_over_us;
    bool promoted_by_takeover;

    struct rcs_check_disk disk;
    uint64_t disk_vote; /* with fsync */

    uint64_t vote_epoch; /* of its last vote, */
    uint32_t vote_life;  /* in this life of its process */
    uint32_t life;
    uint64_t unsaved_vote; /* said in this step; 0 none */

    uint64_t request_epoch, won_epoch; /* of its elections */
    unsigned won_masters;              /* masters it then knew */
    unsigned votes, votes_came;        /* for request_epoch, of distinct masters; all since it was
                                        * scheduled */
    uint8_t decisions[RCS_CHECK_DECISIONS]; /* enum rcs_check_word, newest first */
};

/* A small number for a pair of nodes, or for an epoch; 0: none was kept. */
enum rcs_check_pair {
    RCS_PAIR_VOTED,
    RCS_PAIR_SUSPECTS,
    RCS_PAIR_CALLED,
    RCS_PAIR_WON,
    RCS_PAIR_CLAIMED, /* by the lower 30 bits of the config epoch */
    RCS_PAIR_FORGOT,
    RCS_PAIR_CAST /* votes */
};
struct rcs_check_entry {
    uint64_t key, value;
};

struct rcs_check_loss {
    rcs_us at_us;
    int node;
    enum rcs_check_way way;
};

/* What clients see: kinds, each with an invariant of its own. */
enum rcs_check_kind {
    RCS_KIND_LOST,
    RCS_KIND_CONFIRMED,
    RCS_KIND_REREAD,
    RCS_KIND_STALE, /* reads */
    RCS_KIND_COUNT
};

/* Lost writes of a kind. */
struct rcs_check_gone {
    uint64_t count;
    int node; /* of the first */
    rcs_us first_us;
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
    bool clock_put;          /* a clock was set */
    bool looped;             /* by an older nodes.conf two nodes were replicas of each other */
    const char *broken_vote; /* permit of the last vote that was one too many, or of two who won, */
    uint64_t broken_epoch;   /* and its epoch; 0 none */
    /* What happened to nodes, by which what they had acknowledged may be lost; in its order. */
    struct rcs_check_loss *losses;
    unsigned loss_count, loss_room;
    struct rcs_check_gone gone[RCS_KIND_COUNT][RCS_WAY_COUNT];

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

/* check_permit.c: a breach that real servers commit, too, by rule and release: `from` to `to` as
 * rcs_check_series has them. */
struct rcs_check_permit {
    uint8_t invariant; /* enum rcs_invariant */
    uint16_t from, to;
    const char *name, *why;
};
/* NULL: none, or not of that release. */
const struct rcs_check_permit *rcs_check_permit_of(enum rcs_invariant invariant, const char *name,
                                                   unsigned series);

/* check_fingerprint.c: "election-won" and so on. */
enum rcs_check_word rcs_check_word(struct rcs_check *check, unsigned code, const char *what);
/* The same one again is none: how often differs from seed to seed. */
void rcs_check_decide(struct rcs_check *check, unsigned node, enum rcs_check_word word);
void rcs_check_fingerprint(const struct rcs_check *check, enum rcs_invariant invariant,
                           const struct rcs_check_permit *permit, int node, int other,
                           struct rcs_buf *out);

#define RCS_CHECK_ON_THE_WAY_US RCS_S(5) /* a message at most, where nothing disturbs it */

/* check_claim.c */
void rcs_check_claims(struct rcs_check *check, rcs_us at_us, unsigned node, uint64_t epoch);
void rcs_check_promoted(struct rcs_check *check, rcs_us at_us, unsigned node, int over);
void rcs_check_forgot(struct rcs_check *check, rcs_us at_us, unsigned node, int about);
void rcs_check_knows(struct rcs_check *check, rcs_us at_us, unsigned node, int about, bool met);

/* check_data.c: `node` may have lost what it had acknowledged. */
void rcs_check_loses(struct rcs_check *check, rcs_us at_us, int node, enum rcs_check_way way);

/* check_fail.c */
void rcs_check_suspects(struct rcs_check *check, rcs_us at_us, unsigned node, int about, bool does);
void rcs_check_calls_fail(struct rcs_check *check, rcs_us at_us, unsigned node, int about,
                          int64_t node_timeout_ms);

#endif
