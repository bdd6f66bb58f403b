/* Subscriptions of clients: what connection.c needs to know of them. */
#ifndef RCSIM_SIM_NODE_PUBSUB_H
#define RCSIM_SIM_NODE_PUBSUB_H

#include "sim/node/internal.h"

/* Ends all subscriptions without a word, and frees them. */
void rcs_pubsub_forget(struct rcs_client *client);
/* Subscriptions to channels and patterns; to patterns; to shard channels (CLIENT LIST). */
unsigned rcs_pubsub_channels(const struct rcs_client *client);
unsigned rcs_pubsub_patterns(const struct rcs_client *client);
unsigned rcs_pubsub_shard_channels(const struct rcs_client *client);
/* Different channels, or patterns, with a subscriber at this node (INFO). */
enum rcs_pubsub_kind { RCS_PUBSUB_CHANNELS, RCS_PUBSUB_PATTERNS, RCS_PUBSUB_SHARD_CHANNELS };
unsigned rcs_pubsub_count(const struct rcs_node *node, enum rcs_pubsub_kind kind);

#endif
