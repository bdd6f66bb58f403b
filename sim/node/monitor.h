/* Who watches commands: MONITOR's lines, and which words of a command nobody is to see. */
#ifndef RCSIM_SIM_NODE_MONITOR_H
#define RCSIM_SIM_NODE_MONITOR_H

#include "sim/node/command.h"

/* Tells all monitors of a command that ran (Redis 7.0 replicationFeedMonitors); there must be one.
 */
RCS_APART void rcs_monitor_tell(struct rcs_node *node, const struct rcs_client *client,
                                const struct rcs_request *request);
/* The client watches no more (RESET), or is about to go. */
void rcs_monitor_end(struct rcs_node *node, struct rcs_client *client);

/* The word to show for args[at]: it, or "(redacted)" in place of passwords. */
struct rcs_arg rcs_shown_arg(const struct rcs_request *request, unsigned at);
/* "10.0.0.1:50000", "[::1]:50000": of a client's other end. */
void rcs_client_peer(const struct rcs_node *node, const struct rcs_client *client,
                     struct rcs_buf *out);
/* Appends bytes between quotes, escaped as Redis 7.0 sdscatrepr does. */
void rcs_quoted(struct rcs_buf *out, const char *bytes, size_t size_bytes);

#endif
