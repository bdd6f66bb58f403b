/* A sweep for other programs: CSV, and one JSON object. Times are in microseconds. */
#include <string.h>

#include "sim/world/json_line.h"
#include "tools/tools.h"

static const char *unit_of(enum rcs_measure_kind kind)
{
    return RCS_MEASURE_IS_TIME(kind) ? "us" : "count";
}

/* --- CSV, as RFC 4180 has it, with LF --------------------------------------------------------- */

static void csv_text(struct rcs_buf *out, const char *text)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    rcs_buf_text(out, quoted ? "\"" : "");
    for (const char *c = text; *c != '\0'; c++) {
        rcs_buf_text(out, quoted && *c == '"' ? "\"" : "");
        rcs_buf_add(out, c, 1);
    }
    rcs_buf_text(out, quoted ? "\"" : "");
}

static void csv_failure(const struct rcs_way_to_fail *way, struct rcs_buf *out)
{
    if (way->what == NULL) {
        rcs_buf_text(out, ",,,");
        return;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "%s:%d: expected %s", way->source, way->line, way->what);
    rcs_buf_add(&text, "", 1);
    rcs_buf_text(out, ",");
    csv_text(out, text.data);
    rcs_buf_format(out, ",%llu,%llu", (unsigned long long)way->times,
                   (unsigned long long)way->seed);
    rcs_buf_close(&text);
}

/* A line: the point, one of its measures (-1: there is none), and its failures. */
static void csv_line(const struct sweep_report *report, unsigned number, int measure,
                     struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    const struct rcs_point_summary *point = rcs_summary_point(report->summary, number);
    for (unsigned i = 0; i < options->axis_count; i++) {
        char value[RCS_AXIS_VALUE_BYTES];
        rcs_axis_value(&options->axes[i], rcs_sweep_value_of(report->sweep, number, i), value);
        rcs_buf_format(out, "%s,", value);
    }
    rcs_buf_format(out, "%llu,%llu,%.6f,%.6f", (unsigned long long)point->runs,
                   (unsigned long long)point->successes, point->low, point->high);
    if (measure < 0) {
        rcs_buf_text(out, ",,,,,,,,");
    } else {
        enum rcs_measure_kind kind;
        const struct rcs_spread *spread = &point->spreads[measure];
        rcs_buf_text(out, ",");
        csv_text(out, rcs_sweep_measure(report->sweep, (unsigned)measure, &kind));
        rcs_buf_format(out, ",%s,%llu", unit_of(kind), (unsigned long long)spread->known);
        for (unsigned q = 0; q < RCS_QUANTILES; q++) {
            rcs_buf_text(out, ",");
            if (spread->known > 0) {
                rcs_buf_i64(out, spread->quantiles[q]);
            }
        }
    }
    csv_failure(&point->commonest, out);
    rcs_buf_text(out, "\n");
}

void sweep_print_csv(const struct sweep_report *report, struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    for (unsigned i = 0; i < options->axis_count; i++) {
        csv_text(out, options->axes[i].name);
        rcs_buf_text(out, ",");
    }
    rcs_buf_text(out, "runs,successes,low,high,measure,unit,known");
    for (unsigned q = 0; q < RCS_QUANTILES; q++) {
        rcs_buf_format(out, ",%s", sweep_quantiles[q]);
    }
    rcs_buf_text(out, ",failure,failure_times,failure_seed\n");
    for (unsigned point = 0; point < rcs_sweep_points(report->sweep); point++) {
        unsigned measures = rcs_sweep_measures(report->sweep);
        for (unsigned i = 0; i < measures; i++) {
            csv_line(report, point, (int)i, out);
        }
        if (measures == 0) {
            csv_line(report, point, -1, out);
        }
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void key(struct rcs_buf *out, bool first, const char *name)
{
    rcs_buf_format(out, "%s\"%s\":", first ? "" : ",", name);
}

static void key_text(struct rcs_buf *out, bool first, const char *name, const char *text)
{
    key(out, first, name);
    rcs_json_text(out, text);
}

static void key_count(struct rcs_buf *out, bool first, const char *name, uint64_t count)
{
    key(out, first, name);
    rcs_buf_format(out, "%llu", (unsigned long long)count);
}

static void json_axes(const struct rcs_sweep_options *options, struct rcs_buf *out)
{
    static const char *const kinds[] = { [RCS_AXIS_PARAM] = "param",
                                         [RCS_AXIS_DIRECTIVE] = "directive",
                                         [RCS_AXIS_LATENCY] = "latency" };
    key(out, false, "axes");
    for (unsigned i = 0; i < options->axis_count; i++) {
        const struct rcs_axis *axis = &options->axes[i];
        rcs_buf_text(out, i == 0 ? "[{" : ",{");
        key_text(out, true, "name", axis->name);
        key_text(out, false, "kind", kinds[axis->kind]);
        key(out, false, "values");
        for (unsigned v = 0; v < axis->count; v++) {
            char value[RCS_AXIS_VALUE_BYTES];
            rcs_axis_value(axis, v, value);
            rcs_buf_format(out, "%s\"%s\"", v == 0 ? "[" : ",", value);
        }
        rcs_buf_text(out, "]}");
    }
    rcs_buf_text(out, "]");
}

static void json_measures(const struct sweep_report *report, struct rcs_buf *out)
{
    enum rcs_measure_kind kind;
    const char *name;
    key(out, false, "measures");
    rcs_buf_text(out, "[");
    for (unsigned i = 0; (name = rcs_sweep_measure(report->sweep, i, &kind)) != NULL; i++) {
        rcs_buf_text(out, i == 0 ? "{" : ",{");
        key_text(out, true, "name", name);
        key_text(out, false, "unit", unit_of(kind));
        rcs_buf_text(out, "}");
    }
    rcs_buf_text(out, "]");
}

static void json_failure(const struct rcs_way_to_fail *way, struct rcs_buf *out)
{
    key(out, false, "failure");
    if (way->what == NULL) {
        rcs_buf_text(out, "null");
        return;
    }
    rcs_buf_text(out, "{");
    key_text(out, true, "source", way->source);
    key_count(out, false, "line", (uint64_t)way->line);
    key_text(out, false, "expected", way->what);
    key_count(out, false, "times", way->times);
    key_count(out, false, "seed", way->seed);
    rcs_buf_text(out, "}");
}

static void json_point(const struct sweep_report *report, unsigned number, struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    const struct rcs_point_summary *point = rcs_summary_point(report->summary, number);
    rcs_buf_text(out, number == 0 ? "\n{" : ",\n{");
    key(out, true, "values");
    for (unsigned i = 0; i < options->axis_count; i++) {
        char value[RCS_AXIS_VALUE_BYTES];
        rcs_axis_value(&options->axes[i], rcs_sweep_value_of(report->sweep, number, i), value);
        rcs_buf_format(out, "%s\"%s\"", i == 0 ? "[" : ",", value);
    }
    rcs_buf_text(out, "]");
    key_count(out, false, "runs", point->runs);
    key_count(out, false, "successes", point->successes);
    rcs_buf_format(out, ",\"low\":%.6f,\"high\":%.6f", point->low, point->high);
    json_failure(&point->commonest, out);
    key(out, false, "spreads");
    rcs_buf_text(out, "[");
    for (unsigned i = 0; i < rcs_sweep_measures(report->sweep); i++) {
        const struct rcs_spread *spread = &point->spreads[i];
        rcs_buf_text(out, i == 0 ? "{" : ",{");
        key_count(out, true, "known", spread->known);
        for (unsigned q = 0; q < RCS_QUANTILES && spread->known > 0; q++) {
            key(out, false, sweep_quantiles[q]);
            rcs_buf_i64(out, spread->quantiles[q]);
        }
        rcs_buf_text(out, "}");
    }
    rcs_buf_text(out, "]}");
}

void sweep_print_json(const struct sweep_report *report, struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    struct rcs_buf verdict;
    rcs_buf_init(&verdict);
    rcs_summary_verdict(report->summary, &verdict);
    rcs_buf_add(&verdict, "", 1);
    rcs_buf_text(out, "{");
    key_text(out, true, "scenario", report->file);
    key_text(out, false, "title", report->title);
    key_text(out, false, "release", rcs_sweep_release(report->sweep));
    key_text(out, false, "params", report->params);
    key_text(out, false, "directives", report->overrides);
    key_count(out, false, "first_seed", options->first_seed);
    key_count(out, false, "seeds", options->seeds);
    key_count(out, false, "runs", rcs_summary_runs(report->summary));
    key(out, false, "complete");
    rcs_buf_text(out, rcs_summary_runs(report->summary) == rcs_sweep_runs(report->sweep) ? "true"
                                                                                         : "false");
    json_axes(options, out);
    json_measures(report, out);
    key(out, false, "points");
    rcs_buf_text(out, "[");
    for (unsigned point = 0; point < rcs_sweep_points(report->sweep); point++) {
        json_point(report, point, out);
    }
    rcs_buf_text(out, "]");
    key_text(out, false, "verdict", verdict.data);
    rcs_buf_text(out, "}\n");
    rcs_buf_close(&verdict);
}
