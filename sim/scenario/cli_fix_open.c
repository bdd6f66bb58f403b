/* Slots that stand open, importing or migrating (redis-cli 7.0 clusterManagerFixOpenSlot). */
#include <string.h>

#include "sim/scenario/cli_fix.h"
#include "sim/scenario/cli_move.h"

#include "sim/pure.h"

static enum rcs_cli_end next_open(struct rcs_cli *cli)
{
    if (cli->order.command != RCS_CLI_FIX) {
        return RCS_CLI_DONE;
    }
    struct rcs_cli_fix *fix = rcs_cli_fix(cli);
    if (fix->at == cli->open_count) {
        return RCS_CLI_DONE;
    }
    if (rcs_cli_fix_refused(cli, "open slots")) {
        return RCS_CLI_OVER;
    }
    fix->slot = cli->open[fix->at++];
    fix->owner = -1;
    fix->claimed = fix->clear = false;
    fix->owners.count = fix->migrating.count = fix->importing.count = 0;
    rcs_buf_clear(&fix->migrating_text);
    rcs_buf_clear(&fix->importing_text);
    rcs_buf_format(&cli->out, ">>> Fixing open slot %u\n", fix->slot);
    return RCS_CLI_NEXT;
}

/* --- who is concerned ------------------------------------------------------------------------- */

static bool has_slot(const struct rcs_cli *cli, unsigned i)
{
    return rcs_slot_words_has(&cli->peers[i].info.slots, cli->fix->slot);
}

static void ask_owner(struct rcs_cli *cli, unsigned i, unsigned question)
{
    if (has_slot(cli, i)) {
        rcs_cli_list_add(&cli->fix->owners, i);
    } else {
        rcs_cli_ask_count(cli, i, question);
    }
}

static bool take_owner(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    if (!rcs_cli_take_ok(cli, i, question, reply)) {
        return false;
    }
    if (reply->integer > 0) {
        rcs_buf_format(&cli->out, "*** Found keys about slot %u in non-owner node ",
                       cli->fix->slot);
        rcs_cli_print_peer(cli, "", i, "!\n");
        rcs_cli_list_add(&cli->fix->owners, i);
    }
    return true;
}

static enum rcs_cli_end leave_owners(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    fix->owner = fix->owners.count == 1 ? (int)fix->owners.peers[0] : -1;
    return RCS_CLI_NEXT;
}

static void add_to(struct rcs_cli *cli, struct rcs_cli_list *list, struct rcs_buf *text, unsigned i)
{
    const struct rcs_cli_node *node = &cli->peers[i].info;
    rcs_buf_format(text, "%s%s:%d", list->count > 0 ? "," : "", node->ip, node->port);
    rcs_cli_list_add(list, i);
}

/* Who is neither and not the owner may hold keys all the same, and counts as importing then. */
static void ask_state(struct rcs_cli *cli, unsigned i, unsigned question)
{
    struct rcs_cli_fix *fix = cli->fix;
    const struct rcs_cli_open *open = cli->peers[i].open;
    if (open != NULL && rcs_slot_words_has(&open->migrating, fix->slot)) {
        add_to(cli, &fix->migrating, &fix->migrating_text, i);
    } else if (open != NULL && rcs_slot_words_has(&open->importing, fix->slot)) {
        add_to(cli, &fix->importing, &fix->importing_text, i);
    } else if ((int)i != fix->owner) {
        rcs_cli_ask_count(cli, i, question);
    }
}

static bool take_state(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (!rcs_cli_take_ok(cli, i, question, reply)) {
        return false;
    }
    if (reply->integer > 0) {
        rcs_buf_format(&cli->out, "*** Found keys about slot %u in node ", fix->slot);
        rcs_cli_print_peer(cli, "", i, "!\n");
        add_to(cli, &fix->importing, &fix->importing_text, i);
    }
    return true;
}

static void print_text(struct rcs_cli *cli, const char *before, const struct rcs_buf *text)
{
    if (text->size_bytes > 0) {
        rcs_buf_format(&cli->out, "%s%.*s\n", before, (int)text->size_bytes, text->data);
    }
}

static enum rcs_cli_end leave_states(struct rcs_cli *cli)
{
    print_text(cli, "Set as migrating in: ", &cli->fix->migrating_text);
    print_text(cli, "Set as importing in: ", &cli->fix->importing_text);
    return RCS_CLI_NEXT;
}

/* --- one owner -------------------------------------------------------------------------------- */

static enum rcs_cli_end needs_owner(struct rcs_cli *cli)
{
    if (cli->fix->owner >= 0) {
        return RCS_CLI_DONE;
    }
    rcs_buf_text(&cli->out,
                 ">>> No single clear owner for the slot, selecting an owner by # of keys...\n");
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end leave_most(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->owner < 0) {
        rcs_buf_text(&cli->out, "[ERR] Can't select a slot owner. Impossible to fix.\n");
        return RCS_CLI_OVER;
    }
    rcs_cli_print_peer(cli, "*** Configuring ", (unsigned)fix->owner, " as the slot owner\n");
    fix->one = fix->owner;
    fix->claimed = true;
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end owner_made(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    rcs_cli_list_remove(&fix->migrating, (unsigned)fix->owner);
    rcs_cli_list_remove(&fix->importing, (unsigned)fix->owner);
    return RCS_CLI_NEXT;
}

/* Before 7.0 the epoch was raised once more. */
static bool wants_bump(const struct rcs_cli *cli, unsigned i)
{
    return rcs_cli_wants_one(cli, i) && !rcs_cli_since(cli, RCS_REDIS_7_0);
}

static void ask_bump(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_text(&cli->request, "CLUSTER BUMPEPOCH");
}

static const struct rcs_cli_phase owner_phases[] = {
    { .leave = needs_owner },
    { .enter = rcs_cli_enter_most,
      .wants = rcs_cli_wants_most,
      .questions = 1,
      .ask = rcs_cli_ask_count,
      .take = rcs_cli_take_most,
      .leave = leave_most },
    { .wants = rcs_cli_wants_one,
      .questions = 1,
      .ask = rcs_cli_ask_stable,
      .take = rcs_cli_take_ok },
    { .call = rcs_cli_claim_phases },
    { .wants = wants_bump,
      .questions = 1,
      .ask = ask_bump,
      .take = rcs_cli_take_ok,
      .leave = owner_made },
    { .enter = NULL },
};

/* The other owners become importing nodes, so that what follows has to know of one owner only. */
static bool wants_other_owner(const struct rcs_cli *cli, unsigned i)
{
    const struct rcs_cli_fix *fix = cli->fix;
    return fix->owners.count > 1 && (int)i != fix->owner && rcs_cli_list_has(&fix->owners, i);
}

static void ask_other_owner(struct rcs_cli *cli, unsigned i, unsigned question)
{
    if (question < RCS_CLI_DELETIONS) {
        rcs_cli_ask_deletion(cli, i, question);
        return;
    }
    rcs_slot_words_remove(&cli->peers[i].info.slots, cli->fix->slot);
    rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u %s %s", cli->fix->slot,
                   question == RCS_CLI_DELETIONS ? "node" : "importing",
                   cli->peers[cli->fix->owner].info.id);
}

static bool take_other_owner(struct rcs_cli *cli, unsigned i, unsigned question,
                             const struct rcs_reply *reply)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (question < RCS_CLI_DELETIONS) {
        return rcs_cli_take_deletion(cli, i, question, reply);
    }
    if (!rcs_cli_take_ok(cli, i, question, reply)) {
        return false;
    }
    if (question > RCS_CLI_DELETIONS) {
        rcs_cli_list_remove(&fix->importing, i);
        rcs_cli_list_add(&fix->importing, i);
        rcs_cli_list_remove(&fix->migrating, i);
    }
    return true;
}

/* --- case 1: from one node to another --------------------------------------------------------- */

static enum rcs_cli_end is_case1(struct rcs_cli *cli)
{
    const struct rcs_cli_fix *fix = cli->fix;
    if (fix->migrating.count != 1 || fix->importing.count != 1) {
        return RCS_CLI_DONE;
    }
    unsigned source = fix->migrating.peers[0], target = fix->importing.peers[0];
    rcs_buf_format(&cli->out, ">>> Case 1: Moving slot %u from ", fix->slot);
    rcs_cli_print_peer(cli, "", source, " to ");
    rcs_cli_print_peer(cli, "", target, "\n");
    rcs_cli_move_begin(cli, source, target, fix->slot, RCS_CLI_MOVE_DOTS | RCS_CLI_MOVE_UPDATES);
    return RCS_CLI_NEXT;
}

static const struct rcs_cli_phase case1_phases[] = {
    { .leave = is_case1 },
    { .call = rcs_cli_move_phases },
    { .enter = NULL },
};

/* --- case 2: some import it, nobody gives it -------------------------------------------------- */

static enum rcs_cli_end is_case2(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->migrating.count > 0 || fix->importing.count == 0) {
        return RCS_CLI_DONE;
    }
    rcs_buf_format(&cli->out, ">>> Case 2: Moving all the %u slot keys to its owner ", fix->slot);
    rcs_cli_print_peer(cli, "", (unsigned)fix->owner, "\n");
    fix->listed = 0;
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end next_importing(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    while (fix->listed < fix->importing.count) {
        fix->one = (int)fix->importing.peers[fix->listed++];
        if (fix->one != fix->owner) {
            rcs_cli_move_begin(cli, (unsigned)fix->one, (unsigned)fix->owner, fix->slot,
                               RCS_CLI_MOVE_DOTS | RCS_CLI_MOVE_COLD);
            return RCS_CLI_NEXT;
        }
    }
    return RCS_CLI_DONE;
}

static void enter_stable(struct rcs_cli *cli)
{
    rcs_buf_format(&cli->out, ">>> Setting %u as STABLE in ", cli->fix->slot);
    rcs_cli_print_peer(cli, "", (unsigned)cli->fix->one, "\n");
}

static const struct rcs_cli_phase gather_phases[] = {
    { .leave = next_importing },
    { .call = rcs_cli_move_phases },
    { .enter = enter_stable,
      .wants = rcs_cli_wants_one,
      .questions = 1,
      .ask = rcs_cli_ask_stable,
      .take = rcs_cli_take_ok,
      .leave = rcs_cli_again },
    { .enter = NULL },
};

static bool wants_all_but_owner(const struct rcs_cli *cli, unsigned i)
{
    return rcs_cli_is_master(cli, i) && (int)i != cli->fix->owner;
}

static void ask_node(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u NODE %s", cli->fix->slot,
                   cli->peers[cli->fix->owner].info.id);
}

static const struct rcs_cli_phase case2_phases[] = {
    { .leave = is_case2 },
    { .call = gather_phases },
    { .wants = wants_all_but_owner, .questions = 1, .ask = ask_node, .take = rcs_cli_take_ok },
    { .enter = NULL },
};

/* --- case 3: one gives it, several import it -------------------------------------------------- */

static enum rcs_cli_end unhandled(struct rcs_cli *cli)
{
    const struct rcs_cli_fix *fix = cli->fix;
    rcs_buf_format(&cli->out,
                   "[ERR] Sorry, redis-cli can't fix this slot yet (work in progress). Slot is set "
                   "as migrating in %.*s, as importing in %.*s, owner is ",
                   (int)fix->migrating_text.size_bytes, fix->migrating_text.data,
                   (int)fix->importing_text.size_bytes, fix->importing_text.data);
    rcs_cli_print_peer(cli, "", (unsigned)fix->owner, "\n");
    return RCS_CLI_OVER;
}

static enum rcs_cli_end is_case3(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->migrating.count != 1 || fix->importing.count < 2) {
        return RCS_CLI_DONE;
    }
    fix->listed = 0;
    fix->count = 0;
    return RCS_CLI_NEXT;
}

/* One that has keys is enough to know. */
static enum rcs_cli_end next_counted(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->listed == fix->importing.count || fix->count > 0) {
        return RCS_CLI_DONE;
    }
    fix->one = (int)fix->importing.peers[fix->listed++];
    return RCS_CLI_NEXT;
}

static bool take_count(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    cli->fix->count = rcs_cli_take_ok(cli, i, question, reply) ? reply->integer : -1;
    return true;
}

static const struct rcs_cli_phase count_phases[] = {
    { .leave = next_counted },
    { .wants = rcs_cli_wants_one,
      .questions = 1,
      .ask = rcs_cli_ask_count,
      .take = take_count,
      .leave = rcs_cli_again },
    { .enter = NULL },
};

/* Which of the importing nodes the one that gives it means; -1 none. */
static int meant(const struct rcs_cli *cli)
{
    const struct rcs_cli_fix *fix = cli->fix;
    const char *text = cli->peers[fix->migrating.peers[0]].nodes_text;
    char id[RCS_ID_LEN + 1];
    int peer =
        text != NULL && rcs_cli_migrates_to(text, fix->slot, id) ? rcs_cli_find_id(cli, id) : -1;
    return peer >= 0 && rcs_cli_list_has(&fix->importing, (unsigned)peer) ? peer : -1;
}

static enum rcs_cli_end leave_counts(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    unsigned source = fix->migrating.peers[0];
    if (fix->count > 0) {
        return unhandled(cli);
    }
    int target = meant(cli);
    fix->listed = 0;
    if (target < 0) {
        rcs_buf_format(&cli->out,
                       ">>> Case 3: Closing slot %u on both migrating and importing nodes.\n",
                       fix->slot);
        fix->one = (int)source;
        return RCS_CLI_NEXT;
    }
    rcs_buf_format(&cli->out, ">>> Case 3: Moving slot %u from ", fix->slot);
    rcs_cli_print_peer(cli, "", source, " to ");
    rcs_cli_print_peer(cli, "", (unsigned)target,
                       " and closing it on all the other importing nodes.\n");
    rcs_cli_move_begin(cli, source, (unsigned)target, fix->slot, RCS_CLI_MOVE_DOTS);
    rcs_cli_list_remove(&fix->importing, (unsigned)target); /* it is not to be closed */
    fix->one = -1;
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end moves(struct rcs_cli *cli)
{
    return cli->fix->one < 0 ? RCS_CLI_NEXT : RCS_CLI_DONE;
}

static const struct rcs_cli_phase meant_phases[] = {
    { .leave = moves },
    { .call = rcs_cli_move_phases },
    { .enter = NULL },
};

static enum rcs_cli_end next_closed(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->listed == fix->importing.count) {
        return RCS_CLI_DONE;
    }
    fix->one = (int)fix->importing.peers[fix->listed++];
    return RCS_CLI_NEXT;
}

static const struct rcs_cli_phase close_phases[] = {
    { .leave = next_closed },
    { .wants = rcs_cli_wants_one,
      .questions = 1,
      .ask = rcs_cli_ask_stable,
      .take = rcs_cli_take_ok,
      .leave = rcs_cli_again },
    { .enter = NULL },
};

static const struct rcs_cli_phase case3_phases[] = {
    { .leave = is_case3 },
    { .call = count_phases, .leave = leave_counts },
    { .call = meant_phases },
    { .wants = rcs_cli_wants_one, /* the source, if nothing was moved */
      .questions = 1,
      .ask = rcs_cli_ask_stable,
      .take = rcs_cli_take_ok },
    { .call = close_phases },
    { .enter = NULL },
};

/* --- case 4: one gives it, nobody takes it ---------------------------------------------------- */

static enum rcs_cli_end is_case4(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->handled) {
        return RCS_CLI_DONE;
    }
    if (fix->importing.count > 0 || fix->migrating.count != 1) {
        return unhandled(cli);
    }
    fix->one = (int)fix->migrating.peers[0];
    fix->count = 0;
    return RCS_CLI_NEXT;
}

static bool wants_not_owner(const struct rcs_cli *cli, unsigned i)
{
    return rcs_cli_wants_one(cli, i) && (int)i != cli->fix->owner;
}

static void ask_keys(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER GETKEYSINSLOT %u 10", cli->fix->slot);
}

static bool take_keys(struct rcs_cli *cli, unsigned i, unsigned question,
                      const struct rcs_reply *reply)
{
    bool good = rcs_cli_take_ok(cli, i, question, reply);
    cli->fix->count = good ? (int64_t)reply->elements : 0;
    return good;
}

static enum rcs_cli_end leave_keys(struct rcs_cli *cli)
{
    if (cli->fix->count > 0) {
        return unhandled(cli);
    }
    rcs_buf_format(&cli->out, ">>> Case 4: Closing slot %u on ", cli->fix->slot);
    rcs_cli_print_peer(cli, "", (unsigned)cli->fix->one, "\n");
    return RCS_CLI_NEXT;
}

static const struct rcs_cli_phase case4_phases[] = {
    { .leave = is_case4 },
    { .wants = wants_not_owner,
      .questions = 1,
      .ask = ask_keys,
      .take = take_keys,
      .leave = leave_keys },
    { .wants = rcs_cli_wants_one,
      .questions = 1,
      .ask = rcs_cli_ask_stable,
      .take = rcs_cli_take_ok },
    { .enter = NULL },
};

/* ---------------------------------------------------------------------------------------------- */

/* The lists change on the way: whether one of the first three cases it is, is seen before. */
static enum rcs_cli_end leave_others(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    fix->handled = fix->importing.count > 0 && fix->migrating.count <= 1;
    return RCS_CLI_NEXT;
}

const struct rcs_cli_phase rcs_cli_fix_open_phases[] = {
    { .leave = next_open },
    { .wants = rcs_cli_is_master,
      .questions = 1,
      .ask = ask_owner,
      .take = take_owner,
      .leave = leave_owners },
    { .wants = rcs_cli_is_master,
      .questions = 1,
      .ask = ask_state,
      .take = take_state,
      .leave = leave_states },
    { .call = owner_phases },
    { .wants = wants_other_owner,
      .questions = RCS_CLI_DELETIONS + 2,
      .ask = ask_other_owner,
      .take = take_other_owner,
      .leave = leave_others },
    { .call = case1_phases },
    { .call = case2_phases },
    { .call = case3_phases },
    { .call = case4_phases, .leave = rcs_cli_again },
    { .enter = NULL },
};
