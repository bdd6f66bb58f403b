/* Slots that several nodes own or hold keys of: --cluster-search-multiple-owners (redis-cli 7.0
 * clusterManagerCheckCluster, clusterManagerFixMultipleSlotOwners). */
#include <string.h>

#include "sim/scenario/cli_fix.h"
#include "sim/scenario/cli_move.h"

#include "sim/pure.h"

static enum rcs_cli_end begin(struct rcs_cli *cli)
{
    if (!(cli->order.flags & RCS_CLI_SEARCH_OWNERS)) {
        return RCS_CLI_DONE;
    }
    rcs_buf_text(&cli->out, ">>> Check for multiple slot owners...\n");
    rcs_cli_fix(cli)->at = 0;
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end next_slot(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->at == RCS_SLOTS) {
        return RCS_CLI_DONE;
    }
    fix->slot = fix->at++;
    fix->owners.count = 0;
    return RCS_CLI_NEXT;
}

static void ask_owner(struct rcs_cli *cli, unsigned i, unsigned question)
{
    if (rcs_slot_words_has(&cli->peers[i].info.slots, cli->fix->slot)) {
        rcs_cli_list_add(&cli->fix->owners, i);
    } else {
        rcs_cli_ask_count(cli, i, question);
    }
}

static bool take_owner(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    if (rcs_cli_take_ok(cli, i, question, reply) && reply->integer > 0) {
        rcs_cli_list_add(&cli->fix->owners, i);
    }
    return true;
}

static enum rcs_cli_end leave_owners(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->owners.count < 2) {
        return RCS_CLI_REPEAT;
    }
    cli->good = false;
    fix->disputed++;
    rcs_buf_format(&cli->out, "[WARNING] Slot %u has %u owners:\n", fix->slot, fix->owners.count);
    for (unsigned i = 0; i < fix->owners.count; i++) {
        rcs_cli_print_peer(cli, "    ", fix->owners.peers[i], "\n");
    }
    return cli->order.command == RCS_CLI_FIX ? RCS_CLI_NEXT : RCS_CLI_REPEAT;
}

/* --- one of them stays ------------------------------------------------------------------------ */

static void enter_fix(struct rcs_cli *cli)
{
    rcs_buf_format(&cli->out, ">>> Fixing multiple owners for slot %u...\n", cli->fix->slot);
    rcs_cli_enter_most(cli);
}

static bool wants_owner(const struct rcs_cli *cli, unsigned i)
{
    return rcs_cli_wants_most(cli, i) && rcs_cli_list_has(&cli->fix->owners, i);
}

static enum rcs_cli_end leave_most(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->owner < 0) {
        fix->owner = (int)fix->owners.peers[0];
    }
    rcs_buf_format(&cli->out, ">>> Setting slot %u owner: ", fix->slot);
    rcs_cli_print_peer(cli, "", (unsigned)fix->owner, "\n");
    fix->claimed = true;
    fix->clear = false;
    fix->listed = 0;
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end next_other(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    while (fix->listed < cli->count) {
        fix->one = (int)fix->listed++;
        if (fix->one != fix->owner && rcs_cli_is_master(cli, (unsigned)fix->one)) {
            return RCS_CLI_NEXT;
        }
    }
    return RCS_CLI_DONE;
}

/* What it holds, then the slot goes, then it is told whose it is. */
static void ask_other(struct rcs_cli *cli, unsigned i, unsigned question)
{
    if (question == 0) {
        rcs_cli_ask_count(cli, i, question);
    } else if (question <= RCS_CLI_DELETIONS) {
        rcs_cli_ask_deletion(cli, i, question - 1);
    } else {
        rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u node %s", cli->fix->slot,
                       cli->peers[cli->fix->owner].info.id);
    }
}

static bool take_other(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    if (question > 0 && question <= RCS_CLI_DELETIONS) {
        rcs_cli_take_deletion(cli, i, question - 1, reply);
        return true;
    }
    bool good = rcs_cli_take_ok(cli, i, question, reply);
    if (good && question == 0) {
        cli->fix->count = reply->integer;
    }
    return good;
}

static enum rcs_cli_end leave_other(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->count == 0) {
        return RCS_CLI_REPEAT;
    }
    rcs_cli_move_begin(cli, (unsigned)fix->one, (unsigned)fix->owner, fix->slot,
                       RCS_CLI_MOVE_DOTS | RCS_CLI_MOVE_COLD);
    return RCS_CLI_NEXT;
}

static const struct rcs_cli_phase others_phases[] = {
    { .leave = next_other },
    { .wants = rcs_cli_wants_one,
      .questions = 2 + RCS_CLI_DELETIONS,
      .ask = ask_other,
      .take = take_other,
      .leave = leave_other },
    { .call = rcs_cli_move_phases, .leave = rcs_cli_again },
    { .enter = NULL },
};

static const struct rcs_cli_phase settle_phases[] = {
    { .enter = enter_fix,
      .wants = wants_owner,
      .questions = 1,
      .ask = rcs_cli_ask_count,
      .take = rcs_cli_take_most,
      .leave = leave_most },
    { .call = rcs_cli_claim_phases },
    { .call = others_phases },
    { .enter = NULL },
};

static enum rcs_cli_end settled(struct rcs_cli *cli)
{
    cli->good = !cli->called_failed;
    if (cli->called_failed) {
        rcs_buf_format(&cli->out, "Failed to fix multiple owners for slot %u\n", cli->fix->slot);
        return RCS_CLI_DONE;
    }
    cli->fix->disputed--;
    return RCS_CLI_REPEAT;
}

static const struct rcs_cli_phase slots_phases[] = {
    { .leave = next_slot },
    { .wants = rcs_cli_is_master,
      .questions = 1,
      .ask = ask_owner,
      .take = take_owner,
      .leave = leave_owners },
    { .call = settle_phases, .bears = true, .leave = settled },
    { .enter = NULL },
};

static enum rcs_cli_end leave_slots(struct rcs_cli *cli)
{
    if (cli->fix->disputed == 0) {
        rcs_buf_text(&cli->out, "[OK] No multiple owners found.\n");
    }
    return RCS_CLI_NEXT;
}

const struct rcs_cli_phase rcs_cli_owners_phases[] = {
    { .leave = begin },
    { .call = slots_phases, .leave = leave_slots },
    { .enter = NULL },
};
