/* Snapshots: what an RDB holds, as a value. Values are shared with the keyspace, not copied. */
#include <stdlib.h>
#include <string.h>

#include "sim/keys/keyspace_parts.h"
#include "sim/keys/value.h"

#include "sim/pure.h"

/* What an RDB of 7.0 takes beside its keys: magic, auxiliary fields, end and checksum; then what it
 * adds for the one database; and per key. */
#define RDB_EMPTY_BYTES    89
#define RDB_DATABASE_BYTES 5
#define RDB_EXPIRE_BYTES   9

static size_t rdb_bytes(const struct rcs_entry *entry)
{
    return 1 + rcs_rdb_length_bytes(entry->item.key_bytes) + entry->item.key_bytes +
           rcs_value_rdb_bytes(entry->value) +
           (entry->expire_ms == RCS_NO_EXPIRE ? 0 : RDB_EXPIRE_BYTES);
}

struct rcs_snapshot *rcs_keyspace_snapshot(const struct rcs_keyspace *keys, int64_t wall_ms)
{
    struct rcs_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    RCS_ASSERT(snapshot != NULL);
    snapshot->refs = 1;
    snapshot->created_wall_ms = wall_ms;
    snapshot->size_bytes = RDB_EMPTY_BYTES;
    if (keys->dict.count == 0) {
        return snapshot;
    }
    RCS_ASSERT(keys->dict.count < UINT32_MAX);
    snapshot->keys = (uint32_t)keys->dict.count;
    snapshot->size_bytes += RDB_DATABASE_BYTES;
    struct rcs_snapshot_data *data =
        malloc(sizeof(*data) + keys->dict.count * sizeof(struct rcs_snapshot_key));
    RCS_ASSERT(data != NULL);
    size_t names_bytes = 0, count = 0;
    const struct rcs_entry *entry;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(keys, &cursor)) != NULL;) {
        data->keys[count++] = (struct rcs_snapshot_key){
            .value = rcs_value_retain(entry->value),
            .expire_ms = entry->expire_ms,
            .key_at = names_bytes,
            .key_bytes = entry->item.key_bytes,
        };
        names_bytes += entry->item.key_bytes;
        snapshot->size_bytes += rdb_bytes(entry);
    }
    RCS_ASSERT(count == keys->dict.count);
    data->names = malloc(names_bytes > 0 ? names_bytes : 1);
    RCS_ASSERT(data->names != NULL);
    count = 0;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(keys, &cursor)) != NULL; count++) {
        memcpy(data->names + data->keys[count].key_at, entry->key, entry->item.key_bytes);
    }
    snapshot->data = data;
    return snapshot;
}

void rcs_keyspace_load(struct rcs_keyspace *keys, const struct rcs_snapshot *snapshot)
{
    rcs_keyspace_flush(keys);
    for (uint32_t i = 0; i < snapshot->keys; i++) {
        const struct rcs_snapshot_key *key = &snapshot->data->keys[i];
        struct rcs_entry *entry = rcs_keyspace_add(keys, snapshot->data->names + key->key_at,
                                                   key->key_bytes, rcs_value_retain(key->value));
        rcs_keyspace_expire(keys, entry, key->expire_ms);
    }
}

void rcs_snapshot_release(struct rcs_snapshot *snapshot)
{
    RCS_ASSERT(snapshot->refs > 0);
    if (--snapshot->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < snapshot->keys; i++) {
        rcs_value_release(snapshot->data->keys[i].value);
    }
    if (snapshot->data != NULL) {
        free(snapshot->data->names);
        free(snapshot->data);
    }
    free(snapshot);
}
