/* Many runs of one scenario: a value or two are varied, and what the runs measured is drawn
 * together.
 *
 * A sweep is a grid of points (values of its axes) times seeds. Every run of it is numbered, and is
 * independent of those before it: any process may carry out any of them, in any order. */
#ifndef RCSIM_EXPLORE_H
#define RCSIM_EXPLORE_H

#include <rcsim/scenario.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- an axis: what is varied ------------------------------------------------------------------ */

enum rcs_axis_kind { RCS_AXIS_PARAM, RCS_AXIS_DIRECTIVE, RCS_AXIS_LATENCY };

#define RCS_AXIS_NAME_BYTES  80
#define RCS_AXIS_VALUE_BYTES 40
#define RCS_AXIS_VALUES_MAX  10000

struct rcs_axis {
    enum rcs_axis_kind kind;
    char name[RCS_AXIS_NAME_BYTES]; /* "settle", "cluster-node-timeout", "latency A B" */
    /* In the smallest unit of what is varied: us, hundredths of a percent, or ones. */
    int64_t from, step;
    unsigned count; /* values: from, from + step, ... */
    unsigned unit;  /* in which they are printed */
};

/* Reads NAME=FROM..TO/STEP: durations (10us, 250ms, 1.5s, 2m), whole numbers or percents. Refused
 * with a sentence in `diag`: a NAME that is no `param` of the scenario, no directive and not
 * `latency A B` of its layout; values a directive does not take; more than RCS_AXIS_VALUES_MAX. */
enum rcs_err rcs_axis_read(struct rcs_axis *out, const struct rcs_scenario *scenario,
                           const char *text, struct rcs_diag *diag);
/* The value as it stands in a scenario: "11.5s", "5000", "2.5%". */
void rcs_axis_value(const struct rcs_axis *axis, unsigned index, char out[RCS_AXIS_VALUE_BYTES]);

/* --- a sweep ---------------------------------------------------------------------------------- */

struct rcs_sweep;

#define RCS_SWEEP_AXES       2
#define RCS_SWEEP_POINTS_MAX 10000
#define RCS_SWEEP_SEEDS_MAX  1000000

struct rcs_sweep_options {
    const struct rcs_scenario *scenario; /* borrowed */
    struct rcs_axis axes[RCS_SWEEP_AXES];
    unsigned axis_count; /* 1 or 2 */
    uint64_t first_seed;
    unsigned seeds;
    /* redis, overrides and params are taken from here; borrowed. */
    const struct rcs_run_options *run;
};

/* Refused with `diag`: a value with which the scenario cannot be read or begun (text names it), or
 * one that makes its expectations others. */
enum rcs_err rcs_sweep_new(struct rcs_sweep **out, const struct rcs_sweep_options *options,
                           struct rcs_diag *diag);
void rcs_sweep_free(struct rcs_sweep *sweep);
const struct rcs_sweep_options *rcs_sweep_options(const struct rcs_sweep *sweep);
/* "Redis 7.0.15". Static. */
const char *rcs_sweep_release(const struct rcs_sweep *sweep);

unsigned rcs_sweep_points(const struct rcs_sweep *sweep);
uint64_t rcs_sweep_runs(const struct rcs_sweep *sweep);
/* The point and the seed of a run. Runs of one seed stand together, so that what was carried out
 * when a sweep is ended early is spread over all points. */
unsigned rcs_sweep_point_of(const struct rcs_sweep *sweep, uint64_t run);
uint64_t rcs_sweep_seed_of(const struct rcs_sweep *sweep, uint64_t run);
/* The number of the axis's value at a point. */
unsigned rcs_sweep_value_of(const struct rcs_sweep *sweep, unsigned point, unsigned axis);
/* "settle=1.5s", "settle=1.5s latency A B=20ms". */
void rcs_sweep_point_print(const struct rcs_sweep *sweep, unsigned point, struct rcs_buf *out);

/* What the scenario measures; its text, "time from ... to ...", is borrowed. NULL past the last. */
const char *rcs_sweep_measure(const struct rcs_sweep *sweep, unsigned index,
                              enum rcs_measure_kind *kind);
unsigned rcs_sweep_measures(const struct rcs_sweep *sweep);

#define RCS_UNMEASURED INT64_MIN

/* What one run gave. Of fixed size within a sweep, rcs_sweep_record_bytes, and free of pointers, so
 * that it can be written to another process of the same program. */
struct rcs_sweep_record {
    uint64_t run;
    uint64_t digest;
    int32_t failed;  /* 0 success; 1 an expectation did not hold, or the script could not go on */
    int32_t line;    /* of the first failure */
    char source[64]; /* its file; cut where too long, as is: */
    char what[232];  /* what was expected */
};
/* Behind it, one for each measure; RCS_UNMEASURED: it did not come to that. */
static inline int64_t *rcs_sweep_measured(struct rcs_sweep_record *record)
{
    return (int64_t *)(void *)(record + 1);
}
static inline const int64_t *rcs_sweep_measured_of(const struct rcs_sweep_record *record)
{
    return (const int64_t *)(const void *)(record + 1);
}
size_t rcs_sweep_record_bytes(const struct rcs_sweep *sweep);
/* Plays a run from its beginning to its end. */
void rcs_sweep_play(const struct rcs_sweep *sweep, uint64_t run, struct rcs_sweep_record *out);

/* --- what the runs say together --------------------------------------------------------------- */

/* Confidence limits of a share of which `hits` of `count` were seen, exact (Clopper and Pearson):
 * each limit is passed with a chance of (1 - confidence) / 2 at most. count 0: 0 and 1. */
void rcs_interval(uint64_t hits, uint64_t count, double confidence, double *low, double *high);
/* What share is at least there when all of `count` succeeded: the one-sided exact limit. */
double rcs_all_succeeded(uint64_t count, double confidence);

#define RCS_QUANTILES 5 /* p0 p50 p90 p99 p100 */

struct rcs_spread {
    uint64_t known;
    int64_t quantiles[RCS_QUANTILES]; /* values that were measured, by nearest rank; of known > 0 */
};

struct rcs_way_to_fail {
    const char *source, *what; /* NULL: nothing failed */
    int line;
    uint64_t times;
    uint64_t seed; /* the smallest that shows it */
};

struct rcs_point_summary {
    uint64_t runs, successes;
    double low, high; /* of the share of successes, 95 % */
    struct rcs_way_to_fail commonest;
    const struct rcs_spread *spreads; /* one a measure */
};

struct rcs_summary;

/* Takes records in any order, each run once. */
struct rcs_summary *rcs_summary_new(const struct rcs_sweep *sweep);
void rcs_summary_free(struct rcs_summary *summary);
void rcs_summary_add(struct rcs_summary *summary, const struct rcs_sweep_record *record);
uint64_t rcs_summary_runs(const struct rcs_summary *summary);
/* After all are added. Borrowed for the summary's life. */
const struct rcs_point_summary *rcs_summary_point(struct rcs_summary *summary, unsigned point);

/* What a runbook may say: from which value on, or up to which, all runs succeed, and of how many in
 * a hundred that is a proof. One line for each value of a second axis. */
void rcs_summary_verdict(struct rcs_summary *summary, struct rcs_buf *out);

#ifdef __cplusplus
}
#endif
#endif
