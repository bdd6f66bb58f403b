/* Client programs as workloads: the rules of each kind, and what is counted. */
#include "tests/support/support.h"

#include "tests/support/play.h"

/* a1..a3 are masters. The slot of "b" is 3300, a1's; that of "a" 15495, a3's. */
#define CLUSTER                                                                                    \
    "site A a1..a6\n"                                                                              \
    "cluster-node-timeout 2000\n"                                                                  \
    "repl-diskless-sync-delay 0\n"                                                                 \
    "cli --cluster create a1..a6 --cluster-replicas 1\n"                                           \
    "await link up on a4..a6 within 20s\n"                                                         \
    "await state ok on all within 20s\n"                                                           \
    "wait 2s\n"
#define TAG_A1 "tag b"
#define TAG_A3 "tag a"

/* --- rules ------------------------------------------------------------------------------------ */

static const struct rule {
    const char *name, *text;
} rules[] = {
    { "an operation writes a key and reads it back, the next begins 50 ms after its end",
      CLUSTER "workload w redis-cli a1..a6 keys 10\nwait 10s\n"
              "expect workload w operations 150..200\n"
              "expect workload w acknowledged 150..200\n"
              "expect workload w errors 0\nexpect workload w outages 0\n"
              "expect workload w unavailable 0ms\nexpect workload w lost 0\n"
              "expect workload w up\n"
              "client> GET w:10\n= \"*\"\nclient> GET w:11\n= (nil)\n" },
    { "every, keys and tag; only writes does not read, only reads does not write",
      CLUSTER "workload w redis-cli a1..a6 keys 2 " TAG_A3 " every 1s only writes\n"
              "workload r redis-cli a1..a6 keys 2 " TAG_A3 " every 1s only reads\n"
              "wait 10500ms\n"
              "expect workload w operations 10..11\nexpect workload w acknowledged 10..11\n"
              "expect workload r operations 10..11\nexpect workload r acknowledged 0\n"
              "expect keys 2 on a3\nexpect keys 0 on a1, a2\n" /* w:{a}:1, w:{a}:2 */
              "client> GET w:{a}:2\n= \"*\"\n" },
    { "a workload that is stopped does nothing more",
      CLUSTER "workload w predis a1..a6\nwait 1s\nworkload w stop\nwait 1s\nkill a1..a6\n"
              "wait 10s\nexpect workload w operations 10..25\nexpect workload w errors 0\n" },
    { "pinned: MOVED is an error, and nothing is followed",
      CLUSTER "workload w pinned a1 " TAG_A3 "\nwait 2s\n"
              "expect workload w ok 0\nexpect workload w errors moved >=30\n"
              "expect workload w down\n" },
    { "pinned: a node that is gone refuses, and is tried again by the next operation", CLUSTER
      "workload w pinned a1 " TAG_A1 "\nwait 1s\nkill a1\nwait 500ms\nstart a1\nwait 4s\n"
      "expect workload w errors refused 5..12\nexpect workload w up\n" /* 2 s of CLUSTERDOWN */
      "expect workload w unavailable 2500ms..3s\nexpect workload w outages 1\n" },
    { "a reply is given up after the timeout",
      CLUSTER "workload w pinned a1 " TAG_A1 " timeout 200ms\nwait 1s\npause a1\nwait 1s\n"
              "expect workload w errors timeout 3..5\nexpect workload w down\nresume a1\nwait 3s\n"
              "expect workload w up\n" },
    { "Predis waits 60 s for a reply",
      CLUSTER "workload w predis a1..a6 " TAG_A1 "\nwait 1s\npause a1\nwait 58s\n"
              "expect workload w errors 0\nexpect workload w ok 10..25\nwait 4s\n"
              "expect workload w ok >=40\n" },
    { "Predis connects for 5 s",
      CLUSTER "poweroff a1\nworkload w predis a1..a6 tag b only reads every 1s\nwait 4900ms\n"
              "expect workload w operations 0\nwait 6s\nexpect workload w operations >=1\n" },
    { "redis-cli goes on to the next node it was told of",
      CLUSTER "kill a1\nwait 8s\nworkload w redis-cli a1..a6\nwait 2s\n"
              "expect workload w errors 0\nexpect workload w ok >=30\n" },
    { "redis-cli: nobody is left",
      CLUSTER "kill all\nworkload w redis-cli a1..a6\nwait 2s\n"
              "expect workload w ok 0\nexpect workload w errors refused >=30\n" },
    { "redis-py waits 250 ms four times before it reads the slots anew",
      CLUSTER "workload w redis-py a1..a6 " TAG_A3 "\nwait 1s\nkill a3\nat +900ms start a3\n"
              "wait 5s\nexpect workload w errors refused 0\n"
              "expect workload w errors clusterdown >0\n" }, /* a restarted master waits 2 s */
    { "redis-py gives a command up after three times five tries",
      CLUSTER "workload w redis-py a1..a6 " TAG_A3 "\nwait 1s\nkill a3, a4, a5\nwait 2900ms\n"
              "expect workload w errors 0\nwait 400ms\nexpect workload w errors refused 1\n" },
    { "redis-py finds the promoted replica",
      CLUSTER "workload w redis-py a1..a6 " TAG_A3 "\nwait 1s\nkill a3\nwait 15s\n"
              "expect workload w up\nexpect workload w errors topology 0\n"
              "expect workload w unavailable 2500ms..6s\n" },
    { "redis-py: CLUSTERDOWN is waited for 250 ms, three times",
      CLUSTER "workload w redis-py a1..a6 " TAG_A1 "\nwait 1s\nkill a2, a3\nawait state fail on a1 "
              "within 10s\nwait 700ms\nexpect workload w errors 0\nwait 200ms\n"
              "expect workload w errors clusterdown 1\n" },
    { "redis-py 4.3.4 never reads the slots again once the first node of its map is dead",
      CLUSTER "workload w redis-py-4.3.4 a1..a6 " TAG_A1 "\nworkload v redis-py a1..a6 " TAG_A1 "\n"
              "workload u redis-py-4.3.4 a1..a6 " TAG_A1 " renew\n"
              "wait 1s\nkill a1\nwait 20s\n"
              "expect workload w down\nexpect workload w errors topology >=10\n"
              "expect workload v up\nexpect workload u up\n" },
    { "redis-py 4.3.4 is not blind when another node is dead",
      CLUSTER "workload w redis-py-4.3.4 a1..a6 " TAG_A3 "\nwait 1s\nkill a3\nwait 15s\n"
              "expect workload w up\nexpect workload w errors topology 0\n" },
    { "Predis asks another node once, then gives up at once",
      CLUSTER "workload w predis a1..a6 " TAG_A3 "\nwait 1s\nkill a3\nwait 1s\n"
              "expect workload w errors refused >=15\nwait 14s\nexpect workload w up\n" },
    { "Predis: CLUSTERDOWN is an error at once",
      CLUSTER "workload w predis a1..a6 " TAG_A1 "\nwait 1s\nkill a2, a3\nawait state fail on a1 "
              "within 10s\nwait 1s\nexpect workload w errors clusterdown >=15\n" },
    { "MOVED is followed by the libraries",
      CLUSTER "workload p predis a1..a6 " TAG_A3 "\nworkload y redis-py a1..a6 " TAG_A3 "\n"
              "workload c redis-cli a1..a6 " TAG_A3 "\nwait 1s\n"
              "a4..a6> CLUSTER FAILOVER\n= OK | *\nwait 5s\n"
              "expect workload p errors 0\nexpect workload y errors 0\n"
              "expect workload c errors 0\nexpect workload p lost 0\n" },
    { "ASK is followed with ASKING; a pinned client counts it",
      CLUSTER "a1> CLUSTER SETSLOT 15495 IMPORTING $a3.id\n= OK\n"
              "a3> CLUSTER SETSLOT 15495 MIGRATING $a1.id\n= OK\n"
              "workload p predis a1..a6 " TAG_A3 "\nworkload y redis-py a1..a6 " TAG_A3 "\n"
              "workload n pinned a3 " TAG_A3 "\nwait 1s\n"
              "expect workload p errors 0\nexpect workload y errors 0\n"
              "expect workload n ok 0\nexpect workload n errors moved >=10\n"
              "expect keys 40 on a1\nexpect keys 0 on a3\nexpect workload p lost 0\n" },
    { "READONLY replies and errors of other kinds are told apart",
      CLUSTER "node a1 min-replicas-to-write 3\n"
              "workload w pinned a1 " TAG_A1 "\nwait 1s\n"
              "expect workload w errors other >=10\nexpect workload w ok 0\n" },
    { "writes that a cut-off master acknowledged are lost when its replica was elected",
      CLUSTER "workload w pinned a1 " TAG_A1 " keys 10000 only writes every 10ms\nwait 1s\n"
              "expect workload w lost 0\n"
              "partition a1 a2..a6\nwait 10s\n"
              "expect workload w errors clusterdown >0\nheal\nwait 10s\n"
              "expect role replica on a1\nexpect workload w lost 100..400\n" },
    { "nothing is lost in a manual failover",
      CLUSTER "workload w predis a1..a6 keys 10000 every 5ms\nwait 1s\n"
              "a4..a6> CLUSTER FAILOVER\n= OK | *\nwait 5s\nexpect workload w lost 0\n" },
    { "wait: a write is confirmed when WAIT finds its replica", CLUSTER
      "workload w predis a1..a6 wait 1 1s\nworkload v predis a1..a6 only writes\nwait 5s\n"
      "expect workload w confirmed 70..100\nexpect workload w errors 0\n"
      "expect workload w lost 0\nexpect workload v confirmed 0\nclient> GET w:9\n= \"*\"\n" },
    { "wait: fewer replicas than were asked for confirm nothing, and are no error",
      CLUSTER "workload w predis a1..a6 wait 2 200ms\nwait 5s\nexpect workload w confirmed 0\n"
              "expect workload w ok 15..20\nexpect workload w errors 0\n" },
    { "wait: WAIT is asked of the node that answered, over the same connection",
      CLUSTER "workload w pinned a1 " TAG_A1 " wait 2 5s\nwait 1s\n"
              "expect workload w acknowledged 1\nkill a1\nwait 10ms\n"
              "expect workload w errors closed 1\nexpect workload w confirmed 0\n" },
    { "wait: a reply that is given up confirms nothing",
      CLUSTER "workload w pinned a1 " TAG_A1 " wait 2 5s timeout 300ms\nwait 2s\n"
              "expect workload w errors timeout 5..6\nexpect workload w confirmed 0\n" },
    { "wait: who moved is asked where the write went",
      CLUSTER "workload w redis-py a1..a6 " TAG_A3 " wait 1 1s\nwait 1s\n"
              "a4..a6> CLUSTER FAILOVER\n= OK | *\nwait 10s\n"
              "expect workload w lost 0\nexpect workload w confirmed >=100\n" },
    { "reread: a write is read back, once, so long after it was acknowledged",
      CLUSTER "workload w predis a1..a6 only writes every 100ms reread 2s\n"
              "workload v predis a1..a6 only writes every 100ms\nwait 2s\n"
              "expect workload w reread 0\nwait 8s\n"
              "expect workload w reread 75..80\nexpect workload w operations 95..100\n"
              "expect workload w errors 0\nexpect workload w lost 0\n"
              "expect workload v reread 0\n" },
    { "reread: a key that was written anew is not read back",
      CLUSTER "workload w predis a1..a6 every 100ms keys 5 reread 2s\nwait 10s\n"
              "expect workload w operations >=90\nexpect workload w reread 0\n"
              "expect workload w errors 0\n" },
    { "reread: what is not there any more is stale, and is not read back again",
      CLUSTER "workload w predis a1..a6 only writes every 100ms reread 1s\nwait 3s\n"
              "expect workload w reread 15..20\na1..a3> FLUSHALL\n= ...\nwait 5s\n"
              "expect workload w errors stale 9..11\nexpect workload w reread 50..65\n" },
    { "reread: comes after the write, WAIT and the read, and what cannot be read is tried again",
      CLUSTER "workload w pinned a1 " TAG_A1 " wait 1 1s reread 1s timeout 200ms\nwait 3s\n"
              "expect workload w reread 25..40\npause a1\nwait 3s\nresume a1\nwait 5s\n"
              "workload w stop\nwait 2s\nexpect workload w reread >=80\n"
              "expect workload w errors timeout 10..15\nexpect workload w errors stale 0\n" },
    { "a slot that nobody serves: neither there nor lost",
      CLUSTER "workload w predis a1..a6 " TAG_A1 " only writes\nwait 1s\nworkload w stop\nwait 1s\n"
              "kill a1\nwait 100ms\nshow workloads\n" },
    { "a read that gives less than what was acknowledged is stale",
      "site A a1\nlatency A 50ms\ncluster-node-timeout 2000\n"
      "a1> CLUSTER ADDSLOTS {0..16383}\n= OK\nawait state ok on a1 within 10s\n"
      "workload w pinned a1 keys 1 every 100ms\n"
      "client> DEL w:1\nclient> DEL w:1\nclient> DEL w:1\nclient> DEL w:1\nclient> DEL w:1\n"
      "client> DEL w:1\nclient> DEL w:1\nclient> DEL w:1\nclient> DEL w:1\nclient> DEL w:1\n"
      "wait 1s\nexpect workload w errors stale >0\nexpect workload w errors 1..10\n" },
    { "keys are counted up by braces, as a shell does",
      "site A a1\na1> CLUSTER ADDSLOTS {0..16383}\n= OK\nawait state ok on a1 within 10s\n"
      "a1> MSET {x}a {1..1} {x}b \"{1..3}\"\n= OK\na1> MGET {x}a {x}b\n= 1) \"1\"\n= 2) "
      "\"{1..3}\"\na1> ECHO {3..1}\n= \"{3..1}\"\na1> ECHO {1..2}\n= (error) ERR wrong number "
      "*\n" },
    { "a client stands where it is put; redirections can be asked for",
      "site A a1..a6\nclient x at a2\nclient y at a3\nclient z at a2\n"
      "cli --cluster create a1..a6 --cluster-replicas 1\nwait 3s\n"
      "x> SET a 1\n= -> Redirected to slot [15495] located at $a3.ip:6379\n= OK\n"
      "y> SET a 2\n= OK\nz> SET a 3\n= OK\nz> SET b 3\n= -> Redirected to slot [3300] *\n= OK\n" },
    { "a log is shown from a line to a line, and held against what follows",
      "site A a1\na1> PING\nshow log on a1 from \"Configuration loaded\" to \"Running *\"\n"
      "= *:C * Configuration loaded\n= *:M * * monotonic clock*\n"
      "= *:M * * No cluster configuration found, I'm $a1.id\n= *:M * * Running mode=cluster*\n"
      "show log on a1 from \"No cluster configuration found, I'm $a1.id\" to \"Server init*\"\n"
      "= *I'm $a1.id\n= ...\n= *Server initialized\n" },
};

static void rule(void **state)
{
    const struct rule *row = *state;
    struct played said = play(row->text);
    played_through(&said);
    if (said.failures > 0) {
        print_error("%s\n", strstr(said.out.data, "FAILED") != NULL
                                ? strstr(said.out.data, "FAILED")
                                : said.out.data);
        fail();
    }
    struct played again =
        play_turns(row->text, (struct rcs_run_options){ .has_seed = false }, 1, 0);
    played_through(&again);
    assert_int_equal(again.failures, 0);
    assert_true(said.digest == again.digest);
    assert_string_equal(said.out.data, again.out.data);
    played_close(&said);
    played_close(&again);
}

/* --- what is told ----------------------------------------------------------------------------- */

static void conditions_say_what_is_there_instead(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "expect workload w lost 3", "instead: 0" },
        { "expect workload w errors >0", "instead: 0" },
        { "expect workload w errors refused 1", "instead: 0" },
        { "expect workload w unavailable 1s..2s", "instead: 0 us" },
        { "expect workload w down", "instead: up" },
        { "expect workload w ok <5", "instead: 20" },
        { "expect workload v ok 0", "instead: it has not begun" },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 CLUSTER
                 "workload w predis a1..a6\nat +100s workload v predis a1..a6\nwait 1s\n%s\n",
                 rows[i][0]);
        struct played said = play(text);
        played_through(&said);
        assert_int_equal(said.failures, 1);
        if (strstr(said.out.data, rows[i][1]) == NULL) {
            fail_msg("no \"%s\" in %s", rows[i][1], said.out.data);
        }
        played_close(&said);
    }
}

static void the_transcript_ends_with_the_counts(void **state)
{
    (void)state;
    struct played said =
        play_held(CLUSTER "workload w predis a1..a6\nwait 1s\nkill a1..a6\nwait 1s\n");
    const char *line = strstr(said.out.data, "workload w: ");
    assert_non_null(line);
    assert_non_null(strstr(line, " ok; "));
    assert_non_null(strstr(line, " errors: refused "));
    assert_non_null(strstr(line, ", still down; "));
    assert_non_null(strstr(line, " writes acknowledged, 0 lost, "));
    assert_non_null(strstr(line, " that nobody serves; slowest "));
    played_close(&said);
}

/* --- embedded --------------------------------------------------------------------------------- */

static void a_program_uses_it(void **state)
{
    (void)state;
    struct rcs_diag diag;
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = 7 }, &diag);
    int node = rcs_sim_add_node(sim, "a", NULL, NULL, &diag);
    struct rcs_workload_options options = {
        .name = "w", .kind = "pinned", .nodes = &node, .node_count = 1, .keys = 5
    };
    assert_int_equal(rcs_sim_fault(sim, RCS_FAULT_START, &node, 1, &diag), RCS_OK);
    struct rcs_workload *workload = rcs_workload_new(sim, &options, &diag);
    assert_non_null(workload);
    rcs_sim_advance(sim, RCS_S(1));
    struct rcs_workload_counts counts;
    rcs_workload_counts(workload, &counts);
    assert_in_range(counts.operations, 15, 20);
    assert_int_equal(counts.errors[RCS_WORKLOAD_CLUSTERDOWN], counts.operations);
    assert_true(counts.down && counts.outages == 1 && counts.unavailable_us > RCS_MS(900));
    assert_int_equal(counts.acknowledged, 0);
    assert_int_equal(rcs_workload_lost(workload, NULL), 0);
    rcs_workload_free(workload);
    rcs_sim_advance(sim, RCS_S(1)); /* its timer goes off without it */

    options.kind = "jedis";
    assert_null(rcs_workload_new(sim, &options, &diag));
    assert_string_equal(diag.text, "no kind of client program \"jedis\"");
    options.kind = "predis";
    options.site = "B";
    assert_null(rcs_workload_new(sim, &options, &diag));
    assert_string_equal(diag.text, "no site \"B\"");
    options.site = NULL;
    options.keys = 2000000;
    assert_null(rcs_workload_new(sim, &options, &diag));
    options.keys = 0;
    assert_non_null(rcs_workload_new(sim, &options, &diag)); /* freed with the world */
    rcs_sim_advance(sim, RCS_S(1));
    rcs_sim_free(sim);
}

#define RULES (sizeof(rules) / sizeof(rules[0]))

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(conditions_say_what_is_there_instead),
        cmocka_unit_test(the_transcript_ends_with_the_counts),
        cmocka_unit_test(a_program_uses_it),
    };
    struct CMUnitTest tests[RULES + sizeof(others) / sizeof(others[0])];
    for (size_t i = 0; i < RULES; i++) {
        tests[i] = (struct CMUnitTest){ .name = rules[i].name,
                                        .test_func = rule,
                                        .initial_state = (void *)(uintptr_t)&rules[i] };
    }
    memcpy(tests + RULES, others, sizeof(others));
    return _cmocka_run_group_tests("workload", tests, RULES + sizeof(others) / sizeof(others[0]),
                                   NULL, NULL);
}
