/* Commands about the connection itself: PING, HELLO, AUTH, READONLY and their kind. */
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/connection.h"

#include "sim/pure.h"

static void run_ping(struct rcs_call *call)
{
    if (call->argc > 2) {
        rcs_refuse(call->client, "wrong number of arguments for 'ping' command");
        return;
    }
    struct rcs_arg said = call->argc == 2 ? call->args[1] : rcs_arg_of("");
    if ((call->client->flags & RCS_CLIENT_SUBSCRIBED) != 0 && !call->resp3) {
        rcs_resp_array(call->out, 2);
        rcs_resp_bulk_text(call->out, "pong");
        rcs_resp_bulk(call->out, said.bytes, said.size_bytes);
    } else if (call->argc == 2) {
        rcs_resp_bulk(call->out, said.bytes, said.size_bytes);
    } else {
        rcs_resp_status(call->out, "PONG");
    }
}

static void run_echo(struct rcs_call *call)
{
    rcs_resp_bulk(call->out, call->args[1].bytes, call->args[1].size_bytes);
}

static void run_quit(struct rcs_call *call)
{
    rcs_reply_ok(call->client);
    call->client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY;
}

static void run_reset(struct rcs_call *call)
{
    rcs_client_reset(call->node, call->client);
    rcs_resp_status(call->out, "RESET");
}

static void run_select(struct rcs_call *call)
{
    int64_t database;
    if (call->client->profile->release < RCS_REDIS_6_2) {
        if (!rcs_arg_i64(&call->args[1], &database)) {
            rcs_refuse(call->client, "invalid DB index");
            return;
        }
    } else if (!rcs_arg_i64_or_refuse(call->client, &call->args[1], &database)) {
        return;
    }
    if (database < INT32_MIN || database > INT32_MAX) {
        rcs_refuse(call->client,
                   "value is out of range, value must between -2147483648 and 2147483647");
    } else if (database != 0) {
        rcs_refuse(call->client, call->node->config.cluster_enabled
                                     ? "SELECT is not allowed in cluster mode"
                                     : "rcsim models database 0 only");
    } else {
        rcs_reply_ok(call->client);
    }
}

static void run_readonly(struct rcs_call *call)
{
    call->client->flags |= RCS_CLIENT_READONLY;
    rcs_reply_ok(call->client);
}

static void run_readwrite(struct rcs_call *call)
{
    call->client->flags &= ~(unsigned)RCS_CLIENT_READONLY;
    rcs_reply_ok(call->client);
}

static void run_asking(struct rcs_call *call)
{
    call->client->flags |= RCS_CLIENT_ASKING;
    rcs_reply_ok(call->client);
}

/* --- names and passwords ---------------------------------------------------------------------- */

/* There is one user, `default`; without a password any word will do for it. */
static bool authenticate(struct rcs_call *call, const struct rcs_arg *user,
                         const struct rcs_arg *password)
{
    const char *wanted = call->node->config.requirepass;
    bool is_default = user == NULL || (user->size_bytes == strlen("default") &&
                                       memcmp(user->bytes, "default", user->size_bytes) == 0);
    bool fits = wanted[0] == '\0' || (password->size_bytes == strlen(wanted) &&
                                      memcmp(password->bytes, wanted, password->size_bytes) == 0);
    if (is_default && fits) {
        call->client->flags |= RCS_CLIENT_AUTHENTICATED;
        return true;
    }
    rcs_refuse(call->client, "-WRONGPASS invalid username-password pair or user is disabled.");
    return false;
}

static void run_auth(struct rcs_call *call)
{
    if (call->argc > 3) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    if (call->argc == 2 && call->node->config.requirepass[0] == '\0') {
        rcs_refuse(call->client,
                   "AUTH <password> called without any password configured for the default user. "
                   "Are you sure your configuration is correct?");
        return;
    }
    const struct rcs_arg *user = call->argc == 3 ? &call->args[1] : NULL;
    if (authenticate(call, user, &call->args[call->argc - 1])) {
        rcs_reply_ok(call->client);
    }
}

bool rcs_client_set_name(struct rcs_client *client, const struct rcs_arg *name)
{
    for (uint32_t i = 0; i < name->size_bytes; i++) {
        if (name->bytes[i] < '!' || name->bytes[i] > '~') {
            rcs_refuse(client, "Client names cannot contain spaces, newlines or special "
                               "characters.");
            return false;
        }
    }
    rcs_buf_clear(&client->name);
    rcs_buf_add(&client->name, name->bytes, name->size_bytes);
    return true;
}

/* The options act from left to right, before the protocol changes; false: an error was replied. */
static bool hello_options(struct rcs_call *call)
{
    for (unsigned at = 2; at < call->argc; at++) {
        unsigned more = call->argc - 1 - at;
        if (rcs_arg_is(&call->args[at], "auth") && more >= 2) {
            if (!authenticate(call, &call->args[at + 1], &call->args[at + 2])) {
                return false;
            }
            at += 2;
        } else if (rcs_arg_is(&call->args[at], "setname") && more >= 1) {
            if (!rcs_client_set_name(call->client, &call->args[at + 1])) {
                return false;
            }
            at += 1;
        } else {
            rcs_refuse_about(call->client, "Syntax error in HELLO option '", &call->args[at], "'");
            return false;
        }
    }
    return true;
}

static void reply_hello(struct rcs_call *call)
{
    bool resp3 = call->client->protocol == 3;
    rcs_resp_map(call->out, 7, resp3);
    rcs_resp_bulk_text(call->out, "server");
    rcs_resp_bulk_text(call->out, call->client->profile->says_primary ? "valkey" : "redis");
    rcs_resp_bulk_text(call->out, "version");
    rcs_resp_bulk_text(call->out, call->client->profile->version);
    rcs_resp_bulk_text(call->out, "proto");
    rcs_resp_integer(call->out, call->client->protocol);
    rcs_resp_bulk_text(call->out, "id");
    rcs_resp_integer(call->out, (int64_t)call->client->id);
    rcs_resp_bulk_text(call->out, "mode");
    rcs_resp_bulk_text(call->out, call->node->config.cluster_enabled ? "cluster" : "standalone");
    rcs_resp_bulk_text(call->out, "role");
    rcs_resp_bulk_text(call->out, call->node->repl.has_master ? "replica" : "master");
    rcs_resp_bulk_text(call->out, "modules");
    rcs_resp_array(call->out, 0);
}

static void run_hello(struct rcs_call *call)
{
    struct rcs_client *client = call->client;
    int64_t protocol = client->protocol;
    if (call->argc > 1) {
        if (!rcs_arg_i64(&call->args[1], &protocol)) {
            rcs_refuse(client, "Protocol version is not an integer or out of range");
            return;
        }
        if (protocol < 2 || protocol > 3) {
            rcs_refuse(client, "-NOPROTO unsupported protocol version");
            return;
        }
    }
    if (!hello_options(call)) {
        return;
    }
    if ((client->flags & RCS_CLIENT_AUTHENTICATED) == 0) {
        rcs_refuse(client,
                   "-NOAUTH HELLO must be called with the client already authenticated, otherwise "
                   "the HELLO AUTH <user> <pass> option can be used to authenticate the client "
                   "and select the RESP protocol version at the same time");
        return;
    }
    client->protocol = (uint8_t)protocol;
    reply_hello(call);
}

/* clang-format off */
const struct rcs_command rcs_connection_commands[] = {
    { "asking", run_asking, 1, FAST, CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    { "auth", run_auth, -2, NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
      CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    { "echo", run_echo, 2, LOADING | STALE | FAST, CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    { "hello", run_hello, -1, NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
      CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    { "ping", run_ping, -1, FAST | IN_SUBSCRIBED, CATEGORY(CONNECTION), NO_KEYS,
      "request_policy:all_shards response_policy:all_succeeded", NULL },
    { "quit", run_quit, -1,
      NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY | IN_SUBSCRIBED | NOT_QUEUED,
      CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    { "readonly", run_readonly, 1, LOADING | STALE | FAST, CATEGORY(CONNECTION), NO_KEYS, NULL,
      NULL },
    { "readwrite", run_readwrite, 1, LOADING | STALE | FAST, CATEGORY(CONNECTION), NO_KEYS, NULL,
      NULL },
    { "reset", run_reset, 1,
      NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY | IN_SUBSCRIBED | NOT_QUEUED,
      CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    { "select", run_select, 2, LOADING | STALE | FAST, CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
