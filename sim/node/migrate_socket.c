#include "sim/node/migrate_socket.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/command_args.h"

#include "sim/pure.h"

#define SOCKET_IDLE_S 10

struct rcs_migrate_socket *rcs_migrate_socket_of(struct rcs_migrate_sockets *sockets, uint32_t link)
{
    for (unsigned i = 0; i < sockets->count; i++) {
        if (sockets->all[i].link == link) {
            return &sockets->all[i];
        }
    }
    return NULL;
}

static void free_socket(struct rcs_migrate_socket *socket)
{
    free(socket->name);
    rcs_buf_close(&socket->input);
}

void rcs_migrate_socket_close(struct rcs_node *node, struct rcs_migrate_sockets *sockets,
                              struct rcs_migrate_socket *socket)
{
    if (socket->state == RCS_TARGET_CONNECTING || socket->state == RCS_TARGET_CONNECTED) {
        rcs_effect_add(node->out, RCS_EFFECT_TARGET_CLOSE, socket->link);
    }
    free_socket(socket);
    size_t behind = (size_t)(sockets->all + --sockets->count - socket);
    memmove(socket, socket + 1, behind * sizeof(*socket));
}

/* An IPv4 or IPv6 address and a port as atoi and the kernel take it; 0: no such address. Host names
 * are known to nobody here. */
static rcs_addr address_of(struct rcs_node *node, const struct rcs_arg *host,
                           const struct rcs_arg *port)
{
    struct rcs_address address = { .port = 0 };
    unsigned char binary[sizeof(struct in6_addr)];
    size_t size_bytes = rcs_arg_text_bytes(host), digits = rcs_arg_text_bytes(port);
    if (size_bytes >= sizeof(address.ip) || (digits > 0 && port->bytes[0] == '-')) {
        return 0;
    }
    memcpy(address.ip, host->bytes, size_bytes);
    if (inet_pton(AF_INET, address.ip, binary) != 1 &&
        inet_pton(AF_INET6, address.ip, binary) != 1) {
        return 0;
    }
    unsigned number = 0;
    for (size_t i = 0; i < digits && port->bytes[i] >= '0' && port->bytes[i] <= '9'; i++) {
        number = number * 10 + (unsigned)(port->bytes[i] - '0');
    }
    address.port = (uint16_t)number;
    return rcs_store_addr(node->store, &address);
}

static char *name_of(const struct rcs_arg *host, const struct rcs_arg *port)
{
    char *name = malloc((size_t)host->size_bytes + port->size_bytes + 2);
    RCS_ASSERT(name != NULL);
    memcpy(name, host->bytes, host->size_bytes);
    name[host->size_bytes] = ':';
    memcpy(name + host->size_bytes + 1, port->bytes, port->size_bytes);
    name[host->size_bytes + 1 + port->size_bytes] = '\0';
    return name;
}

static struct rcs_migrate_socket *find_socket(struct rcs_migrate_sockets *sockets, const char *name)
{
    for (unsigned i = 0; i < sockets->count; i++) {
        if (strcmp(sockets->all[i].name, name) == 0) {
            return &sockets->all[i];
        }
    }
    return NULL;
}

struct rcs_migrate_socket *rcs_migrate_socket_get(struct rcs_node *node,
                                                  struct rcs_migrate_sockets *sockets,
                                                  const struct rcs_arg *host,
                                                  const struct rcs_arg *port)
{
    char *name = name_of(host, port);
    struct rcs_migrate_socket *socket = find_socket(sockets, name);
    if (socket != NULL) {
        free(name);
        socket->used_s = rcs_node_unixtime(node);
        return socket;
    }
    rcs_addr addr = address_of(node, host, port);
    if (addr == 0) {
        free(name);
        return NULL;
    }
    if (sockets->count == RCS_MIGRATE_SOCKETS_MAX) { /* any one goes */
        rcs_migrate_socket_close(
            node, sockets,
            &sockets->all[rcs_rand_below(&node->key_choice, RCS_MIGRATE_SOCKETS_MAX)]);
    }
    socket = &sockets->all[sockets->count++];
    *socket = (struct rcs_migrate_socket){
        .name = name,
        .link = sockets->next_link++,
        .database = RCS_NO_DATABASE,
        .used_s = rcs_node_unixtime(node),
    };
    rcs_buf_init(&socket->input);
    rcs_effect_add(node->out, RCS_EFFECT_TARGET_CONNECT, socket->link)->addr = addr;
    return socket;
}

void rcs_migrate_sockets_close_idle(struct rcs_node *node, struct rcs_migrate_sockets *sockets)
{
    for (unsigned i = 0; i < sockets->count;) {
        if (rcs_node_unixtime(node) - sockets->all[i].used_s > SOCKET_IDLE_S) {
            rcs_migrate_socket_close(node, sockets, &sockets->all[i]);
        } else {
            i++;
        }
    }
}

void rcs_migrate_sockets_free(struct rcs_migrate_sockets *sockets)
{
    while (sockets->count > 0) {
        free_socket(&sockets->all[--sockets->count]);
    }
}

/* --- what comes in ---------------------------------------------------------------------------- */

void rcs_migrate_socket_note(struct rcs_migrate_socket *socket, const struct rcs_event *event)
{
    switch (event->kind) {
    case RCS_EVENT_TARGET_UP:
        socket->state = RCS_TARGET_CONNECTED;
        break;
    case RCS_EVENT_TARGET_FAILED:
        socket->state = strcmp(event->reason, "Connection timed out") == 0 ? RCS_TARGET_TIMED_OUT
                                                                           : RCS_TARGET_REFUSED;
        break;
    case RCS_EVENT_TARGET_LOST:
        socket->state = RCS_TARGET_ENDED;
        break;
    case RCS_EVENT_TARGET_DATA:
        rcs_buf_add(&socket->input, event->blob->bytes, event->blob->size_bytes);
        break;
    default:
        RCS_UNREACHABLE("an event that is not of a target");
    }
}

const char *rcs_migrate_socket_line(struct rcs_migrate_socket *socket, size_t *size_bytes)
{
    size_t rest = socket->input.size_bytes - socket->input_read;
    if (rest == 0) {
        return NULL;
    }
    const char *line = socket->input.data + socket->input_read;
    const char *end = memchr(line, '\n', rest);
    if (end == NULL) {
        return NULL;
    }
    socket->input_read += (size_t)(end + 1 - line);
    *size_bytes = (size_t)(end - line);
    *size_bytes -= *size_bytes > 0 && line[*size_bytes - 1] == '\r';
    return line;
}
