#include "sim/node/migrate.h"

#include <stdlib.h>

#include "sim/keys/dump.h"
#include "sim/node/command_rows.h"
#include "sim/node/migrate_socket.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

#define TIMEOUT_MS_DEFAULT 1000
#define TIMEOUT_MS_LEAST   10 /* of a read or a write (Redis 7.0 SYNCIO__RESOLUTION) */

/* --- what is kept between commands ------------------------------------------------------------ */

/* What a MIGRATE does, step by step. A connect whose time is over counts as done, as in Redis: the
 * first write then fails, when its own time is over. */
enum stage { CONNECT, WRITE_UNCONNECTED, READ };

struct migration {
    struct rcs_client *client; /* cannot go while the node waits */
    struct rcs_request *request;
    bool copy, replace;
    const struct rcs_arg *user, *password; /* NULL none */
    int64_t database, timeout_ms;
    unsigned *keys; /* arguments that are keys and here, in their order */
    unsigned key_count;
    bool may_retry; /* with a new connection, once */
    bool silent;    /* CLIENT REPLY OFF */
    /* of the attempt under way */
    enum stage stage;
    uint32_t link;
    bool waited; /* for anything: the node is blocked */
    bool reads_auth, reads_select, prelude_refused;
    unsigned replies; /* of keys */
    bool refused;     /* the target replied with an error, which stands in `error` */
    struct rcs_buf error;
    struct rcs_arg *moved; /* "DEL" and the keys that were taken over */
    unsigned moved_count;
};

struct rcs_migrate {
    struct rcs_migrate_sockets sockets;
    struct migration *under_way; /* NULL none */
};

static struct rcs_migrate *state_of(struct rcs_node *node)
{
    if (node->migrate == NULL) {
        node->migrate = calloc(1, sizeof(*node->migrate));
        RCS_ASSERT(node->migrate != NULL);
        node->migrate->sockets.next_link = 1;
    }
    return node->migrate;
}

bool rcs_migrate_waits(const struct rcs_node *node)
{
    return node->migrate != NULL && node->migrate->under_way != NULL;
}

void rcs_migrate_cron(struct rcs_node *node)
{
    if (node->migrate != NULL) {
        rcs_migrate_sockets_close_idle(node, &node->migrate->sockets);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static void free_migration(struct rcs_node *node, struct migration *job)
{
    rcs_request_release(node->store, job->request);
    rcs_buf_close(&job->error);
    free(job->keys);
    free(job->moved);
    free(job);
}

unsigned rcs_migrate_sockets(const struct rcs_node *node)
{
    return node->migrate == NULL ? 0 : node->migrate->sockets.count;
}

void rcs_migrate_close(struct rcs_node *node)
{
    struct rcs_migrate *migrate = node->migrate;
    if (migrate == NULL) {
        return;
    }
    if (migrate->under_way != NULL) {
        free_migration(node, migrate->under_way);
    }
    rcs_migrate_sockets_free(&migrate->sockets);
    free(migrate);
    node->migrate = NULL;
}

/* Replies, and the keys that went are deleted on the replicas, too. */
static void finish(struct rcs_node *node, const char *error)
{
    struct migration *job = node->migrate->under_way;
    struct rcs_client *client = job->client;
    node->migrate->under_way = NULL;
    if (job->waited) {
        rcs_effect_add(node->out, RCS_EFFECT_UNBLOCK, 0);
    }
    size_t reply_before = client->reply.size_bytes;
    node->clients.pending = true;
    if (error != NULL) {
        rcs_refuse(client, error);
    } else {
        rcs_reply_ok(client);
    }
    if (job->silent) {
        client->reply.size_bytes = reply_before;
    }
    if (job->moved_count > 1) {
        struct rcs_call call = { .node = node };
        rcs_call_replicate(&call, job->moved_count, job->moved);
        rcs_call_propagate(node, false);
    }
    client->write_offset = node->repl.offset;
    free_migration(node, job);
}

/* --- one attempt ------------------------------------------------------------------------------ */

static void wait_for(struct rcs_node *node, int64_t ms)
{
    node->migrate->under_way->waited = true;
    rcs_effect_add(node->out, RCS_EFFECT_BLOCK, 0)->duration_us = RCS_MS(ms);
}

static int64_t io_timeout_ms(const struct migration *job)
{
    return job->timeout_ms < TIMEOUT_MS_LEAST ? TIMEOUT_MS_LEAST : job->timeout_ms;
}

static void attempt(struct rcs_node *node);

/* The socket is of no use any more. A kept one is often closed by its other end, so that a new one
 * is tried, if nothing was replied and no time is lost (Redis 7.0 migrateCommand, socket_err). */
static void socket_failed(struct rcs_node *node, bool writing, bool timed_out)
{
    struct migration *job = node->migrate->under_way;
    struct rcs_migrate_sockets *sockets = &node->migrate->sockets;
    rcs_migrate_socket_close(node, sockets, rcs_migrate_socket_of(sockets, job->link));
    if (job->may_retry && !timed_out && !job->refused && job->replies == 0) {
        job->may_retry = false;
        attempt(node);
    } else if (job->refused) {
        rcs_buf_add(&job->error, "", 1);
        finish(node, job->error.data);
    } else {
        finish(node, writing ? "-IOERR error or timeout writing to target instance"
                             : "-IOERR error or timeout reading to target instance");
    }
}

/* The first error counts; one that answered AUTH or SELECT counts for every key. */
static void note_error(struct migration *job, const char *line, size_t size_bytes)
{
    if (job->error.size_bytes == 0) {
        rcs_buf_text(&job->error, "Target instance replied with error: ");
        rcs_buf_add(&job->error, line + 1, size_bytes - 1);
    }
}

static void key_moved(struct rcs_node *node, struct migration *job, const struct rcs_arg *key)
{
    struct rcs_call call = { .node = node };
    struct rcs_entry *entry = rcs_keyspace_find(node->keys, key->bytes, key->size_bytes);
    if (entry != NULL) { /* it may have been named twice */
        rcs_key_delete(&call, entry);
        rcs_notify(&call, RCS_NOTIFY_GENERIC, "del", key);
    }
    rcs_call_changed(&call, 1);
    job->moved[job->moved_count++] = *key;
}

static void take_line(struct rcs_node *node, struct migration *job, const char *line,
                      size_t size_bytes)
{
    bool error = size_bytes > 0 && line[0] == '-';
    if (error) {
        note_error(job, line, size_bytes);
    }
    if (job->reads_auth || job->reads_select) {
        job->prelude_refused |= error;
        if (job->reads_auth) {
            job->reads_auth = false;
        } else {
            job->reads_select = false;
        }
        return;
    }
    const struct rcs_arg *key = &job->request->args[job->keys[job->replies++]];
    if (error || job->prelude_refused) {
        job->refused = true;
    } else if (!job->copy) {
        key_moved(node, job, key);
    }
}

static bool all_read(const struct migration *job)
{
    return !job->reads_auth && !job->reads_select && job->replies == job->key_count;
}

static void read_replies(struct rcs_node *node)
{
    struct migration *job = node->migrate->under_way;
    struct rcs_migrate_socket *socket = rcs_migrate_socket_of(&node->migrate->sockets, job->link);
    const char *line;
    size_t size_bytes, read_before = socket->input_read;
    while (!all_read(job) && (line = rcs_migrate_socket_line(socket, &size_bytes)) != NULL) {
        take_line(node, job, line, size_bytes);
    }
    if (all_read(job)) {
        socket->database = job->refused ? RCS_NO_DATABASE : job->database;
        if (job->refused) {
            rcs_buf_add(&job->error, "", 1);
        }
        finish(node, job->refused ? job->error.data : NULL);
    } else if (socket->state != RCS_TARGET_CONNECTED) {
        socket_failed(node, false, socket->state == RCS_TARGET_TIMED_OUT);
    } else if (socket->input.size_bytes > read_before || job->stage != READ) {
        job->stage = READ; /* the time begins again with each byte */
        wait_for(node, io_timeout_ms(job));
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static void send_words(struct rcs_node *node, uint32_t link, unsigned argc,
                       const struct rcs_arg *args)
{
    rcs_effect_add(node->out, RCS_EFFECT_TARGET_REQUEST, link)->request =
        rcs_request_new(node->store, argc, args);
}

static void send_number(struct rcs_node *node, uint32_t link, const char *command, int64_t number)
{
    char text[RCS_DECIMAL_MAX];
    struct rcs_arg words[] = { rcs_arg_of(command),
                               { text, (uint32_t)rcs_decimal_write(text, number) } };
    send_words(node, link, 2, words);
}

static void send_key(struct rcs_node *node, const struct migration *job,
                     const struct rcs_entry *entry, int64_t ttl_ms)
{
    char number[RCS_DECIMAL_MAX];
    struct rcs_buf payload;
    rcs_buf_init(&payload);
    rcs_value_dump(entry->value, (unsigned)rcs_node_profile(node)->rdb_version, &payload);
    struct rcs_arg words[] = {
        rcs_arg_of("RESTORE-ASKING"),
        { entry->key, entry->item.key_bytes },
        { number, (uint32_t)rcs_decimal_write(number, ttl_ms) },
        { payload.data, (uint32_t)payload.size_bytes },
        rcs_arg_of("REPLACE"),
    };
    send_words(node, job->link, job->replace ? 5 : 4, words);
    rcs_buf_close(&payload);
}

/* Keys whose time ended since they were looked up stay behind. */
static void send_keys(struct rcs_node *node, struct migration *job)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < job->key_count; i++) {
        const struct rcs_arg *key = &job->request->args[job->keys[i]];
        const struct rcs_entry *entry = rcs_keyspace_find(node->keys, key->bytes, key->size_bytes);
        int64_t ttl_ms = 0;
        RCS_ASSERT(entry != NULL); /* nothing happens while the node waits */
        if (entry->expire_ms != RCS_NO_EXPIRE) {
            ttl_ms = entry->expire_ms - rcs_node_wall_ms(node);
            if (ttl_ms < 0) {
                continue;
            }
            ttl_ms = ttl_ms < 1 ? 1 : ttl_ms;
        }
        job->keys[kept++] = job->keys[i];
        send_key(node, job, entry, ttl_ms);
    }
    job->key_count = kept;
}

/* Everything at once: a write to a connection never waits here. */
static void write_commands(struct rcs_node *node)
{
    struct migration *job = node->migrate->under_way;
    struct rcs_migrate_socket *socket = rcs_migrate_socket_of(&node->migrate->sockets, job->link);
    rcs_buf_clear(&socket->input);
    socket->input_read = 0;
    job->reads_auth = job->password != NULL;
    job->reads_select = socket->database != job->database;
    if (job->password != NULL) {
        struct rcs_arg words[3] = { rcs_arg_of("AUTH"), *job->password };
        if (job->user != NULL) {
            words[1] = *job->user;
            words[2] = *job->password;
        }
        send_words(node, job->link, job->user != NULL ? 3 : 2, words);
    }
    if (job->reads_select) {
        send_number(node, job->link, "SELECT", job->database);
    }
    send_keys(node, job);
    read_replies(node);
}

static void attempt(struct rcs_node *node)
{
    struct migration *job = node->migrate->under_way;
    struct rcs_migrate_socket *socket = rcs_migrate_socket_get(
        node, &node->migrate->sockets, &job->request->args[1], &job->request->args[2]);
    if (socket == NULL) {
        finish(node, "-IOERR error or timeout connecting to the client");
        return;
    }
    job->link = socket->link;
    job->stage = CONNECT;
    job->prelude_refused = false;
    rcs_buf_clear(&job->error);
    switch (socket->state) {
    case RCS_TARGET_CONNECTING:
        wait_for(node, job->timeout_ms);
        break;
    case RCS_TARGET_CONNECTED:
        write_commands(node);
        break;
    case RCS_TARGET_REFUSED:
    case RCS_TARGET_TIMED_OUT:
    case RCS_TARGET_ENDED: /* while it was not in use */
        socket_failed(node, false, false);
        break;
    }
}

/* --- what comes in ---------------------------------------------------------------------------- */

static void time_over(struct rcs_node *node)
{
    struct migration *job = node->migrate->under_way;
    switch (job->stage) {
    case CONNECT:
        job->stage = WRITE_UNCONNECTED;
        wait_for(node, io_timeout_ms(job));
        break;
    case WRITE_UNCONNECTED:
        socket_failed(node, true, true);
        break;
    case READ:
        socket_failed(node, false, true);
        break;
    }
}

void rcs_migrate_event(struct rcs_node *node, const struct rcs_event *event)
{
    struct rcs_migrate *migrate = node->migrate;
    if (event->kind == RCS_EVENT_BLOCK_OVER) {
        RCS_ASSERT(rcs_migrate_waits(node));
        time_over(node);
        return;
    }
    struct rcs_migrate_socket *socket =
        migrate == NULL ? NULL : rcs_migrate_socket_of(&migrate->sockets, event->link);
    if (socket == NULL) {
        return; /* closed while this was on its way */
    }
    rcs_migrate_socket_note(socket, event);
    const struct migration *job = migrate->under_way;
    if (job == NULL || job->link != event->link) {
        return;
    }
    if (job->stage == READ) {
        read_replies(node);
    } else if (socket->state == RCS_TARGET_CONNECTED) {
        write_commands(node);
    } else {
        socket_failed(node, true, socket->state == RCS_TARGET_TIMED_OUT);
    }
}

/* --- the command ------------------------------------------------------------------------------ */

/* Index of the first key, 0: an error was replied. */
static unsigned read_options(struct rcs_call *call, struct migration *job)
{
    for (unsigned i = 6; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        unsigned more = call->argc - 1 - i;
        if (rcs_arg_is(word, "copy")) {
            job->copy = true;
        } else if (rcs_arg_is(word, "replace")) {
            job->replace = true;
        } else if (rcs_arg_is(word, "auth") && more >= 1) {
            job->password = &call->args[++i];
        } else if (rcs_arg_is(word, "auth2") && more >= 2) {
            job->user = &call->args[++i];
            job->password = &call->args[++i];
        } else if (rcs_arg_is(word, "keys")) {
            if (call->args[3].size_bytes != 0) {
                rcs_refuse(call->client, "When using MIGRATE KEYS option, the key argument must "
                                         "be set to the empty string");
                return 0;
            }
            return i + 1;
        } else {
            rcs_refuse(call->client, "syntax error");
            return 0;
        }
    }
    return 3;
}

/* Those that are here, of the `count` from `first` on. */
static void find_keys(struct rcs_call *call, struct migration *job, unsigned first, unsigned count)
{
    job->keys = malloc((count + 1) * sizeof(job->keys[0]));
    job->moved = malloc((count + 1) * sizeof(job->moved[0]));
    RCS_ASSERT(job->keys != NULL && job->moved != NULL);
    for (unsigned i = first; i < first + count; i++) {
        if (rcs_key_read(call, &call->args[i]) != NULL) {
            job->keys[job->key_count++] = i;
        }
    }
    job->moved[job->moved_count++] = rcs_arg_of("DEL");
}

/* False: a reply was given. */
static bool prepare(struct rcs_call *call, struct migration *job)
{
    unsigned first = read_options(call, job);
    if (first == 0 || !rcs_arg_i64_or_refuse(call->client, &call->args[5], &job->timeout_ms) ||
        !rcs_arg_i64_or_refuse(call->client, &call->args[4], &job->database)) {
        return false;
    }
    if (job->timeout_ms <= 0) {
        job->timeout_ms = TIMEOUT_MS_DEFAULT;
    }
    job->timeout_ms = job->timeout_ms > INT32_MAX ? INT32_MAX : job->timeout_ms;
    find_keys(call, job, first, first == 3 ? 1 : call->argc - first);
    if (job->key_count == 0) {
        rcs_resp_status(call->out, "NOKEY");
        return false;
    }
    if ((call->client->flags & RCS_CLIENT_MULTI) != 0) {
        rcs_refuse(call->client, "rcsim does not model MIGRATE inside MULTI");
        return false;
    }
    return true;
}

static void run_migrate(struct rcs_call *call)
{
    struct migration *job = calloc(1, sizeof(*job));
    RCS_ASSERT(job != NULL);
    call->request->refs++;
    job->request = call->request;
    job->client = call->client;
    job->may_retry = true;
    job->silent = (call->client->flags & (RCS_CLIENT_REPLY_OFF | RCS_CLIENT_REPLY_SKIP)) != 0;
    rcs_buf_init(&job->error);
    rcs_call_replicate(call, 0, NULL); /* what is to be replicated is said when it is known */
    if (!prepare(call, job)) {
        free_migration(call->node, job);
        return;
    }
    struct rcs_migrate *migrate = state_of(call->node);
    RCS_ASSERT(migrate->under_way == NULL);
    migrate->under_way = job;
    attempt(call->node);
}

/* clang-format off */
#define MOVED_KEY RW | ACCESS | DELETE
const struct rcs_command rcs_migrate_commands[] = {
    { "migrate", run_migrate, -6, WRITE | MOVABLE_KEYS | MOVES_KEYS, CATEGORY(KEYSPACE) | CATEGORY(DANGEROUS),
      { { 3, 0, 1, MOVED_KEY, NULL, 0, NULL },
        { -2, -1, 1, MOVED_KEY | INCOMPLETE, "keys", 0, NULL } },
      "nondeterministic_output", NULL },
    END_OF_COMMANDS
};
/* clang-format on */
