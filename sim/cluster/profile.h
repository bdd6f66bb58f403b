/* Which release of Redis or Valkey a node is: one table, a line a behaviour, a column a release.
 *
 * A profile is named by its series ("6.2") and stands for one release of it, the one that was
 * recorded ("6.2.16"). Lines say what a simulator can show; their sources are the commits and the
 * releases that brought them. Code asks for a behaviour, never for a number: only what a release
 * has or has not (commands, directives) is asked by `release`. Where every release does the same
 * there is no line. */
#ifndef RCSIM_SIM_CLUSTER_PROFILE_H
#define RCSIM_SIM_CLUSTER_PROFILE_H

#include <rcsim/bus.h>
#include <rcsim/nodes_text.h>

#include "sim/cluster/profile_node.h"

/* In the order of the columns below. Valkey 8.0 left Redis after 7.2: of what came with Redis 7.4
 * it has what its own column says. */
enum rcs_release {
    RCS_REDIS_3_0,
    RCS_REDIS_4_0,
    RCS_REDIS_5_0,
    RCS_REDIS_6_0,
    RCS_REDIS_6_2,
    RCS_REDIS_7_0,
    RCS_REDIS_7_2,
    RCS_REDIS_7_4,
    RCS_VALKEY_8_0,
    RCS_RELEASE_COUNT
};

/* Which nodes a packet's ping extensions go to. */
enum rcs_extend { RCS_EXTEND_NONE, RCS_EXTEND_ALL, RCS_EXTEND_ASKED };
enum rcs_info_form { RCS_INFO_TOTALS, RCS_INFO_TYPES, RCS_INFO_LIMIT };
enum rcs_mf_pace { RCS_PACE_CRON, RCS_PACE_START, RCS_PACE_SLEEP };
enum rcs_mf_pause { RCS_PAUSE_ALL, RCS_PAUSE_WRITES };
enum rcs_follow { RCS_FOLLOW_ALWAYS, RCS_FOLLOW_ALLOWED, RCS_FOLLOW_SHARD };
enum rcs_flatten { RCS_FLATTEN_NEVER, RCS_FLATTEN_SLOTS, RCS_FLATTEN_ROLE };
enum rcs_demoted { RCS_DEMOTED_DROP, RCS_DEMOTED_MOVE, RCS_DEMOTED_KEEP };
enum rcs_connect { RCS_CONNECT_CRON, RCS_CONNECT_ONCE };
enum rcs_sub_drop { RCS_SUB_DROP_ORDER, RCS_SUB_DROP_SYNC };

/* clang-format off */
/* B: yes or no. N: a number. E: a value of enum rcs_<first>, whose constants begin with the second. */
#define RCS_PROFILES(B, N, E)                                                                                        \
    /*                                3.0    4.0    5.0    6.0    6.2    7.0    7.2    7.4    valkey-8.0 */          \
    /* --- 1a, the wire: `ver`; 4.0 (a455e4b94) moved the port, added cport and myip; nodes of one version           \
     * drop the packets of the other. */                                                                             \
    N(bus_version,                    0,     1,     1,     1,     1,     1,     1,     1,     1)                     \
    /* Message types known: 5.0 MODULE, 7.0 PUBLISHSHARD. */                                                         \
    N(bus_types,                      9,     9,     10,    10,    10,    11,    11,    11,    11)                    \
    /* Gossip tells ping and pong times in seconds (8c829d9e4, 4.0), before in milliseconds cut to 32 bits. */       \
    B(gossip_seconds,                 no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* Ping extensions a release knows: types 0 to N-1 (5460c1004 hostname; 203b12e41 nodename,                      \
     * 070453eef forgotten node, 5032de50f shard id; Valkey a323dce89 client ips). A release with none               \
     * drops packets that carry one: their length is none it can explain. */                                         \
    N(extensions,                     0,     0,     0,     0,     0,     1,     4,     4,     6)                     \
    /* Who gets them: all, from 7.2 with the shard id in each; later only who showed that it knows                   \
     * them (6f0ddc9d9, not in 7.2.6 and 7.4.1; Valkey ebfb44062). */                                                \
    E(extend, RCS_EXTEND_, extend,    NONE,  NONE,  NONE,  NONE,  NONE,  ALL,   ALL,   ALL,   ASKED)                 \
    B(shard_ids,                      no,    no,    no,    no,    no,    no,    yes,   yes,   yes)                   \
    /* PUBLISH and PUBLISHSHARD with a 16-byte header to who knows it (Valkey e745e9c24). */                         \
    B(light_header,                   no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* Gossip may speak of the receiver itself (c1d2ac2a7 ends it). */                                               \
    B(gossips_receiver,               yes,   yes,   yes,   yes,   yes,   yes,   yes,   no,    no)                    \
    /* All nodes in PFAIL are appended to the gossip of a ping (02777bb25); before, two of three                     \
     * random picks beyond the first half asked for a failing node (233729fe7). */                                   \
    B(gossips_all_pfail,              no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* One ill-formed node id in a gossip section makes the whole section unheard (e12f2decc). */                    \
    B(checks_gossip_ids,              no,    no,    no,    no,    no,    no,    no,    yes,   yes)                   \
    /* A packet whose length does not fit is said in the log. */                                                     \
    B(logs_bad_length,                no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
                                                                                                                     \
    /* --- 1c, output: CLUSTER NODES and nodes.conf (b841f3ad1 cport; 5460c1004 host name; 203b12e41                 \
     * and 4c74dd986 auxiliary fields, in the file only). */                                                         \
    E(line_form, RCS_LINE_, nodes_form, PORT, CPORT, CPORT, CPORT, CPORT, NAME, NAME, NAME,  NAME)                   \
    E(line_form, RCS_LINE_, conf_form,  PORT, CPORT, CPORT, CPORT, CPORT, NAME, AUX,  AUX,   AUX)                    \
    /* A replica's line shows its master's epoch (938c35302), before the one it was last heard with. */              \
    B(shows_masters_epoch,            no,    no,    no,    yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* Message counters of CLUSTER INFO: totals; by type (c5d6f577f, 4.0); and links cut (792afb443). */             \
    E(info_form, RCS_INFO_, info_form, TOTALS, TYPES, TYPES, TYPES, TYPES, LIMIT, LIMIT, LIMIT, LIMIT)               \
    /* CLUSTER SLOTS: node ids (3.2), ranges in the order of slots, not of nodes (6.2); replicas without data                  \
     * left out, and metadata (7.0). */                           \
    B(slots_tell_ids,                 no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    B(slots_in_order,                 no,    no,    no,    no,    yes,   yes,   yes,   yes,   yes)                   \
    B(slots_leave_out_empty,          no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    B(slots_tell_metadata,            no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    /* Valkey says primary where Redis says master. */                                                               \
    B(says_primary,                   no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
                                                                                                                     \
    /* --- 1d, failure: any packet of a node is life (00a3bc435, 5.0.10; 79de9d6c7, 6.0.2), before its PONGs. */     \
    B(any_data_is_life,               no,    no,    yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* A reconnect starts the ping clock though nobody answers; from 6.0 (b087dd1db) a connect that fails            \
     * does not. */                                                                                                  \
    B(connect_counts_as_ping,         yes,   yes,   yes,   no,    no,    no,    no,    no,    no)                    \
    /* Newer pong times are taken from gossip (8f7bf2841, 271733f4f). */                                             \
    B(takes_gossip_pong,              no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* Who sees the quorum tells all by FAIL: any node (c92464db6, 6.0.6), before masters only. */                   \
    B(all_broadcast_fail,             no,    no,    no,    yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* Only masters with slots count as reporters (Valkey db6d3c113). */                                             \
    B(reporters_own_slots,            no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* The only master marks FAIL what it holds for PFAIL (b3aaa0a13, 7.2.5). */                                     \
    B(alone_marks_fail,               no,    no,    no,    no,    no,    no,    yes,   yes,   yes)                   \
    /* A stranger in gossip: added with its id (3984dc653, 5.0.10, 6.0.5), before by a handshake that                \
     * could merge two clusters. */                                                                                  \
    B(adds_strangers,                 no,    no,    yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* The address of a failing node is taken from gossip that sees it healthy (4.0); before, any other address      \
     * is asked who is there. */                                                                                     \
    B(updates_gossip_address,         no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* A link accepted belongs to the node that first spoke on it (7.0); before, each packet is its sender's. */     \
    B(binds_inbound,                  no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    /* MEET is said again until a PONG came (Valkey a81c32079). */                                                   \
    B(repeats_meet,                   no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
                                                                                                                     \
    /* --- 1e, elections: equal offsets are ranked by name, and a rank may fall (Valkey 59aa00823). */               \
    B(ranks_by_name,                  no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* A replica stands only if its master owns slots. */                                                            \
    B(needs_slots_of_master,          yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes,   no)                    \
    /* A new master ends the election that was under way (Valkey 15a829023). */                                      \
    B(follow_ends_election,           no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* A vote is on disk before its ACK leaves (533d0e037; 3.2.12, 4.0.9). */                                        \
    B(saves_vote_first,               no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* Steps of a manual failover: each waits for the cron; but not the start of the election (a16da7922);           \
     * none does, and MFSTART is answered by a PING (7fa56dd77, 6.2). */                                             \
    E(mf_pace, RCS_PACE_, mf_pace,    CRON,  CRON,  START, START, SLEEP, SLEEP, SLEEP, SLEEP, SLEEP)                 \
    /* What its old master holds back: all clients; writes (6.2). */                                                 \
    E(mf_pause, RCS_PAUSE_, mf_pause, ALL,   ALL,   ALL,   ALL,   WRITES, WRITES, WRITES, WRITES, WRITES)            \
    /* Nothing is said of a failover that cannot be while it may still go well; Valkey says it at once. */            \
    B(cant_waits_for_timeout,         yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes,   no)                    \
    /* How often "can't fail over" is said again, ms (395d801a2). */                                                 \
    N(cant_relog_ms,                  300000, 300000, 300000, 300000, 300000, 300000, 10000, 10000, 1000)            \
                                                                                                                     \
    /* --- 1f, slots: whether a replica goes with the last slot of its master: always; if the sender is              \
     * its master's taker or replica migration is allowed (6.2.2); or of one shard (Valkey). */                      \
    E(follow, RCS_FOLLOW_, follow,    ALWAYS, ALWAYS, ALWAYS, ALWAYS, ALLOWED, ALLOWED, ALLOWED, ALLOWED, SHARD)     \
    /* A replica of a replica turns to the master's master: when slots change hands (b53c7f2c0, 42e4241ec),          \
     * or as soon as the role is heard (Valkey 66d0f7d9a, 6e7af9471). */                                             \
    E(flatten, RCS_FLATTEN_, flatten, NEVER, NEVER, NEVER, NEVER, NEVER, SLOTS, SLOTS, SLOTS, ROLE)                  \
    /* The slots of a master that says it is a replica now: nobody's; its new master's if of one shard               \
     * (28976a900, 7.4); still its own until the new one speaks (Valkey). */                                         \
    E(demoted, RCS_DEMOTED_, demoted, DROP,  DROP,  DROP,  DROP,  DROP,  DROP,  DROP,  MOVE,  KEEP)                  \
    /* Slots that their owner stopped claiming are remembered, and no UPDATE is about them (1190f25ca, 7.0.13). */   \
    B(remembers_not_claiming,         no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    /* SETSLOT NODE that takes my last slot makes me a replica of who got it (b53c7f2c0). */                         \
    B(setslot_may_demote,             no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    /* Open slots follow a new master, and replicas keep them (Valkey 6e7af9471, aad6769a8). */                      \
    B(open_slots_follow,              no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* Only a master's packet is looked at for slots, and a new master's always (Valkey 66d0f7d9a). */                \
    B(masters_claim_slots,            no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* Only a master's packet raises the epoch it is known by (Valkey 66d0f7d9a). */                                 \
    B(masters_tell_epochs,            no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* A replica's epoch is read from nodes.conf; from 7.0.3 (091701f36) it is 0. */                                 \
    B(loads_replica_epoch,            yes,   yes,   yes,   yes,   yes,   no,    no,    no,    no)                    \
    /* REPLICATE is told to all at once, asks for a full sync, and does nothing about the master it has (Valkey). */ \
    B(replicate_tells_all,            no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* A replica of another shard's master takes none of its old data along (Valkey ecbfb6a7e). */                   \
    B(other_shard_resyncs,            no,    no,    no,    no,    no,    no,    no,    no,    yes)                   \
    /* SETSLOT names masters only (7.0). */                                                                           \
    B(setslot_asks_for_masters,       no,    no,    no,    no,    no,    yes,   yes,   yes,   yes)                   \
    /* FORGET is gossiped, and said again of who is forgotten already it is OK (5032de50f). */                                                                            \
    B(gossips_forget,                 no,    no,    no,    no,    no,    no,    yes,   yes,   yes)                   \
                                                                                                                     \
    /* --- 1g, replication: connects to a new master at the next 1 s cron, or at once (c17e597d0). */                \
    E(connect, RCS_CONNECT_, connect, CRON,  CRON,  CRON,  CRON,  ONCE,  ONCE,  ONCE,  ONCE,  ONCE)                  \
    /* PSYNC with a second replication id: partial resync across a failover (4.0). */                                \
    B(psync2,                         no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)                   \
    /* A diskless sync begins at the next cron after its delay even if that is 0. */                                 \
    B(diskless_waits_for_cron,        yes,   yes,   yes,   yes,   no,    no,    no,    no,    no)                    \
    /* A replica's own replicas are dropped when it gets another master, or when that one's full sync                \
     * begins to load (cee3d67f5, 7.0). */                                                                           \
    E(sub_drop, RCS_SUB_DROP_, sub_drop, ORDER, ORDER, ORDER, ORDER, ORDER, SYNC, SYNC, SYNC, SYNC)                  \
    /* A promoted replica drops its own replicas, which come back by partial resync (PSYNC2). */                     \
    B(promotion_drops_replicas,       no,    yes,   yes,   yes,   yes,   yes,   yes,   yes,   yes)
/* clang-format on */

struct rcs_profile {
    enum rcs_release release;
    const char *name;    /* "6.2" */
    const char *version; /* the release it stands for: "6.2.16"; of Valkey "8.0.1" */
    const char *title;   /* for people: "Redis 6.2.16", "Valkey 8.0.1" */
    const char *full;    /* the other name it may be asked for by: "6.2.16", "valkey-8.0.1" */
#define B(name, ...)               bool name;
#define N(name, ...)               int name;
#define E(type, prefix, name, ...) enum rcs_##type name;
    RCS_PROFILES(B, N, E) RCS_NODE_PROFILES(B, N, E)
#undef B
#undef N
#undef E
};

/* How the release reads the bus. */
struct rcs_bus_dialect rcs_profile_dialect(const struct rcs_profile *profile);

/* By series or by release: "6.2", "6.2.16", "valkey-8.0", "valkey-8.0.1". NULL: not modelled. */
const struct rcs_profile *rcs_profile_find(const char *name);
/* The i-th of the table, NULL past the end. */
const struct rcs_profile *rcs_profile_at(unsigned index);
/* That of Redis 7.0. */
const struct rcs_profile *rcs_profile_default(void);
/* RCS_ERR_UNKNOWN: `diag` says what releases there are, and which is nearest. */
enum rcs_err rcs_profile_refuse(const char *name, struct rcs_diag *diag);

#endif
