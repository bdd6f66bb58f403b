/* What timing_lab.c (the experiments), timing_cluster.c (the clusters they are made with) and
 * timing_events.c (what is seen of them) share. */
#ifndef RCSIM_TEST_TIMING_PARTS_H
#define RCSIM_TEST_TIMING_PARTS_H

#include <rcsim/bus.h>
#include <rcsim/sim.h>

#include "tests/support/timing_lab.h"

#define MOST_CORES 64

struct timing_lab {
    struct rcs_sim *sim;
    const struct plan *plan;
    uint64_t seed, random;
    uint64_t child_random; /* of its own: what is late elsewhere stays as it is */
    int nodes;
    rcs_us elected_us[HISTORY_NODES]; /* last election of each shard */
    size_t seen;                      /* milestones before the injection */
    rcs_us t0_us;
    rcs_us command_late_us[HISTORY_NODES]; /* a node's TAKEOVER: by those before it, and itself */
    rcs_us core_free_us[MOST_CORES];       /* of the recording machine: from when on */
    int64_t rest[SENT_COUNT];              /* sent in HISTORY_REST_MS of the last rest */
    struct history history;                /* of the current run; milestones are added at its end */
};

/* --- chance ----------------------------------------------------------------------------------- */

uint64_t timing_draw(struct timing_lab *lab);
rcs_us timing_between_ms(struct timing_lab *lab, int64_t low, int64_t high); /* not `high` itself */
rcs_us timing_exponential(struct timing_lab *lab, rcs_us mean_us);
/* How much longer than an idle machine the recording machine takes this time for a child. */
rcs_us timing_child(struct timing_lab *lab);
/* How late a process of the recording machine is this time. */
rcs_us timing_wake(struct timing_lab *lab);
/* How long the start of a process takes. */
rcs_us timing_start_takes(struct timing_lab *lab);

/* --- the cluster ------------------------------------------------------------------------------ */

/* m1..mM, then r1..: ri follows m(i mod M). With a chain a1.., b1..: a1-a3 masters, a4-a6 and b1-b3
 * their replicas, b4-b6 those of b1-b3. */
void timing_build(struct timing_lab *lab);
/* At least four node timeouts and 4 s since the shard's last election, 2 s since the last change,
 * and 0..1 s at random. */
void timing_rest(struct timing_lab *lab, int shard);

/* Sends a command; the caller gives the session to timing_finish. */
struct rcs_session *timing_order(struct timing_lab *lab, int node, const char *text);
/* Waits for the reply, which must not be an error. */
void timing_finish(struct timing_lab *lab, struct rcs_session *session);
void timing_ask(struct timing_lab *lab, int node, const char *text); /* both */
void timing_fault(struct timing_lab *lab, enum rcs_fault what, int node);
/* True for a replica; its view. */
bool timing_replica(const struct timing_lab *lab, int node, struct rcs_view *view);
/* Adds what all nodes but one (-1: all) have sent to `counts`, so many times; -1 begins anew. */
void timing_count_all(struct timing_lab *lab, int but, int times, int64_t counts[SENT_COUNT]);

/* --- events ----------------------------------------------------------------------------------- */

/* The injection: a run's history begins, and its clock. */
void timing_begin(struct timing_lab *lab);
/* Adds what the experimenter did or saw. */
void timing_note(struct timing_lab *lab, enum what what, int node, int about, rcs_us at_us,
                 int64_t value);
/* Since the injection, as simulated; -1: any node. */
bool timing_happened(const struct timing_lab *lab, const char *what, int node, int about);
/* Lets time pass, at most 60 s, until it happened. */
void timing_until(struct timing_lab *lab, const char *what, int node, int about);
/* Adds the milestones since the injection, each as late as the recording machine made it. */
void timing_collect(struct timing_lab *lab);

/* What is waited for, at one node or all (-1); the first reply that shows it is noted. */
struct watch {
    enum what what;
    bool (*shows)(const struct timing_lab *lab, int node, int about);
    int node, about;
    bool seen[HISTORY_NODES];
};

/* Asks every node every poll_ms, for so long at least, and until every watch of one node has seen
 * what it waits for. */
void timing_poll(struct timing_lab *lab, struct watch *watches, int count, int64_t least_ms);

#endif
