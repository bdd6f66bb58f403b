/* Replication between whole nodes: log lines, offsets, who may continue and who may not. Lines are
 * those of the recorded servers, in their order. */
#include "tests/support/repl_lab.h"

static const char turn_into_replica[] =
    "S * Before turning into a replica, using my own master parameters to synthesize a cached "
    "master: "
    "I may be able to synchronize with the new master with just a partial transfer.\n";

static struct lab *lab_of(const char *const *settings)
{
    struct rcs_config config;
    struct rcs_diag diag;
    rcs_config_init(&config);
    assert_int_equal(rcs_config_set(&config, "save", "", &diag), RCS_OK);
    for (; settings != NULL && settings[0] != NULL; settings += 2) {
        assert_int_equal(rcs_config_set(&config, settings[0], settings[1], &diag), RCS_OK);
    }
    struct lab *lab = lab_new(&config);
    lab_run(lab, 500);
    return lab;
}

/* In sync at once, and no PING but the first: offsets stand still. */
static const char *const quick[] = { "repl-diskless-sync-delay", "0", "repl-ping-replica-period",
                                     "3600", NULL };

static void in_sync(struct lab *lab, unsigned replica, unsigned master)
{
    lab_replicate(lab, replica, master);
    lab_run(lab, 1500);
    assert_true(rcs_node_master_link_up(lab_node(lab, replica)));
}

static const struct rcs_replication *repl(struct lab *lab, unsigned index)
{
    return &lab_node(lab, index)->repl;
}

/* --- full sync -------------------------------------------------------------------------------- */

/* seed0's a6 and a1, line for line. */
static void first_full_sync_waits_for_the_delay(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL);
    char id[RCS_ID_LEN + 1];
    memcpy(id, repl(lab, 0)->replid, sizeof(id));
    lab_replicate(lab, 1, 0);
    lab_run(lab, 100);
    assert_string_not_equal(repl(lab, 0)->replid, id); /* the first replica ever: a new history */
    lab_expect_log(lab, 1, turn_into_replica);
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
    assert_string_equal(repl(lab, 0)->replid, repl(lab, 1)->replid);
    assert_int_equal(lab_node(lab, 0)->stat_sync_full, 1);
    assert_int_equal(lab_node(lab, 0)->stat_sync_partial_err, 1);
    lab_free(lab);
}

/* Recorded with repl-diskless-sync no: at once, and the file stays on the master's disk as well. */
static void disk_based_sync_starts_at_once(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync", "no", NULL };
    struct lab *lab = lab_of(settings);
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
    lab_expect_log(lab, 1, turn_into_replica);
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
    struct lab *lab = lab_of(NULL);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 2000);
    lab_replicate(lab, 2, 0);
    while (repl(lab, 0)->child.phase != RCS_CHILD_EXITING) {
        lab_run(lab, 1);
    }
    lab_forget_log(lab, 0);
    lab_replicate(lab, 3, 0);
    lab_run(lab, 200);
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7003 asks for synchronization\n"
                   "M * Partial resynchronization not accepted: ~\n"
                   "M * Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC\n"
                   "M * Background RDB transfer terminated with success\n");
    assert_int_equal(rcs_repl_online(lab_node(lab, 0)), 2);
    lab_run(lab, 7000);
    assert_int_equal(rcs_repl_online(lab_node(lab, 0)), 3);
    lab_free(lab);
}

/* A replica that leaves before the data is there: nobody takes it, the child is killed. */
static void child_without_takers_is_killed(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_replicate(lab, 1, 0);
    while (repl(lab, 0)->child.phase == RCS_CHILD_NONE) {
        lab_run(lab, 1);
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
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 5);
    lab_replicate(lab, 1, 2);
    while (repl(lab, 1)->loading == NULL) {
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
    struct lab *lab = lab_of(quick);
    in_sync(lab, 1, 0);
    lab_promote(lab, 1);
    assert_int_equal(repl(lab, 1)->second_offset, 1);
    in_sync(lab, 1, 2);
    assert_int_equal(repl(lab, 1)->second_offset, -1);
    assert_string_equal(repl(lab, 1)->replid2, "0000000000000000000000000000000000000000");
    lab_free(lab);
}

/* The ACK right after a diskless load; until the first ACK after the child's end was noticed
 * nothing of the stream is written. */
static void the_stream_waits_for_an_ack(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    lab_replicate(lab, 1, 0);
    while (!rcs_node_master_link_up(lab_node(lab, 1))) {
        lab_run_us(lab, 100);
    }
    const struct rcs_replica *replica = &repl(lab, 0)->replicas[0]->replica;
    assert_int_equal(replica->state, RCS_REPLICA_BGSAVE);
    assert_int_equal(replica->ack_wall_s, 0);
    lab_run(lab, 1);
    assert_true(replica->ack_wall_s > 0);
    lab_pause(lab, 1, true); /* no more ACKs */
    lab_run(lab, 150);
    assert_int_equal(replica->state, RCS_REPLICA_ONLINE);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(replica->sent_offset, 0);
    lab_pause(lab, 1, false);
    lab_run(lab, 1200);
    assert_int_equal(replica->sent_offset, 50);
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), 50);
    lab_free(lab);
}

/* One newline a second, so that the replica sees that somebody is there. */
static void who_waits_hears_a_newline_a_second(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL);
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
    struct lab *lab = lab_of(quick);
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
    struct lab *lab = lab_of(settings);
    lab_replicate(lab, 1, 0);
    while (repl(lab, 0)->child.phase == RCS_CHILD_NONE) {
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
    struct lab *lab = lab_of(quick);
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

/* 30 MB take 0.3 s: three ticks are left out, what comes in is served. */
static void no_timer_runs_while_a_data_set_is_loaded(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "SETRANGE k 29999999 x"), ":30000000\r\n");
    lab_replicate(lab, 1, 0);
    while (!rcs_repl_loading(lab_node(lab, 1))) {
        lab_run_us(lab, 100);
    }
    uint64_t loops = lab_node(lab, 1)->cron_loops;
    lab_run(lab, 250);
    assert_true(rcs_repl_loading(lab_node(lab, 1)));
    assert_int_equal(lab_node(lab, 1)->cron_loops, loops);
    assert_string_equal(lab_ask(lab, 1, "ECHO here"), "$4\r\nhere\r\n");
    lab_run(lab, 250);
    assert_false(rcs_repl_loading(lab_node(lab, 1)));
    assert_true(lab_node(lab, 1)->cron_loops > loops);
    lab_free(lab);
}

/* --- the stream ------------------------------------------------------------------------------- */

/* oracle/bytes/repl: 0 before, 50 after the first SET (SELECT 0 goes ahead), 71 after INCR. */
static void offsets_count_the_bytes_of_the_stream(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET before 1");
    assert_int_equal(repl(lab, 0)->offset, 0); /* no backlog yet: nothing is counted */
    in_sync(lab, 1, 0);
    assert_int_equal(repl(lab, 0)->offset, 0);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(repl(lab, 0)->offset, 50);
    lab_ask(lab, 0, "INCR n");
    lab_ask(lab, 0, "INCRBY n 41");
    assert_int_equal(repl(lab, 0)->offset, 102);
    lab_run(lab, 2);
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), 102);
    assert_int_equal(repl(lab, 1)->offset, 102);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 3);
    lab_free(lab);
}

/* SELECT 0 goes ahead of the first write after every full sync. */
static void a_full_sync_makes_the_next_write_select_again(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(repl(lab, 0)->offset, 50 + 27);
    in_sync(lab, 2, 0);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(repl(lab, 0)->offset, 50 + 27 + 50);
    lab_free(lab);
}

/* PING every repl-ping-replica-period, counted in runs of the cron since the start. */
static void pings_come_by_the_cron_of_the_process(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "4", NULL };
    struct lab *lab = lab_of(settings);
    in_sync(lab, 1, 0);
    assert_int_equal(repl(lab, 0)->offset, 0);
    while (repl(lab, 0)->cron_loops < 5) { /* runs 0, 4, 8... */
        lab_run(lab, 10);
    }
    assert_int_equal(repl(lab, 0)->offset, 14);
    lab_run(lab, 3900);
    assert_int_equal(repl(lab, 0)->offset, 14);
    lab_run(lab, 200);
    assert_int_equal(repl(lab, 0)->offset, 28);
    lab_run(lab, 1);
    assert_int_equal(repl(lab, 1)->offset, 28);
    lab_free(lab);
}

static void pings_rest_while_a_manual_failover_pauses(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "1", NULL };
    struct lab *lab = lab_of(settings);
    in_sync(lab, 1, 0);
    struct rcs_node *master = lab_node(lab, 0);
    master->cluster.mf_end_ms = master->now_ms + 3000;
    rcs_clients_pause_writes(master, master->now_ms + 3000);
    int64_t before = repl(lab, 0)->offset;
    lab_run(lab, 2900);
    assert_int_equal(repl(lab, 0)->offset, before);
    master->cluster.mf_end_ms = 0;
    lab_run(lab, 1100);
    assert_true(repl(lab, 0)->offset > before);
    lab_free(lab);
}

/* A transaction counts when its EXEC was executed, all at once. */
static void a_torn_transaction_leaves_nothing(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    in_sync(lab, 1, 0);
    static const char half[] = "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    static const char rest[] = "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n*1\r\n$4\r\nEXEC\r\n";
    struct rcs_node *node = lab_node(lab, 0);
    struct rcs_client *client = repl(lab, 0)->replicas[0];
    rcs_buf_add(&client->reply, half, sizeof(half) - 1); /* leaves with the next turn */
    lab_run(lab, 150);
    assert_int_equal(repl(lab, 1)->cached_offset, 0);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 0);
    client = node->repl.replicas[0];
    rcs_buf_add(&client->reply, rest, sizeof(rest) - 1);
    lab_run(lab, 150);
    assert_int_equal(repl(lab, 1)->cached_offset, sizeof(half) + sizeof(rest) - 2);
    assert_int_equal(repl(lab, 1)->offset, sizeof(half) + sizeof(rest) - 2);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 2);
    lab_free(lab);
}

/* WAIT counts direct replicas; GETACK is 37 bytes of the stream. */
static void wait_counts_direct_replicas(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    in_sync(lab, 2, 0);
    in_sync(lab, 3, 1);
    lab_ask(lab, 0, "SET k v");
    int64_t before = repl(lab, 0)->offset;
    lab_send(lab, 0, "WAIT 2 1000");
    lab_run(lab, 2);
    assert_string_equal(lab_answer(lab, 0), ":2\r\n"); /* asked, so no second goes by */
    assert_int_equal(repl(lab, 0)->offset, before + 37);
    lab_send(lab, 0, "WAIT 3 200");
    lab_run(lab, 150);
    assert_string_equal(lab_answer(lab, 0), "");
    lab_run(lab, 200);
    assert_string_equal(lab_answer(lab, 0), ":2\r\n");
    assert_int_equal(repl(lab, 3)->offset, repl(lab, 0)->offset); /* passed on byte for byte */
    assert_string_equal(repl(lab, 3)->replid, repl(lab, 0)->replid);
    lab_free(lab);
}

static void good_replicas_are_those_with_a_fresh_ack(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay",
                                            "0",
                                            "min-replicas-to-write",
                                            "1",
                                            "min-replicas-max-lag",
                                            "3",
                                            NULL };
    struct lab *lab = lab_of(settings);
    lab_own_slots(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "SET k v"),
                        "-NOREPLICAS Not enough good replicas to write.\r\n");
    in_sync(lab, 1, 0);
    assert_string_equal(lab_ask(lab, 0, "SET k v"), "+OK\r\n");
    lab_pause(lab, 1, true);
    lab_run(lab, 2500);
    assert_int_equal(rcs_repl_good(lab_node(lab, 0)), 1);
    lab_run(lab, 3500);
    assert_int_equal(rcs_repl_good(lab_node(lab, 0)), 0);
    assert_string_equal(lab_ask(lab, 0, "SET k v"),
                        "-NOREPLICAS Not enough good replicas to write.\r\n");
    lab_free(lab);
}

/* --- the chain -------------------------------------------------------------------------------- */

/* seed0's b1 and b4: b4 synced from b1, then b1 turns to a1 and starts b4's next history. */
static void a_middle_node_cuts_its_replica_at_its_own_full_sync(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 7000);
    assert_true(rcs_node_master_link_up(lab_node(lab, 2)));
    lab_forget_log(lab, 1);
    lab_forget_log(lab, 2);
    char first_id[RCS_ID_LEN + 1];
    memcpy(first_id, repl(lab, 1)->replid, sizeof(first_id));
    lab_replicate(lab, 1, 0);
    lab_run(lab, 300);
    assert_string_equal(repl(lab, 1)->replid, first_id); /* until the RDB is there */
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), repl(lab, 1)->cached_offset);
    lab_run(lab, 6700);
    lab_expect_log(lab, 1, turn_into_replica);
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
    assert_string_equal(repl(lab, 0)->replid, repl(lab, 2)->replid);
    assert_int_equal(repl(lab, 0)->offset, repl(lab, 2)->offset);
    lab_free(lab);
}

/* a1 is gone; b1 is promoted: its sub-replica b4 and a sibling continue under the new id. */
static void after_a_promotion_all_continue(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    in_sync(lab, 2, 0);
    in_sync(lab, 3, 1);
    lab_ask(lab, 0, "SET k v"); /* 50 bytes */
    lab_run(lab, 5);
    int64_t offset = repl(lab, 0)->offset;
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
        assert_string_equal(repl(lab, i)->replid, repl(lab, 1)->replid);
        assert_string_equal(repl(lab, i)->replid2, repl(lab, 1)->replid2);
        assert_int_equal(repl(lab, i)->second_offset, offset + 1);
        assert_int_equal(repl(lab, i)->offset, offset);
    }
    assert_int_equal(repl(lab, 1)->down_since_s, 0);
    lab_own_slots(lab, 1);
    lab_ask(lab, 1, "SET k v");
    assert_int_equal(repl(lab, 1)->offset, offset + 50); /* a new master selects again */
    lab_free(lab);
}

/* A sibling that is told of the new id cuts its own replica, which then continues as well. */
static void a_new_id_goes_down_the_chain(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    in_sync(lab, 1, 0);
    in_sync(lab, 2, 0);
    in_sync(lab, 3, 2);
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
    assert_string_equal(repl(lab, 3)->replid, repl(lab, 1)->replid);
    assert_true(rcs_node_master_link_up(lab_node(lab, 3)));
    lab_free(lab);
}

/* The lines with which an existing link ends at a change of master have the role M. */
static void a_switch_logs_the_old_link_as_a_master(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    in_sync(lab, 1, 0);
    lab_forget_log(lab, 1);
    lab_replicate(lab, 1, 2);
    lab_run(lab, 5);
    lab_expect_log(lab, 1,
                   "M # Connection with master lost.\n"
                   "M * Caching the disconnected master state.\n"
                   "S * Connecting to MASTER 127.0.0.1:7002\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:1).\n");
    assert_true(repl(lab, 1)->down_since_s > 0);
    lab_free(lab);
}

/* --- the old master --------------------------------------------------------------------------- */

/* Demoted with nothing of its own since: +CONTINUE. */
static void an_old_master_continues_if_it_said_nothing_more(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    in_sync(lab, 1, 0);
    lab_promote(lab, 1);
    lab_run(lab, 20);
    lab_forget_log(lab, 0);
    lab_replicate(lab, 0, 1);
    lab_run(lab, 20);
    lab_expect_log(lab, 0, turn_into_replica);
    lab_expect_log(lab, 0,
                   "S * Connecting to MASTER 127.0.0.1:7001\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:1).\n"
                   "S * Successful partial resynchronization with master.\n"
                   "S # Master replication ID changed to ID\n"
                   "S * MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.\n");
    assert_string_equal(repl(lab, 0)->replid, repl(lab, 1)->replid);
    lab_free(lab);
}

/* Promoted a second time it selects its database again: its replicas may have heard others since.
 */
static void a_master_once_more_selects_again(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 5);
    lab_promote(lab, 1);
    lab_replicate(lab, 0, 1);
    lab_run(lab, 20);
    assert_true(rcs_node_master_link_up(lab_node(lab, 0)));
    lab_promote(lab, 0);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(repl(lab, 0)->offset, 50 + 50);
    lab_free(lab);
}

/* One PING to a replica it still had, 14 bytes: it is ahead of the promoted one. */
static void one_ping_too_many_and_the_old_master_is_refused(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "5", NULL };
    struct lab *lab = lab_of(settings);
    in_sync(lab, 1, 0);
    in_sync(lab, 2, 0);
    lab_promote(lab, 1);
    int64_t shared = repl(lab, 1)->offset;
    while (repl(lab, 0)->offset == shared) {
        lab_run(lab, 100);
    }
    assert_int_equal(repl(lab, 0)->offset, shared + 14);
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
    struct lab *lab = lab_of(quick);
    in_sync(lab, 1, 0);
    lab_kill(lab, 0);
    lab_run(lab, 5);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 5);
    lab_expect_log(lab, 2, turn_into_replica);
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
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 5);
    lab_forget_log(lab, 0);
    char request[96];
    snprintf(request, sizeof(request), "PSYNC %s 52", repl(lab, 0)->replid);
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
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    char request[96];
    snprintf(request, sizeof(request), "PSYNC %s 51", repl(lab, 0)->replid);
    assert_string_equal(lab_ask(lab, 0, request), "+CONTINUE\r\n"); /* no capa psync2: no id */
    lab_free(lab);
}

/* Words of the wire: oracle/bytes/repl. */
static void replconf_answers(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    assert_string_equal(lab_ask(lab, 0, "REPLCONF listening-port 7009"), "+OK\r\n");
    assert_string_equal(lab_ask(lab, 0, "REPLCONF capa eof capa psync2 capa later"), "+OK\r\n");
    assert_string_equal(lab_ask(lab, 0, "REPLCONF ACK 12"), "");
    assert_string_equal(lab_ask(lab, 0, "REPLCONF GETACK *"), "");
    assert_string_equal(lab_ask(lab, 0, "REPLCONF listening-port"), "-ERR syntax error\r\n");
    assert_string_equal(lab_ask(lab, 0, "REPLCONF listening-port x"),
                        "-ERR value is not an integer or out of range\r\n");
    assert_string_equal(lab_ask(lab, 0, "REPLCONF color red"),
                        "-ERR Unrecognized REPLCONF option: color\r\n");
    assert_string_equal(lab_ask(lab, 0, "PSYNC ? x"),
                        "-ERR value is not an integer or out of range\r\n");
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7009 asks for synchronization\n"
                   "M # Replica 127.0.0.1:7009 asks for synchronization but with a wrong offset\n");
    lab_free(lab);
}

/* --- time-outs -------------------------------------------------------------------------------- */

static const char *const impatient[] = {
    "repl-diskless-sync-delay", "0", "repl-timeout", "5", "repl-ping-replica-period", "1", NULL
};

/* Off the net both sides give up when repl-timeout has gone by in whole seconds, and not before. */
static void silence_ends_the_link_on_both_sides(void **state)
{
    (void)state;
    struct lab *lab = lab_of(impatient);
    in_sync(lab, 1, 0);
    lab_forget_log(lab, 0);
    lab_forget_log(lab, 1);
    lab_run(lab, 10000);
    lab_expect_silence(lab, 0);
    lab_expect_silence(lab, 1);
    int64_t cut_ms = lab_now_ms(lab);
    lab_cut(lab, 1, true);
    lab_run(lab, 8500);
    lab_expect_log(lab, 0,
                   "M # Disconnecting timedout replica (streaming sync): 127.0.0.1:7001\n"
                   "M # Connection with replica 127.0.0.1:7001 lost.\n");
    assert_in_range(lab_logged_ms(lab, 0) - cut_ms, 5000, 8000);
    lab_expect_log(lab, 1,
                   "S # MASTER timeout: no data nor PING received...\n"
                   "S # Connection with master lost.\n"
                   "S * Caching the disconnected master state.\n"
                   "S * Reconnecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n");
    assert_in_range(lab_logged_ms(lab, 1) - cut_ms, 4000, 8000);
    lab_run(lab, 7000);
    lab_expect_log(lab, 1,
                   "S # Timeout connecting to the MASTER...\n"
                   "S * Reconnecting to MASTER 127.0.0.1:7000 after failure\n"
                   "S * MASTER <-> REPLICA sync started\n");
    lab_free(lab);
}

/* While it waits for +FULLRESYNC a replica hears a newline a second, and each line counts: only a
 * master that says nothing at all is given up. */
static void a_handshake_is_given_up_for_silence_only(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-timeout", "3", "repl-diskless-sync-delay", "12",
                                            NULL };
    struct lab *lab = lab_of(settings);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 1000);
    lab_forget_log(lab, 1);
    lab_run(lab, 10000);
    lab_expect_silence(lab, 1);
    lab_run(lab, 4000);
    assert_true(rcs_node_master_link_up(lab_node(lab, 1)));

    lab_replicate(lab, 2, 0);
    lab_run(lab, 1000);
    lab_forget_log(lab, 2);
    lab_pause(lab, 0, true);
    lab_run(lab, 6000);
    lab_expect_log(lab, 2, "S # Timeout connecting to the MASTER...\n");
    lab_expect_log(lab, 2, "S * Reconnecting to MASTER 127.0.0.1:7000 after failure\n");
    lab_free(lab);
}

static void a_lost_handshake_waits_for_the_cron(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 1000);
    lab_forget_log(lab, 1);
    lab_kill(lab, 0);
    lab_run(lab, 1200);
    lab_expect_log(lab, 1,
                   "S # Failed to read response from the server: Success\n"
                   "S # Master did not reply to PSYNC, will try later\n"
                   "S * Connecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S # Error condition on socket for SYNC: Connection refused\n");
    lab_free(lab);
}

/* Without replicas a backlog lives for repl-backlog-ttl; the id goes with it. */
static void an_unused_backlog_is_freed_with_its_id(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0", "repl-backlog-ttl",
                                            "4", NULL };
    struct lab *lab = lab_of(settings);
    in_sync(lab, 1, 0);
    char id[RCS_ID_LEN + 1];
    memcpy(id, repl(lab, 0)->replid, sizeof(id));
    lab_kill(lab, 1);
    lab_run(lab, 3900);
    assert_non_null(repl(lab, 0)->backlog);
    assert_string_equal(repl(lab, 0)->replid, id);
    lab_forget_log(lab, 0);
    lab_run(lab, 2300);
    lab_expect_log(lab, 0,
                   "M * Replication backlog freed after 4 seconds without connected replicas.\n");
    assert_null(repl(lab, 0)->backlog);
    assert_string_not_equal(repl(lab, 0)->replid, id);
    lab_free(lab);
}

/* --- age -------------------------------------------------------------------------------------- */

/* Whole seconds since the link dropped; since 1970 if it never was up. */
static void data_age_counts_from_the_loss(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "1", NULL };
    struct lab *lab = lab_of(settings);
    lab_replicate(lab, 1, 0);
    assert_true(rcs_repl_data_age_ms(lab_node(lab, 1)) > 1000000000000);
    lab_run(lab, 4000);
    assert_in_range(rcs_repl_data_age_ms(lab_node(lab, 1)), 0, 1000);
    lab_pause(lab, 0, true); /* it hangs: the link is up, and nothing comes */
    lab_run(lab, 6100);
    assert_in_range(rcs_repl_data_age_ms(lab_node(lab, 1)), 6000, 7000);
    lab_kill(lab, 0);
    lab_run(lab, 3100);
    assert_in_range(rcs_repl_data_age_ms(lab_node(lab, 1)), 3000, 4000);
    assert_int_equal(rcs_repl_data_age_ms(lab_node(lab, 1)) % 1000, 0);
    lab_free(lab);
}

/* --- restarts --------------------------------------------------------------------------------- */

/* dump.rdb of a full sync carries id and offset: the replica goes on from there. Its log says so as
 * M. */
static void a_restarted_replica_continues_from_its_dump(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 2, 0);
    lab_ask(lab, 0, "SET a 1"); /* 50 bytes before the dump */
    in_sync(lab, 1, 0);
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
    assert_int_equal(repl(lab, 1)->offset, 100);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 2);
    lab_free(lab);
}

/* The dump of a disk-based sync gives a restarted master its old id as the second one. */
static void a_restarted_master_offers_the_history_of_its_dump(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync", "no", "repl-ping-replica-period",
                                            "3600", NULL };
    struct lab *lab = lab_of(settings);
    in_sync(lab, 1, 0);
    char id[RCS_ID_LEN + 1];
    memcpy(id, repl(lab, 0)->replid, sizeof(id));
    lab_kill(lab, 0);
    lab_run(lab, 100);
    lab_start(lab, 0, false);
    assert_string_equal(repl(lab, 0)->replid2, id);
    assert_int_equal(repl(lab, 0)->second_offset, 1);
    lab_forget_log(lab, 0);
    lab_run(lab, 1100);
    lab_expect_log(lab, 0,
                   "M * Replica 127.0.0.1:7001 asks for synchronization\n"
                   "M * Partial resynchronization request from 127.0.0.1:7001 accepted. Sending 0 "
                   "bytes of backlog starting from offset 1.\n");
    assert_string_equal(repl(lab, 1)->replid, repl(lab, 0)->replid);
    lab_free(lab);
}

/* A master that kept nothing has a new id: full sync, to the empty set. */
static void a_restarted_master_without_a_dump_empties_its_replica(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET a 1");
    in_sync(lab, 1, 0);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 1);
    lab_kill(lab, 0);
    lab_start(lab, 0, false);
    lab_run(lab, 2500);
    assert_true(rcs_node_master_link_up(lab_node(lab, 1)));
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 0);
    lab_free(lab);
}

/* --- what is said of it ----------------------------------------------------------------------- */

static void info_and_role_of_both_sides(void **state)
{
    (void)state;
    struct lab *lab = lab_of(quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 1200);
    struct rcs_buf info;
    rcs_buf_init(&info);
    rcs_repl_info(lab_node(lab, 0), &info);
    rcs_buf_add(&info, "", 1);
    char expected[1024];
    snprintf(expected, sizeof(expected),
             "# Replication\r\nrole:master\r\nconnected_slaves:1\r\n"
             "slave0:ip=127.0.0.1,port=7001,state=online,offset=50,lag=%d\r\n"
             "master_failover_state:no-failover\r\nmaster_replid:%s\r\n"
             "master_replid2:0000000000000000000000000000000000000000\r\n"
             "master_repl_offset:50\r\nsecond_repl_offset:-1\r\nrepl_backlog_active:1\r\n"
             "repl_backlog_size:1048576\r\nrepl_backlog_first_byte_offset:1\r\n"
             "repl_backlog_histlen:50\r\n",
             strstr(info.data, "lag=1") != NULL, repl(lab, 0)->replid);
    assert_string_equal(info.data, expected);
    assert_string_equal(lab_ask(lab, 0, "ROLE"),
                        "*3\r\n$6\r\nmaster\r\n:50\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n7001\r\n"
                        "$2\r\n50\r\n");
    assert_string_equal(
        lab_ask(lab, 1, "ROLE"),
        "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:7000\r\n$9\r\nconnected\r\n:50\r\n");
    rcs_buf_clear(&info);
    lab_kill(lab, 0);
    lab_run(lab, 2000);
    rcs_repl_info(lab_node(lab, 1), &info);
    rcs_buf_add(&info, "", 1);
    assert_non_null(strstr(info.data, "role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:7000\r\n"
                                      "master_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\n"
                                      "master_sync_in_progress:0\r\nslave_read_repl_offset:50\r\n"
                                      "slave_repl_offset:50\r\nmaster_link_down_since_seconds:"));
    assert_non_null(strstr(info.data, "slave_priority:100\r\nslave_read_only:1\r\n"
                                      "replica_announced:1\r\nconnected_slaves:0\r\n"));
    rcs_buf_close(&info);
    assert_string_equal(
        lab_ask(lab, 1, "ROLE"),
        "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:7000\r\n$7\r\nconnect\r\n:-1\r\n");
    lab_free(lab);
}

/* --- the RDB file ----------------------------------------------------------------------------- */

static void save_points_start_a_child(void **state)
{
    (void)state;
    static const char *const settings[] = { "save", "20 3", NULL };
    struct lab *lab = lab_of(settings);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET a 1");
    lab_ask(lab, 0, "SET b 1");
    lab_run(lab, 22000);
    lab_expect_silence(lab, 0); /* two changes are not three */
    lab_ask(lab, 0, "SET c 1");
    lab_run(lab, 300);
    static const char saved[] = "M * 3 changes in 20 seconds. Saving...\n"
                                "M * Background saving started by pid ~\n"
                                "C * DB saved on disk\n"
                                "C * Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB\n"
                                "M * Background saving terminated with success\n";
    lab_expect_log(lab, 0, saved);
    lab_ask(lab, 0, "SET a 1");
    lab_ask(lab, 0, "SET b 1");
    lab_ask(lab, 0, "SET c 1");
    lab_run(lab, 19500);
    lab_expect_silence(lab, 0); /* more than 20 seconds must have gone by */
    lab_run(lab, 2000);
    lab_expect_log(lab, 0, saved);
    lab_run(lab, 30000);
    lab_expect_silence(lab, 0);
    lab_free(lab);
}

/* Its end comes before the next tick, which would notice it: the signal then finds nobody. */
static void a_child_that_has_ended_cannot_be_killed(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL);
    struct rcs_node *node = lab_node(lab, 0);
    lab_run(lab, 50); /* the next tick is far */
    lab_ask(lab, 0, "BGSAVE");
    while (repl(lab, 0)->child.phase != RCS_CHILD_EXITING) {
        lab_run_us(lab, 100);
    }
    rcs_us due_us = repl(lab, 0)->child.due_us;
    while (node->now_us < due_us) {
        lab_ask(lab, 0, "PING");
    }
    assert_int_equal(repl(lab, 0)->child.phase, RCS_CHILD_EXITING);
    lab_forget_log(lab, 0);
    rcs_child_kill(node);
    lab_run(lab, 200);
    lab_expect_log(lab, 0, "M * Background saving terminated with success\n");
    lab_free(lab);
}

/* Redis 7.0.15 in this order: the empty data set is on disk before the child's end is seen. */
static void flushall_kills_the_child_and_saves_what_is_left(void **state)
{
    (void)state;
    static const char *const settings[] = { "save", "3600 1", NULL };
    struct lab *lab = lab_of(settings);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET k v");
    lab_ask(lab, 0, "BGSAVE");
    while (repl(lab, 0)->child.phase != RCS_CHILD_WRITING) {
        lab_run_us(lab, 100);
    }
    lab_forget_log(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "FLUSHALL"), "+OK\r\n");
    lab_run(lab, 200);
    lab_expect_log(lab, 0,
                   "M * DB saved on disk\n"
                   "M # Background saving terminated by signal 10\n");
    lab_kill(lab, 0);
    lab_start(lab, 0, false);
    assert_int_equal(rcs_node_keys(lab_node(lab, 0)), 0);
    lab_free(lab);
}

static void a_killed_child_ends_the_syncs_that_waited_for_it(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync", "no", NULL };
    struct lab *lab = lab_of(settings);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET k v");
    lab_replicate(lab, 1, 0);
    while (repl(lab, 0)->child.phase != RCS_CHILD_WRITING) {
        lab_run_us(lab, 100);
    }
    lab_forget_log(lab, 0);
    lab_ask(lab, 0, "FLUSHALL");
    for (int i = 0; i < 3000 && repl(lab, 0)->replica_count > 0; i++) {
        lab_run_us(lab, 100);
    }
    lab_expect_log(lab, 0,
                   "M # Background saving terminated by signal 10\n"
                   "M # SYNC failed. BGSAVE child returned an error\n"
                   "M # Connection with replica 127.0.0.1:7001 lost.\n");
    lab_run(lab, 3000);
    assert_true(rcs_node_master_link_up(lab_node(lab, 1))); /* it asks again */
    lab_free(lab);
}

static void an_append_only_file_waits_for_the_child_of_a_save(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "BGSAVE");
    lab_run_us(lab, 100);
    lab_forget_log(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "CONFIG SET appendonly yes"), "+OK\r\n");
    lab_run(lab, 500);
    lab_expect_log(lab, 0,
                   "M # AOF was enabled but there is already another background operation. An AOF "
                   "background was scheduled to start when possible.\n"
                   "M * Background saving started by pid ~\n"
                   "C * DB saved on disk\n"
                   "C * Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB\n"
                   "M * Background saving terminated with success\n"
                   "M * Creating AOF incr file temp-appendonly.aof.incr on background rewrite\n"
                   "M * Background append only file rewriting started by pid ~\n");
    lab_free(lab);
}

static void an_append_only_file_switched_off_kills_its_child(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL);
    lab_own_slots(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "CONFIG SET appendonly yes"), "+OK\r\n");
    lab_forget_log(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "CONFIG SET appendonly no"), "+OK\r\n");
    lab_run(lab, 500);
    lab_expect_log(lab, 0, "M * Killing running AOF rewrite child: ~\n");
    lab_expect_silence(lab, 0);
    lab_free(lab);
}

/* A smaller size is felt at once by 64 blocks, and by 640 each time the server goes to sleep. */
static void a_smaller_backlog_is_trimmed_without_a_write(void **state)
{
    (void)state;
    enum { BLOCK = 20440, SMALLEST = 16384 };
    static const char *const settings[] = { "repl-diskless-sync-delay",
                                            "0",
                                            "repl-ping-replica-period",
                                            "3600",
                                            "repl-backlog-size",
                                            "4mb",
                                            NULL };
    struct lab *lab = lab_of(settings);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    char set[10000 + sizeof("SET k ")];
    memset(set, 'v', sizeof(set) - 1);
    memcpy(set, "SET k ", 6);
    set[sizeof(set) - 1] = '\0';
    for (unsigned i = 0; i < 300; i++) {
        assert_string_equal(lab_ask(lab, 0, set), "+OK\r\n");
    }
    const struct rcs_backlog *backlog = repl(lab, 0)->backlog;
    assert_int_equal(rcs_backlog_first(backlog), 1);
    assert_true(rcs_backlog_length(backlog) > 100 * BLOCK);
    char first[64];
    snprintf(first, sizeof(first), "repl_backlog_first_byte_offset:%d\r\n", 64 * BLOCK + 1);
    lab_ask(lab, 0, "MULTI");
    lab_ask(lab, 0, "CONFIG SET repl-backlog-size 1");
    lab_ask(lab, 0, "INFO replication");
    assert_non_null(strstr(lab_ask(lab, 0, "EXEC"), first));
    assert_true(rcs_backlog_length(backlog) > SMALLEST);
    assert_true(rcs_backlog_length(backlog) <= SMALLEST + BLOCK);
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
        cmocka_unit_test(offsets_count_the_bytes_of_the_stream),
        cmocka_unit_test(a_full_sync_makes_the_next_write_select_again),
        cmocka_unit_test(pings_come_by_the_cron_of_the_process),
        cmocka_unit_test(pings_rest_while_a_manual_failover_pauses),
        cmocka_unit_test(a_torn_transaction_leaves_nothing),
        cmocka_unit_test(wait_counts_direct_replicas),
        cmocka_unit_test(good_replicas_are_those_with_a_fresh_ack),
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
        cmocka_unit_test(replconf_answers),
        cmocka_unit_test(silence_ends_the_link_on_both_sides),
        cmocka_unit_test(a_handshake_is_given_up_for_silence_only),
        cmocka_unit_test(a_lost_handshake_waits_for_the_cron),
        cmocka_unit_test(an_unused_backlog_is_freed_with_its_id),
        cmocka_unit_test(data_age_counts_from_the_loss),
        cmocka_unit_test(a_restarted_replica_continues_from_its_dump),
        cmocka_unit_test(a_restarted_master_offers_the_history_of_its_dump),
        cmocka_unit_test(a_restarted_master_without_a_dump_empties_its_replica),
        cmocka_unit_test(info_and_role_of_both_sides),
        cmocka_unit_test(save_points_start_a_child),
        cmocka_unit_test(a_child_that_has_ended_cannot_be_killed),
        cmocka_unit_test(flushall_kills_the_child_and_saves_what_is_left),
        cmocka_unit_test(a_killed_child_ends_the_syncs_that_waited_for_it),
        cmocka_unit_test(an_append_only_file_waits_for_the_child_of_a_save),
        cmocka_unit_test(an_append_only_file_switched_off_kills_its_child),
        cmocka_unit_test(a_smaller_backlog_is_trimmed_without_a_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
