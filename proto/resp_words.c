/* The words of an inline request, by the rules of Redis 7.0 sdssplitargs. */
#include "proto/resp_words.h"

#include "proto/bytes.h"

#define ARGS_ROOM_FIRST 16

void rcs_resp_args_grow(struct resp_args *args)
{
    RCS_ASSERT(args->room <= UINT32_MAX / 2);
    args->room = args->room == 0 ? ARGS_ROOM_FIRST : 2 * args->room;
    args->list = rcs_bytes_resize(args->list, args->room * sizeof(args->list[0]));
}

/* isspace of the C locale, whatever locale the embedding program has set. */
static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Vertical tab and form feed stand between words but do not end one: sdssplitargs skips with
 * isspace and ends a word by a shorter list. */
static bool ends_word(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char escaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* One character inside quotes, written to `*out`. Returns what follows it. */
static char *read_quoted_char(char *p, const char *end, char quote, char *out)
{
    if (*p == '\\' && end - p > 1) {
        if (quote == '\'') {
            if (p[1] == '\'') {
                *out = '\'';
                return p + 2;
            }
        } else if (p[1] == 'x' && end - p > 3 && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0) {
            *out = (char)(hex_value(p[2]) * 16 + hex_value(p[3]));
            return p + 4;
        } else {
            *out = escaped(p[1]);
            return p + 2;
        }
    }
    *out = *p;
    return p + 1;
}

/* From behind the opening quote; returns what follows the closing one, NULL if it is missing or if
 * something other than a blank follows it. */
static char *read_quoted(char *p, const char *end, char quote, char **out)
{
    while (p < end && *p != quote) {
        p = read_quoted_char(p, end, quote, (*out)++);
    }
    if (p == end || (p + 1 < end && !is_blank(p[1]))) {
        return NULL;
    }
    return p + 1;
}

static char *read_word(char *p, const char *end, char **out)
{
    while (p < end && !ends_word(*p)) {
        if (*p == '"' || *p == '\'') {
            return read_quoted(p + 1, end, *p, out); /* a closing quote ends the word, too */
        }
        *(*out)++ = *p++;
    }
    return p;
}

bool rcs_resp_split_words(char *line, const char *end, struct resp_args *args)
{
    char *p = line;
    for (;;) {
        while (p < end && is_blank(*p)) {
            p++;
        }
        if (p == end) {
            return true;
        }
        const char *word = p;
        char *out = p;
        p = read_word(p, end, &out);
        if (p == NULL) {
            return false;
        }
        resp_args_add(args, word, (uint32_t)(out - word));
    }
}
