/* Values from RDB, in every form Redis 7.0 loads (rdbLoadObject), but always looked at as closely
 * as `sanitize-dump-payload yes` does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "proto/bytes.h"
#include "proto/rdb_parts.h"

#define SCORE_BYTES 8

/* --- items ------------------------------------------------------------------------------------ */

/* The place for one more, whose bytes stand at the end of the text. */
static void count_item(struct rcs_rdb_items *items, size_t size_bytes)
{
    if (items->count == items->room) {
        items->room = items->room == 0 ? 8 : 2 * items->room;
        items->items = rcs_bytes_resize(items->items, items->room * sizeof(items->items[0]));
    }
    items->items[items->count++] = (struct rcs_arg){ NULL, (uint32_t)size_bytes };
}

void rcs_rdb_item_add_i64(struct rcs_rdb_items *items, int64_t value)
{
    size_t before = items->text.size_bytes;
    rcs_buf_i64(&items->text, value);
    count_item(items, items->text.size_bytes - before);
}

bool rcs_rdb_item_take(struct rcs_rdb_input *in, size_t size_bytes, struct rcs_rdb_items *items)
{
    if (rcs_rdb_left(in) < size_bytes || size_bytes > UINT32_MAX) {
        return false;
    }
    rcs_buf_add(&items->text, in->at, size_bytes);
    count_item(items, size_bytes);
    in->at += size_bytes;
    return true;
}

bool rcs_rdb_item_take_i64(struct rcs_rdb_input *in, unsigned bytes, struct rcs_rdb_items *items)
{
    int64_t value;
    if (!rcs_rdb_take_signed(in, bytes, &value)) {
        return false;
    }
    rcs_rdb_item_add_i64(items, value);
    return true;
}

static bool take_item(struct rcs_rdb_input *in, struct rcs_rdb_items *items)
{
    size_t before = items->text.size_bytes;
    if (!rcs_rdb_take_string(in, &items->text) || items->text.size_bytes - before > UINT32_MAX) {
        return false;
    }
    count_item(items, items->text.size_bytes - before);
    return true;
}

/* Announced items, each of `least_bytes` at least. */
static bool take_count(struct rcs_rdb_input *in, size_t least_bytes, size_t *out)
{
    uint64_t count;
    if (!rcs_rdb_take_length(in, &count) || count > rcs_rdb_left(in) / least_bytes) {
        return false;
    }
    *out = (size_t)count;
    return true;
}

static bool take_items(struct rcs_rdb_input *in, unsigned of_each, struct rcs_rdb_items *items)
{
    size_t count;
    if (!take_count(in, of_each, &count)) {
        return false;
    }
    for (size_t i = 0; i < count * of_each; i++) {
        if (!take_item(in, items)) {
            return false;
        }
    }
    return true;
}

/* Whether an item comes again; of every `step` items one counts. */
static bool any_twice(const struct rcs_arg *items, size_t count, size_t step)
{
    size_t places = 16;
    while (places < 2 * (count / step)) {
        places *= 2;
    }
    size_t *seen = rcs_bytes_resize(NULL, places * sizeof(seen[0])); /* item + 1 */
    memset(seen, 0, places * sizeof(seen[0]));
    bool twice = false;
    for (size_t i = 0; i < count && !twice; i += step) {
        size_t place = XXH3_64bits(items[i].bytes, items[i].size_bytes) & (places - 1);
        for (; seen[place] != 0 && !twice; place = (place + 1) & (places - 1)) {
            const struct rcs_arg *other = &items[seen[place] - 1];
            twice = other->size_bytes == items[i].size_bytes &&
                    memcmp(other->bytes, items[i].bytes, other->size_bytes) == 0;
        }
        seen[place] = i + 1;
    }
    free(seen);
    return twice;
}

/* --- a value under way ------------------------------------------------------------------------ */

struct reading {
    struct rcs_rdb_input in;
    struct rcs_rdb_items items;
    double *scores;
    uint32_t *nodes;
    size_t node_count, node_room;
    unsigned intset_width;
};

static void reading_close(struct reading *r)
{
    rcs_buf_close(&r->items.text);
    free(r->items.items);
    free(r->scores);
    free(r->nodes);
}

typedef bool unpack_fn(const uint8_t *bytes, size_t size_bytes, struct rcs_rdb_items *out);

/* A string that holds packed items. */
static bool take_packed(struct reading *r, unpack_fn *unpack)
{
    struct rcs_buf packed;
    rcs_buf_init(&packed);
    bool sound = rcs_rdb_take_string(&r->in, &packed) && packed.size_bytes > 0 &&
                 unpack((const uint8_t *)packed.data, packed.size_bytes, &r->items);
    rcs_buf_close(&packed);
    return sound;
}

static bool take_intset(struct reading *r)
{
    struct rcs_buf packed;
    rcs_buf_init(&packed);
    bool sound = rcs_rdb_take_string(&r->in, &packed) && packed.size_bytes > 0 &&
                 rcs_intset_read((const uint8_t *)packed.data, packed.size_bytes, &r->intset_width,
                                 &r->items);
    rcs_buf_close(&packed);
    return sound;
}

/* --- lists ------------------------------------------------------------------------------------ */

static void add_node(struct reading *r, uint32_t items)
{
    if (r->node_count == r->node_room) {
        r->node_room = r->node_room == 0 ? 4 : 2 * r->node_room;
        r->nodes = rcs_bytes_resize(r->nodes, r->node_room * sizeof(r->nodes[0]));
    }
    r->nodes[r->node_count++] = items;
}

static bool take_plain_node(struct reading *r)
{
    if (!take_item(&r->in, &r->items) || r->items.items[r->items.count - 1].size_bytes == 0) {
        return false;
    }
    add_node(r, RCS_RDB_PLAIN_NODE);
    return true;
}

/* Redis passes over nodes without items. */
static bool take_packed_node(struct reading *r, unpack_fn *unpack)
{
    size_t before = r->items.count;
    if (!take_packed(r, unpack) || r->items.count - before > UINT32_MAX) {
        return false;
    }
    if (r->items.count > before) {
        add_node(r, (uint32_t)(r->items.count - before));
    }
    return true;
}

static bool take_quicklist(struct reading *r, bool listpacks)
{
    size_t count;
    if (!take_count(&r->in, listpacks ? 2 : 1, &count)) {
        return false;
    }
    for (; count > 0; count--) {
        uint64_t container = RCS_RDB_CONTAINER_PACKED;
        if (listpacks && !rcs_rdb_take_length(&r->in, &container)) {
            return false;
        }
        bool sound = container == RCS_RDB_CONTAINER_PLAIN ? take_plain_node(r)
                     : container == RCS_RDB_CONTAINER_PACKED
                         ? take_packed_node(r, listpacks ? rcs_listpack_read : rcs_ziplist_read)
                         : false;
        if (!sound) {
            return false;
        }
    }
    return true;
}

/* --- sorted sets ------------------------------------------------------------------------------ */

static bool take_binary_score(struct rcs_rdb_input *in, double *out)
{
    uint64_t bits;
    if (!rcs_rdb_take_little_endian(in, SCORE_BYTES, &bits)) {
        return false;
    }
    memcpy(out, &bits, sizeof(*out));
    return !isnan(*out);
}

static bool take_scored_items(struct reading *r, bool binary)
{
    size_t count;
    if (!take_count(&r->in, 1 + (binary ? SCORE_BYTES : 1), &count)) {
        return false;
    }
    r->scores = rcs_bytes_resize(NULL, (count + 1) * sizeof(r->scores[0]));
    for (size_t i = 0; i < count; i++) {
        if (!take_item(&r->in, &r->items) ||
            !(binary ? take_binary_score(&r->in, &r->scores[i])
                     : rcs_rdb_old_score_take(&r->in, &r->scores[i]))) {
            return false;
        }
    }
    return true;
}

/* Of packed items every second is a score; they leave the items. */
static bool part_scores(struct reading *r)
{
    size_t count = r->items.count / 2, at = 0;
    if (r->items.count % 2 != 0) {
        return false;
    }
    r->scores = rcs_bytes_resize(NULL, (count + 1) * sizeof(r->scores[0]));
    char *text = r->items.text.data;
    size_t text_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t member_bytes = r->items.items[2 * i].size_bytes;
        uint32_t score_bytes = r->items.items[2 * i + 1].size_bytes;
        if (!rcs_rdb_score_read(text + at + member_bytes, score_bytes, &r->scores[i])) {
            return false;
        }
        memmove(text + text_bytes, text + at, member_bytes);
        r->items.items[i].size_bytes = member_bytes;
        text_bytes += member_bytes;
        at += member_bytes + score_bytes;
    }
    r->items.count = count;
    r->items.text.size_bytes = text_bytes;
    return true;
}

struct scored {
    struct rcs_arg item;
    double score;
};

static int by_score_and_bytes(const void *left, const void *right)
{
    const struct scored *a = left, *b = right;
    if (a->score != b->score) {
        return a->score < b->score ? -1 : 1;
    }
    uint32_t shared =
        a->item.size_bytes < b->item.size_bytes ? a->item.size_bytes : b->item.size_bytes;
    int order = memcmp(a->item.bytes, b->item.bytes, shared);
    return order != 0 ? order
                      : (a->item.size_bytes > b->item.size_bytes) -
                            (a->item.size_bytes < b->item.size_bytes);
}

/* No two are alike: no member comes twice. */
static void sort_by_score(struct rcs_rdb_value *set)
{
    struct scored *all = rcs_bytes_resize(NULL, set->count * sizeof(all[0]));
    for (size_t i = 0; i < set->count; i++) {
        all[i] = (struct scored){ set->items[i], set->scores[i] };
    }
    qsort(all, set->count, sizeof(all[0]), by_score_and_bytes);
    for (size_t i = 0; i < set->count; i++) {
        set->items[i] = all[i].item;
        set->scores[i] = all[i].score;
    }
    free(all);
}

/* --- all types -------------------------------------------------------------------------------- */

static bool take_value(struct reading *r, enum rcs_rdb_type type)
{
    switch (type) {
    case RCS_RDB_TYPE_STRING:
        return take_item(&r->in, &r->items);
    case RCS_RDB_TYPE_LIST:
    case RCS_RDB_TYPE_SET:
        return take_items(&r->in, 1, &r->items);
    case RCS_RDB_TYPE_HASH:
        return take_items(&r->in, 2, &r->items);
    case RCS_RDB_TYPE_ZSET:
        return take_scored_items(r, false);
    case RCS_RDB_TYPE_ZSET_2:
        return take_scored_items(r, true);
    case RCS_RDB_TYPE_HASH_ZIPMAP:
        return take_packed(r, rcs_zipmap_read);
    case RCS_RDB_TYPE_SET_INTSET:
        return take_intset(r);
    case RCS_RDB_TYPE_LIST_ZIPLIST:
    case RCS_RDB_TYPE_HASH_ZIPLIST:
        return take_packed(r, rcs_ziplist_read);
    case RCS_RDB_TYPE_HASH_LISTPACK:
        return take_packed(r, rcs_listpack_read);
    case RCS_RDB_TYPE_ZSET_ZIPLIST:
        return take_packed(r, rcs_ziplist_read) && part_scores(r);
    case RCS_RDB_TYPE_ZSET_LISTPACK:
        return take_packed(r, rcs_listpack_read) && part_scores(r);
    case RCS_RDB_TYPE_LIST_QUICKLIST:
        return take_quicklist(r, false);
    case RCS_RDB_TYPE_LIST_QUICKLIST_2:
        return take_quicklist(r, true);
    case RCS_RDB_TYPE_MODULE:
    case RCS_RDB_TYPE_MODULE_2:
    case RCS_RDB_TYPE_STREAM_LISTPACKS:
    case RCS_RDB_TYPE_STREAM_LISTPACKS_2:
        break;
    }
    RCS_UNREACHABLE("told apart before");
}

static const struct shape {
    bool modelled;
    enum rcs_rdb_kind kind;
    enum rcs_rdb_encoding encoding;
} shapes[] = {
    [RCS_RDB_TYPE_STRING] = { true, RCS_RDB_STRING, RCS_RDB_PLAIN },
    [RCS_RDB_TYPE_LIST] = { true, RCS_RDB_LIST, RCS_RDB_QUICKLIST },
    [RCS_RDB_TYPE_SET] = { true, RCS_RDB_SET, RCS_RDB_HASHTABLE },
    [RCS_RDB_TYPE_ZSET] = { true, RCS_RDB_SORTED_SET, RCS_RDB_SKIPLIST },
    [RCS_RDB_TYPE_HASH] = { true, RCS_RDB_HASH, RCS_RDB_HASHTABLE },
    [RCS_RDB_TYPE_ZSET_2] = { true, RCS_RDB_SORTED_SET, RCS_RDB_SKIPLIST },
    [RCS_RDB_TYPE_HASH_ZIPMAP] = { true, RCS_RDB_HASH, RCS_RDB_LISTPACK },
    [RCS_RDB_TYPE_LIST_ZIPLIST] = { true, RCS_RDB_LIST, RCS_RDB_QUICKLIST },
    [RCS_RDB_TYPE_SET_INTSET] = { true, RCS_RDB_SET, RCS_RDB_INTSET },
    [RCS_RDB_TYPE_ZSET_ZIPLIST] = { true, RCS_RDB_SORTED_SET, RCS_RDB_LISTPACK },
    [RCS_RDB_TYPE_HASH_ZIPLIST] = { true, RCS_RDB_HASH, RCS_RDB_LISTPACK },
    [RCS_RDB_TYPE_LIST_QUICKLIST] = { true, RCS_RDB_LIST, RCS_RDB_QUICKLIST },
    [RCS_RDB_TYPE_HASH_LISTPACK] = { true, RCS_RDB_HASH, RCS_RDB_LISTPACK },
    [RCS_RDB_TYPE_ZSET_LISTPACK] = { true, RCS_RDB_SORTED_SET, RCS_RDB_LISTPACK },
    [RCS_RDB_TYPE_LIST_QUICKLIST_2] = { true, RCS_RDB_LIST, RCS_RDB_QUICKLIST },
};

/* Hands over what was gathered. */
static void gather(struct reading *r, const struct shape *shape, struct rcs_rdb_value *out)
{
    *out = (struct rcs_rdb_value){
        .kind = shape->kind,
        .encoding = shape->encoding,
        .count = r->items.count,
        .items = r->items.items,
        .scores = r->scores,
        .nodes = r->nodes,
        .node_count = r->node_count,
        .intset_width = r->intset_width,
        .text = r->items.text.data,
    };
    const char *at = out->text == NULL ? "" : out->text;
    for (size_t i = 0; i < out->count; i++) {
        out->items[i].bytes = at;
        at += out->items[i].size_bytes;
    }
}

/* What is wrong with a value as a whole. */
static bool is_sound(const struct rcs_rdb_value *value)
{
    switch (value->kind) {
    case RCS_RDB_STRING:
    case RCS_RDB_LIST:
        return true;
    case RCS_RDB_HASH:
        return value->count % 2 == 0 && !any_twice(value->items, value->count, 2);
    case RCS_RDB_SET:
    case RCS_RDB_SORTED_SET:
        return !any_twice(value->items, value->count, 1);
    }
    RCS_UNREACHABLE("no other kind");
}

enum rcs_err rcs_rdb_value_read(const void *bytes, size_t size_bytes, unsigned type, size_t *used,
                                struct rcs_rdb_value *out)
{
    *out = (struct rcs_rdb_value){ .kind = RCS_RDB_STRING };
    *used = 0;
    if (rcs_rdb_type_name(type) == NULL) {
        return RCS_ERR_PROTOCOL;
    }
    if (type >= sizeof(shapes) / sizeof(shapes[0]) || !shapes[type].modelled) {
        return RCS_ERR_UNKNOWN;
    }
    struct reading r = { .in = { bytes, (const uint8_t *)bytes + size_bytes } };
    if (!take_value(&r, (enum rcs_rdb_type)type)) {
        reading_close(&r);
        return RCS_ERR_PROTOCOL;
    }
    gather(&r, &shapes[type], out);
    if (!is_sound(out)) {
        rcs_rdb_value_close(out);
        return RCS_ERR_PROTOCOL;
    }
    *used = (size_t)(r.in.at - (const uint8_t *)bytes);
    if (out->count == 0) {
        rcs_rdb_value_close(out);
        return RCS_ERR_RANGE;
    }
    if (out->kind == RCS_RDB_SORTED_SET) {
        sort_by_score(out);
    }
    return RCS_OK;
}

void rcs_rdb_value_close(struct rcs_rdb_value *value)
{
    free(value->text);
    free(value->items);
    free(value->scores);
    free(value->nodes);
    *value = (struct rcs_rdb_value){ .kind = RCS_RDB_STRING };
}
