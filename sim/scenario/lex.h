/* The words of a scenario's line, each with its column.
 *
 * Quotes are those of redis.conf and redis-cli: "..." with \n \r \t \a \b \xHH and \" inside, '...'
 * with \' only; what follows a closing quote must be a blank. A `#` at the beginning of a word
 * starts a comment. `$name` and `${name}` stand for a parameter's value, outside of single quotes;
 * the value is part of the word and not looked at again. `$a1.id`, `$a1.ip`, `$a1.port` and
 * `$a1.bus-port` are known only while the scenario runs: the word keeps them as references. `$$` is
 * a dollar sign. */
#ifndef RCSIM_SIM_SCENARIO_LEX_H
#define RCSIM_SIM_SCENARIO_LEX_H

#include <rcsim/base.h>
#include <rcsim/resp.h>

#include "sim/scenario/arena.h"

enum rcs_ref_field { RCS_REF_ID, RCS_REF_IP, RCS_REF_PORT, RCS_REF_BUS_PORT };

/* To be put at `offset` of the word's text when its value is known. */
struct rcs_ref {
    size_t offset;
    const char *node;
    enum rcs_ref_field field;
    int column;
};

struct rcs_word {
    const char *text; /* quotes and parameters resolved, references left out; a NUL follows */
    size_t size_bytes;
    int column;
    bool quoted;
    const struct rcs_ref *refs;
    unsigned ref_count;
};

struct rcs_param {
    const char *name, *value;
    int line; /* where it was declared; 0: by the caller */
};

struct rcs_lexer {
    struct rcs_arena *arena;
    const struct rcs_param *params;
    unsigned param_count;
    int line;
    struct rcs_diag *diag; /* errors: line and column are filled, the source is the caller's */
};

/* The words of one line (without its LF), none if it is blank or a comment. */
enum rcs_err rcs_lex_line(const struct rcs_lexer *lexer, const char *text, size_t size_bytes,
                          struct rcs_word **words, unsigned *count);

/* The rest of a line from byte `from` on as it stands, for what a reply prints: quotes are kept,
 * `$` is resolved, a comment (blank, `#`, blank, outside of double quotes) is cut off, so are
 * blanks around. */
enum rcs_err rcs_lex_rest(const struct rcs_lexer *lexer, const char *text, size_t size_bytes,
                          size_t from, struct rcs_word *word);

/* The column of byte `at`: characters, counted from 1. */
int rcs_lex_column(const char *text, size_t at);

/* The nearest of `candidates` (NULL-terminated) to a misspelt word; NULL: none is near. */
const char *rcs_lex_nearest(const char *word, const char *const *candidates);

/* "id", "ip", "port", "bus-port". */
const char *rcs_ref_field_name(enum rcs_ref_field field);

#endif
