/* This node as a replica: what it says of itself when the connection to its master is up, and what
 * the master answers, up to PSYNC and its answer (Redis 7.0 syncWithMaster,
 * slaveTryPartialResynchronization). The life of the connection is replica_link.c. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/replication.h"

#include "sim/pure.h"

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

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

/* Ends a handshake that went wrong; the cron tries again. */
static void give_up(struct rcs_node *node)
{
    rcs_master_cancel(node, false);
}

/* --- what it says ----------------------------------------------------------------------------- */

static void ask_psync(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    repl->sync_offset = -1;
    if (!repl->has_cached_master) {
        say(node, RCS_FACT_REPL_NO_PARTIAL, NULL);
        rcs_master_request(node, 3, (const char *const[]){ "PSYNC", "?", "-1" });
        return;
    }
    char offset[RCS_DECIMAL_MAX + 1];
    offset[rcs_decimal_write(offset, repl->cached_offset + 1)] = '\0';
    rcs_node_fact(node, RCS_FACT_REPL_TRY_PARTIAL, RCS_ID_NONE, repl->cached_offset + 1, 0, 0,
                  repl->cached_replid, NULL);
    rcs_master_request(node, 3, (const char *const[]){ "PSYNC", repl->cached_replid, offset });
}

static void tell_port(struct rcs_node *node)
{
    const struct rcs_config *config = &node->config;
    char port[RCS_DECIMAL_MAX + 1];
    int64_t number =
        config->replica_announce_port != 0 ? config->replica_announce_port : config->port;
    port[rcs_decimal_write(port, number)] = '\0';
    rcs_master_request(node, 3, (const char *const[]){ "REPLCONF", "listening-port", port });
}

/* What a replica says of itself at a step. */
static void ask(struct rcs_node *node, enum handshake_step step)
{
    const struct rcs_config *config = &node->config;
    const struct rcs_profile *profile = rcs_node_profile(node);
    switch (step) {
    case STEP_PING:
        rcs_master_request(node, 1, (const char *const[]){ "PING" });
        break;
    case STEP_AUTH:
        rcs_master_request(node, 2, (const char *const[]){ "AUTH", config->masterauth });
        break;
    case STEP_PORT:
        tell_port(node);
        break;
    case STEP_IP:
        rcs_master_request(
            node, 3,
            (const char *const[]){ "REPLCONF", "ip-address", config->replica_announce_ip });
        break;
    case STEP_CAPA:
        rcs_master_request(node, profile->psync2 ? 5 : 3,
                           (const char *const[]){ "REPLCONF", "capa", "eof", "capa", "psync2" });
        break;
    case STEP_VERSION:
        rcs_master_request(node, 3,
                           (const char *const[]){ "REPLCONF", "version", profile->version });
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

void rcs_master_handshake(struct rcs_node *node)
{
    node->repl.state = RCS_REPL_HANDSHAKE;
    node->repl.handshake_step = STEP_PING;
    ask(node, STEP_PING);
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
        rcs_master_request(node, 1, (const char *const[]){ "SYNC" });
        begin_transfer(node);
    }
}

/* --- the answers ------------------------------------------------------------------------------ */

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

void rcs_master_answer(struct rcs_node *node, const char *line)
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

/* --- an answer that does not come ------------------------------------------------------------- */

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

void rcs_master_no_answer(struct rcs_node *node)
{
    if (rcs_node_profile(node)->reads_loss_as_answer) {
        on_lost_answer(node);
    } else {
        on_lost_in_handshake(node);
    }
}
