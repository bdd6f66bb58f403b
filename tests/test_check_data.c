/* Checks of what clients see: what holds, and what breaks it. */
#include "tests/support/check_lab.h"

/* A write that A had a second ago. */
static struct rcs_check_write of_A(const struct check_lab *lab, bool confirmed,
                                   enum rcs_check_way way)
{
    return (struct rcs_check_write){ .node = A,
                                     .at_us = lab->now - RCS_S(1),
                                     .confirmed = confirmed,
                                     .reread = confirmed,
                                     .way = way };
}

static void lose(struct check_lab *lab, bool confirmed, enum rcs_check_way way)
{
    struct rcs_check_write write = of_A(lab, confirmed, way);
    rcs_check_lost(lab->check, &write);
}

/* Another gives less. */
static void stale(struct check_lab *lab, int node, enum rcs_check_way way)
{
    struct rcs_check_write write = of_A(lab, false, way);
    rcs_check_stale(lab->check, &write, node, lab->now);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void nothing_lost(struct check_lab *lab)
{
    check_fact_at(lab, D, "promoted", A, 0);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void lost(struct check_lab *lab)
{
    lose(lab, false, RCS_WAY_NONE);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void lost_confirmed(struct check_lab *lab)
{
    lose(lab, true, RCS_WAY_NONE);
    lost(lab); /* that is another finding */
}

/* What happened to A since it acknowledged, to B meanwhile, and to A before. */
#define SINCE(name, ...)                                                                           \
    static void lost_by_##name(struct check_lab *lab)                                              \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        lost(lab);                                                                                 \
    }                                                                                              \
    static void confirmed_by_##name(struct check_lab *lab)                                         \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        lost_confirmed(lab);                                                                       \
    }                                                                                              \
    static void stale_by_##name(struct check_lab *lab)                                             \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        stale(lab, D, RCS_WAY_NONE);                                                               \
    }                                                                                              \
    static void lost_before_##name(struct check_lab *lab)                                          \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        lab->now += RCS_S(2);                                                                      \
        lost(lab);                                                                                 \
    }
#define BOOT(node, keys) (void)check_fact_of(lab, node, "boot", -1, keys, 0)

static void promoted_for(struct check_lab *lab, int master)
{
    check_save(lab, D, 5, 0, true);
    REQUEST(D, 6);
    CAME(A, 6);
    CAME(B, 6);
    WON(D, 6);
    check_fact_at(lab, D, "promoted", master, 0);
    check_fact_at(lab, A, "follows", D, 0); /* comes after it */
}

/* By an older nodes.conf. */
static void begins_a_replica(struct check_lab *lab, unsigned node)
{
    check_put_conf(lab, node);
    rcs_check_ended(lab->check, lab->now, node);
    check_start(lab, node, false, 5, 0);
}

SINCE(failover, promoted_for(lab, A))
SINCE(others_failover, check_fact_at(lab, D, "promoted", C, 0))
SINCE(takeover, check_fact(lab, D, "takeover"), check_fact_at(lab, D, "promoted", A, 0))
SINCE(restart, RESTART(A, 5, 0), BOOT(A, 7))
SINCE(empty, RESTART(A, 5, 0), BOOT(A, 0), promoted_for(lab, A))
SINCE(stale, check_put_conf(lab, A), RESTART(A, 5, 0), BOOT(A, 7))
SINCE(replica_again, MASTER(A, 5), begins_a_replica(lab, A), BOOT(A, 7))
SINCE(reset, check_fact(lab, A, "reset"))
SINCE(slots, check_fact(lab, A, "keys-dropped"), check_fact(lab, A, "keys-dropped"))
SINCE(demotion, check_fact_at(lab, A, "follows", B, 0))
SINCE(others_demotion, check_fact_at(lab, B, "follows", A, 0))

/* Who looked into the data knows better than the order of events. */
static void lost_as_seen(struct check_lab *lab)
{
    check_fact_at(lab, D, "promoted", A, 0);
    lose(lab, false, RCS_WAY_EMPTY);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void stale_as_seen(struct check_lab *lab)
{
    check_fact_at(lab, D, "promoted", A, 0);
    stale(lab, D, RCS_WAY_EMPTY);
}

static void lost_to_two_owners(struct check_lab *lab)
{
    lose(lab, true, RCS_WAY_OWNERS);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void lost_to_a_client(struct check_lab *lab)
{
    lose(lab, true, RCS_WAY_DELETED);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void stale_by_a_client(struct check_lab *lab)
{
    stale(lab, A, RCS_WAY_DELETED);
}

/* A took it after its place was taken, and D has it not; A is not asked any more. */
static void stale_after_failover(struct check_lab *lab)
{
    promoted_for(lab, A);
    lab->now += RCS_S(2);
    stale(lab, D, RCS_WAY_NONE);
}

/* The same the other way round: D's place was taken, and it has yet to hear of it. */
static void stale_at_the_replaced(struct check_lab *lab)
{
    check_fact_at(lab, A, "promoted", D, 0);
    lab->now += RCS_S(2);
    stale(lab, D, RCS_WAY_NONE);
}

/* A itself gives less than it acknowledged, and nobody else does. */
static void stale_at_the_same(struct check_lab *lab)
{
    promoted_for(lab, A);
    lab->now += RCS_S(2);
    stale(lab, A, RCS_WAY_NONE);
}

/* What happens after the read explains nothing. */
static void stale_before_restart(struct check_lab *lab)
{
    struct rcs_check_write write = of_A(lab, false, RCS_WAY_NONE);
    rcs_us read_us = lab->now;
    lab->now += RCS_S(2);
    RESTART(A, 5, 0);
    BOOT(A, 7);
    rcs_check_stale(lab->check, &write, D, read_us);
    rcs_check_writes(lab->check, lab->now, 0, -1);
}

static void stale_for_nothing(struct check_lab *lab)
{
    stale(lab, D, RCS_WAY_NONE);
}

static void wrong(struct check_lab *lab)
{
    check_fact_at(lab, D, "promoted", A, 0);
    rcs_check_writes(lab->check, lab->now, 1, A);
}

/* Each way has its own finding, with the number of its writes; asked again, it is the number of
 * then. */

/* clang-format off */
static const struct check_row rows[] = {
    ROW("writes: none lost", nothing_lost, 70, HOLDS, NULL),
    ROW("writes: lost, and nothing happened", lost, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a failover", lost_by_failover, 70, RCS_INVARIANT_LOST_WRITE, "failover"),
    ROW_WITH("writes: confirmed and read, and lost by a failover", confirmed_by_failover, 70, RCS_INVARIANT_LOST_WRITE, "failover", .confirmed = true),
    ROW("writes: lost after a failover", lost_before_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a TAKEOVER", lost_by_takeover, 70, RCS_INVARIANT_LOST_WRITE, "takeover"),
    ROW_WITH("writes: confirmed and read, and lost by a TAKEOVER", confirmed_by_takeover, 70, RCS_INVARIANT_LOST_WRITE, "takeover", .confirmed = true),
    ROW("writes: lost after a TAKEOVER", lost_before_takeover, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a restart", lost_by_restart, 70, RCS_INVARIANT_LOST_WRITE, "restart"),
    ROW_WITH("writes: confirmed and read, and lost by a restart", confirmed_by_restart, 70, RCS_INVARIANT_LOST_WRITE, "restart", .confirmed = true),
    ROW("writes: lost after a restart", lost_before_restart, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a restart without data", lost_by_empty, 70, RCS_INVARIANT_LOST_WRITE, "restarted-empty"),
    ROW_WITH("writes: confirmed and read, and lost by a restart without data", confirmed_by_empty, 70, RCS_INVARIANT_LOST_WRITE, "restarted-empty", .confirmed = true),
    ROW("writes: lost after a restart without data", lost_before_empty, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a stale nodes.conf", lost_by_stale, 70, RCS_INVARIANT_LOST_WRITE, "stale-conf"),
    ROW_WITH("writes: confirmed and read, and lost by a stale nodes.conf", confirmed_by_stale, 70, RCS_INVARIANT_LOST_WRITE, "stale-conf", .confirmed = true),
    ROW("writes: lost after a stale nodes.conf", lost_before_stale, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a stale nodes.conf of a replica", lost_by_replica_again, 74, RCS_INVARIANT_LOST_WRITE, "stale-conf"),
    ROW_WITH("writes: confirmed and read, and lost by a stale nodes.conf of a replica", confirmed_by_replica_again, 74, RCS_INVARIANT_LOST_WRITE, "stale-conf", .confirmed = true),
    ROW("writes: lost after a stale nodes.conf of a replica", lost_before_replica_again, 74, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by RESET", lost_by_reset, 70, RCS_INVARIANT_LOST_WRITE, "reset"),
    ROW_WITH("writes: confirmed and read, and lost by RESET", confirmed_by_reset, 70, RCS_INVARIANT_LOST_WRITE, "reset", .confirmed = true),
    ROW("writes: lost after RESET", lost_before_reset, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a slot given up", lost_by_slots, 70, RCS_INVARIANT_LOST_WRITE, "slots-given-up"),
    ROW_WITH("writes: confirmed and read, and lost by a slot given up", confirmed_by_slots, 70, RCS_INVARIANT_LOST_WRITE, "slots-given-up", .confirmed = true),
    ROW("writes: lost after a slot given up", lost_before_slots, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by a demotion", lost_by_demotion, 70, RCS_INVARIANT_LOST_WRITE, "demotion"),
    ROW_WITH("writes: confirmed and read, and lost by a demotion", confirmed_by_demotion, 70, RCS_INVARIANT_LOST_WRITE, "demotion", .confirmed = true),
    ROW("writes: lost after a demotion", lost_before_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by another's failover", lost_by_others_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW_WITH("writes: confirmed and read, and lost by another's failover", confirmed_by_others_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH, .confirmed = true),
    ROW("writes: lost after another's failover", lost_before_others_failover, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW("writes: lost by another's demotion", lost_by_others_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW_WITH("writes: confirmed and read, and lost by another's demotion", confirmed_by_others_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH, .confirmed = true),
    ROW("writes: lost after another's demotion", lost_before_others_demotion, 70, RCS_INVARIANT_LOST_WRITE, BREACH),
    ROW_WITH("writes: confirmed and read, and lost to another owner", lost_to_two_owners, 70, RCS_INVARIANT_LOST_WRITE, "two-owners", .confirmed = true),
    ROW("writes: lost as was seen", lost_as_seen, 70, RCS_INVARIANT_LOST_WRITE, "restarted-empty"),
    ROW_WITH("writes: confirmed and read, and lost to a client", lost_to_a_client, 70, RCS_INVARIANT_LOST_WRITE, "deleted", .confirmed = true),
    ROW("reads: what nobody wrote", wrong, 70, RCS_INVARIANT_WRONG_VALUE, BREACH),
    ROW("reads: less, by a failover", stale_by_failover, 70, RCS_INVARIANT_WRONG_VALUE, "failover"),
    ROW("reads: less, by a TAKEOVER", stale_by_takeover, 70, RCS_INVARIANT_WRONG_VALUE, "takeover"),
    ROW("reads: less, after a restart", stale_by_restart, 70, RCS_INVARIANT_WRONG_VALUE, "restart"),
    ROW("reads: less, after a restart without data", stale_by_empty, 70, RCS_INVARIANT_WRONG_VALUE, "restarted-empty"),
    ROW("reads: less, after a stale nodes.conf", stale_by_stale, 70, RCS_INVARIANT_WRONG_VALUE, "stale-conf"),
    ROW("reads: less, after a stale nodes.conf of a replica", stale_by_replica_again, 70, RCS_INVARIANT_WRONG_VALUE, "stale-conf"),
    ROW("reads: less, after RESET", stale_by_reset, 70, RCS_INVARIANT_WRONG_VALUE, "reset"),
    ROW("reads: less, of a slot given up", stale_by_slots, 70, RCS_INVARIANT_WRONG_VALUE, "slots-given-up"),
    ROW("reads: less, after a stale nodes.conf of a replica", stale_by_replica_again, 74, RCS_INVARIANT_WRONG_VALUE, "stale-conf"),
    ROW("reads: less, after a demotion", stale_by_demotion, 70, RCS_INVARIANT_WRONG_VALUE, "demotion"),
    ROW("reads: less, as was seen", stale_as_seen, 70, RCS_INVARIANT_WRONG_VALUE, "restarted-empty"),
    ROW("reads: less, of what a client deleted", stale_by_a_client, 70, RCS_INVARIANT_WRONG_VALUE, "deleted"),
    ROW("reads: less, of who took the place of who wrote", stale_after_failover, 70, RCS_INVARIANT_WRONG_VALUE, "two-owners"),
    ROW("reads: less, of who was replaced", stale_at_the_replaced, 70, RCS_INVARIANT_WRONG_VALUE, "two-owners"),
    ROW("reads: less, and nothing happened", stale_for_nothing, 70, RCS_INVARIANT_WRONG_VALUE, BREACH),
    ROW("reads: less, of who wrote it, after a failover", stale_at_the_same, 70, RCS_INVARIANT_WRONG_VALUE, BREACH),
    ROW("reads: less, before a restart", stale_before_restart, 70, RCS_INVARIANT_WRONG_VALUE, BREACH),
    ROW("reads: less, after another's failover", stale_by_others_failover, 70, RCS_INVARIANT_WRONG_VALUE, BREACH),
    ROW("reads: less, after another's demotion", stale_by_others_demotion, 70, RCS_INVARIANT_WRONG_VALUE, BREACH),
};
/* clang-format on */

/* --- more than a row ------------------------------------------------------------------------- */

static void ways(void **state)
{
    (void)state;
    struct check_lab of = check_lab_open(70), *lab = &of;
    check_fact_at(lab, D, "promoted", A, 0);
    for (unsigned again = 0; again < 2; again++) {
        for (unsigned i = 0; i < 5 - again; i++) {
            struct rcs_check_write write = {
                .node = A, .at_us = RCS_S(7), .confirmed = i == 0, .reread = i < 2
            };
            rcs_check_lost(lab->check, &write);
        }
        struct rcs_check_write given_up = { .node = B, .at_us = RCS_S(7), .way = RCS_WAY_SLOTS };
        struct rcs_check_write unexplained = { .node = B, .at_us = RCS_S(7) };
        rcs_check_lost(lab->check, &given_up);
        rcs_check_lost(lab->check, &unexplained);
        rcs_check_stale(lab->check, &given_up, B, lab->now);
        rcs_check_writes(lab->check, lab->now, 0, -1);
        static const struct {
            const char *fingerprint;
            uint64_t count;
        } want[] = { { "lost-write", 1 },
                     { "lost-write/failover", 5 },
                     { "lost-write/slots-given-up", 1 },
                     { "lost-confirmed/failover", 1 },
                     { "lost-read/failover", 2 },
                     { "wrong-value/slots-given-up", 1 } };
        struct rcs_check_finding found;
        for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
            assert_true(rcs_check_found(lab->check, i, &found));
            assert_string_equal(found.fingerprint, want[i].fingerprint);
            assert_int_equal(found.count, want[i].count - (i == 1 ? again : 0));
        }
        assert_false(rcs_check_found(lab->check, sizeof(want) / sizeof(want[0]), &found));
    }
    check_lab_close(lab);
}

/* The world looks into the data of those it is told of. */
static void looks(void **state)
{
    (void)state;
    struct check_lab of = check_lab_open(70), *lab = &of;
    assert_int_equal(check_fact_of(lab, D, "promoted", A, 0, 0), RCS_WAY_FAILOVER);
    assert_int_equal(check_fact_of(lab, A, "follows", D, 0, 0), RCS_WAY_DEMOTION);
    check_fact(lab, D, "takeover");
    assert_int_equal(check_fact_of(lab, D, "promoted", A, 0, 0), RCS_WAY_TAKEOVER);
    assert_int_equal(check_fact_of(lab, B, "boot", -1, 0, 0),
                     RCS_WAY_NONE); /* for the first time */
    RESTART(B, 5, 0);
    assert_int_equal(check_fact_of(lab, B, "boot", -1, 9, 0), RCS_WAY_RESTART);
    RESTART(B, 5, 0);
    assert_int_equal(check_fact_of(lab, B, "boot", -1, 0, 0), RCS_WAY_EMPTY);
    REPLICA(D, 6);
    RESTART(D, 5, 0);
    assert_int_equal(check_fact_of(lab, D, "boot", -1, 0, 0),
                     RCS_WAY_NONE); /* a replica is filled */
    check_lab_close(lab);
}

int main(void)
{
    const struct CMUnitTest more[] = { cmocka_unit_test(ways), cmocka_unit_test(looks) };
    return check_rows("check_data", rows, sizeof(rows) / sizeof(rows[0]), more, 2);
}
