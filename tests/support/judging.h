/* A program of experiments that were made with real servers (tests/vectors/network): each is played
 * with many seeds, and all that was measured is judged together. A test for each, and one for the
 * verdict. The short form, which is the default, plays some; `long` as argument or RCS_LONG in the
 * environment plays all with more seeds; RCS_ONLY those whose name holds its text. */
#ifndef RCSIM_TEST_JUDGING_H
#define RCSIM_TEST_JUDGING_H

#include "tests/support/figures.h"

struct judged {
    const char *name; /* tests/vectors/network/NAME.txt */
    bool brief;       /* in the short form as well */
    const void *experiment;
};

struct judging {
    const char *name;
    unsigned seeds, seeds_long;
    /* Plays it once and adds what was measured. */
    void (*run)(const void *experiment, struct figures *recorded, struct figures *ours,
                uint64_t seed);
    /* NULL: nothing. After all seeds of one experiment; before the verdict. */
    void (*played)(const char *name, struct figures *recorded, struct figures *ours);
    void (*last)(struct verdicts *verdicts);
};

/* For main() to return. Both are borrowed for the call. */
int judge(const struct judging *judging, const struct judged *list, unsigned count, int argc,
          char **argv);

#endif
