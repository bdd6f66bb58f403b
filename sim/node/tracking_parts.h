/* What the two files of tracking share. */
#ifndef RCSIM_SIM_NODE_TRACKING_PARTS_H
#define RCSIM_SIM_NODE_TRACKING_PARTS_H

#include "sim/node/tracking.h"

enum rcs_track_flag {
    RCS_TRACK_BCAST = 1,
    RCS_TRACK_OPTIN = 2,
    RCS_TRACK_OPTOUT = 4,
    RCS_TRACK_NOLOOP = 8,
    RCS_TRACK_CACHING = 16, /* CLIENT CACHING was the request before */
    RCS_TRACK_BROKEN = 32,
};

/* Names, ascending. */
struct rcs_names {
    struct rcs_buf *list;
    unsigned count, room;
};

/* Of a client that tracks. */
struct rcs_track {
    unsigned flags;
    uint64_t redirect; /* client id; 0 none */
    struct rcs_names prefixes;
};

struct rcs_tracking;

struct rcs_tracking *rcs_tracking_new(void);
struct rcs_client *rcs_client_by_id(struct rcs_node *node, uint64_t id); /* NULL none */
/* The client broadcasts for this prefix from now on. */
void rcs_tracking_add_prefix(struct rcs_node *node, struct rcs_client *client,
                             const struct rcs_arg *prefix);
void rcs_tracking_begin(struct rcs_node *node, struct rcs_client *client, unsigned flags,
                        uint64_t redirect);

#endif
