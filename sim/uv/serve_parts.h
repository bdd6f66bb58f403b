/* The inside of the live server, for the files that make it up. */
#ifndef RCSIM_SIM_UV_SERVE_PARTS_H
#define RCSIM_SIM_UV_SERVE_PARTS_H

#include <rcsim/uv.h>

#include "sim/scenario/control.h"
#include "sim/uv/pace.h"
#include "sim/uv/socket.h"

struct rcs_port;
struct rcs_standin;
struct rcs_advance;

struct rcs_serve {
    uv_loop_t *loop;
    struct rcs_run *run;
    struct rcs_sim *sim;
    struct rcs_serve_options options;
    char *bind;
    struct rcs_pace pace;
    struct rcs_port **ports; /* by node, NULL closed */
    unsigned port_count;
    uint64_t lives; /* rcs_outside_lives when the ports were looked at last */
    struct rcs_socket *sockets;
    struct rcs_socket **stopped; /* not read from: their nodes do not read */
    unsigned stopped_count;
    struct rcs_advance *advances, **advances_end;
    uv_timer_t timer;
    uv_idle_t idle; /* runs while there is more to do than one turn */
    uv_signal_t sigint, sigterm;
    uv_tcp_t control_tcp; /* where orders are taken, if `control` is there */
    struct rcs_control *control;
    struct rcs_standin *standins;
    uv_timer_t watch; /* looks at the processes that stand in; runs while there are any */
    bool carrying;    /* the run goes on just now: what is called from within waits for its end */
    bool idling, ending, stop_wanted;
    bool files_limit_told;
    unsigned open; /* handles and sockets whose close callback is still to come */
    char buffer[RCS_SOCKET_READ_BYTES];
};

/* Binds and listens; a libuv error, 0. */
int rcs_serve_listen(uv_tcp_t *tcp, const char *ip, unsigned port, uv_connection_cb accepted);
/* A handle or socket counted in `open` is closed. */
void rcs_serve_closed(struct rcs_serve *serve);
/* Opens and closes ports as processes of nodes began and ended; a libuv error of one that cannot
 * be opened, 0. */
int rcs_serve_look_at_ports(struct rcs_serve *serve);
/* Turns go on without waiting for events of the kernel. */
void rcs_serve_set_idle(struct rcs_serve *serve, bool yes);

/* files_limit.c: the soft limit of open files becomes what the nodes that run need, as far as the
 * hard limit lets it. */
void rcs_serve_raise_files_limit(struct rcs_serve *serve);

/* control_port.c: opens the port for orders; a libuv error, 0. */
int rcs_control_port_open(struct rcs_serve *serve);
void rcs_control_port_close(struct rcs_serve *serve); /* after the run was ended */
/* True if the program at the other end has left and it was not heard of yet. */
bool rcs_control_port_left(const struct rcs_serve *serve, const struct rcs_control_client *client);

#endif
