/* The checks without a world: what happened is told to them call by call, in its order. Links
 * against proto alone. */
#ifndef RCSIM_SIM_EXPLORE_CHECK_H
#define RCSIM_SIM_EXPLORE_CHECK_H

#include <rcsim/bus.h>
#include <rcsim/check.h>

/* What nodes.conf says of the node it belongs to. */
struct rcs_check_disk {
    rcs_id myself;
    bool master;
    unsigned masters; /* with slots, by this file */
    unsigned known;   /* nodes in it */
    uint64_t current_epoch, last_vote_epoch, config_epoch;
};

struct rcs_check *rcs_check_new(void);
void rcs_check_free(struct rcs_check *check);
/* How nodes are called in texts: borrowed; without, by their numbers. */
typedef const char *rcs_check_name_fn(const void *arg, int node);
void rcs_check_names(struct rcs_check *check, rcs_check_name_fn *name, const void *arg);

/* The release of a node: major * 10 + minor, Valkey's 1000 more. */
#define RCS_SERIES_VALKEY 1000u
unsigned rcs_check_series(const char *release);

void rcs_check_started(struct rcs_check *check, rcs_us at_us, unsigned node, unsigned series,
                       const struct rcs_check_disk *disk);
void rcs_check_ended(struct rcs_check *check, rcs_us at_us, unsigned node);
/* The node's process wrote its nodes.conf. */
void rcs_check_saved(struct rcs_check *check, rcs_us at_us, unsigned node,
                     const struct rcs_check_disk *disk, bool fsync);
/* Somebody else did, or removed it (NULL). */
void rcs_check_replaced(struct rcs_check *check, unsigned node, const struct rcs_check_disk *disk);
void rcs_check_disturbed(struct rcs_check *check, rcs_us at_us);
/* A host's clock was set: what is measured by it ends at any time. */
void rcs_check_clock_put(struct rcs_check *check);

/* Ways in which writes get lost, rows of the table of permits by the same names. */
enum rcs_check_way {
    RCS_WAY_NONE,
    RCS_WAY_FAILOVER,
    RCS_WAY_TAKEOVER,
    RCS_WAY_DEMOTION,
    RCS_WAY_RESTART,
    RCS_WAY_EMPTY,
    RCS_WAY_STALE,
    RCS_WAY_RESET,
    RCS_WAY_SLOTS,
    RCS_WAY_OWNERS,
    RCS_WAY_DELETED, /* by a client */
    RCS_WAY_COUNT
};

/* A milestone. `code` stands for `what`, always the same one; `about` -1: nobody known. */
struct rcs_check_fact {
    unsigned code;
    const char *what;
    int about;
    int64_t values[3];
    int64_t node_timeout_ms; /* of the node */
    uint64_t keys;           /* "boot": what it has loaded */
};
/* How writes may have been lost just now: of those that the node serves, or, by a demotion, the one
 * it is about. */
enum rcs_check_way rcs_check_fact(struct rcs_check *check, rcs_us at_us, unsigned node,
                                  const struct rcs_check_fact *fact);
/* `about`: whom a FAIL is about, else -1. True: rcs_check_stepped is to be called when the step is
 * over. */
bool rcs_check_sent(struct rcs_check *check, rcs_us at_us, unsigned node, int to, int about,
                    const struct rcs_bus_msg *msg);
void rcs_check_stepped(struct rcs_check *check, rcs_us at_us, unsigned node);
void rcs_check_vote_came(struct rcs_check *check, unsigned node, unsigned voter, uint64_t epoch);

/* All views at one instant. */
struct rcs_check_views {
    unsigned count;
    const struct rcs_view *views;       /* `running` only of those that are up */
    const struct rcs_opinion *opinions; /* [viewer * count + node] */
    const bool *known;                  /* the same */
};
void rcs_check_views(struct rcs_check *check, rcs_us at_us, const struct rcs_check_views *views);
/* A write, by who last was known to have it: that acknowledged it, or gave it when it was read back
 * later. Without a way in which it was lost it is the first thing that happened to that node since.
 */
struct rcs_check_write {
    int node;
    rcs_us at_us;
    bool confirmed; /* by WAIT, */
    bool reread;    /* and read back */
    enum rcs_check_way way;
};
/* It is gone; `node` gave less than it, then. Gathered until rcs_check_writes. */
void rcs_check_lost(struct rcs_check *check, const struct rcs_check_write *write);
void rcs_check_stale(struct rcs_check *check, const struct rcs_check_write *write, int node,
                     rcs_us at_us);
/* Says what was gathered; and of `wrong` reads that gave what nobody wrote who gave the first. */
void rcs_check_writes(struct rcs_check *check, rcs_us at_us, uint64_t wrong, int wrong_node);

#endif
