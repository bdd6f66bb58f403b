/* Do the nodes agree, are slots open, are all covered (redis-cli 7.0 clusterManagerCheckCluster)?
 * redis-cli --cluster check, and fix, which mends on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_dict.h"
#include "sim/scenario/cli_parts.h"

#include "sim/pure.h"

/* --- do they agree? --------------------------------------------------------------------------- */

void rcs_cli_signatures_begin(struct rcs_cli *cli)
{
    rcs_buf_clear(&cli->signature);
    cli->differs = false;
    cli->first_loaded = false;
}

bool rcs_cli_take_signature(struct rcs_cli *cli, unsigned i, unsigned question,
                            const struct rcs_reply *reply)
{
    (void)i, (void)question;
    char *text = rcs_cli_text(reply);
    struct rcs_buf own;
    rcs_buf_init(&own);
    if (text != NULL) {
        rcs_cli_signature(text, &own);
    }
    if (!cli->first_loaded) {
        rcs_buf_add(&cli->signature, own.data, own.size_bytes);
        cli->first_loaded = true;
        cli->differs = text == NULL;
    } else {
        cli->differs |=
            text == NULL || own.size_bytes != cli->signature.size_bytes ||
            (own.size_bytes > 0 && memcmp(own.data, cli->signature.data, own.size_bytes) != 0);
    }
    rcs_buf_close(&own);
    free(text);
    return true;
}

/* One node agrees with itself and is not asked. */
static bool wants_signature(const struct rcs_cli *cli, unsigned i)
{
    unsigned there = 0;
    for (unsigned peer = 0; peer < cli->count; peer++) {
        there += !cli->peers[peer].gone;
    }
    (void)i;
    return there > 1;
}

static void enter_quietly(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Performing Cluster Check (using node ");
    rcs_cli_print_name(cli, 0);
    rcs_buf_text(&cli->out, ")\n");
    rcs_cli_signatures_begin(cli);
}

static void enter_check(struct rcs_cli *cli)
{
    enter_quietly(cli);
    for (unsigned i = 0; i < cli->count; i++) {
        if (!cli->peers[i].gone) {
            rcs_cli_node_print(&cli->out, &cli->peers[i].info, false, cli->peers[i].replicas);
        }
    }
}

/* --- open slots ------------------------------------------------------------------------------- */

/* Joined by commas; appended to cli->open, too. */
static void print_open(struct rcs_cli *cli, const struct rcs_slot_words *slots)
{
    unsigned count = 0;
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        if (rcs_slot_words_has(slots, slot)) {
            rcs_buf_format(&cli->out, "%s%u", count++ > 0 ? "," : "", slot);
            cli->open = realloc(cli->open, (cli->open_count + 1) * sizeof(cli->open[0]));
            RCS_ASSERT(cli->open != NULL);
            cli->open[cli->open_count++] = slot;
        }
    }
}

static void sort_open(struct rcs_cli *cli)
{
    unsigned *order = malloc(cli->open_count * sizeof(order[0]));
    RCS_ASSERT(order != NULL);
    cli->open_count = rcs_cli_dict_order(cli->open, cli->open_count, order);
    free(cli->open);
    cli->open = order;
}

static void check_open(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Check for open slots...\n");
    cli->open_count = 0;
    for (unsigned i = 0; i < cli->count; i++) {
        struct rcs_cli_peer *peer = &cli->peers[i];
        if (peer->nodes_text == NULL) {
            continue;
        }
        free(peer->open);
        peer->open = calloc(1, sizeof(*peer->open));
        RCS_ASSERT(peer->open != NULL);
        rcs_cli_open_read(peer->nodes_text, &peer->open->migrating, &peer->open->importing);
        const struct rcs_slot_words *const open[] = { &peer->open->migrating,
                                                      &peer->open->importing };
        for (unsigned kind = 0; kind < 2 && !peer->gone; kind++) {
            if (rcs_slot_words_count(open[kind]) > 0) {
                rcs_buf_text(&cli->out, "[WARNING] Node ");
                rcs_cli_print_name(cli, i);
                rcs_buf_format(&cli->out, " has slots in %s state ",
                               kind == 0 ? "migrating" : "importing");
                print_open(cli, open[kind]);
                rcs_buf_text(&cli->out, ".\n");
            }
        }
    }
    if (cli->open_count == 0) {
        return;
    }
    cli->good = false;
    sort_open(cli);
    rcs_buf_text(&cli->out, "[WARNING] The following slots are open: ");
    for (unsigned i = 0; i < cli->open_count; i++) {
        rcs_buf_format(&cli->out, "%s%u", i > 0 ? "," : "", cli->open[i]);
    }
    rcs_buf_text(&cli->out, ".\n");
}

static enum rcs_cli_end leave_agreement(struct rcs_cli *cli)
{
    cli->good = !cli->differs;
    rcs_buf_text(&cli->out, cli->differs ? "[ERR] Nodes don't agree about configuration!\n"
                                         : "[OK] All nodes agree about slots configuration.\n");
    check_open(cli);
    return RCS_CLI_NEXT;
}

/* --- coverage --------------------------------------------------------------------------------- */

static enum rcs_cli_end check_coverage(struct rcs_cli *cli)
{
    if (cli->order.command == RCS_CLI_FIX && cli->open_count > 0) {
        cli->good = !cli->called_failed; /* whatever else was wrong before */
    }
    rcs_buf_text(&cli->out, ">>> Check slots coverage...\n");
    cli->covered = (struct rcs_slot_words){ { 0 } };
    for (unsigned i = 0; i < cli->count; i++) {
        for (unsigned w = 0; w < RCS_SLOT_WORDS && !cli->peers[i].gone; w++) {
            cli->covered.word[w] |= cli->peers[i].info.slots.word[w];
        }
    }
    bool all = rcs_slot_words_count(&cli->covered) == RCS_SLOTS;
    cli->good &= all;
    rcs_buf_text(&cli->out, all ? "[OK] All 16384 slots covered.\n"
                                : "[ERR] Not all 16384 slots are covered by nodes.\n\n");
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end leave_check(struct rcs_cli *cli)
{
    return cli->good ? RCS_CLI_NEXT : RCS_CLI_OVER;
}

static const struct rcs_cli_phase slots_phases[] = {
    { .call = rcs_cli_fix_open_phases, .bears = true, .leave = check_coverage },
    { .call = rcs_cli_cover_phases, .bears = true },
    { .call = rcs_cli_owners_phases, .bears = true, .leave = leave_check },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_check_cluster_phases[] = {
    { .enter = enter_check,
      .wants = wants_signature,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_signature,
      .leave = leave_agreement },
    { .call = slots_phases },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_check_quietly_phases[] = {
    { .enter = enter_quietly,
      .wants = wants_signature,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_signature,
      .leave = leave_agreement },
    { .call = slots_phases },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_check_phases[] = {
    { .call = rcs_cli_info_phases },
    { .call = rcs_cli_check_cluster_phases },
    { .enter = NULL },
};
