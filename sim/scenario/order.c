#include "sim/scenario/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"

#include "sim/pure.h"

/* --- its life --------------------------------------------------------------------------------- */

static struct rcs_order *order_new(rcs_order_done_fn *done, void *arg)
{
    struct rcs_order *order = calloc(1, sizeof(*order));
    RCS_ASSERT(order != NULL);
    rcs_arena_init(&order->arena);
    rcs_buf_init(&order->output);
    rcs_buf_init(&order->error);
    order->refs = 1;
    order->done = done;
    order->arg = arg;
    return order;
}

struct rcs_order *rcs_order_hold(struct rcs_order *order)
{
    if (order != NULL) {
        order->refs++;
    }
    return order;
}

void rcs_order_release(struct rcs_run *run, struct rcs_order *order)
{
    if (order == NULL || --order->refs > 0) {
        return;
    }
    RCS_ASSERT(run->order != order);
    rcs_arena_close(&order->arena);
    rcs_buf_close(&order->output);
    rcs_buf_close(&order->error);
    free(order);
}

void rcs_order_at_hand(struct rcs_run *run, struct rcs_order *order)
{
    run->order = order;
    rcs_transcript_capture(run->transcript, order == NULL || order->over ? NULL : &order->output);
}

bool rcs_order_failed(const struct rcs_order *order)
{
    return order != NULL && order->failed;
}

void rcs_order_fail(struct rcs_run *run, struct rcs_order *order, const struct rcs_place *place,
                    const char *text)
{
    struct rcs_buf line;
    rcs_buf_init(&line);
    rcs_buf_format(&line, "%s:%d:%d: %s", place->source, place->line, place->column, text);
    if (order->over) { /* who gave it was told long ago */
        rcs_transcript_act(run->transcript, rcs_sim_now(run->sim), "print", line.data);
    } else if (!order->failed) {
        rcs_buf_add(&order->error, line.data, line.size_bytes);
    }
    order->failed |= !order->over;
    rcs_buf_close(&line);
}

void rcs_order_over(struct rcs_run *run, struct rcs_order *order)
{
    if (order->over) {
        return; /* what it had put off is over */
    }
    order->over = true;
    run->orders_waiting--;
    run->over = realloc(run->over, (run->over_count + 1) * sizeof(run->over[0]));
    RCS_ASSERT(run->over != NULL);
    run->over[run->over_count++] = rcs_order_hold(order);
}

void rcs_order_record(struct rcs_run *run, const char *text, size_t size_bytes)
{
    if (run->trace != NULL) {
        rcs_trace_order(run->trace, text, size_bytes);
    }
}

/* --- telling ---------------------------------------------------------------------------------- */

/* `done` may give the next order. */
static void tell(struct rcs_run *run, struct rcs_order *order)
{
    rcs_order_done_fn *done = order->done;
    const struct rcs_buf *text = order->failed ? &order->error : &order->output;
    order->done = NULL;
    if (done != NULL) {
        done(order->arg, !order->failed, text->size_bytes > 0 ? text->data : "", text->size_bytes);
    }
    rcs_order_release(run, order);
}

void rcs_orders_tell(struct rcs_run *run)
{
    while (run->over_count > 0) {
        struct rcs_order *order = run->over[0];
        run->over_count--;
        memmove(run->over, run->over + 1, run->over_count * sizeof(run->over[0]));
        tell(run, order);
    }
}

void rcs_orders_end(struct rcs_run *run)
{
    static const struct rcs_place nowhere = { "order", 1, 1 };
    for (unsigned i = 0; i < run->task_count; i++) {
        struct rcs_order *order = run->tasks[i]->order;
        if (order != NULL && !order->over) {
            rcs_order_fail(run, order, &nowhere, "the run ended before this was done");
            rcs_order_over(run, order);
        }
    }
}

void rcs_orders_close(struct rcs_run *run)
{
    for (unsigned i = 0; i < run->over_count; i++) {
        rcs_order_release(run, run->over[i]);
    }
    free(run->over);
    for (unsigned i = 0; i < run->arena_count; i++) {
        rcs_arena_close(&run->arenas[i]);
    }
    free(run->arenas);
}

/* --- giving one ------------------------------------------------------------------------------- */

static bool asks(const struct rcs_stmt *stmts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct rcs_stmt *stmt = &stmts[i];
        if (stmt->body_count > 0 ? !asks(stmt->body, stmt->body_count)
                                 : !(stmt->verb->flags & RCS_VERB_ASKS)) {
            return false;
        }
    }
    return count > 0;
}

/* What an order may declare; its names stay for as long as the run. */
static unsigned declared(const struct rcs_script *script)
{
    return script->workload_count + script->param_count;
}

static void make_room(struct rcs_run *run, unsigned workloads_before)
{
    unsigned count = run->script->workload_count;
    if (count > workloads_before) {
        run->workloads = realloc(run->workloads, (count + 1) * sizeof(struct rcs_workload *));
        RCS_ASSERT(run->workloads != NULL);
        for (unsigned i = workloads_before; i <= count; i++) {
            run->workloads[i] = NULL;
        }
    }
}

static enum rcs_err parse(struct rcs_run *run, struct rcs_order *order, const char *text,
                          size_t size_bytes, const struct rcs_stmt **stmts, unsigned *count,
                          struct rcs_diag *diag)
{
    struct rcs_script *script = run->own_script;
    struct rcs_arena kept = script->arena;
    unsigned before = declared(script), workloads = script->workload_count;
    rcs_arena_init(&script->arena);
    enum rcs_err err = rcs_script_parse_order(script, text, size_bytes, stmts, count, diag);
    order->arena = script->arena;
    script->arena = kept;
    if (err == RCS_OK && declared(script) != before) {
        run->arenas = realloc(run->arenas, (run->arena_count + 1) * sizeof(run->arenas[0]));
        RCS_ASSERT(run->arenas != NULL);
        run->arenas[run->arena_count++] = order->arena;
        rcs_arena_init(&order->arena);
        make_room(run, workloads);
    }
    return err;
}

enum rcs_err rcs_run_order(struct rcs_run *run, const char *text, size_t size_bytes,
                           rcs_order_done_fn *done, void *arg, struct rcs_diag *diag)
{
    struct rcs_diag ignored;
    struct rcs_diag *told = diag != NULL ? diag : &ignored;
    RCS_ASSERT(run->options.serve_ip != NULL && run->order == NULL);
    *told = (struct rcs_diag){ .line = 0 };
    if (!run->ended) { /* the same however many orders one instant sees */
        (void)rcs_run_until(run, rcs_sim_now(run->sim), UINT_MAX);
    }
    if (run->ended) {
        snprintf(told->source, sizeof(told->source), "order");
        return rcs_diag_set(told, RCS_ERR_STATE, 1, 1, "the run has ended");
    }
    struct rcs_order *order = order_new(done, arg);
    const struct rcs_stmt *stmts = NULL;
    unsigned count = 0;
    enum rcs_err err = parse(run, order, text, size_bytes, &stmts, &count, told);
    if (err != RCS_OK) {
        rcs_order_release(run, order);
        return err;
    }
    order->asks = asks(stmts, count);
    if (!order->asks) {
        rcs_order_record(run, text, size_bytes);
    }
    run->orders_waiting++;
    if (count > 0) {
        rcs_order_at_hand(run, order);
        struct rcs_task *task = rcs_run_task(run, stmts, count);
        rcs_order_at_hand(run, NULL);
        rcs_run_go_on(run, task);
    } else {
        rcs_order_over(run, order);
    }
    rcs_order_release(run, order); /* the list of those that are over, or the task, holds it */
    rcs_orders_tell(run);
    return RCS_OK;
}

unsigned rcs_run_orders(const struct rcs_run *run)
{
    return run->orders_waiting;
}
