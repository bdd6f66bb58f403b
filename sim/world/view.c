/* What holds, read from the nodes' own pictures. Changes nothing. */
#include <string.h>

#include "sim/cluster/slot_map.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

static const struct rcs_world_node *node_at(const struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    return &sim->nodes[node];
}

const struct rcs_node *rcs_sim_node(const struct rcs_sim *sim, int node)
{
    return node_at(sim, node)->machine;
}

const struct rcs_config *rcs_sim_config(const struct rcs_sim *sim, int node)
{
    const struct rcs_world_node *n = node < 0 ? NULL : node_at(sim, node);
    return n == NULL ? &sim->config : n->machine != NULL ? rcs_node_config(n->machine) : &n->config;
}

unsigned rcs_sim_node_bus_port(const struct rcs_sim *sim, int node)
{
    return node_at(sim, node)->bus_port;
}

struct rcs_rand *rcs_sim_cli_rand(struct rcs_sim *sim)
{
    return &sim->cli_rand;
}

void rcs_sim_view(const struct rcs_sim *sim, int node, struct rcs_view *out)
{
    const struct rcs_node *machine = node_at(sim, node)->machine;
    *out = (struct rcs_view){ .master = -1 };
    if (machine == NULL) {
        return;
    }
    const struct rcs_cluster *cluster = rcs_node_cluster(machine);
    const struct rcs_peer *myself = rcs_myself(cluster);
    const struct rcs_peer *master = rcs_peer_find(cluster, myself->master);
    bool replica = rcs_is_replica(myself);
    out->running = true;
    out->replica = replica;
    out->state_ok = cluster->state_ok;
    out->link_up = rcs_node_is_replica(machine) && rcs_node_master_link_up(machine);
    out->master = replica ? rcs_sim_node_of(sim, myself->master) : -1;
    out->known = cluster->known + cluster->handshake_count;
    out->slots = rcs_slot_count(cluster, cluster->myself);
    out->assigned = cluster->slots->assigned;
    out->size = cluster->size;
    out->current_epoch = cluster->current_epoch;
    out->my_epoch = replica && master != NULL ? master->config_epoch : myself->config_epoch;
    out->offset = rcs_node_offset(machine);
    out->keys = rcs_node_keys(machine);
}

/* A refused connect that is due counts as heard of: nodes are told of it when they next run. */
static bool refused(const struct rcs_sim *sim, int viewer, rcs_id id)
{
    const struct rcs_world_node *n = node_at(sim, viewer);
    for (unsigned i = n->refusal_first; i < n->refusal_count; i++) {
        if (n->refusals[i].link == id) {
            return n->refusals[i].at_us <= sim->now_us;
        }
    }
    return false;
}

bool rcs_sim_opinion(const struct rcs_sim *sim, int viewer, int node, struct rcs_opinion *out)
{
    const struct rcs_node *machine = node_at(sim, viewer)->machine;
    rcs_id id = node_at(sim, node)->id;
    *out = (struct rcs_opinion){ .master = -1 };
    if (machine == NULL || id == RCS_ID_NONE) {
        return false;
    }
    const struct rcs_cluster *cluster = rcs_node_cluster(machine);
    const struct rcs_peer *peer = rcs_peer_find(cluster, id);
    if (peer == NULL) {
        return false;
    }
    out->flags = peer->flags;
    out->master = rcs_sim_node_of(sim, peer->master);
    const struct rcs_slot_set *slots = rcs_slots_of(cluster, id);
    out->slots = slots == NULL ? 0 : slots->count;
    out->slots_hash = slots == NULL || slots->count == 0 ? 0 : slots->hash;
    out->config_epoch = peer->config_epoch;
    out->connected =
        id == cluster->myself || (peer->link != RCS_LINK_CLOSED && !refused(sim, viewer, id));
    return true;
}

const char *rcs_sim_slot_ranges(struct rcs_sim *sim, int viewer, int node)
{
    const struct rcs_node *machine = node_at(sim, viewer)->machine;
    rcs_id id = node_at(sim, node)->id;
    const struct rcs_slot_set *slots =
        machine == NULL || id == RCS_ID_NONE ? NULL : rcs_slots_of(rcs_node_cluster(machine), id);
    if (slots == NULL) {
        return "";
    }
    char few[128];
    rcs_buf_clear(&sim->text);
    size_t size = rcs_slot_ranges_write(&slots->words, " ", few, sizeof(few));
    if (size < sizeof(few)) { /* nearly always */
        rcs_buf_add(&sim->text, few, size + 1);
        return sim->text.data;
    }
    for (size_t i = 0; i <= size; i++) {
        rcs_buf_add(&sim->text, "", 1);
    }
    rcs_slot_ranges_write(&slots->words, " ", sim->text.data, size + 1);
    return sim->text.data;
}
