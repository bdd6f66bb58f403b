/* INFO: a table of sections, with the fields of Redis 7.0 in its order. What a virtual process has
 * not (an allocator, a processor's time, threads, children's memory) is 0. */
#include <string.h>

#include "sim/node/aof.h"
#include "sim/node/backlog.h"
#include "sim/node/blocked.h"
#include "sim/node/command_rows.h"
#include "sim/node/info_since.h"
#include "sim/node/memory.h"
#include "sim/node/migrate.h"
#include "sim/node/pubsub.h"
#include "sim/node/script_host.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

typedef void section_fn(struct rcs_node *node, struct rcs_buf *out);

static void add_field(struct rcs_buf *out, const char *name, int64_t value)
{
    char text[RCS_DECIMAL_MAX + 3] = ":";
    size_t size_bytes = 1 + rcs_decimal_write(text + 1, value);
    text[size_bytes++] = '\r';
    text[size_bytes++] = '\n';
    rcs_buf_text(out, name);
    rcs_buf_add(out, text, size_bytes);
}

/* "12.34" and what follows it. */
static void add_hundredths(struct rcs_buf *out, const char *name, int64_t hundredths,
                           const char *unit)
{
    char digits[] = { '.', (char)('0' + hundredths / 10 % 10), (char)('0' + hundredths % 10) };
    rcs_buf_text(out, name);
    rcs_buf_text(out, ":");
    rcs_buf_i64(out, hundredths / 100);
    rcs_buf_add(out, digits, sizeof(digits));
    rcs_buf_text(out, unit);
    rcs_buf_text(out, "\r\n");
}

/* The quotient rounded as printf does: of two that are as near, the even one. */
static int64_t rounded(int64_t part, int64_t whole)
{
    int64_t quotient = part / whole, rest = part % whole, missing = whole - rest;
    return quotient + (rest > missing || (rest == missing && quotient % 2 != 0));
}

/* Redis 7.0 bytesToHuman */
static void add_human(struct rcs_buf *out, const char *name, int64_t bytes)
{
    static const char *const units[] = { "B", "K", "M", "G", "T", "P" };
    unsigned unit = 0;
    int64_t unit_bytes = 1;
    while (bytes / unit_bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        unit_bytes *= 1024;
        unit++;
    }
    if (unit == 0) {
        rcs_buf_text(out, name);
        rcs_buf_text(out, ":");
        rcs_buf_i64(out, bytes);
        rcs_buf_text(out, "B\r\n");
    } else {
        add_hundredths(out, name,
                       rounded(bytes % unit_bytes * 100, unit_bytes) + bytes / unit_bytes * 100,
                       units[unit]);
    }
}

static void add_both(struct rcs_buf *out, const char *name, const char *human, int64_t bytes)
{
    add_field(out, name, bytes);
    add_human(out, human, bytes);
}

static void add_percent(struct rcs_buf *out, const char *name, int64_t part, int64_t whole)
{
    add_hundredths(out, name, whole == 0 ? 0 : rounded(part * 10000, whole), "%");
}

/* Fields that are 0 because what they count does not happen here: threads, modules,
 * defragmentation, lazy frees, an allocator's losses. */
static void add_zeros(struct rcs_buf *out, const char *const *names)
{
    for (; *names != NULL; names++) {
        add_field(out, *names, 0);
    }
}

/* --- sections --------------------------------------------------------------------------------- */

static void add_server(struct rcs_node *node, struct rcs_buf *out)
{
    int64_t uptime_s = (rcs_node_wall_ms(node) - node->started_wall_ms) / 1000;
    const struct rcs_profile *profile = rcs_node_profile(node);
    const char *mode = node->config.cluster_enabled ? "cluster" : "standalone";
    if (profile->says_primary) {
        rcs_buf_format(out,
                       "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\n"
                       "valkey_version:%s\r\nserver_mode:%s\r\n",
                       profile->version, mode);
    } else {
        rcs_buf_format(out,
                       "# Server\r\nredis_version:%s\r\nredis_git_sha1:00000000\r\n"
                       "redis_git_dirty:0\r\nredis_build_id:0\r\nredis_mode:%s\r\n",
                       profile->version, mode);
    }
    rcs_buf_text(out, "os:rcsim\r\narch_bits:64\r\nmonotonic_clock:virtual\r\n"
                      "multiplexing_api:rcsim\r\natomicvar_api:none\r\ngcc_version:0.0.0\r\n");
    add_field(out, "process_id", node->pid);
    rcs_buf_text(out, "process_supervised:no\r\nrun_id:");
    rcs_buf_text(out, node->run_id);
    rcs_buf_text(out, "\r\n");
    add_field(out, "tcp_port", node->config.port);
    add_field(out, "server_time_usec", rcs_node_wall_ms(node) * 1000 + rcs_node_wall_us_part(node));
    add_field(out, "uptime_in_seconds", uptime_s);
    add_field(out, "uptime_in_days", uptime_s / 86400);
    add_field(out, "hz", node->config.hz);
    add_field(out, "configured_hz", node->config.hz);
    add_field(out, "lru_clock", rcs_node_unixtime(node) & 0xffffff);
    rcs_buf_text(out, "executable:/rcsim/redis-server\r\nconfig_file:\r\nio_threads_active:0\r\n");
    if (node->shutdown.until_ms != 0) {
        add_field(out, "shutdown_in_milliseconds", node->shutdown.until_ms - node->now_ms);
    }
}

static void add_clients(struct rcs_node *node, struct rcs_buf *out)
{
    const unsigned held = RCS_CLIENT_PAUSED | RCS_CLIENT_IN_SHUTDOWN;
    unsigned replicas = 0, blocked = 0, timed = 0;
    for (unsigned i = 0; i < node->clients.count; i++) {
        const struct rcs_client *client = node->clients.list[i];
        replicas += (client->flags & RCS_CLIENT_REPLICA) != 0;
        blocked += (client->flags & held) != 0 || client->blocked != NULL;
        timed += client->blocked != NULL && rcs_blocked_ends(client);
    }
    rcs_buf_text(out, "# Clients\r\n");
    add_field(out, "connected_clients", node->clients.count - replicas);
    add_field(out, "cluster_connections", 2 * ((int64_t)node->cluster.known - 1));
    add_field(out, "maxclients", node->config.maxclients);
    add_field(out, "client_recent_max_input_buffer", 0);
    add_field(out, "client_recent_max_output_buffer", 0);
    add_field(out, "blocked_clients", blocked);
    add_field(out, "tracking_clients", rcs_tracking_clients(node));
    add_field(out, "clients_in_timeout_table", timed);
}

static void add_memory(struct rcs_node *node, struct rcs_buf *out)
{
    int64_t keys = rcs_memory_of_keys(node), replicas = node->repl.replica_count;
    int64_t used = rcs_memory_used(node, keys), peak = node->stats.peak_memory_bytes;
    int64_t backlog = node->repl.backlog == NULL ? 0 : rcs_backlog_length(node->repl.backlog);
    rcs_buf_text(out, "# Memory\r\n");
    add_both(out, "used_memory", "used_memory_human", used);
    add_both(out, "used_memory_rss", "used_memory_rss_human", used);
    add_both(out, "used_memory_peak", "used_memory_peak_human", peak);
    add_percent(out, "used_memory_peak_perc", used, peak);
    add_field(out, "used_memory_overhead", used - keys);
    add_field(out, "used_memory_startup", RCS_MEMORY_STARTUP);
    add_field(out, "used_memory_dataset", keys);
    add_percent(out, "used_memory_dataset_perc", keys, used - RCS_MEMORY_STARTUP);
    add_field(out, "allocator_allocated", used);
    add_field(out, "allocator_active", used);
    add_field(out, "allocator_resident", used);
    add_both(out, "total_system_memory", "total_system_memory_human", 0);
    int64_t lua = (int64_t)rcs_scripts_memory_bytes(node);
    add_field(out, "used_memory_lua", lua);
    add_field(out, "used_memory_vm_eval", lua);
    add_human(out, "used_memory_lua_human", lua);
    add_field(out, "used_memory_scripts_eval", 0); /* they are Lua's alone */
    add_field(out, "number_of_cached_scripts", (int64_t)rcs_scripts_count(node));
    static const char *const functions[] = { "number_of_functions", "number_of_libraries",
                                             "used_memory_vm_functions", NULL };
    add_zeros(out, functions);
    add_field(out, "used_memory_vm_total", lua);
    add_human(out, "used_memory_vm_total_human", lua);
    add_field(out, "used_memory_functions", 0);
    add_both(out, "used_memory_scripts", "used_memory_scripts_human", 0);
    add_both(out, "maxmemory", "maxmemory_human", node->config.maxmemory_bytes);
    rcs_buf_text(out, "maxmemory_policy:");
    rcs_config_get(&node->config, "maxmemory-policy", out);
    rcs_buf_text(out, "\r\n"
                      "allocator_frag_ratio:1.00\r\nallocator_frag_bytes:0\r\n"
                      "allocator_rss_ratio:1.00\r\nallocator_rss_bytes:0\r\n"
                      "rss_overhead_ratio:1.00\r\nrss_overhead_bytes:0\r\n"
                      "mem_fragmentation_ratio:1.00\r\nmem_fragmentation_bytes:0\r\n");
    add_field(out, "mem_not_counted_for_evict", backlog);
    add_field(out, "mem_replication_backlog", backlog);
    add_field(out, "mem_total_replication_buffers", backlog);
    add_field(out, "mem_clients_slaves", replicas * RCS_MEMORY_CLIENT);
    add_field(out, "mem_clients_normal",
              ((int64_t)node->clients.count - replicas) * RCS_MEMORY_CLIENT);
    add_field(out, "mem_cluster_links", 0);
    add_field(out, "mem_aof_buffer", 0);
    rcs_buf_text(out, "mem_allocator:rcsim\r\n");
    static const char *const rest[] = { "active_defrag_running", "lazyfree_pending_objects",
                                        "lazyfreed_objects", NULL };
    add_zeros(out, rest);
}

static void add_status(struct rcs_buf *out, const char *name, bool good)
{
    rcs_buf_format(out, "%s:%s\r\n", name, good ? "ok" : "err");
}

static void add_persistence(struct rcs_node *node, struct rcs_buf *out)
{
    bool saving = node->repl.child.phase != RCS_CHILD_NONE && !node->repl.child.to_sockets;
    bool rewriting = rcs_aof_rewriting(node);
    rcs_buf_text(out, "# Persistence\r\n");
    add_field(out, "loading", rcs_repl_loading(node));
    static const char *const first[] = { "async_loading", "current_cow_peak", "current_cow_size",
                                         "current_cow_size_age", NULL };
    add_zeros(out, first);
    add_hundredths(out, "current_fork_perc", 0, "");
    add_field(out, "current_save_keys_processed", 0);
    add_field(out, "current_save_keys_total", saving ? node->repl.child.snapshot->keys : 0);
    add_field(out, "rdb_changes_since_last_save", (int64_t)(node->dirty - node->repl.saved_dirty));
    add_field(out, "rdb_bgsave_in_progress", node->repl.child.phase != RCS_CHILD_NONE);
    add_field(out, "rdb_last_save_time", node->repl.last_save_s);
    add_status(out, "rdb_last_bgsave_status", !node->disk.save_failed);
    add_field(out, "rdb_last_bgsave_time_sec", node->stats.rdb_saves == 0 ? -1 : 0);
    add_field(out, "rdb_current_bgsave_time_sec", saving ? 0 : -1);
    add_field(out, "rdb_saves", (int64_t)node->stats.rdb_saves);
    static const char *const loaded[] = { "rdb_last_cow_size", "rdb_last_load_keys_expired", NULL };
    add_zeros(out, loaded);
    add_field(out, "rdb_last_load_keys_loaded", 0);
    add_field(out, "aof_enabled", node->config.appendonly);
    add_field(out, "aof_rewrite_in_progress", rewriting);
    add_field(out, "aof_rewrite_scheduled", node->aof.scheduled);
    add_field(out, "aof_last_rewrite_time_sec", node->stats.aof_rewrites == 0 ? -1 : 0);
    add_field(out, "aof_current_rewrite_time_sec", rewriting ? 0 : -1);
    add_status(out, "aof_last_bgrewrite_status", !node->disk.rewrite_failed);
    add_field(out, "aof_rewrites", (int64_t)node->stats.aof_rewrites);
    add_field(out, "aof_rewrites_consecutive_failures", node->aof.failures);
    add_status(out, "aof_last_write_status", !node->disk.append_failed);
    static const char *const last[] = { "aof_last_cow_size", "module_fork_in_progress",
                                        "module_fork_last_cow_size", NULL };
    add_zeros(out, last);
}

static void add_stats(struct rcs_node *node, struct rcs_buf *out)
{
    const struct rcs_stats *stats = &node->stats;
    rcs_buf_text(out, "# Stats\r\n");
    add_field(out, "total_connections_received", (int64_t)stats->connections);
    add_field(out, "total_commands_processed", (int64_t)node->stat_commands);
    add_field(out, "instantaneous_ops_per_sec", rcs_stats_ops_per_s(node));
    add_field(out, "total_net_input_bytes", (int64_t)stats->net_input_bytes);
    add_field(out, "total_net_output_bytes", (int64_t)stats->net_output_bytes);
    add_field(out, "total_net_repl_input_bytes", 0);
    add_field(out, "total_net_repl_output_bytes", 0);
    add_hundredths(out, "instantaneous_input_kbps", 0, "");
    add_hundredths(out, "instantaneous_output_kbps", 0, "");
    add_hundredths(out, "instantaneous_input_repl_kbps", 0, "");
    add_hundredths(out, "instantaneous_output_repl_kbps", 0, "");
    add_field(out, "rejected_connections", (int64_t)stats->rejected_connections);
    add_field(out, "sync_full", (int64_t)node->stat_sync_full);
    add_field(out, "sync_partial_ok", (int64_t)node->stat_sync_partial_ok);
    add_field(out, "sync_partial_err", (int64_t)node->stat_sync_partial_err);
    add_field(out, "expired_keys", (int64_t)node->stat_expired);
    add_hundredths(out, "expired_stale_perc", 0, "");
    add_field(out, "expired_time_cap_reached_count", 0);
    add_field(out, "expire_cycle_cpu_milliseconds", 0);
    add_field(out, "evicted_keys", (int64_t)stats->evicted_keys);
    add_field(out, "evicted_clients", (int64_t)stats->evicted_clients);
    add_field(out, "total_eviction_exceeded_time", 0);
    add_field(out, "current_eviction_exceeded_time", 0);
    add_field(out, "keyspace_hits", (int64_t)node->stat_keyspace_hits);
    add_field(out, "keyspace_misses", (int64_t)node->stat_keyspace_misses);
    add_field(out, "pubsub_channels", rcs_pubsub_count(node, RCS_PUBSUB_CHANNELS));
    add_field(out, "pubsub_patterns", rcs_pubsub_count(node, RCS_PUBSUB_PATTERNS));
    add_field(out, "pubsubshard_channels", rcs_pubsub_count(node, RCS_PUBSUB_SHARD_CHANNELS));
    add_field(out, "latest_fork_usec", 0);
    add_field(out, "total_forks", (int64_t)stats->forks);
    add_field(out, "migrate_cached_sockets", rcs_migrate_sockets(node));
    static const char *const defrag[] = { "slave_expires_tracked_keys", "active_defrag_hits",
                                          "active_defrag_misses",       "active_defrag_key_hits",
                                          "active_defrag_key_misses",   "total_active_defrag_time",
                                          "current_active_defrag_time", NULL };
    add_zeros(out, defrag);
    add_field(out, "tracking_total_keys", (int64_t)rcs_tracking_keys(node));
    add_field(out, "tracking_total_items", (int64_t)rcs_tracking_items(node));
    add_field(out, "tracking_total_prefixes", (int64_t)rcs_tracking_prefixes(node));
    add_field(out, "unexpected_error_replies", 0);
    add_field(out, "total_error_replies", (int64_t)stats->error_replies);
    add_field(out, "dump_payload_sanitizations", 0);
    add_field(out, "total_reads_processed", (int64_t)stats->reads);
    add_field(out, "total_writes_processed", (int64_t)stats->writes);
    static const char *const io[] = { "io_threaded_reads_processed", "io_threaded_writes_processed",
                                      "reply_buffer_shrinks", "reply_buffer_expands", NULL };
    add_zeros(out, io);
}

/* A virtual process takes no time of a processor. */
static void add_cpu(struct rcs_node *node, struct rcs_buf *out)
{
    (void)node;
    rcs_buf_text(out,
                 "# CPU\r\nused_cpu_sys:0.000000\r\nused_cpu_user:0.000000\r\n"
                 "used_cpu_sys_children:0.000000\r\nused_cpu_user_children:0.000000\r\n"
                 "used_cpu_sys_main_thread:0.000000\r\nused_cpu_user_main_thread:0.000000\r\n");
}

static void add_modules(struct rcs_node *node, struct rcs_buf *out)
{
    (void)node;
    rcs_buf_text(out, "# Modules\r\n");
}

/* "client|info", from the row alone. */
static void add_full_name(const struct rcs_command *command, struct rcs_buf *out)
{
    const struct rcs_command *row;
    for (unsigned i = 0; (row = rcs_command_at(i)) != NULL; i++) {
        const struct rcs_command *sub = row->subcommands;
        for (; sub != NULL && sub->name != NULL; sub++) {
            if (sub == command) {
                rcs_buf_format(out, "%s|", row->name);
            }
        }
    }
    rcs_buf_text(out, command->name);
}

static void add_commandstats(struct rcs_node *node, struct rcs_buf *out)
{
    bool counts_errors = rcs_node_profile(node)->release >= RCS_REDIS_6_2;
    rcs_buf_text(out, "# Commandstats\r\n");
    for (unsigned i = 0; i < node->stats.command_count; i++) {
        const struct rcs_command_stat *stat = &node->stats.commands[i];
        double per_call = stat->calls == 0 ? 0 : (double)stat->usec / (double)stat->calls;
        rcs_buf_text(out, "cmdstat_");
        add_full_name(stat->command, out);
        rcs_buf_format(out, ":calls=%llu,usec=%llu,usec_per_call=%.2f",
                       (unsigned long long)stat->calls, (unsigned long long)stat->usec, per_call);
        if (counts_errors) {
            rcs_buf_format(out, ",rejected_calls=%llu,failed_calls=%llu",
                           (unsigned long long)stat->rejected, (unsigned long long)stat->failed);
        }
        rcs_buf_text(out, "\r\n");
    }
}

static void add_errorstats(struct rcs_node *node, struct rcs_buf *out)
{
    rcs_buf_text(out, "# Errorstats\r\n");
    for (unsigned i = 0; i < node->stats.error_count; i++) {
        const struct rcs_error_stat *stat = &node->stats.errors[i];
        rcs_buf_format(out, "errorstat_%s:count=%llu\r\n", stat->code,
                       (unsigned long long)stat->count);
    }
}

/* All calls but those that took time, by DEBUG SLEEP, took none; of those the slowest stands for
 * all. */
static double percentile(const struct rcs_command_stat *stat, unsigned per_mille)
{
    uint64_t fast = stat->calls - stat->slow_calls;
    return fast * 1000 >= stat->calls * per_mille ? 0 : (double)stat->slowest_us;
}

static void add_latencystats(struct rcs_node *node, struct rcs_buf *out)
{
    rcs_buf_text(out, "# Latencystats\r\n");
    for (unsigned i = 0; node->config.latency_tracking && i < node->stats.command_count; i++) {
        const struct rcs_command_stat *stat = &node->stats.commands[i];
        if (stat->calls > 0) {
            rcs_buf_text(out, "latency_percentiles_usec_");
            add_full_name(stat->command, out);
            rcs_buf_format(out, ":p50=%.3f,p99=%.3f,p99.9=%.3f\r\n", percentile(stat, 500),
                           percentile(stat, 990), percentile(stat, 999));
        }
    }
}

static void add_cluster(struct rcs_node *node, struct rcs_buf *out)
{
    rcs_buf_text(out, "# Cluster\r\n");
    add_field(out, "cluster_enabled", node->config.cluster_enabled);
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

/* In the order of 7.0. */
static const struct {
    const char *name;
    section_fn *add;
    bool asked_for_by_default;
} sections[] = {
    { "server", add_server, true },
    { "clients", add_clients, true },
    { "memory", add_memory, true },
    { "persistence", add_persistence, true },
    { "stats", add_stats, true },
    { "replication", rcs_repl_info, true },
    { "cpu", add_cpu, true },
    { "modules", add_modules, true },
    { "commandstats", add_commandstats, false },
    { "errorstats", add_errorstats, true },
    { "latencystats", add_latencystats, false },
    { "cluster", add_cluster, true },
    { "keyspace", add_keyspace, true },
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

static void add_section(struct rcs_call *call, section_fn *add, struct rcs_buf *out)
{
    if (call->client->profile->release >= RCS_REDIS_7_0) { /* nothing in the table is younger */
        rcs_buf_text(out, out->size_bytes > 0 ? "\r\n" : "");
        add(call->node, out);
        return;
    }
    struct rcs_buf section;
    rcs_buf_init(&section);
    add(call->node, &section);
    add_known_lines(call->client->profile, &section, out);
    rcs_buf_close(&section);
}

static bool is_asked_for(const struct rcs_call *call, const char *section, bool by_default)
{
    for (unsigned i = 1; i < call->argc; i++) {
        const struct rcs_arg *name = &call->args[i];
        if (rcs_arg_is(name, section) || (by_default && rcs_arg_is(name, "default")) ||
            rcs_arg_is(name, "all") || rcs_arg_is(name, "everything")) {
            return true;
        }
    }
    return call->argc == 1 && by_default;
}

static void run_info(struct rcs_call *call)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (is_asked_for(call, sections[i].name, sections[i].asked_for_by_default)) {
            add_section(call, sections[i].add, &text);
        }
    }
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
