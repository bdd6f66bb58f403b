/* The master's side of a synchronisation: what PSYNC is answered, and the full sync of those that
 * cannot continue (Redis 7.0 syncCommand, startBgsaveForReplication, updateSlavesWaitingBgsave). */
#include <stdio.h>
#include <string.h>

#include <rcsim/rdb_file.h>

#include "sim/keys/dump.h"
#include "sim/node/aof.h"
#include "sim/node/command_args.h"
#include "sim/node/replication.h"
#include "sim/node/work.h"

#include "sim/pure.h"

static void say(struct rcs_node *node, enum rcs_fact_code code)
{
    rcs_node_fact(node, code, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
}

/* --- the full sync ---------------------------------------------------------------------------- */

/* From here on the stream is kept for this replica (Redis 7.0 replicationSetupSlaveForFullResync).
 */
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
        rcs_replica_write(node, client, text, (size_t)size);
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
        rcs_refuse(client, "BGSAVE failed, replication can't continue");
        node->clients.pending = true;
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

void rcs_replicas_start_sync(struct rcs_node *node, bool whatever_delay)
{
    const struct rcs_config *config = &node->config;
    if (node->repl.child.phase != RCS_CHILD_NONE || rcs_aof_rewriting(node)) {
        return;
    }
    int64_t longest_s = 0, waiting = 0, now_s = rcs_node_unixtime(node);
    bool all_eof = true;
    const struct rcs_profile *profile = rcs_node_profile(node);
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
    /* Redis 7.0 shouldStartChildReplication; until 6.0 the delay had to be exceeded */
    int64_t delay_s = config->repl_diskless_sync_delay_s + profile->diskless_waits_for_cron;
    bool enough = config->repl_diskless_sync_max_replicas > 0 &&
                  waiting >= config->repl_diskless_sync_max_replicas;
    if (waiting > 0 &&
        (!config->repl_diskless_sync || enough || whatever_delay || longest_s >= delay_s)) {
        start_bgsave(node, all_eof);
    }
}

/* A replica outside the simulation, or `redis-cli --cluster backup`, gets the bytes of a file:
 * behind their length, or between two marks. */
static void send_rdb_bytes(struct rcs_node *node, const struct rcs_client *client,
                           const struct rcs_snapshot *snapshot, const char *mark)
{
    const struct rcs_profile *profile = rcs_node_profile(node);
    struct rcs_rdb_info info =
        rcs_snapshot_rdb_info(snapshot, (unsigned)profile->rdb_version, profile->version);
    struct rcs_buf file, preamble;
    rcs_buf_init(&file);
    rcs_buf_init(&preamble);
    rcs_snapshot_write_rdb(snapshot, &info, &file);
    if (mark == NULL) {
        rcs_buf_format(&preamble, "$%zu\r\n", file.size_bytes);
    } else {
        rcs_buf_format(&preamble, "$EOF:%s\r\n", mark);
        rcs_buf_text(&file, mark);
    }
    rcs_replica_write(node, client, preamble.data, preamble.size_bytes);
    rcs_replica_write(node, client, file.data, file.size_bytes);
    rcs_buf_close(&file);
    rcs_buf_close(&preamble);
}

/* `mark` NULL: by way of the disk. */
static void send_rdb(struct rcs_node *node, const struct rcs_client *client,
                     struct rcs_snapshot *snapshot, const char *mark)
{
    if (client->peer != NULL) {
        send_rdb_bytes(node, client, snapshot, mark);
        return;
    }
    char preamble[64];
    int size = mark == NULL ? snprintf(preamble, sizeof(preamble), "$%zu\r\n", snapshot->size_bytes)
                            : snprintf(preamble, sizeof(preamble), "$EOF:%s\r\n", mark);
    rcs_replica_write(node, client, preamble, (size_t)size);
    rcs_effect_add(node->out, RCS_EFFECT_CLIENT_SNAPSHOT, client->link)->snapshot =
        rcs_snapshot_retain(snapshot);
}

unsigned rcs_replicas_send_rdb(struct rcs_node *node, struct rcs_snapshot *snapshot)
{
    char mark[RCS_ID_LEN + 1];
    rcs_rand_name(&node->child, mark);
    unsigned count = 0;
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_client *client = node->repl.replicas[i];
        if (client->replica.state == RCS_REPLICA_BGSAVE) {
            send_rdb(node, client, snapshot, mark);
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
    if (!client->replica.in_sync_unsaid) {
        rcs_replica_say(node, RCS_FACT_SYNC_DONE, client, 0, 0);
    }
}

static void child_ended_for(struct rcs_node *node, struct rcs_client *client, bool to_sockets,
                            struct rcs_snapshot *snapshot)
{
    if (to_sockets) {
        /* the stream begins with the first ACK: so the end of the RDB is found without a length */
        rcs_replica_say(node, RCS_FACT_SYNC_STREAMED, client, 0, 0);
        client->replica.in_sync_unsaid = rcs_node_profile(node)->in_sync_with_ack;
        put_online(node, client);
        client->replica.stream_waits_for_ack = true;
        return;
    }
    send_rdb(node, client, snapshot, NULL);
    client->replica.state = RCS_REPLICA_SEND_BULK;
    node->repl.bulk_sent_us =
        node->now_us + rcs_rand_between(&node->child, RCS_BULK_US_MIN, RCS_BULK_US_MAX);
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
            rcs_replica_drop(node, client);
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
            rcs_replica_serve(node, client);
        }
    }
}

/* --- PSYNC ------------------------------------------------------------------------------------ */

/* Says why the history asked for is not this node's (Redis 7.0 masterTryPartialResynchronization).
 */
static void say_other_history(struct rcs_node *node, struct rcs_client *client,
                              const struct rcs_arg *id, int64_t offset)
{
    const struct rcs_replication *repl = &node->repl;
    if (id->size_bytes > 0 && id->bytes[0] == '?') {
        rcs_replica_say(node, RCS_FACT_SYNC_FULL_WANTED, client, 0, 0);
    } else if (rcs_arg_is(id, repl->replid2)) {
        rcs_node_fact(node, RCS_FACT_SYNC_SECOND_OFFSET, RCS_ID_NONE, offset, repl->second_offset,
                      0, NULL, NULL);
    } else if (rcs_facts_wanted(&node->out->facts, RCS_FACT_SYNC_ID_MISMATCH)) {
        char asked[128], mine[2 * RCS_ID_LEN + 8];
        snprintf(asked, sizeof(asked), "%.*s", (int)id->size_bytes, id->bytes);
        if (rcs_node_profile(node)->psync2) {
            snprintf(mine, sizeof(mine), "%s' and '%s", repl->replid, repl->replid2);
        } else {
            snprintf(mine, sizeof(mine), "%s", repl->replid);
        }
        rcs_node_fact(node, RCS_FACT_SYNC_ID_MISMATCH, RCS_ID_NONE, 0, 0, 0, asked, mine);
    }
}

static bool partial_possible(struct rcs_node *node, struct rcs_client *client,
                             const struct rcs_arg *id, int64_t offset)
{
    const struct rcs_replication *repl = &node->repl;
    if (!rcs_arg_is(id, repl->replid) &&
        (!rcs_arg_is(id, repl->replid2) || offset > repl->second_offset)) {
        say_other_history(node, client, id, offset);
        return false;
    }
    if (repl->backlog == NULL || offset < rcs_backlog_first(repl->backlog) ||
        offset > rcs_backlog_first(repl->backlog) + rcs_backlog_length(repl->backlog)) {
        rcs_replica_say(node, RCS_FACT_SYNC_NO_BACKLOG, client, offset, 0);
        if (offset > repl->offset) {
            rcs_replica_say(node, RCS_FACT_SYNC_TOO_FAR, client, 0, 0);
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
    rcs_replica_attach(node, client);
    replica->state = RCS_REPLICA_ONLINE;
    replica->ack_wall_s = rcs_node_unixtime(node);
    replica->stream_waits_for_ack = false;
    replica->sent_offset = offset - 1;
    rcs_replica_write(node, client, text, (size_t)size);
    rcs_replica_serve(node, client);
    rcs_replica_say(node, RCS_FACT_SYNC_PARTIAL, client, node->repl.offset - offset + 1, offset);
    rcs_repl_count_good(node);
    node->stat_sync_partial_ok++;
}

static void create_backlog(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    rcs_repl_change_id(node); /* there is no history that could be shared */
    if (!rcs_node_profile(node)->psync2) {
        repl->offset++; /* no replica can have asked for an offset before (Redis 3.0) */
    }
    repl->backlog = rcs_backlog_new(repl->offset + 1);
    rcs_node_fact(node, RCS_FACT_BACKLOG_CREATED, RCS_ID_NONE, 0, 0, 0, repl->replid,
                  repl->replid2);
}

/* A disk-based child is at work: its RDB will do if a replica that knows no less is waiting for it.
 */
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
    rcs_replica_attach(node, client);
    if (repl->replica_count == 1 && repl->backlog == NULL) {
        create_backlog(node);
    }
    if (repl->child.phase != RCS_CHILD_NONE && !repl->child.to_sockets) {
        join_disk_sync(node, client);
    } else if (repl->child.phase != RCS_CHILD_NONE) {
        say(node, RCS_FACT_SYNC_SOCKET_BUSY);
    } else if (config->repl_diskless_sync && client->replica.capa_eof &&
               (config->repl_diskless_sync_delay_s != 0 ||
                rcs_node_profile(node)->diskless_waits_for_cron)) {
        if (config->repl_diskless_sync_delay_s != 0) {
            say(node, RCS_FACT_SYNC_DELAYED);
        }
    } else if (rcs_aof_rewriting(node)) {
        say(node, RCS_FACT_SYNC_OTHER_CHILD);
    } else {
        start_bgsave(node, client->replica.capa_eof);
    }
}

/* PSYNC and SYNC (Redis 7.0 syncCommand). */
void rcs_replica_sync(struct rcs_node *node, struct rcs_client *client,
                      const struct rcs_request *request)
{
    if ((client->flags & RCS_CLIENT_REPLICA) != 0) {
        return;
    }
    if (node->repl.has_master && !rcs_repl_link_up(node)) {
        rcs_refuse(client, rcs_node_profile(node)->psync2
                               ? "-NOMASTERLINK Can't SYNC while not connected with my master"
                               : "Can't SYNC while not connected with my master");
        return;
    }
    if (client->reply.size_bytes > 0) {
        rcs_refuse(client, "SYNC and PSYNC are invalid with pending output");
        return;
    }
    rcs_replica_say(node, RCS_FACT_SYNC_ASKED, client, 0, 0);
    client->replica.old_sync = rcs_arg_is(&request->args[0], "sync");
    if (!client->replica.old_sync) {
        int64_t offset;
        if (!rcs_arg_i64(&request->args[2], &offset)) {
            rcs_refuse(client, "value is not an integer or out of range");
            rcs_replica_say(node, RCS_FACT_SYNC_WRONG_OFFSET, client, 0, 0);
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
