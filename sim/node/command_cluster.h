/* The CLUSTER command: what its handlers share, and those that lie in files of their own.
 *
 * The texts of replies and errors are those of Redis 7.0, and so is the order in which things are
 * refused. The table of subcommands is rcs_cluster_commands (command_cluster.c). */
#ifndef RCSIM_SIM_NODE_COMMAND_CLUSTER_H
#define RCSIM_SIM_NODE_COMMAND_CLUSTER_H

#include "sim/node/command.h"

/* The known node an argument names, else RCS_ID_NONE (Redis 7.0 clusterLookupNode). Nodes in
 * handshake have no id and are not found: of what may be done to them only FORGET is modelled. */
rcs_id rcs_cluster_node_named(const struct rcs_cluster *cluster, const struct rcs_arg *argument);
/* The same; false: "<unknown><argument>" was replied as an error. */
bool rcs_cluster_node_or_refuse(struct rcs_call *call, const struct rcs_arg *argument,
                                const char *unknown, rcs_id *id);

/* cluster_slots.c */
rcs_command_handler rcs_cluster_addslots, rcs_cluster_addslotsrange;
rcs_command_handler rcs_cluster_delslots, rcs_cluster_delslotsrange, rcs_cluster_flushslots;
rcs_command_handler rcs_cluster_setslot;
rcs_command_handler rcs_cluster_keyslot, rcs_cluster_countkeysinslot, rcs_cluster_getkeysinslot;

/* cluster_output.c */
rcs_command_handler rcs_cluster_nodes, rcs_cluster_replicas, rcs_cluster_info;
rcs_command_handler rcs_cluster_slots, rcs_cluster_shards, rcs_cluster_links, rcs_cluster_help;

#endif
