/* Clients that wait: for acknowledgements of their writes (WAIT), or for keys that hold a value of
 * one type (BLPOP and its kind). A waiting client's next requests are held back.
 *
 * Times are looked at once a turn: a real server has no timer for them either, and an idle one
 * answers BLPOP k 0.03 at its next tick (Redis 7.0 handleBlockedClientsTimeout, in beforeSleep;
 * seen at 7.0.15). What commands call to wait stands in command.h. */
#ifndef RCSIM_SIM_NODE_BLOCKED_H
#define RCSIM_SIM_NODE_BLOCKED_H

#include "sim/node/internal.h"

struct rcs_call;

void rcs_blocked_init(struct rcs_node *node);
void rcs_blocked_close(struct rcs_node *node); /* when no client waits any more */

/* WAIT: until `replicas` have acknowledged `offset` of the stream, or the wall clock is past
 * `until_ms` (0: never). */
void rcs_blocked_wait(struct rcs_call *call, int64_t offset, int64_t replicas, int64_t until_ms);
/* Of the arguments of the command that waits. */
size_t rcs_blocked_args_bytes(const struct rcs_client *client);
bool rcs_blocked_ends(const struct rcs_client *client); /* by itself, in the end */
/* The connection is gone: it waits no more, nothing is answered. */
void rcs_blocked_forget(struct rcs_node *node, struct rcs_client *client);
/* CLIENT UNBLOCK: answers with an error, or as if its time were over. */
void rcs_blocked_release(struct rcs_node *node, struct rcs_client *client, bool as_error);

/* A key was added that somebody may wait for; call only if clients.awaited has any. */
void rcs_blocked_key_added(struct rcs_node *node, const struct rcs_entry *entry);
/* After a command, a transaction or a script: those who wait for keys that have become ready are
 * served in the order in which they began to wait (Redis 7.0 handleClientsBlockedOnKeys). */
void rcs_blocked_serve(struct rcs_node *node);
/* Those whose time is over. */
void rcs_blocked_time_out(struct rcs_node *node);
/* Those in WAIT who have their acknowledgements. */
void rcs_blocked_acked(struct rcs_node *node);
/* Every tick: who waits for keys that are no longer served here is sent elsewhere (Redis 7.0
 * clientsCron: some at each tick, everybody within a second). */
void rcs_blocked_cron(struct rcs_node *node);

#endif
