/* Connections: opened, used, closed, lost. */
#include <stdlib.h>

#include "sim/world/network.h"

#include "sim/pure.h"

/* --- the table -------------------------------------------------------------------------------- */

static uint32_t take_conn(struct rcs_network *net)
{
    if (net->conn_free != 0) {
        uint32_t conn = net->conn_free;
        net->conn_free = net->conns[conn].link;
        return conn;
    }
    if (net->conn_used == net->conn_room) {
        /* By an eighth when it is large: there are two connections for each pair of nodes. */
        net->conn_room += net->conn_room < 4096 ? net->conn_room + 64 : net->conn_room / 8;
        net->conns = realloc(net->conns, net->conn_room * sizeof(net->conns[0]));
        RCS_ASSERT(net->conns != NULL);
    }
    if (net->conn_used == 0) {
        net->conns[net->conn_used++] = (struct rcs_conn){ .state = RCS_CONN_FREE };
    }
    return net->conn_used++;
}

/* A number is used again only when nothing pending can mean its old bearer. */
static void free_if_done(struct rcs_network *net, uint32_t conn)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    if (c->open != 0) {
        return;
    }
    rcs_tcp_forget_all(net, conn); /* nobody is left to hear it */
    if (c->refs == 0 && c->state != RCS_CONN_FREE) {
        *c = (struct rcs_conn){ .state = RCS_CONN_FREE, .link = net->conn_free };
        net->conn_free = conn;
    }
}

static void unref(struct rcs_network *net, uint32_t conn)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    RCS_ASSERT(c->refs > 0);
    c->refs--;
    free_if_done(net, conn);
}

/* --- connecting ------------------------------------------------------------------------------- */

/* The pause after the SYN number `tries` (from 0). */
static rcs_us syn_pause(const struct rcs_link_kind *kind, unsigned tries)
{
    return tries <= kind->syn_linear ? kind->syn_us : kind->syn_us << (tries - kind->syn_linear);
}

static void send_syn(struct rcs_network *net, uint32_t conn, unsigned tries, rcs_us now_us)
{
    const struct rcs_conn *c = rcs_network_conn(net, conn);
    const struct rcs_link_kind *kind = rcs_network_kind(net, c);
    bool open = rcs_network_ways_open(net, c),
         rejected = !open && rcs_path_rejects(net, c, 0, now_us);
    if (open && net->hampered && rcs_path_loses_syn(net, c)) {
        open = false;
    }
    if (open || rejected) {
        rcs_us back_us = now_us + rcs_network_draw(net, c, 0) + rcs_network_draw(net, c, 1);
        bool refused = rejected || c->nobody || !net->nodes[c->party[1]].listening;
        rcs_conn_push(net, back_us,
                      (struct rcs_pending){ .kind = refused ? RCS_PENDING_REFUSED : RCS_PENDING_UP,
                                            .who = conn });
        return;
    }
    bool last = tries == kind->syn_retries;
    rcs_conn_push(net, rcs_tcp_timer(net, c, 0, now_us, syn_pause(kind, tries)),
                  (struct rcs_pending){ .kind = last ? RCS_PENDING_TIMEOUT : RCS_PENDING_SYN,
                                        .who = conn,
                                        .tries = (uint8_t)(tries + 1) });
}

uint32_t rcs_network_connect(struct rcs_network *net, enum rcs_conn_kind kind, unsigned opener,
                             uint32_t link, unsigned server, bool nobody, rcs_us now_us)
{
    uint32_t conn = take_conn(net);
    *rcs_network_conn(net, conn) = (struct rcs_conn){
        .arrives_us = { now_us, now_us },
        .link = link,
        .party = { (uint16_t)opener, (uint16_t)server },
        .kind = (unsigned)kind & 3,
        .state = RCS_CONN_CONNECTING,
        .open = 1,
        .nobody = nobody,
    };
    send_syn(net, conn, 0, now_us);
    return conn;
}

/* The SYN's acknowledgement is back. The server's kernel has the connection since a moment; its
 * process hears of it when the opener's acknowledgement is there. */
static bool connected(struct rcs_network *net, uint32_t conn, rcs_us now_us,
                      struct rcs_delivery *out)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    if (c->open == 0) {
        return false;
    }
    if (!net->nodes[c->party[1]].powered) { /* the answer never left */
        send_syn(net, conn, 0, now_us);
        return false;
    }
    if (!net->nodes[c->party[1]].listening) { /* it ended in between */
        *out = (struct rcs_delivery){ .kind = RCS_DELIVERY_FAILED,
                                      .conn = conn,
                                      .reason = "Connection refused" };
        return true;
    }
    c->state = RCS_CONN_OPEN;
    c->open = 3;
    c->arrives_us[1] = now_us;
    c->arrives_us[0] = now_us + rcs_network_draw(net, c, 0);
    rcs_conn_push(net, c->arrives_us[0],
                  (struct rcs_pending){ .kind = RCS_PENDING_ACCEPT, .who = conn });
    rcs_tcp_connected(net, conn, now_us);
    *out = (struct rcs_delivery){ .kind = RCS_DELIVERY_UP, .conn = conn };
    return true;
}

/* --- data ------------------------------------------------------------------------------------- */

RCS_HOT void rcs_transmit_sure(struct rcs_network *net, uint32_t conn, unsigned way,
                               enum rcs_item item, void *value, rcs_us at_us)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    if (at_us < c->arrives_us[way]) {
        at_us = c->arrives_us[way]; /* in order; the queue keeps the order of one instant */
    }
    if (net->nudge != 0 && --net->nudge == 0) {
        at_us++;
    }
    c->arrives_us[way] = at_us;
    if (way == 0) {
        c->acked = 0;
    }
    rcs_conn_push(net, at_us,
                  (struct rcs_pending){ .kind = RCS_PENDING_ITEM,
                                        .way = (uint8_t)way,
                                        .item = (uint8_t)item,
                                        .who = conn,
                                        .value = value });
}

RCS_HOT void rcs_transmit(struct rcs_network *net, uint32_t conn, unsigned way, enum rcs_item item,
                          void *value, rcs_us depart_us, rcs_us latency_us)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    /* What leaves together arrives together. */
    bool same_write = way == 0 && c->fresh && net->fresh_us == depart_us;
    rcs_us at_us = same_write        ? c->arrives_us[0]
                   : latency_us >= 0 ? depart_us + latency_us
                                     : depart_us + rcs_network_draw(net, c, way);
    if (net->hampered) {
        struct rcs_unrepaired timer = { .after_us = 0 };
        at_us = rcs_path_arrives(net, c, way, item, value, depart_us, at_us, &timer);
        if (timer.after_us != 0) {
            rcs_tcp_unrepaired(net, conn, way, item, value, depart_us, &timer);
            if (!timer.there) {
                return;
            }
        }
    }
    rcs_transmit_sure(net, conn, way, item, value, at_us);
}

RCS_HOT void rcs_network_send(struct rcs_network *net, uint32_t conn, unsigned end,
                              enum rcs_item item, void *value, rcs_us now_us)
{
    rcs_us depart_us = rcs_tcp_departs(net, conn, end, item, value, now_us);
    if (depart_us == RCS_NEVER) {
        return;
    }
    rcs_transmit(net, conn, end, item, value, depart_us, -1);
    if (rcs_network_conn(net, conn)->kind != RCS_CONN_SESSION) {
        rcs_nagle_sent(net, conn, end, now_us);
    }
}

/* True if the end of `conn` that the item is for takes it. */
static bool arrived(struct rcs_network *net, const struct rcs_pending *pending, rcs_us now_us,
                    struct rcs_delivery *out)
{
    uint32_t conn = pending->who;
    unsigned end = 1u - pending->way;
    struct rcs_conn *c = rcs_network_conn(net, conn);
    bool outside = end == 0 && c->kind == RCS_CONN_SESSION;
    bool powered = outside || net->nodes[c->party[end]].powered;
    if (end == 0 &&
        (c->kind == RCS_CONN_REPLICATION || (c->kind == RCS_CONN_BUS && net->small_segments))) {
        rcs_tcp_heard(net, conn, now_us);
    }
    if (powered && c->open >> end & 1) {
        bool over = pending->item == RCS_ITEM_EOF || pending->item == RCS_ITEM_RESET;
        *out = (struct rcs_delivery){
            .kind = over ? RCS_DELIVERY_LOST : RCS_DELIVERY_ITEM,
            .conn = conn,
            .end = end,
            .item = (enum rcs_item)pending->item,
            .value = pending->value,
            .reason = pending->item == RCS_ITEM_RESET ? "Connection reset by peer" : NULL,
        };
        return true;
    }
    if (powered && c->absent >> end & 1 && c->open != 0 && rcs_network_ways_open(net, c)) {
        rcs_transmit(net, conn, end, RCS_ITEM_RESET, NULL, now_us, -1);
    }
    rcs_item_release(net->store, (enum rcs_item)pending->item, pending->value);
    return false;
}

/* --- closing ---------------------------------------------------------------------------------- */

void rcs_network_close_end(struct rcs_network *net, uint32_t conn, unsigned end, rcs_us now_us)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    RCS_ASSERT(c->open >> end & 1);
    c->open = (c->open & ~(1u << end)) & 3;
    if (c->open != 0) {
        rcs_network_send(net, conn, end, RCS_ITEM_EOF, NULL, now_us);
    }
    free_if_done(net, conn);
}

/* Its host lost its power. */
static void vanish(struct rcs_network *net, uint32_t conn, unsigned end)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    c->open = (c->open & ~(1u << end)) & 3;
    c->absent = (c->absent | 1u << end) & 3;
    rcs_tcp_forget(net, conn, end);
    free_if_done(net, conn);
}

void rcs_network_end_nodes(struct rcs_network *net, const bool *marked, bool silently,
                           rcs_us now_us)
{
    for (uint32_t conn = 1; conn < net->conn_used; conn++) {
        for (unsigned end = 0; end < 2; end++) {
            const struct rcs_conn *c = rcs_network_conn(net, conn);
            bool outside = end == 0 && c->kind == RCS_CONN_SESSION;
            if (outside || !(c->open >> end & 1) || !marked[c->party[end]]) {
                continue;
            }
            if (silently) {
                vanish(net, conn, end);
            } else {
                rcs_network_close_end(net, conn, end, now_us);
            }
        }
    }
}

/* --- what is pending -------------------------------------------------------------------------- */

/* True: `out` is a delivery, and the reference of the pending event goes with it. */
static bool carry_out(struct rcs_network *net, const struct rcs_pending *pending, rcs_us now_us,
                      struct rcs_delivery *out)
{
    uint32_t conn = pending->who;
    unsigned open = rcs_network_conn(net, conn)->open;
    switch ((enum rcs_pending_kind)pending->kind) {
    case RCS_PENDING_ITEM:
        return arrived(net, pending, now_us, out);
    case RCS_PENDING_SYN:
        if (open != 0) {
            send_syn(net, conn, pending->tries, now_us);
        }
        return false;
    case RCS_PENDING_UP:
        return connected(net, conn, now_us, out);
    case RCS_PENDING_ACCEPT:
        *out = (struct rcs_delivery){ .kind = RCS_DELIVERY_ACCEPTED, .conn = conn, .end = 1 };
        return (open & 2) != 0;
    case RCS_PENDING_REFUSED:
    case RCS_PENDING_TIMEOUT:
        *out = (struct rcs_delivery){ .kind = RCS_DELIVERY_FAILED,
                                      .conn = conn,
                                      .reason = pending->kind == RCS_PENDING_REFUSED
                                                    ? "Connection refused"
                                                    : "Connection timed out" };
        return open != 0;
    case RCS_PENDING_RETRY:
    case RCS_PENDING_ACK:
        return open != 0 && rcs_tcp_pending(net, pending, now_us, out);
    case RCS_PENDING_PROBE:
        return open != 0 && rcs_keepalive_probe(net, conn, pending->tries, now_us, out);
    case RCS_PENDING_WAKE:
    case RCS_PENDING_RESUME:
    case RCS_PENDING_REFUSALS:
    case RCS_PENDING_BLOCK_OVER:
    case RCS_PENDING_WORKLOAD:
        break;
    }
    rcs_assert_failed("the pending event is the network's", __FILE__, __LINE__);
}

RCS_HOT bool rcs_network_arrive(struct rcs_network *net, const struct rcs_pending *pending,
                                rcs_us now_us, struct rcs_delivery *out)
{
    if (carry_out(net, pending, now_us, out)) {
        return true;
    }
    unref(net, pending->who);
    return false;
}

bool rcs_network_take(struct rcs_network *net, const struct rcs_delivery *delivery)
{
    struct rcs_conn *c = rcs_network_conn(net, delivery->conn);
    unsigned bit = 1u << delivery->end;
    if (!(c->open & bit)) {
        return false;
    }
    if (delivery->kind == RCS_DELIVERY_FAILED || delivery->kind == RCS_DELIVERY_LOST) {
        c->open = (c->open & ~bit) & 3;
        /* If the other side does not know yet, its next segment is answered by a reset. */
        if (c->open != 0) {
            c->absent = (c->absent | bit) & 3;
        }
        rcs_tcp_forget(net, delivery->conn, delivery->end);
    }
    return true;
}

RCS_HOT void rcs_network_done(struct rcs_network *net, const struct rcs_delivery *delivery)
{
    rcs_item_release(net->store, delivery->item, delivery->value);
    unref(net, delivery->conn);
}
