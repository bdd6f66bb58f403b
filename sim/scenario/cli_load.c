/* What the nodes say of the cluster and of their keys (redis-cli 7.0
 * clusterManagerLoadInfoFromNode, clusterManagerShowClusterInfo). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_parts.h"

#include "sim/pure.h"

/* --- nodes ------------------------------------------------------------------------------------ */

static void ask_load_first(struct rcs_cli *cli, unsigned i, unsigned question)
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

/* Open slots are read from there by who asks for them. */
static void keep_text(struct rcs_cli_peer *peer, const struct rcs_reply *reply)
{
    free(peer->nodes_text);
    bool open = reply->size_bytes > 0 && memchr(reply->bytes, '[', reply->size_bytes) != NULL;
    peer->nodes_text = open ? rcs_cli_text(reply) : NULL;
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
        } else { /* without an address there is nobody to ask */
            cli->unreachable_masters += !node->replica;
        }
    }
    free(node);
    /* Redis prints an empty ip for a node that has met nobody yet; redis-cli shows what was typed.
     */
    snprintf(cli->peers[0].info.ip, sizeof(cli->peers[0].info.ip), "%s",
             rcs_sim_node_ip(cli->sim, cli->peers[0].node));
    return found;
}

static bool take_load_first(struct rcs_cli *cli, unsigned i, unsigned question,
                            const struct rcs_reply *reply)
{
    char *text = rcs_cli_text(reply);
    bool good = text != NULL;
    if (!good) {
        rcs_cli_print_error(cli, i, reply);
    } else if (question == 0 && strstr(text, "cluster_enabled:1") == NULL) {
        good = rcs_cli_refuse(cli, i, "is not configured as a cluster node.");
    } else if (question == 1) {
        good = read_friends(cli, text);
        keep_text(&cli->peers[0], reply);
    }
    free(text);
    return good;
}

/* Its own line replaces what the first node thinks of it, so its flags have no `fail`; but once a
 * replica stays one. */
static bool take_load_friend(struct rcs_cli *cli, unsigned i, unsigned question,
                             const struct rcs_reply *reply)
{
    (void)question;
    struct rcs_cli_peer *peer = &cli->peers[i];
    struct rcs_cli_node seen = peer->info;
    if (!rcs_cli_read_myself(reply, &peer->info)) {
        if (reply == NULL) {
            rcs_cli_print_error(cli, i, reply);
        } else {
            rcs_buf_format(&cli->out, "[ERR] Unable to load info for node %s:%d\n", seen.ip,
                           seen.port);
        }
        peer->info = seen;
        peer->gone = true;
    } else {
        keep_text(peer, reply);
        snprintf(peer->info.ip, sizeof(peer->info.ip), "%s", seen.ip);
        peer->info.port = seen.port;
        peer->gone = seen.left_out;
        if (seen.replica && !peer->info.replica) {
            peer->info.replica = true;
            memcpy(peer->info.master, seen.master, sizeof(seen.master));
        }
    }
    cli->unreachable_masters += peer->gone && !peer->info.replica;
    return true;
}

static enum rcs_cli_end leave_load(struct rcs_cli *cli)
{
    for (unsigned i = 0; i < cli->count; i++) {
        const struct rcs_cli_node *info = &cli->peers[i].info;
        cli->peers[i].slot_count = rcs_slot_words_count(&info->slots);
        if (cli->peers[i].gone || info->master[0] == '\0') {
            continue;
        }
        int master = rcs_cli_find_id(cli, info->master);
        if (master >= 0) {
            cli->peers[master].replicas++;
        } else {
            rcs_buf_format(&cli->out,
                           "*** WARNING: %s:%d claims to be slave of unknown node ID %s.\n",
                           info->ip, info->port, info->master);
        }
    }
    return RCS_CLI_NEXT;
}

const struct rcs_cli_phase rcs_cli_load_phases[] = {
    { .wants = rcs_cli_wants_first,
      .questions = 2,
      .ask = ask_load_first,
      .take = take_load_first },
    { .wants = rcs_cli_wants_friend,
      .questions = 1,
      .ask = rcs_cli_ask_nodes,
      .take = take_load_friend,
      .leave = leave_load },
    { .enter = NULL },
};

/* --- keys ------------------------------------------------------------------------------------- */

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
        rcs_buf_text(&cli->out, "Node ");
        rcs_cli_print_name(cli, i);
        bool error = reply != NULL && reply->kind == RCS_REPLY_ERROR;
        rcs_buf_format(&cli->out, " replied with error:\n%.*s\n",
                       error ? (int)reply->size_bytes : 0, error ? reply->bytes : "");
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
        masters += rcs_cli_is_master(cli, i);
    }
    int64_t hundredths = cli->keys * 100 / RCS_SLOTS, rest = cli->keys * 100 % RCS_SLOTS;
    hundredths += rest * 2 > RCS_SLOTS || (rest * 2 == RCS_SLOTS && (hundredths & 1));
    rcs_buf_format(
        &cli->out, "[OK] %lld keys in %u masters.\n%lld.%02d keys per slot on average.\n",
        (long long)cli->keys, masters, (long long)(hundredths / 100), (int)(hundredths % 100));
    return RCS_CLI_NEXT;
}

static const struct rcs_cli_phase sizes_phases[] = {
    { .wants = rcs_cli_is_master,
      .questions = 1,
      .ask = ask_size,
      .take = take_size,
      .leave = leave_sizes },
    { .enter = NULL },
};

/* An error ends the list, and that is all it does. */
const struct rcs_cli_phase rcs_cli_info_phases[] = {
    { .call = rcs_cli_load_phases },
    { .call = sizes_phases, .bears = true },
    { .enter = NULL },
};
