/* Shrinking: the smallest scenario text that still does what a finding did.
 *
 * The text is one with a plan in it (sim/explore/plan.h), or any other. Faults are its lines
 * `at TIME STATEMENT` above the step "healed"; the caller's predicate says whether a text still
 * shows the same. What is tried, as long as something helps:
 *   faults are left out: all, halves, quarters, ..., at last each alone;
 *   what healing puts back though no fault needs it is left out;
 *   groups of nodes lose members; times of faults and lengths of blocks become rounder, then
 *   earlier and shorter; waits become shorter; workloads have fewer keys; sites lose their last
 *   node.
 * In the end no single fault can be left out, unless the runs were used up. */
#ifndef RCSIM_SIM_EXPLORE_SHRINK_H
#define RCSIM_SIM_EXPLORE_SHRINK_H

#include <rcsim/base.h>

/* True if `text` is a scenario that shows what was found. Called with texts that may be no scenario
 * (a node that was left out is named): false. Must depend on the text alone. */
typedef bool rcs_still_fn(void *arg, const char *text);

struct rcs_shrink_counts {
    unsigned runs;                        /* calls of the predicate */
    unsigned faults_before, faults_after; /* lines */
    bool minimal; /* no single fault can be left out: each was tried on the result */
};

struct rcs_shrink_limits {
    unsigned runs_max; /* calls of the predicate, 1 at least */
    /* The waits from "healed" on stay: of a cluster that does not come back, less time to do so
     * would say nothing. */
    bool keep_recover;
};

/* Malloc'd. NULL: the predicate does not hold of `text` itself. Deterministic. All faults stay
 * within the wait before "healed", if they did: none comes after it. */
char *rcs_shrink(const char *text, rcs_still_fn *still, void *arg,
                 const struct rcs_shrink_limits *limits, struct rcs_shrink_counts *counts);

#endif
