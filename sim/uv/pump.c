#include <rcsim/uv.h>

#include <signal.h>
#include <stdlib.h>

struct rcs_pump {
    struct rcs_run *run;
    unsigned batch;
    uv_idle_t idle;
    uv_signal_t sigint;
    unsigned open; /* handles whose close callback is still to come */
    rcs_pump_done_fn *done;
    void *arg;
};

static void on_closed(uv_handle_t *handle)
{
    struct rcs_pump *pump = handle->data;
    if (--pump->open == 0) {
        free(pump);
    }
}

static void close_handles(struct rcs_pump *pump)
{
    uv_close((uv_handle_t *)&pump->idle, on_closed);
    if (pump->open > 1) {
        uv_close((uv_handle_t *)&pump->sigint, on_closed);
    }
}

static void finish(struct rcs_pump *pump, bool interrupted)
{
    close_handles(pump);
    pump->done(pump->arg, interrupted);
}

static void on_idle(uv_idle_t *idle)
{
    struct rcs_pump *pump = idle->data;
    if (rcs_run_turn(pump->run, pump->batch) == RCS_RUN_DONE) {
        finish(pump, false);
    }
}

static void on_sigint(uv_signal_t *sigint, int number)
{
    (void)number;
    struct rcs_pump *pump = sigint->data;
    if (!uv_is_closing((uv_handle_t *)&pump->idle)) {
        rcs_run_interrupt(pump->run);
        finish(pump, true);
    }
}

int rcs_pump_start(uv_loop_t *loop, struct rcs_run *run, unsigned batch, bool catch_sigint,
                   rcs_pump_done_fn *done, void *arg)
{
    RCS_ASSERT(batch > 0);
    struct rcs_pump *pump = calloc(1, sizeof(*pump));
    if (pump == NULL) {
        return UV_ENOMEM;
    }
    pump->run = run;
    pump->batch = batch;
    pump->done = done;
    pump->arg = arg;
    pump->idle.data = pump->sigint.data = pump;
    int err = uv_idle_init(loop, &pump->idle);
    if (err < 0) {
        free(pump);
        return err;
    }
    pump->open = 1;
    err = catch_sigint ? uv_signal_init(loop, &pump->sigint) : 0;
    if (catch_sigint && err == 0) {
        pump->open = 2;
        err = uv_signal_start(&pump->sigint, on_sigint, SIGINT);
    }
    err = err == 0 ? uv_idle_start(&pump->idle, on_idle) : err;
    if (err < 0) {
        close_handles(pump);
    }
    return err;
}

static void note_end(void *arg, bool interrupted)
{
    *(bool *)arg = interrupted;
}

int rcs_pump_run(struct rcs_run *run, unsigned batch, bool *interrupted)
{
    uv_loop_t loop;
    *interrupted = false;
    int err = uv_loop_init(&loop);
    if (err < 0) {
        return err;
    }
    err = rcs_pump_start(&loop, run, batch, true, note_end, interrupted);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return err;
}
