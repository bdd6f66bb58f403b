#include "sim/cluster/slot_map.h"

#include <string.h>

#include "sim/pure.h"

#define REGISTRY_BUCKETS 256

/* All maps of a world by their content's hash. Looked up, never walked in bucket order. */
struct registry {
    struct rcs_slot_map *buckets[REGISTRY_BUCKETS];
};

static struct registry *registry_of(struct rcs_store *store)
{
    void **shared = rcs_store_shared(store);
    if (*shared == NULL) {
        *shared = rcs_store_alloc(store, sizeof(struct registry));
        memset(*shared, 0, sizeof(struct registry));
    }
    return *shared;
}

/* splitmix64's finisher: what one slot adds to the hash of a map. */
static uint64_t slot_hash(unsigned slot, rcs_id owner)
{
    uint64_t x = ((uint64_t)slot << 16 | owner) + UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void set_sets_room(struct rcs_store *store, struct rcs_slot_map *map, uint32_t ids)
{
    const struct rcs_slot_set **sets = rcs_store_alloc(store, ids * sizeof(sets[0]));
    memset(sets, 0, ids * sizeof(sets[0]));
    if (map->ids > 0) {
        memcpy(sets, map->sets, map->ids * sizeof(sets[0]));
        rcs_store_release(store, map->sets, map->ids * sizeof(sets[0]));
    }
    map->sets = sets;
    map->ids = ids;
}

static void free_map(struct rcs_store *store, struct rcs_slot_map *map)
{
    for (uint32_t id = 0; id < map->ids; id++) {
        if (map->sets[id] != NULL) {
            rcs_slot_set_release(store, map->sets[id]);
        }
    }
    if (map->ids > 0) {
        rcs_store_release(store, map->sets, map->ids * sizeof(map->sets[0]));
    }
    rcs_store_release(store, map, sizeof(*map));
}

/* Equal content follows from equal sets: they are kept once each. */
static bool same_content(const struct rcs_slot_map *a, const struct rcs_slot_map *b)
{
    if (a->hash != b->hash || a->assigned != b->assigned) {
        return false;
    }
    return memcmp(a->owner, b->owner, sizeof(a->owner)) == 0;
}

/* The registered map with this content, `map` itself if it is new. Takes over the reference. */
static struct rcs_slot_map *register_map(struct rcs_store *store, struct rcs_slot_map *map)
{
    struct rcs_slot_map **bucket = &registry_of(store)->buckets[map->hash % REGISTRY_BUCKETS];
    for (struct rcs_slot_map *known = *bucket; known != NULL; known = known->next) {
        if (same_content(known, map)) {
            free_map(store, map);
            return rcs_slot_map_retain(known);
        }
    }
    map->next = *bucket;
    *bucket = map;
    return map;
}

static void unregister_map(struct rcs_store *store, struct rcs_slot_map *map)
{
    struct rcs_slot_map **at = &registry_of(store)->buckets[map->hash % REGISTRY_BUCKETS];
    while (*at != map) {
        RCS_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = map->next;
}

struct rcs_slot_map *rcs_slot_map_empty(struct rcs_store *store)
{
    struct rcs_slot_map *map = rcs_store_alloc(store, sizeof(*map));
    map->refs = 1;
    map->assigned = 0;
    map->hash = 0;
    map->next = NULL;
    map->ids = 0;
    map->sets = NULL;
    memset(map->owner, 0xff, sizeof(map->owner));
    return register_map(store, map);
}

void rcs_slot_map_release(struct rcs_store *store, struct rcs_slot_map *map)
{
    RCS_ASSERT(map->refs > 0);
    if (--map->refs == 0) {
        unregister_map(store, map);
        free_map(store, map);
    }
}

/* A copy of *map, or the map itself taken out of the registry when nobody else holds it. */
static struct rcs_slot_map *private_map(struct rcs_store *store, struct rcs_slot_map *map)
{
    if (map->refs == 1) {
        unregister_map(store, map);
        return map;
    }
    struct rcs_slot_map *copy = rcs_store_alloc(store, sizeof(*copy));
    memcpy(copy, map, sizeof(*copy));
    map->refs--;
    copy->refs = 1;
    copy->next = NULL;
    if (map->ids > 0) {
        copy->sets = rcs_store_alloc(store, map->ids * sizeof(copy->sets[0]));
        memcpy(copy->sets, map->sets, map->ids * sizeof(copy->sets[0]));
        for (uint32_t id = 0; id < copy->ids; id++) {
            if (copy->sets[id] != NULL) {
                (void)rcs_slot_set_retain(copy->sets[id]);
            }
        }
    }
    return copy;
}

/* Replaces the set of one owner by the same with `slots` in (or out). */
static void change_set(struct rcs_store *store, struct rcs_slot_map *map, rcs_id id,
                       const struct rcs_slot_words *slots, bool in)
{
    if (id >= map->ids) {
        set_sets_room(store, map, (id | 15u) + 1);
    }
    const struct rcs_slot_set *old = map->sets[id];
    struct rcs_slot_words words = { { 0 } };
    if (old != NULL) {
        words = old->words;
    }
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        words.word[i] = in ? words.word[i] | slots->word[i] : words.word[i] & ~slots->word[i];
    }
    const struct rcs_slot_set *set = rcs_store_slots(store, &words);
    if (set->count == 0) {
        rcs_slot_set_release(store, set);
        set = NULL;
    }
    map->sets[id] = set;
    if (old != NULL) {
        rcs_slot_set_release(store, old);
    }
}

void rcs_slot_map_assign(struct rcs_store *store, struct rcs_slot_map **map_at,
                         const struct rcs_slot_words *slots, rcs_id owner)
{
    struct rcs_slot_map *map = private_map(store, *map_at);
    rcs_id last = RCS_ID_NONE; /* runs of one owner are the rule: its set is changed once a run */
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        for (uint64_t bits = slots->word[i]; bits != 0; bits &= bits - 1) {
            unsigned slot = i * 64 + (unsigned)__builtin_ctzll(bits);
            rcs_id before = map->owner[slot];
            if (before == owner) {
                continue;
            }
            if (before != RCS_ID_NONE) {
                map->hash -= slot_hash(slot, before);
                map->assigned--;
                if (before != last && map->sets[before] != NULL) {
                    change_set(store, map, before, slots, false);
                    last = before;
                }
            }
            if (owner != RCS_ID_NONE) {
                map->hash += slot_hash(slot, owner);
                map->assigned++;
            }
            map->owner[slot] = owner;
        }
    }
    if (owner != RCS_ID_NONE) {
        change_set(store, map, owner, slots, true);
    }
    *map_at = register_map(store, map);
}
