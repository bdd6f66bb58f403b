/* A scenario's text, played to its end, and what came of it. */
#ifndef RCSIM_TEST_PLAY_H
#define RCSIM_TEST_PLAY_H

#include <rcsim/scenario.h>

/* Fails the test, with the place, if the text is no scenario. The caller's to free. */
struct rcs_scenario *play_parsed(const char *source, const char *text);

/* One node that knows nobody. */
#define PLAY_LONE "node a1\ncluster-node-timeout 2000\n"
/* A cluster that stands: masters at A, their replicas at B. */
#define PLAY_SIX                                                                                   \
    "cluster-node-timeout 1000\nsite A a1..a3\nsite B b1..b3\n"                                    \
    "cli --cluster create a1..a3 b1..b3 --cluster-replicas 1\nwait 8s\nexpect state ok on all\n"

struct played {
    struct rcs_buf out, trace; /* printed; traced, if asked for: a NUL stands behind, uncounted */
    bool began;                /* the options were taken */
    unsigned failures;         /* expectations that did not hold */
    enum rcs_err err;          /* what stopped it, or kept it from beginning, and `diag` says why */
    struct rcs_diag diag;
    uint64_t digest;
    rcs_us ended_us;
};

/* Plays a text called t.scenario. What becomes of print and trace is not for the options to say. */
struct played play_with(const char *text, struct rcs_run_options options);
struct played play(const char *text); /* without options */
/* The same in turns of `batch` events; interrupted after `stop_after` of them (0: never). */
struct played play_turns(const char *text, struct rcs_run_options options, unsigned batch,
                         unsigned stop_after);
/* Plays it and fails the test, with all that was printed, unless everything holds. */
struct played play_held(const char *text);
/* Fails the test, with the place, unless it ran to its end. */
void played_through(const struct played *played);
void played_close(struct played *played);

/* A shipped scenario, by its name in traces/. On the heap. */
char *play_shipped(const char *name);

#endif
