/* Traces: what a run writes reads back, whatever is missing or was changed is found, and two traces
 * are compared at the level both have. */
#include "tests/support/support.h"

#include <rcsim/trace.h>

static const char scenario[] = "title \"Tr\xc3\xa4um \\ \t\n\x01\xff\xef\x9e\x80\x7f\"\n";

static void collect(void *arg, const char *bytes, size_t size_bytes)
{
    assert_int_equal(bytes[size_bytes - 1], '\n'); /* whole lines */
    rcs_buf_add(arg, bytes, size_bytes);
}

/* Two nodes that meet; one is killed and started again. */
static struct rcs_buf written(enum rcs_trace_level level, uint64_t seed, rcs_us meet_us,
                              bool interrupted)
{
    struct rcs_buf trace;
    struct rcs_diag diag;
    rcs_buf_init(&trace);
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = seed }, &diag);
    char text[sizeof(scenario)], source[] = "two.scenario", empty[] = "", redis[] = "7.0";
    memcpy(text, scenario, sizeof(scenario));
    struct rcs_trace_header header = { .source = source,
                                       .scenario = text,
                                       .seed = seed,
                                       .level = level,
                                       .overrides = empty,
                                       .params = empty,
                                       .redis = redis };
    int nodes[] = { rcs_sim_add_node(sim, "a1", "A", NULL, &diag),
                    rcs_sim_add_node(sim, "a2", "A", NULL, &diag) };
    struct rcs_trace_writer *writer = rcs_trace_writer_new(sim, &header, collect, &trace);
    rcs_trace_note(writer, "step", "1. Start \"both\"");
    rcs_sim_fault(sim, RCS_FAULT_START, nodes, 2, &diag);
    rcs_sim_advance(sim, meet_us);
    struct rcs_session *session = rcs_session_new(sim, NULL, false);
    struct rcs_arg args[] = { { "CLUSTER", 7 }, { "MEET", 4 }, { "10.1.0.2", 8 }, { "6379", 4 } };
    rcs_session_request(session, 0, 4, args);
    rcs_sim_advance(sim, RCS_S(3));
    rcs_sim_partition(sim, nodes, 1, nodes + 1, 1, true);
    rcs_sim_heal(sim, NULL, 0, NULL, 0);
    rcs_sim_fault(sim, RCS_FAULT_KILL, nodes + 1, 1, &diag);
    rcs_sim_advance(sim, RCS_S(1));
    rcs_trace_writer_end(writer, interrupted);
    rcs_session_free(session);
    rcs_sim_free(sim);
    return trace;
}

static enum rcs_err check(const struct rcs_buf *trace, struct rcs_diag *diag)
{
    *diag = (struct rcs_diag){ .line = -1 };
    return rcs_trace_check("t.trace", trace->data, trace->size_bytes, diag);
}

/* The trace with the first `from` replaced. */
static struct rcs_buf edited(const struct rcs_buf *trace, const char *from, const char *to)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    size_t size = strlen(from), at = 0;
    while (at + size <= trace->size_bytes && memcmp(trace->data + at, from, size) != 0) {
        at++;
    }
    assert_true(at + size <= trace->size_bytes);
    rcs_buf_add(&out, trace->data, at);
    rcs_buf_text(&out, to);
    rcs_buf_add(&out, trace->data + at + size, trace->size_bytes - at - size);
    return out;
}

static bool contains(const struct rcs_buf *text, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= text->size_bytes; i++) {
        if (memcmp(text->data + i, part, size) == 0) {
            return true;
        }
    }
    return false;
}

/* --- writing and reading ---------------------------------------------------------------------- */

static void the_header_reads_back(void **state)
{
    (void)state;
    for (int level = 0; level < 2; level++) {
        struct rcs_buf trace = written((enum rcs_trace_level)level, UINT64_MAX, RCS_S(1), false);
        struct rcs_trace_header header;
        struct rcs_diag diag;
        assert_int_equal(
            rcs_trace_read_header("t.trace", trace.data, trace.size_bytes, &header, &diag), RCS_OK);
        assert_string_equal(header.scenario, scenario); /* every byte of it */
        assert_string_equal(header.source, "two.scenario");
        assert_string_equal(header.redis, "7.0");
        assert_string_equal(header.params, "");
        assert_true(header.seed == UINT64_MAX);
        assert_int_equal(header.level, level);
        assert_int_equal(contains(&trace, "\"rcsim\":\"" RCS_VERSION "\""),
                         level == RCS_TRACE_PACKETS);
        rcs_trace_header_close(&header);
        rcs_buf_close(&trace);
    }
}

static void whole_traces_are_whole(void **state)
{
    (void)state;
    for (int level = 0; level < 2; level++) {
        for (int interrupted = 0; interrupted < 2; interrupted++) {
            struct rcs_buf trace =
                written((enum rcs_trace_level)level, 1, RCS_S(1), interrupted == 1);
            struct rcs_diag diag;
            assert_int_equal(check(&trace, &diag), RCS_OK);
            assert_true(
                contains(&trace, interrupted ? "\"end\":\"interrupted\"" : "\"end\":\"complete\""));
            assert_int_equal(contains(&trace, "\"packet\":\"meet\""), level);
            assert_int_equal(contains(&trace, "\"data\":\"request\",\"from\":\"client 0\""), level);
            rcs_buf_close(&trace);
        }
    }
}

static void lines_are_canonical(void **state)
{
    (void)state;
    struct rcs_buf trace = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    assert_true(
        contains(&trace, "\n{\"t\":0,\"note\":\"step\",\"text\":\"1. Start \\\"both\\\"\"}\n"));
    assert_true(contains(&trace, "\n{\"t\":0,\"fault\":\"start\",\"nodes\":[\"a1\",\"a2\"]}\n"));
    assert_true(contains(&trace, "\n{\"t\":0,\"node\":\"a1\",\"what\":\"boot\",\"about\":\"a1\","));
    assert_true(contains(&trace,
                         "\n{\"t\":4000000,\"fault\":\"partition-oneway\",\"nodes\":[\"a1\"],"
                         "\"others\":[\"a2\"]}\n{\"t\":4000000,\"fault\":\"heal\"}\n"
                         "{\"t\":4000000,\"fault\":\"kill\",\"nodes\":[\"a2\"]}\n"));
    assert_true(contains(&trace, "\"what\":\"known\",\"about\":\"a2\""));
    assert_true(contains(&trace, "\"on\":\"pong\",\"from\":\"a2\"}\n"));
    rcs_buf_close(&trace);
}

static void a_trace_does_not_change_the_run(void **state)
{
    (void)state;
    struct rcs_buf milestones = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    struct rcs_buf packets = written(RCS_TRACE_PACKETS, 1, RCS_S(1), false);
    char digest[64];
    size_t at = milestones.size_bytes - 8;
    while (memcmp(milestones.data + --at, "\"digest\"", 8) != 0) {
    }
    snprintf(digest, sizeof(digest), "%.27s", milestones.data + at);
    assert_true(contains(&packets, digest));
    rcs_buf_close(&milestones);
    rcs_buf_close(&packets);
}

/* --- what is wrong is found ------------------------------------------------------------------- */

static void cut_at_every_byte(void **state)
{
    (void)state;
    struct rcs_buf trace = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    for (size_t size = 0; size < trace.size_bytes; size++) {
        char *piece = malloc(size + 1); /* of its own size, so that reading past it is seen */
        assert_non_null(piece);
        piece = realloc(piece, size == 0 ? 1 : size);
        memcpy(piece, trace.data, size);
        struct rcs_diag diag;
        assert_int_equal(rcs_trace_check("t.trace", piece, size, &diag), RCS_ERR_SYNTAX);
        assert_true(diag.line >= 1);
        assert_string_equal(diag.source, "t.trace");
        assert_true(strstr(diag.text, "truncated") != NULL || strstr(diag.text, "empty") != NULL);
        free(piece);
    }
    rcs_buf_close(&trace);
}

static void changed_at_every_byte(void **state)
{
    (void)state;
    struct rcs_buf trace = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    for (size_t i = 0; i < trace.size_bytes; i++) {
        struct rcs_diag diag;
        char kept = trace.data[i];
        trace.data[i] = kept == '7' ? '3' : '7';
        if (check(&trace, &diag) != RCS_ERR_SYNTAX) {
            fail_msg("byte %u changed from '%c' is not found", (unsigned)i, kept);
        }
        assert_true(diag.line >= 1);
        trace.data[i] = kept;
    }
    rcs_buf_close(&trace);
}

struct edit {
    const char *name, *from, *to;
    int line;
    const char *text;
};
#define AGAIN "; write the trace again with `rcsim run --trace`"

static const struct edit edits[] = {
    { "no trace at all", "{\"rcsim-trace\":1", "{\"something\":1", 1,
      "this is no trace: its first line must begin with {\"rcsim-trace\":1 (a scenario is played "
      "by "
      "`rcsim run`)" },
    { "a scenario", "{\"rcsim-trace\":1", "site A a1\n{\"rcsim-trace\":1", 1,
      "this is no trace: its first line must begin with {\"rcsim-trace\":1 (a scenario is played "
      "by "
      "`rcsim run`)" },
    { "another format", "{\"rcsim-trace\":1", "{\"rcsim-trace\":2", 1,
      "the trace's format is not 1, which is the only one this rcsim reads; use the rcsim that "
      "wrote it" },
    { "an unknown level", "\"level\":\"milestones\"", "\"level\":\"bytes\"", 1,
      "the header's \"level\" must be \"milestones\" or \"packets\"" },
    { "a seed that is no number", "\"seed\":\"1\"", "\"seed\":\"one\"", 1,
      "the header's \"seed\" must be a decimal number in quotes, up to 2^64 - 1" },
    { "a seed over 64 bits", "\"seed\":\"1\"", "\"seed\":\"18446744073709551616\"", 1,
      "the header's \"seed\" must be a decimal number in quotes, up to 2^64 - 1" },
    { "a header without scenario", ",\"scenario\":", ",\"play\":", 1,
      "the header has no text \"scenario\"" AGAIN },
    { "an unknown kind of line", "\"note\":\"step\"", "\"dance\":\"step\"", 2,
      "no known kind of line (what, why, note, fault, packet, link, data, outside, order or end)" },
    { "a line without instant", "{\"t\":0,\"note\"", "{\"note\"", 2,
      "the line has no instant \"t\" (whole microseconds)" },
    { "a key too many", "{\"t\":0,\"note\"", "{\"t\":0,\"how\":3,\"note\"", 2,
      "\"how\" does not belong in such a line" },
    { "a key twice", "{\"t\":0,\"note\"", "{\"t\":0,\"t\":0,\"note\"", 2, NULL },
    { "a key that is missing", "\"text\":\"1. Start \\\"both\\\"\"", "\"text2\":\"\"", 2,
      "\"text\" is missing or not as it should be" },
    { "a hash that is none", "\"digest\":\"", "\"digest\":\"x", 0,
      "\"digest\" is missing or not as it should be" },
    { "time that runs backwards", "{\"t\":0,\"note\"", "{\"t\":5,\"note\"", 3,
      "time runs backwards here: lines were moved" AGAIN },
    { "an end of another kind", "\"end\":\"complete\"", "\"end\":\"happy\"", 0,
      "a trace ends \"complete\" or \"interrupted\", not \"happy\"" },
    { "a value of a milestone", "\"what\":\"boot\"", "\"what\":\"birth\"", 0,
      "edited: the lines up to here are not those that were written" AGAIN },
    { "no JSON", "{\"t\":0,\"note\"", "{\"t\":0 \"note\"", 2, NULL },
    { "no object", "{\"t\":0,\"note\"", "[1]\n{\"t\":0,\"note\"", 2,
      "a line of a trace is a JSON object, {...}; this is something else" },
    { "an empty line", "{\"t\":0,\"note\"", "\n{\"t\":0,\"note\"", 2, NULL },
};

static void edit_row(void **state)
{
    const struct edit *row = *state;
    struct rcs_buf trace = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    struct rcs_buf changed = edited(&trace, row->from, row->to);
    struct rcs_diag diag;
    int lines = 0;
    for (size_t i = 0; i < changed.size_bytes; i++) {
        lines += changed.data[i] == '\n';
    }
    assert_int_equal(check(&changed, &diag), RCS_ERR_SYNTAX);
    assert_int_equal(diag.line, row->line == 0 ? lines : row->line);
    assert_true(diag.column >= 1);
    if (row->text != NULL) {
        assert_string_equal(diag.text, row->text);
    }
    rcs_buf_close(&changed);
    rcs_buf_close(&trace);
}

static void lines_behind_the_end(void **state)
{
    (void)state;
    struct rcs_buf trace = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    struct rcs_diag diag;
    rcs_buf_text(&trace, "{\"t\":5000000,\"note\":\"step\",\"text\":\"x\"}\n");
    assert_int_equal(check(&trace, &diag), RCS_ERR_SYNTAX);
    assert_string_equal(diag.text, "the trace has ended in the line before; remove what follows");
    rcs_buf_close(&trace);
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool same(const struct rcs_buf *a, const struct rcs_buf *b, struct rcs_buf *report)
{
    bool equal = false;
    struct rcs_diag diag;
    rcs_buf_clear(report);
    assert_int_equal(rcs_trace_diff("a.trace", a->data, a->size_bytes, "b.trace", b->data,
                                    b->size_bytes, &equal, report, &diag),
                     RCS_OK);
    return equal;
}

static void equal_runs_are_the_same(void **state)
{
    (void)state;
    struct rcs_buf report;
    rcs_buf_init(&report);
    struct rcs_buf milestones = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    struct rcs_buf packets = written(RCS_TRACE_PACKETS, 1, RCS_S(1), false);
    struct rcs_buf again = written(RCS_TRACE_PACKETS, 1, RCS_S(1), false);
    assert_true(same(&packets, &again, &report));
    assert_true(same(&milestones, &packets, &report)); /* at the coarser level */
    assert_true(same(&packets, &milestones, &report));
    assert_int_equal(report.size_bytes, 0);
    rcs_buf_close(&milestones);
    rcs_buf_close(&packets);
    rcs_buf_close(&again);
    rcs_buf_close(&report);
}

static void the_first_difference_is_shown(void **state)
{
    (void)state;
    struct rcs_buf report;
    rcs_buf_init(&report);
    struct rcs_buf a = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    struct rcs_buf b = written(RCS_TRACE_MILESTONES, 1, RCS_S(2), false);
    assert_false(same(&a, &b, &report));
    assert_true(contains(&report, "The first event that differs"));
    assert_true(contains(&report, "\n- a.trace:"));
    assert_true(contains(&report, "\n+ b.trace:"));
    assert_true(contains(&report, "\n  a.trace:"));
    assert_false(contains(&report, "headers"));
    struct rcs_buf c = written(RCS_TRACE_MILESTONES, 2, RCS_S(1), false);
    assert_false(same(&a, &c, &report));
    assert_true(contains(&report, "The headers differ: seed.\n"));
    rcs_buf_close(&a);
    rcs_buf_close(&b);
    rcs_buf_close(&c);
    rcs_buf_close(&report);
}

static void an_interrupted_run_is_another(void **state)
{
    (void)state;
    struct rcs_buf report;
    rcs_buf_init(&report);
    struct rcs_buf a = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    struct rcs_buf b = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), true);
    assert_false(same(&a, &b, &report));
    rcs_buf_close(&a);
    rcs_buf_close(&b);
    rcs_buf_close(&report);
}

static void a_broken_trace_is_not_compared(void **state)
{
    (void)state;
    struct rcs_buf report;
    rcs_buf_init(&report);
    struct rcs_buf a = written(RCS_TRACE_MILESTONES, 1, RCS_S(1), false);
    struct rcs_diag diag;
    bool equal;
    assert_int_equal(rcs_trace_diff("a.trace", a.data, a.size_bytes, "b.trace", a.data,
                                    a.size_bytes - 1, &equal, &report, &diag),
                     RCS_ERR_SYNTAX);
    assert_string_equal(diag.source, "b.trace");
    rcs_buf_close(&a);
    rcs_buf_close(&report);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_reads_back),
        cmocka_unit_test(whole_traces_are_whole),
        cmocka_unit_test(lines_are_canonical),
        cmocka_unit_test(a_trace_does_not_change_the_run),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(changed_at_every_byte),
        cmocka_unit_test(lines_behind_the_end),
        cmocka_unit_test(equal_runs_are_the_same),
        cmocka_unit_test(the_first_difference_is_shown),
        cmocka_unit_test(an_interrupted_run_is_another),
        cmocka_unit_test(a_broken_trace_is_not_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + test_rows(edit_row, edits);
}
