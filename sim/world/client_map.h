/* What a client library knows of the cluster: who owns each slot, and whom it may ask. */
#ifndef RCSIM_SIM_WORLD_CLIENT_MAP_H
#define RCSIM_SIM_WORLD_CLIENT_MAP_H

#include <rcsim/sim.h>
#include <rcsim/slot.h>

#define RCS_NOBODY (-1)

struct rcs_client_map {
    const struct rcs_sim *sim;
    bool read;                /* it was, at least once */
    int16_t owner[RCS_SLOTS]; /* RCS_NOBODY */
    int *seeds;               /* whom the map is read from, in this order */
    unsigned seed_count;
    bool *lost;    /* by node: could not be reached since the map was read */
    bool *known;   /* by node: in the pool a node is drawn from */
    unsigned room; /* of these two */
};

/* Nothing is read yet; `nodes` are the seeds and those known. */
void rcs_client_map_init(struct rcs_client_map *map, const struct rcs_sim *sim, unsigned count,
                         const int *nodes);
void rcs_client_map_close(struct rcs_client_map *map);
/* A request goes to that node: from now on it is known. */
void rcs_client_map_note(struct rcs_client_map *map, int node);
/* Reads the reply of `asked` to CLUSTER SLOTS, an array, in place of what was known of owners;
 * returns how many slots it covers. Its nodes become seeds: `afresh` in place of those there were,
 * unless it lists none, else besides them. */
unsigned rcs_client_map_take(struct rcs_client_map *map, int asked, const struct rcs_reply *reply,
                             bool afresh);

#endif
