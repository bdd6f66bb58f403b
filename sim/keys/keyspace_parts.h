/* The inside of a keyspace and of its snapshots, shared by keyspace.c, expiry.c, weight.c,
 * snapshot.c and snapshot_rdb.c. */
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

struct keys_weighed {
    struct rcs_entry *entry;
    int64_t weight; /* as it was when it was weighed last; 0 of a new key */
};

struct rcs_keyspace {
    struct rcs_dict dict;
    struct keys_slot **pages;    /* NULL while empty, as everything below */
    struct rcs_entry **expiring; /* a heap by (expire_ms, sequence) */
    size_t expiring_count, expiring_room;
    bool weighing;                /* a sum of weights is kept */
    int64_t weight;               /* the sum over `weighed` */
    struct keys_weighed *weighed; /* all keys: first those that are to be weighed again */
    size_t weighed_count, weighed_room, weighed_changed;
};

/* weight.c; only while `weighing` */
void rcs_weight_added(struct rcs_keyspace *keys, struct rcs_entry *entry);
void rcs_weight_changed(struct rcs_keyspace *keys, struct rcs_entry *entry);
void rcs_weight_removed(struct rcs_keyspace *keys, struct rcs_entry *entry);

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
