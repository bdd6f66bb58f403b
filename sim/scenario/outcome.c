#include "sim/scenario/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/act.h"
#include "sim/scenario/expect_parts.h"
#include "sim/scenario/run_parts.h"

#include "sim/pure.h"

void rcs_outcome_close(struct rcs_outcome *outcome)
{
    free(outcome->taken);
    free(outcome->failed);
    free(outcome->instead);
}

/* --- as it runs ------------------------------------------------------------------------------- */

static bool is_span(const struct rcs_stmt *stmt)
{
    return stmt->verb->begin == rcs_act_expect && stmt->cond->row->holds == rcs_cond_span_holds;
}

static bool is_await(const struct rcs_stmt *stmt)
{
    return stmt->verb->begin == rcs_act_await;
}

void rcs_outcome_judged(struct rcs_run *run, const struct rcs_stmt *stmt, rcs_us took_us)
{
    struct rcs_outcome *outcome = &run->outcome;
    if (run->order != NULL || (!is_await(stmt) && !is_span(stmt))) {
        return; /* an order is no part of the scenario */
    }
    if (is_span(stmt) && !rcs_cond_span(run, stmt->cond, &took_us)) {
        return;
    }
    if (took_us == RCS_NEVER) {
        return;
    }
    if (outcome->taken_count == outcome->taken_room) {
        outcome->taken_room = outcome->taken_room == 0 ? 16 : outcome->taken_room * 2;
        outcome->taken = realloc(outcome->taken, outcome->taken_room * sizeof(outcome->taken[0]));
        RCS_ASSERT(outcome->taken != NULL);
    }
    outcome->taken[outcome->taken_count++] = (struct rcs_taken){ stmt, took_us };
}

void rcs_outcome_failed(struct rcs_outcome *outcome, const struct rcs_place *place,
                        const char *what, const char *instead)
{
    if (outcome->failed == NULL) {
        outcome->failed_at = *place;
        outcome->failed = rcs_run_copy(what, strlen(what));
        outcome->instead = rcs_run_copy(instead, strlen(instead));
    }
}

/* --- what there is to measure ----------------------------------------------------------------- */

/* The measures stand in the order of the script: first what its statements time, blocks and what is
 * put off included; then each workload's three. */
struct walk {
    unsigned left; /* statements to pass before the one that is looked for */
    const struct rcs_stmt *found;
};

static void walk_stmts(struct walk *walk, const struct rcs_stmt *stmts, unsigned count)
{
    for (unsigned i = 0; i < count && walk->found == NULL; i++) {
        if (is_span(&stmts[i]) || is_await(&stmts[i])) {
            walk->found = walk->left == 0 ? &stmts[i] : NULL;
            walk->left -= walk->left > 0;
        }
        if (walk->found == NULL) {
            walk_stmts(walk, stmts[i].body, stmts[i].body_count);
        }
    }
}

static void take_stmt(const struct rcs_run *run, const struct rcs_stmt *stmt,
                      struct rcs_measure *out)
{
    const bool span = is_span(stmt);
    *out = (struct rcs_measure){
        .kind = span ? RCS_MEASURE_SPAN : RCS_MEASURE_AWAIT,
        .from = span ? stmt->cond->happened[0].text : NULL,
        .to = span ? stmt->cond->happened[1].text : stmt->cond->text,
        .source = stmt->place.source,
        .line = stmt->place.line,
    };
    for (unsigned i = 0; i < run->outcome.taken_count; i++) {
        if (run->outcome.taken[i].stmt == stmt) {
            out->known = true;
            out->value = run->outcome.taken[i].took_us;
        }
    }
}

static void take_workload(const struct rcs_run *run, unsigned number, enum rcs_measure_kind kind,
                          struct rcs_measure *out)
{
    const struct rcs_workload *workload = run->workloads[number];
    struct rcs_workload_counts counts;
    *out = (struct rcs_measure){ .kind = kind, .to = run->script->workloads[number] };
    if (workload == NULL) {
        return; /* it never began */
    }
    rcs_workload_counts(workload, &counts);
    uint64_t unserved;
    out->known = true;
    out->value = kind == RCS_MEASURE_UNAVAILABLE ? counts.unavailable_us
                 : kind == RCS_MEASURE_LOST      ? (int64_t)rcs_workload_lost(workload, &unserved)
                                                 : (int64_t)counts.error_count;
}

bool rcs_run_measure(const struct rcs_run *run, unsigned index, struct rcs_measure *out)
{
    static const enum rcs_measure_kind kinds[] = { RCS_MEASURE_UNAVAILABLE, RCS_MEASURE_LOST,
                                                   RCS_MEASURE_ERRORS };
    struct walk walk = { .left = index };
    walk_stmts(&walk, run->script->stmts, run->script->stmt_count);
    if (walk.found != NULL) {
        take_stmt(run, walk.found, out);
        return true;
    }
    if (walk.left >= 3 * run->script->workload_count) {
        return false;
    }
    take_workload(run, walk.left / 3, kinds[walk.left % 3], out);
    return true;
}

void rcs_measure_print(struct rcs_buf *out, const struct rcs_measure *measure)
{
    switch (measure->kind) {
    case RCS_MEASURE_SPAN:
        rcs_buf_format(out, "time from %s to %s", measure->from, measure->to);
        break;
    case RCS_MEASURE_AWAIT:
        rcs_buf_format(out, "await %s", measure->to);
        break;
    case RCS_MEASURE_UNAVAILABLE:
        rcs_buf_format(out, "workload %s unavailable", measure->to);
        break;
    case RCS_MEASURE_LOST:
        rcs_buf_format(out, "workload %s lost acknowledged writes", measure->to);
        break;
    case RCS_MEASURE_ERRORS:
        rcs_buf_format(out, "workload %s errors", measure->to);
        break;
    }
}

/* --- how it failed ---------------------------------------------------------------------------- */

bool rcs_run_first_failure(const struct rcs_run *run, struct rcs_failure *out)
{
    const struct rcs_outcome *outcome = &run->outcome;
    if (outcome->failed != NULL) {
        *out = (struct rcs_failure){ outcome->failed_at.source, outcome->failed_at.line,
                                     outcome->failed, outcome->instead };
        return true;
    }
    if (run->err != RCS_OK) {
        *out = (struct rcs_failure){ run->diag.source, run->diag.line, "the script to go on",
                                     run->diag.text };
        return true;
    }
    return false;
}
