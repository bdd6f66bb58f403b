/* Values as the parts an RDB has of them, and back. */
#include <stdlib.h>

#include "sim/keys/dump.h"
#include "sim/keys/hash.h"
#include "sim/keys/list.h"
#include "sim/keys/set.h"
#include "sim/keys/zset.h"

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

static void *new_array(size_t count, size_t item_bytes)
{
    void *array = malloc(count * item_bytes);
    RCS_ASSERT(array != NULL || count == 0);
    return array;
}

static enum rcs_rdb_encoding rdb_encoding(const struct rcs_value *value)
{
    switch ((enum rcs_encoding)value->encoding) {
    case RCS_ENCODING_INT:
    case RCS_ENCODING_EMBSTR:
    case RCS_ENCODING_RAW:
        return RCS_RDB_PLAIN;
    case RCS_ENCODING_QUICKLIST:
        return RCS_RDB_QUICKLIST;
    case RCS_ENCODING_LISTPACK:
        return RCS_RDB_LISTPACK;
    case RCS_ENCODING_INTSET:
        return RCS_RDB_INTSET;
    case RCS_ENCODING_HASHTABLE:
        return RCS_RDB_HASHTABLE;
    case RCS_ENCODING_SKIPLIST:
        return RCS_RDB_SKIPLIST;
    }
    RCS_UNREACHABLE("no other encoding");
}

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

/* --- lists ------------------------------------------------------------------------------------ */

static void part_list(struct rcs_rdb_value *rdb, const struct rcs_list *list)
{
    struct rcs_list_place place;
    rdb->items = new_array(list->count, sizeof(rdb->items[0]));
    for (bool more = rcs_list_seek(list, 0, &place); more; more = rcs_list_step(&place, true)) {
        rdb->items[rdb->count++] = rcs_list_item(&place);
    }
    RCS_ASSERT(rdb->count == list->count);
    rdb->nodes = new_array(list->node_count, sizeof(rdb->nodes[0]));
    for (const struct rcs_list_node *node = list->first; node != NULL; node = node->next) {
        rdb->nodes[rdb->node_count++] = node->plain ? RCS_RDB_PLAIN_NODE : node->count;
    }
}

/* A quicklist keeps its nodes; of the older forms the items are pushed anew. */
static struct rcs_value *make_list(const struct rcs_rdb_value *rdb,
                                   const struct rcs_value_limits *limits)
{
    struct rcs_value *value = rcs_list_new(limits->list_max_listpack_size);
    struct rcs_list *list = rcs_list_of(value);
    const struct rcs_arg *item = rdb->items;
    for (size_t node = 0; node < rdb->node_count; node++) {
        bool plain = rdb->nodes[node] == RCS_RDB_PLAIN_NODE;
        uint32_t count = plain ? 1 : rdb->nodes[node];
        rcs_list_add_node(list, item, count, plain);
        item += count;
    }
    for (; item < rdb->items + rdb->count; item++) {
        rcs_list_push(list, RCS_LIST_TAIL, item);
    }
    return value;
}

/* --- hashes ----------------------------------------------------------------------------------- */

static void part_hash(struct rcs_rdb_value *rdb, const struct rcs_hash *hash)
{
    const struct rcs_field *field;
    rdb->items = new_array(2 * hash->fields.count, sizeof(rdb->items[0]));
    for (size_t place = 0; (field = rcs_hash_each(hash, &place)) != NULL;) {
        const struct rcs_string *text = rcs_string_of(field->value);
        rdb->items[rdb->count++] = (struct rcs_arg){ field->name, field->item.key_bytes };
        rdb->items[rdb->count++] = (struct rcs_arg){ text->bytes, text->size_bytes };
    }
}

static struct rcs_value *make_hash(const struct rcs_rdb_value *rdb,
                                   const struct rcs_value_limits *limits)
{
    bool compact = rdb->encoding == RCS_RDB_LISTPACK;
    const struct rcs_hash_limits kept = {
        .fields = limits->hash_max_listpack_entries,
        .bytes = compact ? INT64_MAX : limits->hash_max_listpack_value,
    };
    struct rcs_value *value = rcs_hash_new();
    for (size_t i = 0; i < rdb->count; i += 2) {
        const struct rcs_arg *name = &rdb->items[i], *text = &rdb->items[i + 1];
        rcs_hash_set(rcs_hash_of(value), &kept, name->bytes, name->size_bytes,
                     rcs_string_new_text(text->bytes, text->size_bytes));
    }
    return value;
}

/* --- sets ------------------------------------------------------------------------------------- */

static void part_intset(struct rcs_rdb_value *rdb, const struct rcs_set *set)
{
    rdb->intset_width = set->number_width;
    rdb->text = new_array(set->number_count, RCS_DECIMAL_MAX);
    for (char *text = rdb->text; rdb->count < set->number_count; text += RCS_DECIMAL_MAX) {
        rdb->items[rdb->count] = (struct rcs_arg){
            .bytes = text,
            .size_bytes = (uint32_t)rcs_decimal_write(text, set->numbers[rdb->count]),
        };
        rdb->count++;
    }
}

static void part_set(struct rcs_rdb_value *rdb, const struct rcs_set *set)
{
    rdb->items = new_array(rcs_set_count(set), sizeof(rdb->items[0]));
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        part_intset(rdb, set);
        return;
    }
    const struct rcs_dict_item *item;
    for (size_t place = 0; (item = rcs_dict_each(&set->members, &place)) != NULL;) {
        rdb->items[rdb->count++] =
            (struct rcs_arg){ rcs_dict_key(&set->members, item), item->key_bytes };
    }
}

static struct rcs_value *make_set(const struct rcs_rdb_value *rdb,
                                  const struct rcs_value_limits *limits)
{
    struct rcs_value *value = rcs_set_new();
    struct rcs_set *set = rcs_set_of(value);
    int64_t most = limits->set_max_intset_entries;
    bool numbers = (int64_t)rdb->count <= most; /* else it is a hash table from the first one on */
    for (size_t i = 0; i < rdb->count; i++) {
        rcs_set_add(set, numbers ? most : 0, rdb->items[i].bytes, rdb->items[i].size_bytes);
    }
    if (value->encoding == RCS_ENCODING_INTSET && rdb->encoding == RCS_RDB_INTSET) {
        RCS_ASSERT(rdb->intset_width >= set->number_width);
        set->number_width = rdb->intset_width;
    }
    return value;
}

/* --- sorted sets ------------------------------------------------------------------------------ */

static void part_zset(struct rcs_rdb_value *rdb, const struct rcs_zset *zset)
{
    rdb->items = new_array(rcs_zset_size(zset), sizeof(rdb->items[0]));
    rdb->scores = new_array(rcs_zset_size(zset), sizeof(rdb->scores[0]));
    for (const struct rcs_zset_member *at = zset->first; at != NULL; at = at->next) {
        rdb->items[rdb->count] = (struct rcs_arg){ at->bytes, at->item.key_bytes };
        rdb->scores[rdb->count++] = at->score;
    }
}

static bool fits_listpack(const struct rcs_rdb_value *rdb, const struct rcs_value_limits *limits)
{
    if ((int64_t)rdb->count > limits->zset_max_listpack_entries) {
        return false;
    }
    for (size_t i = 0; i < rdb->count && rdb->encoding == RCS_RDB_SKIPLIST; i++) {
        if ((int64_t)rdb->items[i].size_bytes > limits->zset_max_listpack_value) {
            return false;
        }
    }
    return true;
}

static struct rcs_value *make_zset(const struct rcs_rdb_value *rdb,
                                   const struct rcs_value_limits *limits)
{
    static const struct rcs_zset_limits none = { SIZE_MAX, SIZE_MAX };
    struct rcs_zset *zset =
        rcs_zset_new(fits_listpack(rdb, limits) ? RCS_ENCODING_LISTPACK : RCS_ENCODING_SKIPLIST);
    for (size_t i = 0; i < rdb->count; i++) {
        rcs_zset_put(zset, &none, rdb->items[i].bytes, rdb->items[i].size_bytes, rdb->scores[i]);
    }
    return &zset->head;
}

/* --- all types -------------------------------------------------------------------------------- */

void rcs_value_parts_init(struct rcs_value_parts *parts, const struct rcs_value *value)
{
    static const enum rcs_rdb_kind kinds[] = {
        [RCS_VALUE_STRING] = RCS_RDB_STRING,   [RCS_VALUE_LIST] = RCS_RDB_LIST,
        [RCS_VALUE_HASH] = RCS_RDB_HASH,       [RCS_VALUE_SET] = RCS_RDB_SET,
        [RCS_VALUE_ZSET] = RCS_RDB_SORTED_SET,
    };
    parts->rdb =
        (struct rcs_rdb_value){ .kind = kinds[value->type], .encoding = rdb_encoding(value) };
    switch ((enum rcs_value_type)value->type) {
    case RCS_VALUE_STRING:
        part_string(parts, value);
        break;
    case RCS_VALUE_LIST:
        part_list(&parts->rdb, (const struct rcs_list *)value);
        break;
    case RCS_VALUE_HASH:
        part_hash(&parts->rdb, (const struct rcs_hash *)value);
        break;
    case RCS_VALUE_SET:
        part_set(&parts->rdb, (const struct rcs_set *)value);
        break;
    case RCS_VALUE_ZSET:
        part_zset(&parts->rdb, rcs_zset_of(value));
        break;
    }
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
    RCS_ASSERT(parts->count > 0);
    switch (parts->kind) {
    case RCS_RDB_STRING:
        return make_string(parts);
    case RCS_RDB_LIST:
        return make_list(parts, limits);
    case RCS_RDB_HASH:
        return make_hash(parts, limits);
    case RCS_RDB_SET:
        return make_set(parts, limits);
    case RCS_RDB_SORTED_SET:
        return make_zset(parts, limits);
    }
    RCS_UNREACHABLE("no other kind");
}
