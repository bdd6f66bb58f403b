/* The inside of a keyspace and of its snapshots, shared by keyspace.c, expiry.c, snapshot.c and
 * snapshot_rdb.c. */
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

struct rcs_snapshot_key {
    struct rcs_value *value; /* one reference */
    int64_t expire_ms;
    size_t key_at; /* in `names` */
    uint32_t key_bytes;
};

struct rcs_snapshot_data {
    char *names; /* all keys, one after the other */
    struct rcs_snapshot_key keys[];
};

/* The `index`-th of a snapshot's keys; borrowed as long as the snapshot. */
static inline const struct rcs_snapshot_key *rcs_snapshot_key(const struct rcs_snapshot *snapshot,
                                                              uint32_t index)
{
    RCS_ASSERT(index < snapshot->keys);
    return &snapshot->data->keys[index];
}
static inline struct rcs_arg rcs_snapshot_name(const struct rcs_snapshot *snapshot, uint32_t index)
{
    const struct rcs_snapshot_key *key = rcs_snapshot_key(snapshot, index);
    return (struct rcs_arg){ snapshot->data->names + key->key_at, key->key_bytes };
}

#endif
