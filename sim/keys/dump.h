/* Values and data sets as RDB: payloads of DUMP, whole files, and back. */
#ifndef RCSIM_SIM_KEYS_DUMP_H
#define RCSIM_SIM_KEYS_DUMP_H

#include <rcsim/rdb_file.h>

#include "sim/keys/keyspace.h"
#include "sim/keys/value.h"

/* Up to where a value that is read is kept compact: the directives of these names. A reader asks
 * for them as Redis does: what was saved compact is only counted, what was not is measured, too
 * (Redis 7.0 rdbLoadObject). */
struct rcs_value_limits {
    int64_t hash_max_listpack_entries, hash_max_listpack_value;
    int64_t list_max_listpack_size;
    int64_t set_max_intset_entries;
    int64_t zset_max_listpack_entries, zset_max_listpack_value;
};
extern const struct rcs_value_limits rcs_value_limits_default; /* of 7.0 */

/* --- payloads of DUMP (dump.c) ---------------------------------------------------------------- */

/* Appends the payload, as a release with this version of RDB writes it. */
void rcs_value_dump(const struct rcs_value *value, unsigned rdb_version, struct rcs_buf *out);
/* The value of a payload that rcs_dump_check accepted: one reference. RCS_ERR_PROTOCOL: broken;
 * RCS_ERR_UNKNOWN: of a type that is not modelled, *type (static) names it. */
enum rcs_err rcs_value_restore(const void *payload, size_t size_bytes,
                               const struct rcs_value_limits *limits, const char **type,
                               struct rcs_value **out);

/* --- values as the parts an RDB has (value_parts.c) ------------------------------------------- */

/* Lent while the value does not change. */
struct rcs_value_parts {
    struct rcs_rdb_value rdb;
    struct rcs_arg one; /* of a string */
};
void rcs_value_parts_init(struct rcs_value_parts *parts, const struct rcs_value *value);
void rcs_value_parts_close(struct rcs_value_parts *parts);
/* One reference. */
struct rcs_value *rcs_value_of_parts(const struct rcs_rdb_value *parts,
                                     const struct rcs_value_limits *limits);

/* --- files (snapshot_rdb.c) ------------------------------------------------------------------- */

/* What a release (its version of RDB, and its own: "7.0.15") says of the file of a snapshot: what
 * SAVE leaves on disk and a full synchronisation sends. */
struct rcs_rdb_info rcs_snapshot_rdb_info(const struct rcs_snapshot *snapshot, unsigned rdb_version,
                                          const char *redis_version);
/* Appends the file, as a release of info->version writes it. */
void rcs_snapshot_write_rdb(const struct rcs_snapshot *snapshot, const struct rcs_rdb_info *info,
                            struct rcs_buf *out);
/* A snapshot from such a file, one reference; *info (may be NULL) what the file says of itself,
 * *used (may be NULL) how many bytes it took. Errors as rcs_rdb_reader_init; RCS_ERR_RANGE: keys of
 * a database other than 0, which no node of a cluster loads (Redis 7.0
 * verifyClusterConfigWithData). */
enum rcs_err rcs_snapshot_read_rdb(const void *bytes, size_t size_bytes, unsigned version,
                                   const struct rcs_value_limits *limits, struct rcs_snapshot **out,
                                   struct rcs_rdb_info *info, size_t *used, struct rcs_diag *diag);

#endif
