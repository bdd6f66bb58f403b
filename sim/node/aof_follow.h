/* The append-only file of a node as it comes to be, for who keeps it in a real directory: what a
 * real server hands to the kernel before it replies (Redis 7.0 flushAppendOnlyFile).
 *
 * It belongs to the world, and outlives the process. Nothing that happens in the run depends on
 * it. */
#ifndef RCSIM_SIM_NODE_AOF_FOLLOW_H
#define RCSIM_SIM_NODE_AOF_FOLLOW_H

#include "sim/keys/dump.h"

struct rcs_aof_follow {
    struct rcs_saved_aof whole; /* with data (one reference): a file was begun, with this in it */
    struct rcs_buf commands;    /* that came since, as requests */
    bool selected;              /* commands of this file told their database */
};

static inline void rcs_aof_follow_clear(struct rcs_aof_follow *follow)
{
    if (follow->whole.data != NULL) {
        rcs_snapshot_release(follow->whole.data);
        follow->whole.data = NULL;
    }
    rcs_buf_clear(&follow->commands);
}

#endif
