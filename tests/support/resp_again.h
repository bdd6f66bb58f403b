/* Replies as they were read, written again: for the tests of the writers and for the fuzzer, which
 * has no cmocka. */
#ifndef RCSIM_TEST_RESP_AGAIN_H
#define RCSIM_TEST_RESP_AGAIN_H

#include <rcsim/resp.h>

/* Writes a value whose kind has more than one form on the wire: status, error, the two nils, double
 * and big number. */
typedef void resp_again_fn(struct rcs_buf *out, const struct rcs_reply *reply, bool resp3);

/* Writes one reply with all that is in it, as RESP3 but for what `write` says; returns what follows
 * it. */
const struct rcs_reply *resp_again(struct rcs_buf *out, const struct rcs_reply *reply, bool resp3,
                                   resp_again_fn *write);
/* Its bytes as a line of that type. */
void resp_again_line(struct rcs_buf *out, char type, const struct rcs_reply *reply);

#endif
