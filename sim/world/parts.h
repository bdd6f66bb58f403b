/* What the files of sim/world share: the world itself and how they call each other. */
#ifndef RCSIM_SIM_WORLD_PARTS_H
#define RCSIM_SIM_WORLD_PARTS_H

#include <rcsim/trace.h>

#include "sim/keys/keyspace.h"
#include "sim/world/disk.h"
#include "sim/world/network.h"
#include "sim/world/record.h"
#include "sim/world/watch.h"
#include "sim/world/world.h"

/* --- one node and what belongs to it on its host ---------------------------------------------- */

/* A connect that a living host refused: due one round trip after it, told when the node next runs.
 */
struct rcs_refusal {
    rcs_us at_us;
    uint32_t link;
};

struct rcs_handshake_link {
    uint32_t link, conn;
};
struct rcs_target_link {
    uint32_t link, conn;
};

struct rcs_world_node {
    struct rcs_node *machine; /* NULL: no process */
    rcs_us wake_us;           /* of its pending wake; RCS_NEVER none */
    bool frozen;              /* paused or asleep: input waits in `inbox` */
    bool paused;
    bool stalled;         /* asleep in an fsync */
    bool blocked;         /* frozen, but for its targets (target.c) */
    bool shutdown_waits;  /* SIGTERM came while frozen */
    bool polls;           /* it was stopped where it waited for something to read */
    bool removed;         /* never to be started again */
    uint8_t life;         /* enum rcs_node_life */
    uint8_t exit_status;  /* of the process that ended last */
    rcs_id id;            /* who it is, or last was; RCS_ID_NONE: never started */
    rcs_addr ip_addr;     /* interned: its ip, no ports */
    rcs_addr client_addr; /* interned: as a client, with a source port */
    rcs_us asleep_until_us;
    rcs_us blocked_until_us; /* then a target took too long */
    struct rcs_effects late; /* what the step that fell asleep had still to do; on a slow disk also
                              * what a turn says, until it ends */

    /* its links by its own names: connections (links.c) */
    uint32_t *links; /* outbound ones by id; 0 none, RCS_CONN_REFUSED */
    unsigned link_room;
    struct rcs_handshake_link *handshakes; /* ascending by link */
    unsigned handshake_count, handshake_room;
    uint32_t master_conn;            /* to its master's client port, 0 none */
    struct rcs_target_link *targets; /* other nodes' client ports, in the order of opening */
    unsigned target_count, target_room;
    struct rcs_refusal *refusals; /* ascending by at_us, from refusal_first on */
    unsigned refusal_first, refusal_count, refusal_room;
    rcs_us refusal_event_us; /* of the pending event that tells of the first; RCS_NEVER none */

    struct rcs_delivery *inbox; /* of a frozen node, from inbox_first on */
    unsigned inbox_first, inbox_count, inbox_room;

    /* the host's disk */
    struct rcs_saved_config *conf;      /* nodes.conf, NULL none */
    struct rcs_saved_config *kept_conf; /* an older copy of it, NULL none */
    rcs_us fsync_us;                    /* how long an fsync of nodes.conf takes */
    bool disk_full;
    size_t conf_room_bytes;    /* of the blocks nodes.conf had when the disk became full */
    bool conf_corrupt;         /* what nodes.conf holds was cut off in a word */
    struct rcs_snapshot *dump; /* dump.rdb, NULL none */
    struct rcs_saved_aof aof;
    struct rcs_aof_follow *aof_follow; /* NULL: nobody keeps it elsewhere */
    uint32_t disk_changes[RCS_DISK_FILES];
    uint32_t conf_rewrites; /* how often redis.conf was written: with `config` */

    struct rcs_clock host_clock; /* of the host */
    struct rcs_config config;
    uint32_t lives; /* how often it was started */
    uint32_t pid;   /* of its processes, 0: by its number */
    uint16_t port, bus_port;
    unsigned site, host;
    char *name;
    char ip[46];
};
#define RCS_CONN_REFUSED UINT32_MAX
#define RCS_TARGETS_MAX  64 /* as many as Redis keeps */

struct rcs_site {
    char *name;
    unsigned nodes; /* hosts it has got addresses for */
};

struct rcs_drop_rule {
    int type, from, to;
    unsigned skip, count;
};

/* Where an address leads: cached by interned address. */
struct rcs_target {
    int32_t node; /* on that host; -1 nobody has the ip; -2 not looked up yet */
    bool nobody;  /* the host has no such port */
};

struct rcs_kept_milestones;

struct rcs_sim {
    rcs_us now_us;
    struct rcs_queue queue;
    struct rcs_network net;
    struct rcs_store *store;
    struct rcs_effects effects; /* of the step under way */
    struct rcs_world_node *nodes;
    unsigned node_count, node_room;
    struct rcs_record packets, milestones;

    uint64_t seed;
    int64_t start_wall_ms;
    bool wire_check, own_hosts;
    uint8_t *wire; /* buffer of wire_check */
    size_t wire_room_bytes;

    struct rcs_site *sites; /* [RCS_SITE_OUTSIDE] has no name */
    unsigned site_count;
    unsigned host_count;
    struct rcs_target *targets[2]; /* by address: bus ports, client ports */
    unsigned target_room[2];
    int32_t *node_of_id; /* by id, -1 */
    unsigned node_of_id_room;
    struct rcs_drop_rule *drops;
    unsigned drop_count;
    bool *marked; /* scratch: a flag per node */

    struct rcs_session **sessions; /* NULL: free */
    unsigned session_count;
    uint64_t answers;                /* requests of sessions that came to their end */
    struct rcs_workload **workloads; /* NULL: freed; numbers are not used again */
    unsigned workload_count;

    struct rcs_outside **outside; /* connections from outside the simulation, by number */
    unsigned outside_count, outside_room;
    uint32_t outside_last;     /* number given last */
    unsigned outside_waiting;  /* with input for a process that does not read */
    uint32_t *outside_written; /* numbers of those with output, */
    unsigned outside_written_count, outside_written_room;
    uint64_t outside_lives;      /* processes that began or ended */
    unsigned outside_taking;     /* from here on not yet taken out; */
    struct rcs_buf outside_lent; /* the output taken last */

    struct rcs_kept_milestones *kept; /* NULL: not asked for */
    rcs_log_fn *log_fn;
    void *log_arg;
    struct rcs_buf log_line;
    struct rcs_trace_writer *trace; /* NULL none */
    const struct rcs_event *on;     /* the event of the step under way, */
    int on_from;                    /* the node it came from, -1 */

    struct rcs_config config; /* what new nodes begin with */
    struct rcs_rand cli_rand;
    struct rcs_sim_counts counts;
    struct rcs_buf text; /* lent by view functions */
    struct rcs_watch watch;
    bool watch_step; /* it wants to hear of the end of this step */
};

/* --- sim.c ------------------------------------------------------------------------------------ */

/* Grows an array to hold `wanted` items, doubling; new items are not cleared. */
void *rcs_grow(void *array, unsigned *room, unsigned wanted, size_t item_bytes);
/* The node handles `event` now, and its effects are carried out. */
void rcs_sim_step_node(struct rcs_sim *sim, unsigned node, const struct rcs_event *event, int from);
/* Hands a delivery to a process, frozen or not. `more`: it reads more before it sleeps. */
void rcs_sim_hand_over(struct rcs_sim *sim, const struct rcs_delivery *delivery, bool more);
/* A delivery goes to the process it is for, or into the inbox of a frozen one. */
void rcs_sim_deliver(struct rcs_sim *sim, const struct rcs_delivery *delivery);
/* A frozen node goes on. One that was stopped reads what waits first, one that slept goes on with
 * what it slept in: its timers. */
void rcs_sim_thaw(struct rcs_sim *sim, unsigned node, bool was_stopped);

/* --- effects.c -------------------------------------------------------------------------------- */

/* Carries out a list of `node`, up to where it falls asleep: the rest waits in its `late` list, and
 * is carried out `late`. Where an fsync takes time, what an event with `more` says waits there,
 * too, for the fsync that the end of its turn may ask for. */
void rcs_sim_carry_out(struct rcs_sim *sim, unsigned node, struct rcs_effects *effects, bool late);
/* Says what still waits so when the turn is over: its end had nothing to do, thus no list. */
void rcs_sim_say_held(struct rcs_sim *sim, unsigned node);
/* The node does nothing for that long; what comes in waits. */
RCS_RARE void rcs_sim_fall_asleep(struct rcs_sim *sim, unsigned node, rcs_us duration_us);

/* --- links.c ---------------------------------------------------------------------------------- */

void rcs_links_connect_bus(struct rcs_sim *sim, unsigned node, uint32_t link, rcs_addr addr);
RCS_RARE void rcs_links_connect_master(struct rcs_sim *sim, unsigned node, uint32_t link,
                                       rcs_addr addr);
RCS_APART void rcs_links_close(struct rcs_sim *sim, unsigned node, uint32_t link);
RCS_RARE void rcs_links_rename(struct rcs_sim *sim, unsigned node, uint32_t link, uint32_t to_link);
/* The connection and the node's end of it; 0: there is none (any more). */
uint32_t rcs_links_find(const struct rcs_sim *sim, unsigned node, uint32_t link, unsigned *end);
void rcs_links_forget(struct rcs_world_node *node, uint32_t link); /* an outbound link is no more */
/* Tells the node of the refusals up to now. */
void rcs_links_tell_refusals(struct rcs_sim *sim, unsigned node);
static inline void rcs_links_refusals(struct rcs_sim *sim, unsigned node)
{
    if (sim->nodes[node].refusal_count > 0) {
        rcs_links_tell_refusals(sim, node);
    }
}
/* After a step: a refusal that may have an effect at its instant becomes an event. */
void rcs_links_schedule_refusals(struct rcs_sim *sim, unsigned node);
/* The process ended: no links, no refusals. */
void rcs_links_clear(struct rcs_world_node *node);
void rcs_links_close_all(struct rcs_world_node *node); /* frees */
/* A connection to a client port for the node's `link`; an address nobody has refuses. */
uint32_t rcs_links_connect_client(struct rcs_sim *sim, unsigned node, enum rcs_conn_kind kind,
                                  uint32_t link, rcs_addr addr);
/* Where "ip:port" leads: a node, -1. */
int rcs_links_node_at(const struct rcs_sim *sim, const char *ip, unsigned port);
void rcs_links_forget_targets(struct rcs_sim *sim); /* the layout changed */

/* --- target.c: MIGRATE's connections, and the wait for them ----------------------------------- */

RCS_RARE void rcs_target_connect(struct rcs_sim *sim, unsigned node, uint32_t link, rcs_addr addr);
RCS_RARE void rcs_target_send(struct rcs_sim *sim, unsigned node, struct rcs_effect *effect);
RCS_RARE void rcs_target_close(struct rcs_sim *sim, unsigned node, uint32_t link);
/* The node waits / goes on. */
RCS_RARE void rcs_target_block(struct rcs_sim *sim, unsigned node, rcs_us duration_us);
RCS_RARE void rcs_target_unblock(struct rcs_sim *sim, unsigned node);
/* True if it was for a target's opener that waits, and was handed over. */
bool rcs_target_delivered(struct rcs_sim *sim, const struct rcs_delivery *delivery);
/* What the delivery is to the node that opened the connection. */
RCS_RARE void rcs_target_event(struct rcs_sim *sim, const struct rcs_conn *conn,
                               const struct rcs_delivery *delivery, struct rcs_event *event);
void rcs_target_over(struct rcs_sim *sim, unsigned node); /* RCS_PENDING_BLOCK_OVER */
/* A node that was stopped while it waited runs again: it hears of its targets first. */
void rcs_target_resume(struct rcs_sim *sim, unsigned node);
void rcs_target_clear(struct rcs_world_node *node); /* the process ended */

/* --- layout.c --------------------------------------------------------------------------------- */

int rcs_layout_site(const struct rcs_sim *sim, const char *name); /* -1 none */

/* --- host.c ----------------------------------------------------------------------------------- */

void rcs_host_start(struct rcs_sim *sim, unsigned node);
/* The marked nodes' processes end: killed, or with their hosts' power (`silently`). */
void rcs_host_end(struct rcs_sim *sim, const bool *marked, bool silently);
void rcs_host_free(struct rcs_sim *sim, unsigned node);
RCS_APART void rcs_host_save_conf(struct rcs_sim *sim, unsigned node,
                                  struct rcs_saved_config *conf);
/* Only as much of it as n->conf_room_bytes; takes the reference. */
RCS_RARE void rcs_host_tear_conf(struct rcs_sim *sim, unsigned node, struct rcs_saved_config *conf);
/* Bytes of the blocks that nodes.conf has. */
size_t rcs_host_conf_room(struct rcs_sim *sim, unsigned node);
/* Keeps a copy of nodes.conf as it is / puts it back; the node must not be running. */
void rcs_host_keep_conf(struct rcs_sim *sim, unsigned node);
void rcs_host_put_back_conf(struct rcs_sim *sim, unsigned node);
RCS_APART void rcs_host_save_dump(struct rcs_sim *sim, unsigned node, struct rcs_snapshot *dump);
void rcs_host_lose_aof(struct rcs_sim *sim, unsigned node);
void rcs_host_identity(struct rcs_sim *sim, unsigned node, rcs_id id);
/* True, and *port, if both would listen on one port of their host. */
bool rcs_host_ports_clash(const struct rcs_world_node *a, const struct rcs_world_node *b,
                          unsigned *port);
uint16_t rcs_host_keepalive_s(const struct rcs_config *config);

/* --- outside.c -------------------------------------------------------------------------------- */

/* What waited for processes that read again. */
void rcs_outside_flush(struct rcs_sim *sim);
/* A node writes to / closes a connection by its link. */
void rcs_outside_write(struct rcs_sim *sim, uint32_t link, const void *bytes, size_t size_bytes);
void rcs_outside_close(struct rcs_sim *sim, uint32_t link, bool cut);
/* The process ended: its kernel closes its connections, or (`silently`) nothing more is heard. */
void rcs_outside_end_node(struct rcs_sim *sim, unsigned node, bool silently);
/* The host has power again, and knows nothing of connections from before. */
void rcs_outside_powered(struct rcs_sim *sim, unsigned node);
void rcs_outside_close_all(struct rcs_sim *sim); /* frees */

/* --- who watches (watch.h) -------------------------------------------------------------------- */

static inline bool rcs_watched(const struct rcs_sim *sim)
{
    return sim->watch.sent != NULL;
}
/* nodes.conf holds what the node's process wrote, or (not `process`) somebody else. */
void rcs_watch_conf(struct rcs_sim *sim, unsigned node, bool fsync, bool process);

/* --- observe.c: what is recorded -------------------------------------------------------------- */

enum rcs_link_news {
    RCS_LINK_NEWS_UP,
    RCS_LINK_NEWS_ACCEPTED,
    RCS_LINK_NEWS_FAILED,
    RCS_LINK_NEWS_LOST
};
void rcs_observe_bus(struct rcs_sim *sim, unsigned from, unsigned to,
                     const struct rcs_bus_msg *msg);
RCS_APART void rcs_observe_link(struct rcs_sim *sim, enum rcs_link_news news, uint32_t conn,
                                unsigned end);
RCS_APART void rcs_observe_data(struct rcs_sim *sim, uint32_t conn, unsigned way,
                                enum rcs_item item, const void *value);
/* A fault or a change of the network: `name`, nodes on two sides (the second may be empty), a
 * number. */
void rcs_observe_fault(struct rcs_sim *sim, const char *name, const int *nodes, unsigned count,
                       const int *others, unsigned other_count, int64_t number);
enum rcs_outside_news {
    RCS_OUTSIDE_OPEN,
    RCS_OUTSIDE_DATA,
    RCS_OUTSIDE_GONE,
    RCS_OUTSIDE_REPLY,
    RCS_OUTSIDE_UNWRITTEN /* `size_bytes` without bytes */
};
/* `peer` of an open, bytes of data and reply. */
void rcs_observe_outside(struct rcs_sim *sim, enum rcs_outside_news news, uint32_t number,
                         unsigned node, const struct rcs_address *peer, const void *bytes,
                         size_t size_bytes);
/* The facts of the step that `node` just did. */
RCS_APART void rcs_observe_facts(struct rcs_sim *sim, unsigned node);
void rcs_observe_keep(struct rcs_sim *sim); /* milestones are kept for rcs_sim_milestone */
void rcs_observe_close(struct rcs_sim *sim);
const char *rcs_observe_on(const struct rcs_event *event); /* "pong", "wake"... */

/* --- log_line.c ------------------------------------------------------------------------------- */

RCS_APART void rcs_log_fact(struct rcs_sim *sim, unsigned node, const struct rcs_fact *fact);

/* --- client.c --------------------------------------------------------------------------------- */

RCS_APART void rcs_session_take(struct rcs_sim *sim, unsigned session,
                                const struct rcs_delivery *delivery);
rcs_addr rcs_session_addr(struct rcs_sim *sim, unsigned session); /* as nodes see it */
/* `done` is called whenever a request has ended, at that instant; it may ask the next one. */
void rcs_session_on_done(struct rcs_session *session, void (*done)(void *arg), void *arg);
/* The connection the last request was for. */
bool rcs_session_connected(const struct rcs_session *session);
/* The request under way is given up: its connection is closed, nothing is called. */
void rcs_session_abandon(struct rcs_session *session);

/* "MOVED 3999 10.1.0.2:6379" or "ASK ...": the words after the first. An empty host is the one that
 * answered (cluster-preferred-endpoint-type unknown-endpoint). */
struct rcs_redirection {
    char slot[8];
    char ip[64];
    unsigned port;
    bool ask;
};
bool rcs_redirection_read(const struct rcs_reply *reply, struct rcs_redirection *out);

/* --- client_workload.c ------------------------------------------------------------------------ */

void rcs_workload_wake(struct rcs_sim *sim, unsigned workload);

/* --- trace_write.c ---------------------------------------------------------------------------- */

enum rcs_trace_level rcs_trace_level_of(const struct rcs_trace_writer *writer);
RCS_RARE void rcs_trace_bus(struct rcs_trace_writer *writer, unsigned from, unsigned to,
                            const struct rcs_bus_msg *msg);
void rcs_trace_link(struct rcs_trace_writer *writer, enum rcs_link_news news, uint32_t conn,
                    unsigned end);
void rcs_trace_data(struct rcs_trace_writer *writer, uint32_t conn, unsigned way,
                    enum rcs_item item, uint64_t hash);
void rcs_trace_outside(struct rcs_trace_writer *writer, enum rcs_outside_news news, uint32_t number,
                       unsigned node, const struct rcs_address *peer, const void *bytes,
                       size_t size_bytes);
void rcs_trace_fault(struct rcs_trace_writer *writer, const char *name, const int *nodes,
                     unsigned count, const int *others, unsigned other_count, int64_t number);
void rcs_trace_milestone(struct rcs_trace_writer *writer, unsigned node,
                         const struct rcs_fact *fact);

#endif
