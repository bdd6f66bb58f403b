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
    X(SHUTDOWN_BYE,        WARNING, 0, "shutdown-bye",   "Redis is now ready to exit, bye bye...", "", "", "")
/* clang-format on */
#endif
