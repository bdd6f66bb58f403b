/* The memory of the value store: blocks in size classes, cut from chunks. A block given back is
 * pushed on its class's list and is the next one lent; everything goes with the store.
 *
 * Blocks over POOLED_MAX come from malloc, one by one, in a list. With the address sanitizer all
 * blocks do, so that it sees a block used after it was given back. */
#include "proto/store_parts.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ALL_FROM_MALLOC true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALL_FROM_MALLOC true
#endif
#endif
#ifndef ALL_FROM_MALLOC
#define ALL_FROM_MALLOC false
#endif

#define POOLED_MAX        ((size_t)128 << 10)
#define CHUNK_BYTES_FIRST ((size_t)16 << 10) /* a world of few nodes stays small */
#define CHUNK_BYTES_MAX   ((size_t)1 << 20)

struct store_chunk {
    struct store_chunk *next;
    size_t size_bytes; /* the header counts; its 16 bytes keep the blocks aligned */
};

struct store_large {
    struct store_large *next, *prev;
    size_t size_bytes; /* of the block */
    uint64_t unused;   /* keeps the block behind aligned */
};

_Static_assert(sizeof(struct store_chunk) % 16 == 0, "blocks are 16-byte aligned");
_Static_assert(sizeof(struct store_large) % 16 == 0, "blocks are 16-byte aligned");

static void *system_alloc(struct rcs_store *store, size_t size_bytes)
{
    void *memory = malloc(size_bytes);
    if (memory == NULL) {
        abort(); /* a run that lost a message for want of memory is no replay */
    }
    store->held_bytes += size_bytes;
    return memory;
}

/* The class whose blocks hold `size_bytes`, and how much they hold. */
static unsigned size_class(size_t size_bytes, size_t *class_bytes)
{
    if (size_bytes <= 1024) {
        size_t sixteens = size_bytes == 0 ? 1 : (size_bytes + 15) / 16;
        *class_bytes = sixteens * 16;
        return (unsigned)sixteens - 1;
    }
    unsigned number = 64;
    size_t base = 1024;
    while (size_bytes > base * 2) {
        base *= 2;
        number += 4;
    }
    size_t step = base / 4, steps = (size_bytes - base + step - 1) / step;
    *class_bytes = base + steps * step;
    return number + (unsigned)steps - 1;
}

static void chunk_add(struct rcs_store *store, size_t at_least_bytes)
{
    size_t size_bytes = store->next_chunk_bytes;
    while (size_bytes < at_least_bytes + sizeof(struct store_chunk)) {
        size_bytes *= 2;
    }
    if (store->next_chunk_bytes < CHUNK_BYTES_MAX) {
        store->next_chunk_bytes *= 2;
    }
    struct store_chunk *chunk = system_alloc(store, size_bytes);
    *chunk = (struct store_chunk){ .next = store->chunks, .size_bytes = size_bytes };
    store->chunks = chunk;
    store->bump = (uint8_t *)(chunk + 1);
    store->bump_end = (uint8_t *)chunk + size_bytes;
}

static void *large_alloc(struct rcs_store *store, size_t size_bytes)
{
    struct store_large *large = system_alloc(store, sizeof(*large) + size_bytes);
    *large = (struct store_large){ .next = store->large, .size_bytes = size_bytes };
    if (store->large != NULL) {
        store->large->prev = large;
    }
    store->large = large;
    return large + 1;
}

static void large_release(struct rcs_store *store, void *block, size_t size_bytes)
{
    struct store_large *large = (struct store_large *)block - 1;
    RCS_ASSERT(large->size_bytes == size_bytes);
    if (large->next != NULL) {
        large->next->prev = large->prev;
    }
    if (large->prev != NULL) {
        large->prev->next = large->next;
    } else {
        store->large = large->next;
    }
    store->held_bytes -= sizeof(*large) + size_bytes;
    free(large);
}

RCS_HOT void *rcs_store_alloc(struct rcs_store *store, size_t size_bytes)
{
    if (ALL_FROM_MALLOC || size_bytes > POOLED_MAX) {
        return large_alloc(store, size_bytes);
    }
    size_t class_bytes;
    unsigned number = size_class(size_bytes, &class_bytes);
    void *block = store->free_blocks[number];
    if (block != NULL) {
        memcpy(&store->free_blocks[number], block, sizeof(void *));
        return block;
    }
    if ((size_t)(store->bump_end - store->bump) < class_bytes) {
        chunk_add(store, class_bytes);
    }
    block = store->bump;
    store->bump += class_bytes;
    return block;
}

RCS_HOT void rcs_store_release(struct rcs_store *store, void *block, size_t size_bytes)
{
    if (ALL_FROM_MALLOC || size_bytes > POOLED_MAX) {
        large_release(store, block, size_bytes);
        return;
    }
    size_t class_bytes;
    unsigned number = size_class(size_bytes, &class_bytes);
    memcpy(block, &store->free_blocks[number], sizeof(void *));
    store->free_blocks[number] = block;
}

void **rcs_store_shared(struct rcs_store *store)
{
    return &store->shared;
}

size_t rcs_store_bytes(const struct rcs_store *store)
{
    return store->held_bytes;
}

struct rcs_store *rcs_store_new(void)
{
    struct rcs_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        abort();
    }
    store->held_bytes = sizeof(*store);
    store->next_chunk_bytes = CHUNK_BYTES_FIRST;
    rcs_store_indexes_init(store);
    rcs_store_values_init(store);
    return store;
}

void rcs_store_free(struct rcs_store *store)
{
    if (store == NULL) {
        return;
    }
    while (store->large != NULL) {
        struct store_large *large = store->large;
        store->large = large->next;
        free(large);
    }
    while (store->chunks != NULL) {
        struct store_chunk *chunk = store->chunks;
        store->chunks = chunk->next;
        free(chunk);
    }
    free(store);
}
