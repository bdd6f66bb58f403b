#include "tests/support/conversation.h"

#include "tests/support/support.h"

int talk_node_named(const struct talk *talk, const char *name)
{
    for (int i = 0; i < talk->node_count; i++) {
        if (strcmp(talk->nodes[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Cuts the next word off `*text`. */
static char *word(char **text)
{
    char *start = *text, *end = strchr(start, ' ');
    if (end == NULL) {
        *text = start + strlen(start);
    } else {
        *end = '\0';
        *text = end + 1;
    }
    return start;
}

static long long number(char **text)
{
    char *start = word(text), *end;
    long long value = strtoll(start, &end, 10);
    if (*start == '\0' || *end != '\0') {
        fail_msg("not a number in a recording: '%s'", start);
    }
    return value;
}

static char *copy(const char *text)
{
    char *out = malloc(strlen(text) + 1);
    assert_non_null(out);
    return strcpy(out, text);
}

static void append_line(char **text, const char *line)
{
    size_t old = *text == NULL ? 0 : strlen(*text), more = strlen(line);
    *text = realloc(*text, old + more + 2);
    assert_non_null(*text);
    memcpy(*text + old, line, more);
    memcpy(*text + old + more, "\n", 2);
}

static void read_node(struct talk *talk, char *rest)
{
    assert_true(talk->node_count < (int)(sizeof(talk->nodes) / sizeof(talk->nodes[0])));
    struct talk_node *node = &talk->nodes[talk->node_count++];
    snprintf(node->name, sizeof(node->name), "%s", word(&rest));
    snprintf(node->id, sizeof(node->id), "%s", word(&rest));
    node->port = (uint16_t)number(&rest);
    node->cport = (uint16_t)number(&rest);
}

static void read_conn(struct talk *talk, char *rest)
{
    long long index = number(&rest);
    assert_int_equal(index, talk->conn_count);
    talk->conns = realloc(talk->conns, (size_t)(index + 1) * sizeof(talk->conns[0]));
    assert_non_null(talk->conns);
    struct talk_conn *conn = &talk->conns[talk->conn_count++];
    conn->connector = talk_node_named(talk, word(&rest));
    conn->listener = talk_node_named(talk, word(&rest));
    conn->open = strcmp(word(&rest), "open") == 0;
}

static void read_event(struct talk *talk, enum talk_kind kind, char *rest)
{
    if (talk->event_count % 256 == 0) {
        talk->events = realloc(talk->events, (talk->event_count + 256) * sizeof(talk->events[0]));
        assert_non_null(talk->events);
    }
    struct talk_event *event = &talk->events[talk->event_count++];
    *event = (struct talk_event){ .kind = kind, .conn = -1, .from = -1, .to = -1 };
    event->at_us = number(&rest);
    if (kind == TALK_MARK) {
        event->from = talk_node_named(talk, word(&rest));
        snprintf(event->what, sizeof(event->what), "%s", rest);
        return;
    }
    event->conn = (int)number(&rest);
    event->from = talk_node_named(talk, word(&rest));
    event->to = talk_node_named(talk, word(&rest));
    if (kind == TALK_MSG) {
        event->out = strcmp(word(&rest), "out") == 0;
        (void)word(&rest); /* the type: it is in the bytes */
        event->bytes = test_hex(rest, &event->size_bytes);
    }
}

static void read_line(struct talk *talk, char *line)
{
    static const struct {
        const char *word;
        enum talk_kind kind;
    } kinds[] = {
        { "msg", TALK_MSG }, { "syn", TALK_SYN }, { "synack", TALK_SYNACK },
        { "fin", TALK_FIN }, { "rst", TALK_RST }, { "mark", TALK_MARK },
    };
    char *rest = line, *first = word(&rest);
    if (*first == '\0' || *first == '#') {
        return;
    }
    if (strcmp(first, "start") == 0) {
        talk->start_unix_us = number(&rest);
        talk->node_timeout_ms = number(&rest);
    } else if (strcmp(first, "node") == 0) {
        read_node(talk, rest);
    } else if (strcmp(first, "conn") == 0) {
        read_conn(talk, rest);
    } else if (strcmp(first, "before") == 0 || strcmp(first, "after") == 0) {
        int node = talk_node_named(talk, word(&rest));
        assert_true(node >= 0);
        append_line(*first == 'b' ? &talk->nodes[node].before : &talk->nodes[node].after, rest);
    } else {
        size_t i = 0, count = sizeof(kinds) / sizeof(kinds[0]);
        while (i < count && strcmp(first, kinds[i].word) != 0) {
            i++;
        }
        if (i == count) {
            fail_msg("no such line in a recording: '%s'", first);
        }
        read_event(talk, kinds[i].kind, rest);
    }
}

static void read_log_line(struct talk *talk, char *line)
{
    char *rest = line;
    if (*line == '\0' || *line == '#') {
        return;
    }
    if (talk->log_count % 256 == 0) {
        talk->logs = realloc(talk->logs, (talk->log_count + 256) * sizeof(talk->logs[0]));
        assert_non_null(talk->logs);
    }
    struct talk_log *log = &talk->logs[talk->log_count++];
    log->at_us = number(&rest);
    log->node = talk_node_named(talk, word(&rest));
    log->role = *word(&rest);
    log->level = *word(&rest);
    log->text = copy(rest);
}

static void read_file(struct talk *talk, const char *name, const char *suffix,
                      void (*read)(struct talk *talk, char *line))
{
    char path[128];
    snprintf(path, sizeof(path), "conversations/%s%s", name, suffix);
    char *text = test_vector(path, NULL);
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        char *next = end == NULL ? line + strlen(line) : end + 1;
        if (end != NULL) {
            *end = '\0';
        }
        read(talk, line);
        line = next;
    }
    free(text);
}

struct talk *talk_load(const char *name)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    assert_non_null(talk);
    read_file(talk, name, ".txt", read_line);
    read_file(talk, name, ".log.txt", read_log_line);
    return talk;
}

void talk_free(struct talk *talk)
{
    for (int i = 0; i < talk->node_count; i++) {
        free(talk->nodes[i].before);
        free(talk->nodes[i].after);
    }
    for (size_t i = 0; i < talk->event_count; i++) {
        free(talk->events[i].bytes);
    }
    for (size_t i = 0; i < talk->log_count; i++) {
        free(talk->logs[i].text);
    }
    free(talk->conns);
    free(talk->events);
    free(talk->logs);
    free(talk);
}
