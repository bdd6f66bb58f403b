/* CRC-64 of RDB files and DUMP payloads: Jones's polynomial 0xad93d23594c935a9, bits reflected,
 * start 0, nothing added at the end. */
#include <rcsim/rdb.h>

/* The CRC is linear: that of a byte is the sum of those of its bits. */
/* clang-format off */
#define ENTRY(b)                                                                     \
    (((b) & 1   ? UINT64_C(0x7ad870c830358979) : 0) ^                                \
     ((b) & 2   ? UINT64_C(0xf5b0e190606b12f2) : 0) ^                                \
     ((b) & 4   ? UINT64_C(0xc038e5739841b68f) : 0) ^                                \
     ((b) & 8   ? UINT64_C(0xab28ecb46814fe75) : 0) ^                                \
     ((b) & 16  ? UINT64_C(0x7d08ff3b88be6f81) : 0) ^                                \
     ((b) & 32  ? UINT64_C(0xfa11fe77117cdf02) : 0) ^                                \
     ((b) & 64  ? UINT64_C(0xdf7adabd7a6e2d6f) : 0) ^                                \
     ((b) & 128 ? UINT64_C(0x95ac9329ac4bc9b5) : 0))
#define ENTRIES_4(b)  ENTRY(b), ENTRY((b) + 1), ENTRY((b) + 2), ENTRY((b) + 3)
#define ENTRIES_16(b) ENTRIES_4(b), ENTRIES_4((b) + 4), ENTRIES_4((b) + 8), ENTRIES_4((b) + 12)
#define ENTRIES_64(b) ENTRIES_16(b), ENTRIES_16((b) + 16), ENTRIES_16((b) + 32), ENTRIES_16((b) + 48)
/* clang-format on */

static const uint64_t of_byte[256] = { ENTRIES_64(0), ENTRIES_64(64), ENTRIES_64(128),
                                       ENTRIES_64(192) };

uint64_t rcs_crc64(uint64_t crc, const void *bytes, size_t size_bytes)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size_bytes; i++) {
        crc = of_byte[(crc ^ byte[i]) & 0xff] ^ crc >> 8;
    }
    return crc;
}
