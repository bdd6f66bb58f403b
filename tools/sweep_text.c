/* A sweep for a terminal: a table with a curve or a grid, the measures, what fails, and the
 * verdict. */
#include <string.h>

#include "sim/scenario/parser.h"
#include "tools/tools.h"

const char *const sweep_quantiles[RCS_QUANTILES] = { "p0", "p50", "p90", "p99", "p100" };

#define CURVE 41 /* columns: 2.5 % each */

/* --- small things ----------------------------------------------------------------------------- */

void sweep_print_limit(struct rcs_buf *out, double share, bool up)
{
    double tenths = share * 1000;
    int64_t whole = (int64_t)tenths;
    whole += up && tenths > (double)whole;
    rcs_buf_format(out, "%d.%d", (int)(whole / 10), (int)(whole % 10));
}

void sweep_print_share(struct rcs_buf *out, uint64_t hits, uint64_t count)
{
    /* In integers, rounded; what is neither none nor all never reads 0.0 or 100.0. */
    uint64_t tenths = count == 0 ? 0 : (hits * 2000 + count) / (2 * count);
    tenths = hits > 0 && tenths == 0 ? 1 : hits < count && tenths == 1000 ? 999 : tenths;
    rcs_buf_format(out, "%u.%u %%", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
}

void sweep_print_value(struct rcs_buf *out, enum rcs_measure_kind kind, int64_t value)
{
    if (RCS_MEASURE_IS_TIME(kind)) {
        rcs_duration_print(out, value);
    } else {
        rcs_buf_i64(out, value);
    }
}

/* Pads what was added since `from` to `width` columns. */
static void pad(struct rcs_buf *out, size_t from, size_t width, bool right)
{
    size_t used = out->size_bytes - from;
    for (; used < width; used++) {
        rcs_buf_add(out, " ", 1);
    }
    if (right && out->size_bytes - from == width) {
        size_t text = width;
        while (text > 0 && out->data[from + text - 1] == ' ') {
            text--;
        }
        memmove(out->data + from + width - text, out->data + from, text);
        memset(out->data + from, ' ', width - text);
    }
}

static void cell(struct rcs_buf *out, const char *text, size_t width)
{
    size_t from = out->size_bytes;
    rcs_buf_text(out, text);
    pad(out, from, width, true);
}

static void print_point(const struct sweep_report *report, unsigned point, size_t width,
                        struct rcs_buf *out)
{
    size_t from = out->size_bytes;
    rcs_sweep_point_print(report->sweep, point, out);
    pad(out, from, width, false);
}

static size_t point_width(const struct sweep_report *report)
{
    size_t widest = 0;
    for (unsigned point = 0; point < rcs_sweep_points(report->sweep); point++) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_sweep_point_print(report->sweep, point, &text);
        widest = text.size_bytes > widest ? text.size_bytes : widest;
        rcs_buf_close(&text);
    }
    return widest;
}

/* --- the head --------------------------------------------------------------------------------- */

static void print_head(const struct sweep_report *report, struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    uint64_t runs = rcs_summary_runs(report->summary), all = rcs_sweep_runs(report->sweep);
    rcs_buf_format(out, "%s%s%s; ", report->title, report->title[0] != '\0' ? "\n" : "",
                   report->file);
    for (unsigned i = 0; i < options->axis_count; i++) {
        const struct rcs_axis *axis = &options->axes[i];
        char first[RCS_AXIS_VALUE_BYTES], last[RCS_AXIS_VALUE_BYTES];
        rcs_axis_value(axis, 0, first);
        rcs_axis_value(axis, axis->count - 1, last);
        rcs_buf_format(out, "%s%s from %s to %s (%u)", i > 0 ? ", " : "", axis->name, first, last,
                       axis->count);
    }
    rcs_buf_format(out, "; seeds %llu to %llu; %s\n", (unsigned long long)options->first_seed,
                   (unsigned long long)(options->first_seed + options->seeds - 1),
                   rcs_sweep_release(report->sweep));
    if (runs < all) {
        rcs_buf_format(out, "Ended early: %llu of %llu runs were played.\n",
                       (unsigned long long)runs, (unsigned long long)all);
    }
}

/* --- successes -------------------------------------------------------------------------------- */

/* The share as an o, its limits as a line. */
static void print_curve(const struct rcs_point_summary *point, struct rcs_buf *out)
{
    char curve[CURVE + 1];
    memset(curve, ' ', CURVE);
    curve[CURVE] = '\0';
    if (point->runs > 0) {
        unsigned low = (unsigned)(point->low * (CURVE - 1)),
                 high = (unsigned)(point->high * (CURVE - 1) + 0.999999);
        for (unsigned i = low; i <= high && i < CURVE; i++) {
            curve[i] = '-';
        }
        curve[(point->successes * 2 * (CURVE - 1) + point->runs) / (2 * point->runs)] = 'o';
    }
    rcs_buf_format(out, "|%s|", curve);
}

static void print_table(const struct sweep_report *report, size_t width, struct rcs_buf *out)
{
    size_t from = out->size_bytes;
    pad(out, from, width, false);
    rcs_buf_format(out, "      succeed     share         95 %%   0 %%%*s100 %%\n", CURVE - 5, "");
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        const struct rcs_point_summary *point = rcs_summary_point(report->summary, i);
        struct rcs_buf share, limits;
        char count[48];
        rcs_buf_init(&share);
        rcs_buf_init(&limits);
        snprintf(count, sizeof(count), "%llu of %llu", (unsigned long long)point->successes,
                 (unsigned long long)point->runs);
        sweep_print_share(&share, point->successes, point->runs);
        rcs_buf_add(&share, "", 1);
        sweep_print_limit(&limits, point->low, false);
        rcs_buf_text(&limits, "..");
        sweep_print_limit(&limits, point->high, true);
        rcs_buf_add(&limits, "", 1);
        print_point(report, i, width, out);
        cell(out, count, 13);
        cell(out, point->runs > 0 ? share.data : "-", 10);
        cell(out, limits.data, 13);
        rcs_buf_text(out, "  ");
        print_curve(point, out);
        rcs_buf_text(out, "\n");
        rcs_buf_close(&share);
        rcs_buf_close(&limits);
    }
}

/* A line for each value of the first axis, a column for each of the second. `what`: see print_cell.
 */
static void print_cell(const struct sweep_report *report, unsigned point, int measure, unsigned q,
                       struct rcs_buf *out)
{
    const struct rcs_point_summary *its = rcs_summary_point(report->summary, point);
    enum rcs_measure_kind kind;
    if (measure < 0) {
        if (its->runs > 0) {
            sweep_print_share(out, its->successes, its->runs);
        }
    } else if (its->spreads[measure].known > 0) {
        (void)rcs_sweep_measure(report->sweep, (unsigned)measure, &kind);
        sweep_print_value(out, kind, its->spreads[measure].quantiles[q]);
    }
    if (out->size_bytes == 0) {
        rcs_buf_text(out, "-");
    }
    rcs_buf_add(out, "", 1);
}

#define COLUMN 12

/* measure -1: the share of successes. */
static void print_grid(const struct sweep_report *report, int measure, unsigned q,
                       struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    const struct rcs_axis *rows = &options->axes[0], *columns = &options->axes[1];
    char value[RCS_AXIS_VALUE_BYTES];
    size_t width = strlen(columns->name), from = out->size_bytes;
    for (unsigned row = 0; row < rows->count; row++) {
        rcs_axis_value(rows, row, value);
        size_t label = strlen(rows->name) + 1 + strlen(value);
        width = label > width ? label : width;
    }
    rcs_buf_format(out, "%s", columns->name);
    pad(out, from, width, true);
    for (unsigned i = 0; i < columns->count; i++) {
        rcs_axis_value(columns, i, value);
        cell(out, value, COLUMN);
    }
    rcs_buf_text(out, "\n");
    for (unsigned row = 0; row < rows->count; row++) {
        rcs_axis_value(rows, row, value);
        from = out->size_bytes;
        rcs_buf_format(out, "%s=%s", rows->name, value);
        pad(out, from, width, false);
        for (unsigned i = 0; i < columns->count; i++) {
            struct rcs_buf text;
            rcs_buf_init(&text);
            print_cell(report, row * columns->count + i, measure, q, &text);
            cell(out, text.data, COLUMN);
            rcs_buf_close(&text);
        }
        rcs_buf_text(out, "\n");
    }
}

/* --- measures --------------------------------------------------------------------------------- */

static bool ever_measured(const struct sweep_report *report, unsigned measure)
{
    bool known = false;
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        known |= rcs_summary_point(report->summary, i)->spreads[measure].known > 0;
    }
    return known;
}

static void print_quantiles(const struct sweep_report *report, unsigned measure, size_t width,
                            struct rcs_buf *out)
{
    size_t from = out->size_bytes;
    pad(out, from, width, false);
    cell(out, "known", 10);
    for (unsigned q = 0; q < RCS_QUANTILES; q++) {
        cell(out, sweep_quantiles[q], COLUMN);
    }
    rcs_buf_text(out, "\n");
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        char known[32];
        snprintf(known, sizeof(known), "%llu",
                 (unsigned long long)rcs_summary_point(report->summary, i)->spreads[measure].known);
        print_point(report, i, width, out);
        cell(out, known, 10);
        for (unsigned q = 0; q < RCS_QUANTILES; q++) {
            struct rcs_buf text;
            rcs_buf_init(&text);
            print_cell(report, i, (int)measure, q, &text);
            cell(out, text.data, COLUMN);
            rcs_buf_close(&text);
        }
        rcs_buf_text(out, "\n");
    }
}

static void print_measures(const struct sweep_report *report, size_t width, struct rcs_buf *out)
{
    const bool grid = rcs_sweep_options(report->sweep)->axis_count == 2;
    static const unsigned shown[] = { 1, 3 }; /* of a grid: the middle, and the far end */
    enum rcs_measure_kind kind;
    const char *name;
    for (unsigned i = 0; (name = rcs_sweep_measure(report->sweep, i, &kind)) != NULL; i++) {
        if (!ever_measured(report, i)) {
            rcs_buf_format(out, "\n%s\nnever measured\n", name);
        } else if (!grid) {
            rcs_buf_format(out, "\n%s\n", name);
            print_quantiles(report, i, width, out);
        }
        for (unsigned q = 0; grid && ever_measured(report, i) && q < 2; q++) {
            rcs_buf_format(out, "\n%s, %s\n", name, sweep_quantiles[shown[q]]);
            print_grid(report, (int)i, shown[q], out);
        }
    }
}

/* --- failures and verdict --------------------------------------------------------------------- */

static void print_command(const struct sweep_report *report, unsigned point, uint64_t seed,
                          struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    rcs_buf_format(out, "rcsim run %s --seed %llu", report->file, (unsigned long long)seed);
    for (unsigned i = 0; i < options->axis_count; i++) {
        const struct rcs_axis *axis = &options->axes[i];
        char value[RCS_AXIS_VALUE_BYTES];
        rcs_axis_value(axis, rcs_sweep_value_of(report->sweep, point, i), value);
        if (axis->kind == RCS_AXIS_DIRECTIVE) {
            rcs_buf_format(out, " --set %s %s", axis->name, value);
        } else {
            const char *quote = strchr(axis->name, ' ') != NULL ? "\"" : "";
            rcs_buf_format(out, " --param %s%s=%s%s", quote, axis->name, value, quote);
        }
    }
}

static void print_failures(const struct sweep_report *report, size_t width, struct rcs_buf *out)
{
    unsigned shown = 0, last = 0;
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        const struct rcs_point_summary *point = rcs_summary_point(report->summary, i);
        const struct rcs_way_to_fail *way = &point->commonest;
        if (way->what == NULL) {
            continue;
        }
        rcs_buf_text(out, shown++ == 0 ? "\nThe commonest way to fail\n" : "");
        print_point(report, i, width, out);
        rcs_buf_format(out, "  %llu of %llu  %s:%d: expected %s  (--seed %llu)\n",
                       (unsigned long long)way->times,
                       (unsigned long long)(point->runs - point->successes), way->source, way->line,
                       way->what, (unsigned long long)way->seed);
        last = i;
    }
    if (shown > 0) {
        rcs_buf_text(out, "To see one: ");
        print_command(report, last, rcs_summary_point(report->summary, last)->commonest.seed, out);
        rcs_buf_text(out, "\n");
    }
}

void sweep_print_text(const struct sweep_report *report, struct rcs_buf *out)
{
    size_t width = point_width(report);
    print_head(report, out);
    rcs_buf_text(out, "\n");
    if (rcs_sweep_options(report->sweep)->axis_count == 2) {
        rcs_buf_text(out, "share of successes\n");
        print_grid(report, -1, 0, out);
    } else {
        print_table(report, width, out);
    }
    print_measures(report, width, out);
    print_failures(report, width, out);
    rcs_buf_text(out, "\n");
    rcs_summary_verdict(report->summary, out);
}
