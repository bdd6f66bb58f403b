/* What the files of replication share among themselves: the link to the master (replica_link.c,
 * replica_handshake.c, replica_stream.c), the replicas that are fed (replica_feed.c,
 * replica_sync.c), the forked child (rdb_child.c), and what stands above them (replication.c). The
 * rest of the node uses internal.h. */
#ifndef RCSIM_SIM_NODE_REPLICATION_H
#define RCSIM_SIM_NODE_REPLICATION_H

#include "sim/node/backlog.h"
#include "sim/node/internal.h"

/* --- replication.c ---------------------------------------------------------------------------- */

static inline bool rcs_repl_link_up(const struct rcs_node *node)
{
    return node->repl.state == RCS_REPL_CONNECTED;
}
/* The second id goes, the first stays (Redis 7.0 clearReplicationId2). */
void rcs_repl_clear_id2(struct rcs_node *node);
/* True if replid and offset can go into an RDB (Redis 7.0 rdbPopulateSaveInfo). */
bool rcs_repl_has_info(const struct rcs_node *node);
/* The lines of an RDB that begins to be read. */
void rcs_repl_say_rdb(struct rcs_node *node, const struct rcs_snapshot *snapshot);

/* --- replica_link.c: this node as a replica, its connection ----------------------------------- */

void rcs_master_connect(struct rcs_node *node); /* connectWithMaster */
/* Ends a connect, handshake or transfer under way (cancelReplicationHandshake). With `again` it
 * says so and connects at once. */
void rcs_master_cancel(struct rcs_node *node, bool again);
/* The live link ends and is remembered as the cached master; connects again while there is a master
 * host. `gone`: the other end closed it. */
void rcs_master_lose(struct rcs_node *node, bool gone);
/* The stream breaks the protocol, or the next master is of another shard: nothing is cached. */
void rcs_master_lose_for_good(struct rcs_node *node);
void rcs_master_cache_myself(struct rcs_node *node); /* replicationCacheMasterUsingMyself */
void rcs_master_discard_cached(struct rcs_node *node);
void rcs_master_ack(struct rcs_node *node);      /* REPLCONF ACK, if the link is up */
void rcs_master_time_out(struct rcs_node *node); /* repl-timeout in any state of the link */
/* Goes on with the bytes that arrived: lines, then the stream. */
void rcs_master_read(struct rcs_node *node);
/* Sends words; all of them live until it returns. */
void rcs_master_request(struct rcs_node *node, unsigned argc, const char *const *words);
/* Drops all that was read but not worked on, an RDB being loaded included. */
void rcs_master_forget_input(struct rcs_node *node);

/* --- replica_handshake.c: what is said until PSYNC is answered -------------------------------- */

void rcs_master_handshake(struct rcs_node *node); /* the connection is up: it begins */
/* A line of the master, without its end. */
void rcs_master_answer(struct rcs_node *node, const char *line);
void rcs_master_no_answer(struct rcs_node *node); /* the connection went while one was due */

/* --- replica_stream.c: what the master sends after PSYNC -------------------------------------- */

/* The line before the RDB: "$EOF:<mark>" or "$<length>", or an error. */
void rcs_stream_preamble(struct rcs_node *node, const char *line);
void rcs_stream_snapshot(struct rcs_node *node, struct rcs_snapshot *snapshot);
RCS_RARE void rcs_stream_loaded(struct rcs_node *node); /* the RDB has been loaded */
/* Executes what is complete of the stream; `bytes` stand at the end of repl.input already. */
void rcs_stream_read(struct rcs_node *node, const void *bytes, size_t size_bytes);
void rcs_stream_drop_transaction(struct rcs_node *node);

/* --- replica_feed.c: this node's replicas ----------------------------------------------------- */

const char *rcs_replica_ip(const struct rcs_node *node, const struct rcs_client *client);
/* A fact with the replica's name, ip:port, as its first text. */
void rcs_replica_say(struct rcs_node *node, enum rcs_fact_code code,
                     const struct rcs_client *client, int64_t v0, int64_t v1);
void rcs_replica_attach(struct rcs_node *node, struct rcs_client *client);
void rcs_replica_drop(struct rcs_node *node, struct rcs_client *client);
/* Bytes that are no part of the stream, now. */
void rcs_replica_write(struct rcs_node *node, const struct rcs_client *client, const char *bytes,
                       size_t size_bytes);
/* What it has not got of the stream, if it may have it. */
void rcs_replica_serve(struct rcs_node *node, struct rcs_client *client);
void rcs_replicas_disconnect(struct rcs_node *node);
/* Bytes of the stream, as they are: into the backlog and to the replicas. */
void rcs_replicas_pass(struct rcs_node *node, const void *bytes, size_t size_bytes);
void rcs_replicas_cron(struct rcs_node *node); /* PING, newlines, time-outs */
unsigned rcs_replicas_in_bgsave(const struct rcs_node *node);

/* --- replica_sync.c: how they get in sync ----------------------------------------------------- */

/* PSYNC and SYNC. */
void rcs_replica_sync(struct rcs_node *node, struct rcs_client *client,
                      const struct rcs_request *request);
/* Starts the RDB of a full sync if replicas wait, long enough or `whatever_delay` there is, and
 * nothing is in the way (Redis 7.0 replicationStartPendingFork). */
void rcs_replicas_start_sync(struct rcs_node *node, bool whatever_delay);
/* The diskless child's data is there; returns to how many replicas it goes. */
unsigned rcs_replicas_send_rdb(struct rcs_node *node, struct rcs_snapshot *snapshot);
/* The child has ended (Redis 7.0 updateSlavesWaitingBgsave). */
void rcs_replicas_child_ended(struct rcs_node *node, bool good, bool to_sockets,
                              struct rcs_snapshot *snapshot);
RCS_RARE void rcs_replicas_bulk_sent(struct rcs_node *node);

/* --- rdb_child.c ------------------------------------------------------------------------------ */

void rcs_child_start(struct rcs_node *node, bool to_sockets);
RCS_APART void rcs_child_wake(struct rcs_node *node); /* the end of a phase, if it has come */
void rcs_child_notice(struct rcs_node *node);         /* the child's end, if it has come */
void rcs_child_kill(struct rcs_node *node);
RCS_RARE void rcs_child_finish_fork(struct rcs_node *node); /* what comes now comes after it */
/* The process exits: a child's end would overwrite what is saved then (Redis 7.0 finishShutdown).
 */
RCS_RARE void rcs_child_at_exit(struct rcs_node *node);
void rcs_child_close(struct rcs_node *node);
rcs_us rcs_child_deadline(const struct rcs_node *node);

/* --- persistence.c ---------------------------------------------------------------------------- */

/* dump.rdb now holds `snapshot`. */
void rcs_persistence_store(struct rcs_node *node, struct rcs_snapshot *snapshot);
/* A save that began when node->dirty stood at `dirty` is done. */
void rcs_persistence_saved(struct rcs_node *node, uint64_t dirty);
bool rcs_persistence_save_points(const struct rcs_node *node); /* `save` is not "" */

#endif
