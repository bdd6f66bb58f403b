#include "sim/node/aof.h"

#include "sim/node/disk.h"
#include "sim/node/replication.h"
#include "sim/node/work.h"

#include "sim/pure.h"

/* When Linux writes what nobody syncs (vm.dirty_expire_centisecs, vm.dirty_writeback_centisecs). */
#define KERNEL_KEEPS_US RCS_S(30)
#define KERNEL_LOOKS_US RCS_S(5)
#define SIGNAL_USR1     10

/* Redis 7.0 AOF_WRITE_LOG_ERROR_RATE, AOF_REWRITE_LIMITE_THRESHOLD, AOF_REWRITE_LIMITE_MAX_MINUTES
 */
#define WRITE_ERROR_LOG_S 30
#define FAILURES_LIMIT    3
#define RETRY_MIN_MAX     60

static void say(struct rcs_node *node, enum rcs_fact_code code, int64_t v0, const char *text)
{
    rcs_node_fact(node, code, RCS_ID_NONE, v0, 0, 0, text, NULL);
}

static struct rcs_snapshot *data_now(struct rcs_node *node)
{
    return rcs_keyspace_snapshot(node->keys, rcs_node_wall_ms(node));
}

/* --- who follows the file --------------------------------------------------------------------- */

/* A file was begun: with all that is in file.data now. */
static void follow_anew(struct rcs_aof *aof)
{
    if (aof->follow != NULL) {
        rcs_aof_follow_clear(aof->follow);
        aof->follow->whole = aof->file;
        rcs_snapshot_retain(aof->file.data);
        aof->follow->selected = false;
    }
}

void rcs_aof_append(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_aof_follow *follow = node->aof.follow;
    if (follow == NULL || !node->aof.on) {
        return;
    }
    if (!follow->selected) {
        const struct rcs_arg select[] = { { "SELECT", 6 }, { "0", 1 } };
        rcs_resp_request(&follow->commands, 2, select);
        follow->selected = true;
    }
    rcs_resp_request(&follow->commands, argc, args);
}

/* --- what is on the disk ---------------------------------------------------------------------- */

static void put(struct rcs_aof *aof, struct rcs_snapshot *data)
{
    if (aof->file.data != NULL) {
        rcs_snapshot_release(aof->file.data);
    }
    aof->file.data = data;
}

/* node->dirty as it was when all that the file has was written. */
static uint64_t written(const struct rcs_node *node)
{
    return node->aof.at_full != NULL ? node->aof.dirty_at_full : node->dirty;
}

static void sync_file(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    put(aof, aof->at_full != NULL ? rcs_snapshot_retain(aof->at_full) : data_now(node));
    aof->file.written |= written(node) != aof->dirty_at_base;
    aof->dirty_synced = written(node);
    aof->dirty_since_us = RCS_NEVER;
    aof->synced_s = rcs_node_unixtime(node);
}

/* The kernel looks at fixed intervals for what has become old. */
static rcs_us kernel_writes_us(const struct rcs_aof *aof)
{
    rcs_us old_us = aof->dirty_since_us + KERNEL_KEEPS_US;
    return (old_us + KERNEL_LOOKS_US - 1) / KERNEL_LOOKS_US * KERNEL_LOOKS_US;
}

/* --- a full disk ------------------------------------------------------------------------------ */

static void forget_full(struct rcs_aof *aof)
{
    if (aof->at_full != NULL) {
        rcs_snapshot_release(aof->at_full);
        aof->at_full = NULL;
    }
}

void rcs_aof_disk_full(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    if (aof->on && aof->at_full == NULL) {
        aof->at_full = data_now(node);
        aof->dirty_at_full = node->dirty;
    }
}

/* Redis 7.0 flushAppendOnlyFile: what cannot be written stays in its buffer for the next time, and
 * the log hears of it twice a minute. Without anything to write nobody finds that there is room
 * again. */
void rcs_aof_flush(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    bool empty = node->dirty == aof->dirty_at_full;
    if (!node->disk.full) {
        forget_full(aof);
        if (node->disk.append_failed && !empty) {
            say(node, RCS_FACT_AOF_WRITE_SOLVED, 0, NULL);
            rcs_disk_appended(node, true);
        }
        return;
    }
    if (empty) {
        return;
    }
    int64_t now_s = rcs_node_unixtime(node);
    if (now_s - node->disk.append_logged_s > WRITE_ERROR_LOG_S) {
        node->disk.append_logged_s = now_s;
        say(node, RCS_FACT_AOF_WRITE_ERROR, 0, NULL);
    }
    if (node->config.appendfsync == RCS_FSYNC_ALWAYS) {
        say(node, RCS_FACT_AOF_WRITE_FATAL, 0, NULL);
        rcs_node_die(node, 1);
    } else {
        rcs_disk_appended(node, false);
    }
}

void rcs_aof_flush_temporary(struct rcs_node *node)
{
    if (!node->aof.on && node->aof.wanted && rcs_aof_rewriting(node)) {
        rcs_aof_flush(node);
    }
}

/* What is not safe yet: written if it could not be, synced if it is time. */
RCS_APART static void sync_when_due(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    if (aof->at_full != NULL || node->disk.append_failed) {
        rcs_aof_flush(node);
    }
    if (written(node) == aof->dirty_synced) {
        return;
    }
    if (aof->dirty_since_us == RCS_NEVER) {
        aof->dirty_since_us = node->now_us;
    }
    switch (node->config.appendfsync) {
    case RCS_FSYNC_ALWAYS: /* at every end of a turn: what is there is what is synced */
        break;
    case RCS_FSYNC_EVERYSEC:
        if (rcs_node_unixtime(node) > aof->synced_s) {
            sync_file(node);
        }
        break;
    case RCS_FSYNC_NO:
        if (node->now_us >= kernel_writes_us(aof)) {
            sync_file(node);
        }
        break;
    }
}

void rcs_aof_before_sleep(struct rcs_node *node)
{
    if (node->aof.on && node->dirty != node->aof.dirty_synced) {
        sync_when_due(node);
    }
}

static bool all_is_safe(const struct rcs_node *node, rcs_us at_us)
{
    const struct rcs_aof *aof = &node->aof;
    return written(node) == aof->dirty_synced || node->config.appendfsync == RCS_FSYNC_ALWAYS ||
           (aof->dirty_since_us != RCS_NEVER && at_us >= kernel_writes_us(aof));
}

void rcs_aof_left(struct rcs_node *node, rcs_us at_us, bool power_lost, struct rcs_saved_aof *out)
{
    struct rcs_aof *aof = &node->aof;
    if (aof->on && (!power_lost || all_is_safe(node, at_us))) {
        sync_file(node);
    }
    *out = aof->file;
    aof->file.data = NULL;
}

/* --- rewriting -------------------------------------------------------------------------------- */

bool rcs_aof_rewriting(const struct rcs_node *node)
{
    return node->aof.child.phase != RCS_CHILD_NONE;
}

static rcs_us draw(struct rcs_node *node, rcs_us low, rcs_us high)
{
    return rcs_rand_between(&node->child, low, high);
}

/* False: the manifest that would name the next file cannot be written (Redis 7.0
 * openNewIncrAofForAppend). */
RCS_RARE static bool fork_child(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    if (node->disk.full && aof->on && rcs_node_profile(node)->aof_in_parts) {
        say(node, RCS_FACT_AOF_MANIFEST_FAILED, 0, NULL);
        node->disk.rewrite_failed = true;
        return false;
    }
    aof->scheduled = false;
    if (aof->on) {
        say(node, RCS_FACT_AOF_NEW_INCR, ++aof->file.incr, "on background rewrite");
    } else if (node->config.appendonly) {
        aof->dirty_at_full = node->dirty;
        say(node, RCS_FACT_AOF_TEMP_INCR, 0, NULL);
    }
    node->stats.forks++;
    aof->child = (struct rcs_aof_child){
        .phase = RCS_CHILD_WRITING,
        .pid = node->next_child_pid++,
        .due_us = node->now_us + draw(node, RCS_SAVE_US_MIN, RCS_SAVE_US_MAX),
        .keys = (uint32_t)rcs_keyspace_size(node->keys),
        .dirty = node->dirty,
        .wall_ms = rcs_node_wall_ms(node),
    };
    say(node, RCS_FACT_AOF_REWRITE, aof->child.pid, NULL);
    return true;
}

enum rcs_aof_answer rcs_aof_rewrite(struct rcs_node *node)
{
    if (rcs_aof_rewriting(node)) {
        return RCS_AOF_BUSY;
    }
    if (node->repl.child.phase != RCS_CHILD_NONE) {
        node->aof.scheduled = true;
        return RCS_AOF_SCHEDULED;
    }
    return fork_child(node) ? RCS_AOF_STARTED : RCS_AOF_FAILED;
}

static void exits(struct rcs_node *node)
{
    struct rcs_aof_child *child = &node->aof.child;
    child->phase = RCS_CHILD_EXITING;
    child->exited_us = node->now_us + draw(node, RCS_CHILD_END_US_MIN, RCS_CHILD_END_US_MAX);
    child->due_us = RCS_NEVER;
}

void rcs_aof_wake(struct rcs_node *node)
{
    struct rcs_aof_child *child = &node->aof.child;
    if (child->phase == RCS_CHILD_WRITING && node->disk.full) {
        rcs_node_child_fact(node, RCS_FACT_AOF_CHILD_FAILED, child->pid, 0, 0);
        child->failed = true;
        exits(node);
    } else if (child->phase == RCS_CHILD_WRITING) {
        if (!rcs_node_profile(node)->aof_in_parts) {
            say(node, RCS_FACT_AOF_ASKED, 0, NULL);
            rcs_node_child_fact(node, RCS_FACT_AOF_AGREED, child->pid, 0, 0);
            rcs_node_child_fact(node, RCS_FACT_AOF_DIFF, child->pid, 0, 0);
        }
        rcs_node_child_fact(node, RCS_FACT_AOF_CHILD_WROTE, child->pid, child->pid, 0);
        child->phase = RCS_CHILD_REPORTING;
        child->due_us = node->now_us + draw(node, RCS_CHILD_REPORT_US_MIN, RCS_CHILD_REPORT_US_MAX);
    } else if (child->phase == RCS_CHILD_REPORTING) {
        rcs_node_child_fact(node, RCS_FACT_AOF_CHILD_COW, child->pid, 0, 0);
        exits(node);
    }
}

rcs_us rcs_aof_deadline(const struct rcs_node *node)
{
    return node->aof.child.due_us;
}

/* Redis 7.0 backgroundRewriteDoneHandler; a server that has no file yet tries again. */
RCS_RARE static void rewriting_failed(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    node->stats.aof_rewrites++;
    node->disk.rewrite_failed = true;
    aof->failures++;
    if (!aof->on && aof->wanted) {
        say(node, RCS_FACT_AOF_TEMP_REMOVED, 0, NULL);
        aof->dirty_at_full = node->dirty; /* the buffer goes with the temporary file */
        aof->scheduled = true;
    }
}

/* The disk became full behind the child: the manifest cannot name what it wrote. */
RCS_RARE static void manifest_fails(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    rcs_node_fact(node, RCS_FACT_AOF_NEW_BASE, RCS_ID_NONE, aof->child.pid, aof->file.base + 1, 0,
                  NULL, NULL);
    if (!aof->on && aof->wanted) {
        say(node, RCS_FACT_AOF_TEMP_RENAMED, aof->file.incr + 1, NULL);
    }
    say(node, RCS_FACT_AOF_MANIFEST_FAILED, 0, NULL);
    rewriting_failed(node);
}

/* Redis 7.0 backgroundRewriteDoneHandler: the new base, and what was written since. */
RCS_RARE static void take_over(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    bool had_base = aof->file.data != NULL;
    uint32_t old_base = aof->file.base, old_incr = aof->on ? aof->file.incr - 1 : aof->file.incr;
    if (aof->child.failed) {
        say(node, RCS_FACT_AOF_REWRITE_FAILED, 0, NULL);
        rewriting_failed(node);
        return;
    }
    say(node, RCS_FACT_AOF_DONE, 0, NULL);
    if (node->disk.full && rcs_node_profile(node)->aof_in_parts) {
        manifest_fails(node);
        return;
    }
    aof->file.base = old_base + 1;
    node->stats.aof_rewrites++;
    node->disk.rewrite_failed = false;
    aof->failures = 0;
    rcs_node_fact(node, RCS_FACT_AOF_NEW_BASE, RCS_ID_NONE, aof->child.pid, aof->file.base, 0, NULL,
                  NULL);
    if (!aof->on && node->config.appendonly) {
        aof->file.incr++;
        aof->on = true;
        say(node, RCS_FACT_AOF_TEMP_RENAMED, aof->file.incr, NULL);
    }
    if (had_base) {
        say(node, RCS_FACT_AOF_OLD_INCR, old_incr, NULL);
        say(node, RCS_FACT_AOF_OLD_BASE, old_base, NULL);
    }
    say(node, RCS_FACT_AOF_FINISHED, 0, NULL);
    aof->file.base_keys = aof->child.keys;
    aof->file.base_wall_ms = aof->child.wall_ms;
    aof->dirty_at_base = aof->child.dirty;
    aof->file.written = false;
    sync_file(node);
    follow_anew(aof);
}

/* Redis 7.0 aofRewriteLimited: after three failures a minute passes before the next try, then two,
 * four, an hour at most. */
static bool limited(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    if (aof->failures < FAILURES_LIMIT || !rcs_node_profile(node)->aof_in_parts) {
        aof->retry_delay_min = aof->retry_s = 0;
        return false;
    }
    if (aof->retry_s != 0) {
        bool waits = rcs_node_unixtime(node) < aof->retry_s;
        aof->retry_s = waits ? aof->retry_s : 0;
        return waits;
    }
    aof->retry_delay_min = aof->retry_delay_min == 0 ? 1 : aof->retry_delay_min * 2;
    if (aof->retry_delay_min > RETRY_MIN_MAX) {
        aof->retry_delay_min = RETRY_MIN_MAX;
    }
    aof->retry_s = rcs_node_unixtime(node) + aof->retry_delay_min * 60;
    say(node, RCS_FACT_AOF_LIMITED, aof->retry_delay_min, NULL);
    return true;
}

void rcs_aof_tick(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    rcs_aof_configured(node); /* not by CONFIG SET alone */
    if (aof->child.phase == RCS_CHILD_EXITING && node->now_us >= aof->child.exited_us) {
        aof->child.phase = RCS_CHILD_NONE;
        take_over(node);
        rcs_replicas_start_sync(node, rcs_node_profile(node)->child_end_starts_sync);
    } else if (aof->scheduled && !rcs_aof_rewriting(node) &&
               node->repl.child.phase == RCS_CHILD_NONE && !limited(node)) {
        (void)fork_child(node); /* scheduled as before if it fails */
    }
}

/* --- on and off ------------------------------------------------------------------------------- */

void rcs_aof_child_killed(struct rcs_node *node)
{
    node->aof.child.phase = RCS_CHILD_NONE;
    node->aof.child.due_us = RCS_NEVER;
}

void rcs_aof_stop(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    if (aof->on) {
        sync_file(node);
        aof->on = false;
        forget_full(aof);
    }
    if (rcs_aof_rewriting(node)) {
        say(node, RCS_FACT_AOF_KILLED, aof->child.pid, NULL);
        rcs_aof_child_killed(node);
    }
}

void rcs_aof_start(struct rcs_node *node)
{
    if (node->repl.child.phase != RCS_CHILD_NONE && rcs_node_profile(node)->aof_start_waits) {
        node->aof.scheduled = true;
        say(node, RCS_FACT_AOF_LATER, 0, NULL);
    } else {
        (void)fork_child(node); /* there is no file whose manifest could fail */
    }
    if (node->disk.append_failed && rcs_node_profile(node)->release >= RCS_REDIS_6_2) {
        say(node, RCS_FACT_AOF_REOPENED, 0, NULL);
        rcs_disk_appended(node, true);
    }
}

void rcs_aof_configured(struct rcs_node *node)
{
    bool wanted = node->config.appendonly;
    if (wanted != node->aof.wanted) {
        node->aof.wanted = wanted;
        (wanted ? rcs_aof_start : rcs_aof_stop)(node);
    }
}

/* Before 7.0 a file that was never rewritten has no base, and is empty until something is
 * written. */
static void load(struct rcs_node *node, const struct rcs_saved_aof *saved)
{
    const struct rcs_profile *profile = rcs_node_profile(node);
    struct rcs_aof *aof = &node->aof;
    struct rcs_snapshot base = { .created_wall_ms = saved->base_wall_ms };
    static const char seconds[] = "0.000";
    bool has_rdb = saved->base > 0 && profile->aof_has_preamble;
    aof->file = *saved;
    rcs_snapshot_retain(saved->data);
    rcs_keyspace_load(node->keys, saved->data);
    if (has_rdb) {
        say(node, RCS_FACT_AOF_READ_BASE, 0, NULL);
        rcs_repl_say_rdb(node, &base);
        say(node, RCS_FACT_AOF_IS_BASE, 0, NULL);
        say(node, RCS_FACT_LOAD_DONE, saved->base_keys, NULL);
        say(node, RCS_FACT_AOF_FROM_BASE, saved->base, seconds);
    }
    if (saved->written) {
        say(node, RCS_FACT_AOF_FROM_INCR, saved->incr, seconds);
    }
    if (has_rdb || saved->written || saved->base_keys > 0) {
        say(node, RCS_FACT_AOF_LOADED, 0, seconds);
    }
    say(node, RCS_FACT_AOF_OPENED, saved->incr, NULL);
}

static void make(struct rcs_node *node)
{
    struct rcs_aof *aof = &node->aof;
    if (node->disk.full && rcs_node_profile(node)->aof_in_parts) {
        say(node, RCS_FACT_AOF_CHILD_FAILED, 0, NULL);
        rcs_node_die(node, 1);
    }
    aof->file = (struct rcs_saved_aof){ .base = rcs_node_profile(node)->aof_in_parts ? 1 : 0,
                                        .incr = 1,
                                        .base_wall_ms = rcs_node_wall_ms(node) };
    say(node, RCS_FACT_AOF_FIRST_BASE, 1, NULL);
    say(node, RCS_FACT_AOF_NEW_INCR, 1, "on server start");
}

void rcs_aof_boot(struct rcs_node *node, const struct rcs_saved_aof *saved)
{
    struct rcs_aof *aof = &node->aof;
    aof->dirty_since_us = RCS_NEVER;
    aof->child.due_us = RCS_NEVER;
    aof->wanted = node->config.appendonly;
    if (!aof->wanted) { /* it stays where it is, and is numbered on if there will be another */
        aof->file = *saved;
        if (saved->data != NULL) {
            rcs_snapshot_retain(saved->data);
        }
        return;
    }
    if (saved->data != NULL) {
        load(node, saved);
    } else {
        make(node);
    }
    bool had_written = aof->file.written;
    aof->on = true;
    aof->dirty_at_base = node->dirty;
    sync_file(node);
    aof->file.written = had_written;
    if (node->disk.full) {
        rcs_aof_disk_full(node);
    }
    follow_anew(aof);
}

/* Redis 7.0 finishShutdown; 6.2 prepareForShutdown looks for the child of a file that is on. */
bool rcs_aof_at_exit(struct rcs_node *node, bool force)
{
    const struct rcs_aof *aof = &node->aof;
    bool first = aof->wanted && !aof->on; /* AOF_WAIT_REWRITE */
    if (!rcs_aof_rewriting(node) ||
        (!aof->wanted && !rcs_node_profile(node)->exit_ends_any_rewrite)) {
        return true;
    }
    if (first) {
        say(node, force ? RCS_FACT_SHUTDOWN_FORCED : RCS_FACT_SHUTDOWN_INITIAL, 0, NULL);
        if (!force) {
            return false;
        }
    }
    say(node, RCS_FACT_SHUTDOWN_REWRITE, 0, NULL);
    say(node, RCS_FACT_SHUTDOWN_KILLS, aof->child.pid, NULL);
    if (aof->child.phase != RCS_CHILD_EXITING || node->now_us < aof->child.exited_us) {
        rcs_node_child_fact(node, RCS_FACT_CHILD_SIGNALLED, aof->child.pid, 0, 0);
    }
    return true;
}

void rcs_aof_close(struct rcs_node *node)
{
    put(&node->aof, NULL);
    forget_full(&node->aof);
}
