/* Reads a trace: its header, to run it again, and all of it, to say whether it is whole. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/world/json_line.h"
#include "sim/world/trace_lines.h"
#include "sim/world/world.h"

#include "sim/pure.h"

#define CLOCK_S_MAX INT64_C(100000000000) /* the year 5138 */
#define REMEDY      "; write the trace again with `rcsim run --trace`"
#define NO_TRACE                                                                                   \
    "this is no trace: its first line must begin with {\"rcsim-trace\":1 "                         \
    "(a scenario is played by `rcsim run`)"

/* --- lines ------------------------------------------------------------------------------------ */

void rcs_trace_lines_init(struct rcs_trace_lines *lines, const char *text, size_t size_bytes)
{
    /* No text of no bytes is empty as well. */
    const char *end = size_bytes > 0 ? text + size_bytes : text;
    *lines = (struct rcs_trace_lines){ .next = text, .end = end };
}

bool rcs_trace_next_line(struct rcs_trace_lines *lines)
{
    if (lines->next == lines->end) {
        return false;
    }
    const char *lf = memchr(lines->next, '\n', (size_t)(lines->end - lines->next));
    lines->line = lines->next;
    lines->whole = lf != NULL;
    lines->size_bytes = (size_t)((lf != NULL ? lf : lines->end) - lines->next);
    lines->next = lf != NULL ? lf + 1 : lines->end;
    lines->number++;
    return true;
}

static enum rcs_err wrong(struct rcs_diag *diag, const char *source, int line, int column,
                          const char *text)
{
    enum rcs_err err = rcs_diag_set(diag, RCS_ERR_SYNTAX, line, column, "%s", text);
    if (diag != NULL) {
        size_t size = strlen(source);
        size = size < sizeof(diag->source) ? size : sizeof(diag->source) - 1;
        memcpy(diag->source, source, size);
        diag->source[size] = '\0';
    }
    return err;
}

/* One line as an object; the caller gives it back with json_decref. */
static json_t *read_object(const char *source, const struct rcs_trace_lines *lines,
                           struct rcs_diag *diag)
{
    if (lines->number == 1 && (lines->size_bytes == 0 || lines->line[0] != '{')) {
        wrong(diag, source, 1, 1, NO_TRACE);
        return NULL;
    }
    json_error_t error;
    json_t *object =
        json_loadb(lines->line, lines->size_bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (object == NULL) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        if (lines->whole) {
            rcs_buf_format(&text, "this is no JSON (%s)" REMEDY, error.text);
        } else {
            rcs_buf_format(&text, "truncated: the file ends in the middle of a line" REMEDY);
        }
        wrong(diag, source, lines->number, error.column > 0 ? error.column : 1, text.data);
        rcs_buf_close(&text);
        return NULL;
    }
    if (!json_is_object(object)) {
        wrong(diag, source, lines->number, 1,
              "a line of a trace is a JSON object, {...}; this is something else");
        json_decref(object);
        return NULL;
    }
    return object;
}

/* NULL: there is none; so it is of one with a NUL, which only bytes from outside may have. */
static const char *plain_text(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    return plain_text(json_object_get(object, key));
}

/* --- the header ------------------------------------------------------------------------------- */

void rcs_trace_header_close(struct rcs_trace_header *header)
{
    free(header->source);
    free(header->scenario);
    free(header->overrides);
    free(header->params);
    free(header->redis);
    free(header->serve);
    *header = (struct rcs_trace_header){ 0 };
}

/* A copy of a text of the header, NULL if it is not there. */
static char *copy_field(const json_t *object, const char *key)
{
    const char *text = text_of(object, key);
    if (text == NULL) {
        return NULL;
    }
    return rcs_json_restored(text);
}

static bool read_seed(const char *text, uint64_t *seed)
{
    *seed = 0;
    if (text == NULL || *text == '\0') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (*seed > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *seed = *seed * 10 + digit;
    }
    return *text == '\0';
}

static bool read_level(const char *text, enum rcs_trace_level *level)
{
    if (text == NULL || (strcmp(text, "milestones") != 0 && strcmp(text, "packets") != 0)) {
        return false;
    }
    *level = text[0] == 'p' ? RCS_TRACE_PACKETS : RCS_TRACE_MILESTONES;
    return true;
}

/* Of a run that was served: where, and how far it played by itself. */
static bool read_served(const json_t *object, struct rcs_trace_header *out)
{
    const json_t *serve = json_object_get(object, "serve"),
                 *steps = json_object_get(object, "steps"),
                 *began = json_object_get(object, "clock"),
                 *clients = json_object_get(object, "clients");
    char ip[46];
    unsigned port;
    out->steps = -1;
    if (serve == NULL) {
        return steps == NULL && began == NULL && clients == NULL;
    }
    if (plain_text(serve) == NULL || !rcs_address_read(plain_text(serve), ip, &port) ||
        (steps != NULL && (!json_is_integer(steps) || json_integer_value(steps) < 0)) ||
        (began != NULL && (!json_is_integer(began) || json_integer_value(began) <= 0 ||
                           json_integer_value(began) > CLOCK_S_MAX)) ||
        (clients != NULL &&
         (plain_text(clients) == NULL || strcmp(plain_text(clients), "left out") != 0))) {
        return false;
    }
    out->serve = copy_field(object, "serve");
    out->steps = steps == NULL ? -1 : json_integer_value(steps);
    out->clock_s = json_integer_value(began);
    out->without_clients = clients != NULL;
    return true;
}

static enum rcs_err fill_header(const char *source, const json_t *object,
                                struct rcs_trace_header *out, struct rcs_diag *diag)
{
    const json_t *format = json_object_get(object, "rcsim-trace");
    if (!json_is_integer(format)) {
        return wrong(diag, source, 1, 1, NO_TRACE);
    }
    if (json_integer_value(format) != RCS_TRACE_FORMAT) {
        return wrong(diag, source, 1, 1,
                     "the trace's format is not 1, which is the only one this "
                     "rcsim reads; use the rcsim that wrote it");
    }
    static const char *const texts[] = { "redis", "source", "params", "overrides", "scenario" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (text_of(object, texts[i]) == NULL) {
            struct rcs_buf text;
            rcs_buf_init(&text);
            rcs_buf_format(&text, "the header has no text \"%s\"" REMEDY, texts[i]);
            enum rcs_err err = wrong(diag, source, 1, 1, text.data);
            rcs_buf_close(&text);
            return err;
        }
    }
    if (!read_seed(text_of(object, "seed"), &out->seed)) {
        return wrong(diag, source, 1, 1,
                     "the header's \"seed\" must be a decimal number in quotes, up to 2^64 - 1");
    }
    if (!read_level(text_of(object, "level"), &out->level)) {
        return wrong(diag, source, 1, 1,
                     "the header's \"level\" must be \"milestones\" or \"packets\"");
    }
    if (!read_served(object, out)) {
        return wrong(diag, source, 1, 1,
                     "the header's \"serve\" must be IP:PORT, \"steps\" and \"clock\" numbers, "
                     "\"clients\" \"left out\", and the latter not without the first");
    }
    out->source = copy_field(object, "source");
    out->scenario = copy_field(object, "scenario");
    out->overrides = copy_field(object, "overrides");
    out->params = copy_field(object, "params");
    out->redis = copy_field(object, "redis");
    return RCS_OK;
}

enum rcs_err rcs_trace_read_header(const char *source, const char *text, size_t size_bytes,
                                   struct rcs_trace_header *out, struct rcs_diag *diag)
{
    *out = (struct rcs_trace_header){ 0 };
    struct rcs_trace_lines lines;
    rcs_trace_lines_init(&lines, text, size_bytes);
    if (!rcs_trace_next_line(&lines)) {
        return wrong(diag, source, 1, 1, "the file is empty; a trace begins with its header");
    }
    json_t *object = read_object(source, &lines, diag);
    if (object == NULL) {
        return RCS_ERR_SYNTAX;
    }
    enum rcs_err err = fill_header(source, object, out, diag);
    json_decref(object);
    return err;
}

/* --- the lines behind it ---------------------------------------------------------------------- */

/* A kind of line: the key that tells it, and the keys it must have. Letters: t text, h 16 hex
 * digits, i a number, b bytes, l list of texts, ? in front: may be missing. Milestones have numbers
 * besides. */
struct line_row {
    const char *kind;
    bool numbers;
    const char *keys[9];
    const char *types[9];
};

/* clang-format off */
static const struct line_row line_rows[] = {
    { "what",   true,  { "node", "what", "about", "by", "text", "text2", "on", "from" },
                       { "t", "t", "?t", "?t", "?t", "?t", "t", "?t" } },
    { "why",    true,  { "node", "why", "about", "by", "text", "text2", "on", "from" },
                       { "t", "t", "?t", "?t", "?t", "?t", "t", "?t" } },
    { "note",   false, { "note", "text" },                         { "t", "t" } },
    { "fault",  false, { "fault", "nodes", "others", "how" },      { "t", "?l", "?l", "?h" } },
    { "packet", false, { "packet", "from", "to", "hash" },         { "t", "t", "t", "h" } },
    { "link",   false, { "link", "of", "at", "peer" },             { "t", "t", "t", "t" } },
    { "data",   false, { "data", "from", "to", "hash" },           { "t", "t", "t", "h" } },
    { "outside", false, { "outside", "conn", "node", "ip", "port", "bytes", "hash", "size" },
                        { "t", "i", "?t", "?t", "?i", "?b", "?h", "?i" } },
    { "order",  false, { "order" },                                { "t" } },
    { "end",    false, { "end", "milestones", "digest", "lines" }, { "t", "h", "h", "h" } },
};
/* clang-format on */
#define LINE_ROWS (sizeof(line_rows) / sizeof(line_rows[0]))

static const struct line_row *row_of(const json_t *object)
{
    for (size_t i = 0; i < LINE_ROWS; i++) {
        if (json_object_get(object, line_rows[i].kind) != NULL) {
            return &line_rows[i];
        }
    }
    return NULL;
}

static bool is_hex(const char *text)
{
    return text != NULL && strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

static bool is_list_of_texts(const json_t *value)
{
    bool all = json_is_array(value);
    for (size_t i = 0; all && i < json_array_size(value); i++) {
        all = plain_text(json_array_get(value, i)) != NULL;
    }
    return all;
}

bool rcs_trace_bytes(const json_t *value, struct rcs_buf *out)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    for (size_t i = 0; text != NULL && i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80) { /* UTF-8 of a character of 8 bits: 0xc2 or 0xc3, and one byte more */
            if ((c & 0xfe) != 0xc2 || i + 1 == size) {
                return false;
            }
            c = (unsigned char)((c & 3) << 6 | ((unsigned char)text[++i] & 0x3f));
        }
        if (out != NULL) {
            rcs_buf_add(out, &c, 1);
        }
    }
    return text != NULL;
}

static bool type_fits(char type, const json_t *value)
{
    switch (type) {
    case 't':
        return plain_text(value) != NULL;
    case 'h':
        return is_hex(plain_text(value));
    case 'i':
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case 'b':
        return rcs_trace_bytes(value, NULL);
    default:
        return is_list_of_texts(value);
    }
}

/* Which key of the row is missing or of the wrong type; NULL none. */
static const char *missing_key(const struct line_row *row, const json_t *object)
{
    for (size_t i = 0; i < 8 && row->keys[i] != NULL; i++) {
        const json_t *value = json_object_get(object, row->keys[i]);
        bool optional = row->types[i][0] == '?';
        if (value == NULL ? !optional : !type_fits(row->types[i][optional], value)) {
            return row->keys[i];
        }
    }
    return NULL;
}

static bool in_row(const struct line_row *row, const char *key)
{
    for (size_t i = 0; i < 8 && row->keys[i] != NULL; i++) {
        if (strcmp(row->keys[i], key) == 0) {
            return true;
        }
    }
    return strcmp(key, "t") == 0;
}

/* A key that has no business in such a line; NULL none. */
static const char *strange_key(const struct line_row *row, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!in_row(row, key) && !(row->numbers && json_is_integer(value))) {
            return key;
        }
    }
    return NULL;
}

struct check {
    const char *source;
    struct rcs_diag *diag;
    rcs_us last_us;
    bool ended;
    rcs_trace_line_fn *line; /* gets the lines; NULL nobody */
    void *arg;
    bool *intact; /* NULL: what was edited is an error */
};

static enum rcs_err wrong_line(const struct check *check, const struct rcs_trace_lines *lines,
                               const char *before, const char *what, const char *after)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "%s%s%s", before, what, after);
    enum rcs_err err = wrong(check->diag, check->source, lines->number, 1, text.data);
    rcs_buf_close(&text);
    return err;
}

static enum rcs_err check_object(struct check *check, const struct rcs_trace_lines *lines,
                                 json_t *object)
{
    const json_t *at = json_object_get(object, "t");
    if (!json_is_integer(at) || json_integer_value(at) < 0) {
        return wrong_line(check, lines, "the line has no instant \"t\" (whole microseconds)", "",
                          "");
    }
    if (json_integer_value(at) < check->last_us) {
        return wrong_line(check, lines, "time runs backwards here", "",
                          ": lines were moved" REMEDY);
    }
    check->last_us = json_integer_value(at);
    const struct line_row *row = row_of(object);
    if (row == NULL) {
        return wrong_line(check, lines, "no known kind of line", "",
                          " (what, why, note, fault, packet, link, data, outside, order or end)");
    }
    const char *key = missing_key(row, object);
    if (key != NULL) {
        return wrong_line(check, lines, "\"", key, "\" is missing or not as it should be");
    }
    key = strange_key(row, object);
    if (key != NULL) {
        return wrong_line(check, lines, "\"", key, "\" does not belong in such a line");
    }
    if (strcmp(row->kind, "end") == 0) {
        const char *how = text_of(object, "end");
        check->ended = true;
        if (strcmp(how, "complete") != 0 && strcmp(how, "interrupted") != 0) {
            return wrong_line(check, lines, "a trace ends \"complete\" or \"interrupted\", not \"",
                              how, "\"");
        }
    }
    return RCS_OK;
}

/* The last line ends with what all bytes before that add up to. */
static enum rcs_err check_sum(const struct check *check, const struct rcs_trace_lines *lines,
                              const char *first)
{
    static const char key[] = ",\"lines\":\"", tail[] = "\"}";
    size_t size = sizeof(key) - 1 + 16 + sizeof(tail) - 1;
    const char *at = lines->line + lines->size_bytes - size;
    struct rcs_buf wanted;
    rcs_buf_init(&wanted);
    rcs_buf_add(&wanted, key, sizeof(key) - 2);
    if (lines->size_bytes > size) {
        rcs_json_hex(&wanted, XXH3_64bits(first, (size_t)(at - first)));
    }
    rcs_buf_add(&wanted, "}", 1);
    bool same = wanted.size_bytes == size && memcmp(at, wanted.data, size) == 0;
    rcs_buf_close(&wanted);
    return same ? RCS_OK
                : wrong_line(check, lines,
                             "edited: the lines up to here are not those that were "
                             "written",
                             "", REMEDY);
}

static enum rcs_err check_line(struct check *check, const struct rcs_trace_lines *lines,
                               const char *first)
{
    if (check->ended) {
        return wrong_line(check, lines, "the trace has ended in the line before", "",
                          "; remove what follows");
    }
    json_t *object = read_object(check->source, lines, check->diag);
    if (object == NULL) {
        return RCS_ERR_SYNTAX;
    }
    enum rcs_err err = check_object(check, lines, object);
    if (err == RCS_OK && check->ended) {
        err = check_sum(check, lines, first);
        if (err != RCS_OK && check->intact != NULL) {
            *check->intact = false;
            err = RCS_OK;
        }
    }
    if (err == RCS_OK && check->line != NULL) {
        check->line(check->arg, lines->number, row_of(object)->kind, object);
    }
    json_decref(object);
    return err;
}

enum rcs_err rcs_trace_each(const char *source, const char *text, size_t size_bytes,
                            rcs_trace_line_fn *line, void *arg, bool *intact, struct rcs_diag *diag)
{
    struct rcs_trace_header header;
    enum rcs_err err = rcs_trace_read_header(source, text, size_bytes, &header, diag);
    rcs_trace_header_close(&header);
    struct check check = {
        .source = source, .diag = diag, .line = line, .arg = arg, .intact = intact
    };
    if (intact != NULL) {
        *intact = true;
    }
    struct rcs_trace_lines lines;
    rcs_trace_lines_init(&lines, text, size_bytes);
    rcs_trace_next_line(&lines);
    while (err == RCS_OK && rcs_trace_next_line(&lines)) {
        err = check_line(&check, &lines, text);
    }
    if (err == RCS_OK && !(check.ended && lines.whole) && intact != NULL) {
        *intact = false;
    } else if (err == RCS_OK && !(check.ended && lines.whole)) {
        err = wrong(diag, source, lines.number + (lines.whole ? 1 : 0), 1,
                    "truncated: the line with the digest is missing at the end" REMEDY);
    }
    return err;
}

enum rcs_err rcs_trace_check(const char *source, const char *text, size_t size_bytes,
                             struct rcs_diag *diag)
{
    return rcs_trace_each(source, text, size_bytes, NULL, NULL, NULL, diag);
}
