/* Who owns which slot, in one node's picture. Maps are counted and kept once each: nodes that agree
 * share one, so that a thousand nodes in agreement cost one map.
 *
 * A map is never changed in place: assigning gives the map that has the change, found or made. */
#ifndef RCSIM_SIM_CLUSTER_SLOT_MAP_H
#define RCSIM_SIM_CLUSTER_SLOT_MAP_H

#include <rcsim/store.h>

struct rcs_slot_map {
    uint32_t refs;
    uint32_t assigned;                /* slots that have an owner */
    uint64_t hash;                    /* of the content: a sum over owners and their sets */
    struct rcs_slot_map *next;        /* in its bucket of the registry */
    uint32_t ids;                     /* length of `sets` */
    const struct rcs_slot_set **sets; /* by owner, NULL: owns none; references held */
    rcs_id *owner; /* by slot, RCS_ID_NONE: nobody; NULL until it is first asked for */
};

/* The map in which nobody owns anything; one reference. */
struct rcs_slot_map *rcs_slot_map_empty(struct rcs_store *store);
static inline struct rcs_slot_map *rcs_slot_map_retain(struct rcs_slot_map *map)
{
    map->refs++;
    return map;
}
void rcs_slot_map_release(struct rcs_store *store, struct rcs_slot_map *map);

/* Replaces *map (whose reference is given back) by the one in which `slots` belong to `owner`
 * (RCS_ID_NONE: to nobody). */
void rcs_slot_map_assign(struct rcs_store *store, struct rcs_slot_map **map,
                         const struct rcs_slot_words *slots, rcs_id owner);

static inline const struct rcs_slot_set *rcs_slot_map_set(const struct rcs_slot_map *map, rcs_id id)
{
    return id < map->ids ? map->sets[id] : NULL;
}

/* Works the table of owners out (the sets are all of the content; most maps are but a step on the
 * way to the next and are never asked). */
void rcs_slot_map_make_owners(struct rcs_store *store, struct rcs_slot_map *map);
static inline rcs_id rcs_slot_map_owner(struct rcs_store *store, struct rcs_slot_map *map,
                                        unsigned slot)
{
    if (map->owner == NULL) {
        rcs_slot_map_make_owners(store, map);
    }
    return map->owner[slot];
}

/* What the nodes of one world share through their store. */
struct rcs_cluster_shared {
    struct rcs_slot_map
        *buckets[256]; /* all maps by their content's hash; looked up, never walked */
    /* By id: stamp of the last message it was picked for. One message is composed at a time. */
    uint16_t *picked;
    unsigned picked_room;
    uint16_t pick_stamp;
};
struct rcs_cluster_shared *rcs_cluster_shared(struct rcs_store *store);

/* Words first..end-1 hold all that is in `words`; first == end: nothing is. */
static inline void rcs_slot_words_span(const struct rcs_slot_words *words, unsigned *first,
                                       unsigned *end)
{
    *first = 0;
    *end = RCS_SLOT_WORDS;
    while (*first < *end && words->word[*first] == 0) {
        ++*first;
    }
    while (*end > *first && words->word[*end - 1] == 0) {
        --*end;
    }
}

#endif
