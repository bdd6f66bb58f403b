#include "sim/keys/list.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define SIZE_BYTES       ((uint32_t)sizeof(uint32_t)) /* before and behind an item */
#define ROOM_BYTES_MIN   64
#define ROOM_BYTES_AHEAD 16384

/* Redis 7.0 quicklist.c. */
#define FILL_MIN              (-5)
#define FILL_MAX              32767
#define PACKED_BYTES_EMPTY    7    /* header and end of a listpack */
#define PACKED_BYTES_SAFE     8192 /* SIZE_SAFETY_LIMIT: of nodes that are limited by their count */
#define PACKED_BYTES_OVERHEAD 8    /* SIZE_ESTIMATE_OVERHEAD */
#define PACKED_BYTES_MERGED   11   /* taken off when two nodes are added up */

/* --- items in a node -------------------------------------------------------------------------- */

static uint32_t size_at(const struct rcs_list_node *node, uint32_t byte)
{
    uint32_t size;
    memcpy(&size, node->bytes + byte, SIZE_BYTES);
    return size;
}

static uint32_t stored_bytes(uint32_t size_bytes)
{
    return size_bytes + 2 * SIZE_BYTES;
}

static struct rcs_arg item_at(const struct rcs_list_node *node, uint32_t at)
{
    return (struct rcs_arg){ .bytes = node->bytes + node->begin + at + SIZE_BYTES,
                             .size_bytes = size_at(node, node->begin + at) };
}

/* Where the item begins that ends at `at`. */
static uint32_t at_before(const struct rcs_list_node *node, uint32_t at)
{
    return at - stored_bytes(size_at(node, node->begin + at - SIZE_BYTES));
}

static uint32_t used_bytes(const struct rcs_list_node *node)
{
    return node->end - node->begin;
}

/* What an item takes in a listpack (Redis 7.0 lpEncodeGetType, lpEncodeBacklen). */
static uint32_t packed_bytes(const struct rcs_arg *item)
{
    int64_t number;
    uint32_t size = item->size_bytes;
    if (rcs_decimal_read(item->bytes, size, &number)) {
        size = number >= 0 && number <= 127                 ? 1
               : number >= -4096 && number <= 4095          ? 2
               : number >= INT16_MIN && number <= INT16_MAX ? 3
               : number >= -8388608 && number <= 8388607    ? 4
               : number >= INT32_MIN && number <= INT32_MAX ? 5
                                                            : 9;
    } else {
        size += size < 64 ? 1 : size < 4096 ? 2 : 5;
    }
    return size + (size <= 127        ? 1
                   : size < 16383     ? 2
                   : size < 2097151   ? 3
                   : size < 268435455 ? 4
                                      : 5);
}

/* Room for so many bytes before the items or behind them. What is left goes mostly to that side. */
static void make_room(struct rcs_list_node *node, uint32_t bytes, bool before)
{
    uint32_t used = used_bytes(node), need = used + bytes;
    if ((before ? node->begin : node->room - node->end) >= bytes) {
        return;
    }
    RCS_ASSERT(need >= used && need < UINT32_MAX - ROOM_BYTES_AHEAD);
    char *old = node->bytes;
    if (need > node->room - node->room / 4) {
        node->room = need + (need < ROOM_BYTES_AHEAD ? need : ROOM_BYTES_AHEAD);
        node->room = node->room < ROOM_BYTES_MIN ? ROOM_BYTES_MIN : node->room;
        node->bytes = malloc(node->room);
        RCS_ASSERT(node->bytes != NULL);
    }
    uint32_t left = node->room - need;
    uint32_t begin = before ? bytes + (left - left / 4) : left / 4;
    if (used > 0) {
        memmove(node->bytes + begin, old + node->begin, used);
    }
    if (old != node->bytes) {
        free(old);
    }
    node->begin = begin;
    node->end = begin + used;
}

static void put_item(struct rcs_list_node *node, uint32_t at, const struct rcs_arg *item)
{
    char *bytes = node->bytes + node->begin + at;
    memcpy(bytes, &item->size_bytes, SIZE_BYTES);
    if (item->size_bytes > 0) {
        memcpy(bytes + SIZE_BYTES, item->bytes, item->size_bytes);
    }
    memcpy(bytes + SIZE_BYTES + item->size_bytes, &item->size_bytes, SIZE_BYTES);
}

/* An item at byte `at`, before the one that is there. */
static void node_add(struct rcs_list_node *node, uint32_t at, const struct rcs_arg *item)
{
    uint32_t bytes = stored_bytes(item->size_bytes);
    if (at == 0 && node->count > 0) {
        make_room(node, bytes, true);
        node->begin -= bytes;
    } else {
        make_room(node, bytes, false);
        char *gap = node->bytes + node->begin + at;
        memmove(gap + bytes, gap, used_bytes(node) - at);
        node->end += bytes;
    }
    put_item(node, at, item);
    node->count++;
    node->packed_bytes += packed_bytes(item);
}

/* `count` items from byte `at` to byte `to` go. */
static void node_cut(struct rcs_list_node *node, uint32_t at, uint32_t to, uint32_t count)
{
    for (uint32_t i = at; i < to; i += stored_bytes(size_at(node, node->begin + i))) {
        struct rcs_arg item = item_at(node, i);
        node->packed_bytes -= packed_bytes(&item);
    }
    if (at == 0) {
        node->begin += to;
    } else {
        char *gap = node->bytes + node->begin + at;
        memmove(gap, node->bytes + node->begin + to, used_bytes(node) - to);
        node->end -= to - at;
    }
    node->count -= count;
}

/* --- the chain of nodes ----------------------------------------------------------------------- */

static struct rcs_list_node *node_new(void)
{
    struct rcs_list_node *node = calloc(1, sizeof(*node));
    RCS_ASSERT(node != NULL);
    node->packed_bytes = PACKED_BYTES_EMPTY;
    return node;
}

/* Into the chain behind `previous`; NULL: as the first. */
static void node_link(struct rcs_list *list, struct rcs_list_node *previous,
                      struct rcs_list_node *node)
{
    node->previous = previous;
    node->next = previous == NULL ? list->first : previous->next;
    *(previous == NULL ? &list->first : &previous->next) = node;
    *(node->next == NULL ? &list->last : &node->next->previous) = node;
    list->node_count++;
}

static void node_free(struct rcs_list_node *node)
{
    free(node->bytes);
    free(node);
}

static void node_remove(struct rcs_list *list, struct rcs_list_node *node)
{
    *(node->previous == NULL ? &list->first : &node->previous->next) = node->next;
    *(node->next == NULL ? &list->last : &node->next->previous) = node->previous;
    list->node_count--;
    node_free(node);
}

/* list-max-listpack-size below 0: by bytes. */
static bool within_bytes(uint64_t bytes, int32_t fill)
{
    static const uint32_t bytes_max[] = { 4096, 8192, 16384, 32768, 65536 };
    return fill < 0 && bytes <= bytes_max[-fill - 1];
}

/* Redis 7.0 _quicklistNodeAllowInsert. */
static bool takes(const struct rcs_list_node *node, int32_t fill, const struct rcs_arg *item)
{
    if (node == NULL || node->plain) {
        return false;
    }
    uint64_t bytes = (uint64_t)node->packed_bytes + item->size_bytes + PACKED_BYTES_OVERHEAD;
    return within_bytes(bytes, fill) || (bytes <= PACKED_BYTES_SAFE && (int64_t)node->count < fill);
}

/* Redis 7.0 _quicklistNodeAllowMerge. */
static bool may_merge(const struct rcs_list_node *a, const struct rcs_list_node *b, int32_t fill)
{
    if (a == NULL || b == NULL || a->plain || b->plain) {
        return false;
    }
    uint64_t bytes = (uint64_t)a->packed_bytes + b->packed_bytes - PACKED_BYTES_MERGED;
    return within_bytes(bytes, fill) ||
           (bytes <= PACKED_BYTES_SAFE && (int64_t)a->count + b->count <= fill);
}

/* `b` follows `a`, which takes its items. Returns `a`. */
static struct rcs_list_node *merge(struct rcs_list *list, struct rcs_list_node *a,
                                   struct rcs_list_node *b)
{
    uint32_t bytes = used_bytes(b);
    make_room(a, bytes, false);
    memcpy(a->bytes + a->end, b->bytes + b->begin, bytes);
    a->end += bytes;
    a->count += b->count;
    a->packed_bytes += b->packed_bytes - PACKED_BYTES_EMPTY;
    a->next = b->next;
    *(b->next == NULL ? &list->last : &b->next->previous) = a;
    list->node_count--;
    node_free(b);
    return a;
}

/* Redis 7.0 _quicklistMergeNodes: the two before, the two behind, then the middle with both. */
static void merge_around(struct rcs_list *list, struct rcs_list_node *center)
{
    struct rcs_list_node *previous = center->previous, *next = center->next;
    if (previous != NULL && may_merge(previous->previous, previous, list->fill)) {
        previous = merge(list, previous->previous, previous);
    }
    if (next != NULL && may_merge(next, next->next, list->fill)) {
        merge(list, next, next->next);
    }
    if (may_merge(previous, center, list->fill)) {
        center = merge(list, previous, center);
    }
    if (may_merge(center, next, list->fill)) {
        merge(list, center, next);
    }
}

/* The items from byte `at` on, the `index`-th and those behind it, as a node of their own. */
static struct rcs_list_node *split(struct rcs_list *list, struct rcs_list_node *node, uint32_t at,
                                   uint32_t index)
{
    struct rcs_list_node *rest = node_new();
    uint32_t bytes = used_bytes(node) - at;
    make_room(rest, bytes, false);
    memcpy(rest->bytes + rest->end, node->bytes + node->begin + at, bytes);
    rest->end += bytes;
    rest->count = node->count - index;
    uint32_t before = node->packed_bytes;
    node_cut(node, at, used_bytes(node), rest->count);
    rest->packed_bytes += before - node->packed_bytes;
    node_link(list, node, rest);
    return rest;
}

/* --- the ends --------------------------------------------------------------------------------- */

struct rcs_value *rcs_list_new(int64_t fill)
{
    struct rcs_list *list = calloc(1, sizeof(*list));
    RCS_ASSERT(list != NULL);
    list->head =
        (struct rcs_value){ .refs = 1, .type = RCS_VALUE_LIST, .encoding = RCS_ENCODING_QUICKLIST };
    list->fill = (int32_t)(fill < FILL_MIN ? FILL_MIN : fill > FILL_MAX ? FILL_MAX : fill);
    return &list->head;
}

void rcs_list_push(struct rcs_list *list, enum rcs_list_end end, const struct rcs_arg *item)
{
    bool head = end == RCS_LIST_HEAD;
    struct rcs_list_node *node = head ? list->first : list->last;
    if (!takes(node, list->fill, item)) {
        node = node_new();
        node_link(list, head ? NULL : list->last, node);
    }
    node_add(node, head ? 0 : used_bytes(node), item);
    list->count++;
}

struct rcs_arg rcs_list_peek(const struct rcs_list *list, enum rcs_list_end end)
{
    RCS_ASSERT(list->count > 0);
    return end == RCS_LIST_HEAD
               ? item_at(list->first, 0)
               : item_at(list->last, at_before(list->last, used_bytes(list->last)));
}

/* Items of a node between two bytes. */
static void cut(struct rcs_list *list, struct rcs_list_node *node, uint32_t at, uint32_t to,
                uint32_t count)
{
    list->count -= count;
    if (count == node->count) {
        node_remove(list, node);
    } else {
        node_cut(node, at, to, count);
    }
}

void rcs_list_pop(struct rcs_list *list, enum rcs_list_end end)
{
    RCS_ASSERT(list->count > 0);
    struct rcs_list_node *node = end == RCS_LIST_HEAD ? list->first : list->last;
    uint32_t used = used_bytes(node);
    uint32_t at = end == RCS_LIST_HEAD ? 0 : at_before(node, used);
    uint32_t to = end == RCS_LIST_HEAD ? stored_bytes(item_at(node, 0).size_bytes) : used;
    cut(list, node, at, to, 1);
}

/* --- places ----------------------------------------------------------------------------------- */

/* The byte at which the `index`-th item of a node begins, from the nearer end; its end, if that is
 * how many there are. */
static uint32_t at_of(const struct rcs_list_node *node, uint32_t index)
{
    uint32_t at = 0;
    if (index <= node->count / 2) {
        while (index-- > 0) {
            at += stored_bytes(size_at(node, node->begin + at));
        }
        return at;
    }
    at = used_bytes(node);
    for (; index < node->count; index++) {
        at = at_before(node, at);
    }
    return at;
}

bool rcs_list_seek(const struct rcs_list *list, int64_t index, struct rcs_list_place *out)
{
    int64_t count = (int64_t)list->count;
    if (index >= count || index < -count) {
        return false;
    }
    int64_t from_head = index < 0 ? index + count : index;
    struct rcs_list_node *node;
    if (from_head < count / 2) {
        for (node = list->first; from_head >= (int64_t)node->count; node = node->next) {
            from_head -= node->count;
        }
        out->index = (uint32_t)from_head;
    } else {
        int64_t from_tail = count - 1 - from_head;
        for (node = list->last; from_tail >= (int64_t)node->count; node = node->previous) {
            from_tail -= node->count;
        }
        out->index = node->count - 1 - (uint32_t)from_tail;
    }
    out->node = node;
    out->at = at_of(node, out->index);
    return true;
}

struct rcs_arg rcs_list_item(const struct rcs_list_place *place)
{
    return item_at(place->node, place->at);
}

static bool enter(struct rcs_list_place *place, struct rcs_list_node *node, bool forward)
{
    if (node == NULL) {
        return false;
    }
    place->node = node;
    place->index = forward ? 0 : node->count - 1;
    place->at = forward ? 0 : at_before(node, used_bytes(node));
    return true;
}

bool rcs_list_step(struct rcs_list_place *place, bool forward)
{
    struct rcs_list_node *node = place->node;
    if (forward ? place->index + 1 == node->count : place->index == 0) {
        return enter(place, forward ? node->next : node->previous, forward);
    }
    place->index += forward ? 1 : UINT32_MAX; /* or one less */
    place->at = forward ? place->at + stored_bytes(size_at(node, node->begin + place->at))
                        : at_before(node, place->at);
    return true;
}

/* Redis 7.0 _quicklistInsert. */
void rcs_list_insert(struct rcs_list *list, const struct rcs_list_place *place, bool after,
                     const struct rcs_arg *item)
{
    struct rcs_list_node *node = place->node;
    uint32_t index = place->index + after;
    uint32_t at = after ? place->at + stored_bytes(item_at(node, place->at).size_bytes) : place->at;
    bool at_end = after ? index == node->count : index == 0;
    struct rcs_list_node *beside = after ? node->next : node->previous;
    list->count++;
    if (takes(node, list->fill, item)) {
        node_add(node, at, item);
        return;
    }
    if (!at_end) {
        beside = split(list, node, at, index);
        if (after) {
            node_add(beside, 0, item);
            merge_around(list, node);
        } else {
            node_add(node, at, item);
            merge_around(list, beside);
        }
        return;
    }
    if (!takes(beside, list->fill, item)) {
        beside = node_new();
        node_link(list, after ? node : node->previous, beside);
    }
    node_add(beside, after ? 0 : used_bytes(beside), item);
}

void rcs_list_replace(struct rcs_list *list, const struct rcs_list_place *place,
                      const struct rcs_arg *item)
{
    struct rcs_list_node *node = place->node;
    if (node->plain) {
        RCS_ASSERT(node->count == 1 && place->index == 0);
        rcs_list_insert(list, place, true, item);
        list->count--;
        node_remove(list, node);
        return;
    }
    /* Whatever its size: a node grows beyond its limits so (Redis 7.0 quicklistReplaceEntry). */
    uint32_t old_bytes = stored_bytes(item_at(node, place->at).size_bytes);
    node_add(node, place->at, item);
    uint32_t old_at = place->at + stored_bytes(item->size_bytes);
    node_cut(node, old_at, old_at + old_bytes, 1);
}

bool rcs_list_delete(struct rcs_list *list, struct rcs_list_place *place, bool forward)
{
    struct rcs_list_node *node = place->node;
    uint32_t at = place->at, to = at + stored_bytes(item_at(node, at).size_bytes);
    bool more = rcs_list_step(place, forward);
    bool within = more && place->node == node;
    cut(list, node, at, to, 1);
    if (within && forward) { /* what followed has moved up */
        place->index--;
        place->at = at;
    }
    return more;
}

void rcs_list_delete_range(struct rcs_list *list, uint64_t start, uint64_t count)
{
    struct rcs_list_place place;
    if (start >= list->count || count == 0) {
        return;
    }
    uint64_t left = count < list->count - start ? count : list->count - start;
    bool there = rcs_list_seek(list, (int64_t)start, &place);
    RCS_ASSERT(there);
    struct rcs_list_node *next;
    for (struct rcs_list_node *node = place.node; left > 0; node = next) {
        uint32_t some = node->count - place.index;
        some = left < some ? (uint32_t)left : some;
        next = node->next;
        cut(list, node, place.at, at_of(node, place.index + some), some);
        left -= some;
        place = (struct rcs_list_place){ 0 };
    }
}

void rcs_list_add_node(struct rcs_list *list, const struct rcs_arg *items, uint32_t count,
                       bool plain)
{
    RCS_ASSERT(count > 0 && (!plain || count == 1));
    struct rcs_list_node *node = node_new();
    for (uint32_t i = 0; i < count; i++) {
        node_add(node, used_bytes(node), &items[i]);
    }
    node->plain = plain;
    node_link(list, list->last, node);
    list->count += count;
}

/* --- as a value ------------------------------------------------------------------------------- */

static void list_free(struct rcs_value *value)
{
    struct rcs_list_node *next;
    for (struct rcs_list_node *node = rcs_list_of(value)->first; node != NULL; node = next) {
        next = node->next;
        node_free(node);
    }
    free(value);
}

static struct rcs_value *list_copy(const struct rcs_value *value)
{
    const struct rcs_list *list = (const struct rcs_list *)value;
    struct rcs_value *copy = rcs_list_new(list->fill);
    for (const struct rcs_list_node *node = list->first; node != NULL; node = node->next) {
        struct rcs_list_node *same = node_new();
        uint32_t used = used_bytes(node);
        RCS_ASSERT(used > 0); /* a node has items */
        make_room(same, used, false);
        memcpy(same->bytes + same->end, node->bytes + node->begin, used);
        same->end += used;
        same->count = node->count;
        same->packed_bytes = node->packed_bytes;
        same->plain = node->plain;
        node_link(rcs_list_of(copy), rcs_list_of(copy)->last, same);
    }
    rcs_list_of(copy)->count = list->count;
    return copy;
}

/* Nodes as listpacks, not compressed. */
static size_t list_rdb_bytes(const struct rcs_value *value)
{
    const struct rcs_list *list = (const struct rcs_list *)value;
    size_t size_bytes = rcs_rdb_length_bytes(list->node_count);
    for (const struct rcs_list_node *node = list->first; node != NULL; node = node->next) {
        size_bytes += 1 + rcs_rdb_length_bytes(node->packed_bytes) + node->packed_bytes;
    }
    return size_bytes;
}

const struct rcs_value_methods rcs_list_methods = {
    .free = list_free,
    .copy = list_copy,
    .rdb_bytes = list_rdb_bytes,
};
