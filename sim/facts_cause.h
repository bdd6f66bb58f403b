/* What was weighed when something was decided, a row a fact; see facts.h. Real servers say nothing
 * of it. A cause is said only while somebody reads causes (a trace, a test), stands in front of the
 * decision it belongs to, and is part of no digest: it never changes what happens.
 *
 * Where nothing was decided for a reason (no election, no migration, still not ok), the reason is
 * said once, when it begins or its number changes. */
#ifndef RCSIM_SIM_FACTS_CAUSE_H
#define RCSIM_SIM_FACTS_CAUSE_H
/* clang-format off */
#define RCS_CAUSE_FACTS(X)                                                                          \
    /* constant, name in traces, fields */                                                          \
    /* FAIL: about the failing node, by who reports it */                                           \
    X(CAUSE_REPORT,           "report",              "age_ms", "", "")                              \
    X(CAUSE_OWN_REPORT,       "own-report",          "", "", "")                                    \
    X(CAUSE_FAIL_LOADED,      "fail-loaded",         "flags", "", "")                               \
    X(CAUSE_FAIL_ADOPTED,     "fail-adopted",        "flags", "", "")                               \
    X(CAUSE_FAIL_SHORT,       "fail-short",          "reports", "needed", "size")                   \
    X(CAUSE_FAIL_REPLICA,     "fail-of-replica",     "failed_for_ms", "", "")                       \
    X(CAUSE_FAIL_EMPTY,       "fail-of-empty",       "failed_for_ms", "", "")                       \
    X(CAUSE_FAIL_UNDO,        "fail-undo",           "failed_for_ms", "limit_ms", "")               \
    X(CAUSE_FAIL_KEPT,        "fail-kept",           "failed_for_ms", "limit_ms", "")               \
    /* cluster_state */                                                                             \
    X(CAUSE_STATE_UNCOVERED,  "state-uncovered",     "uncovered", "unowned", "unreached")           \
    X(CAUSE_STATE_MINORITY,   "state-minority",      "reachable", "unreached", "needed")            \
    X(CAUSE_STATE_UNREACHED,  "state-unreached",     "flags", "slots", "")                          \
    X(CAUSE_STATE_STARTING,   "state-starting",      "up_ms", "limit_ms", "")                       \
    X(CAUSE_STATE_REJOINING,  "state-rejoining",     "since_minority_ms", "limit_ms", "")           \
    X(CAUSE_STATE_MAJORITY,   "state-majority",      "reachable", "needed", "size")                 \
    X(CAUSE_STATE_REJOINED,   "state-rejoined",      "since_minority_ms", "limit_ms", "")           \
    X(CAUSE_STATE_REPLICA,    "state-replica",       "", "", "")                                    \
    X(CAUSE_STATE_STEADY,     "state-steady",        "", "", "")                                    \
    /* the candidate: why it does not stand, or goes no further; about its master */                \
    X(CAUSE_STAND_UNKNOWN,    "stand-unknown",       "", "", "")                                    \
    X(CAUSE_STAND_SUSPECTED,  "stand-suspected",     "reports", "needed", "size")                   \
    X(CAUSE_STAND_FORBIDDEN,  "stand-forbidden",     "", "", "")                                    \
    X(CAUSE_STAND_EMPTY,      "stand-empty",         "", "", "")                                    \
    X(CAUSE_STAND_OLD,        "stand-old",           "age_ms", "allowed_ms", "limit_ms")            \
    X(CAUSE_STAND_LIMIT,      "stand-limit",         "ping_ms", "timeout_ms", "factor")             \
    X(CAUSE_STAND_DELAY,      "stand-delay",         "left_ms", "rank", "")                         \
    X(CAUSE_STAND_EXPIRED,    "stand-expired",       "age_ms", "timeout_ms", "retry_ms")            \
    X(CAUSE_STAND_VOTES,      "stand-votes",         "votes", "needed", "epoch")                    \
    /* the candidate: what it weighed when it scheduled its election */                             \
    X(CAUSE_DATA_AGE,         "data-age",            "age_ms", "allowed_ms", "limit_ms")            \
    X(CAUSE_DATA_ANY_AGE,     "data-any-age",        "age_ms", "", "")                              \
    X(CAUSE_RANK_AHEAD,       "rank-ahead",          "their_offset", "my_offset", "")               \
    X(CAUSE_RANK_BY_NAME,     "rank-by-name",        "their_offset", "my_offset", "")               \
    X(CAUSE_RANK_BEHIND,      "rank-behind",         "their_offset", "my_offset", "")               \
    X(CAUSE_RANK_SKIPPED,     "rank-skipped",        "", "", "")                                    \
    X(CAUSE_DELAY_PARTS,      "delay-parts",         "fixed_ms", "random_ms", "rank_ms")            \
    X(CAUSE_DELAY_NONE,       "delay-none",          "", "", "")                                    \
    X(CAUSE_VOTE_ASKED,       "vote-asked",          "epoch", "", "")                               \
    X(CAUSE_VOTE_NOT_ASKED,   "vote-not-asked",      "epoch", "", "")                               \
    X(CAUSE_VOTERS,           "voters",              "masters", "epoch", "")                        \
    X(CAUSE_VOTE_UNCOUNTED,   "vote-uncounted",      "their_epoch", "election_epoch", "slots")      \
    X(CAUSE_EPOCH_STALE,      "epoch-stale",         "election_epoch", "my_epoch", "")              \
    X(CAUSE_PROMOTED_OFFSET,  "promoted-offset",     "my_offset", "heard_offset", "behind")         \
    /* the voter: about the candidate, or about what it looked at, by the candidate */              \
    X(CAUSE_VOTE_REPLICA,     "vote-replica",        "epoch", "", "")                               \
    X(CAUSE_VOTE_NO_SLOTS,    "vote-no-slots",       "epoch", "", "")                               \
    X(CAUSE_VOTE_WEIGHED,     "vote-weighed",        "request_epoch", "current_epoch", "last_vote_epoch") \
    X(CAUSE_VOTE_OLD_EPOCH,   "vote-old-epoch",      "request_epoch", "current_epoch", "")          \
    X(CAUSE_VOTE_SPENT,       "vote-spent",          "last_vote_epoch", "current_epoch", "")        \
    X(CAUSE_VOTE_OF_MASTER,   "vote-of-master",      "", "", "")                                    \
    X(CAUSE_VOTE_MASTERLESS,  "vote-masterless",     "", "", "")                                    \
    X(CAUSE_VOTE_MASTER_UP,   "vote-master-up",      "flags", "", "")                               \
    X(CAUSE_VOTE_SPACING,     "vote-spacing",        "since_ms", "limit_ms", "")                    \
    X(CAUSE_VOTE_OWNER,       "vote-owner",          "slot", "owner_epoch", "request_epoch")        \
    X(CAUSE_VOTE_UNSENT,      "vote-unsent",         "epoch", "", "")                               \
    /* manual failover */                                                                           \
    X(CAUSE_MF_IS_MASTER,     "failover-is-master",  "", "", "")                                    \
    X(CAUSE_MF_NO_MASTER,     "failover-no-master",  "", "", "")                                    \
    X(CAUSE_MF_MASTER_DOWN,   "failover-master-down", "flags", "link", "")                          \
    X(CAUSE_MF_NOT_REPLICA,   "failover-not-replica", "", "", "")                                   \
    X(CAUSE_MF_BEHIND,        "failover-behind",     "my_offset", "master_offset", "")              \
    X(CAUSE_MF_NO_OFFSET,     "failover-no-offset",  "waited_ms", "", "")                           \
    X(CAUSE_MF_NO_VOTES,      "failover-no-votes",   "votes", "needed", "epoch")                    \
    X(CAUSE_MF_NO_CLAIM,      "failover-no-claim",   "waited_ms", "", "")                           \
    /* epochs and slots */                                                                          \
    X(CAUSE_EPOCH_MAX,        "epoch-max",           "my_epoch", "max_epoch", "current_epoch")      \
    X(CAUSE_EPOCH_KEPT,       "epoch-kept",          "my_epoch", "max_epoch", "")                   \
    X(CAUSE_EPOCH_SAME,       "epoch-same",          "epoch", "", "")                               \
    X(CAUSE_SLOTS_FROM,       "slots-from",          "slots", "owner_epoch", "claimed_epoch")       \
    X(CAUSE_SLOTS_UNOWNED,    "slots-unowned",       "slots", "", "")                               \
    X(CAUSE_SLOTS_KEPT,       "slots-kept",          "slot", "owner_epoch", "claimed_epoch")        \
    X(CAUSE_SLOTS_LOST,       "slots-lost",          "lost", "left", "")                            \
    /* roles that no milestone speaks of */                                                         \
    X(CAUSE_RESET_MASTER,     "reset-to-master",     "", "", "")                                    \
    X(CAUSE_BOOT_MASTER,      "starts-as-master",    "slots", "", "")                               \
    X(CAUSE_BOOT_REPLICA,     "starts-as-replica",   "", "", "")                                    \
    /* replica migration: about the orphaned master, or my own */                                   \
    X(CAUSE_MIGRATE_OFF,      "migrate-off",         "", "", "")                                    \
    X(CAUSE_MIGRATE_FEW,      "migrate-few",         "max_replicas", "needed", "")                  \
    X(CAUSE_MIGRATE_NOT_MOST, "migrate-not-most",    "replicas", "max_replicas", "")                \
    X(CAUSE_MIGRATE_STATE,    "migrate-state",       "", "", "")                                    \
    X(CAUSE_MIGRATE_BARRIER,  "migrate-barrier",     "healthy", "barrier", "")                      \
    X(CAUSE_MIGRATE_NOT_ME,   "migrate-not-me",      "", "", "")                                    \
    X(CAUSE_MIGRATE_WAIT,     "migrate-wait",        "orphaned_ms", "limit_ms", "")                 \
    X(CAUSE_MIGRATE_SPARE,    "migrate-spare",       "healthy", "barrier", "")                      \
    X(CAUSE_MIGRATE_DUE,      "migrate-due",         "orphaned_ms", "limit_ms", "")
/* clang-format on */
#endif
