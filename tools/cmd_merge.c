#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

/* A file of a campaign: lines by seed. */
struct part {
    const char *path;
    char *text;
    size_t size_bytes, at; /* where its next run begins */
    int line;
    uint64_t seed; /* of that run */
    bool over;
};

static int refuse(const struct part *part, const char *why)
{
    return complain("%s:%d: %s", part->path, part->line, why);
}

/* The line at hand; false: there is none that is whole. */
static bool line_at(const struct part *part, size_t at, size_t *size_bytes)
{
    const char *lf =
        at == part->size_bytes ? NULL : memchr(part->text + at, '\n', part->size_bytes - at);
    *size_bytes = lf == NULL ? 0 : (size_t)(lf - (part->text + at));
    return lf != NULL;
}

/* `{"seed":"7"`: as rcs_fuzz_play writes it. */
static bool seed_at(const struct part *part, size_t at, uint64_t *out)
{
    static const char begins[] = "{\"seed\":\"";
    const size_t len = sizeof(begins) - 1;
    if (part->size_bytes - at < len || memcmp(part->text + at, begins, len) != 0) {
        return false;
    }
    *out = strtoull(part->text + at + len, NULL, 10); /* a NUL is behind the text */
    return true;
}

/* At its next run, or over. */
static int look(struct part *part)
{
    static const char ends[] = "{\"rcsim-fuzz-end\":";
    uint64_t before = part->seed;
    size_t size;
    bool first = part->line == 2;
    if (!line_at(part, part->at, &size)) {
        return refuse(part, "it ends without its last line: whoever wrote it was killed");
    }
    part->over =
        size >= sizeof(ends) - 1 && memcmp(part->text + part->at, ends, sizeof(ends) - 1) == 0;
    if (part->over) {
        return part->at + size + 1 == part->size_bytes ? 0
                                                       : refuse(part, "something follows its end");
    }
    if (!seed_at(part, part->at, &part->seed)) {
        return refuse(part, "this is neither a run nor the end of the file");
    }
    return first || part->seed > before ? 0 : refuse(part, "seeds do not rise");
}

/* The lines of its next run. */
static int take_run(struct part *part, struct rcs_tally *tally, struct trace_file *jsonl)
{
    uint64_t seed;
    size_t size;
    struct rcs_diag diag;
    do {
        if (!line_at(part, part->at, &size)) {
            return refuse(part, "it ends without its last line: whoever wrote it was killed");
        }
        if (rcs_tally_line(tally, part->text + part->at, size, &diag) != RCS_OK) {
            return refuse(part, diag.text);
        }
        if (jsonl->path != NULL) {
            trace_file_write(jsonl, part->text + part->at, size + 1);
        }
        part->at += size + 1;
        part->line++;
    } while (seed_at(part, part->at, &seed) && seed == part->seed);
    return look(part);
}

static int open_part(struct part *part, const char *path, struct rcs_tally *tally,
                     struct trace_file *jsonl, bool first)
{
    struct rcs_diag diag;
    size_t size;
    *part = (struct part){ .path = path, .line = 1 };
    part->text = file_read(path, &part->size_bytes);
    if (part->text == NULL) {
        return complain("%s cannot be read: %s", path, strerror(errno));
    }
    if (!line_at(part, 0, &size)) {
        return refuse(part, "it does not begin as a file of `rcsim fuzz --jsonl` does");
    }
    if (rcs_tally_line(tally, part->text, size, &diag) != RCS_OK) {
        return refuse(part, diag.text);
    }
    if (first && jsonl->path != NULL) {
        trace_file_write(jsonl, part->text, size + 1);
    }
    part->at = size + 1;
    part->line = 2;
    return look(part);
}

/* Runs by seed, so that what comes out is what one process would have written. */
static int merge(struct part *parts, unsigned count, struct rcs_tally *tally,
                 struct trace_file *jsonl)
{
    while (true) {
        struct part *next = NULL;
        for (unsigned i = 0; i < count; i++) {
            struct part *part = &parts[i];
            if (!part->over && next != NULL && part->seed == next->seed) {
                return complain("seed %llu is in %s and in %s", (unsigned long long)part->seed,
                                next->path, part->path);
            }
            next = !part->over && (next == NULL || part->seed < next->seed) ? part : next;
        }
        int state = next == NULL ? 0 : take_run(next, tally, jsonl);
        if (next == NULL || state != 0) {
            return state;
        }
    }
}

static int finish(struct rcs_tally *tally, struct trace_file *jsonl)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    if (jsonl->path != NULL) {
        rcs_tally_end(tally, &out);
        trace_file_write(jsonl, out.data, out.size_bytes);
        rcs_buf_clear(&out);
    }
    if (jsonl->path == NULL || strcmp(jsonl->path, "-") != 0) {
        fuzz_print_text(tally, &out);
        fwrite(out.data, 1, out.size_bytes, stdout);
    }
    rcs_buf_close(&out);
    if (!trace_file_close(jsonl)) {
        return complain("%s cannot be written: %s", jsonl->path, strerror(jsonl->error));
    }
    return rcs_tally_breaches(tally) > 0 ? EXIT_FINDING : 0;
}

static int merge_files(const struct run_arguments *arguments)
{
    const unsigned count = arguments->more_count + 1;
    struct part *parts = calloc(count, sizeof(parts[0]));
    struct rcs_tally *tally = rcs_tally_new();
    struct trace_file jsonl = { .path = arguments->jsonl };
    int state = 0;
    RCS_ASSERT(parts != NULL);
    for (unsigned i = 0; i < count && state == 0; i++) {
        const char *path = i == 0 ? arguments->file : arguments->more[i - 1];
        state = open_part(&parts[i], path, tally, &jsonl, i == 0);
    }
    state = state == 0 ? merge(parts, count, tally, &jsonl) : state;
    if (state == 0) {
        state = finish(tally, &jsonl);
    }
    (void)trace_file_close(&jsonl);
    for (unsigned i = 0; i < count; i++) {
        free(parts[i].text);
    }
    free(parts);
    rcs_tally_free(tally);
    return state;
}

int cmd_merge(int argc, char **argv)
{
    struct run_arguments arguments;
    int state = merge_arguments_read(&arguments, argc, argv);
    state = state == 0 ? merge_files(&arguments) : state;
    run_arguments_close(&arguments);
    return state;
}
