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
    struct rcs_string *string = malloc(sizeof(*string) + room_bytes);
    RCS_ASSERT(string != NULL);
    string->head =
        (struct rcs_value){ .refs = 1, .type = RCS_VALUE_STRING, .encoding = (uint8_t)encoding };
    string->size_bytes = (uint32_t)size_bytes;
    string->room_bytes = (uint32_t)room_bytes;
    if (size_bytes > 0) {
        memcpy(string->bytes, bytes, size_bytes);
    }
    return &string->head;
}

static void string_free(struct rcs_value *value)
{
    free(value);
}

static struct rcs_value *string_copy(const struct rcs_value *value)
{
    const struct rcs_string *string = rcs_string_of(value);
    return string_alloc(string->bytes, string->size_bytes, string->size_bytes,
                        (enum rcs_encoding)value->encoding);
}

static size_t string_rdb_bytes(const struct rcs_value *value)
{
    size_t size_bytes = rcs_string_of(value)->size_bytes;
    return rcs_rdb_length_bytes(size_bytes) + size_bytes;
}

const struct rcs_value_methods rcs_string_methods = {
    .free = string_free,
    .copy = string_copy,
    .rdb_bytes = string_rdb_bytes,
};

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

struct rcs_value *rcs_string_dup(const struct rcs_value *value)
{
    struct rcs_value *copy = string_copy(value);
    copy->unshared = 1;
    return copy;
}

/* `value`, now with one reference, room for `size_bytes`, and raw. */
static struct rcs_string *make_writable(struct rcs_value *value, size_t size_bytes)
{
    const struct rcs_string *string = rcs_string_of(value);
    if (value->refs > 1 || string->room_bytes < size_bytes) {
        size_t room = size_bytes > string->room_bytes ? size_bytes + size_bytes / 2 : size_bytes;
        struct rcs_value *copy =
            string_alloc(string->bytes, string->size_bytes,
                         room > string->size_bytes ? room : string->size_bytes, RCS_ENCODING_RAW);
        rcs_value_release(value);
        value = copy;
    }
    value->encoding = RCS_ENCODING_RAW;
    return (struct rcs_string *)value;
}

struct rcs_value *rcs_string_append(struct rcs_value *value, const void *bytes, size_t size_bytes)
{
    return rcs_string_write(value, rcs_string_of(value)->size_bytes, bytes, size_bytes);
}

struct rcs_value *rcs_string_write(struct rcs_value *value, size_t offset, const void *bytes,
                                   size_t size_bytes)
{
    size_t end = offset + size_bytes;
    struct rcs_string *string = make_writable(value, end);
    if (offset > string->size_bytes) {
        memset(string->bytes + string->size_bytes, 0, offset - string->size_bytes);
    }
    if (size_bytes > 0) {
        memcpy(string->bytes + offset, bytes, size_bytes);
    }
    if (end > string->size_bytes) {
        string->size_bytes = (uint32_t)end;
    }
    return &string->head;
}
