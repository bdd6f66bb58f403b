/* What was recorded of each release: a failover (3 masters and 3 replicas, a master killed, its
 * replica elected, the old one started again), the takeover of lab 0, and what one server does with
 * its append-only file and its dump. What these nodes log must be the recorded lines, in their
 * order; numbers, ids and addresses are the run's own. */
#include "tests/support/play.h"
#include "tests/support/support.h"
#include "tests/support/tsv.h"

#include <ctype.h>
#include <stdio.h>

#define LINES_MAX  400
#define LINE_BYTES 320

struct lines {
    char list[LINES_MAX][LINE_BYTES];
    unsigned count;
};

/* A recorded run: what was done, the file of its lines, who logged them and since when. */
struct recording {
    const char *scenario, *vectors;
    const char *nodes[2], *since[2]; /* NULL: no second node */
    const char *latency;             /* below a millisecond; NULL none */
    bool all;                        /* other lines than those of recorded kinds may not come */
    unsigned seeds; /* one of so many must go as recorded: where luck has a say, it had one there */
};

static const struct recording failover = {
    .scenario = "save \"\"\ncluster-node-timeout 2000\n"
                "node m1 10.0.0.1:7001\nnode m2 10.0.0.1:7002\nnode m3 10.0.0.1:7003\n"
                "node r3 10.0.0.1:7004\nnode r1 10.0.0.1:7005\nnode r2 10.0.0.1:7006\n"
                "cli --cluster create m1..m3 r3 r1 r2 --cluster-replicas 1\n= ...\n"
                "wait 12s\nkill m1\nwait 6s\nexpect role master on r1\nstart m1\nwait 9s\n",
    .vectors = "failover_logs_by_release.tsv",
    .nodes = { "r1", "m1" },
    .since = { "kill m1", "start m1" },
    .seeds = 1,
};

static const struct recording takeover = {
    .scenario = "save \"\"\ncluster-node-timeout 2000\nsite A a1..a6\nsite B b1..b6\n"
                "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\nwait 8s\n"
                "a1> CLUSTER MEET $b1.ip $b1.port\na1> CLUSTER MEET $b2.ip $b2.port\n"
                "a1> CLUSTER MEET $b3.ip $b3.port\na1> CLUSTER MEET $b4.ip $b4.port\n"
                "a1> CLUSTER MEET $b5.ip $b5.port\na1> CLUSTER MEET $b6.ip $b6.port\nwait 6s\n"
                "b4> CLUSTER REPLICATE $b1.id\nb5> CLUSTER REPLICATE $b2.id\n"
                "b6> CLUSTER REPLICATE $b3.id\nwait 7s\n"
                "b1> CLUSTER REPLICATE $a1.id\nb2> CLUSTER REPLICATE $a2.id\n"
                "b3> CLUSTER REPLICATE $a3.id\nwait 20s\nkill a1..a6\nwait 8s\n"
                "b1> CLUSTER FAILOVER TAKEOVER\nb2> CLUSTER FAILOVER TAKEOVER\n"
                "b3> CLUSTER FAILOVER TAKEOVER\nwait 12s\n",
    .vectors = "takeover_logs_by_release.tsv",
    .nodes = { "b1", "b4" },
    .since = { "b4> CLUSTER REPLICATE", "b4> CLUSTER REPLICATE" },
    .latency = "50us..400us",
    .seeds = 40,
};

static const struct recording disk = {
    .scenario =
        "appendonly yes\nsave \"\"\ncluster-require-full-coverage no\n"
        "node n1 10.0.0.1:7001\nwait 1s\nn1> CLUSTER ADDSLOTS 15495\nwait 2500ms\n"
        "n1> SET a 1\nwait 1200ms\nn1> BGREWRITEAOF\nn1> BGREWRITEAOF\n"
        "= (error) ERR Background append only file rewriting already in progress\n"
        "n1> BGSAVE\n= (error) *\nwait 1500ms\nn1> SET {a}b 2\nwait 1200ms\n"
        "kill n1\nstart n1\nwait 1s\n"
        "n1> CONFIG SET appendonly no\nn1> CONFIG SET appendonly yes\nwait 1500ms\n"
        "n1> CONFIG SET appendonly no\nn1> BGSAVE\nwait 1500us\n"
        "n1> CONFIG SET appendonly yes\nwait 2s\nn1> SAVE\n= OK\n"
        "stop n1\nwait 200ms\nstart n1\nwait 1s\nn1> BGREWRITEAOF\n"
        "n1> CONFIG SET appendonly no\nwait 1100ms\nstop n1\nwait 200ms\n"
        "appendonly no\nsave \"1 1\"\nstart n1\nwait 2500ms\n"
        "n1> SET {a}c 3\nwait 3s\nn1> SET {a}d 4\nstop n1\nwait 200ms\nstart n1\nwait 500ms\n"
        "expect keys 4 on n1\n",
    .vectors = "disk_logs_by_release.tsv",
    .nodes = { "n1" },
    .since = { "" },
    .all = true,
    .seeds = 20,
};

static struct played run(const struct recording *recording, const char *release, unsigned seed)
{
    /* In the recording of 7.2 b4 hears of b2's takeover before it hears of b1's, which came first:
     * that machine was busy. */
    const char *latency = strcmp(release, "7.2") == 0 ? "1ms..4ms" : recording->latency;
    char text[2048];
    int size =
        snprintf(text, sizeof(text), "redis %s\nseed %u\n%s", release, seed, recording->scenario);
    const char *rest = recording->latency == NULL ? NULL : strstr(recording->scenario, "cli ");
    if (rest != NULL) {
        size -= (int)strlen(rest);
        snprintf(text + size, sizeof(text) - (size_t)size, "latency B B %s\n%s", latency, rest);
    }
    struct played played = play_with(text, (struct rcs_run_options){ .log = "all" });
    played_through(&played);
    assert_int_equal(played.failures, 0);
    return played;
}

/* A replica that is refused asks again each second: once more or less is luck. */
static void drop_repeated(struct lines *lines)
{
    enum { ROUND = 3 };
    unsigned count = lines->count;
    if (count < 2 * ROUND || strstr(lines->list[count - 1], "currently unable to PSYNC") == NULL) {
        return;
    }
    for (unsigned i = count - ROUND; i < count; i++) {
        if (strcmp(lines->list[i], lines->list[i - ROUND]) != 0) {
            return;
        }
    }
    lines->count -= ROUND;
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
    char *client = strstr(out, "(user request from '");
    if (client != NULL) {
        strcpy(client, "(a client)");
    }
    drop_repeated(lines);
}

static void read_recorded(const char *vectors, const char *release, const char *node,
                          struct lines *lines)
{
    struct tsv file;
    char *fields[3];
    lines->count = 0;
    tsv_open(&file, vectors);
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

/* The node's lines since `from` that are of a recorded kind, or `all`: "S * text". */
static void read_played(const char *from, const char *node, bool all, const struct lines *kinds,
                        struct lines *lines)
{
    char begin[32];
    snprintf(begin, sizeof(begin), " %s | ", node);
    lines->count = 0;
    for (const char *at = strstr(from, begin); at != NULL; at = strstr(at, begin)) {
        at += strlen(begin);
        const char *role = strchr(at, ':') + 1, *end = strchr(at, '\n');
        const char *text = at;
        if (strncmp(role, "signal-handler", strlen("signal-handler")) == 0) {
            continue;
        }
        while (strchr("*#.-", text[0]) == NULL || text[-1] != ' ' || text[1] != ' ') {
            text++;
        }
        char line[LINE_BYTES + 128];
        snprintf(line, sizeof(line), "%c %.*s", *role, (int)(end - text), text);
        keep(lines, line);
        if (!all && !is_in(kinds, lines->list[lines->count - 1])) {
            lines->count--;
        }
    }
}

/* The first line in which they part, printed if `said`; true if there is none. */
static bool agree(const char *who, const struct lines *recorded, const struct lines *played,
                  bool said)
{
    for (unsigned i = 0; i < recorded->count || i < played->count; i++) {
        const char *want = i < recorded->count ? recorded->list[i] : "(the end)";
        const char *got = i < played->count ? played->list[i] : "(the end)";
        if (strcmp(want, got) != 0) {
            if (said) {
                print_error("%s, line %u\n  recorded: %s\n  played:   %s\n", who, i + 1, want, got);
            }
            return false;
        }
    }
    return true;
}

static bool goes_as_recorded(const struct recording *recording, const char *release, unsigned seed)
{
    static struct lines recorded, played;
    struct played transcript = run(recording, release, seed);
    bool good = true;
    for (unsigned i = 0; i < 2 && recording->nodes[i] != NULL && good; i++) {
        const char *from = strstr(transcript.out.data, recording->since[i]);
        assert_non_null(from);
        read_recorded(recording->vectors, release, recording->nodes[i], &recorded);
        read_played(from, recording->nodes[i], recording->all, &recorded, &played);
        good = agree(recording->nodes[i], &recorded, &played, seed == recording->seeds);
    }
    played_close(&transcript);
    return good;
}

struct row {
    const struct recording *recording;
    const char *release;
};

static void logs(void **state)
{
    const struct row *row = *state;
    unsigned seed = 1;
    while (!goes_as_recorded(row->recording, row->release, seed)) {
        assert_true(seed++ < row->recording->seeds);
    }
}

int main(void)
{
    static const char *const releases[] = { "3.0", "4.0", "5.0", "6.0",       "6.2",
                                            "7.0", "7.2", "7.4", "valkey-8.0" };
    static const struct {
        const char *name;
        const struct recording *recording;
    } recordings[] = { { "failover", &failover }, { "takeover", &takeover }, { "disk", &disk } };
    static char names[27][40];
    static struct row rows[27];
    struct CMUnitTest tests[27];
    for (size_t i = 0; i < 27; i++) {
        rows[i] = (struct row){ recordings[i / 9].recording, releases[i % 9] };
        snprintf(names[i], sizeof(names[i]), "%s as recorded: %s", recordings[i / 9].name,
                 releases[i % 9]);
        tests[i] =
            (struct CMUnitTest){ .name = names[i], .test_func = logs, .initial_state = &rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
