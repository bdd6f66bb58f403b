/* Commands about keys whatever they hold. */
#include <string.h>

#include "sim/keys/glob.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/help.h"
#include "sim/node/notify.h"
#include "sim/node/scan.h"

#include "sim/pure.h"

#define RANDOM_TRIES 100 /* Redis 7.0 dbRandomKey, on a replica that only has expired keys */

static struct rcs_arg key_of(const struct rcs_entry *entry)
{
    return (struct rcs_arg){ .bytes = entry->key, .size_bytes = entry->item.key_bytes };
}

static bool same_arg(const struct rcs_arg *a, const struct rcs_arg *b)
{
    return a->size_bytes == b->size_bytes &&
           (a->size_bytes == 0 || memcmp(a->bytes, b->bytes, a->size_bytes) == 0);
}

/* --- being there ------------------------------------------------------------------------------ */

static void run_del(struct rcs_call *call)
{
    unsigned deleted = 0;
    for (unsigned i = 1; i < call->argc; i++) {
        struct rcs_entry *entry = rcs_key_write(call, &call->args[i]);
        if (entry != NULL) {
            rcs_key_delete(call, entry);
            rcs_notify(call, RCS_NOTIFY_GENERIC, "del", &call->args[i]);
            deleted++;
        }
    }
    rcs_call_changed(call, deleted);
    rcs_resp_integer(call->out, deleted);
}

static void run_exists(struct rcs_call *call)
{
    unsigned count = 0;
    for (unsigned i = 1; i < call->argc; i++) {
        count += rcs_key_peek(call, &call->args[i]) != NULL;
    }
    rcs_resp_integer(call->out, count);
}

/* Also for a client in CLIENT NO-TOUCH (Redis 7.2 lookupKey). */
static void run_touch(struct rcs_call *call)
{
    unsigned count = 0;
    for (unsigned i = 1; i < call->argc; i++) {
        struct rcs_entry *entry = rcs_key_peek(call, &call->args[i]);
        if (entry != NULL) {
            entry->used_wall_ms = call->wall_ms;
            count++;
        }
    }
    rcs_resp_integer(call->out, count);
}

static void run_type(struct rcs_call *call)
{
    const struct rcs_entry *entry = rcs_key_peek(call, &call->args[1]);
    rcs_resp_status(call->out, entry == NULL ? "none" : rcs_value_type_name(entry->value));
}

static void run_encoding(struct rcs_call *call)
{
    const struct rcs_entry *entry = rcs_key_look(call, &call->args[2]);
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        rcs_resp_bulk_text(call->out, rcs_release_words(call->client->profile,
                                                        rcs_value_encoding_name(entry->value)));
    }
}

/* Small integers are shared by all keys that hold one (Redis 7.0 OBJ_SHARED_INTEGERS). */
static void run_refcount(struct rcs_call *call)
{
    const struct rcs_entry *entry = rcs_key_look(call, &call->args[2]);
    int64_t number;
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
        return;
    }
    bool shared = entry->value->type == RCS_VALUE_STRING &&
                  entry->value->encoding == RCS_ENCODING_INT && !entry->value->unshared &&
                  rcs_decimal_read(rcs_string_of(entry->value)->bytes,
                                   rcs_string_of(entry->value)->size_bytes, &number) &&
                  number >= 0 && number < 10000;
    rcs_resp_integer(call->out, shared ? INT32_MAX : 1);
}

static void run_idletime(struct rcs_call *call)
{
    const struct rcs_entry *entry = rcs_key_look(call, &call->args[2]);
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        rcs_resp_integer(call->out, rcs_key_idle_ms(call->node, entry) / 1000);
    }
}

static void run_freq(struct rcs_call *call)
{
    if (rcs_key_look(call, &call->args[2]) == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        rcs_refuse(call->client,
                   "An LFU maxmemory policy is not selected, access frequency not tracked. Please "
                   "note that when switching between policies at runtime LRU and LFU data will "
                   "take some time to adjust.");
    }
}

static void run_dbsize(struct rcs_call *call)
{
    rcs_resp_integer(call->out, (int64_t)rcs_keyspace_size(call->node->keys));
}

/* --- moving within the node ------------------------------------------------------------------- */

/* The value of `from` under another name, expiry included; what stood there is gone. */
static void put_under(struct rcs_call *call, const struct rcs_arg *to, struct rcs_value *value,
                      int64_t expire_ms)
{
    struct rcs_entry *old = rcs_key_write(call, to);
    if (old != NULL) {
        rcs_key_delete(call, old);
    }
    struct rcs_entry *entry = rcs_key_set(call, to, value, false);
    rcs_keyspace_expire(call->node->keys, entry, expire_ms);
}

static void rename_key(struct rcs_call *call, bool only_if_new)
{
    const struct rcs_arg *from = &call->args[1], *to = &call->args[2];
    struct rcs_entry *entry = rcs_key_write(call, from);
    if (entry == NULL) {
        rcs_refuse(call->client, "no such key");
        return;
    }
    bool same = same_arg(from, to);
    if (only_if_new && (same || rcs_key_write(call, to) != NULL)) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    if (!same) {
        struct rcs_value *value = rcs_value_retain(entry->value);
        int64_t expire_ms = entry->expire_ms;
        rcs_key_delete(call, entry);
        put_under(call, to, value, expire_ms);
        rcs_notify(call, RCS_NOTIFY_GENERIC, "rename_from", from);
        rcs_notify(call, RCS_NOTIFY_GENERIC, "rename_to", to);
        rcs_call_changed(call, 1);
    }
    if (only_if_new) {
        rcs_resp_integer(call->out, 1);
    } else {
        rcs_reply_ok(call->client);
    }
}

static void run_rename(struct rcs_call *call)
{
    rename_key(call, false);
}

static void run_renamenx(struct rcs_call *call)
{
    rename_key(call, true);
}

/* False: an error was replied. There is one database. */
static bool copy_options(struct rcs_call *call, bool *replace)
{
    int64_t database = 0;
    for (unsigned i = 3; i < call->argc; i++) {
        if (rcs_arg_is(&call->args[i], "replace")) {
            *replace = true;
        } else if (rcs_arg_is(&call->args[i], "db") && i + 1 < call->argc) {
            if (!rcs_arg_range_or_refuse(call->client, &call->args[++i], INT32_MIN, INT32_MAX, NULL,
                                         &database)) {
                return false;
            }
            if (database < 0 || database > 15) {
                rcs_refuse(call->client, "DB index is out of range");
                return false;
            }
        } else {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
    }
    if (database != 0) {
        rcs_refuse(call->client, "Copying to another database is not allowed in cluster mode");
        return false;
    }
    if (same_arg(&call->args[1], &call->args[2])) {
        rcs_refuse(call->client, "source and destination objects are the same");
        return false;
    }
    return true;
}

static void run_copy(struct rcs_call *call)
{
    bool replace = false;
    if (!copy_options(call, &replace)) {
        return;
    }
    const struct rcs_entry *entry = rcs_key_read(call, &call->args[1]);
    if (entry == NULL || (!replace && rcs_key_write(call, &call->args[2]) != NULL)) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    bool integer = entry->value->encoding == RCS_ENCODING_INT;
    put_under(call, &call->args[2],
              integer ? rcs_string_dup(entry->value) : rcs_value_retain(entry->value),
              entry->expire_ms);
    rcs_notify(call, RCS_NOTIFY_GENERIC, "copy_to", &call->args[2]);
    rcs_call_changed(call, 1);
    rcs_resp_integer(call->out, 1);
}

/* --- listing ---------------------------------------------------------------------------------- */

static void run_keys(struct rcs_call *call)
{
    const struct rcs_arg *pattern = &call->args[1];
    const struct rcs_entry *entry;
    struct rcs_buf names;
    size_t count = 0;
    rcs_buf_init(&names);
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(call->node->keys, &cursor)) != NULL;) {
        if (!rcs_entry_expired(entry, call->wall_ms) &&
            rcs_glob_matches(pattern->bytes, pattern->size_bytes, entry->key, entry->item.key_bytes,
                             false)) {
            rcs_resp_bulk(&names, entry->key, entry->item.key_bytes);
            count++;
        }
    }
    rcs_resp_array(call->out, count);
    rcs_buf_add(call->out, names.data, names.size_bytes);
    rcs_buf_close(&names);
}

static void run_scan(struct rcs_call *call)
{
    struct rcs_scan scan;
    if (!rcs_scan_cursor_or_refuse(call, &call->args[1], &scan.cursor) ||
        !rcs_scan_options_or_refuse(call, 2, true, &scan)) {
        return;
    }
    struct rcs_keyspace *keys = call->node->keys;
    struct rcs_buf names;
    size_t count = 0;
    rcs_buf_init(&names);
    for (int64_t seen = 0; seen < scan.count; seen++) {
        const struct rcs_entry *entry = rcs_keyspace_next(keys, &scan.cursor);
        if (entry == NULL) {
            break;
        }
        struct rcs_arg key = key_of(entry);
        if (!rcs_scan_matches(&scan, key.bytes, key.size_bytes) ||
            (scan.type != NULL && !rcs_arg_is(scan.type, rcs_value_type_name(entry->value))) ||
            rcs_key_write(call, &key) == NULL) {
            continue;
        }
        rcs_resp_bulk(&names, key.bytes, key.size_bytes);
        count++;
    }
    uint64_t peek = scan.cursor;
    bool more = rcs_keyspace_next(keys, &peek) != NULL;
    rcs_scan_reply(call, more ? scan.cursor : 0, &names, count);
    rcs_buf_close(&names);
}

static void run_randomkey(struct rcs_call *call)
{
    struct rcs_node *node = call->node;
    struct rcs_entry *entry;
    int tries = 0;
    while ((entry = rcs_keyspace_any(node->keys, &node->key_choice)) != NULL) {
        struct rcs_arg key = key_of(entry);
        if (!rcs_entry_expired(entry, call->wall_ms) || ++tries >= RANDOM_TRIES) {
            rcs_resp_bulk(call->out, key.bytes, key.size_bytes);
            return;
        }
        rcs_key_write(call, &key); /* a master deletes it */
    }
    rcs_resp_nil(call->out, call->resp3);
}

/* --- all keys --------------------------------------------------------------------------------- */

static bool flush_options_fit(struct rcs_call *call)
{
    bool fits = call->argc == 1 || (call->argc == 2 && (rcs_arg_is(&call->args[1], "sync") ||
                                                        rcs_arg_is(&call->args[1], "async")));
    if (!fits) {
        rcs_refuse(call->client, "syntax error");
    }
    return fits;
}

/* Replicated even if there was nothing to delete. */
static bool flush(struct rcs_call *call)
{
    if (!flush_options_fit(call)) {
        return false;
    }
    rcs_keys_flushed(call->node);
    rcs_call_changed(call, rcs_keyspace_flush(call->node->keys));
    rcs_call_replicate(call, call->argc, call->args);
    rcs_reply_ok(call->client);
    return true;
}

static void run_flushdb(struct rcs_call *call)
{
    flush(call);
}

static void run_flushall(struct rcs_call *call)
{
    if (flush(call)) {
        rcs_persistence_flushed(call->node);
    }
}

/* clang-format off */
#define EVERY_SHARD "request_policy:multi_shard response_policy:agg_sum"
#define EVERY_SHARD_OK "request_policy:all_shards response_policy:all_succeeded"
#define KEYSPACE CATEGORY(KEYSPACE)
#define OBJECT READONLY, KEYSPACE, ONE_KEY(2, RO), "nondeterministic_output", NULL
static const struct rcs_command object_subcommands[] = {
    { "encoding", run_encoding, 3, OBJECT },
    { "freq", run_freq, 3, OBJECT },
    { "help", rcs_run_help, 2, LOADING | STALE, KEYSPACE, NO_KEYS, NULL, NULL },
    { "idletime", run_idletime, 3, OBJECT },
    { "refcount", run_refcount, 3, OBJECT },
    END_OF_COMMANDS
};

const struct rcs_command rcs_key_commands[] = {
    { "copy", run_copy, -3, WRITE | DENYOOM, KEYSPACE, TWO_KEYS(RO | ACCESS, OW | UPDATE), NULL,
      NULL },
    { "dbsize", run_dbsize, 1, READONLY | FAST, KEYSPACE, NO_KEYS,
      "request_policy:all_shards response_policy:agg_sum", NULL },
    { "del", run_del, -2, WRITE, KEYSPACE, ALL_KEYS(1, 1, RM | DELETE), EVERY_SHARD, NULL },
    { "exists", run_exists, -2, READONLY | FAST, KEYSPACE, ALL_KEYS(1, 1, RO), EVERY_SHARD, NULL },
    { "flushall", run_flushall, -1, WRITE, KEYSPACE | CATEGORY(DANGEROUS), NO_KEYS, EVERY_SHARD_OK,
      NULL },
    { "flushdb", run_flushdb, -1, WRITE, KEYSPACE | CATEGORY(DANGEROUS), NO_KEYS, EVERY_SHARD_OK,
      NULL },
    { "keys", run_keys, 2, READONLY, KEYSPACE | CATEGORY(DANGEROUS), NO_KEYS,
      "request_policy:all_shards nondeterministic_output_order", NULL },
    { "object", NULL, -2, 0, 0, NO_KEYS, NULL, object_subcommands },
    { "randomkey", run_randomkey, 1, READONLY | ARBITRARY_KEYS, KEYSPACE, NO_KEYS,
      "request_policy:all_shards nondeterministic_output", NULL },
    { "rename", run_rename, 3, WRITE, KEYSPACE, TWO_KEYS(RW | ACCESS | DELETE, OW | UPDATE), NULL,
      NULL },
    { "renamenx", run_renamenx, 3, WRITE | FAST, KEYSPACE,
      TWO_KEYS(RW | ACCESS | DELETE, OW | INSERT), NULL, NULL },
    { "scan", run_scan, -2, READONLY | ARBITRARY_KEYS, KEYSPACE, NO_KEYS,
      "nondeterministic_output request_policy:special", NULL },
    { "touch", run_touch, -2, READONLY | FAST, KEYSPACE, ALL_KEYS(1, 1, RO), EVERY_SHARD, NULL },
    { "type", run_type, 2, READONLY | FAST, KEYSPACE, ONE_KEY(1, RO), NULL, NULL },
    { "unlink", run_del, -2, WRITE | FAST, KEYSPACE, ALL_KEYS(1, 1, RM | DELETE), EVERY_SHARD,
      NULL },
    END_OF_COMMANDS
};
/* clang-format on */
