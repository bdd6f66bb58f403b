#include "sim/rand.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/pure.h"

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

RCS_RARE uint64_t rcs_rand_unbiased(struct rcs_rand *stream, uint32_t bound, uint64_t product)
{
    uint32_t threshold = (uint32_t)(-bound) % bound;
    while ((uint32_t)product < threshold) {
        product = (rcs_rand_u64(stream) >> 32) * bound;
    }
    return product;
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
