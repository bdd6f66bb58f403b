/* Commands about the process: its clock, role, disk and end; and those other files answer. */
#include <string.h>

#include "sim/node/aof.h"
#include "sim/node/blocked.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/connection.h"
#include "sim/node/shutdown.h"

#include "sim/pure.h"

static void run_time(struct rcs_call *call)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_resp_array(call->out, 2);
    rcs_buf_i64(&text, call->wall_ms / 1000);
    rcs_resp_bulk(call->out, text.data, text.size_bytes);
    rcs_buf_clear(&text);
    rcs_buf_i64(&text, call->wall_ms % 1000 * 1000 + rcs_node_wall_us_part(call->node));
    rcs_resp_bulk(call->out, text.data, text.size_bytes);
    rcs_buf_close(&text);
}

static void run_role(struct rcs_call *call)
{
    rcs_repl_role(call->node, call->client);
}

static void run_wait(struct rcs_call *call)
{
    struct rcs_client *client = call->client;
    int64_t replicas, timeout_ms;
    if (call->node->repl.has_master && client->profile->release >= RCS_REDIS_4_0) {
        rcs_refuse(client,
                   "WAIT cannot be used with replica instances. Please also note that since Redis "
                   "4.0 if a replica is configured to be writable (which is not the default) "
                   "writes to replicas are just local and are not propagated.");
        return;
    }
    if (!rcs_arg_i64_or_refuse(client, &call->args[1], &replicas) ||
        !rcs_arg_timeout_or_refuse(call, &call->args[2], &timeout_ms)) {
        return;
    }
    int64_t offset = client->write_offset;
    unsigned acked = rcs_repl_acked(call->node, offset);
    if ((int64_t)acked >= replicas || !rcs_call_may_block(call)) {
        rcs_resp_integer(call->out, acked);
        return;
    }
    rcs_blocked_wait(call, offset, replicas, timeout_ms == 0 ? 0 : call->wall_ms + timeout_ms);
}

/* --- the disk and the end --------------------------------------------------------------------- */

static void run_save(struct rcs_call *call)
{
    switch (rcs_persistence_save(call->node)) {
    case RCS_SAVE_DONE:
        rcs_reply_ok(call->client);
        break;
    case RCS_SAVE_BUSY:
        rcs_refuse(call->client, "Background save already in progress");
        break;
    case RCS_SAVE_FAILED:
        rcs_refuse(call->client, "-ERR");
        break;
    }
}

static void run_bgsave(struct rcs_call *call)
{
    if (call->argc > 2 || (call->argc == 2 && !rcs_arg_is(&call->args[1], "schedule"))) {
        rcs_refuse(call->client, "syntax error");
    } else if (rcs_persistence_bgsave(call->node)) {
        rcs_resp_status(call->out, "Background saving started");
    } else if (rcs_aof_rewriting(call->node) && call->argc == 2) {
        call->node->repl.save_scheduled = true;
        rcs_resp_status(call->out, "Background saving scheduled");
    } else if (rcs_aof_rewriting(call->node)) {
        rcs_refuse(call->client,
                   "Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE "
                   "SCHEDULE in order to schedule a BGSAVE whenever possible.");
    } else {
        rcs_refuse(call->client, "Background save already in progress");
    }
}

static void run_bgrewriteaof(struct rcs_call *call)
{
    switch (rcs_aof_rewrite(call->node)) {
    case RCS_AOF_STARTED:
        rcs_resp_status(call->out, "Background append only file rewriting started");
        break;
    case RCS_AOF_SCHEDULED:
        rcs_resp_status(call->out, "Background append only file rewriting scheduled");
        break;
    case RCS_AOF_BUSY:
        rcs_refuse(call->client, "Background append only file rewriting already in progress");
        break;
    case RCS_AOF_FAILED:
        rcs_refuse(call->client, "Can't execute an AOF background rewriting. Please check the "
                                 "server logs for more information.");
        break;
    }
}

static void run_lastsave(struct rcs_call *call)
{
    rcs_resp_integer(call->out, call->node->repl.last_save_s);
}

static void begin_shutdown(struct rcs_call *call, enum rcs_exit_save save, bool now, bool force)
{
    switch (rcs_shutdown_begin(call->node, save, now, force)) {
    case RCS_SHUTDOWN_DONE:
        break;
    case RCS_SHUTDOWN_WAITS: /* answered if it fails or is aborted */
        call->client->flags |= RCS_CLIENT_IN_SHUTDOWN;
        break;
    case RCS_SHUTDOWN_FAILED:
        if (rcs_node_profile(call->node)->exit_ends_any_rewrite) { /* before, after a signal only */
            rcs_node_fact(call->node, RCS_FACT_SHUTDOWN_FAILED, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
        }
        rcs_refuse(call->client, "Errors trying to SHUTDOWN. Check logs.");
        break;
    }
}

static void run_shutdown(struct rcs_call *call)
{
    enum rcs_exit_save save = RCS_EXIT_SAVE_AS_CONFIGURED;
    unsigned save_words = 0;
    bool abort = false, force = false, now = false;
    for (unsigned i = 1; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        if (rcs_arg_is(word, "nosave") || rcs_arg_is(word, "save")) {
            save = rcs_arg_is(word, "save") ? RCS_EXIT_SAVE : RCS_EXIT_NO_SAVE;
            save_words++;
        } else if (rcs_arg_is(word, "abort")) {
            abort = true;
        } else if (rcs_arg_is(word, "force")) {
            force = true;
        } else if (rcs_arg_is(word, "now")) {
            now = true;
        } else {
            rcs_refuse(call->client, "syntax error");
            return;
        }
    }
    if (save_words > 1 || (abort && call->argc > 2)) {
        rcs_refuse(call->client, "syntax error");
    } else if (!abort) {
        begin_shutdown(call, save, now, force);
    } else if (rcs_shutdown_abort(call->node)) {
        rcs_reply_ok(call->client);
    } else {
        rcs_refuse(call->client, "No shutdown in progress.");
    }
}

/* --- answered elsewhere ----------------------------------------------------------------------- */

static void run_replication(struct rcs_call *call)
{
    rcs_repl_command(call->node, call->client, call->request);
}

/* --- what a server refuses in cluster mode, and rcsim outside of it -------------------- */

static void run_replicaof(struct rcs_call *call)
{
    rcs_refuse(call->client, call->node->config.cluster_enabled
                                 ? "REPLICAOF not allowed in cluster mode."
                                 : "rcsim models replicas in cluster mode only");
}

static void run_failover(struct rcs_call *call)
{
    rcs_refuse(call->client, call->node->config.cluster_enabled
                                 ? "FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER "
                                   "command instead."
                                 : "rcsim models failovers in cluster mode only");
}

static void run_swapdb(struct rcs_call *call)
{
    rcs_refuse(call->client, call->node->config.cluster_enabled
                                 ? "SWAPDB is not allowed in cluster mode"
                                 : "rcsim models database 0 only");
}

static void run_move(struct rcs_call *call)
{
    rcs_refuse(call->client, call->node->config.cluster_enabled
                                 ? "MOVE is not allowed in cluster mode"
                                 : "rcsim models database 0 only");
}

/* clang-format off */
#define VARIES "nondeterministic_output"
const struct rcs_command rcs_admin_commands[] = {
    { "bgrewriteaof", run_bgrewriteaof, 1, ADMIN | NOSCRIPT | NO_ASYNC_LOADING, 0, NO_KEYS, NULL,
      NULL },
    { "bgsave", run_bgsave, -1, ADMIN | NOSCRIPT | NO_ASYNC_LOADING, 0, NO_KEYS, NULL, NULL },
    { "failover", run_failover, -1, ADMIN | NOSCRIPT | STALE, 0, NO_KEYS, NULL, NULL },
    { "lastsave", run_lastsave, 1, LOADING | STALE | FAST,
      CATEGORY(ADMIN) | CATEGORY(DANGEROUS), NO_KEYS, VARIES, NULL },
    { "move", run_move, 3, WRITE | FAST, CATEGORY(KEYSPACE), ONE_KEY(1, RW | ACCESS | UPDATE), NULL,
      NULL },
    { "psync", run_replication, -3, ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI, 0, NO_KEYS,
      NULL, NULL },
    { "replconf", run_replication, -1, ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY, 0, NO_KEYS,
      NULL, NULL },
    { "replicaof", run_replicaof, 3, ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING, 0, NO_KEYS, NULL,
      NULL },
    { "role", run_role, 1, NOSCRIPT | LOADING | STALE | FAST,
      CATEGORY(ADMIN) | CATEGORY(DANGEROUS), NO_KEYS, NULL, NULL },
    { "save", run_save, 1, ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI, 0, NO_KEYS, NULL, NULL },
    { "shutdown", run_shutdown, -1, ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY, 0,
      NO_KEYS, NULL, NULL },
    { "slaveof", run_replicaof, 3, ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING, 0, NO_KEYS, NULL,
      NULL },
    { "swapdb", run_swapdb, 3, WRITE | FAST, CATEGORY(KEYSPACE) | CATEGORY(DANGEROUS), NO_KEYS,
      NULL, NULL },
    { "sync", run_replication, 1, ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI, 0, NO_KEYS, NULL,
      NULL },
    { "time", run_time, 1, LOADING | STALE | FAST, 0, NO_KEYS, VARIES, NULL },
    { "wait", run_wait, 3, NOSCRIPT, CATEGORY(CONNECTION), NO_KEYS,
      "request_policy:all_shards response_policy:agg_min", NULL },
    END_OF_COMMANDS
};
/* clang-format on */
