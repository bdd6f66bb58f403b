/* What happened in one run of a timing experiment, wherever it ran: recorded from real servers
 * (tests/vectors/timing), simulated, or read from the logs of servers that run now. All three give
 * the same list, and the same code measures it (measures.h).
 *
 * Times are ms after the injection. Nodes are numbered in the order of their names. */
#ifndef RCSIM_TEST_HISTORY_H
#define RCSIM_TEST_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#define HISTORY_NODES 12

/* Names as in traces (sim/facts_*.h), then what the experimenter did and what it saw by polling. */
#define HISTORY_WHAT(X)                                                                            \
    X(PFAIL, "pfail")                                                                              \
    X(FAIL, "fail") /* by the quorum it counted itself */                                          \
    X(FAIL_RECEIVED, "fail-received")                                                              \
    X(FAIL_CLEARED, "fail-cleared")                                                                \
    X(STATE_OK, "state-ok")                                                                        \
    X(STATE_FAIL, "state-fail")                                                                    \
    X(ELECTION_DELAYED, "election-delayed") /* ms, rank */                                         \
    X(ELECTION_STARTED, "election-started")                                                        \
    X(ELECTION_WON, "election-won")                                                                \
    X(VOTE_GRANTED, "vote-granted")                                                                \
    X(FOLLOWS, "follows")                                                                          \
    X(FAILOVER_ASKED, "failover-asked")                                                            \
    X(FAILOVER_FORCED, "failover-forced")                                                          \
    X(FAILOVER_OFFSET, "failover-offset")                                                          \
    X(FAILOVER_READY, "failover-ready")                                                            \
    X(TAKEOVER, "takeover")                                                                        \
    X(REPL_FINISHED, "repl-finished")                                                              \
    X(READY, "ready")                                                                              \
    X(KILLED, "killed")                                                                            \
    X(STARTED, "started")                                                                          \
    X(PAUSED, "paused") /* for how many ms */                                                      \
    X(RESUMED, "resumed")                                                                          \
    X(TOLD, "told")                 /* to fail over; us until OK */                                \
    X(POLLED_OWNER, "polled-owner") /* it shows the slots at their new owner */                    \
    X(POLLED_LINK, "polled-link")   /* INFO shows its replication link up */                       \
    X(POLLED_CLEAR, "polled-clear") /* nobody shows a fail flag any more */

enum what {
#define X(constant, name) WHAT_##constant,
    HISTORY_WHAT(X)
#undef X
        WHAT_COUNT
};

/* Messages by type, as CLUSTER INFO names them. */
#define HISTORY_SENT(X)                                                                            \
    X(PING, "ping")                                                                                \
    X(PONG, "pong")                                                                                \
    X(FAIL, "fail")                                                                                \
    X(AUTH_REQ, "auth-req")                                                                        \
    X(AUTH_ACK, "auth-ack")                                                                        \
    X(UPDATE, "update")

enum sent {
#define X(constant, name) SENT_##constant,
    HISTORY_SENT(X)
#undef X
        SENT_COUNT
};

/* WHAT_COUNT: no such name. */
enum what what_named(const char *name);

struct occurrence {
    int64_t at_ms;
    int node, about; /* -1 none */
    enum what what;
    int64_t values[2];
};

struct history {
    char names[HISTORY_NODES][8];
    int master[HISTORY_NODES]; /* just before the injection; -1: it is one */
    int nodes;
    int64_t control_us; /* recorded: the worst delay the host's control loop saw */
    int64_t gap_ms;     /* recorded: the longest time between two polls of a node; 0 not known */
    bool counted;       /* `rest` and `sent` are known */
    int64_t rest[SENT_COUNT]; /* by all nodes, in HISTORY_REST_MS before the injection */
    int64_t sent[SENT_COUNT]; /* since, by those that lived */
    struct occurrence *list;
    unsigned count, room;
};
#define HISTORY_REST_MS 5000

/* Adds to `counts` what this reply to CLUSTER INFO counts as sent, `times` times. */
void history_count(const char *info, int times, int64_t counts[SENT_COUNT]);

void history_close(struct history *history);
void history_add(struct history *history, const struct occurrence *what);
/* By time, then by the node's name, as the recordings are. */
void history_sort(struct history *history);
int history_node(const struct history *history, const char *name); /* -1 */

struct histories {
    struct history *list;
    unsigned count, room;
};

/* tests/vectors/timing/NAME.txt; fails the test if it is not there or not well formed. */
void histories_load(struct histories *out, const char *name);
void histories_close(struct histories *histories);

/* The first after `from`, which is -1 for the beginning; -1: none. `node` and `about`: -1 any. */
int history_next(const struct history *history, int from, enum what what, int node, int about);
/* When it first (last) happened; HISTORY_NEVER. */
#define HISTORY_NEVER INT64_MIN
int64_t history_first(const struct history *history, enum what what, int node, int about);
int64_t history_last(const struct history *history, enum what what, int node, int about);

#endif
