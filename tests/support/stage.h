/* A single node on a stage: it gets what one of the recorded nodes received, at the recorded times,
 * and nothing else; what it says is kept beside what the real one said.
 *
 * Before the recording begins the node is brought to where the real one stood: started from a
 * nodes.conf with the recorded table, its links made, its pings answered by peers that say what the
 * headers of their first recorded packets say, the last time at the recorded pong times. Its ticks
 * are laid on those of the real one. */
#ifndef RCSIM_TEST_STAGE_H
#define RCSIM_TEST_STAGE_H

#include <rcsim/bus.h>

#include "sim/node/node.h"
#include "tests/support/conversation.h"

struct said {
    rcs_us at_us;   /* since the start of the recording */
    int peer, conn; /* conn: -1 for an outbound link */
    struct rcs_bus_msg *msg;
};

struct line {
    rcs_us at_us;
    char role;
    char text[256];
};

enum far_state { FAR_CLOSED, FAR_CONNECTING, FAR_UP };
struct due; /* something that will happen to the node */

struct stage {
    const struct talk *talk;
    int me;
    int deaf_to; /* a peer whose packets are withheld, -1 none */
    struct rcs_store *store;
    struct rcs_node *node;
    struct rcs_effects effects;
    rcs_us origin_us; /* virtual time of the start of the recording */
    rcs_us now_us;
    rcs_addr here;
    rcs_id ids[8];
    struct {
        uint32_t link;
        enum far_state state;
    } far[8];                 /* outbound links, by peer */
    uint32_t *inbound;        /* by conn: its link, or RCS_LINK_NONE */
    rcs_us *closed_at_us;     /* by conn: when the peer closed it, RCS_NEVER */
    rcs_us *planned_us;       /* by conn: the last thing planned on it; a stream keeps its order */
    rcs_us stop_us, go_on_us; /* SIGSTOP and SIGCONT of this node, RCS_NEVER */
    struct due *due;
    size_t due_count, due_room;
    uint64_t next_sequence;
    struct said *said, *real; /* what it sent; what the real one sent */
    size_t said_count, real_count;
    struct line *lines;
    size_t line_count;
    unsigned closes[8]; /* by peer: how often it closed its outbound link */
    rcs_us wakes[4096];
    size_t wake_count;
};

/* The node `me`, from its start to the end of the recording. Packets of the peer `deaf_to` are
 * withheld, -1: of nobody. If there is an election, its delay is that of the real one to within a
 * tick: seeds are tried, because the recorded votes come at their recorded time. */
struct stage *stage_play(const struct talk *talk, int me, int deaf_to);
void stage_free(struct stage *stage);

/* The first mark of a node that begins with `what`; NULL none. */
const struct talk_event *talk_mark(const struct talk *talk, int node, const char *what);

#endif
