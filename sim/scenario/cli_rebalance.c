/* redis-cli --cluster rebalance (redis-cli 7.0 clusterManagerCommandRebalance). */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_float.h"
#include "sim/scenario/cli_move.h"
#include "sim/scenario/cli_reshard.h"

#include "sim/pure.h"

#define THRESHOLD "2"

/* --- weights ---------------------------------------------------------------------------------- */

/* What was typed; the node's id may be cut short. */
static bool read_weights(struct rcs_cli *cli, struct rcs_float *weights)
{
    for (unsigned i = 0; i < cli->count; i++) {
        weights[i] = rcs_float_of(1);
    }
    for (unsigned i = 0; i < cli->order.word_count; i++) {
        const char *word = cli->order.words[i], *sign = strchr(word, '=');
        RCS_ASSERT(sign != NULL); /* the parser saw it */
        int peer = rcs_cli_find(cli, word, (size_t)(sign - word));
        if (peer < 0) {
            rcs_buf_format(&cli->out, "*** No such master node %.*s\n", (int)(sign - word), word);
            return false;
        }
        weights[peer] = rcs_float_read(sign + 1);
    }
    return true;
}

/* Masters, and unless told otherwise only those that have slots; in cli->sources. */
static void find_involved(struct rcs_cli *cli)
{
    cli->sources = calloc(cli->count, sizeof(cli->sources[0]));
    RCS_ASSERT(cli->sources != NULL);
    for (unsigned i = 0; i < cli->count; i++) {
        const struct rcs_cli_peer *peer = &cli->peers[i];
        bool empty = peer->slot_count == 0 && !(cli->order.flags & RCS_CLI_EMPTY_MASTERS);
        if (rcs_cli_is_master(cli, i) && peer->info.master[0] == '\0' && !empty) {
            cli->sources[cli->source_count++] = i;
        }
    }
}

static enum rcs_cli_end take_weights(struct rcs_cli *cli)
{
    struct rcs_float *weights = calloc(cli->count, sizeof(weights[0]));
    struct rcs_float total = { 0, 0 };
    RCS_ASSERT(weights != NULL);
    bool good = read_weights(cli, weights);
    if (good) {
        find_involved(cli);
    }
    for (unsigned i = 0; i < cli->source_count; i++) {
        total = rcs_float_add(total, weights[cli->sources[i]]);
    }
    cli->weight = total;
    for (unsigned i = 0; i < cli->source_count; i++) {
        struct rcs_cli_peer *peer = &cli->peers[cli->sources[i]];
        /* Of no weight at all nothing is expected (redis-cli divides by 0). */
        peer->expected = 0;
        if (total.mantissa > 0) {
            struct rcs_float share = rcs_float_divide(rcs_float_of(RCS_SLOTS), total);
            peer->expected =
                (int)rcs_float_floor(rcs_float_multiply(share, weights[cli->sources[i]]));
        }
    }
    free(weights);
    return good ? RCS_CLI_NEXT : RCS_CLI_OVER;
}

/* --- who has too many, who too few ------------------------------------------------------------ */

/* Is the expected number of slots further from the real one than the threshold, in per cent of the
 * real one? */
static bool is_over(const struct rcs_cli_peer *peer, const char *threshold)
{
    if (rcs_float_read(threshold).mantissa == 0) {
        return false;
    }
    if (peer->slot_count == 0) {
        return peer->expected > 1;
    }
    struct rcs_float apart =
        rcs_float_of((uint64_t)llabs((long long)peer->slot_count - peer->expected) * 100);
    return rcs_float_more(rcs_float_divide(apart, rcs_float_of(peer->slot_count)),
                          rcs_float_read(threshold));
}

/* Rounding may leave slots that nobody is to take: those who take, or have enough, take one more
 * each. */
static void even_out(struct rcs_cli *cli)
{
    int64_t left = 0;
    for (unsigned i = 0; i < cli->source_count; i++) {
        struct rcs_cli_peer *peer = &cli->peers[cli->sources[i]];
        peer->balance = (int)peer->slot_count - peer->expected;
        left += peer->balance;
    }
    while (left > 0) {
        int64_t before = left;
        for (unsigned i = 0; i < cli->source_count; i++) {
            struct rcs_cli_peer *peer = &cli->peers[cli->sources[i]];
            if (peer->balance <= 0 && left > 0) {
                peer->balance--;
                left--;
            }
        }
        if (left == before) { /* redis-cli would go on for ever */
            break;
        }
    }
}

/* Those who take first; ties stay as they are. */
static void sort_by_balance(struct rcs_cli *cli)
{
    for (unsigned i = 1; i < cli->source_count; i++) {
        unsigned one = cli->sources[i], at = i;
        int balance = cli->peers[one].balance;
        for (; at > 0 && cli->peers[cli->sources[at - 1]].balance > balance; at--) {
            cli->sources[at] = cli->sources[at - 1];
        }
        cli->sources[at] = one;
    }
}

static void print_hundredths(struct rcs_cli *cli, struct rcs_float value)
{
    long long hundredths = (long long)rcs_float_hundredths(value);
    rcs_buf_format(&cli->out, "%lld.%02lld", hundredths / 100, hundredths % 100);
}

static enum rcs_cli_end weigh(struct rcs_cli *cli)
{
    const char *threshold = cli->order.percent == NULL ? THRESHOLD : cli->order.percent;
    if (cli->called_failed) {
        rcs_buf_text(&cli->out, "*** Please fix your cluster problems before rebalancing\n");
        return RCS_CLI_OVER;
    }
    bool over = false;
    for (unsigned i = 0; i < cli->source_count; i++) {
        over |= is_over(&cli->peers[cli->sources[i]], threshold);
    }
    if (!over) {
        rcs_buf_text(&cli->out, "*** No rebalancing needed! All nodes are within the ");
        print_hundredths(cli, rcs_float_read(threshold));
        rcs_buf_text(&cli->out, "% threshold.\n");
        return RCS_CLI_DONE;
    }
    even_out(cli);
    sort_by_balance(cli);
    rcs_buf_format(&cli->out,
                   ">>> Rebalancing across %u nodes. Total weight = ", cli->source_count);
    print_hundredths(cli, cli->weight);
    rcs_buf_text(&cli->out, "\n");
    cli->taker = 0;
    cli->giver = cli->source_count - 1;
    return RCS_CLI_NEXT;
}

/* --- moving ----------------------------------------------------------------------------------- */

static void settle_pair(struct rcs_cli *cli, int slots)
{
    struct rcs_cli_peer *taker = &cli->peers[cli->sources[cli->taker]];
    struct rcs_cli_peer *giver = &cli->peers[cli->sources[cli->giver]];
    taker->balance += slots;
    giver->balance -= slots;
    cli->taker += taker->balance == 0;
    cli->giver -= giver->balance == 0;
}

/* The next two between whom slots are to move. */
static enum rcs_cli_end next_pair(struct rcs_cli *cli)
{
    while (cli->taker < cli->giver) {
        unsigned source = cli->sources[cli->giver], target = cli->sources[cli->taker];
        int wants = abs(cli->peers[target].balance), spare = abs(cli->peers[source].balance);
        int slots = wants < spare ? wants : spare;
        if (slots == 0) {
            settle_pair(cli, 0);
            continue;
        }
        const struct rcs_cli_node *from = &cli->peers[source].info, *to = &cli->peers[target].info;
        rcs_buf_format(&cli->out, "Moving %d slots from %s:%d to %s:%d\n", slots, from->ip,
                       from->port, to->ip, to->port);
        rcs_cli_table_make(cli, &source, 1, slots);
        if ((int)cli->table_count != slots) {
            rcs_buf_text(&cli->out, "*** Assertion failed: Reshard table != number of slots");
            return RCS_CLI_OVER;
        }
        return RCS_CLI_NEXT;
    }
    return RCS_CLI_DONE;
}

static enum rcs_cli_end next_slot(struct rcs_cli *cli)
{
    if (cli->order.flags & RCS_CLI_SIMULATE) {
        for (; cli->table_at < cli->table_count; cli->table_at++) {
            rcs_buf_text(&cli->out, "#");
        }
    }
    if (cli->table_at == cli->table_count) {
        rcs_buf_text(&cli->out, "\n");
        return RCS_CLI_DONE;
    }
    const struct rcs_cli_item *item = &cli->table[cli->table_at++];
    rcs_cli_move_begin(cli, item->source, cli->sources[cli->taker], item->slot,
                       RCS_CLI_MOVE_QUIET | RCS_CLI_MOVE_UPDATES |
                           (rcs_cli_since(cli, RCS_REDIS_7_0) ? RCS_CLI_MOVE_TELLS : 0u));
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end slot_moved(struct rcs_cli *cli)
{
    if (cli->called_failed && !rcs_cli_since(cli, RCS_REDIS_7_0)) {
        return RCS_CLI_OVER;
    }
    if (cli->called_failed) {
        const struct rcs_buf *error = &cli->move.error;
        bool any = error->size_bytes > 0; /* printf says so of none */
        rcs_buf_format(&cli->out, "*** clusterManagerMoveSlot: %.*s\n",
                       any ? (int)error->size_bytes : (int)strlen("(null)"),
                       any ? error->data : "(null)");
        return RCS_CLI_OVER;
    }
    rcs_buf_text(&cli->out, "#");
    return RCS_CLI_REPEAT;
}

static const struct rcs_cli_phase slots_phases[] = {
    { .leave = next_slot },
    { .call = rcs_cli_move_phases, .bears = true, .leave = slot_moved },
    { .enter = NULL },
};

static enum rcs_cli_end pair_done(struct rcs_cli *cli)
{
    settle_pair(cli, (int)cli->table_count);
    return RCS_CLI_REPEAT;
}

static const struct rcs_cli_phase pairs_phases[] = {
    { .leave = next_pair },
    { .call = slots_phases, .leave = pair_done },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_rebalance_phases[] = {
    { .call = rcs_cli_load_phases, .leave = take_weights },
    { .call = rcs_cli_check_quietly_phases, .bears = true, .leave = weigh },
    { .call = pairs_phases },
    { .enter = NULL },
};
