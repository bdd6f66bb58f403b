/* redis-cli --cluster call and set-timeout: the same to each node (redis-cli 7.0
 * clusterManagerCommandCall, clusterManagerCommandSetTimeout). */
#include <string.h>

#include "sim/scenario/cli_parts.h"

#include "sim/pure.h"

/* --- call ------------------------------------------------------------------------------------- */

static enum rcs_cli_end announce(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Calling");
    for (unsigned i = 0; i < cli->order.word_count; i++) {
        rcs_buf_format(&cli->out, " %s", cli->order.words[i]);
    }
    rcs_buf_text(&cli->out, "\n");
    return RCS_CLI_NEXT;
}

static bool wants_call(const struct rcs_cli *cli, unsigned i)
{
    bool replica = cli->peers[i].info.master[0] != '\0';
    return !((cli->order.flags & RCS_CLI_ONLY_MASTERS) && replica) &&
           !((cli->order.flags & RCS_CLI_ONLY_REPLICAS) && !replica);
}

static void ask_call(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    for (unsigned word = 0; word < cli->order.word_count; word++) {
        rcs_cli_arg_text(cli, cli->order.words[word]);
    }
}

/* As redis-cli --raw prints it: bare texts, an element a line, nothing for nil. Returns the reply
 * behind this one. */
static const struct rcs_reply *print_raw(struct rcs_buf *out, const struct rcs_reply *reply)
{
    const struct rcs_reply *next = reply + 1;
    switch (reply->kind) {
    case RCS_REPLY_NIL:
    case RCS_REPLY_NIL_ARRAY:
    case RCS_REPLY_ATTRIBUTE:
        break;
    case RCS_REPLY_ERROR:
        rcs_buf_add(out, reply->bytes, reply->size_bytes);
        rcs_buf_text(out, "\n");
        break;
    case RCS_REPLY_BOOLEAN:
        rcs_buf_text(out, reply->integer ? "(true)" : "(false)");
        break;
    case RCS_REPLY_STATUS:
    case RCS_REPLY_INTEGER:
    case RCS_REPLY_BULK:
    case RCS_REPLY_DOUBLE:
    case RCS_REPLY_BIG_NUMBER:
    case RCS_REPLY_VERBATIM:
        rcs_buf_add(out, reply->bytes, reply->size_bytes);
        break;
    case RCS_REPLY_ARRAY:
    case RCS_REPLY_SET:
    case RCS_REPLY_PUSH:
    case RCS_REPLY_MAP:
        for (uint32_t i = 0; i < reply->elements; i++) {
            bool value = reply->kind == RCS_REPLY_MAP && i % 2 == 1;
            rcs_buf_text(out, i == 0 ? "" : value ? " " : "\n");
            next = print_raw(out, next);
        }
        break;
    }
    return reply + reply->size;
}

/* What redis-cli has not printed when it prints with %s. */
static void cut_at_nul(struct rcs_buf *text)
{
    rcs_buf_add(text, "", 1);
    text->size_bytes = strlen(text->data);
}

static bool take_call(struct rcs_cli *cli, unsigned i, unsigned question,
                      const struct rcs_reply *reply)
{
    (void)question;
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (reply == NULL) {
        rcs_buf_text(&text, "Failed!");
    } else {
        print_raw(&text, reply);
    }
    cut_at_nul(&text);
    rcs_cli_print_name(cli, i);
    rcs_buf_format(&cli->out, ": %s\n", text.data);
    rcs_buf_close(&text);
    return true;
}

const struct rcs_cli_phase rcs_cli_call_phases[] = {
    { .call = rcs_cli_load_phases },
    { .leave = announce },
    { .wants = wants_call, .questions = 1, .ask = ask_call, .take = take_call },
    { .enter = NULL },
};

/* --- set-timeout ------------------------------------------------------------------------------ */

#define TIMEOUT_MS_MIN 100

static enum rcs_cli_end check_timeout(struct rcs_cli *cli)
{
    if (cli->order.node_ms < TIMEOUT_MS_MIN) {
        rcs_buf_format(&cli->out,
                       "Setting a node timeout of less than %d milliseconds is a bad idea.\n",
                       TIMEOUT_MS_MIN);
        return RCS_CLI_OVER;
    }
    return RCS_CLI_NEXT;
}

static void enter_set(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, ">>> Reconfiguring node timeout in every cluster node...\n");
}

/* The second question only if the first was answered well: cli->refused_here. */
static void ask_set(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i;
    if (question == 0) {
        rcs_buf_format(&cli->request, "CONFIG SET cluster-node-timeout %lld",
                       (long long)cli->order.node_ms);
        cli->refused_here = false;
    } else if (!cli->refused_here) {
        rcs_buf_text(&cli->request, "CONFIG REWRITE");
    }
}

static bool take_set(struct rcs_cli *cli, unsigned i, unsigned question,
                     const struct rcs_reply *reply)
{
    cli->refused_here = !rcs_cli_is_ok(reply);
    if (cli->refused_here) {
        rcs_buf_format(&cli->out, "ERR setting %s for ",
                       rcs_cli_since(cli, RCS_REDIS_7_0) ? "node-timeout" : "node-timeot");
        rcs_cli_print_name(cli, i);
        rcs_buf_format(&cli->out, ": %.*s\n", reply == NULL ? 0 : (int)reply->size_bytes,
                       reply == NULL ? "" : reply->bytes);
        cli->refused++;
    } else if (question == 1) {
        rcs_buf_text(&cli->out, "*** New timeout set for ");
        rcs_cli_print_name(cli, i);
        rcs_buf_text(&cli->out, "\n");
        cli->done++;
    }
    return true;
}

static enum rcs_cli_end leave_set(struct rcs_cli *cli)
{
    rcs_buf_format(&cli->out, ">>> New node timeout set. %u OK, %u ERR.\n", cli->done,
                   cli->refused);
    return RCS_CLI_NEXT;
}

const struct rcs_cli_phase rcs_cli_timeout_phases[] = {
    { .leave = check_timeout },
    { .call = rcs_cli_load_phases },
    { .enter = enter_set, .questions = 2, .ask = ask_set, .take = take_set, .leave = leave_set },
    { .enter = NULL },
};
