/* Replication between whole nodes: offsets, the backlog, time-outs, and what is said of it. Lines
 * are those of the recorded servers, in their order. */
#include "tests/support/repl_lab.h"

/* --- the stream ------------------------------------------------------------------------------- */

/* oracle/bytes/repl: 0 before, 50 after the first SET (SELECT 0 goes ahead), 71 after INCR. */
static void offsets_count_the_bytes_of_the_stream(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET before 1");
    assert_int_equal(lab_repl(lab, 0)->offset, 0); /* no backlog yet: nothing is counted */
    lab_in_sync(lab, 1, 0);
    assert_int_equal(lab_repl(lab, 0)->offset, 0);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(lab_repl(lab, 0)->offset, 50);
    lab_ask(lab, 0, "INCR n");
    lab_ask(lab, 0, "INCRBY n 41");
    assert_int_equal(lab_repl(lab, 0)->offset, 102);
    lab_run(lab, 2);
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), 102);
    assert_int_equal(lab_repl(lab, 1)->offset, 102);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 3);
    lab_free(lab);
}

/* SELECT 0 goes ahead of the first write after every full sync. */
static void a_full_sync_makes_the_next_write_select_again(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(lab_repl(lab, 0)->offset, 50 + 27);
    lab_in_sync(lab, 2, 0);
    lab_ask(lab, 0, "SET k v");
    assert_int_equal(lab_repl(lab, 0)->offset, 50 + 27 + 50);
    lab_free(lab);
}

/* PING every repl-ping-replica-period, counted in runs of the cron since the start. */
static void pings_come_by_the_cron_of_the_process(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "4", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_in_sync(lab, 1, 0);
    assert_int_equal(lab_repl(lab, 0)->offset, 0);
    while (lab_repl(lab, 0)->cron_loops < 5) { /* runs 0, 4, 8... */
        lab_run(lab, 10);
    }
    assert_int_equal(lab_repl(lab, 0)->offset, 14);
    lab_run(lab, 3900);
    assert_int_equal(lab_repl(lab, 0)->offset, 14);
    lab_run(lab, 200);
    assert_int_equal(lab_repl(lab, 0)->offset, 28);
    lab_run(lab, 1);
    assert_int_equal(lab_repl(lab, 1)->offset, 28);
    lab_free(lab);
}

static void pings_rest_while_a_manual_failover_pauses(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "1", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_in_sync(lab, 1, 0);
    struct rcs_node *master = lab_node(lab, 0);
    master->cluster.mf_end_ms = master->now_ms + 3000;
    rcs_clients_pause_writes(master, master->now_ms + 3000);
    int64_t before = lab_repl(lab, 0)->offset;
    lab_run(lab, 2900);
    assert_int_equal(lab_repl(lab, 0)->offset, before);
    master->cluster.mf_end_ms = 0;
    lab_run(lab, 1100);
    assert_true(lab_repl(lab, 0)->offset > before);
    lab_free(lab);
}

/* A transaction counts when its EXEC was executed, all at once. */
static void a_torn_transaction_leaves_nothing(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_in_sync(lab, 1, 0);
    static const char half[] = "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    static const char rest[] = "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n*1\r\n$4\r\nEXEC\r\n";
    struct rcs_node *node = lab_node(lab, 0);
    struct rcs_client *client = lab_repl(lab, 0)->replicas[0];
    rcs_buf_add(&client->reply, half, sizeof(half) - 1); /* leaves with the next turn */
    node->clients.pending = true;
    lab_run(lab, 150);
    assert_int_equal(lab_repl(lab, 1)->cached_offset, 0);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 0);
    client = node->repl.replicas[0];
    rcs_buf_add(&client->reply, rest, sizeof(rest) - 1);
    node->clients.pending = true;
    lab_run(lab, 150);
    assert_int_equal(lab_repl(lab, 1)->cached_offset, sizeof(half) + sizeof(rest) - 2);
    assert_int_equal(lab_repl(lab, 1)->offset, sizeof(half) + sizeof(rest) - 2);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 2);
    lab_free(lab);
}

/* What a replica of 3.0 reads that was let go on in the middle of a command: the rest of it is
 * inline requests nobody knows, and counts by the bytes that came. */
static void a_stream_that_begins_within_a_command_is_read_on(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_in_sync(lab, 1, 0);
    static const char bytes[] = "\n11\r\n\r\nSET\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    struct rcs_node *node = lab_node(lab, 0);
    struct rcs_client *client = lab_repl(lab, 0)->replicas[0];
    rcs_buf_add(&client->reply, bytes, sizeof(bytes) - 1); /* leaves with the next turn */
    node->clients.pending = true;
    lab_run(lab, 150);
    assert_int_equal(lab_repl(lab, 1)->cached_offset, sizeof(bytes) - 1);
    assert_int_equal(lab_repl(lab, 1)->offset, sizeof(bytes) - 1);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 1)->keys), 1);
    lab_free(lab);
}

/* WAIT counts direct replicas; GETACK is 37 bytes of the stream. */
static void wait_counts_direct_replicas(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    lab_in_sync(lab, 2, 0);
    lab_in_sync(lab, 3, 1);
    lab_ask(lab, 0, "SET k v");
    int64_t before = lab_repl(lab, 0)->offset;
    lab_send(lab, 0, "WAIT 2 1000");
    lab_run(lab, 2);
    assert_string_equal(lab_answer(lab, 0), ":2\r\n"); /* asked, so no second goes by */
    assert_int_equal(lab_repl(lab, 0)->offset, before + 37);
    lab_send(lab, 0, "WAIT 3 200");
    lab_run(lab, 150);
    assert_string_equal(lab_answer(lab, 0), "");
    lab_run(lab, 200);
    assert_string_equal(lab_answer(lab, 0), ":2\r\n");
    assert_int_equal(lab_repl(lab, 3)->offset,
                     lab_repl(lab, 0)->offset); /* passed on byte for byte */
    assert_string_equal(lab_repl(lab, 3)->replid, lab_repl(lab, 0)->replid);
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
    struct lab *lab = lab_of(NULL, settings);
    lab_own_slots(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "SET k v"),
                        "-NOREPLICAS Not enough good replicas to write.\r\n");
    lab_in_sync(lab, 1, 0);
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

/* --- the backlog ------------------------------------------------------------------------------ */

/* Without replicas a backlog lives for repl-backlog-ttl; the id goes with it. */
static void an_unused_backlog_is_freed_with_its_id(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0", "repl-backlog-ttl",
                                            "4", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_in_sync(lab, 1, 0);
    char id[RCS_ID_LEN + 1];
    memcpy(id, lab_repl(lab, 0)->replid, sizeof(id));
    lab_kill(lab, 1);
    lab_run(lab, 3900);
    assert_non_null(lab_repl(lab, 0)->backlog);
    assert_string_equal(lab_repl(lab, 0)->replid, id);
    lab_forget_log(lab, 0);
    lab_run(lab, 2300);
    lab_expect_log(lab, 0,
                   "M * Replication backlog freed after 4 seconds without connected replicas.\n");
    assert_null(lab_repl(lab, 0)->backlog);
    assert_string_not_equal(lab_repl(lab, 0)->replid, id);
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
    struct lab *lab = lab_of(NULL, settings);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
    char set[10000 + sizeof("SET k ")];
    memset(set, 'v', sizeof(set) - 1);
    memcpy(set, "SET k ", 6);
    set[sizeof(set) - 1] = '\0';
    for (unsigned i = 0; i < 300; i++) {
        assert_string_equal(lab_ask(lab, 0, set), "+OK\r\n");
    }
    const struct rcs_backlog *backlog = lab_repl(lab, 0)->backlog;
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

/* --- time-outs -------------------------------------------------------------------------------- */

static const char *const impatient[] = {
    "repl-diskless-sync-delay", "0", "repl-timeout", "5", "repl-ping-replica-period", "1", NULL
};

/* Off the net both sides give up when repl-timeout has gone by in whole seconds, and not before. */
static void silence_ends_the_link_on_both_sides(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, impatient);
    lab_in_sync(lab, 1, 0);
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
    struct lab *lab = lab_of(NULL, settings);
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
    struct lab *lab = lab_of(NULL, NULL);
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

/* --- age -------------------------------------------------------------------------------------- */

/* Whole seconds since the link dropped; since 1970 if it never was up. */
static void data_age_counts_from_the_loss(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync-delay", "0",
                                            "repl-ping-replica-period", "1", NULL };
    struct lab *lab = lab_of(NULL, settings);
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

/* --- what is said of it ----------------------------------------------------------------------- */

/* Words of the wire: oracle/bytes/repl. */
static void replconf_answers(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
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

static void info_and_role_of_both_sides(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, lab_quick);
    lab_own_slots(lab, 0);
    lab_in_sync(lab, 1, 0);
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
             strstr(info.data, "lag=1") != NULL, lab_repl(lab, 0)->replid);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_count_the_bytes_of_the_stream),
        cmocka_unit_test(a_full_sync_makes_the_next_write_select_again),
        cmocka_unit_test(pings_come_by_the_cron_of_the_process),
        cmocka_unit_test(pings_rest_while_a_manual_failover_pauses),
        cmocka_unit_test(a_torn_transaction_leaves_nothing),
        cmocka_unit_test(a_stream_that_begins_within_a_command_is_read_on),
        cmocka_unit_test(wait_counts_direct_replicas),
        cmocka_unit_test(good_replicas_are_those_with_a_fresh_ack),
        cmocka_unit_test(replconf_answers),
        cmocka_unit_test(silence_ends_the_link_on_both_sides),
        cmocka_unit_test(a_handshake_is_given_up_for_silence_only),
        cmocka_unit_test(a_lost_handshake_waits_for_the_cron),
        cmocka_unit_test(an_unused_backlog_is_freed_with_its_id),
        cmocka_unit_test(data_age_counts_from_the_loss),
        cmocka_unit_test(info_and_role_of_both_sides),
        cmocka_unit_test(a_smaller_backlog_is_trimmed_without_a_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
