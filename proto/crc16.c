/* CRC-16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, start 0, bits not reflected. */
#include <rcsim/slot.h>

/* Eight bytes a step ("slicing by 8"): ahead[k][b] is the CRC of byte b followed by k zero bytes,
 * and as the CRC is linear, eight look-ups that do not wait for each other replace a chain of
 * eight. For the same reason a row needs only the CRCs of its eight single bits; the compiler makes
 * the rest. */
/* clang-format off */
#define ENTRY(b, c7, c6, c5, c4, c3, c2, c1, c0)                                     \
    (((b) & 128 ? (c7) : 0) ^ ((b) & 64 ? (c6) : 0) ^ ((b) & 32 ? (c5) : 0) ^        \
     ((b) & 16 ? (c4) : 0) ^ ((b) & 8 ? (c3) : 0) ^ ((b) & 4 ? (c2) : 0) ^           \
     ((b) & 2 ? (c1) : 0) ^ ((b) & 1 ? (c0) : 0))
#define ENTRIES_4(b, ...)                                                            \
    ENTRY(b, __VA_ARGS__), ENTRY((b) + 1, __VA_ARGS__),                              \
    ENTRY((b) + 2, __VA_ARGS__), ENTRY((b) + 3, __VA_ARGS__)
#define ENTRIES_16(b, ...)                                                           \
    ENTRIES_4(b, __VA_ARGS__), ENTRIES_4((b) + 4, __VA_ARGS__),                      \
    ENTRIES_4((b) + 8, __VA_ARGS__), ENTRIES_4((b) + 12, __VA_ARGS__)
#define ENTRIES_64(b, ...)                                                           \
    ENTRIES_16(b, __VA_ARGS__), ENTRIES_16((b) + 16, __VA_ARGS__),                   \
    ENTRIES_16((b) + 32, __VA_ARGS__), ENTRIES_16((b) + 48, __VA_ARGS__)
#define ROW(...)                                                                     \
    { ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__),                       \
      ENTRIES_64(128, __VA_ARGS__), ENTRIES_64(192, __VA_ARGS__) }

static const uint16_t ahead[8][256] = {
    /*  bit 7   bit 6   bit 5   bit 4   bit 3   bit 2   bit 1   bit 0 : x^(16 + 8k + bit) */
    ROW(0x9188, 0x48c4, 0x2462, 0x1231, 0x8108, 0x4084, 0x2042, 0x1021),
    ROW(0x1b98, 0x0dcc, 0x06e6, 0x0373, 0x89a9, 0xccc4, 0x6662, 0x3331),
    ROW(0x3b5a, 0x1dad, 0x86c6, 0x4363, 0xa9a1, 0xdcc0, 0x6e60, 0x3730),
    ROW(0xdd38, 0x6e9c, 0x374e, 0x1ba7, 0x85c3, 0xcaf1, 0xed68, 0x76b4),
    ROW(0x22d0, 0x1168, 0x08b4, 0x045a, 0x022d, 0x8906, 0x4483, 0xaa51),
    ROW(0xd420, 0x6a10, 0x3508, 0x1a84, 0x0d42, 0x06a1, 0x8b40, 0x45a0),
    ROW(0xabf9, 0xddec, 0x6ef6, 0x377b, 0x93ad, 0xc1c6, 0x60e3, 0xb861),
    ROW(0xfd81, 0xf6d0, 0x7b68, 0x3db4, 0x1eda, 0x0f6d, 0x8fa6, 0x47d3),
};
/* clang-format on */

uint16_t rcs_crc16(const void *bytes, size_t size_bytes)
{
    const uint8_t *p = bytes;
    unsigned crc = 0;

    /* The odd bytes come first: zeros put in front of them would not change a CRC that starts at 0,
     * so they are the end of a step of eight. */
    switch (size_bytes & 7) {
    case 7:
        crc ^= ahead[6][*p++]; /* fall through */
    case 6:
        crc ^= ahead[5][*p++]; /* fall through */
    case 5:
        crc ^= ahead[4][*p++]; /* fall through */
    case 4:
        crc ^= ahead[3][*p++]; /* fall through */
    case 3:
        crc ^= ahead[2][*p++]; /* fall through */
    case 2:
        crc ^= ahead[1][*p++]; /* fall through */
    case 1:
        crc ^= ahead[0][*p++]; /* fall through */
    case 0:
        break;
    }
    for (size_t steps = size_bytes >> 3; steps > 0; steps--, p += 8) {
        crc = (unsigned)ahead[7][p[0] ^ (crc >> 8)] ^ ahead[6][p[1] ^ (crc & 0xff)] ^
              ahead[5][p[2]] ^ ahead[4][p[3]] ^ ahead[3][p[4]] ^ ahead[2][p[5]] ^ ahead[1][p[6]] ^
              ahead[0][p[7]];
    }
    return (uint16_t)crc;
}
