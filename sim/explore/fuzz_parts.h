/* What the files of fuzzing share. */
#ifndef RCSIM_SIM_EXPLORE_FUZZ_PARTS_H
#define RCSIM_SIM_EXPLORE_FUZZ_PARTS_H

#include <rcsim/fuzz.h>

/* The expectation that failed, if it is none about invariants, whose findings tell more. */
bool rcs_fuzz_failure(const struct rcs_run *run, struct rcs_failure *out);

#endif
