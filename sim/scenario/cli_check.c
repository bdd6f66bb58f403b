/* redis-cli --cluster check and info; loading and checking are the end of create as well
 * (redis-cli 7.0 clusterManagerLoadInfoFromNode, clusterManagerCheckCluster). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_parts.h"

#include "sim/pure.h"

bool rcs_cli_wants_first(const struct rcs_cli *cli, unsigned i)
{
    (void)cli;
    return i == 0;
}

bool rcs_cli_wants_friend(const struct rcs_cli *cli, unsigned i)
{
    (void)cli;
    return i > 0;
}

void rcs_cli_ask_nodes(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_text(&cli->request, "CLUSTER NODES");
}

/* --- loading ---------------------------------------------------------------------------------- */

void rcs_cli_ask_load_first(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i;
    rcs_buf_text(&cli->request, question == 0 ? "INFO" : "CLUSTER NODES");
}

static int node_at(const struct rcs_sim *sim, const char *ip, int port)
{
    for (unsigned i = 0; i < rcs_sim_node_count(sim); i++) {
        if (rcs_sim_node_port(sim, (int)i) == port &&
            strcmp(rcs_sim_node_ip(sim, (int)i), ip) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* The first node's lines: itself, and everybody it knows as a friend to ask next. */
static bool read_friends(struct rcs_cli *cli, const char *text)
{
    bool found = false;
    struct rcs_cli_node *node = malloc(sizeof(*node));
    RCS_ASSERT(node != NULL);
    for (const char *line = text; *line != '\0';) {
        if (!rcs_cli_node_read(line, &line, node)) {
            continue;
        }
        int at = node_at(cli->sim, node->ip, node->port);
        if (node->myself) {
            found = true;
            cli->peers[0].info = *node;
        } else if (at >= 0) {
            rcs_cli_add_peer(cli, at);
            cli->peers[cli->count - 1].info = *node;
        }
    }
    free(node);
    /* Redis prints an empty ip for a node that has met nobody yet; redis-cli shows what was typed.
     */
    snprintf(cli->peers[0].info.ip, sizeof(cli->peers[0].info.ip), "%s",
             rcs_sim_node_ip(cli->sim, cli->peers[0].node));
    return found;
}

bool rcs_cli_take_load_first(struct rcs_cli *cli, unsigned i, unsigned question,
                             const struct rcs_reply *reply)
{
    char *text = rcs_cli_text(reply);
    bool good = text != NULL;
    if (!good) {
        rcs_cli_print_error(cli, i, reply);
    } else if (question == 0 && strstr(text, "cluster_enabled:1") == NULL) {
        rcs_buf_text(&cli->out, "[ERR] Node ");
        rcs_cli_print_name(cli, i);
        rcs_buf_text(&cli->out, " is not configured as a cluster node.\n");
        good = false;
    } else if (question == 1) {
        good = read_friends(cli, text);
    }
    free(text);
    return good;
}

/* Its own line replaces what the first node thinks of it, so its flags have no `fail`. */
bool rcs_cli_take_load_friend(struct rcs_cli *cli, unsigned i, unsigned question,
                              const struct rcs_reply *reply)
{
    (void)question;
    struct rcs_cli_peer *peer = &cli->peers[i];
    struct rcs_cli_node seen = peer->info;
    if (!rcs_cli_read_myself(reply, &peer->info)) {
        rcs_cli_print_error(cli, i, reply);
        peer->info = seen;
        peer->gone = true;
        return true;
    }
    snprintf(peer->info.ip, sizeof(peer->info.ip), "%s", seen.ip);
    peer->info.port = seen.port;
    peer->gone = seen.left_out;
    return true;
}

enum rcs_cli_end rcs_cli_leave_load(struct rcs_cli *cli)
{
    for (unsigned i = 0; i < cli->count; i++) {
        for (unsigned j = 0; j < cli->count && !cli->peers[i].gone; j++) {
            bool mine = !cli->peers[j].gone &&
                        strcmp(cli->peers[j].info.master, cli->peers[i].info.id) == 0;
            cli->peers[i].replicas += mine;
        }
    }
    return RCS_CLI_NEXT;
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool wants_master(const struct rcs_cli *cli, unsigned i)
{
    return !cli->peers[i].info.replica;
}

static void ask_size(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_text(&cli->request, "DBSIZE");
}

static bool take_size(struct rcs_cli *cli, unsigned i, unsigned question,
                      const struct rcs_reply *reply)
{
    (void)question;
    const struct rcs_cli_peer *peer = &cli->peers[i];
    if (reply == NULL || reply->kind != RCS_REPLY_INTEGER) {
        rcs_cli_print_error(cli, i, reply);
        return false;
    }
    cli->keys += reply->integer;
    rcs_cli_print_name(cli, i);
    rcs_buf_format(&cli->out, " (%.8s...) -> %lld keys | %u slots | %u slaves.\n", peer->info.id,
                   (long long)reply->integer, rcs_slot_words_count(&peer->info.slots),
                   peer->replicas);
    return true;
}

static enum rcs_cli_end leave_sizes(struct rcs_cli *cli)
{
    unsigned masters = 0;
    for (unsigned i = 0; i < cli->count; i++) {
        masters += !cli->peers[i].gone && !cli->peers[i].info.replica;
    }
    int64_t hundredths = cli->keys * 100 / RCS_SLOTS, rest = cli->keys * 100 % RCS_SLOTS;
    hundredths += rest * 2 > RCS_SLOTS || (rest * 2 == RCS_SLOTS && (hundredths & 1));
    rcs_buf_format(
        &cli->out, "[OK] %lld keys in %u masters.\n%lld.%02d keys per slot on average.\n",
        (long long)cli->keys, masters, (long long)(hundredths / 100), (int)(hundredths % 100));
    return RCS_CLI_NEXT;
}

/* --- the check -------------------------------------------------------------------------------- */

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

void rcs_cli_enter_check(struct rcs_cli *cli)
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

enum rcs_cli_end rcs_cli_leave_check(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, cli->differs ? "[ERR] Nodes don't agree about configuration!\n"
                                         : "[OK] All nodes agree about slots configuration.\n");
    rcs_buf_text(&cli->out, ">>> Check for open slots...\n");
    bool closed = check_open(cli);
    rcs_buf_text(&cli->out, ">>> Check slots coverage...\n");
    bool covered = check_coverage(cli);
    return !cli->differs && closed && covered ? RCS_CLI_NEXT : RCS_CLI_OVER;
}

#define LOAD                                                                                       \
    { .wants = rcs_cli_wants_first,                                                                \
      .questions = 2,                                                                              \
      .ask = rcs_cli_ask_load_first,                                                               \
      .take = rcs_cli_take_load_first },                                                           \
        { .wants = rcs_cli_wants_friend,                                                           \
          .questions = 1,                                                                          \
          .ask = rcs_cli_ask_nodes,                                                                \
          .take = rcs_cli_take_load_friend,                                                        \
          .leave = rcs_cli_leave_load },                                                           \
    {                                                                                              \
        .wants = wants_master, .questions = 1, .ask = ask_size, .take = take_size,                 \
        .leave = leave_sizes                                                                       \
    }

const struct rcs_cli_phase rcs_cli_check_phases[] = {
    LOAD,
    { .enter = rcs_cli_enter_check,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = rcs_cli_take_signature,
      .leave = rcs_cli_leave_check },
    { .enter = NULL },
};

const struct rcs_cli_phase rcs_cli_info_phases[] = {
    LOAD,
    { .enter = NULL },
};
