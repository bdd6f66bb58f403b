/* Recorded conversations of real nodes on the cluster bus: tests/vectors/conversations. */
#ifndef RCSIM_TEST_CONVERSATION_H
#define RCSIM_TEST_CONVERSATION_H

#include <rcsim/base.h>

enum talk_kind { TALK_MSG, TALK_SYN, TALK_SYNACK, TALK_FIN, TALK_RST, TALK_MARK };

struct talk_event {
    enum talk_kind kind;
    rcs_us at_us; /* since the start of the recording */
    int conn;     /* -1 none */
    int from, to; /* nodes; -1 unknown. Of a mark: `from` */
    bool out;     /* of a msg: on the connection that `from` opened */
    uint8_t *bytes;
    size_t size_bytes;
    char what[80]; /* of a mark */
};

struct talk_node {
    char name[8];
    char id[RCS_ID_LEN + 1];
    uint16_t port, cport;
    char *before, *after; /* what its CLUSTER NODES said, LF after each line */
};

struct talk_conn {
    int connector, listener; /* -1 unknown */
    bool open;               /* before the recording began */
};

struct talk_log {
    rcs_us at_us;
    int node;
    char role, level;
    char *text;
};

struct talk {
    rcs_us start_unix_us;
    int64_t node_timeout_ms;
    struct talk_node nodes[8];
    int node_count;
    struct talk_conn *conns;
    int conn_count;
    struct talk_event *events;
    size_t event_count;
    struct talk_log *logs;
    size_t log_count;
};

/* Reads conversations/NAME.txt and NAME.log.txt; fails the test on a line it cannot read. */
struct talk *talk_load(const char *name);
void talk_free(struct talk *talk);
int talk_node_named(const struct talk *talk, const char *name); /* -1: none, and for "?" */

#endif
