/* Links and handshakes: MEET, the first packets, lost links, strangers at known addresses. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static const struct rcs_effect *effect(const struct harness *h, enum rcs_effect_kind kind)
{
    for (size_t i = 0; i < h->out.count; i++) {
        if (h->out.list[i].kind == kind) {
            return &h->out.list[i];
        }
    }
    return NULL;
}

static void link_event(struct harness *h, enum rcs_event_kind kind, uint32_t link)
{
    struct rcs_event event = { .kind = kind, .link = link, .reason = "Connection refused" };
    rcs_cluster_link_event(&h->cluster, &event);
}

static struct rcs_bus_msg *from(struct harness *h, enum rcs_bus_type type, char letter)
{
    char name[RCS_ID_LEN];
    memset(name, letter, sizeof(name));
    struct rcs_address address = { .port = 7000, .cport = 17000 };
    struct rcs_bus_msg *msg = rcs_bus_msg_new(h->store, type, 0);
    msg->sender = rcs_store_id(h->store, name);
    msg->flags = RCS_NODE_MASTER | RCS_NODE_MYSELF;
    msg->addr = rcs_store_addr(h->store, &address);
    rcs_bus_msg_seal(msg);
    return msg;
}

static void receive(struct harness *h, struct rcs_bus_msg *msg, uint32_t link)
{
    struct rcs_address remote = { .ip = "10.9.9.9" }, local = { .ip = "10.1.1.1" };
    struct rcs_event event = { .kind = RCS_EVENT_BUS_MSG, .link = link, .bus_msg = msg };
    event.remote = rcs_store_addr(h->store, &remote);
    event.local = rcs_store_addr(h->store, &local);
    rcs_cluster_receive(&h->cluster, &event);
    rcs_bus_msg_release(h->store, msg);
}

static void meet_from_the_side_that_asks(void **state)
{
    struct harness *h = *state;
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000);
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000); /* under way: nothing */
    assert_int_equal(h->cluster.handshake_count, 1);
    harness_cron(h);
    const struct rcs_effect *connect = effect(h, RCS_EFFECT_LINK_CONNECT);
    assert_int_equal(connect->link, RCS_LINK_HANDSHAKE);
    link_event(h, RCS_EVENT_LINK_UP, RCS_LINK_HANDSHAKE);
    assert_int_equal(harness_sent(h, RCS_BUS_MEET), 1);
    receive(h, from(h, RCS_BUS_PONG, 'q'), RCS_LINK_HANDSHAKE);
    assert_int_equal(h->cluster.handshake_count, 0);
    const struct rcs_effect *renamed = effect(h, RCS_EFFECT_LINK_RENAME);
    assert_int_equal(renamed->link, RCS_LINK_HANDSHAKE);
    struct rcs_peer *peer = rcs_peer_find(&h->cluster, (rcs_id)renamed->to_link);
    assert_non_null(peer);
    assert_int_equal(peer->flags, RCS_NODE_MASTER);
    assert_int_equal(peer->link, RCS_LINK_OPEN);
    assert_int_equal(peer->ping_sent_ms, 0);
    assert_int_equal(rcs_peer_pong(&h->cluster, (rcs_id)renamed->to_link), h->cluster.now_ms);
    assert_string_equal(rcs_addr_ip(&h->cluster, peer->addr), "10.9.9.9");
}

static void meet_from_the_side_that_is_asked(void **state)
{
    struct harness *h = *state;
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 5);
    receive(h, from(h, RCS_BUS_MEET, 'q'), RCS_LINK_IN + 5);
    assert_string_equal(harness_fact(h, RCS_FACT_IP_LEARNED)->text[0], "10.1.1.1");
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 1);
    assert_int_equal(h->cluster.handshake_count, 1);
    assert_string_equal(rcs_addr_ip(&h->cluster, h->cluster.handshakes[0].addr), "10.9.9.9");
    assert_int_equal(h->cluster.known, 1);
    harness_cron(h);
    link_event(h, RCS_EVENT_LINK_UP, RCS_LINK_HANDSHAKE);
    assert_int_equal(harness_sent(h, RCS_BUS_PING), 1); /* no MEET back */
    assert_int_equal(harness_sent(h, RCS_BUS_MEET), 0);
}

static void an_unknown_node_gets_its_pong_and_nothing_else(void **state)
{
    struct harness *h = *state;
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 5);
    receive(h, from(h, RCS_BUS_PING, 'q'), RCS_LINK_IN + 5);
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 1);
    assert_int_equal(h->cluster.known, 1);
    assert_int_equal(h->cluster.handshake_count, 0);
}

static void fail_from_an_unknown_node_is_ignored(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 5);
    struct rcs_bus_msg *msg = from(h, RCS_BUS_FAIL, 'q');
    msg->body.about = b;
    receive(h, msg, RCS_LINK_IN + 5);
    assert_int_equal(harness_facts(h, RCS_FACT_FAIL_UNKNOWN), 1);
    assert_int_equal(h->cluster.peers[b].flags & RCS_NODE_FAIL, 0);
}

static void an_unknown_type_is_said(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    harness_receive(h, harness_msg(h, (enum rcs_bus_type)40, b, 0));
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_BUS_WARNING);
    assert_non_null(fact);
    assert_string_equal(fact->text[0], "Received unknown packet type: 40");
}

static void a_ping_from_another_address_moves_the_node(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 5);
    receive(h, from(h, RCS_BUS_PONG, 'q'), RCS_LINK_IN + 5); /* a PONG moves nobody */
    assert_null(harness_fact(h, RCS_FACT_ADDRESS_UPDATED));
    receive(h, from(h, RCS_BUS_PING, 'q'), RCS_LINK_IN + 5);
    assert_non_null(harness_fact(h, RCS_FACT_ADDRESS_UPDATED));
    const struct rcs_address *address = rcs_store_address(h->store, h->cluster.peers[q].addr);
    assert_string_equal(address->ip, "10.9.9.9");
    assert_int_equal(address->port, 7000);
    assert_int_equal(h->cluster.peers[q].link, RCS_LINK_CLOSED);
}

static void a_handshake_ends_after_the_node_timeout(void **state)
{
    struct harness *h = *state;
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000);
    harness_later(h, 1000);
    harness_cron(h);
    assert_int_equal(h->cluster.handshake_count, 1);
    harness_later(h, 1);
    harness_cron(h);
    assert_int_equal(h->cluster.handshake_count, 0);
    assert_non_null(effect(h, RCS_EFFECT_LINK_CLOSE));
}

static void a_node_met_twice_is_one_node(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000);
    harness_cron(h);
    link_event(h, RCS_EVENT_LINK_UP, RCS_LINK_HANDSHAKE);
    receive(h, from(h, RCS_BUS_PONG, 'q'), RCS_LINK_HANDSHAKE);
    assert_int_equal(h->cluster.handshake_count, 0);
    assert_int_equal(h->cluster.known, 2);
    assert_string_equal(rcs_addr_ip(&h->cluster, h->cluster.peers[q].addr), "10.9.9.9");
}

static void a_lost_link_is_tried_again_every_tick(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    for (int i = 0; i < 3; i++) {
        link_event(h, i == 0 ? RCS_EVENT_LINK_LOST : RCS_EVENT_LINK_FAILED, q);
        assert_int_equal(h->cluster.linkless, 1);
        harness_clear(h);
        harness_later(h, 100);
        harness_cron(h);
        assert_non_null(effect(h, RCS_EFFECT_LINK_CONNECT));
        assert_int_equal(h->cluster.peers[q].link, RCS_LINK_CONNECTING);
    }
    /* a failed attempt does not start the ping clock; half a node timeout without pong does */
    assert_int_equal(h->cluster.peers[q].ping_sent_ms, 0);
    harness_later(h, 301);
    harness_cron(h);
    assert_int_equal(h->cluster.peers[q].ping_sent_ms, h->cluster.now_ms);
}

static void an_old_unanswered_ping_keeps_its_age_over_a_new_link(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    rcs_send_ping(&h->cluster, q);
    int32_t sent = h->cluster.peers[q].ping_sent_ms;
    link_event(h, RCS_EVENT_LINK_LOST, q);
    harness_later(h, 100);
    harness_cron(h);
    link_event(h, RCS_EVENT_LINK_UP, q);
    assert_int_equal(h->cluster.peers[q].ping_sent_ms, sent);
    assert_int_equal(harness_sent(h, RCS_BUS_PING), 2);
}

static void a_stranger_at_a_known_address_makes_it_noaddr(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    receive(h, from(h, RCS_BUS_PONG, 'x'), q);
    assert_true(h->cluster.peers[q].flags & RCS_NODE_NOADDR);
    assert_int_equal(h->cluster.peers[q].addr, 0);
    assert_int_equal(h->cluster.peers[q].link, RCS_LINK_CLOSED);
    harness_clear(h);
    harness_later(h, 100);
    harness_cron(h);
    assert_null(effect(h, RCS_EFFECT_LINK_CONNECT)); /* nobody to connect to */
}

static void a_new_inbound_link_replaces_the_old_one(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    uint32_t before = h->cluster.peers[q].inbound;
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 900);
    receive(h, from(h, RCS_BUS_PING, 'q'), RCS_LINK_IN + 900);
    assert_int_equal(h->cluster.peers[q].inbound, RCS_LINK_IN + 900);
    assert_int_equal(effect(h, RCS_EFFECT_LINK_CLOSE)->link, before);
    assert_int_equal(h->cluster.anonymous_count, 0);
    /* the ping came from elsewhere than we thought: the address follows */
    assert_string_equal(rcs_addr_ip(&h->cluster, h->cluster.peers[q].addr), "10.9.9.9");
}

static void a_type_can_be_dropped(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    h->cluster.drop_filter = RCS_BUS_PING;
    harness_receive(h, harness_msg(h, RCS_BUS_PING, q, 0));
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 0);
    assert_int_equal(h->cluster.received[RCS_BUS_PING], 1); /* counted all the same */
    assert_string_equal(harness_fact(h, RCS_FACT_BUS_WARNING)->text[0],
                        "Dropping packet that matches debug drop filter");
    h->cluster.drop_filter = -1;
    harness_receive(h, harness_msg(h, RCS_BUS_PING, q, 0));
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 1);
}

static const char *own_ip(const struct harness *h)
{
    return rcs_addr_ip(&h->cluster, rcs_myself(&h->cluster)->addr);
}

/* An ip that was announced is nobody's once it is taken back: the next ping shows another. */
static void without_its_announced_ip_a_node_learns_its_own_again(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    struct rcs_bus_msg *ping = harness_msg(h, RCS_BUS_PING, b, 0);
    rcs_bus_msg_seal(ping);
    receive(h, rcs_bus_msg_retain(ping), h->cluster.peers[b].inbound);
    assert_string_equal(own_ip(h), "10.1.1.1"); /* learned */
    rcs_cluster_config_changed(&h->cluster);
    assert_string_equal(own_ip(h), "10.1.1.1"); /* not announced before: stays */
    strcpy(h->config.announce_ip, "192.0.2.1");
    rcs_cluster_config_changed(&h->cluster);
    assert_string_equal(own_ip(h), "192.0.2.1");
    h->config.announce_ip[0] = '\0';
    rcs_cluster_config_changed(&h->cluster);
    assert_string_equal(own_ip(h), "");
    receive(h, ping, h->cluster.peers[b].inbound);
    assert_string_equal(own_ip(h), "10.1.1.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(meet_from_the_side_that_asks),
        WITH(meet_from_the_side_that_is_asked),
        WITH(an_unknown_node_gets_its_pong_and_nothing_else),
        WITH(fail_from_an_unknown_node_is_ignored),
        WITH(an_unknown_type_is_said),
        WITH(a_ping_from_another_address_moves_the_node),
        WITH(a_handshake_ends_after_the_node_timeout),
        WITH(a_node_met_twice_is_one_node),
        WITH(a_lost_link_is_tried_again_every_tick),
        WITH(an_old_unanswered_ping_keeps_its_age_over_a_new_link),
        WITH(a_stranger_at_a_known_address_makes_it_noaddr),
        WITH(a_new_inbound_link_replaces_the_old_one),
        WITH(a_type_can_be_dropped),
        WITH(without_its_announced_ip_a_node_learns_its_own_again),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
