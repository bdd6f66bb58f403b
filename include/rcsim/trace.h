/* Traces: a run as JSON Lines. First line the header, then an event a line in canonical field
 * order, last line the digest. */
#ifndef RCSIM_TRACE_H
#define RCSIM_TRACE_H

#include <rcsim/resp.h>
#include <rcsim/sim.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_TRACE_FORMAT 1

enum rcs_trace_level { RCS_TRACE_MILESTONES, RCS_TRACE_PACKETS };

/* What the header holds beside the format and rcsim's version: all that is needed to run it again.
 */
struct rcs_trace_header {
    char *source;   /* name of the scenario file */
    char *scenario; /* its text */
    uint64_t seed;
    enum rcs_trace_level level;
    char *overrides; /* "NAME VALUE" lines: directives given on the command line */
    char *params;    /* "NAME VALUE" lines */
    char *redis;
    /* Of a run that was served (see struct rcs_run_options): "IP:PORT", NULL if it was not; how
     * many steps it played before it waited, -1: all. */
    char *serve;
    int64_t steps;
    int64_t clock_s; /* Unix time of time 0; 0: that of rcs_sim_options */
    /* What programs outside said to nodes is left out: such a trace can be explained, but not
     * played again. */
    bool without_clients;
};
void rcs_trace_header_close(struct rcs_trace_header *header);

/* --- writing ---------------------------------------------------------------------------------- */

struct rcs_trace_writer;
/* `write` gets whole lines; called in order. The header is copied. */
typedef void rcs_trace_write_fn(void *arg, const char *bytes, size_t size_bytes);
struct rcs_trace_writer *rcs_trace_writer_new(struct rcs_sim *sim,
                                              const struct rcs_trace_header *header,
                                              rcs_trace_write_fn *write, void *arg);
/* A line of the scenario's own: steps, commands, expectations ("step", "command", "reply",
 * "expect"). */
void rcs_trace_note(struct rcs_trace_writer *writer, const char *kind, const char *text);
/* An order that was given to a run that is served. */
void rcs_trace_order(struct rcs_trace_writer *writer, const char *text, size_t size_bytes);
/* Gives away what was written so far; with the line added that goes to `out` (NULL: nowhere) it is
 * a whole trace of the run up to now. The writer goes on. */
void rcs_trace_writer_flush(struct rcs_trace_writer *writer, struct rcs_buf *out);
/* Ends the trace with the digests, or with an `interrupted` line; frees the writer. */
void rcs_trace_writer_end(struct rcs_trace_writer *writer, bool interrupted);

/* --- reading ---------------------------------------------------------------------------------- */

/* Reads the header (first line). Errors name line and column, what was found, what would do. */
enum rcs_err rcs_trace_read_header(const char *source, const char *text, size_t size_bytes,
                                   struct rcs_trace_header *out, struct rcs_diag *diag);
/* Checks every line of a trace: JSON, known kinds, time that does not fall, the digest line at the
 * end
 * ("truncated" if it is missing). */
enum rcs_err rcs_trace_check(const char *source, const char *text, size_t size_bytes,
                             struct rcs_diag *diag);

/* Compares two traces at the coarser of their levels. RCS_OK with *same; if not the same, `report`
 * tells the first event that differs, in both, with the events before it. Errors as above. */
enum rcs_err rcs_trace_diff(const char *source_a, const char *a, size_t a_bytes,
                            const char *source_b, const char *b, size_t b_bytes, bool *same,
                            struct rcs_buf *report, struct rcs_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
