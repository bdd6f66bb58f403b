/* Keyspace notifications: what happened to a key, published to this node's subscribers if
 * `notify-keyspace-events` asks for its class.
 *
 * A handler calls rcs_notify after each change of a key, with the event's name as Redis 7.0 has it
 * ("set", "lpush", "hset", "sadd", "zadd", "del", ...) and its class: the letter in the directive.
 * A change that deletes the key is followed by a second event, RCS_NOTIFY_GENERIC "del". Nobody
 * asking costs one comparison. What comes with a key by itself is told by the functions that do it,
 * and not to be told again: "new" by rcs_key_set, "keymiss" by rcs_key_read, "expired" and
 * "evicted" where keys end. */
#ifndef RCSIM_SIM_NODE_NOTIFY_H
#define RCSIM_SIM_NODE_NOTIFY_H

#include "sim/node/command.h"
#include "sim/node/notify_class.h"

/* Publishes; rcs_notify_key asks first. */
RCS_APART void rcs_notify_publish(struct rcs_node *node, const char *event, const void *key,
                                  size_t key_bytes);

static inline void rcs_notify_key(struct rcs_node *node, enum rcs_notify_class of,
                                  const char *event, const void *key, size_t key_bytes)
{
    if ((node->config.notify_classes & (unsigned)of) != 0) {
        rcs_notify_publish(node, event, key, key_bytes);
    }
}

static inline void rcs_notify(struct rcs_call *call, enum rcs_notify_class of, const char *event,
                              const struct rcs_arg *key)
{
    rcs_notify_key(call->node, of, event, key->bytes, key->size_bytes);
}

#endif
