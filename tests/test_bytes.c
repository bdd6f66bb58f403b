#include "tests/support/support.h"

#include <inttypes.h>

#include <rcsim/resp.h>

#include "proto/bytes.h"

static void decimals_are_written_as_printf_does(void **state)
{
    (void)state;
    int64_t values[256];
    unsigned count = 0;
    for (int64_t power = 1; power <= INT64_MAX / 10; power *= 10) {
        for (int64_t near = -1; near <= 1; near++) {
            values[count++] = power + near;
            values[count++] = -power + near;
        }
    }
    values[count++] = INT64_MAX;
    values[count++] = INT64_MIN;
    values[count++] = INT64_MIN + 1;
    values[count++] = 1234567890123456789;
    for (unsigned i = 0; i < count; i++) {
        char expected[32];
        struct rcs_buf buf;
        rcs_buf_init(&buf);
        const int length = snprintf(expected, sizeof(expected), "%" PRId64, values[i]);
        rcs_buf_i64(&buf, values[i]);
        assert_int_equal(buf.size_bytes, length);
        assert_memory_equal(buf.data, expected, (size_t)length);

        int64_t back = 77;
        assert_true(rcs_decimal_read(expected, (size_t)length, &back));
        assert_true(back == values[i]);
        rcs_buf_close(&buf);
    }
}

static void decimals_are_read_strictly(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "-",
        "+1",
        "01",
        "-0",
        "-01",
        " 1",
        "1 ",
        "1x",
        "x1",
        "--1",
        "1-",
        "0x10",
        "1.0",
        "9223372036854775808",
        "-9223372036854775809",
        "10000000000000000000",
        "18446744073709551616",
        "111111111111111111111",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        int64_t value = 77;
        assert_false(rcs_decimal_read(refused[i], strlen(refused[i]), &value));
        assert_int_equal(value, 77);
    }
    int64_t value = 77;
    assert_false(rcs_decimal_read("1\0", 2, &value));
    for (size_t size = 1; size <= 8; size++) { /* any byte at any place */
        for (size_t at = 0; at < size; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[] = "12345678";
                text[at] = (char)byte;
                bool minus = byte == '-' && at == 0 && size > 1;
                bool zero = byte == '0' && at == 0 && size > 1;
                bool good = (byte >= '0' && byte <= '9' && !zero) || minus;
                assert_int_equal(rcs_decimal_read(text, size, &value), good);
                text[size] = '\0';
                assert_true(!good || value == strtoll(text, NULL, 10));
            }
        }
    }
}

static void buffer_grows_and_keeps(void **state)
{
    (void)state;
    struct rcs_buf buf;
    rcs_buf_init(&buf);
    rcs_buf_add(&buf, NULL, 0);
    assert_int_equal(buf.size_bytes, 0);
    for (unsigned i = 0; i < 100000; i++) {
        rcs_buf_add(&buf, &i, sizeof(i));
    }
    assert_int_equal(buf.size_bytes, 100000 * sizeof(unsigned));
    for (unsigned i = 0; i < 100000; i++) {
        assert_memory_equal(buf.data + i * sizeof(i), &i, sizeof(i));
    }
    rcs_buf_clear(&buf);
    rcs_buf_text(&buf, "ab");
    rcs_buf_text(&buf, "");
    rcs_buf_text(&buf, "c");
    assert_int_equal(buf.size_bytes, 3);
    assert_memory_equal(buf.data, "abc", 3);
    rcs_buf_close(&buf);
    assert_null(buf.data);
    rcs_buf_text(&buf, "again");
    assert_memory_equal(buf.data, "again", 5);
    rcs_buf_close(&buf);
}

/* Every length around the room there is, so that the text ends before, at and behind its end. */
static void format_finds_its_room(void **state)
{
    (void)state;
    for (int length = 0; length <= 1100; length++) {
        struct rcs_buf buf;
        rcs_buf_init(&buf);
        rcs_buf_text(&buf, "x");
        rcs_buf_format(&buf, "%*s|%d", length, "y", length);
        char *expected = malloc((size_t)length + 32);
        assert_non_null(expected);
        const int expected_bytes = sprintf(expected, "x%*s|%d", length, "y", length);
        assert_int_equal(buf.size_bytes, expected_bytes);
        assert_memory_equal(buf.data, expected, (size_t)expected_bytes);
        free(expected);
        rcs_buf_close(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_written_as_printf_does),
        cmocka_unit_test(decimals_are_read_strictly),
        cmocka_unit_test(buffer_grows_and_keeps),
        cmocka_unit_test(format_finds_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
