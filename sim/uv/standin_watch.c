/* What may change under a stand-in: the process, stopped, continued or killed by others, and
 * whether its redis.conf can be written. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/uv/standin_parts.h"

#define WATCH_MS     10
#define STATUS_BYTES 4096
#define LOOKS_MAX    20 /* some 10 us each */

enum process { PROCESS_RUNS, PROCESS_STOPPED, PROCESS_ENDED };

/* A set of signals in a line of /proc/PID/status. */
static bool has_signal(const char *text, const char *name, int number)
{
    const char *at = strstr(text, name);
    return at != NULL && (strtoull(at + strlen(name), NULL, 16) >> (number - 1) & 1) != 0;
}

/* Its letter in /proc/PID/status, all of which is read into `text`; NULL: there is none. */
static const char *read_state(const struct rcs_standin *s, char text[STATUS_BYTES])
{
    ssize_t size = pread(s->status, text, STATUS_BYTES - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    const char *state = strstr(text, "\nState:");
    return state == NULL ? NULL : state + 8 + strspn(state + 8, " \t");
}

/* A signal that was sent counts though the process has not been scheduled since: neither would a
 * server do anything more. While it takes the signal it runs, and shows neither that nor what
 * comes of it: it is looked at until it waits again, as it does nearly always. */
static enum process state_of(const struct rcs_standin *s)
{
    char text[STATUS_BYTES];
    const char *state = read_state(s, text);
    for (unsigned i = 0; i < LOOKS_MAX && state != NULL && *state == 'R'; i++) {
        state = read_state(s, text);
    }
    if (state == NULL || *state == 'Z' || *state == 'X' || has_signal(text, "\nShdPnd:", SIGKILL)) {
        return PROCESS_ENDED;
    }
    bool stopped = *state == 'T' || *state == 't' || has_signal(text, "\nShdPnd:", SIGSTOP);
    return stopped ? PROCESS_STOPPED : PROCESS_RUNS;
}

static void look_at_process(struct rcs_standin *s)
{
    switch (state_of(s)) {
    case PROCESS_ENDED: /* its connection will say so, too */
        if (rcs_standin_lives(s)) {
            (void)rcs_standin_order(s, "kill", NULL);
        }
        break;
    case PROCESS_STOPPED:
        if (rcs_standin_life(s) == RCS_LIFE_UP) {
            s->stopped = rcs_standin_order(s, "pause", NULL);
        }
        break;
    case PROCESS_RUNS:
        if (s->stopped && rcs_standin_life(s) == RCS_LIFE_PAUSED) {
            (void)rcs_standin_order(s, "resume", NULL);
        }
        s->stopped = false;
        break;
    }
}

/* Whether its redis.conf could be written: what CONFIG REWRITE will answer. */
void rcs_standin_look_at_file(struct rcs_standin *s)
{
    enum rcs_conf_file file = rcs_standin_disk_file(&s->disk);
    if (file != s->file) {
        s->file = file;
        rcs_buf_clear(&s->to);
        rcs_buf_format(&s->to, "config-file %s %s", s->name, rcs_conf_file_name(file));
        struct rcs_diag diag;
        (void)rcs_standin_give(s, &diag);
    }
}

void rcs_standins_look(struct rcs_serve *serve, int node)
{
    for (struct rcs_standin *s = serve->standins; s != NULL; s = s->next) {
        if (s->node < 0 || (node >= 0 && s->node != node)) {
            continue;
        }
        if (s->status >= 0) {
            look_at_process(s);
        }
        if (s->node >= 0) {
            rcs_standin_look_at_file(s);
        }
    }
}

static void on_watch(uv_timer_t *timer)
{
    struct rcs_serve *serve = timer->data;
    if (serve->standins == NULL) {
        uv_timer_stop(timer);
        return;
    }
    rcs_serve_catch_up(serve);
    if (!serve->ending) {
        rcs_standins_look(serve, -1);
        rcs_serve_settle(serve);
    }
}

void rcs_standins_watch(struct rcs_serve *serve)
{
    if (!uv_is_active((uv_handle_t *)&serve->watch)) {
        uv_timer_start(&serve->watch, on_watch, WATCH_MS, WATCH_MS);
    }
}
