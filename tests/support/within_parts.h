/* What within.c and within_logs.c share. */
#ifndef RCSIM_TEST_WITHIN_PARTS_H
#define RCSIM_TEST_WITHIN_PARTS_H

#include "tests/support/within.h"

/* A log line may come so much earlier or later than in any played run, and by a tenth of the runs'
 * spread. */
#define WITHIN_SLACK_MS 120

/* A question and its answer; both on the heap. */
struct fact {
    char *key, *value;
};

struct facts {
    struct fact *list;
    unsigned count, room;
};

struct within_report {
    struct rcs_buf *text;
    const char *const *left_out;
    unsigned differences;
};

/* A difference, unless the facts it names are left out. */
void within_differ(struct within_report *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void within_add(struct facts *facts, const char *key, const char *value); /* copies */

/* How often each line stands in a node's log. */
void within_add_log(struct facts *facts, const struct recording *run, int node);
/* Order and times of lines. */
void within_judge_logs(const struct recording *recorded, struct recording *const *played,
                       unsigned count, struct within_report *out);

#endif
