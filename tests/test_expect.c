/* What a scenario expects: each condition holds, or what is there instead is said. */
#include "tests/support/play.h"
#include "tests/support/support.h"

#include "sim/scenario/expect.h"

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

static void a_reply_with_a_bar_in_it(void **state)
{
    (void)state;
    struct played played = play_held(PLAY_LONE "a1> ECHO \"a | b\"\n= \"a | b\"\n"
                                               "a1> PING\n= PING | PONG\n");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_hold_or_say_why_not),
        cmocka_unit_test(a_reply_with_a_bar_in_it),
        cmocka_unit_test(agreement_compares_whole_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
