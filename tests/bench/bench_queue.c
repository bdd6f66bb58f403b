/* The simulator's queue beside a plain binary heap of 24-byte entries, the yardstick of the other
 * benchmarks: one push and one pop, with 100 pending. */
#include <stdlib.h>

#include "sim/rand.h"
#include "sim/world/queue.h"

#include "measure.h"

enum { PENDING = 100, PAIRS = 1000000, ROUNDS = 7 };

static double queue_ns(void)
{
    struct rcs_queue queue;
    struct rcs_rand rand;
    struct rcs_pending pending = { .kind = 1 };
    rcs_queue_init(&queue);
    rcs_rand_init(&rand, 1, RCS_RAND_PLAN, 0);
    for (int i = 0; i < PENDING; i++)
        rcs_queue_push(&queue, rcs_rand_below(&rand, 100000), pending);
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = cpu_ns();
        for (int i = 0; i < PAIRS; i++) {
            rcs_us at_us = rcs_queue_pop(&queue, &pending);
            rcs_queue_push(&queue, at_us + rcs_rand_below(&rand, 100000), pending);
        }
        double ns = (double)(cpu_ns() - start) / PAIRS;
        if (round == 0 || ns < best)
            best = ns;
    }
    rcs_queue_close(&queue);
    return best;
}

int main(void)
{
    double yardstick = yardstick_ns(PAIRS), ours = queue_ns();
    figure("plain binary heap, 100 pending, push+pop", yardstick, "ns", 1, NULL, true);
    figure("the simulator's queue, 100 pending, push+pop", ours, "ns", ours / yardstick, NULL,
           true);
    return 0;
}
