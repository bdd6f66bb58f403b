/* Lists. */
#include "sim/node/command.h"

#include "sim/pure.h"

const struct rcs_command rcs_list_commands[] = { { .name = NULL } };
