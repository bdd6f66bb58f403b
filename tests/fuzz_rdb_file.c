/* Any bytes as an RDB file: refused, or the same keys after they were written and read again, as
 * parts and as values of a data set. The input's checksum is not needed: most inputs would never
 * get past it. */
#include <stdlib.h>
#include <string.h>

#include "sim/keys/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies the keys of a file into another; returns how many, or -1 if it is refused. */
static int copy(const void *data, size_t size, struct rcs_buf *out)
{
    struct rcs_rdb_reader reader;
    struct rcs_rdb_writer writer;
    const struct rcs_rdb_key *key;
    struct rcs_diag diag = { .text = "" };
    int keys = 0;
    if (rcs_rdb_reader_init(&reader, data, size, 12, &diag) != RCS_OK) {
        RCS_ASSERT(diag.text[0] != '\0');
        return -1;
    }
    struct rcs_rdb_info info = reader.info;
    info.version = RCS_RDB_VERSION;
    rcs_rdb_writer_init(&writer, out, &info);
    enum rcs_err err;
    while ((err = rcs_rdb_reader_next(&reader, &key, &diag)) == RCS_OK && key != NULL) {
        rcs_rdb_write_database(&writer, key->database, 1, key->expire_ms != RCS_RDB_NO_EXPIRE);
        rcs_rdb_write_key(&writer, &key->name, key->expire_ms, &key->value);
        keys++;
    }
    RCS_ASSERT(err == RCS_OK ? reader.used > 0 && reader.used <= size : diag.text[0] != '\0');
    rcs_rdb_reader_close(&reader);
    rcs_rdb_write_end(&writer);
    return err == RCS_OK ? keys : -1;
}

/* False: refused. */
static bool save_again(const struct rcs_buf *file, struct rcs_buf *out)
{
    struct rcs_snapshot *snapshot;
    struct rcs_rdb_info info;
    if (rcs_snapshot_read_rdb(file->data, file->size_bytes, 12, &rcs_value_limits_default,
                              &snapshot, &info, NULL, NULL) != RCS_OK) {
        return false;
    }
    info.version = RCS_RDB_VERSION;
    rcs_snapshot_write_rdb(snapshot, &info, out);
    rcs_snapshot_release(snapshot);
    return true;
}

/* The first time values may become more compact, or change the order of a set. */
static void check_values(const struct rcs_buf *input)
{
    struct rcs_buf first, second;
    rcs_buf_init(&first);
    rcs_buf_init(&second);
    if (save_again(input, &first)) {
        RCS_ASSERT(save_again(&first, &second));
        RCS_ASSERT(first.size_bytes == second.size_bytes &&
                   memcmp(first.data, second.data, first.size_bytes) == 0);
    }
    rcs_buf_close(&second);
    rcs_buf_close(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rcs_buf input, first, second;
    rcs_buf_init(&input);
    rcs_buf_init(&first);
    rcs_buf_init(&second);
    rcs_buf_add(&input, data, size);
    rcs_buf_add(&input, "\xff\0\0\0\0\0\0\0\0", 9); /* an end without checksum */
    int keys = copy(input.data, input.size_bytes, &first);
    if (keys >= 0) {
        RCS_ASSERT(copy(first.data, first.size_bytes, &second) == keys);
        RCS_ASSERT(first.size_bytes == second.size_bytes);
        RCS_ASSERT(memcmp(first.data, second.data, first.size_bytes) == 0);
    }
    check_values(&input);
    rcs_buf_close(&second);
    rcs_buf_close(&first);
    rcs_buf_close(&input);
    return 0;
}
