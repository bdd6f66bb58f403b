/* Directives that a node takes, checks, keeps and shows as Redis 7.0 does, and whose effect is not
 * modelled: nothing a client could see depends on them here. Rows of config.c's table, with their
 * values in `kept` of struct rcs_config.
 *
 * X(constant, name, alias, since, mutable, kind, least, most, preset); the numbers of YES_NO and
 * WORD are 0. */
#ifndef RCSIM_SIM_NODE_CONFIG_KEPT_H
#define RCSIM_SIM_NODE_CONFIG_KEPT_H

/* clang-format off */
#define RCS_CONFIG_KEPT(X) \
    X(ACL_PUBSUB_DEFAULT, "acl-pubsub-default", NULL, V6_2, true, WORD, 0, 0, "resetchannels") \
    X(ACLLOG_MAX_LEN, "acllog-max-len", NULL, V6_0, true, INTEGER, 0, INT64_MAX, "128") \
    X(DEFRAG_CYCLE_MAX, "active-defrag-cycle-max", NULL, V4_0, true, INTEGER, 1, 99, "25") \
    X(DEFRAG_CYCLE_MIN, "active-defrag-cycle-min", NULL, V4_0, true, INTEGER, 1, 99, "1") \
    X(DEFRAG_IGNORE_BYTES, "active-defrag-ignore-bytes", NULL, V4_0, true, BYTES, 1, INT64_MAX, "104857600") \
    X(DEFRAG_SCAN_FIELDS, "active-defrag-max-scan-fields", NULL, V5_0, true, INTEGER, 1, INT64_MAX, "1000") \
    X(DEFRAG_LOWER, "active-defrag-threshold-lower", NULL, V4_0, true, INTEGER, 0, 1000, "10") \
    X(DEFRAG_UPPER, "active-defrag-threshold-upper", NULL, V4_0, true, INTEGER, 0, 1000, "100") \
    X(EXPIRE_EFFORT, "active-expire-effort", NULL, V6_0, true, INTEGER, 1, 10, "1") \
    X(ACTIVEREHASHING, "activerehashing", NULL, V3_0, true, YES_NO, 0, 0, "yes") \
    X(ALWAYS_SHOW_LOGO, "always-show-logo", NULL, V4_0, false, YES_NO, 0, 0, "no") \
    X(AOF_NO_AUTO_GC, "aof-disable-auto-gc", NULL, V7_0, true, YES_NO, 0, 0, "no") \
    X(AOF_TRUNCATED, "aof-load-truncated", NULL, V3_0, true, YES_NO, 0, 0, "yes") \
    X(AOF_INCREMENTAL_FSYNC, "aof-rewrite-incremental-fsync", NULL, V3_0, true, YES_NO, 0, 0, "yes") \
    X(AOF_TIMESTAMP, "aof-timestamp-enabled", NULL, V7_0, true, YES_NO, 0, 0, "no") \
    X(AOF_PREAMBLE, "aof-use-rdb-preamble", NULL, V4_0, true, YES_NO, 0, 0, "yes") \
    X(AOF_REWRITE_MIN_SIZE, "auto-aof-rewrite-min-size", NULL, V3_0, true, BYTES, 0, INT64_MAX, "67108864") \
    X(AOF_REWRITE_PERCENTAGE, "auto-aof-rewrite-percentage", NULL, V3_0, true, INTEGER, 0, INT_MAX, "100") \
    X(CLUSTER_ANNOUNCE_TLS_PORT, "cluster-announce-tls-port", NULL, V6_2, true, INTEGER, 0, 65535, "0") \
    X(CRASH_LOG, "crash-log-enabled", NULL, V6_2, true, YES_NO, 0, 0, "yes") \
    X(CRASH_MEMCHECK, "crash-memcheck-enabled", NULL, V6_2, true, YES_NO, 0, 0, "yes") \
    X(DAEMONIZE, "daemonize", NULL, V3_0, false, YES_NO, 0, 0, "no") \
    X(DATABASES, "databases", NULL, V3_0, false, INTEGER, 1, INT_MAX, "16") \
    X(DISABLE_THP, "disable-thp", NULL, V6_2, false, YES_NO, 0, 0, "yes") \
    X(DYNAMIC_HZ, "dynamic-hz", NULL, V5_0, true, YES_NO, 0, 0, "yes") \
    X(ENABLE_MODULE_COMMAND, "enable-module-command", NULL, V7_0, false, WORD, 0, 0, "no") \
    X(ENABLE_PROTECTED_CONFIGS, "enable-protected-configs", NULL, V7_0, false, WORD, 0, 0, "no") \
    X(HLL_SPARSE_MAX_BYTES, "hll-sparse-max-bytes", NULL, V3_0, true, BYTES, 0, INT64_MAX, "3000") \
    X(IO_THREADS, "io-threads", NULL, V6_0, false, INTEGER, 1, 128, "1") \
    X(IO_THREADS_DO_READS, "io-threads-do-reads", NULL, V6_0, false, YES_NO, 0, 0, "no") \
    X(JEMALLOC_BG_THREAD, "jemalloc-bg-thread", NULL, V6_0, true, YES_NO, 0, 0, "yes") \
    X(LAZYFREE_EVICTION, "lazyfree-lazy-eviction", NULL, V4_0, true, YES_NO, 0, 0, "no") \
    X(LAZYFREE_EXPIRE, "lazyfree-lazy-expire", NULL, V4_0, true, YES_NO, 0, 0, "no") \
    X(LAZYFREE_SERVER_DEL, "lazyfree-lazy-server-del", NULL, V4_0, true, YES_NO, 0, 0, "no") \
    X(LAZYFREE_USER_DEL, "lazyfree-lazy-user-del", NULL, V6_0, true, YES_NO, 0, 0, "no") \
    X(LAZYFREE_USER_FLUSH, "lazyfree-lazy-user-flush", NULL, V6_2, true, YES_NO, 0, 0, "no") \
    X(LFU_DECAY_TIME, "lfu-decay-time", NULL, V4_0, true, INTEGER, 0, INT_MAX, "1") \
    X(LFU_LOG_FACTOR, "lfu-log-factor", NULL, V4_0, true, INTEGER, 0, INT_MAX, "10") \
    X(MAXMEMORY_CLIENTS, "maxmemory-clients", NULL, V7_0, true, PERCENT, 0, 0, "0") \
    X(MAXMEMORY_TENACITY, "maxmemory-eviction-tenacity", NULL, V6_2, true, INTEGER, 0, 100, "10") \
    X(MAXMEMORY_SAMPLES, "maxmemory-samples", NULL, V3_0, true, INTEGER, 1, INT_MAX, "5") \
    X(NO_FSYNC_ON_REWRITE, "no-appendfsync-on-rewrite", NULL, V3_0, true, YES_NO, 0, 0, "no") \
    X(OOM_SCORE_ADJ, "oom-score-adj", NULL, V6_2, true, WORD, 0, 0, "no") \
    X(PROPAGATION_ERROR, "propagation-error-behavior", NULL, V7_0, true, WORD, 0, 0, "ignore") \
    X(PROTECTED_MODE, "protected-mode", NULL, V4_0, true, YES_NO, 0, 0, "yes") \
    X(RDB_DEL_SYNC_FILES, "rdb-del-sync-files", NULL, V6_0, true, YES_NO, 0, 0, "no") \
    X(RDB_INCREMENTAL_FSYNC, "rdb-save-incremental-fsync", NULL, V5_0, true, YES_NO, 0, 0, "yes") \
    X(RDBCHECKSUM, "rdbchecksum", NULL, V3_0, false, YES_NO, 0, 0, "yes") \
    X(RDBCOMPRESSION, "rdbcompression", NULL, V3_0, true, YES_NO, 0, 0, "yes") \
    X(REPL_NODELAY_OFF, "repl-disable-tcp-nodelay", NULL, V3_0, true, YES_NO, 0, 0, "no") \
    X(REPLICA_ANNOUNCED, "replica-announced", NULL, V6_2, true, YES_NO, 0, 0, "yes") \
    X(REPLICA_LAZY_FLUSH, "replica-lazy-flush", "slave-lazy-flush", V4_0, true, YES_NO, 0, 0, "no") \
    X(SANITIZE_DUMP, "sanitize-dump-payload", NULL, V6_2, true, WORD, 0, 0, "no") \
    X(SET_PROC_TITLE, "set-proc-title", NULL, V6_2, false, YES_NO, 0, 0, "yes") \
    X(SOCKET_MARK_ID, "socket-mark-id", NULL, V7_0, false, INTEGER, 0, UINT_MAX, "0") \
    X(STREAM_NODE_BYTES, "stream-node-max-bytes", NULL, V5_0, true, BYTES, 0, INT64_MAX, "4096") \
    X(STREAM_NODE_ENTRIES, "stream-node-max-entries", NULL, V5_0, true, INTEGER, 0, INT64_MAX, "100") \
    X(SUPERVISED, "supervised", NULL, V4_0, false, WORD, 0, 0, "no") \
    X(TCP_BACKLOG, "tcp-backlog", NULL, V3_0, false, INTEGER, 0, INT_MAX, "511") \
    X(TCP_KEEPALIVE, "tcp-keepalive", NULL, V3_0, true, INTEGER, 0, INT_MAX, "300")

/* Texts, kept one behind the other in `kept_texts` while they are not the preset.
 * X(name, since, mutable, preset) */
#define RCS_CONFIG_KEPT_TEXTS(X) \
    X("aclfile", V6_0, false, "") \
    X("aof_rewrite_cpulist", V6_0, false, "") \
    X("appenddirname", V7_0, false, "appendonlydir") \
    X("appendfilename", V3_0, false, "appendonly.aof") \
    X("bgsave_cpulist", V6_0, false, "") \
    X("bind", V3_0, true, "* -::*") \
    X("bind-source-addr", V6_2, true, "") \
    X("bio_cpulist", V6_0, false, "") \
    X("cluster-config-file", V3_0, false, "nodes.conf") \
    X("dbfilename", V3_0, false, "dump.rdb") \
    X("dir", V3_0, false, "/data") \
    X("ignore-warnings", V6_2, true, "") \
    X("latency-tracking-info-percentiles", V7_0, true, "50 99 99.9") \
    X("logfile", V3_0, false, "") \
    X("masteruser", V6_0, true, "") \
    X("oom-score-adj-values", V6_2, true, "0 200 800") \
    X("pidfile", V3_0, false, "") \
    X("proc-title-template", V6_2, true, "{title} {listen-addr} {server-mode}") \
    X("server_cpulist", V6_0, false, "") \
    X("syslog-ident", V3_0, false, "redis") \
    X("unixsocket", V3_0, false, "")

/* Known, and with no other value than this one; X(name, since, mutable, preset). */
#define RCS_CONFIG_FIXED(X) \
    X("activedefrag", V4_0, true, "no") \
    X("replicaof", V5_0, false, "") \
    X("slaveof", V3_0, false, "") \
    X("syslog-enabled", V3_0, false, "no") \
    X("syslog-facility", V3_0, false, "local0") \
    X("tls-auth-clients", V6_0, true, "yes") \
    X("tls-ca-cert-dir", V6_0, true, "") \
    X("tls-ca-cert-file", V6_0, true, "") \
    X("tls-cert-file", V6_0, true, "") \
    X("tls-ciphers", V6_0, true, "") \
    X("tls-ciphersuites", V6_0, true, "") \
    X("tls-client-cert-file", V6_2, true, "") \
    X("tls-client-key-file", V6_2, true, "") \
    X("tls-client-key-file-pass", V6_2, true, "") \
    X("tls-cluster", V6_0, true, "no") \
    X("tls-dh-params-file", V6_0, true, "") \
    X("tls-key-file", V6_0, true, "") \
    X("tls-key-file-pass", V6_2, true, "") \
    X("tls-port", V6_0, true, "0") \
    X("tls-prefer-server-ciphers", V6_0, true, "no") \
    X("tls-protocols", V6_0, true, "") \
    X("tls-replication", V6_0, true, "no") \
    X("tls-session-cache-size", V6_0, true, "20480") \
    X("tls-session-cache-timeout", V6_0, true, "300") \
    X("tls-session-caching", V6_0, true, "yes") \
    X("unixsocketperm", V3_0, false, "0")
/* clang-format on */

enum rcs_config_kept {
#define X(constant, name, alias, since, mutable, kind, least, most, preset) RCS_KEPT_##constant,
    RCS_CONFIG_KEPT(X)
#undef X
        RCS_KEPT_COUNT
};

union rcs_kept {
    int64_t number;
    bool yes;
    int word;
};

#define RCS_KEPT_TEXTS_BYTES 1536

#endif
