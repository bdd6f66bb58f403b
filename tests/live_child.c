/* How long the steps of a real server's process take that are no rule of Redis but work: a fork,
 * what a child writes until each of its lines, its end, the loading of an RDB; and what each byte
 * of data adds. They are held against sim/node/work.h, which the simulation draws them from: the
 * median must lie within a factor of FACTOR of what is drawn there, for machines differ.
 *
 * Usage: live_child [PORT]: redis-server on ports PORT to PORT + 5, or as far above as it takes
 * for them to be free, for some two minutes. Exit status 0: agrees, 1: differs, 2: could not be
 * measured, 77: differs, and others used more than BUSY_PERCENT of the machine meanwhile, so that
 * this says nothing. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/node/work.h"
#include "tests/support/busy.h"
#include "tests/support/live_server.h"
#include "tests/support/support.h"

#define FACTOR       3
#define BUSY_PERCENT 10
#define RUNS         40 /* without data */
#define LARGE        5  /* with data */
#define STOPS        6
#define SERIES       64
#define LIMIT_US     20000000
#define POLL_US      5

/* 4 MB in values of 1000 bytes that no compression makes smaller. */
static const char fill[] =
    "EVAL \"for i=1,4000 do local t={} for j=1,25 do t[j]=redis.sha1hex(i..':'..j) end "
    "redis.call('set','key:'..i,table.concat(t)) end\" 0";

enum { MASTER, REPLICA, FIRST_NODE, NODES = 4, SERVERS = FIRST_NODE + NODES };

static struct live_server servers[SERVERS] = {
    { .name = "master", .fd = -1 }, { .name = "replica", .fd = -1 }, { .name = "n1", .fd = -1 },
    { .name = "n2", .fd = -1 },     { .name = "n3", .fd = -1 },      { .name = "n4", .fd = -1 },
};
static char directory[200];

static void clean_up(void)
{
    for (int i = 0; i < SERVERS; i++) {
        live_stop(&servers[i]);
        live_remove(&servers[i]);
    }
    rmdir(directory);
}

/* --- what was measured ------------------------------------------------------------------------ */

struct series {
    int count;
    int64_t value[SERIES];
};

static void add(struct series *series, int64_t value)
{
    if (series->count < SERIES) {
        series->value[series->count++] = value;
    }
}

static int64_t quantile(struct series *series, int percent)
{
    qsort(series->value, (size_t)series->count, sizeof(series->value[0]), test_by_i64);
    return series->count == 0 ? -1 : series->value[(series->count - 1) * percent / 100];
}

static int differing;

/* What is drawn from `low` to `high` (the same: no draw). */
static void hold(const char *what, const char *unit, struct series *series, int64_t low,
                 int64_t high)
{
    int64_t median = quantile(series, 50);
    bool fits = median * FACTOR >= low && median <= high * FACTOR;
    differing += !fits;
    printf("%-9s %-44s %3d %7lld %7lld %7lld   %5lld .. %-6lld %s\n", fits ? "agrees" : "DIFFERS",
           what, series->count, (long long)quantile(series, 5), (long long)median,
           (long long)quantile(series, 95), (long long)low, (long long)high, unit);
}

/* --- logs ------------------------------------------------------------------------------------- */

#define LINES_MAX 4096

static struct line {
    int64_t at_us;
    char text[200];
} lines[SERVERS][LINES_MAX];

static struct log {
    FILE *file;
    int count; /* lines since forget_lines */
} logs[SERVERS];

/* Stamps what came since the last time. */
static void read_log(int which)
{
    struct log *log = &logs[which];
    char text[1000];
    long at = ftell(log->file);
    int64_t now_us = live_steady_us();
    while (fgets(text, sizeof(text), log->file) != NULL && strchr(text, '\n') != NULL) {
        if (log->count == LINES_MAX) {
            live_give_up("says too much", servers[which].name);
        }
        struct line *line = &lines[which][log->count++];
        line->at_us = now_us;
        snprintf(line->text, sizeof(line->text), "%.199s", text);
        at = ftell(log->file);
    }
    fseek(log->file, at, SEEK_SET); /* a line may have come in part */
}

static void open_log(int which)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/log", servers[which].dir);
    logs[which].file = fopen(path, "r");
    if (logs[which].file == NULL) {
        live_give_up("has no log", servers[which].name);
    }
}

/* From here on only new lines count. */
static void forget_lines(void)
{
    for (int i = 0; i < SERVERS; i++) {
        read_log(i);
        logs[i].count = 0;
    }
}

/* The first line with `text` in it, borrowed until forget_lines. */
static const struct line *await(int which, const char *text)
{
    int64_t start_us = live_steady_us();
    for (;;) {
        for (int i = 0; i < logs[which].count; i++) {
            if (strstr(lines[which][i].text, text) != NULL) {
                return &lines[which][i];
            }
        }
        if (live_steady_us() - start_us > LIMIT_US) {
            live_give_up(text, servers[which].name);
        }
        live_sleep_us(POLL_US);
        for (int i = 0; i < SERVERS; i++) {
            read_log(i);
        }
    }
}

/* When the process is no more than an entry of its parent's children. */
static int64_t await_exit(int pid)
{
    char path[64], text[256];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    for (;;) {
        int64_t now_us = live_steady_us();
        FILE *file = fopen(path, "r");
        const char *state = NULL;
        if (file != NULL) {
            state = fgets(text, sizeof(text), file) == NULL ? NULL : strrchr(text, ')');
            fclose(file);
        }
        if (state == NULL || strncmp(state, ") Z", 3) == 0) {
            return now_us;
        }
        live_sleep_us(POLL_US);
    }
}

static int number_behind(const char *line, const char *text)
{
    const char *at = strstr(line, text);
    return at == NULL ? -1 : (int)strtol(at + strlen(text), NULL, 10);
}

static int64_t info(struct live_server *server, const char *section, const char *field)
{
    char command[64];
    snprintf(command, sizeof(command), "INFO %s", section);
    return number_behind(live_ask(server, command, NULL), field);
}

static int64_t dump_bytes(void)
{
    char path[300];
    struct stat found;
    snprintf(path, sizeof(path), "%s/dump.rdb", servers[MASTER].dir);
    return stat(path, &found) == 0 ? (int64_t)found.st_size : -1;
}

/* --- experiments ------------------------------------------------------------------------------ */

static void start(int which)
{
    static const char *const options[] = { "--save", "", "--repl-diskless-sync-delay", "0", NULL };
    static const char *const of_node[] = { "--save",
                                           "",
                                           "--repl-diskless-sync-delay",
                                           "0",
                                           "--cluster-enabled",
                                           "yes",
                                           "--cluster-node-timeout",
                                           "1000",
                                           NULL };
    live_start(&servers[which], which < FIRST_NODE ? options : of_node);
}

static void any_phase(void)
{
    live_sleep_us(20000 + random() % 100000);
    forget_lines();
}

struct steps {
    struct series fork, write, report, end;
};

/* A child of the master: `written` is NULL where no line of the child says it. */
static void follow_child(struct steps *steps, const char *started, const char *written,
                         const char *told)
{
    const struct line *start = await(MASTER, started);
    int pid = number_behind(start->text, "by pid ");
    int64_t written_us = written == NULL ? -1 : await(MASTER, written)->at_us;
    int64_t told_us = await(MASTER, told)->at_us;
    add(&steps->end, await_exit(pid) - told_us);
    add(&steps->write, (written == NULL ? told_us : written_us) - start->at_us);
    if (written != NULL) {
        add(&steps->report, told_us - written_us);
    }
}

static void save(struct steps *steps)
{
    any_phase();
    live_tell(&servers[MASTER], "BGSAVE");
    follow_child(steps, "Background saving started", "DB saved on disk", "Fork CoW for RDB");
    await(MASTER, "Background saving terminated");
    live_reply(&servers[MASTER]);
    add(&steps->fork, info(&servers[MASTER], "stats", "latest_fork_usec:"));
}

static void rewrite(struct steps *steps)
{
    any_phase();
    live_tell(&servers[MASTER], "BGREWRITEAOF");
    follow_child(steps, "rewriting started by pid", "temporary AOF base file", "Fork CoW for AOF");
    await(MASTER, "Background AOF rewrite finished");
    live_reply(&servers[MASTER]);
}

static void attach(void)
{
    char command[64];
    snprintf(command, sizeof(command), "REPLICAOF 127.0.0.1 %d", servers[MASTER].port);
    live_tell(&servers[REPLICA], command);
}

/* The replica asks for a full copy. */
static void copy(struct steps *steps)
{
    any_phase();
    attach();
    follow_child(steps, "Background RDB transfer started", NULL, "Fork CoW for RDB");
    await(MASTER, "Streamed RDB transfer with replica");
    await(REPLICA, "Finished with success");
    live_reply(&servers[REPLICA]);
    live_ask(&servers[REPLICA], "REPLICAOF NO ONE", NULL);
}

/* The replica gets its copy from a file, which is read when the child's end was seen. */
static void copy_from_file(struct series *bulk, struct series *load)
{
    any_phase();
    attach();
    int64_t ended_us = await(MASTER, "Background saving terminated")->at_us;
    add(bulk, await(MASTER, "Synchronization with replica")->at_us - ended_us);
    int64_t received_us = await(REPLICA, "bytes from master to disk")->at_us;
    add(load, await(REPLICA, "Finished with success")->at_us - received_us);
    live_reply(&servers[REPLICA]);
    live_ask(&servers[REPLICA], "REPLICAOF NO ONE", NULL);
}

/* As the server says it: from its dump, at its start. */
static void restart(struct series *load)
{
    static const char text[] = "DB loaded from disk: ";
    forget_lines();
    live_stop(&servers[MASTER]);
    start(MASTER);
    const char *line = await(MASTER, text)->text;
    add(load, (int64_t)(1e6 * strtod(strstr(line, text) + strlen(text), NULL)));
    await(MASTER, "Ready to accept connections");
}

/* --- a stopped node --------------------------------------------------------------------------- */

/* Three masters, and a replica of the first. */
static void build_cluster(void)
{
    char command[128], id[48];
    for (int i = FIRST_NODE; i < SERVERS; i++) {
        int number = i - FIRST_NODE;
        snprintf(command, sizeof(command), "CLUSTER SET-CONFIG-EPOCH %d", number + 1);
        live_ask(&servers[i], command, NULL);
        snprintf(command, sizeof(command), "CLUSTER ADDSLOTSRANGE %d %d", number * 5462,
                 number == 2 ? 16383 : number * 5462 + 5461);
        if (number < 3) {
            live_ask(&servers[i], command, NULL);
        }
        snprintf(command, sizeof(command), "CLUSTER MEET 127.0.0.1 %d", servers[i].port);
        live_ask(&servers[FIRST_NODE], command, NULL);
    }
    live_sleep_us(4000000);
    snprintf(id, sizeof(id), "%.40s",
             strchr(live_ask(&servers[FIRST_NODE], "CLUSTER MYID", NULL), '\n') + 1);
    snprintf(command, sizeof(command), "CLUSTER REPLICATE %s", id);
    live_ask(&servers[FIRST_NODE + 3], command, NULL);
}

/* A master that was stopped until its replica had taken over reads all that waits for it in one
 * turn of its loop, where it loses its replica, and what came over new connections in the next. */
static void stop_and_go(int which, struct series *turn)
{
    live_sleep_us(4000000);
    forget_lines();
    kill(servers[which].pid, SIGSTOP);
    live_sleep_us(4000000);
    kill(servers[which].pid, SIGCONT);
    int64_t told_us = await(which, "Configuration change detected")->at_us;
    add(turn, told_us - await(which, "Connection with replica")->at_us);
}

/* --- the program ------------------------------------------------------------------------------ */

/* Bytes in a microsecond, from what `large` takes more than `small`. */
static void hold_rate(const char *what, int64_t bytes, struct series *large, struct series *small,
                      int64_t rate)
{
    struct series rates = { .count = 0 };
    int64_t base_us = quantile(small, 50);
    for (int i = 0; i < large->count; i++) {
        int64_t more_us = large->value[i] - base_us;
        add(&rates, bytes / (more_us > 0 ? more_us : 1));
    }
    hold(what, "bytes/us", &rates, rate, rate);
}

int main(int argc, char **argv)
{
    static struct steps saved, copied, rewritten, large, large_copied;
    static struct series bulk, loaded, turn, start_loaded, nothing = { .count = 1 };
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 20500;
    if (argc > 2 || port < 1024 || port > 55535 - SERVERS) {
        fprintf(stderr, "usage: live_child [PORT]\n");
        return 2;
    }
    struct busy busy;
    busy_begin(&busy);
    prctl(PR_SET_TIMERSLACK, 1);
    live_directory("live_child", "/var/tmp", directory, clean_up);
    port = live_free_ports(port, SERVERS);
    for (int i = 0; i < SERVERS; i++) {
        servers[i].port = port + i;
        snprintf(servers[i].dir, sizeof(servers[i].dir), "%s/%d", directory, i);
        start(i);
        open_log(i);
    }
    for (int i = 0; i < RUNS; i++) {
        save(&saved);
        copy(&copied);
        rewrite(&rewritten);
    }
    live_ask(&servers[MASTER], "CONFIG SET repl-diskless-sync no", NULL);
    for (int i = 0; i < RUNS; i++) {
        copy_from_file(&bulk, &loaded);
    }
    live_ask(&servers[MASTER], "CONFIG SET repl-diskless-sync yes", NULL);
    live_ask(&servers[MASTER], fill, NULL);
    for (int i = 0; i < LARGE; i++) {
        save(&large);
        copy(&large_copied);
    }
    for (int i = 0; i < LARGE; i++) {
        restart(&start_loaded);
    }
    int64_t bytes = dump_bytes();
    build_cluster();
    for (int i = 0; i < STOPS; i++) {
        stop_and_go(i % 2 == 0 ? FIRST_NODE : FIRST_NODE + 3, &turn);
    }
    printf(
        "%d runs without data, %d with a dump of %lld bytes\n"
        "          what                                          runs   5 %%     median  95 %%     "
        "simulated\n",
        RUNS, LARGE, (long long)bytes);
    hold("fork", "us", &saved.fork, RCS_FORK_US_MIN, RCS_FORK_US_MAX);
    hold_rate("fork, by data", bytes, &large.fork, &saved.fork, RCS_FORK_BYTES_PER_US);
    hold("RDB to a file: fork to saved", "us", &saved.write, RCS_SAVE_US_MIN, RCS_SAVE_US_MAX);
    hold_rate("RDB to a file, by data", bytes, &large.write, &saved.write,
              RCS_CHILD_WRITE_BYTES_PER_US);
    hold("RDB to a file: saved to last line", "us", &saved.report, RCS_CHILD_REPORT_US_MIN,
         RCS_CHILD_REPORT_US_MAX);
    hold("RDB to a file: last line to end", "us", &saved.end, RCS_CHILD_END_US_MIN,
         RCS_CHILD_END_US_MAX);
    hold("RDB to a replica: fork to last line", "us", &copied.write,
         RCS_SEND_US_MIN + RCS_CHILD_REPORT_US_MIN, RCS_SEND_US_MAX + RCS_CHILD_REPORT_US_MAX);
    hold_rate("RDB to a replica, by data", bytes, &large_copied.write, &copied.write,
              RCS_CHILD_WRITE_BYTES_PER_US);
    hold("RDB to a replica: last line to end", "us", &copied.end, RCS_CHILD_END_US_MIN,
         RCS_CHILD_END_US_MAX);
    hold("RDB from a file to a replica: sent", "us", &bulk, RCS_BULK_US_MIN, RCS_BULK_US_MAX);
    hold("RDB from a master: received to loaded", "us", &loaded, RCS_LOAD_US_MIN, RCS_LOAD_US_MAX);
    hold_rate("RDB from a file: loaded, by data", bytes, &start_loaded, &nothing,
              RCS_LOAD_BYTES_PER_US);
    hold("AOF base: fork to written", "us", &rewritten.write, RCS_SAVE_US_MIN, RCS_SAVE_US_MAX);
    hold("AOF base: written to last line", "us", &rewritten.report, RCS_CHILD_REPORT_US_MIN,
         RCS_CHILD_REPORT_US_MAX);
    hold("AOF base: last line to end", "us", &rewritten.end, RCS_CHILD_END_US_MIN,
         RCS_CHILD_END_US_MAX);
    hold("turn of a loop that has much to read, at most", "us", &turn, 0, RCS_TURN_US);
    pid_t pids[SERVERS];
    for (int i = 0; i < SERVERS; i++) {
        pids[i] = servers[i].pid;
    }
    int others = busy_others(&busy, pids, SERVERS);
    if (differing > 0 && others > BUSY_PERCENT) {
        printf("others used %d %% of this machine meanwhile: nothing can be said\n", others);
        return 77;
    }
    return differing > 0;
}
