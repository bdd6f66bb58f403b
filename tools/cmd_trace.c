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
    struct rcs_diag diag = { .line = 0 };
    struct rcs_trace_header header;
    struct rcs_buf again;
    rcs_buf_init(&again);
    (void)rcs_trace_read_header(argv[0], text, size_bytes, &header, &diag);
    struct rcs_run_options options = {
        .trace = true, .trace_level = header.level, .write_trace = collect, .arg = &again
    };
    bool served = header.serve != NULL;
    rcs_trace_header_close(&header);
    struct rcs_replay *replay = rcs_replay_new(argv[0], text, size_bytes, &options, &diag);
    if (replay == NULL) {
        state = complain_diag(&diag, "", NULL);
    } else {
        rcs_replay_play(replay);
        /* What clients were answered is in the digest only. */
        bool same =
            !served || rcs_sim_digest(rcs_replay_sim(replay)) == rcs_replay_recorded(replay);
        state = trace_compare(argv[0], text, size_bytes, "the run just made", again.data,
                              again.size_bytes,
                              same ? "identical"
                                   : "The events are the same, but the digest differs: clients "
                                     "were answered otherwise.");
        state = state == EXIT_HELD && !same ? EXIT_FINDING : state;
    }
    rcs_replay_free(replay);
    rcs_buf_close(&again);
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

static int print_log(const char *source, const char *text, size_t size_bytes, const char *node)
{
    struct log_printer printer = { .names = strcmp(node, "all") == 0 };
    struct rcs_run_options options = { .log = node, .log_line = print_log_line, .arg = &printer };
    struct rcs_diag diag = { .line = 0 };
    struct rcs_replay *replay = rcs_replay_new(source, text, size_bytes, &options, &diag);
    if (replay == NULL) {
        return complain_diag(&diag, "", NULL);
    }
    printer.sim = rcs_replay_sim(replay);
    rcs_replay_play(replay);
    bool same = rcs_sim_digest(printer.sim) == rcs_replay_recorded(replay);
    rcs_replay_free(replay);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return complain("standard output cannot be written: %s", strerror(errno));
    }
    if (!same) {
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
    char *text = trace_read(argv[0], &size_bytes, &state);
    if (text != NULL) {
        state = print_log(argv[0], text, size_bytes, argv[1]);
    }
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
