/* Interning: node ids, addresses and texts as 16-bit numbers, handed out in order of first use. */
#include <rcsim/store.h>

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "proto/store_parts.h"

#define INDEX_ROOM_FIRST 64

struct id_item {
    char name[RCS_ID_LEN + 1];
};

struct text_item {
    const char *bytes; /* in a block of the store, with a NUL */
    size_t size_bytes; /* without the NUL */
};

/* Addresses are hashed and compared as memory. */
_Static_assert(sizeof(struct rcs_address) == 46 + 3 * 2, "no padding in an address");

static void index_init(struct rcs_store *store, struct store_index *index)
{
    index->table = rcs_store_alloc(store, INDEX_ROOM_FIRST * sizeof(uint16_t));
    memset(index->table, 0, INDEX_ROOM_FIRST * sizeof(uint16_t));
    index->mask = INDEX_ROOM_FIRST - 1;
}

static void *index_item(const struct store_index *index, unsigned number, size_t item_bytes)
{
    return (uint8_t *)index->pages[number / STORE_PAGE_ITEMS] +
           number % STORE_PAGE_ITEMS * item_bytes;
}

static uint64_t item_hash(const struct store_index *index, unsigned number, size_t item_bytes,
                          const struct rcs_store *store)
{
    const void *item = index_item(index, number, item_bytes);
    if (index == &store->texts) {
        const struct text_item *text = item;
        return XXH3_64bits(text->bytes, text->size_bytes);
    }
    return XXH3_64bits(item, index == &store->ids ? RCS_ID_LEN : item_bytes);
}

static void table_put(struct store_index *index, uint64_t hash, unsigned number)
{
    uint32_t at = (uint32_t)hash & index->mask;
    while (index->table[at] != 0) {
        at = (at + 1) & index->mask;
    }
    index->table[at] = (uint16_t)(number + 1);
}

static void table_grow(struct rcs_store *store, struct store_index *index, size_t item_bytes)
{
    size_t old_bytes = ((size_t)index->mask + 1) * sizeof(uint16_t);
    rcs_store_release(store, index->table, old_bytes);
    index->table = rcs_store_alloc(store, old_bytes * 2);
    memset(index->table, 0, old_bytes * 2);
    index->mask = index->mask * 2 + 1;
    for (unsigned number = 0; number < index->count; number++) {
        table_put(index, item_hash(index, number, item_bytes, store), number);
    }
}

/* The next number, with an item that the caller has yet to fill. */
static unsigned index_add(struct rcs_store *store, struct store_index *index, uint64_t hash,
                          size_t item_bytes)
{
    RCS_ASSERT(index->count < STORE_IDS_MAX);
    if ((index->count + 1) * 2 > index->mask + 1) {
        table_grow(store, index, item_bytes);
    }
    unsigned number = index->count++;
    void **page = &index->pages[number / STORE_PAGE_ITEMS];
    if (*page == NULL) {
        *page = rcs_store_alloc(store, STORE_PAGE_ITEMS * item_bytes);
    }
    table_put(index, hash, number);
    return number;
}

/* --- node ids --------------------------------------------------------------------------------- */

/* The number, or -1. */
static int id_find(const struct store_index *ids, const char *name, uint64_t hash)
{
    for (uint32_t at = (uint32_t)hash & ids->mask; ids->table[at] != 0; at = (at + 1) & ids->mask) {
        unsigned number = ids->table[at] - 1u;
        if (memcmp(index_item(ids, number, sizeof(struct id_item)), name, RCS_ID_LEN) == 0) {
            return (int)number;
        }
    }
    return -1;
}

rcs_id rcs_store_id(struct rcs_store *store, const char name[RCS_ID_LEN])
{
    uint64_t hash = XXH3_64bits(name, RCS_ID_LEN);
    int found = id_find(&store->ids, name, hash);
    if (found >= 0) {
        return (rcs_id)found;
    }
    unsigned number = index_add(store, &store->ids, hash, sizeof(struct id_item));
    struct id_item *item = index_item(&store->ids, number, sizeof(*item));
    memcpy(item->name, name, RCS_ID_LEN);
    item->name[RCS_ID_LEN] = '\0';
    return (rcs_id)number;
}

rcs_id rcs_store_find_id(const struct rcs_store *store, const char name[RCS_ID_LEN])
{
    int found = id_find(&store->ids, name, XXH3_64bits(name, RCS_ID_LEN));
    return found >= 0 ? (rcs_id)found : RCS_ID_NONE;
}

const char *rcs_store_name(const struct rcs_store *store, rcs_id id)
{
    if (id == RCS_ID_NONE) {
        return "0000000000000000000000000000000000000000";
    }
    RCS_ASSERT(id < store->ids.count);
    const struct id_item *item = index_item(&store->ids, id, sizeof(*item));
    return item->name;
}

unsigned rcs_store_id_count(const struct rcs_store *store)
{
    return store->ids.count;
}

bool rcs_store_id_room(const struct rcs_store *store)
{
    return store->ids.count < STORE_IDS_MAX;
}

/* --- addresses -------------------------------------------------------------------------------- */

static int addr_find(const struct store_index *addresses, const struct rcs_address *address,
                     uint64_t hash)
{
    for (uint32_t at = (uint32_t)hash & addresses->mask; addresses->table[at] != 0;
         at = (at + 1) & addresses->mask) {
        unsigned number = addresses->table[at] - 1u;
        if (memcmp(index_item(addresses, number, sizeof(*address)), address, sizeof(*address)) ==
            0) {
            return (int)number;
        }
    }
    return -1;
}

rcs_addr rcs_store_addr(struct rcs_store *store, const struct rcs_address *address)
{
    uint64_t hash = XXH3_64bits(address, sizeof(*address));
    int found = addr_find(&store->addresses, address, hash);
    if (found >= 0) {
        return (rcs_addr)found;
    }
    unsigned number = index_add(store, &store->addresses, hash, sizeof(*address));
    memcpy(index_item(&store->addresses, number, sizeof(*address)), address, sizeof(*address));
    return (rcs_addr)number;
}

const struct rcs_address *rcs_store_address(const struct rcs_store *store, rcs_addr addr)
{
    RCS_ASSERT(addr < store->addresses.count);
    return index_item(&store->addresses, addr, sizeof(struct rcs_address));
}

bool rcs_store_addr_room(const struct rcs_store *store)
{
    return store->addresses.count < STORE_IDS_MAX;
}

/* --- texts ------------------------------------------------------------------------------------ */

static int text_find(const struct store_index *texts, const char *text, size_t size_bytes,
                     uint64_t hash)
{
    for (uint32_t at = (uint32_t)hash & texts->mask; texts->table[at] != 0;
         at = (at + 1) & texts->mask) {
        unsigned number = texts->table[at] - 1u;
        const struct text_item *item = index_item(texts, number, sizeof(*item));
        if (item->size_bytes == size_bytes && memcmp(item->bytes, text, size_bytes) == 0) {
            return (int)number;
        }
    }
    return -1;
}

rcs_text rcs_store_text(struct rcs_store *store, const char *text, size_t size_bytes)
{
    uint64_t hash = XXH3_64bits(text, size_bytes);
    int found = text_find(&store->texts, text, size_bytes, hash);
    if (found >= 0) {
        return (rcs_text)found;
    }
    char *copy = rcs_store_alloc(store, size_bytes + 1);
    memcpy(copy, text, size_bytes);
    copy[size_bytes] = '\0';
    unsigned number = index_add(store, &store->texts, hash, sizeof(struct text_item));
    struct text_item *item = index_item(&store->texts, number, sizeof(*item));
    *item = (struct text_item){ .bytes = copy, .size_bytes = size_bytes };
    return (rcs_text)number;
}

const char *rcs_store_text_of(const struct rcs_store *store, rcs_text text)
{
    RCS_ASSERT(text < store->texts.count);
    const struct text_item *item = index_item(&store->texts, text, sizeof(*item));
    return item->bytes;
}

bool rcs_store_text_room(const struct rcs_store *store)
{
    return store->texts.count < STORE_IDS_MAX;
}

/* --- setting up ------------------------------------------------------------------------------- */

void rcs_store_indexes_init(struct rcs_store *store)
{
    index_init(store, &store->ids);
    index_init(store, &store->addresses);
    index_init(store, &store->texts);
    rcs_addr no_address = rcs_store_addr(store, &(struct rcs_address){ .port = 0 });
    rcs_text no_text = rcs_store_text(store, "", 0);
    RCS_ASSERT(no_address == 0 && no_text == 0);
}
