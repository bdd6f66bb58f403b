/* Slots that nobody owns (redis-cli 7.0 clusterManagerFixSlotsCoverage). */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_dict.h"
#include "sim/scenario/cli_fix.h"
#include "sim/scenario/cli_move.h"
#include "sim/world/world.h"

#include "sim/pure.h"

static bool is_gap(const struct rcs_cli *cli, unsigned slot)
{
    return !rcs_slot_words_has(&cli->covered, slot);
}

static enum rcs_cli_end begin(struct rcs_cli *cli)
{
    bool all = rcs_slot_words_count(&cli->covered) == RCS_SLOTS;
    if (cli->order.command != RCS_CLI_FIX || all) {
        return RCS_CLI_DONE;
    }
    if (rcs_cli_fix_refused(cli, "slots coverage")) {
        return RCS_CLI_OVER;
    }
    rcs_buf_text(&cli->out, ">>> Fixing slots coverage...\n");
    struct rcs_cli_fix *fix = rcs_cli_fix(cli);
    fix->at = 0;
    fix->gaps = calloc(RCS_SLOTS, sizeof(fix->gaps[0]));
    fix->work = calloc(RCS_SLOTS, sizeof(fix->work[0]));
    RCS_ASSERT(fix->gaps != NULL && fix->work != NULL);
    return RCS_CLI_NEXT;
}

/* --- who holds keys of it? -------------------------------------------------------------------- */

static enum rcs_cli_end next_gap(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    while (fix->at < RCS_SLOTS && !is_gap(cli, fix->at)) {
        fix->at++;
    }
    if (fix->at == RCS_SLOTS) {
        return RCS_CLI_DONE;
    }
    fix->gaps[fix->gap_count++] = (struct rcs_cli_gap){ .slot = fix->at++ };
    return RCS_CLI_NEXT;
}

static void ask_key(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER GETKEYSINSLOT %u 1",
                   cli->fix->gaps[cli->fix->gap_count - 1].slot);
}

static bool take_key(struct rcs_cli *cli, unsigned i, unsigned question,
                     const struct rcs_reply *reply)
{
    if (!rcs_cli_take_ok(cli, i, question, reply)) {
        return false;
    }
    if (reply->elements > 0) {
        rcs_cli_list_add(&cli->fix->gaps[cli->fix->gap_count - 1].holders, i);
    }
    return true;
}

static const struct rcs_cli_phase gaps_phases[] = {
    { .leave = next_gap },
    { .wants = rcs_cli_is_master,
      .questions = 1,
      .ask = ask_key,
      .take = take_key,
      .leave = rcs_cli_again },
    { .enter = NULL },
};

/* --- the work, in three parts ----------------------------------------------------------------- */

/* Nobody holds keys, one does, several do. */
static unsigned part_of(const struct rcs_cli_gap *gap)
{
    return gap->holders.count < 2 ? gap->holders.count : 2;
}

/* Part by part, within each as the dict has them. */
static enum rcs_cli_end sort_work(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    unsigned *slots = calloc(2 * (size_t)fix->gap_count, sizeof(slots[0])), count = 0;
    unsigned *order = slots + fix->gap_count;
    RCS_ASSERT(slots != NULL);
    for (unsigned i = 0; i < fix->gap_count; i++) {
        slots[i] = fix->gaps[i].slot;
    }
    rcs_cli_dict_order(slots, fix->gap_count, order);
    struct rcs_cli_gap **by_slot = calloc(RCS_SLOTS, sizeof(by_slot[0]));
    RCS_ASSERT(by_slot != NULL);
    for (unsigned i = 0; i < fix->gap_count; i++) {
        by_slot[fix->gaps[i].slot] = &fix->gaps[i];
    }
    for (unsigned part = 0; part < 3; part++) {
        for (unsigned i = 0; i < fix->gap_count; i++) {
            struct rcs_cli_gap *gap = by_slot[order[i]];
            if (part_of(gap) == part) {
                fix->work[count++] = gap;
            }
        }
    }
    free(by_slot);
    free(slots);
    fix->at = 0;
    return RCS_CLI_NEXT;
}

static void announce(struct rcs_cli *cli, unsigned part)
{
    static const struct {
        const char *found, *question;
    } parts[] = {
        { "The following uncovered slots have no keys across the cluster:",
          "Fix these slots by covering with a random node?" },
        { "The following uncovered slots have keys in just one node:",
          "Fix these slots by covering with those nodes?" },
        { "The following uncovered slots have keys in multiple nodes:",
          "Fix these slots by moving keys into a single node?" },
    };
    struct rcs_slot_words slots = { { 0 } };
    for (unsigned i = 0; i < cli->fix->gap_count; i++) {
        if (part_of(&cli->fix->gaps[i]) == part) {
            rcs_slot_words_add(&slots, cli->fix->gaps[i].slot);
        }
    }
    rcs_buf_format(&cli->out, "%s\n", parts[part].found);
    rcs_cli_slots_print(&cli->out, &slots);
    rcs_buf_format(&cli->out, "\n%s (type 'yes' to accept): yes\n", parts[part].question);
}

/* redis-cli starts its generator anew with the second each time it draws, so that all slots of a
 * second go to the same node. */
static int random_master(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    rcs_us second_us = rcs_sim_now(cli->sim) / RCS_S(1) * RCS_S(1);
    unsigned masters = 0;
    if (fix->drawn_us == second_us) {
        return fix->drawn;
    }
    for (unsigned i = 0; i < cli->count; i++) {
        masters += rcs_cli_is_master(cli, i);
    }
    RCS_ASSERT(masters > 0);
    unsigned left = (unsigned)rcs_rand_below(rcs_sim_cli_rand(cli->sim), masters);
    for (unsigned i = 0; i < cli->count; i++) {
        if (rcs_cli_is_master(cli, i) && left-- == 0) {
            fix->drawn = (int)i;
        }
    }
    fix->drawn_us = second_us;
    return fix->drawn;
}

static enum rcs_cli_end next_work(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (fix->at == fix->gap_count) {
        return RCS_CLI_DONE;
    }
    const struct rcs_cli_gap *gap = fix->work[fix->at];
    unsigned part = part_of(gap);
    if (fix->at == 0 || part_of(fix->work[fix->at - 1]) != part) {
        announce(cli, part);
    }
    fix->at++;
    fix->slot = gap->slot;
    fix->claimed = true;
    fix->clear = part == 2;
    fix->owner = part == 0 ? random_master(cli) : part == 1 ? (int)gap->holders.peers[0] : -1;
    return RCS_CLI_NEXT;
}

static const struct rcs_cli_gap *gap_at_hand(const struct rcs_cli *cli)
{
    return cli->fix->work[cli->fix->at - 1];
}

/* --- several hold keys of it ------------------------------------------------------------------ */

static enum rcs_cli_end has_several(struct rcs_cli *cli)
{
    return part_of(gap_at_hand(cli)) == 2 ? RCS_CLI_NEXT : RCS_CLI_DONE;
}

static bool wants_holder(const struct rcs_cli *cli, unsigned i)
{
    return rcs_cli_wants_most(cli, i) && rcs_cli_list_has(&gap_at_hand(cli)->holders, i);
}

static enum rcs_cli_end leave_most(struct rcs_cli *cli)
{
    return cli->fix->owner < 0 ? RCS_CLI_OVER : RCS_CLI_NEXT;
}

static const struct rcs_cli_phase most_phases[] = {
    { .leave = has_several },
    { .enter = rcs_cli_enter_most,
      .wants = wants_holder,
      .questions = 1,
      .ask = rcs_cli_ask_count,
      .take = rcs_cli_take_most,
      .leave = leave_most },
    { .enter = NULL },
};

static enum rcs_cli_end next_source(struct rcs_cli *cli)
{
    struct rcs_cli_fix *fix = cli->fix;
    const struct rcs_cli_list *holders = &gap_at_hand(cli)->holders;
    while (fix->listed < holders->count) {
        fix->one = (int)holders->peers[fix->listed++];
        if (fix->one != fix->owner) {
            return RCS_CLI_NEXT;
        }
    }
    return RCS_CLI_DONE;
}

/* It is told whose the slot is, and that it imports it, lest MIGRATE be redirected. */
static void ask_hand_over(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i;
    rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u %s %s", cli->fix->slot,
                   question == 0 ? "NODE" : "IMPORTING", cli->peers[cli->fix->owner].info.id);
}

static enum rcs_cli_end leave_hand_over(struct rcs_cli *cli)
{
    rcs_cli_move_begin(cli, (unsigned)cli->fix->one, (unsigned)cli->fix->owner, cli->fix->slot,
                       RCS_CLI_MOVE_DOTS | RCS_CLI_MOVE_COLD);
    return RCS_CLI_NEXT;
}

static const struct rcs_cli_phase gather_phases[] = {
    { .leave = next_source },
    { .wants = rcs_cli_wants_one,
      .questions = 2,
      .ask = ask_hand_over,
      .take = rcs_cli_take_ok,
      .leave = leave_hand_over },
    { .call = rcs_cli_move_phases },
    { .wants = rcs_cli_wants_one,
      .questions = 1,
      .ask = rcs_cli_ask_stable,
      .take = rcs_cli_take_ok,
      .leave = rcs_cli_again },
    { .enter = NULL },
};

/* ---------------------------------------------------------------------------------------------- */

static enum rcs_cli_end owner_known(struct rcs_cli *cli)
{
    rcs_buf_format(&cli->out, ">>> Covering slot %u %s ", cli->fix->slot,
                   part_of(gap_at_hand(cli)) == 2 ? "moving keys to" : "with");
    rcs_cli_print_peer(cli, "", (unsigned)cli->fix->owner, "\n");
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end claimed(struct rcs_cli *cli)
{
    /* With fewer than two holders there is nobody to gather from. */
    cli->fix->listed = part_of(gap_at_hand(cli)) == 2 ? 0 : gap_at_hand(cli)->holders.count;
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end covered(struct rcs_cli *cli)
{
    cli->fix->fixed++;
    return RCS_CLI_REPEAT;
}

static const struct rcs_cli_phase work_phases[] = {
    { .leave = next_work },
    { .call = most_phases, .leave = owner_known },
    { .call = rcs_cli_claim_phases, .leave = claimed },
    { .call = gather_phases, .leave = covered },
    { .enter = NULL },
};

/* What was mended before something failed does not count. */
static enum rcs_cli_end leave_cover(struct rcs_cli *cli)
{
    cli->good |= cli->fix->fixed > 0;
    return RCS_CLI_DONE;
}

const struct rcs_cli_phase rcs_cli_cover_phases[] = {
    { .leave = begin },
    { .call = gaps_phases, .leave = sort_work },
    { .call = work_phases, .leave = leave_cover },
    { .enter = NULL },
};
