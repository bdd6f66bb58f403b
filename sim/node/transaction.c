/* MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/connection.h"
#include "sim/node/script_host.h"

#include "sim/pure.h"

/* A key as it was when WATCH saw it. */
struct rcs_watch {
    struct rcs_watch *next;
    uint64_t sequence; /* of its entry, 0: there was none */
    bool expired;      /* there, but its time was over */
    uint32_t key_bytes;
    char key[];
};

/* --- watched keys ----------------------------------------------------------------------------- */

static bool is_about(const struct rcs_watch *watch, const void *key, size_t key_bytes)
{
    return watch->key_bytes == key_bytes &&
           (key_bytes == 0 || memcmp(watch->key, key, key_bytes) == 0);
}

unsigned rcs_transaction_watched(const struct rcs_client *client)
{
    unsigned count = 0;
    for (const struct rcs_watch *watch = client->watches; watch != NULL; watch = watch->next) {
        count++;
    }
    return count;
}

static void unwatch(struct rcs_node *node, struct rcs_client *client)
{
    if (client->watches == NULL) {
        return;
    }
    while (client->watches != NULL) {
        struct rcs_watch *watch = client->watches;
        client->watches = watch->next;
        free(watch);
    }
    RCS_ASSERT(node->clients.watching > 0);
    node->clients.watching--;
}

static void watch_key(struct rcs_call *call, const struct rcs_arg *key)
{
    struct rcs_client *client = call->client;
    for (const struct rcs_watch *watch = client->watches; watch != NULL; watch = watch->next) {
        if (is_about(watch, key->bytes, key->size_bytes)) {
            return;
        }
    }
    const struct rcs_entry *entry =
        rcs_keyspace_find(call->node->keys, key->bytes, key->size_bytes);
    struct rcs_watch *watch = malloc(sizeof(*watch) + key->size_bytes);
    RCS_ASSERT(watch != NULL);
    watch->sequence = entry == NULL ? 0 : entry->item.sequence;
    watch->expired = entry != NULL && rcs_entry_expired(entry, call->wall_ms);
    watch->key_bytes = key->size_bytes;
    if (key->size_bytes > 0) {
        memcpy(watch->key, key->bytes, key->size_bytes);
    }
    if (client->watches == NULL) {
        call->node->clients.watching++;
    }
    watch->next = client->watches;
    client->watches = watch;
}

void rcs_transaction_touch(struct rcs_node *node, const void *key, size_t key_bytes, bool expired)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        for (struct rcs_watch *watch = client->watches; watch != NULL; watch = watch->next) {
            if (!is_about(watch, key, key_bytes)) {
                continue;
            }
            if (expired && watch->expired) { /* to the watcher it was not there */
                watch->expired = false;
                watch->sequence = 0;
            } else {
                client->flags |= RCS_CLIENT_DIRTY_CAS;
            }
        }
    }
}

/* Redis 7.0 touchAllWatchedKeysInDb: of a key that was there, not of one that had expired. */
void rcs_transaction_flushed(struct rcs_node *node)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        for (struct rcs_watch *watch = client->watches; watch != NULL; watch = watch->next) {
            if (rcs_keyspace_find(node->keys, watch->key, watch->key_bytes) == NULL) {
                continue;
            }
            if (watch->expired) {
                watch->expired = false;
                watch->sequence = 0;
            } else {
                client->flags |= RCS_CLIENT_DIRTY_CAS;
            }
        }
    }
}

/* True if a watched key has expired since, or came or went by another way than a command: by a full
 * sync, by losing its slot. */
static bool watched_key_changed(const struct rcs_call *call)
{
    const struct rcs_watch *watch = call->client->watches;
    for (; watch != NULL; watch = watch->next) {
        const struct rcs_entry *entry =
            rcs_keyspace_find(call->node->keys, watch->key, watch->key_bytes);
        bool was_there = watch->sequence != 0 && !watch->expired;
        bool is_there = entry != NULL && !rcs_entry_expired(entry, call->wall_ms);
        if (was_there != is_there || (is_there && entry->item.sequence != watch->sequence)) {
            return true;
        }
    }
    return false;
}

/* --- the queue -------------------------------------------------------------------------------- */

void rcs_transaction_queue(struct rcs_node *node, struct rcs_client *client,
                           struct rcs_request *request)
{
    (void)node;
    if ((client->flags & (RCS_CLIENT_DIRTY_CAS | RCS_CLIENT_DIRTY_EXEC)) == 0) {
        rcs_requests_add(&client->queued, &client->queued_count, &client->queued_room, request);
    }
    rcs_resp_status(&client->reply, "QUEUED");
}

void rcs_transaction_discard(struct rcs_node *node, struct rcs_client *client)
{
    rcs_requests_clear(node->store, client->queued, &client->queued_count);
    client->flags &= ~(unsigned)(RCS_CLIENT_MULTI | RCS_CLIENT_DIRTY_CAS | RCS_CLIENT_DIRTY_EXEC);
    unwatch(node, client);
}

struct rcs_transaction_flags rcs_transaction_flags(struct rcs_node *node,
                                                   const struct rcs_client *client)
{
    struct rcs_transaction_flags flags = { .one = 0, .all = ~0u };
    for (unsigned i = 0; i < client->queued_count; i++) {
        const struct rcs_request *request = client->queued[i];
        const struct rcs_command *command =
            rcs_command_find(request->argc, request->args, &node->commands_seen).command;
        unsigned has = (command->flags & RCS_COMMAND_RUNS_SCRIPT) == 0
                           ? command->flags
                           : rcs_scripts_command_flags(node, command, request);
        flags.one |= has;
        flags.all &= has;
    }
    return flags;
}

void rcs_transaction_abort(struct rcs_node *node, struct rcs_client *client, const char *text)
{
    struct rcs_buf error;
    rcs_transaction_discard(node, client);
    rcs_buf_init(&error);
    rcs_buf_text(&error, "-EXECABORT Transaction discarded because of: ");
    rcs_buf_text(&error, text[0] == '-' ? text + 1 : text);
    rcs_buf_add(&error, "", 1);
    rcs_refuse(client, error.data);
    rcs_buf_close(&error);
}

/* --- the commands ----------------------------------------------------------------------------- */

static void run_multi(struct rcs_call *call)
{
    if ((call->client->flags & RCS_CLIENT_MULTI) != 0) {
        rcs_refuse(call->client, "MULTI calls can not be nested");
        return;
    }
    call->client->flags |= RCS_CLIENT_MULTI;
    rcs_reply_ok(call->client);
}

static void run_queued(struct rcs_call *call)
{
    struct rcs_client *client = call->client;
    rcs_resp_array(call->out, client->queued_count);
    for (unsigned i = 0; i < client->queued_count; i++) {
        struct rcs_request *request = client->queued[i];
        rcs_call_run(
            call->node, client,
            rcs_command_find(request->argc, request->args, &call->node->commands_seen).command,
            request);
    }
}

static void run_exec(struct rcs_call *call)
{
    struct rcs_client *client = call->client;
    if ((client->flags & RCS_CLIENT_MULTI) == 0) {
        rcs_refuse(client, "EXEC without MULTI");
        return;
    }
    if ((client->flags & RCS_CLIENT_DIRTY_EXEC) != 0) {
        rcs_refuse(client, "-EXECABORT Transaction discarded because of previous errors.");
    } else if ((client->flags & RCS_CLIENT_DIRTY_CAS) != 0 || watched_key_changed(call)) {
        rcs_resp_nil_array(call->out, call->resp3);
    } else {
        unwatch(call->node, client);
        run_queued(call);
    }
    rcs_transaction_discard(call->node, client);
}

static void run_discard(struct rcs_call *call)
{
    if ((call->client->flags & RCS_CLIENT_MULTI) == 0) {
        rcs_refuse(call->client, "DISCARD without MULTI");
        return;
    }
    rcs_transaction_discard(call->node, call->client);
    rcs_reply_ok(call->client);
}

static void run_watch(struct rcs_call *call)
{
    if ((call->client->flags & RCS_CLIENT_MULTI) != 0) {
        rcs_refuse(call->client, "WATCH inside MULTI is not allowed");
        return;
    }
    if ((call->client->flags & RCS_CLIENT_DIRTY_CAS) == 0) { /* else it cannot succeed any more */
        for (unsigned i = 1; i < call->argc; i++) {
            watch_key(call, &call->args[i]);
        }
    }
    rcs_reply_ok(call->client);
}

static void run_unwatch(struct rcs_call *call)
{
    unwatch(call->node, call->client);
    call->client->flags &= ~(unsigned)RCS_CLIENT_DIRTY_CAS;
    rcs_reply_ok(call->client);
}

/* clang-format off */
const struct rcs_command rcs_transaction_commands[] = {
    { "discard", run_discard, 1, NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY | NOT_QUEUED,
      CATEGORY(TRANSACTION), NO_KEYS, NULL, NULL },
    { "exec", run_exec, 1, NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG | NOT_QUEUED | IS_EXEC,
      CATEGORY(TRANSACTION), NO_KEYS, NULL, NULL },
    { "multi", run_multi, 1, NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY | NOT_QUEUED,
      CATEGORY(TRANSACTION), NO_KEYS, NULL, NULL },
    { "unwatch", run_unwatch, 1, NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
      CATEGORY(TRANSACTION), NO_KEYS, NULL, NULL },
    { "watch", run_watch, -2, NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY | NOT_QUEUED,
      CATEGORY(TRANSACTION), ALL_KEYS(1, 1, RO), NULL, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
