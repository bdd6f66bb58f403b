/* The forked child that writes an RDB, to the replicas that wait for a full sync or to dump.rdb. */
#include "sim/node/disk.h"
#include "sim/node/replication.h"
#include "sim/node/work.h"

#include "sim/pure.h"

#define SIGNAL_USR1 10 /* how Redis 7.0 killRDBChild ends it */

static rcs_us draw(struct rcs_node *node, rcs_us low, rcs_us high)
{
    return rcs_rand_between(&node->child, low, high);
}

void rcs_child_start(struct rcs_node *node, bool to_sockets)
{
    struct rcs_rdb_child *child = &node->repl.child;
    RCS_ASSERT(child->phase == RCS_CHILD_NONE);
    struct rcs_snapshot *snapshot = rcs_persistence_snapshot(node);
    node->stats.forks++;
    if (!to_sockets) {
        node->disk.save_tried_s = rcs_node_unixtime(node);
    }
    *child = (struct rcs_rdb_child){
        .phase = RCS_CHILD_FORKING,
        .to_sockets = to_sockets,
        .pid = node->next_child_pid++,
        .due_us = node->now_us + draw(node, RCS_FORK_US_MIN, RCS_FORK_US_MAX) +
                  (rcs_us)(snapshot->size_bytes / RCS_FORK_BYTES_PER_US),
        .snapshot = snapshot,
        .dirty_before = node->dirty,
    };
}

static void forked(struct rcs_node *node)
{
    struct rcs_rdb_child *child = &node->repl.child;
    rcs_node_fact(node, child->to_sockets ? RCS_FACT_CHILD_TRANSFER : RCS_FACT_CHILD_SAVE,
                  RCS_ID_NONE, child->pid, 0, 0, NULL, NULL);
    child->phase = RCS_CHILD_WRITING;
    rcs_us base_us = child->to_sockets ? draw(node, RCS_SEND_US_MIN, RCS_SEND_US_MAX)
                                       : draw(node, RCS_SAVE_US_MIN, RCS_SAVE_US_MAX);
    child->due_us = node->now_us + base_us +
                    (rcs_us)(child->snapshot->size_bytes / RCS_CHILD_WRITE_BYTES_PER_US);
}

static void written(struct rcs_node *node)
{
    struct rcs_rdb_child *child = &node->repl.child;
    if (!child->to_sockets && rcs_disk_save_fails(node, child->snapshot->size_bytes, child->pid)) {
        child->failed = true;
        child->phase = RCS_CHILD_EXITING;
        child->due_us = node->now_us + draw(node, RCS_CHILD_END_US_MIN, RCS_CHILD_END_US_MAX);
        return;
    }
    if (!child->to_sockets) {
        rcs_persistence_store(node, child->snapshot);
        rcs_node_child_fact(node, RCS_FACT_CHILD_SAVED, child->pid, 0, 0);
    } else if (rcs_replicas_send_rdb(node, child->snapshot) == 0) {
        /* Redis 7.0 rdbPipeReadHandler: data, and nobody left to take it */
        rcs_node_fact(node, RCS_FACT_CHILD_UNWANTED, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
        rcs_child_kill(node);
        return;
    }
    child->phase = RCS_CHILD_REPORTING;
    child->due_us = node->now_us + draw(node, RCS_CHILD_REPORT_US_MIN, RCS_CHILD_REPORT_US_MAX);
}

static void reported(struct rcs_node *node)
{
    struct rcs_rdb_child *child = &node->repl.child;
    rcs_node_child_fact(node, RCS_FACT_CHILD_COW, child->pid, 0, 0);
    if (child->to_sockets) {
        rcs_node_fact(node, RCS_FACT_CHILD_DRAINED, RCS_ID_NONE, rcs_replicas_in_bgsave(node), 0, 0,
                      NULL, NULL);
    }
    child->phase = RCS_CHILD_EXITING;
    child->due_us = node->now_us + draw(node, RCS_CHILD_END_US_MIN, RCS_CHILD_END_US_MAX);
}

void rcs_child_wake(struct rcs_node *node)
{
    struct rcs_rdb_child *child = &node->repl.child;
    if (node->now_us < child->due_us) {
        return;
    }
    switch (child->phase) {
    case RCS_CHILD_FORKING:
        forked(node);
        break;
    case RCS_CHILD_WRITING:
        written(node);
        break;
    case RCS_CHILD_REPORTING:
        reported(node);
        break;
    case RCS_CHILD_NONE:
    case RCS_CHILD_EXITING: /* seen at the next tick */
        break;
    }
}

rcs_us rcs_child_deadline(const struct rcs_node *node)
{
    const struct rcs_rdb_child *child = &node->repl.child;
    bool waits = child->phase != RCS_CHILD_NONE && child->phase != RCS_CHILD_EXITING;
    return waits ? child->due_us : RCS_NEVER;
}

void rcs_child_kill(struct rcs_node *node)
{
    struct rcs_rdb_child *child = &node->repl.child;
    bool ended = child->phase == RCS_CHILD_EXITING && node->now_us >= child->due_us;
    if (child->phase == RCS_CHILD_NONE || ended) {
        return; /* the signal of a dead process is nobody's: its own end counts */
    }
    child->killed = true;
    child->phase = RCS_CHILD_EXITING;
    child->due_us = node->now_us;
}

void rcs_child_finish_fork(struct rcs_node *node)
{
    if (node->repl.child.phase == RCS_CHILD_FORKING) {
        forked(node);
    }
}

void rcs_child_at_exit(struct rcs_node *node)
{
    const struct rcs_rdb_child *child = &node->repl.child;
    if (child->phase == RCS_CHILD_NONE) {
        return;
    }
    rcs_node_fact(node, RCS_FACT_SHUTDOWN_CHILD, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    if (child->phase != RCS_CHILD_EXITING || node->now_us < child->due_us) {
        rcs_node_child_fact(node, RCS_FACT_CHILD_SIGNALLED, child->pid, 0, 0);
    }
}

void rcs_child_close(struct rcs_node *node)
{
    struct rcs_rdb_child *child = &node->repl.child;
    if (child->snapshot != NULL) {
        rcs_snapshot_release(child->snapshot);
    }
    *child = (struct rcs_rdb_child){ 0 };
}

static void say_end(struct rcs_node *node, const struct rcs_rdb_child *child)
{
    if (child->killed) {
        rcs_node_fact(
            node, child->to_sockets ? RCS_FACT_CHILD_TRANSFER_KILLED : RCS_FACT_CHILD_SAVE_KILLED,
            RCS_ID_NONE, SIGNAL_USR1, 0, 0, NULL, NULL);
    } else if (child->failed) {
        rcs_node_fact(node, RCS_FACT_CHILD_SAVE_FAILED, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    } else {
        rcs_node_fact(node,
                      child->to_sockets ? RCS_FACT_CHILD_TRANSFERRED : RCS_FACT_CHILD_SAVE_DONE,
                      RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    }
}

void rcs_child_notice(struct rcs_node *node)
{
    struct rcs_rdb_child child = node->repl.child;
    if (child.phase != RCS_CHILD_EXITING || node->now_us < child.due_us) {
        return;
    }
    node->repl.child = (struct rcs_rdb_child){ 0 };
    say_end(node, &child);
    bool good = !child.killed && !child.failed;
    if (!child.to_sockets && good) {
        rcs_persistence_saved(node, child.dirty_before);
    } else if (child.failed && !child.killed) { /* SIGUSR1 is no failure */
        node->stats.rdb_saves++;
        rcs_disk_saved(node, false);
    }
    rcs_replicas_child_ended(node, good, child.to_sockets, child.snapshot);
    rcs_snapshot_release(child.snapshot);
    /* Redis 7.0 checkChildrenDone: any pending fork at once */
    rcs_replicas_start_sync(node, rcs_node_profile(node)->child_end_starts_sync);
}
