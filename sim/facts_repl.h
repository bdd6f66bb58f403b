/* What replication decides and says, a row a fact; see facts.h. */
#ifndef RCSIM_SIM_FACTS_REPL_H
#define RCSIM_SIM_FACTS_REPL_H
/* clang-format off */
#define RCS_REPL_FACTS(X)                                                                           \
    X(REPL_CONNECTING,     NOTICE,  1, "repl-connecting", "Connecting to MASTER %s:%0", "port", "", "")    \
    X(REPL_STARTED,        NOTICE,  0, "repl-started",   "MASTER <-> REPLICA sync started", "", "", "")
/* clang-format on */
#endif
