#include "tests/support/lab.h"

#include "tests/support/measures.h"
#include "tests/support/replay.h"
#include "tests/support/support.h"
#include "tests/support/within.h"

#define RUNS_MAX     64
#define RUNS_TIMED   20 /* whose times are checked */
#define RUNS_CHANGED 6  /* a change is held against */

static uint64_t seed_of(const struct lab *lab, unsigned run)
{
    return (lab->first_seed == 0 ? 1 : lab->first_seed) + run;
}

/* --- compared --------------------------------------------------------------------------------- */

unsigned lab_differences(const struct lab *lab, const struct recording *recorded,
                         const char *overrides, unsigned runs, struct rcs_buf *report)
{
    struct recording *played[RUNS_MAX] = { NULL };
    assert_true(runs > 0 && runs <= RUNS_MAX);
    for (unsigned i = 0; i < runs; i++) {
        played[i] = replay(lab->name, recorded, overrides, seed_of(lab, i));
        if (lab->prepare != NULL) {
            lab->prepare(played[i]);
        }
    }
    unsigned count = within(recorded, played, runs, lab->left_out, report);
    for (unsigned i = 0; i < runs; i++) {
        recording_free(played[i]);
    }
    return count;
}

void lab_holds(const struct lab *lab)
{
    struct recording *recorded = recording_load(lab->name);
    struct rcs_buf report;
    rcs_buf_init(&report);
    unsigned count = lab_differences(lab, recorded, NULL, lab->runs, &report);
    if (count > 0) { /* more than cmocka's messages hold */
        fprintf(stderr, "%u differences\n%.*s", count, (int)report.size_bytes, report.data);
    }
    rcs_buf_close(&report);
    recording_free(recorded);
    assert_int_equal(count, 0);
}

void lab_notices(const struct lab *lab, void (*change)(struct recording *recorded),
                 const char *overrides, const char *what)
{
    struct recording *recorded = recording_load(lab->name);
    struct rcs_buf report;
    rcs_buf_init(&report);
    if (change != NULL) {
        change(recorded);
    }
    unsigned count = lab_differences(lab, recorded, overrides, RUNS_CHANGED, &report);
    rcs_buf_add(&report, "", 1);
    if (count == 0 || strstr(report.data, what) == NULL) {
        fprintf(stderr, "%s", report.data);
        fail_msg("%s was not noticed among %u differences", what, count);
    }
    rcs_buf_close(&report);
    recording_free(recorded);
}

/* --- changes ---------------------------------------------------------------------------------- */

void lab_edit_reply(struct recording *recorded, const char *command, const char *from,
                    const char *to)
{
    for (unsigned i = 0; i < recorded->command_count; i++) {
        char *reply = recorded->commands[i].reply, *place = strstr(reply, from);
        if (strcmp(recorded->commands[i].text, command) != 0 || place == NULL) {
            continue;
        }
        size_t size = strlen(reply) + strlen(to) + 1;
        char *out = malloc(size);
        assert_non_null(out);
        snprintf(out, size, "%.*s%s%s", (int)(place - reply), reply, to, place + strlen(from));
        free(reply);
        recorded->commands[i].reply = out;
        return;
    }
    fail_msg("no \"%s\" was answered to %s", from, command);
}

static unsigned find_line(const struct recorded_log *log, const char *text)
{
    for (unsigned i = 0; i < log->count; i++) {
        if (strstr(log->lines[i].text, text) != NULL) {
            return i;
        }
    }
    fail_msg("no such line: \"%s\"", text);
    return 0;
}

struct recorded_line *lab_line(struct recording *recorded, const char *node, const char *text)
{
    struct recorded_log *log = &recorded->logs[recording_node(node)];
    return &log->lines[find_line(log, text)];
}

void lab_drop_line(struct recording *recorded, const char *node, const char *text)
{
    struct recorded_log *log = &recorded->logs[recording_node(node)];
    unsigned at = find_line(log, text);
    free(log->lines[at].text);
    memmove(&log->lines[at], &log->lines[at + 1], (--log->count - at) * sizeof(log->lines[0]));
}

void lab_swap_line(struct recording *recorded, const char *node, const char *text)
{
    struct recorded_log *log = &recorded->logs[recording_node(node)];
    unsigned at = find_line(log, text);
    assert_true(at > 0);
    struct recorded_line line = log->lines[at];
    log->lines[at] = log->lines[at - 1];
    log->lines[at - 1] = line;
    log->lines[at].at_ms = log->lines[at - 1].at_ms;
}

/* --- times of the failover -------------------------------------------------------------------- */

/* When a line that begins so first came after `since_ms`; -1 never. `node`: to whom. */
static int64_t came(const struct recording *run, const char *text, int64_t since_ms, int *node)
{
    int64_t at_ms = -1;
    for (int i = 0; i < RECORDING_NODES; i++) {
        for (unsigned j = 0; j < run->logs[i].count; j++) {
            const struct recorded_line *line = &run->logs[i].lines[j];
            if (line->at_ms < since_ms || strncmp(line->text, text, strlen(text)) != 0) {
                continue;
            }
            if (at_ms < 0 || line->at_ms < at_ms) {
                at_ms = line->at_ms;
                *node = i;
            }
            break; /* the first of this node */
        }
    }
    return at_ms;
}

/* When the last of those that had failed was ok again. */
static int64_t ok_again(const struct recording *run, int64_t won_ms)
{
    int64_t last_ms = -1;
    for (int i = 0; i < RECORDING_NODES; i++) {
        bool failed = false;
        for (unsigned j = 0; j < run->logs[i].count; j++) {
            const struct recorded_line *line = &run->logs[i].lines[j];
            bool fail = strcmp(line->text, "Cluster state changed: fail") == 0;
            failed |= fail && line->at_ms > run->kill_ms;
            if (failed && line->at_ms >= won_ms && !fail &&
                strncmp(line->text, "Cluster state changed", 21) == 0) {
                last_ms = line->at_ms > last_ms ? line->at_ms : last_ms;
                break;
            }
        }
    }
    return last_ms;
}

static void range_of(const struct samples *measured, enum measure what, int64_t *low, int64_t *high)
{
    const struct sample *sample = &measured->of[what];
    assert_true(sample->count > 0);
    *low = *high = sample->values[0];
    for (unsigned i = 1; i < sample->count; i++) {
        *low = sample->values[i] < *low ? sample->values[i] : *low;
        *high = sample->values[i] > *high ? sample->values[i] : *high;
    }
}

static void in_window(const char *whose, const struct samples *measured, enum measure what,
                      int64_t value)
{
    int64_t low, high;
    range_of(measured, what, &low, &high);
    int64_t more = (high - low) / 10 + 15;
    if (value < low - more || value > high + more) {
        fail_msg("%s: %s %lld ms, measured %lld to %lld", whose, measure_rows[what].text,
                 (long long)value, (long long)low, (long long)high);
    }
}

static void check_times(const struct recording *run, const char *whose,
                        const struct samples *measured, bool timeout)
{
    int node = -1, winner = -1;
    int64_t fail = came(run, "Marking node ", run->kill_ms, &node);
    int64_t delayed = came(run, "Start of election delayed", run->kill_ms, &node);
    int64_t started = came(run, "Starting a failover election", run->kill_ms, &winner);
    int64_t won = came(run, "Failover election won", run->kill_ms, &winner);
    int64_t ok = ok_again(run, won);
    assert_true(fail > 0 && delayed >= fail && started > delayed && won >= started && ok >= won);
    if (timeout) { /* half of it until the last of the quorum pings, and as much until it has said
                      so */
        assert_in_range(fail - run->kill_ms, run->timeout_ms, 2 * run->timeout_ms + 500);
    }
    in_window(whose, measured, MEASURE_FAIL_TO_DELAYED, delayed - fail);
    in_window(whose, measured, MEASURE_START_TO_WON, won - started);
    in_window(whose, measured, MEASURE_WON_TO_OK, ok - won);
    const struct recorded_log *log = &run->logs[winner];
    int delay_ms = 0;
    for (unsigned i = 0; i < log->count; i++) {
        sscanf(log->lines[i].text, "Start of election delayed for %d milliseconds", &delay_ms);
    }
    assert_in_range(delay_ms, 500, 1000); /* rank 0 */
    in_window(whose, measured, MEASURE_START_LATE, started - delayed - delay_ms);
}

void lab_failover_times(const struct lab *lab, bool timeout)
{
    struct samples measured = { 0 };
    struct histories histories;
    histories_load(&histories, "auto_3m3r_nt5000");
    for (unsigned i = 0; i < histories.count; i++) {
        measure_run(&histories.list[i], &measured);
    }
    histories_close(&histories);
    struct recording *recorded = recording_load(lab->name);
    check_times(recorded, "recorded", &measured, timeout);
    for (unsigned i = 0; i < RUNS_TIMED; i++) {
        struct recording *played = replay(lab->name, recorded, NULL, seed_of(lab, i));
        check_times(played, "here", &measured, timeout);
        recording_free(played);
    }
    recording_free(recorded);
    samples_close(&measured);
}
