/* What mending has in common: lists, an owner for a slot, deleting a slot (redis-cli 7.0
 * clusterManagerSetSlotOwner and the functions beside it). */
#include "sim/scenario/cli_fix.h"

#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_move.h"

#include "sim/pure.h"

/* --- lists ------------------------------------------------------------------------------------ */

void rcs_cli_list_add(struct rcs_cli_list *list, unsigned peer)
{
    list->peers = realloc(list->peers, (list->count + 1) * sizeof(list->peers[0]));
    RCS_ASSERT(list->peers != NULL);
    list->peers[list->count++] = peer;
}

void rcs_cli_list_remove(struct rcs_cli_list *list, unsigned peer)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->peers[i] == peer) {
            list->count--;
            memmove(&list->peers[i], &list->peers[i + 1],
                    (list->count - i) * sizeof(list->peers[0]));
            return;
        }
    }
}

bool rcs_cli_list_has(const struct rcs_cli_list *list, unsigned peer)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->peers[i] == peer) {
            return true;
        }
    }
    return false;
}

/* --- the whole -------------------------------------------------------------------------------- */

struct rcs_cli_fix *rcs_cli_fix(struct rcs_cli *cli)
{
    if (cli->fix == NULL) {
        cli->fix = calloc(1, sizeof(*cli->fix));
        RCS_ASSERT(cli->fix != NULL);
        rcs_buf_init(&cli->fix->migrating_text);
        rcs_buf_init(&cli->fix->importing_text);
        rcs_buf_init(&cli->fix->refusal);
        cli->fix->drawn_us = -1;
    }
    return cli->fix;
}

void rcs_cli_fix_free(struct rcs_cli_fix *fix)
{
    if (fix == NULL) {
        return;
    }
    free(fix->owners.peers);
    free(fix->migrating.peers);
    free(fix->importing.peers);
    rcs_buf_close(&fix->migrating_text);
    rcs_buf_close(&fix->importing_text);
    rcs_buf_close(&fix->refusal);
    for (unsigned i = 0; i < fix->gap_count; i++) {
        free(fix->gaps[i].holders.peers);
    }
    free(fix->gaps);
    free(fix->work);
    free(fix);
}

bool rcs_cli_fix_refused(struct rcs_cli *cli, const char *what)
{
    if (cli->unreachable_masters == 0 || (cli->order.flags & RCS_CLI_UNREACHABLE)) {
        return false;
    }
    rcs_buf_format(
        &cli->out,
        "*** Fixing %s with %u unreachable masters is dangerous: redis-cli will assume that slots "
        "about masters that are not reachable are not covered, and will try to reassign them to "
        "the reachable nodes. This can cause data loss and is rarely what you want to do. If you "
        "really want to proceed use the --cluster-fix-with-unreachable-masters option.\n",
        what, cli->unreachable_masters);
    cli->depth = 0; /* redis-cli exits */
    return true;
}

void rcs_cli_print_peer(struct rcs_cli *cli, const char *before, unsigned peer, const char *after)
{
    const struct rcs_cli_node *node = &cli->peers[peer].info;
    rcs_buf_format(&cli->out, "%s%s:%d%s", before, node->ip, node->port, after);
}

bool rcs_cli_wants_one(const struct rcs_cli *cli, unsigned i)
{
    return (int)i == cli->fix->one;
}

void rcs_cli_ask_count(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER COUNTKEYSINSLOT %u", cli->fix->slot);
}

void rcs_cli_ask_stable(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u STABLE", cli->fix->slot);
}

/* --- who has most keys ------------------------------------------------------------------------ */

#define FAILED (-2) /* of fix->one: a node answered with an error */

void rcs_cli_enter_most(struct rcs_cli *cli)
{
    cli->fix->owner = -1;
    cli->fix->one = -1;
    cli->fix->most = 0;
}

bool rcs_cli_wants_most(const struct rcs_cli *cli, unsigned i)
{
    return cli->fix->one != FAILED && rcs_cli_is_master(cli, i);
}

bool rcs_cli_take_most(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    struct rcs_cli_fix *fix = cli->fix;
    if (!rcs_cli_take_ok(cli, i, question, reply)) {
        fix->owner = -1;
        fix->one = FAILED;
    } else if (fix->owner < 0 || reply->integer > fix->most) {
        fix->owner = (int)i;
        fix->most = reply->integer;
    }
    return true;
}

/* --- deleting a slot -------------------------------------------------------------------------- */

void rcs_cli_ask_deletion(struct rcs_cli *cli, unsigned i, unsigned question)
{
    if (question == 0) {
        rcs_buf_clear(&cli->fix->refusal);
        rcs_buf_format(&cli->request, "CLUSTER DELSLOTS %u", cli->fix->slot);
    } else if (cli->fix->refusal.size_bytes > 0) {
        rcs_cli_ask_slots(cli, i, question);
    }
}

bool rcs_cli_take_deletion(struct rcs_cli *cli, unsigned i, unsigned question,
                           const struct rcs_reply *reply)
{
    struct rcs_buf *refusal = &cli->fix->refusal;
    if (question == 0) {
        if (reply != NULL && reply->kind == RCS_REPLY_ERROR) {
            rcs_buf_add(refusal, reply->bytes, reply->size_bytes);
        }
        return reply != NULL;
    }
    bool list = reply != NULL && reply->kind == RCS_REPLY_ARRAY;
    if (list && rcs_cli_slot_owner(cli, reply, cli->fix->slot) < 0) {
        return true;
    }
    if (!list) {
        rcs_cli_print_error(cli, i, reply);
    }
    rcs_cli_print_peer(cli, "Node ", i, " replied with error:\n");
    rcs_buf_format(&cli->out, "%.*s\n", (int)refusal->size_bytes, refusal->data);
    return false;
}

/* --- an owner --------------------------------------------------------------------------------- */

static enum rcs_cli_end begin_claim(struct rcs_cli *cli)
{
    return cli->fix->claimed ? RCS_CLI_NEXT : RCS_CLI_DONE;
}

static bool wants_owner(const struct rcs_cli *cli, unsigned i)
{
    return (int)i == cli->fix->owner;
}

enum { MULTI, DELSLOTS, ADDSLOTS, STABLE, BUMPEPOCH, EXEC, CLAIM_QUESTIONS };

static void ask_claim(struct rcs_cli *cli, unsigned i, unsigned question)
{
    switch (question) {
    case MULTI:
        rcs_buf_text(&cli->request, "MULTI");
        break;
    case DELSLOTS:
        rcs_buf_format(&cli->request, "CLUSTER DELSLOTS %u", cli->fix->slot);
        break;
    case ADDSLOTS:
        rcs_buf_format(&cli->request, "CLUSTER ADDSLOTS %u", cli->fix->slot);
        break;
    case STABLE:
        if (cli->fix->clear) {
            rcs_cli_ask_stable(cli, i, question);
        }
        break;
    case BUMPEPOCH:
        rcs_buf_text(&cli->request, "CLUSTER BUMPEPOCH");
        break;
    case EXEC:
        rcs_buf_text(&cli->request, "EXEC");
        break;
    }
}

/* Of what the transaction did only ADDSLOTS, the second, may not fail. */
static bool take_exec(struct rcs_cli *cli, unsigned i, const struct rcs_reply *reply)
{
    if (!rcs_cli_take_ok(cli, i, EXEC, reply) || reply->kind != RCS_REPLY_ARRAY) {
        return false;
    }
    const struct rcs_reply *one = reply + 1;
    for (uint32_t at = 0; at < reply->elements; at++, one += one->size) {
        if (at == ADDSLOTS - DELSLOTS && !rcs_cli_take_ok(cli, i, EXEC, one)) {
            return false;
        }
    }
    return true;
}

static bool take_claim(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    if (question == EXEC) {
        return take_exec(cli, i, reply);
    }
    return rcs_cli_take_ok(cli, i, question, reply) || question != MULTI;
}

static enum rcs_cli_end leave_claim(struct rcs_cli *cli)
{
    rcs_slot_words_add(&cli->peers[cli->fix->owner].info.slots, cli->fix->slot);
    return RCS_CLI_DONE;
}

const struct rcs_cli_phase rcs_cli_claim_phases[] = {
    { .leave = begin_claim },
    { .wants = wants_owner,
      .questions = CLAIM_QUESTIONS,
      .ask = ask_claim,
      .take = take_claim,
      .leave = leave_claim },
    { .enter = NULL },
};
