/* Two servers that are asked the same: a real one, and one that is tested against it. */
#ifndef RCSIM_TEST_LIVE_PAIR_H
#define RCSIM_TEST_LIVE_PAIR_H

#include "tests/support/command_plan.h"
#include "tests/support/live_target.h"

#define LIVE_RESTORES_MAX 32

enum { LIVE_REAL, LIVE_TESTED, LIVE_BOTH };

struct live_pair {
    struct live_target targets[LIVE_BOTH];
    const char *program;   /* rcsim; NULL: the tested one is something else */
    int64_t date_offset_s; /* how much later it is at the real one: a simulated date can be set */
    unsigned ended;        /* how often the tested server ended by itself */
    /* CONFIG SET of what was there at the beginning */
    struct plan_step restores[LIVE_RESTORES_MAX];
    unsigned restore_count;
    bool changed_directives; /* by the sequence before, or by a new start */
};

/* Starts `program` as the tested server; one that ends by itself is started again when it is asked
 * next. */
void live_pair_rcsim(struct live_pair *pair, const char *program, int port);
/* Both get all slots; what CONFIG SET may change is remembered. */
void live_pair_make_clusters(struct live_pair *pair);
void live_pair_restore_directives(struct live_pair *pair);

/* New connections to both, those that are compared with RESP3 or RESP2. */
void live_pair_connect(struct live_pair *pair, bool resp3);
/* To both, by the connections beside; live_wire_say's words. */
void live_pair_say(struct live_pair *pair, const char *words);
void live_pair_beside(struct live_pair *pair, const struct plan_step *step);

#endif
