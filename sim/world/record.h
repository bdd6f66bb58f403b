/* Digests: XXH3-64 over fixed records, little-endian words written one by one, gathered in a buffer
 * so that a record costs a few nanoseconds. */
#ifndef RCSIM_SIM_WORLD_RECORD_H
#define RCSIM_SIM_WORLD_RECORD_H

#include <string.h>

#include <rcsim/base.h>

#define RCS_RECORD_BUFFER_BYTES 4096

struct rcs_record {
    void *state; /* XXH3_state_t */
    size_t used_bytes;
    uint8_t buffer[RCS_RECORD_BUFFER_BYTES];
};

void rcs_record_init(struct rcs_record *record);
void rcs_record_close(struct rcs_record *record);
void rcs_record_flush(struct rcs_record *record);
/* Of everything recorded so far. */
uint64_t rcs_record_digest(const struct rcs_record *record);
/* XXH3-64 of bytes, for what is recorded by its hash. */
uint64_t rcs_record_hash(const void *bytes, size_t size_bytes);

static inline void rcs_record_word(struct rcs_record *record, uint64_t word)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ /* the digest is the same on every machine */
    word = __builtin_bswap64(word);
#endif
    memcpy(record->buffer + record->used_bytes, &word, sizeof(word));
    record->used_bytes += 8;
}

/* One record of `count` words, 16 at most. */
static inline void rcs_record_words(struct rcs_record *record, const uint64_t *words,
                                    unsigned count)
{
    if (record->used_bytes + 16 * 8 > sizeof(record->buffer)) {
        rcs_record_flush(record);
    }
    for (unsigned i = 0; i < count; i++) {
        rcs_record_word(record, words[i]);
    }
}

#endif
