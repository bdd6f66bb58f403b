#include "sim/scenario/lex.h"

#include <string.h>

#include "sim/pure.h"

/* One word in the making. */
struct making {
    const struct rcs_lexer *lexer;
    const char *text;
    size_t size_bytes, at;
    char *out;
    size_t out_bytes;
    size_t out_room;
    struct rcs_ref *refs;
    unsigned ref_count;
};

static const char *const field_names[] = {
    [RCS_REF_ID] = "id",
    [RCS_REF_IP] = "ip",
    [RCS_REF_PORT] = "port",
    [RCS_REF_BUS_PORT] = "bus-port",
};
#define FIELD_COUNT (sizeof(field_names) / sizeof(field_names[0]))

const char *rcs_ref_field_name(enum rcs_ref_field field)
{
    return field_names[field];
}

int rcs_lex_column(const char *text, size_t at)
{
    int column = 1;
    for (size_t i = 0; i < at; i++) {
        column += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return column;
}

/* --- nearest words ---------------------------------------------------------------------------- */

#define NEAREST_LEN 48

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edit distance with exchanged neighbours as one edit; words longer than NEAREST_LEN count as far.
 */
static unsigned distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);
    if (m > NEAREST_LEN || n > NEAREST_LEN) {
        return NEAREST_LEN;
    }
    unsigned rows[3][NEAREST_LEN + 1]; /* row i stands in rows[i % 3] */
    for (unsigned j = 0; j <= n; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= m; i++) {
        unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned cost = a[i - 1] != b[j - 1];
            row[j] = smaller(smaller(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smaller(row[j], before[j - 2] + 1);
            }
        }
    }
    return rows[m % 3][n];
}

const char *rcs_lex_nearest(const char *word, const char *const *candidates)
{
    unsigned limit = strlen(word) <= 3 ? 1 : strlen(word) <= 7 ? 2 : 3;
    const char *best = NULL;
    for (; *candidates != NULL; candidates++) {
        unsigned far = distance(word, *candidates);
        if (far <= limit && far < strlen(*candidates)) {
            limit = far == 0 ? 0 : far - 1;
            best = *candidates;
            if (far == 0) {
                break;
            }
        }
    }
    return best;
}

/* --- pieces of a word ------------------------------------------------------------------------- */

static enum rcs_err wrong(const struct making *making, size_t at, const char *format,
                          const char *what)
{
    return rcs_diag_set(making->lexer->diag, RCS_ERR_SYNTAX, making->lexer->line,
                        rcs_lex_column(making->text, at), format, what);
}

static void put(struct making *making, const char *bytes, size_t size_bytes)
{
    if (making->out_bytes + size_bytes + 1 > making->out_room) {
        size_t room = (making->out_bytes + size_bytes + 1) * 2 + 16;
        char *bigger = rcs_arena_alloc(making->lexer->arena, room);
        if (making->out_bytes > 0) {
            memcpy(bigger, making->out, making->out_bytes);
        }
        making->out = bigger;
        making->out_room = room;
    }
    if (size_bytes > 0) {
        memcpy(making->out + making->out_bytes, bytes, size_bytes);
    }
    making->out_bytes += size_bytes;
    making->out[making->out_bytes] = '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool in_name(char c)
{
    return starts_name(c) || (c >= '0' && c <= '9') || c == '-';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum rcs_err put_param(struct making *making, const char *name, size_t from)
{
    const struct rcs_lexer *lexer = making->lexer;
    for (unsigned i = lexer->param_count; i > 0; i--) {
        const struct rcs_param *param = &lexer->params[i - 1];
        if (strcmp(param->name, name) == 0) {
            put(making, param->value, strlen(param->value));
            return RCS_OK;
        }
    }
    const char *names[33];
    unsigned count = 0;
    for (unsigned i = 0; i < lexer->param_count && count < 32; i++) {
        names[count++] = lexer->params[i].name;
    }
    names[count] = NULL;
    const char *near = rcs_lex_nearest(name, names);
    if (near != NULL) {
        return rcs_diag_set(lexer->diag, RCS_ERR_UNKNOWN, lexer->line,
                            rcs_lex_column(making->text, from),
                            "no parameter \"%s\" (did you mean $%s?)", name, near);
    }
    return rcs_diag_set(
        lexer->diag, RCS_ERR_UNKNOWN, lexer->line, rcs_lex_column(making->text, from),
        "no parameter \"%s\" (declare it above: param %s VALUE; $$ is a dollar sign)", name, name);
}

static enum rcs_err put_ref(struct making *making, const char *name, const char *field, size_t from)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(field_names[i], field) != 0) {
            continue;
        }
        making->refs = rcs_arena_grow(making->lexer->arena, making->refs, making->ref_count,
                                      sizeof(making->refs[0]));
        making->refs[making->ref_count++] = (struct rcs_ref){
            .offset = making->out_bytes,
            .node = name,
            .field = (enum rcs_ref_field)i,
            .column = rcs_lex_column(making->text, from),
        };
        return RCS_OK;
    }
    return wrong(making, from, "a node has no \".%s\" (id, ip, port and bus-port are known)",
                 field);
}

/* Reads the name at `at`, a copy of it to *name. */
static size_t take_name(const struct making *making, size_t at, char **name)
{
    size_t end = at;
    while (end < making->size_bytes && in_name(making->text[end])) {
        end++;
    }
    *name = rcs_arena_text(making->lexer->arena, making->text + at, end - at);
    return end;
}

/* `$` at making->at. A name directly followed by `.` and a letter is a node's. */
static enum rcs_err dollar(struct making *making)
{
    size_t from = making->at, at = from + 1;
    if (at < making->size_bytes && making->text[at] == '$') {
        put(making, "$", 1);
        making->at = at + 1;
        return RCS_OK;
    }
    bool braced = at < making->size_bytes && making->text[at] == '{';
    at += braced;
    if (at >= making->size_bytes || !starts_name(making->text[at])) {
        if (braced) {
            return wrong(making, from, "%s needs a name (${settle})", "${");
        }
        put(making, "$", 1);
        making->at = from + 1;
        return RCS_OK;
    }
    char *name, *field = NULL;
    at = take_name(making, at, &name);
    if (at + 1 < making->size_bytes && making->text[at] == '.' &&
        starts_name(making->text[at + 1])) {
        at = take_name(making, at + 1, &field);
    }
    if (braced) {
        if (at >= making->size_bytes || making->text[at] != '}') {
            return wrong(making, from, "%s is not closed by }", "${");
        }
        at++;
    }
    making->at = at;
    return field == NULL ? put_param(making, name, from) : put_ref(making, name, field, from);
}

/* A backslash at making->at within double quotes. */
static void escape(struct making *making)
{
    static const char from[] = "nrtab", to[] = "\n\r\t\a\b";
    const char *text = making->text + making->at;
    size_t left = making->size_bytes - making->at;
    if (left >= 4 && text[1] == 'x' && hex_value(text[2]) >= 0 && hex_value(text[3]) >= 0) {
        char byte = (char)(hex_value(text[2]) * 16 + hex_value(text[3]));
        put(making, &byte, 1);
        making->at += 4;
        return;
    }
    const char *known = strchr(from, text[1]);
    put(making, known != NULL && text[1] != '\0' ? &to[known - from] : &text[1], 1);
    making->at += 2;
}

/* A quoted part, the opening quote at making->at. */
static enum rcs_err quoted(struct making *making)
{
    size_t from = making->at;
    char quote = making->text[making->at++];
    while (making->at < making->size_bytes) {
        char c = making->text[making->at];
        if (c == quote) {
            making->at++;
            if (making->at < making->size_bytes && !is_blank(making->text[making->at])) {
                return wrong(making, making->at, "a blank must follow the closing quote%s", "");
            }
            return RCS_OK;
        }
        bool more = making->at + 1 < making->size_bytes;
        if (c == '\\' && quote == '"' && more) {
            escape(making);
        } else if (c == '\\' && quote == '\'' && more && making->text[making->at + 1] == '\'') {
            put(making, "'", 1);
            making->at += 2;
        } else if (c == '$' && quote == '"') {
            enum rcs_err err = dollar(making);
            if (err != RCS_OK) {
                return err;
            }
        } else {
            put(making, &c, 1);
            making->at++;
        }
    }
    return wrong(making, from, "the quote is not closed%s", "");
}

static enum rcs_err one_word(struct making *making, struct rcs_word *word)
{
    size_t from = making->at;
    enum rcs_err err = RCS_OK;
    while (err == RCS_OK && making->at < making->size_bytes &&
           !is_blank(making->text[making->at])) {
        char c = making->text[making->at];
        if (c == '"' || c == '\'') {
            word->quoted = true;
            err = quoted(making);
        } else if (c == '$') {
            err = dollar(making);
        } else {
            put(making, &c, 1);
            making->at++;
        }
    }
    put(making, "", 0);
    word->text = making->out;
    word->size_bytes = making->out_bytes;
    word->column = rcs_lex_column(making->text, from);
    word->refs = making->refs;
    word->ref_count = making->ref_count;
    return err;
}

/* Control characters would make output unreadable and are never meant. */
static enum rcs_err check_bytes(const struct rcs_lexer *lexer, const char *text, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return rcs_diag_set(
                lexer->diag, RCS_ERR_SYNTAX, lexer->line, rcs_lex_column(text, i),
                "control character 0x%02x (inside \"quotes\" it is written \\x%02x)", c, c);
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_lex_line(const struct rcs_lexer *lexer, const char *text, size_t size_bytes,
                          struct rcs_word **words, unsigned *count)
{
    *words = NULL;
    *count = 0;
    enum rcs_err err = check_bytes(lexer, text, size_bytes);
    size_t at = 0;
    while (err == RCS_OK) {
        while (at < size_bytes && is_blank(text[at])) {
            at++;
        }
        if (at == size_bytes || text[at] == '#') {
            return RCS_OK;
        }
        *words = rcs_arena_grow(lexer->arena, *words, *count, sizeof((*words)[0]));
        struct making making = { .lexer = lexer, .text = text, .size_bytes = size_bytes, .at = at };
        struct rcs_word word = { .text = "" };
        err = one_word(&making, &word);
        (*words)[(*count)++] = word;
        at = making.at;
    }
    return err;
}

/* Where the comment of a reply's line begins, or the end of the line. */
static size_t comment_of(const char *text, size_t size_bytes, size_t from)
{
    bool in_quotes = false;
    for (size_t i = from; i < size_bytes; i++) {
        if (text[i] == '\\' && in_quotes) {
            i++;
        } else if (text[i] == '"') {
            in_quotes = !in_quotes;
        } else if (text[i] == '#' && !in_quotes && i > from && is_blank(text[i - 1]) &&
                   (i + 1 == size_bytes || is_blank(text[i + 1]))) {
            return i;
        }
    }
    return size_bytes;
}

enum rcs_err rcs_lex_rest(const struct rcs_lexer *lexer, const char *text, size_t size_bytes,
                          size_t from, struct rcs_word *word)
{
    size_t end = comment_of(text, size_bytes, from);
    while (from < end && is_blank(text[from])) {
        from++;
    }
    while (end > from && is_blank(text[end - 1])) {
        end--;
    }
    struct making making = { .lexer = lexer, .text = text, .size_bytes = end, .at = from };
    *word = (struct rcs_word){ .column = rcs_lex_column(text, from) };
    enum rcs_err err = check_bytes(lexer, text, end);
    while (err == RCS_OK && making.at < end) {
        if (text[making.at] == '$') {
            err = dollar(&making);
        } else {
            put(&making, &text[making.at++], 1);
        }
    }
    put(&making, "", 0);
    word->text = making.out;
    word->size_bytes = making.out_bytes;
    word->refs = making.refs;
    word->ref_count = making.ref_count;
    return err;
}
