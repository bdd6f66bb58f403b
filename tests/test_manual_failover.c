/* FAILOVER, FORCE and TAKEOVER from both ends. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static rcs_id b, c;

static struct harness *replica(void **state)
{
    struct harness *h = *state;
    b = harness_master(h, 'b', 0, 99, 1);
    c = harness_master(h, 'c', 100, RCS_SLOTS - 1, 2);
    harness_follow(h, b);
    h->offset = 500;
    rcs_state_update(&h->cluster);
    harness_sleep(h);
    harness_clear(h);
    return h;
}

static void paused_master(struct harness *h, int64_t offset)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, b, 0);
    msg->mflags = RCS_MFLAG_PAUSED;
    msg->offset = offset;
    harness_receive(h, msg);
}

static void plain_waits_for_the_masters_offset(void **state)
{
    struct harness *h = replica(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_PLAIN);
    assert_int_equal(harness_sent(h, RCS_BUS_MFSTART), 1);
    harness_cron(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 0);
    paused_master(h, 510);
    harness_sleep(h);
    assert_null(harness_fact(h, RCS_FACT_MF_READY)); /* ten bytes behind */
    h->offset = 510;
    harness_sleep(h);
    assert_non_null(harness_fact(h, RCS_FACT_MF_READY));
    /* that iteration schedules at once, without delay; the next one asks for votes */
    assert_int_equal(harness_fact(h, RCS_FACT_ELECTION_DELAYED)->v[0], 0);
    harness_sleep(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 2);
    assert_true(harness_sent_msg(h, RCS_BUS_AUTH_REQUEST)->mflags & RCS_MFLAG_FORCEACK);
}

static void force_does_not_ask_the_master(void **state)
{
    struct harness *h = replica(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_FORCE);
    assert_int_equal(harness_sent(h, RCS_BUS_MFSTART), 0);
    harness_sleep(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 0); /* waits for the tick */
    harness_cron(h);
    harness_sleep(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 2);
}

static void takeover_asks_nobody(void **state)
{
    struct harness *h = replica(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_TAKEOVER);
    assert_true(rcs_is_master(rcs_myself(&h->cluster)));
    assert_int_equal(rcs_myself(&h->cluster)->config_epoch, 3);
    assert_int_equal(rcs_slot_count(&h->cluster, h->cluster.myself), 100);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 0);
    assert_int_equal(harness_sent(h, RCS_BUS_PONG), 2);
    assert_int_equal(h->cluster.mf_end_ms, 0);
}

static void five_seconds_and_no_longer(void **state)
{
    struct harness *h = replica(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_PLAIN);
    harness_later(h, 5000);
    harness_cron(h);
    assert_null(harness_fact(h, RCS_FACT_MF_TIMEOUT));
    harness_later(h, 1);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_MF_TIMEOUT));
    assert_int_equal(h->cluster.mf_end_ms, 0);
}

static void a_recent_win_wins_again_without_votes(void **state)
{
    /* A quirk real servers have: the count of the last election is never reset. */
    struct harness *h = replica(state);
    h->cluster.auth_ms = h->cluster.now_ms - 100;
    h->cluster.auth_sent = true;
    h->cluster.auth_count = 2;
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_FORCE);
    harness_cron(h);
    assert_non_null(harness_fact(h, RCS_FACT_ELECTION_WON));
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 0);
}

/* Between two and four timeouts after an own election, won or lost, none can start. */
static void no_election_in_the_cool_down_after_one(void **state)
{
    struct harness *h = replica(state);
    int timeout_ms = (int)h->config.node_timeout_ms;
    h->cluster.auth_ms = h->cluster.now_ms - 2 * timeout_ms - 1;
    h->cluster.auth_sent = true;
    h->cluster.auth_count = 0;
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_FORCE);
    harness_cron(h);
    harness_sleep(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 0);
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_ELECTION_BLOCKED);
    assert_non_null(fact);
    assert_string_equal(fact->text[0], "Failover attempt expired.");
    harness_later(h, 2 * timeout_ms);
    harness_cron(h);
    harness_sleep(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 2);
}

/* The master goes by its own table: a node that it does not hold as its replica yet waits in vain.
 */
static void mfstart_of_a_stranger_is_ignored(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    c = harness_master(h, 'c', 100, 199, 1);
    rcs_id r = harness_replica(h, 'r', c);
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, r, 0));
    assert_false(h->paused);
    assert_int_equal(h->cluster.mf_end_ms, 0);
    assert_null(harness_fact(h, RCS_FACT_MF_REQUESTED));
}

static void the_master_pauses_and_answers_with_its_offset(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id r = harness_replica(h, 'r', h->cluster.myself);
    c = harness_master(h, 'c', 100, 199, 1);
    h->offset = 777;
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, c, 0)); /* not my replica */
    assert_false(h->paused);
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, r, 0));
    assert_true(h->paused);
    const struct rcs_bus_msg *ping = harness_sent_msg(h, RCS_BUS_PING);
    assert_non_null(ping);
    assert_int_equal(ping->offset, 777);
    assert_true(ping->mflags & RCS_MFLAG_PAUSED);
    assert_int_equal(h->cluster.peers[r].ping_sent_ms, 0); /* it went out on the inbound link */
    harness_clear(h);
    harness_cron(h);
    assert_int_equal(harness_sent(h, RCS_BUS_PING), 1); /* every tick */
    harness_later(h, 5001);
    harness_cron(h);
    assert_false(h->paused);
}

static void any_packet_of_the_paused_master_tells_its_offset(void **state)
{
    struct harness *h = replica(state);
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_PLAIN);
    struct rcs_bus_msg *pong = harness_msg(h, RCS_BUS_PONG, b, 0);
    pong->offset = 400; /* not paused: not the one */
    harness_receive_out(h, pong);
    assert_int_equal(h->cluster.mf_master_offset, -1);
    pong = harness_msg(h, RCS_BUS_PONG, b, 0);
    pong->mflags = RCS_MFLAG_PAUSED;
    pong->offset = 500;
    harness_receive_out(h, pong);
    assert_int_equal(h->cluster.mf_master_offset, 500);
    paused_master(h, 600); /* the first one counts */
    assert_int_equal(h->cluster.mf_master_offset, 500);
}

static void all_packets_of_the_paused_master_say_so(void **state)
{
    struct harness *h = *state;
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_id r = harness_replica(h, 'r', h->cluster.myself);
    c = harness_master(h, 'c', 100, 199, 1);
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, r, 0));
    harness_clear(h);
    harness_receive(h, harness_msg(h, RCS_BUS_PING, c, 0));
    assert_true(harness_sent_msg(h, RCS_BUS_PONG)->mflags & RCS_MFLAG_PAUSED);
    harness_later(h, 5001);
    harness_cron(h);
    harness_clear(h);
    harness_receive(h, harness_msg(h, RCS_BUS_PING, c, 0));
    assert_false(harness_sent_msg(h, RCS_BUS_PONG)->mflags & RCS_MFLAG_PAUSED);
}

/* Neither the age of the data nor a sibling that is ahead matters to an order. */
static void an_order_asks_neither_for_age_nor_for_rank(void **state)
{
    struct harness *h = replica(state);
    rcs_id r = harness_replica(h, 'r', b);
    h->cluster.peers[r].repl_offset = 99999;
    h->data_age_ms = 1000000;
    rcs_cluster_failover(&h->cluster, RCS_FAILOVER_FORCE);
    harness_cron(h);
    const struct rcs_fact *fact = harness_fact(h, RCS_FACT_ELECTION_DELAYED);
    assert_non_null(fact);
    assert_int_equal(fact->v[0], 0);
    assert_int_equal(fact->v[1], 0);
    harness_sleep(h);
    assert_int_equal(harness_sent(h, RCS_BUS_AUTH_REQUEST), 3);
}

static void the_old_masters_pause_ends_when_it_follows(void **state)
{
    struct harness *h = *state;
    rcs_id r = harness_replica(h, 'r', h->cluster.myself);
    harness_receive(h, harness_msg(h, RCS_BUS_MFSTART, r, 0));
    assert_true(h->paused);
    c = harness_master(h, 'c', 0, 99, 1);
    harness_follow(h, c);
    assert_false(h->paused);
    assert_int_equal(h->cluster.mf_end_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(plain_waits_for_the_masters_offset),
        WITH(force_does_not_ask_the_master),
        WITH(takeover_asks_nobody),
        WITH(five_seconds_and_no_longer),
        WITH(a_recent_win_wins_again_without_votes),
        WITH(no_election_in_the_cool_down_after_one),
        WITH(mfstart_of_a_stranger_is_ignored),
        WITH(the_master_pauses_and_answers_with_its_offset),
        WITH(any_packet_of_the_paused_master_tells_its_offset),
        WITH(all_packets_of_the_paused_master_say_so),
        WITH(an_order_asks_neither_for_age_nor_for_rank),
        WITH(the_old_masters_pause_ends_when_it_follows),
    };
    return cmocka_run_group_tests_name("manual failover", tests, NULL, NULL);
}
