#include "tests/support/history.h"

#include "tests/support/support.h"

static const char *const names[] = {
#define X(constant, name) [WHAT_##constant] = (name),
    HISTORY_WHAT(X)
#undef X
};

enum what what_named(const char *name)
{
    enum what what = 0;
    while (what < WHAT_COUNT && strcmp(names[what], name) != 0) {
        what++;
    }
    return what;
}

void history_close(struct history *history)
{
    free(history->list);
    *history = (struct history){ .nodes = 0 };
}

void history_add(struct history *history, const struct occurrence *what)
{
    if (history->count == history->room) {
        history->room = history->room == 0 ? 32 : history->room * 2;
        history->list = realloc(history->list, history->room * sizeof(history->list[0]));
        assert_non_null(history->list);
    }
    history->list[history->count++] = *what;
}

void history_sort(struct history *history)
{
    for (unsigned i = 1; i < history->count; i++) { /* nearly sorted already, and must be stable */
        struct occurrence one = history->list[i];
        unsigned j = i;
        for (; j > 0 &&
               (history->list[j - 1].at_ms > one.at_ms ||
                (history->list[j - 1].at_ms == one.at_ms && history->list[j - 1].node > one.node));
             j--) {
            history->list[j] = history->list[j - 1];
        }
        history->list[j] = one;
    }
}

void history_count(const char *info, int times, int64_t counts[SENT_COUNT])
{
    static const char *const types[] = {
#define X(constant, name) "\ncluster_stats_messages_" name "_sent:",
        HISTORY_SENT(X)
#undef X
    };
    for (int i = 0; i < SENT_COUNT; i++) {
        const char *at = strstr(info, types[i]);
        counts[i] += at == NULL ? 0 : times * strtoll(at + strlen(types[i]), NULL, 10);
    }
}

int history_node(const struct history *history, const char *name)
{
    for (int node = 0; node < history->nodes; node++) {
        if (strcmp(history->names[node], name) == 0) {
            return node;
        }
    }
    return -1;
}

/* --- reading the recordings ------------------------------------------------------------------- */

/* "run 12910 34 m1 m2 r1=m1": who is named as a master of others stands before or after them. */
static void read_run(struct history *history, char *line)
{
    char *masters[HISTORY_NODES];
    char *word = strtok(line, " ");
    *history = (struct history){ .nodes = 0 };
    assert_string_equal(word, "run");
    history->control_us = strtoll(strtok(NULL, " "), NULL, 10);
    history->gap_ms = strtoll(strtok(NULL, " "), NULL, 10);
    while ((word = strtok(NULL, " ")) != NULL) {
        char *equals = strchr(word, '=');
        assert_true(history->nodes < HISTORY_NODES);
        masters[history->nodes] = equals == NULL ? NULL : equals + 1;
        if (equals != NULL) {
            *equals = '\0';
        }
        snprintf(history->names[history->nodes++], sizeof(history->names[0]), "%s", word);
    }
    for (int node = 0; node < history->nodes; node++) {
        history->master[node] = masters[node] == NULL ? -1 : history_node(history, masters[node]);
        assert_true(masters[node] == NULL || history->master[node] >= 0);
    }
}

/* "1834 r3 election-delayed - 571 0" */
static void read_occurrence(struct history *history, const char *line)
{
    struct occurrence one = { .about = -1 };
    char node[8], what[32], about[8];
    long long at, values[2] = { 0 };
    int words =
        sscanf(line, "%lld %7s %31s %7s %lld %lld", &at, node, what, about, &values[0], &values[1]);
    one.at_ms = at;
    one.node = history_node(history, node);
    one.what = what_named(what);
    one.about = history_node(history, about);
    one.values[0] = values[0];
    one.values[1] = values[1];
    if (words < 4 || one.node < 0 || one.what == WHAT_COUNT) {
        fail_msg("no such line of a recording: %s", line);
    }
    history_add(history, &one);
}

void histories_load(struct histories *out, const char *name)
{
    char path[80];
    snprintf(path, sizeof(path), "timing/%s.txt", name);
    char *text = test_vector(path, NULL), *next;
    *out = (struct histories){ .count = 0 };
    for (char *line = text; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        next += *next == '\n' ? (*next = '\0', 1) : 0;
        if (*line == '#') {
            continue;
        }
        if (strncmp(line, "run ", 4) == 0) {
            if (out->count == out->room) {
                out->room = out->room == 0 ? 32 : out->room * 2;
                out->list = realloc(out->list, out->room * sizeof(out->list[0]));
                assert_non_null(out->list);
            }
            read_run(&out->list[out->count++], line);
        } else {
            assert_true(out->count > 0);
            read_occurrence(&out->list[out->count - 1], line);
        }
    }
    free(text);
}

void histories_close(struct histories *histories)
{
    for (unsigned i = 0; i < histories->count; i++) {
        history_close(&histories->list[i]);
    }
    free(histories->list);
    *histories = (struct histories){ .count = 0 };
}

/* --- questions -------------------------------------------------------------------------------- */

static bool fits(const struct occurrence *one, enum what what, int node, int about)
{
    return one->what == what && (node < 0 || one->node == node) &&
           (about < 0 || one->about == about);
}

int history_next(const struct history *history, int from, enum what what, int node, int about)
{
    for (int i = from + 1; i < (int)history->count; i++) {
        if (fits(&history->list[i], what, node, about)) {
            return i;
        }
    }
    return -1;
}

int64_t history_first(const struct history *history, enum what what, int node, int about)
{
    int i = history_next(history, -1, what, node, about);
    return i < 0 ? HISTORY_NEVER : history->list[i].at_ms;
}

int64_t history_last(const struct history *history, enum what what, int node, int about)
{
    int64_t last = HISTORY_NEVER;
    for (int i = -1; (i = history_next(history, i, what, node, about)) >= 0;) {
        last = history->list[i].at_ms;
    }
    return last;
}
