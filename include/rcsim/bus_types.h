/* The cluster bus in tables: message types, node flags, message flags (Redis 7.0 cluster.h). */
#ifndef RCSIM_BUS_TYPES_H
#define RCSIM_BUS_TYPES_H

/* clang-format off */
#define RCS_BUS_TYPES(X)                                                 \
    /* constant       wire  name            body    */                   \
    X(PING,           0,    "ping",         GOSSIP)                      \
    X(PONG,           1,    "pong",         GOSSIP)                      \
    X(MEET,           2,    "meet",         GOSSIP)                      \
    X(FAIL,           3,    "fail",         ABOUT)                       \
    X(PUBLISH,        4,    "publish",      PUBLISH)                     \
    X(AUTH_REQUEST,   5,    "auth-req",     EMPTY)                       \
    X(AUTH_ACK,       6,    "auth-ack",     EMPTY)                       \
    X(UPDATE,         7,    "update",       UPDATE)                      \
    X(MFSTART,        8,    "mfstart",      EMPTY)                       \
    X(MODULE,         9,    "module",       MODULE)                      \
    X(PUBLISHSHARD,   10,   "publishshard", PUBLISH)

/* Flag words print in the order of the rows that have one (Redis 7.0 representClusterNodeFlags). */
#define RCS_NODE_FLAGS(X)                          \
    X(MYSELF,     16,  "myself")                   \
    X(MASTER,     1,   "master")                   \
    X(REPLICA,    2,   "slave")                    \
    X(PFAIL,      4,   "fail?")                    \
    X(FAIL,       8,   "fail")                     \
    X(HANDSHAKE,  32,  "handshake")                \
    X(NOADDR,     64,  "noaddr")                   \
    X(NOFAILOVER, 512, "nofailover")               \
    X(MEET,       128, NULL) /* first packet must be MEET */      \
    X(MIGRATE_TO, 256, NULL) /* eligible for replica migration */ \
    X(EXTENDED,   1024, NULL) /* Valkey: ping extensions are understood */ \
    X(LIGHT,      2048, NULL) /* Valkey: light headers are understood */
/* clang-format on */

enum rcs_bus_type {
#define X(name, wire, text, body) RCS_BUS_##name = wire,
    RCS_BUS_TYPES(X)
#undef X
        RCS_BUS_TYPE_COUNT = 11
};

enum rcs_node_flag {
#define X(name, value, text) RCS_NODE_##name = value,
    RCS_NODE_FLAGS(X)
#undef X
};

enum rcs_bus_mflag {
    RCS_MFLAG_PAUSED = 1,   /* sender is a master in a manual failover */
    RCS_MFLAG_FORCEACK = 2, /* grant the vote though the master is up */
    RCS_MFLAG_EXT_DATA = 4  /* ping, pong or meet with extensions */
};

#define RCS_BUS_HEADER_BYTES 2256 /* of version 1 */
#define RCS_BUS_HEADER_V0    2208 /* 3.x: no own address, and one port */
#define RCS_BUS_HEADER_LIGHT 16   /* Valkey 8: neither sender nor epochs */
#define RCS_BUS_TYPE_LIGHT   0x8000
#define RCS_BUS_GOSSIP_BYTES 104
#define RCS_BUS_UPDATE_BYTES 2096

#endif
