/* Replies as redis-cli prints them to a terminal (Redis 7.0 cliFormatReplyTTY). What that release
 * does not print at all, big numbers and attributes, looks like its relatives. */
#include <rcsim/resp.h>

#include <string.h>

#include "proto/bytes.h"

/* The recursion is as deep as the reader of replies lets them be nested.
 * NOLINTBEGIN(misc-no-recursion) */
static void print(struct rcs_buf *out, const struct rcs_reply *reply, size_t indent);

static void add_blanks(struct rcs_buf *out, size_t count)
{
    if (count > 0) { /* an empty buffer has no block yet */
        memset(rcs_buf_room(out, count), ' ', count);
        out->size_bytes += count;
    }
}

static char escape_of(unsigned char c)
{
    switch (c) {
    case '\\':
    case '"':
        return (char)c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\a':
        return 'a';
    case '\b':
        return 'b';
    default:
        return '\0';
    }
}

/* Redis 7.0 sdscatrepr. */
static void print_quoted(struct rcs_buf *out, const char *bytes, size_t size_bytes)
{
    static const char hex[] = "0123456789abcdef";
    rcs_buf_text(out, "\"");
    for (size_t i = 0; i < size_bytes; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        char text[4] = { '\\', escape_of(c), hex[c >> 4], hex[c & 15] };
        if (text[1] != '\0') {
            rcs_buf_add(out, text, 2);
        } else if (c >= ' ' && c <= '~') {
            rcs_buf_add(out, &bytes[i], 1);
        } else {
            text[1] = 'x';
            rcs_buf_add(out, text, 4);
        }
    }
    rcs_buf_text(out, "\"");
}

static bool is_aggregate(enum rcs_reply_kind kind)
{
    return kind == RCS_REPLY_ARRAY || kind == RCS_REPLY_MAP || kind == RCS_REPLY_SET ||
           kind == RCS_REPLY_PUSH || kind == RCS_REPLY_ATTRIBUTE;
}

/* True if the value of a map's pair starts on a line of its own: it numbers more than one thing, or
 * the only thing in it does. */
static bool wants_own_line(const struct rcs_reply *reply)
{
    while (is_aggregate(reply->kind) && reply->elements > 0) {
        const bool map = reply->kind == RCS_REPLY_MAP;
        if (reply->elements > (map ? 2 : 1)) {
            return true;
        }
        const struct rcs_reply *key = reply + 1;
        reply = map ? key + key->size : key;
    }
    return false;
}

static size_t digits_of(uint32_t number)
{
    char digits[RCS_DECIMAL_MAX];
    return rcs_decimal_write(digits, number);
}

static void print_number(struct rcs_buf *out, uint32_t number, size_t width)
{
    add_blanks(out, width - digits_of(number));
    rcs_buf_i64(out, number);
}

/* Numbered lines. The first stands where the reply itself was to stand, the others are indented. */
static void print_list(struct rcs_buf *out, const struct rcs_reply *reply, const char *separator,
                       bool pairs, size_t indent)
{
    const uint32_t lines = pairs ? reply->elements / 2 : reply->elements;
    const size_t width = digits_of(lines);
    const size_t inner = indent + width + 2;
    const struct rcs_reply *element = reply + 1;

    for (uint32_t line = 1; line <= lines; line++) {
        if (line > 1) {
            rcs_buf_text(out, "\n");
            add_blanks(out, indent);
        }
        print_number(out, line, width);
        rcs_buf_text(out, separator);
        print(out, element, inner);
        element += element->size;
        if (pairs) {
            rcs_buf_text(out, " => ");
            if (wants_own_line(element)) {
                rcs_buf_text(out, "\n");
                add_blanks(out, inner);
            }
            print(out, element, inner);
            element += element->size;
        }
    }
}

/* The pairs, then the reply they are about on a line of its own. */
static void print_attribute(struct rcs_buf *out, const struct rcs_reply *reply, size_t indent)
{
    const struct rcs_reply *about = reply + 1;
    for (uint32_t i = 1; i < reply->elements; i++) {
        about += about->size;
    }
    if (reply->elements > 1) {
        print_list(out, reply, "| ", true, indent);
        rcs_buf_text(out, "\n");
        add_blanks(out, indent);
    }
    print(out, about, indent);
}

static void print_aggregate(struct rcs_buf *out, const struct rcs_reply *reply, const char *empty,
                            const char *separator, size_t indent)
{
    if (reply->elements == 0) {
        rcs_buf_text(out, empty);
    } else {
        print_list(out, reply, separator, reply->kind == RCS_REPLY_MAP, indent);
    }
}

static void print_text(struct rcs_buf *out, const char *label, const struct rcs_reply *reply)
{
    rcs_buf_text(out, label);
    rcs_buf_add(out, reply->bytes, reply->size_bytes);
}

static void print(struct rcs_buf *out, const struct rcs_reply *reply, size_t indent)
{
    switch (reply->kind) {
    case RCS_REPLY_STATUS:
    case RCS_REPLY_VERBATIM:
        print_text(out, "", reply);
        break;
    case RCS_REPLY_ERROR:
        print_text(out, "(error) ", reply);
        break;
    case RCS_REPLY_INTEGER:
        rcs_buf_text(out, "(integer) ");
        rcs_buf_i64(out, reply->integer);
        break;
    case RCS_REPLY_DOUBLE:
        print_text(out, "(double) ", reply);
        break;
    case RCS_REPLY_BIG_NUMBER:
        print_text(out, "(big number) ", reply);
        break;
    case RCS_REPLY_BOOLEAN:
        rcs_buf_text(out, reply->integer ? "(true)" : "(false)");
        break;
    case RCS_REPLY_NIL:
    case RCS_REPLY_NIL_ARRAY:
        rcs_buf_text(out, "(nil)");
        break;
    case RCS_REPLY_BULK:
        print_quoted(out, reply->bytes, reply->size_bytes);
        break;
    case RCS_REPLY_ARRAY:
        print_aggregate(out, reply, "(empty array)", ") ", indent);
        break;
    case RCS_REPLY_MAP:
        print_aggregate(out, reply, "(empty hash)", "# ", indent);
        break;
    case RCS_REPLY_SET:
        print_aggregate(out, reply, "(empty set)", "~ ", indent);
        break;
    case RCS_REPLY_PUSH:
        print_aggregate(out, reply, "(empty push)", ") ", indent);
        break;
    case RCS_REPLY_ATTRIBUTE:
        print_attribute(out, reply, indent);
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */

void rcs_reply_print(struct rcs_buf *out, const struct rcs_reply *reply)
{
    print(out, reply, 0);
}
