/* Confidence limits of a share, from the binomial distribution itself: the limits of Clopper and
 * Pearson are quantiles of beta distributions. */
#include <rcsim/explore.h>

#include <math.h>

#include "sim/pure.h"

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's
 * method. Converges in O(sqrt(max(a, b))) terms where x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int i = 1; i <= 100000; i++) {
        double m = i, step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        for (int half = 0; half < 2; half++) {
            d = 1 + step * d;
            c = 1 + step / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            value *= d * c;
            if (half == 0) {
                step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            }
        }
        if (fabs(d * c - 1) < 1e-15) {
            return value;
        }
    }
    return value;
}

/* The regularised incomplete beta function I_x(a, b). */
static double beta_share(double x, double a, double b)
{
    if (x <= 0 || x >= 1) {
        return x <= 0 ? 0 : 1;
    }
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
                                     : 1 - front * beta_fraction(1 - x, b, a) / b;
}

/* Where the distribution reaches `share`: halved until the two ends are neighbours. */
static double beta_quantile(double share, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (beta_share(middle, a, b) < share) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

void rcs_interval(uint64_t hits, uint64_t count, double confidence, double *low, double *high)
{
    RCS_ASSERT(hits <= count && confidence > 0 && confidence < 1);
    double tail = (1 - confidence) / 2, k = (double)hits, n = (double)count;
    *low = hits == 0 ? 0 : beta_quantile(tail, k, n - k + 1);
    *high = hits == count ? 1 : beta_quantile(1 - tail, k + 1, n - k);
}

double rcs_all_succeeded(uint64_t count, double confidence)
{
    return count == 0 ? 0 : pow(1 - confidence, 1 / (double)count);
}
