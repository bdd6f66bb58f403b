/* What TCP keeps back: data into a cut path, data that were lost and lost again, data behind
 * Nagle's algorithm, data of a connection that is not yet one. All of it is rare and stands in a
 * side table. */
#include <stdlib.h>

#include "sim/world/network.h"

#include "sim/pure.h"

#define ORPHAN_RETRIES 8 /* net.ipv4.tcp_orphan_retries: the process closed its end */
/* How many small segments a connection may have under way is not tracked: not less than the initial
 * congestion window, not more than a send buffer for thrice that many full segments holds
 * (tcp_sndbuf_expand: 2304 bytes each; a small one costs 1280). */
#define WINDOW_LEAST 10
#define WINDOW_MOST  53

enum wait_kind {
    WAIT_NOTHING,
    WAIT_CONNECT, /* until the connection is one */
    WAIT_ACK,     /* Nagle: until what was sent before is acknowledged */
    WAIT_RETRY    /* into a cut path, or lost: until the next retransmission */
};

struct held {
    struct held *next;
    void *value;
    rcs_us latency_us; /* -1: drawn when it leaves */
    enum rcs_item item;
};

struct way_side {
    struct held *first, *last;
    rcs_us due_us; /* of the pending event that ends the wait */
    uint8_t wait;  /* enum wait_kind */
    uint8_t tries; /* retransmissions so far */
    bool leaky;    /* only acknowledgements are cut off: data pass until the first retransmission */
    bool there;    /* what was lost is there, but for its acknowledgement: the rest is held */
    uint8_t sent, window; /* segments without acknowledgement; so many at most */
    rcs_us rto_us;        /* before it doubles */
    rcs_us last_us;       /* the latest of these segments */
};

struct rcs_side {
    struct way_side way[2];
    uint32_t next_free;
};

/* --- the side table --------------------------------------------------------------------------- */

static struct way_side *side_of(struct rcs_network *net, uint32_t conn, unsigned way)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    if (c->side == 0) {
        if (net->side_free != 0) {
            c->side = net->side_free;
            net->side_free = net->sides[c->side].next_free;
        } else {
            if (net->side_used + 1 >= net->side_room) {
                net->side_room = net->side_room == 0 ? 16 : net->side_room * 2;
                net->sides = realloc(net->sides, net->side_room * sizeof(net->sides[0]));
                RCS_ASSERT(net->sides != NULL);
            }
            c->side = ++net->side_used;
        }
        net->sides[c->side] = (struct rcs_side){ .next_free = 0 };
    }
    return &net->sides[c->side].way[way];
}

static void give_back_if_idle(struct rcs_network *net, uint32_t conn)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    struct rcs_side *side = &net->sides[c->side];
    if (side->way[0].wait == WAIT_NOTHING && side->way[1].wait == WAIT_NOTHING) {
        side->next_free = net->side_free;
        net->side_free = c->side;
        c->side = 0;
    }
}

static void keep_drawn(struct rcs_network *net, struct way_side *side, enum rcs_item item,
                       void *value, rcs_us latency_us)
{
    struct held *held = rcs_store_alloc(net->store, sizeof(*held));
    *held = (struct held){ .value = value, .latency_us = latency_us, .item = item };
    if (side->last == NULL) {
        side->first = held;
    } else {
        side->last->next = held;
    }
    side->last = held;
}

static void keep(struct rcs_network *net, struct way_side *side, enum rcs_item item, void *value)
{
    keep_drawn(net, side, item, value, -1);
}

/* Ends a wait: what was held is the caller's. */
static struct held *end_wait(struct rcs_network *net, uint32_t conn, unsigned way)
{
    struct way_side *side = side_of(net, conn, way);
    struct held *first = side->first;
    *side = (struct way_side){ .wait = WAIT_NOTHING };
    give_back_if_idle(net, conn);
    return first;
}

static struct held *next_held(struct rcs_network *net, struct held *held)
{
    struct held *next = held->next;
    rcs_store_release(net->store, held, sizeof(*held));
    return next;
}

void rcs_tcp_forget(struct rcs_network *net, uint32_t conn, unsigned way)
{
    if (rcs_network_conn(net, conn)->side == 0) {
        return;
    }
    struct held *held = end_wait(net, conn, way);
    while (held != NULL) {
        rcs_item_release(net->store, held->item, held->value);
        held = next_held(net, held);
    }
}

void rcs_tcp_forget_all(struct rcs_network *net, uint32_t conn)
{
    rcs_tcp_forget(net, conn, 0);
    rcs_tcp_forget(net, conn, 1);
}

static void send_all(struct rcs_network *net, uint32_t conn, unsigned way, struct held *held,
                     rcs_us now_us)
{
    while (held != NULL) {
        if (rcs_tcp_unacknowledged(net, conn, way)) { /* what was before it is lost */
            keep(net, side_of(net, conn, way), held->item, held->value);
        } else {
            rcs_transmit(net, conn, way, held->item, held->value, now_us, held->latency_us);
        }
        held = next_held(net, held);
    }
}

static void send_held(struct rcs_network *net, uint32_t conn, unsigned way, rcs_us now_us)
{
    send_all(net, conn, way, end_wait(net, conn, way), now_us);
}

void rcs_tcp_connected(struct rcs_network *net, uint32_t conn, rcs_us now_us)
{
    if (rcs_network_conn(net, conn)->side == 0) {
        return;
    }
    struct held *held = end_wait(net, conn, 0);
    while (held != NULL) {
        rcs_network_send(net, conn, 0, held->item, held->value, now_us);
        held = next_held(net, held);
    }
}

void rcs_tcp_close(struct rcs_network *net)
{
    for (uint32_t conn = 1; conn < net->conn_used; conn++) {
        rcs_tcp_forget_all(net, conn);
    }
    free(net->sides);
    net->sides = NULL;
}

size_t rcs_tcp_bytes(const struct rcs_network *net)
{
    return net->side_room * sizeof(net->sides[0]);
}

/* --- until an acknowledgement ----------------------------------------------------------------- */

/* More to send while the last segment of the message before, a small one, waits: the two are filled
 * up to full segments, which go at once, and only the rest of the new one waits. */
static void push_out(struct rcs_network *net, uint32_t conn, enum rcs_item item, void *value,
                     rcs_us now_us)
{
    struct way_side *side = side_of(net, conn, 0);
    struct held *before = side->first;
    side->first = side->last = NULL;
    rcs_us latency_us = rcs_network_draw(net, rcs_network_conn(net, conn), 0);
    send_all(net, conn, 0, before, now_us);
    keep_drawn(net, side_of(net, conn, 0), item, value, latency_us);
}

static rcs_us wait_for_ack(struct rcs_network *net, uint32_t conn, enum rcs_item item, void *value,
                           rcs_us due_us)
{
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    struct way_side *side = side_of(net, conn, 0);
    side->wait = WAIT_ACK;
    side->due_us = due_us;
    keep_drawn(net, side, item, value,
               rcs_nagle_small(net, c, item, value) ? -1 : rcs_network_draw(net, c, 0));
    rcs_conn_push(net, due_us,
                  (struct rcs_pending){ .kind = RCS_PENDING_ACK, .who = conn, .due_us = due_us });
    return RCS_NEVER;
}

void rcs_tcp_heard(struct rcs_network *net, uint32_t conn, rcs_us now_us)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    if (now_us < c->arrives_us[0] + rcs_network_least(net, c->party[0], c->party[1])) {
        return; /* it left before the opener's data came */
    }
    c->acked = 1;
    if (c->side != 0 && net->sides[c->side].way[0].wait == WAIT_ACK) {
        send_held(net, conn, 0, now_us);
    }
}

/* --- retransmissions -------------------------------------------------------------------------- */

/* Linux keeps timers in a wheel: the farther off one is, the coarser its slot, and it runs at the
 * slot's end. With 250 ticks a second, as distributions build it, that is 4 ms up to 256 ms ahead,
 * 32 ms up to 2 s, 256 ms up to 16 s, 2 s beyond (kernel/time/timer.c, calc_index). */
#define TICK_US      4000
#define WHEEL_LEVELS 5

rcs_us rcs_tcp_timer(const struct rcs_network *net, const struct rcs_conn *conn, unsigned end,
                     rcs_us now_us, rcs_us after_us)
{
    bool outside = end == 0 && conn->kind == RCS_CONN_SESSION;
    rcs_us boot_us = outside ? 0 : net->nodes[conn->party[end]].boot_us;
    rcs_us ticks = (after_us + TICK_US - 1) / TICK_US, slot = 1, reach = 64;
    rcs_us due = (now_us + boot_us) / TICK_US + ticks;
    for (unsigned level = 1; level < WHEEL_LEVELS && ticks >= reach; level++) {
        slot *= 8;
        reach *= 8;
    }
    return (due / slot + 1) * slot * TICK_US - boot_us;
}

/* Retransmission waits for the smoothed round trip and 200 ms (tcp_set_rto: the variance counts at
 * least as much). Acknowledgements that were delayed are part of what is smoothed, so that it lies
 * somewhere between the bare round trip and one with the whole delay; what comes in two segments is
 * acknowledged at once. */
rcs_us rcs_tcp_first_rto(struct rcs_network *net, const struct rcs_conn *c)
{
    const struct rcs_link_kind *kind = rcs_network_kind(net, c);
    const struct rcs_path *path = rcs_network_path(net, c);
    bool at_once = c->kind == RCS_CONN_BUS && kind->mss_bytes < RCS_BUS_HEADER_BYTES;
    return kind->rto_us + 2 * path->low_us + path->span_us +
           (at_once ? 0 : (rcs_us)rcs_rand_below(&net->luck, (uint32_t)kind->delayed_ack_us + 1));
}

rcs_us rcs_tcp_rto(const struct rcs_link_kind *kind, rcs_us rto_us, unsigned tries)
{
    while (tries-- > 0 && rto_us < kind->rto_max_us) {
        rto_us *= 2;
    }
    return rto_us < kind->rto_max_us ? rto_us : kind->rto_max_us;
}

static void set_timer(struct rcs_network *net, uint32_t conn, unsigned way, rcs_us now_us,
                      rcs_us after_us)
{
    struct way_side *side = side_of(net, conn, way);
    side->wait = WAIT_RETRY;
    side->due_us = rcs_tcp_timer(net, rcs_network_conn(net, conn), way, now_us, after_us);
    rcs_conn_push(
        net, side->due_us,
        (struct rcs_pending){
            .kind = RCS_PENDING_RETRY, .way = (uint8_t)way, .who = conn, .due_us = side->due_us });
}

static void wait_for_retry(struct rcs_network *net, uint32_t conn, unsigned way, unsigned tries,
                           rcs_us now_us)
{
    struct way_side *side = side_of(net, conn, way);
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    side->tries = (uint8_t)tries;
    if (tries == 0) {
        side->rto_us = rcs_tcp_first_rto(net, c);
        side->last_us = now_us;
        side->sent = 1;
        side->window =
            (uint8_t)(WINDOW_LEAST + rcs_rand_below(&net->luck, WINDOW_MOST - WINDOW_LEAST + 1));
    }
    set_timer(net, conn, way, now_us, rcs_tcp_rto(rcs_network_kind(net, c), side->rto_us, tries));
}

void rcs_tcp_unrepaired(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                        void *value, rcs_us sent_us, const struct rcs_unrepaired *timer)
{
    struct way_side *side = side_of(net, conn, way);
    struct held *behind = side->first, *last = side->last;
    side->first = side->last = NULL;
    side->tries = 0;
    side->rto_us = timer->rto_us;
    side->last_us = sent_us;
    side->sent = side->window = 0;
    side->leaky = false;
    side->there = timer->there;
    if (!timer->there) {
        keep(net, side, item, value);
    }
    if (side->first == NULL) {
        side->first = behind;
    } else {
        side->first->next = behind;
    }
    side->last = last != NULL ? last : side->first;
    set_timer(net, conn, way, sent_us, timer->after_us);
}

static void push_reset(struct rcs_network *net, uint32_t conn, unsigned end, rcs_us at_us)
{
    rcs_conn_push(net, at_us,
                  (struct rcs_pending){ .kind = RCS_PENDING_ITEM,
                                        .way = (uint8_t)(1 - end),
                                        .item = RCS_ITEM_RESET,
                                        .who = conn });
}

bool rcs_tcp_breaks(struct rcs_network *net, uint32_t conn, unsigned way, rcs_us now_us)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    bool there = !rcs_network_way_open(net, c, way);
    unsigned refused = there ? way : 1 - way;
    enum rcs_cut cut = rcs_network_cut_on(net, c, refused);
    if (cut == RCS_CUT_ICMP) {
        /* No matter for an established connection (tcp_v4_err: a soft error), but it is used up. */
        (void)rcs_path_rejects(net, c, refused, now_us);
    }
    if (cut != RCS_CUT_RST) {
        return false;
    }
    if (c->open >> refused & 1) {
        const struct rcs_path *path = rcs_network_path(net, c);
        rcs_us sent_us = there ? now_us : now_us + path->low_us + path->span_us;
        push_reset(net, conn, refused,
                   sent_us + rcs_network_draw(net, c, way) + rcs_network_draw(net, c, 1 - way));
    } else {
        c->absent = (c->absent | 1u << refused) & 3; /* no process is left to hear of it */
    }
    return true;
}

/* Linux acknowledges the first 16 segments after a pause at once, later ones after 40 ms
 * (tcp_input.c, tcp_incr_quickack). How many came since the last pause is not tracked: a coin says.
 */
static bool quick_acks(struct rcs_network *net)
{
    return rcs_rand_below(&net->luck, 2) == 0;
}

/* The kernel at `end` owes an acknowledgement for data that came a moment ago. */
static bool owes_ack(const struct rcs_network *net, const struct rcs_conn *c, unsigned end,
                     rcs_us now_us)
{
    rcs_us there_us = c->arrives_us[1 - end];
    return c->open >> end & 1 && c->state == RCS_CONN_OPEN && there_us > c->arrives_us[end] &&
           there_us + rcs_network_kind(net, c)->delayed_ack_us > now_us;
}

void rcs_tcp_acks_refused(struct rcs_network *net, rcs_us now_us)
{
    for (uint32_t conn = 1; conn < net->conn_used; conn++) {
        const struct rcs_conn *c = rcs_network_conn(net, conn);
        for (unsigned end = 0; end < 2 && c->open != 0; end++) {
            if (rcs_network_cut_on(net, c, end) == RCS_CUT_RST && owes_ack(net, c, end, now_us) &&
                !quick_acks(net)) {
                rcs_us due_us = c->arrives_us[1 - end] + rcs_network_kind(net, c)->delayed_ack_us;
                push_reset(net, conn, end, due_us + rcs_network_draw(net, c, end));
                c = rcs_network_conn(net, conn);
            }
        }
    }
}

rcs_us rcs_tcp_departs(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                       void *value, rcs_us now_us)
{
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    enum wait_kind wait =
        c->side == 0 ? WAIT_NOTHING : (enum wait_kind)net->sides[c->side].way[way].wait;
    if (wait == WAIT_ACK && item == RCS_ITEM_EOF) {
        send_held(net, conn, way, now_us); /* closing pushes everything out */
        if (!rcs_tcp_unacknowledged(net, conn, way)) {
            return now_us;
        }
        keep(net, side_of(net, conn, way), item, value);
        return RCS_NEVER;
    }
    if (wait == WAIT_ACK && item == RCS_ITEM_BUS_MSG && !rcs_nagle_small(net, c, item, value)) {
        push_out(net, conn, item, value, now_us);
        return RCS_NEVER;
    }
    if (wait == WAIT_RETRY) {
        struct way_side *side = side_of(net, conn, way);
        bool room = side->sent < side->window;
        side->sent = (uint8_t)(side->sent + room);
        side->last_us = room ? now_us : side->last_us;
        if (room && side->leaky && rcs_network_way_open(net, c, way)) {
            return now_us;
        }
    }
    if (wait != WAIT_NOTHING) {
        if (wait == WAIT_RETRY && net->icmp != NULL && !rcs_network_way_open(net, c, way)) {
            (void)rcs_tcp_breaks(net, conn, way,
                                 now_us); /* it is sent nevertheless, and uses up an answer */
        }
        keep(net, side_of(net, conn, way), item, value);
        return RCS_NEVER;
    }
    if (c->state == RCS_CONN_CONNECTING) {
        struct way_side *side = side_of(net, conn, way);
        side->wait = WAIT_CONNECT;
        keep(net, side, item, value);
        return RCS_NEVER;
    }
    if (!rcs_network_ways_open(net, c)) {
        bool leaky = rcs_network_way_open(net, c, way);
        if (rcs_tcp_breaks(net, conn, way, now_us)) {
            if (!leaky) {
                rcs_item_release(net->store, item, value);
            }
            return leaky ? now_us : RCS_NEVER;
        }
        wait_for_retry(net, conn, way, 0, now_us);
        struct way_side *side = side_of(net, conn, way);
        side->leaky = side->there = leaky;
        if (!leaky) {
            keep(net, side, item, value);
        }
        return leaky ? now_us : RCS_NEVER;
    }
    if (way == 0 && c->kind != RCS_CONN_SESSION &&
        (item == RCS_ITEM_BUS_MSG || item == RCS_ITEM_REQUEST)) {
        rcs_us due_us = rcs_nagle_departs(net, conn, item, value, now_us);
        return due_us <= now_us ? now_us : wait_for_ack(net, conn, item, value, due_us);
    }
    return now_us;
}

struct rcs_delivery rcs_tcp_timed_out(uint32_t conn, unsigned end)
{
    return (struct rcs_delivery){ .kind = RCS_DELIVERY_LOST,
                                  .conn = conn,
                                  .end = end,
                                  .item = RCS_ITEM_RESET,
                                  .reason = "Connection timed out" };
}

/* The sender gives up. If its process does not care any more, the other end learns it from a reset.
 */
static bool give_up(struct rcs_network *net, uint32_t conn, unsigned end, struct rcs_delivery *out)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    rcs_tcp_forget(net, conn, end);
    if (c->open >> end & 1) {
        *out = rcs_tcp_timed_out(conn, end);
        return true;
    }
    c->absent = (c->absent | 1u << end) & 3;
    return false;
}

/* While nothing was sent again yet, each write puts the timer off: it is then the one of the tail
 * loss probe, two smoothed round trips from that write (tcp_schedule_loss_probe; recorded
 * replication streams into a one-way cut went on for as long as they were written to). */
static bool put_off(struct rcs_network *net, uint32_t conn, unsigned way, rcs_us now_us)
{
    struct way_side *side = side_of(net, conn, way);
    rcs_us smoothed_us = side->rto_us - rcs_network_kind(net, rcs_network_conn(net, conn))->rto_us;
    rcs_us due_us = rcs_tcp_timer(net, rcs_network_conn(net, conn), way, side->last_us,
                                  2 * smoothed_us + RCS_TCP_PROBE_US);
    if (side->tries > 0 || due_us <= now_us) {
        return false;
    }
    side->due_us = due_us;
    rcs_conn_push(
        net, due_us,
        (struct rcs_pending){
            .kind = RCS_PENDING_RETRY, .way = (uint8_t)way, .who = conn, .due_us = due_us });
    return true;
}

/* What was lost leaves once more; true: and is acknowledged. Until then nothing new is sent (the
 * congestion window is one segment: tcp_enter_loss). */
static bool retransmitted(struct rcs_network *net, uint32_t conn, unsigned way, rcs_us now_us)
{
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    struct way_side *side = side_of(net, conn, way);
    if (rcs_network_path(net, c)->loss == 0) {
        return true; /* it leaves with all the rest */
    }
    if (rcs_path_loses(net, c)) {
        return false;
    }
    if (!side->there) {
        struct held *head = side->first;
        side->first = head->next;
        side->last = side->first == NULL ? NULL : side->last;
        side->there = true;
        rcs_transmit_sure(net, conn, way, head->item, head->value,
                          now_us + rcs_network_draw(net, c, way));
        (void)next_held(net, head);
    }
    return !rcs_path_loses(net, c);
}

static bool retry(struct rcs_network *net, uint32_t conn, unsigned way, rcs_us now_us,
                  struct rcs_delivery *out)
{
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    struct way_side *side = side_of(net, conn, way);
    unsigned tries = side->tries + 1u;
    if (!rcs_network_ways_open(net, c) && put_off(net, conn, way, now_us)) {
        return false;
    }
    if (!rcs_network_ways_open(net, c)) {
        if (tries > (c->open >> way & 1 ? RCS_TCP_RETRIES : ORPHAN_RETRIES)) {
            return give_up(net, conn, way, out);
        }
        side->leaky = false;
        if (rcs_tcp_breaks(net, conn, way, now_us)) {
            rcs_tcp_forget(net, conn, way);
        } else {
            wait_for_retry(net, conn, way, tries, now_us);
        }
    } else if (c->absent >> (1 - way) & 1) {
        rcs_tcp_forget(net, conn, way);
        rcs_transmit(net, conn, 1 - way, RCS_ITEM_RESET, NULL,
                     now_us + rcs_network_draw(net, c, way), -1);
    } else if (!retransmitted(net, conn, way, now_us)) {
        if (tries > (c->open >> way & 1 ? RCS_TCP_RETRIES : ORPHAN_RETRIES)) {
            return give_up(net, conn, way, out);
        }
        wait_for_retry(net, conn, way, tries, now_us);
    } else {
        send_held(net, conn, way, now_us);
    }
    return false;
}

bool rcs_tcp_unacknowledged(const struct rcs_network *net, uint32_t conn, unsigned way)
{
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    return c->side != 0 && net->sides[c->side].way[way].wait == WAIT_RETRY;
}

bool rcs_tcp_pending(struct rcs_network *net, const struct rcs_pending *pending, rcs_us now_us,
                     struct rcs_delivery *out)
{
    uint32_t conn = pending->who;
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    if (c->side == 0) {
        return false;
    }
    const struct way_side *side = &net->sides[c->side].way[pending->way];
    bool mine = side->due_us == pending->due_us &&
                side->wait == (pending->kind == RCS_PENDING_ACK ? WAIT_ACK : WAIT_RETRY);
    if (!mine) {
        return false; /* that wait ended before */
    }
    if (pending->kind == RCS_PENDING_ACK) {
        rcs_network_conn(net, conn)->answers = 0; /* nothing came but the acknowledgement */
        send_held(net, conn, 0, now_us);
        return false;
    }
    return retry(net, conn, pending->way, now_us, out);
}
