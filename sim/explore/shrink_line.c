#include "sim/explore/shrink_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/parser.h"

#include "sim/pure.h"

/* --- words ------------------------------------------------------------------------------------ */

static char *taken(struct rcs_buf *text)
{
    char *out = malloc(text->size_bytes + 1);
    RCS_ASSERT(out != NULL);
    if (text->size_bytes > 0) {
        memcpy(out, text->data, text->size_bytes);
    }
    out[text->size_bytes] = '\0';
    rcs_buf_close(text);
    return out;
}

/* The line with `size_bytes` bytes from `at` on in another form. */
static char *with(const char *line, const char *at, size_t size_bytes, const char *instead)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_add(&text, line, (size_t)(at - line));
    rcs_buf_text(&text, instead);
    rcs_buf_text(&text, at + size_bytes);
    return taken(&text);
}

static bool in_name(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
}

bool rcs_line_begins(const char *line, const char *words)
{
    size_t len = strlen(words);
    line += strspn(line, " \t");
    return strncmp(line, words, len) == 0 && (line[len] == ' ' || line[len] == '\0');
}

bool rcs_line_has(const char *line, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = line; (at = strstr(at, word)) != NULL; at++) {
        if ((at == line || !in_name(at[-1])) && !in_name(at[len])) {
            return true;
        }
    }
    return false;
}

/* Behind the word `word` and the blank after it; NULL: it is not there. */
static const char *behind(const char *line, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = line; (at = strstr(at, word)) != NULL; at++) {
        if ((at == line || at[-1] == ' ' || at[-1] == '\t') && at[len] == ' ') {
            return at + len + 1;
        }
    }
    return NULL;
}

/* --- times ------------------------------------------------------------------------------------ */

/* The time of the word at `at`; false if it is none. A + before it belongs to it. */
static bool read_time(const char *at, size_t *size_bytes, rcs_us *out)
{
    char word[40];
    *size_bytes = strcspn(at, " \t");
    if (*size_bytes >= sizeof(word)) {
        return false;
    }
    memcpy(word, at, *size_bytes);
    word[*size_bytes] = '\0';
    return rcs_duration_read(word + (word[0] == '+'), out);
}

/* Rounder goes before smaller: whole seconds, tenths, milliseconds, whatever. */
static unsigned roughness(rcs_us time_us)
{
    return time_us % RCS_S(1) == 0          ? 0
           : time_us % (RCS_S(1) / 10) == 0 ? 1
           : time_us % RCS_MS(1) == 0       ? 2
                                            : 3;
}

static bool simpler(rcs_us candidate_us, rcs_us time_us)
{
    unsigned one = roughness(candidate_us), other = roughness(time_us);
    return one < other || (one == other && candidate_us < time_us);
}

#define TIME_WAYS 6

static rcs_us time_of_way(rcs_us time_us, unsigned way)
{
    const rcs_us tenth_us = RCS_S(1) / 10;
    const rcs_us grain_us = roughness(time_us) == 0 ? RCS_S(1) : tenth_us;
    switch (way) {
    case 0:
        return time_us - time_us % RCS_S(1);
    case 1:
        return time_us - time_us % RCS_S(1) + RCS_S(1);
    case 2:
        return time_us - time_us % tenth_us;
    case 3:
        return time_us - time_us % tenth_us + tenth_us;
    case 4:
        return time_us / 2 - time_us / 2 % grain_us;
    default:
        return time_us * 3 / 4 - time_us * 3 / 4 % grain_us;
    }
}

/* The line with another time in the place of the word at `at`, in seconds. */
static char *with_time(const char *line, const char *at, size_t size_bytes, rcs_us time_us)
{
    char word[48];
    int len = snprintf(word, sizeof(word), "%s%lld.%06d", at[0] == '+' ? "+" : "",
                       (long long)(time_us / RCS_S(1)), (int)(time_us % RCS_S(1)));
    while (word[len - 1] == '0') {
        len--;
    }
    len -= word[len - 1] == '.';
    word[len] = 's';
    word[len + 1] = '\0';
    return with(line, at, size_bytes, word);
}

/* The line with the time at `at` changed; NULL past the last way. */
static char *other_time(const char *line, const char *at, unsigned way, rcs_us least_us)
{
    size_t size_bytes;
    rcs_us time_us;
    if (at == NULL || way == TIME_WAYS || !read_time(at, &size_bytes, &time_us)) {
        return NULL;
    }
    rcs_us other_us = time_of_way(time_us, way);
    if (!simpler(other_us, time_us) || other_us < least_us) {
        return with(line, at, 0, "");
    }
    return with_time(line, at, size_bytes, other_us);
}

static const char *at_time(const char *line)
{
    return rcs_line_begins(line, "at") ? behind(line, "at") : NULL;
}

static rcs_us time_at(const char *at)
{
    size_t size_bytes;
    rcs_us time_us;
    return at != NULL && read_time(at, &size_bytes, &time_us) ? time_us : 0;
}

rcs_us rcs_line_time(const char *line)
{
    return time_at(rcs_line_begins(line, "wait") ? behind(line, "wait") : at_time(line));
}

rcs_us rcs_line_length(const char *line)
{
    return time_at(behind(line, "during"));
}

char *rcs_line_other_time(const char *line, unsigned way)
{
    return other_time(line, at_time(line), way, 0);
}

char *rcs_line_at(const char *line, rcs_us at_us)
{
    size_t size_bytes;
    rcs_us before_us;
    const char *at = at_time(line);
    bool good = at != NULL && read_time(at, &size_bytes, &before_us);
    RCS_ASSERT(good && at_us >= 0);
    return with_time(line, at, size_bytes, at_us);
}

char *rcs_line_other_length(const char *line, unsigned way)
{
    return other_time(line, behind(line, "during"), way, RCS_S(1) / 10);
}

char *rcs_line_other_wait(const char *line, unsigned way)
{
    return other_time(line, behind(line, "wait"), way, RCS_S(1) / 10);
}

/* --- nodes ------------------------------------------------------------------------------------ */

#define NAME_BYTES   40
#define NODES_IN_ROW 64

struct names {
    char name[NODES_IN_ROW][NAME_BYTES];
    unsigned count;
};

/* "b12": its stem's length and 12. */
static bool split_name(const char *name, size_t *stem_bytes, long *number)
{
    size_t len = strlen(name), at = len;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') {
        at--;
    }
    *stem_bytes = at;
    *number = at < len && len - at < 7 ? strtol(name + at, NULL, 10) : -1;
    return at > 0 && *number >= 0 && (name[at] != '0' || len - at == 1);
}

static bool add_name(struct names *names, const char *name, size_t size_bytes)
{
    if (size_bytes == 0 || size_bytes >= NAME_BYTES || names->count == NODES_IN_ROW) {
        return false;
    }
    memcpy(names->name[names->count], name, size_bytes);
    names->name[names->count++][size_bytes] = '\0';
    return true;
}

/* "a1..a3": each of them. */
static bool add_range(struct names *names, const char *first, size_t first_bytes, const char *last,
                      size_t last_bytes)
{
    struct names ends = { .count = 0 };
    size_t stem, last_stem;
    long from, to;
    if (!add_name(&ends, first, first_bytes) || !add_name(&ends, last, last_bytes) ||
        !split_name(ends.name[0], &stem, &from) || !split_name(ends.name[1], &last_stem, &to) ||
        stem != last_stem || memcmp(first, last, stem) != 0 || to - from >= NODES_IN_ROW) {
        return false;
    }
    for (long number = from; number <= to; number++) {
        char name[NAME_BYTES + 24];
        int len = snprintf(name, sizeof(name), "%.*s%ld", (int)stem, first, number);
        if (!add_name(names, name, (size_t)len)) {
            return false;
        }
    }
    return true;
}

/* "a1..a3,b2": each of them; false if it is no such word. */
static bool expand(struct names *names, const char *word, size_t size_bytes)
{
    names->count = 0;
    for (const char *end = word + size_bytes; word < end;) {
        size_t len = 0, dots = 0;
        for (; word + len < end && word[len] != ','; len++) {
            dots =
                dots == 0 && len > 0 && word[len] == '.' && word[len - 1] == '.' ? len - 1 : dots;
        }
        bool good = dots > 0 ? add_range(names, word, dots, word + dots + 2, len - dots - 2)
                             : add_name(names, word, len);
        if (!good) {
            return false;
        }
        word += len + (word + len < end);
    }
    return names->count > 0;
}

/* True if `name` is the one after `before`. */
static bool follows(const char *before, const char *name)
{
    size_t stem, other;
    long number, next;
    return split_name(before, &stem, &number) && split_name(name, &other, &next) && stem == other &&
           memcmp(before, name, stem) == 0 && next == number + 1;
}

static void put_names(struct rcs_buf *out, const struct names *names, unsigned without)
{
    unsigned kept[NODES_IN_ROW], count = 0;
    for (unsigned i = 0; i < names->count; i++) {
        if (i != without) {
            kept[count++] = i;
        }
    }
    for (unsigned i = 0; i < count;) {
        unsigned end = i;
        while (end + 1 < count && follows(names->name[kept[end]], names->name[kept[end + 1]])) {
            end++;
        }
        rcs_buf_format(out, "%s%s", i == 0 ? "" : ",", names->name[kept[i]]);
        if (end >= i + 2) {
            rcs_buf_format(out, "..%s", names->name[kept[end]]);
            i = end;
        }
        i++;
    }
}

/* The first word that names several nodes. */
static const char *group_in(const char *line, size_t *size_bytes)
{
    for (const char *at = line; *at != '\0'; at += *size_bytes) {
        at += strspn(at, " \t");
        *size_bytes = strcspn(at, " \t>");
        bool several = false;
        for (size_t i = 0; i < *size_bytes; i++) {
            several |= at[i] == ',' || (i > 0 && at[i] == '.' && at[i - 1] == '.');
        }
        bool letter = (at[0] >= 'a' && at[0] <= 'z') || (at[0] >= 'A' && at[0] <= 'Z');
        if (several && letter) {
            return at;
        }
        if (at[*size_bytes] == '>') {
            return NULL; /* behind the prompt a command's words follow */
        }
    }
    return NULL;
}

char *rcs_line_fewer_nodes(const char *line, unsigned way)
{
    struct names names;
    size_t size_bytes = 0;
    const char *group = group_in(line, &size_bytes);
    if (group == NULL || rcs_line_has(line, "partition") || !expand(&names, group, size_bytes) ||
        names.count < 2 || way >= names.count) {
        return NULL;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    put_names(&text, &names, names.count - 1 - way); /* a way is over when that member goes */
    char *word = taken(&text);
    char *out = with(line, group, size_bytes, word);
    free(word);
    return out;
}

/* --- other things ----------------------------------------------------------------------------- */

char *rcs_line_without_try(const char *line, unsigned way)
{
    const char *at = behind(line, "try");
    return way > 0 || at == NULL ? NULL : with(line, at - 4, 4, "");
}

char *rcs_line_fewer_keys(const char *line, unsigned way)
{
    const char *at = behind(line, "keys");
    size_t size_bytes = at == NULL ? 0 : strspn(at, "0123456789");
    if (size_bytes == 0 || size_bytes > 9 || way > 2) {
        return NULL;
    }
    const long keys = strtol(at, NULL, 10), fewer = way == 0 ? 1 : way == 1 ? 10 : keys / 2;
    if (fewer >= keys || fewer < 1) {
        return with(line, at, 0, "");
    }
    char word[24];
    snprintf(word, sizeof(word), "%ld", fewer);
    return with(line, at, size_bytes, word);
}

bool rcs_line_last_node(const char *line, char last[40], char before[40])
{
    struct names names;
    if (!rcs_line_begins(line, "site")) {
        return false;
    }
    const char *at = behind(line, "site");
    at = at == NULL ? NULL : strchr(at, ' ');
    size_t size_bytes = at == NULL ? 0 : strcspn(at + 1, " \t");
    if (size_bytes == 0 || at[1 + size_bytes] != '\0' || !expand(&names, at + 1, size_bytes) ||
        names.count < 2 || !follows(names.name[names.count - 2], names.name[names.count - 1])) {
        return false;
    }
    memcpy(last, names.name[names.count - 1], NAME_BYTES);
    memcpy(before, names.name[names.count - 2], NAME_BYTES);
    return true;
}

char *rcs_line_without_node(const char *line, const char *last, const char *before)
{
    struct rcs_buf text;
    const size_t last_bytes = strlen(last), before_bytes = strlen(before);
    rcs_buf_init(&text);
    for (const char *at = line; *at != '\0'; at++) {
        bool range = strncmp(at, "..", 2) == 0 && strncmp(at + 2, last, last_bytes) == 0 &&
                     !in_name(at[2 + last_bytes]);
        if (!range) {
            rcs_buf_add(&text, at, 1);
            continue;
        }
        const char *first = at;
        while (first > line && in_name(first[-1])) {
            first--;
        }
        bool pair =
            (size_t)(at - first) == before_bytes && memcmp(first, before, before_bytes) == 0;
        rcs_buf_format(&text, "%s%s", pair ? "" : "..", pair ? "" : before);
        at += 1 + last_bytes;
    }
    return taken(&text);
}
