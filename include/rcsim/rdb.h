/* RDB: strings as Redis saves them, and the payloads of DUMP, which RESTORE and MIGRATE take.
 *
 * A payload is a type byte, the value in RDB form, the RDB version (2 bytes) and a CRC64 (8 bytes),
 * both little-endian (Redis 7.0 createDumpPayload). Only strings are read and written. */
#ifndef RCSIM_RDB_H
#define RCSIM_RDB_H

#include <rcsim/resp.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_RDB_VERSION 10 /* of Redis 7.0 */

/* clang-format off */
#define RCS_RDB_TYPES(X)                                        \
    /* what 7.0 saves and loads: number, what it holds */       \
    X(0,  "string")                                             \
    X(1,  "list")           X(2,  "set")                        \
    X(3,  "sorted set")     X(4,  "hash")                       \
    X(5,  "sorted set")     X(6,  "module value")               \
    X(7,  "module value")   X(9,  "hash")                       \
    X(10, "list")           X(11, "set")                        \
    X(12, "sorted set")     X(13, "hash")                       \
    X(14, "list")           X(15, "stream")                     \
    X(16, "hash")           X(17, "sorted set")                 \
    X(18, "list")           X(19, "stream")
/* clang-format on */

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

/* Appends the payload of a string. */
void rcs_dump_write(struct rcs_buf *out, unsigned version, const void *bytes, size_t size_bytes);
/* True if the version is at most `version` and the checksum fits (Redis 7.0 verifyDumpPayload). */
bool rcs_dump_check(const void *payload, size_t size_bytes, unsigned version);
/* Appends the string of a payload that was checked. RCS_ERR_UNKNOWN: a value of another type, which
 * *type tells; RCS_ERR_PROTOCOL: not to be read. Like a real server it does not mind what follows
 * the value. */
enum rcs_err rcs_dump_read(const void *payload, size_t size_bytes, unsigned *type,
                           struct rcs_buf *out);

#ifdef __cplusplus
}
#endif
#endif
