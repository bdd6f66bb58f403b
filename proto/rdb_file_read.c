/* Whole RDB files, read key by key (Redis 7.0 rdbLoadRio). */
#include <rcsim/rdb_file.h>

#include <stdio.h>
#include <string.h>

#include "proto/rdb_parts.h"

#define MAGIC_BYTES    5
#define VERSION_DIGITS 4
#define NAME_SHOWN_MAX 64 /* bytes of a key in an error */

static enum rcs_err refuse(struct rcs_diag *diag, const struct rcs_rdb_reader *reader,
                           const uint8_t *at, enum rcs_err err, const char *what)
{
    return rcs_diag_set(diag, err, 0, 0, "byte %zu of the RDB file: %s",
                        (size_t)(at - reader->begin), what);
}

/* --- fields ----------------------------------------------------------------------------------- */

static void read_number(const struct rcs_buf *text, int64_t *out)
{
    int64_t number;
    if (rcs_decimal_read(text->data, text->size_bytes, &number)) {
        *out = number;
    }
}

/* As far as it is a text at all. */
static void read_text(const struct rcs_buf *text, char *out, size_t room_bytes)
{
    if (text->size_bytes > 0 && text->size_bytes < room_bytes &&
        memchr(text->data, '\0', text->size_bytes) == NULL) {
        memcpy(out, text->data, text->size_bytes);
        out[text->size_bytes] = '\0';
    }
}

static void take_field_text(struct rcs_rdb_info *info, const char *name, const struct rcs_buf *text)
{
    int64_t number = 0;
    read_number(text, &number);
    if (strcmp(name, "redis-ver") == 0) {
        read_text(text, info->redis_version, sizeof(info->redis_version));
    } else if (strcmp(name, "redis-bits") == 0) {
        info->bits = number == 32 || number == 64 ? (unsigned)number : 0;
    } else if (strcmp(name, "ctime") == 0) {
        info->created_s = number;
    } else if (strcmp(name, "used-mem") == 0) {
        info->used_memory_bytes = number;
    } else if (strcmp(name, "repl-stream-db") == 0) {
        info->repl_stream_db = number >= 0 && number <= INT16_MAX ? (int)number : 0;
    } else if (strcmp(name, "repl-id") == 0 && text->size_bytes == RCS_ID_LEN) {
        read_text(text, info->replid, sizeof(info->replid));
    } else if (strcmp(name, "repl-offset") == 0) {
        info->repl_offset = number;
    } else if (strcmp(name, "aof-base") == 0 || strcmp(name, "aof-preamble") == 0) {
        info->aof_base = number != 0;
    } /* others are no error: that is what fields are for */
}

static bool take_field(struct rcs_rdb_reader *reader, struct rcs_rdb_input *in)
{
    struct rcs_buf name, text;
    rcs_buf_init(&name);
    rcs_buf_init(&text);
    bool sound = rcs_rdb_take_string(in, &name) && rcs_rdb_take_string(in, &text);
    if (sound) {
        rcs_buf_add(&name, "", 1);
        take_field_text(&reader->info, name.data, &text);
    }
    rcs_buf_close(&name);
    rcs_buf_close(&text);
    return sound;
}

/* --- what stands between keys ----------------------------------------------------------------- */

static bool take_database(struct rcs_rdb_reader *reader, struct rcs_rdb_input *in)
{
    uint64_t database;
    if (!rcs_rdb_take_length(in, &database) || database > INT32_MAX) {
        return false;
    }
    reader->key.database = (unsigned)database;
    return true;
}

/* True: the opcode, whose byte was taken, is dealt with. */
static bool take_opcode(struct rcs_rdb_reader *reader, struct rcs_rdb_input *in, unsigned opcode)
{
    uint64_t keys, expires, idle_s;
    unsigned frequency;
    switch (opcode) {
    case RCS_RDB_OPCODE_AUX:
        return take_field(reader, in);
    case RCS_RDB_OPCODE_DATABASE:
        return take_database(reader, in);
    case RCS_RDB_OPCODE_RESIZE:
        return rcs_rdb_take_length(in, &keys) && rcs_rdb_take_length(in, &expires);
    case RCS_RDB_OPCODE_IDLE:
        return rcs_rdb_take_length(in, &idle_s);
    case RCS_RDB_OPCODE_FREQUENCY:
        return rcs_rdb_take_byte(in, &frequency);
    case RCS_RDB_OPCODE_EXPIRE_MS:
        return rcs_rdb_take_signed(in, 8, &reader->expire_ms);
    case RCS_RDB_OPCODE_EXPIRE_S:
        if (!rcs_rdb_take_signed(in, 4, &reader->expire_ms)) {
            return false;
        }
        reader->expire_ms *= 1000;
        return true;
    default: /* no other is asked for */
        return false;
    }
}

/* Stops before the type of a key or the end. */
static enum rcs_err pass_opcodes(struct rcs_rdb_reader *reader, struct rcs_diag *diag)
{
    struct rcs_rdb_input in = { reader->at, reader->end };
    for (;;) {
        const uint8_t *here = in.at;
        unsigned opcode;
        if (!rcs_rdb_take_byte(&in, &opcode)) {
            return refuse(diag, reader, here, RCS_ERR_PROTOCOL, "it ends before its end");
        }
        if (opcode < RCS_RDB_OPCODE_FUNCTION || opcode == RCS_RDB_OPCODE_END) {
            reader->at = here;
            return RCS_OK;
        }
        if (opcode == RCS_RDB_OPCODE_FUNCTION || opcode == RCS_RDB_OPCODE_FUNCTION_OLD) {
            return refuse(diag, reader, here, RCS_ERR_UNKNOWN,
                          "it holds functions (FUNCTION LOAD), which rcsim does not have");
        }
        if (opcode == RCS_RDB_OPCODE_MODULE_AUX) {
            return refuse(diag, reader, here, RCS_ERR_UNKNOWN,
                          "it holds data of a module, which rcsim does not have");
        }
        if (!take_opcode(reader, &in, opcode)) {
            return refuse(diag, reader, here, RCS_ERR_PROTOCOL, "a field is broken or cut short");
        }
    }
}

static enum rcs_err take_end(struct rcs_rdb_reader *reader, struct rcs_diag *diag)
{
    const uint8_t *checksum = reader->at + 1;
    if (reader->info.version < RCS_RDB_VERSION_CHECKSUM) {
        reader->used = (size_t)(checksum - reader->begin);
        return RCS_OK;
    }
    if (reader->end - checksum < RCS_RDB_CHECKSUM_BYTES) {
        return refuse(diag, reader, checksum, RCS_ERR_PROTOCOL, "the checksum is cut short");
    }
    uint64_t have = rcs_rdb_little_endian(checksum, RCS_RDB_CHECKSUM_BYTES);
    if (have != 0 && have != rcs_crc64(0, reader->begin, (size_t)(checksum - reader->begin))) {
        return refuse(diag, reader, checksum, RCS_ERR_PROTOCOL, "the checksum does not fit");
    }
    reader->used = (size_t)(checksum - reader->begin) + RCS_RDB_CHECKSUM_BYTES;
    return RCS_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Names the key, as far as it can be printed. */
static enum rcs_err refuse_value(const struct rcs_rdb_reader *reader, unsigned type,
                                 enum rcs_err err, struct rcs_diag *diag)
{
    char name[NAME_SHOWN_MAX + 1], what[NAME_SHOWN_MAX + 128];
    size_t shown =
        reader->name.size_bytes < NAME_SHOWN_MAX ? reader->name.size_bytes : NAME_SHOWN_MAX;
    for (size_t i = 0; i < shown; i++) {
        char byte = reader->name.data[i];
        name[i] = byte >= ' ' && byte <= '~' ? byte : '?';
    }
    name[shown] = '\0';
    const char *type_name = rcs_rdb_type_name(type);
    if (err == RCS_ERR_UNKNOWN) {
        snprintf(what, sizeof(what), "key \"%s\" is a %s, which rcsim does not have", name,
                 type_name);
    } else if (type_name == NULL) {
        snprintf(what, sizeof(what), "key \"%s\" is of type %u, which Redis 7.0 does not know",
                 name, type);
    } else {
        snprintf(what, sizeof(what), "the %s of key \"%s\" is broken", type_name, name);
    }
    return refuse(diag, reader, reader->at, err, what);
}

/* RCS_ERR_RANGE: a key without elements. */
static enum rcs_err take_key(struct rcs_rdb_reader *reader, struct rcs_diag *diag)
{
    struct rcs_rdb_input in = { reader->at, reader->end };
    unsigned type;
    size_t used;
    rcs_buf_clear(&reader->name);
    if (!rcs_rdb_take_byte(&in, &type) || !rcs_rdb_take_string(&in, &reader->name) ||
        reader->name.size_bytes > UINT32_MAX) {
        return refuse(diag, reader, reader->at, RCS_ERR_PROTOCOL,
                      "the name of a key is broken or cut short");
    }
    enum rcs_err err =
        rcs_rdb_value_read(in.at, rcs_rdb_left(&in), type, &used, &reader->key.value);
    if (err == RCS_OK || err == RCS_ERR_RANGE) {
        reader->at = in.at + used;
        reader->key.expire_ms = reader->expire_ms;
        reader->expire_ms = RCS_RDB_NO_EXPIRE;
        reader->key.name = (struct rcs_arg){ reader->name.size_bytes > 0 ? reader->name.data : "",
                                             (uint32_t)reader->name.size_bytes };
        return err;
    }
    return refuse_value(reader, type, err, diag);
}

static enum rcs_err take_next(struct rcs_rdb_reader *reader, bool *found, struct rcs_diag *diag)
{
    for (;;) {
        enum rcs_err err = pass_opcodes(reader, diag);
        if (err != RCS_OK) {
            return err;
        }
        *found = *reader->at != RCS_RDB_OPCODE_END;
        err = *found ? take_key(reader, diag) : take_end(reader, diag);
        if (err != RCS_ERR_RANGE) {
            return err;
        }
        reader->empty_keys++;
    }
}

enum rcs_err rcs_rdb_reader_next(struct rcs_rdb_reader *reader, const struct rcs_rdb_key **out,
                                 struct rcs_diag *diag)
{
    bool found;
    *out = NULL;
    rcs_rdb_value_close(&reader->key.value);
    if (reader->used > 0) {
        return RCS_OK;
    }
    enum rcs_err err = take_next(reader, &found, diag);
    if (err == RCS_OK && found) {
        *out = &reader->key;
    }
    return err;
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* 0: no version. */
static unsigned version_of(const uint8_t *digits)
{
    unsigned version = 0;
    for (unsigned i = 0; i < VERSION_DIGITS; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return 0;
        }
        version = version * 10 + digits[i] - '0';
    }
    return version;
}

enum rcs_err rcs_rdb_reader_init(struct rcs_rdb_reader *reader, const void *bytes,
                                 size_t size_bytes, unsigned version, struct rcs_diag *diag)
{
    const uint8_t *begin = size_bytes > 0 ? bytes : (const void *)""; /* nothing may be NULL */
    *reader = (struct rcs_rdb_reader){
        .info = { .created_s = -1, .used_memory_bytes = -1 },
        .begin = begin,
        .at = begin,
        .end = begin + size_bytes,
        .expire_ms = RCS_RDB_NO_EXPIRE,
    };
    rcs_buf_init(&reader->name);
    if (size_bytes < MAGIC_BYTES + VERSION_DIGITS ||
        memcmp(begin, RCS_RDB_MAGIC, MAGIC_BYTES) != 0) {
        return rcs_diag_set(diag, RCS_ERR_PROTOCOL, 0, 0,
                            "no RDB file: it does not begin with REDIS and a version");
    }
    reader->info.version = version_of(reader->at + MAGIC_BYTES);
    if (reader->info.version < 1 || reader->info.version > version) {
        return rcs_diag_set(diag, RCS_ERR_PROTOCOL, 0, 0,
                            "an RDB file of version %.4s; versions 1 to %u can be read",
                            (const char *)reader->at + MAGIC_BYTES, version);
    }
    reader->at += MAGIC_BYTES + VERSION_DIGITS;
    return pass_opcodes(reader, diag);
}

void rcs_rdb_reader_close(struct rcs_rdb_reader *reader)
{
    rcs_rdb_value_close(&reader->key.value);
    rcs_buf_close(&reader->name);
}
