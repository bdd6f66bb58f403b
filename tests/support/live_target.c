#define _GNU_SOURCE
#include "tests/support/live_target.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_address(struct live_target *target, const char *host, size_t size, int port)
{
    snprintf(target->wire.host, sizeof(target->wire.host), "%.*s", (int)size, host);
    target->wire.port = port;
}

void live_target_real(struct live_target *target, const char *directory, int port)
{
    static const char *const settings[] = {
        "--cluster-enabled",         "yes",      "--save", "", "--enable-debug-command", "yes",
        "--slowlog-log-slower-than", "10000000", NULL
    };
    struct live_server *server = &target->server;
    server->port = port;
    snprintf(server->name, sizeof(server->name), "real");
    snprintf(server->dir, sizeof(server->dir), "%s/%d", directory, port);
    live_start(server, settings);
    close(server->fd); /* CLIENT LIST shows who is connected */
    server->fd = -1;
    set_address(target, "127.0.0.1", 9, port);
}

void live_target_rcsim(struct live_target *target, const char *program, int port, int nodes)
{
    char at[16], control[16], count[16];
    snprintf(at, sizeof(at), "%d", port);
    snprintf(control, sizeof(control), "%d", port + nodes);
    snprintf(count, sizeof(count), "%d", nodes);
    fflush(stdout); /* or the child prints it as well */
    target->rcsim_pid = fork();
    if (target->rcsim_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (freopen("/dev/null", "w", stdout) != NULL) {
            execl(program, program, "serve", "--nodes", count, "--port", at, "--control", control,
                  "--speed", "1", "--save", "", "--enable-debug-command", "yes", (char *)NULL);
        }
        _exit(127);
    }
    set_address(target, "127.0.0.1", 9, port);
    for (int tries = 0; !live_wire_open(&target->wire); tries++) {
        if (tries == 1000 || waitpid(target->rcsim_pid, NULL, WNOHANG) == target->rcsim_pid) {
            target->rcsim_pid = 0;
            live_give_up("serve does not start", program);
        }
        live_sleep_us(5000);
    }
}

void live_target_at(struct live_target *target, const char *host_port)
{
    const char *colon = strrchr(host_port, ':');
    if (colon == NULL) {
        live_give_up("is no HOST:PORT", host_port);
    }
    set_address(target, host_port, (size_t)(colon - host_port), (int)strtol(colon + 1, NULL, 10));
}

void live_target_make_cluster(struct live_target *target)
{
    if (!live_wire_open(&target->wire)) {
        live_give_up("cannot be reached", target->wire.name);
    }
    live_wire_say(&target->wire, "CLUSTER SET-CONFIG-EPOCH 1");
    live_wire_say(&target->wire, "CLUSTER ADDSLOTSRANGE 0 16383");
    for (int tries = 0;; tries++) { /* some seconds: a new node waits before it says ok */
        const struct rcs_buf *reply = live_wire_say(&target->wire, "SET {t}ready 1");
        if (reply->size_bytes >= 3 && memcmp(reply->data, "+OK", 3) == 0) {
            break;
        }
        if (tries == 500) {
            live_give_up("does not serve all slots", target->wire.name);
        }
        live_sleep_us(20000);
    }
}

bool live_target_ended(struct live_target *target, const char **how)
{
    static char text[32];
    int status = 0;
    bool ended = false;
    for (int tries = 0; tries < 10 && target->rcsim_pid > 0 && !ended; tries++) {
        ended = waitpid(target->rcsim_pid, &status, WNOHANG) == target->rcsim_pid;
        live_sleep_us(5000); /* one that crashes is not gone at once */
    }
    if (ended) {
        target->rcsim_pid = 0;
        snprintf(text, sizeof(text), "%s %d", WIFSIGNALED(status) ? "signal" : "exit status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        *how = text;
    }
    return ended;
}

bool live_target_end(struct live_target *target)
{
    int status = 0;
    live_wire_close(&target->wire);
    if (target->rcsim_pid > 0) {
        kill(target->rcsim_pid, SIGTERM);
        waitpid(target->rcsim_pid, &status, 0);
    }
    target->rcsim_pid = 0;
    live_stop(&target->server);
    if (target->server.dir[0] != '\0') {
        live_remove(&target->server);
    }
    if (status != 0) {
        printf("NOT: %s does not end well (wait status %d)\n", target->wire.name, status);
    }
    return status == 0;
}
