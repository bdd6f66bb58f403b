#include "sim/keys/keyspace.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/keys/keyspace_parts.h"
#include "sim/keys/value.h"

#include "sim/pure.h"

#define TABLE_ROOM_FIRST 16

struct rcs_keyspace *rcs_keyspace_new(void)
{
    struct rcs_keyspace *keys = calloc(1, sizeof(*keys));
    RCS_ASSERT(keys != NULL);
    keys->next_sequence = 1;
    return keys;
}

void rcs_keyspace_free(struct rcs_keyspace *keys)
{
    if (keys != NULL) {
        rcs_keyspace_flush(keys);
        free(keys);
    }
}

size_t rcs_keyspace_size(const struct rcs_keyspace *keys)
{
    return keys->count;
}

/* --- slots: pages of lists, made when the first key of a page comes --------------------------- */

static struct keys_slot *slot_find(const struct rcs_keyspace *keys, unsigned slot)
{
    RCS_ASSERT(slot < RCS_SLOTS);
    struct keys_slot *page = keys->pages == NULL ? NULL : keys->pages[slot / KEYS_PAGE_SLOTS];
    return page == NULL ? NULL : &page[slot % KEYS_PAGE_SLOTS];
}

static struct keys_slot *slot_make(struct rcs_keyspace *keys, unsigned slot)
{
    if (keys->pages == NULL) {
        keys->pages = calloc(KEYS_PAGES, sizeof(keys->pages[0]));
        RCS_ASSERT(keys->pages != NULL);
    }
    struct keys_slot **page = &keys->pages[slot / KEYS_PAGE_SLOTS];
    if (*page == NULL) {
        *page = calloc(KEYS_PAGE_SLOTS, sizeof((*page)[0]));
        RCS_ASSERT(*page != NULL);
    }
    return &(*page)[slot % KEYS_PAGE_SLOTS];
}

static void slot_link(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    struct keys_slot *slot = slot_make(keys, entry->slot);
    entry->slot_previous = NULL;
    entry->slot_next = slot->first;
    if (slot->first != NULL) {
        slot->first->slot_previous = entry;
    }
    slot->first = entry;
    slot->count++;
}

static void slot_unlink(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    struct keys_slot *slot = slot_find(keys, entry->slot);
    if (entry->slot_previous == NULL) {
        slot->first = entry->slot_next;
    } else {
        entry->slot_previous->slot_next = entry->slot_next;
    }
    if (entry->slot_next != NULL) {
        entry->slot_next->slot_previous = entry->slot_previous;
    }
    slot->count--;
}

unsigned rcs_keyspace_slot_size(const struct rcs_keyspace *keys, unsigned slot)
{
    const struct keys_slot *found = slot_find(keys, slot);
    return found == NULL ? 0 : found->count;
}

struct rcs_entry *rcs_keyspace_slot_first(const struct rcs_keyspace *keys, unsigned slot)
{
    const struct keys_slot *found = slot_find(keys, slot);
    return found == NULL ? NULL : found->first;
}

unsigned rcs_keyspace_slot_keys(const struct rcs_keyspace *keys, unsigned slot, struct rcs_arg *out,
                                unsigned most)
{
    unsigned count = 0;
    for (const struct rcs_entry *entry = rcs_keyspace_slot_first(keys, slot);
         entry != NULL && count < most; entry = entry->slot_next) {
        out[count++] = (struct rcs_arg){ .bytes = entry->key, .size_bytes = entry->key_bytes };
    }
    return count;
}

/* --- the hash table: for looking up only, never walked ---------------------------------------- */

static struct rcs_entry **bucket(const struct rcs_keyspace *keys, uint64_t hash)
{
    return &keys->table[hash & keys->table_mask];
}

static void table_grow(struct rcs_keyspace *keys)
{
    size_t room = keys->table == NULL ? TABLE_ROOM_FIRST : (keys->table_mask + 1) * 2;
    free(keys->table);
    keys->table = calloc(room, sizeof(keys->table[0]));
    RCS_ASSERT(keys->table != NULL);
    keys->table_mask = room - 1;
    for (size_t i = 0; i < keys->order_used; i++) {
        struct rcs_entry *entry = keys->order[i].entry;
        if (entry != NULL) {
            struct rcs_entry **head = bucket(keys, entry->hash);
            entry->hash_next = *head;
            *head = entry;
        }
    }
}

static void table_unlink(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    struct rcs_entry **at = bucket(keys, entry->hash);
    while (*at != entry) {
        at = &(*at)->hash_next;
    }
    *at = entry->hash_next;
}

struct rcs_entry *rcs_keyspace_find(const struct rcs_keyspace *keys, const void *key,
                                    size_t key_bytes)
{
    if (keys->count == 0) {
        return NULL;
    }
    uint64_t hash = XXH3_64bits(key, key_bytes);
    for (struct rcs_entry *entry = *bucket(keys, hash); entry != NULL; entry = entry->hash_next) {
        if (entry->hash == hash && entry->key_bytes == key_bytes &&
            (key_bytes == 0 || memcmp(entry->key, key, key_bytes) == 0)) {
            return entry;
        }
    }
    return NULL;
}

/* --- the order of insertion: an array with holes, closed when half of it are holes ------------ */

static void order_close_holes(struct rcs_keyspace *keys)
{
    size_t kept = 0;
    for (size_t i = 0; i < keys->order_used; i++) {
        if (keys->order[i].entry != NULL) {
            keys->order[kept] = keys->order[i];
            keys->order[kept].entry->order_index = (uint32_t)kept;
            kept++;
        }
    }
    keys->order_used = kept;
}

static void order_add(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    if (keys->order_used == keys->order_room) {
        keys->order_room = keys->order_room == 0 ? TABLE_ROOM_FIRST : keys->order_room * 2;
        RCS_ASSERT(keys->order_room < UINT32_MAX);
        keys->order = realloc(keys->order, keys->order_room * sizeof(keys->order[0]));
        RCS_ASSERT(keys->order != NULL);
    }
    entry->sequence = keys->next_sequence++;
    entry->order_index = (uint32_t)keys->order_used;
    keys->order[keys->order_used++] =
        (struct keys_order){ .sequence = entry->sequence, .entry = entry };
}

static void order_remove(struct rcs_keyspace *keys, const struct rcs_entry *entry)
{
    keys->order[entry->order_index].entry = NULL;
    if (keys->order_used > TABLE_ROOM_FIRST && keys->count < keys->order_used / 2) {
        order_close_holes(keys);
    }
}

struct rcs_entry *rcs_keyspace_next(const struct rcs_keyspace *keys, uint64_t *cursor)
{
    size_t low = 0, high = keys->order_used;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keys->order[middle].sequence < *cursor) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low < keys->order_used && keys->order[low].entry == NULL) {
        low++;
    }
    if (low == keys->order_used) {
        return NULL;
    }
    *cursor = keys->order[low].sequence + 1;
    return keys->order[low].entry;
}

struct rcs_entry *rcs_keyspace_any(const struct rcs_keyspace *keys, struct rcs_rand *choice)
{
    if (keys->count == 0) {
        return NULL;
    }
    for (;;) { /* at most about half are holes, so few draws do; a short array may have more of them
                */
        struct rcs_entry *entry =
            keys->order[rcs_rand_below(choice, (uint32_t)keys->order_used)].entry;
        if (entry != NULL) {
            return entry;
        }
    }
}

/* --- one key ---------------------------------------------------------------------------------- */

struct rcs_entry *rcs_keyspace_add(struct rcs_keyspace *keys, const void *key, size_t key_bytes,
                                   struct rcs_value *value)
{
    RCS_ASSERT(rcs_keyspace_find(keys, key, key_bytes) == NULL);
    RCS_ASSERT(key_bytes < UINT32_MAX);
    if (keys->table == NULL || keys->count > keys->table_mask) {
        table_grow(keys);
    }
    struct rcs_entry *entry = malloc(sizeof(*entry) + key_bytes);
    RCS_ASSERT(entry != NULL);
    entry->value = value;
    entry->expire_ms = RCS_NO_EXPIRE;
    entry->expire_index = KEYS_NOT_EXPIRING;
    entry->hash = XXH3_64bits(key, key_bytes);
    entry->slot = rcs_slot_of_key(key, key_bytes);
    entry->key_bytes = (uint32_t)key_bytes;
    if (key_bytes > 0) {
        memcpy(entry->key, key, key_bytes);
    }
    struct rcs_entry **head = bucket(keys, entry->hash);
    entry->hash_next = *head;
    *head = entry;
    order_add(keys, entry);
    slot_link(keys, entry);
    keys->count++;
    return entry;
}

void rcs_keyspace_replace(struct rcs_entry *entry, struct rcs_value *value)
{
    if (entry->value != NULL) {
        rcs_value_release(entry->value);
    }
    entry->value = value;
}

struct rcs_value *rcs_keyspace_lend(struct rcs_entry *entry)
{
    struct rcs_value *value = entry->value;
    entry->value = NULL;
    return value;
}

void rcs_keyspace_remove(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    rcs_keyspace_expire(keys, entry, RCS_NO_EXPIRE);
    table_unlink(keys, entry);
    slot_unlink(keys, entry);
    keys->count--;
    order_remove(keys, entry);
    rcs_value_release(entry->value);
    free(entry);
}

/* --- all keys --------------------------------------------------------------------------------- */

size_t rcs_keyspace_flush(struct rcs_keyspace *keys)
{
    size_t count = keys->count;
    for (size_t i = 0; i < keys->order_used; i++) {
        struct rcs_entry *entry = keys->order[i].entry;
        if (entry != NULL) {
            rcs_value_release(entry->value);
            free(entry);
        }
    }
    for (unsigned i = 0; keys->pages != NULL && i < KEYS_PAGES; i++) {
        free(keys->pages[i]);
    }
    free(keys->pages);
    free(keys->table);
    free(keys->order);
    free(keys->expiring);
    /* Sequences go on: a cursor or a watch from before must not fit a key from after. */
    *keys = (struct rcs_keyspace){ .next_sequence = keys->next_sequence };
    return count;
}

size_t rcs_keyspace_flush_slot(struct rcs_keyspace *keys, unsigned slot)
{
    size_t count = 0;
    struct rcs_entry *entry;
    while ((entry = rcs_keyspace_slot_first(keys, slot)) != NULL) {
        rcs_keyspace_remove(keys, entry);
        count++;
    }
    return count;
}
