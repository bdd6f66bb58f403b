#include "tests/support/support.h"

#include <rcsim/resp.h>

#include "tests/support/pieces.h"
#include "tests/support/tsv.h"

/* --- what a reader says, as text -------------------------------------------------------------- */

/* Appends all requests that are complete: `SET|key|value;`, bytes outside the printable ones and
 * the two separators as \xHH. At the end of a connection `!` and the error. */
static enum rcs_err drain(struct rcs_resp_requests *reader, struct rcs_buf *out)
{
    const struct rcs_arg *args = NULL;
    const char *error = NULL;
    unsigned argc = 0;
    enum rcs_err err;
    while ((err = rcs_resp_requests_next(reader, &args, &argc, &error)) == RCS_OK) {
        assert_true(argc >= 1);
        for (unsigned i = 0; i < argc; i++) {
            for (uint32_t k = 0; k < args[i].size_bytes; k++) {
                const unsigned char c = (unsigned char)args[i].bytes[k];
                const bool plain = c > ' ' && c < 127 && c != '|' && c != ';' && c != '\\';
                rcs_buf_format(out, plain ? "%c" : "\\x%02x", c);
            }
            rcs_buf_text(out, i + 1 < argc ? "|" : ";");
        }
    }
    if (err == RCS_ERR_PROTOCOL) {
        assert_non_null(error);
        rcs_buf_format(out, "!%s", error);
        const char *again = NULL;
        rcs_resp_requests_feed(reader, "PING\r\n", 6);
        assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &again), RCS_ERR_PROTOCOL);
        assert_string_equal(again, error);
    } else {
        assert_int_equal(err, RCS_MORE);
    }
    return err;
}

/* A piece as a heap block of exactly its size. Every other piece goes through the lent room. */
static void feed_piece(struct rcs_resp_requests *reader, const uint8_t *bytes, size_t size_bytes,
                       bool by_room)
{
    uint8_t *copy = malloc(size_bytes > 0 ? size_bytes : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size_bytes);
    if (by_room) {
        memcpy(rcs_resp_requests_room(reader, size_bytes + 3), copy, size_bytes);
        rcs_resp_requests_fed(reader, size_bytes);
    } else {
        rcs_resp_requests_feed(reader, copy, size_bytes);
    }
    free(copy);
}

/* All bytes in pieces: in one, cut at `argument`, one by one, or random with the seed `argument`.
 */
static void read_in_pieces(const uint8_t *bytes, size_t size_bytes, bool authenticated,
                           enum pieces pieces, size_t argument, struct rcs_buf *out)
{
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    uint32_t random = (uint32_t)argument;
    unsigned count = 0;
    rcs_buf_clear(out);
    rcs_resp_requests_authenticated(reader, authenticated);
    for (size_t at = 0; at < size_bytes;) {
        const size_t left = size_bytes - at;
        const size_t piece = pieces_next(pieces, argument, &random, at, left);
        feed_piece(reader, bytes + at, piece, count++ & 1);
        at += piece;
        if (drain(reader, out) == RCS_ERR_PROTOCOL) {
            break;
        }
    }
    rcs_buf_add(out, "", 1);
    rcs_resp_requests_free(reader);
}

/* The same whatever the pieces. Leaves the text in `out`. */
static void read_every_way(const uint8_t *bytes, size_t size_bytes, bool authenticated,
                           struct rcs_buf *out)
{
    struct rcs_buf other;
    rcs_buf_init(&other);
    read_in_pieces(bytes, size_bytes, authenticated, WHOLE, 0, out);
    if (size_bytes <= 4096) { /* beyond the line limits what a server says depends on the pieces */
        read_in_pieces(bytes, size_bytes, authenticated, BYTES, 0, &other);
        assert_string_equal(other.data, out->data);
        for (size_t cut = 0; cut <= size_bytes; cut++) {
            read_in_pieces(bytes, size_bytes, authenticated, CUT_AT, cut, &other);
            assert_string_equal(other.data, out->data);
        }
        for (size_t seed = 0; seed < 20; seed++) {
            read_in_pieces(bytes, size_bytes, authenticated, RANDOM, seed, &other);
            assert_string_equal(other.data, out->data);
        }
    }
    rcs_buf_close(&other);
}

/* --- recorded connections --------------------------------------------------------------------- */

static bool starts_with(const struct rcs_reply *reply, const char *text)
{
    return reply->size_bytes >= strlen(text) && memcmp(reply->bytes, text, strlen(text)) == 0;
}

/* Holds what the reader says of a request against what the real server replied. */
static void compare_with_server(const char *name, const uint8_t *request, size_t request_bytes,
                                bool authenticated, const uint8_t *reply, size_t reply_bytes,
                                bool closed)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    read_every_way(request, request_bytes, authenticated, &out);

    struct rcs_resp_replies *replies = rcs_resp_replies_new();
    const struct rcs_reply *head;
    unsigned answered = 0, requests = 0;
    char protocol_error[128] = "";
    rcs_resp_replies_feed(replies, reply, reply_bytes);
    while (rcs_resp_replies_next(replies, &head) == RCS_OK) {
        if (head->kind == RCS_REPLY_ERROR && starts_with(head, "ERR Protocol error: ")) {
            snprintf(protocol_error, sizeof(protocol_error), "!-%.*s\r\n", (int)head->size_bytes,
                     head->bytes);
        } else {
            answered += head->kind != RCS_REPLY_PUSH;
        }
    }
    rcs_resp_replies_free(replies);

    const char *error = strchr(out.data, '!');
    for (const char *p = out.data; *p != '\0' && p != error; p++) {
        requests += *p == ';';
    }
    if (protocol_error[0] != '\0' || (closed && reply_bytes == 0)) {
        const char *expected = protocol_error[0] != '\0' ? protocol_error : "!";
        if (error == NULL || strcmp(error, expected) != 0) {
            fail_msg("%s: %s, redis-server says %s", name, out.data, expected);
        }
    } else if (error != NULL) {
        fail_msg("%s: %s, redis-server took it", name, out.data);
    }
    if (requests != answered && !(closed && reply_bytes == 0)) {
        fail_msg("%s: %u requests, redis-server answered %u: %s", name, requests, answered,
                 out.data);
    }
    rcs_buf_close(&out);
}

static void requests_at_the_edges(void **state)
{
    (void)state;
    struct tsv file;
    char *row[5];
    unsigned count = 0;
    for (tsv_open(&file, "resp/edges.tsv"); tsv_row(&file, row, 5); count++) {
        size_t request_bytes, reply_bytes;
        uint8_t *request = test_hex(row[2], &request_bytes);
        uint8_t *reply = test_hex(row[3], &reply_bytes);
        compare_with_server(row[0], request, request_bytes, row[1][0] == '1', reply, reply_bytes,
                            row[4][0] == '1');
        free(request);
        free(reply);
    }
    tsv_close(&file);
    assert_true(count > 70);
}

/* What ECHO gave back is what the reader must have found as its argument. */
static void words_are_those_the_server_echoed(void **state)
{
    (void)state;
    struct tsv file;
    char *row[5];
    unsigned count = 0;
    for (tsv_open(&file, "resp/edges.tsv"); tsv_row(&file, row, 5);) {
        size_t request_bytes, reply_bytes;
        uint8_t *request = test_hex(row[2], &request_bytes);
        uint8_t *reply = test_hex(row[3], &reply_bytes);
        if (reply_bytes > 0 && reply[0] == '$') {
            struct rcs_resp_requests *reader = rcs_resp_requests_new();
            struct rcs_resp_replies *replies = rcs_resp_replies_new();
            const struct rcs_arg *args;
            const struct rcs_reply *echoed;
            const char *error;
            unsigned argc;
            rcs_resp_requests_feed(reader, request, request_bytes);
            rcs_resp_replies_feed(replies, reply, reply_bytes);
            assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &error), RCS_OK);
            assert_int_equal(rcs_resp_replies_next(replies, &echoed), RCS_OK);
            assert_int_equal(argc, 2);
            assert_int_equal(args[1].size_bytes, echoed->size_bytes);
            assert_memory_equal(args[1].bytes, echoed->bytes, echoed->size_bytes);
            rcs_resp_requests_free(reader);
            rcs_resp_replies_free(replies);
            count++;
        }
        free(request);
        free(reply);
    }
    tsv_close(&file);
    assert_true(count > 15);
}

/* Cases in which one request is not one reply: several replies each, or none any more after QUIT.
 */
static bool answers_one_by_one(const char *name)
{
    return strncmp(name, "pubsub", 6) != 0 && strcmp(name, "quit") != 0;
}

/* Every array of bulks, put together again, gives its bytes. */
static void recorded_pairs(void **state)
{
    (void)state;
    struct tsv file;
    char *row[6];
    unsigned count = 0, rebuilt = 0;
    for (tsv_open(&file, "resp/pairs.tsv"); tsv_row(&file, row, 6); count++) {
        size_t request_bytes, reply_bytes;
        uint8_t *request = test_hex(row[3], &request_bytes);
        uint8_t *reply = test_hex(row[4], &reply_bytes);
        if (answers_one_by_one(row[0])) {
            compare_with_server(row[0], request, request_bytes, true, reply, reply_bytes,
                                row[5][0] == '1');
        }
        struct rcs_resp_requests *reader = rcs_resp_requests_new();
        struct rcs_buf again;
        const struct rcs_arg *args;
        const char *error;
        unsigned argc;
        rcs_buf_init(&again);
        rcs_resp_requests_feed(reader, request, request_bytes);
        while (rcs_resp_requests_next(reader, &args, &argc, &error) == RCS_OK) {
            rcs_resp_request(&again, argc, args);
        }
        /* The bytes behind a bulk that nobody looks at come back as CR LF. */
        if (again.size_bytes == request_bytes && strcmp(row[0], "bulk-no-crlf") != 0) {
            assert_memory_equal(again.data, request, request_bytes);
            rebuilt++;
        }
        rcs_buf_close(&again);
        rcs_resp_requests_free(reader);
        free(request);
        free(reply);
    }
    tsv_close(&file);
    assert_true(count > 400);
    assert_true(rebuilt > 370);
}

/* --- rows ------------------------------------------------------------------------------------- */

struct row {
    const char *name;
    const char *bytes;
    const char *want;
};

static void text_row(void **state)
{
    const struct row *row = *state;
    struct rcs_buf out;
    rcs_buf_init(&out);
    read_every_way((const uint8_t *)row->bytes, strlen(row->bytes), true, &out);
    assert_string_equal(out.data, row->want);
    rcs_buf_close(&out);
}

#define PROTOCOL "!-ERR Protocol error: "

/* clang-format off */
static const struct row rows[] = {
    { "one request",                  "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",         "GET|k;" },
    { "two in one piece",             "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n", "PING;QUIT;" },
    { "lengths of two digits",        "*12\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n"
                                      "$1\r\n8\r\n$1\r\n9\r\n$2\r\n10\r\n$2\r\n11\r\n$12\r\nabcdefghijkl\r\n",
                                      "1|2|3|4|5|6|7|8|9|10|11|abcdefghijkl;" },
    { "length of three digits",       "*1\r\n$100\r\n0123456789012345678901234567890123456789012345678901234567890123456789"
                                      "012345678901234567890123456789\r\n",
                                      "0123456789012345678901234567890123456789012345678901234567890123456789"
                                      "012345678901234567890123456789;" },
    { "an empty argument",            "*2\r\n$3\r\nGET\r\n$0\r\n\r\n",          "GET|;" },
    { "bulks may hold anything",      "*1\r\n$9\r\n*1\r\n$1\r\nx\r\n",          "*1\\x0d\\x0a$1\\x0d\\x0ax;" },
    { "no bulks, no request",         "*0\r\n*1\r\n$1\r\na\r\n*-7\r\n",         "a;" },
    { "inline, then multibulk",       "PING\r\n*1\r\n$1\r\na\r\nPING x\n",      "PING;a;PING|x;" },
    { "a good one, then a bad one",   "*1\r\n$4\r\nPING\r\n*1\r\n:1\r\n*1\r\n$4\r\nPING\r\n",
                                      "PING;" PROTOCOL "expected '$', got ':'\r\n" },
    { "bad second bulk",              "*2\r\n$4\r\nPING\r\n$x\r\n",             PROTOCOL "invalid bulk length\r\n" },
    { "count without digits",         "*\r\n",                                  PROTOCOL "invalid multibulk length\r\n" },
    { "length without digits",        "*1\r\n$\r\n",                            PROTOCOL "invalid bulk length\r\n" },
    { "leading zero in a count",      "*01\r\n",                                PROTOCOL "invalid multibulk length\r\n" },
    { "leading zero in a length",     "*1\r\n$04\r\nPING\r\n",                  PROTOCOL "invalid bulk length\r\n" },
    { "letter for second digit",      "*1\r\n$4x\r\nPING\r\n",                  PROTOCOL "invalid bulk length\r\n" },
    { "a header waits for its LF",    "*1\r",                                   "" },
    { "a bulk waits for its end",     "*1\r\n$1\r\na\r",                        "" },
    { "inline words",                 "  SET   a\tb \r\n",                      "SET|a|b;" },
    { "inline quotes",                "SET \"a b\" 'c d'\r\n",                  "SET|a\\x20b|c\\x20d;" },
    { "inline quote not closed",      "SET a \"b\r\n",                          PROTOCOL "unbalanced quotes in request\r\n" },
    { "inline waits for LF",          "PING\r",                                 "" },
    { "the guard looks at the first", "GET post host:\r\nPOST / HTTP/1.1\r\n",  "GET|post|host:;!" },
    { "the guard wants whole words",  "pos\r\nhost\r\nhost::\r\npostal\r\n",    "pos;host;host::;postal;" },
};
/* clang-format on */

/* --- boundaries ------------------------------------------------------------------------------- */

/* Feeds `head`, then `filler` until `size_bytes` stand in the buffer. */
static enum rcs_err fill_line(const char *head, char filler, size_t size_bytes, const char **error)
{
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    const struct rcs_arg *args;
    unsigned argc;
    enum rcs_err err = RCS_MORE;
    static char text[128];
    rcs_resp_requests_feed(reader, head, strlen(head));
    /* One byte at a time: a reader that starts each line anew would take minutes. */
    for (size_t i = strlen(head); i < size_bytes; i++) {
        assert_int_equal(err, RCS_MORE);
        rcs_resp_requests_feed(reader, &filler, 1);
        err = rcs_resp_requests_next(reader, &args, &argc, error);
    }
    if (err == RCS_ERR_PROTOCOL) {
        snprintf(text, sizeof(text), "%s", *error);
        *error = text;
    }
    rcs_resp_requests_free(reader);
    return err;
}

static void lines_have_64_kilobytes(void **state)
{
    (void)state;
    const char *error = NULL;
    assert_int_equal(fill_line("x", 'x', 65536, &error), RCS_MORE);
    assert_int_equal(fill_line("x", 'x', 65537, &error), RCS_ERR_PROTOCOL);
    assert_string_equal(error, "-ERR Protocol error: too big inline request\r\n");
    assert_int_equal(fill_line("*", '1', 65536, &error), RCS_MORE);
    assert_int_equal(fill_line("*", '1', 65537, &error), RCS_ERR_PROTOCOL);
    assert_string_equal(error, "-ERR Protocol error: too big mbulk count string\r\n");
    assert_int_equal(fill_line("*1\r\n$", '1', 4 + 65536, &error), RCS_MORE);
    assert_int_equal(fill_line("*1\r\n$", '1', 4 + 65537, &error), RCS_ERR_PROTOCOL);
    assert_string_equal(error, "-ERR Protocol error: too big bulk count string\r\n");
}

/* A gigabyte that nobody touches: the first byte is a NUL, which ends the look for a line. */
static void a_connection_buffers_a_gigabyte(void **state)
{
    (void)state;
    const size_t limit = (size_t)1024 * 1024 * 1024;
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    const struct rcs_arg *args;
    const char *error = NULL;
    unsigned argc;

    char *room = rcs_resp_requests_room(reader, limit + 1);
    room[0] = '*';
    room[1] = '\0';
    rcs_resp_requests_fed(reader, 1000); /* within the limit of a line */
    assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &error), RCS_MORE);
    rcs_resp_requests_fed(reader, limit - 999);
    assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &error), RCS_ERR_PROTOCOL);
    assert_string_equal(error, "");
    rcs_resp_requests_free(reader);
}

static void a_password_given_lifts_the_limits(void **state)
{
    (void)state;
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    const struct rcs_arg *args;
    const char *error;
    unsigned argc;
    const char *first = "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n*11\r\n";
    rcs_resp_requests_authenticated(reader, false);
    rcs_resp_requests_feed(reader, first, strlen(first));
    assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &error), RCS_OK);
    /* What follows in the same piece is judged by what the first request changed. */
    rcs_resp_requests_authenticated(reader, true);
    assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &error), RCS_MORE);
    rcs_resp_requests_free(reader);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* A request of many arguments that comes in small pieces: they move several times before it is
 * whole. */
static void arguments_survive_moves(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    struct rcs_buf stream;
    uint32_t random = 5;
    const struct rcs_arg *args;
    const char *error;
    unsigned argc, requests = 0;
    rcs_buf_init(&stream);
    for (int round = 0; round < 2; round++) {
        rcs_buf_text(&stream, "PING\r\n");
        rcs_buf_format(&stream, "*%d\r\n", COUNT);
        for (int i = 0; i < COUNT; i++) {
            char number[16];
            const int digits = snprintf(number, sizeof(number), "%d", i * 7);
            rcs_buf_format(&stream, "$%d\r\n%s\r\n", digits, number);
        }
    }
    for (size_t at = 0; at < stream.size_bytes;) {
        size_t piece = test_piece(&random, 700);
        piece = piece < stream.size_bytes - at ? piece : stream.size_bytes - at;
        rcs_resp_requests_feed(reader, stream.data + at, piece);
        at += piece;
        while (rcs_resp_requests_next(reader, &args, &argc, &error) == RCS_OK) {
            requests++;
            for (unsigned i = 0; argc > 1 && i < argc; i++) {
                char number[16];
                const int digits = snprintf(number, sizeof(number), "%u", i * 7);
                assert_int_equal(args[i].size_bytes, digits);
                assert_memory_equal(args[i].bytes, number, (size_t)digits);
            }
        }
    }
    assert_int_equal(requests, 4);
    rcs_buf_close(&stream);
    rcs_resp_requests_free(reader);
}

static void a_large_value_comes_in_pieces(void **state)
{
    (void)state;
    const size_t value_bytes = 3 * 1024 * 1024 + 17;
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    const struct rcs_arg *args;
    const char *error;
    unsigned argc;
    char *value = malloc(value_bytes), head[64];
    uint32_t random = 9;
    assert_non_null(value);
    for (size_t i = 0; i < value_bytes; i++) {
        value[i] = (char)test_piece(&random, 256);
    }
    for (int round = 0; round < 2; round++) {
        snprintf(head, sizeof(head), "*2\r\n$3\r\nSET\r\n$%zu\r\n", value_bytes);
        rcs_resp_requests_feed(reader, head, strlen(head));
        for (size_t at = 0; at < value_bytes;) {
            assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &error), RCS_MORE);
            size_t piece = test_piece(&random, 16384);
            piece = piece < value_bytes - at ? piece : value_bytes - at;
            rcs_resp_requests_feed(reader, value + at, piece);
            at += piece;
        }
        rcs_resp_requests_feed(reader, "\r\n", 2);
        assert_int_equal(rcs_resp_requests_next(reader, &args, &argc, &error), RCS_OK);
        assert_int_equal(argc, 2);
        assert_memory_equal(args[0].bytes, "SET", 3);
        assert_int_equal(args[1].size_bytes, value_bytes);
        assert_memory_equal(args[1].bytes, value, value_bytes);
    }
    free(value);
    rcs_resp_requests_free(reader);
}

static void more_than_the_lent_room_is_our_mistake(void **state)
{
    (void)state;
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    (void)rcs_resp_requests_room(reader, 10);
    expect_assert_failure(rcs_resp_requests_fed(reader, (size_t)1024 * 1024));
    rcs_resp_requests_free(reader);
    rcs_resp_requests_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_at_the_edges),
        cmocka_unit_test(words_are_those_the_server_echoed),
        cmocka_unit_test(recorded_pairs),
        cmocka_unit_test(lines_have_64_kilobytes),
        cmocka_unit_test(a_connection_buffers_a_gigabyte),
        cmocka_unit_test(a_password_given_lifts_the_limits),
        cmocka_unit_test(arguments_survive_moves),
        cmocka_unit_test(a_large_value_comes_in_pieces),
        cmocka_unit_test(more_than_the_lent_room_is_our_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + test_rows(text_row, rows);
}
