/* What an operator's CLUSTER command changes, once its arguments were checked (Redis 7.0
 * clusterCommand). The checks and error texts are sim/node/command_cluster.c. Every function
 * schedules what it must (state, save) and says its facts. */
#ifndef RCSIM_SIM_CLUSTER_ORDERS_H
#define RCSIM_SIM_CLUSTER_ORDERS_H

#include <rcsim/nodes_text.h>

#include "sim/cluster/cluster.h"

/* MEET: starts a handshake, unless one with this address is under way. `ip` is normalised. */
void rcs_cluster_meet(struct rcs_cluster *cluster, const char *ip, uint16_t port, uint16_t cport);
/* ADDSLOTS, DELSLOTS: all of the slots; they were checked. */
void rcs_cluster_add_slots(struct rcs_cluster *cluster, const struct rcs_slot_words *slots);
void rcs_cluster_del_slots(struct rcs_cluster *cluster, const struct rcs_slot_words *slots);
void rcs_cluster_flush_slots(struct rcs_cluster *cluster); /* all of myself's */
/* SETSLOT */
void rcs_cluster_set_migrating(struct rcs_cluster *cluster, unsigned slot, rcs_id to);
void rcs_cluster_set_importing(struct rcs_cluster *cluster, unsigned slot, rcs_id from);
void rcs_cluster_set_stable(struct rcs_cluster *cluster, unsigned slot);
void rcs_cluster_set_slot_node(struct rcs_cluster *cluster, unsigned slot, rcs_id id);
/* FORGET: blacklisted for 60 s and deleted. A handshake node goes by its random name. */
bool rcs_cluster_is_forgotten(struct rcs_cluster *cluster, rcs_id id); /* the ban holds */
void rcs_cluster_forget(struct rcs_cluster *cluster, rcs_id id);
bool rcs_cluster_forget_handshake(struct rcs_cluster *cluster, const char name[RCS_ID_LEN]);
void rcs_cluster_replicate(struct rcs_cluster *cluster, rcs_id master);
void rcs_cluster_reset(struct rcs_cluster *cluster, bool hard);
bool rcs_cluster_bump_epoch(struct rcs_cluster *cluster); /* false: STILL */
void rcs_cluster_set_config_epoch(struct rcs_cluster *cluster, uint64_t epoch);
unsigned rcs_cluster_failure_reports(struct rcs_cluster *cluster, rcs_id id); /* live ones */
/* FAILOVER */
enum rcs_failover_kind { RCS_FAILOVER_PLAIN, RCS_FAILOVER_FORCE, RCS_FAILOVER_TAKEOVER };
void rcs_cluster_failover(struct rcs_cluster *cluster, enum rcs_failover_kind kind);
/* SAVECONFIG: now, with fsync. False: the disk is full, and the file has no room. */
bool rcs_cluster_save_now(struct rcs_cluster *cluster);
/* cluster-replica-no-failover, announced address changed: by CONFIG SET, or since the last run. */
void rcs_cluster_config_changed(struct rcs_cluster *cluster);

/* For output: this node's own link state words, all known ids ascending in cluster->order. Fills
 * one line of CLUSTER NODES / REPLICAS. `out->open` points into `open`, which has room for
 * `open_room` open slots; those after them are left out. */
void rcs_cluster_node_line(const struct rcs_cluster *cluster, rcs_id id, struct rcs_node_line *out,
                           struct rcs_open_slot *open, unsigned open_room);
void rcs_cluster_handshake_line(const struct rcs_cluster *cluster, unsigned index,
                                struct rcs_node_line *out);

#endif
