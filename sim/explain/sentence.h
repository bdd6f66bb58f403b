/* Sentences: a fact of a trace in plain words, with its numbers. */
#ifndef RCSIM_SIM_EXPLAIN_SENTENCE_H
#define RCSIM_SIM_EXPLAIN_SENTENCE_H

#include "sim/world/trace_events.h"

/* In words: `{node}`, `{about}`, `{by}`, `{from}`, `{text}` and `{text2}` are the line's, `{flags}`
 * is its number as CLUSTER NODES spells it, any other `{name}` its number of that name. What the
 * line lacks reads "(missing)". `{name?vote|votes}` is the first word for the number 1.
 * Directives have the names that the trace's release knows. */
void rcs_sentence_fill(struct rcs_buf *out, const struct rcs_trace_events *events,
                       const struct rcs_trace_event *event, const char *words);
/* The sentence of a milestone, cause, fault or note; a fact without one of its own by its name. */
void rcs_sentence_print(struct rcs_buf *out, const struct rcs_trace_events *events,
                        const struct rcs_trace_event *event);
/* What would have let it go on, of a cause that holds something up; NULL none. */
const char *rcs_sentence_unblock(const char *what);
/* The words of each fact, for tests; NULL past the end. */
const char *rcs_sentence_row(unsigned index, const char **what);

#endif
