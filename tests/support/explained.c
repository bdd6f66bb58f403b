#include "tests/support/explained.h"

#include "tests/support/play.h"
#include "tests/support/support.h"

/* --- traces ----------------------------------------------------------------------------------- */

struct rcs_buf explain_traced(const char *text, const char *overrides)
{
    struct played played = play_with(
        text, (struct rcs_run_options){ .quiet = true, .overrides = overrides, .trace = true });
    played_through(&played);
    rcs_buf_close(&played.out);
    return played.trace;
}

struct rcs_buf explain_golden(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", RCS_TEST_TRACES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct rcs_buf trace;
    rcs_buf_init(&trace);
    char bytes[4096];
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), file)) > 0;) {
        rcs_buf_add(&trace, bytes, got);
    }
    fclose(file);
    rcs_buf_add(&trace, "", 1); /* a NUL, which does not count */
    trace.size_bytes--;
    return trace;
}

/* The trace without the line of that number, or (0) without all that hold `part`. */
struct rcs_buf explain_without(const struct rcs_buf *trace, int line, const char *part)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    int number = 0;
    for (const char *at = trace->data, *end = at + trace->size_bytes; at < end;) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)(lf - at) + 1;
        bool drop = ++number == line;
        for (size_t i = 0; !drop && part != NULL && i + strlen(part) <= size; i++) {
            drop = number > 1 && memcmp(at + i, part, strlen(part)) == 0;
        }
        if (!drop) {
            rcs_buf_add(&out, at, size);
        }
        at += size;
    }
    return out;
}

/* --- explanations as text --------------------------------------------------------------------- */

struct rcs_explanation *explain_trace(const struct rcs_buf *trace,
                                      const struct rcs_explain_options *options)
{
    struct rcs_explanation *explanation;
    struct rcs_diag diag = { .line = 0 };
    if (rcs_explain(&explanation, "t.trace", trace->data, trace->size_bytes, options, &diag) !=
        RCS_OK) {
        fail_msg("%s:%d: %s", diag.source, diag.line, diag.text);
    }
    return explanation;
}

struct rcs_buf explain_text_of(const struct rcs_explanation *explanation)
{
    struct rcs_buf text;
    struct rcs_statement statement;
    rcs_buf_init(&text);
    for (size_t i = 0; rcs_explanation_statement(explanation, i, &statement); i++) {
        rcs_buf_format(&text, "%*s%s\n", (int)statement.depth * 2, "", statement.text);
    }
    rcs_buf_add(&text, "", 1);
    return text;
}

struct rcs_buf explain_asked(const struct rcs_buf *trace, const struct rcs_explain_options *options)
{
    struct rcs_explanation *explanation = explain_trace(trace, options);
    struct rcs_buf text = explain_text_of(explanation);
    rcs_explanation_free(explanation);
    return text;
}
