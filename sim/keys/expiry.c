/* Keys with an expiry: a heap, so that the one that goes next is known without a search. */
#include <stdlib.h>

#include "sim/keys/keyspace_parts.h"

#include "sim/pure.h"

static bool goes_before(const struct rcs_entry *a, const struct rcs_entry *b)
{
    return a->expire_ms != b->expire_ms ? a->expire_ms < b->expire_ms
                                        : a->item.sequence < b->item.sequence;
}

static void put(struct rcs_keyspace *keys, size_t at, struct rcs_entry *entry)
{
    keys->expiring[at] = entry;
    entry->expire_index = (uint32_t)at;
}

static void move_up(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    size_t at = entry->expire_index;
    while (at > 0 && goes_before(entry, keys->expiring[(at - 1) / 2])) {
        put(keys, at, keys->expiring[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(keys, at, entry);
}

static void move_down(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    size_t at = entry->expire_index;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= keys->expiring_count) {
            break;
        }
        if (child + 1 < keys->expiring_count &&
            goes_before(keys->expiring[child + 1], keys->expiring[child])) {
            child++;
        }
        if (!goes_before(keys->expiring[child], entry)) {
            break;
        }
        put(keys, at, keys->expiring[child]);
        at = child;
    }
    put(keys, at, entry);
}

static void heap_add(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    if (keys->expiring_count == keys->expiring_room) {
        keys->expiring_room = keys->expiring_room == 0 ? 16 : keys->expiring_room * 2;
        keys->expiring = realloc(keys->expiring, keys->expiring_room * sizeof(struct rcs_entry *));
        RCS_ASSERT(keys->expiring != NULL);
    }
    put(keys, keys->expiring_count++, entry);
    move_up(keys, entry);
}

static void heap_remove(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    size_t at = entry->expire_index;
    struct rcs_entry *last = keys->expiring[--keys->expiring_count];
    entry->expire_index = KEYS_NOT_EXPIRING;
    if (last != entry) {
        put(keys, at, last);
        move_up(keys, last);
        move_down(keys, last);
    }
}

void rcs_keyspace_expire(struct rcs_keyspace *keys, struct rcs_entry *entry, int64_t expire_ms)
{
    RCS_ASSERT(expire_ms >= 0 || expire_ms == RCS_NO_EXPIRE);
    if (entry->expire_index != KEYS_NOT_EXPIRING) {
        heap_remove(keys, entry);
    }
    entry->expire_ms = expire_ms;
    if (expire_ms != RCS_NO_EXPIRE) {
        heap_add(keys, entry);
    }
}

size_t rcs_keyspace_expires(const struct rcs_keyspace *keys)
{
    return keys->expiring_count;
}

int64_t rcs_keyspace_mean_ttl(const struct rcs_keyspace *keys, int64_t wall_ms)
{
    int64_t mean = 0; /* a running mean: the sum of far dates could overflow */
    for (size_t i = 0; i < keys->expiring_count; i++) {
        int64_t left = keys->expiring[i]->expire_ms - wall_ms;
        mean += ((left > 0 ? left : 0) - mean) / (int64_t)(i + 1);
    }
    return mean;
}

struct rcs_entry *rcs_keyspace_first_expired(const struct rcs_keyspace *keys, int64_t wall_ms)
{
    return keys->expiring_count > 0 && rcs_entry_expired(keys->expiring[0], wall_ms)
               ? keys->expiring[0]
               : NULL;
}
