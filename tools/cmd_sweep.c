#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/tools.h"

/* --- playing ---------------------------------------------------------------------------------- */

struct sweeping {
    const struct rcs_sweep *sweep;
    struct rcs_summary *summary;
    bool bar; /* a terminal looks on */
    int shown;
};

static void play(void *arg, uint64_t run, struct rcs_buf *record)
{
    const struct rcs_sweep *sweep = ((struct sweeping *)arg)->sweep;
    struct rcs_sweep_record *its = malloc(rcs_sweep_record_bytes(sweep));
    RCS_ASSERT(its != NULL);
    rcs_sweep_play(sweep, run, its);
    rcs_buf_add(record, its, rcs_sweep_record_bytes(sweep));
    free(its);
}

static void take(void *arg, uint64_t run, const char *record, size_t size_bytes)
{
    struct rcs_sweep_record *its = malloc(size_bytes); /* for its alignment */
    RCS_ASSERT(its != NULL);
    (void)run;
    memcpy(its, record, size_bytes);
    rcs_summary_add(((struct sweeping *)arg)->summary, its);
    free(its);
}

static void name_run(void *arg, uint64_t run, struct rcs_buf *out)
{
    const struct rcs_sweep *sweep = ((struct sweeping *)arg)->sweep;
    rcs_sweep_point_print(sweep, rcs_sweep_point_of(sweep, run), out);
    rcs_buf_format(out, " with seed %llu", (unsigned long long)rcs_sweep_seed_of(sweep, run));
}

#define BAR_WIDTH 40

static void draw_bar(void *arg)
{
    struct sweeping *its = arg;
    uint64_t done = rcs_summary_runs(its->summary), all = rcs_sweep_runs(its->sweep);
    int thousandths = (int)(done * 1000 / all);
    if (!its->bar || thousandths == its->shown) {
        return;
    }
    its->shown = thousandths;
    fprintf(stderr, "\r[");
    for (int i = 0; i < BAR_WIDTH; i++) {
        fputc(i < thousandths * BAR_WIDTH / 1000 ? '#' : ' ', stderr);
    }
    fprintf(stderr, "] %llu of %llu runs", (unsigned long long)done, (unsigned long long)all);
    fflush(stderr);
}

static void clear_bar(const struct sweeping *its)
{
    if (its->bar) {
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 50, "");
    }
}

/* --- what is written -------------------------------------------------------------------------- */

typedef void print_fn(const struct sweep_report *report, struct rcs_buf *out);

enum { CSV, JSON, HTML, OUTPUTS };

/* Files are opened before the first run, so that hours of them are not for nothing. */
struct outputs {
    struct trace_file files[OUTPUTS];
    bool text; /* standard output is free for it */
};

static bool outputs_open(struct outputs *outputs, const struct run_arguments *arguments)
{
    const char *paths[OUTPUTS] = { arguments->csv, arguments->json, arguments->html };
    for (int i = 0; i < OUTPUTS; i++) {
        outputs->files[i] = (struct trace_file){ .path = paths[i] };
        if (paths[i] != NULL && strcmp(paths[i], "-") == 0) {
            if (!outputs->text) {
                complain("standard output can take one of --csv, --json and --html");
                return false;
            }
            outputs->text = false;
        }
    }
    for (int i = 0; i < OUTPUTS; i++) {
        struct trace_file *file = &outputs->files[i];
        if (file->path != NULL && !trace_file_open(file)) {
            complain("%s cannot be written: %s", file->path, strerror(file->error));
            return false;
        }
    }
    return true;
}

static int write_reports(struct outputs *outputs, const struct sweep_report *report)
{
    static print_fn *const print[OUTPUTS] = {
        [CSV] = sweep_print_csv, [JSON] = sweep_print_json, [HTML] = sweep_print_html
    };
    struct rcs_buf text;
    int state = 0;
    for (int i = 0; i < OUTPUTS; i++) {
        struct trace_file *file = &outputs->files[i];
        if (file->path == NULL) {
            continue;
        }
        rcs_buf_init(&text);
        print[i](report, &text);
        trace_file_write(file, text.data, text.size_bytes);
        rcs_buf_close(&text);
        if (!trace_file_close(file)) {
            state = complain("%s cannot be written: %s", file->path, strerror(file->error));
        }
    }
    if (outputs->text) {
        rcs_buf_init(&text);
        sweep_print_text(report, &text);
        fwrite(text.data, 1, text.size_bytes, stdout);
        rcs_buf_close(&text);
    }
    return state;
}

/* --- the command ------------------------------------------------------------------------------ */

static int carry_out(const struct run_arguments *arguments, const struct rcs_sweep *sweep,
                     const char *title)
{
    struct outputs outputs = { .text = true };
    struct sweeping its = { .sweep = sweep, .bar = isatty(STDERR_FILENO), .shown = -1 };
    int state = EXIT_USAGE;
    if (outputs_open(&outputs, arguments)) {
        its.summary = rcs_summary_new(sweep);
        state = jobs_carry_out(&(struct jobs){
            .runs = rcs_sweep_runs(sweep),
            .count = arguments->jobs,
            .play = play,
            .take = take,
            .tick = draw_bar,
            .name = name_run,
            .arg = &its,
        });
        clear_bar(&its);
    }
    if (state == 0 || state == EXIT_SIGINT) {
        const struct sweep_report report = {
            .file = arguments->file,
            .title = title,
            .sweep = sweep,
            .summary = its.summary,
            .params = arguments->options.params,
            .overrides = arguments->options.overrides,
        };
        int written = write_reports(&outputs, &report);
        state = written != 0 ? written : state;
    }
    for (int i = 0; i < OUTPUTS; i++) {
        (void)trace_file_close(&outputs.files[i]);
    }
    rcs_summary_free(its.summary);
    return state;
}

static int sweep_text(const struct run_arguments *arguments, const char *text, size_t size_bytes,
                      const char *source, char *path)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, source, text, size_bytes, include_read, path, &diag) !=
        RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    struct rcs_sweep_options options = {
        .scenario = scenario,
        .first_seed = arguments->first_seed,
        .seeds = arguments->seeds,
        .run = &arguments->options,
    };
    struct rcs_sweep *sweep = NULL;
    int state = 0;
    for (unsigned i = 0; i < arguments->vary_count && state == 0; i++) {
        if (rcs_axis_read(&options.axes[options.axis_count++], scenario, arguments->vary[i],
                          &diag) != RCS_OK) {
            state = complain("--vary %s: %s", arguments->vary[i], diag.text);
        }
    }
    if (state == 0) {
        state = rcs_sweep_new(&sweep, &options, &diag) != RCS_OK
                    ? complain_diag(&diag, source, path)
                    : carry_out(arguments, sweep, rcs_scenario_title(scenario));
    }
    rcs_sweep_free(sweep);
    rcs_scenario_free(scenario);
    return state;
}

int cmd_sweep(int argc, char **argv)
{
    struct run_arguments arguments;
    char *text = NULL, *path = NULL;
    const char *source;
    size_t size_bytes;
    int state = sweep_arguments_read(&arguments, argc, argv);
    if (state == 0) {
        text = scenario_read(arguments.file, &size_bytes, &path, &source);
        state = text == NULL ? EXIT_USAGE : sweep_text(&arguments, text, size_bytes, source, path);
    }
    free(path);
    free(text);
    run_arguments_close(&arguments);
    return state;
}
