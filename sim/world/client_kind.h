/* Kinds of client programs: how a client library finds the node of a key, and what it does on an
 * error. A library is a row. */
#ifndef RCSIM_SIM_WORLD_CLIENT_KIND_H
#define RCSIM_SIM_WORLD_CLIENT_KIND_H

#include <rcsim/base.h>

/* Whom a command goes to first. */
enum rcs_client_aim {
    RCS_AIM_MAP,   /* the slot's owner; the map is read before the first command */
    RCS_AIM_GUESS, /* the slot's owner; while unknown, its share of the known nodes */
    RCS_AIM_STAND, /* the node that answered last */
    RCS_AIM_PINNED /* always the same */
};

/* What MOVED changes before the command goes to the node it names. */
enum rcs_client_moved {
    RCS_MOVED_ERROR,  /* nothing: the command has failed */
    RCS_MOVED_GO,     /* only where the client stands */
    RCS_MOVED_PATCH,  /* that slot in the map */
    RCS_MOVED_REFRESH /* the map is read from that node */
};

/* When a node cannot be reached. */
enum rcs_client_lost {
    RCS_LOST_ERROR,
    RCS_LOST_NEXT,  /* the next node it was told of; each once */
    RCS_LOST_SEEDS, /* the map is read again: from the nodes of the last map, in its order */
    RCS_LOST_ANY    /* from any known node but those that cannot be reached, five times */
};

struct rcs_client_kind {
    const char *name, *what;
    enum rcs_client_aim aim;
    enum rcs_client_moved moved;
    enum rcs_client_lost lost;
    unsigned attempts;      /* of a command, the map read anew between two of them */
    unsigned same_node;     /* before that: so often more at the same node, */
    rcs_us pause_us;        /* each after this pause */
    bool reads_before_fail; /* the map is read anew after the last attempt, too */
    rcs_us down_pause_us;   /* CLUSTERDOWN: after this the same is done; 0: it is an error */
    unsigned moved_reads;   /* every so many MOVED the map is read anew; 0 never */
    unsigned redirections;  /* followed for one attempt */
    bool asks_info;         /* INFO before CLUSTER SLOTS, as a check */
    bool asks_commands;     /* COMMAND, when the client object is made */
    bool brittle;           /* see the row */
    rcs_us timeout_us;      /* of a reply; RCS_NEVER */
    rcs_us connect_us;      /* of a connection; RCS_NEVER: the system's limit */
};

const struct rcs_client_kind *rcs_client_kind_find(const char *name); /* NULL none */
const struct rcs_client_kind *rcs_client_kind_row(unsigned index);    /* NULL past the end */

#endif
