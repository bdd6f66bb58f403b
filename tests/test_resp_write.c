#include "tests/support/support.h"

#include <float.h>
#include <math.h>

#include <rcsim/resp.h>

static struct rcs_buf out;

static int open_buffer(void **state)
{
    (void)state;
    rcs_buf_init(&out);
    return 0;
}

static int close_buffer(void **state)
{
    (void)state;
    rcs_buf_close(&out);
    return 0;
}

/* What was written since the last look. */
static void expect_bytes(const char *bytes, size_t size_bytes)
{
    rcs_buf_add(&out, "", 1);
    if (out.size_bytes != size_bytes + 1 || memcmp(out.data, bytes, size_bytes) != 0) {
        fail_msg("written: %s expected: %s", out.data, bytes);
    }
    rcs_buf_clear(&out);
}

static void expect(const char *text)
{
    expect_bytes(text, strlen(text));
}

static void status_and_integer(void **state)
{
    (void)state;
    rcs_resp_status(&out, "OK");
    expect("+OK\r\n");
    rcs_resp_status(&out, "");
    expect("+\r\n");
    rcs_resp_integer(&out, 0);
    expect(":0\r\n");
    rcs_resp_integer(&out, INT64_MAX);
    expect(":9223372036854775807\r\n");
    rcs_resp_integer(&out, INT64_MIN);
    expect(":-9223372036854775808\r\n");
}

static void errors_carry_their_code_behind_a_minus(void **state)
{
    (void)state;
    rcs_resp_error(&out, "syntax error");
    expect("-ERR syntax error\r\n");
    rcs_resp_error(&out, "-WRONGTYPE Operation");
    expect("-WRONGTYPE Operation\r\n");
    rcs_resp_error(&out, "");
    expect("-ERR \r\n");
    rcs_resp_error(&out, "unknown command 'NO\r\nSUCH', with");
    expect("-ERR unknown command 'NO  SUCH', with\r\n");
    rcs_resp_error_raw(&out, "MOVED 6918 10.1.0.2:6379");
    expect("-MOVED 6918 10.1.0.2:6379\r\n");
    rcs_resp_error_raw(&out, "A\nB\r");
    expect("-A B \r\n");
}

static void bulks_hold_any_bytes(void **state)
{
    (void)state;
    rcs_resp_bulk(&out, "a\r\n\0b", 5);
    expect_bytes("$5\r\na\r\n\0b\r\n", 11);
    rcs_resp_bulk(&out, NULL, 0);
    expect("$0\r\n\r\n");
    rcs_resp_bulk_text(&out, "0123456789");
    expect("$10\r\n0123456789\r\n");
    rcs_resp_verbatim(&out, "a\n", 2, false);
    expect("$2\r\na\n\r\n");
    rcs_resp_verbatim(&out, "a\n", 2, true);
    expect("=6\r\ntxt:a\n\r\n");
    rcs_resp_verbatim(&out, "", 0, true);
    expect("=4\r\ntxt:\r\n");
}

static void nil_and_boolean(void **state)
{
    (void)state;
    rcs_resp_nil(&out, false);
    rcs_resp_nil_array(&out, false);
    expect("$-1\r\n*-1\r\n");
    rcs_resp_nil(&out, true);
    rcs_resp_nil_array(&out, true);
    expect("_\r\n_\r\n");
    rcs_resp_boolean(&out, true, false);
    rcs_resp_boolean(&out, false, false);
    expect(":1\r\n:0\r\n");
    rcs_resp_boolean(&out, true, true);
    rcs_resp_boolean(&out, false, true);
    expect("#t\r\n#f\r\n");
}

static void aggregates(void **state)
{
    (void)state;
    for (int resp3 = 0; resp3 <= 1; resp3++) {
        rcs_resp_array(&out, 0);
        rcs_resp_array(&out, 12345);
        expect("*0\r\n*12345\r\n");
        rcs_resp_map(&out, 3, resp3);
        expect(resp3 ? "%3\r\n" : "*6\r\n");
        rcs_resp_set(&out, 3, resp3);
        expect(resp3 ? "~3\r\n" : "*3\r\n");
        rcs_resp_push(&out, 3, resp3);
        expect(resp3 ? ">3\r\n" : "*3\r\n");
    }
}

struct double_row {
    double value;
    const char *text; /* as ZRANGE WITHSCORES of redis-server 7.0.15 gave it */
};

static void doubles_as_the_server_prints_them(void **state)
{
    (void)state;
    static const struct double_row rows[] = {
        { 3.141, "3.141" },
        { 0.1, "0.10000000000000001" },
        { 1e300, "1.0000000000000001e+300" },
        { 3, "3" },
        { 1e21, "1e+21" },
        { 0, "0" },
        { 1e-7, "9.9999999999999995e-08" },
        { 1e20, "1e+20" },
        { 123456789012345678., "1.2345678901234568e+17" },
        { (double)INFINITY, "inf" },
        { (double)-INFINITY, "-inf" },
        { -DBL_MAX, "-1.7976931348623157e+308" },
        { -DBL_MIN, "-2.2250738585072014e-308" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[64];
        rcs_resp_double(&out, rows[i].value, true);
        snprintf(expected, sizeof(expected), ",%s\r\n", rows[i].text);
        expect(expected);
        rcs_resp_double(&out, rows[i].value, false);
        snprintf(expected, sizeof(expected), "$%zu\r\n%s\r\n", strlen(rows[i].text), rows[i].text);
        expect(expected);
    }
}

static void requests(void **state)
{
    (void)state;
    const struct rcs_arg args[] = { { "SET", 3 }, { "k", 1 }, { "", 0 } };
    rcs_resp_request(&out, 3, args);
    expect("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
    rcs_resp_request(&out, 1, args);
    expect("*1\r\n$3\r\nSET\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(status_and_integer, open_buffer, close_buffer),
        cmocka_unit_test_setup_teardown(errors_carry_their_code_behind_a_minus, open_buffer,
                                        close_buffer),
        cmocka_unit_test_setup_teardown(bulks_hold_any_bytes, open_buffer, close_buffer),
        cmocka_unit_test_setup_teardown(nil_and_boolean, open_buffer, close_buffer),
        cmocka_unit_test_setup_teardown(aggregates, open_buffer, close_buffer),
        cmocka_unit_test_setup_teardown(doubles_as_the_server_prints_them, open_buffer,
                                        close_buffer),
        cmocka_unit_test_setup_teardown(requests, open_buffer, close_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
