#include "sim/rand.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/pure.h"

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void rcs_rand_init(struct rcs_rand *stream, uint64_t seed, enum rcs_purpose purpose, uint64_t index)
{
    for (unsigned i = 0; i < 4; i++) {
        uint8_t key[24];
        uint64_t words[3] = { (uint64_t)purpose, index, i };
        for (unsigned byte = 0; byte < sizeof(key); byte++) { /* the same bytes on any machine */
            key[byte] = (uint8_t)(words[byte / 8] >> (8 * (byte % 8)));
        }
        stream->s[i] = XXH3_64bits_withSeed(key, sizeof(key), seed);
    }
    if ((stream->s[0] | stream->s[1] | stream->s[2] | stream->s[3]) == 0) {
        stream->s[0] = 1; /* the one state xoshiro cannot leave */
    }
}

uint64_t rcs_rand_u64(struct rcs_rand *stream)
{
    uint64_t *s = stream->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

/* Lemire's multiply-and-reject. */
uint32_t rcs_rand_below(struct rcs_rand *stream, uint32_t bound)
{
    RCS_ASSERT(bound > 0);
    uint64_t product = (rcs_rand_u64(stream) >> 32) * bound;
    if ((uint32_t)product < bound) {
        uint32_t threshold = (uint32_t)(-bound) % bound;
        while ((uint32_t)product < threshold) {
            product = (rcs_rand_u64(stream) >> 32) * bound;
        }
    }
    return (uint32_t)(product >> 32);
}

int64_t rcs_rand_between(struct rcs_rand *stream, int64_t low, int64_t high)
{
    RCS_ASSERT(low <= high && high - low < UINT32_MAX);
    return low + (int64_t)rcs_rand_below(stream, (uint32_t)(high - low) + 1);
}

void rcs_rand_name(struct rcs_rand *stream, char out[RCS_ID_LEN + 1])
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < RCS_ID_LEN; i++) {
        if (i % 16 == 0) {
            bits = rcs_rand_u64(stream);
        }
        out[i] = "0123456789abcdef"[bits & 15];
        bits >>= 4;
    }
    out[RCS_ID_LEN] = '\0';
}
