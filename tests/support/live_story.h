/* A scenario played with real redis-server processes on 127.0.0.1 and redis-cli, as `rcsim run`
 * plays it with virtual ones: the same text, the same waits, the same verdict.
 *
 * It knows the part of the language that sweeps of waits are written in: sites, params, directives,
 * start, kill, wait, cli, commands and their replies, and the expectations of a node's view. Any
 * other line ends the program with its place: nothing is passed over. */
#ifndef RCSIM_TEST_LIVE_STORY_H
#define RCSIM_TEST_LIVE_STORY_H

#include <stdbool.h>
#include <stdint.h>

struct live_story_options {
    const char *source, *text; /* of the scenario; borrowed */
    const char *param, *value; /* one that is replaced */
    uint64_t seed;             /* what `wait 0s..1s` draws from */
    int port;                  /* the first node's; the others' follow */
    char directory[200];       /* there; one for each node is made in it */
};

/* Of fixed size and free of pointers: it can be written to another process. */
struct live_story_outcome {
    int line; /* of the first statement that did not hold; 0: all did */
    char what[160];
    int64_t late_us; /* the most that a fixed wait was too long, or a server's reply took; where */
    int late_line;
};

/* How many nodes, and so ports, it has. */
int live_story_nodes(const char *source, const char *text);
/* Plays up to the first statement that does not hold. One at a time in a process: its servers are
 * found by live_story_clean_up, which stops them and removes their directories. */
void live_story_play(const struct live_story_options *options, struct live_story_outcome *out);
void live_story_clean_up(void);

#endif
