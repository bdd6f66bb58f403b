/* INFO: its fields and their order are a real server's, its counts are true. The end of a process
 * that waits for its replicas. */
#include "sim/node/shutdown.h"
#include "tests/support/node_harness.h"

/* The text of INFO, as a C string; borrowed until the next call. */
static const char *info(struct desk *desk, const char *sections)
{
    static char text[16384];
    char words[128];
    snprintf(words, sizeof(words), "INFO %s", sections);
    const char *reply = desk_ask(desk, 9, words);
    snprintf(text, sizeof(text), "%s", strchr(reply, '\n') + 1);
    return text;
}

static void expect_line(struct desk *desk, const char *section, const char *line)
{
    const char *text = info(desk, section);
    char wanted[160];
    snprintf(wanted, sizeof(wanted), "\n%s\r\n", line);
    if (strstr(text, wanted) == NULL) {
        fail_msg("no line \"%s\" in:\n%s", line, text);
    }
}

static bool is_of_a_command_or_error(const char *line)
{
    return strncmp(line, "cmdstat_", 8) == 0 || strncmp(line, "latency_perc", 12) == 0 ||
           strncmp(line, "errorstat_", 10) == 0;
}

/* Recorded: the names in `INFO everything` of a redis-server 7.0.15. */
static void fields_are_those_of_a_real_server(void **state)
{
    struct desk *desk = *state;
    char *wanted = test_vector("resp/info_fields.txt", NULL);
    const char *want = wanted, *line = info(desk, "everything");
    while (line[0] != '\0' && strcmp(line, "\r\n") != 0) {
        size_t size = strcspn(line, ":\r");
        if (size > 0 && !is_of_a_command_or_error(line)) {
            size_t want_size = strcspn(want, "\n");
            if (size != want_size || memcmp(line, want, size) != 0) {
                fail_msg("got %.*s, want %.*s", (int)size, line, (int)want_size, want);
            }
            want += want_size + 1;
        }
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(want, "");
    free(wanted);
}

/* Redis 7.0 bytesToHuman; as a server of 7.0.15 shows them. */
static void bytes_are_shown_for_people(void **state)
{
    static const char *const cases[][2] = {
        { "0", "0B" },          { "1023", "1023B" },       { "1126", "1.10K" },
        { "1152", "1.12K" },    { "1408", "1.38K" },       { "1048575", "1024.00K" },
        { "1179648", "1.12M" }, { "5368709120", "5.00G" }, { "1125899906842624", "1.00P" },
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[80];
        snprintf(text, sizeof(text), "CONFIG SET maxmemory %s", cases[i][0]);
        desk_ask(desk, 0, text);
        snprintf(text, sizeof(text), "maxmemory_human:%s", cases[i][1]);
        expect_line(desk, "memory", text);
    }
}

static void sections_that_nobody_named_stay_out(void **state)
{
    struct desk *desk = *state;
    assert_null(strstr(info(desk, "default"), "# Commandstats"));
    assert_null(strstr(info(desk, "default"), "# Latencystats"));
    assert_non_null(strstr(info(desk, "default"), "# Errorstats"));
    assert_non_null(strstr(info(desk, "all"), "# Commandstats"));
    assert_non_null(strstr(info(desk, "default commandstats"), "# Keyspace"));
    assert_string_equal(desk_ask(desk, 0, "INFO nosuch"), "$0\r\n\r\n");
}

/* The counts were recorded: `INFO commandstats` and `errorstats` after the same commands. */
static void commands_and_errors_are_counted(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG RESETSTAT");
    desk_ask(desk, 0, "SET k v");
    desk_ask(desk, 0, "SET k");        /* rejected: arity */
    desk_ask(desk, 0, "INCR k");       /* failed */
    desk_ask(desk, 0, "MGET a b");     /* rejected: CROSSSLOT */
    desk_ask(desk, 0, "NOSUCH");       /* no command */
    desk_ask(desk, 0, "OBJECT FOO k"); /* nor this */
    desk_ask(desk, 0, "OBJECT ENCODING k");
    desk_ask(desk, 0, "MULTI");
    desk_ask(desk, 0, "INCR k");
    desk_ask(desk, 0, "GET k");
    desk_ask(desk, 0, "EXEC");
    static const char *const lines[] = {
        "cmdstat_set:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0",
        "cmdstat_incr:calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=2",
        "cmdstat_mget:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0",
        "cmdstat_object|encoding:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
        "cmdstat_exec:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
        "cmdstat_get:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        expect_line(desk, "commandstats", lines[i]);
    }
    expect_line(desk, "errorstats", "errorstat_CROSSSLOT:count=1");
    expect_line(desk, "errorstats", "errorstat_ERR:count=5");
    expect_line(desk, "stats", "total_error_replies:6");
    desk_ask(desk, 0, "CONFIG RESETSTAT");
    assert_null(strstr(info(desk, "errorstats"), "errorstat_"));
}

static void what_takes_time_is_counted(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG RESETSTAT");
    desk_ask(desk, 0, "DEBUG SLEEP 0.25");
    expect_line(desk, "commandstats",
                "cmdstat_debug:calls=1,usec=250000,usec_per_call=250000.00,rejected_calls=0,"
                "failed_calls=0");
    expect_line(desk, "latencystats",
                "latency_percentiles_usec_debug:p50=250000.000,p99=250000.000,p99.9=250000.000");
    expect_line(desk, "latencystats",
                "latency_percentiles_usec_info:p50=0.000,p99=0.000,p99.9=0.000");
    const char *entry =
        "*1\r\n*6\r\n:0\r\n:1767225606\r\n:250000\r\n*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP"
        "\r\n$4\r\n0.25\r\n";
    assert_int_equal(strncmp(desk_ask(desk, 0, "SLOWLOG GET"), entry, strlen(entry)), 0);
}

static void operations_a_second_are_those_of_the_last_ones(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 1600; i++) {
        desk_ask(desk, 0, "PING");
        desk_run(desk, i % 10 == 0 ? 10 : 0);
    }
    desk_run(desk, 110);
    const char *text = strstr(info(desk, "stats"), "instantaneous_ops_per_sec:");
    long ops = strtol(strchr(text, ':') + 1, NULL, 10);
    assert_in_range(ops, 900, 1000);
    desk_run(desk, 2000);
    expect_line(desk, "stats", "instantaneous_ops_per_sec:0");
}

/* --- SHUTDOWN --------------------------------------------------------------------------------- */

static void it_waits_for_a_replica_that_lags(void **state)
{
    struct desk *desk = *state;
    char ack[64];
    desk_attach_replica(desk, 3);
    desk_ask(desk, 0, "SET k v");
    desk_expect(desk, 1, "SHUTDOWN", "");
    assert_non_null(strstr(desk_receive(desk, 3, NULL), "GETACK"));
    desk_expect(desk, 0, "SET k w", ""); /* paused */
    desk_expect(desk, 2, "GET k", "$1\nv\n");
    assert_non_null(strstr(info(desk, "server"), "shutdown_in_milliseconds:"));
    expect_line(desk, "clients", "blocked_clients:2"); /* SHUTDOWN and SET */
    desk_run(desk, 3000);
    assert_false(desk->exited);
    snprintf(ack, sizeof(ack), "REPLCONF ACK %lld", (long long)rcs_node_offset(desk->node));
    desk_ask(desk, 3, ack);
    desk_run(desk, 110);
    assert_true(desk->exited);
}

static void it_waits_no_longer_than_its_timeout(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG SET shutdown-timeout 2");
    desk_attach_replica(desk, 3);
    desk_ask(desk, 0, "SET k v");
    desk_ask(desk, 1, "SHUTDOWN");
    desk_run(desk, 1900);
    assert_false(desk->exited);
    desk_run(desk, 300);
    assert_true(desk->exited);
}

static void it_can_be_aborted(void **state)
{
    struct desk *desk = *state;
    desk_attach_replica(desk, 3);
    desk_ask(desk, 0, "SET k v");
    desk_ask(desk, 1, "SHUTDOWN");
    desk_expect(desk, 0, "SET k w", "");
    desk_expect(desk, 2, "SHUTDOWN ABORT", "+OK\n");
    assert_string_equal(desk_receive(desk, 1, NULL),
                        "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    assert_string_equal(desk_receive(desk, 0, NULL), "+OK\r\n");
    desk_expect(desk, 2, "SHUTDOWN ABORT", "-ERR No shutdown in progress.\n");
    desk_run(desk, 11000);
    assert_false(desk->exited);
}

static void now_does_not_wait(void **state)
{
    struct desk *desk = *state;
    desk_attach_replica(desk, 3);
    desk_ask(desk, 0, "SET k v");
    desk_ask(desk, 1, "SHUTDOWN NOW");
    assert_true(desk->exited);
}

static void without_a_timeout_it_does_not_wait(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG SET shutdown-timeout 0");
    desk_attach_replica(desk, 3);
    desk_ask(desk, 0, "SET k v");
    desk_ask(desk, 1, "SHUTDOWN");
    assert_true(desk->exited);
}

/* --- maxmemory -------------------------------------------------------------------------------- */

static void memory_is_limited(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SET {k}1 v");
    desk_ask(desk, 0, "CONFIG SET maxmemory 1");
    const char *oom = "-OOM command not allowed when used memory > 'maxmemory'.\n";
    desk_expect(desk, 0, "SET {k}2 v", oom);
    desk_expect(desk, 0, "GET {k}1", "$1\nv\n");
    desk_expect(desk, 0, "DEL {k}1", ":1\n");
    desk_ask(desk, 0, "MULTI");
    desk_expect(desk, 0, "SET {k}2 v", oom);
    desk_expect(desk, 0, "EXEC", "-EXECABORT Transaction discarded because of previous errors.\n");
    desk_ask(desk, 0, "CONFIG SET maxmemory 0");
    desk_ask(desk, 0, "MULTI");
    desk_ask(desk, 0, "SET {k}2 v");
    desk_ask(desk, 1, "CONFIG SET maxmemory 1");
    desk_expect(desk, 0, "EXEC",
                "-EXECABORT Transaction discarded because of: OOM command not "
                "allowed when used memory > 'maxmemory'.\n");
}

/* Room for about two keys of this size, whichever they are. */
static void limit_to_two(struct desk *desk, const char *policy)
{
    char words[128];
    desk_ask(desk, 0, "SET {k}1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    desk_run(desk, 10);
    desk_ask(desk, 0, "SET {k}2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    desk_run(desk, 10);
    desk_ask(desk, 0, "EXPIRE {k}2 1000");
    desk_ask(desk, 0, "EXPIRE {k}1 100");
    const char *used = strstr(info(desk, "memory"), "used_memory:") + strlen("used_memory:");
    snprintf(words, sizeof(words), "CONFIG SET maxmemory-policy %s maxmemory %ld", policy,
             strtol(used, NULL, 10) + 20);
    desk_expect(desk, 0, words, "+OK\n");
}

static void the_least_recently_used_goes(void **state)
{
    struct desk *desk = *state;
    limit_to_two(desk, "allkeys-lru");
    desk_run(desk, 10);
    desk_ask(desk, 0, "GET {k}1");
    desk_run(desk, 10);
    desk_expect(desk, 0, "SET {k}3 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "+OK\n");
    desk_expect(desk, 0, "EXISTS {k}1 {k}2 {k}3", ":2\n"); /* over by one before the next command */
    desk_expect(desk, 0, "EXISTS {k}2", ":0\n");
    expect_line(desk, "stats", "evicted_keys:1");
}

static void only_keys_that_expire_go(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "CONFIG SET notify-keyspace-events Ee");
    desk_ask(desk, 2, "PSUBSCRIBE __key*");
    limit_to_two(desk, "volatile-ttl");
    desk_expect(desk, 0, "SET {k}3 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "+OK\n");
    desk_expect(desk, 0, "EXISTS {k}2 {k}3", ":2\n");
    desk_expect(desk, 0, "EXISTS {k}1", ":0\n");
    assert_non_null(strstr(desk_receive(desk, 2, NULL), "__keyevent@0__:evicted\r\n$4\r\n{k}1"));
}

static void policies_that_are_not_modelled_are_refused(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "CONFIG SET maxmemory-policy allkeys-lfu",
                "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - rcsim "
                "models no eviction by frequency of use\n");
}

/* --- limits of clients ------------------------------------------------------------------------ */

static void the_idle_are_cut_off(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "PING");
    desk_ask(desk, 1, "SUBSCRIBE c");
    desk_ask(desk, 2, "CONFIG SET timeout 10");
    desk_run(desk, 9000);
    desk_ask(desk, 2, "PING");
    desk_run(desk, 1000);
    assert_false(desk->clients[0].closed);
    desk_run(desk, 2000);
    assert_true(desk->clients[0].closed);
    assert_false(desk->clients[1].closed); /* a subscriber waits for what comes */
    assert_false(desk->clients[2].closed);
}

static void set_limits(struct desk *desk, const char *limits)
{
    struct rcs_config config = desk->node->config;
    char reason[RCS_CONFIG_REASON_BYTES];
    assert_int_equal(rcs_config_try(&config, "client-output-buffer-limit", limits, reason), RCS_OK);
    desk->node->config = config;
}

static void a_hard_limit_cuts_at_once(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SETRANGE k 4999 x");
    desk_open(desk, 1);
    set_limits(desk, "normal 5000 0 0");
    desk_expect(desk, 0, "PING", "+PONG\n");
    desk_expect(desk, 0, "GET k", "");
    assert_true(desk->clients[0].closed);
    rcs_node_client_unwritten(desk->node, desk->clients[1].link, 4999);
    desk_run(desk, 500);
    assert_false(desk->clients[1].closed);
    desk_expect(desk, 1, "PING", "");
    assert_true(desk->clients[1].closed);
}

static void a_soft_limit_takes_its_time(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "SUBSCRIBE c");
    desk_open(desk, 2);
    set_limits(desk, "pubsub 100000 1000 3 normal 1000000 0 0");
    rcs_node_client_unwritten(desk->node, desk->clients[1].link, 1000);
    rcs_node_client_unwritten(desk->node, desk->clients[2].link, 1000);
    desk_run(desk, 2000);
    rcs_node_client_unwritten(desk->node, desk->clients[1].link, 999); /* it has read some */
    desk_run(desk, 200);
    rcs_node_client_unwritten(desk->node, desk->clients[1].link, 1000);
    desk_run(desk, 3000);
    assert_false(desk->clients[1].closed);
    desk_run(desk, 2000);
    assert_true(desk->clients[1].closed);
    assert_false(desk->clients[2].closed);
}

/* --- CONFIG REWRITE --------------------------------------------------------------------------- */

static void a_file_is_rewritten_if_there_is_one(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "CONFIG REWRITE", "-ERR The server is running without a config file\n");
    desk->node->config.file = RCS_CONF_FILE_GOOD;
    desk_expect(desk, 0, "CONFIG REWRITE", "+OK\n");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(fields_are_those_of_a_real_server),
        TEST(bytes_are_shown_for_people),
        TEST(sections_that_nobody_named_stay_out),
        TEST(commands_and_errors_are_counted),
        TEST(what_takes_time_is_counted),
        TEST(operations_a_second_are_those_of_the_last_ones),
        TEST(it_waits_for_a_replica_that_lags),
        TEST(it_waits_no_longer_than_its_timeout),
        TEST(it_can_be_aborted),
        TEST(now_does_not_wait),
        TEST(without_a_timeout_it_does_not_wait),
        TEST(memory_is_limited),
        TEST(the_least_recently_used_goes),
        TEST(only_keys_that_expire_go),
        TEST(policies_that_are_not_modelled_are_refused),
        TEST(a_file_is_rewritten_if_there_is_one),
        TEST(the_idle_are_cut_off),
        TEST(a_hard_limit_cuts_at_once),
        TEST(a_soft_limit_takes_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
