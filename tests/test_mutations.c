#include "tests/support/support.h"

#include <rcsim/scenario.h>

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
};

struct said {
    struct rcs_buf out;
};

static void keep(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(&((struct said *)arg)->out, bytes, size_bytes);
}

static char *read_scenario(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", RCS_TEST_TRACES, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

/* Everywhere: a condition that names the statement goes with it. */
static char *mutated(const struct row *row)
{
    char *text = read_scenario(row->scenario);
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

static unsigned failures(const char *name, const char *text, const struct row *row, uint64_t seed,
                         struct said *said)
{
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    if (rcs_scenario_parse(&scenario, name, text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        fail_msg("%s:%d:%d: %s", name, diag.line, diag.column, diag.text);
    }
    struct rcs_run_options options = {
        .seed = seed,
        .has_seed = true,
        .quiet = true,
        .overrides = row->overrides,
        .params = row->params,
        .print = keep,
        .arg = said,
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    if (run == NULL) {
        fail_msg("%s", diag.text);
    }
    while (rcs_run_turn(run, 4096) == RCS_RUN_MORE) {
    }
    assert_int_equal(rcs_run_error(run, &diag), RCS_OK);
    unsigned count = rcs_run_failures(run);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    rcs_buf_add(&said->out, "", 1);
    return count;
}

#define SEEDS 3

static void mutation(void **state)
{
    const struct row *row = *state;
    char *text = mutated(row);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct said said;
        rcs_buf_init(&said.out);
        if (failures(row->scenario, text, row, seed, &said) == 0) {
            fail_msg("seed %d: nothing is noticed", (int)seed);
        }
        if (row->want != NULL && strstr(said.out.data, row->want) == NULL) {
            fail_msg("seed %d: no word of \"%s\" in\n%s", (int)seed, row->want, said.out.data);
        }
        rcs_buf_close(&said.out);
    }
    free(text);
}

static void unchanged_they_hold(void **state)
{
    (void)state;
    static const struct row plain[] = { { .scenario = CHAINED }, { .scenario = HASTY } };
    for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        char *text = read_scenario(plain[i].scenario);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct said said;
            rcs_buf_init(&said.out);
            if (failures(plain[i].scenario, text, &plain[i], seed, &said) != 0) {
                fail_msg("seed %d: %s", (int)seed, said.out.data);
            }
            rcs_buf_close(&said.out);
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
