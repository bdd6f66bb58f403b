/* TCP between nodes, rule by rule: what is delivered, to whom, when. One way takes exactly 100 us
 * here unless a test says otherwise, so every instant can be computed by hand. */
#include "tests/support/support.h"

#include <rcsim/resp.h>

#include "sim/world/network.h"
#include "sim/world/world.h"

struct lab {
    struct rcs_store *store;
    struct rcs_queue queue;
    struct rcs_network net;
    rcs_us now_us;
    struct rcs_buf heard; /* "at node what", a line a delivery */
    struct rcs_link_kind kind;
};

/* Three nodes at one site, all listening; accepted bus links are probed as at node timeout 1000. */
static void begin(struct lab *lab, const char *link_kind)
{
    *lab = (struct lab){ .store = rcs_store_new() };
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

/* Acknowledgements come at once, so that retransmission begins after exactly 200.2 ms. */
static void prompt(struct lab *lab)
{
    lab->kind = *lab->net.link_kind;
    lab->kind.delayed_ack_us = 0;
    lab->net.link_kind = &lab->kind;
}

static void end(struct lab *lab)
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

static void hear(struct lab *lab, const struct rcs_delivery *delivery)
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

/* Carries out everything up to `at_us`. */
static void run(struct lab *lab, rcs_us at_us)
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

/* What was heard since the last time, as a whole. */
static void expect(struct lab *lab, const char *text)
{
    rcs_buf_add(&lab->heard, "", 1);
    assert_string_equal(lab->heard.data, text);
    rcs_buf_clear(&lab->heard);
}

static uint32_t connect_bus(struct lab *lab, unsigned opener, unsigned server)
{
    return rcs_network_connect(&lab->net, RCS_CONN_BUS, opener, 0, server, false, lab->now_us);
}

static void send(struct lab *lab, uint32_t conn, unsigned from_end, enum rcs_bus_type type)
{
    rcs_network_send(&lab->net, conn, from_end, RCS_ITEM_BUS_MSG,
                     rcs_bus_msg_new(lab->store, type, 0), lab->now_us);
}

static struct rcs_request *request(struct lab *lab)
{
    return rcs_request_words(lab->store, "REPLCONF ACK 1", 14);
}

/* An established link from 0 to 1, past its first exchange. The clock then stands at 10 000 us. */
static uint32_t established(struct lab *lab)
{
    uint32_t conn = connect_bus(lab, 0, 1);
    run(lab, 1000);
    send(lab, conn, 0, RCS_BUS_PING);
    run(lab, 2000);
    send(lab, conn, 1, RCS_BUS_PONG);
    run(lab, 10000);
    rcs_buf_clear(&lab->heard);
    return conn;
}

static void cut(struct lab *lab, unsigned from, unsigned to, bool both)
{
    rcs_network_cut(&lab->net, from, to, RCS_CUT_DROP);
    if (both) {
        rcs_network_cut(&lab->net, to, from, RCS_CUT_DROP);
    }
    rcs_network_trouble_began(&lab->net, lab->now_us);
}

/* --- connecting ------------------------------------------------------------------------------- */

static void connecting_takes_a_round_trip(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    connect_bus(&lab, 0, 1);
    run(&lab, RCS_S(1));
    expect(&lab, "200 0 up\n300 1 accepted\n");
    end(&lab);
}

static void queued_while_connecting_goes_first(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = connect_bus(&lab, 0, 1);
    send(&lab, conn, 0, RCS_BUS_MEET);
    run(&lab, 200);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(1));
    expect(&lab, "200 0 up\n300 1 accepted\n300 1 meet\n300 1 ping\n"); /* one write */
    end(&lab);
}

static void refused_after_one_round_trip(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    lab.net.nodes[1].listening = false;
    connect_bus(&lab, 0, 1);
    run(&lab, RCS_S(10));
    expect(&lab, "200 0 Connection refused\n");
    end(&lab);
}

static void syn_into_a_black_hole_comes_back_a_second_late(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    cut(&lab, 0, 1, true);
    connect_bus(&lab, 0, 1);
    run(&lab, RCS_MS(1500)); /* the SYN of 1.024 s is lost, too */
    rcs_network_heal_all(&lab.net);
    run(&lab, RCS_S(10));
    expect(&lab, "2048200 0 up\n2048300 1 accepted\n");
    end(&lab);
}

static void syn_pauses_grow_after_the_fifth(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    cut(&lab, 0, 1, false); /* one way is enough */
    connect_bus(&lab, 0, 1);
    run(&lab, RCS_MS(5121)); /* sent five times every 1.024 s; then after 2 s and 4 s */
    rcs_network_heal_all(&lab.net);
    run(&lab, RCS_S(10));
    expect(&lab, "7136200 0 up\n7136300 1 accepted\n");
    end(&lab);
}

static void connecting_is_given_up_after_135_s(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    cut(&lab, 0, 1, true);
    connect_bus(&lab, 0, 1);
    run(&lab, RCS_S(1000));
    expect(&lab, "135168000 0 Connection timed out\n");
    end(&lab);
}

static void closed_while_connecting(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = connect_bus(&lab, 0, 1);
    send(&lab, conn, 0, RCS_BUS_PING);
    rcs_network_close_end(&lab.net, conn, 0, 0);
    run(&lab, RCS_S(10));
    expect(&lab, "");
    assert_int_equal(connect_bus(&lab, 0, 1), conn); /* nothing is left of the first */
    run(&lab, RCS_S(20));
    expect(&lab, "10000200 0 up\n10000300 1 accepted\n");
    end(&lab);
}

/* --- data ------------------------------------------------------------------------------------- */

static void order_is_kept_whatever_the_latency(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    rcs_network_set_latency(&lab.net, 1, 1, 0, 100000);
    uint32_t conn = connect_bus(&lab, 0, 1);
    run(&lab, RCS_S(1));
    rcs_buf_clear(&lab.heard);
    static const enum rcs_bus_type types[] = { RCS_BUS_PING, RCS_BUS_FAIL, RCS_BUS_UPDATE,
                                               RCS_BUS_MEET, RCS_BUS_PONG, RCS_BUS_MFSTART };
    for (unsigned i = 0; i < 6; i++) {
        send(&lab, conn, 1, types[i]);
    }
    run(&lab, RCS_S(2));
    rcs_buf_add(&lab.heard, "", 1);
    const char *at = lab.heard.data;
    for (unsigned i = 0; i < 6; i++) {
        at = strstr(at, rcs_bus_type_name(types[i]));
        assert_non_null(at);
    }
    end(&lab);
}

static void bytes_into_a_cut_path_come_with_a_retransmission(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    prompt(&lab);
    uint32_t conn = established(&lab);
    cut(&lab, 0, 1, true);
    send(&lab, conn, 0, RCS_BUS_PING); /* again at 0.216, 0.640, 1.472, 3.104 s */
    run(&lab, RCS_MS(10) + RCS_MS(700));
    rcs_network_heal_all(&lab.net);
    send(&lab, conn, 0, RCS_BUS_FAIL); /* the network is whole, the link is not yet */
    run(&lab, RCS_MS(1300));
    expect(&lab, "");
    run(&lab, RCS_S(10));
    expect(&lab, "1472100 1 ping\n1472100 1 fail\n");
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(11));
    expect(&lab, "10000100 1 ping\n");
    end(&lab);
}

static void without_acknowledgements_data_pass_for_a_while(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    prompt(&lab);
    uint32_t conn = established(&lab);
    cut(&lab, 1, 0, false);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_MS(200));
    send(&lab, conn, 0, RCS_BUS_FAIL);
    run(&lab, RCS_MS(220)); /* at 216 ms the first retransmission, unanswered */
    send(&lab, conn, 0, RCS_BUS_UPDATE);
    run(&lab, RCS_MS(500));
    expect(&lab, "10100 1 ping\n200100 1 fail\n");
    rcs_network_heal_all(&lab.net);
    run(&lab, RCS_S(5)); /* and the second */
    expect(&lab, "640100 1 update\n");
    end(&lab);
}

static void a_long_cut_ends_the_connection(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    prompt(&lab);
    uint32_t conn = rcs_network_connect(&lab.net, RCS_CONN_REPLICATION, 0, 7, 1, false, 0);
    run(&lab, RCS_MS(10));
    rcs_buf_clear(&lab.heard);
    cut(&lab, 0, 1, true);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(900));
    expect(&lab, "");
    run(&lab, RCS_S(1000)); /* fifteen retransmissions */
    expect(&lab, "935936000 0 lost\n");
    end(&lab);
}

/* --- the end of a process, of a host ---------------------------------------------------------- */

static bool marks[3][3] = { { true, false, false },
                            { false, true, false },
                            { false, false, true } };

static void a_killed_process_sends_eof_behind_its_data(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    send(&lab, conn, 1, RCS_BUS_PONG);
    lab.net.nodes[1].listening = false;
    rcs_network_end_nodes(&lab.net, marks[1], false, lab.now_us);
    run(&lab, RCS_S(10));
    expect(&lab, "10100 0 pong\n10100 0 lost\n");
    assert_int_equal(connect_bus(&lab, 0, 1), conn); /* the record is free again */
    end(&lab);
}

static void a_host_without_power_says_nothing(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    prompt(&lab);
    uint32_t conn = established(&lab);
    rcs_network_end_nodes(&lab.net, marks[1], true, lab.now_us);
    lab.net.nodes[1].listening = false;
    rcs_network_power(&lab.net, 1, false);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(5));
    expect(&lab, "");
    rcs_network_power(&lab.net, 1,
                      true); /* the host is back; sent again at 0.216 .. 3.104, 6.4 s */
    run(&lab, RCS_S(10));
    expect(&lab, "6400200 0 lost\n"); /* it knows nothing of the connection: reset */
    end(&lab);
}

static void a_restarted_host_resets_at_the_next_segment(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    rcs_network_end_nodes(&lab.net, marks[1], true, lab.now_us);
    rcs_network_power(&lab.net, 1, false);
    run(&lab, RCS_S(1));
    rcs_network_power(&lab.net, 1, true);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(10));
    expect(&lab, "1000200 0 lost\n");
    end(&lab);
}

static void accepted_bus_links_are_probed(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    established(&lab); /* last heard at 2100 us */
    cut(&lab, 0, 1, true);
    run(&lab, RCS_S(4)); /* 2 s of silence, then three probes a second apart, and one more second */
    expect(&lab, "");
    run(&lab, RCS_S(100));
    expect(&lab, "5088000 1 lost\n"); /* the accepting side only */
    end(&lab);
}

static void a_healed_link_is_not_lost_to_probes(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    cut(&lab, 0, 1, true);
    run(&lab, RCS_S(4));
    rcs_network_heal_all(&lab.net);
    run(&lab, RCS_S(50));
    expect(&lab, "");
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(60));
    expect(&lab, "50000100 1 ping\n");
    end(&lab);
}

/* --- Nagle's algorithm and delayed acknowledgements ------------------------------------------- */

static void second_small_message_waits_40_ms_on_loopback(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    run(&lab, 11000);
    send(&lab, conn, 0, RCS_BUS_PONG);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(1));
    /* there 10.1 ms; ten ticks of 4 ms after the next, at 12: 52.0; heard of 52.1, there 52.2 */
    expect(&lab, "10100 1 auth-req\n52200 1 pong\n52200 1 ping\n");
    end(&lab);
}

/* The delayed acknowledgement goes out on a tick of the kernel's clock, 40 to 44 ms after the data.
 */
static void a_delayed_acknowledgement_goes_out_on_a_tick(void **state)
{
    static const struct {
        rcs_us sent_us;
        const char *heard;
    } rows[] = {
        { 11800, "11900 1 auth-req\n52200 1 pong\n" }, /* in the tick from 8 to 12 */
        { 11900, "12000 1 auth-req\n56200 1 pong\n" }, /* in the next */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab lab;
        begin(&lab, "loopback");
        uint32_t conn = established(&lab);
        run(&lab, rows[i].sent_us);
        send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
        run(&lab, 13000);
        send(&lab, conn, 0, RCS_BUS_PONG);
        run(&lab, RCS_S(1));
        expect(&lab, rows[i].heard);
        end(&lab);
    }
}

/* What a later turn of the sender's loop sends is a write of its own, at the same instant too. */
static void another_turn_is_another_write(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_PONG);
    rcs_nagle_turn(&lab.net);
    send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 1 pong\n52200 1 auth-req\n");
    end(&lab);
}

static void one_write_is_one_segment(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    rcs_network_set_latency(&lab.net, 1, 1, 50, 150);
    uint32_t conn = established(&lab);
    for (unsigned i = 0; i < 3; i++) {
        send(&lab, conn, 0, RCS_BUS_PING);
    }
    run(&lab, RCS_S(1));
    rcs_buf_add(&lab.heard, "", 1);
    unsigned at[3];
    assert_int_equal(
        sscanf(lab.heard.data, "%u 1 ping\n%u 1 ping\n%u 1 ping\n", &at[0], &at[1], &at[2]), 3);
    assert_true(at[0] == at[1] && at[1] == at[2]);
    end(&lab);
}

/* The receiver did not answer what came last: it acknowledges the next at once. */
static void quick_after_silence(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_FAIL);
    run(&lab, RCS_MS(100));
    send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    run(&lab, RCS_MS(101));
    send(&lab, conn, 0, RCS_BUS_PONG);
    run(&lab, RCS_MS(200));
    expect(&lab, "10100 1 fail\n100100 1 auth-req\n101100 1 pong\n");
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_MS(201));
    send(&lab, conn, 1, RCS_BUS_PONG); /* it answers again: from now on late */
    run(&lab, RCS_MS(300));
    send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    run(&lab, RCS_MS(301));
    send(&lab, conn, 0, RCS_BUS_PONG);
    run(&lab, RCS_MS(400));
    expect(&lab, "200100 1 ping\n201100 0 pong\n300100 1 auth-req\n344200 1 pong\n");
    end(&lab);
}

static void data_of_the_peer_carry_the_acknowledgement(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, 11000);
    send(&lab, conn, 0, RCS_BUS_FAIL);
    run(&lab, 12000);
    send(&lab, conn, 1, RCS_BUS_PONG);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 1 ping\n12100 0 pong\n12200 1 fail\n");
    end(&lab);
}

static void data_that_left_before_carry_none(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 1, RCS_BUS_PONG); /* crosses the ping */
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, 10001);
    send(&lab, conn, 0, RCS_BUS_FAIL);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 0 pong\n10100 1 ping\n52200 1 fail\n");
    end(&lab);
}

static void a_lone_message_never_waits(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, 50200); /* the delayed acknowledgement is just back */
    send(&lab, conn, 0, RCS_BUS_FAIL);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 1 ping\n52200 1 fail\n");
    end(&lab);
}

static void the_accepting_side_never_waits(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 1, RCS_BUS_PONG);
    send(&lab, conn, 1, RCS_BUS_UPDATE);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 0 pong\n10100 0 update\n");
    end(&lab);
}

static void a_fresh_link_is_acknowledged_at_once(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = connect_bus(&lab, 0, 1);
    run(&lab, 1000);
    rcs_buf_clear(&lab.heard);
    send(&lab, conn, 0, RCS_BUS_MEET);
    run(&lab, 1001);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(1));
    expect(&lab, "1100 1 meet\n1300 1 ping\n");
    end(&lab);
}

static void no_40_ms_on_a_lan(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    run(&lab, 10001);
    send(&lab, conn, 0, RCS_BUS_PONG);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 1 auth-req\n10300 1 pong\n"); /* a round trip, no more */
    end(&lab);
}

/* Full segments go at once: only the last part of a message waits, and not when more is sent. */
static void the_next_message_fills_the_last_segment_of_one_that_waits(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    run(&lab, 10010);
    send(&lab, conn, 0, RCS_BUS_PONG); /* until 10200 */
    run(&lab, 10050);
    send(&lab, conn, 0, RCS_BUS_PING);
    send(&lab, conn, 0, RCS_BUS_UPDATE);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 1 auth-req\n10150 1 pong\n10150 1 ping\n10300 1 update\n");
    end(&lab);
}

/* A master that is asked for a failover sends a ping at each tick, whatever the round trip. */
static void messages_quicker_than_acknowledgements_do_not_queue_up(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    rcs_network_set_latency(&lab.net, 1, 1, RCS_MS(200), RCS_MS(200));
    for (int i = 0; i < 100; i++) {
        send(&lab, conn, 0, RCS_BUS_PING);
        run(&lab, lab.now_us + RCS_MS(100));
    }
    rcs_buf_clear(&lab.heard);
    rcs_us last_us = lab.now_us;
    send(&lab, conn, 0, RCS_BUS_PONG);
    run(&lab, last_us + RCS_MS(600)); /* a round trip and the way */
    rcs_buf_add(&lab.heard, "", 1);
    assert_non_null(strstr(lab.heard.data, " 1 pong\n"));
    end(&lab);
}

static void closing_pushes_out_what_waited(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "loopback");
    uint32_t conn = established(&lab);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, 10001);
    send(&lab, conn, 0, RCS_BUS_FAIL);
    rcs_network_close_end(&lab.net, conn, 0, lab.now_us);
    run(&lab, RCS_S(1));
    expect(&lab, "10100 1 ping\n10101 1 fail\n10101 1 lost\n");
    end(&lab);
}

/* --- places ----------------------------------------------------------------------------------- */

static void later_latencies_win(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    unsigned b = rcs_network_add_site(&lab.net);
    unsigned node = rcs_network_add_node(&lab.net, b);
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, node), 350); /* the row lan */
    rcs_network_set_latency(&lab.net, 1, b, 5000, 7000);
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, node), 12000);
    assert_int_equal(rcs_network_round_trip(&lab.net, node, 0), 12000);
    rcs_network_set_latency(&lab.net, b, RCS_SITE_ANY, 1, 1);
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, node), 2);
    assert_int_equal(rcs_network_round_trip(&lab.net, node, node), 350); /* not within b */
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, 1), 200);
    end(&lab);
}

static void cuts_survive_new_nodes(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    rcs_network_cut(&lab.net, 0, 2, RCS_CUT_DROP);
    unsigned node = rcs_network_add_node(&lab.net, 1);
    rcs_network_cut(&lab.net, node, 1, RCS_CUT_DROP);
    assert_int_equal(rcs_network_cut_of(&lab.net, 0, 2), RCS_CUT_DROP);
    assert_int_equal(rcs_network_cut_of(&lab.net, 2, 0), RCS_CUT_NONE);
    assert_int_equal(rcs_network_cut_of(&lab.net, node, 1), RCS_CUT_DROP);
    assert_false(rcs_network_nodes_open(&lab.net, 2, 0));
    assert_true(rcs_network_nodes_open(&lab.net, 0, 1));
    rcs_network_heal_all(&lab.net);
    assert_int_equal(lab.net.trouble, 0);
    end(&lab);
}

/* --- refusals, losses, rates ------------------------------------------------------------------ */

static void reject(struct lab *lab, unsigned from, unsigned to, enum rcs_cut cut)
{
    rcs_network_cut(&lab->net, from, to, cut);
    rcs_network_cut(&lab->net, to, from, cut);
    rcs_network_trouble_began(&lab->net, lab->now_us);
}

static void a_reset_refuses_and_breaks(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    reject(&lab, 0, 1, RCS_CUT_RST);
    connect_bus(&lab, 0, 1);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_MS(50));
    expect(&lab,
           "10200 0 Connection refused\n10200 0 lost\n"); /* the sender; the other hears nothing */
    rcs_network_heal_all(&lab.net);
    send(&lab, conn, 1, RCS_BUS_PONG); /* but when it sends something, it does */
    run(&lab, RCS_S(5));
    expect(&lab, "50200 1 lost\n");
    end(&lab);
}

static void a_delayed_acknowledgement_meets_a_reset(void **state)
{
    (void)state;
    struct lab lab;
    unsigned broken = 0;
    for (unsigned i = 0; i < 64; i++) {
        begin(&lab, "lan");
        rcs_rand_init(&lab.net.luck, i, RCS_RAND_LOSS, 0);
        uint32_t conn = established(&lab);
        send(&lab, conn, 0, RCS_BUS_PING);
        run(&lab, RCS_MS(11)); /* it is there, and 1 owes the acknowledgement until 50.1 ms */
        rcs_buf_clear(&lab.heard);
        reject(&lab, 0, 1, RCS_CUT_RST);
        rcs_tcp_acks_refused(&lab.net, lab.now_us);
        run(&lab, RCS_MS(100));
        broken += lab.heard.size_bytes > 0;
        if (lab.heard.size_bytes > 0) {
            expect(&lab, "50200 1 lost\n");
        }
        end(&lab);
    }
    assert_in_range(broken, 16, 48); /* or it was sent at once */
}

static void icmp_refuses_as_often_as_linux_says(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    run(&lab, RCS_S(10));
    reject(&lab, 0, 1, RCS_CUT_ICMP);
    for (unsigned i = 0; i < 8; i++) {
        connect_bus(&lab, 0, 1);
    }
    run(&lab, RCS_MS(10500)); /* six at once, the others hear nothing */
    expect(&lab, "10000200 0 Connection refused\n10000200 0 Connection refused\n"
                 "10000200 0 Connection refused\n10000200 0 Connection refused\n"
                 "10000200 0 Connection refused\n10000200 0 Connection refused\n");
    run(&lab, RCS_S(11)); /* one a second: the SYN of one of the two, sent again */
    rcs_buf_clear(&lab.heard);
    run(&lab, RCS_MS(11100));
    expect(&lab, "11008200 0 Connection refused\n");
    send(&lab, conn, 1, RCS_BUS_PONG); /* a connection takes no notice */
    run(&lab, RCS_MS(11500));
    rcs_network_heal_all(&lab.net);
    rcs_buf_clear(&lab.heard);
    run(&lab, RCS_S(13));
    assert_non_null(strstr(lab.heard.data, " 0 pong\n"));
    end(&lab);
}

static unsigned set_rule(struct lab *lab, enum rcs_path_property property, uint64_t value)
{
    return rcs_network_add_rule(
        &lab->net,
        &(struct rcs_path_rule){ .a = 1, .b = 1, .property = (uint8_t)property, .value = value });
}

static void what_is_lost_comes_late_and_in_order(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    unsigned rule = set_rule(&lab, RCS_PATH_LOSS, 3000);
    for (unsigned i = 0; i < 40; i++) {
        send(&lab, conn, 0, i % 2 == 0 ? RCS_BUS_PING : RCS_BUS_FAIL);
        run(&lab, lab.now_us + RCS_MS(100));
    }
    rcs_network_end_rule(&lab.net, rule);
    run(&lab, RCS_S(400));
    rcs_buf_add(&lab.heard, "", 1);
    const char *at = lab.heard.data;
    unsigned late = 0;
    for (unsigned i = 0; i < 40; i++) { /* all, in the order they were sent in */
        char *name;
        long long at_us = strtoll(at, &name, 10);
        late += at_us > 10100 + i * 100000;
        assert_string_equal(strstr(name, i % 2 == 0 ? " 1 ping" : " 1 fail") == name ? "" : name,
                            "");
        at = strchr(at, '\n') + 1;
    }
    assert_in_range(late, 10, 38);
    rcs_buf_clear(&lab.heard);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(401));
    expect(&lab, "400000100 1 ping\n"); /* the rule has ended */
    end(&lab);
}

static void a_lost_syn_is_sent_again(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    unsigned rule = set_rule(&lab, RCS_PATH_LOSS, 10000);
    connect_bus(&lab, 0, 1);
    run(&lab, RCS_MS(500));
    rcs_network_end_rule(&lab.net, rule);
    run(&lab, RCS_S(5));
    expect(&lab, "1024200 0 up\n1024300 1 accepted\n");
    end(&lab);
}

static void a_rate_makes_packets_wait_in_line(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    unsigned rule = set_rule(&lab, RCS_PATH_RATE, 1000000); /* a byte takes 8 us */
    send(&lab, conn, 0, RCS_BUS_PING);
    send(&lab, conn, 1, RCS_BUS_PONG); /* the other way does not wait */
    run(&lab, RCS_S(1));
    char want[96];
    size_t bytes = RCS_BUS_HEADER_BYTES + 2 * 66; /* two segments, no gossip */
    snprintf(want, sizeof(want), "%zu 1 ping\n%zu 0 pong\n", 10000 + 8 * bytes + 100,
             10000 + 16 * bytes + 100);
    expect(&lab, want); /* within one site there is one line for both */
    rcs_network_end_rule(&lab.net, rule);
    send(&lab, conn, 0, RCS_BUS_PING);
    run(&lab, RCS_S(2));
    expect(&lab, "1000100 1 ping\n");
    end(&lab);
}

static void a_kind_of_link_belongs_to_two_sites(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    unsigned site = rcs_network_add_site(&lab.net), node = rcs_network_add_node(&lab.net, site);
    lab.net.nodes[node].listening = true;
    assert_false(lab.net.small_segments);
    unsigned rule = rcs_network_add_rule(
        &lab.net, &(struct rcs_path_rule){ .a = 1,
                                           .b = (uint16_t)site,
                                           .property = RCS_PATH_KIND,
                                           .value = (uint64_t)rcs_sim_link_kind("loopback") });
    uint32_t near = connect_bus(&lab, 0, 1), far = connect_bus(&lab, 0, node);
    run(&lab, RCS_MS(1));
    assert_string_equal(rcs_network_kind(&lab.net, rcs_network_conn(&lab.net, near))->name, "lan");
    assert_string_equal(rcs_network_kind(&lab.net, rcs_network_conn(&lab.net, far))->name,
                        "loopback");
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, node), 80); /* its latency comes with it */
    rcs_network_end_rule(&lab.net, rule);
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, node), 350);
    end(&lab);
}

/* Redis 7.0 sets no TCP_NODELAY on a replica's connection to its master. */
static void a_second_request_of_a_replica_waits_for_the_first(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    rcs_network_set_latency(&lab.net, 1, 1, 10000, 10000);
    uint32_t conn = rcs_network_connect(&lab.net, RCS_CONN_REPLICATION, 0, 7, 1, false, 0);
    run(&lab, RCS_MS(100));
    rcs_network_send(&lab.net, conn, 0, RCS_ITEM_REQUEST, request(&lab), lab.now_us);
    run(&lab, RCS_MS(111));
    rcs_network_send(&lab.net, conn, 1, RCS_ITEM_BLOB, NULL, lab.now_us);
    run(&lab, RCS_MS(200));
    rcs_buf_clear(&lab.heard);
    rcs_network_send(&lab.net, conn, 0, RCS_ITEM_REQUEST, request(&lab), lab.now_us);
    rcs_network_send(&lab.net, conn, 0, RCS_ITEM_REQUEST, request(&lab), lab.now_us);
    run(&lab, RCS_MS(211));
    expect(&lab, "210000 1 item\n");
    rcs_network_send(&lab.net, conn, 1, RCS_ITEM_BLOB, NULL, lab.now_us); /* answered at 211 ms */
    run(&lab, RCS_S(1));
    expect(&lab, "221000 0 item\n231000 1 item\n");
    end(&lab);
}

static void timers_run_at_the_end_of_their_slot(void **state)
{
    (void)state;
    struct lab lab;
    begin(&lab, "lan");
    uint32_t conn = established(&lab);
    const struct rcs_conn *c = rcs_network_conn(&lab.net, conn);
    static const struct {
        rcs_us after_us, due_us;
    } rows[] = { /* 63 ticks: 4 ms; 64: 32 ms; 512: 256 ms; 4096: 2048 ms */
                 { RCS_MS(252), RCS_MS(256) },     { RCS_MS(256), RCS_MS(288) },
                 { RCS_MS(2044), RCS_MS(2048) },   { RCS_MS(2048), RCS_MS(2304) },
                 { RCS_MS(16380), RCS_MS(16384) }, { RCS_MS(16384), RCS_MS(18432) }
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rcs_tcp_timer(&lab.net, c, 0, 0, rows[i].after_us), rows[i].due_us);
    }
    lab.net.nodes[0].boot_us = 1000; /* its ticks come earlier */
    assert_int_equal(rcs_tcp_timer(&lab.net, c, 0, 0, RCS_MS(252)), RCS_MS(255));
    assert_int_equal(rcs_tcp_timer(&lab.net, c, 1, 0, RCS_MS(252)), RCS_MS(256));
    end(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_takes_a_round_trip),
        cmocka_unit_test(queued_while_connecting_goes_first),
        cmocka_unit_test(refused_after_one_round_trip),
        cmocka_unit_test(syn_into_a_black_hole_comes_back_a_second_late),
        cmocka_unit_test(syn_pauses_grow_after_the_fifth),
        cmocka_unit_test(connecting_is_given_up_after_135_s),
        cmocka_unit_test(closed_while_connecting),
        cmocka_unit_test(order_is_kept_whatever_the_latency),
        cmocka_unit_test(bytes_into_a_cut_path_come_with_a_retransmission),
        cmocka_unit_test(without_acknowledgements_data_pass_for_a_while),
        cmocka_unit_test(a_long_cut_ends_the_connection),
        cmocka_unit_test(a_killed_process_sends_eof_behind_its_data),
        cmocka_unit_test(a_host_without_power_says_nothing),
        cmocka_unit_test(a_restarted_host_resets_at_the_next_segment),
        cmocka_unit_test(accepted_bus_links_are_probed),
        cmocka_unit_test(a_healed_link_is_not_lost_to_probes),
        cmocka_unit_test(second_small_message_waits_40_ms_on_loopback),
        cmocka_unit_test(a_delayed_acknowledgement_goes_out_on_a_tick),
        cmocka_unit_test(another_turn_is_another_write),
        cmocka_unit_test(one_write_is_one_segment),
        cmocka_unit_test(quick_after_silence),
        cmocka_unit_test(data_of_the_peer_carry_the_acknowledgement),
        cmocka_unit_test(data_that_left_before_carry_none),
        cmocka_unit_test(a_lone_message_never_waits),
        cmocka_unit_test(the_accepting_side_never_waits),
        cmocka_unit_test(a_fresh_link_is_acknowledged_at_once),
        cmocka_unit_test(no_40_ms_on_a_lan),
        cmocka_unit_test(the_next_message_fills_the_last_segment_of_one_that_waits),
        cmocka_unit_test(messages_quicker_than_acknowledgements_do_not_queue_up),
        cmocka_unit_test(closing_pushes_out_what_waited),
        cmocka_unit_test(later_latencies_win),
        cmocka_unit_test(cuts_survive_new_nodes),
        cmocka_unit_test(a_reset_refuses_and_breaks),
        cmocka_unit_test(a_delayed_acknowledgement_meets_a_reset),
        cmocka_unit_test(icmp_refuses_as_often_as_linux_says),
        cmocka_unit_test(what_is_lost_comes_late_and_in_order),
        cmocka_unit_test(a_lost_syn_is_sent_again),
        cmocka_unit_test(a_rate_makes_packets_wait_in_line),
        cmocka_unit_test(a_kind_of_link_belongs_to_two_sites),
        cmocka_unit_test(a_second_request_of_a_replica_waits_for_the_first),
        cmocka_unit_test(timers_run_at_the_end_of_their_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
