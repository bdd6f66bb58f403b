#include "sim/node/monitor.h"

#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/connection.h"

#include "sim/pure.h"

void rcs_quoted(struct rcs_buf *out, const char *bytes, size_t size_bytes)
{
    static const char from[] = "\\\"\n\r\t\a\b", to[] = "\\\"nrtab";
    rcs_buf_text(out, "\"");
    for (size_t i = 0; i < size_bytes; i++) {
        const char *special = bytes[i] == '\0' ? NULL : strchr(from, bytes[i]);
        if (special != NULL) {
            rcs_buf_format(out, "\\%c", to[special - from]);
        } else if (bytes[i] >= ' ' && bytes[i] <= '~') {
            rcs_buf_add(out, &bytes[i], 1);
        } else {
            rcs_buf_format(out, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
        }
    }
    rcs_buf_text(out, "\"");
}

void rcs_client_peer(const struct rcs_node *node, const struct rcs_client *client,
                     struct rcs_buf *out)
{
    bool is_master = (client->flags & RCS_CLIENT_MASTER) != 0;
    rcs_client_add_address(out, is_master ? rcs_store_address(node->store, node->repl.master_addr)
                                          : rcs_client_remote(node, client));
}

/* --- what is not to be seen ------------------------------------------------------------------- */

/* True if one of the words before args[at], `back` of them away, is `word`. */
static bool follows(const struct rcs_request *request, unsigned at, unsigned back, const char *word)
{
    for (unsigned i = 1; i <= back && i < at; i++) {
        if (rcs_arg_is(&request->args[at - i], word)) {
            return true;
        }
    }
    return false;
}

/* The commands that call Redis 7.0 redactClientCommandArgument, each with its rule. */
static bool is_secret(const struct rcs_request *request, unsigned at)
{
    const struct rcs_arg *name = &request->args[0];
    if (rcs_arg_is(name, "auth")) {
        return request->argc <= 3;
    }
    if (rcs_arg_is(name, "hello")) {
        return at > 2 && follows(request, at, 2, "auth");
    }
    if (rcs_arg_is(name, "migrate")) {
        return at > 6 && (follows(request, at, 1, "auth") || follows(request, at, 2, "auth2"));
    }
    if (rcs_arg_is(name, "config")) {
        return at > 2 && at % 2 == 1 &&
               (follows(request, at, 1, "requirepass") || follows(request, at, 1, "masterauth") ||
                follows(request, at, 1, "masteruser"));
    }
    return rcs_arg_is(name, "acl") && at > 1 &&
           (rcs_arg_is(&request->args[1], "setuser") || rcs_arg_is(&request->args[1], "deluser") ||
            rcs_arg_is(&request->args[1], "getuser"));
}

struct rcs_arg rcs_shown_arg(const struct rcs_request *request, unsigned at)
{
    return at > 0 && is_secret(request, at) ? rcs_arg_of("(redacted)") : request->args[at];
}

/* --- MONITOR ---------------------------------------------------------------------------------- */

/* A client without a connection, and not the master's, is a script's. */
static void add_source(const struct rcs_node *node, const struct rcs_client *client,
                       struct rcs_buf *line)
{
    rcs_buf_text(line, " [0 ");
    if (client->link == 0 && (client->flags & RCS_CLIENT_MASTER) == 0) {
        rcs_buf_text(line, "lua");
    } else {
        rcs_client_peer(node, client, line);
    }
    rcs_buf_text(line, "]");
}

void rcs_monitor_tell(struct rcs_node *node, const struct rcs_client *client,
                      const struct rcs_request *request)
{
    struct rcs_buf line;
    int64_t wall_ms = rcs_node_wall_ms(node);
    rcs_buf_init(&line);
    rcs_buf_format(&line, "+%lld.%06lld", (long long)(wall_ms / 1000),
                   (long long)(wall_ms % 1000) * 1000 + (long long)rcs_node_wall_us_part(node));
    add_source(node, client, &line);
    for (unsigned i = 0; i < request->argc; i++) {
        struct rcs_arg shown = rcs_shown_arg(request, i);
        rcs_buf_text(&line, " ");
        rcs_quoted(&line, shown.bytes, shown.size_bytes);
    }
    rcs_buf_text(&line, "\r\n");
    for (unsigned i = 0; i < node->clients.count; i++) {
        if ((node->clients.list[i]->flags & RCS_CLIENT_MONITOR) != 0) {
            rcs_buf_add(&node->clients.list[i]->reply, line.data, line.size_bytes);
        }
    }
    node->clients.pending = true;
    rcs_buf_close(&line);
}

void rcs_monitor_end(struct rcs_node *node, struct rcs_client *client)
{
    if ((client->flags & RCS_CLIENT_MONITOR) != 0) {
        client->flags &= ~(unsigned)RCS_CLIENT_MONITOR;
        RCS_ASSERT(node->clients.monitors > 0);
        node->clients.monitors--;
    }
}

static void run_monitor(struct rcs_call *call)
{
    struct rcs_client *client = call->client;
    if ((client->flags & RCS_CLIENT_REPLICA) != 0) {
        return; /* it has taken the connection for something else already */
    }
    if ((client->flags & RCS_CLIENT_MONITOR) == 0) {
        client->flags |= RCS_CLIENT_MONITOR;
        call->node->clients.monitors++;
        rcs_reply_ok(client);
    }
}

/* clang-format off */
const struct rcs_command rcs_monitor_commands[] = {
    { "monitor", run_monitor, 1, ADMIN | NOSCRIPT | LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
