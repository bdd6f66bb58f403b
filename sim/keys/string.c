#include "sim/keys/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/resp.h>

#include "sim/pure.h"

#define EMBSTR_BYTES_MAX   44 /* Redis 7.0 OBJ_ENCODING_EMBSTR_SIZE_LIMIT */
#define INT_TEXT_BYTES_MAX 20

static struct rcs_value *string_alloc(const void *bytes, size_t size_bytes, size_t room_bytes,
                                      enum rcs_encoding encoding)
{
    RCS_ASSERT(size_bytes <= room_bytes && room_bytes < UINT32_MAX);
    struct rcs_value *value = malloc(sizeof(*value) + room_bytes);
    RCS_ASSERT(value != NULL);
    value->refs = 1;
    value->type = RCS_VALUE_STRING;
    value->encoding = (uint8_t)encoding;
    value->size_bytes = (uint32_t)size_bytes;
    value->room_bytes = (uint32_t)room_bytes;
    if (size_bytes > 0) {
        memcpy(value->bytes, bytes, size_bytes);
    }
    return value;
}

void rcs_value_release(struct rcs_value *value)
{
    RCS_ASSERT(value->refs > 0);
    if (--value->refs == 0) {
        free(value);
    }
}

const char *rcs_value_type_name(const struct rcs_value *value)
{
    switch ((enum rcs_value_type)value->type) {
    case RCS_VALUE_STRING:
        return "string";
    }
    return NULL;
}

const char *rcs_value_encoding_name(const struct rcs_value *value)
{
    static const char *const names[] = {
        [RCS_ENCODING_INT] = "int",
        [RCS_ENCODING_EMBSTR] = "embstr",
        [RCS_ENCODING_RAW] = "raw",
    };
    return names[value->encoding];
}

struct rcs_value *rcs_string_new_text(const void *bytes, size_t size_bytes)
{
    return string_alloc(bytes, size_bytes, size_bytes,
                        size_bytes <= EMBSTR_BYTES_MAX ? RCS_ENCODING_EMBSTR : RCS_ENCODING_RAW);
}

struct rcs_value *rcs_string_new(const void *bytes, size_t size_bytes)
{
    int64_t number;
    if (size_bytes <= INT_TEXT_BYTES_MAX && rcs_decimal_read(bytes, size_bytes, &number)) {
        return string_alloc(bytes, size_bytes, size_bytes, RCS_ENCODING_INT);
    }
    return rcs_string_new_text(bytes, size_bytes);
}

struct rcs_value *rcs_string_new_i64(int64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%lld", (long long)value);
    return string_alloc(text, (size_t)length, (size_t)length, RCS_ENCODING_INT);
}

/* `value`, now with one reference, room for `size_bytes`, and raw. */
static struct rcs_value *make_writable(struct rcs_value *value, size_t size_bytes)
{
    if (value->refs > 1 || value->room_bytes < size_bytes) {
        size_t room = size_bytes > value->room_bytes ? size_bytes + size_bytes / 2 : size_bytes;
        struct rcs_value *copy =
            string_alloc(value->bytes, value->size_bytes,
                         room > value->size_bytes ? room : value->size_bytes, RCS_ENCODING_RAW);
        rcs_value_release(value);
        value = copy;
    }
    value->encoding = RCS_ENCODING_RAW;
    return value;
}

struct rcs_value *rcs_string_append(struct rcs_value *value, const void *bytes, size_t size_bytes)
{
    return rcs_string_write(value, value->size_bytes, bytes, size_bytes);
}

struct rcs_value *rcs_string_write(struct rcs_value *value, size_t offset, const void *bytes,
                                   size_t size_bytes)
{
    size_t end = offset + size_bytes;
    value = make_writable(value, end);
    if (offset > value->size_bytes) {
        memset(value->bytes + value->size_bytes, 0, offset - value->size_bytes);
    }
    if (size_bytes > 0) {
        memcpy(value->bytes + offset, bytes, size_bytes);
    }
    if (end > value->size_bytes) {
        value->size_bytes = (uint32_t)end;
    }
    return value;
}
