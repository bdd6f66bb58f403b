/* Sets. */
#include "sim/node/command.h"

#include "sim/pure.h"

const struct rcs_command rcs_set_commands[] = { { .name = NULL } };
