/* What a trace holds of the time before an event: finds, and never concludes. */
#ifndef RCSIM_SIM_EXPLAIN_PAST_H
#define RCSIM_SIM_EXPLAIN_PAST_H

#include "sim/world/trace_events.h"

/* Events by node, so that one node's past is found without reading everybody's. Events are named by
 * their place in the list; -1 is none. */
struct rcs_past {
    const struct rcs_trace_events *events;
    int *places;   /* ascending for each node, node after node */
    int *first_of; /* by node + 1, and one more: where its places begin */
};
void rcs_past_init(struct rcs_past *past, const struct rcs_trace_events *events);
void rcs_past_close(struct rcs_past *past);

/* True if `what` is one of the words of `list`, "fail|pfail". */
bool rcs_past_word(const char *list, const char *what);

#define RCS_ANYBODY (-2)

/* Faults that cut nodes off from each other. */
#define RCS_PARTITIONS "partition|partition-oneway|reject-rst|reject-icmp"

/* The last event of `node` (-1: faults and notes) before `place` that is one of `list` and about
 * `about`. */
int rcs_past_before(const struct rcs_past *past, int place, int node, const char *list, int about);
/* The fault for which `node` hears nothing of `about`: that one stopped, or they were cut off from
 * each other. Of several that still hold the first; what a start, a resume or a healing ended does
 * not count. */
int rcs_past_fault(const struct rcs_past *past, int place, int node, int about);
/* The fault that ended or paused the node's process; -1 if it runs. */
int rcs_past_down(const struct rcs_past *past, int place, int node);
/* The first bus message of that type from one node to the other that a `drop` took after `place`,
 * where it was sent, and before the next like it was; -1 none. */
int rcs_past_dropped(const struct rcs_past *past, int place, int type, int from, int to);
/* The `drop` that took the message of that fault "dropped": the last one that speaks of such. */
int rcs_past_drop(const struct rcs_past *past, int dropped);
/* The cause in front of `place` that belongs to the same decision, walking back from `from`:
 * lines of the same node and instant, no further than the milestone before. */
int rcs_past_step(const struct rcs_past *past, int place, int from, const char *list);

#endif
