/* Who stands, after which delay, who votes and who refuses. */
#include "tests/support/cluster_harness.h"

#include <limits.h>

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static rcs_id b, c, d, r;

/* --- the candidate: this node replicates b, whose other replica is r; c and d are masters ----- */

static struct harness *candidate(void **state)
{
    struct harness *h = *state;
    harness_candidate(h, &b, &c, &d, &r);
    return h;
}

static void vote(struct harness *h, rcs_id voter)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_AUTH_ACK, voter, 0);
    msg->current_epoch = h->cluster.current_epoch;
    harness_receive(h, msg);
}

static int scheduled_delay(struct harness *h)
{
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_ELECTION_DELAYED);
    assert_non_null(fact);
    return (int)fact->v[0];
}

static void nothing_happens_while_the_master_is_only_suspected(void **state)
{
    struct harness *h = candidate(state);
    h->cluster.peers[b].flags |= RCS_NODE_PFAIL;
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
}

static void the_delay_is_half_a_second_and_a_random_part(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, b);
    harness_cron(h);
    int delay = scheduled_delay(h);
    assert_true(delay >= 500 && delay <= 999);
    assert_int_equal(harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[1], 0);
    /* my offset goes to the sibling and to my master, and to nobody else */
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 1);
    harness_clear(h);
    harness_later(h, delay - 1);
    harness_cron(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 0);
    harness_later(h, 1);
    uint64_t epoch = h->cluster.current_epoch;
    harness_cron(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 4);
    const struct rcs_bus_msg *request = harness_sent_msg(h, RCS_BUS_AUTH_REQUEST);
    assert_int_equal(request->current_epoch, epoch + 1);
    assert_int_equal(request->config_epoch, 1);
    assert_int_equal(request->slots->count, 100);
    assert_int_equal(request->mflags, 0);
}

/* So that ranks are true when the time comes; nobody else is told. */
static void siblings_hear_my_offset_when_an_election_is_scheduled(void **state)
{
    struct harness *h = candidate(state);
    h->offset = 1234;
    harness_fail(h, c, b);
    harness_clear(h);
    harness_cron(h);
    (void)scheduled_delay(h);
    unsigned told = 0;
    for (size_t i = 0; i < h->out.count; i++) {
        const struct rcs_effect *effect = &h->out.list[i];
        if (effect->kind == RCS_EFFECT_BUS_SEND && effect->bus_msg->type == RCS_BUS_PONG) {
            assert_int_equal(effect->link, r);
            assert_int_equal(effect->bus_msg->offset, 1234);
            told++;
        }
    }
    assert_int_equal(told, 1);
}

static void every_delay_from_500_to_999_ms_comes(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, b);
    int least = INT_MAX, most = 0;
    for (int i = 0; i < 5000; i++) {
        h->cluster.auth_ms = (int64_t)h->cluster.now_ms - 100000;
        harness_clear(h);
        harness_cron(h);
        int delay = scheduled_delay(h);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_int_equal(least, 500);
    assert_int_equal(most, 999);
}

static void a_sibling_ahead_costs_a_second(void **state)
{
    struct harness *h = candidate(state);
    h->cluster.peers[r].repl_offset = 1001;
    harness_fail(h, c, b);
    harness_cron(h);
    int delay = scheduled_delay(h);
    assert_true(delay >= 1500 && delay <= 1999);
    assert_int_equal(harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[1], 1);
}

static void a_sibling_that_may_not_stand_is_not_counted(void **state)
{
    struct harness *h = candidate(state);
    h->cluster.peers[r].repl_offset = 1001;
    h->cluster.peers[r].flags |= RCS_NODE_NOFAILOVER;
    harness_fail(h, c, b);
    harness_cron(h);
    assert_int_equal(harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[1], 0);
}

static void the_rank_can_only_rise(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, b);
    harness_cron(h);
    int64_t start = h->cluster.auth_ms;
    h->cluster.peers[r].repl_offset = 1001;
    harness_cron(h);
    assert_int_equal(h->cluster.auth_ms, start + 1000);
    assert_int_equal(harness_fact(h, RCS_FACT_ELECTION_RANK)->v[0], 1);
    h->cluster.peers[r].repl_offset = 999;
    harness_cron(h);
    assert_int_equal(h->cluster.auth_ms, start + 1000);
}

static void run_for_office(struct harness *h)
{
    harness_fail(h, c, b);
    harness_cron(h);
    harness_later(h, scheduled_delay(h));
    harness_cron(h);
    assert_true(h->cluster.auth_sent);
    harness_clear(h);
}

static void a_majority_of_votes_wins(void **state)
{
    struct harness *h = candidate(state);
    run_for_office(h);
    vote(h, c);
    harness_sleep(h);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_WON));
    vote(h, d);
    harness_sleep(h);
    assert_non_null(harness_fact(h, RCS_FACT_ELECTION_WON));
    assert_int_equal(harness_fact(h, RCS_FACT_ELECTION_WON)->v[0], 2);
    assert_true(rcs_is_master(rcs_myself(&h->cluster)));
    assert_false(h->has_master);
    assert_int_equal(rcs_slot_count(&h->cluster, h->cluster.myself), 100);
    assert_int_equal(rcs_slot_count(&h->cluster, b), 0);
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, h->cluster.current_epoch);
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 4); /* everybody is told */
}

static void votes_of_replicas_and_of_masters_without_slots_do_not_count(void **state)
{
    struct harness *h = candidate(state);
    rcs_id e = harness_peer(h, 'e', RCS_NODE_MASTER);
    run_for_office(h);
    vote(h, r);
    vote(h, e);
    assert_int_equal(h->cluster.auth_count, 0);
    struct rcs_bus_msg *old = harness_msg(h, RCS_BUS_AUTH_ACK, c, 0);
    old->current_epoch = h->cluster.auth_epoch - 1;
    harness_receive(h, old);
    assert_int_equal(h->cluster.auth_count, 0);
}

/* Real servers ask neither who voted before nor whether an election is under way. */
static void votes_are_counted_twice_and_without_an_election(void **state)
{
    struct harness *h = candidate(state);
    vote(h, c);
    vote(h, c);
    assert_int_equal(h->cluster.auth_count, 2);
}

static void a_lost_election_is_tried_again_after_four_seconds(void **state)
{
    struct harness *h = candidate(state);
    run_for_office(h);
    int64_t start = h->cluster.auth_ms;
    harness_later(h, (int)(start + 4000 - h->cluster.now_ms)); /* node timeout 1000: 2 x 2000 */
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
    harness_later(h, 1);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
}

static void too_old_data_does_not_stand(void **state)
{
    struct harness *h = candidate(state);
    h->data_age_ms = 1000 + 10000 + 10 * 1000; /* timeout + ping period + factor * timeout */
    harness_fail(h, c, b);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
    harness_clear(h);

    h->cluster.auth_ms = 0;
    h->data_age_ms += 1000;
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
    assert_int_equal(h->cluster.cant_reason, RCS_CANT_DATA_AGE);
    h->config.replica_validity_factor = 0;
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
}

static void no_failover_means_no_automatic_one(void **state)
{
    struct harness *h = candidate(state);
    h->config.replica_no_failover = true;
    harness_fail(h, c, b);
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
}

static void a_master_without_slots_is_not_replaced(void **state)
{
    struct harness *h = candidate(state);
    rcs_slots_drop(&h->cluster, b);
    harness_fail(h, c, b);
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
}

static void why_it_cannot_is_said_late_and_seldom(void **state)
{
    struct harness *h = candidate(state);
    run_for_office(h);
    int64_t failed = h->cluster.peers[b].fail_ms;
    harness_cron(h);
    assert_int_equal(h->cluster.cant_reason, RCS_CANT_WAITING_VOTES);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_BLOCKED)); /* normal failovers are silent */
    harness_later(h, (int)(failed + 6000 - 1 - h->cluster.now_ms));
    h->cluster.auth_ms = h->cluster.now_ms - 2001; /* the attempt is over */
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_ELECTION_BLOCKED));
    harness_later(h, 1);
    h->cluster.cant_reason = RCS_CANT_NONE;
    harness_cron(h);
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_ELECTION_BLOCKED);
    assert_non_null(fact);
    assert_string_equal(fact->text[0], "Failover attempt expired.");
    harness_cron(h);
    assert_int_equal(harness_facts(h, RCS_FACT_ELECTION_BLOCKED), 1);
}

/* --- the voter: this node and c, d are masters; r replicates b -------------------------------- */

static struct harness *voter(void **state)
{
    struct harness *h = *state;
    harness_voter(h, &b, &c, &r);
    return h;
}

static struct rcs_bus_msg *request(struct harness *h)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_AUTH_REQUEST, r, 0);
    msg->current_epoch = 8;
    return msg;
}

static void refused(struct harness *h, struct rcs_bus_msg *msg, enum rcs_fact_code code)
{
    harness_receive(h, msg);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 0);
    assert_int_equal(harness_facts(h, code), 1);
}

static void the_vote_goes_to_the_replica_of_a_failed_master(void **state)
{
    struct harness *h = voter(state);
    harness_receive(h, request(h));
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 1);
    assert_int_equal(harness_sent_msg(h, RCS_BUS_AUTH_ACK)->current_epoch, 8);
    assert_int_equal(h->cluster.last_vote_epoch, 8);
    assert_int_equal(harness_fact(h, RCS_FACT_VOTE_GRANTED)->v[0], 8);
    /* it is on disk before it leaves: beforeSleep writes with fsync */
    assert_true(h->cluster.todo & RCS_TODO_FSYNC_CONFIG);
}

static void refused_for_an_old_epoch(void **state)
{
    struct harness *h = voter(state);
    struct rcs_bus_msg *msg = request(h);
    msg->current_epoch = 6;
    refused(h, msg, RCS_FACT_VOTE_OLD_EPOCH);
    msg = request(h);
    msg->current_epoch = 7; /* the own epoch will do */
    harness_receive(h, msg);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 1);
}

static void refused_twice_in_an_epoch(void **state)
{
    struct harness *h = voter(state);
    h->cluster.last_vote_epoch = 8;
    refused(h, request(h), RCS_FACT_VOTE_TWICE);
}

static void refused_while_the_master_is_up(void **state)
{
    struct harness *h = voter(state);
    h->cluster.peers[b].flags &= (uint16_t)~RCS_NODE_FAIL;
    refused(h, request(h), RCS_FACT_VOTE_MASTER_UP);
    struct rcs_bus_msg *forced = request(h);
    forced->mflags = RCS_MFLAG_FORCEACK;
    harness_receive(h, forced);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 1);
}

static void refused_to_a_master(void **state)
{
    struct harness *h = voter(state);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_AUTH_REQUEST, c, 0);
    msg->current_epoch = 8;
    refused(h, msg, RCS_FACT_VOTE_IS_MASTER);
}

static void refused_without_a_known_master(void **state)
{
    struct harness *h = voter(state);
    rcs_replica_leave(&h->cluster, r);
    struct rcs_bus_msg *msg = request(h);
    refused(h, msg, RCS_FACT_VOTE_NO_MASTER);
}

static void refused_within_two_timeouts_of_the_last_vote_for_that_master(void **state)
{
    struct harness *h = voter(state);
    h->cluster.peers[b].voted_ms = h->cluster.now_ms - 1999;
    refused(h, request(h), RCS_FACT_VOTE_TOO_SOON);
    assert_int_equal(harness_fact(h, RCS_FACT_VOTE_TOO_SOON)->v[0], 1);
    harness_later(h, 1);
    harness_receive(h, request(h));
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 1);
}

static void refused_for_slots_that_others_own_by_a_later_epoch(void **state)
{
    struct harness *h = voter(state);
    struct rcs_bus_msg *msg = request(h);
    msg->config_epoch = 3; /* b's slots are known at 4 */
    refused(h, msg, RCS_FACT_VOTE_SLOT_EPOCH);
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_VOTE_SLOT_EPOCH);
    assert_int_equal(fact->v[0], 100);
    assert_int_equal(fact->v[1], 4);
    assert_int_equal(fact->v[2], 3);
}

static void a_master_without_slots_has_no_vote(void **state)
{
    struct harness *h = voter(state);
    rcs_slots_drop(&h->cluster, h->cluster.myself);
    harness_receive(h, request(h));
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 0);
    assert_int_equal(h->cluster.last_vote_epoch, 6);
}

static void without_a_link_the_vote_is_spent_all_the_same(void **state)
{
    struct harness *h = voter(state);
    rcs_link_close(&h->cluster, r);
    harness_receive(h, request(h));
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 0);
    assert_int_equal(h->cluster.last_vote_epoch, 8);
}

/* --- what is written down --------------------------------------------------------------------- */

static void a_started_election_is_saved_with_an_fsync(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, b);
    harness_cron(h);
    harness_sleep(h);
    harness_later(h, scheduled_delay(h));
    rcs_cluster_cron(&h->cluster);
    assert_true(h->cluster.auth_sent);
    assert_int_equal(h->cluster.todo & (RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG),
                     RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
}

static void a_winner_saves_and_tells_everybody(void **state)
{
    struct harness *h = candidate(state);
    run_for_office(h);
    harness_clear(h);
    vote(h, c);
    vote(h, d);
    harness_sleep(h);
    assert_true(rcs_is_master(rcs_myself(&h->cluster)));
    assert_false(h->has_master);
    assert_int_equal(rcs_slot_count(&h->cluster, h->cluster.myself), 100);
    size_t save = 0, pong = 0;
    for (size_t i = 0; i < h->out.count; i++) {
        const struct rcs_effect *effect = &h->out.list[i];
        if (save == 0 && effect->kind == RCS_EFFECT_SAVE_CONFIG) {
            assert_true(effect->fsync);
            save = i + 1;
        }
        if (pong == 0 && effect->kind == RCS_EFFECT_BUS_SEND) {
            assert_int_equal(effect->bus_msg->type, RCS_BUS_PONG);
            pong = i + 1;
        }
    }
    assert_true(save > 0 && pong > save);
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 4);
}

/* Winning is no vote: Redis 7.0.15, asked with such a request in the epoch that it had won, gave
 * its vote, so that an epoch's election can have two winners. */
static void a_winner_may_vote_in_the_epoch_it_won(void **state)
{
    struct harness *h = candidate(state);
    run_for_office(h);
    vote(h, c);
    vote(h, d);
    harness_sleep(h);
    uint64_t won = h->cluster.current_epoch;
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, won);
    assert_int_equal(h->cluster.last_vote_epoch, 0);
    harness_clear(h);
    h->cluster.peers[r].master = c;
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_AUTH_REQUEST, r, 0);
    msg->mflags = RCS_MFLAG_FORCEACK;
    msg->current_epoch = won;
    harness_receive(h, msg);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_ACK), 1);
    assert_int_equal(h->cluster.last_vote_epoch, won);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(nothing_happens_while_the_master_is_only_suspected),
        WITH(the_delay_is_half_a_second_and_a_random_part),
        WITH(siblings_hear_my_offset_when_an_election_is_scheduled),
        WITH(every_delay_from_500_to_999_ms_comes),
        WITH(a_sibling_ahead_costs_a_second),
        WITH(a_sibling_that_may_not_stand_is_not_counted),
        WITH(the_rank_can_only_rise),
        WITH(a_majority_of_votes_wins),
        WITH(votes_of_replicas_and_of_masters_without_slots_do_not_count),
        WITH(votes_are_counted_twice_and_without_an_election),
        WITH(a_lost_election_is_tried_again_after_four_seconds),
        WITH(too_old_data_does_not_stand),
        WITH(no_failover_means_no_automatic_one),
        WITH(a_master_without_slots_is_not_replaced),
        WITH(why_it_cannot_is_said_late_and_seldom),
        WITH(the_vote_goes_to_the_replica_of_a_failed_master),
        WITH(refused_for_an_old_epoch),
        WITH(refused_twice_in_an_epoch),
        WITH(refused_while_the_master_is_up),
        WITH(refused_to_a_master),
        WITH(refused_without_a_known_master),
        WITH(refused_within_two_timeouts_of_the_last_vote_for_that_master),
        WITH(refused_for_slots_that_others_own_by_a_later_epoch),
        WITH(a_master_without_slots_has_no_vote),
        WITH(without_a_link_the_vote_is_spent_all_the_same),
        WITH(a_started_election_is_saved_with_an_fsync),
        WITH(a_winner_saves_and_tells_everybody),
        WITH(a_winner_may_vote_in_the_epoch_it_won),
    };
    return cmocka_run_group_tests_name("election", tests, NULL, NULL);
}
