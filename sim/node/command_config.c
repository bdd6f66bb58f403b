/* CONFIG GET, SET, RESETSTAT, REWRITE. */
#include <stdio.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/keys/glob.h"
#include "sim/node/aof.h"
#include "sim/node/backlog.h"
#include "sim/node/command_rows.h"
#include "sim/node/config_value.h"
#include "sim/node/help.h"
#include "sim/node/memory.h"

#include "sim/pure.h"

#define NAME_BYTES  80                   /* longer than any directive's name */
#define VALUE_BYTES RCS_KEPT_TEXTS_BYTES /* what is cut to this is too long for any directive */

/* The first pattern that asks for it; NULL none. */
static const struct rcs_arg *asked_for(const struct rcs_call *call, const char *name)
{
    for (unsigned i = 2; i < call->argc; i++) {
        if (rcs_glob_matches(call->args[i].bytes, rcs_arg_text_bytes(&call->args[i]), name,
                             strlen(name), true)) {
            return &call->args[i];
        }
    }
    return NULL;
}

/* A plain name comes back as it was written (Redis 7.0 configGetCommand). */
static void reply_name(struct rcs_call *call, const struct rcs_arg *asked, const char *name)
{
    if (rcs_arg_is(asked, name)) {
        rcs_resp_bulk(call->out, asked->bytes, asked->size_bytes);
    } else {
        rcs_resp_bulk_text(call->out, name);
    }
}

/* Ascending by name: a real server goes through a hash table with a seed of its own. */
static void run_get(struct rcs_call *call)
{
    struct rcs_directive_name names[RCS_DIRECTIVE_NAMES_MAX];
    const struct rcs_arg *asked[RCS_DIRECTIVE_NAMES_MAX];
    size_t count = rcs_directive_names(names), pairs = 0;
    for (size_t i = 0; i < count; i++) {
        bool has = rcs_directive_has(&call->node->config, &names[i]);
        asked[i] = has ? asked_for(call, names[i].name) : NULL;
        pairs += asked[i] != NULL;
    }
    rcs_resp_map(call->out, pairs, call->resp3);
    struct rcs_buf value;
    rcs_buf_init(&value);
    for (size_t i = 0; i < count; i++) {
        if (asked[i] != NULL) {
            rcs_buf_clear(&value);
            rcs_directive_show(&call->node->config, names[i].directive, &value);
            reply_name(call, asked[i], names[i].name);
            rcs_resp_bulk(call->out, value.data, value.size_bytes);
        }
    }
    rcs_buf_close(&value);
}

/* An argument as a C string; what does not fit is no name and no value of a directive. */
static void copy_text(const struct rcs_arg *arg, char *out, size_t room)
{
    size_t size = rcs_arg_text_bytes(arg);
    size = size < room ? size : room - 1;
    if (size > 0) {
        memcpy(out, arg->bytes, size);
    }
    out[size] = '\0';
}

static bool same_word(const struct rcs_arg *a, const struct rcs_arg *b)
{
    char word[NAME_BYTES];
    copy_text(a, word, sizeof(word));
    for (char *c = word; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    }
    return rcs_arg_is(b, word);
}

/* Before 7.0 one name is set at a time, and only 6.0 and 6.2 say why not (Redis 6.2
 * configSetCommand). */
static void refuse_failed_old(struct rcs_call *call, const struct rcs_arg *name, const char *reason)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "Invalid argument '");
    rcs_buf_add(&text, name[1].bytes, name[1].size_bytes);
    rcs_buf_text(&text, "' for CONFIG SET '");
    rcs_buf_add(&text, name->bytes, name->size_bytes);
    rcs_buf_text(&text, "'");
    static const char arguments[] = "argument(s)";
    bool of_save = rcs_arg_is(name, "save"); /* whose setter says nothing */
    if (call->client->profile->release >= RCS_REDIS_6_0 && !of_save) {
        bool one = strncmp(reason, arguments, sizeof(arguments) - 1) == 0;
        rcs_buf_text(&text, one ? " - argument" : " - ");
        rcs_buf_text(&text, one ? reason + sizeof(arguments) - 1 : reason);
    }
    rcs_buf_add(&text, "", 1);
    rcs_refuse(call->client, text.data);
    rcs_buf_close(&text);
}

static void refuse_name(struct rcs_call *call, const struct rcs_arg *name)
{
    if (call->client->profile->release < RCS_REDIS_7_0) {
        rcs_refuse_about(call->client, "Unsupported CONFIG parameter: ", name, "");
    } else {
        rcs_refuse_about(call->client, "Unknown option or number of arguments for CONFIG SET - '",
                         name, "'");
    }
}

/* `name` stands before its value in the request. */
static void refuse_failed(struct rcs_call *call, const struct rcs_arg *name, const char *reason)
{
    if (call->client->profile->release < RCS_REDIS_7_0) {
        refuse_failed_old(call, name, reason);
        return;
    }
    char after[RCS_CONFIG_REASON_BYTES + 8];
    snprintf(after, sizeof(after), "') - %s", reason);
    rcs_refuse_about(call->client, "CONFIG SET failed (possibly related to argument '", name,
                     after);
}

/* All names before any value, as Redis 7.0 configSetCommand; false: an error was replied. */
static bool names_fit(struct rcs_call *call)
{
    for (unsigned i = 2; i < call->argc; i += 2) {
        char name[NAME_BYTES];
        copy_text(&call->args[i], name, sizeof(name));
        if (!rcs_config_exists(&call->node->config, name)) {
            refuse_name(call, &call->args[i]);
            return false;
        }
    }
    for (unsigned i = 2; i < call->argc; i += 2) {
        char name[NAME_BYTES];
        copy_text(&call->args[i], name, sizeof(name));
        const struct rcs_directive *directive = rcs_directive_find(name);
        if (directive != NULL && !directive->mutable) {
            if (call->client->profile->release < RCS_REDIS_7_0) {
                refuse_name(call, &call->args[i]);
            } else {
                refuse_failed(call, &call->args[i],
                              rcs_config_protected(name) ? "can't set protected config"
                                                         : "can't set immutable config");
            }
            return false;
        }
        for (unsigned j = 2; j < i; j += 2) {
            if (same_word(&call->args[j], &call->args[i])) {
                refuse_failed(call, &call->args[i], "duplicate parameter");
                return false;
            }
        }
    }
    return true;
}

/* Into `config`; false: an error was replied. */
static bool set_values(struct rcs_call *call, struct rcs_config *config)
{
    for (unsigned i = 2; i < call->argc; i += 2) {
        char name[NAME_BYTES], value[VALUE_BYTES], reason[RCS_CONFIG_REASON_BYTES];
        copy_text(&call->args[i], name, sizeof(name));
        copy_text(&call->args[i + 1], value, sizeof(value));
        if (rcs_config_try(config, name, value, reason) != RCS_OK) {
            refuse_failed(call, &call->args[i], reason);
            return false;
        }
    }
    return true;
}

static void run_set(struct rcs_call *call)
{
    struct rcs_config config = call->node->config;
    if (call->argc % 2 != 0) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    if (!names_fit(call) || !set_values(call, &config)) {
        return;
    }
    bool resized = config.repl_backlog_size_bytes != call->node->config.repl_backlog_size_bytes;
    call->node->config = config;
    if (resized) {
        rcs_repl_trim(call->node, RCS_BACKLOG_TRIM_BLOCKS); /* Redis 7.0 resizeReplicationBacklog */
    }
    rcs_aof_configured(call->node);
    rcs_memory_configured(call->node);
    rcs_cluster_config_changed(&call->node->cluster);
    rcs_repl_count_good(call->node);
    rcs_reply_ok(call->client);
}

static void run_resetstat(struct rcs_call *call)
{
    rcs_stats_reset(call->node);
    rcs_reply_ok(call->client);
}

/* strerror's words for what a file may be like; NULL: it can be written. */
static const struct {
    const char *name, *error;
} file_states[] = {
    [RCS_CONF_FILE_NONE] = { "none", NULL },
    [RCS_CONF_FILE_GOOD] = { "good", NULL },
    [RCS_CONF_FILE_NO_DIRECTORY] = { "no-directory", "No such file or directory" },
    [RCS_CONF_FILE_NOT_DIRECTORY] = { "not-a-directory", "Not a directory" },
    [RCS_CONF_FILE_IS_DIRECTORY] = { "is-a-directory", "Is a directory" },
    [RCS_CONF_FILE_DENIED] = { "denied", "Permission denied" },
    [RCS_CONF_FILE_READ_ONLY] = { "read-only", "Read-only file system" },
    [RCS_CONF_FILE_BROKEN] = { "broken", "Input/output error" },
};

const char *rcs_conf_file_name(enum rcs_conf_file state)
{
    return (unsigned)state < RCS_CONF_FILE_STATES ? file_states[state].name : NULL;
}

/* Who runs the node keeps its configuration: what it starts with next time is what it has now, and
 * rcs_config_rewrite makes the text (Redis 7.0 configRewriteCommand). */
static void run_rewrite(struct rcs_call *call)
{
    struct rcs_node *node = call->node;
    const char *error = file_states[node->config.file].error;
    if (node->config.file == RCS_CONF_FILE_NONE) {
        rcs_refuse(call->client, "The server is running without a config file");
        return;
    }
    if (error == NULL && node->disk.full) { /* a new file, which would take the old one's place */
        rcs_node_fact(node, RCS_FACT_REDIS_CONF_UNWRITTEN, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
        error = "No space left on device";
    }
    if (error != NULL) {
        rcs_node_fact(node, RCS_FACT_REWRITE_FAILED, RCS_ID_NONE, 0, 0, 0, error, NULL);
        rcs_refuse_format(call->client, "Rewriting config file: %s", error);
        return;
    }
    rcs_node_fact(node, RCS_FACT_REWRITTEN, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    rcs_effect_add(node->out, RCS_EFFECT_SAVE_REDIS_CONF, 0);
    rcs_reply_ok(call->client);
}

/* clang-format off */
#define BY_ADMIN ADMIN | NOSCRIPT | LOADING | STALE, 0, NO_KEYS
static const struct rcs_command subcommands[] = {
    { "get", run_get, -3, BY_ADMIN, NULL, NULL },
    { "help", rcs_run_help, 2, LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "resetstat", run_resetstat, 2, BY_ADMIN, NULL, NULL },
    { "rewrite", run_rewrite, 2, BY_ADMIN, NULL, NULL },
    { "set", run_set, -4, BY_ADMIN, "request_policy:all_nodes response_policy:all_succeeded",
      NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_config_commands[] = {
    { "config", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
