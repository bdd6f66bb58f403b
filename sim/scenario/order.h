/* Orders: lines of the scenario language given to a run that is under way.
 *
 * An order is a task of the run like the script, but its errors and failed expectations are its
 * own, what it prints is kept for who gave it, and its statements live as long as anything of it is
 * still to come: `at +3s kill a1` is over at once and does its work later. */
#ifndef RCSIM_SIM_SCENARIO_ORDER_H
#define RCSIM_SIM_SCENARIO_ORDER_H

#include "sim/scenario/script.h"

struct rcs_run;

struct rcs_order {
    struct rcs_arena arena;
    unsigned refs; /* tasks, things put off, and who is to be told */
    bool asks;     /* it changes nothing: the trace does not need it */
    bool failed, over;
    struct rcs_buf output, error; /* texts; `error` with its place */
    rcs_order_done_fn *done;      /* NULL: nobody wants to know, or was told */
    void *arg;
};

/* All take NULL for no order. */

/* What is done from here on is done for it. */
void rcs_order_at_hand(struct rcs_run *run, struct rcs_order *order);
struct rcs_order *rcs_order_hold(struct rcs_order *order); /* returns it */
void rcs_order_release(struct rcs_run *run, struct rcs_order *order);
bool rcs_order_failed(const struct rcs_order *order);
/* It could not be carried out, or what it expected is not so. Of several reasons the first counts;
 * what fails after the order is over goes to the transcript. */
void rcs_order_fail(struct rcs_run *run, struct rcs_order *order, const struct rcs_place *place,
                    const char *text);
/* Its task ended. */
void rcs_order_over(struct rcs_run *run, struct rcs_order *order);
/* The line of the trace by which it can be given again. */
void rcs_order_record(struct rcs_run *run, const char *text, size_t size_bytes);

/* Tells of those that are over; in the order in which they ended. */
void rcs_orders_tell(struct rcs_run *run);
void rcs_orders_end(struct rcs_run *run);   /* the run has ended: what still waits fails */
void rcs_orders_close(struct rcs_run *run); /* frees */

#endif
