#include "tests/support/play.h"

#include "tests/support/support.h"

#define SHIPPED_MAX_BYTES 65536

struct rcs_scenario *play_parsed(const char *source, const char *text)
{
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    if (rcs_scenario_parse(&scenario, source, text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        fail_msg("%s:%d:%d: %s in\n%s", source, diag.line, diag.column, diag.text, text);
    }
    return scenario;
}

static void print_out(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(&((struct played *)arg)->out, bytes, size_bytes);
}

static void print_trace(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(&((struct played *)arg)->trace, bytes, size_bytes);
}

static void end_text(struct rcs_buf *buf)
{
    rcs_buf_add(buf, "", 1);
    buf->size_bytes--;
}

struct played play_turns(const char *text, struct rcs_run_options options, unsigned batch,
                         unsigned stop_after)
{
    struct played played = { .failures = 0 };
    rcs_buf_init(&played.out);
    rcs_buf_init(&played.trace);
    struct rcs_scenario *scenario = play_parsed("t.scenario", text);
    options.print = print_out;
    options.write_trace = print_trace;
    options.arg = &played;
    struct rcs_run *run = rcs_run_new(scenario, &options, &played.diag);
    played.began = run != NULL;
    if (run == NULL) {
        played.err = RCS_ERR_UNKNOWN;
    } else {
        unsigned turns = 0;
        while (rcs_run_turn(run, batch) == RCS_RUN_MORE) {
            if (++turns == stop_after) {
                rcs_run_interrupt(run);
            }
        }
        played.failures = rcs_run_failures(run);
        played.err = rcs_run_error(run, &played.diag);
        played.digest = rcs_sim_digest(rcs_run_sim(run));
        played.ended_us = rcs_sim_now(rcs_run_sim(run));
        rcs_run_free(run);
    }
    rcs_scenario_free(scenario);
    end_text(&played.out);
    end_text(&played.trace);
    return played;
}

struct played play_with(const char *text, struct rcs_run_options options)
{
    return play_turns(text, options, 1024, 0);
}

struct played play(const char *text)
{
    return play_with(text, (struct rcs_run_options){ .has_seed = false });
}

struct played play_held(const char *text)
{
    struct played played = play(text);
    played_through(&played);
    if (played.failures != 0) {
        fail_msg("%s", played.out.data);
    }
    return played;
}

void played_through(const struct played *played)
{
    if (played->err != RCS_OK) {
        fail_msg("%d:%d: %s", played->diag.line, played->diag.column, played->diag.text);
    }
}

void played_close(struct played *played)
{
    rcs_buf_close(&played->out);
    rcs_buf_close(&played->trace);
}

char *play_shipped(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", RCS_TEST_TRACES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, SHIPPED_MAX_BYTES);
    assert_non_null(text);
    assert_true(fread(text, 1, SHIPPED_MAX_BYTES - 1, file) > 0);
    assert_true(feof(file)); /* no longer than that */
    fclose(file);
    return text;
}
