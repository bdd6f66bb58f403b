/* Why: the causes a trace holds of what happened, as plain sentences.
 *
 * Everything said here stands in the trace: decisions record what they weighed when they are taken
 * (sim/facts_cause.h), and an explanation only finds those lines and puts them into words. Where a
 * line or number that a decision must have is not there, a statement says that it is missing. */
#ifndef RCSIM_EXPLAIN_H
#define RCSIM_EXPLAIN_H

#include <rcsim/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rcs_explanation;

struct rcs_explain_options {
    const char *node;    /* only this one's changes; NULL: everybody's */
    const char *why_not; /* instead: why this node was not promoted; NULL none */
    bool has_at;         /* only what held at this instant, and why */
    rcs_us at_us;
};

/* Explains the trace in `text`. A trace that was edited, or whose end is missing, is explained as
 * far as it goes: rcs_explanation_intact. RCS_ERR_SYNTAX: what cannot be read as a trace, with its
 * place; RCS_ERR_UNKNOWN: no such node. *out is NULL then. */
enum rcs_err rcs_explain(struct rcs_explanation **out, const char *source, const char *text,
                         size_t size_bytes, const struct rcs_explain_options *options,
                         struct rcs_diag *diag);
void rcs_explanation_free(struct rcs_explanation *explanation);
bool rcs_explanation_intact(const struct rcs_explanation *explanation);

/* A sentence. What it rests on follows it, one deeper: walking over the statements is walking over
 * causes, each before the causes of its own. */
struct rcs_statement {
    rcs_us at_us;     /* -1: of no instant */
    unsigned depth;   /* 0: a change, or an answer */
    const char *node; /* whose decision it was; NULL: a fault, a command, something missing */
    const char *what; /* name of the milestone or cause; "missing"; "unblock"; "note" */
    int line;         /* of the trace; 0 none */
    const char *text;
};
/* The i-th; false past the end. Borrowed for the explanation's life. */
bool rcs_explanation_statement(const struct rcs_explanation *explanation, size_t index,
                               struct rcs_statement *out);
/* As a line for people, without LF: its time, indented by its depth. */
void rcs_statement_print(struct rcs_buf *out, const struct rcs_statement *statement);

/* Two traces side by side, from the fault (or the order to fail over) on: when it was suspected,
 * agreed, unavailable, decided, served again; votes, epochs, what was lost. As a table and
 * sentences, or as JSON Lines. Errors as rcs_explain. */
enum rcs_err rcs_compare(struct rcs_buf *out, bool json, const char *source_a, const char *a,
                         size_t a_bytes, const char *source_b, const char *b, size_t b_bytes,
                         struct rcs_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
