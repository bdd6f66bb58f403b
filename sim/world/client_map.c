#include "sim/world/client_map.h"

#include <stdlib.h>
#include <string.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

void rcs_client_map_init(struct rcs_client_map *map, const struct rcs_sim *sim, unsigned count,
                         const int *nodes)
{
    *map = (struct rcs_client_map){ .sim = sim, .seed_count = count, .room = sim->node_count };
    map->seeds = calloc(count, sizeof(int));
    map->lost = calloc(map->room, sizeof(bool));
    map->known = calloc(map->room, sizeof(bool));
    RCS_ASSERT(map->seeds != NULL && map->lost != NULL && map->known != NULL);
    memcpy(map->seeds, nodes, count * sizeof(int));
    for (unsigned i = 0; i < count; i++) {
        map->known[nodes[i]] = true;
    }
    memset(map->owner, 0xff, sizeof(map->owner));
}

void rcs_client_map_close(struct rcs_client_map *map)
{
    free(map->seeds);
    free(map->lost);
    free(map->known);
}

void rcs_client_map_note(struct rcs_client_map *map, int node)
{
    unsigned before = map->room;
    if ((unsigned)node >= before) { /* added to the world later */
        map->room = (unsigned)node + 1;
        map->known = realloc(map->known, map->room * sizeof(bool));
        map->lost = realloc(map->lost, map->room * sizeof(bool));
        RCS_ASSERT(map->known != NULL && map->lost != NULL);
        memset(map->known + before, 0, (map->room - before) * sizeof(bool));
        memset(map->lost + before, 0, (map->room - before) * sizeof(bool));
    }
    map->known[node] = true;
}

/* --- CLUSTER SLOTS ---------------------------------------------------------------------------- */

/* A node as CLUSTER SLOTS lists it; RCS_NOBODY: at that address stands none, or the reply is none.
 * An empty ip is that of the node asked. */
static int node_in(const struct rcs_client_map *map, int asked, const struct rcs_reply *node)
{
    char ip[46];
    if (node->kind != RCS_REPLY_ARRAY || node->elements < 2) {
        return RCS_NOBODY;
    }
    const struct rcs_reply *host = node + 1, *port = host + host->size;
    if (host->size_bytes >= sizeof(ip) || port->kind != RCS_REPLY_INTEGER) {
        return RCS_NOBODY;
    }
    memcpy(ip, host->bytes, host->size_bytes);
    ip[host->size_bytes] = '\0';
    const char *at = ip[0] == '\0' ? map->sim->nodes[asked].ip : ip;
    return rcs_links_node_at(map->sim, at, (unsigned)port->integer);
}

static void add_seed(struct rcs_client_map *map, int node)
{
    for (unsigned i = 0; i < map->seed_count; i++) {
        if (map->seeds[i] == node) {
            return;
        }
    }
    map->seeds = realloc(map->seeds, (map->seed_count + 1) * sizeof(int));
    RCS_ASSERT(map->seeds != NULL);
    map->seeds[map->seed_count++] = node;
}

/* One range: first, last, its master, replicas. Returns how many slots it has. */
static unsigned take_range(struct rcs_client_map *map, int asked, const struct rcs_reply *range)
{
    if (range->kind != RCS_REPLY_ARRAY || range->elements < 3) {
        return 0;
    }
    const struct rcs_reply *first = range + 1, *last = first + first->size;
    const struct rcs_reply *node = last + last->size;
    if (first->integer < 0 || last->integer >= RCS_SLOTS || first->integer > last->integer) {
        return 0;
    }
    int owner = node_in(map, asked, node);
    for (int64_t slot = first->integer; slot <= last->integer; slot++) {
        map->owner[slot] = (int16_t)owner;
    }
    for (uint32_t i = 2; i < range->elements; i++, node += node->size) {
        int member = node_in(map, asked, node);
        if (member != RCS_NOBODY) {
            add_seed(map, member);
        }
    }
    return (unsigned)(last->integer - first->integer + 1);
}

unsigned rcs_client_map_take(struct rcs_client_map *map, int asked, const struct rcs_reply *reply,
                             bool afresh)
{
    unsigned covered = 0;
    const struct rcs_reply *range = reply + 1;
    memset(map->owner, 0xff, sizeof(map->owner));
    memset(map->lost, 0, map->room * sizeof(bool));
    if (afresh && reply->elements > 0) {
        map->seed_count = 0;
    }
    for (uint32_t i = 0; i < reply->elements; i++, range += range->size) {
        covered += take_range(map, asked, range);
    }
    map->read = true;
    return covered;
}
