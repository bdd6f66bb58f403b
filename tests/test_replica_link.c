/* What a replica makes of its master's answers, line by line: the test is the master. Log lines are
 * those of Redis 7.0.15 (syncWithMaster, readSyncBulkPayload). */
#include "tests/support/node_harness.h"

#include "sim/cluster/parts.h"

#define LINES_MAX 12

struct replica {
    struct desk *desk;
    uint32_t link;      /* of the connection the node asked for last */
    struct rcs_buf log; /* "level text\n" */
};

static const char level_letters[] = { '.', '-', '*', '#' };

/* One step; what the node logs (but for the cluster's state: its master never answers on the bus)
 * and asks for is kept. */
static void step(struct replica *replica, struct rcs_event *event)
{
    struct desk *desk = replica->desk;
    event->at_us = desk->now_us;
    rcs_node_step(desk->node, event, &desk->effects);
    for (size_t i = 0; i < desk->effects.count; i++) {
        if (desk->effects.list[i].kind == RCS_EFFECT_MASTER_CONNECT) {
            replica->link = desk->effects.list[i].link;
        }
    }
    for (size_t i = 0; i < desk->effects.facts.count; i++) {
        const struct rcs_fact *fact = &desk->effects.facts.list[i];
        const struct rcs_fact_row *row = rcs_fact_row(fact->code);
        if (row->text != NULL && row->level >= RCS_LEVEL_NOTICE &&
            fact->code != RCS_FACT_STATE_FAIL) {
            char level[2] = { level_letters[row->level], ' ' };
            rcs_buf_add(&replica->log, level, sizeof(level));
            rcs_fact_text(&replica->log, desk->store, fact);
            rcs_buf_text(&replica->log, "\n");
        }
    }
    rcs_effects_clear(&desk->effects, desk->store);
}

/* What the master does. Words, or a line it writes. */
static void master_does(struct replica *replica, const char *what)
{
    struct rcs_event event = { .link = replica->link };
    if (strcmp(what, "(accepts)") == 0) {
        event.kind = RCS_EVENT_MASTER_UP;
    } else if (strcmp(what, "(closes)") == 0) {
        event.kind = RCS_EVENT_MASTER_LOST;
    } else {
        event.kind = RCS_EVENT_MASTER_DATA;
        event.blob = rcs_blob_new(replica->desk->store, what, strlen(what));
    }
    step(replica, &event);
    if (event.kind == RCS_EVENT_MASTER_DATA) {
        rcs_blob_release(replica->desk->store, event.blob);
    }
}

/* The node's own timers for that long. */
static void pass(struct replica *replica, int64_t ms)
{
    struct desk *desk = replica->desk;
    rcs_us until_us = desk->now_us + RCS_MS(ms);
    while (rcs_node_deadline(desk->node) <= until_us) {
        rcs_us deadline_us = rcs_node_deadline(desk->node);
        desk->now_us = deadline_us > desk->now_us ? deadline_us : desk->now_us;
        struct rcs_event event = { .kind = RCS_EVENT_WAKE };
        step(replica, &event);
    }
    desk->now_us = until_us;
}

#define REPLID   "0123456789012345678901234567890123456789"
#define ACCEPTED "(accepts)"
#define TALKS    "(accepts)", "+PONG\r\n", "+OK\r\n", "+OK\r\n"
#define GREETED                                                                                    \
    "* Non blocking connect for SYNC fired the event.\n"                                           \
    "* Master replied to PING, replication can continue...\n"
#define TRIED GREETED "* Trying a partial resynchronization (request ~:1).\n"
#define AGAIN "* Connecting to MASTER 127.0.0.1:7001\n* MASTER <-> REPLICA sync started\n"
#define RETRIES                                                                                    \
    "* Reconnecting to MASTER 127.0.0.1:7001 after failure\n* MASTER <-> REPLICA sync started\n"
#define FULL "* Full resync from master: " REPLID ":7\n"

static const struct row {
    const char *name;
    const char *master[LINES_MAX]; /* what it does */
    int64_t pass_ms;               /* after that */
    const char *log;               /* what the replica logs; `~` for 40 hex digits */
} rows[] = {
    { "a PING answered with an error ends the handshake, the cron begins another",
      { ACCEPTED, "-ERR not now\r\n" },
      1100,
      "* Non blocking connect for SYNC fired the event.\n"
      "# Error reply to PING from master: '-ERR not now'\n" AGAIN },
    { "a PING answered with NOAUTH goes on",
      { ACCEPTED, "-NOAUTH Authentication required.\r\n" },
      0,
      GREETED },
    { "REPLCONF unknown to the master is said and ignored",
      { "(accepts)", "+PONG\r\n", "-ERR no\r\n", "-ERR nor this\r\n" },
      0,
      GREETED "* (Non critical) Master does not understand REPLCONF listening-port: -ERR no\n"
              "* (Non critical) Master does not understand REPLCONF capa: -ERR nor this\n"
              "* Trying a partial resynchronization (request ~:1).\n" },
    { "a master lost before PSYNC did not respond",
      { "(accepts)", "+PONG\r\n", "(closes)" },
      1100,
      GREETED "# Failed to read response from the server: Success\n"
              "# Master did not respond to command during SYNC handshake\n" AGAIN },
    { "a master lost after PSYNC did not reply to it",
      { TALKS, "(closes)" },
      1100,
      TRIED "# Failed to read response from the server: Success\n"
            "# Master did not reply to PSYNC, will try later\n" AGAIN },
    { "a master that loads should be asked later",
      { TALKS, "-LOADING Redis is loading\r\n" },
      1100,
      TRIED "* Master is currently unable to PSYNC but should be in the future: -LOADING Redis is "
            "loading\n" AGAIN },
    { "a master without PSYNC is asked for SYNC",
      { TALKS, "-ERR unknown command\r\n" },
      0,
      TRIED "* Master does not support PSYNC or is in error state (reply: -ERR unknown command)\n"
            "* Retrying with SYNC...\n" },
    { "an unexpected reply to PSYNC is said",
      { TALKS, "hello\r\n" },
      0,
      TRIED "# Unexpected reply to PSYNC from master: hello\n* Retrying with SYNC...\n" },
    { "an error in place of the RDB aborts, and it is tried again at once",
      { TALKS, "+FULLRESYNC " REPLID " 7\r\n", "-ERR no child\r\n" },
      0,
      TRIED FULL "# MASTER aborted replication with an error: ERR no child\n" RETRIES },
    { "what is no RDB is a bad protocol",
      { TALKS, "+FULLRESYNC " REPLID " 7\r\n", "what\r\n" },
      0,
      TRIED FULL "# Bad protocol from MASTER, the first byte is not '$' (we received 'what'), are "
                 "you sure the host and port are right?\n" RETRIES },
    { "an order for a full sync without id and offset is said",
      { TALKS, "+FULLRESYNC\r\n" },
      0,
      TRIED "# Master replied with wrong +FULLRESYNC syntax.\n" },
    { "a master lost in front of the RDB, and it is tried again at once",
      { TALKS, "+FULLRESYNC " REPLID " 7\r\n", "(closes)" },
      0,
      TRIED FULL "# I/O error reading bulk count from MASTER: Success\n" RETRIES },
    { "a master lost in the middle of it",
      { TALKS, "+FULLRESYNC " REPLID " 7\r\n", "$EOF:" REPLID "\r\n", "(closes)" },
      0,
      TRIED FULL "* MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to disk\n"
                 "# I/O error trying to sync with MASTER: connection lost\n" RETRIES },
    { "an RDB that does not come in repl-timeout ends the transfer",
      { TALKS, "+FULLRESYNC " REPLID " 7\r\n", "$EOF:" REPLID "\r\n" },
      62000,
      TRIED FULL
      "* MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to disk\n"
      "# Timeout receiving bulk data from MASTER... If the problem persists try to set the "
      "'repl-timeout' parameter in redis.conf to a larger value.\n" RETRIES },
    { "an RDB that is awaited for less is not given up",
      { TALKS, "+FULLRESYNC " REPLID " 7\r\n", "$EOF:" REPLID "\r\n" },
      59000,
      TRIED FULL
      "* MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to disk\n" },
    { "a stream that is no protocol loses the master and what could be continued",
      { TALKS, "+CONTINUE\r\n", "*x\r\n", TALKS },
      0,
      TRIED "* Successful partial resynchronization with master.\n"
            "* MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.\n"
            "# Connection with master lost.\n"
            "* Reconnecting to MASTER 127.0.0.1:7001\n* MASTER <-> REPLICA sync started\n" GREETED
            "* Partial resynchronization not possible (no cached master)\n" },
};

/* Replaces each run of 40 hex digits that is not REPLID by `~`. */
static void without_ids(char *text)
{
    char *out = text;
    for (const char *at = text; *at != '\0';) {
        if (strspn(at, "0123456789abcdef") >= RCS_ID_LEN && strncmp(at, REPLID, RCS_ID_LEN) != 0) {
            *out++ = '~';
            at += RCS_ID_LEN;
        } else {
            *out++ = *at++;
        }
    }
    *out = '\0';
}

static void master_says(void **state)
{
    const struct row *row = *state;
    struct replica replica = { .desk = desk_new(NULL) };
    rcs_buf_init(&replica.log);
    desk_follow(replica.desk, desk_add_master(replica.desk, 'a', 7001));
    pass(&replica, 1100);
    replica.link = replica.desk->node->repl.link;
    rcs_buf_clear(&replica.log);
    for (unsigned i = 0; i < LINES_MAX && row->master[i] != NULL; i++) {
        master_does(&replica, row->master[i]);
    }
    pass(&replica, row->pass_ms);
    rcs_buf_add(&replica.log, "", 1);
    without_ids((char *)replica.log.data);
    assert_string_equal((const char *)replica.log.data, row->log);
    rcs_buf_close(&replica.log);
    desk_free(replica.desk);
}

/* A replica as in a row, and what it logs from then on. */
static struct replica begun(const char *directive, const char *value, bool with_address)
{
    struct rcs_config config;
    struct rcs_diag diag;
    rcs_config_init(&config);
    assert_int_equal(rcs_config_set(&config, "save", "", &diag), RCS_OK);
    assert_int_equal(rcs_config_set(&config, directive, value, &diag), RCS_OK);
    struct replica replica = { .desk = desk_new(&config) };
    rcs_buf_init(&replica.log);
    rcs_id master = desk_add_master(replica.desk, 'a', 7001);
    if (!with_address) {
        struct rcs_cluster *cluster = &replica.desk->node->cluster;
        cluster->peers[master].flags |= RCS_NODE_NOADDR;
        cluster->peers[master].addr = 0;
        rcs_peer_changed(cluster, master);
    }
    desk_follow(replica.desk, master);
    pass(&replica, 1100);
    replica.link = replica.desk->node->repl.link;
    rcs_buf_clear(&replica.log);
    return replica;
}

static void ended(struct replica *replica, const char *log)
{
    rcs_buf_add(&replica->log, "", 1);
    without_ids((char *)replica->log.data);
    assert_string_equal((const char *)replica->log.data, log);
    rcs_buf_close(&replica->log);
    desk_free(replica->desk);
}

static void a_wrong_password_ends_the_handshake(void **state)
{
    (void)state;
    struct replica replica = begun("masterauth", "guessed", true);
    master_does(&replica, ACCEPTED);
    master_does(&replica, "+PONG\r\n");
    master_does(&replica, "-WRONGPASS no\r\n");
    pass(&replica, 1100);
    ended(&replica, GREETED "# Unable to AUTH to MASTER: -WRONGPASS no\n" AGAIN);
}

static void a_master_without_address_cannot_be_connected_to(void **state)
{
    (void)state;
    struct replica replica = begun("repl-timeout", "60", false);
    pass(&replica, 1100);
    ended(&replica, "* Connecting to MASTER :0\n"
                    "# Unable to connect to MASTER: Resource temporarily unavailable\n");
}

/* The master was lost for good while a sub-replica waited: what this node has is nobody's history.
 */
static void without_a_history_those_who_wait_get_no_rdb(void **state)
{
    static const char *const master[] = { TALKS, "+CONTINUE\r\n", NULL };
    (void)state;
    struct replica replica = begun("repl-diskless-sync-delay", "3", true);
    for (unsigned i = 0; master[i] != NULL; i++) {
        master_does(&replica, master[i]);
    }
    (void)desk_ask(replica.desk, 0, "REPLCONF capa eof capa psync2");
    (void)desk_ask(replica.desk, 0, "PSYNC ? -1");
    master_does(&replica, "*x\r\n");
    rcs_buf_clear(&replica.log);
    pass(&replica, 4100);
    ended(&replica,
          "* Starting BGSAVE for SYNC with target: replicas sockets\n"
          "# BGSAVE for replication: replication information not available, can't generate the RDB "
          "file right now. Try later.\n"
          "# BGSAVE for replication failed\n");
}

int main(void)
{
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    struct CMUnitTest tests[ROWS + 3] = {
        [ROWS] = cmocka_unit_test(a_wrong_password_ends_the_handshake),
        [ROWS + 1] = cmocka_unit_test(a_master_without_address_cannot_be_connected_to),
        [ROWS + 2] = cmocka_unit_test(without_a_history_those_who_wait_get_no_rdb),
    };
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = master_says,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
