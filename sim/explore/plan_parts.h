/* A plan while it is drawn: what the files that draw it share. */
#ifndef RCSIM_SIM_EXPLORE_PLAN_PARTS_H
#define RCSIM_SIM_EXPLORE_PLAN_PARTS_H

#include "sim/explore/plan.h"
#include "sim/rand.h"
#include "sim/scenario/chaos.h"

/* What was done to a node that healing must know of. */
enum rcs_plan_mark {
    RCS_MARK_PUT_DOWN = 1,
    RCS_MARK_PAUSED = 2,
    RCS_MARK_CLOCK = 4,
    RCS_MARK_FULL = 8,
    RCS_MARK_SLOW = 16,
    RCS_MARK_APART = 32, /* forgotten, reset, without its nodes.conf: somebody must meet it again */
    RCS_MARK_ABSENT = 64,  /* down when the block begins: not for chaos to start */
    RCS_MARK_STOPPED = 128 /* in an orderly way, which may take until after the block */
};

struct rcs_planned {
    rcs_us at_us;
    unsigned number; /* of those of one instant the first drawn comes first */
    char *text;
};

/* While a node answers nothing: a command to several would wait for it for minutes. */
struct rcs_stall {
    int node;
    rcs_us from_us, to_us;
};

struct rcs_plan {
    const struct rcs_script *script;
    const struct rcs_chaos *chaos;
    struct rcs_rand chance; /* of the line at hand */
    struct rcs_planned *lines;
    unsigned line_count, line_room;
    unsigned fault_count;
    unsigned char *marks; /* of enum rcs_plan_mark, a node each */
    struct rcs_stall *stalls;
    unsigned stall_count;
    int *targets; /* of the line at hand */
    unsigned target_count;
    int *chosen; /* of them, for the fault at hand; ascending */
    unsigned chosen_count;
    struct rcs_buf stable; /* what ends half-done moves */
    bool cut, dropped;
};

/* One fault of that line, from `at_us` on: its lines, and what healing must know (plan_fault.c). */
void rcs_plan_fault(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us);
/* What the layout says of a node's fsyncs. */
void rcs_plan_fsync(const struct rcs_plan *plan, int node, struct rcs_buf *out);

/* realloc that aborts. */
void *rcs_plan_grown(void *list, size_t bytes);
/* "1.5s", "20ms", "300us": as a scenario writes it. */
void rcs_plan_time(struct rcs_buf *out, rcs_us time_us);
/* "a1..a3,b2": one word. */
void rcs_plan_nodes(struct rcs_buf *out, const struct rcs_script *script, const int *nodes,
                    unsigned count);
const char *rcs_plan_name(const struct rcs_plan *plan, int node);

#endif
