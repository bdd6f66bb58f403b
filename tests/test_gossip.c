/* How many nodes a ping describes, which, and what is believed of it. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static void add_masters(struct harness *h, int count)
{
    for (int i = 0; i < count; i++) {
        (void)harness_peer(h, (char)('A' + i), RCS_NODE_MASTER);
    }
}

static unsigned entries(struct harness *h)
{
    harness_clear(h);
    rcs_send_ping(&h->cluster, h->cluster.order[h->cluster.known - 1]);
    const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
    unsigned count = ping->count;
    for (unsigned i = 0; i < count; i++) {
        assert_int_not_equal(ping->gossip[i].id, h->cluster.myself);
        for (unsigned j = 0; j < i; j++) {
            assert_int_not_equal(ping->gossip[i].id, ping->gossip[j].id);
        }
    }
    return count;
}

static void at_most_three_or_a_tenth_and_all_but_two(void **state)
{
    static const struct {
        int nodes;
        unsigned most;
    } rows[] = {
        { 2, 0 }, { 3, 1 }, { 4, 2 }, { 5, 3 }, { 12, 3 }, { 39, 3 }, { 40, 4 }, { 50, 5 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct harness *h = harness_new();
        add_masters(h, rows[i].nodes - 1);
        unsigned most = 0;
        for (int draw = 0; draw < 50; draw++) {
            unsigned count = entries(h);
            most = count > most ? count : most;
            assert_true(count <= rows[i].most);
        }
        assert_int_equal(most, rows[i].most);
        harness_free(h);
    }
}

static void suspects_are_appended_from_the_tick_after_on(void **state)
{
    struct harness *h = *state;
    add_masters(h, 5);
    rcs_id suspect = h->cluster.order[1];
    h->cluster.peers[suspect].flags |= RCS_NODE_PFAIL;
    rcs_peer_changed(&h->cluster, suspect);
    for (int draw = 0; draw < 20; draw++) {
        (void)entries(h);
        const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
        for (unsigned i = 0; i < ping->count; i++) {
            assert_int_not_equal(ping->gossip[i].id, suspect);
        }
    }
    harness_cron(h);
    unsigned count = entries(h);
    const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
    assert_int_equal(ping->gossip[count - 1].id, suspect);
    assert_true(ping->gossip[count - 1].flags & RCS_NODE_PFAIL);
}

static void nodes_without_link_and_slots_are_not_told_of(void **state)
{
    struct harness *h = *state;
    add_masters(h, 3);
    rcs_id lost = h->cluster.order[1];
    rcs_link_close(&h->cluster, lost);
    for (int draw = 0; draw < 30; draw++) {
        (void)entries(h);
        const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
        for (unsigned i = 0; i < ping->count; i++) {
            assert_int_not_equal(ping->gossip[i].id, lost);
        }
    }
}

static uint32_t wall_s(struct harness *h, int later_ms)
{
    return (uint32_t)((rcs_wall_ms(&h->cluster) + later_ms) / 1000);
}

static void hear(struct harness *h, rcs_id by, rcs_id about, unsigned flags, uint32_t pong_s)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, by, 1);
    harness_gossip(msg, about, flags, pong_s);
    msg->gossip[0].addr = h->cluster.peers[by].addr;
    harness_receive(h, msg);
}

static void a_later_pong_is_taken_up_to_half_a_second_ahead(void **state)
{
    struct harness *h = *state;
    add_masters(h, 3);
    rcs_id by = h->cluster.order[1], about = h->cluster.order[2];
    harness_later(h, 10500); /* the wall clock shows .500 */
    int32_t before = rcs_peer_pong(&h->cluster, about);
    hear(h, by, about, RCS_NODE_MASTER, wall_s(h, 1500)); /* 1.5 s ahead */
    assert_int_equal(rcs_peer_pong(&h->cluster, about), before);
    hear(h, by, about, RCS_NODE_MASTER, wall_s(h, 500)); /* just .5 s ahead */
    assert_int_equal(rcs_peer_pong(&h->cluster, about), h->cluster.now_ms + 500);
    hear(h, by, about, RCS_NODE_MASTER, wall_s(h, -3000)); /* an older one changes nothing */
    assert_int_equal(rcs_peer_pong(&h->cluster, about), h->cluster.now_ms + 500);
}

static void no_pong_is_taken_while_a_ping_is_out_or_a_report_stands(void **state)
{
    struct harness *h = *state;
    add_masters(h, 3);
    rcs_id by = h->cluster.order[1], about = h->cluster.order[2], other = h->cluster.order[3];
    int32_t before = rcs_peer_pong(&h->cluster, about);
    harness_later(h, 10000);
    rcs_send_ping(&h->cluster, about);
    hear(h, by, about, RCS_NODE_MASTER, wall_s(h, 0));
    assert_int_equal(rcs_peer_pong(&h->cluster, about), before);
    hear(h, by, other, RCS_NODE_PFAIL, 0);
    hear(h, about, other, RCS_NODE_MASTER, wall_s(h, 0));
    assert_int_equal(rcs_peer_pong(&h->cluster, other), before);
}

static void a_pong_from_gossip_spares_a_ping(void **state)
{
    struct harness *h = *state;
    add_masters(h, 2);
    rcs_id by = h->cluster.order[1], about = h->cluster.order[2];
    harness_later(h, 1400); /* gossip tells whole seconds: 400 ms ago */
    hear(h, by, about, RCS_NODE_MASTER, wall_s(h, 0));
    harness_clear(h);
    h->cluster.iteration = 0;
    harness_cron(h);
    assert_int_equal(harness_sent(h, RCS_BUS_PING), 1); /* to `by` only */
}

static void an_unknown_node_is_adopted_with_the_flags_as_told(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    char name[RCS_ID_LEN];
    memset(name, 'z', sizeof(name));
    rcs_id z = rcs_store_id(h->store, name);
    hear(h, b, z, RCS_NODE_REPLICA | RCS_NODE_FAIL, 0);
    struct rcs_peer *peer = rcs_peer_find(&h->cluster, z);
    assert_non_null(peer);
    assert_int_equal(peer->flags, RCS_NODE_REPLICA | RCS_NODE_FAIL);
    assert_int_equal(harness_facts(h, RCS_FACT_NODE_ADOPTED), 1);
    harness_clear(h);
    harness_cron(h); /* connected to, and pinged, in the next tick */
    assert_int_equal(harness_sent(h, RCS_BUS_PING), 1);
}

static void not_without_address_not_from_strangers_not_for_a_minute_after_forget(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    rcs_id c = harness_peer(h, 'c', RCS_NODE_MASTER);
    char name[RCS_ID_LEN];
    memset(name, 'z', sizeof(name));
    rcs_id z = rcs_store_id(h->store, name);
    hear(h, b, z, RCS_NODE_MASTER | RCS_NODE_NOADDR, 0);
    assert_null(rcs_peer_find(&h->cluster, z));

    rcs_cluster_forget(&h->cluster, c);
    harness_later(h, 60000);
    hear(h, b, c, RCS_NODE_MASTER, 0);
    assert_null(rcs_peer_find(&h->cluster, c));
    harness_later(h, 1000); /* whole seconds: more than 60 of them */
    hear(h, b, c, RCS_NODE_MASTER, 0);
    assert_non_null(rcs_peer_find(&h->cluster, c));
}

static void a_suspect_without_address_is_not_counted(void **state)
{
    struct harness *h = *state;
    add_masters(h, 5);
    rcs_id suspect = h->cluster.order[1];
    h->cluster.peers[suspect].flags |= RCS_NODE_PFAIL;
    rcs_peer_changed(&h->cluster, suspect);
    harness_cron(h);
    assert_int_equal(h->cluster.stats_pfail, 1);
    h->cluster.peers[suspect].flags |= RCS_NODE_NOADDR;
    rcs_peer_changed(&h->cluster, suspect);
    harness_cron(h);
    assert_int_equal(h->cluster.stats_pfail, 0);
    h->cluster.peers[suspect].flags &= (uint16_t)~RCS_NODE_NOADDR;
    rcs_peer_changed(&h->cluster, suspect);
    harness_cron(h);
    assert_int_equal(h->cluster.stats_pfail, 1);
}

/* `ip` told of a node that is failing here, and healthy there. */
static void tell_ip(struct harness *h, rcs_id by, rcs_id about, const char *ip)
{
    struct rcs_address address = { .port = 6379, .cport = 16379 };
    strcpy(address.ip, ip);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, by, 1);
    harness_gossip(msg, about, RCS_NODE_MASTER, 0);
    msg->gossip[0].addr = rcs_store_addr(h->store, &address);
    harness_receive(h, msg);
}

static void an_address_in_other_letters_is_no_news(void **state)
{
    struct harness *h = *state;
    add_masters(h, 3);
    rcs_id by = h->cluster.order[1], about = h->cluster.order[2];
    h->cluster.peers[about].flags |= RCS_NODE_PFAIL;
    rcs_peer_changed(&h->cluster, about);
    tell_ip(h, by, about, "fe80::a");
    assert_int_equal(h->cluster.peers[about].link, RCS_LINK_CLOSED);
    rcs_peer_set_link(&h->cluster, about, RCS_LINK_OPEN);
    tell_ip(h, by, about, "FE80::A");
    assert_int_equal(h->cluster.peers[about].link, RCS_LINK_OPEN);
    assert_string_equal(rcs_peer_address(&h->cluster, about)->ip, "fe80::a");
}

/* Who sees a node well that I suspect knows better where it is. */
static void a_failing_nodes_new_address_is_believed(void **state)
{
    struct harness *h = *state;
    add_masters(h, 3);
    rcs_id by = h->cluster.order[1], about = h->cluster.order[2];
    tell_ip(h, by, about, "10.7.7.7"); /* nobody suspects it: no news */
    assert_string_not_equal(rcs_peer_address(&h->cluster, about)->ip, "10.7.7.7");
    h->cluster.peers[about].flags |= RCS_NODE_FAIL;
    rcs_peer_changed(&h->cluster, about);
    tell_ip(h, by, about, "10.7.7.7");
    assert_string_equal(rcs_peer_address(&h->cluster, about)->ip, "10.7.7.7");
    assert_int_equal(h->cluster.peers[about].link, RCS_LINK_CLOSED);
}

/* It is why a real node shows a pong of its own, with whole seconds. */
static void a_pong_of_my_own_is_taken_as_well(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    harness_later(h, 5000);
    hear(h, b, h->cluster.myself, RCS_NODE_MASTER, wall_s(h, 0));
    assert_int_equal((rcs_wall_ms(&h->cluster) - h->cluster.now_ms +
                      rcs_peer_pong(&h->cluster, h->cluster.myself)) %
                         1000,
                     0);
    assert_int_not_equal(rcs_peer_pong(&h->cluster, h->cluster.myself), 0);
    hear(h, b, h->cluster.myself, RCS_NODE_FAIL, 0); /* but nobody reports me to myself */
    assert_int_equal(rcs_report_count(&h->cluster, h->cluster.myself), 0);
}

static void the_ban_outlasts_a_reset(void **state)
{
    struct harness *h = *state;
    rcs_id c = harness_peer(h, 'c', RCS_NODE_MASTER);
    rcs_cluster_forget(&h->cluster, c);
    rcs_cluster_reset(&h->cluster, false);
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    hear(h, b, c, RCS_NODE_MASTER, 0);
    assert_null(rcs_peer_find(&h->cluster, c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_most_three_or_a_tenth_and_all_but_two),
        WITH(suspects_are_appended_from_the_tick_after_on),
        WITH(nodes_without_link_and_slots_are_not_told_of),
        WITH(a_later_pong_is_taken_up_to_half_a_second_ahead),
        WITH(no_pong_is_taken_while_a_ping_is_out_or_a_report_stands),
        WITH(a_pong_from_gossip_spares_a_ping),
        WITH(an_unknown_node_is_adopted_with_the_flags_as_told),
        WITH(not_without_address_not_from_strangers_not_for_a_minute_after_forget),
        WITH(a_suspect_without_address_is_not_counted),
        WITH(an_address_in_other_letters_is_no_news),
        WITH(a_failing_nodes_new_address_is_believed),
        WITH(a_pong_of_my_own_is_taken_as_well),
        WITH(the_ban_outlasts_a_reset),
    };
    return cmocka_run_group_tests_name("gossip", tests, NULL, NULL);
}
