/* The commands of two servers by the names of COMMAND LIST: which to draw, and why not the others.
 */
#ifndef RCSIM_TEST_COMMAND_NAMES_H
#define RCSIM_TEST_COMMAND_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_NAMES_MAX 512

struct live_pair;

/* Sorted; the names are on the heap and stay until the program ends. */
struct command_names {
    char *names[COMMAND_NAMES_MAX];
    unsigned count;
};

/* What the real and the tested server have. */
struct command_sets {
    struct command_names supported;   /* by the tested one */
    struct command_names drawn;       /* by both, and to be sent */
    struct command_names unsupported; /* by the real one only */
    struct command_names left_out;    /* by both, but excluded (command_rows.h) */
};

/* The index of `name`; -1: it is not among them. */
int command_names_find(const struct command_names *list, const char *name);

/* Asks both servers for COMMAND. `only` (none: all) and `without` narrow what is drawn; if that
 * leaves nothing the program ends with status 2. Prints a line for each command that only the
 * tested server has. */
void command_sets_read(struct command_sets *sets, struct live_pair *pair, char *const *only,
                       unsigned only_count, char *const *without, unsigned without_count);

#endif
