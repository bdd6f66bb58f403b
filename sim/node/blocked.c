#include "sim/node/blocked.h"

#include <stdlib.h>

#include "sim/keys/number.h"
#include "sim/node/command.h"
#include "sim/node/connection.h"

#include "sim/pure.h"

#define CRON_CLIENTS_MIN 5 /* Redis 7.0 CLIENTS_CRON_MIN_ITERATIONS */

/* A key that clients wait for, in clients.awaited. */
struct rcs_awaited {
    struct rcs_dict_item item;
    struct key_wait *first, *last;  /* in the order in which they began to wait */
    bool ready;                     /* in the queue of those that can be served */
    bool pinned;                    /* is being served: stays although nobody waits */
    struct rcs_awaited *next_ready; /* of the queue; NULL: the last */
    char key[];
};

/* One client's waiting for one key. */
struct key_wait {
    struct rcs_client *client;
    struct rcs_awaited *awaited;
    struct key_wait *previous, *next;
};

struct rcs_blocked {
    int64_t until_ms; /* wall clock; 0 never */
    size_t args_bytes;
    /* in WAIT */
    int64_t offset;   /* of the stream, to be acknowledged */
    int64_t replicas; /* by so many */
    /* waiting for keys */
    struct rcs_request *request; /* NULL: in WAIT; one reference */
    const struct rcs_command *command;
    rcs_serve *serve;
    enum rcs_value_type type;
    unsigned wait_count;
    struct key_wait waits[];
};

/* --- beginning and end of waiting ------------------------------------------------------------- */

static struct rcs_blocked *block(struct rcs_call *call, unsigned keys, int64_t until_ms)
{
    struct rcs_client *client = call->client;
    struct rcs_clients *clients = &call->node->clients;
    RCS_ASSERT(client->blocked == NULL && (client->flags & RCS_CLIENT_MAY_NOT_BLOCK) == 0);
    struct rcs_blocked *blocked = calloc(1, sizeof(*blocked) + keys * sizeof(blocked->waits[0]));
    RCS_ASSERT(blocked != NULL);
    blocked->until_ms = until_ms;
    blocked->args_bytes = rcs_args_bytes(call->argc, call->args);
    if (until_ms != 0 && (clients->next_timeout_ms == 0 || until_ms < clients->next_timeout_ms)) {
        clients->next_timeout_ms = until_ms;
    }
    client->blocked = blocked;
    clients->blocked++;
    return blocked;
}

size_t rcs_blocked_args_bytes(const struct rcs_client *client)
{
    return client->blocked->args_bytes;
}

bool rcs_blocked_ends(const struct rcs_client *client)
{
    return client->blocked->until_ms != 0;
}

static void leave_key(struct rcs_node *node, struct key_wait *wait)
{
    struct rcs_awaited *awaited = wait->awaited;
    *(wait->previous == NULL ? &awaited->first : &wait->previous->next) = wait->next;
    *(wait->next == NULL ? &awaited->last : &wait->next->previous) = wait->previous;
    if (awaited->first == NULL && !awaited->ready && !awaited->pinned) {
        rcs_dict_remove(&node->clients.awaited, &awaited->item);
    }
}

void rcs_blocked_forget(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_blocked *blocked = client->blocked;
    RCS_ASSERT(blocked != NULL && node->clients.blocked > 0);
    if (blocked->request == NULL) {
        node->clients.waiting_acks--;
    } else {
        for (unsigned i = 0; i < blocked->wait_count; i++) {
            leave_key(node, &blocked->waits[i]);
        }
        rcs_request_release(node->store, blocked->request);
    }
    free(blocked);
    client->blocked = NULL;
    node->clients.blocked--;
}

/* The answer stands in client->reply, from `reply_before` on: the request is done. */
static void unblock(struct rcs_node *node, struct rcs_client *client, size_t reply_before)
{
    rcs_blocked_forget(node, client);
    rcs_client_request_done(client, reply_before);
    node->clients.released = true;
    node->clients.pending = true;
}

/* --- WAIT ------------------------------------------------------------------------------------- */

void rcs_blocked_wait(struct rcs_call *call, int64_t offset, int64_t replicas, int64_t until_ms)
{
    struct rcs_blocked *blocked = block(call, 0, until_ms);
    blocked->offset = offset;
    blocked->replicas = replicas;
    call->node->clients.waiting_acks++;
    call->node->clients.ask_acks = true;
}

void rcs_blocked_acked(struct rcs_node *node)
{
    for (unsigned i = 0; i < node->clients.count && node->clients.waiting_acks > 0; i++) {
        struct rcs_client *client = node->clients.list[i];
        const struct rcs_blocked *blocked = client->blocked;
        if (blocked == NULL || blocked->request != NULL) {
            continue;
        }
        unsigned acked = rcs_repl_acked(node, blocked->offset);
        if ((int64_t)acked >= blocked->replicas) {
            size_t before = client->reply.size_bytes;
            rcs_resp_integer(&client->reply, acked);
            unblock(node, client, before);
        }
    }
}

/* --- waiting for keys ------------------------------------------------------------------------- */

bool rcs_call_may_block(const struct rcs_call *call)
{
    return (call->client->flags & RCS_CLIENT_MAY_NOT_BLOCK) == 0;
}

static struct rcs_awaited *await(struct rcs_node *node, const struct rcs_arg *key)
{
    struct rcs_dict *keys = &node->clients.awaited;
    struct rcs_dict_item *item = rcs_dict_find(keys, key->bytes, key->size_bytes);
    if (item == NULL) {
        item = rcs_dict_add(keys, key->bytes, key->size_bytes);
    }
    return (struct rcs_awaited *)item; /* the item stands at its front */
}

void rcs_call_block(struct rcs_call *call, enum rcs_value_type type, const struct rcs_arg *keys,
                    unsigned count, int64_t until_ms, rcs_serve *serve)
{
    struct rcs_node *node = call->node;
    struct rcs_blocked *blocked = block(call, count, until_ms);
    blocked->request = call->request;
    blocked->request->refs++;
    blocked->command = call->command;
    blocked->serve = serve;
    blocked->type = type;
    for (unsigned i = 0; i < count; i++) {
        struct rcs_awaited *awaited = await(node, &keys[i]);
        if (awaited->last != NULL && awaited->last->client == call->client) {
            continue; /* a key that is named twice counts once */
        }
        struct key_wait *wait = &blocked->waits[blocked->wait_count++];
        *wait = (struct key_wait){ call->client, awaited, awaited->last, NULL };
        *(awaited->last == NULL ? &awaited->first : &awaited->last->next) = wait;
        awaited->last = wait;
    }
}

/* Redis 7.0 signalKeyAsReady, at dbAdd: a key that is already there, or overwritten, wakes nobody.
 */
void rcs_blocked_key_added(struct rcs_node *node, const struct rcs_entry *entry)
{
    struct rcs_clients *clients = &node->clients;
    struct rcs_awaited *awaited =
        (struct rcs_awaited *)rcs_dict_find(&clients->awaited, entry->key, entry->item.key_bytes);
    if (awaited == NULL || awaited->ready) {
        return;
    }
    awaited->ready = true;
    awaited->next_ready = NULL;
    *(clients->ready_last == NULL ? &clients->ready_first : &clients->ready_last->next_ready) =
        awaited;
    clients->ready_last = awaited;
}

static struct rcs_call call_of(struct rcs_node *node, struct rcs_client *client, int64_t wall_ms)
{
    const struct rcs_blocked *blocked = client->blocked;
    return (struct rcs_call){
        .node = node,
        .client = client,
        .request = blocked->request,
        .command = blocked->command,
        .argc = blocked->request->argc,
        .args = blocked->request->args,
        .out = &client->reply,
        .resp3 = client->protocol == 3,
        .wall_ms = wall_ms,
    };
}

/* What it takes is replicated apart from what made the key ready. */
static void serve_client(struct rcs_node *node, struct rcs_client *client, struct rcs_entry *entry,
                         int64_t wall_ms)
{
    struct rcs_client *current = node->clients.current;
    struct rcs_call call = call_of(node, client, wall_ms);
    size_t reply_before = client->reply.size_bytes;
    node->clients.current = client;
    client->blocked->serve(&call, entry);
    unblock(node, client, reply_before);
    rcs_call_propagate(node, true);
    node->clients.current = current;
}

/* Clients that wait for another type than the key holds are passed over. */
static void serve_key(struct rcs_node *node, struct rcs_awaited *awaited)
{
    if (awaited->first == NULL) {
        return;
    }
    const struct rcs_arg key = { .bytes = awaited->key, .size_bytes = awaited->item.key_bytes };
    int64_t wall_ms = rcs_node_wall_ms(node);
    struct rcs_call call = call_of(node, awaited->first->client, wall_ms);
    struct rcs_entry *entry = rcs_key_write(&call, &key);
    struct key_wait *next;
    for (struct key_wait *wait = awaited->first; wait != NULL && entry != NULL; wait = next) {
        next = wait->next;
        if (wait->client->blocked->type == entry->value->type) {
            serve_client(node, wait->client, entry, wall_ms);
            entry = rcs_keyspace_find(node->keys, key.bytes, key.size_bytes);
        }
    }
    rcs_call_propagate(node, true); /* the DEL of a key that was found expired */
}

void rcs_blocked_serve(struct rcs_node *node)
{
    struct rcs_clients *clients = &node->clients;
    struct rcs_awaited *awaited;
    while ((awaited = clients->ready_first) != NULL) {
        clients->ready_first = awaited->next_ready;
        if (clients->ready_first == NULL) {
            clients->ready_last = NULL;
        }
        awaited->ready = false; /* it may become ready again while its clients are served */
        awaited->pinned = true;
        serve_key(node, awaited);
        awaited->pinned = false;
        if (awaited->first == NULL && !awaited->ready) {
            rcs_dict_remove(&clients->awaited, &awaited->item);
        }
    }
}

/* --- other ends of waiting -------------------------------------------------------------------- */

/* Redis 7.0 replyToBlockedClientTimedOut. */
static void answer_timed_out(struct rcs_node *node, struct rcs_client *client)
{
    if (client->blocked->request == NULL) {
        rcs_resp_integer(&client->reply, rcs_repl_acked(node, client->blocked->offset));
    } else {
        rcs_resp_nil_array(&client->reply, client->protocol == 3);
    }
}

void rcs_blocked_release(struct rcs_node *node, struct rcs_client *client, bool as_error)
{
    size_t before = client->reply.size_bytes;
    if (as_error) {
        rcs_refuse(client, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    } else {
        answer_timed_out(node, client);
    }
    unblock(node, client, before);
}

void rcs_blocked_time_out(struct rcs_node *node)
{
    struct rcs_clients *clients = &node->clients;
    int64_t wall_ms = rcs_node_wall_ms(node), next_ms = 0;
    if (clients->next_timeout_ms == 0 || clients->next_timeout_ms >= wall_ms) {
        return;
    }
    for (unsigned i = 0; i < clients->count; i++) {
        struct rcs_client *client = clients->list[i];
        if (client->blocked == NULL || client->blocked->until_ms == 0) {
            continue;
        }
        int64_t until_ms = client->blocked->until_ms;
        if (until_ms < wall_ms) {
            rcs_blocked_release(node, client, false);
        } else if (next_ms == 0 || until_ms < next_ms) {
            next_ms = until_ms;
        }
    }
    clients->next_timeout_ms = next_ms;
}

/* Redis 7.0 clusterRedirectBlockedClientIfNeeded: all its keys are of one slot. */
static void send_elsewhere(struct rcs_node *node, struct rcs_client *client)
{
    const struct rcs_blocked *blocked = client->blocked;
    if (blocked == NULL || blocked->request == NULL) {
        return;
    }
    const struct rcs_awaited *awaited = blocked->waits[0].awaited;
    const struct rcs_arg key = { .bytes = awaited->key, .size_bytes = awaited->item.key_bytes };
    size_t before = client->reply.size_bytes;
    if (rcs_redirect_blocked(node, client, &key)) {
        unblock(node, client, before);
    }
}

void rcs_blocked_cron(struct rcs_node *node)
{
    struct rcs_clients *clients = &node->clients;
    if (clients->awaited.count == 0) {
        return;
    }
    unsigned some = clients->count / (unsigned)node->config.hz;
    some = some < CRON_CLIENTS_MIN ? CRON_CLIENTS_MIN : some;
    some = some < clients->count ? some : clients->count;
    for (; some > 0; some--) {
        clients->cron_at = clients->cron_at + 1 < clients->count ? clients->cron_at + 1 : 0;
        send_elsewhere(node, clients->list[clients->cron_at]);
    }
}

void rcs_clients_role_changed(struct rcs_node *node)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        if (client->blocked != NULL) {
            size_t before = client->reply.size_bytes;
            rcs_refuse(client, "-UNBLOCKED force unblock from blocking operation, instance state "
                               "changed (master -> replica?)");
            unblock(node, client, before);
            client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY;
        }
    }
}

void rcs_blocked_init(struct rcs_node *node)
{
    rcs_dict_init(&node->clients.awaited, offsetof(struct rcs_awaited, key));
}

void rcs_blocked_close(struct rcs_node *node)
{
    RCS_ASSERT(node->clients.blocked == 0);
    rcs_dict_clear(&node->clients.awaited);
}

/* --- the argument ----------------------------------------------------------------------------- */

/* Rounded up. What is written with whole milliseconds stays that, whatever the machine's long
 * double makes of it; a real server makes one more of a few (0.501 is 502). */
static int64_t round_up(long double ms)
{
    int64_t below = (int64_t)ms; /* towards zero */
    long double part = ms - (long double)below;
    long double doubt = (long double)below * 0x1p-50L;
    if (part >= 1 - doubt) {
        return below + 1;
    }
    return part > doubt ? below + 1 : below;
}

/* Before 6.0 timeouts were whole seconds; before 7.0 parts of a millisecond were cut off. Up to 7.0
 * what is too large is taken for a negative one, and the clock is added without a look. */
bool rcs_arg_until_or_refuse(struct rcs_call *call, const struct rcs_arg *argument,
                             int64_t *until_ms)
{
    enum rcs_release release = call->client->profile->release;
    long double seconds, ms;
    int64_t whole_s = 0;
    if (release < RCS_REDIS_6_0) {
        if (!rcs_arg_i64(argument, &whole_s)) {
            rcs_refuse(call->client, "timeout is not an integer or out of range");
            return false;
        }
        seconds = (long double)whole_s;
    } else if (!rcs_number_read_float(argument->bytes, argument->size_bytes, &seconds)) {
        rcs_refuse(call->client, "timeout is not a float or out of range");
        return false;
    }
    ms = seconds * 1000;
    if (ms <= -1 || (ms >= 0x1p63L && release < RCS_REDIS_7_2)) {
        rcs_refuse(call->client, "timeout is negative");
        return false;
    }
    bool too_long = ms >= (long double)(INT64_MAX - call->wall_ms);
    if (too_long && release >= RCS_REDIS_7_2) {
        rcs_refuse(call->client, "timeout is out of range");
        return false;
    }
    int64_t duration_ms = too_long ? 0 : release < RCS_REDIS_7_0 ? (int64_t)ms : round_up(ms);
    *until_ms = duration_ms == 0 ? 0 : call->wall_ms + duration_ms;
    return true;
}
