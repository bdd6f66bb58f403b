/* What is left of a workload's writes: looked up in the nodes' data. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/cluster/slot_map.h"
#include "sim/keys/value.h"
#include "sim/world/client_workload.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

size_t rcs_workload_key(const struct rcs_workload *workload, unsigned key,
                        char out[RCS_WORKLOAD_KEY_ROOM])
{
    int size = workload->tag != NULL
                   ? snprintf(out, RCS_WORKLOAD_KEY_ROOM, "%s:{%s}:%u", workload->name,
                              workload->tag, key + 1)
                   : snprintf(out, RCS_WORKLOAD_KEY_ROOM, "%s:%u", workload->name, key + 1);
    RCS_ASSERT(size > 0 && size < RCS_WORKLOAD_KEY_ROOM);
    return (size_t)size;
}

int64_t rcs_workload_number(const char *bytes, size_t size_bytes)
{
    int64_t number;
    return rcs_decimal_read(bytes, size_bytes, &number) && number > 0 ? number : 0;
}

#define UNSERVED UINT32_MAX

/* Up to which write of the key a node's value goes. */
static uint32_t held(const struct rcs_node *node, const char *name, size_t size)
{
    const struct rcs_entry *entry = rcs_keyspace_find(rcs_node_keyspace(node), name, size);
    return entry == NULL || entry->value->type != RCS_VALUE_STRING
               ? 0
               : (uint32_t)rcs_workload_number(rcs_string_of(entry->value)->bytes,
                                               rcs_string_of(entry->value)->size_bytes);
}

static bool owns(const struct rcs_cluster *cluster, uint16_t slot)
{
    const struct rcs_slot_set *slots = rcs_slots_of(cluster, cluster->myself);
    return slots != NULL && rcs_slot_words_has(&slots->words, slot);
}

/* The same of whoever serves the key: the owner of the slot, or who imports it; UNSERVED: nobody
 * owns it. */
static uint32_t served(const struct rcs_workload *workload, unsigned key)
{
    char name[RCS_WORKLOAD_KEY_ROOM];
    size_t size = rcs_workload_key(workload, key, name);
    uint16_t slot = rcs_slot_of_key(name, size);
    uint32_t by_owner = UNSERVED, imported = 0;
    uint64_t best_epoch = 0;
    for (unsigned i = 0; i < workload->sim->node_count; i++) {
        const struct rcs_node *node = workload->sim->nodes[i].machine;
        if (node == NULL || rcs_is_replica(rcs_myself(rcs_node_cluster(node)))) {
            continue;
        }
        const struct rcs_cluster *cluster = rcs_node_cluster(node);
        uint64_t epoch = rcs_myself(cluster)->config_epoch;
        if (owns(cluster, slot) && (by_owner == UNSERVED || epoch > best_epoch)) {
            by_owner = held(node, name, size);
            best_epoch = epoch;
        } else if (rcs_slot_importing_from(cluster, slot) != RCS_ID_NONE) {
            uint32_t here = held(node, name, size);
            imported = here > imported ? here : imported;
        }
    }
    return imported > by_owner ? imported : by_owner;
}

/* Keys are taken in their order: no others were written yet. */
static unsigned keys_begun(const struct rcs_workload *workload)
{
    uint64_t begun = workload->counts.operations + 1;
    return begun < workload->options.keys ? (unsigned)begun : workload->options.keys;
}

/* Up to which write each key is served; free()d by the caller. */
static uint32_t *look(const struct rcs_workload *workload)
{
    unsigned count = keys_begun(workload);
    uint32_t *there = malloc(count * sizeof(there[0]));
    RCS_ASSERT(there != NULL);
    for (unsigned key = 0; key < count; key++) {
        there[key] = workload->last[key] == 0 ? 0 : served(workload, key);
    }
    return there;
}

uint64_t rcs_workload_lost(const struct rcs_workload *workload, uint64_t *unserved)
{
    uint64_t lost = 0, unknown = 0;
    uint32_t *there = look(workload);
    for (size_t i = 0; i < workload->acknowledged_count; i++) {
        const struct rcs_acknowledged *write = &workload->acknowledged[i];
        unknown += there[write->key] == UNSERVED;
        lost += there[write->key] < write->number;
    }
    free(there);
    if (unserved != NULL) {
        *unserved = unknown;
    }
    return lost;
}

bool rcs_workload_held(const struct rcs_workload *workload, const struct rcs_acknowledged *write)
{
    char name[RCS_WORKLOAD_KEY_ROOM];
    size_t size = rcs_workload_key(workload, write->key, name);
    const struct rcs_node *machine = rcs_sim_node(workload->sim, write->node);
    return machine != NULL && !rcs_is_replica(rcs_myself(rcs_node_cluster(machine))) &&
           owns(rcs_node_cluster(machine), rcs_slot_of_key(name, size)) &&
           held(machine, name, size) >= write->number;
}

/* It was seen to be gone, and the key was written anew since. */
static bool is_overwritten(const struct rcs_workload *workload,
                           const struct rcs_acknowledged *write, uint32_t there)
{
    return write->way != 0 && there > workload->gone_at[write->key];
}

void rcs_workload_lost_each(const struct rcs_workload *workload,
                            void (*each)(void *arg, const struct rcs_lost_write *write), void *arg)
{
    uint32_t *there = look(workload);
    for (size_t i = 0; i < workload->acknowledged_count; i++) {
        const struct rcs_acknowledged *write = &workload->acknowledged[i];
        bool gone = there[write->key] < write->number;
        if (gone || is_overwritten(workload, write, there[write->key])) {
            each(arg, &(struct rcs_lost_write){ .node = write->node,
                                                .at_us = write->at_us,
                                                .way = write->way,
                                                .confirmed = write->confirmed,
                                                .reread = write->reread,
                                                .two_owners =
                                                    gone && rcs_workload_held(workload, write) });
        }
    }
    free(there);
}

/* Up to which write the keys of slots are served that the node owns; UNSERVED of all others: of
 * those nothing is learned. */
static uint32_t *look_at(const struct rcs_workload *workload, const struct rcs_node *machine)
{
    unsigned count = keys_begun(workload);
    uint32_t *there = malloc(count * sizeof(there[0]));
    RCS_ASSERT(there != NULL);
    for (unsigned key = 0; key < count; key++) {
        char name[RCS_WORKLOAD_KEY_ROOM];
        size_t size = workload->last[key] == 0 ? 0 : rcs_workload_key(workload, key, name);
        there[key] = size > 0 && owns(rcs_node_cluster(machine), rcs_slot_of_key(name, size))
                         ? served(workload, key)
                         : UNSERVED;
    }
    return there;
}

/* Reads that met it before it was known. */
static void mark_stale(struct rcs_workload *workload, uint8_t way, rcs_us since_us)
{
    for (size_t i = workload->stale_count; i-- > 0 && workload->stale[i].read.at_us >= since_us;) {
        struct rcs_lost_write *of = &workload->stale[i].read.of;
        if (of->way == 0 && workload->acknowledged[workload->stale[i].write].way == way) {
            of->way = way;
        }
    }
}

void rcs_workload_mark(struct rcs_workload *workload, int node, uint8_t way, rcs_us since_us)
{
    const struct rcs_node *machine = rcs_sim_node(workload->sim, node);
    if (workload->acknowledged_count == 0 || machine == NULL) {
        return;
    }
    uint32_t *there = look_at(workload, machine);
    for (size_t i = 0; i < workload->acknowledged_count; i++) {
        struct rcs_acknowledged *write = &workload->acknowledged[i];
        uint32_t number = there[write->key];
        if (number == UNSERVED || is_overwritten(workload, write, number)) {
            continue;
        }
        if (number >= write->number) {
            write->way = 0; /* it came back */
        } else if (write->way == 0) {
            write->way = way;
            workload->gone_at[write->key] = workload->written[write->key];
        }
    }
    free(there);
    mark_stale(workload, way, since_us);
}
