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
 * side only); segments that are lost and sent again; a link's rate; packets that are refused
 * instead of lost. Not modelled: windows and congestion control, the keepalive of client
 * connections (5 minutes). A cut acts where a packet leaves: what is on its way arrives. */
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
    rcs_us syn_us;                         /* a SYN without answer is sent again after this */
    uint8_t syn_linear, syn_retries;       /* so often, then with doubling pauses; in all */
    rcs_us rto_us, rto_max_us;             /* data without acknowledgement; doubling */
    rcs_us delayed_ack_us, kernel_tick_us; /* the former by a timer that counts in the latter */
};
/* NULL: no such row. */
const struct rcs_link_kind *rcs_link_kind_find(const char *name);
/* "lan, loopback", for messages. */
const char *rcs_link_kind_names(void);

/* --- what is pending -------------------------------------------------------------------------- */

enum rcs_pending_kind {
    RCS_PENDING_WAKE,       /* `who` is a node */
    RCS_PENDING_RESUME,     /* a node that was blocked goes on */
    RCS_PENDING_REFUSALS,   /* a node has refused connects to hear of */
    RCS_PENDING_BLOCK_OVER, /* the time a node waits for a target is over */
    RCS_PENDING_WORKLOAD,   /* `who` is a workload whose time has come */
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

/* A session's opener stands outside the cluster. A target's is a node in MIGRATE. */
enum rcs_conn_kind { RCS_CONN_BUS, RCS_CONN_REPLICATION, RCS_CONN_SESSION, RCS_CONN_TARGET };
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

#define RCS_BOOT_US_MAX 16384000 /* a turn of the timer wheel that matters */
/* A party's place. Sessions have only a site. */
struct rcs_party {
    uint16_t site;
    uint16_t keepalive_s; /* of accepted bus links, 0 off */
    bool powered;         /* its host */
    bool listening;       /* its process */
    uint32_t boot_us;     /* how its kernel's timers lie to the clock */
};

/* What lies between two sites, or within one. */
struct rcs_path {
    rcs_us low_us;
    uint32_t span_us; /* high - low */
    uint16_t loss;    /* of 10000 segments so many are lost */
    uint8_t kind;     /* row of the table of link kinds */
    bool limited;     /* by a pipe */
};
_Static_assert(sizeof(struct rcs_path) == 16, "four paths share a cache line");

/* One property of paths that a rule sets. */
enum rcs_path_property {
    RCS_PATH_LATENCY, /* `low_us` and `high_us` */
    RCS_PATH_LOSS,    /* `value` of 10000 segments */
    RCS_PATH_KIND,    /* row `value` of the table of link kinds */
    RCS_PATH_RATE     /* `value` bits a second each way, not 0 */
};
struct rcs_path_rule {
    uint16_t a, b; /* RCS_SITE_ANY: every other */
    uint8_t property;
    bool ended;
    rcs_us low_us, high_us;
    uint64_t value;
};
#define RCS_SITE_OUTSIDE 0
#define RCS_SITE_ANY     UINT16_MAX

/* A path of limited rate is a line: what leaves waits for what left before it, and nothing arrives
 * before that. All connections between the two sites share it; a rule for many pairs makes a pipe
 * for each. */
struct rcs_pipe {
    uint64_t bits_per_s;
    uint16_t a, b;
    struct {
        rcs_us free_us, arrives_us;
    } way[2]; /* from a to b, and back; within one site both are the first */
};

/* What becomes of packets into a cut path. */
enum rcs_cut {
    RCS_CUT_NONE,
    RCS_CUT_DROP, /* they vanish */
    RCS_CUT_RST,  /* each is answered by a TCP reset in the name of whom it was for */
    RCS_CUT_ICMP  /* answered by ICMP port unreachable, as often as Linux' rate limit lets it */
};

struct rcs_network {
    const struct rcs_link_kind *link_kind; /* where no rule says another one */
    bool small_segments;     /* somewhere bus messages fit into one: Nagle's algorithm shows */
    struct rcs_queue *queue; /* borrowed */
    struct rcs_store *store; /* borrowed */
    uint64_t seed;
    struct rcs_rand chance; /* latencies */
    struct rcs_rand luck;   /* losses */

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

    struct rcs_path *paths; /* site by site */
    unsigned site_count;
    struct rcs_path_rule *rules;
    unsigned rule_count;
    struct rcs_pipe *pipes;
    unsigned pipe_count;
    bool hampered;     /* some path loses segments or has a rate */
    bool kinds_differ; /* some rule was about a kind */

    uint8_t *cuts;         /* enum rcs_cut per (from, to), NULL: none were ever made */
    unsigned cut_nodes;    /* nodes they were made for */
    unsigned trouble;      /* cut pairs and hosts without power: 0 means every way is open */
    struct rcs_icmp *icmp; /* by node: what it may still be told; NULL: nobody was */
    unsigned icmp_nodes;

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
/* RCS_SITE_ANY for `b`: between `a` and every other. Of the rules about one property later ones
 * win. Returns the rule's number. */
unsigned rcs_network_add_rule(struct rcs_network *net, const struct rcs_path_rule *rule);
unsigned rcs_network_set_latency(struct rcs_network *net, unsigned a, unsigned b, rcs_us low_us,
                                 rcs_us high_us);
/* The rule keeps its place among the others. */
void rcs_network_change_latency(struct rcs_network *net, unsigned rule, rcs_us low_us,
                                rcs_us high_us);
void rcs_network_end_rule(struct rcs_network *net, unsigned rule);
void rcs_network_cut(struct rcs_network *net, unsigned from, unsigned to, enum rcs_cut cut);
void rcs_network_heal_all(struct rcs_network *net);
static inline enum rcs_cut rcs_network_cut_of(const struct rcs_network *net, unsigned from,
                                              unsigned to)
{
    return from >= net->cut_nodes || to >= net->cut_nodes
               ? RCS_CUT_NONE
               : (enum rcs_cut)net->cuts[(size_t)from * net->cut_nodes + to];
}
void rcs_network_power(struct rcs_network *net, unsigned node, bool powered);
/* After cuts were made or power went: accepted bus links that hear nothing begin to probe. */
void rcs_network_trouble_began(struct rcs_network *net, rcs_us now_us);

/* What lies between the ends of a connection. */
const struct rcs_path *rcs_network_path(const struct rcs_network *net, const struct rcs_conn *conn);
RCS_RARE const struct rcs_link_kind *rcs_network_other_kind(const struct rcs_network *net,
                                                            const struct rcs_conn *conn);
static inline const struct rcs_link_kind *rcs_network_kind(const struct rcs_network *net,
                                                           const struct rcs_conn *conn)
{
    return net->kinds_differ ? rcs_network_other_kind(net, conn) : net->link_kind;
}
/* When so many bits in so many segments, given to a limited path at `depart_us`, have all arrived;
 * without a limit the first of them would at `at_us`. */
rcs_us rcs_network_piped(struct rcs_network *net, const struct rcs_conn *conn, unsigned way,
                         uint64_t bits, unsigned segments, rcs_us depart_us, rcs_us at_us);
/* What becomes of a packet that leaves one way; RCS_CUT_DROP also into a host without power. */
enum rcs_cut rcs_network_cut_on(const struct rcs_network *net, const struct rcs_conn *conn,
                                unsigned way);
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
    RCS_DELIVERY_LOST      /* reset or timeout: `reason`; or EOF: NULL */
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

/* --- between connection.c, tcp.c, nagle.c, keepalive.c and loss.c ----------------------------- */

/* True if a packet into a cut way comes back as a refusal: TCP reset or ICMP, one of which is then
 * used up. */
bool rcs_path_rejects(struct rcs_network *net, const struct rcs_conn *conn, unsigned way,
                      rcs_us now_us);
/* True if a SYN, or the answer to it, is lost. */
bool rcs_path_loses_syn(struct rcs_network *net, const struct rcs_conn *conn);
/* True if one segment is lost. */
bool rcs_path_loses(struct rcs_network *net, const struct rcs_conn *conn);
/* What was lost, and once more when it was sent again: the retransmission timer runs. */
struct rcs_unrepaired {
    rcs_us after_us; /* it ends then, after the first packet left; 0: all is well */
    rcs_us rto_us;
    bool there; /* only acknowledgements were lost */
};
/* When an item arrives that by its latency would at `at_us`: a narrow path makes it wait, and what
 * is lost of it is sent again; if that does not help, says so by *timer. */
RCS_RARE rcs_us rcs_path_arrives(struct rcs_network *net, const struct rcs_conn *conn, unsigned way,
                                 enum rcs_item item, const void *value, rcs_us depart_us,
                                 rcs_us at_us, struct rcs_unrepaired *timer);

/* Sends without asking: the bytes leave at `depart_us`, and take `latency_us` if that was drawn
 * before, -1 if not. */
void rcs_transmit(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                  void *value, rcs_us depart_us, rcs_us latency_us);
/* The same, of what is not lost: it arrives at `at_us`, or behind what was sent before. */
void rcs_transmit_sure(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                       void *value, rcs_us at_us);
/* What was sent at `sent_us` waits for the retransmission timer, and all behind it with it; `value`
 * is kept unless it is there. */
void rcs_tcp_unrepaired(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                        void *value, rcs_us sent_us, const struct rcs_unrepaired *timer);
/* When an item given to TCP now leaves; RCS_NEVER: it is kept, and leaves when it can. */
rcs_us rcs_tcp_departs(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                       void *value, rcs_us now_us);
#define RCS_TCP_RETRIES  15   /* net.ipv4.tcp_retries2 */
#define RCS_TCP_PROBE_US 2000 /* TCP_TIMEOUT_MIN_US: at least so long until a tail loss probe */
/* How long data of a connection wait for an acknowledgement before they are sent again; drawn. */
rcs_us rcs_tcp_first_rto(struct rcs_network *net, const struct rcs_conn *conn);
/* The same after so many retransmissions. */
rcs_us rcs_tcp_rto(const struct rcs_link_kind *kind, rcs_us rto_us, unsigned tries);
/* When the kernel at an end of a connection runs a timer that it sets now. */
rcs_us rcs_tcp_timer(const struct rcs_network *net, const struct rcs_conn *conn, unsigned end,
                     rcs_us now_us, rcs_us after_us);
/* Paths began to answer with resets: delayed acknowledgements that are due run into them. */
void rcs_tcp_acks_refused(struct rcs_network *net, rcs_us now_us);
/* What waited for the connection goes out. */
void rcs_tcp_connected(struct rcs_network *net, uint32_t conn, rcs_us now_us);
/* Data of the server reached the opener of a bus link: perhaps with an acknowledgement. */
void rcs_tcp_heard(struct rcs_network *net, uint32_t conn, rcs_us now_us);
/* Forgets what is held one way / both ways. */
void rcs_tcp_forget(struct rcs_network *net, uint32_t conn, unsigned way);
void rcs_tcp_forget_all(struct rcs_network *net, uint32_t conn);
/* RCS_PENDING_RETRY and _ACK; true: a delivery. */
bool rcs_tcp_pending(struct rcs_network *net, const struct rcs_pending *pending, rcs_us now_us,
                     struct rcs_delivery *out);
/* A packet goes into a cut path (of what is written together a router sees one: GSO). True: that
 * breaks the connection, for the kernel that sent it or, where only acknowledgements are cut off,
 * for the one they come from. */
bool rcs_tcp_breaks(struct rcs_network *net, uint32_t conn, unsigned way, rcs_us now_us);
/* True while what was sent one way waits to be sent again. */
bool rcs_tcp_unacknowledged(const struct rcs_network *net, uint32_t conn, unsigned way);
/* The kernel at an end tells its process that it gave up. */
struct rcs_delivery rcs_tcp_timed_out(uint32_t conn, unsigned end);
void rcs_tcp_close(struct rcs_network *net);
size_t rcs_tcp_bytes(const struct rcs_network *net);

/* When Nagle's algorithm lets the opener's `value` leave; not after `now_us`: at once. */
rcs_us rcs_nagle_departs(struct rcs_network *net, uint32_t conn, enum rcs_item item,
                         const void *value, rcs_us now_us);
/* True if it is smaller than a segment of that connection. */
bool rcs_nagle_small(const struct rcs_network *net, const struct rcs_conn *conn, enum rcs_item item,
                     const void *value);
/* A node's loop turned: what it sends now is not one write with what it sent before. */
void rcs_nagle_turn(struct rcs_network *net);
/* A message left an end of a bus link. */
void rcs_nagle_sent(struct rcs_network *net, uint32_t conn, unsigned end, rcs_us now_us);

/* RCS_PENDING_PROBE after `tries` without an answer; true: a delivery. */
bool rcs_keepalive_probe(struct rcs_network *net, uint32_t conn, unsigned tries, rcs_us now_us,
                         struct rcs_delivery *out);

static inline void rcs_conn_push(struct rcs_network *net, rcs_us at_us, struct rcs_pending pending)
{
    net->conns[pending.who].refs++;
    RCS_ASSERT(net->conns[pending.who].refs != 0);
    rcs_queue_push(net->queue, at_us, pending);
}

#endif
