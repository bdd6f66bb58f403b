/* redis-cli --cluster add-node with --cluster-slave (redis-cli 7.0 clusterManagerCommandAddNode).
 */
#include <stdio.h>
#include <string.h>

#include "sim/scenario/cli_parts.h"

#include "sim/pure.h"

static void print_address(struct rcs_cli *cli, int node)
{
    rcs_buf_format(&cli->out, "%s:%d", rcs_sim_node_ip(cli->sim, node),
                   rcs_sim_node_port(cli->sim, node));
}

static void enter(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Adding node ");
    print_address(cli, cli->new_node);
    rcs_buf_text(&cli->out, " to cluster ");
    print_address(cli, cli->peers[0].node);
    rcs_buf_text(&cli->out, "\n");
}

/* --- its master ------------------------------------------------------------------------------- */

static bool is_master(const struct rcs_cli_peer *peer)
{
    return !peer->gone && !peer->info.replica;
}

static const struct rcs_cli_peer *master_to_be(const struct rcs_cli *cli)
{
    for (unsigned i = 0; i < cli->count; i++) {
        if (!cli->peers[i].gone && strcmp(cli->peers[i].info.id, cli->master_id) == 0) {
            return &cli->peers[i];
        }
    }
    return NULL;
}

static const struct rcs_cli_peer *fewest_replicas(const struct rcs_cli *cli)
{
    const struct rcs_cli_peer *found = NULL;
    for (unsigned i = 0; i < cli->count; i++) {
        const struct rcs_cli_peer *peer = &cli->peers[i];
        if (is_master(peer) && (found == NULL || peer->replicas < found->replicas)) {
            found = peer;
        }
    }
    return found;
}

/* Chosen before anything is done to the new node, which only now joins the others asked. */
static enum rcs_cli_end choose_master(struct rcs_cli *cli)
{
    if (cli->master_id[0] == '\0') {
        const struct rcs_cli_peer *chosen = fewest_replicas(cli);
        RCS_ASSERT(chosen != NULL); /* all slots are covered, so there is a master */
        memcpy(cli->master_id, chosen->info.id, sizeof(chosen->info.id));
        rcs_buf_format(&cli->out, "Automatically selected master %s:%d\n", chosen->info.ip,
                       chosen->info.port);
    } else if (master_to_be(cli) == NULL) {
        rcs_buf_format(&cli->out, "[ERR] No such master ID %s\n", cli->master_id);
        return RCS_CLI_OVER;
    }
    rcs_cli_add_peer(cli, cli->new_node);
    return RCS_CLI_NEXT;
}

/* --- the new node ----------------------------------------------------------------------------- */

static bool wants_new(const struct rcs_cli *cli, unsigned i)
{
    return i + 1 == cli->count;
}

static bool take_probe(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    bool good = rcs_cli_take_probe(cli, i, question, reply);
    if (reply == NULL) {
        rcs_buf_text(&cli->out, "[ERR] Sorry, can't connect to node ");
        print_address(cli, cli->new_node);
        rcs_buf_text(&cli->out, "\n");
    }
    return good;
}

static void enter_meet(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Send CLUSTER MEET to node ");
    print_address(cli, cli->new_node);
    rcs_buf_text(&cli->out, " to make it join the cluster.\n");
}

static void enter_replicate(struct rcs_cli *cli)
{
    const struct rcs_cli_peer *master = master_to_be(cli);
    rcs_buf_format(&cli->out, ">>> Configure node as replica of %s:%d.\n", master->info.ip,
                   master->info.port);
}

static void ask_replicate(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER REPLICATE %s", cli->master_id);
}

static enum rcs_cli_end leave_replicate(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, "[OK] New node added correctly.\n");
    return RCS_CLI_NEXT;
}

const struct rcs_cli_phase rcs_cli_add_phases[] = {
    { .enter = enter, .call = rcs_cli_load_phases },
    { .call = rcs_cli_check_cluster_phases },
    { .leave = choose_master },
    { .wants = wants_new,
      .questions = RCS_CLI_PROBES,
      .ask = rcs_cli_ask_probe,
      .take = take_probe },
    { .enter = enter_meet,
      .wants = wants_new,
      .questions = 1,
      .ask = rcs_cli_ask_meet,
      .take = rcs_cli_take_ok },
    { .pause_us = RCS_S(1), .call = rcs_cli_join_phases },
    { .enter = enter_replicate,
      .wants = wants_new,
      .questions = 1,
      .ask = ask_replicate,
      .take = rcs_cli_take_ok,
      .leave = leave_replicate },
    { .enter = NULL },
};
