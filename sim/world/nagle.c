/* Nagle's algorithm with delayed acknowledgements: when what the opener of a connection sends may
 * leave.
 *
 * Redis 7.0 sets TCP_NODELAY on what it accepts, not on what it opens: bus links, and a replica's
 * connection to its master, over which a second REPLCONF waits for the answer to the first.
 *
 * A segment smaller than the MSS waits until all small ones before it are acknowledged; what is
 * sent in one turn of the sender's loop is one write and goes together. Of a message of several
 * segments only the last one waits, for the acknowledgement or for more to send. The receiver
 * acknowledges with its next data, or after 40 ms. It does so at once when two segments came, as
 * every bus message does where segments are small (1448 bytes), and while the connection is not
 * interactive: it becomes that when the receiver answers within 40 ms, and ceases to be when the 40
 * ms pass without an answer (Linux: pingpong mode, tcp_event_data_sent, tcp_delack_timer_handler).
 * That quick acknowledgements are used up after some 16 is left out: pauses between pings renew
 * them. */
#include <stdlib.h>

#include "sim/world/network.h"

#include "sim/pure.h"

/* When the receiver acknowledges by itself what came at `at_us`: so many ticks of the kernel's
 * clock after the tick that was running, and one more, lest a timer be early (Linux: calc_index of
 * the timer wheel). All hosts tick at the same instants here. */
static rcs_us alone_us(const struct rcs_network *net, const struct rcs_conn *c, rcs_us at_us)
{
    const struct rcs_link_kind *kind = rcs_network_kind(net, c);
    return (at_us / kind->kernel_tick_us + 1) * kind->kernel_tick_us + kind->delayed_ack_us;
}

/* True if the server's data carry, or carried, the acknowledgement of what the opener sent last. */
static bool on_data(const struct rcs_network *net, const struct rcs_conn *c)
{
    return c->acked ||
           c->arrives_us[1] >= c->arrives_us[0] + rcs_network_least(net, c->party[0], c->party[1]);
}

/* When the opener has, or would have, the acknowledgement of what it sent last. */
static rcs_us acknowledged_us(const struct rcs_network *net, const struct rcs_conn *c, bool small)
{
    rcs_us back_us = rcs_network_round_trip(net, c->party[0], c->party[1]) / 2;
    rcs_us there_us = c->arrives_us[0];
    if (c->acked) {
        return there_us;
    }
    if (!small || !c->answers) {
        return there_us + back_us;
    }
    if (on_data(net, c)) {
        return c->arrives_us[1];
    }
    return alone_us(net, c, there_us) + back_us;
}

void rcs_nagle_turn(struct rcs_network *net)
{
    for (unsigned i = 0; i < net->fresh_count; i++) {
        net->conns[net->fresh[i]].fresh = 0;
    }
    net->fresh_count = 0;
}

/* The first write of an instant is marked; the marks are taken back when the next instant comes. */
static void mark_fresh(struct rcs_network *net, uint32_t conn, rcs_us now_us)
{
    if (net->fresh_us != now_us) {
        rcs_nagle_turn(net);
        net->fresh_us = now_us;
    }
    if (net->conns[conn].fresh) {
        return;
    }
    if (net->fresh_count == net->fresh_room) {
        net->fresh_room = net->fresh_room == 0 ? 64 : net->fresh_room * 2;
        net->fresh = realloc(net->fresh, net->fresh_room * sizeof(net->fresh[0]));
        RCS_ASSERT(net->fresh != NULL);
    }
    net->fresh[net->fresh_count++] = conn;
    net->conns[conn].fresh = 1;
}

bool rcs_nagle_small(const struct rcs_network *net, const struct rcs_conn *c, enum rcs_item item,
                     const void *value)
{
    return item == RCS_ITEM_REQUEST ||
           (net->small_segments &&
            rcs_bus_size(net->store, value) < rcs_network_kind(net, c)->mss_bytes);
}

rcs_us rcs_nagle_departs(struct rcs_network *net, uint32_t conn, enum rcs_item item,
                         const void *value, rcs_us now_us)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    if (!c->sent || (c->fresh && net->fresh_us == now_us)) {
        return now_us;
    }
    bool small = rcs_nagle_small(net, c, item, value);
    if (small && now_us >= alone_us(net, c, c->arrives_us[0]) && !on_data(net, c)) {
        c->answers = 0; /* the last one's delayed acknowledgement went out alone */
    }
    return acknowledged_us(net, c, small);
}

void rcs_nagle_sent(struct rcs_network *net, uint32_t conn, unsigned end, rcs_us now_us)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    if (end == 0) {
        c->sent = 1;
        if (c->kind == RCS_CONN_BUS) {
            mark_fresh(net, conn, now_us); /* a replica's requests are a write each */
        }
        return;
    }
    rcs_us waited_us = now_us - c->arrives_us[0];
    if (waited_us >= 0 && (waited_us < rcs_network_kind(net, c)->delayed_ack_us ||
                           now_us < alone_us(net, c, c->arrives_us[0]))) {
        c->answers = 1;
    } else if (waited_us >= 0 && !c->acked) {
        c->answers = 0; /* the delayed acknowledgement went out alone */
    }
}
