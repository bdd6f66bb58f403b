/* What a node stores: keys with values and expiry, counted and listed per slot. Knows nothing of
 * clusters but the slot of a key.
 *
 * An empty keyspace costs next to nothing: tables come with the first key. Iteration is in the
 * order of insertion, newest first within a slot (Redis 7.0 slotToKeyAddEntry), never by hash or
 * address. */
#ifndef RCSIM_SIM_KEYS_KEYSPACE_H
#define RCSIM_SIM_KEYS_KEYSPACE_H

#include <rcsim/slot.h>
#include <rcsim/store.h>

#include "sim/keys/dict.h"

struct rcs_keyspace;
struct rcs_value;

/* An immutable counted copy of a data set: what an RDB holds. */
struct rcs_snapshot {
    uint32_t refs;
    uint32_t keys;
    size_t size_bytes;           /* about the bytes its RDB would have */
    char replid[RCS_ID_LEN + 1]; /* replication info saved with it; "" none */
    int64_t repl_offset;
    int64_t created_wall_ms;
    struct rcs_snapshot_data *data; /* NULL: no keys */
};

/* What the folder of an append-only file holds: a base and what was written since. */
struct rcs_saved_aof {
    struct rcs_snapshot *data; /* all of it; NULL: there is none */
    uint32_t base, incr;       /* numbers in the files' names */
    uint32_t base_keys;
    int64_t base_wall_ms; /* when the base was made */
    bool written;         /* something stands behind the base */
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

/* --- single keys: for sim/keys and the key commands of sim/node ------------------------------- */

#define RCS_NO_EXPIRE ((int64_t)-1)

/* A key. Open for reading; changed by the functions below only. */
struct rcs_entry {
    struct rcs_dict_item item;                   /* the sequence is unique in this keyspace */
    struct rcs_entry *slot_previous, *slot_next; /* newest first */
    struct rcs_value *value;                     /* value.h; one reference */
    int64_t expire_ms;                           /* wall clock, or RCS_NO_EXPIRE */
    int64_t used_wall_ms; /* when a command last looked at the value; 0: not since it was loaded */
    uint32_t expire_index, weight_index;
    uint16_t slot;
    char key[];
};

/* Redis 7.0 keyIsExpired: the millisecond of the expiry still counts as alive. */
static inline bool rcs_entry_expired(const struct rcs_entry *entry, int64_t wall_ms)
{
    return entry->expire_ms != RCS_NO_EXPIRE && wall_ms > entry->expire_ms;
}

/* The key, expired or not; NULL if there is none. */
struct rcs_entry *rcs_keyspace_find(const struct rcs_keyspace *keys, const void *key,
                                    size_t key_bytes);
/* A new key, without expiry; it must not be there. Takes the reference to `value`. */
struct rcs_entry *rcs_keyspace_add(struct rcs_keyspace *keys, const void *key, size_t key_bytes,
                                   struct rcs_value *value);
/* Another value for a key; it keeps its place and its expiry. Takes the reference to `value`, which
 * may be the one it has, handed through a function that changes values. */
void rcs_keyspace_replace(struct rcs_keyspace *keys, struct rcs_entry *entry,
                          struct rcs_value *value);
/* The value with its reference, for such a function; rcs_keyspace_replace must follow. */
struct rcs_value *rcs_keyspace_lend(struct rcs_entry *entry);
/* The value, which from now on no snapshot shares: for a change in place. */
struct rcs_value *rcs_keyspace_writable(struct rcs_keyspace *keys, struct rcs_entry *entry);
void rcs_keyspace_remove(struct rcs_keyspace *keys, struct rcs_entry *entry);
void rcs_keyspace_expire(struct rcs_keyspace *keys, struct rcs_entry *entry, int64_t expire_ms);

size_t rcs_keyspace_expires(const struct rcs_keyspace *keys); /* keys with an expiry */
/* Mean milliseconds left of them, 0 if none (INFO's avg_ttl). */
int64_t rcs_keyspace_mean_ttl(const struct rcs_keyspace *keys, int64_t wall_ms);
/* The key that expired first, NULL while none has; ties in order of insertion. */
struct rcs_entry *rcs_keyspace_first_expired(const struct rcs_keyspace *keys, int64_t wall_ms);

/* The sum of `weigh` over all keys. From the first call on it is kept: the next ones weigh only
 * keys that are new and those whose value was handed out for a change. `weigh` goes by the key and
 * its value alone, and is the same function in all calls. Not to be asked between
 * rcs_keyspace_writable and the change. */
int64_t rcs_keyspace_weight(struct rcs_keyspace *keys,
                            int64_t (*weigh)(const struct rcs_entry *entry));
/* The sum is kept no longer, and changes cost nothing. */
void rcs_keyspace_forget_weight(struct rcs_keyspace *keys);

/* The first key whose sequence is at least `*cursor`, which then points behind it; NULL at the end.
 * Keys may come and go between the calls. */
struct rcs_entry *rcs_keyspace_next(const struct rcs_keyspace *keys, uint64_t *cursor);
/* Any key, all alike likely, by draws from `choice`; NULL if there is none. */
struct rcs_entry *rcs_keyspace_any(const struct rcs_keyspace *keys, struct rcs_rand *choice);
struct rcs_entry *rcs_keyspace_slot_first(const struct rcs_keyspace *keys, unsigned slot);

#endif
