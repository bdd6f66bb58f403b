/* Places and the paths between them: latencies, kinds of links, cuts, refusals, losses, rates. */
#include "tests/support/tcp_lab.h"

/* --- places ----------------------------------------------------------------------------------- */

static void later_latencies_win(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
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
    tcp_end(&lab);
}

static void cuts_survive_new_nodes(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
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
    tcp_end(&lab);
}

static void a_kind_of_link_belongs_to_two_sites(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    unsigned site = rcs_network_add_site(&lab.net), node = rcs_network_add_node(&lab.net, site);
    lab.net.nodes[node].listening = true;
    assert_false(lab.net.small_segments);
    unsigned rule = rcs_network_add_rule(
        &lab.net, &(struct rcs_path_rule){ .a = 1,
                                           .b = (uint16_t)site,
                                           .property = RCS_PATH_KIND,
                                           .value = (uint64_t)rcs_sim_link_kind("loopback") });
    uint32_t near = tcp_connect(&lab, 0, 1), far = tcp_connect(&lab, 0, node);
    tcp_run(&lab, RCS_MS(1));
    assert_string_equal(rcs_network_kind(&lab.net, rcs_network_conn(&lab.net, near))->name, "lan");
    assert_string_equal(rcs_network_kind(&lab.net, rcs_network_conn(&lab.net, far))->name,
                        "loopback");
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, node), 80); /* its latency comes with it */
    rcs_network_end_rule(&lab.net, rule);
    assert_int_equal(rcs_network_round_trip(&lab.net, 0, node), 350);
    tcp_end(&lab);
}

/* --- refusals, losses, rates ------------------------------------------------------------------ */

static void reject(struct tcp_lab *lab, unsigned from, unsigned to, enum rcs_cut cut)
{
    rcs_network_cut(&lab->net, from, to, cut);
    rcs_network_cut(&lab->net, to, from, cut);
    rcs_network_trouble_began(&lab->net, lab->now_us);
}

static void a_reset_refuses_and_breaks(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    reject(&lab, 0, 1, RCS_CUT_RST);
    tcp_connect(&lab, 0, 1);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_MS(50));
    tcp_expect(
        &lab,
        "10200 0 Connection refused\n10200 0 lost\n"); /* the sender; the other hears nothing */
    rcs_network_heal_all(&lab.net);
    tcp_send(&lab, conn, 1, RCS_BUS_PONG); /* but when it sends something, it does */
    tcp_run(&lab, RCS_S(5));
    tcp_expect(&lab, "50200 1 lost\n");
    tcp_end(&lab);
}

static void a_delayed_acknowledgement_meets_a_reset(void **state)
{
    (void)state;
    struct tcp_lab lab;
    unsigned broken = 0;
    for (unsigned i = 0; i < 64; i++) {
        tcp_begin(&lab, "lan");
        rcs_rand_init(&lab.net.luck, i, RCS_RAND_LOSS, 0);
        uint32_t conn = tcp_established(&lab);
        tcp_send(&lab, conn, 0, RCS_BUS_PING);
        tcp_run(&lab, RCS_MS(11)); /* it is there, and 1 owes the acknowledgement until 50.1 ms */
        rcs_buf_clear(&lab.heard);
        reject(&lab, 0, 1, RCS_CUT_RST);
        rcs_tcp_acks_refused(&lab.net, lab.now_us);
        tcp_run(&lab, RCS_MS(100));
        broken += lab.heard.size_bytes > 0;
        if (lab.heard.size_bytes > 0) {
            tcp_expect(&lab, "50200 1 lost\n");
        }
        tcp_end(&lab);
    }
    assert_in_range(broken, 16, 48); /* or it was sent at once */
}

static void icmp_refuses_as_often_as_linux_says(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    tcp_run(&lab, RCS_S(10));
    reject(&lab, 0, 1, RCS_CUT_ICMP);
    for (unsigned i = 0; i < 8; i++) {
        tcp_connect(&lab, 0, 1);
    }
    tcp_run(&lab, RCS_MS(10500)); /* six at once, the others hear nothing */
    tcp_expect(&lab, "10000200 0 Connection refused\n10000200 0 Connection refused\n"
                     "10000200 0 Connection refused\n10000200 0 Connection refused\n"
                     "10000200 0 Connection refused\n10000200 0 Connection refused\n");
    tcp_run(&lab, RCS_S(11)); /* one a second: the SYN of one of the two, sent again */
    rcs_buf_clear(&lab.heard);
    tcp_run(&lab, RCS_MS(11100));
    tcp_expect(&lab, "11008200 0 Connection refused\n");
    tcp_send(&lab, conn, 1, RCS_BUS_PONG); /* a connection takes no notice */
    tcp_run(&lab, RCS_MS(11500));
    rcs_network_heal_all(&lab.net);
    rcs_buf_clear(&lab.heard);
    tcp_run(&lab, RCS_S(13));
    assert_non_null(strstr(lab.heard.data, " 0 pong\n"));
    tcp_end(&lab);
}

static unsigned set_rule(struct tcp_lab *lab, enum rcs_path_property property, uint64_t value)
{
    return rcs_network_add_rule(
        &lab->net,
        &(struct rcs_path_rule){ .a = 1, .b = 1, .property = (uint8_t)property, .value = value });
}

static void what_is_lost_comes_late_and_in_order(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    unsigned rule = set_rule(&lab, RCS_PATH_LOSS, 3000);
    for (unsigned i = 0; i < 40; i++) {
        tcp_send(&lab, conn, 0, i % 2 == 0 ? RCS_BUS_PING : RCS_BUS_FAIL);
        tcp_run(&lab, lab.now_us + RCS_MS(100));
    }
    rcs_network_end_rule(&lab.net, rule);
    tcp_run(&lab, RCS_S(400));
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
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(401));
    tcp_expect(&lab, "400000100 1 ping\n"); /* the rule has ended */
    tcp_end(&lab);
}

/* Until something is acknowledged one segment is sent, when the timer says so; all else follows it.
 */
static void what_was_lost_is_sent_by_the_timer_over_the_path_as_it_is_then(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    unsigned rule = set_rule(&lab, RCS_PATH_LOSS, 10000);
    tcp_send(&lab, conn, 0, RCS_BUS_FAIL);
    tcp_run(&lab, RCS_S(1));
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(5));
    tcp_send(&lab, conn, 0, RCS_BUS_PONG);
    rcs_network_end_rule(&lab.net, rule);
    tcp_expect(&lab, "");
    tcp_run(&lab, RCS_S(20)); /* timers of 0.2 s doubled: the sixth ends here */
    rcs_buf_add(&lab.heard, "", 1);
    long long fail_us, ping_us, pong_us;
    assert_int_equal(sscanf(lab.heard.data, "%lld 1 fail\n%lld 1 ping\n%lld 1 pong\n", &fail_us,
                            &ping_us, &pong_us),
                     3);
    assert_in_range(fail_us, RCS_S(6), RCS_S(8));
    assert_in_range(ping_us, fail_us, fail_us + 100);
    assert_in_range(pong_us, ping_us, ping_us + 100);
    rcs_buf_clear(&lab.heard);
    set_rule(&lab, RCS_PATH_LOSS, 10000);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(900));
    tcp_expect(&lab, "");
    tcp_run(&lab, RCS_S(1200)); /* tcp_retries2: the sender learns that it has failed */
    rcs_buf_add(&lab.heard, "", 1);
    assert_non_null(strstr(lab.heard.data, " 0 lost\n"));
    tcp_end(&lab);
}

static void a_lost_syn_is_sent_again(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    unsigned rule = set_rule(&lab, RCS_PATH_LOSS, 10000);
    tcp_connect(&lab, 0, 1);
    tcp_run(&lab, RCS_MS(500));
    rcs_network_end_rule(&lab.net, rule);
    tcp_run(&lab, RCS_S(5));
    tcp_expect(&lab, "1024200 0 up\n1024300 1 accepted\n");
    tcp_end(&lab);
}

static void a_rate_makes_packets_wait_in_line(void **state)
{
    (void)state;
    struct tcp_lab lab;
    tcp_begin(&lab, "lan");
    uint32_t conn = tcp_established(&lab);
    unsigned rule = set_rule(&lab, RCS_PATH_RATE, 1000000); /* a byte takes 8 us */
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_send(&lab, conn, 1, RCS_BUS_PONG); /* the other way does not wait */
    tcp_run(&lab, RCS_S(1));
    char want[96];
    size_t bytes = RCS_BUS_HEADER_BYTES + 2 * 66; /* two segments, no gossip */
    snprintf(want, sizeof(want), "%zu 1 ping\n%zu 0 pong\n", 10000 + 8 * bytes + 100,
             10000 + 16 * bytes + 100);
    tcp_expect(&lab, want); /* within one site there is one line for both */
    rcs_network_end_rule(&lab.net, rule);
    tcp_send(&lab, conn, 0, RCS_BUS_PING);
    tcp_run(&lab, RCS_S(2));
    tcp_expect(&lab, "1000100 1 ping\n");
    tcp_end(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_latencies_win),
        cmocka_unit_test(cuts_survive_new_nodes),
        cmocka_unit_test(a_reset_refuses_and_breaks),
        cmocka_unit_test(a_delayed_acknowledgement_meets_a_reset),
        cmocka_unit_test(icmp_refuses_as_often_as_linux_says),
        cmocka_unit_test(what_is_lost_comes_late_and_in_order),
        cmocka_unit_test(what_was_lost_is_sent_by_the_timer_over_the_path_as_it_is_then),
        cmocka_unit_test(a_lost_syn_is_sent_again),
        cmocka_unit_test(a_rate_makes_packets_wait_in_line),
        cmocka_unit_test(a_kind_of_link_belongs_to_two_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
