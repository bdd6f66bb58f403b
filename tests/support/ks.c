#include "tests/support/ks.h"

#include <math.h>

#include "tests/support/support.h"

static int64_t *sorted(const int64_t *values, unsigned count)
{
    int64_t *copy = malloc(count * sizeof(copy[0]));
    assert_non_null(copy);
    memcpy(copy, values, count * sizeof(copy[0]));
    qsort(copy, count, sizeof(copy[0]), test_by_i64);
    return copy;
}

/* Marks in `ends` after how many of the pooled values a new value begins (all, at the last), and
 * returns the largest distance seen there, times a_count * b_count. */
static int64_t walk(const int64_t *a, unsigned a_count, const int64_t *b, unsigned b_count,
                    bool *ends)
{
    unsigned i = 0, j = 0;
    int64_t most = 0;
    while (i < a_count || j < b_count) {
        int64_t value = j == b_count || (i < a_count && a[i] < b[j]) ? a[i] : b[j];
        while (i < a_count && a[i] == value) {
            i++;
        }
        while (j < b_count && b[j] == value) {
            j++;
        }
        int64_t apart = (int64_t)i * b_count - (int64_t)j * a_count;
        apart = apart < 0 ? -apart : apart;
        most = apart > most ? apart : most;
        ends[i + j] = true;
    }
    return most;
}

/* Deals the pooled values out one by one, the smallest first: `stay[j]` is the chance that after
 * i + j cards i went to `a`, j to `b` and the distance never reached `most` where a value ends.
 * What leaves is added up, rather than what stays taken from 1: small chances keep their digits. */
static double chance_of(int64_t most, unsigned a_count, unsigned b_count, const bool *ends)
{
    double left = 0, *stay = calloc(b_count + 1, sizeof(stay[0]));
    assert_non_null(stay);
    for (unsigned i = 0; i <= a_count; i++) {
        for (unsigned j = 0; j <= b_count; j++) {
            double here = i == 0 && j == 0 ? 1 : 0, rest = (double)(a_count - i + b_count - j) + 1;
            if (i > 0) {
                here += stay[j] * (double)(a_count - i + 1) / rest;
            }
            if (j > 0) {
                here += stay[j - 1] * (double)(b_count - j + 1) / rest;
            }
            int64_t apart = (int64_t)i * b_count - (int64_t)j * a_count;
            if (ends[i + j] && (apart >= most || -apart >= most)) {
                left += here;
                here = 0;
            }
            stay[j] = here;
        }
    }
    free(stay);
    return left > 1 ? 1 : left;
}

struct ks ks_test(const int64_t *a, unsigned a_count, const int64_t *b, unsigned b_count)
{
    assert_true(a_count > 0 && b_count > 0);
    int64_t *as = sorted(a, a_count), *bs = sorted(b, b_count);
    bool *ends = calloc(a_count + b_count + 1, sizeof(ends[0]));
    assert_non_null(ends);
    int64_t most = walk(as, a_count, bs, b_count, ends);
    struct ks result = { (double)most / ((double)a_count * b_count), 1 };
    if (most > 0) { /* at distance 0 every deal is as far apart */
        result.p = chance_of(most, a_count, b_count, ends);
    }
    free(as);
    free(bs);
    free(ends);
    return result;
}

/* --- categories ------------------------------------------------------------------------------- */

static double log_choose(unsigned n, unsigned k)
{
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

struct tables {
    unsigned sums[KS_CATEGORIES], count;
    double log_all, log_seen; /* ways to deal at all; likelihood of the table seen */
    double p;
};

/* All ways to fill categories from `k` on with `left` of the first sample. */
static void fill(struct tables *tables, unsigned k, unsigned left, double log_ways)
{
    if (k == tables->count) {
        /* A table as likely as the one seen counts, whatever rounding does to its last digits. */
        if (left == 0 && log_ways - tables->log_all <= tables->log_seen + 1e-7) {
            tables->p += exp(log_ways - tables->log_all);
        }
        return;
    }
    unsigned first = k + 1 == tables->count ? left : 0;
    for (unsigned n = first; n <= left && n <= tables->sums[k]; n++) {
        fill(tables, k + 1, left - n, log_ways + log_choose(tables->sums[k], n));
    }
}

double categories_p(const unsigned *a, const unsigned *b, unsigned count)
{
    struct tables tables = { .count = count };
    unsigned a_sum = 0, b_sum = 0;
    assert_true(count > 0 && count <= KS_CATEGORIES);
    for (unsigned k = 0; k < count; k++) {
        tables.sums[k] = a[k] + b[k];
        tables.log_seen += log_choose(a[k] + b[k], a[k]);
        a_sum += a[k];
        b_sum += b[k];
    }
    assert_true(a_sum > 0 && b_sum > 0);
    tables.log_all = log_choose(a_sum + b_sum, a_sum);
    tables.log_seen -= tables.log_all;
    fill(&tables, 0, a_sum, 0);
    return tables.p > 1 ? 1 : tables.p;
}

/* --- many questions at once ------------------------------------------------------------------- */

/* In the order of p, equal ones in that of their places. */
static bool comes_before(const double *p, unsigned i, unsigned j)
{
    return p[i] < p[j] || (p[i] == p[j] && i < j);
}

unsigned holm(const double *p, unsigned count, double alpha, double *thresholds, bool *rejected)
{
    unsigned stop = count, total = 0; /* the first, in that order, that is not rejected */
    for (unsigned i = 0; i < count; i++) {
        unsigned before = 0;
        for (unsigned j = 0; j < count; j++) {
            before += comes_before(p, j, i);
        }
        thresholds[i] = alpha / (count - before);
        if (p[i] > thresholds[i] && (stop == count || comes_before(p, i, stop))) {
            stop = i;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        rejected[i] = stop == count || comes_before(p, i, stop);
        total += rejected[i];
    }
    return total;
}
