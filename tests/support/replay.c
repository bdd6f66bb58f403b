#include "tests/support/replay.h"

#include <rcsim/bus_types.h>
#include <rcsim/check.h>
#include <rcsim/scenario.h>

#include "tests/support/support.h"

struct player {
    struct recording *out;
    struct rcs_run *run;
    int as[RECORDING_NODES]; /* the recording's number of each of our nodes */
};

/* a1.. of the recording; the run may have fewer than twelve. */
static int node_count(const struct player *player)
{
    return (int)rcs_sim_node_count(rcs_run_sim(player->run));
}

/* --- pictures --------------------------------------------------------------------------------- */

static void print_flags(char *out, size_t size_bytes, unsigned flags, bool myself)
{
    const char *rest = (flags & RCS_NODE_MASTER) != 0 ? "master" : "slave";
    const char *fail = (flags & RCS_NODE_PFAIL) != 0  ? ",fail?"
                       : (flags & RCS_NODE_FAIL) != 0 ? ",fail"
                                                      : "";
    snprintf(out, size_bytes, "%s%s%s%s", myself ? "myself," : "", rest, fail,
             (flags & RCS_NODE_NOADDR) != 0 ? ",noaddr" : "");
}

static void look(struct player *player, int viewer)
{
    struct rcs_sim *sim = rcs_run_sim(player->run);
    struct rcs_view view;
    rcs_sim_view(sim, viewer, &view);
    if (!view.running) {
        return;
    }
    struct recorded_view *out = recording_add_view(player->out);
    snprintf(out->viewer, sizeof(out->viewer), "%s", recording_name(viewer));
    out->state_ok = view.state_ok;
    out->slots_assigned = (int)view.assigned;
    out->slots_ok = out->slots_pfail = out->slots_fail = -1;
    out->known_nodes = (int)view.known;
    out->size = view.size;
    out->current_epoch = (int64_t)view.current_epoch;
    out->my_epoch = (int64_t)view.my_epoch;
    out->replica = view.replica;
    out->link_up = view.replica && view.link_up;
    snprintf(out->master, sizeof(out->master), "%s",
             recording_name(view.replica ? view.master : -1));
    out->offset = view.offset;
    for (int node = 0; node < node_count(player); node++) {
        struct rcs_opinion opinion, master;
        if (!rcs_sim_opinion(sim, viewer, node, &opinion)) {
            continue;
        }
        struct recorded_entry *entry = &out->entries[out->entry_count++];
        snprintf(entry->name, sizeof(entry->name), "%s", recording_name(node));
        print_flags(entry->flags, sizeof(entry->flags), opinion.flags, node == viewer);
        snprintf(entry->master, sizeof(entry->master), "%s", recording_name(opinion.master));
        const char *slots = rcs_sim_slot_ranges(sim, viewer, node);
        snprintf(entry->slots, sizeof(entry->slots), "%s", slots[0] == '\0' ? "-" : slots);
        entry->connected = opinion.connected;
        entry->epoch =
            (int64_t)opinion.config_epoch; /* CLUSTER NODES: a replica's is its master's */
        if (opinion.master >= 0 && rcs_sim_opinion(sim, viewer, opinion.master, &master)) {
            entry->epoch = (int64_t)master.config_epoch;
        }
    }
}

/* --- the transcript: a JSON object a line ----------------------------------------------------- */

static bool field(const char *line, const char *name, char *out, size_t room)
{
    char key[24];
    snprintf(key, sizeof(key), "\"%s\":\"", name);
    const char *c = strstr(line, key);
    size_t size = 0;
    if (c == NULL) {
        return false;
    }
    for (c += strlen(key); *c != '"'; c++) {
        assert_true(*c != '\0' && size + 1 < room);
        bool escaped = *c == '\\';
        c += escaped;
        assert_true(!escaped || *c == 'n' || *c == '"' || *c == '\\');
        out[size++] = (char)(escaped && *c == 'n' ? '\n' : *c);
    }
    out[size] = '\0';
    return true;
}

static void take_step(struct player *player, const char *title, int64_t at_ms)
{
    struct recording *out = player->out;
    assert_true(out->step_count < RECORDING_STEPS);
    if (out->step_count > 0) {
        out->end_ms[out->step_count - 1] = at_ms;
    }
    out->titles[out->step_count++] = recording_copy(title, strlen(title));
}

static void take_command(struct player *player, const char *who, const char *text, int64_t at_ms)
{
    struct recorded_command *command = recording_add_command(player->out);
    command->at_ms = at_ms;
    snprintf(command->who, sizeof(command->who), "%s", who);
    free(command->text);
    command->text = recording_copy(text, strlen(text));
}

static void take_workload(struct player *player, const char *text)
{
    char **all = &player->out->workloads;
    size_t size = strlen(*all) + strlen(text) + 2;
    *all = realloc(*all, size);
    assert_non_null(*all);
    strcat(strcat(*all, text), "\n");
}

static void take_fault(struct player *player, const char *text, int64_t at_ms)
{
    char node[8];
    if (sscanf(text, "start %7s", node) == 1) {
        player->out->start_ms[recording_node(node)] = at_ms;
    } else if (strncmp(text, "kill ", 5) == 0 || strncmp(text, "stop ", 5) == 0) {
        player->out->kill_ms = at_ms;
    }
}

static void print(void *arg, const char *bytes, size_t size_bytes)
{
    struct player *player = arg;
    static char line[1 << 15], kind[16], text[1 << 14], who[16];
    long long at_us;
    assert_true(size_bytes < sizeof(line));
    memcpy(line, bytes, size_bytes);
    line[size_bytes] = '\0';
    assert_int_equal(sscanf(line, "{\"at_us\":%lld", &at_us), 1);
    assert_true(field(line, "kind", kind, sizeof(kind)));
    int64_t at_ms = at_us / 1000;
    if (strcmp(kind, "step") == 0 && field(line, "title", text, sizeof(text))) {
        take_step(player, text, at_ms);
    } else if (!field(line, "text", text, sizeof(text))) {
        return;
    } else if (strcmp(kind, "workload") == 0) {
        take_workload(player, text);
    } else if (strcmp(kind, "command") == 0 && field(line, "to", who, sizeof(who))) {
        take_command(player, who, text, at_ms);
    } else if (strncmp(text, "cli ", 4) == 0) {
        take_command(player, "cli", text + 4, at_ms);
    } else if (strcmp(kind, "output") == 0 && player->out->command_count > 0) {
        recording_reply(&player->out->commands[player->out->command_count - 1], text, strlen(text));
    } else if (strcmp(kind, "print") == 0 && strcmp(text, "view") == 0) {
        for (int node = 0; node < node_count(player); node++) {
            look(player, node);
        }
    } else {
        take_fault(player, text, at_ms);
    }
}

/* "<pid>:<role> <day> <month> <year> <time> <level> <text>" */
static void on_log(void *arg, int node, rcs_us at_us, const char *line)
{
    struct player *player = arg;
    char role, level;
    int used = 0;
    if (strstr(line, ":signal-handler (") != NULL) {
        return; /* a form of its own, not in the recordings */
    }
    assert_int_equal(sscanf(line, "%*d:%c %*s %*s %*s %*s %c %n", &role, &level, &used), 2);
    recording_add_line(&player->out->logs[node], at_us / 1000, role, level, line + used);
}

/* --- names in place of ids and numbers -------------------------------------------------------- */

/* The first step at whose end a4..a6 all have masters. */
static int named_step(const struct recording *run)
{
    for (unsigned i = 0; i + 2 < run->view_count; i++) {
        const struct recorded_view *view = &run->views[i];
        if (strcmp(view->viewer, "a4") == 0 && view[0].replica && view[1].replica &&
            view[2].replica) {
            return view->step;
        }
    }
    fail_msg("a4..a6 never were replicas");
    return -1;
}

/* Which of `like`'s nodes has the master that our `node` has. */
static void find_names(struct player *player, const struct recording *like)
{
    int step = named_step(player->out);
    for (int node = 0; node < RECORDING_NODES; node++) {
        player->as[node] = node;
    }
    for (unsigned i = 0; i < player->out->view_count; i++) {
        const struct recorded_view *ours = &player->out->views[i];
        int node = recording_node(ours->viewer);
        if (ours->step != step || node < 3 || node > 5) {
            continue;
        }
        for (unsigned j = 0; j < like->view_count; j++) {
            const struct recorded_view *theirs = &like->views[j];
            if (theirs->step == step && strcmp(theirs->master, ours->master) == 0 &&
                theirs->viewer[0] == 'a' && theirs->viewer[1] >= '4') {
                player->as[node] = recording_node(theirs->viewer);
            }
        }
    }
    int sum = player->as[3] * player->as[4] * player->as[5];
    assert_int_equal(sum, 3 * 4 * 5); /* each name once */
}

struct names {
    const struct player *player;
    bool plain; /* a4..a6 as they are called here */
    char ids[64][RCS_ID_LEN + 1];
    unsigned id_count;
};

static size_t hex_run(const char *text)
{
    return strspn(text, "0123456789abcdef");
}

static void put_id(struct names *names, const char *id, char *out, size_t room)
{
    char key[RCS_ID_LEN + 1];
    memcpy(key, id, RCS_ID_LEN);
    key[RCS_ID_LEN] = '\0';
    int node = rcs_sim_node_of_id(rcs_run_sim(names->player->run), key);
    if (node >= 0) {
        snprintf(out, room, "$%s.id",
                 recording_name(names->plain ? node : names->player->as[node]));
        return;
    }
    if (strspn(key, "0") == RCS_ID_LEN) {
        snprintf(out, room, "none");
        return;
    }
    unsigned i = 0;
    while (i < names->id_count && strcmp(names->ids[i], key) != 0) {
        i++;
    }
    if (i == names->id_count) {
        assert_true(i < 64);
        strcpy(names->ids[names->id_count++], key);
    }
    snprintf(out, room, "R%u", i + 1);
}

/* A port's node, -1. */
static int port_node(const struct player *player, const char *digits)
{
    int port = atoi(digits);
    for (int node = 0; node < node_count(player); node++) {
        if (rcs_sim_node_port(rcs_run_sim(player->run), node) == port) {
            return node;
        }
    }
    return -1;
}

static char *renamed(struct names *names, const char *text)
{
    static char out[1 << 15];
    char *to = out;
    while (*text != '\0') {
        size_t room = (size_t)(out + sizeof(out) - to), skip = 0;
        int node;
        *to = '\0';
        if (hex_run(text) == RCS_ID_LEN) {
            put_id(names, text, to, room);
            skip = RCS_ID_LEN;
        } else if (strncmp(text, "127.0.0.1:", 10) == 0 &&
                   (node = port_node(names->player, text + 10)) >= 0) {
            snprintf(to, room, "$%s.addr",
                     recording_name(names->plain ? node : names->player->as[node]));
            skip = 15;
        } else if (strncmp(text, "127.0.0.1 ", 10) == 0 &&
                   (node = port_node(names->player, text + 10)) >= 0) {
            snprintf(to, room, "$%s.ip $%s.port", recording_name(node), recording_name(node));
            skip = 15;
        } else if (strncmp(text, "port=", 5) == 0 &&
                   (node = port_node(names->player, text + 5)) >= 0) {
            snprintf(to, room, "port=$%s.port", recording_name(names->player->as[node]));
            skip = 10;
        } else if (strncmp(text, "pid=", 4) == 0 || strncmp(text, "by pid ", 7) == 0) {
            size_t word = text[0] == 'p' ? 4 : 7;
            snprintf(to, room, "%.*sPID", (int)word, text);
            skip = word + strspn(text + word, "0123456789");
        }
        if (skip == 0) {
            assert_true(room > 2);
            to[0] = *text++;
            to[1] = '\0';
        }
        text += skip;
        to += strlen(to);
    }
    return recording_copy(out, (size_t)(to - out));
}

static void rename_word(const struct player *player, char *word)
{
    int node = recording_node(word);
    if (node >= 0) {
        strcpy(word, recording_name(player->as[node]));
    }
}

/* redis-cli gives epochs by place: that of a4..a6 goes with the name. */
static int64_t placed_epoch(const struct player *player, int node, int64_t epoch)
{
    return node >= 3 && node <= 5 && epoch == node + 1 ? player->as[node] + 1 : epoch;
}

static void rename_view(const struct player *player, struct recorded_view *view)
{
    view->my_epoch = placed_epoch(player, recording_node(view->viewer), view->my_epoch);
    rename_word(player, view->viewer);
    rename_word(player, view->master);
    for (unsigned i = 0; i < view->entry_count; i++) {
        struct recorded_entry *entry = &view->entries[i];
        entry->epoch = placed_epoch(player, recording_node(entry->name), entry->epoch);
        rename_word(player, entry->name);
        rename_word(player, entry->master);
    }
}

static void rename_line(struct names *names, int node, struct recorded_line *line)
{
    int epoch;
    char *text = renamed(names, line->text);
    if (sscanf(text, "configEpoch set to %d via", &epoch) == 1 && epoch < 10) {
        text[19] = (char)('0' + placed_epoch(names->player, node, epoch));
    }
    free(line->text);
    line->text = text;
}

/* Commands say $a4.id and mean a4 as it is called here, and so do their replies. redis-cli's first
 * plan names nodes by place, too; from then on, and in all pictures, they go by what became of
 * them. */
static void rename_reply(struct names *names, struct recorded_command *command)
{
    char *plan = strstr(command->reply, ">>> Trying to optimize");
    bool picture = strcmp(command->text, "CLUSTER NODES") == 0 ||
                   strncmp(command->text, "--cluster check", 15) == 0;
    names->plain = plan == NULL && !picture;
    char *tail = renamed(names, plan == NULL ? command->reply : plan);
    names->plain = true;
    if (plan != NULL) {
        *plan = '\0';
        char *head = renamed(names, command->reply);
        size_t size = strlen(head) + strlen(tail) + 1;
        char *both = malloc(size);
        assert_non_null(both);
        snprintf(both, size, "%s%s", head, tail);
        free(head);
        free(tail);
        tail = both;
    }
    free(command->reply);
    command->reply = tail;
    names->plain = false;
}

static void rename_all(struct player *player, const struct recording *like)
{
    struct recording *out = player->out;
    struct names names = { .player = player };
    find_names(player, like);
    for (unsigned i = 0; i < out->view_count; i++) {
        rename_view(player, &out->views[i]);
    }
    for (unsigned i = 0; i < out->command_count; i++) {
        rename_reply(&names, &out->commands[i]);
        char *text = renamed(&names, out->commands[i].text);
        free(out->commands[i].text);
        out->commands[i].text = text;
    }
    struct recorded_log logs[RECORDING_NODES];
    int64_t start_ms[RECORDING_NODES];
    memcpy(logs, out->logs, sizeof(logs));
    memcpy(start_ms, out->start_ms, sizeof(start_ms));
    for (int node = 0; node < RECORDING_NODES; node++) {
        for (unsigned i = 0; i < logs[node].count; i++) {
            rename_line(&names, node, &logs[node].lines[i]);
        }
        out->logs[player->as[node]] = logs[node];
        out->start_ms[player->as[node]] = start_ms[node];
    }
}

struct recording *replay(const char *scenario, const struct recording *like, const char *overrides,
                         uint64_t seed)
{
    struct player player = { .out = recording_new() };
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *parsed;
    char path[64], params[64];
    size_t size_bytes;
    snprintf(path, sizeof(path), "scenarios/%s.scenario", scenario);
    char *text = test_vector(path, &size_bytes);
    if (rcs_scenario_parse(&parsed, path, text, size_bytes, NULL, NULL, &diag) != RCS_OK) {
        fail_msg("%s:%d:%d: %s", diag.source, diag.line, diag.column, diag.text);
    }
    int length = snprintf(params, sizeof(params), "wall %dms\n", (int)like->wall_ms);
    if (strcmp(scenario, "seed0_hasty") == 0) {
        snprintf(params + length, sizeof(params) - (size_t)length, "shell %dms\n",
                 (int)(seed * 37 % 100));
    }
    struct rcs_run_options options = { .seed = seed,
                                       .has_seed = true,
                                       .overrides = overrides,
                                       .params = params,
                                       .json = true,
                                       .print = print,
                                       .arg = &player };
    player.run = rcs_run_new(parsed, &options, &diag);
    if (player.run == NULL) {
        fail_msg("%s: %s", path, diag.text);
    }
    player.out->timeout_ms = like->timeout_ms;
    player.out->begin_ms = like->wall_ms;
    rcs_sim_on_log(rcs_run_sim(player.run), on_log, &player);
    while (rcs_run_turn(player.run, 4096) == RCS_RUN_MORE) {
    }
    player.out->end_ms[player.out->step_count - 1] = rcs_sim_now(rcs_run_sim(player.run)) / 1000;
    if (rcs_run_error(player.run, &diag) != RCS_OK) {
        fail_msg("%s:%d: %s", diag.source, diag.line, diag.text);
    }
    assert_string_equal(rcs_check_broken(rcs_check_of(rcs_run_sim(player.run))), "");
    rename_all(&player, like);
    rcs_run_free(player.run);
    rcs_scenario_free(parsed);
    free(text);
    return player.out;
}
