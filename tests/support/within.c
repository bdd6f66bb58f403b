#include "tests/support/within.h"

#include <stdarg.h>

#include "tests/support/support.h"
#include "tests/support/within_parts.h"

#define RUNS_MAX 64

void within_add(struct facts *facts, const char *key, const char *value)
{
    if (facts->count == facts->room) {
        facts->room = facts->room == 0 ? 1024 : facts->room * 2;
        facts->list = realloc(facts->list, facts->room * sizeof(facts->list[0]));
        assert_non_null(facts->list);
    }
    facts->list[facts->count++] =
        (struct fact){ recording_copy(key, strlen(key)), recording_copy(value, strlen(value)) };
}

static void close_facts(struct facts *facts)
{
    for (unsigned i = 0; i < facts->count; i++) {
        free(facts->list[i].key);
        free(facts->list[i].value);
    }
    free(facts->list);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct fact *)a)->key, ((const struct fact *)b)->key);
}

static const char *answer(const struct facts *facts, const char *key)
{
    struct fact wanted = { .key = (char *)(uintptr_t)key };
    const struct fact *found =
        bsearch(&wanted, facts->list, facts->count, sizeof(facts->list[0]), by_key);
    return found == NULL ? "" : found->value;
}

/* --- replies ---------------------------------------------------------------------------------- */

static bool is_chance(const char *line, size_t size)
{
    return strncmp(line, "-> Redirected", 13) == 0 ||
           strspn(line, ".") == size; /* redis-cli's dots, one a second */
}

/* "127.0.0.1:7001 (f9fc5ccc...) -> 0 keys": the beginning of an id. */
static void mask_short_ids(char *line)
{
    for (char *c = strstr(line, " ("); c != NULL; c = strstr(c + 1, " (")) {
        if (strspn(c + 2, "0123456789abcdef") == 8 && strncmp(c + 10, "...)", 4) == 0) {
            memset(c + 2, '#', 8);
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* CLUSTER NODES: a fact for each node, without the times of its last ping and pong. */
static void add_nodes_line(struct facts *facts, const char *command, char *line)
{
    char key[300], *fields[8], value[300];
    unsigned count = 0;
    bool noaddr = strstr(line, "noaddr") != NULL; /* perhaps one of two with a name */
    for (char *field = strtok(line, " "); field != NULL && count < 8; field = strtok(NULL, " ")) {
        fields[count++] = field;
    }
    if (count < 8) {
        fail_msg("a line of CLUSTER NODES has %u fields", count);
    }
    char *slots = strtok(NULL, "");
    snprintf(key, sizeof(key), "%.240s %s%s", command, fields[0], noaddr ? " noaddr" : "");
    snprintf(value, sizeof(value), "%s %s %s %s %s %s", fields[1], fields[2], fields[3], fields[6],
             fields[7], slots == NULL ? "-" : slots);
    within_add(facts, key, value);
}

/* CLUSTER INFO: a fact for each field; of the counters of messages only which there are. */
static void add_info_line(struct facts *facts, const char *command, char *line)
{
    char key[300], *value = strchr(line, ':');
    assert_non_null(value);
    *value++ = '\0';
    snprintf(key, sizeof(key), "%.240s %s", command, line);
    within_add(facts, key, strncmp(line, "cluster_stats_messages", 22) == 0 ? "there" : value);
}

/* The lines of redis-cli's pictures stand in the order of a hash table: all are sorted. */
static void add_reply(struct facts *facts, unsigned index, const struct recorded_command *command)
{
    char *copy = recording_copy(command->reply, strlen(command->reply)), *lines[256], key[300];
    unsigned count = 0;
    snprintf(key, sizeof(key), "reply %03u %s> %.200s", index, command->who, command->text);
    for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (!is_chance(line, strlen(line))) {
            assert_true(count < 256);
            lines[count++] = line;
            mask_short_ids(line);
        } else if (line[0] == '-') {
            char redirected[320];
            snprintf(redirected, sizeof(redirected), "%s: redirected", key);
            within_add(facts, redirected, line);
        }
    }
    bool nodes = strcmp(command->text, "CLUSTER NODES") == 0;
    bool info = strcmp(command->text, "CLUSTER INFO") == 0;
    qsort(lines, count, sizeof(lines[0]), by_text);
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (unsigned i = 0; i < count; i++) {
        if (nodes && strchr(lines[i], ' ') != NULL) {
            add_nodes_line(facts, key, lines[i]);
        } else if (info && strchr(lines[i], ':') != NULL) {
            add_info_line(facts, key, lines[i]);
        } else {
            rcs_buf_format(&text, "%s\n", lines[i]);
        }
    }
    rcs_buf_add(&text, "", 1);
    within_add(facts, key, text.data);
    rcs_buf_close(&text);
    free(copy);
}

/* --- views ------------------------------------------------------------------------------------ */

static const struct recorded_entry *entry_of(const struct recorded_view *view, const char *name)
{
    for (unsigned i = 0; i < view->entry_count; i++) {
        if (strcmp(view->entries[i].name, name) == 0) {
            return &view->entries[i];
        }
    }
    return NULL;
}

static void add_view_fact(struct facts *facts, const struct recording *run,
                          const struct recorded_view *view, const char *about, const char *what,
                          const char *value)
{
    char key[256];
    snprintf(key, sizeof(key), "after \"%s\" %s on %s: %s", run->titles[view->step], view->viewer,
             about, what);
    within_add(facts, key, value);
}

static void add_number(struct facts *facts, const struct recording *run,
                       const struct recorded_view *view, const char *what, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    add_view_fact(facts, run, view, "itself", what, text);
}

/* Two masters with slots never share an epoch once a view is settled. */
static bool epochs_apart(const struct recorded_view *view)
{
    for (unsigned i = 0; i < view->entry_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            const struct recorded_entry *a = &view->entries[i], *b = &view->entries[j];
            if (a->slots[0] != '-' && b->slots[0] != '-' && a->epoch == b->epoch) {
                return false;
            }
        }
    }
    return true;
}

/* The owners of slots, the one with the lowest epoch first. */
static void add_epoch_order(struct facts *facts, const struct recording *run,
                            const struct recorded_view *view)
{
    char order[128] = "";
    int64_t above = -1;
    for (unsigned turn = 0; turn < view->entry_count; turn++) {
        const struct recorded_entry *next = NULL;
        for (unsigned i = 0; i < view->entry_count; i++) {
            const struct recorded_entry *entry = &view->entries[i];
            if (entry->slots[0] != '-' && entry->epoch > above &&
                (next == NULL || entry->epoch < next->epoch)) {
                next = entry;
            }
        }
        if (next == NULL) {
            break;
        }
        above = next->epoch;
        size_t used = strlen(order);
        snprintf(order + used, sizeof(order) - used, "%s ", next->name);
    }
    add_view_fact(facts, run, view, "itself", "owners by epoch", order);
}

static void add_view(struct facts *facts, const struct recording *run,
                     const struct recorded_view *view)
{
    add_epoch_order(facts, run, view);
    for (int node = 0; node < RECORDING_NODES; node++) {
        const char *name = recording_name(node);
        const struct recorded_entry *entry = entry_of(view, name);
        add_view_fact(facts, run, view, name, "known", entry == NULL ? "no" : "yes");
        if (entry != NULL) {
            add_view_fact(facts, run, view, name, "flags", entry->flags);
            add_view_fact(facts, run, view, name, "master", entry->master);
            add_view_fact(facts, run, view, name, "slots", entry->slots);
            add_view_fact(facts, run, view, name, "link", entry->connected ? "up" : "down");
        }
    }
    add_number(facts, run, view, "state ok", view->state_ok);
    add_number(facts, run, view, "slots_assigned", view->slots_assigned);
    add_number(facts, run, view, "known_nodes", view->known_nodes);
    add_number(facts, run, view, "size", view->size);
    add_number(facts, run, view, "replica", view->replica);
    add_number(facts, run, view, "link to the master", view->link_up);
    add_number(facts, run, view, "epochs of owners differ", epochs_apart(view));
    add_view_fact(facts, run, view, "itself", "master", view->master);
}

/* --- all -------------------------------------------------------------------------------------- */

static struct facts facts_of(const struct recording *run)
{
    struct facts facts = { 0 };
    for (unsigned i = 0; i < run->command_count; i++) {
        add_reply(&facts, i, &run->commands[i]);
    }
    for (unsigned i = 0; i < run->view_count; i++) {
        add_view(&facts, run, &run->views[i]);
    }
    for (int node = 0; node < RECORDING_NODES; node++) {
        within_add_log(&facts, run, node);
    }
    qsort(facts.list, facts.count, sizeof(facts.list[0]), by_key);
    return facts;
}

void within_differ(struct within_report *out, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (const char *const *fact = out->left_out; fact != NULL && *fact != NULL; fact++) {
        if (strstr(text, *fact) != NULL) {
            return;
        }
    }
    out->differences++;
    rcs_buf_format(out->text, "%s\n", text);
}

static void judge(const char *key, const struct facts *recorded, const struct facts *played,
                  unsigned count, struct within_report *out)
{
    const char *was = answer(recorded, key);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(answer(&played[i], key), was) == 0) {
            return;
        }
    }
    within_differ(out, "%s: recorded \"%s\", here \"%s\"", key, was, answer(&played[0], key));
}

unsigned within(const struct recording *recorded, struct recording *const *played, unsigned count,
                const char *const *left_out, struct rcs_buf *report)
{
    struct facts was = facts_of(recorded), is[RUNS_MAX];
    struct within_report out = { report, left_out, 0 };
    assert_true(count > 0 && count <= RUNS_MAX);
    for (unsigned i = 0; i < count; i++) {
        is[i] = facts_of(played[i]);
    }
    for (unsigned i = 0; i < was.count; i++) {
        judge(was.list[i].key, &was, is, count, &out);
    }
    for (unsigned i = 0; i < is[0].count; i++) { /* what every played run has, the first has */
        const char *key = is[0].list[i].key;
        /* redis-cli tells of redirections on a terminal only. */
        if (answer(&was, key)[0] == '\0' && strstr(key, ": redirected") == NULL) {
            judge(key, &was, is, count, &out);
        }
    }
    within_judge_logs(recorded, played, count, &out);
    close_facts(&was);
    for (unsigned i = 0; i < count; i++) {
        close_facts(&is[i]);
    }
    return out.differences;
}
