/* What Nagle's algorithm and delayed acknowledgements keep back, rule by rule. */
#include "tests/support/tcp_lab.h"

#include <rcsim/resp.h>

static void second_small_message_waits_40_ms_on_loopback(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    tcp_run(&lab, 11000);
    tcp_send(&lab, conn, 0, RCS_BUS_PONG);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(1));
    /* there 10.1 ms; ten ticks of 4 ms after the next, at 12: 52.0; heard of 52.1, there 52.2 */
    tcp_expect(&lab, "10100 1 auth-req\n52200 1 pong\n52200 1 ping\n");
    tcp_end(&lab);
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
        struct tcp_lab lab;
        tcp_begin(&lab, "loopback");
        uint32_t conn = tcp_established(&lab);
        tcp_run(&lab, rows[i].sent_us);
        tcp_send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
        tcp_run(&lab, 13000);
        tcp_send(&lab, conn, 0, RCS_BUS_PONG);
        tcp_run(&lab, RCS_S(1));
        tcp_expect(&lab, rows[i].heard);
        tcp_end(&lab);
    }
}

/* What a later turn of the sender's loop sends is a write of its own, at the same instant too. */
static void another_turn_is_another_write(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_PONG);
    rcs_nagle_turn(&lab.net);
    tcp_send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 1 pong\n52200 1 auth-req\n");
    tcp_end(&lab);
}

static void one_write_is_one_segment(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    rcs_network_set_latency(&lab.net, 1, 1, 50, 150);
    uint32_t conn = tcp_established(&lab);
    for (unsigned i = 0; i < 3; i++) {
        tcp_send(&lab, conn, 0, RCS_BUS_PING);
    }
    tcp_run(&lab, RCS_S(1));
    rcs_buf_add(&lab.heard, "", 1);
    unsigned at[3];
    assert_int_equal(
        sscanf(lab.heard.data, "%u 1 ping\n%u 1 ping\n%u 1 ping\n", &at[0], &at[1], &at[2]), 3);
    assert_true(at[0] == at[1] && at[1] == at[2]);
    tcp_end(&lab);
}

/* The receiver did not answer what came last: it acknowledges the next at once. */
static void quick_after_silence(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL);
    tcp_run(&lab, RCS_MS(100));
    tcp_send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    tcp_run(&lab, RCS_MS(101));
    tcp_send(&lab, conn, 0, RCS_BUS_PONG);
    tcp_run(&lab, RCS_MS(200));
    tcp_expect(&lab, "10100 1 fail\n100100 1 auth-req\n101100 1 pong\n");
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_MS(201));
    tcp_send(&lab, conn, 1, RCS_BUS_PONG); /* it answers again: from now on late */
    tcp_run(&lab, RCS_MS(300));
    tcp_send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    tcp_run(&lab, RCS_MS(301));
    tcp_send(&lab, conn, 0, RCS_BUS_PONG);
    tcp_run(&lab, RCS_MS(400));
    tcp_expect(&lab, "200100 1 ping\n201100 0 pong\n300100 1 auth-req\n344200 1 pong\n");
    tcp_end(&lab);
}

static void data_of_the_peer_carry_the_acknowledgement(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, 11000);
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL);
    tcp_run(&lab, 12000);
    tcp_send(&lab, conn, 1, RCS_BUS_PONG);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 1 ping\n12100 0 pong\n12200 1 fail\n");
    tcp_end(&lab);
}

static void data_that_left_before_carry_none(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 1, RCS_BUS_PONG); /* crosses the ping */
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, 10001);
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 0 pong\n10100 1 ping\n52200 1 fail\n");
    tcp_end(&lab);
}

static void a_lone_message_never_waits(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, 50200); /* the delayed acknowledgement is just back */
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 1 ping\n52200 1 fail\n");
    tcp_end(&lab);
}

static void the_accepting_side_never_waits(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 1, RCS_BUS_PONG);
    tcp_send(&lab, conn, 1, RCS_BUS_UPDATE);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 0 pong\n10100 0 update\n");
    tcp_end(&lab);
}

static void a_fresh_link_is_acknowledged_at_once(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_connect(&lab, 0, 1);
    tcp_run(&lab, 1000);
    rcs_buf_clear(&lab.heard);
    tcp_send(&lab, conn, 0, RCS_BUS_MEET);
    tcp_run(&lab, 1001);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "1100 1 meet\n1300 1 ping\n");
    tcp_end(&lab);
}

static void no_40_ms_on_a_lan(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    tcp_run(&lab, 10001);
    tcp_send(&lab, conn, 0, RCS_BUS_PONG);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 1 auth-req\n10300 1 pong\n"); /* a round trip, no more */
    tcp_end(&lab);
}

/* Full segments go at once: only the last part of a message waits, and not when more is sent. */
static void the_next_message_fills_the_last_segment_of_one_that_waits(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_AUTH_REQUEST);
    tcp_run(&lab, 10010);
    tcp_send(&lab, conn, 0, RCS_BUS_PONG); /* until 10200 */
    tcp_run(&lab, 10050);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_send(&lab, conn, 0, RCS_BUS_UPDATE);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 1 auth-req\n10150 1 pong\n10150 1 ping\n10300 1 update\n");
    tcp_end(&lab);
}

/* A master that is asked for a failover sends a ping at each tick, whatever the round trip. */
static void messages_quicker_than_acknowledgements_do_not_queue_up(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    rcs_network_set_latency(&lab.net, 1, 1, RCS_MS(200), RCS_MS(200));
    for (int i = 0; i < 100; i++) {
        tcp_send(&lab, conn, 0, RCS_BUS_PING);
        tcp_run(&lab, lab.now_us + RCS_MS(100));
    }
    rcs_buf_clear(&lab.heard);
    rcs_us last_us = lab.now_us;
    tcp_send(&lab, conn, 0, RCS_BUS_PONG);
    tcp_run(&lab, last_us + RCS_MS(600)); /* a round trip and the way */
    rcs_buf_add(&lab.heard, "", 1);
    assert_non_null(strstr(lab.heard.data, " 1 pong\n"));
    tcp_end(&lab);
}

static void closing_pushes_out_what_waited(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "loopback");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, 10001);
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL);
    rcs_network_close_end(&lab.net, conn, 0, lab.now_us);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "10100 1 ping\n10101 1 fail\n10101 1 lost\n");
    tcp_end(&lab);
}

static struct rcs_request *request(struct tcp_lab *lab)
{
    return rcs_request_words(lab->store, "REPLCONF ACK 1", 14);
}

/* Redis 7.0 sets no TCP_NODELAY on a replica's connection to its master. */
static void a_second_request_of_a_replica_waits_for_the_first(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    rcs_network_set_latency(&lab.net, 1, 1, 10000, 10000);
    uint32_t conn = rcs_network_connect(&lab.net, RCS_CONN_REPLICATION, 0, 7, 1, false, 0);
    tcp_run(&lab, RCS_MS(100));
    rcs_network_send(&lab.net, conn, 0, RCS_ITEM_REQUEST, request(&lab), lab.now_us);
    tcp_run(&lab, RCS_MS(111));
    rcs_network_send(&lab.net, conn, 1, RCS_ITEM_BLOB, NULL, lab.now_us);
    tcp_run(&lab, RCS_MS(200));
    rcs_buf_clear(&lab.heard);
    rcs_network_send(&lab.net, conn, 0, RCS_ITEM_REQUEST, request(&lab), lab.now_us);
    rcs_network_send(&lab.net, conn, 0, RCS_ITEM_REQUEST, request(&lab), lab.now_us);
    tcp_run(&lab, RCS_MS(211));
    tcp_expect(&lab, "210000 1 item\n");
    rcs_network_send(&lab.net, conn, 1, RCS_ITEM_BLOB, NULL, lab.now_us); /* answered at 211 ms */
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "221000 0 item\n231000 1 item\n");
    tcp_end(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(a_second_request_of_a_replica_waits_for_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
