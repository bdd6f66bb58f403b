#include "sim/node/script_host.h"

#include <stdlib.h>
#include <string.h>

#include "sim/node/command_release.h"
#include "sim/node/connection.h"
#include "sim/node/disk.h"
#include "sim/node/memory.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

struct rcs_scripts {
    struct rcs_node *node;
    struct rcs_lua *interpreter;
    struct rcs_client *client; /* executes the commands of scripts; in nobody's list */
    /* of the script that runs */
    struct rcs_call *call; /* of EVAL or one of its kin */
    bool read_only;        /* it may not write */
    bool any_memory;       /* it may run over maxmemory */
    bool cross_slot;       /* it may use keys of any slot, declared or not */
    bool wrote;            /* it tried to: from now on it is not stopped half-way */
    int slot;              /* of its keys so far; -1 none */
};

static struct rcs_scripts *scripts_of(struct rcs_node *node)
{
    if (node->scripts == NULL) {
        struct rcs_scripts *scripts = calloc(1, sizeof(*scripts));
        RCS_ASSERT(scripts != NULL);
        scripts->node = node;
        scripts->interpreter = rcs_lua_new();
        scripts->client = rcs_client_new(node, 0);
        node->scripts = scripts;
    }
    return node->scripts;
}

struct rcs_lua *rcs_scripts_interpreter(struct rcs_node *node)
{
    return scripts_of(node)->interpreter;
}

void rcs_scripts_close(struct rcs_node *node)
{
    if (node->scripts != NULL) {
        rcs_lua_free(node->scripts->interpreter);
        rcs_client_free(node, node->scripts->client);
        free(node->scripts);
        node->scripts = NULL;
    }
}

size_t rcs_scripts_count(const struct rcs_node *node)
{
    return node->scripts == NULL ? 0 : rcs_lua_count(node->scripts->interpreter);
}

size_t rcs_scripts_memory_bytes(const struct rcs_node *node)
{
    return node->scripts == NULL ? 0 : rcs_lua_memory_bytes(node->scripts->interpreter);
}

/* --- what a command of a script must pass, in the order of Redis 7.0 scriptCall; NULL: passed - */

static bool known(const struct rcs_node *node, const struct rcs_command_found *found)
{
    struct rcs_command_found container = { found->container, NULL };
    const struct rcs_profile *profile = rcs_node_profile(node);
    return found->command != NULL && rcs_release_has(profile, found) &&
           (found->container == NULL || rcs_release_has(profile, &container));
}

static const char *refuse_words(const struct rcs_node *node, const struct rcs_command_found *found,
                                unsigned argc)
{
    if (!known(node, found)) {
        return "Unknown Redis command called from script";
    }
    if (!rcs_command_arity_fits(found->command, argc) ||
        !rcs_release_takes(rcs_node_profile(node), found, argc)) {
        return "Wrong number of args calling Redis command from script";
    }
    if ((found->command->flags & RCS_COMMAND_NOSCRIPT) != 0) {
        return "This Redis command is not allowed from script";
    }
    return NULL;
}

static const char *refuse_write(const struct rcs_scripts *scripts, unsigned flags)
{
    const struct rcs_node *node = scripts->node;
    if (scripts->read_only && (flags & (RCS_COMMAND_WRITE | RCS_COMMAND_MAY_REPLICATE)) != 0) {
        return "Write commands are not allowed from read-only scripts.";
    }
    if ((flags & RCS_COMMAND_WRITE) == 0 || scripts->wrote) {
        return NULL;
    }
    if (node->repl.has_master && node->config.replica_read_only) {
        return "-READONLY You can't write against a read only replica.";
    }
    if (node->disk.failed) {
        const char *text = rcs_disk_refusal(node);
        if (text != NULL) {
            return text;
        }
    }
    if (!rcs_node_has_enough_replicas(node)) {
        return "-NOREPLICAS Not enough good replicas to write.";
    }
    return NULL;
}

static const char *refuse_place(struct rcs_scripts *scripts, const struct rcs_command *command,
                                const struct rcs_request *request)
{
    const unsigned of_caller = RCS_CLIENT_READONLY | RCS_CLIENT_ASKING;
    int slot = -1;
    scripts->client->flags &= ~of_caller;
    scripts->client->flags |= scripts->call->client->flags & of_caller;
    switch (rcs_redirect_look(scripts->node, scripts->client, command, request, &slot)) {
    case RCS_HERE_SERVED:
        break;
    case RCS_HERE_DOWN:
        return "Script attempted to execute a command while the cluster is down";
    case RCS_HERE_DOWN_FOR_WRITES:
        return "Script attempted to execute a write command while the cluster is down and "
               "readonly";
    case RCS_HERE_NOT:
        return "Script attempted to access a non local key in a cluster node";
    }
    if (slot == -1 || scripts->cross_slot) {
        return NULL;
    }
    if (scripts->slot != -1 && scripts->slot != slot) {
        return "Script attempted to access keys that do not hash to the same slot";
    }
    scripts->slot = slot;
    return NULL;
}

static bool is_stale(const struct rcs_node *node)
{
    return node->repl.has_master && node->repl.state != RCS_REPL_CONNECTED &&
           !node->config.replica_serve_stale_data;
}

/* As it was when the script began: what it writes itself does not stop it half-way. */
static bool is_out_of_memory(const struct rcs_node *node)
{
    return rcs_memory_limited(node) && node->out_of_memory;
}

static const char *refuse(struct rcs_scripts *scripts, const struct rcs_command_found *found,
                          const struct rcs_request *request)
{
    const struct rcs_command *command = found->command;
    const char *refused = refuse_words(scripts->node, found, request->argc);
    if (refused != NULL) {
        return refused;
    }
    if (is_stale(scripts->node) && (command->flags & RCS_COMMAND_STALE) == 0) {
        return "Can not execute the command on a stale replica";
    }
    refused = refuse_write(scripts, command->flags);
    if (refused != NULL) {
        return refused;
    }
    if (!scripts->any_memory && !scripts->wrote && is_out_of_memory(scripts->node) &&
        (command->flags & RCS_COMMAND_DENYOOM) != 0) {
        return "-OOM command not allowed when used memory > 'maxmemory'.";
    }
    scripts->wrote = scripts->wrote || (command->flags & RCS_COMMAND_WRITE) != 0;
    return refuse_place(scripts, command, request);
}

/* --- what a script asks for ------------------------------------------------------------------- */

/* No command waits inside a script: its client is as in a transaction. */
static void execute(struct rcs_scripts *scripts, const struct rcs_command *command,
                    struct rcs_request *request, bool resp3, struct rcs_buf *reply)
{
    struct rcs_client *client = scripts->client;
    client->protocol = resp3 ? 3 : 2;
    client->flags |= RCS_CLIENT_MULTI | RCS_CLIENT_AUTHENTICATED;
    rcs_call_run(scripts->node, client, command, request);
    RCS_ASSERT(client->blocked == NULL && client->reply.size_bytes > 0);
    if (scripts->call->client->track != NULL && (command->flags & RCS_COMMAND_READONLY) != 0) {
        rcs_tracking_read(scripts->call); /* the keys that EVAL was given, as in 7.0 */
    }
    rcs_buf_add(reply, client->reply.data, client->reply.size_bytes);
    rcs_buf_clear(&client->reply);
}

static const char *call_command(void *context, unsigned argc, const struct rcs_arg *args,
                                bool resp3, struct rcs_buf *reply)
{
    struct rcs_scripts *scripts = context;
    struct rcs_node *node = scripts->node;
    struct rcs_request *request = rcs_request_new(node->store, argc, args);
    struct rcs_command_found found =
        rcs_command_find(request->argc, request->args, &node->commands_seen);
    const char *refused = refuse(scripts, &found, request);
    if (refused == NULL) {
        execute(scripts, found.command, request, resp3, reply);
    } else {
        rcs_stats_error(&node->stats, refused);
        rcs_stats_failed(&node->stats); /* that error is not EVAL's own */
        if (known(node, &found)) {
            rcs_stats_of(&node->stats, found.command)->rejected++;
        }
    }
    rcs_request_release(node->store, request);
    return refused;
}

static bool knows_command(void *context, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_scripts *scripts = context;
    struct rcs_command_found found = rcs_command_find(argc, args, &scripts->node->commands_seen);
    return known(scripts->node, &found);
}

/* What a command has counted is not counted again, but EVAL has failed nevertheless. */
static void count_error(void *context, const char *text, bool counted)
{
    struct rcs_scripts *scripts = context;
    struct rcs_stats *stats = &scripts->node->stats;
    if (counted) {
        rcs_stats_of(stats, scripts->call->command)->failed++;
    } else {
        rcs_stats_error(stats, text);
    }
}

static void log_line(void *context, int level, const char *text)
{
    static const enum rcs_fact_code codes[] = { RCS_FACT_SCRIPT_DEBUG, RCS_FACT_SCRIPT_VERBOSE,
                                                RCS_FACT_SCRIPT_NOTICE, RCS_FACT_SCRIPT_WARNING };
    struct rcs_scripts *scripts = context;
    rcs_node_fact(scripts->node, codes[level], RCS_ID_NONE, 0, 0, 0, text, NULL);
}

/* An append-only file holds what the data set does: there is none for replicas alone, or without
 * them. */
static void replicate(void *context, unsigned where)
{
    struct rcs_scripts *scripts = context;
    scripts->node->clients.unreplicated = (where & RCS_LUA_TO_REPLICAS) == 0;
}

/* --- running one ------------------------------------------------------------------------------ */

/* Conditions of a script that declares its flags; those of one that does not are asked when it
 * calls (Redis 7.0 scriptPrepareForRun). */
static const char *refuse_script(const struct rcs_node *node, unsigned flags, bool read_only)
{
    if ((flags & RCS_LUA_NO_SHEBANG) != 0) {
        return is_stale(node) ? "-MASTERDOWN Link with MASTER is down and "
                                "replica-serve-stale-data is set to 'no'."
                              : NULL;
    }
    if ((flags & RCS_LUA_NO_CLUSTER) != 0) {
        return "Can not run script on cluster, 'no-cluster' flag is set.";
    }
    if (is_stale(node) && (flags & RCS_LUA_ALLOW_STALE) == 0) {
        return "-MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and "
               "'allow-stale' flag is not set on the script.";
    }
    if ((flags & RCS_LUA_NO_WRITES) != 0) {
        return NULL; /* which stands for allow-oom as well */
    }
    if (node->repl.has_master && node->config.replica_read_only) {
        return "-READONLY Can not run script with write flag on readonly replica";
    }
    if (read_only) {
        return "Can not execute a script with write flag using *_ro command.";
    }
    if (!rcs_node_has_enough_replicas(node)) {
        return "-NOREPLICAS Not enough good replicas to write.";
    }
    if (is_out_of_memory(node) && (flags & RCS_LUA_ALLOW_OOM) == 0) {
        return "-OOM allow-oom flag is not set on the script, can not run it when used memory > "
               "'maxmemory'";
    }
    return NULL;
}

void rcs_scripts_run(struct rcs_call *call, const char *sha, unsigned flags, bool read_only,
                     unsigned key_count)
{
    struct rcs_scripts *scripts = scripts_of(call->node);
    const char *refused = refuse_script(call->node, flags, read_only);
    if (refused != NULL) {
        rcs_refuse(call->client, refused);
        return;
    }
    bool declared = (flags & RCS_LUA_NO_SHEBANG) == 0;
    scripts->call = call;
    scripts->read_only = read_only || (declared && (flags & RCS_LUA_NO_WRITES) != 0);
    scripts->any_memory = declared && (flags & RCS_LUA_ALLOW_OOM) != 0;
    scripts->cross_slot = !declared || (flags & RCS_LUA_ALLOW_CROSS_SLOT) != 0;
    scripts->wrote = false;
    scripts->slot =
        key_count == 0 ? -1 : (int)rcs_slot_of_key(call->args[3].bytes, call->args[3].size_bytes);
    struct rcs_lua_host host = { .context = scripts,
                                 .call = call_command,
                                 .knows = knows_command,
                                 .count_error = count_error,
                                 .log = log_line,
                                 .replicate = replicate };
    struct rcs_lua_run run = { .sha = sha,
                               .keys = call->args + 3,
                               .args = call->args + 3 + key_count,
                               .key_count = key_count,
                               .arg_count = call->argc - 3 - key_count,
                               .resp3 = call->resp3,
                               .host = &host };
    rcs_lua_run(scripts->interpreter, &run, call->out);
    call->node->clients.unreplicated = false;
    scripts->call = NULL;
}

/* --- before it runs --------------------------------------------------------------------------- */

bool rcs_scripts_read_sha(const struct rcs_arg *arg, char sha[RCS_SHA1_HEX + 1])
{
    if (rcs_arg_text_bytes(arg) != RCS_SHA1_HEX) {
        return false;
    }
    for (unsigned i = 0; i < RCS_SHA1_HEX; i++) {
        char c = arg->bytes[i];
        sha[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    sha[RCS_SHA1_HEX] = '\0';
    return true;
}

/* Redis 7.0 scriptFlagsToCmdFlags. */
static unsigned with_script_flags(unsigned flags, unsigned script)
{
    flags &= ~(unsigned)(RCS_COMMAND_STALE | RCS_COMMAND_DENYOOM | RCS_COMMAND_WRITE |
                         RCS_COMMAND_MAY_REPLICATE);
    if ((script & (RCS_LUA_ALLOW_OOM | RCS_LUA_NO_WRITES)) == 0) {
        flags |= RCS_COMMAND_DENYOOM;
    }
    flags |= (script & RCS_LUA_NO_WRITES) == 0 ? RCS_COMMAND_WRITE : 0;
    flags |= (script & RCS_LUA_ALLOW_STALE) != 0 ? RCS_COMMAND_STALE : 0;
    return flags;
}

unsigned rcs_scripts_command_flags(struct rcs_node *node, const struct rcs_command *command,
                                   const struct rcs_request *request)
{
    if (request->argc < 2) {
        return command->flags;
    }
    bool by_sha = (command->flags & RCS_COMMAND_BY_SHA) != 0;
    const struct rcs_arg *script = &request->args[1];
    char sha[RCS_SHA1_HEX + 1];
    unsigned flags = RCS_LUA_NO_SHEBANG;
    if (!by_sha) {
        rcs_lua_shebang(script, &flags, NULL, NULL);
    } else if (node->scripts != NULL && rcs_scripts_read_sha(script, sha)) {
        rcs_lua_find(node->scripts->interpreter, sha, &flags);
    }
    return (flags & RCS_LUA_NO_SHEBANG) != 0 ? command->flags
                                             : with_script_flags(command->flags, flags);
}
