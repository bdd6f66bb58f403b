/* Connections between nodes, from the first SYN to the last byte: what is delivered, to whom, when,
 * and how each end hears that the other is gone. */
#include "tests/support/tcp_lab.h"

/* --- connecting ------------------------------------------------------------------------------- */

static void connecting_takes_a_round_trip(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_connect(&lab, 0, 1);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "200 0 up\n300 1 accepted\n");
    tcp_end(&lab);
}

static void queued_while_connecting_goes_first(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_connect(&lab, 0, 1);
    tcp_send(&lab, conn, 0, RCS_BUS_MEET);
    tcp_run(&lab, 200);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(1));
    tcp_expect(&lab, "200 0 up\n300 1 accepted\n300 1 meet\n300 1 ping\n"); /* one write */
    tcp_end(&lab);
}

static void refused_after_one_round_trip(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    lab.net.nodes[1].listening = false;
    tcp_connect(&lab, 0, 1);
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "200 0 Connection refused\n");
    tcp_end(&lab);
}

static void syn_into_a_black_hole_comes_back_a_second_late(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_cut(&lab, 0, 1, true);
    tcp_connect(&lab, 0, 1);
    tcp_run(&lab, RCS_MS(1500)); /* the SYN of 1.024 s is lost, too */
    rcs_network_heal_all(&lab.net);
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "2048200 0 up\n2048300 1 accepted\n");
    tcp_end(&lab);
}

static void syn_pauses_grow_after_the_fifth(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_cut(&lab, 0, 1, false); /* one way is enough */
    tcp_connect(&lab, 0, 1);
    tcp_run(&lab, RCS_MS(5121)); /* sent five times every 1.024 s; then after 2 s and 4 s */
    rcs_network_heal_all(&lab.net);
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "7136200 0 up\n7136300 1 accepted\n");
    tcp_end(&lab);
}

static void connecting_is_given_up_after_135_s(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_cut(&lab, 0, 1, true);
    tcp_connect(&lab, 0, 1);
    tcp_run(&lab, RCS_S(1000));
    tcp_expect(&lab, "135168000 0 Connection timed out\n");
    tcp_end(&lab);
}

static void closed_while_connecting(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_connect(&lab, 0, 1);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    rcs_network_close_end(&lab.net, conn, 0, 0);
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "");
    assert_int_equal(tcp_connect(&lab, 0, 1), conn); /* nothing is left of the first */
    tcp_run(&lab, RCS_S(20));
    tcp_expect(&lab, "10000200 0 up\n10000300 1 accepted\n");
    tcp_end(&lab);
}

/* --- data ------------------------------------------------------------------------------------- */

static void order_is_kept_whatever_the_latency(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    rcs_network_set_latency(&lab.net, 1, 1, 0, 100000);
    uint32_t conn = tcp_connect(&lab, 0, 1);
    tcp_run(&lab, RCS_S(1));
    rcs_buf_clear(&lab.heard);
    static const enum rcs_bus_type types[] = { RCS_BUS_PING, RCS_BUS_FAIL, RCS_BUS_UPDATE,
                                               RCS_BUS_MEET, RCS_BUS_PONG, RCS_BUS_MFSTART };
    for (unsigned i = 0; i < 6; i++) {
        tcp_send(&lab, conn, 1, types[i]);
    }
    tcp_run(&lab, RCS_S(2));
    rcs_buf_add(&lab.heard, "", 1);
    const char *at = lab.heard.data;
    for (unsigned i = 0; i < 6; i++) {
        at = strstr(at, rcs_bus_type_name(types[i]));
        assert_non_null(at);
    }
    tcp_end(&lab);
}

static void bytes_into_a_cut_path_come_with_a_retransmission(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_prompt(&lab);
    uint32_t conn = tcp_established(&lab);
    tcp_cut(&lab, 0, 1, true);
    tcp_send(&lab, conn, 0, RCS_BUS_PING); /* again at 0.216, 0.640, 1.472, 3.104 s */
    tcp_run(&lab, RCS_MS(10) + RCS_MS(700));
    rcs_network_heal_all(&lab.net);
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL); /* the network is whole, the link is not yet */
    tcp_run(&lab, RCS_MS(1300));
    tcp_expect(&lab, "");
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "1472100 1 ping\n1472100 1 fail\n");
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(11));
    tcp_expect(&lab, "10000100 1 ping\n");
    tcp_end(&lab);
}

static void without_acknowledgements_data_pass_for_a_while(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_prompt(&lab);
    uint32_t conn = tcp_established(&lab);
    tcp_cut(&lab, 1, 0, false);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_MS(200));
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL);
    tcp_run(&lab, RCS_MS(220)); /* at 216 ms the first retransmission, unanswered */
    tcp_send(&lab, conn, 0, RCS_BUS_UPDATE);
    tcp_run(&lab, RCS_MS(500));
    tcp_expect(&lab, "10100 1 ping\n200100 1 fail\n");
    rcs_network_heal_all(&lab.net);
    tcp_run(&lab, RCS_S(5)); /* and the second */
    tcp_expect(&lab, "640100 1 update\n");
    tcp_end(&lab);
}

static void a_long_cut_ends_the_connection(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_prompt(&lab);
    uint32_t conn = rcs_network_connect(&lab.net, RCS_CONN_REPLICATION, 0, 7, 1, false, 0);
    tcp_run(&lab, RCS_MS(10));
    rcs_buf_clear(&lab.heard);
    tcp_cut(&lab, 0, 1, true);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(900));
    tcp_expect(&lab, "");
    tcp_run(&lab, RCS_S(1000)); /* fifteen retransmissions */
    tcp_expect(&lab, "935936000 0 lost\n");
    tcp_end(&lab);
}

/* --- the end of a process, of a host ---------------------------------------------------------- */

static bool marks[3][3] = { { true, false, false },
                            { false, true, false },
                            { false, false, true } };

static void a_killed_process_sends_eof_behind_its_data(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    tcp_send(&lab, conn, 1, RCS_BUS_PONG);
    lab.net.nodes[1].listening = false;
    rcs_network_end_nodes(&lab.net, marks[1], false, lab.now_us);
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "10100 0 pong\n10100 0 lost\n");
    assert_int_equal(tcp_connect(&lab, 0, 1), conn); /* the record is free again */
    tcp_end(&lab);
}

static void a_host_without_power_says_nothing(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_prompt(&lab);
    uint32_t conn = tcp_established(&lab);
    rcs_network_end_nodes(&lab.net, marks[1], true, lab.now_us);
    lab.net.nodes[1].listening = false;
    rcs_network_power(&lab.net, 1, false);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(5));
    tcp_expect(&lab, "");
    rcs_network_power(&lab.net, 1,
                      true); /* the host is back; sent again at 0.216 .. 3.104, 6.4 s */
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "6400200 0 lost\n"); /* it knows nothing of the connection: reset */
    tcp_end(&lab);
}

static void a_restarted_host_resets_at_the_next_segment(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    rcs_network_end_nodes(&lab.net, marks[1], true, lab.now_us);
    rcs_network_power(&lab.net, 1, false);
    tcp_run(&lab, RCS_S(1));
    rcs_network_power(&lab.net, 1, true);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(10));
    tcp_expect(&lab, "1000200 0 lost\n");
    tcp_end(&lab);
}

static void accepted_bus_links_are_probed(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    tcp_established(&lab); /* last heard at 2100 us */
    tcp_cut(&lab, 0, 1, true);
    tcp_run(&lab,
            RCS_S(4)); /* 2 s of silence, then three probes a second apart, and one more second */
    tcp_expect(&lab, "");
    tcp_run(&lab, RCS_S(100));
    tcp_expect(&lab, "5088000 1 lost\n"); /* the accepting side only */
    tcp_end(&lab);
}

static void a_healed_link_is_not_lost_to_probes(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    tcp_cut(&lab, 0, 1, true);
    tcp_run(&lab, RCS_S(4));
    rcs_network_heal_all(&lab.net);
    tcp_run(&lab, RCS_S(50));
    tcp_expect(&lab, "");
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(60));
    tcp_expect(&lab, "50000100 1 ping\n");
    tcp_end(&lab);
}

/* --- timers ----------------------------------------------------------------------------------- */

static void timers_run_at_the_end_of_their_slot(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
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
    tcp_end(&lab);
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
        cmocka_unit_test(timers_run_at_the_end_of_their_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
