/* What COMMAND DOCS says of commands: tables docs_*.c, a family each.
 *
 * Names, releases, groups, orders of growth and the trees of arguments are those of Redis 7.0.15;
 * the sentences are not. Rows of commands that rcsim has not are passed over. */
#ifndef RCSIM_SIM_NODE_DOCS_H
#define RCSIM_SIM_NODE_DOCS_H

#include "sim/node/command.h"

/* NULL: a command has no such entry. */
struct rcs_command_doc {
    const char *name; /* "get", "client|info"; NULL ends a table */
    const char *since, *group, *summary, *complexity;
    const char *history; /* lines "release text" */
    const char *deprecated, *replaced_by;
    bool system; /* of use between servers only */
    /* Arguments with blanks between them, each
     *   name[:type][=TOKEN][/key spec][?][*][+][@since][!deprecated since][(arguments)]
     * Without a type it is a pure token. ? optional, * multiple, + each with its token. */
    const char *arguments;
};

extern const struct rcs_command_doc rcs_docs_cluster[], rcs_docs_connection[], rcs_docs_generic[];
extern const struct rcs_command_doc rcs_docs_hash[], rcs_docs_list[], rcs_docs_scripting[];
extern const struct rcs_command_doc rcs_docs_server[], rcs_docs_set[], rcs_docs_sorted_set[];
extern const struct rcs_command_doc rcs_docs_string[];

const struct rcs_command_doc *rcs_docs_find(const char *full_name, size_t size_bytes);

/* COMMAND DOCS, COMMAND GETKEYSANDFLAGS */
rcs_command_handler rcs_run_docs, rcs_run_getkeysandflags;

#endif
