#include "sim/keys/hash.h"

#include <stdlib.h>

#include <rcsim/resp.h>

#include "sim/pure.h"

#define LISTPACK_EMPTY_BYTES 7 /* its length, its count, its end */

struct rcs_value *rcs_hash_new(void)
{
    struct rcs_hash *hash = malloc(sizeof(*hash));
    RCS_ASSERT(hash != NULL);
    hash->head =
        (struct rcs_value){ .refs = 1, .type = RCS_VALUE_HASH, .encoding = RCS_ENCODING_LISTPACK };
    rcs_dict_init(&hash->fields, offsetof(struct rcs_field, name));
    return &hash->head;
}

static void hash_free(struct rcs_value *value)
{
    struct rcs_hash *hash = rcs_hash_of(value);
    const struct rcs_field *field;
    for (size_t place = 0; (field = rcs_hash_each(hash, &place)) != NULL;) {
        rcs_value_release(field->value);
    }
    rcs_dict_clear(&hash->fields);
    free(hash);
}

static struct rcs_value *hash_copy(const struct rcs_value *value)
{
    const struct rcs_hash *hash = (const struct rcs_hash *)value;
    struct rcs_hash *copy = malloc(sizeof(*copy));
    RCS_ASSERT(copy != NULL);
    copy->head = (struct rcs_value){ .refs = 1, .type = value->type, .encoding = value->encoding };
    rcs_dict_copy(&copy->fields, &hash->fields);
    const struct rcs_field *field; /* values are never changed, so that both hashes can have them */
    for (size_t place = 0; (field = rcs_hash_each(copy, &place)) != NULL;) {
        rcs_value_retain(field->value);
    }
    return &copy->head;
}

/* An entry with its length before and behind it (Redis 7.0 lpEncodeGetType, lpEncodeBacklen). */
static size_t listpack_entry_bytes(const char *text, size_t size_bytes)
{
    int64_t number;
    size_t bytes = size_bytes < 64     ? 1 + size_bytes
                   : size_bytes < 4096 ? 2 + size_bytes
                                       : 5 + size_bytes;
    if (size_bytes <= RCS_DECIMAL_MAX && rcs_decimal_read(text, size_bytes, &number)) {
        bytes = number >= 0 && number < 128                  ? 1
                : number >= -4096 && number < 4096           ? 2
                : number >= INT16_MIN && number <= INT16_MAX ? 3
                : number >= -(1 << 23) && number < 1 << 23   ? 4
                : number >= INT32_MIN && number <= INT32_MAX ? 5
                                                             : 9;
    }
    return bytes + (bytes < 128 ? 1 : bytes < 16383 ? 2 : bytes < 2097151 ? 3 : 4);
}

/* A listpack is saved as one string. */
static size_t hash_rdb_bytes(const struct rcs_value *value)
{
    const struct rcs_hash *hash = (const struct rcs_hash *)value;
    bool listpack = value->encoding == RCS_ENCODING_LISTPACK;
    size_t size_bytes = listpack ? LISTPACK_EMPTY_BYTES : 0;
    const struct rcs_field *field;
    for (size_t place = 0; (field = rcs_hash_each(hash, &place)) != NULL;) {
        const struct rcs_string *text = rcs_string_of(field->value);
        size_bytes += listpack ? listpack_entry_bytes(field->name, field->item.key_bytes) +
                                     listpack_entry_bytes(text->bytes, text->size_bytes)
                               : rcs_rdb_length_bytes(field->item.key_bytes) +
                                     field->item.key_bytes + rcs_value_rdb_bytes(field->value);
    }
    return rcs_rdb_length_bytes(listpack ? size_bytes : hash->fields.count) + size_bytes;
}

const struct rcs_value_methods rcs_hash_methods = {
    .free = hash_free,
    .copy = hash_copy,
    .rdb_bytes = hash_rdb_bytes,
};

const struct rcs_field *rcs_hash_find(const struct rcs_hash *hash, const void *name,
                                      size_t name_bytes)
{
    return (const struct rcs_field *)rcs_dict_find(&hash->fields, name, name_bytes);
}

bool rcs_hash_set(struct rcs_hash *hash, const struct rcs_hash_limits *limits, const void *name,
                  size_t name_bytes, struct rcs_value *value)
{
    RCS_ASSERT(hash->head.refs == 1);
    bool added;
    struct rcs_field *field =
        (struct rcs_field *)rcs_dict_find_or_add(&hash->fields, name, name_bytes, &added);
    if (!added) {
        rcs_value_release(field->value);
    }
    field->value = value;
    if (hash->head.encoding == RCS_ENCODING_LISTPACK &&
        ((int64_t)name_bytes > limits->bytes ||
         (int64_t)rcs_string_of(value)->size_bytes > limits->bytes ||
         (int64_t)hash->fields.count > limits->fields)) {
        hash->head.encoding = RCS_ENCODING_HASHTABLE;
    }
    return added;
}

bool rcs_hash_delete(struct rcs_hash *hash, const void *name, size_t name_bytes)
{
    RCS_ASSERT(hash->head.refs == 1);
    struct rcs_field *field = (struct rcs_field *)rcs_dict_find(&hash->fields, name, name_bytes);
    if (field == NULL) {
        return false;
    }
    rcs_value_release(field->value);
    rcs_dict_remove(&hash->fields, &field->item);
    return true;
}
