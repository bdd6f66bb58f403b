/* A topology nobody recorded, on real servers, against the simulation: four masters with two
 * replicas each, node timeout 3000, one master killed, 20 times. What is measured, simulated and
 * compared is what test_timing.c measures, simulates and compares, and how many messages of each
 * type all nodes send; only the histories come from the logs of redis-server processes on 127.0.0.1
 * and from polls of them. The machine's noise is measured as well: half of a PING's time, how
 * much longer than a PING CLUSTER SAVECONFIG takes, and how long the slowest reply of each run
 * took. A run in which one took more than 50 ms is made again, as in the recordings; but not for
 * ever.
 *
 * Usage: live_timing [RUNS [PORT]]: ports PORT..PORT+11 and, for the bus, 10000 above; if one of
 * them is taken those a hundred above, and so on. Takes some fifteen seconds a run. Directories are
 * made below $TMPDIR, else /dev/shm (as recorded: on a disk each change waits for it), else /tmp,
 * and removed; processes are stopped by their ids. Exit status 0: agrees, 1: differs, 2: the
 * experiment could not be made. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/live_server.h"
#include "tests/support/support.h"
#include "tests/support/table.h"
#include "tests/support/timing_lab.h"

#define MASTERS    4
#define NODES      12
#define TIMEOUT_MS 3000
#define CLUSTERS   4 /* the runs are spread over so many, one after the other */
#define MOST_RUNS  200
#define POLL_MS    20
#define SEEDS      510
#define PINGS      600 /* on each cluster, at its end */
#define SAVES      120
#define SLOW_US    50000
#define DAY_MS     86400000

struct server {
    struct live_server live;
    char id[48];
    long seen; /* bytes of the log that belong to earlier runs */
    int64_t elected_ms;
};

static struct server servers[NODES];
static char directory[200];
static int64_t gaps_ms[MOST_RUNS]; /* the longest between two polls of a node, in each run */
static int run_count;
static int64_t slowest_us, slowest_sum_us; /* replies: of this run; of all runs */
static int slow_runs;

static void clean_up(void)
{
    for (int i = 0; i < NODES; i++) {
        live_stop(&servers[i].live);
        live_remove(&servers[i].live);
    }
    rmdir(directory);
}

static void sleep_ms(int64_t ms)
{
    live_sleep_us(1000 * ms);
}

static const char *ask(struct server *server, const char *command)
{
    int64_t took_us;
    const char *reply = live_ask(&server->live, command, &took_us);
    slowest_us = took_us > slowest_us ? took_us : slowest_us;
    return reply;
}

static void start(struct server *server)
{
    static const char *const options[] = { "--loglevel",
                                           "debug",
                                           "--cluster-enabled",
                                           "yes",
                                           "--save",
                                           "",
                                           "--cluster-node-timeout",
                                           "3000",
                                           "--repl-diskless-sync-delay",
                                           "0",
                                           "--cluster-config-file",
                                           "nodes.conf",
                                           NULL };
    live_start(&server->live, options);
    snprintf(server->id, sizeof(server->id), "%.40s",
             strchr(ask(server, "CLUSTER MYID"), '\n') + 1);
}

/* --- the cluster ------------------------------------------------------------------------------ */

static bool is_replica(struct server *server)
{
    return strncmp(strstr(ask(server, "INFO replication"), "role:") + 5, "slave", 5) == 0;
}

/* Knows all, nobody fails, its state is ok, its link is up. */
static bool well(struct server *server)
{
    const char *info = ask(server, "CLUSTER INFO");
    if (strstr(info, "cluster_state:ok") == NULL ||
        strstr(info, "cluster_known_nodes:12\r") == NULL) {
        return false;
    }
    const char *nodes = ask(server, "CLUSTER NODES");
    if (strstr(nodes, "fail") != NULL || strstr(nodes, "handshake") != NULL ||
        strstr(nodes, "disconnected") != NULL) {
        return false;
    }
    const char *replication = ask(server, "INFO replication");
    return strstr(replication, "role:master") != NULL ||
           strstr(replication, "master_link_status:up") != NULL;
}

static void settle(void)
{
    for (int i = 0, tries = 0; i < NODES;) {
        if (well(&servers[i])) {
            i++;
        } else if (tries++ < 1500) {
            sleep_ms(20);
            i = 0;
        } else {
            live_give_up("is not well after 30 s", servers[i].live.name);
        }
    }
}

static void build(int port)
{
    char text[240];
    for (int i = 0; i < NODES; i++) {
        struct server *server = &servers[i];
        *server = (struct server){ .live = { .port = port + i, .fd = -1 } };
        snprintf(server->live.name, sizeof(server->live.name), "%c%d", i < MASTERS ? 'm' : 'r',
                 i < MASTERS ? i + 1 : i - MASTERS + 1);
        snprintf(server->live.dir, sizeof(server->live.dir), "%s/%d", directory, i);
        start(server);
    }
    for (int i = 0; i < NODES; i++) {
        snprintf(text, sizeof(text), "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
        ask(&servers[i], text);
        if (i < MASTERS) {
            snprintf(text, sizeof(text), "CLUSTER ADDSLOTSRANGE %d %d", 16384 * i / MASTERS,
                     16384 * (i + 1) / MASTERS - 1);
            ask(&servers[i], text);
        }
    }
    for (int i = 1; i < NODES; i++) {
        snprintf(text, sizeof(text), "CLUSTER MEET 127.0.0.1 %d", servers[i].live.port);
        ask(&servers[0], text);
    }
    settle();
    for (int i = NODES - 1; i >= MASTERS; i--) {
        snprintf(text, sizeof(text), "CLUSTER REPLICATE %s", servers[i % MASTERS].id);
        ask(&servers[i], text);
    }
    settle();
}

/* --- logs ------------------------------------------------------------------------------------- */

static int node_of_id(const char *id)
{
    for (int i = 0; i < NODES; i++) {
        if (strncmp(servers[i].id, id, 40) == 0) {
            return i;
        }
    }
    return -1;
}

/* What a line must begin with; where the id of whom it is about stands (words from there on). */
static const struct line {
    enum what what;
    const char *begins;
    int id_word, number_words[2]; /* -1 none */
} lines[] = {
    /* clang-format off */
    { WHAT_PFAIL, "*** NODE ", 2, { -1, -1 } },
    { WHAT_FAIL, "Marking node ", 2, { -1, -1 } },
    { WHAT_FAIL_RECEIVED, "FAIL message received from ", 6, { -1, -1 } },
    { WHAT_STATE_OK, "Cluster state changed: ok", -1, { -1, -1 } },
    { WHAT_STATE_FAIL, "Cluster state changed: fail", -1, { -1, -1 } },
    { WHAT_ELECTION_DELAYED, "Start of election delayed for ", -1, { 5, 8 } },
    { WHAT_ELECTION_STARTED, "Starting a failover election for epoch ", -1, { -1, -1 } },
    { WHAT_ELECTION_WON, "Failover election won", -1, { -1, -1 } },
    { WHAT_VOTE_GRANTED, "Failover auth granted to ", 4, { -1, -1 } },
    /* clang-format on */
};

static const char *word_of(const char *text, int index)
{
    while (index-- > 0) {
        text += strcspn(text, " ");
        text += strspn(text, " (#");
    }
    return text;
}

/* "4711:S 21 Nov 2026 17:25:38.123 # Cluster state changed: ok", local time. */
static void read_line(struct history *history, int node, const char *line, int64_t t0_of_day_ms)
{
    int hours, minutes, seconds, ms, text_at = 0;
    if (sscanf(line, "%*d:%*c %*d %*s %*d %d:%d:%d.%d %*c %n", &hours, &minutes, &seconds, &ms,
               &text_at) != 4 ||
        text_at == 0) {
        return;
    }
    const char *text = line + text_at;
    int64_t at_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000LL + ms - t0_of_day_ms;
    at_ms += at_ms < -DAY_MS / 2 ? DAY_MS : 0;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct line *row = &lines[i];
        if (strncmp(text, row->begins, strlen(row->begins)) != 0) {
            continue;
        }
        struct occurrence one = { .at_ms = at_ms, .node = node, .about = -1, .what = row->what };
        if (row->id_word >= 0) {
            one.about = node_of_id(word_of(text, row->id_word));
        }
        for (int k = 0; k < 2; k++) {
            if (row->number_words[k] >= 0) {
                one.values[k] = strtoll(word_of(text, row->number_words[k]), NULL, 10);
            }
        }
        history_add(history, &one);
        return;
    }
}

/* What was logged since the last time; `history` NULL: nobody cares. */
static void read_log(struct server *server, struct history *history, int64_t t0_of_day_ms)
{
    char path[300], line[1000];
    snprintf(path, sizeof(path), "%s/log", server->live.dir);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        live_give_up("has no log", server->live.name);
    }
    fseek(file, history == NULL ? 0 : server->seen, history == NULL ? SEEK_END : SEEK_SET);
    while (fgets(line, sizeof(line), file) != NULL) {
        read_line(history, (int)(server - servers), line, t0_of_day_ms);
    }
    server->seen = ftell(file);
    fclose(file);
}

/* --- a run ------------------------------------------------------------------------------------ */

static int64_t of_day_ms(int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm local;
    localtime_r(&seconds, &local);
    return ((local.tm_hour * 60 + local.tm_min) * 60 + local.tm_sec) * 1000LL + at_ms % 1000;
}

/* The replica of `victim` that this server shows with its slots; -1. */
static int owner_shown_by(struct server *server, int victim)
{
    const char *nodes = ask(server, "CLUSTER NODES");
    for (int i = victim % MASTERS; i < NODES; i += MASTERS) {
        const char *line = i == victim ? NULL : strstr(nodes, servers[i].id);
        if (line == NULL) {
            continue;
        }
        if (line[-1] != '\n') { /* as somebody's master; the first line follows the bulk's length */
            line = strstr(line + 1, servers[i].id);
            if (line == NULL || line[-1] != '\n') {
                continue;
            }
        }
        const char *end = strchr(line, '\n'), *slots = strstr(line, " connected ");
        if (slots != NULL && slots < end) {
            return i;
        }
    }
    return -1;
}

/* Asks all survivors every POLL_MS who owns the slots, until all show a new owner. */
static int await_owner(struct history *history, int victim, int64_t t0_ms)
{
    bool seen[NODES] = { false };
    int owner = -1, left = NODES - 1;
    int64_t last_ms = live_wall_ms();
    while (left > 0) {
        for (int i = 0; i < NODES; i++) {
            int shown = i == victim || seen[i] ? -1 : owner_shown_by(&servers[i], victim);
            if (shown >= 0) {
                owner = shown;
                seen[i] = true;
                left--;
                history_add(history, &(struct occurrence){ .at_ms = live_wall_ms() - t0_ms,
                                                           .node = i,
                                                           .about = shown,
                                                           .what = WHAT_POLLED_OWNER });
            }
        }
        if (live_wall_ms() - t0_ms > 60000) {
            live_give_up("has no new owner of its slots after 60 s", servers[victim].live.name);
        }
        sleep_ms(POLL_MS - (live_wall_ms() - last_ms));
        int64_t gap_ms = live_wall_ms() - last_ms;
        gaps_ms[run_count] = gap_ms > gaps_ms[run_count] ? gap_ms : gaps_ms[run_count];
        last_ms += gap_ms;
    }
    return owner;
}

static int64_t rest[SENT_COUNT]; /* sent in the last rest */

/* Of all servers but one; times -1 begins, 1 ends. */
static void count_all(int but, int times, int64_t counts[SENT_COUNT])
{
    if (times < 0) {
        memset(counts, 0, SENT_COUNT * sizeof(counts[0]));
    }
    for (int i = 0; i < NODES; i++) {
        if (i != but) {
            history_count(ask(&servers[i], "CLUSTER INFO"), times, counts);
        }
    }
}

/* The master of the shard whose last election is longest ago, once all have rested. */
static int next_victim(void)
{
    int shard = (int)(random() % MASTERS), victim = -1;
    for (int i = 0; i < MASTERS; i++) {
        shard = servers[i].elected_ms < servers[shard].elected_ms ? i : shard;
    }
    settle();
    count_all(-1, -1, rest);
    sleep_ms(HISTORY_REST_MS);
    count_all(-1, 1, rest);
    sleep_ms(2000);
    sleep_ms(servers[shard].elected_ms + 4 * TIMEOUT_MS - live_wall_ms());
    for (int i = shard; i < NODES; i += MASTERS) {
        victim = is_replica(&servers[i]) ? victim : i;
    }
    sleep_ms(random() % 1000);
    return victim;
}

/* False: the machine was too slow for it to count. */
static bool run_once(struct samples *out, bool if_slow)
{
    struct history history = { .nodes = NODES, .counted = true };
    int victim = next_victim();
    for (int i = 0; i < NODES; i++) {
        memcpy(history.names[i], servers[i].live.name, sizeof(history.names[0]));
        history.master[i] = i;
        const char *host = strstr(ask(&servers[i], "INFO replication"), "master_port:");
        history.master[i] =
            host == NULL ? -1 : (int)strtol(host + 12, NULL, 10) - servers[0].live.port;
        read_log(&servers[i], NULL, 0);
    }
    memcpy(history.rest, rest, sizeof(rest));
    count_all(victim, -1, history.sent);
    slowest_us = 0;
    gaps_ms[run_count] = 0;
    int64_t t0_ms = live_wall_ms();
    live_stop(&servers[victim].live);
    history_add(&history, &(struct occurrence){
                              .at_ms = 0, .node = victim, .about = -1, .what = WHAT_KILLED });
    int owner = await_owner(&history, victim, t0_ms);
    servers[victim % MASTERS].elected_ms = live_wall_ms();
    sleep_ms(300);
    for (int i = 0; i < NODES; i++) {
        if (i != victim) {
            read_log(&servers[i], &history, of_day_ms(t0_ms));
        }
    }
    count_all(victim, 1, history.sent);
    history_sort(&history);
    bool counts = if_slow || (slowest_us <= SLOW_US && gaps_ms[run_count] * 1000 <= SLOW_US);
    printf("%s killed, %s took over: FAIL %lld, won %lld, ok %lld ms%s\n",
           servers[victim].live.name, servers[owner].live.name,
           (long long)history_first(&history, WHAT_STATE_FAIL, -1, -1),
           (long long)history_first(&history, WHAT_ELECTION_WON, -1, -1),
           (long long)history_last(&history, WHAT_STATE_OK, -1, -1),
           counts ? "" : "; once more, it was too slow");
    if (counts) {
        measure_run(&history, out);
        run_count++;
        slowest_sum_us += slowest_us;
    }
    fflush(stdout);
    history_close(&history);
    sleep_ms(500 + random() % 1000);
    start(&servers[victim]);
    return counts;
}

static int64_t time_us(struct server *server, const char *command)
{
    int64_t took_us;
    live_ask(&server->live, command, &took_us);
    return took_us;
}

/* Times of replies, over all clusters. */
static struct replies {
    int count;
    int64_t us[CLUSTERS * PINGS];
} pings, saves;

/* Their mean, but for the slowest tenth: one that the machine held up for long would count for all.
 */
static int64_t usual_us(struct replies *replies)
{
    int64_t sum_us = 0;
    int most = replies->count * 9 / 10;
    qsort(replies->us, (size_t)replies->count, sizeof(replies->us[0]), test_by_i64);
    for (int i = 0; i < most; i++) {
        sum_us += replies->us[i];
    }
    return sum_us / most;
}

static void time_pings(void)
{
    for (int i = 0; i < PINGS; i++) {
        sleep_ms(2);
        pings.us[pings.count++] = time_us(&servers[i % NODES], "PING");
    }
}

/* It writes nodes.conf before it answers (Redis 7.0 clusterCommand), and does nothing else. */
static void time_saves(void)
{
    for (int i = 0; i < SAVES; i++) {
        sleep_ms(10);
        saves.us[saves.count++] = time_us(&servers[i % NODES], "CLUSTER SAVECONFIG");
    }
}

/* --- the program ------------------------------------------------------------------------------ */

static struct samples theirs;
static int runs = LEAST_RUNS, first_port = 20400;

static void live_servers_agree(void **state)
{
    static struct table table;
    struct samples ours = { .of = { { .count = 0 } } };
    struct plan plan = { .experiment = KILL_ONE, .timeout_ms = TIMEOUT_MS, .masters = MASTERS };
    (void)state;
    for (int k = 0; k < CLUSTERS; k++) {
        build(live_free_ports(first_port, NODES));
        for (int i = k; i < runs; i += CLUSTERS) {
            while (!run_once(&theirs, slow_runs >= runs / 2)) {
                slow_runs++;
            }
        }
        settle();
        time_pings();
        time_saves();
        for (int i = 0; i < NODES; i++) {
            live_stop(&servers[i].live);
            live_remove(&servers[i].live);
        }
    }
    plan.replicas = NODES / MASTERS - 1;
    plan.runs = (runs + CLUSTERS - 1) / CLUSTERS;
    plan.poll_ms = POLL_MS;
    plan.counts = true;
    plan.wake_us = usual_us(&pings) / 2;
    plan.work_us = usual_us(&saves) - 2 * plan.wake_us;
    plan.work_us = plan.work_us > 1 ? plan.work_us : 1;
    plan.cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    int resolution_ms = (int)(slowest_sum_us / run_count / 1000) + 1;
    print_message("a process is late by %lld us and writes nodes.conf in %lld us on average, there "
                  "are %d processors, resolution %d ms, %d runs were too slow\n",
                  (long long)plan.wake_us, (long long)plan.work_us, plan.cores, resolution_ms,
                  slow_runs);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        int64_t gap_ms = gaps_ms[seed % (uint64_t)run_count];
        plan.poll_most_ms = gap_ms > POLL_MS ? (int)gap_ms : POLL_MS + 1;
        struct history run = timing_lab_run(&plan, seed);
        measure_run(&run, &ours);
        history_close(&run);
    }
    for (int i = 0; i < MEASURE_COUNT; i++) {
        table_add(&table, "live_4m8r_nt3000", (enum measure)i, resolution_ms, &theirs.of[i],
                  &ours.of[i], NULL);
    }
    samples_close(&ours);
    samples_close(&theirs);
    assert_true(table.count >= 10);
    assert_int_equal(table_print(&table, true), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(live_servers_agree) };
    runs = argc > 1 ? (int)strtol(argv[1], NULL, 10) : runs;
    first_port = argc > 2 ? (int)strtol(argv[2], NULL, 10) : first_port;
    if (runs < LEAST_RUNS || runs > MOST_RUNS || first_port < 1024 || first_port > 22699 - NODES) {
        fprintf(stderr, "usage: live_timing [RUNS, %d to %d [PORT]]\n", LEAST_RUNS, MOST_RUNS);
        return 2;
    }
    for (int i = 0; i < NODES; i++) {
        servers[i].live.fd = -1;
    }
    /* As recorded: on a disk each change of nodes.conf waits for it. */
    live_directory("live_timing", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", directory,
                   clean_up);
    srandom((unsigned)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
