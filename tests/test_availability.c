/* cluster_state and its delays. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static void ticks(struct harness *h, int ms)
{
    for (int at = 0; at < ms; at += 100) {
        harness_later(h, 100);
        harness_cron(h);
    }
}

/* A lone node that owns everything and has run for a while without slots. */
static struct harness *covered(void **state)
{
    struct harness *h = *state;
    ticks(h, 2100);
    harness_slots(h, h->cluster.myself, 0, RCS_SLOTS - 1);
    return h;
}

static void a_new_master_is_not_looked_at_for_two_seconds(void **state)
{
    struct harness *h = *state;
    harness_cron(h); /* the first evaluation */
    harness_slots(h, h->cluster.myself, 0, RCS_SLOTS - 1);
    harness_later(h, 1999);
    harness_cron(h);
    assert_false(h->cluster.state_ok);
    harness_later(h, 1);
    harness_cron(h);
    assert_true(h->cluster.state_ok); /* never was in a minority: no further wait */
}

static void a_node_without_slots_counts_as_in_the_minority(void **state)
{
    struct harness *h = covered(state);
    int64_t last = h->cluster.now_ms;
    assert_int_equal(h->cluster.among_minority_ms, last);
    harness_later(h, 999); /* node timeout 1000 */
    harness_cron(h);
    assert_false(h->cluster.state_ok);
    harness_later(h, 1);
    harness_cron(h);
    assert_true(h->cluster.state_ok);
    assert_int_equal(harness_fact(h, RCS_FACT_STATE_OK)->v[2], 1000);
}

static void the_wait_lies_between_half_a_second_and_five(void **state)
{
    static const int rows[][2] = { { 200, 500 }, { 4999, 4999 }, { 15000, 5000 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct harness *h = harness_new();
        ticks(h, 2100);
        h->config.node_timeout_ms = rows[i][0];
        harness_slots(h, h->cluster.myself, 0, RCS_SLOTS - 1);
        harness_later(h, rows[i][1] - 1);
        harness_cron(h);
        assert_false(h->cluster.state_ok);
        harness_later(h, 1);
        harness_cron(h);
        assert_true(h->cluster.state_ok);
        harness_free(h);
    }
    (void)state;
}

static void one_slot_without_owner_fails_the_cluster(void **state)
{
    struct harness *h = covered(state);
    ticks(h, 1100);
    assert_true(h->cluster.state_ok);
    struct rcs_slot_words words = { { 0 } };
    rcs_slot_words_add(&words, 16383);
    rcs_cluster_del_slots(&h->cluster, &words);
    harness_sleep(h);
    assert_false(h->cluster.state_ok);
    assert_int_equal(harness_fact(h, RCS_FACT_STATE_FAIL)->v[2], 1);
    h->config.require_full_coverage = false;
    harness_cron(h);
    assert_true(h->cluster.state_ok); /* coverage alone never delays the way back */
}

static void pfail_covers_but_does_not_count_for_the_majority(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    rcs_id c = harness_master(h, 'c', 100, RCS_SLOTS - 1, 2);
    harness_follow(h, b); /* a replica: no delays */
    rcs_state_update(&h->cluster);
    assert_true(h->cluster.state_ok);
    h->cluster.peers[c].flags |= RCS_NODE_PFAIL;
    rcs_peer_changed(&h->cluster, c);
    rcs_state_update(&h->cluster);
    assert_false(h->cluster.state_ok); /* one of two is no majority */
    assert_int_equal(harness_fact(h, RCS_FACT_STATE_FAIL)->v[1], 1);
    assert_int_equal(harness_fact(h, RCS_FACT_STATE_FAIL)->v[2], 0);
    h->cluster.peers[c].flags &= (uint16_t)~RCS_NODE_PFAIL;
    rcs_peer_changed(&h->cluster, c);
    rcs_state_update(&h->cluster);
    assert_true(h->cluster.state_ok); /* replicas do not wait */
}

static void a_failed_owner_uncovers_its_slots(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1), c = harness_master(h, 'c', 100, 199, 2);
    (void)harness_master(h, 'd', 200, RCS_SLOTS - 1, 3);
    harness_follow(h, b);
    rcs_state_update(&h->cluster);
    h->cluster.peers[c].flags |= RCS_NODE_FAIL;
    rcs_peer_changed(&h->cluster, c);
    rcs_state_update(&h->cluster);
    assert_false(h->cluster.state_ok);
    assert_int_equal(harness_fact(h, RCS_FACT_STATE_FAIL)->v[2], 100);
    assert_int_equal(h->cluster.among_minority_ms, 0); /* two of three: still the majority */
}

static void replicas_do_not_wait(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, RCS_SLOTS - 1, 1);
    harness_follow(h, b);
    h->cluster.first_update_ms = 0; /* as after a start */
    h->cluster.state_ok = false;
    h->cluster.among_minority_ms = h->cluster.now_ms;
    rcs_state_update(&h->cluster);
    assert_true(h->cluster.state_ok);
}

/* The state is looked at when something happened, and in each tick while it is fail. */
static void an_ok_state_is_not_looked_at_again_by_itself(void **state)
{
    struct harness *h = covered(state);
    ticks(h, 1100);
    assert_true(h->cluster.state_ok);
    h->config.require_full_coverage = false;
    struct rcs_slot_words words = { { 0 } };
    rcs_slot_words_add(&words, 16383);
    rcs_cluster_del_slots(&h->cluster, &words);
    harness_sleep(h);
    h->config.require_full_coverage = true;
    ticks(h, 2000);
    assert_true(h->cluster.state_ok);
    rcs_cluster_todo(&h->cluster, RCS_TODO_UPDATE_STATE);
    harness_sleep(h);
    assert_false(h->cluster.state_ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_new_master_is_not_looked_at_for_two_seconds),
        WITH(a_node_without_slots_counts_as_in_the_minority),
        cmocka_unit_test(the_wait_lies_between_half_a_second_and_five),
        WITH(one_slot_without_owner_fails_the_cluster),
        WITH(pfail_covers_but_does_not_count_for_the_majority),
        WITH(a_failed_owner_uncovers_its_slots),
        WITH(replicas_do_not_wait),
        WITH(an_ok_state_is_not_looked_at_again_by_itself),
    };
    return cmocka_run_group_tests_name("availability", tests, NULL, NULL);
}
