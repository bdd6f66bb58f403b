/* Whole RDB files: what SAVE leaves on disk, a full resynchronisation sends, and the base of an
 * append-only file is.
 *
 * Magic and version, fields about the file itself, for each database its keys, an end and a CRC64
 * (Redis 7.0 rdbSaveRio). Written as the releases do whose files have version 6 (3.0) and later.
 * Read as 7.0 reads: how recently a key was used is passed over, a key without elements too.
 * Functions, data of modules, streams and values of modules are refused by name. */
#ifndef RCSIM_RDB_FILE_H
#define RCSIM_RDB_FILE_H

#include <rcsim/rdb.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_RDB_NO_EXPIRE ((int64_t)-1)

/* What a file says about itself. */
struct rcs_rdb_info {
    unsigned version;
    char redis_version[16];      /* "7.0.15"; "": not said */
    unsigned bits;               /* of a pointer: 64; 0: not said */
    int64_t created_s;           /* Unix time; -1: not said */
    int64_t used_memory_bytes;   /* when it was saved; -1: not said */
    char replid[RCS_ID_LEN + 1]; /* "": no word of replication */
    int64_t repl_offset;
    int repl_stream_db;
    bool aof_base; /* the base of an append-only file */
};

/* --- writing ---------------------------------------------------------------------------------- */

/* Open for the compiler, not for its user. */
struct rcs_rdb_writer {
    struct rcs_buf *out;
    size_t begin; /* where the file begins in `out` */
    unsigned version;
};

/* Appends a file to `out`, which must outlive the writer and not be changed by others. */
void rcs_rdb_writer_init(struct rcs_rdb_writer *writer, struct rcs_buf *out,
                         const struct rcs_rdb_info *info);
/* The keys that follow are in this database: `keys` of them, `expires` with an expiry. Not called
 * for an empty one. */
void rcs_rdb_write_database(struct rcs_rdb_writer *writer, unsigned database, size_t keys,
                            size_t expires);
/* `expire_ms` is Unix time, or RCS_RDB_NO_EXPIRE. */
void rcs_rdb_write_key(struct rcs_rdb_writer *writer, const struct rcs_arg *key, int64_t expire_ms,
                       const struct rcs_rdb_value *value);
void rcs_rdb_write_end(struct rcs_rdb_writer *writer);

/* --- reading ---------------------------------------------------------------------------------- */

struct rcs_rdb_key {
    unsigned database;
    struct rcs_arg name;
    int64_t expire_ms; /* Unix time, or RCS_RDB_NO_EXPIRE */
    struct rcs_rdb_value value;
};

struct rcs_rdb_reader {
    struct rcs_rdb_info info; /* complete before the first key */
    unsigned empty_keys;      /* passed over so far */
    size_t used;              /* bytes of the file, once it ended; more may follow */
    /* private */
    const uint8_t *begin, *at, *end;
    int64_t expire_ms; /* of the key that comes next */
    struct rcs_buf name;
    struct rcs_rdb_key key;
};

/* Reads up to the first key. The bytes are borrowed until _close. `version`: the latest this reader
 * is to take. RCS_ERR_PROTOCOL: no RDB file or broken; RCS_ERR_UNKNOWN: holds what is not modelled;
 * `diag` (may be NULL) says what and at which byte. On errors nothing has to be closed. */
enum rcs_err rcs_rdb_reader_init(struct rcs_rdb_reader *reader, const void *bytes,
                                 size_t size_bytes, unsigned version, struct rcs_diag *diag);
void rcs_rdb_reader_close(struct rcs_rdb_reader *reader);
/* The next key, lent until the next call; NULL: there is none, the file ended and its checksum fits
 * (or is 0: it was saved without). Errors as above; the reader has to be closed all the same. */
enum rcs_err rcs_rdb_reader_next(struct rcs_rdb_reader *reader, const struct rcs_rdb_key **out,
                                 struct rcs_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
