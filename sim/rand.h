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
    RCS_RAND_PLAN,
    RCS_RAND_LOSS = 32, /* segments that get lost */
    RCS_RAND_BOOT,      /* how the timers of kernels lie to each other */
    RCS_RAND_WAIT       /* how long a script waits that says 1s..2s */
};

struct rcs_rand {
    uint64_t s[4];
};

void rcs_rand_init(struct rcs_rand *stream, uint64_t seed, enum rcs_purpose purpose,
                   uint64_t index);
static inline uint64_t rcs_rand_u64(struct rcs_rand *stream)
{
    uint64_t *s = stream->s;
    uint64_t times5 = s[1] * 5, result = (times5 << 7 | times5 >> 57) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

/* Of rcs_rand_below: the first product that is as likely as all others, from `product` on. */
uint64_t rcs_rand_unbiased(struct rcs_rand *stream, uint32_t bound, uint64_t product);

/* Uniform in 0..bound-1, without bias; bound > 0. Lemire's multiply-and-reject. */
static inline uint32_t rcs_rand_below(struct rcs_rand *stream, uint32_t bound)
{
    RCS_ASSERT(bound > 0);
    uint64_t product = (rcs_rand_u64(stream) >> 32) * bound;
    if ((uint32_t)product < bound) { /* hardly ever */
        product = rcs_rand_unbiased(stream, bound, product);
    }
    return (uint32_t)(product >> 32);
}

/* Uniform in low..high, both included. */
static inline int64_t rcs_rand_between(struct rcs_rand *stream, int64_t low, int64_t high)
{
    RCS_ASSERT(low <= high && high - low < UINT32_MAX);
    return low + (int64_t)rcs_rand_below(stream, (uint32_t)(high - low) + 1);
}

/* 40 hex characters and a NUL (Redis 7.0 getRandomHexChars). */
void rcs_rand_name(struct rcs_rand *stream, char out[RCS_ID_LEN + 1]);

#endif
