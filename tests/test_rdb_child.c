/* The child that writes the data set, of a whole node: what starts it, what it keeps waiting, what
 * kills it. Lines are those of the recorded servers, in their order. */
#include "tests/support/repl_lab.h"

static void save_points_start_a_child(void **state)
{
    (void)state;
    static const char *const settings[] = { "save", "20 3", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET a 1");
    lab_ask(lab, 0, "SET b 1");
    lab_run(lab, 22000);
    lab_expect_silence(lab, 0); /* two changes are not three */
    lab_ask(lab, 0, "SET c 1");
    lab_run(lab, 300);
    static const char saved[] = "M * 3 changes in 20 seconds. Saving...\n"
                                "M * Background saving started by pid ~\n"
                                "C * DB saved on disk\n"
                                "C * Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB\n"
                                "M * Background saving terminated with success\n";
    lab_expect_log(lab, 0, saved);
    lab_ask(lab, 0, "SET a 1");
    lab_ask(lab, 0, "SET b 1");
    lab_ask(lab, 0, "SET c 1");
    lab_run(lab, 19500);
    lab_expect_silence(lab, 0); /* more than 20 seconds must have gone by */
    lab_run(lab, 2000);
    lab_expect_log(lab, 0, saved);
    lab_run(lab, 30000);
    lab_expect_silence(lab, 0);
    lab_free(lab);
}

/* Its end comes before the next tick, which would notice it: the signal then finds nobody. */
static void a_child_that_has_ended_cannot_be_killed(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, NULL);
    struct rcs_node *node = lab_node(lab, 0);
    lab_run(lab, 50); /* the next tick is far */
    lab_ask(lab, 0, "BGSAVE");
    while (lab_repl(lab, 0)->child.phase != RCS_CHILD_EXITING) {
        lab_run_us(lab, 100);
    }
    rcs_us due_us = lab_repl(lab, 0)->child.due_us;
    while (node->now_us < due_us) {
        lab_ask(lab, 0, "PING");
    }
    assert_int_equal(lab_repl(lab, 0)->child.phase, RCS_CHILD_EXITING);
    lab_forget_log(lab, 0);
    rcs_child_kill(node);
    lab_run(lab, 200);
    lab_expect_log(lab, 0, "M * Background saving terminated with success\n");
    lab_free(lab);
}

/* Redis 7.0.15 in this order: the empty data set is on disk before the child's end is seen. */
static void flushall_kills_the_child_and_saves_what_is_left(void **state)
{
    (void)state;
    static const char *const settings[] = { "save", "3600 1", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET k v");
    lab_ask(lab, 0, "BGSAVE");
    while (lab_repl(lab, 0)->child.phase != RCS_CHILD_WRITING) {
        lab_run_us(lab, 100);
    }
    lab_forget_log(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "FLUSHALL"), "+OK\r\n");
    lab_run(lab, 200);
    lab_expect_log(lab, 0,
                   "M * DB saved on disk\n"
                   "M # Background saving terminated by signal 10\n");
    lab_kill(lab, 0);
    lab_start(lab, 0, false);
    assert_int_equal(rcs_node_keys(lab_node(lab, 0)), 0);
    lab_free(lab);
}

static void a_killed_child_ends_the_syncs_that_waited_for_it(void **state)
{
    (void)state;
    static const char *const settings[] = { "repl-diskless-sync", "no", NULL };
    struct lab *lab = lab_of(NULL, settings);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "SET k v");
    lab_replicate(lab, 1, 0);
    while (lab_repl(lab, 0)->child.phase != RCS_CHILD_WRITING) {
        lab_run_us(lab, 100);
    }
    lab_forget_log(lab, 0);
    lab_ask(lab, 0, "FLUSHALL");
    for (int i = 0; i < 3000 && lab_repl(lab, 0)->replica_count > 0; i++) {
        lab_run_us(lab, 100);
    }
    lab_expect_log(lab, 0,
                   "M # Background saving terminated by signal 10\n"
                   "M # SYNC failed. BGSAVE child returned an error\n"
                   "M # Connection with replica 127.0.0.1:7001 lost.\n");
    lab_run(lab, 3000);
    assert_true(rcs_node_master_link_up(lab_node(lab, 1))); /* it asks again */
    lab_free(lab);
}

static void an_append_only_file_waits_for_the_child_of_a_save(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, NULL);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "BGSAVE");
    lab_forget_log(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "CONFIG SET appendonly yes"), "+OK\r\n");
    lab_run(lab, 500);
    lab_expect_log(lab, 0,
                   "M # AOF was enabled but there is already another background operation. An AOF "
                   "background was scheduled to start when possible.\n"
                   "C * DB saved on disk\n"
                   "C * Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB\n"
                   "M * Background saving terminated with success\n"
                   "M * Creating AOF incr file temp-appendonly.aof.incr on background rewrite\n"
                   "M * Background append only file rewriting started by pid ~\n");
    lab_free(lab);
}

static void an_append_only_file_switched_off_kills_its_child(void **state)
{
    (void)state;
    struct lab *lab = lab_of(NULL, NULL);
    lab_own_slots(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "CONFIG SET appendonly yes"), "+OK\r\n");
    lab_forget_log(lab, 0);
    assert_string_equal(lab_ask(lab, 0, "CONFIG SET appendonly no"), "+OK\r\n");
    lab_run(lab, 500);
    lab_expect_log(lab, 0, "M * Killing running AOF rewrite child: ~\n");
    lab_expect_silence(lab, 0);
    lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_points_start_a_child),
        cmocka_unit_test(a_child_that_has_ended_cannot_be_killed),
        cmocka_unit_test(flushall_kills_the_child_and_saves_what_is_left),
        cmocka_unit_test(a_killed_child_ends_the_syncs_that_waited_for_it),
        cmocka_unit_test(an_append_only_file_waits_for_the_child_of_a_save),
        cmocka_unit_test(an_append_only_file_switched_off_kills_its_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
