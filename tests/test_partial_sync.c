/* Who may continue where it stopped, and who may not: chains, promotions, old masters and restarts,
 * between whole nodes. Lines are those of the recorded servers, in their order. */
#include "tests/support/repl_lab.h"

/* --- the chain -------------------------------------------------------------------------------- */

/* seed0's b1 and b4: b4 synced from b1, then b1 turns to a1 and starts b4's next history. */
static void a_middle_node_cuts_its_replica_at_its_own_full_sync(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, NULL);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 7000);
    assert_true(rcs_node_master_link_up(lab_node(lab, 2)));
    lab_forget_log(lab, 1);
    lab_forget_log(lab, 2);
    char first_id[RCS_ID_LEN + 1];
    memcpy(first_id, lab_repl(lab, 1)->replid, sizeof(first_id));
    lab_replicate(lab, 1, 0);
    lab_run(lab, 300);
    assert_string_equal(lab_repl(lab, 1)->replid, first_id); /* until the RDB is there */
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), lab_repl(lab, 1)->cached_offset);
    lab_run(lab, 6700);
    lab_expect_log(lab, 1, lab_turn_into_replica);
    lab_expect_log(
        lab, 1,
        "S * Connecting to MASTER 127.0.0.1:7000\n"
        "S * MASTER <-> REPLICA sync started\n"
        "S * Non blocking connect for SYNC fired the event.\n"
        "S * Master replied to PING, replication can continue...\n"
        "S * Trying a partial resynchronization (request ID:~).\n"
        "S * Full resync from master: ID:~\n"
        "S * MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to disk\n"
        "S * Discarding previously cached master state.\n"
        "S # Connection with replica 127.0.0.1:7002 lost.\n"
        "S * MASTER <-> REPLICA sync: Flushing old data\n"
        "S * MASTER <-> REPLICA sync: Loading DB in memory\n"
        "S * Loading RDB produced by version 7.0.15\n"
        "S * RDB age 0 seconds\n"
        "S * RDB memory usage when created ~ Mb\n"
        "S * Done loading RDB, keys loaded: 0, keys expired: 0.\n"
        "S * MASTER <-> REPLICA sync: Finished with success\n"
        "S * Replica 127.0.0.1:7002 asks for synchronization\n"
        "S * Partial resynchronization not accepted: Replication ID mismatch (Replica "
        "asked for 'ID', my replication IDs are 'ID' and "
        "'0000000000000000000000000000000000000000')\n"
        "S * Delay next BGSAVE for diskless SYNC\n");
    lab_expect_log(lab, 2,
                   "S # Connection with master lost.\n"
                   "S * Caching the disconnected master state.\n"
                   "S * Reconnecting to MASTER 127.0.0.1:7001\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:~).\n");
    lab_run(lab, 7000);
    assert_true(rcs_node_master_link_up(lab_node(lab, 2)));
    assert_string_equal(lab_repl(lab, 0)->replid, lab_repl(lab, 2)->replid);
    assert_int_equal(lab_repl(lab, 0)->offset, lab_repl(lab, 2)->offset);
    lab_free(lab);
}

/* a1 is gone; b1 is promoted: its sub-replica b4 and a sibling continue under the new id. */
static void after_a_promotion_all_continue(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    lab_in_sync(lab, 2, 0);
    lab_in_sync(lab, 3, 1);
    lab_ask(lab, 0, "SET k v"); /* 50 bytes */
    lab_run(lab, 5);
    int64_t offset = lab_repl(lab, 0)->offset;
    for (unsigned i = 1; i < 4; i++) {
        lab_forget_log(lab, i);
    }
    lab_kill(lab, 0);
    lab_run(lab, 10);
    lab_expect_log(lab, 1,
                   "S # Connection with master lost.\n"
                   "S * Caching the disconnected master state.\n"
                   "S * Reconnecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S # Error condition on socket for SYNC: Connection refused\n");
    lab_run(lab, 1010);
    lab_expect_log(lab, 1,
                   "S * Connecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S # Error condition on socket for SYNC: Connection refused\n");
    lab_expect_silence(lab, 3);
    lab_forget_log(lab, 1);
    lab_promote(lab, 1);
    lab_run(lab, 20);
    lab_expect_log(lab, 1, "M * Discarding previously cached master state.\n");
    lab_expect_log(lab, 1,
                   "M # Setting secondary replication ID to ID, valid up to offset: 51. New "
                   "replication ID is ID\n"
                   "M # Connection with replica 127.0.0.1:7003 lost.\n"
                   "M * Replica 127.0.0.1:7003 asks for synchronization\n"
                   "M * Partial resynchronization request from 127.0.0.1:7003 accepted. Sending 0 "
                   "bytes of backlog starting from offset 51.\n");
    lab_expect_log(lab, 3,
                   "S # Connection with master lost.\n"
                   "S * Caching the disconnected master state.\n"
                   "S * Reconnecting to MASTER 127.0.0.1:7001\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:51).\n"
                   "S * Successful partial resynchronization with master.\n"
                   "S # Master replication ID changed to ID\n"
                   "S * MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.\n");
    lab_forget_log(lab, 2);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 20);
    lab_expect_log(lab, 2,
                   "S * Connecting to MASTER 127.0.0.1:7001\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:51).\n"
                   "S * Successful partial resynchronization with master.\n"
                   "S # Master replication ID changed to ID\n"
                   "S * MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.\n");
    for (unsigned i = 2; i < 4; i++) {
        assert_string_equal(lab_repl(lab, i)->replid, lab_repl(lab, 1)->replid);
        assert_string_equal(lab_repl(lab, i)->replid2, lab_repl(lab, 1)->replid2);
        assert_int_equal(lab_repl(lab, i)->second_offset, offset + 1);
        assert_int_equal(lab_repl(lab, i)->offset, offset);
    }
    assert_int_equal(lab_repl(lab, 1)->down_since_s, 0);
    lab_own_slots(lab, 1);
    lab_ask(lab, 1, "SET k v");
    assert_int_equal(lab_repl(lab, 1)->offset, offset + 50); /* a new master selects again */
    lab_free(lab);
}

/* A sibling that is told of the new id cuts its own replica, which then continues as well. */
static void a_new_id_goes_down_the_chain(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_in_sync(lab, 1, 0);
    lab_in_sync(lab, 2, 0);
    lab_in_sync(lab, 3, 2);
    lab_promote(lab, 1);
    lab_forget_log(lab, 2);
    lab_forget_log(lab, 3);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 20);
    lab_expect_log(lab, 2,
                   "M # Connection with master lost.\n~\n~\n~\n~\n~\n~\n"
                   "S * Successful partial resynchronization with master.\n"
                   "S # Master replication ID changed to ID\n"
                   "S # Connection with replica 127.0.0.1:7003 lost.\n"
                   "S * MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.\n"
                   "S * Replica 127.0.0.1:7003 asks for synchronization\n"
                   "S * Partial resynchronization request from 127.0.0.1:7003 accepted. Sending 0 "
                   "bytes of backlog starting from offset 1.\n");
    assert_string_equal(lab_repl(lab, 3)->replid, lab_repl(lab, 1)->replid);
    assert_true(rcs_node_master_link_up(lab_node(lab, 3)));
    lab_free(lab);
}

/* The lines with which an existing link ends at a change of master have the role M. */
static void a_switch_logs_the_old_link_as_a_master(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_in_sync(lab, 1, 0);
    lab_forget_log(lab, 1);
    lab_replicate(lab, 1, 2);
    lab_run(lab, 1);
    lab_expect_log(lab, 1,
                   "M # Connection with master lost.\n"
                   "M * Caching the disconnected master state.\n"
                   "S * Connecting to MASTER 127.0.0.1:7002\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:1).\n");
    assert_true(lab_repl(lab, 1)->down_since_s > 0);
    lab_free(lab);
}

/* --- the old master --------------------------------------------------------------------------- */

/* Demoted with nothing of its own since: +CONTINUE. */
static void an_old_master_continues_if_it_said_nothing_more(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_in_sync(lab, 1, 0);
    lab_promote(lab, 1);
    lab_run(lab, 20);
    lab_forget_log(lab, 0);
    lab_replicate(lab, 0, 1);
    lab_run(lab, 20);
    lab_expect_log(lab, 0, lab_turn_into_replica);
    lab_expect_log(lab, 0,
                   "S * Connecting to MASTER 127.0.0.1:7001\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:1).\n"
                   "S * Successful partial resynchronization with master.\n"
                   "S # Master replication ID changed to ID\n"
                   "S * MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.\n");
    assert_string_equal(lab_repl(lab, 0)->replid, lab_repl(lab, 1)->replid);
    lab_free(lab);
}

/* Promoted a second time it selects its database again: its replicas may have heard others since.
 */
static void a_master_once_more_selects_again(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 5);
    lab_promote(lab, 1);
    lab_replicate(lab, 0, 1);
    lab_run(lab, 20);
    assert_true(rcs_node_master_link_up(lab_node(lab, 0)));
    lab_promote(lab, 0);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(lab_repl(lab, 0)->offset, 50 + 50);
    lab_free(lab);
}

/* One PING to a replica it still had, 14 bytes: it is ahead of the promoted one. */
static void one_ping_too_many_and_the_old_master_is_refused(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "5", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_in_sync(lab, 1, 0);
    lab_in_sync(lab, 2, 0);
    lab_promote(lab, 1);
    int64_t shared = lab_repl(lab, 1)->offset;
    while (lab_repl(lab, 0)->offset == shared) {
        lab_run(lab, 100);
    }
    assert_int_equal(lab_repl(lab, 0)->offset, shared + 14);
    lab_forget_log(lab, 1);
    lab_replicate(lab, 0, 1);
    lab_run(lab, 3);
    char refusal[160];
    snprintf(refusal, sizeof(refusal),
             "M * Partial resynchronization not accepted: Requested offset for second ID was %lld, "
             "but I can reply up to %lld\n",
             (long long)shared + 15, (long long)shared + 1);
    lab_expect_log(lab, 1, "M * Replica 127.0.0.1:7000 asks for synchronization\n");
    lab_expect_log(lab, 1, refusal);
    lab_run(lab, 500);
    assert_true(rcs_node_master_link_up(lab_node(lab, 0)));
    assert_int_equal(lab_node(lab, 1)->stat_sync_full, 1);
    lab_free(lab);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void a_replica_without_its_master_refuses_to_sync(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_in_sync(lab, 1, 0);
    lab_kill(lab, 0);
    lab_run(lab, 5);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 5);
    lab_expect_log(lab, 2, lab_turn_into_replica);
    static const char refused[] =
        "S * Connecting to MASTER 127.0.0.1:7001\n"
        "S * MASTER <-> REPLICA sync started\n"
        "S * Non blocking connect for SYNC fired the event.\n"
        "S * Master replied to PING, replication can continue...\n"
        "S * Trying a partial resynchronization (request ID:1).\n"
        "S * Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK Can't "
        "SYNC while not connected with my master\n";
    lab_expect_log(lab, 2, refused);
    int64_t first_ms = lab_logged_ms(lab, 2);
    lab_expect_silence(lab, 2);
    lab_run(lab, 2100);
    lab_expect_log(lab, 2, refused);
    assert_true(lab_logged_ms(lab, 2) - first_ms <= 1100); /* the cron, once a second */
    lab_expect_log(lab, 2, refused);
    lab_free(lab);
}

/* A master that starts anew has another id; one asked for what its backlog has not got says so. */
static void what_the_backlog_has_not_got_is_refused(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 5);
    lab_forget_log(lab, 0);
    char request[96];
    snprintf(request, sizeof(request), "PSYNC %s 52", lab_repl(lab, 0)->replid);
    lab_ask(lab, 0, request);
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:<unknown-replica-port> asks for synchronization\n"
                   "M * Unable to partial resync with replica 127.0.0.1:<unknown-replica-port> for "
                   "lack of backlog (Replica request was: 52).\n"
                   "M # Warning: replica 127.0.0.1:<unknown-replica-port> tried to PSYNC with an "
                   "offset that is greater than the master replication offset.\n"
                   "M * Starting BGSAVE for SYNC with target: disk\n"); /* no capa eof */
    lab_free(lab);
}

static void the_last_offset_that_can_be_continued(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    char request[96];
    snprintf(request, sizeof(request), "PSYNC %s 51", lab_repl(lab, 0)->replid);
    assert_string_equal(lab_ask(lab, 0, request), "+CONTINUE\r\n"); /* no capa psync2: no id */
    lab_free(lab);
}

/* --- restarts --------------------------------------------------------------------------------- */

/* dump.rdb of a full sync carries id and offset: the replica goes on from there. Its log says so as
 * M. */
static void a_restarted_replica_continues_from_its_dump(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 2, 0);
    lab_ask(lab, 0, "SET a 1"); /* 50 bytes before the dump */
    lab_in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v"); /* 50 after it */
    lab_kill(lab, 1);
    lab_run(lab, 3000);
    lab_forget_log(lab, 1);
    lab_start(lab, 1, true);
    lab_expect_log(lab, 1,
                   "M * Loading RDB produced by version 7.0.15\n"
                   "M * RDB age ~ seconds\n"
                   "M * RDB memory usage when created ~ Mb\n"
                   "M * Done loading RDB, keys loaded: 1, keys expired: 0.\n"
                   "M * DB loaded from disk: 0.000 seconds\n"
                   "M * Before turning into a replica, ~\n");
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), 0); /* no master host yet */
    lab_replicate(lab, 1, 0);
    lab_run(lab, 5);
    lab_expect_log(lab, 1,
                   "S * Discarding previously cached master state.\n"
                   "S * Before turning into a replica, ~\n"
                   "S * Connecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:51).\n"
                   "S * Successful partial resynchronization with master.\n"
                   "S * MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.\n");
    lab_run(lab, 5);
    assert_int_equal(lab_repl(lab, 1)->offset, 100);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 2);
    lab_free(lab);
}

/* The dump of a disk-based sync gives a restarted master its old id as the second one. */
static void a_restarted_master_offers_the_history_of_its_dump(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync", "no", "repl-ping-replica-period",
                                            "3600", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_in_sync(lab, 1, 0);
    char id[RCS_ID_LEN + 1];
    memcpy(id, lab_repl(lab, 0)->replid, sizeof(id));
    lab_kill(lab, 0);
    lab_run(lab, 100);
    lab_start(lab, 0, false);
    assert_string_equal(lab_repl(lab, 0)->replid2, id);
    assert_int_equal(lab_repl(lab, 0)->second_offset, 1);
    lab_forget_log(lab, 0);
    lab_run(lab, 1100);
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7001 asks for synchronization\n"
                   "M * Partial resynchronization request from 127.0.0.1:7001 accepted. Sending 0 "
                   "bytes of backlog starting from offset 1.\n");
    assert_string_equal(lab_repl(lab, 1)->replid, lab_repl(lab, 0)->replid);
    lab_free(lab);
}

/* A master that kept nothing has a new id: full sync, to the empty set. */
static void a_restarted_master_without_a_dump_empties_its_replica(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET a 1");
    lab_in_sync(lab, 1, 0);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 1);
    lab_kill(lab, 0);
    lab_start(lab, 0, false);
    lab_run(lab, 2500);
    assert_true(rcs_node_master_link_up(lab_node(lab, 1)));
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 0);
    lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_middle_node_cuts_its_replica_at_its_own_full_sync),
        cmocka_unit_test(after_a_promotion_all_continue),
        cmocka_unit_test(a_new_id_goes_down_the_chain),
        cmocka_unit_test(a_switch_logs_the_old_link_as_a_master),
        cmocka_unit_test(an_old_master_continues_if_it_said_nothing_more),
        cmocka_unit_test(a_master_once_more_selects_again),
        cmocka_unit_test(one_ping_too_many_and_the_old_master_is_refused),
        cmocka_unit_test(a_replica_without_its_master_refuses_to_sync),
        cmocka_unit_test(what_the_backlog_has_not_got_is_refused),
        cmocka_unit_test(the_last_offset_that_can_be_continued),
        cmocka_unit_test(a_restarted_replica_continues_from_its_dump),
        cmocka_unit_test(a_restarted_master_offers_the_history_of_its_dump),
        cmocka_unit_test(a_restarted_master_without_a_dump_empties_its_replica),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
