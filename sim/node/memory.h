/* Memory as a node reports it: an estimate that depends on what it holds and on nothing else, so
 * that it is the same in every run. It follows the sizes a 64-bit redis-server 7.0 allocates, but
 * knows nothing of an allocator's bins, of fragmentation or of buffers that come and go. */
#ifndef RCSIM_SIM_NODE_MEMORY_H
#define RCSIM_SIM_NODE_MEMORY_H

#include "sim/node/internal.h"

/* An empty server of 7.0.15, and each of its client connections. */
#define RCS_MEMORY_STARTUP 1599992
#define RCS_MEMORY_CLIENT  22400

/* Of a key: its name, its value, its place in the tables (MEMORY USAGE). Strings by their length;
 * other values by about what they take in an RDB, times two. */
int64_t rcs_memory_of_key(const struct rcs_entry *entry);
/* Of all keys. With a limit the sum is kept, and only what changed is looked at; without one
 * nothing is noted of a change, and this looks at every key. */
int64_t rcs_memory_of_keys(const struct rcs_node *node);
/* INFO's used_memory, of_keys being rcs_memory_of_keys; a new peak is noted. */
int64_t rcs_memory_used(struct rcs_node *node, int64_t of_keys);
/* After a change of maxmemory. */
void rcs_memory_configured(struct rcs_node *node);
static inline bool rcs_memory_limited(const struct rcs_node *node)
{
    return node->config.maxmemory_bytes != 0;
}
/* Evicts as maxmemory-policy says until what is used fits, without backlog and replicas (Redis 7.0
 * performEvictions); true: it does. Asked only if there is a limit. */
RCS_APART bool rcs_memory_make_room(struct rcs_node *node);

#endif
