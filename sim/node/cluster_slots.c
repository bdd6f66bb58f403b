/* The CLUSTER subcommands about slots and the keys in them. */
#include <stdlib.h>

#include "sim/cluster/orders.h"
#include "sim/node/command_cluster.h"

#include "sim/pure.h"

/* --- owners ----------------------------------------------------------------------------------- */

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

/* Adds a slot to `wanted`, unless it cannot be assigned or unassigned or is in it already
 * (Redis 7.0 checkSlotAssignmentsOrReply). */
static bool want_slot(struct rcs_call *call, enum assignment assignment, unsigned slot,
                      struct rcs_slot_words *wanted)
{
    bool owned = rcs_slot_owner(&call->node->cluster, slot) != RCS_ID_NONE;
    if (owned != (assignment == UNASSIGN)) {
        rcs_refuse_format(call->client,
                          owned ? "Slot %u is already busy" : "Slot %u is already unassigned",
                          slot);
        return false;
    }
    if (rcs_slot_words_has(wanted, slot)) {
        rcs_refuse_format(call->client, "Slot %u specified multiple times", slot);
        return false;
    }
    rcs_slot_words_add(wanted, slot);
    return true;
}

static void apply_slots(struct rcs_call *call, enum assignment assignment,
                        const struct rcs_slot_words *wanted)
{
    if (assignment == ASSIGN) {
        rcs_cluster_add_slots(&call->node->cluster, wanted);
    } else {
        rcs_cluster_del_slots(&call->node->cluster, wanted);
    }
    rcs_reply_ok(call->client);
}

/* Every number is read before any slot is looked at, so that a word that is no slot is refused
 * first; with ranges, each in its turn. */
static void change_slots(struct rcs_call *call, enum assignment assignment)
{
    uint16_t few[64];
    unsigned count = call->argc - 2;
    uint16_t *slots =
        count <= sizeof(few) / sizeof(few[0]) ? few : malloc(count * sizeof(slots[0]));
    RCS_ASSERT(slots != NULL);
    bool good = true;
    for (unsigned i = 0; good && i < count; i++) {
        unsigned slot = 0;
        good = slot_or_refuse(call->client, &call->args[i + 2], &slot);
        slots[i] = (uint16_t)slot;
    }
    struct rcs_slot_words wanted = { { 0 } };
    for (unsigned i = 0; good && i < count; i++) {
        good = want_slot(call, assignment, slots[i], &wanted);
    }
    if (slots != few) {
        free(slots);
    }
    if (good) {
        apply_slots(call, assignment, &wanted);
    }
}

static void change_ranges(struct rcs_call *call, enum assignment assignment)
{
    if (call->argc % 2 == 1) {
        rcs_refuse(call->client,
                   assignment == ASSIGN
                       ? "wrong number of arguments for 'cluster|addslotsrange' command"
                       : "wrong number of arguments for 'cluster|delslotsrange' command");
        return;
    }
    struct rcs_slot_words wanted = { { 0 } };
    for (unsigned i = 2; i < call->argc; i += 2) {
        unsigned first, last;
        if (!slot_or_refuse(call->client, &call->args[i], &first) ||
            !slot_or_refuse(call->client, &call->args[i + 1], &last)) {
            return;
        }
        if (first > last) {
            rcs_refuse_format(call->client,
                              "start slot number %u is greater than end slot number %u", first,
                              last);
            return;
        }
        for (unsigned slot = first; slot <= last; slot++) {
            if (!want_slot(call, assignment, slot, &wanted)) {
                return;
            }
        }
    }
    apply_slots(call, assignment, &wanted);
}

void rcs_cluster_addslots(struct rcs_call *call)
{
    change_slots(call, ASSIGN);
}

void rcs_cluster_delslots(struct rcs_call *call)
{
    change_slots(call, UNASSIGN);
}

void rcs_cluster_addslotsrange(struct rcs_call *call)
{
    change_ranges(call, ASSIGN);
}

void rcs_cluster_delslotsrange(struct rcs_call *call)
{
    change_ranges(call, UNASSIGN);
}

void rcs_cluster_flushslots(struct rcs_call *call)
{
    if (rcs_keyspace_size(call->node->keys) != 0) {
        rcs_refuse(call->client, "DB must be empty to perform CLUSTER FLUSHSLOTS.");
        return;
    }
    rcs_cluster_flush_slots(&call->node->cluster);
    rcs_reply_ok(call->client);
}

/* The master that a SETSLOT names. */
static bool target_or_refuse(struct rcs_call *call, const struct rcs_arg *argument,
                             const char *unknown, rcs_id *id)
{
    if (!rcs_cluster_node_or_refuse(call, argument, unknown, id)) {
        return false;
    }
    const struct rcs_cluster *cluster = &call->node->cluster;
    if (rcs_is_replica(rcs_peer_find(cluster, *id)) && cluster->profile->setslot_asks_for_masters) {
        rcs_refuse(call->client, "Target node is not a master");
        return false;
    }
    return true;
}

static bool set_migrating(struct rcs_call *call, unsigned slot, const struct rcs_arg *target)
{
    rcs_id to;
    if (rcs_slot_owner(&call->node->cluster, slot) != call->node->cluster.myself) {
        rcs_refuse_format(call->client, "I'm not the owner of hash slot %u", slot);
        return false;
    }
    if (!target_or_refuse(call, target, "I don't know about node ", &to)) {
        return false;
    }
    rcs_cluster_set_migrating(&call->node->cluster, slot, to);
    return true;
}

static bool set_importing(struct rcs_call *call, unsigned slot, const struct rcs_arg *target)
{
    rcs_id from;
    if (rcs_slot_owner(&call->node->cluster, slot) == call->node->cluster.myself) {
        rcs_refuse_format(call->client, "I'm already the owner of hash slot %u", slot);
        return false;
    }
    if (!target_or_refuse(call, target, "I don't know about node ", &from)) {
        return false;
    }
    rcs_cluster_set_importing(&call->node->cluster, slot, from);
    return true;
}

static bool set_owner(struct rcs_call *call, unsigned slot, const struct rcs_arg *target)
{
    struct rcs_cluster *cluster = &call->node->cluster;
    rcs_id owner;
    if (!target_or_refuse(call, target, "Unknown node ", &owner)) {
        return false;
    }
    if (rcs_slot_owner(cluster, slot) == cluster->myself && owner != cluster->myself &&
        rcs_keyspace_slot_size(call->node->keys, slot) != 0) {
        rcs_refuse_format(
            call->client,
            "Can't assign hashslot %u to a different node while I still hold keys for "
            "this hash slot.",
            slot);
        return false;
    }
    rcs_cluster_set_slot_node(cluster, slot, owner);
    return true;
}

void rcs_cluster_setslot(struct rcs_call *call)
{
    const struct rcs_arg *action = &call->args[3], *target = &call->args[4];
    unsigned slot;
    if (rcs_is_replica(rcs_myself(&call->node->cluster))) {
        rcs_refuse(call->client, "Please use SETSLOT only with masters.");
        return;
    }
    if (!slot_or_refuse(call->client, &call->args[2], &slot)) {
        return;
    }
    bool done;
    if (call->argc == 5 && rcs_arg_is(action, "migrating")) {
        done = set_migrating(call, slot, target);
    } else if (call->argc == 5 && rcs_arg_is(action, "importing")) {
        done = set_importing(call, slot, target);
    } else if (call->argc == 4 && rcs_arg_is(action, "stable")) {
        rcs_cluster_set_stable(&call->node->cluster, slot);
        done = true;
    } else if (call->argc == 5 && rcs_arg_is(action, "node")) {
        done = set_owner(call, slot, target);
    } else {
        rcs_refuse(call->client,
                   "Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP");
        done = false;
    }
    if (done) {
        rcs_reply_ok(call->client);
    }
}

/* --- keys of a slot --------------------------------------------------------------------------- */

void rcs_cluster_keyslot(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[2];
    rcs_resp_integer(call->out, rcs_slot_of_key(key->bytes, key->size_bytes));
}

void rcs_cluster_countkeysinslot(struct rcs_call *call)
{
    int64_t slot;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &slot)) {
        return;
    }
    if (slot < 0 || slot >= RCS_SLOTS) {
        rcs_refuse(call->client, "Invalid slot");
        return;
    }
    rcs_resp_integer(call->out, rcs_keyspace_slot_size(call->node->keys, (unsigned)slot));
}

void rcs_cluster_getkeysinslot(struct rcs_call *call)
{
    int64_t slot, most;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &slot) ||
        !rcs_arg_i64_or_refuse(call->client, &call->args[3], &most)) {
        return;
    }
    if (slot < 0 || slot >= RCS_SLOTS || most < 0) {
        rcs_refuse(call->client, "Invalid slot or number of keys");
        return;
    }
    unsigned held = rcs_keyspace_slot_size(call->node->keys, (unsigned)slot);
    unsigned count = most > held ? held : (unsigned)most;
    rcs_resp_array(call->out, count);
    if (count == 0) {
        return;
    }
    struct rcs_arg *names = rcs_store_alloc(call->node->store, count * sizeof(*names));
    RCS_ASSERT(rcs_keyspace_slot_keys(call->node->keys, (unsigned)slot, names, count) == count);
    for (unsigned i = 0; i < count; i++) {
        rcs_resp_bulk(call->out, names[i].bytes, names[i].size_bytes);
    }
    rcs_store_release(call->node->store, names, count * sizeof(*names));
}
