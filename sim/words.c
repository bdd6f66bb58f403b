#include "sim/words.h"

#include <string.h>

#include "sim/pure.h"

#define R30 RCS_REDIS_3_0
#define R40 RCS_REDIS_4_0
#define R50 RCS_REDIS_5_0
#define R60 RCS_REDIS_6_0
#define R62 RCS_REDIS_6_2
#define R70 RCS_REDIS_7_0
#define R72 RCS_REDIS_7_2
#define R74 RCS_REDIS_7_4
#define V80 RCS_VALKEY_8_0

struct row {
    uint16_t fact; /* enum rcs_fact_code */
    uint8_t first, last;
    uint8_t level;
    const char *text;
};

#define W(fact, first, last, level, text)                                                          \
    {                                                                                              \
        RCS_FACT_##fact, first, last, RCS_LEVEL_##level, text                                      \
    }

/* clang-format off */
static const struct row rows[] = {
    /* --- the process ------------------------------------------------------------------------- */
    W(BOOT_STARTING,    R30, R30, NONE,    NULL),
    W(BOOT_STARTING,    R72, R74, NOTICE,  "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"),
    W(BOOT_STARTING,    V80, V80, NOTICE,  "oO0OoO0OoO0Oo Valkey is starting oO0OoO0OoO0Oo"),
    W(BOOT_VERSION,     R30, R30, NONE,    NULL),
    W(BOOT_VERSION,     R72, R74, NOTICE,  "Redis version=%s, bits=64, commit=00000000, modified=0, pid=%2, just started"),
    W(BOOT_VERSION,     V80, V80, NOTICE,  "Valkey version=%s, bits=64, commit=00000000, modified=0, pid=%2, just started"),
    W(BOOT_CONFIGURED,  R30, R30, NONE,    NULL),
    W(BOOT_CONFIGURED,  R72, V80, NOTICE,  "Configuration loaded"),
    W(BOOT_CLOCK,       R30, R60, NONE,    NULL),
    W(BOOT_MODE,        R30, R30, NONE,    NULL), /* stands in the picture that 3.0 prints here */
    W(BOOT_INITIALIZED, R30, R30, WARNING, "Server started, Redis version %s"),
    W(BOOT_INITIALIZED, R72, V80, NOTICE,  "Server initialized"),
    W(BOOT_READY,       R30, R30, NOTICE,  "The server is now ready to accept connections on port %0"),
    W(BOOT_READY,       R72, V80, NOTICE,  "Ready to accept connections tcp"),
    W(SHUTDOWN,         R72, V80, NOTICE,  "User requested shutdown..."),
    W(SHUTDOWN_REPLICAS, R30, R62, NONE,   NULL),
    W(SHUTDOWN_WAITING, R30, R62, NONE,    NULL),
    W(SHUTDOWN_ABORTED, R30, R62, NONE,    NULL),
    W(REWRITTEN,        R72, V80, NOTICE,  "CONFIG REWRITE executed with success."),
    W(SHUTDOWN_CONF,    V80, V80, NOTICE,  "Saving the cluster configuration file before exiting."),
    W(SHUTDOWN_KILLS,   R30, R50, NONE,    NULL),
    W(SHUTDOWN_FAILED,  R30, R62, WARNING,
      "SIGTERM received but errors trying to shut down the server, check the logs for more information"),
    W(CHILD_SIGNALLED,  R30, R50, NONE,    NULL),
    W(SHUTDOWN_BYE,     V80, V80, WARNING, "Valkey is now ready to exit, bye bye..."),

    /* --- a full disk --------------------------------------------------------------------------- */
    W(CONF_UNWRITTEN,   R72, V80, WARNING, "Failed after writing (0) bytes to tmp cluster config file: No space left on device"),
    W(SAVE_FAILED,      R30, R62, WARNING, "Write error saving DB on disk: No space left on device"),
    W(SAVE_FAILED,      R72, V80, WARNING, "Write error while saving DB to the disk(%s): No space left on device"),
    W(AOF_REOPENED,     R30, R60, NONE,    NULL),
    W(AOF_TEMP_REMOVED, R30, R62, NONE,    NULL),
    W(REPL_WRITE_ERROR, R30, R40, WARNING,
      "Write error or short write writing to the DB dump file needed for MASTER <-> SLAVE "
      "synchronization: No space left on device"),
    W(REPL_WRITE_ERROR, V80, V80, WARNING,
      "Write error or short write writing to the DB dump file needed for PRIMARY <-> REPLICA "
      "synchronization: No space left on device"),
    W(PANIC_WHY,        R72, R72, WARNING, "Guru Meditation: %s #server.c:4037"),
    W(PANIC_WHY,        R74, R74, WARNING, "Guru Meditation: %s #server.c:4075"),
    W(PANIC_WHY,        V80, V80, WARNING, "Guru Meditation: %s #server.c:4030"),
    W(REDIS_CONF_UNWRITTEN, R30, R50, NONE, NULL),
    W(AOF_MANIFEST_FAILED, R30, R62, NONE, NULL),
    W(AOF_LIMITED,      R30, R62, NONE,    NULL),
    W(SHUTDOWN_LOST,    R30, R62, NONE,    NULL),
    W(REPLICA_UNSAVED,  R30, R62, NONE,    NULL),
    W(AOF_WRITE_SOLVED, R72, R74, NOTICE,  "AOF write error looks solved, Redis can write again."),
    W(AOF_WRITE_SOLVED, V80, V80, NOTICE,  "AOF write error looks solved. The server can write again."),

    /* --- the cluster: what is believed of the others ------------------------------------------ */
    W(IP_LEARNED,       R72, V80, NOTICE,  "IP address for this node updated to %s"),
    W(ADDRESS_UPDATED,  R72, V80, NOTICE,  "Address updated for node %n (), now %s:%0"),
    W(PFAIL_SET,        V80, V80, NOTICE,  "NODE %n () possibly failing."),
    W(REPORTED,         R72, R74, VERBOSE, "Node %m () reported node %n () as not reachable."),
    W(REPORTED,         V80, V80, NOTICE,  "Node %m () reported node %n () as not reachable."),
    W(REPORT_WITHDRAWN, R72, R74, VERBOSE, "Node %m () reported node %n () is back online."),
    W(REPORT_WITHDRAWN, V80, V80, NOTICE,  "Node %m () reported node %n () is back online."),
    W(FAIL_QUORUM,      R72, V80, NOTICE,  "Marking node %n () as failing (quorum reached)."),
    W(FAIL_RECEIVED,    R72, V80, NOTICE,  "FAIL message received from %m () about %n ()"),
    W(FAIL_CLEARED_REPLICA, R30, R40, NOTICE, "Clear FAIL state for node %n: slave is reachable again."),
    W(FAIL_CLEARED_REPLICA, R72, R74, NOTICE, "Clear FAIL state for node %n ():replica is reachable again."),
    W(FAIL_CLEARED_REPLICA, V80, V80, NOTICE, "Clear FAIL state for node %n (): replica is reachable again."),
    W(FAIL_CLEARED_EMPTY, R72, R74, NOTICE, "Clear FAIL state for node %n ():master without slots is reachable again."),
    W(FAIL_CLEARED_EMPTY, V80, V80, NOTICE, "Clear FAIL state for node %n (): primary without slots is reachable again."),
    W(FAIL_CLEARED_MASTER, R72, V80, NOTICE, "Clear FAIL state for node %n (): is reachable again and nobody is serving its slots after some time."),
    W(STATE_OK,         R72, V80, NOTICE,  "Cluster state changed: ok"),
    W(HANDSHAKE_KNOWN,  R72, V80, VERBOSE, "Handshake: we already know node %n (), updating the address if needed."),
    W(LINK_ACCEPTED,    R30, R50, VERBOSE, "Accepted cluster node %s:%0"),

    /* --- elections ---------------------------------------------------------------------------- */
    W(ELECTION_DELAYED, R72, V80, NOTICE,  "Start of election delayed for %0 milliseconds (rank #%1, offset %2)."),
    W(ELECTION_RANK,    R30, R40, WARNING, "Slave rank updated to #%0, added %1 milliseconds of delay."),
    W(ELECTION_RANK,    R72, V80, NOTICE,  "Replica rank updated to #%0, added %1 milliseconds of delay."),
    W(ELECTION_STARTED, R72, V80, NOTICE,  "Starting a failover election for epoch %0."),
    W(ELECTION_BLOCKED, R72, V80, NOTICE,  "Currently unable to failover: %s"),
    W(ELECTION_VOTES,   R72, V80, NOTICE,  "Needed quorum: %0. Number of votes received so far: %1"),
    W(ELECTION_WON,     R72, R74, NOTICE,  "Failover election won: I'm the new master."),
    W(ELECTION_WON,     V80, V80, NOTICE,  "Failover election won: I'm the new primary."),
    W(EPOCH_WON,        R72, V80, NOTICE,  "configEpoch set to %0 after successful failover"),
    W(VOTE_GRANTED,     R72, V80, NOTICE,  "Failover auth granted to %n () for epoch %0"),
    W(VOTE_OLD_EPOCH,   R72, V80, WARNING, "Failover auth denied to %n (): reqEpoch (%0) < curEpoch(%1)"),
    W(VOTE_TWICE,       R72, V80, WARNING, "Failover auth denied to %n (): already voted for epoch %0"),
    W(VOTE_IS_MASTER,   R72, R74, WARNING, "Failover auth denied to %n (): it is a master node"),
    W(VOTE_IS_MASTER,   V80, V80, WARNING, "Failover auth denied to %n () for epoch %0: it is a primary node"),
    W(VOTE_NO_MASTER,   R72, R74, WARNING, "Failover auth denied to %n (): I don't know its master"),
    W(VOTE_NO_MASTER,   V80, V80, WARNING, "Failover auth denied to %n () for epoch %0: I don't know its primary"),
    W(VOTE_MASTER_UP,   R72, R74, WARNING, "Failover auth denied to %n (): its master is up"),
    W(VOTE_MASTER_UP,   V80, V80, WARNING, "Failover auth denied to %n () for epoch %0: its primary is up"),
    W(VOTE_TOO_SOON,    R72, R74, WARNING, "Failover auth denied to %n : can't vote about this master before %0 milliseconds"),
    W(VOTE_TOO_SOON,    V80, V80, WARNING, "Failover auth denied to %n : can't vote about this primary before %0 milliseconds"),
    W(VOTE_SLOT_EPOCH,  R72, V80, WARNING, "Failover auth denied to %n (): slot %0 epoch (%1) > reqEpoch (%2)"),

    /* --- manual failover ---------------------------------------------------------------------- */
    W(MF_ACCEPTED,      R72, R74, NOTICE,  "Manual failover user request accepted."),
    W(MF_ACCEPTED,      V80, V80, NOTICE,  "Manual failover user request accepted (user request from '%s')."),
    W(MF_FORCED,        R72, R74, NOTICE,  "Forced failover user request accepted."),
    W(MF_FORCED,        V80, V80, NOTICE,  "Forced failover user request accepted (user request from '%s')."),
    W(MF_TAKEOVER,      R72, R74, NOTICE,  "Taking over the master (user request)."),
    W(MF_TAKEOVER,      V80, V80, NOTICE,  "Taking over the primary (user request from '%s')."),
    W(MF_REQUESTED,     R30, R40, WARNING, "Manual failover requested by slave %n."),
    W(MF_REQUESTED,     R72, V80, NOTICE,  "Manual failover requested by replica %n ()."),
    W(MF_OFFSET,        R72, R74, NOTICE,  "Received replication offset for paused master manual failover: %0"),
    W(MF_OFFSET,        V80, V80, NOTICE,  "Received replication offset for paused primary manual failover: %0"),
    W(MF_READY,         R72, R74, NOTICE,  "All master replication stream processed, manual failover can start."),
    W(MF_READY,         V80, V80, NOTICE,  "All primary replication stream processed, manual failover can start."),

    /* --- roles, slots, epochs ----------------------------------------------------------------- */
    W(FOLLOWS_CLAIM,    R72, R74, NOTICE,  "Configuration change detected. Reconfiguring myself as a replica of %n ()"),
    W(FOLLOWS_CLAIM,    V80, V80, NOTICE,  "Configuration change detected. Reconfiguring myself as a replica of node %n () in shard %s"),
    W(FOLLOWS_GRANDMASTER, R72, R74, NOTICE, "I'm a sub-replica! Reconfiguring myself as a replica of grandmaster %n ()"),
    W(FOLLOWS_GRANDMASTER, V80, V80, NOTICE, "I'm a sub-replica! Reconfiguring myself as a replica of %n from %m"),
    W(FOLLOWS_ORPHAN,   R72, R74, NOTICE,  "Migrating to orphaned master %n"),
    W(FOLLOWS_ORPHAN,   V80, V80, NOTICE,  "Migrating to orphaned primary %n () in shard %s"),
    W(SLOT_TAKEN_AT_START, R72, V80, NOTICE, "I have keys for unassigned slot %0. Taking responsibility for it."),
    W(SLOT_IMPORTING_AT_START, R72, R74, NOTICE, "I have keys for slot %0, but the slot is assigned to another node. Setting it to importing state."),
    W(SLOT_IMPORTING_AT_START, V80, V80, NOTICE, "I have keys for slot %0, but the slot is assigned to another node. Deleting keys in the slot."),
    W(UPDATE_ABOUT_MYSELF, R72, V80, NOTICE, "Discarding UPDATE message about myself."),
    W(EPOCH_BUMPED,     R72, V80, NOTICE,  "New configEpoch set to %0"),
    W(EPOCH_COLLISION,  R72, R74, VERBOSE, "WARNING: configEpoch collision with node %n (). configEpoch set to %0"),
    W(EPOCH_COLLISION,  V80, V80, NOTICE,  "configEpoch collision with node %n (). configEpoch set to %0"),
    W(EPOCH_SET,        R72, V80, NOTICE,  "configEpoch set to %0 via CLUSTER SET-CONFIG-EPOCH"),
    W(EPOCH_IMPORT,     R72, R74, NOTICE,  "configEpoch updated after importing slot %0"),
    W(EPOCH_IMPORT,     V80, V80, NOTICE,  "ConfigEpoch updated after importing slot %0"),
    W(EPOCH_RESET,      R72, V80, NOTICE,  "configEpoch set to 0 via CLUSTER RESET HARD"),

    /* --- shards: what is heard of their nodes --------------------------------------------------- */
    W(SHARD_FAILOVER,   R74, R74, NOTICE,  "A failover occurred in shard %s; node %n () lost %1 slot(s) to node %m () with a config epoch of %0"),
    W(SHARD_FAILOVER,   V80, V80, NOTICE,  "A failover occurred in shard %s; node %n () failed over to node %m () with a config epoch of %0"),
    W(SHARD_STALE,      R74, V80, NOTICE,  "Ignore stale message from %n () in shard %s; gossip config epoch: %0, current config epoch: %1"),
    W(SHARD_LEFT,       R74, R74, NOTICE,  "Node %n () is no longer master of shard %s; removed all %0 slot(s) it used to own"),
    W(SHARD_LEFT,       V80, V80, NOTICE,  "Node %n () is no longer primary of shard %s; removed all %0 slot(s) it used to own"),
    W(SHARD_JOINED,     R74, V80, NOTICE,  "Node %n () is now part of shard %s"),
    W(SHARD_REPLICA,    V80, V80, NOTICE,  "Node %n () is now a replica of node %m () in shard %s"),

    /* --- the replica -------------------------------------------------------------------------- */
    W(REPL_CONNECTING,  V80, V80, NOTICE,  "Connecting to PRIMARY %s:%0"),
    W(REPL_RECONNECTING, V80, V80, NOTICE, "Reconnecting to PRIMARY %s:%0"),
    W(REPL_RETRYING,    V80, V80, NOTICE,  "Reconnecting to PRIMARY %s:%0 after failure"),
    W(REPL_SYNTHESIZED, R40, R40, NOTICE,
      "Before turning into a slave, using my master parameters to synthesize a cached master: "
      "I may be able to synchronize with the new master with just a partial transfer."),
    W(REPL_SYNTHESIZED, R50, R50, NOTICE,
      "Before turning into a replica, using my master parameters to synthesize a cached master: "
      "I may be able to synchronize with the new master with just a partial transfer."),
    W(REPL_SYNTHESIZED, V80, V80, NOTICE,
      "Before turning into a replica, using my own primary parameters to synthesize a cached primary: "
      "I may be able to synchronize with the new primary with just a partial transfer."),
    W(REPL_DISCARDED,   V80, V80, NOTICE,  "Discarding previously cached primary state."),
    W(REPL_CACHED,      V80, V80, NOTICE,  "Caching the disconnected primary state."),
    W(REPL_SHIFTED,     R72, V80, NOTICE,  "Setting secondary replication ID to %s, valid up to offset: %0. New replication ID is %t"),
    W(REPL_STARTED,     R30, R40, NOTICE,  "MASTER <-> SLAVE sync started"),
    W(REPL_STARTED,     V80, V80, NOTICE,  "PRIMARY <-> REPLICA sync started"),
    W(REPL_NO_CONNECT,  V80, V80, WARNING, "Unable to connect to Primary: %s"),
    W(REPL_PONG,        V80, V80, NOTICE,  "Primary replied to PING, replication can continue..."),
    W(REPL_PING_ERROR,  V80, V80, WARNING, "Error reply to PING from primary: '%s'"),
    W(REPL_AUTH_ERROR,  V80, V80, WARNING, "Unable to AUTH to Primary: %s"),
    W(REPL_CONF_IGNORED, V80, V80, NOTICE, "(Non critical) Primary does not understand REPLCONF %s: %t"),
    W(REPL_HANDSHAKE_LOST, V80, V80, WARNING, "Primary did not respond to command during SYNC handshake"),
    W(REPL_PSYNC_LOST,  V80, V80, WARNING, "Primary did not reply to PSYNC, will try later"),
    W(REPL_NO_PARTIAL,  V80, V80, NOTICE,  "Partial resynchronization not possible (no cached primary)"),
    W(REPL_FULL,        V80, V80, NOTICE,  "Full resync from primary: %s:%0"),
    W(REPL_FULL_WRONG,  V80, V80, WARNING, "Primary replied with wrong +FULLRESYNC syntax."),
    W(REPL_PARTIAL,     V80, V80, NOTICE,  "Successful partial resynchronization with primary."),
    W(REPL_ID_CHANGED,  R72, R74, NOTICE,  "Master replication ID changed to %s"),
    W(REPL_ID_CHANGED,  V80, V80, NOTICE,  "Primary replication ID changed to %s"),
    W(REPL_ACCEPTED,    R30, R40, NOTICE,  "MASTER <-> SLAVE sync: Master accepted a Partial Resynchronization."),
    W(REPL_ACCEPTED,    V80, V80, NOTICE,  "PRIMARY <-> REPLICA sync: Primary accepted a Partial Resynchronization."),
    W(REPL_TRY_LATER,   V80, V80, NOTICE,  "Primary is currently unable to PSYNC but should be in the future: %s"),
    W(REPL_UNEXPECTED,  V80, V80, WARNING, "Unexpected reply to PSYNC from primary: %s"),
    W(REPL_NO_PSYNC,    V80, V80, NOTICE,  "Primary does not support PSYNC or is in error state (reply: %s)"),
    W(REPL_LOST,        R72, R74, NOTICE,  "Connection with master lost."),
    W(REPL_LOST,        V80, V80, NOTICE,  "Connection with primary lost."),
    W(REPL_CONNECT_TIMEOUT, V80, V80, WARNING, "Timeout connecting to the PRIMARY..."),
    W(REPL_BULK_TIMEOUT, V80, V80, WARNING,
      "Timeout receiving bulk data from PRIMARY... If the problem persists try to set the "
      "'repl-timeout' parameter in valkey.conf to a larger value."),
    W(REPL_MASTER_TIMEOUT, V80, V80, WARNING, "PRIMARY timeout: no data nor PING received..."),
    W(REPL_BULK_ERROR,  V80, V80, WARNING, "I/O error reading bulk count from PRIMARY: %s"),
    W(REPL_BULK_LOST,   V80, V80, WARNING, "I/O error trying to sync with PRIMARY: %s"),
    W(REPL_ABORTED,     V80, V80, WARNING, "PRIMARY aborted replication with an error: %s"),
    W(REPL_BAD_PROTOCOL, V80, V80, WARNING,
      "Bad protocol from PRIMARY, the first byte is not '$' (we received '%s'), are you sure the "
      "host and port are right?"),
    W(REPL_RECEIVE_EOF, R30, R40, NOTICE,  "MASTER <-> SLAVE sync: receiving streamed RDB from master"),
    W(REPL_RECEIVE_EOF, R50, R50, NOTICE,  "MASTER <-> REPLICA sync: receiving streamed RDB from master"),
    W(REPL_RECEIVE_EOF, V80, V80, NOTICE,  "PRIMARY <-> REPLICA sync: receiving streamed RDB from primary with EOF to disk"),
    W(REPL_RECEIVE_BYTES, R30, R40, NOTICE, "MASTER <-> SLAVE sync: receiving %0 bytes from master"),
    W(REPL_RECEIVE_BYTES, R50, R50, NOTICE, "MASTER <-> REPLICA sync: receiving %0 bytes from master"),
    W(REPL_RECEIVE_BYTES, V80, V80, NOTICE, "PRIMARY <-> REPLICA sync: receiving %0 bytes from primary to disk"),
    W(REPL_CHILD_IN_WAY, R30, R30, NONE,   NULL),
    W(REPL_CHILD_IN_WAY, V80, V80, NOTICE,
      "Replica is about to load the RDB file received from the primary, but there is a pending RDB "
      "child running. Killing process %0 and removing its temp file to avoid any race"),
    W(REPL_FLUSH,       R30, R40, NOTICE,  "MASTER <-> SLAVE sync: Flushing old data"),
    W(REPL_FLUSH,       V80, V80, NOTICE,  "PRIMARY <-> REPLICA sync: Flushing old data"),
    W(REPL_LOAD,        R30, R40, NOTICE,  "MASTER <-> SLAVE sync: Loading DB in memory"),
    W(REPL_LOAD,        V80, V80, NOTICE,  "PRIMARY <-> REPLICA sync: Loading DB in memory"),
    W(REPL_FINISHED,    R30, R40, NOTICE,  "MASTER <-> SLAVE sync: Finished with success"),
    W(REPL_FINISHED,    V80, V80, NOTICE,  "PRIMARY <-> REPLICA sync: Finished with success"),

    /* --- the master of replicas --------------------------------------------------------------- */
    W(SYNC_ASKED,       R30, R40, NOTICE,  "Slave %s asks for synchronization"),
    W(SYNC_WRONG_OFFSET, R30, R60, NONE,   NULL),
    W(SYNC_FULL_WANTED, R30, R40, NOTICE,  "Full resync requested by slave %s"),
    W(SYNC_ID_MISMATCH, R30, R30, NOTICE,
      "Partial resynchronization not accepted: Runid mismatch (Client asked for runid '%s', my "
      "runid is '%t')"),
    W(SYNC_ID_MISMATCH, R40, R40, NOTICE,
      "Partial resynchronization not accepted: Replication ID mismatch (Slave asked for '%s', my "
      "replication IDs are '%t')"),
    W(SYNC_NO_BACKLOG,  R30, R40, NOTICE,
      "Unable to partial resync with slave %s for lack of backlog (Slave request was: %0)."),
    W(SYNC_TOO_FAR,     R30, R40, WARNING,
      "Warning: slave %s tried to PSYNC with an offset that is greater than the master replication "
      "offset."),
    W(SYNC_TOO_FAR,     V80, V80, WARNING,
      "Warning: replica %s tried to PSYNC with an offset that is greater than the primary "
      "replication offset."),
    W(BACKLOG_CREATED,  R30, R50, NONE,    NULL),
    W(BACKLOG_FREED,    R30, R40, NOTICE,  "Replication backlog freed after %0 seconds without connected slaves."),
    W(SYNC_DELAYED,     R30, R30, NOTICE,  "Delay next BGSAVE for SYNC"),
    W(SYNC_CANNOT_ATTACH, R30, R30, NOTICE, "Waiting for next BGSAVE for SYNC"),
    W(SYNC_CANNOT_ATTACH, R40, R40, NOTICE, "Can't attach the slave to the current BGSAVE. Waiting for next BGSAVE for SYNC"),
    W(SYNC_SOCKET_BUSY, R30, R30, NOTICE,  "Waiting for next BGSAVE for SYNC"),
    W(SYNC_STARTED,     V80, V80, NOTICE,  "Starting BGSAVE for SYNC with target: %s using: normal sync"),
    W(SYNC_STREAMED,    R30, R40, NOTICE,
      "Streamed RDB transfer with slave %s succeeded (socket). Waiting for REPLCONF ACK from slave "
      "to enable streaming"),
    W(SYNC_STREAMED,    R72, V80, NOTICE,
      "Streamed RDB transfer with replica %s succeeded (socket). Waiting for REPLCONF ACK from "
      "replica to enable streaming"),
    W(SYNC_DONE,        R30, R40, NOTICE,  "Synchronization with slave %s succeeded"),
    W(REPLICA_LOST,     R30, R40, WARNING, "Connection with slave %s lost."),
    W(REPLICA_LOST,     R72, V80, NOTICE,  "Connection with replica %s lost."),
    W(REPLICA_TIMEOUT,  R30, R40, WARNING, "Disconnecting timedout slave: %s"),
    W(REPLICA_TIMEOUT,  R50, R50, WARNING, "Disconnecting timedout replica: %s"),

    /* --- RDB and AOF --------------------------------------------------------------------------- */
    W(AOF_FIRST_BASE,   R30, R62, NONE,    NULL), /* one file, whose name nobody says */
    W(AOF_NEW_INCR,     R30, R62, NONE,    NULL),
    W(AOF_TEMP_INCR,    R30, R62, NONE,    NULL),
    W(AOF_TEMP_RENAMED, R30, R62, NONE,    NULL),
    W(AOF_OLD_INCR,     R30, R62, NONE,    NULL),
    W(AOF_OLD_BASE,     R30, R62, NONE,    NULL),
    W(AOF_FROM_INCR,    R30, R62, NONE,    NULL),
    W(AOF_OPENED,       R30, R62, NONE,    NULL),
    W(AOF_READ_BASE,    R40, R62, NOTICE,  "Reading RDB preamble from AOF file..."),
    W(AOF_IS_BASE,      R30, R50, NONE,    NULL),
    W(AOF_IS_BASE,      R60, R62, NOTICE,  "RDB has an AOF tail"),
    W(AOF_FROM_BASE,    R40, R62, NOTICE,  "Reading the remaining AOF tail..."),
    W(AOF_ASKED,        R30, R62, NOTICE,  "AOF rewrite child asks to stop sending diffs."),
    W(AOF_AGREED,       R30, R62, NOTICE,  "Parent agreed to stop sending diffs. Finalizing AOF..."),
    W(AOF_DIFF,         R30, R62, NOTICE,  "Concatenating %0.00 MB of AOF diff received from parent."),
    W(AOF_CHILD_WROTE,  R30, R62, NOTICE,  "SYNC append only file rewrite performed"),
    W(AOF_CHILD_COW,    R30, R62, NOTICE,  "AOF rewrite: %0 MB of memory used by copy-on-write"),
    W(AOF_NEW_BASE,     R30, R62, NOTICE,  "Residual parent diff successfully flushed to the rewritten AOF (%2.00 MB)"),
    W(AOF_LATER,        R40, R50, WARNING,
      "AOF was enabled but there is already a child process saving an RDB file on disk. An AOF "
      "background was scheduled to start when possible."),
    W(AOF_LATER,        R72, V80, NOTICE,
      "AOF was enabled but there is already another background operation. An AOF background was "
      "scheduled to start when possible."),
    W(CHILD_TRANSFER,   V80, V80, NOTICE,  "Background RDB transfer started by pid %0 to pipe through parent process"),
    W(CHILD_COW,        R30, R62, NOTICE,  "RDB: %0 MB of memory used by copy-on-write"),
    W(CHILD_DRAINED,    R30, R50, NONE,    NULL), /* the child writes to the replicas' sockets itself */
    W(CHILD_DRAINED,    R72, V80, NOTICE,  "Diskless rdb transfer, done reading from pipe, %0 replicas still up."),
    W(CHILD_UNWANTED,   R30, R50, NONE,    NULL),
    W(CHILD_TRANSFER_KILLED, V80, V80, WARNING, "Background RDB transfer terminated by signal %0"),
    W(LOAD_VERSION,     R30, R50, NONE,    NULL),
    W(LOAD_VERSION,     V80, V80, NOTICE,  "Loading RDB produced by Valkey version %s"),
    W(LOAD_AGE,         R30, R50, NONE,    NULL),
    W(LOAD_MEMORY,      R30, R50, NONE,    NULL),
    W(LOAD_DONE,        R30, R60, NONE,    NULL),
    W(LOAD_DONE,        R62, R62, WARNING, "Done loading RDB, keys loaded: %0, keys expired: %1."),
};

/* Texts that are handed over: what is said in place of what 7.0 says, until a release. */
static const struct {
    const char *text;
    uint8_t last;
    const char *instead;
} arguments[] = {
    { "replicas sockets", R40, "slaves sockets" },
    { "Disconnected from master for longer than allowed. Please check the "
      "'cluster-replica-validity-factor' configuration option.", R40,
      "Disconnected from master for longer than allowed. Please check the "
      "'cluster-slave-validity-factor' configuration option." },
};
/* clang-format on */

struct rcs_words rcs_words(enum rcs_release release, enum rcs_fact_code code)
{
    if (release != RCS_REDIS_7_0) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            const struct row *row = &rows[i];
            if (row->fact == code && release >= row->first && release <= row->last) {
                return (struct rcs_words){ (enum rcs_level)row->level, row->text };
            }
        }
    }
    const struct rcs_fact_row *fact = rcs_fact_row(code);
    return (struct rcs_words){ fact->level, fact->text };
}

const char *rcs_words_argument(enum rcs_release release, const char *text)
{
    if (release < RCS_REDIS_7_0) {
        for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
            if (release <= arguments[i].last && strcmp(text, arguments[i].text) == 0) {
                return arguments[i].instead;
            }
        }
    }
    return text;
}
