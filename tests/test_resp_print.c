#include "tests/support/support.h"

#include <rcsim/resp.h>

#include "tests/support/tsv.h"

static void print_bytes(const void *bytes, size_t size_bytes, struct rcs_buf *out)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    rcs_resp_replies_feed(reader, bytes, size_bytes);
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    rcs_reply_print(out, reply);
    rcs_buf_add(out, "", 1);
    rcs_resp_replies_free(reader);
}

static void what_redis_cli_printed(void **state)
{
    (void)state;
    struct tsv file;
    char *row[2];
    unsigned count = 0;
    for (tsv_open(&file, "resp/print.tsv"); tsv_row(&file, row, 2); count++) {
        size_t reply_bytes, want_bytes;
        uint8_t *reply = test_hex(row[0], &reply_bytes);
        uint8_t *want = test_hex(row[1], &want_bytes);
        struct rcs_buf out;
        rcs_buf_init(&out);
        print_bytes(reply, reply_bytes, &out);
        if (out.size_bytes != want_bytes + 1 || memcmp(out.data, want, want_bytes) != 0) {
            fail_msg("printed:\n%s\nredis-cli printed:\n%.*s", out.data, (int)want_bytes, want);
        }
        rcs_buf_close(&out);
        free(reply);
        free(want);
    }
    tsv_close(&file);
    assert_true(count > 50);
}

/* redis-cli 7.0 knows neither; these are ours. */
static void what_redis_cli_does_not_print(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "(-12\r\n", "(big number) -12" },
        { "|1\r\n+k\r\n:90\r\n+OK\r\n", "1| k => (integer) 90\nOK" },
        { "|0\r\n+OK\r\n", "OK" },
        { "*2\r\n|1\r\n+k\r\n:90\r\n+OK\r\n:2\r\n",
          "1) 1| k => (integer) 90\n   OK\n2) (integer) 2" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_buf out;
        rcs_buf_init(&out);
        print_bytes(rows[i][0], strlen(rows[i][0]), &out);
        assert_string_equal(out.data, rows[i][1]);
        rcs_buf_close(&out);
    }
}

static void printing_appends(void **state)
{
    (void)state;
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_buf_text(&out, "> ");
    print_bytes("*1\r\n:1\r\n", 8, &out);
    assert_string_equal(out.data, "> 1) (integer) 1");
    rcs_buf_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_redis_cli_printed),
        cmocka_unit_test(what_redis_cli_does_not_print),
        cmocka_unit_test(printing_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
