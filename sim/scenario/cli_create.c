/* redis-cli --cluster create (redis-cli 7.0 clusterManagerCommandCreate). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_parts.h"
#include "sim/world/world.h"

#include "sim/pure.h"

/* --- the plan
 * -------------------------------------------------------------------------------------- */

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
    if (rcs_plan_make(cli->plan, cli->count, (unsigned)cli->order.replicas,
                      rcs_sim_cli_rand(cli->sim), &cli->out) != RCS_OK) {
        return RCS_CLI_OVER;
    }
    print_plan(cli);
    if (!(cli->order.flags & RCS_CLI_YES)) {
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

/* A replica to be does not know its master yet and says so; that is tolerated here, not the second
 * time. */
static bool take_flush(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    (void)question;
    if (!rcs_cli_is_ok(reply) && cli->plan[i].master < 0) {
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

/* --- replicas
 * ------------------------------------------------------------------------------------- */

static bool wants_replica(const struct rcs_cli *cli, unsigned i)
{
    return cli->plan[i].master >= 0;
}

/* All connections but the first are closed; the check begins anew from there. */
static enum rcs_cli_end leave_replicate(struct rcs_cli *cli)
{
    for (unsigned i = 1; i < cli->count; i++) {
        rcs_session_free(cli->peers[i].session);
        free(cli->peers[i].nodes_text);
        free(cli->peers[i].open);
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
    { .pause_us = RCS_S(1), .call = rcs_cli_join_phases },
    { .wants = wants_replica,
      .questions = 1,
      .ask = ask_flush,
      .take = rcs_cli_take_ok,
      .leave = leave_replicate },
    { .call = rcs_cli_load_phases },
    { .call = rcs_cli_check_cluster_phases },
    { .enter = NULL },
};
