/* Nodes that stand in for redis-server processes: `NODE ADD` and what follows it on the control
 * port.
 *
 * A node lives as long as the control connection that added it: when that drops, it is killed. Its
 * disk is a real directory below --disk. All that is done to the run are orders, so that the trace
 * has them, with the files that were found; a replay does not look at any disk. */
#ifndef RCSIM_SIM_UV_STANDIN_H
#define RCSIM_SIM_UV_STANDIN_H

#include "sim/uv/serve_parts.h"

/* For struct rcs_control_host; `arg` is the server. */
bool rcs_standin_request(void *arg, struct rcs_control_client *client, unsigned argc,
                         const struct rcs_arg *args);
void rcs_standin_gone(void *arg, struct rcs_control_client *client);

/* Called when the server settles: before anything is written to clients, so that what is
 * acknowledged is on the disk; and when ports were looked at, to tell of processes that ended. */
void rcs_standins_save(struct rcs_serve *serve);
void rcs_standins_exited(struct rcs_serve *serve);
/* Looks whether the process that stands in for `node` (-1: each) was stopped, continued or killed.
 * Called every 10 ms, and before anything is given to a node. */
void rcs_standins_look(struct rcs_serve *serve, int node);
/* The server ends: all are killed, their disks written. Before the run ends. */
void rcs_standins_end(struct rcs_serve *serve);

#endif
