/* Traces and what `explain` says of them. Each function fails the test that asks for what cannot
 * be; buffers are the caller's to close. */
#ifndef RCSIM_TESTS_EXPLAINED_H
#define RCSIM_TESTS_EXPLAINED_H

#include <rcsim/explain.h>

/* a5 replicates a1, a4 a3, a6 a2; all is well at 10 s. */
#define EXPLAIN_BASE                                                                               \
    "cluster-node-timeout 1000\nrepl-diskless-sync-delay 0\nappendonly no\nsave \"\"\n"            \
    "repl-ping-replica-period 1\nsite A a1..a6\n"                                                  \
    "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\nwait 7s\n"

/* The trace of a scenario; overrides: directives, NULL none. */
struct rcs_buf explain_traced(const char *text, const char *overrides);
/* A shipped trace, by its name in traces/. A NUL stands behind it, which does not count. */
struct rcs_buf explain_golden(const char *name);
/* The trace without the line of that number, or (0) without all that hold `part`. */
struct rcs_buf explain_without(const struct rcs_buf *trace, int line, const char *part);
/* The caller's to free. */
struct rcs_explanation *explain_trace(const struct rcs_buf *trace,
                                      const struct rcs_explain_options *options);
/* The statements as lines, two blanks a step, NUL-terminated. */
struct rcs_buf explain_text_of(const struct rcs_explanation *explanation);
struct rcs_buf explain_asked(const struct rcs_buf *trace,
                             const struct rcs_explain_options *options);

#endif
