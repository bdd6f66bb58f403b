/* Chance: one 64-bit seed, and a stream of its own for every consumer, so that a new draw in one
 * place does not shift all the others. xoshiro256**, seeded with XXH3 from (seed, purpose, index).
 */
#ifndef RCSIM_SIM_RAND_H
#define RCSIM_SIM_RAND_H

#include <rcsim/base.h>

enum rcs_purpose {
    RCS_RAND_NODE_ID = 1, /* node ids, handshake names */
    RCS_RAND_REPLID,
    RCS_RAND_GOSSIP, /* partners and entries */
    RCS_RAND_ELECTION,
    RCS_RAND_TICK,  /* phase and period of the cron */
    RCS_RAND_CHILD, /* how long forks, transfers and loads take */
    RCS_RAND_KEYS,  /* RANDOMKEY, SPOP and the like */
    RCS_RAND_NETWORK,
    RCS_RAND_CLIENT,
    RCS_RAND_CLI, /* redis-cli's own srand */
    RCS_RAND_PLAN
};

struct rcs_rand {
    uint64_t s[4];
};

void rcs_rand_init(struct rcs_rand *stream, uint64_t seed, enum rcs_purpose purpose,
                   uint64_t index);
uint64_t rcs_rand_u64(struct rcs_rand *stream);
/* Uniform in 0..bound-1, without bias; bound > 0. */
uint32_t rcs_rand_below(struct rcs_rand *stream, uint32_t bound);
/* Uniform in low..high, both included. */
int64_t rcs_rand_between(struct rcs_rand *stream, int64_t low, int64_t high);
/* 40 hex characters and a NUL (Redis 7.0 getRandomHexChars). */
void rcs_rand_name(struct rcs_rand *stream, char out[RCS_ID_LEN + 1]);

#endif
