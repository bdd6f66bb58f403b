/* Intsets: integers of 2, 4 or 8 bytes, ascending (Redis 7.0 intset.c): width, count, numbers, all
 * little-endian. */
#include "proto/rdb_parts.h"

#define HEADER_BYTES 8

static unsigned width_of(int64_t number)
{
    return number < INT32_MIN || number > INT32_MAX   ? 8
           : number < INT16_MIN || number > INT16_MAX ? 4
                                                      : 2;
}

static int64_t number_of(const struct rcs_arg *item)
{
    int64_t number = 0;
    bool whole = rcs_decimal_read(item->bytes, item->size_bytes, &number);
    RCS_ASSERT(whole);
    return number;
}

unsigned rcs_intset_width(const struct rcs_arg *items, size_t count)
{
    RCS_ASSERT(count > 0 && count <= UINT32_MAX);
    unsigned first = width_of(number_of(&items[0]));
    unsigned last = width_of(number_of(&items[count - 1]));
    return first > last ? first : last;
}

void rcs_intset_write(struct rcs_buf *out, const struct rcs_arg *items, size_t count,
                      unsigned width)
{
    RCS_ASSERT(width >= rcs_intset_width(items, count) && width <= 8);
    rcs_rdb_add_little_endian(out, width, 4);
    rcs_rdb_add_little_endian(out, count, 4);
    int64_t previous = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t number = number_of(&items[i]);
        RCS_IMPLIES(i > 0, number > previous);
        rcs_rdb_add_little_endian(out, (uint64_t)number, width);
        previous = number;
    }
}

bool rcs_intset_read(const uint8_t *bytes, size_t size_bytes, unsigned *width_out,
                     struct rcs_rdb_items *out)
{
    if (size_bytes < HEADER_BYTES) {
        return false;
    }
    uint64_t width = rcs_rdb_little_endian(bytes, 4), count = rcs_rdb_little_endian(bytes + 4, 4);
    if ((width != 2 && width != 4 && width != 8) || count == 0 ||
        count * width != size_bytes - HEADER_BYTES) {
        return false;
    }
    *width_out = (unsigned)width;
    int64_t previous = 0;
    for (uint64_t i = 0; i < count; i++) {
        int64_t number = rcs_rdb_signed(bytes + HEADER_BYTES + i * width, (unsigned)width);
        if (i > 0 && number <= previous) {
            return false;
        }
        rcs_rdb_item_add_i64(out, number);
        previous = number;
    }
    return true;
}
