/* Memory of one parsed scenario: given piece by piece, taken back all at once. */
#ifndef RCSIM_SIM_SCENARIO_ARENA_H
#define RCSIM_SIM_SCENARIO_ARENA_H

#include <rcsim/base.h>

struct rcs_arena_block;

struct rcs_arena {
    struct rcs_arena_block *blocks;
};

void rcs_arena_init(struct rcs_arena *arena);
void rcs_arena_close(struct rcs_arena *arena);
/* Zeroed and aligned for any type; aborts on lack of memory. */
void *rcs_arena_alloc(struct rcs_arena *arena, size_t size_bytes);
/* A copy of the bytes with a NUL behind them. */
char *rcs_arena_text(struct rcs_arena *arena, const char *bytes, size_t size_bytes);
/* A list of `count` things of `size_bytes` with room for one more; what was there is copied when it
 * grows (at each power of two). Returns where the list now stands. */
void *rcs_arena_grow(struct rcs_arena *arena, void *list, size_t count, size_t size_bytes);

#endif
