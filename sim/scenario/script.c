#include "sim/scenario/script.h"

#include <stdlib.h>
#include <string.h>

#include "sim/scenario/act.h"
#include "sim/scenario/verbs.h"

#include "sim/pure.h"

bool rcs_mark_is(const char *text, const char *mark)
{
    size_t len = strlen(mark);
    return strncmp(text, mark, len) == 0 && (text[len] == '\0' || text[len] == ' ');
}

int rcs_script_node(const struct rcs_script *script, const char *name)
{
    for (unsigned i = 0; i < script->node_count; i++) {
        if (!script->nodes[i].removed && strcmp(script->nodes[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const struct rcs_stmt *rcs_script_latency(const struct rcs_script *script, unsigned index)
{
    for (unsigned i = 0; i < script->stmt_count; i++) {
        const struct rcs_stmt *stmt = &script->stmts[i];
        if (stmt->verb->where == RCS_VERB_ACTS) {
            break;
        }
        if (stmt->verb->begin == rcs_act_latency && stmt->low_us >= 0 && index-- == 0) {
            return stmt;
        }
    }
    return NULL;
}

void rcs_script_free(struct rcs_script *script)
{
    if (script != NULL) {
        rcs_arena_close(&script->arena);
        free(script);
    }
}

/* --- names of groups -------------------------------------------------------------------------- */

/* Splits "b12" into its stem's length and 12; false if it does not end in a number (or in one with
 * a leading zero, which "b1..b12" would not name). */
static bool split_name(const char *name, size_t *stem_bytes, int64_t *number)
{
    size_t len = strlen(name), at = len;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') {
        at--;
    }
    if (at == len || len - at > 9 || (name[at] == '0' && len - at > 1)) {
        return false;
    }
    *stem_bytes = at;
    *number = 0;
    for (const char *digit = name + at; *digit != '\0'; digit++) {
        *number = *number * 10 + (*digit - '0');
    }
    return true;
}

static bool follows(const char *before, const char *after)
{
    size_t stem_before, stem_after;
    int64_t number_before, number_after;
    return split_name(before, &stem_before, &number_before) &&
           split_name(after, &stem_after, &number_after) && stem_before == stem_after &&
           memcmp(before, after, stem_before) == 0 && number_after == number_before + 1;
}

void rcs_group_print(struct rcs_buf *out, const struct rcs_script *script, const int *nodes,
                     unsigned count)
{
    for (unsigned i = 0; i < count;) {
        unsigned end = i + 1;
        while (end < count && nodes[end] == nodes[end - 1] + 1 &&
               follows(script->nodes[nodes[end - 1]].name, script->nodes[nodes[end]].name)) {
            end++;
        }
        if (end - i == 2) {
            end--;
        }
        rcs_buf_format(out, "%s%s", i == 0 ? "" : ", ", script->nodes[nodes[i]].name);
        if (end - i > 1) {
            rcs_buf_format(out, "..%s", script->nodes[nodes[end - 1]].name);
        }
        i = end;
    }
}

/* --- includes --------------------------------------------------------------------------------- */

#define INCLUDE_DEPTH 8

struct expansion {
    rcs_load_fn *load;
    void *load_arg;
    struct rcs_diag *diag;
    struct rcs_buf out;
};

static enum rcs_err expand_text(struct expansion *expansion, const char *source, const char *text,
                                size_t size_bytes, unsigned depth);

static enum rcs_err wrong_include(struct expansion *expansion, const char *source, int line,
                                  int column, const char *format, const char *what)
{
    enum rcs_err err = rcs_diag_set(expansion->diag, RCS_ERR_SYNTAX, line, column, format, what);
    if (expansion->diag != NULL) {
        strncpy(expansion->diag->source, source, sizeof(expansion->diag->source) - 1);
        expansion->diag->source[sizeof(expansion->diag->source) - 1] = '\0';
    }
    return err;
}

static enum rcs_err expand_include(struct expansion *expansion, const char *source, int line,
                                   const struct rcs_word *words, unsigned count, unsigned depth)
{
    if (count != 2) {
        return wrong_include(expansion, source, line, words[0].column,
                             "include takes one word, the file's name%s", "");
    }
    if (depth == INCLUDE_DEPTH) {
        return wrong_include(expansion, source, line, words[1].column,
                             "\"%s\" would be included 9 deep (does a file include itself?)",
                             words[1].text);
    }
    size_t size_bytes = 0;
    char *text = expansion->load == NULL
                     ? NULL
                     : expansion->load(expansion->load_arg, words[1].text, &size_bytes);
    if (text == NULL) {
        return wrong_include(expansion, source, line, words[1].column, "\"%s\" cannot be read",
                             words[1].text);
    }
    rcs_buf_format(&expansion->out, "#<include %s\n", words[1].text);
    enum rcs_err err = expand_text(expansion, words[1].text, text, size_bytes, depth + 1);
    rcs_buf_text(&expansion->out, "#>\n");
    free(text);
    return err;
}

static enum rcs_err expand_text(struct expansion *expansion, const char *source, const char *text,
                                size_t size_bytes, unsigned depth)
{
    int number = 0;
    for (size_t at = 0; at < size_bytes;) {
        const char *end = memchr(text + at, '\n', size_bytes - at);
        size_t len = end == NULL ? size_bytes - at : (size_t)(end - text) - at;
        const char *line = text + at;
        at += len + 1;
        number++;
        if (len > 0 && line[len - 1] == '\r') {
            len--;
        }
        const char *nul = len == 0 ? NULL : memchr(line, '\0', len);
        if (nul != NULL) {
            return wrong_include(expansion, source, number,
                                 rcs_lex_column(line, (size_t)(nul - line)),
                                 "a NUL byte stands here: a scenario is text%s", "");
        }
        size_t blanks = 0;
        while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t')) {
            blanks++;
        }
        bool include = len - blanks >= 7 && memcmp(line + blanks, "include", 7) == 0 &&
                       (len - blanks == 7 || line[blanks + 7] == ' ' || line[blanks + 7] == '\t');
        if (!include) {
            rcs_buf_add(&expansion->out, line, len);
            rcs_buf_add(&expansion->out, "\n", 1);
            continue;
        }
        struct rcs_arena arena;
        rcs_arena_init(&arena);
        struct rcs_diag diag = { .line = 0 };
        struct rcs_lexer lexer = { .arena = &arena, .line = number, .diag = &diag };
        struct rcs_word *words;
        unsigned count;
        enum rcs_err err = rcs_lex_line(&lexer, line, len, &words, &count);
        err = err != RCS_OK ? wrong_include(expansion, source, number, diag.column, "%s", diag.text)
                            : expand_include(expansion, source, number, words, count, depth);
        rcs_arena_close(&arena);
        if (err != RCS_OK) {
            return err;
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_script_expand(char **out, const char *source, const char *text, size_t size_bytes,
                               rcs_load_fn *load, void *load_arg, struct rcs_diag *diag)
{
    struct expansion expansion = { .load = load, .load_arg = load_arg, .diag = diag };
    rcs_buf_init(&expansion.out);
    *out = NULL;
    if (size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3; /* a byte order mark, as some editors write it */
        size_bytes -= 3;
    }
    enum rcs_err err = expand_text(&expansion, source, text, size_bytes, 0);
    if (err == RCS_OK) {
        rcs_buf_add(&expansion.out, "", 1);
        *out = malloc(expansion.out.size_bytes);
        RCS_ASSERT(*out != NULL);
        memcpy(*out, expansion.out.data, expansion.out.size_bytes);
    }
    rcs_buf_close(&expansion.out);
    return err;
}
