/* Commands that took long, and what took long: SLOWLOG and LATENCY.
 *
 * A command takes no virtual time but for DEBUG SLEEP, so that entries come from that, or from
 * `slowlog-log-slower-than 0`, which logs every command. */
#ifndef RCSIM_SIM_NODE_SLOWLOG_H
#define RCSIM_SIM_NODE_SLOWLOG_H

#include <rcsim/resp.h>
#include <rcsim/store.h>

struct rcs_node;
struct rcs_client;

struct rcs_slow_entry {
    int64_t id, at_s, took_us;
    unsigned argc;       /* of `args`, which are bulks as they are replied */
    struct rcs_buf args; /* cut: 32 of them, 128 bytes of each */
    struct rcs_buf peer, name;
};
struct rcs_slowlog {
    struct rcs_slow_entry **list; /* the oldest first */
    unsigned count, room;
    int64_t next_id;
};

#define RCS_LATENCY_SAMPLES 160

struct rcs_latency_event {
    const char *name; /* static */
    uint32_t max_ms;  /* since its last reset */
    unsigned next;
    struct {
        int64_t at_s; /* 0: none */
        uint32_t ms;
    } samples[RCS_LATENCY_SAMPLES];
};
struct rcs_latency {
    struct rcs_latency_event **list; /* in the order of their first sample */
    unsigned count, room;
};

void rcs_slowlog_close(struct rcs_slowlog *log);
void rcs_slowlog_clear(struct rcs_slowlog *log);
/* Logs a request that took `took_us`, and drops what is more than slowlog-max-len. */
void rcs_slowlog_add(struct rcs_node *node, struct rcs_client *client,
                     const struct rcs_request *request, int64_t took_us);

void rcs_latency_close(struct rcs_latency *latency);
/* Something took so long that latency-monitor-threshold wants it. */
void rcs_latency_add(struct rcs_node *node, const char *name, int64_t took_ms);
/* Forgets one (NULL: all of them); returns how many. */
unsigned rcs_latency_reset(struct rcs_latency *latency, const struct rcs_arg *name);

#endif
