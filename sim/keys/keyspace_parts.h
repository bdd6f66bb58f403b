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

struct rcs_keyspace {
    struct rcs_dict dict;
    struct keys_slot **pages;    /* NULL while empty, as everything below */
    struct rcs_entry **expiring; /* a heap by (expire_ms, sequence) */
    size_t expiring_count, expiring_room;
};

#endif
