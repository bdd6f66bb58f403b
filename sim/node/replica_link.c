/* This node as a replica: the life of the connection to its master (Redis 7.0 connectWithMaster,
 * replicationCron, and freeClient for a master's client). What is said over it until PSYNC is
 * answered is replica_handshake.c, what the master then sends replica_stream.c. */
#include <string.h>

#include "sim/node/replication.h"

#include "sim/pure.h"

#define LINE_BYTES 256 /* Redis 7.0 receiveSynchronousResponse */

static void say(struct rcs_node *node, enum rcs_fact_code code, const char *text)
{
    rcs_node_fact(node, code, RCS_ID_NONE, 0, 0, 0, text, NULL);
}

static void say_address(struct rcs_node *node, enum rcs_fact_code code)
{
    const struct rcs_address *address = rcs_store_address(node->store, node->repl.master_addr);
    rcs_node_fact(node, code, RCS_ID_NONE, address->port, 0, 0, address->ip, NULL);
}

/* --- requests to the master ------------------------------------------------------------------- */

void rcs_master_request(struct rcs_node *node, unsigned argc, const char *const *words)
{
    struct rcs_arg args[5];
    RCS_ASSERT(argc <= sizeof(args) / sizeof(args[0]));
    for (unsigned i = 0; i < argc; i++) {
        args[i] = (struct rcs_arg){ words[i], (uint32_t)strlen(words[i]) };
    }
    rcs_effect_add(node->out, RCS_EFFECT_MASTER_REQUEST, node->repl.link)->request =
        rcs_request_new(node->store, argc, args);
}

void rcs_master_ack(struct rcs_node *node)
{
    if (!node->repl.has_master || !rcs_repl_link_up(node) || node->repl.old_sync) {
        return;
    }
    char offset[RCS_DECIMAL_MAX + 1];
    offset[rcs_decimal_write(offset, node->repl.cached_offset)] = '\0';
    rcs_master_request(node, 3, (const char *const[]){ "REPLCONF", "ACK", offset });
}

/* --- the life of the link --------------------------------------------------------------------- */

void rcs_master_forget_input(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    rcs_stream_drop_transaction(node);
    rcs_buf_clear(&repl->input);
    repl->input_read = 0;
    if (repl->reader != NULL) {
        rcs_resp_requests_free(repl->reader);
        repl->reader = NULL;
    }
    if (repl->loading != NULL) {
        rcs_snapshot_release(repl->loading);
        repl->loading = NULL;
    }
    repl->preamble_seen = false;
    repl->lost_while_loading = false;
}

static void close_link(struct rcs_node *node)
{
    rcs_effect_add(node->out, RCS_EFFECT_MASTER_CLOSE, node->repl.link);
    rcs_master_forget_input(node);
}

void rcs_master_connect(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->master_addr == 0 ||
        rcs_store_address(node->store, repl->master_addr)->ip[0] == '\0') {
        /* the errno that a real server finds after looking up the host "" */
        say(node, RCS_FACT_REPL_NO_CONNECT, "Resource temporarily unavailable");
        return;
    }
    repl->link++;
    rcs_effect_add(node->out, RCS_EFFECT_MASTER_CONNECT, repl->link)->addr = repl->master_addr;
    repl->transfer_last_io_s = rcs_node_unixtime(node);
    repl->state = RCS_REPL_CONNECTING;
    say(node, RCS_FACT_REPL_STARTED, NULL);
}

void rcs_master_cancel(struct rcs_node *node, bool again)
{
    enum rcs_repl_state state = node->repl.state;
    if (state != RCS_REPL_CONNECTING && state != RCS_REPL_HANDSHAKE && state != RCS_REPL_TRANSFER) {
        return;
    }
    close_link(node);
    node->repl.state = RCS_REPL_CONNECT;
    if (again && rcs_node_profile(node)->connect == RCS_CONNECT_ONCE) {
        say_address(node, RCS_FACT_REPL_RETRYING);
        rcs_master_connect(node);
    }
}

/* Redis 7.0 replicationHandleMasterDisconnection */
static void after_loss(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    repl->state = RCS_REPL_CONNECT;
    repl->down_since_s = rcs_node_unixtime(node);
    if (repl->has_master && rcs_node_profile(node)->connect == RCS_CONNECT_ONCE) {
        say_address(node, RCS_FACT_REPL_RECONNECTING);
        rcs_master_connect(node);
    }
}

void rcs_master_lose(struct rcs_node *node, bool gone)
{
    struct rcs_replication *repl = &node->repl;
    RCS_ASSERT(rcs_repl_link_up(node) && !repl->has_cached_master);
    say(node, RCS_FACT_REPL_LOST, NULL);
    say(node, RCS_FACT_REPL_CACHED, NULL);
    if (gone) {
        rcs_master_forget_input(node);
    } else {
        close_link(node);
    }
    repl->has_cached_master = true; /* id and offset stand where the live link kept them */
    after_loss(node);
}

void rcs_master_lose_for_good(struct rcs_node *node)
{
    say(node, RCS_FACT_REPL_LOST, NULL);
    close_link(node);
    after_loss(node);
}

void rcs_master_cache_myself(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    say(node, RCS_FACT_REPL_SYNTHESIZED, NULL);
    memcpy(repl->cached_replid, repl->replid, sizeof(repl->cached_replid));
    repl->cached_offset = repl->offset;
    repl->old_sync = false;
    repl->has_cached_master = true;
}

void rcs_master_discard_cached(struct rcs_node *node)
{
    if (node->repl.has_cached_master) {
        say(node, RCS_FACT_REPL_DISCARDED, NULL);
        node->repl.has_cached_master = false;
    }
}

void rcs_master_time_out(struct rcs_node *node)
{
    const struct rcs_replication *repl = &node->repl;
    int64_t now_s = rcs_node_unixtime(node), limit_s = node->config.repl_timeout_s;
    if (!repl->has_master) {
        return;
    }
    if ((repl->state == RCS_REPL_CONNECTING || repl->state == RCS_REPL_HANDSHAKE) &&
        now_s - repl->transfer_last_io_s > limit_s) {
        say(node, RCS_FACT_REPL_CONNECT_TIMEOUT, NULL);
        rcs_master_cancel(node, true);
    }
    if (repl->state == RCS_REPL_TRANSFER && now_s - repl->transfer_last_io_s > limit_s) {
        say(node, RCS_FACT_REPL_BULK_TIMEOUT, NULL);
        rcs_master_cancel(node, true);
    }
    if (repl->state == RCS_REPL_CONNECTED && now_s - repl->last_io_s > limit_s) {
        say(node, RCS_FACT_REPL_MASTER_TIMEOUT, NULL);
        rcs_master_lose(node, false);
    }
}

/* --- events ----------------------------------------------------------------------------------- */

/* Takes the first line out of the input, without its end; false if there is none yet. */
static bool take_line(struct rcs_buf *input, char line[LINE_BYTES])
{
    const char *end = input->size_bytes == 0 ? NULL : memchr(input->data, '\n', input->size_bytes);
    if (end == NULL) {
        return false;
    }
    size_t taken = (size_t)(end - input->data) + 1, length = taken - 1;
    if (length > 0 && input->data[length - 1] == '\r') {
        length--;
    }
    if (length > LINE_BYTES - 1) {
        length = LINE_BYTES - 1;
    }
    memcpy(line, input->data, length);
    line[length] = '\0';
    input->size_bytes -= taken;
    memmove(input->data, input->data + taken, input->size_bytes);
    return true;
}

/* Lines of the handshake and before the RDB, then the stream: each may follow in the same bytes. */
void rcs_master_read(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    char line[LINE_BYTES];
    while (repl->state == RCS_REPL_HANDSHAKE && take_line(&repl->input, line)) {
        rcs_master_answer(node, line);
    }
    while (repl->state == RCS_REPL_TRANSFER && !repl->preamble_seen &&
           take_line(&repl->input, line)) {
        rcs_stream_preamble(node, line);
    }
    if (rcs_repl_link_up(node) && repl->input.size_bytes > 0) {
        rcs_stream_read(node, repl->input.data, repl->input.size_bytes);
    }
}

static void on_data(struct rcs_node *node, const struct rcs_blob *blob)
{
    struct rcs_replication *repl = &node->repl;
    rcs_buf_add(&repl->input, blob->bytes, blob->size_bytes);
    if (rcs_repl_link_up(node)) {
        repl->last_io_s = rcs_node_unixtime(node);
        rcs_stream_read(node, blob->bytes, blob->size_bytes);
    } else {
        rcs_master_read(node);
    }
}

static void on_up(struct rcs_node *node)
{
    if (node->repl.state != RCS_REPL_CONNECTING) {
        return;
    }
    say(node, RCS_FACT_REPL_CONNECTED, NULL);
    rcs_master_handshake(node);
}

static void on_failed(struct rcs_node *node, const char *reason)
{
    if (node->repl.state == RCS_REPL_CONNECTING) {
        say(node, RCS_FACT_REPL_REFUSED, reason);
        node->repl.state = RCS_REPL_CONNECT;
    }
}

static void on_lost(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    switch (repl->state) {
    case RCS_REPL_NONE:
    case RCS_REPL_CONNECT:
        return;
    case RCS_REPL_CONNECTING:
        on_failed(node, "Connection reset by peer");
        return;
    case RCS_REPL_HANDSHAKE:
        rcs_master_no_answer(node);
        rcs_master_forget_input(node);
        repl->state = RCS_REPL_CONNECT;
        return;
    case RCS_REPL_TRANSFER:
        if (repl->loading != NULL) {
            repl->lost_while_loading = true; /* read when the load is over */
        } else {
            say(node, repl->preamble_seen ? RCS_FACT_REPL_BULK_LOST : RCS_FACT_REPL_BULK_ERROR,
                repl->preamble_seen ? "connection lost" : "Success");
            rcs_master_cancel(node, true);
        }
        return;
    case RCS_REPL_CONNECTED:
        rcs_master_lose(node, true);
        return;
    }
}

void rcs_repl_event(struct rcs_node *node, const struct rcs_event *event)
{
    if (event->link != node->repl.link) {
        return; /* of a connection given up since */
    }
    switch (event->kind) {
    case RCS_EVENT_MASTER_UP:
        on_up(node);
        break;
    case RCS_EVENT_MASTER_FAILED:
        on_failed(node, event->reason);
        break;
    case RCS_EVENT_MASTER_DATA:
        on_data(node, event->blob);
        break;
    case RCS_EVENT_MASTER_SNAPSHOT:
        rcs_stream_snapshot(node, event->snapshot);
        break;
    case RCS_EVENT_MASTER_LOST:
        on_lost(node);
        break;
    case RCS_EVENT_START:
    case RCS_EVENT_WAKE:
    case RCS_EVENT_SHUTDOWN:
    case RCS_EVENT_LINK_ACCEPTED:
    case RCS_EVENT_LINK_UP:
    case RCS_EVENT_LINK_FAILED:
    case RCS_EVENT_LINK_LOST:
    case RCS_EVENT_BUS_MSG:
    case RCS_EVENT_CLIENT_OPEN:
    case RCS_EVENT_CLIENT_REQUEST:
    case RCS_EVENT_CLIENT_DATA:
    case RCS_EVENT_CLIENT_GONE:
    case RCS_EVENT_TARGET_UP:
    case RCS_EVENT_TARGET_FAILED:
    case RCS_EVENT_TARGET_DATA:
    case RCS_EVENT_TARGET_LOST:
    case RCS_EVENT_BLOCK_OVER:
    case RCS_EVENT_KIND_COUNT:
        RCS_ASSERT(false); /* not an event of this link */
        break;
    }
}
