/* redis-cli --cluster create (redis-cli 7.0 clusterManagerCommandCreate). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_parts.h"
#include "sim/world/world.h"

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

static bool refuse(struct rcs_cli *cli, unsigned i, const char *what)
{
    rcs_buf_text(&cli->out, "[ERR] Node ");
    rcs_cli_print_name(cli, i);
    rcs_buf_format(&cli->out, " %s\n", what);
    return false;
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
        good = refuse(cli, i, "is not configured as a cluster node.");
    } else if (question == 1) {
        good = rcs_cli_read_myself(reply, &cli->peers[i].info) ||
               refuse(cli, i, "gave no CLUSTER NODES line of its own.");
    } else if (question == 2 && strstr(text, "db0:") != NULL) {
        good = refuse(cli, i, not_empty);
    } else if (question == 3 && strstr(text, "cluster_known_nodes:1\r\n") == NULL) {
        good = refuse(cli, i, not_empty);
    }
    free(text);
    return good;
}

static void print_plan(struct rcs_cli *cli)
{
    for (unsigned i = 0; i < cli->count; i++) {
        struct rcs_cli_node *info = &cli->peers[i].info;
        snprintf(info->ip, sizeof(info->ip), "%s", cli->plan[i].host);
        info->port = cli->plan[i].port;
        if (cli->plan[i].master >= 0) {
            memcpy(info->master, cli->peers[cli->plan[i].master].info.id, sizeof(info->master));
        }
        for (int slot = cli->plan[i].first; slot <= cli->plan[i].last; slot++) {
            rcs_slot_words_add(&info->slots, (unsigned)slot);
        }
        rcs_cli_node_print(&cli->out, info, true, 0);
    }
}

static enum rcs_cli_end leave_probe(struct rcs_cli *cli)
{
    cli->plan = calloc(cli->count, sizeof(cli->plan[0]));
    RCS_ASSERT(cli->plan != NULL);
    for (unsigned i = 0; i < cli->count; i++) {
        cli->plan[i].host = rcs_sim_node_ip(cli->sim, cli->peers[i].node);
        cli->plan[i].port = rcs_sim_node_port(cli->sim, cli->peers[i].node);
    }
    if (rcs_plan_make(cli->plan, cli->count, cli->replicas, rcs_sim_cli_rand(cli->sim),
                      &cli->out) != RCS_OK) {
        return RCS_CLI_OVER;
    }
    print_plan(cli);
    if (!cli->yes) {
        rcs_buf_text(&cli->out, "Can I set the above configuration? (type 'yes' to accept): yes\n");
    }
    return RCS_CLI_NEXT;
}

/* --- slots, epochs, meeting ------------------------------------------------------------------- */

/* " 5461 5462 ...": sixteen thousand words, so all but the last digit is written once in ten. */
static void add_slots(struct rcs_buf *out, int first, int last)
{
    enum { WORD_BYTES = 8, BLOCK_BYTES = 10 * WORD_BYTES };
    char word[1 + RCS_DECIMAL_MAX] = " ", block[BLOCK_BYTES];
    for (int slot = first; slot <= last;) {
        size_t size = 1 + rcs_decimal_write(word + 1, slot), used = 0;
        for (int digit = slot % 10; digit < 10 && slot <= last; digit++, slot++) {
            memcpy(block + used, word, WORD_BYTES);
            used += size;
            block[used - 1] = (char)('0' + digit);
        }
        rcs_buf_add(out, block, used);
    }
}

static void ask_flush(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)question;
    const struct rcs_plan_node *node = &cli->plan[i];
    if (node->master >= 0) {
        rcs_buf_format(&cli->request, "CLUSTER REPLICATE %s", cli->peers[node->master].info.id);
        return;
    }
    rcs_buf_text(&cli->request, "CLUSTER ADDSLOTS");
    add_slots(&cli->request, node->first, node->last);
}

static bool is_ok(const struct rcs_reply *reply)
{
    return reply != NULL && reply->kind != RCS_REPLY_ERROR;
}

/* A replica to be does not know its master yet and says so; that is tolerated here, not the second
 * time. */
static bool take_flush(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    (void)question;
    if (!is_ok(reply) && cli->plan[i].master < 0) {
        rcs_cli_print_error(cli, i, reply);
        return false;
    }
    return true;
}

static void enter_epochs(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Nodes configuration updated\n"
                            ">>> Assign a different config epoch to each node\n");
}

static void ask_epoch(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)question;
    rcs_buf_format(&cli->request, "cluster set-config-epoch %u", i + 1);
}

static bool take_epoch(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    (void)cli, (void)i, (void)question, (void)reply; /* redis-cli does not look at it either */
    return true;
}

static void enter_meet(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Sending CLUSTER MEET messages to join the cluster\n");
}

void rcs_cli_ask_meet(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    const struct rcs_cli_node *first = &cli->peers[0].info;
    rcs_buf_format(&cli->request, "cluster meet %s %d", first->ip, first->port);
    if (first->bus_port != first->port + 10000) {
        rcs_buf_format(&cli->request, " %d", first->bus_port);
    }
}

bool rcs_cli_take_ok(struct rcs_cli *cli, unsigned i, unsigned question,
                     const struct rcs_reply *reply)
{
    (void)question;
    if (!is_ok(reply)) {
        rcs_cli_print_error(cli, i, reply);
    }
    return is_ok(reply);
}

/* --- joining ---------------------------------------------------------------------------------- */

void rcs_cli_enter_join(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, "Waiting for the cluster to join\n");
    rcs_cli_signatures_begin(cli);
}

/* Nodes are asked in turn until one differs. */
bool rcs_cli_wants_signature(const struct rcs_cli *cli, unsigned i)
{
    (void)i;
    return !cli->differs;
}

enum rcs_cli_end rcs_cli_leave_join(struct rcs_cli *cli)
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

static bool wants_replica(const struct rcs_cli *cli, unsigned i)
{
    return cli->plan[i].master >= 0;
}

/* All connections but the first are closed; the check begins anew from there. */
static enum rcs_cli_end leave_replicate(struct rcs_cli *cli)
{
    for (unsigned i = 1; i < cli->count; i++) {
        rcs_session_free(cli->peers[i].session);
    }
    cli->count = 1;
    return RCS_CLI_NEXT;
}

const struct rcs_cli_phase rcs_cli_create_phases[] = {
    { .questions = RCS_CLI_PROBES,
      .ask = rcs_cli_ask_probe,
      .take = rcs_cli_take_probe,
      .leave = leave_probe },
    { .questions = 1, .ask = ask_flush, .take = take_flush },
    { .enter = enter_epochs, .questions = 1, .ask = ask_epoch, .take = take_epoch },
    { .enter = enter_meet,
      .wants = rcs_cli_wants_friend,
      .questions = 1,
      .ask = rcs_cli_ask_meet,
      .take = rcs_cli_take_ok },
    { .pause_us = RCS_S(1),
      .enter = rcs_cli_enter_join,
      .wants = rcs_cli_wants_signature,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_signature,
      .leave = rcs_cli_leave_join },
    { .wants = wants_replica,
      .questions = 1,
      .ask = ask_flush,
      .take = rcs_cli_take_ok,
      .leave = leave_replicate },
    { .wants = rcs_cli_wants_first,
      .questions = 2,
      .ask = rcs_cli_ask_load_first,
      .take = rcs_cli_take_load_first },
    { .wants = rcs_cli_wants_friend,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_load_friend,
      .leave = rcs_cli_leave_load },
    { .enter = rcs_cli_enter_check,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_signature,
      .leave = rcs_cli_leave_check },
    { .enter = NULL },
};
