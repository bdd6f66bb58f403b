#include "tests/support/support.h"

#include <rcsim/bus.h>

#include "tests/support/packets.h"
#include "tests/support/spread.h"
#include "tests/support/trial.h"

/* The experiments that were made with real servers of each release, made with simulated ones: who
 * is whose replica in the end in everybody's view, and when the steps were, against the recorded
 * (vectors/versions, whose heads say what was done). In all that they show 7.0 does as 7.2: where
 * nothing was recorded of 7.0, it is held against 7.2's. */

#define SEEDS 40

/* --- the recordings --------------------------------------------------------------------------- */

static const char *views_text, *times_text; /* the vectors */

/* The release that stands for `profile`'s in this experiment. */
static const char *stand_in(const char *experiment, const struct rcs_profile *profile)
{
    bool of_7_0 = strcmp(experiment, "failover") == 0 || strcmp(experiment, "epoch") == 0 ||
                  strcmp(experiment, "seed000") == 0 || strcmp(experiment, "chain") == 0;
    return profile->release == RCS_REDIS_7_0 && !of_7_0 ? "7.2" : profile->name;
}

/* Holds the columns against the recorded lines, and counts these. */
static unsigned recorded(const char *experiment, const struct rcs_profile *profile,
                         struct spread *const *columns, unsigned count)
{
    return spread_recorded(times_text, experiment, stand_in(experiment, profile), columns, count);
}

/* The recorded view of a step, on the heap. */
static char *recorded_view(const char *experiment, const struct rcs_profile *profile, int step)
{
    char key[64];
    snprintf(key, sizeof(key), "\n%s %s %d * ", experiment, stand_in(experiment, profile), step);
    const char *found = strstr(views_text, key);
    if (found == NULL) {
        fail_msg("nothing recorded of%s", key);
    }
    found += strlen(key);
    size_t size = strcspn(found, "\n");
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    memcpy(text, found, size);
    return text;
}

/* True if all running nodes see what is recorded; else says the first that does not. */
static bool views_agree(struct trial *trial, const char *experiment, int step, bool say)
{
    char *want = recorded_view(experiment, trial->profile, step);
    bool agree = true;
    for (unsigned i = 0; i < rcs_sim_node_count(trial->sim) && agree; i++) {
        struct rcs_view view;
        struct rcs_buf got;
        rcs_sim_view(trial->sim, (int)i, &view);
        if (!view.running) {
            continue;
        }
        rcs_buf_init(&got);
        trial_write_view(trial, (int)i, &got);
        agree = strcmp(got.data, want) == 0;
        if (!agree && say) {
            print_error("%s, step %d, %s sees\n  %s\nrecorded\n  %s\n", experiment, step,
                        rcs_sim_node_name(trial->sim, (int)i), got.data, want);
        }
        rcs_buf_close(&got);
    }
    free(want);
    return agree;
}

/* --- failover: one of three masters dies, and comes back empty -------------------------------- */

static const char *const three_and_three[] = { "m1", "m2", "m3", "r1", "r2", "r3" };
static const int thirds[] = { 0, 5461, 10922, RCS_SLOTS };

struct failover {
    struct spread pfail, fail, state_fail, master, all_ok; /* from the fault */
    struct spread follows, link_up, cleared;               /* from the return of m1 */
    struct spread epoch;                                   /* that m1 shows of itself in the end */
    unsigned refused;                                      /* runs with a second round */
};

static const struct failover failover_measures = {
    .pfail = { .what = "first pfail" },
    .fail = { .what = "first fail" },
    .state_fail = { .what = "first state fail" },
    .master = { .what = "r1 master" },
    .all_ok = { .what = "all ok" },
    .follows = { .what = "m1 a replica of r1" },
    .link_up = { .what = "link of m1 up" },
    .cleared = { .what = "FAIL of m1 cleared" },
    .epoch = { .what = "epoch of m1" },
};

static long own_epoch(struct trial *trial, const char *name)
{
    struct rcs_session *session = trial_send(trial, name, "CLUSTER NODES");
    trial_await(trial, session);
    const struct rcs_reply *reply = rcs_session_reply(session);
    char *text = calloc(1, reply->size_bytes + 1);
    assert_non_null(text);
    memcpy(text, reply->bytes, reply->size_bytes);
    struct test_words words = { .count = 0 };
    char *at = text;
    for (char *line = test_next_line(&at); line != NULL; line = test_next_line(&at)) {
        if (strstr(line, "myself") != NULL) {
            words = test_cut(line, TEST_WORDS_MAX);
        }
    }
    long epoch = strtol(words.word[6], NULL, 10);
    free(text);
    rcs_session_free(session);
    return epoch;
}

static bool m1_follows(struct trial *trial)
{
    struct rcs_view view;
    rcs_sim_view(trial->sim, trial_node(trial, "m1"), &view);
    return view.replica && view.master == trial_node(trial, "r1");
}

static bool m1_linked(struct trial *trial)
{
    struct rcs_view view;
    rcs_sim_view(trial->sim, trial_node(trial, "m1"), &view);
    return m1_follows(trial) && view.link_up;
}

/* In the eyes of all others m1 is a replica that has not failed. */
static bool m1_cleared(struct trial *trial)
{
    int m1 = trial_node(trial, "m1");
    for (unsigned i = 0; i < rcs_sim_node_count(trial->sim); i++) {
        struct rcs_opinion opinion;
        if ((int)i != m1 &&
            (!rcs_sim_opinion(trial->sim, (int)i, m1, &opinion) ||
             (opinion.flags & RCS_NODE_FAIL) != 0 || (opinion.flags & RCS_NODE_REPLICA) == 0)) {
            return false;
        }
    }
    return true;
}

static bool all_ok(struct trial *trial)
{
    return trial_all_ok_ms(trial) >= 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* m1 is lost by `what`, and r1 elected. False: its first round was refused, because the voters had
 * not heard of FAIL: replicas saw it first and told nobody. No more from 6.0 on (c92464db6), and
 * not among the recorded. */
static bool lost(struct trial *trial, enum rcs_fault what, struct failover *out)
{
    trial_begin(trial);
    trial_fault_one(trial, what, "m1");
    (void)trial_until(trial, all_ok, 20000);
    if (trial_first_ms(trial, "vote-granted", NULL, "r1") > 6000) {
        assert_false(trial->profile->all_broadcast_fail);
        out->refused++;
        return false;
    }
    int64_t pfail = trial_first_ms(trial, "pfail", NULL, "m1");
    int64_t fail = earlier(trial_first_ms(trial, "fail", NULL, "m1"),
                           trial_first_ms(trial, "fail-received", NULL, "m1"));
    spread_add(&out->pfail, pfail);
    spread_add(&out->fail, fail);
    spread_add(&out->state_fail, trial_first_ms(trial, "state-fail", NULL, NULL));
    spread_add(&out->master, trial_first_ms(trial, "promoted", "r1", NULL));
    spread_add(&out->all_ok, trial_all_ok_ms(trial));
    assert_true(pfail <= fail && fail < trial_first_ms(trial, "election-started", "r1", NULL));
    return true;
}

static void failover_once(struct failover *out, const struct rcs_profile *profile, uint64_t seed)
{
    struct trial trial;
    trial_open(&trial, profile, seed);
    trial_form(&trial, three_and_three, 6, 3, thirds);
    if (!lost(&trial, RCS_FAULT_KILL, out)) {
        trial_close(&trial);
        return;
    }
    rcs_sim_advance(trial.sim, RCS_S(3));
    trial_begin(&trial);
    trial_fault_one(&trial, RCS_FAULT_START, "m1");
    spread_add(&out->follows, trial_until(&trial, m1_follows, 5000));
    spread_add(&out->cleared, trial_until(&trial, m1_cleared, 5000));
    spread_add(&out->link_up, trial_until(&trial, m1_linked, 15000));
    rcs_sim_advance(trial.sim, RCS_S(3));
    spread_add(&out->epoch, own_epoch(&trial, "m1"));
    struct rcs_opinion opinion;
    assert_true(
        rcs_sim_opinion(trial.sim, trial_node(&trial, "m1"), trial_node(&trial, "r1"), &opinion));
    assert_int_equal(opinion.config_epoch, 7); /* six before, plus one */
    trial_close(&trial);
}

/* The rules behind the ranges (1d): a refused connect starts the ping clock up to 5.0; the last
 * PONG is older than half a timeout first from 6.0 on. */
static void clock_of_pings(const struct rcs_profile *profile, const struct spread *pfail)
{
    if (profile->connect_counts_as_ping) {
        assert_in_range(spread_most(pfail), 2000, 2110);
    } else {
        assert_in_range(spread_least(pfail), 2000, 3100);
        assert_in_range(spread_most(pfail), 2250, 3100);
    }
}

static void failover(void **state)
{
    const struct rcs_profile *profile = *state;
    struct failover ours = failover_measures;
    struct spread *const columns[] = {
        &ours.pfail,  &ours.fail,    &ours.state_fail, &ours.master,
        &ours.all_ok, &ours.follows, &ours.link_up,    &ours.cleared
    };
    struct spread *const epoch[] = { &ours.epoch };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        failover_once(&ours, profile, seed);
    }
    assert_in_range(ours.refused, 0, SEEDS / 5);
    assert_true(recorded("failover", profile, columns, 8) >= 3);
    assert_int_equal(recorded("epoch", profile, epoch, 1), 1);
    assert_int_equal(ours.epoch.shortest, spread_least(&ours.epoch));
    assert_int_equal(ours.epoch.shortest, spread_most(&ours.epoch));
    clock_of_pings(profile, &ours.pfail);
}

/* --- pause: a master stops for three timeouts, and goes on ------------------------------------ */

#define QUEUED 20

/* The link stays up: the ping clock's rule is the same in every release (2g). What was queued in
 * the sockets is served before the packets that demote it, and lost. */
static void pause_once(struct failover *out, struct spread *moved,
                       const struct rcs_profile *profile, uint64_t seed)
{
    struct rcs_session *queued[QUEUED];
    struct trial trial;
    trial_open(&trial, profile, seed);
    trial_form(&trial, three_and_three, 6, 3, thirds);
    for (unsigned i = 0; i < QUEUED; i++) {
        queued[i] = rcs_session_new(trial.sim, NULL, false);
        trial_request(&trial, queued[i], "m1", "PING");
        trial_await(&trial, queued[i]);
    }
    bool elected = lost(&trial, RCS_FAULT_PAUSE, out);
    rcs_sim_advance(trial.sim, RCS_MS(6000 - (elected ? trial_ms(&trial) : 0)));
    for (unsigned i = 0; i < QUEUED; i++) {
        trial_request(&trial, queued[i], "m1", "SET {06S} 1"); /* slot 0 */
    }
    rcs_sim_advance(trial.sim, RCS_MS(1));
    trial_begin(&trial);
    trial_fault_one(&trial, RCS_FAULT_RESUME, "m1");
    spread_add(moved, trial_until(&trial, m1_follows, 1000));
    spread_add(&out->cleared, trial_until(&trial, m1_cleared, 5000));
    for (unsigned i = 0; i < QUEUED; i++) {
        trial_finish(&trial, queued[i], "a SET queued while it slept"); /* OK */
    }
    struct rcs_session *late = trial_send(&trial, "m1", "SET {06S} 2");
    trial_await(&trial, late);
    assert_int_equal(rcs_session_reply(late)->kind, RCS_REPLY_ERROR);
    assert_memory_equal(rcs_session_reply(late)->bytes, "MOVED 0 ", 8);
    rcs_session_free(late);
    rcs_sim_advance(trial.sim, RCS_S(8));
    struct rcs_view view;
    rcs_sim_view(trial.sim, trial_node(&trial, "r1"), &view);
    assert_int_equal(view.keys, 0); /* said OK, and lost */
    trial_close(&trial);
}

static void paused(void **state)
{
    const struct rcs_profile *profile = *state;
    struct failover ours = failover_measures;
    struct spread moved = { .what = "m1 answers MOVED" };
    struct spread *const columns[] = { &ours.pfail,  &ours.fail,    &ours.master,
                                       &ours.all_ok, &ours.cleared, &moved };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        pause_once(&ours, &moved, profile, seed);
    }
    assert_in_range(ours.refused, 0, SEEDS / 5);
    assert_true(recorded("pause", profile, columns, 6) >= 2);
}

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
    assert_true(views_agree(&trial, "seed000", 3, true));
    int64_t flat = trial_first_ms(&trial, "follows-grandmaster", NULL, NULL);
    if (profile->flatten == RCS_FLATTEN_ROLE) {
        assert_in_range(flat, 0, 300); /* recorded: 13 to 28 ms */
    } else {
        assert_int_equal(flat, -1); /* nothing moves the chain while it is idle */
    }
    trial_begin(&trial);
    trial_fault(&trial, RCS_FAULT_KILL, site_a, 6);
    rcs_sim_advance(trial.sim, RCS_S(8));
    assert_true(views_agree(&trial, "seed000", 5, true));
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
    assert_true(views_agree(&trial, "seed000", 6, true));
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
    assert_true(views_agree(&trial, "seed000", 7, true));
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
    assert_int_equal(recorded("seed000", profile, columns, 3), 6);
    assert_int_equal(recorded("chain", profile, linked, 1), 1);
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
    spread_add(&out->elected, earlier(b3, b6) - from_ms);
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
    assert_int_equal(recorded("slowhand", profile, columns, 1), 1);
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
    assert_true(views_agree(&trial, "chainkill", 1, true));
    trial_begin(&trial);
    trial_fault_one(&trial, RCS_FAULT_KILL, "a2");
    rcs_sim_advance(trial.sim, RCS_S(14));
    out->sub_replica_won += trial_first_ms(&trial, "promoted", "b5", NULL) >= 0;
    spread_add(&out->fail, earlier(trial_first_ms(&trial, "fail", NULL, "a2"),
                                   trial_first_ms(&trial, "fail-received", NULL, "a2")));
    int64_t master = trial_first_ms(&trial, "promoted", NULL, NULL);
    if (master >= 0 && trial_all_ok_ms(&trial) >= 0) { /* else it is tried again later */
        spread_add(&out->master, master);
        spread_add(&out->all_ok, trial_all_ok_ms(&trial));
    }
    /* Chance chooses the winner; when it is the recorded one, all else is as recorded. */
    char *want = recorded_view("chainkill", profile, 2);
    const char *winner = strstr(want, "b5=master") != NULL ? "b5" : "b2";
    if (trial_first_ms(&trial, "promoted", winner, NULL) >= 0) {
        out->same_winner++;
        assert_true(views_agree(&trial, "chainkill", 2, true));
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
    assert_int_equal(recorded("chainkill", profile, columns, 3), 1);
}

/* --- twotakeover: both replicas of a dead master are told to take over ------------------------ */

/* Both take epoch 10; the one with the smaller id sees the collision, goes on to 11 and is the
 * owner (11 of 12 recorded trials); or the second of them has heard of the first, and takes over
 * that one (one trial of 3.0). */
static const char *owner_of_two(const struct trial *trial)
{
    bool r1_smaller = strcmp(rcs_sim_node_id(trial->sim, trial_node(trial, "r1")),
                             rcs_sim_node_id(trial->sim, trial_node(trial, "s1"))) < 0;
    int64_t r1 = trial_first_ms(trial, "epoch-collision", "r1", NULL);
    int64_t s1 = trial_first_ms(trial, "epoch-collision", "s1", NULL);
    if (r1 >= 0 || s1 >= 0) {
        assert_true((r1 >= 0) == r1_smaller && (s1 >= 0) == !r1_smaller);
        return r1_smaller ? "r1" : "s1";
    }
    int64_t r1_first = trial_first_ms(trial, "promoted", "r1", "m1");
    return r1_first >= 0 && trial_first_ms(trial, "promoted", "s1", "m1") < 0 ? "s1" : "r1";
}

/* All see the later epoch with its owner. */
static bool agreed(struct trial *trial)
{
    int r1 = trial_node(trial, "r1"), s1 = trial_node(trial, "s1"), m1 = trial_node(trial, "m1");
    unsigned owners[2] = { 0, 0 };
    for (int i = 0; i < 9; i++) {
        struct rcs_opinion of[2];
        if (i == m1) {
            continue;
        }
        assert_true(rcs_sim_opinion(trial->sim, i, r1, &of[0]) &&
                    rcs_sim_opinion(trial->sim, i, s1, &of[1]));
        owners[0] += of[0].slots > 0 && of[0].config_epoch == 11;
        owners[1] += of[1].slots > 0 && of[1].config_epoch == 11;
    }
    return owners[0] == 8 || owners[1] == 8;
}

static void twotakeover(void **state)
{
    static const char *const nine[] = { "m1", "m2", "m3", "r1", "r2", "r3", "s1", "s2", "s3" };
    const struct rcs_profile *profile = *state;
    struct spread agree = { .what = "all agree on the owner" };
    struct spread *const columns[] = { &agree };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct trial trial;
        trial_open(&trial, profile, seed);
        trial_form(&trial, nine, 9, 3, thirds);
        trial_begin(&trial);
        trial_fault_one(&trial, RCS_FAULT_KILL, "m1");
        rcs_sim_advance(trial.sim, RCS_MS(300));
        int64_t from_ms = trial_ms(&trial);
        struct rcs_session *r1 = trial_send(&trial, "r1", "CLUSTER FAILOVER TAKEOVER");
        struct rcs_session *s1 = trial_send(&trial, "s1", "CLUSTER FAILOVER TAKEOVER");
        trial_finish(&trial, r1, "TAKEOVER of r1");
        trial_finish(&trial, s1, "TAKEOVER of s1");
        spread_add(&agree, trial_until(&trial, agreed, 9000) - from_ms);
        rcs_sim_advance(trial.sim, RCS_S(9));
        trial_fault_one(&trial, RCS_FAULT_START, "m1");
        rcs_sim_advance(trial.sim, RCS_S(8));
        int winner = trial_node(&trial, owner_of_two(&trial));
        int loser = winner == trial_node(&trial, "r1") ? trial_node(&trial, "s1")
                                                       : trial_node(&trial, "r1");
        for (int i = 0; i < 9; i++) {
            struct rcs_opinion of_winner, of_loser, of_m1;
            assert_true(rcs_sim_opinion(trial.sim, i, winner, &of_winner) &&
                        rcs_sim_opinion(trial.sim, i, loser, &of_loser) &&
                        rcs_sim_opinion(trial.sim, i, trial_node(&trial, "m1"), &of_m1));
            assert_int_equal(of_winner.slots, 5461);
            assert_int_equal(of_winner.config_epoch, 11);
            assert_int_equal(of_loser.master, winner);
            assert_int_equal(of_m1.master, winner);
        }
        trial_close(&trial);
    }
    assert_true(recorded("twotakeover", profile, columns, 1) >= 3);
}

/* --- twodead: two masters of five die at once ------------------------------------------------- */

/* A vote that was split is asked for again four timeouts after the first try, with a new delay. */
#define RETRY_MS  8000
#define CHANCE_MS 500 /* by which two delays may differ */
#define BUSY_MS   100 /* ten servers on two processors took that much longer than others */

static void twodead_held(struct spread *once, const struct rcs_profile *profile)
{
    struct spread twice = { .what = "all ok, votes were split" };
    for (unsigned i = 0; i < once->count; i++) {
        spread_add(&twice, once->value[i] + RETRY_MS - CHANCE_MS);
        spread_add(&twice, once->value[i] + RETRY_MS + CHANCE_MS);
    }
    char *text = test_vector("versions/times.txt", NULL), *at = text;
    unsigned count = 0;
    for (char *line = test_next_line(&at); line != NULL; line = test_next_line(&at)) {
        struct test_words words = test_cut(line, TEST_WORDS_MAX);
        if (strcmp(words.word[0], "twodead") == 0 &&
            strcmp(words.word[1], stand_in("twodead", profile)) == 0) {
            int64_t ms = (int64_t)test_number(words.word[2]);
            spread_holds(ms > RETRY_MS ? &twice : once, words.word[1], ms,
                         SPREAD_LATE_MS + BUSY_MS);
            count++;
        }
    }
    free(text);
    assert_true(count >= 5);
    spread_middle_holds(once, profile->name);
}

/* Recorded servers were started together, and their crons came within 3 ms of each other for ever
 * after; and they shared two busy processors, so that what one said reached the others some ms
 * later. So two replicas asked in one epoch, 1 to 3 ms apart, in three of ten trials. Nodes that
 * were stopped and go on together tick together. */
static void in_step(struct trial *trial, const char *const *names, unsigned count)
{
    trial_fault(trial, RCS_FAULT_PAUSE, names, count);
    rcs_sim_advance(trial->sim, RCS_MS(150));
    trial_fault(trial, RCS_FAULT_RESUME, names, count);
    rcs_sim_advance(trial->sim, RCS_S(1));
}

static void twodead(void **state)
{
    static const char *const ten[] = { "m1", "m2", "m3", "m4", "m5", "r1", "r2", "r3", "r4", "r5" };
    static const char *const dead[] = { "m1", "m2" }, *const asking[] = { "r1", "r2" };
    static const int fifths[] = { 0, 3277, 6554, 9830, 13107, RCS_SLOTS };
    const struct rcs_profile *profile = *state;
    struct rcs_diag diag;
    struct spread once = { .what = "all ok" }, split = { .what = "all ok, votes were split" };
    for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
        struct trial trial;
        trial_open(&trial, profile, seed);
        trial_form(&trial, ten, 10, 5, fifths);
        assert_int_equal(rcs_sim_latency(trial.sim, "", "", RCS_MS(1), RCS_MS(4), &diag), RCS_OK);
        in_step(&trial, asking, 2);
        trial_begin(&trial);
        trial_fault(&trial, RCS_FAULT_KILL, dead, 2);
        int64_t at = trial_until(&trial, all_ok, 40000);
        spread_add(at > RETRY_MS ? &split : &once, at);
        trial_close(&trial);
    }
    assert_true(once.count > 0 && split.count > 0); /* votes are split now and then */
    assert_true(spread_least(&split) >= spread_least(&once) + RETRY_MS - CHANCE_MS);
    twodead_held(&once, profile);
}

/* --- restartempty: a master comes back without data before it was missed ---------------------- */

static bool r1_empty(struct trial *trial)
{
    struct rcs_view view;
    rcs_sim_view(trial->sim, trial_node(trial, "r1"), &view);
    assert_true(view.replica);
    return view.keys == 0;
}

static void restartempty(void **state)
{
    const struct rcs_profile *profile = *state;
    struct spread gone = { .what = "the replica's keys are gone" }, ok = { .what = "m1 says ok" };
    struct spread *const columns[] = { &gone, &ok };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct trial trial;
        trial_open(&trial, profile, seed);
        trial_form(&trial, three_and_three, 6, 3, thirds);
        trial_ask(&trial, "m1", "SET {06S} 1"); /* slot 0 */
        rcs_sim_advance(trial.sim, RCS_S(1));
        trial_begin(&trial);
        trial_fault_one(&trial, RCS_FAULT_KILL, "m1");
        rcs_sim_advance(trial.sim, RCS_MS(570));
        int64_t start_ms = trial_ms(&trial);
        trial_fault_one(&trial, RCS_FAULT_START, "m1");
        spread_add(&gone, trial_until(&trial, r1_empty, 20000));
        spread_add(&ok, trial_first_ms(&trial, "state-ok", "m1", NULL) - start_ms);
        assert_int_equal(trial_first_ms(&trial, "pfail", NULL, "m1"), -1); /* nobody noticed */
        trial_close(&trial);
    }
    assert_true(recorded("restartempty", profile, columns, 2) >= 2);
}

/* --- all together ----------------------------------------------------------------------------- */

static const struct experiment {
    const char *name;
    CMUnitTestFunction run;
    const char *releases;
} experiments[] = {
    { "failover", failover, "3.0 4.0 5.0 6.0 6.2 7.0 7.2 7.4 valkey-8.0" },
    { "seed000", seed000, "3.0 4.0 5.0 6.0 6.2 7.0 7.2 7.4 valkey-8.0" },
    { "slowhand", slow_hand, "7.0 7.2 valkey-8.0" },
    { "pause", paused, "5.0 7.0 7.2 valkey-8.0" },
    { "chainkill", chainkill, "3.0 6.2 7.0 7.2 valkey-8.0" },
    { "twotakeover", twotakeover, "3.0 6.2 7.0 7.2 valkey-8.0" },
    { "twodead", twodead, "7.0 7.2 valkey-8.0" },
    { "restartempty", restartempty, "7.0 7.2 valkey-8.0" },
};

int main(void)
{
    static struct CMUnitTest tests[64];
    static char names[64][96];
    unsigned count = 0;
    char *views = test_vector("versions/views.txt", NULL);
    char *times = test_vector("versions/times.txt", NULL);
    views_text = views;
    times_text = times;
    for (unsigned i = 0; i < sizeof(experiments) / sizeof(experiments[0]); i++) {
        for (unsigned j = 0; j < RCS_RELEASE_COUNT; j++) {
            const struct rcs_profile *profile = rcs_profile_at(j);
            const char *found = strstr(experiments[i].releases, profile->name);
            if (found == NULL) {
                continue;
            }
            snprintf(names[count], sizeof(names[0]), "%s, %s", experiments[i].name, profile->name);
            tests[count] = (struct CMUnitTest){ .name = names[count],
                                                .test_func = experiments[i].run,
                                                .initial_state = (void *)(uintptr_t)profile };
            count++;
        }
    }
    int failed = _cmocka_run_group_tests("versions", tests, count, NULL, NULL);
    free(views);
    free(times);
    return failed;
}
