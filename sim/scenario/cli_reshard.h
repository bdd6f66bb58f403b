/* Which slots go (redis-cli 7.0 clusterManagerComputeReshardTable): of each source its share. */
#ifndef RCSIM_SIM_SCENARIO_CLI_RESHARD_H
#define RCSIM_SIM_SCENARIO_CLI_RESHARD_H

#include "sim/scenario/cli_parts.h"

/* Fills cli->table: so many slots of these peers, those with most slots first, lowest slots first.
 */
void rcs_cli_table_make(struct rcs_cli *cli, const unsigned *sources, unsigned count,
                        int64_t slots);

#endif
