#include "tests/support/exact_test.h"

#include <math.h>

static double log_choose(unsigned n, unsigned k)
{
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

double exact_test(unsigned hits, unsigned count, unsigned other_hits, unsigned other_count)
{
    unsigned all = count + other_count, hit = hits + other_hits;
    unsigned least = hit > other_count ? hit - other_count : 0, most = hit < count ? hit : count;
    double total = log_choose(all, hit), sum = 0;
    double seen = log_choose(count, hits) + log_choose(other_count, other_hits) - total;
    for (unsigned k = least; k <= most; k++) {
        double one = log_choose(count, k) + log_choose(other_count, hit - k) - total;
        if (one <= seen + 1e-9) { /* equal ones differ by what is rounded */
            sum += exp(one);
        }
    }
    return sum < 1 ? sum : 1;
}
