/* Scripts: what a real server answers to them, what they leave for the replicas, where they end. */
#include <fnmatch.h>

#include "sim/cluster/parts.h"
#include "sim/node/command.h"
#include "tests/support/resp_cases.h"

#define CASES_MAX 64

static void setup(struct desk *desk, const char *how)
{
    (void)desk;
    assert_string_equal(how, "");
}

/* EVAL of a program without keys. */
static const char *eval(struct desk *desk, const char *program)
{
    struct rcs_arg words[] = { rcs_arg_of("EVAL"), rcs_arg_of(program), rcs_arg_of("0") };
    struct rcs_buf request;
    rcs_buf_init(&request);
    rcs_resp_request(&request, 3, words);
    const char *reply = desk_send(desk, 0, request.data, request.size_bytes);
    rcs_buf_close(&request);
    return reply;
}

/* --- what goes to the replicas ---------------------------------------------------------------- */

static const struct stream_row {
    const char *name, *before, *program, *stream;
} stream_rows[] = {
    /* clang-format off */
    { "stream: nothing is written", "", "return redis.call('get', 'a')", "" },
    { "stream: one write goes as it is", "", "return redis.call('set', 'a', 1)", "set a 1\n" },
    { "stream: two writes are a transaction", "", "redis.call('set', 'a', 1) redis.call('incr', 'a')",
      "MULTI\nset a 1\nincr a\nEXEC\n" },
    { "stream: what was written before an error", "", "redis.call('set', 'a', 1) redis.call('nosuch')",
      "set a 1\n" },
    { "stream: a write that changes nothing", "", "redis.call('del', 'a')", "" },
    { "stream: in the words of the command", "", "redis.call('incrbyfloat', 'a', 1.5)",
      "SET a 1.5 KEEPTTL\n" },
    { "stream: a float keeps its digits", "", "redis.call('set', 'a', 0.1)", "set a 0.10000000000000001\n" },
    { "stream: set_repl to none", "", "redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 1)", "" },
    { "stream: set_repl to the file only", "", "redis.set_repl(redis.REPL_AOF) redis.call('incrbyfloat', 'a', 1)", "" },
    { "stream: set_repl to replicas only", "", "redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'a', 1)",
      "set a 1\n" },
    { "stream: set_repl for a while", "",
      "redis.set_repl(0) redis.call('set', 'a', 1) redis.set_repl(3) redis.call('set', 'a', 2)", "set a 2\n" },
    { "stream: set_repl is over with the script", "EVAL redis.set_repl(0) 0", "redis.call('set', 'a', 1)",
      "set a 1\n" },
    { "stream: an expired key is deleted in spite of set_repl", "SET e 1 PXAT 1",
      "redis.set_repl(0) redis.call('get', 'e')", "DEL e\n" },
    { "stream: publish", "", "redis.call('publish', 'a', 'b')", "" },
    /* clang-format on */
};

static void stream_row(void **state)
{
    const struct stream_row *row = *state;
    struct desk *desk = desk_new(NULL);
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    const struct rcs_arg *args;
    const char *error;
    unsigned argc;
    size_t size_bytes;
    struct rcs_buf got;
    rcs_buf_init(&got);
    desk_attach_replica(desk, 5);
    desk_ask(desk, 0, "SET first 1"); /* takes SELECT with it */
    if (row->before[0] != '\0') {
        desk_ask(desk, 0, row->before);
    }
    desk_receive(desk, 5, NULL);
    eval(desk, row->program);
    const char *stream = desk_receive(desk, 5, &size_bytes);
    rcs_resp_requests_feed(reader, stream, size_bytes);
    while (rcs_resp_requests_next(reader, &args, &argc, &error) == RCS_OK) {
        for (unsigned i = 0; i < argc; i++) {
            rcs_buf_add(&got, args[i].bytes, args[i].size_bytes);
            rcs_buf_text(&got, i + 1 < argc ? " " : "\n");
        }
    }
    rcs_buf_add(&got, "", 1);
    assert_string_equal(got.data, row->stream);
    rcs_buf_close(&got);
    rcs_resp_requests_free(reader);
    desk_free(desk);
}

/* --- a replica -------------------------------------------------------------------------------- */

static void own(struct desk *desk, rcs_id owner, unsigned first, unsigned last)
{
    struct rcs_slot_words words = { { 0 } };
    for (unsigned slot = first; slot <= last; slot++) {
        rcs_slot_words_add(&words, slot);
    }
    rcs_slots_assign(&desk->node->cluster, &words, owner);
}

static struct desk *replica(void)
{
    struct desk *desk = desk_new(NULL);
    desk_ask(desk, 0, "SET bar here");
    rcs_id master = desk_add_master(desk, 'b', 40620);
    own(desk, master, 0, 16383);
    desk_follow(desk, master);
    return desk;
}

static void expect(const char *got, const char *want)
{
    if (fnmatch(want, got, 0) != 0) {
        fail_msg("got    %swanted %s", got, want);
    }
}

/* The replies of a 7.0.15 server, `*` for the name of the script. */
static void a_replica_serves_what_it_is_declared_for(void **state)
{
    (void)state;
    struct desk *desk = replica();
    expect(
        eval(desk, "return redis.call('set', 'bar', 1)"),
        "-READONLY You can't write against a read only replica. script: *, on @user_script:1.\r\n");
    expect(eval(desk, "#!lua\nreturn 1"),
           "-READONLY You can't write against a read only replica.\r\n");
    expect(eval(desk, "#!lua flags=no-writes\nreturn 1"), ":1\r\n");
    expect(eval(desk, "return redis.call('dbsize')"), ":1\r\n");
    expect(eval(desk, "return redis.call('get', 'bar')"),
           "-ERR Script attempted to access a non local key in a cluster node script: *, on "
           "@user_script:1.\r\n");
    desk_ask(desk, 0, "READONLY");
    expect(eval(desk, "return redis.call('get', 'bar')"), "$4\r\nhere\r\n");
    desk_expect(desk, 0, "EVAL return{KEYS[1]} 1 bar", "*1\n$3\nbar\n");
    desk_expect(desk, 1, "EVAL return{KEYS[1]} 1 bar", "-MOVED 5061 127.0.0.1:40620\n");
    desk_free(desk);
}

static void a_stale_replica_runs_what_allows_it(void **state)
{
    (void)state;
    struct desk *desk = replica();
    desk_ask(desk, 0, "CONFIG SET replica-serve-stale-data no");
    expect(eval(desk, "return 1"),
           "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n");
    expect(eval(desk, "#!lua flags=no-writes\nreturn 1"),
           "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n");
    expect(eval(desk, "#!lua flags=no-writes,allow-stale\nreturn 1"), ":1\r\n");
    expect(eval(desk, "#!lua flags=no-writes,allow-stale\nreturn redis.call('dbsize')"),
           "-ERR Can not execute the command on a stale replica script: *, on @user_script:2.\r\n");
    desk_free(desk);
}

static void too_few_replicas_stop_writes(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG SET min-replicas-to-write 1");
    expect(eval(desk, "return redis.call('set', 'a', 1)"),
           "-NOREPLICAS Not enough good replicas to write. script: *, on @user_script:1.\r\n");
    expect(eval(desk, "#!lua\nreturn 1"), "-NOREPLICAS Not enough good replicas to write.\r\n");
    expect(eval(desk, "#!lua flags=no-writes\nreturn 1"), ":1\r\n");
    expect(eval(desk, "return 1"), ":1\r\n");
}

/* Redis 7.0 scriptVerifyClusterState. */
static void keys_must_be_served_here(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG SET cluster-require-full-coverage no");
    own(desk, desk_add_master(desk, 'b', 40620), 0, 8191);
    const char *not_local = "-ERR Script attempted to access a non local key in a cluster node "
                            "script: *, on @user_script:1.\r\n";
    expect(eval(desk, "return redis.call('set', 'bar', 1)"), not_local);
    expect(eval(desk, "return redis.call('set', 'foo', 1)"), "+OK\r\n");
    expect(eval(desk, "return redis.call('mget', 'foo', 'hello')"), not_local);
    desk_expect(desk, 0, "EVAL return{} 1 bar", "-MOVED 5061 127.0.0.1:40620\n");
    desk_expect(desk, 0, "EVAL return{} 2 foo hello",
                "-CROSSSLOT Keys in request don't hash to the same slot\n");
}

static void a_cluster_that_is_down_is_told_inside(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CLUSTER DELSLOTS 0");
    desk_run(desk, 200);
    expect(eval(desk, "return redis.call('get', 'foo')"),
           "-ERR Script attempted to execute a command while the cluster is down script: *, on "
           "@user_script:1.\r\n");
    desk_ask(desk, 0, "CONFIG SET cluster-allow-reads-when-down yes");
    expect(eval(desk, "return redis.call('get', 'foo')"), "$-1\r\n");
    expect(
        eval(desk, "return redis.call('set', 'foo', 1)"),
        "-ERR Script attempted to execute a write command while the cluster is down and readonly "
        "script: *, on @user_script:1.\r\n");
}

/* --- limits, time, what lasts ----------------------------------------------------------------- */

static void a_script_without_end_is_ended(void **state)
{
    struct desk *desk = *state;
    const char *ended =
        "-ERR rcsim ends a script after 200000000 instructions: it takes no virtual "
        "time, so nobody could kill it script: *, on @user_script:1.\r\n";
    expect(eval(desk, "while true do end"), ended);
    expect(eval(desk, "while true do pcall(function() while true do end end) end"), ended);
    expect(eval(desk, "return 1"), ":1\r\n");
}

static void memory_has_an_end(void **state)
{
    struct desk *desk = *state;
    expect(eval(desk, "local s = 'x' while true do s = s .. s end"),
           "-ERR Error running script *, not enough memory\r\n");
    expect(eval(desk, "return {pcall(string.rep, 'x', 1e9)}"),
           "*2\r\n$-1\r\n$17\r\nnot enough memory\r\n");
    expect(eval(desk, "return 1"), ":1\r\n");
}

static void nesting_has_an_end(void **state)
{
    struct desk *desk = *state;
    expect(eval(desk, "local t = {} t[1] = t return t"),
           "\\*1\r\n\\*1\r\n*-ERR reached lua stack limit\r\n");
    expect(eval(desk, "local t = {} t[1] = t t[2] = t return t"),
           "-ERR rcsim ends a reply after *: this one may have no end\r\n");
    expect(eval(desk, "local t = {} t.map = {t, t} return t"),
           "-ERR rcsim ends a reply after *: this one may have no end\r\n");
    expect(eval(desk, "return 1"), ":1\r\n");
}

static void the_clock_stands_still(void **state)
{
    struct desk *desk = *state;
    expect(
        eval(desk,
             "local a = redis.call('time') for i = 1, 1000000 do end local b = redis.call('time') "
             "return a[1] == b[1] and a[2] == b[2]"),
        ":1\r\n");
}

/* Objects are numbered as they are printed, in every node alike. */
static void nothing_shows_an_address(void **state)
{
    struct desk *desk = *state;
    expect(eval(desk,
                "local t, f = {}, function() end return {tostring(t), tostring(f), tostring(t)}"),
           "\\*3\r\n$21\r\ntable: 0x7f0000000020\r\n$24\r\nfunction: 0x7f0000000040\r\n"
           "$21\r\ntable: 0x7f0000000020\r\n");
    expect(eval(desk, "error(function() end)"),
           "-ERR function: 0x7f0000000060 script: *, on @user_script:1.\r\n");
}

static void an_error_without_text_is_survived(void **state)
{
    struct desk *desk = *state; /* a real server is not */
    expect(eval(desk, "error({})"), "-ERR unknown error script: *, on @user_script:1.\r\n");
}

static const struct rcs_command_stat *stat_of(const struct desk *desk, const char *name)
{
    const struct rcs_stats *stats = &desk->node->stats;
    for (unsigned i = 0; i < stats->command_count; i++) {
        if (strcmp(stats->commands[i].command->name, name) == 0) {
            return &stats->commands[i];
        }
    }
    fail_msg("no stat of %s", name);
    return NULL;
}

static void expect_stat(const struct desk *desk, const char *name, unsigned calls,
                        unsigned rejected, unsigned failed)
{
    const struct rcs_command_stat *stat = stat_of(desk, name);
    assert_int_equal(stat->calls, calls);
    assert_int_equal(stat->rejected, rejected);
    assert_int_equal(stat->failed, failed);
}

/* As INFO of a 7.0.15 server counts the same scripts. */
static void an_error_is_counted_once(void **state)
{
    static const char *const programs[] = {
        "return redis.call('nosuch')",
        "redis.pcall('get')",
        "return redis.call('get')",
        "redis.call('set', 'l', 'x') return redis.pcall('incr', 'l')",
        "redis.pcall('incr', 'l') return 1",
        "error('x')",
        "return 1",
        "return redis.call('auth', 'x')",
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        eval(desk, programs[i]);
    }
    expect_stat(desk, "eval", 8, 0, 5);
    expect_stat(desk, "get", 0, 2, 0);
    expect_stat(desk, "auth", 0, 1, 0);
    expect_stat(desk, "incr", 2, 0, 2);
    expect_stat(desk, "set", 1, 0, 0);
    assert_int_equal(desk->node->stats.error_replies, 7);
}

/* In the order and the words of a 7.0.15 server; `*` for the time. */
static void a_monitor_sees_the_script_before_its_commands(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 1, "MONITOR", "+OK\n");
    eval(desk, "redis.call('set', 'a', 1) return redis.pcall('nosuch')");
    expect(desk_receive(desk, 1, NULL),
           "+* \\[0 *\\] \"EVAL\" \"redis.call('set', 'a', 1) return redis.pcall('nosuch')\" "
           "\"0\"\r\n+* \\[0 lua\\] \"set\" \"a\" \"1\"\r\n");
}

/* As a 7.0.15 server with maxmemory 1 answers. */
static void memory_of_the_node_is_minded(void **state)
{
    struct desk *desk = *state;
    const char *oom = "-OOM command not allowed when used memory > 'maxmemory'.";
    desk_ask(desk, 0, "CONFIG SET maxmemory 1");
    expect(eval(desk, "return redis.call('set', 'a', 'b')"),
           "-OOM command not allowed when used memory > 'maxmemory'. script: *, on "
           "@user_script:1.\r\n");
    expect(eval(desk, "return redis.call('get', 'a')"), "$-1\r\n");
    expect(eval(desk, "redis.call('del', 'a') return redis.call('set', 'a', 'b')"), "+OK\r\n");
    assert_memory_equal(eval(desk, "#!lua\nreturn 1"), oom, strlen(oom));
    expect(eval(desk, "#!lua flags=allow-oom\nreturn redis.call('set', 'a', 'b')"), "+OK\r\n");
    expect(eval(desk, "#!lua flags=no-writes\nreturn 1"), ":1\r\n");
}

/* Redis 7.0 handleClientsBlockedOnKeys runs after the script, and what it takes is replicated
 * behind what the script wrote. */
static void who_waits_is_served_after_the_script(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SET first 1");
    desk_ask(desk, 1, "BLPOP l 0");
    expect(eval(desk, "redis.call('rpush', 'l', 'a', 'b') return redis.call('llen', 'l')"),
           ":2\r\n");
    expect(desk_receive(desk, 1, NULL), "\\*2\r\n$1\r\nl\r\n$1\r\na\r\n");
    expect(eval(desk, "return redis.call('blmpop', 0, 1, 'none', 'left')"), "$-1\r\n");
    desk_expect(desk, 0, "LLEN l", ":1\n");
}

static void what_is_watched_changes_by_a_script(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "WATCH a");
    desk_ask(desk, 1, "MULTI");
    eval(desk, "redis.call('set', 'a', 1)");
    desk_expect(desk, 1, "EXEC", "*-1\n");
}

/* As a 7.0.15 server has it: what a script reads counts as the keys it was given. */
static void tracking_takes_the_keys_of_eval(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "HELLO 3");
    desk_ask(desk, 0, "CLIENT TRACKING ON");
    desk_expect(desk, 0, "EVAL return(redis.call('get',KEYS[2])) 2 {k}1 {k}2", "_\n");
    desk_expect(desk, 0, "EVAL_RO return(1) 1 {k}3", ":1\n");
    desk_ask(desk, 1, "SET {k}3 x");
    desk_ask(desk, 1, "SET {k}1 x");
    expect(desk_receive(desk, 0, NULL), ">2\r\n$10\r\ninvalidate\r\n\\*1\r\n$4\r\n{k}1\r\n");
}

static void info_counts_scripts(void **state)
{
    struct desk *desk = *state;
    assert_non_null(strstr(desk_ask(desk, 0, "INFO memory"), "used_memory_lua:0\r\n"));
    eval(desk, "return 1");
    eval(desk, "return 2");
    desk_ask(desk, 0, "SCRIPT LOAD return(1)");
    const char *info = desk_ask(desk, 0, "INFO memory");
    assert_non_null(strstr(info, "number_of_cached_scripts:3\r\n"));
    assert_null(strstr(info, "used_memory_lua:0\r\n"));
    desk_ask(desk, 0, "SCRIPT FLUSH");
    assert_non_null(strstr(desk_ask(desk, 0, "INFO memory"), "number_of_cached_scripts:0\r\n"));
}

static void redis_log_is_a_line_of_the_log(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG SET loglevel debug");
    expect(eval(desk, "for i = 0, 3 do redis.log(i, 'said', 1.5, {}, 'twice') end"), "$-1\r\n");
    expect(eval(desk, "redis.log(redis.LOG_DEBUG, 'x')"), "$-1\r\n");
}

/* --- the whole -------------------------------------------------------------------------------- */

int main(void)
{
#define ALONE(function) cmocka_unit_test(function)
#define OWNER(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static struct CMUnitTest tests[CASES_MAX] = {
        ALONE(a_replica_serves_what_it_is_declared_for),
        ALONE(a_stale_replica_runs_what_allows_it),
        OWNER(too_few_replicas_stop_writes),
        OWNER(keys_must_be_served_here),
        OWNER(a_cluster_that_is_down_is_told_inside),
        OWNER(a_script_without_end_is_ended),
        OWNER(memory_has_an_end),
        OWNER(nesting_has_an_end),
        OWNER(the_clock_stands_still),
        OWNER(nothing_shows_an_address),
        OWNER(an_error_without_text_is_survived),
        OWNER(an_error_is_counted_once),
        OWNER(a_monitor_sees_the_script_before_its_commands),
        OWNER(memory_of_the_node_is_minded),
        OWNER(who_waits_is_served_after_the_script),
        OWNER(what_is_watched_changes_by_a_script),
        OWNER(tracking_takes_the_keys_of_eval),
        OWNER(info_counts_scripts),
        OWNER(redis_log_is_a_line_of_the_log),
    };
    size_t count = 19;
    for (size_t i = 0; i < sizeof(stream_rows) / sizeof(stream_rows[0]); i++) {
        tests[count++] = (struct CMUnitTest){ .name = stream_rows[i].name,
                                              .test_func = stream_row,
                                              .initial_state = (void *)&stream_rows[i] };
    }
    char *text;
    struct resp_case *cases;
    count += resp_cases_load("resp/commands_script.txt", setup, &text, &cases, tests + count,
                             CASES_MAX - count);
    int failed = _cmocka_run_group_tests("scripts", tests, count, NULL, NULL);
    free(text);
    free(cases);
    return failed;
}
