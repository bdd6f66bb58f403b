/* rcs_crc16 against the byte-table form every Redis uses, and the whole way from key to slot. */
#include <stdint.h>
#include <stdlib.h>

#include <rcsim/slot.h>

#include "measure.h"
#include "ratio.h"

static uint16_t table[256];

static void table_init(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned crc = byte << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
        }
        table[byte] = (uint16_t)crc;
    }
}

/* Not inlined: the one it is compared with is not either. */
__attribute__((noinline)) static uint16_t crc16_byte_table(const void *bytes, size_t size_bytes)
{
    const uint8_t *p = bytes;
    unsigned crc = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        crc = ((crc << 8) ^ table[((crc >> 8) ^ p[i]) & 0xff]) & 0xffff;
    }
    return (uint16_t)crc;
}

typedef uint16_t hash_fn(const void *bytes, size_t size_bytes);

static char keys[8192];

static double ns_per_key(hash_fn *hash, size_t size_bytes)
{
    const unsigned calls = (unsigned)(4000000 / (size_bytes + 8));
    unsigned sum = 0;
    const int64_t begin_ns = cpu_ns();
    for (unsigned i = 0; i < calls; i++) {
        sum += hash(keys + (i & 1023), size_bytes);
    }
    const int64_t end_ns = cpu_ns();
    if (sum == 1) { /* keeps the loop */
        abort();
    }
    return (double)(end_ns - begin_ns) / calls;
}

static void compare(const char *name, hash_fn *ours, size_t size_bytes, double goal)
{
    double ours_ns[RATIO_ROUNDS], ratio[RATIO_ROUNDS];
    for (int round = 0; round < RATIO_ROUNDS; round++) {
        ours_ns[round] = ns_per_key(ours, size_bytes);
        ratio[round] = ns_per_key(crc16_byte_table, size_bytes) / ours_ns[round];
    }
    const double median = ratio_median(ratio);
    figure(name, ratio_median(ours_ns), "ns", median,
           goal > 0 ? "the byte-table form (goal 2)" : "the byte-table form", median >= goal);
}

int main(void)
{
    table_init();
    for (size_t i = 0; i < sizeof(keys); i++) {
        keys[i] = (char)('a' + (i * 7 + i / 26) % 26);
    }
    compare("crc16 8 B", rcs_crc16, 8, 0);
    compare("crc16 12 B", rcs_crc16, 12, 0);
    compare("crc16 16 B", rcs_crc16, 16, 2);
    compare("crc16 23 B", rcs_crc16, 23, 0);
    compare("crc16 64 B", rcs_crc16, 64, 0);
    compare("crc16 1024 B", rcs_crc16, 1024, 0);
    compare("slot of a key of 16 B, no tag", rcs_slot_of_key, 16, 0);
    return 0;
}
