/* COMMAND DOCS: the documentation of commands, as Redis 7.0 lays it out. */
#include "sim/node/docs.h"

#include <string.h>

#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"

#include "sim/pure.h"

static const struct rcs_command_doc *const tables[] = {
    rcs_docs_cluster,   rcs_docs_connection, rcs_docs_generic, rcs_docs_hash,       rcs_docs_list,
    rcs_docs_scripting, rcs_docs_server,     rcs_docs_set,     rcs_docs_sorted_set, rcs_docs_string,
};

const struct rcs_command_doc *rcs_docs_find(const char *full_name, size_t size_bytes)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct rcs_command_doc *doc = tables[i]; doc->name != NULL; doc++) {
            if (doc->name[0] == full_name[0] && strlen(doc->name) == size_bytes &&
                memcmp(doc->name, full_name, size_bytes) == 0) {
                return doc;
            }
        }
    }
    return NULL;
}

/* --- arguments -------------------------------------------------------------------------------- */

struct part {
    const char *text; /* NULL: not there */
    size_t size;
};

struct argument {
    struct part name, type, token, key_spec, since, deprecated;
    bool optional, multiple, multiple_token;
    const char *children; /* NULL none; behind the parenthesis */
};

static bool is_number(char c)
{
    return (c >= '0' && c <= '9') || c == '.';
}

static bool ends_word(const char *c)
{
    return strchr(" ?*+@!()=", *c) != NULL || *c == '\0' ||
           (*c == '/' && is_number(c[1])); /* other slashes belong to the name */
}

static struct part take_word(const char **at)
{
    struct part part = { *at, 0 };
    while (!ends_word(*at)) {
        (*at)++;
    }
    part.size = (size_t)(*at - part.text);
    return part;
}

static struct part take_number(const char **at)
{
    struct part part = { ++*at, 0 };
    while (is_number(**at)) {
        (*at)++;
    }
    part.size = (size_t)(*at - part.text);
    return part;
}

static const char *behind_children(const char *at)
{
    unsigned depth = 1;
    for (; depth > 0; at++) {
        RCS_ASSERT(*at != '\0');
        depth += *at == '(';
        depth -= *at == ')';
    }
    return at;
}

/* "name:type"; the type is behind the last colon. */
static void take_head(struct argument *argument, const char **at)
{
    static const char pure[] = "pure-token";
    argument->name = take_word(at);
    argument->type = (struct part){ pure, sizeof(pure) - 1 };
    for (size_t i = argument->name.size; i > 0; i--) {
        if (argument->name.text[i - 1] == ':') {
            argument->type = (struct part){ argument->name.text + i, argument->name.size - i };
            argument->name.size = i - 1;
            return;
        }
    }
}

/* The argument at `at`; returns what stands behind it and its blank. */
static const char *take_argument(const char *at, struct argument *argument)
{
    *argument = (struct argument){ .optional = false };
    take_head(argument, &at);
    while (*at != '\0' && *at != ' ' && *at != ')') {
        switch (*at) {
        case '=':
            at++;
            argument->token = take_word(&at);
            if (argument->token.size == 2 && argument->token.text[0] == '"') {
                argument->token.size = 0; /* MIGRATE's empty key */
            }
            break;
        case '/':
            argument->key_spec = take_number(&at);
            break;
        case '@':
            argument->since = take_number(&at);
            break;
        case '!':
            argument->deprecated = take_number(&at);
            break;
        case '(':
            argument->children = at + 1;
            at = behind_children(at + 1);
            break;
        default:
            argument->optional |= *at == '?';
            argument->multiple |= *at == '*';
            argument->multiple_token |= *at == '+';
            at++;
            break;
        }
    }
    return *at == ' ' ? at + 1 : at;
}

static size_t count_arguments(const char *at)
{
    struct argument argument;
    size_t count = 0;
    for (; *at != '\0' && *at != ')'; count++) {
        at = take_argument(at, &argument);
    }
    return count;
}

static void add_part(struct rcs_call *call, const char *name, struct part part)
{
    if (part.text != NULL) {
        rcs_resp_bulk_text(call->out, name);
        rcs_resp_bulk(call->out, part.text, part.size);
    }
}

static void add_arguments(struct rcs_call *call, const char *at);

/* Redis 7.0 addReplyCommandArgList */
static void add_argument(struct rcs_call *call, const struct argument *argument)
{
    unsigned flags = (unsigned)argument->optional + (unsigned)argument->multiple +
                     (unsigned)argument->multiple_token;
    size_t pairs = 2;
    pairs += (size_t)(argument->key_spec.text != NULL) + (size_t)(argument->token.text != NULL) +
             (size_t)(argument->since.text != NULL) + (size_t)(argument->deprecated.text != NULL) +
             (size_t)(flags > 0) + (size_t)(argument->children != NULL);
    rcs_resp_map(call->out, pairs, call->resp3);
    add_part(call, "name", argument->name);
    add_part(call, "type", argument->type);
    if (argument->key_spec.text != NULL) {
        rcs_resp_bulk_text(call->out, "key_spec_index");
        rcs_resp_integer(call->out, argument->key_spec.text[0] - '0');
    }
    add_part(call, "token", argument->token);
    add_part(call, "since", argument->since);
    add_part(call, "deprecated_since", argument->deprecated);
    if (flags > 0) {
        rcs_resp_bulk_text(call->out, "flags");
        rcs_resp_set(call->out, flags, call->resp3);
        if (argument->optional) {
            rcs_resp_status(call->out, "optional");
        }
        if (argument->multiple) {
            rcs_resp_status(call->out, "multiple");
        }
        if (argument->multiple_token) {
            rcs_resp_status(call->out, "multiple_token");
        }
    }
    if (argument->children != NULL) {
        rcs_resp_bulk_text(call->out, "arguments");
        add_arguments(call, argument->children);
    }
}

/* Up to the end or to the parenthesis that closes them. */
static void add_arguments(struct rcs_call *call, const char *at)
{
    struct argument argument;
    rcs_resp_array(call->out, count_arguments(at));
    while (*at != '\0' && *at != ')') {
        at = take_argument(at, &argument);
        add_argument(call, &argument);
    }
}

/* --- commands --------------------------------------------------------------------------------- */

static void add_history(struct rcs_call *call, const char *history)
{
    size_t count = 1;
    for (const char *c = history; *c != '\0'; c++) {
        count += *c == '\n';
    }
    rcs_resp_set(call->out, count, call->resp3);
    for (; count > 0; count--) {
        size_t release = strcspn(history, " "), line = strcspn(history, "\n");
        rcs_resp_array(call->out, 2);
        rcs_resp_bulk(call->out, history, release);
        rcs_resp_bulk(call->out, history + release + 1, line - release - 1);
        history += line + 1;
    }
}

static bool has_sub(const struct rcs_call *call, const struct rcs_command *container,
                    const struct rcs_command *sub)
{
    struct rcs_command_found found = { sub, container };
    return rcs_release_has(call->client->profile, &found);
}

static size_t count_subcommands(const struct rcs_call *call, const struct rcs_command *container)
{
    size_t count = 0;
    const struct rcs_command *sub = container->subcommands;
    for (; sub != NULL && sub->name != NULL; sub++) {
        count += has_sub(call, container, sub);
    }
    return count;
}

static void add_pair(struct rcs_call *call, const char *name, const char *value)
{
    if (value != NULL) {
        rcs_resp_bulk_text(call->out, name);
        rcs_resp_bulk_text(call->out, value);
    }
}

/* A name and what is said of it (Redis 7.0 addReplyCommandDocs). */
static void add_doc(struct rcs_call *call, const struct rcs_command_found *found)
{
    static const struct rcs_command_doc none = { .summary = "" };
    struct rcs_buf name;
    rcs_buf_init(&name);
    rcs_command_full_name(found, &name);
    const struct rcs_command_doc *doc = rcs_docs_find(name.data, name.size_bytes);
    doc = doc == NULL ? &none : doc;
    size_t subcommands = count_subcommands(call, found->command);
    bool flagged = doc->deprecated != NULL || doc->system;
    const void *const entries[] = { doc->summary,    doc->since,      doc->group,
                                    doc->complexity, doc->deprecated, doc->replaced_by,
                                    doc->history,    doc->arguments };
    size_t pairs = (size_t)flagged + (size_t)(subcommands > 0);
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        pairs += entries[i] != NULL;
    }
    rcs_resp_bulk(call->out, name.data, name.size_bytes);
    rcs_buf_close(&name);
    rcs_resp_map(call->out, pairs, call->resp3);
    add_pair(call, "summary", doc->summary);
    add_pair(call, "since", doc->since);
    add_pair(call, "group", doc->group);
    add_pair(call, "complexity", doc->complexity);
    if (flagged) {
        rcs_resp_bulk_text(call->out, "doc_flags");
        rcs_resp_set(call->out, 1, call->resp3);
        rcs_resp_status(call->out, doc->system ? "syscmd" : "deprecated");
    }
    add_pair(call, "deprecated_since", doc->deprecated);
    add_pair(call, "replaced_by", doc->replaced_by);
    if (doc->history != NULL) {
        rcs_resp_bulk_text(call->out, "history");
        add_history(call, doc->history);
    }
    if (doc->arguments != NULL) {
        rcs_resp_bulk_text(call->out, "arguments");
        add_arguments(call, doc->arguments);
    }
    if (subcommands > 0) {
        rcs_resp_bulk_text(call->out, "subcommands");
        rcs_resp_map(call->out, subcommands, call->resp3);
        const struct rcs_command *sub = found->command->subcommands;
        for (; sub->name != NULL; sub++) {
            if (has_sub(call, found->command, sub)) {
                struct rcs_command_found found_sub = { sub, found->command };
                add_doc(call, &found_sub);
            }
        }
    }
}

static bool has(const struct rcs_call *call, const struct rcs_command_found *found)
{
    return found->command != NULL && rcs_release_has(call->client->profile, found);
}

void rcs_run_docs(struct rcs_call *call)
{
    struct rcs_command_found found = { NULL, NULL };
    size_t count = 0;
    if (call->argc == 2) {
        for (unsigned i = 0; (found.command = rcs_command_at(i)) != NULL; i++) {
            count += has(call, &found);
        }
        rcs_resp_map(call->out, count, call->resp3);
        for (unsigned i = 0; (found.command = rcs_command_at(i)) != NULL; i++) {
            if (has(call, &found)) {
                add_doc(call, &found);
            }
        }
        return;
    }
    for (unsigned i = 2; i < call->argc; i++) {
        found = rcs_command_by_full_name(call->client->profile->release, &call->args[i]);
        count += has(call, &found);
    }
    rcs_resp_map(call->out, count, call->resp3);
    for (unsigned i = 2; i < call->argc; i++) {
        found = rcs_command_by_full_name(call->client->profile->release, &call->args[i]);
        if (has(call, &found)) {
            add_doc(call, &found);
        }
    }
}
