/* A lab's recording against runs of its scenario: what test_seed2, 3 and 4 share. */
#ifndef RCSIM_TEST_LAB_H
#define RCSIM_TEST_LAB_H

#include <rcsim/resp.h>

#include "tests/support/recording.h"

struct lab {
    const char *name;            /* of the recording and of the scenario */
    const char *const *left_out; /* differences that do not count, see within.h */
    uint64_t first_seed;         /* 0: 1 */
    unsigned runs;               /* at most 64 */
    /* What the recordings lack or call otherwise, before anything is compared; NULL nothing. */
    void (*prepare)(struct recording *played);
};

/* Held against so many runs; returns how many differences `report` lists. */
unsigned lab_differences(const struct lab *lab, const struct recording *recorded,
                         const char *overrides, unsigned runs, struct rcs_buf *report);

/* The recording lies within the runs; says what does not. */
void lab_holds(const struct lab *lab);
/* It does not any more, and `what` stands in the report. `change` (NULL none) does something to the
 * recording, `overrides` (NULL none) to the runs. */
void lab_notices(const struct lab *lab, void (*change)(struct recording *recorded),
                 const char *overrides, const char *what);

/* Changes of a recording for lab_notices: the first such text of a reply; a flag of the last view;
 * a line of a node's log, its text, place, time or itself. */
void lab_edit_reply(struct recording *recorded, const char *command, const char *from,
                    const char *to);
struct recorded_line *lab_line(struct recording *recorded, const char *node, const char *text);
void lab_drop_line(struct recording *recorded, const char *node, const char *text);
/* The line and the one before it change places. */
void lab_swap_line(struct recording *recorded, const char *node, const char *text);

/* The failover after the kill, its times as measured on real servers (tests/vectors/timing): of the
 * recording and of 20 runs. `timeout`: those that depend on the node timeout, too (5000). */
void lab_failover_times(const struct lab *lab, bool timeout);

#endif
