/* A trace as a list of what happened, for those who ask about it: milestones, the causes in front
 * of them, faults, and the scenario's own lines. Packets are left out. */
#ifndef RCSIM_SIM_WORLD_TRACE_EVENTS_H
#define RCSIM_SIM_WORLD_TRACE_EVENTS_H

#include <rcsim/trace.h>

enum rcs_trace_kind {
    RCS_TRACE_MILESTONE,
    RCS_TRACE_CAUSE,
    RCS_TRACE_NOTE,
    RCS_TRACE_FAULT,
    RCS_TRACE_END /* what: "complete" or "interrupted"; always the last */
};

#define RCS_TRACE_NUMBERS 4

/* Texts are interned: equal ones are the same pointer, for the life of the list. */
struct rcs_trace_event {
    rcs_us at_us;
    int line; /* in the file */
    enum rcs_trace_kind kind;
    const char *what; /* the milestone's, cause's or fault's name, or the kind of note */
    /* Nodes by number, -1 nobody. A stranger's id counts as a node's name. */
    int node, about, by, from;
    const char *on; /* NULL none */
    const char *text, *text2;
    struct {
        const char *name;
        int64_t value;
    } numbers[RCS_TRACE_NUMBERS]; /* in the order of the line */
    unsigned number_count;
    const int *nodes; /* of a fault, the second side behind the first */
    unsigned node_count, side_count;
    uint64_t how; /* of a fault */
};

/* What a fault "drop" says of the messages it takes, and "dropped" of the one it took. */
#define RCS_TRACE_DROP_MAX 0xffffff
struct rcs_trace_drop {
    int type;             /* enum rcs_bus_type; -1 any */
    unsigned skip, count; /* RCS_TRACE_DROP_MAX: so many or more */
    int from, to;         /* -1 any */
};
struct rcs_trace_drop rcs_trace_drop(const struct rcs_trace_event *fault);

struct rcs_trace_events {
    struct rcs_trace_header header;
    const struct rcs_trace_event *list;
    size_t count;
    const char *const *names; /* of nodes, in the order in which the trace speaks of them */
    unsigned name_count;
    bool intact; /* its lines are those that were written, all of them */
    void *own;
};

/* Errors as rcs_trace_check, but for edited or missing lines, which leave `intact` false. Must be
 * closed in any case. */
enum rcs_err rcs_trace_events_read(struct rcs_trace_events *out, const char *source,
                                   const char *text, size_t size_bytes, struct rcs_diag *diag);
void rcs_trace_events_close(struct rcs_trace_events *events);
/* The text that equals it; NULL: the trace has none, so no event names it. */
const char *rcs_trace_events_text(const struct rcs_trace_events *events, const char *text);
int rcs_trace_events_node(const struct rcs_trace_events *events, const char *name); /* -1 none */
bool rcs_trace_number(const struct rcs_trace_event *event, const char *name, int64_t *out);

#endif
