/* Invariants of a Redis Cluster, watched while a world runs, by code that knows nothing of how
 * nodes work: it judges what they say on the bus, write to their disks and decide, and what the
 * views of sim.h show.
 *
 * What breaks an invariant is a finding. Real servers break some of them, too: those breaches stand
 * in a table by rule and release, and a finding that falls under a row of it is permitted: it is
 * counted and can be read like the others, but no fault of the run. */
#ifndef RCSIM_CHECK_H
#define RCSIM_CHECK_H

#include <rcsim/sim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define RCS_INVARIANTS(X)                                                                          \
    /* at every step */                                                                            \
    X(EPOCH_FALLS,   "epoch-falls",    "a node's current epoch never falls")                       \
    X(CONFIG_FALLS,  "config-falls",   "a master's config epoch never falls")                      \
    X(DOUBLE_VOTE,   "double-vote",    "a master votes once an epoch, and for none older")         \
    X(VOTE_UNSAVED,  "vote-unsaved",   "a vote is on disk before it is sent")                      \
    X(TWO_WINNERS,   "two-winners",    "an epoch's election has one winner")                       \
    X(NO_MAJORITY,   "no-majority",    "a replica becomes master by votes of a majority or by TAKEOVER") \
    X(FAIL_QUORUM,   "fail-quorum",    "who is called FAIL was suspected by a majority of masters") \
    X(EPOCH_COLLISION, "epoch-collision", "no two masters claim slots with one config epoch")       \
    X(TWO_PROMOTED,  "two-promoted",   "of a master's replicas one at most is promoted in its place") \
    X(FORGOTTEN_RETURNS, "forgotten-returns", "a node that was told to forget another does not know it again") \
    /* after healing */                                                                            \
    X(SLOT_OWNERS,   "slot-owners",    "all views name the same owner of every slot")              \
    X(SLOT_UNOWNED,  "slot-unowned",   "every slot has an owner that runs")                        \
    X(EPOCH_SHARED,  "epoch-shared",   "masters have distinct config epochs")                      \
    X(FAIL_FLAG,     "fail-flag",      "no node that can be reached is called failing")            \
    X(SPLIT,         "split",          "all nodes know each other: one cluster")                   \
    X(STRAY_REPLICA, "stray-replica",  "every replica is under a master")                          \
    /* what clients see */                                                                         \
    X(LOST_WRITE,    "lost-write",     "an acknowledged write is not lost")                        \
    X(LOST_CONFIRMED, "lost-confirmed", "a write that WAIT confirmed is not lost")                 \
    X(LOST_READ,     "lost-read",      "a write that was read back later is not lost")            \
    X(WRONG_VALUE,   "wrong-value",    "a client reads what was written, and nothing older than was acknowledged")
/* clang-format on */
enum rcs_invariant {
#define X(name, word, text) RCS_INVARIANT_##name,
    RCS_INVARIANTS(X)
#undef X
        RCS_INVARIANT_COUNT
};
/* "epoch-falls"; "a node's current epoch never falls". Static. */
const char *rcs_invariant_name(enum rcs_invariant invariant);
const char *rcs_invariant_text(enum rcs_invariant invariant);

struct rcs_check;

/* Watches the world from now on, before its first event; lives as long as the world. */
struct rcs_check *rcs_check_watch(struct rcs_sim *sim);
/* The one that watches it; NULL. */
struct rcs_check *rcs_check_of(const struct rcs_sim *sim);

/* What was decided so far is the way to a cluster, and part of no fingerprint. */
void rcs_check_begin(struct rcs_check *check);
/* The caller says that every fault is healed and that the cluster had the time to come back: what
 * must hold then is looked at, at this instant. Nodes that are down are not asked; a slot must be
 * owned by one that is up. */
void rcs_check_healed(struct rcs_check *check, struct rcs_sim *sim);
/* A client that is no workload had `node` do a command that writes, and sent it at `since_us`: what
 * is gone of the workloads' writes there was deleted. */
void rcs_check_touched(struct rcs_sim *sim, int node, rcs_us since_us);
/* What the workloads of the world lost or were told wrongly, looked at now. */
void rcs_check_data(struct rcs_check *check, struct rcs_sim *sim);

struct rcs_check_finding {
    enum rcs_invariant invariant;
    /* Row of the table of permitted breaches, NULL: a breach; and what real servers do there. */
    const char *permit, *why;
    rcs_us at_us;     /* the first time */
    int node, other;  /* -1: nobody */
    uint64_t count;   /* how often; of lost writes and wrong reads: how many, when it was last asked */
    const char *text; /* a sentence, with time, node and numbers */
    /* The invariant and the last decisions of those concerned, with their roles; neither times, nor
     * names, nor ids: equal for what goes wrong in the same way. */
    const char *fingerprint;
};
/* Distinct ones, in the order they were found: a finding with the invariant, permit and fingerprint
 * of an earlier one is counted there. False past the end. Texts are borrowed until the world goes
 * on. */
bool rcs_check_found(const struct rcs_check *check, unsigned index, struct rcs_check_finding *out);
/* The text of the first finding that is not permitted, "" if there is none. Borrowed as above. */
const char *rcs_check_broken(const struct rcs_check *check);
/* Findings of a kind that were too many to be kept apart (over 64 distinct ones). */
uint64_t rcs_check_left_out(const struct rcs_check *check);

/* The table of permitted breaches, for help: NULL past the end. */
const char *rcs_check_permit(unsigned index, enum rcs_invariant *invariant, const char **why);

#ifdef __cplusplus
}
#endif
#endif
