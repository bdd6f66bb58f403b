#include "tests/support/support.h"

#include <rcsim/resp.h>

#include "tests/support/pieces.h"
#include "tests/support/resp_again.h"
#include "tests/support/tsv.h"

/* --- replies written again -------------------------------------------------------------------- */

/* With the writers that servers' replies are made with. */
static void write_made(struct rcs_buf *out, const struct rcs_reply *reply, bool resp3)
{
    char text[1024]; /* no recorded status or error is longer */
    assert_true(reply->size_bytes < sizeof(text));
    snprintf(text, sizeof(text), "%.*s", (int)reply->size_bytes, reply->bytes);
    switch ((unsigned)reply->kind) {
    case RCS_REPLY_STATUS:
        rcs_resp_status(out, text);
        break;
    case RCS_REPLY_ERROR:
        rcs_resp_error_raw(out, text);
        break;
    case RCS_REPLY_NIL:
        rcs_resp_nil(out, resp3);
        break;
    case RCS_REPLY_NIL_ARRAY:
        rcs_resp_nil_array(out, resp3);
        break;
    case RCS_REPLY_DOUBLE:
        if (reply->size_bytes > 18) { /* GEOPOS prints a long double, there is no writer for it */
            resp_again_line(out, ',', reply);
        } else {
            rcs_resp_double(out, strtod(text, NULL), true);
        }
        break;
    default: /* a big number: there is no writer for it */
        resp_again_line(out, '(', reply);
        break;
    }
}

/* Reads all replies and writes them into `out`; returns how the reading ended. */
static enum rcs_err drain(struct rcs_resp_replies *reader, struct rcs_buf *out, bool resp3)
{
    const struct rcs_reply *reply;
    enum rcs_err err;
    while ((err = rcs_resp_replies_next(reader, &reply)) == RCS_OK) {
        resp_again(out, reply, resp3, write_made);
    }
    return err;
}

static void feed_piece(struct rcs_resp_replies *reader, const uint8_t *bytes, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes > 0 ? size_bytes : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size_bytes);
    rcs_resp_replies_feed(reader, copy, size_bytes);
    free(copy);
}

static enum rcs_err read_in_pieces(const uint8_t *bytes, size_t size_bytes, bool resp3,
                                   enum pieces pieces, size_t argument, struct rcs_buf *out)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    uint32_t random = (uint32_t)argument;
    enum rcs_err err = RCS_MORE;
    rcs_buf_clear(out);
    for (size_t at = 0; at < size_bytes && err == RCS_MORE;) {
        const size_t left = size_bytes - at;
        const size_t piece = pieces_next(pieces, argument, &random, at, left);
        feed_piece(reader, bytes + at, piece);
        at += piece;
        err = drain(reader, out, resp3);
    }
    rcs_resp_replies_free(reader);
    return err;
}

static bool holds(const struct rcs_buf *buf, const void *bytes, size_t size_bytes)
{
    return buf->size_bytes == size_bytes &&
           (size_bytes == 0 || memcmp(buf->data, bytes, size_bytes) == 0);
}

/* The same whatever the pieces. Leaves what was written again in `out`. */
static enum rcs_err read_every_way(const uint8_t *bytes, size_t size_bytes, bool resp3,
                                   struct rcs_buf *out)
{
    struct rcs_buf other;
    rcs_buf_init(&other);
    enum rcs_err err = read_in_pieces(bytes, size_bytes, resp3, WHOLE, 0, out);
    assert_int_equal(read_in_pieces(bytes, size_bytes, resp3, BYTES, 0, &other), err);
    assert_true(holds(&other, out->data, out->size_bytes));
    for (size_t cut = 0; cut <= size_bytes && size_bytes <= 4096; cut++) {
        assert_int_equal(read_in_pieces(bytes, size_bytes, resp3, CUT_AT, cut, &other), err);
        assert_true(holds(&other, out->data, out->size_bytes));
    }
    for (size_t seed = 0; seed < 20; seed++) {
        assert_int_equal(read_in_pieces(bytes, size_bytes, resp3, RANDOM, seed, &other), err);
        assert_true(holds(&other, out->data, out->size_bytes));
    }
    rcs_buf_close(&other);
    return err;
}

static void recorded_replies_come_back_byte_for_byte(void **state)
{
    (void)state;
    struct tsv file;
    char *row[6];
    unsigned count = 0;
    for (tsv_open(&file, "resp/pairs.tsv"); tsv_row(&file, row, 6); count++) {
        size_t reply_bytes;
        uint8_t *reply = test_hex(row[4], &reply_bytes);
        struct rcs_buf again;
        rcs_buf_init(&again);
        assert_int_equal(read_every_way(reply, reply_bytes, row[2][0] == '3', &again), RCS_MORE);
        if (!holds(&again, reply, reply_bytes)) {
            /* HELLO 3 in RESP2 answers in RESP3. */
            read_in_pieces(reply, reply_bytes, true, WHOLE, 0, &again);
        }
        if (!holds(&again, reply, reply_bytes)) {
            fail_msg("%s, step %s: read and written again it is %.*s", row[0], row[1],
                     (int)again.size_bytes, again.data);
        }
        rcs_buf_close(&again);
        free(reply);
    }
    tsv_close(&file);
    assert_true(count > 400);
}

/* --- rows ------------------------------------------------------------------------------------- */

struct row {
    const char *bytes;
    enum rcs_err want; /* RCS_MORE: all of it was taken, or it is incomplete */
    unsigned replies;  /* complete ones before that */
};

static void outcome_row(void **state)
{
    const struct row *row = *state;
    struct rcs_buf out;
    rcs_buf_init(&out);
    const size_t size_bytes = strlen(row->bytes);
    assert_int_equal(read_every_way((const uint8_t *)row->bytes, size_bytes, true, &out),
                     row->want);
    rcs_buf_close(&out);

    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    unsigned count = 0;
    enum rcs_err err;
    rcs_resp_replies_feed(reader, row->bytes, size_bytes);
    while ((err = rcs_resp_replies_next(reader, &reply)) == RCS_OK) {
        count++;
    }
    assert_int_equal(count, row->replies);
    if (err != RCS_MORE) { /* an error sticks */
        rcs_resp_replies_feed(reader, "+OK\r\n", 5);
        assert_int_equal(rcs_resp_replies_next(reader, &reply), row->want);
    }
    rcs_resp_replies_free(reader);
}

/* clang-format off */
static const struct row rows[] = {
    { "+OK\r\n",                        RCS_MORE, 1 },
    { "+OK\r",                          RCS_MORE, 0 },
    { "+\r\n",                          RCS_MORE, 1 },
    { "+OK\n",                          RCS_ERR_PROTOCOL, 0 },
    { "+a\rb\r\n",                      RCS_ERR_PROTOCOL, 0 },
    { "\n",                             RCS_ERR_PROTOCOL, 0 },
    { "\r\n",                           RCS_ERR_PROTOCOL, 0 },
    { "OK\r\n",                         RCS_ERR_PROTOCOL, 0 },
    { ":0\r\n:-1\r\n",                  RCS_MORE, 2 },
    { ":9223372036854775807\r\n",       RCS_MORE, 1 },
    { ":9223372036854775808\r\n",       RCS_ERR_PROTOCOL, 0 },
    { ":-9223372036854775808\r\n",      RCS_MORE, 1 },
    { ":+1\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { ":\r\n",                          RCS_ERR_PROTOCOL, 0 },
    { "$0\r\n\r\n",                     RCS_MORE, 1 },
    { "$1\r\na\r\n",                    RCS_MORE, 1 },
    { "$1\r\na\r",                      RCS_MORE, 0 },
    { "$1\r\nab\r\n",                   RCS_ERR_PROTOCOL, 0 },
    { "$1\r\na\rb",                     RCS_ERR_PROTOCOL, 0 },
    { "$-1\r\n",                        RCS_MORE, 1 },
    { "$-2\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { "$?\r\n",                         RCS_ERR_PROTOCOL, 0 },
    { "$536870912\r\n",                 RCS_MORE, 0 },
    { "$536870913\r\n",                 RCS_ERR_TOO_BIG, 0 },
    { "*0\r\n",                         RCS_MORE, 1 },
    { "*-1\r\n",                        RCS_MORE, 1 },
    { "*-2\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { "*2147483647\r\n",                RCS_MORE, 0 },
    { "*2147483648\r\n",                RCS_ERR_TOO_BIG, 0 },
    { "%2147483647\r\n",                RCS_MORE, 0 },
    { "|2147483647\r\n",                RCS_MORE, 0 },
    { "*2\r\n:1\r\n",                   RCS_MORE, 0 },
    { "*2\r\n*0\r\n*1\r\n:1\r\n:2\r\n", RCS_MORE, 2 },
    { "%-1\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { "%1\r\n+a\r\n",                   RCS_MORE, 0 },
    { "%1\r\n+a\r\n:1\r\n",             RCS_MORE, 1 },
    { "~0\r\n>1\r\n+x\r\n",             RCS_MORE, 2 },
    { "|1\r\n+k\r\n:1\r\n",             RCS_MORE, 0 },
    { "|1\r\n+k\r\n:1\r\n+OK\r\n",      RCS_MORE, 1 },
    { "|0\r\n+OK\r\n",                  RCS_MORE, 1 },
    { "_\r\n",                          RCS_MORE, 1 },
    { "_x\r\n",                         RCS_ERR_PROTOCOL, 0 },
    { "#t\r\n#f\r\n",                   RCS_MORE, 2 },
    { "#T\r\n",                         RCS_ERR_PROTOCOL, 0 },
    { "#\r\n",                          RCS_ERR_PROTOCOL, 0 },
    { "#tt\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { ",1\r\n,-1.5\r\n,1e+20\r\n",      RCS_MORE, 3 },
    { ",inf\r\n,-inf\r\n,nan\r\n",      RCS_MORE, 3 },
    { ",\r\n",                          RCS_ERR_PROTOCOL, 0 },
    { ",1.\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { ",.5\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { ",1e\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { ",1,5\r\n",                       RCS_ERR_PROTOCOL, 0 },
    { "(123\r\n(-1\r\n",                RCS_MORE, 2 },
    { "(\r\n",                          RCS_ERR_PROTOCOL, 0 },
    { "(1x\r\n",                        RCS_ERR_PROTOCOL, 0 },
    { "=4\r\ntxt:\r\n",                 RCS_MORE, 1 },
    { "=3\r\ntxt\r\n",                  RCS_ERR_PROTOCOL, 0 },
    { "=5\r\ntxt-a\r\n",                RCS_ERR_PROTOCOL, 0 },
    { "=-1\r\n",                        RCS_ERR_PROTOCOL, 0 },
};
/* clang-format on */

/* A blob error is an error like any other, but cannot be written again. */
static void errors_may_come_as_blobs(void **state)
{
    (void)state;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    rcs_resp_replies_feed(reader, "!6\r\nERR\r\nx\r\n", 12);
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    assert_int_equal(reply->kind, RCS_REPLY_ERROR);
    assert_int_equal(reply->size_bytes, 6);
    assert_memory_equal(reply->bytes, "ERR\r\nx", 6);
    rcs_resp_replies_free(reader);
}

/* --- the list --------------------------------------------------------------------------------- */

struct item {
    enum rcs_reply_kind kind;
    uint32_t elements, size;
    int64_t integer;
    const char *text;
};

static void check_list(const char *bytes, const struct item *items, uint32_t count)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *list = NULL;
    /* Byte by byte, so that the list moves with its bytes. */
    for (size_t i = 0; bytes[i] != '\0'; i++) {
        assert_int_equal(rcs_resp_replies_next(reader, &list), RCS_MORE);
        rcs_resp_replies_feed(reader, &bytes[i], 1);
    }
    assert_int_equal(rcs_resp_replies_next(reader, &list), RCS_OK);
    assert_int_equal(list->size, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(list[i].kind, items[i].kind);
        assert_int_equal(list[i].elements, items[i].elements);
        assert_int_equal(list[i].size, items[i].size);
        assert_int_equal(list[i].integer, items[i].integer);
        assert_int_equal(list[i].size_bytes, strlen(items[i].text));
        assert_memory_equal(list[i].bytes, items[i].text, list[i].size_bytes);
    }
    assert_int_equal(rcs_resp_replies_next(reader, &list), RCS_MORE);
    rcs_resp_replies_free(reader);
}

static void lists_are_flat(void **state)
{
    (void)state;
    static const struct item items[] = {
        { RCS_REPLY_ARRAY, 4, 9, 0, "" },     { RCS_REPLY_INTEGER, 0, 1, -7, "-7" },
        { RCS_REPLY_MAP, 2, 4, 0, "" },       { RCS_REPLY_STATUS, 0, 1, 0, "k" },
        { RCS_REPLY_SET, 1, 2, 0, "" },       { RCS_REPLY_DOUBLE, 0, 1, 0, "1.5" },
        { RCS_REPLY_ARRAY, 0, 1, 0, "" },     { RCS_REPLY_PUSH, 1, 2, 0, "" },
        { RCS_REPLY_VERBATIM, 0, 1, 0, "a" },
    };
    check_list("*4\r\n:-7\r\n%1\r\n+k\r\n~1\r\n,1.5\r\n*0\r\n>1\r\n=5\r\ntxt:a\r\n", items, 9);
}

static void an_attribute_wraps_its_reply(void **state)
{
    (void)state;
    static const struct item items[] = {
        { RCS_REPLY_ARRAY, 2, 7, 0, "" },        { RCS_REPLY_ATTRIBUTE, 3, 5, 0, "" },
        { RCS_REPLY_BULK, 0, 1, 0, "k" },        { RCS_REPLY_BOOLEAN, 0, 1, 1, "t" },
        { RCS_REPLY_ARRAY, 1, 2, 0, "" },        { RCS_REPLY_NIL, 0, 1, 0, "" },
        { RCS_REPLY_BIG_NUMBER, 0, 1, 0, "12" },
    };
    check_list("*2\r\n|1\r\n$1\r\nk\r\n#t\r\n*1\r\n_\r\n(12\r\n", items, 7);
}

static enum rcs_err nested(unsigned depth)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    for (unsigned i = 0; i < depth; i++) {
        rcs_resp_replies_feed(reader, "*1\r\n", 4);
    }
    rcs_resp_replies_feed(reader, "*0\r\n", 4);
    enum rcs_err err = rcs_resp_replies_next(reader, &reply);
    if (err == RCS_OK) {
        assert_int_equal(reply->size, depth + 1);
        for (unsigned i = 0; i <= depth; i++) {
            assert_int_equal(reply[i].size, depth + 1 - i);
        }
    }
    rcs_resp_replies_free(reader);
    return err;
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    assert_int_equal(nested(128), RCS_OK);
    assert_int_equal(nested(129), RCS_ERR_TOO_BIG);
}

static void length_lines_have_64_kilobytes_texts_more(void **state)
{
    (void)state;
    static const char types[] = "+-:$*%~>|=!,(";
    for (const char *type = types; *type != '\0'; type++) {
        struct rcs_resp_replies *reader = rcs_resp_replies_new();
        const struct rcs_reply *reply;
        rcs_resp_replies_feed(reader, type, 1);
        for (unsigned i = 1; i < 65536; i++) {
            rcs_resp_replies_feed(reader, "1", 1);
        }
        assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_MORE);
        rcs_resp_replies_feed(reader, "1", 1);
        assert_int_equal(rcs_resp_replies_next(reader, &reply),
                         *type == '+' || *type == '-' ? RCS_MORE : RCS_ERR_TOO_BIG);
        rcs_resp_replies_free(reader);
    }
}

/* --- a connection that changes its language --------------------------------------------------- */

static void the_rest_is_handed_over(void **state)
{
    (void)state;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    size_t size_bytes = 77;
    (void)rcs_resp_replies_rest(reader, &size_bytes);
    assert_int_equal(size_bytes, 0);

    rcs_resp_replies_feed(reader, "+FULLRESYNC x 0\r\n$9\r\nREDIS", 26);
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    const char *rest = rcs_resp_replies_rest(reader, &size_bytes);
    assert_int_equal(size_bytes, 9);
    assert_memory_equal(rest, "$9\r\nREDIS", 9);
    (void)rcs_resp_replies_rest(reader, &size_bytes);
    assert_int_equal(size_bytes, 0);

    /* What was begun counts as not read. */
    rcs_resp_replies_feed(reader, "+A\r\n*2\r\n$3\r\nab", 14);
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_MORE);
    rest = rcs_resp_replies_rest(reader, &size_bytes);
    assert_int_equal(size_bytes, 10);
    assert_memory_equal(rest, "*2\r\n$3\r\nab", 10);

    rcs_resp_replies_feed(reader, ":5\r\n", 4);
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    assert_int_equal(reply->integer, 5);
    assert_int_equal(reply->size, 1);
    rcs_resp_replies_free(reader);
    rcs_resp_replies_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest fixed[] = {
        cmocka_unit_test(recorded_replies_come_back_byte_for_byte),
        cmocka_unit_test(errors_may_come_as_blobs),
        cmocka_unit_test(lists_are_flat),
        cmocka_unit_test(an_attribute_wraps_its_reply),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(length_lines_have_64_kilobytes_texts_more),
        cmocka_unit_test(the_rest_is_handed_over),
    };
    enum { FIXED = sizeof(fixed) / sizeof(fixed[0]), ROWS = sizeof(rows) / sizeof(rows[0]) };
    struct CMUnitTest tests[FIXED + ROWS];
    static char names[ROWS][64];
    memcpy(tests, fixed, sizeof(fixed));
    for (size_t i = 0; i < ROWS; i++) {
        struct rcs_buf name;
        const struct rcs_reply bytes = { .kind = RCS_REPLY_BULK,
                                         .size = 1,
                                         .bytes = rows[i].bytes,
                                         .size_bytes = strlen(rows[i].bytes) };
        rcs_buf_init(&name);
        rcs_reply_print(&name, &bytes); /* quoted, on one line */
        snprintf(names[i], sizeof(names[i]), "%.*s", (int)name.size_bytes, name.data);
        rcs_buf_close(&name);
        tests[FIXED + i] = (struct CMUnitTest){ .name = names[i],
                                                .test_func = outcome_row,
                                                .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return _cmocka_run_group_tests("resp_reply", tests, FIXED + ROWS, NULL, NULL);
}
