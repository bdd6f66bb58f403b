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
    rcs_id owner[RCS_SLOTS];          /* RCS_ID_NONE: nobody */
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

/* True if the 64 slots of a word of bits have one owner, given in *owner. */
static inline bool rcs_slot_map_one_owner(const struct rcs_slot_map *map, unsigned word,
                                          rcs_id *owner)
{
    const rcs_id *owners = &map->owner[word * 64];
    rcs_id differences = 0;
    for (unsigned i = 1; i < 64; i++) {
        differences |= (rcs_id)(owners[i] ^ owners[0]);
    }
    *owner = owners[0];
    return differences == 0;
}

#endif
