/* Hashes. */
#include "sim/node/command.h"

#include "sim/pure.h"

const struct rcs_command rcs_hash_commands[] = { { .name = NULL } };
