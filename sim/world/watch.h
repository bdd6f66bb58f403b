/* Who watches a world: told of what nodes say on the bus, write to their disks and decide, as it
 * happens. One at a time; it changes nothing, and a world nobody watches pays a comparison for it.
 */
#ifndef RCSIM_SIM_WORLD_WATCH_H
#define RCSIM_SIM_WORLD_WATCH_H

#include <rcsim/bus.h>
#include <rcsim/sim.h>

struct rcs_fact;
struct rcs_saved_config;

/* All are given, but for `sent` NULL: nobody watches. Values are borrowed for the call. */
struct rcs_watch {
    void *arg;
    /* A node says a bus message to `to` (-1: the link is gone, and it has yet to hear of it). True:
     * `stepped` is to be called at the end of this turn of the node's loop. */
    bool (*sent)(void *arg, unsigned node, int to, const struct rcs_bus_msg *msg);
    void (*stepped)(void *arg, unsigned node);
    /* An AUTH_ACK reaches the node it is for. */
    void (*vote_came)(void *arg, unsigned node, unsigned voter, const struct rcs_bus_msg *msg);
    /* A milestone, before what the same step says and writes. */
    void (*fact)(void *arg, unsigned node, const struct rcs_fact *fact);
    /* The node wrote nodes.conf; or (`process` false) somebody else did, or removed it: NULL. */
    void (*conf)(void *arg, unsigned node, const struct rcs_saved_config *conf, bool fsync,
                 bool process);
    /* A process begins, and finds `conf` (NULL: none); it ends. */
    void (*started)(void *arg, unsigned node, const struct rcs_saved_config *conf);
    void (*ended)(void *arg, unsigned node);
    /* A fault or a change of the network, by its name in traces; "sleep": a process stands still.
     */
    void (*fault)(void *arg, const char *name);
    void (*free)(void *arg); /* with the world */
};
/* Copied; must come before the first event. */
void rcs_sim_watch(struct rcs_sim *sim, const struct rcs_watch *watch);
const struct rcs_watch *rcs_sim_watched(const struct rcs_sim *sim);

#endif
