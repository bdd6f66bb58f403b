#include "sim/node/command_cluster.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/node/command_args.h"

#include "sim/pure.h"

rcs_id rcs_cluster_node_named(const struct rcs_cluster *cluster, const struct rcs_arg *argument)
{
    if (argument->size_bytes != RCS_ID_LEN) {
        return RCS_ID_NONE;
    }
    rcs_id id = rcs_store_find_id(cluster->store, argument->bytes);
    return rcs_peer_find(cluster, id) != NULL ? id : RCS_ID_NONE;
}

bool rcs_cluster_node_or_refuse(const struct rcs_node *node, struct rcs_client *client,
                                const struct rcs_arg *argument, const char *unknown, rcs_id *id)
{
    *id = rcs_cluster_node_named(&node->cluster, argument);
    if (*id == RCS_ID_NONE) {
        rcs_refuse_about(client, unknown, argument, "");
        return false;
    }
    return true;
}

/* --- joining and leaving --------------------------------------------------------------------- */

static bool port_exists(int32_t port)
{
    return port > 0 && port <= UINT16_MAX;
}

/* True if the argument is an IPv4 or IPv6 address, no host name; then `ip` holds it. */
static bool literal_address(const struct rcs_arg *argument,
                            char ip[sizeof(((struct rcs_address *)NULL)->ip)])
{
    unsigned char binary[sizeof(struct in6_addr)];
    size_t size_bytes = rcs_arg_text_bytes(argument);
    if (size_bytes >= sizeof(((struct rcs_address *)NULL)->ip)) {
        return false;
    }
    memcpy(ip, argument->bytes, size_bytes);
    ip[size_bytes] = '\0';
    return inet_pton(AF_INET, ip, binary) == 1 || inet_pton(AF_INET6, ip, binary) == 1;
}

static void refuse_address(struct rcs_client *client, const struct rcs_arg *host,
                           const struct rcs_arg *port)
{
    struct rcs_buf after;
    rcs_buf_init(&after);
    rcs_buf_text(&after, ":");
    rcs_buf_add(&after, port->bytes, rcs_arg_text_bytes(port));
    rcs_buf_add(&after, "", 1);
    rcs_refuse_about(client, "Invalid node address specified: ", host, after.data);
    rcs_buf_close(&after);
}

static void run_meet(struct rcs_node *node, struct rcs_client *client,
                     const struct rcs_request *request)
{
    int64_t port, bus_port;
    if (!rcs_arg_i64(&request->args[3], &port)) {
        rcs_refuse_about(client, "Invalid TCP base port specified: ", &request->args[3], "");
        return;
    }
    if (request->argc < 5) {
        bus_port = (int64_t)((uint64_t)port + 10000);
    } else if (!rcs_arg_i64(&request->args[4], &bus_port)) {
        rcs_refuse_about(client, "Invalid TCP bus port specified: ", &request->args[4], "");
        return;
    }
    /* Redis 7.0 clusterStartHandshake takes both ports as int: higher bits are cut off unseen. */
    int32_t narrow_port = (int32_t)(uint32_t)(uint64_t)port;
    int32_t narrow_bus_port = (int32_t)(uint32_t)(uint64_t)bus_port;
    char ip[sizeof(((struct rcs_address *)NULL)->ip)];
    if (!literal_address(&request->args[2], ip) || !port_exists(narrow_port) ||
        !port_exists(narrow_bus_port)) {
        refuse_address(client, &request->args[2], &request->args[3]);
        return;
    }
    rcs_cluster_meet(&node->cluster, ip, (uint16_t)narrow_port, (uint16_t)narrow_bus_port);
    rcs_reply_ok(client);
}

static void run_forget(struct rcs_node *node, struct rcs_client *client,
                       const struct rcs_request *request)
{
    struct rcs_cluster *cluster = &node->cluster;
    const struct rcs_arg *name = &request->args[2];
    if (name->size_bytes == RCS_ID_LEN && rcs_cluster_forget_handshake(cluster, name->bytes)) {
        rcs_reply_ok(client);
        return;
    }
    rcs_id id;
    if (!rcs_cluster_node_or_refuse(node, client, name, "Unknown node ", &id)) {
        return;
    }
    if (id == cluster->myself) {
        rcs_refuse(client, "I tried hard but I can't forget myself...");
        return;
    }
    if (rcs_is_replica(rcs_myself(cluster)) && rcs_myself(cluster)->master == id) {
        rcs_refuse(client, "Can't forget my master!");
        return;
    }
    rcs_cluster_forget(cluster, id);
    rcs_reply_ok(client);
}

static void run_reset(struct rcs_node *node, struct rcs_client *client,
                      const struct rcs_request *request)
{
    bool hard = request->argc == 3 && rcs_arg_is(&request->args[2], "hard");
    if (request->argc == 3 && !hard && !rcs_arg_is(&request->args[2], "soft")) {
        rcs_refuse(client, "syntax error");
        return;
    }
    if (rcs_is_master(rcs_myself(&node->cluster)) && rcs_keyspace_size(node->keys) != 0) {
        rcs_refuse(client, "CLUSTER RESET can't be called with master nodes containing keys");
        return;
    }
    rcs_cluster_reset(&node->cluster, hard);
    rcs_reply_ok(client);
}

/* --- roles and failover ---------------------------------------------------------------------- */

static void run_replicate(struct rcs_node *node, struct rcs_client *client,
                          const struct rcs_request *request)
{
    struct rcs_cluster *cluster = &node->cluster;
    rcs_id id;
    if (!rcs_cluster_node_or_refuse(node, client, &request->args[2], "Unknown node ", &id)) {
        return;
    }
    if (id == cluster->myself) {
        rcs_refuse(client, "Can't replicate myself");
        return;
    }
    if (rcs_is_replica(rcs_peer_find(cluster, id))) {
        rcs_refuse(client, "I can only replicate a master, not a replica.");
        return;
    }
    if (rcs_is_master(rcs_myself(cluster)) &&
        (rcs_slot_count(cluster, cluster->myself) != 0 || rcs_keyspace_size(node->keys) != 0)) {
        rcs_refuse(client, "To set a master the node must be empty and without assigned slots.");
        return;
    }
    rcs_cluster_replicate(cluster, id);
    rcs_reply_ok(client);
}

static void run_failover(struct rcs_node *node, struct rcs_client *client,
                         const struct rcs_request *request)
{
    struct rcs_cluster *cluster = &node->cluster;
    enum rcs_failover_kind kind = RCS_FAILOVER_PLAIN;
    if (request->argc == 3) {
        if (rcs_arg_is(&request->args[2], "force")) {
            kind = RCS_FAILOVER_FORCE;
        } else if (rcs_arg_is(&request->args[2], "takeover")) {
            kind = RCS_FAILOVER_TAKEOVER;
        } else {
            rcs_refuse(client, "syntax error");
            return;
        }
    }
    if (rcs_is_master(rcs_myself(cluster))) {
        rcs_refuse(client, "You should send CLUSTER FAILOVER to a replica");
        return;
    }
    const struct rcs_peer *master = rcs_peer_find(cluster, rcs_myself(cluster)->master);
    if (master == NULL) {
        rcs_refuse(client, "I'm a replica but my master is unknown to me");
        return;
    }
    /* A link that is still connecting will do, and so will a suspected master. */
    if (kind == RCS_FAILOVER_PLAIN &&
        ((master->flags & RCS_NODE_FAIL) != 0 || master->link == RCS_LINK_CLOSED)) {
        rcs_refuse(client, "Master is down or failed, please use CLUSTER FAILOVER FORCE");
        return;
    }
    rcs_cluster_failover(cluster, kind);
    rcs_reply_ok(client);
}

static void run_count_failure_reports(struct rcs_node *node, struct rcs_client *client,
                                      const struct rcs_request *request)
{
    rcs_id id;
    if (rcs_cluster_node_or_refuse(node, client, &request->args[2], "Unknown node ", &id)) {
        rcs_resp_integer(&client->reply, rcs_cluster_failure_reports(&node->cluster, id));
    }
}

/* --- epochs and the rest --------------------------------------------------------------------- */

static void run_set_config_epoch(struct rcs_node *node, struct rcs_client *client,
                                 const struct rcs_request *request)
{
    struct rcs_cluster *cluster = &node->cluster;
    int64_t epoch;
    if (!rcs_arg_i64_or_refuse(client, &request->args[2], &epoch)) {
        return;
    }
    if (epoch < 0) {
        rcs_refuse_format(client, "Invalid config epoch specified: %" PRId64, epoch);
    } else if (cluster->known + cluster->handshake_count > 1) {
        rcs_refuse(client,
                   "The user can assign a config epoch only when the node does not know any "
                   "other node.");
    } else if (rcs_myself(cluster)->config_epoch != 0) {
        rcs_refuse(client, "Node config epoch is already non-zero");
    } else {
        rcs_cluster_set_config_epoch(cluster, (uint64_t)epoch);
        rcs_reply_ok(client);
    }
}

static void run_bumpepoch(struct rcs_node *node, struct rcs_client *client,
                          const struct rcs_request *request)
{
    (void)request;
    bool bumped = rcs_cluster_bump_epoch(&node->cluster);
    char text[32];
    snprintf(text, sizeof(text), "%s %" PRIu64, bumped ? "BUMPED" : "STILL",
             rcs_myself(&node->cluster)->config_epoch);
    rcs_resp_status(&client->reply, text);
}

static void run_myid(struct rcs_node *node, struct rcs_client *client,
                     const struct rcs_request *request)
{
    (void)request;
    rcs_resp_bulk(&client->reply, rcs_store_name(node->store, node->cluster.myself), RCS_ID_LEN);
}

static void run_saveconfig(struct rcs_node *node, struct rcs_client *client,
                           const struct rcs_request *request)
{
    (void)request;
    rcs_cluster_save_now(&node->cluster);
    rcs_reply_ok(client);
}

/* --- the table ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct rcs_cluster_subcommand subcommands[] = {
    /* name                  arity most flags                            handler */
    { "addslots",              -3, 0, "admin stale no_async_loading",    rcs_cluster_addslots },
    { "addslotsrange",         -4, 0, "admin stale no_async_loading",    rcs_cluster_addslotsrange },
    { "bumpepoch",              2, 2, "admin stale no_async_loading",    run_bumpepoch },
    { "count-failure-reports",  3, 3, "admin stale",                     run_count_failure_reports },
    { "countkeysinslot",        3, 3, "stale",                           rcs_cluster_countkeysinslot },
    { "delslots",              -3, 0, "admin stale no_async_loading",    rcs_cluster_delslots },
    { "delslotsrange",         -4, 0, "admin stale no_async_loading",    rcs_cluster_delslotsrange },
    { "failover",              -2, 3, "admin stale no_async_loading",    run_failover },
    { "flushslots",             2, 2, "admin stale no_async_loading",    rcs_cluster_flushslots },
    { "forget",                 3, 3, "admin stale no_async_loading",    run_forget },
    { "getkeysinslot",          4, 4, "stale",                           rcs_cluster_getkeysinslot },
    { "help",                   2, 2, "loading stale",                   rcs_cluster_help },
    { "info",                   2, 2, "stale",                           rcs_cluster_info },
    { "keyslot",                3, 3, "stale",                           rcs_cluster_keyslot },
    { "links",                  2, 2, "stale",                           rcs_cluster_links },
    { "meet",                  -4, 5, "admin stale no_async_loading",    run_meet },
    { "myid",                   2, 2, "stale",                           run_myid },
    { "nodes",                  2, 2, "stale",                           rcs_cluster_nodes },
    { "replicas",               3, 3, "admin stale",                     rcs_cluster_replicas },
    { "replicate",              3, 3, "admin stale no_async_loading",    run_replicate },
    { "reset",                 -2, 3, "admin noscript stale",            run_reset },
    { "saveconfig",             2, 2, "admin stale no_async_loading",    run_saveconfig },
    { "set-config-epoch",       3, 3, "admin stale no_async_loading",    run_set_config_epoch },
    { "setslot",               -4, 0, "admin stale no_async_loading",    rcs_cluster_setslot },
    { "shards",                 2, 2, "stale",                           rcs_cluster_shards },
    { "slaves",                 3, 3, "admin stale",                     rcs_cluster_replicas },
    { "slots",                  2, 2, "stale",                           rcs_cluster_slots },
};
/* clang-format on */

const struct rcs_cluster_subcommand *rcs_cluster_subcommand_at(unsigned index)
{
    return index < sizeof(subcommands) / sizeof(subcommands[0]) ? &subcommands[index] : NULL;
}

const struct rcs_cluster_subcommand *rcs_cluster_subcommand(const char *name, size_t size_bytes)
{
    for (unsigned i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++) {
        if (rcs_word_is(name, size_bytes, subcommands[i].name)) {
            return &subcommands[i];
        }
    }
    return NULL;
}

/* `most` is a second gate: an arity of "at least" lets too many words through to the handler, which
 * answers them in other words than the arity check does. */
void rcs_command_cluster(struct rcs_node *node, struct rcs_client *client,
                         const struct rcs_request *request)
{
    const struct rcs_arg *name = &request->args[1];
    const struct rcs_cluster_subcommand *subcommand =
        rcs_cluster_subcommand(name->bytes, name->size_bytes);
    if (subcommand == NULL || (subcommand->most != 0 && request->argc > subcommand->most)) {
        struct rcs_arg shown = *name;
        shown.size_bytes = shown.size_bytes > 128 ? 128 : shown.size_bytes;
        rcs_refuse_about(client, "unknown subcommand or wrong number of arguments for '", &shown,
                         "'. Try CLUSTER HELP.");
        return;
    }
    RCS_ASSERT(subcommand->arity > 0 ? request->argc == (unsigned)subcommand->arity
                                     : request->argc >= (unsigned)-subcommand->arity);
    subcommand->run(node, client, request);
}
