/* Points of a sweep: how many runs succeed, as virtual nodes play them, and as real ones did. */
#ifndef RCSIM_TEST_SWEEP_LAB_H
#define RCSIM_TEST_SWEEP_LAB_H

#include <rcsim/explore.h>

#define SWEEP_POINTS_MAX 8

struct sweep_point {
    char value[16];                                      /* "5s" */
    unsigned live, live_runs, simulated, simulated_runs; /* successes, of so many */
};

/* The file, the param that is varied; the points that were played with real servers. */
#define SWEEP_SETTLE       "sweeps/two-dc-settle.scenario"
#define SWEEP_SETTLE_PARAM "settle"

/* A sweep of one value, whose runs the caller plays into `record`. */
struct sweep_played {
    struct rcs_scenario *scenario;
    struct rcs_sweep *sweep;
    struct rcs_sweep_record *record;
};

/* `vary` as the command has it; fails the test if it cannot be played. `run` is borrowed. */
struct sweep_played sweep_lab_new(const char *text, const char *vary, unsigned seeds,
                                  const struct rcs_run_options *run);
void sweep_lab_close(struct sweep_played *played);

/* Reads "VALUE TAB SUCCESSES TAB RUNS" of what real servers did, below tests/vectors; returns how
 * many points there are. */
unsigned sweep_lab_recorded(const char *path, struct sweep_point points[SWEEP_POINTS_MAX]);
/* Plays the scenario, below traces/, with seeds 1 to `seeds` and param=point->value. */
void sweep_lab_simulate(const char *scenario, const char *param, unsigned seeds,
                        struct sweep_point *point);
/* "settle=5s: live 7 of 20, simulated 412 of 1000: agree at 95 % (exact test)". Returns how likely
 * a difference as large is by chance. */
double sweep_lab_compare(const char *param, const struct sweep_point *point);

#endif
