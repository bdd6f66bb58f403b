/* The control port: requests as any Redis client writes them, and what answers them.
 *
 * A request is an order by its words. Some are the port's own (a table, see HELP), all else is a
 * line of the scenario language (rcs_run_order). Requests of one connection are answered in their
 * order; one that takes virtual time holds up those behind it, not those of other connections. No
 * order sets a role or moves a slot: those come from the protocol, and from commands to nodes. */
#ifndef RCSIM_SIM_SCENARIO_CONTROL_H
#define RCSIM_SIM_SCENARIO_CONTROL_H

#include <rcsim/scenario.h>

struct rcs_control;        /* one a run */
struct rcs_control_client; /* one a connection */
struct rcs_kept_trace;

/* What the server of the run does. Functions are called within rcs_control_feed, or when an order
 * is over. */
struct rcs_control_host {
    void *arg;
    void (*speed)(void *arg, int64_t speed); /* virtual seconds a real one, 0: the clock stands */
    int64_t (*speed_of)(void *arg);
    /* So much time passes at once; `done` is called when it has, never before this returns. */
    void (*advance)(void *arg, rcs_us duration, void (*done)(void *done_arg), void *done_arg);
    /* Ends it all: soon, not before this returns. */
    void (*stop)(void *arg);
    /* Writes the trace so far to a file. NULL: no trace is kept. */
    enum rcs_err (*save)(void *arg, const char *file, struct rcs_diag *diag);
    /* Requests of the server's own, asked before all others; true: taken, and answered by
     * rcs_control_answer now or later. NULL: it has none. */
    bool (*request)(void *arg, struct rcs_control_client *client, unsigned argc,
                    const struct rcs_arg *args);
    /* A connection is gone; the last call about it. NULL: nobody wants to know. */
    void (*gone)(void *arg, struct rcs_control_client *client);
};
#define RCS_CONTROL_SPEED_MAX 1000000

/* `run` is served (options.serve_ip), its trace goes (also) to `kept` (NULL: nothing can be
 * explained); both are borrowed, `host` is copied. */
struct rcs_control *rcs_control_new(struct rcs_run *run, struct rcs_kept_trace *kept,
                                    const struct rcs_control_host *host);
/* After the run was ended. Connections that are still there are forgotten. */
void rcs_control_free(struct rcs_control *control);

/* A program connects. `reply` gets what goes out to it; `close`: the connection ends behind that,
 * and rcs_control_close must follow, but not from within. False: so much is not read yet that no
 * request is looked at before rcs_control_taken, and rcs_control_feed should wait for it, too;
 * the answer of an order that is under way, and what is pushed, may still come. */
typedef bool rcs_control_reply_fn(void *arg, const char *bytes, size_t size_bytes, bool close);
struct rcs_control_client *rcs_control_open(struct rcs_control *control,
                                            rcs_control_reply_fn *reply, void *arg);
/* It wrote bytes, in pieces of any length. A request that becomes too long ends the connection with
 * an error, as do too many that wait (the numbers: control_parts.h). */
void rcs_control_feed(struct rcs_control_client *client, const void *bytes, size_t size_bytes);
/* It has read again; the requests it wrote meanwhile get their turn. */
void rcs_control_taken(struct rcs_control_client *client);
/* It is gone. Orders it gave are carried out all the same; nobody is told. */
void rcs_control_close(struct rcs_control_client *client);

/* For rcs_control_host.request: the answer to the request at hand, whole; the next one's turn
 * comes. */
void rcs_control_answer(struct rcs_control_client *client, const char *bytes, size_t size_bytes);
/* Something that is no answer: goes out behind the answers given so far. */
void rcs_control_push(struct rcs_control_client *client, const char *bytes, size_t size_bytes);
bool rcs_control_is_resp3(const struct rcs_control_client *client);

/* The port's own orders, then those of the scenario language, for help: usage and a sentence;
 * *what NULL: a heading. NULL past the end. */
const char *rcs_control_usage(unsigned index, const char **what);

#endif
