/* Ours against a yardstick, round by round in the same run: medians, so that a disturbed round
 * counts for nothing. */
#ifndef RCSIM_TESTS_BENCH_RATIO_H
#define RCSIM_TESTS_BENCH_RATIO_H

#include <stdlib.h>

#define RATIO_ROUNDS 11

static inline int ratio_by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `values`. */
static inline double ratio_median(double values[RATIO_ROUNDS])
{
    qsort(values, RATIO_ROUNDS, sizeof(values[0]), ratio_by_value);
    return values[RATIO_ROUNDS / 2];
}

#endif
