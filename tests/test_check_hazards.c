/* What is known to go wrong with real servers is found, each hazard under its own name. A row plays
 * a scenario and names what must be among the findings; nothing may be a breach. */
#include <stdlib.h>

#include <rcsim/check.h>
#include <rcsim/scenario.h>

#include "tests/support/support.h"

/* a1..a3 masters with two replicas each: b2 and b3 of a1, b4 and b5 of a2, b1 and b6 of a3. */
#define LAYOUT                                                                                     \
    "cluster-node-timeout 2000\nrepl-diskless-sync-delay 0\nsite A a1..a3\nsite B b1..b6\n"        \
    "latency A A 1ms\nlatency A B 3ms\nlatency B B 1ms\n"
#define CREATE                                                                                     \
    "wait 1s\ncli --cluster create a1..a3 b1..b6 --cluster-replicas 2 --cluster-yes\n= ...\n"      \
    "await state ok on all within 40s\nawait link up on b1..b6 within 40s\nwait 5s\n"
#define CLUSTER  LAYOUT CREATE
#define UNSAVED  "save \"\"\n" LAYOUT CREATE
#define WORKLOAD "workload w redis-py a1..a3 every 10ms keys 60 timeout 1s "

struct row {
    const char *name, *text, *redis;
    const char *wants[4]; /* beginnings of fingerprints */
};

/* clang-format off */
static const struct row rows[] = {
    { "two TAKEOVERs of one shard take one epoch",
      CLUSTER "latency B B 50ms\nkill a1\nwait 200ms\nb2..b3> CLUSTER FAILOVER TAKEOVER\n= ...\nwait 20s\n", "7.0",
      { "epoch-collision/takeover master,takeover master,takeover", "two-promoted/takeover" } },
    { "TAKEOVERs with a pause between them race an election",
      CLUSTER "kill a1..a3\nwait 100ms\nb2> CLUSTER FAILOVER TAKEOVER\n= OK\nwait 3s\nb4> CLUSTER FAILOVER TAKEOVER\n= OK\n"
      "wait 4s\nb1,b6> CLUSTER FAILOVER TAKEOVER\n= ...\nwait 20s\n", "7.0",
      { "two-promoted/takeover" } },
    { "a replica that was behind is promoted",
      CLUSTER WORKLOAD "tag a\nwait 2s\nlatency A B 900ms\nwait 3s\nkill a1..a3\nwait 200ms\n"
      "b1..b3> CLUSTER FAILOVER TAKEOVER\n= ...\nwait 20s\n", "7.0",
      { "lost-write/takeover" } },
    { "a replica that was behind is elected",
      CLUSTER WORKLOAD "\nwait 2s\npartition a1 b1..b6\nwait 1s\nkill a1\nwait 20s\n", "7.0",
      { "lost-write/failover" } },
    { "the side that was cut off is demoted",
      CLUSTER WORKLOAD "\nwait 2s\npartition a1 a2..a3,b1..b6\nb2> CLUSTER FAILOVER TAKEOVER\n= OK\n"
      "wait 10s\nheal\nwait 20s\n", "7.0",
      { "lost-write/demotion" } },
    { "a node that was forgotten returns",
      CLUSTER "a1> CLUSTER FORGET $b6.id\n= OK\nwait 70s\n", "7.0",
      { "forgotten-returns/ban-over replica" } },
    { "a master restarted empty",
      UNSAVED WORKLOAD "\nwait 3s\nkill a1\nwait 200ms\nstart a1\nwait 20s\n", "7.0",
      { "lost-write/restarted-empty" } },
    { "a master restarted empty, and what WAIT confirmed",
      UNSAVED WORKLOAD "wait 2 500ms\nwait 3s\nkill a1\nwait 200ms\nstart a1\nwait 20s\n", "7.0",
      { "lost-write/restarted-empty", "lost-confirmed/restarted-empty" } },
    { "a replica that was behind is promoted, and what was read back",
      CLUSTER WORKLOAD "tag a reread 500ms\nwait 2s\nlatency A B 1200ms\nwait 3s\nkill a1..a3\nwait 200ms\n"
      "b1..b3> CLUSTER FAILOVER TAKEOVER\n= ...\nwait 20s\n", "7.0",
      { "lost-write/takeover", "lost-read/takeover" } },
    { "a replica that was behind is elected, and what was read back",
      CLUSTER WORKLOAD "reread 500ms\nwait 2s\npartition a1 b1..b6\nwait 1s\nkill a1\nwait 20s\n", "7.0",
      { "lost-write/failover", "lost-read/failover", "wrong-value/failover" } },
    { "the side that was cut off is demoted, and what was read back",
      CLUSTER WORKLOAD "reread 500ms\nwait 2s\npartition a1 a2..a3,b1..b6\nb2> CLUSTER FAILOVER TAKEOVER\n= OK\n"
      "wait 10s\nheal\nwait 20s\n", "7.0",
      { "lost-write/demotion", "lost-read/demotion" } },
    { "a master restarted empty, and what was read back",
      UNSAVED WORKLOAD "reread 300ms\nwait 3s\nkill a1\nwait 200ms\nstart a1\nwait 20s\n", "7.0",
      { "lost-read/restarted-empty", "wrong-value/restarted-empty" } },
    { "a replica without what WAIT confirmed is promoted",
      CLUSTER WORKLOAD "tag a wait 1 500ms\nwait 2s\npartition a3 b1\nwait 500ms\nkill a3\nwait 200ms\n"
      "b1> CLUSTER FAILOVER TAKEOVER\n= OK\nwait 20s\n", "7.0",
      { "lost-confirmed/takeover" } },
    { "a replica without what WAIT confirmed is elected",
      CLUSTER WORKLOAD "tag a wait 1 500ms\nwait 2s\npartition a3 b1\nwait 1s\nkill a3, b6\nwait 20s\n", "7.0",
      { "lost-confirmed/failover" } },
    { "a side that was cut off confirms, and is demoted",
      CLUSTER WORKLOAD "wait 1 500ms\nwait 2s\npartition a1,b2 a2..a3,b1,b3..b6\nb3> CLUSTER FAILOVER TAKEOVER\n= OK\n"
      "wait 10s\nheal\nwait 20s\n", "7.0",
      { "lost-confirmed/demotion" } },
    { "a master comes back with less than WAIT confirmed",
      CLUSTER WORKLOAD "wait 2 500ms reread 300ms\nwait 1s\na1> BGSAVE\n= ...\nwait 2s\nkill a1\nwait 200ms\nstart a1\nwait 20s\n", "7.0",
      { "lost-write/restart", "lost-confirmed/restart", "lost-read/restart" } },
    { "a client deletes what others wrote",
      CLUSTER WORKLOAD "only writes wait 1 500ms reread 500ms\nwait 3s\nworkload w stop\nwait 1s\n"
      "a1..a3> FLUSHALL\n= ...\nwait 5s\n", "7.0",
      { "lost-write/deleted", "lost-confirmed/deleted", "lost-read/deleted" } },
    { "a client deletes what others read",
      CLUSTER WORKLOAD "only writes reread 300ms\nwait 3s\na1..a3> FLUSHALL\n= ...\nwait 5s\n", "7.0",
      { "lost-write/deleted", "wrong-value/deleted" } },
    { "a stale nodes.conf",
      CLUSTER "keep conf a1\nkill a1\nwait 15s\nstart a1\nwait 5s\nkill a1\nrestore conf a1\nstart a1\nwait 20s\n", "7.0",
      { "epoch-falls/stale-conf master" } },
};
/* clang-format on */

static void ignore(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg, (void)bytes, (void)size_bytes;
}

static void classified(void **state)
{
    const struct row *row = *state;
    struct rcs_diag diag;
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, "hazard", row->text, strlen(row->text), NULL, NULL, &diag) !=
        RCS_OK) {
        fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
    }
    const struct rcs_run_options options = {
        .seed = 1, .has_seed = true, .redis = row->redis, .quiet = true, .print = ignore
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    assert_non_null(run);
    while (rcs_run_turn(run, 4096) == RCS_RUN_MORE) {
    }
    if (rcs_run_error(run, &diag) != RCS_OK) {
        fail_msg("%u: %s", diag.line, diag.text);
    }
    struct rcs_check *check = rcs_check_of(rcs_run_sim(run));
    rcs_check_data(check, rcs_run_sim(run));
    bool met[4] = { false };
    struct rcs_check_finding found;
    for (unsigned i = 0; rcs_check_found(check, i, &found); i++) {
        print_message("%llu times: %s [%s]\n", (unsigned long long)found.count, found.text,
                      found.fingerprint);
        if (found.permit == NULL) {
            fail_msg("a breach");
        }
        for (unsigned w = 0; w < 4 && row->wants[w] != NULL; w++) {
            met[w] |= strncmp(found.fingerprint, row->wants[w], strlen(row->wants[w])) == 0;
        }
    }
    for (unsigned w = 0; w < 4 && row->wants[w] != NULL; w++) {
        if (!met[w]) {
            fail_msg("no %s", row->wants[w]);
        }
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
}

int main(void)
{
    struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = classified,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
