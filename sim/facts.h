/* Facts: what a node decided or did, said once. The log line a real server prints, the milestone in
 * a trace and its part of the digest are all made from the same fact.
 *
 * A row holds the constant, the log level (NONE: a real server logs nothing), whether it is a
 * milestone (part of the trace and the digest whatever the log level), its name in traces, the
 * exact text of Redis 7.0.15 (words.h has those of other releases), and the names of up to three
 * numbers. In the text `%n` is the id of the node it is about, `%m` the id of a second node, `%0 %1
 * %2` the numbers, `%s` and `%t` two texts. A cause (facts_cause.h) is neither logged nor a
 * milestone: traces hold it. */
#ifndef RCSIM_SIM_FACTS_H
#define RCSIM_SIM_FACTS_H

#include <rcsim/resp.h>
#include <rcsim/store.h>

#include "sim/cluster/profile.h"
#include "sim/facts_cause.h"
#include "sim/facts_cluster.h"
#include "sim/facts_node.h"
#include "sim/facts_repl.h"

enum rcs_level {
    RCS_LEVEL_DEBUG,
    RCS_LEVEL_VERBOSE,
    RCS_LEVEL_NOTICE,
    RCS_LEVEL_WARNING,
    RCS_LEVEL_NONE
};

enum rcs_fact_code {
#define X(name, level, milestone, trace, text, a, b, c) RCS_FACT_##name,
    RCS_NODE_FACTS(X) RCS_CLUSTER_FACTS(X) RCS_REPL_FACTS(X)
#undef X
#define X(name, trace, a, b, c) RCS_FACT_##name,
        RCS_CAUSE_FACTS(X)
#undef X
#define X(name, level, milestone, trace, text, a, b, c) RCS_FACT_##name,
            RCS_NODE_LATER_FACTS(X)
#undef X
                RCS_FACT_COUNT
};

struct rcs_fact_row {
    enum rcs_level level;
    bool milestone, cause;
    const char *trace; /* name in traces */
    const char *text;  /* NULL: not logged */
    const char *fields[3];
};
const struct rcs_fact_row *rcs_fact_row(enum rcs_fact_code code);

struct rcs_fact {
    uint16_t code;
    rcs_id about; /* RCS_ID_NONE: nobody */
    rcs_id by;
    char role;       /* of the log line: M, S or C (child), at that moment */
    uint8_t release; /* enum rcs_release: in whose words it is logged */
    int64_t v[3];
    const char *text[2]; /* NULL none; borrowed until the facts are cleared */
};

/* The facts of one step, in order. */
struct rcs_facts {
    struct rcs_fact *list;
    size_t count, room;
    enum rcs_level level; /* facts that are no milestones and lie below it are not kept */
    bool unread;          /* nobody reads log lines: only milestones are kept */
    uint8_t release;      /* enum rcs_release of the node whose step it is */
    bool causes;          /* somebody reads causes: they are kept as well */
    char **copies;        /* the texts of these facts */
    size_t copied, copies_room;
};
void rcs_facts_init(struct rcs_facts *facts);
void rcs_facts_close(struct rcs_facts *facts);
void rcs_facts_clear(struct rcs_facts *facts);
/* True if a fact of this code would be kept: asked before costly texts are made. */
bool rcs_facts_wanted(const struct rcs_facts *facts, enum rcs_fact_code code);
/* Appends a fact if it is wanted; texts are copied. */
void rcs_fact_add(struct rcs_facts *facts, enum rcs_fact_code code, char role, rcs_id about,
                  rcs_id by, int64_t v0, int64_t v1, int64_t v2, const char *text0,
                  const char *text1);
/* The text of its log line, without pid, role and date. Not for a fact that its release does not
 * log. */
void rcs_fact_text(struct rcs_buf *out, const struct rcs_store *store, const struct rcs_fact *fact);

#endif
