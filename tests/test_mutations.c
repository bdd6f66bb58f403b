#include "tests/support/support.h"

#include "tests/support/play.h"

/* What the shipped scenarios expect is worth something if it notices a wrong step: each row changes
 * a scenario's text, or switches off a rule real servers go by (`rule-off`), and must make an
 * expectation fail. */
struct row {
    const char *scenario, *name;
    const char *find, *put; /* the first place of `find` becomes `put`; NULL: the text stays */
    const char *overrides, *params;
    const char *want; /* stands in what is said; NULL: any failure will do */
};

#define CHAINED   "two-dc-chained.scenario"
#define HASTY     "two-dc-hasty.scenario"
#define LATER     "two-dc-join-later.scenario"
#define REJOIN    "failover-rejoin.scenario"
#define CLIENTS   "client-failover.scenario"
#define HELPER    "cluster-helper.scenario"
#define OFF(rule) NULL, NULL, "rule-off " rule "\n", NULL

static const struct row rows[] = {
    /* a wait cut */
    { CHAINED, "no time to settle", NULL, NULL, NULL, "settle 1s\n", "link up on a4..a6" },
    { CHAINED, "half the time to settle", NULL, NULL, NULL, "settle 5s\n", NULL },
    { CHAINED, "the takeover comes at once", "kill a1..a6\nwait $settle\n", "kill a1..a6\n", NULL,
      NULL, "expected state fail on b1..b6" },
    { CHAINED, "replicas asked for before the nodes know each other",
      "expect known 12 on all\nexpect slots none of b1..b6 on all\n", "", NULL, "settle 100ms\n",
      "ERR Unknown node" },
    /* a step left out */
    { CHAINED, "b6 is not met", "a1> CLUSTER MEET $b6.ip $b6.port\n= OK\n", "", NULL, NULL,
      "known 12 on all" },
    { CHAINED, "b4 gets no master", "b4> CLUSTER REPLICATE $b1.id\n= OK\n", "", NULL, NULL,
      "b4..b6 replicate b1..b3" },
    { CHAINED, "b2 gets no master", "b2> CLUSTER REPLICATE $a2.id\n= OK\n", "", NULL, NULL,
      "b1..b3 replicate a1..a3" },
    { CHAINED, "b1 alone takes over", "b1..b3> CLUSTER FAILOVER TAKEOVER",
      "b1> CLUSTER FAILOVER TAKEOVER", NULL, NULL, "role master on b1..b3" },
    /* b1 and b3 are two of three masters, a majority: they find a2 failed and elect b2. */
    { CHAINED, "b2 need not take over", "b1..b3> CLUSTER FAILOVER TAKEOVER",
      "b1,b3> CLUSTER FAILOVER TAKEOVER", NULL, NULL, "election-started" },
    { CHAINED, "nothing is written", "client> SET test data\n= OK\n", "", NULL, NULL,
      "keys 1 on a2, b2, b5" },
    { CHAINED, "a6 is not forgotten", "b1..b6> CLUSTER FORGET $a6.id\n= OK\n", "", NULL, NULL,
      "unknown a1..a6 on b1..b6" },
    { CHAINED, "b6 is not told to forget a1", "b1..b6> CLUSTER FORGET $a1.id",
      "b1..b5> CLUSTER FORGET $a1.id", NULL, NULL, "b6: knows a1" },
    /* another step than the one there */
    { CHAINED, "a3 survives", "kill a1..a6", "kill a1, a2, a4..a6", NULL, NULL, NULL },
    { CHAINED, "the nodes of A are paused", "kill a1..a6", "pause a1..a6", NULL, NULL, NULL },
    { CHAINED, "A comes back before the takeover", "step \"3. Cluster",
      "start a1..a6\nstep \"3. Cluster", NULL, NULL, "flags master,fail of a1..a3" },
    { CHAINED, "FORCE instead of TAKEOVER", "FAILOVER TAKEOVER", "FAILOVER FORCE", NULL, NULL,
      "role master on b1..b3" },
    { CHAINED, "the chain is built from the other end", "b4> CLUSTER REPLICATE $b1.id",
      "b1> CLUSTER REPLICATE $a1.id", NULL, NULL, NULL },
    /* a directive changed */
    { CHAINED, "failure is noticed later", NULL, NULL, "cluster-node-timeout 15000\n", NULL, NULL },
    { CHAINED, "the first copy begins later", NULL, NULL, "repl-diskless-sync-delay 20\n", NULL,
      "link up on a4..a6" },
    /* a rule switched off */
    { CHAINED, "rule: sub-replica", OFF("sub-replica"), "follows-grandmaster" },
    { CHAINED, "rule: follow-claim", OFF("follow-claim"), "b4..b6 replicate b1..b3" },
    { CHAINED, "rule: rejoin-delay", OFF("rejoin-delay"), "state-ok 4.9s..5.5s" },
    { CHAINED, "rule: majority", OFF("majority"), NULL },
    { CHAINED, "rule: adopt", OFF("adopt"), NULL },
    { CHAINED, "rule: pfail", OFF("pfail"), "flags master,fail? of a1..a3" },
    { CHAINED, "rule: fail-quorum", OFF("fail-quorum"), "flags master,fail of a1..a3" },
    { CHAINED, "rule: epoch-bump", OFF("epoch-bump"), "epoch-bumped" },

    { HASTY, "a wait after the cluster is made", "expect link down on a4..a6",
      "wait 15s\nexpect link down on a4..a6", NULL, NULL, "link down on a4..a6" },
    { HASTY, "a wait after the meeting", "expect known 12 on a1\n",
      "wait 15s\nexpect known 12 on a1\n", NULL, NULL, "to be  (error) ERR Unknown node" },
    { HASTY, "no cluster is made",
      "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\n= [OK] All 16384 slots "
      "covered.\n",
      "", NULL, NULL, "slots 0-5460 of a1" },
    { HASTY, "b1 is not met", "a1> CLUSTER MEET $b1.ip $b1.port\n= OK\n", "", NULL, NULL,
      "known 12 on a1" },
    { HASTY, "the b nodes call by themselves", "a1> CLUSTER MEET $b1.ip $b1.port",
      "b1> CLUSTER MEET $a1.ip $a1.port", NULL, NULL, "known 1 on b1..b6" },
    { HASTY, "A is not killed", "kill a1..a6\n", "", NULL, NULL, NULL },
    { HASTY, "a taken-over node", "b1..b3> CLUSTER FAILOVER TAKEOVER", "b1..b3> PING", NULL, NULL,
      "You should send CLUSTER FAILOVER to a replica" },
    { HASTY, "the first copy begins at once", NULL, NULL, "repl-diskless-sync-delay 0\n", NULL,
      "link down on a4..a6" },
    { HASTY, "rule: adopt", OFF("adopt"), "[OK] All 16384 slots covered." },

    { LATER, "no time to settle", NULL, NULL, NULL, "settle 1s\n", NULL },
    { LATER, "nothing is written", "client> SET a a\n= OK\n", "", NULL, NULL, "keys 1 on a3" },
    { LATER, "b3 joins nobody",
      "cli --cluster add-node b3 a1 --cluster-slave --cluster-master-id $a3.id\n= ...\n= [OK] New "
      "node added correctly.\n",
      "", NULL, NULL, "known 9 on A, b1..b3" },
    { LATER, "b1 replicates another master",
      "add-node b1 a1 --cluster-slave --cluster-master-id $a1.id",
      "add-node b1 a1 --cluster-slave --cluster-master-id $a2.id", NULL, NULL,
      "b1..b3 replicate a1..a3" },
    { LATER, "nobody takes over", "b1..b3> CLUSTER FAILOVER TAKEOVER", "b1..b3> PING", NULL, NULL,
      NULL },
    { LATER, "one FORGET is left out", "b1..b3> CLUSTER FORGET $a4.id\n= OK\n", "", NULL, NULL,
      "known 3 on b1..b3" },
    { LATER, "b5 is not met", "b1> CLUSTER MEET $b5.ip $b5.port\n= OK\n", "", NULL, NULL,
      "known 6 on B" },
    { LATER, "A keeps what it knew", "a1..a6> CLUSTER RESET HARD\n= OK\n", "", NULL, NULL,
      "known 1 on A" },
    { LATER, "A is made new softly", "a1..a6> CLUSTER RESET HARD", "a1..a6> CLUSTER RESET SOFT",
      NULL, NULL, NULL },
    { LATER, "b2 is forced over instead of asking", "b2> CLUSTER FAILOVER\n",
      "b2> CLUSTER FAILOVER TAKEOVER\n", NULL, NULL, "election-won" },
    { LATER, "rule: follow-claim", OFF("follow-claim"), "a1..a3 replicate b1..b3" },
    { LATER, "rule: rejoin-delay", OFF("rejoin-delay"), "state-ok 4.9s..5.5s" },

    { REJOIN, "no time to settle", NULL, NULL, NULL, "settle 2s\n", NULL },
    { REJOIN, "the replica is stopped as well", "stop redis-master-2",
      "stop redis-master-2, redis-slave-2", NULL, NULL, "role master on redis-slave-2" },
    { REJOIN, "it is restarted later", "start redis-master-2\nwait $settle\n",
      "wait $settle\nstart redis-master-2\n", NULL, NULL, NULL },
    { REJOIN, "it comes back without its nodes.conf", "start redis-master-2\n",
      "lose conf redis-master-2\nstart redis-master-2\n", NULL, NULL,
      "Configuration change detected" },
    { REJOIN, "no replicas", "--cluster-replicas 1", "--cluster-replicas 0", NULL, NULL, NULL },
    { REJOIN, "the hosts are others", "node redis-slave-1 192.168.56.101:7002",
      "node redis-slave-1 192.168.56.101:7003", NULL, NULL, "Adding replica 192.168.56.101:7002" },
    { REJOIN, "the node timeout of redis.conf", NULL, NULL, "cluster-node-timeout 15000\n", NULL,
      NULL },
    { REJOIN, "replicas do not stand for election", NULL, NULL, "cluster-replica-no-failover yes\n",
      NULL, "redis-slave-2 election-started" },
    { REJOIN, "a line of the log changed", "= *:S * Failover election won: I'm the new master.",
      "= *:S * Failover election won: I am the new master.", NULL, NULL,
      "show log on redis-slave-2" },
    { REJOIN, "a release of another log", "redis 6.2\n", "redis 3.0\n", NULL, NULL, NULL },
    { REJOIN, "rule: follow-claim", OFF("follow-claim"), "Configuration change detected" },
    { REJOIN, "rule: pfail", OFF("pfail"), "redis-slave-2 election-delayed" },

    { CLIENTS, "the master is killed and at once started", "stop redis-1\n",
      "stop redis-1\nwait 1500ms\nstart redis-1\n", NULL, NULL, "role master on redis-5" },
    { CLIENTS, "another master is stopped", "stop redis-1", "stop redis-2", NULL, NULL,
      "role master on redis-5" },
    { CLIENTS, "the master hangs", "stop redis-1", "pause redis-1", NULL, NULL,
      "workload php errors refused >=10" },
    { CLIENTS, "a node timeout of 15 s", NULL, NULL, "cluster-node-timeout 15000\n", NULL,
      "workload php unavailable" },
    { CLIENTS, "the rest goes on serving", NULL, NULL, "cluster-require-full-coverage no\n", NULL,
      "workload php errors clusterdown >=2" },
    { CLIENTS, "a redis-py without the defect", "workload python redis-py-4.3.4 redis-1..redis-6\n",
      "workload python redis-py redis-1..redis-6\n", NULL, NULL, "workload python down" },
    { CLIENTS, "a program that is told of redis-1 only", "workload php predis redis-1..redis-6\n",
      "workload php pinned redis-1\n", NULL, NULL, "workload php errors 0" },
    { CLIENTS, "the master is cut off, then killed: what it had acknowledged is lost",
      "stop redis-1\nwait 20s\n",
      "partition redis-1 redis-2..redis-6\nwait 3s\nstop redis-1\nwait 17s\n", NULL, NULL,
      "lost 0" },
    { CLIENTS, "rule: pfail", OFF("pfail"), "role master on redis-5" },

    { HELPER, "slave-05 is not met", "master-01> CLUSTER MEET 127.0.0.1 7005\n= OK\n", "", NULL,
      NULL, "known 6 on all" },
    { HELPER, "a slot is left out", "{5501..11000}", "{5502..11000}", NULL, NULL,
      "state ok on all" },
    { HELPER, "master-03 gets no slots", "master-03> CLUSTER ADDSLOTS {11001..16383}\n= OK\n", "",
      NULL, NULL, NULL },
    { HELPER, "slave-04 gets another master", "slave-04> CLUSTER REPLICATE $master-01.id",
      "slave-04> CLUSTER REPLICATE $master-03.id", NULL, NULL, "role master on slave-04" },
    { HELPER, "the replica is removed with its master", "kill master-01",
      "kill master-01, slave-04", NULL, NULL, "role master on slave-04" },
    { HELPER, "nothing is written", "connect-7002> SET foo bar", "connect-7002> GET foo", NULL,
      NULL, "\"bar\"" },
    { HELPER, "a client that stands elsewhere", "client connect-7001 at master-01",
      "client connect-7001 at master-03", NULL, NULL, "-> Redirected to slot [12182]" },
    { HELPER, "the new node has the old one's nodes.conf", "lose conf master-01\n", "", NULL, NULL,
      "known 1 on master-01" },
    { HELPER, "the new node replicates nobody", "master-01> CLUSTER REPLICATE $slave-04.id\n= OK\n",
      "", NULL, NULL, "link up on master-01" },
    { HELPER, "another release", "redis 3.0\n", "redis 7.0\n", NULL, NULL, "127.0.0.1:7001@17001" },
    { HELPER, "rule: epoch-collision", OFF("epoch-collision"), "cluster_current_epoch:5" },
    { HELPER, "rule: fail-quorum", OFF("fail-quorum"), "role master on slave-04" },
};

/* Everywhere: a condition that names the statement goes with it. */
static char *mutated(const struct row *row)
{
    char *text = play_shipped(row->scenario);
    if (row->find == NULL) {
        return text;
    }
    struct rcs_buf out;
    rcs_buf_init(&out);
    const char *from = text, *at = strstr(text, row->find);
    assert_non_null(at); /* the scenario was rewritten: so must be this row */
    for (; at != NULL; at = strstr(from, row->find)) {
        rcs_buf_add(&out, from, (size_t)(at - from));
        rcs_buf_text(&out, row->put);
        from = at + strlen(row->find);
    }
    rcs_buf_add(&out, from, strlen(from) + 1);
    free(text);
    return out.data;
}

static struct played played_with(const char *text, const struct row *row, uint64_t seed)
{
    struct played played = play_with(text, (struct rcs_run_options){ .seed = seed,
                                                                     .has_seed = true,
                                                                     .quiet = true,
                                                                     .overrides = row->overrides,
                                                                     .params = row->params });
    played_through(&played);
    return played;
}

#define SEEDS 3

static void mutation(void **state)
{
    const struct row *row = *state;
    char *text = mutated(row);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct played said = played_with(text, row, seed);
        if (said.failures == 0) {
            fail_msg("seed %d: nothing is noticed", (int)seed);
        }
        if (row->want != NULL && strstr(said.out.data, row->want) == NULL) {
            fail_msg("seed %d: no word of \"%s\" in\n%s", (int)seed, row->want, said.out.data);
        }
        played_close(&said);
    }
    free(text);
}

static void unchanged_they_hold(void **state)
{
    (void)state;
    static const struct row plain[] = { { .scenario = CHAINED }, { .scenario = HASTY },
                                        { .scenario = LATER },   { .scenario = REJOIN },
                                        { .scenario = CLIENTS }, { .scenario = HELPER } };
    for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        char *text = play_shipped(plain[i].scenario);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct played said = played_with(text, &plain[i], seed);
            if (said.failures != 0) {
                fail_msg("%s, seed %d: %s", plain[i].scenario, (int)seed, said.out.data);
            }
            played_close(&said);
        }
        free(text);
    }
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    struct CMUnitTest tests[ROWS + 1];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = mutation,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(unchanged_they_hold);
    return _cmocka_run_group_tests("mutations", tests, ROWS + 1, NULL, NULL);
}
