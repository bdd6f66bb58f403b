/* The failover that was recorded of each release: 3 masters and 3 replicas, a master killed, its
 * replica elected, the old one started again. What the two log must be the recorded lines, in their
 * order; numbers, ids and addresses are the run's own. */
#include "tests/support/support.h"
#include "tests/support/tsv.h"

#include <rcsim/scenario.h>

#include <ctype.h>
#include <stdio.h>

#define LINES_MAX 400
#define LINE_BYTES 320

struct lines {
    char list[LINES_MAX][LINE_BYTES];
    unsigned count;
};

static void print_out(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

static struct rcs_buf play(const char *release)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "redis %s\nsave \"\"\ncluster-node-timeout 2000\n"
             "node m1 10.0.0.1:7001\nnode m2 10.0.0.1:7002\nnode m3 10.0.0.1:7003\n"
             "node r3 10.0.0.1:7004\nnode r1 10.0.0.1:7005\nnode r2 10.0.0.1:7006\n"
             "cli --cluster create m1..m3 r3 r1 r2 --cluster-replicas 1\n= ...\n"
             "wait 12s\nkill m1\nwait 6s\nexpect role master on r1\nstart m1\nwait 9s\n",
             release);
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf out;
    rcs_buf_init(&out);
    if (rcs_scenario_parse(&scenario, "t.scenario", text, strlen(text), NULL, NULL, &diag) !=
        RCS_OK) {
        fail_msg("%d:%d: %s", diag.line, diag.column, diag.text);
    }
    struct rcs_run_options options = { .print = print_out, .arg = &out, .log = "all" };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    assert_non_null(run);
    while (rcs_run_turn(run, 1024) == RCS_RUN_MORE) {
    }
    assert_int_equal(rcs_run_failures(run), 0);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    rcs_buf_add(&out, "", 1);
    return out;
}

/* Ids become ID, other numbers and addresses N. */
static void keep(struct lines *lines, const char *text)
{
    assert_true(lines->count < LINES_MAX);
    char *out = lines->list[lines->count++];
    size_t size = 0;
    while (*text != '\0' && size < LINE_BYTES - 4) {
        size_t hex = strspn(text, "0123456789abcdef");
        size_t number = strspn(text, "0123456789.:");
        bool inside = size > 0 && isalpha((unsigned char)out[size - 1]);
        if (hex == 40) {
            memcpy(out + size, "ID", 2);
            size += 2;
            text += hex;
        } else if (!inside && isdigit((unsigned char)*text)) {
            out[size++] = 'N';
            text += text[number - 1] == '.' || text[number - 1] == ':' ? number - 1 : number;
        } else {
            out[size++] = *text++;
        }
    }
    out[size] = '\0';
}

static void read_recorded(const char *release, const char *node, struct lines *lines)
{
    struct tsv file;
    char *fields[3];
    lines->count = 0;
    tsv_open(&file, "failover_logs_by_release.tsv");
    while (tsv_row(&file, fields, 3)) {
        if (strcmp(fields[0], release) == 0 && strcmp(fields[1], node) == 0) {
            keep(lines, fields[2]);
        }
    }
    tsv_close(&file);
    assert_true(lines->count > 10);
    for (unsigned i = 1; i < lines->count && strcmp(release, "7.4") == 0; i++) {
        /* only that build of 8.0 flushes while it loads; 7.4.1 before, as 7.2 */
        if (strstr(lines->list[i], "sync: Flushing old data") != NULL) {
            char line[LINE_BYTES];
            memcpy(line, lines->list[i], sizeof(line));
            memcpy(lines->list[i], lines->list[i - 1], sizeof(line));
            memcpy(lines->list[i - 1], line, sizeof(line));
        }
    }
}

static bool is_in(const struct lines *lines, const char *text)
{
    for (unsigned i = 0; i < lines->count; i++) {
        if (strcmp(lines->list[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* The node's lines since `from` that are of a recorded kind: "S * text". */
static void read_played(const char *from, const char *node, const struct lines *kinds,
                        struct lines *lines)
{
    char begin[32];
    snprintf(begin, sizeof(begin), " %s  | ", node);
    lines->count = 0;
    for (const char *at = strstr(from, begin); at != NULL; at = strstr(at, begin)) {
        at += strlen(begin);
        const char *role = strchr(at, ':') + 1, *end = strchr(at, '\n');
        const char *text = at;
        while (strchr("*#.-", text[0]) == NULL || text[-1] != ' ' || text[1] != ' ') {
            text++;
        }
        char line[LINE_BYTES + 128];
        snprintf(line, sizeof(line), "%c %.*s", *role, (int)(end - text), text);
        keep(lines, line);
        if (!is_in(kinds, lines->list[lines->count - 1])) {
            lines->count--;
        }
    }
}

static void compare(const char *who, const struct lines *recorded, const struct lines *played)
{
    for (unsigned i = 0; i < recorded->count || i < played->count; i++) {
        const char *want = i < recorded->count ? recorded->list[i] : "(the end)";
        const char *got = i < played->count ? played->list[i] : "(the end)";
        if (strcmp(want, got) != 0) {
            fail_msg("%s, line %u\n  recorded: %s\n  played:   %s", who, i + 1, want, got);
        }
    }
}

static void failover_logs(void **state)
{
    const char *release = *state;
    static struct lines recorded, played;
    struct rcs_buf out = play(release);
    const char *killed = strstr(out.data, "kill m1"), *started = strstr(killed, "start m1");
    assert_non_null(started);
    read_recorded(release, "r1", &recorded);
    read_played(killed, "r1", &recorded, &played);
    compare("r1", &recorded, &played);
    read_recorded(release, "m1", &recorded);
    read_played(started, "m1", &recorded, &played);
    compare("m1", &recorded, &played);
    rcs_buf_close(&out);
}

int main(void)
{
    static const char *const releases[] = { "3.0", "4.0", "5.0", "6.0", "6.2",
                                            "7.0", "7.2", "7.4", "valkey-8.0" };
    static char names[9][40];
    struct CMUnitTest tests[9];
    for (size_t i = 0; i < 9; i++) {
        snprintf(names[i], sizeof(names[i]), "failover as recorded: %s", releases[i]);
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = failover_logs,
                                        .initial_state = (void *)(uintptr_t)releases[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
