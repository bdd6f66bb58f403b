/* Moving one slot, for reshard, rebalance and fix (redis-cli 7.0 clusterManagerMoveSlot). */
#ifndef RCSIM_SIM_SCENARIO_CLI_MOVE_H
#define RCSIM_SIM_SCENARIO_CLI_MOVE_H

#include "sim/scenario/cli_parts.h"

enum rcs_cli_move_option {
    RCS_CLI_MOVE_DOTS = 1,    /* one is printed for each key */
    RCS_CLI_MOVE_COLD = 2,    /* only the keys: nobody is told of an owner */
    RCS_CLI_MOVE_UPDATES = 4, /* the peers' slots afterwards */
    RCS_CLI_MOVE_QUIET = 8,   /* no line about the slot */
    RCS_CLI_MOVE_TELLS = 16   /* errors are kept in cli->move.error, not printed */
};

/* Says what rcs_cli_move_phases is to do next; `options` of enum rcs_cli_move_option. */
void rcs_cli_move_begin(struct rcs_cli *cli, unsigned source, unsigned target, unsigned slot,
                        unsigned options);

/* Whose the slot is by a CLUSTER SLOTS reply, which is an array; -1 nobody's. */
int rcs_cli_slot_owner(const struct rcs_cli *cli, const struct rcs_reply *reply, unsigned slot);
void rcs_cli_ask_slots(struct rcs_cli *cli, unsigned i, unsigned question); /* CLUSTER SLOTS */

#endif
