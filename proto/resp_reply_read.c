/* Reader of replies, RESP2 and RESP3, into a flat list.
 *
 * There is no recursion: open aggregates are a short stack of counts. Strict where hiredis, the
 * reader of redis-cli, is strict, and in the end of a bulk, which hiredis does not look at. */
#include <rcsim/resp.h>

#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/resp_input.h"

#define LIST_ROOM_FIRST 16
#define LEVELS_MAX      128 /* of aggregates in aggregates; printing recurses as deep */
#define VERBATIM_FORMAT 4   /* "txt:" */

struct level {
    uint32_t index; /* of the aggregate in the list */
    uint32_t left;  /* elements of it still to come */
};

struct rcs_resp_replies {
    struct resp_input in;
    struct rcs_reply *list;
    uint32_t count, room;
    struct level open[LEVELS_MAX];
    unsigned levels;
    bool complete;                 /* the list was given back, borrowed until the next call */
    bool in_bulk;                  /* a bulk's header was read */
    enum rcs_reply_kind bulk_kind; /* of that bulk */
    size_t bulk_bytes;
    enum rcs_err err; /* not RCS_OK: this connection is over */
};

struct rcs_resp_replies *rcs_resp_replies_new(void)
{
    struct rcs_resp_replies *reader = rcs_bytes_resize(NULL, sizeof(*reader));
    memset(reader, 0, sizeof(*reader));
    return reader;
}

void rcs_resp_replies_free(struct rcs_resp_replies *reader)
{
    if (reader != NULL) {
        free(reader->in.data);
        free(reader->list);
        free(reader);
    }
}

/* --- bytes in --------------------------------------------------------------------------------- */

static void replies_moved(void *context, const char *from, char *to)
{
    struct rcs_resp_replies *reader = context;
    for (uint32_t i = 0; i < reader->count; i++) {
        reader->list[i].bytes = to + (reader->list[i].bytes - from);
    }
}

static void forget_complete_reply(struct rcs_resp_replies *reader)
{
    if (reader->complete) {
        reader->complete = false;
        reader->count = 0;
        reader->in.start = reader->in.pos;
    }
}

void rcs_resp_replies_feed(struct rcs_resp_replies *reader, const void *bytes, size_t size_bytes)
{
    if (size_bytes == 0 || reader->err != RCS_OK) {
        return;
    }
    forget_complete_reply(reader);
    memcpy(rcs_resp_input_room(&reader->in, size_bytes, replies_moved, reader), bytes, size_bytes);
    resp_input_filled(&reader->in, size_bytes);
}

const char *rcs_resp_replies_rest(struct rcs_resp_replies *reader, size_t *size_bytes)
{
    struct resp_input *in = &reader->in;
    forget_complete_reply(reader);
    const char *rest = in->data == NULL ? "" : in->data + in->start;
    *size_bytes = in->end - in->start;
    in->start = in->pos = in->end;
    in->scanned = 0;
    reader->count = 0;
    reader->levels = 0;
    reader->in_bulk = false;
    return rest;
}

/* --- the list --------------------------------------------------------------------------------- */

static struct rcs_reply *add_reply(struct rcs_resp_replies *reader, enum rcs_reply_kind kind,
                                   const char *bytes, size_t size_bytes)
{
    if (reader->count == reader->room) {
        RCS_ASSERT(reader->room <= UINT32_MAX / 2);
        reader->room = reader->room == 0 ? LIST_ROOM_FIRST : 2 * reader->room;
        reader->list = rcs_bytes_resize(reader->list, reader->room * sizeof(reader->list[0]));
    }
    struct rcs_reply *reply = &reader->list[reader->count++];
    *reply =
        (struct rcs_reply){ .kind = kind, .size = 1, .bytes = bytes, .size_bytes = size_bytes };
    return reply;
}

/* The last reply of the list is whole: so may be the aggregates it ends. */
static void close_levels(struct rcs_resp_replies *reader)
{
    while (reader->levels > 0) {
        struct level *level = &reader->open[reader->levels - 1];
        if (--level->left > 0) {
            return;
        }
        reader->list[level->index].size = reader->count - level->index;
        reader->levels--;
    }
    reader->complete = true;
}

static void add_whole(struct rcs_resp_replies *reader, enum rcs_reply_kind kind, const char *bytes,
                      size_t size_bytes, int64_t integer)
{
    add_reply(reader, kind, bytes, size_bytes)->integer = integer;
    close_levels(reader);
}

static enum rcs_err add_aggregate(struct rcs_resp_replies *reader, enum rcs_reply_kind kind,
                                  const char *bytes, uint32_t elements)
{
    const uint32_t index = reader->count;
    if (elements > 0 && reader->levels == LEVELS_MAX) {
        return RCS_ERR_TOO_BIG;
    }
    add_reply(reader, kind, bytes, 0)->elements = elements;
    if (elements > 0) {
        reader->open[reader->levels++] = (struct level){ index, elements };
    } else {
        close_levels(reader);
    }
    return RCS_OK;
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool is_digits(const char *text, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return size_bytes > 0;
}

static bool is_big_number(const char *text, size_t size_bytes)
{
    const size_t sign = size_bytes > 0 && (text[0] == '-' || text[0] == '+');
    return is_digits(text + sign, size_bytes - sign);
}

static bool is_word(const char *text, size_t size_bytes, const char *word)
{
    return size_bytes == strlen(word) && memcmp(text, word, size_bytes) == 0;
}

static size_t digits_at(const char *text, size_t size_bytes)
{
    size_t i = 0;
    while (i < size_bytes && text[i] >= '0' && text[i] <= '9') {
        i++;
    }
    return i;
}

/* [sign] digits [. digits] [e [sign] digits], or inf, -inf, nan. */
static bool is_double(const char *text, size_t size_bytes)
{
    if (is_word(text, size_bytes, "inf") || is_word(text, size_bytes, "-inf") ||
        is_word(text, size_bytes, "nan") || is_word(text, size_bytes, "-nan")) {
        return true;
    }
    size_t at = size_bytes > 0 && (text[0] == '-' || text[0] == '+');
    const size_t whole = digits_at(text + at, size_bytes - at);
    at += whole;
    if (whole == 0) {
        return false;
    }
    if (at < size_bytes && text[at] == '.') {
        at++;
        const size_t fraction = digits_at(text + at, size_bytes - at);
        if (fraction == 0) {
            return false;
        }
        at += fraction;
    }
    if (at < size_bytes && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        return is_big_number(text + at, size_bytes - at);
    }
    return at == size_bytes;
}

static enum rcs_err read_bulk_header(struct rcs_resp_replies *reader, enum rcs_reply_kind kind,
                                     const char *text, size_t size_bytes)
{
    int64_t length;
    if (!rcs_decimal_read(text, size_bytes, &length)) {
        return RCS_ERR_PROTOCOL;
    }
    if (length == -1 && kind == RCS_REPLY_BULK) {
        add_whole(reader, RCS_REPLY_NIL, text, 0, 0);
        return RCS_OK;
    }
    if (length < (kind == RCS_REPLY_VERBATIM ? VERBATIM_FORMAT : 0)) {
        return RCS_ERR_PROTOCOL;
    }
    if (length > RESP_BULK_MAX_BYTES) {
        return RCS_ERR_TOO_BIG;
    }
    reader->in_bulk = true;
    reader->bulk_kind = kind;
    reader->bulk_bytes = (size_t)length;
    return RCS_OK;
}

/* A pair is two elements; an attribute has one element more, the reply it belongs to. */
static enum rcs_err read_aggregate(struct rcs_resp_replies *reader, enum rcs_reply_kind kind,
                                   const char *text, size_t size_bytes)
{
    const bool pairs = kind == RCS_REPLY_MAP || kind == RCS_REPLY_ATTRIBUTE;
    int64_t count;
    if (!rcs_decimal_read(text, size_bytes, &count)) {
        return RCS_ERR_PROTOCOL;
    }
    if (count == -1 && kind == RCS_REPLY_ARRAY) {
        add_whole(reader, RCS_REPLY_NIL_ARRAY, text, 0, 0);
        return RCS_OK;
    }
    if (count < 0) {
        return RCS_ERR_PROTOCOL;
    }
    if (count > INT32_MAX) {
        return RCS_ERR_TOO_BIG;
    }
    const uint32_t elements = (uint32_t)count * (pairs ? 2 : 1);
    return add_aggregate(reader, kind, text, elements + (kind == RCS_REPLY_ATTRIBUTE));
}

/* A line without its CR LF; `text` is what stands behind the type byte. */
static enum rcs_err read_line(struct rcs_resp_replies *reader, char type, const char *text,
                              size_t size_bytes)
{
    int64_t integer = 0;
    switch (type) {
    case '+':
        add_whole(reader, RCS_REPLY_STATUS, text, size_bytes, 0);
        return RCS_OK;
    case '-':
        add_whole(reader, RCS_REPLY_ERROR, text, size_bytes, 0);
        return RCS_OK;
    case ':':
        if (!rcs_decimal_read(text, size_bytes, &integer)) {
            return RCS_ERR_PROTOCOL;
        }
        add_whole(reader, RCS_REPLY_INTEGER, text, size_bytes, integer);
        return RCS_OK;
    case '$':
        return read_bulk_header(reader, RCS_REPLY_BULK, text, size_bytes);
    case '=':
        return read_bulk_header(reader, RCS_REPLY_VERBATIM, text, size_bytes);
    case '!':
        return read_bulk_header(reader, RCS_REPLY_ERROR, text, size_bytes);
    case '*':
        return read_aggregate(reader, RCS_REPLY_ARRAY, text, size_bytes);
    case '%':
        return read_aggregate(reader, RCS_REPLY_MAP, text, size_bytes);
    case '~':
        return read_aggregate(reader, RCS_REPLY_SET, text, size_bytes);
    case '>':
        return read_aggregate(reader, RCS_REPLY_PUSH, text, size_bytes);
    case '|':
        return read_aggregate(reader, RCS_REPLY_ATTRIBUTE, text, size_bytes);
    case '_':
        if (size_bytes != 0) {
            return RCS_ERR_PROTOCOL;
        }
        add_whole(reader, RCS_REPLY_NIL, text, 0, 0);
        return RCS_OK;
    case '#':
        if (size_bytes != 1 || (*text != 't' && *text != 'f')) {
            return RCS_ERR_PROTOCOL;
        }
        add_whole(reader, RCS_REPLY_BOOLEAN, text, 1, *text == 't');
        return RCS_OK;
    case ',':
        if (!is_double(text, size_bytes)) {
            return RCS_ERR_PROTOCOL;
        }
        add_whole(reader, RCS_REPLY_DOUBLE, text, size_bytes, 0);
        return RCS_OK;
    case '(':
        if (!is_big_number(text, size_bytes)) {
            return RCS_ERR_PROTOCOL;
        }
        add_whole(reader, RCS_REPLY_BIG_NUMBER, text, size_bytes, 0);
        return RCS_OK;
    default:
        return RCS_ERR_PROTOCOL;
    }
}

/* Texts may be of any length; lines that hold a length or a number may not. */
static bool is_text(char type)
{
    return type == '+' || type == '-';
}

static enum rcs_err next_line(struct rcs_resp_replies *reader)
{
    struct resp_input *in = &reader->in;
    const size_t left = resp_input_left(in);
    if (left == 0) {
        return RCS_MORE;
    }
    const char *line = in->data + in->pos;
    const char *lf = memchr(line + in->scanned, '\n', left - in->scanned);
    if (lf == NULL) {
        in->scanned = left;
        return left > RESP_LINE_MAX_BYTES && !is_text(*line) ? RCS_ERR_TOO_BIG : RCS_MORE;
    }
    const size_t line_bytes = (size_t)(lf - line);
    /* The first CR must be the one in front of the LF. */
    if (line_bytes < 2 || memchr(line, '\r', line_bytes) != lf - 1) {
        return RCS_ERR_PROTOCOL;
    }
    resp_input_advance(in, line_bytes + 1);
    return read_line(reader, *line, line + 1, line_bytes - 2);
}

static enum rcs_err next_bulk(struct rcs_resp_replies *reader)
{
    struct resp_input *in = &reader->in;
    const char *bytes = in->data + in->pos;
    size_t size_bytes = reader->bulk_bytes;
    if (resp_input_left(in) < size_bytes + 2) {
        return RCS_MORE;
    }
    if (bytes[size_bytes] != '\r' || bytes[size_bytes + 1] != '\n') {
        return RCS_ERR_PROTOCOL;
    }
    resp_input_advance(in, size_bytes + 2);
    if (reader->bulk_kind == RCS_REPLY_VERBATIM) {
        if (bytes[VERBATIM_FORMAT - 1] != ':') {
            return RCS_ERR_PROTOCOL;
        }
        bytes += VERBATIM_FORMAT;
        size_bytes -= VERBATIM_FORMAT;
    }
    reader->in_bulk = false;
    add_whole(reader, reader->bulk_kind, bytes, size_bytes, 0);
    return RCS_OK;
}

enum rcs_err rcs_resp_replies_next(struct rcs_resp_replies *reader, const struct rcs_reply **out)
{
    if (reader->err != RCS_OK) {
        return reader->err;
    }
    forget_complete_reply(reader);
    while (!reader->complete) {
        enum rcs_err err = reader->in_bulk ? next_bulk(reader) : next_line(reader);
        if (err == RCS_MORE) {
            return RCS_MORE;
        }
        if (err != RCS_OK) {
            return reader->err = err;
        }
    }
    *out = reader->list;
    return RCS_OK;
}
