/* The control port's socket: orders come in, answers go out (sim/scenario/control.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sim/uv/serve_parts.h"
#include "sim/uv/standin.h"

/* Orders rule everybody's nodes: they are taken from this machine only. */
#define CONTROL_IP "127.0.0.1"
/* Who has so much to read is not read from; who is then pushed more (lines of a log come unasked)
 * behind so much is cut off, as a subscriber is (Redis 7.0: client-output-buffer-limit pubsub). */
#define UNREAD_BYTES_MAX ((size_t)1 << 20)
#define CUT_BYTES        ((size_t)32 << 20)

struct control_conn {
    struct rcs_serve *serve;
    struct rcs_control_client *client; /* NULL: closed */
    struct rcs_socket *socket;
    bool replying; /* it is being written to: it cannot be forgotten now */
    bool full;     /* it is not read from: it does not read */
};

static void end_client(struct control_conn *conn)
{
    if (conn->client != NULL) {
        rcs_control_close(conn->client);
        conn->client = NULL;
    }
}

static bool on_reply(void *arg, const char *bytes, size_t size_bytes, bool close)
{
    struct control_conn *conn = arg;
    if (!close && rcs_socket_unsent(conn->socket) > CUT_BYTES) {
        rcs_socket_close(conn->socket, true);
        return false;
    }
    conn->replying = true;
    rcs_socket_write(conn->socket, bytes, size_bytes);
    conn->replying = false;
    if (close) {
        rcs_socket_close(conn->socket, false);
        return false;
    }
    conn->full = rcs_socket_unsent(conn->socket) > UNREAD_BYTES_MAX;
    rcs_socket_read(conn->socket, !conn->full);
    return !conn->full;
}

static void on_taken(struct rcs_socket *socket)
{
    struct control_conn *conn = socket->owner;
    struct rcs_serve *serve = conn->serve;
    if (!conn->full || rcs_socket_unsent(socket) > UNREAD_BYTES_MAX) {
        return;
    }
    conn->full = false;
    rcs_socket_read(socket, true);
    rcs_serve_catch_up(serve);
    if (conn->client != NULL && !serve->ending) {
        rcs_control_taken(conn->client);
        rcs_serve_catch_up(serve);
        rcs_serve_settle(serve);
    }
}

static void on_data(struct rcs_socket *socket, const char *bytes, size_t size_bytes)
{
    struct control_conn *conn = socket->owner;
    struct rcs_serve *serve = conn->serve;
    rcs_serve_catch_up(serve);
    if (conn->client == NULL || serve->ending) {
        return;
    }
    rcs_control_feed(conn->client, bytes, size_bytes);
    rcs_serve_catch_up(serve); /* what was ordered is done */
    rcs_serve_settle(serve);
}

static void on_gone(struct rcs_socket *socket)
{
    struct control_conn *conn = socket->owner;
    if (conn->replying) {
        return; /* the last reply finds nobody: the client ends with its socket */
    }
    rcs_serve_catch_up(conn->serve);
    if (!conn->serve->ending) {
        end_client(conn);
        rcs_serve_settle(conn->serve);
    }
}

static void on_freed(struct rcs_socket *socket)
{
    struct control_conn *conn = socket->owner;
    struct rcs_serve *serve = conn->serve;
    if (!serve->ending && conn->client != NULL) {
        rcs_serve_catch_up(serve);
        if (!serve->ending) {
            end_client(conn);
            rcs_serve_settle(serve);
        }
    }
    free(conn);
    rcs_serve_closed(serve);
}

static const struct rcs_socket_handlers handlers = {
    .data = on_data, .gone = on_gone, .taken = on_taken, .freed = on_freed
};

bool rcs_control_port_left(const struct rcs_serve *serve, const struct rcs_control_client *client)
{
    for (const struct rcs_socket *socket = serve->sockets; socket != NULL; socket = socket->next) {
        const struct control_conn *conn = socket->handlers == &handlers ? socket->owner : NULL;
        uv_os_fd_t fd;
        char byte;
        if (conn != NULL && conn->client == client &&
            uv_fileno((const uv_handle_t *)&socket->tcp, &fd) == 0) {
            ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
        }
    }
    return false;
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct rcs_serve *serve = stream->data;
    if (status < 0) {
        return;
    }
    struct control_conn *conn = calloc(1, sizeof(*conn));
    RCS_ASSERT(conn != NULL);
    conn->serve = serve;
    conn->socket = rcs_socket_accept(stream, &handlers, conn, serve->buffer, &serve->sockets);
    if (conn->socket == NULL) {
        free(conn);
        return;
    }
    serve->open++;
    conn->client = rcs_control_open(serve->control, on_reply, conn);
}

/* --- what orders want of the server ----------------------------------------------------------- */

static void set_speed(void *arg, int64_t speed)
{
    rcs_serve_speed(arg, speed);
}

static int64_t speed_of(void *arg)
{
    return rcs_serve_speed_of(arg);
}

static void advance(void *arg, rcs_us duration, void (*done)(void *done_arg), void *done_arg)
{
    rcs_serve_advance(arg, duration, done, done_arg);
}

static void stop(void *arg)
{
    struct rcs_serve *serve = arg;
    serve->stop_wanted = true;
    rcs_serve_set_idle(serve, true);
}

static enum rcs_err save(void *arg, const char *file, struct rcs_diag *diag)
{
    const struct rcs_serve *serve = arg;
    return serve->options.save(serve->options.arg, file, diag);
}

int rcs_control_port_open(struct rcs_serve *serve)
{
    int err = uv_tcp_init(serve->loop, &serve->control_tcp);
    if (err < 0) {
        return err;
    }
    const struct rcs_control_host host = {
        .arg = serve,
        .speed = set_speed,
        .speed_of = speed_of,
        .advance = advance,
        .stop = stop,
        .save = serve->options.save != NULL ? save : NULL,
        .request = rcs_standin_request,
        .gone = rcs_standin_gone,
    };
    serve->control = rcs_control_new(serve->run, serve->options.kept, &host);
    serve->control_tcp.data = serve;
    serve->open++;
    return rcs_serve_listen(&serve->control_tcp, CONTROL_IP, serve->options.control_port,
                            on_connection);
}

static void on_port_closed(uv_handle_t *handle)
{
    struct rcs_serve *serve = handle->data;
    rcs_serve_closed(serve);
}

void rcs_control_port_close(struct rcs_serve *serve)
{
    if (serve->control != NULL) {
        rcs_control_free(serve->control);
        serve->control = NULL;
        uv_close((uv_handle_t *)&serve->control_tcp, on_port_closed);
    }
}
