#include "sim/scenario/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>

#include "sim/node/config.h"
#include "sim/scenario/chaos.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"
#include "sim/world/world.h"

#include "sim/pure.h"

static rcs_us now_of(const struct rcs_run *run)
{
    return rcs_sim_now(run->sim);
}

/* --- telling ---------------------------------------------------------------------------------- */

enum rcs_progress rcs_act_step(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_transcript_step(run->transcript, now_of(run), stmt->name);
    rcs_run_note(run, "step", stmt->name);
    rcs_run_mark(run, stmt->name);
    struct rcs_check *check = rcs_check_of(run->sim);
    if (check != NULL && strcmp(stmt->name, RCS_PLAN_STEP) == 0) {
        rcs_check_begin(check); /* how the cluster came to be is no part of a fingerprint */
    }
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_print(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (unsigned i = 0; i < stmt->word_count; i++) {
        rcs_buf_text(&text, i > 0 ? " " : "");
        rcs_run_word(run, &stmt->words[i], &text);
    }
    rcs_buf_add(&text, "", 1);
    rcs_transcript_act(run->transcript, now_of(run), "print", text.data);
    rcs_run_note(run, "print", text.data);
    rcs_buf_close(&text);
    return RCS_PROGRESS_DONE;
}

static void show_opinions(struct rcs_run *run, int viewer, struct rcs_buf *out)
{
#define X(name, value, text) { value, text },
    static const struct {
        unsigned value;
        const char *text;
    } flags[] = { RCS_NODE_FLAGS(X) };
#undef X
    for (unsigned node = 0; node < run->script->node_count; node++) {
        struct rcs_opinion opinion;
        if (!rcs_sim_opinion(run->sim, viewer, (int)node, &opinion)) {
            continue;
        }
        char words[96] = "";
        size_t used = 0;
        for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
            if ((opinion.flags & flags[i].value) && flags[i].text != NULL) {
                int wrote = snprintf(words + used, sizeof(words) - used, "%s%s",
                                     used > 0 ? "," : "", flags[i].text);
                used += wrote > 0 ? (size_t)wrote : 0;
            }
        }
        rcs_buf_format(out, "%-6s %-18s %-6s epoch %-4llu %-12s %s\n",
                       run->script->nodes[node].name, words,
                       opinion.master < 0 ? "-" : run->script->nodes[opinion.master].name,
                       (unsigned long long)opinion.config_epoch,
                       opinion.connected ? "connected" : "disconnected",
                       rcs_sim_slot_ranges(run->sim, viewer, (int)node));
    }
}

static void show_view(struct rcs_run *run, int node, struct rcs_buf *out)
{
    struct rcs_view view;
    rcs_sim_view(run->sim, node, &view);
    const char *name = run->script->nodes[node].name;
    if (!view.running) {
        rcs_buf_format(out, "%-6s not running\n", name);
        return;
    }
    rcs_buf_format(out, "%-6s state %-4s %s", name, view.state_ok ? "ok" : "fail",
                   view.replica ? "replica" : "master ");
    rcs_buf_format(out, " of %-6s link %-4s",
                   !view.replica      ? "-"
                   : view.master >= 0 ? run->script->nodes[view.master].name
                                      : "?",
                   !view.replica  ? "-"
                   : view.link_up ? "up"
                                  : "down");
    rcs_buf_format(out,
                   " known %-3u size %-3d slots %-5u epoch %llu/%llu  keys %llu  offset %lld\n",
                   view.known, view.size, view.slots, (unsigned long long)view.my_epoch,
                   (unsigned long long)view.current_epoch, (unsigned long long)view.keys,
                   (long long)view.offset);
}

/* The lines of a range, its edges included; without a range all of them. */
static void show_log(struct rcs_run *run, const struct rcs_stmt *stmt, int node,
                     struct rcs_buf *out)
{
    char *edges[2] = { NULL, NULL };
    for (unsigned i = 0; i < stmt->word_count; i++) {
        struct rcs_buf edge;
        rcs_buf_init(&edge);
        rcs_run_word(run, &stmt->words[i], &edge);
        edges[i] = rcs_run_copy(edge.data, edge.size_bytes);
        rcs_buf_close(&edge);
    }
    bool within = edges[0] == NULL, over = false;
    for (unsigned i = 0; i < run->log_count && !over; i++) {
        const struct rcs_log_line *line = &run->log[i];
        if (line->node != node) {
            continue;
        }
        bool begins = !within && rcs_log_line_fits(edges[0], line->text);
        within |= begins;
        if (within) {
            rcs_buf_format(out, "%s | %s\n", run->script->nodes[node].name, line->text);
        }
        over = within && !begins && edges[1] != NULL && rcs_log_line_fits(edges[1], line->text);
    }
    free(edges[0]);
    free(edges[1]);
}

enum rcs_progress rcs_act_show(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_transcript_act(run->transcript, now_of(run), "show", stmt->text);
    if (stmt->number == 3) {
        rcs_act_tell_workloads(run);
    }
    for (unsigned i = 0; i < stmt->a.count; i++) {
        int node = stmt->a.nodes[i];
        if (stmt->number == 0) {
            show_opinions(run, node, &out);
        } else if (stmt->number == 1) {
            show_view(run, node, &out);
        }
        if (stmt->number == 2) {
            show_log(run, stmt, node, &out);
        }
    }
    if (out.size_bytes > 0) {
        rcs_transcript_output(run->transcript, now_of(run), "", out.data, out.size_bytes);
    }
    rcs_buf_add(&out, "", 1);
    rcs_act_check_output(run, stmt, out.data);
    rcs_buf_close(&out);
    return RCS_PROGRESS_DONE;
}

/* --- waiting ---------------------------------------------------------------------------------- */

enum rcs_progress rcs_act_wait(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_us wait_us = stmt->high_us;
    if (stmt->low_us < stmt->high_us) {
        wait_us = rcs_rand_between(&run->waits, stmt->low_us, stmt->high_us);
    }
    task->wake_us = now_of(run) + wait_us;
    task->quiet = true;
    return rcs_act_wait_poll(run, task);
}

/* Told when it is over: what happened meanwhile then stands above it, drawn together with what the
 * statement before has caused. */
enum rcs_progress rcs_act_wait_poll(struct rcs_run *run, struct rcs_task *task)
{
    if (!rcs_run_reached(run, task->wake_us)) {
        return RCS_PROGRESS_WAITS;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "waited ");
    rcs_duration_print(&text, task->wake_us - task->began_us);
    rcs_buf_add(&text, "", 1);
    rcs_story_tell(run->story, run->sim, run->transcript);
    rcs_transcript_act(run->transcript, now_of(run), "wait", text.data);
    rcs_buf_close(&text);
    return RCS_PROGRESS_DONE;
}

static void judge(struct rcs_run *run, const struct rcs_stmt *stmt, bool holds, rcs_us waited_us,
                  struct rcs_findings *findings)
{
    struct rcs_buf what;
    rcs_outcome_judged(run, stmt, holds ? waited_us : RCS_NEVER);
    rcs_buf_init(&what);
    rcs_buf_text(&what, rcs_cond_text(stmt->cond));
    if (stmt->high_us > 0) {
        rcs_buf_text(&what, " within ");
        rcs_duration_print(&what, stmt->high_us);
    }
    rcs_buf_add(&what, "", 1);
    rcs_transcript_expect(run->transcript, now_of(run), holds,
                          holds ? rcs_cond_text(stmt->cond) : what.data, waited_us);
    rcs_run_note(run, holds ? "expect-held" : "expect-failed", what.data);
    if (!holds) {
        struct rcs_buf instead;
        rcs_buf_init(&instead);
        rcs_findings_print(findings, run->script, &instead);
        rcs_buf_add(&instead, "", 1);
        rcs_run_fail(run, &stmt->place, what.data, instead.data);
        rcs_buf_close(&instead);
    }
    rcs_buf_close(&what);
}

enum rcs_progress rcs_act_expect(struct rcs_run *run, struct rcs_task *task)
{
    struct rcs_findings findings;
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    bool holds = rcs_cond_holds(run, stmt->cond, &findings);
    judge(run, stmt, holds, 0, &findings);
    rcs_findings_close(&findings);
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_await(struct rcs_run *run, struct rcs_task *task)
{
    task->deadline_us = now_of(run) + rcs_task_stmt(task)->high_us;
    task->wake_us = now_of(run);
    task->quiet = true;
    return rcs_act_await_poll(run, task);
}

#define AWAIT_LOOK_US RCS_MS(1)

enum rcs_progress rcs_act_await_poll(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_us now = now_of(run);
    if (!rcs_run_reached(run, task->wake_us)) {
        return RCS_PROGRESS_WAITS;
    }
    bool holds = rcs_cond_holds(run, stmt->cond, NULL), over = holds || now >= task->deadline_us;
    if (over) {
        struct rcs_findings findings;
        (void)rcs_cond_holds(run, stmt->cond, &findings); /* asked again, for the reasons */
        rcs_story_tell(run->story, run->sim, run->transcript);
        judge(run, stmt, holds, now - task->began_us, &findings);
        rcs_findings_close(&findings);
    }
    task->wake_us =
        now + AWAIT_LOOK_US < task->deadline_us ? now + AWAIT_LOOK_US : task->deadline_us;
    return over ? RCS_PROGRESS_DONE : RCS_PROGRESS_WAITS;
}
