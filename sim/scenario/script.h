/* A parsed scenario: what it lays out, and the statements it plays, in order. */
#ifndef RCSIM_SIM_SCENARIO_SCRIPT_H
#define RCSIM_SIM_SCENARIO_SCRIPT_H

#include <rcsim/scenario.h>
#include <rcsim/sim.h>

#include "sim/scenario/cli.h"
#include "sim/scenario/lex.h"

struct rcs_verb;
struct rcs_cond;
struct rcs_chaos;

/* Statements may stand in each other so deep; a run keeps a frame for each. */
#define RCS_NESTED_MAX 9

/* Where a statement stands: `source` is the name of the file, of an include its own. */
struct rcs_place {
    const char *source;
    int line, column;
};

/* Nodes by number, ascending, each once. `text` as it was written. */
struct rcs_group {
    const int *nodes;
    unsigned count;
    const char *text;
};

/* One `=` line: what a printed line must look like. */
struct rcs_expected {
    struct rcs_place place;
    struct rcs_word
        word; /* alternatives between ` | `, `*` any text; `...` alone: any further lines */
};

/* `cli --cluster`: the order, and its texts as words, which may hold references. */
struct rcs_cli_stmt {
    struct rcs_cli_order order;
    const struct rcs_word *id, *from, *percent; /* NULL none */
    const struct rcs_word *words;               /* order.word_count of them */
};

struct rcs_stmt {
    const struct rcs_verb *verb;
    struct rcs_place place;
    const char *text; /* the words as written, one blank between them, no comment */

    /* Which of these a verb uses, its row in verbs.c says. */
    struct rcs_group a, b;
    int client; /* of a prompt: the client's number, -1: the nodes of `a` */
    const struct rcs_word *words;
    unsigned word_count;
    const struct rcs_expected *expected;
    unsigned expected_count;
    const char *name, *value;
    rcs_us low_us, high_us;
    int number;
    unsigned skip, times;
    bool oneway, absolute;
    const struct rcs_cond *cond;
    const struct rcs_workload_options *workload;
    const struct rcs_cli_stmt *cli;
    struct rcs_stmt *body; /* of `at` and `during` */
    unsigned body_count;
};

struct rcs_node_decl {
    const char *name;
    const char *site;    /* "" none */
    const char *address; /* "ip:port", NULL: the world's choice */
    bool absent;         /* not started at the beginning */
    bool removed;        /* by an order; its number stays */
    struct rcs_place place;
};

struct rcs_client_decl {
    const char *name;
    const char *site; /* NULL: outside all sites */
    int at;           /* the node it asks first; -1: the first of all */
};

struct rcs_named_mark {
    const char *text; /* the beginning of a statement or of a step's title */
    struct rcs_place place;
};

struct rcs_script {
    struct rcs_arena arena;
    const char *title; /* "" none */
    const char *redis, *network;
    uint64_t seed;
    bool has_seed;
    const char **sites;
    unsigned site_count;
    struct rcs_node_decl *nodes;
    unsigned node_count;
    struct rcs_client_decl *clients; /* the first is `client` */
    unsigned client_count;
    const char **workloads; /* names, in the order in which they begin to be spoken of */
    unsigned workload_count;
    struct rcs_param *params;
    unsigned param_count;
    struct rcs_stmt *stmts;
    unsigned stmt_count;
    struct rcs_chaos *chaos; /* blocks; they are no statements: a plan takes their place */
    unsigned chaos_count;
    bool wants_log;               /* some condition asks for log lines */
    struct rcs_named_mark *marks; /* statements and steps that conditions name */
    unsigned mark_count;
};

/* Puts includes in place: each stands between the lines `#<include NAME` and `#>`, which the parser
 * reads as such, so that places keep naming the file a line came from. Malloc'd. */
enum rcs_err rcs_script_expand(char **out, const char *source, const char *text, size_t size_bytes,
                               rcs_load_fn *load, void *load_arg, struct rcs_diag *diag);

/* Parses an expanded text. `params`: "NAME VALUE" lines that win over the text's own (NULL none).
 */
enum rcs_err rcs_script_parse(struct rcs_script **out, const char *source, const char *text,
                              const char *params, struct rcs_diag *diag);
void rcs_script_free(struct rcs_script *script);
/* Parses one line, given to a run that is under way, against what `script` declares, and declares
 * there what it declares. *stmts lies in the script's arena. After an error the script is as it
 * was, but for what the arena holds. */
enum rcs_err rcs_script_parse_order(struct rcs_script *script, const char *line, size_t size_bytes,
                                    const struct rcs_stmt **stmts, unsigned *count,
                                    struct rcs_diag *diag);

/* True if a statement or title begins with the words of `mark`. */
bool rcs_mark_is(const char *text, const char *mark);
int rcs_script_node(const struct rcs_script *script, const char *name); /* -1 none */
/* The i-th `latency` statement of the layout, above the first that acts; NULL past the last. */
const struct rcs_stmt *rcs_script_latency(const struct rcs_script *script, unsigned index);

/* Appends names as they are written in a scenario, "a1..a6, b2": runs of the same stem with numbers
 * that follow each other are drawn together. `nodes` ascending. */
void rcs_group_print(struct rcs_buf *out, const struct rcs_script *script, const int *nodes,
                     unsigned count);

#endif
