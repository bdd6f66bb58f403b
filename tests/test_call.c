/* What commands leave in the stream to the replicas, and how a replica executes it. */
#include "sim/keys/value.h"
#include "tests/support/node_harness.h"

/* --- the stream ------------------------------------------------------------------------------- */

/* `%` in a row's stream stands for a date in milliseconds. */
struct row {
    const char *before; /* requests, separated by ; */
    const char *request;
    const char *stream;
};

/* Recorded from a real server (PXAT 1: the key has expired, but nobody has looked yet). */
static const struct row rows[] = {
    { "", "SET a 1", "SET a 1\n" },
    { "", "set a 1 EX 100", "SET a 1 PXAT %\n" },
    { "", "SET a 1 PX 100", "SET a 1 PXAT %\n" },
    { "", "SET a 1 EXAT 2000000000", "SET a 1 PXAT 2000000000000\n" },
    { "", "SET a 1 PXAT 2000000000000", "SET a 1 PXAT 2000000000000\n" },
    { "", "set a 1 pxat 2000000000000 NX", "SET a 1 PXAT 2000000000000\n" },
    { "", "SET a 1 PXAT 2000000000000 GET", "SET a 1 PXAT 2000000000000\n" },
    { "SET a 1", "SET a 1 NX", "" },
    { "SET a 1", "SET a 2 get KEEPTTL", "SET a 2 KEEPTTL\n" },
    { "SET a 1", "SET a 2 GET EX 5", "SET a 2 PXAT %\n" },
    { "", "SET a 1 XX", "" },
    { "", "SETEX a 10 v", "SET a v PXAT %\n" },
    { "", "PSETEX a 10000 v", "SET a v PXAT %\n" },
    { "", "SETNX a 1", "SETNX a 1\n" },
    { "SET a 1", "SETNX a 1", "" },
    { "", "GETSET a 5", "SET a 5\n" },
    { "SET a 1", "GETDEL a", "DEL a\n" },
    { "", "GETDEL a", "" },
    { "SET a 1", "GETEX a", "" },
    { "SET a 1", "GETEX a EX 100", "PEXPIREAT a %\n" },
    { "SET a 1", "GETEX a PXAT 1", "DEL a\n" },
    { "SET a 1 EX 9", "GETEX a PERSIST", "PERSIST a\n" },
    { "SET a 1", "GETEX a PERSIST", "" },
    { "SET a 1", "EXPIRE a 100", "PEXPIREAT a %\n" },
    { "SET a 1", "EXPIRE a 100 NX", "PEXPIREAT a % NX\n" },
    { "SET a 1 EX 9", "EXPIRE a 100 NX", "" },
    { "SET a 1", "EXPIREAT a 2000000000", "PEXPIREAT a 2000000000000\n" },
    { "SET a 1", "pexpireat a 2000000000001", "pexpireat a 2000000000001\n" },
    { "SET a 1", "EXPIRE a -1", "DEL a\n" },
    { "SET a 1 EX 9", "PERSIST a", "PERSIST a\n" },
    { "", "APPEND a x", "APPEND a x\n" },
    { "", "INCR a", "INCR a\n" },
    { "SET a x", "INCR a", "" },
    { "SET a 10", "INCRBYFLOAT a 1.5", "SET a 11.5 KEEPTTL\n" },
    { "", "MSET {a}1 1 {a}2 2", "MSET {a}1 1 {a}2 2\n" },
    { "SET a 1", "DEL a b{a}", "DEL a b{a}\n" },
    { "", "DEL a", "" },
    { "SET a 1", "UNLINK a", "UNLINK a\n" },
    { "SET a 1", "RENAME a b{a}", "RENAME a b{a}\n" },
    { "SET a 1", "RENAME a a", "" },
    { "SET a 1", "COPY a b{a}", "COPY a b{a}\n" },
    { "", "SETBIT a 3 0", "SETBIT a 3 0\n" },
    { "SETBIT a 3 0", "SETBIT a 3 0", "" },
    { "", "FLUSHALL", "FLUSHALL\n" },
    { "", "PUBLISH a b", "" },
    { "MULTI;SET a 1", "EXEC", "SET a 1\n" },
    { "MULTI;SET a 1;GET a;SET a 2", "EXEC", "MULTI\nSET a 1\nSET a 2\nEXEC\n" },
    { "MULTI;GET a", "EXEC", "" },
    { "SET e 1 PXAT 1", "GET e", "DEL e\n" },
    { "SET e 1 PXAT 1", "SET e 2", "MULTI\nDEL e\nSET e 2\nEXEC\n" },
    { "SET e 1 PXAT 1;MULTI;SET e 2", "EXEC", "MULTI\nDEL e\nSET e 2\nEXEC\n" },
    { "SET e 1 PXAT 1;SET f 1 PXAT 1", "SCAN 0", "DEL e\nDEL f\n" },
    { "SET e 1 PXAT 1", "KEYS *", "" },
};

static char row_names[sizeof(rows) / sizeof(rows[0])][96];

static bool same_but_dates(const char *got, const char *want)
{
    while (*want != '\0') {
        if (*want == '%') {
            size_t digits = strspn(got, "0123456789");
            if (digits != 13) {
                return false;
            }
            got += digits;
            want++;
        } else if (*got++ != *want++) {
            return false;
        }
    }
    return *got == '\0';
}

static void stream_row(void **state)
{
    const struct row *row = *state;
    struct desk *desk = desk_new(NULL);
    struct rcs_buf got;
    char before[160];
    desk_attach_replica(desk, 5);
    snprintf(before, sizeof(before), "SET first 1;%s", row->before); /* takes SELECT with it */
    for (char *request = strtok(before, ";"); request != NULL; request = strtok(NULL, ";")) {
        desk_ask(desk, 0, request);
    }
    desk_receive(desk, 5, NULL);
    desk_ask(desk, 0, row->request);
    rcs_buf_init(&got);
    desk_stream(desk, 5, &got);
    if (!same_but_dates(got.data, row->stream)) {
        fail_msg("got:\n%swant:\n%s", got.data, row->stream);
    }
    rcs_buf_close(&got);
    desk_free(desk);
}

static void expired_keys_go_at_the_tick_one_by_one(void **state)
{
    struct desk *desk = *state;
    struct rcs_buf got;
    desk_attach_replica(desk, 5);
    desk_ask(desk, 0, "SET a 1 PX 50");
    desk_ask(desk, 0, "SET b 1 PX 40");
    desk_ask(desk, 0, "SET c 1 PX 5000");
    desk_receive(desk, 5, NULL);
    desk_run(desk, 220);
    rcs_buf_init(&got);
    desk_stream(desk, 5, &got);
    assert_string_equal(got.data, "DEL b\nDEL a\n");
    rcs_buf_close(&got);
    desk_expect(desk, 0, "DBSIZE", ":1\n");
    assert_int_equal(desk->node->stat_expired, 2);
}

static void expiry_counts_from_the_next_millisecond(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SET a 1 PX 50");
    desk->now_us += RCS_MS(50);
    desk_expect(desk, 0, "GET a", "$1\n1\n");
    desk_expect(desk, 0, "PTTL a", ":0\n");
    desk->now_us += RCS_MS(1);
    desk_expect(desk, 0, "GET a", "$-1\n");
}

/* --- a replica -------------------------------------------------------------------------------- */

static void apply(struct desk *desk, const char *words)
{
    struct rcs_request *request = rcs_request_words(desk->store, words, strlen(words));
    desk->node->out = &desk->effects;
    rcs_command_apply(desk->node, request);
    desk->node->out = NULL;
    rcs_request_release(desk->store, request);
    assert_int_equal(desk->effects.count, 0);
}

static void replica_executes_the_stream(void **state)
{
    struct desk *desk = *state;
    desk_follow(desk, desk_add_master(desk, 'b', 7001));
    apply(desk, "SELECT 0");
    apply(desk, "SET a 1 PXAT 2000000000000");
    apply(desk, "INCR a");
    apply(desk, "NOSUCH command");
    apply(desk, "GET");
    assert_int_equal(rcs_keyspace_size(desk->node->keys), 1);
    const struct rcs_entry *entry = rcs_keyspace_find(desk->node->keys, "a", 1);
    assert_int_equal(entry->expire_ms, 2000000000000);
    apply(desk, "FLUSHALL");
    assert_int_equal(rcs_keyspace_size(desk->node->keys), 0);
}

static void replica_hides_what_expired_and_keeps_it(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SET a 1");
    desk_follow(desk, desk_add_master(desk, 'b', 7001));
    apply(desk, "SET {a}1 1 PXAT 1");
    desk_run(desk, 500);
    desk_expect(desk, 0, "DBSIZE", ":2\n");
    desk_expect(desk, 0, "KEYS *", "*1\n$1\na\n");
    desk_expect(desk, 0, "SCAN 0", "*2\n$1\n0\n*1\n$1\na\n");
    apply(desk, "APPEND {a}1 2"); /* to its master's commands it is still there */
    const struct rcs_entry *entry = rcs_keyspace_find(desk->node->keys, "{a}1", 4);
    assert_int_equal(rcs_string_of(entry->value)->size_bytes, 2);
    apply(desk, "DEL {a}1");
    assert_int_equal(rcs_keyspace_size(desk->node->keys), 1);
}

static void watched_key_lost_without_a_command_fails_exec(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SET a 1");
    desk_ask(desk, 0, "WATCH a");
    desk_ask(desk, 0, "MULTI");
    desk_expect(desk, 0, "PING", "+QUEUED\n");
    rcs_keyspace_flush_slot(desk->node->keys, 15495);
    desk_expect(desk, 0, "EXEC", "*-1\n");
}

static void watched_key_that_expires_fails_exec(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SET a 1 PX 20");
    desk_ask(desk, 0, "WATCH a");
    desk_ask(desk, 0, "MULTI");
    desk->now_us += RCS_MS(21);
    desk_expect(desk, 0, "EXEC", "*-1\n");
    desk_ask(desk, 1, "SET b 1 PXAT 1"); /* expired when WATCH sees it: nothing changes any more */
    desk_ask(desk, 0, "WATCH b");
    desk_expect(desk, 1, "GET b", "$-1\n");
    desk_ask(desk, 0, "MULTI");
    desk_expect(desk, 0, "EXEC", "*0\n");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    static struct CMUnitTest tests[ROWS + 7] = {
        TEST(expired_keys_go_at_the_tick_one_by_one),
        TEST(expiry_counts_from_the_next_millisecond),
        TEST(replica_executes_the_stream),
        TEST(replica_hides_what_expired_and_keeps_it),
        TEST(watched_key_lost_without_a_command_fails_exec),
        TEST(watched_key_that_expires_fails_exec),
    };
    size_t count = 6;
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(row_names[i], sizeof(row_names[i]), "stream: %s%s%s", rows[i].before,
                 rows[i].before[0] == '\0' ? "" : ";", rows[i].request);
        tests[count++] = (struct CMUnitTest){ .name = row_names[i],
                                              .test_func = stream_row,
                                              .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return _cmocka_run_group_tests("calls", tests, count, NULL, NULL);
}
