/* What redis-cli reads out of a CLUSTER NODES reply, and how it prints a node. */
#ifndef RCSIM_SIM_SCENARIO_CLI_NODES_H
#define RCSIM_SIM_SCENARIO_CLI_NODES_H

#include <rcsim/nodes_text.h>
#include <rcsim/resp.h>

struct rcs_cli_node {
    char id[RCS_ID_LEN + 1];
    char ip[46];
    int port, bus_port;
    bool myself, replica, left_out; /* noaddr, disconnected, fail: redis-cli goes on without it */
    char flags[96];                 /* without `myself` */
    char master[RCS_ID_LEN + 1];    /* "" none */
    struct rcs_slot_words slots;
};

/* Reads one line; false if it has too few words. *end is set behind the line and its LF. */
bool rcs_cli_node_read(const char *line, const char **end, struct rcs_cli_node *out);

/* Adds the open slots, which the line of `myself` in a CLUSTER NODES text has. */
void rcs_cli_open_read(const char *nodes_text, struct rcs_slot_words *migrating,
                       struct rcs_slot_words *importing);
/* Where the slot is migrating to by the line of `myself` in a CLUSTER NODES text: fills `id` and
 * returns true. */
bool rcs_cli_migrates_to(const char *nodes_text, unsigned slot, char id[RCS_ID_LEN + 1]);

/* The sorted list of `id:range,range` of the nodes that have slots, joined by `|`. */
void rcs_cli_signature(const char *nodes_text, struct rcs_buf *out);

/* "M: <id> ip:port" and the lines below it. `planned`: a replica to be, of which no slots are
 * printed. `replicas`: of a master, counted by the caller. */
void rcs_cli_node_print(struct rcs_buf *out, const struct rcs_cli_node *node, bool planned,
                        unsigned replicas);

/* "[0-5460],[5462-6000]", "" none. */
void rcs_cli_slots_print(struct rcs_buf *out, const struct rcs_slot_words *slots);

#endif
