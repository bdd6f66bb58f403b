/* What other releases than 7.0 say: the log line of a fact where it is not the one of facts*.h.
 *
 * A row holds the fact, the first and the last release that says it so (in the order of enum
 * rcs_release, which puts Valkey 8.0 after Redis 7.4), the level, and the text; level NONE: these
 * releases are silent here. A release without a row for a fact says what 7.0 says. From 7.2 on a
 * node's id is followed by its human name in brackets, which is empty here. */
#ifndef RCSIM_SIM_WORDS_H
#define RCSIM_SIM_WORDS_H

#include "sim/cluster/profile.h"
#include "sim/facts.h"

struct rcs_words {
    enum rcs_level level;
    const char *text; /* NULL: nothing is logged */
};
struct rcs_words rcs_words(enum rcs_release release, enum rcs_fact_code code);
/* A text that goes into a log line, in the words of this release: older ones say slave, and name
 * their directives so. Static or `text`. */
const char *rcs_words_argument(enum rcs_release release, const char *text);

#endif
