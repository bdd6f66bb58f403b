/* Programs outside the simulation that talk to its nodes: bytes in, bytes out.
 *
 * Who owns the sockets calls these functions at the instants at which something came in, and takes
 * out what the nodes wrote. The same calls at the same virtual times give the same run. */
#ifndef RCSIM_OUTSIDE_H
#define RCSIM_OUTSIDE_H

#include <rcsim/sim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a connect to the node's client port would meet. */
enum rcs_port_state {
    RCS_PORT_CLOSED,    /* no process: refused */
    RCS_PORT_LISTENING, /* accepted, now or (a process that is stopped) later */
    RCS_PORT_SILENT     /* no power: nothing comes back */
};
enum rcs_port_state rcs_outside_port(const struct rcs_sim *sim, int node);

/* Changes whenever the state of some port does. */
uint64_t rcs_outside_lives(const struct rcs_sim *sim);

/* A program connects; the port must not be closed. `peer` is where from; `owner` is the caller's.
 * Returns the connection's number, not 0; no number is used twice. */
uint32_t rcs_outside_open(struct rcs_sim *sim, int node, const struct rcs_address *peer,
                          void *owner);
/* It wrote bytes. */
void rcs_outside_data(struct rcs_sim *sim, uint32_t number, const void *bytes, size_t size_bytes);
/* It closed the connection, or is gone. Nothing may be said of this number any more, and nothing
 * more comes out for it. */
void rcs_outside_gone(struct rcs_sim *sim, uint32_t number);
/* The node it is connected to. */
int rcs_outside_node(const struct rcs_sim *sim, uint32_t number);
/* Bytes that wait for a process that does not read (it is stopped, or asleep): a kernel would take
 * some and then no more. */
size_t rcs_outside_unread(const struct rcs_sim *sim, uint32_t number);

/* So many of the bytes taken out wait because the program does not read them: what the limits of
 * output buffers go by. To be said whenever it changes. */
void rcs_outside_unwritten(struct rcs_sim *sim, uint32_t number, size_t size_bytes);

struct rcs_outside_output {
    uint32_t number;
    void *owner;
    const char *bytes; /* borrowed until the next output is taken */
    size_t size_bytes; /* may be 0 */
    bool cut;          /* closed, and what the kernel has not taken is not to be written any more */
    bool closed;       /* the node closes the connection behind these bytes: it is no more */
};
/* Takes out what was written to some connection, all of it; in order of the connections that were
 * written to. False: nothing is left. */
bool rcs_outside_take(struct rcs_sim *sim, struct rcs_outside_output *out);

/* For a recorded session that is played again, where nobody reads. */

/* True if the number is a connection of which something may be said. */
bool rcs_outside_known(const struct rcs_sim *sim, uint32_t number);
/* Forgets what was written so far, instead of rcs_outside_take. Connections that a node closed stay
 * known until rcs_outside_gone. */
void rcs_outside_forget(struct rcs_sim *sim);

#ifdef __cplusplus
}
#endif
#endif
