/* What comes into a node: the only way it learns anything. */
#ifndef RCSIM_SIM_NODE_EVENT_H
#define RCSIM_SIM_NODE_EVENT_H

#include <rcsim/bus.h>

#include "sim/keys/keyspace.h"

struct rcs_saved_config; /* sim/cluster/saved_config.h: what nodes.conf holds */

/* A bus link as its node names it. The one it opened to a known node is that node's id; to a node
 * in handshake RCS_LINK_HANDSHAKE + a number the node chose; one it accepted is RCS_LINK_IN + a
 * number the world chose. */
#define RCS_LINK_NONE      ((uint32_t)0xffffffff)
#define RCS_LINK_HANDSHAKE ((uint32_t)0x10000)
#define RCS_LINK_IN        ((uint32_t)0x80000000)

/* A client's connection is named by a number of the world, one from outside the simulation by
 * RCS_LINK_OUTSIDE + a number of its own. */
#define RCS_LINK_OUTSIDE ((uint32_t)0x40000000)

enum rcs_event_kind {
    RCS_EVENT_START,    /* the process begins: `start` */
    RCS_EVENT_WAKE,     /* the deadline the node asked for */
    RCS_EVENT_SHUTDOWN, /* SIGTERM or the SHUTDOWN command: save what is to be saved, then exit */

    /* the cluster bus */
    RCS_EVENT_LINK_ACCEPTED, /* `link` (RCS_LINK_IN), `remote`, `local` */
    RCS_EVENT_LINK_UP,       /* an outbound link is connected */
    RCS_EVENT_LINK_FAILED,   /* an outbound link could not be connected: `reason` */
    RCS_EVENT_LINK_LOST,     /* the other end is gone: `reason`, NULL: it was closed */
    RCS_EVENT_BUS_MSG,       /* `bus_msg` came by `link`; `remote` and `local` of that connection */

    /* the client port: ordinary clients and replicas alike; `link` is the connection's number */
    RCS_EVENT_CLIENT_OPEN,    /* `remote`; of a program outside the simulation `peer`, else NULL */
    RCS_EVENT_CLIENT_REQUEST, /* `request` */
    RCS_EVENT_CLIENT_DATA,    /* `data`: bytes such a program wrote, of any length */
    RCS_EVENT_CLIENT_GONE,

    /* this node's connection to its master's client port; there is one at most. `link` is the
     * number the node gave it in RCS_EFFECT_MASTER_CONNECT; events of older ones are not delivered.
     */
    RCS_EVENT_MASTER_UP,
    RCS_EVENT_MASTER_FAILED,   /* `reason` */
    RCS_EVENT_MASTER_DATA,     /* `blob`: bytes the master wrote */
    RCS_EVENT_MASTER_SNAPSHOT, /* `snapshot`: the RDB of a full sync, whole */
    RCS_EVENT_MASTER_LOST,

    /* this node's connections to other nodes' client ports, for MIGRATE; `link` is the number the
     * node gave it in RCS_EFFECT_TARGET_CONNECT. They come although the node waits. */
    RCS_EVENT_TARGET_UP,
    RCS_EVENT_TARGET_FAILED, /* `reason` */
    RCS_EVENT_TARGET_DATA,   /* `blob` */
    RCS_EVENT_TARGET_LOST,
    RCS_EVENT_BLOCK_OVER, /* the time of RCS_EFFECT_BLOCK is over */

    RCS_EVENT_KIND_COUNT
};

/* What a starting process finds on its host. */
struct rcs_start {
    const struct rcs_saved_config *conf; /* NULL: no nodes.conf */
    bool conf_corrupt;                   /* there is one, and no server can read it */
    struct rcs_snapshot *dump;           /* NULL: no dump.rdb */
    struct rcs_saved_aof aof;            /* without data: no append-only file */
    bool any_phase; /* stands for a process that has been up for a while: its first tick comes at
                     * any phase, not at once */
};

struct rcs_event {
    rcs_us at_us;
    enum rcs_event_kind kind;
    bool more; /* more input waits that this turn of the loop reads before it sleeps: what a process
                * finds that was stopped, or busy, while packets came in */
    uint32_t link;
    rcs_addr remote; /* interned address with the peer's ip (port: its source port or 0) */
    rcs_addr local;  /* interned address with this end's ip */
    union {          /* all borrowed for the call; counted values may be retained */
        const struct rcs_start *start;
        struct rcs_bus_msg *bus_msg;
        struct rcs_request *request;
        struct rcs_blob *blob;
        struct rcs_snapshot *snapshot;
        const struct rcs_address *peer;
        struct {
            const void *bytes;
            size_t size_bytes;
        } data;
        const char *reason; /* as strerror has it: "Connection refused", "Connection timed out" */
    };
};

/* "pong", "wake", "client-request"...: for traces and messages. Static. */
const char *rcs_event_kind_name(enum rcs_event_kind kind);

#endif
