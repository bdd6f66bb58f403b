#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

/* NAME, or NAME/PERMIT. */
static bool is_wanted(const char *wanted, const struct rcs_tally_row *row)
{
    size_t size = strcspn(wanted, "/");
    return strlen(row->finding) == size && memcmp(row->finding, wanted, size) == 0 &&
           (wanted[size] == '\0' ||
            (row->permit != NULL && strcmp(row->permit, wanted + size + 1) == 0));
}

/* False: the seed shows none; it says what it does show. */
static bool choose(struct rcs_tally *tally, const struct run_arguments *arguments,
                   struct rcs_tally_row *out)
{
    struct rcs_buf shown;
    rcs_buf_init(&shown);
    for (unsigned i = 0; rcs_tally_row(tally, i, out); i++) {
        if (arguments->finding == NULL || is_wanted(arguments->finding, out)) {
            rcs_buf_close(&shown);
            return true;
        }
        rcs_buf_format(&shown, "%s%s%s%s", i > 0 ? ", " : "", out->finding,
                       out->permit != NULL ? "/" : "", out->permit != NULL ? out->permit : "");
    }
    rcs_buf_add(&shown, "", 1);
    if (arguments->finding != NULL && shown.data[0] != '\0') {
        complain("seed %llu shows no %s (it shows %s)", (unsigned long long)arguments->options.seed,
                 arguments->finding, shown.data);
    } else {
        complain("seed %llu shows nothing", (unsigned long long)arguments->options.seed);
    }
    rcs_buf_close(&shown);
    return false;
}

static void take_lines(struct rcs_tally *tally, const struct rcs_buf *lines)
{
    struct rcs_diag diag;
    for (size_t at = 0; at < lines->size_bytes;) {
        const char *lf = memchr(lines->data + at, '\n', lines->size_bytes - at);
        size_t size = (size_t)(lf - (lines->data + at));
        enum rcs_err err = rcs_tally_line(tally, lines->data + at, size, &diag);
        RCS_ASSERT(err == RCS_OK); /* we wrote it */
        at += size + 1;
    }
}

static int write_reduced(const struct run_arguments *arguments, const struct rcs_tally_row *row,
                         const struct rcs_reduced *reduced)
{
    struct trace_file file = { .path = arguments->out == NULL ? "-" : arguments->out };
    trace_file_write(&file, reduced->text, strlen(reduced->text));
    if (!trace_file_close(&file)) {
        return complain("%s cannot be written: %s", file.path, strerror(file.error));
    }
    fprintf(arguments->out == NULL ? stderr : stdout, "%s%s%s: %u of %u faults%s (%u runs)\n",
            row->finding, row->permit != NULL ? "/" : "", row->permit != NULL ? row->permit : "",
            reduced->faults_after, reduced->faults_before,
            reduced->minimal ? "" : ", perhaps not all needed", reduced->runs);
    return 0;
}

static int carry_out(const struct run_arguments *arguments, const struct rcs_fuzz *fuzz)
{
    struct rcs_tally *tally = rcs_tally_new();
    struct rcs_tally_row row;
    struct rcs_reduced reduced;
    struct rcs_buf lines;
    int state = EXIT_FINDING;
    rcs_buf_init(&lines);
    rcs_fuzz_begin(fuzz, &lines);
    rcs_fuzz_play(fuzz, arguments->options.seed, &lines);
    take_lines(tally, &lines);
    if (choose(tally, arguments, &row)) {
        rcs_fuzz_reduce(fuzz, arguments->options.seed, &row, arguments->runs, &reduced);
        RCS_ASSERT(reduced.text != NULL); /* the seed shows it */
        state = write_reduced(arguments, &row, &reduced);
        free(reduced.text);
    }
    rcs_buf_close(&lines);
    rcs_tally_free(tally);
    return state;
}

int cmd_shrink(int argc, char **argv)
{
    struct run_arguments arguments;
    int state = shrink_arguments_read(&arguments, argc, argv);
    state = state == 0 ? fuzz_with(&arguments, carry_out) : state;
    run_arguments_close(&arguments);
    return state;
}
