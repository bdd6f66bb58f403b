/* How the files of this folder share an explanation under way. */
#ifndef RCSIM_SIM_EXPLAIN_PARTS_H
#define RCSIM_SIM_EXPLAIN_PARTS_H

#include <rcsim/explain.h>

#include "sim/explain/past.h"

struct rcs_explanation {
    struct rcs_trace_events events;
    struct rcs_past past;
    struct rcs_statement *list; /* texts are owned */
    size_t count, room;
    bool *told; /* by event: its causes have been told */
};

/* --- explain.c -------------------------------------------------------------------------------- */

/* Adds a statement; the text is copied. `place` -1: of no event. */
void rcs_state_text(struct rcs_explanation *explanation, unsigned depth, int place,
                    const char *what, const char *text);
/* The sentence of an event, and `after` behind it. */
void rcs_state_event(struct rcs_explanation *explanation, unsigned depth, int place,
                     const char *after);
/* "(missing: ...)": the words of `of` are filled in. */
void rcs_state_missing(struct rcs_explanation *explanation, unsigned depth, int of,
                       const char *words);

/* --- chain.c ---------------------------------------------------------------------------------- */

/* An event and all that led to it, each below what it led to. */
void rcs_chain_tell(struct rcs_explanation *explanation, int place, unsigned depth);

/* --- why_not.c -------------------------------------------------------------------------------- */

/* Role and state changes, and orders to fail over that were refused or came to nothing. */
#define RCS_ROLES                                                                                  \
    "promoted|follows|follows-grandmaster|follows-orphan|replicates|reset-to-master"               \
    "|starts-as-master|starts-as-replica"
#define RCS_MASTER_ROLES "promoted|reset-to-master|starts-as-master"
#define RCS_STATES       "state-ok|state-fail"
#define RCS_REFUSALS     "failover-is-master|failover-no-master|failover-master-down|failover-timeout"

/* What held at `at_us` for the node, and why; what holds it up. */
void rcs_why_at(struct rcs_explanation *explanation, int node, rcs_us at_us);
/* Why the node was not promoted up to then. */
void rcs_why_not(struct rcs_explanation *explanation, int node, rcs_us at_us);

#endif
