/* One node's picture of the cluster, and what every file of this folder shares.
 *
 * A peer is any node this one knows, itself included. Peers are kept in a dense array indexed by
 * node id; nodes in handshake have no id yet and stand in a short list of their own. Times are
 * "node milliseconds": 32 bits, counted from RCS_NODE_MS_START at the world's beginning so that 0
 * can mean "never" and lies far in the past, as in Redis. */
#ifndef RCSIM_SIM_CLUSTER_CLUSTER_H
#define RCSIM_SIM_CLUSTER_CLUSTER_H

#include <rcsim/bus.h>

#include "sim/cluster/saved_config.h"
#include "sim/facts.h"
#include "sim/node/config.h"
#include "sim/node/effects.h"
#include "sim/rand.h"

#define RCS_NODE_MS_START 536871000  /* whole seconds; 6.2 days */
#define RCS_NODE_MS_MAX   2147000000 /* the last one: 18.6 days after the start */
#define RCS_NOT_QUIET     INT32_MAX
#define RCS_PEER_BLOCK    16u

enum rcs_link_state { RCS_LINK_CLOSED, RCS_LINK_CONNECTING, RCS_LINK_OPEN };

/* A known node as seen by this one: 64 bytes, a cache line. */
struct rcs_peer {
    /* what gossip composes and merges stands first */
    uint16_t flags; /* enum rcs_node_flag */
    rcs_addr addr;
    uint8_t link; /* enum rcs_link_state of the outbound link */
    bool known;
    rcs_text hostname;
    int32_t ping_sent_ms;     /* 0: none outstanding */
    int32_t pong_received_ms; /* stale while the peer is quiet: ask rcs_peer_pong */
    int32_t data_received_ms;
    int32_t fail_ms; /* when FAIL was set */
    int32_t link_created_ms;
    uint32_t inbound; /* RCS_LINK_NONE, or the bound inbound link */
    uint64_t config_epoch;
    int64_t repl_offset;
    rcs_id master;        /* RCS_ID_NONE, also for a replica whose master is unknown */
    rcs_id first_replica; /* list of its replicas in the order they came */
    rcs_id next_replica;  /* next in its master's list */
    uint16_t replica_count;
    int32_t voted_ms; /* when this node last voted for a replica of it */
    uint8_t counted;  /* what of it is in the counts of the table: cluster_state.c; RESET HARD */
    rcs_text shard;   /* 40 characters; 0 before 7.2 */
};
_Static_assert(sizeof(struct rcs_peer) == 64, "a peer is one cache line");

/* The flags and address of a quiet peer, dense as its pong time is: of a thousand peers of a
 * thousand nodes these eight bytes are what stays in the cache. Kept by rcs_peer_changed. */
struct rcs_face {
    uint16_t flags;
    rcs_addr addr;
};

/* A node in handshake: the far end's id is not known yet. */
struct rcs_handshake {
    char name[RCS_ID_LEN + 1]; /* a random one until the far end says its own */
    uint16_t flags;            /* HANDSHAKE, perhaps MEET */
    uint8_t link;              /* enum rcs_link_state */
    rcs_addr addr;
    int32_t created_ms;
    int32_t ping_sent_ms, pong_received_ms;
    int32_t link_created_ms;
    uint32_t number; /* its outbound link is RCS_LINK_HANDSHAKE + number */
};

/* Who says that a node is failing (Redis 7.0 clusterNodeFailReport). Ascending by reporter. */
struct rcs_fail_report {
    rcs_id reporter;
    int32_t at_ms;
};
struct rcs_fail_reports {
    rcs_id about;
    uint16_t count, room;
    uint16_t told; /* how many were last said to be too few */
    struct rcs_fail_report *list;
};

enum rcs_todo {
    RCS_TODO_HANDLE_FAILOVER = 1,
    RCS_TODO_UPDATE_STATE = 2,
    RCS_TODO_SAVE_CONFIG = 4,
    RCS_TODO_FSYNC_CONFIG = 8,
    RCS_TODO_HANDLE_MANUALFAILOVER = 16
};

enum rcs_cant_failover {
    RCS_CANT_NONE,
    RCS_CANT_DATA_AGE,
    RCS_CANT_WAITING_DELAY,
    RCS_CANT_EXPIRED,
    RCS_CANT_WAITING_VOTES
};

/* What the cluster layer asks of the node around it. The functions act at once, in the order of the
 * calls, as they do in Redis; they do not call back into the cluster layer. */
struct rcs_cluster_host {
    void *node;
    /* replicationSetMaster: replicate the node at `addr` (0: address unknown, connect later). */
    void (*set_master)(void *node, rcs_addr addr);
    /* The master that set_master names next is of another shard: nothing is kept or made up for a
     * partial resync with it. */
    void (*forget_history)(void *node);
    /* replicationUnsetMaster */
    void (*unset_master)(void *node);
    /* replicationGetSlaveOffset for a replica, master_repl_offset for a master. */
    int64_t (*offset)(const void *node);
    /* True while a master host is configured. */
    bool (*has_master_host)(const void *node);
    /* Milliseconds, from whole seconds, since the master was last heard; see Redis 7.0
     * clusterHandleSlaveFailover, data_age. */
    int64_t (*data_age_ms)(const void *node);
    unsigned (*slot_keys)(const void *node, unsigned slot);
    size_t (*keys)(const void *node);
    void (*drop_slot_keys)(void *node, unsigned slot);
    void (*drop_all_keys)(void *node);
    /* Holds back write commands until the node clock shows `until_ms` / lets them go. */
    void (*pause_writes)(void *node, int32_t until_ms);
    void (*unpause_writes)(void *node);
    /* PUBLISH (`sharded`: SPUBLISH) heard from the bus. */
    void (*publish)(void *node, const struct rcs_bus_msg *msg, bool sharded);
    /* True if anybody is subscribed to a shard channel here; then it is told of every slot this
     * node stops serving: its shard channels end. */
    bool (*shard_channels)(const void *node);
    void (*slot_lost)(void *node, unsigned slot);
    /* The process ends with status 1 here and now: what is done after this never happened. */
    void (*die)(void *node);
};

struct rcs_cluster {
    struct rcs_store *store;
    uint8_t bus_version; /* profile->bus_version */
    const struct rcs_config *config;
    const struct rcs_profile
        *profile; /* config->profile: no node changes its release while it runs */
    const struct rcs_cluster_host *host;
    struct rcs_effects *out; /* set for the length of a step */

    /* the clock, set at the beginning of a step */
    int32_t now_ms;
    int64_t wall_base_ms; /* wall clock = wall_base_ms + now_ms; whole seconds */

    /* the table */
    rcs_id myself;
    struct rcs_peer *peers;  /* indexed by id */
    int32_t *quiet_pong_ms;  /* by id: pong time of a peer about which there is nothing to look at
                              * (link there, no ping outstanding, no failure flag or report), else
                              * RCS_NOT_QUIET. Kept by rcs_peer_changed. */
    struct rcs_face *faces;  /* by id: what gossip tells of a quiet peer, beside its pong time */
    int32_t oldest_quiet_ms; /* no pong time in quiet_pong_ms is older; perhaps none is as old */
    unsigned room;           /* length of the arrays above, in whole RCS_PEER_BLOCKs */
    rcs_id *order;           /* known ids, ascending, myself included */
    unsigned known;          /* length of `order` */
    unsigned unquiet;        /* known peers, not myself, that are not quiet */
    unsigned linkless;       /* known peers, not myself, with no outbound link and an address */
    unsigned pfail_now;      /* known peers with PFAIL and an address */
    struct rcs_handshake *handshakes;
    unsigned handshake_count, handshake_room;
    uint32_t handshake_next;
    uint32_t *anonymous; /* inbound links not bound to a node yet */
    unsigned anonymous_count, anonymous_room;
    rcs_addr announced; /* what the header says: announced ip or "", client port, bus port */

    /* slots */
    struct rcs_slot_map *slots;          /* owner of each slot; shared with equal ones */
    const struct rcs_slot_set *no_slots; /* the empty set */
    struct rcs_slot_words *not_claiming; /* slots whose owner stopped claiming; NULL none */
    rcs_id *migrating, *importing;       /* RCS_SLOTS ids each, NULL none at all */

    /* epochs and votes */
    uint64_t current_epoch, last_vote_epoch;

    /* state */
    bool state_ok;
    int size;                                   /* masters with slots, at the last evaluation */
    int64_t first_update_ms, among_minority_ms; /* 0 never */
    uint32_t todo;                              /* enum rcs_todo */

    /* this node's elections */
    int64_t auth_ms; /* scheduled start, 0 never */
    int auth_count, auth_rank;
    bool auth_sent;
    uint64_t auth_epoch;
    enum rcs_cant_failover cant_reason;
    int64_t cant_logged_s; /* wall clock */

    /* manual failover */
    int64_t mf_end_ms;        /* 0 none */
    rcs_id mf_replica;        /* on the master */
    int64_t mf_master_offset; /* -1 unknown */
    const char *asked_by;     /* who gave the order at hand, for the log; NULL: not to be named */
    bool mf_can_start;

    /* failure reports, blacklist, orphans: short lists */
    struct rcs_fail_reports *reports;
    unsigned report_count, report_room;
    struct {
        rcs_id id;
        int64_t until_s;
    } * blacklist;
    unsigned blacklist_count, blacklist_room;
    int32_t *orphaned_ms; /* by id, NULL until needed */
    bool replicas_stale;  /* the three figures below must be counted again */
    unsigned orphaned_masters, max_replicas, this_replicas;

    /* the cron */
    int drop_filter; /* DEBUG DROP-CLUSTER-PACKET-FILTER: a message type, -1 none */
    uint32_t iteration;
    unsigned stats_pfail; /* pfail_now at the last tick */
    uint64_t sent[RCS_BUS_TYPE_COUNT], received[RCS_BUS_TYPE_COUNT];

    struct rcs_rand names, gossip, election;

    /* What of this was last said as a cause, so that it is said once; decides nothing. */
    struct {
        enum rcs_fact_code stand; /* why no election goes on; 0 nothing to tell */
        int64_t stand_number;
        unsigned state; /* bits of availability.c */
        enum rcs_fact_code migrate;
        rcs_id fail_kept;
        bool failover_behind;
    } told;

    /* the disk: while it is full nodes.conf has the blocks it has, room for so many bytes */
    bool disk_full;
    size_t conf_room_bytes;
};

static inline bool rcs_is_master(const struct rcs_peer *peer)
{
    return (peer->flags & RCS_NODE_MASTER) != 0;
}
static inline bool rcs_is_replica(const struct rcs_peer *peer)
{
    return (peer->flags & RCS_NODE_REPLICA) != 0;
}
static inline struct rcs_peer *rcs_myself(const struct rcs_cluster *cluster)
{
    return &cluster->peers[cluster->myself];
}
static inline struct rcs_peer *rcs_peer_find(const struct rcs_cluster *cluster, rcs_id id)
{
    return id < cluster->room && cluster->peers[id].known ? &cluster->peers[id] : NULL;
}
static inline int64_t rcs_wall_ms(const struct rcs_cluster *cluster)
{
    return cluster->wall_base_ms + cluster->now_ms;
}

/* --- life ------------------------------------------------------------------------------------- */

void rcs_cluster_init(struct rcs_cluster *cluster, struct rcs_store *store,
                      const struct rcs_config *config, const struct rcs_cluster_host *host,
                      uint64_t seed, uint64_t stream);
void rcs_cluster_close(struct rcs_cluster *cluster);
/* Memory of the table and what hangs on it; what the store lends is counted there. */
size_t rcs_cluster_bytes(const struct rcs_cluster *cluster);
/* A new node (conf NULL) or one from its nodes.conf (Redis 7.0 clusterInit, clusterLoadConfig). */
void rcs_cluster_start(struct rcs_cluster *cluster, const struct rcs_saved_config *conf);
/* Once the data set is loaded: slots with keys that nobody owns become mine, those of others are
 * set importing (Redis 7.0 verifyClusterConfigWithData; masters only). */
void rcs_cluster_verify_slots(struct rcs_cluster *cluster);
/* What nodes.conf would hold now; one reference. */
struct rcs_saved_config *rcs_cluster_saved(const struct rcs_cluster *cluster);

/* --- what the node calls, once per event ------------------------------------------------------ */

void rcs_cluster_cron(struct rcs_cluster *cluster);         /* clusterCron, 100 ms */
void rcs_cluster_before_sleep(struct rcs_cluster *cluster); /* clusterBeforeSleep */
void rcs_cluster_link_event(struct rcs_cluster *cluster, const struct rcs_event *event);
/* RCS_EVENT_LINK_FAILED of an outbound link, without the line in the log. */
void rcs_cluster_link_refused(struct rcs_cluster *cluster, uint32_t link);
void rcs_cluster_receive(struct rcs_cluster *cluster,
                         const struct rcs_event *event); /* clusterProcessPacket */

/* --- queries that commands and redirections ask ----------------------------------------------- */

rcs_id rcs_slot_owner(const struct rcs_cluster *cluster, unsigned slot); /* RCS_ID_NONE: nobody */
unsigned rcs_slot_count(const struct rcs_cluster *cluster, rcs_id id);   /* slots it owns */
const struct rcs_slot_set *rcs_slots_of(const struct rcs_cluster *cluster,
                                        rcs_id id); /* borrowed */
rcs_id rcs_slot_migrating_to(const struct rcs_cluster *cluster, unsigned slot);
rcs_id rcs_slot_importing_from(const struct rcs_cluster *cluster, unsigned slot);
/* From 7.2 on: both bear the same shard id. */
bool rcs_same_shard(const struct rcs_cluster *cluster, rcs_id a, rcs_id b);
/* The address this node prints for a peer: ip, client port. Its own: announced or learned. */
const struct rcs_address *rcs_peer_address(const struct rcs_cluster *cluster, rcs_id id);
/* True when PUBLISH was sent to all / to the shard (Redis 7.0 clusterPropagatePublish). */
void rcs_cluster_publish(struct rcs_cluster *cluster, const struct rcs_arg *channel,
                         const struct rcs_arg *message, bool sharded);
/* What a decision weighed (facts_cause.h): said in front of it, costs nothing unless it is read. */
RCS_APART void rcs_cluster_cause(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id about,
                                 rcs_id by, int64_t v0, int64_t v1, int64_t v2);
/* The fact as this node's log would have it: the role letter is set from has_master_host. */
void rcs_cluster_fact(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id about, rcs_id by,
                      int64_t v0, int64_t v1, int64_t v2, const char *text);

#endif
