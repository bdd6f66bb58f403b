/* What agree.c and those that compare logs share. */
#ifndef RCSIM_TEST_AGREE_PARTS_H
#define RCSIM_TEST_AGREE_PARTS_H

#include "tests/support/agree.h"

struct agreement {
    const struct recording *recorded, *ours;
    int64_t recorded_at_kill, ours_at_kill; /* epochs */
    char *ranges; /* timing/ranges_nt*.txt for the node timeout at hand, while logs are compared */
    struct rcs_buf *report;
    unsigned differences;
};

/* Counts a difference and adds its line. */
void differ(struct agreement *agreement, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The number of the step with this title, -1. */
int agree_step(const struct recording *recording, const char *title);

/* Who of b1..b3 had the highest epoch before it became a replica: it keeps it when it takes over
 * (Redis 7.0 clusterBumpConfigEpochWithoutConsensus), and says nothing. -1 none. */
int agree_keeper(const struct recording *recording);

void agree_logs(struct agreement *agreement);

#endif
