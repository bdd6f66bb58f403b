/* What real servers of several releases did in the same experiments, against what nodes of that
 * release do here: tests/vectors/versions/experiments.tsv. An experiment is played with several
 * seeds, and then
 *   - each recorded time must have a simulated one beside it, and the middle simulated one must not
 *     stand apart from the recorded ones,
 *   - each recorded topology must be among the simulated ones, and be that of nearly all, if the
 *     experiment has one outcome (an election may be lost, and is tried again later than anybody
 *     looks).
 * The recordings were polled every 5 to 100 ms on a busy machine, and a restarted process needs
 * some 50 ms until it is there: a recorded time may be late by NOISE_MS. With 1 to 5 trials of each
 * the times are held loosely; test_timing holds 7.0's distributions.
 *
 * A row is an experiment, the release it was recorded with and the one it is played as. Rows of
 * releases that rcsim does not know are skipped. */
#include "tests/support/support.h"

#include <rcsim/bus.h>
#include <rcsim/scenario.h>

#include "tests/support/tsv.h"

#define SEEDS_MAX 150
#define NODES_MAX 12
#define POLL_MS   5
#define FSYNC_MS  5   /* of a busy disk */
#define NOISE_MS  300 /* recorded later than simulated */
#define BESIDE_MS 200 /* a simulated time is beside a recorded one */
#define APART_MS  700 /* between the middle one and the nearest recorded one */

/* --- measures --------------------------------------------------------------------------------- */

/* clang-format off */
#define MEASURES(X)                                                                            \
    /* ms since the fault, of the survivors */                                                 \
    X(pfail_first) X(fail_first) X(state_fail_first) X(state_fail_last) X(promoted) X(ok_last) \
    X(first_master) X(second_master)                                                           \
    /* since the victim is back */                                                             \
    X(own_replica) X(cleared_last) X(link_up) X(own_ok) X(replica_empty)                       \
    /* since TAKEOVER */                                                                       \
    X(agree_last) X(replica_ok_last) X(master_ok_last)
#define TOPOLOGIES(X) X(before) X(after) X(chain) X(final) X(restarted)
/* clang-format on */

enum measure {
#define X(name) M_##name,
    MEASURES(X)
#undef X
        MEASURE_COUNT
};
enum topology {
#define X(name) T_##name,
    TOPOLOGIES(X)
#undef X
        TOPOLOGY_COUNT
};
static const char *const measure_names[] = {
#define X(name) #name,
    MEASURES(X)
#undef X
};
static const char *const topology_names[] = {
#define X(name) #name,
    TOPOLOGIES(X)
#undef X
};

struct outcome {
    int64_t ms[MEASURE_COUNT]; /* -1: did not happen */
    char topology[TOPOLOGY_COUNT][400];
};

/* --- a cluster -------------------------------------------------------------------------------- */

struct play {
    struct rcs_scenario *scenario;
    struct rcs_run *run;
    struct rcs_sim *sim;
    struct outcome *outcome;
    int count;
    char names[NODES_MAX][4];
    bool epochs_count; /* of masters, in topologies */
    uint32_t random;   /* when the experimenter acts */
    int64_t t0_ms;
    bool failing[NODES_MAX]; /* has said state fail since t0 */
};

static void no_print(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg;
    (void)bytes;
    (void)size_bytes;
}

static int64_t now_ms(const struct play *play)
{
    return rcs_sim_now(play->sim) / 1000;
}

/* Processes started one after the other have their timers' phases from that. */
static void start_all(struct play *play)
{
    for (int i = 0; i < play->count; i++) {
        struct rcs_diag diag;
        assert_int_equal(rcs_sim_fault(play->sim, RCS_FAULT_START, &i, 1, &diag), RCS_OK);
        rcs_sim_advance(play->sim, 500 * (rcs_us)test_piece(&play->random, 20));
    }
    rcs_sim_advance(play->sim, RCS_MS(500));
}

/* False: the release is not known. `names` are separated by blanks. */
static bool open_play(struct play *play, const char *release, uint64_t seed, const char *names)
{
    static const struct rcs_run_options defaults = { .has_seed = true, .print = no_print };
    struct rcs_run_options options = defaults;
    struct rcs_buf text;
    struct rcs_diag diag;
    options.seed = seed;
    options.redis = release;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "network loopback\ncluster-node-timeout 2000\nsave \"\"\nsite S");
    for (const char *at = names; *at != '\0';) {
        size_t size = strcspn(at, " ");
        rcs_buf_format(&text, " %.*s", (int)size, at);
        snprintf(play->names[play->count++], sizeof(play->names[0]), "%.*s", (int)size, at);
        at += size + (at[size] != '\0');
    }
    rcs_buf_text(&text, "\nabsent S\nwait 1ms\n");
    if (rcs_scenario_parse(&play->scenario, "t", text.data, text.size_bytes, NULL, NULL, &diag) !=
        RCS_OK) {
        fail_msg("%d:%d: %s", diag.line, diag.column, diag.text);
    }
    rcs_buf_close(&text);
    play->run = rcs_run_new(play->scenario, &options, &diag);
    if (play->run == NULL) {
        rcs_scenario_free(play->scenario);
        return false;
    }
    while (rcs_run_turn(play->run, 1024) == RCS_RUN_MORE) {
    }
    play->sim = rcs_run_sim(play->run);
    start_all(play);
    return true;
}

static void close_play(struct play *play)
{
    assert_string_equal(rcs_sim_broken(play->sim), "");
    rcs_run_free(play->run);
    rcs_scenario_free(play->scenario);
}

static int node(const struct play *play, const char *name)
{
    for (int i = 0; i < play->count; i++) {
        if (strcmp(play->names[i], name) == 0) {
            return i;
        }
    }
    fail_msg("no node %s", name);
    return -1;
}

static struct rcs_session *request(struct play *play, int to, const char *text)
{
    struct rcs_arg args[8];
    unsigned argc = 0;
    for (const char *word = text; *word != '\0' && argc < 8;) {
        size_t size = strcspn(word, " ");
        args[argc++] = (struct rcs_arg){ .bytes = word, .size_bytes = (uint32_t)size };
        word += size + (word[size] == ' ');
    }
    struct rcs_session *session = rcs_session_new(play->sim, NULL, true);
    rcs_session_request(session, to, argc, args);
    return session;
}

static void finish(struct play *play, struct rcs_session *session, const char *text)
{
    rcs_us limit = rcs_sim_now(play->sim) + RCS_S(10);
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(play->sim, limit)) {
    }
    if (rcs_session_state(session) != RCS_SESSION_REPLIED ||
        rcs_session_reply(session)->kind == RCS_REPLY_ERROR) {
        fail_msg("%s: no good reply", text);
    }
    rcs_session_free(session);
}

static void ask(struct play *play, int to, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    finish(play, request(play, to, text), text);
}

static void fault(struct play *play, enum rcs_fault what, const char *name)
{
    struct rcs_diag diag;
    int which = node(play, name);
    assert_int_equal(rcs_sim_fault(play->sim, what, &which, 1, &diag), RCS_OK);
}

static bool settled(const struct play *play)
{
    for (int i = 0; i < play->count; i++) {
        struct rcs_view view;
        rcs_sim_view(play->sim, i, &view);
        if (!view.state_ok || (int)view.known != play->count || (view.replica && !view.link_up)) {
            return false;
        }
    }
    return true;
}

/* Somebody acts at some moment. */
static void rest(struct play *play)
{
    rcs_sim_advance(play->sim, RCS_MS(3000 + (int)test_piece(&play->random, 3000)));
}

static void settle(struct play *play)
{
    rcs_us limit = rcs_sim_now(play->sim) + RCS_S(60);
    while (!settled(play)) {
        assert_true(rcs_sim_now(play->sim) < limit);
        rcs_sim_advance(play->sim, RCS_MS(50));
    }
    rest(play);
}

static void meet(struct play *play, int from, int to)
{
    for (int i = from; i < to; i++) {
        ask(play, 0, "CLUSTER MEET %s %d", rcs_sim_node_ip(play->sim, i),
            rcs_sim_node_port(play->sim, i));
    }
    rcs_sim_advance(play->sim, RCS_S(8));
}

static void replicate(struct play *play, const char *replica, const char *master)
{
    ask(play, node(play, replica), "CLUSTER REPLICATE %s",
        rcs_sim_node_id(play->sim, node(play, master)));
}

/* One by one, as releases before 7.0 know it. */
static void add_slots(struct play *play, int to, int first, int end)
{
    static char texts[16384][6];
    static struct rcs_arg args[16384 + 2];
    unsigned argc = 0;
    args[argc++] = (struct rcs_arg){ "CLUSTER", 7 };
    args[argc++] = (struct rcs_arg){ "ADDSLOTS", 8 };
    for (int slot = first; slot < end; slot++) {
        int size = snprintf(texts[slot], sizeof(texts[0]), "%d", slot);
        args[argc++] = (struct rcs_arg){ texts[slot], (uint32_t)size };
    }
    struct rcs_session *session = rcs_session_new(play->sim, NULL, false);
    rcs_session_request(session, to, argc, args);
    finish(play, session, "CLUSTER ADDSLOTS");
}

/* The first `masters` nodes get the slots, cut as `cuts` says (NULL: as evenly as Redis does it),
 * and epochs 1, 2...; the next ones, up to `count`, follow them in turn. */
static void build(struct play *play, int masters, int count, const int *cuts)
{
    for (int i = 0; i < count; i++) {
        ask(play, i, "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
    }
    for (int i = 0; i < masters; i++) {
        int first = cuts != NULL ? cuts[i] : 16384 * i / masters;
        int end = cuts != NULL ? cuts[i + 1] : 16384 * (i + 1) / masters;
        add_slots(play, i, first, end);
    }
    meet(play, 1, count);
    for (int i = masters; i < count; i++) {
        replicate(play, play->names[i], play->names[i % masters]);
    }
    rcs_sim_advance(play->sim, RCS_S(10));
}

/* --- watching --------------------------------------------------------------------------------- */

static bool running(const struct play *play, int i)
{
    return rcs_sim_node_life(play->sim, i) == RCS_LIFE_UP;
}

static struct rcs_view view_of(const struct play *play, int i)
{
    struct rcs_view view;
    rcs_sim_view(play->sim, i, &view);
    return view;
}

static bool sees(const struct play *play, int viewer, int subject, unsigned flag)
{
    struct rcs_opinion opinion;
    return rcs_sim_opinion(play->sim, viewer, subject, &opinion) && (opinion.flags & flag) != 0;
}

static void begin(struct play *play)
{
    play->t0_ms = now_ms(play);
    memset(play->failing, 0, sizeof(play->failing));
}

static void first_time(struct play *play, enum measure what)
{
    if (play->outcome->ms[what] < 0) {
        play->outcome->ms[what] = now_ms(play) - play->t0_ms;
    }
}

static void last_time(struct play *play, enum measure what)
{
    play->outcome->ms[what] = now_ms(play) - play->t0_ms;
}

/* Whatever happens to `victim`, in the eyes of the others. */
static void look_at_failure(struct play *play, int victim)
{
    for (int i = 0; i < play->count; i++) {
        if (i == victim || !running(play, i)) {
            continue;
        }
        if (sees(play, i, victim, RCS_NODE_PFAIL)) {
            first_time(play, M_pfail_first);
        }
        if (sees(play, i, victim, RCS_NODE_FAIL)) {
            first_time(play, M_fail_first);
        }
        bool ok = view_of(play, i).state_ok;
        if (!ok) {
            first_time(play, M_state_fail_first);
            if (!play->failing[i]) {
                last_time(play, M_state_fail_last);
            }
        } else if (play->failing[i]) {
            last_time(play, M_ok_last);
        }
        play->failing[i] = !ok;
    }
}

typedef void look_fn(struct play *play);

static void watch(struct play *play, int64_t ms, look_fn *look)
{
    for (int64_t left = ms; left > 0; left -= POLL_MS) {
        rcs_sim_advance(play->sim, RCS_MS(POLL_MS));
        look(play);
    }
}

/* In its own eyes: "m1=r1 r1=[0-5460]@7". */
static void add_node(struct play *play, int i, struct rcs_buf *out)
{
    struct rcs_view view = view_of(play, i);
    rcs_buf_format(out, "%s%s=", out->size_bytes > 0 ? " " : "", play->names[i]);
    if (!running(play, i)) {
        rcs_buf_text(out, "dead");
    } else if (view.replica) {
        rcs_buf_text(out, view.master >= 0 ? play->names[view.master] : "?");
    } else {
        const char *ranges = rcs_sim_slot_ranges(play->sim, i, i);
        rcs_buf_format(out, "[%s]", ranges);
        if (play->epochs_count) {
            rcs_buf_format(out, "@%llu", (unsigned long long)view.my_epoch);
        }
    }
}

static void note_topology(struct play *play, enum topology which, const char *prefix)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    for (int i = 0; i < play->count; i++) {
        if (strncmp(play->names[i], prefix, strlen(prefix)) == 0) {
            add_node(play, i, &out);
        }
    }
    rcs_buf_add(&out, "", 1);
    snprintf(play->outcome->topology[which], sizeof(play->outcome->topology[which]), "%s",
             out.data);
    rcs_buf_close(&out);
}

/* --- the experiments -------------------------------------------------------------------------- */

static const int cuts_of_cli[] = { 0, 5461, 10923, 16384 };

static void look_promoted(struct play *play)
{
    look_at_failure(play, 0);
    if (!view_of(play, node(play, "r1")).replica) {
        first_time(play, M_promoted);
    }
}

/* The old master is back: when it knows better, and the others. */
static void look_back(struct play *play)
{
    struct rcs_view own = view_of(play, 0);
    if (own.replica) {
        first_time(play, M_own_replica);
        if (own.link_up) {
            first_time(play, M_link_up);
        }
    }
    bool cleared = true;
    for (int i = 1; i < play->count; i++) {
        cleared = cleared && !sees(play, i, 0, RCS_NODE_FAIL) && sees(play, i, 0, RCS_NODE_REPLICA);
    }
    if (cleared) {
        first_time(play, M_cleared_last);
    }
}

static void play_failover(struct play *play)
{
    build(play, 3, 6, cuts_of_cli);
    settle(play);
    note_topology(play, T_before, "");
    fault(play, RCS_FAULT_KILL, "m1");
    begin(play);
    watch(play, 8000, look_promoted);
    note_topology(play, T_after, "");
    fault(play, RCS_FAULT_START, "m1");
    begin(play);
    watch(play, 8000, look_back);
}

static void play_pause(struct play *play)
{
    build(play, 3, 6, NULL);
    settle(play);
    fault(play, RCS_FAULT_PAUSE, "m1");
    begin(play);
    watch(play, 6000, look_promoted);
    fault(play, RCS_FAULT_RESUME, "m1");
    begin(play);
    watch(play, 6000, look_back);
}

static void look_two_dead(struct play *play)
{
    unsigned masters = !view_of(play, node(play, "r1")).replica;
    masters += !view_of(play, node(play, "r2")).replica;
    look_at_failure(play, 0);
    if (masters >= 1) {
        first_time(play, M_first_master);
    }
    if (masters == 2) {
        first_time(play, M_second_master);
    }
}

/* Two elections that begin within some ms take one epoch, and one of them starves: the epoch is on
 * the disk before anybody is asked. */
static void play_twodead(struct play *play)
{
    struct rcs_diag diag;
    static const int dead[] = { 0, 1 }, all[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    assert_int_equal(rcs_sim_fsync(play->sim, all, 10, RCS_MS(FSYNC_MS), &diag), RCS_OK);
    build(play, 5, 10, NULL);
    settle(play);
    assert_int_equal(rcs_sim_fault(play->sim, RCS_FAULT_KILL, dead, 2, &diag), RCS_OK);
    begin(play);
    watch(play, 30000, look_two_dead);
}

static void look_restarted(struct play *play)
{
    if (view_of(play, 0).state_ok) {
        first_time(play, M_own_ok);
    }
    if (view_of(play, node(play, "r1")).keys == 0) {
        first_time(play, M_replica_empty);
    }
    look_at_failure(play, 0);
}

static void play_restartempty(struct play *play)
{
    build(play, 3, 6, NULL);
    settle(play);
    for (int i = 0; i < 300; i++) {
        ask(play, 0, "SET key:%d value", i);
    }
    rcs_sim_advance(play->sim, RCS_S(1));
    assert_int_equal(view_of(play, 0).keys, view_of(play, node(play, "r1")).keys);
    fault(play, RCS_FAULT_KILL, "m1");
    rcs_sim_advance(play->sim, RCS_MS(570));
    fault(play, RCS_FAULT_START, "m1");
    begin(play);
    watch(play, 10000, look_restarted);
    assert_true(play->outcome->ms[M_fail_first] < 0); /* nobody noticed */
}

/* The one of the two that holds the epoch 11 in the end. */
static void look_agreed(struct play *play)
{
    static const char *const rivals[] = { "r1", "s1" };
    for (int rival = 0; rival < 2; rival++) {
        bool agreed = true;
        for (int i = 1; i < play->count && agreed; i++) {
            struct rcs_opinion opinion;
            agreed = rcs_sim_opinion(play->sim, i, node(play, rivals[rival]), &opinion) &&
                     opinion.slots > 0 && opinion.config_epoch == 11;
        }
        if (agreed) {
            first_time(play, M_agree_last);
        }
    }
}

static void look_at_nothing(struct play *play)
{
    (void)play;
}

static void play_twotakeover(struct play *play)
{
    build(play, 3, 9, NULL);
    settle(play);
    fault(play, RCS_FAULT_KILL, "m1");
    rcs_sim_advance(play->sim, RCS_MS(300));
    struct rcs_session *both[] = {
        request(play, node(play, "r1"), "CLUSTER FAILOVER TAKEOVER"),
        request(play, node(play, "s1"), "CLUSTER FAILOVER TAKEOVER"),
    };
    begin(play);
    finish(play, both[0], "r1");
    finish(play, both[1], "s1");
    watch(play, 9000, look_agreed);
    note_topology(play, T_final, "");
    fault(play, RCS_FAULT_START, "m1");
    watch(play, 6000, look_at_nothing);
    note_topology(play, T_restarted, "");
}

/* Two data centres, b1..b3 chained to a1..a3, b4..b6 to them. */
static void build_chain(struct play *play, const int *cuts)
{
    build(play, 3, 6, cuts);
    meet(play, 6, 12);
    rcs_sim_advance(play->sim, RCS_S(4));
    for (int i = 0; i < 3; i++) {
        replicate(play, play->names[9 + i], play->names[6 + i]);
    }
    rcs_sim_advance(play->sim, RCS_S(10));
    for (int i = 0; i < 3; i++) {
        replicate(play, play->names[6 + i], play->names[i]);
    }
    rcs_sim_advance(play->sim, RCS_S(20));
    rest(play);
}

static void look_at_chain(struct play *play)
{
    static const char *const candidates[] = { "b2", "a5", "b5" };
    look_at_failure(play, node(play, "a2"));
    for (int i = 0; i < 3; i++) {
        if (!view_of(play, node(play, candidates[i])).replica) {
            first_time(play, M_promoted);
        }
    }
}

static void play_chainkill(struct play *play)
{
    build_chain(play, NULL);
    fault(play, RCS_FAULT_KILL, "a2");
    begin(play);
    watch(play, 14000, look_at_chain);
}

static void look_at_site_b(struct play *play)
{
    look_at_failure(play, 0);
}

static void look_taken_over(struct play *play)
{
    bool masters = true, replicas = true;
    for (int i = 0; i < 3; i++) {
        masters = masters && view_of(play, 6 + i).state_ok;
        replicas = replicas && view_of(play, 9 + i).state_ok;
    }
    if (masters) {
        first_time(play, M_master_ok_last);
    }
    if (replicas) {
        first_time(play, M_replica_ok_last);
    }
}

static void play_seed000(struct play *play)
{
    struct rcs_diag diag;
    static const int site_a[] = { 0, 1, 2, 3, 4, 5 };
    play->epochs_count = false;
    build_chain(play, cuts_of_cli);
    note_topology(play, T_chain, "b");
    assert_int_equal(rcs_sim_fault(play->sim, RCS_FAULT_KILL, site_a, 6, &diag), RCS_OK);
    begin(play);
    watch(play, 8000, look_at_site_b);
    begin(play);
    for (int i = 0; i < 3; i++) {
        ask(play, 6 + i, "CLUSTER FAILOVER TAKEOVER");
    }
    watch(play, 12000, look_taken_over);
    note_topology(play, T_final, "b");
}

#define M3R3 "m1 m2 m3 r1 r2 r3"
#define AB   "a1 a2 a3 a4 a5 a6 b1 b2 b3 b4 b5 b6"
static const struct experiment {
    const char *name, *nodes;
    void (*play)(struct play *play);
    bool one_outcome;
    unsigned seeds;
} experiments[] = {
    { "failover", M3R3, play_failover, true, 24 },
    { "pause", M3R3, play_pause, true, 24 },
    { "restartempty", M3R3, play_restartempty, true, 12 },
    { "twodead", "m1 m2 m3 m4 m5 r1 r2 r3 r4 r5", play_twodead, false, 80 },
    { "twotakeover", M3R3 " s1 s2 s3", play_twotakeover, false, 24 },
    { "chainkill", AB, play_chainkill, false, 16 },
    { "seed000", AB, play_seed000, true, 12 },
};

/* --- comparing -------------------------------------------------------------------------------- */

struct row {
    const char *experiment, *recorded, *played; /* the two releases */
    const char *without;                        /* a trial that is left out, NULL none */
};

/* A time no further than a poll late, and no earlier than one seen. */
static bool beside(int64_t recorded, int64_t simulated)
{
    return recorded - simulated <= NOISE_MS && simulated - recorded <= BESIDE_MS;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void check_time(const struct outcome *outcomes, unsigned seeds, enum measure what,
                       int64_t recorded)
{
    int64_t nearest = INT64_MAX;
    for (unsigned i = 0; i < seeds; i++) {
        int64_t ms = outcomes[i].ms[what];
        if (ms >= 0 && llabs(recorded - ms) < llabs(recorded - nearest)) {
            nearest = ms;
        }
        if (ms >= 0 && beside(recorded, ms)) {
            return;
        }
    }
    fail_msg("%s: recorded %lld ms, the nearest simulated is %lld", measure_names[what],
             (long long)recorded, (long long)nearest);
}

/* `first` to `last`: what was recorded. */
static void check_middle(const struct outcome *outcomes, unsigned seeds, enum measure what,
                         int64_t first, int64_t last)
{
    int64_t sorted[SEEDS_MAX];
    for (unsigned i = 0; i < seeds; i++) {
        sorted[i] = outcomes[i].ms[what];
    }
    qsort(sorted, seeds, sizeof(sorted[0]), compare);
    int64_t middle = sorted[seeds / 2];
    if (middle < first - APART_MS || middle > last + APART_MS) {
        fail_msg("%s: recorded %lld to %lld ms, the middle simulated is %lld", measure_names[what],
                 (long long)first, (long long)last, (long long)middle);
    }
}

static void check_topology(const struct outcome *outcomes, unsigned seeds, enum topology what,
                           const char *recorded, bool one_outcome)
{
    unsigned same = 0;
    for (unsigned i = 0; i < seeds; i++) {
        same += strcmp(outcomes[i].topology[what], recorded) == 0;
    }
    if (same == 0 || (one_outcome && same * 10 < seeds * 8)) {
        fail_msg("%s: recorded\n%s\nsimulated so %u times of %u, for example\n%s",
                 topology_names[what], recorded, same, seeds, outcomes[0].topology[what]);
    }
}

static int find(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static void compare_all(const struct row *row, const struct experiment *experiment,
                        const struct outcome *outcomes)
{
    struct tsv file;
    char *field[5];
    int64_t first[MEASURE_COUNT], last[MEASURE_COUNT];
    unsigned count = 0;
    for (int i = 0; i < MEASURE_COUNT; i++) {
        first[i] = INT64_MAX;
        last[i] = -1;
    }
    for (tsv_open(&file, "versions/experiments.tsv"); tsv_row(&file, field, 5);) {
        if (strcmp(field[0], row->experiment) != 0 || strcmp(field[1], row->recorded) != 0 ||
            (row->without != NULL && strcmp(field[2], row->without) == 0)) {
            continue;
        }
        count++;
        int topology = find(topology_names, TOPOLOGY_COUNT, field[3]);
        if (topology >= 0) {
            check_topology(outcomes, experiment->seeds, (enum topology)topology, field[4],
                           experiment->one_outcome);
            continue;
        }
        int what = find(measure_names, MEASURE_COUNT, field[3]);
        assert_true(what >= 0);
        int64_t ms = strtoll(field[4], NULL, 10);
        check_time(outcomes, experiment->seeds, (enum measure)what, ms);
        first[what] = ms < first[what] ? ms : first[what];
        last[what] = ms > last[what] ? ms : last[what];
    }
    tsv_close(&file);
    assert_true(count > 0);
    for (int i = 0; i < MEASURE_COUNT; i++) {
        if (last[i] >= 0) {
            check_middle(outcomes, experiment->seeds, (enum measure)i, first[i], last[i]);
        }
    }
}

/* The order of events, in every run. */
static void check_order(const struct outcome *outcome)
{
    static const enum measure order[] = { M_pfail_first, M_fail_first, M_promoted, M_ok_last };
    int64_t before = -1;
    for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        int64_t ms = outcome->ms[order[i]];
        if (ms >= 0) {
            assert_true(ms >= before);
            before = ms;
        }
    }
}

static void play_row(void **state)
{
    const struct row *row = *state;
    static struct outcome outcomes[SEEDS_MAX];
    const struct experiment *experiment = experiments;
    while (strcmp(experiment->name, row->experiment) != 0) {
        experiment++;
    }
    for (uint64_t seed = 0; seed < experiment->seeds; seed++) {
        struct outcome *outcome = &outcomes[seed];
        struct play play = { .outcome = outcome,
                             .epochs_count = true,
                             .random = (uint32_t)seed * 77 + 5 };
        memset(outcome, 0, sizeof(*outcome));
        for (int i = 0; i < MEASURE_COUNT; i++) {
            outcome->ms[i] = -1;
        }
        if (!open_play(&play, row->played, seed + 1, experiment->nodes)) {
            skip();
        }
        experiment->play(&play);
        if (outcome->topology[T_final][0] == '\0') {
            note_topology(&play, T_final, "");
        }
        close_play(&play);
        check_order(outcome);
    }
    compare_all(row, experiment, outcomes);
}

/* In all that these experiments show 7.2 does as 7.0 does (its recordings stand in where there is
 * none of 7.0). */
static const struct row rows[] = {
    { "failover", "redis-3.0", "3.0", NULL },
    { "failover", "redis-4.0", "4.0", NULL },
    { "failover", "redis-5.0", "5.0", NULL },
    { "failover", "redis-6.0", "6.0", NULL },
    { "failover", "redis-6.2", "6.2", NULL },
    { "failover", "redis-7.0", "7.0", NULL },
    { "failover", "redis-7.2", "7.2", NULL },
    { "failover", "redis-8.0-m01", "7.4", NULL },
    { "failover", "valkey-8.0", "valkey-8.0", NULL },

    { "pause", "redis-5.0", "5.0", NULL },
    { "pause", "redis-7.2", "7.0", NULL },
    { "pause", "redis-7.2", "7.2", NULL },
    { "pause", "valkey-8.0", "valkey-8.0", NULL },

    { "restartempty", "redis-7.2", "7.0", NULL },
    { "restartempty", "redis-7.2", "7.2", NULL },
    { "restartempty", "valkey-8.0", "valkey-8.0", NULL },

    { "twodead", "redis-7.2", "7.0", NULL },
    { "twodead", "redis-7.2", "7.2", NULL },

    { "twotakeover", "redis-3.0", "3.0", NULL },
    { "twotakeover", "redis-6.2", "6.2", NULL },
    { "twotakeover", "redis-7.2", "7.0", NULL },
    { "twotakeover", "redis-7.2", "7.2", NULL },
    { "twotakeover", "valkey-8.0", "valkey-8.0", NULL },

    { "chainkill", "redis-3.0", "3.0", NULL },
    { "chainkill", "redis-6.2", "6.2", NULL },
    { "chainkill", "redis-7.2", "7.0", NULL },
    { "chainkill", "redis-7.2", "7.2", NULL },
    { "chainkill", "valkey-8.0", "valkey-8.0", NULL },

    { "seed000", "redis-3.0", "3.0", NULL },
    { "seed000", "redis-4.0", "4.0", NULL },
    { "seed000", "redis-5.0", "5.0", NULL },
    { "seed000", "redis-6.0", "6.0", NULL },
    { "seed000", "redis-6.2", "6.2", NULL },
    { "seed000", "redis-7.0", "7.0", NULL },
    { "seed000", "redis-7.2", "7.2", NULL },
    { "seed000", "redis-8.0-m01", "7.4", NULL },
    { "seed000", "valkey-8.0", "valkey-8.0", NULL },
};

int main(void)
{
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    static char names[COUNT][64];
    static struct CMUnitTest tests[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "%s: %s as recorded with %s", rows[i].experiment,
                 rows[i].played, rows[i].recorded);
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = play_row,
                                        .initial_state = (void *)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
