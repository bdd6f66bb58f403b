/* redis-cli --cluster add-node (redis-cli 7.0 clusterManagerCommandAddNode). */
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

/* Chosen before anything is done to the new node, which only now joins the others asked. */
static enum rcs_cli_end choose_master(struct rcs_cli *cli)
{
    const char *id = cli->order.id;
    cli->chosen = -1;
    if (cli->order.flags & RCS_CLI_SLAVE) {
        cli->chosen = id == NULL ? rcs_cli_fewest_replicas(cli) : rcs_cli_find_id(cli, id);
        if (cli->chosen < 0) {
            rcs_buf_format(&cli->out, "[ERR] No such master ID %s\n", id == NULL ? "" : id);
            return RCS_CLI_OVER;
        }
        if (id == NULL) {
            const struct rcs_cli_node *master = &cli->peers[cli->chosen].info;
            rcs_buf_format(&cli->out, "Automatically selected master %s:%d\n", master->ip,
                           master->port);
        }
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

static enum rcs_cli_end leave_meet(struct rcs_cli *cli)
{
    if (cli->chosen >= 0) {
        return RCS_CLI_NEXT;
    }
    rcs_buf_text(&cli->out, "[OK] New node added correctly.\n");
    return RCS_CLI_DONE;
}

static void enter_replicate(struct rcs_cli *cli)
{
    const struct rcs_cli_node *master = &cli->peers[cli->chosen].info;
    rcs_buf_format(&cli->out, ">>> Configure node as replica of %s:%d.\n", master->ip,
                   master->port);
}

static void ask_replicate(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER REPLICATE %s", cli->peers[cli->chosen].info.id);
}

static enum rcs_cli_end leave_replicate(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, "[OK] New node added correctly.\n");
    return RCS_CLI_NEXT;
}

/* --- functions -------------------------------------------------------------------------------- */

/* A master gets those of the cluster, a replica its master's later; the cli of 7.0 and after does
 * that. */
static enum rcs_cli_end wants_functions(struct rcs_cli *cli)
{
    bool has = rcs_cli_since(cli, RCS_REDIS_7_0);
    return has && cli->chosen < 0 ? RCS_CLI_NEXT : RCS_CLI_DONE;
}

static void enter_dump(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Getting functions from cluster\n");
}

static void ask_dump(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_text(&cli->request, "FUNCTION DUMP");
}

static int text_bytes(const struct rcs_reply *reply)
{
    return reply == NULL ? (int)strlen("NULL reply") : (int)reply->size_bytes;
}

static const char *text_of(const struct rcs_reply *reply)
{
    return reply == NULL ? "NULL reply" : reply->bytes;
}

static bool take_dump(struct rcs_cli *cli, unsigned i, unsigned question,
                      const struct rcs_reply *reply)
{
    (void)i, (void)question;
    if (rcs_cli_is_ok(reply)) {
        rcs_buf_add(&cli->functions, reply->bytes, reply->size_bytes);
        return true;
    }
    rcs_buf_format(&cli->out,
                   ">>> Failed retrieving Functions from the cluster, skip this step as Redis "
                   "version do not support function command (error = '%.*s')\n",
                   text_bytes(reply), text_of(reply));
    return true;
}

static enum rcs_cli_end leave_dump(struct rcs_cli *cli)
{
    return cli->functions.size_bytes > 0 ? RCS_CLI_NEXT : RCS_CLI_DONE;
}

static void enter_list(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Send FUNCTION LIST to ");
    print_address(cli, cli->new_node);
    rcs_buf_text(&cli->out, " to verify there is no functions in it\n");
}

static void ask_list(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_text(&cli->request, "FUNCTION LIST");
}

static bool take_list(struct rcs_cli *cli, unsigned i, unsigned question,
                      const struct rcs_reply *reply)
{
    (void)i, (void)question;
    if (!rcs_cli_is_ok(reply)) {
        rcs_buf_format(&cli->out, ">>> Failed on CLUSTER LIST (error = '%.*s')\r\n",
                       text_bytes(reply), text_of(reply));
        return false;
    }
    if (reply->elements > 0) {
        rcs_buf_text(&cli->out, ">>> New node already contains functions and can not be added to "
                                "the cluster. Use FUNCTION FLUSH and try again.\r\n");
        return false;
    }
    return true;
}

static void enter_restore(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Send FUNCTION RESTORE to ");
    print_address(cli, cli->new_node);
    rcs_buf_text(&cli->out, "\n");
}

static void ask_restore(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_cli_arg_text(cli, "FUNCTION");
    rcs_cli_arg_text(cli, "RESTORE");
    rcs_cli_arg(cli, cli->functions.data, cli->functions.size_bytes);
}

static bool take_restore(struct rcs_cli *cli, unsigned i, unsigned question,
                         const struct rcs_reply *reply)
{
    (void)i, (void)question;
    if (!rcs_cli_is_ok(reply)) {
        rcs_buf_format(&cli->out,
                       ">>> Failed loading functions to the new node (error = '%.*s')\r\n",
                       text_bytes(reply), text_of(reply));
        return false;
    }
    return true;
}

static const struct rcs_cli_phase functions_phases[] = {
    { .leave = wants_functions },
    { .enter = enter_dump,
      .wants = rcs_cli_wants_first,
      .questions = 1,
      .ask = ask_dump,
      .take = take_dump,
      .leave = leave_dump },
    { .enter = enter_list, .wants = wants_new, .questions = 1, .ask = ask_list, .take = take_list },
    { .enter = enter_restore,
      .wants = wants_new,
      .questions = 1,
      .ask = ask_restore,
      .take = take_restore },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_add_phases[] = {
    { .enter = enter, .call = rcs_cli_load_phases },
    { .call = rcs_cli_check_cluster_phases },
    { .leave = choose_master },
    { .wants = wants_new,
      .questions = RCS_CLI_PROBES,
      .ask = rcs_cli_ask_probe,
      .take = take_probe },
    { .call = functions_phases },
    { .enter = enter_meet,
      .wants = wants_new,
      .questions = 1,
      .ask = rcs_cli_ask_meet,
      .take = rcs_cli_take_ok,
      .leave = leave_meet },
    { .pause_us = RCS_S(1), .call = rcs_cli_join_phases },
    { .enter = enter_replicate,
      .wants = wants_new,
      .questions = 1,
      .ask = ask_replicate,
      .take = rcs_cli_take_ok,
      .leave = leave_replicate },
    { .enter = NULL },
};
