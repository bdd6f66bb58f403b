#include "sim/explore/plan.h"
#include "sim/rand.h"

#include "sim/pure.h"

/* J. von Neumann, Various techniques used in connection with random digits (1951): the first number
 * of a falling run of odd length is exponential within its unit; each run of even length adds a
 * unit. */
int64_t rcs_draw_exponential(struct rcs_rand *chance, int64_t mean_ms)
{
    RCS_ASSERT(mean_ms > 0 && mean_ms <= INT32_MAX);
    for (int64_t units = 0;; units++) {
        uint64_t first = rcs_rand_u64(chance), last = first;
        bool odd = true;
        for (uint64_t next = rcs_rand_u64(chance); next < last; next = rcs_rand_u64(chance)) {
            last = next;
            odd = !odd;
        }
        if (odd || units == 64) { /* e^-64: never, but a loop has an end */
            return units * mean_ms + (int64_t)((uint64_t)mean_ms * (first >> 32) >> 32);
        }
    }
}

int64_t rcs_draw_octave(struct rcs_rand *chance, int64_t low, int64_t high)
{
    RCS_ASSERT(0 < low && low <= high);
    unsigned octaves = 1;
    while (low <= high >> octaves) {
        octaves++;
    }
    int64_t from = low << rcs_rand_below(chance, octaves);
    int64_t to = from * 2 - 1 < high ? from * 2 - 1 : high;
    return rcs_rand_between(chance, from, to);
}
