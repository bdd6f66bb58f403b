/* One play of an experiment that was made with real servers of each release, made with simulated
 * ones: nodes of one release on a loopback that start a few ms one after the other, node timeout
 * 2000 ms, no save points. */
#ifndef RCSIM_TEST_TRIAL_H
#define RCSIM_TEST_TRIAL_H

#include <rcsim/sim.h>

#include "sim/cluster/profile.h"

#define TRIAL_NODES_MAX 12

struct trial {
    struct rcs_sim *sim;
    const struct rcs_profile *profile;
    int count;   /* nodes with an epoch of their own */
    size_t seen; /* milestones before trial_begin() */
    int64_t t0_ms;
    uint64_t chance;
};

void trial_open(struct trial *trial, const struct rcs_profile *profile, uint64_t seed);
void trial_close(struct trial *trial); /* no invariant was broken */

int trial_node(const struct trial *trial, const char *name);

/* --- commands: no reply may be an error ------------------------------------------------------- */

void trial_ask(struct trial *trial, const char *name, const char *text);
/* The order, and the id of `about` behind it. */
void trial_ask_about(struct trial *trial, const char *name, const char *order, const char *about);
/* The same in two halves: the session that waits; and until it has its reply, which frees it. */
struct rcs_session *trial_send(struct trial *trial, const char *name, const char *text);
void trial_request(struct trial *trial, struct rcs_session *session, const char *name,
                   const char *text);
void trial_finish(struct trial *trial, struct rcs_session *session, const char *text);
void trial_await(struct trial *trial, struct rcs_session *session); /* until it has any reply */

void trial_fault(struct trial *trial, enum rcs_fault what, const char *const *names,
                 unsigned count);
void trial_fault_one(struct trial *trial, enum rcs_fault what, const char *name);

/* --- the cluster ------------------------------------------------------------------------------ */

/* Those of a cluster get epochs of their own. */
void trial_add_nodes(struct trial *trial, const char *const *names, int count, bool epochs);
/* `first` to `last`, one by one: ranges came with 7.0. */
void trial_add_slots(struct trial *trial, const char *name, int first, int last);
void trial_meet(struct trial *trial, const char *name, const char *const *names, int count);
/* `masters` of the names share the slots, cut there; the others are their replicas in turn. */
void trial_form(struct trial *trial, const char *const *names, int count, int masters,
                const int *cuts);

/* --- what happened ---------------------------------------------------------------------------- */

int64_t trial_now_ms(const struct trial *trial);
/* Some moment within the next second is 0 from now on. */
void trial_begin(struct trial *trial);
int64_t trial_ms(const struct trial *trial); /* since then */
/* When it happened first at `name` (NULL: anywhere) about `about` (NULL: anybody), ms since
 * trial_begin(); -1 never. */
int64_t trial_first_ms(const struct trial *trial, const char *what, const char *name,
                       const char *about);
int64_t trial_earlier(int64_t a_ms, int64_t b_ms); /* the one that happened, or the first */
/* When the last of the nodes that neither are down nor stopped said ok again; -1: not all did. */
int64_t trial_all_ok_ms(const struct trial *trial);
/* Lets time pass until it holds, `most_ms` after trial_begin() at the latest; the ms since then. */
int64_t trial_until(struct trial *trial, bool (*holds)(struct trial *trial), int64_t most_ms);

/* What a node says of all others, as tests/vectors/versions/views.txt has it. Adds to `out`. */
void trial_write_view(struct trial *trial, int viewer, struct rcs_buf *out);

#endif
