/* Claims, and who wins them; followers of claims; sub-replicas; slots given up. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static const struct rcs_slot_set *range(struct harness *h, unsigned first, unsigned last)
{
    struct rcs_slot_words words = { { 0 } };
    for (unsigned slot = first; slot <= last; slot++) {
        rcs_slot_words_add(&words, slot);
    }
    return rcs_store_slots(h->store, &words);
}

/* `by` claims first..last with `epoch`, in a ping. */
static void claim(struct harness *h, rcs_id by, unsigned first, unsigned last, uint64_t epoch)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, by, 0);
    rcs_slot_set_release(h->store, msg->slots);
    msg->slots = range(h, first, last);
    msg->config_epoch = epoch;
    msg->current_epoch = epoch;
    harness_receive(h, msg);
}

static void a_free_slot_goes_to_whoever_claims_it(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_peer(h, 'b', RCS_NODE_MASTER);
    claim(h, b, 0, 99, 0);
    assert_int_equal(rcs_slot_count(&h->cluster, b), 100);
    assert_int_equal(harness_fact(h, RCS_FACT_SLOTS_CLAIMED)->v[0], 100);
}

static void a_later_epoch_wins_an_equal_one_does_not(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 5), c = harness_master(h, 'c', 100, 199, 4);
    claim(h, c, 0, 199, 5);
    assert_int_equal(rcs_slot_count(&h->cluster, b), 100);
    claim(h, c, 0, 199, 6);
    assert_int_equal(rcs_slot_count(&h->cluster, b), 0);
    assert_int_equal(rcs_slot_count(&h->cluster, c), 200);
    assert_true(h->cluster.todo & RCS_TODO_FSYNC_CONFIG);
}

static void an_outdated_claim_is_answered_with_one_update(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 5), c = harness_master(h, 'c', 100, 199, 4);
    rcs_id d = harness_master(h, 'd', 200, 299, 6);
    claim(h, c, 50, 250, 4);
    assert_int_equal(harness_sent(h, RCS_BUS_UPDATE), 1);
    const struct rcs_bus_msg *update = harness_sent_msg(h, RCS_BUS_UPDATE);
    assert_int_equal(update->body.update.id, b);
    assert_int_equal(update->body.update.config_epoch, 5);
    assert_int_equal(update->body.update.slots->count, 100);
    (void)d;
}

static void an_update_is_believed_only_with_a_later_epoch(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 5), c = harness_master(h, 'c', 100, 199, 4);
    for (uint64_t epoch = 4; epoch <= 6; epoch += 2) {
        struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_UPDATE, b, 0);
        msg->body.update.id = c;
        msg->body.update.config_epoch = epoch;
        msg->body.update.slots = range(h, 0, 199);
        harness_receive(h, msg);
        assert_int_equal(rcs_slot_count(&h->cluster, c), epoch == 6 ? 200 : 100);
    }
    assert_int_equal(h->cluster.peers[c].config_epoch, 6);
}

static void an_update_about_myself_is_discarded(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id b = harness_master(h, 'b', 100, 199, 5);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_UPDATE, b, 0);
    msg->body.update.id = h->cluster.myself;
    msg->body.update.config_epoch = 6;
    msg->body.update.slots = range(h, 0, 49);
    harness_receive(h, msg);
    assert_int_equal(harness_facts(h, RCS_FACT_UPDATE_ABOUT_MYSELF), 1);
    assert_int_equal(rcs_slot_count(&h->cluster, h->cluster.myself), 100);
}

static void a_slot_no_longer_claimed_stays_bound_but_open_to_any_claim(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 5), c = harness_master(h, 'c', 100, 199, 4);
    claim(h, b, 10, 99, 5);
    assert_int_equal(rcs_slot_owner(&h->cluster, 3), b);
    claim(h, c, 3, 3, 4); /* an older epoch will do now */
    assert_int_equal(rcs_slot_owner(&h->cluster, 3), c);
    assert_int_equal(rcs_slot_owner(&h->cluster, 4), b);
    claim(h, b, 4, 99, 5); /* claimed again: protected again */
    claim(h, c, 4, 4, 4);
    assert_int_equal(rcs_slot_owner(&h->cluster, 4), b);
}

static void an_importing_slot_is_left_to_setslot(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 5), c = harness_master(h, 'c', 100, 199, 4);
    rcs_cluster_set_importing(&h->cluster, 7, b);
    claim(h, c, 0, 199, 9);
    assert_int_equal(rcs_slot_owner(&h->cluster, 7), b);
    assert_int_equal(rcs_slot_owner(&h->cluster, 8), c);
}

static void a_master_that_lost_its_last_slot_follows_the_winner(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id b = harness_master(h, 'b', 100, 199, 1);
    claim(h, b, 50, 199, 2);
    assert_true(rcs_is_master(rcs_myself(&h->cluster))); /* some are left */
    claim(h, b, 0, 199, 3);
    assert_true(rcs_is_replica(rcs_myself(&h->cluster)));
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
    assert_true(h->has_master);
    assert_int_equal(harness_facts(h, RCS_FACT_FOLLOWS_CLAIM), 1);
}

static void without_replica_migration_only_for_exactly_my_slots(void **state)
{
    struct harness *h = *state;
    h->config.allow_replica_migration = false;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id b = harness_master(h, 'b', 100, 199, 1);
    claim(h, b, 0, 199, 2);
    assert_true(rcs_is_master(rcs_myself(&h->cluster)));
}

static void a_replica_follows_who_took_its_masters_slots(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1), r = harness_replica(h, 'r', b);
    harness_follow(h, b);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PONG, r, 0);
    msg->master = RCS_ID_NONE; /* it was promoted */
    msg->config_epoch = msg->current_epoch = 2;
    harness_receive(h, msg);
    assert_int_equal(rcs_myself(&h->cluster)->master, r);
}

static void a_sub_replica_moves_to_its_grandmaster_with_any_slot_change(void **state)
{
    struct harness *h = *state;
    rcs_id a = harness_master(h, 'a', 0, 99, 1), c = harness_master(h, 'c', 100, 199, 2);
    rcs_id b = harness_peer(h, 'b', RCS_NODE_MASTER);
    harness_follow(h, b);
    h->cluster.peers[b].flags = RCS_NODE_REPLICA;
    rcs_replica_join(&h->cluster, a, b);
    claim(h, c, 100, 199, 2); /* nothing new: the chain stays */
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
    claim(h, c, 100, 200, 2);
    assert_int_equal(rcs_myself(&h->cluster)->master, a);
    assert_int_equal(harness_facts(h, RCS_FACT_FOLLOWS_GRANDMASTER), 1);
}

static void a_grandmaster_that_is_oneself_is_none(void **state)
{
    struct harness *h = *state;
    rcs_id c = harness_master(h, 'c', 100, 199, 2), b = harness_peer(h, 'b', RCS_NODE_MASTER);
    harness_follow(h, b);
    h->cluster.peers[b].flags = RCS_NODE_REPLICA;
    rcs_replica_join(&h->cluster, h->cluster.myself, b);
    claim(h, c, 100, 200, 2);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
}

static void keys_in_a_lost_slot_are_dropped_unless_the_role_changes(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    h->keys_in[5] = 2;
    rcs_id b = harness_master(h, 'b', 100, 199, 1);
    claim(h, b, 5, 6, 2);
    assert_int_equal(h->keys_in[5], 0);
    assert_int_equal(h->dropped_slots, 1);
    h->keys_in[7] = 1;
    claim(h, b, 0, 199, 3); /* now a replica: the full sync will replace the data */
    assert_int_equal(h->keys_in[7], 1);
}

static void a_master_that_says_it_is_a_replica_loses_its_slots(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1), c = harness_master(h, 'c', 100, 199, 2);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, b, 0);
    msg->master = c;
    rcs_slot_set_release(h->store, msg->slots);
    msg->slots = range(h, 100, 199); /* a replica speaks for its master */
    msg->config_epoch = 2;
    harness_receive(h, msg);
    assert_int_equal(rcs_slot_count(&h->cluster, b), 0);
    assert_int_equal(rcs_slot_owner(&h->cluster, 5), RCS_ID_NONE);
    assert_int_equal(h->cluster.peers[b].master, c);
    assert_true(h->cluster.peers[c].flags & RCS_NODE_MIGRATE_TO);
}

static void forgetting_frees_slots_and_replicas(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1), r = harness_replica(h, 'r', b);
    rcs_cluster_forget(&h->cluster, b);
    assert_int_equal(rcs_slot_owner(&h->cluster, 5), RCS_ID_NONE);
    assert_int_equal(h->cluster.peers[r].master, RCS_ID_NONE);
    assert_true(rcs_is_replica(&h->cluster.peers[r]));
    assert_null(rcs_peer_find(&h->cluster, b));
}

/* ADDSLOTS on a replica is allowed; to follow somebody with slots ends a real server, too. */
static void a_replica_with_slots_ends_when_it_is_to_follow(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1), c = harness_master(h, 'c', 100, 199, 2);
    harness_follow(h, b);
    harness_slots(h, h->cluster.myself, 200, 200);
    harness_clear(h);
    rcs_cluster_replicate(&h->cluster, c);
    const struct rcs_effect *last = &h->out.list[h->out.count - 1];
    assert_int_equal(last->kind, RCS_EFFECT_EXIT);
    assert_int_equal(last->status, 134);
    assert_int_equal(rcs_myself(&h->cluster)->master, b);
}

static void of_an_unknown_master_nothing_is_learnt(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1), r = harness_replica(h, 'r', b);
    char name[RCS_ID_LEN];
    memset(name, 'z', sizeof(name));
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, r, 0);
    msg->master = rcs_store_id(h->store, name);
    harness_receive(h, msg);
    assert_int_equal(h->cluster.peers[r].master, b);
}

/* The PONG is built behind the packet's epochs and before its news. */
static void an_answer_knows_of_the_epochs_but_not_of_the_slots(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id b = harness_master(h, 'b', 100, 199, 1);
    claim(h, b, 50, 199, 7);
    const struct rcs_bus_msg *pong = harness_sent_msg(h, RCS_BUS_PONG);
    assert_int_equal(pong->current_epoch, 7);
    assert_int_equal(pong->slots->count, 100);
    assert_int_equal(rcs_slot_count(&h->cluster, h->cluster.myself), 50);
}

static void an_update_makes_a_replica_the_master_it_is(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 5), r = harness_replica(h, 'r', b);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_UPDATE, b, 0);
    msg->body.update.id = r;
    msg->body.update.config_epoch = 6;
    msg->body.update.slots = range(h, 0, 99);
    harness_receive(h, msg);
    assert_true(rcs_is_master(&h->cluster.peers[r]));
    assert_int_equal(rcs_slot_count(&h->cluster, r), 100);
    assert_true(h->cluster.todo & RCS_TODO_FSYNC_CONFIG);
}

/* The importer's new epoch is heard by all at once. */
static void the_end_of_an_import_takes_an_epoch_and_tells_all(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id b = harness_master(h, 'b', 100, 199, 5), c = harness_master(h, 'c', 200, 299, 6);
    rcs_cluster_set_importing(&h->cluster, 150, b);
    harness_clear(h);
    rcs_cluster_set_slot_node(&h->cluster, 150, h->cluster.myself);
    assert_int_equal(rcs_slot_owner(&h->cluster, 150), h->cluster.myself);
    assert_int_equal(rcs_slot_importing_from(&h->cluster, 150), RCS_ID_NONE);
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 7);
    assert_int_equal(harness_facts(h, RCS_FACT_EPOCH_IMPORT), 1);
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 2);
    (void)c;
}

/* SETSLOT NODE goes by no epoch, and keeps the migrating mark while keys are left. */
static void setslot_node_binds_whatever_the_epochs(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 9), c = harness_master(h, 'c', 100, 199, 2);
    rcs_cluster_set_slot_node(&h->cluster, 50, c);
    assert_int_equal(rcs_slot_owner(&h->cluster, 50), c);
    assert_int_equal(h->cluster.peers[c].config_epoch, 2);
    harness_slots(h, h->cluster.myself, 200, 201);
    rcs_cluster_set_migrating(&h->cluster, 200, b);
    h->keys_in[200] = 1;
    rcs_cluster_set_slot_node(&h->cluster, 200, h->cluster.myself);
    assert_int_equal(rcs_slot_migrating_to(&h->cluster, 200), b);
    h->keys_in[200] = 0;
    rcs_cluster_set_slot_node(&h->cluster, 200, b);
    assert_int_equal(rcs_slot_migrating_to(&h->cluster, 200), RCS_ID_NONE);
}

/* The mark belongs to the slot: another owner by an order does not take it off. */
static void a_slot_given_up_stays_open_under_its_next_owner(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 5), c = harness_master(h, 'c', 100, 199, 6);
    rcs_id d = harness_master(h, 'd', 200, 299, 1);
    claim(h, b, 0, 49, 5);
    rcs_cluster_set_slot_node(&h->cluster, 70, c);
    claim(h, d, 60, 60, 1); /* an older epoch than both have */
    assert_int_equal(rcs_slot_owner(&h->cluster, 60), d);
    claim(h, d, 70, 70, 1);
    assert_int_equal(rcs_slot_owner(&h->cluster, 70), d);
    claim(h, d, 20, 20, 1); /* never given up */
    assert_int_equal(rcs_slot_owner(&h->cluster, 20), b);
}

static void who_follows_closes_its_open_slots(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    rcs_cluster_set_importing(&h->cluster, 50, b);
    harness_follow(h, b);
    assert_int_equal(rcs_slot_importing_from(&h->cluster, 50), RCS_ID_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_free_slot_goes_to_whoever_claims_it),
        WITH(a_later_epoch_wins_an_equal_one_does_not),
        WITH(an_outdated_claim_is_answered_with_one_update),
        WITH(an_update_is_believed_only_with_a_later_epoch),
        WITH(an_update_about_myself_is_discarded),
        WITH(a_slot_no_longer_claimed_stays_bound_but_open_to_any_claim),
        WITH(an_importing_slot_is_left_to_setslot),
        WITH(a_master_that_lost_its_last_slot_follows_the_winner),
        WITH(without_replica_migration_only_for_exactly_my_slots),
        WITH(a_replica_follows_who_took_its_masters_slots),
        WITH(a_sub_replica_moves_to_its_grandmaster_with_any_slot_change),
        WITH(a_grandmaster_that_is_oneself_is_none),
        WITH(keys_in_a_lost_slot_are_dropped_unless_the_role_changes),
        WITH(a_master_that_says_it_is_a_replica_loses_its_slots),
        WITH(forgetting_frees_slots_and_replicas),
        WITH(a_replica_with_slots_ends_when_it_is_to_follow),
        WITH(of_an_unknown_master_nothing_is_learnt),
        WITH(an_answer_knows_of_the_epochs_but_not_of_the_slots),
        WITH(an_update_makes_a_replica_the_master_it_is),
        WITH(the_end_of_an_import_takes_an_epoch_and_tells_all),
        WITH(setslot_node_binds_whatever_the_epochs),
        WITH(a_slot_given_up_stays_open_under_its_next_owner),
        WITH(who_follows_closes_its_open_slots),
    };
    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
