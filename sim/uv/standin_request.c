/* The words of stand-ins on the control port: NODE ADD and what follows it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/node/command_args.h"
#include "sim/uv/standin_parts.h"

/* --- answers ---------------------------------------------------------------------------------- */

static void answer(struct rcs_control_client *client, const char *text)
{
    struct rcs_buf line;
    rcs_buf_init(&line);
    rcs_buf_format(&line, "%s", text);
    for (size_t i = 0; i < line.size_bytes; i++) {
        line.data[i] = line.data[i] == '\r' || line.data[i] == '\n' ? ' ' : line.data[i];
    }
    rcs_buf_text(&line, "\r\n");
    rcs_control_answer(client, line.data, line.size_bytes);
    rcs_buf_close(&line);
}

static void answer_error(struct rcs_control_client *client, const struct rcs_diag *diag)
{
    char text[sizeof(diag->text) + 128];
    bool file = diag->source[0] != '\0' && strcmp(diag->source, "order") != 0;
    if (file) {
        snprintf(text, sizeof(text), "-ERR %.60s: %s", diag->source, diag->text);
    } else if (diag->line > 0) {
        snprintf(text, sizeof(text), "-ERR line %d: %s", diag->line, diag->text);
    } else {
        snprintf(text, sizeof(text), "-ERR %s", diag->text);
    }
    answer(client, text);
}

/* --- requests --------------------------------------------------------------------------------- */

static void add(struct rcs_standin *s, const struct rcs_arg *args)
{
    struct rcs_control_client *client = s->client;
    struct standin_conf *conf = malloc(sizeof(*conf));
    struct rcs_diag diag = { .line = 0 };
    RCS_ASSERT(conf != NULL);
    if (s->node >= 0) {
        rcs_diag_set(&diag, RCS_ERR_STATE, 0, 0, "this connection has a node already: %s", s->name);
        answer_error(client, &diag);
    } else if (rcs_standin_conf_read(conf, s->serve->sim, &args[2], &args[4], &diag) != RCS_OK) {
        answer_error(client, &diag);
    } else {
        bool begun = rcs_standin_start(s, &args[3], conf, &diag);
        rcs_standin_conf_close(conf);
        if (begun) {
            rcs_standins_watch(s->serve);
            answer(client, "+OK");
        } else {
            answer_error(client, &diag);
        }
    }
    free(conf);
}

static void set_pid(struct rcs_standin *s, const struct rcs_arg *args)
{
    char path[64];
    int64_t pid;
    bool number = rcs_decimal_read(args[2].bytes, args[2].size_bytes, &pid) && pid > 0;
    if (s->status >= 0) {
        close(s->status);
        s->status = -1;
    }
    s->pid = number && pid <= INT32_MAX ? pid : 0;
    snprintf(path, sizeof(path), "/proc/%lld/status", (long long)s->pid);
    s->status = s->pid == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    answer(s->client, s->status >= 0 ? "+OK"
                                     : "-ERR no such process can be seen from here: it can be "
                                       "stopped and continued by NODE PAUSE and NODE RESUME only");
}

static void set_log(struct rcs_standin *s, const struct rcs_arg *args)
{
    (void)args;
    s->wants_log = true;
    answer(s->client, "+OK");
}

/* Of the node's life: one order each. */
static void answer_order(struct rcs_standin *s, const char *verb)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_control_client *client = s->client;
    if (s->node < 0) {
        answer(client, "-ERR this connection has no node: NODE ADD brings one");
    } else if (!rcs_standin_order(s, verb, &diag)) {
        answer_error(client, &diag);
    } else {
        answer(client, "+OK");
    }
}

static void pause_node(struct rcs_standin *s, const struct rcs_arg *args)
{
    (void)args;
    answer_order(s, "pause");
}

static void resume(struct rcs_standin *s, const struct rcs_arg *args)
{
    (void)args;
    s->stopped = false;
    answer_order(s, "resume");
}

/* Who can say so runs again. */
static void term(struct rcs_standin *s, const struct rcs_arg *args)
{
    (void)args;
    if (rcs_standin_life(s) == RCS_LIFE_PAUSED && s->stopped) {
        s->stopped = false;
        (void)rcs_standin_order(s, "resume", NULL);
    }
    answer_order(s, "stop");
}

static void crash(struct rcs_standin *s, const struct rcs_arg *args)
{
    (void)args;
    s->crashed = true;
    answer_order(s, "kill");
}

static const struct {
    const char *word, *usage;
    unsigned argc;
    void (*carry_out)(struct rcs_standin *s, const struct rcs_arg *args);
} requests[] = {
    { "add", "NODE ADD <cwd> <conf path> <conf text>", 5, add },
    { "pid", "NODE PID <process>", 3, set_pid },
    { "log", "NODE LOG", 2, set_log },
    { "pause", "NODE PAUSE", 2, pause_node },
    { "resume", "NODE RESUME", 2, resume },
    { "term", "NODE TERM", 2, term },
    { "crash", "NODE CRASH", 2, crash },
};

bool rcs_standin_request(void *arg, struct rcs_control_client *client, unsigned argc,
                         const struct rcs_arg *args)
{
    if (argc < 2 || !rcs_arg_is(&args[0], "node")) {
        return false;
    }
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (!rcs_arg_is(&args[1], requests[i].word)) {
            continue;
        }
        if (argc != requests[i].argc) {
            char text[128];
            snprintf(text, sizeof(text), "-ERR wrong number of words: %s", requests[i].usage);
            answer(client, text);
        } else {
            requests[i].carry_out(rcs_standin_of(arg, client), args);
        }
        return true;
    }
    return false;
}
