/* libFuzzer: any bytes as a trace. Reading must refuse or accept, never read past the end; a trace
 * that is whole equals itself, can be explained and compared, and one that is not whole may be. And
 * as the lines of a session that was served: whatever they say came from outside, it is played. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <rcsim/explain.h>
#include <rcsim/scenario.h>

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

#define PLAYED_BYTES 3000

static void count(void *arg, const char *bytes, size_t size)
{
    *(size_t *)arg += bytes[0] == '{' ? size : 0;
}

/* The bytes as lines between a header and an end that fits. */
static void play(const char *lines, size_t size)
{
    static const char header[] =
        "{\"rcsim-trace\":1,\"level\":\"milestones\",\"redis\":\"7.0\",\"seed\":\"1\","
        "\"source\":\"s\",\"params\":\"\",\"overrides\":\"\",\"serve\":\"127.0.0.1:7001\","
        "\"scenario\":\"site A a1..a3\\ncluster-node-timeout 500\\n\"}\n";
    static const char end[] = "{\"t\":1000000,\"end\":\"complete\",\"milestones\":"
                              "\"0000000000000000\",\"digest\":\"0000000000000000\"";
    struct rcs_buf text;
    struct rcs_diag diag;
    size_t written = 0;
    rcs_buf_init(&text);
    rcs_buf_add(&text, header, sizeof(header) - 1);
    rcs_buf_add(&text, lines, size);
    rcs_buf_text(&text, size > 0 && lines[size - 1] == '\n' ? "" : "\n");
    rcs_buf_text(&text, end);
    uint64_t sum = XXH3_64bits(text.data, text.size_bytes);
    rcs_buf_format(&text, ",\"lines\":\"%016llx\"}\n", (unsigned long long)sum);
    struct rcs_run_options options = { .trace = true, .write_trace = count, .arg = &written };
    struct rcs_replay *replay = rcs_replay_new("fuzz", text.data, text.size_bytes, &options, &diag);
    if (replay != NULL) {
        rcs_replay_play(replay);
        if (rcs_sim_now(rcs_replay_sim(replay)) > 1000000 || written == 0) {
            abort();
        }
    }
    rcs_replay_free(replay);
    rcs_buf_close(&text);
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
    if (size < PLAYED_BYTES) {
        play(text, size);
    }
    return 0;
}
