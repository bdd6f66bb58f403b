#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/config.h"
#include "sim/scenario/act.h"
#include "sim/scenario/cli.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"
#include "sim/world/world.h"

#include "sim/pure.h"

struct rcs_scenario {
    char *source;
    char *text; /* includes in place */
    struct rcs_script *script;
};

/* --- scenarios -------------------------------------------------------------------------------- */

enum rcs_err rcs_scenario_parse(struct rcs_scenario **out, const char *source, const char *text,
                                size_t size_bytes, rcs_load_fn *load, void *load_arg,
                                struct rcs_diag *diag)
{
    struct rcs_scenario *scenario = calloc(1, sizeof(*scenario));
    RCS_ASSERT(scenario != NULL);
    *out = NULL;
    enum rcs_err err =
        rcs_script_expand(&scenario->text, source, text, size_bytes, load, load_arg, diag);
    if (err == RCS_OK) {
        err = rcs_script_parse(&scenario->script, source, scenario->text, NULL, diag);
    }
    if (err != RCS_OK) {
        rcs_scenario_free(scenario);
        return err;
    }
    scenario->source = rcs_run_copy(source, strlen(source));
    *out = scenario;
    return RCS_OK;
}

void rcs_scenario_free(struct rcs_scenario *scenario)
{
    if (scenario != NULL) {
        rcs_script_free(scenario->script);
        free(scenario->text);
        free(scenario->source);
        free(scenario);
    }
}

const char *rcs_scenario_title(const struct rcs_scenario *scenario)
{
    return scenario->script->title;
}

const char *rcs_scenario_text(const struct rcs_scenario *scenario)
{
    return scenario->text;
}

/* --- small things the files of a run share ---------------------------------------------------- */

void *rcs_run_alloc(size_t size_bytes)
{
    void *out = malloc(size_bytes > 0 ? size_bytes : 1);
    RCS_ASSERT(out != NULL);
    return out;
}

char *rcs_run_copy(const char *text, size_t size_bytes)
{
    char *out = rcs_run_alloc(size_bytes + 1);
    if (size_bytes > 0) {
        memcpy(out, text, size_bytes);
    }
    out[size_bytes] = '\0';
    return out;
}

const struct rcs_stmt *rcs_task_stmt(const struct rcs_task *task)
{
    const struct rcs_frame *frame = &task->frames[task->depth];
    RCS_ASSERT(frame->at < frame->count);
    return &frame->stmts[frame->at];
}

void rcs_run_stop(struct rcs_run *run, const struct rcs_stmt *stmt, enum rcs_err err,
                  const char *text)
{
    if (run->err != RCS_OK) {
        return;
    }
    run->err = rcs_diag_set(&run->diag, err, stmt->place.line, stmt->place.column, "%s", text);
    snprintf(run->diag.source, sizeof(run->diag.source), "%s", stmt->place.source);
}

void rcs_run_fail(struct rcs_run *run, const struct rcs_place *place, const char *what,
                  const char *instead)
{
    run->failures++;
    rcs_transcript_fail(run->transcript, rcs_sim_now(run->sim), place, what, instead);
}

bool rcs_run_reached(const struct rcs_run *run, rcs_us at_us)
{
    rcs_us now = rcs_sim_now(run->sim);
    return now > at_us || (now == at_us && run->complete);
}

void rcs_run_mark(struct rcs_run *run, const char *text)
{
    run->marks = realloc(run->marks, (run->mark_count + 1) * sizeof(run->marks[0]));
    RCS_ASSERT(run->marks != NULL);
    run->marks[run->mark_count++] =
        (struct rcs_mark){ rcs_run_copy(text, strlen(text)), rcs_sim_now(run->sim) };
}

void rcs_run_tell(struct rcs_run *run, const char *kind, const char *text)
{
    rcs_transcript_act(run->transcript, rcs_sim_now(run->sim), kind, text);
    rcs_run_mark(run, text);
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
}

void rcs_run_task(struct rcs_run *run, const struct rcs_stmt *stmts, unsigned count)
{
    struct rcs_task *task = calloc(1, sizeof(*task));
    run->tasks = realloc(run->tasks, (run->task_count + 1) * sizeof(run->tasks[0]));
    RCS_ASSERT(task != NULL && run->tasks != NULL);
    task->frames[0] = (struct rcs_frame){ .stmts = stmts, .count = count };
    task->wake_us = RCS_NEVER;
    run->tasks[run->task_count++] = task;
}

void rcs_run_word(struct rcs_run *run, const struct rcs_word *word, struct rcs_buf *out)
{
    size_t at = 0;
    for (unsigned i = 0; i < word->ref_count; i++) {
        const struct rcs_ref *ref = &word->refs[i];
        int node = rcs_script_node(run->script, ref->node);
        rcs_buf_add(out, word->text + at, ref->offset - at);
        at = ref->offset;
        switch (ref->field) {
        case RCS_REF_ID:
            rcs_buf_text(out, rcs_sim_node_id(run->sim, node));
            break;
        case RCS_REF_IP:
            rcs_buf_text(out, rcs_sim_node_ip(run->sim, node));
            break;
        case RCS_REF_PORT:
            rcs_buf_i64(out, rcs_sim_node_port(run->sim, node));
            break;
        case RCS_REF_BUS_PORT:
            rcs_buf_i64(out, rcs_sim_node_bus_port(run->sim, node));
            break;
        }
    }
    rcs_buf_add(out, word->text + at, word->size_bytes - at);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void on_log(void *arg, int node, rcs_us at_us, const char *line)
{
    struct rcs_run *run = arg;
    if (run->script->wants_log) {
        if (run->log_count == run->log_room) {
            run->log_room = run->log_room == 0 ? 256 : run->log_room * 2;
            run->log = realloc(run->log, run->log_room * sizeof(run->log[0]));
            RCS_ASSERT(run->log != NULL);
        }
        run->log[run->log_count++] =
            (struct rcs_log_line){ node, at_us, rcs_run_copy(line, strlen(line)) };
    }
    const char *wanted = run->options.log;
    if (wanted != NULL &&
        (strcmp(wanted, "all") == 0 || strcmp(wanted, run->script->nodes[node].name) == 0)) {
        rcs_transcript_log(run->transcript, at_us, node, line);
        if (run->options.log_line != NULL) {
            run->options.log_line(run->options.arg, node, at_us, line);
        }
    }
}

static enum rcs_err add_nodes(struct rcs_run *run, struct rcs_diag *diag)
{
    for (unsigned i = 0; i < run->script->node_count; i++) {
        const struct rcs_node_decl *node = &run->script->nodes[i];
        int number = rcs_sim_add_node(
            run->sim, node->name, node->site[0] == '\0' ? NULL : node->site, node->address, diag);
        if (number < 0) {
            snprintf(diag->source, sizeof(diag->source), "%s", node->place.source);
            diag->line = node->place.line;
            diag->column = node->place.column;
            return RCS_ERR_STATE;
        }
        RCS_ASSERT(number == (int)i);
    }
    return RCS_OK;
}

/* Directives from outside: before the scenario's own, which then give way to them. */
static enum rcs_err apply_overrides(struct rcs_run *run, struct rcs_diag *diag)
{
    for (const char *line = run->overrides; *line != '\0';) {
        size_t len = strcspn(line, "\n"), name_bytes = strcspn(line, " \n");
        char *name = rcs_run_copy(line, name_bytes);
        char *value = rcs_run_copy(line + name_bytes + (name_bytes < len),
                                   len - name_bytes - (name_bytes < len));
        enum rcs_err err = len == 0 ? RCS_OK : rcs_sim_configure(run->sim, -1, name, value, diag);
        free(name);
        free(value);
        if (err != RCS_OK) {
            return err;
        }
        line += len + (line[len] == '\n');
    }
    return RCS_OK;
}

static enum rcs_err check_log_option(const struct rcs_run *run, struct rcs_diag *diag)
{
    const char *log = run->options.log;
    if (log == NULL || strcmp(log, "all") == 0 || rcs_script_node(run->script, log) >= 0) {
        return RCS_OK;
    }
    return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0,
                        "no node \"%s\" whose log could be shown (a node's name, or all)", log);
}

static void begin_trace(struct rcs_run *run, const struct rcs_scenario *scenario, uint64_t seed)
{
    if (!run->options.trace) {
        return;
    }
    struct rcs_trace_header header = {
        .source = scenario->source,
        .scenario = scenario->text,
        .seed = seed,
        .level = run->options.trace_level,
        .overrides = run->overrides,
        .params = (char *)(uintptr_t)(run->options.params == NULL ? "" : run->options.params),
        .redis = (char *)(uintptr_t)rcs_sim_config(run->sim, -1)->profile->name,
    };
    run->trace =
        rcs_trace_writer_new(run->sim, &header, run->options.write_trace, run->options.arg);
}

struct rcs_run *rcs_run_new(const struct rcs_scenario *scenario,
                            const struct rcs_run_options *options, struct rcs_diag *diag)
{
    struct rcs_diag own = { .line = 0 };
    struct rcs_diag *told = diag != NULL ? diag : &own;
    *told = own;
    const struct rcs_script *script = scenario->script;
    struct rcs_script *own_script = NULL;
    if (options->params != NULL && options->params[0] != '\0') {
        if (rcs_script_parse(&own_script, scenario->source, scenario->text, options->params,
                             told) != RCS_OK) {
            return NULL;
        }
        script = own_script;
    }
    struct rcs_run *run = calloc(1, sizeof(*run));
    RCS_ASSERT(run != NULL);
    run->complete = true;
    run->script = script;
    run->own_script = own_script;
    run->options = *options;
    run->overrides = rcs_run_copy(options->overrides == NULL ? "" : options->overrides,
                                  options->overrides == NULL ? 0 : strlen(options->overrides));
    uint64_t seed = options->has_seed ? options->seed : script->has_seed ? script->seed : 1;
    struct rcs_sim_options sim_options = {
        .seed = seed,
        .redis = options->redis != NULL     ? options->redis
                 : script->redis[0] != '\0' ? script->redis
                                            : NULL,
        .network = script->network[0] != '\0' ? script->network : NULL,
        .wire_check = options->wire_check,
        .keep_milestones = true, /* the transcript is made of them */
    };
    run->transcript = rcs_transcript_new(script, options);
    run->story = rcs_story_new(script);
    run->prompts = calloc(script->node_count, sizeof(struct rcs_session *));
    run->clients = calloc(script->client_count, sizeof(struct rcs_session *));
    run->workloads = calloc(script->workload_count + 1, sizeof(struct rcs_workload *));
    RCS_ASSERT(run->prompts != NULL && run->clients != NULL && run->workloads != NULL);
    run->sim = rcs_sim_new(&sim_options, told);
    if (run->sim == NULL || add_nodes(run, told) != RCS_OK ||
        apply_overrides(run, told) != RCS_OK || check_log_option(run, told) != RCS_OK) {
        rcs_run_free(run);
        return NULL;
    }
    if (script->wants_log || options->log != NULL) {
        rcs_sim_on_log(run->sim, on_log, run);
    }
    begin_trace(run, scenario, seed);
    rcs_transcript_begin(run->transcript, rcs_sim_release(run->sim, -1), seed);
    rcs_run_task(run, script->stmts, script->stmt_count);
    return run;
}

static void free_task(struct rcs_task *task)
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

void rcs_run_free(struct rcs_run *run)
{
    if (run == NULL) {
        return;
    }
    if (!run->ended && run->trace != NULL) {
        rcs_trace_writer_end(run->trace, true);
    }
    for (unsigned i = 0; i < run->task_count; i++) {
        free_task(run->tasks[i]);
    }
    free(run->tasks);
    for (unsigned i = 0; i < run->put_off_count; i++) {
        free(run->put_off[i].saved);
        free(run->put_off[i].nodes);
    }
    free(run->put_off);
    for (unsigned i = 0; i < run->script->node_count; i++) {
        if (run->prompts[i] != NULL) {
            rcs_session_free(run->prompts[i]);
        }
    }
    free(run->prompts);
    for (unsigned i = 0; i < run->script->client_count; i++) {
        if (run->clients[i] != NULL) {
            rcs_session_free(run->clients[i]);
        }
    }
    free(run->clients);
    free(run->workloads);
    for (unsigned i = 0; i < run->mark_count; i++) {
        free((char *)(uintptr_t)run->marks[i].text);
    }
    free(run->marks);
    for (unsigned i = 0; i < run->log_count; i++) {
        free(run->log[i].text);
    }
    free(run->log);
    free(run->latencies);
    rcs_story_free(run->story);
    rcs_transcript_free(run->transcript);
    if (run->sim != NULL) {
        rcs_sim_free(run->sim);
    }
    rcs_script_free(run->own_script);
    free(run->overrides);
    free(run);
}

/* --- going on --------------------------------------------------------------------------------- */

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
    const char *broken = rcs_sim_broken(run->sim);
    if (broken[0] != '\0' && !run->broken_told) {
        run->broken_told = true;
        rcs_run_fail(run, place, "what always holds in a Redis Cluster", broken);
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

/* Carries a task as far as it goes without time passing. */
static void go_on(struct rcs_run *run, struct rcs_task *task)
{
    while (!task->done && run->err == RCS_OK) {
        struct rcs_frame *frame = &task->frames[task->depth];
        if (frame->at == frame->count) {
            if (task->depth == 0) {
                task->done = true;
            } else if (!leave_block(run, task)) {
                return;
            }
            continue;
        }
        unsigned depth = task->depth;
        enum rcs_progress progress;
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

/* What was put off until now or earlier. */
static void fire(struct rcs_run *run)
{
    while (run->err == RCS_OK && run->put_off_count > 0 &&
           rcs_run_reached(run, run->put_off[0].at_us)) {
        struct rcs_put_off what = run->put_off[0];
        run->put_off_count--;
        memmove(run->put_off, run->put_off + 1, run->put_off_count * sizeof(run->put_off[0]));
        rcs_story_tell(run->story, run->sim, run->transcript);
        if (what.undo) {
            rcs_act_undo(run, &what);
        } else {
            rcs_run_task(run, what.stmt->body, what.stmt->body_count);
            go_on(run, run->tasks[run->task_count - 1]);
        }
        free(what.saved);
        free(what.nodes);
    }
}

static void drop_done_tasks(struct rcs_run *run)
{
    unsigned kept = 1;
    for (unsigned i = 1; i < run->task_count; i++) {
        if (run->tasks[i]->done) {
            free_task(run->tasks[i]);
        } else {
            run->tasks[kept++] = run->tasks[i];
        }
    }
    run->task_count = kept;
}

static void finish(struct rcs_run *run, bool interrupted)
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
    if (run->err == RCS_OK) {
        rcs_transcript_end(run->transcript, rcs_sim_now(run->sim), rcs_sim_digest(run->sim),
                           run->failures, interrupted);
    }
    run->ended = true;
}

/* Everything that can happen without time passing; then when to stop next, and whether only that
 * matters. */
static rcs_us settle(struct rcs_run *run, bool *quiet)
{
    do { /* what is put off until now is done now */
        fire(run);
        for (unsigned i = 0; i < run->task_count; i++) {
            go_on(run, run->tasks[i]);
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
    return run->err != RCS_OK ||
           (run->task_count == 1 && run->tasks[0]->done && run->put_off_count == 0);
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

enum rcs_run_state rcs_run_turn(struct rcs_run *run, unsigned events)
{
    while (!run->ended && events > 0) {
        bool quiet;
        rcs_us limit = settle(run, &quiet);
        if (through(run)) {
            finish(run, false);
            break;
        }
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

void rcs_run_interrupt(struct rcs_run *run)
{
    finish(run, true);
}

unsigned rcs_run_failures(const struct rcs_run *run)
{
    return run->failures;
}

enum rcs_err rcs_run_error(const struct rcs_run *run, struct rcs_diag *diag)
{
    if (diag != NULL) {
        *diag = run->diag;
    }
    return run->err;
}

struct rcs_sim *rcs_run_sim(struct rcs_run *run)
{
    return run->sim;
}
