#include "tests/support/support.h"

#include <inttypes.h>

#include "sim/scenario/expect.h"
#include "tests/support/play.h"

/* Holds a transcript against lines with `*`. */
static void expect_lines(const char *got, const char *want)
{
    const char *whole = got;
    for (unsigned line = 1; *want != '\0' || *got != '\0'; line++) {
        char pattern[512], text[512];
        size_t want_bytes = strcspn(want, "\n"), got_bytes = strcspn(got, "\n");
        snprintf(pattern, sizeof(pattern), "%.*s", (int)want_bytes, want);
        snprintf(text, sizeof(text), "%.*s", (int)got_bytes, got);
        if (!rcs_pattern_matches(pattern, text)) {
            fail_msg("line %u is\n%s\nand not\n%s\nin\n%s", line, text, pattern, whole);
        }
        want += want_bytes + (want[want_bytes] == '\n');
        got += got_bytes + (got[got_bytes] == '\n');
    }
}

#define LONE "node a1\ncluster-node-timeout 2000\n"

static void a_transcript_reads_like_a_session(void **state)
{
    (void)state;
    struct played played =
        play("title \"One node\"\n" LONE "param name x\n"
             "step \"1. Alone\"\n"
             "a1> PING\n= PONG\n"
             "a1> CLUSTER ADDSLOTSRANGE 0 16383\n= OK\n"
             "print \"now $name on $a1.port\"\n"
             "wait 6s\n"
             "expect state ok on a1\n"
             "client> SET $name \"a b\"\n= OK\n"
             "a1> CLUSTER FORGET $a1.id\n= (error) ERR I tried hard *\n"
             "a1> MGET x {x}y z\n= never | (error) CROSSSLOT *\n"
             "cluster-node-timeout 3000\n"
             "kill a1\n"
             "a1> PING\n= Could not connect to Redis at *: Connection refused\n");
    assert_int_equal(played.err, RCS_OK);
    assert_int_equal(played.failures, 0);
    expect_lines(played.out.data,
                 "One node\n"
                 "a1; Redis 7.0.15, seed 1\n"
                 "\n"
                 "1. Alone\n"
                 "     0.000  a1> PING\n"
                 "            PONG\n"
                 "     0.0*  a1> CLUSTER ADDSLOTSRANGE 0 16383\n"
                 "            OK\n"
                 "     0.0*  now x on 6379\n"
                 "     2.*    a1          cluster state changed: ok  (2.* s after ADDSLOTSRANGE)\n"
                 "     6.0*  waited 6 s\n"
                 "            ok  state ok on a1\n"
                 "     6.0*  client> SET x \"a b\"\n"
                 "            OK\n"
                 "     6.0*  a1> CLUSTER FORGET $a1.id\n"
                 "            (error) ERR I tried hard but I can't forget myself...\n"
                 "     6.0*  a1> MGET x {x}y z\n"
                 "            (error) CROSSSLOT Keys in request don't hash to the same slot\n"
                 "     6.0*  cluster-node-timeout 3000\n"
                 "     6.0*  kill a1\n"
                 "     6.0*  a1> PING\n"
                 "            Could not connect to Redis at 10.*:6379: Connection refused\n"
                 "\n"
                 "digest *\n"
                 "virtual time 6.0* s\n");
    played_close(&played);
}

static void quiet_says_failures_and_the_digest(void **state)
{
    (void)state;
    struct played played =
        play_with(LONE "a1> PING\n= OK\nexpect state ok on a1\nawait keys 1 on a1 within 1.5s\n",
                  (struct rcs_run_options){ .quiet = true });
    assert_int_equal(played.failures, 3);
    expect_lines(played.out.data,
                 "t.scenario:4:1: at 0.00* s: expected the reply to  a1> PING  to be  OK\n"
                 "  instead: PONG\n"
                 "t.scenario:5:1: at 0.00* s: expected state ok on a1\n"
                 "  instead: a1: fail\n"
                 "t.scenario:6:1: at 1.50* s: expected keys 1 on a1 within 1.5 s\n"
                 "  instead: a1: 0\n"
                 "3 expectations did not hold\n"
                 "digest *\n"
                 "virtual time 1.50* s\n");
    played_close(&played);
}

static void json_is_an_object_a_line(void **state)
{
    (void)state;
    struct played played =
        play_with(LONE "step \"a \\\"b\\\"\"\na1> PING\n= OK\nexpect state fail on a1\nwait 1s\n",
                  (struct rcs_run_options){ .json = true });
    expect_lines(
        played.out.data,
        "{\"at_us\":0,\"kind\":\"begin\",\"format\":1,\"title\":\"\",\"nodes\":\"a1\",\"seed\":1}\n"
        "{\"at_us\":0,\"kind\":\"milestone\",\"node\":\"a1\",\"what\":\"boot\",*}\n"
        "{\"at_us\":0,\"kind\":\"step\",\"title\":\"a \\\"b\\\"\"}\n"
        "{\"at_us\":0,\"kind\":\"command\",\"to\":\"a1\",\"text\":\"PING\"}\n"
        "{\"at_us\":*,\"kind\":\"output\",\"from\":\"\",\"text\":\"PONG\"}\n"
        "{\"at_us\":*,\"kind\":\"failure\",\"source\":\"t.scenario\",\"line\":5,\"column\":1,"
        "\"expected\":"
        "\"the reply to  a1> PING  to be  OK\",\"instead\":\"PONG\"}\n"
        "{\"at_us\":*,\"kind\":\"expect\",\"holds\":true,\"text\":\"state fail on a1\"}\n"
        "{\"at_us\":*,\"kind\":\"wait\",\"text\":\"waited 1 s\"}\n"
        "{\"at_us\":*,\"kind\":\"end\",\"failures\":1,\"digest\":\"*\"}\n");
    played_close(&played);
}

/* --- what stops a script ---------------------------------------------------------------------- */

struct stop_row {
    const char *name, *text, *want;
};

static const struct stop_row stops[] = {
    { "a node that is down cannot be killed", LONE "kill a1\nkill a1\n", "4:1: *a1*" },
    { "a node that runs cannot be started", LONE "start a1\n", "3:1: *a1*" },
    { "a time that is over", LONE "wait 5s\nat 3s kill a1\n",
      "4:1: this time is over: it is already 5.000 s" },
    { "jitter upon nothing", "site A a1\njitter A A 2ms\nwait 1s\n",
      "2:1: jitter adds to a latency: none is set for these sites above" },
    { "a latency to go back to", "site A a1\nwait 1s\nduring 1s { latency A A 2ms }\n",
      "3:13: no latency is set for these sites above, so there is none to go back to" },
};

static void stop_row(void **state)
{
    const struct stop_row *row = *state;
    struct played played = play(row->text);
    char got[512];
    snprintf(got, sizeof(got), "%d:%d: %s", played.diag.line, played.diag.column, played.diag.text);
    if (played.err == RCS_OK || !rcs_pattern_matches(row->want, got)) {
        fail_msg("%s, not %s", got, row->want);
    }
    assert_string_equal(played.diag.source, "t.scenario");
    played_close(&played);
}

static void options_are_checked(void **state)
{
    (void)state;
    struct rcs_run_options wrong[] = {
        { .params = "x 1\n" },
        { .overrides = "cluster-node-timeout soon\n" },
        { .overrides = "cluster-node-timeuot 1\n" },
        { .log = "a2" },
        { .redis = "6.3" },
        { .redis = "6.2", .overrides = "cluster-port 7\n" },
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct played played = play_with(LONE, wrong[i]);
        assert_int_not_equal(played.err, RCS_OK);
        assert_int_not_equal(played.diag.text[0], '\0');
        played_close(&played);
    }
}

/* --- conditions ------------------------------------------------------------------------------- */

/* Asked of six nodes that formed a cluster ten seconds ago; c1 never started. `instead` NULL: it
 * holds. */
static const struct cond_row {
    const char *cond, *instead;
} conds[] = {
    { "state ok on a1..a6", NULL },
    { "state fail on a1..a6", "a1..a6: ok" },
    { "state ok on all", "c1: not running" },
    { "role master on a1..a3", NULL },
    { "role replica on a1, a4", "a1: master" },
    { "role master on a4", "a4: replica of a3" },
    { "link up on a4..a6", NULL },
    { "link down on a3..a5", "a3: a master, without such a link; a4, a5: up" },
    { "life never-started on c1", NULL },
    { "life up on a1, c1", "c1: never-started" },
    { "known 6 on a1..a6", NULL },
    { "known >6 on a1..a6", "a1..a6: 6" },
    { "known a1..a6 on a1..a6", NULL },
    { "known c1 on a1,a2", "a1, a2: does not know c1" },
    { "unknown c1 on a1..a6", NULL },
    { "unknown a2 on a1", "a1: knows a2" },
    { "a5 replicates a1", NULL },
    { "a5, a6 replicate a1, a2 on a1..a6", NULL },
    { "a4..a6 replicate a1..a3",
      "a4: a4 replicates a3; a5: a5 replicates a1; a6: a6 replicates a2" },
    { "a1 replicates a2 on a3", "a3: a1 is a master" },
    { "master a3 of a4", NULL },
    { "master a2 of a4 on a1, a2", "a1, a2: a4 replicates a3" },
    { "slots 0-5460 of a1", NULL },
    { "slots 0-100 101-5460 of a1 on A", NULL },
    { "slots none of a4..a6 on a1..a3", NULL },
    { "slots none of a1 on A", "a1..a6: a1 has 0-5460" },
    { "epoch 2 of a2 on A", NULL },
    { "epoch above a1 of a2, a3 on A", NULL },
    { "epoch 9 of a2 on A", "a1..a6: a2 has 2" },
    { "epoch above a3 of a1..a2 on a1", "a1: a1 has 1, a3 has 3; a1: a2 has 2, a3 has 3" },
    { "flags master of a2 on a1, a3", NULL },
    { "flags *master of a2 on A", NULL },
    { "flags myself,slave of a4..a6", NULL },
    { "flags master,fail of a1 on a2", "a2: a1 is master" },
    { "flags master of c1 on a2", "a2: does not know c1" },
    { "assigned 16384 on A", NULL },
    { "assigned 0 on a1", "a1: 16384" },
    { "size 3 on A", NULL },
    { "size !=3 on a1", "a1: 3" },
    { "keys 0 on A", NULL },
    { "keys 1..5 on a1", "a1: 0" },
    { "current-epoch 6 on A", NULL },
    { "current-epoch <6 on a1", "a1: 6" },
    { "agreement on A", NULL },
    { "agreement on A, c1", "c1: not running" },
    { "log a1 \"Cluster state changed: ok\"", NULL },
    { "log A \"*Cluster state changed: *\"", NULL },
    { "log a1 \"no such text\"", "a1: no such line" },
    { "no log a1 \"*no such*\"", NULL },
    { "no log a1 \"Cluster state*\"", "a1: 1001:M * # Cluster state changed: ok" },
    { "event a1..a6 state-ok", NULL },
    { "event a1 known about a2", NULL },
    { "event a1 promoted", "a1 promoted has not happened" },
    { "event a1 state-ok since \"settled\"", "a1 state-ok has not happened since 12.* s" },
    { "no event A promoted", NULL },
    { "no event a1 state-ok", "a1: at 2.* s" },
    { "time from \"cli\" to first A state-ok 1s..5s", NULL },
    { "time from \"cli --cluster create\" to A state-ok 1ms..2ms", "2.* s" },
    { "order \"cli\" then a1 known about a2 then a1 state-ok then \"settled\"", NULL },
    { "order a1 state-ok then \"cli\"", "\"cli\" has not happened since 2.* s" },
    { "digest 0123456789abcdef", "????????????????" },
};

static void conditions_hold_or_say_why_not(void **state)
{
    (void)state;
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(
        &text,
        "cluster-node-timeout 2000\nsite A a1..a6\nnode c1\nabsent c1\n"
        "cli --cluster create a1..a6 --cluster-replicas 1\nwait 10s\nstep \"settled\"\nwait 1ms\n");
    for (unsigned i = 0; i < sizeof(conds) / sizeof(conds[0]); i++) {
        rcs_buf_format(&text, "expect %s\n", conds[i].cond);
    }
    rcs_buf_add(&text, "", 1);
    struct played played = play_with(text.data, (struct rcs_run_options){ .quiet = true });
    const char *got = played.out.data;
    for (unsigned i = 0; i < sizeof(conds) / sizeof(conds[0]); i++) {
        char place[32], instead[512];
        snprintf(place, sizeof(place), "t.scenario:%u:1: ", i + 9);
        bool failed = strncmp(got, place, strlen(place)) == 0;
        if (failed != (conds[i].instead != NULL)) {
            fail_msg("%s %s\n%s", conds[i].cond, failed ? "does not hold" : "holds", got);
        }
        if (!failed) {
            continue;
        }
        const char *line = strchr(got, '\n') + 1;
        snprintf(instead, sizeof(instead), "%.*s", (int)strcspn(line, "\n"), line);
        char want[512];
        snprintf(want, sizeof(want), "  instead: %s", conds[i].instead);
        bool digest = strncmp(conds[i].cond, "digest", 6) == 0;
        if (!digest && !rcs_pattern_matches(want, instead)) {
            fail_msg("%s: %s\nnot %s", conds[i].cond, instead, want);
        }
        got = strchr(line, '\n') + 1;
    }
    rcs_buf_close(&text);
    played_close(&played);
}

/* --- faults, at, during ----------------------------------------------------------------------- */

#define SIX                                                                                        \
    "cluster-node-timeout 1000\nsite A a1..a3\nsite B b1..b3\n"                                    \
    "cli --cluster create a1..a3 b1..b3 --cluster-replicas 1\nwait 8s\nexpect state ok on all\n"

static void at_goes_off_while_the_script_goes_on(void **state)
{
    (void)state;
    struct played played = play(SIX "step \"go\"\n"
                                    "at +2s pause a1\n"
                                    "at +1s print \"one\"\n"
                                    "at +1s a2> ECHO two\n= \"two\"\n"
                                    "wait 1500ms\n"
                                    "expect life up on a1\n"
                                    "wait 1s\n"
                                    "expect life paused on a1\n"
                                    "expect time from \"go\" to \"pause a1\" 2s\n"
                                    "expect order \"go\" then \"a2> ECHO two\" then \"pause a1\"\n"
                                    "at +1s resume a1\n"); /* the run waits for it */
    assert_int_equal(played.err, RCS_OK);
    if (played.failures > 0) {
        fail_msg("%s", played.out.data);
    }
    assert_non_null(strstr(played.out.data, "  one\n"));
    assert_non_null(strstr(played.out.data, "\"two\"\n"));
    assert_non_null(strstr(played.out.data, "resume a1\n"));
    played_close(&played);
}

static void during_undoes_what_it_did(void **state)
{
    (void)state;
    struct played played =
        play_held(SIX "latency A B 1ms..2ms\n"
                      "during 5s {\n"
                      "  pause a1\n"
                      "  partition a2 B\n"
                      "  cluster-node-timeout 1500\n"
                      "  node b1 cluster-replica-validity-factor 3\n"
                      "  latency A B 50ms..60ms\n"
                      "  jitter A B 5ms\n"
                      "  kill b3\n"
                      "  wait 1s\n"
                      "  expect life paused on a1\n"
                      "  b1> CONFIG GET cluster-node-timeout\n"
                      "  = ...\n"
                      "  = *\"1500\"\n"
                      "}\n"
                      "expect life up on all\n"
                      "expect time from \"pause a1\" to \"resume a1\" 5s\n"
                      "expect time from \"partition a2 B\" to \"heal a2 B\" 5s\n"
                      "expect time from \"kill b3\" to \"start b3\" 5s\n"
                      "expect order \"start b3\" then \"resume a1\"\n" /* the last first */
                      "b1> CONFIG GET cluster-node-timeout\n"
                      "= ...\n"
                      "= *\"1000\"\n"
                      "b1> CONFIG GET cluster-replica-validity-factor\n"
                      "= ...\n"
                      "= *\"10\"\n"
                      "wait 10s\n"
                      "expect state ok on all\n"
                      "during 1s { pause a1 }\n"
                      "expect life up on a1\n"
                      "during 1s {\n"
                      "  pause a1\n"
                      "  wait 3s\n" /* longer than the block: the fault ends in time */
                      "  expect life up on a1\n"
                      "}\n"
                      "during 2s {\n"
                      "  pause a1\n"
                      "  during 1s { pause a2 }\n"
                      "  expect life paused on a1\n"
                      "  expect life up on a2\n"
                      "  kill a1\n" /* undone once: by the start, not by the resume */
                      "}\n"
                      "expect life up on a1\n");
    played_close(&played);
}

static void paths_and_disks_are_undone(void **state)
{
    (void)state;
    struct played played = play_held(
        SIX "disk b3 fsync 200ms\n"
            "during 5s {\n"
            "  loss A B 0.5%\n"
            "  bandwidth A B 10mbit\n"
            "  link A B loopback\n"
            "  partition a1 b1 reject rst\n"
            "  partition oneway a2 b1 reject icmp\n"
            "  disk b2, b3 fsync 300ms\n"
            "  b2> CLUSTER SAVECONFIG\n"
            "  = OK\n"
            "  keep conf b2\n"
            "}\n"
            "expect time from \"b2> CLUSTER SAVECONFIG\" to \"keep conf b2\" 300ms..310ms\n"
            "expect time from \"loss A B\" to \"end of: loss A B\" 5s\n"
            "expect time from \"bandwidth A B\" to \"end of: bandwidth A B\" 5s\n"
            "expect time from \"link A B\" to \"end of: link A B\" 5s\n"
            "expect time from \"partition a1 b1\" to \"heal a1 b1\" 5s\n"
            "expect time from \"disk b2, b3\" to \"end of: disk b2, b3\" 5s\n"
            "step \"again\"\n"
            "b2> CLUSTER SAVECONFIG\n"
            "= OK\n"
            "step \"quick\"\n"
            "b3> CLUSTER SAVECONFIG\n"
            "= OK\n"
            "step \"as before\"\n"
            "expect time from \"again\" to \"quick\" 0s..5ms\n"
            "expect time from \"quick\" to \"as before\" 200ms..205ms\n"
            "keep conf b1\n"
            "kill b1\n"
            "restore conf b1\n"
            "start b1\n"
            "wait 10s\n"
            "expect state ok on all\n");
    played_close(&played);
}

static void faults_do_what_they_say(void **state)
{
    (void)state;
    struct played played = play_held(SIX "show nodes on a1\nshow info on A, b1\n"
                                         "partition a1 a2, a3, B\n"
                                         "wait 5s\n"
                                         "expect state fail on a1\n"
                                         "expect event first a2, a3, B fail about a1\n"
                                         "heal\n"
                                         "wait 10s\n"
                                         "expect state ok on all\n"
                                         "expect agreement on all\n"
                                         "partition oneway a2 a3\n"
                                         "wait 3s\n"
                                         "heal a2 a3\n"
                                         "wait 10s\n"
                                         "expect state ok on all\n"
                                         "poweroff b1..b3\n"
                                         "expect life off on b1..b3\n"
                                         "lose conf b1\n"
                                         "lose data b2\n"
                                         "start b1..b3\n"
                                         "wait 10s\n"
                                         "expect known 1 on b1\n" /* it is somebody else now */
                                         "expect known 6 on b2, b3\n"
                                         "drop any from a1 to a2, a3 nth 2 times 3\n"
                                         "cli --cluster check a1\n"
                                         "cli --cluster info a1\n"
                                         "= ...\n"
                                         "= 0.00 keys per slot on average.\n");
    played_close(&played);
}

static void the_same_words_in_a_group(void **state)
{
    (void)state;
    struct played played =
        play("site A a1..a3\na1..a3> PING\n= PONG\na1..a3> CONFIG GET port\n= ...\n"
             "a1..a3> CLUSTER MYID\n= \"$a1.id\"\n");
    assert_int_equal(played.failures, 2); /* a2 and a3 are others */
    expect_lines(
        played.out.data,
        "A: a1..a3; Redis 7.0.15, seed 1\n"
        "     0.000  a1..a3> PING\n"
        "            PONG  (3 times)\n"
        "     0.00*  a1..a3> CONFIG GET port\n"
        "            1) \"port\"\n"
        "            2) \"6379\"\n"
        "     0.0*  a1..a3> CLUSTER MYID\n"
        "            a1: \"*\"\n"
        "            a2: \"*\"\n"
        "            a3: \"*\"\n"
        "            t.scenario:7:1: at * s: expected the reply to  a2> CLUSTER MYID  to be  *\n"
        "              instead: \"*\"\n"
        "            t.scenario:7:1: at * s: expected the reply to  a3> CLUSTER MYID  to be  *\n"
        "              instead: \"*\"\n"
        "\n"
        "2 expectations did not hold\n"
        "digest *\n"
        "virtual time * s\n");
    played_close(&played);
}

/* Redis 7.0 clusterReadHandler, clusterLinkConnectHandler, clusterAcceptHandler; oracle/network */
static void the_log_tells_how_bus_links_begin_and_end(void **state)
{
    (void)state;
    struct played played = play_held(
        "site A a1..a3\ncluster-node-timeout 1000\nloglevel debug\n"
        "cli --cluster create a1..a3\n"
        "= ...\n"
        "= [OK] All 16384 slots covered.\n"
        "wait 5s\n"
        "expect log a1 \"*. Connecting with Node * at 10.*:16379\"\n"
        "expect log a1 \"*- Accepting cluster node connection from 10.*:*\"\n"
        "expect no log a1 \"*from node link*\"\n"
        "partition a1 a2, a3 reject rst\n"
        "wait 700ms\n"
        "expect log a1..a3 \"*. I/O error reading from node link: Connection reset by peer\"\n"
        "expect log a1 \"*- Connection with Node * at 10.*:16379 failed: Connection "
        "refused\"\n"
        "heal\n"
        "wait 5s\n"
        "expect no log a1..a3 \"*Connection timed out\"\n"
        "partition a1 a2, a3\n"
        "wait 6s\n"
        "expect log a1..a3 \"*. I/O error reading from node link: Connection timed out\"\n"
        "expect no log a1..a3 \"*from node link: connection closed\"\n"
        "heal\n"
        "wait 5s\n"
        "kill a3\n"
        "wait 50ms\n"
        "expect log a1, a2 \"*. I/O error reading from node link: connection closed\"\n");
    played_close(&played);
    played = play_held("site A a1\nredis 5.0\nabsent a1\nsite B b1\nloglevel debug\n"
                       "b1> CLUSTER MEET $a1.ip $a1.port\n"
                       "= OK\n"
                       "wait 500ms\n"
                       "expect log b1 \"*. Connecting with Node * at 10.*:16379\"\n"
                       "expect log b1 \"*. I/O error reading from node link: Connection refused\"\n"
                       "start a1\n"
                       "wait 1s\n"
                       "expect log a1 \"*- Accepted cluster node 10.*:*\"\n");
    played_close(&played);
}

/* --- the cli ---------------------------------------------------------------------------------- */

static void the_cli_refuses_as_redis_cli_does(void **state)
{
    (void)state;
    struct played played =
        play_held("site A a1..a3\nsite B b1\nabsent b1\n"
                  "cli --cluster create a1..a2\n"
                  "= never | \\*\\*\\* ERROR: Invalid configuration for cluster creation.\n"
                  "= ...\n"
                  "cli --cluster create a1..a3 b1\n"
                  "= Could not connect to Redis at *: Connection refused\n"
                  "a1> SET x 1\n"
                  "cli --cluster check a1\n"
                  "= ...\n"
                  "= [ERR] Not all 16384 slots are covered by nodes.\n"
                  "= ...\n"
                  "a1> CLUSTER MEET $a2.ip $a2.port\n"
                  "wait 5s\n"
                  "cli --cluster create a1..a3\n"
                  "= [ERR] Node *:6379 is not empty. Either the node already knows other nodes "
                  "(check with CLUSTER NODES) or contains some key in database 0.\n");
    played_close(&played);
}

/* oracle/scenarios/seed1, the step "join b1-b3 as replicas" */
static void add_node_prints_what_redis_cli_prints(void **state)
{
    (void)state;
    struct played played = play_held(
        "network loopback\nsite A a1..a6\nsite B b1..b4\nabsent b4\n"
        "cli --cluster create a1..a6 --cluster-replicas 1 --cluster-yes\n"
        "wait 10s\n"
        "cli --cluster add-node b1 a1 --cluster-slave --cluster-master-id $a1.id\n"
        "= >>> Adding node $b1.ip:$b1.port to cluster $a1.ip:$a1.port\n"
        "= >>> Performing Cluster Check (using node $a1.ip:$a1.port)\n"
        "= M: $a1.id $a1.ip:$a1.port\n"
        "=    slots:[0-5460] (5461 slots) master\n"
        "=    1 additional replica(s)\n"
        "= ...\n"
        "= [OK] All nodes agree about slots configuration.\n"
        "= >>> Check for open slots...\n"
        "= >>> Check slots coverage...\n"
        "= [OK] All 16384 slots covered.\n"
        "= >>> Send CLUSTER MEET to node $b1.ip:$b1.port to make it join the cluster.\n"
        "= Waiting for the cluster to join\n"
        "= ...\n"
        "= >>> Configure node as replica of $a1.ip:$a1.port.\n"
        "= [OK] New node added correctly.\n"
        "wait 10s\n"
        "expect b1 replicate a1 on A, b1\n"
        /* without an id the first master with the fewest replicas is chosen */
        "cli --cluster add-node b2 a1 --cluster-slave\n"
        "= ...\n"
        "= Automatically selected master *\n"
        "= ...\n"
        "= [OK] New node added correctly.\n"
        "wait 10s\n"
        "expect role replica on b2\n"
        "expect no event b2 replicates about a1\n"
        "cli --cluster add-node b3 a1 --cluster-slave --cluster-master-id $b3.id\n"
        "= ...\n"
        "= [ERR] No such master ID $b3.id\n"
        "expect known 1 on b3\n"
        "cli --cluster add-node b2 a1 --cluster-slave\n"
        "= ...\n"
        "= [ERR] Node $b2.ip:$b2.port is not empty. Either the node already knows other nodes "
        "(check with CLUSTER NODES) or contains some key in database 0.\n"
        "cli --cluster add-node b4 a1 --cluster-slave\n"
        "= ...\n"
        "= Could not connect to Redis at $b4.ip:$b4.port: Connection refused\n"
        "= [ERR] Sorry, can't connect to node $b4.ip:$b4.port\n");
    played_close(&played);
}

static void the_cli_prints_what_redis_cli_prints(void **state)
{
    (void)state;
    struct played played = play_held(
        "site A a1..a3\ncli --cluster create a1..a3 --cluster-yes\n"
        "= >>> Performing hash slots allocation on 3 nodes...\n"
        "= Master[0] -> Slots 0 - 5460\n= Master[1] -> Slots 5461 - 10922\n= Master[2] -> Slots "
        "10923 - 16383\n"
        "= M: $a1.id $a1.ip:$a1.port\n=    slots:[0-5460] (5461 slots) master\n"
        "= M: $a2.id $a2.ip:$a2.port\n= *slots:[5461-10922] (5462 slots) master\n"
        "= M: $a3.id $a3.ip:$a3.port\n= *slots:[10923-16383] (5461 slots) master\n"
        "= >>> Nodes configuration updated\n= >>> Assign a different config epoch to each node\n"
        "= >>> Sending CLUSTER MEET messages to join the cluster\n= Waiting for the cluster to "
        "join\n= .*\n"
        "= >>> Performing Cluster Check (using node $a1.ip:$a1.port)\n= ...\n"
        "= [OK] All nodes agree about slots configuration.\n= >>> Check for open slots...\n"
        "= >>> Check slots coverage...\n= [OK] All 16384 slots covered.\n");
    played_close(&played);
}

/* --- what is put off, and undone -------------------------------------------------------------- */

static void what_is_put_off_until_now_is_done_now(void **state)
{
    (void)state;
    struct played played =
        play_held(LONE "wait 3s\nat 3s kill a1\nexpect life up on a1\nwait 1ms\n"
                       "expect life down on a1\nstart a1\n"
                       "at +0s kill a1\nwait 1ms\nexpect life down on a1\nstart a1\n"
                       "during 0s { kill a1 }\nwait 1ms\nexpect life up on a1\n"
                       "during 1s {\nwait 2s\nkill a1\n}\nwait 1ms\n"
                       "expect life up on a1\n"
                       "during 1s { param x 1 }\n");
    played_close(&played);
}

/* `during` puts back what it changed, and nothing else. */
static void a_block_undoes_what_it_did(void **state)
{
    (void)state;
    struct played played = play_held(
        "site A a1..a3\nsite H h1\nnode h1 10.9.0.1:7000\nnode h2 10.9.0.1:7001\n"
        "cluster-node-timeout 3000\n"
        "wait 1s\n"
        /* lose and start have nothing to undo */
        "kill a1\nduring 1s { lose conf a1 }\nwait 1ms\nexpect life down on a1\n"
        /* the value set, not the default, also of a node that is down */
        "during 1s { cluster-node-timeout 5000 }\nstart a1\nwait 1s\n"
        "a1..a2> CONFIG GET cluster-node-timeout\n= 1) \"cluster-node-timeout\"\n= 2) \"3000\"\n"
        /* power goes from all processes of a host, and comes back to them */
        "during 2s { poweroff h1 }\nwait 1s\nexpect life up on h1, h2\n"
        /* only the ways that this partition cut */
        "partition a1 a2\nduring 1s { partition a1 a2,a3 }\n"
        "a1> CLUSTER MEET $a2.ip $a2.port\na1> CLUSTER MEET $a3.ip $a3.port\nwait 3s\n"
        "expect unknown a2 on a1\nexpect known a3 on a1\n"
        "heal\npartition oneway a1 h1\nduring 1s { partition oneway h1 a1 }\n"
        "a1> CLUSTER MEET $h1.ip $h1.port\nh1> CLUSTER MEET $a1.ip $a1.port\nwait 3s\n"
        "expect unknown a1 on h1\n");
    played_close(&played);
}

/* Of several latencies that fit the last one set holds; a block's own ends with it, a jitter keeps
 * the place of the latency it adds to. */
static void a_latency_keeps_its_place(void **state)
{
    (void)state;
    struct played played =
        play_held("site B b1\nsite A a1\nclient near site A\nlatency A 1ms\nlatency A B 50ms\n"
                  "during 1s { latency A 100ms }\njitter A 1ms\nduring 1s { jitter A 2ms }\n"
                  "near> PING\n= PONG\n" /* of b1, the first: connects */
                  "near> ECHO 1\nstep \"there and back\"\n"
                  "expect time from \"near> ECHO 1\" to \"there and back\" 100ms..101ms\n"
                  "latency A 2ms\nnear> ECHO 2\nstep \"sooner\"\n" /* the last one set */
                  "expect time from \"near> ECHO 2\" to \"sooner\" 4ms..7ms\n");
    played_close(&played);
}

static void a_reply_with_a_bar_in_it(void **state)
{
    (void)state;
    struct played played = play_held(LONE "a1> ECHO \"a | b\"\n= \"a | b\"\n"
                                          "a1> PING\n= PING | PONG\n");
    played_close(&played);
}

static void a_cli_that_fails_or_gets_no_answer(void **state)
{
    (void)state;
    struct played played = play("site A a1..a3\ncli --cluster create a1 a2\n"
                                "cli --cluster create a1..a3 --cluster-yes\nwait 5s\n"
                                "pause a2\ncli --cluster check a1\nresume a2\n");
    assert_int_equal(played.failures, 2);
    assert_non_null(strstr(played.out.data, "instead: *** At least 3 nodes are required."));
    assert_non_null(strstr(played.out.data, "instead: (given up: no reply from 10.1.0.2:6379"));
    played_close(&played);
}

static void agreement_compares_whole_pictures(void **state)
{
    (void)state;
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "site A a1..a2\na1> CLUSTER MEET $a2.ip $a2.port\na1> CLUSTER ADDSLOTS");
    for (unsigned slot = 0; slot <= 600; slot += 2) { /* some 1500 characters of ranges */
        rcs_buf_format(&text, " %u", slot);
    }
    rcs_buf_text(&text, "\nwait 20s\nexpect agreement on all\n"
                        "a1> CLUSTER ADDSLOTS 16383\nexpect agreement on all\n");
    rcs_buf_add(&text, "", 1);
    struct played played = play(text.data);
    assert_int_equal(played.failures, 1); /* a2 has not heard of the last one */
    played_close(&played);
    rcs_buf_close(&text);
}

/* --- the same, however it is run -------------------------------------------------------------- */

static void turns_do_not_matter(void **state)
{
    (void)state;
    static const char *const names[] = { "two-dc-chained.scenario", "two-dc-hasty.scenario" };
    static const unsigned batches[] = { 1, 7, 1024, 4096 };
    for (unsigned n = 0; n < 2; n++) {
        char *text = play_shipped(names[n]);
        struct rcs_run_options options = { .trace = true };
        struct played first = play_turns(text, options, 1u << 30, 0);
        assert_int_equal(first.failures, 0);
        for (unsigned i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
            struct played other = play_turns(text, options, batches[i], 0);
            assert_string_equal(other.out.data, first.out.data);
            assert_string_equal(other.trace.data, first.trace.data);
            assert_true(other.digest == first.digest);
            played_close(&other);
        }
        struct rcs_run_options others[] = {
            { .wire_check = true },
            { .quiet = true },
            { .json = true },
            { .log = "all" },
            { .trace = true, .trace_level = RCS_TRACE_PACKETS },
        };
        for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            struct played other = play_with(text, others[i]);
            assert_true(other.digest == first.digest);
            played_close(&other);
        }
        struct played seed =
            play_with(text, (struct rcs_run_options){ .has_seed = true, .seed = 2 });
        assert_int_equal(seed.failures, 0);
        assert_true(seed.digest != first.digest);
        played_close(&seed);
        played_close(&first);
        free(text);
    }
}

static void an_interrupted_run_ends_properly(void **state)
{
    (void)state;
    struct played played =
        play_turns(SIX "wait 100s\n", (struct rcs_run_options){ .trace = true }, 100, 5);
    assert_non_null(strstr(played.out.data, "\ninterrupted\ndigest "));
    assert_non_null(strstr(played.trace.data, "\"interrupted\""));
    struct rcs_diag diag;
    assert_int_equal(rcs_trace_check("t", played.trace.data, strlen(played.trace.data), &diag),
                     RCS_OK);
    played_close(&played);
}

static void a_run_that_is_given_up_frees_all(void **state)
{
    (void)state;
    struct rcs_scenario *scenario =
        play_parsed("t.scenario", SIX "at +9s kill a1\nduring 9s { cluster-node-timeout 7 }\n");
    struct rcs_run_options options = { .has_seed = false };
    struct rcs_diag diag;
    for (unsigned turns = 0; turns < 40; turns += 3) {
        struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
        for (unsigned i = 0; i < turns; i++) {
            (void)rcs_run_turn(run, 50 * turns);
        }
        rcs_run_free(run);
    }
    rcs_scenario_free(scenario);
}

static void overrides_and_parameters_win(void **state)
{
    (void)state;
    static const char text[] =
        "site A a1..a2\ncluster-node-timeout 2000\nnode a2 cluster-node-timeout 3000\n"
        "param n 1s\nwait $n\ncluster-node-timeout 4000\n"
        "a1..a2> CONFIG GET cluster-node-timeout\n= ...\n= *\"500\"\n";
    struct rcs_run_options options = { .overrides = "cluster-node-timeout 500\n",
                                       .params = "n 3s\n" };
    struct played played = play_with(text, options);
    assert_int_equal(played.failures, 0);
    assert_true(played.ended_us > RCS_S(3));
    played_close(&played);
}

static void log_lines_stand_in_the_transcript(void **state)
{
    (void)state;
    struct played played = play_with(LONE "a1> CLUSTER ADDSLOTSRANGE 0 16383\nwait 3s\n",
                                     (struct rcs_run_options){ .log = "a1" });
    assert_non_null(strstr(played.out.data, "   a1 | 1001:M 01 Jan 2026 00:00:02."));
    played_close(&played);
}

/* The times of a kind of milestone, of a run's JSON: the first and the last. */
static void times_of(const char *json, const char *what, int64_t *first_us, int64_t *last_us)
{
    char key[64];
    snprintf(key, sizeof(key), "\"what\":\"%s\"", what);
    *first_us = -1;
    for (const char *line = json; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const char *end = line + strcspn(line, "\n"), *at = strstr(line, key);
        if (at != NULL && at < end) {
            assert_int_equal(sscanf(line, "{\"at_us\":%" SCNd64, last_us), 1);
            *first_us = *first_us < 0 ? *last_us : *first_us;
        }
    }
    assert_true(*first_us >= 0);
}

static void a_line_of_several_nodes_tells_the_time_of_the_first_and_of_the_last(void **state)
{
    (void)state;
    static const char text[] =
        "cluster-node-timeout 1000\nrepl-diskless-sync-delay 0\nsite A a1..a6\n"
        "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\n"
        "wait 9s\n";
    struct played json = play_with(text, (struct rcs_run_options){ .json = true });
    struct played played = play(text);
    int64_t first_us, last_us;
    times_of(json.out.data, "state-ok", &first_us, &last_us);
    assert_true(last_us - first_us >= 10000);
    char want[160];
    snprintf(want, sizeof(want),
             "%3d.%03d    a1..a6      cluster state changed: ok  (until %d.%03d)",
             (int)(first_us / 1000000), (int)(first_us / 1000 % 1000), (int)(last_us / 1000000),
             (int)(last_us / 1000 % 1000));
    if (strstr(played.out.data, want) == NULL) {
        fail_msg("no \"%s\" in\n%s", want, played.out.data);
    }
    played_close(&json);
    played_close(&played);
}

#define STOPS (sizeof(stops) / sizeof(stops[0]))

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(a_transcript_reads_like_a_session),
        cmocka_unit_test(quiet_says_failures_and_the_digest),
        cmocka_unit_test(json_is_an_object_a_line),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(conditions_hold_or_say_why_not),
        cmocka_unit_test(at_goes_off_while_the_script_goes_on),
        cmocka_unit_test(during_undoes_what_it_did),
        cmocka_unit_test(paths_and_disks_are_undone),
        cmocka_unit_test(faults_do_what_they_say),
        cmocka_unit_test(the_same_words_in_a_group),
        cmocka_unit_test(the_log_tells_how_bus_links_begin_and_end),
        cmocka_unit_test(the_cli_refuses_as_redis_cli_does),
        cmocka_unit_test(the_cli_prints_what_redis_cli_prints),
        cmocka_unit_test(add_node_prints_what_redis_cli_prints),
        cmocka_unit_test(what_is_put_off_until_now_is_done_now),
        cmocka_unit_test(a_block_undoes_what_it_did),
        cmocka_unit_test(a_latency_keeps_its_place),
        cmocka_unit_test(a_reply_with_a_bar_in_it),
        cmocka_unit_test(a_cli_that_fails_or_gets_no_answer),
        cmocka_unit_test(agreement_compares_whole_pictures),
        cmocka_unit_test(turns_do_not_matter),
        cmocka_unit_test(an_interrupted_run_ends_properly),
        cmocka_unit_test(a_run_that_is_given_up_frees_all),
        cmocka_unit_test(overrides_and_parameters_win),
        cmocka_unit_test(log_lines_stand_in_the_transcript),
        cmocka_unit_test(a_line_of_several_nodes_tells_the_time_of_the_first_and_of_the_last),
    };
    struct CMUnitTest tests[STOPS + sizeof(others) / sizeof(others[0])];
    for (size_t i = 0; i < STOPS; i++) {
        tests[i] = (struct CMUnitTest){ .name = stops[i].name,
                                        .test_func = stop_row,
                                        .initial_state = (void *)(uintptr_t)&stops[i] };
    }
    memcpy(tests + STOPS, others, sizeof(others));
    return _cmocka_run_group_tests("run", tests, STOPS + sizeof(others) / sizeof(others[0]), NULL,
                                   NULL);
}
