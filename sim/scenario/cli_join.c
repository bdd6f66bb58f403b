/* How a node joins: is it there and empty, MEET, and the wait until all agree; create and add-node
 * do so (redis-cli 7.0 clusterManagerNodeIsEmpty, clusterManagerWaitForClusterJoin). */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_parts.h"

#include "sim/pure.h"

/* Virtual time must not run on for ever when the nodes never agree. */
#define JOIN_WAITS_MAX 600

/* --- are they there, cluster nodes, empty? ---------------------------------------------------- */

void rcs_cli_ask_probe(struct rcs_cli *cli, unsigned i, unsigned question)
{
    static const char *const questions[] = { "INFO", "CLUSTER NODES", "INFO", "CLUSTER INFO" };
    (void)i;
    rcs_buf_text(&cli->request, questions[question]);
}

bool rcs_cli_take_probe(struct rcs_cli *cli, unsigned i, unsigned question,
                        const struct rcs_reply *reply)
{
    static const char not_empty[] =
        "is not empty. Either the node already knows other nodes (check with "
        "CLUSTER NODES) or contains some key in database 0.";
    char *text = rcs_cli_text(reply);
    bool good = text != NULL;
    if (!good) {
        rcs_cli_print_error(cli, i, reply);
    } else if (question == 0 && strstr(text, "cluster_enabled:1") == NULL) {
        good = rcs_cli_refuse(cli, i, "is not configured as a cluster node.");
    } else if (question == 1) {
        good = rcs_cli_read_myself(reply, &cli->peers[i].info) ||
               rcs_cli_refuse(cli, i, "gave no CLUSTER NODES line of its own.");
    } else if (question == 2 && strstr(text, "db0:") != NULL) {
        good = rcs_cli_refuse(cli, i, not_empty);
    } else if (question == 3 && strstr(text, "cluster_known_nodes:1\r\n") == NULL) {
        good = rcs_cli_refuse(cli, i, not_empty);
    }
    free(text);
    return good;
}

/* --- meeting ---------------------------------------------------------------------------------- */

void rcs_cli_ask_meet(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    const struct rcs_cli_node *first = &cli->peers[0].info;
    rcs_buf_format(&cli->request, "cluster meet %s %d", first->ip, first->port);
    if (first->bus_port != first->port + 10000) {
        rcs_buf_format(&cli->request, " %d", first->bus_port);
    }
}

/* --- joining ---------------------------------------------------------------------------------- */

static void enter_join(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, "Waiting for the cluster to join\n");
    rcs_cli_signatures_begin(cli);
}

/* Nodes are asked in turn until one differs. */
static bool wants_signature(const struct rcs_cli *cli, unsigned i)
{
    (void)i;
    return !cli->differs;
}

static enum rcs_cli_end leave_join(struct rcs_cli *cli)
{
    if (!cli->differs) {
        rcs_buf_text(&cli->out, "\n");
        return RCS_CLI_NEXT;
    }
    rcs_cli_signatures_begin(cli);
    rcs_buf_text(&cli->out, ".");
    if (++cli->waits == JOIN_WAITS_MAX) {
        rcs_buf_format(&cli->out, "\n(given up after %d s: the nodes do not agree)\n",
                       JOIN_WAITS_MAX);
        return RCS_CLI_OVER;
    }
    return RCS_CLI_AGAIN;
}

const struct rcs_cli_phase rcs_cli_join_phases[] = {
    { .enter = enter_join,
      .wants = wants_signature,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_signature,
      .leave = leave_join },
    { .enter = NULL },
};
