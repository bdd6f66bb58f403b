/* What the cluster layer decides and says, a row a fact; see facts.h. */
#ifndef RCSIM_SIM_FACTS_CLUSTER_H
#define RCSIM_SIM_FACTS_CLUSTER_H
/* clang-format off */
#define RCS_CLUSTER_FACTS(X)                                                                        \
    /* constant, level, milestone, name in traces, text (NULL: real servers log nothing), fields */ \
    X(HANDSHAKE_STARTED,   NONE,    1, "handshake",      NULL, "", "", "")                                     \
    X(HANDSHAKE_DONE,      NONE,    1, "known",          NULL, "", "", "")                                     \
    X(HANDSHAKE_TIMEOUT,   NONE,    1, "handshake-lost", NULL, "", "", "")                                     \
    X(NODE_ADOPTED,        NONE,    1, "adopted",        NULL, "flags", "", "")                                \
    X(NODE_FORGOTTEN,      NONE,    1, "forgot",         NULL, "", "", "")                                     \
    X(NODE_NOADDR,         NONE,    1, "noaddr",         NULL, "", "", "")                                     \
    X(IP_LEARNED,          WARNING, 1, "own-ip",         "IP address for this node updated to %s", "", "", "") \
    X(ADDRESS_UPDATED,     WARNING, 1, "address",        "Address updated for node %n, now %s:%0", "port", "", "") \
    X(PFAIL_SET,           DEBUG,   1, "pfail",          "*** NODE %n possibly failing", "ping_age_ms", "data_age_ms", "timeout_ms") \
    X(PFAIL_CLEARED,       NONE,    1, "pfail-cleared",  NULL, "", "", "")                                     \
    X(REPORTED,            VERBOSE, 0, "reported",       "Node %m reported node %n as not reachable.", "", "", "") \
    X(REPORT_WITHDRAWN,    VERBOSE, 0, "withdrawn",      "Node %m reported node %n is back online.", "", "", "") \
    X(FAIL_QUORUM,         NOTICE,  1, "fail",           "Marking node %n as failing (quorum reached).", "reports", "needed", "") \
    X(FAIL_RECEIVED,       NOTICE,  1, "fail-received",  "FAIL message received from %m about %n", "", "", "")  \
    X(FAIL_UNKNOWN,        NOTICE,  0, "fail-ignored",   "Ignoring FAIL message from unknown node %m about %n", "", "", "") \
    X(FAIL_CLEARED_REPLICA, NOTICE, 1, "fail-cleared",   "Clear FAIL state for node %n: replica is reachable again.", "", "", "") \
    X(FAIL_CLEARED_EMPTY,  NOTICE,  1, "fail-cleared",   "Clear FAIL state for node %n: master without slots is reachable again.", "", "", "") \
    X(FAIL_CLEARED_MASTER, NOTICE,  1, "fail-cleared",   "Clear FAIL state for node %n: is reachable again and nobody is serving its slots after some time.", "failed_for_ms", "", "") \
    X(STATE_OK,            WARNING, 1, "state-ok",       "Cluster state changed: ok", "size", "reachable", "waited_ms")   \
    X(STATE_FAIL,          WARNING, 1, "state-fail",     "Cluster state changed: fail", "size", "reachable", "uncovered") \
    X(ELECTION_DELAYED,    WARNING, 1, "election-delayed", "Start of election delayed for %0 milliseconds (rank #%1, offset %2).", "delay_ms", "rank", "offset") \
    X(ELECTION_RANK,       WARNING, 1, "election-rank",  "Replica rank updated to #%0, added %1 milliseconds of delay.", "rank", "added_ms", "") \
    X(ELECTION_STARTED,    WARNING, 1, "election-started", "Starting a failover election for epoch %0.", "epoch", "needed", "") \
    X(ELECTION_BLOCKED,    WARNING, 1, "election-blocked", "Currently unable to failover: %s", "reason", "", "") \
    X(VOTE_RECEIVED,       NONE,    1, "vote-received",  NULL, "votes", "needed", "epoch")                     \
    X(ELECTION_WON,        WARNING, 1, "election-won",   "Failover election won: I'm the new master.", "votes", "needed", "epoch") \
    X(EPOCH_WON,           WARNING, 1, "epoch-won",      "configEpoch set to %0 after successful failover", "epoch", "", "") \
    X(VOTE_GRANTED,        WARNING, 1, "vote-granted",   "Failover auth granted to %n for epoch %0", "epoch", "", "") \
    X(VOTE_OLD_EPOCH,      WARNING, 1, "vote-denied",    "Failover auth denied to %n: reqEpoch (%0) < curEpoch(%1)", "request_epoch", "current_epoch", "") \
    X(VOTE_TWICE,          WARNING, 1, "vote-denied",    "Failover auth denied to %n: already voted for epoch %0", "epoch", "", "") \
    X(VOTE_IS_MASTER,      WARNING, 1, "vote-denied",    "Failover auth denied to %n: it is a master node", "", "", "") \
    X(VOTE_NO_MASTER,      WARNING, 1, "vote-denied",    "Failover auth denied to %n: I don't know its master", "", "", "") \
    X(VOTE_MASTER_UP,      WARNING, 1, "vote-denied",    "Failover auth denied to %n: its master is up", "", "", "") \
    X(VOTE_TOO_SOON,       WARNING, 1, "vote-denied",    "Failover auth denied to %n: can't vote about this master before %0 milliseconds", "wait_ms", "", "") \
    X(VOTE_SLOT_EPOCH,     WARNING, 1, "vote-denied",    "Failover auth denied to %n: slot %0 epoch (%1) > reqEpoch (%2)", "slot", "slot_epoch", "request_epoch") \
    X(MF_ACCEPTED,         WARNING, 1, "failover-asked", "Manual failover user request accepted.", "", "", "")     \
    X(MF_FORCED,           WARNING, 1, "failover-forced", "Forced failover user request accepted.", "", "", "")    \
    X(MF_TAKEOVER,         WARNING, 1, "takeover",       "Taking over the master (user request).", "", "", "")     \
    X(MF_REQUESTED,        WARNING, 1, "failover-requested", "Manual failover requested by replica %n.", "", "", "") \
    X(MF_OFFSET,           WARNING, 1, "failover-offset", "Received replication offset for paused master manual failover: %0", "master_offset", "my_offset", "") \
    X(MF_READY,            WARNING, 1, "failover-ready", "All master replication stream processed, manual failover can start.", "offset", "", "") \
    X(MF_TIMEOUT,          WARNING, 1, "failover-timeout", "Manual failover timed out.", "", "", "")               \
    X(PROMOTED,            NONE,    1, "promoted",       NULL, "epoch", "slots", "")                            \
    X(FOLLOWS_CLAIM,       WARNING, 1, "follows",        "Configuration change detected. Reconfiguring myself as a replica of %n", "epoch", "", "") \
    X(FOLLOWS_GRANDMASTER, WARNING, 1, "follows-grandmaster", "I'm a sub-replica! Reconfiguring myself as a replica of grandmaster %n", "", "", "") \
    X(FOLLOWS_ORPHAN,      WARNING, 1, "follows-orphan", "Migrating to orphaned master %n", "", "", "")             \
    X(FOLLOWS_COMMAND,     NONE,    1, "replicates",     NULL, "", "", "")                                     \
    X(PEER_MASTER,         NONE,    1, "peer-master",    NULL, "", "", "")                                     \
    X(PEER_REPLICA,        NONE,    1, "peer-replica",   NULL, "", "", "")                                     \
    X(SLOTS_CLAIMED,       NONE,    1, "slots",          NULL, "slots", "epoch", "")                           \
    X(SLOTS_ADDED,         NONE,    1, "slots-added",    NULL, "slots", "", "")                                \
    X(SLOTS_DELETED,       NONE,    1, "slots-deleted",  NULL, "slots", "", "")                                \
    X(SLOT_TAKEN_AT_START, WARNING, 1, "slot-taken",     "I have keys for unassigned slot %0. Taking responsibility for it.", "slot", "", "") \
    X(SLOT_IMPORTING_AT_START, WARNING, 1, "slot-importing", "I have keys for slot %0, but the slot is assigned to another node. Setting it to importing state.", "slot", "", "") \
    X(KEYS_DROPPED,        NONE,    1, "keys-dropped",   NULL, "slot", "keys", "")                             \
    X(UPDATE_SENT,         VERBOSE, 0, "update-sent",    "Node %m has old slots configuration, sending an UPDATE message about %n", "", "", "") \
    X(UPDATE_ABOUT_MYSELF, WARNING, 1, "update-ignored", "Discarding UPDATE message about myself.", "", "", "")    \
    X(EPOCH_BUMPED,        WARNING, 1, "epoch-bumped",   "New configEpoch set to %0", "epoch", "", "")             \
    X(EPOCH_COLLISION,     VERBOSE, 1, "epoch-collision", "WARNING: configEpoch collision with node %n. configEpoch set to %0", "epoch", "", "") \
    X(EPOCH_SET,           WARNING, 1, "epoch-set",      "configEpoch set to %0 via CLUSTER SET-CONFIG-EPOCH", "epoch", "", "") \
    X(EPOCH_IMPORT,        WARNING, 0, "epoch-import",   "configEpoch updated after importing slot %0", "slot", "", "") \
    X(EPOCH_RESET,         WARNING, 1, "epoch-reset",    "configEpoch set to 0 via CLUSTER RESET HARD", "", "", "") \
    X(HARD_RESET,          NOTICE,  1, "reset",          "Node hard reset, now I'm %n", "", "", "")                \
    X(HANDSHAKE_KNOWN,     VERBOSE, 0, "handshake-known", "Handshake: we already know node %n, updating the address if needed.", "", "", "") \
    X(LINK_FAILED,         VERBOSE, 0, "link-failed",    "Connection with Node %n at %s:%0 failed: %t", "port", "", "") \
    X(LINK_LOST,           DEBUG,   0, "link-lost",      "I/O error reading from node link: %s", "", "", "") \
    X(LINK_UP,             DEBUG,   0, "link-up",        "Connecting with Node %n at %s:%0", "port", "", "") \
    X(LINK_UP_UNKNOWN,     DEBUG,   0, "link-up-unknown", "Connecting with Node %s at %t:%0", "port", "", "") \
    X(LINK_ACCEPTED,       VERBOSE, 0, "link-accepted",  "Accepting cluster node connection from %s:%0", "port", "", "") \
    X(BUS_WARNING,         WARNING, 0, "bus-warning",    "%s", "", "", "")                               \
    /* what 7.0 does not say, but later releases do */                                                    \
    X(ELECTION_VOTES,      NONE,    0, "election-votes", NULL, "needed", "votes", "")                      \
    X(SHARD_FAILOVER,      NONE,    0, "shard-failover", NULL, "epoch", "slots", "")                       \
    X(SHARD_STALE,         NONE,    0, "shard-stale",    NULL, "said_epoch", "known_epoch", "")            \
    X(SHARD_LEFT,          NONE,    0, "shard-left",     NULL, "slots", "", "")                            \
    X(SHARD_JOINED,        NONE,    0, "shard-joined",   NULL, "", "", "")                                 \
    X(SHARD_REPLICA,       NONE,    0, "shard-replica",  NULL, "", "", "")
/* clang-format on */
#endif
