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

/* --- a run behind real sockets: a listener a node, virtual time that goes with the wall clock - */

struct rcs_serve;
struct rcs_kept_trace;

struct rcs_serve_options {
    struct rcs_run *run;   /* made with serve_ip; borrowed until the end */
    const char *bind;      /* address the node ports are bound to */
    unsigned control_port; /* 0: none. Bound to 127.0.0.1 only */
    /* Real directories of stand-in nodes (NODE ADD) lie below this one; NULL: there may be none. */
    const char *disk;
    int64_t speed; /* virtual seconds a real one; 0: the clock stands but for orders */
    /* What orders ask of the trace: NULL, or the kept one (sim/scenario/kept_trace.h), and who
     * writes it to a file (NULL: there is none). */
    struct rcs_kept_trace *kept;
    enum rcs_err (*save)(void *arg, const char *file, struct rcs_diag *diag);
    /* Called once, inside the loop: all ports are open. */
    void (*ready)(void *arg);
    /* Called once, inside the loop, when it is over: by an order, a signal, or an error (`diag`
     * with its text, else NULL). The server frees itself afterwards. */
    void (*done)(void *arg, const struct rcs_diag *diag);
    void *arg;
};

/* Begins to serve on `loop`. RCS_ERR_STATE with `diag`: a port is not free; nothing is called then.
 */
enum rcs_err rcs_serve_start(struct rcs_serve **out, uv_loop_t *loop,
                             const struct rcs_serve_options *options, struct rcs_diag *diag);
/* Ends it: connections are closed, the run is ended and its trace complete. */
void rcs_serve_stop(struct rcs_serve *serve);

/* Speed from now on; 0: the clock stands. */
void rcs_serve_speed(struct rcs_serve *serve, int64_t speed);
int64_t rcs_serve_speed_of(const struct rcs_serve *serve);
/* So much virtual time passes as fast as it can, sockets being served meanwhile; then `done` is
 * called. One after the other: the next begins where the last one ended. */
void rcs_serve_advance(struct rcs_serve *serve, rcs_us duration, void (*done)(void *arg),
                       void *arg);
/* To be called before something is done to the run from outside a connection, and after it: the
 * clock is brought to now, and what came of it is carried to the sockets. */
void rcs_serve_catch_up(struct rcs_serve *serve);
void rcs_serve_settle(struct rcs_serve *serve);

#ifdef __cplusplus
}
#endif
#endif
