/* A run that is served, driven in process: what sockets and a control port would do to it. */
#ifndef RCSIM_TEST_SERVED_H
#define RCSIM_TEST_SERVED_H

#include <rcsim/outside.h>
#include <rcsim/scenario.h>

/* Six nodes a1..a6 at 127.0.0.1:7001..., masters a1..a3, formed by the scenario's first step. */
#define SERVED_SIX                                                                                 \
    "cluster-node-timeout 1000\nsite A a1..a6\n"                                                   \
    "step \"form\"\ncli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n"                     \
    "await state ok on all within 20s\nawait link up on a4..a6 within 20s\n"

struct served {
    struct rcs_scenario *scenario;
    struct rcs_run *run;
    struct rcs_sim *sim;
    struct rcs_buf out, trace; /* printed; traced */
    rcs_trace_write_fn *tee;   /* gets the trace as well; NULL nobody */
    void *tee_arg;
    struct rcs_buf got[8]; /* by connection number: what it was answered */
    bool closed[8];        /* by its node */
    /* of the last order: */
    bool told, success;
    char text[2048];
};

/* `options`: hold, steps, trace level...; where it is served is not for them to say. */
void served_open(struct served *served, const char *text, struct rcs_run_options options);
void served_open_with(struct served *served, const char *text, struct rcs_run_options options,
                      rcs_trace_write_fn *tee, void *tee_arg);
/* Ends the run and its trace; the buffers stay until served_close. */
void served_end(struct served *served);
void served_close(struct served *served);

/* So much time passes, in pieces of `slice` (0: at once); outputs are taken. */
void served_pass(struct served *served, rcs_us duration, rcs_us slice);
uint32_t served_connect(struct served *served, int node);
/* As a client writes it: words with blanks between, as a RESP array. */
void served_send(struct served *served, uint32_t number, const char *words);
/* Gives an order and lets time pass until it is over; fails the test unless it succeeds. */
void served_order(struct served *served, const char *text);
/* The same for one that must fail: with what text it does. */
const char *served_refused(struct served *served, const char *text);

/* Plays its trace again; fails the test, with the report, unless the trace made is the same. */
void served_replays(const struct served *served);

#endif
