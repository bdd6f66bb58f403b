/* The CLUSTER subcommands about slots and the keys in them. */
#include "sim/cluster/orders.h"
#include "sim/node/command_args.h"
#include "sim/node/command_cluster.h"

#include "sim/pure.h"

/* --- owners ---------------------------------------------------------------------------------- */

static bool slot_or_refuse(struct rcs_client *client, const struct rcs_arg *argument,
                           unsigned *slot)
{
    int64_t number;
    if (!rcs_arg_i64(argument, &number) || number < 0 || number >= RCS_SLOTS) {
        rcs_refuse(client, "Invalid or out of range slot");
        return false;
    }
    *slot = (unsigned)number;
    return true;
}

enum assignment { ASSIGN, UNASSIGN };

/* Adds the slots first..last to `wanted`, unless one cannot be assigned or unassigned or is in it
 * already (Redis 7.0 checkSlotAssignmentsOrReply). */
static bool want_slots(const struct rcs_node *node, struct rcs_client *client,
                       enum assignment assignment, unsigned first, unsigned last,
                       struct rcs_slot_words *wanted)
{
    for (unsigned slot = first; slot <= last; slot++) {
        bool owned = rcs_slot_owner(&node->cluster, slot) != RCS_ID_NONE;
        if (assignment == UNASSIGN && !owned) {
            rcs_refuse_format(client, "Slot %u is already unassigned", slot);
            return false;
        }
        if (assignment == ASSIGN && owned) {
            rcs_refuse_format(client, "Slot %u is already busy", slot);
            return false;
        }
        if (rcs_slot_words_has(wanted, slot)) {
            rcs_refuse_format(client, "Slot %u specified multiple times", slot);
            return false;
        }
        rcs_slot_words_add(wanted, slot);
    }
    return true;
}

static void apply_slots(struct rcs_node *node, struct rcs_client *client,
                        enum assignment assignment, const struct rcs_slot_words *wanted)
{
    if (assignment == ASSIGN) {
        rcs_cluster_add_slots(&node->cluster, wanted);
    } else {
        rcs_cluster_del_slots(&node->cluster, wanted);
    }
    rcs_reply_ok(client);
}

/* Here every number is read before any slot is looked at; with ranges, each in its turn. */
static void change_slots(struct rcs_node *node, struct rcs_client *client,
                         const struct rcs_request *request, enum assignment assignment)
{
    struct rcs_slot_words wanted = { { 0 } };
    unsigned slot;
    for (unsigned i = 2; i < request->argc; i++) {
        if (!slot_or_refuse(client, &request->args[i], &slot)) {
            return;
        }
    }
    for (unsigned i = 2; i < request->argc; i++) {
        if (!slot_or_refuse(client, &request->args[i], &slot) ||
            !want_slots(node, client, assignment, slot, slot, &wanted)) {
            return;
        }
    }
    apply_slots(node, client, assignment, &wanted);
}

static void change_ranges(struct rcs_node *node, struct rcs_client *client,
                          const struct rcs_request *request, enum assignment assignment)
{
    if (request->argc % 2 == 1) {
        rcs_refuse(client, assignment == ASSIGN
                               ? "wrong number of arguments for 'cluster|addslotsrange' command"
                               : "wrong number of arguments for 'cluster|delslotsrange' command");
        return;
    }
    struct rcs_slot_words wanted = { { 0 } };
    for (unsigned i = 2; i < request->argc; i += 2) {
        unsigned first, last;
        if (!slot_or_refuse(client, &request->args[i], &first) ||
            !slot_or_refuse(client, &request->args[i + 1], &last)) {
            return;
        }
        if (first > last) {
            rcs_refuse_format(client, "start slot number %u is greater than end slot number %u",
                              first, last);
            return;
        }
        if (!want_slots(node, client, assignment, first, last, &wanted)) {
            return;
        }
    }
    apply_slots(node, client, assignment, &wanted);
}

void rcs_cluster_addslots(struct rcs_node *node, struct rcs_client *client,
                          const struct rcs_request *request)
{
    change_slots(node, client, request, ASSIGN);
}

void rcs_cluster_delslots(struct rcs_node *node, struct rcs_client *client,
                          const struct rcs_request *request)
{
    change_slots(node, client, request, UNASSIGN);
}

void rcs_cluster_addslotsrange(struct rcs_node *node, struct rcs_client *client,
                               const struct rcs_request *request)
{
    change_ranges(node, client, request, ASSIGN);
}

void rcs_cluster_delslotsrange(struct rcs_node *node, struct rcs_client *client,
                               const struct rcs_request *request)
{
    change_ranges(node, client, request, UNASSIGN);
}

void rcs_cluster_flushslots(struct rcs_node *node, struct rcs_client *client,
                            const struct rcs_request *request)
{
    (void)request;
    if (rcs_keyspace_size(node->keys) != 0) {
        rcs_refuse(client, "DB must be empty to perform CLUSTER FLUSHSLOTS.");
        return;
    }
    rcs_cluster_flush_slots(&node->cluster);
    rcs_reply_ok(client);
}

/* The master that a SETSLOT names. */
static bool target_or_refuse(const struct rcs_node *node, struct rcs_client *client,
                             const struct rcs_arg *argument, const char *unknown, rcs_id *id)
{
    if (!rcs_cluster_node_or_refuse(node, client, argument, unknown, id)) {
        return false;
    }
    if (rcs_is_replica(rcs_peer_find(&node->cluster, *id))) {
        rcs_refuse(client, "Target node is not a master");
        return false;
    }
    return true;
}

static bool set_migrating(struct rcs_node *node, struct rcs_client *client, unsigned slot,
                          const struct rcs_arg *target)
{
    rcs_id to;
    if (rcs_slot_owner(&node->cluster, slot) != node->cluster.myself) {
        rcs_refuse_format(client, "I'm not the owner of hash slot %u", slot);
        return false;
    }
    if (!target_or_refuse(node, client, target, "I don't know about node ", &to)) {
        return false;
    }
    rcs_cluster_set_migrating(&node->cluster, slot, to);
    return true;
}

static bool set_importing(struct rcs_node *node, struct rcs_client *client, unsigned slot,
                          const struct rcs_arg *target)
{
    rcs_id from;
    if (rcs_slot_owner(&node->cluster, slot) == node->cluster.myself) {
        rcs_refuse_format(client, "I'm already the owner of hash slot %u", slot);
        return false;
    }
    if (!target_or_refuse(node, client, target, "I don't know about node ", &from)) {
        return false;
    }
    rcs_cluster_set_importing(&node->cluster, slot, from);
    return true;
}

static bool set_owner(struct rcs_node *node, struct rcs_client *client, unsigned slot,
                      const struct rcs_arg *target)
{
    struct rcs_cluster *cluster = &node->cluster;
    rcs_id owner;
    if (!target_or_refuse(node, client, target, "Unknown node ", &owner)) {
        return false;
    }
    if (rcs_slot_owner(cluster, slot) == cluster->myself && owner != cluster->myself &&
        rcs_keyspace_slot_size(node->keys, slot) != 0) {
        rcs_refuse_format(
            client,
            "Can't assign hashslot %u to a different node while I still hold keys for "
            "this hash slot.",
            slot);
        return false;
    }
    rcs_cluster_set_slot_node(cluster, slot, owner);
    return true;
}

void rcs_cluster_setslot(struct rcs_node *node, struct rcs_client *client,
                         const struct rcs_request *request)
{
    const struct rcs_arg *action = &request->args[3], *target = &request->args[4];
    unsigned slot;
    if (rcs_is_replica(rcs_myself(&node->cluster))) {
        rcs_refuse(client, "Please use SETSLOT only with masters.");
        return;
    }
    if (!slot_or_refuse(client, &request->args[2], &slot)) {
        return;
    }
    bool done;
    if (request->argc == 5 && rcs_arg_is(action, "migrating")) {
        done = set_migrating(node, client, slot, target);
    } else if (request->argc == 5 && rcs_arg_is(action, "importing")) {
        done = set_importing(node, client, slot, target);
    } else if (request->argc == 4 && rcs_arg_is(action, "stable")) {
        rcs_cluster_set_stable(&node->cluster, slot);
        done = true;
    } else if (request->argc == 5 && rcs_arg_is(action, "node")) {
        done = set_owner(node, client, slot, target);
    } else {
        rcs_refuse(client,
                   "Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP");
        done = false;
    }
    if (done) {
        rcs_reply_ok(client);
    }
}

/* --- keys of a slot -------------------------------------------------------------------------- */

void rcs_cluster_keyslot(struct rcs_node *node, struct rcs_client *client,
                         const struct rcs_request *request)
{
    (void)node;
    const struct rcs_arg *key = &request->args[2];
    rcs_resp_integer(&client->reply, rcs_slot_of_key(key->bytes, key->size_bytes));
}

void rcs_cluster_countkeysinslot(struct rcs_node *node, struct rcs_client *client,
                                 const struct rcs_request *request)
{
    int64_t slot;
    if (!rcs_arg_i64_or_refuse(client, &request->args[2], &slot)) {
        return;
    }
    if (slot < 0 || slot >= RCS_SLOTS) {
        rcs_refuse(client, "Invalid slot");
        return;
    }
    rcs_resp_integer(&client->reply, rcs_keyspace_slot_size(node->keys, (unsigned)slot));
}

void rcs_cluster_getkeysinslot(struct rcs_node *node, struct rcs_client *client,
                               const struct rcs_request *request)
{
    int64_t slot, most;
    if (!rcs_arg_i64_or_refuse(client, &request->args[2], &slot) ||
        !rcs_arg_i64_or_refuse(client, &request->args[3], &most)) {
        return;
    }
    if (slot < 0 || slot >= RCS_SLOTS || most < 0) {
        rcs_refuse(client, "Invalid slot or number of keys");
        return;
    }
    unsigned held = rcs_keyspace_slot_size(node->keys, (unsigned)slot);
    unsigned count = most > held ? held : (unsigned)most;
    rcs_resp_array(&client->reply, count);
    if (count == 0) {
        return;
    }
    struct rcs_arg *names = rcs_store_alloc(node->store, count * sizeof(*names));
    RCS_ASSERT(rcs_keyspace_slot_keys(node->keys, (unsigned)slot, names, count) == count);
    for (unsigned i = 0; i < count; i++) {
        rcs_resp_bulk(&client->reply, names[i].bytes, names[i].size_bytes);
    }
    rcs_store_release(node->store, names, count * sizeof(*names));
}
