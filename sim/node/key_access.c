/* Keys as commands see them: with expiry decided, watchers told, hits counted. */
#include "sim/node/blocked.h"
#include "sim/node/notify.h"
#include "sim/node/tracking.h"

#include "sim/pure.h"

static struct rcs_arg key_of(const struct rcs_entry *entry)
{
    return (struct rcs_arg){ .bytes = entry->key, .size_bytes = entry->item.key_bytes };
}

static void delete_expired(struct rcs_node *node, struct rcs_entry *entry)
{
    struct rcs_arg key = key_of(entry);
    rcs_call_replicate_del(node, &key, false);
    if (node->clients.watching > 0) {
        rcs_transaction_touch(node, entry->key, entry->item.key_bytes, true);
    }
    if (node->tracking != NULL) {
        rcs_tracking_changed(node, entry->key, entry->item.key_bytes);
    }
    rcs_notify_key(node, RCS_NOTIFY_EXPIRED, "expired", entry->key, entry->item.key_bytes);
    rcs_keyspace_remove(node->keys, entry);
    node->stat_expired++;
}

/* Redis 7.0 expireIfNeeded. A replica hides what has expired and waits for its master's DEL, which
 * sees the key whatever the clock says; a writable replica that is to write does delete. */
static struct rcs_entry *find_alive(struct rcs_call *call, const struct rcs_arg *key, bool to_write)
{
    struct rcs_node *node = call->node;
    struct rcs_entry *entry = rcs_keyspace_find(node->keys, key->bytes, key->size_bytes);
    if (entry == NULL || !rcs_entry_expired(entry, call->wall_ms)) {
        return entry;
    }
    if (node->repl.has_master) {
        if ((call->client->flags & RCS_CLIENT_MASTER) != 0) {
            return entry;
        }
        if (!to_write || node->config.replica_read_only) {
            return NULL;
        }
    }
    if (!rcs_clients_paused(node)) {
        delete_expired(node, entry);
    }
    return NULL;
}

struct rcs_entry *rcs_key_look(struct rcs_call *call, const struct rcs_arg *key)
{
    struct rcs_entry *entry = find_alive(call, key, false);
    if (entry != NULL) {
        call->node->stat_keyspace_hits++;
    } else {
        call->node->stat_keyspace_misses++;
    }
    return entry;
}

struct rcs_entry *rcs_key_peek(struct rcs_call *call, const struct rcs_arg *key)
{
    struct rcs_entry *entry = rcs_key_look(call, key);
    if (entry == NULL) {
        rcs_notify(call, RCS_NOTIFY_KEY_MISS, "keymiss", key);
    }
    return entry;
}

/* Redis 7.2 lookupKey: a script's commands are those of the client that runs it. */
static void use(const struct rcs_call *call, struct rcs_entry *entry)
{
    const struct rcs_client *current = call->node->clients.current;
    if (current == NULL || (current->flags & RCS_CLIENT_NO_TOUCH) == 0) {
        entry->used_wall_ms = call->wall_ms;
    }
}

struct rcs_entry *rcs_key_read(struct rcs_call *call, const struct rcs_arg *key)
{
    struct rcs_entry *entry = rcs_key_peek(call, key);
    if (entry != NULL) {
        use(call, entry);
    }
    return entry;
}

struct rcs_entry *rcs_key_write(struct rcs_call *call, const struct rcs_arg *key)
{
    struct rcs_entry *entry = find_alive(call, key, true);
    if (entry != NULL) {
        use(call, entry);
    }
    return entry;
}

/* A key that came with a data set counts as used when the process began. */
int64_t rcs_key_idle_ms(const struct rcs_node *node, const struct rcs_entry *entry)
{
    int64_t since_ms = entry->used_wall_ms == 0 ? node->started_wall_ms : entry->used_wall_ms;
    return rcs_node_wall_ms(node) - since_ms;
}

void rcs_refuse_type(struct rcs_call *call)
{
    rcs_refuse(call->client, "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

static bool of_type(struct rcs_call *call, const struct rcs_entry *entry, enum rcs_value_type type)
{
    if (entry != NULL && entry->value->type != type) {
        rcs_refuse_type(call);
        return false;
    }
    return true;
}

bool rcs_key_read_of(struct rcs_call *call, const struct rcs_arg *key, enum rcs_value_type type,
                     struct rcs_entry **out)
{
    *out = rcs_key_read(call, key);
    return of_type(call, *out, type);
}

bool rcs_key_write_of(struct rcs_call *call, const struct rcs_arg *key, enum rcs_value_type type,
                      struct rcs_entry **out)
{
    *out = rcs_key_write(call, key);
    return of_type(call, *out, type);
}

/* During a pause an expired key may still be there when a new value comes; it is overwritten. */
struct rcs_entry *rcs_key_set(struct rcs_call *call, const struct rcs_arg *key,
                              struct rcs_value *value, bool keep_expiry)
{
    struct rcs_keyspace *keys = call->node->keys;
    rcs_key_write(call, key);
    struct rcs_entry *entry = rcs_keyspace_find(keys, key->bytes, key->size_bytes);
    if (entry == NULL) {
        entry = rcs_keyspace_add(keys, key->bytes, key->size_bytes, value);
        if (call->node->clients.awaited.count > 0) {
            rcs_blocked_key_added(call->node, entry);
        }
        rcs_notify(call, RCS_NOTIFY_NEW, "new", key);
    } else {
        rcs_keyspace_replace(keys, entry, value);
    }
    entry->used_wall_ms = call->wall_ms;
    if (!keep_expiry) {
        rcs_keyspace_expire(keys, entry, RCS_NO_EXPIRE);
    }
    rcs_key_modified(call->node, key->bytes, key->size_bytes);
    return entry;
}

void rcs_key_delete(struct rcs_call *call, struct rcs_entry *entry)
{
    rcs_key_modified(call->node, entry->key, entry->item.key_bytes);
    rcs_keyspace_remove(call->node->keys, entry);
}

void rcs_key_modified(struct rcs_node *node, const void *key, size_t key_bytes)
{
    if (node->clients.watching > 0) {
        rcs_transaction_touch(node, key, key_bytes, false);
    }
    if (node->tracking != NULL) {
        rcs_tracking_changed(node, key, key_bytes);
    }
}

bool rcs_key_present(const struct rcs_node *node, const struct rcs_arg *key)
{
    const struct rcs_entry *entry = rcs_keyspace_find(node->keys, key->bytes, key->size_bytes);
    return entry != NULL && !rcs_entry_expired(entry, rcs_node_wall_ms(node));
}

/* A real server draws samples and stops when few of them have expired; with less than some twenty
 * keys that expire that is all of them, and all of them it is here. */
void rcs_key_expire_cycle(struct rcs_node *node)
{
    if (node->repl.has_master || node->passive_expire || rcs_clients_paused(node)) {
        return;
    }
    struct rcs_entry *entry;
    while ((entry = rcs_keyspace_first_expired(node->keys, rcs_node_wall_ms(node))) != NULL) {
        delete_expired(node, entry);
    }
    rcs_call_propagate(node, false);
}

void rcs_keys_flushed(struct rcs_node *node)
{
    if (node->clients.watching > 0) {
        rcs_transaction_flushed(node);
    }
    if (node->tracking != NULL) {
        rcs_tracking_flushed(node);
    }
}
