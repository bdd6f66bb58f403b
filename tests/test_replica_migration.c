/* A spare replica moves to a master that has none left. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static rcs_id b, c, orphan, sibling;

/* This node and `sibling` replicate b; c had a replica, which failed. */
static struct harness *orphaned(void **state, char sibling_letter)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 0, 99, 1);
    c = harness_master(h, 'c', 100, RCS_SLOTS - 1, 2);
    harness_follow(h, b);
    sibling = harness_replica(h, sibling_letter, b);
    orphan = harness_replica(h, 'x', c);
    rcs_state_update(&h->cluster);
    harness_cron(h);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_FAIL, b, 0);
    msg->body.about = orphan;
    harness_receive(h, msg);
    harness_clear(h);
    return h;
}

static void ticks(struct harness *h, int ms)
{
    for (int at = 0; at < ms; at += 100) {
        harness_later(h, 100);
        for (unsigned i = 0; i < h->cluster.known; i++) { /* all but the failed one answer */
            rcs_id id = h->cluster.order[i];
            h->cluster.peers[id].ping_sent_ms = 0;
            h->cluster.peers[id].data_received_ms = h->cluster.now_ms;
            rcs_peer_changed(&h->cluster, id);
            rcs_peer_set_pong(&h->cluster, id, h->cluster.now_ms);
        }
        harness_cron(h);
    }
}

static void after_more_than_five_seconds(void **state)
{
    struct harness *h = orphaned(state, 'z'); /* my id is the smaller one */
    ticks(h, 100);                            /* seen as orphaned */
    ticks(h, 5000);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
    ticks(h, 100);
    assert_int_equal(rcs_myself(&h->cluster)->master, c);
    assert_int_equal(harness_facts(h, RCS_FACT_FOLLOWS_ORPHAN), 1);
}

static void only_the_replica_with_the_smallest_id(void **state)
{
    struct harness *h = orphaned(state, ' ');
    ticks(h, 6000);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
}

static void not_when_my_master_would_be_left_below_the_barrier(void **state)
{
    struct harness *h = orphaned(state, 'z');
    h->config.migration_barrier = 2;
    ticks(h, 6000);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
}

static void not_when_it_is_switched_off(void **state)
{
    struct harness *h = orphaned(state, 'z');
    h->config.allow_replica_migration = false;
    ticks(h, 6000);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
}

static void not_to_a_master_that_never_had_replicas(void **state)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 0, 99, 1);
    c = harness_master(h, 'c', 100, RCS_SLOTS - 1, 2);
    harness_follow(h, b);
    (void)harness_replica(h, 'z', b);
    rcs_state_update(&h->cluster);
    ticks(h, 6000);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
}

/* What stood in an entry before FORGET is nothing to the next entry of that id. */
static void a_node_known_again_was_not_orphaned_yet(void **state)
{
    struct harness *h = orphaned(state, 'z');
    ticks(h, 4000);
    assert_int_not_equal(h->cluster.orphaned_ms[c], 0);
    rcs_cluster_forget(&h->cluster, c);
    assert_int_equal(harness_master(h, 'c', 100, RCS_SLOTS - 1, 2), c);
    assert_int_equal(h->cluster.orphaned_ms[c], 0);
}

static void not_while_the_state_is_fail(void **state)
{
    struct harness *h = orphaned(state, 'z');
    h->config.require_full_coverage = true;
    struct rcs_slot_words words = { { 0 } };
    rcs_slot_words_add(&words, RCS_SLOTS - 1);
    rcs_slots_assign(&h->cluster, &words, RCS_ID_NONE);
    ticks(h, 6000);
    assert_false(h->cluster.state_ok);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
}

static void is_not_saved_by_itself(void **state)
{
    struct harness *h = orphaned(state, 'z');
    while (rcs_myself(&h->cluster)->master == b) {
        harness_clear(h);
        ticks(h, 100);
    }
    harness_sleep(h);
    for (size_t i = 0; i < h->out.count; i++) {
        assert_int_not_equal(h->out.list[i].kind, RCS_EFFECT_SAVE_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(after_more_than_five_seconds),
        WITH(only_the_replica_with_the_smallest_id),
        WITH(not_when_my_master_would_be_left_below_the_barrier),
        WITH(not_when_it_is_switched_off),
        WITH(not_to_a_master_that_never_had_replicas),
        WITH(a_node_known_again_was_not_orphaned_yet),
        WITH(not_while_the_state_is_fail),
        WITH(is_not_saved_by_itself),
    };
    return cmocka_run_group_tests_name("replica migration", tests, NULL, NULL);
}
