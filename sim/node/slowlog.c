/* SLOWLOG: its entries and its command. */
#include "sim/node/slowlog.h"

#include <stdlib.h>
#include <string.h>

#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/help.h"
#include "sim/node/monitor.h"

#include "sim/pure.h"

/* Redis 7.0 SLOWLOG_ENTRY_MAX_ARGC, SLOWLOG_ENTRY_MAX_STRING */
#define WORDS_MAX 32
#define WORD_MAX  128

static void entry_free(struct rcs_slow_entry *entry)
{
    rcs_buf_close(&entry->args);
    rcs_buf_close(&entry->peer);
    rcs_buf_close(&entry->name);
    free(entry);
}

void rcs_slowlog_clear(struct rcs_slowlog *log)
{
    while (log->count > 0) {
        entry_free(log->list[--log->count]);
    }
}

void rcs_slowlog_close(struct rcs_slowlog *log)
{
    rcs_slowlog_clear(log);
    free(log->list);
    *log = (struct rcs_slowlog){ 0 };
}

static void drop_oldest(struct rcs_slowlog *log)
{
    entry_free(log->list[0]);
    memmove(&log->list[0], &log->list[1], --log->count * sizeof(log->list[0]));
}

static void add_word(struct rcs_buf *out, struct rcs_arg word)
{
    struct rcs_buf text;
    if (word.size_bytes <= WORD_MAX) {
        rcs_resp_bulk(out, word.bytes, word.size_bytes);
        return;
    }
    rcs_buf_init(&text);
    rcs_buf_add(&text, word.bytes, WORD_MAX);
    rcs_buf_format(&text, "... (%u more bytes)", (unsigned)word.size_bytes - WORD_MAX);
    rcs_resp_bulk(out, text.data, text.size_bytes);
    rcs_buf_close(&text);
}

static struct rcs_slow_entry *entry_new(struct rcs_node *node, struct rcs_client *client,
                                        const struct rcs_request *request, int64_t took_us)
{
    struct rcs_slow_entry *entry = calloc(1, sizeof(*entry));
    RCS_ASSERT(entry != NULL);
    *entry =
        (struct rcs_slow_entry){ .id = node->slowlog.next_id++,
                                 .at_s = rcs_node_unixtime(node),
                                 .took_us = took_us,
                                 .argc = request->argc < WORDS_MAX ? request->argc : WORDS_MAX };
    rcs_buf_init(&entry->args);
    rcs_buf_init(&entry->peer);
    rcs_buf_init(&entry->name);
    for (unsigned i = 0; i < entry->argc; i++) {
        if (request->argc > WORDS_MAX && i == WORDS_MAX - 1) {
            struct rcs_buf more;
            rcs_buf_init(&more);
            rcs_buf_format(&more, "... (%u more arguments)", request->argc - WORDS_MAX + 1);
            rcs_resp_bulk(&entry->args, more.data, more.size_bytes);
            rcs_buf_close(&more);
        } else {
            add_word(&entry->args, rcs_shown_arg(request, i));
        }
    }
    rcs_client_peer(node, client, &entry->peer);
    rcs_buf_add(&entry->name, client->name.data, client->name.size_bytes);
    return entry;
}

void rcs_slowlog_add(struct rcs_node *node, struct rcs_client *client,
                     const struct rcs_request *request, int64_t took_us)
{
    struct rcs_slowlog *log = &node->slowlog;
    if (log->count == log->room) {
        log->room = log->room == 0 ? 8 : log->room * 2;
        log->list = realloc(log->list, log->room * sizeof(log->list[0]));
        RCS_ASSERT(log->list != NULL);
    }
    log->list[log->count++] = entry_new(node, client, request, took_us);
    while ((int64_t)log->count > node->config.slowlog_max_len) {
        drop_oldest(log);
    }
}

/* --- the command ------------------------------------------------------------------------------ */

static void run_get(struct rcs_call *call)
{
    const struct rcs_slowlog *log = &call->node->slowlog;
    int64_t count = 10;
    if (call->argc > 3) {
        rcs_refuse_subcommand(call, "slowlog", &call->args[1]);
        return;
    }
    if (call->argc == 3 && (!rcs_arg_i64(&call->args[2], &count) || count < -1)) {
        rcs_refuse(call->client, "count should be greater than or equal to -1");
        return;
    }
    unsigned shown = count < 0 || count > log->count ? log->count : (unsigned)count;
    rcs_resp_array(call->out, shown);
    for (unsigned i = 0; i < shown; i++) {
        const struct rcs_slow_entry *entry = log->list[log->count - 1 - i];
        rcs_resp_array(call->out, 6);
        rcs_resp_integer(call->out, entry->id);
        rcs_resp_integer(call->out, entry->at_s);
        rcs_resp_integer(call->out, entry->took_us);
        rcs_resp_array(call->out, entry->argc);
        rcs_buf_add(call->out, entry->args.data, entry->args.size_bytes);
        rcs_resp_bulk(call->out, entry->peer.data, entry->peer.size_bytes);
        rcs_resp_bulk(call->out, entry->name.data, entry->name.size_bytes);
    }
}

static void run_len(struct rcs_call *call)
{
    rcs_resp_integer(call->out, call->node->slowlog.count);
}

static void run_reset(struct rcs_call *call)
{
    rcs_slowlog_clear(&call->node->slowlog);
    rcs_reply_ok(call->client);
}

/* clang-format off */
#define BY_ADMIN ADMIN | LOADING | STALE, 0, NO_KEYS
#define OF_ALL "request_policy:all_nodes nondeterministic_output"
static const struct rcs_command subcommands[] = {
    { "get", run_get, -2, BY_ADMIN, OF_ALL, NULL },
    { "help", rcs_run_help, 2, LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "len", run_len, 2, BY_ADMIN, "request_policy:all_nodes response_policy:agg_sum nondeterministic_output", NULL },
    { "reset", run_reset, 2, BY_ADMIN, "request_policy:all_nodes response_policy:all_succeeded", NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_slowlog_commands[] = {
    { "slowlog", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
