/* What a node says of itself as a process, a row a fact; see facts.h. */
#ifndef RCSIM_SIM_FACTS_NODE_H
#define RCSIM_SIM_FACTS_NODE_H
/* clang-format off */
#define RCS_NODE_FACTS(X)                                                                           \
    X(BOOT_CONF_NEW,       NOTICE,  1, "boot",           "No cluster configuration found, I'm %n", "", "", "") \
    X(BOOT_CONF_LOADED,    NOTICE,  1, "boot",           "Node configuration loaded, I'm %n", "", "", "")      \
    X(BOOT_MODE,           NOTICE,  0, "boot-mode",      "Running mode=cluster, port=%0.", "port", "", "")     \
    X(BOOT_INITIALIZED,    WARNING, 0, "boot-init",      "Server initialized", "", "", "")                     \
    X(BOOT_READY,          NOTICE,  0, "boot-ready",     "Ready to accept connections", "", "", "")
/* clang-format on */
#endif
