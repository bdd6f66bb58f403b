/* What a master sends its replica after PSYNC: the RDB and the command stream (Redis 7.0
 * readSyncBulkPayload; commandProcessed for a master's client). */
#include <stdlib.h>
#include <string.h>

#include "sim/node/aof.h"
#include "sim/node/command_args.h"
#include "sim/node/disk.h"
#include "sim/node/replication.h"
#include "sim/node/work.h"

#include "sim/pure.h"

/* While an RDB is loaded the event loop is served once in so many bytes (Redis 7.0
 * loading-process-events-interval-bytes): during a smaller one the process hears nothing. */
#define SERVED_EVERY_BYTES (2 * 1024 * 1024)

static void say(struct rcs_node *node, enum rcs_fact_code code, const char *text)
{
    rcs_node_fact(node, code, RCS_ID_NONE, 0, 0, 0, text, NULL);
}

/* --- the RDB ---------------------------------------------------------------------------------- */

/* The line before the RDB: "$EOF:<mark>" or "$<length>". */
void rcs_stream_preamble(struct rcs_node *node, const char *line)
{
    struct rcs_replication *repl = &node->repl;
    if (line[0] == '-') {
        say(node, RCS_FACT_REPL_ABORTED, line + 1);
        rcs_master_cancel(node, true);
    } else if (line[0] == '\0') {
        repl->transfer_last_io_s = rcs_node_unixtime(node);
    } else if (line[0] != '$') {
        say(node, RCS_FACT_REPL_BAD_PROTOCOL, line);
        rcs_master_cancel(node, true);
    } else {
        repl->preamble_seen = true;
        repl->diskless = strncmp(line, "$EOF:", 5) == 0 && strlen(line) >= 5 + RCS_ID_LEN;
        if (repl->diskless) {
            say(node, RCS_FACT_REPL_RECEIVE_EOF, NULL);
        } else {
            rcs_node_fact(node, RCS_FACT_REPL_RECEIVE_BYTES, RCS_ID_NONE,
                          strtoll(line + 1, NULL, 10), 0, 0, NULL, NULL);
        }
    }
}

/* The RDB is here: the old history ends (Redis 7.0 readSyncBulkPayload,
 * replicationAttachToNewMaster). */
void rcs_stream_snapshot(struct rcs_node *node, struct rcs_snapshot *snapshot)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->state != RCS_REPL_TRANSFER || repl->loading != NULL) {
        return;
    }
    repl->transfer_last_io_s = rcs_node_unixtime(node);
    if (node->disk.full) { /* the temporary file that is to be loaded */
        say(node, RCS_FACT_REPL_WRITE_ERROR, NULL);
        rcs_master_cancel(node, true);
        return;
    }
    const struct rcs_profile *profile = rcs_node_profile(node);
    if (repl->child.phase != RCS_CHILD_NONE && profile->psync2) { /* 3.0 lets it write on */
        rcs_node_fact(node, RCS_FACT_REPL_CHILD_IN_WAY, RCS_ID_NONE, repl->child.pid, 0, 0, NULL,
                      NULL);
        rcs_child_kill(node);
    }
    rcs_aof_stop(node);
    if (profile->sub_drop == RCS_SUB_DROP_SYNC) {
        rcs_master_discard_cached(node);
        rcs_replicas_disconnect(node);
        rcs_backlog_free(repl->backlog);
        repl->backlog = NULL;
    }
    say(node, RCS_FACT_REPL_FLUSH, NULL);
    rcs_keyspace_flush(node->keys);
    rcs_persistence_store(node, snapshot); /* stays, also with save "" */
    say(node, RCS_FACT_REPL_LOAD, NULL);
    rcs_repl_say_rdb(node, snapshot);
    rcs_us load_us = rcs_rand_between(&node->child, RCS_LOAD_US_MIN, RCS_LOAD_US_MAX) +
                     (rcs_us)(snapshot->size_bytes / RCS_LOAD_BYTES_PER_US);
    repl->loading = rcs_snapshot_retain(snapshot);
    repl->loaded_us = node->now_us + load_us;
    if (snapshot->size_bytes < SERVED_EVERY_BYTES) {
        rcs_effect_add(node->out, RCS_EFFECT_SLEEP, 0)->duration_us = load_us;
    }
}

/* The master's history is this node's own from here on, also towards its replicas (PSYNC2). */
static void share_history(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    memcpy(repl->replid, repl->sync_replid, sizeof(repl->replid));
    repl->offset = repl->sync_offset;
    rcs_repl_clear_id2(node);
    RCS_ASSERT(repl->backlog == NULL);
    repl->backlog = rcs_backlog_new(repl->offset + 1);
}

void rcs_stream_loaded(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    struct rcs_snapshot *snapshot = repl->loading;
    bool lost = repl->lost_while_loading;
    repl->loading = NULL;
    rcs_keyspace_load(node->keys, snapshot);
    rcs_snapshot_release(snapshot);
    rcs_node_fact(node, RCS_FACT_LOAD_DONE, RCS_ID_NONE, (int64_t)rcs_keyspace_size(node->keys), 0,
                  0, NULL, NULL);
    memcpy(repl->cached_replid, repl->sync_replid, sizeof(repl->cached_replid));
    repl->cached_offset = repl->sync_offset;
    repl->old_sync = repl->sync_offset == -1;
    repl->state = RCS_REPL_CONNECTED;
    repl->last_io_s = rcs_node_unixtime(node);
    repl->down_since_s = 0;
    if (rcs_node_profile(node)->psync2) {
        share_history(node);
    }
    say(node, RCS_FACT_REPL_FINISHED, NULL);
    if (node->config.appendonly) {
        rcs_aof_start(node);
    }
    if (repl->diskless || rcs_node_profile(node)->acks_any_sync) {
        rcs_master_ack(node); /* puts this replica online at its master */
    }
    rcs_master_read(node);
    if (lost && rcs_repl_link_up(node)) {
        rcs_master_lose(node, true);
    }
}

/* --- the command stream ----------------------------------------------------------------------- */

static void apply(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_request *request = rcs_request_new(node->store, argc, args);
    rcs_command_apply(node, request);
    rcs_request_release(node->store, request);
}

static void hold(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->transaction_count == repl->transaction_room) {
        repl->transaction_room = repl->transaction_room == 0 ? 8 : repl->transaction_room * 2;
        repl->transaction =
            realloc(repl->transaction, repl->transaction_room * sizeof(repl->transaction[0]));
        RCS_ASSERT(repl->transaction != NULL);
    }
    repl->transaction[repl->transaction_count++] = rcs_request_new(node->store, argc, args);
}

void rcs_stream_drop_transaction(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    for (unsigned i = 0; i < repl->transaction_count; i++) {
        rcs_request_release(node->store, repl->transaction[i]);
    }
    repl->transaction_count = 0;
    repl->in_transaction = false;
}

static void execute_held(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    const struct rcs_arg multi[] = { { "MULTI", 5 } }, exec[] = { { "EXEC", 4 } };
    bool feeds = !rcs_node_profile(node)->psync2; /* its replicas get a stream of its own */
    if (feeds) {
        rcs_repl_feed(node, 1, multi);
    }
    for (unsigned i = 0; i < repl->transaction_count; i++) {
        rcs_command_apply(node, repl->transaction[i]);
    }
    if (feeds) {
        rcs_repl_feed(node, 1, exec);
    }
    rcs_stream_drop_transaction(node);
}

/* One command of the stream. What lies between MULTI and EXEC is held, so that a stream that breaks
 * off in between leaves nothing half done. */
static void execute(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_replication *repl = &node->repl;
    if (node->disk.failed) {
        rcs_disk_obey(node, argc, args);
    }
    if (node->dead) {
        return;
    }
    if (rcs_arg_is(&args[0], "multi")) {
        repl->in_transaction = true;
    } else if (rcs_arg_is(&args[0], "exec")) {
        execute_held(node);
    } else if (repl->in_transaction) {
        hold(node, argc, args);
    } else if (rcs_arg_is(&args[0], "replconf")) {
        if (argc > 1 && rcs_arg_is(&args[1], "getack")) {
            rcs_master_ack(node); /* says what was processed before this command */
        }
    } else if (!rcs_arg_is(&args[0], "ping") && !rcs_arg_is(&args[0], "select")) {
        apply(node, argc, args);
    }
}

/* Executes what is complete. Processed bytes count in the offset and go on to this node's own
 * backlog and replicas as they came (Redis 7.0 commandProcessed); inside MULTI they count with its
 * EXEC.
 *
 * What comes need not be as masters write it: one of 3.0 that was a replica meanwhile counts anew
 * under the id it had (Redis 3.0 replicationSetMaster, replicationUnsetMaster), so that who comes
 * back to it may go on in the middle of a command. The rest of that is inline requests. */
void rcs_stream_read(struct rcs_node *node, const void *bytes, size_t size_bytes)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->reader == NULL) {
        repl->reader = rcs_resp_requests_new();
    }
    rcs_resp_requests_feed(repl->reader, bytes, size_bytes);
    size_t passed = 0, read = repl->input_read;
    const struct rcs_arg *args;
    unsigned argc;
    const char *error;
    enum rcs_err err = RCS_OK;
    while (rcs_repl_link_up(node) &&
           (err = rcs_resp_requests_next(repl->reader, &args, &argc, &error)) == RCS_OK) {
        /* To the end of this command, in whatever form it came. */
        read = repl->input.size_bytes - rcs_resp_requests_left(repl->reader);
        execute(node, argc, args);
        if (!repl->in_transaction) {
            size_t applied = read - passed;
            repl->cached_offset += (int64_t)applied;
            if (rcs_node_profile(node)->psync2) {
                rcs_replicas_pass(node, repl->input.data + passed, applied);
            }
            passed = read;
        }
    }
    if (err == RCS_ERR_PROTOCOL) {
        rcs_master_lose_for_good(node);
        return;
    }
    if (!rcs_repl_link_up(node)) {
        return; /* nothing of the input is left */
    }
    repl->input_read = read - passed;
    repl->input.size_bytes -= passed;
    memmove(repl->input.data, repl->input.data + passed, repl->input.size_bytes);
}
