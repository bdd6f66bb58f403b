/* What the files of sim/world share with the scenario floor beyond the public header. */
#ifndef RCSIM_SIM_WORLD_WORLD_H
#define RCSIM_SIM_WORLD_WORLD_H

#include <rcsim/sim.h>

#include "sim/node/node.h"

/* The node's state machine while its process lives, NULL else. Borrowed. */
const struct rcs_node *rcs_sim_node(const struct rcs_sim *sim, int node);
/* The node whose identity (current, or of its saved nodes.conf) this is; -1 none. */
int rcs_sim_node_of(const struct rcs_sim *sim, rcs_id id);
/* As rcs_session_request, of words with one blank between them. */
void rcs_session_words(struct rcs_session *session, int node, const char *text, size_t text_bytes);
/* Requests of sessions that came to their end, by a reply or without: who waits for one need not
 * ask before this number changes. */
uint64_t rcs_sim_answers(const struct rcs_sim *sim);
/* As rcs_sim_latency; *rule names it for the two functions below. */
enum rcs_err rcs_sim_latency_rule(struct rcs_sim *sim, const char *a, const char *b, rcs_us low,
                                  rcs_us high, unsigned *rule, struct rcs_diag *diag);
/* Workloads there were; NULL: it was freed. */
unsigned rcs_sim_workloads(const struct rcs_sim *sim);
struct rcs_workload *rcs_sim_workload(const struct rcs_sim *sim, unsigned workload);
/* Writes that were acknowledged and are gone (rcs_workload_lost), or were seen to be gone before
 * their keys were written anew, one by one. */
struct rcs_lost_write {
    int node;        /* that acknowledged it, or gave it when it was read back, */
    rcs_us at_us;    /* then */
    uint8_t way;     /* what rcs_workload_mark was told when it was first seen to be gone; 0 */
    bool confirmed;  /* WAIT said that as many replicas have it as were wanted */
    bool reread;     /* it was read back */
    bool two_owners; /* `node` has it still, and calls itself the owner of its slot as another does
                      */
};
void rcs_workload_lost_each(const struct rcs_workload *workload,
                            void (*each)(void *arg, const struct rcs_lost_write *write), void *arg);
/* Something happened by which `node` may serve less than was acknowledged: writes to its slots that
 * are gone now, and were not before, are lost by `way` (not 0). It happened at `since_us` at the
 * earliest. */
void rcs_workload_mark(struct rcs_workload *workload, int node, uint8_t way, rcs_us since_us);
struct rcs_wrong_reads {
    uint64_t count;
    int node; /* that answered the first one, then */
    rcs_us at_us;
};
const struct rcs_wrong_reads *rcs_workload_wrong_reads(const struct rcs_workload *workload);
/* Reads that gave less than was acknowledged (`of`: the write that was not there, as it stood
 * then), one by one. */
struct rcs_stale_read {
    int node; /* that answered, then */
    rcs_us at_us;
    struct rcs_lost_write of;
};
void rcs_workload_stale_each(const struct rcs_workload *workload,
                             void (*each)(void *arg, const struct rcs_stale_read *read), void *arg);
/* A rule for the paths between two sites; *rule names it for rcs_sim_path_end. */
enum rcs_path_fault { RCS_PATH_FAULT_LOSS, RCS_PATH_FAULT_BANDWIDTH, RCS_PATH_FAULT_LINK };
enum rcs_err rcs_sim_path_rule(struct rcs_sim *sim, enum rcs_path_fault what, const char *a,
                               const char *b, uint64_t value, unsigned *rule,
                               struct rcs_diag *diag);
void rcs_sim_path_end(struct rcs_sim *sim, enum rcs_path_fault what, unsigned rule);
/* Row of the table of link kinds, -1 none; their names by row, NULL past the end. */
int rcs_sim_link_kind(const char *name);
const char *rcs_sim_link_kind_name(unsigned row);
rcs_us rcs_sim_fsync_us(const struct rcs_sim *sim, int node);
bool rcs_sim_disk_full(const struct rcs_sim *sim, int node);
/* In its place among the other rules, of which the last one made wins. */
enum rcs_err rcs_sim_latency_change(struct rcs_sim *sim, unsigned rule, rcs_us low, rcs_us high,
                                    struct rcs_diag *diag);
void rcs_sim_latency_end(struct rcs_sim *sim, unsigned rule);
/* How the clock of the node's host goes; puts it back to how it went before. */
struct rcs_clock rcs_sim_clock_of(const struct rcs_sim *sim, int node);
void rcs_sim_put_clock(struct rcs_sim *sim, int node, const struct rcs_clock *host_clock);
/* A packet from `from` to `to` vanishes. */
bool rcs_sim_is_cut(const struct rcs_sim *sim, int from, int to);
/* Ends cuts one way each: `ways` are `count` pairs from, to. */
void rcs_sim_heal_ways(struct rcs_sim *sim, const int *ways, unsigned count);
/* What the node goes by, or will go by when it is started next; of -1 what nodes begin with.
 * Borrowed. */
const struct rcs_config *rcs_sim_config(const struct rcs_sim *sim, int node);
/* The id of its processes from the next start on; 0: by its number. */
void rcs_sim_set_pid(struct rcs_sim *sim, int node, uint32_t pid);
unsigned rcs_sim_node_bus_port(const struct rcs_sim *sim, int node);
/* "a.b.c.d:port" with decimal numbers in their shortest form. */
bool rcs_address_read(const char *text, char ip[46], unsigned *port);
/* A stream of chance for what stands outside the nodes (redis-cli's own srand). */
struct rcs_rand *rcs_sim_cli_rand(struct rcs_sim *sim);

#endif
