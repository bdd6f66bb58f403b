/* A plan: the faults that a `chaos` block stands for, drawn from a seed, as statements of the
 * scenario language that anybody could have written.
 *
 * A block's place takes
 *     step "chaos"
 *     at +3.201s try kill b1
 *     at +5s during 2.5s { partition b1,b2 a1..a3,b3 }
 *     ...
 *     wait 60s
 *     step "healed"
 *     heal
 *     ... all that was done to processes, disks, clocks and messages, put back
 *     wait 30s
 *     expect healthy
 * Some lines of the block are switched off, others in the next seed (swarm testing: faults that
 * hide each other's traces get out of each other's way). A line has a stream of chance of its own,
 * so that one more changes nothing of the others. */
#ifndef RCSIM_SIM_EXPLORE_PLAN_H
#define RCSIM_SIM_EXPLORE_PLAN_H

#include "sim/scenario/script.h"

/* Appends to `out` the text with the plan of `seed` in place of each chaos block, and a NUL, and to
 * `drawn` the plans' lines alone (NUL behind, too). The block's own lines stay as comments, and
 * markers as of an include keep the lines below at their numbers. `text` is what `script` was
 * parsed from, expanded. */
void rcs_plan_text(const struct rcs_script *script, const char *text, uint64_t seed,
                   struct rcs_buf *out, struct rcs_buf *drawn);

/* --- draws, integers only (draw.c) ------------------------------------------------------------ */

struct rcs_rand;

/* Exponential with this mean, both in milliseconds: von Neumann's way, by comparisons alone. */
int64_t rcs_draw_exponential(struct rcs_rand *chance, int64_t mean_ms);
/* In low..high, 0 < low: each octave as likely as the others. */
int64_t rcs_draw_octave(struct rcs_rand *chance, int64_t low, int64_t high);

#endif
