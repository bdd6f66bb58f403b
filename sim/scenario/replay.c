/* A recorded run is played again: its scenario from the header, and what came from outside. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/outside.h>
#include <rcsim/scenario.h>

#include "sim/world/trace_input.h"
#include "sim/world/world.h"

#include "sim/pure.h"

#define TURN 4096

struct rcs_replay {
    struct rcs_trace_header header;
    char serve_ip[46];
    struct rcs_trace_inputs inputs;
    struct rcs_scenario *scenario;
    struct rcs_run *run;
};

/* What the header says of the run. */
static void take_header(const struct rcs_trace_header *header, char ip[46],
                        struct rcs_run_options *options)
{
    options->seed = header->seed;
    options->has_seed = true;
    options->redis = header->redis;
    options->overrides = header->overrides;
    options->params = header->params;
    options->quiet = true;
    options->serve_ip = NULL;
    if (header->serve != NULL && rcs_address_read(header->serve, ip, &options->serve_port)) {
        options->serve_ip = ip;
        options->hold = header->steps >= 0;
        options->steps = (unsigned)header->steps;
        options->start_wall_ms = header->clock_s * 1000;
    }
}

static enum rcs_err open_trace(struct rcs_replay *replay, const char *source, const char *text,
                               size_t size_bytes, struct rcs_diag *diag)
{
    enum rcs_err err = rcs_trace_inputs_read(&replay->inputs, source, text, size_bytes, diag);
    if (err == RCS_OK) {
        err = rcs_trace_read_header(source, text, size_bytes, &replay->header, diag);
    }
    if (err == RCS_OK && replay->header.without_clients) {
        err = rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                           "%s was kept without what clients said: it can be explained, but not "
                           "played again",
                           source);
    }
    return err;
}

struct rcs_replay *rcs_replay_new(const char *source, const char *text, size_t size_bytes,
                                  const struct rcs_run_options *options, struct rcs_diag *diag)
{
    struct rcs_replay *replay = calloc(1, sizeof(*replay));
    RCS_ASSERT(replay != NULL);
    struct rcs_run_options own = *options;
    struct rcs_trace_header *header = &replay->header;
    if (open_trace(replay, source, text, size_bytes, diag) == RCS_OK &&
        rcs_scenario_parse(&replay->scenario, header->source, header->scenario,
                           strlen(header->scenario), NULL, NULL, diag) == RCS_OK) {
        take_header(header, replay->serve_ip, &own);
        replay->run = rcs_run_new(replay->scenario, &own, diag);
    }
    if (replay->run == NULL) {
        rcs_replay_free(replay);
        return NULL;
    }
    return replay;
}

void rcs_replay_free(struct rcs_replay *replay)
{
    if (replay != NULL) {
        rcs_run_free(replay->run);
        rcs_scenario_free(replay->scenario);
        rcs_trace_inputs_close(&replay->inputs);
        rcs_trace_header_close(&replay->header);
        free(replay);
    }
}

struct rcs_sim *rcs_replay_sim(struct rcs_replay *replay)
{
    return rcs_run_sim(replay->run);
}

uint64_t rcs_replay_recorded(const struct rcs_replay *replay)
{
    return replay->inputs.digest;
}

/* --- playing ---------------------------------------------------------------------------------- */

static bool at_the_end(const struct rcs_replay *replay)
{
    const struct rcs_sim *sim = rcs_run_sim(replay->run);
    return rcs_sim_now(sim) == replay->inputs.end_us &&
           rcs_sim_digest(sim) == replay->inputs.digest;
}

/* A run that ends by itself, unless it was interrupted. */
static void play_alone(struct rcs_replay *replay)
{
    const bool interrupted = replay->inputs.interrupted;
    while (rcs_run_turn(replay->run, interrupted ? 1 : TURN) == RCS_RUN_MORE) {
        if (interrupted &&
            (at_the_end(replay) || rcs_sim_now(rcs_run_sim(replay->run)) > replay->inputs.end_us)) {
            rcs_run_interrupt(replay->run);
        }
    }
}

static void play_to(struct rcs_replay *replay, rcs_us at_us)
{
    if (at_us >= rcs_sim_now(rcs_run_sim(replay->run))) {
        while (rcs_run_until(replay->run, at_us, TURN) == RCS_RUN_MORE) {
        }
    }
}

static void give(struct rcs_replay *replay, const struct rcs_trace_input *input)
{
    struct rcs_sim *sim = rcs_run_sim(replay->run);
    int node = input->node == NULL ? -1 : rcs_sim_find_node(sim, input->node);
    switch (input->kind) {
    case RCS_TRACE_INPUT_OPEN:
        if (node >= 0 && rcs_outside_port(sim, node) != RCS_PORT_CLOSED) {
            (void)rcs_outside_open(sim, node, &input->ip,
                                   NULL); /* another number stands in the trace */
        }
        break;
    case RCS_TRACE_INPUT_DATA:
        if (rcs_outside_known(sim, input->conn)) {
            rcs_outside_data(sim, input->conn, input->bytes.data, input->bytes.size_bytes);
        }
        break;
    case RCS_TRACE_INPUT_GONE:
        if (rcs_outside_known(sim, input->conn)) {
            rcs_outside_gone(sim, input->conn);
        }
        break;
    case RCS_TRACE_INPUT_UNWRITTEN:
        if (rcs_outside_known(sim, input->conn)) {
            rcs_outside_unwritten(sim, input->conn, input->size_bytes);
        }
        break;
    case RCS_TRACE_INPUT_ORDER:
        (void)rcs_run_order(replay->run, input->bytes.data == NULL ? "" : input->bytes.data,
                            input->bytes.size_bytes, NULL, NULL, NULL);
        break;
    }
    rcs_outside_forget(sim);
}

static void play_served(struct rcs_replay *replay)
{
    for (size_t i = 0; i < replay->inputs.count; i++) {
        play_to(replay, replay->inputs.list[i].at_us);
        give(replay, &replay->inputs.list[i]);
    }
    if (!replay->inputs.interrupted) { /* all of its last instant happened */
        play_to(replay, replay->inputs.end_us);
        rcs_run_finish(replay->run);
        return;
    }
    play_to(replay, replay->inputs.end_us - 1);
    while (!at_the_end(replay) && rcs_sim_now(rcs_run_sim(replay->run)) <= replay->inputs.end_us &&
           rcs_run_until(replay->run, replay->inputs.end_us, 1) == RCS_RUN_MORE) {
    }
    rcs_run_interrupt(replay->run);
}

void rcs_replay_play(struct rcs_replay *replay)
{
    if (replay->header.serve != NULL) {
        play_served(replay);
    } else {
        play_alone(replay);
    }
}
