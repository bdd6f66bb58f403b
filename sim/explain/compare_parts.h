/* How the files of the comparison share its two sides. */
#ifndef RCSIM_SIM_EXPLAIN_COMPARE_PARTS_H
#define RCSIM_SIM_EXPLAIN_COMPARE_PARTS_H

#include "sim/explain/past.h"

struct side {
    const char *source;
    struct rcs_trace_events events;
    struct rcs_past past;
    int start; /* the fault or order from which time counts; -1 none */
};

static inline const struct rcs_trace_event *event_at(const struct side *side, int place)
{
    return &side->events.list[place];
}

static inline int event_count(const struct side *side)
{
    return (int)side->events.count;
}

/* What the client programs of both runs (two of them) counted, one after the other. */
void rcs_compare_workloads(struct rcs_buf *out, bool json, const struct side *sides);

#endif
