/* The growable buffer and decimal numbers. */
#include "proto/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/resp.h>

#define BUF_ROOM_FIRST 256

void *rcs_bytes_resize(void *block, size_t size_bytes)
{
    void *resized = realloc(block, size_bytes);
    if (resized == NULL) {
        fprintf(stderr, "rcsim: out of memory (%zu bytes wanted)\n", size_bytes);
        abort();
    }
    return resized;
}

/* --- decimal numbers -------------------------------------------------------------------------- */

static const char two_digits[] = "0001020304050607080910111213141516171819"
                                 "2021222324252627282930313233343536373839"
                                 "4041424344454647484950515253545556575859"
                                 "6061626364656667686970717273747576777879"
                                 "8081828384858687888990919293949596979899";

static size_t digits_of(uint64_t value)
{
    size_t digits = 1;
    for (; value >= 100; value /= 100) {
        digits += 2;
    }
    return digits + (value >= 10);
}

size_t rcs_decimal_write_u64(char *out, uint64_t value)
{
    const size_t size_bytes = digits_of(value);
    char *p = out + size_bytes;

    for (; value >= 100; value /= 100) {
        p -= 2;
        memcpy(p, &two_digits[2 * (value % 100)], 2);
    }
    if (value >= 10) {
        memcpy(p - 2, &two_digits[2 * value], 2);
    } else {
        p[-1] = (char)('0' + value);
    }
    return size_bytes;
}

size_t rcs_decimal_write(char *out, int64_t value)
{
    if (value >= 0) {
        return rcs_decimal_write_u64(out, (uint64_t)value);
    }
    out[0] = '-';
    return 1 + rcs_decimal_write_u64(out + 1, 0 - (uint64_t)value);
}

static bool read_digits(const char *text, size_t size_bytes, uint64_t *out)
{
    if (size_bytes - 1 >= 19) { /* 19 digits fit into 64 bits; none is too few */
        return false;
    }
    const char *end = text + size_bytes;
    if (*text == '0' && size_bytes > 1) {
        return false;
    }
    uint64_t number = 0;
    do {
        unsigned digit = (unsigned char)*text - (unsigned)'0';
        if (digit > 9) {
            return false;
        }
        number = number * 10 + digit;
    } while (++text != end);
    *out = number;
    return true;
}

bool rcs_decimal_read(const char *text, size_t size_bytes, int64_t *value)
{
    uint64_t number;
    if (size_bytes > 1 && text[0] == '-') {
        if (!read_digits(text + 1, size_bytes - 1, &number) || number == 0 ||
            number > (uint64_t)INT64_MAX + 1) {
            return false;
        }
        *value = -(int64_t)(number - 1) - 1;
        return true;
    }
    if (!read_digits(text, size_bytes, &number) || number > INT64_MAX) {
        return false;
    }
    *value = (int64_t)number;
    return true;
}

/* --- the growable buffer ---------------------------------------------------------------------- */

void rcs_buf_init(struct rcs_buf *buf)
{
    *buf = (struct rcs_buf){ .data = NULL };
}

void rcs_buf_close(struct rcs_buf *buf)
{
    free(buf->data);
    rcs_buf_init(buf);
}

void rcs_buf_clear(struct rcs_buf *buf)
{
    buf->size_bytes = 0;
}

char *rcs_buf_room(struct rcs_buf *buf, size_t wanted_bytes)
{
    if (buf->room_bytes - buf->size_bytes < wanted_bytes) {
        size_t room_bytes = buf->room_bytes < BUF_ROOM_FIRST ? BUF_ROOM_FIRST : buf->room_bytes;
        RCS_ASSERT(wanted_bytes <= SIZE_MAX / 4 && buf->size_bytes <= SIZE_MAX / 4);
        while (room_bytes - buf->size_bytes < wanted_bytes) {
            room_bytes *= 2;
        }
        buf->data = rcs_bytes_resize(buf->data, room_bytes);
        buf->room_bytes = room_bytes;
    }
    return buf->data + buf->size_bytes;
}

void rcs_buf_add(struct rcs_buf *buf, const void *bytes, size_t size_bytes)
{
    if (size_bytes > 0) { /* memcpy must not see the NULL of an empty value */
        memcpy(rcs_buf_room(buf, size_bytes), bytes, size_bytes);
        buf->size_bytes += size_bytes;
    }
}

void rcs_buf_text(struct rcs_buf *buf, const char *text)
{
    rcs_buf_add(buf, text, strlen(text));
}

void rcs_buf_format(struct rcs_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    /* A first try into what is there; most texts are short. The NUL is written but not counted. */
    char *out = rcs_buf_room(buf, 64);
    const size_t room_bytes = buf->room_bytes - buf->size_bytes;
    const int length = vsnprintf(out, room_bytes, format, args);
    RCS_ASSERT(length >= 0);
    if ((size_t)length >= room_bytes) {
        vsnprintf(rcs_buf_room(buf, (size_t)length + 1), (size_t)length + 1, format, again);
    }
    buf->size_bytes += (size_t)length;
    va_end(again);
    va_end(args);
}

void rcs_buf_i64(struct rcs_buf *buf, int64_t value)
{
    buf->size_bytes += rcs_decimal_write(rcs_buf_room(buf, RCS_DECIMAL_MAX), value);
}
