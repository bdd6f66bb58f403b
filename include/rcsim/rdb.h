/* RDB: values as Redis saves them, and the payloads of DUMP, which RESTORE and MIGRATE take.
 *
 * A payload is a type byte, the value in RDB form, the RDB version (2 bytes) and a CRC64 (8 bytes),
 * both little-endian (Redis 7.0 createDumpPayload). Strings, lists, sets, hashes and sorted sets
 * are written as the releases do whose files have version 6 (3.0) to 10 (7.0), and read in every
 * form these releases load. Streams and what modules save are named, not read. */
#ifndef RCSIM_RDB_H
#define RCSIM_RDB_H

#include <rcsim/resp.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_RDB_VERSION 10 /* of Redis 7.0 */

/* clang-format off */
#define RCS_RDB_TYPES(X)                                                  \
    /* what 7.0 saves and loads: number, constant, what it holds */       \
    X(0,  STRING,              "string")                                  \
    X(1,  LIST,                "list")                                    \
    X(2,  SET,                 "set")                                     \
    X(3,  ZSET,                "sorted set")                              \
    X(4,  HASH,                "hash")                                    \
    X(5,  ZSET_2,              "sorted set")                              \
    X(6,  MODULE,              "module value")                            \
    X(7,  MODULE_2,            "module value")                            \
    X(9,  HASH_ZIPMAP,         "hash")                                    \
    X(10, LIST_ZIPLIST,        "list")                                    \
    X(11, SET_INTSET,          "set")                                     \
    X(12, ZSET_ZIPLIST,        "sorted set")                              \
    X(13, HASH_ZIPLIST,        "hash")                                    \
    X(14, LIST_QUICKLIST,      "list")                                    \
    X(15, STREAM_LISTPACKS,    "stream")                                  \
    X(16, HASH_LISTPACK,       "hash")                                    \
    X(17, ZSET_LISTPACK,       "sorted set")                              \
    X(18, LIST_QUICKLIST_2,    "list")                                    \
    X(19, STREAM_LISTPACKS_2,  "stream")
/* clang-format on */

enum rcs_rdb_type {
#define X(number, constant, name) RCS_RDB_TYPE_##constant = (number),
    RCS_RDB_TYPES(X)
#undef X
};

/* "string", "list"...; NULL: 7.0 knows no such type. Static. */
const char *rcs_rdb_type_name(unsigned type);

/* CRC-64 as Redis computes it: the polynomial of Jones, reflected, start 0. `crc` continues. */
uint64_t rcs_crc64(uint64_t crc, const void *bytes, size_t size_bytes);

/* LZF as liblzf compresses and Redis uses it. Returns the bytes written, 0: they do not fit into
 * `room_bytes`. */
size_t rcs_lzf_compress(const void *bytes, size_t size_bytes, void *out, size_t room_bytes);
/* Returns the bytes written, 0: the input is broken or does not fit. */
size_t rcs_lzf_expand(const void *bytes, size_t size_bytes, void *out, size_t room_bytes);

/* Appends a string: as an integer, compressed, or as it is (Redis 7.0 rdbSaveRawString). */
void rcs_rdb_string_write(struct rcs_buf *out, const void *bytes, size_t size_bytes);
/* Reads one and appends it to `out`; *used says how many bytes it took. RCS_ERR_PROTOCOL: broken or
 * cut short; `out` is as it was. */
enum rcs_err rcs_rdb_string_read(const void *bytes, size_t size_bytes, size_t *used,
                                 struct rcs_buf *out);

/* --- values of all types ---------------------------------------------------------------------- */

enum rcs_rdb_kind {
    RCS_RDB_STRING,
    RCS_RDB_LIST,
    RCS_RDB_SET,
    RCS_RDB_HASH,
    RCS_RDB_SORTED_SET,
};

/* As OBJECT ENCODING of 7.0 says; a string's is seen from its bytes and not named. */
enum rcs_rdb_encoding {
    RCS_RDB_PLAIN,     /* a string */
    RCS_RDB_QUICKLIST, /* a list */
    RCS_RDB_INTSET,    /* a set of integers, ascending */
    RCS_RDB_HASHTABLE, /* a set or a hash */
    RCS_RDB_LISTPACK,  /* a hash or a sorted set; ziplist before 7.0 */
    RCS_RDB_SKIPLIST,  /* a sorted set */
};

#define RCS_RDB_PLAIN_NODE 0 /* a list's node that is one item without a listpack around it */

/* A value as bytes of its parts. A hash has field and value alternately, a sorted set its members
 * ascending by score, then by bytes. */
struct rcs_rdb_value {
    enum rcs_rdb_kind kind;
    enum rcs_rdb_encoding encoding;
    size_t count; /* items: 1 of a string, two for each field of a hash */
    struct rcs_arg *items;
    double *scores; /* sorted set: one an item, none NaN; else NULL */
    /* How the items of a list fall into the nodes of its quicklist: items in each, or
     * RCS_RDB_PLAIN_NODE. NULL: as RPUSH fills them, up to 8 kB a node. */
    uint32_t *nodes;
    size_t node_count;
    unsigned intset_width; /* bytes of a number, 2, 4 or 8: it never shrinks; 0: as they need */
    char *text;            /* where the items stand, when the value was read */
};

/* Frees what a reader allocated. Not for a value somebody else put together. */
void rcs_rdb_value_close(struct rcs_rdb_value *value);

/* The type byte of a value in a file of this version. Redis 7.0 rdbSaveObjectType. */
enum rcs_rdb_type rcs_rdb_value_type(const struct rcs_rdb_value *value, unsigned version);
/* Appends the value as that type (Redis 7.0 rdbSaveObject). It must not be empty. */
void rcs_rdb_value_write(struct rcs_buf *out, const struct rcs_rdb_value *value, unsigned version);

/* Reads a value of `type`; *used says how many bytes it took. On RCS_OK *out has to be closed, on
 * errors it is empty. RCS_ERR_PROTOCOL: broken, cut short, of a type 7.0 does not know; a list of
 * packed items must be sound in itself and no member or field may come twice. RCS_ERR_UNKNOWN: of a
 * type that is not modelled, rcs_rdb_type_name has its name. RCS_ERR_RANGE: sound, but it holds
 * nothing; *used is set (a file's key is passed over then, Redis 7.0 rdbLoadRio; RESTORE refuses
 * it). */
enum rcs_err rcs_rdb_value_read(const void *bytes, size_t size_bytes, unsigned type, size_t *used,
                                struct rcs_rdb_value *out);

/* --- payloads of DUMP ------------------------------------------------------------------------- */

void rcs_dump_write(struct rcs_buf *out, unsigned version, const struct rcs_rdb_value *value);
/* True if the version is at most `version` and the checksum fits (Redis 7.0 verifyDumpPayload). */
bool rcs_dump_check(const void *payload, size_t size_bytes, unsigned version);
/* The value of a payload that was checked; as rcs_rdb_value_read. *type is the type byte. Like a
 * real server it does not mind what follows the value. */
enum rcs_err rcs_dump_read(const void *payload, size_t size_bytes, unsigned *type,
                           struct rcs_rdb_value *out);

#ifdef __cplusplus
}
#endif
#endif
