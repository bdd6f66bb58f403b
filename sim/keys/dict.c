#include "sim/keys/dict.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/pure.h"

#define ROOM_FIRST 16

void rcs_dict_init(struct rcs_dict *dict, size_t item_bytes)
{
    RCS_ASSERT(item_bytes >= sizeof(struct rcs_dict_item));
    *dict = (struct rcs_dict){ .item_bytes = item_bytes, .next_sequence = 1 };
}

void rcs_dict_clear(struct rcs_dict *dict)
{
    for (size_t i = 0; i < dict->order_used; i++) {
        free(dict->order[i].item);
    }
    free(dict->table);
    free(dict->order);
    /* A cursor from before must not fit an item from after. */
    *dict =
        (struct rcs_dict){ .item_bytes = dict->item_bytes, .next_sequence = dict->next_sequence };
}

/* --- the hash table: for looking up only, never walked ---------------------------------------- */

static struct rcs_dict_item **bucket(const struct rcs_dict *dict, uint64_t hash)
{
    return &dict->table[hash & dict->table_mask];
}

static void table_grow(struct rcs_dict *dict)
{
    size_t room = dict->table == NULL ? ROOM_FIRST : (dict->table_mask + 1) * 2;
    free(dict->table);
    dict->table = calloc(room, sizeof(dict->table[0]));
    RCS_ASSERT(dict->table != NULL);
    dict->table_mask = room - 1;
    for (size_t i = 0; i < dict->order_used; i++) {
        struct rcs_dict_item *item = dict->order[i].item;
        if (item != NULL) {
            struct rcs_dict_item **head = bucket(dict, item->hash);
            item->hash_next = *head;
            *head = item;
        }
    }
}

static void table_unlink(struct rcs_dict *dict, struct rcs_dict_item *item)
{
    struct rcs_dict_item **at = bucket(dict, item->hash);
    while (*at != item) {
        at = &(*at)->hash_next;
    }
    *at = item->hash_next;
}

static struct rcs_dict_item *find(const struct rcs_dict *dict, const void *key, size_t key_bytes,
                                  uint64_t hash)
{
    for (struct rcs_dict_item *item = *bucket(dict, hash); item != NULL; item = item->hash_next) {
        if (item->hash == hash && item->key_bytes == key_bytes &&
            (key_bytes == 0 || memcmp(rcs_dict_key(dict, item), key, key_bytes) == 0)) {
            return item;
        }
    }
    return NULL;
}

struct rcs_dict_item *rcs_dict_find(const struct rcs_dict *dict, const void *key, size_t key_bytes)
{
    return dict->count == 0 ? NULL : find(dict, key, key_bytes, XXH3_64bits(key, key_bytes));
}

/* --- the order of insertion: an array with holes, closed when half of it are holes ------------ */

static void order_close_holes(struct rcs_dict *dict)
{
    size_t kept = 0;
    for (size_t i = 0; i < dict->order_used; i++) {
        if (dict->order[i].item != NULL) {
            dict->order[kept] = dict->order[i];
            dict->order[kept].item->order_index = (uint32_t)kept;
            kept++;
        }
    }
    dict->order_used = kept;
}

static void order_add(struct rcs_dict *dict, struct rcs_dict_item *item)
{
    if (dict->order_used == dict->order_room) {
        dict->order_room = dict->order_room == 0 ? ROOM_FIRST : dict->order_room * 2;
        RCS_ASSERT(dict->order_room < UINT32_MAX);
        dict->order = realloc(dict->order, dict->order_room * sizeof(dict->order[0]));
        RCS_ASSERT(dict->order != NULL);
    }
    item->sequence = dict->next_sequence++;
    item->order_index = (uint32_t)dict->order_used;
    dict->order[dict->order_used++] =
        (struct rcs_dict_order){ .sequence = item->sequence, .item = item };
}

static void order_remove(struct rcs_dict *dict, const struct rcs_dict_item *item)
{
    dict->order[item->order_index].item = NULL;
    if (dict->order_used > ROOM_FIRST && dict->count < dict->order_used / 2) {
        order_close_holes(dict);
    }
}

struct rcs_dict_item *rcs_dict_next(const struct rcs_dict *dict, uint64_t *cursor)
{
    size_t low = 0, high = dict->order_used;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dict->order[middle].sequence < *cursor) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low < dict->order_used && dict->order[low].item == NULL) {
        low++;
    }
    if (low == dict->order_used) {
        return NULL;
    }
    *cursor = dict->order[low].sequence + 1;
    return dict->order[low].item;
}

struct rcs_dict_item *rcs_dict_any(const struct rcs_dict *dict, struct rcs_rand *choice)
{
    if (dict->count == 0) {
        return NULL;
    }
    for (;;) { /* at most about half are holes, so few draws do; a short array may have more of them
                */
        struct rcs_dict_item *item =
            dict->order[rcs_rand_below(choice, (uint32_t)dict->order_used)].item;
        if (item != NULL) {
            return item;
        }
    }
}

static void pick_in_order(const struct rcs_dict *dict, struct rcs_rand *choice, size_t count,
                          struct rcs_dict_item **out)
{
    size_t left = dict->count;
    struct rcs_dict_item *item;
    for (size_t place = 0; count > 0 && (item = rcs_dict_each(dict, &place)) != NULL; left--) {
        if (rcs_rand_below(choice, (uint32_t)left) < count) {
            *out++ = item;
            count--;
        }
    }
}

void rcs_dict_pick(const struct rcs_dict *dict, struct rcs_rand *choice, size_t count,
                   bool in_order, struct rcs_dict_item **out)
{
    RCS_ASSERT(count < dict->count);
    if (in_order || count > dict->count / 3) {
        pick_in_order(dict, choice, count, out);
        return;
    }
    uint8_t *drawn = calloc(dict->order_used, 1);
    RCS_ASSERT(drawn != NULL);
    while (count > 0) {
        struct rcs_dict_item *item = rcs_dict_any(dict, choice);
        if (drawn[item->order_index] == 0) {
            drawn[item->order_index] = 1;
            *out++ = item;
            count--;
        }
    }
    free(drawn);
}

/* --- one item --------------------------------------------------------------------------------- */

static struct rcs_dict_item *add(struct rcs_dict *dict, const void *key, size_t key_bytes,
                                 uint64_t hash)
{
    RCS_ASSERT(key_bytes < UINT32_MAX);
    if (dict->table == NULL || dict->count > dict->table_mask) {
        table_grow(dict);
    }
    struct rcs_dict_item *item = malloc(dict->item_bytes + key_bytes);
    RCS_ASSERT(item != NULL);
    memset(item, 0, dict->item_bytes);
    item->hash = hash;
    item->key_bytes = (uint32_t)key_bytes;
    if (key_bytes > 0) {
        memcpy((char *)item + dict->item_bytes, key, key_bytes);
    }
    struct rcs_dict_item **head = bucket(dict, item->hash);
    item->hash_next = *head;
    *head = item;
    order_add(dict, item);
    dict->count++;
    return item;
}

struct rcs_dict_item *rcs_dict_add(struct rcs_dict *dict, const void *key, size_t key_bytes)
{
    uint64_t hash = XXH3_64bits(key, key_bytes);
    RCS_ASSERT(dict->count == 0 || find(dict, key, key_bytes, hash) == NULL);
    return add(dict, key, key_bytes, hash);
}

struct rcs_dict_item *rcs_dict_find_or_add(struct rcs_dict *dict, const void *key, size_t key_bytes,
                                           bool *added)
{
    uint64_t hash = XXH3_64bits(key, key_bytes);
    struct rcs_dict_item *item = dict->count == 0 ? NULL : find(dict, key, key_bytes, hash);
    *added = item == NULL;
    return item != NULL ? item : add(dict, key, key_bytes, hash);
}

void rcs_dict_remove(struct rcs_dict *dict, struct rcs_dict_item *item)
{
    table_unlink(dict, item);
    dict->count--;
    order_remove(dict, item);
    free(item);
}

/* --- all items -------------------------------------------------------------------------------- */

void rcs_dict_copy(struct rcs_dict *to, const struct rcs_dict *from)
{
    *to = (struct rcs_dict){ .item_bytes = from->item_bytes, .next_sequence = from->next_sequence };
    if (from->count == 0) {
        return;
    }
    to->order_room = from->order_room;
    to->order = malloc(to->order_room * sizeof(to->order[0]));
    to->table = calloc(from->table_mask + 1, sizeof(to->table[0]));
    RCS_ASSERT(to->order != NULL && to->table != NULL);
    to->table_mask = from->table_mask;
    const struct rcs_dict_item *item;
    for (size_t place = 0; (item = rcs_dict_each(from, &place)) != NULL; to->count++) {
        size_t size_bytes = from->item_bytes + item->key_bytes;
        struct rcs_dict_item *copy = malloc(size_bytes);
        RCS_ASSERT(copy != NULL);
        memcpy(copy, item, size_bytes);
        copy->order_index = (uint32_t)to->order_used;
        to->order[to->order_used++] =
            (struct rcs_dict_order){ .sequence = copy->sequence, .item = copy };
        struct rcs_dict_item **head = bucket(to, copy->hash);
        copy->hash_next = *head;
        *head = copy;
    }
}
