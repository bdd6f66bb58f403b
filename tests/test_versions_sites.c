#include "tests/support/support.h"

#include "tests/support/experiment.h"

/* The experiments that were made with real servers of each release at two sites, one chained to the
 * other, made with simulated ones; test_versions.c has those at one. */

#define SEEDS 40

static const int thirds[] = { 0, 5461, 10922, RCS_SLOTS };

/* --- seed000: the takeover of two data centres ------------------------------------------------ */

static const char *const site_a[] = { "a1", "a2", "a3", "a4", "a5", "a6" };
static const char *const site_b[] = { "b1", "b2", "b3", "b4", "b5", "b6" };
static const int of_cli[] = { 0, 5461, 10923, RCS_SLOTS };

struct seed000 {
    struct spread state_fail, ok_replica, ok_master, chain;
};

/* How many of b4..b6 are in sync with their masters. */
static unsigned b456_linked(struct trial *trial)
{
    unsigned linked = 0;
    for (unsigned i = 3; i < 6; i++) {
        struct rcs_view view;
        rcs_sim_view(trial->sim, trial_node(trial, site_b[i]), &view);
        linked += view.link_up;
    }
    return linked;
}

/* Both sites, chained; trial_begin() was before the REPLICATE of b1. */
static void chain(struct trial *trial, const struct rcs_profile *profile, uint64_t seed,
                  const int *cuts, struct spread *linked)
{
    trial_open(trial, profile, seed);
    trial_form(trial, site_a, 6, 3, cuts);
    trial_add_nodes(trial, site_b, 6, false);
    trial_meet(trial, "a1", site_b, 6);
    rcs_sim_advance(trial->sim, RCS_S(6));
    trial_begin(trial);
    for (unsigned i = 3; i < 6; i++) {
        trial_ask_about(trial, site_b[i], "CLUSTER REPLICATE", site_b[i - 3]);
    }
    for (unsigned seen = 0; seen < 3;) {
        assert_true(trial_ms(trial) < 20000);
        rcs_sim_advance(trial->sim, RCS_MS(1));
        for (; seen < b456_linked(trial);
             seen++) { /* recorded servers began in step: so each counts */
            spread_add(linked, trial_ms(trial));
        }
    }
    rcs_sim_advance(trial->sim, RCS_S(1));
    trial_begin(trial);
    for (unsigned i = 0; i < 3; i++) {
        trial_ask_about(trial, site_b[i], "CLUSTER REPLICATE", site_a[i]);
    }
    rcs_sim_advance(trial->sim, RCS_S(20));
}

static void seed000_once(struct seed000 *out, const struct rcs_profile *profile, uint64_t seed)
{
    struct trial trial;
    chain(&trial, profile, seed, of_cli, &out->chain);
    experiment_expect_views(&trial, "seed000", 3);
    int64_t flat = trial_first_ms(&trial, "follows-grandmaster", NULL, NULL);
    if (profile->flatten == RCS_FLATTEN_ROLE) {
        assert_in_range(flat, 0, 300); /* recorded: 13 to 28 ms */
    } else {
        assert_int_equal(flat, -1); /* nothing moves the chain while it is idle */
    }
    trial_begin(&trial);
    trial_fault(&trial, RCS_FAULT_KILL, site_a, 6);
    rcs_sim_advance(trial.sim, RCS_S(8));
    experiment_expect_views(&trial, "seed000", 5);
    for (unsigned i = 0; i < 6; i++) {
        spread_add(&out->state_fail, trial_first_ms(&trial, "state-fail", site_b[i], NULL));
    }
    assert_int_equal(trial_first_ms(&trial, "fail", NULL, NULL), -1); /* nobody is left to report */

    trial_begin(&trial);
    for (unsigned i = 0; i < 3; i++) {
        trial_ask(&trial, site_b[i], "CLUSTER FAILOVER TAKEOVER");
        rcs_sim_advance(trial.sim, RCS_MS(2));
    }
    rcs_sim_advance(trial.sim, RCS_S(12));
    experiment_expect_views(&trial, "seed000", 6);
    for (unsigned i = 0; i < 6; i++) {
        spread_add(i < 3 ? &out->ok_master : &out->ok_replica,
                   trial_first_ms(&trial, "state-ok", site_b[i], NULL));
    }
    if (profile->flatten == RCS_FLATTEN_NEVER) {
        assert_int_equal(trial_first_ms(&trial, "follows-grandmaster", NULL, NULL), -1);
    }
    for (unsigned i = 0; i < 36; i++) {
        trial_ask_about(&trial, site_b[i / 6], "CLUSTER FORGET", site_a[i % 6]);
    }
    rcs_sim_advance(trial.sim, RCS_S(6));
    experiment_expect_views(&trial, "seed000", 7);
    trial_close(&trial);
}

static void seed000(void **state)
{
    const struct rcs_profile *profile = *state;
    struct seed000 ours = { .state_fail = { .what = "state-fail" },
                            .ok_replica = { .what = "ok-replica" },
                            .ok_master = { .what = "ok-master" },
                            .chain = { .what = "links of b4..b6 up" } };
    struct spread *const columns[] = { &ours.state_fail, &ours.ok_replica, &ours.ok_master };
    struct spread *const linked[] = { &ours.chain };
    for (uint64_t seed = 1; seed <= SEEDS / 2; seed++) {
        seed000_once(&ours, profile, seed);
    }
    assert_int_equal(experiment_recorded("seed000", profile, columns, 3), 6);
    assert_int_equal(experiment_recorded("chain", profile, linked, 1), 1);
}

/* --- seed000 with six seconds between the takeovers ------------------------------------------ */

struct slow_hand {
    struct spread elected;
    unsigned b3_won, b6_won;
};

static void expect_orphan(struct trial *trial, const char *name, const char *master)
{
    struct rcs_view view;
    rcs_sim_view(trial->sim, trial_node(trial, name), &view);
    assert_true(view.replica && !view.link_up);
    assert_int_equal(view.master, trial_node(trial, master));
}

/* Two of three owners alive are enough for a3 to fail, and for its replicas to elect one of them:
 * the third command comes too late (2b). */
static void slow_hand_once(struct slow_hand *out, const struct rcs_profile *profile, uint64_t seed)
{
    struct trial trial;
    struct spread linked = { .what = "link" };
    chain(&trial, profile, seed, of_cli, &linked);
    trial_begin(&trial);
    trial_fault(&trial, RCS_FAULT_KILL, site_a, 6);
    rcs_sim_advance(trial.sim, RCS_S(8));
    trial_ask(&trial, "b1", "CLUSTER FAILOVER TAKEOVER");
    rcs_sim_advance(trial.sim, RCS_S(6));
    expect_orphan(&trial, "b5", "a2");
    expect_orphan(&trial, "b6", "a3");
    trial_ask(&trial, "b2", "CLUSTER FAILOVER TAKEOVER");
    int64_t from_ms = trial_ms(&trial);
    rcs_sim_advance(trial.sim, RCS_S(6));
    int64_t b3 = trial_first_ms(&trial, "election-won", "b3", NULL);
    int64_t b6 = trial_first_ms(&trial, "election-won", "b6", NULL);
    assert_true(b3 >= 0 || b6 >= 0);
    spread_add(&out->elected, trial_earlier(b3, b6) - from_ms);
    out->b3_won += b3 >= 0;
    out->b6_won += b6 >= 0;
    struct rcs_session *third = trial_send(&trial, "b3", "CLUSTER FAILOVER TAKEOVER");
    trial_await(&trial, third);
    assert_int_equal(rcs_session_reply(third)->kind == RCS_REPLY_ERROR, b3 >= 0);
    rcs_session_free(third);
    trial_close(&trial);
}

static void slow_hand(void **state)
{
    const struct rcs_profile *profile = *state;
    struct slow_hand ours = { .elected = { .what = "elected after the second takeover" } };
    struct spread *const columns[] = { &ours.elected };
    for (uint64_t seed = 1; seed <= SEEDS / 2; seed++) {
        slow_hand_once(&ours, profile, seed);
    }
    assert_true(ours.b3_won > 0 && ours.b6_won > 0);
    assert_int_equal(experiment_recorded("slowhand", profile, columns, 1), 1);
}

/* --- chainkill: in the chain one master dies -------------------------------------------------- */

struct chainkill {
    struct spread fail, master, all_ok;
    unsigned same_winner, sub_replica_won;
};

static void chainkill_once(struct chainkill *out, const struct rcs_profile *profile, uint64_t seed)
{
    struct trial trial;
    struct spread linked = { .what = "link" };
    chain(&trial, profile, seed, thirds, &linked);
    experiment_expect_views(&trial, "chainkill", 1);
    trial_begin(&trial);
    trial_fault_one(&trial, RCS_FAULT_KILL, "a2");
    rcs_sim_advance(trial.sim, RCS_S(14));
    out->sub_replica_won += trial_first_ms(&trial, "promoted", "b5", NULL) >= 0;
    spread_add(&out->fail, trial_earlier(trial_first_ms(&trial, "fail", NULL, "a2"),
                                         trial_first_ms(&trial, "fail-received", NULL, "a2")));
    int64_t master = trial_first_ms(&trial, "promoted", NULL, NULL);
    if (master >= 0 && trial_all_ok_ms(&trial) >= 0) { /* else it is tried again later */
        spread_add(&out->master, master);
        spread_add(&out->all_ok, trial_all_ok_ms(&trial));
    }
    /* Chance chooses the winner; when it is the recorded one, all else is as recorded. */
    char *want = experiment_view("chainkill", profile, 2);
    const char *winner = strstr(want, "b5=master") != NULL ? "b5" : "b2";
    if (trial_first_ms(&trial, "promoted", winner, NULL) >= 0) {
        out->same_winner++;
        experiment_expect_views(&trial, "chainkill", 2);
    }
    free(want);
    trial_close(&trial);
}

static void chainkill(void **state)
{
    const struct rcs_profile *profile = *state;
    struct chainkill ours = { .fail = { .what = "first fail" },
                              .master = { .what = "winner master" },
                              .all_ok = { .what = "all ok" } };
    struct spread *const columns[] = { &ours.fail, &ours.master, &ours.all_ok };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        chainkill_once(&ours, profile, seed);
    }
    /* b5 may stand only where it is a replica of a2 itself (Valkey). */
    assert_true((ours.sub_replica_won > 0) == (profile->flatten == RCS_FLATTEN_ROLE));
    assert_true(ours.same_winner >= 3);
    assert_true(ours.master.count >= SEEDS * 3 / 4);
    assert_int_equal(experiment_recorded("chainkill", profile, columns, 3), 1);
}

/* --- all together ----------------------------------------------------------------------------- */

int main(void)
{
    static const struct experiment experiments[] = {
        { "seed000", seed000, "3.0 4.0 5.0 6.0 6.2 7.0 7.2 7.4 valkey-8.0" },
        { "slowhand", slow_hand, "7.0 7.2 valkey-8.0" },
        { "chainkill", chainkill, "3.0 6.2 7.0 7.2 valkey-8.0" },
        { NULL, NULL, NULL },
    };
    return experiments_run(experiments);
}
