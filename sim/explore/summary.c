#include <rcsim/explore.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define CONFIDENCE 0.95

/* What runs of one point failed at. */
struct way {
    char source[sizeof(((struct rcs_sweep_record *)0)->source)];
    char what[sizeof(((struct rcs_sweep_record *)0)->what)];
    int line;
    uint64_t times, seed;
};

struct values {
    int64_t *list;
    size_t count, room;
};

struct point {
    struct rcs_point_summary summary;
    struct way *ways;
    unsigned way_count;
    struct values *values; /* one a measure */
    struct rcs_spread *spreads;
    bool drawn; /* the summary is up to date */
};

struct rcs_summary {
    const struct rcs_sweep *sweep;
    struct point *points;
    unsigned point_count, measures;
    uint64_t runs;
};

struct rcs_summary *rcs_summary_new(const struct rcs_sweep *sweep)
{
    struct rcs_summary *summary = calloc(1, sizeof(*summary));
    RCS_ASSERT(summary != NULL);
    summary->sweep = sweep;
    summary->point_count = rcs_sweep_points(sweep);
    summary->measures = rcs_sweep_measures(sweep);
    summary->points = calloc(summary->point_count, sizeof(summary->points[0]));
    RCS_ASSERT(summary->points != NULL);
    for (unsigned i = 0; i < summary->point_count; i++) {
        struct point *point = &summary->points[i];
        point->values = calloc(summary->measures + 1, sizeof(point->values[0]));
        point->spreads = calloc(summary->measures + 1, sizeof(point->spreads[0]));
        RCS_ASSERT(point->values != NULL && point->spreads != NULL);
        point->summary.spreads = point->spreads;
    }
    return summary;
}

void rcs_summary_free(struct rcs_summary *summary)
{
    if (summary == NULL) {
        return;
    }
    for (unsigned i = 0; i < summary->point_count; i++) {
        struct point *point = &summary->points[i];
        for (unsigned m = 0; m < summary->measures; m++) {
            free(point->values[m].list);
        }
        free(point->values);
        free(point->spreads);
        free(point->ways);
    }
    free(summary->points);
    free(summary);
}

/* --- taking records --------------------------------------------------------------------------- */

static void add_value(struct values *values, int64_t value)
{
    if (values->count == values->room) {
        values->room = values->room == 0 ? 16 : values->room * 2;
        values->list = realloc(values->list, values->room * sizeof(values->list[0]));
        RCS_ASSERT(values->list != NULL);
    }
    values->list[values->count++] = value;
}

static void add_failure(struct point *point, const struct rcs_sweep_record *record, uint64_t seed)
{
    struct way *way = NULL;
    for (unsigned i = 0; i < point->way_count && way == NULL; i++) {
        struct way *other = &point->ways[i];
        bool same = other->line == record->line && strcmp(other->source, record->source) == 0 &&
                    strcmp(other->what, record->what) == 0;
        way = same ? other : NULL;
    }
    if (way == NULL) {
        point->ways = realloc(point->ways, (point->way_count + 1) * sizeof(point->ways[0]));
        RCS_ASSERT(point->ways != NULL);
        way = &point->ways[point->way_count++];
        *way = (struct way){ .line = record->line, .seed = seed };
        memcpy(way->source, record->source, sizeof(way->source));
        memcpy(way->what, record->what, sizeof(way->what));
    }
    way->times++;
    way->seed = seed < way->seed ? seed : way->seed;
}

void rcs_summary_add(struct rcs_summary *summary, const struct rcs_sweep_record *record)
{
    const int64_t *measured = rcs_sweep_measured_of(record);
    RCS_ASSERT(record->run < rcs_sweep_runs(summary->sweep));
    struct point *point = &summary->points[rcs_sweep_point_of(summary->sweep, record->run)];
    summary->runs++;
    point->drawn = false;
    point->summary.runs++;
    point->summary.successes += record->failed == 0;
    if (record->failed != 0) {
        add_failure(point, record, rcs_sweep_seed_of(summary->sweep, record->run));
    }
    for (unsigned m = 0; m < summary->measures; m++) {
        if (measured[m] != RCS_UNMEASURED) {
            add_value(&point->values[m], measured[m]);
        }
    }
}

uint64_t rcs_summary_runs(const struct rcs_summary *summary)
{
    return summary->runs;
}

/* --- drawing together ------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y); /* equal values are the same */
}

/* The nearest rank: the smallest value that so many in a hundred do not pass. */
static void draw_spread(struct values *values, struct rcs_spread *out)
{
    static const unsigned hundredths[RCS_QUANTILES] = { 0, 50, 90, 99, 100 };
    out->known = values->count;
    if (values->count == 0) {
        return;
    }
    qsort(values->list, values->count, sizeof(values->list[0]), by_value);
    for (unsigned i = 0; i < RCS_QUANTILES; i++) {
        size_t rank = (values->count * hundredths[i] + 99) / 100;
        out->quantiles[i] = values->list[rank == 0 ? 0 : rank - 1];
    }
}

/* A run fails in one way, so that no two ways have the same smallest seed: the order of arrival
 * does not matter. */
static void draw_commonest(struct point *point)
{
    const struct way *best = NULL;
    for (unsigned i = 0; i < point->way_count; i++) {
        const struct way *way = &point->ways[i];
        if (best == NULL || way->times > best->times ||
            (way->times == best->times && way->seed < best->seed)) {
            best = way;
        }
    }
    point->summary.commonest = (struct rcs_way_to_fail){ .source = NULL };
    if (best != NULL) {
        point->summary.commonest = (struct rcs_way_to_fail){ best->source, best->what, best->line,
                                                             best->times, best->seed };
    }
}

const struct rcs_point_summary *rcs_summary_point(struct rcs_summary *summary, unsigned number)
{
    RCS_ASSERT(number < summary->point_count);
    struct point *point = &summary->points[number];
    if (!point->drawn) {
        rcs_interval(point->summary.successes, point->summary.runs, CONFIDENCE, &point->summary.low,
                     &point->summary.high);
        draw_commonest(point);
        for (unsigned m = 0; m < summary->measures; m++) {
            draw_spread(&point->values[m], &point->spreads[m]);
        }
        point->drawn = true;
    }
    return &point->summary;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* A share in percent, rounded down; more decimals the nearer it is to all. */
static void print_at_least(struct rcs_buf *out, double share)
{
    unsigned places = share >= 0.9999 ? 3 : share >= 0.999 ? 2 : 1;
    double parts = places == 3 ? 1e5 : places == 2 ? 1e4 : 1e3;
    int64_t down = (int64_t)floor(share * parts), whole = down / (int64_t)(parts / 100);
    char part[8];
    int used =
        snprintf(part, sizeof(part), "%0*d", (int)places, (int)(down % (int64_t)(parts / 100)));
    while (used > 1 && part[used - 1] == '0') {
        part[--used] = '\0';
    }
    rcs_buf_format(out, "at least %lld.%s %%", (long long)whole, part);
}

/* The values of the first axis at one of the second. */
struct row {
    struct rcs_summary *summary;
    const struct rcs_axis *axis;
    unsigned second, seconds;
};

static const struct rcs_point_summary *at(const struct row *row, unsigned value)
{
    return rcs_summary_point(row->summary, value * row->seconds + row->second);
}

static bool all_succeed(const struct rcs_point_summary *point)
{
    return point->runs > 0 && point->successes == point->runs;
}

static void print_value(const struct row *row, unsigned value, struct rcs_buf *out)
{
    char text[RCS_AXIS_VALUE_BYTES];
    rcs_axis_value(row->axis, value, text);
    rcs_buf_format(out, "%s=%s", row->axis->name, text);
}

/* "3000 of 3000 runs succeed: at least 99.9 % (95 % confidence)", of the values in [from, to) and,
 * behind them, in [other, end).
 *
 * The limit is that of the runs at one value, not of all together: it is claimed of each of them,
 * and they share their seeds. No correction for their number is due. Values are passed from an end
 * inward up to the first that fails; for one below the limit to be among those claimed, the one of
 * these that is nearest to the end must have succeeded in all its runs, which has a chance of 5 %
 * at most, whatever the others do. `chances` is how often that could happen: once for each end that
 * is claimed, once for each value where the values stand anywhere (Bonferroni). */
static void print_claim(const struct row *row, const unsigned range[4], unsigned chances,
                        struct rcs_buf *out)
{
    uint64_t total = 0, least = UINT64_MAX;
    unsigned values = 0;
    for (unsigned part = 0; part < 4; part += 2) {
        for (unsigned value = range[part]; value < range[part + 1]; value++) {
            uint64_t runs = at(row, value)->runs;
            total += runs;
            least = runs < least ? runs : least;
            values++;
        }
    }
    rcs_buf_format(out, "%llu of %llu runs succeed", (unsigned long long)total,
                   (unsigned long long)total);
    if (values > 1) {
        rcs_buf_format(out, ", %llu at each of %u values: at each ", (unsigned long long)least,
                       values);
    } else {
        rcs_buf_text(out, ": ");
    }
    print_at_least(out, rcs_all_succeeded(least, 1 - (1 - CONFIDENCE) / chances));
    rcs_buf_text(out, " (95 % confidence)");
}

/* What is so beside the values that are claimed. */
static void print_beside(const struct row *row, unsigned value, struct rcs_buf *out)
{
    const struct rcs_point_summary *point = at(row, value);
    rcs_buf_text(out, point->runs == 0 ? "; " : "; with ");
    print_value(row, value, out);
    if (point->runs == 0) {
        rcs_buf_text(out, " was not run");
    } else if (point->successes == 0) {
        rcs_buf_format(out, " none of %llu", (unsigned long long)point->runs);
    } else {
        rcs_buf_format(out, " %llu of %llu", (unsigned long long)point->successes,
                       (unsigned long long)point->runs);
    }
}

/* Of the values in [from, to), that with the smallest share; one that was not run has none. */
static unsigned worst_between(const struct row *row, unsigned from, unsigned to)
{
    unsigned worst = from;
    for (unsigned value = from; value < to; value++) {
        const struct rcs_point_summary *one = at(row, value), *other = at(row, worst);
        if (one->runs == 0 ? other->runs > 0
                           : one->successes * other->runs < other->successes * one->runs) {
            worst = value;
        }
    }
    return worst;
}

static void print_none(const struct row *row, struct rcs_buf *out)
{
    unsigned best = 0;
    bool any = false;
    for (unsigned value = 0; value < row->axis->count; value++) {
        const struct rcs_point_summary *one = at(row, value), *other = at(row, best);
        any |= one->successes > 0;
        if (one->successes * other->runs > other->successes * one->runs) {
            best = value;
        }
    }
    if (!any) {
        rcs_buf_text(out, "no run succeeds, at any value");
        return;
    }
    rcs_buf_text(out, "at no value do all runs succeed; most do with ");
    print_value(row, best, out);
    rcs_buf_format(out, ": %llu of %llu", (unsigned long long)at(row, best)->successes,
                   (unsigned long long)at(row, best)->runs);
}

/* Neither end succeeds: the most values beside each other that do. */
static void print_inner(const struct row *row, struct rcs_buf *out)
{
    const unsigned count = row->axis->count;
    unsigned from = 0, to = 0;
    for (unsigned first = 0, value = 0; value < count; value++) {
        first = all_succeed(at(row, value)) ? first : value + 1;
        if (value + 1 - first > to - from) {
            from = first;
            to = value + 1;
        }
    }
    if (from == to) {
        print_none(row, out);
        return;
    }
    rcs_buf_text(out, "no value from which on, or up to which, all runs succeed; but ");
    rcs_buf_text(out, to - from > 1 ? "from " : "with ");
    print_value(row, from, out);
    if (to - from > 1) {
        rcs_buf_text(out, " to ");
        print_value(row, to - 1, out);
    }
    rcs_buf_text(out, ", ");
    print_claim(row, (const unsigned[]){ from, to, to, to }, count, out);
    print_beside(row, from - 1, out);
    print_beside(row, to, out);
}

static void print_row(const struct row *row, struct rcs_buf *out)
{
    const unsigned count = row->axis->count;
    unsigned from = count, up_to = 0;
    while (from > 0 && all_succeed(at(row, from - 1))) {
        from--;
    }
    while (up_to < count && all_succeed(at(row, up_to))) {
        up_to++;
    }
    const unsigned claimed[] = { 0, up_to == count ? 0 : up_to, from, count };
    if (from == 0) {
        rcs_buf_text(out, count > 1 ? "at every value, from " : "with ");
        print_value(row, 0, out);
        if (count > 1) {
            rcs_buf_text(out, " to ");
            print_value(row, count - 1, out);
        }
        rcs_buf_text(out, ", ");
        print_claim(row, claimed, 1, out);
    } else if (from == count && up_to == 0) {
        print_inner(row, out);
    } else {
        if (up_to > 0) {
            rcs_buf_text(out, "up to ");
            print_value(row, up_to - 1, out);
            rcs_buf_text(out, from < count ? ", and again " : ", ");
        }
        if (from < count) {
            rcs_buf_text(out, "from ");
            print_value(row, from, out);
            rcs_buf_text(out, " on, ");
        }
        bool both = up_to > 0 && from < count;
        print_claim(row, claimed, both ? 2 : 1, out);
        print_beside(row,
                     both        ? worst_between(row, up_to, from)
                     : up_to > 0 ? up_to
                                 : from - 1,
                     out);
    }
}

void rcs_summary_verdict(struct rcs_summary *summary, struct rcs_buf *out)
{
    const struct rcs_sweep_options *options = rcs_sweep_options(summary->sweep);
    struct row row = { .summary = summary, .axis = &options->axes[0], .seconds = 1 };
    if (options->axis_count == 1) {
        print_row(&row, out);
        rcs_buf_text(out, "\n");
        return;
    }
    row.seconds = options->axes[1].count;
    for (row.second = 0; row.second < row.seconds; row.second++) {
        char value[RCS_AXIS_VALUE_BYTES];
        rcs_axis_value(&options->axes[1], row.second, value);
        rcs_buf_format(out, "%s=%s: ", options->axes[1].name, value);
        print_row(&row, out);
        rcs_buf_text(out, "\n");
    }
}
