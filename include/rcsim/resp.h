/* RESP, the Redis protocol: requests and replies, read byte by byte and written (RESP2 and RESP3).
 *
 * Readers take bytes in pieces of any length and can stop at every byte; what they give back is
 * borrowed until the next call on the same reader. An error sticks: after it a reader refuses
 * everything, as a real server closes the connection. Limits are those of Redis 7.0 (networking.c).
 */
#ifndef RCSIM_RESP_H
#define RCSIM_RESP_H

#include <rcsim/base.h>
#include <rcsim/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- growable bytes --------------------------------------------------------------------------- */

struct rcs_buf {
    char *data;
    size_t size_bytes;
    size_t room_bytes;
};
void rcs_buf_init(struct rcs_buf *buf);
void rcs_buf_close(struct rcs_buf *buf);
void rcs_buf_clear(struct rcs_buf *buf);
void rcs_buf_add(struct rcs_buf *buf, const void *bytes, size_t size_bytes);
void rcs_buf_text(struct rcs_buf *buf, const char *text);
void rcs_buf_format(struct rcs_buf *buf, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
void rcs_buf_i64(struct rcs_buf *buf, int64_t value); /* decimal, no printf */
/* They grow by doubling and abort on lack of memory. What is added must not lie in the buffer
 * itself. */

/* --- decimal numbers -------------------------------------------------------------------------- */

#define RCS_DECIMAL_MAX 20 /* "-9223372036854775808", "18446744073709551615" */

/* Writes `value` in decimal, without NUL, at most RCS_DECIMAL_MAX bytes; returns the length. */
size_t rcs_decimal_write(char *out, int64_t value);
size_t rcs_decimal_write_u64(char *out, uint64_t value);
/* Reads a whole text as a number, strictly: no blanks, no plus, no leading zero, no "-0" (Redis 7.0
 * string2ll). False if it is none or does not fit. */
bool rcs_decimal_read(const char *text, size_t size_bytes, int64_t *value);

/* --- requests --------------------------------------------------------------------------------- */

struct rcs_resp_requests; /* reader of a client's side of a connection */

struct rcs_resp_requests *rcs_resp_requests_new(void);
void rcs_resp_requests_free(struct rcs_resp_requests *reader);
/* No bulk may be longer (proto-max-bulk-len; 512 MB unless told). */
void rcs_resp_requests_limit(struct rcs_resp_requests *reader, int64_t bulk_bytes_max);
void rcs_resp_requests_authenticated(struct rcs_resp_requests *reader, bool yes); /* default yes */
/* Lends a buffer to read into; then _fed says how much of it was filled. Saves a copy. */
char *rcs_resp_requests_room(struct rcs_resp_requests *reader, size_t wanted_bytes);
void rcs_resp_requests_fed(struct rcs_resp_requests *reader, size_t size_bytes);
void rcs_resp_requests_feed(struct rcs_resp_requests *reader, const void *bytes, size_t size_bytes);

/* Bytes that were fed and not yet given back. */
size_t rcs_resp_requests_left(const struct rcs_resp_requests *reader);
/* Where bytes stand, as a server accounts for them (the fields qbuf and argv-mem of CLIENT LIST);
 * headers that were read count nowhere. */
struct rcs_resp_requests_bytes {
    size_t last;      /* of the request given back last, headers included */
    size_t arguments; /* of a request begun: its complete arguments */
    size_t behind;    /* behind what is complete */
};
void rcs_resp_requests_bytes(const struct rcs_resp_requests *reader,
                             struct rcs_resp_requests_bytes *out);

/* The next complete request. RCS_OK: `*args` and `*argc` (argc >= 1; `*0` and blank lines are
 * passed over) are borrowed until the next call. RCS_MORE: feed more. RCS_ERR_PROTOCOL: `*error` is
 * the reply to send before closing ("-ERR Protocol error: ...\r\n"), "" for the silent close that
 * POST and Host: get. */
enum rcs_err rcs_resp_requests_next(struct rcs_resp_requests *reader, const struct rcs_arg **args,
                                    unsigned *argc, const char **error);

/* --- replies ---------------------------------------------------------------------------------- */

enum rcs_reply_kind {
    RCS_REPLY_STATUS,
    RCS_REPLY_ERROR,
    RCS_REPLY_INTEGER,
    RCS_REPLY_BULK,
    RCS_REPLY_NIL,
    RCS_REPLY_ARRAY,
    RCS_REPLY_NIL_ARRAY,
    RCS_REPLY_MAP,
    RCS_REPLY_SET,
    RCS_REPLY_DOUBLE,
    RCS_REPLY_BOOLEAN,
    RCS_REPLY_BIG_NUMBER,
    RCS_REPLY_VERBATIM,
    RCS_REPLY_PUSH,
    RCS_REPLY_ATTRIBUTE
};

/* A reply as a flat list in the order of its bytes: an aggregate is followed by its elements (a map
 * of n pairs by 2n). An attribute wraps what it is about: its pairs, then that reply, are its
 * elements (2n + 1), so that it stands where one reply is expected. */
struct rcs_reply {
    enum rcs_reply_kind kind;
    uint32_t elements; /* of an aggregate: replies that follow at the next level (pairs count 2) */
    uint32_t size; /* replies in this subtree, itself included: skip with `reply += reply->size` */
    int64_t integer; /* INTEGER, BOOLEAN */
    const char
        *bytes; /* text of status, error (without - and CR LF), bulk, integer, double, big
                 * number; a verbatim's text without its `txt:`. Never NULL, no NUL behind it */
    size_t size_bytes;
};

struct rcs_resp_replies; /* reader of a server's side of a connection */
struct rcs_resp_replies *rcs_resp_replies_new(void);
void rcs_resp_replies_free(struct rcs_resp_replies *reader);
void rcs_resp_replies_feed(struct rcs_resp_replies *reader, const void *bytes, size_t size_bytes);
/* RCS_OK: *out is the next complete reply, borrowed until the next call. RCS_ERR_PROTOCOL: no RESP.
 * RCS_ERR_TOO_BIG: a bulk over 512 MB, an aggregate of over 2147483647 or nested over 128 deep, a
 * length line over 64 KB. */
enum rcs_err rcs_resp_replies_next(struct rcs_resp_replies *reader, const struct rcs_reply **out);
/* Takes the bytes not yet read out of the reader (for a connection that changes its language, as a
 * replication link does after PSYNC). Borrowed until the next call; the reader is empty after it.
 */
const char *rcs_resp_replies_rest(struct rcs_resp_replies *reader, size_t *size_bytes);

/* --- writing: replies (`resp3` chooses the form where they differ) ---------------------------- */

void rcs_resp_status(struct rcs_buf *out, const char *text); /* +text */
void rcs_resp_error(struct rcs_buf *out, const char *text);  /* -text, or -ERR text when it starts
                                                                with no code: see below */
void rcs_resp_error_raw(struct rcs_buf *out,
                        const char *text); /* "-" text; CR and LF become blanks */
void rcs_resp_integer(struct rcs_buf *out, int64_t value);
void rcs_resp_bulk(struct rcs_buf *out, const void *bytes, size_t size_bytes);
void rcs_resp_bulk_text(struct rcs_buf *out, const char *text);
void rcs_resp_nil(struct rcs_buf *out, bool resp3);
void rcs_resp_nil_array(struct rcs_buf *out, bool resp3);
void rcs_resp_array(struct rcs_buf *out, size_t elements);
void rcs_resp_map(struct rcs_buf *out, size_t pairs, bool resp3);
void rcs_resp_set(struct rcs_buf *out, size_t elements, bool resp3);
void rcs_resp_push(struct rcs_buf *out, size_t elements, bool resp3);
void rcs_resp_double(struct rcs_buf *out, double value, bool resp3);
void rcs_resp_boolean(struct rcs_buf *out, bool value, bool resp3);
void rcs_resp_verbatim(struct rcs_buf *out, const void *bytes, size_t size_bytes, bool resp3);
/* rcs_resp_error follows Redis: a text that begins with `-` carries its own code, otherwise "ERR "
 * is put in front (addReplyError). */

/* A request as an array of bulks. */
void rcs_resp_request(struct rcs_buf *out, unsigned argc, const struct rcs_arg *args);

/* A reply as redis-cli prints it to a terminal: `(integer) 1`, `"data"`, `(error) ERR ...`,
 * numbered lists with its indents; verbatim text as it is. Status as bare text. No final LF. */
void rcs_reply_print(struct rcs_buf *out, const struct rcs_reply *reply);

#ifdef __cplusplus
}
#endif
#endif
