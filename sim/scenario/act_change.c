/* Statements that change the world: settings, faults; putting them off, and undoing what was done
 * for the time of a block. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/config.h"
#include "sim/scenario/act.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"
#include "sim/world/world.h"

#include "sim/pure.h"

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

/* The innermost `during` that the statement at hand stands in; NULL: none. */
static const struct rcs_frame *during_of(const struct rcs_task *task)
{
    for (unsigned depth = task->depth; depth > 0; depth--) {
        if (!task->frames[depth].plain) {
            return &task->frames[depth];
        }
    }
    return NULL;
}

/* In `during`: what is to be put back when the block's time is over. */
bool rcs_act_in_during(const struct rcs_task *task)
{
    return during_of(task) != NULL;
}

struct rcs_put_off rcs_act_undo_of(const struct rcs_task *task)
{
    return (struct rcs_put_off){
        .at_us = during_of(task)->until_us,
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
    enum rcs_err err = strcmp(stmt->name, RCS_DIRECTIVE_RELEASE) == 0
                           ? rcs_sim_set_release(run->sim, node, value, &diag)
                           : rcs_sim_configure(run->sim, node, stmt->name, value, &diag);
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
    if (rcs_act_in_during(task) && strcmp(stmt->name, RCS_DIRECTIVE_RELEASE) == 0) {
        rcs_run_stop(run, stmt, RCS_ERR_STATE, "a release does not end with a block: put it above");
        return RCS_PROGRESS_DONE;
    }
    if (rcs_act_in_during(task)) {
        struct rcs_put_off undo = rcs_act_undo_of(task);
        struct rcs_buf saved;
        rcs_buf_init(&saved);
        for (unsigned i = 0; i < each_node(run, stmt); i++) {
            rcs_config_get(rcs_sim_config(run->sim, nth_node(stmt, i)), stmt->name, &saved);
            rcs_buf_text(&saved, "\n");
        }
        undo.saved = rcs_run_copy(saved.data, saved.size_bytes);
        rcs_buf_close(&saved);
        rcs_run_put_off(run, &undo);
    }
    if (run->started) {
        rcs_run_tell(run, "setting", stmt->text);
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

/* The newest record of a pair of sites, which covers the others; NULL: no latency was set for it.
 */
static struct rcs_pair_latency *pair_of(struct rcs_run *run, const char *a, const char *b)
{
    for (unsigned i = run->latency_count; i > 0; i--) {
        struct rcs_pair_latency *pair = &run->latencies[i - 1];
        if ((same_text(pair->a, a) && same_text(pair->b, b)) ||
            (same_text(pair->a, b) && same_text(pair->b, a))) {
            return pair;
        }
    }
    return NULL;
}

static void stop_on(struct rcs_run *run, const struct rcs_stmt *stmt, enum rcs_err err,
                    const struct rcs_diag *diag)
{
    if (err != RCS_OK) {
        rcs_run_stop(run, stmt, err, diag->text);
    }
}

/* Another range in the place the pair's rule has. */
static void change_latency(struct rcs_run *run, const struct rcs_stmt *stmt,
                           const struct rcs_pair_latency *pair)
{
    struct rcs_diag diag = { .line = 0 };
    stop_on(run, stmt,
            rcs_sim_latency_change(run->sim, pair->rule, pair->low_us,
                                   pair->high_us + pair->jitter_us, &diag),
            &diag);
}

/* A rule that comes before all others, and its record. NULL: the run was told why not. */
static const struct rcs_pair_latency *set_latency(struct rcs_run *run, const struct rcs_stmt *stmt,
                                                  rcs_us jitter_us)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_pair_latency pair = { .a = stmt->name,
                                     .b = stmt->value,
                                     .low_us = stmt->low_us,
                                     .high_us = stmt->high_us,
                                     .jitter_us = jitter_us };
    enum rcs_err err = rcs_sim_latency_rule(run->sim, pair.a, pair.b, pair.low_us,
                                            pair.high_us + jitter_us, &pair.rule, &diag);
    stop_on(run, stmt, err, &diag);
    if (err != RCS_OK) {
        return NULL;
    }
    run->latencies = realloc(run->latencies, (run->latency_count + 1) * sizeof(run->latencies[0]));
    RCS_ASSERT(run->latencies != NULL);
    run->latencies[run->latency_count] = pair;
    return &run->latencies[run->latency_count++];
}

enum rcs_progress rcs_act_latency(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_pair_latency *pair = pair_of(run, stmt->name, stmt->value);
    bool jitter = stmt->low_us < 0;
    if (pair == NULL && jitter) {
        rcs_run_stop(run, stmt, RCS_ERR_STATE,
                     "jitter adds to a latency: none is set for these sites above");
        return RCS_PROGRESS_DONE;
    }
    if (run->started) {
        rcs_run_tell(run, "setting", stmt->text);
    }
    struct rcs_pair_latency before = { .rule = 0 };
    if (jitter) {
        before = *pair;
        pair->jitter_us = stmt->high_us;
        change_latency(run, stmt, pair);
    } else {
        const struct rcs_pair_latency *set =
            set_latency(run, stmt, pair == NULL ? 0 : pair->jitter_us);
        if (set == NULL) {
            return RCS_PROGRESS_DONE;
        }
        before.rule = set->rule;
    }
    if (rcs_act_in_during(task)) {
        struct rcs_put_off undo = rcs_act_undo_of(task);
        undo.pair = before;
        rcs_run_put_off(run, &undo);
    }
    return RCS_PROGRESS_DONE;
}

/* The block that added its jitter to what `what` left, and has not ended; NULL: there is none. */
static struct rcs_put_off *later_jitter(struct rcs_run *run, const struct rcs_put_off *what)
{
    for (unsigned i = 0; i < run->put_off_count; i++) {
        struct rcs_put_off *later = &run->put_off[i];
        if (later->undo && later->stmt->verb->begin == rcs_act_latency && later->stmt->low_us < 0 &&
            later->pair.rule == what->pair.rule && later->pair.jitter_us == what->stmt->high_us) {
            return later;
        }
    }
    return NULL;
}

/* The block's own rule ends; those it covered are in their places as before. Blocks that were put
 * off may end in any order: the rule tells which, and of jitters what they replaced. */
static void undo_latency(struct rcs_run *run, const struct rcs_put_off *what)
{
    unsigned at = 0;
    while (at < run->latency_count && run->latencies[at].rule != what->pair.rule) {
        at++;
    }
    if (what->stmt->low_us >= 0) {
        RCS_ASSERT(at < run->latency_count);
        rcs_sim_latency_end(run->sim, what->pair.rule);
        run->latency_count--;
        memmove(&run->latencies[at], &run->latencies[at + 1],
                (run->latency_count - at) * sizeof(run->latencies[0]));
    } else if (at < run->latency_count) { /* else the latency it added to has ended */
        struct rcs_put_off *later = later_jitter(run, what);
        if (later != NULL) {
            later->pair.jitter_us = what->pair.jitter_us;
            return;
        }
        run->latencies[at].jitter_us = what->pair.jitter_us;
        change_latency(run, what->stmt, &run->latencies[at]);
    }
}

/* --- faults ----------------------------------------------------------------------------------- */

static void caused(struct rcs_run *run, const char *what)
{
    rcs_story_after(run->story, rcs_sim_now(run->sim), what);
}

static bool has_process(const struct rcs_run *run, int node)
{
    enum rcs_node_life life = rcs_sim_node_life(run->sim, node);
    return life == RCS_LIFE_UP || life == RCS_LIFE_PAUSED;
}

/* Which nodes of the fault have a process that it may end or stop. Power goes from whole hosts. */
static void note_processes(struct rcs_run *run, const struct rcs_stmt *stmt,
                           struct rcs_put_off *undo)
{
    const bool hosts = stmt->number == RCS_FAULT_POWEROFF;
    undo->nodes = rcs_run_alloc(run->script->node_count * sizeof(undo->nodes[0]));
    for (unsigned node = 0; node < run->script->node_count; node++) {
        bool meant = false;
        for (unsigned i = 0; i < stmt->a.count; i++) {
            meant |= stmt->a.nodes[i] == (int)node ||
                     (hosts && strcmp(rcs_sim_node_ip(run->sim, stmt->a.nodes[i]),
                                      rcs_sim_node_ip(run->sim, (int)node)) == 0);
        }
        if (meant && has_process(run, (int)node)) {
            undo->nodes[undo->node_count++] = (int)node;
        }
    }
}

/* Of `try`: the nodes for which it is possible, malloc'd, and what is told of it. */
static unsigned tell_tried(struct rcs_run *run, const struct rcs_stmt *stmt, int **out)
{
    struct rcs_buf text;
    unsigned count = 0;
    int *nodes = rcs_run_alloc(stmt->a.count * sizeof(nodes[0]));
    for (unsigned i = 0; i < stmt->a.count; i++) {
        if (rcs_sim_fault_fits(run->sim, (enum rcs_fault)stmt->number, stmt->a.nodes[i])) {
            nodes[count++] = stmt->a.nodes[i];
        }
    }
    rcs_buf_init(&text);
    if (count == 0) {
        rcs_buf_format(&text, "passed over: %s", stmt->text);
    } else {
        size_t verb_bytes = strlen(stmt->text) - strlen(stmt->a.text);
        rcs_buf_add(&text, stmt->text, verb_bytes);
        if (count == stmt->a.count) {
            rcs_buf_text(&text, stmt->a.text);
        } else {
            rcs_group_print(&text, run->script, nodes, count);
        }
        rcs_run_mark(run, stmt->text); /* conditions name it by its words */
    }
    rcs_buf_add(&text, "", 1);
    rcs_transcript_act(run->transcript, rcs_sim_now(run->sim), "fault", text.data);
    rcs_buf_close(&text);
    *out = nodes;
    return count;
}

enum rcs_progress rcs_act_fault(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    const bool undone = rcs_act_in_during(task) && (stmt->verb->flags & RCS_VERB_UNDO) != 0;
    struct rcs_put_off undo = { 0 };
    if (undone) {
        undo = rcs_act_undo_of(task);
        note_processes(run, stmt, &undo);
    }
    struct rcs_diag diag = { .line = 0 };
    int *fitting = NULL;
    unsigned count = stmt->a.count;
    if (task->frames[task->depth].tries) {
        count = tell_tried(run, stmt, &fitting);
    } else {
        rcs_run_tell(run, "fault", stmt->text);
    }
    enum rcs_err err = count == 0
                           ? RCS_ERR_STATE
                           : rcs_sim_fault(run->sim, (enum rcs_fault)stmt->number,
                                           fitting != NULL ? fitting : stmt->a.nodes, count, &diag);
    free(fitting);
    if (err != RCS_OK) {
        free(undo.nodes);
        if (!task->frames[task->depth].tries) {
            rcs_run_stop(run, stmt, err, diag.text);
        }
        return RCS_PROGRESS_DONE;
    }
    char after[64];
    snprintf(after, sizeof(after), "the %s", stmt->verb->word);
    caused(run, after);
    if (undone) {
        rcs_run_put_off(run, &undo);
    }
    return RCS_PROGRESS_DONE;
}

static void note_cut(struct rcs_run *run, struct rcs_put_off *undo, int from, int to)
{
    if (from != to && !rcs_sim_is_cut(run->sim, from, to)) {
        undo->nodes[2 * undo->node_count] = from;
        undo->nodes[2 * undo->node_count + 1] = to;
        undo->node_count++;
    }
}

/* The ways, from and to, that the partition cuts and nobody cut before. */
static void note_cuts(struct rcs_run *run, const struct rcs_stmt *stmt, struct rcs_put_off *undo)
{
    undo->nodes = rcs_run_alloc(sizeof(undo->nodes[0]) * 4 * stmt->a.count * stmt->b.count);
    for (unsigned i = 0; i < stmt->a.count; i++) {
        for (unsigned j = 0; j < stmt->b.count; j++) {
            note_cut(run, undo, stmt->a.nodes[i], stmt->b.nodes[j]);
            if (!stmt->oneway) {
                note_cut(run, undo, stmt->b.nodes[j], stmt->a.nodes[i]);
            }
        }
    }
}

enum rcs_progress rcs_act_partition(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_run_tell(run, "fault", stmt->text);
    if (rcs_act_in_during(task)) {
        struct rcs_put_off undo = rcs_act_undo_of(task);
        note_cuts(run, stmt, &undo);
        rcs_run_put_off(run, &undo);
    }
    if (stmt->number == 0) {
        rcs_sim_partition(run->sim, stmt->a.nodes, stmt->a.count, stmt->b.nodes, stmt->b.count,
                          stmt->oneway);
    } else {
        rcs_sim_reject(run->sim, (enum rcs_reject)(stmt->number - 1), stmt->a.nodes, stmt->a.count,
                       stmt->b.nodes, stmt->b.count, stmt->oneway);
    }
    caused(run, "the partition");
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_heal(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_run_tell(run, "fault", stmt->text);
    rcs_sim_heal(run->sim, stmt->a.count > 0 ? stmt->a.nodes : NULL, stmt->a.count,
                 stmt->b.count > 0 ? stmt->b.nodes : NULL, stmt->b.count);
    caused(run, "the healing");
    return RCS_PROGRESS_DONE;
}

enum rcs_progress rcs_act_drop(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    rcs_run_tell(run, "fault", stmt->text);
    if (stmt->times == 0) {
        rcs_sim_drop_none(run->sim);
        return RCS_PROGRESS_DONE;
    }
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
    struct rcs_put_off what = { .at_us =
                                    stmt->high_us + (stmt->absolute ? 0 : rcs_sim_now(run->sim)),
                                .stmt = stmt };
    if (what.at_us < rcs_sim_now(run->sim)) {
        char text[96];
        snprintf(text, sizeof(text), "this time is over: it is already %lld.%03d s",
                 (long long)(rcs_sim_now(run->sim) / RCS_S(1)),
                 (int)(rcs_sim_now(run->sim) % RCS_S(1) / 1000));
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
        .until_us = rcs_sim_now(run->sim) + stmt->high_us,
    };
    return RCS_PROGRESS_WAITS;
}

/* The statement of `only`, if the run's release is one of those. */
enum rcs_progress rcs_act_only(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    unsigned release = rcs_sim_config(run->sim, -1)->profile->release;
    if ((stmt->number >> release & 1) == 0) {
        return RCS_PROGRESS_DONE;
    }
    RCS_ASSERT(task->depth + 1 < RCS_FRAMES);
    task->depth++;
    task->frames[task->depth] = (struct rcs_frame){
        .stmts = stmt->body, .count = stmt->body_count, .until_us = -1, .plain = true
    };
    return RCS_PROGRESS_WAITS;
}

enum rcs_progress rcs_act_try(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    (void)run;
    RCS_ASSERT(task->depth + 1 < RCS_FRAMES);
    task->depth++;
    task->frames[task->depth] = (struct rcs_frame){
        .stmts = stmt->body, .count = stmt->body_count, .until_us = -1, .plain = true, .tries = true
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
static void undo_fault(struct rcs_run *run, const struct rcs_put_off *what, struct rcs_buf *text)
{
    bool paused = what->stmt->number == RCS_FAULT_PAUSE;
    int *nodes = rcs_run_alloc(what->node_count * sizeof(nodes[0]));
    unsigned count = 0;
    for (unsigned i = 0; i < what->node_count; i++) {
        enum rcs_node_life life = rcs_sim_node_life(run->sim, what->nodes[i]);
        if (paused ? life == RCS_LIFE_PAUSED : life == RCS_LIFE_DOWN || life == RCS_LIFE_OFF) {
            nodes[count++] = what->nodes[i];
        }
    }
    if (count > 0) {
        rcs_buf_text(text, paused ? "resume " : "start ");
        rcs_group_print(text, run->script, nodes, count);
        rcs_buf_add(text, "", 1);
        rcs_run_tell(run, "fault", text->data);
        struct rcs_diag diag = { .line = 0 };
        enum rcs_err err = rcs_sim_fault(run->sim, paused ? RCS_FAULT_RESUME : RCS_FAULT_START,
                                         nodes, count, &diag);
        stop_on(run, what->stmt, err, &diag);
        caused(run, paused ? "the resume" : "the start");
    }
    free(nodes);
}

static void undo_partition(struct rcs_run *run, const struct rcs_put_off *what,
                           struct rcs_buf *text)
{
    rcs_buf_format(text, "heal %s %s", what->stmt->a.text, what->stmt->b.text);
    rcs_buf_add(text, "", 1);
    rcs_run_tell(run, "fault", text->data);
    rcs_sim_heal_ways(run->sim, what->nodes, what->node_count);
    caused(run, "the healing");
}

static void undo_setting(struct rcs_run *run, const struct rcs_put_off *what, struct rcs_buf *text)
{
    rcs_buf_format(text, "end of: %s", what->stmt->text);
    rcs_buf_add(text, "", 1);
    rcs_run_tell(run, "setting", text->data);
    if (what->stmt->verb->begin == rcs_act_latency) {
        undo_latency(run, what);
    } else if (what->stmt->verb->begin == rcs_act_path) {
        rcs_act_undo_path(run, what);
    } else if (what->stmt->verb->begin == rcs_act_disk) {
        rcs_act_undo_disk(run, what);
    } else if (what->stmt->verb->begin == rcs_act_clock) {
        rcs_act_undo_clock(run, what);
    } else {
        undo_directive(run, what);
    }
}

void rcs_act_undo(struct rcs_run *run, const struct rcs_put_off *what)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (what->stmt->verb->begin == rcs_act_fault) {
        undo_fault(run, what, &text);
    } else if (what->stmt->verb->begin == rcs_act_partition) {
        undo_partition(run, what, &text);
    } else {
        undo_setting(run, what, &text);
    }
    rcs_buf_close(&text);
}
