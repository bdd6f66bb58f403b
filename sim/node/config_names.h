/* Directives that Redis 7.0 has and rcsim does not model: so that an error can say which it is.
 * Included by config.c only. */
#ifndef RCSIM_SIM_NODE_CONFIG_NAMES_H
#define RCSIM_SIM_NODE_CONFIG_NAMES_H

/* clang-format off */
static const char *const unmodelled[] = {
    "acl-pubsub-default", "aclfile", "acllog-max-len", "active-defrag-cycle-max",
    "active-defrag-cycle-min", "active-defrag-ignore-bytes", "active-defrag-max-scan-fields",
    "active-defrag-threshold-lower", "active-defrag-threshold-upper", "active-expire-effort",
    "activedefrag", "activerehashing", "always-show-logo", "aof-disable-auto-gc",
    "aof-load-truncated", "aof-rewrite-incremental-fsync", "aof-timestamp-enabled",
    "aof-use-rdb-preamble", "aof_rewrite_cpulist", "appenddirname", "appendfilename",
    "auto-aof-rewrite-min-size", "auto-aof-rewrite-percentage", "bgsave_cpulist",
    "bind", "bind-source-addr", "bio_cpulist", "busy-reply-threshold",
    "client-output-buffer-limit", "client-query-buffer-limit", "cluster-announce-tls-port",
    "cluster-config-file", "crash-log-enabled", "crash-memcheck-enabled", "daemonize",
    "databases", "dbfilename", "dir", "disable-thp", "dynamic-hz", "enable-module-command",
    "enable-protected-configs", "hash-max-listpack-entries", "hash-max-listpack-value",
    "hash-max-ziplist-entries", "hash-max-ziplist-value", "hll-sparse-max-bytes",
    "ignore-warnings", "include", "io-threads", "io-threads-do-reads", "jemalloc-bg-thread",
    "latency-monitor-threshold", "latency-tracking", "latency-tracking-info-percentiles",
    "lazyfree-lazy-eviction", "lazyfree-lazy-expire", "lazyfree-lazy-server-del",
    "lazyfree-lazy-user-del", "lazyfree-lazy-user-flush", "lfu-decay-time", "lfu-log-factor",
    "list-compress-depth", "list-max-listpack-size", "list-max-ziplist-size", "loadmodule",
    "logfile", "lua-time-limit", "masteruser", "maxmemory-clients", "maxmemory-eviction-tenacity",
    "maxmemory-policy", "maxmemory-samples", "no-appendfsync-on-rewrite",
    "oom-score-adj", "oom-score-adj-values", "pidfile",
    "proc-title-template", "propagation-error-behavior", "protected-mode", "rdb-del-sync-files",
    "rdb-save-incremental-fsync", "rdbchecksum", "rdbcompression", "rename-command",
    "repl-disable-tcp-nodelay", "replica-announced", "replica-ignore-disk-write-errors",
    "replica-ignore-maxmemory", "replica-lazy-flush", "replicaof", "sanitize-dump-payload",
    "server_cpulist", "set-max-intset-entries", "set-proc-title", "shutdown-on-sigint",
    "shutdown-on-sigterm", "shutdown-timeout", "slave-ignore-maxmemory", "slave-lazy-flush",
    "slaveof", "slowlog-log-slower-than", "slowlog-max-len", "socket-mark-id",
    "stop-writes-on-bgsave-error", "stream-node-max-bytes", "stream-node-max-entries",
    "supervised", "syslog-enabled", "syslog-facility", "syslog-ident", "tcp-backlog",
    "tcp-keepalive", "timeout", "tls-auth-clients", "tls-ca-cert-dir", "tls-ca-cert-file",
    "tls-cert-file", "tls-ciphers", "tls-ciphersuites", "tls-client-cert-file",
    "tls-client-key-file", "tls-client-key-file-pass", "tls-cluster", "tls-dh-params-file",
    "tls-key-file", "tls-key-file-pass", "tls-port", "tls-prefer-server-ciphers", "tls-protocols",
    "tls-replication", "tls-session-cache-size", "tls-session-cache-timeout",
    "tls-session-caching", "tracking-table-max-keys", "unixsocket", "unixsocketperm", "user",
    "zset-max-listpack-entries", "zset-max-listpack-value", "zset-max-ziplist-entries",
    "zset-max-ziplist-value"
};

/* And directives of later releases about the cluster. */
static const struct later {
    const char *name;
    enum rcs_release since;
} later[] = {
    { "cluster-announce-client-ipv4", RCS_VALKEY_8_0 },
    { "cluster-announce-client-ipv6", RCS_VALKEY_8_0 },
    { "cluster-announce-human-nodename", RCS_REDIS_7_2 },
    { "cluster-blacklist-ttl", RCS_VALKEY_8_0 },
    { "cluster-slot-stats-enabled", RCS_VALKEY_8_0 },
};
/* clang-format on */

#endif
