/* A master is stopped, its replica takes over, and it comes back: step by step as real servers did
 * it. What is compared: support/within.h. */
#include "tests/support/lab.h"
#include "tests/support/support.h"

static const char *const left_out[] = {
    /* A node calls those it was told to meet in its next tick. The one of master-01 came 1 ms
     * before this picture, a chance of one in a hundred. */
    "after \"join members, at once after\"",
    NULL,
};

/* Of the removed master no log was kept: in the recording the new node's stands in its place. */
static void drop_first_life(struct recording *played)
{
    struct recorded_log *log = &played->logs[0];
    unsigned kept = 0;
    for (unsigned i = 0; i < log->count; i++) {
        if (log->lines[i].at_ms < played->start_ms[0]) {
            free(log->lines[i].text);
        } else {
            log->lines[kept++] = log->lines[i];
        }
    }
    log->count = kept;
}

static const struct lab lab = {
    .name = "seed2", .left_out = left_out, .runs = 40, .prepare = drop_first_life
};

static void the_recording_lies_within(void **state)
{
    (void)state;
    lab_holds(&lab);
}

static void the_failover_takes_its_time(void **state)
{
    (void)state;
    lab_failover_times(&lab, true);
}

/* --- the comparison notices ------------------------------------------------------------------- */

static void change_moved(struct recording *recorded)
{
    lab_edit_reply(recorded, "SET foo bar", "MOVED 12182 $a3.addr", "MOVED 12182 $a2.addr");
}

static void change_redirection(struct recording *recorded)
{
    lab_edit_reply(recorded, "SET foo bar", "to slot [12182]", "to slot [12183]");
}

static void change_datum(struct recording *recorded)
{
    lab_edit_reply(recorded, "GET foo", "\"bar\"", "(nil)");
}

static void change_noaddr(struct recording *recorded)
{
    lab_edit_reply(recorded, "CLUSTER NODES", ":0@0 master,fail,noaddr", ":0@0 master,noaddr");
}

static void change_known(struct recording *recorded)
{
    lab_edit_reply(recorded, "CLUSTER INFO", "cluster_known_nodes:7", "cluster_known_nodes:6");
}

static void change_slots(struct recording *recorded)
{
    strcpy(recorded->views[recorded->view_count - 1].entries[0].slots, "0-5499");
}

static void drop_line(struct recording *recorded)
{
    lab_drop_line(recorded, "a3", "Cluster state changed: fail");
}

static void swap_lines(struct recording *recorded)
{
    lab_swap_line(recorded, "a4", "Cluster state changed: fail");
}

static void move_line(struct recording *recorded)
{
    lab_line(recorded, "a1", "Full resync from master")->at_ms += 4000;
}

static void changes_are_noticed(void **state)
{
    (void)state;
    lab_notices(&lab, change_moved, NULL, "SET foo bar: recorded \"(error) MOVED 12182 $a2.addr");
    lab_notices(&lab, change_redirection, NULL,
                "redirected: recorded \"-> Redirected to slot [12183]");
    lab_notices(&lab, change_datum, NULL, "GET foo: recorded \"(nil)");
    lab_notices(&lab, change_noaddr, NULL, "noaddr: recorded \":0@0 master,noaddr");
    lab_notices(&lab, change_known, NULL, "cluster_known_nodes: recorded \"6\"");
    lab_notices(&lab, change_slots, NULL, "slots: recorded \"0-5499\"");
    lab_notices(&lab, drop_line, NULL, "log of a3: M # Cluster state changed: fail: recorded \"\"");
    lab_notices(&lab, swap_lines, NULL, "log of a4: ");
    lab_notices(&lab, move_line, NULL,
                "Full resync from master: #:#: recorded after 4001 ms, here never");
}

static void rules_switched_off_are_noticed(void **state)
{
    (void)state;
    lab_notices(&lab, NULL, "rule-off epoch-collision\n", "cluster_current_epoch: recorded \"5\"");
    lab_notices(&lab, NULL, "rule-off fail-quorum\n",
                "log of a4: failed: $a1.id: recorded \"once\"");
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
    return cmocka_run_group_tests_name("seed2", tests, NULL, NULL);
}
