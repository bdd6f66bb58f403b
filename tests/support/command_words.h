/* The words of a command_row's arguments, drawn. */
#ifndef RCSIM_TEST_COMMAND_WORDS_H
#define RCSIM_TEST_COMMAND_WORDS_H

#include "tests/support/command_plan.h"

struct words {
    struct plan_step *step; /* words are appended to it */
    uint64_t random;
    bool small;       /* see ROW_SMALL */
    bool other_types; /* keys are of another type than the row wants */
};

uint64_t words_draw(struct words *words);
unsigned words_below(struct words *words, unsigned bound);
/* Copies. What is more than PLAN_ARGS_MAX is left out. */
void plan_step_add(struct plan_step *step, const void *bytes, size_t size_bytes);
/* Appends what `grammar` (command_rows.h) asks for. */
void words_generate(struct words *words, const char *grammar);

#endif
