/* Who carries out the commands of an append-only file that is read: a node for the purpose. */
#ifndef RCSIM_SIM_WORLD_DISK_REPLAY_H
#define RCSIM_SIM_WORLD_DISK_REPLAY_H

#include "sim/keys/saved_aof.h"
#include "sim/node/node.h"

struct rcs_disk_replay {
    struct rcs_aof_replay hooks; /* for struct rcs_aof_source */
    struct rcs_config config;
    rcs_us at_us;
    int64_t wall_base_ms;
    struct rcs_store *store;
    struct rcs_node *node;
    struct rcs_effects effects;
};

/* `config` is that of the node the file is for; the clock is that of its world. Nothing has to be
 * closed. */
void rcs_disk_replay_init(struct rcs_disk_replay *replay, const struct rcs_config *config,
                          rcs_us at_us, int64_t wall_base_ms);

#endif
