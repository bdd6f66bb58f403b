/* A node's connections to other nodes' client ports, which MIGRATE uses, and the wait for them: the
 * whole process stands still but for what comes in by these. */
#include <stdlib.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

/* --- connections ------------------------------------------------------------------------------ */

static struct rcs_target_link *find(struct rcs_world_node *n, uint32_t link)
{
    for (unsigned i = 0; i < n->target_count; i++) {
        if (n->targets[i].link == link) {
            return &n->targets[i];
        }
    }
    return NULL;
}

static void forget(struct rcs_world_node *n, struct rcs_target_link *target)
{
    struct rcs_target_link *end = n->targets + --n->target_count;
    for (; target < end; target++) {
        target[0] = target[1];
    }
}

void rcs_target_connect(struct rcs_sim *sim, unsigned node, uint32_t link, rcs_addr addr)
{
    struct rcs_world_node *n = &sim->nodes[node];
    RCS_ASSERT(find(n, link) == NULL && n->target_count < RCS_TARGETS_MAX);
    n->targets = rcs_grow(n->targets, &n->target_room, n->target_count + 1, sizeof(n->targets[0]));
    n->targets[n->target_count++] = (struct rcs_target_link){
        .link = link, .conn = rcs_links_connect_client(sim, node, RCS_CONN_TARGET, link, addr)
    };
}

void rcs_target_send(struct rcs_sim *sim, unsigned node, struct rcs_effect *effect)
{
    const struct rcs_target_link *target = find(&sim->nodes[node], effect->link);
    if (target == NULL) {
        return; /* lost, and the node has yet to hear of it */
    }
    struct rcs_request *request = effect->request;
    effect->request = NULL;
    rcs_network_send(&sim->net, target->conn, 0, RCS_ITEM_REQUEST, request, sim->now_us);
}

void rcs_target_close(struct rcs_sim *sim, unsigned node, uint32_t link)
{
    struct rcs_world_node *n = &sim->nodes[node];
    struct rcs_target_link *target = find(n, link);
    if (target != NULL) {
        uint32_t conn = target->conn;
        forget(n, target);
        rcs_network_close_end(&sim->net, conn, 0, sim->now_us);
    }
}

void rcs_target_clear(struct rcs_world_node *node)
{
    node->target_count = 0;
}

void rcs_target_event(struct rcs_sim *sim, const struct rcs_conn *conn,
                      const struct rcs_delivery *delivery, struct rcs_event *event)
{
    struct rcs_world_node *n = &sim->nodes[conn->party[0]];
    event->link = conn->link;
    switch (delivery->kind) {
    case RCS_DELIVERY_UP:
        event->kind = RCS_EVENT_TARGET_UP;
        return;
    case RCS_DELIVERY_ITEM:
        event->kind = RCS_EVENT_TARGET_DATA;
        event->blob = delivery->value;
        return;
    case RCS_DELIVERY_FAILED:
        event->kind = RCS_EVENT_TARGET_FAILED;
        event->reason = delivery->reason;
        break;
    case RCS_DELIVERY_LOST:
    case RCS_DELIVERY_ACCEPTED:
        event->kind = RCS_EVENT_TARGET_LOST;
        break;
    }
    struct rcs_target_link *target = find(n, conn->link);
    RCS_ASSERT(target != NULL);
    forget(n, target);
}

/* --- the wait --------------------------------------------------------------------------------- */

void rcs_target_block(struct rcs_sim *sim, unsigned node, rcs_us duration_us)
{
    struct rcs_world_node *n = &sim->nodes[node];
    n->blocked = n->frozen = true;
    n->blocked_until_us = sim->now_us + duration_us;
    rcs_queue_push(&sim->queue, n->blocked_until_us,
                   (struct rcs_pending){ .kind = RCS_PENDING_BLOCK_OVER, .who = node });
}

/* What the turn had still to do when it began to wait comes before what it does now. */
void rcs_target_unblock(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    RCS_ASSERT(n->blocked);
    n->blocked = false;
    struct rcs_effects late = n->late;
    rcs_effects_init(&n->late);
    rcs_sim_carry_out(sim, node, &late, true);
    rcs_effects_close(&late, sim->store);
}

/* After a step of a node that waited: it may go on. */
static void go_on_if_free(struct rcs_sim *sim, unsigned node, bool was_stopped)
{
    if (sim->nodes[node].machine != NULL && !sim->nodes[node].blocked) {
        rcs_sim_thaw(sim, node, was_stopped);
    }
}

static bool is_of_target(const struct rcs_sim *sim, const struct rcs_delivery *delivery)
{
    return delivery->end == 0 &&
           rcs_network_conn(&sim->net, delivery->conn)->kind == RCS_CONN_TARGET;
}

bool rcs_target_delivered(struct rcs_sim *sim, const struct rcs_delivery *delivery)
{
    unsigned node = rcs_network_conn(&sim->net, delivery->conn)->party[delivery->end];
    if (!sim->nodes[node].blocked || sim->nodes[node].paused || !is_of_target(sim, delivery)) {
        return false;
    }
    rcs_sim_hand_over(sim, delivery, false);
    go_on_if_free(sim, node, false);
    return true;
}

void rcs_target_over(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (!n->blocked || n->paused || n->blocked_until_us > sim->now_us) {
        return;
    }
    struct rcs_event event = { .at_us = sim->now_us,
                               .kind = RCS_EVENT_BLOCK_OVER,
                               .link = RCS_LINK_NONE };
    rcs_sim_step_node(sim, node, &event, -1);
    go_on_if_free(sim, node, false);
}

/* Those of its targets out of the inbox, in their order; the rest goes back. */
static void read_targets(struct rcs_sim *sim, struct rcs_world_node *n)
{
    struct rcs_delivery *list = n->inbox;
    unsigned first = n->inbox_first, end = n->inbox_count;
    n->inbox = NULL;
    n->inbox_first = n->inbox_count = n->inbox_room = 0;
    for (unsigned i = first; i < end; i++) {
        if (n->machine == NULL) { /* it ended with what it had put off */
            rcs_network_done(&sim->net, &list[i]);
        } else if (n->blocked && is_of_target(sim, &list[i])) {
            rcs_sim_hand_over(sim, &list[i], false);
        } else {
            n->inbox = rcs_grow(n->inbox, &n->inbox_room, n->inbox_count + 1, sizeof(n->inbox[0]));
            n->inbox[n->inbox_count++] = list[i];
        }
    }
    free(list);
}

void rcs_target_resume(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    read_targets(sim, n);
    if (n->machine != NULL && n->blocked) {
        rcs_target_over(sim, node);
    } else {
        go_on_if_free(sim, node, true);
    }
}
