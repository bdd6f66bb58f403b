/* Workloads as the script goes on: they begin, are stopped, and what they counted is told. */
#include "sim/scenario/act.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"

#include "sim/pure.h"

enum rcs_progress rcs_act_workload(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    struct rcs_workload **workload = &run->workloads[stmt->number];
    struct rcs_diag diag = { .line = 0 };
    rcs_run_tell(run, "setting", stmt->text);
    rcs_run_note(run, "workload", stmt->text);
    if (stmt->workload != NULL) {
        *workload = rcs_workload_new(run->sim, stmt->workload, &diag);
        if (*workload == NULL) {
            rcs_run_stop(run, stmt, RCS_ERR_RANGE, diag.text);
        }
    } else if (*workload != NULL) { /* not, if its beginning was put off */
        rcs_workload_stop(*workload);
    }
    return RCS_PROGRESS_DONE;
}

static void print_errors(struct rcs_buf *out, const struct rcs_workload_counts *counts)
{
    bool first = true;
    rcs_buf_format(out, "%llu errors", (unsigned long long)counts->error_count);
    for (int error = 0; error < RCS_WORKLOAD_ERROR_COUNT; error++) {
        if (counts->errors[error] > 0) {
            rcs_buf_format(out, "%s %s %llu", first ? ":" : ",",
                           rcs_workload_error_name((enum rcs_workload_error)error),
                           (unsigned long long)counts->errors[error]);
            first = false;
        }
    }
}

static void print_counts(struct rcs_buf *out, const char *name, const struct rcs_workload *workload)
{
    struct rcs_workload_counts taken, *counts = &taken;
    uint64_t unserved, lost = rcs_workload_lost(workload, &unserved);
    rcs_workload_counts(workload, counts);
    rcs_buf_format(out, "workload %s: %llu operations, %llu ok; ", name,
                   (unsigned long long)counts->operations, (unsigned long long)counts->ok);
    print_errors(out, counts);
    rcs_buf_text(out, "; unavailable ");
    rcs_duration_print(out, counts->unavailable_us);
    if (counts->outages != 1) {
        rcs_buf_format(out, " in %llu outages", (unsigned long long)counts->outages);
    }
    rcs_buf_text(out, counts->down ? ", still down; " : "; ");
    rcs_buf_format(out, "%llu writes acknowledged, ", (unsigned long long)counts->acknowledged);
    if (counts->confirmed > 0) {
        rcs_buf_format(out, "%llu confirmed, ", (unsigned long long)counts->confirmed);
    }
    if (counts->reread > 0) {
        rcs_buf_format(out, "%llu read back, ", (unsigned long long)counts->reread);
    }
    rcs_buf_format(out, "%llu lost", (unsigned long long)lost);
    if (unserved > 0) {
        rcs_buf_format(out, ", %llu that nobody serves", (unsigned long long)unserved);
    }
    rcs_buf_text(out, "; slowest ");
    rcs_duration_print(out, counts->slowest_us);
}

void rcs_act_tell_workloads(struct rcs_run *run)
{
    for (unsigned i = 0; i < run->script->workload_count; i++) {
        struct rcs_buf text;
        if (run->workloads[i] == NULL) {
            continue;
        }
        rcs_buf_init(&text);
        print_counts(&text, run->script->workloads[i], run->workloads[i]);
        rcs_buf_add(&text, "", 1);
        rcs_transcript_act(run->transcript, rcs_sim_now(run->sim), "workload", text.data);
        rcs_run_note(run, "workload", text.data);
        rcs_buf_close(&text);
    }
}
