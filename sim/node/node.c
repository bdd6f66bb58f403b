/* One turn of a node's event loop: the event, the timers that have come due, beforeSleep (Redis 7.0
 * aeProcessEvents, serverCron, beforeSleep). */
#include "sim/node/node.h"

#include <rcsim/slot.h>

#include <stdlib.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/node/aof.h"
#include "sim/node/backlog.h"
#include "sim/node/blocked.h"
#include "sim/node/disk.h"
#include "sim/node/internal.h"
#include "sim/node/migrate.h"
#include "sim/node/replication.h"
#include "sim/node/script_host.h"
#include "sim/node/shutdown.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

#define CLUSTER_CRON_MS   100
#define REPL_CRON_MS      1000
#define FIRST_TICK_US     1000
#define TICK_DRIFT_US_MIN 700 /* measured on idle servers: 100.7 to 101 ms from tick to tick */
#define TICK_DRIFT_US_MAX 1000

/* --- what the cluster layer asks of the node -------------------------------------------------- */

static void host_set_master(void *node, rcs_addr addr)
{
    rcs_repl_set_master(node, addr);
}

static void host_forget_history(void *node)
{
    ((struct rcs_node *)node)->repl.stranger = true;
}

static void host_unset_master(void *node)
{
    rcs_repl_unset_master(node);
}

RCS_HOT static int64_t host_offset(const void *node)
{
    return rcs_repl_offset(node);
}

static bool host_has_master(const void *node)
{
    return ((const struct rcs_node *)node)->repl.has_master;
}

static int64_t host_data_age_ms(const void *node)
{
    return rcs_repl_data_age_ms(node);
}

static unsigned host_slot_keys(const void *node, unsigned slot)
{
    return rcs_keyspace_slot_size(((const struct rcs_node *)node)->keys, slot);
}

static size_t host_keys(const void *node)
{
    return rcs_keyspace_size(((const struct rcs_node *)node)->keys);
}

static void host_drop_slot_keys(void *node, unsigned slot)
{
    (void)rcs_keyspace_flush_slot(((struct rcs_node *)node)->keys, slot);
}

static void host_drop_all_keys(void *node)
{
    (void)rcs_keyspace_flush(((struct rcs_node *)node)->keys);
}

static void host_pause_writes(void *node, int32_t until_ms)
{
    rcs_clients_pause_writes(node, until_ms);
}

static void host_unpause_writes(void *node)
{
    rcs_clients_unpause(node);
}

static void host_publish(void *node, const struct rcs_bus_msg *msg, bool sharded)
{
    const char *bytes = (const char *)msg->payload->bytes;
    rcs_clients_publish(node, bytes, msg->body.publish.channel_bytes,
                        bytes + msg->body.publish.channel_bytes, msg->body.publish.message_bytes,
                        sharded);
}

static bool host_shard_channels(const void *node)
{
    return rcs_clients_shard_channels(node);
}

static void host_slot_lost(void *node, unsigned slot)
{
    rcs_clients_slot_lost(node, slot);
}

static void host_die(void *node)
{
    rcs_node_die(node, 1);
}

static const struct rcs_cluster_host host_template = {
    .set_master = host_set_master,
    .forget_history = host_forget_history,
    .unset_master = host_unset_master,
    .offset = host_offset,
    .has_master_host = host_has_master,
    .data_age_ms = host_data_age_ms,
    .slot_keys = host_slot_keys,
    .keys = host_keys,
    .drop_slot_keys = host_drop_slot_keys,
    .drop_all_keys = host_drop_all_keys,
    .pause_writes = host_pause_writes,
    .unpause_writes = host_unpause_writes,
    .publish = host_publish,
    .shard_channels = host_shard_channels,
    .slot_lost = host_slot_lost,
    .die = host_die,
};

/* --- life ------------------------------------------------------------------------------------- */

struct rcs_node *rcs_node_new(const struct rcs_node_params *params)
{
    struct rcs_node *node = calloc(1, sizeof(*node));
    RCS_ASSERT(node != NULL);
    node->store = params->store;
    node->config = *params->config;
    node->index = params->index;
    node->pid = params->pid;
    node->next_child_pid = params->pid + 1000;
    node->cluster_host = host_template;
    node->cluster_host.node = node;
    node->keys = rcs_keyspace_new();
    /* A life is a process: its draws do not depend on how many the one before it made. */
    uint64_t stream = (uint64_t)params->life << 32 | params->index;
    rcs_rand_init(&node->replids, params->seed, RCS_RAND_REPLID, stream);
    rcs_rand_init(&node->tick, params->seed, RCS_RAND_TICK, stream);
    rcs_rand_init(&node->child, params->seed, RCS_RAND_CHILD, stream);
    rcs_rand_init(&node->key_choice, params->seed, RCS_RAND_KEYS, stream);
    rcs_cluster_init(&node->cluster, params->store, &node->config, &node->cluster_host,
                     params->seed, stream);
    node->cluster.wall_base_ms = params->wall_base_ms;
    rcs_node_set_clock(node, &params->host_clock);
    rcs_node_set_disk(node, params->disk_full, params->conf_room_bytes);
    node->next_tick_us = RCS_NEVER;
    rcs_clients_init(node);
    rcs_repl_init(node);
    return node;
}

void rcs_node_free(struct rcs_node *node)
{
    if (node == NULL) {
        return;
    }
    rcs_migrate_close(node);
    rcs_slowlog_close(&node->slowlog);
    rcs_latency_close(&node->latency);
    rcs_scripts_close(node);
    rcs_aof_close(node);
    rcs_clients_close(node);
    rcs_tracking_close(node);
    rcs_stats_close(&node->stats);
    rcs_repl_close(node);
    rcs_cluster_close(&node->cluster);
    rcs_keyspace_free(node->keys);
    if (node->dump != NULL) {
        rcs_snapshot_release(node->dump);
    }
    free(node);
}

/* --- facts ------------------------------------------------------------------------------------ */

void rcs_node_fact(struct rcs_node *node, enum rcs_fact_code code, rcs_id about, int64_t v0,
                   int64_t v1, int64_t v2, const char *text0, const char *text1)
{
    rcs_fact_add(&node->out->facts, code, node->repl.has_master ? 'S' : 'M', about, RCS_ID_NONE, v0,
                 v1, v2, text0, text1);
}

void rcs_node_child_fact(struct rcs_node *node, enum rcs_fact_code code, uint32_t child_pid,
                         int64_t v0, int64_t v1)
{
    rcs_fact_add(&node->out->facts, code, 'C', RCS_ID_NONE, RCS_ID_NONE, v0, v1, child_pid, NULL,
                 NULL);
}

/* --- the timers ------------------------------------------------------------------------------- */

/* What runs every `every_ms` runs in the ticks whose number is a multiple of so many (Redis 7.0
 * run_with_period). */
static struct rcs_every every(const struct rcs_node *node, int64_t every_ms, int64_t period_ms)
{
    uint32_t ticks = every_ms <= period_ms ? 1 : (uint32_t)(every_ms / period_ms);
    uint32_t past = node->cron_loops % ticks;
    return (struct rcs_every){ .ticks = ticks, .left = past == 0 ? 0 : ticks - past };
}

/* Divisions are dear, and hz hardly ever changes. */
static void keep_rates(struct rcs_node *node)
{
    struct rcs_rates *rates = &node->rates;
    if (rates->hz == node->config.hz) {
        return;
    }
    int64_t period_ms = 1000 / node->config.hz;
    *rates = (struct rcs_rates){
        .hz = node->config.hz,
        .period_us = RCS_MS(period_ms),
        .cluster = every(node, CLUSTER_CRON_MS, period_ms),
        .repl = every(node, REPL_CRON_MS, period_ms),
    };
}

static bool due(struct rcs_every *every)
{
    if (every->left > 0) {
        every->left--;
        return false;
    }
    every->left = every->ticks - 1;
    return true;
}

RCS_HOT static void server_cron(struct rcs_node *node)
{
    if (node->cron_paused) {
        return;
    }
    rcs_stats_sample(node);
    rcs_clients_cron(node);
    if (node->shutdown_asked || rcs_shutdown_under_way(node)) {
        rcs_shutdown_tick(node);
        if (node->dead) {
            return;
        }
    }
    rcs_repl_tick(node);
    rcs_aof_tick(node);
    if (due(&node->rates.repl)) {
        rcs_repl_cron(node);
        rcs_migrate_cron(node); /* has the same period */
    }
    if (due(&node->rates.cluster) && node->config.cluster_enabled) {
        rcs_cluster_cron(&node->cluster);
    }
    node->cron_loops++;
}

/* --- the events ------------------------------------------------------------------------------- */

/* Redis 7.0 clusterLoadConfig */
static void start_cluster(struct rcs_node *node, const struct rcs_start *start)
{
    bool alone = !node->config.cluster_enabled;
    if (start->conf_corrupt && !alone) {
        rcs_node_fact(node, RCS_FACT_CONF_CORRUPT, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
        rcs_node_die(node, 1);
    }
    rcs_cluster_start(&node->cluster, alone ? NULL : start->conf);
}

static void on_start(struct rcs_node *node, const struct rcs_event *event)
{
    const struct rcs_start *start = event->start;
    const struct rcs_profile *profile = rcs_node_profile(node);
    node->started_wall_ms = rcs_node_wall_ms(node);
    rcs_rand_name(&node->replids, node->run_id);
    if (!profile->psync2) {
        memcpy(node->repl.replid, node->run_id, sizeof(node->repl.replid)); /* its history's name */
    }
    rcs_fact_add(&node->out->facts, RCS_FACT_BOOT_STARTING, 'C', RCS_ID_NONE, RCS_ID_NONE, 0, 0,
                 node->pid, NULL, NULL);
    rcs_fact_add(&node->out->facts, RCS_FACT_BOOT_VERSION, 'C', RCS_ID_NONE, RCS_ID_NONE, 0, 0,
                 node->pid, profile->version, NULL);
    rcs_fact_add(&node->out->facts, RCS_FACT_BOOT_CONFIGURED, 'C', RCS_ID_NONE, RCS_ID_NONE, 0, 0,
                 node->pid, NULL, NULL);
    rcs_node_fact(node, RCS_FACT_BOOT_CLOCK, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    bool alone = !node->config.cluster_enabled;
    if (!profile->conf_after_mode) {
        start_cluster(node, start);
    }
    rcs_node_fact(node, alone ? RCS_FACT_BOOT_ALONE : RCS_FACT_BOOT_MODE, RCS_ID_NONE,
                  node->config.port, 0, 0, NULL, NULL);
    if (profile->conf_after_mode) {
        start_cluster(node, start);
    }
    rcs_node_fact(node, RCS_FACT_BOOT_INITIALIZED, RCS_ID_NONE, 0, 0, 0, profile->version, NULL);
    rcs_aof_boot(node, &start->aof);
    rcs_repl_start(node, node->config.appendonly ? NULL : start->dump);
    if (!alone) {
        rcs_cluster_verify_slots(&node->cluster);
    }
    rcs_node_fact(node, RCS_FACT_BOOT_READY, RCS_ID_NONE, node->config.port, 0, 0, NULL, NULL);
    /* The timer is first due a millisecond after it is made (Redis 7.0 initServer). */
    rcs_us phase_us = start->any_phase ? rcs_rand_between(&node->tick, FIRST_TICK_US,
                                                          RCS_MS(1000 / node->config.hz))
                                       : FIRST_TICK_US;
    node->next_tick_us = node->now_us + phase_us;
}

RCS_HOT static void on_wake(struct rcs_node *node, const struct rcs_event *event)
{
    (void)event;
    rcs_repl_wake(node);
    if (node->now_us >= rcs_aof_deadline(node)) {
        rcs_aof_wake(node);
    }
    if (node->now_us < node->next_tick_us) {
        return;
    }
    if (rcs_repl_loading(node)) {
        /* No timer runs while a data set is loaded: the tick comes when it is done. */
        node->next_tick_us = rcs_repl_deadline(node);
        return;
    }
    keep_rates(node);
    /* The timer is set again when the tick's work is done, so that ticks drift by that much. */
    node->next_tick_us = node->now_us + node->rates.period_us +
                         rcs_rand_between(&node->tick, TICK_DRIFT_US_MIN, TICK_DRIFT_US_MAX);
    server_cron(node);
}

static void on_shutdown(struct rcs_node *node, const struct rcs_event *event)
{
    (void)event;
    rcs_node_fact(node, RCS_FACT_SIGTERM, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    node->shutdown_asked = true; /* the next tick sees it */
}

static void on_link(struct rcs_node *node, const struct rcs_event *event)
{
    rcs_cluster_link_event(&node->cluster, event);
}

RCS_HOT static void on_bus_msg(struct rcs_node *node, const struct rcs_event *event)
{
    rcs_cluster_receive(&node->cluster, event);
}

static void on_client(struct rcs_node *node, const struct rcs_event *event)
{
    rcs_clients_event(node, event);
}

static void on_master(struct rcs_node *node, const struct rcs_event *event)
{
    rcs_repl_event(node, event);
}

static void on_target(struct rcs_node *node, const struct rcs_event *event)
{
    rcs_migrate_event(node, event);
}

typedef void handler_fn(struct rcs_node *node, const struct rcs_event *event);

static handler_fn *const handlers[] = {
    [RCS_EVENT_START] = on_start,          [RCS_EVENT_WAKE] = on_wake,
    [RCS_EVENT_SHUTDOWN] = on_shutdown,    [RCS_EVENT_LINK_ACCEPTED] = on_link,
    [RCS_EVENT_LINK_UP] = on_link,         [RCS_EVENT_LINK_FAILED] = on_link,
    [RCS_EVENT_LINK_LOST] = on_link,       [RCS_EVENT_BUS_MSG] = on_bus_msg,
    [RCS_EVENT_CLIENT_OPEN] = on_client,   [RCS_EVENT_CLIENT_REQUEST] = on_client,
    [RCS_EVENT_CLIENT_DATA] = on_client,   [RCS_EVENT_CLIENT_GONE] = on_client,
    [RCS_EVENT_MASTER_UP] = on_master,     [RCS_EVENT_MASTER_FAILED] = on_master,
    [RCS_EVENT_MASTER_DATA] = on_master,   [RCS_EVENT_MASTER_SNAPSHOT] = on_master,
    [RCS_EVENT_MASTER_LOST] = on_master,   [RCS_EVENT_TARGET_UP] = on_target,
    [RCS_EVENT_TARGET_FAILED] = on_target, [RCS_EVENT_TARGET_DATA] = on_target,
    [RCS_EVENT_TARGET_LOST] = on_target,   [RCS_EVENT_BLOCK_OVER] = on_target,
};
_Static_assert(sizeof(handlers) / sizeof(handlers[0]) == RCS_EVENT_KIND_COUNT,
               "a handler for every kind of event");

void rcs_node_set_clock(struct rcs_node *node, const struct rcs_clock *host_clock)
{
    node->host_clock = *host_clock;
    node->clock_differs = host_clock->ahead_us != 0 || host_clock->drift_ppm != 0;
}

void rcs_node_follow_aof(struct rcs_node *node, struct rcs_aof_follow *follow)
{
    node->aof.follow = follow;
}

void rcs_node_set_conf_file(struct rcs_node *node, enum rcs_conf_file state)
{
    node->config.file = (uint8_t)state;
}

/* By a clock that is not right; what lies before the beginning is rounded as what lies behind it.
 */
RCS_RARE static int32_t other_ms(const struct rcs_node *node)
{
    rcs_us clock_ms = (RCS_MS((rcs_us)RCS_NODE_MS_START) + rcs_node_clock_us(node)) / 1000;
    return (int32_t)(clock_ms < RCS_NODE_MS_MAX ? clock_ms : RCS_NODE_MS_MAX);
}

static void set_clock(struct rcs_node *node, rcs_us at_us)
{
    RCS_ASSERT(at_us >= node->now_us);
    RCS_ASSERT(at_us < RCS_MS((rcs_us)RCS_NODE_MS_MAX - RCS_NODE_MS_START + 1));
    node->now_us = at_us;
    node->now_ms = node->clock_differs ? other_ms(node)
                                       : RCS_NODE_MS_START + (int32_t)((uint64_t)at_us / 1000);
    node->cluster.now_ms = node->now_ms;
}

/* True if an effect since the `from`-th is a packet on a link that can be written to. */
static bool queued_packets(const struct rcs_node *node, size_t from)
{
    for (size_t i = from; i < node->out->count; i++) {
        const struct rcs_effect *effect = &node->out->list[i];
        if (effect->kind == RCS_EFFECT_BUS_SEND &&
            (effect->link >= RCS_LINK_HANDSHAKE ||
             node->cluster.peers[effect->link].link == RCS_LINK_OPEN)) {
            return true;
        }
    }
    return false;
}

/* One turn's beforeSleep; true: another turn follows at once. */
RCS_HOT static bool end_turn(struct rcs_node *node, size_t looked_at)
{
    if (node->clients.next_timeout_ms != 0) {
        rcs_blocked_time_out(node);
    }
    /* The cluster first: clients that were waiting meet the state as it then is. */
    if (!rcs_repl_loading(node)) {
        rcs_cluster_before_sleep(&node->cluster);
    }
    rcs_aof_before_sleep(node);
    bool waiting = rcs_clients_before_sleep(node);
    rcs_repl_trim(node, 10 * RCS_BACKLOG_TRIM_BLOCKS); /* Redis 7.0 beforeSleep: ten times */
    node->settled = !waiting && !node->dead;
    return node->cluster.todo != 0 && !rcs_repl_loading(node) && queued_packets(node, looked_at);
}

/* A queued packet makes its socket's write event fire, so that the loop turns once more at once;
 * what beforeSleep put off to the next turn then does not wait for other traffic, but what it
 * sends is a write of its own (Redis 7.0 clusterSendMessage, which writes from an event, not at
 * once). */
RCS_HOT static void before_sleep(struct rcs_node *node)
{
    for (size_t looked_at = 0; end_turn(node, looked_at);) {
        rcs_effect_add(node->out, RCS_EFFECT_TURN, 0);
        if (node->dead) {
            break;
        }
        looked_at = node->out->count;
    }
    if (node->dead) {
        rcs_node_died(node);
    }
}

RCS_HOT void rcs_node_step(struct rcs_node *node, const struct rcs_event *event,
                           struct rcs_effects *out)
{
    RCS_ASSERT(!node->dead);
    set_clock(node, event->at_us);
    node->out = out;
    node->cluster.out = out;
    out->facts.level = (enum rcs_level)node->config.loglevel;
    out->facts.release = (uint8_t)rcs_node_profile(node)->release;
    node->settled = false;
    handlers[event->kind](node, event);
    /* A command that waits keeps the turn from ending. */
    if (node->dead) {
        rcs_node_died(node);
    } else if (!event->more && !rcs_migrate_waits(node)) {
        before_sleep(node);
    }
    node->out = NULL;
    node->cluster.out = NULL;
}

RCS_HOT bool rcs_node_refused(struct rcs_node *node, uint32_t link, rcs_us at_us,
                              const struct rcs_effects *out)
{
    bool logged = !out->facts.unread && node->config.loglevel <= RCS_LEVEL_VERBOSE;
    if (!node->settled || node->cluster.todo != 0 || logged) {
        return false;
    }
    set_clock(node, at_us);
    rcs_cluster_link_refused(&node->cluster, link);
    return true;
}

RCS_HOT rcs_us rcs_node_deadline(const struct rcs_node *node)
{
    rcs_us own_us = rcs_repl_deadline(node);
    if (rcs_aof_deadline(node) < own_us) {
        own_us = rcs_aof_deadline(node);
    }
    return own_us < node->next_tick_us ? own_us : node->next_tick_us;
}

/* --- reading ---------------------------------------------------------------------------------- */

const struct rcs_cluster *rcs_node_cluster(const struct rcs_node *node)
{
    return &node->cluster;
}

const struct rcs_config *rcs_node_config(const struct rcs_node *node)
{
    return &node->config;
}

bool rcs_node_is_replica(const struct rcs_node *node)
{
    return node->repl.has_master;
}

int64_t rcs_node_offset(const struct rcs_node *node)
{
    return rcs_repl_offset(node);
}

bool rcs_node_master_link_up(const struct rcs_node *node)
{
    return node->repl.has_master && node->repl.state == RCS_REPL_CONNECTED;
}

uint32_t rcs_node_pid(const struct rcs_node *node)
{
    return node->pid;
}

void rcs_node_left_on_disk(struct rcs_node *node, rcs_us at_us, bool power_lost,
                           struct rcs_saved_aof *out)
{
    rcs_aof_left(node, at_us, power_lost, out);
}

size_t rcs_node_bytes(const struct rcs_node *node)
{
    return sizeof(*node) + rcs_cluster_bytes(&node->cluster);
}

size_t rcs_node_keys(const struct rcs_node *node)
{
    return rcs_keyspace_size(node->keys);
}

const struct rcs_keyspace *rcs_node_keyspace(const struct rcs_node *node)
{
    return node->keys;
}

enum rcs_err rcs_node_configure(struct rcs_node *node, const char *name, const char *value,
                                struct rcs_diag *diag)
{
    enum rcs_err err = rcs_config_set(&node->config, name, value, diag);
    if (err == RCS_OK && node->next_tick_us != RCS_NEVER) {
        rcs_cluster_config_changed(&node->cluster);
    }
    return err;
}
