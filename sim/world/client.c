/* Clients outside the cluster: what redis-cli and simple client libraries do. One request is
 * outstanding at a time; connections are kept and opened again when a request finds none. */
#include <stdlib.h>
#include <string.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

#define REDIRECTIONS_MAX 16
#define SOURCE_PORT      50000
#define SOURCE_PORTS     10000

struct session_conn {
    uint32_t conn; /* 0 none */
    bool up;
    struct rcs_resp_replies *reader;
};

struct rcs_session {
    struct rcs_sim *sim;
    unsigned number;
    bool cluster;
    enum rcs_session_state state;
    struct session_conn *conns; /* by node */
    unsigned conn_room;
    rcs_addr addr; /* what nodes see */

    int at;     /* where a cluster client stands */
    int target; /* of the request under way */
    struct rcs_request *request, *asking;
    bool ask;              /* ASKING goes first, */
    unsigned skip_replies; /* and its reply is passed over */
    unsigned tried, redirected;
    rcs_us sent_us, answered_us;
    const struct rcs_reply *reply;
    struct rcs_buf error, redirections;
    void (*done)(void *arg);
    void *done_arg;
};

/* --- life ------------------------------------------------------------------------------------- */

static unsigned free_number(struct rcs_sim *sim)
{
    for (unsigned i = 0; i < sim->session_count; i++) {
        if (sim->sessions[i] == NULL) {
            return i;
        }
    }
    sim->sessions = realloc(sim->sessions, (sim->session_count + 1) * sizeof(sim->sessions[0]));
    RCS_ASSERT(sim->sessions != NULL);
    return sim->session_count++;
}

/* 10.SITE.255.1, outside all sites 10.0.255.1; a source port for each session. */
static rcs_addr make_addr(struct rcs_sim *sim, unsigned number, unsigned site)
{
    struct rcs_address address = { .port = (uint16_t)(SOURCE_PORT + number % SOURCE_PORTS) };
    struct rcs_buf ip;
    rcs_buf_init(&ip);
    rcs_buf_format(&ip, "10.%u.255.1", site);
    memcpy(address.ip, ip.data, ip.size_bytes);
    rcs_buf_close(&ip);
    return rcs_store_addr(sim->store, &address);
}

struct rcs_session *rcs_session_new(struct rcs_sim *sim, const char *site, bool cluster)
{
    int found = site == NULL ? RCS_SITE_OUTSIDE : rcs_layout_site(sim, site);
    RCS_ASSERT(found >= 0);
    struct rcs_session *session = calloc(1, sizeof(*session));
    RCS_ASSERT(session != NULL);
    session->sim = sim;
    session->number = free_number(sim);
    session->cluster = cluster;
    session->addr = make_addr(sim, session->number, (unsigned)found);
    rcs_buf_init(&session->error);
    rcs_buf_init(&session->redirections);
    rcs_network_set_session(&sim->net, session->number, (unsigned)found);
    sim->sessions[session->number] = session;
    return session;
}

void rcs_session_stand(struct rcs_session *session, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < session->sim->node_count);
    session->at = node;
}

static void drop_request(struct rcs_session *session)
{
    if (session->request != NULL) {
        rcs_request_release(session->sim->store, session->request);
        session->request = NULL;
    }
}

void rcs_session_free(struct rcs_session *session)
{
    if (session == NULL) {
        return;
    }
    struct rcs_sim *sim = session->sim;
    for (unsigned i = 0; i < session->conn_room; i++) {
        struct session_conn *c = &session->conns[i];
        if (c->conn != 0) {
            rcs_network_close_end(&sim->net, c->conn, 0, sim->now_us);
        }
        rcs_resp_replies_free(c->reader);
    }
    drop_request(session);
    if (session->asking != NULL) {
        rcs_request_release(sim->store, session->asking);
    }
    rcs_buf_close(&session->error);
    rcs_buf_close(&session->redirections);
    free(session->conns);
    sim->sessions[session->number] = NULL;
    free(session);
}

rcs_addr rcs_session_addr(struct rcs_sim *sim, unsigned session)
{
    RCS_ASSERT(session < sim->session_count);
    /* A request may outlive its client on the way. */
    return sim->sessions[session] == NULL ? 0 : sim->sessions[session]->addr;
}

/* --- a request -------------------------------------------------------------------------------- */

static struct session_conn *conn_to(struct rcs_session *session, unsigned node)
{
    unsigned before = session->conn_room;
    session->conns =
        rcs_grow(session->conns, &session->conn_room, node + 1, sizeof(session->conns[0]));
    if (session->conn_room > before) {
        memset(session->conns + before, 0,
               (session->conn_room - before) * sizeof(session->conns[0]));
    }
    return &session->conns[node];
}

/* Its reader stays until the node is asked again: the last reply may still be looked at. */
static void forget_conn(struct session_conn *c)
{
    c->conn = 0;
    c->up = false;
}

/* The last thing done on behalf of a request: the next one may begin in it. */
static void end_request(struct rcs_session *session, enum rcs_session_state state)
{
    session->state = state;
    session->answered_us = session->sim->now_us;
    session->sim->answers++;
    drop_request(session);
    if (session->done != NULL) {
        session->done(session->done_arg);
    }
}

static void fail(struct rcs_session *session)
{
    end_request(session, RCS_SESSION_FAILED);
}

void rcs_session_on_done(struct rcs_session *session, void (*done)(void *arg), void *arg)
{
    session->done = done;
    session->done_arg = arg;
}

bool rcs_session_connected(const struct rcs_session *session)
{
    unsigned target = (unsigned)session->target;
    return target < session->conn_room && session->conns[target].up;
}

void rcs_session_abandon(struct rcs_session *session)
{
    RCS_ASSERT(session->state == RCS_SESSION_WAITING);
    struct session_conn *c = &session->conns[session->target];
    if (c->conn != 0) {
        rcs_network_close_end(&session->sim->net, c->conn, 0, session->sim->now_us);
        forget_conn(c);
    }
    session->state = RCS_SESSION_FAILED;
    session->answered_us = session->sim->now_us;
    drop_request(session);
}

static void transmit(struct rcs_session *session)
{
    struct rcs_sim *sim = session->sim;
    struct session_conn *c = conn_to(session, (unsigned)session->target);
    const struct rcs_reply *late;
    while (rcs_resp_replies_next(c->reader, &late) == RCS_OK) {
        /* of a request before this one: pushed messages, further replies of SUBSCRIBE */
    }
    session->skip_replies = 0;
    if (session->ask) {
        if (session->asking == NULL) {
            session->asking = rcs_request_words(sim->store, "ASKING", strlen("ASKING"));
        }
        session->ask = false;
        session->skip_replies = 1;
        session->asking->refs++;
        rcs_network_send(&sim->net, c->conn, 0, RCS_ITEM_REQUEST, session->asking, sim->now_us);
    }
    session->request->refs++;
    rcs_network_send(&sim->net, c->conn, 0, RCS_ITEM_REQUEST, session->request, sim->now_us);
}

static void go_to_target(struct rcs_session *session)
{
    struct rcs_sim *sim = session->sim;
    struct session_conn *c = conn_to(session, (unsigned)session->target);
    if (c->conn == 0) {
        c->up = false;
        rcs_resp_replies_free(c->reader);
        c->reader = rcs_resp_replies_new();
        c->conn = rcs_network_connect(&sim->net, RCS_CONN_SESSION, session->number, 0,
                                      (unsigned)session->target, false, sim->now_us);
        sim->counts.connects++;
    } else if (c->up) {
        transmit(session);
    }
}

/* Takes over the reference. */
static void ask(struct rcs_session *session, int node, struct rcs_request *request)
{
    struct rcs_sim *sim = session->sim;
    RCS_ASSERT(session->state != RCS_SESSION_WAITING);
    RCS_ASSERT(node >= -1 && node < (int)sim->node_count && sim->node_count > 0);
    session->request = request;
    session->state = RCS_SESSION_WAITING;
    session->reply = NULL;
    session->target = node >= 0 ? node : session->at;
    session->ask = false;
    session->tried = session->redirected = 0;
    session->sent_us = sim->now_us;
    rcs_buf_clear(&session->error);
    rcs_buf_clear(&session->redirections);
    go_to_target(session);
}

void rcs_session_request(struct rcs_session *session, int node, unsigned argc,
                         const struct rcs_arg *args)
{
    ask(session, node, rcs_request_new(session->sim->store, argc, args));
}

void rcs_session_words(struct rcs_session *session, int node, const char *text, size_t text_bytes)
{
    ask(session, node, rcs_request_words(session->sim->store, text, text_bytes));
}

/* --- replies ---------------------------------------------------------------------------------- */

static void cannot_connect(struct rcs_session *session, const char *ip, unsigned port,
                           const char *reason)
{
    rcs_buf_clear(&session->error);
    rcs_buf_format(&session->error, "Could not connect to Redis at %s:%u: %s", ip, port, reason);
}

static bool copy_word(char *out, size_t capacity, const char *from, size_t size_bytes)
{
    if (size_bytes >= capacity) {
        return false;
    }
    memcpy(out, from, size_bytes);
    out[size_bytes] = '\0';
    return true;
}

bool rcs_redirection_read(const struct rcs_reply *reply, struct rcs_redirection *out)
{
    const char *text = reply->bytes, *end = text + reply->size_bytes;
    if (reply->kind != RCS_REPLY_ERROR) {
        return false;
    }
    if (reply->size_bytes > 6 && memcmp(text, "MOVED ", 6) == 0) {
        out->ask = false;
        text += 6;
    } else if (reply->size_bytes > 4 && memcmp(text, "ASK ", 4) == 0) {
        out->ask = true;
        text += 4;
    } else {
        return false;
    }
    const char *blank = memchr(text, ' ', (size_t)(end - text));
    if (blank == NULL || !copy_word(out->slot, sizeof(out->slot), text, (size_t)(blank - text))) {
        return false;
    }
    const char *host = blank + 1, *colon = end;
    while (colon > host && colon[-1] != ':') {
        colon--;
    }
    if (colon == host || !copy_word(out->ip, sizeof(out->ip), host, (size_t)(colon - 1 - host))) {
        return false;
    }
    out->port = 0;
    for (; colon < end && *colon >= '0' && *colon <= '9' && out->port < 65536; colon++) {
        out->port = out->port * 10 + (unsigned)(*colon - '0');
    }
    return colon == end;
}

/* True if the request goes on to another node. */
static bool follow(struct rcs_session *session, const struct rcs_reply *reply)
{
    struct rcs_redirection to;
    if (!session->cluster || !rcs_redirection_read(reply, &to) ||
        session->redirected == REDIRECTIONS_MAX) {
        return false;
    }
    const struct rcs_sim *sim = session->sim;
    const char *ip = to.ip[0] != '\0' ? to.ip : sim->nodes[session->target].ip;
    if (session->redirected++ > 0) {
        rcs_buf_text(&session->redirections, "\n");
    }
    rcs_buf_format(&session->redirections, "-> Redirected to slot [%s] located at %s:%u", to.slot,
                   ip, to.port);
    int node = rcs_links_node_at(sim, ip, to.port);
    if (node < 0) {
        cannot_connect(session, ip, to.port, "Connection refused");
        fail(session);
        return true;
    }
    session->target = node;
    session->ask = to.ask;
    session->tried = 0;
    go_to_target(session);
    return true;
}

static void take_replies(struct rcs_session *session)
{
    struct session_conn *c = conn_to(session, (unsigned)session->target);
    const struct rcs_reply *reply;
    enum rcs_err err;
    while ((err = rcs_resp_replies_next(c->reader, &reply)) == RCS_OK) {
        if (reply->kind == RCS_REPLY_PUSH) {
            continue;
        }
        if (session->skip_replies > 0) {
            session->skip_replies--;
            continue;
        }
        if (follow(session, reply)) {
            return;
        }
        session->at = session->target;
        session->reply = reply;
        end_request(session, RCS_SESSION_REPLIED);
        return;
    }
    if (err != RCS_MORE) {
        rcs_buf_format(&session->error, "Protocol error, the reply cannot be read");
        fail(session);
    }
}

/* --- what the network brings ------------------------------------------------------------------ */

/* A cluster client goes to the next node; it gives up when it has tried them all. */
static void try_next(struct rcs_session *session)
{
    unsigned count = session->sim->node_count;
    if (!session->cluster || ++session->tried >= count) {
        fail(session);
        return;
    }
    session->target = (int)(((unsigned)session->target + 1) % count);
    session->ask = false;
    go_to_target(session);
}

void rcs_session_take(struct rcs_sim *sim, unsigned number, const struct rcs_delivery *delivery)
{
    struct rcs_session *session = sim->sessions[number];
    unsigned node = rcs_network_conn(&sim->net, delivery->conn)->party[1];
    struct session_conn *c = conn_to(session, node);
    RCS_ASSERT(c->conn == delivery->conn);
    bool awaited = session->state == RCS_SESSION_WAITING && session->target == (int)node;
    switch (delivery->kind) {
    case RCS_DELIVERY_UP:
        c->up = true;
        if (awaited) {
            transmit(session);
        }
        break;
    case RCS_DELIVERY_ITEM:
        /* What nobody asked for, a published message, is passed over. */
        if (awaited && delivery->item == RCS_ITEM_BLOB) {
            const struct rcs_blob *blob = delivery->value;
            rcs_resp_replies_feed(c->reader, blob->bytes, blob->size_bytes);
            take_replies(session);
        }
        break;
    case RCS_DELIVERY_FAILED:
        forget_conn(c);
        if (awaited) {
            cannot_connect(session, sim->nodes[node].ip, sim->nodes[node].port, delivery->reason);
            try_next(session);
        }
        break;
    case RCS_DELIVERY_LOST:
    case RCS_DELIVERY_ACCEPTED:
        forget_conn(c);
        if (awaited) {
            rcs_buf_format(&session->error, "Server closed the connection");
            fail(session);
        }
        break;
    }
}

/* --- what callers ask ------------------------------------------------------------------------- */

uint64_t rcs_sim_answers(const struct rcs_sim *sim)
{
    return sim->answers;
}

enum rcs_session_state rcs_session_state(const struct rcs_session *session)
{
    return session->state;
}

const struct rcs_reply *rcs_session_reply(const struct rcs_session *session)
{
    RCS_ASSERT(session->state == RCS_SESSION_REPLIED);
    return session->reply;
}

const char *rcs_session_error(const struct rcs_session *session)
{
    return session->error.size_bytes == 0 ? "" : session->error.data;
}

const char *rcs_session_redirections(const struct rcs_session *session)
{
    return session->redirections.size_bytes == 0 ? "" : session->redirections.data;
}

int rcs_session_node(const struct rcs_session *session)
{
    return session->target;
}

rcs_us rcs_session_sent(const struct rcs_session *session)
{
    return session->sent_us;
}

rcs_us rcs_session_answered(const struct rcs_session *session)
{
    return session->answered_us;
}
