/* Real redis-server processes on 127.0.0.1, for programs that measure them. Whatever cannot be had
 * ends the program with status 2 and a line that says what. */
#ifndef RCSIM_TESTS_SUPPORT_LIVE_SERVER_H
#define RCSIM_TESTS_SUPPORT_LIVE_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct live_server {
    char name[8], dir[240]; /* its log is DIR/log */
    int port, fd;           /* -1: not connected */
    pid_t pid;              /* 0: does not run */
};

_Noreturn void live_give_up(const char *what, const char *whose);

int64_t live_wall_ms(void);
int64_t live_steady_us(void);
void live_sleep_us(int64_t us);

/* A new directory below $TMPDIR, else `below`. The program's end runs `clean_up`, a signal too. */
void live_directory(const char *program, const char *below, char out[200], void (*clean_up)(void));
/* `count` ports and those 10000 above them are free from there on, and no other test's until this
 * program ends: in steps of a hundred from `port`, up to 22699, then from 10500. Without any it
 * gives up. */
int live_free_ports(int port, int count);

/* At server->port in server->dir, which is made, with `options` (ends with NULL) beside bind, port,
 * dir and logfile; connected when this returns. */
void live_start(struct live_server *server, const char *const *options);
void live_stop(struct live_server *server); /* SIGKILL; nothing if it does not run */
/* The directory of a stopped server, with all that is in it. */
void live_remove(const struct live_server *server);

/* Sends only; live_reply fetches what comes. */
void live_tell(struct live_server *server, const char *command);
/* The reply as it came, a status, an integer or a bulk, borrowed until the next. An error gives up.
 */
const char *live_reply(struct live_server *server);
/* Both. `took_us` NULL: nobody cares. */
const char *live_ask(struct live_server *server, const char *command, int64_t *took_us);
/* The same for what may be refused: the reply may be an error. */
const char *live_try(struct live_server *server, const char *command);

#endif
