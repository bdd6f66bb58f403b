/* The inside of a keyspace, shared by keyspace.c, expiry.c and snapshot.c. */
#ifndef RCSIM_SIM_KEYS_KEYSPACE_PARTS_H
#define RCSIM_SIM_KEYS_KEYSPACE_PARTS_H

#include "sim/keys/keyspace.h"

#define KEYS_PAGE_SLOTS   64
#define KEYS_PAGES        (RCS_SLOTS / KEYS_PAGE_SLOTS)
#define KEYS_NOT_EXPIRING UINT32_MAX

struct keys_slot {
    struct rcs_entry *first;
    uint32_t count;
};

struct keys_order {
    uint64_t sequence;       /* stays when the key is gone: the array is searched by it */
    struct rcs_entry *entry; /* NULL: a hole */
};

struct rcs_keyspace {
    size_t count;
    uint64_t next_sequence;
    struct rcs_entry **table; /* chains by hash; NULL while empty, as everything below */
    size_t table_mask;
    struct keys_order *order; /* ascending by sequence */
    size_t order_used, order_room;
    struct keys_slot **pages;
    struct rcs_entry **expiring; /* a heap by (expire_ms, sequence) */
    size_t expiring_count, expiring_room;
};

#endif
