/* Reader of requests: Redis 7.0 processInputBuffer, processMultibulkBuffer, processInlineBuffer.
 *
 * A request is parsed where its bytes stand and given back as pointers to them. Between calls the
 * reader keeps how many bulks are still to come and the length of the one begun, so no byte is
 * looked at twice. */
#include <rcsim/resp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/resp_input.h"
#include "proto/resp_words.h"

#define UNAUTHENTICATED_BULKS_MAX      10
#define UNAUTHENTICATED_BULK_MAX_BYTES 16384

#define NO_BULK_LENGTH UINT32_MAX

struct rcs_resp_requests {
    struct resp_input in;
    struct resp_args args;
    uint32_t bulks_left; /* of the request begun */
    uint32_t bulk_bytes; /* length of the bulk begun, NO_BULK_LENGTH before its header */
    int64_t bulk_bytes_max;
    bool authenticated;
    const char *error; /* not NULL: this connection is over */
    char error_text[64];
};

struct rcs_resp_requests *rcs_resp_requests_new(void)
{
    struct rcs_resp_requests *reader = rcs_bytes_resize(NULL, sizeof(*reader));
    *reader = (struct rcs_resp_requests){ .bulk_bytes = NO_BULK_LENGTH,
                                          .bulk_bytes_max = RESP_BULK_MAX_BYTES,
                                          .authenticated = true };
    return reader;
}

void rcs_resp_requests_free(struct rcs_resp_requests *reader)
{
    if (reader != NULL) {
        free(reader->in.data);
        free(reader->args.list);
        free(reader);
    }
}

void rcs_resp_requests_limit(struct rcs_resp_requests *reader, int64_t bulk_bytes_max)
{
    RCS_ASSERT(bulk_bytes_max > 0);
    reader->bulk_bytes_max = bulk_bytes_max;
}

void rcs_resp_requests_authenticated(struct rcs_resp_requests *reader, bool yes)
{
    reader->authenticated = yes;
}

/* --- bytes in --------------------------------------------------------------------------------- */

static void arguments_moved(void *context, const char *from, char *to)
{
    struct rcs_resp_requests *reader = context;
    for (uint32_t i = 0; i < reader->args.count; i++) {
        reader->args.list[i].bytes = to + (reader->args.list[i].bytes - from);
    }
}

/* A request that was given back is borrowed until the next call; this is the next call. */
static void forget_complete_request(struct rcs_resp_requests *reader)
{
    if (reader->bulks_left == 0) {
        reader->args.count = 0;
        reader->in.start = reader->in.pos;
    }
}

char *rcs_resp_requests_room(struct rcs_resp_requests *reader, size_t wanted_bytes)
{
    forget_complete_request(reader);
    return rcs_resp_input_room(&reader->in, wanted_bytes, arguments_moved, reader);
}

void rcs_resp_requests_fed(struct rcs_resp_requests *reader, size_t size_bytes)
{
    RCS_ASSERT(size_bytes <= reader->in.room - reader->in.end);
    resp_input_filled(&reader->in, reader->error == NULL ? size_bytes : 0);
}

void rcs_resp_requests_feed(struct rcs_resp_requests *reader, const void *bytes, size_t size_bytes)
{
    if (size_bytes > 0) {
        memcpy(rcs_resp_requests_room(reader, size_bytes), bytes, size_bytes);
        rcs_resp_requests_fed(reader, size_bytes);
    }
}

size_t rcs_resp_requests_left(const struct rcs_resp_requests *reader)
{
    return reader->in.end - (reader->bulks_left == 0 ? reader->in.pos : reader->in.start);
}

void rcs_resp_requests_bytes(const struct rcs_resp_requests *reader,
                             struct rcs_resp_requests_bytes *out)
{
    *out = (struct rcs_resp_requests_bytes){ .behind = resp_input_left(&reader->in) };
    if (reader->bulks_left == 0) {
        out->last = reader->in.pos - reader->in.start;
        return;
    }
    for (uint32_t i = 0; i < reader->args.count; i++) {
        out->arguments += reader->args.list[i].size_bytes;
    }
}

/* --- errors ----------------------------------------------------------------------------------- */

static enum rcs_err fail(struct rcs_resp_requests *reader, const char *reply)
{
    reader->error = reply;
    return RCS_ERR_PROTOCOL;
}
#define FAIL(reader, text) fail((reader), "-ERR Protocol error: " text "\r\n")

/* CR and LF would break the reply, they become blanks (Redis 7.0 addReplyErrorFormat). */
static enum rcs_err fail_expected_dollar(struct rcs_resp_requests *reader, char got)
{
    snprintf(reader->error_text, sizeof(reader->error_text),
             "-ERR Protocol error: expected '$', got '%c'\r\n",
             got == '\r' || got == '\n' ? ' ' : got);
    return fail(reader, reader->error_text);
}

/* --- multibulk -------------------------------------------------------------------------------- */

/* The length line at `p` if it has one or two digits and is all there, as nearly every one. Returns
 * its size, 0 if the line needs a closer look. */
static inline size_t short_length(const char *p, size_t left, uint32_t *length)
{
    if (left < 5) {
        return 0;
    }
    const unsigned first = (unsigned char)p[1] - (unsigned)'0';
    if (first > 9) {
        return 0;
    }
    if (p[2] == '\r') {
        *length = first;
        return 4;
    }
    const unsigned second = (unsigned char)p[2] - (unsigned)'0';
    if (first == 0 || second > 9 || p[3] != '\r') {
        return 0;
    }
    *length = first * 10 + second;
    return 5;
}

/* The line at `pos` as far as its CR. It is complete with one byte more, which nobody looks at. */
static enum rcs_err header_line(struct rcs_resp_requests *reader, const char *too_big, size_t *cr)
{
    *cr = rcs_resp_input_find(&reader->in, '\r');
    if (*cr == SIZE_MAX) {
        return resp_input_left(&reader->in) > RESP_LINE_MAX_BYTES ? fail(reader, too_big)
                                                                  : RCS_MORE;
    }
    return *cr + 2 > resp_input_left(&reader->in) ? RCS_MORE : RCS_OK;
}

static enum rcs_err read_bulk_count(struct rcs_resp_requests *reader)
{
    const char *p = reader->in.data + reader->in.pos;
    size_t cr;
    int64_t count;

    enum rcs_err err =
        header_line(reader, "-ERR Protocol error: too big mbulk count string\r\n", &cr);
    if (err != RCS_OK) {
        return err;
    }
    if (!rcs_decimal_read(p + 1, cr - 1, &count) || count > INT32_MAX) {
        return FAIL(reader, "invalid multibulk length");
    }
    if (count > UNAUTHENTICATED_BULKS_MAX && !reader->authenticated) {
        return FAIL(reader, "unauthenticated multibulk length");
    }
    resp_input_advance(&reader->in, cr + 2);
    reader->bulks_left = count > 0 ? (uint32_t)count : 0;
    return RCS_OK;
}

static enum rcs_err read_bulk_length(struct rcs_resp_requests *reader)
{
    const char *p = reader->in.data + reader->in.pos;
    size_t cr;
    int64_t length;

    enum rcs_err err =
        header_line(reader, "-ERR Protocol error: too big bulk count string\r\n", &cr);
    if (err != RCS_OK) {
        return err;
    }
    if (*p != '$') {
        return fail_expected_dollar(reader, *p);
    }
    if (!rcs_decimal_read(p + 1, cr - 1, &length) || length < 0 ||
        length > reader->bulk_bytes_max || length >= NO_BULK_LENGTH) {
        return FAIL(reader, "invalid bulk length");
    }
    if (length > UNAUTHENTICATED_BULK_MAX_BYTES && !reader->authenticated) {
        return FAIL(reader, "unauthenticated bulk length");
    }
    resp_input_advance(&reader->in, cr + 2);
    reader->bulk_bytes = (uint32_t)length;
    return RCS_OK;
}

/* The bulks still to come, as many as are there. The two bytes behind a bulk are skipped whatever
 * they are. */
static enum rcs_err read_bulks(struct rcs_resp_requests *reader)
{
    struct resp_input *in = &reader->in;
    while (reader->bulks_left > 0) {
        if (reader->bulk_bytes == NO_BULK_LENGTH) {
            const char *p = in->data + in->pos;
            size_t header_bytes = 0;
            if (resp_input_left(in) > 0 && *p == '$') {
                header_bytes = short_length(p, resp_input_left(in), &reader->bulk_bytes);
            }
            if (header_bytes > 0) {
                resp_input_advance(in, header_bytes);
            } else {
                enum rcs_err err = read_bulk_length(reader);
                if (err != RCS_OK) {
                    return err;
                }
            }
        }
        if (resp_input_left(in) < (size_t)reader->bulk_bytes + 2) {
            return RCS_MORE;
        }
        resp_args_add(&reader->args, in->data + in->pos, reader->bulk_bytes);
        resp_input_advance(in, (size_t)reader->bulk_bytes + 2);
        reader->bulk_bytes = NO_BULK_LENGTH;
        reader->bulks_left--;
    }
    return RCS_OK;
}

static enum rcs_err read_multibulk(struct rcs_resp_requests *reader)
{
    struct resp_input *in = &reader->in;
    uint32_t count;
    const size_t header_bytes = short_length(in->data + in->pos, resp_input_left(in), &count);
    if (header_bytes == 4) { /* one digit is below every limit */
        resp_input_advance(in, header_bytes);
        reader->bulks_left = count;
    } else {
        enum rcs_err err = read_bulk_count(reader);
        if (err != RCS_OK) {
            return err;
        }
    }
    return read_bulks(reader);
}

/* --- inline ----------------------------------------------------------------------------------- */

static enum rcs_err read_inline(struct rcs_resp_requests *reader)
{
    struct resp_input *in = &reader->in;
    char *line = in->data + in->pos;
    const size_t lf = rcs_resp_input_find(in, '\n');
    if (lf == SIZE_MAX) {
        return resp_input_left(in) > RESP_LINE_MAX_BYTES ? FAIL(reader, "too big inline request")
                                                         : RCS_MORE;
    }
    const size_t line_bytes = lf > 0 && line[lf - 1] == '\r' ? lf - 1 : lf;
    if (!rcs_resp_split_words(line, line + line_bytes, &reader->args)) {
        return FAIL(reader, "unbalanced quotes in request");
    }
    resp_input_advance(in, lf + 1);
    return RCS_OK;
}

/* --- requests out ----------------------------------------------------------------------------- */

/* A command name compared as C strings are, case aside: up to a NUL. `name` is in lower case. */
static bool is_command(const struct rcs_arg *arg, const char *name)
{
    uint32_t i = 0;
    for (; name[i] != '\0'; i++) {
        const char c = i < arg->size_bytes ? arg->bytes[i] : '\0';
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != name[i]) {
            return false;
        }
    }
    return i == arg->size_bytes || arg->bytes[i] == '\0';
}

/* A browser tricked into talking to the port says one of these first; the connection is closed
 * without a word (Redis 7.0 securityWarningCommand). */
static bool is_http(const struct rcs_arg *name)
{
    return is_command(name, "post") || is_command(name, "host:");
}

static enum rcs_err next_request(struct rcs_resp_requests *reader)
{
    struct resp_input *in = &reader->in;
    forget_complete_request(reader);
    if (resp_input_left(in) > RESP_QUERY_MAX_BYTES) {
        return fail(reader, "");
    }
    do {
        enum rcs_err err;
        if (reader->bulks_left > 0) {
            err = read_bulks(reader);
        } else if (resp_input_left(in) == 0) {
            err = RCS_MORE;
        } else if (in->data[in->pos] == '*') {
            err = read_multibulk(reader);
        } else {
            err = read_inline(reader);
        }
        if (err != RCS_OK) {
            return err;
        }
    } while (reader->args.count == 0);
    return is_http(&reader->args.list[0]) ? fail(reader, "") : RCS_OK;
}

enum rcs_err rcs_resp_requests_next(struct rcs_resp_requests *reader, const struct rcs_arg **args,
                                    unsigned *argc, const char **error)
{
    enum rcs_err err = reader->error == NULL ? next_request(reader) : RCS_ERR_PROTOCOL;
    if (err == RCS_OK) {
        *args = reader->args.list;
        *argc = reader->args.count;
    } else if (err == RCS_ERR_PROTOCOL) {
        *error = reader->error;
    }
    return err;
}
