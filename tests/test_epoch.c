/* Config epochs: bumps, collisions, what headers raise. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

/* The node's own id is random hex: '0'..'f'; 'z' is greater, and a name of blanks smaller. */
static void the_smaller_id_takes_a_new_epoch(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_myself(&h->cluster)->config_epoch = 3;
    rcs_id z = harness_master(h, 'z', 100, 199, 3);
    h->cluster.current_epoch = 5;
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, z, 0);
    harness_receive(h, msg);
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 6);
    assert_int_equal(h->cluster.current_epoch, 6);
    assert_int_equal(harness_facts(h, RCS_FACT_EPOCH_COLLISION), 1);
}

static void the_greater_id_keeps_its_epoch(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_myself(&h->cluster)->config_epoch = 3;
    rcs_id blank = harness_master(h, ' ', 100, 199, 3);
    harness_receive(h, harness_msg(h, RCS_BUS_PING, blank, 0));
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 3);
}

static void epoch_zero_collides_too_without_slots(void **state)
{
    struct harness *h = *state;
    rcs_id z = harness_peer(h, 'z', RCS_NODE_MASTER);
    harness_receive(h, harness_msg(h, RCS_BUS_PONG, z, 0));
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 1);
}

static void replicas_do_not_collide(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 3), z = harness_replica(h, 'z', b);
    rcs_myself(&h->cluster)->config_epoch = 3;
    harness_receive(h, harness_msg(h, RCS_BUS_PING, z, 0));
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 3);
}

static void headers_only_raise(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 3);
    h->cluster.current_epoch = 4;
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_MFSTART, b, 0); /* any type will do */
    msg->current_epoch = 9;
    msg->config_epoch = 8;
    harness_receive(h, msg);
    assert_int_equal(h->cluster.current_epoch, 9);
    assert_int_equal(h->cluster.peers[b].config_epoch, 8);
    msg = harness_msg(h, RCS_BUS_PING, b, 0);
    msg->current_epoch = 2;
    msg->config_epoch = 2;
    harness_receive(h, msg);
    assert_int_equal(h->cluster.current_epoch, 9);
    assert_int_equal(h->cluster.peers[b].config_epoch, 8);
}

static void a_bump_goes_above_everybody_or_nowhere(void **state)
{
    struct harness *h = *state;
    (void)harness_master(h, 'b', 0, 99, 7);
    h->cluster.current_epoch = 7;
    assert_true(rcs_cluster_bump_epoch(&h->cluster));
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 8);
    assert_false(rcs_cluster_bump_epoch(&h->cluster));
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 8);
}

static void a_bump_is_the_current_epoch_plus_one_not_the_maximum(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 7);
    h->cluster.peers[b].config_epoch = 12; /* ahead of what we hold as current */
    h->cluster.current_epoch = 7;
    (void)rcs_cluster_bump_epoch(&h->cluster);
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(the_smaller_id_takes_a_new_epoch),
        WITH(the_greater_id_keeps_its_epoch),
        WITH(epoch_zero_collides_too_without_slots),
        WITH(replicas_do_not_collide),
        WITH(headers_only_raise),
        WITH(a_bump_goes_above_everybody_or_nowhere),
        WITH(a_bump_is_the_current_epoch_plus_one_not_the_maximum),
    };
    return cmocka_run_group_tests_name("epoch", tests, NULL, NULL);
}
