/* Full synchronisation between whole nodes: who waits for which child, what is thrown away, what a
 * node does while it loads. Lines are those of the recorded servers, in their order. */
#include "tests/support/repl_lab.h"

/* seed0's a6 and a1, line for line. */
static void first_full_sync_waits_for_the_delay(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, NULL);
    char id[RCS_ID_LEN + 1];
    memcpy(id, lab_repl(lab, 0)->replid, sizeof(id));
    lab_replicate(lab, 1, 0);
    lab_run(lab, 100);
    assert_string_not_equal(lab_repl(lab, 0)->replid,
                            id); /* the first replica ever: a new history */
    lab_expect_log(lab, 1, lab_turn_into_replica);
    lab_expect_log(lab, 1,
                   "S * Connecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:1).\n");
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7001 asks for synchronization\n"
                   "M * Partial resynchronization not accepted: Replication ID mismatch (Replica "
                   "asked for 'ID', my replication IDs are 'ID' and "
                   "'0000000000000000000000000000000000000000')\n"
                   "M * Replication backlog created, my new replication IDs are 'ID' and "
                   "'0000000000000000000000000000000000000000'\n"
                   "M * Delay next BGSAVE for diskless SYNC\n");
    int64_t asked_ms = lab_logged_ms(lab, 0);
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), 0);
    assert_false(rcs_node_master_link_up(lab_node(lab, 1)));
    lab_run(lab, 3800);
    lab_expect_silence(lab, 0);
    lab_expect_silence(lab, 1);
    lab_run(lab, 2600);
    lab_expect_log(lab, 0, "M * Starting BGSAVE for SYNC with target: replicas sockets\n");
    assert_in_range(lab_logged_ms(lab, 0) - asked_ms, 4000, 6100); /* whole seconds, a 1 Hz cron */
    lab_expect_log(
        lab, 0,
        "M * Background RDB transfer started by pid 1100\n"
        "C * Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB\n"
        "M # Diskless rdb transfer, done reading from pipe, 1 replicas still up.\n"
        "M * Background RDB transfer terminated with success\n"
        "M * Streamed RDB transfer with replica 127.0.0.1:7001 succeeded (socket). Waiting "
        "for REPLCONF ACK from slave to enable streaming\n"
        "M * Synchronization with replica 127.0.0.1:7001 succeeded\n");
    lab_expect_log(
        lab, 1,
        "S * Full resync from master: ID:0\n"
        "S * MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to disk\n"
        "S * Discarding previously cached master state.\n"
        "S * MASTER <-> REPLICA sync: Flushing old data\n"
        "S * MASTER <-> REPLICA sync: Loading DB in memory\n"
        "S * Loading RDB produced by version 7.0.15\n"
        "S * RDB age 0 seconds\n"
        "S * RDB memory usage when created 1.~ Mb\n"
        "S * Done loading RDB, keys loaded: 0, keys expired: 0.\n"
        "S * MASTER <-> REPLICA sync: Finished with success\n");
    lab_expect_silence(lab, 0);
    lab_expect_silence(lab, 1);
    assert_string_equal(lab_repl(lab, 0)->replid, lab_repl(lab, 1)->replid);
    assert_int_equal(lab_node(lab, 0)->stat_sync_full, 1);
    assert_int_equal(lab_node(lab, 0)->stat_sync_partial_err, 1);
    lab_free(lab);
}

/* Recorded with repl-diskless-sync no: at once, and the file stays on the master's disk as well. */
static void disk_based_sync_starts_at_once(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync", "no", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET a 1");
    lab_replicate(lab, 1, 0);
    lab_run(lab, 300);
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7001 asks for synchronization\n"
                   "M * Partial resynchronization not accepted: ~\n"
                   "M * Replication backlog created, ~\n"
                   "M * Starting BGSAVE for SYNC with target: disk\n"
                   "M * Background saving started by pid 1100\n"
                   "C * DB saved on disk\n"
                   "C * Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB\n"
                   "M * Background saving terminated with success\n"
                   "M * Synchronization with replica 127.0.0.1:7001 succeeded\n");
    lab_expect_log(lab, 1, lab_turn_into_replica);
    lab_expect_log(lab, 1,
                   "S * Connecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:1).\n"
                   "S * Full resync from master: ID:0\n"
                   "S * MASTER <-> REPLICA sync: receiving ~ bytes from master to disk\n"
                   "S * Discarding previously cached master state.\n"
                   "S * MASTER <-> REPLICA sync: Flushing old data\n"
                   "S * MASTER <-> REPLICA sync: Loading DB in memory\n"
                   "S * Loading RDB produced by version 7.0.15\n"
                   "S * RDB age 0 seconds\n"
                   "S * RDB memory usage when created ~ Mb\n"
                   "S * Done loading RDB, keys loaded: 1, keys expired: 0.\n"
                   "S * MASTER <-> REPLICA sync: Finished with success\n");
    assert_non_null(lab_node(lab, 0)->dump);
    assert_non_null(lab_node(lab, 1)->dump); /* with save "" */
    lab_free(lab);
}

/* Two that come during the delay share the transfer; one during the transfer waits for the next. */
static void replicas_share_a_transfer_or_wait_for_the_next(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, NULL);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 2000);
    lab_replicate(lab, 2, 0);
    while (lab_repl(lab, 0)->child.phase != RCS_CHILD_EXITING) {
        lab_run_us(lab, 100);
    }
    lab_pause(lab, 1, true); /* their ACKs would have the child's end noticed at once */
    lab_pause(lab, 2, true);
    lab_forget_log(lab, 0);
    lab_replicate(lab, 3, 0);
    lab_run(lab, 200);
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7003 asks for synchronization\n"
                   "M * Partial resynchronization not accepted: ~\n"
                   "M * Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC\n"
                   "M * Background RDB transfer terminated with success\n");
    assert_int_equal(rcs_repl_online(lab_node(lab, 0)), 2);
    lab_pause(lab, 1, false);
    lab_pause(lab, 2, false);
    lab_run(lab, 7000);
    assert_int_equal(rcs_repl_online(lab_node(lab, 0)), 3);
    lab_free(lab);
}

/* A replica that leaves before the data is there: nobody takes it, the child is killed. */
static void child_without_takers_is_killed(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_replicate(lab, 1, 0);
    while (lab_repl(lab, 0)->child.phase == RCS_CHILD_NONE) {
        lab_run_us(lab, 50);
    }
    lab_kill(lab, 1);
    lab_run(lab, 200);
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7001 asks for synchronization\n"
                   "M * Partial resynchronization not accepted: ~\n"
                   "M * Replication backlog created, ~\n"
                   "M * Starting BGSAVE for SYNC with target: replicas sockets\n"
                   "M # Connection with replica 127.0.0.1:7001 lost.\n"
                   "M * Background RDB transfer started by pid 1100\n"
                   "M # Diskless rdb transfer, last replica dropped, killing fork child.\n"
                   "M # Background transfer terminated by signal 10\n");
    lab_free(lab);
}

/* The cached master, and with it the old offset, lives until the RDB is loaded; then it is 0, and
 * all keys are gone (15.2). */
static void old_offset_and_keys_go_when_the_load_begins(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 5);
    lab_replicate(lab, 1, 2);
    while (lab_repl(lab, 1)->loading == NULL) {
        assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), 50);
        assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 1);
        lab_run_us(lab, 20);
    }
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), 0);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 0);
    lab_free(lab);
}

/* What came of the id before is no history of the new one. */
static void a_full_sync_forgets_the_second_id(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_in_sync(lab, 1, 0);
    lab_promote(lab, 1);
    assert_int_equal(lab_repl(lab, 1)->second_offset, 1);
    lab_in_sync(lab, 1, 2);
    assert_int_equal(lab_repl(lab, 1)->second_offset, -1);
    assert_string_equal(lab_repl(lab, 1)->replid2, "0000000000000000000000000000000000000000");
    lab_free(lab);
}

/* The ACK right after a diskless load; until the first ACK after the child's end was noticed
 * nothing of the stream is written. */
static void the_stream_waits_for_an_ack(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_replicate(lab, 1, 0);
    while (!rcs_node_master_link_up(lab_node(lab, 1))) {
        lab_run_us(lab, 100);
    }
    const struct rcs_replica *replica = &lab_repl(lab, 0)->replicas[0]->replica;
    assert_int_equal(replica->state, RCS_REPLICA_BGSAVE);
    assert_int_equal(replica->ack_wall_s, 0);
    lab_run(lab, 1);
    assert_true(replica->ack_wall_s > 0);
    lab_run(lab, 200);
    lab_replicate(lab, 2, 0);
    while (lab_repl(lab, 0)->child.phase == RCS_CHILD_NONE) {
        lab_run_us(lab, 100);
    }
    lab_pause(lab, 2, true); /* no ACKs */
    lab_run(lab, 150);
    replica = &lab_repl(lab, 0)->replicas[1]->replica;
    assert_int_equal(replica->state, RCS_REPLICA_ONLINE);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(replica->sent_offset, 0);
    lab_pause(lab, 2, false);
    lab_run(lab, 1200);
    assert_int_equal(replica->sent_offset, 50);
    assert_int_equal(rcs_repl_offset(lab_node(lab, 2)), 50);
    lab_free(lab);
}

/* One newline a second, so that the replica sees that somebody is there. */
static void who_waits_hears_a_newline_a_second(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, NULL);
    lab_ask(lab, 0, "REPLCONF capa eof capa psync2");
    lab_ask(lab, 0, "PSYNC ? -1");
    lab_run(lab, 3050);
    assert_string_equal(lab_answer(lab, 0), "\n\n\n");
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:<unknown-replica-port> asks for synchronization\n"
                   "M * Full resync requested by replica 127.0.0.1:<unknown-replica-port>\n");
    assert_int_equal(lab_node(lab, 0)->stat_sync_partial_err, 0);
    lab_free(lab);
}

/* A BGSAVE nobody waits for is of no use to a replica; the next begins when it was noticed to end.
 */
static void a_sync_waits_for_the_end_of_another_child(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SETRANGE k 2999999 x"); /* takes some 20 ms to write */
    assert_string_equal(lab_ask(lab, 0, "BGSAVE"), "+Background saving started\r\n");
    lab_replicate(lab, 1, 0);
    lab_run(lab, 130);
    lab_expect_log(
        lab, 0,
        "M * Background saving started by pid 1100\n"
        "M * Replica 127.0.0.1:7001 asks for synchronization\n"
        "M * Partial resynchronization not accepted: ~\n"
        "M * Replication backlog created, ~\n"
        "M * Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for "
        "SYNC\n"
        "C * DB saved on disk\n"
        "C * Fork CoW for RDB: ~\n");
    lab_expect_log(lab, 0, "M * Background saving terminated with success\n");
    int64_t ended_ms = lab_logged_ms(lab, 0);
    lab_expect_log(lab, 0, "M * Starting BGSAVE for SYNC with target: replicas sockets\n");
    assert_int_equal(lab_logged_ms(lab, 0), ended_ms);
    lab_free(lab);
}

/* A second replica that comes while the child writes the file waits for that file. */
static void replicas_share_a_file_under_way(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync", "no", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_replicate(lab, 1, 0);
    while (lab_repl(lab, 0)->child.phase == RCS_CHILD_NONE) {
        lab_run_us(lab, 50);
    }
    lab_forget_log(lab, 0);
    lab_replicate(lab, 2, 0);
    lab_run(lab, 500);
    lab_expect_log(lab, 0,
                   "M * Background saving started by pid 1100\n"
                   "M * Replica 127.0.0.1:7002 asks for synchronization\n"
                   "M * Partial resynchronization not accepted: ~\n"
                   "M * Waiting for end of BGSAVE for SYNC\n");
    assert_int_equal(rcs_repl_online(lab_node(lab, 0)), 2);
    lab_free(lab);
}

/* While it loads more than 2 MB a node serves its clients now and then. */
static void who_loads_for_long_says_so(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    char *set = malloc(3000000);
    assert_non_null(set);
    memset(set, 'v', 3000000);
    memcpy(set, "SET k ", 6);
    set[2999999] = '\0';
    assert_string_equal(lab_ask(lab, 0, set), "+OK\r\n");
    free(set);
    lab_replicate(lab, 1, 0);
    while (!rcs_repl_loading(lab_node(lab, 1))) {
        lab_run_us(lab, 100);
    }
    assert_string_equal(lab_ask(lab, 1, "DBSIZE"),
                        "-LOADING Redis is loading the dataset in memory\r\n");
    lab_run(lab, 1000);
    assert_false(rcs_repl_loading(lab_node(lab, 1)));
    lab_free(lab);
}

/* 60 MB take 0.15 s: a tick is left out, what comes in is served. */
static void no_timer_runs_while_a_data_set_is_loaded(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "SETRANGE k 59999999 x"), ":60000000\r\n");
    lab_replicate(lab, 1, 0);
    while (!rcs_repl_loading(lab_node(lab, 1))) {
        lab_run_us(lab, 100);
    }
    uint64_t loops = lab_node(lab, 1)->cron_loops;
    lab_run(lab, 140);
    assert_true(rcs_repl_loading(lab_node(lab, 1)));
    assert_int_equal(lab_node(lab, 1)->cron_loops, loops);
    assert_string_equal(lab_ask(lab, 1, "ECHO here"), "$4\r\nhere\r\n");
    lab_run(lab, 250);
    assert_false(rcs_repl_loading(lab_node(lab, 1)));
    assert_true(lab_node(lab, 1)->cron_loops > loops);
    lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_full_sync_waits_for_the_delay),
        cmocka_unit_test(disk_based_sync_starts_at_once),
        cmocka_unit_test(replicas_share_a_transfer_or_wait_for_the_next),
        cmocka_unit_test(child_without_takers_is_killed),
        cmocka_unit_test(old_offset_and_keys_go_when_the_load_begins),
        cmocka_unit_test(a_full_sync_forgets_the_second_id),
        cmocka_unit_test(the_stream_waits_for_an_ack),
        cmocka_unit_test(who_waits_hears_a_newline_a_second),
        cmocka_unit_test(a_sync_waits_for_the_end_of_another_child),
        cmocka_unit_test(replicas_share_a_file_under_way),
        cmocka_unit_test(who_loads_for_long_says_so),
        cmocka_unit_test(no_timer_runs_while_a_data_set_is_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
