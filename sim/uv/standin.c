#include "sim/uv/standin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/uv/standin_parts.h"

#define STATUS_SIGSEGV 139

/* --- what is said to the program -------------------------------------------------------------- */

void rcs_standin_push(struct rcs_standin *s, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof(line) - 2, format, args);
    va_end(args);
    size = size < (int)sizeof(line) - 3 ? size : (int)sizeof(line) - 3;
    for (int i = 0; i < size; i++) { /* a line is a line */
        line[i] = line[i] == '\r' || line[i] == '\n' ? ' ' : line[i];
    }
    memcpy(line + size, "\r\n", 2);
    if (s->client != NULL) {
        rcs_control_push(s->client, line, (size_t)size + 2);
    }
}

static void on_log(void *arg, int node, rcs_us at_us, const char *line)
{
    struct rcs_serve *serve = arg;
    (void)at_us;
    for (struct rcs_standin *s = serve->standins; s != NULL; s = s->next) {
        if (s->node == node && s->wants_log) {
            rcs_standin_push(s, "+LOG %s", line);
        }
    }
}

/* --- the list --------------------------------------------------------------------------------- */

static struct rcs_standin *find(const struct rcs_serve *serve,
                                const struct rcs_control_client *client)
{
    struct rcs_standin *s = serve->standins;
    while (s != NULL && s->client != client) {
        s = s->next;
    }
    return s;
}

struct rcs_standin *rcs_standin_of(struct rcs_serve *serve, struct rcs_control_client *client)
{
    struct rcs_standin *s = find(serve, client);
    if (s == NULL) {
        s = calloc(1, sizeof(*s));
        RCS_ASSERT(s != NULL);
        s->serve = serve;
        s->client = client;
        s->node = -1;
        s->disk.dir = s->disk.conf_dir = s->disk.aof = s->status = -1;
        rcs_buf_init(&s->to);
        s->next = serve->standins;
        serve->standins = s;
        rcs_run_on_log(serve->run, on_log, serve);
    }
    return s;
}

static void unlink_from(struct rcs_serve *serve, const struct rcs_standin *s)
{
    struct rcs_standin **at = &serve->standins;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
}

static void standin_free(struct rcs_standin *s)
{
    rcs_standin_disk_close(&s->disk);
    if (s->status >= 0) {
        close(s->status);
    }
    rcs_buf_close(&s->to);
    free(s);
}

void rcs_standin_drop(struct rcs_standin *s)
{
    rcs_standin_kill(s);
    unlink_from(s->serve, s);
    standin_free(s);
}

/* --- with the server -------------------------------------------------------------------------- */

void rcs_standin_gone(void *arg, struct rcs_control_client *client)
{
    struct rcs_standin *s = find(arg, client);
    if (s != NULL) {
        s->client = NULL;
        rcs_standin_drop(s);
    }
}

void rcs_standins_save(struct rcs_serve *serve)
{
    for (struct rcs_standin *s = serve->standins; s != NULL; s = s->next) {
        if (s->node >= 0) {
            rcs_standin_disk_save(&s->disk, serve->sim, s->node);
        }
    }
}

void rcs_standins_exited(struct rcs_serve *serve)
{
    for (struct rcs_standin *s = serve->standins; s != NULL; s = s->next) {
        if (s->node >= 0 && rcs_standin_life(s) == RCS_LIFE_DOWN) {
            int status = s->crashed ? STATUS_SIGSEGV : rcs_sim_exit_status(serve->sim, s->node);
            rcs_standin_remove(s);
            rcs_standin_push(s, "+EXITED %d", status);
        }
    }
}

void rcs_standins_end(struct rcs_serve *serve)
{
    for (struct rcs_standin *s = serve->standins; s != NULL; s = s->next) {
        s->client = NULL; /* nobody is told any more */
        rcs_standin_kill(s);
    }
    while (serve->standins != NULL) {
        struct rcs_standin *s = serve->standins;
        serve->standins = s->next;
        standin_free(s);
    }
    rcs_run_on_log(serve->run, NULL, NULL); /* the run outlives the server */
}
