#include "sim/keys/keyspace.h"

#include <stdlib.h>
#include <string.h>

#include "sim/keys/keyspace_parts.h"
#include "sim/keys/value.h"

#include "sim/pure.h"

struct rcs_keyspace *rcs_keyspace_new(void)
{
    struct rcs_keyspace *keys = calloc(1, sizeof(*keys));
    RCS_ASSERT(keys != NULL);
    rcs_dict_init(&keys->dict, offsetof(struct rcs_entry, key));
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
    return keys->dict.count;
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
        out[count++] = (struct rcs_arg){ .bytes = entry->key, .size_bytes = entry->item.key_bytes };
    }
    return count;
}

/* --- one key ---------------------------------------------------------------------------------- */

/* The item stands at the front of its entry. */
static struct rcs_entry *entry_of(struct rcs_dict_item *item)
{
    return (struct rcs_entry *)item;
}

struct rcs_entry *rcs_keyspace_find(const struct rcs_keyspace *keys, const void *key,
                                    size_t key_bytes)
{
    return entry_of(rcs_dict_find(&keys->dict, key, key_bytes));
}

struct rcs_entry *rcs_keyspace_next(const struct rcs_keyspace *keys, uint64_t *cursor)
{
    return entry_of(rcs_dict_next(&keys->dict, cursor));
}

struct rcs_entry *rcs_keyspace_any(const struct rcs_keyspace *keys, struct rcs_rand *choice)
{
    return entry_of(rcs_dict_any(&keys->dict, choice));
}

struct rcs_entry *rcs_keyspace_add(struct rcs_keyspace *keys, const void *key, size_t key_bytes,
                                   struct rcs_value *value)
{
    struct rcs_entry *entry = entry_of(rcs_dict_add(&keys->dict, key, key_bytes));
    entry->value = value;
    entry->expire_ms = RCS_NO_EXPIRE;
    entry->expire_index = KEYS_NOT_EXPIRING;
    entry->slot = rcs_slot_of_key(key, key_bytes);
    slot_link(keys, entry);
    if (keys->weighing) {
        rcs_weight_added(keys, entry);
    }
    return entry;
}

void rcs_keyspace_replace(struct rcs_keyspace *keys, struct rcs_entry *entry,
                          struct rcs_value *value)
{
    if (entry->value != NULL) {
        rcs_value_release(entry->value);
    }
    entry->value = value;
    if (keys->weighing) {
        rcs_weight_changed(keys, entry);
    }
}

struct rcs_value *rcs_keyspace_lend(struct rcs_entry *entry)
{
    struct rcs_value *value = entry->value;
    entry->value = NULL;
    return value;
}

struct rcs_value *rcs_keyspace_writable(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    entry->value = rcs_value_writable(entry->value);
    if (keys->weighing) {
        rcs_weight_changed(keys, entry);
    }
    return entry->value;
}

void rcs_keyspace_remove(struct rcs_keyspace *keys, struct rcs_entry *entry)
{
    rcs_keyspace_expire(keys, entry, RCS_NO_EXPIRE);
    slot_unlink(keys, entry);
    if (keys->weighing) {
        rcs_weight_removed(keys, entry);
    }
    rcs_value_release(entry->value);
    rcs_dict_remove(&keys->dict, &entry->item);
}

/* --- all keys --------------------------------------------------------------------------------- */

size_t rcs_keyspace_flush(struct rcs_keyspace *keys)
{
    size_t count = keys->dict.count;
    const struct rcs_entry *entry;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(keys, &cursor)) != NULL;) {
        rcs_value_release(entry->value);
    }
    rcs_dict_clear(&keys->dict);
    for (unsigned i = 0; keys->pages != NULL && i < KEYS_PAGES; i++) {
        free(keys->pages[i]);
    }
    free(keys->pages);
    free(keys->expiring);
    free(keys->weighed);
    *keys = (struct rcs_keyspace){ .dict = keys->dict, .weighing = keys->weighing };
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
