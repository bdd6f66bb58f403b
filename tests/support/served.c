#include "tests/support/served.h"

#include "tests/support/play.h"
#include "tests/support/support.h"

static void collect(void *arg, const char *bytes, size_t size_bytes)
{
    struct served *served = arg;
    /* Lines of a trace begin with a brace, those of a transcript do not. */
    rcs_buf_add(bytes[0] == '{' ? &served->trace : &served->out, bytes, size_bytes);
    if (bytes[0] == '{' && served->tee != NULL) {
        served->tee(served->tee_arg, bytes, size_bytes);
    }
}

void served_open(struct served *served, const char *text, struct rcs_run_options options)
{
    served_open_with(served, text, options, NULL, NULL);
}

void served_open_with(struct served *served, const char *text, struct rcs_run_options options,
                      rcs_trace_write_fn *tee, void *tee_arg)
{
    struct rcs_diag diag = { .line = 0 };
    memset(served, 0, sizeof(*served));
    served->tee = tee;
    served->tee_arg = tee_arg;
    rcs_buf_init(&served->out);
    rcs_buf_init(&served->trace);
    for (unsigned i = 0; i < 8; i++) {
        rcs_buf_init(&served->got[i]);
    }
    served->scenario = play_parsed("t.scenario", text);
    options.serve_ip = "127.0.0.1";
    options.serve_port = 7001;
    options.trace = true;
    options.print = collect;
    options.write_trace = collect;
    options.arg = served;
    served->run = rcs_run_new(served->scenario, &options, &diag);
    if (served->run == NULL) {
        fail_msg("%s:%d:%d: %s", diag.source, diag.line, diag.column, diag.text);
    }
    served->sim = rcs_run_sim(served->run);
    served_pass(served, 0, 0);
}

void served_end(struct served *served)
{
    if (served->run != NULL) {
        rcs_run_finish(served->run);
        rcs_run_free(served->run);
        served->run = NULL;
    }
}

void served_close(struct served *served)
{
    served_end(served);
    rcs_scenario_free(served->scenario);
    rcs_buf_close(&served->out);
    rcs_buf_close(&served->trace);
    for (unsigned i = 0; i < 8; i++) {
        rcs_buf_close(&served->got[i]);
    }
}

static void take(struct served *served)
{
    struct rcs_outside_output out;
    while (rcs_outside_take(served->sim, &out)) {
        assert_in_range(out.number, 1, 7);
        rcs_buf_add(&served->got[out.number], out.bytes, out.size_bytes);
        served->closed[out.number] |= out.closed;
    }
}

static void until(struct served *served, rcs_us at_us)
{
    enum rcs_run_state state;
    do {
        state = rcs_run_until(served->run, at_us, 1000);
        take(served);
    } while (state == RCS_RUN_MORE);
    struct rcs_diag diag = { .line = 0 };
    if (state != RCS_RUN_REACHED) {
        (void)rcs_run_error(served->run, &diag);
        fail_msg("the run ended: %s:%d:%d: %s", diag.source, diag.line, diag.column, diag.text);
    }
    assert_int_equal(rcs_sim_now(served->sim), at_us);
}

void served_pass(struct served *served, rcs_us duration, rcs_us slice)
{
    rcs_us end = rcs_sim_now(served->sim) + duration;
    while (slice > 0 && rcs_sim_now(served->sim) + slice < end) {
        until(served, rcs_sim_now(served->sim) + slice);
    }
    until(served, end);
}

uint32_t served_connect(struct served *served, int node)
{
    struct rcs_address peer = { .ip = "127.0.0.1", .port = 50000 };
    served_pass(served, 0, 0);
    uint32_t number = rcs_outside_open(served->sim, node, &peer, NULL);
    served_pass(served, 0, 0);
    return number;
}

void served_send(struct served *served, uint32_t number, const char *words)
{
    struct rcs_arg args[16];
    unsigned argc = 0;
    for (const char *at = words; *at != '\0';) {
        size_t len = strcspn(at, " ");
        args[argc++] = (struct rcs_arg){ at, (uint32_t)len };
        at += len + (at[len] == ' ');
    }
    struct rcs_buf bytes;
    rcs_buf_init(&bytes);
    rcs_resp_request(&bytes, argc, args);
    rcs_buf_clear(&served->got[number]);
    served_pass(served, 0, 0);
    rcs_outside_data(served->sim, number, bytes.data, bytes.size_bytes);
    rcs_buf_close(&bytes);
    served_pass(served, 0, 0);
    rcs_buf_add(&served->got[number], "", 1);
    served->got[number].size_bytes--;
}

static void on_done(void *arg, bool success, const char *text, size_t size_bytes)
{
    struct served *served = arg;
    assert_false(served->told);
    served->told = true;
    served->success = success;
    snprintf(served->text, sizeof(served->text), "%.*s", (int)size_bytes, text);
}

static void give(struct served *served, const char *text)
{
    struct rcs_diag diag = { .line = 0 };
    served->told = false;
    enum rcs_err err = rcs_run_order(served->run, text, strlen(text), on_done, served, &diag);
    if (err != RCS_OK) {
        assert_false(served->told);
        assert_string_equal(diag.source, "order");
        served->told = true;
        served->success = false;
        snprintf(served->text, sizeof(served->text), "%s:%d:%d: %s", diag.source, diag.line,
                 diag.column, diag.text);
    }
    for (unsigned i = 0; i < 300000 && !served->told; i++) {
        served_pass(served, RCS_MS(1), 0);
    }
    assert_true(served->told);
    assert_int_equal(rcs_run_orders(served->run), 0);
}

void served_order(struct served *served, const char *text)
{
    give(served, text);
    if (!served->success) {
        fail_msg("%s: %s", text, served->text);
    }
}

const char *served_refused(struct served *served, const char *text)
{
    give(served, text);
    if (served->success) {
        fail_msg("%s succeeded: %s", text, served->text);
    }
    return served->text;
}

static void add(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

void served_replays(const struct served *served)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf again, report;
    rcs_buf_init(&again);
    rcs_buf_init(&report);
    struct rcs_trace_header header;
    if (rcs_trace_read_header("t.trace", served->trace.data, served->trace.size_bytes, &header,
                              &diag) != RCS_OK) {
        fail_msg("%d: %s", diag.line, diag.text);
    }
    struct rcs_run_options options = {
        .trace = true, .trace_level = header.level, .write_trace = add, .arg = &again
    };
    rcs_trace_header_close(&header);
    struct rcs_replay *replay =
        rcs_replay_new("t.trace", served->trace.data, served->trace.size_bytes, &options, &diag);
    if (replay == NULL) {
        fail_msg("%s:%d:%d: %s", diag.source, diag.line, diag.column, diag.text);
    }
    rcs_replay_play(replay);
    bool same = false;
    assert_int_equal(rcs_trace_diff("t.trace", served->trace.data, served->trace.size_bytes,
                                    "again", again.data, again.size_bytes, &same, &report, &diag),
                     RCS_OK);
    if (!same) {
        fail_msg("%.*s", (int)report.size_bytes, report.data);
    }
    assert_true(rcs_sim_digest(rcs_replay_sim(replay)) == rcs_replay_recorded(replay));
    assert_int_equal(again.size_bytes, served->trace.size_bytes);
    assert_memory_equal(again.data, served->trace.data, again.size_bytes);
    rcs_replay_free(replay);
    rcs_buf_close(&again);
    rcs_buf_close(&report);
}
