/* The end of a process in good order: SHUTDOWN, SIGTERM, and the wait for replicas that lag. */
#include "sim/node/shutdown.h"

#include <string.h>

#include "sim/node/aof.h"
#include "sim/node/command_args.h"
#include "sim/node/connection.h"
#include "sim/node/disk.h"
#include "sim/node/replication.h"

#include "sim/pure.h"

static void say(struct rcs_node *node, enum rcs_fact_code code)
{
    rcs_node_fact(node, code, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
}

/* Redis 7.0 finishShutdown. False: a child writes the first append-only file, which is waited for
 * unless `force`; or the RDB cannot be saved. */
static bool finish(struct rcs_node *node)
{
    enum rcs_exit_save save = node->shutdown.save;
    unsigned replicas = rcs_repl_online(node);
    if (replicas > 0) {
        rcs_node_fact(node, RCS_FACT_SHUTDOWN_REPLICAS, RCS_ID_NONE,
                      rcs_repl_acked(node, node->repl.offset), replicas, 0, NULL, NULL);
    }
    rcs_child_at_exit(node);
    if (!rcs_aof_at_exit(node, node->shutdown.force)) {
        return false;
    }
    struct rcs_snapshot *dump = save == RCS_EXIT_SAVE      ? rcs_persistence_snapshot(node)
                                : save == RCS_EXIT_NO_SAVE ? NULL
                                                           : rcs_persistence_at_exit(node);
    if (node->aof.on || (node->aof.wanted && rcs_aof_rewriting(node))) {
        say(node, RCS_FACT_SHUTDOWN_AOF);
        if (node->disk.full) {
            rcs_aof_flush(node);
        }
    }
    if (dump != NULL) {
        say(node, RCS_FACT_SHUTDOWN_SAVING);
    }
    if (dump != NULL && rcs_disk_save_fails(node, dump->size_bytes, 0)) {
        say(node, node->shutdown.force ? RCS_FACT_SHUTDOWN_LOST : RCS_FACT_SHUTDOWN_UNSAVED);
        rcs_snapshot_release(dump);
        if (!node->shutdown.force) { /* it goes on without the children it has killed */
            rcs_child_kill(node);
            rcs_aof_child_killed(node);
            return node->dead;
        }
    } else if (dump != NULL) {
        say(node, RCS_FACT_SHUTDOWN_SAVED);
        rcs_effect_add(node->out, RCS_EFFECT_SAVE_DUMP, 0)->snapshot = dump;
    }
    say(node, RCS_FACT_SHUTDOWN_CONF);
    say(node, RCS_FACT_SHUTDOWN_BYE);
    rcs_effect_add(node->out, RCS_EFFECT_EXIT, 0)->status = 0;
    node->dead = true;
    return true;
}

/* --- the wait --------------------------------------------------------------------------------- */

/* Redis 7.0 isReadyToShutdown: replicas in a sync count as lagging. */
static bool replicas_have_all(const struct rcs_node *node)
{
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        if (node->repl.replicas[i]->replica.ack_offset != node->repl.offset) {
            return false;
        }
    }
    return true;
}

/* Those who asked for it are told that it failed. */
static void give_up(struct rcs_node *node)
{
    node->shutdown = (struct rcs_shutdown){ .until_ms = 0 };
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        if ((client->flags & RCS_CLIENT_IN_SHUTDOWN) != 0) {
            client->flags &= ~(unsigned)RCS_CLIENT_IN_SHUTDOWN;
            rcs_refuse(client, "Errors trying to SHUTDOWN. Check logs.");
        }
    }
    node->clients.pending = true;
}

enum rcs_shutdown_outcome rcs_shutdown_begin(struct rcs_node *node, enum rcs_exit_save save,
                                             bool now, bool force)
{
    if (rcs_shutdown_under_way(node)) {
        return RCS_SHUTDOWN_WAITS;
    }
    rcs_child_finish_fork(node);
    say(node, RCS_FACT_SHUTDOWN);
    node->shutdown.save = rcs_repl_loading(node) ? RCS_EXIT_NO_SAVE : save;
    node->shutdown.force = force;
    bool waits = rcs_node_profile(node)->release >= RCS_REDIS_7_0 && !now &&
                 node->config.shutdown_timeout_s != 0;
    if (waits && !replicas_have_all(node)) {
        if (!rcs_clients_paused(node)) {
            rcs_repl_ask_acks(node);
        }
        node->shutdown.until_ms = node->now_ms + node->config.shutdown_timeout_s * 1000;
        say(node, RCS_FACT_SHUTDOWN_WAITING);
        return RCS_SHUTDOWN_WAITS;
    }
    if (finish(node)) {
        return RCS_SHUTDOWN_DONE;
    }
    give_up(node);
    return RCS_SHUTDOWN_FAILED;
}

bool rcs_shutdown_abort(struct rcs_node *node)
{
    if (!rcs_shutdown_under_way(node) && !node->shutdown_asked) {
        return false;
    }
    node->shutdown_asked = false;
    give_up(node);
    say(node, RCS_FACT_SHUTDOWN_ABORTED);
    return true;
}

/* --- the timer -------------------------------------------------------------------------------- */

/* shutdown-on-sigterm: "default", or words of SHUTDOWN. */
static enum rcs_shutdown_outcome begin_by_signal(struct rcs_node *node)
{
    const char *words = node->config.shutdown_on_sigterm;
    bool no_save = strstr(words, "nosave") != NULL;
    enum rcs_exit_save save = no_save                         ? RCS_EXIT_NO_SAVE
                              : strstr(words, "save") != NULL ? RCS_EXIT_SAVE
                                                              : RCS_EXIT_SAVE_AS_CONFIGURED;
    bool now = strstr(words, "now") != NULL;
    return rcs_shutdown_begin(node, save, now, strstr(words, "force") != NULL);
}

void rcs_shutdown_tick(struct rcs_node *node)
{
    if (rcs_shutdown_under_way(node)) {
        bool over = node->now_ms >= node->shutdown.until_ms || replicas_have_all(node);
        if (over && !finish(node)) {
            give_up(node);
            say(node, RCS_FACT_SHUTDOWN_FAILED);
        }
    } else if (begin_by_signal(node) == RCS_SHUTDOWN_FAILED) {
        node->shutdown_asked = false;
        say(node, RCS_FACT_SHUTDOWN_FAILED);
    }
}
