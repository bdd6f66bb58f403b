/* Subcommands that read traces and run them again, or compare them: replay, log, diff. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

static void collect(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

static char *trace_read(const char *path, size_t *size_bytes, int *state)
{
    struct rcs_diag diag = { .line = 0 };
    char *text = file_read(path, size_bytes);
    if (text == NULL) {
        *state = complain("%s cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    if (rcs_trace_check(path, text, *size_bytes, &diag) != RCS_OK) {
        *state = complain_diag(&diag, "", NULL);
        free(text);
        return NULL;
    }
    return text;
}

/* The trace and its header, for those that run it again. NULL: *state says why. The caller frees
 * the text and closes the header. */
static char *trace_open(const char *path, size_t *size_bytes, struct rcs_trace_header *header,
                        int *state)
{
    struct rcs_diag diag = { .line = 0 };
    char *text = trace_read(path, size_bytes, state);
    if (text != NULL && rcs_trace_read_header(path, text, *size_bytes, header, &diag) != RCS_OK) {
        *state = complain_diag(&diag, "", NULL);
        free(text);
        return NULL;
    }
    return text;
}

int trace_compare(const char *name_a, const char *a, size_t a_bytes, const char *name_b,
                  const char *b, size_t b_bytes, const char *same_text)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf report;
    bool same;
    rcs_buf_init(&report);
    int state = EXIT_HELD;
    if (rcs_trace_diff(name_a, a, a_bytes, name_b, b, b_bytes, &same, &report, &diag) != RCS_OK) {
        state = complain_diag(&diag, "", NULL);
    } else if (same) {
        puts(same_text);
    } else {
        fwrite(report.data, 1, report.size_bytes, stdout);
        state = EXIT_FINDING;
    }
    rcs_buf_close(&report);
    return state;
}

/* Where an interrupted trace ends: between two events of one instant, so that the digest has to
 * tell. */
struct stop {
    bool wanted;
    rcs_us at_us;
    uint64_t digest; /* of any trace */
};

static struct stop stop_of(const char *text, size_t size_bytes)
{
    size_t at = size_bytes;
    while (at > 0 && (text[at - 1] != '\n' || at == size_bytes)) {
        at--;
    }
    const char *last = text + at, *digest = strstr(last, "\"digest\":\"");
    struct stop stop = {
        .wanted = strstr(last, "\"end\":\"interrupted\"") != NULL && digest != NULL &&
                  strncmp(last, "{\"t\":", 5) == 0,
    };
    if (stop.wanted) {
        stop.at_us = strtoll(last + 5, NULL, 10);
    }
    if (digest != NULL) {
        stop.digest = strtoull(digest + strlen("\"digest\":\""), NULL, 16);
    }
    return stop;
}

static void play_until(struct rcs_run *run, const struct stop *stop)
{
    struct rcs_sim *sim = rcs_run_sim(run);
    while (rcs_run_turn(run, stop->wanted ? 1 : 4096) == RCS_RUN_MORE) {
        bool there = rcs_sim_now(sim) == stop->at_us && rcs_sim_digest(sim) == stop->digest;
        if (stop->wanted && (there || rcs_sim_now(sim) > stop->at_us)) {
            rcs_run_interrupt(run);
        }
    }
}

/* Runs the header's scenario again as far as `stop`, with what else `options` want. Its world goes
 * to *sim for as long as it runs, its digest to *digest. */
static int run_again(const struct rcs_trace_header *header, const struct stop *stop,
                     struct rcs_run_options options, struct rcs_sim **sim, uint64_t *digest)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, header->source, header->scenario, strlen(header->scenario),
                           NULL, NULL, &diag) != RCS_OK) {
        return complain_diag(&diag, "", NULL);
    }
    options.seed = header->seed;
    options.has_seed = true;
    options.redis = header->redis;
    options.overrides = header->overrides;
    options.params = header->params;
    options.quiet = true;
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    int state = run == NULL ? complain_diag(&diag, "", NULL) : EXIT_HELD;
    if (run != NULL) {
        *sim = rcs_run_sim(run);
        play_until(run, stop);
        *digest = rcs_sim_digest(*sim);
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    return state;
}

int cmd_replay(int argc, char **argv)
{
    if (argc != 1) {
        return complain("replay takes one trace (rcsim replay TRACE)");
    }
    int state = EXIT_USAGE;
    size_t size_bytes;
    struct rcs_trace_header header;
    char *text = trace_open(argv[0], &size_bytes, &header, &state);
    if (text == NULL) {
        return state;
    }
    struct rcs_buf again;
    rcs_buf_init(&again);
    struct stop stop = stop_of(text, size_bytes);
    struct rcs_sim *sim;
    uint64_t digest;
    state = run_again(
        &header, &stop,
        (struct rcs_run_options){
            .trace = true, .trace_level = header.level, .write_trace = collect, .arg = &again },
        &sim, &digest);
    if (state == EXIT_HELD) {
        state = trace_compare(argv[0], text, size_bytes, "the run just made", again.data,
                              again.size_bytes, "identical");
    }
    rcs_buf_close(&again);
    rcs_trace_header_close(&header);
    free(text);
    return state;
}

/* --- log -------------------------------------------------------------------------------------- */

struct log_printer {
    bool names; /* of several nodes: whose line it is stands in front */
    struct rcs_sim *sim;
};

static void print_log_line(void *arg, int node, rcs_us at_us, const char *line)
{
    const struct log_printer *printer = arg;
    (void)at_us;
    if (printer->names) {
        printf("%s | ", rcs_sim_node_name(printer->sim, node));
    }
    puts(line);
}

static int print_log(const struct rcs_trace_header *header, const struct stop *stop,
                     const char *source, const char *node)
{
    struct log_printer printer = { .names = strcmp(node, "all") == 0 };
    uint64_t digest = 0;
    struct rcs_run_options options = { .log = node, .log_line = print_log_line, .arg = &printer };
    int state = run_again(header, stop, options, &printer.sim, &digest);
    if (state != EXIT_HELD) {
        return state;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return complain("standard output cannot be written: %s", strerror(errno));
    }
    if (digest != stop->digest) {
        fprintf(stderr,
                "rcsim: this is not the run that was recorded: %s was written by another rcsim, "
                "which played it differently (rcsim replay shows where)\n",
                source);
        return EXIT_FINDING;
    }
    return EXIT_HELD;
}

int cmd_log(int argc, char **argv)
{
    if (argc != 2) {
        return complain("log takes a trace and a node, or all (rcsim log TRACE NODE|all)");
    }
    int state = EXIT_USAGE;
    size_t size_bytes;
    struct rcs_trace_header header;
    char *text = trace_open(argv[0], &size_bytes, &header, &state);
    if (text == NULL) {
        return state;
    }
    struct stop stop = stop_of(text, size_bytes);
    state = print_log(&header, &stop, argv[0], argv[1]);
    rcs_trace_header_close(&header);
    free(text);
    return state;
}

/* --- diff ------------------------------------------------------------------------------------- */

int cmd_diff(int argc, char **argv)
{
    if (argc != 2) {
        return complain("diff takes two traces (rcsim diff A B)");
    }
    int state = EXIT_USAGE;
    size_t a_bytes, b_bytes;
    char *a = trace_read(argv[0], &a_bytes, &state);
    char *b = a == NULL ? NULL : trace_read(argv[1], &b_bytes, &state);
    if (b != NULL) {
        state = trace_compare(argv[0], a, a_bytes, argv[1], b, b_bytes, "no difference");
    }
    free(a);
    free(b);
    return state;
}
