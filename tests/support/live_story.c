#define _GNU_SOURCE
#include "tests/support/live_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/support/live_server.h"

#define NODES_MAX   24
#define PARAMS_MAX  8
#define WORDS_MAX   24
#define LINE_MAX    400
#define OPTIONS_MAX 16
#define MOVED_MAX   16

struct node {
    struct live_server live;
    char id[41];
};

static struct {
    const char *source;
    struct node nodes[NODES_MAX];
    int node_count;
    char params[PARAMS_MAX][2][32]; /* name, value */
    int param_count;
    char directives[OPTIONS_MAX][64];
    int directive_count;
    const char *param, *value; /* replaced */
    uint64_t random;
    int line;  /* that is played */
    int stand; /* where `client` stands */
    struct live_story_outcome *outcome;
} story;

_Noreturn static void refuse(const char *what, const char *text)
{
    char place[200];
    snprintf(place, sizeof(place), "%s:%d: \"%.80s\"", story.source, story.line, text);
    live_give_up(what, place);
}

static void does_not_hold(const char *text, const char *found)
{
    if (story.outcome->line == 0) {
        story.outcome->line = story.line;
        snprintf(story.outcome->what, sizeof(story.outcome->what), "%.100s: %.50s", text, found);
    }
}

/* --- words ------------------------------------------------------------------------------------ */

static int split(char *text, char *words[WORDS_MAX])
{
    int count = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        if (count == WORDS_MAX) {
            refuse("has too many words", word);
        }
        words[count++] = word;
    }
    return count;
}

static int node_of(const char *name)
{
    for (int i = 0; i < story.node_count; i++) {
        if (strcmp(story.nodes[i].live.name, name) == 0) {
            return i;
        }
    }
    refuse("is no node here", name);
}

static bool is_nodes(const char *text)
{
    return text[0] >= 'a' && text[0] <= 'z' && text[1] >= '0' && text[1] <= '9';
}

/* "a1..a3": a1, a2, a3; returns how many. Names are a letter and a number. */
static int range_of(const char *text, char *letter, int *first)
{
    char other;
    int last, used = 0;
    if (sscanf(text, "%c%d..%c%d%n", letter, first, &other, &last, &used) == 4 &&
        text[used] == '\0' && other == *letter && last >= *first) {
        return last - *first + 1;
    }
    if (sscanf(text, "%c%d%n", letter, first, &used) == 2 && text[used] == '\0') {
        return 1;
    }
    refuse("is no node", text);
}

static int nodes_of(const char *text, int out[NODES_MAX])
{
    char letter, name[32];
    int first, count = range_of(text, &letter, &first);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%c%d", letter, first + i);
        out[i] = node_of(name);
    }
    return count;
}

/* $a1.id, $a1.ip, $a1.port and $PARAM. */
static void with_values(const char *text, char out[LINE_MAX])
{
    size_t used = 0;
    while (*text != '\0') {
        char name[32], field[32], value[64];
        int bytes = 0;
        if (used + sizeof(value) >= LINE_MAX) {
            refuse("is too long", text);
        }
        if (sscanf(text, "$%31[a-z0-9].%31[a-z]%n", name, field, &bytes) == 2) {
            const struct node *node = &story.nodes[node_of(name)];
            snprintf(value, sizeof(value), "%s", node->id);
            if (strcmp(field, "ip") == 0) {
                snprintf(value, sizeof(value), "127.0.0.1");
            } else if (strcmp(field, "port") == 0) {
                snprintf(value, sizeof(value), "%d", node->live.port);
            } else if (strcmp(field, "id") != 0) {
                refuse("is no value of a node", text);
            }
        } else if (sscanf(text, "$%31[a-z]%n", name, &bytes) == 1) {
            const char *found = NULL;
            for (int i = 0; i < story.param_count; i++) {
                found = strcmp(story.params[i][0], name) == 0 ? story.params[i][1] : found;
            }
            if (found == NULL) {
                refuse("is no param", text);
            }
            snprintf(value, sizeof(value), "%s", found);
        } else {
            bytes = 1;
            snprintf(value, sizeof(value), "%c", *text);
        }
        text += bytes;
        used += (size_t)snprintf(out + used, LINE_MAX - used, "%s", value);
    }
    out[used] = '\0';
}

static int64_t duration_us(const char *text)
{
    double value;
    char unit[4] = "";
    int used = 0;
    if (sscanf(text, "%lf%2[ms]%n", &value, unit, &used) == 2 && text[used] == '\0') {
        if (strcmp(unit, "s") == 0 || strcmp(unit, "ms") == 0) {
            return (int64_t)(value * (unit[0] == 's' ? 1000000 : 1000) + 0.5);
        }
    }
    refuse("is no duration", text);
}

/* --- time ------------------------------------------------------------------------------------- */

static void note_late(int64_t us)
{
    if (us > story.outcome->late_us) {
        story.outcome->late_us = us;
        story.outcome->late_line = story.line;
    }
}

/* splitmix64 */
static uint64_t draw(void)
{
    uint64_t z = story.random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 10s, or 0s..1s */
static void play_wait(const char *text)
{
    char low[32];
    const char *dots = strstr(text, "..");
    snprintf(low, sizeof(low), "%.*s", dots == NULL ? 31 : (int)(dots - text), text);
    int64_t us = duration_us(low);
    if (dots != NULL) {
        us += (int64_t)(draw() % (uint64_t)(duration_us(dots + 2) - us + 1));
    }
    int64_t until_us = live_steady_us() + us;
    live_sleep_us(us);
    if (dots == NULL) { /* one that is drawn is as good as another */
        note_late(live_steady_us() - until_us);
    }
}

/* --- servers ---------------------------------------------------------------------------------- */

static const char *ask(int node, const char *command)
{
    int64_t began_us = live_steady_us();
    const char *reply = live_try(&story.nodes[node].live, command);
    note_late(live_steady_us() - began_us);
    return reply;
}

static void play_start(const char *names)
{
    const char *options[2 * OPTIONS_MAX + 3] = { "--cluster-enabled", "yes" };
    char words[OPTIONS_MAX][2][64];
    int which[NODES_MAX], count = nodes_of(names, which), used = 2;
    for (int i = 0; i < story.directive_count; i++) {
        if (sscanf(story.directives[i], "%63s %63s", words[i][0] + 2, words[i][1]) != 2) {
            refuse("is no directive", story.directives[i]);
        }
        memcpy(words[i][0], "--", 2);
        options[used++] = words[i][0];
        options[used++] = strcmp(words[i][1], "\"\"") == 0 ? "" : words[i][1];
    }
    options[used] = NULL;
    for (int i = 0; i < count; i++) {
        struct node *node = &story.nodes[which[i]];
        live_start(&node->live, options);
        /* $40 and the id. That a server begins slowly is nobody's delay. */
        const char *reply = live_try(&node->live, "CLUSTER MYID");
        snprintf(node->id, sizeof(node->id), "%.40s", strchr(reply, '\n') + 1);
    }
}

static void play_kill(const char *names)
{
    int which[NODES_MAX], count = nodes_of(names, which);
    for (int i = 0; i < count; i++) {
        live_stop(&story.nodes[which[i]].live);
    }
}

/* redis-cli --cluster ...: its last line. */
static void play_cli(char *words[WORDS_MAX], int count, char *printed, size_t printed_bytes)
{
    char command[2000] = "TERM=dumb redis-cli", line[LINE_MAX];
    size_t used = strlen(command);
    for (int i = 1; i < count; i++) {
        int which[NODES_MAX], some = is_nodes(words[i]) ? nodes_of(words[i], which) : 0;
        for (int k = 0; k < some; k++) {
            used += (size_t)snprintf(command + used, sizeof(command) - used, " 127.0.0.1:%d",
                                     story.nodes[which[k]].live.port);
        }
        if (some == 0) {
            used += (size_t)snprintf(command + used, sizeof(command) - used, " %s", words[i]);
        }
        if (used >= sizeof(command) - 40) {
            refuse("is too long", words[i]);
        }
    }
    snprintf(command + used, sizeof(command) - used, " --cluster-yes 2>&1");
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) {
        live_give_up("cannot be run", "redis-cli");
    }
    printed[0] = '\0';
    while (fgets(line, sizeof(line), pipe) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0') {
            snprintf(printed, printed_bytes, "%s", line);
        }
    }
    int status = pclose(pipe);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        live_give_up("cannot be run", "redis-cli");
    }
}

/* As redis-cli prints it. */
static void print_reply(const char *reply, char *out, size_t out_bytes)
{
    const char *text = reply + 1;
    int length = (int)strcspn(text, "\r");
    if (reply[0] == '+') {
        snprintf(out, out_bytes, "%.*s", length, text);
    } else if (reply[0] == '-') {
        snprintf(out, out_bytes, "(error) %.*s", length, text);
    } else if (reply[0] == '$' && text[0] == '-') {
        snprintf(out, out_bytes, "(nil)");
    } else if (reply[0] == '$') {
        snprintf(out, out_bytes, "\"%.*s\"", (int)strtol(text, NULL, 10), strchr(text, '\n') + 1);
    } else {
        refuse("has another kind of reply", reply);
    }
}

/* A cluster client as a scenario's: asks where it stands, else the next that can be reached, and
 * goes where it is sent. */
static const char *ask_cluster(const char *command)
{
    const char *reply = NULL;
    int at = story.stand, tried = 0;
    for (int moved = 0; moved <= MOVED_MAX;) {
        if (story.nodes[at].live.pid == 0) {
            at = (at + 1) % story.node_count;
            if (++tried == story.node_count) {
                return "-Could not connect to Redis\r\n";
            }
            continue;
        }
        int port;
        reply = ask(at, command);
        if (sscanf(reply, "-MOVED %*d %*[0-9.]:%d", &port) != 1) {
            break;
        }
        for (at = 0; at < story.node_count && story.nodes[at].live.port != port; at++) {
        }
        if (at == story.node_count) {
            refuse("goes to no node", reply);
        }
        moved++;
        tried = 0;
    }
    story.stand = at;
    return reply;
}

static void play_command(const char *who, const char *command, const char *wanted)
{
    char printed[400], text[LINE_MAX + 40];
    bool by_client = strcmp(who, "client") == 0;
    int which[NODES_MAX], count = by_client ? 1 : nodes_of(who, which);
    for (int i = 0; i < count; i++) {
        const char *reply = by_client ? ask_cluster(command) : ask(which[i], command);
        print_reply(reply, printed, sizeof(printed));
        if (strcmp(printed, wanted) != 0) {
            snprintf(text, sizeof(text), "%s> %s",
                     by_client ? "client" : story.nodes[which[i]].live.name, command);
            does_not_hold(text, printed);
        }
    }
}

/* --- expectations ----------------------------------------------------------------------------- */

/* What CLUSTER NODES of a viewer says of a node. */
struct view {
    bool known;
    char flags[64], master[41], slots[200];
    unsigned long long epoch;
};

static struct view view_of(const char *nodes, int node)
{
    struct view view = { .known = false };
    for (const char *line = strchr(nodes, '\n'); line != NULL; line = strchr(line, '\n')) {
        line++;
        if (strncmp(line, story.nodes[node].id, 40) == 0) {
            int used = 0;
            view.known = sscanf(line, "%*s %*s %63s %40s %*s %*s %llu %*s%n", view.flags,
                                view.master, &view.epoch, &used) == 3;
            int rest = (int)strcspn(line + used, "\n");
            const char *slots = line + used + (rest > 0);
            snprintf(view.slots, sizeof(view.slots), "%.*s", rest > 0 ? rest - 1 : 0, slots);
            return view;
        }
    }
    return view;
}

static bool field_is(const char *info, const char *field, const char *value)
{
    const char *found = strstr(info, field);
    size_t size = strlen(value);
    return found != NULL && strncmp(found + strlen(field), value, size) == 0 &&
           found[strlen(field) + size] == '\r';
}

/* Who has which slots at which epoch. */
static void print_owners(const char *nodes, char *out, size_t out_bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < story.node_count && used < out_bytes; i++) {
        struct view view = view_of(nodes, i);
        if (view.known && view.slots[0] != '\0') {
            used += (size_t)snprintf(out + used, out_bytes - used, "%s has %s at %llu; ",
                                     story.nodes[i].live.name, view.slots, view.epoch);
        }
    }
}

/* words: without "expect" and "on VIEWERS" */
static bool holds_on(int viewer, char **words, int count, char *owners, size_t owners_bytes)
{
    int some[NODES_MAX], others[NODES_MAX];
    bool held = true;
    if (count == 2 && strcmp(words[0], "known") == 0) {
        return field_is(ask(viewer, "CLUSTER INFO"), "cluster_known_nodes:", words[1]);
    }
    if (count == 2 && strcmp(words[0], "state") == 0) {
        return field_is(ask(viewer, "CLUSTER INFO"), "cluster_state:", words[1]);
    }
    if (count == 2 && strcmp(words[0], "role") == 0) {
        return field_is(ask(viewer, "INFO replication"),
                        "role:", strcmp(words[1], "replica") == 0 ? "slave" : words[1]);
    }
    if (count == 2 && strcmp(words[0], "link") == 0) {
        return field_is(ask(viewer, "INFO replication"), "master_link_status:", words[1]);
    }
    const char *nodes = ask(viewer, "CLUSTER NODES");
    if (count == 2 && strcmp(words[0], "unknown") == 0) {
        for (int i = nodes_of(words[1], some); i-- > 0;) {
            held = held && !view_of(nodes, some[i]).known;
        }
    } else if (count == 4 && strcmp(words[0], "slots") == 0 && strcmp(words[2], "of") == 0) {
        for (int i = nodes_of(words[3], some); i-- > 0;) {
            held = held && strcmp(view_of(nodes, some[i]).slots, words[1]) == 0;
        }
    } else if (count == 3 && strcmp(words[1], "replicate") == 0) {
        int replicas = nodes_of(words[0], some), masters = nodes_of(words[2], others);
        for (int i = 0; i < replicas; i++) {
            const char *master = story.nodes[others[masters == 1 ? 0 : i]].id;
            held = held && strcmp(view_of(nodes, some[i]).master, master) == 0;
        }
    } else if (count == 1 && strcmp(words[0], "agreement") == 0) {
        char mine[1000];
        print_owners(nodes, mine, sizeof(mine));
        held = owners[0] == '\0' || strcmp(owners, mine) == 0;
        snprintf(owners, owners_bytes, "%s", mine);
    } else {
        refuse("is not known here", words[0]);
    }
    return held;
}

static void play_expect(char *words[WORDS_MAX], int count, const char *text)
{
    char owners[1000] = "";
    int viewers[NODES_MAX];
    if (count < 4 || strcmp(words[count - 2], "on") != 0) {
        refuse("is not known here", text);
    }
    int viewer_count = nodes_of(words[count - 1], viewers);
    for (int i = 0; i < viewer_count; i++) {
        if (!holds_on(viewers[i], words + 1, count - 3, owners, sizeof(owners))) {
            does_not_hold(text, story.nodes[viewers[i]].live.name);
        }
    }
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Of the layout and the settings. False: it is none. */
static bool read_setting(char *words[WORDS_MAX], int count, const char *text)
{
    static const char *const nothing[] = { "title", "step", "absent", "network" };
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        if (strcmp(words[0], nothing[i]) == 0) {
            if (i >= 2 && strcmp(text, "absent all") != 0 &&
                strcmp(text, "network loopback") != 0) {
                refuse("cannot be had here", text);
            }
            return true;
        }
    }
    if (strcmp(words[0], "site") == 0 && count == 3) {
        char letter;
        int first, some = range_of(words[2], &letter, &first);
        for (int i = 0; i < some; i++) {
            if (story.node_count == NODES_MAX) {
                refuse("are too many nodes", text);
            }
            struct node *node = &story.nodes[story.node_count++];
            *node = (struct node){ .live = { .fd = -1 } };
            snprintf(node->live.name, sizeof(node->live.name), "%c%d", letter,
                     (first + i) % 100000);
        }
        return true;
    }
    if (strcmp(words[0], "param") == 0 && count == 3) {
        if (story.param_count == PARAMS_MAX) {
            refuse("are too many", text);
        }
        bool replaced = story.param != NULL && strcmp(story.param, words[1]) == 0;
        snprintf(story.params[story.param_count][0], 32, "%s", words[1]);
        snprintf(story.params[story.param_count++][1], 32, "%s", replaced ? story.value : words[2]);
        return true;
    }
    static const char *const directives[] = { "cluster-node-timeout", "appendonly", "save",
                                              "repl-diskless-sync-delay" };
    for (size_t i = 0; count == 2 && i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (strcmp(words[0], directives[i]) == 0) {
            if (story.directive_count == OPTIONS_MAX) {
                refuse("are too many", text);
            }
            snprintf(story.directives[story.directive_count++], 64, "%s", text);
            return true;
        }
    }
    return false;
}

/* The next line that says something, without its remark; NULL at the end. */
static const char *next_line(const char **text, char out[LINE_MAX])
{
    while (**text != '\0') {
        size_t size = strcspn(*text, "\n");
        if (size >= LINE_MAX) {
            refuse("is too long", *text);
        }
        memcpy(out, *text, size);
        out[size] = '\0';
        *text += size + ((*text)[size] == '\n');
        story.line++;
        char *remark = out[0] == '#' ? out : strstr(out, " #");
        if (remark != NULL) {
            *remark = '\0';
        }
        size = strlen(out);
        while (size > 0 && out[size - 1] == ' ') {
            out[--size] = '\0';
        }
        if (size > 0) {
            return out;
        }
    }
    return NULL;
}

/* The `= ` lines below a command, of which the last counts: the others are `= ...`. */
static bool read_wanted(const char **text, char wanted[LINE_MAX])
{
    bool any = false;
    while ((*text)[0] == '=' && (*text)[1] == ' ') {
        char line[LINE_MAX];
        next_line(text, line);
        if (any && strcmp(wanted, "...") != 0) {
            refuse("is more than is compared here", line);
        }
        snprintf(wanted, LINE_MAX, "%s", line + 2);
        any = true;
    }
    return any;
}

static void play_statement(const char *line, const char **text)
{
    char full[LINE_MAX], cut[LINE_MAX], wanted[LINE_MAX], *words[WORDS_MAX];
    with_values(line, full);
    memcpy(cut, full, sizeof(cut));
    int count = split(cut, words);
    char *prompt = strchr(full, '>');
    if (strcmp(words[0], "wait") == 0 && count == 2) {
        play_wait(words[1]);
    } else if (strcmp(words[0], "start") == 0 && count == 2) {
        play_start(words[1]);
    } else if (strcmp(words[0], "kill") == 0 && count == 2) {
        play_kill(words[1]);
    } else if (strcmp(words[0], "expect") == 0) {
        play_expect(words, count, full);
    } else if (strcmp(words[0], "cli") == 0) {
        char printed[LINE_MAX];
        play_cli(words, count, printed, sizeof(printed));
        if (read_wanted(text, wanted) && strcmp(wanted, printed) != 0) {
            does_not_hold(full, printed);
        }
    } else if (prompt != NULL && prompt[1] == ' ' && strchr(words[0], '>') != NULL) {
        *prompt = '\0';
        if (!read_wanted(text, wanted)) {
            refuse("has no reply to compare with", line);
        }
        play_command(full, prompt + 2, wanted);
    } else {
        refuse("is not known here", line);
    }
}

static void begin(const char *source)
{
    memset(&story, 0, sizeof(story));
    story.source = source;
}

int live_story_nodes(const char *source, const char *text)
{
    char line[LINE_MAX], cut[LINE_MAX], *words[WORDS_MAX];
    begin(source);
    while (next_line(&text, line) != NULL) {
        memcpy(cut, line, sizeof(cut));
        read_setting(words, split(cut, words), line);
    }
    return story.node_count;
}

void live_story_play(const struct live_story_options *options, struct live_story_outcome *out)
{
    char line[LINE_MAX], cut[LINE_MAX], *words[WORDS_MAX];
    const char *text = options->text;
    begin(options->source);
    *out = (struct live_story_outcome){ .line = 0 };
    story.outcome = out;
    story.param = options->param;
    story.value = options->value;
    story.random = options->seed;
    bool placed = false;
    while (out->line == 0 && next_line(&text, line) != NULL) {
        memcpy(cut, line, sizeof(cut));
        if (read_setting(words, split(cut, words), line)) {
            continue;
        }
        for (int i = 0; !placed && i < story.node_count; i++) {
            struct live_server *live = &story.nodes[i].live;
            live->port = options->port + i;
            snprintf(live->dir, sizeof(live->dir), "%s/%d", options->directory, i);
        }
        placed = true;
        play_statement(line, &text);
    }
}

void live_story_clean_up(void)
{
    for (int i = 0; i < story.node_count; i++) {
        live_stop(&story.nodes[i].live);
        if (story.nodes[i].live.dir[0] != '\0') {
            live_remove(&story.nodes[i].live);
        }
    }
}
