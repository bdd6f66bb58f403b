/* How the files of this folder call each other. */
#ifndef RCSIM_SIM_CLUSTER_PARTS_H
#define RCSIM_SIM_CLUSTER_PARTS_H

#include "sim/cluster/cluster.h"
#include "sim/cluster/slot_map.h"

#define RCS_FAIL_REPORT_VALIDITY_MULT 2
#define RCS_FAIL_UNDO_TIME_MULT       2
#define RCS_MF_TIMEOUT_MS             5000
#define RCS_MF_PAUSE_MULT             2
#define RCS_REPLICA_MIGRATION_MS      5000
#define RCS_WRITABLE_DELAY_MS         2000
#define RCS_REJOIN_DELAY_MS_MIN       500
#define RCS_REJOIN_DELAY_MS_MAX       5000
#define RCS_BLACKLIST_S               60

/* --- cluster_state.c: the table --------------------------------------------------------------- */

/* Adds a known node, all zero but flags and address. It must not be known yet. */
struct rcs_peer *rcs_peer_add(struct rcs_cluster *cluster, rcs_id id, unsigned flags,
                              rcs_addr addr);
/* clusterDelNode: slots unowned, reports and open slots gone, its replicas without a master, links
 * closed. */
void rcs_peer_del(struct rcs_cluster *cluster, rcs_id id);
/* Must be called after flags, address, link, ping_sent or the reports of a peer changed: keeps the
 * counts of the table and the dense arrays of pong times and faces. */
void rcs_peer_changed(struct rcs_cluster *cluster, rcs_id id);
/* Sets the state of its outbound link; no rcs_peer_changed is due for that. */
void rcs_peer_set_link(struct rcs_cluster *cluster, rcs_id id, enum rcs_link_state link);
int32_t rcs_peer_pong(const struct rcs_cluster *cluster, rcs_id id);
void rcs_peer_set_pong(struct rcs_cluster *cluster, rcs_id id, int32_t pong_ms);
/* clusterNodeAddSlave, clusterNodeRemoveSlave */
void rcs_replica_join(struct rcs_cluster *cluster, rcs_id master, rcs_id replica);
void rcs_replica_leave(struct rcs_cluster *cluster, rcs_id replica);
unsigned rcs_replicas_ok(const struct rcs_cluster *cluster, const struct rcs_peer *master);
/* clusterSetNodeAsMaster */
void rcs_peer_set_master(struct rcs_cluster *cluster, rcs_id id);
/* clusterSetMaster: myself becomes a replica of `master`. */
void rcs_cluster_follow(struct rcs_cluster *cluster, rcs_id master);
void rcs_cluster_todo(struct rcs_cluster *cluster, uint32_t todo);
void rcs_cluster_fact0(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id about);
/* Emits RCS_EFFECT_SAVE_CONFIG with what nodes.conf now holds. False: it has no room. */
bool rcs_cluster_try_save(struct rcs_cluster *cluster, bool fsync);
/* The same; without room the process ends (Redis 7.0 clusterSaveConfigOrDie). */
RCS_APART void rcs_cluster_save(struct rcs_cluster *cluster, bool fsync);
const char *rcs_addr_ip(const struct rcs_cluster *cluster, rcs_addr addr);

/* --- link.c ----------------------------------------------------------------------------------- */

void rcs_link_close(struct rcs_cluster *cluster, rcs_id id);    /* the outbound link, if any */
void rcs_inbound_close(struct rcs_cluster *cluster, rcs_id id); /* the bound inbound link, if any */
RCS_RARE void rcs_link_drop(struct rcs_cluster *cluster, uint32_t link); /* whichever it is */
void rcs_links_connect(struct rcs_cluster *cluster); /* the tick's reconnects, handshake limits */
/* Who sent what came by `event->link` (getNodeFromLinkAndMsg): RCS_ID_NONE if unknown. Binds an
 * anonymous inbound link to its sender. */
rcs_id rcs_link_sender(struct rcs_cluster *cluster, const struct rcs_event *event);
/* The node an inbound link belongs to, RCS_ID_NONE if to none yet. */
rcs_id rcs_link_bound_to(const struct rcs_cluster *cluster, uint32_t link);
struct rcs_handshake *rcs_handshake_of_link(struct rcs_cluster *cluster, uint32_t link);

/* --- shard.c: shard ids, from 7.2 ------------------------------------------------------------- */

/* The shard a node is taken to be in until it says so: one of its own. */
rcs_text rcs_shard_of_stranger(struct rcs_cluster *cluster, rcs_id id);
rcs_text rcs_shard_new(struct rcs_cluster *cluster);                      /* drawn */
const char *rcs_shard_text(const struct rcs_cluster *cluster, rcs_id id); /* NULL before 7.2 */
/* A node's shard where a line of 7.0 names it in Valkey, else NULL. */
const char *rcs_shard_said(const struct rcs_cluster *cluster, rcs_id id);
/* updateShardId: a master takes its replica, this node, along. */
RCS_RARE void rcs_shard_update(struct rcs_cluster *cluster, rcs_id id, rcs_text shard);

/* --- extensions.c: ping extensions, from 7.2 -------------------------------------------------- */

/* Fills in what a packet to a node of those flags carries beside a host name. */
RCS_APART void rcs_extend(struct rcs_cluster *cluster, struct rcs_bus_msg *msg, unsigned far_flags);
/* What the header and the extensions of a known sender say. */
RCS_RARE void rcs_extensions_heard(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg,
                                   rcs_id sender);
RCS_RARE void rcs_extensions_read(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg,
                                  rcs_id sender);

/* --- handshake.c ------------------------------------------------------------------------------ */

struct rcs_handshake *rcs_handshake_start(struct rcs_cluster *cluster, rcs_addr addr,
                                          unsigned flags);
RCS_RARE void rcs_handshake_del(struct rcs_cluster *cluster, struct rcs_handshake *handshake);
/* A packet came on the link of a handshake: that ends it, and nothing more is read of the packet.
 */
RCS_APART void rcs_handshake_answered(struct rcs_cluster *cluster, struct rcs_handshake *handshake,
                                      const struct rcs_event *event, rcs_id sender);
/* nodeUpdateAddressIfNeeded */
bool rcs_address_update(struct rcs_cluster *cluster, rcs_id id, const struct rcs_event *event);
/* A PING or MEET says on which of its addresses this node was reached. */
void rcs_own_ip_update(struct rcs_cluster *cluster, const struct rcs_event *event);

/* --- message.c: composing and sending --------------------------------------------------------- */

/* A message with the header as it is now; the caller fills the body. */
struct rcs_bus_msg *rcs_msg_new(struct rcs_cluster *cluster, enum rcs_bus_type type, unsigned room);
/* Seals and queues it on the link; takes over the reference. */
void rcs_msg_send(struct rcs_cluster *cluster, uint32_t link, struct rcs_bus_msg *msg);
/* A PING, PONG or MEET, on any link; touches no clock. */
void rcs_send_gossip(struct rcs_cluster *cluster, uint32_t link, enum rcs_bus_type type);
/* The PONG to a MEET of a stranger: `far_flags` is all that is known of it. */
void rcs_answer_meet(struct rcs_cluster *cluster, uint32_t link, unsigned far_flags);
void rcs_send_ping(struct rcs_cluster *cluster,
                   rcs_id id); /* on the outbound link; sets ping_sent */
void rcs_send_pong(struct rcs_cluster *cluster, uint32_t link);
void rcs_send_to(struct rcs_cluster *cluster, rcs_id id,
                 struct rcs_bus_msg *msg); /* dropped: no link */
void rcs_send_all(struct rcs_cluster *cluster,
                  struct rcs_bus_msg *msg); /* clusterBroadcastMessage */
void rcs_broadcast_pong(struct rcs_cluster *cluster, bool local_replicas);
void rcs_send_update(struct rcs_cluster *cluster, rcs_id to, rcs_id about);
void rcs_announced_changed(
    struct rcs_cluster *cluster); /* ports or announced ip: cluster->announced */

/* --- gossip.c --------------------------------------------------------------------------------- */

unsigned rcs_gossip_room(const struct rcs_cluster *cluster); /* entries a message may need */
/* `spared` is not told of (RCS_ID_NONE: none). */
void rcs_gossip_compose(struct rcs_cluster *cluster, struct rcs_bus_msg *msg, rcs_id spared);
void rcs_gossip_read(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender);
rcs_id rcs_random_peer(struct rcs_cluster *cluster); /* RCS_ID_NONE: the draw hit a handshake */

/* --- failure.c -------------------------------------------------------------------------------- */

bool rcs_report_add(struct rcs_cluster *cluster, rcs_id about, rcs_id reporter); /* true if new */
bool rcs_report_del(struct rcs_cluster *cluster, rcs_id about, rcs_id reporter);
unsigned rcs_report_count(struct rcs_cluster *cluster, rcs_id about); /* live ones */
unsigned rcs_report_live(const struct rcs_cluster *cluster, rcs_id about);
bool rcs_reported(const struct rcs_cluster *cluster, rcs_id about); /* any, live or not */
void rcs_reports_forget(struct rcs_cluster *cluster, rcs_id id);    /* a node leaves the table */
void rcs_pfail_check(struct rcs_cluster *cluster, rcs_id id, int64_t ping_delay_ms,
                     int64_t data_delay_ms);
/* markNodeAsFailingIfNeeded, after what `sender` said of the node (RCS_ID_NONE: nobody did) */
void rcs_fail_check(struct rcs_cluster *cluster, rcs_id id, rcs_id sender);
RCS_RARE void rcs_fail_received(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg,
                                rcs_id sender);
RCS_RARE void rcs_fail_clear(struct rcs_cluster *cluster, rcs_id id); /* clearNodeFailureIfNeeded */

/* --- epoch.c ---------------------------------------------------------------------------------- */

void rcs_epoch_collision(struct rcs_cluster *cluster, rcs_id sender);
bool rcs_epoch_bump(struct rcs_cluster *cluster); /* clusterBumpConfigEpochWithoutConsensus */

/* --- slots.c ---------------------------------------------------------------------------------- */

void rcs_slots_assign(struct rcs_cluster *cluster, const struct rcs_slot_words *slots,
                      rcs_id owner);
void rcs_slots_drop(struct rcs_cluster *cluster, rcs_id id); /* clusterDelNodeSlots */
/* clusterUpdateSlotsConfigWith */
void rcs_slots_claim(struct rcs_cluster *cluster, rcs_id sender, uint64_t epoch,
                     const struct rcs_slot_set *claimed);
/* The first claimed slot whose owner is ahead of `epoch`: RCS_SLOTS if none. */
unsigned rcs_slots_stale(const struct rcs_cluster *cluster, rcs_id sender, uint64_t epoch,
                         const struct rcs_slot_set *claimed);
/* Its entry in the table of imports; nothing is scheduled. */
void rcs_slot_import(struct rcs_cluster *cluster, unsigned slot, rcs_id from);
void rcs_slots_close_all(struct rcs_cluster *cluster);         /* migrating and importing */
void rcs_slots_forget(struct rcs_cluster *cluster, rcs_id id); /* open slots that name it */
const struct rcs_slot_set *rcs_slots_held(const struct rcs_cluster *cluster,
                                          rcs_id id); /* never NULL */

/* --- the rest --------------------------------------------------------------------------------- */

void rcs_state_update(struct rcs_cluster *cluster); /* availability.c: clusterUpdateState */

void rcs_election_handle(struct rcs_cluster *cluster); /* election.c: clusterHandleSlaveFailover */
RCS_RARE void rcs_election_request(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg,
                                   rcs_id sender);
void rcs_election_ack(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender);
void rcs_election_promote(struct rcs_cluster *cluster); /* clusterFailoverReplaceYourMaster */

void rcs_mf_reset(struct rcs_cluster *cluster); /* manual_failover.c */
void rcs_mf_check_timeout(struct rcs_cluster *cluster);
void rcs_mf_handle(struct rcs_cluster *cluster);
RCS_RARE void rcs_mf_start_received(struct rcs_cluster *cluster, const struct rcs_event *event,
                                    rcs_id sender);
void rcs_mf_heard(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender);

void rcs_replica_migration(
    struct rcs_cluster *cluster); /* replica_migration.c, with its preconditions */

bool rcs_blacklisted(struct rcs_cluster *cluster, rcs_id id); /* blacklist.c */
/* Another node was told to forget it, for that long. */
void rcs_forget_heard(struct rcs_cluster *cluster, rcs_id id, uint64_t ttl_s);

#endif
