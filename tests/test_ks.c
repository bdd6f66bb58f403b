/* The statistics that other tests stand on, against numbers known from elsewhere. */
#include "tests/support/ks.h"

#include <math.h>

#include "tests/support/support.h"

/* To six digits: what is compared with an alpha needs no more. */
static void assert_close(double found, double want)
{
    if (!(fabs(found - want) <= 1e-6 * fabs(want) + 1e-300)) {
        fail_msg("%.12g instead of %.12g", found, want);
    }
}

/* --- Kolmogorov and Smirnov ------------------------------------------------------------------- */

/* Few enough to count every deal by hand (or by brute force: all C(n + m, n) subsets). */
static const struct small {
    const char *name;
    int64_t a[8], b[8];
    unsigned a_count, b_count;
    double distance, p;
} smalls[] = {
    /* clang-format off */
    { "ks: apart", { 1, 2, 3 }, { 4, 5, 6 }, 3, 3, 1, 2.0 / 20 },
    { "ks: in turn", { 1, 3, 5, 7 }, { 2, 4, 6, 8 }, 4, 4, 0.25, 1 },
    { "ks: order does not matter", { 3, 1, 2 }, { 6, 4, 5 }, 3, 3, 1, 2.0 / 20 },
    { "ks: ties inside and across", { 1, 1, 2, 2 }, { 2, 2, 3, 3, 3 }, 4, 5, 0.6, 21.0 / 126 },
    { "ks: two values only", { 0, 0, 0, 1 }, { 0, 1, 1, 1, 1, 1 }, 4, 6, 7.0 / 12, 40.0 / 210 },
    { "ks: one value only", { 5, 5, 5 }, { 5, 5 }, 3, 2, 0, 1 },
    { "ks: unequal sizes with ties", { 1, 2, 2, 3, 9 }, { 2, 3, 3, 4, 4, 5, 5 }, 5, 7, 16.0 / 35, 220.0 / 792 },
    { "ks: one against one", { 1 }, { 2 }, 1, 1, 1, 1 },
    /* clang-format on */
};

static void small_row(void **state)
{
    const struct small *row = *state;
    struct ks there = ks_test(row->a, row->a_count, row->b, row->b_count);
    struct ks back = ks_test(row->b, row->b_count, row->a, row->a_count);
    assert_close(there.distance, row->distance);
    assert_close(there.p, row->p);
    assert_close(back.distance, row->distance);
    assert_close(back.p, row->p);
}

/* Two samples of n without ties, the second moved up by k places: D = k / n. Gnedenko and Korolyuk:
 * P(D >= k / n) = 2 * sum over j of (-1)^(j-1) * C(2n, n - jk) / C(2n, n). */
static void equal_sizes_without_ties_have_a_closed_form(void **state)
{
    static const struct {
        unsigned n, k;
        double p;
    } rows[] = {
        { 10, 7, 0.0123406005759 },  { 10, 5, 0.167821342744 },      { 50, 50, 1.98233060428e-29 },
        { 30, 11, 0.0345800849633 }, { 200, 40, 0.000648608042418 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t a[200], b[200];
        for (unsigned j = 0; j < rows[i].n; j++) {
            a[j] = 2 * (int64_t)j;
            b[j] = 2 * (int64_t)(j + rows[i].k) - 1;
        }
        struct ks found = ks_test(a, rows[i].n, b, rows[i].n);
        assert_close(found.distance, (double)rows[i].k / rows[i].n);
        assert_close(found.p, rows[i].p);
    }
}

/* Kolmogorov's limit, 2 * sum of (-1)^(j-1) exp(-2 j^2 x^2) at x = D sqrt(nm / (n + m)), is near
 * for sizes as they are used here. */
static void large_samples_come_near_the_limit(void **state)
{
    int64_t a[66], b[500];
    (void)state;
    for (int i = 0; i < 66; i++) {
        a[i] = 1000LL * i + 7500;
    }
    for (int i = 0; i < 500; i++) {
        b[i] = 132LL * i + 1;
    }
    struct ks found = ks_test(a, 66, b, 500);
    double x = found.distance * sqrt(66.0 * 500 / 566), limit = 0;
    for (int j = 1; j < 20; j++) {
        limit += (j % 2 == 1 ? 2 : -2) * exp(-2.0 * j * j * x * x);
    }
    assert_true(found.p > 0.1 && found.p < 0.9);
    assert_true(fabs(found.p - limit) < 0.05);
}

/* The test keeps its promise: of samples that do come from one distribution, cut coarsely as times
 * are, at most the promised share is called different; shifted ones nearly always are. */
static void it_errs_as_seldom_as_promised(void **state)
{
    uint64_t x = 88172645463325252u;
    unsigned same = 0, shifted = 0;
    (void)state;
    for (int round = 0; round < 400; round++) {
        int64_t a[20], b[60], c[60];
        for (int i = 0; i < 20 + 60; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            int64_t value = (int64_t)((x >> 20) % 500) / 25;
            *(i < 20 ? &a[i] : &b[i - 20]) = value;
        }
        for (int i = 0; i < 60; i++) {
            c[i] = b[i] + 10;
        }
        same += ks_test(a, 20, b, 60).p <= 0.05;
        shifted += ks_test(a, 20, c, 60).p <= 0.05;
    }
    assert_in_range(same, 1, 31); /* 20 expected at most; 31 and more: once in 100 */
    assert_in_range(shifted, 390, 400);
}

/* --- categories ------------------------------------------------------------------------------- */

static const struct table {
    const char *name;
    unsigned a[4], b[4], count;
    double p;
} tables[] = {
    /* clang-format off */
    { "fisher: tea, milk first or not", { 3, 1 }, { 1, 3 }, 2, 0.485714285714 },
    { "fisher: all told right", { 4, 0 }, { 0, 4 }, 2, 0.0285714285714 },
    { "fisher: dieting", { 1, 9 }, { 11, 3 }, 2, 0.00275945618522 },
    { "fisher: few against many", { 6, 5 }, { 300, 200 }, 2, 0.761649999447 },
    { "fisher: never against seldom", { 0, 11 }, { 40, 460 }, 2, 1 },
    { "fisher: often against seldom", { 8, 3 }, { 40, 460 }, 2, 4.57824975978e-07 },
    { "fisher: three kinds", { 3, 1, 2 }, { 1, 5, 4 }, 3, 0.301948051948 },
    { "fisher: three kinds, few against many", { 5, 0, 6 }, { 100, 40, 360 }, 3, 0.1311523819 },
    { "fisher: one kind", { 11 }, { 500 }, 1, 1 },
    { "fisher: a kind that never came", { 3, 0, 1 }, { 1, 0, 3 }, 3, 0.485714285714 },
    /* clang-format on */
};

static void table_row(void **state)
{
    const struct table *row = *state;
    assert_close(categories_p(row->a, row->b, row->count), row->p);
    assert_close(categories_p(row->b, row->a, row->count), row->p);
}

/* --- Holm ------------------------------------------------------------------------------------- */

static void holm_steps_down_and_stops(void **state)
{
    static const double p[] = { 0.01, 0.04, 0.03, 0.005 };
    double thresholds[4];
    bool rejected[4];
    (void)state;
    assert_int_equal(holm(p, 4, 0.05, thresholds, rejected), 2);
    assert_true(rejected[0] && !rejected[1] && !rejected[2] && rejected[3]);
    assert_close(thresholds[3], 0.05 / 4);
    assert_close(thresholds[0], 0.05 / 3);
    assert_close(thresholds[2], 0.05 / 2);
    assert_close(thresholds[1], 0.05); /* below it, but a smaller one was kept */
}

static void holm_with_equal_values(void **state)
{
    static const double p[] = { 0.004, 0.004, 0.9 };
    double thresholds[3];
    bool rejected[3];
    (void)state;
    assert_int_equal(holm(p, 3, 0.01, thresholds, rejected), 0); /* 0.01 / 3 is smaller */
    assert_int_equal(holm(p, 3, 0.012, thresholds, rejected), 2);
    assert_int_equal(holm(p, 1, 0.01, thresholds, rejected), 1);
    assert_int_equal(holm(p, 0, 0.01, thresholds, rejected), 0);
}

#define SMALLS (sizeof(smalls) / sizeof(smalls[0]))
#define TABLES (sizeof(tables) / sizeof(tables[0]))

int main(void)
{
    struct CMUnitTest tests[SMALLS + TABLES + 5] = {
        cmocka_unit_test(equal_sizes_without_ties_have_a_closed_form),
        cmocka_unit_test(large_samples_come_near_the_limit),
        cmocka_unit_test(it_errs_as_seldom_as_promised),
        cmocka_unit_test(holm_steps_down_and_stops),
        cmocka_unit_test(holm_with_equal_values),
    };
    size_t count = 5;
    for (size_t i = 0; i < SMALLS; i++) {
        tests[count++] = (struct CMUnitTest){ smalls[i].name, small_row, NULL, NULL,
                                              (void *)(uintptr_t)&smalls[i] };
    }
    for (size_t i = 0; i < TABLES; i++) {
        tests[count++] = (struct CMUnitTest){ tables[i].name, table_row, NULL, NULL,
                                              (void *)(uintptr_t)&tables[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
