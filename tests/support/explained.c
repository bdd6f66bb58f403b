#include "tests/support/explained.h"

#include <rcsim/scenario.h>

#include "tests/support/support.h"

/* --- traces ----------------------------------------------------------------------------------- */

static void collect(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

struct rcs_buf explain_traced(const char *text, const char *overrides)
{
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf trace;
    rcs_buf_init(&trace);
    if (rcs_scenario_parse(&scenario, "test", text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        fail_msg("%d:%d: %s", diag.line, diag.column, diag.text);
    }
    struct rcs_run_options options = {
        .quiet = true, .overrides = overrides, .trace = true, .write_trace = collect, .arg = &trace
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    if (run == NULL) {
        fail_msg("%s", diag.text);
    }
    while (rcs_run_turn(run, 4096) == RCS_RUN_MORE) {
    }
    assert_int_equal(rcs_run_error(run, &diag), RCS_OK);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    return trace;
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
