#include "sim/node/notify.h"

#include <string.h>

#include "sim/pure.h"

static void publish(struct rcs_node *node, const char *channel, const void *name, size_t name_bytes,
                    const void *message, size_t message_bytes)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, channel);
    rcs_buf_add(&text, name, name_bytes);
    rcs_clients_publish(node, text.data, text.size_bytes, message, message_bytes, false);
    rcs_buf_close(&text);
}

/* Redis 7.0 notifyKeyspaceEvent. Such messages stay at the node: the bus does not carry them. */
void rcs_notify_publish(struct rcs_node *node, const char *event, const void *key, size_t key_bytes)
{
    if ((node->config.notify_classes & RCS_NOTIFY_KEYSPACE) != 0) {
        publish(node, "__keyspace@0__:", key, key_bytes, event, strlen(event));
    }
    if ((node->config.notify_classes & RCS_NOTIFY_KEYEVENT) != 0) {
        publish(node, "__keyevent@0__:", event, strlen(event), key, key_bytes);
    }
}
