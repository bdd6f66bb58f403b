/* Runs on a libuv loop: the only public header that names libuv.
 *
 * Virtual time is not made of uv timers. An idle handle lends the run turns of a batch of events,
 * so that sockets and signals are served between them; transcript, trace and digest do not depend
 * on the batch. */
#ifndef RCSIM_UV_H
#define RCSIM_UV_H

#include <uv.h>

#include <rcsim/scenario.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_PUMP_BATCH 1024

struct rcs_pump;

/* `interrupted`: SIGINT came; the run was ended where it stood. Called once, inside the loop; the
 * pump frees itself afterwards. */
typedef void rcs_pump_done_fn(void *arg, bool interrupted);

/* Lends `run` (borrowed until `done`) turns of `batch` events on `loop`. With `catch_sigint` a
 * SIGINT ends the run cleanly. Returns a libuv error (< 0) if a handle could not be started; `done`
 * is not called then. */
int rcs_pump_start(uv_loop_t *loop, struct rcs_run *run, unsigned batch, bool catch_sigint,
                   rcs_pump_done_fn *done, void *arg);

/* The same on a loop of its own, until the run is over. */
int rcs_pump_run(struct rcs_run *run, unsigned batch, bool *interrupted);

#ifdef __cplusplus
}
#endif
#endif
