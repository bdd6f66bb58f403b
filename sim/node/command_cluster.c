#include "sim/node/command_cluster.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/connection.h"

#include "sim/pure.h"

rcs_id rcs_cluster_node_named(const struct rcs_cluster *cluster, const struct rcs_arg *argument)
{
    if (argument->size_bytes != RCS_ID_LEN) {
        return RCS_ID_NONE;
    }
    rcs_id id = rcs_store_find_id(cluster->store, argument->bytes);
    return rcs_peer_find(cluster, id) != NULL ? id : RCS_ID_NONE;
}

bool rcs_cluster_node_or_refuse(struct rcs_call *call, const struct rcs_arg *argument,
                                const char *unknown, rcs_id *id)
{
    *id = rcs_cluster_node_named(&call->node->cluster, argument);
    if (*id == RCS_ID_NONE) {
        rcs_refuse_about(call->client, unknown, argument, "");
        return false;
    }
    return true;
}

/* --- joining and leaving ---------------------------------------------------------------------- */

/* An arity of "at least" lets too many words through; they are refused in other words than by the
 * arity check (Redis 7.0 addReplySubcommandSyntaxError). */
static bool too_many_words(struct rcs_call *call, unsigned most)
{
    if (call->argc <= most) {
        return false;
    }
    rcs_refuse_subcommand(call, "cluster", &call->args[1]);
    return true;
}

static bool port_exists(int32_t port)
{
    return port > 0 && port <= UINT16_MAX;
}

/* True if the argument is an IPv4 or IPv6 address, no host name; then `ip` holds it in its normal
 * form, so that one address has one spelling (Redis 7.0 clusterStartHandshake). */
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
    int family = inet_pton(AF_INET, ip, binary) == 1 ? AF_INET : AF_INET6;
    return (family == AF_INET || inet_pton(AF_INET6, ip, binary) == 1) &&
           inet_ntop(family, binary, ip, sizeof(((struct rcs_address *)NULL)->ip)) != NULL;
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

static void run_meet(struct rcs_call *call)
{
    int64_t port, bus_port;
    if (too_many_words(call, 5)) {
        return;
    }
    const enum rcs_release release = call->node->config.profile->release;
    if (!rcs_arg_i64(&call->args[3], &port)) {
        rcs_refuse_about(call->client,
                         release >= RCS_REDIS_7_2   ? "Invalid base port specified: "
                         : release >= RCS_REDIS_4_0 ? "Invalid TCP base port specified: "
                                                    : "Invalid TCP port specified: ",
                         &call->args[3], "");
        return;
    }
    if (call->argc < 5) {
        bus_port = (int64_t)((uint64_t)port + 10000);
    } else if (!rcs_arg_i64(&call->args[4], &bus_port)) {
        rcs_refuse_about(call->client,
                         release >= RCS_REDIS_7_2 ? "Invalid bus port specified: "
                                                  : "Invalid TCP bus port specified: ",
                         &call->args[4], "");
        return;
    }
    /* Redis 7.0 clusterStartHandshake takes both ports as int: higher bits are cut off unseen. */
    int32_t narrow_port = (int32_t)(uint32_t)(uint64_t)port;
    int32_t narrow_bus_port = (int32_t)(uint32_t)(uint64_t)bus_port;
    char ip[sizeof(((struct rcs_address *)NULL)->ip)];
    if (!literal_address(&call->args[2], ip) || !port_exists(narrow_port) ||
        !port_exists(narrow_bus_port)) {
        refuse_address(call->client, &call->args[2], &call->args[3]);
        return;
    }
    rcs_cluster_meet(&call->node->cluster, ip, (uint16_t)narrow_port, (uint16_t)narrow_bus_port);
    rcs_reply_ok(call->client);
}

static void run_forget(struct rcs_call *call)
{
    struct rcs_cluster *cluster = &call->node->cluster;
    const struct rcs_arg *name = &call->args[2];
    if (name->size_bytes == RCS_ID_LEN && rcs_cluster_forget_handshake(cluster, name->bytes)) {
        rcs_reply_ok(call->client);
        return;
    }
    rcs_id id = name->size_bytes == RCS_ID_LEN ? rcs_store_find_id(cluster->store, name->bytes)
                                               : RCS_ID_NONE;
    if (id != RCS_ID_NONE && rcs_peer_find(cluster, id) == NULL &&
        cluster->profile->gossips_forget && rcs_cluster_is_forgotten(cluster, id)) {
        rcs_reply_ok(call->client); /* another node may have said it first */
        return;
    }
    if (!rcs_cluster_node_or_refuse(call, name, "Unknown node ", &id)) {
        return;
    }
    if (id == cluster->myself) {
        rcs_refuse(call->client, "I tried hard but I can't forget myself...");
        return;
    }
    if (rcs_is_replica(rcs_myself(cluster)) && rcs_myself(cluster)->master == id) {
        rcs_refuse(call->client, "Can't forget my master!");
        return;
    }
    rcs_cluster_forget(cluster, id);
    rcs_reply_ok(call->client);
}

static void run_reset(struct rcs_call *call)
{
    if (too_many_words(call, 3)) {
        return;
    }
    bool hard = call->argc == 3 && rcs_arg_is(&call->args[2], "hard");
    if (call->argc == 3 && !hard && !rcs_arg_is(&call->args[2], "soft")) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    if (rcs_is_master(rcs_myself(&call->node->cluster)) &&
        rcs_keyspace_size(call->node->keys) != 0) {
        rcs_refuse(call->client, "CLUSTER RESET can't be called with master nodes containing keys");
        return;
    }
    rcs_cluster_reset(&call->node->cluster, hard);
    rcs_reply_ok(call->client);
}

/* --- roles and failover ----------------------------------------------------------------------- */

static void run_replicate(struct rcs_call *call)
{
    struct rcs_cluster *cluster = &call->node->cluster;
    rcs_id id;
    if (!rcs_cluster_node_or_refuse(call, &call->args[2], "Unknown node ", &id)) {
        return;
    }
    if (id == cluster->myself) {
        rcs_refuse(call->client, "Can't replicate myself");
        return;
    }
    if (rcs_is_replica(rcs_peer_find(cluster, id))) {
        rcs_refuse(call->client, "I can only replicate a master, not a replica.");
        return;
    }
    if (rcs_is_master(rcs_myself(cluster)) && (rcs_slot_count(cluster, cluster->myself) != 0 ||
                                               rcs_keyspace_size(call->node->keys) != 0)) {
        rcs_refuse(call->client,
                   "To set a master the node must be empty and without assigned slots.");
        return;
    }
    rcs_cluster_replicate(cluster, id);
    rcs_reply_ok(call->client);
}

static void run_failover(struct rcs_call *call)
{
    struct rcs_cluster *cluster = &call->node->cluster;
    enum rcs_failover_kind kind = RCS_FAILOVER_PLAIN;
    if (too_many_words(call, 3)) {
        return;
    }
    if (call->argc == 3) {
        if (rcs_arg_is(&call->args[2], "force")) {
            kind = RCS_FAILOVER_FORCE;
        } else if (rcs_arg_is(&call->args[2], "takeover")) {
            kind = RCS_FAILOVER_TAKEOVER;
        } else {
            rcs_refuse(call->client, "syntax error");
            return;
        }
    }
    if (rcs_is_master(rcs_myself(cluster))) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_IS_MASTER, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0);
        rcs_refuse(call->client, "You should send CLUSTER FAILOVER to a replica");
        return;
    }
    const struct rcs_peer *master = rcs_peer_find(cluster, rcs_myself(cluster)->master);
    if (master == NULL) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_NO_MASTER, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0);
        rcs_refuse(call->client, "I'm a replica but my master is unknown to me");
        return;
    }
    /* A link that is still connecting will do, and so will a suspected master. */
    if (kind == RCS_FAILOVER_PLAIN &&
        ((master->flags & RCS_NODE_FAIL) != 0 || master->link == RCS_LINK_CLOSED)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_MF_MASTER_DOWN, rcs_myself(cluster)->master,
                          RCS_ID_NONE, master->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL),
                          master->link != RCS_LINK_CLOSED, 0);
        rcs_refuse(call->client, "Master is down or failed, please use CLUSTER FAILOVER FORCE");
        return;
    }
    struct rcs_buf client;
    rcs_buf_init(&client);
    if (cluster->profile->says_primary) {
        rcs_client_describe(call, call->client, true, &client);
        rcs_buf_add(&client, "", 1);
        cluster->asked_by = client.data;
    }
    rcs_cluster_failover(cluster, kind);
    cluster->asked_by = NULL;
    rcs_buf_close(&client);
    rcs_reply_ok(call->client);
}

static void run_count_failure_reports(struct rcs_call *call)
{
    rcs_id id;
    if (rcs_cluster_node_or_refuse(call, &call->args[2], "Unknown node ", &id)) {
        rcs_resp_integer(call->out, rcs_cluster_failure_reports(&call->node->cluster, id));
    }
}

/* --- epochs and the rest ---------------------------------------------------------------------- */

static void run_set_config_epoch(struct rcs_call *call)
{
    struct rcs_cluster *cluster = &call->node->cluster;
    int64_t epoch;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &epoch)) {
        return;
    }
    if (epoch < 0) {
        rcs_refuse_format(call->client, "Invalid config epoch specified: %" PRId64, epoch);
    } else if (cluster->known + cluster->handshake_count > 1) {
        rcs_refuse(call->client,
                   "The user can assign a config epoch only when the node does not know any "
                   "other node.");
    } else if (rcs_myself(cluster)->config_epoch != 0) {
        rcs_refuse(call->client, "Node config epoch is already non-zero");
    } else {
        rcs_cluster_set_config_epoch(cluster, (uint64_t)epoch);
        rcs_reply_ok(call->client);
    }
}

static void run_bumpepoch(struct rcs_call *call)
{
    bool bumped = rcs_cluster_bump_epoch(&call->node->cluster);
    char text[32];
    snprintf(text, sizeof(text), "%s %" PRIu64, bumped ? "BUMPED" : "STILL",
             rcs_myself(&call->node->cluster)->config_epoch);
    rcs_resp_status(call->out, text);
}

static void run_myid(struct rcs_call *call)
{
    rcs_resp_bulk(call->out, rcs_store_name(call->node->store, call->node->cluster.myself),
                  RCS_ID_LEN);
}

static void run_myshardid(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    rcs_resp_bulk(call->out, rcs_store_text_of(cluster->store, rcs_myself(cluster)->shard),
                  RCS_ID_LEN);
}

static void run_saveconfig(struct rcs_call *call)
{
    if (rcs_cluster_save_now(&call->node->cluster)) {
        rcs_reply_ok(call->client);
    } else { /* a short write leaves errno as it is, from a read that found nothing */
        bool short_write = rcs_node_profile(call->node)->release < RCS_REDIS_7_2;
        rcs_refuse(call->client, short_write ? "error saving the cluster node config: Resource "
                                               "temporarily unavailable"
                                             : "error saving the cluster node config: No space "
                                               "left on device");
    }
}

/* --- the table -------------------------------------------------------------------------------- */

/* clang-format off */
#define BY_ADMIN  ADMIN | STALE | NO_ASYNC_LOADING, 0, NO_KEYS
#define LOOKED_UP ADMIN | STALE, 0, NO_KEYS
#define ANYBODY   STALE, 0, NO_KEYS
#define VARIES    "nondeterministic_output"
static const struct rcs_command subcommands[] = {
    { "addslots",              rcs_cluster_addslots,        -3, BY_ADMIN,  NULL, NULL },
    { "addslotsrange",         rcs_cluster_addslotsrange,   -4, BY_ADMIN,  NULL, NULL },
    { "bumpepoch",             run_bumpepoch,                2, BY_ADMIN,  VARIES, NULL },
    { "count-failure-reports", run_count_failure_reports,    3, LOOKED_UP, VARIES, NULL },
    { "countkeysinslot",       rcs_cluster_countkeysinslot,  3, ANYBODY,   NULL, NULL },
    { "delslots",              rcs_cluster_delslots,        -3, BY_ADMIN,  NULL, NULL },
    { "delslotsrange",         rcs_cluster_delslotsrange,   -4, BY_ADMIN,  NULL, NULL },
    { "failover",              run_failover,                -2, BY_ADMIN,  NULL, NULL },
    { "flushslots",            rcs_cluster_flushslots,       2, BY_ADMIN,  NULL, NULL },
    { "forget",                run_forget,                   3, BY_ADMIN,  NULL, NULL },
    { "getkeysinslot",         rcs_cluster_getkeysinslot,    4, ANYBODY,   VARIES, NULL },
    { "help",                  rcs_cluster_help,             2, LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "info",                  rcs_cluster_info,             2, ANYBODY,   VARIES, NULL },
    { "keyslot",               rcs_cluster_keyslot,          3, ANYBODY,   NULL, NULL },
    { "links",                 rcs_cluster_links,            2, ANYBODY,   VARIES, NULL },
    { "meet",                  run_meet,                    -4, BY_ADMIN,  NULL, NULL },
    { "myid",                  run_myid,                     2, ANYBODY,   NULL, NULL },
    { "myshardid",             run_myshardid,                2, ANYBODY,   VARIES, NULL },
    { "nodes",                 rcs_cluster_nodes,            2, ANYBODY,   VARIES, NULL },
    { "replicas",              rcs_cluster_replicas,         3, LOOKED_UP, VARIES, NULL },
    { "replicate",             run_replicate,                3, BY_ADMIN,  NULL, NULL },
    { "reset",                 run_reset,                   -2, ADMIN | NOSCRIPT | STALE, 0, NO_KEYS, NULL, NULL },
    { "saveconfig",            run_saveconfig,               2, BY_ADMIN,  NULL, NULL },
    { "set-config-epoch",      run_set_config_epoch,         3, BY_ADMIN,  NULL, NULL },
    { "setslot",               rcs_cluster_setslot,         -4, BY_ADMIN,  NULL, NULL },
    { "shards",                rcs_cluster_shards,           2, ANYBODY,   VARIES, NULL },
    { "slaves",                rcs_cluster_replicas,         3, LOOKED_UP, VARIES, NULL },
    { "slots",                 rcs_cluster_slots,            2, ANYBODY,   VARIES, NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_cluster_commands[] = {
    { "cluster", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
