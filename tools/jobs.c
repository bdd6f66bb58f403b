/* Runs spread over processes, which share nothing: each plays every n-th run and writes its record
 * into a pipe, its size in front. A process that ends early therefore takes nothing with it but the
 * run it played.
 *
 * Records are taken in the order of the runs, so that what is made of them does not depend on the
 * number of processes; one that is ahead of the others waits for them when its pipe is full. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/tools.h"

#define AHEAD_BYTES 262144 /* of records that wait for those of other processes */

struct worker {
    pid_t pid;
    int from;            /* where its records come; -1: closed */
    uint64_t next;       /* the run whose record is taken next */
    struct rcs_buf came; /* records that are not taken yet, the last perhaps in part */
    size_t taken_bytes;  /* of it */
};

static volatile sig_atomic_t stop_asked;

static void on_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

/* --- a worker --------------------------------------------------------------------------------- */

static bool write_all(int to, const char *bytes, size_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t wrote = write(to, bytes, size_bytes);
        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        bytes += wrote > 0 ? wrote : 0;
        size_bytes -= wrote > 0 ? (size_t)wrote : 0;
    }
    return true;
}

/* Ctrl-C goes to all of a terminal's processes: what becomes of the workers is the parent's to say.
 */
static void work(const struct jobs *jobs, unsigned count, unsigned number, int to,
                 const sigset_t *mask)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    struct rcs_buf record;
    rcs_buf_init(&record);
    for (uint64_t run = number; run < jobs->runs; run += count) {
        uint32_t size_bytes = 0;
        rcs_buf_clear(&record);
        rcs_buf_add(&record, &size_bytes, sizeof(size_bytes));
        jobs->play(jobs->arg, run, &record);
        size_bytes = (uint32_t)(record.size_bytes - sizeof(size_bytes));
        memcpy(record.data, &size_bytes, sizeof(size_bytes));
        if (!write_all(to, record.data, record.size_bytes)) {
            _exit(EXIT_INTERNAL); /* nobody reads any more */
        }
    }
    _exit(0);
}

static bool start(const struct jobs *jobs, struct worker *workers, unsigned count, unsigned number,
                  const sigset_t *mask)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < number; i++) {
            close(workers[i].from);
        }
        close(ends[0]);
        work(jobs, count, number, ends[1], mask);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return false;
    }
    workers[number] = (struct worker){ .pid = pid, .from = ends[0], .next = number };
    rcs_buf_init(&workers[number].came);
    return true;
}

/* --- the parent ------------------------------------------------------------------------------- */

/* True if the record of its next run has come whole. */
static bool has_record(const struct worker *worker, uint32_t *size_bytes)
{
    const size_t left = worker->came.size_bytes - worker->taken_bytes;
    if (left < sizeof(*size_bytes)) {
        return false;
    }
    memcpy(size_bytes, worker->came.data + worker->taken_bytes, sizeof(*size_bytes));
    return left - sizeof(*size_bytes) >= *size_bytes;
}

/* What was taken makes room, now and then. */
static void move_up(struct worker *worker)
{
    struct rcs_buf *came = &worker->came;
    if (worker->taken_bytes == came->size_bytes || worker->taken_bytes > AHEAD_BYTES / 2) {
        came->size_bytes -= worker->taken_bytes;
        memmove(came->data, came->data + worker->taken_bytes, came->size_bytes);
        worker->taken_bytes = 0;
    }
}

/* Takes what has come, up to the first run whose record has not. */
static void take(const struct jobs *jobs, struct worker *workers, unsigned count, uint64_t *next)
{
    uint32_t size_bytes;
    for (struct worker *worker = &workers[*next % count];
         *next < jobs->runs && has_record(worker, &size_bytes); worker = &workers[*next % count]) {
        const char *bytes = worker->came.data + worker->taken_bytes + sizeof(size_bytes);
        jobs->take(jobs->arg, *next, bytes, size_bytes);
        worker->taken_bytes += sizeof(size_bytes) + size_bytes;
        worker->next += count;
        (*next)++;
        move_up(worker);
    }
}

static void stop_all(const struct worker *workers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (workers[i].from >= 0) {
            kill(workers[i].pid, SIGTERM);
        }
    }
}

/* The run whose record would come next. */
static uint64_t playing(const struct worker *worker, unsigned count)
{
    struct worker at = *worker;
    uint32_t size_bytes;
    for (; has_record(&at, &size_bytes); at.next += count) {
        at.taken_bytes += sizeof(size_bytes) + size_bytes;
    }
    return at.next;
}

/* Reads what there is; at the end of it the worker is waited for. False: it ended early. */
static bool serve(const struct jobs *jobs, struct worker *worker, bool told, unsigned count)
{
    char *bytes = malloc(65536);
    RCS_ASSERT(bytes != NULL);
    ssize_t got = read(worker->from, bytes, 65536);
    if (got > 0) {
        rcs_buf_add(&worker->came, bytes, (size_t)got);
    }
    free(bytes);
    if (got > 0 || (got < 0 && errno == EINTR)) {
        return true;
    }
    int status = 0;
    close(worker->from);
    worker->from = -1;
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (told || stop_asked || status == 0) {
        return true;
    }
    struct rcs_buf name;
    rcs_buf_init(&name);
    jobs->name(jobs->arg, playing(worker, count), &name);
    complain("the process that played %.*s ended early (%s %d)", (int)name.size_bytes, name.data,
             WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    rcs_buf_close(&name);
    return false;
}

static bool is_ahead(const struct worker *worker)
{
    return worker->came.size_bytes - worker->taken_bytes > AHEAD_BYTES;
}

static bool is_over(const struct jobs *jobs, const struct timespec *began)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const time_t whole_s = now.tv_sec - began->tv_sec - (now.tv_nsec < began->tv_nsec);
    return jobs->limit_s > 0 && whole_s >= jobs->limit_s;
}

/* Until all have ended. */
static int collect(const struct jobs *jobs, struct worker *workers, unsigned count,
                   const sigset_t *mask)
{
    const struct timespec second = { .tv_sec = 1 };
    struct timespec began;
    uint64_t next = 0;
    int state = 0;
    bool told = false;
    clock_gettime(CLOCK_MONOTONIC, &began);
    while (true) {
        fd_set reads;
        int last = -1;
        if ((stop_asked || is_over(jobs, &began)) && !told) {
            stop_all(workers, count);
            told = true;
        }
        FD_ZERO(&reads);
        for (unsigned i = 0; i < count; i++) {
            /* Only those that the next record does not come from can be ahead of it. */
            if (workers[i].from >= 0 && (told || !is_ahead(&workers[i]))) {
                FD_SET(workers[i].from, &reads);
                last = workers[i].from > last ? workers[i].from : last;
            }
        }
        if (last < 0) {
            return state;
        }
        /* Signals come in here only, so that none is missed between the question and the wait. */
        if (pselect(last + 1, &reads, NULL, NULL, jobs->limit_s > 0 ? &second : NULL,
                    told ? NULL : mask) < 0) {
            continue;
        }
        for (unsigned i = 0; i < count; i++) {
            if (workers[i].from >= 0 && FD_ISSET(workers[i].from, &reads) &&
                !serve(jobs, &workers[i], told, count) && state == 0) {
                state = EXIT_INTERNAL;
                stop_asked = 1; /* the others need not go on */
            }
        }
        take(jobs, workers, count, &next);
        jobs->tick(jobs->arg);
    }
}

static unsigned processes(const struct jobs *jobs)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = jobs->count > 0 ? jobs->count : online > 0 ? (unsigned)online : 1;
    count = count < JOBS_MAX ? count : JOBS_MAX;
    return count < jobs->runs ? count : (unsigned)jobs->runs;
}

int jobs_carry_out(const struct jobs *jobs)
{
    struct worker workers[JOBS_MAX];
    struct sigaction action = { .sa_handler = on_stop }, before[2];
    sigset_t stops, mask;
    unsigned count = processes(jobs), started = 0;
    stop_asked = 0;
    fflush(NULL); /* else every process would write what is not written yet */
    sigemptyset(&action.sa_mask);
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigprocmask(SIG_BLOCK, &stops, &mask);
    sigaction(SIGINT, &action, &before[0]);
    sigaction(SIGTERM, &action, &before[1]);
    while (started < count && start(jobs, workers, count, started, &mask)) {
        started++;
    }
    int state = 0;
    if (started < count) {
        complain("no process can be started: %s", strerror(errno));
        state = EXIT_INTERNAL;
        stop_asked = 1;
    }
    int collected = collect(jobs, workers, started, &mask);
    state = state != 0 ? state : collected != 0 ? collected : stop_asked ? EXIT_SIGINT : 0;
    for (unsigned i = 0; i < started; i++) {
        rcs_buf_close(&workers[i].came);
    }
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return state;
}
