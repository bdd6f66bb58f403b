#include "tests/support/resp_cases.h"

#define ANYTHING '\x01' /* stands for \? in an expected reply; no recorded reply has the byte */

/* --- reading lines ---------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c - 'a' + 10;
}

/* One escaped byte; moves `*at` behind it. */
static char unescape(const char **at)
{
    const char *c = *at;
    if (c[0] != '\\') {
        *at = c + 1;
        return c[0];
    }
    *at = c + (c[1] == 'x' ? 4 : 2);
    switch (c[1]) {
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    case '?':
        return ANYTHING;
    case 'x':
        return (char)(hex_digit(c[2]) * 16 + hex_digit(c[3]));
    default:
        return c[1];
    }
}

static void add_bytes(struct rcs_buf *out, const char *from, const char *end)
{
    while (from < end) {
        char byte = unescape(&from);
        rcs_buf_add(out, &byte, 1);
    }
}

/* Words as a shell has them, with double quotes, as a request. */
static void add_request(struct rcs_buf *out, const char *from, const char *end)
{
    struct rcs_buf words[128];
    struct rcs_arg args[128] = { { NULL, 0 } };
    unsigned count = 0;
    while (from < end) {
        if (*from == ' ') {
            from++;
            continue;
        }
        bool quoted = false;
        assert_true(count < 128);
        rcs_buf_init(&words[count]);
        while (from < end && (quoted || *from != ' ')) {
            if (*from == '"') {
                quoted = !quoted;
                from++;
            } else {
                char byte = unescape(&from);
                rcs_buf_add(&words[count], &byte, 1);
            }
        }
        count++;
    }
    for (unsigned i = 0; i < count; i++) {
        args[i] = (struct rcs_arg){ words[i].data == NULL ? "" : words[i].data,
                                    (uint32_t)words[i].size_bytes };
    }
    rcs_resp_request(out, count, args);
    for (unsigned i = 0; i < count; i++) {
        rcs_buf_close(&words[i]);
    }
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool matches(const char *want, size_t want_bytes, const char *got, size_t got_bytes)
{
    if (want_bytes == 0) { /* perhaps no text at all */
        return got_bytes == 0;
    }
    const char *end = want + want_bytes;
    while (want < end) {
        if (*want != ANYTHING) {
            if (got_bytes == 0 || *got != *want) {
                return false;
            }
            want++;
            got++;
            got_bytes--;
            continue;
        }
        for (size_t skip = 0; skip <= got_bytes; skip++) {
            if (matches(want + 1, (size_t)(end - want - 1), got + skip, got_bytes - skip)) {
                return true;
            }
        }
        return false;
    }
    return got_bytes == 0;
}

static void print_escaped(const char *what, const char *bytes, size_t size_bytes)
{
    print_error("%s", what);
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\r' || c == '\n') {
            print_error(c == '\r' ? "\\r" : "\\n");
        } else if (c >= 32 && c < 127) {
            print_error("%c", c);
        } else {
            print_error("\\x%02x", c);
        }
    }
    print_error("\n");
}

/* --- a case ----------------------------------------------------------------------------------- */

struct play {
    const struct resp_case *test;
    struct desk *desk;
    unsigned line, client; /* the client whose reply comes next */
};

static void expect_reply(struct play *play, const char *from, const char *end)
{
    struct rcs_buf want;
    size_t size_bytes;
    const char *got = desk_receive(play->desk, play->client, &size_bytes);
    rcs_buf_init(&want);
    add_bytes(&want, from, end);
    if (!matches(want.data, want.size_bytes, got, size_bytes)) {
        print_escaped("got:  ", got, size_bytes);
        print_escaped("want: ", want.data, want.size_bytes);
        fail_msg("%s:%u: another reply than the recorded one", play->test->path, play->line);
    }
    rcs_buf_close(&want);
}

static void send_line(struct play *play, unsigned client, const char *from, const char *end,
                      bool words)
{
    struct rcs_buf bytes;
    rcs_buf_init(&bytes);
    if (words) {
        add_request(&bytes, from, end);
    } else {
        add_bytes(&bytes, from, end);
    }
    desk_feed(play->desk, client, bytes.data, bytes.size_bytes);
    rcs_buf_close(&bytes);
}

static void play_line(struct play *play, const char *line, const char *end)
{
    size_t size = (size_t)(end - line);
    if (size >= 2 && memcmp(line, "> ", 2) == 0) {
        play->client = 0;
        send_line(play, 0, line + 2, end, false);
    } else if (size >= 2 && memcmp(line, "< ", 2) == 0) {
        expect_reply(play, line + 2, end);
    } else if (size >= 2 && memcmp(line, "@ ", 2) == 0) {
        play->client = 0; /* what comes is for the first client */
        send_line(play, 9, line + 2, end, true);
    } else if (size == 6 && memcmp(line, "closed", 6) == 0) {
        assert_true(play->desk->clients[play->client].closed);
    } else if (size == 7 && memcmp(line, "proto 3", 7) == 0) {
        desk_ask(play->desk, 0, "HELLO 3");
    } else if (size > 5 && memcmp(line, "wait ", 5) == 0) {
        desk_run(play->desk, atoi(line + 5));
    } else if (size >= 2 && strcspn(line, "$&") <= 1) { /* behind & the reply comes later, if any */
        const char *mark = strpbrk(line, "$&");
        play->client = mark == line ? 0 : (unsigned)(line[0] - '0');
        send_line(play, play->client, mark + 1, end, true);
    } else if (size == 2 && line[1] == '?') { /* what came to that client unasked */
        play->client = (unsigned)(line[0] - '0');
    } else if (size > 0 && line[0] != '#' && strncmp(line, "mask ", 5) != 0) {
        fail_msg("%s:%u: a line of no known kind", play->test->path, play->line);
    }
}

static void play_case(void **state)
{
    const struct resp_case *test = *state;
    static const char needs[] = "# needs long double\n";
    if (strncmp(test->lines, needs, sizeof(needs) - 1) == 0 && !has_long_double()) {
        skip();
    }
    struct play play = { .test = test, .desk = desk_new(NULL), .line = test->line };
    if (test->setup != NULL) {
        test->setup(play.desk, test->how);
    }
    const char *line = test->lines;
    while (*line != '\0' && strncmp(line, "case ", 5) != 0) {
        const char *end = strchr(line, '\n');
        play_line(&play, line, end);
        line = end + 1;
        play.line++;
    }
    desk_free(play.desk);
}

size_t resp_cases_load(const char *path, resp_case_setup *setup, char **text,
                       struct resp_case **cases, struct CMUnitTest *tests, size_t most)
{
    size_t count = 0;
    unsigned number = 1;
    *text = test_vector(path, NULL);
    *cases = calloc(most, sizeof(**cases));
    assert_non_null(*cases);
    for (const char *line = *text; *line != '\0'; line = strchr(line, '\n') + 1, number++) {
        if (strncmp(line, "case ", 5) != 0) {
            continue;
        }
        assert_true(count < most);
        struct resp_case *test = &(*cases)[count];
        test->path = path;
        test->setup = setup;
        test->line = number + 1;
        test->lines = strchr(line, '\n') + 1;
        sscanf(line, "case %63[^ \n]%*[ ]%31[a-z]", test->name, test->how);
        tests[count++] = (struct CMUnitTest){ .name = test->name,
                                              .test_func = play_case,
                                              .initial_state = test };
    }
    return count;
}
