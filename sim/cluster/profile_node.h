/* Lines of the release table that are not about the cluster: how a node replicates, what it writes
 * into its log and into its stream. Same shape as RCS_PROFILES; included by profile.h. */
#ifndef RCSIM_SIM_CLUSTER_PROFILE_NODE_H
#define RCSIM_SIM_CLUSTER_PROFILE_NODE_H

/* Whose history an RDB read at start restores. */
enum rcs_history { RCS_HISTORY_NONE, RCS_HISTORY_REPLICA, RCS_HISTORY_ALL };
/* How a time to live goes into the stream. */
enum rcs_expire_form { RCS_EXPIRE_VERBATIM, RCS_EXPIRE_PX, RCS_EXPIRE_PXAT };

/* clang-format off */
#define RCS_NODE_PROFILES(B, N, E)                                                                                   \
    /*                                3.0    4.0    5.0    6.0    6.2    7.0    7.2    7.4    valkey-8.0 */          \
    /* --- 1g, the replica's handshake: each answer is waited for before the next word; from 6.2 all that            \
     * comes before PSYNC is sent together. */                                                                       \
    B(handshake_in_steps,             yes,   yes,   yes,   yes,   no,    no,    no,    no,    no)                    \
    /* A link that is lost while an answer is awaited is read as an answer "-Reading from master: ...";              \
     * 7.0 has lines of its own for it. */                                                                           \
    B(reads_loss_as_answer,           yes,   yes,   yes,   yes,   yes,   no,    no,    no,    no)                    \
    /* REPLCONF version after capa (Valkey). */                                                                      \
    B(tells_version,                  no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* The first ACK follows the load of any RDB (Valkey), else of one that came without a file. */                  \
    B(acks_any_sync,                  no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* --- the master: a replica is called in sync when its first ACK after a diskless transfer is there;            \
     * from 7.0 when the transfer is over. */                                                                        \
    B(in_sync_with_ack,               yes,   yes,   yes,   yes,   yes,   no,    no,    no,    no)                    \
    /* When a child ends, a sync that waited begins whatever its delay; from 6.2 only if the delay is over. */       \
    B(child_end_starts_sync,          yes,   yes,   yes,   yes,   no,    no,    no,    no,    no)                    \
    /* The stream's PING is fed though no replica is there, and replicas ping their own. */                          \
    B(pings_without_replicas,         yes,   no,    no,    no,    no,    no,    no,    no,    no)                    \
    /* It goes on while a manual failover holds clients back, so that the offset moves on. */                        \
    B(pings_in_failover,              yes,   yes,   no,    no,    no,    no,    no,    no,    no)                    \
    /* A new id is taken before the link to the old master is given up, or after. */                                 \
    B(shifts_id_first,                no,    yes,   yes,   no,    no,    no,    no,    no,    no)                    \
    /* Replication id and offset read from dump.rdb (7.0: a master offers them as its second history). */            \
    E(history, RCS_HISTORY_, history, NONE,  REPLICA, REPLICA, REPLICA, REPLICA, ALL, ALL, ALL, ALL)                 \
    /* SET with EX and SETEX become SET with PX (6.2); with 7.0 all times become absolute. */                        \
    E(expire_form, RCS_EXPIRE_, expire_form, VERBATIM, VERBATIM, VERBATIM, VERBATIM, PX, PXAT, PXAT, PXAT, PXAT)     \
    /* The version of RDB in what DUMP writes, and the newest RESTORE takes. */                                      \
    N(rdb_version,                    6,     8,     9,     9,     9,     10,    11,    12,    11)                    \
    /* RESTORE with a time to live goes into the stream with the instant it means, as ABSTTL (5.0). */               \
    B(restores_until,                 no,    no,    yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* The append-only file is a base and increments (7.0); before, it is one, to whose rewriting child the parent  \
     * sends what comes in meanwhile. */                                                                              \
    B(aof_in_parts,                   no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    /* A rewritten one begins with an RDB (5.0; 4.0 can, if it is told to). */                                        \
    B(aof_has_preamble,               no,    no,    yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* The rewriting that `appendonly yes` asks for waits for the end of a child that saves (4.0). */                 \
    B(aof_start_waits,                no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* A child that rewrites the AOF is looked for at the exit though there is no AOF (7.0 finishShutdown). */        \
    B(exit_ends_any_rewrite,          no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    /* --- clients: RESET ends CLIENT NO-EVICT (7.2). */                                                             \
    B(reset_ends_no_evict,            no,    no,    no,    no,    no,    no,    yes,   yes,   yes)                   \
    /* --- the log: the year stands in the date (5.0). */                                                            \
    B(logs_year,                      no,    no,    yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* nodes.conf is read after the line that says the port (7.2). */                                                \
    B(conf_after_mode,                no,    no,    no,    no,    no,    no,    yes,   yes,   yes)
/* clang-format on */

#endif
