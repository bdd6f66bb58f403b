#define _GNU_SOURCE
#include "tests/support/live_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPLY_SIZE  65536
#define OPTIONS_MAX 32
#define PORT_MIN    10500
#define PORT_MAX    22699 /* the bus, 10000 above, stays below the ports that the kernel lends */

_Noreturn void live_give_up(const char *what, const char *whose)
{
    fprintf(stderr, "NOT: %s %s\n", whose, what);
    exit(2);
}

/* --- time ------------------------------------------------------------------------------------- */

int64_t live_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t live_steady_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void live_sleep_us(int64_t us)
{
    struct timespec pause = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    while (us > 0 && nanosleep(&pause, &pause) != 0 && errno == EINTR) {
    }
}

/* --- directories and ports -------------------------------------------------------------------- */

static void (*at_end)(void);

static void on_signal(int number)
{
    at_end();
    _exit(128 + number);
}

void live_directory(const char *program, const char *below, char out[200], void (*clean_up)(void))
{
    const char *tmp = getenv("TMPDIR");
    snprintf(out, 200, "%s/%s.XXXXXX", tmp == NULL ? below : tmp, program);
    if (mkdtemp(out) == NULL) {
        live_give_up("cannot be made", out);
    }
    at_end = clean_up;
    atexit(clean_up);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
}

static bool is_free(int port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    close(fd);
    return bound;
}

/* Held until the program ends: tests/ports.sh says what for. */
static int lock_hundred(int port)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/rcsim-test-ports.%d", port / 100);
    int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int live_free_ports(int port, int count)
{
    int steps = (PORT_MAX - PORT_MIN) / 100;
    for (int base = port; steps > 0; steps--, base += 100) {
        int lock, i = 0;
        if (base > PORT_MAX - count) {
            base = PORT_MIN + base % 100;
        }
        if ((lock = lock_hundred(base)) < 0) {
            continue;
        }
        while (i < count && is_free(base + i) && is_free(base + i + 10000)) {
            i++;
        }
        if (i == count) {
            return base;
        }
        close(lock);
    }
    live_give_up("are free", "no ports");
}

/* --- a process -------------------------------------------------------------------------------- */

static bool connect_to(struct live_server *server)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server->port) };
    struct timeval limit = { .tv_sec = 10 };
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->fd >= 0 && connect(server->fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
        setsockopt(server->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(server->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        return true;
    }
    close(server->fd);
    server->fd = -1;
    return false;
}

void live_start(struct live_server *server, const char *const *options)
{
    char port[16];
    const char *arguments[OPTIONS_MAX] = {
        "redis-server", "--bind",    "127.0.0.1", "--port", port,
        "--dir",        server->dir, "--logfile", "log",    NULL,
    };
    int count = 9;
    while (*options != NULL && count < OPTIONS_MAX - 1) {
        arguments[count++] = *options++;
    }
    arguments[count] = NULL;
    snprintf(port, sizeof(port), "%d", server->port);
    mkdir(server->dir, 0700);
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of us */
        execvp("redis-server", (char *const *)arguments);
        _exit(127);
    }
    for (int tries = 0; !connect_to(server); tries++) {
        if (tries == 1000 || waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            live_give_up("does not start (is redis-server installed and its port free?)",
                         server->name);
        }
        live_sleep_us(5000);
    }
}

void live_stop(struct live_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    if (server->fd >= 0) {
        close(server->fd);
    }
    server->pid = 0;
    server->fd = -1;
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *at)
{
    (void)found, (void)kind, (void)at;
    return remove(path);
}

void live_remove(const struct live_server *server)
{
    nftw(server->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void live_tell(struct live_server *server, const char *command)
{
    char line[8192];
    int length = snprintf(line, sizeof(line), "%s\r\n", command);
    if (length >= (int)sizeof(line) ||
        send(server->fd, line, (size_t)length, MSG_NOSIGNAL) != length) {
        live_give_up("does not take a command", server->name);
    }
}

/* One more byte after the reply's end is never read. */
static const char *any_reply(struct live_server *server)
{
    static char reply[REPLY_SIZE];
    size_t size = 0, want = REPLY_SIZE - 1;
    while (size < want) {
        ssize_t got = recv(server->fd, reply + size, REPLY_SIZE - 1 - size, 0);
        if (got <= 0) {
            live_give_up("does not answer", server->name);
        }
        size += (size_t)got;
        reply[size] = '\0';
        char *end = strstr(reply, "\r\n");
        if (end != NULL) {
            want = (size_t)(end - reply) + 2;
            long bulk = reply[0] == '$' ? strtol(reply + 1, NULL, 10) : -1; /* nil has no bytes */
            want += bulk < 0 ? 0 : (size_t)bulk + 2;
        }
    }
    return reply;
}

const char *live_reply(struct live_server *server)
{
    const char *reply = any_reply(server);
    if (reply[0] == '-') {
        live_give_up(reply, server->name);
    }
    return reply;
}

const char *live_try(struct live_server *server, const char *command)
{
    live_tell(server, command);
    return any_reply(server);
}

const char *live_ask(struct live_server *server, const char *command, int64_t *took_us)
{
    int64_t sent_us = live_steady_us();
    live_tell(server, command);
    const char *reply = live_reply(server);
    if (took_us != NULL) {
        *took_us = live_steady_us() - sent_us;
    }
    return reply;
}
