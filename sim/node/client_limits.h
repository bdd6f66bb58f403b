/* What a client may take of its node: client-query-buffer-limit, client-output-buffer-limit,
 * timeout. Who exceeds a limit is cut off without a word, as Redis 7.0 does. */
#ifndef RCSIM_SIM_NODE_CLIENT_LIMITS_H
#define RCSIM_SIM_NODE_CLIENT_LIMITS_H

#include "sim/node/internal.h"

/* True if what waits for this client is more than it may be, or has been for too long. */
RCS_APART bool rcs_client_overflows(struct rcs_node *node, struct rcs_client *client);
/* Closes the connection at the end of the turn, and drops what was to be written. */
void rcs_client_cut(struct rcs_client *client);
/* True if somebody may be idle or slow: then at each tick rcs_client_limits_tick. */
static inline bool rcs_client_limits_wanted(const struct rcs_node *node)
{
    return node->config.timeout_s != 0 || node->clients.unwritten > 0;
}
RCS_APART void rcs_client_limits_tick(struct rcs_node *node);

#endif
