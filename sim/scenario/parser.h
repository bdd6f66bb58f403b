/* What the files that read statements share: a cursor over the words of one line.
 *
 * Every taker returns false after it filled the diagnosis; the statement is given up then. */
#ifndef RCSIM_SIM_SCENARIO_PARSER_H
#define RCSIM_SIM_SCENARIO_PARSER_H

#include "sim/scenario/script.h"

struct rcs_parser {
    struct rcs_script *script;
    struct rcs_place place; /* of the line that is read */
    const char *line;
    size_t line_bytes;
    const struct rcs_word *words;
    unsigned count, at;
    struct rcs_stmt *stmt;
    const char *forced_params; /* see rcs_script_parse */
    bool acting;               /* a statement that acts was seen: the layout is closed */
    bool in_order;             /* reading an order to a run that is under way */
    bool in_at, in_during, in_only, in_try; /* reading the body of such a block */
    unsigned nested; /* statements that this one stands in, which a task keeps a frame for */
    struct rcs_diag *diag;
    enum rcs_err err;
};

/* Errors at the word `index` (past the last one: behind the line's end). */
bool rcs_parser_wrong(struct rcs_parser *parser, enum rcs_err err, unsigned index,
                      const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

bool rcs_parser_more(const struct rcs_parser *parser);
/* True and past it if the next word is `text`, unquoted. */
bool rcs_parser_is(struct rcs_parser *parser, const char *text);
/* The next word; `what` names what is missing if there is none ("a duration, such as 15s"). */
bool rcs_parser_word(struct rcs_parser *parser, const char *what, const struct rcs_word **out);
bool rcs_parser_expect(struct rcs_parser *parser, const char *text);
/* Nothing may follow. */
bool rcs_parser_end(struct rcs_parser *parser);

/* "15s", "1.5s", "250ms", "10us", "2m". */
bool rcs_parser_duration(struct rcs_parser *parser, rcs_us *out);
/* "8ms..12ms" or "10ms". */
bool rcs_parser_durations(struct rcs_parser *parser, rcs_us *low, rcs_us *high);
/* A decimal number in low..high. */
bool rcs_parser_number(struct rcs_parser *parser, const char *what, int64_t low, int64_t high,
                       int64_t *out);
/* One of `words` (NULL-terminated); *out is its number. */
bool rcs_parser_choice(struct rcs_parser *parser, const char *const *words, int *out);
/* A condition names a statement or step: one must be there in the end. */
void rcs_parser_mark(struct rcs_parser *parser, const struct rcs_word *word);

/* --- parser_group.c --------------------------------------------------------------------------- */

/* Nodes: a1, a1..a6, a site, `all`, several with commas between (`a1,b2`, `a1, b2`). */
bool rcs_parser_group(struct rcs_parser *parser, struct rcs_group *out);
/* All words up to the end of the line, or up to the unquoted word `stop` (not taken), as one group.
 */
bool rcs_parser_groups(struct rcs_parser *parser, const char *stop, struct rcs_group *out);
bool rcs_parser_node(struct rcs_parser *parser, int *out);
/* The nodes that a word's references name must exist. */
bool rcs_parser_refs(struct rcs_parser *parser, const struct rcs_word *word);
/* All the words that are left belong to the statement, as they are. */
bool rcs_parser_rest(struct rcs_parser *parser);
bool rcs_parser_site(struct rcs_parser *parser, const char **out);

/* --- durations (parser.c) --------------------------------------------------------------------- */

/* The duration in `text`; false if it is none. */
bool rcs_duration_read(const char *text, rcs_us *out);
/* "1.5 s", "250 ms", "10 us": the largest unit in which it is at least 1, at most three decimals.
 */
void rcs_duration_print(struct rcs_buf *out, rcs_us duration);

/* --- expect.c --------------------------------------------------------------------------------- */

/* A condition: the words up to the end, or up to `within`. */
bool rcs_parser_cond(struct rcs_parser *parser, const struct rcs_cond **out);

#endif
