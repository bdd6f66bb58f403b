/* HELP, a subcommand of every command that has some. */
#ifndef RCSIM_SIM_NODE_HELP_H
#define RCSIM_SIM_NODE_HELP_H

#include "sim/node/command.h"

/* Handler of the row "help" of a container, and of DEBUG HELP. */
rcs_command_handler rcs_run_help;

#endif
