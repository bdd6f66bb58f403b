/* The inside of the cli: phases, each a question or some asked of one node after the other. */
#ifndef RCSIM_SIM_SCENARIO_CLI_PARTS_H
#define RCSIM_SIM_SCENARIO_CLI_PARTS_H

#include "sim/scenario/cli.h"
#include "sim/scenario/cli_nodes.h"
#include "sim/scenario/cli_plan.h"

struct rcs_cli_peer {
    int node; /* of the world */
    struct rcs_session *session;
    struct rcs_cli_node info;
    unsigned replicas; /* of a master, counted after loading */
    bool gone;         /* unreachable or left out */
};

/* What became of a phase. AGAIN: the whole phase once more after a second. */
enum rcs_cli_end { RCS_CLI_NEXT, RCS_CLI_AGAIN, RCS_CLI_OVER };

struct rcs_cli_phase {
    void (*enter)(struct rcs_cli *cli);                   /* NULL: nothing to print */
    bool (*wants)(const struct rcs_cli *cli, unsigned i); /* NULL: all peers are asked */
    unsigned questions; /* 0: the phase is only its enter and leave */
    void (*ask)(struct rcs_cli *cli, unsigned i,
                unsigned question); /* appends words to cli->request */
    /* `reply` NULL: no connection, rcs_session_error says why. False: it is all over. */
    bool (*take)(struct rcs_cli *cli, unsigned i, unsigned question, const struct rcs_reply *reply);
    enum rcs_cli_end (*leave)(struct rcs_cli *cli); /* NULL: next */
    rcs_us pause_us;                                /* slept before it is entered */
};

struct rcs_cli {
    struct rcs_sim *sim;
    const struct rcs_cli_phase *phases; /* ended by one without any function */
    unsigned phase, peer, question;
    bool entered, asked, over, failed;
    rcs_us wake_us, deadline_us;
    struct rcs_buf out, request;
    size_t said_bytes;          /* of `out`, in the words of the release */
    struct rcs_cli_peer *peers; /* the first stays for the whole dialogue */
    unsigned count;
    unsigned replicas; /* --cluster-replicas */
    bool yes;
    struct rcs_plan_node *plan;
    struct rcs_buf signature; /* of the first node in this round */
    bool differs;
    unsigned waits; /* seconds waited for the join */
    int64_t keys;   /* summed over masters */
    bool first_loaded;
    int new_node;                    /* of the world: add-node */
    char master_id[RCS_ID_LEN + 24]; /* its master to be; "" not chosen yet */
};

extern const struct rcs_cli_phase rcs_cli_create_phases[];
extern const struct rcs_cli_phase rcs_cli_check_phases[];
extern const struct rcs_cli_phase rcs_cli_info_phases[];
extern const struct rcs_cli_phase rcs_cli_add_phases[];

/* What was printed since the last call, in the words of the world's release (cli_release.c). */
void rcs_cli_say_as_release(struct rcs_cli *cli);

/* Phases shared by create and add-node (cli_create.c): is a node there, a cluster node, empty?;
 * MEET with the first; waiting until all agree. */
enum { RCS_CLI_PROBES = 4 };
void rcs_cli_ask_probe(struct rcs_cli *cli, unsigned i, unsigned question);
bool rcs_cli_take_probe(struct rcs_cli *cli, unsigned i, unsigned question,
                        const struct rcs_reply *reply);
void rcs_cli_ask_meet(struct rcs_cli *cli, unsigned i, unsigned question);
/* An error is printed and ends it. */
bool rcs_cli_take_ok(struct rcs_cli *cli, unsigned i, unsigned question,
                     const struct rcs_reply *reply);
void rcs_cli_enter_join(struct rcs_cli *cli);
bool rcs_cli_wants_signature(const struct rcs_cli *cli, unsigned i);
enum rcs_cli_end rcs_cli_leave_join(struct rcs_cli *cli);

/* Phases shared by create and check (cli_check.c). */
bool rcs_cli_wants_first(const struct rcs_cli *cli, unsigned i);
bool rcs_cli_wants_friend(const struct rcs_cli *cli, unsigned i);
void rcs_cli_ask_nodes(struct rcs_cli *cli, unsigned i, unsigned question);
void rcs_cli_ask_load_first(struct rcs_cli *cli, unsigned i, unsigned question);
bool rcs_cli_take_load_first(struct rcs_cli *cli, unsigned i, unsigned question,
                             const struct rcs_reply *reply);
bool rcs_cli_take_load_friend(struct rcs_cli *cli, unsigned i, unsigned question,
                              const struct rcs_reply *reply);
enum rcs_cli_end rcs_cli_leave_load(struct rcs_cli *cli);
void rcs_cli_enter_check(struct rcs_cli *cli);
bool rcs_cli_take_signature(struct rcs_cli *cli, unsigned i, unsigned question,
                            const struct rcs_reply *reply);
enum rcs_cli_end rcs_cli_leave_check(struct rcs_cli *cli);
void rcs_cli_signatures_begin(struct rcs_cli *cli);

/* Text of a bulk, verbatim or status reply, NUL-terminated, on the heap; NULL: none of those. */
char *rcs_cli_text(const struct rcs_reply *reply);
/* "Node ip:port replied with error:" and the text, or why there was no reply. */
void rcs_cli_print_error(struct rcs_cli *cli, unsigned i, const struct rcs_reply *reply);
void rcs_cli_print_name(struct rcs_cli *cli, unsigned i);
/* The `myself` line of a CLUSTER NODES reply; false if there is none. */
bool rcs_cli_read_myself(const struct rcs_reply *reply, struct rcs_cli_node *out);
void rcs_cli_add_peer(struct rcs_cli *cli, int node);

#endif
