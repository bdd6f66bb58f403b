/* Counted values out of the store: sets of slots (kept once each), blobs, requests. */
#include <rcsim/store.h>

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "proto/store_parts.h"

#define SLOT_BUCKETS_FIRST 16

/* --- sets of slots ---------------------------------------------------------------------------- */

struct store_slot_node {
    struct store_slot_node *next; /* in the same bucket */
    struct rcs_slot_set set;
};

static struct store_slot_node *node_of(const struct rcs_slot_set *set)
{
    return (struct store_slot_node *)(void *)((uintptr_t)set -
                                              offsetof(struct store_slot_node, set));
}

static void buckets_new(struct rcs_store *store, uint32_t room)
{
    size_t size_bytes = room * sizeof(struct store_slot_node *);
    store->slot_buckets = rcs_store_alloc(store, size_bytes);
    memset(store->slot_buckets, 0, size_bytes);
    store->slot_mask = room - 1;
}

static void bucket_put(struct rcs_store *store, struct store_slot_node *node)
{
    struct store_slot_node **bucket = &store->slot_buckets[node->set.hash & store->slot_mask];
    node->next = *bucket;
    *bucket = node;
}

static void buckets_grow(struct rcs_store *store)
{
    struct store_slot_node **old = store->slot_buckets;
    uint32_t old_room = store->slot_mask + 1;
    buckets_new(store, old_room * 2);
    for (uint32_t i = 0; i < old_room; i++) {
        while (old[i] != NULL) {
            struct store_slot_node *node = old[i];
            old[i] = node->next;
            bucket_put(store, node);
        }
    }
    rcs_store_release(store, old, old_room * sizeof(struct store_slot_node *));
}

const struct rcs_slot_set *rcs_store_slots(struct rcs_store *store,
                                           const struct rcs_slot_words *words)
{
    uint64_t hash = XXH3_64bits(words, sizeof(*words));
    struct store_slot_node *node = store->slot_buckets[hash & store->slot_mask];
    for (; node != NULL; node = node->next) {
        if (node->set.hash == hash && memcmp(&node->set.words, words, sizeof(*words)) == 0) {
            return rcs_slot_set_retain(&node->set);
        }
    }
    if (store->slot_count > store->slot_mask) {
        buckets_grow(store);
    }
    node = rcs_store_alloc(store, sizeof(*node));
    node->set.refs = 1;
    node->set.count = rcs_slot_words_count(words);
    node->set.hash = hash;
    node->set.words = *words;
    bucket_put(store, node);
    store->slot_count++;
    return &node->set;
}

const struct rcs_slot_set *rcs_store_no_slots(struct rcs_store *store)
{
    return rcs_slot_set_retain(store->no_slots);
}

RCS_HOT void rcs_slot_set_release(struct rcs_store *store, const struct rcs_slot_set *set)
{
    struct store_slot_node *node = node_of(set);
    if (set == store->no_slots) {
        node->set.refs--; /* lives as long as the store, whatever its count */
        return;
    }
    RCS_ASSERT(node->set.refs > 0);
    if (--node->set.refs > 0) {
        return;
    }
    struct store_slot_node **link = &store->slot_buckets[set->hash & store->slot_mask];
    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    store->slot_count--;
    rcs_store_release(store, node, sizeof(*node));
}

/* --- blobs ------------------------------------------------------------------------------------ */

struct rcs_blob *rcs_blob_new(struct rcs_store *store, const void *bytes, size_t size_bytes)
{
    RCS_ASSERT(size_bytes <= UINT32_MAX);
    struct rcs_blob *blob = rcs_store_alloc(store, sizeof(*blob) + size_bytes);
    blob->refs = 1;
    blob->size_bytes = (uint32_t)size_bytes;
    if (bytes != NULL) {
        memcpy(blob->bytes, bytes, size_bytes);
    }
    return blob;
}

void rcs_blob_release(struct rcs_store *store, struct rcs_blob *blob)
{
    RCS_ASSERT(blob->refs > 0);
    if (--blob->refs == 0) {
        rcs_store_release(store, blob, sizeof(*blob) + blob->size_bytes);
    }
}

/* --- requests --------------------------------------------------------------------------------- */

struct rcs_request *rcs_request_new(struct rcs_store *store, unsigned argc,
                                    const struct rcs_arg *args)
{
    size_t size_bytes = sizeof(struct rcs_request) + argc * sizeof(struct rcs_arg);
    for (unsigned i = 0; i < argc; i++) {
        size_bytes += args[i].size_bytes;
    }
    RCS_ASSERT(size_bytes <= UINT32_MAX);
    struct rcs_request *request = rcs_store_alloc(store, size_bytes);
    request->refs = 1;
    request->argc = argc;
    request->size_bytes = (uint32_t)size_bytes;
    char *bytes = (char *)&request->args[argc];
    for (unsigned i = 0; i < argc; i++) {
        if (args[i].size_bytes > 0) {
            memcpy(bytes, args[i].bytes, args[i].size_bytes);
        }
        request->args[i] = (struct rcs_arg){ .bytes = bytes, .size_bytes = args[i].size_bytes };
        bytes += args[i].size_bytes;
    }
    return request;
}

struct rcs_request *rcs_request_words(struct rcs_store *store, const char *text, size_t text_bytes)
{
    unsigned argc = 1;
    for (size_t i = 0; i < text_bytes; i++) {
        argc += text[i] == ' ';
    }
    size_t size_bytes =
        sizeof(struct rcs_request) + argc * sizeof(struct rcs_arg) + text_bytes - (argc - 1);
    RCS_ASSERT(size_bytes <= UINT32_MAX);
    struct rcs_request *request = rcs_store_alloc(store, size_bytes);
    request->refs = 1;
    request->argc = argc;
    request->size_bytes = (uint32_t)size_bytes;
    char *out = (char *)&request->args[argc];
    const char *end = text + text_bytes;
    struct rcs_arg *last = &request->args[argc - 1];
    for (struct rcs_arg *arg = request->args; arg < last; arg++) {
        arg->bytes = out;
        while (*text != ' ') {
            *out++ = *text++;
        }
        arg->size_bytes = (uint32_t)(out - arg->bytes);
        text++;
    }
    memcpy(out, text, (size_t)(end - text));
    *last = (struct rcs_arg){ .bytes = out, .size_bytes = (uint32_t)(end - text) };
    return request;
}

void rcs_request_release(struct rcs_store *store, struct rcs_request *request)
{
    RCS_ASSERT(request->refs > 0);
    if (--request->refs == 0) {
        rcs_store_release(store, request, request->size_bytes);
    }
}

/* --- setting up ------------------------------------------------------------------------------- */

void rcs_store_values_init(struct rcs_store *store)
{
    static const struct rcs_slot_words none;
    buckets_new(store, SLOT_BUCKETS_FIRST);
    store->no_slots = rcs_store_slots(store, &none);
}
