/* DUMP, RESTORE and MIGRATE: recorded replies, and a target played by hand. What the target's side
 * sends here is what a program sent in its place to a redis-server 7.0.15, whose replies these are.
 */
#include "sim/cluster/parts.h"
#include "tests/support/resp_cases.h"

#define CASES_MAX 64

static void setup_case(struct desk *desk, const char *how)
{
    (void)desk;
    assert_string_equal(how, "");
}

/* --- a target --------------------------------------------------------------------------------- */

#define UP(link)           desk_target(desk, RCS_EVENT_TARGET_UP, link, NULL)
#define FAILED(link, text) desk_target(desk, RCS_EVENT_TARGET_FAILED, link, text)
#define LOST(link)         desk_target(desk, RCS_EVENT_TARGET_LOST, link, NULL)
#define SAYS(link, text)   desk_target(desk, RCS_EVENT_TARGET_DATA, link, text)
#define TIME_OVER()        desk_target(desk, RCS_EVENT_BLOCK_OVER, 0, NULL)

static void expect_targets(struct desk *desk, const char *want)
{
    assert_string_equal(desk_targets(desk), want);
}

static void expect_reply(struct desk *desk, const char *want)
{
    size_t size_bytes;
    assert_string_equal(desk_receive(desk, 0, &size_bytes), want);
}

/* Asks MIGRATE of k and {k}2 with this timeout and more words; the target is not connected yet. */
static void ask_two(struct desk *desk, unsigned timeout_ms, const char *options)
{
    char words[200];
    desk_ask(desk, 1, "MSET k v {k}2 v");
    size_t size_bytes;
    desk_open(desk, 0);
    desk_receive(desk, 0, &size_bytes);
    /* Two blanks with nothing between them are an empty word. */
    snprintf(words, sizeof(words), "MIGRATE 10.0.0.2 6379  0 %u %sKEYS k {k}2", timeout_ms,
             options);
    assert_string_equal(desk_ask(desk, 0, words), "");
}

static void expect_keys(struct desk *desk, const char *reply)
{
    assert_string_equal(desk_ask(desk, 1, "EXISTS k {k}2"), reply);
}

static void migrate_sends_select_and_restore_asking(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    expect_targets(desk, "connect 1 10.0.0.2:6379\nwait 500\n");
    UP(1);
    expect_targets(desk, "send 1 SELECT 0\n"
                         "send 1 RESTORE-ASKING k 0 ..v.......8..\n"
                         "send 1 RESTORE-ASKING {k}2 0 ..v.......8..\n"
                         "wait 500\n");
    expect_reply(desk, "");
    SAYS(1, "+OK\r\n+OK\r\n+O");
    expect_targets(desk, "wait 500\n");
    SAYS(1, "K\r\n");
    expect_targets(desk, "go on\n");
    expect_reply(desk, "+OK\r\n");
    expect_keys(desk, ":0\r\n");
}

/* The payloads are those of a redis-server 7.0.15. */
static void migrate_sends_values_of_every_type(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "RPUSH k a b");
    desk_ask(desk, 1, "ZADD {k}2 1.5 m");
    desk_ask(desk, 0, "MIGRATE 10.0.0.2 6379  0 500 KEYS k {k}2");
    desk_targets(desk);
    UP(1);
    expect_targets(desk, "send 1 SELECT 0\n"
                         "send 1 RESTORE-ASKING k 0 ...........a..b....h....A..\n"
                         "send 1 RESTORE-ASKING {k}2 0 .........m..1.5....I..`x%N.\n"
                         "wait 500\n");
    SAYS(1, "+OK\r\n+OK\r\n+OK\r\n");
    expect_reply(desk, "+OK\r\n");
    expect_keys(desk, ":0\r\n");
}

static void migrate_uses_the_connection_again_without_select(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    UP(1);
    SAYS(1, "+OK\r\n+OK\r\n+OK\r\n");
    desk_targets(desk);
    ask_two(desk, 500, "COPY REPLACE ");
    expect_targets(desk, "send 1 RESTORE-ASKING k 0 ..v.......8.. REPLACE\n"
                         "send 1 RESTORE-ASKING {k}2 0 ..v.......8.. REPLACE\n"
                         "wait 500\n");
    SAYS(1, "+OK\r\n+OK\r\n");
    expect_reply(desk, "+OK\r\n");
    expect_keys(desk, ":2\r\n"); /* COPY */
}

static void migrate_closes_a_connection_idle_for_ten_seconds(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    UP(1);
    SAYS(1, "+OK\r\n+OK\r\n+OK\r\n");
    desk_targets(desk);
    int64_t idle_s = 0, used_s = rcs_node_unixtime(desk->node);
    const char *did = "";
    while (did[0] == '\0' && idle_s < 20) {
        desk_run(desk, 100);
        idle_s = rcs_node_unixtime(desk->node) - used_s;
        did = desk_targets(desk);
    }
    assert_string_equal(did, "close 1\n");
    assert_int_equal(idle_s, 11); /* more than ten whole seconds */
}

static void migrate_authenticates_first(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "AUTH secret ");
    UP(1);
    SAYS(1, "+OK\r\n+OK\r\n+OK\r\n");
    expect_reply(desk, "");
    SAYS(1, "+OK\r\n");
    expect_reply(desk, "+OK\r\n");
    expect_targets(desk, "connect 1 10.0.0.2:6379\nwait 500\n"
                         "send 1 AUTH secret\nsend 1 SELECT 0\n"
                         "send 1 RESTORE-ASKING k 0 ..v.......8..\n"
                         "send 1 RESTORE-ASKING {k}2 0 ..v.......8..\n"
                         "wait 500\nwait 500\ngo on\n");
    ask_two(desk, 500, "AUTH2 me secret ");
    SAYS(1, "-WRONGPASS no\r\n+OK\r\n+OK\r\n");
    expect_reply(desk, "-ERR Target instance replied with error: WRONGPASS no\r\n");
    expect_keys(desk, ":2\r\n");
    assert_non_null(strstr(desk_targets(desk), "send 1 AUTH me secret\nsend 1 RESTORE-ASKING k"));
}

static void migrate_reports_the_first_error_and_keeps_those_keys(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    UP(1);
    SAYS(1, "+OK\r\n-ERR no\r\n+OK\r\n");
    expect_reply(desk, "-ERR Target instance replied with error: ERR no\r\n");
    assert_string_equal(desk_ask(desk, 1, "EXISTS k"), ":1\r\n");
    assert_string_equal(desk_ask(desk, 1, "EXISTS {k}2"), ":0\r\n");
    desk_targets(desk);
    ask_two(desk, 500, ""); /* an error makes SELECT necessary again */
    SAYS(1, "-ERR sel\r\n+OK\r\n+OK\r\n");
    expect_reply(desk, "-ERR Target instance replied with error: ERR sel\r\n");
    expect_keys(desk, ":2\r\n");
    assert_non_null(strstr(desk_targets(desk), "send 1 SELECT 0\n"));
}

static void migrate_tries_a_new_connection_once(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    UP(1);
    LOST(1);
    assert_non_null(strstr(desk_targets(desk), "connect 2 10.0.0.2:6379\nwait 500\n"));
    UP(2);
    LOST(2);
    expect_reply(desk, "-IOERR error or timeout reading to target instance\r\n");
    expect_keys(desk, ":2\r\n");
}

static void migrate_finds_a_kept_connection_closed(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    UP(1);
    SAYS(1, "+OK\r\n+OK\r\n+OK\r\n");
    LOST(1);
    desk_targets(desk);
    ask_two(desk, 500, "");
    expect_targets(desk, "connect 2 10.0.0.2:6379\nwait 500\n");
    UP(2);
    assert_non_null(strstr(desk_targets(desk), "send 2 SELECT 0\n"));
    SAYS(2, "+OK\r\n+OK\r\n+OK\r\n");
    expect_reply(desk, "+OK\r\n");
}

static void migrate_does_not_retry_after_the_first_reply_of_a_key(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    UP(1);
    SAYS(1, "+OK\r\n+OK\r\n");
    desk_targets(desk);
    LOST(1);
    expect_targets(desk, "go on\n");
    expect_reply(desk, "-IOERR error or timeout reading to target instance\r\n");
    expect_keys(desk, ":1\r\n"); /* one has gone */
    ask_two(desk, 500, "");
    UP(2);
    SAYS(2, "+OK\r\n-ERR x\r\n");
    LOST(2);
    expect_reply(desk, "-ERR Target instance replied with error: ERR x\r\n");
}

static void migrate_refused_twice_fails_writing(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    FAILED(1, "Connection refused");
    expect_targets(desk, "connect 1 10.0.0.2:6379\nwait 500\nconnect 2 10.0.0.2:6379\nwait 500\n");
    FAILED(2, "Connection refused");
    expect_targets(desk, "go on\n");
    expect_reply(desk, "-IOERR error or timeout writing to target instance\r\n");
    expect_keys(desk, ":2\r\n");
}

/* Redis takes a connect that is not done in time for done, and then waits as long to write. */
static void migrate_into_a_black_hole_waits_twice(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 500, "");
    TIME_OVER();
    expect_targets(desk, "connect 1 10.0.0.2:6379\nwait 500\nwait 500\n");
    TIME_OVER();
    expect_targets(desk, "close 1\ngo on\n");
    expect_reply(desk, "-IOERR error or timeout writing to target instance\r\n");
    ask_two(desk, 500, "");
    TIME_OVER();
    UP(2); /* late, but in the second half */
    SAYS(2, "+OK\r\n+OK\r\n+OK\r\n");
    expect_reply(desk, "+OK\r\n");
}

static void migrate_reading_times_out_without_retry(void **state)
{
    struct desk *desk = *state;
    ask_two(desk, 300, "");
    UP(1);
    SAYS(1, "+OK\r\n");
    desk_targets(desk);
    TIME_OVER();
    expect_targets(desk, "close 1\ngo on\n");
    expect_reply(desk, "-IOERR error or timeout reading to target instance\r\n");
    expect_keys(desk, ":2\r\n");
    ask_two(desk, 0, ""); /* 0 is 1000, and nothing waits less than 10 ms */
    expect_targets(desk, "connect 2 10.0.0.2:6379\nwait 1000\n");
    UP(2);
    TIME_OVER();
    desk_targets(desk);
    ask_two(desk, 1, "");
    UP(3);
    assert_non_null(strstr(desk_targets(desk), "wait 10\n"));
}

static void migrate_carries_the_time_left_and_leaves_the_expired(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "SET k v PX 700");
    assert_string_equal(desk_ask(desk, 0, "MIGRATE 10.0.0.2 6379 k 0 5000"), "");
    desk->now_us += RCS_MS(300);
    UP(1);
    assert_non_null(strstr(desk_targets(desk), "RESTORE-ASKING k 400 ..v"));
    LOST(1);
    desk->now_us += RCS_MS(500);
    UP(2); /* now nothing is left to send but SELECT */
    assert_null(strstr(desk_targets(desk), "send 2 RESTORE"));
    SAYS(2, "+OK\r\n");
    expect_reply(desk, "+OK\r\n");
}

static void migrate_is_replicated_as_del(void **state)
{
    struct desk *desk = *state;
    size_t size_bytes;
    desk_attach_replica(desk, 2);
    ask_two(desk, 500, "");
    desk_receive(desk, 2, &size_bytes);
    UP(1);
    SAYS(1, "+OK\r\n+OK\r\n");
    LOST(1); /* what was taken over by then counts */
    assert_non_null(strstr(desk_receive(desk, 2, &size_bytes), "*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n"));
    ask_two(desk, 500, "COPY ");
    desk_receive(desk, 2, &size_bytes);
    UP(2);
    SAYS(2, "+OK\r\n+OK\r\n+OK\r\n");
    assert_string_equal(desk_receive(desk, 2, &size_bytes), "");
    expect_reply(desk, "+OK\r\n");
}

static void migrate_of_one_key_named_twice(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "SET k v");
    assert_string_equal(desk_ask(desk, 0, "MIGRATE 10.0.0.2 6379  0 500 REPLACE KEYS k k"), "");
    UP(1);
    SAYS(1, "+OK\r\n+OK\r\n+OK\r\n");
    expect_reply(desk, "+OK\r\n");
}

static void restore_is_replicated_with_the_instant(void **state)
{
    struct desk *desk = *state;
    size_t size_bytes;
    static const char restore[] = "*4\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$4\r\n5000\r\n$13\r\n"
                                  "\0\1v\n\0\x91\x08\xce\xb2\x19\x38\x8a\xce\r\n";
    desk_attach_replica(desk, 2);
    assert_string_equal(desk_send(desk, 0, restore, sizeof(restore) - 1), "+OK\r\n");
    const char *stream = desk_receive(desk, 2, &size_bytes);
    char text[300];
    size_t kept = 0; /* without NULs */
    for (size_t i = 0; i < size_bytes && kept + 1 < sizeof(text); i++) {
        text[kept++] = stream[i] == '\0' ? '.' : stream[i];
    }
    text[kept] = '\0';
    assert_non_null(strstr(text, "*5\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$13\r\n1767225"));
    assert_non_null(strstr(text, "$6\r\nABSTTL\r\n"));
}

/* Before 5.0 the time to live begins anew at each replica. */
static void restore_of_4_0_is_replicated_as_it_came(void **state)
{
    struct desk *desk = *state;
    static const char start[] = "*4\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$4\r\n5000\r\n";
    desk->node->config.profile = rcs_profile_find("4.0"); /* that is enough for these commands */
    desk_expect(desk, 0, "SET x v", "+OK\n");
    char restore[200];
    size_t size_bytes;
    memcpy(restore, start, sizeof(start) - 1);
    desk_feed(desk, 0, "*2\r\n$4\r\nDUMP\r\n$1\r\nx\r\n", 21);
    const char *dump = desk_receive(desk, 0, &size_bytes); /* a bulk, as the request wants it */
    memcpy(restore + sizeof(start) - 1, dump, size_bytes);
    desk_attach_replica(desk, 2);
    assert_string_equal(desk_send(desk, 0, restore, sizeof(start) - 1 + size_bytes), "+OK\r\n");
    const char *stream = desk_receive(desk, 2, &size_bytes);
    assert_non_null(strstr(stream, start));
}

static void migrate_works_on_an_open_slot_whoever_owns_it(void **state)
{
    struct desk *desk = *state;
    rcs_id other = desk_add_master(desk, 'b', 40620);
    desk_ask(desk, 1, "SET k v"); /* slot 7629 */
    assert_string_equal(
        desk_ask(desk, 1,
                 "CLUSTER SETSLOT 7629 MIGRATING bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
        "+OK\r\n");
    assert_string_equal(desk_ask(desk, 1, "GET {k}2"), "-ASK 7629 127.0.0.1:40620\r\n");
    assert_string_equal(desk_ask(desk, 1, "MIGRATE 10.0.0.2 6379 {k}2 0 500"), "+NOKEY\r\n");
    assert_string_equal(desk_ask(desk, 1, "MIGRATE 10.0.0.2 6379  0 500 KEYS {k}2 {k}3"),
                        "+NOKEY\r\n");
    struct rcs_slot_words words = { { 0 } };
    rcs_slot_words_add(&words, 7629);
    desk_ask(desk, 1, "CLUSTER SETSLOT 7629 STABLE");
    rcs_slots_assign(&desk->node->cluster, &words, other);
    assert_string_equal(desk_ask(desk, 1, "MIGRATE 10.0.0.2 6379 {k}2 0 500"),
                        "-MOVED 7629 127.0.0.1:40620\r\n");
    desk_ask(desk, 1, "CLUSTER SETSLOT 7629 IMPORTING bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_string_equal(desk_ask(desk, 1, "MIGRATE 10.0.0.2 6379 {k}2 0 500"), "+NOKEY\r\n");
    assert_string_equal(desk_ask(desk, 1, "RESTORE {k}2 0 x"), "-MOVED 7629 127.0.0.1:40620\r\n");
    assert_string_equal(desk_ask(desk, 1, "RESTORE-ASKING {k}2 0 x"),
                        "-ERR DUMP payload version or checksum are wrong\r\n");
}

static void migrate_inside_a_transaction_is_not_modelled(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SET k v");
    desk_ask(desk, 0, "MULTI");
    assert_string_equal(desk_ask(desk, 0, "MIGRATE 10.0.0.2 6379 k 0 500"), "+QUEUED\r\n");
    assert_string_equal(desk_ask(desk, 0, "EXEC"),
                        "*1\r\n-ERR rcsim does not model MIGRATE inside MULTI\r\n");
    assert_string_equal(desk_ask(desk, 0, "EXISTS k"), ":1\r\n");
}

int main(void)
{
#define DESK(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static struct CMUnitTest tests[CASES_MAX] = {
        DESK(migrate_sends_select_and_restore_asking),
        DESK(migrate_sends_values_of_every_type),
        DESK(migrate_uses_the_connection_again_without_select),
        DESK(migrate_closes_a_connection_idle_for_ten_seconds),
        DESK(migrate_authenticates_first),
        DESK(migrate_reports_the_first_error_and_keeps_those_keys),
        DESK(migrate_tries_a_new_connection_once),
        DESK(migrate_finds_a_kept_connection_closed),
        DESK(migrate_does_not_retry_after_the_first_reply_of_a_key),
        DESK(migrate_refused_twice_fails_writing),
        DESK(migrate_into_a_black_hole_waits_twice),
        DESK(migrate_reading_times_out_without_retry),
        DESK(migrate_carries_the_time_left_and_leaves_the_expired),
        DESK(migrate_is_replicated_as_del),
        DESK(migrate_of_one_key_named_twice),
        DESK(restore_is_replicated_with_the_instant),
        DESK(restore_of_4_0_is_replicated_as_it_came),
        DESK(migrate_works_on_an_open_slot_whoever_owns_it),
        DESK(migrate_inside_a_transaction_is_not_modelled),
    };
    size_t count = 18;
    char *text;
    struct resp_case *cases;
    count += resp_cases_load("resp/commands_dump.txt", setup_case, &text, &cases, tests + count,
                             CASES_MAX - count);
    int failed = _cmocka_run_group_tests("migrate", tests, count, NULL, NULL);
    free(text);
    free(cases);
    return failed;
}
