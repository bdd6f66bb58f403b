/* Any bytes as requests and as replies: what a reader makes of them does not depend on the pieces
 * they come in, and what it gave back is the same after it was written and read again. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/resp.h>

#include "tests/support/resp_again.h"

/* Beyond it the limits of a line are in reach, where a server's answer does depend on the pieces.
 */
#define INPUT_MAX_BYTES 60000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lengths of pieces, drawn from the input's own bytes. */
static size_t next_piece(const uint8_t *data, size_t size, size_t at)
{
    const size_t left = size - at, piece = 1 + (data[at] * 7u + data[size - 1 - at]) % 13;
    return piece < left ? piece : left;
}

/* --- requests --------------------------------------------------------------------------------- */

/* Writes the requests that are complete into `out`; in the end the error. */
static enum rcs_err drain_requests(struct rcs_resp_requests *reader, struct rcs_buf *out)
{
    const struct rcs_arg *args;
    const char *error = NULL;
    unsigned argc;
    enum rcs_err err;
    while ((err = rcs_resp_requests_next(reader, &args, &argc, &error)) == RCS_OK) {
        RCS_ASSERT(argc >= 1);
        rcs_resp_request(out, argc, args);
    }
    RCS_ASSERT(err == RCS_MORE || err == RCS_ERR_PROTOCOL);
    if (err == RCS_ERR_PROTOCOL) {
        const size_t length = strlen(error);
        RCS_ASSERT(length == 0 || (error[0] == '-' && strchr(error, '\r') == error + length - 2));
        rcs_buf_text(out, error);
    }
    return err;
}

static enum rcs_err requests(const uint8_t *data, size_t size, bool authenticated, bool in_pieces,
                             struct rcs_buf *out)
{
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    enum rcs_err err = RCS_MORE;
    rcs_resp_requests_authenticated(reader, authenticated);
    for (size_t at = 0; at < size && err == RCS_MORE;) {
        const size_t piece = in_pieces ? next_piece(data, size, at) : size;
        if (piece & 1) {
            memcpy(rcs_resp_requests_room(reader, piece), data + at, piece);
            rcs_resp_requests_fed(reader, piece);
        } else {
            rcs_resp_requests_feed(reader, data + at, piece);
        }
        at += piece;
        err = drain_requests(reader, out);
    }
    rcs_resp_requests_free(reader);
    return err;
}

/* --- replies ---------------------------------------------------------------------------------- */

/* Byte for byte as it came, whatever the bytes. */
static void write_raw(struct rcs_buf *out, const struct rcs_reply *reply, bool resp3)
{
    switch ((unsigned)reply->kind) {
    case RCS_REPLY_ERROR: /* as a blob, in which any byte may stand */
        rcs_buf_format(out, "!%zu\r\n", reply->size_bytes);
        rcs_buf_add(out, reply->bytes, reply->size_bytes);
        rcs_buf_text(out, "\r\n");
        break;
    case RCS_REPLY_NIL:
        rcs_resp_nil(out, resp3);
        break;
    case RCS_REPLY_NIL_ARRAY: /* RESP3 has but one nil */
        rcs_resp_nil_array(out, false);
        break;
    case RCS_REPLY_DOUBLE:
        resp_again_line(out, ',', reply);
        break;
    case RCS_REPLY_BIG_NUMBER:
        resp_again_line(out, '(', reply);
        break;
    default:
        resp_again_line(out, '+', reply);
        break;
    }
}

static enum rcs_err drain_replies(struct rcs_resp_replies *reader, struct rcs_buf *out)
{
    const struct rcs_reply *reply;
    enum rcs_err err;
    while ((err = rcs_resp_replies_next(reader, &reply)) == RCS_OK) {
        struct rcs_buf printed;
        rcs_buf_init(&printed);
        rcs_reply_print(&printed, reply);
        rcs_buf_close(&printed);
        resp_again(out, reply, true, write_raw);
    }
    return err;
}

static enum rcs_err replies(const uint8_t *data, size_t size, bool in_pieces, struct rcs_buf *out)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    enum rcs_err err = RCS_MORE;
    for (size_t at = 0; at < size && err == RCS_MORE;) {
        const size_t piece = in_pieces ? next_piece(data, size, at) : size;
        rcs_resp_replies_feed(reader, data + at, piece);
        at += piece;
        err = drain_replies(reader, out);
    }
    rcs_resp_replies_free(reader);
    return err;
}

/* --- both ------------------------------------------------------------------------------------- */

static bool same(const struct rcs_buf *a, const struct rcs_buf *b)
{
    return a->size_bytes == b->size_bytes &&
           (a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

static void check_requests(const uint8_t *data, size_t size, bool authenticated)
{
    struct rcs_buf whole, pieces, again;
    rcs_buf_init(&whole);
    rcs_buf_init(&pieces);
    rcs_buf_init(&again);
    const enum rcs_err err = requests(data, size, authenticated, false, &whole);
    RCS_ASSERT(requests(data, size, authenticated, true, &pieces) == err);
    RCS_ASSERT(same(&whole, &pieces));
    if (err == RCS_MORE) {
        /* An inline request may have more words than are allowed without a password. */
        RCS_ASSERT(requests((const uint8_t *)whole.data, whole.size_bytes, true, false, &again) ==
                   RCS_MORE);
        RCS_ASSERT(same(&whole, &again));
    }
    rcs_buf_close(&whole);
    rcs_buf_close(&pieces);
    rcs_buf_close(&again);
}

static void check_replies(const uint8_t *data, size_t size)
{
    struct rcs_buf whole, pieces, again;
    rcs_buf_init(&whole);
    rcs_buf_init(&pieces);
    rcs_buf_init(&again);
    const enum rcs_err err = replies(data, size, false, &whole);
    RCS_ASSERT(replies(data, size, true, &pieces) == err);
    RCS_ASSERT(same(&whole, &pieces));
    RCS_ASSERT(replies((const uint8_t *)whole.data, whole.size_bytes, false, &again) == RCS_MORE);
    RCS_ASSERT(same(&whole, &again));
    rcs_buf_close(&whole);
    rcs_buf_close(&pieces);
    rcs_buf_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= INPUT_MAX_BYTES) {
        check_requests(data, size, true);
        check_requests(data, size, false);
        check_replies(data, size);
    }
    return 0;
}
