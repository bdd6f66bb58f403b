/* How much of this machine others used while something was measured: figures of a machine that was
 * busy say nothing. */
#ifndef RCSIM_TESTS_SUPPORT_BUSY_H
#define RCSIM_TESTS_SUPPORT_BUSY_H

#include <stdint.h>
#include <sys/types.h>

struct busy {
    int64_t all, used, own; /* ticks of all processors: that passed, were used, and by us */
};

void busy_begin(struct busy *busy);
/* Percent of all processors that were used by processes which are neither this one nor its children
 * that ended, nor one of `pids`, nor their children that ended; since busy_begin. */
int busy_others(const struct busy *busy, const pid_t *pids, unsigned count);

#endif
