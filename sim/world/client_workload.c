/* Client programs that write and read all the time, and what became of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world/client_workload.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

#define KEYS_DEFAULT 1000
#define KEYS_MAX     1000000
#define EVERY_US     RCS_MS(50)
#define CALM         20 /* good operations in a row that end an outage */

/* --- time ------------------------------------------------------------------------------------- */

/* One timer is wanted at a time; an event that comes too early asks again. */
static void set_timer(struct rcs_workload *workload, rcs_us at_us)
{
    workload->timer_us = at_us;
    if (at_us < workload->event_us) {
        workload->event_us = at_us;
        rcs_queue_push(
            &workload->sim->queue, at_us,
            (struct rcs_pending){ .kind = RCS_PENDING_WORKLOAD, .who = workload->number });
    }
}

static void wake_program(void *arg, rcs_us at_us)
{
    set_timer(arg, at_us);
}

/* --- operations ------------------------------------------------------------------------------- */

static void on_done(void *arg);

static struct rcs_program *new_program(struct rcs_workload *workload)
{
    struct rcs_program_params params = {
        .kind = workload->kind,
        .site = workload->site,
        .seeds = workload->nodes,
        .seed_count = workload->options.node_count,
        .timeout_us = workload->options.timeout_us,
        .chance = &workload->chance,
        .done = on_done,
        .wake = wake_program,
        .arg = workload,
    };
    return rcs_program_new(workload->sim, &params);
}

static void ask(struct rcs_workload *workload)
{
    char key[RCS_WORKLOAD_KEY_ROOM], value[RCS_DECIMAL_MAX];
    size_t key_bytes = rcs_workload_key(workload, workload->key, key);
    bool reading =
        workload->phase == RCS_WORKLOAD_READING || workload->phase == RCS_WORKLOAD_REREADING;
    struct rcs_arg args[3] = { { reading ? "GET" : "SET", 3 }, { key, (uint32_t)key_bytes } };
    if (!reading) {
        uint32_t number = ++workload->written[workload->key];
        args[2] = (struct rcs_arg){ value, (uint32_t)rcs_decimal_write(value, number) };
    }
    rcs_program_ask(workload->program, reading ? 2 : 3, args);
}

/* How many replicas have what was just written, asked of the node that took it. */
static void ask_replicas(struct rcs_workload *workload)
{
    char replicas[RCS_DECIMAL_MAX], limit_ms[RCS_DECIMAL_MAX];
    struct rcs_arg args[3] = {
        { "WAIT", 4 },
        { replicas, (uint32_t)rcs_decimal_write(replicas, workload->options.wait_replicas) },
        { limit_ms, (uint32_t)rcs_decimal_write(limit_ms, workload->options.wait_us / 1000) },
    };
    workload->phase = RCS_WORKLOAD_WAITING;
    rcs_program_stay(workload->program, 3, args);
}

static void begin(struct rcs_workload *workload)
{
    if (workload->renew_now) {
        workload->renew_now = false;
        rcs_program_free(workload->program);
        workload->program = new_program(workload);
    }
    workload->busy = true;
    workload->phase =
        workload->options.does == RCS_WORKLOAD_READS ? RCS_WORKLOAD_READING : RCS_WORKLOAD_WRITING;
    workload->began_us = workload->sim->now_us;
    workload->key = (unsigned)(workload->counts.operations % workload->options.keys);
    ask(workload);
}

static void count_failure(struct rcs_workload *workload, enum rcs_workload_error error)
{
    struct rcs_workload_counts *counts = &workload->counts;
    counts->errors[error]++;
    counts->error_count++;
    if (!counts->down) {
        counts->down = true;
        counts->outages++;
        workload->down_us = workload->began_us;
    }
    workload->calm = 0;
    workload->renew_now = workload->options.renew;
}

static void count_success(struct rcs_workload *workload)
{
    struct rcs_workload_counts *counts = &workload->counts;
    counts->ok++;
    if (!counts->down) {
        return;
    }
    if (workload->calm++ == 0) {
        workload->calm_us = workload->sim->now_us;
    }
    if (workload->calm == CALM) {
        counts->down = false;
        counts->unavailable_us += workload->calm_us - workload->down_us;
    }
}

static void finish(struct rcs_workload *workload, enum rcs_workload_error error)
{
    struct rcs_workload_counts *counts = &workload->counts;
    rcs_us now = workload->sim->now_us, took_us = now - workload->began_us;
    workload->busy = false;
    counts->operations++;
    counts->slowest_us = took_us > counts->slowest_us ? took_us : counts->slowest_us;
    if (error == RCS_WORKLOAD_ERROR_COUNT) {
        count_success(workload);
    } else {
        count_failure(workload, error);
    }
    if (!workload->stopping) {
        set_timer(workload, now + workload->options.every_us);
    }
}

static void acknowledge(struct rcs_workload *workload)
{
    if (workload->acknowledged_count == workload->acknowledged_room) {
        workload->acknowledged_room =
            workload->acknowledged_room == 0 ? 256 : workload->acknowledged_room * 2;
        workload->acknowledged =
            realloc(workload->acknowledged,
                    workload->acknowledged_room * sizeof(workload->acknowledged[0]));
        RCS_ASSERT(workload->acknowledged != NULL);
    }
    uint32_t number = workload->written[workload->key];
    workload->last[workload->key] = number;
    workload->acknowledged[workload->acknowledged_count++] =
        (struct rcs_acknowledged){ .key = workload->key,
                                   .number = number,
                                   .at_us = workload->sim->now_us,
                                   .node = (int16_t)rcs_program_node(workload->program) };
}

/* Redis 7.0 waitCommand answers with what it got when its time is over, too. */
static void confirm(struct rcs_workload *workload, const struct rcs_reply *reply)
{
    if (reply->kind == RCS_REPLY_INTEGER && reply->integer >= workload->options.wait_replicas) {
        workload->acknowledged[workload->acknowledged_count - 1].confirmed = true;
        workload->counts.confirmed++;
    }
}

static void on_done(void *arg)
{
    struct rcs_workload *workload = arg;
    enum rcs_workload_error error = rcs_program_error(workload->program);
    const struct rcs_reply *reply = rcs_program_reply(workload->program);
    if (error != RCS_WORKLOAD_ERROR_COUNT) {
        finish(workload, error);
        return;
    }
    switch (workload->phase) {
    case RCS_WORKLOAD_WRITING:
        acknowledge(workload);
        if (workload->options.wait_replicas > 0) {
            ask_replicas(workload);
            return;
        }
        break;
    case RCS_WORKLOAD_WAITING:
        confirm(workload, reply);
        break;
    case RCS_WORKLOAD_READING:
        error = rcs_workload_take_value(workload, reply);
        break;
    case RCS_WORKLOAD_REREADING:
        error = rcs_workload_take_reread(workload, reply);
        break;
    }
    enum rcs_workload_phase phase = workload->phase;
    if (phase < RCS_WORKLOAD_READING && workload->options.does == RCS_WORKLOAD_BOTH) {
        workload->phase = RCS_WORKLOAD_READING;
        ask(workload);
    } else if (phase < RCS_WORKLOAD_REREADING && error == RCS_WORKLOAD_ERROR_COUNT &&
               rcs_workload_rereads(workload)) {
        workload->phase = RCS_WORKLOAD_REREADING;
        ask(workload);
    } else {
        finish(workload, error);
    }
}

void rcs_workload_wake(struct rcs_sim *sim, unsigned number)
{
    struct rcs_workload *workload = sim->workloads[number];
    if (workload == NULL || workload->event_us != sim->now_us) {
        return;
    }
    workload->event_us = RCS_NEVER;
    rcs_us at_us = workload->timer_us;
    if (at_us > sim->now_us) {
        if (at_us != RCS_NEVER) {
            set_timer(workload, at_us);
        }
        return;
    }
    workload->timer_us = RCS_NEVER;
    if (workload->busy) {
        rcs_program_wake(workload->program);
    } else if (!workload->stopping) {
        begin(workload);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static char *copy_text(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *out = malloc(size);
    RCS_ASSERT(out != NULL);
    memcpy(out, text, size);
    return out;
}

static enum rcs_err check(const struct rcs_sim *sim, const struct rcs_workload_options *options,
                          struct rcs_diag *diag)
{
    if (rcs_client_kind_find(options->kind) == NULL) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no kind of client program \"%s\"",
                            options->kind);
    }
    if (options->site != NULL && rcs_layout_site(sim, options->site) < 0) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no site \"%s\"", options->site);
    }
    if (options->node_count == 0 || options->keys > KEYS_MAX || options->every_us < 0 ||
        options->timeout_us < 0 || options->wait_us < 0 || options->reread_us < 0 ||
        strlen(options->name) > 31 || (options->tag != NULL && strlen(options->tag) > 63)) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0,
                            "a workload has at least one node, at most %d keys, no negative "
                            "times, a name of at most 31 characters and a tag of at most 63",
                            KEYS_MAX);
    }
    for (unsigned i = 0; i < options->node_count; i++) {
        RCS_ASSERT(options->nodes[i] >= 0 && (unsigned)options->nodes[i] < sim->node_count);
    }
    return RCS_OK;
}

struct rcs_workload *rcs_workload_new(struct rcs_sim *sim,
                                      const struct rcs_workload_options *options,
                                      struct rcs_diag *diag)
{
    if (check(sim, options, diag) != RCS_OK) {
        return NULL;
    }
    struct rcs_workload *workload = calloc(1, sizeof(*workload));
    RCS_ASSERT(workload != NULL);
    workload->sim = sim;
    workload->number = sim->workload_count;
    workload->options = *options;
    workload->options.keys = options->keys > 0 ? options->keys : KEYS_DEFAULT;
    workload->options.every_us = options->every_us > 0 ? options->every_us : EVERY_US;
    workload->name = copy_text(options->name);
    workload->site = copy_text(options->site);
    workload->tag = copy_text(options->tag);
    workload->kind = rcs_client_kind_find(options->kind);
    workload->nodes = malloc(options->node_count * sizeof(int));
    workload->written = calloc(workload->options.keys, sizeof(uint32_t));
    workload->last = calloc(workload->options.keys, sizeof(uint32_t));
    sim->workloads = realloc(sim->workloads, (sim->workload_count + 1) * sizeof(sim->workloads[0]));
    workload->gone_at = calloc(workload->options.keys, sizeof(uint32_t));
    RCS_ASSERT(workload->nodes != NULL && workload->written != NULL && workload->last != NULL &&
               workload->gone_at != NULL && sim->workloads != NULL);
    memcpy(workload->nodes, options->nodes, options->node_count * sizeof(int));
    rcs_rand_init(&workload->chance, sim->seed, RCS_RAND_CLIENT, workload->number);
    workload->timer_us = workload->event_us = RCS_NEVER;
    sim->workloads[sim->workload_count++] = workload;
    workload->program = new_program(workload);
    begin(workload);
    return workload;
}

void rcs_workload_free(struct rcs_workload *workload)
{
    if (workload == NULL) {
        return;
    }
    workload->sim->workloads[workload->number] = NULL;
    rcs_program_free(workload->program);
    free(workload->name);
    free(workload->site);
    free(workload->tag);
    free(workload->nodes);
    free(workload->written);
    free(workload->last);
    free(workload->gone_at);
    free(workload->acknowledged);
    free(workload->stale);
    free(workload);
}

unsigned rcs_sim_workloads(const struct rcs_sim *sim)
{
    return sim->workload_count;
}

struct rcs_workload *rcs_sim_workload(const struct rcs_sim *sim, unsigned workload)
{
    return sim->workloads[workload];
}

void rcs_workload_stop(struct rcs_workload *workload)
{
    workload->stopping = true;
    if (!workload->busy) {
        set_timer(workload, RCS_NEVER);
    }
}

/* --- what it counted ------------------------------------------------------------------------- */

void rcs_workload_counts(const struct rcs_workload *workload, struct rcs_workload_counts *out)
{
    *out = workload->counts;
    out->acknowledged = workload->acknowledged_count;
    if (out->down) {
        out->unavailable_us +=
            (workload->calm > 0 ? workload->calm_us : workload->sim->now_us) - workload->down_us;
    }
}
