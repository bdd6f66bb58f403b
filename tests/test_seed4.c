/* A master is stopped, its replica takes over, and it comes back: step by step as real servers did
 * it. What is compared: support/within.h. */
#include "tests/support/lab.h"
#include "tests/support/support.h"

static const char *const left_out[] = { NULL };

static const struct lab lab = { .name = "seed4", .left_out = left_out, .runs = 40 };

static void the_recording_lies_within(void **state)
{
    (void)state;
    lab_holds(&lab);
}

static void the_failover_takes_its_time(void **state)
{
    (void)state;
    lab_failover_times(&lab, false);
}

/* --- the comparison notices ------------------------------------------------------------------- */

static void change_plan(struct recording *recorded)
{
    lab_edit_reply(recorded, "--cluster create a1 a2 a3 a4 a5 a6 --cluster-replicas 1",
                   "Slots 5461 - 10922", "Slots 5461 - 10921");
}

static void change_check(struct recording *recorded)
{
    lab_edit_reply(recorded, "--cluster check a1", "5462 slots | 1 slaves",
                   "5462 slots | 0 slaves");
}

static void change_master(struct recording *recorded)
{
    lab_edit_reply(recorded, "CLUSTER NODES", "slave $a6.id", "slave $a4.id");
}

static void change_epoch(struct recording *recorded)
{
    struct recorded_view *view = &recorded->views[recorded->view_count - 1];
    for (unsigned i = 0; i < view->entry_count; i++) {
        view->entries[i].epoch = strcmp(view->entries[i].name, "a6") == 0 ? 0 : 5;
    }
}

static void change_offset(struct recording *recorded)
{
    struct recorded_line *line = lab_line(recorded, "a6", "Connection with master lost.");
    line->level = '*';
}

static void drop_line(struct recording *recorded)
{
    lab_drop_line(recorded, "a6", "Caching the disconnected master state.");
}

static void swap_lines(struct recording *recorded)
{
    lab_swap_line(recorded, "a6", "Setting secondary replication ID");
}

static void move_line(struct recording *recorded)
{
    lab_line(recorded, "a2", "Configuration change detected.")->at_ms += 2000;
}

static void changes_are_noticed(void **state)
{
    (void)state;
    lab_notices(&lab, change_plan, NULL, "Slots 5461 - 10921");
    lab_notices(&lab, change_check, NULL, "| 0 slaves");
    lab_notices(&lab, change_master, NULL,
                "CLUSTER NODES $a2.id: recorded \"$a2.addr@57403 slave $a4.id");
    lab_notices(&lab, change_epoch, NULL, "owners by epoch: recorded \"a6 a1 \"");
    lab_notices(&lab, change_offset, NULL, "log of a6: S * Connection with master lost.");
    lab_notices(&lab, drop_line, NULL, "Caching the disconnected master state.: recorded \"\"");
    lab_notices(&lab, swap_lines, NULL,
                "Setting secondary replication ID to #, valid up to offset");
    lab_notices(&lab, move_line, NULL, "Configuration change detected. Reconfiguring myself");
}

static void rules_switched_off_are_noticed(void **state)
{
    (void)state;
    lab_notices(&lab, NULL, "rule-off follow-claim\n", "on a2: master: recorded \"a6\"");
    lab_notices(&lab, NULL, "rule-off pfail\n", "log of a6: failed: $a2.id: recorded \"once\"");
    lab_notices(&lab, NULL, "cluster-replica-no-failover yes\n", "Failover election won");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recording_lies_within),
        cmocka_unit_test(the_failover_takes_its_time),
        cmocka_unit_test(changes_are_noticed),
        cmocka_unit_test(rules_switched_off_are_noticed),
    };
    return cmocka_run_group_tests_name("seed4", tests, NULL, NULL);
}
