#include "sim/keys/value.h"

#include "sim/pure.h"

static const struct rcs_value_methods *const methods[] = {
    [RCS_VALUE_STRING] = &rcs_string_methods, [RCS_VALUE_LIST] = &rcs_list_methods,
    [RCS_VALUE_HASH] = &rcs_hash_methods,     [RCS_VALUE_SET] = &rcs_set_methods,
    [RCS_VALUE_ZSET] = &rcs_zset_methods,
};

void rcs_value_release(struct rcs_value *value)
{
    RCS_ASSERT(value->refs > 0);
    if (--value->refs == 0) {
        methods[value->type]->free(value);
    }
}

const char *rcs_value_type_name(const struct rcs_value *value)
{
    static const char *const names[] = {
#define X(name, text) [RCS_VALUE_##name] = text,
        RCS_VALUE_TYPES(X)
#undef X
    };
    return names[value->type];
}

const char *rcs_value_encoding_name(const struct rcs_value *value)
{
    static const char *const names[] = {
#define X(name, text) [RCS_ENCODING_##name] = text,
        RCS_ENCODINGS(X)
#undef X
    };
    return names[value->encoding];
}

struct rcs_value *rcs_value_writable(struct rcs_value *value)
{
    if (value->refs == 1) {
        return value;
    }
    struct rcs_value *copy = methods[value->type]->copy(value);
    rcs_value_release(value);
    return copy;
}

size_t rcs_value_rdb_bytes(const struct rcs_value *value)
{
    return methods[value->type]->rdb_bytes(value);
}

size_t rcs_rdb_length_bytes(size_t length)
{
    return length < 64 ? 1 : length < 16384 ? 2 : 5;
}
