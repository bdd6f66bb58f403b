#include "tests/support/tcp_lab.h"

void tcp_begin(struct tcp_lab *lab, const char *link_kind)
{
    *lab = (struct tcp_lab){ .store = rcs_store_new() };
    rcs_queue_init(&lab->queue);
    rcs_network_init(&lab->net, rcs_link_kind_find(link_kind), &lab->queue, lab->store, 1);
    unsigned site = rcs_network_add_site(&lab->net);
    rcs_network_set_latency(&lab->net, site, site, 100, 100);
    for (unsigned i = 0; i < 3; i++) {
        unsigned node = rcs_network_add_node(&lab->net, site);
        lab->net.nodes[node].listening = true;
        lab->net.nodes[node].keepalive_s = 2;
        lab->net.nodes[node].boot_us = 0; /* timers run at multiples of 4, 32, 256, 2048 ms */
    }
    rcs_buf_init(&lab->heard);
}

void tcp_prompt(struct tcp_lab *lab)
{
    lab->kind = *lab->net.link_kind;
    lab->kind.delayed_ack_us = 0;
    lab->net.link_kind = &lab->kind;
}

void tcp_end(struct tcp_lab *lab)
{
    struct rcs_pending pending;
    while (rcs_queue_drop(&lab->queue, &pending)) {
        if (pending.kind == RCS_PENDING_ITEM) {
            rcs_item_release(lab->store, (enum rcs_item)pending.item, pending.value);
        }
    }
    rcs_network_close(&lab->net);
    rcs_queue_close(&lab->queue);
    rcs_store_free(lab->store);
    rcs_buf_close(&lab->heard);
}

static void hear(struct tcp_lab *lab, const struct rcs_delivery *delivery)
{
    static const char *const names[] = {
        [RCS_DELIVERY_UP] = "up",
        [RCS_DELIVERY_FAILED] = "failed",
        [RCS_DELIVERY_ACCEPTED] = "accepted",
        [RCS_DELIVERY_ITEM] = "item",
        [RCS_DELIVERY_LOST] = "lost",
    };
    const struct rcs_conn *c = rcs_network_conn(&lab->net, delivery->conn);
    unsigned node = c->party[delivery->end];
    if (!rcs_network_take(&lab->net, delivery)) {
        return;
    }
    const char *what = names[delivery->kind];
    if (delivery->kind == RCS_DELIVERY_ITEM && delivery->item == RCS_ITEM_BUS_MSG) {
        const struct rcs_bus_msg *msg = delivery->value;
        what = rcs_bus_type_name(msg->type);
    } else if (delivery->kind == RCS_DELIVERY_FAILED) {
        what = delivery->reason;
    }
    rcs_buf_format(&lab->heard, "%lld %u %s\n", (long long)lab->now_us, node, what);
}

void tcp_run(struct tcp_lab *lab, rcs_us at_us)
{
    struct rcs_pending pending;
    struct rcs_delivery delivery;
    while (rcs_queue_next(&lab->queue) <= at_us) {
        lab->now_us = rcs_queue_pop(&lab->queue, &pending);
        if (rcs_network_arrive(&lab->net, &pending, lab->now_us, &delivery)) {
            hear(lab, &delivery);
            rcs_network_done(&lab->net, &delivery);
        }
    }
    lab->now_us = at_us;
}

void tcp_expect(struct tcp_lab *lab, const char *text)
{
    rcs_buf_add(&lab->heard, "", 1);
    assert_string_equal(lab->heard.data, text);
    rcs_buf_clear(&lab->heard);
}

uint32_t tcp_connect(struct tcp_lab *lab, unsigned opener, unsigned server)
{
    return rcs_network_connect(&lab->net, RCS_CONN_BUS, opener, 0, server, false, lab->now_us);
}

void tcp_send(struct tcp_lab *lab, uint32_t conn, unsigned from_end, enum rcs_bus_type type)
{
    rcs_network_send(&lab->net, conn, from_end, RCS_ITEM_BUS_MSG,
                     rcs_bus_msg_new(lab->store, type, 0), lab->now_us);
}

uint32_t tcp_established(struct tcp_lab *lab)
{
    uint32_t conn = tcp_connect(lab, 0, 1);
    tcp_run(lab, 1000);
    tcp_send(lab, conn, 0, RCS_BUS_PING);
    tcp_run(lab, 2000);
    tcp_send(lab, conn, 1, RCS_BUS_PONG);
    tcp_run(lab, 10000);
    rcs_buf_clear(&lab->heard);
    return conn;
}

void tcp_cut(struct tcp_lab *lab, unsigned from, unsigned to, bool both)
{
    rcs_network_cut(&lab->net, from, to, RCS_CUT_DROP);
    if (both) {
        rcs_network_cut(&lab->net, to, from, RCS_CUT_DROP);
    }
    rcs_network_trouble_began(&lab->net, lab->now_us);
}
