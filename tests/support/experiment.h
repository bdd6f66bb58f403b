/* Experiments that were made with real servers of several releases: what was recorded of them
 * (vectors/versions, whose heads say what was done), and the table of those that a program plays.
 *
 * Who is whose replica in everybody's view must be as recorded, and when the steps were (spread.h).
 * In all that they show 7.0 does as 7.2: where nothing was recorded of 7.0, it is held against
 * 7.2's. */
#ifndef RCSIM_TEST_EXPERIMENT_H
#define RCSIM_TEST_EXPERIMENT_H

#include "tests/support/spread.h"
#include "tests/support/trial.h"

/* The release whose recordings stand for `profile`'s in this experiment. */
const char *experiment_release(const char *experiment, const struct rcs_profile *profile);
/* Holds the columns against the recorded lines, and counts these. */
unsigned experiment_recorded(const char *experiment, const struct rcs_profile *profile,
                             struct spread *const *columns, unsigned count);
/* What all nodes of real servers saw in that step, on the heap. */
char *experiment_view(const char *experiment, const struct rcs_profile *profile, int step);
/* Fails unless all running nodes see that. */
void experiment_expect_views(struct trial *trial, const char *experiment, int step);

struct experiment {
    const char *name; /* NULL ends a table */
    void (*run)(void **state);
    const char *releases; /* it is played as these */
};
/* A test for each experiment and release, whose state is the profile; for main() to return. */
int experiments_run(const struct experiment *experiments);

#endif
