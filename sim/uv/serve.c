/* The live server: time, ports and sockets of a run that real programs talk to.
 *
 * Every entry from libuv brings the run to the present first (catch_up), then tells it what came
 * in, then writes out what the nodes answered (settle). */
#include <rcsim/outside.h>
#include <rcsim/uv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/uv/serve_parts.h"
#include "sim/uv/standin.h"

/* A turn's share: so many events, and so much virtual time between two looks at the sockets. */
#define EVENTS_A_TURN 4096
#define SLICE_US      RCS_MS(10)
/* How far the clock may be behind before sockets are served all the same. */
#define BEHIND_NS ((uint64_t)20000000)
#define BACKLOG   511
/* A kernel takes about so much for a process that does not read. */
#define UNREAD_BYTES_MAX ((size_t)1 << 20)

struct rcs_port {
    uv_tcp_t tcp;
    struct rcs_serve *serve;
    int node;
};

struct rcs_advance {
    struct rcs_advance *next;
    rcs_us until_us;
    void (*done)(void *arg);
    void *arg;
};

static void ended(struct rcs_serve *serve)
{
    free(serve->ports);
    free(serve->stopped);
    free(serve->bind);
    free(serve);
}

void rcs_serve_closed(struct rcs_serve *serve)
{
    if (--serve->open == 0 && serve->ending) {
        ended(serve);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    rcs_serve_closed(handle->data);
}

/* --- sockets of clients ----------------------------------------------------------------------- */

static void on_data(struct rcs_socket *socket, const char *bytes, size_t size_bytes)
{
    struct rcs_serve *serve = socket->owner;
    rcs_serve_catch_up(serve);
    if (serve->standins != NULL && !socket->closing) {
        rcs_standins_look(serve, rcs_outside_node(serve->sim, socket->number));
    }
    if (socket->closing) {
        return; /* its node is gone meanwhile */
    }
    rcs_outside_data(serve->sim, socket->number, bytes, size_bytes);
    if (rcs_outside_unread(serve->sim, socket->number) > UNREAD_BYTES_MAX) {
        rcs_socket_read(socket, false);
        serve->stopped =
            realloc(serve->stopped, (serve->stopped_count + 1) * sizeof(serve->stopped[0]));
        RCS_ASSERT(serve->stopped != NULL);
        serve->stopped[serve->stopped_count++] = socket;
    }
    rcs_serve_settle(serve);
}

static void forget_stopped(struct rcs_serve *serve, const struct rcs_socket *socket)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < serve->stopped_count; i++) {
        if (serve->stopped[i] != socket) {
            serve->stopped[kept++] = serve->stopped[i];
        }
    }
    serve->stopped_count = kept;
}

static void on_gone(struct rcs_socket *socket)
{
    struct rcs_serve *serve = socket->owner;
    forget_stopped(serve, socket);
    if (serve->ending) {
        return;
    }
    rcs_serve_catch_up(serve);
    if (rcs_outside_known(serve->sim, socket->number)) { /* else its node closed it meanwhile */
        rcs_outside_gone(serve->sim, socket->number);
    }
    rcs_serve_settle(serve);
}

static void on_freed(struct rcs_socket *socket)
{
    rcs_serve_closed(socket->owner);
}

/* The node minds how much waits for a slow reader. */
static void tell_unwritten(struct rcs_serve *serve, struct rcs_socket *socket)
{
    size_t unsent = rcs_socket_unsent(socket);
    if (unsent != socket->told_bytes && !socket->closing) {
        socket->told_bytes = unsent;
        rcs_outside_unwritten(serve->sim, socket->number, unsent);
    }
}

static void on_taken(struct rcs_socket *socket)
{
    struct rcs_serve *serve = socket->owner;
    if (!serve->ending) {
        rcs_serve_catch_up(serve);
        tell_unwritten(serve, socket);
        rcs_serve_settle(serve);
    }
}

static const struct rcs_socket_handlers client_handlers = {
    .data = on_data, .gone = on_gone, .taken = on_taken, .freed = on_freed
};

static void on_connection(uv_stream_t *stream, int status)
{
    struct rcs_port *port = stream->data;
    struct rcs_serve *serve = port->serve;
    if (status < 0) {
        return; /* without a file for it libuv has closed it */
    }
    struct rcs_socket *socket =
        rcs_socket_accept(stream, &client_handlers, serve, serve->buffer, &serve->sockets);
    if (socket == NULL) {
        return;
    }
    serve->open++;
    rcs_serve_catch_up(serve);
    rcs_standins_look(serve, port->node);
    if (rcs_outside_port(serve->sim, port->node) == RCS_PORT_CLOSED) {
        socket->closing = true; /* the process ended while it waited to be accepted */
        rcs_socket_close(socket, true);
        rcs_serve_settle(serve);
        return;
    }
    struct rcs_address peer;
    rcs_socket_peer(socket, &peer);
    socket->number = rcs_outside_open(serve->sim, port->node, &peer, socket);
    rcs_serve_settle(serve);
}

/* --- ports ------------------------------------------------------------------------------------ */

static void on_port_closed(uv_handle_t *handle)
{
    struct rcs_port *port = handle->data;
    struct rcs_serve *serve = port->serve;
    free(port);
    rcs_serve_closed(serve);
}

static void close_port(struct rcs_serve *serve, unsigned node)
{
    struct rcs_port *port = serve->ports[node];
    serve->ports[node] = NULL;
    if (port != NULL) {
        uv_close((uv_handle_t *)&port->tcp, on_port_closed);
    }
}

int rcs_serve_listen(uv_tcp_t *tcp, const char *ip, unsigned port, uv_connection_cb accepted)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    const struct sockaddr *address = NULL;
    if (uv_ip4_addr(ip, (int)port, &four) == 0) {
        address = (const struct sockaddr *)&four;
    } else if (uv_ip6_addr(ip, (int)port, &six) == 0) {
        address = (const struct sockaddr *)&six;
    } else {
        return UV_EINVAL;
    }
    int err = uv_tcp_bind(tcp, address, 0);
    return err < 0 ? err : uv_listen((uv_stream_t *)tcp, BACKLOG, accepted);
}

/* A libuv error, 0. */
static int open_port(struct rcs_serve *serve, unsigned node)
{
    struct rcs_port *port = calloc(1, sizeof(*port));
    RCS_ASSERT(port != NULL);
    port->serve = serve;
    port->node = (int)node;
    int err = uv_tcp_init(serve->loop, &port->tcp);
    if (err < 0) {
        free(port);
        return err;
    }
    port->tcp.data = port;
    serve->open++;
    serve->ports[node] = port;
    err = rcs_serve_listen(&port->tcp, serve->bind,
                           (unsigned)rcs_sim_node_port(serve->sim, (int)node), on_connection);
    if (err < 0) {
        close_port(serve, node);
    }
    return err;
}

/* Ports are open while their processes run; a host without power answers nobody, but the kernel
 * here would refuse, so its port stays open and silent. */
int rcs_serve_look_at_ports(struct rcs_serve *serve)
{
    unsigned count = rcs_sim_node_count(serve->sim);
    if (count > serve->port_count) {
        serve->ports = realloc(serve->ports, count * sizeof(serve->ports[0]));
        RCS_ASSERT(serve->ports != NULL);
        memset(serve->ports + serve->port_count, 0,
               (count - serve->port_count) * sizeof(serve->ports[0]));
        serve->port_count = count;
    }
    serve->lives = rcs_outside_lives(serve->sim);
    rcs_serve_raise_files_limit(serve);
    int first = 0;
    for (unsigned i = 0; i < count; i++) {
        bool wanted = rcs_outside_port(serve->sim, (int)i) != RCS_PORT_CLOSED;
        if (wanted && serve->ports[i] == NULL) {
            int err = open_port(serve, i);
            first = first == 0 ? err : first;
        } else if (!wanted) {
            close_port(serve, i);
        }
    }
    return first;
}

/* --- time ------------------------------------------------------------------------------------- */

static void over(struct rcs_serve *serve, const struct rcs_diag *diag);

static enum rcs_run_state carry_slice(struct rcs_serve *serve, rcs_us end_us)
{
    enum rcs_run_state state;
    serve->carrying = true;
    while ((state = rcs_run_until(serve->run, end_us, EVENTS_A_TURN)) == RCS_RUN_MORE) {
    }
    serve->carrying = false;
    return state;
}

/* Brings the run to `limit` in slices, so that something can be done from outside at the end of
 * each; false: real time is up before. */
static bool carry_to(struct rcs_serve *serve, rcs_us limit, uint64_t deadline_ns)
{
    while (!serve->ending) {
        rcs_us now_us = rcs_sim_now(serve->sim);
        rcs_us end_us = now_us + SLICE_US < limit ? now_us + SLICE_US : limit;
        if (carry_slice(serve, end_us) == RCS_RUN_DONE) {
            struct rcs_diag diag;
            bool wrong = rcs_run_error(serve->run, &diag) != RCS_OK;
            over(serve, wrong ? &diag : NULL);
            return false;
        }
        if (end_us == limit) {
            return true;
        }
        if (uv_hrtime() >= deadline_ns) {
            return false;
        }
    }
    return false;
}

static void on_idle(uv_idle_t *idle);

void rcs_serve_set_idle(struct rcs_serve *serve, bool yes)
{
    if (yes != serve->idling && !serve->ending) {
        serve->idling = yes;
        if (yes) {
            uv_idle_start(&serve->idle, on_idle);
        } else {
            uv_idle_stop(&serve->idle);
        }
    }
}

void rcs_serve_catch_up(struct rcs_serve *serve)
{
    if (serve->carrying) {
        return;
    }
    uint64_t now_ns = uv_hrtime();
    rcs_us target_us =
        serve->advances != NULL ? rcs_sim_now(serve->sim) : rcs_pace_now(&serve->pace, now_ns);
    rcs_us at_us = rcs_sim_now(serve->sim);
    if (!carry_to(serve, target_us > at_us ? target_us : at_us, now_ns + BEHIND_NS)) {
        rcs_serve_set_idle(serve, true);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct rcs_serve *serve = timer->data;
    rcs_serve_catch_up(serve);
    rcs_serve_settle(serve);
}

/* What can be done without time passing is done; when something happens next. */
static rcs_us next_event(struct rcs_serve *serve)
{
    serve->carrying = true; /* an order may be over, and the next one begin */
    rcs_us next_us = rcs_run_next(serve->run);
    serve->carrying = false;
    return next_us;
}

static void set_timer(struct rcs_serve *serve, rcs_us next_us)
{
    if (serve->pace.speed == RCS_PACE_MANUAL || next_us == RCS_NEVER || serve->idling) {
        uv_timer_stop(&serve->timer);
        return;
    }
    uint64_t wait_ms = rcs_pace_wait_ms(&serve->pace, uv_hrtime(), next_us);
    uv_update_time(serve->loop);
    uv_timer_start(&serve->timer, on_timer, wait_ms, 0);
}

/* --- what goes out ---------------------------------------------------------------------------- */

static void write_out(struct rcs_serve *serve)
{
    struct rcs_outside_output out;
    while (rcs_outside_take(serve->sim, &out)) {
        struct rcs_socket *socket = out.owner;
        if (out.closed) {
            socket->closing = true; /* the world has forgotten it: `gone` must not be said */
            forget_stopped(serve, socket);
        }
        rcs_socket_write(socket, out.bytes, out.size_bytes);
        tell_unwritten(serve, socket);
        if (out.closed) {
            rcs_socket_close(socket, out.cut);
        }
    }
}

static void read_again(struct rcs_serve *serve)
{
    for (unsigned i = 0; i < serve->stopped_count;) {
        struct rcs_socket *socket = serve->stopped[i];
        if (rcs_outside_unread(serve->sim, socket->number) > UNREAD_BYTES_MAX) {
            i++;
            continue;
        }
        forget_stopped(serve, socket);
        rcs_socket_read(socket, true);
    }
}

/* An order that waits for something lets time pass if the clock stands, and no longer than it
 * waits: instant by instant. */
static bool orders_wait(const struct rcs_serve *serve)
{
    return serve->pace.speed == RCS_PACE_MANUAL && rcs_run_orders(serve->run) > 0;
}

void rcs_serve_settle(struct rcs_serve *serve)
{
    if (serve->ending || serve->carrying) {
        return;
    }
    rcs_us next_us = next_event(serve);
    rcs_standins_save(serve);
    write_out(serve);
    if (serve->stopped_count > 0) {
        read_again(serve);
    }
    if (rcs_outside_lives(serve->sim) != serve->lives) {
        int err = rcs_serve_look_at_ports(serve);
        if (err < 0) {
            fprintf(stderr, "rcsim: a node's port cannot be opened: %s\n", uv_strerror(err));
        }
    }
    rcs_standins_exited(serve);
    if (orders_wait(serve)) {
        rcs_serve_set_idle(serve, true);
    }
    set_timer(serve, next_us);
}

/* --- orders about time ------------------------------------------------------------------------ */

void rcs_serve_speed(struct rcs_serve *serve, int64_t speed)
{
    RCS_ASSERT(speed >= 0 && speed <= RCS_PACE_MAX);
    rcs_serve_catch_up(serve);
    rcs_pace_set(&serve->pace, speed, uv_hrtime(), rcs_sim_now(serve->sim));
    rcs_serve_settle(serve);
}

int64_t rcs_serve_speed_of(const struct rcs_serve *serve)
{
    return serve->pace.speed;
}

void rcs_serve_advance(struct rcs_serve *serve, rcs_us duration, void (*done)(void *arg), void *arg)
{
    rcs_serve_catch_up(serve);
    struct rcs_advance *advance = calloc(1, sizeof(*advance));
    RCS_ASSERT(advance != NULL && duration >= 0);
    rcs_us from_us = rcs_sim_now(serve->sim);
    for (const struct rcs_advance *a = serve->advances; a != NULL; a = a->next) {
        from_us = a->until_us;
    }
    rcs_us left_us = RCS_SIM_TIME_MAX - from_us;
    *advance = (struct rcs_advance){ NULL, from_us + (duration < left_us ? duration : left_us),
                                     done, arg };
    *serve->advances_end = advance;
    serve->advances_end = &advance->next;
    rcs_serve_set_idle(serve, true);
}

static void end_advance(struct rcs_serve *serve)
{
    struct rcs_advance *advance = serve->advances;
    serve->advances = advance->next;
    if (serve->advances == NULL) {
        serve->advances_end = &serve->advances;
    }
    rcs_pace_set(&serve->pace, serve->pace.speed, uv_hrtime(), rcs_sim_now(serve->sim));
    rcs_serve_settle(serve);
    advance->done(advance->arg);
    free(advance);
}

static void serve_orders(struct rcs_serve *serve, uint64_t deadline_ns)
{
    while (!serve->ending && orders_wait(serve) && uv_hrtime() < deadline_ns) {
        rcs_us next_us = next_event(serve);
        if (next_us == RCS_NEVER || !carry_to(serve, next_us, deadline_ns)) {
            break;
        }
    }
    if (!serve->ending) {
        rcs_pace_set(&serve->pace, RCS_PACE_MANUAL, uv_hrtime(), rcs_sim_now(serve->sim));
    }
}

static void on_idle(uv_idle_t *idle)
{
    struct rcs_serve *serve = idle->data;
    uint64_t now_ns = uv_hrtime();
    if (serve->stop_wanted) {
        rcs_serve_stop(serve);
        return;
    }
    if (serve->advances == NULL && orders_wait(serve)) {
        serve_orders(serve, now_ns + BEHIND_NS);
    } else if (serve->advances == NULL) {
        rcs_us at_us = rcs_sim_now(serve->sim), target_us = rcs_pace_now(&serve->pace, now_ns);
        if (carry_to(serve, target_us > at_us ? target_us : at_us, now_ns + BEHIND_NS)) {
            rcs_serve_set_idle(serve, false);
        }
    } else if (carry_to(serve, serve->advances->until_us, now_ns + BEHIND_NS)) {
        end_advance(serve);
    }
    rcs_serve_settle(serve);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void close_all(struct rcs_serve *serve)
{
    uv_handle_t *const handles[] = {
        (uv_handle_t *)&serve->timer,  (uv_handle_t *)&serve->idle,    (uv_handle_t *)&serve->watch,
        (uv_handle_t *)&serve->sigint, (uv_handle_t *)&serve->sigterm,
    };
    for (unsigned i = 0; i < serve->port_count; i++) {
        close_port(serve, i);
    }
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        uv_close(handles[i], on_handle_closed);
    }
    while (serve->advances != NULL) {
        struct rcs_advance *advance = serve->advances;
        serve->advances = advance->next;
        free(advance);
    }
}

static void over(struct rcs_serve *serve, const struct rcs_diag *diag)
{
    if (serve->ending) {
        return;
    }
    rcs_standins_end(serve);
    serve->ending = true;
    rcs_run_finish(serve->run);
    for (struct rcs_socket *socket = serve->sockets; socket != NULL; socket = socket->next) {
        rcs_socket_close(socket, true);
    }
    rcs_control_port_close(serve);
    close_all(serve);
    serve->options.done(serve->options.arg, diag);
}

void rcs_serve_stop(struct rcs_serve *serve)
{
    rcs_serve_catch_up(serve);
    over(serve, NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    rcs_serve_stop(signal->data);
}

static enum rcs_err refuse_port(const struct rcs_serve *serve, int err, struct rcs_diag *diag)
{
    for (unsigned i = 0; i < serve->port_count; i++) {
        if (serve->ports[i] == NULL && rcs_outside_port(serve->sim, (int)i) != RCS_PORT_CLOSED) {
            return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                                "%s cannot listen on %s:%d: %s (--port chooses the first port)",
                                rcs_sim_node_name(serve->sim, (int)i), serve->bind,
                                rcs_sim_node_port(serve->sim, (int)i), uv_strerror(err));
        }
    }
    return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "%s", uv_strerror(err));
}

enum rcs_err rcs_serve_start(struct rcs_serve **out, uv_loop_t *loop,
                             const struct rcs_serve_options *options, struct rcs_diag *diag)
{
    struct rcs_serve *serve = calloc(1, sizeof(*serve));
    RCS_ASSERT(serve != NULL);
    serve->loop = loop;
    serve->run = options->run;
    serve->sim = rcs_run_sim(options->run);
    serve->options = *options;
    serve->advances_end = &serve->advances;
    size_t bind_bytes = strlen(options->bind) + 1;
    serve->bind = malloc(bind_bytes);
    RCS_ASSERT(serve->bind != NULL);
    memcpy(serve->bind, options->bind, bind_bytes);
    serve->watch.data = serve;
    serve->timer.data = serve->idle.data = serve->sigint.data = serve->sigterm.data = serve;
    uv_timer_init(loop, &serve->timer);
    uv_timer_init(loop, &serve->watch);
    uv_idle_init(loop, &serve->idle);
    uv_signal_init(loop, &serve->sigint);
    uv_signal_init(loop, &serve->sigterm);
    serve->open = 5;
    rcs_pace_set(&serve->pace, options->speed, uv_hrtime(), rcs_sim_now(serve->sim));
    int err = rcs_serve_look_at_ports(serve);
    err = err < 0 ? err : uv_signal_start(&serve->sigint, on_signal, SIGINT);
    err = err < 0 ? err : uv_signal_start(&serve->sigterm, on_signal, SIGTERM);
    if (err < 0) {
        refuse_port(serve, err, diag);
    } else if (options->control_port != 0 && (err = rcs_control_port_open(serve)) < 0) {
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                     "orders cannot be taken on 127.0.0.1:%u: %s (--control chooses the port)",
                     options->control_port, uv_strerror(err));
    }
    if (err < 0) {
        serve->ending = true;
        rcs_run_finish(serve->run);
        rcs_control_port_close(serve);
        close_all(serve);
        return RCS_ERR_STATE;
    }
    *out = serve;
    options->ready(options->arg);
    rcs_serve_settle(serve);
    return RCS_OK;
}
