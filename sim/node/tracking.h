/* CLIENT TRACKING: clients that are told when keys they have read, or keys with a prefix, change.
 *
 * A node without such a client has no tracking state: `tracking` of struct rcs_node is NULL. What
 * is remembered of keys goes with the first change of theirs. */
#ifndef RCSIM_SIM_NODE_TRACKING_H
#define RCSIM_SIM_NODE_TRACKING_H

#include "sim/node/command.h"

void rcs_tracking_close(struct rcs_node *node);
/* The client tracks nothing any more (off, RESET, gone). */
void rcs_tracking_end(struct rcs_node *node, struct rcs_client *client);
/* A client that tracks has read: its keys are remembered (Redis 7.0 trackingRememberKeys). */
RCS_APART void rcs_tracking_read(struct rcs_call *call);
/* A key has changed, or all of them are about to go. */
RCS_APART void rcs_tracking_changed(struct rcs_node *node, const void *key, size_t key_bytes);
void rcs_tracking_flushed(struct rcs_node *node);
/* A command is over: what it changed of its own client's keys is told behind its reply. */
RCS_APART void rcs_tracking_after(struct rcs_node *node);
/* The end of a turn: those that track prefixes are told; more keys than tracking-table-max-keys are
 * forgotten. */
RCS_APART void rcs_tracking_before_sleep(struct rcs_node *node);
/* The request was one of CLIENT's, or not: CACHING lives for one request. */
void rcs_tracking_request_done(struct rcs_client *client, bool was_client);

bool rcs_tracking_broadcasts(const struct rcs_client *client);
bool rcs_tracking_broken(const struct rcs_client *client);      /* its redirection has gone */
int64_t rcs_tracking_redirect(const struct rcs_client *client); /* -1: does not track */
unsigned rcs_tracking_clients(const struct rcs_node *node);
size_t rcs_tracking_keys(const struct rcs_node *node);
size_t rcs_tracking_items(const struct rcs_node *node);
size_t rcs_tracking_prefixes(const struct rcs_node *node);

/* CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO */
rcs_command_handler rcs_run_tracking, rcs_run_caching, rcs_run_getredir, rcs_run_trackinginfo;

#endif
