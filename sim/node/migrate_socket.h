/* The connections of MIGRATE to its targets, kept and used again until they have been idle for 10 s
 * (Redis 7.0 migrateGetSocket, migrateCloseTimedoutSockets). */
#ifndef RCSIM_SIM_NODE_MIGRATE_SOCKET_H
#define RCSIM_SIM_NODE_MIGRATE_SOCKET_H

#include "sim/node/internal.h"

#define RCS_MIGRATE_SOCKETS_MAX 64
#define RCS_NO_DATABASE         (-1)

enum rcs_target_state {
    RCS_TARGET_CONNECTING,
    RCS_TARGET_CONNECTED,
    RCS_TARGET_REFUSED,
    RCS_TARGET_TIMED_OUT,
    RCS_TARGET_ENDED
};

struct rcs_migrate_socket {
    char *name;    /* "host:port" as they were written */
    uint32_t link; /* our number for it */
    enum rcs_target_state state;
    int64_t database; /* selected last */
    int64_t used_s;
    struct rcs_buf input; /* what the target wrote, */
    size_t input_read;    /* and how much of it was read */
};

struct rcs_migrate_sockets {
    struct rcs_migrate_socket all[RCS_MIGRATE_SOCKETS_MAX];
    unsigned count;
    uint32_t next_link; /* from 1 on */
};

/* The kept socket or a new one; NULL: there is no such address. Sockets are borrowed until the next
 * one is opened or closed. */
struct rcs_migrate_socket *rcs_migrate_socket_get(struct rcs_node *node,
                                                  struct rcs_migrate_sockets *sockets,
                                                  const struct rcs_arg *host,
                                                  const struct rcs_arg *port);
/* NULL: closed since. */
struct rcs_migrate_socket *rcs_migrate_socket_of(struct rcs_migrate_sockets *sockets,
                                                 uint32_t link);
void rcs_migrate_socket_close(struct rcs_node *node, struct rcs_migrate_sockets *sockets,
                              struct rcs_migrate_socket *socket);
void rcs_migrate_sockets_close_idle(struct rcs_node *node, struct rcs_migrate_sockets *sockets);
/* Without telling anybody. */
void rcs_migrate_sockets_free(struct rcs_migrate_sockets *sockets);

/* RCS_EVENT_TARGET_...: what became of the connection is noticed by who uses it. */
void rcs_migrate_socket_note(struct rcs_migrate_socket *socket, const struct rcs_event *event);
/* A line of the target without its end; NULL: not yet here. Lent until the socket is closed. */
const char *rcs_migrate_socket_line(struct rcs_migrate_socket *socket, size_t *size_bytes);

#endif
