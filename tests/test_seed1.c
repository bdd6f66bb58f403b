/* The group that joins later, takes over and hands back, step by step as real servers did it: the
 * recording must lie within what the played runs show. What is compared: support/within.h. */
#include "tests/support/replay.h"
#include "tests/support/support.h"
#include "tests/support/within.h"

#define RUNS 40

static const char *const left_out[] = {
    /* The epochs of takeovers 2 ms apart, of which a real server first saves one to its disk. */
    "owners by epoch",
    /* A replica tries to reach its master once a second. The driver killed as soon as it saw the
     * links up, which that same tick had made: 6 ms before the next tick there, 6 behind it here.
     */
    "Connecting to MASTER",
    /* A child writes into its parent's log when the machine lets it. */
    "Fork CoW for RDB",
    /* A restarted replica hears of its master's new role and of its state in one packet or two. */
    "log of a4: S # Cluster state changed: fail: recorded behind",
    NULL,
};

static unsigned differences(const struct recording *recorded, const char *overrides, unsigned runs,
                            struct rcs_buf *report)
{
    struct recording *played[RUNS] = { NULL };
    for (unsigned i = 0; i < runs; i++) {
        played[i] = replay("seed1", recorded, overrides, i + 1);
    }
    unsigned count = within(recorded, played, runs, left_out, report);
    for (unsigned i = 0; i < runs; i++) {
        recording_free(played[i]);
    }
    return count;
}

static void the_recording_lies_within(void **state)
{
    (void)state;
    struct recording *recorded = recording_load("seed1");
    struct rcs_buf report;
    rcs_buf_init(&report);
    unsigned count = differences(recorded, NULL, RUNS, &report);
    if (count > 0) { /* more than cmocka's messages hold */
        fprintf(stderr, "%u differences\n%.*s", count, (int)report.size_bytes, report.data);
    }
    rcs_buf_close(&report);
    recording_free(recorded);
    assert_int_equal(count, 0);
}

/* --- the comparison notices ------------------------------------------------------------------- */

static void expect_noticed(const struct recording *recorded, const char *overrides,
                           const char *what)
{
    struct rcs_buf report;
    rcs_buf_init(&report);
    unsigned count = differences(recorded, overrides, 8, &report);
    rcs_buf_add(&report, "", 1);
    if (count == 0 || strstr(report.data, what) == NULL) {
        fail_msg("%s was not noticed among %u differences", what, count);
    }
    rcs_buf_close(&report);
}

static void a_changed_reply_flag_or_line(void **state)
{
    (void)state;
    struct recording *recorded = recording_load("seed1");
    for (unsigned i = 0; i < recorded->command_count; i++) {
        if (strcmp(recorded->commands[i].text, "FLUSHALL") == 0) {
            strcpy(recorded->commands[i].reply, "OK\n");
            break;
        }
    }
    struct recorded_view *view = &recorded->views[recorded->view_count - 1];
    strcpy(view->entries[0].flags, "master,fail");
    strcpy(recorded->logs[6].lines[recorded->logs[6].count / 2].text, "So");
    expect_noticed(recorded, NULL, "FLUSHALL: recorded \"OK");
    expect_noticed(recorded, NULL, "flags: recorded \"master,fail\"");
    expect_noticed(recorded, NULL, "log of b1: ");
    recording_free(recorded);
}

/* Old masters that find their slots taken do not follow the new owners. */
static void a_rule_switched_off(void **state)
{
    (void)state;
    struct recording *recorded = recording_load("seed1");
    expect_noticed(recorded, "rule-off follow-claim\n",
                   "after \"restart A with kept nodes.conf, 12 s later\" a1 on itself: replica");
    recording_free(recorded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recording_lies_within),
        cmocka_unit_test(a_changed_reply_flag_or_line),
        cmocka_unit_test(a_rule_switched_off),
    };
    return cmocka_run_group_tests_name("seed1", tests, NULL, NULL);
}
