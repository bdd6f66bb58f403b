#include "tests/support/sweep_lab.h"

#include "tests/support/exact_test.h"
#include "tests/support/play.h"
#include "tests/support/support.h"
#include "tests/support/tsv.h"

unsigned sweep_lab_recorded(const char *path, struct sweep_point points[SWEEP_POINTS_MAX])
{
    struct tsv file;
    char *fields[3];
    unsigned count = 0;
    tsv_open(&file, path);
    while (tsv_row(&file, fields, 3)) {
        assert_true(count < SWEEP_POINTS_MAX);
        struct sweep_point *point = &points[count++];
        *point = (struct sweep_point){ .live = (unsigned)strtoul(fields[1], NULL, 10),
                                       .live_runs = (unsigned)strtoul(fields[2], NULL, 10) };
        snprintf(point->value, sizeof(point->value), "%s", fields[0]);
        assert_true(point->live <= point->live_runs);
    }
    tsv_close(&file);
    return count;
}

struct sweep_played sweep_lab_new(const char *text, const char *vary, unsigned seeds,
                                  const struct rcs_run_options *run)
{
    struct sweep_played out = { .scenario = play_parsed("t.scenario", text) };
    struct rcs_sweep_options options = {
        .scenario = out.scenario, .axis_count = 1, .first_seed = 1, .seeds = seeds, .run = run
    };
    struct rcs_diag diag;
    if (rcs_axis_read(&options.axes[0], out.scenario, vary, &diag) != RCS_OK ||
        rcs_sweep_new(&out.sweep, &options, &diag) != RCS_OK) {
        fail_msg("%s: %s", vary, diag.text);
    }
    out.record = calloc(1, rcs_sweep_record_bytes(out.sweep));
    assert_non_null(out.record);
    return out;
}

void sweep_lab_close(struct sweep_played *played)
{
    free(played->record);
    rcs_sweep_free(played->sweep);
    rcs_scenario_free(played->scenario);
}

void sweep_lab_simulate(const char *scenario, const char *param, unsigned seeds,
                        struct sweep_point *point)
{
    static const struct rcs_run_options run = { .quiet = true };
    char *text = play_shipped(scenario), vary[80];
    snprintf(vary, sizeof(vary), "%s=%s..%s/1s", param, point->value, point->value);
    struct sweep_played played = sweep_lab_new(text, vary, seeds, &run);
    for (uint64_t number = 0; number < rcs_sweep_runs(played.sweep); number++) {
        rcs_sweep_play(played.sweep, number, played.record);
        point->simulated_runs++;
        point->simulated += played.record->failed == 0;
    }
    sweep_lab_close(&played);
    free(text);
}

double sweep_lab_compare(const char *param, const struct sweep_point *point)
{
    double p = exact_test(point->live, point->live_runs, point->simulated, point->simulated_runs);
    print_message("%s=%s: live %u of %u, simulated %u of %u: %s at 95 %% (exact test, p %.3f)\n",
                  param, point->value, point->live, point->live_runs, point->simulated,
                  point->simulated_runs, p < 0.05 ? "differ" : "agree", p);
    return p;
}
