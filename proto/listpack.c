/* Listpacks: items packed one after the other (Redis 7.0 listpack.c).
 *
 * Header: bytes of the whole (4) and number of items (2, 65535: more than fit), little-endian; at
 * the end a byte ff. An entry is its encoding with the data, then the length of that, seven bits a
 * byte, for reading backwards. */
#include <string.h>

#include "proto/bytes.h"
#include "proto/rdb_parts.h"

#define HEADER_BYTES  6
#define COUNT_AT      4
#define END           0xff
#define COUNT_UNKNOWN UINT16_MAX

/* Redis 7.0 quicklist.c, list-max-listpack-size -2: a node grows while it stays within this, an
 * item counted with some overhead. */
#define NODE_BYTES     8192
#define OVERHEAD_BYTES 8

/* How an entry begins. */
enum { INT_16 = 0xf1, INT_24 = 0xf2, INT_32 = 0xf3, INT_64 = 0xf4, STRING_32 = 0xf0 };
#define STRING_6       0x80 /* and six bits of length */
#define INT_13         0xc0 /* and five bits of the number */
#define STRING_12      0xe0 /* and four bits of length */
#define INT_13_LEAST   (-4096)
#define INT_13_MOST    4095
#define INT_24_MOST    0x7fffff
#define BACKLENGTH_MAX 5

/* --- writing ---------------------------------------------------------------------------------- */

/* Bytes of the length behind an entry. The steps are Redis's: it takes the longer form one early
 * (lpEncodeBacklen). */
static unsigned backlength_bytes(uint64_t entry_bytes)
{
    return entry_bytes <= 127        ? 1
           : entry_bytes < 16383     ? 2
           : entry_bytes < 2097151   ? 3
           : entry_bytes < 268435455 ? 4
                                     : 5;
}

/* The most significant seven bits first; all but the first byte are marked. */
static unsigned backlength(uint64_t entry_bytes, uint8_t out[BACKLENGTH_MAX])
{
    unsigned bytes = backlength_bytes(entry_bytes);
    for (unsigned i = bytes; i > 0; i--, entry_bytes >>= 7) {
        out[i - 1] = (uint8_t)((entry_bytes & 127) | (i > 1 ? 128 : 0));
    }
    return bytes;
}

static void add_integer(struct rcs_buf *out, int64_t number)
{
    uint64_t bits = (uint64_t)number;
    if (number >= 0 && number <= 127) {
        rcs_rdb_add_byte(out, (unsigned)bits);
    } else if (number >= INT_13_LEAST && number <= INT_13_MOST) {
        rcs_rdb_add_byte(out, INT_13 | (unsigned)(bits >> 8 & 31));
        rcs_rdb_add_byte(out, (unsigned)(bits & 0xff));
    } else if (number >= INT16_MIN && number <= INT16_MAX) {
        rcs_rdb_add_byte(out, INT_16);
        rcs_rdb_add_little_endian(out, bits, 2);
    } else if (number >= -INT_24_MOST - 1 && number <= INT_24_MOST) {
        rcs_rdb_add_byte(out, INT_24);
        rcs_rdb_add_little_endian(out, bits, 3);
    } else if (number >= INT32_MIN && number <= INT32_MAX) {
        rcs_rdb_add_byte(out, INT_32);
        rcs_rdb_add_little_endian(out, bits, 4);
    } else {
        rcs_rdb_add_byte(out, INT_64);
        rcs_rdb_add_little_endian(out, bits, 8);
    }
}

static void add_string(struct rcs_buf *out, const struct rcs_arg *item)
{
    if (item->size_bytes < 1 << 6) {
        rcs_rdb_add_byte(out, STRING_6 | item->size_bytes);
    } else if (item->size_bytes < 1 << 12) {
        rcs_rdb_add_byte(out, STRING_12 | item->size_bytes >> 8);
        rcs_rdb_add_byte(out, item->size_bytes & 0xff);
    } else {
        rcs_rdb_add_byte(out, STRING_32);
        rcs_rdb_add_little_endian(out, item->size_bytes, 4);
    }
    rcs_buf_add(out, item->bytes, item->size_bytes);
}

static void add_entry(struct rcs_buf *out, const struct rcs_arg *item)
{
    size_t before = out->size_bytes;
    int64_t number;
    uint8_t back[BACKLENGTH_MAX];
    if (rcs_decimal_read(item->bytes, item->size_bytes, &number)) {
        add_integer(out, number);
    } else {
        add_string(out, item);
    }
    rcs_buf_add(out, back, backlength(out->size_bytes - before, back));
}

void rcs_listpack_write(struct rcs_buf *out, const struct rcs_arg *items, size_t count)
{
    size_t before = out->size_bytes;
    rcs_rdb_add_little_endian(out, 0, COUNT_AT); /* known at the end */
    rcs_rdb_add_little_endian(out, count < COUNT_UNKNOWN ? count : COUNT_UNKNOWN,
                              HEADER_BYTES - COUNT_AT);
    for (size_t i = 0; i < count; i++) {
        add_entry(out, &items[i]);
    }
    rcs_rdb_add_byte(out, END);
    size_t size_bytes = out->size_bytes - before;
    RCS_ASSERT(size_bytes <= UINT32_MAX);
    rcs_rdb_put_little_endian(out, before, size_bytes, COUNT_AT);
}

static size_t integer_bytes(int64_t number)
{
    return number >= 0 && number <= 127                          ? 1
           : number >= INT_13_LEAST && number <= INT_13_MOST     ? 2
           : number >= INT16_MIN && number <= INT16_MAX          ? 3
           : number >= -INT_24_MOST - 1 && number <= INT_24_MOST ? 4
           : number >= INT32_MIN && number <= INT32_MAX          ? 5
                                                                 : 9;
}

static size_t entry_bytes(const struct rcs_arg *item)
{
    int64_t number;
    size_t size_bytes = item->size_bytes;
    if (rcs_decimal_read(item->bytes, item->size_bytes, &number)) {
        size_bytes = integer_bytes(number);
    } else {
        size_bytes += size_bytes < 1 << 6 ? 1 : size_bytes < 1 << 12 ? 2 : 5;
    }
    return size_bytes + backlength_bytes(size_bytes);
}

size_t rcs_listpack_fill(const struct rcs_arg *items, size_t count)
{
    size_t node_bytes = HEADER_BYTES + 1, filled = 0;
    while (filled < count &&
           (filled == 0 || node_bytes + items[filled].size_bytes + OVERHEAD_BYTES <= NODE_BYTES)) {
        node_bytes += entry_bytes(&items[filled++]);
    }
    return filled;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool take_data(struct rcs_rdb_input *in, unsigned head, struct rcs_rdb_items *out)
{
    unsigned low;
    uint64_t size_bytes;
    if (head < STRING_6) {
        rcs_rdb_item_add_i64(out, head);
        return true;
    }
    if (head < INT_13) {
        return rcs_rdb_item_take(in, head - STRING_6, out);
    }
    if (head < STRING_12) {
        if (!rcs_rdb_take_byte(in, &low)) {
            return false;
        }
        int64_t number = (int64_t)((head & 31) << 8 | low);
        rcs_rdb_item_add_i64(out, number > INT_13_MOST ? number - (1 << 13) : number);
        return true;
    }
    if (head < STRING_32) {
        return rcs_rdb_take_byte(in, &low) && rcs_rdb_item_take(in, (head & 15) << 8 | low, out);
    }
    switch (head) {
    case INT_16:
        return rcs_rdb_item_take_i64(in, 2, out);
    case INT_24:
        return rcs_rdb_item_take_i64(in, 3, out);
    case INT_32:
        return rcs_rdb_item_take_i64(in, 4, out);
    case INT_64:
        return rcs_rdb_item_take_i64(in, 8, out);
    case STRING_32:
        return rcs_rdb_take_little_endian(in, 4, &size_bytes) &&
               rcs_rdb_item_take(in, size_bytes, out);
    default: /* a byte from outside */
        return false;
    }
}

static bool take_entry(struct rcs_rdb_input *in, struct rcs_rdb_items *out)
{
    const uint8_t *begin = in->at;
    unsigned head;
    uint8_t back[BACKLENGTH_MAX];
    if (!rcs_rdb_take_byte(in, &head) || !take_data(in, head, out)) {
        return false;
    }
    unsigned bytes = backlength((size_t)(in->at - begin), back);
    if (rcs_rdb_left(in) < bytes || memcmp(in->at, back, bytes) != 0) {
        return false;
    }
    in->at += bytes;
    return true;
}

bool rcs_listpack_read(const uint8_t *bytes, size_t size_bytes, struct rcs_rdb_items *out)
{
    if (size_bytes < HEADER_BYTES + 1 || rcs_rdb_little_endian(bytes, COUNT_AT) != size_bytes ||
        bytes[size_bytes - 1] != END) {
        return false;
    }
    struct rcs_rdb_input in = { bytes + HEADER_BYTES, bytes + size_bytes - 1 };
    uint64_t announced = rcs_rdb_little_endian(bytes + COUNT_AT, HEADER_BYTES - COUNT_AT);
    size_t before = out->count;
    while (rcs_rdb_left(&in) > 0) {
        if (!take_entry(&in, out)) {
            return false;
        }
    }
    return announced == COUNT_UNKNOWN || announced == out->count - before;
}
