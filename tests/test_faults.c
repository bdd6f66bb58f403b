/* Faults as statements of a scenario: now, later (`at`) and for a while (`during`), and what a
 * block puts back when it ends. */
#include "tests/support/play.h"
#include "tests/support/support.h"

static void at_goes_off_while_the_script_goes_on(void **state)
{
    (void)state;
    struct played played =
        play(PLAY_SIX "step \"go\"\n"
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
        play_held(PLAY_SIX "latency A B 1ms..2ms\n"
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
        PLAY_SIX "disk b3 fsync 200ms\n"
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
    struct played played = play_held(PLAY_SIX "show nodes on a1\nshow info on A, b1\n"
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

static void what_is_put_off_until_now_is_done_now(void **state)
{
    (void)state;
    struct played played =
        play_held(PLAY_LONE "wait 3s\nat 3s kill a1\nexpect life up on a1\nwait 1ms\n"
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

static void try_passes_over_what_is_not_possible(void **state)
{
    (void)state;
    struct played played =
        play_held(PLAY_SIX "try start a1\n"
                           "expect life up on a1\n"
                           "kill a1\n"
                           "try kill a1..a3\n" /* those that run */
                           "expect life down on a1..a3\n"
                           "try restore conf a1\n" /* no copy was kept */
                           "try keep conf a1, b1\n"
                           "try lose conf a2, b2\n" /* b2 runs */
                           "try resume all\n"
                           "at +1s try start all\n"
                           "at +2s during 2s { try pause a1 }\n"
                           "wait 3s\n"
                           "expect life paused on a1\n"
                           "wait 1100ms\n"
                           "expect life up on all\n"
                           "expect time from \"kill a1..a3\" to \"start all\" 1s\n"
                           "expect time from \"pause a1\" to \"resume a1\" 2s\n");
    assert_non_null(strstr(played.out.data, "passed over: start a1\n"));
    assert_non_null(strstr(played.out.data, "passed over: restore conf a1\n"));
    assert_non_null(strstr(played.out.data, "passed over: resume all\n"));
    assert_non_null(strstr(played.out.data, "  lose conf a2\n"));
    played_close(&played);
}

/* Blocks that were put off end in any order; the sites had no latency of their own before. */
static void latencies_that_overlap_end_by_themselves(void **state)
{
    (void)state;
    struct played played = play_held(
        PLAY_SIX "a1> PING\n"
                 "at +1s during 4s { latency A B 300ms }\n"
                 "at +2s during 6s { latency A B 600ms }\n"
                 "at +3s during 1s { jitter A B 1ms }\n"
                 "wait 6s\n"
                 "latency A B 20ms\n" /* stays */
                 "wait 4s\n"
                 "expect time from \"latency A B 300ms\" to \"end of: latency A B 300ms\" 4s\n"
                 "expect time from \"latency A B 600ms\" to \"end of: latency A B 600ms\" 6s\n");
    played_close(&played);
}

/* In whichever order: none of it stays. */
static void jitters_that_overlap_leave_nothing(void **state)
{
    (void)state;
    static const char *const blocks[] = {
        "at +1s during 2s { jitter A B 3s }\nat +2s during 4s { jitter A B 2s }\n",
        "at +1s during 5s { jitter A B 3s }\nat +2s during 1s { jitter A B 2s }\n",
        ("at +1s during 2s { jitter A B 3s }\nat +1s during 4s { jitter A B 2s }\n"
         "at +2s during 2s { jitter A B 4s }\n"),
    };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        char text[1024];
        snprintf(text, sizeof(text),
                 PLAY_SIX "cli --cluster create a1..a3 b1..b3 --cluster-replicas 1\n= ...\n"
                          "await state ok on all within 20s\n"
                          "latency A B 1ms\n"
                          "%swait 30s\nstep \"after\"\nwait 20s\n"
                          "expect no event all pfail since \"after\"\n",
                 blocks[i]);
        struct played played = play_held(text);
        played_close(&played);
    }
}

static void drop_none_lets_the_rest_pass(void **state)
{
    (void)state;
    struct played played =
        play_held(PLAY_SIX "cli --cluster create a1..a3 b1..b3 --cluster-replicas 1\n= ...\n"
                           "await state ok on all within 20s\n"
                           "drop any from a1 times 100000\n"
                           "wait 3s\n"
                           "expect state fail on a1\n"
                           "drop none\n"
                           "await state ok on all within 20s\n");
    played_close(&played);
}

/* A voter that read the request with other packets, in one turn, does not vote before it is saved.
 */
static void a_vote_out_of_a_full_turn_waits_for_the_disk(void **state)
{
    (void)state;
    struct played played =
        play_held(PLAY_SIX "disk a1 fsync 300ms\n"
                           "kill a2\n"
                           "await event b3 election-delayed within 10s\n"
                           "pause a1\n"
                           "await event b3 election-started within 10s\n"
                           "wait 20ms\n"
                           "resume a1\n"
                           "wait 5s\n"
                           "expect time from \"resume a1\" to a1 vote-granted 0ms..1ms\n"
                           "expect time from a1 vote-granted to b3 election-won 300ms..310ms\n");
    played_close(&played);
}

static void a_process_that_ends_in_its_turn_answers_nothing(void **state)
{
    (void)state;
    struct played played = play_held(PLAY_SIX "disk a1 fsync 1500ms\n"
                                              "kill a2\n"
                                              "await event b3 election-delayed within 10s\n"
                                              "at +0s a1> CLUSTER BUMPEPOCH\n"
                                              "at +100ms stop a1\n"
                                              "await event b3 election-started within 10s\n"
                                              "wait 2s\n"
                                              "expect event a1 vote-granted\n"
                                              "expect no event b3 election-won\n"
                                              "expect no finding vote-unsaved\n");
    played_close(&played);
}

/* Asked of 7.0.15: SIGTERM, SIGSTOP, a command sent, SIGCONT: it ends without an answer. */
static void a_process_told_to_end_before_it_goes_on_reads_nothing(void **state)
{
    (void)state;
    struct played played = play_held("shutdown-timeout 0\n" PLAY_SIX "kill a2\n"
                                     "await event b3 election-delayed within 10s\n"
                                     "stop a1\n"
                                     "pause a1\n"
                                     "await event b3 election-started within 10s\n"
                                     "wait 20ms\n"
                                     "resume a1\n"
                                     "wait 100ms\n"
                                     "expect no event a1 vote-granted\n"
                                     "expect log a1 \"*Received SIGTERM*\"\n");
    played_close(&played);
}

/* Asked of 7.0.15, four times: the master is back and its FAIL old enough to be cleared, but the
 * replica's timers come before what it could hear of that; it clears the FAIL 0.1 s later. */
static void a_process_that_goes_on_runs_its_timers_before_it_reads(void **state)
{
    (void)state;
    struct played played =
        play_held(PLAY_SIX "pause a2\n"
                           "await event b3 election-delayed within 10s\n"
                           "pause b3\n"
                           "wait 50ms\n"
                           "resume a2\n"
                           "wait 2250ms\n"
                           "resume b3\n"
                           "wait 1s\n"
                           "expect time from \"resume b3\" to b3 election-started 0ms..1ms\n"
                           "expect time from \"resume b3\" to b3 fail-cleared 100ms..110ms\n"
                           "expect no event b3 election-won\n");
    played_close(&played);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(try_passes_over_what_is_not_possible),
        cmocka_unit_test(latencies_that_overlap_end_by_themselves),
        cmocka_unit_test(jitters_that_overlap_leave_nothing),
        cmocka_unit_test(drop_none_lets_the_rest_pass),
        cmocka_unit_test(a_vote_out_of_a_full_turn_waits_for_the_disk),
        cmocka_unit_test(a_process_that_ends_in_its_turn_answers_nothing),
        cmocka_unit_test(a_process_told_to_end_before_it_goes_on_reads_nothing),
        cmocka_unit_test(a_process_that_goes_on_runs_its_timers_before_it_reads),
        cmocka_unit_test(at_goes_off_while_the_script_goes_on),
        cmocka_unit_test(during_undoes_what_it_did),
        cmocka_unit_test(paths_and_disks_are_undone),
        cmocka_unit_test(faults_do_what_they_say),
        cmocka_unit_test(the_log_tells_how_bus_links_begin_and_end),
        cmocka_unit_test(what_is_put_off_until_now_is_done_now),
        cmocka_unit_test(a_block_undoes_what_it_did),
        cmocka_unit_test(a_latency_keeps_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
