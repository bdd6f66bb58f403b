/* The network between nodes: who reaches whom and how fast, and TCP as far as it shows.
 *
 * A party is a node or a session (a client outside the cluster). A connection has two ends, 0 the
 * opener's and 1 the server's, and two ways, each named after the end it starts from. Nothing here
 * steps a node: what arrives is handed out as a delivery.
 *
 * Modelled: a connect takes a round trip; a SYN into a black hole is sent again; bytes of one way
 * arrive in order; bytes into a cut path are held and sent again with doubling pauses; a closed end
 * sends EOF behind its data; a host without power says nothing, and when it is back answers old
 * connections with a reset; the keepalive of accepted bus links; Nagle's algorithm with delayed
 * acknowledgements on the connecting side of bus links (Redis 7.0 sets TCP_NODELAY on the other
 * side only). Not modelled: windows and bandwidth, loss, the keepalive of client connections (5
 * minutes). A cut acts where a packet leaves: what is on its way arrives. */
#ifndef RCSIM_SIM_WORLD_NETWORK_H
#define RCSIM_SIM_WORLD_NETWORK_H

#include <rcsim/bus.h>

#include "sim/rand.h"
#include "sim/world/queue.h"

/* --- kinds of links: a row each --------------------------------------------------------------- */

struct rcs_link_kind {
    const char *name;
    rcs_us low_us, high_us; /* one way */
    uint32_t mss_bytes;
    rcs_us syn_us;                   /* a SYN without answer is sent again after this */
    uint8_t syn_linear, syn_retries; /* so often, then with doubling pauses; in all */
    rcs_us rto_us, rto_max_us;       /* data without acknowledgement; doubling */
    rcs_us delayed_ack_us;
};
/* NULL: no such row. */
const struct rcs_link_kind *rcs_link_kind_find(const char *name);
/* "lan, loopback", for messages. */
const char *rcs_link_kind_names(void);

/* --- what is pending -------------------------------------------------------------------------- */

enum rcs_pending_kind {
    RCS_PENDING_WAKE,     /* `who` is a node */
    RCS_PENDING_RESUME,   /* a node that was blocked goes on */
    RCS_PENDING_REFUSALS, /* a node has refused connects to hear of */
    RCS_PENDING_WORKLOAD, /* `who` is a workload whose time has come */
    /* the network's own: `who` is a connection */
    RCS_PENDING_ITEM,    /* `value` arrives */
    RCS_PENDING_SYN,     /* a SYN leaves once more */
    RCS_PENDING_UP,      /* the opener hears the SYN's acknowledgement */
    RCS_PENDING_ACCEPT,  /* the server hears the opener's */
    RCS_PENDING_REFUSED, /* the opener hears a reset */
    RCS_PENDING_TIMEOUT, /* the opener gives up connecting */
    RCS_PENDING_RETRY,   /* held data leave once more */
    RCS_PENDING_ACK,     /* the acknowledgement that Nagle's algorithm waits for */
    RCS_PENDING_PROBE    /* keepalive */
};

/* What travels in one piece. */
enum rcs_item {
    RCS_ITEM_BUS_MSG,
    RCS_ITEM_REQUEST,
    RCS_ITEM_BLOB,
    RCS_ITEM_SNAPSHOT,
    RCS_ITEM_EOF,
    RCS_ITEM_RESET
};
/* Gives back the reference a travelling value holds. */
void rcs_item_release(struct rcs_store *store, enum rcs_item item, void *value);

/* --- connections ------------------------------------------------------------------------------ */

enum rcs_conn_kind { RCS_CONN_BUS, RCS_CONN_REPLICATION, RCS_CONN_SESSION };
enum rcs_conn_state { RCS_CONN_FREE, RCS_CONN_CONNECTING, RCS_CONN_OPEN };

/* 32 bytes, as there are two for each pair of nodes. What is rare stands in a side table. */
struct rcs_conn {
    rcs_us
        arrives_us[2]; /* by way: what was sent last arrives then; nothing sent later does before */
    uint32_t link;     /* what the opener calls it */
    uint32_t side;     /* row of the side table, 0 none */
    uint16_t party[2]; /* by end: node, or session for the opener of RCS_CONN_SESSION */
    uint32_t refs : 18;   /* pending events and deliveries not done with */
    uint32_t kind : 2;    /* enum rcs_conn_kind */
    uint32_t state : 2;   /* enum rcs_conn_state */
    uint32_t open : 2;    /* a bit per end: a process holds it */
    uint32_t absent : 2;  /* a bit per end: it vanished with its host's power */
    uint32_t nobody : 1;  /* no process uses the port it was opened to */
    uint32_t sent : 1;    /* the opener has sent something */
    uint32_t answers : 1; /* the server has sent something: acknowledgements are delayed */
    uint32_t acked : 1;   /* data of the server came that left after the opener's last was there */
    uint32_t fresh : 1;   /* the opener has sent something at this very instant */
    uint32_t probing : 1; /* a keepalive probe is pending */
};
_Static_assert(sizeof(struct rcs_conn) == 32, "a connection is half a cache line");

struct rcs_side; /* tcp.c: data held back */

/* A party's place. Sessions have only a site. */
struct rcs_party {
    uint16_t site;
    uint16_t keepalive_s; /* of accepted bus links, 0 off */
    bool powered;         /* its host */
    bool listening;       /* its process */
};

struct rcs_latency {
    rcs_us low_us;
    uint32_t span_us; /* high - low */
};

struct rcs_latency_rule {
    uint16_t a, b; /* RCS_SITE_ANY: every other */
    bool ended;
    struct rcs_latency latency;
};
#define RCS_SITE_OUTSIDE 0
#define RCS_SITE_ANY     UINT16_MAX

struct rcs_network {
    const struct rcs_link_kind *link_kind;
    bool small_segments;     /* bus messages fit into one segment: Nagle's algorithm shows */
    struct rcs_queue *queue; /* borrowed */
    struct rcs_store *store; /* borrowed */
    struct rcs_rand chance;

    struct rcs_conn *conns; /* [0] is no connection */
    uint32_t conn_used, conn_room, conn_free;
    uint32_t *fresh; /* connections whose opener has sent something at `fresh_us` */
    unsigned fresh_count, fresh_room;
    rcs_us fresh_us;
    struct rcs_side *sides; /* [0] is none */
    uint32_t side_used, side_room, side_free;

    struct rcs_party *nodes;
    unsigned node_count, node_room;
    uint16_t *session_sites;
    unsigned session_room;

    struct rcs_latency *latency; /* site by site */
    unsigned site_count;
    struct rcs_latency_rule *rules;
    unsigned rule_count;

    uint64_t *cuts;     /* a bit per (from, to), NULL: none were ever made */
    unsigned cut_nodes; /* nodes the bits were made for */
    unsigned trouble;   /* cut pairs and hosts without power: 0 means every way is open */

    uint64_t nudge; /* for tests: the nudge-th transmission from now on is 1 us late; 0 none */
};

/* `site_count` starts at 1: RCS_SITE_OUTSIDE. */
void rcs_network_init(struct rcs_network *net, const struct rcs_link_kind *link_kind,
                      struct rcs_queue *queue, struct rcs_store *store, uint64_t seed);
void rcs_network_close(struct rcs_network *net);
size_t rcs_network_bytes(const struct rcs_network *net);

/* --- places (network.c) ----------------------------------------------------------------------- */

unsigned rcs_network_add_site(struct rcs_network *net);
unsigned rcs_network_add_node(struct rcs_network *net, unsigned site); /* powered, not listening */
void rcs_network_set_session(struct rcs_network *net, unsigned session, unsigned site);
/* RCS_SITE_ANY for `b`: between `a` and every other. Later rules win. Returns the rule's number. */
unsigned rcs_network_set_latency(struct rcs_network *net, unsigned a, unsigned b, rcs_us low_us,
                                 rcs_us high_us);
/* The rule keeps its place among the others. */
void rcs_network_change_latency(struct rcs_network *net, unsigned rule, rcs_us low_us,
                                rcs_us high_us);
void rcs_network_end_latency(struct rcs_network *net, unsigned rule);
void rcs_network_cut(struct rcs_network *net, unsigned from, unsigned to, bool cut);
void rcs_network_heal_all(struct rcs_network *net);
bool rcs_network_is_cut(const struct rcs_network *net, unsigned from, unsigned to);
void rcs_network_power(struct rcs_network *net, unsigned node, bool powered);
/* After cuts were made or power went: accepted bus links that hear nothing begin to probe. */
void rcs_network_trouble_began(struct rcs_network *net, rcs_us now_us);

/* One packet's way from one end of a connection to the other. */
rcs_us rcs_network_draw(struct rcs_network *net, const struct rcs_conn *conn, unsigned way);
/* The middle of the range, there and back, between two nodes; draws nothing. */
rcs_us rcs_network_round_trip(const struct rcs_network *net, unsigned a, unsigned b);
rcs_us rcs_network_least(const struct rcs_network *net, unsigned a, unsigned b); /* one way */
bool rcs_network_ways_open(const struct rcs_network *net, const struct rcs_conn *conn);
bool rcs_network_way_open(const struct rcs_network *net, const struct rcs_conn *conn, unsigned way);
bool rcs_network_nodes_open(const struct rcs_network *net, unsigned a, unsigned b); /* both ways */

/* --- connections (connection.c) --------------------------------------------------------------- */

static inline struct rcs_conn *rcs_network_conn(const struct rcs_network *net, uint32_t conn)
{
    return &net->conns[conn];
}

/* Opens a connection to a port of `server`'s host (`nobody`: one that no process uses). */
uint32_t rcs_network_connect(struct rcs_network *net, enum rcs_conn_kind kind, unsigned opener,
                             uint32_t link, unsigned server, bool nobody, rcs_us now_us);
/* Sends `value` from an open end; takes over its reference. */
void rcs_network_send(struct rcs_network *net, uint32_t conn, unsigned end, enum rcs_item item,
                      void *value, rcs_us now_us);
/* A process closes its end: EOF goes out behind what was sent. */
void rcs_network_close_end(struct rcs_network *net, uint32_t conn, unsigned end, rcs_us now_us);
/* All ends of the marked nodes: closed by the kernel, or gone without a word (`silently`). */
void rcs_network_end_nodes(struct rcs_network *net, const bool *marked, bool silently,
                           rcs_us now_us);

enum rcs_delivery_kind {
    RCS_DELIVERY_UP,       /* the opener is connected */
    RCS_DELIVERY_FAILED,   /* it could not be: `reason` */
    RCS_DELIVERY_ACCEPTED, /* the server has a new connection */
    RCS_DELIVERY_ITEM,     /* `item`, `value` */
    RCS_DELIVERY_LOST      /* EOF, reset or timeout */
};
struct rcs_delivery {
    enum rcs_delivery_kind kind;
    uint32_t conn;
    unsigned end; /* who gets it */
    enum rcs_item item;
    void *value;
    const char *reason;
};
/* Carries out a pending event of the network. True: `out` is for the process at its end, who may
 * take it later; then rcs_network_done must follow. */
bool rcs_network_arrive(struct rcs_network *net, const struct rcs_pending *pending, rcs_us now_us,
                        struct rcs_delivery *out);
/* True if the process still holds the end the delivery is for. FAILED and LOST close it. */
bool rcs_network_take(struct rcs_network *net, const struct rcs_delivery *delivery);
/* The delivery was handled; a value not passed on is given back. */
void rcs_network_done(struct rcs_network *net, const struct rcs_delivery *delivery);

/* --- for connection.c and tcp.c --------------------------------------------------------------- */

/* Sends without asking: the bytes leave at `depart_us`. */
void rcs_transmit(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                  void *value, rcs_us depart_us);
/* When an item given to TCP now leaves; RCS_NEVER: it is kept, and leaves when it can. */
rcs_us rcs_tcp_departs(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                       void *value, rcs_us now_us);
/* A message left an end of a bus link. */
void rcs_tcp_sent(struct rcs_network *net, uint32_t conn, unsigned end, rcs_us now_us);
/* What waited for the connection goes out. */
void rcs_tcp_connected(struct rcs_network *net, uint32_t conn, rcs_us now_us);
/* Data of the server reached the opener of a bus link: perhaps with an acknowledgement. */
void rcs_tcp_heard(struct rcs_network *net, uint32_t conn, rcs_us now_us);
/* Forgets what is held one way / both ways. */
void rcs_tcp_forget(struct rcs_network *net, uint32_t conn, unsigned way);
void rcs_tcp_forget_all(struct rcs_network *net, uint32_t conn);
/* RCS_PENDING_RETRY, _ACK and _PROBE; true: a delivery. */
bool rcs_tcp_pending(struct rcs_network *net, const struct rcs_pending *pending, rcs_us now_us,
                     struct rcs_delivery *out);
void rcs_tcp_close(struct rcs_network *net);
size_t rcs_tcp_bytes(const struct rcs_network *net);
static inline void rcs_conn_push(struct rcs_network *net, rcs_us at_us, struct rcs_pending pending)
{
    net->conns[pending.who].refs++;
    RCS_ASSERT(net->conns[pending.who].refs != 0);
    rcs_queue_push(net->queue, at_us, pending);
}

#endif
