/* Values as RDB: which form a release saves a value in, and that form (Redis 7.0 rdbSaveObject). */
#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/rdb_parts.h"

/* Redis 3.0 list-max-ziplist-entries, list-max-ziplist-value. */
#define ZIPLIST_ITEMS_MAX      512
#define ZIPLIST_ITEM_BYTES_MAX 64

static bool fits_ziplist(const struct rcs_rdb_value *list)
{
    if (list->count > ZIPLIST_ITEMS_MAX) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].size_bytes > ZIPLIST_ITEM_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

enum rcs_rdb_type rcs_rdb_value_type(const struct rcs_rdb_value *value, unsigned version)
{
    bool packed = value->encoding == RCS_RDB_LISTPACK,
         listpack = version >= RCS_RDB_VERSION_LISTPACK;
    switch (value->kind) {
    case RCS_RDB_STRING:
        return RCS_RDB_TYPE_STRING;
    case RCS_RDB_LIST:
        return listpack                         ? RCS_RDB_TYPE_LIST_QUICKLIST_2
               : version >= RCS_RDB_VERSION_AUX ? RCS_RDB_TYPE_LIST_QUICKLIST
               : fits_ziplist(value)            ? RCS_RDB_TYPE_LIST_ZIPLIST
                                                : RCS_RDB_TYPE_LIST;
    case RCS_RDB_SET:
        return value->encoding == RCS_RDB_INTSET ? RCS_RDB_TYPE_SET_INTSET : RCS_RDB_TYPE_SET;
    case RCS_RDB_HASH:
        return !packed    ? RCS_RDB_TYPE_HASH
               : listpack ? RCS_RDB_TYPE_HASH_LISTPACK
                          : RCS_RDB_TYPE_HASH_ZIPLIST;
    case RCS_RDB_SORTED_SET:
        return packed && listpack                  ? RCS_RDB_TYPE_ZSET_LISTPACK
               : packed                            ? RCS_RDB_TYPE_ZSET_ZIPLIST
               : version >= RCS_RDB_VERSION_BINARY ? RCS_RDB_TYPE_ZSET_2
                                                   : RCS_RDB_TYPE_ZSET;
    }
    RCS_UNREACHABLE("every kind has a type");
}

/* Packed items, as the string they are saved as. */
static void write_packed(struct rcs_buf *out, const struct rcs_arg *items, size_t count,
                         unsigned version)
{
    struct rcs_buf packed;
    rcs_buf_init(&packed);
    if (version >= RCS_RDB_VERSION_LISTPACK) {
        rcs_listpack_write(&packed, items, count);
    } else {
        rcs_ziplist_write(&packed, items, count);
    }
    rcs_rdb_string_write(out, packed.data, packed.size_bytes);
    rcs_buf_close(&packed);
}

static void write_items(struct rcs_buf *out, const struct rcs_arg *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rcs_rdb_string_write(out, items[i].bytes, items[i].size_bytes);
    }
}

/* --- lists ------------------------------------------------------------------------------------ */

/* Items of the node that begins at item `at`, and whether it is plain. A file without plain nodes
 * has a packed one of a single item instead. */
static size_t node_items(const struct rcs_rdb_value *list, size_t node, size_t at, bool *plain,
                         unsigned version)
{
    *plain = false;
    if (list->nodes != NULL) {
        RCS_ASSERT(node < list->node_count);
        *plain = list->nodes[node] == RCS_RDB_PLAIN_NODE;
        return *plain ? 1 : list->nodes[node];
    }
    const struct rcs_arg *items = list->items + at;
    return version >= RCS_RDB_VERSION_LISTPACK ? rcs_listpack_fill(items, list->count - at)
                                               : rcs_ziplist_fill(items, list->count - at);
}

static size_t count_nodes(const struct rcs_rdb_value *list, unsigned version)
{
    size_t nodes = 0;
    bool plain;
    for (size_t at = 0; at < list->count; nodes++) {
        at += node_items(list, nodes, at, &plain, version);
    }
    RCS_IMPLIES(list->nodes != NULL, nodes == list->node_count);
    return nodes;
}

static void write_quicklist(struct rcs_buf *out, const struct rcs_rdb_value *list, unsigned version)
{
    rcs_rdb_add_length(out, count_nodes(list, version));
    for (size_t at = 0, node = 0; at < list->count; node++) {
        bool plain;
        size_t count = node_items(list, node, at, &plain, version);
        RCS_ASSERT(count <= list->count - at);
        if (version >= RCS_RDB_VERSION_LISTPACK) {
            rcs_rdb_add_length(out, plain ? RCS_RDB_CONTAINER_PLAIN : RCS_RDB_CONTAINER_PACKED);
        }
        if (plain && version >= RCS_RDB_VERSION_LISTPACK) {
            write_items(out, list->items + at, count);
        } else {
            write_packed(out, list->items + at, count, version);
        }
        at += count;
    }
}

/* --- sets ------------------------------------------------------------------------------------- */

static void write_intset(struct rcs_buf *out, const struct rcs_rdb_value *set)
{
    struct rcs_buf packed;
    unsigned width = set->intset_width;
    rcs_buf_init(&packed);
    rcs_intset_write(&packed, set->items, set->count,
                     width > 0 ? width : rcs_intset_width(set->items, set->count));
    rcs_rdb_string_write(out, packed.data, packed.size_bytes);
    rcs_buf_close(&packed);
}

/* --- sorted sets ------------------------------------------------------------------------------ */

static void write_packed_zset(struct rcs_buf *out, const struct rcs_rdb_value *set,
                              unsigned version)
{
    struct rcs_arg *items = rcs_bytes_resize(NULL, 2 * set->count * sizeof(items[0]));
    char *texts = rcs_bytes_resize(NULL, set->count * RCS_RDB_SCORE_TEXT_MAX);
    for (size_t i = 0; i < set->count; i++) {
        char *text = texts + i * RCS_RDB_SCORE_TEXT_MAX;
        items[2 * i] = set->items[i];
        items[2 * i + 1] = (struct rcs_arg){
            .bytes = text,
            .size_bytes = (uint32_t)rcs_rdb_score_text(text, set->scores[i], version),
        };
    }
    write_packed(out, items, 2 * set->count, version);
    free(texts);
    free(items);
}

/* Redis 7.0 rdbSaveBinaryDoubleValue. */
static void write_binary_score(struct rcs_buf *out, double score)
{
    uint64_t bits;
    _Static_assert(sizeof(bits) == sizeof(score), "a double has 64 bits");
    memcpy(&bits, &score, sizeof(bits));
    rcs_rdb_add_little_endian(out, bits, sizeof(bits));
}

/* From the highest score down: so each one a reader adds is the new lowest. */
static void write_skiplist(struct rcs_buf *out, const struct rcs_rdb_value *set, unsigned version)
{
    rcs_rdb_add_length(out, set->count);
    for (size_t i = set->count; i-- > 0;) {
        write_items(out, &set->items[i], 1);
        if (version >= RCS_RDB_VERSION_BINARY) {
            write_binary_score(out, set->scores[i]);
        } else {
            rcs_rdb_old_score_write(out, set->scores[i]);
        }
    }
}

void rcs_rdb_value_write(struct rcs_buf *out, const struct rcs_rdb_value *value, unsigned version)
{
    RCS_ASSERT(value->count > 0);
    switch (rcs_rdb_value_type(value, version)) {
    case RCS_RDB_TYPE_STRING:
        RCS_ASSERT(value->count == 1);
        write_items(out, value->items, 1);
        break;
    case RCS_RDB_TYPE_LIST:
    case RCS_RDB_TYPE_SET:
        rcs_rdb_add_length(out, value->count);
        write_items(out, value->items, value->count);
        break;
    case RCS_RDB_TYPE_HASH:
        RCS_ASSERT(value->count % 2 == 0);
        rcs_rdb_add_length(out, value->count / 2);
        write_items(out, value->items, value->count);
        break;
    case RCS_RDB_TYPE_LIST_QUICKLIST:
    case RCS_RDB_TYPE_LIST_QUICKLIST_2:
        write_quicklist(out, value, version);
        break;
    case RCS_RDB_TYPE_HASH_ZIPLIST:
    case RCS_RDB_TYPE_HASH_LISTPACK:
        RCS_ASSERT(value->count % 2 == 0);
        write_packed(out, value->items, value->count, version);
        break;
    case RCS_RDB_TYPE_LIST_ZIPLIST:
        write_packed(out, value->items, value->count, version);
        break;
    case RCS_RDB_TYPE_SET_INTSET:
        write_intset(out, value);
        break;
    case RCS_RDB_TYPE_ZSET_ZIPLIST:
    case RCS_RDB_TYPE_ZSET_LISTPACK:
        write_packed_zset(out, value, version);
        break;
    case RCS_RDB_TYPE_ZSET:
    case RCS_RDB_TYPE_ZSET_2:
        write_skiplist(out, value, version);
        break;
    case RCS_RDB_TYPE_HASH_ZIPMAP: /* read only */
    case RCS_RDB_TYPE_MODULE:
    case RCS_RDB_TYPE_MODULE_2:
    case RCS_RDB_TYPE_STREAM_LISTPACKS:
    case RCS_RDB_TYPE_STREAM_LISTPACKS_2:
        RCS_UNREACHABLE("no value is written so");
    }
}
