/* Hosts: what is on their disks, and the life of the processes on them. Several nodes may share
 * one. */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/saved_config.h"
#include "sim/node/aof_follow.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

#define FIRST_PID      1001
#define STATUS_SIGKILL 137
#define BLOCK_BYTES    4096 /* of the usual file systems */

/* --- the disk --------------------------------------------------------------------------------- */

void rcs_host_save_conf(struct rcs_sim *sim, unsigned node, struct rcs_saved_config *conf)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->conf != NULL) {
        rcs_saved_config_release(sim->store, n->conf);
    }
    n->conf = conf;
    n->conf_corrupt = false;
    n->disk_changes[RCS_DISK_CONF]++;
}

/* A short write leaves the beginning of the text, and what stands there is what the next process
 * reads (Redis 7.0 clusterLoadConfig takes a last line without its end). */
void rcs_host_tear_conf(struct rcs_sim *sim, unsigned node, struct rcs_saved_config *conf)
{
    struct rcs_world_node *n = &sim->nodes[node];
    struct rcs_saved_config *left = NULL;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_saved_config_write(sim->store, conf, &text);
    size_t size = n->conf_room_bytes < text.size_bytes ? n->conf_room_bytes : text.size_bytes;
    bool read =
        size > 0 && rcs_saved_config_read(sim->store, text.data, size, &left, &diag) == RCS_OK;
    rcs_buf_close(&text);
    rcs_saved_config_release(sim->store, conf);
    rcs_host_save_conf(sim, node, left);
    n->conf_corrupt = size > 0 && !read;
}

size_t rcs_host_conf_room(struct rcs_sim *sim, unsigned node)
{
    size_t size = 0;
    if (sim->nodes[node].conf != NULL) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_saved_config_write(sim->store, sim->nodes[node].conf, &text);
        size = text.size_bytes;
        rcs_buf_close(&text);
    }
    return (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

void rcs_host_keep_conf(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->kept_conf != NULL) {
        rcs_saved_config_release(sim->store, n->kept_conf);
    }
    n->kept_conf = n->conf == NULL ? NULL : rcs_saved_config_retain(n->conf);
}

void rcs_host_put_back_conf(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    RCS_ASSERT(n->machine == NULL && n->kept_conf != NULL);
    rcs_host_save_conf(sim, node, rcs_saved_config_retain(n->kept_conf));
    rcs_host_identity(sim, node, n->conf->myself);
    rcs_watch_conf(sim, node, true, false);
}

void rcs_host_save_dump(struct rcs_sim *sim, unsigned node, struct rcs_snapshot *dump)
{
    struct rcs_world_node *n = &sim->nodes[node];
    (void)sim;
    if (n->dump != NULL) {
        rcs_snapshot_release(n->dump);
    }
    n->dump = dump;
    n->disk_changes[RCS_DISK_DUMP]++;
}

void rcs_host_lose_aof(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->aof.data != NULL) {
        rcs_snapshot_release(n->aof.data);
    }
    n->aof = (struct rcs_saved_aof){ .data = NULL };
    n->disk_changes[RCS_DISK_AOF]++;
}

const char *rcs_sim_nodes_conf(struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    const struct rcs_world_node *n = &sim->nodes[node];
    if (n->conf == NULL) {
        return NULL;
    }
    rcs_buf_clear(&sim->text);
    rcs_saved_config_write(sim->store, n->conf, &sim->text);
    rcs_buf_add(&sim->text, "", 1);
    return sim->text.data;
}

enum rcs_err rcs_sim_set_nodes_conf(struct rcs_sim *sim, int node, const char *text,
                                    size_t size_bytes, struct rcs_diag *diag)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->machine != NULL) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "%s is running and would write its own nodes.conf; stop it first",
                            n->name);
    }
    struct rcs_saved_config *conf;
    enum rcs_err err = rcs_saved_config_read(sim->store, text, size_bytes, &conf, diag);
    if (err != RCS_OK) {
        return err;
    }
    rcs_host_save_conf(sim, (unsigned)node, conf);
    rcs_host_identity(sim, (unsigned)node, conf->myself);
    rcs_watch_conf(sim, (unsigned)node, true, false);
    return RCS_OK;
}

/* --- identity --------------------------------------------------------------------------------- */

void rcs_host_identity(struct rcs_sim *sim, unsigned node, rcs_id id)
{
    sim->nodes[node].id = id;
    if (id == RCS_ID_NONE) {
        return;
    }
    unsigned before = sim->node_of_id_room;
    sim->node_of_id =
        rcs_grow(sim->node_of_id, &sim->node_of_id_room, id + 1u, sizeof(sim->node_of_id[0]));
    for (unsigned i = before; i < sim->node_of_id_room; i++) {
        sim->node_of_id[i] = -1;
    }
    sim->node_of_id[id] = (int32_t)node;
}

int rcs_sim_node_of(const struct rcs_sim *sim, rcs_id id)
{
    return id < sim->node_of_id_room ? sim->node_of_id[id] : -1;
}

const char *rcs_sim_node_id(const struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    rcs_id id = sim->nodes[node].id;
    return id == RCS_ID_NONE ? "" : rcs_store_name(sim->store, id);
}

int rcs_sim_node_of_id(const struct rcs_sim *sim, const char *id)
{
    if (strlen(id) != RCS_ID_LEN) {
        return -1;
    }
    return rcs_sim_node_of(sim, rcs_store_find_id(sim->store, id));
}

/* --- power ------------------------------------------------------------------------------------ */

static void set_power(struct rcs_sim *sim, unsigned host, bool powered)
{
    for (unsigned i = 0; i < sim->node_count; i++) {
        struct rcs_world_node *n = &sim->nodes[i];
        if (n->host != host) {
            continue;
        }
        rcs_network_power(&sim->net, i, powered);
        if (!powered) {
            n->life = RCS_LIFE_OFF;
        } else if (n->life == RCS_LIFE_OFF) {
            rcs_outside_powered(sim, i);
            n->life = n->lives == 0 ? RCS_LIFE_NEVER_STARTED : RCS_LIFE_DOWN;
        }
    }
}

void rcs_sim_set_pid(struct rcs_sim *sim, int node, uint32_t pid)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    sim->nodes[node].pid = pid;
}

/* --- processes -------------------------------------------------------------------------------- */

/* Redis 7.0 clusterAcceptHandler: twice the node timeout, in whole seconds. */
uint16_t rcs_host_keepalive_s(const struct rcs_config *config)
{
    int64_t seconds = config->node_timeout_ms / 1000 * 2;
    return (uint16_t)(seconds > UINT16_MAX ? UINT16_MAX : seconds);
}

static uint16_t bus_port_of(const struct rcs_world_node *n)
{
    int64_t port = n->config.cluster_port != 0 ? n->config.cluster_port : n->port + 10000;
    return (uint16_t)port;
}

bool rcs_host_ports_clash(const struct rcs_world_node *a, const struct rcs_world_node *b,
                          unsigned *port)
{
    const uint16_t of_a[] = { a->port, bus_port_of(a) }, of_b[] = { b->port, bus_port_of(b) };
    for (unsigned i = 0; i < 4 && strcmp(a->ip, b->ip) == 0; i++) {
        if (of_a[i / 2] == of_b[i % 2]) {
            *port = of_a[i / 2];
            return true;
        }
    }
    return false;
}

static void set_bus_port(struct rcs_sim *sim, struct rcs_world_node *n)
{
    if (n->bus_port != bus_port_of(n)) {
        n->bus_port = bus_port_of(n);
        rcs_links_forget_targets(sim);
    }
}

void rcs_host_start(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    RCS_ASSERT(n->machine == NULL);
    set_power(sim, n->host, true);
    n->config.port = n->port;
    set_bus_port(sim, n);
    if (n->disk_full) {
        n->conf_room_bytes = rcs_host_conf_room(sim, node);
    }
    n->machine = rcs_node_new(&(struct rcs_node_params){
        .store = sim->store,
        .config = &n->config,
        .seed = sim->seed,
        .index = node,
        .life = n->lives,
        .pid = n->pid != 0 ? n->pid : FIRST_PID + node,
        .wall_base_ms = sim->start_wall_ms - RCS_NODE_MS_START,
        .host_clock = n->host_clock,
        .disk_full = n->disk_full,
        .conf_room_bytes = n->conf_room_bytes,
    });
    rcs_node_follow_aof(n->machine, n->aof_follow);
    n->lives++;
    sim->outside_lives++;
    n->life = RCS_LIFE_UP;
    n->exit_status = STATUS_SIGKILL; /* unless it says otherwise when it ends */
    sim->net.nodes[node].listening = true;
    sim->net.nodes[node].keepalive_s = rcs_host_keepalive_s(&n->config);
    if (rcs_watched(sim)) {
        sim->watch.started(sim->watch.arg, node, n->conf);
    }
    struct rcs_saved_config *conf = n->conf == NULL ? NULL : rcs_saved_config_retain(n->conf);
    struct rcs_snapshot *dump = n->dump == NULL ? NULL : rcs_snapshot_retain(n->dump);
    /* Those that are there when the world begins were started before it, one after the other. */
    struct rcs_start start = { .conf = conf,
                               .conf_corrupt = n->conf_corrupt,
                               .dump = dump,
                               .aof = n->aof,
                               .any_phase = sim->now_us == 0 };
    struct rcs_event event = {
        .at_us = sim->now_us, .kind = RCS_EVENT_START, .link = RCS_LINK_NONE, .start = &start
    };
    rcs_sim_step_node(sim, node, &event, -1);
    if (conf != NULL) {
        rcs_saved_config_release(sim->store, conf);
    }
    if (dump != NULL) {
        rcs_snapshot_release(dump);
    }
}

static void drop_inbox(struct rcs_sim *sim, struct rcs_world_node *n)
{
    for (; n->inbox_first < n->inbox_count; n->inbox_first++) {
        rcs_network_done(&sim->net, &n->inbox[n->inbox_first]);
    }
    n->inbox_first = n->inbox_count = 0;
}

static void end_process(struct rcs_sim *sim, unsigned node, bool power_lost)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (rcs_watched(sim)) {
        sim->watch.ended(sim->watch.arg, node);
    }
    rcs_host_lose_aof(sim, node);
    rcs_node_left_on_disk(n->machine, sim->now_us, power_lost, &n->aof);
    rcs_node_free(n->machine);
    n->machine = NULL;
    sim->net.nodes[node].listening = false;
    n->wake_us = RCS_NEVER;
    n->frozen = n->paused = n->stalled = n->blocked = n->shutdown_waits = n->polls = false;
    rcs_target_clear(n);
    n->asleep_until_us = 0;
    n->life = RCS_LIFE_DOWN;
    rcs_links_clear(n);
    drop_inbox(sim, n);
    rcs_outside_end_node(sim, node, power_lost);
    rcs_effects_clear(&n->late, sim->store);
}

void rcs_host_end(struct rcs_sim *sim, const bool *marked, bool silently)
{
    for (unsigned i = 0; i < sim->node_count; i++) {
        if (marked[i] && sim->nodes[i].machine != NULL) {
            end_process(sim, i, silently);
        }
    }
    rcs_network_end_nodes(&sim->net, marked, silently, sim->now_us);
    for (unsigned i = 0; silently && i < sim->node_count; i++) {
        if (marked[i]) {
            set_power(sim, sim->nodes[i].host, false);
        }
    }
    if (silently) {
        rcs_network_trouble_began(&sim->net, sim->now_us);
    }
}

void rcs_host_free(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->machine != NULL) {
        end_process(sim, node, false);
    }
    rcs_host_save_conf(sim, node, NULL);
    rcs_host_keep_conf(sim, node);
    rcs_host_save_dump(sim, node, NULL);
    rcs_host_lose_aof(sim, node);
    if (n->aof_follow != NULL) {
        rcs_aof_follow_clear(n->aof_follow);
        rcs_buf_close(&n->aof_follow->commands);
        free(n->aof_follow);
    }
    rcs_effects_close(&n->late, sim->store);
    rcs_links_close_all(n);
    free(n->inbox);
    free(n->targets);
    free(n->name);
}
