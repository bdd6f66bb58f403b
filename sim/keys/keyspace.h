/* What a node stores: keys with values and expiry, counted and listed per slot. Knows nothing of
 * clusters but the slot of a key.
 *
 * An empty keyspace costs next to nothing: tables come with the first key. Iteration is in the order
 * of insertion, newest first within a slot (Redis 7.0 slotToKeyAddEntry), never by hash or address. */
#ifndef RCSIM_SIM_KEYS_KEYSPACE_H
#define RCSIM_SIM_KEYS_KEYSPACE_H

#include <rcsim/slot.h>
#include <rcsim/store.h>

struct rcs_keyspace;

/* An immutable counted copy of a data set: what an RDB holds. */
struct rcs_snapshot {
    uint32_t refs;
    uint32_t keys;
    size_t size_bytes;                /* about the bytes its RDB would have */
    char replid[RCS_ID_LEN + 1];      /* replication info saved with it; "" none */
    int64_t repl_offset;
    int64_t created_wall_ms;
    struct rcs_snapshot_data *data;   /* NULL: no keys */
};

struct rcs_keyspace *rcs_keyspace_new(void);
void rcs_keyspace_free(struct rcs_keyspace *keys);

size_t rcs_keyspace_size(const struct rcs_keyspace *keys);
unsigned rcs_keyspace_slot_size(const struct rcs_keyspace *keys, unsigned slot);
/* Names of at most `most` keys of a slot, newest first; borrowed until the next change. Returns how
 * many were filled in. */
unsigned rcs_keyspace_slot_keys(const struct rcs_keyspace *keys, unsigned slot, struct rcs_arg *out,
                                unsigned most);
/* Deletes all keys (of a slot); returns how many. Nothing is replicated. */
size_t rcs_keyspace_flush(struct rcs_keyspace *keys);
size_t rcs_keyspace_flush_slot(struct rcs_keyspace *keys, unsigned slot);

/* One reference; replid "" and offset 0: the caller fills them. */
struct rcs_snapshot *rcs_keyspace_snapshot(const struct rcs_keyspace *keys, int64_t wall_ms);
/* Replaces everything by the snapshot's keys. */
void rcs_keyspace_load(struct rcs_keyspace *keys, const struct rcs_snapshot *snapshot);
static inline struct rcs_snapshot *rcs_snapshot_retain(struct rcs_snapshot *snapshot)
{
    snapshot->refs++;
    return snapshot;
}
void rcs_snapshot_release(struct rcs_snapshot *snapshot);

/* (The operations on single keys follow here; they belong to sim/keys alone and sim/node's key
 * commands.) */

#endif
