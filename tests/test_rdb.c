#include "tests/support/support.h"

#include <rcsim/rdb.h>

#include "tests/support/pieces.h"
#include "tests/support/tsv.h"

static uint64_t crc64_bit_by_bit(const uint8_t *bytes, size_t size_bytes)
{
    uint64_t crc = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ UINT64_C(0x95ac9329ac4bc9b5) : crc >> 1;
        }
    }
    return crc;
}

static void crc64_check_value(void **state)
{
    (void)state;
    assert_true(rcs_crc64(0, "123456789", 9) == UINT64_C(0xe9c6d914c4b8d9ca));
    assert_true(rcs_crc64(0, NULL, 0) == 0);
    assert_true(rcs_crc64(rcs_crc64(0, "1234", 4), "56789", 5) == UINT64_C(0xe9c6d914c4b8d9ca));
}

static void crc64_equals_the_definition(void **state)
{
    (void)state;
    uint32_t random = 3;
    uint8_t bytes[300];
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)test_piece(&random, 256);
        }
        assert_true(rcs_crc64(0, bytes, size) == crc64_bit_by_bit(bytes, size));
    }
}

/* --- payloads of a real server ---------------------------------------------------------------- */

static void each_row(void (*check)(const uint8_t *value, size_t value_bytes, const uint8_t *payload,
                                   size_t payload_bytes))
{
    struct tsv file;
    char *row[2];
    unsigned count = 0;
    for (tsv_open(&file, "rdb/dump-7.0.tsv"); tsv_row(&file, row, 2); count++) {
        size_t value_bytes, payload_bytes;
        uint8_t *value = test_hex(row[0], &value_bytes);
        uint8_t *payload = test_hex(row[1], &payload_bytes);
        check(value, value_bytes, payload, payload_bytes);
        free(value);
        free(payload);
    }
    tsv_close(&file);
    assert_in_range(count, 60, 1000);
}

static void write_text(struct rcs_buf *out, unsigned version, const void *bytes, size_t size_bytes)
{
    struct rcs_arg text = { bytes, (uint32_t)size_bytes };
    struct rcs_rdb_value value = { .kind = RCS_RDB_STRING, .count = 1, .items = &text };
    rcs_dump_write(out, version, &value);
}

static void check_written(const uint8_t *value, size_t value_bytes, const uint8_t *payload,
                          size_t payload_bytes)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    write_text(&out, RCS_RDB_VERSION, value, value_bytes);
    assert_int_equal(out.size_bytes, payload_bytes);
    assert_memory_equal(out.data, payload, payload_bytes);
    rcs_buf_close(&out);
}

static void payloads_are_a_real_servers_byte_for_byte(void **state)
{
    (void)state;
    each_row(check_written);
}

static void check_read(const uint8_t *value, size_t value_bytes, const uint8_t *payload,
                       size_t payload_bytes)
{
    struct rcs_rdb_value out;
    unsigned type;
    assert_true(rcs_dump_check(payload, payload_bytes, RCS_RDB_VERSION));
    assert_int_equal(rcs_dump_read(payload, payload_bytes, &type, &out), RCS_OK);
    assert_int_equal(type, 0);
    assert_int_equal(out.kind, RCS_RDB_STRING);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.items[0].size_bytes, value_bytes);
    if (value_bytes > 0) {
        assert_memory_equal(out.items[0].bytes, value, value_bytes);
    }
    rcs_rdb_value_close(&out);
}

static void payloads_of_a_real_server_are_read(void **state)
{
    (void)state;
    each_row(check_read);
}

/* Cut anywhere, in a block of exactly that size, nothing but the whole is accepted. */
static void check_cut(const uint8_t *value, size_t value_bytes, const uint8_t *payload,
                      size_t payload_bytes)
{
    (void)value;
    (void)value_bytes;
    for (size_t size = 0; size < payload_bytes && payload_bytes < 400; size++) {
        uint8_t *cut = malloc(size > 0 ? size : 1);
        assert_non_null(cut);
        memcpy(cut, payload, size);
        assert_false(rcs_dump_check(cut, size, RCS_RDB_VERSION));
        struct rcs_buf out;
        size_t used;
        rcs_buf_init(&out);
        if (size < payload_bytes - 10) {
            assert_int_equal(rcs_rdb_string_read(cut + 1, size > 0 ? size - 1 : 0, &used, &out),
                             RCS_ERR_PROTOCOL);
            assert_int_equal(out.size_bytes, 0);
        }
        rcs_buf_close(&out);
        free(cut);
    }
}

static void a_payload_cut_short_is_refused(void **state)
{
    (void)state;
    each_row(check_cut);
}

static void version_and_checksum_are_checked(void **state)
{
    (void)state;
    struct rcs_buf out;
    rcs_buf_init(&out);
    write_text(&out, 11, "v", 1);
    assert_false(rcs_dump_check(out.data, out.size_bytes, 10));
    assert_true(rcs_dump_check(out.data, out.size_bytes, 11));
    for (size_t i = 0; i < out.size_bytes; i++) {
        out.data[i] ^= 1;
        assert_false(rcs_dump_check(out.data, out.size_bytes, 11));
        out.data[i] ^= 1;
    }
    rcs_buf_close(&out);
}

/* --- odd strings: what RESTORE of redis-server 7.0.15 made of them, footers put behind -------- */

struct odd_row {
    const char *name;
    const char *bytes;
    size_t size_bytes;
    const char *want; /* NULL: "Bad data format" */
};
#define BYTES(text) text, sizeof(text) - 1

static const struct odd_row odd_rows[] = {
    { "rdb string: nothing", BYTES(""), NULL },
    { "rdb string: a number without its byte", BYTES("\xc0"), NULL },
    { "rdb string: an encoding nobody knows", BYTES("\xc4"), NULL },
    { "rdb string: a length form nobody knows", BYTES("\x82"), NULL },
    { "rdb string: four bytes of length for two", BYTES("\x80\0\0\0\2ab"), "ab" },
    { "rdb string: eight bytes of length for two", BYTES("\x81\0\0\0\0\0\0\0\2ab"), "ab" },
    { "rdb string: two bytes of length for two", BYTES("\x40\2ab"), "ab" },
    { "rdb string: a length beyond memory",
      BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff"
            "ab"),
      NULL },
    { "rdb string: more than is needed", BYTES("\2abEXTRA"), "ab" },
    { "rdb string: int8", BYTES("\xc0\x85"), "-123" },
    { "rdb string: int16", BYTES("\xc1\x05\x0a"), "2565" },
    { "rdb string: int32", BYTES("\xc2\0\0\0\x80"), "-2147483648" },
    { "rdb string: a run expanded", BYTES("\xc3\3\2\1ab"), "ab" },
    { "rdb string: a repetition of what it writes", BYTES("\xc3\4\5\0a\x40\0"), "aaaaa" },
    { "rdb string: more announced than expanded", BYTES("\xc3\3\3\1ab"), NULL },
    { "rdb string: less announced than expanded", BYTES("\xc3\3\1\1ab"), NULL },
    { "rdb string: nothing compressed", BYTES("\xc3\0\0"), "" },
    { "rdb string: broken, but nothing was announced", BYTES("\xc3\2\0\0a"), "" },
    { "rdb string: a run without bytes", BYTES("\xc3\1\1\x20"), NULL },
    { "rdb string: a repetition from before the beginning", BYTES("\xc3\5\3\0a\x20\1\0"), NULL },
    { "rdb string: megabytes announced for three bytes", BYTES("\xc3\3\x80\x7f\0\0\0\0ab"), NULL },
    { "rdb string: compressed length as an encoding", BYTES("\xc3\xc3\2\1ab"), "ab" },
};

static void odd_row(void **state)
{
    const struct odd_row *row = *state;
    uint8_t *bytes = malloc(row->size_bytes > 0 ? row->size_bytes : 1);
    assert_non_null(bytes);
    memcpy(bytes, row->bytes, row->size_bytes);
    struct rcs_buf out;
    size_t used;
    rcs_buf_init(&out);
    rcs_buf_text(&out, "before ");
    enum rcs_err err = rcs_rdb_string_read(bytes, row->size_bytes, &used, &out);
    rcs_buf_add(&out, "", 1);
    assert_int_equal(err, row->want == NULL ? RCS_ERR_PROTOCOL : RCS_OK);
    assert_memory_equal(out.data, "before ", 7);
    assert_string_equal(out.data + 7, row->want == NULL ? "" : row->want);
    rcs_buf_close(&out);
    free(bytes);
}

/* Random texts of few and many letters: what was compressed comes back. */
static void compressed_strings_come_back(void **state)
{
    (void)state;
    uint32_t random = 5;
    uint8_t text[3000];
    for (unsigned round = 0; round < 400; round++) {
        size_t size = test_piece(&random, sizeof(text)), letters = 1 + test_piece(&random, 30);
        for (size_t i = 0; i < size; i++) {
            text[i] = (uint8_t)('a' + test_piece(&random, letters));
        }
        struct rcs_buf coded, out;
        size_t used;
        rcs_buf_init(&coded);
        rcs_buf_init(&out);
        rcs_rdb_string_write(&coded, text, size);
        assert_int_equal(rcs_rdb_string_read(coded.data, coded.size_bytes, &used, &out), RCS_OK);
        assert_int_equal(used, coded.size_bytes);
        assert_int_equal(out.size_bytes, size);
        assert_memory_equal(out.data, text, size);
        rcs_buf_close(&coded);
        rcs_buf_close(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc64_check_value),
        cmocka_unit_test(crc64_equals_the_definition),
        cmocka_unit_test(payloads_are_a_real_servers_byte_for_byte),
        cmocka_unit_test(payloads_of_a_real_server_are_read),
        cmocka_unit_test(a_payload_cut_short_is_refused),
        cmocka_unit_test(version_and_checksum_are_checked),
        cmocka_unit_test(compressed_strings_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + test_rows(odd_row, odd_rows);
}
