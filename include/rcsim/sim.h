/* A simulated world: hosts with Redis nodes, a network between them, clients, faults, one virtual
 * clock.
 *
 * Same calls, same seed: same run, on every machine. Nodes are numbered from 0 in the order they
 * were added; functions that take a node assert that the number exists. Nothing here sets a role or
 * moves a slot: roles come from the protocol. Not thread-safe; two worlds may run on two threads.
 */
#ifndef RCSIM_SIM_H
#define RCSIM_SIM_H

#include <rcsim/base.h>
#include <rcsim/resp.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rcs_sim;

struct rcs_sim_options {
    uint64_t seed;         /* 0 is a seed like any other */
    const char *redis;     /* release of the nodes: "6.2", "6.2.16", "valkey-8.0"...; NULL: 7.0 */
    const char *network;   /* row of the table of link kinds: "lan" (NULL), "loopback" */
    bool wire_check;       /* encode and decode every bus message; must not change the digest */
    bool keep_milestones;  /* for rcs_sim_milestone below */
    bool own_hosts;        /* each node is a host of its own, even where addresses share an ip */
    bool config_files;     /* nodes have a redis.conf that CONFIG REWRITE can change */
    int64_t start_wall_ms; /* wall clock at time 0, whole seconds; 0: 2026-01-01 00:00:00 UTC */
};

/* NULL and `diag` if an option is not known. */
struct rcs_sim *rcs_sim_new(const struct rcs_sim_options *options, struct rcs_diag *diag);
/* And all sessions that are still there. A trace writer must have been ended before. */
void rcs_sim_free(struct rcs_sim *sim);

/* --- layout ----------------------------------------------------------------------------------- */

/* Adds a host with one node on it, not started. `site` NULL: a site of its own kind, "". `address`
 * "ip:port" or NULL: 10.SITE.0.K:6379. Nodes with the same ip share a host. Returns the node's
 * number, or -1 with `diag` (name taken, address taken or malformed, more than 255 sites). */
int rcs_sim_add_node(struct rcs_sim *sim, const char *name, const char *site, const char *address,
                     struct rcs_diag *diag);
int rcs_sim_find_node(const struct rcs_sim *sim, const char *name);            /* -1: none */
int rcs_sim_node_at(const struct rcs_sim *sim, const char *ip, unsigned port); /* -1: none */
/* The node is no more: its number stays, its name and its address are free. RCS_ERR_STATE: it has a
 * process. */
enum rcs_err rcs_sim_remove_node(struct rcs_sim *sim, int node, struct rcs_diag *diag);
unsigned rcs_sim_node_count(const struct rcs_sim *sim);
const char *rcs_sim_node_name(const struct rcs_sim *sim, int node);
const char *rcs_sim_node_site(const struct rcs_sim *sim, int node);
const char *rcs_sim_node_ip(const struct rcs_sim *sim, int node);
int rcs_sim_node_port(const struct rcs_sim *sim, int node);
/* The 40 characters the node calls itself; "" if it never started. */
const char *rcs_sim_node_id(const struct rcs_sim *sim, int node);
/* The node that calls (or last called) itself so; -1. */
int rcs_sim_node_of_id(const struct rcs_sim *sim, const char *id);

/* Makes a node that does not run another release than options.redis: directives that were not set
 * take its defaults. RCS_ERR_UNKNOWN: no such release, or it lacks a directive that was set;
 * RCS_ERR_STATE: the node runs. */
enum rcs_err rcs_sim_set_release(struct rcs_sim *sim, int node, const char *redis,
                                 struct rcs_diag *diag);
/* "Redis 6.2.16"; of `node` -1 what nodes are unless told otherwise. Static. */
const char *rcs_sim_release(const struct rcs_sim *sim, int node);

/* A redis.conf directive for all nodes (`node` -1), also those added later, or for one; running
 * nodes take it at once if it can be changed at run time. */
enum rcs_err rcs_sim_configure(struct rcs_sim *sim, int node, const char *name, const char *value,
                               struct rcs_diag *diag);

/* --- network ---------------------------------------------------------------------------------- */

/* One-way latency of packets between two sites (or within one, a == b), uniform in low..high, both
 * directions, at most 60 s; NULL for `b`: between `a` and everything. Of several that fit a pair
 * the last one set holds. The order within a connection is kept. */
enum rcs_err rcs_sim_latency(struct rcs_sim *sim, const char *a, const char *b, rcs_us low,
                             rcs_us high, struct rcs_diag *diag);
/* So many of 10000 segments are lost between two sites, each way; TCP sends them again, later.
 * Sites as above. Not above 10000. */
enum rcs_err rcs_sim_loss(struct rcs_sim *sim, const char *a, const char *b, unsigned of_10000,
                          struct rcs_diag *diag);
/* What may travel between two sites each way, in bits a second, 1000 to 10^12: all connections
 * share it, one packet after the other. NULL for `b`: so much to each other site. */
enum rcs_err rcs_sim_bandwidth(struct rcs_sim *sim, const char *a, const char *b,
                               uint64_t bits_per_s, struct rcs_diag *diag);
/* Another kind of link between two sites: a row of the table of link kinds. Its latency holds where
 * none was set. */
enum rcs_err rcs_sim_link(struct rcs_sim *sim, const char *a, const char *b, const char *kind,
                          struct rcs_diag *diag);
/* Packets from each of `from` to each of `to` vanish (`oneway`: but not the other way round). */
void rcs_sim_partition(struct rcs_sim *sim, const int *from, unsigned from_count, const int *to,
                       unsigned to_count, bool oneway);
/* The same, but the sender is told, as by a firewall that rejects. */
enum rcs_reject {
    RCS_REJECT_RST, /* by a TCP reset: connections break, new ones are refused */
    RCS_REJECT_ICMP /* by ICMP port unreachable, about one a second for each sender (Linux
                       icmp_ratelimit): new connections are refused, those there are stay */
};
void rcs_sim_reject(struct rcs_sim *sim, enum rcs_reject how, const int *from, unsigned from_count,
                    const int *to, unsigned to_count, bool oneway);
/* Undoes partitions between the two groups in both directions; both NULL: all partitions. */
void rcs_sim_heal(struct rcs_sim *sim, const int *a, unsigned a_count, const int *b,
                  unsigned b_count);
/* Drops the next `count` bus messages of a type (-1: any) from one node to another (-1: any), after
 * letting `skip` of them pass. */
void rcs_sim_drop(struct rcs_sim *sim, int type, int from, int to, unsigned skip, unsigned count);
/* What rcs_sim_drop still waits for passes. */
void rcs_sim_drop_none(struct rcs_sim *sim);

/* --- life and faults -------------------------------------------------------------------------- */

/* All nodes of the list at one instant, in index order. RCS_ERR_STATE with `diag` naming the first
 * node for which it is not possible; nothing is done then. */

enum rcs_fault {
    RCS_FAULT_START, /* powers on if needed; finds nodes.conf and dump.rdb as its host has them */
    RCS_FAULT_KILL,  /* SIGKILL: peers get EOF, reconnects are refused, unsaved data is gone */
    RCS_FAULT_STOP,  /* SIGTERM: the same after saving what its configuration saves */
    RCS_FAULT_PAUSE, /* SIGSTOP: connections stay, nothing is answered, input queues up */
    RCS_FAULT_RESUME,
    RCS_FAULT_POWEROFF,   /* of the host: silence, no EOF, no refusal */
    RCS_FAULT_LOSE_CONF,  /* nodes.conf of a node that is down is gone */
    RCS_FAULT_LOSE_DATA,  /* dump.rdb of a node that is down is gone */
    RCS_FAULT_STALE_CONF, /* a node that is down finds nodes.conf as rcs_sim_keep_conf copied it */
    RCS_FAULT_COUNT
};
const char *rcs_fault_name(enum rcs_fault fault);
enum rcs_err rcs_sim_fault(struct rcs_sim *sim, enum rcs_fault fault, const int *nodes,
                           unsigned count, struct rcs_diag *diag);
/* True if that is possible for this node now, were it done to it alone. */
bool rcs_sim_fault_fits(struct rcs_sim *sim, enum rcs_fault fault, int node);

/* Each fsync of nodes.conf takes so long from now on (0: no time, at most 1 h): the node's event
 * loop stands still meanwhile, and what it was about to send waits. */
enum rcs_err rcs_sim_fsync(struct rcs_sim *sim, const int *nodes, unsigned count, rcs_us fsync_us,
                           struct rcs_diag *diag);
/* The disks of these nodes have no block to give from now on, or room again (`full` false). A file
 * is written over within the blocks of 4096 bytes it has; an RDB, redis.conf and what is appended
 * to an append-only file fail (ENOSPC), and servers do about it what Redis 7.0 does. */
void rcs_sim_disk(struct rcs_sim *sim, const int *nodes, unsigned count, bool full);
/* The clocks of the nodes' hosts: what their nodes take for the time of day, and what timeouts of
 * the bus and of replication, expiry and log lines go by; the event loop does not (Redis 7.0). */
enum rcs_clock_change {
    RCS_CLOCK_JUMP,  /* by so many microseconds, back if negative */
    RCS_CLOCK_DRIFT, /* gains so many millionths from now on, loses if negative; 10000 at most */
    RCS_CLOCK_BACK   /* goes right again, whatever it had been */
};
/* RCS_ERR_RANGE: more than a day off, all in all. */
enum rcs_err rcs_sim_clock(struct rcs_sim *sim, const int *nodes, unsigned count,
                           enum rcs_clock_change change, int64_t value, struct rcs_diag *diag);
/* How far it is ahead of true time now. */
rcs_us rcs_sim_clock_ahead(const struct rcs_sim *sim, int node);
/* Takes a copy of nodes.conf as the nodes' hosts hold it (none: there is none), instead of an older
 * copy; RCS_ERR_STATE if a node was never started. */
enum rcs_err rcs_sim_keep_conf(struct rcs_sim *sim, const int *nodes, unsigned count,
                               struct rcs_diag *diag);

enum rcs_node_life {
    RCS_LIFE_NEVER_STARTED,
    RCS_LIFE_UP,
    RCS_LIFE_PAUSED,
    RCS_LIFE_DOWN,
    RCS_LIFE_OFF
};
enum rcs_node_life rcs_sim_node_life(const struct rcs_sim *sim, int node);

/* --- time ------------------------------------------------------------------------------------- */

/* A world lasts 18.5 days at most: no event after this instant is carried out, and no clock passes
 * it. */
#define RCS_SIM_TIME_MAX RCS_S(1600000)

rcs_us rcs_sim_now(const struct rcs_sim *sim);
/* When the next event happens; RCS_NEVER: none. */
rcs_us rcs_sim_next(const struct rcs_sim *sim);
/* Carries out the next event if it is not after `limit`, and advances the clock to it. False: there
 * is none up to `limit`; the clock then stands at `limit`, or where it was for RCS_NEVER. */
bool rcs_sim_step(struct rcs_sim *sim, rcs_us limit);
/* All events up to now + `duration`, which is not negative. */
void rcs_sim_advance(struct rcs_sim *sim, rcs_us duration);

/* --- clients ---------------------------------------------------------------------------------- */

/* A client program outside the cluster: connections to nodes, one request outstanding at a time. */
struct rcs_session;

/* `site` NULL: outside all sites, else one that exists. `cluster`: follows MOVED and ASK as
 * `redis-cli -c` does (16 at most), and when a node cannot be reached tries the next one (index
 * order, from the last that answered). */
struct rcs_session *rcs_session_new(struct rcs_sim *sim, const char *site, bool cluster);
void rcs_session_free(struct rcs_session *session);
/* Where a cluster client that has asked nobody yet stands; at first node 0. */
void rcs_session_stand(struct rcs_session *session, int node);

enum rcs_session_state {
    RCS_SESSION_IDLE,
    RCS_SESSION_WAITING,
    RCS_SESSION_REPLIED,
    RCS_SESSION_FAILED
};

/* Sends a request (`node` -1: where a cluster client stands). The session must not be waiting. */
void rcs_session_request(struct rcs_session *session, int node, unsigned argc,
                         const struct rcs_arg *args);
enum rcs_session_state rcs_session_state(const struct rcs_session *session);
/* REPLIED: the parsed reply, borrowed until the next request. */
const struct rcs_reply *rcs_session_reply(const struct rcs_session *session);
/* FAILED: "Could not connect to Redis at 10.1.0.1:6379: Connection refused", "Server closed the
 * connection", "Connection timed out". */
const char *rcs_session_error(const struct rcs_session *session);
/* What `redis-cli -c` prints on the way: "-> Redirected to slot [6918] located at 10.1.0.2:6379",
 * one a line; "" none. */
const char *rcs_session_redirections(const struct rcs_session *session);
/* The node that gave the reply; when the request was sent and answered. */
int rcs_session_node(const struct rcs_session *session);
rcs_us rcs_session_sent(const struct rcs_session *session);
rcs_us rcs_session_answered(const struct rcs_session *session);

/* A client program that writes and reads all the time, as an application does through a client
 * library, and counts what became of it. An operation writes a key and reads it back (or does one
 * of the two); the next one begins `every_us` after its end. */
struct rcs_workload;

enum rcs_workload_does { RCS_WORKLOAD_BOTH, RCS_WORKLOAD_WRITES, RCS_WORKLOAD_READS };

struct rcs_workload_options {
    const char *name; /* keys are called NAME:1..., or NAME:{TAG}:1... */
    const char *kind; /* a row of rcs_workload_kind */
    const char *site; /* NULL: outside all sites */
    const int *nodes; /* whom it is told of: at least one, copied */
    unsigned node_count;
    unsigned keys;     /* 0: 1000; at most 1000000; taken one after the other, again and again */
    const char *tag;   /* NULL: none. With one, all keys lie in one slot */
    rcs_us every_us;   /* 0: 50 ms */
    rcs_us timeout_us; /* a reply is given up after this; 0: as the kind does */
    bool renew;        /* after a failed operation the client object is made anew */
    enum rcs_workload_does does;
    unsigned wait_replicas; /* after each write: WAIT for so many replicas, 0 not at all, */
    rcs_us wait_us;         /* for so long (whole ms; 0: without a limit) */
    rcs_us reread_us; /* after each operation: the oldest write that was acknowledged so long ago or
                       * longer is read back, once, if its key was not written anew; 0: none is */
};

/* The kinds, for help: name and a sentence; NULL past the end. */
const char *rcs_workload_kind(unsigned index, const char **what);

/* Starts at once. NULL and `diag` if the kind or the site is not known or a number is out of range.
 * Freed with the world, if not before. */
struct rcs_workload *rcs_workload_new(struct rcs_sim *sim,
                                      const struct rcs_workload_options *options,
                                      struct rcs_diag *diag);
void rcs_workload_free(struct rcs_workload *workload);
/* The operation under way is its last one. */
void rcs_workload_stop(struct rcs_workload *workload);

/* clang-format off */
#define RCS_WORKLOAD_ERRORS(X) \
    X(REFUSED,     "refused")       /* nobody listens there */                         \
    X(CLOSED,      "closed")        /* the server closed the connection */             \
    X(TIMEOUT,     "timeout")       /* no answer, or not connected, in time */         \
    X(CLUSTERDOWN, "clusterdown")                                                      \
    X(MOVED,       "moved")         /* MOVED or ASK, not followed or too often */      \
    X(READONLY,    "readonly")                                                         \
    X(TOPOLOGY,    "topology")      /* the client could not read the slots anew */     \
    X(STALE,       "stale")         /* a read gave less than what was acknowledged */  \
    X(OTHER,       "other")         /* any other error reply */
/* clang-format on */
enum rcs_workload_error {
#define X(name, text) RCS_WORKLOAD_##name,
    RCS_WORKLOAD_ERRORS(X)
#undef X
        RCS_WORKLOAD_ERROR_COUNT
};
const char *rcs_workload_error_name(enum rcs_workload_error error);

struct rcs_workload_counts {
    uint64_t operations, ok; /* ended; without an error */
    uint64_t errors[RCS_WORKLOAD_ERROR_COUNT];
    uint64_t error_count;
    /* An outage begins with a failed operation and ends with the first good one of 20 in a row. */
    uint64_t outages;
    rcs_us unavailable_us; /* sum of their lengths, up to now if one lasts */
    bool down;             /* one lasts */
    uint64_t acknowledged; /* writes */
    uint64_t confirmed;    /* of them: WAIT found enough replicas */
    uint64_t reread;       /* of them: read back, and there, as reread_us has it */
    rcs_us slowest_us;     /* of the operations that ended */
};
void rcs_workload_counts(const struct rcs_workload *workload, struct rcs_workload_counts *out);
/* Acknowledged writes that are gone: whoever serves the key (the owner of its slot by its own
 * picture, of several the one of the highest epoch; or who imports the slot) has no value of it, or
 * an older one. `unserved` (NULL allowed): those to keys that nobody serves now, lost or not. Looks
 * into the nodes' data, key by key; changes nothing. */
uint64_t rcs_workload_lost(const struct rcs_workload *workload, uint64_t *unserved);
/* Reads that gave what it never wrote to the key: no error, and no stale value either. */
uint64_t rcs_workload_wrong(const struct rcs_workload *workload);

/* --- what holds: read from a node's own picture ----------------------------------------------- */

struct rcs_view {
    bool running;                     /* the rest is 0 if not */
    bool replica;                     /* role */
    bool state_ok;                    /* cluster_state */
    bool link_up;                     /* replica: link to its master is up */
    int master;                       /* replica: node number of its master, -1 not known */
    unsigned known;                   /* nodes in its table, handshakes included */
    unsigned slots;                   /* slots it owns in its own picture */
    unsigned assigned;                /* slots with an owner */
    int size;                         /* masters with slots, as last counted */
    uint64_t current_epoch, my_epoch; /* my_epoch: as CLUSTER INFO, its master's for a replica */
    int64_t offset;                   /* replication offset */
    size_t keys;
};
void rcs_sim_view(const struct rcs_sim *sim, int node, struct rcs_view *out);

/* How `viewer` sees `node`: false if it does not know it. */
struct rcs_opinion {
    unsigned flags; /* enum rcs_node_flag */
    int master;     /* -1 none or unknown */
    unsigned slots;
    uint64_t config_epoch;
    uint64_t slots_hash; /* of which ones: equal for the same slots, 0 for none */
    bool connected;
};
bool rcs_sim_opinion(const struct rcs_sim *sim, int viewer, int node, struct rcs_opinion *out);
/* Ranges a viewer binds to a node, "0-5460 5462"; borrowed until the next call. */
const char *rcs_sim_slot_ranges(struct rcs_sim *sim, int viewer, int node);
/* nodes.conf as the node's host holds it; NULL: none. Borrowed until the next call. */
const char *rcs_sim_nodes_conf(struct rcs_sim *sim, int node);
/* Gives the host of a node that is not running a nodes.conf. */
enum rcs_err rcs_sim_set_nodes_conf(struct rcs_sim *sim, int node, const char *text,
                                    size_t size_bytes, struct rcs_diag *diag);

/* --- what happened ---------------------------------------------------------------------------- */

/* A decision of a node, with the numbers that were compared and the event that led to it. */
struct rcs_milestone {
    rcs_us at_us;
    int node;
    const char *what;      /* "pfail", "election-won"...: the first column of sim/facts_*.h */
    int about, by;         /* nodes, -1 none */
    const char *fields[3]; /* names of the numbers, "" none */
    int64_t values[3];
    const char *text; /* the real server's log line, NULL: it logs nothing */
    const char *on;   /* the event: "pong", "auth-ack", "wake", "client-request"... */
    int on_from;      /* the node it came from, -1 */
};
/* With options.keep_milestones: the i-th since the beginning; false past the end. Texts are
 * borrowed for the life of the world. */
bool rcs_sim_milestone(const struct rcs_sim *sim, size_t index, struct rcs_milestone *out);

/* Called for each line of any node's log as it is written (notice and above, or as `loglevel`
 * says), without a final LF: "<pid>:<role> <date> <level> <text>". */
typedef void rcs_log_fn(void *arg, int node, rcs_us at_us, const char *line);
void rcs_sim_on_log(struct rcs_sim *sim, rcs_log_fn *fn, void *arg);

/* XXH3-64 over the canonical fields of every packet-level record so far / of the milestones alone.
 */
uint64_t rcs_sim_digest(const struct rcs_sim *sim);
uint64_t rcs_sim_milestone_digest(const struct rcs_sim *sim);

struct rcs_sim_counts {
    uint64_t events;       /* steps of nodes and of the network */
    uint64_t bus_messages; /* delivered */
    uint64_t bus_sent[11], bus_received[11];
    uint64_t connects, refused;
    uint64_t milestones;
    size_t memory_bytes; /* held by the world */
};
void rcs_sim_counts(const struct rcs_sim *sim, struct rcs_sim_counts *out);

#ifdef __cplusplus
}
#endif
#endif
