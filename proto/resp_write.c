/* Replies and requests as bytes. */
#include <rcsim/resp.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"

static void add_crlf(struct rcs_buf *out)
{
    rcs_buf_add(out, "\r\n", 2);
}

/* The header of a bulk or an aggregate. */
static void add_length(struct rcs_buf *out, char type, size_t length)
{
    char *p = rcs_buf_room(out, RCS_DECIMAL_MAX + 3);
    size_t size_bytes = 1 + rcs_decimal_write(p + 1, (int64_t)length);
    p[0] = type;
    p[size_bytes++] = '\r';
    p[size_bytes++] = '\n';
    out->size_bytes += size_bytes;
}

/* --- simple ----------------------------------------------------------------------------------- */

void rcs_resp_status(struct rcs_buf *out, const char *text)
{
    rcs_buf_text(out, "+");
    rcs_buf_text(out, text);
    add_crlf(out);
}

/* CR and LF in a text that repeats what a client sent would end the reply too early. */
static void add_error(struct rcs_buf *out, const char *code, const char *text)
{
    const size_t text_bytes = strlen(text);
    rcs_buf_text(out, code);
    char *p = rcs_buf_room(out, text_bytes + 2);
    for (size_t i = 0; i < text_bytes; i++) {
        p[i] = text[i] == '\r' || text[i] == '\n' ? ' ' : text[i];
    }
    out->size_bytes += text_bytes;
    add_crlf(out);
}

void rcs_resp_error_raw(struct rcs_buf *out, const char *text)
{
    add_error(out, "-", text);
}

void rcs_resp_error(struct rcs_buf *out, const char *text)
{
    add_error(out, text[0] == '-' ? "" : "-ERR ", text);
}

void rcs_resp_integer(struct rcs_buf *out, int64_t value)
{
    rcs_buf_text(out, ":");
    rcs_buf_i64(out, value);
    add_crlf(out);
}

void rcs_resp_boolean(struct rcs_buf *out, bool value, bool resp3)
{
    if (resp3) {
        rcs_buf_text(out, value ? "#t\r\n" : "#f\r\n");
    } else {
        rcs_resp_integer(out, value);
    }
}

void rcs_resp_nil(struct rcs_buf *out, bool resp3)
{
    rcs_buf_text(out, resp3 ? "_\r\n" : "$-1\r\n");
}

void rcs_resp_nil_array(struct rcs_buf *out, bool resp3)
{
    rcs_buf_text(out, resp3 ? "_\r\n" : "*-1\r\n");
}

/* --- bulks ------------------------------------------------------------------------------------ */

void rcs_resp_bulk(struct rcs_buf *out, const void *bytes, size_t size_bytes)
{
    add_length(out, '$', size_bytes);
    rcs_buf_add(out, bytes, size_bytes);
    add_crlf(out);
}

void rcs_resp_bulk_text(struct rcs_buf *out, const char *text)
{
    rcs_resp_bulk(out, text, strlen(text));
}

void rcs_resp_verbatim(struct rcs_buf *out, const void *bytes, size_t size_bytes, bool resp3)
{
    if (!resp3) {
        rcs_resp_bulk(out, bytes, size_bytes);
        return;
    }
    add_length(out, '=', size_bytes + 4);
    rcs_buf_text(out, "txt:");
    rcs_buf_add(out, bytes, size_bytes);
    add_crlf(out);
}

/* Writes as "%.17g" does in the C locale (Redis 7.0 addReplyDouble); the embedding program's locale
 * may have another decimal point. */
static size_t double_text(char text[32], double value)
{
    if (isinf(value)) {
        return (size_t)snprintf(text, 32, "%s", value > 0 ? "inf" : "-inf");
    }
    size_t size_bytes = (size_t)snprintf(text, 32, "%.17g", value);
    for (size_t i = 0; i < size_bytes; i++) {
        if (strchr("0123456789+-enan", text[i]) == NULL) {
            text[i] = '.';
        }
    }
    return size_bytes;
}

void rcs_resp_double(struct rcs_buf *out, double value, bool resp3)
{
    char text[32];
    const size_t size_bytes = double_text(text, value);
    if (!resp3) {
        rcs_resp_bulk(out, text, size_bytes);
        return;
    }
    rcs_buf_text(out, ",");
    rcs_buf_add(out, text, size_bytes);
    add_crlf(out);
}

/* --- aggregates ------------------------------------------------------------------------------- */

void rcs_resp_array(struct rcs_buf *out, size_t elements)
{
    add_length(out, '*', elements);
}

void rcs_resp_map(struct rcs_buf *out, size_t pairs, bool resp3)
{
    if (resp3) {
        add_length(out, '%', pairs);
    } else {
        add_length(out, '*', 2 * pairs);
    }
}

void rcs_resp_set(struct rcs_buf *out, size_t elements, bool resp3)
{
    add_length(out, resp3 ? '~' : '*', elements);
}

void rcs_resp_push(struct rcs_buf *out, size_t elements, bool resp3)
{
    add_length(out, resp3 ? '>' : '*', elements);
}

void rcs_resp_request(struct rcs_buf *out, unsigned argc, const struct rcs_arg *args)
{
    add_length(out, '*', argc);
    for (unsigned i = 0; i < argc; i++) {
        rcs_resp_bulk(out, args[i].bytes, args[i].size_bytes);
    }
}
