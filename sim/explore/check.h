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
void rcs_check_saved(struct rcs_check *check, unsigned node, const struct rcs_check_disk *disk,
                     bool fsync);
/* Somebody else did, or removed it (NULL). */
void rcs_check_replaced(struct rcs_check *check, unsigned node, const struct rcs_check_disk *disk);
void rcs_check_disturbed(struct rcs_check *check, rcs_us at_us);
/* A host's clock was set: what is measured by it ends at any time. */
void rcs_check_clock_put(struct rcs_check *check);

/* A milestone. `code` stands for `what`, always the same one; `about` -1: nobody known. */
struct rcs_check_fact {
    unsigned code;
    const char *what;
    int about;
    int64_t values[3];
    int64_t node_timeout_ms; /* of the node */
};
void rcs_check_fact(struct rcs_check *check, rcs_us at_us, unsigned node,
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
/* Of `acknowledged` writes `lost` are gone; `wrong` values were read that nobody wrote. */
void rcs_check_writes(struct rcs_check *check, rcs_us at_us, uint64_t lost, uint64_t wrong);

#endif
