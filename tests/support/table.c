#include "tests/support/table.h"

#include <math.h>

#include "tests/support/ks.h"
#include "tests/support/support.h"

static int64_t median(struct sample *sample)
{
    qsort(sample->values, sample->count, sizeof(sample->values[0]), test_by_i64);
    return sample->values[sample->count / 2];
}

static void compare_categories(struct table_row *row, const struct sample *a,
                               const struct sample *b)
{
    unsigned counts[2][KS_CATEGORIES] = { { 0 } };
    for (unsigned i = 0; i < a->count; i++) {
        assert_in_range(a->values[i], 0, KS_CATEGORIES - 1);
        counts[0][a->values[i]]++;
    }
    for (unsigned i = 0; i < b->count; i++) {
        assert_in_range(b->values[i], 0, KS_CATEGORIES - 1);
        counts[1][b->values[i]]++;
    }
    row->p = categories_p(counts[0], counts[1], KS_CATEGORIES);
    for (int k = 0; k < KS_CATEGORIES; k++) {
        double apart = fabs((double)counts[0][k] / a->count - (double)counts[1][k] / b->count);
        row->distance = apart > row->distance ? apart : row->distance;
    }
}

/* Both blurred by up to the resolution, each value by its own draw. */
static struct ks compare_times(const struct sample *a, const struct sample *b, int resolution_ms)
{
    uint64_t random = 1;
    int64_t *blurred = malloc((a->count + b->count) * sizeof(blurred[0]));
    assert_non_null(blurred);
    for (unsigned i = 0; i < a->count + b->count; i++) {
        int64_t value_ms = i < a->count ? a->values[i] : b->values[i - a->count];
        random = random * 6364136223846793005u + 1442695040888963407u;
        blurred[i] = value_ms * 1000 + (int64_t)((random >> 33) % ((uint64_t)resolution_ms * 1000));
    }
    struct ks ks = ks_test(blurred, a->count, blurred + a->count, b->count);
    free(blurred);
    return ks;
}

void table_add(struct table *table, const char *set, enum measure measure, int resolution_ms,
               struct sample *recorded, struct sample *simulated, const char *exception)
{
    struct table_row row = { .set = set, .measure = measure, .exception = exception };
    if (recorded->count < LEAST_RUNS) {
        return;
    }
    assert_true(simulated->count >= LEAST_RUNS); /* it happened there, and never here */
    row.recorded = recorded->count;
    row.simulated = simulated->count;
    if (measure_rows[measure].kind == MEASURE_CATEGORY) {
        compare_categories(&row, recorded, simulated);
    } else {
        struct ks ks =
            measure_rows[measure].kind == MEASURE_COUNTED
                ? ks_test(recorded->values, recorded->count, simulated->values, simulated->count)
                : compare_times(recorded, simulated, resolution_ms);
        row.distance = ks.distance;
        row.p = ks.p;
    }
    row.medians[0] = median(recorded);
    row.medians[1] = median(simulated);
    assert_true(table->count < TABLE_ROOM);
    table->rows[table->count++] = row;
}

static void print_row(const struct table_row *row, double threshold, bool rejected)
{
    print_message("%-33s %-52s %4u %4u %6lld %6lld  %.3f  %8.2g  %8.2g  %s%s\n", row->set,
                  measure_rows[row->measure].text, row->recorded, row->simulated,
                  (long long)row->medians[0], (long long)row->medians[1], row->distance, row->p,
                  threshold,
                  row->exception != NULL ? "excepted: "
                  : rejected             ? "DIFFERS"
                                         : "agrees",
                  row->exception != NULL ? row->exception : "");
}

unsigned table_print(const struct table *table, bool all)
{
    double p[TABLE_ROOM], thresholds[TABLE_ROOM];
    bool rejected[TABLE_ROOM];
    unsigned bad = 0;
    for (unsigned i = 0; i < table->count; i++) {
        p[i] = table->rows[i].p;
    }
    holm(p, table->count, TABLE_ALPHA, thresholds, rejected);
    print_message("%-33s %-52s %4s %4s %6s %6s  %-5s  %8s  %8s\n", "set", "measure", "n", "here",
                  "median", "here", "D", "p", "Holm");
    for (unsigned i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        bad += rejected[i] && row->exception == NULL;
        if (all || rejected[i] || row->exception != NULL) {
            print_row(row, thresholds[i], rejected[i]);
        }
    }
    print_message("%u rows, %u differ\n", table->count, bad);
    return bad;
}
