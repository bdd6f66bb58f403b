/* Publish and subscribe: channels, patterns, and shard channels, which live in a slot. */
#include <stdlib.h>
#include <string.h>

#include "sim/keys/glob.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/help.h"
#include "sim/node/pubsub.h"

#include "sim/pure.h"

enum kind { KIND_CHANNEL, KIND_PATTERN, KIND_SHARD, KINDS }; /* as enum rcs_pubsub_kind */

struct name {
    uint32_t size_bytes;
    char bytes[];
};

/* In the order they were made. */
struct rcs_subscriptions {
    struct {
        struct name **list;
        unsigned count, room;
    } of[KINDS];
};

static const struct {
    const char *subscribe, *unsubscribe;
} words[KINDS] = {
    [KIND_CHANNEL] = { "subscribe", "unsubscribe" },
    [KIND_PATTERN] = { "psubscribe", "punsubscribe" },
    [KIND_SHARD] = { "ssubscribe", "sunsubscribe" },
};

/* --- a client's subscriptions ----------------------------------------------------------------- */

static unsigned count_of(const struct rcs_client *client, enum kind kind)
{
    return client->subscriptions == NULL ? 0 : client->subscriptions->of[kind].count;
}

unsigned rcs_pubsub_channels(const struct rcs_client *client)
{
    return count_of(client, KIND_CHANNEL);
}

unsigned rcs_pubsub_patterns(const struct rcs_client *client)
{
    return count_of(client, KIND_PATTERN);
}

unsigned rcs_pubsub_shard_channels(const struct rcs_client *client)
{
    return count_of(client, KIND_SHARD);
}

/* The number a reply shows: shard channels are counted by themselves. */
static unsigned count_shown(const struct rcs_client *client, enum kind kind)
{
    return kind == KIND_SHARD ? count_of(client, KIND_SHARD)
                              : count_of(client, KIND_CHANNEL) + count_of(client, KIND_PATTERN);
}

static bool is_name(const struct name *name, const char *bytes, size_t size_bytes)
{
    return name->size_bytes == size_bytes &&
           (size_bytes == 0 || memcmp(name->bytes, bytes, size_bytes) == 0);
}

/* Its place in the list, or -1. */
static int find(const struct rcs_client *client, enum kind kind, const char *bytes,
                size_t size_bytes)
{
    for (unsigned i = 0; i < count_of(client, kind); i++) {
        if (is_name(client->subscriptions->of[kind].list[i], bytes, size_bytes)) {
            return (int)i;
        }
    }
    return -1;
}

static void add(struct rcs_client *client, enum kind kind, const struct rcs_arg *arg)
{
    if (client->subscriptions == NULL) {
        client->subscriptions = calloc(1, sizeof(*client->subscriptions));
        RCS_ASSERT(client->subscriptions != NULL);
    }
    struct rcs_subscriptions *all = client->subscriptions;
    if (all->of[kind].count == all->of[kind].room) {
        all->of[kind].room = all->of[kind].room == 0 ? 4 : all->of[kind].room * 2;
        all->of[kind].list =
            realloc(all->of[kind].list, all->of[kind].room * sizeof(struct name *));
        RCS_ASSERT(all->of[kind].list != NULL);
    }
    struct name *name = malloc(sizeof(*name) + arg->size_bytes);
    RCS_ASSERT(name != NULL);
    name->size_bytes = arg->size_bytes;
    if (arg->size_bytes > 0) {
        memcpy(name->bytes, arg->bytes, arg->size_bytes);
    }
    all->of[kind].list[all->of[kind].count++] = name;
    client->flags |= RCS_CLIENT_SUBSCRIBED;
}

static void remove_at(struct rcs_client *client, enum kind kind, unsigned at)
{
    struct rcs_subscriptions *all = client->subscriptions;
    free(all->of[kind].list[at]);
    memmove(&all->of[kind].list[at], &all->of[kind].list[at + 1],
            (all->of[kind].count - at - 1) * sizeof(struct name *));
    all->of[kind].count--;
    if (count_shown(client, KIND_CHANNEL) + count_shown(client, KIND_SHARD) == 0) {
        client->flags &= ~(unsigned)RCS_CLIENT_SUBSCRIBED;
    }
}

void rcs_pubsub_forget(struct rcs_client *client)
{
    if (client->subscriptions == NULL) {
        return;
    }
    for (enum kind kind = 0; kind < KINDS; kind++) {
        while (count_of(client, kind) > 0) {
            remove_at(client, kind, count_of(client, kind) - 1);
        }
        free(client->subscriptions->of[kind].list);
    }
    free(client->subscriptions);
    client->subscriptions = NULL;
}

/* --- what subscribers are told ---------------------------------------------------------------- */

static void tell_count(struct rcs_client *client, const char *word, enum kind kind,
                       const char *name, size_t name_bytes)
{
    bool resp3 = client->protocol == 3;
    struct rcs_buf *out = rcs_client_messages(client);
    rcs_resp_push(out, 3, resp3);
    rcs_resp_bulk_text(out, word);
    if (name == NULL) {
        rcs_resp_nil(out, resp3);
    } else {
        rcs_resp_bulk(out, name, name_bytes);
    }
    rcs_resp_integer(out, count_shown(client, kind));
}

static void unsubscribe_at(struct rcs_client *client, enum kind kind, unsigned at)
{
    const struct name *name = client->subscriptions->of[kind].list[at];
    struct rcs_buf copy;
    rcs_buf_init(&copy);
    rcs_buf_add(&copy, name->bytes, name->size_bytes);
    remove_at(client, kind, at);
    tell_count(client, words[kind].unsubscribe, kind, copy.size_bytes == 0 ? "" : copy.data,
               copy.size_bytes);
    rcs_buf_close(&copy);
}

static void tell_message(struct rcs_client *client, const char *word, const struct name *pattern,
                         const struct rcs_arg *channel, const struct rcs_arg *message)
{
    struct rcs_buf *out = rcs_client_messages(client);
    rcs_resp_push(out, pattern == NULL ? 3 : 4, client->protocol == 3);
    rcs_resp_bulk_text(out, word);
    if (pattern != NULL) {
        rcs_resp_bulk(out, pattern->bytes, pattern->size_bytes);
    }
    rcs_resp_bulk(out, channel->bytes, channel->size_bytes);
    rcs_resp_bulk(out, message->bytes, message->size_bytes);
}

/* To this node's subscribers; returns how many times it was delivered. */
static unsigned deliver(struct rcs_node *node, const struct rcs_arg *channel,
                        const struct rcs_arg *message, bool sharded)
{
    unsigned receivers = 0;
    node->clients.pending = true;
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        enum kind kind = sharded ? KIND_SHARD : KIND_CHANNEL;
        if (find(client, kind, channel->bytes, channel->size_bytes) >= 0) {
            tell_message(client, sharded ? "smessage" : "message", NULL, channel, message);
            receivers++;
        }
        for (unsigned j = 0; !sharded && j < count_of(client, KIND_PATTERN); j++) {
            const struct name *pattern = client->subscriptions->of[KIND_PATTERN].list[j];
            if (rcs_glob_matches(pattern->bytes, pattern->size_bytes, channel->bytes,
                                 channel->size_bytes, false)) {
                tell_message(client, "pmessage", pattern, channel, message);
                receivers++;
            }
        }
    }
    return receivers;
}

void rcs_clients_publish(struct rcs_node *node, const char *channel, size_t channel_bytes,
                         const char *message, size_t message_bytes, bool sharded)
{
    struct rcs_arg channel_arg = { channel, (uint32_t)channel_bytes };
    struct rcs_arg message_arg = { message, (uint32_t)message_bytes };
    deliver(node, &channel_arg, &message_arg, sharded);
}

bool rcs_clients_shard_channels(const struct rcs_node *node)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        if (count_of(node->clients.list[i], KIND_SHARD) > 0) {
            return true;
        }
    }
    return false;
}

/* Redis 7.0 removeChannelsInSlot: the subscriber is told without having asked. */
void rcs_clients_slot_lost(struct rcs_node *node, unsigned slot)
{
    node->clients.pending = true;
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        for (unsigned j = 0; j < count_of(client, KIND_SHARD);) {
            const struct name *name = client->subscriptions->of[KIND_SHARD].list[j];
            if (rcs_slot_of_key(name->bytes, name->size_bytes) == slot) {
                unsubscribe_at(client, KIND_SHARD, j);
            } else {
                j++;
            }
        }
    }
}

/* --- the commands ----------------------------------------------------------------------------- */

static void subscribe(struct rcs_call *call, enum kind kind)
{
    for (unsigned i = 1; i < call->argc; i++) {
        const struct rcs_arg *name = &call->args[i];
        if (find(call->client, kind, name->bytes, name->size_bytes) < 0) {
            add(call->client, kind, name);
        }
        tell_count(call->client, words[kind].subscribe, kind, name->bytes, name->size_bytes);
    }
}

static void unsubscribe(struct rcs_call *call, enum kind kind)
{
    struct rcs_client *client = call->client;
    if (call->argc == 1 && count_of(client, kind) == 0) {
        tell_count(client, words[kind].unsubscribe, kind, NULL, 0);
        return;
    }
    while (call->argc == 1 && count_of(client, kind) > 0) {
        unsubscribe_at(client, kind, 0);
    }
    for (unsigned i = 1; i < call->argc; i++) {
        const struct rcs_arg *name = &call->args[i];
        int at = find(client, kind, name->bytes, name->size_bytes);
        if (at >= 0) {
            unsubscribe_at(client, kind, (unsigned)at);
        } else {
            tell_count(client, words[kind].unsubscribe, kind, name->bytes, name->size_bytes);
        }
    }
}

static void run_subscribe(struct rcs_call *call)
{
    subscribe(call, KIND_CHANNEL);
}

static void run_psubscribe(struct rcs_call *call)
{
    subscribe(call, KIND_PATTERN);
}

static void run_ssubscribe(struct rcs_call *call)
{
    subscribe(call, KIND_SHARD);
}

static void run_unsubscribe(struct rcs_call *call)
{
    unsubscribe(call, KIND_CHANNEL);
}

static void run_punsubscribe(struct rcs_call *call)
{
    unsubscribe(call, KIND_PATTERN);
}

static void run_sunsubscribe(struct rcs_call *call)
{
    unsubscribe(call, KIND_SHARD);
}

/* In a cluster a message travels by the bus, not by the stream. */
static void publish(struct rcs_call *call, bool sharded)
{
    unsigned receivers = deliver(call->node, &call->args[1], &call->args[2], sharded);
    rcs_cluster_publish(&call->node->cluster, &call->args[1], &call->args[2], sharded);
    rcs_resp_integer(call->out, receivers);
}

static void run_publish(struct rcs_call *call)
{
    publish(call, false);
}

static void run_spublish(struct rcs_call *call)
{
    publish(call, true);
}

/* True if no client before this one, and nothing before in its own list, has the same name. */
static bool is_first(const struct rcs_node *node, enum kind kind, unsigned client_index,
                     const struct name *name)
{
    for (unsigned i = 0; i < client_index; i++) {
        if (find(node->clients.list[i], kind, name->bytes, name->size_bytes) >= 0) {
            return false;
        }
    }
    return true;
}

/* The different names of a kind that match; written to `out` unless that is NULL. */
static unsigned list_names(const struct rcs_node *node, enum kind kind,
                           const struct rcs_arg *pattern, struct rcs_buf *out)
{
    unsigned count = 0;
    for (unsigned i = 0; i < node->clients.count; i++) {
        const struct rcs_client *client = node->clients.list[i];
        for (unsigned j = 0; j < count_of(client, kind); j++) {
            const struct name *name = client->subscriptions->of[kind].list[j];
            if ((pattern != NULL && !rcs_glob_matches(pattern->bytes, pattern->size_bytes,
                                                      name->bytes, name->size_bytes, false)) ||
                !is_first(node, kind, i, name)) {
                continue;
            }
            if (out != NULL) {
                rcs_resp_bulk(out, name->bytes, name->size_bytes);
            }
            count++;
        }
    }
    return count;
}

static void reply_channels(struct rcs_call *call, enum kind kind)
{
    const struct rcs_arg *pattern = call->argc == 3 ? &call->args[2] : NULL;
    if (call->argc > 3) {
        rcs_refuse_subcommand(call, "pubsub", &call->args[1]);
        return;
    }
    rcs_resp_array(call->out, list_names(call->node, kind, pattern, NULL));
    list_names(call->node, kind, pattern, call->out);
}

static void reply_counts(struct rcs_call *call, enum kind kind)
{
    rcs_resp_array(call->out, 2 * (call->argc - 2));
    for (unsigned i = 2; i < call->argc; i++) {
        const struct rcs_arg *name = &call->args[i];
        unsigned count = 0;
        for (unsigned j = 0; j < call->node->clients.count; j++) {
            count += find(call->node->clients.list[j], kind, name->bytes, name->size_bytes) >= 0;
        }
        rcs_resp_bulk(call->out, name->bytes, name->size_bytes);
        rcs_resp_integer(call->out, count);
    }
}

static void run_channels(struct rcs_call *call)
{
    reply_channels(call, KIND_CHANNEL);
}

static void run_shardchannels(struct rcs_call *call)
{
    reply_channels(call, KIND_SHARD);
}

static void run_numsub(struct rcs_call *call)
{
    reply_counts(call, KIND_CHANNEL);
}

static void run_shardnumsub(struct rcs_call *call)
{
    reply_counts(call, KIND_SHARD);
}

static void run_numpat(struct rcs_call *call)
{
    rcs_resp_integer(call->out, list_names(call->node, KIND_PATTERN, NULL, NULL));
}

unsigned rcs_pubsub_count(const struct rcs_node *node, enum rcs_pubsub_kind kind)
{
    return list_names(node, (enum kind)kind, NULL, NULL);
}

/* clang-format off */
static const struct rcs_command subcommands[] = {
    { "channels", run_channels, -2, PUBSUB | LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "help", rcs_run_help, 2, LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "numpat", run_numpat, 2, PUBSUB | LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "numsub", run_numsub, -2, PUBSUB | LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "shardchannels", run_shardchannels, -2, PUBSUB | LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "shardnumsub", run_shardnumsub, -2, PUBSUB | LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    END_OF_COMMANDS
};

#define SUBSCRIBER PUBSUB | NOSCRIPT | LOADING | STALE | IN_SUBSCRIBED
#define PUBLISHER PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE
const struct rcs_command rcs_pubsub_commands[] = {
    { "psubscribe", run_psubscribe, -2, SUBSCRIBER, 0, NO_KEYS, NULL, NULL },
    { "publish", run_publish, 3, PUBLISHER, 0, NO_KEYS, NULL, NULL },
    { "pubsub", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    { "punsubscribe", run_punsubscribe, -1, SUBSCRIBER, 0, NO_KEYS, NULL, NULL },
    { "spublish", run_spublish, 3, PUBLISHER | SHARD_PUBSUB, 0, ONE_KEY(1, NOT_KEY), NULL, NULL },
    { "ssubscribe", run_ssubscribe, -2, SUBSCRIBER | SHARD_PUBSUB, 0, ALL_KEYS(1, 1, NOT_KEY),
      NULL, NULL },
    { "subscribe", run_subscribe, -2, SUBSCRIBER, 0, NO_KEYS, NULL, NULL },
    { "sunsubscribe", run_sunsubscribe, -1, SUBSCRIBER | SHARD_PUBSUB, 0, ALL_KEYS(1, 1, NOT_KEY),
      NULL, NULL },
    { "unsubscribe", run_unsubscribe, -1, SUBSCRIBER, 0, NO_KEYS, NULL, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
