/* libFuzzer: any bytes to the control port of a small run. What comes back is RESP, the run goes
 * on, and its trace plays again to the same digest. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/control.h"
#include "sim/scenario/kept_trace.h"

#define EVENTS 4000
#define PASS   RCS_MS(300)
/* A node more is a hundred events a second more. */
#define NODES_MAX 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct server {
    struct rcs_kept_trace *kept;
    struct rcs_buf trace;
    struct rcs_resp_replies *replies;
    void (*advanced)(void *arg);
    void *advanced_arg;
    bool closed, full;
};

static void on_trace(void *arg, const char *bytes, size_t size_bytes)
{
    struct server *server = arg;
    rcs_kept_trace_write(server->kept, bytes, size_bytes);
    rcs_buf_add(&server->trace, bytes, size_bytes);
}

static void add(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

static bool on_reply(void *arg, const char *bytes, size_t size_bytes, bool close)
{
    struct server *server = arg;
    const struct rcs_reply *reply;
    RCS_ASSERT(!server->closed);
    server->closed = close;
    rcs_resp_replies_feed(server->replies, bytes, size_bytes);
    enum rcs_err err;
    while ((err = rcs_resp_replies_next(server->replies, &reply)) == RCS_OK) {
    }
    size_t left;
    (void)rcs_resp_replies_rest(server->replies, &left);
    RCS_ASSERT(err == RCS_MORE && left == 0); /* whole answers only */
    server->full = size_bytes % 4 == 0;       /* some it reads later */
    return !server->full;
}

static void speed(void *arg, int64_t to)
{
    (void)arg;
    RCS_ASSERT(to >= 0 && to <= RCS_CONTROL_SPEED_MAX);
}

static int64_t speed_of(void *arg)
{
    (void)arg;
    return 1;
}

static void advance(void *arg, rcs_us duration, void (*done)(void *done_arg), void *done_arg)
{
    struct server *server = arg;
    RCS_ASSERT(duration >= 0 && server->advanced == NULL); /* one connection waits for one thing */
    server->advanced = done;
    server->advanced_arg = done_arg;
}

static void stop(void *arg)
{
    (void)arg;
}

static enum rcs_err save(void *arg, const char *file, struct rcs_diag *diag)
{
    (void)arg;
    return rcs_diag_set(diag, RCS_ERR_IO, 0, 0, "%s cannot be written", file);
}

static void pass(struct rcs_run *run)
{
    rcs_us end = rcs_sim_now(rcs_run_sim(run)) + PASS;
    (void)rcs_run_until(run, end, EVENTS);
}

static void replay(const struct rcs_buf *trace)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf again;
    rcs_buf_init(&again);
    struct rcs_run_options options = { .trace = true, .write_trace = add, .arg = &again };
    struct rcs_replay *played =
        rcs_replay_new("fuzz", trace->data, trace->size_bytes, &options, &diag);
    RCS_ASSERT(played != NULL);
    rcs_replay_play(played);
    RCS_ASSERT(rcs_sim_digest(rcs_replay_sim(played)) == rcs_replay_recorded(played));
    RCS_ASSERT(again.size_bytes == trace->size_bytes &&
               memcmp(again.data, trace->data, again.size_bytes) == 0);
    rcs_replay_free(played);
    rcs_buf_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "cluster-node-timeout 500\nsite A a1 a2\nsite B b1\n"
                               "latency A B 1ms\nparam n 2s\n";
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    if (rcs_scenario_parse(&scenario, "fuzz", text, sizeof(text) - 1, NULL, NULL, &diag) !=
        RCS_OK) {
        abort();
    }
    struct server server = { .kept = rcs_kept_trace_new(), .replies = rcs_resp_replies_new() };
    rcs_buf_init(&server.trace);
    struct rcs_run_options options = { .serve_ip = "127.0.0.1",
                                       .serve_port = 7001,
                                       .trace = true,
                                       .write_trace = on_trace,
                                       .quiet = true,
                                       .arg = &server };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    struct rcs_control_host host = { &server, speed, speed_of, advance, stop, save, NULL };
    struct rcs_control *control = rcs_control_new(run, server.kept, &host);
    struct rcs_control_client *client = rcs_control_open(control, on_reply, &server);
    (void)rcs_run_until(run, 0, EVENTS);
    /* In three pieces, with time between. */
    for (unsigned i = 0; i < 3; i++) {
        size_t from = size * i / 3, to = size * (i + 1) / 3;
        if (rcs_sim_node_count(rcs_run_sim(run)) <= NODES_MAX) {
            if (to > from) {
                rcs_control_feed(client, data + from, to - from);
            }
            pass(run);
        }
        if (server.advanced != NULL) {
            void (*done)(void *arg) = server.advanced;
            server.advanced = NULL;
            done(server.advanced_arg);
        }
        while (server.full && !server.closed) {
            server.full = false;
            rcs_control_taken(client);
        }
    }
    (void)rcs_run_failures(run);
    rcs_run_finish(run);
    rcs_control_free(control);
    bool many = rcs_sim_node_count(rcs_run_sim(run)) > NODES_MAX;
    rcs_run_free(run);
    if (!many) {
        replay(&server.trace);
    }
    rcs_scenario_free(scenario);
    rcs_kept_trace_free(server.kept);
    rcs_resp_replies_free(server.replies);
    rcs_buf_close(&server.trace);
    return 0;
}
