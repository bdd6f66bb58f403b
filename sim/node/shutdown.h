/* The end of a process in good order (Redis 7.0 prepareForShutdown, finishShutdown): a master first
 * waits, up to shutdown-timeout, for replicas that have not acknowledged all of its stream; writes
 * are paused meanwhile. */
#ifndef RCSIM_SIM_NODE_SHUTDOWN_H
#define RCSIM_SIM_NODE_SHUTDOWN_H

#include "sim/node/internal.h"

enum rcs_shutdown_outcome {
    RCS_SHUTDOWN_DONE,  /* the process has ended */
    RCS_SHUTDOWN_WAITS, /* for replicas; or it did already */
    RCS_SHUTDOWN_FAILED /* a child writes the first append-only file, or the disk is full; the
                         * process goes on */
};

enum rcs_shutdown_outcome rcs_shutdown_begin(struct rcs_node *node, enum rcs_exit_save save,
                                             bool now, bool force);
bool rcs_shutdown_abort(struct rcs_node *node); /* false: none was under way */
/* At each tick while one is under way or a signal asked for one. */
void rcs_shutdown_tick(struct rcs_node *node);

static inline bool rcs_shutdown_under_way(const struct rcs_node *node)
{
    return node->shutdown.until_ms != 0;
}

#endif
