/* A sweep as one page: plots as inline SVG, every number also in a table, light and dark as the
 * reader has it, no script, nothing loaded from elsewhere. */
#include <string.h>

#include "tools/tools.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#5b6570;--line:#d5dae0;"
    "--mark:#0b63b8;--band:#0b63b826;--bad:#b3261e}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e4e8ec;--soft:#9aa5b1;"
    "--line:#333a42;--mark:#6db3f2;--band:#6db3f233;--bad:#ff8a80}}\n"
    "body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 4rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2.5rem 0 "
    ".25rem}\n"
    "p{margin:.25rem 0}.soft{color:var(--soft)}.verdict{border-left:4px solid "
    "var(--mark);padding:.25rem .75rem;margin:1rem 0;font-weight:600}\n"
    "svg{display:block;width:100%;height:auto;margin:.5rem 0}svg text{font:12px "
    "system-ui,sans-serif;fill:var(--soft)}\n"
    ".rule{stroke:var(--line);stroke-width:1}.band{fill:var(--band)}.curve{fill:none;"
    "stroke:var(--mark);stroke-width:2}.far{stroke-width:1.25}.p90{stroke-dasharray:6 "
    "3}.p99{stroke-dasharray:2 3}.dot{fill:var(--mark)}.limits{stroke:var(--mark);stroke-width:1}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;"
    "font-variant-numeric:tabular-nums}th,td{padding:.15rem .6rem;text-align:right;"
    "border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child,"
    ".text{text-align:left}th{color:var(--soft);font-weight:600}.text{white-space:normal;"
    "min-width:18rem}summary{cursor:pointer;color:var(--soft)}code{font-size:.875rem}\n";

/* The plot's field within the drawing, in its units. */
enum { WIDE = 800, HIGH = 300, LEFT = 72, RIGHT = 20, TOP = 14, BOTTOM = 48 };
#define FIELD_WIDE (WIDE - LEFT - RIGHT)
#define FIELD_HIGH (HIGH - TOP - BOTTOM)

static void text(struct rcs_buf *out, const char *from)
{
    for (const char *c = from; *c != '\0'; c++) {
        switch (*c) {
        case '<':
            rcs_buf_text(out, "&lt;");
            break;
        case '>':
            rcs_buf_text(out, "&gt;");
            break;
        case '&':
            rcs_buf_text(out, "&amp;");
            break;
        case '"':
            rcs_buf_text(out, "&quot;");
            break;
        default:
            rcs_buf_add(out, c, 1);
        }
    }
}

static void value_text(const struct sweep_report *report, unsigned axis, unsigned value,
                       struct rcs_buf *out)
{
    char its[RCS_AXIS_VALUE_BYTES];
    rcs_axis_value(&rcs_sweep_options(report->sweep)->axes[axis], value, its);
    rcs_buf_text(out, its); /* digits and a unit */
}

/* --- the field -------------------------------------------------------------------------------- */

static double x_of(const struct sweep_report *report, unsigned point)
{
    unsigned count = rcs_sweep_points(report->sweep);
    return count == 1 ? LEFT + FIELD_WIDE / 2.0 : LEFT + (double)FIELD_WIDE * point / (count - 1);
}

static double y_of(double value, double most)
{
    return TOP + FIELD_HIGH * (1 - (most > 0 ? value / most : 0));
}

static void begin_plot(const struct sweep_report *report, const char *name, struct rcs_buf *out)
{
    const struct rcs_axis *axis = &rcs_sweep_options(report->sweep)->axes[0];
    rcs_buf_format(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDE, HIGH);
    text(out, name);
    rcs_buf_text(out, " against ");
    text(out, axis->name);
    rcs_buf_text(out, "\">\n");
    unsigned stride = (axis->count + 10) / 11;
    for (unsigned i = 0; i < axis->count; i += stride) {
        double x = x_of(report, i);
        rcs_buf_format(out,
                       "<line class=\"rule\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                       "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                       x, x, TOP + FIELD_HIGH, TOP + FIELD_HIGH + 5, x, TOP + FIELD_HIGH + 20);
        value_text(report, 0, i, out);
        rcs_buf_text(out, "</text>\n");
    }
    rcs_buf_format(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", LEFT + FIELD_WIDE / 2,
                   HIGH - 8);
    text(out, axis->name);
    rcs_buf_text(out, "</text>\n");
}

/* A line across the field, with what it stands for. */
static void begin_rule(double y, struct rcs_buf *out)
{
    rcs_buf_format(out,
                   "<line class=\"rule\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                   "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                   LEFT, LEFT + FIELD_WIDE, y, y, LEFT - 8, y + 4);
}

/* --- successes -------------------------------------------------------------------------------- */

static void print_success_plot(const struct sweep_report *report, struct rcs_buf *out)
{
    unsigned count = rcs_sweep_points(report->sweep), drawn = 0;
    begin_plot(report, "share of successes", out);
    for (unsigned percent = 0; percent <= 100; percent += 25) {
        begin_rule(y_of(percent, 100), out);
        rcs_buf_format(out, "%u %%</text>\n", percent);
    }
    struct rcs_buf line;
    rcs_buf_init(&line);
    for (unsigned i = 0; i < count; i++) {
        const struct rcs_point_summary *point = rcs_summary_point(report->summary, i);
        if (point->runs > 0) {
            rcs_buf_format(&line, "%s%.1f,%.1f", drawn++ > 0 ? " " : "", x_of(report, i),
                           y_of((double)point->successes / (double)point->runs, 1));
        }
    }
    rcs_buf_format(out, "<polyline class=\"curve\" points=\"%.*s\"/>\n", (int)line.size_bytes,
                   line.size_bytes > 0 ? line.data : "");
    rcs_buf_close(&line);
    for (unsigned i = 0; i < count; i++) {
        const struct rcs_point_summary *point = rcs_summary_point(report->summary, i);
        double x = x_of(report, i), low = y_of(point->low, 1), high = y_of(point->high, 1);
        if (point->runs == 0) {
            continue;
        }
        rcs_buf_format(out,
                       "<line class=\"limits\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                       "<line class=\"limits\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                       "<line class=\"limits\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                       "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>",
                       x, x, low, high, x - 3, x + 3, low, low, x - 3, x + 3, high, high, x,
                       y_of((double)point->successes / (double)point->runs, 1));
        value_text(report, 0, i, out);
        rcs_buf_format(out, ": %llu of %llu</title></circle>\n",
                       (unsigned long long)point->successes, (unsigned long long)point->runs);
    }
    rcs_buf_text(out, "</svg>\n<p class=\"soft\">Dots: share of runs in which all expectations "
                      "hold. Bars: its exact 95 % limits.</p>\n");
}

static void print_failure(const struct rcs_way_to_fail *way, struct rcs_buf *out)
{
    if (way->what == NULL) {
        rcs_buf_text(out, "<td></td><td></td><td class=\"text\"></td>");
        return;
    }
    rcs_buf_format(out, "<td>%llu</td><td>%llu</td><td class=\"text\"><code>",
                   (unsigned long long)way->times, (unsigned long long)way->seed);
    text(out, way->source);
    rcs_buf_format(out, ":%d</code> expected ", way->line);
    text(out, way->what);
    rcs_buf_text(out, "</td>");
}

static void print_success_table(const struct sweep_report *report, struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    rcs_buf_text(out, "<div class=\"scroll\"><table>\n<tr>");
    for (unsigned i = 0; i < options->axis_count; i++) {
        rcs_buf_text(out, "<th>");
        text(out, options->axes[i].name);
        rcs_buf_text(out, "</th>");
    }
    rcs_buf_text(out, "<th>succeed</th><th>share</th><th>at least</th><th>at most</th>"
                      "<th>fail so</th><th>seed</th><th class=\"text\">commonest way to "
                      "fail</th></tr>\n");
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        const struct rcs_point_summary *point = rcs_summary_point(report->summary, i);
        rcs_buf_text(out, "<tr>");
        for (unsigned axis = 0; axis < options->axis_count; axis++) {
            rcs_buf_text(out, "<td>");
            value_text(report, axis, rcs_sweep_value_of(report->sweep, i, axis), out);
            rcs_buf_text(out, "</td>");
        }
        rcs_buf_format(out, "<td>%llu of %llu</td><td>", (unsigned long long)point->successes,
                       (unsigned long long)point->runs);
        sweep_print_share(out, point->successes, point->runs);
        rcs_buf_text(out, "</td><td>");
        sweep_print_limit(out, point->low, false);
        rcs_buf_text(out, " %</td><td>");
        sweep_print_limit(out, point->high, true);
        rcs_buf_text(out, " %</td>");
        print_failure(&point->commonest, out);
        rcs_buf_text(out, "</tr>\n");
    }
    rcs_buf_text(out, "</table></div>\n");
}

/* --- measures --------------------------------------------------------------------------------- */

static int64_t most_of(const struct sweep_report *report, unsigned measure, unsigned quantile)
{
    int64_t most = 0;
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        const struct rcs_spread *spread = &rcs_summary_point(report->summary, i)->spreads[measure];
        if (spread->known > 0 && spread->quantiles[quantile] > most) {
            most = spread->quantiles[quantile];
        }
    }
    return most;
}

/* A step of 1, 2 or 5 times a power of ten, of which at most five reach `most`. */
static int64_t step_for(int64_t most)
{
    static const int64_t digits[] = { 1, 2, 5 };
    for (int64_t power = 1; power <= INT64_MAX / 100; power *= 10) {
        for (unsigned i = 0; i < 3; i++) {
            if (digits[i] * power * 5 >= most) {
                return digits[i] * power;
            }
        }
    }
    return most;
}

static const struct rcs_spread *spread_at(const struct sweep_report *report, unsigned measure,
                                          unsigned point)
{
    const struct rcs_spread *spread = &rcs_summary_point(report->summary, point)->spreads[measure];
    return spread->known > 0 ? spread : NULL;
}

/* One stroke for each stretch of points at which the measure is known. */
static void print_curve(const struct sweep_report *report, unsigned measure, unsigned quantile,
                        const char *class, double most, struct rcs_buf *out)
{
    unsigned count = rcs_sweep_points(report->sweep);
    for (unsigned i = 0; i < count;) {
        if (spread_at(report, measure, i) == NULL) {
            i++;
            continue;
        }
        rcs_buf_format(out, "<polyline class=\"%s\" points=\"", class);
        for (; i < count && spread_at(report, measure, i) != NULL; i++) {
            rcs_buf_format(out, "%.1f,%.1f ", x_of(report, i),
                           y_of((double)spread_at(report, measure, i)->quantiles[quantile], most));
        }
        rcs_buf_text(out, "\"/>\n");
    }
}

static void print_area(const struct sweep_report *report, unsigned measure, double most,
                       struct rcs_buf *out)
{
    unsigned count = rcs_sweep_points(report->sweep);
    for (unsigned i = 0; i < count;) {
        if (spread_at(report, measure, i) == NULL) {
            i++;
            continue;
        }
        unsigned from = i;
        rcs_buf_text(out, "<polygon class=\"band\" points=\"");
        for (; i < count && spread_at(report, measure, i) != NULL; i++) {
            rcs_buf_format(out, "%.1f,%.1f ", x_of(report, i),
                           y_of((double)spread_at(report, measure, i)->quantiles[0], most));
        }
        for (unsigned back = i; back-- > from;) {
            rcs_buf_format(
                out, "%.1f,%.1f ", x_of(report, back),
                y_of((double)spread_at(report, measure, back)->quantiles[RCS_QUANTILES - 1], most));
        }
        rcs_buf_text(out, "\"/>\n");
    }
}

static void print_measure_plot(const struct sweep_report *report, unsigned measure,
                               const char *name, enum rcs_measure_kind kind, struct rcs_buf *out)
{
    int64_t top = most_of(report, measure, RCS_QUANTILES - 1), step = step_for(top > 0 ? top : 1);
    double most = (double)(step * ((top + step - 1) / step > 0 ? (top + step - 1) / step : 1));
    begin_plot(report, name, out);
    for (int64_t at = 0; (double)at <= most; at += step) {
        begin_rule(y_of((double)at, most), out);
        if (at == 0) {
            rcs_buf_text(out, "0"); /* in any unit */
        } else {
            sweep_print_value(out, kind, at);
        }
        rcs_buf_text(out, "</text>\n");
    }
    print_area(report, measure, most, out);
    print_curve(report, measure, 3, "curve far p99", most, out);
    print_curve(report, measure, 2, "curve far p90", most, out);
    print_curve(report, measure, 1, "curve", most, out);
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        const struct rcs_spread *spread = spread_at(report, measure, i);
        if (spread != NULL) {
            rcs_buf_format(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>",
                           x_of(report, i), y_of((double)spread->quantiles[1], most));
            value_text(report, 0, i, out);
            rcs_buf_text(out, ": ");
            sweep_print_value(out, kind, spread->quantiles[1]);
            rcs_buf_text(out, "</title></circle>\n");
        }
    }
    rcs_buf_text(out, "</svg>\n<p class=\"soft\">Line and dots: p50. Dashes: p90. Points: p99. "
                      "Area: p0 to p100.</p>\n");
}

static void print_measure_table(const struct sweep_report *report, unsigned measure,
                                enum rcs_measure_kind kind, struct rcs_buf *out)
{
    rcs_buf_text(out, "<details><summary>Table</summary><div class=\"scroll\"><table>\n<tr><th>");
    text(out, rcs_sweep_options(report->sweep)->axes[0].name);
    rcs_buf_text(out, "</th><th>known</th>");
    for (unsigned q = 0; q < RCS_QUANTILES; q++) {
        rcs_buf_format(out, "<th>%s</th>", sweep_quantiles[q]);
    }
    rcs_buf_text(out, "</tr>\n");
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        const struct rcs_spread *spread = spread_at(report, measure, i);
        rcs_buf_text(out, "<tr><td>");
        value_text(report, 0, i, out);
        rcs_buf_format(out, "</td><td>%llu</td>",
                       spread == NULL ? 0 : (unsigned long long)spread->known);
        for (unsigned q = 0; q < RCS_QUANTILES; q++) {
            rcs_buf_text(out, "<td>");
            if (spread != NULL) {
                sweep_print_value(out, kind, spread->quantiles[q]);
            }
            rcs_buf_text(out, "</td>");
        }
        rcs_buf_text(out, "</tr>\n");
    }
    rcs_buf_text(out, "</table></div></details>\n");
}

/* --- a grid ----------------------------------------------------------------------------------- */

/* A cell is as dark as its value; measure -1: the share of successes. */
static void print_cell(const struct sweep_report *report, unsigned point, int measure,
                       unsigned quantile, int64_t most, struct rcs_buf *out)
{
    const struct rcs_point_summary *its = rcs_summary_point(report->summary, point);
    enum rcs_measure_kind kind;
    double shade = 0;
    struct rcs_buf shown;
    rcs_buf_init(&shown);
    if (measure < 0 && its->runs > 0) {
        shade = (double)its->successes / (double)its->runs;
        sweep_print_share(&shown, its->successes, its->runs);
    } else if (measure >= 0 && its->spreads[measure].known > 0) {
        (void)rcs_sweep_measure(report->sweep, (unsigned)measure, &kind);
        shade = most > 0 ? (double)its->spreads[measure].quantiles[quantile] / (double)most : 0;
        sweep_print_value(&shown, kind, its->spreads[measure].quantiles[quantile]);
    }
    rcs_buf_format(out,
                   "<td style=\"background:color-mix(in srgb,var(--mark) %d%%,transparent)\">%.*s"
                   "</td>",
                   (int)(shade * 45), (int)shown.size_bytes,
                   shown.size_bytes > 0 ? shown.data : "");
    rcs_buf_close(&shown);
}

static void print_grid(const struct sweep_report *report, int measure, unsigned quantile,
                       struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    int64_t most = measure < 0 ? 0 : most_of(report, (unsigned)measure, quantile);
    rcs_buf_text(out, "<div class=\"scroll\"><table>\n<tr><th>");
    text(out, options->axes[0].name);
    rcs_buf_text(out, " \\ ");
    text(out, options->axes[1].name);
    rcs_buf_text(out, "</th>");
    for (unsigned i = 0; i < options->axes[1].count; i++) {
        rcs_buf_text(out, "<th>");
        value_text(report, 1, i, out);
        rcs_buf_text(out, "</th>");
    }
    rcs_buf_text(out, "</tr>\n");
    for (unsigned row = 0; row < options->axes[0].count; row++) {
        rcs_buf_text(out, "<tr><td>");
        value_text(report, 0, row, out);
        rcs_buf_text(out, "</td>");
        for (unsigned i = 0; i < options->axes[1].count; i++) {
            print_cell(report, row * options->axes[1].count + i, measure, quantile, most, out);
        }
        rcs_buf_text(out, "</tr>\n");
    }
    rcs_buf_text(out, "</table></div>\n");
}

/* --- the page --------------------------------------------------------------------------------- */

static void print_head(const struct sweep_report *report, struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(report->sweep);
    uint64_t runs = rcs_summary_runs(report->summary), all = rcs_sweep_runs(report->sweep);
    const char *title = report->title[0] != '\0' ? report->title : report->file;
    rcs_buf_text(out,
                 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
                 "name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    text(out, title);
    rcs_buf_format(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    text(out, title);
    rcs_buf_text(out, "</h1>\n<p class=\"soft\">");
    text(out, report->file);
    for (unsigned i = 0; i < options->axis_count; i++) {
        rcs_buf_text(out, "; ");
        text(out, options->axes[i].name);
        rcs_buf_text(out, " from ");
        value_text(report, i, 0, out);
        rcs_buf_text(out, " to ");
        value_text(report, i, options->axes[i].count - 1, out);
        rcs_buf_format(out, " (%u)", options->axes[i].count);
    }
    rcs_buf_format(out, "; seeds %llu to %llu; %s; rcsim " RCS_VERSION "</p>\n",
                   (unsigned long long)options->first_seed,
                   (unsigned long long)(options->first_seed + options->seeds - 1),
                   rcs_sweep_release(report->sweep));
    if (runs < all) {
        rcs_buf_format(out, "<p>Ended early: %llu of %llu runs were played.</p>\n",
                       (unsigned long long)runs, (unsigned long long)all);
    }
    struct rcs_buf verdict;
    rcs_buf_init(&verdict);
    rcs_summary_verdict(report->summary, &verdict);
    rcs_buf_add(&verdict, "", 1);
    rcs_buf_text(out, "<div class=\"verdict\">\n");
    for (char *line = strtok(verdict.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        rcs_buf_text(out, "<p>");
        text(out, line);
        rcs_buf_text(out, "</p>\n");
    }
    rcs_buf_text(out, "</div>\n");
    rcs_buf_close(&verdict);
}

static void print_measure(const struct sweep_report *report, unsigned measure, const char *name,
                          enum rcs_measure_kind kind, struct rcs_buf *out)
{
    static const unsigned shown[] = { 1, 3 };
    bool known = false;
    for (unsigned i = 0; i < rcs_sweep_points(report->sweep); i++) {
        known |= spread_at(report, measure, i) != NULL;
    }
    rcs_buf_text(out, "<h2>");
    text(out, name);
    rcs_buf_text(out, "</h2>\n");
    if (!known) {
        rcs_buf_text(out, "<p class=\"soft\">Never measured.</p>\n");
    } else if (rcs_sweep_options(report->sweep)->axis_count == 1) {
        print_measure_plot(report, measure, name, kind, out);
        print_measure_table(report, measure, kind, out);
    } else {
        for (unsigned q = 0; q < 2; q++) {
            rcs_buf_format(out, "<p class=\"soft\">%s</p>\n", sweep_quantiles[shown[q]]);
            print_grid(report, (int)measure, shown[q], out);
        }
    }
}

void sweep_print_html(const struct sweep_report *report, struct rcs_buf *out)
{
    enum rcs_measure_kind kind;
    const char *name;
    print_head(report, out);
    rcs_buf_text(out, "<h2>Share of successes</h2>\n");
    if (rcs_sweep_options(report->sweep)->axis_count == 1) {
        print_success_plot(report, out);
    } else {
        print_grid(report, -1, 0, out);
    }
    rcs_buf_format(out, "<details%s><summary>Table, and the commonest way to fail</summary>\n",
                   rcs_sweep_options(report->sweep)->axis_count == 1 ? " open" : "");
    print_success_table(report, out);
    rcs_buf_text(out, "</details>\n");
    for (unsigned i = 0; (name = rcs_sweep_measure(report->sweep, i, &kind)) != NULL; i++) {
        print_measure(report, i, name, kind, out);
    }
    rcs_buf_text(out, "</body>\n</html>\n");
}
