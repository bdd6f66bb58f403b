#include <rcsim/explore.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

struct measure {
    enum rcs_measure_kind kind;
    char *text;
    int line;
};

struct rcs_sweep {
    struct rcs_sweep_options options;
    unsigned points;
    struct measure *measures;
    unsigned measure_count;
    const char *release;
};

/* --- points and runs -------------------------------------------------------------------------- */

const struct rcs_sweep_options *rcs_sweep_options(const struct rcs_sweep *sweep)
{
    return &sweep->options;
}

const char *rcs_sweep_release(const struct rcs_sweep *sweep)
{
    return sweep->release;
}

unsigned rcs_sweep_points(const struct rcs_sweep *sweep)
{
    return sweep->points;
}

uint64_t rcs_sweep_runs(const struct rcs_sweep *sweep)
{
    return (uint64_t)sweep->points * sweep->options.seeds;
}

unsigned rcs_sweep_point_of(const struct rcs_sweep *sweep, uint64_t run)
{
    return (unsigned)(run % sweep->points);
}

uint64_t rcs_sweep_seed_of(const struct rcs_sweep *sweep, uint64_t run)
{
    return sweep->options.first_seed + run / sweep->points;
}

/* Points of one value of the first axis stand together. */
unsigned rcs_sweep_value_of(const struct rcs_sweep *sweep, unsigned point, unsigned axis)
{
    const struct rcs_sweep_options *options = &sweep->options;
    RCS_ASSERT(point < sweep->points && axis < options->axis_count);
    unsigned second = options->axis_count == 2 ? options->axes[1].count : 1;
    return axis == 0 ? point / second : point % second;
}

void rcs_sweep_point_print(const struct rcs_sweep *sweep, unsigned point, struct rcs_buf *out)
{
    for (unsigned i = 0; i < sweep->options.axis_count; i++) {
        char value[RCS_AXIS_VALUE_BYTES];
        rcs_axis_value(&sweep->options.axes[i], rcs_sweep_value_of(sweep, point, i), value);
        rcs_buf_format(out, "%s%s=%s", i > 0 ? " " : "", sweep->options.axes[i].name, value);
    }
}

unsigned rcs_sweep_measures(const struct rcs_sweep *sweep)
{
    return sweep->measure_count;
}

const char *rcs_sweep_measure(const struct rcs_sweep *sweep, unsigned index,
                              enum rcs_measure_kind *kind)
{
    if (index >= sweep->measure_count) {
        return NULL;
    }
    *kind = sweep->measures[index].kind;
    return sweep->measures[index].text;
}

/* --- one run ---------------------------------------------------------------------------------- */

/* "NAME VALUE" lines: the caller's, then the point's, which win. */
static void add_lines(const struct rcs_sweep *sweep, unsigned point, bool directives,
                      struct rcs_buf *out)
{
    const struct rcs_run_options *run = sweep->options.run;
    const char *given = directives ? run->overrides : run->params;
    rcs_buf_text(out, given == NULL ? "" : given);
    for (unsigned i = 0; i < sweep->options.axis_count; i++) {
        const struct rcs_axis *axis = &sweep->options.axes[i];
        char value[RCS_AXIS_VALUE_BYTES];
        if ((axis->kind == RCS_AXIS_DIRECTIVE) != directives) {
            continue;
        }
        rcs_axis_value(axis, rcs_sweep_value_of(sweep, point, i), value);
        for (const char *c = axis->name; *c != '\0'; c++) {
            rcs_buf_add(out, *c == ' ' ? ":" : c, 1);
        }
        rcs_buf_format(out, " %s\n", value);
    }
    rcs_buf_add(out, "", 1);
}

static struct rcs_run *begin(const struct rcs_sweep *sweep, unsigned point, uint64_t seed,
                             struct rcs_diag *diag)
{
    struct rcs_buf overrides, params;
    rcs_buf_init(&overrides);
    rcs_buf_init(&params);
    add_lines(sweep, point, true, &overrides);
    add_lines(sweep, point, false, &params);
    const struct rcs_run_options options = {
        .seed = seed,
        .has_seed = true,
        .redis = sweep->options.run->redis,
        .overrides = overrides.data,
        .params = params.data,
        .quiet = true,
    };
    struct rcs_run *run = rcs_run_new(sweep->options.scenario, &options, diag);
    rcs_buf_close(&overrides);
    rcs_buf_close(&params);
    return run;
}

size_t rcs_sweep_record_bytes(const struct rcs_sweep *sweep)
{
    return sizeof(struct rcs_sweep_record) + sweep->measure_count * sizeof(int64_t);
}

void rcs_sweep_play(const struct rcs_sweep *sweep, uint64_t number, struct rcs_sweep_record *out)
{
    struct rcs_diag diag;
    struct rcs_run *run =
        begin(sweep, rcs_sweep_point_of(sweep, number), rcs_sweep_seed_of(sweep, number), &diag);
    RCS_ASSERT(run != NULL); /* as it did with the first seed */
    while (rcs_run_turn(run, UINT_MAX) == RCS_RUN_MORE) {
    }
    struct rcs_failure failure;
    struct rcs_measure measure;
    memset(out, 0, rcs_sweep_record_bytes(sweep));
    out->run = number;
    out->digest = rcs_sim_digest(rcs_run_sim(run));
    if (rcs_run_first_failure(run, &failure)) {
        out->failed = 1;
        out->line = failure.line;
        snprintf(out->source, sizeof(out->source), "%s", failure.source);
        snprintf(out->what, sizeof(out->what), "%s", failure.what);
    }
    for (unsigned i = 0; i < sweep->measure_count; i++) {
        bool there = rcs_run_measure(run, i, &measure);
        RCS_ASSERT(there);
        rcs_sweep_measured(out)[i] = measure.known ? measure.value : RCS_UNMEASURED;
    }
    rcs_run_free(run);
}

/* --- the grid --------------------------------------------------------------------------------- */

static void take_measures(struct rcs_sweep *sweep, const struct rcs_run *run)
{
    struct rcs_measure measure;
    for (; rcs_run_measure(run, sweep->measure_count, &measure); sweep->measure_count++) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_measure_print(&text, &measure);
        rcs_buf_add(&text, "", 1);
        sweep->measures =
            realloc(sweep->measures, (sweep->measure_count + 1) * sizeof(sweep->measures[0]));
        char *copy = malloc(text.size_bytes);
        RCS_ASSERT(sweep->measures != NULL && copy != NULL);
        memcpy(copy, text.data, text.size_bytes);
        sweep->measures[sweep->measure_count] =
            (struct measure){ measure.kind, copy, measure.line };
        rcs_buf_close(&text);
    }
}

static bool same_measures(const struct rcs_sweep *sweep, const struct rcs_run *run)
{
    struct rcs_measure measure;
    unsigned count = 0;
    for (; rcs_run_measure(run, count, &measure); count++) {
        if (count == sweep->measure_count || sweep->measures[count].kind != measure.kind ||
            sweep->measures[count].line != measure.line) {
            return false;
        }
    }
    return count == sweep->measure_count;
}

/* The error is about the scenario with this value, not about the scenario as it stands. */
static void name_point(const struct rcs_sweep *sweep, unsigned point, struct rcs_diag *diag)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "with ");
    rcs_sweep_point_print(sweep, point, &text);
    rcs_buf_format(&text, ": %s", diag->text);
    size_t size_bytes = text.size_bytes;
    size_bytes = size_bytes < sizeof(diag->text) ? size_bytes : sizeof(diag->text) - 1;
    memcpy(diag->text, text.data, size_bytes);
    diag->text[size_bytes] = '\0';
    rcs_buf_close(&text);
}

/* Begins a run at every point, so that none fails to when the sweep is under way. */
static enum rcs_err check_points(struct rcs_sweep *sweep, struct rcs_diag *diag)
{
    for (unsigned point = 0; point < sweep->points; point++) {
        struct rcs_run *run = begin(sweep, point, sweep->options.first_seed, diag);
        if (run == NULL) {
            name_point(sweep, point, diag);
            return RCS_ERR_RANGE;
        }
        bool same = true;
        if (point == 0) {
            sweep->release = rcs_sim_release(rcs_run_sim(run), -1);
            take_measures(sweep, run);
        } else {
            same = same_measures(sweep, run);
        }
        rcs_run_free(run);
        if (!same) {
            rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                         "what the scenario measures is not what it measures with the first value");
            name_point(sweep, point, diag);
            return RCS_ERR_STATE;
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_sweep_new(struct rcs_sweep **out, const struct rcs_sweep_options *options,
                           struct rcs_diag *diag)
{
    struct rcs_diag ignored;
    diag = diag == NULL ? &ignored : diag;
    RCS_ASSERT(options->axis_count >= 1 && options->axis_count <= RCS_SWEEP_AXES);
    *out = NULL;
    uint64_t points = options->axes[0].count;
    if (options->axis_count == 2) {
        if (strcmp(options->axes[0].name, options->axes[1].name) == 0) {
            return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0, "%s is varied already",
                                options->axes[1].name);
        }
        points *= options->axes[1].count;
    }
    if (points > RCS_SWEEP_POINTS_MAX) {
        return rcs_diag_set(diag, RCS_ERR_LIMIT, 0, 0,
                            "%llu points are too many (%d at most): greater steps",
                            (unsigned long long)points, RCS_SWEEP_POINTS_MAX);
    }
    if (options->seeds < 1 || options->seeds > RCS_SWEEP_SEEDS_MAX ||
        options->first_seed > UINT64_MAX - options->seeds) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0, "1 to %d seeds", RCS_SWEEP_SEEDS_MAX);
    }
    struct rcs_sweep *sweep = calloc(1, sizeof(*sweep));
    RCS_ASSERT(sweep != NULL);
    sweep->options = *options;
    sweep->points = (unsigned)points;
    enum rcs_err err = check_points(sweep, diag);
    if (err != RCS_OK) {
        rcs_sweep_free(sweep);
        return err;
    }
    *out = sweep;
    return RCS_OK;
}

void rcs_sweep_free(struct rcs_sweep *sweep)
{
    if (sweep != NULL) {
        for (unsigned i = 0; i < sweep->measure_count; i++) {
            free(sweep->measures[i].text);
        }
        free(sweep->measures);
        free(sweep);
    }
}
