/* The inside of the control port. */
#ifndef RCSIM_SIM_SCENARIO_CONTROL_PARTS_H
#define RCSIM_SIM_SCENARIO_CONTROL_PARTS_H

#include "sim/scenario/control.h"

/* Requests that wait behind one that takes time, and their bytes. */
#define RCS_CONTROL_QUEUE_MAX       10000
#define RCS_CONTROL_QUEUE_BYTES_MAX ((size_t)16 << 20)
/* Bytes of a request that is not complete; the longest are NODE ADD's, with a redis.conf. */
#define RCS_CONTROL_REQUEST_MAX ((size_t)1 << 20)
#define RCS_CONTROL_ORDER_MAX   ((size_t)64 << 10) /* bytes of an order */
#define RCS_CONTROL_ANSWER_MIN                                                                     \
    ((size_t)64 << 10) /* of several answers: goes out before the rest                             \
                        */

/* A request that waits for its turn. */
struct rcs_control_words {
    struct rcs_arg *args;
    unsigned argc;
};

/* One that was begun and is not answered. */
struct rcs_control_pending {
    struct rcs_control *control;
    struct rcs_control_client *client; /* NULL: it left */
    struct rcs_control_pending *next;
};

struct rcs_control {
    struct rcs_run *run;
    struct rcs_kept_trace *kept;
    struct rcs_control_host host;
    struct rcs_control_client *clients;
    struct rcs_control_pending *pending;
    uint32_t last_id;
};

struct rcs_control_client {
    struct rcs_control *control;
    struct rcs_control_client *next;
    rcs_control_reply_fn *reply;
    void *arg;
    uint32_t id;
    bool resp3;
    bool closing; /* the last answer was given */
    bool broken;  /* its bytes broke the protocol: `refusal` is said behind all answers */
    bool busy;    /* its requests are being carried out: no second time from within */
    bool waits;   /* for the request at hand */
    bool full;    /* it does not read its answers */
    struct rcs_resp_requests *reader;
    struct rcs_control_words *queue;
    unsigned queue_count, queue_room;
    size_t queue_bytes;
    struct rcs_buf out; /* the answer at hand */
    struct rcs_buf refusal;
};

/* An order of the port's own: answers into client->out, or makes the client wait. */
typedef void rcs_control_order_fn(struct rcs_control_client *client, unsigned argc,
                                  const struct rcs_arg *args);
struct rcs_control_order {
    const char *word, *usage, *what;
    unsigned argc_min, argc_max; /* with the word itself */
    rcs_control_order_fn *carry_out;
};
const struct rcs_control_order *rcs_control_order_row(unsigned index); /* NULL past the end */
/* By its word, whatever its case; NULL: none of the port's own. */
const struct rcs_control_order *rcs_control_order_find(const struct rcs_arg *word);

/* --- control.c -------------------------------------------------------------------------------- */

/* The client waits for what it asked: to be ended by rcs_control_told. */
struct rcs_control_pending *rcs_control_wait(struct rcs_control_client *client);
/* `error` NULL: it succeeded, and printed `text`. */
void rcs_control_told(struct rcs_control_pending *pending, const char *error, const char *text,
                      size_t size_bytes);

/* Lines: OK if there are none, a bulk if there is one, else an array of them. */
void rcs_control_lines(struct rcs_control_client *client, const char *text, size_t size_bytes);
void rcs_control_error(struct rcs_control_client *client, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#endif
