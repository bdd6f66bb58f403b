/* A run goes on: its tasks are carried as far as they go without time passing, and between that the
 * world steps. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>

#include "sim/scenario/act.h"
#include "sim/scenario/cli.h"
#include "sim/scenario/order.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"
#include "sim/world/world.h"

#include "sim/pure.h"

/* --- tasks ------------------------------------------------------------------------------------ */

struct rcs_task *rcs_run_task(struct rcs_run *run, const struct rcs_stmt *stmts, unsigned count)
{
    struct rcs_task *task = calloc(1, sizeof(*task));
    run->tasks = realloc(run->tasks, (run->task_count + 1) * sizeof(run->tasks[0]));
    RCS_ASSERT(task != NULL && run->tasks != NULL);
    task->frames[0] = (struct rcs_frame){ .stmts = stmts, .count = count };
    task->wake_us = RCS_NEVER;
    task->order = rcs_order_hold(run->order);
    run->tasks[run->task_count++] = task;
    return task;
}

void rcs_task_free(struct rcs_task *task)
{
    for (unsigned i = 0; i < task->answer_count; i++) {
        free(task->answers[i].text);
        free(task->answers[i].redirections);
    }
    free(task->answers);
    if (task->own_session) {
        rcs_session_free(task->session);
    }
    rcs_cli_free(task->cli);
    free(task);
}

const struct rcs_stmt *rcs_task_stmt(const struct rcs_task *task)
{
    const struct rcs_frame *frame = &task->frames[task->depth];
    RCS_ASSERT(frame->at < frame->count);
    return &frame->stmts[frame->at];
}

void rcs_run_put_off(struct rcs_run *run, const struct rcs_put_off *what)
{
    run->put_off = realloc(run->put_off, (run->put_off_count + 1) * sizeof(run->put_off[0]));
    RCS_ASSERT(run->put_off != NULL);
    unsigned at = run->put_off_count++;
    /* What `during` began last ends first; what `at` names keeps its order. */
    while (at > 0 && (run->put_off[at - 1].at_us > what->at_us ||
                      (run->put_off[at - 1].at_us == what->at_us && what->undo &&
                       run->put_off[at - 1].undo))) {
        run->put_off[at] = run->put_off[at - 1];
        at--;
    }
    run->put_off[at] = *what;
    run->put_off[at].order = rcs_order_hold(run->order);
}

/* --- going on --------------------------------------------------------------------------------- */

/* Of a script that says nothing. */
static const struct rcs_stmt nothing = { .place = { .source = "" } };

/* All nodes that are not absent, at one instant, before `stmt`, the first that acts. */
static void start_nodes(struct rcs_run *run, const struct rcs_stmt *stmt)
{
    int *nodes = rcs_run_alloc(run->script->node_count * sizeof(nodes[0]));
    unsigned count = 0;
    for (unsigned i = 0; i < run->script->node_count; i++) {
        if (!run->script->nodes[i].absent) {
            nodes[count++] = (int)i;
        }
    }
    struct rcs_diag diag = { .line = 0 };
    run->started = true;
    enum rcs_err err =
        count == 0 ? RCS_OK : rcs_sim_fault(run->sim, RCS_FAULT_START, nodes, count, &diag);
    free(nodes);
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag.text);
    }
}

static void check_broken(struct rcs_run *run, const struct rcs_place *place)
{
    const struct rcs_check *check = rcs_check_of(run->sim);
    const char *broken = check == NULL ? "" : rcs_check_broken(check);
    if (broken[0] != '\0' && !run->broken_told) {
        run->broken_told = true;
        rcs_run_fail(run, place, RCS_RUN_INVARIANTS, broken);
    }
}

static void begin_stmt(struct rcs_run *run, struct rcs_task *task, enum rcs_progress *progress)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    bool acts = stmt->verb->where == RCS_VERB_ACTS;
    if (acts && !run->started) {
        start_nodes(run, stmt);
        if (run->err != RCS_OK) {
            *progress = RCS_PROGRESS_DONE;
            return;
        }
    }
    bool waits = stmt->verb->begin == rcs_act_wait || stmt->verb->begin == rcs_act_await;
    if (run->started && !waits) {
        rcs_story_tell(run->story, run->sim, run->transcript);
    }
    check_broken(run, &stmt->place);
    task->begun = true;
    task->began_us = rcs_sim_now(run->sim);
    task->wake_us = RCS_NEVER;
    task->quiet = false;
    *progress = stmt->verb->begin(run, task);
}

/* The end of a block is reached: its time must have passed, too. */
static bool leave_block(struct rcs_run *run, struct rcs_task *task)
{
    rcs_us until_us = task->frames[task->depth].until_us;
    if (!rcs_run_reached(run, until_us)) {
        task->wake_us = until_us;
        task->quiet = true;
        return false;
    }
    task->depth--;
    task->frames[task->depth].at++; /* past `during` */
    task->begun = false;
    return true;
}

/* The script waits before a step that it was not told to play; the nodes it begins with are there
 * all the same. */
static bool is_held(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    if (task != run->tasks[0] || stmt->verb->begin != rcs_act_step ||
        run->steps_left == RCS_RUN_ALL_STEPS) {
        return false;
    }
    run->held = run->steps_left == 0;
    if (!run->held) {
        run->steps_left--;
        return false;
    }
    if (!run->started) {
        start_nodes(run, stmt);
    }
    run->set_up = true;
    task->wake_us = RCS_NEVER;
    task->quiet = true;
    return true;
}

static void carry(struct rcs_run *run, struct rcs_task *task)
{
    while (!task->done && run->err == RCS_OK) {
        if (rcs_order_failed(task->order) || (task == run->tasks[0] && run->broken_off)) {
            task->done = true;
            return;
        }
        struct rcs_frame *frame = &task->frames[task->depth];
        if (frame->at == frame->count) {
            if (task->depth == 0) {
                task->done = true;
                run->set_up |= task == run->tasks[0];
                if (run->options.serve_ip != NULL && !run->started) {
                    start_nodes(run, &nothing); /* of a script that only lays out */
                }
            } else if (!leave_block(run, task)) {
                return;
            }
            continue;
        }
        unsigned depth = task->depth;
        enum rcs_progress progress;
        if (!task->begun && is_held(run, task)) {
            return;
        }
        if (!task->begun) {
            begin_stmt(run, task, &progress);
        } else {
            progress = rcs_task_stmt(task)->verb->poll(run, task);
        }
        if (task->depth > depth) { /* `during` opened its block */
            task->begun = false;
        } else if (progress == RCS_PROGRESS_WAITS) {
            return;
        } else {
            frame->at++;
            task->begun = false;
        }
    }
}

void rcs_run_go_on(struct rcs_run *run, struct rcs_task *task)
{
    if (task->order == NULL) {
        carry(run, task);
        return;
    }
    struct rcs_order *before = run->order;
    rcs_order_at_hand(run, task->order);
    carry(run, task);
    rcs_order_at_hand(run, before);
    if (task->done) {
        rcs_order_over(run, task->order);
    }
}

/* What was put off until now or earlier. */
static void fire(struct rcs_run *run)
{
    while (run->err == RCS_OK && run->put_off_count > 0 &&
           rcs_run_reached(run, run->put_off[0].at_us)) {
        struct rcs_put_off what = run->put_off[0];
        run->put_off_count--;
        memmove(run->put_off, run->put_off + 1, run->put_off_count * sizeof(run->put_off[0]));
        rcs_story_tell(run->story, run->sim, run->transcript);
        rcs_order_at_hand(run, what.order);
        if (what.undo) {
            rcs_act_undo(run, &what);
        } else {
            rcs_run_go_on(run, rcs_run_task(run, what.stmt->body, what.stmt->body_count));
        }
        rcs_order_at_hand(run, NULL);
        rcs_order_release(run, what.order);
        free(what.saved);
        free(what.nodes);
    }
}

static void drop_done_tasks(struct rcs_run *run)
{
    unsigned kept = 1;
    for (unsigned i = 1; i < run->task_count; i++) {
        if (run->tasks[i]->done) {
            rcs_order_release(run, run->tasks[i]->order);
            rcs_task_free(run->tasks[i]);
        } else {
            run->tasks[kept++] = run->tasks[i];
        }
    }
    run->task_count = kept;
}

RCS_RARE static void finish(struct rcs_run *run, bool interrupted)
{
    if (run->ended) {
        return;
    }
    if (!run->started && run->err == RCS_OK && run->script->stmt_count > 0) {
        start_nodes(run, &run->script->stmts[run->script->stmt_count - 1]);
    }
    rcs_story_tell(run->story, run->sim, run->transcript);
    struct rcs_place place = { run->script->stmt_count > 0
                                   ? run->script->stmts[run->script->stmt_count - 1].place.source
                                   : "",
                               0, 0 };
    check_broken(run, &place);
    rcs_act_tell_workloads(run);
    if (run->trace != NULL) {
        rcs_trace_writer_end(run->trace, interrupted || run->err != RCS_OK);
        run->trace = NULL;
    }
    rcs_orders_end(run);
    if (run->err == RCS_OK) {
        rcs_transcript_end(run->transcript, rcs_sim_now(run->sim), rcs_sim_digest(run->sim),
                           run->failures, interrupted);
    }
    run->ended = true;
    rcs_orders_tell(run);
}

/* Everything that can happen without time passing; then when to stop next, and whether only that
 * matters. */
static rcs_us settle(struct rcs_run *run, bool *quiet)
{
    do { /* what is put off until now is done now */
        fire(run);
        for (unsigned i = 0; i < run->task_count; i++) {
            rcs_run_go_on(run, run->tasks[i]);
        }
        drop_done_tasks(run);
    } while (run->err == RCS_OK && run->put_off_count > 0 &&
             rcs_run_reached(run, run->put_off[0].at_us));
    rcs_us limit = run->put_off_count > 0 ? run->put_off[0].at_us : RCS_NEVER;
    *quiet = true;
    for (unsigned i = 0; i < run->task_count; i++) {
        const struct rcs_task *task = run->tasks[i];
        if (!task->done) {
            limit = task->wake_us < limit ? task->wake_us : limit;
            *quiet &= task->quiet;
        }
    }
    return limit;
}

static bool through(const struct rcs_run *run)
{
    return run->err != RCS_OK || (run->task_count == 1 && run->tasks[0]->done &&
                                  run->put_off_count == 0 && run->options.serve_ip == NULL);
}

bool rcs_run_idle(const struct rcs_run *run)
{
    return run->tasks[0]->done || run->held;
}

void rcs_run_play(struct rcs_run *run, unsigned steps)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "play");
    if (steps != RCS_RUN_ALL_STEPS) {
        rcs_buf_format(&text, " %u", steps);
    }
    rcs_order_record(run, text.data, text.size_bytes);
    rcs_buf_close(&text);
    rcs_run_add_steps(run, steps);
}

void rcs_run_add_steps(struct rcs_run *run, unsigned steps)
{
    run->steps_left =
        steps >= RCS_RUN_ALL_STEPS - run->steps_left ? RCS_RUN_ALL_STEPS : run->steps_left + steps;
    run->held = false;
}

/* The statement a task waits in; at the end of a block that is the block's own. */
static const struct rcs_stmt *waiting_stmt(const struct rcs_task *task)
{
    unsigned depth = task->depth;
    while (depth > 0 && task->frames[depth].at == task->frames[depth].count) {
        depth--;
    }
    const struct rcs_frame *frame = &task->frames[depth];
    RCS_ASSERT(frame->at < frame->count);
    return &frame->stmts[frame->at];
}

static void stop_at_the_end(struct rcs_run *run)
{
    const struct rcs_stmt *stmt = run->put_off_count > 0 ? run->put_off[0].stmt : NULL;
    for (unsigned i = 0; i < run->task_count; i++) {
        if (!run->tasks[i]->done) {
            stmt = waiting_stmt(run->tasks[i]);
            break;
        }
    }
    RCS_ASSERT(stmt != NULL); /* else the run is through */
    rcs_run_stop(run, stmt, RCS_ERR_LIMIT,
                 "the virtual time of a run ends here, after 1600000 s (18.5 days)");
}

/* What came from outside, or from a task, is to be carried out yet, though all of this instant once
 * was. */
static void look_again(struct rcs_run *run)
{
    run->complete &= rcs_sim_next(run->sim) > rcs_sim_now(run->sim);
}

/* Up to `end`, or for so many events. */
RCS_HOT static enum rcs_run_state turn(struct rcs_run *run, rcs_us end, unsigned events)
{
    while (!run->ended && events > 0) {
        bool quiet;
        rcs_us limit = settle(run, &quiet);
        if (through(run)) {
            finish(run, false);
            break;
        }
        if (end != RCS_NEVER) {
            look_again(run);
        }
        /* Who waits for an order is told when all of the instant it ended at has happened. */
        rcs_us until = run->over_count > 0 ? rcs_sim_now(run->sim) : end;
        if (rcs_run_reached(run, until) && run->over_count == 0) {
            return RCS_RUN_REACHED;
        }
        if (rcs_run_reached(run, until)) {
            rcs_orders_tell(run);
            look_again(run);
            continue;
        }
        limit = until < limit ? until : limit;
        RCS_ASSERT(!rcs_run_reached(run, limit));
        if (rcs_sim_now(run->sim) == RCS_SIM_TIME_MAX ||
            (limit == RCS_NEVER && rcs_sim_next(run->sim) > RCS_SIM_TIME_MAX)) {
            stop_at_the_end(run);
            continue;
        }
        uint64_t answers = rcs_sim_answers(run->sim);
        bool stepped = true;
        while (stepped && events > 0 && (quiet || answers == rcs_sim_answers(run->sim))) {
            stepped = rcs_sim_step(run->sim, limit);
            events -= stepped;
            run->complete = !stepped;
        }
    }
    return run->ended ? RCS_RUN_DONE : RCS_RUN_MORE;
}

enum rcs_run_state rcs_run_turn(struct rcs_run *run, unsigned events)
{
    return turn(run, RCS_NEVER, events);
}

enum rcs_run_state rcs_run_until(struct rcs_run *run, rcs_us limit, unsigned events)
{
    RCS_ASSERT(limit >= rcs_sim_now(run->sim));
    look_again(run);
    return turn(run, limit, events);
}

rcs_us rcs_run_next(struct rcs_run *run)
{
    bool quiet;
    look_again(run);
    rcs_us limit = run->ended ? RCS_NEVER : settle(run, &quiet);
    rcs_us next = run->over_count > 0 ? rcs_sim_now(run->sim) : rcs_sim_next(run->sim);
    return next < limit ? next : limit;
}

void rcs_run_finish(struct rcs_run *run)
{
    finish(run, false);
}

void rcs_run_interrupt(struct rcs_run *run)
{
    finish(run, true);
}
