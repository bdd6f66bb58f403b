/* MEMORY, and the limit `maxmemory`. */
#include "sim/node/memory.h"

#include <stdlib.h>
#include <string.h>

#include "sim/keys/dump.h"
#include "sim/node/backlog.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/help.h"
#include "sim/node/notify.h"
#include "sim/node/stats.h"

#include "sim/pure.h"

/* Redis 7.0: dictEntry with the cluster's two pointers, robj, and the head of an sds. */
#define DICT_ENTRY_BYTES 40
#define OBJECT_BYTES     16
#define TABLE_SLOT_BYTES 8
#define EXPIRE_BYTES     24

/* Sizes as jemalloc rounds them: multiples of 8, of 16 from 128, and so on: an eighth of the power
 * of two below. */
static int64_t rounded(int64_t bytes)
{
    int64_t step = 8;
    while (step * 8 < bytes) {
        step *= 2;
    }
    return (bytes + step - 1) / step * step;
}

static int64_t text_bytes(int64_t length)
{
    int64_t head = length < 32 ? 1 : length < 256 ? 3 : length < 65536 ? 5 : 9;
    return rounded(length + head + 1);
}

static int64_t value_bytes(const struct rcs_value *value)
{
    if (value->type == RCS_VALUE_STRING) {
        switch (value->encoding) {
        case RCS_ENCODING_INT:
            return OBJECT_BYTES;
        case RCS_ENCODING_EMBSTR:
            return rounded(OBJECT_BYTES + 3 + 1 + (int64_t)rcs_string_of(value)->size_bytes);
        default:
            return OBJECT_BYTES + text_bytes(rcs_string_of(value)->size_bytes);
        }
    }
    return OBJECT_BYTES + rounded(2 * (int64_t)rcs_value_rdb_bytes(value));
}

int64_t rcs_memory_of_key(const struct rcs_entry *entry)
{
    return value_bytes(entry->value) + text_bytes(entry->item.key_bytes) + DICT_ENTRY_BYTES;
}

/* The table doubles as it fills. */
static int64_t table_bytes(size_t count)
{
    int64_t slots = count == 0 ? 0 : 4;
    while (slots < (int64_t)count) {
        slots *= 2;
    }
    return slots * TABLE_SLOT_BYTES;
}

static int64_t of_entries(const struct rcs_keyspace *keys)
{
    int64_t bytes = 0;
    const struct rcs_entry *entry;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(keys, &cursor)) != NULL;) {
        bytes += rcs_memory_of_key(entry);
    }
    return bytes;
}

int64_t rcs_memory_of_keys(const struct rcs_node *node)
{
    size_t count = rcs_keyspace_size(node->keys), expires = rcs_keyspace_expires(node->keys);
    int64_t entries = rcs_memory_limited(node) ? rcs_keyspace_weight(node->keys, rcs_memory_of_key)
                                               : of_entries(node->keys);
    return entries + table_bytes(count) + table_bytes(expires) + (int64_t)expires * EXPIRE_BYTES;
}

int64_t rcs_memory_used(struct rcs_node *node, int64_t of_keys)
{
    int64_t backlog =
        node->repl.backlog == NULL ? 0 : (int64_t)rcs_backlog_length(node->repl.backlog);
    int64_t used =
        RCS_MEMORY_STARTUP + of_keys + backlog + RCS_MEMORY_CLIENT * (int64_t)node->clients.count;
    if (used > node->stats.peak_memory_bytes) {
        node->stats.peak_memory_bytes = used;
    }
    return used;
}

void rcs_memory_configured(struct rcs_node *node)
{
    if (!rcs_memory_limited(node)) {
        rcs_keyspace_forget_weight(node->keys);
    }
}

/* --- eviction --------------------------------------------------------------------------------- */

/* Backlog and replicas are not what a client could have less of. */
static int64_t counted(struct rcs_node *node)
{
    return RCS_MEMORY_STARTUP + rcs_memory_of_keys(node) +
           RCS_MEMORY_CLIENT * (int64_t)(node->clients.count - node->repl.replica_count);
}

/* The key with the earliest expiry; ties by their order of insertion. */
static struct rcs_entry *soonest(const struct rcs_node *node)
{
    struct rcs_entry *entry, *best = NULL;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(node->keys, &cursor)) != NULL;) {
        if (entry->expire_ms != RCS_NO_EXPIRE &&
            (best == NULL || entry->expire_ms < best->expire_ms)) {
            best = entry;
        }
    }
    return best;
}

/* One of the keys with an expiry, all alike likely. */
static struct rcs_entry *any_volatile(struct rcs_node *node)
{
    size_t left = rcs_keyspace_expires(node->keys);
    if (left == 0) {
        return NULL;
    }
    left = (size_t)rcs_rand_between(&node->key_choice, 0, (int64_t)left - 1);
    struct rcs_entry *entry;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(node->keys, &cursor)) != NULL;) {
        if (entry->expire_ms != RCS_NO_EXPIRE && left-- == 0) {
            return entry;
        }
    }
    return NULL;
}

/* The key that nobody has used for the longest time; ties by their order of insertion. A real
 * server takes the best of maxmemory-samples. */
static struct rcs_entry *least_used(const struct rcs_node *node, bool with_expiry)
{
    struct rcs_entry *entry, *best = NULL;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(node->keys, &cursor)) != NULL;) {
        if ((!with_expiry || entry->expire_ms != RCS_NO_EXPIRE) &&
            (best == NULL || entry->used_wall_ms < best->used_wall_ms)) {
            best = entry;
        }
    }
    return best;
}

static struct rcs_entry *victim(struct rcs_node *node)
{
    switch ((enum rcs_eviction)node->config.maxmemory_policy) {
    case RCS_EVICT_ALLKEYS_RANDOM:
        return rcs_keyspace_any(node->keys, &node->key_choice);
    case RCS_EVICT_VOLATILE_RANDOM:
        return any_volatile(node);
    case RCS_EVICT_VOLATILE_TTL:
        return soonest(node);
    case RCS_EVICT_VOLATILE_LRU:
        return least_used(node, true);
    case RCS_EVICT_ALLKEYS_LRU:
        return least_used(node, false);
    case RCS_EVICT_NONE:
    case RCS_EVICT_VOLATILE_LFU: /* refused by CONFIG SET */
    case RCS_EVICT_ALLKEYS_LFU:
        break;
    }
    return NULL;
}

bool rcs_memory_make_room(struct rcs_node *node)
{
    if (node->repl.has_master && node->config.replica_ignore_maxmemory) {
        return true;
    }
    while (counted(node) > node->config.maxmemory_bytes) {
        struct rcs_entry *entry = rcs_clients_paused(node) ? NULL : victim(node);
        if (entry == NULL) {
            return false;
        }
        struct rcs_arg key = { entry->key, entry->item.key_bytes };
        rcs_call_replicate_del(node, &key, node->config.kept[RCS_KEPT_LAZYFREE_EVICTION].yes);
        rcs_key_modified(node, entry->key, entry->item.key_bytes);
        rcs_notify_key(node, RCS_NOTIFY_EVICTED, "evicted", entry->key, entry->item.key_bytes);
        rcs_keyspace_remove(node->keys, entry);
        node->stats.evicted_keys++;
        rcs_call_propagate(node, false);
    }
    return true;
}

/* --- the command ------------------------------------------------------------------------------ */

static void run_usage(struct rcs_call *call)
{
    for (unsigned i = 3; i < call->argc; i += 2) {
        int64_t samples; /* all elements count here */
        if (!rcs_arg_is(&call->args[i], "samples") || i + 1 == call->argc) {
            rcs_refuse(call->client, "syntax error");
            return;
        }
        if (!rcs_arg_i64_or_refuse(call->client, &call->args[i + 1], &samples)) {
            return;
        }
        if (samples < 0) {
            rcs_refuse(call->client, "syntax error");
            return;
        }
    }
    const struct rcs_entry *entry =
        rcs_keyspace_find(call->node->keys, call->args[2].bytes, call->args[2].size_bytes);
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        rcs_resp_integer(call->out, rcs_memory_of_key(entry));
    }
}

static void add_number(struct rcs_call *call, const char *name, int64_t value)
{
    rcs_resp_bulk_text(call->out, name);
    rcs_resp_integer(call->out, value);
}

static void add_ratio(struct rcs_call *call, const char *name, double value)
{
    rcs_resp_bulk_text(call->out, name);
    rcs_resp_double(call->out, value, call->resp3);
}

/* Fields and order of Redis 7.0; what an allocator would add is none. */
static void run_stats(struct rcs_call *call)
{
    struct rcs_node *node = call->node;
    int64_t used = rcs_memory_used(node, rcs_memory_of_keys(node));
    int64_t keys = (int64_t)rcs_keyspace_size(node->keys);
    int64_t backlog =
        node->repl.backlog == NULL ? 0 : (int64_t)rcs_backlog_length(node->repl.backlog);
    int64_t replicas = RCS_MEMORY_CLIENT * (int64_t)node->repl.replica_count;
    int64_t normal = RCS_MEMORY_CLIENT * (int64_t)node->clients.count - replicas;
    int64_t main = table_bytes((size_t)keys) + keys * (DICT_ENTRY_BYTES + OBJECT_BYTES);
    int64_t expires = table_bytes(rcs_keyspace_expires(node->keys)) +
                      (int64_t)rcs_keyspace_expires(node->keys) * EXPIRE_BYTES;
    int64_t overhead = RCS_MEMORY_STARTUP + backlog + replicas + normal + main + expires;
    int64_t dataset = used - overhead, peak = node->stats.peak_memory_bytes;
    rcs_resp_map(call->out, keys > 0 ? 28 : 27, call->resp3);
    add_number(call, "peak.allocated", peak);
    add_number(call, "total.allocated", used);
    add_number(call, "startup.allocated", RCS_MEMORY_STARTUP);
    add_number(call, "replication.backlog", backlog);
    add_number(call, "clients.slaves", replicas);
    add_number(call, "clients.normal", normal);
    add_number(call, "cluster.links", 0);
    add_number(call, "aof.buffer", 0);
    add_number(call, "lua.caches", 0);
    add_number(call, "functions.caches", 0);
    if (keys > 0) {
        rcs_resp_bulk_text(call->out, "db.0");
        rcs_resp_map(call->out, 3, call->resp3);
        add_number(call, "overhead.hashtable.main", main);
        add_number(call, "overhead.hashtable.expires", expires);
        add_number(call, "overhead.hashtable.slot-to-keys", 0);
    }
    add_number(call, "overhead.total", overhead);
    add_number(call, "keys.count", keys);
    add_number(call, "keys.bytes-per-key", keys == 0 ? 0 : (used - RCS_MEMORY_STARTUP) / keys);
    add_number(call, "dataset.bytes", dataset);
    add_ratio(call, "dataset.percentage",
              used == RCS_MEMORY_STARTUP
                  ? 0
                  : (double)dataset * 100 / (double)(used - RCS_MEMORY_STARTUP));
    add_ratio(call, "peak.percentage", (double)used * 100 / (double)peak);
    add_number(call, "allocator.allocated", used);
    add_number(call, "allocator.active", used);
    add_number(call, "allocator.resident", used);
    add_ratio(call, "allocator-fragmentation.ratio", 1);
    add_number(call, "allocator-fragmentation.bytes", 0);
    add_ratio(call, "allocator-rss.ratio", 1);
    add_number(call, "allocator-rss.bytes", 0);
    add_ratio(call, "rss-overhead.ratio", 1);
    add_number(call, "rss-overhead.bytes", 0);
    add_ratio(call, "fragmentation", 1);
    add_number(call, "fragmentation.bytes", 0);
}

/* Redis 7.0 getMemoryDoctorReport of a server under 5 MB, or with nothing wrong: there is no
 * fragmentation here. */
static void run_doctor(struct rcs_call *call)
{
    static const char empty[] =
        "Hi Sam, this instance is empty or is using very little memory, my issues detector can't "
        "be used in these conditions. Please, leave for your mission on Earth and fill it with "
        "some data. The new Sam and I will be back to our programming as soon as I finished "
        "rebooting.\n";
    static const char fine[] =
        "Hi Sam, I can't find any memory issue in your instance. I can only account for what "
        "occurs on this base.\n";
    int64_t used = rcs_memory_used(call->node, rcs_memory_of_keys(call->node));
    const char *text = used < 1024 * 1024 * 5 ? empty : fine;
    rcs_resp_verbatim(call->out, text, strlen(text), call->resp3);
}

static void run_malloc_stats(struct rcs_call *call)
{
    rcs_resp_bulk_text(call->out, "Stats not supported for the current allocator");
}

static void run_purge(struct rcs_call *call)
{
    rcs_reply_ok(call->client);
}

/* clang-format off */
#define OF_SHARDS "nondeterministic_output request_policy:all_shards response_policy:special"
static const struct rcs_command subcommands[] = {
    { "doctor", run_doctor, 2, 0, 0, NO_KEYS, OF_SHARDS, NULL },
    { "help", rcs_run_help, 2, LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "malloc-stats", run_malloc_stats, 2, 0, 0, NO_KEYS, OF_SHARDS, NULL },
    { "purge", run_purge, 2, 0, 0, NO_KEYS, "request_policy:all_shards response_policy:all_succeeded", NULL },
    { "stats", run_stats, 2, 0, 0, NO_KEYS, OF_SHARDS, NULL },
    { "usage", run_usage, -3, READONLY, 0, ONE_KEY(2, RO), NULL, NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_memory_commands[] = {
    { "memory", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
