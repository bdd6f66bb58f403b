/* The plan of `redis-cli --cluster create`: who becomes master of which slots, who replicates whom
 * (redis-cli 7.0 clusterManagerCommandCreate). */
#ifndef RCSIM_SIM_SCENARIO_CLI_PLAN_H
#define RCSIM_SIM_SCENARIO_CLI_PLAN_H

#include <rcsim/resp.h>

#include "sim/rand.h"

struct rcs_plan_node {
    const char *host; /* as typed; decides what counts as the same machine */
    int port;
    int master;      /* number of its master, -1: is one */
    int first, last; /* slots of a master */
};

/* Fills master, first and last of `nodes`, which stand in the order they were typed, and appends
 * what is printed on the way. RCS_ERR_RANGE: too few nodes for three masters (the text says so,
 * too). The optimiser draws from `chance`, where redis-cli has its srand. */
enum rcs_err rcs_plan_make(struct rcs_plan_node *nodes, unsigned count, unsigned replicas,
                           struct rcs_rand *chance, struct rcs_buf *out);

/* The last slots of each of `masters` masters, as C `float` arithmetic gives them. */
void rcs_plan_split(unsigned masters, int *last);

/* 10000 a replica beside its master, 1 a replica beside another of the same master; 0 is perfect.
 */
unsigned rcs_plan_score(const struct rcs_plan_node *nodes, unsigned count);

#endif
