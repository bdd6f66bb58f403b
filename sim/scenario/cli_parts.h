/* The inside of the cli: tables of phases, each a question or some asked of one node after the
 * other, or another table. */
#ifndef RCSIM_SIM_SCENARIO_CLI_PARTS_H
#define RCSIM_SIM_SCENARIO_CLI_PARTS_H

#include "sim/cluster/profile.h"
#include "sim/scenario/cli.h"
#include "sim/scenario/cli_float.h"
#include "sim/scenario/cli_nodes.h"
#include "sim/scenario/cli_plan.h"

struct rcs_cli_peer {
    int node; /* of the world */
    struct rcs_session *session;
    struct rcs_cli_node info;
    char *nodes_text; /* its CLUSTER NODES when it was loaded, if slots stand open; NULL none do */
    struct rcs_cli_open {
        struct rcs_slot_words migrating, importing;
    } * open;            /* read from there by the check; NULL none */
    unsigned replicas;   /* of a master, counted after loading */
    unsigned slot_count; /* when it was loaded: what is moved later does not count */
    bool gone;           /* unreachable or left out */
    int expected;        /* rebalance: slots by its weight; how many it has beyond them */
    int balance;
};

/* What became of a phase, or of its table. A table that failed fails its callers, too, up to the
 * first phase that bears it; the first table's end is the cli's. */
enum rcs_cli_end {
    RCS_CLI_NEXT,
    RCS_CLI_AGAIN,  /* the phase's questions once more after a second */
    RCS_CLI_REPEAT, /* the table once more, at once */
    RCS_CLI_DONE,   /* the table has ended well */
    RCS_CLI_OVER    /* the table has failed */
};

struct rcs_cli_phase {
    void (*enter)(struct rcs_cli *cli);                   /* NULL: nothing to print */
    bool (*wants)(const struct rcs_cli *cli, unsigned i); /* NULL: all peers are asked */
    unsigned questions; /* 0: the phase is only its enter, call and leave */
    /* Appends words to cli->request, or arguments by rcs_cli_arg. Nothing: it is not asked. */
    void (*ask)(struct rcs_cli *cli, unsigned i, unsigned question);
    /* `reply` NULL: no connection, rcs_session_error says why. False: the table has failed. */
    bool (*take)(struct rcs_cli *cli, unsigned i, unsigned question, const struct rcs_reply *reply);
    const struct rcs_cli_phase *call; /* another table, gone through after enter */
    bool bears;                       /* it may fail: leave finds cli->called_failed */
    enum rcs_cli_end (*leave)(struct rcs_cli *cli); /* NULL: next */
    rcs_us pause_us;                                /* slept before it is entered */
};

/* A slot on its way (cli_move.c). */
struct rcs_cli_move {
    unsigned source, target; /* peers */
    unsigned slot;
    unsigned options;
    unsigned key_count;
    bool busy, unserved, undigested;
    struct rcs_buf keys; /* each behind its length */
    struct rcs_buf digests;
    struct rcs_buf refusal; /* what MIGRATE was refused with, and a NUL */
    struct rcs_buf error;
};
extern const struct rcs_cli_phase rcs_cli_move_phases[];
void rcs_cli_move_init(struct rcs_cli_move *move);
void rcs_cli_move_close(struct rcs_cli_move *move);

/* Mending (cli_fix.c, cli_cover.c, cli_owners.c). The tables do nothing if nothing is asked of
 * them, or there is nothing to mend. */
struct rcs_cli_fix;
void rcs_cli_fix_free(struct rcs_cli_fix *fix);
extern const struct rcs_cli_phase rcs_cli_fix_open_phases[];
extern const struct rcs_cli_phase rcs_cli_cover_phases[];
extern const struct rcs_cli_phase rcs_cli_owners_phases[];

struct rcs_cli_item {
    unsigned source, slot;
};

#define RCS_CLI_FRAMES 12 /* tables within tables */

struct rcs_cli {
    struct rcs_sim *sim;
    struct rcs_cli_order order; /* its texts are the cli's own; no nodes */
    struct rcs_cli_frame {
        const struct rcs_cli_phase *phases; /* ended by one without any function */
        unsigned phase;
    } frames[RCS_CLI_FRAMES];
    unsigned depth; /* the table at hand */
    unsigned peer, question;
    bool entered, asked, over, failed;
    bool called_failed;
    rcs_us wake_us, deadline_us;
    struct rcs_buf out, request;
    size_t *arg_ends; /* of the arguments in `request`; none: it is words */
    size_t arg_count;
    size_t said_bytes;          /* of `out`, in the words of the release */
    struct rcs_cli_peer *peers; /* the first stays for the whole dialogue */
    unsigned count;
    struct rcs_plan_node *plan;
    struct rcs_buf signature; /* of the first node in this round */
    bool differs;
    unsigned waits; /* seconds waited for the join */
    int64_t keys;   /* summed over masters */
    bool first_loaded;
    unsigned unreachable_masters;
    int new_node;      /* of the world: add-node */
    int chosen;        /* a peer: add-node's master; del-node's node */
    unsigned *sources; /* peers: reshard whose slots go; rebalance all that take part */
    unsigned source_count;
    unsigned taker, giver;      /* rebalance: of sources, the two at hand */
    struct rcs_float weight;    /* rebalance: of all */
    struct rcs_cli_item *table; /* slots to move; so many have been */
    unsigned table_count, table_at;
    unsigned *open; /* the cluster's open slots, as redis-cli walks them */
    unsigned open_count;
    bool good; /* the check, with what was fixed */
    struct rcs_slot_words covered;
    struct rcs_cli_fix *fix; /* NULL: nothing to fix yet */
    struct rcs_cli_move move;
    struct rcs_buf functions; /* FUNCTION DUMP of the first */
    unsigned done, refused;   /* set-timeout: nodes */
    bool refused_here;
};

extern const struct rcs_cli_phase rcs_cli_create_phases[];
extern const struct rcs_cli_phase rcs_cli_check_phases[];
extern const struct rcs_cli_phase rcs_cli_info_phases[];
extern const struct rcs_cli_phase rcs_cli_add_phases[];
extern const struct rcs_cli_phase rcs_cli_del_phases[];
extern const struct rcs_cli_phase rcs_cli_reshard_phases[];
extern const struct rcs_cli_phase rcs_cli_rebalance_phases[];
extern const struct rcs_cli_phase rcs_cli_call_phases[];
extern const struct rcs_cli_phase rcs_cli_timeout_phases[];

/* Tables for others to call: from the first peer on, all nodes it knows become peers (cli_load.c);
 * what they agree about and who has which slots (cli_check.c); a node that was met is known to all
 * (cli_join.c). */
extern const struct rcs_cli_phase rcs_cli_load_phases[];
extern const struct rcs_cli_phase rcs_cli_check_cluster_phases[];
extern const struct rcs_cli_phase rcs_cli_check_quietly_phases[]; /* no list of the nodes */
extern const struct rcs_cli_phase rcs_cli_join_phases[];

/* What was printed since the last call, in the words of the world's release (cli_release.c). */
void rcs_cli_say_as_release(struct rcs_cli *cli);
/* The world's redis-cli is that of `release` or a later one. */
bool rcs_cli_since(const struct rcs_cli *cli, enum rcs_release release);

/* Phases of cli_join.c: is a node there, a cluster node, empty?; MEET with the first. */
enum { RCS_CLI_PROBES = 4 };
void rcs_cli_ask_probe(struct rcs_cli *cli, unsigned i, unsigned question);
bool rcs_cli_take_probe(struct rcs_cli *cli, unsigned i, unsigned question,
                        const struct rcs_reply *reply);
void rcs_cli_ask_meet(struct rcs_cli *cli, unsigned i, unsigned question);

/* Signatures of the peers, one after the other, until cli->differs (cli_check.c). */
void rcs_cli_signatures_begin(struct rcs_cli *cli);
bool rcs_cli_take_signature(struct rcs_cli *cli, unsigned i, unsigned question,
                            const struct rcs_reply *reply);

/* What many phases have. */
bool rcs_cli_wants_first(const struct rcs_cli *cli, unsigned i);
bool rcs_cli_wants_friend(const struct rcs_cli *cli, unsigned i);
void rcs_cli_ask_nodes(struct rcs_cli *cli, unsigned i, unsigned question);
bool rcs_cli_is_master(const struct rcs_cli *cli, unsigned i); /* and there */
/* The first peer that is there and whose id begins so, in letters of any case; -1 none. */
int rcs_cli_find(const struct rcs_cli *cli, const char *id, size_t id_bytes);
int rcs_cli_find_id(const struct rcs_cli *cli, const char *id); /* a whole id */
int rcs_cli_fewest_replicas(const struct rcs_cli *cli);         /* the first such master, -1 none */
bool rcs_cli_is_ok(const struct rcs_reply *reply);
/* An error is printed and fails the table. */
bool rcs_cli_take_ok(struct rcs_cli *cli, unsigned i, unsigned question,
                     const struct rcs_reply *reply);
enum rcs_cli_end rcs_cli_again(struct rcs_cli *cli); /* the table once more, for its next piece */

/* One argument of the request, any bytes. */
void rcs_cli_arg(struct rcs_cli *cli, const void *bytes, size_t size_bytes);
void rcs_cli_arg_text(struct rcs_cli *cli, const char *text);
/* Text of a bulk, verbatim or status reply, NUL-terminated, on the heap; NULL: none of those. */
char *rcs_cli_text(const struct rcs_reply *reply);
/* "Node ip:port replied with error:" and the text, or why there was no reply. */
void rcs_cli_print_error(struct rcs_cli *cli, unsigned i, const struct rcs_reply *reply);
void rcs_cli_print_name(struct rcs_cli *cli, unsigned i);
/* "[ERR] Node ip:port WHAT"; false. */
bool rcs_cli_refuse(struct rcs_cli *cli, unsigned i, const char *what);
/* The `myself` line of a CLUSTER NODES reply; false if there is none. */
bool rcs_cli_read_myself(const struct rcs_reply *reply, struct rcs_cli_node *out);
void rcs_cli_add_peer(struct rcs_cli *cli, int node);

#endif
