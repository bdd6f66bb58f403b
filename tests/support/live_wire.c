#define _GNU_SOURCE
#include "tests/support/live_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/live_server.h"

#define LIMIT_MS 10000

void live_answer_init(struct live_answer *answer)
{
    *answer = (struct live_answer){ .closed = false };
    rcs_buf_init(&answer->bytes);
}

void live_answer_close(struct live_answer *answer)
{
    rcs_buf_close(&answer->bytes);
}

void live_answer_clear(struct live_answer *answer)
{
    rcs_buf_clear(&answer->bytes);
    answer->closed = answer->silent = false;
}

bool live_answer_is(const struct live_answer *answer, const char *reply)
{
    return answer->bytes.size_bytes == strlen(reply) &&
           memcmp(answer->bytes.data, reply, strlen(reply)) == 0;
}

static int connect_to(const struct live_wire *wire)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)wire->port) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, wire->host, &to.sin_addr) == 1 && fd >= 0 &&
        connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        return fd;
    }
    close(fd);
    return -1;
}

bool live_wire_open(struct live_wire *wire)
{
    live_wire_close(wire);
    wire->fd = connect_to(wire);
    wire->beside_fd = connect_to(wire);
    return wire->fd >= 0 && wire->beside_fd >= 0;
}

void live_wire_close(struct live_wire *wire)
{
    if (wire->fd >= 0) {
        close(wire->fd);
    }
    if (wire->beside_fd >= 0) {
        close(wire->beside_fd);
    }
    wire->fd = wire->beside_fd = -1;
}

static void put_bytes(int fd, const void *bytes, size_t size_bytes)
{
    for (size_t sent = 0; sent < size_bytes;) {
        ssize_t wrote = send(fd, (const char *)bytes + sent, size_bytes - sent, MSG_NOSIGNAL);
        if (wrote <= 0) {
            break; /* closed: the read says so */
        }
        sent += (size_t)wrote;
    }
}

static void put(int fd, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_buf request;
    rcs_buf_init(&request);
    rcs_resp_request(&request, argc, args);
    put_bytes(fd, request.data, request.size_bytes);
    rcs_buf_close(&request);
}

/* Appends what is there after at most `limit_ms`. False: nothing. */
static bool take(int fd, int limit_ms, struct live_answer *answer)
{
    static char piece[65536];
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    int found;
    do {
        found = poll(&ready, 1, limit_ms);
    } while (found < 0 && errno == EINTR);
    if (found <= 0 || answer->closed) {
        return false;
    }
    ssize_t got = recv(fd, piece, sizeof(piece), 0);
    if (got <= 0) {
        answer->closed = true;
        return false;
    }
    rcs_buf_add(&answer->bytes, piece, (size_t)got);
    return true;
}

static bool is_whole(const struct live_answer *answer)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    enum rcs_err err = RCS_MORE;
    size_t left = 0;
    if (answer->bytes.size_bytes > 0) {
        rcs_resp_replies_feed(reader, answer->bytes.data, answer->bytes.size_bytes);
        do {
            err = rcs_resp_replies_next(reader, &reply);
        } while (err == RCS_OK);
        if (err == RCS_MORE) {
            rcs_resp_replies_rest(reader, &left);
        }
    }
    rcs_resp_replies_free(reader);
    return answer->closed || (answer->bytes.size_bytes > 0 && left == 0);
}

static void ping_beside(struct live_wire *wire)
{
    static const struct rcs_arg ping = { "PING", 4 };
    struct live_answer pong;
    live_answer_init(&pong);
    live_wire_beside(wire, 1, &ping, &pong);
    live_answer_close(&pong);
}

void live_wire_await(struct live_wire *wire, int limit_ms, struct live_answer *answer)
{
    int64_t until_us = live_steady_us() + (int64_t)limit_ms * 1000, left_us = limit_ms * 1000;
    do {
        take(wire->fd, (int)(left_us / 1000), answer);
        left_us = until_us - live_steady_us();
    } while (!is_whole(answer) && left_us >= 0);
}

void live_wire_await_close(struct live_wire *wire, int limit_ms, struct live_answer *answer)
{
    while (!answer->closed && take(wire->fd, limit_ms, answer)) {
    }
}

void live_wire_collect(struct live_wire *wire, struct live_answer *answer)
{
    for (int pings = 0; pings < 2 && !answer->closed && !wire->died; pings++) {
        ping_beside(wire);
        while (take(wire->fd, 0, answer)) {
        }
        if (answer->bytes.size_bytes > 0 && !is_whole(answer)) {
            live_wire_await(wire, LIMIT_MS, answer); /* large: it takes its time to arrive */
        }
    }
    if (wire->died) {
        answer->closed = true;
        wire->died = false;
    }
    answer->silent = answer->bytes.size_bytes == 0 && !answer->closed;
}

void live_wire_ask(struct live_wire *wire, unsigned argc, const struct rcs_arg *args,
                   struct live_answer *answer)
{
    put(wire->fd, argc, args);
    live_wire_collect(wire, answer);
}

void live_wire_send(struct live_wire *wire, const void *bytes, size_t size_bytes,
                    struct live_answer *answer)
{
    put_bytes(wire->fd, bytes, size_bytes);
    live_wire_collect(wire, answer);
}

void live_wire_beside(struct live_wire *wire, unsigned argc, const struct rcs_arg *args,
                      struct live_answer *answer)
{
    if (wire->beside_fd < 0) {
        wire->beside_fd = connect_to(wire);
    }
    put(wire->beside_fd, argc, args);
    while (!is_whole(answer)) {
        if (!take(wire->beside_fd, LIMIT_MS, answer) && !answer->closed) {
            live_give_up("does not answer", wire->name);
        }
    }
    if (answer->closed) { /* a command to close it was among those before */
        close(wire->beside_fd);
        wire->beside_fd = connect_to(wire);
        if (wire->beside_fd < 0 && (wire->revive == NULL || !wire->revive(wire))) {
            live_give_up("is gone", wire->name);
        }
    }
}

const struct rcs_buf *live_wire_say(struct live_wire *wire, const char *words)
{
    static struct live_answer answer;
    struct rcs_arg args[16];
    unsigned argc = 0;
    while (*words != '\0' && argc < 16) {
        size_t length = strcspn(words, " ");
        args[argc++] = (struct rcs_arg){ words, (uint32_t)length };
        words += length;
        words += strspn(words, " ");
    }
    live_answer_close(&answer);
    live_answer_init(&answer);
    live_wire_beside(wire, argc, args, &answer);
    return &answer.bytes;
}
