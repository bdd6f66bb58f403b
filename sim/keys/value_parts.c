/* Values as the parts an RDB has of them, and back. */
#include "sim/keys/dump.h"

#include "sim/pure.h"

/* Redis 7.0 config.c. */
const struct rcs_value_limits rcs_value_limits_default = {
    .hash_max_listpack_entries = 512,
    .hash_max_listpack_value = 64,
    .list_max_listpack_size = -2,
    .set_max_intset_entries = 512,
    .zset_max_listpack_entries = 128,
    .zset_max_listpack_value = 64,
};

/* --- strings ---------------------------------------------------------------------------------- */

static void part_string(struct rcs_value_parts *parts, const struct rcs_value *value)
{
    const struct rcs_string *string = rcs_string_of(value);
    parts->one = (struct rcs_arg){ string->bytes, string->size_bytes };
    parts->rdb.count = 1;
    parts->rdb.items = &parts->one;
}

static struct rcs_value *make_string(const struct rcs_rdb_value *rdb)
{
    return rcs_string_new(rdb->items[0].bytes, rdb->items[0].size_bytes);
}

/* --- all types -------------------------------------------------------------------------------- */

void rcs_value_parts_init(struct rcs_value_parts *parts, const struct rcs_value *value)
{
    RCS_ASSERT(value->type == RCS_VALUE_STRING);
    parts->rdb = (struct rcs_rdb_value){ .kind = RCS_RDB_STRING, .encoding = RCS_RDB_PLAIN };
    part_string(parts, value);
}

void rcs_value_parts_close(struct rcs_value_parts *parts)
{
    if (parts->rdb.items == &parts->one) {
        parts->rdb.items = NULL;
    }
    rcs_rdb_value_close(&parts->rdb);
}

struct rcs_value *rcs_value_of_parts(const struct rcs_rdb_value *parts,
                                     const struct rcs_value_limits *limits)
{
    (void)limits;
    return parts->kind == RCS_RDB_STRING ? make_string(parts) : NULL;
}
