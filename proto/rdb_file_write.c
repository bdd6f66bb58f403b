/* Whole RDB files, written (Redis 7.0 rdbSaveRio). */
#include <rcsim/rdb_file.h>

#include <string.h>

#include "proto/rdb_parts.h"

static void add_field(struct rcs_buf *out, const char *name, const char *text, size_t size_bytes)
{
    rcs_rdb_add_byte(out, RCS_RDB_OPCODE_AUX);
    rcs_rdb_string_write(out, name, strlen(name));
    rcs_rdb_string_write(out, text, size_bytes);
}

static void add_number_field(struct rcs_buf *out, const char *name, int64_t number)
{
    char text[RCS_DECIMAL_MAX];
    add_field(out, name, text, rcs_decimal_write(text, number));
}

/* Redis 7.0 rdbSaveInfoAuxFields. */
static void add_fields(struct rcs_buf *out, const struct rcs_rdb_info *info)
{
    add_field(out, "redis-ver", info->redis_version, strlen(info->redis_version));
    add_number_field(out, "redis-bits", info->bits);
    add_number_field(out, "ctime", info->created_s);
    add_number_field(out, "used-mem", info->used_memory_bytes);
    if (info->version < RCS_RDB_VERSION_BINARY) {
        return;
    }
    if (info->replid[0] != '\0') {
        add_number_field(out, "repl-stream-db", info->repl_stream_db);
        add_field(out, "repl-id", info->replid, strlen(info->replid));
        add_number_field(out, "repl-offset", info->repl_offset);
    }
    add_number_field(out, info->version < RCS_RDB_VERSION_LISTPACK ? "aof-preamble" : "aof-base",
                     info->aof_base);
}

void rcs_rdb_writer_init(struct rcs_rdb_writer *writer, struct rcs_buf *out,
                         const struct rcs_rdb_info *info)
{
    *writer = (struct rcs_rdb_writer){ out, out->size_bytes, info->version };
    rcs_buf_format(out, RCS_RDB_MAGIC "%04u", info->version);
    if (info->version >= RCS_RDB_VERSION_AUX) {
        add_fields(out, info);
    }
}

void rcs_rdb_write_database(struct rcs_rdb_writer *writer, unsigned database, size_t keys,
                            size_t expires)
{
    RCS_ASSERT(keys > 0 && expires <= keys);
    rcs_rdb_add_byte(writer->out, RCS_RDB_OPCODE_DATABASE);
    rcs_rdb_add_length(writer->out, database);
    if (writer->version >= RCS_RDB_VERSION_AUX) {
        rcs_rdb_add_byte(writer->out, RCS_RDB_OPCODE_RESIZE);
        rcs_rdb_add_length(writer->out, keys);
        rcs_rdb_add_length(writer->out, expires);
    }
}

void rcs_rdb_write_key(struct rcs_rdb_writer *writer, const struct rcs_arg *key, int64_t expire_ms,
                       const struct rcs_rdb_value *value)
{
    if (expire_ms != RCS_RDB_NO_EXPIRE) {
        rcs_rdb_add_byte(writer->out, RCS_RDB_OPCODE_EXPIRE_MS);
        rcs_rdb_add_little_endian(writer->out, (uint64_t)expire_ms, sizeof(expire_ms));
    }
    rcs_rdb_add_byte(writer->out, rcs_rdb_value_type(value, writer->version));
    rcs_rdb_string_write(writer->out, key->bytes, key->size_bytes);
    rcs_rdb_value_write(writer->out, value, writer->version);
}

void rcs_rdb_write_end(struct rcs_rdb_writer *writer)
{
    struct rcs_buf *out = writer->out;
    rcs_rdb_add_byte(out, RCS_RDB_OPCODE_END);
    uint64_t crc = rcs_crc64(0, out->data + writer->begin, out->size_bytes - writer->begin);
    rcs_rdb_add_little_endian(out, crc, RCS_RDB_CHECKSUM_BYTES);
}
