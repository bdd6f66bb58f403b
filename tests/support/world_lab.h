/* A small world, through the public interface: nodes a1.. at one site. */
#ifndef RCSIM_TEST_WORLD_LAB_H
#define RCSIM_TEST_WORLD_LAB_H

#include "tests/support/support.h"

#include <rcsim/check.h>
#include <rcsim/sim.h>

struct world {
    struct rcs_sim *sim;
    struct rcs_session *session;
    unsigned count;
};

/* What tests set; the rest is the default. */
struct wish {
    unsigned nodes; /* 0: 6 */
    uint64_t seed;  /* 0: 1 */
    bool wire_check;
    const char *loglevel;
    rcs_log_fn *log_fn;
    void *log_arg;
    uint64_t nudge; /* this transmission comes 1 us late */
};

/* Nodes that run and know nobody. */
struct world world_started(const struct wish *wish);
/* Three masters a1 a2 a3 with a third of the slots each, every other node a replica of one of them.
 */
struct world world_clustered(const struct wish *wish);
/* Nothing may have been broken by then. */
void world_end(struct world *world);
/* Sends a command of words and waits for the end of it; what redis-cli would print, borrowed until
 * the next call. */
const char *world_ask(struct world *world, struct rcs_session *session, int node,
                      const char *command);
/* A command of the world's own session, whose reply must be OK. */
void world_order(struct world *world, int node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void world_fault(struct world *world, enum rcs_fault what, int node);

/* What a node sees of itself; which flags `viewer` has for a node it knows. */
struct rcs_view world_view(const struct world *world, int node);
unsigned world_flags(const struct world *world, int viewer, int node);
/* The first such milestone from number `from` on; `node` -1: any. */
bool world_milestone(const struct world *world, const char *what, int node, size_t from,
                     struct rcs_milestone *out);

#endif
