/* The table of verbs: what a scenario can say. A new verb is a row in verbs.c and, if it acts, a
 * function in act.c. */
#ifndef RCSIM_SIM_SCENARIO_VERBS_H
#define RCSIM_SIM_SCENARIO_VERBS_H

#include "sim/scenario/parser.h"

struct rcs_run;
struct rcs_task;

/* Where a verb may stand. */
enum rcs_verb_where {
    RCS_VERB_LAYOUT,  /* only above the first statement that acts */
    RCS_VERB_SETTING, /* anywhere; above the first statement that acts it belongs to the layout */
    RCS_VERB_ACTS,
};

enum rcs_verb_flag {
    RCS_VERB_AT = 1,      /* may follow `at TIME` */
    RCS_VERB_UNDO = 2,    /* undone at the end of `during` */
    RCS_VERB_DURING = 4,  /* may stand in `during` though nothing is undone */
    RCS_VERB_REPLIES = 8, /* `=` lines may follow */
    RCS_VERB_ORDER = 16,  /* an order to a run that is under way, no statement of a script */
    RCS_VERB_ASKS = 32,   /* changes nothing, however often it is said */
    RCS_VERB_TRY = 64     /* may follow `try` */
};

enum rcs_progress { RCS_PROGRESS_WAITS, RCS_PROGRESS_DONE };

struct rcs_verb {
    const char *word;
    const char *usage;
    const char *what; /* one line for `rcsim help scenario` */
    enum rcs_verb_where where;
    unsigned flags;
    bool (*parse)(struct rcs_parser *parser);
    /* Begins the statement the task stands at; NULL: nothing to do when it runs. While it waits,
     * `poll` is asked after each event and when the task's wake_us has come. */
    enum rcs_progress (*begin)(struct rcs_run *run, struct rcs_task *task);
    enum rcs_progress (*poll)(struct rcs_run *run, struct rcs_task *task);
};

const struct rcs_verb *rcs_verb_find(const char *word); /* NULL none */
const struct rcs_verb *rcs_verb_row(unsigned index);    /* NULL past the end */
extern const struct rcs_verb rcs_verb_prompt;           /* NODES> COMMAND */
/* Stands where a directive of a node may: the release it runs. */
#define RCS_DIRECTIVE_RELEASE "redis"

extern const struct rcs_verb rcs_verb_directive; /* NAME VALUE as in redis.conf */
extern const struct rcs_verb rcs_verb_new_node;  /* node NAME [IP:PORT], as an order */

/* The nearest word that may begin a line, or NULL. */
const char *rcs_verb_nearest(const char *word);

/* Words as they would be written: quoted where they were or must be, references by name. `from` is
 * the first word. */
void rcs_words_print(struct rcs_buf *out, const struct rcs_word *words, unsigned from,
                     unsigned count);

/* Parses the statement of the parser's words from `parser->at` on into *parser->stmt (parse.c): a
 * prompt, a verb, a directive. */
bool rcs_parser_statement(struct rcs_parser *parser);

#endif
