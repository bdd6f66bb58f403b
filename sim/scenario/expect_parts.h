/* The inside of conditions: rows of a table, each with a reader and a judge.
 *
 * A judge adds a finding for everything that is not as it should be; none means that the condition
 * holds. */
#ifndef RCSIM_SIM_SCENARIO_EXPECT_PARTS_H
#define RCSIM_SIM_SCENARIO_EXPECT_PARTS_H

#include "sim/scenario/expect.h"

/* A number a condition asks for: 6, >=6, <3, 2..4, !=0. */
struct rcs_wanted {
    int64_t low, high;
    bool outside;
    const char *text;
};

/* An event in the run's history. */
struct rcs_happening {
    const char *mark;       /* the text of a statement or step; NULL: */
    struct rcs_group nodes; /* `what` on each of these */
    const char *what;
    int about;  /* -1 anybody */
    bool first; /* the first of them is enough */
    const char *text;
};

#define RCS_HAPPENINGS 8

struct rcs_cond_row;

struct rcs_cond {
    const struct rcs_cond_row *row;
    const char *text;
    bool no;
    int choice;
    struct rcs_group a, b, viewers;
    struct rcs_wanted number;
    const char *pattern; /* flags, log, slots (canonical), digest */
    struct rcs_happening happened[RCS_HAPPENINGS];
    unsigned happened_count;
    rcs_us low_us, high_us;
    int workload, error; /* numbers; -1 any error */
    const char *permit;  /* finding: the row of the table; NULL any, or none */
};

typedef bool rcs_cond_parse_fn(struct rcs_parser *parser, struct rcs_cond *cond);
typedef void rcs_cond_holds_fn(struct rcs_run *run, const struct rcs_cond *cond,
                               struct rcs_findings *findings);

struct rcs_cond_row {
    const char *word;
    const char *usage;
    const char *what;
    rcs_cond_parse_fn *parse;
    rcs_cond_holds_fn *holds;
};

/* expect.c */
void rcs_finding_add(struct rcs_findings *findings, int node, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
bool rcs_wanted_fits(const struct rcs_wanted *wanted, int64_t value);
bool rcs_wanted_take(struct rcs_parser *parser, struct rcs_wanted *out);
/* `on NODES`, up to `within` or the end. */
bool rcs_cond_take_on(struct rcs_parser *parser, struct rcs_group *out);
/* The same, or nothing: every node is asked about itself. */
bool rcs_cond_take_viewers(struct rcs_parser *parser, struct rcs_cond *cond);
/* Fills `view`; a finding if the node does not run. */
bool rcs_cond_runs(struct rcs_run *run, int node, struct rcs_view *view,
                   struct rcs_findings *findings);
const char *rcs_cond_name(const struct rcs_run *run, int node);
/* How long the span of a `time` condition is; false: it did not come to that. */
bool rcs_cond_span(struct rcs_run *run, const struct rcs_cond *cond, rcs_us *out);

/* expect_node.c: what nodes believe; expect_event.c: logs and what happened */
rcs_cond_parse_fn rcs_cond_parse_state;
rcs_cond_parse_fn rcs_cond_parse_role;
rcs_cond_parse_fn rcs_cond_parse_link;
rcs_cond_parse_fn rcs_cond_parse_life;
rcs_cond_parse_fn rcs_cond_parse_number;
rcs_cond_parse_fn rcs_cond_parse_known;
rcs_cond_parse_fn rcs_cond_parse_unknown;
rcs_cond_parse_fn rcs_cond_parse_master;
rcs_cond_parse_fn rcs_cond_parse_replicate;
rcs_cond_parse_fn rcs_cond_parse_slots;
rcs_cond_parse_fn rcs_cond_parse_flags;
rcs_cond_parse_fn rcs_cond_parse_epoch;
rcs_cond_parse_fn rcs_cond_parse_agreement;
rcs_cond_parse_fn rcs_cond_parse_log;
rcs_cond_parse_fn rcs_cond_parse_event;
rcs_cond_parse_fn rcs_cond_parse_span;
rcs_cond_parse_fn rcs_cond_parse_order;
rcs_cond_parse_fn rcs_cond_parse_digest;
rcs_cond_parse_fn rcs_cond_parse_healthy; /* expect_check.c */
rcs_cond_parse_fn rcs_cond_parse_finding;
rcs_cond_holds_fn rcs_cond_healthy_holds;
rcs_cond_holds_fn rcs_cond_finding_holds;
rcs_cond_parse_fn rcs_cond_parse_workload; /* verbs_workload.c */
rcs_cond_holds_fn rcs_cond_workload_holds;
rcs_cond_holds_fn rcs_cond_state_holds;
rcs_cond_holds_fn rcs_cond_role_holds;
rcs_cond_holds_fn rcs_cond_link_holds;
rcs_cond_holds_fn rcs_cond_life_holds;
rcs_cond_holds_fn rcs_cond_number_holds;
rcs_cond_holds_fn rcs_cond_known_holds;
rcs_cond_holds_fn rcs_cond_master_holds;
rcs_cond_holds_fn rcs_cond_slots_hold;
rcs_cond_holds_fn rcs_cond_flags_hold;
rcs_cond_holds_fn rcs_cond_epoch_holds;
rcs_cond_holds_fn rcs_cond_agreement_holds;
rcs_cond_holds_fn rcs_cond_log_holds;
rcs_cond_holds_fn rcs_cond_event_holds;
rcs_cond_holds_fn rcs_cond_span_holds;
rcs_cond_holds_fn rcs_cond_order_holds;
rcs_cond_holds_fn rcs_cond_digest_holds;

#endif
