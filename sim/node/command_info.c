/* INFO: a table of sections. Only what the model knows is said; a field a real server has beside
 * these is left out, not invented. */
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/pubsub.h"

#include "sim/pure.h"

typedef void section_fn(struct rcs_node *node, struct rcs_buf *out);

static void add_field(struct rcs_buf *out, const char *name, int64_t value)
{
    rcs_buf_text(out, name);
    rcs_buf_text(out, ":");
    rcs_buf_i64(out, value);
    rcs_buf_text(out, "\r\n");
}

static void add_server(struct rcs_node *node, struct rcs_buf *out)
{
    int64_t uptime_s = (rcs_node_wall_ms(node) - node->started_wall_ms) / 1000;
    const struct rcs_profile *profile = rcs_node_profile(node);
    if (profile->says_primary) {
        rcs_buf_format(out,
                       "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\n"
                       "valkey_version:%s\r\nserver_mode:cluster\r\narch_bits:64\r\n",
                       profile->version);
    } else {
        rcs_buf_format(out,
                       "# Server\r\nredis_version:%s\r\nredis_mode:cluster\r\narch_bits:64\r\n",
                       profile->version);
    }
    add_field(out, "process_id", node->pid);
    rcs_buf_text(out, "process_supervised:no\r\nrun_id:");
    rcs_buf_text(out, node->run_id);
    rcs_buf_text(out, "\r\n");
    add_field(out, "tcp_port", node->config.port);
    add_field(out, "server_time_usec", rcs_node_wall_ms(node) * 1000 + node->now_us % 1000);
    add_field(out, "uptime_in_seconds", uptime_s);
    add_field(out, "uptime_in_days", uptime_s / 86400);
    add_field(out, "hz", node->config.hz);
    add_field(out, "configured_hz", node->config.hz);
    rcs_buf_text(out, "executable:/rcsim/redis-server\r\nconfig_file:\r\n");
}

static void add_clients(struct rcs_node *node, struct rcs_buf *out)
{
    unsigned replicas = 0, blocked = 0;
    for (unsigned i = 0; i < node->clients.count; i++) {
        unsigned flags = node->clients.list[i]->flags;
        replicas += (flags & RCS_CLIENT_REPLICA) != 0;
        blocked += (flags & RCS_CLIENT_PAUSED) != 0 || node->clients.list[i]->blocked != NULL;
    }
    rcs_buf_text(out, "# Clients\r\n");
    add_field(out, "connected_clients", node->clients.count - replicas);
    add_field(out, "cluster_connections", 2 * ((int64_t)node->cluster.known - 1));
    add_field(out, "maxclients", node->config.maxclients);
    add_field(out, "blocked_clients", blocked);
}

static void add_memory(struct rcs_node *node, struct rcs_buf *out)
{
    (void)node;
    rcs_buf_text(out, "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n");
}

static void add_persistence(struct rcs_node *node, struct rcs_buf *out)
{
    rcs_buf_text(out, "# Persistence\r\n");
    add_field(out, "loading", rcs_repl_loading(node));
    rcs_buf_text(out, "async_loading:0\r\n");
    add_field(out, "rdb_changes_since_last_save", (int64_t)(node->dirty - node->repl.saved_dirty));
    add_field(out, "rdb_bgsave_in_progress", node->repl.child.phase != RCS_CHILD_NONE);
    add_field(out, "rdb_last_save_time", node->repl.last_save_s);
    rcs_buf_text(out, "rdb_last_bgsave_status:ok\r\n");
    add_field(out, "aof_enabled", node->config.appendonly);
}

static void add_stats(struct rcs_node *node, struct rcs_buf *out)
{
    rcs_buf_text(out, "# Stats\r\n");
    add_field(out, "total_connections_received", (int64_t)node->clients.next_id - 1);
    add_field(out, "total_commands_processed", (int64_t)node->stat_commands);
    add_field(out, "sync_full", (int64_t)node->stat_sync_full);
    add_field(out, "sync_partial_ok", (int64_t)node->stat_sync_partial_ok);
    add_field(out, "sync_partial_err", (int64_t)node->stat_sync_partial_err);
    add_field(out, "expired_keys", (int64_t)node->stat_expired);
    add_field(out, "keyspace_hits", (int64_t)node->stat_keyspace_hits);
    add_field(out, "keyspace_misses", (int64_t)node->stat_keyspace_misses);
    add_field(out, "pubsub_channels", rcs_pubsub_count(node, false));
    add_field(out, "pubsub_patterns", rcs_pubsub_count(node, true));
}

static void add_modules(struct rcs_node *node, struct rcs_buf *out)
{
    (void)node;
    rcs_buf_text(out, "# Modules\r\n");
}

static void add_cluster(struct rcs_node *node, struct rcs_buf *out)
{
    (void)node;
    rcs_buf_text(out, "# Cluster\r\ncluster_enabled:1\r\n");
}

static void add_keyspace(struct rcs_node *node, struct rcs_buf *out)
{
    rcs_buf_text(out, "# Keyspace\r\n");
    if (rcs_keyspace_size(node->keys) > 0) {
        rcs_buf_format(out, "db0:keys=%zu,expires=%zu,avg_ttl=%lld\r\n",
                       rcs_keyspace_size(node->keys), rcs_keyspace_expires(node->keys),
                       (long long)rcs_keyspace_mean_ttl(node->keys, rcs_node_wall_ms(node)));
    }
}

static const struct {
    const char *name;
    section_fn *add;
} sections[] = {
    { "server", add_server },     { "clients", add_clients },
    { "memory", add_memory },     { "persistence", add_persistence },
    { "stats", add_stats },       { "replication", rcs_repl_info },
    { "modules", add_modules },   { "cluster", add_cluster },
    { "keyspace", add_keyspace },
};

/* Sections and fields that 3.0 has not; what came with 3.2 counts as 4.0. */
static const struct {
    const char *name;
    enum rcs_release since;
} since[] = {
    { "# Modules", RCS_REDIS_6_0 },
    { "async_loading", RCS_REDIS_7_0 },
    { "cluster_connections", RCS_REDIS_6_2 },
    { "configured_hz", RCS_REDIS_5_0 },
    { "executable", RCS_REDIS_4_0 },
    { "master_failover_state", RCS_REDIS_6_2 },
    { "master_replid", RCS_REDIS_4_0 },
    { "master_replid2", RCS_REDIS_4_0 },
    { "master_sync_perc", RCS_REDIS_6_2 },
    { "master_sync_read_bytes", RCS_REDIS_6_2 },
    { "master_sync_total_bytes", RCS_REDIS_6_2 },
    { "maxclients", RCS_REDIS_6_2 },
    { "maxmemory", RCS_REDIS_4_0 },
    { "maxmemory_policy", RCS_REDIS_4_0 },
    { "process_supervised", RCS_REDIS_6_2 },
    { "replica_announced", RCS_REDIS_6_2 },
    { "second_repl_offset", RCS_REDIS_4_0 },
    { "server_time_usec", RCS_REDIS_6_2 },
    { "slave_read_repl_offset", RCS_REDIS_6_2 },
};

static bool has_field(const struct rcs_profile *profile, const char *line)
{
    size_t length = strcspn(line, ":\r");
    for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
        if (profile->release < since[i].since && strlen(since[i].name) == length &&
            memcmp(since[i].name, line, length) == 0) {
            return false;
        }
    }
    return true;
}

/* The lines of a section that the release has; a section without its heading is none. */
static void add_known_lines(const struct rcs_profile *profile, struct rcs_buf *section,
                            struct rcs_buf *out)
{
    rcs_buf_add(section, "", 1);
    const char *line = section->data;
    if (!has_field(profile, line)) {
        return;
    }
    rcs_buf_text(out, out->size_bytes > 0 ? "\r\n" : "");
    while (*line != '\0') {
        const char *end = strstr(line, "\r\n") + 2;
        if (has_field(profile, line)) {
            rcs_buf_add(out, line, (size_t)(end - line));
        }
        line = end;
    }
}

static bool is_asked_for(const struct rcs_call *call, const char *section)
{
    for (unsigned i = 1; i < call->argc; i++) {
        const struct rcs_arg *name = &call->args[i];
        if (rcs_arg_is(name, section) || rcs_arg_is(name, "default") || rcs_arg_is(name, "all") ||
            rcs_arg_is(name, "everything")) {
            return true;
        }
    }
    return call->argc == 1;
}

static void run_info(struct rcs_call *call)
{
    struct rcs_buf text, section;
    rcs_buf_init(&text);
    rcs_buf_init(&section);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (is_asked_for(call, sections[i].name)) {
            rcs_buf_clear(&section);
            sections[i].add(call->node, &section);
            add_known_lines(call->client->profile, &section, &text);
        }
    }
    rcs_buf_close(&section);
    rcs_resp_verbatim(call->out, text.data, text.size_bytes, call->resp3);
    rcs_buf_close(&text);
}

/* clang-format off */
const struct rcs_command rcs_info_commands[] = {
    { "info", run_info, -1, LOADING | STALE, CATEGORY(DANGEROUS), NO_KEYS,
      "nondeterministic_output request_policy:all_shards response_policy:special", NULL },
    END_OF_COMMANDS
};
/* clang-format on */
