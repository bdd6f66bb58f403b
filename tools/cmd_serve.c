#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rcsim/uv.h>

#include "sim/scenario/kept_trace.h"
#include "tools/tools.h"

#define SETUP_EVENTS 65536
/* What a scenario plays before it is served may take so long by its own clock. */
#define SETUP_US RCS_S(3600)

struct served {
    struct rcs_run *run;
    struct rcs_kept_trace *kept;
    const char *disk;        /* orders write files below it; NULL: nowhere */
    struct trace_file trace; /* path NULL: none is written */
    struct rcs_serve *serve;
    struct rcs_diag diag; /* why it ended, text "": as told */
};

/* --- what is served --------------------------------------------------------------------------- */

/* A scenario for --nodes and --replicas: what anybody would write. */
static char *make_scenario(const struct run_arguments *arguments, size_t *size_bytes)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "title \"%u nodes\"\n", arguments->nodes);
    rcs_buf_text(&text, "network loopback\n");
    for (unsigned i = 1; i <= arguments->nodes; i++) {
        rcs_buf_format(&text, "node n%u\n", i);
    }
    if (arguments->replicas > 0) {
        rcs_buf_format(&text,
                       "step \"Create the cluster\"\n"
                       "cli --cluster create n1..n%u --cluster-replicas %u\n"
                       "await state ok on n1..n%u within 60s\n"
                       "await link up on n%u..n%u within 60s\n",
                       arguments->nodes, arguments->replicas, arguments->nodes,
                       arguments->nodes / (arguments->replicas + 1) + 1, arguments->nodes);
    }
    *size_bytes = text.size_bytes;
    rcs_buf_add(&text, "", 1);
    return text.data;
}

static char *read_scenario(const struct run_arguments *arguments, size_t *size_bytes, char **path,
                           const char **source)
{
    if (arguments->file == NULL) {
        *source = "serve";
        return make_scenario(arguments, size_bytes);
    }
    return scenario_read(arguments->file, size_bytes, path, source);
}

/* Clients are told this address, and whoever reaches a node without a password owns it. */
static int check_bind(const struct run_arguments *arguments)
{
    struct sockaddr_in four;
    const char *ip = arguments->bind;
    if (uv_ip4_addr(ip, 0, &four) != 0 || four.sin_addr.s_addr == 0) {
        return complain("--bind %s: nodes need one IPv4 address, which they tell their clients",
                        ip);
    }
    bool loopback = strncmp(ip, "127.", 4) == 0;
    bool password = strstr(arguments->options.overrides, "requirepass ") != NULL;
    return loopback || password || arguments->unsafe_bind
               ? 0
               : complain("--bind %s lets others reach the nodes: give them a password "
                          "(--requirepass WORD), or say --unsafe-bind",
                          ip);
}

static int check_arguments(const struct run_arguments *arguments)
{
    int state = check_bind(arguments);
    if (state != 0) {
        return state;
    }
    if (arguments->replicas > 0 && arguments->nodes / (arguments->replicas + 1) < 3) {
        return complain("%u nodes with %u replicas a master are %u masters: a cluster needs 3",
                        arguments->nodes, arguments->replicas,
                        arguments->nodes / (arguments->replicas + 1));
    }
    if (arguments->file != NULL && arguments->replicas > 0) {
        return complain("--replicas is for nodes made without a scenario: leave out %s",
                        arguments->file);
    }
    unsigned last = arguments->port + arguments->nodes - 1;
    if (arguments->nodes > 0 && arguments->control >= arguments->port &&
        arguments->control <= last) {
        return complain("--control %u is a port of a node (%u to %u)", arguments->control,
                        arguments->port, last);
    }
    return 0;
}

/* What has to be there before anybody connects: the first steps, as fast as they go. */
static int set_up(struct rcs_run *run, const char *source, const char *path)
{
    struct rcs_diag diag;
    for (;;) {
        rcs_us next_us = rcs_run_next(run);
        if (rcs_run_idle(run)) {
            break;
        }
        enum rcs_run_state state =
            next_us > SETUP_US ? RCS_RUN_DONE : rcs_run_until(run, next_us, SETUP_EVENTS);
        if (state == RCS_RUN_DONE && rcs_run_error(run, &diag) == RCS_OK) {
            return complain("%s: its first step does not come to an end", source);
        }
        if (state == RCS_RUN_DONE) {
            return complain_diag(&diag, source, path);
        }
    }
    if (rcs_run_error(run, &diag) != RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    return rcs_run_failures(run) == 0
               ? 0
               : complain("%s: an expectation of its first step does not hold", source);
}

static int64_t real_wall_ms(void)
{
    uv_timeval64_t now;
    return uv_gettimeofday(&now) == 0 ? now.tv_sec * 1000 + now.tv_usec / 1000 : 0;
}

/* Clients that count on their own clocks (EXPIREAT) need nodes that have the same date when they
 * begin to be served. How long the first steps take by the nodes' clocks is found by playing them.
 */
static int date_clock(const struct rcs_scenario *scenario, struct rcs_run_options *options,
                      const char *source, const char *path, int64_t *wall_ms)
{
    struct rcs_run_options trial = *options;
    struct rcs_diag diag = { .line = 0 };
    trial.trace = false;
    struct rcs_run *run = rcs_run_new(scenario, &trial, &diag);
    if (run == NULL) {
        return complain_diag(&diag, source, path);
    }
    int state = set_up(run, source, path);
    *wall_ms = real_wall_ms();
    options->start_wall_ms = (*wall_ms - rcs_sim_now(rcs_run_sim(run)) / 1000) / 1000 * 1000;
    rcs_run_free(run);
    return state;
}

/* The clock of nodes began at a whole second: what is left of it passes. */
static void align(struct rcs_run *run, int64_t start_wall_ms, int64_t wall_ms)
{
    rcs_us at_us = RCS_MS(wall_ms - start_wall_ms);
    while (at_us > rcs_sim_now(rcs_run_sim(run)) && start_wall_ms != 0 &&
           rcs_run_until(run, at_us, SETUP_EVENTS) == RCS_RUN_MORE) {
    }
}

/* --- serving ---------------------------------------------------------------------------------- */

static void print_nodes(const struct rcs_sim *sim)
{
    for (unsigned i = 0; i < rcs_sim_node_count(sim); i++) {
        struct rcs_view view;
        rcs_sim_view(sim, (int)i, &view);
        printf("%s %s:%d %s\n", rcs_sim_node_name(sim, (int)i), rcs_sim_node_ip(sim, (int)i),
               rcs_sim_node_port(sim, (int)i),
               !view.running  ? "down"
               : view.replica ? "replica"
                              : "master");
    }
}

static void on_ready(void *arg)
{
    struct served *served = arg;
    print_nodes(rcs_run_sim(served->run));
    printf("ready\n");
    fflush(stdout);
}

static void on_done(void *arg, const struct rcs_diag *diag)
{
    struct served *served = arg;
    if (diag != NULL) {
        served->diag = *diag;
    }
}

/* Both the file, with all that came in, and what orders like `explain` read. */
static void write_trace(void *arg, const char *bytes, size_t size_bytes)
{
    struct served *served = arg;
    rcs_kept_trace_write(served->kept, bytes, size_bytes);
    if (served->trace.path != NULL) {
        trace_file_write(&served->trace, bytes, size_bytes);
    }
}

/* Whoever may give orders may not write wherever this process may: a plain name below --disk. */
static FILE *open_below(const char *directory, const char *name)
{
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
        errno = EINVAL;
        return NULL;
    }
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = dir < 0
                   ? -1
                   : openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (dir >= 0) {
        (void)close(dir);
    }
    return file < 0 ? NULL : fdopen(file, "wb");
}

/* A copy of the trace as far as it is written. */
static enum rcs_err save_trace(void *arg, const char *file, struct rcs_diag *diag)
{
    const struct served *served = arg;
    if (served->trace.path == NULL || strcmp(served->trace.path, "-") == 0) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "this session is not recorded: start rcsim serve with --trace FILE");
    }
    if (served->disk == NULL) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "orders write files below a directory only that rcsim serve --disk "
                            "DIR names");
    }
    size_t size_bytes;
    struct rcs_buf end; /* the line that makes it whole */
    rcs_buf_init(&end);
    bool written = rcs_run_flush_trace(served->run, &end) && fflush(served->trace.file) == 0;
    char *text = written ? file_read(served->trace.path, &size_bytes) : NULL;
    FILE *out = text == NULL ? NULL : open_below(served->disk, file);
    written = out != NULL && fwrite(text, 1, size_bytes, out) == size_bytes &&
              fwrite(end.data, 1, end.size_bytes, out) == end.size_bytes;
    if (out != NULL) {
        written &= fclose(out) == 0;
    }
    free(text);
    rcs_buf_close(&end);
    return written ? RCS_OK
                   : rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                                  "%s cannot be written below %s: %s (a plain name does)", file,
                                  served->disk, strerror(errno));
}

static int serve(struct served *served, const struct run_arguments *arguments, const char *source,
                 const char *path)
{
    struct rcs_serve_options options = {
        .run = served->run,
        .kept = served->kept,
        .save = save_trace,
        .bind = arguments->bind,
        .control_port = arguments->control,
        .disk = arguments->disk,
        .speed = arguments->speed,
        .ready = on_ready,
        .done = on_done,
        .arg = served,
    };
    uv_loop_t loop;
    signal(SIGPIPE, SIG_IGN); /* a client that vanishes ends only its connection */
    int err = uv_loop_init(&loop);
    if (err < 0) {
        fprintf(stderr, "rcsim: libuv: %s\n", uv_strerror(err));
        return EXIT_INTERNAL;
    }
    enum rcs_err wrong = rcs_serve_start(&served->serve, &loop, &options, &served->diag);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    if (wrong != RCS_OK) {
        return complain("%s", served->diag.text);
    }
    return served->diag.text[0] == '\0' ? EXIT_HELD : complain_diag(&served->diag, source, path);
}

/* Only what fails is printed of a scenario. */
static void print_stderr(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg;
    fwrite(bytes, 1, size_bytes, stderr);
}

static int serve_text(struct run_arguments *arguments, const char *text, size_t size_bytes,
                      const char *source, char *path)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, source, text, size_bytes, include_read, path, &diag) !=
        RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    struct served served = { .kept = rcs_kept_trace_new(),
                             .disk = arguments->disk,
                             .trace = { .path = arguments->trace_path } };
    arguments->options.print = print_stderr;
    arguments->options.quiet = true;
    arguments->options.trace = true;
    arguments->options.trace_without_clients = arguments->trace_path == NULL;
    arguments->options.write_trace = write_trace;
    arguments->options.arg = &served;
    arguments->options.serve_ip = arguments->bind;
    arguments->options.serve_port = arguments->port;
    arguments->options.hold = true;
    int64_t wall_ms = 0;
    int state = arguments->speed == 0
                    ? 0
                    : date_clock(scenario, &arguments->options, source, path, &wall_ms);
    struct rcs_run *run = state == 0 ? rcs_run_new(scenario, &arguments->options, &diag) : NULL;
    served.run = run;
    if (state == 0 && run == NULL) {
        state = complain_diag(&diag, source, path);
    } else if (state == 0 && (served.trace.path == NULL || served.trace.file != NULL ||
                              trace_file_open(&served.trace))) {
        state = set_up(run, source, path);
        if (state == 0) {
            align(run, arguments->options.start_wall_ms, wall_ms);
            if (arguments->play) {
                rcs_run_play(run, RCS_RUN_ALL_STEPS);
            }
            state = serve(&served, arguments, source, path);
        }
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    rcs_kept_trace_free(served.kept);
    arguments->options.arg = NULL; /* it was `served` */
    if (!trace_file_close(&served.trace)) {
        state =
            complain("%s cannot be written: %s", served.trace.path, strerror(served.trace.error));
    }
    return state;
}

int cmd_serve(int argc, char **argv)
{
    struct run_arguments arguments;
    int state = serve_arguments_read(&arguments, argc, argv);
    arguments.bind = arguments.bind == NULL ? "127.0.0.1" : arguments.bind;
    state = state != 0 ? state : check_arguments(&arguments);
    char *text = NULL, *path = NULL;
    const char *source;
    size_t size_bytes;
    if (state == 0) {
        text = read_scenario(&arguments, &size_bytes, &path, &source);
        state = text == NULL ? EXIT_USAGE : serve_text(&arguments, text, size_bytes, source, path);
    }
    free(path);
    free(text);
    run_arguments_close(&arguments);
    return state;
}
