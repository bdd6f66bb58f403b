/* rcsim-redis-server: stands in for redis-server. The server is a virtual node of `rcsim serve`;
 * this process is called, waited for, and killed as its process would be.
 *
 * It adds the node at the control port (RCSIM_CONTROL) and stays connected: when this process is
 * killed the connection drops, and the node is killed. It says its process id, so that `rcsim
 * serve` sees when it is stopped and when it goes on. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/redis-server/arguments.h"

#define CONTROL      "127.0.0.1:7000"
#define PIDFILE      "/var/run/redis.pid" /* of a daemon that names none */
#define ADD_REPLY    3                    /* NODE PID, NODE LOG, NODE ADD */
#define LINE_BYTES   4096
#define SIGNAL_FIRST 128 /* statuses above say which signal ended a process */

struct server {
    struct server_arguments arguments;
    int control;
    bool runs;          /* the node was added */
    unsigned replies;   /* so far */
    unsigned asked;     /* to end, so often */
    struct rcs_buf in;  /* of lines that are not complete */
    struct rcs_buf log; /* kept until the node is there */
};

static int signals[2]; /* a pipe: numbers of signals that came */

/* --- the log ---------------------------------------------------------------------------------- */

static void write_log(const struct server *server, const char *text, size_t size_bytes)
{
    const char *path = server->arguments.logfile;
    FILE *file = path[0] == '\0' ? stdout : fopen(path, "a");
    if (file != NULL) {
        fwrite(text, 1, size_bytes, file);
        fflush(file);
    }
    if (file != NULL && file != stdout) {
        fclose(file);
    }
}

/* Lines wait for the pid file: who sees that the server is ready may want to read it. */
static void add_log(struct server *server, const char *line)
{
    if (server->runs) {
        struct rcs_buf one;
        rcs_buf_init(&one);
        rcs_buf_format(&one, "%s\n", line);
        write_log(server, one.data, one.size_bytes);
        rcs_buf_close(&one);
    } else {
        rcs_buf_format(&server->log, "%s\n", line);
    }
}

static void flush_log(struct server *server)
{
    if (server->log.size_bytes > 0) {
        write_log(server, server->log.data, server->log.size_bytes);
        rcs_buf_clear(&server->log);
    }
}

/* What this process itself has to say, in the form of the server's lines. */
static void warn(struct server *server, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

static void warn(struct server *server, const char *format, ...)
{
    char line[LINE_BYTES], date[64];
    struct timespec now;
    struct tm parts;
    va_list args;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    strftime(date, sizeof(date), "%d %b %Y %H:%M:%S", &parts);
    int size = snprintf(line, sizeof(line), "%d:M %s.%03d # ", (int)getpid(), date,
                        (int)(now.tv_nsec / 1000000));
    va_start(args, format);
    vsnprintf(line + size, sizeof(line) - (size_t)size, format, args);
    va_end(args);
    add_log(server, line);
    flush_log(server);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void end(struct server *server, int status)
{
    flush_log(server);
    server_arguments_close(&server->arguments);
    rcs_buf_close(&server->in);
    rcs_buf_close(&server->log);
    close(server->control);
    exit(status);
}

/* As the node's process: a status, or the signal that ended it. */
static void exit_as(struct server *server, int status)
{
    if (status == 0 && server->arguments.pidfile[0] != '\0') {
        (void)unlink(server->arguments.pidfile);
    }
    if (status > SIGNAL_FIRST) {
        const struct rlimit none = { 0, 0 };
        flush_log(server);
        setrlimit(RLIMIT_CORE, &none); /* there is nothing to be learnt from it */
        signal(status - SIGNAL_FIRST, SIG_DFL);
        raise(status - SIGNAL_FIRST);
    }
    end(server, status);
}

/* --- the control port ------------------------------------------------------------------------- */

static bool read_address(const char *text, struct sockaddr_in *out)
{
    char ip[64] = "127.0.0.1";
    const char *colon = strrchr(text, ':'), *port = colon == NULL ? text : colon + 1;
    char *end_of;
    if (colon != NULL) {
        snprintf(ip, sizeof(ip), "%.*s", (int)(colon - text), text);
    }
    long number = strtol(port, &end_of, 10);
    *out = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };
    return *port != '\0' && *end_of == '\0' && number > 0 && number < 65536 &&
           inet_pton(AF_INET, strcmp(ip, "localhost") == 0 ? "127.0.0.1" : ip, &out->sin_addr) == 1;
}

static int connect_control(void)
{
    const char *named = getenv("RCSIM_CONTROL");
    const char *text = named == NULL || named[0] == '\0' ? CONTROL : named;
    struct sockaddr_in address;
    if (!read_address(text, &address)) {
        fprintf(stderr,
                "rcsim-redis-server: RCSIM_CONTROL \"%s\" is no address (IP:PORT, or a port)\n",
                text);
        return -1;
    }
    int control = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control < 0 || connect(control, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        fprintf(stderr,
                "rcsim-redis-server: nobody takes orders at %s (%s): start `rcsim serve --nodes 0 "
                "--disk DIR`, or name its control port in RCSIM_CONTROL\n",
                text, strerror(errno));
        if (control >= 0) {
            close(control);
        }
        return -1;
    }
    return control;
}

static bool send_words(const struct server *server, unsigned count, const struct rcs_arg *words)
{
    struct rcs_buf out;
    size_t done = 0;
    ssize_t put = 0;
    rcs_buf_init(&out);
    rcs_resp_array(&out, count);
    for (unsigned i = 0; i < count; i++) {
        rcs_resp_bulk(&out, words[i].bytes, words[i].size_bytes);
    }
    while (done < out.size_bytes && put >= 0) {
        put = send(server->control, out.data + done, out.size_bytes - done, MSG_NOSIGNAL);
        put = put < 0 && errno == EINTR ? 0 : put;
        done += put > 0 ? (size_t)put : 0;
    }
    rcs_buf_close(&out);
    return put >= 0;
}

static struct rcs_arg word(const char *text)
{
    return (struct rcs_arg){ text, (uint32_t)strlen(text) };
}

static bool add_node(const struct server *server)
{
    char pid[32];
    const struct server_arguments *a = &server->arguments;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    const struct rcs_arg say_pid[] = { word("NODE"), word("PID"), word(pid) };
    const struct rcs_arg log[] = { word("NODE"), word("LOG") };
    const struct rcs_arg add[] = { word("NODE"),
                                   word("ADD"),
                                   word(a->cwd),
                                   word(a->conf_path),
                                   { a->text.data == NULL ? "" : a->text.data,
                                     (uint32_t)a->text.size_bytes } };
    return send_words(server, 3, say_pid) && send_words(server, 2, log) &&
           send_words(server, 5, add);
}

/* --- what comes back -------------------------------------------------------------------------- */

static void write_pid(const struct server *server)
{
    FILE *file =
        server->arguments.pidfile[0] == '\0' ? NULL : fopen(server->arguments.pidfile, "w");
    if (file != NULL) {
        fprintf(file, "%d\n", (int)getpid());
        fclose(file);
    }
}

/* The node could not be added. */
static void refuse(struct server *server, const char *why)
{
    if (strstr(why, "TCP listening socket") != NULL) {
        warn(server, "Warning: %s", why);
        warn(server, "Failed listening on port %u (TCP), aborting.", server->arguments.port);
    } else if (strncmp(why, "line ", 5) == 0) {
        fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n%s\n", why);
    } else {
        warn(server, "%s", why);
    }
    end(server, EXIT_FAILURE);
}

static void take_line(struct server *server, const char *line)
{
    if (strncmp(line, "+LOG # ", 7) == 0) {
        warn(server, "%s", line + 7);
    } else if (strncmp(line, "+LOG ", 5) == 0) {
        add_log(server, line + 5);
    } else if (strncmp(line, "+EXITED ", 8) == 0) {
        exit_as(server, (int)strtol(line + 8, NULL, 10));
    } else if (++server->replies == ADD_REPLY) {
        if (line[0] == '-') {
            refuse(server, strncmp(line, "-ERR ", 5) == 0 ? line + 5 : line + 1);
        }
        write_pid(server);
        server->runs = true;
        flush_log(server);
    }
}

static void take_lines(struct server *server)
{
    char *at = server->in.data, *lf;
    size_t left = server->in.size_bytes;
    while (left > 0 && (lf = memchr(at, '\n', left)) != NULL) {
        *lf = '\0';
        if (lf > at && lf[-1] == '\r') {
            lf[-1] = '\0';
        }
        take_line(server, at);
        left -= (size_t)(lf + 1 - at);
        at = lf + 1;
    }
    if (left > 0 && at != server->in.data) {
        memmove(server->in.data, at, left);
    }
    server->in.size_bytes = left;
}

static void read_control(struct server *server)
{
    char bytes[LINE_BYTES];
    ssize_t got = recv(server->control, bytes, sizeof(bytes), 0);
    if (got > 0) {
        rcs_buf_add(&server->in, bytes, (size_t)got);
        take_lines(server);
    } else if (got == 0 || errno != EINTR) {
        warn(server, "rcsim serve is gone, and the node with it");
        end(server, EXIT_FAILURE);
    }
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_signal(int number)
{
    int error = errno;
    unsigned char byte = (unsigned char)number;
    (void)!write(signals[1], &byte, 1);
    errno = error;
}

static void read_signal(struct server *server)
{
    unsigned char byte;
    const struct rcs_arg term[] = { word("NODE"), word("TERM") };
    if (read(signals[0], &byte, 1) != 1) {
        return;
    }
    if (byte == SIGINT && server->asked > 0) { /* Redis 7.0 sigShutdownHandler */
        warn(server, "You insist... exiting now.");
        end(server, EXIT_FAILURE);
    }
    server->asked++;
    (void)send_words(server, 2, term);
}

static bool set_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    if (pipe(signals) != 0) {
        return false;
    }
    fcntl(signals[0], F_SETFD, FD_CLOEXEC);
    fcntl(signals[1], F_SETFD, FD_CLOEXEC);
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    return sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0;
}

/* Redis 7.0 daemonize */
static void daemonize(struct server *server)
{
    if (fork() != 0) {
        end(server, EXIT_SUCCESS);
    }
    setsid();
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO) {
            close(null);
        }
    }
    if (server->arguments.pidfile[0] == '\0') {
        snprintf(server->arguments.pidfile, sizeof(server->arguments.pidfile), "%s", PIDFILE);
    }
}

static void wait_and_serve(struct server *server)
{
    struct pollfd polled[] = { { signals[0], POLLIN, 0 }, { server->control, POLLIN, 0 } };
    for (;;) {
        if (poll(polled, 2, -1) < 0) {
            continue;
        }
        if (polled[0].revents != 0) {
            read_signal(server);
        }
        if (polled[1].revents != 0) {
            read_control(server);
        }
    }
}

/* --- calls that start no server --------------------------------------------------------------- */

static void usage(void)
{
    fprintf(stderr,
            "Usage: redis-server [/path/to/redis.conf] [options] [-]\n"
            "       redis-server - (read config from stdin)\n"
            "       redis-server -v or --version\n"
            "       redis-server -h or --help\n"
            "\n"
            "This one stands in for redis-server: the server is a virtual node of `rcsim serve`,\n"
            "whose control port the environment names: RCSIM_CONTROL=127.0.0.1:7000 (default).\n");
}

/* -1: a server is to be started. */
static int other_call(int argc, char **argv)
{
    static const char *const refused[] = { "--test-memory", "--check-system", "--sentinel" };
    const char *first = argc > 1 ? argv[1] : "", *slash = strrchr(argv[0], '/');
    if (strcmp(first, "-v") == 0 || strcmp(first, "--version") == 0) {
        printf("Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64 build=rcsim-%s\n",
               RCS_VERSION);
        return EXIT_SUCCESS;
    }
    if (strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0) {
        usage();
        return EXIT_FAILURE; /* as redis-server does */
    }
    bool sentinel = strstr(slash == NULL ? argv[0] : slash + 1, "redis-sentinel") != NULL;
    for (int i = 1; i < argc; i++) {
        for (size_t j = 0; j < sizeof(refused) / sizeof(refused[0]); j++) {
            if (strcmp(argv[i], refused[j]) == 0 || sentinel) {
                fprintf(stderr, "rcsim-redis-server: %s: rcsim has no such thing\n",
                        sentinel ? "redis-sentinel" : refused[j]);
                return EXIT_FAILURE;
            }
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct server server = { .control = -1 };
    int status = other_call(argc, argv);
    if (status >= 0) {
        return status;
    }
    rcs_buf_init(&server.in);
    rcs_buf_init(&server.log);
    if (!server_arguments_read(&server.arguments, argc, argv)) {
        end(&server, EXIT_FAILURE);
    }
    server.control = connect_control();
    if (server.control < 0) {
        end(&server, EXIT_FAILURE);
    }
    if (server.arguments.daemonize) {
        daemonize(&server);
    }
    if (!set_signals() || !add_node(&server)) {
        warn(&server, "the node cannot be asked for: %s", strerror(errno));
        end(&server, EXIT_FAILURE);
    }
    wait_and_serve(&server);
}
