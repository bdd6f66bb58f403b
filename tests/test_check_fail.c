/* Checks of who is called FAIL: what holds, and what breaks it. */
#include "tests/support/check_lab.h"

#define SUSPECTS(node) check_fact_at(lab, node, "pfail", C, 0)
#define FAILS(node)    check_fact_at(lab, node, "fail", C, 0)
#define SAYS_FAIL(node)                                                                            \
    check_say_about(lab, node, C, RCS_BUS_FAIL, (node) < 3 ? RCS_NODE_MASTER : RCS_NODE_REPLICA,   \
                    5, (node) < 3 ? (node) + 1 : 3)

static void two_suspect(struct check_lab *lab)
{
    SUSPECTS(A);
    SUSPECTS(B);
    FAILS(A);
    SAYS_FAIL(A);
}

static void one_suspects(struct check_lab *lab)
{
    SUSPECTS(A);
    FAILS(A);
}

static void one_says(struct check_lab *lab)
{
    SUSPECTS(A);
    SAYS_FAIL(A);
}

static void just_started(struct check_lab *lab)
{
    RESTART(A, 5, 0);
    MASTER(A, 5);
    one_suspects(lab);
}

/* What it hears from itself counts beside its own suspicion. */
static void hears_itself(struct check_lab *lab)
{
    check_say_to(lab, A, A, -1, RCS_BUS_PING, RCS_NODE_MASTER, 5, A + 1);
    one_suspects(lab);
}

static void a_replica_hears_itself(struct check_lab *lab)
{
    check_say_to(lab, D, D, -1, RCS_BUS_PING, RCS_NODE_REPLICA, 5, 3);
    SUSPECTS(D);
    FAILS(D);
}

static void a_replica_suspects(struct check_lab *lab)
{
    SUSPECTS(A);
    SUSPECTS(D);
    FAILS(A);
}

#define OLD_US (2 * RCS_MS(NT) + RCS_S(5)) /* what the last message may have brought */
static void suspected_just_now(struct check_lab *lab)
{
    SUSPECTS(B);
    check_fact_at(lab, B, "pfail-cleared", C, 0);
    lab->now += OLD_US;
    one_suspects(lab);
}

static void suspected_long_ago(struct check_lab *lab)
{
    SUSPECTS(B);
    check_fact_at(lab, B, "pfail-cleared", C, 0);
    lab->now += OLD_US + 1;
    one_suspects(lab);
}

static void suspected_before_a_cut(struct check_lab *lab)
{
    SUSPECTS(B);
    rcs_check_disturbed(lab->check, lab->now);
    check_fact_at(lab, B, "pfail-cleared", C, 0);
    lab->now += OLD_US + 1;
    one_suspects(lab);
}

/* clang-format off */
static const struct check_row rows[] = {
    ROW("FAIL: two of three suspect", two_suspect, 70, HOLDS, NULL),
    ROW("FAIL: one of three suspects", one_suspects, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH),
    ROW("FAIL: one of three suspects, but has yet to count them", just_started, 70, RCS_INVARIANT_FAIL_QUORUM, "uncounted-masters"),
    ROW("FAIL: one of three suspects, and takes itself for another", hears_itself, 70, RCS_INVARIANT_FAIL_QUORUM, "counted-twice"),
    ROW("FAIL: a replica takes itself for another, and counts neither", a_replica_hears_itself, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH),
    ROW("FAIL: one of three suspects, and says so", one_says, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH),
    ROW("FAIL: a replica's suspicion is none", a_replica_suspects, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH),
    ROW("FAIL: a suspicion that may just have come", suspected_just_now, 70, HOLDS, NULL),
    ROW("FAIL: a suspicion that is too old", suspected_long_ago, 70, RCS_INVARIANT_FAIL_QUORUM, BREACH),
    ROW("FAIL: a suspicion that was held up", suspected_before_a_cut, 70, HOLDS, NULL),
};
/* clang-format on */

int main(void)
{
    return check_rows("check_fail", rows, sizeof(rows) / sizeof(rows[0]), NULL, 0);
}
