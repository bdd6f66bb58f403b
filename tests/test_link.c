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
    if (type == RCS_BUS_UPDATE) {
        msg->body.update.slots = rcs_slot_set_retain(h->cluster.no_slots);
    }
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
    h->out.facts.level = RCS_LEVEL_VERBOSE;
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000);
    harness_cron(h);
    link_event(h, RCS_EVENT_LINK_UP, RCS_LINK_HANDSHAKE);
    receive(h, from(h, RCS_BUS_PONG, 'q'), RCS_LINK_HANDSHAKE);
    assert_int_equal(h->cluster.handshake_count, 0);
    assert_int_equal(h->cluster.known, 2);
    assert_int_equal(harness_fact(h, RCS_FACT_HANDSHAKE_KNOWN)->about, q);
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

/* Who is not known is not listened to, whatever it sends. */
static void what_strangers_send_is_ignored(void **state)
{
    static const enum rcs_bus_type types[] = { RCS_BUS_AUTH_REQUEST, RCS_BUS_AUTH_ACK,
                                               RCS_BUS_MFSTART };
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id b = harness_master(h, 'b', 100, 199, 1);
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 5);
    harness_clear(h);
    uint32_t todo = h->cluster.todo;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        receive(h, from(h, types[i], 'q'), RCS_LINK_IN + 5);
    }
    struct rcs_bus_msg *update = from(h, RCS_BUS_UPDATE, 'q');
    update->body.update.id = b;
    update->body.update.config_epoch = 9;
    receive(h, update, RCS_LINK_IN + 5);
    assert_int_equal(h->out.count, 0);
    assert_int_equal(h->out.facts.count, 0);
    assert_int_equal(h->cluster.todo, todo);
    assert_int_equal(h->cluster.auth_count, 0);
    assert_int_equal(h->cluster.peers[b].config_epoch, 1);
}

static void a_packet_of_another_version_is_counted_and_dropped(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    harness_later(h, 500);
    struct rcs_bus_msg *ping = harness_msg(h, RCS_BUS_PING, q, 0);
    ping->version = 2;
    harness_receive(h, ping);
    assert_int_equal(h->cluster.received[RCS_BUS_PING], 1);
    assert_int_equal(h->out.count, 0);
    assert_int_equal(h->out.facts.count, 0);
    assert_int_equal(h->cluster.peers[q].data_received_ms, h->cluster.now_ms - 500);
}

/* A link is there from connect() on: a PING queued on it starts the ping clock. */
static void a_link_takes_packets_while_it_connects(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    link_event(h, RCS_EVENT_LINK_LOST, q);
    harness_later(h, 100);
    harness_cron(h);
    assert_int_equal(h->cluster.peers[q].link, RCS_LINK_CONNECTING);
    struct rcs_node_line line;
    rcs_cluster_node_line(&h->cluster, q, &line, NULL, 0);
    assert_true(line.connected);
    harness_clear(h);
    rcs_send_ping(&h->cluster, q);
    assert_int_equal(harness_sent(h, RCS_BUS_PING), 1);
    assert_int_equal(h->cluster.peers[q].ping_sent_ms, h->cluster.now_ms);
}

/* The ban of FORGET is for gossip. */
static void a_forgotten_node_can_be_met(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    rcs_cluster_forget(&h->cluster, q);
    assert_null(rcs_peer_find(&h->cluster, q));
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000);
    harness_cron(h);
    link_event(h, RCS_EVENT_LINK_UP, RCS_LINK_HANDSHAKE);
    receive(h, from(h, RCS_BUS_PONG, 'q'), RCS_LINK_HANDSHAKE);
    assert_non_null(rcs_peer_find(&h->cluster, q));
}

static void a_meet_from_a_known_node_is_answered_and_moves_nobody(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 5);
    receive(h, from(h, RCS_BUS_MEET, 'q'), RCS_LINK_IN + 5);
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 1);
    assert_int_equal(h->cluster.handshake_count, 0);
    assert_string_equal(rcs_addr_ip(&h->cluster, h->cluster.peers[q].addr), "10.0.0.113");
}

static void a_node_without_address_is_not_suspected(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    rcs_id r = harness_peer(h, 'r', RCS_NODE_MASTER);
    rcs_send_ping(&h->cluster, q);
    rcs_send_ping(&h->cluster, r);
    receive(h, from(h, RCS_BUS_PONG, 'x'), q);
    assert_true(h->cluster.peers[q].flags & RCS_NODE_NOADDR);
    harness_later(h, 10000);
    harness_cron(h);
    assert_false(h->cluster.peers[q].flags & RCS_NODE_PFAIL);
    assert_true(h->cluster.peers[r].flags & RCS_NODE_PFAIL);
}

/* A quirk real servers have: the header comes first, and goes to the node the link was made for. */
static void a_stranger_leaves_its_epochs_with_the_node_it_stands_for(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    harness_later(h, 700);
    struct rcs_bus_msg *pong = from(h, RCS_BUS_PONG, 'x');
    pong->current_epoch = 9;
    pong->config_epoch = 8;
    pong->offset = 77;
    receive(h, pong, q);
    assert_true(h->cluster.peers[q].flags & RCS_NODE_NOADDR);
    assert_int_equal(h->cluster.current_epoch, 9);
    assert_int_equal(h->cluster.peers[q].config_epoch, 8);
    assert_int_equal(h->cluster.peers[q].repl_offset, 77);
    assert_int_equal(h->cluster.peers[q].data_received_ms, h->cluster.now_ms);
}

static void a_packet_without_a_host_name_clears_it(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    struct rcs_bus_msg *ping = harness_msg(h, RCS_BUS_PING, q, 0);
    ping->hostname = rcs_store_text(h->store, "host-q", 6);
    harness_receive(h, ping);
    assert_string_equal(rcs_store_text_of(h->store, h->cluster.peers[q].hostname), "host-q");
    harness_receive(h, harness_msg(h, RCS_BUS_PING, q, 0));
    assert_int_equal(h->cluster.peers[q].hostname, 0);
}

static void a_master_that_moved_is_replicated_from_where_it_is(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    harness_follow(h, q);
    assert_string_equal(rcs_addr_ip(&h->cluster, h->master_addr), "10.0.0.113");
    link_event(h, RCS_EVENT_LINK_ACCEPTED, RCS_LINK_IN + 5);
    receive(h, from(h, RCS_BUS_PING, 'q'), RCS_LINK_IN + 5);
    assert_string_equal(rcs_addr_ip(&h->cluster, h->master_addr), "10.9.9.9");
}

/* Each tenth tick one of the nodes drawn; without a candidate none. */
static void once_a_second_one_node_is_pinged_at_random(void **state)
{
    struct harness *h = *state;
    for (char letter = 'b'; letter <= 'h'; letter++) {
        (void)harness_peer(h, letter, RCS_NODE_MASTER);
    }
    h->cluster.iteration = 0;
    for (int tick = 1; tick <= 10; tick++) {
        harness_clear(h);
        harness_later(h, 10); /* the pongs stay young */
        harness_cron(h);
        assert_int_equal(harness_sent(h, RCS_BUS_PING), tick == 10);
    }
    for (unsigned i = 1; i < h->cluster.known; i++) { /* all wait for an answer: nobody is left */
        h->cluster.peers[h->cluster.order[i]].ping_sent_ms = h->cluster.now_ms;
        rcs_peer_changed(&h->cluster, h->cluster.order[i]);
    }
    harness_clear(h);
    for (int tick = 1; tick <= 10; tick++) {
        harness_cron(h);
    }
    assert_int_equal(harness_sent(h, RCS_BUS_PING), 0);
}

/* Of the nodes drawn it is the one not heard of for longest: of two nodes nearly always, in spite
 * of five draws in which the other may come alone. */
static void of_the_drawn_nodes_the_one_with_the_oldest_pong_is_pinged(void **state)
{
    (void)state;
    int older = 0;
    struct harness *h = harness_new();
    rcs_id b = harness_peer(h, 'b', RCS_NODE_MASTER), c = harness_peer(h, 'c', RCS_NODE_MASTER);
    for (int i = 0; i < 200; i++) {
        h->cluster.peers[b].ping_sent_ms = h->cluster.peers[c].ping_sent_ms = 0;
        rcs_peer_set_pong(&h->cluster, b, h->cluster.now_ms - 200);
        rcs_peer_set_pong(&h->cluster, c, h->cluster.now_ms - 100);
        rcs_peer_changed(&h->cluster, b);
        rcs_peer_changed(&h->cluster, c);
        h->cluster.iteration = 9;
        harness_clear(h);
        harness_cron(h);
        older += h->cluster.peers[b].ping_sent_ms != 0;
    }
    assert_in_range(older, 150, 200);
    harness_free(h);
}

static void half_the_timeout_after_its_pong_a_node_is_pinged(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    h->cluster.iteration = 0;
    harness_later(h, 500);
    harness_cron(h);
    assert_int_equal(h->cluster.peers[q].ping_sent_ms, 0);
    harness_later(h, 1);
    harness_cron(h);
    assert_int_equal(h->cluster.peers[q].ping_sent_ms, h->cluster.now_ms);
}

static void a_replica_speaks_for_its_master(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 7);
    rcs_id c = harness_master(h, 'c', 100, 199, 8);
    harness_follow(h, b);
    rcs_myself(&h->cluster)->config_epoch = 3;
    harness_clear(h);
    harness_receive(h, harness_msg(h, RCS_BUS_PING, c, 0));
    const struct rcs_bus_msg *pong = harness_sent_msg(h, RCS_BUS_PONG);
    assert_int_equal(pong->slots->count, 100);
    assert_int_equal(pong->config_epoch, 7);
    assert_int_equal(pong->master, b);
}

static void what_has_no_link_is_neither_sent_nor_counted(void **state)
{
    struct harness *h = *state;
    rcs_id q = harness_peer(h, 'q', RCS_NODE_MASTER);
    link_event(h, RCS_EVENT_LINK_LOST, q);
    harness_clear(h);
    rcs_send_to(&h->cluster, q, rcs_msg_new(&h->cluster, RCS_BUS_MFSTART, 0));
    rcs_send_all(&h->cluster, rcs_msg_new(&h->cluster, RCS_BUS_AUTH_REQUEST, 0));
    assert_int_equal(h->out.count, 0);
    assert_int_equal(h->cluster.sent[RCS_BUS_MFSTART], 0);
    assert_int_equal(h->cluster.sent[RCS_BUS_AUTH_REQUEST], 0);
}

static void who_is_told_to_meet_itself_stays_alone(void **state)
{
    struct harness *h = *state;
    const char *name = rcs_store_name(h->store, h->cluster.myself);
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000);
    harness_cron(h);
    link_event(h, RCS_EVENT_LINK_UP, RCS_LINK_HANDSHAKE);
    struct rcs_bus_msg *pong = from(h, RCS_BUS_PONG, 'q');
    pong->sender = rcs_store_id(h->store, name);
    receive(h, pong, RCS_LINK_HANDSHAKE);
    assert_int_equal(h->cluster.handshake_count, 0);
    assert_int_equal(h->cluster.known, 1);
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
        WITH(what_strangers_send_is_ignored),
        WITH(a_packet_of_another_version_is_counted_and_dropped),
        WITH(a_link_takes_packets_while_it_connects),
        WITH(a_forgotten_node_can_be_met),
        WITH(a_meet_from_a_known_node_is_answered_and_moves_nobody),
        WITH(a_node_without_address_is_not_suspected),
        WITH(a_stranger_leaves_its_epochs_with_the_node_it_stands_for),
        WITH(a_packet_without_a_host_name_clears_it),
        WITH(a_master_that_moved_is_replicated_from_where_it_is),
        WITH(once_a_second_one_node_is_pinged_at_random),
        WITH(of_the_drawn_nodes_the_one_with_the_oldest_pong_is_pinged),
        WITH(half_the_timeout_after_its_pong_a_node_is_pinged),
        WITH(a_replica_speaks_for_its_master),
        WITH(what_has_no_link_is_neither_sent_nor_counted),
        WITH(who_is_told_to_meet_itself_stays_alone),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
