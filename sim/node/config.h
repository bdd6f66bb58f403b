/* A node's parameters by their redis.conf names, and the release that it is. */
#ifndef RCSIM_SIM_NODE_CONFIG_H
#define RCSIM_SIM_NODE_CONFIG_H

#include <rcsim/base.h>
#include <rcsim/resp.h>

#include "sim/cluster/profile.h"
#include "sim/node/config_kept.h"
#include "sim/node/rules.h"

#define RCS_CONFIG_REASON_BYTES 256

enum rcs_endpoint { RCS_ENDPOINT_IP, RCS_ENDPOINT_HOSTNAME, RCS_ENDPOINT_UNKNOWN };

enum rcs_fsync { RCS_FSYNC_EVERYSEC, RCS_FSYNC_ALWAYS, RCS_FSYNC_NO };

/* What may wait for a client before it is cut off: at once, or for so long. 0: no limit. */
enum rcs_output_class {
    RCS_OUTPUT_NORMAL,
    RCS_OUTPUT_REPLICA,
    RCS_OUTPUT_PUBSUB,
    RCS_OUTPUT_CLASSES
};
struct rcs_output_limit {
    int64_t hard_bytes, soft_bytes, soft_s;
};

enum rcs_eviction {
    RCS_EVICT_VOLATILE_LRU,
    RCS_EVICT_VOLATILE_LFU,
    RCS_EVICT_VOLATILE_RANDOM,
    RCS_EVICT_VOLATILE_TTL,
    RCS_EVICT_ALLKEYS_LRU,
    RCS_EVICT_ALLKEYS_LFU,
    RCS_EVICT_ALLKEYS_RANDOM,
    RCS_EVICT_NONE
};

#define RCS_DIRECTIVES_MAX 256

/* What CONFIG REWRITE finds where the redis.conf should be. */
enum rcs_conf_file {
    RCS_CONF_FILE_NONE, /* the process was started without one */
    RCS_CONF_FILE_GOOD, /* it can be written; it need not be there */
    RCS_CONF_FILE_NO_DIRECTORY,
    RCS_CONF_FILE_NOT_DIRECTORY,
    RCS_CONF_FILE_IS_DIRECTORY,
    RCS_CONF_FILE_DENIED,
    RCS_CONF_FILE_READ_ONLY,
    RCS_CONF_FILE_BROKEN,
    RCS_CONF_FILE_STATES
};
/* What an order calls it; NULL past the last. */
const char *rcs_conf_file_name(enum rcs_conf_file state);

struct rcs_config {
    /* What every turn asks for stands first. */
    const struct rcs_profile *profile; /* NULL: any release, for checking a directive alone */
    uint32_t rules_off;                /* bits of enum rcs_rule; no directive of real servers */
    int loglevel;                      /* enum rcs_level */
    bool cluster_enabled;              /* no: a server of its own, which no bus reaches */
    bool appendonly;
    int64_t hz;
    int64_t node_timeout_ms;
    int64_t repl_backlog_size_bytes;
    int64_t timeout_s; /* of idle clients; 0 never */
    uint8_t
        given[RCS_DIRECTIVES_MAX / 8]; /* directives that were set: bits, in the table's order */
    /* cluster */
    bool require_full_coverage, allow_reads_when_down, allow_pubsubshard_when_down;
    bool replica_no_failover, allow_replica_migration;
    int64_t replica_validity_factor, migration_barrier;
    char announce_ip[46], announce_hostname[256];
    int64_t announce_port, announce_bus_port, cluster_port;
    enum rcs_endpoint preferred_endpoint;
    /* replication */
    bool repl_diskless_sync, replica_serve_stale_data, replica_read_only;
    int64_t repl_diskless_sync_delay_s, repl_diskless_sync_max_replicas;
    int64_t repl_ping_period_s, repl_timeout_s, repl_backlog_ttl_s;
    int64_t min_replicas_to_write, min_replicas_max_lag_s;
    char replica_announce_ip[46];
    int64_t replica_announce_port, replica_priority;
    /* process */
    int64_t port;
    enum rcs_fsync appendfsync;
    char save[128]; /* as written; "" none */
    bool stop_writes_on_save_error, replica_ignore_disk_errors;
    char requirepass[128], masterauth[128];
    int64_t maxclients, proto_max_bulk_len_bytes;
    int enable_debug_command;   /* 0 no, 1 yes, 2 from local connections */
    int64_t shutdown_timeout_s; /* what a stop waits for replicas that lag */
    char shutdown_on_sigterm[32], shutdown_on_sigint[32];
    int64_t query_buffer_bytes;
    struct rcs_output_limit output_limits[RCS_OUTPUT_CLASSES];
    int64_t least_output_bytes; /* no limit is below it; INT64_MAX: there is none */
    int64_t maxmemory_bytes;    /* 0: no limit */
    int maxmemory_policy;       /* enum rcs_eviction */
    bool replica_ignore_maxmemory;
    /* watching */
    int64_t slowlog_slower_us, slowlog_max_len; /* -1: no log */
    int64_t latency_threshold_ms;               /* 0: no monitoring */
    bool latency_tracking;
    int64_t tracking_max_keys;
    /* scripts and the encodings of values */
    int64_t busy_reply_threshold_ms;
    int64_t hash_max_listpack_entries, hash_max_listpack_value;
    int64_t list_max_listpack_size, list_compress_depth;
    int64_t set_max_intset_entries;
    int64_t zset_max_listpack_entries, zset_max_listpack_value;
    unsigned notify_classes;             /* notify-keyspace-events: enum rcs_notify_class */
    union rcs_kept kept[RCS_KEPT_COUNT]; /* config_kept.h: shown, without effect */
    char kept_texts[RCS_KEPT_TEXTS_BYTES];
    uint8_t file; /* enum rcs_conf_file; no directive of real servers */
};

static inline bool rcs_rule_on(const struct rcs_config *config, enum rcs_rule rule)
{
    return (config->rules_off >> rule & 1) == 0;
}

void rcs_config_init(struct rcs_config *config); /* the defaults of Redis 7.0 */
/* Makes it the configuration of another release: what was not set takes that one's defaults.
 * RCS_ERR_UNKNOWN: a directive that was set is none of that release, see `diag`. */
enum rcs_err rcs_config_choose(struct rcs_config *config, const struct rcs_profile *profile,
                               struct rcs_diag *diag);

/* One directive. RCS_ERR_UNKNOWN: no such name, or one that is not modelled, or that the release
 * does not have (the text says which);
 * RCS_ERR_RANGE, RCS_ERR_SYNTAX: the value. `diag->text` names what was found and what would do.
 * Older names (cluster-slave-..., slave-...) are accepted. Sizes take kb, mb, gb as redis.conf
 * does. */
enum rcs_err rcs_config_set(struct rcs_config *config, const char *name, const char *value,
                            struct rcs_diag *diag);
/* The same in the words of CONFIG SET: `reason` is what Redis 7.0 says of the value. */
enum rcs_err rcs_config_try(struct rcs_config *config, const char *name, const char *value,
                            char reason[RCS_CONFIG_REASON_BYTES]);
/* True if the release has this directive, modelled or not (those not modelled: if Redis 7.0 has).
 */
bool rcs_config_exists(const struct rcs_config *config, const char *name);
/* True if `name` can be changed in a running node (CONFIG SET). */
bool rcs_config_mutable(const char *name);
/* Appends the value as CONFIG GET shows it; false if the release has no such name. */
bool rcs_config_get(const struct rcs_config *config, const char *name, struct rcs_buf *out);
/* A count of bytes with an optional unit, as "64mb"; false: none. */
bool rcs_config_bytes(const char *text, int64_t *out);
/* True if it can be changed in no running node unless enable-protected-configs allows it. */
bool rcs_config_protected(const char *name);
/* True for a name that rcs_config_set takes, exactly as spelt here. */
bool rcs_config_known(const char *name);
/* The nearest existing name to a misspelt one, or NULL. */
const char *rcs_config_nearest(const char *name);

struct rcs_value_limits; /* sim/keys/dump.h */
/* How compact the values that are read from an RDB stay. */
void rcs_config_value_limits(const struct rcs_config *config, struct rcs_value_limits *out);

#endif
