/* Sorted sets. */
#include "sim/node/command.h"

#include "sim/pure.h"

const struct rcs_command rcs_zset_commands[] = { { .name = NULL } };
