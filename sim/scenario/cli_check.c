/* Do the nodes agree, are slots open, are all covered (redis-cli 7.0 clusterManagerCheckCluster)?
 * redis-cli --cluster check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void enter_check(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Performing Cluster Check (using node ");
    rcs_cli_print_name(cli, 0);
    rcs_buf_text(&cli->out, ")\n");
    for (unsigned i = 0; i < cli->count; i++) {
        if (!cli->peers[i].gone) {
            rcs_cli_node_print(&cli->out, &cli->peers[i].info, false, cli->peers[i].replicas);
        }
    }
    rcs_cli_signatures_begin(cli);
}

/* "[93->-<id>]" is migrating, "[93-<-<id>]" importing: the slot numbers of one kind, joined by
 * commas. */
static unsigned open_slots(const char *open, const char *arrow, struct rcs_buf *out)
{
    unsigned count = 0;
    for (const char *at = open; (at = strchr(at, '[')) != NULL; at++) {
        size_t digits = strspn(at + 1, "0123456789");
        if (strncmp(at + 1 + digits, arrow, 3) == 0) {
            rcs_buf_format(out, "%s%.*s", count++ > 0 ? "," : "", (int)digits, at + 1);
        }
    }
    return count;
}

static bool check_open(struct rcs_cli *cli)
{
    static const char *const kinds[][2] = { { "->-", "migrating" }, { "-<-", "importing" } };
    struct rcs_buf all, some;
    rcs_buf_init(&all);
    rcs_buf_init(&some);
    for (unsigned i = 0; i < cli->count; i++) {
        for (unsigned kind = 0; kind < 2 && !cli->peers[i].gone; kind++) {
            rcs_buf_clear(&some);
            if (open_slots(cli->peers[i].info.open, kinds[kind][0], &some) > 0) {
                rcs_buf_text(&cli->out, "[WARNING] Node ");
                rcs_cli_print_name(cli, i);
                rcs_buf_format(&cli->out, " has slots in %s state %.*s.\n", kinds[kind][1],
                               (int)some.size_bytes, some.data);
                rcs_buf_format(&all, "%s%.*s", all.size_bytes > 0 ? "," : "", (int)some.size_bytes,
                               some.data);
            }
        }
    }
    bool none = all.size_bytes == 0;
    if (!none) {
        rcs_buf_format(&cli->out, "[WARNING] The following slots are open: %.*s.\n",
                       (int)all.size_bytes, all.data);
    }
    rcs_buf_close(&all);
    rcs_buf_close(&some);
    return none;
}

static bool check_coverage(struct rcs_cli *cli)
{
    struct rcs_slot_words covered = { { 0 } };
    for (unsigned i = 0; i < cli->count; i++) {
        for (unsigned w = 0; w < RCS_SLOT_WORDS && !cli->peers[i].gone; w++) {
            covered.word[w] |= cli->peers[i].info.slots.word[w];
        }
    }
    bool all = rcs_slot_words_count(&covered) == RCS_SLOTS;
    rcs_buf_text(&cli->out, all ? "[OK] All 16384 slots covered.\n"
                                : "[ERR] Not all 16384 slots are covered by nodes.\n\n");
    return all;
}

static enum rcs_cli_end leave_check(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, cli->differs ? "[ERR] Nodes don't agree about configuration!\n"
                                         : "[OK] All nodes agree about slots configuration.\n");
    rcs_buf_text(&cli->out, ">>> Check for open slots...\n");
    bool closed = check_open(cli);
    rcs_buf_text(&cli->out, ">>> Check slots coverage...\n");
    bool covered = check_coverage(cli);
    return !cli->differs && closed && covered ? RCS_CLI_NEXT : RCS_CLI_OVER;
}

const struct rcs_cli_phase rcs_cli_check_cluster_phases[] = {
    { .enter = enter_check,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_signature,
      .leave = leave_check },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_check_phases[] = {
    { .call = rcs_cli_info_phases },
    { .call = rcs_cli_check_cluster_phases },
    { .enter = NULL },
};
