/* The order in which redis-cli walks a dict whose keys are slot numbers: its hash has no seed, so
 * that the order is the same every day (Redis 7.0 dict.c, siphash.c). */
#ifndef RCSIM_SIM_SCENARIO_CLI_DICT_H
#define RCSIM_SIM_SCENARIO_CLI_DICT_H

#include <rcsim/base.h>

/* `slots` as they are added, doubles included; fills `order`, which has room for all, and returns
 * how many there are. */
unsigned rcs_cli_dict_order(const unsigned *slots, unsigned count, unsigned *order);

#endif
