/* Subcommands that read traces: replay and diff. */
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
    uint64_t digest;
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

/* Runs the header's scenario again as far as `stop`; its trace goes to `out`. */
static int run_again(const struct rcs_trace_header *header, const struct stop *stop,
                     struct rcs_buf *out)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, header->source, header->scenario, strlen(header->scenario),
                           NULL, NULL, &diag) != RCS_OK) {
        return complain_diag(&diag, "", NULL);
    }
    struct rcs_run_options options = {
        .seed = header->seed,
        .has_seed = true,
        .redis = header->redis,
        .overrides = header->overrides,
        .params = header->params,
        .quiet = true,
        .trace = true,
        .trace_level = header->level,
        .write_trace = collect,
        .arg = out,
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    int state = run == NULL ? complain_diag(&diag, "", NULL) : EXIT_HELD;
    if (run != NULL) {
        play_until(run, stop);
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
    char *text = trace_read(argv[0], &size_bytes, &state);
    if (text == NULL) {
        return state;
    }
    struct rcs_trace_header header;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf again;
    rcs_buf_init(&again);
    if (rcs_trace_read_header(argv[0], text, size_bytes, &header, &diag) != RCS_OK) {
        state = complain_diag(&diag, "", NULL);
    } else {
        struct stop stop = stop_of(text, size_bytes);
        state = run_again(&header, &stop, &again);
        if (state == EXIT_HELD) {
            state = trace_compare(argv[0], text, size_bytes, "the run just made", again.data,
                                  again.size_bytes, "identical");
        }
        rcs_trace_header_close(&header);
    }
    rcs_buf_close(&again);
    free(text);
    return state;
}

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
