/* How each command is drawn and how its replies are compared: one row a command, by the names of
 * COMMAND LIST. Commands without a row get generic arguments and must answer the same bytes.
 *
 * `arguments` are words separated by blanks: capitals stand for themselves (in odd case now and
 * then), small words name what is drawn (command_words.c); besides
 *     [ x ]        or not              ( x | y )    one of them      ( x )+     once to three times
 *     < x y z >    in any order        key:T        a key of type T  keys:T     numkeys and keys
 * T is s l h t z (string, list, hash, set, sorted set), u (of the last two) or a (any), and e for
 * sorted sets whose members all have one score: what a range BYLEX finds in others depends on the
 * heights that a skip list drew. */
#ifndef RCSIM_TEST_COMMAND_ROWS_H
#define RCSIM_TEST_COMMAND_ROWS_H

#include <stddef.h>

/* What may differ between two servers, and why. X(constant, name, reason) */
#define ANSWER_RULES(X)                                                                            \
    X(SAME, "nothing", "the same bytes")                                                           \
    X(ORDER, "order of members",                                                                   \
      "hash tables iterate in an order that a server draws at its start; not so what is compact")  \
    X(SCAN, "cursors",                                                                             \
      "they are places in a hash table; what a whole iteration gives is compared")                 \
    X(RANDOM, "random members", "drawn by each server; as many, and each must be one")             \
    X(CLOCK, "times",                                                                              \
      "two servers are not asked at one instant: seconds by 2, milliseconds by 2000")              \
    X(IDS, "ids, addresses, ports", "each server's own: numbers, 40 hexadecimal digits, address=") \
    X(SIZES, "sizes in memory, durations, counters of a process",                                  \
      "they are the machine's; names of fields and values that are no numbers are compared")       \
    X(MEMBERS, "what is not modelled",                                                             \
      "lists of all commands: what both have; COMMAND DOCS: all but sentences, own words")

enum answer_rule {
#define X(constant, name, reason) RULE_##constant,
    ANSWER_RULES(X)
#undef X
        RULE_COUNT
};

enum {
    ROW_BLOCKS = 1,       /* may wait; another connection sends `push` */
    ROW_SMALL = 2,        /* a large number within its limits would cost gigabytes */
    ROW_ALONE = 4,        /* not within a transaction */
    ROW_REMOVES = 8,      /* takes members at random: its key is deleted afterwards */
    ROW_TRANSACTION = 16, /* EXEC follows some steps later */
    ROW_SUBSCRIBES = 32,  /* so does UNSUBSCRIBE */
    ROW_PAIRS = 64,       /* members come in pairs: a field and its value, a score, a setting */
    ROW_NO_EDGE = 128,    /* only the arguments of the row: others would end the experiment */
    ROW_MS = 256          /* not in odd order: a value would become some milliseconds to live */
};

struct command_row {
    const char *name, *arguments;
    enum answer_rule rule;
    unsigned flags;
    const char *push; /* what another connection sends while this one waits, FIRST being the key */
};

/* NULL: there is none. */
const struct command_row *command_row_find(const char *name, size_t size_bytes);

/* Commands that are never sent, with the reason; NULL: it may be. */
const char *command_row_excluded(const char *name, size_t size_bytes);

/* Directives that CONFIG SET changes here, which the driver puts back; NULL behind the last. */
extern const char *const command_row_directives[];

#endif
