/* What replication decides and says, a row a fact; see facts.h.
 *
 * Lines with three texts: the second and third go together into `%t`, as "X' and 'Y". */
#ifndef RCSIM_SIM_FACTS_REPL_H
#define RCSIM_SIM_FACTS_REPL_H
/* clang-format off */
#define RCS_REPL_FACTS(X)                                                                           \
    /* --- the replica: role ---------------------------------------------------------------------- */ \
    X(REPL_CONNECTING,     NOTICE,  0, "repl-connecting", "Connecting to MASTER %s:%0", "port", "", "") \
    X(REPL_RECONNECTING,   NOTICE,  0, "repl-reconnecting", "Reconnecting to MASTER %s:%0", "port", "", "") \
    X(REPL_RETRYING,       NOTICE,  0, "repl-retrying",  "Reconnecting to MASTER %s:%0 after failure", "port", "", "") \
    X(REPL_SYNTHESIZED,    NOTICE,  0, "repl-synthesized",                                          \
      "Before turning into a replica, using my own master parameters to synthesize a cached master: " \
      "I may be able to synchronize with the new master with just a partial transfer.", "", "", "")  \
    X(REPL_DISCARDED,      NOTICE,  0, "repl-discarded", "Discarding previously cached master state.", "", "", "") \
    X(REPL_CACHED,         NOTICE,  0, "repl-cached",    "Caching the disconnected master state.", "", "", "") \
    X(REPL_SHIFTED,        WARNING, 1, "repl-shifted",                                              \
      "Setting secondary replication ID to %s, valid up to offset: %0. New replication ID is %t", "offset", "", "") \
    /* --- the replica: link and handshake --------------------------------------------------------- */ \
    X(REPL_STARTED,        NOTICE,  0, "repl-started",   "MASTER <-> REPLICA sync started", "", "", "") \
    X(REPL_NO_CONNECT,     WARNING, 0, "repl-no-connect", "Unable to connect to MASTER: %s", "", "", "") \
    X(REPL_REFUSED,        WARNING, 0, "repl-refused",   "Error condition on socket for SYNC: %s", "", "", "") \
    X(REPL_CONNECTED,      NOTICE,  0, "repl-connected", "Non blocking connect for SYNC fired the event.", "", "", "") \
    X(REPL_PONG,           NOTICE,  0, "repl-pong",      "Master replied to PING, replication can continue...", "", "", "") \
    X(REPL_PING_ERROR,     WARNING, 0, "repl-ping-error", "Error reply to PING from master: '%s'", "", "", "") \
    X(REPL_AUTH_ERROR,     WARNING, 0, "repl-auth-error", "Unable to AUTH to MASTER: %s", "", "", "") \
    X(REPL_CONF_IGNORED,   NOTICE,  0, "repl-conf-ignored",                                         \
      "(Non critical) Master does not understand REPLCONF %s: %t", "", "", "")                       \
    X(REPL_NO_RESPONSE,    WARNING, 0, "repl-no-response", "Failed to read response from the server: %s", "", "", "") \
    X(REPL_HANDSHAKE_LOST, WARNING, 0, "repl-handshake-lost", "Master did not respond to command during SYNC handshake", "", "", "") \
    X(REPL_PSYNC_LOST,     WARNING, 0, "repl-psync-lost", "Master did not reply to PSYNC, will try later", "", "", "") \
    X(REPL_TRY_PARTIAL,    NOTICE,  0, "repl-try-partial", "Trying a partial resynchronization (request %s:%0).", "offset", "", "") \
    X(REPL_NO_PARTIAL,     NOTICE,  0, "repl-no-partial", "Partial resynchronization not possible (no cached master)", "", "", "") \
    X(REPL_FULL,           NOTICE,  1, "repl-full",      "Full resync from master: %s:%0", "offset", "", "") \
    X(REPL_FULL_WRONG,     WARNING, 0, "repl-full-wrong", "Master replied with wrong +FULLRESYNC syntax.", "", "", "") \
    X(REPL_PARTIAL,        NOTICE,  1, "repl-partial",   "Successful partial resynchronization with master.", "", "", "") \
    X(REPL_ID_CHANGED,     WARNING, 1, "repl-id-changed", "Master replication ID changed to %s", "", "", "") \
    X(REPL_ACCEPTED,       NOTICE,  0, "repl-accepted",  "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.", "", "", "") \
    X(REPL_TRY_LATER,      NOTICE,  0, "repl-try-later", "Master is currently unable to PSYNC but should be in the future: %s", "", "", "") \
    X(REPL_UNEXPECTED,     WARNING, 0, "repl-unexpected", "Unexpected reply to PSYNC from master: %s", "", "", "") \
    X(REPL_NO_PSYNC,       NOTICE,  0, "repl-no-psync",  "Master does not support PSYNC or is in error state (reply: %s)", "", "", "") \
    X(REPL_OLD_SYNC,       NOTICE,  0, "repl-old-sync",  "Retrying with SYNC...", "", "", "")        \
    X(REPL_LOST,           WARNING, 1, "repl-lost",      "Connection with master lost.", "", "", "") \
    X(REPL_CONNECT_TIMEOUT, WARNING, 0, "repl-connect-timeout", "Timeout connecting to the MASTER...", "", "", "") \
    X(REPL_BULK_TIMEOUT,   WARNING, 0, "repl-bulk-timeout",                                         \
      "Timeout receiving bulk data from MASTER... If the problem persists try to set the "           \
      "'repl-timeout' parameter in redis.conf to a larger value.", "", "", "")                       \
    X(REPL_MASTER_TIMEOUT, WARNING, 0, "repl-master-timeout", "MASTER timeout: no data nor PING received...", "", "", "") \
    /* --- the replica: transfer and load ----------------------------------------------------------- */ \
    X(REPL_BULK_ERROR,     WARNING, 0, "repl-bulk-error", "I/O error reading bulk count from MASTER: %s", "", "", "") \
    X(REPL_BULK_LOST,      WARNING, 0, "repl-bulk-lost", "I/O error trying to sync with MASTER: %s", "", "", "") \
    X(REPL_ABORTED,        WARNING, 0, "repl-aborted",   "MASTER aborted replication with an error: %s", "", "", "") \
    X(REPL_BAD_PROTOCOL,   WARNING, 0, "repl-bad-protocol",                                         \
      "Bad protocol from MASTER, the first byte is not '$' (we received '%s'), are you sure the "    \
      "host and port are right?", "", "", "")                                                        \
    X(REPL_RECEIVE_EOF,    NOTICE,  0, "repl-receive",   "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to disk", "", "", "") \
    X(REPL_RECEIVE_BYTES,  NOTICE,  0, "repl-receive",   "MASTER <-> REPLICA sync: receiving %0 bytes from master to disk", "bytes", "", "") \
    X(REPL_CHILD_IN_WAY,   NOTICE,  0, "repl-child-in-way",                                         \
      "Replica is about to load the RDB file received from the master, but there is a pending RDB "  \
      "child running. Killing process %0 and removing its temp file to avoid any race", "pid", "", "") \
    X(REPL_FLUSH,          NOTICE,  0, "repl-flush",     "MASTER <-> REPLICA sync: Flushing old data", "", "", "") \
    X(REPL_LOAD,           NOTICE,  0, "repl-load",      "MASTER <-> REPLICA sync: Loading DB in memory", "", "", "") \
    X(REPL_FINISHED,       NOTICE,  1, "repl-finished",  "MASTER <-> REPLICA sync: Finished with success", "", "", "") \
    /* --- the master: replicas ---------------------------------------------------------------------- */ \
    X(SYNC_ASKED,          NOTICE,  0, "sync-asked",     "Replica %s asks for synchronization", "", "", "") \
    X(SYNC_WRONG_OFFSET,   WARNING, 0, "sync-wrong-offset", "Replica %s asks for synchronization but with a wrong offset", "", "", "") \
    X(SYNC_FULL_WANTED,    NOTICE,  0, "sync-full-wanted", "Full resync requested by replica %s", "", "", "") \
    X(SYNC_ID_MISMATCH,    NOTICE,  1, "sync-id-mismatch",                                          \
      "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '%s', my " \
      "replication IDs are '%t')", "", "", "")                                                       \
    X(SYNC_SECOND_OFFSET,  NOTICE,  1, "sync-second-offset",                                        \
      "Partial resynchronization not accepted: Requested offset for second ID was %0, but I can "    \
      "reply up to %1", "asked", "limit", "")                                                        \
    X(SYNC_NO_BACKLOG,     NOTICE,  1, "sync-no-backlog",                                           \
      "Unable to partial resync with replica %s for lack of backlog (Replica request was: %0).", "asked", "", "") \
    X(SYNC_TOO_FAR,        WARNING, 0, "sync-too-far",                                              \
      "Warning: replica %s tried to PSYNC with an offset that is greater than the master "           \
      "replication offset.", "", "", "")                                                             \
    X(SYNC_PARTIAL,        NOTICE,  1, "sync-partial",                                              \
      "Partial resynchronization request from %s accepted. Sending %0 bytes of backlog starting "    \
      "from offset %1.", "bytes", "offset", "")                                                      \
    X(BACKLOG_CREATED,     NOTICE,  1, "backlog-created",                                           \
      "Replication backlog created, my new replication IDs are '%s' and '%t'", "", "", "")           \
    X(BACKLOG_FREED,       NOTICE,  1, "backlog-freed",  "Replication backlog freed after %0 seconds without connected replicas.", "seconds", "", "") \
    X(SYNC_DELAYED,        NOTICE,  0, "sync-delayed",   "Delay next BGSAVE for diskless SYNC", "", "", "") \
    X(SYNC_WAITS_END,      NOTICE,  0, "sync-waits-end", "Waiting for end of BGSAVE for SYNC", "", "", "") \
    X(SYNC_CANNOT_ATTACH,  NOTICE,  0, "sync-cannot-attach", "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC", "", "", "") \
    X(SYNC_SOCKET_BUSY,    NOTICE,  0, "sync-socket-busy", "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC", "", "", "") \
    X(SYNC_OTHER_CHILD,    NOTICE,  0, "sync-other-child", "No BGSAVE in progress, but another BG operation is active. BGSAVE for replication delayed", "", "", "") \
    X(SYNC_STARTED,        NOTICE,  1, "sync-started",   "Starting BGSAVE for SYNC with target: %s", "", "", "") \
    X(SYNC_NO_INFO,        WARNING, 0, "sync-no-info",                                              \
      "BGSAVE for replication: replication information not available, can't generate the RDB file "  \
      "right now. Try later.", "", "", "")                                                           \
    X(SYNC_FAILED,         WARNING, 0, "sync-failed",    "BGSAVE for replication failed", "", "", "") \
    X(SYNC_CHILD_FAILED,   WARNING, 0, "sync-child-failed", "SYNC failed. BGSAVE child returned an error", "", "", "") \
    X(SYNC_STREAMED,       NOTICE,  0, "sync-streamed",                                             \
      "Streamed RDB transfer with replica %s succeeded (socket). Waiting for REPLCONF ACK from "     \
      "slave to enable streaming", "", "", "")                                                       \
    X(SYNC_DONE,           NOTICE,  1, "sync-done",      "Synchronization with replica %s succeeded", "", "", "") \
    X(REPLICA_LOST,        WARNING, 0, "replica-lost",   "Connection with replica %s lost.", "", "", "") \
    X(REPLICA_TIMEOUT,     WARNING, 1, "replica-timeout", "Disconnecting timedout replica (streaming sync): %s", "", "", "") \
    /* --- the RDB child and the RDB file -------------------------------------------------------------- */ \
    X(CHILD_TRANSFER,      NOTICE,  0, "child-transfer", "Background RDB transfer started by pid %0", "pid", "", "") \
    X(CHILD_SAVE,          NOTICE,  0, "child-save",     "Background saving started by pid %0", "pid", "", "") \
    X(CHILD_SAVED,         NOTICE,  0, "child-saved",    "DB saved on disk", "", "", "")             \
    X(CHILD_COW,           NOTICE,  0, "child-cow",      "Fork CoW for RDB: current %0 MB, peak %0 MB, average %1 MB", "current", "average", "") \
    X(CHILD_DRAINED,       WARNING, 0, "child-drained",  "Diskless rdb transfer, done reading from pipe, %0 replicas still up.", "replicas", "", "") \
    X(CHILD_UNWANTED,      WARNING, 0, "child-unwanted", "Diskless rdb transfer, last replica dropped, killing fork child.", "", "", "") \
    X(CHILD_TRANSFERRED,   NOTICE,  0, "child-transferred", "Background RDB transfer terminated with success", "", "", "") \
    X(CHILD_TRANSFER_KILLED, WARNING, 0, "child-killed", "Background transfer terminated by signal %0", "signal", "", "") \
    X(CHILD_SAVE_DONE,     NOTICE,  0, "child-save-done", "Background saving terminated with success", "", "", "") \
    X(CHILD_SAVE_KILLED,   WARNING, 0, "child-killed",   "Background saving terminated by signal %0", "signal", "", "") \
    /* --- the append-only file -------------------------------------------------------------------------- */ \
    X(AOF_FIRST_BASE,      NOTICE,  0, "aof-new",        "Creating AOF base file appendonly.aof.%0.base.rdb on server start", "number", "", "") \
    X(AOF_NEW_INCR,        NOTICE,  0, "aof-new",        "Creating AOF incr file appendonly.aof.%0.incr.aof %s", "number", "", "") \
    X(AOF_TEMP_INCR,       NOTICE,  0, "aof-new",        "Creating AOF incr file temp-appendonly.aof.incr on background rewrite", "", "", "") \
    X(AOF_READ_BASE,       NOTICE,  0, "aof-load",       "Reading RDB base file on AOF loading...", "", "", "") \
    X(AOF_IS_BASE,         NOTICE,  0, "aof-load",       "RDB is base AOF", "", "", "")              \
    X(AOF_FROM_BASE,       NOTICE,  0, "aof-load",       "DB loaded from base file appendonly.aof.%0.base.rdb: %s seconds", "number", "", "") \
    X(AOF_FROM_INCR,       NOTICE,  0, "aof-load",       "DB loaded from incr file appendonly.aof.%0.incr.aof: %s seconds", "number", "", "") \
    X(AOF_LOADED,          NOTICE,  1, "load-from-aof",  "DB loaded from append only file: %s seconds", "", "", "") \
    X(AOF_OPENED,          NOTICE,  0, "aof-open",       "Opening AOF incr file appendonly.aof.%0.incr.aof on server start", "number", "", "") \
    X(AOF_REWRITE,         NOTICE,  0, "aof-rewrite",    "Background append only file rewriting started by pid %0", "pid", "", "") \
    X(AOF_LATER,           WARNING, 0, "aof-later",                                                 \
      "AOF was enabled but there is already another background operation. An AOF background was "    \
      "scheduled to start when possible.", "", "", "")                                               \
    /* until 6.2: the parent sent its child what came in meanwhile */                               \
    X(AOF_ASKED,           NONE,    0, "aof-asked",      NULL, "", "", "")                           \
    X(AOF_AGREED,          NONE,    0, "aof-agreed",     NULL, "", "", "")                           \
    X(AOF_DIFF,            NONE,    0, "aof-diff",       NULL, "", "", "")                           \
    X(AOF_CHILD_WROTE,     NOTICE,  0, "aof-child",      "Successfully created the temporary AOF base file temp-rewriteaof-bg-%0.aof", "pid", "", "") \
    X(AOF_CHILD_COW,       NOTICE,  0, "aof-child",      "Fork CoW for AOF rewrite: current %0 MB, peak %0 MB, average %1 MB", "current", "average", "") \
    X(AOF_DONE,            NOTICE,  0, "aof-done",       "Background AOF rewrite terminated with success", "", "", "") \
    X(AOF_NEW_BASE,        NOTICE,  0, "aof-renamed",                                               \
      "Successfully renamed the temporary AOF base file temp-rewriteaof-bg-%0.aof into "             \
      "appendonly.aof.%1.base.rdb", "pid", "number", "")                                             \
    X(AOF_TEMP_RENAMED,    NOTICE,  0, "aof-renamed",                                               \
      "Successfully renamed the temporary AOF incr file temp-appendonly.aof.incr into "              \
      "appendonly.aof.%0.incr.aof", "number", "", "")                                                \
    X(AOF_OLD_INCR,        NOTICE,  0, "aof-removed",    "Removing the history file appendonly.aof.%0.incr.aof in the background", "number", "", "") \
    X(AOF_OLD_BASE,        NOTICE,  0, "aof-removed",    "Removing the history file appendonly.aof.%0.base.rdb in the background", "number", "", "") \
    X(AOF_FINISHED,        NOTICE,  0, "aof-finished",   "Background AOF rewrite finished successfully", "", "", "") \
    X(AOF_KILLED,          NOTICE,  0, "aof-killed",     "Killing running AOF rewrite child: %0", "pid", "", "") \
    X(SAVE_POINT,          NOTICE,  0, "save-point",     "%0 changes in %1 seconds. Saving...", "changes", "seconds", "") \
    X(SAVE_DONE,           NOTICE,  0, "save-done",      "DB saved on disk", "", "", "")             \
    X(LOAD_VERSION,        NOTICE,  0, "load-version",   "Loading RDB produced by version %s", "", "", "") \
    X(LOAD_AGE,            NOTICE,  0, "load-age",       "RDB age %0 seconds", "seconds", "", "")    \
    X(LOAD_MEMORY,         NOTICE,  0, "load-memory",    "RDB memory usage when created %s Mb", "", "", "") \
    X(LOAD_DONE,           NOTICE,  0, "load-done",      "Done loading RDB, keys loaded: %0, keys expired: %1.", "keys", "expired", "") \
    X(LOAD_FROM_DISK,      NOTICE,  1, "load-from-disk", "DB loaded from disk: %s seconds", "", "", "")
/* clang-format on */
#endif
