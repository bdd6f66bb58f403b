/* What a served run did, kept to be explained: its trace without packets and clients' bytes. */
#ifndef RCSIM_SIM_SCENARIO_KEPT_TRACE_H
#define RCSIM_SIM_SCENARIO_KEPT_TRACE_H

#include <rcsim/resp.h>

/* More than this is never kept: of what is older the first half is forgotten. */
#define RCS_KEPT_TRACE_BYTES_MAX ((size_t)16 << 20)

struct rcs_kept_trace;

struct rcs_kept_trace *rcs_kept_trace_new(void);
void rcs_kept_trace_free(struct rcs_kept_trace *kept);
/* A rcs_trace_write_fn: gets what the run's trace writes, of whichever level. */
void rcs_kept_trace_write(void *kept, const char *bytes, size_t size_bytes);
/* A trace as far as it goes: header and lines. Borrowed until the next call. */
const struct rcs_buf *rcs_kept_trace_text(const struct rcs_kept_trace *kept);

#endif
