/* Log lines of recordings: how often, in which order, when. The rules are told in within.h. */
#include <ctype.h>

#include "tests/support/support.h"
#include "tests/support/within_parts.h"

/* --- which lines ------------------------------------------------------------------------------ */

/* Lines that are not compared: the machine's, not the node's; the epochs of takeovers 2 ms apart,
 * of which a real server first saves one to its disk before it tells of it; the end of an RDB
 * child, some 40 ms later, whose parent may be killed before; how an attempt to reach a master ends
 * whose process is about to end (refused, or connected and cut off). */
static bool is_left_out(const char *text)
{
    static const char *const lines[] = {
        "WARNING Memory overcommit",
        "New configEpoch set to",
        "Background RDB transfer terminated with success",
        "Streamed RDB transfer with replica",
        "Synchronization with replica",
        "Non blocking connect for SYNC fired the event.",
        "Error condition on socket for SYNC: Connection refused",
        "Failed to read response from the server: Success",
        "Master did not respond to command during SYNC handshake",
        "Sending command to master in replication handshake: -Writing to master: Success",
    };
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strncmp(text, lines[i], strlen(lines[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Numbers and replication ids do not count; names of nodes stay. Who found a node failed and who
 * was told, in which role, is chance. */
static void put_line(char *out, size_t room, int node, const struct recorded_line *line)
{
    char role = line->role;
    const char *text = line->text, *about = strstr(text, "FAIL message received from ");
    if (about != NULL || strncmp(text, "Marking node ", 13) == 0) {
        about = strstr(text, about != NULL ? "about " : "node ");
        snprintf(out, room, "log of %s: failed: %.6s", recording_name(node), strchr(about, '$'));
        return;
    }
    size_t size =
        (size_t)snprintf(out, room, "log of %s: %c %c ", recording_name(node), role, line->level);
    for (const char *c = text; *c != '\0' && size + 2 < room; c++) {
        bool of_name = c >= text + 2 && c[-2] == '$';
        bool digit = isdigit((unsigned char)*c) && !of_name;
        bool id = *c == 'R' && isdigit((unsigned char)c[1]);
        while ((digit || id) && isdigit((unsigned char)c[1])) {
            c++;
        }
        out[size++] = digit || id ? '#' : *c;
    }
    out[size] = '\0';
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void within_add_log(struct facts *facts, const struct recording *run, int node)
{
    const struct recorded_log *log = &run->logs[node];
    int64_t until_ms = run->end_ms[run->step_count - 1];
    char **lines = calloc(log->count + 1, sizeof(lines[0]));
    unsigned count = 0;
    assert_non_null(lines);
    for (unsigned i = 0; i < log->count; i++) {
        char line[640];
        /* Behind the end the driver has stopped its servers. */
        if (log->lines[i].at_ms > until_ms || is_left_out(log->lines[i].text)) {
            continue;
        }
        put_line(line, sizeof(line), node, &log->lines[i]);
        lines[count++] = recording_copy(line, strlen(line));
    }
    qsort(lines, count, sizeof(lines[0]), by_text);
    for (unsigned i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && strcmp(lines[i], lines[next]) == 0; next++) {
        }
        within_add(facts, lines[i], next - i == 1 ? "once" : next - i == 2 ? "twice" : "often");
    }
    for (unsigned i = 0; i < count; i++) {
        free(lines[i]);
    }
    free(lines);
}

/* --- order and times -------------------------------------------------------------------------- */

/* The first line of its text in its step. */
struct label {
    char *text;       /* "after TITLE: log of a1: ..."; on the heap */
    int64_t after_ms; /* since the step's beginning */
    unsigned position;
    unsigned step;
};

struct labels {
    struct label *list;
    unsigned count;
};

static int by_label(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->text, ((const struct label *)b)->text);
}

static const struct label *find_label(const struct labels *labels, const char *text)
{
    struct label wanted = { .text = (char *)(uintptr_t)text };
    return bsearch(&wanted, labels->list, labels->count, sizeof(labels->list[0]), by_label);
}

static bool has_label(const struct labels *labels, const char *text)
{
    for (unsigned i = 0; i < labels->count; i++) {
        if (strcmp(labels->list[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

static struct labels labels_of(const struct recording *run, int node)
{
    const struct recorded_log *log = &run->logs[node];
    struct labels labels = { calloc(log->count + 1, sizeof(labels.list[0])), 0 };
    assert_non_null(labels.list);
    unsigned step = 0;
    for (unsigned i = 0; i < log->count; i++) {
        const struct recorded_line *line = &log->lines[i];
        char text[700], label[800];
        while (step < run->step_count && line->at_ms > run->end_ms[step]) {
            step++;
        }
        if (step == run->step_count || is_left_out(line->text)) {
            continue;
        }
        put_line(text, sizeof(text), node, line);
        snprintf(label, sizeof(label), "%.64s: %s", run->titles[step], text);
        if (!has_label(&labels, label)) {
            int64_t began_ms = step == 0 ? run->begin_ms : run->end_ms[step - 1];
            labels.list[labels.count++] = (struct label){ recording_copy(label, strlen(label)),
                                                          line->at_ms - began_ms, i, step };
        }
    }
    qsort(labels.list, labels.count, sizeof(labels.list[0]), by_label);
    return labels;
}

static void close_labels(struct labels *labels)
{
    for (unsigned i = 0; i < labels->count; i++) {
        free(labels->list[i].text);
    }
    free(labels->list);
}

/* No played run has the two lines in this order, and some have them in the other. */
static bool never_in_order(const struct label *a, const struct label *b,
                           const struct labels *played, unsigned count)
{
    bool other = false;
    for (unsigned i = 0; i < count; i++) {
        const struct label *x = find_label(&played[i], a->text);
        const struct label *y = find_label(&played[i], b->text);
        if (x == NULL || y == NULL) {
            continue;
        }
        if ((x->position < y->position) == (a->position < b->position)) {
            return false;
        }
        other = true;
    }
    return other;
}

/* Whether the line stands well inside its step: near an edge it may fall into the next one. */
static bool inside(const struct recording *run, const struct label *label)
{
    int64_t began_ms = label->step == 0 ? run->begin_ms : run->end_ms[label->step - 1];
    int64_t took_ms = run->end_ms[label->step] - began_ms;
    return label->after_ms > WITHIN_SLACK_MS && label->after_ms < took_ms - WITHIN_SLACK_MS;
}

/* As early as the earliest played run and as late as the latest, and a little more: the machine of
 * the recordings was busy. */
static bool in_time(const struct label *label, const struct labels *played, unsigned count,
                    int64_t *low, int64_t *high)
{
    bool found = false;
    for (unsigned i = 0; i < count; i++) {
        const struct label *other = find_label(&played[i], label->text);
        if (other != NULL) {
            *low = !found || other->after_ms < *low ? other->after_ms : *low;
            *high = !found || other->after_ms > *high ? other->after_ms : *high;
            found = true;
        }
    }
    int64_t more = WITHIN_SLACK_MS + (found ? (*high - *low) / 10 : 0);
    return !found || (label->after_ms >= *low - more && label->after_ms <= *high + more);
}

static unsigned having(const struct labels *played, unsigned count, const char *text)
{
    unsigned runs = 0;
    for (unsigned i = 0; i < count; i++) {
        runs += find_label(&played[i], text) != NULL;
    }
    return runs;
}

/* Lines in a step in which no run has them, or that all runs have in a step and the recording not.
 */
static void judge_steps(const struct recording *run, const struct labels *recorded,
                        struct recording *const *played, const struct labels *here, unsigned count,
                        struct within_report *out)
{
    for (unsigned i = 0; i < recorded->count; i++) {
        const struct label *label = &recorded->list[i];
        if (inside(run, label) && having(here, count, label->text) == 0) {
            within_differ(out, "%s: recorded after %lld ms, here never", label->text,
                          (long long)label->after_ms);
        }
    }
    for (unsigned i = 0; i < here[0].count; i++) {
        const struct label *label = &here[0].list[i];
        if (inside(played[0], label) && find_label(recorded, label->text) == NULL &&
            having(here, count, label->text) == count) {
            within_differ(out, "%s: not recorded, here always", label->text);
        }
    }
}

static void judge_node(const struct labels *recorded, const struct labels *played, unsigned count,
                       struct within_report *out)
{
    for (unsigned i = 0; i < recorded->count; i++) {
        const struct label *a = &recorded->list[i];
        int64_t low = 0, high = 0;
        if (!in_time(a, played, count, &low, &high)) {
            within_differ(out, "%s: recorded after %lld ms, here after %lld to %lld", a->text,
                          (long long)a->after_ms, (long long)low, (long long)high);
        }
        for (unsigned j = i + 1; j < recorded->count; j++) {
            const struct label *b = &recorded->list[j];
            if (never_in_order(a, b, played, count)) {
                bool first = a->position < b->position;
                within_differ(out, "%s: recorded %s, here always %s \"%s\"", a->text,
                              first ? "before" : "behind", first ? "behind" : "before", b->text);
            }
        }
    }
}

void within_judge_logs(const struct recording *recorded, struct recording *const *played,
                       unsigned count, struct within_report *out)
{
    struct labels *here = calloc(count, sizeof(here[0]));
    assert_non_null(here);
    for (int node = 0; node < RECORDING_NODES; node++) {
        struct labels was = labels_of(recorded, node);
        for (unsigned i = 0; i < count; i++) {
            here[i] = labels_of(played[i], node);
        }
        judge_node(&was, here, count, out);
        judge_steps(recorded, &was, played, here, count, out);
        for (unsigned i = 0; i < count; i++) {
            close_labels(&here[i]);
        }
        close_labels(&was);
    }
    free(here);
}
