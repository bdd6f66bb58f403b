/* `redis-cli --cluster create|check|info|add-node` as its nodes see it: the commands it sends, in
 * its order, over connections of its own, and the text it prints (redis-cli 7.0). */
#ifndef RCSIM_SIM_SCENARIO_CLI_H
#define RCSIM_SIM_SCENARIO_CLI_H

#include <rcsim/sim.h>

struct rcs_cli;

enum rcs_cli_command { RCS_CLI_CREATE, RCS_CLI_CHECK, RCS_CLI_INFO, RCS_CLI_ADD_NODE };

struct rcs_cli_order {
    enum rcs_cli_command command;
    const int *nodes; /* as they are typed; check, info: one; add-node: the new one, then one of the
                         cluster */
    unsigned count;
    unsigned replicas; /* create: --cluster-replicas */
    bool yes;          /* create: --cluster-yes, else the question is printed and answered yes */
    const char *master_id; /* add-node: --cluster-master-id, NULL: redis-cli chooses one */
};

/* Nothing of `order` is kept but copies. */
struct rcs_cli *rcs_cli_new(struct rcs_sim *sim, const struct rcs_cli_order *order);
void rcs_cli_free(struct rcs_cli *cli);
/* Goes on as far as replies allow; true when it has ended. Ask after each event and at
 * rcs_cli_wake. */
bool rcs_cli_poll(struct rcs_cli *cli);
rcs_us rcs_cli_wake(const struct rcs_cli *cli); /* RCS_NEVER: waits for a reply */
/* While it waits for a reply: when it gives up. redis-cli would wait for ever. */
#define RCS_CLI_REPLY_LIMIT_US RCS_S(120)
rcs_us rcs_cli_deadline(const struct rcs_cli *cli);
/* Printed so far; grows. */
const struct rcs_buf *rcs_cli_output(const struct rcs_cli *cli);
bool rcs_cli_failed(const struct rcs_cli *cli); /* exit status 1 */

#endif
