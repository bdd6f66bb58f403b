/* What the commands of sorted sets share. */
#ifndef RCSIM_SIM_NODE_COMMAND_ZSET_H
#define RCSIM_SIM_NODE_COMMAND_ZSET_H

#include "sim/keys/zset.h"
#include "sim/node/command.h"

struct rcs_zset_limits rcs_zset_limits_of(const struct rcs_call *call);
/* A member, and with its score if that is wanted; RESP3 then has them as a pair. */
void rcs_zset_reply_member(struct rcs_call *call, const struct rcs_zset_member *member,
                           bool with_score);
/* The head of an array of so many members. */
void rcs_zset_reply_count(struct rcs_call *call, size_t count, bool with_scores);
/* `count` members went away by what notifications call `event`: the key goes with the last of them.
 */
void rcs_zset_shrunk(struct rcs_call *call, struct rcs_entry *entry, const char *event,
                     size_t count);
/* What ZUNIONSTORE and its kind do with their result, whose reference they give: the key args[1]
 * gets it, or goes if it is empty. Replies the size. */
void rcs_zset_store(struct rcs_call *call, struct rcs_zset *zset);

#endif
