/* Hash slots: from a key to its slot, sets of slots, and the text of slot ranges.
 *
 * slot = CRC16(hashed part of the key) & 16383, CRC-16/XMODEM. The hashed part is what stands
 * between the first `{` and the first `}` after it, if that is at least one byte, else the whole
 * key (Redis 7.0 keyHashSlot). */
#ifndef RCSIM_SLOT_H
#define RCSIM_SLOT_H

#include <rcsim/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_SLOT_WORDS (RCS_SLOTS / 64)

/* CRC-16/XMODEM of `size_bytes` bytes. */
uint16_t rcs_crc16(const void *bytes, size_t size_bytes);

/* The slot of a key, 0..16383. */
uint16_t rcs_slot_of_key(const void *key, size_t size_bytes);

/* A bitmap of slots: slot s is bit (s & 63) of word s >> 6. On a little-endian machine this is the
 * bus bitmap's memory; rcs_slot_words_read/_write convert on any machine. */
struct rcs_slot_words {
    uint64_t word[RCS_SLOT_WORDS];
};

static inline bool rcs_slot_words_has(const struct rcs_slot_words *words, unsigned slot)
{
    return (words->word[slot >> 6] >> (slot & 63)) & 1;
}
static inline void rcs_slot_words_add(struct rcs_slot_words *words, unsigned slot)
{
    words->word[slot >> 6] |= (uint64_t)1 << (slot & 63);
}
static inline void rcs_slot_words_remove(struct rcs_slot_words *words, unsigned slot)
{
    words->word[slot >> 6] &= ~((uint64_t)1 << (slot & 63));
}
void rcs_slot_words_add_range(struct rcs_slot_words *words, unsigned first, unsigned last);
unsigned rcs_slot_words_count(const struct rcs_slot_words *words);

/* The 2048 bytes of the bus bitmap: slot s is bit s & 7 of byte s >> 3. */
void rcs_slot_words_read(struct rcs_slot_words *out, const uint8_t bytes[2048]);
void rcs_slot_words_write(const struct rcs_slot_words *words, uint8_t bytes[2048]);

/* Writes "0-5460 5462 ..." with `separator` between the ranges and a NUL; ascending. Writes at most
 * `capacity` bytes and returns the length the whole text has (as snprintf). */
size_t rcs_slot_ranges_write(const struct rcs_slot_words *words, const char *separator, char *out,
                             size_t capacity);

/* Reads one range, "n" or "a-b", both 0..16383 and a <= b. RCS_ERR_SYNTAX or RCS_ERR_RANGE else. */
enum rcs_err rcs_slot_range_read(const char *text, size_t size_bytes, unsigned *first,
                                 unsigned *last);

#ifdef __cplusplus
}
#endif
#endif
