#include "sim/uv/socket.h"

#include <stdlib.h>
#include <string.h>

static void on_closed(uv_handle_t *handle)
{
    struct rcs_socket *socket = handle->data;
    if (socket->next != NULL) {
        socket->next->at = socket->at;
    }
    *socket->at = socket->next;
    socket->handlers->freed(socket);
    rcs_buf_close(&socket->out);
    rcs_buf_close(&socket->writing);
    free(socket);
}

static void close_now(struct rcs_socket *socket)
{
    if (!uv_is_closing((uv_handle_t *)&socket->tcp)) {
        uv_close((uv_handle_t *)&socket->tcp, on_closed);
    }
}

void rcs_socket_close(struct rcs_socket *socket, bool now)
{
    socket->closing = true;
    if (!now && (socket->is_writing || socket->out.size_bytes > 0)) {
        socket->close_after = true;
        rcs_socket_read(socket, false);
        return;
    }
    close_now(socket);
}

static void lost(struct rcs_socket *socket)
{
    if (!socket->closing) {
        socket->closing = true;
        socket->handlers->gone(socket);
    }
    close_now(socket);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_rest(struct rcs_socket *socket);

static void on_written(uv_write_t *write, int status)
{
    struct rcs_socket *socket = write->data;
    socket->is_writing = false;
    rcs_buf_clear(&socket->writing);
    if (status < 0) {
        if (status != UV_ECANCELED) {
            lost(socket);
        }
        return;
    }
    if (socket->out.size_bytes > 0) {
        write_rest(socket);
    } else if (socket->close_after) {
        close_now(socket);
    }
    if (socket->handlers->taken != NULL && !socket->closing) {
        socket->handlers->taken(socket);
    }
}

/* Waits for the kernel with what it did not take. */
static void write_rest(struct rcs_socket *socket)
{
    struct rcs_buf rest = socket->out;
    socket->out = socket->writing;
    socket->writing = rest;
    uv_buf_t buf = uv_buf_init(rest.data, (unsigned)rest.size_bytes);
    socket->write.data = socket;
    socket->is_writing = true;
    int err = uv_write(&socket->write, (uv_stream_t *)&socket->tcp, &buf, 1, on_written);
    if (err < 0) {
        socket->is_writing = false;
        lost(socket);
    }
}

void rcs_socket_write(struct rcs_socket *socket, const void *bytes, size_t size_bytes)
{
    if (uv_is_closing((uv_handle_t *)&socket->tcp) || size_bytes == 0) {
        return;
    }
    if (socket->is_writing) {
        rcs_buf_add(&socket->out, bytes, size_bytes);
        return;
    }
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)size_bytes);
    int taken = uv_try_write((uv_stream_t *)&socket->tcp, &buf, 1);
    if (taken < 0 && taken != UV_EAGAIN) {
        lost(socket);
        return;
    }
    size_t done = taken > 0 ? (size_t)taken : 0;
    if (done < size_bytes) {
        rcs_buf_add(&socket->out, (const char *)bytes + done, size_bytes - done);
        write_rest(socket);
    }
}

size_t rcs_socket_unsent(const struct rcs_socket *socket)
{
    return socket->out.size_bytes + (socket->is_writing ? socket->writing.size_bytes : 0);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    const struct rcs_socket *socket = handle->data;
    (void)suggested;
    *out = uv_buf_init(socket->buffer, RCS_SOCKET_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct rcs_socket *socket = stream->data;
    if (count < 0) {
        lost(socket);
    } else if (count > 0 && !socket->closing) {
        socket->handlers->data(socket, buf->base, (size_t)count);
    }
}

void rcs_socket_read(struct rcs_socket *socket, bool yes)
{
    if (yes != socket->reading && !uv_is_closing((uv_handle_t *)&socket->tcp)) {
        socket->reading = yes;
        if (yes) {
            uv_read_start((uv_stream_t *)&socket->tcp, on_alloc, on_read);
        } else {
            uv_read_stop((uv_stream_t *)&socket->tcp);
        }
    }
}

/* --- accepting -------------------------------------------------------------------------------- */

static void freed_unused(struct rcs_socket *socket)
{
    (void)socket;
}

struct rcs_socket *rcs_socket_accept(uv_stream_t *listener,
                                     const struct rcs_socket_handlers *handlers, void *owner,
                                     char *buffer, struct rcs_socket **list)
{
    static const struct rcs_socket_handlers unused = { .freed = freed_unused };
    struct rcs_socket *socket = calloc(1, sizeof(*socket));
    RCS_ASSERT(socket != NULL);
    rcs_buf_init(&socket->out);
    rcs_buf_init(&socket->writing);
    socket->handlers = &unused;
    socket->owner = owner;
    socket->buffer = buffer;
    socket->at = list;
    socket->next = *list;
    if (uv_tcp_init(listener->loop, &socket->tcp) < 0) {
        free(socket);
        return NULL;
    }
    socket->tcp.data = socket;
    *list = socket;
    if (socket->next != NULL) {
        socket->next->at = &socket->next;
    }
    if (uv_accept(listener, (uv_stream_t *)&socket->tcp) < 0) {
        close_now(socket);
        return NULL;
    }
    socket->handlers = handlers;
    uv_tcp_nodelay(&socket->tcp, 1);
    rcs_socket_read(socket, true);
    return socket;
}

void rcs_socket_peer(const struct rcs_socket *socket, struct rcs_address *out)
{
    struct sockaddr_storage name;
    int size = sizeof(name);
    *out = (struct rcs_address){ .port = 0 };
    if (uv_tcp_getpeername(&socket->tcp, (struct sockaddr *)&name, &size) != 0) {
        return;
    }
    if (name.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&name;
        uv_ip6_name(six, out->ip, sizeof(out->ip));
        out->port = ntohs(six->sin6_port);
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)&name;
        uv_ip4_name(four, out->ip, sizeof(out->ip));
        out->port = ntohs(four->sin_port);
    }
}
