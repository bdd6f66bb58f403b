#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tools.h"

/* --- playing ---------------------------------------------------------------------------------- */

struct fuzzing {
    const struct rcs_fuzz *fuzz;
    struct rcs_tally *tally;
    struct trace_file jsonl; /* path NULL: none */
    uint64_t first_seed, runs;
    bool bar; /* a terminal looks on */
    uint64_t shown;
};

static void play(void *arg, uint64_t run, struct rcs_buf *record)
{
    const struct fuzzing *its = arg;
    rcs_fuzz_play(its->fuzz, its->first_seed + run, record);
}

/* Lines of our own, or of a file. */
static enum rcs_err take_lines(struct fuzzing *its, const char *lines, size_t size_bytes,
                               struct rcs_diag *diag)
{
    enum rcs_err err = RCS_OK;
    for (const char *end = lines + size_bytes; lines < end && err == RCS_OK;) {
        const char *lf = memchr(lines, '\n', (size_t)(end - lines));
        size_t size = (size_t)((lf == NULL ? end : lf) - lines);
        err = rcs_tally_line(its->tally, lines, size, diag);
        lines += size + 1;
    }
    return err;
}

static void take(void *arg, uint64_t run, const char *record, size_t size_bytes)
{
    struct fuzzing *its = arg;
    struct rcs_diag diag;
    (void)run;
    enum rcs_err err = take_lines(its, record, size_bytes, &diag);
    RCS_ASSERT(err == RCS_OK); /* we wrote them */
    if (its->jsonl.path != NULL) {
        trace_file_write(&its->jsonl, record, size_bytes);
    }
}

static void name_run(void *arg, uint64_t run, struct rcs_buf *out)
{
    const struct fuzzing *its = arg;
    const unsigned long long seed = its->first_seed + run;
    rcs_buf_format(out, "seed %llu", seed);
}

static void draw_bar(void *arg)
{
    struct fuzzing *its = arg;
    const uint64_t runs = rcs_tally_runs(its->tally), step = its->runs / 1000 + 1;
    if (!its->bar || runs / step == its->shown) {
        return;
    }
    its->shown = runs / step;
    fprintf(stderr, "\r%llu of %llu runs, %llu distinct breaches ", (unsigned long long)runs,
            (unsigned long long)its->runs, (unsigned long long)rcs_tally_breaches(its->tally));
    fflush(stderr);
}

/* --- findings made small ---------------------------------------------------------------------- */

struct reducing {
    const struct rcs_fuzz *fuzz;
    struct rcs_tally *tally;
    unsigned *rows; /* of the tally */
    unsigned count, runs_max;
    const char *dir;
    int state;
    bool text; /* standard output is free for what is told */
};

/* Every breach, and the commonest way to each permitted one. */
static void choose(struct reducing *its)
{
    struct rcs_tally_row row, other;
    for (unsigned i = 0; rcs_tally_row(its->tally, i, &row); i++) {
        bool told = false;
        for (unsigned j = 0; j < its->count && row.permit != NULL && !told; j++) {
            (void)rcs_tally_row(its->tally, its->rows[j], &other);
            told = other.permit != NULL && strcmp(other.finding, row.finding) == 0 &&
                   strcmp(other.permit, row.permit) == 0;
        }
        if (!told) {
            its->rows = realloc(its->rows, (its->count + 1) * sizeof(its->rows[0]));
            RCS_ASSERT(its->rows != NULL);
            its->rows[its->count++] = i;
        }
    }
}

/* The record: the counts, then the text. */
static void reduce(void *arg, uint64_t run, struct rcs_buf *record)
{
    const struct reducing *its = arg;
    struct rcs_tally_row row;
    struct rcs_reduced reduced;
    (void)rcs_tally_row(its->tally, its->rows[run], &row);
    rcs_fuzz_reduce(its->fuzz, row.first_seed, &row, its->runs_max, &reduced);
    rcs_buf_add(record, &reduced, sizeof(reduced));
    rcs_buf_text(record, reduced.text == NULL ? "" : reduced.text);
    free(reduced.text);
}

static void name_file(const struct reducing *its, uint64_t run, const struct rcs_tally_row *row,
                      struct rcs_buf *out)
{
    struct rcs_tally_row other;
    unsigned same = 1;
    for (uint64_t i = 0; i < run; i++) {
        (void)rcs_tally_row(its->tally, its->rows[i], &other);
        same += other.first_seed == row->first_seed && other.permit == row->permit &&
                strcmp(other.finding, row->finding) == 0;
    }
    rcs_buf_format(out, "%s/%s%s%s-seed%llu", its->dir, row->finding,
                   row->permit == NULL ? "" : "-", row->permit == NULL ? "" : row->permit,
                   (unsigned long long)row->first_seed);
    if (same > 1) {
        rcs_buf_format(out, "-%u", same);
    }
    rcs_buf_text(out, ".scenario");
    rcs_buf_add(out, "", 1);
}

static void keep(void *arg, uint64_t run, const char *record, size_t size_bytes)
{
    struct reducing *its = arg;
    struct rcs_tally_row row;
    struct rcs_reduced reduced;
    struct rcs_buf path;
    (void)rcs_tally_row(its->tally, its->rows[run], &row);
    memcpy(&reduced, record, sizeof(reduced));
    rcs_buf_init(&path);
    name_file(its, run, &row, &path);
    struct trace_file file = { .path = path.data };
    RCS_ASSERT(size_bytes > sizeof(reduced)); /* it was found with this seed */
    trace_file_write(&file, record + sizeof(reduced), size_bytes - sizeof(reduced));
    if (!trace_file_close(&file)) {
        its->state = complain("%s cannot be written: %s", path.data, strerror(file.error));
    } else if (its->text) {
        printf("%s: %u of %u faults%s (%u runs)\n", path.data, reduced.faults_after,
               reduced.faults_before, reduced.minimal ? "" : ", perhaps not all needed",
               reduced.runs);
    }
    rcs_buf_close(&path);
}

static void name_finding(void *arg, uint64_t run, struct rcs_buf *out)
{
    const struct reducing *its = arg;
    struct rcs_tally_row row;
    (void)rcs_tally_row(its->tally, its->rows[run], &row);
    rcs_buf_format(out, "seed %llu, made small", (unsigned long long)row.first_seed);
}

static void no_tick(void *arg)
{
    (void)arg;
}

static int reduce_all(const struct run_arguments *arguments, const struct fuzzing *fuzzing,
                      bool text)
{
    struct reducing its = { .fuzz = fuzzing->fuzz,
                            .tally = fuzzing->tally,
                            .runs_max = arguments->runs,
                            .dir = arguments->out,
                            .text = text };
    choose(&its);
    if (text && its.count > 0) {
        puts("");
    }
    int state = its.count == 0 ? 0
                               : jobs_carry_out(&(struct jobs){ .runs = its.count,
                                                                .count = arguments->jobs,
                                                                .play = reduce,
                                                                .take = keep,
                                                                .tick = no_tick,
                                                                .name = name_finding,
                                                                .arg = &its });
    free(its.rows);
    return state != 0 ? state : its.state;
}

/* --- the command ------------------------------------------------------------------------------ */

/* Places are looked at before the first run, so that hours of them are not for nothing. */
static int prepare(struct fuzzing *its, const struct run_arguments *arguments)
{
    its->jsonl.path = arguments->jsonl;
    if (arguments->out != NULL && mkdir(arguments->out, 0777) != 0 && errno != EEXIST) {
        return complain("--out %s: %s", arguments->out, strerror(errno));
    }
    if (arguments->out != NULL && access(arguments->out, W_OK | X_OK) != 0) {
        return complain("--out %s: %s", arguments->out, strerror(errno));
    }
    if (its->jsonl.path != NULL && !trace_file_open(&its->jsonl)) {
        return complain("%s cannot be written: %s", its->jsonl.path, strerror(its->jsonl.error));
    }
    struct rcs_buf begin;
    struct rcs_diag diag;
    rcs_buf_init(&begin);
    rcs_fuzz_begin(its->fuzz, &begin);
    enum rcs_err err = take_lines(its, begin.data, begin.size_bytes, &diag);
    RCS_ASSERT(err == RCS_OK);
    if (its->jsonl.path != NULL) {
        trace_file_write(&its->jsonl, begin.data, begin.size_bytes);
    }
    rcs_buf_close(&begin);
    return 0;
}

static int finish(struct fuzzing *its, bool text)
{
    struct rcs_buf out;
    int state = 0;
    rcs_buf_init(&out);
    if (its->jsonl.path != NULL) {
        rcs_tally_end(its->tally, &out);
        trace_file_write(&its->jsonl, out.data, out.size_bytes);
        if (!trace_file_close(&its->jsonl)) {
            state =
                complain("%s cannot be written: %s", its->jsonl.path, strerror(its->jsonl.error));
        }
        rcs_buf_clear(&out);
    }
    if (text) {
        fuzz_print_text(its->tally, &out);
        fwrite(out.data, 1, out.size_bytes, stdout);
    }
    rcs_buf_close(&out);
    return state;
}

/* Of one seed, before it is played. */
static void print_plan(const struct rcs_fuzz *fuzz, uint64_t seed)
{
    struct rcs_buf plan;
    rcs_buf_init(&plan);
    rcs_fuzz_plan(fuzz, seed, &plan);
    fwrite(plan.data, 1, plan.size_bytes, stdout);
    puts("");
    rcs_buf_close(&plan);
}

static int carry_out(const struct run_arguments *arguments, const struct rcs_fuzz *fuzz)
{
    uint64_t from, size;
    shard_part(arguments->seeds, arguments->shard, arguments->shards, &from, &size);
    const bool text = arguments->jsonl == NULL || strcmp(arguments->jsonl, "-") != 0;
    struct fuzzing its = { .fuzz = fuzz,
                           .tally = rcs_tally_new(),
                           .first_seed = arguments->first_seed + from,
                           .runs = size,
                           .bar = isatty(STDERR_FILENO) };
    int state = prepare(&its, arguments);
    if (state == 0 && size == 1 && text) {
        print_plan(fuzz, its.first_seed);
    }
    if (state == 0 && size > 0) {
        state = jobs_carry_out(&(struct jobs){ .runs = size,
                                               .count = arguments->jobs,
                                               .limit_s = arguments->limit_s,
                                               .play = play,
                                               .take = take,
                                               .tick = draw_bar,
                                               .name = name_run,
                                               .arg = &its });
        if (its.bar) {
            fprintf(stderr, "\r%60s\r", "");
        }
    }
    if (state == 0 || state == EXIT_SIGINT) {
        int written = finish(&its, text);
        state = written != 0 ? written : state;
    }
    if (state == 0 && arguments->out != NULL) {
        state = reduce_all(arguments, &its, text);
    }
    const bool found = rcs_tally_breaches(its.tally) > 0;
    (void)trace_file_close(&its.jsonl);
    rcs_tally_free(its.tally);
    return found && (state == 0 || state == EXIT_SIGINT) ? EXIT_FINDING : state;
}

static int with_text(const struct run_arguments *arguments, const char *text, size_t size_bytes,
                     const char *source, char *path,
                     int (*carry)(const struct run_arguments *, const struct rcs_fuzz *))
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, source, text, size_bytes, include_read, path, &diag) !=
        RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    const struct rcs_fuzz fuzz = { .scenario = scenario,
                                   .file = arguments->file,
                                   .run = &arguments->options };
    int state = rcs_fuzz_check(&fuzz, &diag) != RCS_OK ? complain_diag(&diag, source, path)
                                                       : carry(arguments, &fuzz);
    rcs_scenario_free(scenario);
    return state;
}

int fuzz_with(struct run_arguments *arguments,
              int (*carry)(const struct run_arguments *, const struct rcs_fuzz *))
{
    char *path = NULL;
    const char *source;
    size_t size_bytes;
    char *text = scenario_read(arguments->file, &size_bytes, &path, &source);
    int state =
        text == NULL ? EXIT_USAGE : with_text(arguments, text, size_bytes, source, path, carry);
    free(path);
    free(text);
    return state;
}

int cmd_fuzz(int argc, char **argv)
{
    struct run_arguments arguments;
    int state = fuzz_arguments_read(&arguments, argc, argv);
    state = state == 0 ? fuzz_with(&arguments, carry_out) : state;
    run_arguments_close(&arguments);
    return state;
}
