/* One started node and clients that talk RESP to it, byte for byte: what a test of commands needs.
 */
#ifndef RCSIM_TEST_NODE_HARNESS_H
#define RCSIM_TEST_NODE_HARNESS_H

#include "tests/support/support.h"

#include "sim/node/internal.h"

#define DESK_CLIENTS 64

struct desk_client {
    uint32_t link; /* 0: never opened */
    bool closed;   /* by the node */
    struct rcs_resp_requests *reader;
    struct rcs_buf received;
};

struct desk {
    struct rcs_store *store;
    struct rcs_node *node;
    struct rcs_effects effects;
    rcs_us now_us;
    bool exited;
    rcs_us slept_us;    /* by DEBUG SLEEP, all together */
    unsigned snapshots; /* CLIENT_SNAPSHOT effects */
    /* what it did with targets of MIGRATE, a line each: "connect 1 10.0.0.2:6379", "send 1 SELECT
     * 0" (bytes that do not print as .), "close 1", "wait 500", "go on" */
    struct rcs_buf targets;
    struct desk_client clients[DESK_CLIENTS];
};

/* A master at 127.0.0.1:7000 that owns all slots, its cluster state ok, with the directives of
 * `config` (NULL: the defaults, but no save points and DEBUG allowed). */
struct desk *desk_new(const struct rcs_config *config);
void desk_free(struct desk *desk);
int desk_setup(void **state); /* cmocka fixtures with the defaults */
int desk_teardown(void **state);

void desk_run(struct desk *desk, int64_t ms); /* lets virtual time pass */

/* Opens connection number `client`, 0 up; the commands below do it by themselves. */
void desk_open(struct desk *desk, unsigned client);
void desk_leave(struct desk *desk, unsigned client);
/* Sends bytes; complete requests go to the node one a step. */
void desk_feed(struct desk *desk, unsigned client, const void *bytes, size_t size_bytes);
/* What was received since the last call; borrowed until the next one, with a NUL behind it. */
const char *desk_receive(struct desk *desk, unsigned client, size_t *size_bytes);
/* Sends and receives. */
const char *desk_send(struct desk *desk, unsigned client, const void *bytes, size_t size_bytes);
/* The same for words separated by single blanks. */
const char *desk_ask(struct desk *desk, unsigned client, const char *words);
/* Sends words and compares the reply, LF standing for CR LF in `reply`. */
void desk_expect(struct desk *desk, unsigned client, const char *words, const char *reply);
/* What it did with targets since the last call; borrowed until the next one. */
const char *desk_targets(struct desk *desk);
/* What a target's connection brings: RCS_EVENT_TARGET_... or RCS_EVENT_BLOCK_OVER. `text` is the
 * data or the reason, NULL none. */
void desk_target(struct desk *desk, enum rcs_event_kind kind, uint32_t link, const char *text);
/* Makes `client` an online replica; what it receives from now on is the stream. */
void desk_attach_replica(struct desk *desk, unsigned client);
/* Appends what it received since the last call as words, a command a line, and a NUL: without the
 * PINGs, which are the master's own. */
void desk_stream(struct desk *desk, unsigned client, struct rcs_buf *out);

/* Other nodes the node knows, laid into its picture by hand: a master, a replica of `master`. */
rcs_id desk_add_master(struct desk *desk, char letter, uint16_t port);
/* The node becomes its replica, the link not up, and the slots it had are the master's. */
void desk_follow(struct desk *desk, rcs_id master);

#endif
