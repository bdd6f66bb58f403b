#include "sim/world/disk.h"

#include <stdlib.h>

#include "sim/cluster/saved_config.h"
#include "sim/node/aof_follow.h"
#include "sim/world/disk_replay.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

static const char *const names[] = {
    [RCS_DISK_CONF] = "nodes.conf", [RCS_DISK_DUMP] = "dump.rdb", [RCS_DISK_AOF] = "aof"
};

const char *rcs_disk_file_name(enum rcs_disk_file file)
{
    return (unsigned)file < RCS_DISK_FILES ? names[file] : NULL;
}

static const struct rcs_world_node *node_at(const struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    return &sim->nodes[node];
}

uint32_t rcs_disk_changes(const struct rcs_sim *sim, int node, enum rcs_disk_file file)
{
    return node_at(sim, node)->disk_changes[file];
}

int rcs_sim_exit_status(const struct rcs_sim *sim, int node)
{
    return node_at(sim, node)->exit_status;
}

/* --- redis.conf ------------------------------------------------------------------------------- */

void rcs_disk_set_conf_file(struct rcs_sim *sim, int node, enum rcs_conf_file state)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    struct rcs_world_node *n = &sim->nodes[node];
    rcs_observe_fault(sim, "config-file", &node, 1, NULL, 0, state);
    n->config.file = (uint8_t)state;
    if (n->machine != NULL) {
        rcs_node_set_conf_file(n->machine, state);
    }
}

uint32_t rcs_disk_conf_rewrites(const struct rcs_sim *sim, int node)
{
    return node_at(sim, node)->conf_rewrites;
}

const struct rcs_config *rcs_disk_conf_file(const struct rcs_sim *sim, int node)
{
    return &node_at(sim, node)->config;
}

/* --- from the disk ---------------------------------------------------------------------------- */

static struct rcs_rdb_info info_of(const struct rcs_world_node *n, const struct rcs_snapshot *data)
{
    const struct rcs_profile *profile = n->config.profile;
    return rcs_snapshot_rdb_info(data, (unsigned)profile->rdb_version, profile->version);
}

bool rcs_disk_dump(const struct rcs_sim *sim, int node, struct rcs_buf *out)
{
    const struct rcs_world_node *n = node_at(sim, node);
    if (n->dump == NULL) {
        return false;
    }
    struct rcs_rdb_info info = info_of(n, n->dump);
    rcs_snapshot_write_rdb(n->dump, &info, out);
    return true;
}

bool rcs_disk_aof(const struct rcs_sim *sim, int node, const char *filename,
                  struct rcs_aof_files *out)
{
    const struct rcs_world_node *n = node_at(sim, node);
    if (n->aof.data == NULL) {
        return false;
    }
    struct rcs_rdb_info info = info_of(n, n->aof.data);
    rcs_aof_files_init(out, &n->aof, filename, &info);
    return true;
}

void rcs_disk_follow_aof(struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    struct rcs_world_node *n = &sim->nodes[node];
    RCS_ASSERT(n->machine == NULL && n->aof_follow == NULL);
    n->aof_follow = calloc(1, sizeof(*n->aof_follow));
    RCS_ASSERT(n->aof_follow != NULL);
    rcs_buf_init(&n->aof_follow->commands);
}

bool rcs_disk_aof_news(const struct rcs_sim *sim, int node, const char *filename,
                       struct rcs_disk_aof_news *out)
{
    const struct rcs_world_node *n = node_at(sim, node);
    const struct rcs_aof_follow *follow = n->aof_follow;
    if (follow == NULL || n->disk_full || /* it waits in the process till there is room */
        (follow->whole.data == NULL && follow->commands.size_bytes == 0)) {
        return false;
    }
    *out = (struct rcs_disk_aof_news){ .begun = follow->whole.data != NULL,
                                       .commands = &follow->commands };
    if (out->begun) {
        struct rcs_rdb_info info = info_of(n, follow->whole.data);
        rcs_aof_files_init(&out->files, &follow->whole, filename, &info);
    }
    return true;
}

void rcs_disk_aof_taken(struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    rcs_aof_follow_clear(sim->nodes[node].aof_follow);
}

/* --- to the disk ------------------------------------------------------------------------------ */

static enum rcs_err put_data(struct rcs_sim *sim, unsigned node, bool aof,
                             const struct rcs_arg *bytes, uint32_t base, uint32_t incr,
                             struct rcs_diag *diag)
{
    struct rcs_world_node *n = &sim->nodes[node];
    struct rcs_value_limits limits;
    struct rcs_snapshot *data;
    rcs_config_value_limits(&n->config, &limits);
    enum rcs_err err = rcs_snapshot_read_rdb(bytes->bytes, bytes->size_bytes,
                                             (unsigned)n->config.profile->rdb_version, &limits,
                                             &data, NULL, NULL, diag);
    if (err != RCS_OK) {
        return err;
    }
    if (!aof) {
        rcs_host_save_dump(sim, node, data);
        return RCS_OK;
    }
    rcs_host_lose_aof(sim, node);
    n->aof = (struct rcs_saved_aof){ .data = data,
                                     .base = base,
                                     .incr = incr,
                                     .base_keys = data->keys,
                                     .base_wall_ms = data->created_wall_ms };
    return RCS_OK;
}

enum rcs_err rcs_disk_put(struct rcs_sim *sim, int node, enum rcs_disk_file file,
                          const struct rcs_arg *bytes, uint32_t base, uint32_t incr,
                          struct rcs_diag *diag)
{
    if (node_at(sim, node)->machine != NULL) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "%s is running and would not read the file; stop it first",
                            sim->nodes[node].name);
    }
    rcs_observe_fault(sim, "put", &node, 1, NULL, 0, file);
    if (file == RCS_DISK_CONF) {
        return rcs_sim_set_nodes_conf(sim, node, bytes->bytes, bytes->size_bytes, diag);
    }
    return put_data(sim, (unsigned)node, file == RCS_DISK_AOF, bytes, base, incr, diag);
}

enum rcs_err rcs_disk_read_aof(const struct rcs_sim *sim, int node, const char *filename,
                               rcs_aof_read_fn *read, void *read_arg, struct rcs_buf *out,
                               uint32_t *base, uint32_t *incr, bool *cut, struct rcs_diag *diag)
{
    const struct rcs_world_node *n = node_at(sim, node);
    struct rcs_value_limits limits;
    struct rcs_saved_aof saved;
    struct rcs_disk_replay replay;
    rcs_config_value_limits(&n->config, &limits);
    rcs_disk_replay_init(&replay, &n->config, sim->now_us, sim->start_wall_ms - RCS_NODE_MS_START);
    struct rcs_aof_source source = {
        .filename = filename,
        .version = (unsigned)n->config.profile->rdb_version,
        .load_truncated = n->config.kept[RCS_KEPT_AOF_TRUNCATED].yes,
        .limits = &limits,
        .read = read,
        .read_arg = read_arg,
        .replay = &replay.hooks,
    };
    enum rcs_err err = rcs_saved_aof_read(&source, &saved, cut, diag);
    if (err == RCS_OK && saved.data != NULL) {
        struct rcs_rdb_info info = info_of(n, saved.data);
        rcs_snapshot_write_rdb(saved.data, &info, out);
        rcs_snapshot_release(saved.data);
        *base = saved.base;
        *incr = saved.incr;
    }
    return err;
}
