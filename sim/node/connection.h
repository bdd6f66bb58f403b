/* Client connections: what connection.c shares with the commands about connections. */
#ifndef RCSIM_SIM_NODE_CONNECTION_H
#define RCSIM_SIM_NODE_CONNECTION_H

#include "sim/node/internal.h"

/* A client that is in no list yet. */
struct rcs_client *rcs_client_new(struct rcs_node *node, uint32_t link);
void rcs_client_free(struct rcs_node *node, struct rcs_client *client); /* one of that kind */
/* A request was carried out, or what it waited for has come: its reply, from `reply_before` on in
 * client->reply, is dropped if CLIENT REPLY says so, and what held for one request is over. */
void rcs_client_request_done(struct rcs_client *client, size_t reply_before);
/* Drops MULTI, WATCH, subscriptions, name, modes: the state of a new connection (RESET). */
void rcs_client_reset(struct rcs_node *node, struct rcs_client *client);
/* CLIENT PAUSE: until node ms `until_ms`; a running pause is never shortened (Redis 7.0
 * pauseClients). */
void rcs_clients_pause(struct rcs_node *node, int64_t until_ms, bool all);
void rcs_clients_end_pause(struct rcs_node *node); /* CLIENT UNPAUSE */

/* CLIENT SETNAME, HELLO SETNAME; false: the name was refused in a reply. */
bool rcs_client_set_name(struct rcs_client *client, const struct rcs_arg *name);

/* What a client is to CLIENT LIST TYPE and CLIENT KILL TYPE (client_describe.c). */
enum rcs_client_type {
    RCS_TYPE_NORMAL,
    RCS_TYPE_REPLICA,
    RCS_TYPE_PUBSUB,
    RCS_TYPE_MASTER,
    RCS_TYPE_UNKNOWN
};
enum rcs_client_type rcs_client_type(const struct rcs_client *client);
enum rcs_client_type rcs_client_type_named(const struct rcs_arg *name);
/* "10.0.0.1:6379", "[::1]:6379" */
void rcs_client_add_address(struct rcs_buf *out, const struct rcs_address *address);

/* A growing list of requests, a reference each. */
void rcs_requests_add(struct rcs_request ***list, unsigned *count, unsigned *room,
                      struct rcs_request *request);
void rcs_requests_clear(struct rcs_store *store, struct rcs_request **list, unsigned *count);

struct rcs_call;
/* Appends a client as CLIENT LIST shows it, without the end of the line; its name and user hidden
 * as Valkey's log does if `redacted`; `call` is the command that asks (client_describe.c). */
void rcs_client_describe(const struct rcs_call *call, const struct rcs_client *client,
                         bool redacted, struct rcs_buf *out);

#endif
