/* Bugs planted in nodes are found, each by its invariant; without them nothing is, in the same
 * runs. */
#include <stdlib.h>

#include <rcsim/check.h>
#include <rcsim/scenario.h>

#include "sim/cluster/planted.h"
#include "tests/support/support.h"

enum rcs_planted rcs_planted;

/* a1..a5 masters, b1..b5 their replicas, which are slow to hear of each other, so that two of them
 * stand for one epoch. */
#define CLUSTER                                                                                    \
    "cluster-node-timeout 2000\nsave \"\"\nrepl-diskless-sync-delay 0\n"                           \
    "site A a1..a5\nsite B b1..b5\nlatency A A 1ms\nlatency A B 60ms\nlatency B B 200ms\n"         \
    "wait 1s\ncli --cluster create a1..a5 b1..b5 --cluster-replicas 1 --cluster-yes\n"             \
    "= ...\nawait state ok on all within 40s\nawait link up on b1..b5 within 40s\nwait 10s\n"
#define TWO_FAIL CLUSTER "kill a1..a2\nwait 20s\nstart a1..a2\nwait 20s\n"

#define SEEDS 12

struct outcome {
    unsigned of[RCS_INVARIANT_COUNT]; /* breaches, by runs */
    unsigned breaches;
    char fingerprint[128]; /* of the first */
};

static void ignore(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg, (void)bytes, (void)size_bytes;
}

static void play(enum rcs_planted bug, const char *text, uint64_t seed, struct outcome *out)
{
    struct rcs_diag diag;
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, "planted", text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
    }
    rcs_planted = bug;
    const struct rcs_run_options options = {
        .seed = seed, .has_seed = true, .quiet = true, .print = ignore
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    assert_non_null(run);
    while (rcs_run_turn(run, 4096) == RCS_RUN_MORE) {
    }
    if (rcs_run_error(run, &diag) != RCS_OK) {
        fail_msg("%u: %s", diag.line, diag.text);
    }
    struct rcs_check *check = rcs_check_of(rcs_run_sim(run));
    rcs_check_healed(check, rcs_run_sim(run));
    struct rcs_check_finding found;
    for (unsigned i = 0; rcs_check_found(check, i, &found); i++) {
        if (found.permit != NULL) {
            continue;
        }
        if (getenv("CHECK_TELL") != NULL) {
            print_message("%s [%s]\n", found.text, found.fingerprint);
        }
        if (out->breaches++ == 0) {
            snprintf(out->fingerprint, sizeof(out->fingerprint), "%s", found.fingerprint);
        }
        out->of[found.invariant]++;
    }
    rcs_planted = RCS_PLANTED_NONE;
    rcs_run_free(run);
    rcs_scenario_free(scenario);
}

static void sound(void **state)
{
    (void)state;
    struct outcome outcome = { .breaches = 0 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        play(RCS_PLANTED_NONE, TWO_FAIL, seed, &outcome);
    }
    assert_string_equal(outcome.fingerprint, "");
    assert_int_equal(outcome.breaches, 0);
}

struct row {
    const char *name;
    enum rcs_planted bug;
    enum rcs_invariant invariant;
};
static const struct row rows[] = {
    { "a double vote", RCS_PLANTED_DOUBLE_VOTE, RCS_INVARIANT_DOUBLE_VOTE },
    { "an epoch that falls", RCS_PLANTED_EPOCH_FALLS, RCS_INVARIANT_EPOCH_FALLS },
    { "a vote before the disk", RCS_PLANTED_VOTE_UNSAVED, RCS_INVARIANT_VOTE_UNSAVED },
    { "a slot kept after a lost claim", RCS_PLANTED_SLOT_KEPT, RCS_INVARIANT_SLOT_OWNERS },
    { "a FAIL without quorum", RCS_PLANTED_FAIL_ALONE, RCS_INVARIANT_FAIL_QUORUM },
};

static void caught(void **state)
{
    const struct row *row = *state;
    struct outcome outcome = { .breaches = 0 };
    for (uint64_t seed = 1; seed <= SEEDS && outcome.of[row->invariant] == 0; seed++) {
        play(row->bug, TWO_FAIL, seed, &outcome);
    }
    if (outcome.of[row->invariant] == 0) {
        fail_msg("not found; the first breach was %s", outcome.fingerprint);
    }
}

int main(void)
{
    struct CMUnitTest tests[1 + sizeof(rows) / sizeof(rows[0])] = {
        cmocka_unit_test(sound),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tests[i + 1] = (struct CMUnitTest){ .name = rows[i].name,
                                            .test_func = caught,
                                            .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
