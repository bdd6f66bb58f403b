/* The timing experiments (README of the recordings: "How a run works"), simulated.
 *
 * The experimenter is modelled here, not in the nodes: which master it takes, how long it lets the
 * cluster rest, when it polls; and the recording machine's scheduling, which makes every process
 * notice late what happens to it (see wake_us). */
#ifndef RCSIM_TEST_TIMING_LAB_H
#define RCSIM_TEST_TIMING_LAB_H

#include "tests/support/history.h"

/* LAGGING: one of the two replicas loses its link and a write before. CHAINED: half of the nodes
 * are a second site whose replicas have replicas; it takes over. */
enum experiment {
    KILL_ONE,
    KILL_LAGGING,
    KILL_AND_RESTART,
    TAKE_OVER,
    TAKE_OVER_CHAINED,
    TAKE_OVER_AND_RESTART,
    FAIL_OVER,
    FORCE,
    PAUSE
};

struct plan {
    enum experiment experiment;
    int timeout_ms;
    int masters, replicas;     /* replicas of each master */
    int sync_delay;            /* repl-diskless-sync-delay */
    int runs;                  /* on one cluster, one after the other */
    int poll_ms, poll_most_ms; /* from one question to a node to the next; the longest of a run */
    bool counts;               /* messages, of KILL_ONE */
    /* The recording machine: means, in microseconds, of how late a process is to notice a message,
     * a timer or a reply, and of the time a TAKEOVER takes. Added to the instants afterwards, along
     * the chain of messages that led there. */
    int64_t wake_us, command_us;
    /* Nor are there more than `cores` processors: a process that writes nodes.conf holds one for
     * work_us, on average, and others wait. 0: it takes no time. */
    int64_t work_us;
    int cores;
    /* How much longer than an idle machine it takes to fork and to have the child write an RDB. */
    int64_t child_us;
    /* Something made wrong on purpose, for the test of the test; NULL: nothing. */
    const char *network, *directive, *value;
};

/* The seed'th run: of a cluster of its own, after 0..runs - 1 others. The caller closes it. */
struct history timing_lab_run(const struct plan *plan, uint64_t seed);

/* Pings and pongs one node of an idle cluster sends in `window_ms`; the node is drawn. */
void timing_lab_idle(uint64_t seed, int nodes, int masters, int timeout_ms, int window_ms,
                     int64_t *pings, int64_t *pongs);

#endif
