/* Any bytes as a string in RDB form and as a payload of DUMP: refused, or the same after it was
 * written and read again. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/rdb.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const uint8_t *data, size_t size)
{
    struct rcs_buf text, coded, again;
    size_t used;
    rcs_buf_init(&text);
    rcs_buf_init(&coded);
    rcs_buf_init(&again);
    if (rcs_rdb_string_read(data, size, &used, &text) == RCS_OK) {
        RCS_ASSERT(used > 0 && used <= size);
        rcs_rdb_string_write(&coded, text.data, text.size_bytes);
        RCS_ASSERT(rcs_rdb_string_read(coded.data, coded.size_bytes, &used, &again) == RCS_OK);
        RCS_ASSERT(used == coded.size_bytes && again.size_bytes == text.size_bytes);
        RCS_ASSERT(text.size_bytes == 0 || memcmp(again.data, text.data, text.size_bytes) == 0);
    } else {
        RCS_ASSERT(text.size_bytes == 0);
    }
    rcs_buf_close(&text);
    rcs_buf_close(&coded);
    rcs_buf_close(&again);
}

/* The input is a value: compressed and expanded it comes back. */
static void check_value(const uint8_t *data, size_t size)
{
    struct rcs_buf payload, text;
    unsigned type;
    rcs_buf_init(&payload);
    rcs_buf_init(&text);
    rcs_dump_write(&payload, RCS_RDB_VERSION, data, size);
    RCS_ASSERT(rcs_dump_check(payload.data, payload.size_bytes, RCS_RDB_VERSION));
    RCS_ASSERT(rcs_dump_read(payload.data, payload.size_bytes, &type, &text) == RCS_OK);
    RCS_ASSERT(text.size_bytes == size && (size == 0 || memcmp(text.data, data, size) == 0));
    rcs_buf_close(&payload);
    rcs_buf_close(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rcs_buf text;
    unsigned type;
    check_string(data, size);
    check_value(data, size);
    rcs_buf_init(&text);
    if (size >= 10) { /* as if the checksum had fitted */
        (void)rcs_dump_check(data, size, RCS_RDB_VERSION);
        (void)rcs_dump_read(data, size, &type, &text);
    }
    rcs_buf_close(&text);
    return 0;
}
