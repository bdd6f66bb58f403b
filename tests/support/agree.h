/* Whether a run agrees with a recorded one: what is compared, and what is left to chance.
 *
 * Commands: all, in order; replies and error texts line by line. Left out: "-> Redirected"
 * (redis-cli says it to a terminal only). Of redis-cli's output the blocks that tell of a node (M:
 * or S: with the lines below) stand in the order of a hash table and are compared as a set.
 *
 * Views: roles, masters, flags, slots, cluster_state, counts, links, offsets, epochs. Config
 * epochs: 1 to 6 as they are; those of b1..b6 by their order only: joined (not above the epoch at
 * the kill) or taken over (above it; who had the highest epoch already keeps it), and in the end no
 * two masters have one. A sub-replica's epoch (its master is itself a replica) is whatever it last
 * heard. Offsets may differ by one PING (14 bytes). Some steps end while news are on their way;
 * there the following is free. MEET: what others say of themselves (known they must be). b4-b6
 * replicate: whether b1-b3 are ok yet, whether b4-b6 have their data. The kill: which of a1-a6 are
 * fail? already (two masters must be). The moment after TAKEOVER: all but what b1-b3 say of
 * themselves.
 *
 * Log lines, by node, are strands; within a strand the order is strict, between strands free:
 *   boot; IP address and config epochs; cluster state; takeover; the link to the master (a
 * replication attempt is in strict order); replicas served; the RDB child; failed nodes (in any
 * order, each once; FAIL by quorum and FAIL received are one kind of line, but who is named as the
 * sender must have told). Chance, by rule:
 *   - A failed attempt to reach a dead master is refused, or connects and is cut off; it is
 * repeated once a second, and repetitions count once (their distance is checked).
 *   - Replication ids and process ids are the same up to renaming; memory figures are not compared,
 * an RDB's age is 0 or 1 s.
 *   - Two of the three sub-replicas move to their grandmaster at the first TAKEOVER and come back
 * when their master has taken over: as many as recorded. Which two depends on whom they hear first;
 * each is compared with a recorded node that did the same. Its old link may be lost before or after
 * (an attempt to reach the old master may stand between); the lines' role letter follows.
 *   - A replica of the shard taken over last may plan an election in between (once, never started).
 *   - While the takeovers spread (FLAP_MS) the state may turn ok and fail again.
 *   - The RDB child's line stands before or after its parent's.
 * Left out: the warning about memory overcommit (the machine's, not the node's); what follows the
 * end of the last step (the recording's driver stopped the servers).
 *
 * Times: each line has a window after what caused it (the line before it, its command, the kill,
 * the takeover). The windows of failure and recovery are the extremes of
 * timing/twodc_takeover_nt*.txt and a tenth of their distance; a recording must lie in them as
 * well. */
#ifndef RCSIM_TEST_AGREE_H
#define RCSIM_TEST_AGREE_H

#include <rcsim/resp.h>

#include "tests/support/recording.h"

/* How many sub-replicas moved to their grandmaster. */
unsigned agree_moves(const struct recording *run);

/* Appends a line for each difference; returns how many. */
unsigned agree(const struct recording *recorded, const struct recording *ours,
               struct rcs_buf *report);

#endif
