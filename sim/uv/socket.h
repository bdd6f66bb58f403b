/* A TCP connection on a loop: bytes come in by a callback, bytes go out in as few writes as the
 * kernel takes them. */
#ifndef RCSIM_SIM_UV_SOCKET_H
#define RCSIM_SIM_UV_SOCKET_H

#include <uv.h>

#include <rcsim/resp.h>

struct rcs_socket;

struct rcs_socket_handlers {
    /* Bytes came; borrowed for the call. */
    void (*data)(struct rcs_socket *socket, const char *bytes, size_t size_bytes);
    /* The peer closed its side, or is gone; the connection closes by itself. Not called after
     * rcs_socket_close. */
    void (*gone)(struct rcs_socket *socket);
    /* The kernel took more of what waited. NULL: nobody asks. */
    void (*taken)(struct rcs_socket *socket);
    /* The last call for this socket: its memory goes. */
    void (*freed)(struct rcs_socket *socket);
};

struct rcs_socket {
    uv_tcp_t tcp;
    struct rcs_socket *next, **at; /* in the list of its owner's */
    const struct rcs_socket_handlers *handlers;
    void *owner;        /* the caller's */
    uint32_t number;    /* the caller's */
    size_t told_bytes;  /* the caller's */
    struct rcs_buf out; /* what the kernel has not taken yet, but for what `write` holds */
    uv_write_t write;
    struct rcs_buf writing; /* of the write under way */
    bool is_writing, closing, close_after, reading;
    char *buffer; /* lent by the caller: RCS_SOCKET_READ_BYTES, used during a read only */
};

#define RCS_SOCKET_READ_BYTES ((size_t)64 << 10)

/* Accepts a connection that waits at `listener` and begins to read; `buffer` may be shared by all
 * sockets of a loop; it stands in `list` until it is freed. NULL if it is gone again. */
struct rcs_socket *rcs_socket_accept(uv_stream_t *listener,
                                     const struct rcs_socket_handlers *handlers, void *owner,
                                     char *buffer, struct rcs_socket **list);
/* "" and 0 if it is gone. */
void rcs_socket_peer(const struct rcs_socket *socket, struct rcs_address *out);
/* Writes at once what the kernel takes, keeps the rest. */
void rcs_socket_write(struct rcs_socket *socket, const void *bytes, size_t size_bytes);
size_t rcs_socket_unsent(const struct rcs_socket *socket); /* bytes the kernel did not take */
void rcs_socket_read(struct rcs_socket *socket, bool yes); /* stops / goes on reading */
/* Closes: behind what was written, or (`now`) at once. */
void rcs_socket_close(struct rcs_socket *socket, bool now);

#endif
