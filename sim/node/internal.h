/* What the files of sim/node share: the node's parts and how they call each other. */
#ifndef RCSIM_SIM_NODE_INTERNAL_H
#define RCSIM_SIM_NODE_INTERNAL_H

#include "sim/keys/keyspace.h"
#include "sim/node/client_index.h"
#include "sim/node/node.h"
#include "sim/node/slowlog.h"
#include "sim/node/stats.h"

/* --- clients (connection.c) ------------------------------------------------------------------- */

enum rcs_client_flag {
    RCS_CLIENT_ASKING = 1,
    RCS_CLIENT_READONLY = 2,
    RCS_CLIENT_MULTI = 4,
    RCS_CLIENT_DIRTY_EXEC = 8,
    RCS_CLIENT_DIRTY_CAS = 16,
    RCS_CLIENT_CLOSE_AFTER_REPLY = 32,
    RCS_CLIENT_AUTHENTICATED = 64,
    RCS_CLIENT_REPLICA = 128, /* has sent PSYNC: `replica` says where it stands */
    RCS_CLIENT_MASTER = 256,  /* the pseudo client that executes the master's stream */
    RCS_CLIENT_PAUSED = 512,  /* its request waits for the end of a pause */
    RCS_CLIENT_REPLY_OFF = 1024,
    RCS_CLIENT_REPLY_SKIP = 2048,
    RCS_CLIENT_REPLY_SKIP_NEXT = 4096,
    RCS_CLIENT_SUBSCRIBED = 8192, /* to a channel, pattern or shard channel */
    RCS_CLIENT_NO_EVICT = 16384,
    RCS_CLIENT_MONITOR = 32768,     /* sees all commands */
    RCS_CLIENT_IN_SHUTDOWN = 65536, /* its SHUTDOWN waits for replicas */
    RCS_CLIENT_NO_TOUCH = 131072,   /* keys do not count as used by what it does */
};
/* Whose blocking commands answer at once what they would answer when their time is over. */
#define RCS_CLIENT_MAY_NOT_BLOCK ((uint32_t)(RCS_CLIENT_MULTI | RCS_CLIENT_MASTER))

/* A replica as its master sees it (replica_feed.c). */
enum rcs_replica_state {
    RCS_REPLICA_NONE,
    RCS_REPLICA_WAIT_BGSAVE, /* waits for a full sync to begin */
    RCS_REPLICA_BGSAVE,      /* its RDB is being made; a diskless one is on its way */
    RCS_REPLICA_SEND_BULK,   /* the RDB of a disk-based sync is on its way */
    RCS_REPLICA_ONLINE
};
struct rcs_replica {
    enum rcs_replica_state state;
    uint16_t listening_port; /* REPLCONF listening-port; 0 none */
    rcs_text ip_address;     /* REPLCONF ip-address; 0 none */
    bool capa_eof, capa_psync2;
    bool old_sync;             /* came by SYNC: sends no ACKs */
    bool stream_waits_for_ack; /* online after a diskless sync, its first ACK is not here yet */
    bool in_sync_unsaid;       /* until 6.2: that it is in sync is said with that ACK */
    int64_t initial_offset;    /* said in +FULLRESYNC */
    int64_t sent_offset;       /* of the last byte of the stream written to it */
    int64_t ack_offset;
    int64_t ack_wall_s;      /* 0 never */
    int64_t waiting_since_s; /* when its PSYNC came */
};

struct rcs_client {
    uint32_t link;                     /* the connection */
    uint64_t id;                       /* CLIENT ID */
    uint32_t flags;                    /* enum rcs_client_flag */
    uint8_t protocol;                  /* 2 or 3 */
    const struct rcs_profile *profile; /* of the node it is a client of */
    struct rcs_stats *stats;           /* of that node, too */
    rcs_addr remote, local;
    struct rcs_address *peer;         /* of a program outside the simulation; NULL: `remote` */
    struct rcs_resp_requests *reader; /* of its bytes; NULL: it sends requests */
    bool unread;                      /* the reader was left before it had given all it has */
    int64_t created_wall_s, last_wall_s;
    struct rcs_buf name, lib_name, lib_ver;
    struct rcs_buf reply;    /* what this step writes to it; flushed as one effect at the end */
    struct rcs_buf messages; /* what comes to it though its replies are off (rcs_client_messages) */
    bool cut;                /* it closes without what was written to it before */
    size_t unwritten_bytes;  /* emitted, and not taken yet (rcs_node_client_unwritten) */
    int64_t soft_since_s;    /* more than the soft limit waits since then; 0 it does not */
    struct rcs_replica replica;
    struct rcs_request **queued; /* MULTI: references held */
    unsigned queued_count, queued_room;
    struct rcs_request **held; /* wait while the client is paused or blocked: references held */
    unsigned held_count, held_room;
    const char *last_container, *last_command; /* static; NULL none */
    struct rcs_watch *watches;                 /* NULL none; keys watched with their versions */
    struct rcs_subscriptions *subscriptions;   /* NULL none */
    struct rcs_blocked *blocked;               /* NULL: does not wait (blocked.h) */
    struct rcs_track *track;                   /* NULL: tracks no keys (tracking.h) */
    int64_t write_offset;                      /* master offset after its last write, for WAIT */
};

/* Connections in the order they were opened. */
struct rcs_clients {
    /* What every turn asks for stands first. */
    bool pending;          /* some client may have a reply to write, a request to take up or
                              be to close; set by an event of a client, and by whoever else
                              writes to a client or closes one: the step's end looks then */
    bool ask_acks;         /* a WAIT wants GETACK in the stream before this step ends */
    unsigned waiting_acks; /* clients in WAIT */
    unsigned unwritten;    /* clients that read more slowly than they are written to */
    int64_t
        next_timeout_ms; /* of a client that waits: wall clock, no later than the first; 0 none */
    /* node ms, 0 none: by CLIENT PAUSE, and of writes by a manual failover */
    int64_t pause_all_until_ms, pause_writes_until_ms, failover_pause_until_ms;
    struct rcs_client **list;
    unsigned count, room;
    struct rcs_client_index index;
    uint64_t next_id;
    unsigned watching; /* clients with watched keys */
    unsigned monitors; /* clients in MONITOR */
    /* those who wait (blocked.h) */
    unsigned blocked;        /* clients */
    bool released;           /* set when one waits no more */
    unsigned cron_at;        /* index of the one the last tick looked at last */
    struct rcs_dict awaited; /* keys that are waited for */
    struct rcs_awaited *ready_first,
        *ready_last;             /* of these, those that can be served; NULL none */
    struct rcs_client *current;  /* its command runs; NULL none */
    struct rcs_client *applier;  /* pseudo client of the master's stream, NULL until needed */
    struct rcs_request **stream; /* what the command being executed has for the stream */
    unsigned stream_count, stream_room;
    bool unreplicated; /* what is executed does not go into it (redis.set_repl) */
};
struct rcs_client *rcs_client_find(struct rcs_node *node, uint32_t link);
/* Where it comes from. Borrowed. */
const struct rcs_address *rcs_client_remote(const struct rcs_node *node,
                                            const struct rcs_client *client);
/* This end of its connection: the ip it came to, and the client port. */
struct rcs_address rcs_client_local(const struct rcs_node *node, const struct rcs_client *client);
/* Where messages to it are written: what it is told as a subscriber comes whatever CLIENT REPLY
 * says (Redis 7.0 CLIENT_PUSHING). */
static inline struct rcs_buf *rcs_client_messages(struct rcs_client *client)
{
    bool off = (client->flags & (RCS_CLIENT_REPLY_OFF | RCS_CLIENT_REPLY_SKIP)) != 0;
    return off ? &client->messages : &client->reply;
}
/* Emits what was written to client->reply in this step so far, for an effect that must come after.
 */
void rcs_client_flush(struct rcs_node *node, struct rcs_client *client);
/* Ends the pauses that are over; true while any holds (Redis 7.0
 * checkClientPauseTimeoutAndReturnIfPaused). */
bool rcs_clients_end_pauses(struct rcs_node *node);

/* --- replication (replication.c) -------------------------------------------------------------- */

enum rcs_repl_state {
    RCS_REPL_NONE,
    RCS_REPL_CONNECT, /* must connect */
    RCS_REPL_CONNECTING,
    RCS_REPL_HANDSHAKE, /* PING, REPLCONF, PSYNC under way */
    RCS_REPL_TRANSFER,  /* +FULLRESYNC came; until the RDB is loaded */
    RCS_REPL_CONNECTED
};

/* The forked process that writes an RDB (rdb_child.c). */
enum rcs_child_phase {
    RCS_CHILD_NONE,
    RCS_CHILD_FORKING,
    RCS_CHILD_WRITING,
    RCS_CHILD_REPORTING, /* the data is out; copy-on-write memory is being counted */
    RCS_CHILD_EXITING    /* gone at `due_us`, noticed at a tick or an ACK after that */
};
struct rcs_rdb_child {
    enum rcs_child_phase phase;
    bool to_sockets; /* diskless, else to dump.rdb */
    bool killed;
    bool failed; /* the disk was full */
    uint32_t pid;
    rcs_us due_us; /* end of the phase */
    struct rcs_snapshot *snapshot;
    uint64_t dirty_before;
};

struct rcs_replication {
    /* What every turn asks for stands first. */
    bool has_master;              /* masterhost is set */
    bool save_scheduled;          /* BGSAVE SCHEDULE waits for the end of another child */
    enum rcs_repl_state state;    /* as a replica */
    struct rcs_snapshot *loading; /* RDB being loaded; NULL none */
    rcs_us loaded_us;
    rcs_us bulk_sent_us;         /* when a disk-based transfer is over; RCS_NEVER none */
    uint64_t saved_dirty;        /* node->dirty at the last save by itself (persistence.c) */
    struct rcs_backlog *backlog; /* NULL: none yet */
    struct rcs_rdb_child child;
    char replid[RCS_ID_LEN + 1], replid2[RCS_ID_LEN + 1];
    int64_t offset;         /* master_repl_offset */
    int64_t second_offset;  /* replid2 is valid up to it; -1 none */
    struct rcs_buf scratch; /* the bytes of one command on their way into the stream */
    uint32_t cron_loops;
    /* as a master */
    struct rcs_client **replicas; /* in the order they attached; borrowed from the clients */
    unsigned replica_count, replica_room;
    unsigned good_replicas;      /* counted as often as Redis 7.0 refreshGoodSlavesCount */
    int64_t no_replicas_since_s; /* for repl-backlog-ttl */
    bool select_sent;            /* SELECT 0 stands in the stream since the last reset */
    /* as a replica */
    bool stranger;          /* the master to be set next shares no history with this node */
    rcs_addr master_addr;   /* 0: not known */
    int handshake_step;     /* enum handshake_step of replica_handshake.c */
    uint32_t link;          /* number of the current MASTER_CONNECT */
    bool has_cached_master; /* never while CONNECTED */
    char cached_replid[RCS_ID_LEN + 1];
    int64_t cached_offset; /* what was processed of the cached or live master's stream */
    bool old_sync;         /* the master knows SYNC only: no ACKs */
    int64_t last_io_s;     /* unixtime of the last byte from the live master */
    int64_t down_since_s;  /* repl_down_since; 0 never up */
    int64_t transfer_last_io_s;
    char sync_replid[RCS_ID_LEN + 1]; /* of +FULLRESYNC */
    int64_t sync_offset;
    bool preamble_seen, diskless; /* of the RDB under way */
    bool lost_while_loading;
    struct rcs_buf input;             /* bytes of the master not yet worked on */
    size_t input_read;                /* of these, parsed: they wait for their EXEC */
    struct rcs_resp_requests *reader; /* of its command stream; NULL: not needed yet */
    struct rcs_request **transaction; /* MULTI came: held until its EXEC */
    unsigned transaction_count, transaction_room;
    bool in_transaction;
    int64_t last_save_s; /* by itself */
};

/* The append-only file (aof.h). */
struct rcs_aof_child {
    enum rcs_child_phase phase; /* of WRITING, REPORTING, EXITING */
    uint32_t pid, keys;
    rcs_us due_us;    /* its next step; RCS_NEVER: takes none */
    rcs_us exited_us; /* EXITING: from then on the parent's timer notices it */
    uint64_t dirty;   /* node->dirty when it was forked */
    int64_t wall_ms;
    bool failed; /* the disk was full */
};
struct rcs_aof {
    bool wanted;    /* `appendonly`, as last looked at */
    bool on;        /* it is being written */
    bool scheduled; /* a rewrite waits for the end of another child */
    struct rcs_aof_child child;
    uint64_t dirty_synced, dirty_at_base;
    int64_t synced_s;
    rcs_us dirty_since_us;     /* the first write that was not synced; RCS_NEVER none */
    struct rcs_saved_aof file; /* as it is on the disk for good */
    /* While the disk is full: the data as it was written before, one reference, NULL none; and
     * node->dirty as it was when nothing waited to be written. */
    struct rcs_snapshot *at_full;
    uint64_t dirty_at_full;
    unsigned failures; /* rewritings, one after the other (Redis 7.0 aofRewriteLimited) */
    int64_t retry_delay_min, retry_s; /* 0 none */
    struct rcs_aof_follow *follow;    /* NULL: nobody keeps the file elsewhere */
};

/* The disk of its host, and what came of it (disk.h). */
struct rcs_node_disk {
    bool full;
    bool failed;             /* one of the next two: writes may be refused */
    bool save_failed;        /* the last RDB (lastbgsave_status) */
    bool append_failed;      /* the last write to the append-only file (aof_last_write_status) */
    bool rewrite_failed;     /* its last rewriting (aof_lastbgrewrite_status) */
    int64_t save_tried_s;    /* unixtime of the last child that was to write an RDB */
    int64_t append_logged_s; /* unixtime of the last line about append_failed */
    int64_t obeyed_wall_ms;  /* of the last line about commands that were obeyed all the same */
};

/* The end in the middle of a step (rcs_node_die). */
struct rcs_death {
    bool died;
    int status;
    size_t effects, facts; /* how many there were then */
};

/* --- the end of the process (shutdown.h) ------------------------------------------------------ */

enum rcs_exit_save { RCS_EXIT_SAVE_AS_CONFIGURED, RCS_EXIT_SAVE, RCS_EXIT_NO_SAVE };
struct rcs_shutdown {
    int64_t until_ms; /* node ms: replicas are waited for; 0 no shutdown is under way */
    enum rcs_exit_save save;
    bool force;
};

/* --- the node --------------------------------------------------------------------------------- */

/* How often the work of the timer runs, worked out for one `hz`. */
struct rcs_every {
    uint32_t ticks; /* 1: in every tick */
    uint32_t left;  /* ticks before the next */
};
struct rcs_rates {
    int64_t hz; /* 0: not yet */
    rcs_us period_us;
    struct rcs_every cluster, repl;
};

/* Commands that were looked up before (rcs_command_find): of those whose names fall into the same
 * place, the last. */
#define RCS_COMMAND_PLACES 128
struct rcs_commands_seen {
    const struct rcs_command *at[RCS_COMMAND_PLACES];
};

struct rcs_node {
    /* What every turn asks for stands first. */
    struct rcs_effects *out; /* during a step only */
    rcs_us now_us;
    int32_t now_ms;              /* node ms, as cluster.now_ms */
    bool dead;                   /* EXIT was emitted, or will be at the end of the step (`death`) */
    bool settled;                /* the last turn left nothing that another turn alone would do */
    bool clock_differs;          /* from true time */
    bool shutdown_asked;         /* SIGTERM came: the next tick ends the process */
    struct rcs_migrate *migrate; /* migrate.h; NULL: not used yet */
    rcs_us next_tick_us;
    struct rcs_rates rates;
    struct rcs_rand tick;
    uint64_t dirty; /* writes since start */
    uint64_t stat_commands;
    struct rcs_shutdown shutdown;
    uint32_t cron_loops; /* serverCron runs */
    /* DEBUG: keys end when somebody looks at them only; the timer does nothing */
    bool passive_expire, cron_paused;
    bool out_of_memory; /* over maxmemory when the command under way began; if there is a limit */
    struct rcs_store *store;
    struct rcs_keyspace *keys;
    struct rcs_aof aof;
    struct rcs_clients clients;
    struct rcs_replication repl;
    struct rcs_config config;
    struct rcs_cluster cluster;
    struct rcs_cluster_host cluster_host;
    struct rcs_rand replids, child, key_choice;
    struct rcs_clock host_clock;
    uint32_t pid, next_child_pid;
    uint32_t index;
    int64_t started_wall_ms;
    struct rcs_snapshot *dump; /* what this host's dump.rdb holds, NULL none; one reference */
    uint64_t stat_sync_full, stat_sync_partial_ok, stat_sync_partial_err;
    uint64_t stat_expired, stat_keyspace_hits, stat_keyspace_misses;
    char run_id[RCS_ID_LEN + 1];
    struct rcs_stats stats;
    struct rcs_slowlog slowlog;
    struct rcs_latency latency;
    struct rcs_tracking *tracking; /* tracking.h; NULL: nobody ever tracked */
    int64_t call_us;               /* what the command that runs takes: DEBUG SLEEP */
    struct rcs_scripts *scripts;   /* script_host.h; NULL: not used yet */
    struct rcs_node_disk disk;
    struct rcs_death death;
    struct rcs_commands_seen commands_seen;
};

/* Some pause was asked for, and did not end yet. */
static inline bool rcs_clients_any_pause(const struct rcs_node *node)
{
    const struct rcs_clients *clients = &node->clients;
    return (clients->pause_all_until_ms | clients->pause_writes_until_ms |
            clients->failover_pause_until_ms | node->shutdown.until_ms) != 0;
}
/* True while any pause holds: nothing expires meanwhile. Every tick asks. */
static inline bool rcs_clients_paused(struct rcs_node *node)
{
    return rcs_clients_any_pause(node) && rcs_clients_end_pauses(node);
}

/* Microseconds by its host's clock since the world began. */
static inline rcs_us rcs_node_clock_us(const struct rcs_node *node)
{
    return node->now_us +
           (node->clock_differs ? rcs_clock_ahead(&node->host_clock, node->now_us) : 0);
}

/* What the wall clock shows below its milliseconds. */
static inline int64_t rcs_node_wall_us_part(const struct rcs_node *node)
{
    return (RCS_MS((rcs_us)RCS_NODE_MS_START) + rcs_node_clock_us(node)) % 1000;
}

static inline int64_t rcs_node_wall_ms(const struct rcs_node *node)
{
    return rcs_wall_ms(&node->cluster);
}
static inline int64_t rcs_node_unixtime(const struct rcs_node *node)
{
    return rcs_wall_ms(&node->cluster) / 1000;
}
static inline const struct rcs_profile *rcs_node_profile(const struct rcs_node *node)
{
    return node->config.profile;
}
/* A fact of this node; the role letter is S while a master host is set, else M. */
void rcs_node_fact(struct rcs_node *node, enum rcs_fact_code code, rcs_id about, int64_t v0,
                   int64_t v1, int64_t v2, const char *text0, const char *text1);
/* The same, said by a forked child (role C, its pid in v2 for the log writer). */
void rcs_node_child_fact(struct rcs_node *node, enum rcs_fact_code code, uint32_t child_pid,
                         int64_t v0, int64_t v1);

/* connection.c */
void rcs_clients_init(struct rcs_node *node);
void rcs_clients_close(struct rcs_node *node);
void rcs_clients_event(struct rcs_node *node,
                       const struct rcs_event *event); /* OPEN, REQUEST, GONE */
void rcs_clients_cron(struct rcs_node *node);          /* every tick: blocked clients, time-outs */
/* Ended pauses, ended waiting, writes replies out. True if clients wait for what the next turns
 * bring. */
bool rcs_clients_before_sleep(struct rcs_node *node);
void rcs_client_drop(struct rcs_node *node,
                     struct rcs_client *client); /* frees; emits CLIENT_CLOSE */
/* Clients that wait at a node that turned from master to replica are cut (blocked.c; Redis 7.0
 * disconnectAllBlockedClients). */
void rcs_clients_role_changed(struct rcs_node *node);
void rcs_clients_pause_writes(struct rcs_node *node, int32_t until_ms);
void rcs_clients_unpause(struct rcs_node *node);
bool rcs_clients_shard_channels(const struct rcs_node *node); /* anybody subscribed to one */
void rcs_clients_slot_lost(struct rcs_node *node, unsigned slot);
void rcs_clients_publish(struct rcs_node *node, const char *channel, size_t channel_bytes,
                         const char *message, size_t message_bytes, bool sharded);

/* command.c */
/* Runs one request of a client through all checks of processCommand; the reply goes to
 * client->reply. */
RCS_APART void rcs_command_process(struct rcs_node *node, struct rcs_client *client,
                                   struct rcs_request *request);
/* False: min-replicas-to-write is not reached (Redis 7.0 checkGoodReplicasStatus). */
bool rcs_node_has_enough_replicas(const struct rcs_node *node);
/* Executes one command of the master's stream: no checks, no reply. */
void rcs_command_apply(struct rcs_node *node, struct rcs_request *request);

/* replication.c */
void rcs_repl_init(struct rcs_node *node);
void rcs_repl_close(struct rcs_node *node);
/* At process start, after nodes.conf was read: loads `dump` (borrowed; NULL none). */
void rcs_repl_start(struct rcs_node *node, struct rcs_snapshot *dump);
void rcs_repl_event(struct rcs_node *node, const struct rcs_event *event); /* MASTER_* */
void rcs_repl_wake(struct rcs_node *node); /* deadlines of its own that have come: child, load */
void rcs_repl_tick(struct rcs_node *node); /* every serverCron: an ended child is noticed */
void rcs_repl_cron(struct rcs_node *node); /* replicationCron, every 1000 ms */
rcs_us rcs_repl_deadline(const struct rcs_node *node); /* RCS_NEVER if none */
/* True while a full sync's RDB is loaded: no timer runs, and clusterBeforeSleep is left out. */
bool rcs_repl_loading(const struct rcs_node *node);
void rcs_repl_set_master(struct rcs_node *node, rcs_addr addr);
void rcs_repl_unset_master(struct rcs_node *node);
int64_t rcs_repl_offset(const struct rcs_node *node); /* as the bus header carries it */
int64_t rcs_repl_data_age_ms(const struct rcs_node *node);
void rcs_repl_role(struct rcs_node *node, struct rcs_client *client); /* ROLE */
void rcs_repl_info(struct rcs_node *node,
                   struct rcs_buf *out); /* INFO's section, heading included */
/* A new random replid, the second one cleared (DEBUG CHANGE-REPL-ID). */
void rcs_repl_change_id(struct rcs_node *node);

/* replica_feed.c: the master's side */
/* A write was executed on this master: into the stream, as it is to be replicated. */
void rcs_repl_feed(struct rcs_node *node, unsigned argc, const struct rcs_arg *args);
/* Handler of REPLCONF, PSYNC and SYNC. */
void rcs_repl_command(struct rcs_node *node, struct rcs_client *client,
                      const struct rcs_request *request);
void rcs_repl_client_gone(struct rcs_node *node,
                          struct rcs_client *client); /* before it is freed */
/* With PSYNC2 replicas of replicas get their master's bytes; before, each node wrote a stream of
 * its own. */
static inline bool rcs_repl_makes_stream(const struct rcs_node *node)
{
    return !node->repl.has_master || !rcs_node_profile(node)->psync2;
}
unsigned rcs_repl_online(const struct rcs_node *node); /* online replicas */
unsigned rcs_repl_good(const struct rcs_node *node);   /* within min-replicas-max-lag */
void rcs_repl_count_good(struct rcs_node *node); /* after a change of the min-replicas settings */
unsigned rcs_repl_acked(const struct rcs_node *node,
                        int64_t offset);       /* replicas that acked it (WAIT) */
void rcs_repl_ask_acks(struct rcs_node *node); /* GETACK into the stream */
/* Drops what the backlog, if any, holds beyond its size: up to `most_blocks`. */
void rcs_repl_trim(struct rcs_node *node, unsigned most_blocks);

/* persistence.c */
/* What SHUTDOWN saves by configuration before it ends: a snapshot (one reference), or NULL:
 * nothing, dump.rdb stays as it is. */
struct rcs_snapshot *rcs_persistence_at_exit(struct rcs_node *node);
/* The data set as an RDB written now would hold it, replication info included. One reference. */
struct rcs_snapshot *rcs_persistence_snapshot(struct rcs_node *node);
/* SAVE */
enum rcs_save_answer { RCS_SAVE_DONE, RCS_SAVE_BUSY /* a child is at it */, RCS_SAVE_FAILED };
enum rcs_save_answer rcs_persistence_save(struct rcs_node *node);
/* FLUSHALL: a child that writes what is gone is killed, and with save points the empty data set is
 * saved at once. */
void rcs_persistence_flushed(struct rcs_node *node);
bool rcs_persistence_bgsave(struct rcs_node *node); /* BGSAVE; false: a child is at it */
void rcs_persistence_tick(struct rcs_node *node);   /* the save points; called by rcs_repl_tick */

#endif
