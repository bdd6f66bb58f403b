/* MIGRATE: keys go to another server, and this one waits.
 *
 * The one command that needs another server's replies. A real server blocks in it as a whole, for
 * up to the timeout at each step, and so does the node: it emits RCS_EFFECT_BLOCK and is then given
 * nothing but RCS_EVENT_TARGET_... and RCS_EVENT_BLOCK_OVER until it emits RCS_EFFECT_UNBLOCK. The
 * step in which that happens does the rest of what the turn had to do.
 *
 * Connections to targets are migrate_socket.h. */
#ifndef RCSIM_SIM_NODE_MIGRATE_H
#define RCSIM_SIM_NODE_MIGRATE_H

#include "sim/node/internal.h"

/* True while a MIGRATE waits. */
bool rcs_migrate_waits(const struct rcs_node *node);
void rcs_migrate_event(struct rcs_node *node, const struct rcs_event *event); /* TARGET_, BLOCK_ */
void rcs_migrate_cron(struct rcs_node *node); /* once a second: idle connections are closed */
void rcs_migrate_close(struct rcs_node *node);
unsigned rcs_migrate_sockets(const struct rcs_node *node); /* connections that are kept */

#endif
