#include "sim/cluster/slot_map.h"

#include <string.h>

#include "sim/pure.h"

#define REGISTRY_BUCKETS                                                                           \
    (sizeof(((struct rcs_cluster_shared *)NULL)->buckets) / sizeof(struct rcs_slot_map *))

struct rcs_cluster_shared *rcs_cluster_shared(struct rcs_store *store)
{
    void **shared = rcs_store_shared(store);
    if (*shared == NULL) {
        *shared = rcs_store_alloc(store, sizeof(struct rcs_cluster_shared));
        memset(*shared, 0, sizeof(struct rcs_cluster_shared));
    }
    return *shared;
}

/* What an owner and its slots add to the hash of a map (splitmix64's finisher). */
static uint64_t owner_hash(rcs_id owner, const struct rcs_slot_set *set)
{
    if (set == NULL) {
        return 0;
    }
    uint64_t x = set->hash + (uint64_t)(owner + 1u) * UINT64_C(0x9e3779b97f4a7c15);
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
    if (map->owner != NULL) {
        rcs_store_release(store, map->owner, RCS_SLOTS * sizeof(map->owner[0]));
    }
    rcs_store_release(store, map, sizeof(*map));
}

static void register_map(struct rcs_store *store, struct rcs_slot_map *map)
{
    struct rcs_slot_map **bucket =
        &rcs_cluster_shared(store)->buckets[map->hash % REGISTRY_BUCKETS];
    map->next = *bucket;
    *bucket = map;
}

static void unregister_map(struct rcs_store *store, struct rcs_slot_map *map)
{
    struct rcs_slot_map **at = &rcs_cluster_shared(store)->buckets[map->hash % REGISTRY_BUCKETS];
    while (*at != map) {
        RCS_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = map->next;
}

struct rcs_slot_map *rcs_slot_map_empty(struct rcs_store *store)
{
    struct rcs_slot_map *known = rcs_cluster_shared(store)->buckets[0];
    for (; known != NULL; known = known->next) {
        if (known->hash == 0 && known->assigned == 0) {
            return rcs_slot_map_retain(known);
        }
    }
    struct rcs_slot_map *map = rcs_store_alloc(store, sizeof(*map));
    *map = (struct rcs_slot_map){ .refs = 1 };
    register_map(store, map);
    return map;
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
    *copy = *map;
    map->refs--;
    copy->refs = 1;
    copy->next = NULL;
    copy->owner = NULL;
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

/* --- assigning -------------------------------------------------------------------------------- */

/* The owners whose sets an assignment changes, with the sets they will have. */
struct change {
    rcs_id owner;
    const struct rcs_slot_set *set; /* a reference held; NULL: nothing left */
};
struct changes {
    struct change *list;
    unsigned count, room;
    struct change first[16]; /* nearly always enough */
    uint64_t hash;           /* of the map to come */
    uint32_t assigned;
};

static struct change *change_of(struct changes *changes, rcs_id owner)
{
    for (unsigned i = 0; i < changes->count; i++) {
        if (changes->list[i].owner == owner) {
            return &changes->list[i];
        }
    }
    return NULL;
}

static void change_add(struct rcs_store *store, struct changes *changes,
                       const struct rcs_slot_map *map, rcs_id owner,
                       const struct rcs_slot_words *slots, bool in)
{
    if (changes->count == changes->room) {
        struct change *bigger =
            rcs_store_alloc(store, changes->room * 2 * sizeof(changes->list[0]));
        memcpy(bigger, changes->list, changes->count * sizeof(changes->list[0]));
        if (changes->list != changes->first) {
            rcs_store_release(store, changes->list, changes->room * sizeof(changes->list[0]));
        }
        changes->list = bigger;
        changes->room *= 2;
    }
    const struct rcs_slot_set *old = rcs_slot_map_set(map, owner);
    struct rcs_slot_words words;
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        uint64_t had = old != NULL ? old->words.word[i] : 0;
        words.word[i] = in ? had | slots->word[i] : had & ~slots->word[i];
    }
    const struct rcs_slot_set *set = rcs_store_slots(store, &words);
    changes->assigned += set->count - (old != NULL ? old->count : 0);
    if (set->count == 0) {
        rcs_slot_set_release(store, set);
        set = NULL;
    }
    changes->hash += owner_hash(owner, set) - owner_hash(owner, old);
    changes->list[changes->count++] = (struct change){ .owner = owner, .set = set };
}

static void collect(struct rcs_store *store, struct changes *changes,
                    const struct rcs_slot_map *map, const struct rcs_slot_words *slots,
                    rcs_id owner)
{
    if (owner != RCS_ID_NONE) {
        change_add(store, changes, map, owner, slots, true);
    }
    unsigned first, end;
    rcs_slot_words_span(slots, &first, &end);
    for (uint32_t id = 0; id < map->ids; id++) {
        const struct rcs_slot_set *set = id != owner ? map->sets[id] : NULL;
        uint64_t overlap = 0;
        for (unsigned i = first; i < end && set != NULL; i++) {
            overlap |= set->words.word[i] & slots->word[i];
        }
        if (overlap != 0) {
            change_add(store, changes, map, (rcs_id)id, slots, false);
        }
    }
}

/* The registered map that `map` becomes by the changes; NULL if there is none yet. Equal sets are
 * the same pointer, so that comparing them compares the content. */
static struct rcs_slot_map *find_changed(struct rcs_store *store, const struct rcs_slot_map *map,
                                         struct changes *changes)
{
    struct rcs_slot_map *known =
        rcs_cluster_shared(store)->buckets[changes->hash % REGISTRY_BUCKETS];
    for (; known != NULL; known = known->next) {
        if (known->hash != changes->hash || known->assigned != changes->assigned) {
            continue;
        }
        uint32_t ids = known->ids > map->ids ? known->ids : map->ids;
        bool same = true;
        for (uint32_t id = 0; same && id < ids; id++) {
            same = rcs_slot_map_set(known, (rcs_id)id) == rcs_slot_map_set(map, (rcs_id)id) ||
                   change_of(changes, (rcs_id)id) != NULL; /* looked at below */
        }
        for (unsigned i = 0; same && i < changes->count; i++) {
            same = rcs_slot_map_set(known, changes->list[i].owner) == changes->list[i].set;
        }
        if (same) {
            return known;
        }
    }
    return NULL;
}

static void own(rcs_id *owners, const struct rcs_slot_words *slots, rcs_id owner)
{
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        uint64_t bits = slots->word[i];
        rcs_id *from = &owners[i * 64];
        if (bits == UINT64_MAX) {
            for (unsigned at = 0; at < 64; at++) {
                from[at] = owner;
            }
            continue;
        }
        for (; bits != 0; bits &= bits - 1) {
            from[__builtin_ctzll(bits)] = owner;
        }
    }
}

void rcs_slot_map_make_owners(struct rcs_store *store, struct rcs_slot_map *map)
{
    RCS_ASSERT(map->owner == NULL);
    map->owner = rcs_store_alloc(store, RCS_SLOTS * sizeof(map->owner[0]));
    memset(map->owner, 0xff, RCS_SLOTS * sizeof(map->owner[0]));
    for (uint32_t id = 0; id < map->ids; id++) {
        if (map->sets[id] != NULL) {
            own(map->owner, &map->sets[id]->words, (rcs_id)id);
        }
    }
}

static void apply(struct rcs_store *store, struct rcs_slot_map *map, struct changes *changes,
                  const struct rcs_slot_words *slots, rcs_id owner)
{
    for (unsigned i = 0; i < changes->count; i++) {
        struct change *change = &changes->list[i];
        if (change->owner >= map->ids) {
            set_sets_room(store, map, (change->owner | 15u) + 1);
        }
        const struct rcs_slot_set *old = map->sets[change->owner];
        map->sets[change->owner] = change->set; /* its reference moves */
        change->set = NULL;
        if (old != NULL) {
            rcs_slot_set_release(store, old);
        }
    }
    if (map->owner != NULL) {
        own(map->owner, slots, owner);
    }
    map->hash = changes->hash;
    map->assigned = changes->assigned;
}

void rcs_slot_map_assign(struct rcs_store *store, struct rcs_slot_map **map_at,
                         const struct rcs_slot_words *slots, rcs_id owner)
{
    struct rcs_slot_map *map = *map_at;
    struct changes changes = { .hash = map->hash, .assigned = map->assigned };
    changes.list = changes.first;
    changes.room = sizeof(changes.first) / sizeof(changes.first[0]);
    collect(store, &changes, map, slots, owner);

    struct rcs_slot_map *known = find_changed(store, map, &changes);
    if (known != NULL) {
        *map_at = rcs_slot_map_retain(known);
        rcs_slot_map_release(store, map);
    } else {
        map = private_map(store, map);
        apply(store, map, &changes, slots, owner);
        register_map(store, map);
        *map_at = map;
    }
    for (unsigned i = 0; i < changes.count; i++) {
        if (changes.list[i].set != NULL) {
            rcs_slot_set_release(store, changes.list[i].set);
        }
    }
    if (changes.list != changes.first) {
        rcs_store_release(store, changes.list, changes.room * sizeof(changes.list[0]));
    }
}
