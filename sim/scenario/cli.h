/* `redis-cli --cluster VERB` as its nodes see it: the commands it sends, in its order, over
 * connections of its own, and the text it prints (redis-cli 7.0). */
#ifndef RCSIM_SIM_SCENARIO_CLI_H
#define RCSIM_SIM_SCENARIO_CLI_H

#include <rcsim/sim.h>

struct rcs_cli;

enum rcs_cli_command {
    RCS_CLI_CREATE,
    RCS_CLI_CHECK,
    RCS_CLI_INFO,
    RCS_CLI_FIX,
    RCS_CLI_RESHARD,
    RCS_CLI_REBALANCE,
    RCS_CLI_ADD_NODE,
    RCS_CLI_DEL_NODE,
    RCS_CLI_CALL,
    RCS_CLI_SET_TIMEOUT
};

/* Options that take no value. */
enum rcs_cli_flag {
    RCS_CLI_YES = 1, /* else questions are printed and answered yes */
    RCS_CLI_SLAVE = 2,
    RCS_CLI_REPLACE = 4,
    RCS_CLI_EMPTY_MASTERS = 8,
    RCS_CLI_SIMULATE = 16,
    RCS_CLI_ONLY_MASTERS = 32,
    RCS_CLI_ONLY_REPLICAS = 64,
    RCS_CLI_SEARCH_OWNERS = 128,
    RCS_CLI_UNREACHABLE = 256 /* --cluster-fix-with-unreachable-masters */
};

struct rcs_cli_order {
    enum rcs_cli_command command;
    const int *nodes; /* as they are typed: create all, add-node the new one, then one of the
                         cluster; others one of the cluster */
    unsigned count;
    unsigned flags;           /* of enum rcs_cli_flag */
    int64_t replicas;         /* create */
    int64_t slots;            /* reshard: how many */
    int64_t timeout_ms;       /* of a MIGRATE; 0: 60000 */
    int64_t pipeline;         /* keys of a MIGRATE; 0: 10 */
    int64_t node_ms;          /* set-timeout: what it sets */
    const char *id;           /* add-node its master, NULL chosen; del-node; reshard the target */
    const char *from;         /* reshard: ids with commas between, or `all` */
    const char *percent;      /* rebalance: --cluster-threshold, a decimal; NULL: 2 */
    const char *const *words; /* call: the command; rebalance: weights ID=NUMBER */
    unsigned word_count;
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
