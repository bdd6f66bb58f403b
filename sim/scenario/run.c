/* A scenario that was read, and a run of it: how it begins and ends, and what the files that carry
 * it out share. How it goes on is run_turn.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>

#include "sim/explore/plan.h"
#include "sim/node/config.h"
#include "sim/scenario/order.h"
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

const char *rcs_scenario_param(const struct rcs_scenario *scenario, unsigned index)
{
    const struct rcs_script *script = scenario->script;
    return index < script->param_count ? script->params[index].name : NULL;
}

unsigned rcs_scenario_chaos(const struct rcs_scenario *scenario)
{
    return scenario->script->chaos_count;
}

bool rcs_scenario_latency(const struct rcs_scenario *scenario, unsigned index, const char **a,
                          const char **b)
{
    const struct rcs_stmt *stmt = rcs_script_latency(scenario->script, index);
    if (stmt != NULL) {
        *a = stmt->name;
        *b = stmt->value;
    }
    return stmt != NULL;
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

void rcs_run_stop(struct rcs_run *run, const struct rcs_stmt *stmt, enum rcs_err err,
                  const char *text)
{
    if (run->order != NULL) {
        rcs_order_fail(run, run->order, &stmt->place, text);
        return;
    }
    if (run->err != RCS_OK) {
        return;
    }
    if (run->options.serve_ip != NULL && run->set_up) { /* others live on */
        rcs_run_fail(run, &stmt->place, stmt->text, text);
        run->broken_off = true;
        return;
    }
    run->err = rcs_diag_set(&run->diag, err, stmt->place.line, stmt->place.column, "%s", text);
    snprintf(run->diag.source, sizeof(run->diag.source), "%s", stmt->place.source);
}

void rcs_run_fail(struct rcs_run *run, const struct rcs_place *place, const char *what,
                  const char *instead)
{
    if (run->order != NULL) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_buf_format(&text, "expected %s; instead: %s", what, instead);
        rcs_order_fail(run, run->order, place, text.data);
        rcs_buf_close(&text);
        return;
    }
    run->failures++;
    rcs_outcome_failed(&run->outcome, place, what, instead);
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

void rcs_run_note(struct rcs_run *run, const char *kind, const char *text)
{
    if (run->trace != NULL && (run->order == NULL || !run->order->asks)) {
        rcs_trace_note(run->trace, kind, text);
    }
}

void rcs_run_tell(struct rcs_run *run, const char *kind, const char *text)
{
    rcs_transcript_act(run->transcript, rcs_sim_now(run->sim), kind, text);
    rcs_run_mark(run, text);
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

/* An order may ask for any line; a run that is served goes on for ever, and keeps the newest. */
#define LOG_LINES_MAX 100000

static void forget_old_lines(struct rcs_run *run)
{
    unsigned half = run->log_count / 2;
    for (unsigned i = 0; i < half; i++) {
        free(run->log[i].text);
    }
    run->log_count -= half;
    memmove(run->log, run->log + half, run->log_count * sizeof(run->log[0]));
}

static void on_log(void *arg, int node, rcs_us at_us, const char *line)
{
    struct rcs_run *run = arg;
    const bool served = run->options.serve_ip != NULL;
    if (run->script->wants_log || served) {
        if (served && run->log_count == LOG_LINES_MAX) {
            forget_old_lines(run);
        }
        if (run->log_count == run->log_room) {
            run->log_room = run->log_room == 0 ? 256 : run->log_room * 2;
            run->log = realloc(run->log, run->log_room * sizeof(run->log[0]));
            RCS_ASSERT(run->log != NULL);
        }
        run->log[run->log_count++] =
            (struct rcs_log_line){ node, at_us, rcs_run_copy(line, strlen(line)) };
    }
    if (run->log_fn != NULL) {
        run->log_fn(run->log_arg, node, at_us, line);
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
        struct rcs_buf served;
        rcs_buf_init(&served);
        if (run->options.serve_ip != NULL) {
            rcs_buf_format(&served, "%s:%u", run->options.serve_ip, run->options.serve_port + i);
        }
        int number =
            rcs_sim_add_node(run->sim, node->name, node->site[0] == '\0' ? NULL : node->site,
                             served.data != NULL ? served.data : node->address, diag);
        rcs_buf_close(&served);
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
    struct rcs_buf serve;
    rcs_buf_init(&serve);
    if (run->options.serve_ip != NULL) {
        rcs_buf_format(&serve, "%s:%u", run->options.serve_ip, run->options.serve_port);
    }
    struct rcs_trace_header header = {
        .source = scenario->source,
        .scenario = run->planned != NULL ? run->planned : scenario->text,
        .seed = seed,
        .level = run->options.trace_level,
        .overrides = run->overrides,
        .params = (char *)(uintptr_t)(run->options.params == NULL ? "" : run->options.params),
        .redis = (char *)(uintptr_t)rcs_sim_config(run->sim, -1)->profile->name,
        .serve = serve.data,
        .clock_s = run->options.start_wall_ms / 1000,
        .without_clients = run->options.trace_without_clients,
        .steps = run->options.hold ? (int64_t)run->options.steps : -1,
    };
    run->trace =
        rcs_trace_writer_new(run->sim, &header, run->options.write_trace, run->options.arg);
    rcs_buf_close(&serve);
}

static uint64_t seed_of(const struct rcs_script *script, const struct rcs_run_options *options)
{
    return options->has_seed ? options->seed : script->has_seed ? script->seed : 1;
}

/* The text with the plan of `seed`, malloc'd, and the script that it is. */
static char *plan_of(const struct rcs_scenario *scenario, const struct rcs_script *script,
                     uint64_t seed, const char *params, struct rcs_buf *drawn,
                     struct rcs_script **out, struct rcs_diag *diag)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_plan_text(script, scenario->text, seed, &text, drawn);
    char *planned = NULL;
    if (rcs_script_parse(out, scenario->source, text.data, params, diag) == RCS_OK) {
        planned = rcs_run_copy(text.data, text.size_bytes);
    }
    rcs_buf_close(&text);
    return planned;
}

/* What the run plays: the scenario's own script (*own NULL), or one of its own. */
static enum rcs_err take_script(const struct rcs_scenario *scenario,
                                const struct rcs_run_options *options, struct rcs_script **own,
                                char **planned, struct rcs_buf *drawn, struct rcs_diag *diag)
{
    *own = NULL;
    if ((options->params != NULL && options->params[0] != '\0') || options->serve_ip != NULL) {
        enum rcs_err err =
            rcs_script_parse(own, scenario->source, scenario->text, options->params, diag);
        if (err != RCS_OK) {
            return err;
        }
    }
    const struct rcs_script *script = *own != NULL ? *own : scenario->script;
    if (script->chaos_count == 0) {
        return RCS_OK;
    }
    struct rcs_script *with_plan = NULL;
    *planned = plan_of(scenario, script, seed_of(script, options), options->params, drawn,
                       &with_plan, diag);
    rcs_script_free(*own);
    *own = with_plan;
    return *planned == NULL ? RCS_ERR_STATE : RCS_OK;
}

enum rcs_err rcs_scenario_plan(const struct rcs_scenario *scenario,
                               const struct rcs_run_options *options, char **out,
                               struct rcs_diag *diag)
{
    struct rcs_script *own;
    struct rcs_buf drawn;
    rcs_buf_init(&drawn);
    *out = NULL;
    enum rcs_err err = take_script(scenario, options, &own, out, &drawn, diag);
    if (err == RCS_OK && *out == NULL) {
        *out = rcs_run_copy(scenario->text, strlen(scenario->text));
    }
    rcs_script_free(own);
    rcs_buf_close(&drawn);
    return err;
}

/* The lines of the plan, before any of them is played. */
static void tell_plan(struct rcs_run *run, const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        size_t len = strcspn(lines, "\n");
        char *line = rcs_run_copy(lines, len);
        rcs_transcript_act(run->transcript, 0, "plan", line);
        run->faults += strncmp(line, "at +", 4) == 0;
        free(line);
        lines += len + (lines[len] == '\n');
    }
}

struct rcs_run *rcs_run_new(const struct rcs_scenario *scenario,
                            const struct rcs_run_options *options, struct rcs_diag *diag)
{
    struct rcs_diag own = { .line = 0 };
    struct rcs_diag *told = diag != NULL ? diag : &own;
    *told = own;
    struct rcs_script *own_script;
    char *planned = NULL;
    struct rcs_buf drawn;
    rcs_buf_init(&drawn);
    if (take_script(scenario, options, &own_script, &planned, &drawn, told) != RCS_OK) {
        rcs_buf_close(&drawn);
        return NULL;
    }
    const struct rcs_script *script = own_script != NULL ? own_script : scenario->script;
    struct rcs_run *run = calloc(1, sizeof(*run));
    RCS_ASSERT(run != NULL);
    run->complete = true;
    run->steps_left = options->hold ? options->steps : RCS_RUN_ALL_STEPS;
    run->script = script;
    run->own_script = own_script;
    run->planned = planned;
    run->options = *options;
    run->overrides = rcs_run_copy(options->overrides == NULL ? "" : options->overrides,
                                  options->overrides == NULL ? 0 : strlen(options->overrides));
    const uint64_t seed = seed_of(script, options);
    struct rcs_sim_options sim_options = {
        .seed = seed,
        .redis = options->redis != NULL     ? options->redis
                 : script->redis[0] != '\0' ? script->redis
                                            : NULL,
        .network = script->network[0] != '\0' ? script->network : NULL,
        .wire_check = options->wire_check,
        .start_wall_ms = options->start_wall_ms,
        .own_hosts = options->serve_ip != NULL,
        .config_files = options->serve_ip != NULL,
        .keep_milestones = true, /* the transcript is made of them */
    };
    rcs_rand_init(&run->waits, seed, RCS_RAND_WAIT, 0);
    run->transcript = rcs_transcript_new(script, options);
    run->story = rcs_story_new(script);
    run->prompts = calloc(script->node_count + 1, sizeof(struct rcs_session *));
    run->clients = calloc(script->client_count, sizeof(struct rcs_session *));
    run->workloads = calloc(script->workload_count + 1, sizeof(struct rcs_workload *));
    RCS_ASSERT(run->prompts != NULL && run->clients != NULL && run->workloads != NULL);
    run->sim = rcs_sim_new(&sim_options, told);
    if (run->sim != NULL && !options->unchecked) {
        (void)rcs_check_watch(run->sim);
    }
    if (run->sim == NULL || add_nodes(run, told) != RCS_OK ||
        apply_overrides(run, told) != RCS_OK || check_log_option(run, told) != RCS_OK) {
        rcs_buf_close(&drawn);
        rcs_run_free(run);
        return NULL;
    }
    if (script->wants_log || options->log != NULL || options->serve_ip != NULL) {
        rcs_sim_on_log(run->sim, on_log, run);
    }
    begin_trace(run, scenario, seed);
    rcs_transcript_begin(run->transcript, rcs_sim_release(run->sim, -1), seed);
    tell_plan(run, drawn.data);
    rcs_buf_close(&drawn);
    rcs_run_task(run, script->stmts, script->stmt_count);
    return run;
}

unsigned rcs_run_faults(const struct rcs_run *run)
{
    return run->faults;
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
        rcs_order_release(run, run->tasks[i]->order);
        rcs_task_free(run->tasks[i]);
    }
    free(run->tasks);
    for (unsigned i = 0; i < run->put_off_count; i++) {
        rcs_order_release(run, run->put_off[i].order);
        free(run->put_off[i].saved);
        free(run->put_off[i].nodes);
    }
    free(run->put_off);
    rcs_orders_close(run);
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
    rcs_outcome_close(&run->outcome);
    rcs_story_free(run->story);
    rcs_transcript_free(run->transcript);
    if (run->sim != NULL) {
        rcs_sim_free(run->sim);
    }
    rcs_script_free(run->own_script);
    free(run->planned);
    free(run->overrides);
    free(run);
}

void rcs_run_on_log(struct rcs_run *run, rcs_log_fn *fn, void *arg)
{
    RCS_ASSERT(run->options.serve_ip != NULL);
    run->log_fn = fn;
    run->log_arg = arg;
}

bool rcs_run_flush_trace(struct rcs_run *run, struct rcs_buf *out)
{
    if (run->trace != NULL) {
        rcs_trace_writer_flush(run->trace, out);
    }
    return run->trace != NULL;
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
