/* A sum over all keys that is kept while they change: what maxmemory is compared with. */
#include <stdlib.h>

#include "sim/keys/keyspace_parts.h"

#include "sim/pure.h"

static void put(struct rcs_keyspace *keys, size_t at, struct keys_weighed weighed)
{
    keys->weighed[at] = weighed;
    weighed.entry->weight_index = (uint32_t)at;
}

void rcs_weight_changed(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    size_t at = entry->weight_index;
    if (at >= keys->weighed_changed) {
        struct keys_weighed weighed = keys->weighed[at];
        put(keys, at, keys->weighed[keys->weighed_changed]);
        put(keys, keys->weighed_changed++, weighed);
    }
}

void rcs_weight_added(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    if (keys->weighed_count == keys->weighed_room) {
        keys->weighed_room = keys->weighed_room == 0 ? 16 : keys->weighed_room * 2;
        keys->weighed = realloc(keys->weighed, keys->weighed_room * sizeof(keys->weighed[0]));
        RCS_ASSERT(keys->weighed != NULL);
    }
    put(keys, keys->weighed_count++, (struct keys_weighed){ entry, 0 });
    rcs_weight_changed(keys, entry);
}

/* Its place is taken by the last of those that changed, and that one's by the last of all. */
void rcs_weight_removed(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    size_t at = entry->weight_index;
    keys->weight -= keys->weighed[at].weight;
    if (at < keys->weighed_changed) {
        put(keys, at, keys->weighed[--keys->weighed_changed]);
        at = keys->weighed_changed;
    }
    keys->weighed_count--;
    if (at < keys->weighed_count) { /* else it was the last, which may have moved already */
        put(keys, at, keys->weighed[keys->weighed_count]);
    }
}

int64_t rcs_keyspace_weight(struct rcs_keyspace *keys,
                            int64_t (*weigh)(const struct rcs_entry *entry))
{
    if (!keys->weighing) {
        struct rcs_entry *entry;
        keys->weighing = true;
        for (uint64_t cursor = 0; (entry = rcs_keyspace_next(keys, &cursor)) != NULL;) {
            rcs_weight_added(keys, entry);
        }
    }
    for (; keys->weighed_changed > 0; keys->weighed_changed--) {
        struct keys_weighed *weighed = &keys->weighed[keys->weighed_changed - 1];
        int64_t weight = weigh(weighed->entry);
        keys->weight += weight - weighed->weight;
        weighed->weight = weight;
    }
    return keys->weight;
}

void rcs_keyspace_forget_weight(struct rcs_keyspace *keys)
{
    free(keys->weighed);
    keys->weighing = false;
    keys->weight = 0;
    keys->weighed = NULL;
    keys->weighed_count = keys->weighed_room = keys->weighed_changed = 0;
}
