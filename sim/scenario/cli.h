/* `redis-cli --cluster create|check|info` as its nodes see it: the commands it sends, in its order,
 * over connections of its own, and the text it prints (redis-cli 7.0). */
#ifndef RCSIM_SIM_SCENARIO_CLI_H
#define RCSIM_SIM_SCENARIO_CLI_H

#include <rcsim/sim.h>

struct rcs_cli;

enum rcs_cli_command { RCS_CLI_CREATE, RCS_CLI_CHECK, RCS_CLI_INFO };

/* `nodes` in the order they are typed (check, info: one). `yes`: with --cluster-yes, else the
 * question is printed and answered yes. */
struct rcs_cli *rcs_cli_new(struct rcs_sim *sim, enum rcs_cli_command command, const int *nodes,
                            unsigned count, unsigned replicas, bool yes);
void rcs_cli_free(struct rcs_cli *cli);
/* Goes on as far as replies allow; true when it has ended. Ask after each event and at
 * rcs_cli_wake. */
bool rcs_cli_poll(struct rcs_cli *cli);
rcs_us rcs_cli_wake(const struct rcs_cli *cli); /* RCS_NEVER: waits for a reply */
/* Printed so far; grows. */
const struct rcs_buf *rcs_cli_output(const struct rcs_cli *cli);
bool rcs_cli_failed(const struct rcs_cli *cli); /* exit status 1 */

#endif
