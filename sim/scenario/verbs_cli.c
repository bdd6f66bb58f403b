/* The words behind `cli --cluster`: as they are typed for redis-cli, with names of nodes for their
 * addresses. */
#include <string.h>

#include "sim/scenario/cli.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

#define ANY_NUMBER 0

/* In the order of enum rcs_cli_command. */
static const struct subcommand {
    const char *name;
    unsigned nodes; /* how many are named */
    const char *wrong_number;
    const char *options; /* for those who want another one */
} subcommands[] = {
    { "create", ANY_NUMBER, "", "create has --cluster-replicas N and --cluster-yes" },
    { "check", 1, "check and info take one node", "check and info have none" },
    { "info", 1, "check and info take one node", "check and info have none" },
    { "add-node", 2, "add-node takes the new node and one of the cluster",
      "add-node has --cluster-slave and --cluster-master-id ID" },
};

static bool take_subcommand(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    unsigned at = parser->at;
    if (!rcs_parser_word(parser, "create, check, info or add-node", &word)) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++) {
        if (strcmp(subcommands[i].name, word->text) == 0) {
            parser->stmt->number = (int)i;
            return true;
        }
    }
    return rcs_parser_wrong(
        parser, RCS_ERR_UNKNOWN, at,
        "cli --cluster %s is not modelled (create, check, info and add-node are)", word->text);
}

/* It may be written as $a1.id, which is known only while the scenario runs. */
static bool take_master_id(struct rcs_parser *parser)
{
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a node's id, such as $a1.id, is missing here");
    }
    parser->stmt->words = &parser->words[parser->at++];
    parser->stmt->word_count = 1;
    return rcs_parser_refs(parser, parser->stmt->words);
}

/* True: the word at hand was an option of the subcommand, or it was wrong. */
static bool take_option(struct rcs_parser *parser, bool *wrong)
{
    struct rcs_stmt *stmt = parser->stmt;
    const enum rcs_cli_command command = (enum rcs_cli_command)stmt->number;
    *wrong = false;
    if (command == RCS_CLI_CREATE && rcs_parser_is(parser, "--cluster-replicas")) {
        int64_t replicas;
        *wrong = !rcs_parser_number(parser, "replicas for each master", 0, 1000, &replicas);
        stmt->times = *wrong ? 0 : (unsigned)replicas;
        return true;
    }
    if (command == RCS_CLI_CREATE && rcs_parser_is(parser, "--cluster-yes")) {
        stmt->oneway = true;
        return true;
    }
    if (command == RCS_CLI_ADD_NODE && rcs_parser_is(parser, "--cluster-slave")) {
        stmt->absolute = true;
        return true;
    }
    if (command == RCS_CLI_ADD_NODE && rcs_parser_is(parser, "--cluster-master-id")) {
        *wrong = !take_master_id(parser);
        return true;
    }
    if (strncmp(parser->words[parser->at].text, "--", 2) == 0) {
        rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at, "option \"%s\" is not modelled (%s)",
                         parser->words[parser->at].text, subcommands[command].options);
        *wrong = true;
        return true;
    }
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

/* The group keeps the order of the words: redis-cli's plan depends on it. */
bool rcs_parse_cli(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    unsigned total = parser->script->node_count, count = 0;
    int *nodes = rcs_arena_alloc(&parser->script->arena, sizeof(nodes[0]) * (total + 1));
    if (!rcs_parser_expect(parser, "--cluster")) {
        return false;
    }
    const unsigned first = parser->at;
    if (!take_subcommand(parser)) {
        return false;
    }
    while (rcs_parser_more(parser)) {
        bool wrong;
        if (take_option(parser, &wrong) ? wrong : !take_nodes(parser, nodes, &count)) {
            return false;
        }
    }
    stmt->a = (struct rcs_group){ nodes, count, "" };
    const struct subcommand *subcommand = &subcommands[stmt->number];
    if (count == 0) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, first + 1,
                                "a node is missing here (a1, a1..a6, a site's name, all)");
    }
    if (subcommand->nodes != ANY_NUMBER && count != subcommand->nodes) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, first + 2, "%s", subcommand->wrong_number);
    }
    if (stmt->number == RCS_CLI_ADD_NODE && !stmt->absolute) {
        return rcs_parser_wrong(
            parser, RCS_ERR_UNKNOWN, first,
            "add-node without --cluster-slave copies functions, which are not modelled (add "
            "--cluster-slave, or meet the node by hand: a1> CLUSTER MEET $b1.ip $b1.port)");
    }
    return true;
}
