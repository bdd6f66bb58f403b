/* The CLUSTER command: its subcommands as a table, and their handlers where they lie in other
 * files.
 *
 * A handler finds the arguments counted (`arity`, `most`); it writes one reply to client->reply.
 * The texts of replies and errors are those of Redis 7.0, as are the orders in which things are
 * refused. */
#ifndef RCSIM_SIM_NODE_COMMAND_CLUSTER_H
#define RCSIM_SIM_NODE_COMMAND_CLUSTER_H

#include "sim/node/internal.h"

typedef void rcs_cluster_handler(struct rcs_node *node, struct rcs_client *client,
                                 const struct rcs_request *request);

struct rcs_cluster_subcommand {
    const char *name;  /* lower case */
    int arity;         /* both words included; negative: at least so many */
    unsigned most;     /* words at most, 0: any number */
    const char *flags; /* as COMMAND shows them, separated by blanks */
    rcs_cluster_handler *run;
};

/* The i-th subcommand, ascending by name; NULL past the end. */
const struct rcs_cluster_subcommand *rcs_cluster_subcommand_at(unsigned index);
/* By name in any case; NULL if there is none. */
const struct rcs_cluster_subcommand *rcs_cluster_subcommand(const char *name, size_t size_bytes);

/* The known node an argument names, else RCS_ID_NONE (Redis 7.0 clusterLookupNode). Nodes in
 * handshake have no id and are not found: of what may be done to them only FORGET is modelled. */
rcs_id rcs_cluster_node_named(const struct rcs_cluster *cluster, const struct rcs_arg *argument);

/* The same; false: "<unknown><argument>" was replied as an error. */
bool rcs_cluster_node_or_refuse(const struct rcs_node *node, struct rcs_client *client,
                                const struct rcs_arg *argument, const char *unknown, rcs_id *id);

/* cluster_slots.c */
rcs_cluster_handler rcs_cluster_addslots;
rcs_cluster_handler rcs_cluster_addslotsrange;
rcs_cluster_handler rcs_cluster_delslots;
rcs_cluster_handler rcs_cluster_delslotsrange;
rcs_cluster_handler rcs_cluster_flushslots;
rcs_cluster_handler rcs_cluster_setslot;
rcs_cluster_handler rcs_cluster_keyslot;
rcs_cluster_handler rcs_cluster_countkeysinslot;
rcs_cluster_handler rcs_cluster_getkeysinslot;

/* cluster_output.c */
rcs_cluster_handler rcs_cluster_nodes;
rcs_cluster_handler rcs_cluster_info;
rcs_cluster_handler rcs_cluster_slots;
rcs_cluster_handler rcs_cluster_shards;
rcs_cluster_handler rcs_cluster_links;
rcs_cluster_handler rcs_cluster_replicas;
rcs_cluster_handler rcs_cluster_help;

#endif
