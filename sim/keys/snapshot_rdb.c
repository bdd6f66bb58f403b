/* Snapshots as whole RDB files, and back. */
#include "sim/keys/dump.h"
#include "sim/keys/keyspace_parts.h"

#include <string.h>

#include "sim/pure.h"

#define MS_PER_S     1000
#define POINTER_BITS 64 /* of the servers that are simulated */

static size_t count_expires(const struct rcs_snapshot *snapshot)
{
    size_t expires = 0;
    for (uint32_t i = 0; i < snapshot->keys; i++) {
        expires += rcs_snapshot_key(snapshot, i)->expire_ms != RCS_NO_EXPIRE;
    }
    return expires;
}

/* No expiry is the same number here and there. */
static void write_keys(const struct rcs_snapshot *snapshot, struct rcs_rdb_writer *writer)
{
    for (uint32_t i = 0; i < snapshot->keys; i++) {
        const struct rcs_snapshot_key *key = rcs_snapshot_key(snapshot, i);
        struct rcs_arg name = rcs_snapshot_name(snapshot, i);
        struct rcs_value_parts parts;
        rcs_value_parts_init(&parts, key->value);
        rcs_rdb_write_key(writer, &name, key->expire_ms, &parts.rdb);
        rcs_value_parts_close(&parts);
    }
}

/* Redis 7.0 rdbSaveInfoAuxFields; a node of a cluster has database 0 only. */
struct rcs_rdb_info rcs_snapshot_rdb_info(const struct rcs_snapshot *snapshot, unsigned rdb_version,
                                          const char *redis_version)
{
    struct rcs_rdb_info info = { .version = rdb_version,
                                 .bits = POINTER_BITS,
                                 .created_s = snapshot->created_wall_ms / MS_PER_S,
                                 .used_memory_bytes = (int64_t)snapshot->size_bytes,
                                 .repl_offset = snapshot->repl_offset };
    size_t size = strlen(redis_version);
    RCS_ASSERT(size < sizeof(info.redis_version));
    memcpy(info.redis_version, redis_version, size + 1);
    memcpy(info.replid, snapshot->replid, sizeof(info.replid));
    return info;
}

void rcs_snapshot_write_rdb(const struct rcs_snapshot *snapshot, const struct rcs_rdb_info *info,
                            struct rcs_buf *out)
{
    struct rcs_rdb_writer writer;
    rcs_rdb_writer_init(&writer, out, info);
    if (snapshot->keys > 0) {
        rcs_rdb_write_database(&writer, 0, snapshot->keys, count_expires(snapshot));
        write_keys(snapshot, &writer);
    }
    rcs_rdb_write_end(&writer);
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum rcs_err add_key(struct rcs_keyspace *keys, const struct rcs_rdb_key *key,
                            const struct rcs_value_limits *limits, struct rcs_diag *diag)
{
    const struct rcs_arg *name = &key->name;
    int shown = name->size_bytes < 64 ? (int)name->size_bytes : 64;
    if (key->database != 0) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0,
                            "the RDB file has keys in database %u; a node of a cluster has only "
                            "database 0",
                            key->database);
    }
    if (rcs_keyspace_find(keys, name->bytes, name->size_bytes) != NULL) {
        return rcs_diag_set(diag, RCS_ERR_PROTOCOL, 0, 0, "the RDB file has key \"%.*s\" twice",
                            shown, name->bytes);
    }
    struct rcs_entry *entry = rcs_keyspace_add(keys, name->bytes, name->size_bytes,
                                               rcs_value_of_parts(&key->value, limits));
    /* No server saves a time before 1970; a key that has one is over, as it is at 0. */
    bool before = key->expire_ms < 0 && key->expire_ms != RCS_RDB_NO_EXPIRE;
    rcs_keyspace_expire(keys, entry, before ? 0 : key->expire_ms);
    return RCS_OK;
}

static enum rcs_err read_keys(struct rcs_rdb_reader *reader, struct rcs_keyspace *keys,
                              const struct rcs_value_limits *limits, struct rcs_diag *diag)
{
    for (;;) {
        const struct rcs_rdb_key *key;
        enum rcs_err err = rcs_rdb_reader_next(reader, &key, diag);
        if (err != RCS_OK || key == NULL) {
            return err;
        }
        err = add_key(keys, key, limits, diag);
        if (err != RCS_OK) {
            return err;
        }
    }
}

static struct rcs_snapshot *make_snapshot(const struct rcs_keyspace *keys,
                                          const struct rcs_rdb_info *info)
{
    bool said = info->created_s > 0 && info->created_s <= INT64_MAX / MS_PER_S;
    int64_t created_s = said ? info->created_s : 0;
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(keys, created_s * MS_PER_S);
    memcpy(snapshot->replid, info->replid, sizeof(snapshot->replid));
    snapshot->repl_offset = info->repl_offset;
    return snapshot;
}

enum rcs_err rcs_snapshot_read_rdb(const void *bytes, size_t size_bytes, unsigned version,
                                   const struct rcs_value_limits *limits, struct rcs_snapshot **out,
                                   struct rcs_rdb_info *info, size_t *used, struct rcs_diag *diag)
{
    struct rcs_rdb_reader reader;
    enum rcs_err err = rcs_rdb_reader_init(&reader, bytes, size_bytes, version, diag);
    if (err != RCS_OK) {
        return err;
    }
    struct rcs_keyspace *keys = rcs_keyspace_new();
    err = read_keys(&reader, keys, limits, diag);
    if (err == RCS_OK) {
        *out = make_snapshot(keys, &reader.info);
        if (info != NULL) {
            *info = reader.info;
        }
        if (used != NULL) {
            *used = reader.used;
        }
    }
    rcs_keyspace_free(keys);
    rcs_rdb_reader_close(&reader);
    return err;
}
