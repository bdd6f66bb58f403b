#include "sim/scenario/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/scenario/cli_parts.h"
#include "sim/world/world.h"

#include "sim/pure.h"

/* redis-cli's own, if nothing is typed. */
#define MIGRATE_TIMEOUT_MS 60000
#define MIGRATE_PIPELINE   10

static char *copy(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    char *out = malloc(strlen(text) + 1);
    RCS_ASSERT(out != NULL);
    return strcpy(out, text);
}

static void copy_order(struct rcs_cli_order *out, const struct rcs_cli_order *order)
{
    const char **words = calloc(order->word_count + 1, sizeof(words[0]));
    RCS_ASSERT(words != NULL);
    for (unsigned i = 0; i < order->word_count; i++) {
        words[i] = copy(order->words[i]);
    }
    *out = *order;
    out->nodes = NULL; /* become peers */
    out->words = words;
    out->id = copy(order->id);
    out->from = copy(order->from);
    out->percent = copy(order->percent);
    out->timeout_ms = order->timeout_ms > 0 ? order->timeout_ms : MIGRATE_TIMEOUT_MS;
    out->pipeline = order->pipeline > 0 ? order->pipeline : MIGRATE_PIPELINE;
}

static void free_order(struct rcs_cli_order *order)
{
    for (unsigned i = 0; i < order->word_count; i++) {
        free((void *)order->words[i]);
    }
    free((void *)order->words);
    free((void *)order->id);
    free((void *)order->from);
    free((void *)order->percent);
}

struct rcs_cli *rcs_cli_new(struct rcs_sim *sim, const struct rcs_cli_order *order)
{
    static const struct rcs_cli_phase *const phases[] = {
        [RCS_CLI_CREATE] = rcs_cli_create_phases,
        [RCS_CLI_CHECK] = rcs_cli_check_phases,
        [RCS_CLI_INFO] = rcs_cli_info_phases,
        [RCS_CLI_ADD_NODE] = rcs_cli_add_phases,
        [RCS_CLI_DEL_NODE] = rcs_cli_del_phases,
        [RCS_CLI_CALL] = rcs_cli_call_phases,
        [RCS_CLI_SET_TIMEOUT] = rcs_cli_timeout_phases,
        [RCS_CLI_RESHARD] = rcs_cli_reshard_phases,
        [RCS_CLI_FIX] = rcs_cli_check_phases,
        [RCS_CLI_REBALANCE] = rcs_cli_rebalance_phases,
    };
    struct rcs_cli *cli = calloc(1, sizeof(*cli));
    RCS_ASSERT(cli != NULL && order->count > 0);
    cli->sim = sim;
    copy_order(&cli->order, order);
    cli->frames[0].phases = phases[order->command];
    cli->wake_us = RCS_NEVER;
    rcs_buf_init(&cli->out);
    rcs_buf_init(&cli->request);
    rcs_buf_init(&cli->signature);
    rcs_buf_init(&cli->functions);
    rcs_cli_move_init(&cli->move);
    unsigned first = 0;
    if (order->command == RCS_CLI_ADD_NODE) {
        RCS_ASSERT(order->count == 2);
        cli->new_node = order->nodes[first++]; /* a peer later, when the cluster was looked at */
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
        free(cli->peers[i].nodes_text);
        free(cli->peers[i].open);
    }
    rcs_buf_close(&cli->out);
    rcs_buf_close(&cli->request);
    rcs_buf_close(&cli->signature);
    rcs_buf_close(&cli->functions);
    rcs_cli_move_close(&cli->move);
    free_order(&cli->order);
    free(cli->arg_ends);
    free(cli->plan);
    free(cli->open);
    rcs_cli_fix_free(cli->fix);
    free(cli->sources);
    free(cli->table);
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

bool rcs_cli_refuse(struct rcs_cli *cli, unsigned i, const char *what)
{
    rcs_buf_text(&cli->out, "[ERR] Node ");
    rcs_cli_print_name(cli, i);
    rcs_buf_format(&cli->out, " %s\n", what);
    return false;
}

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

bool rcs_cli_is_master(const struct rcs_cli *cli, unsigned i)
{
    return !cli->peers[i].gone && !cli->peers[i].info.replica;
}

int rcs_cli_find(const struct rcs_cli *cli, const char *id, size_t id_bytes)
{
    for (unsigned i = 0; i < cli->count; i++) {
        if (!cli->peers[i].gone && id_bytes <= RCS_ID_LEN &&
            strncasecmp(cli->peers[i].info.id, id, id_bytes) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int rcs_cli_find_id(const struct rcs_cli *cli, const char *id)
{
    return strlen(id) == RCS_ID_LEN ? rcs_cli_find(cli, id, RCS_ID_LEN) : -1;
}

int rcs_cli_fewest_replicas(const struct rcs_cli *cli)
{
    int found = -1;
    for (unsigned i = 0; i < cli->count; i++) {
        if (rcs_cli_is_master(cli, i) &&
            (found < 0 || cli->peers[i].replicas < cli->peers[found].replicas)) {
            found = (int)i;
        }
    }
    return found;
}

bool rcs_cli_is_ok(const struct rcs_reply *reply)
{
    return reply != NULL && reply->kind != RCS_REPLY_ERROR;
}

bool rcs_cli_take_ok(struct rcs_cli *cli, unsigned i, unsigned question,
                     const struct rcs_reply *reply)
{
    (void)question;
    if (!rcs_cli_is_ok(reply)) {
        rcs_cli_print_error(cli, i, reply);
    }
    return rcs_cli_is_ok(reply);
}

enum rcs_cli_end rcs_cli_again(struct rcs_cli *cli)
{
    (void)cli;
    return RCS_CLI_REPEAT;
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

/* --- tables that call tables ------------------------------------------------------------------ */

static const struct rcs_cli_phase *phase_at_hand(const struct rcs_cli *cli)
{
    const struct rcs_cli_frame *frame = &cli->frames[cli->depth];
    return &frame->phases[frame->phase];
}

static void begin_phase(struct rcs_cli *cli, unsigned phase)
{
    cli->frames[cli->depth].phase = phase;
    cli->peer = cli->question = 0;
    cli->entered = cli->asked = false;
}

static void call(struct rcs_cli *cli, const struct rcs_cli_phase *phases)
{
    RCS_ASSERT(cli->depth + 1 < RCS_CLI_FRAMES);
    cli->frames[++cli->depth].phases = phases;
    begin_phase(cli, 0);
}

/* The table at hand has ended, and with it each caller's that does not bear a failure. */
static void end(struct rcs_cli *cli, bool failed)
{
    cli->wake_us = RCS_NEVER;
    while (cli->depth > 0) {
        cli->depth--;
        if (!failed || phase_at_hand(cli)->bears) {
            /* As after a phase's last question: its leave says how it goes on. */
            cli->called_failed = failed;
            cli->entered = true;
            cli->asked = false;
            cli->peer = cli->count;
            return;
        }
    }
    cli->over = true;
    cli->failed |= failed;
}

/* --- the dialogue ----------------------------------------------------------------------------- */

void rcs_cli_arg(struct rcs_cli *cli, const void *bytes, size_t size_bytes)
{
    cli->arg_ends = realloc(cli->arg_ends, (cli->arg_count + 1) * sizeof(cli->arg_ends[0]));
    RCS_ASSERT(cli->arg_ends != NULL);
    rcs_buf_add(&cli->request, bytes, size_bytes);
    cli->arg_ends[cli->arg_count++] = cli->request.size_bytes;
}

void rcs_cli_arg_text(struct rcs_cli *cli, const char *text)
{
    rcs_cli_arg(cli, text, strlen(text));
}

/* Arguments one by one, or the words of one text. */
static void send_request(struct rcs_cli *cli)
{
    const struct rcs_cli_peer *peer = &cli->peers[cli->peer];
    if (cli->arg_count == 0) {
        rcs_session_words(peer->session, peer->node, cli->request.data, cli->request.size_bytes);
    } else {
        struct rcs_arg *args = calloc(cli->arg_count, sizeof(args[0]));
        RCS_ASSERT(args != NULL);
        for (size_t i = 0, at = 0; i < cli->arg_count; at = cli->arg_ends[i++]) {
            args[i] = (struct rcs_arg){ cli->request.data + at, (uint32_t)(cli->arg_ends[i] - at) };
        }
        rcs_session_request(peer->session, peer->node, (unsigned)cli->arg_count, args);
        free(args);
    }
    rcs_buf_clear(&cli->request);
    cli->arg_count = 0;
}

/* Enters the phase at hand, after its pause. False: it sleeps. */
static bool enter(struct rcs_cli *cli)
{
    const struct rcs_cli_phase *phase = phase_at_hand(cli);
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
    if (phase->call != NULL) {
        call(cli, phase->call);
    }
    return true;
}

static void leave(struct rcs_cli *cli)
{
    const struct rcs_cli_phase *phase = phase_at_hand(cli);
    enum rcs_cli_end how = phase->leave == NULL ? RCS_CLI_NEXT : phase->leave(cli);
    cli->called_failed = false;
    switch (how) {
    case RCS_CLI_NEXT:
        begin_phase(cli, cli->frames[cli->depth].phase + 1);
        break;
    case RCS_CLI_AGAIN:
        cli->peer = cli->question = 0;
        cli->wake_us = rcs_sim_now(cli->sim) + RCS_S(1);
        break;
    case RCS_CLI_REPEAT:
        begin_phase(cli, 0);
        break;
    case RCS_CLI_DONE:
        end(cli, false);
        break;
    case RCS_CLI_OVER:
        end(cli, true);
        break;
    }
}

static void next_question(struct rcs_cli *cli)
{
    const struct rcs_cli_phase *phase = phase_at_hand(cli);
    bool more = ++cli->question < phase->questions && !cli->peers[cli->peer].gone;
    if (!more) {
        cli->question = 0;
        cli->peer++;
    }
}

/* The reply to the question at hand, or its sending. False: there is nothing to do but wait. */
static bool question(struct rcs_cli *cli)
{
    const struct rcs_cli_phase *phase = phase_at_hand(cli);
    struct rcs_cli_peer *peer = &cli->peers[cli->peer];
    if (!cli->asked) {
        bool skip = peer->gone || (phase->wants != NULL && !phase->wants(cli, cli->peer));
        if (skip) {
            cli->peer++;
            cli->question = 0;
            return true;
        }
        RCS_ASSERT(phase->ask != NULL && phase->take != NULL);
        phase->ask(cli, cli->peer, cli->question);
        if (cli->request.size_bytes == 0) {
            next_question(cli);
            return true;
        }
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
        cli->depth = 0;
        end(cli, true);
        return true;
    }
    cli->asked = false;
    const struct rcs_reply *reply =
        state == RCS_SESSION_REPLIED ? rcs_session_reply(peer->session) : NULL;
    bool good = phase->take(cli, cli->peer, cli->question, reply);
    if (good) {
        next_question(cli);
    } else {
        end(cli, true);
    }
    return true;
}

static bool go_on(struct rcs_cli *cli)
{
    while (!cli->over) {
        const struct rcs_cli_phase *phase = phase_at_hand(cli);
        bool last = phase->enter == NULL && phase->ask == NULL && phase->leave == NULL &&
                    phase->call == NULL;
        if (last) {
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
