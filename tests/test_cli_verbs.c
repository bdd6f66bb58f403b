/* What redis-cli 7.0.15 printed to real servers, and with which exit status it ended, against what
 * rcsim prints when the same is done to simulated ones: tests/vectors/cli. */
#include "tests/support/support.h"

#include <rcsim/resp.h>
#include <rcsim/scenario.h>

/* --- a recording ------------------------------------------------------------------------------ */

#define CLIS_MAX  128
#define NODES_MAX 16

/* A scenario between whose lines stands what was recorded: `| ` a printed line, `\` the last one
 * had no end, `? N` the exit status. */
struct recorded {
    struct rcs_buf scenario; /* without those lines, ended by a NUL */
    struct cli {
        char text[256];
        struct rcs_buf printed;
        int status, line; /* of the scenario */
    } clis[CLIS_MAX];
    unsigned count;
    char nodes[NODES_MAX][16];
    char ids[NODES_MAX][48];
    unsigned node_count;
};

static void take_line(struct recorded *out, const char *line, size_t len, int *number)
{
    struct cli *cli = out->count == 0 ? NULL : &out->clis[out->count - 1];
    switch (line[0]) {
    case '|':
        assert_non_null(cli);
        rcs_buf_add(&cli->printed, line + 2, len - 2);
        rcs_buf_text(&cli->printed, "\n");
        return;
    case '\\':
        assert_non_null(cli);
        cli->printed.size_bytes--;
        return;
    case '?':
        assert_non_null(cli);
        cli->status = atoi(line + 2);
        return;
    default:
        break;
    }
    if (strncmp(line, "node ", 5) == 0) {
        assert_true(out->node_count < NODES_MAX);
        sscanf(line, "node %15s", out->nodes[out->node_count++]);
    }
    bool is_cli = strncmp(line, "cli ", 4) == 0;
    if (is_cli && out->count == 0) { /* what the nodes are called by */
        for (unsigned i = 0; i < out->node_count; i++) {
            rcs_buf_format(&out->scenario, "print \"id %s $%s.id\"\n", out->nodes[i],
                           out->nodes[i]);
            ++*number;
        }
    }
    rcs_buf_add(&out->scenario, line, len);
    rcs_buf_text(&out->scenario, "\n");
    ++*number;
    if (is_cli) {
        assert_true(out->count < CLIS_MAX);
        cli = &out->clis[out->count++];
        cli->line = *number;
        cli->status = -1;
        rcs_buf_init(&cli->printed);
        snprintf(cli->text, sizeof(cli->text), "%.*s", (int)len, line);
    }
}

static struct recorded *read_recording(const char *name)
{
    char path[128];
    int number = 0;
    struct recorded *out = calloc(1, sizeof(*out));
    assert_non_null(out);
    rcs_buf_init(&out->scenario);
    snprintf(path, sizeof(path), "cli/%s.txt", name);
    char *text = test_vector(path, NULL);
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        take_line(out, line, len, &number);
        line += len + (line[len] == '\n');
    }
    free(text);
    rcs_buf_add(&out->scenario, "", 1);
    assert_true(out->count > 0);
    return out;
}

static void free_recording(struct recorded *recorded)
{
    for (unsigned i = 0; i < recorded->count; i++) {
        rcs_buf_close(&recorded->clis[i].printed);
    }
    rcs_buf_close(&recorded->scenario);
    free(recorded);
}

/* --- the same here ---------------------------------------------------------------------------- */

static void print_out(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

/* The transcript as JSON Lines, ended by a NUL. */
static struct rcs_buf play(const char *text)
{
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf out;
    rcs_buf_init(&out);
    if (rcs_scenario_parse(&scenario, "cli.scenario", text, strlen(text), NULL, NULL, &diag) !=
        RCS_OK) {
        fail_msg("%d:%d: %s", diag.line, diag.column, diag.text);
    }
    struct rcs_run_options options = { .print = print_out, .arg = &out, .json = true };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    assert_non_null(run);
    while (rcs_run_turn(run, 1024) == RCS_RUN_MORE) {
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    rcs_buf_add(&out, "", 1);
    return out;
}

/* The text of a JSON string that begins at `at`, ended by a NUL. */
static struct rcs_buf json_string(const char *at)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    for (at++; *at != '"'; at++) {
        char c = *at;
        if (c == '\\') {
            at++;
            unsigned code;
            if (*at == 'u' && sscanf(at + 1, "%4x", &code) == 1) {
                at += 4;
                c = (char)code;
            } else {
                c = *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at == 't' ? '\t' : *at;
            }
        }
        rcs_buf_add(&out, &c, 1);
    }
    rcs_buf_add(&out, "", 1);
    return out;
}

static struct rcs_buf json_field(const char *line, const char *name)
{
    char key[32];
    snprintf(key, sizeof(key), "\"%s\":", name);
    const char *at = strstr(line, key);
    assert_non_null(at);
    return json_string(at + strlen(key));
}

/* How often create and add-node had to look until all agreed is chance, there as here: one dot for
 * each stands behind this line. */
static void drop_dots(char *text)
{
    static const char waiting[] = "Waiting for the cluster to join\n";
    char *at = strstr(text, waiting);
    if (at != NULL) {
        at += strlen(waiting);
        size_t dots = strspn(at, ".");
        memmove(at, at + dots, strlen(at + dots) + 1);
    }
}

/* Ids, and their beginnings in `(...)`, by the names of their nodes. */
static struct rcs_buf with_names(const struct recorded *recorded, const char *text)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    while (*text != '\0') {
        size_t took = 0;
        for (unsigned i = 0; i < recorded->node_count && took == 0; i++) {
            const char *id = recorded->ids[i];
            size_t all = strlen(id);
            if (strncmp(text, id, all) == 0) {
                took = all;
            } else if (strncmp(text, id, 8) == 0 && strncmp(text + 8, "...", 3) == 0) {
                took = 8;
            }
            if (took > 0) {
                rcs_buf_format(&out, "<%s>", recorded->nodes[i]);
            }
        }
        if (took == 0) {
            rcs_buf_add(&out, text, took = 1);
        }
        text += took;
    }
    rcs_buf_add(&out, "", 1);
    return out;
}

static void learn_id(struct recorded *recorded, const char *text)
{
    char name[16], id[48];
    if (sscanf(text, "id %15s %47s", name, id) == 2) {
        for (unsigned i = 0; i < recorded->node_count; i++) {
            if (strcmp(recorded->nodes[i], name) == 0) {
                snprintf(recorded->ids[i], sizeof(recorded->ids[i]), "%s", id);
            }
        }
    }
}

static void same_text(const struct cli *cli, char *printed)
{
    struct rcs_buf want;
    rcs_buf_init(&want);
    rcs_buf_add(&want, cli->printed.data, cli->printed.size_bytes);
    rcs_buf_add(&want, "", 1);
    drop_dots(want.data);
    drop_dots(printed);
    if (strcmp(want.data, printed) != 0) {
        print_error("redis-cli printed:\n%s\nrcsim prints:\n%s\n", want.data, printed);
        fail_msg("%s", cli->text);
    }
    rcs_buf_close(&want);
}

static void recording_holds(void **state)
{
    struct recorded *recorded = read_recording(*state);
    struct rcs_buf transcript = play(recorded->scenario.data);
    unsigned at = 0;
    bool in_cli = false;
    int failed[CLIS_MAX] = { 0 };
    for (char *line = strtok(transcript.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        struct rcs_buf kind = json_field(line, "kind");
        if (strcmp(kind.data, "print") == 0) {
            struct rcs_buf text = json_field(line, "text");
            learn_id(recorded, text.data);
            rcs_buf_close(&text);
        } else if (strcmp(kind.data, "cli") == 0) {
            in_cli = true;
        } else if (strcmp(kind.data, "output") == 0 && in_cli) {
            assert_true(at < recorded->count);
            struct rcs_buf text = json_field(line, "text");
            struct rcs_buf named = with_names(recorded, text.data);
            same_text(&recorded->clis[at++], named.data);
            rcs_buf_close(&named);
            rcs_buf_close(&text);
            in_cli = false;
        } else if (strcmp(kind.data, "failure") == 0) {
            int number = atoi(strstr(line, "\"line\":") + strlen("\"line\":"));
            if (at == 0 || recorded->clis[at - 1].line != number) {
                fail_msg("%s", line);
            }
            failed[at - 1] = 1;
        }
        rcs_buf_close(&kind);
    }
    assert_int_equal(at, recorded->count);
    for (unsigned i = 0; i < recorded->count; i++) {
        if (failed[i] != recorded->clis[i].status) {
            fail_msg("%s ended with status %d, here with %d", recorded->clis[i].text,
                     recorded->clis[i].status, failed[i]);
        }
    }
    rcs_buf_close(&transcript);
    free_recording(recorded);
}

int main(void)
{
    static const char *const names[] = { "reshard", "rebalance", "fix",    "busy",
                                         "cover",   "nodes",     "owners", "order" };
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = recording_holds,
                                        .initial_state = (void *)names[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
