/* Any bytes as a string in RDB form, as a value of every type and as a payload of DUMP: refused, or
 * the same after it was written and read again. */
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

/* The input is a text: compressed and expanded it comes back. */
static void check_text(const uint8_t *data, size_t size)
{
    struct rcs_arg text = { (const char *)data, (uint32_t)size };
    struct rcs_rdb_value value = { .kind = RCS_RDB_STRING, .count = 1, .items = &text }, again;
    struct rcs_buf payload;
    unsigned type;
    rcs_buf_init(&payload);
    rcs_dump_write(&payload, RCS_RDB_VERSION, &value);
    RCS_ASSERT(rcs_dump_check(payload.data, payload.size_bytes, RCS_RDB_VERSION));
    RCS_ASSERT(rcs_dump_read(payload.data, payload.size_bytes, &type, &again) == RCS_OK);
    RCS_ASSERT(again.count == 1 && again.items[0].size_bytes == size);
    RCS_ASSERT(size == 0 || memcmp(again.items[0].bytes, data, size) == 0);
    rcs_rdb_value_close(&again);
    rcs_buf_close(&payload);
}

static void check_same(const struct rcs_rdb_value *a, const struct rcs_rdb_value *b)
{
    RCS_ASSERT(a->kind == b->kind && a->encoding == b->encoding && a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        RCS_ASSERT(a->items[i].size_bytes == b->items[i].size_bytes);
        RCS_ASSERT(memcmp(a->items[i].bytes, b->items[i].bytes, a->items[i].size_bytes) == 0);
        RCS_ASSERT(a->scores == NULL || a->scores[i] == b->scores[i]);
    }
}

/* A value as every release writes it is that value. */
static void check_again(const struct rcs_rdb_value *value)
{
    for (unsigned version = 6; version <= RCS_RDB_VERSION; version++) {
        struct rcs_buf payload;
        struct rcs_rdb_value again;
        unsigned type;
        rcs_buf_init(&payload);
        rcs_dump_write(&payload, version, value);
        RCS_ASSERT(rcs_dump_read(payload.data, payload.size_bytes, &type, &again) == RCS_OK);
        check_same(value, &again);
        rcs_rdb_value_close(&again);
        rcs_buf_close(&payload);
    }
}

static void check_value(const uint8_t *data, size_t size, unsigned wanted_type)
{
    struct rcs_rdb_value value;
    size_t used;
    enum rcs_err err = rcs_rdb_value_read(data, size, wanted_type, &used, &value);
    RCS_ASSERT(used <= size);
    if (err == RCS_OK) {
        RCS_ASSERT(value.count > 0);
        check_again(&value);
    }
    rcs_rdb_value_close(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_string(data, size);
    check_text(data, size);
    if (size > 0) {
        check_value(data + 1, size - 1, data[0]);
    }
    if (size >= 10) {
        (void)rcs_dump_check(data, size, RCS_RDB_VERSION);
    }
    return 0;
}
