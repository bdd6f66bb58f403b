#include "tests/support/support.h"

#include <rcsim/bus.h>

#include "tests/support/experiment.h"
#include "tests/support/packets.h"

/* The experiments that were made with real servers of each release at one site, made with simulated
 * ones; test_versions_sites.c has those of two. */

#define SEEDS 40

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
    int64_t fail = trial_earlier(trial_first_ms(trial, "fail", NULL, "m1"),
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
    assert_true(experiment_recorded("failover", profile, columns, 8) >= 3);
    assert_int_equal(experiment_recorded("epoch", profile, epoch, 1), 1);
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
    assert_true(experiment_recorded("pause", profile, columns, 6) >= 2);
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
    assert_true(experiment_recorded("twotakeover", profile, columns, 1) >= 3);
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
            strcmp(words.word[1], experiment_release("twodead", profile)) == 0) {
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
    assert_true(experiment_recorded("restartempty", profile, columns, 2) >= 2);
}

/* --- all together ----------------------------------------------------------------------------- */

int main(void)
{
    static const struct experiment experiments[] = {
        { "failover", failover, "3.0 4.0 5.0 6.0 6.2 7.0 7.2 7.4 valkey-8.0" },
        { "pause", paused, "5.0 7.0 7.2 valkey-8.0" },
        { "twotakeover", twotakeover, "3.0 6.2 7.0 7.2 valkey-8.0" },
        { "twodead", twodead, "7.0 7.2 valkey-8.0" },
        { "restartempty", restartempty, "7.0 7.2 valkey-8.0" },
        { NULL, NULL, NULL },
    };
    return experiments_run(experiments);
}
