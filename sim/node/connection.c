/* A client connection's life: its requests one after the other, what holds them back, its replies.
 */
#include "sim/node/connection.h"

#include <stdlib.h>
#include <string.h>

#include "sim/node/blocked.h"
#include "sim/node/client_limits.h"
#include "sim/node/command.h"
#include "sim/node/migrate.h"
#include "sim/node/monitor.h"
#include "sim/node/pubsub.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

/* --- lists of requests ------------------------------------------------------------------------ */

void rcs_requests_add(struct rcs_request ***list, unsigned *count, unsigned *room,
                      struct rcs_request *request)
{
    if (*count == *room) {
        *room = *room == 0 ? 8 : *room * 2;
        *list = realloc(*list, *room * sizeof((*list)[0]));
        RCS_ASSERT(*list != NULL);
    }
    request->refs++;
    (*list)[(*count)++] = request;
}

void rcs_requests_clear(struct rcs_store *store, struct rcs_request **list, unsigned *count)
{
    for (unsigned i = 0; i < *count; i++) {
        rcs_request_release(store, list[i]);
    }
    *count = 0;
}

/* --- one client ------------------------------------------------------------------------------- */

struct rcs_client *rcs_client_find(struct rcs_node *node, uint32_t link)
{
    return rcs_client_index_find(&node->clients.index, link);
}

struct rcs_client *rcs_client_new(struct rcs_node *node, uint32_t link)
{
    struct rcs_client *client = calloc(1, sizeof(*client));
    RCS_ASSERT(client != NULL);
    client->link = link;
    client->protocol = 2;
    client->profile = rcs_node_profile(node);
    client->stats = &node->stats;
    client->created_wall_s = client->last_wall_s = rcs_node_unixtime(node);
    rcs_buf_init(&client->name);
    rcs_buf_init(&client->lib_name);
    rcs_buf_init(&client->lib_ver);
    rcs_buf_init(&client->reply);
    rcs_buf_init(&client->messages);
    return client;
}

void rcs_client_free(struct rcs_node *node, struct rcs_client *client)
{
    node->clients.unwritten -= client->unwritten_bytes > 0;
    rcs_monitor_end(node, client);
    rcs_tracking_end(node, client);
    rcs_transaction_discard(node, client); /* forgets the watched keys as well */
    rcs_pubsub_forget(client);
    if (client->blocked != NULL) {
        rcs_blocked_forget(node, client);
    }
    rcs_requests_clear(node->store, client->held, &client->held_count);
    free(client->held);
    free(client->queued);
    rcs_buf_close(&client->name);
    rcs_buf_close(&client->lib_name);
    rcs_buf_close(&client->lib_ver);
    rcs_buf_close(&client->reply);
    rcs_buf_close(&client->messages);
    rcs_resp_requests_free(client->reader);
    free(client->peer);
    free(client);
}

struct rcs_address rcs_client_local(const struct rcs_node *node, const struct rcs_client *client)
{
    struct rcs_address local = *rcs_store_address(node->store, client->local);
    local.port = (uint16_t)node->config.port;
    return local;
}

const struct rcs_address *rcs_client_remote(const struct rcs_node *node,
                                            const struct rcs_client *client)
{
    return client->peer != NULL ? client->peer : rcs_store_address(node->store, client->remote);
}

/* Out of the list, and freed. */
static void remove_client(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_clients *clients = &node->clients;
    unsigned at = 0;
    while (clients->list[at] != client) {
        at++;
        RCS_ASSERT(at < clients->count);
    }
    rcs_repl_client_gone(node, client);
    rcs_client_index_remove(&clients->index, client->link);
    memmove(&clients->list[at], &clients->list[at + 1],
            (clients->count - at - 1) * sizeof(clients->list[0]));
    clients->count--;
    rcs_client_free(node, client);
}

void rcs_client_drop(struct rcs_node *node, struct rcs_client *client)
{
    uint32_t link = client->link;
    if (client == node->clients.current) { /* its command still runs */
        rcs_buf_clear(&client->reply);
        client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY | RCS_CLIENT_REPLY_OFF;
        return;
    }
    bool cut = client->cut;
    remove_client(node, client);
    rcs_effect_add(node->out, RCS_EFFECT_CLIENT_CLOSE, link)->status = cut;
}

static void add_messages(struct rcs_client *client)
{
    if (client->messages.size_bytes > 0) {
        rcs_buf_add(&client->reply, client->messages.data, client->messages.size_bytes);
        rcs_buf_clear(&client->messages);
    }
}

void rcs_client_flush(struct rcs_node *node, struct rcs_client *client)
{
    add_messages(client);
    if ((int64_t)(client->reply.size_bytes + client->unwritten_bytes) >=
            node->config.least_output_bytes &&
        rcs_client_overflows(node, client)) {
        rcs_client_cut(client);
    }
    if (client->reply.size_bytes > 0) {
        node->stats.net_output_bytes += client->reply.size_bytes;
        node->stats.writes++;
        client->last_wall_s = rcs_node_unixtime(node); /* Redis 7.0 writeToClient */
        rcs_effect_add(node->out, RCS_EFFECT_CLIENT_REPLY, client->link)->blob =
            rcs_blob_new(node->store, client->reply.data, client->reply.size_bytes);
        rcs_buf_clear(&client->reply);
    }
}

void rcs_client_reset(struct rcs_node *node, struct rcs_client *client)
{
    rcs_transaction_discard(node, client);
    rcs_monitor_end(node, client);
    rcs_tracking_end(node, client);
    rcs_pubsub_forget(client);
    rcs_buf_clear(&client->name);
    client->protocol = 2;
    client->flags &= ~(unsigned)(RCS_CLIENT_ASKING | RCS_CLIENT_READONLY | RCS_CLIENT_REPLY_OFF |
                                 RCS_CLIENT_REPLY_SKIP_NEXT | RCS_CLIENT_SUBSCRIBED |
                                 RCS_CLIENT_NO_TOUCH | RCS_CLIENT_AUTHENTICATED);
    if (client->profile->reset_ends_no_evict) {
        client->flags &= ~(unsigned)RCS_CLIENT_NO_EVICT;
    }
    if (node->config.requirepass[0] == '\0') {
        client->flags |= RCS_CLIENT_AUTHENTICATED;
    }
}

/* --- requests --------------------------------------------------------------------------------- */

static bool held_back(const struct rcs_client *client)
{
    return client->blocked != NULL ||
           (client->flags & (RCS_CLIENT_PAUSED | RCS_CLIENT_IN_SHUTDOWN)) != 0;
}

/* ASKING lives until the next request was processed, but for a whole transaction; CLIENT REPLY SKIP
 * for one request (Redis 7.0 resetClient). */
static void after_request(struct rcs_client *client)
{
    bool was_asking = client->last_command != NULL && strcmp(client->last_command, "asking") == 0;
    if ((client->flags & RCS_CLIENT_MULTI) == 0 && !was_asking) {
        client->flags &= ~(unsigned)RCS_CLIENT_ASKING;
    }
    if (client->track != NULL) {
        const char *family =
            client->last_container != NULL ? client->last_container : client->last_command;
        bool of_client = client->last_command != NULL && strcmp(family, "client") == 0;
        rcs_tracking_request_done(client, of_client);
    }
    client->flags &= ~(unsigned)RCS_CLIENT_REPLY_SKIP;
    if ((client->flags & RCS_CLIENT_REPLY_SKIP_NEXT) != 0) {
        client->flags &= ~(unsigned)RCS_CLIENT_REPLY_SKIP_NEXT;
        client->flags |= RCS_CLIENT_REPLY_SKIP;
    }
}

void rcs_client_request_done(struct rcs_client *client, size_t reply_before)
{
    if ((client->flags & (RCS_CLIENT_REPLY_OFF | RCS_CLIENT_REPLY_SKIP)) != 0 &&
        client->reply.size_bytes > reply_before) {
        client->reply.size_bytes = reply_before;
    }
    add_messages(client);
    after_request(client);
}

static void process(struct rcs_node *node, struct rcs_client *client, struct rcs_request *request)
{
    size_t reply_before = client->reply.size_bytes;
    client->flags &= ~(unsigned)RCS_CLIENT_PAUSED;
    node->clients.current = client;
    rcs_command_process(node, client, request);
    node->clients.current = NULL;
    if (!held_back(client)) {
        rcs_client_request_done(client, reply_before);
    }
}

/* What waited while the client was held back, until it is held back again. */
static void process_held(struct rcs_node *node, struct rcs_client *client)
{
    unsigned done = 0;
    while (done < client->held_count && !held_back(client) && !rcs_migrate_waits(node) &&
           (client->flags & RCS_CLIENT_CLOSE_AFTER_REPLY) == 0) {
        process(node, client, client->held[done]);
        if ((client->flags & RCS_CLIENT_PAUSED) != 0) {
            break; /* this very request waits again */
        }
        rcs_request_release(node->store, client->held[done++]);
    }
    client->held_count -= done;
    if (done > 0) {
        memmove(client->held, client->held + done, client->held_count * sizeof(client->held[0]));
    }
}

static void hold(struct rcs_client *client, struct rcs_request *request)
{
    rcs_requests_add(&client->held, &client->held_count, &client->held_room, request);
}

static bool takes_requests(const struct rcs_node *node, const struct rcs_client *client)
{
    return !held_back(client) && client->held_count == 0 && !rcs_migrate_waits(node) &&
           !node->dead && (client->flags & RCS_CLIENT_CLOSE_AFTER_REPLY) == 0;
}

/* What the reader of a client's bytes has, until the client is held back (Redis 7.0
 * processInputBuffer). */
static void read_requests(struct rcs_node *node, struct rcs_client *client)
{
    const struct rcs_arg *args;
    unsigned argc;
    const char *error;
    while (takes_requests(node, client)) {
        rcs_resp_requests_authenticated(client->reader,
                                        (client->flags & RCS_CLIENT_AUTHENTICATED) != 0);
        enum rcs_err err = rcs_resp_requests_next(client->reader, &args, &argc, &error);
        if (err == RCS_ERR_PROTOCOL) {
            if (error[0] == '\0') { /* POST, Host: what is due is not written any more either */
                rcs_buf_clear(&client->reply);
            }
            rcs_buf_text(&client->reply, error);
            client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY;
        }
        if (err != RCS_OK) {
            client->unread = false;
            return;
        }
        struct rcs_request *request = rcs_request_new(node->store, argc, args);
        process(node, client, request);
        if ((client->flags & RCS_CLIENT_PAUSED) != 0) {
            hold(client, request);
        }
        rcs_request_release(node->store, request);
    }
    client->unread = rcs_resp_requests_left(client->reader) > 0;
}

static void on_open(struct rcs_node *node, const struct rcs_event *event)
{
    struct rcs_clients *clients = &node->clients;
    RCS_ASSERT(rcs_client_find(node, event->link) == NULL);
    /* Redis 7.0 acceptCommonHandler counts two connections for each other node of the cluster. */
    if ((int64_t)clients->count + 2 * ((int64_t)node->cluster.known - 1) >=
        node->config.maxclients) {
        node->stats.rejected_connections++;
        static const char text[] = "-ERR max number of clients + cluster connections reached\r\n";
        rcs_effect_add(node->out, RCS_EFFECT_CLIENT_REPLY, event->link)->blob =
            rcs_blob_new(node->store, text, sizeof(text) - 1);
        rcs_effect_add(node->out, RCS_EFFECT_CLIENT_CLOSE, event->link);
        return;
    }
    if (clients->count == clients->room) {
        clients->room = clients->room == 0 ? 8 : clients->room * 2;
        clients->list = realloc(clients->list, clients->room * sizeof(clients->list[0]));
        RCS_ASSERT(clients->list != NULL);
    }
    struct rcs_client *client = rcs_client_new(node, event->link);
    client->id = clients->next_id++;
    node->stats.connections++;
    client->remote = event->remote;
    if (event->peer != NULL) {
        client->peer = malloc(sizeof(*client->peer));
        RCS_ASSERT(client->peer != NULL);
        *client->peer = *event->peer;
        client->reader = rcs_resp_requests_new();
    }
    client->local = event->local;
    client->flags = node->config.requirepass[0] == '\0' ? RCS_CLIENT_AUTHENTICATED : 0;
    clients->list[clients->count++] = client;
    rcs_client_index_add(&clients->index, client->link, client);
}

static void on_request(struct rcs_node *node, const struct rcs_event *event)
{
    struct rcs_client *client = rcs_client_find(node, event->link);
    if (client == NULL || (client->flags & RCS_CLIENT_CLOSE_AFTER_REPLY) != 0) {
        return; /* sent before it could know that it was cut off */
    }
    client->last_wall_s = rcs_node_unixtime(node);
    if (held_back(client) || client->held_count > 0) {
        hold(client, event->request);
        return;
    }
    process(node, client, event->request);
    if ((client->flags & RCS_CLIENT_PAUSED) != 0) {
        hold(client, event->request);
    }
}

static void on_data(struct rcs_node *node, const struct rcs_event *event)
{
    struct rcs_client *client = rcs_client_find(node, event->link);
    if (client == NULL || (client->flags & RCS_CLIENT_CLOSE_AFTER_REPLY) != 0) {
        return; /* sent before it could know that it was cut off */
    }
    client->last_wall_s = rcs_node_unixtime(node);
    node->stats.reads++;
    node->stats.net_input_bytes += event->data.size_bytes;
    rcs_resp_requests_limit(client->reader, node->config.proto_max_bulk_len_bytes);
    rcs_resp_requests_feed(client->reader, event->data.bytes, event->data.size_bytes);
    if ((int64_t)rcs_resp_requests_left(client->reader) > node->config.query_buffer_bytes) {
        rcs_client_cut(client);
        return;
    }
    read_requests(node, client);
}

static void on_gone(struct rcs_node *node, const struct rcs_event *event)
{
    struct rcs_client *client = rcs_client_find(node, event->link);
    if (client != NULL) {
        remove_client(node, client);
    }
}

void rcs_clients_event(struct rcs_node *node, const struct rcs_event *event)
{
    node->clients.pending = true;
    switch (event->kind) {
    case RCS_EVENT_CLIENT_OPEN:
        on_open(node, event);
        return;
    case RCS_EVENT_CLIENT_REQUEST:
        on_request(node, event);
        return;
    case RCS_EVENT_CLIENT_DATA:
        on_data(node, event);
        return;
    case RCS_EVENT_CLIENT_GONE:
        on_gone(node, event);
        return;
    default:
        RCS_UNREACHABLE("an event that is not of a client");
    }
}

/* --- pauses ----------------------------------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void rcs_clients_pause(struct rcs_node *node, int64_t until_ms, bool all)
{
    struct rcs_clients *clients = &node->clients;
    if (all || clients->pause_all_until_ms != 0) {
        until_ms = later(until_ms, clients->pause_writes_until_ms);
        clients->pause_writes_until_ms = 0;
        clients->pause_all_until_ms = later(clients->pause_all_until_ms, until_ms);
    } else {
        clients->pause_writes_until_ms = later(clients->pause_writes_until_ms, until_ms);
    }
}

void rcs_clients_end_pause(struct rcs_node *node)
{
    node->clients.pause_all_until_ms = 0;
    node->clients.pause_writes_until_ms = 0;
}

void rcs_clients_pause_writes(struct rcs_node *node, int32_t until_ms)
{
    node->clients.failover_pause_until_ms = later(node->clients.failover_pause_until_ms, until_ms);
}

void rcs_clients_unpause(struct rcs_node *node)
{
    node->clients.failover_pause_until_ms = 0;
}

static void end_pause_if_over(int64_t *until_ms, int32_t now_ms)
{
    if (*until_ms != 0 && *until_ms < now_ms) {
        *until_ms = 0;
    }
}

bool rcs_clients_end_pauses(struct rcs_node *node)
{
    struct rcs_clients *clients = &node->clients;
    end_pause_if_over(&clients->pause_all_until_ms, node->now_ms);
    end_pause_if_over(&clients->pause_writes_until_ms, node->now_ms);
    end_pause_if_over(&clients->failover_pause_until_ms, node->now_ms);
    return rcs_clients_any_pause(node);
}

/* --- what the event loop does ----------------------------------------------------------------- */

void rcs_clients_init(struct rcs_node *node)
{
    node->clients = (struct rcs_clients){ .next_id = 1 };
    rcs_blocked_init(node);
}

void rcs_clients_close(struct rcs_node *node)
{
    struct rcs_clients *clients = &node->clients;
    while (clients->count > 0) {
        rcs_client_free(node, clients->list[--clients->count]);
    }
    if (clients->applier != NULL) {
        rcs_client_free(node, clients->applier);
    }
    free(clients->list);
    rcs_client_index_close(&clients->index);
    rcs_blocked_close(node);
    rcs_requests_clear(node->store, clients->stream, &clients->stream_count);
    free(clients->stream);
    *clients = (struct rcs_clients){ 0 };
}

void rcs_clients_cron(struct rcs_node *node)
{
    rcs_blocked_cron(node);
    rcs_clients_paused(node); /* a pause ends at a tick, or at the first command after its time */
    rcs_key_expire_cycle(node);
    if (rcs_client_limits_wanted(node)) {
        rcs_client_limits_tick(node);
    }
}

/* Requests that waited for a pause go through all gates again when the last pause is over, all of
 * them together (Redis 7.0), and are held back again if need be. */
static void process_all_held(struct rcs_node *node)
{
    bool over = !rcs_clients_any_pause(node);
    for (unsigned i = 0; over && i < node->clients.count; i++) {
        node->clients.list[i]->flags &= ~(unsigned)RCS_CLIENT_PAUSED;
    }
    for (unsigned i = 0; i < node->clients.count;) {
        unsigned count = node->clients.count;
        struct rcs_client *client = node->clients.list[i];
        node->clients.released = false;
        process_held(node, client);
        if (node->clients.count == count && client->unread) {
            read_requests(node, client);
        }
        /* A command may drop other connections, and end the waiting of other clients. */
        i = node->clients.count == count && !node->clients.released ? i + 1 : 0;
    }
}

/* What the clients ask of the end of a turn. */
struct wants {
    bool held;   /* requests that waited */
    bool output; /* replies to write, connections to close */
};

static struct wants look_at_all(const struct rcs_clients *clients)
{
    struct wants wants = { false, false };
    for (unsigned i = 0; i < clients->count; i++) {
        const struct rcs_client *client = clients->list[i];
        wants.held |= client->held_count > 0 || client->unread;
        wants.output |= client->reply.size_bytes > 0 || client->messages.size_bytes > 0 ||
                        (client->flags & RCS_CLIENT_CLOSE_AFTER_REPLY) != 0;
    }
    return wants;
}

RCS_APART static void write_replies(struct rcs_node *node)
{
    for (unsigned i = 0; i < node->clients.count;) {
        struct rcs_client *client = node->clients.list[i];
        rcs_client_flush(node, client);
        if ((client->flags & RCS_CLIENT_CLOSE_AFTER_REPLY) != 0) {
            rcs_client_drop(node, client);
        } else {
            i++;
        }
    }
}

/* True: somebody still waits for the end of another turn. */
RCS_APART static bool serve_those_who_wait(struct rcs_node *node)
{
    struct rcs_clients *clients = &node->clients;
    rcs_blocked_acked(node);
    if (node->tracking != NULL) {
        rcs_tracking_before_sleep(node);
    }
    struct wants wants = look_at_all(clients);
    if (wants.held) {
        process_all_held(node);
        wants = look_at_all(clients);
    }
    if (clients->ask_acks && !rcs_clients_paused(node)) {
        clients->ask_acks = false;
        rcs_repl_ask_acks(node);
        wants = look_at_all(clients);
    }
    if (wants.output) {
        write_replies(node);
    }
    clients->pending = wants.held;
    return wants.held || clients->waiting_acks > 0 || clients->ask_acks;
}

RCS_HOT bool rcs_clients_before_sleep(struct rcs_node *node)
{
    const struct rcs_clients *clients = &node->clients;
    bool waiting = false;
    if (clients->pending || clients->ask_acks || clients->waiting_acks > 0) {
        waiting = serve_those_who_wait(node);
    } else {
#ifndef NDEBUG /* who wrote to a client and did not say so is found by the tests */
        struct wants missed = look_at_all(clients);
        RCS_ASSERT(!missed.held && !missed.output);
#endif
    }
    return waiting || clients->next_timeout_ms != 0;
}
