/* redis-cli --cluster del-node (redis-cli 7.0 clusterManagerCommandDeleteNode). */
#include <string.h>
#include <strings.h>

#include "sim/scenario/cli_parts.h"

#include "sim/pure.h"

static void enter(struct rcs_cli *cli)
{
    rcs_buf_format(&cli->out, ">>> Removing node %s from cluster ", cli->order.id);
    rcs_cli_print_name(cli, 0);
    rcs_buf_text(&cli->out, "\n");
}

static enum rcs_cli_end find_node(struct rcs_cli *cli)
{
    cli->chosen = rcs_cli_find_id(cli, cli->order.id);
    if (cli->chosen < 0) {
        rcs_buf_format(&cli->out, "[ERR] No such node ID %s\n", cli->order.id);
        return RCS_CLI_OVER;
    }
    const struct rcs_cli_node *node = &cli->peers[cli->chosen].info;
    if (cli->peers[cli->chosen].slot_count > 0) {
        rcs_buf_format(&cli->out,
                       "[ERR] Node %s:%d is not empty! Reshard data away and try again.\n",
                       node->ip, node->port);
        return RCS_CLI_OVER;
    }
    rcs_buf_text(&cli->out, ">>> Sending CLUSTER FORGET messages to the cluster...\n");
    return RCS_CLI_NEXT;
}

static bool wants_others(const struct rcs_cli *cli, unsigned i)
{
    return (int)i != cli->chosen;
}

/* Its replicas get another master first: the one with the fewest, which may be itself. */
static void ask_forget(struct rcs_cli *cli, unsigned i, unsigned question)
{
    const struct rcs_cli_node *info = &cli->peers[i].info;
    if (question == 1) {
        rcs_buf_format(&cli->request, "CLUSTER FORGET %s", cli->order.id);
    } else if (strcasecmp(info->master, cli->order.id) == 0) {
        const struct rcs_cli_node *master = &cli->peers[rcs_cli_fewest_replicas(cli)].info;
        rcs_buf_format(&cli->out, ">>> %s:%d as replica of %s:%d\n", info->ip, info->port,
                       master->ip, master->port);
        rcs_buf_format(&cli->request, "CLUSTER REPLICATE %s", master->id);
    }
}

/* Before 6.0 the node was shut down; that it does not answer then counts as an error. */
static void enter_reset(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, rcs_cli_since(cli, RCS_REDIS_6_0)
                                ? ">>> Sending CLUSTER RESET SOFT to the deleted node.\n"
                                : ">>> SHUTDOWN the node.\n");
}

static bool wants_chosen(const struct rcs_cli *cli, unsigned i)
{
    return (int)i == cli->chosen;
}

static void ask_reset(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_text(&cli->request,
                 rcs_cli_since(cli, RCS_REDIS_6_0) ? "CLUSTER RESET SOFT" : "SHUTDOWN");
}

static bool take_reset(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    return reply != NULL && rcs_cli_take_ok(cli, i, question, reply);
}

const struct rcs_cli_phase rcs_cli_del_phases[] = {
    { .enter = enter, .call = rcs_cli_load_phases },
    { .leave = find_node },
    { .wants = wants_others, .questions = 2, .ask = ask_forget, .take = rcs_cli_take_ok },
    { .enter = enter_reset,
      .wants = wants_chosen,
      .questions = 1,
      .ask = ask_reset,
      .take = take_reset },
    { .enter = NULL },
};
