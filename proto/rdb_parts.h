/* What the files of the RDB codec share: lengths and strings, packed items, what a reader gathers.
 */
#ifndef RCSIM_PROTO_RDB_PARTS_H
#define RCSIM_PROTO_RDB_PARTS_H

#include <rcsim/rdb.h>

/* What stands in a file where a type might. */
enum rcs_rdb_opcode {
    RCS_RDB_OPCODE_FUNCTION = 245,
    RCS_RDB_OPCODE_FUNCTION_OLD, /* of 7.0 before its release */
    RCS_RDB_OPCODE_MODULE_AUX,
    RCS_RDB_OPCODE_IDLE,
    RCS_RDB_OPCODE_FREQUENCY,
    RCS_RDB_OPCODE_AUX,
    RCS_RDB_OPCODE_RESIZE,
    RCS_RDB_OPCODE_EXPIRE_MS,
    RCS_RDB_OPCODE_EXPIRE_S,
    RCS_RDB_OPCODE_DATABASE,
    RCS_RDB_OPCODE_END,
};

/* Files of these versions and later have: */
#define RCS_RDB_VERSION_CHECKSUM 5
#define RCS_RDB_VERSION_AUX      7  /* fields, sizes of databases, quicklists; Redis 3.2 */
#define RCS_RDB_VERSION_BINARY   8  /* scores as 8 bytes, fields of replication; Redis 4.0 */
#define RCS_RDB_VERSION_LISTPACK 10 /* listpacks instead of ziplists; Redis 7.0 */
#define RCS_RDB_MAGIC            "REDIS"
#define RCS_RDB_CHECKSUM_BYTES   8

/* What stands before a node of a quicklist, from 7.0 on. */
enum rcs_rdb_container { RCS_RDB_CONTAINER_PLAIN = 1, RCS_RDB_CONTAINER_PACKED };

/* --- writing (rdb.c) -------------------------------------------------------------------------- */

void rcs_rdb_add_byte(struct rcs_buf *out, unsigned byte);
void rcs_rdb_add_little_endian(struct rcs_buf *out, uint64_t value, unsigned bytes);
void rcs_rdb_add_length(struct rcs_buf *out, uint64_t length);
/* Over `bytes` that stand at `at` already. */
void rcs_rdb_put_little_endian(struct rcs_buf *out, size_t at, uint64_t value, unsigned bytes);

/* --- reading (rdb.c) -------------------------------------------------------------------------- */

struct rcs_rdb_input {
    const uint8_t *at, *end;
};

static inline size_t rcs_rdb_left(const struct rcs_rdb_input *in)
{
    return (size_t)(in->end - in->at);
}

/* Of 1 to 8 bytes; of the signed one the uppermost bit is the sign. */
uint64_t rcs_rdb_little_endian(const uint8_t *bytes, unsigned count);
int64_t rcs_rdb_signed(const uint8_t *bytes, unsigned count);
/* These give false if the input is broken or cut short; a buffer has not grown then, a number means
 * nothing. `bytes`: 1 to 8, the least significant first, or the most significant (big endian). */
bool rcs_rdb_take_byte(struct rcs_rdb_input *in, unsigned *out);
bool rcs_rdb_take_little_endian(struct rcs_rdb_input *in, unsigned bytes, uint64_t *out);
bool rcs_rdb_take_big_endian(struct rcs_rdb_input *in, unsigned bytes, uint64_t *out);
bool rcs_rdb_take_signed(struct rcs_rdb_input *in, unsigned bytes, int64_t *out);
bool rcs_rdb_take_length(struct rcs_rdb_input *in, uint64_t *out);
bool rcs_rdb_take_string(struct rcs_rdb_input *in, struct rcs_buf *out);

/* --- items on their way into a value (rdb_read.c) --------------------------------------------- */

/* The bytes of the items stand one after the other in `text`. */
struct rcs_rdb_items {
    struct rcs_buf text;
    struct rcs_arg *items; /* their `bytes` are set at the end */
    size_t count, room;
};

void rcs_rdb_item_add_i64(struct rcs_rdb_items *items, int64_t value);
/* An item whose bytes, or whose `bytes` of a signed number, come next. False: the input is cut
 * short, or the item is over 4 GB; nothing is taken or added. */
bool rcs_rdb_item_take(struct rcs_rdb_input *in, size_t size_bytes, struct rcs_rdb_items *items);
bool rcs_rdb_item_take_i64(struct rcs_rdb_input *in, unsigned bytes, struct rcs_rdb_items *items);

/* --- packed items ----------------------------------------------------------------------------- */

/* Appends the packed form of the items, header and end included. */
void rcs_listpack_write(struct rcs_buf *out, const struct rcs_arg *items, size_t count);
void rcs_ziplist_write(struct rcs_buf *out, const struct rcs_arg *items, size_t count);
/* How many of the items, one or more, RPUSH puts into a node of a quicklist that is to stay below 8
 * kB. */
size_t rcs_listpack_fill(const struct rcs_arg *items, size_t count);
size_t rcs_ziplist_fill(const struct rcs_arg *items, size_t count);
/* Integers, ascending, none twice; `width` bytes each (2, 4, 8), at least what they need. */
unsigned rcs_intset_width(const struct rcs_arg *items, size_t count);
void rcs_intset_write(struct rcs_buf *out, const struct rcs_arg *items, size_t count,
                      unsigned width);

/* Add the items to `out`. False: broken somewhere; `out` may hold a part. */
bool rcs_listpack_read(const uint8_t *bytes, size_t size_bytes, struct rcs_rdb_items *out);
bool rcs_ziplist_read(const uint8_t *bytes, size_t size_bytes, struct rcs_rdb_items *out);
bool rcs_zipmap_read(const uint8_t *bytes, size_t size_bytes, struct rcs_rdb_items *out);
bool rcs_intset_read(const uint8_t *bytes, size_t size_bytes, unsigned *width,
                     struct rcs_rdb_items *out);

/* --- scores (rdb_score.c) --------------------------------------------------------------------- */

#define RCS_RDB_SCORE_TEXT_MAX 32
/* As a release of that version has it in packed items, without NUL. Returns the length. */
size_t rcs_rdb_score_text(char *out, double score, unsigned version);
/* False: no number, or NaN. */
bool rcs_rdb_score_read(const char *text, size_t size_bytes, double *out);
/* Of type ZSET: the text's length in a byte, or a byte that says infinite (Redis 7.0
 * rdbSaveDoubleValue). */
void rcs_rdb_old_score_write(struct rcs_buf *out, double score);
bool rcs_rdb_old_score_take(struct rcs_rdb_input *in, double *out);

#endif
