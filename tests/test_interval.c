/* Confidence limits, held against tables. */
#include "tests/support/support.h"

#include <math.h>

#include <rcsim/explore.h>

/* Made by bisection of mpmath 1.3.0's regularised incomplete beta function, with 40 digits; the
 * last row by the normal approximation, which is good to 7 digits there. */
static const struct row {
    const char *name;
    uint64_t hits, count;
    double confidence, low, high;
} rows[] = {
    { "none of 10", 0, 10, 0.95, 0.0, 0.3084971078187608 },
    { "all of 10", 10, 10, 0.95, 0.6915028921812392, 1.0 },
    { "5 of 10", 5, 10, 0.95, 0.1870860284473985, 0.8129139715526015 },
    { "1 of 10", 1, 10, 0.95, 0.002528578544461785, 0.4450161170281954 },
    { "1 of 1", 1, 1, 0.95, 0.025, 1.0 },
    { "9 of 10, 99 %", 9, 10, 0.99, 0.4557129431003131, 0.9994988714245354 },
    { "95 of 100", 95, 100, 0.95, 0.8871650888945372, 0.9835681208179478 },
    { "999 of 1000", 999, 1000, 0.95, 0.9944410757201733, 0.9999746825125087 },
    { "2990 of 3000", 2990, 3000, 0.95, 0.9938784522215535, 0.9984004154495087 },
    { "of none nothing is known", 0, 0, 0.95, 0.0, 1.0 },
    { "half of a million: the fraction converges", 500000, 1000000, 0.95, 0.49901952, 0.50098048 },
};

static void limits(void **state)
{
    const struct row *row = *state;
    double low, high, tolerance = row->count < 1000000 ? 1e-12 : 1e-6;
    rcs_interval(row->hits, row->count, row->confidence, &low, &high);
    if (fabs(low - row->low) > tolerance || fabs(high - row->high) > tolerance) {
        fail_msg("%.17g..%.17g, not %.17g..%.17g", low, high, row->low, row->high);
    }
}

/* What the limit means: at it, so many hits or more have a chance of exactly 2.5 %. */
static void the_limit_is_where_the_tail_is(void **state)
{
    (void)state;
    for (uint64_t count = 1; count <= 60; count += 7) {
        for (uint64_t hits = 1; hits <= count; hits++) {
            double low, high, tail = 0;
            rcs_interval(hits, count, 0.95, &low, &high);
            for (uint64_t k = hits; k <= count; k++) {
                tail += exp(lgamma((double)count + 1) - lgamma((double)k + 1) -
                            lgamma((double)(count - k) + 1) + (double)k * log(low) +
                            (double)(count - k) * log1p(-low));
            }
            if (fabs(tail - 0.025) > 1e-9) {
                fail_msg("%d of %d: %.12f", (int)hits, (int)count, tail);
            }
            assert_true(low < (double)hits / (double)count);
            assert_true(high > (double)hits / (double)count || hits == count);
        }
    }
}

static void all_succeeded(void **state)
{
    (void)state;
    assert_true(rcs_all_succeeded(3000, 0.95) > 0.999);
    assert_true(rcs_all_succeeded(2993, 0.95) < 0.999); /* ln 0.05 / ln 0.999 = 2994.2 */
    assert_true(rcs_all_succeeded(2995, 0.95) > 0.999);
    assert_true(fabs(rcs_all_succeeded(1, 0.95) - 0.05) < 1e-12);
    assert_true(rcs_all_succeeded(0, 0.95) == 0);
}

static void refused(void **state)
{
    (void)state;
    double low, high;
    expect_assert_failure(rcs_interval(2, 1, 0.95, &low, &high));
}

int main(void)
{
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = 3 };
    struct CMUnitTest tests[ROWS + OTHERS] = {
        cmocka_unit_test(the_limit_is_where_the_tail_is),
        cmocka_unit_test(all_succeeded),
        cmocka_unit_test(refused),
    };
    for (unsigned i = 0; i < ROWS; i++) {
        tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
                                                 .test_func = limits,
                                                 .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
