/* The takeover of two data centres, step by step as real servers did it. What is compared and what
 * is left to chance: support/agree.h. */
#include "tests/support/agree.h"
#include "tests/support/replay.h"
#include "tests/support/support.h"

#define RUNS 20

static void expect_agreement(const struct recording *recorded, const struct recording *ours,
                             uint64_t seed)
{
    struct rcs_buf report;
    rcs_buf_init(&report);
    unsigned differences = agree(recorded, ours, &report);
    if (differences > 0) {
        print_error("seed %llu: %u differences\n%.*s", (unsigned long long)seed, differences,
                    (int)report.size_bytes, report.data);
    }
    rcs_buf_close(&report);
    assert_int_equal(differences, 0);
}

/* What can happen, but did not when it was recorded, and changes all that follows:
 *   - b1..b3 serve b4..b6 and are copied to from a1..a3 at the same time, both after a delay of 4
 * to 6 s. When the full copy arrives before or while the node's own RDB child runs, its replica is
 * cut off and starts anew.
 *   - All know all only when the b nodes' wait for ok is over already (recorded: after 3.9 s of 5).
 *   - A sub-replica reconnects to its master that has taken over before it hears so, then hears of
 * another TAKEOVER first and moves after all. */
static bool other_story(const struct recording *run)
{
    for (unsigned i = 0; i < run->view_count; i++) {
        const struct recorded_view *view = &run->views[i];
        if (strcmp(run->titles[view->step], "MEET b1-b6") == 0 &&
            recording_node(view->viewer) >= 6 && view->state_ok) {
            return true;
        }
    }
    for (int node = 6; node < RECORDING_NODES; node++) {
        bool resynced = false;
        for (unsigned i = 0; i < run->logs[node].count; i++) {
            const struct recorded_line *line = &run->logs[node].lines[i];
            if (strstr(line->text, "there is a pending RDB child running") != NULL ||
                (line->at_ms < run->kill_ms &&
                 strstr(line->text, "Failed to read response") != NULL) ||
                (resynced && strstr(line->text, "I'm a sub-replica!") != NULL)) {
                return true;
            }
            resynced |= strstr(line->text, "Successful partial resynchronization") != NULL;
        }
    }
    return false;
}

/* The first seed whose run tells the recorded story. */
static uint64_t ordinary_seed(const struct recording *recorded)
{
    for (uint64_t seed = 1;; seed++) {
        struct recording *ours = replay("seed0", recorded, NULL, seed);
        bool ordinary = !other_story(ours);
        recording_free(ours);
        if (ordinary) {
            return seed;
        }
        assert_true(seed < RUNS);
    }
}

static void run_agrees(void **state)
{
    const char *name = *state;
    struct recording *recorded = recording_load(name);
    char overrides[64];
    snprintf(overrides, sizeof(overrides), "cluster-node-timeout %d\n", (int)recorded->timeout_ms);
    unsigned agreed = 0, apart = 0, moved_otherwise = 0;
    for (uint64_t seed = 1; agreed < RUNS; seed++) {
        struct recording *ours = replay("seed0", recorded, overrides, seed);
        if (other_story(ours)) {
            apart++;
        } else {
            expect_agreement(recorded, ours, seed);
            moved_otherwise += agree_moves(ours) != agree_moves(recorded);
            agreed++;
        }
        recording_free(ours);
    }
    assert_in_range(apart, 0, RUNS);
    /* Recorded: two of three in 23 of 23 runs. Here now and then a TAKEOVER overtakes the one
     * before. */
    assert_in_range(moved_otherwise, 0, RUNS / 5);
    recording_free(recorded);
}

/* --- nobody waits ----------------------------------------------------------------------------- */

static const char *forget_reply(struct recording *run, const char *who)
{
    for (unsigned i = 0; i < run->command_count; i++) {
        if (strcmp(run->commands[i].who, who) == 0 &&
            strcmp(run->commands[i].text, "CLUSTER FORGET $a1.id") == 0) {
            return run->commands[i].reply;
        }
    }
    fail_msg("nobody told %s to forget a1", who);
    return NULL;
}

/* How a view's owner sees `name`; NULL: not at all. Takes the entry out. */
static const char *take(struct recorded_view *view, const char *name)
{
    static char flags[48];
    for (unsigned i = 0; i < view->entry_count; i++) {
        if (strcmp(view->entries[i].name, name) == 0) {
            snprintf(flags, sizeof(flags), "%s", view->entries[i].flags);
            view->entries[i] = view->entries[--view->entry_count];
            return flags;
        }
    }
    return NULL;
}

/* redis-cli leaves when all agree on the slots, after one second or two: a4-a6 may not have been
 * heard from, and a1 may know some of b1-b6 when it dies. */
static void take_news(struct recorded_view *view)
{
    for (int node = 3; node < RECORDING_NODES; node++) {
        if (strcmp(view->viewer, recording_name(node)) != 0) {
            take(view, recording_name(node));
        }
    }
    view->known_nodes = 0;
}

/* a1 dies some 30 ms after it was told to meet the b nodes. How far each of them gets with the
 * handshake is chance (the recording has two cases): no MEET came; MEET came, the handshake is
 * given up later; a1 is known. What follows from that is checked here and taken out: the log line
 * on the own IP address, a1 among the known nodes (fail? in the end, gone after FORGET), FORGET's
 * reply. Returns who knows a1. */
static unsigned settle_races(struct recording *run)
{
    unsigned knows = 0;
    int forgotten = -1;
    for (unsigned i = 0; i < run->view_count; i++) {
        struct recorded_view *view = &run->views[i];
        int node = recording_node(view->viewer);
        const char *title = run->titles[view->step];
        if (node < 6) {
            take_news(view);
            continue;
        }
        const char *a1 = take(view, "a1");
        if (strcmp(title, "after waiting for ok") == 0) {
            knows |= a1 != NULL ? 1u << node : 0;
            assert_int_equal(view->known_nodes, a1 != NULL ? 2 : 1); /* handshakes are over */
            assert_true(a1 == NULL || strcmp(a1, "master,fail?") == 0);
            forgotten = view->step + 1;
        } else if (forgotten >= 0 && view->step >= forgotten) {
            assert_null(a1);
            assert_int_equal(view->known_nodes, 1);
        } else {
            assert_true(a1 == NULL || strcmp(a1, "master") == 0);
        }
        view->known_nodes = 1;
        view->size = 0; /* 1 before the state is looked at for the first time, after 2 s */
    }
    for (int node = 6; node < RECORDING_NODES; node++) {
        struct recorded_log *log = &run->logs[node];
        const char *reply = forget_reply(run, recording_name(node));
        bool knew = (knows >> node & 1) != 0, met = false;
        assert_string_equal(reply, knew ? "OK\n" : "(error) ERR Unknown node $a1.id\n");
        strcpy((char *)(uintptr_t)reply, "\n");
        struct recorded_line *last = &log->lines[log->count - 1];
        if (strcmp(last->text, "IP address for this node updated to 127.0.0.1") == 0) {
            met = true;
            free(last->text);
            log->count--;
        }
        assert_true(met || !knew);
    }
    return knows;
}

/* redis-cli found the cluster joined after one second instead of the recorded two: before the
 * cluster is writable, so that SET is refused. */
static bool took_a_second(const struct recording *run)
{
    return run->commands[1].at_ms - run->commands[0].at_ms < 1500;
}

static void hasty_agrees(void **state)
{
    (void)state;
    struct recording *recorded = recording_load("seed0_hasty");
    unsigned seen = 0, met = 0;
    assert_int_equal(settle_races(recorded), 1u << 9 | 1u << 10);
    for (uint64_t seed = 1, runs = 0; runs < RUNS; seed++) {
        struct recording *ours = replay("seed0_hasty", recorded, NULL, seed);
        if (took_a_second(ours)) {
            recording_free(ours);
            continue;
        }
        runs++;
        for (int node = 6; node < RECORDING_NODES; node++) {
            met += ours->logs[node].count > recorded->logs[node].count - 1;
        }
        unsigned knows = settle_races(ours);
        seen |= knows;
        expect_agreement(recorded, ours, seed);
        recording_free(ours);
    }
    recording_free(recorded);
    /* All three cases came up: 12 ms and more of the cron's 100 are left to a1. */
    assert_in_range(seen, 1, 0xfff);
    assert_in_range(met, 1, RUNS * 6 - 1);
}

/* --- what the comparison notices -------------------------------------------------------------- */

static void edit(char **text, const char *from, const char *to)
{
    char *place = strstr(*text, from);
    assert_non_null(place);
    size_t size = strlen(*text) - strlen(from) + strlen(to) + 1;
    char *out = malloc(size);
    assert_non_null(out);
    snprintf(out, size, "%.*s%s%s", (int)(place - *text), *text, to, place + strlen(from));
    free(*text);
    *text = out;
}

/* A line of a node's log, the n-th with this text. */
static struct recorded_line *line_of(struct recording *run, const char *name, const char *text,
                                     unsigned nth)
{
    struct recorded_log *log = &run->logs[recording_node(name)];
    for (unsigned i = 0; i < log->count; i++) {
        if (strstr(log->lines[i].text, text) != NULL && nth-- == 0) {
            return &log->lines[i];
        }
    }
    fail_msg("%s did not log \"%s\"", name, text);
    return NULL;
}

struct change {
    const char *name;
    const char *node;      /* of a log line or view; of a command */
    const char *from, *to; /* in the line; "" for `to`: the line's text goes to nothing known */
    unsigned nth;
    enum {
        LOG_TEXT,
        LOG_GONE,
        LOG_TIME,
        LOG_SWAP,
        LOG_ROLE,
        REPLY,
        FLAGS,
        EPOCH,
        SLOTS,
        OFFSET
    } what;
    int64_t by_ms;
};

static const struct change changes[] = {
    { "a reply", "b3", "OK", "QUEUED", 40, REPLY, 0 },
    { "FORGET's reply", "b6", "OK", "(error) ERR Unknown node $a3.id", 3, REPLY, 0 },
    { "redis-cli's plan", "cli", "Slots 5461 - 10922", "Slots 5461 - 10921", 0, REPLY, 0 },
    { "the datum", "client", "\"data\"", "(nil)", 1, REPLY, 0 },
    { "one word of a log line", "b2", "Taking over the master", "Taking the master", 0, LOG_TEXT,
      0 },
    { "a node in a log line", "b5", "as a replica of $b2.id", "as a replica of $b3.id", 0, LOG_TEXT,
      0 },
    { "the subject of FAIL", "b4", "node $a2.id as failing", "node $b2.id as failing", 0, LOG_TEXT,
      0 },
    { "an offset in a log line", "b2", ":84", ":91", 0, LOG_TEXT, 0 },
    { "a replication id", "b2", "Trying a partial resynchronization (request R8",
      "Trying a partial resynchronization (request R1", 0, LOG_TEXT, 0 },
    { "an epoch given by redis-cli", "a2", "configEpoch set to 2", "configEpoch set to 3", 0,
      LOG_TEXT, 0 },
    { "a log line that is missing", "b1", "Full resync from master", "", 0, LOG_GONE, 0 },
    { "FAIL that is missing", "b6", "about $a1.id", "", 0, LOG_GONE, 0 },
    { "the state's return that is missing", "b6", "Cluster state changed: ok", "", 1, LOG_GONE, 0 },
    { "an attempt's lines in another order", "b4", "Master replied to PING", "", 0, LOG_SWAP, 0 },
    { "a line of another role", "b1", "Setting secondary replication ID", "", 0, LOG_ROLE, 0 },
    { "the state's return two seconds early", "b1", "Cluster state changed: ok", "", 1, LOG_TIME,
      -2000 },
    { "the state's return half a second late", "b1", "Cluster state changed: ok", "", 1, LOG_TIME,
      500 },
    { "failure before the node timeout", "b4", "Cluster state changed: fail", "", 0, LOG_TIME,
      -1700 },
    { "BGSAVE without its delay", "b3", "Starting BGSAVE for SYNC", "", 0, LOG_TIME, -4000 },
    { "flags", "b2", "a1", "", 8, FLAGS, 0 },
    { "slots", "b2", "b1", "", 8, SLOTS, 0 },
    { "an epoch", "b6", "b1", "", 8, EPOCH, 0 },
    { "an offset", "b6", "", "", 6, OFFSET, 0 },
};

static struct recorded_view *view_of(struct recording *run, const char *name, int step)
{
    for (unsigned i = 0; i < run->view_count; i++) {
        if (run->views[i].step == step && strcmp(run->views[i].viewer, name) == 0) {
            return &run->views[i];
        }
    }
    fail_msg("no view of %s in step %d", name, step);
    return NULL;
}

static void change_log(struct recording *run, const struct change *change)
{
    struct recorded_line *line = line_of(run, change->node, change->from, change->nth);
    struct recorded_log *log = &run->logs[recording_node(change->node)];
    if (change->what == LOG_TEXT) {
        edit(&line->text, change->from, change->to);
    } else if (change->what == LOG_TIME) {
        line->at_ms += change->by_ms;
    } else if (change->what == LOG_ROLE) {
        line->role = line->role == 'M' ? 'S' : 'M';
    } else if (change->what == LOG_SWAP) {
        struct recorded_line next = line[1];
        line[1] = line[0];
        line[0] = next;
    } else {
        free(line->text);
        memmove(line, line + 1, (size_t)(log->lines + --log->count - line) * sizeof(*line));
    }
}

static void change_reply(struct recording *run, const struct change *change)
{
    unsigned nth = change->nth;
    for (unsigned i = 0; i < run->command_count; i++) {
        struct recorded_command *command = &run->commands[i];
        bool counts =
            strcmp(command->who, change->node) == 0 && strstr(command->reply, change->from) != NULL;
        if (counts && (nth-- == 0 || i + 1 == run->command_count)) {
            edit(&command->reply, change->from, change->to);
            return;
        }
    }
    /* Fewer such commands: the last one. */
    for (unsigned i = run->command_count; i-- > 0;) {
        if (strcmp(run->commands[i].who, change->node) == 0) {
            edit(&run->commands[i].reply, change->from, change->to);
            return;
        }
    }
}

static void change_view(struct recording *run, const struct change *change)
{
    struct recorded_view *view = view_of(run, change->node, (int)change->nth);
    if (change->what == OFFSET) {
        view->offset += 7;
        return;
    }
    for (unsigned i = 0; i < view->entry_count; i++) {
        struct recorded_entry *entry = &view->entries[i];
        if (strcmp(entry->name, change->from) != 0) {
            continue;
        }
        if (change->what == FLAGS) {
            snprintf(entry->flags, sizeof(entry->flags), "master");
        } else if (change->what == SLOTS) {
            snprintf(entry->slots, sizeof(entry->slots), "0-5459");
        } else {
            entry->epoch = 3;
        }
        return;
    }
    fail_msg("%s does not see %s", change->node, change->from);
}

/* Each change to the recording, and each rule switched off, makes a difference. */
static void change_is_noticed(void **state)
{
    const struct change *change = *state;
    struct recording *recorded = recording_load("seed0");
    struct recording *ours = replay("seed0", recorded, NULL, ordinary_seed(recorded));
    struct rcs_buf report;
    rcs_buf_init(&report);
    assert_int_equal(agree(recorded, ours, &report), 0);
    if (change->what == REPLY) {
        change_reply(recorded, change);
    } else if (change->what < REPLY) {
        change_log(recorded, change);
    } else {
        change_view(recorded, change);
    }
    assert_int_not_equal(agree(recorded, ours, &report), 0);
    rcs_buf_close(&report);
    recording_free(ours);
    recording_free(recorded);
}

static void rule_is_missed(void **state)
{
    struct recording *recorded = recording_load("seed0");
    struct rcs_buf report;
    rcs_buf_init(&report);
    struct recording *ours = replay("seed0", recorded, *state, ordinary_seed(recorded));
    unsigned differences = agree(recorded, ours, &report);
    differences += agree_moves(recorded) != agree_moves(ours);
    if (getenv("RCS_SHOW_DIFFERENCES") != NULL) {
        print_message("%s%.*s\n", (const char *)*state,
                      (int)(report.size_bytes < 1500 ? report.size_bytes : 1500), report.data);
    }
    assert_int_not_equal(differences, 0);
    rcs_buf_close(&report);
    recording_free(ours);
    recording_free(recorded);
}

static const char *const rules[][2] = {
    { "missed: sub-replicas move to their grandmaster", "rule-off sub-replica\n" },
    { "missed: who lost the last slot follows the winner", "rule-off follow-claim\n" },
    { "missed: a master waits before it says ok", "rule-off rejoin-delay\n" },
    { "missed: without a majority the state is fail", "rule-off majority\n" },
    { "missed: suspicion", "rule-off pfail\n" },
    { "missed: FAIL by quorum", "rule-off fail-quorum\n" },
    { "missed: TAKEOVER takes a new epoch", "rule-off epoch-bump\n" },
    { "missed: masters with one epoch move apart", "rule-off epoch-collision\n" },
    { "missed: diskless sync waits", "repl-diskless-sync-delay 0\n" },
    { "missed: another node timeout", "cluster-node-timeout 4000\n" },
    { "missed: no diskless sync", "repl-diskless-sync no\n" },
};

int main(void)
{
    struct CMUnitTest
        tests[3 + sizeof(changes) / sizeof(changes[0]) + sizeof(rules) / sizeof(rules[0])] = {
            { "seed0: twenty runs agree", run_agrees, NULL, NULL, (void *)(uintptr_t) "seed0" },
            { "seed0, node timeout 1000: twenty runs agree", run_agrees, NULL, NULL,
              (void *)(uintptr_t) "seed0_nt1000" },
            { "seed0, nobody waits: twenty runs agree", hasty_agrees, NULL, NULL, NULL },
        };
    static char names[sizeof(changes) / sizeof(changes[0])][64];
    size_t count = 3;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        snprintf(names[i], sizeof(names[i]), "noticed: %s", changes[i].name);
        tests[count++] = (struct CMUnitTest){ names[i], change_is_noticed, NULL, NULL,
                                              (void *)(uintptr_t)&changes[i] };
    }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        tests[count++] = (struct CMUnitTest){ rules[i][0], rule_is_missed, NULL, NULL,
                                              (void *)(uintptr_t)rules[i][1] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
