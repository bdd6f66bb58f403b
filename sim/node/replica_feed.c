/* The master's side: replicas that attach, what PSYNC is answered, the RDB they get, the stream and
 * the ACKs.
 *
 * A replica that is fed holds no bytes of its own: `sent_offset` says how far it was served, the rest
 * lies in the backlog (as in Redis 7.0, where replicas share the backlog's blocks). What is written
 * before the stream (+FULLRESYNC, newlines, the RDB) goes out as an effect at once, because the RDB
 * does; the stream goes into client->reply and leaves at the end of the step, as from beforeSleep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/replication.h"

#include "sim/pure.h"

static const char no_link_error[] = "-NOMASTERLINK Can't SYNC while not connected with my master";

/* --- arguments ---------------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_letters(const char *bytes, size_t size_bytes, const char *word)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (word[i] == '\0' || lower(bytes[i]) != lower(word[i])) {
            return false;
        }
    }
    return word[size_bytes] == '\0';
}

static bool arg_is(const struct rcs_arg *arg, const char *word)
{
    return same_letters(arg->bytes, arg->size_bytes, word);
}

/* As Redis 7.0 string2ll: no blanks, no plus sign, no leading zeros. */
static bool arg_number(const struct rcs_arg *arg, int64_t *out)
{
    const char *at = arg->bytes, *end = at + arg->size_bytes;
    bool negative = at < end && *at == '-';
    at += negative;
    if (at == end || end - at > 19 || (*at == '0' && (end - at > 1 || negative))) {
        return false;
    }
    uint64_t value = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (value > (uint64_t)INT64_MAX) {
        return false;
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* --- replicas --------------------------------------------------------------------------------------------- */

static const char *replica_ip(const struct rcs_node *node, const struct rcs_client *client)
{
    rcs_text announced = client->replica.ip_address;
    return announced != 0 ? rcs_store_text_of(node->store, announced)
                          : rcs_store_address(node->store, client->remote)->ip;
}

struct name {
    char text[320];
};

/* As Redis 7.0 replicationGetSlaveName. */
static struct name replica_name(const struct rcs_node *node, const struct rcs_client *client)
{
    struct name name;
    const char *ip = replica_ip(node, client);
    if (client->replica.listening_port == 0) {
        snprintf(name.text, sizeof(name.text), "%s:<unknown-replica-port>", ip);
    } else {
        snprintf(name.text, sizeof(name.text), strchr(ip, ':') != NULL ? "[%s]:%u" : "%s:%u", ip,
                 (unsigned)client->replica.listening_port);
    }
    return name;
}

static void say_of(struct rcs_node *node, enum rcs_fact_code code, const struct rcs_client *client,
                   int64_t v0, int64_t v1)
{
    rcs_node_fact(node, code, RCS_ID_NONE, v0, v1, 0, replica_name(node, client).text, NULL);
}

static void say(struct rcs_node *node, enum rcs_fact_code code)
{
    rcs_node_fact(node, code, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
}

static void attach(struct rcs_node *node, struct rcs_client *client)
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

static void write_now(struct rcs_node *node, const struct rcs_client *client, const char *bytes,
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
    say_of(node, RCS_FACT_REPLICA_LOST, client, 0, 0);
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

static void drop(struct rcs_node *node, struct rcs_client *client)
{
    unsigned before = node->repl.replica_count;
    rcs_client_drop(node, client);
    RCS_ASSERT(node->repl.replica_count == before - 1);
}

void rcs_replicas_disconnect(struct rcs_node *node)
{
    while (node->repl.replica_count > 0) {
        drop(node, node->repl.replicas[0]);
    }
}

/* --- the stream ------------------------------------------------------------------------------------------- */

/* Serves a replica what it has not got of the stream. */
static void serve(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_replica *replica = &client->replica;
    if (replica->state == RCS_REPLICA_ONLINE && !replica->stream_waits_for_ack &&
        replica->sent_offset < node->repl.offset) {
        rcs_backlog_read(node->repl.backlog, replica->sent_offset + 1, &client->reply);
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
        serve(node, repl->replicas[i]);
    }
}

/* A command of this node itself into the stream, without SELECT (Redis 7.0 replicationFeedSlaves with
 * the database that is selected already). Replicas of replicas get their master's bytes instead. */
static void feed(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->has_master || repl->backlog == NULL) {
        return;
    }
    rcs_buf_clear(&repl->scratch);
    rcs_resp_request(&repl->scratch, argc, args);
    rcs_replicas_pass(node, repl->scratch.data, repl->scratch.size_bytes);
}

void rcs_repl_feed(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_replication *repl = &node->repl;
    if (!repl->has_master && repl->backlog != NULL && !repl->select_sent) {
        const struct rcs_arg select[] = { { "SELECT", 6 }, { "0", 1 } };
        repl->select_sent = true;
        feed(node, 2, select);
    }
    feed(node, argc, args);
}

void rcs_repl_ask_acks(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->ask_acks_us == node->now_us && repl->ask_acks_offset == repl->offset) {
        return; /* Redis 7.0 groups all that is asked in one turn of the event loop */
    }
    const struct rcs_arg getack[] = { { "REPLCONF", 8 }, { "GETACK", 6 }, { "*", 1 } };
    feed(node, 3, getack);
    repl->ask_acks_us = node->now_us;
    repl->ask_acks_offset = repl->offset;
}

/* --- the full sync -------------------------------------------------------------------------------------------- */

/* From here on the stream is kept for this replica (Redis 7.0 replicationSetupSlaveForFullResync). */
static void begin_full_sync(struct rcs_node *node, struct rcs_client *client, int64_t offset)
{
    struct rcs_replica *replica = &client->replica;
    replica->initial_offset = offset;
    replica->sent_offset = offset;
    replica->state = RCS_REPLICA_BGSAVE;
    node->repl.select_sent = false;
    if (!replica->old_sync) {
        char text[96];
        int size = snprintf(text, sizeof(text), "+FULLRESYNC %s %lld\r\n", node->repl.replid,
                            (long long)offset);
        write_now(node, client, text, (size_t)size);
    }
}

static void fail_waiting(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    say(node, RCS_FACT_SYNC_NO_INFO);
    say(node, RCS_FACT_SYNC_FAILED);
    unsigned kept = 0;
    for (unsigned i = 0; i < repl->replica_count; i++) {
        struct rcs_client *client = repl->replicas[i];
        if (client->replica.state != RCS_REPLICA_WAIT_BGSAVE) {
            repl->replicas[kept++] = client;
            continue;
        }
        client->replica.state = RCS_REPLICA_NONE;
        client->flags &= ~(uint32_t)RCS_CLIENT_REPLICA;
        client->flags |= RCS_CLIENT_CLOSE_AFTER_REPLY;
        rcs_resp_error(&client->reply, "BGSAVE failed, replication can't continue");
    }
    repl->replica_count = kept;
}

/* Redis 7.0 startBgsaveForReplication; `all_eof`: every waiting replica knows the EOF form. */
static void start_bgsave(struct rcs_node *node, bool all_eof)
{
    struct rcs_replication *repl = &node->repl;
    bool to_sockets = node->config.repl_diskless_sync && all_eof;
    rcs_node_fact(node, RCS_FACT_SYNC_STARTED, RCS_ID_NONE, 0, 0, 0,
                  to_sockets ? "replicas sockets" : "disk", NULL);
    if (!rcs_repl_has_info(node)) {
        fail_waiting(node);
        return;
    }
    for (unsigned i = 0; i < repl->replica_count; i++) {
        if (repl->replicas[i]->replica.state == RCS_REPLICA_WAIT_BGSAVE) {
            begin_full_sync(node, repl->replicas[i], repl->offset);
        }
    }
    rcs_child_start(node, to_sockets);
}

void rcs_replicas_start_sync(struct rcs_node *node)
{
    const struct rcs_config *config = &node->config;
    if (node->repl.child.phase != RCS_CHILD_NONE) {
        return;
    }
    int64_t longest_s = 0, waiting = 0, now_s = rcs_node_unixtime(node);
    bool all_eof = true;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_replica *replica = &node->repl.replicas[i]->replica;
        if (replica->state != RCS_REPLICA_WAIT_BGSAVE) {
            continue;
        }
        waiting++;
        all_eof = all_eof && replica->capa_eof;
        if (now_s - replica->waiting_since_s > longest_s) {
            longest_s = now_s - replica->waiting_since_s;
        }
    }
    /* Redis 7.0 shouldStartChildReplication */
    bool enough = config->repl_diskless_sync_max_replicas > 0 &&
                  waiting >= config->repl_diskless_sync_max_replicas;
    if (waiting > 0 && (!config->repl_diskless_sync || enough ||
                        longest_s >= config->repl_diskless_sync_delay_s)) {
        start_bgsave(node, all_eof);
    }
}

static void send_rdb(struct rcs_node *node, const struct rcs_client *client,
                     struct rcs_snapshot *snapshot, const char *preamble, int size)
{
    write_now(node, client, preamble, (size_t)size);
    rcs_effect_add(node->out, RCS_EFFECT_CLIENT_SNAPSHOT, client->link)->snapshot =
        rcs_snapshot_retain(snapshot);
}

unsigned rcs_replicas_send_rdb(struct rcs_node *node, struct rcs_snapshot *snapshot)
{
    char mark[RCS_ID_LEN + 1], preamble[64];
    rcs_rand_name(&node->child, mark);
    int size = snprintf(preamble, sizeof(preamble), "$EOF:%s\r\n", mark);
    unsigned count = 0;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_client *client = node->repl.replicas[i];
        if (client->replica.state == RCS_REPLICA_BGSAVE) {
            send_rdb(node, client, snapshot, preamble, size);
            count++;
        }
    }
    return count;
}

/* Redis 7.0 replicaPutOnline */
static void put_online(struct rcs_node *node, struct rcs_client *client)
{
    client->replica.state = RCS_REPLICA_ONLINE;
    client->replica.ack_wall_s = rcs_node_unixtime(node);
    rcs_repl_count_good(node);
    say_of(node, RCS_FACT_SYNC_DONE, client, 0, 0);
}

static void child_ended_for(struct rcs_node *node, struct rcs_client *client, bool to_sockets,
                            struct rcs_snapshot *snapshot)
{
    if (to_sockets) {
        /* the stream begins with the first ACK: so the end of the RDB is found without a length */
        say_of(node, RCS_FACT_SYNC_STREAMED, client, 0, 0);
        put_online(node, client);
        client->replica.stream_waits_for_ack = true;
        return;
    }
    char preamble[32];
    int size = snprintf(preamble, sizeof(preamble), "$%zu\r\n", snapshot->size_bytes);
    send_rdb(node, client, snapshot, preamble, size);
    client->replica.state = RCS_REPLICA_SEND_BULK;
    node->repl.bulk_sent_us = node->now_us + rcs_rand_between(&node->child, 100, 600);
}

void rcs_replicas_child_ended(struct rcs_node *node, bool good, bool to_sockets,
                              struct rcs_snapshot *snapshot)
{
    for (unsigned i = 0; i < node->repl.replica_count;) {
        struct rcs_client *client = node->repl.replicas[i];
        if (client->replica.state != RCS_REPLICA_BGSAVE) {
            i++;
        } else if (good) {
            child_ended_for(node, client, to_sockets, snapshot);
            i++;
        } else {
            say(node, RCS_FACT_SYNC_CHILD_FAILED);
            drop(node, client);
        }
    }
}

void rcs_replicas_bulk_sent(struct rcs_node *node)
{
    node->repl.bulk_sent_us = RCS_NEVER;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        struct rcs_client *client = node->repl.replicas[i];
        if (client->replica.state == RCS_REPLICA_SEND_BULK) {
            put_online(node, client);
            serve(node, client);
        }
    }
}

/* --- PSYNC ------------------------------------------------------------------------------------------------------- */

/* Says why the history asked for is not this node's (Redis 7.0 masterTryPartialResynchronization). */
static void say_other_history(struct rcs_node *node, struct rcs_client *client,
                              const struct rcs_arg *id, int64_t offset)
{
    const struct rcs_replication *repl = &node->repl;
    if (id->size_bytes > 0 && id->bytes[0] == '?') {
        say_of(node, RCS_FACT_SYNC_FULL_WANTED, client, 0, 0);
    } else if (arg_is(id, repl->replid2)) {
        rcs_node_fact(node, RCS_FACT_SYNC_SECOND_OFFSET, RCS_ID_NONE, offset, repl->second_offset, 0,
                      NULL, NULL);
    } else if (rcs_facts_wanted(&node->out->facts, RCS_FACT_SYNC_ID_MISMATCH)) {
        char asked[128], mine[2 * RCS_ID_LEN + 8];
        snprintf(asked, sizeof(asked), "%.*s", (int)id->size_bytes, id->bytes);
        snprintf(mine, sizeof(mine), "%s' and '%s", repl->replid, repl->replid2);
        rcs_node_fact(node, RCS_FACT_SYNC_ID_MISMATCH, RCS_ID_NONE, 0, 0, 0, asked, mine);
    }
}

static bool partial_possible(struct rcs_node *node, struct rcs_client *client,
                             const struct rcs_arg *id, int64_t offset)
{
    const struct rcs_replication *repl = &node->repl;
    if (!arg_is(id, repl->replid) &&
        (!arg_is(id, repl->replid2) || offset > repl->second_offset)) {
        say_other_history(node, client, id, offset);
        return false;
    }
    if (repl->backlog == NULL || offset < rcs_backlog_first(repl->backlog) ||
        offset > rcs_backlog_first(repl->backlog) + rcs_backlog_length(repl->backlog)) {
        say_of(node, RCS_FACT_SYNC_NO_BACKLOG, client, offset, 0);
        if (offset > repl->offset) {
            say_of(node, RCS_FACT_SYNC_TOO_FAR, client, 0, 0);
        }
        return false;
    }
    return true;
}

static void continue_replica(struct rcs_node *node, struct rcs_client *client, int64_t offset)
{
    struct rcs_replica *replica = &client->replica;
    char text[64];
    int size = replica->capa_psync2
                   ? snprintf(text, sizeof(text), "+CONTINUE %s\r\n", node->repl.replid)
                   : snprintf(text, sizeof(text), "+CONTINUE\r\n");
    attach(node, client);
    replica->state = RCS_REPLICA_ONLINE;
    replica->ack_wall_s = rcs_node_unixtime(node);
    replica->stream_waits_for_ack = false;
    replica->sent_offset = offset - 1;
    write_now(node, client, text, (size_t)size);
    serve(node, client);
    say_of(node, RCS_FACT_SYNC_PARTIAL, client, node->repl.offset - offset + 1, offset);
    rcs_repl_count_good(node);
    node->stat_sync_partial_ok++;
}

static void create_backlog(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    rcs_repl_change_id(node); /* there is no history that could be shared */
    repl->backlog = rcs_backlog_new(repl->offset + 1);
    rcs_node_fact(node, RCS_FACT_BACKLOG_CREATED, RCS_ID_NONE, 0, 0, 0, repl->replid, repl->replid2);
}

/* A disk-based child is at work: its RDB will do if a replica that knows no less is waiting for it. */
static void join_disk_sync(struct rcs_node *node, struct rcs_client *client)
{
    const struct rcs_replica *other = NULL;
    for (unsigned i = 0; i < node->repl.replica_count && other == NULL; i++) {
        if (node->repl.replicas[i]->replica.state == RCS_REPLICA_BGSAVE) {
            other = &node->repl.replicas[i]->replica;
        }
    }
    const struct rcs_replica *replica = &client->replica;
    if (other != NULL && (replica->capa_eof || !other->capa_eof) &&
        (replica->capa_psync2 || !other->capa_psync2)) {
        begin_full_sync(node, client, other->initial_offset);
        say(node, RCS_FACT_SYNC_WAITS_END);
    } else {
        say(node, RCS_FACT_SYNC_CANNOT_ATTACH);
    }
}

static void full_sync(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_replication *repl = &node->repl;
    const struct rcs_config *config = &node->config;
    node->stat_sync_full++;
    client->replica.state = RCS_REPLICA_WAIT_BGSAVE;
    client->replica.waiting_since_s = rcs_node_unixtime(node);
    attach(node, client);
    if (repl->replica_count == 1 && repl->backlog == NULL) {
        create_backlog(node);
    }
    if (repl->child.phase != RCS_CHILD_NONE && !repl->child.to_sockets) {
        join_disk_sync(node, client);
    } else if (repl->child.phase != RCS_CHILD_NONE) {
        say(node, RCS_FACT_SYNC_SOCKET_BUSY);
    } else if (config->repl_diskless_sync && client->replica.capa_eof &&
               config->repl_diskless_sync_delay_s != 0) {
        say(node, RCS_FACT_SYNC_DELAYED);
    } else {
        start_bgsave(node, client->replica.capa_eof);
    }
}

/* PSYNC and SYNC (Redis 7.0 syncCommand). */
static void sync_command(struct rcs_node *node, struct rcs_client *client,
                         const struct rcs_request *request)
{
    if ((client->flags & RCS_CLIENT_REPLICA) != 0) {
        return;
    }
    if (node->repl.has_master && !rcs_repl_link_up(node)) {
        rcs_resp_error(&client->reply, no_link_error);
        return;
    }
    if (client->reply.size_bytes > 0) {
        rcs_resp_error(&client->reply, "SYNC and PSYNC are invalid with pending output");
        return;
    }
    say_of(node, RCS_FACT_SYNC_ASKED, client, 0, 0);
    client->replica.old_sync = arg_is(&request->args[0], "SYNC");
    if (!client->replica.old_sync) {
        int64_t offset;
        if (!arg_number(&request->args[2], &offset)) {
            rcs_resp_error(&client->reply, "value is not an integer or out of range");
            say_of(node, RCS_FACT_SYNC_WRONG_OFFSET, client, 0, 0);
            return;
        }
        const struct rcs_arg *id = &request->args[1];
        if (partial_possible(node, client, id, offset)) {
            continue_replica(node, client, offset);
            return;
        }
        node->stat_sync_partial_err += id->size_bytes == 0 || id->bytes[0] != '?';
    }
    full_sync(node, client);
}

/* --- REPLCONF ---------------------------------------------------------------------------------------------------- */

static void take_ack(struct rcs_node *node, struct rcs_client *client, const struct rcs_arg *arg)
{
    struct rcs_replica *replica = &client->replica;
    int64_t offset;
    if ((client->flags & RCS_CLIENT_REPLICA) == 0 || !arg_number(arg, &offset)) {
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
        serve(node, client);
    }
}

enum option_end { OPTION_DONE, OPTION_QUIET, OPTION_REFUSED };

/* One pair of REPLCONF (Redis 7.0 replconfCommand). QUIET: the command ends without a reply. */
static enum option_end option(struct rcs_node *node, struct rcs_client *client,
                              const struct rcs_arg *name, const struct rcs_arg *value)
{
    struct rcs_replica *replica = &client->replica;
    if (arg_is(name, "listening-port")) {
        int64_t port;
        if (!arg_number(value, &port)) {
            rcs_resp_error(&client->reply, "value is not an integer or out of range");
            return OPTION_REFUSED;
        }
        replica->listening_port = (uint16_t)port;
    } else if (arg_is(name, "ip-address")) {
        if (value->size_bytes >= 256) {
            char text[96];
            snprintf(text, sizeof(text),
                     "REPLCONF ip-address provided by replica instance is too long: %u bytes",
                     (unsigned)value->size_bytes);
            rcs_resp_error(&client->reply, text);
            return OPTION_REFUSED;
        }
        replica->ip_address = rcs_store_text(node->store, value->bytes, value->size_bytes);
    } else if (arg_is(name, "capa")) {
        replica->capa_eof = replica->capa_eof || arg_is(value, "eof");
        replica->capa_psync2 = replica->capa_psync2 || arg_is(value, "psync2");
    } else if (arg_is(name, "ack")) {
        take_ack(node, client, value);
        return OPTION_QUIET;
    } else if (arg_is(name, "getack")) {
        rcs_master_ack(node);
        return OPTION_QUIET;
    } else {
        char text[160];
        snprintf(text, sizeof(text), "Unrecognized REPLCONF option: %.*s",
                 (int)(name->size_bytes < 100 ? name->size_bytes : 100), name->bytes);
        rcs_resp_error(&client->reply, text);
        return OPTION_REFUSED;
    }
    return OPTION_DONE;
}

static void replconf_command(struct rcs_node *node, struct rcs_client *client,
                             const struct rcs_request *request)
{
    if (request->argc % 2 == 0) {
        rcs_resp_error(&client->reply, "syntax error");
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
    if (arg_is(&request->args[0], "REPLCONF")) {
        replconf_command(node, client, request);
    } else {
        sync_command(node, client, request);
    }
}

/* --- the cron ------------------------------------------------------------------------------------------------------ */

/* Held back during a manual failover, so that the offsets can meet. */
static bool failover_pause(const struct rcs_node *node)
{
    return node->cluster.mf_end_ms != 0 && (node->clients.pause_writes_until_ms > node->now_ms ||
                                            node->clients.pause_all_until_ms > node->now_ms);
}

void rcs_replicas_cron(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    if (repl->replica_count == 0) {
        return;
    }
    int64_t period = node->config.repl_ping_period_s;
    if (repl->cron_loops % (period > 0 ? period : 1) == 0 && !failover_pause(node)) {
        const struct rcs_arg ping[] = { { "ping", 4 } };
        feed(node, 1, ping);
    }
    for (unsigned i = 0; i < repl->replica_count; i++) {
        const struct rcs_client *client = repl->replicas[i];
        if (client->replica.state == RCS_REPLICA_WAIT_BGSAVE ||
            (client->replica.state == RCS_REPLICA_BGSAVE && !repl->child.to_sockets)) {
            write_now(node, client, "\n", 1);
        }
    }
    int64_t now_s = rcs_node_unixtime(node);
    for (unsigned i = 0; i < repl->replica_count;) {
        struct rcs_client *client = repl->replicas[i];
        const struct rcs_replica *replica = &client->replica;
        if (replica->state == RCS_REPLICA_ONLINE && !replica->old_sync &&
            now_s - replica->ack_wall_s > node->config.repl_timeout_s) {
            say_of(node, RCS_FACT_REPLICA_TIMEOUT, client, 0, 0);
            drop(node, client);
        } else {
            i++;
        }
    }
}
