/* The settle sweep on real servers: three of its points (failure, in between, success) played by
 * redis-server processes on 127.0.0.1 and redis-cli, and the share of runs that succeed held
 * against the simulation's (Fisher's exact test).
 *
 * Both play traces/sweeps/two-dc-settle.scenario: the same steps, the same waits, servers started
 * apart by times drawn from one distribution, the same expectations. Several clusters run at once:
 * their servers are idle nearly always, and have a real-time priority where that is permitted. A
 * run in which a wait or a server's reply was late by more than 50 ms is thrown away and made
 * again, but not for ever: its steps were not those of the scenario. So is one during which the
 * whole machine stood still for longer than 300 ms, as this program's own clock tells: that puts
 * off what was due just then, and nothing else.
 *
 * Usage: live_sweep [RUNS [CLUSTERS [SEED [PORT [VALUE...]]]]]: runs of each point, clusters at
 * once, ports from PORT on, and, for the bus, 10000 above; if one of them is taken those a hundred
 * above, and so on; other values of `settle`. A run takes 45 to 75 s. Directories are made below
 * $TMPDIR, else /dev/shm, else /tmp, and removed; processes are stopped by their ids. Exit status
 * 0: agrees, 1: differs, 2: it could not be made. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/live_server.h"
#include "tests/support/live_story.h"
#include "tests/support/play.h"
#include "tests/support/support.h"
#include "tests/support/sweep_lab.h"

#define CLUSTERS_MAX 8 /* their ports are within one hundred */
#define RUNS_MAX     1000
#define SLOW_US      50000
#define STILL_US     300000
#define LOOK_US      5000
#define SEEDS        400
/* Chance alone makes one in 300 comparisons of three points fail. */
#define ALPHA 0.001

static struct sweep_point points[SWEEP_POINTS_MAX] = { { .value = "3.5s" },
                                                       { .value = "5s" },
                                                       { .value = "7s" } };
static unsigned point_count = 3;

static struct cluster {
    pid_t pid; /* 0: none */
    int from;  /* its outcome can be read there */
    unsigned point;
    uint64_t seed;
    int64_t late_us;
} clusters[CLUSTERS_MAX];

static unsigned runs = 8, cluster_count = CLUSTERS_MAX, thrown_away;
static uint64_t next_seed = 1;
static int first_port = 22000;

/* --- a run, in a process of its own ----------------------------------------------------------- */

static char directory[200];

static void clean_up(void)
{
    live_story_clean_up();
    rmdir(directory);
}

_Noreturn static void play_one(const struct cluster *cluster, const char *text, int port, int to)
{
    struct live_story_options options = { .source = SWEEP_SETTLE,
                                          .text = text,
                                          .param = SWEEP_SETTLE_PARAM,
                                          .value = points[cluster->point].value,
                                          .seed = cluster->seed,
                                          .port = port };
    struct live_story_outcome outcome;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    live_directory("live_sweep", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", directory,
                   clean_up);
    memcpy(options.directory, directory, sizeof(directory));
    live_story_play(&options, &outcome);
    bool written = write(to, &outcome, sizeof(outcome)) == (ssize_t)sizeof(outcome);
    exit(written ? 0 : 2);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void begin(struct cluster *cluster, unsigned point, const char *text, int port)
{
    int ends[2];
    *cluster = (struct cluster){ .point = point, .seed = next_seed++ };
    if (pipe(ends) != 0) {
        live_give_up("cannot be had", "a pipe");
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC); /* servers have no use for them */
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fflush(NULL);
    cluster->pid = fork();
    if (cluster->pid == 0) {
        close(ends[0]);
        play_one(cluster, text, port, ends[1]);
    }
    close(ends[1]);
    cluster->from = ends[0];
}

/* Takes up what came of it, if it has ended. */
static void look_at(struct cluster *cluster)
{
    struct live_story_outcome outcome;
    int status;
    if (cluster->pid == 0 || waitpid(cluster->pid, &status, WNOHANG) != cluster->pid) {
        return;
    }
    bool told = read(cluster->from, &outcome, sizeof(outcome)) == (ssize_t)sizeof(outcome);
    close(cluster->from);
    cluster->pid = 0;
    if (!told) {
        live_give_up("could not be played to its end", points[cluster->point].value);
    }
    bool counts = outcome.late_us <= SLOW_US && cluster->late_us <= STILL_US;
    thrown_away += !counts;
    printf("settle=%s seed %llu: ", points[cluster->point].value,
           (unsigned long long)cluster->seed);
    if (outcome.line == 0) {
        printf("succeeds");
    } else {
        printf("line %d: %s", outcome.line, outcome.what);
    }
    printf("; clock late by %lld ms, line %d by %lld ms%s\n", (long long)(cluster->late_us / 1000),
           outcome.late_line, (long long)(outcome.late_us / 1000),
           counts ? "" : ": once more, it was too slow");
    fflush(stdout);
    if (counts) {
        points[cluster->point].live_runs++;
        points[cluster->point].live += outcome.line == 0;
    }
}

static pid_t whole; /* not one of those that play */

static void stop_all(void)
{
    for (unsigned i = 0; getpid() == whole && i < cluster_count; i++) {
        if (clusters[i].pid > 0) {
            kill(clusters[i].pid, SIGTERM); /* it stops its servers */
            waitpid(clusters[i].pid, NULL, 0);
        }
    }
}

/* The point with the fewest runs that are done or under way; point_count: none is wanted. */
static unsigned wanted_point(void)
{
    unsigned best = point_count, fewest = runs;
    for (unsigned point = 0; point < point_count; point++) {
        unsigned count = points[point].live_runs;
        for (unsigned i = 0; i < cluster_count; i++) {
            count += clusters[i].pid != 0 && clusters[i].point == point;
        }
        if (count < fewest) {
            best = point;
            fewest = count;
        }
    }
    return best;
}

/* Where that is permitted, we and all we start run before whatever else the machine does. */
static bool come_first(bool first)
{
    struct sched_param param = { .sched_priority = first ? 1 : 0 };
    return sched_setscheduler(0, first ? SCHED_RR : SCHED_OTHER, &param) == 0;
}

static void play_all(const char *text, int port, int nodes)
{
    bool more = true;
    int64_t due_us = live_steady_us();
    while (more) {
        more = false;
        int64_t late_us = live_steady_us() - due_us;
        for (unsigned i = 0; i < cluster_count; i++) {
            struct cluster *cluster = &clusters[i];
            cluster->late_us = late_us > cluster->late_us ? late_us : cluster->late_us;
            look_at(cluster);
            unsigned point = cluster->pid == 0 ? wanted_point() : point_count;
            if (point < point_count) {
                begin(cluster, point, text, port + (int)i * nodes);
            }
            more = more || cluster->pid != 0;
        }
        if (thrown_away > runs * point_count) {
            live_give_up("are late: the machine is too busy", "more runs than are wanted");
        }
        due_us = live_steady_us() + LOOK_US;
        live_sleep_us(LOOK_US);
    }
}

/* The simulation's profile is of one release. */
static void need_release(const char *wanted)
{
    char line[200] = "", version[40];
    FILE *pipe = popen("redis-server --version", "r");
    if (pipe == NULL || fgets(line, sizeof(line), pipe) == NULL) {
        live_give_up("does not say its version (is it installed?)", "redis-server");
    }
    pclose(pipe);
    snprintf(version, sizeof(version), " v=%s ", wanted);
    if (strstr(line, version) == NULL) {
        line[strcspn(line, "\n")] = '\0';
        live_give_up("is not the release that is simulated", line);
    }
}

static void live_servers_agree(void **state)
{
    (void)state;
    need_release("7.0.15");
    char *text = play_shipped(SWEEP_SETTLE);
    int nodes = live_story_nodes(SWEEP_SETTLE, text);
    assert_in_range(nodes, 1, 100 / CLUSTERS_MAX);
    whole = getpid();
    atexit(stop_all);
    bool first = come_first(true);
    play_all(text, live_free_ports(first_port, nodes * (int)cluster_count), nodes);
    free(text);
    if (first) {
        come_first(false);
    }
    print_message("%u runs were thrown away: late by more than %d ms, or by %d ms as a whole\n",
                  thrown_away, SLOW_US / 1000, STILL_US / 1000);
    double least = 1;
    for (unsigned i = 0; i < point_count; i++) {
        sweep_lab_simulate(SWEEP_SETTLE, SWEEP_SETTLE_PARAM, SEEDS, &points[i]);
        double p = sweep_lab_compare(SWEEP_SETTLE_PARAM, &points[i]);
        least = p < least ? p : least;
    }
    for (unsigned i = 0; i < point_count; i++) {
        print_message("%s\t%u\t%u\n", points[i].value, points[i].live, points[i].live_runs);
    }
    assert_true(least >= ALPHA);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(live_servers_agree) };
    runs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : runs;
    cluster_count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : cluster_count;
    next_seed = argc > 3 ? strtoull(argv[3], NULL, 10) : next_seed;
    first_port = argc > 4 ? (int)strtol(argv[4], NULL, 10) : first_port;
    if (argc > 5) {
        point_count = (unsigned)argc - 5;
    }
    for (unsigned i = 0; argc > 5 && i < point_count && i < SWEEP_POINTS_MAX; i++) {
        snprintf(points[i].value, sizeof(points[i].value), "%s", argv[5 + i]);
    }
    if (runs < 1 || runs > RUNS_MAX || cluster_count < 1 || cluster_count > CLUSTERS_MAX ||
        first_port < 1024 || first_port > 22600 || point_count > SWEEP_POINTS_MAX) {
        fprintf(stderr,
                "usage: live_sweep [RUNS, 1 to %d [CLUSTERS, 1 to %d [SEED [PORT [VALUE...]]]]]\n",
                RUNS_MAX, CLUSTERS_MAX);
        return 2;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
