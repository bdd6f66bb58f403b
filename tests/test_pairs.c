#include "tests/support/support.h"

#include <rcsim/bus.h>

#include "tests/support/trial.h"
#include "tests/support/tsv.h"

/* Nodes of two releases and one MEET: whether they ever know each other, as was seen with real
 * servers (vectors/versions/pairs.tsv). */

#define PAIRS_MAX 64
#define FIELDS    5

struct pair {
    char *field[FIELDS]; /* older, newer, who is told to meet, known to the older, to the newer */
};

static void pair(void **state)
{
    static const char *const names[] = { "older", "newer" };
    const struct pair *row = *state;
    struct trial trial;
    struct rcs_diag diag;
    trial_open(&trial, rcs_profile_find(row->field[0]), 1);
    for (unsigned i = 0; i < 2; i++) {
        int added = rcs_sim_add_node(trial.sim, names[i], NULL, NULL, &diag);
        assert_int_equal(rcs_sim_set_release(trial.sim, added, row->field[i], &diag), RCS_OK);
        trial_fault_one(&trial, RCS_FAULT_START, names[i]);
    }
    trial_meet(&trial, row->field[2], names, 2);
    rcs_sim_advance(trial.sim, RCS_S(6));
    for (unsigned i = 0; i < 2; i++) {
        struct rcs_view view;
        struct rcs_opinion opinion;
        rcs_sim_view(trial.sim, (int)i, &view);
        assert_int_equal(view.known, strtol(row->field[3 + i], NULL, 10));
        if (view.known == 2) {
            assert_true(rcs_sim_opinion(trial.sim, (int)i, 1 - (int)i, &opinion));
            assert_true(opinion.connected);
            assert_int_equal(opinion.flags & (RCS_NODE_MASTER | RCS_NODE_HANDSHAKE),
                             RCS_NODE_MASTER);
        }
    }
    trial_close(&trial);
}

int main(void)
{
    static struct pair rows[PAIRS_MAX];
    static struct CMUnitTest tests[PAIRS_MAX];
    static char names[PAIRS_MAX][64];
    struct tsv file;
    unsigned count = 0;
    for (tsv_open(&file, "versions/pairs.tsv"); tsv_row(&file, rows[count].field, FIELDS);) {
        snprintf(names[count], sizeof(names[0]), "%s and %s, the %s meets", rows[count].field[0],
                 rows[count].field[1], rows[count].field[2]);
        tests[count] = (struct CMUnitTest){ .name = names[count],
                                            .test_func = pair,
                                            .initial_state = &rows[count] };
        count++;
        RCS_ASSERT(count < PAIRS_MAX);
    }
    int failed = _cmocka_run_group_tests("pairs", tests, count, NULL, NULL);
    tsv_close(&file);
    return failed;
}
