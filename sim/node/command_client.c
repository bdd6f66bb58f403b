/* CLIENT and its subcommands. */
#include <string.h>

#include "sim/node/blocked.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/connection.h"
#include "sim/node/help.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

/* --- how clients are shown -------------------------------------------------------------------- */

/* One line of CLIENT LIST. */
static void add_client(const struct rcs_call *call, const struct rcs_client *client,
                       struct rcs_buf *out)
{
    rcs_client_describe(call, client, false, out);
    rcs_buf_text(out, "\n");
}

static void run_info(struct rcs_call *call)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    add_client(call, call->client, &text);
    rcs_resp_verbatim(call->out, text.data, text.size_bytes, call->resp3);
    rcs_buf_close(&text);
}

static const struct rcs_client *find_id(const struct rcs_node *node, int64_t id)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        if (node->clients.list[i]->id == (uint64_t)id) {
            return node->clients.list[i];
        }
    }
    return NULL;
}

static bool refuse_type(struct rcs_call *call, const struct rcs_arg *name)
{
    rcs_refuse_about(call->client, "Unknown client type '", name, "'");
    return false;
}

static bool list_by_id(struct rcs_call *call, struct rcs_buf *text)
{
    for (unsigned i = 3; i < call->argc; i++) {
        int64_t id;
        if (!rcs_arg_i64(&call->args[i], &id)) {
            rcs_refuse(call->client, "Invalid client ID");
            return false;
        }
        const struct rcs_client *client = find_id(call->node, id);
        if (client != NULL) {
            add_client(call, client, text);
        }
    }
    return true;
}

static bool list_by_type(struct rcs_call *call, struct rcs_buf *text)
{
    enum rcs_client_type type = RCS_TYPE_UNKNOWN;
    bool of_one_type = call->argc == 4;
    if (of_one_type && (type = rcs_client_type_named(&call->args[3])) == RCS_TYPE_UNKNOWN) {
        return refuse_type(call, &call->args[3]);
    }
    for (unsigned i = 0; i < call->node->clients.count; i++) {
        const struct rcs_client *client = call->node->clients.list[i];
        if (!of_one_type || rcs_client_type(client) == type) {
            add_client(call, client, text);
        }
    }
    return true;
}

static void run_list(struct rcs_call *call)
{
    bool by_type = call->argc == 2 || (call->argc == 4 && rcs_arg_is(&call->args[2], "type"));
    bool by_id = call->argc > 3 && rcs_arg_is(&call->args[2], "id");
    if (!by_type && !by_id) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (by_type ? list_by_type(call, &text) : list_by_id(call, &text)) {
        rcs_resp_verbatim(call->out, text.data, text.size_bytes, call->resp3);
    }
    rcs_buf_close(&text);
}

/* --- the client itself ------------------------------------------------------------------------ */

static void run_id(struct rcs_call *call)
{
    rcs_resp_integer(call->out, (int64_t)call->client->id);
}

static void run_getname(struct rcs_call *call)
{
    const struct rcs_buf *name = &call->client->name;
    if (name->size_bytes == 0) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        rcs_resp_bulk(call->out, name->data, name->size_bytes);
    }
}

static void run_setname(struct rcs_call *call)
{
    if (rcs_client_set_name(call->client, &call->args[2])) {
        rcs_reply_ok(call->client);
    }
}

static void run_reply(struct rcs_call *call)
{
    struct rcs_client *client = call->client;
    if (rcs_arg_is(&call->args[2], "on")) {
        client->flags &= ~(unsigned)(RCS_CLIENT_REPLY_OFF | RCS_CLIENT_REPLY_SKIP);
        rcs_reply_ok(client);
    } else if (rcs_arg_is(&call->args[2], "off")) {
        client->flags |= RCS_CLIENT_REPLY_OFF;
    } else if (rcs_arg_is(&call->args[2], "skip")) {
        if ((client->flags & RCS_CLIENT_REPLY_OFF) == 0) {
            client->flags |= RCS_CLIENT_REPLY_SKIP_NEXT;
        }
    } else {
        rcs_refuse(client, "syntax error");
    }
}

static void switch_flag(struct rcs_call *call, unsigned flag)
{
    bool on = rcs_arg_is(&call->args[2], "on");
    if (!on && !rcs_arg_is(&call->args[2], "off")) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    call->client->flags = (call->client->flags & ~flag) | (on ? flag : 0);
    rcs_reply_ok(call->client);
}

static void run_no_evict(struct rcs_call *call)
{
    switch_flag(call, RCS_CLIENT_NO_EVICT);
}

static void run_no_touch(struct rcs_call *call) /* since 7.2 */
{
    switch_flag(call, RCS_CLIENT_NO_TOUCH);
}

/* What a client library says of itself (7.2): nothing that would part CLIENT LIST's fields. */
static void run_setinfo(struct rcs_call *call)
{
    const struct rcs_arg *name = &call->args[2], *value = &call->args[3];
    struct rcs_buf *info = rcs_arg_is(name, "lib-name")  ? &call->client->lib_name
                           : rcs_arg_is(name, "lib-ver") ? &call->client->lib_ver
                                                         : NULL;
    if (info == NULL) {
        rcs_refuse_about(call->client, "Unrecognized option '", name, "'");
        return;
    }
    for (size_t i = 0; i < value->size_bytes; i++) {
        if (value->bytes[i] < '!' || value->bytes[i] > '~') {
            rcs_refuse_about(call->client, "", name,
                             " cannot contain spaces, newlines or special characters.");
            return;
        }
    }
    rcs_buf_clear(info);
    rcs_buf_add(info, value->bytes, value->size_bytes);
    rcs_reply_ok(call->client);
}

/* --- other clients ---------------------------------------------------------------------------- */

/* What CLIENT KILL picks by. */
struct filter {
    const struct rcs_arg *addr, *laddr; /* NULL: any */
    int64_t id;                         /* 0: any */
    enum rcs_client_type type;          /* UNKNOWN: any */
    bool skip_me;
};

static bool has_address(const struct rcs_address *address, const struct rcs_arg *wanted)
{
    if (wanted == NULL) {
        return true;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_client_add_address(&text, address);
    bool same = text.size_bytes == rcs_arg_text_bytes(wanted) &&
                memcmp(text.data, wanted->bytes, text.size_bytes) == 0;
    rcs_buf_close(&text);
    return same;
}

static unsigned kill_clients(struct rcs_call *call, const struct filter *filter)
{
    unsigned count = 0;
    for (unsigned i = 0; i < call->node->clients.count; i++) {
        struct rcs_client *client = call->node->clients.list[i];
        struct rcs_address local = rcs_client_local(call->node, client);
        if ((client == call->client && filter->skip_me) ||
            (client->flags & RCS_CLIENT_CLOSE_AFTER_REPLY) != 0 ||
            (filter->id != 0 && client->id != (uint64_t)filter->id) ||
            (filter->type != RCS_TYPE_UNKNOWN && rcs_client_type(client) != filter->type) ||
            !has_address(rcs_client_remote(call->node, client), filter->addr) ||
            !has_address(&local, filter->laddr)) {
            continue;
        }
        if (client != call->client) {
            rcs_buf_clear(&client->reply);
            if (client->blocked != NULL) { /* it takes nothing any more */
                rcs_blocked_forget(call->node, client);
            }
        }
        client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY; /* goes before this step ends */
        count++;
    }
    return count;
}

/* One option with its value; false: an error was replied. */
static bool kill_option(struct rcs_call *call, struct filter *filter, const struct rcs_arg *option,
                        const struct rcs_arg *value)
{
    if (rcs_arg_is(option, "id")) {
        if (call->client->profile->release < RCS_REDIS_7_0) { /* any number, there may be none */
            if (!rcs_arg_i64_or_refuse(call->client, value, &filter->id)) {
                return false;
            }
        } else if (!rcs_arg_i64(value, &filter->id) || filter->id < 1) {
            rcs_refuse(call->client, "client-id should be greater than 0");
            return false;
        }
    } else if (rcs_arg_is(option, "type")) {
        filter->type = rcs_client_type_named(value);
        return filter->type != RCS_TYPE_UNKNOWN || refuse_type(call, value);
    } else if (rcs_arg_is(option, "addr")) {
        filter->addr = value;
    } else if (rcs_arg_is(option, "laddr")) {
        filter->laddr = value;
    } else if (rcs_arg_is(option, "user")) {
        if (value->size_bytes != strlen("default") ||
            memcmp(value->bytes, "default", value->size_bytes) != 0) {
            rcs_refuse_about(call->client, "No such user '", value, "'");
            return false;
        }
    } else if (rcs_arg_is(option, "skipme") &&
               (rcs_arg_is(value, "yes") || rcs_arg_is(value, "no"))) {
        filter->skip_me = rcs_arg_is(value, "yes");
    } else {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    return true;
}

static void run_kill(struct rcs_call *call)
{
    struct filter filter = { .type = RCS_TYPE_UNKNOWN, .skip_me = call->argc > 3 };
    if (call->argc == 3) { /* the old form: an address */
        filter.addr = &call->args[2];
        if (kill_clients(call, &filter) == 0) {
            rcs_refuse(call->client, "No such client");
        } else {
            rcs_reply_ok(call->client);
        }
        return;
    }
    for (unsigned i = 2; i < call->argc; i += 2) {
        if (i + 1 == call->argc) {
            rcs_refuse(call->client, "syntax error");
            return;
        }
        if (!kill_option(call, &filter, &call->args[i], &call->args[i + 1])) {
            return;
        }
    }
    rcs_resp_integer(call->out, kill_clients(call, &filter));
}

static void run_unblock(struct rcs_call *call)
{
    int64_t id;
    bool as_error = call->argc == 4 && rcs_arg_is(&call->args[3], "error");
    if (call->argc > 4) {
        rcs_refuse_subcommand(call, "client", &call->args[1]);
        return;
    }
    if (call->argc == 4 && !as_error && !rcs_arg_is(&call->args[3], "timeout")) {
        rcs_refuse(call->client, "CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        return;
    }
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &id)) {
        return;
    }
    for (unsigned i = 0; i < call->node->clients.count; i++) {
        struct rcs_client *client = call->node->clients.list[i];
        if (client->id != (uint64_t)id || client->blocked == NULL) {
            continue;
        }
        rcs_blocked_release(call->node, client, as_error);
        rcs_resp_integer(call->out, 1);
        return;
    }
    rcs_resp_integer(call->out, 0);
}

bool rcs_arg_timeout_or_refuse(struct rcs_call *call, const struct rcs_arg *argument, int64_t *out)
{
    if (!rcs_arg_i64(argument, out)) {
        rcs_refuse(call->client, "timeout is not an integer or out of range");
    } else if (*out < 0) {
        rcs_refuse(call->client, "timeout is negative");
    } else if (*out > INT64_MAX - call->wall_ms) {
        rcs_refuse(call->client, "timeout is out of range");
    } else {
        return true;
    }
    return false;
}

static void run_pause(struct rcs_call *call)
{
    bool writes = call->argc == 4 && rcs_arg_is(&call->args[3], "write");
    int64_t timeout_ms;
    if (call->argc > 4) {
        rcs_refuse_subcommand(call, "client", &call->args[1]);
        return;
    }
    if (call->argc == 4 && !writes && !rcs_arg_is(&call->args[3], "all")) {
        rcs_refuse(call->client, "CLIENT PAUSE mode must be WRITE or ALL");
        return;
    }
    if (rcs_arg_timeout_or_refuse(call, &call->args[2], &timeout_ms)) {
        rcs_clients_pause(call->node, call->node->now_ms + timeout_ms, !writes);
        rcs_reply_ok(call->client);
    }
}

static void run_unpause(struct rcs_call *call)
{
    rcs_clients_end_pause(call->node);
    rcs_reply_ok(call->client);
}

/* clang-format off */
#define PLAIN NOSCRIPT | LOADING | STALE, CATEGORY(CONNECTION), NO_KEYS
#define BY_ADMIN ADMIN | NOSCRIPT | LOADING | STALE, CATEGORY(CONNECTION), NO_KEYS
static const struct rcs_command subcommands[] = {
    { "caching", rcs_run_caching, 3, PLAIN, NULL, NULL },
    { "getname", run_getname, 2, PLAIN, NULL, NULL },
    { "getredir", rcs_run_getredir, 2, PLAIN, NULL, NULL },
    { "help", rcs_run_help, 2, LOADING | STALE, CATEGORY(CONNECTION), NO_KEYS, NULL, NULL },
    { "id", run_id, 2, PLAIN, NULL, NULL },
    { "info", run_info, 2, PLAIN, "nondeterministic_output", NULL },
    { "kill", run_kill, -3, BY_ADMIN, NULL, NULL },
    { "list", run_list, -2, BY_ADMIN, "nondeterministic_output", NULL },
    { "no-evict", run_no_evict, 3, BY_ADMIN, NULL, NULL },
    { "no-touch", run_no_touch, 3, PLAIN, NULL, NULL },
    { "pause", run_pause, -3, BY_ADMIN, NULL, NULL },
    { "reply", run_reply, 3, PLAIN, NULL, NULL },
    { "setinfo", run_setinfo, 4, PLAIN, NULL, NULL },
    { "setname", run_setname, 3, PLAIN, NULL, NULL },
    { "tracking", rcs_run_tracking, -3, PLAIN, NULL, NULL },
    { "trackinginfo", rcs_run_trackinginfo, 2, PLAIN, NULL, NULL },
    { "unblock", run_unblock, -3, BY_ADMIN, NULL, NULL },
    { "unpause", run_unpause, 2, BY_ADMIN, NULL, NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_client_commands[] = {
    { "client", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
