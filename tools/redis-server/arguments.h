/* How redis-server is called: a file, standard input, --directive value. */
#ifndef RCSIM_TOOLS_REDIS_SERVER_ARGUMENTS_H
#define RCSIM_TOOLS_REDIS_SERVER_ARGUMENTS_H

#include <limits.h>
#include <stdbool.h>

#include <rcsim/resp.h>

struct server_arguments {
    struct rcs_buf text;      /* of all files and arguments, includes in place */
    char conf_path[PATH_MAX]; /* "" none */
    char cwd[PATH_MAX];       /* where it was started */
    /* what the process itself does by it */
    char dir[PATH_MAX], logfile[PATH_MAX], pidfile[PATH_MAX];
    bool daemonize;
    unsigned port;
};

/* False: it is said on stderr; the status is 1 then, as of a server. Has to be closed. */
bool server_arguments_read(struct server_arguments *out, int argc, char **argv);
void server_arguments_close(struct server_arguments *arguments);

#endif
