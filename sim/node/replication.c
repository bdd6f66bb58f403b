/* Replication as the rest of the node sees it: roles, ids and offsets, the cron, what INFO and ROLE
 * say. */
#include "sim/node/replication.h"
#include "sim/node/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

static void say(struct rcs_node *node, enum rcs_fact_code code, int64_t v0, const char *text)
{
    rcs_node_fact(node, code, RCS_ID_NONE, v0, 0, 0, text, NULL);
}

/* --- ids -------------------------------------------------------------------------------------- */

void rcs_repl_clear_id2(struct rcs_node *node)
{
    memset(node->repl.replid2, '0', RCS_ID_LEN);
    node->repl.replid2[RCS_ID_LEN] = '\0';
    node->repl.second_offset = -1;
}

void rcs_repl_change_id(struct rcs_node *node)
{
    if (!rcs_node_profile(node)->psync2) {
        rcs_repl_clear_id2(node); /* a history goes by the run id */
        return;
    }
    rcs_rand_name(&node->replids, node->repl.replid);
    rcs_repl_clear_id2(node);
}

/* A replica turned master: what it shares with its siblings stays valid up to here (Redis 7.0
 * shiftReplicationId). */
static void shift_id(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    memcpy(repl->replid2, repl->replid, sizeof(repl->replid2));
    repl->second_offset = repl->offset + 1;
    rcs_rand_name(&node->replids, repl->replid);
    rcs_node_fact(node, RCS_FACT_REPL_SHIFTED, RCS_ID_NONE, repl->second_offset, 0, 0,
                  repl->replid2, repl->replid);
}

bool rcs_repl_has_info(const struct rcs_node *node)
{
    const struct rcs_replication *repl = &node->repl;
    return !rcs_node_profile(node)->psync2 || (!repl->has_master && repl->backlog != NULL) ||
           rcs_repl_link_up(node) || repl->has_cached_master;
}

/* --- life ------------------------------------------------------------------------------------- */

void rcs_repl_init(struct rcs_node *node)
{
    node->repl = (struct rcs_replication){ .bulk_sent_us = RCS_NEVER };
    rcs_buf_init(&node->repl.scratch);
    rcs_buf_init(&node->repl.input);
    rcs_repl_change_id(node);
}

void rcs_repl_close(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    rcs_master_forget_input(node);
    rcs_child_close(node);
    rcs_backlog_free(repl->backlog);
    rcs_buf_close(&repl->scratch);
    rcs_buf_close(&repl->input);
    free(repl->transaction);
    free(repl->replicas);
    *repl = (struct rcs_replication){ 0 };
}

/* The memory a server had when it wrote an RDB is in the file; it shows in the log of who loads it.
 * An empty 7.0 server has 1.77 to 1.93 Mb: here it comes from when the RDB was made, so that it is
 * the same each time it is loaded. Data takes what it takes in the file, and RCS_KEY_BYTES a key.
 */
static void memory_text(const struct rcs_snapshot *snapshot, char out[32])
{
    int64_t data_bytes = (int64_t)snapshot->size_bytes + (int64_t)snapshot->keys * RCS_KEY_BYTES;
    int64_t hundredths =
        177 + (snapshot->created_wall_ms % 17 + 17) % 17 + data_bytes * 100 / (1024 * 1024);
    snprintf(out, 32, "%lld.%02lld", (long long)(hundredths / 100), (long long)(hundredths % 100));
}

void rcs_repl_say_rdb(struct rcs_node *node, const struct rcs_snapshot *snapshot)
{
    int64_t age_s = rcs_node_unixtime(node) - snapshot->created_wall_ms / 1000;
    char memory[32];
    memory_text(snapshot, memory);
    say(node, RCS_FACT_LOAD_VERSION, 0, rcs_node_profile(node)->version);
    say(node, RCS_FACT_LOAD_AGE, age_s > 0 ? age_s : 0, NULL);
    say(node, RCS_FACT_LOAD_MEMORY, 0, memory);
}

/* Redis 7.0 loadDataFromDisk: a replica goes on where the file's history ends; a master offers it
 * as its second one. */
static void restore_history(struct rcs_node *node, const struct rcs_snapshot *dump)
{
    struct rcs_replication *repl = &node->repl;
    enum rcs_history restored = rcs_node_profile(node)->history;
    bool master = rcs_is_master(rcs_myself(&node->cluster));
    if (restored == RCS_HISTORY_NONE || (restored == RCS_HISTORY_REPLICA && master)) {
        return;
    }
    repl->offset = dump->repl_offset;
    if (!master) {
        memcpy(repl->replid, dump->replid, sizeof(repl->replid));
        rcs_master_cache_myself(node);
        return;
    }
    memcpy(repl->replid2, dump->replid, sizeof(repl->replid2));
    repl->second_offset = dump->repl_offset + 1;
    repl->backlog = rcs_backlog_new(repl->offset + 1);
    repl->no_replicas_since_s = rcs_node_unixtime(node);
}

void rcs_repl_start(struct rcs_node *node, struct rcs_snapshot *dump)
{
    node->repl.last_save_s = rcs_node_unixtime(node);
    if (dump == NULL) {
        return;
    }
    node->dump = rcs_snapshot_retain(dump);
    rcs_repl_say_rdb(node, dump);
    rcs_keyspace_load(node->keys, dump);
    say(node, RCS_FACT_LOAD_DONE, (int64_t)rcs_keyspace_size(node->keys), NULL);
    char seconds[32];
    size_t load_ms = dump->size_bytes / RCS_LOAD_BYTES_PER_US / 1000;
    snprintf(seconds, sizeof(seconds), "%zu.%03zu", load_ms / 1000, load_ms % 1000);
    say(node, RCS_FACT_LOAD_FROM_DISK, 0, seconds);
    if (dump->replid[0] != '\0' && !node->config.appendonly) {
        restore_history(node, dump);
    }
}

/* --- roles ------------------------------------------------------------------------------------ */

/* What this node was a replica of is over, and what its own replicas were told with it (Redis 3.0
 * replicationSetMaster: there is no history that could be shared). */
static void end_history(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    rcs_master_discard_cached(node);
    rcs_backlog_free(repl->backlog);
    repl->backlog = NULL;
    repl->offset = 0;
    repl->down_since_s = 0;
}

void rcs_repl_set_master(struct rcs_node *node, rcs_addr addr)
{
    struct rcs_replication *repl = &node->repl;
    const struct rcs_profile *profile = rcs_node_profile(node);
    bool was_master = !repl->has_master;
    if (profile->connect == RCS_CONNECT_ONCE) {
        repl->has_master = false; /* so that losing the link does not connect again, logs as M */
    } else {
        repl->has_master = true;
    }
    if (rcs_repl_link_up(node) && repl->stranger) {
        rcs_master_lose_for_good(node);
    } else if (rcs_repl_link_up(node)) {
        rcs_master_lose(node, false);
    }
    rcs_clients_role_changed(node);
    repl->has_master = true;
    repl->master_addr = addr;
    if (profile->sub_drop == RCS_SUB_DROP_ORDER) {
        rcs_replicas_disconnect(node);
    } /* else they stay: they are cut when a full sync loads or the id changes */
    if (!profile->psync2) {
        end_history(node);
    }
    rcs_master_cancel(node, false);
    if (was_master && profile->psync2 && !repl->stranger) {
        rcs_master_discard_cached(node);
        rcs_master_cache_myself(node);
    }
    repl->stranger = false;
    repl->state = RCS_REPL_CONNECT;
    if (profile->connect == RCS_CONNECT_ONCE) {
        const struct rcs_address *address = rcs_store_address(node->store, addr);
        say(node, RCS_FACT_REPL_CONNECTING, address->port, address->ip);
        rcs_master_connect(node);
    } /* else the cron does */
}

/* Before PSYNC2 a promoted replica takes over its master's offset, unless its own replicas count by
 * the one it has (Redis 3.0 replicationUnsetMaster). */
static void take_offset_of_master(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    if (rcs_repl_link_up(node) && repl->replica_count == 0) {
        repl->offset = repl->cached_offset;
        rcs_backlog_free(repl->backlog);
        repl->backlog = NULL;
    }
}

void rcs_repl_unset_master(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    const struct rcs_profile *profile = rcs_node_profile(node);
    if (!repl->has_master) {
        return;
    }
    repl->has_master = false;
    if (!profile->psync2) {
        take_offset_of_master(node);
    }
    if (profile->shifts_id_first) {
        shift_id(node);
    }
    if (rcs_repl_link_up(node)) {
        rcs_master_lose(node, false);
    }
    rcs_master_discard_cached(node);
    rcs_master_cancel(node, false);
    if (profile->psync2 && !profile->shifts_id_first) {
        shift_id(node);
    }
    if (profile->promotion_drops_replicas) {
        rcs_replicas_disconnect(node); /* they must learn the new id; they can continue */
        repl->select_sent = false;
        repl->no_replicas_since_s = rcs_node_unixtime(node);
    }
    repl->state = RCS_REPL_NONE;
    repl->down_since_s = 0;
}

int64_t rcs_repl_offset(const struct rcs_node *node)
{
    const struct rcs_replication *repl = &node->repl;
    if (rcs_is_master(rcs_myself(&node->cluster))) {
        return repl->offset;
    }
    /* Redis 7.0 replicationGetSlaveOffset */
    bool known = repl->has_master && (rcs_repl_link_up(node) || repl->has_cached_master);
    return known && repl->cached_offset > 0 ? repl->cached_offset : 0;
}

int64_t rcs_repl_data_age_ms(const struct rcs_node *node)
{
    const struct rcs_replication *repl = &node->repl;
    int64_t since_s = rcs_repl_link_up(node) ? repl->last_io_s : repl->down_since_s;
    return (rcs_node_unixtime(node) - since_s) * 1000;
}

/* --- time ------------------------------------------------------------------------------------- */

bool rcs_repl_loading(const struct rcs_node *node)
{
    return node->repl.loading != NULL;
}

/* Nothing under way that ends at an instant of its own, but for a transfer to replicas. */
static bool quiet(const struct rcs_replication *repl)
{
    return repl->child.phase == RCS_CHILD_NONE && repl->loading == NULL;
}

RCS_HOT void rcs_repl_wake(struct rcs_node *node)
{
    if (!quiet(&node->repl)) {
        rcs_child_wake(node);
        if (node->repl.loading != NULL && node->now_us >= node->repl.loaded_us) {
            rcs_stream_loaded(node);
        }
    }
    if (node->now_us >= node->repl.bulk_sent_us) {
        rcs_replicas_bulk_sent(node);
    }
}

rcs_us rcs_repl_deadline(const struct rcs_node *node)
{
    if (quiet(&node->repl)) {
        return node->repl.bulk_sent_us;
    }
    rcs_us deadline = rcs_child_deadline(node);
    if (node->repl.loading != NULL && node->repl.loaded_us < deadline) {
        deadline = node->repl.loaded_us;
    }
    return node->repl.bulk_sent_us < deadline ? node->repl.bulk_sent_us : deadline;
}

void rcs_repl_tick(struct rcs_node *node)
{
    if (node->repl.child.phase != RCS_CHILD_NONE) {
        rcs_child_notice(node);
    } else {
        rcs_persistence_tick(node);
    }
}

/* repl-backlog-ttl: without a backlog the offset stands still, so the id must not survive it. */
RCS_RARE static void free_unused_backlog(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    int64_t ttl_s = node->config.repl_backlog_ttl_s;
    if (repl->backlog == NULL || repl->replica_count > 0 ||
        (repl->has_master && rcs_node_profile(node)->psync2) || ttl_s == 0 ||
        rcs_node_unixtime(node) - repl->no_replicas_since_s <= ttl_s) {
        return;
    }
    rcs_repl_change_id(node);
    rcs_backlog_free(repl->backlog);
    repl->backlog = NULL;
    say(node, RCS_FACT_BACKLOG_FREED, ttl_s, NULL);
}

/* In the order of Redis 7.0 replicationCron. */
void rcs_repl_cron(struct rcs_node *node)
{
    struct rcs_replication *repl = &node->repl;
    rcs_master_time_out(node);
    if (repl->state == RCS_REPL_CONNECT && repl->has_master) {
        const struct rcs_address *address = rcs_store_address(node->store, repl->master_addr);
        say(node, RCS_FACT_REPL_CONNECTING, address->port, address->ip);
        rcs_master_connect(node);
    }
    rcs_master_ack(node);
    rcs_replicas_cron(node);
    free_unused_backlog(node);
    rcs_replicas_start_sync(node, false);
    rcs_repl_count_good(node);
    repl->cron_loops++;
}

/* --- ROLE and INFO ---------------------------------------------------------------------------- */

static void bulk_number(struct rcs_buf *out, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    rcs_resp_bulk_text(out, text);
}

static void role_of_master(const struct rcs_node *node, struct rcs_buf *out)
{
    rcs_resp_array(out, 3);
    rcs_resp_bulk_text(out, "master");
    rcs_resp_integer(out, node->repl.offset);
    rcs_resp_array(out, rcs_repl_online(node));
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_client *client = node->repl.replicas[i];
        if (client->replica.state == RCS_REPLICA_ONLINE) {
            rcs_resp_array(out, 3);
            rcs_resp_bulk_text(out, rcs_replica_ip(node, client));
            bulk_number(out, client->replica.listening_port);
            bulk_number(out, client->replica.ack_offset);
        }
    }
}

void rcs_repl_role(struct rcs_node *node, struct rcs_client *client)
{
    static const char *const states[] = {
        [RCS_REPL_NONE] = "none",
        [RCS_REPL_CONNECT] = "connect",
        [RCS_REPL_CONNECTING] = "connecting",
        [RCS_REPL_HANDSHAKE] = "handshake",
        [RCS_REPL_TRANSFER] = "sync",
        [RCS_REPL_CONNECTED] = "connected",
    };
    const struct rcs_replication *repl = &node->repl;
    struct rcs_buf *out = &client->reply;
    if (!repl->has_master) {
        role_of_master(node, out);
        return;
    }
    const struct rcs_address *address = rcs_store_address(node->store, repl->master_addr);
    rcs_resp_array(out, 5);
    rcs_resp_bulk_text(out, "slave");
    rcs_resp_bulk_text(out, address->ip);
    rcs_resp_integer(out, address->port);
    rcs_resp_bulk_text(out, states[repl->state]);
    rcs_resp_integer(out, rcs_repl_link_up(node) ? repl->cached_offset : -1);
}

/* While the RDB comes: its length is -1 until the line before it says otherwise, and 0 when it ends
 * with a mark. */
static void info_of_transfer(const struct rcs_node *node, struct rcs_buf *out)
{
    const struct rcs_replication *repl = &node->repl;
    int64_t read = repl->loading == NULL ? 0 : (int64_t)repl->loading->size_bytes;
    int64_t total = !repl->preamble_seen ? -1 : repl->diskless ? 0 : read;
    const char *percent = !repl->preamble_seen ? "-0.00" : total > 0 ? "100.00" : "0.00";
    rcs_buf_format(out,
                   "master_sync_total_bytes:%lld\r\nmaster_sync_read_bytes:%lld\r\n"
                   "master_sync_left_bytes:%lld\r\nmaster_sync_perc:%s\r\n"
                   "master_sync_last_io_seconds_ago:%lld\r\n",
                   (long long)total, (long long)read, (long long)(total - read), percent,
                   (long long)(rcs_node_unixtime(node) - repl->transfer_last_io_s));
}

static void info_of_replica(const struct rcs_node *node, struct rcs_buf *out)
{
    const struct rcs_replication *repl = &node->repl;
    const struct rcs_address *address = rcs_store_address(node->store, repl->master_addr);
    bool up = rcs_repl_link_up(node);
    int64_t now_s = rcs_node_unixtime(node);
    int64_t offset = up || repl->has_cached_master ? repl->cached_offset : 1;
    int64_t read = up ? offset + (int64_t)repl->input.size_bytes : offset;
    rcs_buf_format(out,
                   "master_host:%s\r\nmaster_port:%u\r\nmaster_link_status:%s\r\n"
                   "master_last_io_seconds_ago:%lld\r\nmaster_sync_in_progress:%d\r\n"
                   "slave_read_repl_offset:%lld\r\nslave_repl_offset:%lld\r\n",
                   address->ip, (unsigned)address->port, up ? "up" : "down",
                   up ? (long long)(now_s - repl->last_io_s) : -1LL,
                   repl->state == RCS_REPL_TRANSFER, (long long)read, (long long)offset);
    if (repl->state == RCS_REPL_TRANSFER) {
        info_of_transfer(node, out);
    }
    if (!up) {
        rcs_buf_format(out, "master_link_down_since_seconds:%lld\r\n",
                       repl->down_since_s != 0 ? (long long)(now_s - repl->down_since_s) : -1LL);
    }
    rcs_buf_format(out, "slave_priority:%lld\r\nslave_read_only:%d\r\nreplica_announced:1\r\n",
                   (long long)node->config.replica_priority, node->config.replica_read_only);
}

static void info_of_replicas(const struct rcs_node *node, struct rcs_buf *out)
{
    static const char *const states[] = {
        [RCS_REPLICA_NONE] = "",
        [RCS_REPLICA_WAIT_BGSAVE] = "wait_bgsave",
        [RCS_REPLICA_BGSAVE] = "wait_bgsave",
        [RCS_REPLICA_SEND_BULK] = "send_bulk",
        [RCS_REPLICA_ONLINE] = "online",
    };
    int64_t now_s = rcs_node_unixtime(node);
    for (unsigned i = 0; i < node->repl.replica_count; i++) {
        const struct rcs_client *client = node->repl.replicas[i];
        const struct rcs_replica *replica = &client->replica;
        bool online = replica->state == RCS_REPLICA_ONLINE;
        rcs_buf_format(out, "slave%u:ip=%s,port=%u,state=%s,offset=%lld,lag=%lld%s\r\n", i,
                       rcs_replica_ip(node, client), (unsigned)replica->listening_port,
                       states[replica->state], (long long)replica->ack_offset,
                       online ? (long long)(now_s - replica->ack_wall_s) : 0LL,
                       rcs_node_profile(node)->says_primary ? ",type=replica" : "");
    }
}

void rcs_repl_info(struct rcs_node *node, struct rcs_buf *out)
{
    const struct rcs_replication *repl = &node->repl;
    const struct rcs_config *config = &node->config;
    rcs_buf_format(out, "# Replication\r\nrole:%s\r\n", repl->has_master ? "slave" : "master");
    if (repl->has_master) {
        info_of_replica(node, out);
    }
    rcs_buf_format(out, "connected_slaves:%u\r\n", repl->replica_count);
    if (config->min_replicas_to_write != 0 && config->min_replicas_max_lag_s != 0) {
        rcs_buf_format(out, "min_slaves_good_slaves:%u\r\n", repl->good_replicas);
    }
    info_of_replicas(node, out);
    bool active = repl->backlog != NULL;
    rcs_buf_format(
        out,
        "master_failover_state:no-failover\r\nmaster_replid:%s\r\nmaster_replid2:%s\r\n"
        "master_repl_offset:%lld\r\nsecond_repl_offset:%lld\r\nrepl_backlog_active:%d\r\n"
        "repl_backlog_size:%lld\r\nrepl_backlog_first_byte_offset:%lld\r\n"
        "repl_backlog_histlen:%lld\r\n",
        repl->replid, repl->replid2, (long long)repl->offset, (long long)repl->second_offset,
        active, (long long)config->repl_backlog_size_bytes,
        active ? (long long)rcs_backlog_first(repl->backlog) : 0LL,
        active ? (long long)rcs_backlog_length(repl->backlog) : 0LL);
}
