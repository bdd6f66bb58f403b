/* Sequences of commands, drawn from a seed: the same names, seed and number give the same words. */
#ifndef RCSIM_TEST_COMMAND_PLAN_H
#define RCSIM_TEST_COMMAND_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <rcsim/store.h>

#include "tests/support/command_rows.h"

#define PLAN_DRAWN     50 /* commands drawn from the list in a sequence */
#define PLAN_STEPS_MAX 128
#define PLAN_ARGS_MAX  40

/* Seconds: a command that would wait so long is given what it waits for; shorter ones run out. */
#define PLAN_LONG_WAIT "5.5"

/* How the arguments of a command were drawn. X(constant, name) */
#define PLAN_CLASSES(X)                                                                            \
    X(VALID, "valid")                                                                              \
    X(ARITY, "wrong arity")                                                                        \
    X(TYPE, "wrong type")                                                                          \
    X(EDGE, "edge")                                                                                \
    X(WORDS, "odd order")                                                                          \
    X(GIVEN, "given") /* keys at the beginning; the ends of transactions and subscriptions */

enum plan_class {
#define X(constant, name) PLAN_##constant,
    PLAN_CLASSES(X)
#undef X
        PLAN_CLASS_COUNT
};

struct plan_step {
    struct rcs_arg args[PLAN_ARGS_MAX]; /* on the heap, the plan's */
    unsigned argc;
    const char *name;              /* of COMMAND LIST; NULL for a given step */
    const struct command_row *row; /* NULL: there is none */
    enum plan_class class;
};

struct plan {
    struct plan_step steps[PLAN_STEPS_MAX];
    unsigned count;
    bool resp3;
};

/* `names`: of COMMAND LIST, `count` of them, those to draw from. */
void plan_make(struct plan *plan, uint64_t seed, unsigned sequence, const char *const *names,
               unsigned count);
void plan_free(struct plan *plan);

/* Words separated by blanks as one step, FIRST being the second word of `of` (NULL: not). */
void plan_step_words(struct plan_step *step, const char *words, const struct plan_step *of);
void plan_step_free(struct plan_step *step);

/* The keys a sequence may touch, for reading all of them at its end; NULL behind the last. */
const char *plan_key(unsigned index);

#endif
