/* What redis-cli 7.0.15 asked of real servers, printed, and with which exit status it ended,
 * against what rcsim does when the same is done to simulated ones: tests/vectors/cli. */
#include "tests/support/support.h"

#include <math.h>

#include <rcsim/resp.h>
#include <rcsim/scenario.h>
#include <rcsim/sim.h>

#include "sim/rand.h"
#include "sim/scenario/cli_float.h"
#include "sim/world/record.h"

/* --- a recording ------------------------------------------------------------------------------ */

#define CLIS_MAX  128
#define NODES_MAX 16

/* A scenario between whose lines stands what was recorded: `| ` a printed line, `\` the last one
 * had no end, `? N` the exit status, `> NODE WORDS` a request (no such line: they were left out).
 */
struct recorded {
    struct rcs_buf scenario; /* without those lines, ended by a NUL */
    struct cli {
        char text[256];
        struct rcs_buf printed;
        struct rcs_buf requests; /* each line ended by a NUL */
        int status, line;        /* of the scenario */
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
    case '>':
        assert_non_null(cli);
        rcs_buf_add(&cli->requests, line + 2, len - 2);
        rcs_buf_add(&cli->requests, "", 1);
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
    rcs_buf_add(&out->scenario, line, len);
    rcs_buf_text(&out->scenario, "\n");
    ++*number;
    if (is_cli) {
        assert_true(out->count < CLIS_MAX);
        cli = &out->clis[out->count++];
        cli->line = *number;
        cli->status = -1;
        rcs_buf_init(&cli->printed);
        rcs_buf_init(&cli->requests);
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
        rcs_buf_close(&recorded->clis[i].requests);
    }
    rcs_buf_close(&recorded->scenario);
    free(recorded);
}

/* --- the same here ---------------------------------------------------------------------------- */

struct played {
    struct rcs_buf transcript, trace; /* JSON Lines, ended by a NUL */
};

static void print_out(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(&((struct played *)arg)->transcript, bytes, size_bytes);
}

static void write_trace(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(&((struct played *)arg)->trace, bytes, size_bytes);
}

static void play(struct recorded *recorded, struct played *out)
{
    const char *text = recorded->scenario.data;
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    rcs_buf_init(&out->transcript);
    rcs_buf_init(&out->trace);
    if (rcs_scenario_parse(&scenario, "cli.scenario", text, strlen(text), NULL, NULL, &diag) !=
        RCS_OK) {
        fail_msg("%d:%d: %s", diag.line, diag.column, diag.text);
    }
    struct rcs_run_options options = { .print = print_out,
                                       .write_trace = write_trace,
                                       .arg = out,
                                       .json = true,
                                       .trace = true,
                                       .trace_level = RCS_TRACE_PACKETS };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    assert_non_null(run);
    while (rcs_run_turn(run, 1024) == RCS_RUN_MORE) {
    }
    for (unsigned i = 0; i < recorded->node_count; i++) {
        snprintf(recorded->ids[i], sizeof(recorded->ids[i]), "%s",
                 rcs_sim_node_id(rcs_run_sim(run), (int)i));
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    rcs_buf_add(&out->transcript, "", 1);
    rcs_buf_add(&out->trace, "", 1);
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

static void same_output(struct recorded *recorded, char *transcript)
{
    unsigned at = 0;
    bool in_cli = false;
    int failed[CLIS_MAX] = { 0 };
    for (char *line = strtok(transcript, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        struct rcs_buf kind = json_field(line, "kind");
        if (strcmp(kind.data, "cli") == 0) {
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
}

/* --- requests --------------------------------------------------------------------------------- */

/* Appends the word at *text, with ids for names, and sets it behind the word. */
static void read_word(const struct recorded *recorded, const char **text, struct rcs_buf *out)
{
    bool quoted = **text == '"';
    const char *at = *text + quoted;
    while (*at != '\0' && *at != (quoted ? '"' : ' ')) {
        unsigned code;
        size_t took = 0;
        for (unsigned i = 0; i < recorded->node_count && *at == '<'; i++) {
            size_t len = strlen(recorded->nodes[i]);
            if (strncmp(at + 1, recorded->nodes[i], len) == 0 && at[1 + len] == '>') {
                rcs_buf_text(out, recorded->ids[i]);
                took = len + 2;
            }
        }
        if (took == 0 && at[0] == '\\' && sscanf(at + 1, "x%2x", &code) == 1) {
            char byte = (char)code;
            rcs_buf_add(out, &byte, 1);
            took = 4;
        }
        if (took == 0) {
            rcs_buf_add(out, at, took = 1);
        }
        at += took;
    }
    at += quoted;
    *text = at + (*at == ' ');
}

/* What a trace says of a request: a hash of its words and of where they end. Of redis-cli 7.0's two
 * ways to write CLUSTER MEET rcsim knows the one of create, in small letters. */
static uint64_t hash_of(const struct recorded *recorded, const char *words)
{
    struct rcs_buf bytes;
    size_t ends[4096];
    unsigned count = 0;
    rcs_buf_init(&bytes);
    static const char meet[] = "CLUSTER MEET ";
    if (strncmp(words, meet, strlen(meet)) == 0) {
        rcs_buf_text(&bytes, "cluster");
        ends[count++] = bytes.size_bytes;
        rcs_buf_text(&bytes, "meet");
        ends[count++] = bytes.size_bytes;
        words += strlen(meet);
    }
    while (*words != '\0') {
        assert_true(count < sizeof(ends) / sizeof(ends[0]));
        read_word(recorded, &words, &bytes);
        ends[count++] = bytes.size_bytes;
    }
    uint64_t hash = count;
    for (unsigned i = 0; i < count; i++) {
        hash = (hash ^ ends[i]) * UINT64_C(0x9e3779b97f4a7c15);
    }
    hash ^= rcs_record_hash(bytes.data, bytes.size_bytes);
    rcs_buf_close(&bytes);
    return hash;
}

static void same_request(const struct recorded *recorded, const struct cli *cli, const char **want,
                         const char *line)
{
    if (*want == cli->requests.data + cli->requests.size_bytes) {
        fail_msg("%s: redis-cli asked no more, rcsim asks %s", cli->text, line);
    }
    struct rcs_buf to = json_field(line, "to"), hash = json_field(line, "hash");
    size_t len = strcspn(*want, " ");
    bool same_node = len == strlen(to.data) && strncmp(*want, to.data, len) == 0;
    if (!same_node || hash_of(recorded, *want + len + 1) != strtoull(hash.data, NULL, 16)) {
        fail_msg("%s: redis-cli asked %s, rcsim something else of %s", cli->text, *want, to.data);
    }
    rcs_buf_close(&to);
    rcs_buf_close(&hash);
    *want += strlen(*want) + 1;
}

/* Returns how many requests were compared. */
static unsigned same_requests(const struct recorded *recorded, char *trace)
{
    static const char command[] = "\"note\":\"command\",\"text\":\"cli ";
    const struct cli *cli = NULL;
    const char *want = NULL;
    unsigned at = 0, compared = 0;
    for (char *line = strtok(trace, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strstr(line, "\"scenario\":") != NULL) {
            continue; /* the header */
        }
        if (strstr(line, command) != NULL) {
            cli = &recorded->clis[at++];
            want = cli->requests.data;
        } else if (cli != NULL && strstr(line, "\"note\":\"reply\"") != NULL) {
            if (want != NULL && want != cli->requests.data + cli->requests.size_bytes) {
                fail_msg("%s: redis-cli asked %s, rcsim no more", cli->text, want);
            }
            cli = NULL;
        } else if (cli != NULL && want != NULL &&
                   strstr(line, "\"data\":\"request\",\"from\":\"client") != NULL) {
            same_request(recorded, cli, &want, line);
            compared++;
        }
    }
    return compared;
}

static void recording_holds(void **state)
{
    struct recorded *recorded = read_recording(*state);
    struct played played;
    play(recorded, &played);
    same_output(recorded, played.transcript.data);
    print_message("%u requests compared\n", same_requests(recorded, played.trace.data));
    rcs_buf_close(&played.transcript);
    rcs_buf_close(&played.trace);
    free_recording(recorded);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static float as_float(struct rcs_float value)
{
    return ldexpf((float)value.mantissa, value.exponent);
}

/* The integers are held against the `float` arithmetic they stand for. */
static void numbers_are_those_of_float(void **state)
{
    (void)state;
    struct rcs_rand chance;
    rcs_rand_init(&chance, 1, RCS_RAND_PLAN, 0);
    for (unsigned i = 0; i < 200000; i++) {
        char text[32];
        uint32_t slots = rcs_rand_below(&chance, 16384) + 1;
        uint32_t owned = rcs_rand_below(&chance, i % 2 ? 16384 : 40) + 1;
        uint32_t digits = rcs_rand_below(&chance, i % 3 ? 1000 : 1000000);
        snprintf(text, sizeof(text), "%u.%0*u", rcs_rand_below(&chance, i % 5 ? 20 : 10000000),
                 i % 3 ? 3 : 6, digits);
        struct rcs_float weight = rcs_float_read(text);
        struct rcs_float ratio = rcs_float_divide(rcs_float_of(slots), rcs_float_of(owned));
        struct rcs_float share = rcs_float_multiply(ratio, weight);
        struct rcs_float sum = rcs_float_add(share, weight);
        volatile float c_weight = (float)atof(text), c_ratio = (float)slots / (float)owned;
        volatile float c_share = c_ratio * c_weight, c_sum = c_share + c_weight;
        bool same = as_float(weight) == c_weight && as_float(ratio) == c_ratio &&
                    as_float(share) == c_share && as_float(sum) == c_sum &&
                    rcs_float_floor(share) == (int64_t)floorf(c_share) &&
                    rcs_float_ceil(share) == (int64_t)ceilf(c_share) &&
                    rcs_float_more(share, weight) == (c_share > c_weight);
        char hundredths[64], want[64];
        snprintf(want, sizeof(want), "%.2f", (double)c_share);
        long long number = (long long)rcs_float_hundredths(share);
        snprintf(hundredths, sizeof(hundredths), "%lld.%02lld", number / 100, number % 100);
        if (!same || strcmp(want, hundredths) != 0) {
            fail_msg("%u / %u * %s: %s and %s, %a and %a", slots, owned, text, hundredths, want,
                     (double)as_float(sum), (double)c_sum);
        }
    }
}

int main(void)
{
    static const char *const names[] = { "reshard", "rebalance", "fix",    "busy",
                                         "cover",   "nodes",     "owners", "order" };
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    struct CMUnitTest tests[COUNT + 1];
    tests[COUNT] = (struct CMUnitTest)cmocka_unit_test(numbers_are_those_of_float);
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = recording_holds,
                                        .initial_state = (void *)names[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
