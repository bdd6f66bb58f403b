#include "sim/uv/standin.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "proto/conf_text.h"
#include "sim/uv/standin_parts.h"
#include "sim/world/world.h"

#define WATCH_MS       10
#define STATUS_SIGSEGV 139

struct rcs_standin {
    struct rcs_standin *next;
    struct rcs_serve *serve;
    struct rcs_control_client *client; /* NULL: it left */
    int node;                          /* -1: none (any more) */
    char name[32];
    unsigned port;
    struct standin_disk disk;
    int64_t pid;             /* of the process that stands in; 0: not known */
    enum rcs_conf_file file; /* what the node was told of its redis.conf */
    int status;              /* its /proc/PID/status, open; -1 none */
    bool wants_log;          /* lines of the node's log are sent */
    bool stopped;            /* paused because the process is stopped */
    bool crashed;            /* by order */
    struct rcs_buf to;       /* scratch: an order, a line */
};

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

static void on_log(void *arg, int node, rcs_us at_us, const char *line);

static struct rcs_standin *find_or_add(struct rcs_serve *serve, struct rcs_control_client *client)
{
    struct rcs_standin *s = find(serve, client);
    if (s == NULL) {
        s = calloc(1, sizeof(*s));
        RCS_ASSERT(s != NULL);
        s->serve = serve;
        s->client = client;
        s->node = -1;
        s->disk.dir = s->disk.conf_dir = s->status = -1;
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

/* --- what is said to the program -------------------------------------------------------------- */

static void push(struct rcs_standin *s, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

static void push(struct rcs_standin *s, const char *format, ...)
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

static void on_log(void *arg, int node, rcs_us at_us, const char *line)
{
    struct rcs_serve *serve = arg;
    (void)at_us;
    for (struct rcs_standin *s = serve->standins; s != NULL; s = s->next) {
        if (s->node == node && s->wants_log) {
            push(s, "+LOG %s", line);
        }
    }
}

/* --- orders ----------------------------------------------------------------------------------- */

struct told {
    struct rcs_diag *diag;
    bool done, good;
};

static void on_done(void *arg, bool success, const char *text, size_t size_bytes)
{
    struct told *told = arg;
    told->done = true;
    told->good = success;
    if (!success) {
        const char *at = strstr(text, ": "); /* behind the place, which is in no file */
        size_t skip = at == NULL ? 0 : (size_t)(at + 2 - text);
        rcs_diag_set(told->diag, RCS_ERR_STATE, 0, 0, "%.*s", (int)(size_bytes - skip),
                     text + skip);
    }
}

/* Carries out one that takes no time. */
static bool give_order(struct rcs_serve *serve, const struct rcs_buf *text, struct rcs_diag *diag)
{
    struct told told = { .diag = diag };
    enum rcs_err err =
        rcs_run_order(serve->run, text->data, text->size_bytes, on_done, &told, diag);
    RCS_IMPLIES(err == RCS_OK, told.done);
    return err == RCS_OK && told.good;
}

static bool order(struct rcs_standin *s, const char *verb, struct rcs_diag *diag)
{
    struct rcs_diag own;
    rcs_buf_clear(&s->to);
    rcs_buf_format(&s->to, "%s %s", verb, s->name);
    return give_order(s->serve, &s->to, diag != NULL ? diag : &own);
}

static enum rcs_node_life life_of(const struct rcs_standin *s)
{
    return s->node < 0 ? RCS_LIFE_DOWN : rcs_sim_node_life(s->serve->sim, s->node);
}

static bool lives(const struct rcs_standin *s)
{
    enum rcs_node_life life = life_of(s);
    return life == RCS_LIFE_UP || life == RCS_LIFE_PAUSED;
}

/* The node has no process: it is taken off the lists, and its name and port are free. */
static void remove_node(struct rcs_standin *s)
{
    rcs_standin_disk_save(&s->disk, s->serve->sim, s->node);
    (void)order(s, "remove", NULL);
    rcs_standin_disk_close(&s->disk);
    s->node = -1;
    s->stopped = s->crashed = false;
}

static void kill_node(struct rcs_standin *s)
{
    if (lives(s)) {
        (void)order(s, "kill", NULL);
    }
    if (s->node >= 0) {
        remove_node(s);
    }
}

/* Whoever stands in is gone: SIGKILL. */
static void drop(struct rcs_standin *s)
{
    kill_node(s);
    unlink_from(s->serve, s);
    standin_free(s);
}

/* --- the process that stands in --------------------------------------------------------------- */

enum process { PROCESS_RUNS, PROCESS_STOPPED, PROCESS_ENDED };

/* A set of signals in a line of /proc/PID/status. */
static bool has_signal(const char *text, const char *name, int number)
{
    const char *at = strstr(text, name);
    return at != NULL && (strtoull(at + strlen(name), NULL, 16) >> (number - 1) & 1) != 0;
}

/* A signal that was sent counts though the process has not been scheduled since: neither would a
 * server do anything more. */
static enum process state_of(const struct rcs_standin *s)
{
    char text[4096];
    ssize_t size = pread(s->status, text, sizeof(text) - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    const char *state = strstr(text, "\nState:");
    state = state == NULL ? NULL : state + 8 + strspn(state + 8, " \t");
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
        if (lives(s)) {
            (void)order(s, "kill", NULL);
        }
        break;
    case PROCESS_STOPPED:
        if (life_of(s) == RCS_LIFE_UP) {
            s->stopped = order(s, "pause", NULL);
        }
        break;
    case PROCESS_RUNS:
        if (s->stopped && life_of(s) == RCS_LIFE_PAUSED) {
            (void)order(s, "resume", NULL);
        }
        s->stopped = false;
        break;
    }
}

/* Whether its redis.conf could be written: what CONFIG REWRITE will answer. */
static void look_at_file(struct rcs_standin *s)
{
    enum rcs_conf_file file = rcs_standin_disk_file(&s->disk);
    if (file != s->file) {
        s->file = file;
        rcs_buf_clear(&s->to);
        rcs_buf_format(&s->to, "config-file %s %s", s->name, rcs_conf_file_name(file));
        struct rcs_diag diag;
        (void)give_order(s->serve, &s->to, &diag);
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
            look_at_file(s);
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

/* --- NODE ADD --------------------------------------------------------------------------------- */

/* Opens the port for a moment: whether it could be had. */
static void on_probe_closed(uv_handle_t *handle)
{
    struct rcs_serve *serve = handle->data;
    free(handle);
    rcs_serve_closed(serve);
}

static void on_probe(uv_stream_t *stream, int status)
{
    (void)stream;
    (void)status;
}

static int probe_port(struct rcs_serve *serve, unsigned port)
{
    uv_tcp_t *tcp = malloc(sizeof(*tcp));
    RCS_ASSERT(tcp != NULL);
    int err = uv_tcp_init(serve->loop, tcp);
    if (err < 0) {
        free(tcp);
        return err;
    }
    tcp->data = serve;
    serve->open++;
    err = rcs_serve_listen(tcp, serve->bind, port, on_probe);
    uv_close((uv_handle_t *)tcp, on_probe_closed);
    return err;
}

/* Those whose program has left without our having heard of it make room for their successors. */
static void drop_left(struct rcs_serve *serve)
{
    struct rcs_standin *next;
    for (struct rcs_standin *s = serve->standins; s != NULL; s = next) {
        next = s->next;
        if (s->node >= 0 && rcs_control_port_left(serve, s->client)) {
            drop(s);
        }
    }
}

static bool port_is_free(struct rcs_serve *serve, unsigned port, struct rcs_diag *diag)
{
    int node = rcs_sim_node_at(serve->sim, serve->bind, port);
    if (node >= 0) {
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                     "Could not create server TCP listening socket %s:%u: it belongs to %s",
                     serve->bind, port, rcs_sim_node_name(serve->sim, node));
        return false;
    }
    int err = probe_port(serve, port);
    if (err < 0) {
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                     "Could not create server TCP listening socket %s:%u: bind: %s", serve->bind,
                     port, uv_strerror(err));
    }
    return err >= 0;
}

/* Redis 7.0 clusterLockConfig */
static bool conf_is_free(const struct rcs_standin *s, struct rcs_diag *diag)
{
    for (const struct rcs_standin *o = s->serve->standins; o != NULL; o = o->next) {
        if (o != s && o->node >= 0 && o->disk.dev == s->disk.dev && o->disk.ino == s->disk.ino &&
            strcmp(o->disk.conf_file, s->disk.conf_file) == 0) {
            rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                         "Sorry, the cluster configuration file %s is already used by a different "
                         "Redis Cluster node. Please make sure that different nodes use different "
                         "cluster configuration files.",
                         s->disk.conf_file);
            return false;
        }
    }
    return true;
}

static bool give_file(struct rcs_standin *s, enum rcs_disk_file file, const struct rcs_buf *bytes,
                      const char *numbers, struct rcs_diag *diag)
{
    rcs_buf_clear(&s->to);
    rcs_buf_format(&s->to, "put %s %s ", s->name, rcs_disk_file_name(file));
    rcs_conf_quote(&s->to, bytes->data, bytes->size_bytes);
    rcs_buf_text(&s->to, numbers);
    return give_order(s->serve, &s->to, diag);
}

static bool good(const struct rcs_diag *diag)
{
    return diag->text[0] == '\0';
}

/* What lies in the directory goes onto the node's disk. */
static bool find_files(struct rcs_standin *s, struct rcs_diag *diag)
{
    struct rcs_buf bytes;
    char numbers[32];
    uint32_t base = 1, incr = 1;
    rcs_buf_init(&bytes);
    diag->text[0] = '\0';
    const struct rcs_config *config = rcs_sim_config(s->serve->sim, s->node);
    if (config->cluster_enabled && rcs_standin_disk_conf(&s->disk, &bytes, diag) &&
        bytes.size_bytes > 0) {
        (void)give_file(s, RCS_DISK_CONF, &bytes, "", diag);
    }
    rcs_buf_clear(&bytes);
    if (good(diag) && rcs_standin_disk_dump(&s->disk, &bytes, diag)) {
        (void)give_file(s, RCS_DISK_DUMP, &bytes, "", diag);
    }
    rcs_buf_clear(&bytes);
    if (good(diag) && config->appendonly &&
        rcs_disk_read_aof(s->serve->sim, s->node, s->disk.aof_file, rcs_standin_disk_aof, &s->disk,
                          &bytes, &base, &incr, diag) == RCS_OK &&
        bytes.size_bytes > 0) {
        snprintf(numbers, sizeof(numbers), " %u %u", base, incr);
        (void)give_file(s, RCS_DISK_AOF, &bytes, numbers, diag);
    }
    rcs_buf_close(&bytes);
    for (unsigned i = 0; i < RCS_DISK_FILES; i++) {
        s->disk.seen[i] = rcs_disk_changes(s->serve->sim, s->node, (enum rcs_disk_file)i);
    }
    return good(diag);
}

static bool lay_out(struct rcs_standin *s, const struct standin_conf *conf, struct rcs_diag *diag)
{
    s->port = conf->port;
    snprintf(s->name, sizeof(s->name), "redis-%u", conf->port);
    rcs_buf_clear(&s->to);
    rcs_buf_format(&s->to, "node %s %s:%u absent", s->name, s->serve->bind, conf->port);
    if (s->pid > 0) {
        rcs_buf_format(&s->to, " pid %lld", (long long)s->pid);
    }
    rcs_buf_add(&s->to, conf->directives.data, conf->directives.size_bytes);
    rcs_buf_text(&s->to, " dir ");
    rcs_conf_quote(&s->to, s->disk.path, strlen(s->disk.path));
    if (!give_order(s->serve, &s->to, diag)) {
        return false;
    }
    s->node = rcs_sim_find_node(s->serve->sim, s->name);
    s->file = RCS_CONF_FILE_GOOD;
    look_at_file(s);
    return true;
}

static void tell_notes(struct rcs_standin *s, const struct standin_conf *conf)
{
    const char *at = conf->notes.data;
    for (size_t left = conf->notes.size_bytes; left > 0;) {
        size_t size = (size_t)((const char *)memchr(at, '\n', left) - at);
        fprintf(stderr, "rcsim: redis-%u: %.*s\n", conf->port, (int)size, at);
        if (s->wants_log) {
            push(s, "+LOG # %.*s", (int)size, at);
        }
        at += size + 1;
        left -= size + 1;
    }
}

static bool start(struct rcs_standin *s, const struct rcs_arg *file,
                  const struct standin_conf *conf, struct rcs_diag *diag)
{
    tell_notes(s, conf);
    drop_left(s->serve);
    if (!port_is_free(s->serve, conf->port, diag) ||
        rcs_standin_disk_open(&s->disk, s->serve->options.disk, conf, file, diag) != RCS_OK) {
        return false;
    }
    bool begun = (!conf->cluster || conf_is_free(s, diag)) && lay_out(s, conf, diag) &&
                 find_files(s, diag) && order(s, "start", diag) &&
                 rcs_serve_look_at_ports(s->serve) == 0;
    if (begun) {
        rcs_standin_disk_save(&s->disk, s->serve->sim, s->node);
        return true;
    }
    if (lives(s)) { /* somebody else was faster with the port */
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "port %u cannot be opened", conf->port);
        (void)order(s, "kill", NULL);
    }
    if (s->node >= 0) {
        memset(s->disk.seen, 0xff, sizeof(s->disk.seen));
        for (unsigned i = 0; i < RCS_DISK_FILES; i++) { /* nothing of this is written */
            s->disk.seen[i] = rcs_disk_changes(s->serve->sim, s->node, (enum rcs_disk_file)i);
        }
        remove_node(s);
    }
    rcs_standin_disk_close(&s->disk);
    return false;
}

/* --- requests --------------------------------------------------------------------------------- */

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
        bool begun = start(s, &args[3], conf, &diag);
        rcs_standin_conf_close(conf);
        if (begun && !uv_is_active((uv_handle_t *)&s->serve->watch)) {
            uv_timer_start(&s->serve->watch, on_watch, WATCH_MS, WATCH_MS);
        }
        if (begun) {
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
    } else if (!order(s, verb, &diag)) {
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
    if (life_of(s) == RCS_LIFE_PAUSED && s->stopped) {
        s->stopped = false;
        (void)order(s, "resume", NULL);
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

static bool is(const struct rcs_arg *arg, const char *text)
{
    return arg->size_bytes == strlen(text) && strncasecmp(arg->bytes, text, arg->size_bytes) == 0;
}

bool rcs_standin_request(void *arg, struct rcs_control_client *client, unsigned argc,
                         const struct rcs_arg *args)
{
    if (argc < 2 || !is(&args[0], "node")) {
        return false;
    }
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (!is(&args[1], requests[i].word)) {
            continue;
        }
        if (argc != requests[i].argc) {
            char text[128];
            snprintf(text, sizeof(text), "-ERR wrong number of words: %s", requests[i].usage);
            answer(client, text);
        } else {
            requests[i].carry_out(find_or_add(arg, client), args);
        }
        return true;
    }
    return false;
}

/* --- with the server -------------------------------------------------------------------------- */

void rcs_standin_gone(void *arg, struct rcs_control_client *client)
{
    struct rcs_standin *s = find(arg, client);
    if (s != NULL) {
        s->client = NULL;
        drop(s);
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
        if (s->node >= 0 && life_of(s) == RCS_LIFE_DOWN) {
            int status = s->crashed ? STATUS_SIGSEGV : rcs_sim_exit_status(serve->sim, s->node);
            remove_node(s);
            push(s, "+EXITED %d", status);
        }
    }
}

void rcs_standins_end(struct rcs_serve *serve)
{
    for (struct rcs_standin *s = serve->standins; s != NULL; s = s->next) {
        s->client = NULL; /* nobody is told any more */
        kill_node(s);
    }
    while (serve->standins != NULL) {
        struct rcs_standin *s = serve->standins;
        serve->standins = s->next;
        standin_free(s);
    }
    rcs_run_on_log(serve->run, NULL, NULL); /* the run outlives the server */
}
