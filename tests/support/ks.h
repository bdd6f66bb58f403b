/* Whether two samples could come from one distribution: Kolmogorov and Smirnov for numbers,
 * Fisher's exact test for categories, Holm's correction over many such questions.
 *
 * Both tests are exact: the p-value is the share, among all ways to deal the pooled values out to
 * two samples of these sizes, of those that lie at least as far apart. Nothing asymptotic, so small
 * samples and ties (times cut to milliseconds) need no correction. What they do assume is that the
 * values are independent: one value a run. */
#ifndef RCSIM_TEST_KS_H
#define RCSIM_TEST_KS_H

#include <stdbool.h>
#include <stdint.h>

struct ks {
    double distance; /* the largest between the two distribution functions, 0..1 */
    double p;        /* that chance alone sets them so far apart or farther */
};

/* Two-sided, two samples. Neither is empty; they need not be sorted and are not changed. Distances
 * count at values only, never within a tie. Time and memory: a_count * b_count, b_count. */
struct ks ks_test(const int64_t *a, unsigned a_count, const int64_t *b, unsigned b_count);

#define KS_CATEGORIES 12

/* Fisher's exact test in the form of Freeman and Halton: `a` and `b` hold how often each of `count`
 * (at most KS_CATEGORIES) categories came. p is the share of all tables with these sums that are
 * not likelier than this one. Enumerates what `a` could have been: give the smaller sample as `a`.
 */
double categories_p(const unsigned *a, const unsigned *b, unsigned count);

/* Holm's step-down: sets rejected[i] so that the chance of even one false rejection among all
 * `count` hypotheses is at most `alpha`, and thresholds[i] to what p[i] was held against (alpha
 * divided by how many p-values are not smaller; of equal ones the first counts as smaller). Once
 * one is not rejected, none with a larger p is. Returns how many were. */
unsigned holm(const double *p, unsigned count, double alpha, double *thresholds, bool *rejected);

#endif
