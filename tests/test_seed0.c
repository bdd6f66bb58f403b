/* The takeover of two data centres, step by step as real servers did it. What is compared and what is
 * left to chance: support/agree.h. */
#include "tests/support/agree.h"
#include "tests/support/replay.h"
#include "tests/support/support.h"

#define RUNS 20

static void expect_agreement(const struct recording *recorded, const struct recording *ours, uint64_t seed)
{
    struct rcs_buf report;
    rcs_buf_init(&report);
    unsigned differences = agree(recorded, ours, &report);
    if (differences > 0) {
        print_error("seed %llu: %u differences\n%.*s", (unsigned long long)seed, differences,
                    (int)report.size_bytes, report.data);
    }
    rcs_buf_close(&report);
    assert_int_equal(differences, 0);
}

/* What can happen, but did not when it was recorded, and changes all that follows:
 *   - b1..b3 serve b4..b6 and are copied to from a1..a3 at the same time, both after a delay of 4 to 6 s. When
 *     the full copy arrives before or while the node's own RDB child runs, its replica is cut off and
 *     starts anew.
 *   - A sub-replica reconnects to its master that has taken over before it hears so, then hears of another
 *     TAKEOVER first and moves after all. */
static bool other_story(const struct recording *run)
{
    for (int node = 6; node < RECORDING_NODES; node++) {
        bool resynced = false;
        for (unsigned i = 0; i < run->logs[node].count; i++) {
            const struct recorded_line *line = &run->logs[node].lines[i];
            if (strstr(line->text, "there is a pending RDB child running") != NULL ||
                (line->at_ms < run->kill_ms && strstr(line->text, "Failed to read response") != NULL) ||
                (resynced && strstr(line->text, "I'm a sub-replica!") != NULL)) {
                return true;
            }
            resynced |= strstr(line->text, "Successful partial resynchronization") != NULL;
        }
    }
    return false;
}

static void run_agrees(void **state)
{
    const char *name = *state;
    struct recording *recorded = recording_load(name);
    char overrides[64];
    snprintf(overrides, sizeof(overrides), "cluster-node-timeout %d\n", (int)recorded->timeout_ms);
    unsigned agreed = 0, apart = 0, moved_otherwise = 0;
    for (uint64_t seed = 1; agreed < RUNS; seed++) {
        struct recording *ours = replay("seed0", recorded, overrides, seed);
        if (other_story(ours)) {
            apart++;
        } else {
            expect_agreement(recorded, ours, seed);
            moved_otherwise += agree_moves(ours) != agree_moves(recorded);
            agreed++;
        }
        recording_free(ours);
    }
    assert_in_range(apart, 0, RUNS);
    /* Recorded: two of three in 23 of 23 runs. Here now and then a TAKEOVER overtakes the one before. */
    assert_in_range(moved_otherwise, 0, RUNS / 5);
    recording_free(recorded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "seed0: twenty runs agree", run_agrees, NULL, NULL, (void *)(uintptr_t) "seed0" },
        { "seed0, node timeout 1000: twenty runs agree", run_agrees, NULL, NULL, (void *)(uintptr_t) "seed0_nt1000" },
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
