/* The words behind `cli --cluster`: as they are typed for redis-cli, with names of nodes for their
 * addresses. */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

#define ANY_NUMBER 0

/* What stands behind the nodes. */
enum rest { NOTHING, ID, WORDS, TIMEOUT };

/* In the order of enum rcs_cli_command. */
static const struct subcommand {
    const char *name;
    unsigned nodes; /* how many are named */
    const char *wrong_number;
    enum rest rest;
} subcommands[] = {
    [RCS_CLI_CREATE] = { "create", ANY_NUMBER, "", NOTHING },
    [RCS_CLI_CHECK] = { "check", 1, "check takes one node", NOTHING },
    [RCS_CLI_INFO] = { "info", 1, "info takes one node", NOTHING },
    [RCS_CLI_FIX] = { "fix", 1, "fix takes one node", NOTHING },
    [RCS_CLI_RESHARD] = { "reshard", 1, "reshard takes one node", NOTHING },
    [RCS_CLI_REBALANCE] = { "rebalance", 1, "rebalance takes one node", NOTHING },
    [RCS_CLI_ADD_NODE] = { "add-node", 2, "add-node takes the new node and one of the cluster",
                           NOTHING },
    [RCS_CLI_DEL_NODE] = { "del-node", 1,
                           "del-node takes a node of the cluster and the id of the "
                           "one that goes",
                           ID },
    [RCS_CLI_CALL] = { "call", 1, "call takes a node and a command", WORDS },
    [RCS_CLI_SET_TIMEOUT] = { "set-timeout", 1, "set-timeout takes a node and milliseconds",
                              TIMEOUT },
};
#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

#define A_NODES_ID "a node's id, such as $a1.id,"

/* --- options ---------------------------------------------------------------------------------- */

enum kind { FLAG, NUMBER, WORD, DECIMAL, WEIGHTS };

#define OF(command)  (1u << RCS_CLI_##command)
#define ORDER(field) offsetof(struct rcs_cli_stmt, order.field)
#define TEXT(field)  offsetof(struct rcs_cli_stmt, field)

/* clang-format off */
static const struct option {
    const char *name, *value; /* as help writes what follows it */
    unsigned commands;
    enum kind kind;
    unsigned flag;
    size_t field;
    const char *what;         /* a value that is missing, or of which number */
    int64_t low, high;
    unsigned needed_by;       /* those that ask for it, if it is not typed */
} options[] = {
    { "--cluster-replicas", "N", OF(CREATE), NUMBER, 0, ORDER(replicas), "replicas for each master", 0, 1000, 0 },
    { "--cluster-search-multiple-owners", NULL, OF(CHECK) | OF(FIX), FLAG, RCS_CLI_SEARCH_OWNERS, 0, NULL, 0, 0, 0 },
    { "--cluster-fix-with-unreachable-masters", NULL, OF(FIX), FLAG, RCS_CLI_UNREACHABLE, 0, NULL, 0, 0, 0 },
    { "--cluster-from", "IDS|all", OF(RESHARD), WORD, 0, TEXT(from), "ids of nodes ($a1.id,$a2.id) or all", 0, 0, OF(RESHARD) },
    { "--cluster-to", "ID", OF(RESHARD), WORD, 0, TEXT(id), A_NODES_ID, 0, 0, OF(RESHARD) },
    { "--cluster-slots", "N", OF(RESHARD), NUMBER, 0, ORDER(slots), "slots to move", 1, INT_MAX, OF(RESHARD) },
    { "--cluster-weight", "ID=N...", OF(REBALANCE), WEIGHTS, 0, 0, "a weight, such as $a1.id=2,", 0, 0, 0 },
    { "--cluster-use-empty-masters", NULL, OF(REBALANCE), FLAG, RCS_CLI_EMPTY_MASTERS, 0, NULL, 0, 0, 0 },
    { "--cluster-threshold", "PERCENT", OF(REBALANCE), DECIMAL, 0, TEXT(percent), "per cent, such as 2 or 1.5,", 0, 0, 0 },
    { "--cluster-simulate", NULL, OF(REBALANCE), FLAG, RCS_CLI_SIMULATE, 0, NULL, 0, 0, 0 },
    { "--cluster-timeout", "MS", OF(RESHARD) | OF(REBALANCE), NUMBER, 0, ORDER(timeout_ms), "milliseconds for a MIGRATE", 1, INT_MAX, 0 },
    { "--cluster-pipeline", "N", OF(RESHARD) | OF(REBALANCE), NUMBER, 0, ORDER(pipeline), "keys of a MIGRATE", 1, 1000000, 0 },
    { "--cluster-replace", NULL, OF(RESHARD) | OF(REBALANCE), FLAG, RCS_CLI_REPLACE, 0, NULL, 0, 0, 0 },
    { "--cluster-yes", NULL, OF(CREATE) | OF(RESHARD), FLAG, RCS_CLI_YES, 0, NULL, 0, 0, 0 },
    { "--cluster-slave", NULL, OF(ADD_NODE), FLAG, RCS_CLI_SLAVE, 0, NULL, 0, 0, 0 },
    { "--cluster-master-id", "ID", OF(ADD_NODE), WORD, 0, TEXT(id), A_NODES_ID, 0, 0, 0 },
    { "--cluster-only-masters", NULL, OF(CALL), FLAG, RCS_CLI_ONLY_MASTERS, 0, NULL, 0, 0, 0 },
    { "--cluster-only-replicas", NULL, OF(CALL), FLAG, RCS_CLI_ONLY_REPLICAS, 0, NULL, 0, 0, 0 },
};
/* clang-format on */
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* "--cluster-replicas N, --cluster-yes", for those who want another one. */
static void list_options(enum rcs_cli_command command, struct rcs_buf *out)
{
    bool any = false;
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        if (option->commands & (1u << command)) {
            rcs_buf_format(out, "%s%s%s%s", any ? ", " : "", option->name,
                           option->value == NULL ? "" : " ",
                           option->value == NULL ? "" : option->value);
            any = true;
        }
    }
    rcs_buf_text(out, any ? "" : "none");
    rcs_buf_add(out, "", 1);
}

/* A word that may hold references, which are known only while the scenario runs. */
static bool take_word(struct rcs_parser *parser, const char *what, const struct rcs_word **out)
{
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, "%s is missing here", what);
    }
    *out = &parser->words[parser->at++];
    return rcs_parser_refs(parser, *out);
}

/* "2", "1.5": at most seven digits before the point and six behind it. */
static bool is_decimal(const char *text)
{
    size_t whole = strspn(text, "0123456789"), part = 0;
    bool point = text[whole] == '.';
    if (point) {
        part = strspn(text + whole + 1, "0123456789");
    }
    return whole > 0 && whole <= 7 && part <= 6 && part >= point &&
           text[whole + point + part] == '\0';
}

static bool take_decimal(struct rcs_parser *parser, const char *what, const struct rcs_word **out)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, what, &word)) {
        return false;
    }
    *out = word;
    return is_decimal(word->text) ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "\"%s\" is no number (%s at most six decimals)", word->text, what);
}

/* As many as there are: the first word without = is another argument. */
static bool take_weights(struct rcs_parser *parser, const char *what, struct rcs_cli_stmt *cli)
{
    const struct rcs_word *word = &parser->words[parser->at];
    cli->words = word;
    while (rcs_parser_more(parser) && strchr(parser->words[parser->at].text, '=') != NULL) {
        unsigned at = parser->at;
        if (!take_word(parser, what, &word)) {
            return false;
        }
        const char *sign = strchr(word->text, '=');
        if (!is_decimal(sign + 1)) {
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, at,
                                    "\"%s\" is no weight (a number, at most six decimals)",
                                    sign + 1);
        }
        cli->order.word_count++;
    }
    return cli->order.word_count > 0 ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, "%s is missing here", what);
}

static bool take_value(struct rcs_parser *parser, const struct option *option,
                       struct rcs_cli_stmt *cli)
{
    void *field = (char *)cli + option->field;
    switch (option->kind) {
    case FLAG:
        cli->order.flags |= option->flag;
        return true;
    case NUMBER:
        return rcs_parser_number(parser, option->what, option->low, option->high, field);
    case WORD:
        return take_word(parser, option->what, field);
    case DECIMAL:
        return take_decimal(parser, option->what, field);
    case WEIGHTS:
        return take_weights(parser, option->what, cli);
    }
    return false;
}

static bool take_option(struct rcs_parser *parser, struct rcs_cli_stmt *cli, unsigned *given)
{
    const enum rcs_cli_command command = cli->order.command;
    const struct rcs_word *word = &parser->words[parser->at];
    for (unsigned i = 0; i < OPTIONS; i++) {
        if ((options[i].commands & (1u << command)) && rcs_parser_is(parser, options[i].name)) {
            if (*given & (1u << i)) {
                return rcs_parser_wrong(parser, RCS_ERR_STATE, parser->at - 1,
                                        "%s stands here twice", options[i].name);
            }
            *given |= 1u << i;
            return take_value(parser, &options[i], cli);
        }
    }
    struct rcs_buf list;
    rcs_buf_init(&list);
    list_options(command, &list);
    rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at,
                     "option \"%s\" is not modelled (%s has %s)", word->text,
                     subcommands[command].name, list.data);
    rcs_buf_close(&list);
    return false;
}

/* --- the rest --------------------------------------------------------------------------------- */

static void list_subcommands(struct rcs_buf *out)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        rcs_buf_format(out, "%s%s",
                       i == 0                ? ""
                       : i + 1 < SUBCOMMANDS ? ", "
                                             : " or ",
                       subcommands[i].name);
    }
    rcs_buf_add(out, "", 1);
}

static bool take_subcommand(struct rcs_parser *parser, enum rcs_cli_command *out)
{
    const char *name = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    for (unsigned i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(subcommands[i].name, name) == 0) {
            *out = (enum rcs_cli_command)i;
            parser->at++;
            return true;
        }
    }
    const struct rcs_word *word;
    struct rcs_buf list;
    rcs_buf_init(&list);
    list_subcommands(&list);
    if (rcs_parser_word(parser, list.data, &word)) {
        rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                         "cli --cluster %s is not modelled (%s)", word->text, list.data);
    }
    rcs_buf_close(&list);
    return false;
}

/* Appends the nodes of the word at hand. */
static bool take_nodes(struct rcs_parser *parser, int *nodes, unsigned *count)
{
    struct rcs_group group;
    unsigned at = parser->at;
    if (!rcs_parser_group(parser, &group)) {
        return false;
    }
    for (unsigned i = 0; i < group.count; i++) {
        for (unsigned j = 0; j < *count; j++) {
            if (nodes[j] == group.nodes[i]) {
                return rcs_parser_wrong(parser, RCS_ERR_STATE, at, "%s is named twice",
                                        parser->script->nodes[nodes[j]].name);
            }
        }
        nodes[(*count)++] = group.nodes[i];
    }
    return true;
}

static bool is_option(const struct rcs_parser *parser)
{
    return rcs_parser_more(parser) && strncmp(parser->words[parser->at].text, "--", 2) == 0;
}

/* What stands behind the node. */
static bool take_rest(struct rcs_parser *parser, struct rcs_cli_stmt *cli)
{
    switch (subcommands[cli->order.command].rest) {
    case NOTHING:
        return true;
    case ID:
        return take_word(parser, A_NODES_ID, &cli->id);
    case TIMEOUT:
        return rcs_parser_number(parser, "the node timeout in milliseconds", 0, INT_MAX,
                                 &cli->order.node_ms);
    case WORDS:
        cli->words = &parser->words[parser->at];
        if (!rcs_parser_more(parser) || is_option(parser)) {
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                    "a command, such as PING, is missing here");
        }
        while (rcs_parser_more(parser) && !is_option(parser)) {
            const struct rcs_word *word;
            if (!take_word(parser, "a word", &word)) {
                return false;
            }
            cli->order.word_count++;
        }
        return true;
    }
    return false;
}

/* What redis-cli would ask for, and rcsim has nobody to ask. */
static bool has_all(struct rcs_parser *parser, const struct rcs_cli_stmt *cli, unsigned given,
                    unsigned at)
{
    for (unsigned i = 0; i < OPTIONS; i++) {
        if ((options[i].needed_by & (1u << cli->order.command)) && !(given & (1u << i))) {
            return rcs_parser_wrong(
                parser, RCS_ERR_SYNTAX, at, "%s needs %s %s here (redis-cli would ask for it)",
                subcommands[cli->order.command].name, options[i].name, options[i].value);
        }
    }
    return true;
}

/* The group keeps the order of the words: redis-cli's plan depends on it. */
bool rcs_parse_cli(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    unsigned total = parser->script->node_count, count = 0, given = 0, surplus = 0;
    int *nodes = rcs_arena_alloc(&parser->script->arena, sizeof(nodes[0]) * (total + 1));
    struct rcs_cli_stmt *cli = rcs_arena_alloc(&parser->script->arena, sizeof(*cli));
    *cli = (struct rcs_cli_stmt){ .id = NULL };
    if (!rcs_parser_expect(parser, "--cluster")) {
        return false;
    }
    const unsigned first = parser->at;
    if (!take_subcommand(parser, &cli->order.command)) {
        return false;
    }
    const struct subcommand *subcommand = &subcommands[cli->order.command];
    bool rest = false;
    while (rcs_parser_more(parser)) {
        bool good;
        if (is_option(parser)) {
            good = take_option(parser, cli, &given);
        } else if (count == 1 && subcommand->rest != NOTHING && !rest) {
            good = rest = take_rest(parser, cli);
        } else {
            surplus = surplus == 0 && count == subcommand->nodes ? parser->at : surplus;
            good = take_nodes(parser, nodes, &count);
        }
        if (!good) {
            return false;
        }
    }
    stmt->a = (struct rcs_group){ nodes, count, "" };
    stmt->cli = cli;
    cli->order.nodes = nodes;
    cli->order.count = count;
    if (count == 0) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, first + 1,
                                "a node is missing here (a1, a1..a6, a site's name, all)");
    }
    if (subcommand->nodes != ANY_NUMBER && count != subcommand->nodes) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, surplus > 0 ? surplus : first + 2, "%s",
                                subcommand->wrong_number);
    }
    if (!rest && !take_rest(parser, cli)) {
        return false;
    }
    return has_all(parser, cli, given, first);
}
