/* A full disk: what fails, what is refused for it, what ends. The rules are Redis 7.0's, asked of a
 * redis-server 7.0.15 on a file system of 256 kB without a free block. */
#include "tests/support/node_harness.h"
#include "tests/support/play.h"
#include "tests/support/served.h"
#include "tests/support/support.h"

#define ALONE "node a1\ncluster-enabled no\n"
#define MISCONF_TEXT                                                                               \
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "  \
    "disk. Commands that may modify the data set are disabled, because this instance is "          \
    "configured to report errors during writes if RDB snapshotting fails "                         \
    "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB " \
    "error."
#define MISCONF     "= (error) " MISCONF_TEXT "\n"
#define AOF_MISCONF "= (error) MISCONF Errors writing to the AOF file: No space left on device\n"
#define UNSAVED                                                                                    \
    ALONE "save \"3600 1\"\nwait 1s\na1> SET a 1\n= OK\na1> SAVE\n= OK\ndisk a1 full\n"            \
          "a1> SET a 2\n= OK\na1> BGSAVE\n= Background saving started\nwait 300ms\n"
#define APPENDING ALONE "save \"\"\nappendonly yes\nwait 1s\na1> SET a 1\n= OK\ndisk a1 full\n"
/* b2 replicates a1. */
#define SIX_WITH(settings)                                                                         \
    "cluster-node-timeout 60000\nrepl-diskless-sync-delay 0\nsave \"\"\n"                          \
    "site A a1..a3\nsite B b1..b3\n" settings                                                      \
    "cli --cluster create a1..a3 b1..b3 --cluster-replicas 1\n"                                    \
    "await state ok on all within 20s\nawait link up on b1..b3 within 20s\nwait 2s\n"

/* clang-format off */
static const struct row {
    const char *name, *text;
} rows[] = {
    /* --- the RDB --- */
    { "SAVE: an error without words, and nothing is refused for it",
      ALONE "save \"3600 1\"\nwait 1s\na1> SET a 1\n= OK\ndisk a1 full\na1> SAVE\n= (error) ERR\n"
      "expect log a1 \"Write error saving DB on disk(fflush): No space left on device\"\n"
      "a1> INFO persistence\n= ...\n= rdb_last_bgsave_status:ok\n= ...\na1> SET a 2\n= OK\na1> PING\n= PONG\n" },
    { "BGSAVE: the child says why, the parent that it failed",
      UNSAVED "expect log a1 \"Write error saving DB on disk(fflush): No space left on device\"\n"
      "expect log a1 \"Background saving error\"\nexpect no log a1 \"Fork CoW*\"\n"
      "a1> INFO persistence\n= ...\n= rdb_changes_since_last_save:1\n= ...\n= rdb_last_bgsave_status:err\n= ...\n" },
    { "an RDB larger than the stream's buffer fails in rdbSaveRio",
      ALONE "save \"\"\nenable-debug-command yes\nwait 1s\na1> DEBUG POPULATE 100 k 100\n= OK\ndisk a1 full\n"
      "a1> SAVE\n= (error) ERR\nexpect log a1 \"Write error saving DB on disk(rdbSaveRio): No space left on device\"\n" },
    { "MISCONF: writes and PING, not what only reads or publishes",
      UNSAVED "a1> SET a 3\n" MISCONF "a1> PING\n" MISCONF "a1> PING x\n" MISCONF "a1> DEL nobody\n" MISCONF
      "a1> FLUSHALL\n" MISCONF "a1> GET a\n= \"2\"\na1> PUBLISH a b\n= (integer) 0\n" },
    { "MISCONF: a script that writes; PING in a script is answered",
      UNSAVED "a1> EVAL \"return redis.call('ping')\" 0\n= PONG\n"
      "a1> EVAL \"return redis.call('set','a','3')\" 0\n= (error) MISCONF Redis is configured to save*script:*\n"
      "a1> EVAL \"return redis.call('get','a')\" 0\n= \"2\"\n" },
    { "MISCONF: only with save points and stop-writes-on-bgsave-error",
      UNSAVED "a1> CONFIG SET save \"\"\n= OK\na1> SET a 3\n= OK\na1> PING\n= PONG\n"
      "a1> CONFIG SET save \"3600 1\"\n= OK\na1> SET a 4\n" MISCONF
      "a1> CONFIG SET stop-writes-on-bgsave-error no\n= OK\na1> SET a 4\n= OK\n" },
    { "MISCONF: until an RDB is saved again",
      UNSAVED "disk a1 ok\na1> SET a 3\n" MISCONF "a1> SAVE\n= OK\na1> SET a 3\n= OK\na1> INFO persistence\n= ...\n"
      "= rdb_last_bgsave_status:ok\n= ...\n" },
    { "MISCONF: the words of 6.2",
      "redis 6.2\n" UNSAVED "a1> SET a 3\n= (error) MISCONF*it is currently not able to persist on disk*\n"
      "expect log a1 \"Write error saving DB on disk: No space left on device\"\n" },
    { "save points: the next try comes more than five seconds after one that failed",
      UNSAVED "a1> CONFIG SET save \"1 1\"\n= OK\nwait 2s\nexpect no log a1 \"*Saving...\"\nwait 2s\n"
      "expect no log a1 \"*Saving...\"\nwait 2s\nexpect log a1 \"1 changes in 1 seconds. Saving...\"\n"
      "disk a1 ok\nwait 7s\nexpect log a1 \"Background saving terminated with success\"\na1> SET a 3\n= OK\n" },
    { "SHUTDOWN: does not exit without its RDB, but for FORCE",
      UNSAVED "a1> SHUTDOWN\n= (error) ERR Errors trying to SHUTDOWN. Check logs.\n"
      "expect log a1 \"Error trying to save the DB, can't exit.\"\nstop a1\nwait 1s\nexpect life up on a1\n"
      "a1> GET a\n= \"2\"\na1> SHUTDOWN SAVE FORCE\nwait 100ms\nexpect life down on a1\n"
      "expect log a1 \"Error trying to save the DB. Exit anyway.\"\n"
      "start a1\nwait 100ms\na1> GET a\n= \"1\"\n" },
    { "DEBUG RELOAD: as SAVE, and the data stay",
      ALONE "save \"\"\nenable-debug-command yes\nwait 1s\na1> SET a 1\n= OK\ndisk a1 full\na1> DEBUG RELOAD\n= (error) ERR\n"
      "a1> GET a\n= \"1\"\n" },
    { "FLUSHALL: the file of before stays",
      ALONE "save \"3600 1\"\nwait 1s\na1> SET a 1\n= OK\na1> SAVE\n= OK\ndisk a1 full\na1> FLUSHALL\n= OK\n"
      "expect log a1 \"Write error saving DB on disk(fflush)*\"\na1> PING\n= PONG\nkill a1\nstart a1\nwait 100ms\n"
      "a1> GET a\n= \"1\"\n" },
    /* --- the append-only file --- */
    { "append-only: the write that finds the disk full is acknowledged, the next is not",
      APPENDING "a1> SET a 2\n= OK\nexpect log a1 \"Error writing to the AOF file: No space left on device\"\n"
      "a1> SET a 3\n" AOF_MISCONF "a1> PING\n" AOF_MISCONF "a1> GET a\n= \"2\"\n"
      "a1> EVAL \"return redis.call('set','a','3')\" 0\n= (error) MISCONF Errors writing to the AOF file: No space left on device script:*\n"
      "a1> INFO persistence\n= ...\n= aof_last_write_status:err\n= ...\n" },
    { "append-only: when there is room what waited is written, without a client",
      APPENDING "a1> SET a 2\n= OK\ndisk a1 ok\nwait 150ms\n"
      "expect log a1 \"AOF write error looks solved, Redis can write again.\"\na1> SET b 1\n= OK\nkill a1\nstart a1\n"
      "wait 100ms\na1> GET a\n= \"2\"\na1> GET b\n= \"1\"\n" },
    { "append-only: what had no room is gone with the process",
      APPENDING "a1> SET a 2\n= OK\nkill a1\ndisk a1 ok\nstart a1\nwait 100ms\na1> GET a\n= \"1\"\n" },
    { "append-only: what was written and not synced is gone with the power",
      ALONE "save \"\"\nappendonly yes\nwait 1s\na1> SET a 1\n= OK\na1> SET b 1\n= OK\ndisk a1 full\na1> SET c 1\n= OK\n"
      "poweroff a1\nwait 100ms\nstart a1\nwait 100ms\nexpect keys 1 on a1\n" },
    { "append-only: it is synced on a full disk as on another",
      APPENDING "wait 2s\na1> SET b 2\n= OK\npoweroff a1\nwait 100ms\nstart a1\nwait 100ms\nexpect keys 1 on a1\n" },
    { "append-only: the log hears of it twice a minute",
      APPENDING "a1> SET a 2\n= OK\ndisk a1 ok\nwait 1s\ndisk a1 full\na1> SET a 3\n= OK\n"
      "expect no event a1 aof-write-error since \"a1> SET a 3\"\ndisk a1 ok\nwait 31s\ndisk a1 full\nstep \"later\"\n"
      "a1> SET a 4\n= OK\nexpect event a1 aof-write-error since \"later\"\n" },
    { "append-only, always: the process ends, and the write is not acknowledged",
      ALONE "save \"\"\nappendonly yes\nappendfsync always\nwait 1s\na1> SET a 1\n= OK\ndisk a1 full\na1> GET a\n= \"1\"\n"
      "a1> SET a 2\n= Server closed the connection\nexpect life down on a1\n"
      "expect log a1 \"Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...\"\n"
      "start a1\nwait 100ms\na1> GET a\n= \"1\"\n" },
    { "append-only: RDB errors stand before its own",
      APPENDING "a1> CONFIG SET save \"3600 1\"\n= OK\na1> SET a 2\n= OK\na1> BGSAVE\n= Background saving started\n"
      "wait 300ms\na1> SET a 3\n" MISCONF },
    { "append-only: BGREWRITEAOF finds no room for the manifest",
      APPENDING "a1> BGREWRITEAOF\n= (error) ERR Can't execute an AOF background rewriting. Please check the server logs "
      "for more information.\nexpect log a1 \"Error trying to write the temporary AOF manifest file "
      "temp-appendonly.aof.manifest: No space left on device\"\n"
      "a1> INFO persistence\n= ...\n= aof_last_bgrewrite_status:err\n= ...\na1> SET a 2\n= OK\n" },
    { "append-only: before 7.0 the child fails",
      "redis 6.2\n" APPENDING "a1> BGREWRITEAOF\n= Background append only file rewriting started\nwait 300ms\n"
      "expect log a1 \"Write error writing append only file on disk: No space left on device\"\n"
      "expect log a1 \"Background AOF rewrite terminated with error\"\n" },
    { "append-only: off and on again forgets the error, and tries to rewrite until it is limited",
      APPENDING "a1> SET a 2\n= OK\na1> CONFIG SET appendonly no\n= OK\na1> SET a 3\n= OK\na1> CONFIG SET appendonly yes\n= OK\n"
      "expect log a1 \"AOF reopen, just ignore the last error.\"\nwait 1s\n"
      "expect log a1 \"Background AOF rewrite has repeatedly failed and triggered the limit, will retry in 1 minutes\"\n"
      "a1> INFO persistence\n= ...\n= aof_rewrite_scheduled:1\n= ...\n= aof_rewrites_consecutive_failures:3\n= ...\n"
      "a1> SET a 4\n= OK\ndisk a1 ok\nwait 50s\nexpect no log a1 \"Background AOF rewrite finished successfully\"\n"
      "wait 12s\nexpect log a1 \"Background AOF rewrite finished successfully\"\nkill a1\nappendonly yes\nstart a1\n"
      "wait 100ms\na1> GET a\n= \"4\"\n" },
    { "append-only: what fails while the first file is made is refused even when there is room and a file",
      ALONE "save \"\"\nenable-debug-command yes\nwait 1s\na1> DEBUG POPULATE 300000 k 1000\n= OK\n"
      "disk a1 full\na1> CONFIG SET appendonly yes\n= OK\na1> SET a 1\n= OK\na1> SET a 2\n" AOF_MISCONF
      "await log a1 \"Background AOF rewrite terminated with error\" within 9s\ndisk a1 ok\n"
      "await log a1 \"Background AOF rewrite finished successfully\" within 19s\nwait 1s\na1> SET a 3\n" AOF_MISCONF
      "a1> CONFIG SET appendonly no\n= OK\na1> SET a 3\n= OK\na1> CONFIG SET appendonly yes\n= OK\na1> SET a 4\n= OK\n" },
    { "append-only: no process starts that must make the file",
      ALONE "appendonly yes\nabsent a1\ndisk a1 full\nwait 1s\nstart a1\nexpect life down on a1\n"
      "expect log a1 \"Write error writing append only file on disk: No space left on device\"\n"
      "expect no log a1 \"Ready to accept*\"\n" },
    { "append-only: SHUTDOWN exits without what had no room",
      APPENDING "a1> SET a 2\n= OK\na1> SHUTDOWN\nwait 100ms\nexpect life down on a1\ndisk a1 ok\nstart a1\nwait 100ms\n"
      "a1> GET a\n= \"1\"\n" },
    { "a disk that is full and has room again changes nothing else",
      ALONE "save \"\"\nappendonly yes\nwait 1s\na1> SET a 1\n= OK\ndisk a1 full\nwait 5s\ndisk a1 ok\na1> SET a 2\n= OK\n"
      "expect no log a1 \"*rror*\"\nkill a1\nstart a1\nwait 100ms\na1> GET a\n= \"2\"\n" },
    { "a full disk is undone at the end of a block",
      ALONE "save \"\"\nwait 1s\nduring 1s {\n  disk a1 full\n  a1> SAVE\n  = (error) ERR\n}\nwait 2s\na1> SAVE\n= OK\n" },
    /* --- nodes.conf --- */
    { "nodes.conf: is written over in its blocks",
      "node a1\ncluster-node-timeout 2000\nwait 1s\ndisk a1 full\na1> CLUSTER ADDSLOTSRANGE 0 16383\n= OK\n"
      "a1> CLUSTER BUMPEPOCH\n= BUMPED 1\na1> CLUSTER SAVECONFIG\n= OK\nkill a1\nstart a1\nwait 3s\n"
      "expect slots 0-16383 of a1\nexpect epoch 1 of a1\n" },
    { "nodes.conf: a vote is written, too: an election is won with full disks",
      "save \"\"\n" PLAY_SIX "disk all full\nkill a1\nwait 6s\nexpect event b2 election-won\nexpect state ok on a2\n" },
    { "nodes.conf: from 7.2 on each is a new file",
      "redis 7.2\nnode a1\ncluster-node-timeout 2000\nwait 1s\ndisk a1 full\na1> CLUSTER SAVECONFIG\n"
      "= (error) ERR error saving the cluster node config: No space left on device\nexpect life up on a1\n"
      "a1> CLUSTER ADDSLOTSRANGE 0 16383\n= Server closed the connection\nexpect life down on a1\n"
      "expect log a1 \"Failed after writing (0) bytes to tmp cluster config file: No space left on device\"\n"
      "expect log a1 \"Fatal: can't update cluster config file.\"\ndisk a1 ok\nstart a1\nwait 1s\n"
      "expect assigned 0 on a1\n" },
    { "nodes.conf: no process starts that must make the file",
      "node a1\nabsent a1\ndisk a1 full\nwait 1s\nstart a1\nexpect life down on a1\n"
      "expect log a1 \"Fatal: can't update cluster config file.\"\nexpect no log a1 \"Running mode*\"\n"
      "disk a1 ok\nstart a1\nexpect life up on a1\nexpect log a1 \"No cluster configuration found*\"\n" },
    /* --- replication --- */
    { "full sync: a replica without room for the RDB asks at once, again and again",
      SIX_WITH("") "a1> SET {b}1 x\n= ...\nkill b2\nlose data b2\ndisk b2 full\nstart b2\nwait 1s\nexpect link down on b2\n"
      "expect log b2 \"Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA "
      "synchronization: No space left on device\"\nexpect log b2 \"Reconnecting to MASTER * after failure\"\n"
      "disk b2 ok\nawait link up on b2 within 2s\n" },
    { "full sync: diskless it needs no room at the master",
      SIX_WITH("") "disk a1 full\nkill b2\nlose data b2\nstart b2\nawait link up on b2 within 5s\n" },
    { "full sync: by way of the disk the master's child fails, and then its PING",
      SIX_WITH("repl-diskless-sync no\nnode a1 save \"3600 1\"\n") "disk a1 full\nkill b2\nlose data b2\nstart b2\nwait 3s\n"
      "expect link down on b2\nexpect log a1 \"SYNC failed. BGSAVE child returned an error\"\n"
      "expect log b2 \"Error reply to PING from master: '-MISCONF Redis is configured*\"\n"
      "disk a1 ok\na1> SAVE\n= OK\nawait link up on b2 within 3s\n" },
    { "a replica: a write of its master's that it could not save ends it",
      SIX_WITH("node b2 save \"3600 1\"\n") "disk b2 full\nb2> BGSAVE\n= Background saving started\nwait 12s\nb2> PING\n" MISCONF
      "expect life up on b2\nexpect log b2 \"Replica is applying a command even though it is unable to write to disk.\"\n"
      "a1> SET {b}1 x\n= OK\nwait 10ms\nexpect life down on b2\n"
      "expect log b2 \"Guru Meditation: Replica was unable to write command to disk. #server.c:3890\"\n" },
    { "a replica: replica-ignore-disk-write-errors lets it go on",
      SIX_WITH("appendonly yes\nreplica-ignore-disk-write-errors yes\n") "disk b2 full\na1> SET {b}1 x\n= OK\nwait 1s\n"
      "expect log b2 \"Error writing to the AOF file: No space left on device\"\na1> SET {b}2 x\n= OK\nwait 10ms\n"
      "expect log b2 \"Replica is applying a command even though it is unable to write to disk.\"\n"
      "expect keys 2 on b2\ndisk b2 ok\nwait 200ms\nexpect log b2 \"AOF write error looks solved*\"\n" },
    { "a replica: until 6.2 it went on, and answered PING",
      "redis 6.2\n" SIX_WITH("node b2 save \"3600 1\"\n") "disk b2 full\nb2> BGSAVE\n= Background saving started\nwait 1s\n"
      "a1> SET {b}1 x\n= OK\nwait 10ms\nexpect keys 1 on b2\nb2> PING\n= PONG\n" },
};
/* clang-format on */

static void full_disk(void **state)
{
    const struct row *row = *state;
    struct played played = play_held(row->text);
    played_close(&played);
}

/* The text of a scenario that gives a1 every second slot up to `last`. */
static void every_second_slot(struct rcs_buf *text, unsigned last)
{
    rcs_buf_text(text, "a1> CLUSTER ADDSLOTS");
    for (unsigned slot = 2; slot <= last; slot += 2) {
        rcs_buf_format(text, " %u", slot);
    }
    rcs_buf_text(text, "\n");
}

/* Redis 7.0.15: 2900 of them are more than the 4096 bytes that the file has. What is left of it
 * ends in a number, and is read again. */
static void nodes_conf_that_outgrows_its_blocks_ends_the_process(void **state)
{
    (void)state;
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "node a1\ncluster-node-timeout 2000\nwait 1s\ndisk a1 full\n");
    every_second_slot(&text, 1700);
    rcs_buf_text(&text, "= OK\nkill a1\nstart a1\nwait 3s\nexpect assigned 850 on a1\n"
                        "a1> CLUSTER FLUSHSLOTS\n= OK\n");
    every_second_slot(&text, 2900);
    rcs_buf_text(&text, "= Server closed the connection\nexpect life down on a1\n"
                        "expect log a1 \"Fatal: can't update cluster config file.\"\n"
                        "start a1\nwait 3s\nexpect life up on a1\nexpect assigned 912 on a1\n");
    rcs_buf_add(&text, "", 1);
    struct played played = play_held(text.data);
    played_close(&played);
    rcs_buf_close(&text);
}

/* Redis 7.0.15: the file ends in "vars current". */
static void a_nodes_conf_that_ends_in_the_wrong_word_is_not_read(void **state)
{
    (void)state;
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "node a1\ncluster-node-timeout 2000\nwait 1s\ndisk a1 full\n");
    every_second_slot(&text, 1820);
    rcs_buf_text(&text,
                 "= Server closed the connection\ndisk a1 ok\nstart a1\nexpect life down on a1\n"
                 "expect log a1 \"Unrecoverable error: corrupted cluster config file.\"\n"
                 "expect no log a1 \"Node configuration loaded*\"\n"
                 "lose conf a1\nstart a1\nexpect life up on a1\nexpect assigned 0 on a1\n");
    rcs_buf_add(&text, "", 1);
    struct played played = play_held(text.data);
    played_close(&played);
    rcs_buf_close(&text);
}

static void saveconfig_says_that_the_file_has_no_room(void **state)
{
    (void)state;
    struct desk *desk = desk_new(NULL);
    rcs_node_set_disk(desk->node, true, 4096);
    desk_expect(desk, 0, "CLUSTER SAVECONFIG", "+OK\n");
    rcs_node_set_disk(desk->node, true, 10);
    desk_expect(desk, 0, "CLUSTER SAVECONFIG",
                "-ERR error saving the cluster node config: Resource temporarily unavailable\n");
    rcs_node_set_disk(desk->node, false, 0);
    desk_expect(desk, 0, "CLUSTER SAVECONFIG", "+OK\n");
    assert_false(desk->exited);
    desk_free(desk);
}

static void config_rewrite_needs_room(void **state)
{
    (void)state;
    struct desk *desk = desk_new(NULL);
    desk->node->config.file = RCS_CONF_FILE_GOOD;
    rcs_node_set_disk(desk->node, true, 4096);
    desk_expect(desk, 0, "CONFIG REWRITE", "-ERR Rewriting config file: No space left on device\n");
    rcs_node_set_disk(desk->node, false, 0);
    desk_expect(desk, 0, "CONFIG REWRITE", "+OK\n");
    desk_free(desk);
}

static void a_transaction_that_writes_is_refused_whole(void **state)
{
    (void)state;
    struct rcs_config config;
    struct rcs_diag diag;
    rcs_config_init(&config);
    assert_int_equal(rcs_config_set(&config, "save", "3600 1", &diag), RCS_OK);
    struct desk *desk = desk_new(&config);
    desk_expect(desk, 1, "MULTI", "+OK\n");
    desk_expect(desk, 1, "SET a 1", "+QUEUED\n");
    desk_expect(desk, 2, "MULTI", "+OK\n");
    desk_expect(desk, 2, "GET a", "+QUEUED\n");
    desk->node->disk.save_failed = desk->node->disk.failed = true;
    assert_memory_equal(desk_ask(desk, 1, "EXEC"),
                        "-EXECABORT Transaction discarded because of: MISCONF Redis is con", 65);
    desk_expect(desk, 2, "PING", "-" MISCONF_TEXT "\n");
    desk_expect(desk, 2, "EXEC", "-EXECABORT Transaction discarded because of previous errors.\n");
    desk_expect(desk, 3, "SUBSCRIBE x", "*3\n$9\nsubscribe\n$1\nx\n:1\n");
    desk_expect(desk, 3, "PING", "-" MISCONF_TEXT "\n");
    desk_free(desk);
}

static void asked(struct served *served, uint32_t client, const char *words, const char *reply)
{
    served_send(served, client, words);
    served_pass(served, RCS_MS(10), RCS_MS(1));
    const struct rcs_buf *got = &served->got[client];
    if (got->size_bytes != strlen(reply) || memcmp(got->data, reply, got->size_bytes) != 0) {
        fail_msg("%s: %.*s and not %s", words, (int)got->size_bytes, got->data, reply);
    }
}

static void a_served_session_with_a_full_disk_is_replayed(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, "node a1\ncluster-enabled no\nsave \"3600 1\"\nappendonly yes\nwait 1s\n",
                (struct rcs_run_options){ 0 });
    served_pass(&served, RCS_S(2), RCS_MS(100));
    uint32_t client = served_connect(&served, 0);
    asked(&served, client, "SET a 1", "+OK\r\n");
    served_order(&served, "disk a1 full");
    asked(&served, client, "SET a 2", "+OK\r\n");
    asked(&served, client, "SET a 3",
          "-MISCONF Errors writing to the AOF file: No space left on device\r\n");
    served_order(&served, "disk a1 ok");
    served_pass(&served, RCS_MS(200), RCS_MS(7));
    asked(&served, client, "SET a 4", "+OK\r\n");
    served_end(&served);
    rcs_buf_add(&served.trace, "", 1);
    assert_non_null(strstr(served.trace.data, "\"fault\":\"disk-full\""));
    assert_non_null(strstr(served.trace.data, "\"fault\":\"disk-ok\""));
    served.trace.size_bytes--;
    served_replays(&served);
    served_close(&served);
}

int main(void)
{
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    enum { OTHERS = 6 };
    struct CMUnitTest tests[OTHERS + ROWS] = {
        cmocka_unit_test(nodes_conf_that_outgrows_its_blocks_ends_the_process),
        cmocka_unit_test(a_nodes_conf_that_ends_in_the_wrong_word_is_not_read),
        cmocka_unit_test(saveconfig_says_that_the_file_has_no_room),
        cmocka_unit_test(config_rewrite_needs_room),
        cmocka_unit_test(a_transaction_that_writes_is_refused_whole),
        cmocka_unit_test(a_served_session_with_a_full_disk_is_replayed),
    };
    for (size_t i = 0; i < ROWS; i++) {
        tests[OTHERS + i] = (struct CMUnitTest){ .name = rows[i].name,
                                                 .test_func = full_disk,
                                                 .initial_state = (void *)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
