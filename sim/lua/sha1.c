#include "sim/lua/sha1.h"

#include <stdint.h>
#include <string.h>

#include "sim/pure.h"

enum { BLOCK = 64, LENGTH_AT = 56 };

static uint32_t rotated(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static void add_block(uint32_t hash[5], const uint8_t block[BLOCK])
{
    uint32_t words[80];
    for (unsigned i = 0; i < 16; i++) {
        const uint8_t *at = block + i * 4;
        words[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    for (unsigned i = 16; i < 80; i++) {
        words[i] = rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (unsigned i = 0; i < 80; i++) {
        uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                  : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t next = rotated(a, 5) + mixed + e + words[i];
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = next;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
}

void rcs_sha1_hex(char out[RCS_SHA1_HEX + 1], const void *bytes, size_t size_bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t hash[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    const uint8_t *at = bytes;
    size_t left = size_bytes;
    for (; left >= BLOCK; at += BLOCK, left -= BLOCK) {
        add_block(hash, at);
    }
    uint8_t block[BLOCK] = { 0 };
    if (left > 0) {
        memcpy(block, at, left);
    }
    block[left] = 0x80;
    if (left >= LENGTH_AT) {
        add_block(hash, block);
        memset(block, 0, sizeof(block));
    }
    for (unsigned i = 0; i < 8; i++) {
        block[LENGTH_AT + i] = (uint8_t)((uint64_t)size_bytes * 8 >> (56 - 8 * i));
    }
    add_block(hash, block);
    for (unsigned i = 0; i < RCS_SHA1_HEX; i++) {
        out[i] = digits[hash[i / 8] >> (28 - i % 8 * 4) & 15];
    }
    out[RCS_SHA1_HEX] = '\0';
}
