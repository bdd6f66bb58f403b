/* One command being executed, and what it leaves for the stream. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/command.h"
#include "sim/node/command_release.h"
#include "sim/node/connection.h"

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
    if (rcs_release_knows_options(rcs_node_profile(node), call.argc, call.args)) {
        command->run(&call);
    } else {
        rcs_refuse(client, "syntax error");
    }
    node->stat_commands++;
    if (node->dirty != dirty && !call.said && (command->flags & RCS_COMMAND_WRITE) != 0) {
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
    if (argc > 0) {
        keep_words(call->node, argc, args);
    }
}

void rcs_call_replicate_del(struct rcs_node *node, const struct rcs_arg *key, bool unlink)
{
    struct rcs_arg words[] = { rcs_arg_of(unlink ? "UNLINK" : "DEL"), *key };
    keep_words(node, 2, words);
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
        rcs_repl_feed(node, 1, &multi);
    }
    for (unsigned i = 0; i < clients->stream_count; i++) {
        rcs_repl_feed(node, clients->stream[i]->argc, clients->stream[i]->args);
    }
    if (transaction) {
        rcs_repl_feed(node, 1, &exec);
    }
    rcs_requests_clear(node->store, clients->stream, &clients->stream_count);
}
