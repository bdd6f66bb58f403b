/* What each decision says that it weighed: the numbers are those of the rule, and other numbers
 * give another cause. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static rcs_id b, c, d, r;

static void said(struct harness *h, enum rcs_fact_code code, int64_t v0, int64_t v1, int64_t v2)
{
    const struct rcs_fact *fact = harness_fact(h, code);
    assert_non_null(fact);
    assert_int_equal(fact->v[0], v0);
    assert_int_equal(fact->v[1], v1);
    assert_int_equal(fact->v[2], v2);
}

static void said_of(struct harness *h, enum rcs_fact_code code, rcs_id about, rcs_id by)
{
    const struct rcs_fact *fact = harness_fact(h, code);
    assert_non_null(fact);
    assert_int_equal(fact->about, about);
    assert_int_equal(fact->by, by);
}

/* Stands in front of the decision, in the same step. */
static void in_front(struct harness *h, enum rcs_fact_code cause, enum rcs_fact_code decision)
{
    const struct rcs_fact *first = harness_fact(h, cause), *second = harness_fact(h, decision);
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second);
}

/* This node replicates b, whose other replica is r; c and d are masters. */
static struct harness *candidate(void **state)
{
    struct harness *h = *state;
    harness_candidate(h, &b, &c, &d, &r);
    return h;
}

static void gossip_that_fails(struct harness *h, rcs_id from, rcs_id about)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, from, 1);
    harness_gossip(msg, about, RCS_NODE_MASTER | RCS_NODE_PFAIL, 0);
    harness_receive(h, msg);
}

/* --- FAIL ------------------------------------------------------------------------------------- */

static void too_few_reports_are_counted_and_the_last_one_named(void **state)
{
    struct harness *h = candidate(state);
    h->cluster.peers[b].flags |= RCS_NODE_PFAIL;
    gossip_that_fails(h, c, b);
    said(h, RCS_FACT_CAUSE_FAIL_SHORT, 1, 2, 3);
    said_of(h, RCS_FACT_CAUSE_FAIL_SHORT, b, c);
    assert_null(harness_fact(h, RCS_FACT_FAIL_QUORUM));
    harness_clear(h);
    gossip_that_fails(h, c, b); /* nothing new: nothing is said */
    assert_null(harness_fact(h, RCS_FACT_CAUSE_FAIL_SHORT));
    harness_later(h, 150);
    gossip_that_fails(h, d, b);
    in_front(h, RCS_FACT_CAUSE_REPORT, RCS_FACT_FAIL_QUORUM);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_REPORT), 2);
    said(h, RCS_FACT_CAUSE_REPORT, 150, 0, 0); /* the first: c's, and how old it is */
    said_of(h, RCS_FACT_CAUSE_REPORT, b, c);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_OWN_REPORT)); /* a replica's opinion counts not */
}

static void a_master_counts_itself(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    b = harness_master(h, 'b', 100, 199, 1);
    c = harness_master(h, 'c', 200, RCS_SLOTS - 1, 2);
    rcs_state_update(&h->cluster);
    h->cluster.size = 3;
    h->cluster.peers[b].flags |= RCS_NODE_PFAIL;
    gossip_that_fails(h, c, b);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_REPORT), 1);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_OWN_REPORT), 1);
}

static void fail_of_a_master_with_slots_is_kept_for_two_timeouts(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, c);
    harness_later(h, 2000);
    rcs_fail_clear(&h->cluster, c);
    said(h, RCS_FACT_CAUSE_FAIL_KEPT, 2000, 2000, 0);
    assert_null(harness_fact(h, RCS_FACT_FAIL_CLEARED_MASTER));
    harness_clear(h);
    harness_later(h, 1);
    rcs_fail_clear(&h->cluster, c);
    said(h, RCS_FACT_CAUSE_FAIL_UNDO, 2001, 2000, 0);
    in_front(h, RCS_FACT_CAUSE_FAIL_UNDO, RCS_FACT_FAIL_CLEARED_MASTER);
}

static void fail_of_a_replica_is_cleared_at_once(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, r);
    harness_later(h, 7);
    rcs_fail_clear(&h->cluster, r);
    assert_int_equal(harness_fact(h, RCS_FACT_CAUSE_FAIL_REPLICA)->v[0], 7);
    rcs_slots_drop(&h->cluster, d);
    harness_fail(h, c, d);
    rcs_fail_clear(&h->cluster, d);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_FAIL_EMPTY));
}

/* --- why no election -------------------------------------------------------------------------- */

static void a_suspected_master_is_no_reason_to_stand(void **state)
{
    struct harness *h = candidate(state);
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_STAND_SUSPECTED)); /* nothing is wrong */
    h->cluster.peers[b].flags |= RCS_NODE_PFAIL;
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_STAND_SUSPECTED, 0, 2, 3);
    harness_cron(h);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_STAND_SUSPECTED), 1); /* once */
    harness_clear(h);
    gossip_that_fails(h, c, b);
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_STAND_SUSPECTED, 1, 2, 3); /* the number changed */
}

static void switched_off(void **state)
{
    struct harness *h = candidate(state);
    h->config.replica_no_failover = true;
    harness_fail(h, c, b);
    harness_cron(h);
    said_of(h, RCS_FACT_CAUSE_STAND_FORBIDDEN, b, RCS_ID_NONE);
    h->config.replica_no_failover = false;
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_DELAY_PARTS));
}

static void nothing_to_take_over(void **state)
{
    struct harness *h = candidate(state);
    rcs_slots_drop(&h->cluster, b);
    harness_fail(h, c, b);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_STAND_EMPTY));
    rcs_replica_leave(&h->cluster, h->cluster.myself);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_STAND_UNKNOWN));
}

static void data_too_old(void **state)
{
    struct harness *h = candidate(state);
    h->config.replica_validity_factor = 3;
    h->data_age_ms = 14001;
    harness_fail(h, c, b);
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_STAND_OLD, 14001, 1000, 13000); /* 10 s ping period + 3 x 1000 ms */
    said(h, RCS_FACT_CAUSE_STAND_LIMIT, 10000, 1000, 3);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_DATA_AGE));
    harness_clear(h);
    h->data_age_ms = 14000;
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_STAND_OLD));
    said(h, RCS_FACT_CAUSE_DATA_AGE, 14000, 1000, 13000);
}

static void any_age_will_do(void **state)
{
    struct harness *h = candidate(state);
    h->config.replica_validity_factor = 0;
    h->data_age_ms = 500;
    harness_fail(h, c, b);
    harness_cron(h);
    assert_int_equal(harness_fact(h, RCS_FACT_CAUSE_DATA_ANY_AGE)->v[0], 500);
}

/* --- the delay -------------------------------------------------------------------------------- */

static void the_parts_add_up(void **state)
{
    struct harness *h = candidate(state);
    h->cluster.peers[r].repl_offset = 1001;
    harness_fail(h, c, b);
    harness_cron(h);
    const struct rcs_fact *parts = harness_fact(h, RCS_FACT_CAUSE_DELAY_PARTS);
    in_front(h, RCS_FACT_CAUSE_DELAY_PARTS, RCS_FACT_ELECTION_DELAYED);
    assert_int_equal(parts->v[0], 500);
    assert_in_range(parts->v[1], 0, 499);
    assert_int_equal(parts->v[2], 1000);
    assert_int_equal(parts->v[0] + parts->v[1] + parts->v[2],
                     harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[0]);
    said(h, RCS_FACT_CAUSE_RANK_AHEAD, 1001, 1000, 0);
    said_of(h, RCS_FACT_CAUSE_RANK_AHEAD, r, RCS_ID_NONE);
}

static void who_does_not_raise_the_rank_is_named_too(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, b);
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_RANK_BEHIND, 1000, 1000, 0);
    assert_int_equal(harness_fact(h, RCS_FACT_CAUSE_DELAY_PARTS)->v[2], 0);
    harness_clear(h);
    h->cluster.peers[r].flags |= RCS_NODE_NOFAILOVER;
    h->cluster.auth_ms = 0;
    harness_cron(h);
    said_of(h, RCS_FACT_CAUSE_RANK_SKIPPED, r, RCS_ID_NONE);
}

static void until_the_election_begins(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, b);
    harness_cron(h);
    int64_t delay_ms = harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[0];
    harness_later(h, 100);
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_STAND_DELAY, delay_ms - 100, 0, 0);
}

/* --- votes asked for -------------------------------------------------------------------------- */

static struct harness *standing(void **state)
{
    struct harness *h = candidate(state);
    harness_fail(h, c, b);
    harness_cron(h);
    harness_later(h, (int)harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[0]);
    harness_clear(h);
    return h;
}

static void who_is_asked_and_who_cannot_be(void **state)
{
    struct harness *h = standing(state);
    rcs_link_close(&h->cluster, d);
    harness_cron(h);
    in_front(h, RCS_FACT_CAUSE_VOTE_ASKED, RCS_FACT_ELECTION_STARTED);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_VOTE_ASKED) +
                         harness_facts(h, RCS_FACT_CAUSE_VOTE_NOT_ASKED),
                     3);
    said(h, RCS_FACT_CAUSE_VOTERS, 3, (int64_t)h->cluster.auth_epoch, 0);
}

static void vote(struct harness *h, rcs_id voter, uint64_t epoch)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_AUTH_ACK, voter, 0);
    msg->current_epoch = epoch;
    harness_receive(h, msg);
}

static void votes_that_are_missing_and_that_do_not_count(void **state)
{
    struct harness *h = standing(state);
    harness_cron(h);
    uint64_t epoch = h->cluster.auth_epoch;
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_STAND_VOTES, 0, 2, (int64_t)epoch);
    harness_clear(h);
    vote(h, r, epoch);
    said(h, RCS_FACT_CAUSE_VOTE_UNCOUNTED, (int64_t)epoch, (int64_t)epoch, 0); /* a replica */
    harness_clear(h);
    vote(h, c, epoch - 1);
    said(h, RCS_FACT_CAUSE_VOTE_UNCOUNTED, (int64_t)epoch - 1, (int64_t)epoch, 100);
    vote(h, c, epoch);
    harness_sleep(h);
    said(h, RCS_FACT_CAUSE_STAND_VOTES, 1, 2, (int64_t)epoch);
    harness_clear(h);
    harness_later(h, 2001);
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_STAND_EXPIRED, 2001, 2000, 4000);
    said(h, RCS_FACT_CAUSE_STAND_VOTES, 1, 2, (int64_t)epoch);
}

static void how_much_the_winner_lacks(void **state)
{
    struct harness *h = standing(state);
    h->cluster.peers[b].repl_offset = 1040;
    harness_cron(h);
    vote(h, c, h->cluster.auth_epoch);
    vote(h, d, h->cluster.auth_epoch);
    harness_sleep(h);
    said(h, RCS_FACT_CAUSE_PROMOTED_OFFSET, 1000, 1040, 40);
    in_front(h, RCS_FACT_CAUSE_PROMOTED_OFFSET, RCS_FACT_PROMOTED);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_EPOCH_STALE));
}

static void an_old_election_won_again_gives_no_epoch(void **state)
{
    struct harness *h = standing(state);
    harness_cron(h);
    uint64_t epoch = h->cluster.auth_epoch;
    rcs_myself(&h->cluster)->config_epoch = epoch + 1;
    vote(h, c, epoch);
    vote(h, d, epoch);
    harness_sleep(h);
    said(h, RCS_FACT_CAUSE_EPOCH_STALE, (int64_t)epoch, (int64_t)epoch + 1, 0);
}

/* --- votes given and refused ------------------------------------------------------------------ */

/* This node, b and c are masters; r replicates b, which failed. */
static struct harness *voter(void **state)
{
    struct harness *h = *state;
    harness_voter(h, &b, &c, &r);
    return h;
}

static void ask(struct harness *h, rcs_id by, uint64_t epoch, uint64_t config_epoch)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_AUTH_REQUEST, by, 0);
    msg->current_epoch = epoch;
    msg->config_epoch = config_epoch;
    harness_receive(h, msg);
}

static void granted(void **state)
{
    struct harness *h = voter(state);
    ask(h, r, 8, 4);
    said(h, RCS_FACT_CAUSE_VOTE_WEIGHED, 8, 8, 6);
    in_front(h, RCS_FACT_CAUSE_VOTE_WEIGHED, RCS_FACT_VOTE_GRANTED);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_VOTE_UNSENT));
}

static void granted_and_never_sent(void **state)
{
    struct harness *h = voter(state);
    rcs_link_close(&h->cluster, r);
    ask(h, r, 8, 4);
    assert_int_equal(harness_fact(h, RCS_FACT_CAUSE_VOTE_UNSENT)->v[0], 8);
}

static void rule_epoch(void **state)
{
    struct harness *h = voter(state);
    ask(h, r, 6, 4);
    said(h, RCS_FACT_CAUSE_VOTE_OLD_EPOCH, 6, 7, 0);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_VOTE_WEIGHED));
}

static void rule_once(void **state)
{
    struct harness *h = voter(state);
    h->cluster.last_vote_epoch = 8;
    ask(h, r, 8, 4);
    said(h, RCS_FACT_CAUSE_VOTE_SPENT, 8, 8, 0);
}

static void rule_master(void **state)
{
    struct harness *h = voter(state);
    ask(h, c, 8, 5);
    said_of(h, RCS_FACT_CAUSE_VOTE_OF_MASTER, c, RCS_ID_NONE);
    rcs_replica_leave(&h->cluster, r);
    ask(h, r, 8, 4);
    said_of(h, RCS_FACT_CAUSE_VOTE_MASTERLESS, r, RCS_ID_NONE);
}

static void rule_master_up(void **state)
{
    struct harness *h = voter(state);
    h->cluster.peers[b].flags &= (uint16_t)~RCS_NODE_FAIL;
    ask(h, r, 8, 4);
    said(h, RCS_FACT_CAUSE_VOTE_MASTER_UP, 0, 0, 0);
    said_of(h, RCS_FACT_CAUSE_VOTE_MASTER_UP, b, r);
    harness_clear(h);
    h->cluster.peers[b].flags |= RCS_NODE_PFAIL;
    ask(h, r, 8, 4);
    said(h, RCS_FACT_CAUSE_VOTE_MASTER_UP, RCS_NODE_PFAIL, 0, 0);
}

static void rule_spacing(void **state)
{
    struct harness *h = voter(state);
    h->cluster.peers[b].voted_ms = h->cluster.now_ms - 1999;
    ask(h, r, 8, 4);
    said(h, RCS_FACT_CAUSE_VOTE_SPACING, 1999, 2000, 0);
    said_of(h, RCS_FACT_CAUSE_VOTE_SPACING, b, r);
}

static void rule_owner(void **state)
{
    struct harness *h = voter(state);
    ask(h, r, 8, 3);
    said(h, RCS_FACT_CAUSE_VOTE_OWNER, 100, 4, 3);
    said_of(h, RCS_FACT_CAUSE_VOTE_OWNER, b, r);
}

static void no_vote_to_give(void **state)
{
    struct harness *h = voter(state);
    rcs_slots_drop(&h->cluster, h->cluster.myself);
    ask(h, r, 8, 4);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_VOTE_NO_SLOTS));
    harness_follow(h, c);
    ask(h, r, 8, 4);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_VOTE_REPLICA));
}

/* --- manual failover -------------------------------------------------------------------------- */

static void stuck_without_an_offset(void **state)
{
    struct harness *h = candidate(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_PLAIN);
    harness_later(h, 5001);
    harness_cron(h);
    assert_int_equal(harness_fact(h, RCS_FACT_CAUSE_MF_NO_OFFSET)->v[0], 5001);
    in_front(h, RCS_FACT_CAUSE_MF_NO_OFFSET, RCS_FACT_MF_TIMEOUT);
}

static void stuck_behind(void **state)
{
    struct harness *h = candidate(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_PLAIN);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, b, 0);
    msg->mflags |= RCS_MFLAG_PAUSED;
    msg->offset = 1500;
    harness_receive(h, msg);
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_MF_BEHIND, 1000, 1500, 0);
    harness_cron(h);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_MF_BEHIND), 1);
    harness_clear(h);
    harness_later(h, 5001);
    harness_cron(h);
    in_front(h, RCS_FACT_CAUSE_MF_BEHIND, RCS_FACT_MF_TIMEOUT);
}

static void stuck_without_votes(void **state)
{
    struct harness *h = candidate(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_FORCE);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_DELAY_NONE));
    assert_null(harness_fact(h, RCS_FACT_CAUSE_DELAY_PARTS));
    harness_cron(h);
    harness_clear(h);
    harness_later(h, 5001);
    harness_cron(h);
    said(h, RCS_FACT_CAUSE_MF_NO_VOTES, 0, 2, (int64_t)h->cluster.auth_epoch);
}

static void the_master_does_not_know_its_replica(void **state)
{
    struct harness *h = voter(state);
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, r, 0));
    said_of(h, RCS_FACT_CAUSE_MF_NOT_REPLICA, r, b);
    assert_null(harness_fact(h, RCS_FACT_MF_REQUESTED));
    rcs_replica_leave(&h->cluster, r);
    rcs_replica_join(&h->cluster, h->cluster.myself, r);
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, r, 0));
    assert_non_null(harness_fact(h, RCS_FACT_MF_REQUESTED));
    harness_later(h, 5001);
    harness_cron(h);
    assert_int_equal(harness_fact(h, RCS_FACT_CAUSE_MF_NO_CLAIM)->v[0], 5001);
}

/* --- epochs and slots ------------------------------------------------------------------------- */

static void the_greater_id_keeps_its_epoch(void **state)
{
    struct harness *h = *state;
    b = harness_master(h, 'z', 0, 99, 3);
    rcs_myself(&h->cluster)->config_epoch = 3;
    h->cluster.current_epoch = 3;
    rcs_epoch_collision(&h->cluster, b);
    in_front(h, RCS_FACT_CAUSE_EPOCH_SAME, RCS_FACT_EPOCH_COLLISION);
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_CAUSE_EPOCH_SAME);
    assert_int_equal(fact->v[0], 3);
    assert_true(strcmp(fact->text[0], fact->text[1]) < 0);
}

static void the_greatest_epoch_is_kept(void **state)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 0, 99, 9);
    rcs_myself(&h->cluster)->config_epoch = 4;
    h->cluster.current_epoch = 7;
    assert_true(rcs_epoch_bump(&h->cluster));
    said(h, RCS_FACT_CAUSE_EPOCH_MAX, 4, 9, 7);
    rcs_myself(&h->cluster)->config_epoch = 9;
    assert_false(rcs_epoch_bump(&h->cluster));
    said(h, RCS_FACT_CAUSE_EPOCH_KEPT, 9, 9, 0);
}

static void claim(struct harness *h, rcs_id by, rcs_id slots_of, uint64_t epoch)
{
    const struct rcs_slot_set *slots = rcs_slots_of(&h->cluster, slots_of);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, by, 0);
    struct rcs_slot_words words = slots->words;
    msg->slots = rcs_store_slots(h->store, &words);
    msg->config_epoch = epoch;
    harness_receive(h, msg);
}

static void who_had_the_slots_and_with_which_epoch(void **state)
{
    struct harness *h = candidate(state);
    claim(h, d, b, 0); /* d's own epoch is 3, its claim says 0: b's 1 is ahead */
    said(h, RCS_FACT_CAUSE_SLOTS_KEPT, 0, 1, 0);
    said_of(h, RCS_FACT_CAUSE_SLOTS_KEPT, d, b);
    harness_clear(h);
    claim(h, c, b, 6);
    said(h, RCS_FACT_CAUSE_SLOTS_FROM, 100, 1, 6);
    said_of(h, RCS_FACT_CAUSE_SLOTS_FROM, c, b);
    said(h, RCS_FACT_CAUSE_SLOTS_LOST, 100, 0, 0);
    in_front(h, RCS_FACT_CAUSE_SLOTS_LOST, RCS_FACT_FOLLOWS_CLAIM);
}

/* --- cluster_state ---------------------------------------------------------------------------- */

static void a_minority_and_who_is_not_reached(void **state)
{
    struct harness *h = candidate(state);
    rcs_state_update(&h->cluster);
    assert_true(h->cluster.state_ok);
    harness_clear(h);
    h->cluster.peers[c].flags |= RCS_NODE_PFAIL;
    h->cluster.peers[d].flags |= RCS_NODE_PFAIL;
    rcs_state_update(&h->cluster);
    said(h, RCS_FACT_CAUSE_STATE_MINORITY, 1, 2, 2);
    assert_int_equal(harness_facts(h, RCS_FACT_CAUSE_STATE_UNREACHED), 2);
    assert_int_equal(harness_fact(h, RCS_FACT_CAUSE_STATE_UNREACHED)->v[0], RCS_NODE_PFAIL);
    in_front(h, RCS_FACT_CAUSE_STATE_MINORITY, RCS_FACT_STATE_FAIL);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_STATE_UNCOVERED));
    harness_clear(h);
    h->cluster.peers[d].flags &= (uint16_t)~RCS_NODE_PFAIL;
    rcs_state_update(&h->cluster);
    said(h, RCS_FACT_CAUSE_STATE_MAJORITY, 2, 2, 3);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_STATE_REPLICA));
}

static void slots_nobody_serves(void **state)
{
    struct harness *h = candidate(state);
    rcs_state_update(&h->cluster);
    harness_clear(h);
    h->cluster.peers[b].flags |= RCS_NODE_FAIL;
    rcs_state_update(&h->cluster);
    said(h, RCS_FACT_CAUSE_STATE_UNCOVERED, 100, 0, 1);
    h->config.require_full_coverage = false;
    harness_clear(h);
    rcs_state_update(&h->cluster);
    assert_null(harness_fact(h, RCS_FACT_CAUSE_STATE_UNCOVERED));
    assert_true(h->cluster.state_ok);
}

static void a_master_waits_after_its_start_and_after_a_minority(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    b = harness_master(h, 'b', 100, 199, 1);
    c = harness_master(h, 'c', 200, RCS_SLOTS - 1, 2);
    harness_clear(h);
    h->cluster.state_ok = false;
    h->cluster.told.state = 0; /* the start has been told of */
    h->cluster.first_update_ms = h->cluster.now_ms - 1999;
    rcs_state_update(&h->cluster);
    said(h, RCS_FACT_CAUSE_STATE_STARTING, 1999, 2000, 0);
    harness_later(h, 1);
    h->cluster.among_minority_ms = h->cluster.now_ms - 999;
    rcs_state_update(&h->cluster);
    said(h, RCS_FACT_CAUSE_STATE_REJOINING, 999, 1000, 0);
    assert_false(h->cluster.state_ok);
    harness_later(h, 1);
    rcs_state_update(&h->cluster);
    said(h, RCS_FACT_CAUSE_STATE_REJOINED, 1000, 1000, 0);
    assert_true(h->cluster.state_ok);
    harness_clear(h);
    h->cluster.state_ok = false;
    h->cluster.among_minority_ms = 0;
    rcs_state_update(&h->cluster);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_STATE_STEADY));
}

/* --- replica migration ------------------------------------------------------------------------ */

/* This node and a sibling replicate b; c had a replica, which failed. */
static struct harness *orphaned(void **state, char sibling_letter)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 0, 99, 1);
    c = harness_master(h, 'c', 100, RCS_SLOTS - 1, 2);
    harness_follow(h, b);
    r = harness_replica(h, sibling_letter, b);
    rcs_id lost = harness_replica(h, 'x', c);
    rcs_state_update(&h->cluster);
    harness_cron(h);
    harness_fail(h, b, lost);
    harness_clear(h);
    return h;
}

static void tick(struct harness *h)
{
    rcs_replica_migration(&h->cluster);
}

static void the_wait_for_an_orphan(void **state)
{
    struct harness *h = orphaned(state, 'z');
    tick(h);
    said(h, RCS_FACT_CAUSE_MIGRATE_WAIT, 0, 5000, 0);
    said_of(h, RCS_FACT_CAUSE_MIGRATE_WAIT, c, RCS_ID_NONE);
    harness_later(h, 5001);
    tick(h);
    said(h, RCS_FACT_CAUSE_MIGRATE_DUE, 5001, 5000, 0);
    said(h, RCS_FACT_CAUSE_MIGRATE_SPARE, 2, 1, 0);
    in_front(h, RCS_FACT_CAUSE_MIGRATE_DUE, RCS_FACT_FOLLOWS_ORPHAN);
}

static void reasons_to_stay(void **state)
{
    struct harness *h = orphaned(state, 'z');
    h->config.migration_barrier = 2;
    tick(h);
    said(h, RCS_FACT_CAUSE_MIGRATE_BARRIER, 2, 2, 0);
    h->config.migration_barrier = 1;
    h->cluster.state_ok = false;
    tick(h);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_MIGRATE_STATE));
    h->config.allow_replica_migration = false;
    tick(h);
    assert_non_null(harness_fact(h, RCS_FACT_CAUSE_MIGRATE_OFF));
    h->cluster.this_replicas = 1;
    tick(h);
    said(h, RCS_FACT_CAUSE_MIGRATE_NOT_MOST, 1, 2, 0);
    h->cluster.max_replicas = 1;
    tick(h);
    said(h, RCS_FACT_CAUSE_MIGRATE_FEW, 1, 2, 0);
}

static void another_one_is_to_go(void **state)
{
    struct harness *h = orphaned(state, ' ');
    tick(h);
    said_of(h, RCS_FACT_CAUSE_MIGRATE_NOT_ME, c, r);
}

/* --- nobody reads them ------------------------------------------------------------------------ */

static void unread_causes_are_not_kept(void **state)
{
    struct harness *h = candidate(state);
    h->out.facts.causes = false;
    harness_fail(h, c, b);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_ELECTION_DELAYED));
    for (size_t i = 0; i < h->out.facts.count; i++) {
        assert_false(rcs_fact_row((enum rcs_fact_code)h->out.facts.list[i].code)->cause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(too_few_reports_are_counted_and_the_last_one_named),
        WITH(a_master_counts_itself),
        WITH(fail_of_a_master_with_slots_is_kept_for_two_timeouts),
        WITH(fail_of_a_replica_is_cleared_at_once),
        WITH(a_suspected_master_is_no_reason_to_stand),
        WITH(switched_off),
        WITH(nothing_to_take_over),
        WITH(data_too_old),
        WITH(any_age_will_do),
        WITH(the_parts_add_up),
        WITH(who_does_not_raise_the_rank_is_named_too),
        WITH(until_the_election_begins),
        WITH(who_is_asked_and_who_cannot_be),
        WITH(votes_that_are_missing_and_that_do_not_count),
        WITH(how_much_the_winner_lacks),
        WITH(an_old_election_won_again_gives_no_epoch),
        WITH(granted),
        WITH(granted_and_never_sent),
        WITH(rule_epoch),
        WITH(rule_once),
        WITH(rule_master),
        WITH(rule_master_up),
        WITH(rule_spacing),
        WITH(rule_owner),
        WITH(no_vote_to_give),
        WITH(stuck_without_an_offset),
        WITH(stuck_behind),
        WITH(stuck_without_votes),
        WITH(the_master_does_not_know_its_replica),
        WITH(the_greater_id_keeps_its_epoch),
        WITH(the_greatest_epoch_is_kept),
        WITH(who_had_the_slots_and_with_which_epoch),
        WITH(a_minority_and_who_is_not_reached),
        WITH(slots_nobody_serves),
        WITH(a_master_waits_after_its_start_and_after_a_minority),
        WITH(the_wait_for_an_orphan),
        WITH(reasons_to_stay),
        WITH(another_one_is_to_go),
        WITH(unread_causes_are_not_kept),
    };
    return cmocka_run_group_tests_name("causes", tests, NULL, NULL);
}
