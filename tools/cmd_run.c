#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/uv.h>

#include "tools/tools.h"

static void print_stdout(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg;
    fwrite(bytes, 1, size_bytes, stdout);
}

/* Wall-clock figures are no part of what a run says: they go to stderr. */
static void print_speed(struct rcs_run *run, uint64_t wall_ns)
{
    struct rcs_sim_counts counts;
    rcs_sim_counts(rcs_run_sim(run), &counts);
    uint64_t wall_us = wall_ns / 1000 + 1;
    fprintf(stderr, "wall time %llu.%03llu ms: %llu events, %llu times real time\n",
            (unsigned long long)(wall_us / 1000), (unsigned long long)(wall_us % 1000),
            (unsigned long long)counts.events,
            (unsigned long long)((uint64_t)rcs_sim_now(rcs_run_sim(run)) / wall_us));
}

static int play(struct rcs_run *run, const struct run_arguments *arguments, const char *source,
                const char *path)
{
    bool interrupted;
    uint64_t began_ns = uv_hrtime();
    int err = rcs_pump_run(run, arguments->batch, &interrupted);
    if (err < 0) {
        fprintf(stderr, "rcsim: libuv: %s\n", uv_strerror(err));
        return EXIT_INTERNAL;
    }
    struct rcs_diag diag;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return complain("standard output cannot be written: %s", strerror(errno));
    }
    if (rcs_run_error(run, &diag) != RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    if (!arguments->options.quiet) {
        print_speed(run, uv_hrtime() - began_ns);
    }
    return interrupted ? EXIT_SIGINT : rcs_run_failures(run) > 0 ? EXIT_FINDING : EXIT_HELD;
}

static int run_text(struct run_arguments *arguments, const char *text, size_t size_bytes,
                    const char *source, char *path)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, source, text, size_bytes, include_read, path, &diag) !=
        RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    struct trace_file trace = { .path = arguments->trace_path };
    arguments->options.print = print_stdout;
    arguments->options.write_trace = trace_file_write;
    arguments->options.arg = &trace;
    struct rcs_run *run = rcs_run_new(scenario, &arguments->options, &diag);
    int state = EXIT_USAGE;
    if (run == NULL) {
        complain_diag(&diag, source, path);
    } else if (trace.path == NULL || trace.file != NULL || trace_file_open(&trace)) {
        state = play(run, arguments, source, path);
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    if (!trace_file_close(&trace)) {
        state = complain("%s cannot be written: %s", trace.path, strerror(trace.error));
    }
    return state;
}

int cmd_run(int argc, char **argv)
{
    struct run_arguments arguments;
    char *text = NULL, *path = NULL;
    const char *source;
    size_t size_bytes;
    int state = run_arguments_read(&arguments, 1, argc, argv);
    if (state == 0) {
        text = scenario_read(arguments.file, &size_bytes, &path, &source);
        state = text == NULL ? EXIT_USAGE
                : arguments.release_count > 0
                    ? run_releases(&arguments, text, size_bytes, source, path)
                    : run_text(&arguments, text, size_bytes, source, path);
    }
    free(path);
    free(text);
    run_arguments_close(&arguments);
    return state;
}
