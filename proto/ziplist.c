/* Ziplists and zipmaps, what releases before 7.0 pack items into (Redis 6.2 ziplist.c, zipmap.c).
 *
 * A ziplist's header: bytes of the whole (4), where the last entry begins (4), number of items (2,
 * 65535: more than fit), little-endian; at the end a byte ff. An entry is the length of the one
 * before it (a byte, or fe and four), an encoding, the data. */
#include <string.h>

#include "proto/bytes.h"
#include "proto/rdb_parts.h"

#define HEADER_BYTES  10
#define TAIL_AT       4
#define COUNT_AT      8
#define END           0xff
#define LONG_LENGTH   0xfe /* four bytes of length follow */
#define COUNT_UNKNOWN UINT16_MAX
#define NODE_BYTES    8192 /* of a quicklist, list-max-ziplist-size -2 */

/* How the encoding begins. */
enum { INT_16 = 0xc0, INT_32 = 0xd0, INT_64 = 0xe0, INT_24 = 0xf0, INT_8 = 0xfe };
#define STRING_14   0x40 /* and six bits of length, one byte more */
#define STRING_32   0x80 /* four bytes of length, the most significant first */
#define SMALL_FIRST 0xf1 /* 0; up to 12 */
#define SMALL_MOST  12
#define INT_24_MOST 0x7fffff

/* --- writing ---------------------------------------------------------------------------------- */

static void add_integer(struct rcs_buf *out, int64_t number)
{
    uint64_t bits = (uint64_t)number;
    if (number >= 0 && number <= SMALL_MOST) {
        rcs_rdb_add_byte(out, SMALL_FIRST + (unsigned)bits);
    } else if (number >= INT8_MIN && number <= INT8_MAX) {
        rcs_rdb_add_byte(out, INT_8);
        rcs_rdb_add_little_endian(out, bits, 1);
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
        rcs_rdb_add_byte(out, item->size_bytes);
    } else if (item->size_bytes < 1 << 14) {
        rcs_rdb_add_byte(out, STRING_14 | item->size_bytes >> 8);
        rcs_rdb_add_byte(out, item->size_bytes & 0xff);
    } else {
        rcs_rdb_add_byte(out, STRING_32);
        for (int shift = 24; shift >= 0; shift -= 8) {
            rcs_rdb_add_byte(out, item->size_bytes >> shift & 0xff);
        }
    }
    rcs_buf_add(out, item->bytes, item->size_bytes);
}

static void add_entry(struct rcs_buf *out, size_t previous_bytes, const struct rcs_arg *item)
{
    int64_t number;
    if (previous_bytes < LONG_LENGTH) {
        rcs_rdb_add_byte(out, (unsigned)previous_bytes);
    } else {
        rcs_rdb_add_byte(out, LONG_LENGTH);
        rcs_rdb_add_little_endian(out, previous_bytes, 4);
    }
    if (rcs_decimal_read(item->bytes, item->size_bytes, &number)) {
        add_integer(out, number);
    } else {
        add_string(out, item);
    }
}

void rcs_ziplist_write(struct rcs_buf *out, const struct rcs_arg *items, size_t count)
{
    size_t before = out->size_bytes, last = before + HEADER_BYTES;
    rcs_rdb_add_little_endian(out, 0, 8); /* bytes and tail, known at the end */
    rcs_rdb_add_little_endian(out, count < COUNT_UNKNOWN ? count : COUNT_UNKNOWN,
                              HEADER_BYTES - COUNT_AT);
    for (size_t i = 0; i < count; i++) {
        size_t here = out->size_bytes;
        add_entry(out, here - last, &items[i]);
        last = here;
    }
    rcs_rdb_add_byte(out, END);
    size_t size_bytes = out->size_bytes - before;
    RCS_ASSERT(size_bytes <= UINT32_MAX);
    rcs_rdb_put_little_endian(out, before, size_bytes, TAIL_AT);
    rcs_rdb_put_little_endian(out, before + TAIL_AT, last - before, COUNT_AT - TAIL_AT);
}

static size_t data_bytes(const struct rcs_arg *item)
{
    int64_t number;
    size_t size_bytes = item->size_bytes;
    if (!rcs_decimal_read(item->bytes, size_bytes, &number)) {
        return size_bytes + (size_bytes < 1 << 6 ? 1 : size_bytes < 1 << 14 ? 2 : 5);
    }
    return number >= 0 && number <= SMALL_MOST                   ? 1
           : number >= INT8_MIN && number <= INT8_MAX            ? 2
           : number >= INT16_MIN && number <= INT16_MAX          ? 3
           : number >= -INT_24_MOST - 1 && number <= INT_24_MOST ? 4
           : number >= INT32_MIN && number <= INT32_MAX          ? 5
                                                                 : 9;
}

/* Redis 6.2 _quicklistNodeAllowInsert: an item is counted as a text behind one of its own length.
 */
static size_t counted_bytes(const struct rcs_arg *item)
{
    size_t size_bytes = item->size_bytes;
    return size_bytes + (size_bytes < LONG_LENGTH ? 1 : 5) +
           (size_bytes < 1 << 6    ? 1
            : size_bytes < 1 << 14 ? 2
                                   : 5);
}

size_t rcs_ziplist_fill(const struct rcs_arg *items, size_t count)
{
    size_t node_bytes = HEADER_BYTES + 1, previous_bytes = 0, filled = 0;
    while (filled < count &&
           (filled == 0 || node_bytes + counted_bytes(&items[filled]) <= NODE_BYTES)) {
        previous_bytes = (previous_bytes < LONG_LENGTH ? 1 : 5) + data_bytes(&items[filled++]);
        node_bytes += previous_bytes;
    }
    return filled;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool take_string(struct rcs_rdb_input *in, unsigned head, struct rcs_rdb_items *out)
{
    if (head < STRING_14) {
        return rcs_rdb_item_take(in, head, out);
    }
    if (head < STRING_32) {
        unsigned low;
        return rcs_rdb_take_byte(in, &low) && rcs_rdb_item_take(in, (head & 63) << 8 | low, out);
    }
    uint64_t size_bytes;
    return rcs_rdb_take_big_endian(in, 4, &size_bytes) && rcs_rdb_item_take(in, size_bytes, out);
}

static bool take_data(struct rcs_rdb_input *in, struct rcs_rdb_items *out)
{
    unsigned head;
    if (!rcs_rdb_take_byte(in, &head)) {
        return false;
    }
    if (head < INT_16) { /* of a long string's head Redis looks at the upper two bits only */
        return take_string(in, head, out);
    }
    if (head >= SMALL_FIRST && head <= SMALL_FIRST + SMALL_MOST) {
        rcs_rdb_item_add_i64(out, head - SMALL_FIRST);
        return true;
    }
    switch (head) {
    case INT_8:
        return rcs_rdb_item_take_i64(in, 1, out);
    case INT_16:
        return rcs_rdb_item_take_i64(in, 2, out);
    case INT_24:
        return rcs_rdb_item_take_i64(in, 3, out);
    case INT_32:
        return rcs_rdb_item_take_i64(in, 4, out);
    case INT_64:
        return rcs_rdb_item_take_i64(in, 8, out);
    default: /* a byte from outside */
        return false;
    }
}

/* The length before an entry: how far back the one before it begins. */
static bool take_previous(struct rcs_rdb_input *in, uint64_t *out)
{
    unsigned head;
    if (!rcs_rdb_take_byte(in, &head)) {
        return false;
    }
    *out = head;
    return head < LONG_LENGTH || (head == LONG_LENGTH && rcs_rdb_take_little_endian(in, 4, out));
}

bool rcs_ziplist_read(const uint8_t *bytes, size_t size_bytes, struct rcs_rdb_items *out)
{
    if (size_bytes < HEADER_BYTES + 1 || rcs_rdb_little_endian(bytes, TAIL_AT) != size_bytes ||
        bytes[size_bytes - 1] != END) {
        return false;
    }
    struct rcs_rdb_input in = { bytes + HEADER_BYTES, bytes + size_bytes - 1 };
    const uint8_t *last = in.at;
    size_t before = out->count;
    while (rcs_rdb_left(&in) > 0) {
        const uint8_t *here = in.at;
        uint64_t previous_bytes;
        if (!take_previous(&in, &previous_bytes) || previous_bytes != (size_t)(here - last) ||
            !take_data(&in, out)) {
            return false;
        }
        last = here;
    }
    uint64_t announced = rcs_rdb_little_endian(bytes + COUNT_AT, HEADER_BYTES - COUNT_AT);
    uint64_t tail = rcs_rdb_little_endian(bytes + TAIL_AT, COUNT_AT - TAIL_AT);
    return tail == (size_t)(last - bytes) &&
           (announced == COUNT_UNKNOWN || announced == out->count - before);
}

/* --- zipmaps ----------------------------------------------------------------------------------
 *
 * Number of pairs (254: more than fit), then key and value, each behind its length (a byte, or fe
 * and four bytes); between a value's length and the value stands how many free bytes follow it. */

static bool take_zipmap_text(struct rcs_rdb_input *in, bool value, struct rcs_rdb_items *out)
{
    unsigned head, free_bytes = 0;
    uint64_t size_bytes;
    if (!rcs_rdb_take_byte(in, &head) || head == END) {
        return false;
    }
    size_bytes = head;
    if ((head == LONG_LENGTH &&
         (!rcs_rdb_take_little_endian(in, 4, &size_bytes) || size_bytes < LONG_LENGTH)) ||
        (value && !rcs_rdb_take_byte(in, &free_bytes)) || !rcs_rdb_item_take(in, size_bytes, out) ||
        rcs_rdb_left(in) < free_bytes) {
        return false;
    }
    in->at += free_bytes;
    return true;
}

bool rcs_zipmap_read(const uint8_t *bytes, size_t size_bytes, struct rcs_rdb_items *out)
{
    if (size_bytes < 2 || bytes[size_bytes - 1] != END) {
        return false;
    }
    struct rcs_rdb_input in = { bytes + 1, bytes + size_bytes - 1 };
    size_t pairs = 0;
    for (; rcs_rdb_left(&in) > 0; pairs++) {
        if (!take_zipmap_text(&in, false, out) || !take_zipmap_text(&in, true, out)) {
            return false;
        }
    }
    return pairs > 0 && (bytes[0] >= LONG_LENGTH || bytes[0] == pairs);
}
