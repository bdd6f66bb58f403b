#include "tests/support/within.h"

#include <ctype.h>

#include "tests/support/support.h"

#define RUNS_MAX 64

/* A question and its answer; both on the heap. */
struct fact {
    char *key, *value;
};

struct facts {
    struct fact *list;
    unsigned count, room;
};

static void add(struct facts *facts, const char *key, const char *value)
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
    static const char *const words[] = { "cluster_stats_messages", "-> Redirected" };
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(line, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return strspn(line, ".") == size; /* redis-cli's dots, one a second */
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of redis-cli's pictures stand in the order of a hash table: all are sorted. */
static void add_reply(struct facts *facts, unsigned index, const struct recorded_command *command)
{
    char *copy = recording_copy(command->reply, strlen(command->reply)), *lines[256], key[300];
    unsigned count = 0;
    for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (!is_chance(line, strlen(line))) {
            assert_true(count < 256);
            lines[count++] = line;
        }
    }
    qsort(lines, count, sizeof(lines[0]), by_text);
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (unsigned i = 0; i < count; i++) {
        rcs_buf_format(&text, "%s\n", lines[i]);
    }
    rcs_buf_add(&text, "", 1);
    snprintf(key, sizeof(key), "reply %03u %s> %.200s", index, command->who, command->text);
    add(facts, key, text.data);
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
    add(facts, key, value);
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

static void add_view(struct facts *facts, const struct recording *run,
                     const struct recorded_view *view)
{
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

/* --- logs ------------------------------------------------------------------------------------- */

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

static void add_log(struct facts *facts, int node, const struct recorded_log *log, int64_t until_ms)
{
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
        add(facts, lines[i], next - i == 1 ? "once" : next - i == 2 ? "twice" : "often");
    }
    for (unsigned i = 0; i < count; i++) {
        free(lines[i]);
    }
    free(lines);
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
        add_log(&facts, node, &run->logs[node], run->end_ms[run->step_count - 1]);
    }
    qsort(facts.list, facts.count, sizeof(facts.list[0]), by_key);
    return facts;
}

static void judge(const char *key, const struct facts *recorded, const struct facts *played,
                  unsigned count, struct rcs_buf *report, unsigned *differences)
{
    const char *was = answer(recorded, key);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(answer(&played[i], key), was) == 0) {
            return;
        }
    }
    ++*differences;
    rcs_buf_format(report, "%s: recorded \"%s\", here \"%s\"\n", key, was, answer(&played[0], key));
}

unsigned within(const struct recording *recorded, struct recording *const *played, unsigned count,
                struct rcs_buf *report)
{
    struct facts was = facts_of(recorded), is[RUNS_MAX];
    unsigned differences = 0;
    assert_true(count > 0 && count <= RUNS_MAX);
    for (unsigned i = 0; i < count; i++) {
        is[i] = facts_of(played[i]);
    }
    for (unsigned i = 0; i < was.count; i++) {
        judge(was.list[i].key, &was, is, count, report, &differences);
    }
    for (unsigned i = 0; i < is[0].count; i++) { /* what every played run has, the first has */
        const char *key = is[0].list[i].key;
        if (answer(&was, key)[0] == '\0') {
            judge(key, &was, is, count, report, &differences);
        }
    }
    close_facts(&was);
    for (unsigned i = 0; i < count; i++) {
        close_facts(&is[i]);
    }
    return differences;
}
