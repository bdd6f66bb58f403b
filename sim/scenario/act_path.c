/* Statements about what lies between sites, and about disks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/act.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/verbs_parse.h"
#include "sim/world/world.h"

#include "sim/pure.h"

static void tell(struct rcs_run *run, const struct rcs_stmt *stmt)
{
    if (run->started) {
        rcs_run_tell(run, "setting", stmt->text);
    }
}

/* --- paths ------------------------------------------------------------------------------------ */

enum rcs_progress rcs_act_path(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_diag diag = { .line = 0 };
    unsigned rule;
    tell(run, stmt);
    enum rcs_err err = rcs_sim_path_rule(run->sim, (enum rcs_path_fault)stmt->number, stmt->name,
                                         stmt->value, (uint64_t)stmt->high_us, &rule, &diag);
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag.text);
        return RCS_PROGRESS_DONE;
    }
    if (rcs_act_in_during(task)) {
        struct rcs_put_off undo = rcs_act_undo_of(task);
        undo.pair.rule = rule;
        rcs_run_put_off(run, &undo);
    }
    return RCS_PROGRESS_DONE;
}

void rcs_act_undo_path(struct rcs_run *run, const struct rcs_put_off *what)
{
    rcs_sim_path_end(run->sim, (enum rcs_path_fault)what->stmt->number, what->pair.rule);
}

/* --- disks ------------------------------------------------------------------------------------ */

static void set_fsync(struct rcs_run *run, const struct rcs_stmt *stmt, const int *nodes,
                      unsigned count, rcs_us fsync_us)
{
    struct rcs_diag diag = { .line = 0 };
    enum rcs_err err = rcs_sim_fsync(run->sim, nodes, count, fsync_us, &diag);
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag.text);
    }
}

/* What the statement changes of a node's disk, as it is before. */
static int64_t now_of(const struct rcs_run *run, const struct rcs_stmt *stmt, int node)
{
    return stmt->number == RCS_DISK_FSYNC ? rcs_sim_fsync_us(run->sim, node)
                                          : rcs_sim_disk_full(run->sim, node);
}

enum rcs_progress rcs_act_disk(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    if (rcs_act_in_during(task)) {
        struct rcs_put_off undo = rcs_act_undo_of(task);
        struct rcs_buf saved;
        rcs_buf_init(&saved);
        for (unsigned i = 0; i < stmt->a.count; i++) {
            rcs_buf_format(&saved, "%lld\n", (long long)now_of(run, stmt, stmt->a.nodes[i]));
        }
        undo.saved = rcs_run_copy(saved.data, saved.size_bytes);
        rcs_buf_close(&saved);
        rcs_run_put_off(run, &undo);
    }
    tell(run, stmt);
    if (stmt->number == RCS_DISK_FSYNC) {
        set_fsync(run, stmt, stmt->a.nodes, stmt->a.count, stmt->high_us);
    } else {
        rcs_sim_disk(run->sim, stmt->a.nodes, stmt->a.count, stmt->number == RCS_DISK_FULL);
    }
    return RCS_PROGRESS_DONE;
}

void rcs_act_undo_disk(struct rcs_run *run, const struct rcs_put_off *what)
{
    char *at = what->saved;
    for (unsigned i = 0; i < what->stmt->a.count; i++) {
        int64_t before = strtoll(at, &at, 10);
        if (what->stmt->number == RCS_DISK_FSYNC) {
            set_fsync(run, what->stmt, &what->stmt->a.nodes[i], 1, before);
        } else {
            rcs_sim_disk(run->sim, &what->stmt->a.nodes[i], 1, before != 0);
        }
    }
}

/* --- clocks ----------------------------------------------------------------------------------- */

enum rcs_progress rcs_act_clock(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_diag diag = { .line = 0 };
    struct rcs_put_off undo = { .undo = false };
    if (rcs_act_in_during(task)) {
        undo = rcs_act_undo_of(task);
        undo.saved = rcs_run_alloc(stmt->a.count * sizeof(struct rcs_clock));
        for (unsigned i = 0; i < stmt->a.count; i++) {
            struct rcs_clock host_clock = rcs_sim_clock_of(run->sim, stmt->a.nodes[i]);
            memcpy(undo.saved + i * sizeof(host_clock), &host_clock, sizeof(host_clock));
        }
    }
    tell(run, stmt);
    enum rcs_err err = rcs_sim_clock(run->sim, stmt->a.nodes, stmt->a.count,
                                     (enum rcs_clock_change)stmt->number, stmt->high_us, &diag);
    if (err != RCS_OK) {
        free(undo.saved);
        rcs_run_stop(run, stmt, err, diag.text);
    } else if (undo.undo) {
        rcs_run_put_off(run, &undo);
    }
    return RCS_PROGRESS_DONE;
}

void rcs_act_undo_clock(struct rcs_run *run, const struct rcs_put_off *what)
{
    for (unsigned i = 0; i < what->stmt->a.count; i++) {
        struct rcs_clock host_clock;
        memcpy(&host_clock, what->saved + i * sizeof(host_clock), sizeof(host_clock));
        rcs_sim_put_clock(run->sim, what->stmt->a.nodes[i], &host_clock);
    }
}

enum rcs_progress rcs_act_keep(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_diag diag = { .line = 0 };
    rcs_run_tell(run, "fault", stmt->text);
    if (task->frames[task->depth].tries) {
        for (unsigned i = 0; i < stmt->a.count; i++) {
            (void)rcs_sim_keep_conf(run->sim, &stmt->a.nodes[i], 1, &diag);
        }
        return RCS_PROGRESS_DONE;
    }
    enum rcs_err err = rcs_sim_keep_conf(run->sim, stmt->a.nodes, stmt->a.count, &diag);
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag.text);
    }
    return RCS_PROGRESS_DONE;
}
