/* What came into a run that was served, read out of its trace: bytes of programs outside, orders.
 */
#ifndef RCSIM_SIM_WORLD_TRACE_INPUT_H
#define RCSIM_SIM_WORLD_TRACE_INPUT_H

#include <rcsim/resp.h>
#include <rcsim/trace.h>

enum rcs_trace_input_kind {
    RCS_TRACE_INPUT_OPEN,
    RCS_TRACE_INPUT_DATA,
    RCS_TRACE_INPUT_GONE,
    RCS_TRACE_INPUT_UNWRITTEN,
    RCS_TRACE_INPUT_ORDER
};

struct rcs_trace_input {
    rcs_us at_us;
    enum rcs_trace_input_kind kind;
    uint32_t conn;         /* but of an order */
    char *node;            /* of an open; NULL none */
    struct rcs_address ip; /* of an open: where from */
    struct rcs_buf bytes;  /* of data, of an order */
    size_t size_bytes;     /* of what is not written */
};

struct rcs_trace_inputs {
    struct rcs_trace_input *list; /* in the order of the trace */
    size_t count, room;
    /* Where it ends: an interrupted one between two events of one instant, so that the digest has
     * to tell. */
    rcs_us end_us;
    bool interrupted;
    uint64_t digest;
};

/* Errors as rcs_trace_check; what an `outside` line of a kind that is not known says is left out.
 */
enum rcs_err rcs_trace_inputs_read(struct rcs_trace_inputs *out, const char *source,
                                   const char *text, size_t size_bytes, struct rcs_diag *diag);
void rcs_trace_inputs_close(struct rcs_trace_inputs *inputs);

#endif
