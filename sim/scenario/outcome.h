/* What a run measured, kept while it runs: spans of `expect time`, durations of `await`, and the
 * first way in which it failed. */
#ifndef RCSIM_SIM_SCENARIO_OUTCOME_H
#define RCSIM_SIM_SCENARIO_OUTCOME_H

#include "sim/scenario/script.h"

struct rcs_run;

/* A statement's time; statements themselves lie in the script as long as the run lives. */
struct rcs_taken {
    const struct rcs_stmt *stmt;
    rcs_us took_us;
};

struct rcs_outcome {
    struct rcs_taken *taken;
    unsigned taken_count, taken_room;
    struct rcs_place failed_at;
    char *failed, *instead; /* NULL: nothing has failed */
};

void rcs_outcome_close(struct rcs_outcome *outcome);
/* `stmt` was judged: `took_us` is how long its `await` took, or RCS_NEVER if it did not come true;
 * of an `expect` it is not looked at. */
void rcs_outcome_judged(struct rcs_run *run, const struct rcs_stmt *stmt, rcs_us took_us);
/* An expectation failed; only the first is kept. */
void rcs_outcome_failed(struct rcs_outcome *outcome, const struct rcs_place *place,
                        const char *what, const char *instead);

#endif
