/* One command being executed, and what it leaves for the stream. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/aof.h"
#include "sim/node/command.h"
#include "sim/node/command_release.h"
#include "sim/node/connection.h"
#include "sim/node/monitor.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

struct rcs_arg rcs_arg_of(const char *text)
{
    return (struct rcs_arg){ .bytes = text, .size_bytes = (uint32_t)strlen(text) };
}

/* Takes no reference. What a replica or the applier of a master's stream executes goes no further,
 * but for the streams that releases before PSYNC2 write at each node. */
static void keep(struct rcs_node *node, struct rcs_request *request)
{
    struct rcs_clients *clients = &node->clients;
    if (rcs_repl_makes_stream(node)) {
        rcs_requests_add(&clients->stream, &clients->stream_count, &clients->stream_room, request);
    }
}

static void keep_words(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_request *request = rcs_request_new(node->store, argc, args);
    keep(node, request);
    rcs_request_release(node->store, request);
}

/* What a command leaves for those who watch commands (Redis 7.0 call). It takes no time but for
 * DEBUG SLEEP. */
static void count_call(struct rcs_node *node, struct rcs_client *client,
                       const struct rcs_command *command, struct rcs_request *request)
{
    const int64_t took_us = node->call_us, slower_us = node->config.slowlog_slower_us;
    struct rcs_command_stat *stat = rcs_stats_of(&node->stats, command);
    stat->calls++;
    stat->failed += rcs_stats_failed(&node->stats);
    if (took_us > 0) {
        stat->usec += (uint64_t)took_us;
        stat->slow_calls++;
        stat->slowest_us = took_us > stat->slowest_us ? took_us : stat->slowest_us;
        if (node->config.latency_threshold_ms != 0 &&
            took_us / 1000 >= node->config.latency_threshold_ms) {
            bool fast = (command->flags & RCS_COMMAND_FAST) != 0;
            rcs_latency_add(node, fast ? "fast-command" : "command", took_us / 1000);
        }
    }
    if (took_us >= slower_us && slower_us >= 0 && client->blocked == NULL &&
        (command->flags & RCS_COMMAND_SKIP_SLOWLOG) == 0) {
        rcs_slowlog_add(node, client, request, took_us);
    }
    if (node->clients.monitors > 0 &&
        (command->flags & (RCS_COMMAND_ADMIN | RCS_COMMAND_SKIP_MONITOR)) == 0) {
        rcs_monitor_tell(node, client, request);
    }
}

void rcs_call_run(struct rcs_node *node, struct rcs_client *client,
                  const struct rcs_command *command, struct rcs_request *request)
{
    struct rcs_call call = {
        .node = node,
        .client = client,
        .request = request,
        .command = command,
        .argc = request->argc,
        .args = request->args,
        .out = &client->reply,
        .resp3 = client->protocol == 3,
        .wall_ms = rcs_node_wall_ms(node),
    };
    uint64_t dirty = node->dirty;
    int64_t outer_us = node->call_us;
    node->call_us = 0;
    rcs_stats_failed(&node->stats); /* errors before this call are not its own */
    if (rcs_release_knows_options(rcs_node_profile(node), call.argc, call.args)) {
        command->run(&call);
    } else {
        rcs_refuse(client, "syntax error");
    }
    node->stat_commands++;
    count_call(node, client, command, request);
    node->call_us += outer_us;
    if (client->track != NULL && (command->flags & RCS_COMMAND_READONLY) != 0 &&
        (command->flags & RCS_COMMAND_RUNS_SCRIPT) == 0) {
        rcs_tracking_read(&call);
    }
    if (node->dirty != dirty && !call.said && (command->flags & RCS_COMMAND_WRITE) != 0 &&
        !node->clients.unreplicated) {
        keep(node, request);
    }
}

void rcs_call_changed(struct rcs_call *call, uint64_t count)
{
    call->node->dirty += count;
}

void rcs_call_replicate(struct rcs_call *call, unsigned argc, const struct rcs_arg *args)
{
    call->said = true;
    if (argc > 0 && !call->node->clients.unreplicated) {
        keep_words(call->node, argc, args);
    }
}

void rcs_call_replicate_del(struct rcs_node *node, const struct rcs_arg *key, bool unlink)
{
    struct rcs_arg words[] = { rcs_arg_of(unlink ? "UNLINK" : "DEL"), *key };
    keep_words(node, 2, words);
}

static void pass_on(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    rcs_repl_feed(node, argc, args);
    if (node->aof.follow != NULL) {
        rcs_aof_append(node, argc, args);
    }
}

void rcs_call_propagate(struct rcs_node *node, bool transaction)
{
    struct rcs_clients *clients = &node->clients;
    if (clients->stream_count == 0) {
        return;
    }
    struct rcs_arg multi = rcs_arg_of("MULTI"), exec = rcs_arg_of("EXEC");
    transaction = transaction && clients->stream_count > 1;
    if (transaction) {
        pass_on(node, 1, &multi);
    }
    for (unsigned i = 0; i < clients->stream_count; i++) {
        pass_on(node, clients->stream[i]->argc, clients->stream[i]->args);
    }
    if (transaction) {
        pass_on(node, 1, &exec);
    }
    rcs_requests_clear(node->store, clients->stream, &clients->stream_count);
    if (node->disk.full || node->disk.append_failed) {
        rcs_aof_flush_temporary(node);
    }
}
