/* A trace cut into lines, and into lines that were understood, for its readers. */
#ifndef RCSIM_SIM_WORLD_TRACE_LINES_H
#define RCSIM_SIM_WORLD_TRACE_LINES_H

#include <jansson.h>

#include <rcsim/resp.h>
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

/* Gets the lines behind the header one by one: the kind is the key that tells it ("what", "note"),
 * the object is as such a line must be, and borrowed for the call. */
typedef void rcs_trace_line_fn(void *arg, int number, const char *kind, const json_t *object);
/* Checks a trace as rcs_trace_check and hands out its lines (`line` NULL: only checks). With
 * `intact`, lines that were edited, or are missing, are no error but make it false. */
enum rcs_err rcs_trace_each(const char *source, const char *text, size_t size_bytes,
                            rcs_trace_line_fn *line, void *arg, bool *intact,
                            struct rcs_diag *diag);

/* Bytes as trace_write.c writes them, a character each; false if `value` is no such text. They are
 * appended to `out` (NULL: only looked at). */
bool rcs_trace_bytes(const json_t *value, struct rcs_buf *out);

#endif
