/* Four client programs through a failover: step by step as real servers did it, and what the
 * programs counted. What is compared: support/within.h; tests/vectors/scenarios/seed3/clients.txt.
 */
#include "tests/support/lab.h"
#include "tests/support/replay.h"
#include "tests/support/support.h"

static const char *const left_out[] = {
    /* How soon six nodes hear of each other is chance. In this recording two of them took 4 s;
     * here one run in a hundred has one that does. */
    "create: log of a3: M # Cluster state changed: ok: recorded after 4097",
    "create: log of a6: M # Cluster state changed: ok: recorded after 3757",
    NULL,
};

static const struct lab lab = { .name = "seed3", .left_out = left_out, .runs = 64 };

static void the_recording_lies_within(void **state)
{
    (void)state;
    lab_holds(&lab);
}

static void the_failover_takes_its_time(void **state)
{
    (void)state;
    lab_failover_times(&lab, true);
}

/* --- the client programs ---------------------------------------------------------------------- */

enum {
    OPERATIONS,
    OK,
    REFUSED,
    CLUSTERDOWN,
    TOPOLOGY,
    UNAVAILABLE,
    DOWN,
    LEAST,
    SLOWEST,
    MEASURES
};

/* How far a recording may lie outside of what played runs show: of the value in a hundred, and ms
 * or operations. A real operation takes its time on a busy machine beside the 50 ms between two. */
static const struct measure {
    const char *name;
    int percent;
    int64_t more;
} measures[MEASURES] = {
    [OPERATIONS] = { "operations", 10, 0 },
    [OK] = { "ok", 12, 0 },
    [REFUSED] = { "refused", 10, 0 },
    [CLUSTERDOWN] = { "clusterdown", 25, 0 },
    [TOPOLOGY] = { "topology", 5, 0 },
    [UNAVAILABLE] = { "unavailable", 2, 300 },
    [DOWN] = { "down", 0, 0 },
    [LEAST] = { "least", 0, 60 },
    [SLOWEST] = { "slowest", 0, 120 },
};

struct client {
    char name[24];
    int64_t values[MEASURES];
};

static int64_t number_behind(const char *line, const char *name)
{
    char word[32];
    snprintf(word, sizeof(word), " %s ", name);
    const char *place = strstr(line, word);
    return place == NULL ? 0 : strtoll(place + strlen(word), NULL, 10);
}

static void read_recorded(struct client clients[4])
{
    char *text = test_vector("scenarios/seed3/clients.txt", NULL);
    unsigned count = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (line[0] == '#') {
            continue;
        }
        assert_true(count < 4 && sscanf(line, "client %23s", clients[count].name) == 1);
        for (unsigned i = 0; i < MEASURES; i++) {
            clients[count].values[i] = number_behind(line, measures[i].name);
        }
        count++;
    }
    assert_int_equal(count, 4);
    free(text);
}

/* "8.181 s", "870 ms", "0 us" */
static int64_t duration_behind(const char *line, const char *name)
{
    const char *place = strstr(line, name);
    double value;
    char unit[8] = "";
    assert_non_null(place);
    assert_int_equal(sscanf(place + strlen(name), " %lf %7[a-z]", &value, unit), 2);
    return (int64_t)(strcmp(unit, "s") == 0    ? value * 1000
                     : strcmp(unit, "ms") == 0 ? value
                                               : value / 1000);
}

/* "workload php: 493 operations, 423 ok; 70 errors: refused 56, ...; unavailable 8.181 s; ..." */
static void read_played(const struct recording *played, const char *name, struct client *out)
{
    char begin[40];
    snprintf(begin, sizeof(begin), "workload %s: ", name);
    const char *place = strstr(played->workloads, begin);
    assert_non_null(place);
    char line[512];
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(place, "\n"), place);
    *out = (struct client){ .values = { 0 } };
    assert_int_equal(sscanf(line + strlen(begin), "%lld operations, %lld ok",
                            (long long *)&out->values[OPERATIONS], (long long *)&out->values[OK]),
                     2);
    out->values[REFUSED] = number_behind(line, "refused");
    out->values[CLUSTERDOWN] = number_behind(line, "clusterdown");
    out->values[TOPOLOGY] = number_behind(line, "topology");
    out->values[UNAVAILABLE] = duration_behind(line, "unavailable");
    out->values[DOWN] = strstr(line, "still down") != NULL;
    out->values[SLOWEST] = duration_behind(line, "slowest");
    /* A failing operation of redis-py is its slowest. */
    out->values[LEAST] = out->values[TOPOLOGY] > 0 ? out->values[SLOWEST] : 0;
    assert_null(strstr(line, "closed "));
    assert_null(strstr(line, "timeout "));
    assert_non_null(strstr(line, " 0 lost"));
}

/* The first measure that lies outside, NULL. */
static const char *outside(const struct client *recorded, const struct client *played,
                           unsigned count)
{
    for (unsigned i = 0; i < MEASURES; i++) {
        int64_t low = played[0].values[i], high = low, was = recorded->values[i];
        for (unsigned run = 1; run < count; run++) {
            int64_t value = played[run].values[i];
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
        int64_t more = was * measures[i].percent / 100 + measures[i].more;
        if (was < low - more || was > high + more) {
            print_message("%s: %s recorded %lld, here %lld to %lld\n", recorded->name,
                          measures[i].name, (long long)was, (long long)low, (long long)high);
            return measures[i].name;
        }
    }
    return NULL;
}

#define RUNS 20

static void the_programs_counted_the_same(void **state)
{
    (void)state;
    struct recording *recorded = recording_load("seed3");
    struct client clients[4];
    static struct client played[4][RUNS];
    read_recorded(clients);
    for (unsigned run = 0; run < RUNS; run++) {
        struct recording *one = replay("seed3", recorded, NULL, run + 1);
        for (unsigned i = 0; i < 4; i++) {
            read_played(one, clients[i].name, &played[i][run]);
        }
        recording_free(one);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_null(outside(&clients[i], played[i], RUNS));
    }
    /* Had they counted something else, it would be noticed. */
    static const struct {
        unsigned client, measure;
        int64_t value;
    } changes[] = {
        { 0, OPERATIONS, 1000 },
        { 0, OK, 900 },
        { 0, REFUSED, 20 },
        { 1, CLUSTERDOWN, 40 },
        { 1, UNAVAILABLE, 15000 },
        { 2, TOPOLOGY, 9 },
        { 2, DOWN, 0 },
        { 3, DOWN, 1 },
        { 3, TOPOLOGY, 31 },
        { 3, UNAVAILABLE, 500 },
        { 3, LEAST, 800 },
        { 2, SLOWEST, 1300 },
    };
    for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct client changed = clients[changes[i].client];
        changed.values[changes[i].measure] = changes[i].value;
        const char *noticed = outside(&changed, played[changes[i].client], RUNS);
        assert_non_null(noticed);
        assert_string_equal(noticed, measures[changes[i].measure].name);
    }
    recording_free(recorded);
}

/* --- the comparison notices ------------------------------------------------------------------- */

static void change_epoch(struct recording *recorded)
{
    lab_edit_reply(recorded, "CLUSTER NODES", " 7 connected", " 6 connected");
}

static void change_flag(struct recording *recorded)
{
    lab_edit_reply(recorded, "CLUSTER NODES", "master,fail", "master,fail?");
}

static void change_word(struct recording *recorded)
{
    strcpy(lab_line(recorded, "a1", "User requested shutdown")->text, "So");
}

static void drop_line(struct recording *recorded)
{
    lab_drop_line(recorded, "a4", "Failover election won");
}

static void swap_lines(struct recording *recorded)
{
    lab_swap_line(recorded, "a1", "Redis is now ready to exit");
}

static void move_line(struct recording *recorded)
{
    lab_line(recorded, "a4", "Failover election won")->at_ms -= 3000;
}

static void changes_are_noticed(void **state)
{
    (void)state;
    lab_notices(&lab, change_epoch, NULL,
                "CLUSTER NODES $a4.id: recorded \"$a4.addr@57707 master - 6");
    lab_notices(&lab, change_flag, NULL, "master,fail?");
    lab_notices(&lab, change_word, NULL, "log of a1: M # So: recorded \"once\"");
    lab_notices(&lab, drop_line, NULL, "Failover election won: I'm the new master.: recorded \"\"");
    lab_notices(&lab, swap_lines, NULL, "Redis is now ready to exit, bye bye...: recorded before");
    lab_notices(&lab, move_line, NULL,
                "Failover election won: I'm the new master.: recorded after");
}

static void rules_switched_off_are_noticed(void **state)
{
    (void)state;
    lab_notices(&lab, NULL, "rule-off pfail\n", "log of a2: failed: $a1.id: recorded \"once\"");
    lab_notices(&lab, NULL, "cluster-require-full-coverage no\n", "Cluster state changed: fail");
    lab_notices(&lab, NULL, "cluster-node-timeout 2000\n", "recorded after");
    lab_notices(&lab, NULL, "repl-diskless-sync-delay 0\n", "Delay next BGSAVE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recording_lies_within),
        cmocka_unit_test(the_failover_takes_its_time),
        cmocka_unit_test(the_programs_counted_the_same),
        cmocka_unit_test(changes_are_noticed),
        cmocka_unit_test(rules_switched_off_are_noticed),
    };
    return cmocka_run_group_tests_name("seed3", tests, NULL, NULL);
}
