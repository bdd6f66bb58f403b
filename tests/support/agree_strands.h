/* Log lines as strands: what agree_logs.c (a node against a recorded one), agree_strands.c (what
 * chance adds) and agree_times.c (windows) share. */
#ifndef RCSIM_TEST_AGREE_STRANDS_H
#define RCSIM_TEST_AGREE_STRANDS_H

#include "tests/support/agree_parts.h"

#define FLAP_MS 60 /* recorded: 44 ms after the first TAKEOVER */
#define RETRY_MS_MIN                                                                               \
    960 /* between attempts to reach a master, but for the first; recorded: 972..1030 */
#define RETRY_MS_MAX 1040

enum strand {
    STRAND_OTHER,
    STRAND_BOOT,
    STRAND_IP,
    STRAND_EPOCH,
    STRAND_STATE,
    STRAND_TAKEOVER,
    STRAND_LINK,
    STRAND_SERVE,
    STRAND_CHILD,
    STRAND_ELECTION,
    STRAND_FAIL
};

struct token {
    enum strand strand;
    char role;
    bool taken; /* not before the first TAKEOVER */
    int64_t at_ms;
    char text[512];
};

struct strand_list {
    struct token *tokens;
    unsigned count;
};

/* Whose log is looked at. */
struct place {
    struct agreement *agreement;
    const struct recording *run;
    const char *whose; /* "recorded" or "here" */
    int node;
};

bool agree_begins(const char *text, const char *with);

/* --- times ------------------------------------------------------------------------------------ */

/* The strand of a line of a known kind; false: it has a window of its own, or none. */
bool agree_strand_of(const char *text, enum strand *strand);
/* When the node ("" anybody) was first told to take over; -1 never. */
int64_t agree_took_over_ms(const struct recording *run, const char *who);
/* Counts a difference. */
void agree_out_of_window(const struct place *place, int64_t after_ms, const char *of,
                         const char *text);
/* The window of each line, before anything is left out. */
void agree_check_times(const struct place *place, const struct token *tokens, unsigned count);

/* --- strands ---------------------------------------------------------------------------------- */

/* A node's whole log, its windows checked. The tokens of this list and the next are the caller's.
 */
struct strand_list agree_tokens_of(const struct place *place);
/* One strand of it, less what chance adds. */
struct strand_list agree_canonical(const struct place *place, const struct strand_list *all,
                                   enum strand strand);
/* The first line that begins so, before or after the first TAKEOVER; -1 none. */
int agree_find_token(const struct strand_list *list, const char *begin, bool taken);

#endif
