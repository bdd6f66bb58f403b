#include "tests/support/recording.h"

#include "tests/support/support.h"

static const char *const names[RECORDING_NODES] = { "a1", "a2", "a3", "a4", "a5", "a6",
                                                    "b1", "b2", "b3", "b4", "b5", "b6" };

int recording_node(const char *name)
{
    for (int i = 0; i < RECORDING_NODES; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *recording_name(int node)
{
    return node < 0 ? "-" : names[node];
}

char *recording_copy(const char *text, size_t size_bytes)
{
    char *out = malloc(size_bytes + 1);
    assert_non_null(out);
    if (size_bytes > 0) {
        memcpy(out, text, size_bytes);
    }
    out[size_bytes] = '\0';
    return out;
}

static void *grown(void *list, size_t count, size_t size_bytes)
{
    if ((count & (count - 1)) == 0) { /* at each power of two */
        list = realloc(list, (count == 0 ? 1 : count * 2) * size_bytes);
        assert_non_null(list);
    }
    return list;
}

struct recorded_command *recording_add_command(struct recording *recording)
{
    recording->commands =
        grown(recording->commands, recording->command_count, sizeof(recording->commands[0]));
    struct recorded_command *command = &recording->commands[recording->command_count++];
    *command = (struct recorded_command){ .step = (int)recording->step_count - 1 };
    command->text = recording_copy("", 0);
    command->reply = recording_copy("", 0);
    return command;
}

struct recorded_view *recording_add_view(struct recording *recording)
{
    recording->views = grown(recording->views, recording->view_count, sizeof(recording->views[0]));
    struct recorded_view *view = &recording->views[recording->view_count++];
    *view = (struct recorded_view){ .step = (int)recording->step_count - 1 };
    return view;
}

void recording_add_line(struct recorded_log *log, int64_t at_ms, char role, char level,
                        const char *text)
{
    log->lines = grown(log->lines, log->count, sizeof(log->lines[0]));
    log->lines[log->count++] =
        (struct recorded_line){ at_ms, role, level, recording_copy(text, strlen(text)) };
}

void recording_reply(struct recorded_command *command, const char *line, size_t size_bytes)
{
    size_t before = strlen(command->reply);
    command->reply = realloc(command->reply, before + size_bytes + 2);
    assert_non_null(command->reply);
    memcpy(command->reply + before, line, size_bytes);
    memcpy(command->reply + before + size_bytes, "\n", 2);
}

struct recording *recording_new(void)
{
    struct recording *recording = calloc(1, sizeof(*recording));
    assert_non_null(recording);
    recording->kill_ms = -1;
    recording->workloads = recording_copy("", 0);
    return recording;
}

void recording_free(struct recording *recording)
{
    for (unsigned i = 0; i < recording->step_count; i++) {
        free(recording->titles[i]);
    }
    for (unsigned i = 0; i < recording->command_count; i++) {
        free(recording->commands[i].text);
        free(recording->commands[i].reply);
    }
    for (unsigned i = 0; i < RECORDING_NODES; i++) {
        for (unsigned j = 0; j < recording->logs[i].count; j++) {
            free(recording->logs[i].lines[j].text);
        }
        free(recording->logs[i].lines);
    }
    free(recording->commands);
    free(recording->views);
    free(recording->workloads);
    free(recording);
}

/* --- steps.txt -------------------------------------------------------------------------------- */

static void read_entry(struct recorded_view *view, const char *rest)
{
    struct recorded_entry *entry = &view->entries[view->entry_count++];
    assert_true(view->entry_count <= sizeof(view->entries) / sizeof(view->entries[0]));
    char link[16];
    long long epoch;
    int got = sscanf(rest, "%7s %47s %7s %lld %15s %23s", entry->name, entry->flags, entry->master,
                     &epoch, link, entry->slots);
    assert_int_equal(got, 6);
    entry->epoch = epoch;
    entry->connected = strcmp(link, "connected") == 0;
}

static void read_info(struct recorded_view *view, const char *rest)
{
    char state[8];
    long long current, own;
    int got = sscanf(rest,
                     "state=%7s slots_assigned=%d slots_ok=%d slots_pfail=%d slots_fail=%d "
                     "known_nodes=%d size=%d current_epoch=%lld my_epoch=%lld",
                     state, &view->slots_assigned, &view->slots_ok, &view->slots_pfail,
                     &view->slots_fail, &view->known_nodes, &view->size, &current, &own);
    assert_int_equal(got, 9);
    view->state_ok = strcmp(state, "ok") == 0;
    view->current_epoch = current;
    view->my_epoch = own;
}

static void read_replication(struct recorded_view *view, const char *rest)
{
    char link[8] = "";
    long long offset = 0;
    view->replica = strncmp(rest, "role=slave ", 11) == 0;
    strcpy(view->master, "-");
    const char *place = strstr(rest, "master_offset=");
    assert_true(place != NULL && sscanf(place, "master_offset=%lld", &offset) == 1);
    if (view->replica) {
        assert_int_equal(
            sscanf(rest, "role=slave master=%7s link=%7s offset=%lld", view->master, link, &offset),
            3);
    }
    view->link_up = strcmp(link, "up") == 0;
    view->offset = offset;
}

/* What redis-cli puts before an error when it writes to a terminal. */
static void read_error(struct recorded_command *command, const char *rest)
{
    char line[256];
    snprintf(line, sizeof(line), "(error) %s", rest);
    recording_reply(command, line, strlen(line));
}

static void read_act(struct recording *recording, long long at_ms, const char *rest)
{
    char what[8], node[8];
    assert_int_equal(sscanf(rest, "%7s %7s", what, node), 2);
    if (strcmp(what, "start") == 0) {
        recording->start_ms[recording_node(node)] = at_ms;
    } else if (recording->kill_ms < 0) {
        recording->kill_ms = at_ms;
    }
}

static void read_step_line(struct recording *recording, char *line)
{
    char word[8] = "";
    long long at_ms = 0;
    int used = 0;
    unsigned last = recording->command_count - 1;
    sscanf(line, "%7s", word);
    const char *rest = line + strlen(word) + (line[strlen(word)] == ' ');
    if (strcmp(word, "=") == 0) {
        recording_reply(&recording->commands[last], rest, strlen(rest));
        return;
    }
    if (strcmp(word, "!") == 0) {
        read_error(&recording->commands[last], rest);
        return;
    }
    struct recorded_view *view =
        recording->view_count == 0 ? NULL : &recording->views[recording->view_count - 1];
    if (strcmp(word, "n") == 0) {
        read_entry(view, rest);
    } else if (strcmp(word, "i") == 0) {
        read_info(view, rest);
    } else if (strcmp(word, "r") == 0) {
        read_replication(view, rest);
    } else if (strcmp(word, "view") == 0) {
        snprintf(recording_add_view(recording)->viewer, 8, "%s", rest);
    } else {
        assert_int_equal(sscanf(rest, "%lld%n", &at_ms, &used), 1);
        rest += used + (rest[used] == ' ');
        if (strcmp(word, "timeout") == 0) {
            recording->timeout_ms = at_ms;
        } else if (strcmp(word, "wall") == 0) {
            recording->wall_ms = at_ms;
        } else if (strcmp(word, "step") == 0) {
            assert_true(recording->step_count < RECORDING_STEPS);
            recording->end_ms[recording->step_count] = at_ms;
            recording->titles[recording->step_count++] = recording_copy(rest, strlen(rest));
        } else if (strcmp(word, "act") == 0) {
            read_act(recording, at_ms, rest);
        } else if (strcmp(word, "cmd") == 0) {
            struct recorded_command *command = recording_add_command(recording);
            command->at_ms = at_ms;
            assert_int_equal(sscanf(rest, "%15s%n", command->who, &used), 1);
            command->who[strcspn(command->who, "@")] = '\0';
            free(command->text);
            command->text = recording_copy(rest + used + 1, strlen(rest + used + 1));
        } else if (strcmp(word, "wait") != 0 && strcmp(word, "sleep") != 0) {
            fail_msg("steps.txt: \"%s\"", line);
        }
    }
}

/* --- logs.txt --------------------------------------------------------------------------------- */

static void read_log_line(struct recording *recording, int *node, const char *line)
{
    long long at_ms;
    char role, level;
    int used = 0;
    if (strncmp(line, "node ", 5) == 0) {
        *node = recording_node(line + 5);
        assert_true(*node >= 0);
        return;
    }
    assert_int_equal(sscanf(line, "%lld %c %c %n", &at_ms, &role, &level, &used), 3);
    recording_add_line(&recording->logs[*node], at_ms, role, level, line + used);
}

struct recording *recording_load(const char *name)
{
    struct recording *recording = recording_new();
    char path[64];
    int node = -1;
    for (int file = 0; file < 2; file++) {
        snprintf(path, sizeof(path), "scenarios/%s/%s.txt", name, file == 0 ? "steps" : "logs");
        char *text = test_vector(path, NULL);
        for (char *line = text, *next; *line != '\0'; line = next) {
            char *end = strchr(line, '\n');
            assert_non_null(end);
            *end = '\0';
            next = end + 1;
            if (*line == '#') {
                continue;
            }
            if (file == 0) {
                read_step_line(recording, line);
            } else {
                read_log_line(recording, &node, line);
            }
        }
        free(text);
    }
    return recording;
}
