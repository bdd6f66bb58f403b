#include "sim/world/json_line.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define PRIVATE_FIRST 0xF780u /* stands for byte 0x80; U+F7FF for 0xFF */
#define PRIVATE_LAST  0xF7FFu

static void add(struct rcs_buf *out, const char *text, size_t size_bytes)
{
    rcs_buf_add(out, text, size_bytes);
}

void rcs_json_begin(struct rcs_buf *out, const char *key)
{
    add(out, "{\"", 2);
    add(out, key, strlen(key));
    add(out, "\":", 2);
}

void rcs_json_key(struct rcs_buf *out, const char *key)
{
    add(out, ",\"", 2);
    add(out, key, strlen(key));
    add(out, "\":", 2);
}

void rcs_json_number(struct rcs_buf *out, int64_t value)
{
    rcs_buf_i64(out, value);
}

static void add_hex(struct rcs_buf *out, uint64_t value, unsigned digits)
{
    char text[16];
    for (unsigned i = digits; i-- > 0; value >>= 4) {
        text[i] = "0123456789abcdef"[value & 15];
    }
    add(out, text, digits);
}

void rcs_json_hex(struct rcs_buf *out, uint64_t value)
{
    add(out, "\"", 1);
    add_hex(out, value, 16);
    add(out, "\"", 1);
}

/* Bytes of the valid UTF-8 character at `text` (2 to 4), 0 if there is none in the `left` bytes;
 * its code in *code. */
static unsigned utf8_length(const unsigned char *text, size_t left, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned length = text[0] >= 0xF0 && text[0] <= 0xF4   ? 4
                      : text[0] >= 0xE0 && text[0] <= 0xEF ? 3
                      : text[0] >= 0xC2 && text[0] <= 0xDF ? 2
                                                           : 0;
    if (length == 0 || length > left) {
        return 0;
    }
    *code = text[0] & (0x7Fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (text[i] & 0x3Fu);
    }
    bool surrogate = *code >= 0xD800 && *code <= 0xDFFF;
    return *code < least[length] || *code > 0x10FFFF || surrogate ? 0 : length;
}

static void add_escaped(struct rcs_buf *out, unsigned char byte)
{
    static const char letters[] = "\b\t\n\f\r\"\\";
    static const char names[] = "btnfr\"\\";
    const char *found = byte == 0 ? NULL : strchr(letters, byte);
    if (found != NULL) {
        const char escape[2] = { '\\', names[found - letters] };
        add(out, escape, 2);
    } else {
        add(out, "\\u", 2);
        add_hex(out, byte < 0x80 ? byte : PRIVATE_FIRST + (byte - 0x80u), 4);
    }
}

void rcs_json_bytes(struct rcs_buf *out, const char *bytes, size_t size_bytes)
{
    const unsigned char *at = (const unsigned char *)bytes, *plain = at, *end = at + size_bytes;
    add(out, "\"", 1);
    while (at < end) {
        uint32_t code = *at;
        unsigned length = *at < 0x80 ? 1 : utf8_length(at, (size_t)(end - at), &code);
        bool asis = length > 0 && code >= 0x20 && code != '"' && code != '\\' && code != 0x7F &&
                    !(code >= PRIVATE_FIRST && code <= PRIVATE_LAST);
        if (asis) {
            at += length;
            continue;
        }
        add(out, (const char *)plain, (size_t)(at - plain));
        add_escaped(out, *at++);
        plain = at;
    }
    add(out, (const char *)plain, (size_t)(at - plain));
    add(out, "\"", 1);
}

void rcs_json_text(struct rcs_buf *out, const char *text)
{
    rcs_json_bytes(out, text, strlen(text));
}

void rcs_json_end(struct rcs_buf *out)
{
    add(out, "}\n", 2);
}

char *rcs_json_restored(const char *text)
{
    size_t size = strlen(text);
    char *copy = malloc(size + 1);
    RCS_ASSERT(copy != NULL);
    const unsigned char *from = (const unsigned char *)text, *end = from + size;
    unsigned char *to = (unsigned char *)copy;
    while (from < end) {
        uint32_t code = 0;
        if (utf8_length(from, (size_t)(end - from), &code) == 3 && code >= PRIVATE_FIRST &&
            code <= PRIVATE_LAST) {
            *to++ = (unsigned char)(code - PRIVATE_FIRST + 0x80);
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return copy;
}
