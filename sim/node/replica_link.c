/* This node as a replica: the life of the connection to its master, handshake and PSYNC (Redis 7.0
 * syncWithMaster, slaveTryPartialResynchronization, and freeClient for a master's client). What the
 * master then sends is replica_stream.c. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/replication.h"

#include "sim/pure.h"

#define LINE_BYTES 256 /* Redis 7.0 receiveSynchronousResponse */

/* Which answer comes next. */
enum handshake_step {
    STEP_PING,
    STEP_AUTH,
    STEP_PORT,
    STEP_IP,
    STEP_CAPA,
    STEP_VERSION,
    STEP_PSYNC
};

static void say(struct rcs_node *node, enum rcs_fact_code code, const char *text)
{
    rcs_node_fact(node, code, RCS_ID_NONE, 0, 0, 0, text, NULL);
}

static void say_address(struct rcs_node *node, enum rcs_fact_code code)
{
    const struct rcs_address *address = rcs_store_address(node->store, node->repl.master_addr);
    rcs_node_fact(node, code, RCS_ID_NONE, address->port, 0, 0, address->ip, NULL);
}

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

/* --- requests to the master ------------------------------------------------------------------- */

static void send_request(struct rcs_node *node, unsigned argc, const char *const *words)
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
    send_request(node, 3, (const char *const[]){ "REPLCONF", "ACK", offset });
}

static void ask_psync(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    repl->sync_offset = -1;
    if (!repl->has_cached_master) {
        say(node, RCS_FACT_REPL_NO_PARTIAL, NULL);
        send_request(node, 3, (const char *const[]){ "PSYNC", "?", "-1" });
        return;
    }
    char offset[RCS_DECIMAL_MAX + 1];
    offset[rcs_decimal_write(offset, repl->cached_offset + 1)] = '\0';
    rcs_node_fact(node, RCS_FACT_REPL_TRY_PARTIAL, RCS_ID_NONE, repl->cached_offset + 1, 0, 0,
                  repl->cached_replid, NULL);
    send_request(node, 3, (const char *const[]){ "PSYNC", repl->cached_replid, offset });
}

static void tell_port(struct rcs_node *node)
{
    const struct rcs_config *config = &node->config;
    char port[RCS_DECIMAL_MAX + 1];
    int64_t number =
        config->replica_announce_port != 0 ? config->replica_announce_port : config->port;
    port[rcs_decimal_write(port, number)] = '\0';
    send_request(node, 3, (const char *const[]){ "REPLCONF", "listening-port", port });
}

/* What a replica says of itself at a step. */
static void ask(struct rcs_node *node, enum handshake_step step)
{
    const struct rcs_config *config = &node->config;
    const struct rcs_profile *profile = rcs_node_profile(node);
    switch (step) {
    case STEP_PING:
        send_request(node, 1, (const char *const[]){ "PING" });
        break;
    case STEP_AUTH:
        send_request(node, 2, (const char *const[]){ "AUTH", config->masterauth });
        break;
    case STEP_PORT:
        tell_port(node);
        break;
    case STEP_IP:
        send_request(
            node, 3,
            (const char *const[]){ "REPLCONF", "ip-address", config->replica_announce_ip });
        break;
    case STEP_CAPA:
        send_request(node, profile->psync2 ? 5 : 3,
                     (const char *const[]){ "REPLCONF", "capa", "eof", "capa", "psync2" });
        break;
    case STEP_VERSION:
        send_request(node, 3, (const char *const[]){ "REPLCONF", "version", profile->version });
        break;
    case STEP_PSYNC:
        ask_psync(node);
        break;
    }
}

static enum handshake_step step_after(const struct rcs_node *node, enum handshake_step step)
{
    do {
        step++;
    } while ((step == STEP_AUTH && node->config.masterauth[0] == '\0') ||
             (step == STEP_IP && node->config.replica_announce_ip[0] == '\0') ||
             (step == STEP_VERSION && !rcs_node_profile(node)->tells_version));
    return step;
}

/* An answer is there: the next word, unless all before PSYNC were said when the PONG came. */
static void advance(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    enum handshake_step step = step_after(node, (enum handshake_step)repl->handshake_step);
    bool in_steps = rcs_node_profile(node)->handshake_in_steps;
    if (in_steps || step == STEP_PSYNC) {
        ask(node, step);
    } else if (repl->handshake_step == STEP_PING) {
        for (enum handshake_step at = step; at != STEP_PSYNC; at = step_after(node, at)) {
            ask(node, at);
        }
    }
    repl->handshake_step = (int)step;
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

/* Ends a handshake that went wrong; the cron tries again. */
static void give_up(struct rcs_node *node)
{
    rcs_master_cancel(node, false);
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

/* --- the answer to PSYNC ---------------------------------------------------------------------- */

static void begin_transfer(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    repl->state = RCS_REPL_TRANSFER;
    repl->preamble_seen = false;
    repl->transfer_last_io_s = rcs_node_unixtime(node);
}

/* Until 6.2 what is shared with the old master ends with the answer that says so; from 7.0 with the
 * load of the new data (replica_stream.c). */
static void leave_history(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    if (rcs_node_profile(node)->sub_drop == RCS_SUB_DROP_ORDER) {
        rcs_master_discard_cached(node);
        rcs_replicas_disconnect(node);
        rcs_backlog_free(repl->backlog);
        repl->backlog = NULL;
    }
}

/* "+FULLRESYNC <id> <offset>" */
static void on_full_resync(struct rcs_node *node, const char *line)
{
    struct rcs_replication *repl = &node->repl;
    const char *id = strchr(line, ' ');
    const char *offset = id == NULL ? NULL : strchr(id + 1, ' ');
    if (offset == NULL || offset - id - 1 != RCS_ID_LEN) {
        say(node, RCS_FACT_REPL_FULL_WRONG, NULL);
        memset(repl->sync_replid, 0, sizeof(repl->sync_replid));
    } else {
        memcpy(repl->sync_replid, id + 1, RCS_ID_LEN);
        repl->sync_replid[RCS_ID_LEN] = '\0';
        repl->sync_offset = strtoll(offset + 1, NULL, 10);
        rcs_node_fact(node, RCS_FACT_REPL_FULL, RCS_ID_NONE, repl->sync_offset, 0, 0,
                      repl->sync_replid, NULL);
    }
    leave_history(node);
    begin_transfer(node);
}

/* The master goes on under a new id: the old one stays valid as the second up to here, and the
 * replicas of this node must learn of it. */
static void take_new_id(struct rcs_node *node, const char *id)
{
    struct rcs_replication *repl = &node->repl;
    say(node, RCS_FACT_REPL_ID_CHANGED, id);
    memcpy(repl->replid2, repl->cached_replid, sizeof(repl->replid2));
    repl->second_offset = repl->offset + 1;
    memcpy(repl->replid, id, sizeof(repl->replid));
    memcpy(repl->cached_replid, id, sizeof(repl->cached_replid));
    rcs_replicas_disconnect(node);
}

/* "+CONTINUE", "+CONTINUE <id>" */
static void on_continue(struct rcs_node *node, const char *line)
{
    struct rcs_replication *repl = &node->repl;
    RCS_ASSERT(repl->has_cached_master);
    say(node, RCS_FACT_REPL_PARTIAL, NULL);
    const char *id = strlen(line) > 10 ? line + 10 : "";
    if (strlen(id) == RCS_ID_LEN && strcmp(id, repl->cached_replid) != 0) {
        take_new_id(node, id);
    }
    repl->has_cached_master = false;
    repl->state = RCS_REPL_CONNECTED;
    repl->last_io_s = rcs_node_unixtime(node);
    repl->down_since_s = 0;
    if (repl->backlog == NULL && rcs_node_profile(node)->psync2) {
        /* a restart: id and offset came from dump.rdb */
        repl->backlog = rcs_backlog_new(repl->offset + 1);
    }
    say(node, RCS_FACT_REPL_ACCEPTED, NULL);
}

static void on_psync_reply(struct rcs_node *node, const char *line)
{
    if (line[0] == '\0') {
        return; /* a newline keeps the connection alive */
    }
    if (begins(line, "+FULLRESYNC")) {
        on_full_resync(node, line);
    } else if (begins(line, "+CONTINUE") && node->repl.has_cached_master) {
        on_continue(node, line);
    } else if (rcs_node_profile(node)->psync2 &&
               (begins(line, "-NOMASTERLINK") || begins(line, "-LOADING"))) {
        say(node, RCS_FACT_REPL_TRY_LATER, line);
        give_up(node);
    } else {
        say(node, begins(line, "-ERR") ? RCS_FACT_REPL_NO_PSYNC : RCS_FACT_REPL_UNEXPECTED, line);
        leave_history(node);
        say(node, RCS_FACT_REPL_OLD_SYNC, NULL);
        send_request(node, 1, (const char *const[]){ "SYNC" });
        begin_transfer(node);
    }
}

/* --- the handshake ---------------------------------------------------------------------------- */

static void on_pong(struct rcs_node *node, const char *line)
{
    if (line[0] != '+' && !begins(line, "-NOAUTH") && !begins(line, "-NOPERM") &&
        !begins(line, "-ERR operation not permitted")) {
        say(node, RCS_FACT_REPL_PING_ERROR, line);
        give_up(node);
        return;
    }
    say(node, RCS_FACT_REPL_PONG, NULL);
    advance(node);
}

static void on_auth_reply(struct rcs_node *node, const char *line)
{
    if (line[0] == '-') {
        say(node, RCS_FACT_REPL_AUTH_ERROR, line);
        give_up(node);
        return;
    }
    advance(node);
}

/* Errors of REPLCONF are said and ignored: an older master knows less. */
static void on_conf_reply(struct rcs_node *node, const char *line, const char *option)
{
    if (line[0] == '-') {
        rcs_node_fact(node, RCS_FACT_REPL_CONF_IGNORED, RCS_ID_NONE, 0, 0, 0, option, line);
    }
    advance(node);
}

static void on_handshake_line(struct rcs_node *node, const char *line)
{
    struct rcs_replication *repl = &node->repl;
    /* Each line, the newline of a master that lets wait too (Redis 7.0 receiveSynchronousResponse).
     */
    repl->transfer_last_io_s = rcs_node_unixtime(node);
    switch ((enum handshake_step)repl->handshake_step) {
    case STEP_PING:
        on_pong(node, line);
        break;
    case STEP_AUTH:
        on_auth_reply(node, line);
        break;
    case STEP_PORT:
        on_conf_reply(node, line, "listening-port");
        break;
    case STEP_IP:
        on_conf_reply(node, line, "ip-address");
        break;
    case STEP_CAPA:
        on_conf_reply(node, line, "capa");
        break;
    case STEP_VERSION:
        on_conf_reply(node, line, "version");
        break;
    case STEP_PSYNC:
        on_psync_reply(node, line);
        break;
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
        on_handshake_line(node, line);
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
    node->repl.state = RCS_REPL_HANDSHAKE;
    node->repl.handshake_step = STEP_PING;
    ask(node, STEP_PING);
}

static void on_failed(struct rcs_node *node, const char *reason)
{
    if (node->repl.state == RCS_REPL_CONNECTING) {
        say(node, RCS_FACT_REPL_REFUSED, reason);
        node->repl.state = RCS_REPL_CONNECT;
    }
}

/* The master is gone while it owes an answer. "Success": real servers print the errno of a read
 * that ended, 0. */
static void on_lost_in_handshake(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    say(node, RCS_FACT_REPL_NO_RESPONSE, "Success");
    say(node,
        repl->handshake_step == STEP_PSYNC ? RCS_FACT_REPL_PSYNC_LOST
                                           : RCS_FACT_REPL_HANDSHAKE_LOST,
        NULL);
}

/* Until 6.2 a read that fails is taken for an error of the master (Redis 6.2
 * sendSynchronousCommand). */
static void on_lost_answer(struct rcs_node *node)
{
    static const char answer[] = "-Reading from master: Connection reset by peer";
    switch ((enum handshake_step)node->repl.handshake_step) {
    case STEP_PING:
        say(node, RCS_FACT_REPL_PING_ERROR, answer);
        break;
    case STEP_AUTH:
        say(node, RCS_FACT_REPL_AUTH_ERROR, answer);
        break;
    case STEP_PORT:
    case STEP_IP:
    case STEP_CAPA:
    case STEP_VERSION:
        break; /* the next word cannot be sent */
    case STEP_PSYNC:
        say(node, RCS_FACT_REPL_UNEXPECTED, answer);
        leave_history(node);
        say(node, RCS_FACT_REPL_OLD_SYNC, NULL); /* which cannot be sent */
        break;
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
        if (rcs_node_profile(node)->reads_loss_as_answer) {
            on_lost_answer(node);
        } else {
            on_lost_in_handshake(node);
        }
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
