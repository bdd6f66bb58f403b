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

/* letter, name, bit; in the order in which CONFIG GET shows the letters. A stands for all before
 * NEW (Redis 7.0 NOTIFY_ALL). */
/* clang-format off */
#define RCS_NOTIFY_CLASSES(X) \
    X('g', GENERIC,  2)  /* del, expire, rename_from, ... */ \
    X('$', STRING,   3)  \
    X('l', LIST,     4)  \
    X('s', SET,      5)  \
    X('h', HASH,     6)  \
    X('z', ZSET,     7)  \
    X('x', EXPIRED,  8)  \
    X('e', EVICTED,  9)  \
    X('t', STREAM,   10) \
    X('d', MODULE,   13) \
    X('n', NEW,      14) \
    X('K', KEYSPACE, 0)  /* to __keyspace@0__:KEY, the event as message */ \
    X('E', KEYEVENT, 1)  /* to __keyevent@0__:EVENT, the key as message */ \
    X('m', KEY_MISS, 11)
/* clang-format on */

enum rcs_notify_class {
#define X(letter, name, bit) RCS_NOTIFY_##name = 1 << bit,
    RCS_NOTIFY_CLASSES(X)
#undef X
};
#define RCS_NOTIFY_ALL                                                                             \
    (RCS_NOTIFY_GENERIC | RCS_NOTIFY_STRING | RCS_NOTIFY_LIST | RCS_NOTIFY_SET | RCS_NOTIFY_HASH | \
     RCS_NOTIFY_ZSET | RCS_NOTIFY_EXPIRED | RCS_NOTIFY_EVICTED | RCS_NOTIFY_STREAM |               \
     RCS_NOTIFY_MODULE)

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
