/* Clocks that jump, drift and are set right: what of a node goes by the wall clock and what does
 * not. Where a test names a real server, Redis 7.0.15 was asked with gettimeofday made to jump. */
#include "tests/support/play.h"
#include "tests/support/support.h"

#include "sim/node/host_clock.h"

/* Three masters, and a4 a replica of a1; formed after 15 s. */
#define FOUR                                                                                       \
    "network loopback\ncluster-node-timeout 5000\nsave \"\"\nrepl-diskless-sync-delay 0\n"         \
    "site A a1..a4\ncli --cluster create a1..a3 --cluster-yes\nwait 6s\n"                          \
    "cli --cluster add-node a4 a1 --cluster-slave --cluster-master-id $a1.id\n"                    \
    "await link up on a4 within 20s\nwait 3s\n"

struct row {
    const char *name, *text;
};

static const struct row rows[] = {
    /* Redis 7.0 clusterCron: only an unanswered ping makes a peer suspect; asked of a real server
     */
    { "a jump longer than the node timeout makes nobody suspect", FOUR
      "step \"jump\"\nclock a1 +10s\nwait 4s\nclock a1 -20s\nwait 14s\nclock a1 back\nwait 4s\n"
      "expect no event all pfail since \"jump\"\nexpect state ok on all\n"
      "expect no event all state-fail since \"jump\"\n" },
    { "but with a ping unanswered it does, at once", FOUR
      "pause a3\nwait 4s\nexpect no event a1 pfail\nstep \"jump\"\nclock a1 +10s\n"
      "await event a1 pfail about a3 within 200ms\nexpect no event a2 pfail since \"jump\"\n" },
    { "and one that went back waits longer",
      FOUR "pause a3\nwait 4s\nstep \"jump\"\nclock a1 -10s\nwait 9s\n"
           "expect event a2 pfail about a3 since \"jump\"\n"
           "expect no event a1 pfail about a3 since \"jump\"\nwait 6s\n"
           "expect event a1 pfail about a3 since \"jump\"\n" },
    /* Redis 7.0 replicationCron, by server.unixtime; the lines are those of the real server */
    { "a replica takes a jump of repl-timeout for its master's silence", FOUR
      "clock a4 +70s\nawait log a4 \"MASTER timeout: no data nor PING received...\" within 2s\n"
      "await link up on a4 within 2s\n"
      "expect log a4 \"Successful partial resynchronization with master.\"\n"
      "expect no log a1 \"Disconnecting timedout replica*\"\n" },
    { "a jump below that does not",
      FOUR "clock a4 +50s\nwait 3s\nexpect no log a4 \"MASTER timeout*\"\nexpect link up on a4\n" },
    { "a master takes it for its replica's silence",
      FOUR "clock a1 +70s\n"
           "await log a1 \"Disconnecting timedout replica (streaming sync): *\" within 2s\n"
           "await link up on a4 within 2s\nexpect no log a4 \"MASTER timeout*\"\n" },
    { "keys expire when the clock says so",
      FOUR "a1> SET b v PX 8000\n= OK\nclock a1 +7s\na1> GET b\n= \"v\"\nclock a1 +1001ms\n"
           "a1> GET b\n= (nil)\n" },
    { "and live on when it goes back",
      FOUR "a1> SET b v PX 2000\n= OK\nclock a1 -10s\nwait 5s\na1> GET b\n= \"v\"\nclock a1 back\n"
           "a1> GET b\n= (nil)\n" },
    { "a node's log has its own time, another's has not",
      FOUR "clock a1 +1m\nkill a3\nawait log a1 \"*Jan 2026 00:01:1*Cluster state changed: fail\" "
           "within 20s\n"
           "expect no log a2 \"*Jan 2026 00:01:*\"\n" },
    { "TIME is of the wall clock", FOUR "clock a1 +100s\na1> TIME\n= 1) \"17672257*\"\n= 2) *\na2> "
                                        "TIME\n= 1) \"17672256*\"\n= 2) *\n" },
    { "nodes of one host have one clock",
      "node a1 10.0.0.1:6379\nnode a2 10.0.0.1:6380\nnode a3 10.0.0.2:6379\nwait 1s\n"
      "clock a1 +1000s\na2> TIME\n= 1) \"1767226601\"\n= 2) *\na3> TIME\n= 1) \"1767225601\"\n"
      "= 2) *\n" },
    { "a clock that was set stays so over a restart",
      FOUR "clock a1 +1000s\nkill a1\nstart a1\na1> TIME\n= 1) \"176722661*\"\n= 2) *\n" },
    { "a drift adds up",
      FOUR "clock a1 drift 10000ppm\nwait 1000s\na1> TIME\n= 1) \"176722662*\"\n= 2) *\n"
           "a2> TIME\n= 1) \"176722661*\"\n= 2) *\nclock a1 drift -10000ppm\nwait 1000s\n"
           "a1> TIME\n= 1) \"176722761*\"\n= 2) *\na2> TIME\n= 1) \"176722761*\"\n= 2) *\n"
           "expect no event all pfail\n" },
    { "during sets it right",
      FOUR "during 2s {\nclock a1 +1000s\nclock a2 drift 10000ppm\n}\nwait 1s\n"
           "a1> TIME\n= 1) \"176722561*\"\n= 2) *\n" },
    { "only is no during",
      FOUR "only 7.0 clock a1 +1000s\nwait 2s\na1> TIME\n= 1) \"17672266*\"\n= 2) *\n" },
    { "nor does it end what a disk does",
      FOUR "only 7.0 disk a4 fsync 300ms\nwait 1s\na4> CLUSTER FAILOVER TAKEOVER\n= OK\n"
           "await event a1 follows within 3s\nexpect time from \"a4> CLUSTER\" to a1 follows "
           "300ms..2s\n" },
};

static void row_holds(void **state)
{
    const struct row *row = *state;
    struct played played = play_held(row->text);
    played_close(&played);
}

static void a_day_is_the_most(void **state)
{
    (void)state;
    struct played played = play("node a1\nwait 1s\nclock a1 +1000m\nclock a1 +1000m\n");
    assert_int_equal(played.err, RCS_ERR_RANGE);
    assert_int_equal(played.diag.line, 4);
    assert_string_equal(played.diag.text, "the clock of a1 would be more than a day off");
    played_close(&played);
    struct rcs_clock drifts = { .drift_ppm = -10000 };
    assert_true(rcs_clock_ahead(&drifts, RCS_SIM_TIME_MAX) == -RCS_S(16000));
    drifts.ahead_us = -RCS_S(86400);
    assert_true(rcs_clock_ahead(&drifts, RCS_SIM_TIME_MAX) == -RCS_S(86400));
}

/* A node at the end of all time, a day ahead, still has milliseconds to count. */
static void a_clock_ahead_at_the_end_of_time(void **state)
{
    (void)state;
    struct played played =
        play("hz 1\nnode a1\nclock a1 +1440m\nwait 1s\na1> PING\n= PONG\nclock a1 -1440m\nwait 1s\n"
             "clock a1 -1440m\nwait 1s\na1> PING\n= PONG\n");
    played_through(&played);
    assert_int_equal(played.failures, 0);
    played_close(&played);
}

static void it_is_played_again(void **state)
{
    (void)state;
    struct rcs_run_options options = { .trace = true, .trace_level = RCS_TRACE_PACKETS };
    static const char text[] = FOUR "clock a4 +70s\nwait 4s\nclock a1 drift -300ppm\nwait 20s\n";
    struct played first = play_turns(text, options, 1u << 30, 0);
    struct played other = play_turns(text, options, 3, 0);
    assert_string_equal(first.trace.data, other.trace.data);
    assert_non_null(strstr(first.trace.data, "\"fault\":\"clock-jump\",\"nodes\":[\"a4\"]"));
    assert_non_null(strstr(first.trace.data, "\"fault\":\"clock-drift\",\"nodes\":[\"a1\"]"));
    played_close(&first);
    played_close(&other);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_day_is_the_most),
        cmocka_unit_test(a_clock_ahead_at_the_end_of_time),
        cmocka_unit_test(it_is_played_again),
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), OTHERS = sizeof(others) / sizeof(others[0]) };
    struct CMUnitTest tests[ROWS + OTHERS];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = row_holds,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    memcpy(tests + ROWS, others, sizeof(others));
    return _cmocka_run_group_tests("clock", tests, ROWS + OTHERS, NULL, NULL);
}
