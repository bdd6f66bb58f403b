/* A plan's sequence on two servers: asked step by step until answers differ, all keys compared at
 * its end, and cut down to the steps it takes. */
#ifndef RCSIM_TEST_LIVE_SEQUENCE_H
#define RCSIM_TEST_LIVE_SEQUENCE_H

#include "tests/support/live_difference.h"
#include "tests/support/live_judge.h"

struct live_sequence {
    struct live_judge *judge;
    const char *planted; /* said to the tested server before each sequence; NULL: nothing */
    /* Hears each step with the real server's answer. NULL: nobody. */
    void (*answered)(const struct plan_step *step, const struct live_answer *real);
};

/* Runs what is not dropped, on empty servers. True: a difference was found, and noted. */
bool live_sequence_run(const struct live_sequence *sequence, const struct plan *plan,
                       const bool *dropped, struct live_difference *difference);

/* Drops steps, many at first, as long as the same command still differs as in `difference`, which
 * becomes that of the last run that did. */
void live_sequence_shrink(const struct live_sequence *sequence, const struct plan *plan,
                          bool *dropped, struct live_difference *difference);

#endif
