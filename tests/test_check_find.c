/* What the checks keep of what they find, and how it is known again. */
#include "tests/support/check_lab.h"

static void fingerprint(void **state)
{
    (void)state;
    struct check_lab of = check_lab_open(70), *lab = &of;
    rcs_check_begin(lab->check);
    check_fact(lab, A, "takeover");
    check_fact(lab, A, "pfail"); /* no decision; nor is what a bystander does */
    check_fact(lab, A, "boot");
    check_fact(lab, A, "vote-granted");
    check_fact(lab, A, "epoch-bumped"); /* by it */
    check_fact(lab, A, "failover-forced");
    check_fact(lab, A, "failover-forced"); /* again: the same */
    MASTER(A, 6);
    MASTER(A, 5);
    struct rcs_check_finding found, later;
    assert_true(rcs_check_found(lab->check, 0, &found));
    assert_string_equal(found.fingerprint, "epoch-falls master,takeover,failover-forced");
    assert_string_equal(found.text, "at 160006000 us, node 0: its current epoch fell from 6 to 5");

    /* Another node, other numbers, later: the same. */
    check_fact(lab, B, "reset"); /* too old to matter */
    check_fact(lab, B, "takeover");
    check_fact(lab, B, "failover-forced");
    lab->now += RCS_S(1);
    MASTER(B, 9);
    MASTER(B, 2);
    assert_true(rcs_check_found(lab->check, 0, &later));
    assert_int_equal(later.count, 2);
    assert_false(rcs_check_found(lab->check, 1, &later));

    /* Another way there: another one. */
    check_fact(lab, C, "takeover");
    MASTER(C, 9);
    MASTER(C, 2);
    assert_true(rcs_check_found(lab->check, 1, &later));
    assert_string_equal(later.fingerprint, "epoch-falls master,takeover");
    check_lab_close(lab);
}

static void overflow(void **state)
{
    (void)state;
    struct check_lab lab = check_lab_open(70);
    static const char *const ways[] = { "takeover",        "epoch-bumped", "reset",
                                        "election-won",    "replicates",   "slots-deleted",
                                        "failover-forced", "boot" };
    struct rcs_check_finding found;
    unsigned count = 0;
    for (unsigned i = 0; i < 200; i++) {
        check_fact(&lab, A, ways[i % 8]);
        check_fact(&lab, A, ways[i / 8 % 8]);
        check_say(&lab, A, RCS_BUS_PING, i / 64 % 2 == 0 ? RCS_NODE_MASTER : RCS_NODE_REPLICA,
                  1000 - i, 1);
    }
    while (rcs_check_found(lab.check, count, &found)) {
        count++;
    }
    assert_true(count == 64);
    assert_true(rcs_check_left_out(lab.check) > 0);
    check_lab_close(&lab);
}

static void series(void **state)
{
    (void)state;
    assert_int_equal(rcs_check_series("Redis 3.0.7"), 30);
    assert_int_equal(rcs_check_series("Redis 6.2.16"), 62);
    assert_int_equal(rcs_check_series("Redis 7.0.15"), 70);
    assert_int_equal(rcs_check_series("Valkey 8.0.1"), RCS_SERIES_VALKEY + 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprint),
        cmocka_unit_test(overflow),
        cmocka_unit_test(series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
