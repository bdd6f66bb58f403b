/* The cluster's lines of the release table: one node of each of two neighbouring releases in the
 * same situation, and what they do. Without the line both would do the same. */
#include "sim/cluster/orders.h"
#include "tests/support/cluster_harness.h"

/* --- situations ------------------------------------------------------------------------------- */

static struct rcs_peer *peer(struct harness *h, rcs_id id)
{
    return &h->cluster.peers[id];
}

static rcs_id owner(struct harness *h, unsigned slot)
{
    return rcs_slot_owner(&h->cluster, slot);
}

static const struct rcs_slot_set *range(struct harness *h, unsigned first, unsigned last)
{
    struct rcs_slot_words words = { { 0 } };
    for (unsigned slot = first; slot <= last; slot++) {
        rcs_slot_words_add(&words, slot);
    }
    return rcs_store_slots(h->store, &words);
}

/* A ping of `by` with those slots and that epoch, as a master or of `master`. */
static struct rcs_bus_msg *claim(struct harness *h, rcs_id by, rcs_id master, unsigned first,
                                 unsigned last, uint64_t epoch)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, by, 0);
    rcs_slot_set_release(h->store, msg->slots);
    msg->slots = range(h, first, last);
    msg->master = master;
    msg->config_epoch = epoch;
    msg->current_epoch = epoch > msg->current_epoch ? epoch : msg->current_epoch;
    return msg;
}

static rcs_id id_of(struct harness *h, char letter)
{
    char name[RCS_ID_LEN];
    memset(name, letter, sizeof(name));
    return rcs_store_id(h->store, name);
}

static void same_shard(struct harness *h, rcs_id a, rcs_id b)
{
    peer(h, a)->shard = peer(h, b)->shard;
}

/* Me, the replica of 'm' (slots 0-99), with a sibling; two more masters. */
static rcs_id replica_of_m(struct harness *h)
{
    rcs_id m = harness_master(h, 'm', 0, 99, 5);
    (void)harness_master(h, 'n', 100, 199, 4);
    (void)harness_master(h, 'o', 200, 299, 3);
    harness_follow(h, m);
    rcs_state_update(&h->cluster);
    return m;
}

static void fails(struct harness *h, rcs_id id)
{
    peer(h, id)->flags |= RCS_NODE_FAIL;
    peer(h, id)->fail_ms = h->cluster.now_ms;
    rcs_peer_changed(&h->cluster, id);
}

/* --- the wire --------------------------------------------------------------------------------- */

static int64_t gossip_times_are_seconds(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    (void)harness_peer(h, 'b', RCS_NODE_MASTER);
    (void)harness_peer(h, 'c', RCS_NODE_MASTER);
    rcs_send_ping(&h->cluster, a);
    const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
    assert_true(ping->count > 0);
    int64_t wall_ms = h->cluster.wall_base_ms + h->cluster.now_ms;
    assert_true(ping->gossip[0].pong_received_s == (uint32_t)wall_ms ||
                ping->gossip[0].pong_received_s == (uint32_t)(wall_ms / 1000));
    return ping->gossip[0].pong_received_s == (uint32_t)(wall_ms / 1000);
}

static int64_t the_receiver_is_told_of_itself(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    (void)harness_peer(h, 'b', RCS_NODE_MASTER);
    int64_t told = 0;
    for (unsigned i = 0; i < 30; i++) {
        rcs_send_ping(&h->cluster, a);
        const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
        for (unsigned j = 0; j < ping->count; j++) {
            told |= ping->gossip[j].id == a;
        }
        harness_clear(h);
    }
    return told;
}

static int64_t every_ping_tells_of_a_suspect(struct harness *h)
{
    rcs_id last = RCS_ID_NONE;
    for (char letter = 'a'; letter < 'a' + 20; letter++) {
        last = harness_peer(h, letter, RCS_NODE_MASTER);
    }
    peer(h, id_of(h, 'b'))->flags |= RCS_NODE_PFAIL;
    rcs_peer_changed(&h->cluster, id_of(h, 'b'));
    harness_cron(h);
    int64_t all = 1;
    for (unsigned i = 0; i < 30; i++) {
        harness_clear(h);
        rcs_send_ping(&h->cluster, last);
        const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
        bool told = false;
        for (unsigned j = 0; j < ping->count; j++) {
            told |= ping->gossip[j].id == id_of(h, 'b');
        }
        all &= told;
    }
    return all;
}

static int64_t a_good_entry_beside_a_bad_one_is_believed(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, a, 2);
    harness_gossip(msg, id_of(h, '!'), RCS_NODE_MASTER, 0);
    harness_gossip(msg, id_of(h, 'z'), RCS_NODE_MASTER, 0);
    harness_receive(h, msg);
    return rcs_peer_find(&h->cluster, id_of(h, 'z')) != NULL;
}

static int64_t a_message_of_a_later_type_is_unknown(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PUBLISHSHARD, a, 0);
    msg->payload = rcs_blob_new(h->store, "", 0);
    harness_receive(h, msg);
    return harness_fact(h, RCS_FACT_BUS_WARNING) != NULL;
}

static int64_t a_ping_says_the_shard(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    rcs_send_ping(&h->cluster, a);
    return rcs_bus_is_extended(harness_sent_msg(h, RCS_BUS_PING));
}

/* 0: not at all; 1: once the other showed that it understands; 2: from the first packet. */
static int64_t extensions_go_to(struct harness *h)
{
    int64_t first = a_ping_says_the_shard(h);
    rcs_id a = id_of(h, 'a');
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PONG, a, 0);
    msg->form |= RCS_BUS_ASKS;
    harness_receive_out(h, msg);
    harness_clear(h);
    rcs_send_ping(&h->cluster, a);
    return first + rcs_bus_is_extended(harness_sent_msg(h, RCS_BUS_PING));
}

static int64_t a_published_message_is_light(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PONG, a, 0);
    msg->flags |= RCS_NODE_LIGHT;
    harness_receive_out(h, msg);
    const struct rcs_arg text = { "x", 1 };
    rcs_cluster_publish(&h->cluster, &text, &text, false);
    return harness_sent_msg(h, RCS_BUS_PUBLISH)->form & RCS_BUS_IS_LIGHT ? 1 : 0;
}

/* --- failure ---------------------------------------------------------------------------------- */

static int64_t data_without_a_pong_is_life(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    peer(h, a)->ping_sent_ms = h->cluster.now_ms;
    rcs_peer_changed(&h->cluster, a);
    harness_later(h, 1100);
    peer(h, a)->data_received_ms = h->cluster.now_ms;
    harness_cron(h);
    return (peer(h, a)->flags & RCS_NODE_PFAIL) == 0;
}

static int64_t a_connect_starts_the_ping_clock(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    rcs_link_close(&h->cluster, a);
    harness_cron(h);
    return peer(h, a)->ping_sent_ms != 0;
}

static int64_t a_pong_is_taken_from_gossip(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER), b = harness_peer(h, 'b', RCS_NODE_MASTER);
    harness_later(h, 5000);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, a, 1);
    int32_t before_ms = rcs_peer_pong(&h->cluster, b);
    uint32_t now_s = (uint32_t)((h->cluster.wall_base_ms + h->cluster.now_ms) / 1000);
    harness_gossip(msg, b, RCS_NODE_MASTER, now_s);
    harness_receive(h, msg);
    return rcs_peer_pong(&h->cluster, b) > before_ms;
}

static void reported_by(struct harness *h, rcs_id reporter, rcs_id about)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, reporter, 1);
    harness_gossip(msg, about, RCS_NODE_MASTER | RCS_NODE_PFAIL, 0);
    harness_receive(h, msg);
}

static int64_t a_replica_tells_all_of_fail(struct harness *h)
{
    rcs_id m = replica_of_m(h);
    peer(h, m)->flags |= RCS_NODE_PFAIL;
    rcs_peer_changed(&h->cluster, m);
    reported_by(h, id_of(h, 'n'), m);
    reported_by(h, id_of(h, 'o'), m);
    assert_true(peer(h, m)->flags & RCS_NODE_FAIL);
    return harness_sent(h, RCS_BUS_FAIL) > 0;
}

static int64_t a_master_without_slots_reports(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER), b = harness_master(h, 'b', 0, 99, 1);
    reported_by(h, a, b);
    return rcs_report_count(&h->cluster, b);
}

static int64_t the_only_master_marks_fail_itself(struct harness *h)
{
    harness_slots(h, h->cluster.myself, 0, 99);
    h->cluster.state_ok = true; /* it has been up for long */
    h->cluster.first_update_ms = 1;
    rcs_id a = harness_replica(h, 'a', h->cluster.myself);
    rcs_state_update(&h->cluster);
    assert_int_equal(h->cluster.size, 1);
    peer(h, a)->ping_sent_ms = h->cluster.now_ms;
    rcs_peer_changed(&h->cluster, a);
    harness_later(h, 1100);
    harness_cron(h);
    return (peer(h, a)->flags & RCS_NODE_FAIL) != 0;
}

static struct rcs_bus_msg *gossip_of(struct harness *h, rcs_id from, rcs_id about, const char *ip,
                                     unsigned flags)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, from, 1);
    struct rcs_address address = { .port = 7000, .cport = 17000 };
    strcpy(address.ip, ip);
    harness_gossip(msg, about, flags, 0);
    msg->gossip[0].addr = rcs_store_addr(h->store, &address);
    return msg;
}

static int64_t a_stranger_in_gossip_is_known_at_once(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    harness_receive(h, gossip_of(h, a, id_of(h, 'z'), "10.0.0.9", RCS_NODE_MASTER));
    assert_int_equal(h->cluster.known + h->cluster.handshake_count, 3);
    return h->cluster.known == 3;
}

static int64_t a_failing_node_s_address_is_taken_from_gossip(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER), b = harness_peer(h, 'b', RCS_NODE_MASTER);
    fails(h, b);
    harness_receive(h, gossip_of(h, a, b, "10.0.0.9", RCS_NODE_MASTER));
    bool taken = strcmp(rcs_addr_ip(&h->cluster, peer(h, b)->addr), "10.0.0.9") == 0;
    assert_int_equal(h->cluster.handshake_count, taken ? 0 : 1);
    return taken;
}

/* Two packets of one node, each on a link of its own: is the first link closed? */
static int64_t a_second_link_ends_the_first(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    struct rcs_event accepted = { .kind = RCS_EVENT_LINK_ACCEPTED, .link = RCS_LINK_IN + 70 };
    rcs_cluster_link_event(&h->cluster, &accepted);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, a, 0);
    rcs_bus_msg_seal(msg);
    struct rcs_event event = { .kind = RCS_EVENT_BUS_MSG,
                               .link = RCS_LINK_IN + 70,
                               .bus_msg = msg };
    event.remote = peer(h, a)->addr;
    rcs_cluster_receive(&h->cluster, &event);
    rcs_bus_msg_release(h->store, msg);
    int64_t closed = 0;
    for (size_t i = 0; i < h->out.count; i++) {
        closed += h->out.list[i].kind == RCS_EFFECT_LINK_CLOSE;
    }
    return closed;
}

static int64_t meet_is_said_again(struct harness *h)
{
    rcs_cluster_meet(&h->cluster, "10.0.0.9", 7000, 17000);
    for (unsigned i = 0; i < 2; i++) {
        harness_clear(h);
        harness_cron(h);
        struct rcs_event up = { .kind = RCS_EVENT_LINK_UP, .link = RCS_LINK_HANDSHAKE };
        rcs_cluster_link_event(&h->cluster, &up);
        struct rcs_event lost = { .kind = RCS_EVENT_LINK_LOST, .link = RCS_LINK_HANDSHAKE };
        rcs_cluster_link_event(&h->cluster, &lost);
    }
    return harness_sent(h, RCS_BUS_MEET);
}

/* --- elections -------------------------------------------------------------------------------- */

static int64_t rank_beside_an_equal_of_smaller_name(struct harness *h)
{
    rcs_id m = replica_of_m(h);
    rcs_id sibling = rcs_store_id(h->store, "0000000000000000000000000000000000000000");
    rcs_peer_add(&h->cluster, sibling, RCS_NODE_REPLICA, 1);
    rcs_replica_join(&h->cluster, m, sibling);
    fails(h, m);
    rcs_election_handle(&h->cluster);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_RANK_BY_NAME),
                     harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[1]);
    return harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[1];
}

static int64_t a_replica_of_an_empty_master_stands(struct harness *h)
{
    rcs_id m = replica_of_m(h);
    rcs_slots_drop(&h->cluster, m);
    fails(h, m);
    rcs_election_handle(&h->cluster);
    return harness_facts(h, RCS_FACT_ELECTION_DELAYED);
}

static int64_t a_new_master_ends_the_election(struct harness *h)
{
    fails(h, replica_of_m(h));
    rcs_election_handle(&h->cluster);
    assert_true(h->cluster.auth_ms != 0);
    harness_follow(h, id_of(h, 'n'));
    return h->cluster.auth_ms == 0;
}

static int64_t a_vote_is_saved(struct harness *h)
{
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id m = harness_master(h, 'm', 100, 199, 1), r = harness_replica(h, 'r', m);
    fails(h, m);
    peer(h, r)->config_epoch = 1; /* nothing new in the header */
    h->cluster.todo = 0;
    h->cluster.current_epoch = 8;
    harness_receive(h, harness_msg(h, RCS_BUS_AUTH_REQUEST, r, 0));
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 1);
    return (h->cluster.todo & RCS_TODO_SAVE_CONFIG) != 0;
}

/* From FAILOVER FORCE: ticks until the votes are asked for. */
static int64_t ticks_until_force_asks(struct harness *h)
{
    (void)replica_of_m(h);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_FORCE);
    harness_sleep(h);
    for (int64_t ticks = 0;; ticks++) {
        if (harness_sent(h, RCS_BUS_AUTH_REQUEST) > 0) {
            return ticks;
        }
        assert_true(ticks < 5);
        harness_later(h, 100);
        harness_cron(h);
    }
}

/* The offset of the paused master is heard: is the failover ready before the next tick? */
static int64_t the_offset_is_looked_at_at_once(struct harness *h)
{
    rcs_id m = replica_of_m(h);
    h->offset = 7;
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_PLAIN);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, m, 0);
    msg->mflags |= RCS_MFLAG_PAUSED;
    msg->offset = 7;
    harness_receive(h, msg);
    harness_sleep(h);
    return harness_facts(h, RCS_FACT_MF_READY);
}

static int64_t mfstart_is_answered(struct harness *h)
{
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id r = harness_replica(h, 'r', h->cluster.myself);
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, r, 0));
    assert_true(h->paused);
    return harness_sent(h, RCS_BUS_PING);
}

/* How often it is said in 30 s that the data is too old. */
static int64_t reminders_in_30_s(struct harness *h)
{
    fails(h, replica_of_m(h));
    harness_later(h, 20000);
    h->data_age_ms = 1000000;
    for (unsigned i = 0; i < 300; i++) {
        harness_later(h, 100);
        rcs_election_handle(&h->cluster);
    }
    return harness_facts(h, RCS_FACT_ELECTION_BLOCKED);
}

static int64_t it_is_said_at_once_that_it_cannot_be(struct harness *h)
{
    fails(h, replica_of_m(h));
    rcs_election_handle(&h->cluster);
    rcs_election_handle(&h->cluster); /* waits for its delay */
    return harness_facts(h, RCS_FACT_ELECTION_BLOCKED);
}

/* --- slots, epochs, roles --------------------------------------------------------------------- */

/* My master became a replica of 'n'; then slots change hands elsewhere. 0: I stay. 1: I go when
 * they do. 2: as soon as I hear of my master's role. */
static int64_t a_sub_replica_moves(struct harness *h)
{
    rcs_id m = replica_of_m(h), n = id_of(h, 'n'), o = id_of(h, 'o');
    rcs_slots_drop(&h->cluster, m);
    harness_receive(h, claim(h, m, n, 100, 199, 4));
    if (rcs_myself(&h->cluster)->master == n) {
        return 2;
    }
    assert_int_equal(rcs_myself(&h->cluster)->master, m);
    harness_receive(h, claim(h, o, RCS_ID_NONE, 200, 310, 9));
    return rcs_myself(&h->cluster)->master == n;
}

/* A master says that it is its replica's replica: whose are its slots? 0 nobody's, 1 the new one's,
 * 2 still its own. */
static int64_t the_slots_of_a_demoted_master(struct harness *h)
{
    rcs_id m = harness_master(h, 'm', 0, 99, 5), r = harness_replica(h, 'r', m);
    same_shard(h, r, m);
    harness_receive(h, claim(h, m, r, 0, 99, 9));
    assert_true(rcs_is_replica(peer(h, m)));
    return owner(h, 50) == RCS_ID_NONE ? 0 : owner(h, 50) == r ? 1 : 2;
}

static int64_t a_slot_given_up_goes_to_an_older_epoch(struct harness *h)
{
    rcs_id a = harness_master(h, 'a', 0, 99, 5), b = harness_master(h, 'b', 100, 199, 2);
    harness_receive(h, claim(h, a, RCS_ID_NONE, 10, 99, 5));
    harness_receive(h, claim(h, b, RCS_ID_NONE, 0, 0, 2));
    return owner(h, 0) == b;
}

static int64_t setslot_takes_my_last_slot_and_me(struct harness *h)
{
    harness_slots(h, h->cluster.myself, 0, 0);
    rcs_id a = harness_master(h, 'a', 100, 199, 2);
    rcs_cluster_set_slot_node(&h->cluster, 0, a);
    return rcs_myself(&h->cluster)->master == a;
}

static int64_t an_import_follows_its_source_s_failover(struct harness *h)
{
    rcs_id m = harness_master(h, 'm', 0, 99, 5), r = harness_replica(h, 'r', m);
    same_shard(h, r, m);
    rcs_cluster_set_importing(&h->cluster, 7, m);
    harness_receive(h, claim(h, r, RCS_ID_NONE, 0, 99, 9));
    return rcs_slot_importing_from(&h->cluster, 7) == r;
}

static int64_t a_replica_s_old_claim_is_answered(struct harness *h)
{
    rcs_id m = harness_master(h, 'm', 0, 99, 5), r = harness_replica(h, 'r', m);
    (void)harness_master(h, 'n', 100, 199, 6);
    harness_receive(h, claim(h, r, m, 0, 150, 5));
    return harness_sent(h, RCS_BUS_UPDATE);
}

static int64_t a_replica_s_packet_raises_its_epoch(struct harness *h)
{
    rcs_id m = harness_master(h, 'm', 0, 99, 5), r = harness_replica(h, 'r', m);
    harness_receive(h, claim(h, r, m, 0, 99, 5));
    return (int64_t)peer(h, r)->config_epoch;
}

static int64_t a_replica_shows_its_master_s_epoch(struct harness *h)
{
    rcs_id m = harness_master(h, 'm', 0, 99, 5), r = harness_replica(h, 'r', m);
    peer(h, r)->config_epoch = 2;
    struct rcs_node_line line;
    rcs_cluster_node_line(&h->cluster, r, &line, NULL, 0);
    return (int64_t)line.config_epoch;
}

static int64_t epoch_of_a_replica_read_from_the_file(struct harness *h)
{
    static const char conf[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 10.0.0.1:6379@16379 myself,slave "
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 0 0 3 connected\n"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 10.0.0.2:6379@16379 master - 0 0 3 connected "
        "0-99\n"
        "vars currentEpoch 3 lastVoteEpoch 0\n";
    struct rcs_saved_config *saved;
    struct rcs_diag diag;
    assert_int_equal(rcs_saved_config_read(h->store, conf, sizeof(conf) - 1, &saved, &diag), 0);
    rcs_cluster_close(&h->cluster);
    rcs_cluster_init(&h->cluster, h->store, &h->config, &h->host, 1, 0);
    h->cluster.out = &h->out;
    rcs_cluster_start(&h->cluster, saved);
    rcs_saved_config_release(h->store, saved);
    return (int64_t)rcs_myself(&h->cluster)->config_epoch;
}

/* 0: ip:port alone, 1: with the bus port, 2: and the shard. */
static int64_t what_the_file_tells_of_a_node(struct harness *h)
{
    struct rcs_saved_config *saved = rcs_cluster_saved(&h->cluster);
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_saved_config_write(h->store, saved, &text);
    rcs_buf_add(&text, "", 1);
    int64_t told = (strchr(text.data, '@') != NULL) + (strstr(text.data, ",shard-id=") != NULL);
    rcs_buf_close(&text);
    rcs_saved_config_release(h->store, saved);
    return told;
}

static int64_t replicate_is_told_to_all(struct harness *h)
{
    rcs_id a = harness_master(h, 'a', 0, 99, 2);
    rcs_cluster_replicate(&h->cluster, a);
    return harness_sent(h, RCS_BUS_PONG);
}

static int64_t another_shard_s_master_is_copied_in_full(struct harness *h)
{
    harness_follow(h, harness_master(h, 'a', 0, 99, 2));
    return h->history_forgotten;
}

static int64_t who_lost_its_last_slot_to_another_shard_follows(struct harness *h)
{
    h->config.allow_replica_migration = false;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER);
    harness_receive(h, claim(h, a, RCS_ID_NONE, 0, 99, 9));
    return rcs_myself(&h->cluster)->master == a;
}

static int64_t forget_is_gossiped(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER), b = harness_peer(h, 'b', RCS_NODE_MASTER);
    rcs_cluster_forget(&h->cluster, b);
    rcs_send_ping(&h->cluster, a);
    const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
    if (!rcs_bus_is_extended(ping) || ping->body.extended.forgotten_count == 0) {
        return 0;
    }
    assert_int_equal(rcs_bus_forgotten(ping, 0)->id, b);
    assert_int_equal(rcs_bus_forgotten(ping, 0)->ttl_s, 60);
    return 1;
}

static int64_t a_gossiped_forget_is_obeyed(struct harness *h)
{
    rcs_id a = harness_peer(h, 'a', RCS_NODE_MASTER), b = harness_peer(h, 'b', RCS_NODE_MASTER);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, a, 0);
    rcs_bus_forget(h->store, msg, &(struct rcs_forgotten){ .id = b, .ttl_s = 30 }, 1);
    harness_receive(h, msg);
    return rcs_peer_find(&h->cluster, b) == NULL;
}

static int64_t a_replica_takes_its_master_s_shard(struct harness *h)
{
    rcs_id a = harness_master(h, 'a', 0, 99, 2);
    harness_follow(h, a);
    return rcs_same_shard(&h->cluster, a, h->cluster.myself);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct row {
    const char *line; /* of the table */
    int64_t (*what)(struct harness *h);
    const char *before, *after;
    int64_t want_before, want_after;
} rows[] = {
    /* clang-format off */
    { "conf_form",              what_the_file_tells_of_a_node,                "3.0", "4.0", 0, 1 },
    { "gossip_seconds",         gossip_times_are_seconds,                     "3.0", "4.0", 0, 1 },
    { "gossips_all_pfail",      every_ping_tells_of_a_suspect,                "3.0", "4.0", 0, 1 },
    { "takes_gossip_pong",      a_pong_is_taken_from_gossip,                  "3.0", "4.0", 0, 1 },
    { "updates_gossip_address", a_failing_node_s_address_is_taken_from_gossip, "3.0", "4.0", 0, 1 },
    { "saves_vote_first",       a_vote_is_saved,                              "3.0", "4.0", 0, 1 },
    { "any_data_is_life",       data_without_a_pong_is_life,                  "4.0", "5.0", 0, 1 },
    { "adds_strangers",         a_stranger_in_gossip_is_known_at_once,        "4.0", "5.0", 0, 1 },
    { "mf_pace, FORCE",         ticks_until_force_asks,                       "4.0", "5.0", 2, 1 },
    { "connect_counts_as_ping", a_connect_starts_the_ping_clock,              "5.0", "6.0", 1, 0 },
    { "all_broadcast_fail",     a_replica_tells_all_of_fail,                  "5.0", "6.0", 0, 1 },
    { "shows_masters_epoch",    a_replica_shows_its_master_s_epoch,           "5.0", "6.0", 2, 5 },
    { "mf_pace, offset",        the_offset_is_looked_at_at_once,              "6.0", "6.2", 0, 1 },
    { "mf_pace, MFSTART",       mfstart_is_answered,                          "6.0", "6.2", 0, 1 },
    { "bus_types",              a_message_of_a_later_type_is_unknown,         "6.2", "7.0", 1, 0 },
    { "binds_inbound",          a_second_link_ends_the_first,                 "6.2", "7.0", 0, 1 },
    { "flatten",                a_sub_replica_moves,                          "6.2", "7.0", 0, 1 },
    { "remembers_not_claiming", a_slot_given_up_goes_to_an_older_epoch,       "6.2", "7.0", 0, 1 },
    { "setslot_may_demote",     setslot_takes_my_last_slot_and_me,            "6.2", "7.0", 0, 1 },
    { "loads_replica_epoch",    epoch_of_a_replica_read_from_the_file,        "6.2", "7.0", 3, 0 },
    { "conf_form, shards",      what_the_file_tells_of_a_node,                "7.0", "7.2", 1, 2 },
    { "shard_ids, extend",      a_ping_says_the_shard,                        "7.0", "7.2", 0, 1 },
    { "shard_ids, follow",      a_replica_takes_its_master_s_shard,           "7.0", "7.2", 0, 1 },
    { "alone_marks_fail",       the_only_master_marks_fail_itself,            "7.0", "7.2", 0, 1 },
    { "cant_relog_ms",          reminders_in_30_s,                            "7.0", "7.2", 1, 4 },
    { "gossips_forget, said",   forget_is_gossiped,                           "7.0", "7.2", 0, 1 },
    { "gossips_forget, heard",  a_gossiped_forget_is_obeyed,                  "7.0", "7.2", 0, 1 },
    { "gossips_receiver",       the_receiver_is_told_of_itself,               "7.2", "7.4", 1, 0 },
    { "checks_gossip_ids",      a_good_entry_beside_a_bad_one_is_believed,    "7.2", "7.4", 1, 0 },
    { "demoted, 7.4",           the_slots_of_a_demoted_master,                "7.2", "7.4", 0, 1 },
    { "demoted, Valkey",        the_slots_of_a_demoted_master,                "7.4", "valkey-8.0", 1, 2 },
    { "extend",                 extensions_go_to,                             "7.4", "valkey-8.0", 2, 1 },
    { "light_header",           a_published_message_is_light,                 "7.4", "valkey-8.0", 0, 1 },
    { "reporters_own_slots",    a_master_without_slots_reports,               "7.4", "valkey-8.0", 1, 0 },
    { "repeats_meet",           meet_is_said_again,                           "7.4", "valkey-8.0", 0, 1 },
    { "ranks_by_name",          rank_beside_an_equal_of_smaller_name,         "7.4", "valkey-8.0", 0, 1 },
    { "needs_slots_of_master",  a_replica_of_an_empty_master_stands,          "7.4", "valkey-8.0", 0, 1 },
    { "follow_ends_election",   a_new_master_ends_the_election,               "7.4", "valkey-8.0", 0, 1 },
    { "cant_waits_for_timeout", it_is_said_at_once_that_it_cannot_be,         "7.4", "valkey-8.0", 0, 1 },
    { "cant_relog_ms, Valkey",  reminders_in_30_s,                            "7.4", "valkey-8.0", 4, 31 },
    { "flatten, Valkey",        a_sub_replica_moves,                          "7.4", "valkey-8.0", 1, 2 },
    { "open_slots_follow",      an_import_follows_its_source_s_failover,      "7.4", "valkey-8.0", 0, 1 },
    { "masters_claim_slots",    a_replica_s_old_claim_is_answered,            "7.4", "valkey-8.0", 1, 0 },
    { "masters_tell_epochs",    a_replica_s_packet_raises_its_epoch,          "7.4", "valkey-8.0", 5, 0 },
    { "replicate_tells_all",    replicate_is_told_to_all,                     "7.4", "valkey-8.0", 0, 1 },
    { "other_shard_resyncs",    another_shard_s_master_is_copied_in_full,     "7.4", "valkey-8.0", 0, 1 },
    { "follow",                 who_lost_its_last_slot_to_another_shard_follows, "7.4", "valkey-8.0", 1, 0 },
    /* clang-format on */
};

static void neighbours_part(void **state)
{
    const struct row *row = *state;
    struct harness *before = harness_new_as(row->before);
    assert_int_equal(row->what(before), row->want_before);
    harness_free(before);
    struct harness *after = harness_new_as(row->after);
    assert_int_equal(row->what(after), row->want_after);
    harness_free(after);
}

int main(void)
{
    static struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];
    static char names[sizeof(rows) / sizeof(rows[0])][96];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(names[i], sizeof(names[0]), "%s: %s and %s", rows[i].line, rows[i].before,
                 rows[i].after);
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = neighbours_part,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests_name("profile_cluster", tests, NULL, NULL);
}
