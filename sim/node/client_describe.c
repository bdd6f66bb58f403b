/* How a client is shown: the fields of CLIENT LIST. */
#include <string.h>

#include "sim/node/blocked.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/connection.h"
#include "sim/node/memory.h"
#include "sim/node/pubsub.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

enum rcs_client_type rcs_client_type(const struct rcs_client *client)
{
    if ((client->flags & RCS_CLIENT_REPLICA) != 0) {
        return RCS_TYPE_REPLICA;
    }
    return (client->flags & RCS_CLIENT_SUBSCRIBED) != 0 ? RCS_TYPE_PUBSUB : RCS_TYPE_NORMAL;
}

enum rcs_client_type rcs_client_type_named(const struct rcs_arg *name)
{
    if (rcs_arg_is(name, "normal")) {
        return RCS_TYPE_NORMAL;
    }
    if (rcs_arg_is(name, "slave") || rcs_arg_is(name, "replica")) {
        return RCS_TYPE_REPLICA;
    }
    if (rcs_arg_is(name, "pubsub")) {
        return RCS_TYPE_PUBSUB;
    }
    return rcs_arg_is(name, "master") ? RCS_TYPE_MASTER : RCS_TYPE_UNKNOWN;
}

void rcs_client_add_address(struct rcs_buf *out, const struct rcs_address *address)
{
    bool is_ipv6 = strchr(address->ip, ':') != NULL;
    rcs_buf_format(out, is_ipv6 ? "[%s]:%u" : "%s:%u", address->ip, (unsigned)address->port);
}

static void add_flags(const struct rcs_client *client, struct rcs_buf *out)
{
    static const struct {
        unsigned flag;
        const char *letter;
    } letters[] = {
        { RCS_CLIENT_MONITOR, "O" },    { RCS_CLIENT_REPLICA, "S" },
        { RCS_CLIENT_SUBSCRIBED, "P" }, { RCS_CLIENT_MULTI, "x" },
        { RCS_CLIENT_PAUSED, "b" },     { 0, NULL }, /* here stand those of tracking */
        { RCS_CLIENT_DIRTY_CAS, "d" },  { RCS_CLIENT_CLOSE_AFTER_REPLY, "c" },
        { RCS_CLIENT_READONLY, "r" },   { RCS_CLIENT_NO_EVICT, "e" },
        { RCS_CLIENT_NO_TOUCH, "T" },
    };
    size_t before = out->size_bytes;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (letters[i].letter == NULL) {
            rcs_buf_text(out, client->track != NULL ? "t" : "");
            rcs_buf_text(out, rcs_tracking_broken(client) ? "R" : "");
            rcs_buf_text(out, rcs_tracking_broadcasts(client) ? "B" : "");
            continue;
        }
        bool blocked = letters[i].flag == RCS_CLIENT_PAUSED &&
                       (client->blocked != NULL || (client->flags & RCS_CLIENT_IN_SHUTDOWN) != 0);
        if ((client->flags & letters[i].flag) != 0 || blocked) {
            rcs_buf_text(out, letters[i].letter);
        }
    }
    if (out->size_bytes == before) {
        rcs_buf_text(out, "N");
    }
}

/* Fields of CLIENT LIST that 3.0 has not. */
static const struct {
    const char *name;
    enum rcs_release since;
} since[] = {
    { "laddr", RCS_REDIS_6_2 },        { "ssub", RCS_REDIS_7_0 },
    { "watch", RCS_REDIS_7_4 },        { "argv-mem", RCS_REDIS_6_0 },
    { "multi-mem", RCS_REDIS_7_0 },    { "rbs", RCS_REDIS_7_0 },
    { "rbp", RCS_REDIS_7_0 },          { "tot-mem", RCS_REDIS_6_0 },
    { "user", RCS_REDIS_6_0 },         { "redir", RCS_REDIS_6_2 },
    { "resp", RCS_REDIS_7_0 },         { "lib-name", RCS_REDIS_7_2 },
    { "lib-ver", RCS_REDIS_7_2 },      { "tot-net-in", RCS_VALKEY_8_0 },
    { "tot-net-out", RCS_VALKEY_8_0 }, { "tot-cmds", RCS_VALKEY_8_0 },
};

static bool has_field(enum rcs_release release, const char *field, size_t length)
{
    for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
        if (strlen(since[i].name) == length && memcmp(since[i].name, field, length) == 0) {
            return release >= since[i].since;
        }
    }
    return true;
}

/* Appends the fields of `line`, parted by blanks, that the release has. */
static void add_known_fields(enum rcs_release release, const char *line, struct rcs_buf *out)
{
    for (const char *at = line; *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (has_field(release, at, strcspn(at, "="))) {
            rcs_buf_text(out, at == line ? "" : " ");
            rcs_buf_add(out, at, length);
        }
        at += length + (at[length] != '\0');
    }
}

#define REPLY_CHUNK_BYTES 16384 /* Redis 7.0 PROTO_REPLY_CHUNK_BYTES */

/* What waits to be worked on and to be taken: fields of CLIENT LIST. */
struct waiting {
    size_t query_bytes; /* qbuf */
    size_t args_bytes;  /* argv-mem: of the request under way, waiting, or read in part */
    size_t multi_bytes; /* multi-mem: of what MULTI holds, with its pointers */
    size_t reply_bytes; /* obl: written in this turn */
    size_t list_bytes;  /* omem: written before and not taken, or more than obl has room for */
};

/* In a transaction the request under way is EXEC, not what EXEC carries out. */
static size_t current_args_bytes(const struct rcs_call *call)
{
    return (call->client->flags & RCS_CLIENT_MULTI) != 0 ? strlen("exec")
                                                         : rcs_args_bytes(call->argc, call->args);
}

static struct waiting waiting_of(const struct rcs_call *call, const struct rcs_client *client)
{
    struct waiting waiting = { .reply_bytes = client->reply.size_bytes };
    bool is_current = client == call->client;
    if (client->reader != NULL) {
        struct rcs_resp_requests_bytes bytes;
        rcs_resp_requests_bytes(client->reader, &bytes);
        waiting.query_bytes = bytes.behind + (is_current ? bytes.last : 0);
        waiting.args_bytes = bytes.arguments;
    }
    if (is_current) {
        waiting.args_bytes = current_args_bytes(call);
    } else if (client->blocked != NULL) {
        waiting.args_bytes = rcs_blocked_args_bytes(client);
    } else if (client->held_count > 0) { /* the first waits for the end of a pause */
        waiting.args_bytes = rcs_args_bytes(client->held[0]->argc, client->held[0]->args);
    }
    for (unsigned i = 0; i < client->queued_count; i++) { /* Redis 7.0 queueMultiCommand */
        const struct rcs_request *request = client->queued[i];
        waiting.multi_bytes += rcs_args_bytes(request->argc, request->args) + 8 * request->argc;
    }
    /* Once there is a list, nothing is added to the buffer (Redis 7.0 _addReplyToBuffer). */
    size_t room = client->unwritten_bytes > 0 ? 0 : REPLY_CHUNK_BYTES;
    if (waiting.reply_bytes > room) {
        waiting.list_bytes = waiting.reply_bytes - room;
        waiting.reply_bytes = room;
    }
    waiting.list_bytes += client->unwritten_bytes;
    return waiting;
}

static void add_waiting(const struct waiting *waiting, bool slow, struct rcs_buf *out)
{
    rcs_buf_format(out,
                   " qbuf=%zu qbuf-free=0 argv-mem=%zu multi-mem=%zu rbs=0 rbp=0 obl=%zu oll=%d "
                   "omem=%zu tot-mem=%zu events=%s",
                   waiting->query_bytes, waiting->args_bytes, waiting->multi_bytes,
                   waiting->reply_bytes, waiting->list_bytes > 0, waiting->list_bytes,
                   RCS_MEMORY_CLIENT + waiting->args_bytes + waiting->multi_bytes +
                       waiting->list_bytes,
                   slow ? "rw" : "r");
}

/* All fields of all releases. Rooms of buffers (qbuf-free, rbs, rbp), bytes sent and commands are
 * not modelled: their fields are 0. */
static void add_fields(const struct rcs_call *call, const struct rcs_client *client, bool redacted,
                       struct rcs_buf *out)
{
    const struct rcs_node *node = call->node;
    int64_t now_s = rcs_node_unixtime(node);
    rcs_buf_format(out, "id=%llu addr=", (unsigned long long)client->id);
    rcs_client_add_address(out, rcs_client_remote(node, client));
    rcs_buf_text(out, " laddr=");
    struct rcs_address local = rcs_client_local(node, client);
    rcs_client_add_address(out, &local);
    rcs_buf_format(out, " fd=%u name=",
                   (unsigned)(client->link < RCS_LINK_OUTSIDE ? client->link
                                                              : client->link - RCS_LINK_OUTSIDE));
    if (redacted) {
        rcs_buf_text(out, "*redacted*");
    } else {
        rcs_buf_add(out, client->name.data, client->name.size_bytes);
    }
    rcs_buf_format(out, " age=%lld idle=%lld flags=", (long long)(now_s - client->created_wall_s),
                   (long long)(now_s - client->last_wall_s));
    add_flags(client, out);
    int multi = (client->flags & RCS_CLIENT_MULTI) != 0 ? (int)client->queued_count : -1;
    rcs_buf_format(out, " db=0 sub=%u psub=%u ssub=%u multi=%d watch=%u",
                   rcs_pubsub_channels(client), rcs_pubsub_patterns(client),
                   rcs_pubsub_shard_channels(client), multi, rcs_transaction_watched(client));
    struct waiting waiting = waiting_of(call, client);
    add_waiting(&waiting, client->unwritten_bytes > 0, out);
    rcs_buf_text(out, " cmd=");
    if (client->last_command == NULL) {
        rcs_buf_text(out, "NULL");
    } else if (client->last_container == NULL) {
        rcs_buf_text(out, client->last_command);
    } else if (client->profile->release < RCS_REDIS_7_0) {
        rcs_buf_text(out, client->last_container);
    } else {
        rcs_buf_format(out, "%s|%s", client->last_container, client->last_command);
    }
    rcs_buf_format(out,
                   " user=%s redir=%lld resp=%u lib-name=%.*s lib-ver=%.*s tot-net-in=0 "
                   "tot-net-out=0 tot-cmds=0",
                   redacted ? "*redacted*" : "default", (long long)rcs_tracking_redirect(client),
                   (unsigned)client->protocol, (int)client->lib_name.size_bytes,
                   client->lib_name.data == NULL ? "" : client->lib_name.data,
                   (int)client->lib_ver.size_bytes,
                   client->lib_ver.data == NULL ? "" : client->lib_ver.data);
}

void rcs_client_describe(const struct rcs_call *call, const struct rcs_client *client,
                         bool redacted, struct rcs_buf *out)
{
    struct rcs_buf line;
    rcs_buf_init(&line);
    add_fields(call, client, redacted, &line);
    rcs_buf_add(&line, "", 1);
    add_known_fields(client->profile->release, line.data, out);
    rcs_buf_close(&line);
}
