/* Runs spread over processes, which share nothing: each plays every n-th run and writes its record
 * into a pipe. A process that ends early therefore takes nothing with it but the run it played. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/tools.h"

struct worker {
    pid_t pid;
    int from;      /* where its records come; -1: closed */
    uint64_t next; /* the run whose record comes next */
    struct rcs_buf part;
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
    char *record = malloc(jobs->record_bytes);
    RCS_ASSERT(record != NULL);
    for (uint64_t run = number; run < jobs->runs; run += count) {
        jobs->play(jobs->arg, run, record);
        if (!write_all(to, record, jobs->record_bytes)) {
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
    rcs_buf_init(&workers[number].part);
    return true;
}

/* --- the parent ------------------------------------------------------------------------------- */

/* What came: whole records are taken, the rest waits. */
static void take(const struct jobs *jobs, struct worker *worker, unsigned count, const char *bytes,
                 size_t size_bytes)
{
    struct rcs_buf *part = &worker->part;
    rcs_buf_add(part, bytes, size_bytes);
    size_t at = 0;
    for (; part->size_bytes - at >= jobs->record_bytes; at += jobs->record_bytes) {
        jobs->take(jobs->arg, part->data + at);
        worker->next += count;
    }
    memmove(part->data, part->data + at, part->size_bytes - at);
    part->size_bytes -= at;
}

static void stop_all(const struct worker *workers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (workers[i].from >= 0) {
            kill(workers[i].pid, SIGTERM);
        }
    }
}

/* Reads what there is; at the end of it the worker is waited for. False: it ended early. */
static bool serve(const struct jobs *jobs, struct worker *worker, unsigned count)
{
    char *bytes = malloc(65536);
    RCS_ASSERT(bytes != NULL);
    ssize_t got = read(worker->from, bytes, 65536);
    if (got > 0) {
        take(jobs, worker, count, bytes, (size_t)got);
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
    if (stop_asked || (status == 0 && worker->next >= jobs->runs)) {
        return true;
    }
    struct rcs_buf name;
    rcs_buf_init(&name);
    jobs->name(jobs->arg, worker->next, &name);
    complain("the process that played %.*s ended early (%s %d)", (int)name.size_bytes, name.data,
             WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    rcs_buf_close(&name);
    return false;
}

/* Until all have ended. */
static int collect(const struct jobs *jobs, struct worker *workers, unsigned count,
                   const sigset_t *mask)
{
    int state = 0;
    bool told = false;
    while (true) {
        fd_set reads;
        int last = -1;
        FD_ZERO(&reads);
        for (unsigned i = 0; i < count; i++) {
            if (workers[i].from >= 0) {
                FD_SET(workers[i].from, &reads);
                last = workers[i].from > last ? workers[i].from : last;
            }
        }
        if (last < 0) {
            return state;
        }
        if (stop_asked && !told) {
            stop_all(workers, count);
            told = true;
        }
        /* Signals come in here only, so that none is missed between the question and the wait. */
        if (pselect(last + 1, &reads, NULL, NULL, NULL, told ? NULL : mask) < 0) {
            continue;
        }
        for (unsigned i = 0; i < count; i++) {
            if (workers[i].from >= 0 && FD_ISSET(workers[i].from, &reads) &&
                !serve(jobs, &workers[i], count) && state == 0) {
                state = EXIT_INTERNAL;
                stop_asked = 1; /* the others need not go on */
            }
        }
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
        rcs_buf_close(&workers[i].part);
    }
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return state;
}
