/* Replication of each release: a row says what a release does under one rule. Lines and handshakes
 * are those of recorded servers of that release. */
#include "tests/support/repl_lab.h"
#include "tests/support/tsv.h"

#include <stdio.h>

/* --- the lab ---------------------------------------------------------------------------------- */

/* From disk, and no PING but the first: offsets stand still. */
static const char *const quick[] = { "repl-diskless-sync", "no", "repl-ping-slave-period", "3600",
                                     NULL };

static bool link_up(struct lab *lab, unsigned index)
{
    return rcs_node_master_link_up(lab_node(lab, index));
}

static void in_sync(struct lab *lab, unsigned replica, unsigned master)
{
    lab_replicate(lab, replica, master);
    lab_run(lab, 2500);
    assert_true(link_up(lab, replica));
}

struct row {
    const char *name;
    const char *release;
    int64_t want, most; /* what the rule's test makes of them */
    const char *text;
};
typedef void row_fn(void **state);

/* --- connecting ------------------------------------------------------------------------------- */

/* Right after the order: at once, or not before the cron. */
static void connects(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_replicate(lab, 1, 0);
    assert_int_equal(lab_repl(lab, 1)->state, row->want ? RCS_REPL_CONNECTING : RCS_REPL_CONNECT);
    lab_run(lab, 1200);
    assert_true(link_up(lab, 1));
    lab_kill(lab, 0);
    lab_run_us(lab, 300);
    assert_int_equal(lab_repl(lab, 1)->state, row->want ? RCS_REPL_CONNECTING : RCS_REPL_CONNECT);
    lab_free(lab);
}

static const struct row connect_rows[] = {
    { "connect: 3.0 waits for the cron", "3.0", 0, 0, NULL },
    { "connect: 6.0 waits for the cron", "6.0", 0, 0, NULL },
    { "connect: 6.2 connects at once", "6.2", 1, 0, NULL },
    { "connect: valkey-8.0 connects at once", "valkey-8.0", 1, 0, NULL },
};

/* A node that has just started is told its master: from the start until the link is up, as the
 * failover recordings have it of the old master. */
static void full_sync_time(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, NULL);
    lab_kill(lab, 1);
    lab_run(lab, 330);
    lab_start(lab, 1, false);
    int64_t started_ms = lab_now_ms(lab);
    lab_run(lab, 20);
    lab_replicate(lab, 1, 0);
    while (!link_up(lab, 1)) {
        lab_run(lab, 1);
    }
    assert_in_range(lab_now_ms(lab) - started_ms, row->want, row->most);
    lab_free(lab);
}

static const struct row time_rows[] = {
    { "full sync: 3.0 in 1.0 to 1.2 s", "3.0", 1000, 1200, NULL },
    { "full sync: 4.0 in 1.0 to 1.2 s", "4.0", 1000, 1200, NULL },
    { "full sync: 5.0 in 1.0 to 1.2 s", "5.0", 1000, 1200, NULL },
    { "full sync: 6.0 in 1.0 to 1.2 s", "6.0", 1000, 1200, NULL },
    { "full sync: 6.2 in 0.02 to 0.15 s", "6.2", 20, 150, NULL },
    { "full sync: 7.0 after its delay", "7.0", 4000, 6100, NULL },
    { "full sync: 7.2 after its delay", "7.2", 4000, 6100, NULL },
    { "full sync: 7.4 after its delay", "7.4", 4000, 6100, NULL },
    { "full sync: valkey-8.0 after its delay", "valkey-8.0", 4000, 6100, NULL },
};

/* --- the handshake ---------------------------------------------------------------------------- */

/* What recorded replicas of the release said, word for word, and the answer to PSYNC. */
static void handshake(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 1050);
    const char *said = lab_asked(lab, 1);
    struct tsv file;
    char *fields[3];
    bool told = false;
    tsv_open(&file, "handshakes_by_release.tsv");
    while (tsv_row(&file, fields, 3)) {
        size_t length = strlen(fields[2]);
        if (strcmp(fields[0], row->text) != 0) {
            continue;
        }
        if (strcmp(fields[1], "asks") == 0) {
            if (strncmp(said, fields[2], length) != 0 || said[length] != '\n') {
                fail_msg("said: %s wanted: %s", said, fields[2]);
            }
            said += length + 1;
        } else {
            int64_t offset = strtoll(strrchr(fields[2], ' '), NULL, 10);
            assert_int_equal(lab_repl(lab, 1)->sync_offset, offset);
            told = true;
        }
    }
    tsv_close(&file);
    assert_true(told);
    lab_free(lab);
}

static const struct row handshake_rows[] = {
    { "handshake: 3.0 knows eof only and no id", "3.0", 0, 0, "3.0" },
    { "handshake: 4.0 as 5.0, psync2 and an id", "4.0", 0, 0, "5.0" },
    { "handshake: 5.0 as recorded", "5.0", 0, 0, "5.0" },
    { "handshake: 6.0 as 5.0", "6.0", 0, 0, "5.0" },
    { "handshake: 6.2 as recorded", "6.2", 0, 0, "6.2" },
    { "handshake: 7.0 as recorded", "7.0", 0, 0, "7.0" },
    { "handshake: 7.2 as recorded", "7.2", 0, 0, "7.2" },
    { "handshake: 7.4 as 7.2", "7.4", 0, 0, "7.2" },
    { "handshake: valkey-8.0 tells its version", "valkey-8.0", 0, 0, "valkey-8.0" },
};

/* How much is said in the instant after the PONG. */
static void handshake_steps(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_replicate(lab, 1, 0);
    const char *said;
    do {
        lab_run_us(lab, 100); /* half a way */
        said = lab_asked(lab, 1);
    } while (strncmp(said, "REPLCONF", 8) != 0);
    assert_string_equal(said, row->text);
    lab_free(lab);
}

static const struct row step_rows[] = {
    { "handshake: 6.0 waits for each answer", "6.0", 0, 0, "REPLCONF listening-port 7001\n" },
    { "handshake: 6.2 waits for none", "6.2", 0, 0,
      "REPLCONF listening-port 7001\nREPLCONF capa eof capa psync2\n" },
};

/* The master ends while PSYNC is under way, and while its PONG is. */
static void handshake_lost(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_replicate(lab, 1, 0);
    while (lab_repl(lab, 1)->state != RCS_REPL_HANDSHAKE) {
        lab_run_us(lab, 50);
    }
    lab_forget_log(lab, 1);
    lab_kill(lab, 0);
    lab_run_us(lab, 450);
    lab_expect_log(lab, 1, row->text);
    lab_expect_silence(lab, 1);
    assert_int_equal(lab_repl(lab, 1)->state, RCS_REPL_CONNECT);
    lab_free(lab);
}

static const struct row lost_rows[] = {
    { "handshake: 6.2 takes a loss for the master's answer", "6.2", 0, 0,
      "S # Error reply to PING from master: '-Reading from master: Connection reset by peer'\n" },
    { "handshake: 7.0 knows a loss", "7.0", 0, 0,
      "S # Failed to read response from the server: Success\n"
      "S # Master did not respond to command during SYNC handshake\n" },
    { "handshake: valkey-8.0 knows a loss", "valkey-8.0", 0, 0,
      "S # Failed to read response from the server: Success\n"
      "S # Primary did not respond to command during SYNC handshake\n" },
};

/* --- full sync, both sides, line by line ------------------------------------------------------ */

static void disk_sync_of_3_0(void **state)
{
    (void)state;
    struct lab *lab = lab_of("3.0", NULL);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 1200);
    lab_expect_log(lab, 1,
                   "S * Connecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> SLAVE sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Partial resynchronization not possible (no cached master)\n"
                   "S * Full resync from master: ID:1\n"
                   "S * MASTER <-> SLAVE sync: receiving ~ bytes from master\n"
                   "S * MASTER <-> SLAVE sync: Flushing old data\n"
                   "S * MASTER <-> SLAVE sync: Loading DB in memory\n"
                   "S * MASTER <-> SLAVE sync: Finished with success\n");
    lab_expect_silence(lab, 1);
    lab_expect_log(lab, 0,
                   "M * Slave 127.0.0.1:7001 asks for synchronization\n"
                   "M * Full resync requested by slave 127.0.0.1:7001\n"
                   "M * Starting BGSAVE for SYNC with target: disk\n"
                   "M * Background saving started by pid 1100\n"
                   "C * DB saved on disk\n"
                   "C * RDB: 0 MB of memory used by copy-on-write\n"
                   "M * Background saving terminated with success\n"
                   "M * Synchronization with slave 127.0.0.1:7001 succeeded\n");
    lab_expect_silence(lab, 0);
    assert_string_equal(lab_repl(lab, 1)->sync_replid, lab_node(lab, 0)->run_id);
    lab_free(lab);
}

static void disk_sync_of_6_2(void **state)
{
    (void)state;
    struct lab *lab = lab_of("6.2", NULL);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 300);
    lab_expect_log(lab, 1,
                   "S * Before turning into a replica, using my own master parameters ~\n"
                   "S * Connecting to MASTER 127.0.0.1:7000\n"
                   "S * MASTER <-> REPLICA sync started\n"
                   "S * Non blocking connect for SYNC fired the event.\n"
                   "S * Master replied to PING, replication can continue...\n"
                   "S * Trying a partial resynchronization (request ID:1).\n"
                   "S * Full resync from master: ID:0\n"
                   "S * Discarding previously cached master state.\n"
                   "S * MASTER <-> REPLICA sync: receiving ~ bytes from master to disk\n"
                   "S * MASTER <-> REPLICA sync: Flushing old data\n"
                   "S * MASTER <-> REPLICA sync: Loading DB in memory\n"
                   "S * Loading RDB produced by version 6.2.16\n"
                   "S * RDB age 0 seconds\n"
                   "S * RDB memory usage when created ~ Mb\n"
                   "S # Done loading RDB, keys loaded: 0, keys expired: 0.\n"
                   "S * MASTER <-> REPLICA sync: Finished with success\n");
    lab_free(lab);
}

/* When a replica that came by sockets is called in sync. */
static void diskless_end(void **state)
{
    const struct row *row = *state;
    static const char *const diskless[] = { "repl-diskless-sync", "yes", "repl-diskless-sync-delay",
                                            "0", NULL };
    struct lab *lab = lab_of(row->release, diskless);
    lab_replicate(lab, 1, 0);
    while (lab_repl(lab, 0)->child.phase == RCS_CHILD_NONE) {
        lab_run_us(lab, 10);
    }
    lab_pause(lab, 1, true); /* its ACK comes when the child's end has been noticed */
    while (rcs_repl_online(lab_node(lab, 0)) == 0) {
        lab_run(lab, 1);
    }
    lab_forget_log(lab, 0);
    lab_pause(lab, 1, false);
    lab_run(lab, 1100);
    if (row->text == NULL) {
        lab_expect_silence(lab, 0);
    } else {
        lab_expect_log(lab, 0, row->text);
    }
    lab_free(lab);
}

static const struct row diskless_rows[] = {
    { "diskless: 6.2 is in sync with the first ACK", "6.2", 0, 0,
      "M * Synchronization with replica 127.0.0.1:7001 succeeded\n" },
    { "diskless: 7.0 is in sync when the transfer is over", "7.0", 0, 0, NULL },
};

/* Delay 0: at once, or with the second cron, as 3.0 and 5.0 were recorded. */
static void diskless_without_delay(void **state)
{
    const struct row *row = *state;
    static const char *const diskless[] = { "repl-diskless-sync", "yes", "repl-diskless-sync-delay",
                                            "0", NULL };
    struct lab *lab = lab_of(row->release, diskless);
    lab_replicate(lab, 1, 0);
    while (lab_repl(lab, 0)->replica_count == 0) {
        lab_run_us(lab, 50);
    }
    int64_t asked_ms = lab_now_ms(lab);
    while (lab_repl(lab, 0)->child.phase == RCS_CHILD_NONE) {
        lab_run(lab, 1);
    }
    assert_in_range(lab_now_ms(lab) - asked_ms, row->want, row->most);
    lab_free(lab);
}

static const struct row delay_rows[] = {
    { "diskless: 3.0 waits for a cron even without a delay", "3.0", 100, 2100, NULL },
    { "diskless: 6.0 waits for a cron even without a delay", "6.0", 100, 2100, NULL },
    { "diskless: 6.2 does not", "6.2", 0, 1, NULL },
};

/* One that comes while a transfer is under way: when that is over, or after the delay. */
static void next_sync(void **state)
{
    const struct row *row = *state;
    static const char *const diskless[] = { "repl-diskless-sync", "yes", NULL };
    struct lab *lab = lab_of(row->release, diskless);
    lab_replicate(lab, 1, 0);
    while (lab_repl(lab, 0)->child.phase != RCS_CHILD_EXITING) {
        lab_run_us(lab, 50);
    }
    lab_send(lab, 0, "REPLCONF capa eof"); /* the test's own connection is the second replica */
    lab_send(lab, 0, "PSYNC ? -1");
    while (lab_repl(lab, 0)->replica_count < 2) {
        lab_run_us(lab, 50);
    }
    assert_int_equal(lab_repl(lab, 0)->child.phase, RCS_CHILD_EXITING);
    int64_t asked_ms = lab_now_ms(lab);
    while (lab_repl(lab, 0)->child.phase != RCS_CHILD_FORKING) {
        lab_run_us(lab, 50);
    }
    assert_in_range(lab_now_ms(lab) - asked_ms, row->want, row->most);
    lab_free(lab);
}

static const struct row next_rows[] = {
    { "diskless: 6.0 serves the next when the child has ended", "6.0", 0, 300, NULL },
    { "diskless: 6.2 serves the next after its delay", "6.2", 4000, 6100, NULL },
};

/* --- chains ----------------------------------------------------------------------------------- */

/* b4 hangs on b1, which is made a replica of a1: dropped with the order, or when the data comes. */
static void chain(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, NULL);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 7000);
    assert_true(link_up(lab, 2));
    lab_forget_log(lab, 1);
    lab_replicate(lab, 1, 0);
    lab_run(lab, 5);
    assert_int_equal(lab_repl(lab, 1)->replica_count, row->want);
    int64_t ordered_ms = lab_now_ms(lab);
    while (!link_up(lab, 1) || !link_up(lab, 2)) {
        lab_run(lab, 1);
    }
    assert_true(lab_now_ms(lab) - ordered_ms <= row->most);
    lab_run(lab, 50);
    assert_int_equal(lab_repl(lab, 1)->replica_count, 1);
    lab_free(lab);
}

static const struct row chain_rows[] = {
    { "chain: 3.0 drops sub-replicas with the order", "3.0", 0, 2200, NULL },
    { "chain: 4.0 drops sub-replicas with the order", "4.0", 0, 2200, NULL },
    { "chain: 6.2 drops sub-replicas with the order", "6.2", 0, 1300, NULL },
    { "chain: 7.0 keeps them until the load", "7.0", 1, 12500, NULL },
    { "chain: 7.2 keeps them until the load", "7.2", 1, 12500, NULL },
};

/* While its own master's sync is under way a node refuses; the words are 4.0's. */
static void refusal(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_replicate(lab, 1, 0); /* to a master that does not answer */
    lab_pause(lab, 0, true);
    lab_run(lab, 1200);
    assert_false(link_up(lab, 1));
    assert_string_equal(lab_ask(lab, 1, "PSYNC ? -1"), row->text);
    lab_free(lab);
}

static const struct row refusal_rows[] = {
    { "refusal: 3.0 has no code for it", "3.0", 0, 0,
      "-ERR Can't SYNC while not connected with my master\r\n" },
    { "refusal: 4.0 says NOMASTERLINK", "4.0", 0, 0,
      "-NOMASTERLINK Can't SYNC while not connected with my master\r\n" },
};

/* What the refused one makes of it: 3.0 tries the older command and is refused again, as the
 * recorded b4 was. */
static void refused_3_0_tries_sync(void **state)
{
    (void)state;
    struct lab *lab = lab_of("3.0", quick);
    lab_replicate(lab, 1, 0);
    lab_pause(lab, 0, true);
    lab_run(lab, 1500);
    lab_replicate(lab, 2, 1);
    lab_run(lab, 1100);
    lab_expect_log(
        lab, 2,
        "S * Connecting to MASTER 127.0.0.1:7001\n"
        "S * MASTER <-> SLAVE sync started\n"
        "S * Non blocking connect for SYNC fired the event.\n"
        "S * Master replied to PING, replication can continue...\n"
        "S * Partial resynchronization not possible (no cached master)\n"
        "S * Master does not support PSYNC or is in error state (reply: -ERR Can't SYNC while not "
        "connected with my master)\n"
        "S * Retrying with SYNC...\n"
        "S # MASTER aborted replication with an error: ERR Can't SYNC while not connected with my "
        "master\n");
    lab_free(lab);
}

/* --- promotion -------------------------------------------------------------------------------- */

/* Node 1 with its replica 2, and 3 beside it, both below 0; 0 is lost and 1 promoted. */
static void promotion(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    in_sync(lab, 3, 0);
    in_sync(lab, 2, 1);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 1500);
    uint64_t full = lab_node(lab, 1)->stat_sync_full;
    lab_kill(lab, 0);
    lab_run(lab, 10);
    lab_promote(lab, 1);
    assert_int_equal(lab_repl(lab, 1)->replica_count, row->want); /* 1: node 2 was kept */
    lab_replicate(lab, 3, 1);
    lab_run(lab, 1300);
    assert_true(link_up(lab, 2) && link_up(lab, 3));
    assert_int_equal(lab_node(lab, 1)->stat_sync_full - full, row->most);
    lab_free(lab);
}

static const struct row promotion_rows[] = {
    { "promotion: 3.0 keeps its replica, a sibling syncs anew", "3.0", 1, 1, NULL },
    { "promotion: 4.0 drops its replica, both continue", "4.0", 0, 0, NULL },
    { "promotion: 5.0 drops its replica, both continue", "5.0", 0, 0, NULL },
    { "promotion: 7.2 drops its replica, both continue", "7.2", 0, 0, NULL },
};

/* Which line comes first when the master's link still stands. */
static void promotion_lines(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    in_sync(lab, 1, 0);
    lab_forget_log(lab, 1);
    lab_promote(lab, 1);
    lab_run(lab, 5);
    lab_expect_log(lab, 1, row->text);
    lab_free(lab);
}

static const struct row promotion_line_rows[] = {
    { "promotion: 3.0 has no second id", "3.0", 0, 0,
      "M # Connection with master lost.\n"
      "M * Caching the disconnected master state.\n"
      "M * Discarding previously cached master state.\n" },
    { "promotion: 5.0 takes the new id first", "5.0", 0, 0,
      "M # Setting secondary replication ID to ID, valid up to offset: 1. New replication ID is "
      "ID\n"
      "M # Connection with master lost.\n"
      "M * Caching the disconnected master state.\n"
      "M * Discarding previously cached master state.\n" },
    { "promotion: 6.0 takes it last", "6.0", 0, 0,
      "M # Connection with master lost.\n"
      "M * Caching the disconnected master state.\n"
      "M * Discarding previously cached master state.\n"
      "M # Setting secondary replication ID to ID, valid up to offset: 1. New replication ID is "
      "ID\n" },
};

/* 3.0: an heir without replicas of its own counts on from its master's offset. */
static void promotion_of_3_0_inherits_the_offset(void **state)
{
    (void)state;
    struct lab *lab = lab_of("3.0", quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 1500);
    int64_t offset = lab_repl(lab, 0)->offset;
    assert_true(offset > 50);
    assert_int_equal(lab_repl(lab, 1)->offset, 0); /* of a stream of its own: there is none */
    assert_int_equal(rcs_repl_offset(lab_node(lab, 1)), offset);
    lab_promote(lab, 1);
    assert_int_equal(lab_repl(lab, 1)->offset, offset);
    lab_free(lab);
}

/* 3.0: a middle node writes a stream of its own; later ones pass their master's on. */
static void streams(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_own_slots(lab, 0);
    in_sync(lab, 1, 0);
    lab_ask(lab, 0, "SET k v");
    lab_run(lab, 100);
    in_sync(lab, 2, 1);
    lab_ask(lab, 0, "SET l w");
    lab_run(lab, 1500);
    assert_int_equal(rcs_keyspace_size(lab_node(lab, 2)->keys), 2);
    assert_int_equal(strcmp(lab_repl(lab, 1)->replid, lab_repl(lab, 0)->replid) == 0, row->want);
    assert_int_equal(lab_repl(lab, 2)->cached_offset == lab_repl(lab, 1)->cached_offset, row->most);
    assert_int_equal(lab_repl(lab, 2)->cached_offset, lab_repl(lab, 1)->offset);
    lab_free(lab);
}

static const struct row stream_rows[] = {
    { "stream: each 3.0 writes its own", "3.0", 0, 0, NULL },
    { "stream: 4.0 passes its master's on", "4.0", 1, 1, NULL },
};

/* --- pings, restarts -------------------------------------------------------------------------- */

/* Bytes that a stream grows by in three seconds when its only replica has left: PINGs, or none. */
static void lonely_pings(void **state)
{
    const struct row *row = *state;
    static const char *const settings[] = { "repl-diskless-sync", "no", "repl-ping-slave-period",
                                            "1", NULL };
    struct lab *lab = lab_of(row->release, settings);
    in_sync(lab, 1, 0);
    lab_kill(lab, 1);
    lab_run(lab, 10);
    int64_t offset = lab_repl(lab, 0)->offset;
    lab_run(lab, 3000);
    assert_in_range(lab_repl(lab, 0)->offset - offset, row->want, row->most);
    lab_free(lab);
}

static const struct row ping_rows[] = {
    { "ping: 3.0 feeds it to nobody too", "3.0", 28, 56, NULL },
    { "ping: 4.0 does not", "4.0", 0, 0, NULL },
};

/* While a manual failover holds clients back, does the offset still move? */
static void failover_pings(void **state)
{
    const struct row *row = *state;
    static const char *const settings[] = { "repl-diskless-sync", "no", "repl-ping-slave-period",
                                            "1", NULL };
    struct lab *lab = lab_of(row->release, settings);
    in_sync(lab, 1, 0);
    struct rcs_node *master = lab_node(lab, 0);
    master->cluster.mf_end_ms = master->now_ms + 5000;
    master->clients.failover_pause_until_ms = master->now_ms + 10000;
    int64_t offset = lab_repl(lab, 0)->offset;
    lab_run(lab, 3000);
    assert_int_equal(lab_repl(lab, 0)->offset > offset, row->want);
    lab_free(lab);
}

static const struct row failover_ping_rows[] = {
    { "ping: 4.0 goes on in a manual failover", "4.0", 1, 0, NULL },
    { "ping: 5.0 rests in a manual failover", "5.0", 0, 0, NULL },
};

/* A replica and a master, both started again on the dump of a disk-based sync: whether they go on
 * where its history ends. */
static void restarts(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    in_sync(lab, 1, 0);
    in_sync(lab, 2, 0);
    char id[RCS_ID_LEN + 1];
    memcpy(id, lab_repl(lab, 0)->replid, sizeof(id));
    lab_kill(lab, 1);
    lab_run(lab, 50);
    lab_start(lab, 1, true);
    assert_int_equal(lab_repl(lab, 1)->has_cached_master, row->want);
    lab_kill(lab, 0);
    lab_run(lab, 50);
    lab_start(lab, 0, false);
    assert_int_equal(strcmp(lab_repl(lab, 0)->replid2, id) == 0, row->most);
    lab_free(lab);
}

static const struct row restart_rows[] = {
    { "restart: 3.0 has no history in its dump", "3.0", 0, 0, NULL },
    { "restart: a 4.0 replica goes on", "4.0", 1, 0, NULL },
    { "restart: a 6.2 replica goes on, a master does not", "6.2", 1, 0, NULL },
    { "restart: a 7.0 master offers its history", "7.0", 1, 1, NULL },
};

/* A disk-based sync: does the replica say at once how far it is? */
static void first_ack(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, quick);
    lab_replicate(lab, 1, 0);
    while (!link_up(lab, 1)) {
        (void)lab_asked(lab, 1);
        lab_run_us(lab, 50);
    }
    assert_int_equal(strncmp(lab_asked(lab, 1), "REPLCONF ACK", 12) == 0, row->want);
    lab_free(lab);
}

static const struct row ack_rows[] = {
    { "ack: 7.2 waits for its cron after a sync from disk", "7.2", 0, 0, NULL },
    { "ack: valkey-8.0 says it at once", "valkey-8.0", 1, 0, NULL },
};

/* --------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    row_fn *test;
    const struct row *rows;
    size_t count;
} groups[] = {
#define GROUP(test, rows) { test, rows, sizeof(rows) / sizeof(rows[0]) }
    GROUP(connects, connect_rows),
    GROUP(full_sync_time, time_rows),
    GROUP(handshake, handshake_rows),
    GROUP(handshake_steps, step_rows),
    GROUP(handshake_lost, lost_rows),
    GROUP(diskless_end, diskless_rows),
    GROUP(diskless_without_delay, delay_rows),
    GROUP(next_sync, next_rows),
    GROUP(chain, chain_rows),
    GROUP(refusal, refusal_rows),
    GROUP(promotion, promotion_rows),
    GROUP(promotion_lines, promotion_line_rows),
    GROUP(streams, stream_rows),
    GROUP(lonely_pings, ping_rows),
    GROUP(failover_pings, failover_ping_rows),
    GROUP(restarts, restart_rows),
    GROUP(first_ack, ack_rows),
};
/* clang-format on */

int main(void)
{
    static struct CMUnitTest tests[128] = {
        cmocka_unit_test(disk_sync_of_3_0),
        cmocka_unit_test(disk_sync_of_6_2),
        cmocka_unit_test(refused_3_0_tries_sync),
        cmocka_unit_test(promotion_of_3_0_inherits_the_offset),
    };
    size_t count = 4;
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        for (size_t i = 0; i < groups[g].count; i++) {
            assert_true(count < sizeof(tests) / sizeof(tests[0]));
            tests[count++] = (struct CMUnitTest){ .name = groups[g].rows[i].name,
                                                  .test_func = groups[g].test,
                                                  .initial_state = (void *)&groups[g].rows[i] };
        }
    }
    return _cmocka_run_group_tests("profile_replication", tests, count, NULL, NULL);
}
