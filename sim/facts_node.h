/* What a node says of itself as a process, a row a fact; see facts.h. */
#ifndef RCSIM_SIM_FACTS_NODE_H
#define RCSIM_SIM_FACTS_NODE_H
/* clang-format off */
#define RCS_NODE_FACTS(X)                                                                           \
    X(BOOT_STARTING,       WARNING, 0, "boot-start",     "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo", "", "", "") \
    X(BOOT_VERSION,        WARNING, 0, "boot-version",   "Redis version=%s, bits=64, commit=00000000, modified=0, pid=%2, just started", "", "", "pid") \
    X(BOOT_CONFIGURED,     WARNING, 0, "boot-config",    "Configuration loaded", "", "", "")                   \
    X(BOOT_CLOCK,          NOTICE,  0, "boot-clock",     "monotonic clock: POSIX clock_gettime", "", "", "")   \
    X(BOOT_CONF_NEW,       NOTICE,  1, "boot",           "No cluster configuration found, I'm %n", "", "", "") \
    X(BOOT_CONF_LOADED,    NOTICE,  1, "boot",           "Node configuration loaded, I'm %n", "", "", "")      \
    X(BOOT_MODE,           NOTICE,  0, "boot-mode",      "Running mode=cluster, port=%0.", "port", "", "")     \
    X(BOOT_INITIALIZED,    WARNING, 0, "boot-init",      "Server initialized", "", "", "")                     \
    X(BOOT_READY,          NOTICE,  0, "boot-ready",     "Ready to accept connections", "", "", "")            \
    X(SIGTERM,             WARNING, 0, "sigterm",        "Received SIGTERM scheduling shutdown...", "", "", "") \
    X(SHUTDOWN,            WARNING, 1, "shutdown",       "User requested shutdown...", "", "", "")             \
    X(SHUTDOWN_REPLICAS,   NOTICE,  0, "shutdown-sync",  "%0 of %1 replicas are in sync when shutting down.", "in_sync", "replicas", "") \
    X(SHUTDOWN_AOF,        NOTICE,  0, "shutdown-aof",   "Calling fsync() on the AOF file.", "", "", "")     \
    X(SHUTDOWN_SAVING,     NOTICE,  0, "shutdown-save",  "Saving the final RDB snapshot before exiting.", "", "", "") \
    X(SHUTDOWN_SAVED,      NOTICE,  0, "shutdown-saved", "DB saved on disk", "", "", "")                       \
    X(SHUTDOWN_CONF,       NONE,    0, "shutdown-conf",  NULL, "", "", "") /* Valkey's */                      \
    X(SHUTDOWN_BYE,        WARNING, 0, "shutdown-bye",   "Redis is now ready to exit, bye bye...", "", "", "") \
    X(SHUTDOWN_CHILD,      WARNING, 0, "shutdown-child", "There is a child saving an .rdb. Killing it!", "", "", "") \
    X(SHUTDOWN_REWRITE,    WARNING, 0, "shutdown-child", "There is a child rewriting the AOF. Killing it!", "", "", "") \
    X(SHUTDOWN_KILLS,      NOTICE,  0, "shutdown-child", "Killing running AOF rewrite child: %0", "pid", "", "") \
    X(SHUTDOWN_INITIAL,    WARNING, 0, "shutdown-child", "Writing initial AOF, can't exit.", "", "", "")         \
    X(SHUTDOWN_FORCED,     WARNING, 0, "shutdown-child", "Writing initial AOF. Exit anyway.", "", "", "")        \
    X(SHUTDOWN_FAILED,     WARNING, 1, "shutdown-failed", "Errors trying to shut down the server. Check the logs for more information.", "", "", "") \
    X(CHILD_SIGNALLED,     WARNING, 0, "child-signalled", "Received SIGUSR1 in child, exiting now.", "", "", "") \
    /* redis.log */                                                                                 \
    X(SCRIPT_DEBUG,        DEBUG,   0, "script-log",     "%s", "", "", "")                           \
    X(SCRIPT_VERBOSE,      VERBOSE, 0, "script-log",     "%s", "", "", "")                           \
    X(SCRIPT_NOTICE,       NOTICE,  0, "script-log",     "%s", "", "", "")                           \
    X(SCRIPT_WARNING,      WARNING, 0, "script-log",     "%s", "", "", "")

/* Rows that came later stand behind all others: digests hold the numbers. */
#define RCS_NODE_LATER_FACTS(X)                                                                     \
    X(SHUTDOWN_WAITING,    NOTICE,  0, "shutdown-waits", "Waiting for replicas before shutting down.", "", "", "") \
    X(SHUTDOWN_ABORTED,    NOTICE,  0, "shutdown-aborted", "Shutdown manually aborted.", "", "", "") \
    X(BOOT_ALONE,          NOTICE,  0, "boot-mode",      "Running mode=standalone, port=%0.", "port", "", "") \
    /* --- a full disk ------------------------------------------------------------------------- */ \
    X(CONF_FATAL,          WARNING, 1, "conf-fatal",     "Fatal: can't update cluster config file.", "", "", "") \
    X(CONF_UNWRITTEN,      NONE,    0, "conf-unwritten", NULL, "", "", "") /* from 7.2 on */         \
    X(CONF_CORRUPT,        WARNING, 1, "conf-corrupt",   "Unrecoverable error: corrupted cluster config file.", "", "", "") \
    X(SAVE_FAILED,         WARNING, 0, "save-failed",    "Write error saving DB on disk(%s): No space left on device", "", "", "") \
    X(CHILD_SAVE_FAILED,   WARNING, 1, "child-save-failed", "Background saving error", "", "", "")  \
    X(SHUTDOWN_UNSAVED,    WARNING, 0, "shutdown-unsaved", "Error trying to save the DB, can't exit.", "", "", "") \
    X(SHUTDOWN_LOST,       WARNING, 0, "shutdown-unsaved", "Error trying to save the DB. Exit anyway.", "", "", "") \
    X(AOF_WRITE_ERROR,     WARNING, 1, "aof-write-error", "Error writing to the AOF file: No space left on device", "", "", "") \
    X(AOF_WRITE_SOLVED,    WARNING, 1, "aof-write-solved", "AOF write error looks solved, Redis can write again.", "", "", "") \
    X(AOF_WRITE_FATAL,     WARNING, 1, "aof-write-fatal",                                           \
      "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...", "", "", "") \
    X(AOF_REOPENED,        WARNING, 0, "aof-reopened",   "AOF reopen, just ignore the last error.", "", "", "") \
    X(AOF_MANIFEST_FAILED, WARNING, 0, "aof-manifest",                                              \
      "Error trying to write the temporary AOF manifest file temp-appendonly.aof.manifest: No "      \
      "space left on device", "", "", "")                                                            \
    X(AOF_CHILD_FAILED,    WARNING, 0, "aof-child",      "Write error writing append only file on disk: No space left on device", "", "", "") \
    X(AOF_REWRITE_FAILED,  WARNING, 1, "aof-rewrite-failed", "Background AOF rewrite terminated with error", "", "", "") \
    X(AOF_TEMP_REMOVED,    NOTICE,  0, "aof-removed",    "Removing the temp incr aof file temp-appendonly.aof.incr in the background", "", "", "") \
    X(AOF_LIMITED,         WARNING, 0, "aof-limited",                                               \
      "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in %0 minutes", "minutes", "", "") \
    X(REPL_WRITE_ERROR,    WARNING, 1, "repl-write-error",                                          \
      "Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA "        \
      "synchronization: No space left on device", "", "", "")                                        \
    X(REPLICA_UNSAVED,     WARNING, 0, "replica-unsaved",                                           \
      "Replica is applying a command even though it is unable to write to disk.", "", "", "")        \
    X(PANIC_RULE,          WARNING, 0, "panic",          "------------------------------------------------", "", "", "") \
    X(PANIC,               WARNING, 0, "panic",          "!!! Software Failure. Press left mouse button to continue", "", "", "") \
    X(PANIC_WHY,           WARNING, 1, "panic",          "Guru Meditation: %s #server.c:3890", "", "", "")         \
    X(REDIS_CONF_UNWRITTEN, WARNING, 0, "rewrite-failed", "Failed after writing (0) bytes to tmp config file (No space left on device)", "", "", "") \
    X(REWRITTEN,           WARNING, 0, "rewritten",      "CONFIG REWRITE executed with success.", "", "", "") \
    X(REWRITE_FAILED,      WARNING, 0, "rewrite-failed", "CONFIG REWRITE failed: %s", "", "", "")
/* clang-format on */
#endif
