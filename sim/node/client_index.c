#include "sim/node/client_index.h"

#include <stdlib.h>

#include "sim/pure.h"

#define PLACES_FIRST 16

static unsigned home(const struct rcs_client_index *index, uint32_t link)
{
    return (link * 0x9e3779b1u >> 7) & index->mask;
}

/* Where the link stands, or the free place behind those in its way. */
static unsigned place_of(const struct rcs_client_index *index, uint32_t link)
{
    unsigned at = home(index, link);
    while (index->places[at].client != NULL && index->places[at].link != link) {
        at = (at + 1) & index->mask;
    }
    return at;
}

struct rcs_client *rcs_client_index_find(const struct rcs_client_index *index, uint32_t link)
{
    return index->count == 0 ? NULL : index->places[place_of(index, link)].client;
}

static void grow(struct rcs_client_index *index)
{
    struct rcs_client_index old = *index;
    unsigned room = old.places == NULL ? PLACES_FIRST : (old.mask + 1) * 2;
    index->places = calloc(room, sizeof(index->places[0]));
    RCS_ASSERT(index->places != NULL);
    index->mask = room - 1;
    for (unsigned i = 0; old.places != NULL && i <= old.mask; i++) {
        if (old.places[i].client != NULL) {
            index->places[place_of(index, old.places[i].link)] = old.places[i];
        }
    }
    free(old.places);
}

void rcs_client_index_add(struct rcs_client_index *index, uint32_t link, struct rcs_client *client)
{
    if (index->places == NULL || index->count * 2 > index->mask) {
        grow(index);
    }
    unsigned at = place_of(index, link);
    RCS_ASSERT(index->places[at].client == NULL);
    index->places[at] = (struct rcs_client_place){ link, client };
    index->count++;
}

void rcs_client_index_remove(struct rcs_client_index *index, uint32_t link)
{
    unsigned hole = place_of(index, link);
    RCS_ASSERT(index->places[hole].client != NULL);
    index->count--;
    /* Those behind it move up as far as their homes allow: nobody's way has a gap in it. */
    for (unsigned at = (hole + 1) & index->mask; index->places[at].client != NULL;
         at = (at + 1) & index->mask) {
        unsigned from_home = (at - home(index, index->places[at].link)) & index->mask;
        if (from_home >= ((at - hole) & index->mask)) {
            index->places[hole] = index->places[at];
            hole = at;
        }
    }
    index->places[hole] = (struct rcs_client_place){ 0, NULL };
}

void rcs_client_index_close(struct rcs_client_index *index)
{
    free(index->places);
    *index = (struct rcs_client_index){ NULL, 0, 0 };
}
