/* From a request to its execution: every gate of Redis 7.0 processCommand, in its order. */
#include "sim/node/command.h"

#include <stdlib.h>
#include <string.h>

#include "sim/node/aof.h"
#include "sim/node/blocked.h"
#include "sim/node/command_release.h"
#include "sim/node/connection.h"
#include "sim/node/disk.h"
#include "sim/node/memory.h"
#include "sim/node/script_host.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

/* A request on its way through the gates. */
struct gate {
    struct rcs_node *node;
    struct rcs_client *client;
    struct rcs_request *request;
    struct rcs_command_found found;
    unsigned flags; /* of the command; of EXEC with those of all queued commands */
};

/* --- refusals --------------------------------------------------------------------------------- */

static void count_rejected(struct gate *gate)
{
    if (gate->found.command != NULL) {
        rcs_stats_of(&gate->node->stats, gate->found.command)->rejected++;
    }
}

/* `text` is an error as rcs_refuse takes it. The transaction it was meant for will fail. */
static bool refuse(struct gate *gate, const char *text)
{
    const struct rcs_command *command = gate->found.command;
    if (command != NULL && (command->flags & RCS_COMMAND_EXEC) != 0) {
        rcs_transaction_abort(gate->node, gate->client, text);
        count_rejected(gate);
        return false;
    }
    if ((gate->client->flags & RCS_CLIENT_MULTI) != 0) {
        gate->client->flags |= RCS_CLIENT_DIRTY_EXEC;
    }
    rcs_refuse(gate->client, text);
    count_rejected(gate);
    return false;
}

/* Refuses with a text in a buffer, which it closes. */
static bool refuse_built(struct gate *gate, struct rcs_buf *text)
{
    rcs_buf_add(text, "", 1);
    refuse(gate, text->data);
    rcs_buf_close(text);
    return false;
}

/* "before'<full name>'after" */
static bool refuse_named(struct gate *gate, const char *before, const char *after)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, before);
    rcs_command_full_name(&gate->found, &text);
    rcs_buf_text(&text, after);
    return refuse_built(gate, &text);
}

/* --- the gates, in order: false if the request was answered or must wait ---------------------- */

static bool known(struct gate *gate)
{
    const struct rcs_profile *profile = rcs_node_profile(gate->node);
    struct rcs_command_found *found = &gate->found;
    if (found->container != NULL) {
        struct rcs_command_found container = { found->container, NULL };
        if (!rcs_release_has(profile, &container)) {
            *found = (struct rcs_command_found){ NULL, NULL };
        }
    }
    if (found->command != NULL && rcs_release_has(profile, found)) {
        return true;
    }
    found->command = NULL;
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (found->container != NULL) {
        rcs_release_unknown_subcommand(profile, found->container->name, &gate->request->args[1],
                                       &text);
    } else {
        rcs_release_unknown(profile, gate->request->argc, gate->request->args, &text);
    }
    return refuse_built(gate, &text);
}

/* Before 7.0 a subcommand with too few or too many words was an unknown one. */
static bool refuse_arity(struct gate *gate)
{
    const struct rcs_profile *profile = rcs_node_profile(gate->node);
    if (gate->found.container == NULL || profile->release >= RCS_REDIS_7_0) {
        return refuse_named(gate, "wrong number of arguments for '", "' command");
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_release_unknown_subcommand(profile, gate->found.container->name, &gate->request->args[1],
                                   &text);
    return refuse_built(gate, &text);
}

/* enable-debug-command: no, yes, or from a local connection. */
static bool may_debug(const struct gate *gate)
{
    int allowed = gate->node->config.enable_debug_command;
    return allowed == 1 || (allowed == 2 && strncmp(rcs_client_remote(gate->node, gate->client)->ip,
                                                    "127.", 4) == 0);
}

static bool allowed(struct gate *gate)
{
    const struct rcs_client *client = gate->client;
    const struct rcs_profile *profile = rcs_node_profile(gate->node);
    if (!rcs_command_arity_fits(gate->found.command, gate->request->argc) ||
        !rcs_release_takes(profile, &gate->found, gate->request->argc)) {
        return refuse_arity(gate);
    }
    if ((gate->flags & RCS_COMMAND_PROTECTED) != 0 && !may_debug(gate)) {
        return refuse(gate,
                      "DEBUG command not allowed. If the enable-debug-command option is set to "
                      "\"local\", you can run it from a local connection, otherwise you need to "
                      "set this option in the configuration file, and then restart the server.");
    }
    if ((client->flags & RCS_CLIENT_AUTHENTICATED) == 0 &&
        (gate->flags & RCS_COMMAND_NO_AUTH) == 0) {
        return refuse(gate, "-NOAUTH Authentication required.");
    }
    if ((client->flags & RCS_CLIENT_MULTI) != 0 && (gate->flags & RCS_COMMAND_NO_MULTI) != 0) {
        return refuse(gate, "Command not allowed inside a transaction");
    }
    return true;
}

/* A server without cluster support serves every key (Redis 7.0 clusterCommand, readonlyCommand). */
static bool served_alone(struct gate *gate)
{
    static const char *const of_clusters[] = { "cluster", "asking", "readonly", "readwrite" };
    const struct rcs_command *command =
        gate->found.container != NULL ? gate->found.container : gate->found.command;
    for (size_t i = 0; i < sizeof(of_clusters) / sizeof(of_clusters[0]); i++) {
        if (strcmp(command->name, of_clusters[i]) == 0) {
            return refuse(gate, "This instance has cluster support disabled");
        }
    }
    return true;
}

/* Redirections stand before everything that is about this node's condition. */
static bool served_here(struct gate *gate)
{
    const struct rcs_command *command = gate->found.command;
    bool is_exec = (command->flags & RCS_COMMAND_EXEC) != 0;
    if (!gate->node->config.cluster_enabled) {
        return served_alone(gate);
    }
    if (command->keys[0].first == 0 && !is_exec) {
        return true;
    }
    if (is_exec && (gate->client->flags & RCS_CLIENT_MULTI) == 0) {
        return true; /* it will say so itself */
    }
    if (rcs_redirect_check(gate->node, gate->client, command, gate->request, gate->flags)) {
        return true;
    }
    count_rejected(gate);
    if (is_exec) {
        rcs_transaction_discard(gate->node, gate->client);
    } else if ((gate->client->flags & RCS_CLIENT_MULTI) != 0) {
        gate->client->flags |= RCS_CLIENT_DIRTY_EXEC;
    }
    return false;
}

/* Redis 7.0 checkGoodReplicasStatus; replicas are not asked. */
bool rcs_node_has_enough_replicas(const struct rcs_node *node)
{
    return node->repl.has_master || node->config.min_replicas_to_write == 0 ||
           node->config.min_replicas_max_lag_s == 0 ||
           (int64_t)rcs_repl_good(node) >= node->config.min_replicas_to_write;
}

static bool refuse_subscribed(struct gate *gate)
{
    enum rcs_release release = rcs_node_profile(gate->node)->release;
    if (release < RCS_REDIS_6_0) {
        return refuse(gate, "only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT allowed in this "
                            "context");
    }
    return refuse_named(gate, "Can't execute '",
                        release == RCS_REDIS_6_0
                            ? "': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are allowed in "
                              "this context"
                        : release == RCS_REDIS_6_2
                            ? "': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT / RESET are "
                              "allowed in this context"
                            : "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                              "allowed in this context");
}

static bool node_is_able(struct gate *gate)
{
    const struct rcs_node *node = gate->node;
    bool writes = (gate->flags & RCS_COMMAND_WRITE) != 0;
    if (rcs_memory_limited(node)) {
        gate->node->out_of_memory = !rcs_memory_make_room(gate->node);
        if (node->out_of_memory && (gate->flags & RCS_COMMAND_DENYOOM) != 0) {
            return refuse(gate, "-OOM command not allowed when used memory > 'maxmemory'.");
        }
    }
    if (node->disk.failed && (writes || strcmp(gate->found.command->name, "ping") == 0)) {
        const char *text = rcs_disk_refusal(node);
        if (text != NULL) {
            return refuse(gate, text);
        }
    }
    if (writes && !rcs_node_has_enough_replicas(node)) {
        return refuse(gate, "-NOREPLICAS Not enough good replicas to write.");
    }
    if (writes && node->repl.has_master && node->config.replica_read_only) {
        return refuse(gate, "-READONLY You can't write against a read only replica.");
    }
    if ((gate->client->flags & RCS_CLIENT_SUBSCRIBED) != 0 && gate->client->protocol == 2 &&
        (gate->flags & RCS_COMMAND_IN_SUBSCRIBED) == 0) {
        return refuse_subscribed(gate);
    }
    if (node->repl.has_master && node->repl.state != RCS_REPL_CONNECTED &&
        !node->config.replica_serve_stale_data && (gate->flags & RCS_COMMAND_STALE) == 0) {
        return refuse(gate, "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is "
                            "set to 'no'.");
    }
    if (rcs_repl_loading(node) && (gate->flags & RCS_COMMAND_LOADING) == 0) {
        return refuse(gate, "-LOADING Redis is loading the dataset in memory");
    }
    if ((gate->client->flags & (RCS_CLIENT_REPLICA | RCS_CLIENT_MONITOR)) != 0 &&
        (gate->flags & (RCS_COMMAND_WRITE | RCS_COMMAND_READONLY | RCS_COMMAND_MAY_REPLICATE)) !=
            0) {
        return refuse(gate, "Replica can't interact with the keyspace");
    }
    return true;
}

/* A request that must wait stays with its client and goes through all gates again. */
static bool not_paused(struct gate *gate)
{
    const struct rcs_clients *clients = &gate->node->clients;
    if ((gate->client->flags & (RCS_CLIENT_REPLICA | RCS_CLIENT_MONITOR)) != 0 ||
        !rcs_clients_paused(gate->node)) {
        return true;
    }
    bool all = clients->pause_all_until_ms != 0 ||
               (clients->failover_pause_until_ms != 0 &&
                rcs_node_profile(gate->node)->mf_pause == RCS_PAUSE_ALL);
    bool held = all || (gate->flags & (RCS_COMMAND_WRITE | RCS_COMMAND_MAY_REPLICATE)) != 0;
    if (held) {
        gate->client->flags |= RCS_CLIENT_PAUSED;
    }
    return !held;
}

/* --- what is called from outside -------------------------------------------------------------- */

/* EXEC writes, reads or replicates if one of its commands does, and may run while loading or on
 * stale data if all of them may; a script has the flags that it declares. */
static unsigned flags_of(const struct gate *gate)
{
    const unsigned if_one =
        RCS_COMMAND_DENYOOM | RCS_COMMAND_WRITE | RCS_COMMAND_READONLY | RCS_COMMAND_MAY_REPLICATE;
    const unsigned if_all = RCS_COMMAND_STALE | RCS_COMMAND_LOADING;
    unsigned flags = gate->found.command->flags;
    if ((flags & (RCS_COMMAND_EXEC | RCS_COMMAND_RUNS_SCRIPT)) == 0) {
        return flags;
    }
    if ((flags & RCS_COMMAND_RUNS_SCRIPT) != 0) {
        return rcs_scripts_command_flags(gate->node, gate->found.command, gate->request);
    }
    struct rcs_transaction_flags queued = rcs_transaction_flags(gate->node, gate->client);
    return (flags & ~if_all) | (queued.one & if_one) | (flags & queued.all & if_all);
}

static void run(struct gate *gate)
{
    struct rcs_node *node = gate->node;
    rcs_call_run(node, gate->client, gate->found.command, gate->request);
    /* Keys that SCAN found expired have nothing to do with each other. */
    rcs_call_propagate(node, (gate->flags & RCS_COMMAND_ARBITRARY_KEYS) == 0);
    if (node->tracking != NULL) {
        rcs_tracking_after(node);
    }
    gate->client->write_offset = node->repl.offset;
    if (node->clients.ready_first != NULL) {
        rcs_blocked_serve(node);
    }
}

void rcs_command_process(struct rcs_node *node, struct rcs_client *client,
                         struct rcs_request *request)
{
    if (request->argc == 0) {
        return;
    }
    if (rcs_arg_is(&request->args[0], "post") || rcs_arg_is(&request->args[0], "host:")) {
        client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY; /* HTTP by way of somebody's browser */
        return;
    }
    struct gate gate = {
        .node = node,
        .client = client,
        .request = request,
        .found = rcs_command_find(request->argc, request->args, &node->commands_seen),
    };
    client->last_command = NULL;
    if (!known(&gate)) {
        return;
    }
    client->last_container = gate.found.container == NULL ? NULL : gate.found.container->name;
    client->last_command = gate.found.command->name;
    gate.flags = flags_of(&gate);
    if (!allowed(&gate) || !served_here(&gate) || !node_is_able(&gate) || !not_paused(&gate)) {
        return;
    }
    if ((client->flags & RCS_CLIENT_MULTI) != 0 && (gate.flags & RCS_COMMAND_NOT_QUEUED) == 0) {
        rcs_transaction_queue(node, client, request);
        return;
    }
    run(&gate);
}

static struct rcs_client *applier(struct rcs_node *node)
{
    if (node->clients.applier == NULL) {
        node->clients.applier = rcs_client_new(node, 0);
        node->clients.applier->flags = RCS_CLIENT_MASTER | RCS_CLIENT_AUTHENTICATED;
    }
    return node->clients.applier;
}

/* A master sends what it executed, so what cannot be executed here is passed over: a real replica
 * would log it and go on. */
void rcs_command_apply(struct rcs_node *node, struct rcs_request *request)
{
    if (request->argc == 0) {
        return;
    }
    struct rcs_command_found found =
        rcs_command_find(request->argc, request->args, &node->commands_seen);
    if (found.command == NULL || !rcs_command_arity_fits(found.command, request->argc) ||
        (found.command->flags & RCS_COMMAND_WRITE) == 0) {
        return;
    }
    struct rcs_client *client = applier(node);
    rcs_call_run(node, client, found.command, request);
    rcs_call_propagate(node, false);
    if (node->aof.follow != NULL && !rcs_repl_makes_stream(node)) {
        rcs_aof_append(node, request->argc, request->args); /* as the master sent it */
    }
    if (node->clients.ready_first != NULL) {
        rcs_blocked_serve(node);
    }
    rcs_buf_clear(&client->reply);
}
