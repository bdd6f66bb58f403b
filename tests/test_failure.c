/* When a silent peer becomes PFAIL, PFAIL becomes FAIL, and FAIL ends. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

/* A cluster of which this node is one of three masters. */
static rcs_id b, c, d;
static struct harness *three_masters(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    b = harness_master(h, 'b', 100, 199, 1);
    c = harness_master(h, 'c', 200, RCS_SLOTS - 1, 2);
    d = harness_replica(h, 'd', b);
    h->cluster.state_ok = true;
    harness_later(h, 2000);
    rcs_state_update(&h->cluster);
    assert_int_equal(h->cluster.size, 3);
    rcs_cluster_before_sleep(&h->cluster);
    harness_clear(h);
    return h;
}

/* `id` was pinged so long ago, and was silent since. */
static void silent(struct harness *h, rcs_id id, int ping_ms, int data_ms)
{
    struct rcs_peer *peer = &h->cluster.peers[id];
    peer->ping_sent_ms = h->cluster.now_ms - ping_ms;
    peer->data_received_ms = h->cluster.now_ms - data_ms;
    rcs_peer_set_pong(&h->cluster, id, h->cluster.now_ms - ping_ms - 1);
    rcs_peer_changed(&h->cluster, id);
}

static void report(struct harness *h, rcs_id by, rcs_id about, unsigned flags)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, by, 1);
    harness_gossip(msg, about, flags, 0);
    harness_receive(h, msg);
}

static void pfail_needs_more_than_the_timeout(void **state)
{
    struct harness *h = three_masters(state);
    silent(h, b, 1000, 1000);
    silent(h, c, 1001, 1001);
    silent(h, d, 5000, 1000); /* something else was heard of it */
    harness_cron(h);
    assert_false(h->cluster.peers[b].flags & RCS_NODE_PFAIL);
    assert_true(h->cluster.peers[c].flags & RCS_NODE_PFAIL);
    assert_false(h->cluster.peers[d].flags & RCS_NODE_PFAIL);
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_PFAIL_SET);
    assert_non_null(fact);
    assert_int_equal(fact->v[0], 1001);
    assert_int_equal(fact->v[2], 1000);
}

static void a_ping_outstanding_for_half_the_timeout_renews_the_link(void **state)
{
    struct harness *h = three_masters(state);
    silent(h, b, 500, 600);
    silent(h, c, 501, 501);
    harness_cron(h);
    assert_int_equal(h->cluster.peers[b].link, RCS_LINK_OPEN);
    assert_int_equal(h->cluster.peers[c].link, RCS_LINK_CLOSED);
    assert_int_not_equal(h->cluster.peers[c].ping_sent_ms, 0);
}

static void fail_needs_the_majority_of_masters_with_slots(void **state)
{
    struct harness *h = three_masters(state);
    silent(h, c, 1001, 1001);
    harness_cron(h);
    harness_clear(h);
    assert_int_equal(h->cluster.peers[c].flags & RCS_NODE_FAIL, 0);
    report(h, d, c, RCS_NODE_PFAIL); /* a replica's word counts for nothing */
    assert_int_equal(rcs_report_count(&h->cluster, c), 0);
    assert_false(h->cluster.peers[c].flags & RCS_NODE_FAIL);
    report(h, b, c, RCS_NODE_PFAIL); /* with our own: two of three */
    assert_true(h->cluster.peers[c].flags & RCS_NODE_FAIL);
    assert_false(h->cluster.peers[c].flags & RCS_NODE_PFAIL);
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_FAIL_QUORUM);
    assert_int_equal(fact->about, c);
    assert_int_equal(fact->v[0], 2);
    assert_int_equal(fact->v[1], 2);
    /* everybody with a link is told (c's was given up with its silence), and only once */
    assert_int_equal(harness_sent(h, RCS_BUS_FAIL), 2);
    assert_int_equal(harness_sent_msg(h, RCS_BUS_FAIL)->body.about, c);
    report(h, b, c, RCS_NODE_PFAIL);
    assert_int_equal(harness_facts(h, RCS_FACT_FAIL_QUORUM), 1);
}

static void reports_without_own_suspicion_do_not_fail_a_node(void **state)
{
    struct harness *h = three_masters(state);
    report(h, b, c, RCS_NODE_FAIL);
    assert_int_equal(rcs_report_count(&h->cluster, c), 1);
    assert_false(h->cluster.peers[c].flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL));
}

static void a_replica_counts_reports_only(void **state)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 100, 199, 1);
    c = harness_master(h, 'c', 200, 299, 2);
    d = harness_master(h, 'd', 300, 399, 3);
    harness_follow(h, b);
    silent(h, c, 1001, 1001);
    harness_cron(h);
    report(h, b, c, RCS_NODE_PFAIL);
    assert_false(h->cluster.peers[c].flags & RCS_NODE_FAIL); /* one of the two needed */
    report(h, d, c, RCS_NODE_PFAIL);
    assert_true(h->cluster.peers[c].flags & RCS_NODE_FAIL);
}

static void reports_age_after_two_timeouts(void **state)
{
    struct harness *h = three_masters(state);
    report(h, b, c, RCS_NODE_PFAIL);
    harness_later(h, 2000);
    assert_int_equal(rcs_report_count(&h->cluster, c), 1);
    harness_later(h, 1);
    assert_int_equal(rcs_report_count(&h->cluster, c), 0);
}

static void a_healthy_word_takes_the_report_back(void **state)
{
    struct harness *h = three_masters(state);
    report(h, b, c, RCS_NODE_PFAIL);
    report(h, b, c, RCS_NODE_MASTER);
    assert_int_equal(rcs_report_count(&h->cluster, c), 0);
    assert_false(rcs_reported(&h->cluster, c));
}

static void fail_message(void **state)
{
    struct harness *h = three_masters(state);
    harness_fail(h, d, c); /* a replica's is as good */
    assert_true(h->cluster.peers[c].flags & RCS_NODE_FAIL);
    assert_int_equal(harness_facts(h, RCS_FACT_FAIL_RECEIVED), 1);
    harness_fail(h, b, c); /* again */
    harness_fail(h, b, h->cluster.myself);
    assert_int_equal(harness_facts(h, RCS_FACT_FAIL_RECEIVED), 1);
    assert_false(rcs_myself(&h->cluster)->flags & RCS_NODE_FAIL);
}

static void set_failed(struct harness *h, rcs_id id)
{
    harness_fail(h, id == c ? b : c, id);
    assert_true(h->cluster.peers[id].flags & RCS_NODE_FAIL);
}

static void fail_of_a_replica_ends_with_its_pong(void **state)
{
    struct harness *h = three_masters(state);
    set_failed(h, d);
    harness_receive(h, harness_msg(h, RCS_BUS_PONG, d, 0)); /* not on our own link: no proof */
    assert_true(h->cluster.peers[d].flags & RCS_NODE_FAIL);
    harness_receive_out(h, harness_msg(h, RCS_BUS_PONG, d, 0));
    assert_false(h->cluster.peers[d].flags & RCS_NODE_FAIL);
    assert_int_equal(harness_facts(h, RCS_FACT_FAIL_CLEARED_REPLICA), 1);
}

static void fail_of_a_master_with_slots_stays_for_two_timeouts(void **state)
{
    struct harness *h = three_masters(state);
    set_failed(h, c);
    harness_later(h, 2000);
    harness_receive_out(h, harness_msg(h, RCS_BUS_PONG, c, 0));
    assert_true(h->cluster.peers[c].flags & RCS_NODE_FAIL);
    harness_later(h, 1);
    harness_receive_out(h, harness_msg(h, RCS_BUS_PONG, c, 0));
    assert_false(h->cluster.peers[c].flags & RCS_NODE_FAIL);
    assert_int_equal(harness_fact(h, RCS_FACT_FAIL_CLEARED_MASTER)->v[0], 2001);
}

static void fail_of_a_master_without_slots_ends_at_once(void **state)
{
    struct harness *h = three_masters(state);
    rcs_id e = harness_peer(h, 'e', RCS_NODE_MASTER);
    set_failed(h, e);
    harness_receive_out(h, harness_msg(h, RCS_BUS_PONG, e, 0));
    assert_int_equal(harness_facts(h, RCS_FACT_FAIL_CLEARED_EMPTY), 1);
}

static void pfail_ends_with_a_pong(void **state)
{
    struct harness *h = three_masters(state);
    silent(h, c, 1001, 1001);
    harness_cron(h);
    h->cluster.peers[c].link = RCS_LINK_OPEN;
    harness_receive_out(h, harness_msg(h, RCS_BUS_PONG, c, 0));
    assert_false(h->cluster.peers[c].flags & RCS_NODE_PFAIL);
    assert_int_equal(h->cluster.pfail_now, 0);
    assert_int_equal(h->cluster.peers[c].ping_sent_ms, 0);
}

/* My own suspicion is weighed with the next master's word, not when it begins. */
static void only_gossip_makes_a_suspect_fail(void **state)
{
    struct harness *h = three_masters(state);
    report(h, b, c, RCS_NODE_PFAIL);
    silent(h, c, 1001, 1001);
    harness_cron(h);
    assert_true(h->cluster.peers[c].flags & RCS_NODE_PFAIL); /* two of two needed, but */
    assert_false(h->cluster.peers[c].flags & RCS_NODE_FAIL);
    report(h, b, c, RCS_NODE_PFAIL);
    assert_true(h->cluster.peers[c].flags & RCS_NODE_FAIL);
}

/* The quorum counts masters with slots, the reports those of any master, and of myself as one. */
static void masters_without_slots_report_too(void **state)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 0, 99, 1);
    c = harness_master(h, 'c', 100, RCS_SLOTS - 1, 2);
    d = harness_peer(h, 'd', RCS_NODE_MASTER);
    harness_later(h, 2000);
    rcs_state_update(&h->cluster);
    assert_int_equal(h->cluster.size, 2);
    silent(h, c, 1001, 1001);
    harness_cron(h);
    report(h, d, c, RCS_NODE_PFAIL); /* of the two reports none is of a master with slots */
    assert_true(h->cluster.peers[c].flags & RCS_NODE_FAIL);
}

static void with_one_master_a_replica_fails_its_sibling_on_that_masters_word(void **state)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 0, RCS_SLOTS - 1, 1);
    c = harness_replica(h, 'c', b);
    harness_follow(h, b);
    silent(h, c, 1001, 1001);
    harness_cron(h);
    report(h, b, c, RCS_NODE_PFAIL);
    assert_true(h->cluster.peers[c].flags & RCS_NODE_FAIL);
    silent(h, b, 1001, 1001); /* the master itself nobody reports */
    harness_cron(h);
    report(h, c, b, RCS_NODE_PFAIL);
    assert_false(h->cluster.peers[b].flags & RCS_NODE_FAIL);
}

static struct rcs_effect *saved(struct harness *h)
{
    for (size_t i = 0; i < h->out.count; i++) {
        if (h->out.list[i].kind == RCS_EFFECT_SAVE_CONFIG) {
            return &h->out.list[i];
        }
    }
    return NULL;
}

static void pfail_is_not_saved_fail_is_without_an_fsync(void **state)
{
    struct harness *h = three_masters(state);
    silent(h, c, 1001, 1001);
    harness_cron(h);
    harness_sleep(h);
    assert_true(h->cluster.peers[c].flags & RCS_NODE_PFAIL);
    assert_null(saved(h));
    set_failed(h, c);
    harness_sleep(h);
    assert_non_null(saved(h));
    assert_false(saved(h)->fsync);
}

static void who_is_forgotten_reports_nobody(void **state)
{
    struct harness *h = three_masters(state);
    report(h, b, c, RCS_NODE_PFAIL);
    assert_int_equal(rcs_report_count(&h->cluster, c), 1);
    rcs_cluster_forget(&h->cluster, b);
    assert_int_equal(rcs_report_count(&h->cluster, c), 0);
}

static void a_report_outlives_its_authors_role(void **state)
{
    struct harness *h = three_masters(state);
    report(h, b, c, RCS_NODE_PFAIL);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, b, 1);
    msg->master = c; /* it is a replica now, and its gossip no word of a master */
    harness_gossip(msg, c, RCS_NODE_MASTER, 0);
    harness_receive(h, msg);
    assert_true(rcs_is_replica(&h->cluster.peers[b]));
    assert_int_equal(rcs_report_count(&h->cluster, c), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(pfail_needs_more_than_the_timeout),
        WITH(a_ping_outstanding_for_half_the_timeout_renews_the_link),
        WITH(fail_needs_the_majority_of_masters_with_slots),
        WITH(reports_without_own_suspicion_do_not_fail_a_node),
        WITH(a_replica_counts_reports_only),
        WITH(reports_age_after_two_timeouts),
        WITH(a_healthy_word_takes_the_report_back),
        WITH(fail_message),
        WITH(fail_of_a_replica_ends_with_its_pong),
        WITH(fail_of_a_master_with_slots_stays_for_two_timeouts),
        WITH(fail_of_a_master_without_slots_ends_at_once),
        WITH(pfail_ends_with_a_pong),
        WITH(only_gossip_makes_a_suspect_fail),
        WITH(masters_without_slots_report_too),
        WITH(with_one_master_a_replica_fails_its_sibling_on_that_masters_word),
        WITH(pfail_is_not_saved_fail_is_without_an_fsync),
        WITH(who_is_forgotten_reports_nobody),
        WITH(a_report_outlives_its_authors_role),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
