/* libFuzzer: any bytes as a trace. Reading must refuse or accept, never read past the end; a trace
 * that is whole equals itself, can be explained and compared, and one that is not whole may be. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/explain.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Explains it and walks over every statement; whether it could be read. */
static bool explain(const char *text, size_t size, const struct rcs_explain_options *options)
{
    struct rcs_explanation *explanation;
    struct rcs_statement statement;
    struct rcs_diag diag;
    enum rcs_err err = rcs_explain(&explanation, "fuzz", text, size, options, &diag);
    if ((err == RCS_OK) != (explanation != NULL)) {
        abort();
    }
    size_t bytes = 0;
    for (size_t i = 0; explanation != NULL && rcs_explanation_statement(explanation, i, &statement);
         i++) {
        bytes += strlen(statement.text) + strlen(statement.what);
    }
    rcs_explanation_free(explanation);
    return err == RCS_OK && (bytes == 0 || bytes > 1);
}

static void ask(const char *text, size_t size, bool whole)
{
    static const struct rcs_explain_options questions[] = {
        { .node = "a5" },
        { .why_not = "a1" },
        { .why_not = "a7", .has_at = true, .at_us = RCS_S(27) },
        { .has_at = true, .at_us = RCS_S(25) },
    };
    if (!explain(text, size, &(struct rcs_explain_options){ .node = NULL }) && whole) {
        abort();
    }
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        (void)explain(text, size, &questions[i]);
    }
    for (unsigned json = 0; json < 2; json++) {
        struct rcs_buf out;
        struct rcs_diag diag;
        rcs_buf_init(&out);
        (void)rcs_compare(&out, json == 1, "a", text, size, "b", text, size, &diag);
        rcs_buf_close(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct rcs_diag diag;
    struct rcs_trace_header header;
    rcs_trace_read_header("fuzz", text, size, &header, &diag);
    rcs_trace_header_close(&header);
    struct rcs_buf report;
    bool same = false;
    rcs_buf_init(&report);
    enum rcs_err err = rcs_trace_diff("a", text, size, "b", text, size, &same, &report, &diag);
    if ((err == RCS_OK) != (rcs_trace_check("fuzz", text, size, &diag) == RCS_OK) ||
        (err == RCS_OK && !same)) {
        abort();
    }
    rcs_buf_close(&report);
    ask(text, size, err == RCS_OK);
    return 0;
}
