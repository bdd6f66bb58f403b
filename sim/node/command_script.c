/* EVAL and its kin, SCRIPT. What a script wrote is replicated, never the script. */
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/help.h"
#include "sim/node/monitor.h"
#include "sim/node/script_host.h"

#include "sim/pure.h"

#define NO_SUCH_SCRIPT "-NOSCRIPT No matching script. Please use EVAL."

static bool find_script(struct rcs_call *call, const struct rcs_arg *name,
                        char sha[RCS_SHA1_HEX + 1], unsigned *flags)
{
    return rcs_scripts_read_sha(name, sha) &&
           rcs_lua_find(rcs_scripts_interpreter(call->node), sha, flags);
}

/* Defines the script if it is not yet; false: it was refused in a reply. */
static bool define_script(struct rcs_call *call, const struct rcs_arg *body,
                          char sha[RCS_SHA1_HEX + 1], unsigned *flags)
{
    struct rcs_buf error;
    rcs_buf_init(&error);
    rcs_sha1_hex(sha, body->bytes, body->size_bytes);
    bool defined = rcs_lua_define(rcs_scripts_interpreter(call->node), body, sha, flags, &error);
    if (!defined) {
        rcs_buf_add(&error, "", 1);
        for (char *end = strpbrk(error.data, "\r\n"); end != NULL; end = strpbrk(end, "\r\n")) {
            *end = ' ';
        }
        rcs_refuse(call->client, error.data);
    }
    rcs_buf_close(&error);
    return defined;
}

static void run_generic(struct rcs_call *call)
{
    bool by_sha = (call->command->flags & RCS_COMMAND_BY_SHA) != 0;
    bool read_only = (call->command->flags & RCS_COMMAND_READONLY) != 0;
    char sha[RCS_SHA1_HEX + 1];
    unsigned flags;
    int64_t keys;
    if (call->node->clients.monitors > 0) { /* before the commands it will call */
        rcs_monitor_tell(call->node, call->client, call->request);
    }
    if (by_sha && call->args[1].size_bytes != RCS_SHA1_HEX) {
        rcs_refuse(call->client, NO_SUCH_SCRIPT);
        return;
    }
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &keys)) {
        return;
    }
    if (keys > (int64_t)call->argc - 3) {
        rcs_refuse(call->client, "Number of keys can't be greater than number of args");
        return;
    }
    if (keys < 0) {
        rcs_refuse(call->client, "Number of keys can't be negative");
        return;
    }
    if (by_sha && !find_script(call, &call->args[1], sha, &flags)) {
        rcs_refuse(call->client, NO_SUCH_SCRIPT);
        return;
    }
    if (!by_sha && !define_script(call, &call->args[1], sha, &flags)) {
        return;
    }
    rcs_scripts_run(call, sha, flags, read_only, (unsigned)keys);
}

static void run_load(struct rcs_call *call)
{
    char sha[RCS_SHA1_HEX + 1];
    unsigned flags;
    if (define_script(call, &call->args[2], sha, &flags)) {
        rcs_resp_bulk(call->out, sha, RCS_SHA1_HEX);
    }
}

static void run_exists(struct rcs_call *call)
{
    char sha[RCS_SHA1_HEX + 1];
    rcs_resp_array(call->out, call->argc - 2);
    for (unsigned i = 2; i < call->argc; i++) {
        rcs_resp_integer(call->out, find_script(call, &call->args[i], sha, NULL));
    }
}

static void run_flush(struct rcs_call *call)
{
    if (call->argc > 2 && (call->argc > 3 || (!rcs_arg_is(&call->args[2], "sync") &&
                                              !rcs_arg_is(&call->args[2], "async")))) {
        rcs_refuse(call->client, "SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    if (rcs_scripts_count(call->node) > 0) {
        rcs_lua_flush(rcs_scripts_interpreter(call->node));
    }
    rcs_reply_ok(call->client);
}

/* A script takes no virtual time: when this is asked it has ended. */
static void run_kill(struct rcs_call *call)
{
    rcs_refuse(call->client, "-NOTBUSY No scripts in execution right now.");
}

static void run_debug(struct rcs_call *call)
{
    if (rcs_arg_is(&call->args[2], "no")) {
        rcs_reply_ok(call->client);
    } else if (rcs_arg_is(&call->args[2], "yes") || rcs_arg_is(&call->args[2], "sync")) {
        rcs_refuse(call->client, "rcsim does not model the debugger of Lua scripts");
    } else {
        rcs_refuse(call->client, "Use SCRIPT DEBUG YES/SYNC/NO");
    }
}

/* clang-format off */
#define EVALUATES NOSCRIPT | STALE | SKIP_MONITOR | KEYS_OPTIONAL | MOVABLE_KEYS | RUNS_SCRIPT
#define COUNTED_KEYS(flags, notes) { { 3, 0, 1, flags, NULL, 2, notes } }
#define ASSUMED "We cannot tell how the keys will be used so we assume the worst, "
#define ALL_NODES "request_policy:all_nodes response_policy:all_succeeded"
static const struct rcs_command subcommands[] = {
    { "help", rcs_run_help, 2, LOADING | STALE, CATEGORY(SCRIPTING), NO_KEYS, NULL, NULL },
    { "exists", run_exists, -3, NOSCRIPT, CATEGORY(SCRIPTING), NO_KEYS,
      "request_policy:all_shards response_policy:agg_logical_and", NULL },
    { "debug", run_debug, 3, NOSCRIPT, CATEGORY(SCRIPTING), NO_KEYS, NULL, NULL },
    { "flush", run_flush, -2, NOSCRIPT, CATEGORY(SCRIPTING), NO_KEYS, ALL_NODES, NULL },
    { "kill", run_kill, 2, NOSCRIPT | ALLOW_BUSY, CATEGORY(SCRIPTING), NO_KEYS,
      "request_policy:all_shards response_policy:one_succeeded", NULL },
    { "load", run_load, 3, NOSCRIPT | STALE, CATEGORY(SCRIPTING), NO_KEYS, ALL_NODES, NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_script_commands[] = {
    { "eval", run_generic, -3, EVALUATES | MAY_REPLICATE, CATEGORY(SCRIPTING),
      COUNTED_KEYS(RW | ACCESS | UPDATE, ASSUMED "RW and UPDATE"), NULL, NULL },
    { "evalsha", run_generic, -3, EVALUATES | MAY_REPLICATE | BY_SHA, CATEGORY(SCRIPTING),
      COUNTED_KEYS(RW | ACCESS | UPDATE, NULL), NULL, NULL },
    { "eval_ro", run_generic, -3, EVALUATES | READONLY, CATEGORY(SCRIPTING),
      COUNTED_KEYS(RO | ACCESS, ASSUMED "RO and ACCESS"), NULL, NULL },
    { "evalsha_ro", run_generic, -3, EVALUATES | READONLY | BY_SHA, CATEGORY(SCRIPTING),
      COUNTED_KEYS(RO | ACCESS, NULL), NULL, NULL },
    { "script", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
