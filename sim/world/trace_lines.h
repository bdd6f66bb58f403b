/* A trace cut into lines, for its readers. */
#ifndef RCSIM_SIM_WORLD_TRACE_LINES_H
#define RCSIM_SIM_WORLD_TRACE_LINES_H

#include <rcsim/trace.h>

struct rcs_trace_lines {
    const char *next, *end;
    const char *line; /* the one at hand, without its LF */
    size_t size_bytes;
    int number; /* from 1 */
    bool whole; /* its LF is there */
};
void rcs_trace_lines_init(struct rcs_trace_lines *lines, const char *text, size_t size_bytes);
bool rcs_trace_next_line(struct rcs_trace_lines *lines); /* false: there is none */

#endif
