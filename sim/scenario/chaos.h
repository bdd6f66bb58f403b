/* What a `chaos` block says may happen: kinds of fault, their targets and rates. A plan
 * (sim/explore/plan.h) is drawn from it for each seed. */
#ifndef RCSIM_SIM_SCENARIO_CHAOS_H
#define RCSIM_SIM_SCENARIO_CHAOS_H

#include "sim/scenario/script.h"

struct rcs_parser;

enum rcs_chaos_kind {
    RCS_CHAOS_KILL,
    RCS_CHAOS_STOP,
    RCS_CHAOS_PAUSE,
    RCS_CHAOS_POWEROFF,
    RCS_CHAOS_PARTITION,
    RCS_CHAOS_ONEWAY, /* partition ... oneway */
    RCS_CHAOS_LATENCY,
    RCS_CHAOS_JITTER,
    RCS_CHAOS_LOSS,
    RCS_CHAOS_DROP,
    RCS_CHAOS_CLOCK,
    RCS_CHAOS_DISK_FULL,
    RCS_CHAOS_DISK_FSYNC,
    RCS_CHAOS_EMPTY,
    RCS_CHAOS_FORGETFUL,
    RCS_CHAOS_STALE,
    RCS_CHAOS_TAKEOVER,
    RCS_CHAOS_FORCE,
    RCS_CHAOS_FAILOVER,
    RCS_CHAOS_FORGET,
    RCS_CHAOS_RESET_SOFT,
    RCS_CHAOS_RESET_HARD,
    RCS_CHAOS_MEET,
    RCS_CHAOS_BUMPEPOCH,
    RCS_CHAOS_MOVE,
    RCS_CHAOS_KIND_COUNT
};

struct rcs_chaos_line {
    enum rcs_chaos_kind kind;
    struct rcs_group nodes;         /* of kinds that are about nodes */
    const char *site_a, *site_b;    /* latency, jitter, loss; NULL: as `latency` has it */
    bool any_sites;                 /* of any two sites, drawn each time */
    int64_t low, high;              /* us; loss: of 10000; drop: messages */
    rcs_us every_us;                /* the mean from one such fault to the next */
    rcs_us for_us_low, for_us_high; /* how long it lasts, each octave as likely */
    const char *type;               /* drop */
};

struct rcs_chaos {
    struct rcs_place place;
    rcs_us lasts_us, recover_us;
    struct rcs_chaos_line *lines;
    unsigned line_count;
    size_t first_byte, last_byte; /* of the text: where its first and its last line begin */
    unsigned stmts_before;        /* statements of the script that stand above it */
};

/* The steps of a plan: its faults; where everything is put back. */
#define RCS_PLAN_STEP   "chaos"
#define RCS_PLAN_HEALED "healed"

/* A plan's length has a bound: the mean number of faults of a line, lines, blocks. */
#define RCS_CHAOS_MEAN_MAX  200
#define RCS_CHAOS_LINE_MAX  64
#define RCS_CHAOS_BLOCK_MAX 4

/* As it stands in a line, and what it does; NULL past the end. For `rcsim help scenario`. */
const char *rcs_chaos_usage(unsigned row, const char **what);
/* "kill", "partition oneway", "reset hard": for a plan's head line. */
const char *rcs_chaos_name(enum rcs_chaos_kind kind);

/* A line of the block, at the parser's first word. */
bool rcs_parse_chaos_line(struct rcs_parser *parser, struct rcs_chaos *chaos);

#endif
