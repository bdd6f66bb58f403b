/* What is compared: measures of one run each, so that the values of a sample are independent of one
 * another (as far as runs on one cluster are). */
#ifndef RCSIM_TEST_MEASURES_H
#define RCSIM_TEST_MEASURES_H

#include "tests/support/history.h"

/* NUMBER: ms, held against each other by Kolmogorov and Smirnov. CATEGORY: by Fisher's exact test.
 */
#define MEASURES(X)                                                                                \
    /* a master is killed */                                                                       \
    X(KILL_TO_PFAIL, TIME, "kill to the first PFAIL")                                              \
    X(KILL_TO_FAIL, TIME, "kill to the first FAIL")                                                \
    X(PFAIL_TO_FAIL, TIME, "PFAIL of the last master needed to FAIL")                              \
    X(FAIL_SPREAD, TIME, "FAIL, first to last node")                                               \
    X(FIRST_MARKER, CATEGORY, "first to count the quorum: master, replica")                        \
    X(FAIL_TO_DELAYED, TIME, "winner's FAIL to the election's announcement")                       \
    X(DELAY_RANK_0, TIME, "election delay, rank 0")                                                \
    X(DELAY_RANK_1, TIME, "election delay, rank 1")                                                \
    X(START_LATE, TIME, "election starts after its delay")                                         \
    X(STARTS, CATEGORY, "elections started: 1, 2, more")                                           \
    X(START_TO_WON, TIME, "election start to won")                                                 \
    X(FAIL_TO_WON, TIME, "first FAIL to won")                                                      \
    X(KILL_TO_WON, TIME, "kill to won")                                                            \
    X(KILL_TO_OK, TIME, "kill to ok on all nodes")                                                 \
    X(WON_TO_OK, TIME, "won to ok on all nodes")                                                   \
    X(OK_AT_ONCE, CATEGORY, "other nodes ok within 20 ms of won")                                  \
    X(WON_TO_OWNER, TIME, "won to new owner on all nodes (polled)")                                \
    /* all are, and the replicas take over */                                                      \
    X(KILL_TO_STATE_FAIL, TIME, "kill to state fail, first survivor")                              \
    X(KILL_TO_STATE_FAIL_LAST, TIME, "kill to state fail, last survivor")                          \
    X(TAKEOVER_TO_FAIL, TIME, "TAKEOVER to the first FAIL")                                        \
    X(TAKEOVER_TO_FAIL_LAST, TIME, "TAKEOVER to the last FAIL")                                    \
    X(TAKEOVER_TO_MASTERS_OK, TIME, "last TAKEOVER to ok on all new masters")                      \
    X(TAKEOVER_TO_REPLICAS_OK, TIME, "last TAKEOVER to ok on all others")                          \
    X(TAKEOVER_TO_FOLLOW, TIME, "TAKEOVER to its replica's new master, last")                      \
    /* failover by hand */                                                                         \
    X(ASKED_TO_OFFSET, TIME, "FAILOVER to the master's offset")                                    \
    X(ASKED_TO_START, TIME, "FAILOVER to election start")                                          \
    X(ASKED_TO_WON, TIME, "FAILOVER to won")                                                       \
    X(VOTES_LATE, CATEGORY, "votes more than 20 ms after the start")                               \
    X(WON_TO_OLD_MASTER, TIME, "won to the old master a replica")                                  \
    /* a master stands still */                                                                    \
    X(PAUSE_OUTCOME, CATEGORY, "SIGSTOP 0.5, 1.5, 3 x nt: nothing, PFAIL, FAIL, failover")         \
    X(PAUSE_TO_PFAIL, TIME, "SIGSTOP to the first PFAIL")                                          \
    /* it comes back */                                                                            \
    X(READY_TO_REPLICA, TIME, "start to replica")                                                  \
    X(READY_TO_LINK, TIME, "start to replication link up")                                         \
    X(READY_TO_LINK_POLLED, TIME, "start to replication link up (polled)")                         \
    X(READY_TO_CLEAR, TIME, "start to FAIL cleared, first node")                                   \
    X(READY_TO_CLEAR_LAST, TIME, "start to FAIL cleared, last node")                               \
    X(READY_TO_CLEAR_POLLED, TIME, "start to all clear (polled)")                                  \
    /* nothing happens */                                                                          \
    X(PINGS_SENT, COUNTED, "pings a node sends in 30 s")                                           \
    X(PONGS_SENT, COUNTED, "pongs a node sends in 30 s")                                           \
    X(PINGS_SENT_ALL, COUNTED, "pings all nodes send in 5 s")                                      \
    X(PONGS_SENT_ALL, COUNTED, "pongs all nodes send in 5 s")                                      \
    /* by all in a failover */                                                                     \
    X(FAILS_SENT, COUNTED, "FAIL messages sent")                                                   \
    X(AUTH_REQS_SENT, COUNTED, "AUTH_REQUEST messages sent")                                       \
    X(AUTH_ACKS_SENT, COUNTED, "AUTH_ACK messages sent")                                           \
    X(UPDATES_SENT, COUNTED, "UPDATE messages sent")

enum measure_kind { MEASURE_TIME, MEASURE_COUNTED, MEASURE_CATEGORY };

enum measure {
#define X(constant, kind, text) MEASURE_##constant,
    MEASURES(X)
#undef X
        MEASURE_COUNT
};

struct measure_row {
    const char *text;
    enum measure_kind kind;
};
extern const struct measure_row measure_rows[MEASURE_COUNT];

struct sample {
    int64_t *values;
    unsigned count, room;
};

struct samples {
    struct sample of[MEASURE_COUNT];
};

void samples_close(struct samples *samples);
void samples_add(struct samples *samples, enum measure measure, int64_t value);

/* Everything that can be measured of this run. What did not happen in it gives no value. */
void measure_run(const struct history *history, struct samples *out);

#endif
