/* What the files of sim/world share with the scenario floor beyond the public header. */
#ifndef RCSIM_SIM_WORLD_WORLD_H
#define RCSIM_SIM_WORLD_WORLD_H

#include <rcsim/sim.h>

#include "sim/node/node.h"

/* The node's state machine while its process lives, NULL else. Borrowed. */
const struct rcs_node *rcs_sim_node(const struct rcs_sim *sim, int node);
struct rcs_store *rcs_sim_store(struct rcs_sim *sim);
/* The node whose identity (current, or of its saved nodes.conf) this is; -1 none. */
int rcs_sim_node_of(const struct rcs_sim *sim, rcs_id id);
/* As rcs_session_request, of words with one blank between them. */
void rcs_session_words(struct rcs_session *session, int node, const char *text, size_t text_bytes);
/* A stream of chance for what stands outside the nodes (redis-cli's own srand). */
struct rcs_rand *rcs_sim_cli_rand(struct rcs_sim *sim);

#endif
