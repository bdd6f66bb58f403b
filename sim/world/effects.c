/* What a node wants done, done: the list of one step, in its order. */
#include <stdlib.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

/* --wire-check: the message goes through its bytes, and what was read travels. */
RCS_RARE static struct rcs_bus_msg *through_the_wire(struct rcs_sim *sim, struct rcs_bus_msg *msg)
{
    size_t size_bytes = rcs_bus_size(sim->store, msg);
    if (size_bytes > sim->wire_room_bytes) {
        sim->wire = realloc(sim->wire, size_bytes);
        RCS_ASSERT(sim->wire != NULL);
        sim->wire_room_bytes = size_bytes;
    }
    size_t written_bytes = rcs_bus_write(sim->store, msg, sim->wire, sim->wire_room_bytes);
    RCS_ASSERT(written_bytes == size_bytes);
    struct rcs_bus_msg *read;
    struct rcs_bus_refusal refusal;
    size_t used_bytes;
    enum rcs_err err = rcs_bus_read_as(sim->store, &rcs_bus_any[msg->version], sim->wire,
                                       size_bytes, &read, &used_bytes, &refusal);
    RCS_ASSERT(err == RCS_OK && used_bytes == size_bytes);
    RCS_ASSERT(rcs_bus_msg_equal(msg, read) && msg->hash == read->hash);
    rcs_bus_msg_release(sim->store, msg);
    return read;
}

static void bus_send(struct rcs_sim *sim, unsigned node, struct rcs_effect *effect)
{
    unsigned end;
    uint32_t conn = rcs_links_find(sim, node, effect->link, &end);
    struct rcs_bus_msg *msg = effect->bus_msg;
    sim->counts.bus_sent[msg->type < RCS_BUS_TYPE_COUNT ? msg->type : 0]++;
    if (rcs_watched(sim)) {
        int to = conn == 0 ? -1 : (int)rcs_network_conn(&sim->net, conn)->party[1 - end];
        sim->watch_step |= sim->watch.sent(sim->watch.arg, node, to, msg);
    }
    if (conn == 0) {
        return; /* the link is lost, or refused, and the node has yet to hear of it */
    }
    if (sim->wire_check) {
        msg = through_the_wire(sim, msg);
    }
    effect->bus_msg = NULL;
    rcs_network_send(&sim->net, conn, end, RCS_ITEM_BUS_MSG, msg, sim->now_us);
}

/* A client's connection, if the node still holds its end. */
static uint32_t client_conn(const struct rcs_sim *sim, unsigned node, uint32_t link)
{
    RCS_ASSERT(link > 0 && link < sim->net.conn_used);
    const struct rcs_conn *c = rcs_network_conn(&sim->net, link);
    return c->kind != RCS_CONN_BUS && c->open & 2 && c->party[1] == node ? link : 0;
}

static void client_send(struct rcs_sim *sim, unsigned node, struct rcs_effect *effect)
{
    if (effect->link >= RCS_LINK_OUTSIDE) {
        if (effect->kind == RCS_EFFECT_CLIENT_REPLY) {
            rcs_outside_write(sim, effect->link, effect->blob->bytes, effect->blob->size_bytes);
        }
        return;
    }
    uint32_t conn = client_conn(sim, node, effect->link);
    if (conn == 0) {
        return;
    }
    if (effect->kind == RCS_EFFECT_CLIENT_REPLY) {
        struct rcs_blob *blob = effect->blob;
        effect->blob = NULL;
        rcs_network_send(&sim->net, conn, 1, RCS_ITEM_BLOB, blob, sim->now_us);
    } else {
        struct rcs_snapshot *snapshot = effect->snapshot;
        effect->snapshot = NULL;
        rcs_network_send(&sim->net, conn, 1, RCS_ITEM_SNAPSHOT, snapshot, sim->now_us);
    }
}

RCS_RARE static void master_send(struct rcs_sim *sim, unsigned node, struct rcs_effect *effect)
{
    uint32_t conn = sim->nodes[node].master_conn;
    if (conn == 0) {
        return;
    }
    struct rcs_request *request = effect->request;
    effect->request = NULL;
    rcs_network_send(&sim->net, conn, 0, RCS_ITEM_REQUEST, request, sim->now_us);
}

RCS_RARE static void master_close(struct rcs_sim *sim, unsigned node)
{
    uint32_t conn = sim->nodes[node].master_conn;
    if (conn != 0) {
        sim->nodes[node].master_conn = 0;
        rcs_network_close_end(&sim->net, conn, 0, sim->now_us);
    }
}

void rcs_sim_fall_asleep(struct rcs_sim *sim, unsigned node, rcs_us duration_us)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (rcs_watched(sim)) {
        sim->watch.fault(sim->watch.arg, "sleep");
    }
    n->asleep_until_us = sim->now_us + duration_us;
    n->frozen = true;
    rcs_queue_push(&sim->queue, n->asleep_until_us,
                   (struct rcs_pending){ .kind = RCS_PENDING_RESUME, .who = node });
}

/* The process ends by itself: the kernel closes what it had open. */
RCS_RARE static void end_process(struct rcs_sim *sim, unsigned node)
{
    sim->marked[node] = true;
    rcs_host_end(sim, sim->marked, false);
    sim->marked[node] = false;
}

/* False: the process stands still from here on, or has ended. */
static bool carry_out(struct rcs_sim *sim, unsigned node, struct rcs_effect *effect)
{
    switch ((enum rcs_effect_kind)effect->kind) {
    case RCS_EFFECT_LINK_CONNECT:
        rcs_links_connect_bus(sim, node, effect->link, effect->addr);
        break;
    case RCS_EFFECT_LINK_CLOSE:
        rcs_links_close(sim, node, effect->link);
        break;
    case RCS_EFFECT_LINK_RENAME:
        rcs_links_rename(sim, node, effect->link, effect->to_link);
        break;
    case RCS_EFFECT_BUS_SEND:
        bus_send(sim, node, effect);
        break;
    case RCS_EFFECT_TURN:
        rcs_nagle_turn(&sim->net);
        break;
    case RCS_EFFECT_CLIENT_REPLY:
    case RCS_EFFECT_CLIENT_SNAPSHOT:
        client_send(sim, node, effect);
        break;
    case RCS_EFFECT_CLIENT_CLOSE:
        if (effect->link >= RCS_LINK_OUTSIDE) {
            rcs_outside_close(sim, effect->link, effect->status != 0);
        } else if (client_conn(sim, node, effect->link) != 0) {
            rcs_network_close_end(&sim->net, effect->link, 1, sim->now_us);
        }
        break;
    case RCS_EFFECT_MASTER_CONNECT:
        rcs_links_connect_master(sim, node, effect->link, effect->addr);
        break;
    case RCS_EFFECT_MASTER_REQUEST:
        master_send(sim, node, effect);
        break;
    case RCS_EFFECT_MASTER_CLOSE:
        master_close(sim, node);
        break;
    case RCS_EFFECT_SAVE_CONFIG:
        if (effect->torn) {
            rcs_host_tear_conf(sim, node, effect->saved);
        } else {
            rcs_host_save_conf(sim, node, effect->saved);
        }
        rcs_watch_conf(sim, node, effect->fsync, true);
        effect->saved = NULL;
        break;
    case RCS_EFFECT_SAVE_DUMP:
        rcs_host_save_dump(sim, node, effect->snapshot);
        effect->snapshot = NULL;
        break;
    case RCS_EFFECT_SAVE_REDIS_CONF: /* what it starts with from now on */
        sim->nodes[node].config = *rcs_node_config(sim->nodes[node].machine);
        sim->nodes[node].conf_rewrites++;
        break;
    case RCS_EFFECT_SLEEP:
        rcs_sim_fall_asleep(sim, node, effect->duration_us);
        return false;
    case RCS_EFFECT_EXIT:
        sim->nodes[node].exit_status = (uint8_t)effect->status;
        end_process(sim, node);
        return false;
    case RCS_EFFECT_TARGET_CONNECT:
        rcs_target_connect(sim, node, effect->link, effect->addr);
        break;
    case RCS_EFFECT_TARGET_REQUEST:
        rcs_target_send(sim, node, effect);
        break;
    case RCS_EFFECT_TARGET_CLOSE:
        rcs_target_close(sim, node, effect->link);
        break;
    case RCS_EFFECT_BLOCK:
        rcs_target_block(sim, node, effect->duration_us);
        return false;
    case RCS_EFFECT_UNBLOCK:
        rcs_target_unblock(sim, node);
        break;
    }
    return true;
}

/* The process does it when it goes on. */
static void put_off(struct rcs_world_node *n, struct rcs_effect *effect)
{
    *rcs_effect_add(&n->late, (enum rcs_effect_kind)effect->kind, effect->link) = *effect;
}

/* A process that sleeps does the rest of what it was about to do afterwards. */
static void put_off_rest(struct rcs_world_node *n, struct rcs_effects *effects, size_t first)
{
    for (size_t i = first; n->machine != NULL && i < effects->count; i++) {
        put_off(n, &effects->list[i]);
    }
    effects->count = n->machine != NULL ? first : effects->count;
}

/* --- a slow disk ------------------------------------------------------------------------------ */

/* Redis 7.0 beforeSleep saves nodes.conf before anything queued is written: replies and packets of
 * this turn leave after the fsync. What was written is there for the next process, even if this one
 * is killed meanwhile. */
RCS_RARE static bool stalls(struct rcs_sim *sim, unsigned node, struct rcs_effects *effects)
{
    struct rcs_world_node *n = &sim->nodes[node];
    unsigned fsyncs = 0;
    for (size_t i = 0; i < effects->count; i++) {
        const struct rcs_effect *effect = &effects->list[i];
        fsyncs += effect->kind == RCS_EFFECT_SAVE_CONFIG && effect->fsync;
    }
    if (fsyncs == 0) {
        return false;
    }
    for (size_t i = 0; i < effects->count; i++) {
        struct rcs_effect *effect = &effects->list[i];
        if (effect->kind == RCS_EFFECT_SAVE_CONFIG && !effect->torn) {
            rcs_host_save_conf(sim, node, effect->saved);
            rcs_watch_conf(sim, node, effect->fsync, true);
            effect->saved = NULL;
        } else {
            put_off(n, effect);
        }
    }
    effects->count = 0;
    n->stalled = true;
    rcs_sim_fall_asleep(sim, node, fsyncs * n->fsync_us);
    return true;
}

static bool is_said(const struct rcs_effect *effect)
{
    return effect->kind == RCS_EFFECT_BUS_SEND || effect->kind == RCS_EFFECT_CLIENT_REPLY ||
           effect->kind == RCS_EFFECT_CLIENT_SNAPSHOT;
}

/* Says what was held back: all of it, or what is for the client at `link`. */
static void say_held(struct rcs_sim *sim, unsigned node, uint32_t link)
{
    struct rcs_effects *late = &sim->nodes[node].late;
    struct rcs_effects now;
    size_t kept = 0;
    rcs_effects_init(&now);
    for (size_t i = 0; i < late->count; i++) {
        struct rcs_effect *effect = &late->list[i];
        if (link == 0 || (effect->kind != RCS_EFFECT_BUS_SEND && effect->link == link)) {
            *rcs_effect_add(&now, (enum rcs_effect_kind)effect->kind, effect->link) = *effect;
        } else {
            late->list[kept++] = *effect;
        }
    }
    late->count = kept;
    for (size_t i = 0; i < now.count; i++) {
        (void)carry_out(sim, node, &now.list[i]);
    }
    rcs_effects_close(&now, sim->store);
}

void rcs_sim_say_held(struct rcs_sim *sim, unsigned node)
{
    const struct rcs_world_node *n = &sim->nodes[node];
    if (n->machine == NULL || n->frozen || n->late.count == 0) {
        return;
    }
    say_held(sim, node, 0);
    if (sim->watch_step) {
        sim->watch_step = false;
        sim->watch.stepped(sim->watch.arg, node);
    }
}

static void rename_held(struct rcs_world_node *n, uint32_t link, uint32_t to_link)
{
    for (size_t i = 0; i < n->late.count; i++) {
        struct rcs_effect *effect = &n->late.list[i];
        if (effect->kind == RCS_EFFECT_BUS_SEND && effect->link == link) {
            effect->link = to_link;
        }
    }
}

/* A turn that reads more before it sleeps: its packets and replies wait for beforeSleep, which may
 * save, or for nothing, if the process ends in this turn's timers. Redis 7.0 clusterSendMessage: a
 * packet leaves by the next turn's write event, and is lost with its link;
 * handleClientsWithPendingWrites comes after clusterBeforeSleep. */
RCS_RARE static void hold_back(struct rcs_sim *sim, unsigned node, struct rcs_effects *effects)
{
    struct rcs_world_node *n = &sim->nodes[node];
    for (size_t i = 0; i < effects->count; i++) {
        struct rcs_effect *effect = &effects->list[i];
        if (is_said(effect)) {
            put_off(n, effect);
            effect->bus_msg = NULL;
            effect->blob = NULL;
            effect->snapshot = NULL; /* owned there now, whichever it is */
            continue;
        }
        if (effect->kind == RCS_EFFECT_LINK_RENAME) {
            rename_held(n, effect->link, effect->to_link);
        } else if (effect->kind == RCS_EFFECT_CLIENT_CLOSE) {
            say_held(sim, node, effect->link);
        }
        if (!carry_out(sim, node, effect)) {
            put_off_rest(n, effects, i + 1);
            return;
        }
    }
}

/* Whether one of them ends the process. */
static bool ends(const struct rcs_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->list[i].kind == RCS_EFFECT_EXIT) {
            return true;
        }
    }
    return false;
}

/* The end of a turn that held something back: nodes.conf is written, then packets and replies
 * leave. A process that ends in its timers writes neither. */
static void end_held(struct rcs_sim *sim, unsigned node, struct rcs_effects *effects)
{
    size_t left = 0;
    if (ends(effects)) {
        rcs_effects_clear(&sim->nodes[node].late, sim->store);
        return;
    }
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->list[i].kind == RCS_EFFECT_SAVE_CONFIG) {
            (void)carry_out(sim, node, &effects->list[i]);
        } else {
            effects->list[left++] = effects->list[i];
        }
    }
    effects->count = left;
    say_held(sim, node, 0);
}

/* True: there is nothing left to carry out now. */
RCS_RARE static bool in_turn(struct rcs_sim *sim, unsigned node, struct rcs_effects *effects)
{
    const struct rcs_world_node *n = &sim->nodes[node];
    if (n->fsync_us != 0 && stalls(sim, node, effects)) {
        return true;
    }
    if (sim->on->more) {
        hold_back(sim, node, effects);
        return true;
    }
    if (!n->frozen) {
        end_held(sim, node, effects);
    }
    return false;
}

RCS_HOT void rcs_sim_carry_out(struct rcs_sim *sim, unsigned node, struct rcs_effects *effects,
                               bool late)
{
    struct rcs_world_node *n = &sim->nodes[node];
    const bool whole = late || (!sim->on->more && n->fsync_us == 0 && n->late.count == 0);
    if (!whole && in_turn(sim, node, effects)) {
        return;
    }
    for (size_t i = 0; i < effects->count; i++) {
        if (!carry_out(sim, node, &effects->list[i])) {
            put_off_rest(n, effects, i + 1);
            return;
        }
    }
}
