/* redis-cli --cluster reshard (redis-cli 7.0 clusterManagerCommandReshard). */
#include "sim/scenario/cli_reshard.h"

#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_float.h"
#include "sim/scenario/cli_move.h"

#include "sim/pure.h"

/* --- which slots ------------------------------------------------------------------------------ */

/* Peers by how many slots they have, most first; ties stay as they are. */
static void sort_by_slots(const struct rcs_cli *cli, unsigned *peers, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        unsigned one = peers[i], at = i;
        for (; at > 0 && cli->peers[peers[at - 1]].slot_count < cli->peers[one].slot_count; at--) {
            peers[at] = peers[at - 1];
        }
        peers[at] = one;
    }
}

static unsigned add_slots(struct rcs_cli *cli, unsigned peer, int64_t most, int64_t total)
{
    unsigned added = 0;
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        if (!rcs_slot_words_has(&cli->peers[peer].info.slots, slot)) {
            continue;
        }
        if (added >= most || cli->table_count >= total) {
            break;
        }
        cli->table[cli->table_count++] = (struct rcs_cli_item){ peer, slot };
        added++;
    }
    return added;
}

void rcs_cli_table_make(struct rcs_cli *cli, const unsigned *sources, unsigned count, int64_t slots)
{
    unsigned *sorted = calloc(count + 1, sizeof(sorted[0]));
    int64_t owned = 0;
    cli->table = realloc(cli->table, RCS_SLOTS * sizeof(cli->table[0]));
    RCS_ASSERT(sorted != NULL && cli->table != NULL);
    cli->table_count = cli->table_at = 0;
    for (unsigned i = 0; i < count; i++) {
        sorted[i] = sources[i];
        owned += cli->peers[sources[i]].slot_count;
    }
    sort_by_slots(cli, sorted, count);
    for (unsigned i = 0; i < count && owned > 0; i++) {
        struct rcs_float share =
            rcs_float_divide(rcs_float_of((uint64_t)slots), rcs_float_of((uint64_t)owned));
        share = rcs_float_multiply(share, rcs_float_of(cli->peers[sorted[i]].slot_count));
        int64_t most = i == 0 ? rcs_float_ceil(share) : rcs_float_floor(share);
        int64_t room = RCS_SLOTS; /* of the table: nobody owns more */
        add_slots(cli, sorted[i], most, slots < room ? slots : room);
    }
    free(sorted);
}

/* --- who gives, who takes --------------------------------------------------------------------- */

/* The master of that id; `target` >= 0: not this one. -1 with *known: it is left out, else an
 * error. */
static int find_master(struct rcs_cli *cli, const char *id, int target, bool *known)
{
    int peer = rcs_cli_find_id(cli, id);
    *known = peer >= 0 && !cli->peers[peer].info.replica;
    if (!*known) {
        rcs_buf_format(&cli->out,
                       "*** The specified node (%s) is not known or not a master, please retry.\n",
                       id);
        return -1;
    }
    if (peer == target) {
        rcs_buf_text(&cli->out, "*** It is not possible to use the target node as source node.\n");
        return -1;
    }
    return peer;
}

static void all_but(struct rcs_cli *cli, unsigned target)
{
    cli->source_count = 0;
    for (unsigned i = 0; i < cli->count; i++) {
        if (rcs_cli_is_master(cli, i) && i != target) {
            cli->sources[cli->source_count++] = i;
        }
    }
}

/* Ids with commas between; `all` among them stands for all. */
static bool find_sources(struct rcs_cli *cli, unsigned target)
{
    size_t words = 1;
    for (const char *c = cli->order.from; *c != '\0'; c++) {
        words += *c == ',';
    }
    cli->sources = calloc(words + cli->count, sizeof(cli->sources[0]));
    char *id = malloc(strlen(cli->order.from) + 1);
    RCS_ASSERT(cli->sources != NULL && id != NULL);
    bool good = true;
    for (const char *at = cli->order.from; *at != '\0' && good;) {
        size_t len = strcspn(at, ",");
        memcpy(id, at, len);
        id[len] = '\0';
        at += len + (at[len] == ',');
        if (strcmp(id, "all") == 0) {
            all_but(cli, target);
            break;
        }
        bool known;
        int source = find_master(cli, id, (int)target, &known);
        good = known;
        if (source >= 0) {
            cli->sources[cli->source_count++] = (unsigned)source;
        }
    }
    free(id);
    return good;
}

static void print_indented(struct rcs_cli *cli, unsigned peer)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_cli_node_print(&text, &cli->peers[peer].info, false, cli->peers[peer].replicas);
    for (size_t at = 0; at < text.size_bytes;) {
        const char *end = memchr(text.data + at, '\n', text.size_bytes - at);
        size_t len = (size_t)(end - (text.data + at)) + 1;
        rcs_buf_format(&cli->out, "    %.*s", (int)len, text.data + at);
        at += len;
    }
    rcs_buf_close(&text);
}

static void print_plan(struct rcs_cli *cli, unsigned target)
{
    rcs_buf_format(&cli->out, "\nReady to move %lld slots.\n  Source nodes:\n",
                   (long long)cli->order.slots);
    for (unsigned i = 0; i < cli->source_count; i++) {
        print_indented(cli, cli->sources[i]);
    }
    rcs_buf_text(&cli->out, "  Destination node:\n");
    print_indented(cli, target);
    rcs_buf_text(&cli->out, "  Resharding plan:\n");
    for (unsigned i = 0; i < cli->table_count; i++) {
        rcs_buf_format(&cli->out, "    Moving slot %u from %s\n", cli->table[i].slot,
                       cli->peers[cli->table[i].source].info.id);
    }
    if (!(cli->order.flags & RCS_CLI_YES)) {
        rcs_buf_text(&cli->out,
                     "Do you want to proceed with the proposed reshard plan (yes/no)? yes\n");
    }
}

static enum rcs_cli_end plan(struct rcs_cli *cli)
{
    if (cli->called_failed) {
        rcs_buf_text(&cli->out, "*** Please fix your cluster problems before resharding\n");
        return RCS_CLI_OVER;
    }
    bool known;
    cli->chosen = find_master(cli, cli->order.id, -1, &known);
    if (cli->chosen < 0 || !find_sources(cli, (unsigned)cli->chosen)) {
        return RCS_CLI_OVER;
    }
    if (cli->source_count == 0) {
        rcs_buf_text(&cli->out, "*** No source nodes given, operation aborted.\n");
        return RCS_CLI_OVER;
    }
    rcs_cli_table_make(cli, cli->sources, cli->source_count, cli->order.slots);
    print_plan(cli, (unsigned)cli->chosen);
    return RCS_CLI_NEXT;
}

/* --- slot by slot ----------------------------------------------------------------------------- */

static enum rcs_cli_end next_slot(struct rcs_cli *cli)
{
    if (cli->table_at == cli->table_count) {
        return RCS_CLI_DONE;
    }
    const struct rcs_cli_item *item = &cli->table[cli->table_at++];
    rcs_cli_move_begin(cli, item->source, (unsigned)cli->chosen, item->slot,
                       RCS_CLI_MOVE_DOTS | RCS_CLI_MOVE_TELLS);
    return RCS_CLI_NEXT;
}

static enum rcs_cli_end slot_moved(struct rcs_cli *cli)
{
    if (!cli->called_failed) {
        return RCS_CLI_REPEAT;
    }
    const struct rcs_buf *error = &cli->move.error;
    if (error->size_bytes > 0 && rcs_cli_since(cli, RCS_REDIS_7_0)) {
        rcs_buf_format(&cli->out, "clusterManagerMoveSlot failed: %.*s\n", (int)error->size_bytes,
                       error->data);
    }
    return RCS_CLI_OVER;
}

static const struct rcs_cli_phase slots_phases[] = {
    { .leave = next_slot },
    { .call = rcs_cli_move_phases, .bears = true, .leave = slot_moved },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_reshard_phases[] = {
    { .call = rcs_cli_load_phases },
    { .call = rcs_cli_check_cluster_phases, .bears = true, .leave = plan },
    { .call = slots_phases },
    { .enter = NULL },
};
