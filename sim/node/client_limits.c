/* Clients that ask for too much, take too little, or sleep: query buffers, output buffers, timeout.
 */
#include "sim/node/client_limits.h"

#include "sim/node/connection.h"

#include "sim/pure.h"

static const struct rcs_output_limit *limit_of(const struct rcs_node *node,
                                               const struct rcs_client *client)
{
    enum rcs_output_class class = RCS_OUTPUT_NORMAL;
    switch (rcs_client_type(client)) {
    case RCS_TYPE_REPLICA:
        class = RCS_OUTPUT_REPLICA;
        break;
    case RCS_TYPE_PUBSUB:
        class = RCS_OUTPUT_PUBSUB;
        break;
    case RCS_TYPE_NORMAL:
    case RCS_TYPE_MASTER:
    case RCS_TYPE_UNKNOWN:
        break;
    }
    return &node->config.output_limits[class];
}

/* Redis 7.0 checkClientOutputBufferLimits. The soft limit counts once it was exceeded for longer
 * than its seconds without a break. */
bool rcs_client_overflows(struct rcs_node *node, struct rcs_client *client)
{
    const struct rcs_output_limit *limit = limit_of(node, client);
    int64_t bytes = (int64_t)(client->unwritten_bytes + client->reply.size_bytes);
    int64_t now_s = rcs_node_unixtime(node);
    if (limit->hard_bytes != 0 && bytes >= limit->hard_bytes) {
        return true;
    }
    if (limit->soft_bytes == 0 || bytes < limit->soft_bytes) {
        client->soft_since_s = 0;
        return false;
    }
    if (client->soft_since_s == 0) {
        client->soft_since_s = now_s;
    }
    return client->soft_since_s != now_s && now_s - client->soft_since_s > limit->soft_s;
}

void rcs_client_cut(struct rcs_client *client)
{
    rcs_buf_clear(&client->reply);
    client->cut = true;
    client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY | RCS_CLIENT_REPLY_OFF;
}

/* Redis 7.0 clientsCronHandleTimeout: not replicas, not those that wait for something, not
 * subscribers. */
static bool is_idle(const struct rcs_node *node, const struct rcs_client *client)
{
    const unsigned exempt = RCS_CLIENT_REPLICA | RCS_CLIENT_MONITOR | RCS_CLIENT_SUBSCRIBED |
                            RCS_CLIENT_PAUSED | RCS_CLIENT_IN_SHUTDOWN;
    return node->config.timeout_s != 0 && (client->flags & exempt) == 0 &&
           client->blocked == NULL &&
           rcs_node_unixtime(node) - client->last_wall_s > node->config.timeout_s;
}

void rcs_client_limits_tick(struct rcs_node *node)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        bool overflows = client->unwritten_bytes > 0 && rcs_client_overflows(node, client);
        if (overflows || is_idle(node, client)) {
            rcs_client_cut(client);
            node->clients.pending = true;
        }
    }
}

void rcs_node_client_unwritten(struct rcs_node *node, uint32_t link, size_t size_bytes)
{
    struct rcs_client *client = rcs_client_find(node, link);
    if (client == NULL) {
        return;
    }
    node->clients.unwritten -= client->unwritten_bytes > 0;
    if (size_bytes < client->unwritten_bytes) {
        client->last_wall_s = rcs_node_unixtime(node); /* it took something */
    }
    client->unwritten_bytes = size_bytes;
    node->clients.unwritten += size_bytes > 0;
}
