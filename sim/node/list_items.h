/* What the commands of lists share: those that look and change (command_list.c), and those that
 * take items, waiting for them if need be (command_list_take.c). */
#ifndef RCSIM_SIM_NODE_LIST_ITEMS_H
#define RCSIM_SIM_NODE_LIST_ITEMS_H

#include "sim/keys/list.h"
#include "sim/node/command.h"

/* The list of a key, for reading; for a change, which no snapshot sees. */
static inline struct rcs_list *rcs_list_read(const struct rcs_entry *entry)
{
    return rcs_list_of(entry->value);
}
static inline struct rcs_list *rcs_list_write(struct rcs_call *call, struct rcs_entry *entry)
{
    return rcs_list_of(rcs_keyspace_writable(call->node->keys, entry));
}

/* A key with a list that has no items yet, and must get some. */
struct rcs_entry *rcs_list_add_key(struct rcs_call *call, const struct rcs_arg *key);
/* "lpush", "rpush" to the subscribers. */
void rcs_list_notify_push(struct rcs_call *call, enum rcs_list_end end, const struct rcs_arg *key);
/* Items were taken from one end: "lpop", "rpop" to the subscribers; a list without items goes. */
void rcs_list_taken(struct rcs_call *call, struct rcs_entry *entry, enum rcs_list_end end,
                    const struct rcs_arg *key);
/* A list that has become empty goes, with a "del" to the subscribers; the others have changed. */
void rcs_list_changed(struct rcs_call *call, struct rcs_entry *entry, const struct rcs_arg *key);
/* An array of `count` items from `first` on, in order or from the last of them to the first. */
void rcs_list_reply_items(struct rcs_call *call, const struct rcs_list *list, uint64_t first,
                          uint64_t count, bool reverse);

#endif
