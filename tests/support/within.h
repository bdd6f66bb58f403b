/* Whether a recorded run lies within what played runs of the same steps show: nothing in it that no
 * played run has, nothing missing that all of them have.
 *
 * Facts are lines of text. Replies: each command's lines, but for message counters and
 * redirections. Views: what each node says, at the end of each step, of each of the twelve (flags,
 * master, slots, link, or that it does not know it) and of itself (state, counts, role, link to the
 * master); of epochs only that no two owners of slots share one. Logs: how often each line stands
 * in a node's log, once, twice or more, with its numbers left out; the order of lines and their
 * times are not compared. What several played runs answer differently may be any of their answers:
 * that is chance. */
#ifndef RCSIM_TEST_WITHIN_H
#define RCSIM_TEST_WITHIN_H

#include <rcsim/resp.h>

#include "tests/support/recording.h"

/* Appends a line for each difference; returns how many. */
unsigned within(const struct recording *recorded, struct recording *const *played, unsigned count,
                struct rcs_buf *report);

#endif
