#include "tests/support/check_lab.h"

#include <stdlib.h>

struct rcs_check_disk check_disk(const struct check_lab *lab, unsigned node, bool master,
                                 uint64_t epoch, uint64_t vote)
{
    return (struct rcs_check_disk){ .myself = lab->id[node],
                                    .master = master,
                                    .masters = 3,
                                    .known = NODES,
                                    .current_epoch = epoch,
                                    .last_vote_epoch = vote,
                                    .config_epoch = node + 1 };
}

void check_start(struct check_lab *lab, unsigned node, bool master, uint64_t epoch, uint64_t vote)
{
    struct rcs_check_disk found = check_disk(lab, node, master, epoch, vote);
    rcs_check_started(lab->check, lab->now, node, lab->series, &found);
}

void check_save(struct check_lab *lab, unsigned node, uint64_t epoch, uint64_t vote, bool fsync)
{
    struct rcs_check_disk held = check_disk(lab, node, node < 3, epoch, vote);
    rcs_check_saved(lab->check, lab->now, node, &held, fsync);
}

void check_put_conf(struct check_lab *lab, unsigned node)
{
    struct rcs_check_disk older = check_disk(lab, node, node < 3, 1, 0);
    rcs_check_replaced(lab->check, node, &older);
}

void check_say_to(struct check_lab *lab, unsigned node, unsigned to, int about,
                  enum rcs_bus_type type, unsigned flags, uint64_t epoch, uint64_t config_epoch)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(lab->store, type, 0);
    msg->sender = lab->id[node];
    msg->flags = (uint16_t)flags;
    msg->current_epoch = epoch;
    msg->config_epoch = config_epoch;
    if (flags & RCS_NODE_MASTER) {
        msg->slots = rcs_slot_set_retain(lab->slots);
    }
    rcs_bus_msg_seal(msg);
    lab->now += 1000;
    if (rcs_check_sent(lab->check, lab->now, node, (int)to, about, msg)) {
        rcs_check_stepped(lab->check, lab->now, node);
    }
    rcs_bus_msg_release(lab->store, msg);
}

void check_say_about(struct check_lab *lab, unsigned node, int about, enum rcs_bus_type type,
                     unsigned flags, uint64_t epoch, uint64_t config_epoch)
{
    check_say_to(lab, node, node == D ? A : D, about, type, flags, epoch, config_epoch);
}

void check_say(struct check_lab *lab, unsigned node, enum rcs_bus_type type, unsigned flags,
               uint64_t epoch, uint64_t config_epoch)
{
    check_say_about(lab, node, -1, type, flags, epoch, config_epoch);
}

/* D, which was master before it, names A as its master. */
void check_name_master_by(struct check_lab *lab, unsigned node, rcs_id master, uint64_t epoch)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(lab->store, RCS_BUS_PING, 0);
    msg->sender = lab->id[node];
    msg->master = master;
    msg->flags = RCS_NODE_REPLICA;
    msg->current_epoch = 9;
    msg->config_epoch = epoch;
    rcs_bus_msg_seal(msg);
    (void)rcs_check_sent(lab->check, lab->now, node, A, -1, msg);
    rcs_bus_msg_release(lab->store, msg);
}

void check_name_master(struct check_lab *lab, rcs_id master, uint64_t epoch)
{
    check_name_master_by(lab, D, master, epoch);
}

enum rcs_check_way check_fact_of(struct check_lab *lab, unsigned node, const char *what, int about,
                                 int64_t first, int64_t last)
{
    /* Any numbers will do, as long as each name has its own. */
    static const char *names[64];
    unsigned code = 0;
    while (names[code] != NULL && strcmp(names[code], what) != 0) {
        code++;
    }
    names[code] = what;
    struct rcs_check_fact fact = {
        .code = code,
        .what = what,
        .about = about,
        .values = { first, 0, last },
        .node_timeout_ms = NT,
        .keys = (uint64_t)first,
    };
    return rcs_check_fact(lab->check, lab->now, node, &fact);
}

void check_fact_at(struct check_lab *lab, unsigned node, const char *what, int about, int64_t last)
{
    (void)check_fact_of(lab, node, what, about, 0, last);
}

void check_fact(struct check_lab *lab, unsigned node, const char *what)
{
    check_fact_at(lab, node, what, -1, 0);
}

struct check_lab check_lab_open(unsigned series)
{
    struct check_lab lab = {
        .store = rcs_store_new(), .check = rcs_check_new(), .now = RCS_S(100), .series = series
    };
    struct rcs_slot_words words = { { 0 } };
    for (unsigned slot = 0; slot < 100; slot++) {
        rcs_slot_words_add(&words, slot);
    }
    lab.slots = rcs_store_slots(lab.store, &words);
    for (unsigned i = 0; i < NODES; i++) {
        char name[RCS_ID_LEN + 1];
        snprintf(name, sizeof(name), "%040u", i);
        lab.id[i] = rcs_store_id(lab.store, name);
        check_start(&lab, i, i < 3, 5, 0);
        check_say(&lab, i, RCS_BUS_PING, i < 3 ? RCS_NODE_MASTER : RCS_NODE_REPLICA, 5,
                  i < 3 ? i + 1 : 3);
    }
    lab.id[E] = rcs_store_id(lab.store, "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
    lab.now += RCS_S(60);
    return lab;
}

void check_lab_close(struct check_lab *lab)
{
    rcs_check_free(lab->check);
    rcs_slot_set_release(lab->store, lab->slots);
    rcs_store_free(lab->store);
}

/* --- stories ---------------------------------------------------------------------------------- */

void check_votes_forgotten(struct check_lab *lab)
{
    VOTE(A, 6);
    RESTART(A, 6, 0);
    VOTE(A, 6);
}

void check_elected(struct check_lab *lab)
{
    REQUEST(D, 6);
    CAME(A, 6);
    CAME(B, 6);
    WON(D, 6);
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
}

void check_takes_over(struct check_lab *lab)
{
    check_fact(lab, D, "takeover");
    check_say(lab, D, RCS_BUS_PONG, RCS_NODE_MASTER, 6, 6);
}

void check_another_won(struct check_lab *lab)
{
    REPLICA(C, 6);
    check_say(lab, C, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, 6, 3);
    rcs_check_vote_came(lab->check, C, A, 6);
    rcs_check_vote_came(lab->check, C, B, 6);
    WON(C, 6);
}

void check_two_won_by_the_winners_vote(struct check_lab *lab)
{
    check_elected(lab);
    check_say(lab, D, RCS_BUS_AUTH_ACK, RCS_NODE_MASTER, 6, 6);
    check_another_won(lab);
}

void check_knows_one_master(struct check_lab *lab, unsigned node)
{
    struct rcs_check_disk held = check_disk(lab, node, node < 3, 6, 0);
    held.masters = 1;
    rcs_check_saved(lab->check, lab->now, node, &held, true);
}

void check_two_won_by_different_counts(struct check_lab *lab) /* two masters vote, a vote each */
{
    check_knows_one_master(lab, C);
    check_knows_one_master(lab, D);
    VOTE(A, 6);
    VOTE(B, 6);
    REQUEST(D, 6);
    CAME(A, 6);
    WON(D, 6);
    REPLICA(C, 6);
    check_say(lab, C, RCS_BUS_AUTH_REQUEST, RCS_NODE_REPLICA, 6, 3);
    rcs_check_vote_came(lab->check, C, B, 6);
    WON(C, 6);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void holds(struct check_lab *lab)
{
    struct rcs_check_finding found;
    if (rcs_check_found(lab->check, 0, &found)) {
        fail_msg("%s", found.text);
    }
}

static const char *permit_of(const struct rcs_check_finding *found)
{
    return found->permit == NULL ? BREACH : found->permit;
}

static void first_broken(struct check_lab *lab, const struct check_row *row)
{
    struct rcs_check_finding found;
    assert_true(rcs_check_found(lab->check, 0, &found));
    assert_string_equal(rcs_invariant_name(found.invariant),
                        rcs_invariant_name((enum rcs_invariant)row->invariant));
    assert_string_equal(permit_of(&found), row->permit);
    assert_string_equal(rcs_check_broken(lab->check), found.permit == NULL ? found.text : "");
    if (row->fingerprint != NULL) {
        assert_string_equal(found.fingerprint, row->fingerprint);
    }
    bool more = rcs_check_found(lab->check, 1, &found);
    if (row->confirmed) {
        assert_true(more && found.invariant == RCS_INVARIANT_LOST_CONFIRMED);
        assert_int_equal(found.count, 1);
        assert_true(rcs_check_found(lab->check, 2, &found));
        assert_int_equal(found.invariant, RCS_INVARIANT_LOST_READ);
        assert_int_equal(found.count, 1);
    }
    if (more && strcmp(permit_of(&found), row->permit) != 0) {
        fail_msg("also: %s", found.text);
    }
}

static void last_broken(struct check_lab *lab, const struct check_row *row)
{
    struct rcs_check_finding found;
    const char *permit = NULL;
    for (unsigned at = 0; rcs_check_found(lab->check, at, &found); at++) {
        permit = found.invariant == row->invariant ? permit_of(&found) : permit;
    }
    assert_non_null(permit);
    assert_string_equal(permit, row->permit);
}

static void check_row(void **state)
{
    const struct check_row *row = *state;
    struct check_lab lab = check_lab_open(row->series);
    if (row->fingerprint != NULL) {
        check_fact(&lab, A, "replicates"); /* who looks on, or was not asked */
    }
    row->does(&lab);
    if (row->invariant == HOLDS) {
        holds(&lab);
    } else if (row->last) {
        last_broken(&lab, row);
    } else {
        first_broken(&lab, row);
    }
    check_lab_close(&lab);
}

struct table {
    const struct check_row *rows;
    size_t count;
};

static bool meets(const struct check_row *row, enum rcs_invariant invariant)
{
    return row->invariant == invariant ||
           (row->confirmed &&
            (invariant == RCS_INVARIANT_LOST_CONFIRMED || invariant == RCS_INVARIANT_LOST_READ));
}

static void permits(void **state)
{
    const struct table *table = *state;
    enum rcs_invariant invariant;
    const char *why, *name;
    for (unsigned i = 0; (name = rcs_check_permit(i, &invariant, &why)) != NULL; i++) {
        bool ours = false, met = false;
        assert_true(invariant < RCS_INVARIANT_COUNT && why[0] != '\0');
        assert_non_null(rcs_invariant_text(invariant));
        for (size_t j = 0; j < table->count; j++) {
            const struct check_row *row = &table->rows[j];
            ours |= meets(row, invariant);
            met |= meets(row, invariant) && strcmp(row->permit, name) == 0;
        }
        if (ours && !met) {
            fail_msg("%s/%s", rcs_invariant_name(invariant), name);
        }
    }
}

int check_rows(const char *group, const struct check_row *rows, size_t count,
               const struct CMUnitTest *more, size_t more_count)
{
    struct table table = { .rows = rows, .count = count };
    struct CMUnitTest *tests = calloc(count + more_count + 1, sizeof(tests[0]));
    size_t used = 0;
    assert_non_null(tests);
    for (size_t i = 0; i < count; i++) {
        tests[used++] = (struct CMUnitTest){ .name = rows[i].name,
                                             .test_func = check_row,
                                             .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    for (size_t i = 0; i < more_count; i++) {
        tests[used++] = more[i];
    }
    tests[used++] = (struct CMUnitTest){ .name = "every permit is met",
                                         .test_func = permits,
                                         .initial_state = &table };
    int failed = _cmocka_run_group_tests(group, tests, used, NULL, NULL);
    free(tests);
    return failed;
}
