/* Keys to slots, slots as bitmaps and as the text of ranges. */
#include <rcsim/resp.h>
#include <rcsim/slot.h>

#include <string.h>

#include "proto/bytes.h"

uint16_t rcs_slot_of_key(const void *key, size_t size_bytes)
{
    const char *open = size_bytes == 0 ? NULL : memchr(key, '{', size_bytes);
    if (open != NULL) {
        const char *tag = open + 1;
        const char *close = memchr(tag, '}', size_bytes - (size_t)(tag - (const char *)key));
        if (close != NULL && close != tag) {
            key = tag;
            size_bytes = (size_t)(close - tag);
        }
    }
    return rcs_crc16(key, size_bytes) & (RCS_SLOTS - 1);
}

unsigned rcs_slot_words_count(const struct rcs_slot_words *words)
{
    /* Counted in every byte at once, which compilers vectorise where no instruction counts: a byte
     * holds the sum of up to 31 words, a pair of bytes that of all eight bytes. */
    enum { TOGETHER = 16 };
    _Static_assert(RCS_SLOT_WORDS % TOGETHER == 0, "words are taken 16 at a time");
    const uint64_t bytes = UINT64_MAX / 0xff, pairs = UINT64_MAX / 0xffff;
    unsigned count = 0;
    for (size_t from = 0; from < RCS_SLOT_WORDS; from += TOGETHER) {
        uint64_t any = 0, sums = 0;
        for (size_t i = from; i < from + TOGETHER; i++) {
            any |= words->word[i];
        }
        if (any == 0) { /* a node holds some thousand slots in a row */
            continue;
        }
        for (size_t i = from; i < from + TOGETHER; i++) {
            uint64_t x = words->word[i];
            x -= x >> 1 & bytes * 0x55;
            x = (x & bytes * 0x33) + (x >> 2 & bytes * 0x33);
            sums += (x + (x >> 4)) & bytes * 0x0f;
        }
        uint64_t wide = (sums & pairs * 0xff) + (sums >> 8 & pairs * 0xff);
        count += (unsigned)(wide * pairs >> 48);
    }
    return count;
}

void rcs_slot_words_read(struct rcs_slot_words *out, const uint8_t bytes[2048])
{
    for (size_t i = 0; i < RCS_SLOT_WORDS; i++) {
        uint64_t word = 0;
        for (unsigned k = 0; k < 8; k++) {
            word |= (uint64_t)bytes[8 * i + k] << (8 * k);
        }
        out->word[i] = word;
    }
}

void rcs_slot_words_write(const struct rcs_slot_words *words, uint8_t bytes[2048])
{
    for (size_t i = 0; i < RCS_SLOT_WORDS; i++) {
        for (unsigned k = 0; k < 8; k++) {
            bytes[8 * i + k] = (uint8_t)(words->word[i] >> (8 * k));
        }
    }
}

/* The first slot from `slot` on that is in the set (`in_set`) or is not; RCS_SLOTS if there is
 * none. */
static unsigned next_slot(const struct rcs_slot_words *words, unsigned slot, bool in_set)
{
    if (slot >= RCS_SLOTS) {
        return RCS_SLOTS;
    }
    const uint64_t flip = in_set ? 0 : UINT64_MAX;
    size_t i = slot / 64;
    uint64_t rest = (words->word[i] ^ flip) & UINT64_MAX << slot % 64;
    while (rest == 0) {
        i++;
        while (i + 4 <= RCS_SLOT_WORDS && words->word[i] == flip && words->word[i + 1] == flip &&
               words->word[i + 2] == flip && words->word[i + 3] == flip) {
            i += 4;
        }
        if (i == RCS_SLOT_WORDS) {
            return RCS_SLOTS;
        }
        rest = words->word[i] ^ flip;
    }
    return (unsigned)i * 64 + (unsigned)__builtin_ctzll(rest);
}

/* Text that is counted whole and kept as far as it fits. */
struct clipped {
    char *out;
    size_t capacity;
    size_t size_bytes;
};

static void clipped_add(struct clipped *text, const char *bytes, size_t size_bytes)
{
    if (text->size_bytes < text->capacity) {
        size_t fits = text->capacity - text->size_bytes;
        memcpy(text->out + text->size_bytes, bytes, size_bytes < fits ? size_bytes : fits);
    }
    text->size_bytes += size_bytes;
}

static void clipped_number(struct clipped *text, unsigned value)
{
    char digits[RCS_DECIMAL_MAX];
    clipped_add(text, digits, rcs_decimal_write(digits, value));
}

void rcs_slot_words_add_range(struct rcs_slot_words *words, unsigned first, unsigned last)
{
    RCS_ASSERT(first <= last && last < RCS_SLOTS);
    for (unsigned i = first / 64; i <= last / 64; i++) {
        uint64_t bits = UINT64_MAX;
        if (i == first / 64) {
            bits &= UINT64_MAX << (first % 64);
        }
        if (i == last / 64) {
            bits &= UINT64_MAX >> (63 - last % 64);
        }
        words->word[i] |= bits;
    }
}

size_t rcs_slot_ranges_write(const struct rcs_slot_words *words, const char *separator, char *out,
                             size_t capacity)
{
    struct clipped text = { out, capacity, 0 };
    const size_t separator_bytes = strlen(separator);
    unsigned first = next_slot(words, 0, true);

    while (first < RCS_SLOTS) {
        unsigned end = next_slot(words, first, false);
        if (text.size_bytes > 0) {
            clipped_add(&text, separator, separator_bytes);
        }
        clipped_number(&text, first);
        if (end - first > 1) {
            clipped_add(&text, "-", 1);
            clipped_number(&text, end - 1);
        }
        first = next_slot(words, end, true);
    }
    if (capacity > 0) {
        out[text.size_bytes < capacity ? text.size_bytes : capacity - 1] = '\0';
    }
    return text.size_bytes;
}

static enum rcs_err read_slot(const char *text, size_t size_bytes, unsigned *slot)
{
    unsigned value = 0;
    if (size_bytes == 0 || (text[0] == '0' && size_bytes > 1)) {
        return RCS_ERR_SYNTAX;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return RCS_ERR_SYNTAX;
        }
        if (value <
            RCS_SLOTS) { /* beyond it the digits are still checked, the value is too large */
            value = value * 10 + (unsigned)(text[i] - '0');
        }
    }
    *slot = value;
    return value < RCS_SLOTS ? RCS_OK : RCS_ERR_RANGE;
}

enum rcs_err rcs_slot_range_read(const char *text, size_t size_bytes, unsigned *first,
                                 unsigned *last)
{
    const char *dash = size_bytes == 0 ? NULL : memchr(text, '-', size_bytes);
    const size_t first_bytes = dash == NULL ? size_bytes : (size_t)(dash - text);
    unsigned a = 0, b = 0;
    enum rcs_err err_a = read_slot(text, first_bytes, &a), err_b = RCS_OK;
    if (dash == NULL) {
        b = a;
    } else {
        err_b = read_slot(dash + 1, size_bytes - first_bytes - 1, &b);
    }
    if (err_a == RCS_ERR_SYNTAX || err_b == RCS_ERR_SYNTAX) {
        return RCS_ERR_SYNTAX; /* "99999-x" is no range at all rather than one too large */
    }
    if (err_a != RCS_OK || err_b != RCS_OK || a > b) {
        return RCS_ERR_RANGE;
    }
    *first = a;
    *last = b;
    return RCS_OK;
}
