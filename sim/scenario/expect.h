/* Conditions: what `expect` and `await` ask of nodes, logs and what happened.
 *
 * Nodes are asked for their own picture, never over the network: asking changes nothing. */
#ifndef RCSIM_SIM_SCENARIO_EXPECT_H
#define RCSIM_SIM_SCENARIO_EXPECT_H

#include "sim/scenario/parser.h"

struct rcs_run;

/* What was there instead, a line a reason: `node` (-1 none) and what it shows. */
struct rcs_finding {
    int node;
    char *text;
};
struct rcs_findings {
    struct rcs_finding *list;
    unsigned count, room;
    bool untold; /* they are counted only: `list` stays empty */
};
/* True if more of them would change nothing. */
static inline bool rcs_findings_enough(const struct rcs_findings *findings)
{
    return findings->untold && findings->count > 0;
}
void rcs_findings_close(struct rcs_findings *findings);
/* "b1..b3: fail; b4: not running": nodes with the same text drawn together, in order of the first.
 */
void rcs_findings_print(const struct rcs_findings *findings, const struct rcs_script *script,
                        struct rcs_buf *out);

/* True if the condition holds now. `findings` gets the reasons why not; NULL: nobody asks for them,
 * which is much cheaper. */
bool rcs_cond_holds(struct rcs_run *run, const struct rcs_cond *cond,
                    struct rcs_findings *findings);
/* As it was written. */
const char *rcs_cond_text(const struct rcs_cond *cond);

/* The conditions, for help: usage and a sentence; NULL past the end. */
const char *rcs_cond_usage(unsigned index, const char **what);

/* True if `text` is what `pattern` asks for: `*` stands for any text, `\*` for a star. */
bool rcs_pattern_matches(const char *pattern, const char *text);
/* The same for a line of a node's log: the whole line, or what follows the level's mark. */
bool rcs_log_line_fits(const char *pattern, const char *line);

#endif
