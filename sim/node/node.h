/* One Redis node as a pure state machine: events in, effects out, and when it wants to be woken.
 *
 * The node performs no I/O, reads no clock, and knows of other nodes only what events told it. The
 * first half of this header is the contract for the floor above; the second half is shared by the
 * files of this folder. */
#ifndef RCSIM_SIM_NODE_NODE_H
#define RCSIM_SIM_NODE_NODE_H

#include "sim/cluster/cluster.h"
#include "sim/node/config.h"
#include "sim/node/effects.h"
#include "sim/node/event.h"
#include "sim/node/host_clock.h"

struct rcs_node;
struct rcs_keyspace;

struct rcs_node_params {
    struct rcs_store *store;         /* borrowed for the node's life */
    const struct rcs_config *config; /* copied */
    uint64_t seed;
    uint32_t index;       /* of the node in its world: chooses its random streams */
    uint32_t life;        /* how often it was started before: so do these */
    uint32_t pid;         /* printed in its log */
    int64_t wall_base_ms; /* wall clock at node millisecond 0, a whole second */
    struct rcs_clock host_clock;
    bool disk_full; /* as rcs_node_set_disk takes them */
    size_t conf_room_bytes;
};

struct rcs_node *rcs_node_new(const struct rcs_node_params *params);
void rcs_node_free(struct rcs_node *node);
/* Its host's clock goes otherwise from now on; the node sees that when it next looks. */
void rcs_node_set_clock(struct rcs_node *node, const struct rcs_clock *host_clock);

/* Its host's disk is full from now on, but for the blocks that nodes.conf has, room for
 * `conf_room_bytes`; or has room again. */
void rcs_node_set_disk(struct rcs_node *node, bool full, size_t conf_room_bytes);
/* Who keeps its append-only file elsewhere is told of what comes into it, from before the start on;
 * `follow` is lent for the node's life. */
struct rcs_aof_follow;
void rcs_node_follow_aof(struct rcs_node *node, struct rcs_aof_follow *follow);
/* What it finds where its redis.conf should be is another thing from now on. */
void rcs_node_set_conf_file(struct rcs_node *node, enum rcs_conf_file state);

/* Advances `node` to event->at_us and appends to `out` what the outside must now do. Keeps no
 * pointer into `event`. The first event must be RCS_EVENT_START. One call is one iteration of the
 * event loop of a real server: the event, then beforeSleep; events with `more` share the
 * beforeSleep of the one that follows, which must come at the same instant. */
void rcs_node_step(struct rcs_node *node, const struct rcs_event *event, struct rcs_effects *out);

/* RCS_EVENT_LINK_FAILED of a refused bus connect, without the turn around it: true if that turn
 * would do nothing else and say nothing to `out`; false, and nothing is done, if it needs a step.
 */
bool rcs_node_refused(struct rcs_node *node, uint32_t link, rcs_us at_us,
                      const struct rcs_effects *out);

/* When the node wants RCS_EVENT_WAKE next. Asked after each step. */
rcs_us rcs_node_deadline(const struct rcs_node *node);

/* For expectations, traces and the world's checks: reading only. */
const struct rcs_cluster *rcs_node_cluster(const struct rcs_node *node);
const struct rcs_config *rcs_node_config(const struct rcs_node *node);
bool rcs_node_is_replica(const struct rcs_node *node); /* has a master host */
int64_t rcs_node_offset(const struct rcs_node *node);
bool rcs_node_master_link_up(const struct rcs_node *node);
uint32_t rcs_node_pid(const struct rcs_node *node);
size_t rcs_node_keys(const struct rcs_node *node);
const struct rcs_keyspace *rcs_node_keyspace(const struct rcs_node *node);
/* Memory of the node without its keys, clients and backlog and what the store lends it. */
size_t rcs_node_bytes(const struct rcs_node *node);

/* What the end of the process leaves of its append-only file: `power_lost` with the host, at
 * `at_us`. The node is good for nothing but rcs_node_free then. One reference, if there is data. */
void rcs_node_left_on_disk(struct rcs_node *node, rcs_us at_us, bool power_lost,
                           struct rcs_saved_aof *out);

/* What a client's connection could not take yet of the replies that were emitted: its owner says so
 * when that changes, and the node's ticks hold it against client-output-buffer-limit. */
void rcs_node_client_unwritten(struct rcs_node *node, uint32_t link, size_t size_bytes);

/* Sets a directive in the running node as CONFIG SET does, without a client. */
enum rcs_err rcs_node_configure(struct rcs_node *node, const char *name, const char *value,
                                struct rcs_diag *diag);

#endif
