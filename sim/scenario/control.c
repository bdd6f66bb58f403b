/* Connections of the control port: requests in, one after the other; orders to the run. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/config.h"
#include "sim/scenario/control_parts.h"
#include "sim/scenario/run_parts.h"

#include "sim/pure.h"

/* --- beginning and end ------------------------------------------------------------------------ */

struct rcs_control *rcs_control_new(struct rcs_run *run, struct rcs_kept_trace *kept,
                                    const struct rcs_control_host *host)
{
    struct rcs_control *control = calloc(1, sizeof(*control));
    RCS_ASSERT(control != NULL);
    control->run = run;
    control->kept = kept;
    control->host = *host;
    return control;
}

static size_t bytes_of(const struct rcs_control_words *words)
{
    size_t size_bytes = words->argc * sizeof(words->args[0]);
    for (unsigned i = 0; i < words->argc; i++) {
        size_bytes += words->args[i].size_bytes;
    }
    return size_bytes;
}

static void free_words(struct rcs_control_words *words)
{
    for (unsigned i = 0; i < words->argc; i++) {
        free((char *)(uintptr_t)words->args[i].bytes);
    }
    free(words->args);
}

static void client_free(struct rcs_control_client *client)
{
    for (struct rcs_control_pending *p = client->control->pending; p != NULL; p = p->next) {
        p->client = p->client == client ? NULL : p->client;
    }
    for (unsigned i = 0; i < client->queue_count; i++) {
        free_words(&client->queue[i]);
    }
    free(client->queue);
    rcs_resp_requests_free(client->reader);
    rcs_buf_close(&client->out);
    rcs_buf_close(&client->refusal);
    free(client);
}

void rcs_control_close(struct rcs_control_client *client)
{
    struct rcs_control_client **at = &client->control->clients;
    const struct rcs_control_host *host = &client->control->host;
    RCS_ASSERT(!client->busy);
    if (host->gone != NULL) {
        host->gone(host->arg, client);
    }
    while (*at != client) {
        at = &(*at)->next;
    }
    *at = client->next;
    client_free(client);
}

void rcs_control_free(struct rcs_control *control)
{
    if (control == NULL) {
        return;
    }
    while (control->clients != NULL) {
        struct rcs_control_client *client = control->clients;
        control->clients = client->next;
        client_free(client);
    }
    while (control->pending != NULL) { /* the server ended before they were over */
        struct rcs_control_pending *pending = control->pending;
        control->pending = pending->next;
        free(pending);
    }
    free(control);
}

struct rcs_control_client *rcs_control_open(struct rcs_control *control,
                                            rcs_control_reply_fn *reply, void *arg)
{
    struct rcs_control_client *client = calloc(1, sizeof(*client));
    RCS_ASSERT(client != NULL);
    client->control = control;
    client->reply = reply;
    client->arg = arg;
    client->id = ++control->last_id;
    client->reader = rcs_resp_requests_new();
    rcs_buf_init(&client->out);
    rcs_buf_init(&client->refusal);
    client->next = control->clients;
    control->clients = client;
    return client;
}

bool rcs_control_is_resp3(const struct rcs_control_client *client)
{
    return client->resp3;
}

/* --- answers ---------------------------------------------------------------------------------- */

void rcs_control_error(struct rcs_control_client *client, const char *format, ...)
{
    char text[1024];
    struct rcs_buf line;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    rcs_buf_init(&line);
    rcs_buf_format(&line, "ERR %s", text);
    rcs_resp_error_raw(&client->out, line.data);
    rcs_buf_close(&line);
}

void rcs_control_lines(struct rcs_control_client *client, const char *text, size_t size_bytes)
{
    size_t lines = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        lines += text[i] == '\n' || i + 1 == size_bytes;
    }
    if (lines == 0) {
        rcs_resp_status(&client->out, "OK");
        return;
    }
    if (lines > 1) {
        rcs_resp_array(&client->out, lines);
    }
    while (size_bytes > 0) {
        const char *end = memchr(text, '\n', size_bytes);
        size_t line_bytes = end == NULL ? size_bytes : (size_t)(end - text);
        rcs_resp_bulk(&client->out, text, line_bytes);
        line_bytes += end != NULL;
        text += line_bytes;
        size_bytes -= line_bytes;
    }
}

static void send_answer(struct rcs_control_client *client)
{
    if (client->out.size_bytes > 0 || client->closing) {
        client->full = !client->reply(client->arg, client->out.data == NULL ? "" : client->out.data,
                                      client->out.size_bytes, client->closing);
        rcs_buf_clear(&client->out);
    }
}

/* --- what takes time -------------------------------------------------------------------------- */

struct rcs_control_pending *rcs_control_wait(struct rcs_control_client *client)
{
    struct rcs_control_pending *pending = calloc(1, sizeof(*pending));
    RCS_ASSERT(pending != NULL);
    pending->control = client->control;
    pending->client = client;
    pending->next = client->control->pending;
    client->control->pending = pending;
    client->waits = true;
    return pending;
}

static void go_on(struct rcs_control_client *client);

void rcs_control_told(struct rcs_control_pending *pending, const char *error, const char *text,
                      size_t size_bytes)
{
    struct rcs_control_client *client = pending->client;
    struct rcs_control_pending **at = &pending->control->pending;
    while (*at != pending) {
        at = &(*at)->next;
    }
    *at = pending->next;
    free(pending);
    if (client == NULL || client->closing) {
        return; /* it left, or its last answer was given */
    }
    if (error != NULL) {
        rcs_control_error(client, "%s", error);
    } else {
        rcs_control_lines(client, text, size_bytes);
    }
    client->waits = false;
    go_on(client);
}

void rcs_control_answer(struct rcs_control_client *client, const char *bytes, size_t size_bytes)
{
    RCS_ASSERT(client->waits);
    client->waits = false;
    if (!client->closing) {
        rcs_buf_add(&client->out, bytes, size_bytes);
        go_on(client);
    }
}

void rcs_control_push(struct rcs_control_client *client, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(&client->out, bytes, size_bytes);
    if (!client->busy) {
        send_answer(client);
    }
}

/* --- orders to the run ------------------------------------------------------------------------ */

static void on_order_done(void *arg, bool success, const char *text, size_t size_bytes)
{
    char error[1024];
    snprintf(error, sizeof(error), "%.*s", (int)(size_bytes < 1000 ? size_bytes : 1000), text);
    rcs_control_told(arg, success ? NULL : error, text, size_bytes);
}

/* Who shouts KILL means kill: some client libraries write the first word in capitals. */
static void add_first(struct rcs_buf *line, const char *word, size_t size_bytes)
{
    bool shouted = size_bytes > 0 && memchr(word, '>', size_bytes) == NULL;
    for (size_t i = 0; i < size_bytes; i++) {
        shouted &= word[i] < 'a' || word[i] > 'z';
    }
    for (size_t i = 0; i < size_bytes; i++) {
        char c = word[i];
        c = (char)(shouted && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        rcs_buf_add(line, &c, 1);
    }
}

/* One word is a line as it stands; of several each is a word of it. */
static void make_line(struct rcs_buf *line, unsigned argc, const struct rcs_arg *args)
{
    const char *blank =
        argc > 1 || args[0].size_bytes == 0 ? NULL : memchr(args[0].bytes, ' ', args[0].size_bytes);
    size_t first = blank == NULL ? args[0].size_bytes : (size_t)(blank - args[0].bytes);
    add_first(line, args[0].bytes, first);
    if (argc == 1) {
        rcs_buf_add(line, args[0].bytes + first, args[0].size_bytes - first);
    }
    for (unsigned i = 1; i < argc; i++) {
        struct rcs_word word = {
            .text = args[i].bytes,
            .size_bytes = args[i].size_bytes,
            .quoted = args[i].size_bytes > 0 && args[i].bytes[0] == '#',
        };
        rcs_buf_text(line, " ");
        rcs_words_print(line, &word, 0, 1);
    }
}

/* Its first word is none that an order of the language can begin with. */
static bool is_unknown(const struct rcs_buf *line, char first[64])
{
    size_t from = 0, size = 0;
    while (from < line->size_bytes && line->data[from] == ' ') {
        from++;
    }
    while (from + size < line->size_bytes && line->data[from + size] != ' ' && size < 63) {
        first[size] = line->data[from + size];
        size++;
    }
    first[size] = '\0';
    return size > 0 && strchr(first, '>') == NULL && strchr("\"'#=}", first[0]) == NULL &&
           strspn(first, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
               size &&
           rcs_verb_find(first) == NULL && !rcs_config_known(first);
}

static void refuse(struct rcs_control_client *client, const char *word)
{
    const char *words[64], *near;
    unsigned count = 0;
    const struct rcs_control_order *row;
    for (unsigned i = 0; (row = rcs_control_order_row(i)) != NULL; i++) {
        RCS_ASSERT(count < 63);
        words[count++] = row->word;
    }
    words[count] = NULL;
    near = rcs_verb_nearest(word);
    near = near != NULL ? near : rcs_lex_nearest(word, words);
    near = near != NULL ? near : rcs_config_nearest(word);
    if (near != NULL) {
        rcs_control_error(client, "no order \"%s\" (did you mean %s?)", word, near);
    } else {
        rcs_control_error(client, "no order \"%s\" (HELP lists them)", word);
    }
}

static void give_order(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf line;
    char first[64];
    rcs_buf_init(&line);
    make_line(&line, argc, args);
    if (line.size_bytes > RCS_CONTROL_ORDER_MAX) {
        rcs_control_error(client, "an order is at most %zu bytes long", RCS_CONTROL_ORDER_MAX);
    } else if (is_unknown(&line, first)) {
        refuse(client, first);
    } else {
        struct rcs_control_pending *pending = rcs_control_wait(client);
        if (rcs_run_order(client->control->run, line.data == NULL ? "" : line.data, line.size_bytes,
                          on_order_done, pending, &diag) != RCS_OK) {
            char error[600];
            snprintf(error, sizeof(error), "%s:%d:%d: %s", diag.source, diag.line, diag.column,
                     diag.text);
            rcs_control_told(pending, error, NULL, 0);
        }
    }
    rcs_buf_close(&line);
}

/* --- requests --------------------------------------------------------------------------------- */

static void carry_out(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    const struct rcs_control_host *host = &client->control->host;
    if (host->request != NULL) {
        client->waits = true;
        if (host->request(host->arg, client, argc, args)) {
            return;
        }
        client->waits = false;
    }
    const struct rcs_control_order *own = rcs_control_order_find(&args[0]);
    if (own == NULL) {
        give_order(client, argc, args);
    } else if (argc < own->argc_min || argc > own->argc_max) {
        rcs_control_error(client, "wrong number of words: %s", own->usage);
    } else {
        own->carry_out(client, argc, args);
    }
}

static bool may_go_on(const struct rcs_control_client *client)
{
    return !client->waits && !client->full && !client->closing;
}

/* Requests as far as they go without time passing, and as far as their answers are read. */
static void carry_out_queued(struct rcs_control_client *client)
{
    client->busy = true;
    unsigned taken = 0;
    while (may_go_on(client) && taken < client->queue_count) {
        struct rcs_control_words words = client->queue[taken++];
        client->queue_bytes -= bytes_of(&words);
        carry_out(client, words.argc, words.args);
        free_words(&words);
        if (client->out.size_bytes >= RCS_CONTROL_ANSWER_MIN && !client->closing) {
            send_answer(client);
        }
    }
    if (taken > 0) {
        client->queue_count -= taken;
        memmove(client->queue, client->queue + taken,
                client->queue_count * sizeof(client->queue[0]));
    }
    client->busy = false;
}

static void queue(struct rcs_control_client *client, unsigned argc, const struct rcs_arg *args)
{
    if (client->queue_count == client->queue_room) {
        client->queue_room = client->queue_room == 0 ? 4 : client->queue_room * 2;
        client->queue = realloc(client->queue, client->queue_room * sizeof(client->queue[0]));
        RCS_ASSERT(client->queue != NULL);
    }
    struct rcs_control_words *words = &client->queue[client->queue_count++];
    *words = (struct rcs_control_words){ calloc(argc, sizeof(args[0])), argc };
    RCS_ASSERT(words->args != NULL);
    for (unsigned i = 0; i < argc; i++) {
        words->args[i] =
            (struct rcs_arg){ rcs_run_copy(args[i].bytes, args[i].size_bytes), args[i].size_bytes };
    }
    client->queue_bytes += bytes_of(words);
}

static bool queue_is_full(const struct rcs_control_client *client)
{
    return client->queue_count >= RCS_CONTROL_QUEUE_MAX ||
           client->queue_bytes >= RCS_CONTROL_QUEUE_BYTES_MAX;
}

/* Requests that came whole are queued, as long as the answers are read: what its bytes ask beyond
 * that is not looked at before. */
static void take_requests(struct rcs_control_client *client)
{
    const struct rcs_arg *args;
    unsigned argc;
    const char *error = "";
    enum rcs_err err = RCS_OK;
    while (!client->closing && !client->broken && !client->full && !queue_is_full(client) &&
           (err = rcs_resp_requests_next(client->reader, &args, &argc, &error)) == RCS_OK) {
        queue(client, argc, args);
        carry_out_queued(client);
    }
    if (client->closing) {
        return;
    }
    if (queue_is_full(client)) {
        rcs_buf_text(&client->out, "-ERR too many requests wait for one that takes time\r\n");
        client->closing = true;
    } else if (err == RCS_MORE &&
               rcs_resp_requests_left(client->reader) > RCS_CONTROL_REQUEST_MAX) {
        rcs_buf_format(&client->refusal, "-ERR a request is at most %zu bytes long\r\n",
                       RCS_CONTROL_REQUEST_MAX);
        client->broken = true;
    } else if (err != RCS_MORE && err != RCS_OK) {
        rcs_buf_text(&client->refusal, error);
        client->broken = true;
    }
}

static void go_on(struct rcs_control_client *client)
{
    if (!client->busy) {
        carry_out_queued(client);
        take_requests(client);
        if (client->broken && may_go_on(client)) {
            rcs_buf_add(&client->out, client->refusal.data, client->refusal.size_bytes);
            client->closing = true;
        }
        send_answer(client);
    }
}

void rcs_control_feed(struct rcs_control_client *client, const void *bytes, size_t size_bytes)
{
    if (!client->closing && !client->broken) {
        rcs_resp_requests_feed(client->reader, bytes, size_bytes);
        go_on(client);
    }
}

void rcs_control_taken(struct rcs_control_client *client)
{
    client->full = false;
    if (!client->closing) {
        go_on(client);
    }
}
