/* RDB: the parts every value is made of (lengths, strings), and the frame of a payload of DUMP. */
#include <rcsim/rdb.h>

#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/rdb_parts.h"

#define VERSION_BYTES 2
#define FOOTER_BYTES  (VERSION_BYTES + RCS_RDB_CHECKSUM_BYTES) /* of a payload */

/* How a length begins: its upper two bits. */
enum length_form { FORM_6_BITS, FORM_14_BITS, FORM_BYTES, FORM_ENCODED };
#define LENGTH_4_BYTES 0x80
#define LENGTH_8_BYTES 0x81
/* What FORM_ENCODED says. */
enum encoding { ENCODED_INT8, ENCODED_INT16, ENCODED_INT32, ENCODED_LZF };
#define ENCODED(what) (FORM_ENCODED << 6 | (what))

#define INTEGER_TEXT_MAX   11 /* Redis 7.0 rdbSaveRawString looks no further */
#define COMPRESSED_FROM    21
#define COMPRESSION_SAVES  4   /* bytes at least, or it is not worth it */
#define LZF_EXPANSION_MOST 264 /* bytes made of three */

const char *rcs_rdb_type_name(unsigned type)
{
    switch (type) {
#define X(number, constant, name)                                                                  \
    case RCS_RDB_TYPE_##constant:                                                                  \
        return name;
        RCS_RDB_TYPES(X)
#undef X
    default: /* a byte from outside */
        return NULL;
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

void rcs_rdb_add_byte(struct rcs_buf *out, unsigned byte)
{
    uint8_t one = (uint8_t)byte;
    rcs_buf_add(out, &one, 1);
}

void rcs_rdb_add_little_endian(struct rcs_buf *out, uint64_t value, unsigned bytes)
{
    for (; bytes > 0; bytes--, value >>= 8) {
        rcs_rdb_add_byte(out, (unsigned)(value & 0xff));
    }
}

void rcs_rdb_put_little_endian(struct rcs_buf *out, size_t at, uint64_t value, unsigned bytes)
{
    RCS_ASSERT(at + bytes <= out->size_bytes);
    for (unsigned i = 0; i < bytes; i++) {
        out->data[at + i] = (char)(value >> 8 * i & 0xff);
    }
}

void rcs_rdb_add_length(struct rcs_buf *out, uint64_t length)
{
    if (length < 1 << 6) {
        rcs_rdb_add_byte(out, (unsigned)length);
    } else if (length < 1 << 14) {
        rcs_rdb_add_byte(out, FORM_14_BITS << 6 | (unsigned)(length >> 8));
        rcs_rdb_add_byte(out, (unsigned)(length & 0xff));
    } else {
        bool wide = length > UINT32_MAX;
        rcs_rdb_add_byte(out, wide ? LENGTH_8_BYTES : LENGTH_4_BYTES);
        for (int shift = wide ? 56 : 24; shift >= 0; shift -= 8) {
            rcs_rdb_add_byte(out, (unsigned)(length >> shift & 0xff));
        }
    }
}

static bool add_integer(struct rcs_buf *out, const char *text, size_t size_bytes)
{
    int64_t value;
    if (size_bytes > INTEGER_TEXT_MAX || !rcs_decimal_read(text, size_bytes, &value) ||
        value < INT32_MIN || value > INT32_MAX) {
        return false;
    }
    enum encoding encoding = value >= INT8_MIN && value <= INT8_MAX     ? ENCODED_INT8
                             : value >= INT16_MIN && value <= INT16_MAX ? ENCODED_INT16
                                                                        : ENCODED_INT32;
    rcs_rdb_add_byte(out, ENCODED((unsigned)encoding));
    rcs_rdb_add_little_endian(out, (uint64_t)value, 1u << encoding);
    return true;
}

static bool add_compressed(struct rcs_buf *out, const void *bytes, size_t size_bytes)
{
    if (size_bytes < COMPRESSED_FROM) {
        return false;
    }
    size_t room_bytes = size_bytes - COMPRESSION_SAVES;
    /* The compressor writes the head of a run before it looks whether there is room for one. */
    void *squeezed = rcs_bytes_resize(NULL, room_bytes + 1);
    size_t squeezed_bytes = rcs_lzf_compress(bytes, size_bytes, squeezed, room_bytes);
    if (squeezed_bytes > 0) {
        rcs_rdb_add_byte(out, ENCODED(ENCODED_LZF));
        rcs_rdb_add_length(out, squeezed_bytes);
        rcs_rdb_add_length(out, size_bytes);
        rcs_buf_add(out, squeezed, squeezed_bytes);
    }
    free(squeezed);
    return squeezed_bytes > 0;
}

void rcs_rdb_string_write(struct rcs_buf *out, const void *bytes, size_t size_bytes)
{
    if (!add_integer(out, bytes, size_bytes) && !add_compressed(out, bytes, size_bytes)) {
        rcs_rdb_add_length(out, size_bytes);
        rcs_buf_add(out, bytes, size_bytes);
    }
}

void rcs_dump_write(struct rcs_buf *out, unsigned version, const struct rcs_rdb_value *value)
{
    size_t before = out->size_bytes;
    rcs_rdb_add_byte(out, rcs_rdb_value_type(value, version));
    rcs_rdb_value_write(out, value, version);
    rcs_rdb_add_little_endian(out, version, VERSION_BYTES);
    uint64_t crc = rcs_crc64(0, out->data + before, out->size_bytes - before);
    rcs_rdb_add_little_endian(out, crc, RCS_RDB_CHECKSUM_BYTES);
}

/* --- reading ---------------------------------------------------------------------------------- */

bool rcs_rdb_take_big_endian(struct rcs_rdb_input *in, unsigned bytes, uint64_t *out)
{
    if (rcs_rdb_left(in) < bytes) {
        return false;
    }
    for (*out = 0; bytes > 0; bytes--) {
        *out = *out << 8 | *in->at++;
    }
    return true;
}

uint64_t rcs_rdb_little_endian(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;
    while (count > 0) {
        value = value << 8 | bytes[--count];
    }
    return value;
}

int64_t rcs_rdb_signed(const uint8_t *bytes, unsigned count)
{
    uint64_t sign = UINT64_C(1) << (8 * count - 1);
    return (int64_t)((rcs_rdb_little_endian(bytes, count) ^ sign) - sign);
}

bool rcs_rdb_take_byte(struct rcs_rdb_input *in, unsigned *out)
{
    if (rcs_rdb_left(in) == 0) {
        return false;
    }
    *out = *in->at++;
    return true;
}

bool rcs_rdb_take_little_endian(struct rcs_rdb_input *in, unsigned bytes, uint64_t *out)
{
    if (rcs_rdb_left(in) < bytes) {
        return false;
    }
    *out = rcs_rdb_little_endian(in->at, bytes);
    in->at += bytes;
    return true;
}

bool rcs_rdb_take_signed(struct rcs_rdb_input *in, unsigned bytes, int64_t *out)
{
    if (rcs_rdb_left(in) < bytes) {
        return false;
    }
    *out = rcs_rdb_signed(in->at, bytes);
    in->at += bytes;
    return true;
}

/* A length, or what an encoding is (*encoded). False: broken. */
static bool take_length(struct rcs_rdb_input *in, bool *encoded, uint64_t *out)
{
    uint64_t head;
    if (!rcs_rdb_take_big_endian(in, 1, &head)) {
        return false;
    }
    *encoded = head >> 6 == FORM_ENCODED;
    *out = head & 63;
    switch ((enum length_form)(head >> 6)) {
    case FORM_6_BITS:
    case FORM_ENCODED:
        return true;
    case FORM_14_BITS: {
        uint64_t low;
        if (!rcs_rdb_take_big_endian(in, 1, &low)) {
            return false;
        }
        *out = *out << 8 | low;
        return true;
    }
    case FORM_BYTES:
        return (head == LENGTH_4_BYTES || head == LENGTH_8_BYTES) &&
               rcs_rdb_take_big_endian(in, head == LENGTH_4_BYTES ? 4 : 8, out);
    }
    return false;
}

static bool take_integer(struct rcs_rdb_input *in, enum encoding encoding, struct rcs_buf *out)
{
    int64_t value;
    if (!rcs_rdb_take_signed(in, 1u << encoding, &value)) {
        return false;
    }
    rcs_buf_i64(out, value);
    return true;
}

/* Where no encoding makes sense Redis takes its number for the length (rdbLoadLen). */
bool rcs_rdb_take_length(struct rcs_rdb_input *in, uint64_t *out)
{
    bool encoded;
    return take_length(in, &encoded, out);
}

/* Redis 7.0 rdbLoadLzfStringObject: what cannot be expanded counts as nothing, and nothing may be
 * what was announced. */
static bool take_compressed(struct rcs_rdb_input *in, struct rcs_buf *out)
{
    uint64_t squeezed_bytes, size_bytes;
    if (!rcs_rdb_take_length(in, &squeezed_bytes) || !rcs_rdb_take_length(in, &size_bytes) ||
        squeezed_bytes > rcs_rdb_left(in) || size_bytes / LZF_EXPANSION_MOST > squeezed_bytes) {
        return false;
    }
    char *room = rcs_buf_room(out, size_bytes + 1);
    if (rcs_lzf_expand(in->at, squeezed_bytes, room, size_bytes) != size_bytes) {
        return false;
    }
    out->size_bytes += size_bytes;
    in->at += squeezed_bytes;
    return true;
}

bool rcs_rdb_take_string(struct rcs_rdb_input *in, struct rcs_buf *out)
{
    bool encoded;
    uint64_t length;
    if (!take_length(in, &encoded, &length)) {
        return false;
    }
    if (encoded) {
        return length == ENCODED_LZF
                   ? take_compressed(in, out)
                   : length <= ENCODED_INT32 && take_integer(in, (enum encoding)length, out);
    }
    if (length > rcs_rdb_left(in)) {
        return false;
    }
    rcs_buf_add(out, in->at, length);
    in->at += length;
    return true;
}

enum rcs_err rcs_rdb_string_read(const void *bytes, size_t size_bytes, size_t *used,
                                 struct rcs_buf *out)
{
    struct rcs_rdb_input in = { bytes, (const uint8_t *)bytes + size_bytes };
    if (!rcs_rdb_take_string(&in, out)) {
        return RCS_ERR_PROTOCOL;
    }
    *used = (size_t)(in.at - (const uint8_t *)bytes);
    return RCS_OK;
}

bool rcs_dump_check(const void *payload, size_t size_bytes, unsigned version)
{
    if (size_bytes < FOOTER_BYTES) {
        return false;
    }
    const uint8_t *footer = (const uint8_t *)payload + size_bytes - FOOTER_BYTES;
    return rcs_rdb_little_endian(footer, VERSION_BYTES) <= version &&
           rcs_rdb_little_endian(footer + VERSION_BYTES, RCS_RDB_CHECKSUM_BYTES) ==
               rcs_crc64(0, payload, size_bytes - RCS_RDB_CHECKSUM_BYTES);
}

enum rcs_err rcs_dump_read(const void *payload, size_t size_bytes, unsigned *type,
                           struct rcs_rdb_value *out)
{
    RCS_ASSERT(size_bytes >= FOOTER_BYTES);
    const uint8_t *bytes = payload;
    size_t used;
    *type = bytes[0];
    /* The footer is not kept apart from the value, here as there. */
    return rcs_rdb_value_read(bytes + 1, size_bytes - 1, *type, &used, out);
}
