/* Rules of real servers that can be switched off, one by one, to see what they are for: `rule-off
 * NAME` in a scenario. A real server has no such switch; nothing is off unless asked for.
 *
 * The scenarios' tests switch them off to prove that their expectations notice. */
#ifndef RCSIM_SIM_NODE_RULES_H
#define RCSIM_SIM_NODE_RULES_H

#include <rcsim/base.h>

/* clang-format off */
#define RCS_RULES(X)                                                                               \
    X(SUB_REPLICA,      "sub-replica",      "a sub-replica moves to its grandmaster when slots change") \
    X(FOLLOW_CLAIM,     "follow-claim",     "who lost the last slot follows the winner")           \
    X(REJOIN_DELAY,     "rejoin-delay",     "a master waits before it says ok after a minority")   \
    X(MAJORITY,         "majority",         "without a majority of masters the state is fail")     \
    X(FORGET_BAN,       "forget-ban",       "a forgotten node is not adopted again for 60 s")      \
    X(ADOPT,            "adopt",            "nodes heard of in gossip are adopted")                \
    X(PFAIL,            "pfail",            "a silent peer is suspected")                          \
    X(FAIL_QUORUM,      "fail-quorum",      "suspects reported by a majority fail")                \
    X(EPOCH_BUMP,       "epoch-bump",       "TAKEOVER and imports take a new config epoch")        \
    X(EPOCH_COLLISION,  "epoch-collision",  "masters with one epoch move apart")                   \
    X(VOTE_ONCE,        "vote-once",        "one vote an epoch")                                   \
    X(UPDATE,           "update",           "outdated claims are answered with UPDATE")            \
    X(RANK,             "rank",             "replicas that are behind stand later")                \
    X(DATA_AGE,         "data-age",         "a replica too long without a master does not stand")  \
    X(RETRY,            "retry",            "after an election the next waits for four timeouts")  \
    X(VOTE_REST,        "vote-rest",        "two votes about one master lie two timeouts apart")   \
    X(MF_PAUSE,         "mf-pause",         "a manual failover pauses the master's writes")        \
    X(MF_OFFSET,        "mf-offset",        "a manual failover waits for the master's offset")     \
    X(ORPHAN,           "orphan",           "a spare replica goes to a master that lost its own")  \
    X(ASK,              "ask",              "clients are sent after keys that have moved")
/* clang-format on */

enum rcs_rule {
#define X(name, word, text) RCS_RULE_##name,
    RCS_RULES(X)
#undef X
        RCS_RULE_COUNT
};

/* The words above, in their order; NULL past the end. Static. */
const char *rcs_rule_word(unsigned index);
const char *rcs_rule_text(unsigned index);
/* Adds the rules named in `words` (separated by blanks; "none": all are on again) to *off. */
enum rcs_err rcs_rules_read(uint32_t *off, const char *words, struct rcs_diag *diag);

#endif
