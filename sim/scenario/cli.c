#include "sim/scenario/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/cli_parts.h"
#include "sim/world/world.h"

#include "sim/pure.h"

struct rcs_cli *rcs_cli_new(struct rcs_sim *sim, const struct rcs_cli_order *order)
{
    static const struct rcs_cli_phase *const phases[] = {
        [RCS_CLI_CREATE] = rcs_cli_create_phases,
        [RCS_CLI_CHECK] = rcs_cli_check_phases,
        [RCS_CLI_INFO] = rcs_cli_info_phases,
        [RCS_CLI_ADD_NODE] = rcs_cli_add_phases,
    };
    struct rcs_cli *cli = calloc(1, sizeof(*cli));
    RCS_ASSERT(cli != NULL && order->count > 0);
    cli->sim = sim;
    cli->phases = phases[order->command];
    cli->replicas = order->replicas;
    cli->yes = order->yes;
    cli->wake_us = RCS_NEVER;
    rcs_buf_init(&cli->out);
    rcs_buf_init(&cli->request);
    rcs_buf_init(&cli->signature);
    unsigned first = 0;
    if (order->command == RCS_CLI_ADD_NODE) {
        RCS_ASSERT(order->count == 2);
        cli->new_node = order->nodes[first++]; /* a peer later, when the cluster was looked at */
        snprintf(cli->master_id, sizeof(cli->master_id), "%s",
                 order->master_id == NULL ? "" : order->master_id);
    }
    for (unsigned i = first; i < order->count; i++) {
        rcs_cli_add_peer(cli, order->nodes[i]);
    }
    return cli;
}

void rcs_cli_free(struct rcs_cli *cli)
{
    if (cli == NULL) {
        return;
    }
    for (unsigned i = 0; i < cli->count; i++) {
        rcs_session_free(cli->peers[i].session);
    }
    rcs_buf_close(&cli->out);
    rcs_buf_close(&cli->request);
    rcs_buf_close(&cli->signature);
    free(cli->plan);
    free(cli->peers);
    free(cli);
}

rcs_us rcs_cli_wake(const struct rcs_cli *cli)
{
    return cli->wake_us;
}

rcs_us rcs_cli_deadline(const struct rcs_cli *cli)
{
    return cli->asked ? cli->deadline_us : RCS_NEVER;
}

const struct rcs_buf *rcs_cli_output(const struct rcs_cli *cli)
{
    return &cli->out;
}

bool rcs_cli_failed(const struct rcs_cli *cli)
{
    return cli->failed;
}

/* --- what the phases share -------------------------------------------------------------------- */

void rcs_cli_add_peer(struct rcs_cli *cli, int node)
{
    cli->peers = realloc(cli->peers, (cli->count + 1) * sizeof(cli->peers[0]));
    RCS_ASSERT(cli->peers != NULL);
    cli->peers[cli->count++] = (struct rcs_cli_peer){
        .node = node,
        .session = rcs_session_new(cli->sim, NULL, false),
    };
}

char *rcs_cli_text(const struct rcs_reply *reply)
{
    bool text =
        reply != NULL && (reply->kind == RCS_REPLY_BULK || reply->kind == RCS_REPLY_VERBATIM ||
                          reply->kind == RCS_REPLY_STATUS);
    if (!text) {
        return NULL;
    }
    char *out = malloc(reply->size_bytes + 1);
    RCS_ASSERT(out != NULL);
    memcpy(out, reply->bytes, reply->size_bytes);
    out[reply->size_bytes] = '\0';
    return out;
}

void rcs_cli_print_name(struct rcs_cli *cli, unsigned i)
{
    int node = cli->peers[i].node;
    rcs_buf_format(&cli->out, "%s:%d", rcs_sim_node_ip(cli->sim, node),
                   rcs_sim_node_port(cli->sim, node));
}

void rcs_cli_print_error(struct rcs_cli *cli, unsigned i, const struct rcs_reply *reply)
{
    if (reply == NULL) {
        rcs_buf_format(&cli->out, "%s\n", rcs_session_error(cli->peers[i].session));
    } else if (reply->kind == RCS_REPLY_ERROR) {
        rcs_buf_text(&cli->out, "Node ");
        rcs_cli_print_name(cli, i);
        rcs_buf_format(&cli->out, " replied with error:\n%.*s\n", (int)reply->size_bytes,
                       reply->bytes);
    }
}

bool rcs_cli_read_myself(const struct rcs_reply *reply, struct rcs_cli_node *out)
{
    char *text = rcs_cli_text(reply);
    bool found = false;
    for (const char *line = text; line != NULL && *line != '\0' && !found;) {
        found = rcs_cli_node_read(line, &line, out) && out->myself;
    }
    free(text);
    return found;
}

/* --- the dialogue ----------------------------------------------------------------------------- */

static void end(struct rcs_cli *cli, bool failed)
{
    cli->over = true;
    cli->failed |= failed;
    cli->wake_us = RCS_NEVER;
}

/* The request is its words, one blank between them: nothing the cli sends needs more. */
static void send_request(struct rcs_cli *cli)
{
    rcs_session_words(cli->peers[cli->peer].session, cli->peers[cli->peer].node, cli->request.data,
                      cli->request.size_bytes);
    rcs_buf_clear(&cli->request);
}

static void next_phase(struct rcs_cli *cli)
{
    cli->phase++;
    cli->peer = cli->question = 0;
    cli->entered = cli->asked = false;
}

/* Enters the phase at hand, after its pause. False: it sleeps. */
static bool enter(struct rcs_cli *cli)
{
    const struct rcs_cli_phase *phase = &cli->phases[cli->phase];
    rcs_us now = rcs_sim_now(cli->sim);
    if (phase->pause_us > 0 && cli->wake_us == RCS_NEVER) {
        cli->wake_us = now + phase->pause_us;
    }
    if (cli->wake_us != RCS_NEVER && now < cli->wake_us) {
        return false;
    }
    cli->wake_us = RCS_NEVER;
    if (phase->enter != NULL) {
        phase->enter(cli);
    }
    cli->entered = true;
    return true;
}

static void leave(struct rcs_cli *cli)
{
    const struct rcs_cli_phase *phase = &cli->phases[cli->phase];
    enum rcs_cli_end how = phase->leave == NULL ? RCS_CLI_NEXT : phase->leave(cli);
    switch (how) {
    case RCS_CLI_NEXT:
        next_phase(cli);
        break;
    case RCS_CLI_AGAIN:
        cli->peer = cli->question = 0;
        cli->wake_us = rcs_sim_now(cli->sim) + RCS_S(1);
        break;
    case RCS_CLI_OVER:
        end(cli, true);
        break;
    }
}

/* The reply to the question at hand, or its sending. False: there is nothing to do but wait. */
static bool question(struct rcs_cli *cli)
{
    const struct rcs_cli_phase *phase = &cli->phases[cli->phase];
    struct rcs_cli_peer *peer = &cli->peers[cli->peer];
    if (!cli->asked) {
        bool skip = peer->gone || (phase->wants != NULL && !phase->wants(cli, cli->peer));
        if (skip) {
            cli->peer++;
            return true;
        }
        RCS_ASSERT(phase->ask != NULL && phase->take != NULL);
        phase->ask(cli, cli->peer, cli->question);
        send_request(cli);
        cli->asked = true;
        cli->deadline_us = rcs_sim_now(cli->sim) + RCS_CLI_REPLY_LIMIT_US;
    }
    enum rcs_session_state state = rcs_session_state(peer->session);
    if (state == RCS_SESSION_WAITING) {
        if (rcs_sim_now(cli->sim) < cli->deadline_us) {
            return false;
        }
        rcs_buf_text(&cli->out, "(given up: no reply from ");
        rcs_cli_print_name(cli, cli->peer);
        rcs_buf_format(&cli->out, " within %d s)\n", (int)(RCS_CLI_REPLY_LIMIT_US / RCS_S(1)));
        end(cli, true);
        return true;
    }
    cli->asked = false;
    const struct rcs_reply *reply =
        state == RCS_SESSION_REPLIED ? rcs_session_reply(peer->session) : NULL;
    bool good = phase->take(cli, cli->peer, cli->question, reply);
    bool more = ++cli->question < phase->questions && !cli->peers[cli->peer].gone;
    if (!more) {
        cli->question = 0;
        cli->peer++;
    }
    if (!good) {
        end(cli, true);
    }
    return true;
}

static bool go_on(struct rcs_cli *cli)
{
    while (!cli->over) {
        const struct rcs_cli_phase *phase = &cli->phases[cli->phase];
        if (phase->enter == NULL && phase->ask == NULL && phase->leave == NULL) {
            end(cli, false);
        } else if (!cli->entered) {
            if (!enter(cli)) {
                return false;
            }
        } else if (cli->wake_us != RCS_NEVER) { /* between two rounds of the same phase */
            if (rcs_sim_now(cli->sim) < cli->wake_us) {
                return false;
            }
            cli->wake_us = RCS_NEVER;
        } else if (phase->questions > 0 && cli->peer < cli->count) {
            if (!question(cli)) {
                return false;
            }
        } else {
            leave(cli);
        }
    }
    return true;
}

bool rcs_cli_poll(struct rcs_cli *cli)
{
    bool over = go_on(cli);
    rcs_cli_say_as_release(cli);
    return over;
}
