/* How a client is shown: the fields of CLIENT LIST. */
#include <string.h>

#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/connection.h"
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

/* All fields of all releases. Buffers, memory, bytes and libraries are not modelled: their fields
 * are 0 or empty. */
static void add_fields(const struct rcs_node *node, const struct rcs_client *client, bool redacted,
                       struct rcs_buf *out)
{
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
    rcs_buf_format(out,
                   " db=0 sub=%u psub=%u ssub=%u multi=%d watch=%u qbuf=0 qbuf-free=0 argv-mem=0 "
                   "multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=",
                   rcs_pubsub_channels(client), rcs_pubsub_patterns(client),
                   rcs_pubsub_shard_channels(client), multi, rcs_transaction_watched(client));
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

void rcs_client_describe(const struct rcs_node *node, const struct rcs_client *client,
                         bool redacted, struct rcs_buf *out)
{
    struct rcs_buf line;
    rcs_buf_init(&line);
    add_fields(node, client, redacted, &line);
    rcs_buf_add(&line, "", 1);
    add_known_fields(client->profile->release, line.data, out);
    rcs_buf_close(&line);
}
