#include "sim/scenario/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/config.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"
#include "sim/world/world.h"

#include "sim/pure.h"

static rcs_us now_of(const struct rcs_run *run)
{
    return rcs_sim_now(run->sim);
}

static void note(struct rcs_run *run, const char *kind, const char *text)
{
    if (run->trace != NULL) {
        rcs_trace_note(run->trace, kind, text);
    }
}

/* A statement that changes the world: in the transcript and the history; the trace has it from the
 * world. */
static void tell(struct rcs_run *run, const char *kind, const char *text)
{
    rcs_transcript_act(run->transcript, now_of(run), kind, text);
    rcs_run_mark(run, text);
}

/* --- telling ---------------------------------------------------------------------------------- */

enum rcs_progress rcs_act_step(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_transcript_step(run->transcript, now_of(run), stmt->name);
    note(run, "step", stmt->name);
    rcs_run_mark(run, stmt->name);
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
    note(run, "print", text.data);
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

enum rcs_progress rcs_act_show(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_transcript_act(run->transcript, now_of(run), "show", stmt->text);
    for (unsigned i = 0; i < stmt->a.count; i++) {
        int node = stmt->a.nodes[i];
        if (stmt->number == 0) {
            show_opinions(run, node, &out);
        } else if (stmt->number == 1) {
            show_view(run, node, &out);
        }
        for (unsigned l = 0; l < run->log_count && stmt->number == 2; l++) {
            if (run->log[l].node == node) {
                rcs_buf_format(&out, "%-6s %s\n", run->script->nodes[node].name, run->log[l].text);
            }
        }
    }
    if (out.size_bytes > 0) {
        rcs_transcript_output(run->transcript, now_of(run), "", out.data, out.size_bytes);
    }
    rcs_buf_close(&out);
    return RCS_PROGRESS_DONE;
}

/* --- waiting ---------------------------------------------------------------------------------- */

enum rcs_progress rcs_act_wait(struct rcs_run *run, struct rcs_task *task)
{
    task->wake_us = now_of(run) + rcs_task_stmt(task)->high_us;
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
    rcs_duration_print(&text, rcs_task_stmt(task)->high_us);
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
    rcs_buf_init(&what);
    rcs_buf_text(&what, rcs_cond_text(stmt->cond));
    if (stmt->high_us > 0) {
        rcs_buf_text(&what, " within ");
        rcs_duration_print(&what, stmt->high_us);
    }
    rcs_buf_add(&what, "", 1);
    rcs_transcript_expect(run->transcript, now_of(run), holds,
                          holds ? rcs_cond_text(stmt->cond) : what.data, waited_us);
    note(run, holds ? "expect-held" : "expect-failed", what.data);
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
    struct rcs_findings findings;
    bool holds = rcs_cond_holds(run, stmt->cond, &findings),
         over = holds || now >= task->deadline_us;
    if (over) {
        rcs_story_tell(run->story, run->sim, run->transcript);
        judge(run, stmt, holds, now - task->began_us, &findings);
    }
    rcs_findings_close(&findings);
    task->wake_us =
        now + AWAIT_LOOK_US < task->deadline_us ? now + AWAIT_LOOK_US : task->deadline_us;
    return over ? RCS_PROGRESS_DONE : RCS_PROGRESS_WAITS;
}

/* --- settings --------------------------------------------------------------------------------- */

/* A directive given on the command line wins over the scenario's, wherever that stands. */
static bool overridden(const struct rcs_run *run, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = run->overrides; *line != '\0';) {
        size_t line_bytes = strcspn(line, "\n");
        if (line_bytes > len && memcmp(line, name, len) == 0 && line[len] == ' ') {
            return true;
        }
        line += line_bytes + (line[line_bytes] == '\n');
    }
    return false;
}

/* The value a node goes by now; the default if it is down. */
static void value_now(struct rcs_run *run, int node, const char *name, struct rcs_buf *out)
{
    struct rcs_config defaults;
    rcs_config_init(&defaults);
    const struct rcs_node *running = rcs_sim_node(run->sim, node);
    rcs_config_get(running != NULL ? rcs_node_config(running) : &defaults, name, out);
}

/* In `during`: what is to be put back when the block's time is over. */
static bool in_during(const struct rcs_task *task)
{
    return task->depth > 0;
}

static struct rcs_put_off undo_of(const struct rcs_task *task)
{
    return (struct rcs_put_off){
        .at_us = task->frames[task->depth].until_us,
        .stmt = rcs_task_stmt(task),
        .undo = true,
    };
}

static unsigned each_node(const struct rcs_run *run, const struct rcs_stmt *stmt)
{
    return stmt->a.count > 0 ? stmt->a.count : run->script->node_count;
}

static int nth_node(const struct rcs_stmt *stmt, unsigned i)
{
    return stmt->a.count > 0 ? stmt->a.nodes[i] : (int)i;
}

static bool configure(struct rcs_run *run, const struct rcs_stmt *stmt, int node, const char *value)
{
    struct rcs_diag diag = { .line = 0 };
    enum rcs_err err = rcs_sim_configure(run->sim, node, stmt->name, value, &diag);
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag.text);
    }
    return err == RCS_OK;
}

enum rcs_progress rcs_act_directive(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    if (overridden(run, stmt->name)) {
        return RCS_PROGRESS_DONE;
    }
    if (in_during(task)) {
        struct rcs_put_off undo = undo_of(task);
        struct rcs_buf saved;
        rcs_buf_init(&saved);
        for (unsigned i = 0; i < each_node(run, stmt); i++) {
            value_now(run, nth_node(stmt, i), stmt->name, &saved);
            rcs_buf_text(&saved, "\n");
        }
        undo.saved = rcs_run_copy(saved.data, saved.size_bytes);
        rcs_buf_close(&saved);
        rcs_run_put_off(run, &undo);
    }
    if (run->started) {
        tell(run, "setting", stmt->text);
    }
    if (stmt->a.count == 0) {
        configure(run, stmt, -1, stmt->value);
    }
    for (unsigned i = 0; i < stmt->a.count; i++) {
        if (!configure(run, stmt, stmt->a.nodes[i], stmt->value)) {
            break;
        }
    }
    return RCS_PROGRESS_DONE;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The record of a pair of sites; made with no latency if there is none yet. */
static struct rcs_pair_latency *pair_of(struct rcs_run *run, const char *a, const char *b)
{
    for (unsigned i = 0; i < run->latency_count; i++) {
        struct rcs_pair_latency *pair = &run->latencies[i];
        if ((same_text(pair->a, a) && same_text(pair->b, b)) ||
            (same_text(pair->a, b) && same_text(pair->b, a))) {
            return pair;
        }
    }
    run->latencies = realloc(run->latencies, (run->latency_count + 1) * sizeof(run->latencies[0]));
    RCS_ASSERT(run->latencies != NULL);
    run->latencies[run->latency_count] = (struct rcs_pair_latency){ .a = a, .b = b, .low_us = -1 };
    return &run->latencies[run->latency_count++];
}

static void set_latency(struct rcs_run *run, const struct rcs_stmt *stmt,
                        const struct rcs_pair_latency *pair)
{
    struct rcs_diag diag = { .line = 0 };
    enum rcs_err err = rcs_sim_latency(run->sim, pair->a, pair->b, pair->low_us,
                                       pair->high_us + pair->jitter_us, &diag);
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag.text);
    }
}

enum rcs_progress rcs_act_latency(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_pair_latency *pair = pair_of(run, stmt->name, stmt->value);
    bool jitter = stmt->low_us < 0;
    if (pair->low_us < 0 && (jitter || in_during(task))) {
        rcs_run_stop(
            run, stmt, RCS_ERR_STATE,
            jitter ? "jitter adds to a latency: none is set for these sites above"
                   : "no latency is set for these sites above, so there is none to go back to");
        return RCS_PROGRESS_DONE;
    }
    if (in_during(task)) {
        struct rcs_put_off undo = undo_of(task);
        undo.low_us = jitter ? pair->jitter_us : pair->low_us;
        undo.high_us = pair->high_us;
        rcs_run_put_off(run, &undo);
    }
    if (run->started) {
        tell(run, "setting", stmt->text);
    }
    if (jitter) {
        pair->jitter_us = stmt->high_us;
    } else {
        pair->low_us = stmt->low_us;
        pair->high_us = stmt->high_us;
    }
    set_latency(run, stmt, pair);
    return RCS_PROGRESS_DONE;
}

/* --- faults ----------------------------------------------------------------------------------- */

static void caused(struct rcs_run *run, const char *what)
{
    rcs_story_after(run->story, now_of(run), what);
}

enum rcs_progress rcs_act_fault(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_diag diag = { .line = 0 };
    tell(run, "fault", stmt->text);
    enum rcs_err err =
        rcs_sim_fault(run->sim, (enum rcs_fault)stmt->number, stmt->a.nodes, stmt->a.count, &diag);
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag.text);
        return RCS_PROGRESS_DONE;
    }
    char after[64];
    snprintf(after, sizeof(after), "the %s", stmt->verb->word);
    caused(run, after);
    if (in_during(task)) {
        struct rcs_put_off undo = undo_of(task);
        rcs_run_put_off(run, &undo);
    }
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_partition(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    tell(run, "fault", stmt->text);
    rcs_sim_partition(run->sim, stmt->a.nodes, stmt->a.count, stmt->b.nodes, stmt->b.count,
                      stmt->oneway);
    caused(run, "the partition");
    if (in_during(task)) {
        struct rcs_put_off undo = undo_of(task);
        rcs_run_put_off(run, &undo);
    }
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_heal(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    tell(run, "fault", stmt->text);
    rcs_sim_heal(run->sim, stmt->a.count > 0 ? stmt->a.nodes : NULL, stmt->a.count,
                 stmt->b.count > 0 ? stmt->b.nodes : NULL, stmt->b.count);
    caused(run, "the healing");
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_drop(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    tell(run, "fault", stmt->text);
    for (unsigned i = 0; i < (stmt->a.count > 0 ? stmt->a.count : 1); i++) {
        for (unsigned j = 0; j < (stmt->b.count > 0 ? stmt->b.count : 1); j++) {
            rcs_sim_drop(run->sim, stmt->number, stmt->a.count > 0 ? stmt->a.nodes[i] : -1,
                         stmt->b.count > 0 ? stmt->b.nodes[j] : -1, stmt->skip, stmt->times);
        }
    }
    return RCS_PROGRESS_DONE;
}

/* --- later, and for a while ------------------------------------------------------------------- */

enum rcs_progress rcs_act_at(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_put_off what = { .at_us = stmt->high_us + (stmt->absolute ? 0 : now_of(run)),
                                .stmt = stmt };
    if (what.at_us < now_of(run)) {
        char text[96];
        snprintf(text, sizeof(text), "this time is over: it is already %lld.%03d s",
                 (long long)(now_of(run) / RCS_S(1)), (int)(now_of(run) % RCS_S(1) / 1000));
        rcs_run_stop(run, stmt, RCS_ERR_STATE, text);
        return RCS_PROGRESS_DONE;
    }
    rcs_run_put_off(run, &what);
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_during(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    RCS_ASSERT(task->depth + 1 < RCS_FRAMES);
    task->depth++;
    task->frames[task->depth] = (struct rcs_frame){
        .stmts = stmt->body,
        .count = stmt->body_count,
        .until_us = now_of(run) + stmt->high_us,
    };
    return RCS_PROGRESS_WAITS;
}

static void undo_directive(struct rcs_run *run, const struct rcs_put_off *what)
{
    const char *line = what->saved;
    for (unsigned i = 0; i < each_node(run, what->stmt); i++) {
        size_t len = strcspn(line, "\n");
        char *value = rcs_run_copy(line, len);
        bool good = configure(run, what->stmt, nth_node(what->stmt, i), value);
        free(value);
        if (!good) {
            return;
        }
        line += len + (line[len] == '\n');
    }
}

/* Starts or resumes those nodes that still are as the block left them. */
static void undo_fault(struct rcs_run *run, const struct rcs_stmt *stmt, struct rcs_buf *text)
{
    bool paused = stmt->number == RCS_FAULT_PAUSE;
    int *nodes = rcs_run_alloc(stmt->a.count * sizeof(nodes[0]));
    unsigned count = 0;
    for (unsigned i = 0; i < stmt->a.count; i++) {
        enum rcs_node_life life = rcs_sim_node_life(run->sim, stmt->a.nodes[i]);
        if (paused ? life == RCS_LIFE_PAUSED : life == RCS_LIFE_DOWN || life == RCS_LIFE_OFF) {
            nodes[count++] = stmt->a.nodes[i];
        }
    }
    if (count > 0) {
        rcs_buf_text(text, paused ? "resume " : "start ");
        rcs_group_print(text, run->script, nodes, count);
        rcs_buf_add(text, "", 1);
        tell(run, "fault", text->data);
        (void)rcs_sim_fault(run->sim, paused ? RCS_FAULT_RESUME : RCS_FAULT_START, nodes, count,
                            NULL);
        caused(run, paused ? "the resume" : "the start");
    }
    free(nodes);
}

void rcs_act_undo(struct rcs_run *run, const struct rcs_put_off *what)
{
    const struct rcs_stmt *stmt = what->stmt;
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (stmt->verb->begin == rcs_act_fault) {
        undo_fault(run, stmt, &text);
    } else if (stmt->verb->begin == rcs_act_partition) {
        rcs_buf_format(&text, "heal %s %s", stmt->a.text, stmt->b.text);
        rcs_buf_add(&text, "", 1);
        tell(run, "fault", text.data);
        rcs_sim_heal(run->sim, stmt->a.nodes, stmt->a.count, stmt->b.nodes, stmt->b.count);
        caused(run, "the healing");
    } else {
        rcs_buf_format(&text, "end of: %s", stmt->text);
        rcs_buf_add(&text, "", 1);
        tell(run, "setting", text.data);
        if (stmt->verb->begin == rcs_act_latency) {
            struct rcs_pair_latency *pair = pair_of(run, stmt->name, stmt->value);
            if (stmt->low_us < 0) {
                pair->jitter_us = what->low_us;
            } else {
                pair->low_us = what->low_us;
                pair->high_us = what->high_us;
            }
            set_latency(run, stmt, pair);
        } else {
            undo_directive(run, what);
        }
    }
    rcs_buf_close(&text);
}
