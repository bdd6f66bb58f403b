/* What CLUSTER's reading subcommands show (Redis 7.0 clusterGenNodesDescription,
 * clusterReplyMultiBulkSlots, clusterReplyShards and their neighbours).
 *
 * A real node lists nodes in the order of a hash table with a random seed; this one lists them
 * ascending by number, then those in handshake. */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/node/command_cluster.h"
#include "sim/node/command_release.h"
#include "sim/node/help.h"

#include "sim/pure.h"

static bool resp3(const struct rcs_client *client)
{
    return client->protocol == 3;
}

/* --- CLUSTER NODES, REPLICAS ------------------------------------------------------------------ */

static unsigned open_slots(const struct rcs_cluster *cluster)
{
    unsigned count = 0;
    if (cluster->migrating == NULL && cluster->importing == NULL) {
        return 0;
    }
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        count += rcs_slot_migrating_to(cluster, slot) != RCS_ID_NONE ||
                 rcs_slot_importing_from(cluster, slot) != RCS_ID_NONE;
    }
    return count;
}

static void add_line(struct rcs_buf *out, const struct rcs_node_line *line)
{
    char small[512];
    size_t length = rcs_node_line_write(line, small, sizeof(small));
    if (length < sizeof(small)) {
        rcs_buf_add(out, small, length);
        return;
    }
    char *whole = malloc(length + 1);
    RCS_ASSERT(whole != NULL);
    rcs_node_line_write(line, whole, length + 1);
    rcs_buf_add(out, whole, length);
    free(whole);
}

static void describe(const struct rcs_cluster *cluster, rcs_id id, struct rcs_buf *out)
{
    struct rcs_node_line line;
    unsigned room = id == cluster->myself ? open_slots(cluster) : 0;
    struct rcs_open_slot *open = room == 0 ? NULL : malloc(room * sizeof(*open));
    RCS_ASSERT(room == 0 || open != NULL);
    rcs_cluster_node_line(cluster, id, &line, open, room);
    add_line(out, &line);
    free(open);
}

void rcs_cluster_nodes(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (unsigned i = 0; i < cluster->known; i++) {
        describe(cluster, cluster->order[i], &text);
        rcs_buf_text(&text, "\n");
    }
    for (unsigned i = 0; i < cluster->handshake_count; i++) {
        struct rcs_node_line line;
        rcs_cluster_handshake_line(cluster, i, &line);
        add_line(&text, &line);
        rcs_buf_text(&text, "\n");
    }
    rcs_resp_verbatim(call->out, text.data, text.size_bytes, call->resp3);
    rcs_buf_close(&text);
}

/* In the order in which the replicas came to their master. */
void rcs_cluster_replicas(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    rcs_id id;
    if (!rcs_cluster_node_or_refuse(call, &call->args[2], "Unknown node ", &id)) {
        return;
    }
    const struct rcs_peer *master = rcs_peer_find(cluster, id);
    if (rcs_is_replica(master)) {
        rcs_refuse(call->client, "The specified node is not a master");
        return;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_resp_array(call->out, master->replica_count);
    for (rcs_id replica = master->first_replica; replica != RCS_ID_NONE;
         replica = cluster->peers[replica].next_replica) {
        rcs_buf_clear(&text);
        describe(cluster, replica, &text);
        rcs_resp_bulk(call->out, text.data, text.size_bytes);
    }
    rcs_buf_close(&text);
}

/* --- CLUSTER INFO ----------------------------------------------------------------------------- */

static void add_number(struct rcs_buf *out, const char *name, uint64_t value)
{
    rcs_buf_text(out, name);
    rcs_buf_text(out, ":");
    rcs_buf_i64(out, (int64_t)value);
    rcs_buf_text(out, "\r\n");
}

/* Types of which there was none are left out. */
static void add_messages(struct rcs_buf *out, enum rcs_info_form form,
                         const uint64_t counts[RCS_BUS_TYPE_COUNT], const char *direction)
{
    uint64_t total = 0;
    for (unsigned type = 0; type < RCS_BUS_TYPE_COUNT; type++) {
        total += counts[type];
        if (counts[type] == 0 || form == RCS_INFO_TOTALS) {
            continue;
        }
        rcs_buf_format(out, "cluster_stats_messages_%s", rcs_bus_type_name(type));
        add_number(out, direction, counts[type]);
    }
    rcs_buf_text(out, "cluster_stats_messages");
    add_number(out, direction, total);
}

void rcs_cluster_info(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    const struct rcs_peer *myself = rcs_myself(cluster);
    const struct rcs_peer *master =
        rcs_is_replica(myself) ? rcs_peer_find(cluster, myself->master) : NULL;
    unsigned healthy = 0, suspected = 0, failed = 0;
    for (unsigned i = 0; i < cluster->known; i++) {
        unsigned slots = rcs_slot_count(cluster, cluster->order[i]);
        unsigned flags = cluster->peers[cluster->order[i]].flags;
        if ((flags & RCS_NODE_FAIL) != 0) {
            failed += slots;
        } else if ((flags & RCS_NODE_PFAIL) != 0) {
            suspected += slots;
        } else {
            healthy += slots;
        }
    }

    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, cluster->state_ok ? "cluster_state:ok\r\n" : "cluster_state:fail\r\n");
    add_number(&text, "cluster_slots_assigned", healthy + suspected + failed);
    add_number(&text, "cluster_slots_ok", healthy);
    add_number(&text, "cluster_slots_pfail", suspected);
    add_number(&text, "cluster_slots_fail", failed);
    add_number(&text, "cluster_known_nodes", cluster->known + cluster->handshake_count);
    add_number(&text, "cluster_size", (uint64_t)cluster->size);
    add_number(&text, "cluster_current_epoch", cluster->current_epoch);
    add_number(&text, "cluster_my_epoch",
               master != NULL ? master->config_epoch : myself->config_epoch);
    enum rcs_info_form form = cluster->profile->info_form;
    add_messages(&text, form, cluster->sent, "_sent");
    add_messages(&text, form, cluster->received, "_received");
    if (form == RCS_INFO_LIMIT) {
        add_number(&text, "total_cluster_links_buffer_limit_exceeded", 0); /* there is no limit */
    }
    rcs_resp_verbatim(call->out, text.data, text.size_bytes, call->resp3);
    rcs_buf_close(&text);
}

/* --- CLUSTER SLOTS, SHARDS -------------------------------------------------------------------- */

/* The offset as this node knows it: its own is not kept in the table. */
static int64_t offset_of(const struct rcs_cluster *cluster, rcs_id id)
{
    return id == cluster->myself ? cluster->host->offset(cluster->host->node)
                                 : cluster->peers[id].repl_offset;
}

/* A replica that has failed, or (from 7.0 on) that has not got its first data, is not shown to
 * clients (Redis 7.0 isReplicaAvailable). */
static bool replica_is_available(const struct rcs_cluster *cluster, rcs_id id)
{
    return (cluster->peers[id].flags & RCS_NODE_FAIL) == 0 &&
           (offset_of(cluster, id) != 0 || !cluster->profile->slots_leave_out_empty);
}

static const char *hostname_of(const struct rcs_cluster *cluster, rcs_id id)
{
    return rcs_store_text_of(cluster->store, cluster->peers[id].hostname);
}

/* [endpoint, port, id, metadata]: the metadata is what is known and is not the endpoint. Before 7.0
 * there is none, and in 3.0 no id. */
static void add_slots_node(const struct rcs_cluster *cluster, struct rcs_client *client, rcs_id id)
{
    struct rcs_buf *out = &client->reply;
    const struct rcs_address *address = rcs_peer_address(cluster, id);
    const char *hostname = hostname_of(cluster, id);
    enum rcs_endpoint endpoint = cluster->config->preferred_endpoint;
    bool with_ip = endpoint != RCS_ENDPOINT_IP;
    bool with_hostname = endpoint != RCS_ENDPOINT_HOSTNAME && hostname[0] != '\0';

    const struct rcs_profile *profile = cluster->profile;
    rcs_resp_array(out, 2u + profile->slots_tell_ids + profile->slots_tell_metadata);
    switch (endpoint) {
    case RCS_ENDPOINT_IP:
        rcs_resp_bulk_text(out, address->ip);
        break;
    case RCS_ENDPOINT_HOSTNAME:
        rcs_resp_bulk_text(out, hostname[0] != '\0' ? hostname : "?");
        break;
    case RCS_ENDPOINT_UNKNOWN:
        rcs_resp_nil(out, resp3(client));
        break;
    }
    rcs_resp_integer(out, address->port);
    if (profile->slots_tell_ids) {
        rcs_resp_bulk(out, rcs_store_name(cluster->store, id), RCS_ID_LEN);
    }
    if (!profile->slots_tell_metadata) {
        return;
    }
    rcs_resp_map(out, (size_t)with_ip + (size_t)with_hostname, resp3(client));
    if (with_ip) {
        rcs_resp_bulk_text(out, "ip");
        rcs_resp_bulk_text(out, address->ip);
    }
    if (with_hostname) {
        rcs_resp_bulk_text(out, "hostname");
        rcs_resp_bulk_text(out, hostname);
    }
}

static void add_slots_range(const struct rcs_cluster *cluster, struct rcs_client *client,
                            unsigned first, unsigned last, rcs_id owner)
{
    unsigned replicas = 0;
    for (rcs_id replica = cluster->peers[owner].first_replica; replica != RCS_ID_NONE;
         replica = cluster->peers[replica].next_replica) {
        replicas += replica_is_available(cluster, replica);
    }
    rcs_resp_array(&client->reply, 3 + replicas);
    rcs_resp_integer(&client->reply, first);
    rcs_resp_integer(&client->reply, last);
    add_slots_node(cluster, client, owner);
    for (rcs_id replica = cluster->peers[owner].first_replica; replica != RCS_ID_NONE;
         replica = cluster->peers[replica].next_replica) {
        if (replica_is_available(cluster, replica)) {
            add_slots_node(cluster, client, replica);
        }
    }
}

/* The last slot of the run of slots that begins at `first` and has one owner, or none. */
static unsigned run_end(const struct rcs_cluster *cluster, unsigned first)
{
    rcs_id owner = rcs_slot_owner(cluster, first);
    unsigned last = first;
    while (last + 1 < RCS_SLOTS && rcs_slot_owner(cluster, last + 1) == owner) {
        last++;
    }
    return last;
}

/* Of one owner; RCS_ID_NONE: of all, in the order of slots. */
static void add_slots_ranges(struct rcs_call *call, rcs_id only)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    for (unsigned first = 0, last; first < RCS_SLOTS; first = last + 1) {
        rcs_id owner = rcs_slot_owner(cluster, first);
        last = run_end(cluster, first);
        if (owner != RCS_ID_NONE && (only == RCS_ID_NONE || owner == only)) {
            add_slots_range(cluster, call->client, first, last, owner);
        }
    }
}

void rcs_cluster_slots(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    unsigned ranges = 0;
    for (unsigned first = 0, last; first < RCS_SLOTS; first = last + 1) {
        last = run_end(cluster, first);
        ranges += rcs_slot_owner(cluster, first) != RCS_ID_NONE;
    }
    rcs_resp_array(call->out, ranges);
    if (cluster->profile->slots_in_order) {
        add_slots_ranges(call, RCS_ID_NONE);
        return;
    }
    for (unsigned i = 0; i < cluster->known; i++) {
        add_slots_ranges(call, cluster->order[i]);
    }
}

static void add_shard_slots(struct rcs_buf *out, const struct rcs_slot_words *slots)
{
    unsigned bounds = 0;
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        bool has = rcs_slot_words_has(slots, slot);
        bounds += has && (slot == 0 || !rcs_slot_words_has(slots, slot - 1));
        bounds += has && (slot == RCS_SLOTS - 1 || !rcs_slot_words_has(slots, slot + 1));
    }
    rcs_resp_array(out, bounds);
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        if (!rcs_slot_words_has(slots, slot)) {
            continue;
        }
        if (slot == 0 || !rcs_slot_words_has(slots, slot - 1)) {
            rcs_resp_integer(out, slot);
        }
        if (slot == RCS_SLOTS - 1 || !rcs_slot_words_has(slots, slot + 1)) {
            rcs_resp_integer(out, slot);
        }
    }
}

/* Redis 7.0 getPreferredEndpoint; unlike in CLUSTER SLOTS an unknown endpoint is an empty text. */
static const char *shard_endpoint(const struct rcs_cluster *cluster, rcs_id id)
{
    switch (cluster->config->preferred_endpoint) {
    case RCS_ENDPOINT_IP:
        return rcs_peer_address(cluster, id)->ip;
    case RCS_ENDPOINT_HOSTNAME:
        return hostname_of(cluster, id)[0] != '\0' ? hostname_of(cluster, id) : "?";
    case RCS_ENDPOINT_UNKNOWN:
        return "";
    }
    return "";
}

static void add_text_field(struct rcs_buf *out, const char *name, const char *value)
{
    rcs_resp_bulk_text(out, name);
    rcs_resp_bulk_text(out, value);
}

static void add_shard_node(const struct rcs_cluster *cluster, struct rcs_client *client, rcs_id id)
{
    struct rcs_buf *out = &client->reply;
    const struct rcs_address *address = rcs_peer_address(cluster, id);
    const char *hostname = hostname_of(cluster, id);
    bool replica = rcs_is_replica(&cluster->peers[id]);
    int64_t offset = offset_of(cluster, id);

    rcs_resp_map(out, 6u + (address->port != 0) + (hostname[0] != '\0'), resp3(client));
    add_text_field(out, "id", rcs_store_name(cluster->store, id));
    if (address->port != 0) {
        rcs_resp_bulk_text(out, "port");
        rcs_resp_integer(out, address->port);
    }
    add_text_field(out, "ip", address->ip);
    add_text_field(out, "endpoint", shard_endpoint(cluster, id));
    if (hostname[0] != '\0') {
        add_text_field(out, "hostname", hostname);
    }
    add_text_field(out, "role", replica ? "replica" : "master");
    rcs_resp_bulk_text(out, "replication-offset");
    rcs_resp_integer(out, offset);
    add_text_field(out, "health",
                   (cluster->peers[id].flags & RCS_NODE_FAIL) != 0 ? "fail"
                   : replica && offset == 0                        ? "loading"
                                                                   : "online");
}

/* The nodes of the shard of the i-th node are asked for once: at the first of them. */
static bool first_of_shard(const struct rcs_cluster *cluster, unsigned i)
{
    for (unsigned j = 0; j < i; j++) {
        if (rcs_same_shard(cluster, cluster->order[j], cluster->order[i])) {
            return false;
        }
    }
    return true;
}

/* By shard id (Redis 7.2 clusterReplyShards): a failed master stands with the one that replaced it.
 * The slots are those of the first node's master. */
static void shards_by_id(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    struct rcs_buf *out = call->out;
    unsigned shards = 0;
    for (unsigned i = 0; i < cluster->known; i++) {
        shards += first_of_shard(cluster, i);
    }
    rcs_resp_array(out, shards);
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i], master = cluster->peers[id].master;
        if (!first_of_shard(cluster, i)) {
            continue;
        }
        rcs_resp_map(out, 2, call->resp3);
        rcs_resp_bulk_text(out, "slots");
        add_shard_slots(out, &rcs_slots_of(cluster, master != RCS_ID_NONE ? master : id)->words);
        rcs_resp_bulk_text(out, "nodes");
        unsigned nodes = 0;
        for (unsigned j = i; j < cluster->known; j++) {
            nodes += rcs_same_shard(cluster, id, cluster->order[j]);
        }
        rcs_resp_array(out, nodes);
        for (unsigned j = i; j < cluster->known; j++) {
            if (rcs_same_shard(cluster, id, cluster->order[j])) {
                add_shard_node(cluster, call->client, cluster->order[j]);
            }
        }
    }
}

void rcs_cluster_shards(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    struct rcs_buf *out = call->out;
    if (cluster->profile->shard_ids) {
        shards_by_id(call);
        return;
    }
    unsigned shards = 0;
    for (unsigned i = 0; i < cluster->known; i++) {
        shards += rcs_is_master(&cluster->peers[cluster->order[i]]);
    }
    rcs_resp_array(out, shards);
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        const struct rcs_peer *master = &cluster->peers[id];
        if (!rcs_is_master(master)) {
            continue;
        }
        rcs_resp_map(out, 2, call->resp3);
        rcs_resp_bulk_text(out, "slots");
        add_shard_slots(out, &rcs_slots_of(cluster, id)->words);
        rcs_resp_bulk_text(out, "nodes");
        rcs_resp_array(out, 1u + master->replica_count);
        add_shard_node(cluster, call->client, id);
        for (rcs_id replica = master->first_replica; replica != RCS_ID_NONE;
             replica = cluster->peers[replica].next_replica) {
            add_shard_node(cluster, call->client, replica);
        }
    }
}

/* --- CLUSTER LINKS ---------------------------------------------------------------------------- */

/* Send buffers are shown as a real node shows them between two bursts: empty, given back by the
 * last tick. When an accepted link was made is not kept; it shows 0. */
static void add_link(const struct rcs_cluster *cluster, struct rcs_client *client, bool inbound,
                     const char *name, int32_t created_ms, bool open)
{
    struct rcs_buf *out = &client->reply;
    rcs_resp_map(out, 6, resp3(client));
    add_text_field(out, "direction", inbound ? "from" : "to");
    add_text_field(out, "node", name);
    rcs_resp_bulk_text(out, "create-time");
    rcs_resp_integer(out, inbound ? 0 : cluster->wall_base_ms + created_ms);
    add_text_field(out, "events", open ? "r" : "");
    rcs_resp_bulk_text(out, "send-buffer-allocated");
    rcs_resp_integer(out, 0);
    rcs_resp_bulk_text(out, "send-buffer-used");
    rcs_resp_integer(out, 0);
}

void rcs_cluster_links(struct rcs_call *call)
{
    const struct rcs_cluster *cluster = &call->node->cluster;
    unsigned links = 0;
    for (unsigned i = 0; i < cluster->known; i++) {
        const struct rcs_peer *peer = &cluster->peers[cluster->order[i]];
        links += peer->link != RCS_LINK_CLOSED;
        links += peer->inbound != RCS_LINK_NONE;
    }
    for (unsigned i = 0; i < cluster->handshake_count; i++) {
        links += cluster->handshakes[i].link != RCS_LINK_CLOSED;
    }
    rcs_resp_array(call->out, links);
    for (unsigned i = 0; i < cluster->known; i++) {
        const struct rcs_peer *peer = &cluster->peers[cluster->order[i]];
        const char *name = rcs_store_name(cluster->store, cluster->order[i]);
        if (peer->link != RCS_LINK_CLOSED) {
            add_link(cluster, call->client, false, name, peer->link_created_ms,
                     peer->link == RCS_LINK_OPEN);
        }
        if (peer->inbound != RCS_LINK_NONE) {
            add_link(cluster, call->client, true, name, 0, true);
        }
    }
    for (unsigned i = 0; i < cluster->handshake_count; i++) {
        const struct rcs_handshake *handshake = &cluster->handshakes[i];
        if (handshake->link != RCS_LINK_CLOSED) {
            add_link(cluster, call->client, false, handshake->name, handshake->link_created_ms,
                     handshake->link == RCS_LINK_OPEN);
        }
    }
}

/* --- CLUSTER HELP ----------------------------------------------------------------------------- */

/* clang-format off */
static const char *const help[] = {
    "CLUSTER <subcommand> [<arg> ...]. What there is:",
    "ADDSLOTS <slot> [<slot> ...]",
    "    Make this node the owner of slots that have none.",
    "ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
    "    The same for whole ranges, both ends included.",
    "BUMPEPOCH",
    "    Give this node the newest config epoch, unless it has it.",
    "COUNT-FAILURE-REPORTS <node-id>",
    "    How many other masters say that the node fails.",
    "COUNTKEYSINSLOT <slot>",
    "    How many keys this node holds in the slot.",
    "DELSLOTS <slot> [<slot> ...]",
    "    Leave slots without an owner, in this node's view.",
    "DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
    "    The same for whole ranges, both ends included.",
    "FAILOVER [FORCE|TAKEOVER]",
    "    Replace the master of this replica: agreed with it, voted without it, or unasked.",
    "FLUSHSLOTS",
    "    Give up all slots of this node, which must be empty.",
    "FORGET <node-id>",
    "    Drop a node from the table and do not adopt it again for a minute.",
    "GETKEYSINSLOT <slot> <count>",
    "    Names of keys this node holds in the slot.",
    "INFO",
    "    State, slots, epochs and message counts.",
    "KEYSLOT <key>",
    "    The slot a key belongs to.",
    "LINKS",
    "    The connections to and from each other node.",
    "MEET <ip> <port> [<bus-port>]",
    "    Begin a handshake with the node at this address.",
    "MYID",
    "    The id of this node.",
    "MYSHARDID",
    "    The id that this node shares with its master and that one's other replicas.",
    "NODES",
    "    The node table, a line a node:",
    "    <id> <address> <flags> <master> <ping sent> <pong received> <epoch> <link> <slots> ...",
    "REPLICAS <node-id>",
    "    The lines of a master's replicas.",
    "REPLICATE <node-id>",
    "    Make this node a replica of the master.",
    "RESET [HARD|SOFT]",
    "    Forget the cluster; HARD: the own id and epochs, too.",
    "SAVECONFIG",
    "    Write nodes.conf now.",
    "SET-CONFIG-EPOCH <epoch>",
    "    Set the config epoch of a node that is still alone.",
    "SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
    "    Open a slot for a move, close it, or name its owner.",
    "SHARDS",
    "    The masters with their slots and replicas.",
    "SLOTS",
    "    The slot ranges with the nodes that serve them.",
    "HELP",
    "    This list.",
};
/* clang-format on */

/* Whether the i-th line is about what the release has. */
static bool help_has(const struct rcs_call *call, unsigned i)
{
    while (i > 0 && help[i][0] == ' ') { /* says more of the one above */
        i--;
    }
    const struct rcs_arg words[] = { rcs_arg_of("cluster"),
                                     { help[i], (uint32_t)strcspn(help[i], " ") } };
    struct rcs_command_found found = rcs_command_find(2, words, NULL);
    return i == 0 || rcs_release_has(call->client->profile, &found);
}

/* 7.0's own lines; of other releases what there is. */
void rcs_cluster_help(struct rcs_call *call)
{
    unsigned lines = 0;
    if (rcs_node_profile(call->node)->release == RCS_REDIS_7_0) {
        rcs_run_help(call);
        return;
    }
    for (unsigned i = 0; i < sizeof(help) / sizeof(help[0]); i++) {
        lines += help_has(call, i);
    }
    rcs_resp_array(call->out, lines);
    for (unsigned i = 0; i < sizeof(help) / sizeof(help[0]); i++) {
        if (help_has(call, i)) {
            rcs_resp_status(call->out, help[i]);
        }
    }
}
