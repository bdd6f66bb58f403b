/* Commands of a real server's append-only file, carried out: a node apart from all worlds, whose
 * data set they change. What Redis 7.0's fake client does while it loads
 * (loadSingleAppendOnlyFile): no key expires, nobody is answered.
 *
 *     struct rcs_aof_player *player = rcs_aof_player_new(&config);
 *     source.replay = rcs_aof_player_hook(player);
 *     err = rcs_saved_aof_read(&source, ...);
 *     rcs_aof_player_free(player); */
#ifndef RCSIM_SIM_NODE_AOF_REPLAY_H
#define RCSIM_SIM_NODE_AOF_REPLAY_H

#include "sim/keys/saved_aof.h"
#include "sim/node/config.h"

struct rcs_aof_player;
/* The configuration is copied: its release says which commands there are, its limits how compact
 * values stay. */
struct rcs_aof_player *rcs_aof_player_new(const struct rcs_config *config);
void rcs_aof_player_free(struct rcs_aof_player *player);
/* Borrowed, as long as the player lives. The loading ends at a command that rcsim does not have or
 * that changes no data (RCS_ERR_UNKNOWN), and where another database than 0 is selected
 * (RCS_ERR_RANGE). */
const struct rcs_aof_replay *rcs_aof_player_hook(struct rcs_aof_player *player);

#endif
