/* What `cli` prints and refuses, word for word as redis-cli does. */
#include "tests/support/play.h"
#include "tests/support/support.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cli_refuses_as_redis_cli_does),
        cmocka_unit_test(the_cli_prints_what_redis_cli_prints),
        cmocka_unit_test(add_node_prints_what_redis_cli_prints),
        cmocka_unit_test(a_cli_that_fails_or_gets_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
