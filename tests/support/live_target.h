/* A cluster of one node with all slots, to be asked: a real redis-server, `rcsim serve`, or what
 * runs already. Whatever cannot be had ends the program with status 2 and a line that says what. */
#ifndef RCSIM_TEST_LIVE_TARGET_H
#define RCSIM_TEST_LIVE_TARGET_H

#include "tests/support/live_server.h"
#include "tests/support/live_wire.h"

struct live_target {
    struct live_wire wire;
    struct live_server server; /* real */
    pid_t rcsim_pid;           /* 0: none */
};

#define LIVE_TARGET(named)                                                                         \
    {                                                                                              \
        .wire = { .name = named, .fd = -1, .beside_fd = -1 }, .server.fd = -1                      \
    }

/* Each starts or finds one, without slots. */
void live_target_real(struct live_target *target, const char *directory, int port);
/* The first of `nodes` at ports from `port` on; its control port is the one behind them. */
void live_target_rcsim(struct live_target *target, const char *program, int port, int nodes);
void live_target_at(struct live_target *target, const char *host_port);

/* Connects, gives it all slots, waits until it serves them. */
void live_target_make_cluster(struct live_target *target);

/* True if it ended by itself since it was started; *how says so, "signal 11". */
bool live_target_ended(struct live_target *target, const char **how);
/* Ends what was started, by its id. False: rcsim was told to end, and did so with a status other
 * than 0 (a leak that its build looks for, for one). */
bool live_target_end(struct live_target *target);

#endif
