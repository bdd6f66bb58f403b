/* Classes of keyspace events: the letters of notify-keyspace-events. */
#ifndef RCSIM_SIM_NODE_NOTIFY_CLASS_H
#define RCSIM_SIM_NODE_NOTIFY_CLASS_H

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

#endif
