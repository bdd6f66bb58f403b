/* The world's clockwork: takes the next event, lets the node it is for step, carries out what the
 * node then wants. A node's own processing takes no virtual time. */
#include "sim/world/parts.h"

#include <stdlib.h>
#include <string.h>

#include "sim/node/work.h"
#include "sim/pure.h"

void *rcs_grow(void *array, unsigned *room, unsigned wanted, size_t item_bytes)
{
    if (wanted <= *room) {
        return array;
    }
    unsigned grown = *room == 0 ? 8 : *room;
    while (grown < wanted) {
        grown *= 2;
    }
    array = realloc(array, grown * item_bytes);
    RCS_ASSERT(array != NULL);
    *room = grown;
    return array;
}

/* --- stepping one node ------------------------------------------------------------------------ */

/* One wake is pending at most: an earlier wish is pushed and the old event, when it comes, is none.
 */
RCS_HOT static void schedule_wake(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    rcs_us deadline_us = rcs_node_deadline(n->machine);
    if (deadline_us >= n->wake_us) {
        return;
    }
    n->wake_us = deadline_us < sim->now_us ? sim->now_us : deadline_us;
    rcs_queue_push(&sim->queue, n->wake_us,
                   (struct rcs_pending){ .kind = RCS_PENDING_WAKE, .who = node });
}

RCS_HOT void rcs_sim_step_node(struct rcs_sim *sim, unsigned node, const struct rcs_event *event,
                               int from)
{
    struct rcs_world_node *n = &sim->nodes[node];
    sim->on = event;
    sim->on_from = from;
    rcs_node_step(n->machine, event, &sim->effects);
    sim->counts.events++;
    if (sim->effects.facts.count > 0) {
        rcs_observe_facts(sim, node);
    }
    if (sim->effects.count > 0) {
        rcs_sim_carry_out(sim, node, &sim->effects, false);
    }
    if (sim->watch_step && !event->more) { /* the turn of the loop is over */
        sim->watch_step = false;
        sim->watch.stepped(sim->watch.arg, node);
    }
    if (sim->effects.count > 0 || sim->effects.facts.count > 0) {
        rcs_effects_clear(&sim->effects, sim->store);
    }
    sim->on = NULL;
    if (n->machine != NULL) {
        if (n->refusal_count > 0) {
            rcs_links_schedule_refusals(sim, node);
        }
        schedule_wake(sim, node);
    }
}

/* A turn's timers, if one is due, and its beforeSleep. */
RCS_HOT static void end_turn(struct rcs_sim *sim, unsigned node)
{
    struct rcs_event event = { .at_us = sim->now_us,
                               .kind = RCS_EVENT_WAKE,
                               .link = RCS_LINK_NONE };
    rcs_sim_step_node(sim, node, &event, -1);
}

RCS_HOT static void wake(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    n->wake_us = RCS_NEVER;
    if (rcs_node_deadline(n->machine) > sim->now_us) {
        schedule_wake(sim, node); /* it changed its mind meanwhile */
        return;
    }
    end_turn(sim, node);
}

/* --- deliveries ------------------------------------------------------------------------------- */

static void bus_event(struct rcs_sim *sim, const struct rcs_conn *c,
                      const struct rcs_delivery *delivery, struct rcs_event *event)
{
    struct rcs_world_node *n = &sim->nodes[c->party[delivery->end]];
    static const uint8_t kinds[] = {
        [RCS_DELIVERY_UP] = RCS_EVENT_LINK_UP,
        [RCS_DELIVERY_FAILED] = RCS_EVENT_LINK_FAILED,
        [RCS_DELIVERY_ACCEPTED] = RCS_EVENT_LINK_ACCEPTED,
        [RCS_DELIVERY_ITEM] = RCS_EVENT_BUS_MSG,
        [RCS_DELIVERY_LOST] = RCS_EVENT_LINK_LOST,
    };
    event->kind = (enum rcs_event_kind)kinds[delivery->kind];
    event->link = delivery->end == 0 ? c->link : RCS_LINK_IN + delivery->conn;
    event->remote = sim->nodes[c->party[1 - delivery->end]].ip_addr;
    event->local = n->ip_addr;
    if (event->kind == RCS_EVENT_BUS_MSG) {
        event->bus_msg = delivery->value;
    } else if (event->kind == RCS_EVENT_LINK_FAILED || event->kind == RCS_EVENT_LINK_LOST) {
        event->reason = delivery->reason;
    } else if (event->kind == RCS_EVENT_LINK_ACCEPTED) {
        event->remote = sim->nodes[c->party[1 - delivery->end]].client_addr; /* with a port */
    }
    bool over = event->kind == RCS_EVENT_LINK_FAILED || event->kind == RCS_EVENT_LINK_LOST;
    if (over && delivery->end == 0) {
        rcs_links_forget(n, c->link);
    }
}

/* At the replica: what became of its connection to its master, and what came by it. */
static void master_event(struct rcs_sim *sim, const struct rcs_conn *c,
                         const struct rcs_delivery *delivery, struct rcs_event *event)
{
    event->link = c->link;
    switch (delivery->kind) {
    case RCS_DELIVERY_UP:
        event->kind = RCS_EVENT_MASTER_UP;
        break;
    case RCS_DELIVERY_ITEM:
        if (delivery->item == RCS_ITEM_SNAPSHOT) {
            event->kind = RCS_EVENT_MASTER_SNAPSHOT;
            event->snapshot = delivery->value;
        } else {
            event->kind = RCS_EVENT_MASTER_DATA;
            event->blob = delivery->value;
        }
        break;
    case RCS_DELIVERY_FAILED:
        event->kind = RCS_EVENT_MASTER_FAILED;
        event->reason = delivery->reason;
        sim->nodes[c->party[0]].master_conn = 0;
        break;
    case RCS_DELIVERY_LOST:
    case RCS_DELIVERY_ACCEPTED:
        event->kind = RCS_EVENT_MASTER_LOST;
        sim->nodes[c->party[0]].master_conn = 0;
        break;
    }
}

/* At the server: a client or a replica. */
static void client_event(struct rcs_sim *sim, const struct rcs_conn *c,
                         const struct rcs_delivery *delivery, struct rcs_event *event)
{
    event->link = delivery->conn;
    event->local = sim->nodes[c->party[1]].ip_addr;
    event->remote = c->kind == RCS_CONN_SESSION ? rcs_session_addr(sim, c->party[0])
                                                : sim->nodes[c->party[0]].client_addr;
    switch (delivery->kind) {
    case RCS_DELIVERY_ACCEPTED:
        event->kind = RCS_EVENT_CLIENT_OPEN;
        break;
    case RCS_DELIVERY_ITEM:
        event->kind = RCS_EVENT_CLIENT_REQUEST;
        event->request = delivery->value;
        break;
    case RCS_DELIVERY_LOST:
    case RCS_DELIVERY_UP:
    case RCS_DELIVERY_FAILED:
        event->kind = RCS_EVENT_CLIENT_GONE;
        break;
    }
}

/* DEBUG DROP-CLUSTER-PACKET-FILTER and finer: the message arrives and is not looked at. */
static bool dropped(struct rcs_sim *sim, unsigned from, unsigned to, const struct rcs_bus_msg *msg)
{
    for (unsigned i = 0; i < sim->drop_count; i++) {
        struct rcs_drop_rule *rule = &sim->drops[i];
        if (rule->count == 0 || (rule->type >= 0 && rule->type != msg->type) ||
            (rule->from >= 0 && rule->from != (int)from) ||
            (rule->to >= 0 && rule->to != (int)to)) {
            continue;
        }
        if (rule->skip > 0) {
            rule->skip--;
            continue;
        }
        rule->count--;
        return true;
    }
    return false;
}

/* For those who ask a trace why a vote or a request is missing. It is no event of the run: that
 * the message came is one already. Pings and pongs are too many, and one alone decides nothing. */
static void tell_dropped(struct rcs_sim *sim, int from, int to, unsigned type)
{
    if (sim->trace != NULL && type != RCS_BUS_PING && type != RCS_BUS_PONG) {
        rcs_trace_fault(sim->trace, "dropped", &from, 1, &to, 1, (int64_t)(type + 1) << 48);
    }
}

static void observe(struct rcs_sim *sim, const struct rcs_conn *c,
                    const struct rcs_delivery *delivery)
{
    static const uint8_t news[] = {
        [RCS_DELIVERY_UP] = RCS_LINK_NEWS_UP,
        [RCS_DELIVERY_FAILED] = RCS_LINK_NEWS_FAILED,
        [RCS_DELIVERY_ACCEPTED] = RCS_LINK_NEWS_ACCEPTED,
        [RCS_DELIVERY_LOST] = RCS_LINK_NEWS_LOST,
    };
    if (delivery->kind != RCS_DELIVERY_ITEM) {
        rcs_observe_link(sim, (enum rcs_link_news)news[delivery->kind], delivery->conn,
                         delivery->end);
    } else if (c->kind == RCS_CONN_BUS) {
        rcs_observe_bus(sim, c->party[1 - delivery->end], c->party[delivery->end], delivery->value);
    } else {
        rcs_observe_data(sim, delivery->conn, 1 - delivery->end, delivery->item, delivery->value);
    }
}

RCS_HOT void rcs_sim_hand_over(struct rcs_sim *sim, const struct rcs_delivery *delivery, bool more)
{
    /* A copy: the table may move, and a lost connection may be forgotten, while the node steps. */
    struct rcs_conn c = *rcs_network_conn(&sim->net, delivery->conn);
    unsigned party = c.party[delivery->end];
    bool bus_item = c.kind == RCS_CONN_BUS && delivery->kind == RCS_DELIVERY_ITEM;
    bool to_client = c.kind == RCS_CONN_SESSION && delivery->end == 0;
    if (!to_client && !sim->nodes[party].blocked) {
        rcs_links_refusals(sim, party); /* may close the link this came by */
    }
    if (!rcs_network_take(&sim->net, delivery)) {
        rcs_network_done(&sim->net, delivery);
        return;
    }
    observe(sim, &c, delivery);
    if (to_client) {
        rcs_session_take(sim, party, delivery);
        rcs_network_done(&sim->net, delivery);
        return;
    }
    struct rcs_event event = { .at_us = sim->now_us, .more = more };
    int from = c.kind == RCS_CONN_SESSION ? -1 : (int)c.party[1 - delivery->end];
    if (c.kind == RCS_CONN_BUS) {
        c.link = rcs_network_conn(&sim->net, delivery->conn)->link;
        bus_event(sim, &c, delivery, &event);
    } else if (delivery->end == 0 && c.kind == RCS_CONN_TARGET) {
        rcs_target_event(sim, &c, delivery, &event);
    } else if (delivery->end == 0) {
        master_event(sim, &c, delivery, &event);
    } else {
        client_event(sim, &c, delivery, &event);
    }
    if (bus_item) {
        const struct rcs_bus_msg *msg = delivery->value;
        sim->counts.bus_messages++;
        sim->counts.bus_received[msg->type < RCS_BUS_TYPE_COUNT ? msg->type : 0]++;
        if (sim->drop_count > 0 && dropped(sim, (unsigned)from, party, msg)) {
            tell_dropped(sim, from, (int)party, msg->type);
            rcs_network_done(&sim->net, delivery);
            return;
        }
        if (msg->type == RCS_BUS_AUTH_ACK && rcs_watched(sim)) {
            sim->watch.vote_came(sim->watch.arg, party, (unsigned)from, msg);
        }
    }
    rcs_sim_step_node(sim, party, &event, from);
    rcs_network_done(&sim->net, delivery);
}

static bool at_frozen_node(const struct rcs_sim *sim, const struct rcs_delivery *delivery,
                           unsigned *node)
{
    const struct rcs_conn *c = rcs_network_conn(&sim->net, delivery->conn);
    *node = c->party[delivery->end];
    return !(c->kind == RCS_CONN_SESSION && delivery->end == 0) && sim->nodes[*node].frozen;
}

void rcs_sim_deliver(struct rcs_sim *sim, const struct rcs_delivery *delivery)
{
    unsigned node;
    if (!at_frozen_node(sim, delivery, &node)) {
        rcs_sim_hand_over(sim, delivery, false);
        return;
    }
    if (rcs_target_delivered(sim, delivery)) {
        return;
    }
    struct rcs_world_node *n = &sim->nodes[node];
    n->inbox = rcs_grow(n->inbox, &n->inbox_room, n->inbox_count + 1, sizeof(n->inbox[0]));
    n->inbox[n->inbox_count++] = *delivery;
}

/* What came in meanwhile, in its order, up to inbox[end]. */
static void read_inbox(struct rcs_sim *sim, struct rcs_world_node *n, unsigned end,
                       bool in_one_turn)
{
    while (n->machine != NULL && !n->frozen && n->inbox_first < end) {
        struct rcs_delivery delivery = n->inbox[n->inbox_first++];
        rcs_sim_hand_over(sim, &delivery, in_one_turn);
    }
    if (n->inbox_first == n->inbox_count) {
        n->inbox_first = n->inbox_count = 0;
    }
}

/* A turn of the loop accepts connections, and the next one reads from them: moves what came by
 * those that wait to be accepted behind all else. Where that begins. */
static unsigned end_of_turn(struct rcs_world_node *n)
{
    uint32_t *fresh = NULL;
    struct rcs_delivery *later = NULL;
    unsigned fresh_count = 0, fresh_room = 0, later_count = 0, later_room = 0;
    unsigned end = n->inbox_first;
    for (unsigned i = n->inbox_first; i < n->inbox_count; i++) {
        const struct rcs_delivery delivery = n->inbox[i];
        unsigned known = 0;
        while (known < fresh_count && fresh[known] != delivery.conn) {
            known++;
        }
        if (known < fresh_count) {
            later = rcs_grow(later, &later_room, later_count + 1, sizeof(later[0]));
            later[later_count++] = delivery;
            continue;
        }
        if (delivery.kind == RCS_DELIVERY_ACCEPTED) {
            fresh = rcs_grow(fresh, &fresh_room, fresh_count + 1, sizeof(fresh[0]));
            fresh[fresh_count++] = delivery.conn;
        }
        n->inbox[end++] = delivery;
    }
    for (unsigned i = 0; i < later_count; i++) {
        n->inbox[end + i] = later[i];
    }
    free(fresh);
    free(later);
    return end;
}

/* What it had put off when it stood still. */
static void do_late(struct rcs_sim *sim, unsigned node)
{
    struct rcs_effects late = sim->nodes[node].late;
    rcs_effects_init(&sim->nodes[node].late);
    rcs_sim_carry_out(sim, node, &late, true);
    if (sim->watch_step) {
        sim->watch_step = false;
        sim->watch.stepped(sim->watch.arg, node);
    }
    rcs_effects_close(&late, sim->store);
}

/* The handler of a SIGTERM that came meanwhile runs before anything else; its timers look at that.
 */
static void hear_sigterm(struct rcs_sim *sim, unsigned node)
{
    struct rcs_event event = { .at_us = sim->now_us,
                               .kind = RCS_EVENT_SHUTDOWN,
                               .link = RCS_LINK_NONE };
    sim->nodes[node].shutdown_waits = false;
    rcs_sim_step_node(sim, node, &event, -1);
}

static bool runs(const struct rcs_world_node *n)
{
    return n->machine != NULL && !n->frozen;
}

/* All that waits, and then the timers, if one is due; what comes over connections that it has yet
 * to accept is read one turn later. */
static void turn_of_reading(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    read_inbox(sim, n, end_of_turn(n), true);
    if (!runs(n)) {
        return;
    }
    n->wake_us = RCS_NEVER;
    end_turn(sim, node);
    rcs_sim_say_held(sim, node);
    if (runs(n) && n->inbox_first < n->inbox_count) {
        rcs_sim_fall_asleep(sim, node, RCS_TURN_US);
    }
}

/* A process that was stopped where it waited for something to read (Linux: epoll_wait ends with
 * EINTR at SIGCONT) has a turn that reads nothing: timers that are due, and beforeSleep. Then it
 * reads all that waits at its connections in one turn, and answers its clients before it hears over
 * new links that it was replaced. One that slept elsewhere goes on with what it slept in, then
 * reads. */
void rcs_sim_thaw(struct rcs_sim *sim, unsigned node, bool was_stopped)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->machine == NULL || n->paused || n->asleep_until_us > sim->now_us) {
        return;
    }
    if (n->blocked) {
        rcs_target_resume(sim, node);
        return;
    }
    n->frozen = false;
    was_stopped |= n->stalled; /* it slept in beforeSleep: next the loop polls, then come timers */
    n->stalled = false;
    const bool polled = n->polls;
    n->polls = false;
    if (n->late.count > 0) {
        do_late(sim, node);
        if (!runs(n)) {
            return;
        }
    }
    for (unsigned i = n->refusal_first; i < n->refusal_count; i++) {
        if (n->refusals[i].at_us < sim->now_us) {
            n->refusals[i].at_us = sim->now_us; /* it hears of them now */
        }
    }
    if (n->shutdown_waits) {
        hear_sigterm(sim, node);
    }
    bool timers = polled || !was_stopped || n->inbox_count == 0;
    if (timers) {
        wake(sim, node);
    }
    if (runs(n) && was_stopped && n->inbox_count > 0) {
        turn_of_reading(sim, node);
    }
    if (runs(n)) {
        read_inbox(sim, n, n->inbox_count, false);
    }
}

/* --- the queue -------------------------------------------------------------------------------- */

rcs_us rcs_sim_now(const struct rcs_sim *sim)
{
    return sim->now_us;
}

rcs_us rcs_sim_next(const struct rcs_sim *sim)
{
    return rcs_queue_next(&sim->queue);
}

static void carry_out_next(struct rcs_sim *sim)
{
    struct rcs_pending pending;
    sim->now_us = rcs_queue_pop(&sim->queue, &pending);
    if (pending.kind == RCS_PENDING_WAKE) {
        struct rcs_world_node *n = &sim->nodes[pending.who];
        if (n->machine != NULL && n->wake_us == sim->now_us) {
            if (n->frozen) {
                n->wake_us = RCS_NEVER;
            } else {
                rcs_links_refusals(sim, pending.who);
                if (n->machine != NULL && n->wake_us == sim->now_us) {
                    wake(sim, pending.who);
                }
            }
        }
        return;
    }
    if (pending.kind == RCS_PENDING_RESUME) {
        if (sim->nodes[pending.who].frozen) {
            rcs_sim_thaw(sim, pending.who, false);
        }
        return;
    }
    if (pending.kind == RCS_PENDING_REFUSALS) {
        struct rcs_world_node *n = &sim->nodes[pending.who];
        if (n->refusal_event_us == sim->now_us) {
            n->refusal_event_us = RCS_NEVER;
            if (!n->frozen) {
                rcs_links_refusals(sim, pending.who);
            }
        }
        return;
    }
    if (pending.kind == RCS_PENDING_BLOCK_OVER) {
        rcs_target_over(sim, pending.who);
        return;
    }
    if (pending.kind == RCS_PENDING_WORKLOAD) {
        rcs_workload_wake(sim, pending.who);
        return;
    }
    struct rcs_delivery delivery;
    if (rcs_network_arrive(&sim->net, &pending, sim->now_us, &delivery)) {
        rcs_sim_deliver(sim, &delivery);
    }
}

RCS_HOT bool rcs_sim_step(struct rcs_sim *sim, rcs_us limit)
{
    rcs_us until = limit < RCS_SIM_TIME_MAX ? limit : RCS_SIM_TIME_MAX;
    if (rcs_queue_next(&sim->queue) > until) {
        if (limit != RCS_NEVER && until > sim->now_us) {
            sim->now_us = until;
        }
        return false;
    }
    carry_out_next(sim);
    if (sim->outside_waiting > 0) {
        rcs_outside_flush(sim);
    }
    return true;
}

void rcs_sim_advance(struct rcs_sim *sim, rcs_us duration)
{
    RCS_ASSERT(duration >= 0);
    rcs_us left = RCS_SIM_TIME_MAX - sim->now_us;
    rcs_us limit = sim->now_us + (duration < left ? duration : left);
    while (rcs_sim_step(sim, limit)) {
    }
}
