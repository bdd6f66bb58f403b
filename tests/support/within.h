/* Whether a recorded run lies within what played runs of the same steps show: nothing in it that no
 * played run has, nothing missing that all of them have.
 *
 * Facts are lines of text. Replies: each command's lines; of CLUSTER NODES and CLUSTER INFO each
 * node and each field by itself, without times of pings and counts of messages; redirections where
 * the recording has them. Views: what each node says, at the end of each step, of each of the
 * others (flags, master, slots, link, or that it does not know it) and of itself (state, counts,
 * role, link to the master); of epochs that no two owners of slots share one, and the owners in
 * their order. Logs: how often each line stands in a node's log, once, twice or more, with its
 * numbers left out; the order of the first lines of each text in each step, which is partial as far
 * as played runs differ; and when, since the step began, they come. What several played runs answer
 * differently may be any of their answers: that is chance. */
#ifndef RCSIM_TEST_WITHIN_H
#define RCSIM_TEST_WITHIN_H

#include <rcsim/resp.h>

#include "tests/support/recording.h"

/* Appends a line for each difference; returns how many. Differences that have a text of `left_out`
 * in them (NULL at the end, or NULL) do not count. */
unsigned within(const struct recording *recorded, struct recording *const *played, unsigned count,
                const char *const *left_out, struct rcs_buf *report);

#endif
