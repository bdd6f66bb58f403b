/* Directives as a table: their names, since when they are, where a value lives and what it may be.
 * How values are read and shown is config_value.c. */
#include "sim/node/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/keys/dump.h"
#include "sim/node/config_names.h"
#include "sim/node/config_value.h"

#include "sim/pure.h"

#define BACKLOG_BYTES_MIN (16 * 1024)
/* Times that stand at 0 mean "never" and must lie further back than any wait: the longest is four
 * node timeouts (an election's retry), and a node's clock starts at 6.2 days, RCS_NODE_MS_START. A
 * day is also far from where two or four timeouts would overflow. */
#define NODE_TIMEOUT_MS_CAP (24 * 60 * 60 * 1000)

#define AT(field)                   offsetof(struct rcs_config, field)
#define YES_NO(field)               RCS_VALUE_YES_NO, AT(field), 0, 0
#define INTEGER(field, least, most) RCS_VALUE_INTEGER, AT(field), least, most
#define CAPPED(field, least, cap)   RCS_VALUE_CAPPED, AT(field), least, cap
#define BYTES(field, least)         RCS_VALUE_BYTES, AT(field), least, INT64_MAX
#define ROOM(field)                 sizeof(((struct rcs_config *)NULL)->field)
#define TEXT(kind, field)           RCS_VALUE_##kind, AT(field), 0, ROOM(field)
#define WORD(kind, field)           RCS_VALUE_##kind, AT(field), 0, 0
#define FIXED                       RCS_VALUE_FIXED, 0, 0, 0
#define LIMITS                      RCS_VALUE_LIMITS, AT(output_limits), 0, 0

#define V3_0 RCS_REDIS_3_0
#define V4_0 RCS_REDIS_4_0
#define V5_0 RCS_REDIS_5_0
#define V6_0 RCS_REDIS_6_0
#define V6_2 RCS_REDIS_6_2
#define V7_0 RCS_REDIS_7_0

/* clang-format off */
/* FIXED ones are known, and have the one value the model is about; of CAPPED ones the model takes
 * less than Redis does. What is kept without any effect stands in config_kept.h. */
static const struct rcs_directive directives[] = {
    { "appendfsync", NULL, V3_0, true, WORD(FSYNC, appendfsync), "everysec" },
    { "appendonly", NULL, V3_0, true, YES_NO(appendonly), "no" },
    { "busy-reply-threshold", "lua-time-limit", V3_0, true, INTEGER(busy_reply_threshold_ms, 0, INT64_MAX), "5000" },
    { "client-output-buffer-limit", NULL, V3_0, true, LIMITS, "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60" },
    { "client-query-buffer-limit", NULL, V4_0, true, BYTES(query_buffer_bytes, 1024 * 1024), "1073741824" },
    { "cluster-allow-pubsubshard-when-down", NULL, V7_0, true,
      YES_NO(allow_pubsubshard_when_down), "yes" },
    { "cluster-allow-reads-when-down", NULL, V6_0, true, YES_NO(allow_reads_when_down), "no" },
    { "cluster-allow-replica-migration", NULL, V6_2, true, YES_NO(allow_replica_migration), "yes" },
    { "cluster-announce-bus-port", NULL, V4_0, true, INTEGER(announce_bus_port, 0, 65535), "0" },
    { "cluster-announce-hostname", NULL, V7_0, true, TEXT(HOSTNAME, announce_hostname), "" },
    { "cluster-announce-ip", NULL, V4_0, true, TEXT(TEXT, announce_ip), "" },
    { "cluster-announce-port", NULL, V4_0, true, INTEGER(announce_port, 0, 65535), "0" },
    { "cluster-enabled", NULL, V3_0, false, YES_NO(cluster_enabled), "yes" },
    { "cluster-link-sendbuf-limit", NULL, V7_0, true, FIXED, "0" },
    { "cluster-migration-barrier", NULL, V3_0, true, INTEGER(migration_barrier, 0, INT_MAX), "1" },
    { "cluster-node-timeout", NULL, V3_0, true, CAPPED(node_timeout_ms, 0, NODE_TIMEOUT_MS_CAP), "15000" },
    { "cluster-port", NULL, V7_0, false, INTEGER(cluster_port, 0, 65535), "0" },
    { "cluster-preferred-endpoint-type", NULL, V7_0, true,
      WORD(ENDPOINT, preferred_endpoint), "ip" },
    { "cluster-replica-no-failover", "cluster-slave-no-failover", V4_0, true,
      YES_NO(replica_no_failover), "no" },
    { "cluster-replica-validity-factor", "cluster-slave-validity-factor", V3_0, true,
      INTEGER(replica_validity_factor, 0, INT_MAX), "10" },
    { "cluster-require-full-coverage", NULL, V3_0, true, YES_NO(require_full_coverage), "yes" },
    { "enable-debug-command", NULL, V7_0, false, WORD(WORD, enable_debug_command), "no" },
    { "hash-max-listpack-entries", "hash-max-ziplist-entries", V3_0, true,
      INTEGER(hash_max_listpack_entries, 0, INT64_MAX), "512" },
    { "hash-max-listpack-value", "hash-max-ziplist-value", V3_0, true,
      BYTES(hash_max_listpack_value, 0), "64" },
    { "hz", NULL, V3_0, true, INTEGER(hz, 0, INT_MAX), "10" },
    { "latency-monitor-threshold", NULL, V3_0, true, INTEGER(latency_threshold_ms, 0, INT64_MAX), "0" },
    { "latency-tracking", NULL, V7_0, true, YES_NO(latency_tracking), "yes" },
    { "list-compress-depth", NULL, V4_0, true, INTEGER(list_compress_depth, 0, INT_MAX), "0" },
    { "list-max-listpack-size", "list-max-ziplist-size", V4_0, true,
      INTEGER(list_max_listpack_size, INT_MIN, INT_MAX), "-2" },
    { "loglevel", NULL, V3_0, true, WORD(LEVEL, loglevel), "notice" },
    { "masterauth", NULL, V3_0, true, TEXT(TEXT, masterauth), "" },
    { "maxclients", NULL, V3_0, true, INTEGER(maxclients, 1, UINT_MAX), "10000" },
    { "maxmemory", NULL, V3_0, true, BYTES(maxmemory_bytes, 0), "0" },
    { "maxmemory-policy", NULL, V3_0, true, WORD(WORD, maxmemory_policy), "noeviction" },
    { "min-replicas-max-lag", "min-slaves-max-lag", V3_0, true,
      INTEGER(min_replicas_max_lag_s, 0, INT_MAX), "10" },
    { "min-replicas-to-write", "min-slaves-to-write", V3_0, true,
      INTEGER(min_replicas_to_write, 0, INT_MAX), "0" },
    { "notify-keyspace-events", NULL, V3_0, true, WORD(NOTIFY, notify_classes), "" },
    { "port", NULL, V3_0, false, INTEGER(port, 0, 65535), "6379" },
    { "proto-max-bulk-len", NULL, V4_0, true, BYTES(proto_max_bulk_len_bytes, 1024 * 1024), "536870912" },
    { "repl-backlog-size", NULL, V3_0, true, BYTES(repl_backlog_size_bytes, 1), "1048576" },
    { "repl-backlog-ttl", NULL, V3_0, true, INTEGER(repl_backlog_ttl_s, 0, INT64_MAX), "3600" },
    { "repl-diskless-load", NULL, V6_0, true, FIXED, "disabled" },
    { "repl-diskless-sync", NULL, V3_0, true, YES_NO(repl_diskless_sync), "yes" },
    { "repl-diskless-sync-delay", NULL, V3_0, true,
      INTEGER(repl_diskless_sync_delay_s, 0, INT_MAX), "5" },
    { "repl-diskless-sync-max-replicas", NULL, V7_0, true,
      INTEGER(repl_diskless_sync_max_replicas, 0, INT_MAX), "0" },
    { "repl-ping-replica-period", "repl-ping-slave-period", V3_0, true,
      INTEGER(repl_ping_period_s, 1, INT_MAX), "10" },
    { "repl-timeout", NULL, V3_0, true, INTEGER(repl_timeout_s, 1, INT_MAX), "60" },
    { "replica-announce-ip", "slave-announce-ip", V4_0, true, TEXT(TEXT, replica_announce_ip), "" },
    { "replica-announce-port", "slave-announce-port", V4_0, true,
      INTEGER(replica_announce_port, 0, 65535), "0" },
    { "replica-ignore-disk-write-errors", NULL, V7_0, true,
      YES_NO(replica_ignore_disk_errors), "no" },
    { "replica-ignore-maxmemory", "slave-ignore-maxmemory", V5_0, true,
      YES_NO(replica_ignore_maxmemory), "yes" },
    { "replica-priority", "slave-priority", V3_0, true, INTEGER(replica_priority, 0, INT_MAX), "100" },
    { "replica-read-only", "slave-read-only", V3_0, true, YES_NO(replica_read_only), "yes" },
    { "replica-serve-stale-data", "slave-serve-stale-data", V3_0, true,
      YES_NO(replica_serve_stale_data), "yes" },
    { "requirepass", NULL, V3_0, true, TEXT(TEXT, requirepass), "" },
    { "save", NULL, V3_0, true, TEXT(SAVE, save), "3600 1 300 100 60 10000" },
    { "set-max-intset-entries", NULL, V3_0, true, INTEGER(set_max_intset_entries, 0, INT64_MAX), "512" },
    { "shutdown-on-sigint", NULL, V7_0, true, TEXT(SIGNAL, shutdown_on_sigint), "default" },
    { "shutdown-on-sigterm", NULL, V7_0, true, TEXT(SIGNAL, shutdown_on_sigterm), "default" },
    { "shutdown-timeout", NULL, V7_0, true, INTEGER(shutdown_timeout_s, 0, INT_MAX), "10" },
    { "slowlog-log-slower-than", NULL, V3_0, true, INTEGER(slowlog_slower_us, -1, INT64_MAX), "10000" },
    { "slowlog-max-len", NULL, V3_0, true, INTEGER(slowlog_max_len, 0, INT64_MAX), "128" },
    { "stop-writes-on-bgsave-error", NULL, V3_0, true, YES_NO(stop_writes_on_save_error), "yes" },
    { "timeout", NULL, V3_0, true, INTEGER(timeout_s, 0, INT_MAX), "0" },
    { "tracking-table-max-keys", NULL, V6_0, true, INTEGER(tracking_max_keys, 0, INT64_MAX), "1000000" },
    { "zset-max-listpack-entries", "zset-max-ziplist-entries", V3_0, true,
      INTEGER(zset_max_listpack_entries, 0, INT64_MAX), "128" },
    { "zset-max-listpack-value", "zset-max-ziplist-value", V3_0, true,
      BYTES(zset_max_listpack_value, 0), "64" },
#define X(constant, name, alias, since, mutable, kind, least, most, preset)                        \
    { name, alias, since, mutable, RCS_VALUE_##kind, AT(kept[RCS_KEPT_##constant]), least, most, preset },
    RCS_CONFIG_KEPT(X)
#undef X
#define X(name, since, mutable, preset) { name, NULL, since, mutable, RCS_VALUE_KEPT, 0, 0, 0, preset },
    RCS_CONFIG_KEPT_TEXTS(X)
#undef X
#define X(name, since, mutable, preset) { name, NULL, since, mutable, FIXED, preset },
    RCS_CONFIG_FIXED(X)
#undef X
};
/* clang-format on */

/* Where releases before another have another default. */
static const struct old_preset {
    const char *name, *preset;
    enum rcs_release until; /* this one excluded */
} old_presets[] = {
    { "enable-debug-command", "yes", RCS_REDIS_7_0 }, /* DEBUG could not be forbidden */
    { "repl-diskless-sync", "no", RCS_REDIS_7_0 },
};

/* Switches rules of the model off (rules.h); not a directive that CONFIG would know. */
#define RULE_OFF "rule-off"

#define DIRECTIVES (sizeof(directives) / sizeof(directives[0]))

static const struct rcs_directive *find(const char *name)
{
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const struct rcs_directive *directive = &directives[i];
        if (rcs_name_compare(name, directive->name) == 0 ||
            (directive->alias != NULL && rcs_name_compare(name, directive->alias) == 0)) {
            return directive;
        }
    }
    return NULL;
}

/* The release that first knows the directive by this name; the newer names came with 5.0, those of
 * listpacks and of busy scripts with 7.0. */
static enum rcs_release since(const struct rcs_directive *directive, const char *name)
{
    bool newer = directive->alias != NULL && rcs_name_compare(name, directive->alias) != 0;
    if (newer && (strstr(directive->name, "listpack") != NULL ||
                  strcmp(directive->name, "busy-reply-threshold") == 0)) {
        return RCS_REDIS_7_0;
    }
    return newer && directive->since < RCS_REDIS_5_0 ? RCS_REDIS_5_0 : directive->since;
}

static bool has(const struct rcs_profile *profile, const struct rcs_directive *directive,
                const char *name)
{
    return profile == NULL || profile->release >= since(directive, name);
}

void rcs_config_init(struct rcs_config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < DIRECTIVES; i++) {
        char reason[RCS_CONFIG_REASON_BYTES];
        enum rcs_err err = rcs_directive_set(config, &directives[i], directives[i].preset, reason);
        RCS_ASSERT(err == RCS_OK);
    }
    config->profile = rcs_profile_default();
}

static enum rcs_err refuse_release(const struct rcs_profile *profile,
                                   const struct rcs_directive *directive, const char *name,
                                   char *reason)
{
    bool older_name =
        directive->since < since(directive, name) && profile->release >= directive->since;
    snprintf(reason, RCS_CONFIG_REASON_BYTES, "since %s%s%s; this is %s",
             rcs_profile_at(since(directive, name))->name, older_name ? ", before as " : "",
             older_name ? directive->alias : "", profile->name);
    return RCS_ERR_UNKNOWN;
}

_Static_assert(DIRECTIVES <= RCS_DIRECTIVES_MAX && DIRECTIVES < 255, "a bit and a byte for each");

static bool is_given(const struct rcs_config *config, const struct rcs_directive *directive)
{
    size_t at = (size_t)(directive - directives);
    return (config->given[at / 8] >> at % 8 & 1) != 0;
}

static void set_given(struct rcs_config *config, const struct rcs_directive *directive)
{
    size_t at = (size_t)(directive - directives);
    config->given[at / 8] |= (uint8_t)(1u << at % 8);
}

static const char *preset_of(const struct rcs_directive *directive,
                             const struct rcs_profile *profile)
{
    for (size_t i = 0; i < sizeof(old_presets) / sizeof(old_presets[0]); i++) {
        if (strcmp(old_presets[i].name, directive->name) == 0 &&
            profile->release < old_presets[i].until) {
            return old_presets[i].preset;
        }
    }
    return directive->preset;
}

enum rcs_err rcs_config_choose(struct rcs_config *config, const struct rcs_profile *profile,
                               struct rcs_diag *diag)
{
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const struct rcs_directive *directive = &directives[i];
        if (is_given(config, directive) && profile->release < directive->since) {
            return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "%s: since %s; this is %s",
                                directive->name, rcs_profile_at(directive->since)->name,
                                profile->name);
        }
    }
    config->profile = profile;
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const struct rcs_directive *directive = &directives[i];
        char reason[RCS_CONFIG_REASON_BYTES];
        if (!is_given(config, directive)) {
            enum rcs_err err =
                rcs_directive_set(config, directive, preset_of(directive, profile), reason);
            RCS_ASSERT(err == RCS_OK);
        }
    }
    return RCS_OK;
}

/* What Redis 7.0 takes and then makes fit, in updateHZ and resizeReplicationBacklog. */
static void cut_to_limits(struct rcs_config *config)
{
    config->hz = config->hz < 1 ? 1 : config->hz > 500 ? 500 : config->hz;
    if (config->repl_backlog_size_bytes < BACKLOG_BYTES_MIN) {
        config->repl_backlog_size_bytes = BACKLOG_BYTES_MIN;
    }
}

enum rcs_err rcs_config_try(struct rcs_config *config, const char *name, const char *value,
                            char reason[RCS_CONFIG_REASON_BYTES])
{
    const struct rcs_directive *directive = find(name);
    if (directive == NULL) {
        snprintf(reason, RCS_CONFIG_REASON_BYTES, "%s",
                 rcs_config_exists(config, name) ? "rcsim does not model this directive"
                                                 : "there is no such directive");
        return RCS_ERR_UNKNOWN;
    }
    if (!has(config->profile, directive, name)) {
        return refuse_release(config->profile, directive, name, reason);
    }
    enum rcs_err err = rcs_directive_set(config, directive, value, reason);
    if (err == RCS_OK) {
        set_given(config, directive);
        cut_to_limits(config);
    }
    return err;
}

enum rcs_err rcs_config_set(struct rcs_config *config, const char *name, const char *value,
                            struct rcs_diag *diag)
{
    char reason[RCS_CONFIG_REASON_BYTES];
    if (rcs_name_compare(name, RULE_OFF) == 0) { /* not a directive that CONFIG would know */
        return rcs_rules_read(&config->rules_off, value, diag);
    }
    enum rcs_err err = rcs_config_try(config, name, value, reason);
    if (err == RCS_ERR_UNKNOWN) {
        const char *near = find(name) != NULL ? NULL : rcs_config_nearest(name);
        return rcs_diag_set(diag, err, 0, 0, "%.80s: %s%s%s%s", name, reason,
                            near == NULL ? "" : " (did you mean ", near == NULL ? "" : near,
                            near == NULL ? "" : "?)");
    }
    return err == RCS_OK
               ? RCS_OK
               : rcs_diag_set(diag, err, 0, 0, "%.80s \"%.80s\": %s", name, value, reason);
}

bool rcs_config_known(const char *name)
{
    if (strcmp(name, RULE_OFF) == 0) {
        return true;
    }
    const struct rcs_directive *directive = find(name);
    return directive != NULL && (strcmp(name, directive->name) == 0 ||
                                 (directive->alias != NULL && strcmp(name, directive->alias) == 0));
}

bool rcs_config_mutable(const char *name)
{
    const struct rcs_directive *directive = find(name);
    return directive != NULL && directive->mutable;
}

/* --- showing ---------------------------------------------------------------------------------- */

bool rcs_config_get(const struct rcs_config *config, const char *name, struct rcs_buf *out)
{
    const struct rcs_directive *directive = find(name);
    if (directive == NULL || !has(config->profile, directive, name)) {
        return false;
    }
    rcs_directive_show(config, directive, out);
    return true;
}

/* No two are alike. */
static int by_name(const void *a, const void *b)
{
    const struct rcs_directive_name *first = a, *second = b;
    return strcmp(first->name, second->name);
}

size_t rcs_directive_names(struct rcs_directive_name out[RCS_DIRECTIVE_NAMES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < DIRECTIVES; i++) {
        out[count++] = (struct rcs_directive_name){ directives[i].name, &directives[i] };
        if (directives[i].alias != NULL) {
            out[count++] = (struct rcs_directive_name){ directives[i].alias, &directives[i] };
        }
    }
    qsort(out, count, sizeof(out[0]), by_name);
    return count;
}

bool rcs_directive_has(const struct rcs_config *config, const struct rcs_directive_name *name)
{
    return has(config->profile, name->directive, name->name);
}

const struct rcs_directive *rcs_directive_find(const char *name)
{
    return find(name);
}

bool rcs_config_protected(const char *name)
{
    return rcs_name_compare(name, "dir") == 0 || rcs_name_compare(name, "dbfilename") == 0;
}

bool rcs_config_exists(const struct rcs_config *config, const char *name)
{
    const struct rcs_directive *directive = find(name);
    if (directive != NULL) {
        return has(config->profile, directive, name);
    }
    for (size_t i = 0; i < sizeof(unmodelled) / sizeof(unmodelled[0]); i++) {
        if (rcs_name_compare(name, unmodelled[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        if (rcs_name_compare(name, later[i].name) == 0) {
            return config->profile == NULL || config->profile->release >= later[i].since;
        }
    }
    return false;
}

/* Levenshtein's distance: letters to insert, delete or change. Names are short. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64];
    unsigned width = (unsigned)strlen(b);
    RCS_ASSERT(width < 64);
    for (unsigned j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= width; j++) {
            unsigned best = diagonal + (rcs_name_lower(a[i - 1]) == b[j - 1] ? 0 : 1);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[width];
}

const char *rcs_config_nearest(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > 63) {
        return NULL;
    }
    const char *best = NULL;
    unsigned best_distance = (unsigned)size / 3 + 1; /* farther is no misspelling */
    struct rcs_directive_name names[RCS_DIRECTIVE_NAMES_MAX];
    size_t count = rcs_directive_names(names);
    for (size_t i = 0; i < count; i++) {
        unsigned found = distance(name, names[i].name);
        if (found < best_distance) {
            best = names[i].name;
            best_distance = found;
        }
    }
    return best;
}

void rcs_config_value_limits(const struct rcs_config *config, struct rcs_value_limits *out)
{
    *out = (struct rcs_value_limits){
        .hash_max_listpack_entries = config->hash_max_listpack_entries,
        .hash_max_listpack_value = config->hash_max_listpack_value,
        .list_max_listpack_size = config->list_max_listpack_size,
        .set_max_intset_entries = config->set_max_intset_entries,
        .zset_max_listpack_entries = config->zset_max_listpack_entries,
        .zset_max_listpack_value = config->zset_max_listpack_value,
    };
}
