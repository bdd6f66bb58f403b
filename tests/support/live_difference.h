/* Where two servers gave different answers in a plan's sequence, and which. */
#ifndef RCSIM_TEST_LIVE_DIFFERENCE_H
#define RCSIM_TEST_LIVE_DIFFERENCE_H

#include "tests/support/live_pair.h"

struct live_difference {
    int step;             /* -1: none; plan->count: a key at the end */
    struct plan_step end; /* the command that read it */
    struct live_answer answers[LIVE_BOTH];
};

void live_difference_init(struct live_difference *difference);
void live_difference_close(struct live_difference *difference);

/* The answers to step `step` are those; copies. */
void live_difference_note(struct live_difference *difference, int step,
                          const struct live_answer answers[LIVE_BOTH]);

/* The command that answered differently. Borrowed from `plan` or `found`. */
const struct plan_step *live_difference_culprit(const struct plan *plan,
                                                const struct live_difference *found);

/* The steps that were not dropped, up to the one that differs, and both answers; to stdout. */
void live_difference_print(const struct live_difference *difference, const struct live_pair *pair,
                           const struct plan *plan, const bool *dropped);

#endif
