/* The master's side: the replicas it feeds, their ACKs, and the stream.
 *
 * A replica holds no bytes of its own: `sent_offset` says how far it was served, the rest lies in
 * the backlog (as in Redis 7.0, where replicas share the backlog's blocks). What is written before
 * the stream (+FULLRESYNC, newlines, the RDB) goes out as an effect at once, because the RDB does;
 * the stream goes into client->reply and leaves at the end of the step, as from beforeSleep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/command_args.h"
#include "sim/node/replication.h"

#include "sim/pure.h"

/* --- replicas --------------------------------------------------------------------------------- */

const char *rcs_replica_ip(const struct rcs_node *node, const struct rcs_client *client)
{
    rcs_text announced = client->replica.ip_address;
    return announced != 0 ? rcs_store_text_of(node->store, announced)
                          : rcs_client_remote(node, client)->ip;
}

struct name {
    char text[320];
};

/* As Redis 7.0 replicationGetSlaveName. */
static struct name replica_name(const struct rcs_node *node, const struct rcs_client *client)
{
    struct name name;
    const char *ip = rcs_replica_ip(node, client);
    if (client->replica.listening_port == 0) {
        snprintf(name.text, sizeof(name.text), "%s:<unknown-replica-port>", ip);
    } else {
        snprintf(name.text, sizeof(name.text), strchr(ip, ':') != NULL ? "[%s]:%u" : "%s:%u", ip,
                 (unsigned)client->replica.listening_port);
    }
    return name;
}

void rcs_replica_say(struct rcs_node *node, enum rcs_fact_code code,
                     const struct rcs_client *client, int64_t v0, int64_t v1)
{
    rcs_node_fact(node, code, RCS_ID_NONE, v0, v1, 0, replica_name(node, client).text, NULL);
}

void rcs_replica_attach(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->replica_count == repl->replica_room) {
        repl->replica_room = repl->replica_room == 0 ? 2 : repl->replica_room * 2;
        repl->replicas = realloc(repl->replicas, repl->replica_room * sizeof(repl->replicas[0]));
        RCS_ASSERT(repl->replicas != NULL);
    }
    repl->replicas[repl->replica_count++] = client;
    client->flags |= RCS_CLIENT_REPLICA;
}

void rcs_replica_write(struct rcs_node *node, const struct rcs_client *client, const char *bytes,
                       size_t size_bytes)
{
    rcs_effect_add(node->out, RCS_EFFECT_CLIENT_REPLY, client->link)->blob =
        rcs_blob_new(node->store, bytes, size_bytes);
}

unsigned rcs_replicas_in_bgsave(const struct rcs_node *node)
{
    unsigned count = 0;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        count += node->repl.replicas[i]->replica.state == RCS_REPLICA_BGSAVE;
    }
    return count;
}

unsigned rcs_repl_online(const struct rcs_node *node)
{
    unsigned count = 0;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        count += node->repl.replicas[i]->replica.state == RCS_REPLICA_ONLINE;
    }
    return count;
}

unsigned rcs_repl_acked(const struct rcs_node *node, int64_t offset)
{
    unsigned count = 0;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_replica *replica = &node->repl.replicas[i]->replica;
        count += replica->state == RCS_REPLICA_ONLINE && replica->ack_offset >= offset;
    }
    return count;
}

unsigned rcs_repl_good(const struct rcs_node *node)
{
    return node->repl.good_replicas;
}

/* Redis 7.0 refreshGoodSlavesCount: not counted while the settings do not ask for it. */
void rcs_repl_count_good(struct rcs_node *node)
{
    const struct rcs_config *config = &node->config;
    if (config->min_replicas_to_write == 0 || config->min_replicas_max_lag_s == 0) {
        return;
    }
    int64_t now_s = rcs_node_unixtime(node);
    unsigned good = 0;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_replica *replica = &node->repl.replicas[i]->replica;
        good += replica->state == RCS_REPLICA_ONLINE &&
                now_s - replica->ack_wall_s <= config->min_replicas_max_lag_s;
    }
    node->repl.good_replicas = good;
}

void rcs_repl_client_gone(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_replication *repl = &node->repl;
    if ((client->flags & RCS_CLIENT_REPLICA) == 0) {
        return;
    }
    rcs_replica_say(node, RCS_FACT_REPLICA_LOST, client, 0, 0);
    unsigned at = 0;
    while (at < repl->replica_count && repl->replicas[at] != client) {
        at++;
    }
    RCS_ASSERT(at < repl->replica_count);
    repl->replica_count--;
    memmove(repl->replicas + at, repl->replicas + at + 1,
            (repl->replica_count - at) * sizeof(repl->replicas[0]));
    client->flags &= ~(uint32_t)RCS_CLIENT_REPLICA;
    bool waited = client->replica.state == RCS_REPLICA_BGSAVE;
    client->replica.state = RCS_REPLICA_NONE;
    if (waited && repl->child.phase != RCS_CHILD_NONE && !repl->child.to_sockets &&
        !rcs_persistence_save_points(node) && rcs_replicas_in_bgsave(node) == 0) {
        rcs_child_kill(node); /* Redis 7.0 freeClient: nobody else wants this file */
    }
    if (repl->replica_count == 0) {
        repl->no_replicas_since_s = rcs_node_unixtime(node);
    }
    rcs_repl_count_good(node);
}

void rcs_replica_drop(struct rcs_node *node, struct rcs_client *client)
{
    unsigned before = node->repl.replica_count;
    rcs_client_drop(node, client);
    if (node->repl.replica_count == before) {
        rcs_repl_client_gone(node,
                             client); /* its own command still runs; the connection ends after */
    }
}

void rcs_replicas_disconnect(struct rcs_node *node)
{
    while (node->repl.replica_count > 0) {
        rcs_replica_drop(node, node->repl.replicas[0]);
    }
}

/* --- the stream ------------------------------------------------------------------------------- */

/* Serves a replica what it has not got of the stream. */
void rcs_replica_serve(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_replica *replica = &client->replica;
    if (replica->state == RCS_REPLICA_ONLINE && !replica->stream_waits_for_ack &&
        replica->sent_offset < node->repl.offset) {
        rcs_backlog_read(node->repl.backlog, replica->sent_offset + 1, &client->reply);
        node->clients.pending = true;
        replica->sent_offset = node->repl.offset;
    }
}

/* Offset from which on some replica has not been served. */
static int64_t needed_offset(const struct rcs_node *node)
{
    int64_t needed = INT64_MAX;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_replica *replica = &node->repl.replicas[i]->replica;
        if (replica->state != RCS_REPLICA_WAIT_BGSAVE && replica->sent_offset + 1 < needed) {
            needed = replica->sent_offset + 1;
        }
    }
    return needed;
}

void rcs_repl_trim(struct rcs_node *node, unsigned most_blocks)
{
    struct rcs_backlog *backlog = node->repl.backlog;
    int64_t limit_bytes = node->config.repl_backlog_size_bytes;
    if (backlog != NULL && rcs_backlog_length(backlog) > limit_bytes) {
        rcs_backlog_trim(backlog, most_blocks, limit_bytes, needed_offset(node));
    }
}

void rcs_replicas_pass(struct rcs_node *node, const void *bytes, size_t size_bytes)
{
    struct rcs_replication *repl = &node->repl;
    RCS_IMPLIES(repl->replica_count > 0, repl->backlog != NULL);
    if (repl->backlog == NULL) {
        return;
    }
    rcs_backlog_add(repl->backlog, bytes, size_bytes, node->config.repl_backlog_size_bytes,
                    needed_offset(node));
    repl->offset += (int64_t)size_bytes;
    for (unsigned i = 0; i < repl->replica_count; i++) {
        rcs_replica_serve(node, repl->replicas[i]);
    }
}

/* A command of this node itself into the stream, without SELECT (Redis 7.0 replicationFeedSlaves
 * with the database that is selected already). */
static void feed(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_replication *repl = &node->repl;
    if (!rcs_repl_makes_stream(node) || repl->backlog == NULL) {
        return;
    }
    rcs_buf_clear(&repl->scratch);
    rcs_resp_request(&repl->scratch, argc, args);
    rcs_replicas_pass(node, repl->scratch.data, repl->scratch.size_bytes);
}

void rcs_repl_feed(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_replication *repl = &node->repl;
    if (rcs_repl_makes_stream(node) && repl->backlog != NULL && !repl->select_sent) {
        const struct rcs_arg select[] = { { "SELECT", 6 }, { "0", 1 } };
        repl->select_sent = true;
        feed(node, 2, select);
    }
    feed(node, argc, args);
}

void rcs_repl_ask_acks(struct rcs_node *node)
{
    const struct rcs_arg getack[] = { { "REPLCONF", 8 }, { "GETACK", 6 }, { "*", 1 } };
    feed(node, 3, getack);
}

/* --- REPLCONF --------------------------------------------------------------------------------- */

static void take_ack(struct rcs_node *node, struct rcs_client *client, const struct rcs_arg *arg)
{
    struct rcs_replica *replica = &client->replica;
    int64_t offset;
    if ((client->flags & RCS_CLIENT_REPLICA) == 0 || !rcs_arg_i64(arg, &offset)) {
        return;
    }
    if (offset > replica->ack_offset) {
        replica->ack_offset = offset;
    }
    replica->ack_wall_s = rcs_node_unixtime(node);
    if (replica->state == RCS_REPLICA_BGSAVE) {
        rcs_child_notice(node); /* it may have ended since the last tick */
    }
    if (replica->stream_waits_for_ack && replica->state == RCS_REPLICA_ONLINE) {
        replica->stream_waits_for_ack = false;
        if (replica->in_sync_unsaid) {
            replica->in_sync_unsaid = false;
            rcs_replica_say(node, RCS_FACT_SYNC_DONE, client, 0, 0);
        }
        rcs_replica_serve(node, client);
    }
}

enum option_end { OPTION_DONE, OPTION_QUIET, OPTION_REFUSED };

/* One pair of REPLCONF (Redis 7.0 replconfCommand). QUIET: the command ends without a reply. */
static enum option_end option(struct rcs_node *node, struct rcs_client *client,
                              const struct rcs_arg *name, const struct rcs_arg *value)
{
    struct rcs_replica *replica = &client->replica;
    if (rcs_arg_is(name, "listening-port")) {
        int64_t port;
        if (!rcs_arg_i64(value, &port)) {
            rcs_refuse(client, "value is not an integer or out of range");
            return OPTION_REFUSED;
        }
        replica->listening_port = (uint16_t)port;
    } else if (rcs_arg_is(name, "ip-address")) {
        if (value->size_bytes >= 256) {
            char text[96];
            snprintf(text, sizeof(text),
                     "REPLCONF ip-address provided by replica instance is too long: %u bytes",
                     (unsigned)value->size_bytes);
            rcs_refuse(client, text);
            return OPTION_REFUSED;
        }
        replica->ip_address = rcs_store_text(node->store, value->bytes, value->size_bytes);
    } else if (rcs_arg_is(name, "capa")) {
        replica->capa_eof = replica->capa_eof || rcs_arg_is(value, "eof");
        replica->capa_psync2 = replica->capa_psync2 || rcs_arg_is(value, "psync2");
    } else if (rcs_arg_is(name, "version") && rcs_node_profile(node)->tells_version) {
        /* Valkey remembers it for what it may send */
    } else if (rcs_arg_is(name, "ack")) {
        take_ack(node, client, value);
        return OPTION_QUIET;
    } else if (rcs_arg_is(name, "getack")) {
        rcs_master_ack(node);
        return OPTION_QUIET;
    } else {
        char text[160];
        snprintf(text, sizeof(text), "Unrecognized REPLCONF option: %.*s",
                 (int)(name->size_bytes < 100 ? name->size_bytes : 100), name->bytes);
        rcs_refuse(client, text);
        return OPTION_REFUSED;
    }
    return OPTION_DONE;
}

static void replconf_command(struct rcs_node *node, struct rcs_client *client,
                             const struct rcs_request *request)
{
    if (request->argc % 2 == 0) {
        rcs_refuse(client, "syntax error");
        return;
    }
    for (unsigned i = 1; i < request->argc; i += 2) {
        if (option(node, client, &request->args[i], &request->args[i + 1]) != OPTION_DONE) {
            return;
        }
    }
    rcs_resp_status(&client->reply, "OK");
}

void rcs_repl_command(struct rcs_node *node, struct rcs_client *client,
                      const struct rcs_request *request)
{
    if (rcs_arg_is(&request->args[0], "replconf")) {
        replconf_command(node, client, request);
    } else {
        rcs_replica_sync(node, client, request);
    }
}

/* --- the cron --------------------------------------------------------------------------------- */

/* Held back while a manual failover is under way and anything pauses the clients, so that the
 * offsets can meet (Redis 7.0 replicationCron). */
static bool failover_pause(struct rcs_node *node)
{
    return node->cluster.mf_end_ms != 0 && rcs_clients_paused(node);
}

void rcs_replicas_cron(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    const struct rcs_profile *profile = rcs_node_profile(node);
    if (repl->replica_count == 0 && !profile->pings_without_replicas) {
        return;
    }
    int64_t period = node->config.repl_ping_period_s;
    if (repl->cron_loops % (period > 0 ? period : 1) == 0 &&
        (profile->pings_in_failover || !failover_pause(node))) {
        const struct rcs_arg ping[] = { { "ping", 4 } };
        feed(node, 1, ping);
    }
    for (unsigned i = 0; i < repl->replica_count; i++) {
        const struct rcs_client *client = repl->replicas[i];
        if (client->replica.state == RCS_REPLICA_WAIT_BGSAVE ||
            (client->replica.state == RCS_REPLICA_BGSAVE && !repl->child.to_sockets)) {
            rcs_replica_write(node, client, "\n", 1);
        }
    }
    int64_t now_s = rcs_node_unixtime(node);
    for (unsigned i = 0; i < repl->replica_count;) {
        struct rcs_client *client = repl->replicas[i];
        const struct rcs_replica *replica = &client->replica;
        if (replica->state == RCS_REPLICA_ONLINE && !replica->old_sync &&
            now_s - replica->ack_wall_s > node->config.repl_timeout_s) {
            rcs_replica_say(node, RCS_FACT_REPLICA_TIMEOUT, client, 0, 0);
            rcs_replica_drop(node, client);
        } else {
            i++;
        }
    }
}
