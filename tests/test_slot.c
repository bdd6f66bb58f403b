#include "tests/support/support.h"

#include <rcsim/slot.h>

#include "tests/support/pieces.h"
#include "tests/support/tsv.h"

/* --- CRC16 ------------------------------------------------------------------------------------ */

static uint16_t crc16_bit_by_bit(const uint8_t *bytes, size_t size_bytes)
{
    unsigned crc = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        crc ^= (unsigned)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 0x8000 ? (crc << 1) ^ 0x11021 : crc << 1;
        }
    }
    return (uint16_t)crc;
}

static void crc16_check_value(void **state)
{
    (void)state;
    assert_int_equal(rcs_crc16("123456789", 9), 0x31c3);
    assert_int_equal(rcs_crc16("", 0), 0);
    assert_int_equal(rcs_crc16(NULL, 0), 0);
}

static void crc16_equals_the_definition(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (size_t size = 0; size <= 600; size++) {
        uint8_t *bytes = malloc(size + 1);
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)test_piece(&random, 256);
        }
        assert_int_equal(rcs_crc16(bytes, size), crc16_bit_by_bit(bytes, size));
        assert_int_equal(rcs_crc16(bytes + 1, size / 2), crc16_bit_by_bit(bytes + 1, size / 2));
        bytes = realloc(bytes, size > 0 ? size : 1); /* now without a byte to spare */
        assert_non_null(bytes);
        assert_int_equal(rcs_crc16(bytes, size), crc16_bit_by_bit(bytes, size));
        free(bytes);
    }
}

/* --- keys ------------------------------------------------------------------------------------- */

static void every_recorded_key(void **state)
{
    (void)state;
    struct tsv file;
    char *row[4];
    unsigned count = 0;
    for (tsv_open(&file, "slots.tsv"); tsv_row(&file, row, 4); count++) {
        size_t size_bytes;
        uint8_t *key = test_hex(row[2], &size_bytes);
        assert_int_equal(size_bytes, strtoul(row[1], NULL, 10));
        key = realloc(key, size_bytes > 0 ? size_bytes : 1);
        assert_non_null(key);
        if (rcs_slot_of_key(key, size_bytes) != strtoul(row[0], NULL, 10)) {
            fail_msg("key %s: slot %u, redis-server says %s", row[3],
                     rcs_slot_of_key(key, size_bytes), row[0]);
        }
        free(key);
    }
    tsv_close(&file);
    assert_int_equal(count, 2000);
}

struct tag_row {
    const char *key;
    const char *hashed; /* NULL: the whole key */
    unsigned slot;
};

static void tag_row(void **state)
{
    const struct tag_row *row = *state;
    const char *hashed = row->hashed == NULL ? row->key : row->hashed;
    assert_int_equal(rcs_slot_of_key(row->key, strlen(row->key)), row->slot);
    assert_int_equal(rcs_crc16(hashed, strlen(hashed)) % RCS_SLOTS, row->slot);
}

/* clang-format off */
static const struct tag_row tag_rows[] = {
    { "",                     NULL,       0 },
    { "foo",                  NULL,       12182 },
    { "foo{}",                NULL,       5542 },
    { "foo{}{bar}",           NULL,       8363 },
    { "{}",                   NULL,       15257 },
    { "{}{foo}",              NULL,       2263 },
    { "{foo}",                "foo",      12182 },
    { "foo{bar}baz",          "bar",      5061 },
    { "{user1000}.following", "user1000", 3443 },
    { "foo{{bar}}zap",        "{bar",     4015 },
    { "foo{bar}{zap}",        "bar",      5061 },
    { "{{}}",                 "{",        4092 },
    { "{}}",                  NULL,       14790 },
    { "}{",                   NULL,       12793 },
    { "}{a}",                 "a",        15495 },
    { "{a",                   NULL,       10276 },
    { "a}",                   NULL,       5921 },
    { "{",                    NULL,       4092 },
    { "a{b{c}d}e",            "b{c",      15725 },
    { "{ }",                  " ",        9314 },
};
/* clang-format on */

static void any_byte_is_a_byte_like_any_other(void **state)
{
    (void)state;
    assert_int_equal(rcs_slot_of_key("{\r\n}x", 5), 5910);
    assert_int_equal(rcs_slot_of_key("{\0}", 3), 0);
    assert_int_equal(rcs_slot_of_key("x{\0}y", 5), 0);
    assert_int_equal(rcs_slot_of_key("a\0{b}", 5), rcs_slot_of_key("b", 1));
}

/* --- bitmaps and ranges ----------------------------------------------------------------------- */

static void bitmap_has_the_order_of_the_bus(void **state)
{
    (void)state;
    struct rcs_slot_words words = { { 0 } }, again;
    uint8_t bytes[2048], expected[2048] = { 0 };
    static const unsigned slots[] = { 0, 7, 8, 63, 64, 5460, 16383 };
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        rcs_slot_words_add(&words, slots[i]);
        expected[slots[i] >> 3] |= (uint8_t)(1u << (slots[i] & 7));
    }
    rcs_slot_words_write(&words, bytes);
    assert_memory_equal(bytes, expected, sizeof(bytes));
    rcs_slot_words_read(&again, bytes);
    assert_memory_equal(&again, &words, sizeof(words));
    assert_int_equal(rcs_slot_words_count(&words), 7);
    assert_true(rcs_slot_words_has(&words, 5460));
    assert_false(rcs_slot_words_has(&words, 5461));
    rcs_slot_words_remove(&words, 5460);
    assert_false(rcs_slot_words_has(&words, 5460));
    assert_int_equal(rcs_slot_words_count(&words), 6);
}

struct ranges_row {
    const char *text;
    unsigned bounds[8][2];
    unsigned count;
};

static void ranges_row(void **state)
{
    const struct ranges_row *row = *state;
    struct rcs_slot_words words = { { 0 } };
    for (unsigned i = 0; i < row->count; i++) {
        for (unsigned slot = row->bounds[i][0]; slot <= row->bounds[i][1]; slot++) {
            rcs_slot_words_add(&words, slot);
        }
    }
    const size_t length = strlen(row->text);
    for (size_t capacity = 0; capacity <= length + 1; capacity++) {
        char *out = malloc(capacity > 0 ? capacity : 1);
        assert_non_null(out);
        assert_int_equal(rcs_slot_ranges_write(&words, " ", out, capacity), length);
        if (capacity > 0) {
            assert_int_equal(strlen(out), capacity - 1);
            assert_memory_equal(out, row->text, capacity - 1);
        }
        free(out);
    }
}

static const struct ranges_row ranges_rows[] = {
    { "", { { 0 } }, 0 },
    { "0", { { 0, 0 } }, 1 },
    { "16383", { { 16383, 16383 } }, 1 },
    { "0-16383", { { 0, 16383 } }, 1 },
    { "0-5460", { { 0, 5460 } }, 1 },
    { "0-1 3 5-6", { { 0, 1 }, { 3, 3 }, { 5, 6 } }, 3 },
    { "62-65 127-128 16320-16383", { { 62, 65 }, { 127, 128 }, { 16320, 16383 } }, 3 },
    { "63 65", { { 63, 63 }, { 65, 65 } }, 2 },
};

static void ranges_take_any_separator(void **state)
{
    (void)state;
    struct rcs_slot_words words = { { 0 } };
    char out[32];
    rcs_slot_words_add(&words, 1);
    rcs_slot_words_add(&words, 3);
    rcs_slot_words_add(&words, 4);
    assert_int_equal(rcs_slot_ranges_write(&words, ", ", out, sizeof(out)), 6);
    assert_string_equal(out, "1, 3-4");
}

struct read_row {
    const char *text;
    enum rcs_err err;
    unsigned first, last;
};

static void range_read_row(void **state)
{
    const struct read_row *row = *state;
    unsigned first = 77777, last = 77777;
    const size_t length = strlen(row->text);
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, row->text, length);
    assert_int_equal(rcs_slot_range_read(copy, length, &first, &last), row->err);
    assert_int_equal(first, row->err == RCS_OK ? row->first : 77777);
    assert_int_equal(last, row->err == RCS_OK ? row->last : 77777);
    free(copy);
}

/* clang-format off */
static const struct read_row read_rows[] = {
    { "0",                       RCS_OK,         0, 0 },
    { "16383",                   RCS_OK,         16383, 16383 },
    { "16384",                   RCS_ERR_RANGE,  0, 0 },
    { "0-16383",                 RCS_OK,         0, 16383 },
    { "0-16384",                 RCS_ERR_RANGE,  0, 0 },
    { "16384-16385",             RCS_ERR_RANGE,  0, 0 },
    { "5-5",                     RCS_OK,         5, 5 },
    { "6-5",                     RCS_ERR_RANGE,  0, 0 },
    { "18446744073709551616",    RCS_ERR_RANGE,  0, 0 },
    { "1-18446744073709551617",  RCS_ERR_RANGE,  0, 0 },
    { "",                        RCS_ERR_SYNTAX, 0, 0 },
    { "-",                       RCS_ERR_SYNTAX, 0, 0 },
    { "1-",                      RCS_ERR_SYNTAX, 0, 0 },
    { "-1",                      RCS_ERR_SYNTAX, 0, 0 },
    { "1-2-3",                   RCS_ERR_SYNTAX, 0, 0 },
    { "1 ",                      RCS_ERR_SYNTAX, 0, 0 },
    { "+1",                      RCS_ERR_SYNTAX, 0, 0 },
    { "01",                      RCS_ERR_SYNTAX, 0, 0 },
    { "0x1",                     RCS_ERR_SYNTAX, 0, 0 },
    { "99999-x",                 RCS_ERR_SYNTAX, 0, 0 },
};
/* clang-format on */

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROW(row, text, test)                                                                       \
    {                                                                                              \
        text, test, NULL, NULL, (void *)(uintptr_t)(row)                                           \
    }

int main(void)
{
    static const struct CMUnitTest fixed[] = {
        cmocka_unit_test(crc16_check_value),
        cmocka_unit_test(crc16_equals_the_definition),
        cmocka_unit_test(every_recorded_key),
        cmocka_unit_test(any_byte_is_a_byte_like_any_other),
        cmocka_unit_test(bitmap_has_the_order_of_the_bus),
        cmocka_unit_test(ranges_take_any_separator),
    };
    struct CMUnitTest tests[COUNT(fixed) + COUNT(tag_rows) + COUNT(ranges_rows) + COUNT(read_rows)];
    size_t count = COUNT(fixed);
    memcpy(tests, fixed, sizeof(fixed));
    for (size_t i = 0; i < COUNT(tag_rows); i++) {
        tests[count++] = (struct CMUnitTest)ROW(&tag_rows[i], tag_rows[i].key, tag_row);
    }
    for (size_t i = 0; i < COUNT(ranges_rows); i++) {
        tests[count++] = (struct CMUnitTest)ROW(&ranges_rows[i], ranges_rows[i].text, ranges_row);
    }
    for (size_t i = 0; i < COUNT(read_rows); i++) {
        tests[count++] = (struct CMUnitTest)ROW(&read_rows[i], read_rows[i].text, range_read_row);
    }
    return _cmocka_run_group_tests("slot", tests, count, NULL, NULL);
}
