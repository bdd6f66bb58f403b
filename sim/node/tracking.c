/* Which client read which key, and what they are told. */
#include "sim/node/tracking.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/node/tracking_parts.h"

#include "sim/pure.h"

/* A key that somebody has read. */
struct tracked {
    struct tracked *hash_next, *previous, *next; /* in the order they were first read */
    uint64_t hash;
    uint64_t *ids; /* of clients, ascending */
    unsigned count, room;
    uint32_t key_bytes;
    char key[];
};

/* A key that was changed, and by whom last. */
struct change {
    struct rcs_buf key;
    const struct rcs_client *by; /* compared only; NULL: by nobody */
};

/* A prefix that somebody listens to. */
struct prefix {
    struct rcs_buf name;
    struct rcs_client **clients; /* in the order they came */
    unsigned client_count, client_room;
    struct change *changes; /* ascending; told at the end of the turn */
    unsigned change_count, change_room;
};

struct rcs_tracking {
    struct tracked **buckets;
    size_t bucket_count, keys, items;
    struct tracked *first, *last;
    struct prefix *prefixes; /* ascending */
    unsigned prefix_count, prefix_room;
    unsigned clients;
    bool changes; /* some prefix has any */
    /* of the client whose command runs, told behind its reply */
    struct rcs_names own;
    bool own_flush;
};

/* --- names ------------------------------------------------------------------------------------ */

static int compare(const struct rcs_buf *name, const void *bytes, size_t size_bytes)
{
    size_t least = name->size_bytes < size_bytes ? name->size_bytes : size_bytes;
    int order = least == 0 ? 0 : memcmp(name->data, bytes, least);
    return order != 0 ? order : (name->size_bytes > size_bytes) - (name->size_bytes < size_bytes);
}

static void *grow(void *list, unsigned count, unsigned *room, size_t size)
{
    if (count < *room) {
        return list;
    }
    *room = *room == 0 ? 4 : *room * 2;
    list = realloc(list, *room * size);
    RCS_ASSERT(list != NULL);
    return list;
}

static void name_set(struct rcs_buf *name, const void *bytes, size_t size_bytes)
{
    rcs_buf_init(name);
    rcs_buf_add(name, bytes, size_bytes);
}

static void names_add(struct rcs_names *names, unsigned at, const void *bytes, size_t size_bytes)
{
    names->list = grow(names->list, names->count, &names->room, sizeof(names->list[0]));
    memmove(&names->list[at + 1], &names->list[at], (names->count++ - at) * sizeof(names->list[0]));
    name_set(&names->list[at], bytes, size_bytes);
}

static void names_clear(struct rcs_names *names)
{
    while (names->count > 0) {
        rcs_buf_close(&names->list[--names->count]);
    }
}

static void names_close(struct rcs_names *names)
{
    names_clear(names);
    free(names->list);
    *names = (struct rcs_names){ 0 };
}

/* --- keys that were read ---------------------------------------------------------------------- */

struct rcs_tracking *rcs_tracking_new(void)
{
    struct rcs_tracking *tracking = calloc(1, sizeof(*tracking));
    RCS_ASSERT(tracking != NULL);
    tracking->bucket_count = 16;
    tracking->buckets = calloc(tracking->bucket_count, sizeof(tracking->buckets[0]));
    RCS_ASSERT(tracking->buckets != NULL);
    return tracking;
}

static struct tracked **place_of(const struct rcs_tracking *tracking, uint64_t hash,
                                 const void *key, size_t key_bytes)
{
    struct tracked **at = &tracking->buckets[hash & (tracking->bucket_count - 1)];
    while (*at != NULL && ((*at)->hash != hash || (*at)->key_bytes != key_bytes ||
                           (key_bytes > 0 && memcmp((*at)->key, key, key_bytes) != 0))) {
        at = &(*at)->hash_next;
    }
    return at;
}

static void grow_table(struct rcs_tracking *tracking)
{
    tracking->bucket_count *= 2;
    free(tracking->buckets);
    tracking->buckets = calloc(tracking->bucket_count, sizeof(tracking->buckets[0]));
    RCS_ASSERT(tracking->buckets != NULL);
    for (struct tracked *key = tracking->first; key != NULL; key = key->next) {
        struct tracked **at = &tracking->buckets[key->hash & (tracking->bucket_count - 1)];
        key->hash_next = *at;
        *at = key;
    }
}

static struct tracked *find_or_add(struct rcs_tracking *tracking, const struct rcs_arg *name)
{
    uint64_t hash = XXH3_64bits(name->bytes, name->size_bytes);
    struct tracked **at = place_of(tracking, hash, name->bytes, name->size_bytes);
    if (*at != NULL) {
        return *at;
    }
    struct tracked *key = calloc(1, sizeof(*key) + name->size_bytes);
    RCS_ASSERT(key != NULL);
    key->hash = hash;
    key->key_bytes = name->size_bytes;
    if (name->size_bytes > 0) {
        memcpy(key->key, name->bytes, name->size_bytes);
    }
    key->previous = tracking->last;
    *(tracking->last == NULL ? &tracking->first : &tracking->last->next) = key;
    tracking->last = key;
    *at = key;
    if (++tracking->keys > tracking->bucket_count) {
        grow_table(tracking);
    }
    return key;
}

static void forget(struct rcs_tracking *tracking, struct tracked *key)
{
    struct tracked **at = place_of(tracking, key->hash, key->key, key->key_bytes);
    RCS_ASSERT(*at == key);
    *at = key->hash_next;
    *(key->previous == NULL ? &tracking->first : &key->previous->next) = key->next;
    *(key->next == NULL ? &tracking->last : &key->next->previous) = key->previous;
    tracking->keys--;
    tracking->items -= key->count;
    free(key->ids);
    free(key);
}

static void add_id(struct rcs_tracking *tracking, struct tracked *key, uint64_t id)
{
    unsigned at = key->count;
    while (at > 0 && key->ids[at - 1] >= id) {
        if (key->ids[--at] == id) {
            return;
        }
    }
    key->ids = grow(key->ids, key->count, &key->room, sizeof(key->ids[0]));
    memmove(&key->ids[at + 1], &key->ids[at], (key->count++ - at) * sizeof(key->ids[0]));
    key->ids[at] = id;
    tracking->items++;
}

void rcs_tracking_read(struct rcs_call *call)
{
    unsigned flags = call->client->track->flags;
    bool caching = (flags & RCS_TRACK_CACHING) != 0;
    if ((flags & RCS_TRACK_BCAST) != 0 || ((flags & RCS_TRACK_OPTIN) != 0 && !caching) ||
        ((flags & RCS_TRACK_OPTOUT) != 0 && caching) ||
        (call->command->flags & RCS_COMMAND_PUBSUB) != 0) {
        return;
    }
    unsigned few[16], *positions = few;
    unsigned count = rcs_command_keys(call->command, call->argc, call->args, few, 16);
    if (count > 16) {
        positions = malloc(count * sizeof(positions[0]));
        RCS_ASSERT(positions != NULL);
        rcs_command_keys(call->command, call->argc, call->args, positions, count);
    }
    for (unsigned i = 0; i < count; i++) {
        struct rcs_tracking *tracking = call->node->tracking;
        add_id(tracking, find_or_add(tracking, &call->args[positions[i]]), call->client->id);
    }
    if (positions != few) {
        free(positions);
    }
}

/* --- prefixes --------------------------------------------------------------------------------- */

void rcs_tracking_add_prefix(struct rcs_node *node, struct rcs_client *client,
                             const struct rcs_arg *prefix)
{
    struct rcs_tracking *tracking = node->tracking;
    unsigned at = 0;
    while (at < tracking->prefix_count &&
           compare(&tracking->prefixes[at].name, prefix->bytes, prefix->size_bytes) < 0) {
        at++;
    }
    if (at == tracking->prefix_count ||
        compare(&tracking->prefixes[at].name, prefix->bytes, prefix->size_bytes) != 0) {
        tracking->prefixes = grow(tracking->prefixes, tracking->prefix_count,
                                  &tracking->prefix_room, sizeof(tracking->prefixes[0]));
        memmove(&tracking->prefixes[at + 1], &tracking->prefixes[at],
                (tracking->prefix_count++ - at) * sizeof(tracking->prefixes[0]));
        tracking->prefixes[at] = (struct prefix){ .client_count = 0 };
        name_set(&tracking->prefixes[at].name, prefix->bytes, prefix->size_bytes);
    }
    struct prefix *to = &tracking->prefixes[at];
    for (unsigned i = 0; i < to->client_count; i++) {
        if (to->clients[i] == client) {
            return;
        }
    }
    to->clients = grow(to->clients, to->client_count, &to->client_room, sizeof(to->clients[0]));
    to->clients[to->client_count++] = client;
    struct rcs_names *own = &client->track->prefixes;
    unsigned place = 0;
    while (place < own->count &&
           compare(&own->list[place], prefix->bytes, prefix->size_bytes) < 0) {
        place++;
    }
    names_add(own, place, prefix->bytes, prefix->size_bytes);
}

static void clear_changes(struct prefix *prefix)
{
    while (prefix->change_count > 0) {
        rcs_buf_close(&prefix->changes[--prefix->change_count].key);
    }
}

static void close_prefix(struct prefix *prefix)
{
    clear_changes(prefix);
    free(prefix->changes);
    free(prefix->clients);
    rcs_buf_close(&prefix->name);
}

static void leave_prefix(struct rcs_tracking *tracking, unsigned at,
                         const struct rcs_client *client)
{
    struct prefix *prefix = &tracking->prefixes[at];
    unsigned kept = 0;
    for (unsigned i = 0; i < prefix->client_count; i++) {
        if (prefix->clients[i] != client) {
            prefix->clients[kept++] = prefix->clients[i];
        }
    }
    prefix->client_count = kept;
    for (unsigned i = 0; i < prefix->change_count; i++) {
        if (prefix->changes[i].by == client) {
            prefix->changes[i].by = NULL;
        }
    }
    if (kept == 0) {
        close_prefix(prefix);
        memmove(&tracking->prefixes[at], &tracking->prefixes[at + 1],
                (--tracking->prefix_count - at) * sizeof(tracking->prefixes[0]));
    }
}

static void note_change(struct rcs_node *node, struct prefix *prefix, const void *key,
                        size_t key_bytes)
{
    unsigned at = 0;
    while (at < prefix->change_count && compare(&prefix->changes[at].key, key, key_bytes) < 0) {
        at++;
    }
    if (at == prefix->change_count || compare(&prefix->changes[at].key, key, key_bytes) != 0) {
        prefix->changes = grow(prefix->changes, prefix->change_count, &prefix->change_room,
                               sizeof(prefix->changes[0]));
        memmove(&prefix->changes[at + 1], &prefix->changes[at],
                (prefix->change_count++ - at) * sizeof(prefix->changes[0]));
        name_set(&prefix->changes[at].key, key, key_bytes);
    }
    prefix->changes[at].by = node->clients.current;
    node->tracking->changes = true;
}

static void note_in_prefixes(struct rcs_node *node, const void *key, size_t key_bytes)
{
    for (unsigned i = 0; i < node->tracking->prefix_count; i++) {
        struct prefix *prefix = &node->tracking->prefixes[i];
        size_t size = prefix->name.size_bytes;
        if (size <= key_bytes && (size == 0 || memcmp(prefix->name.data, key, size) == 0)) {
            note_change(node, prefix, key, key_bytes);
        }
    }
}

/* --- what is told ----------------------------------------------------------------------------- */

struct rcs_client *rcs_client_by_id(struct rcs_node *node, uint64_t id)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        if (node->clients.list[i]->id == id) {
            return node->clients.list[i];
        }
    }
    return NULL;
}

/* `keys` is RESP (Redis 7.0 sendTrackingMessage). A RESP2 client hears of it on a connection that
 * is subscribed to something, or not at all. */
static void tell(struct rcs_node *node, struct rcs_client *client, const struct rcs_buf *keys)
{
    struct rcs_client *to = client;
    bool redirected = client->track->redirect != 0;
    node->clients.pending = true;
    if (redirected) {
        to = rcs_client_by_id(node, client->track->redirect);
        if (to == NULL) {
            client->track->flags |= RCS_TRACK_BROKEN;
            if (client->protocol > 2) {
                struct rcs_buf *out = rcs_client_messages(client);
                rcs_resp_push(out, 2, true);
                rcs_resp_bulk_text(out, "tracking-redir-broken");
                rcs_resp_integer(out, (int64_t)client->track->redirect);
            }
            return;
        }
    }
    struct rcs_buf *out = rcs_client_messages(to);
    if (to->protocol > 2) {
        rcs_resp_push(out, 2, true);
        rcs_resp_bulk_text(out, "invalidate");
    } else if (redirected && (to->flags & RCS_CLIENT_SUBSCRIBED) != 0) {
        rcs_resp_array(out, 3);
        rcs_resp_bulk_text(out, "message");
        rcs_resp_bulk_text(out, "__redis__:invalidate");
    } else {
        return;
    }
    rcs_buf_add(out, keys->data, keys->size_bytes);
}

static void tell_key(struct rcs_node *node, struct rcs_client *client, const void *key,
                     size_t key_bytes)
{
    struct rcs_buf keys;
    rcs_buf_init(&keys);
    rcs_resp_array(&keys, 1);
    rcs_resp_bulk(&keys, key, key_bytes);
    tell(node, client, &keys);
    rcs_buf_close(&keys);
}

static void tell_flush(struct rcs_node *node, struct rcs_client *client)
{
    struct rcs_buf keys;
    rcs_buf_init(&keys);
    rcs_resp_nil(&keys, client->protocol > 2);
    tell(node, client, &keys);
    rcs_buf_close(&keys);
}

/* The client that is being served hears of it behind the reply to its command. */
static void tell_or_keep(struct rcs_node *node, struct rcs_client *client,
                         const struct tracked *key)
{
    struct rcs_names *own = &node->tracking->own;
    if (client == node->clients.current) {
        names_add(own, own->count, key->key, key->key_bytes);
    } else {
        tell_key(node, client, key->key, key->key_bytes);
    }
}

static void invalidate(struct rcs_node *node, struct tracked *key)
{
    for (unsigned i = 0; i < key->count; i++) {
        struct rcs_client *client = rcs_client_by_id(node, key->ids[i]);
        if (client == NULL || client->track == NULL ||
            (client->track->flags & RCS_TRACK_BCAST) != 0 ||
            ((client->track->flags & RCS_TRACK_NOLOOP) != 0 && client == node->clients.current)) {
            continue;
        }
        tell_or_keep(node, client, key);
    }
    forget(node->tracking, key);
}

void rcs_tracking_changed(struct rcs_node *node, const void *key, size_t key_bytes)
{
    struct rcs_tracking *tracking = node->tracking;
    if (tracking->prefix_count > 0) {
        note_in_prefixes(node, key, key_bytes);
    }
    struct tracked *found = tracking->keys == 0
                                ? NULL
                                : *place_of(tracking, XXH3_64bits(key, key_bytes), key, key_bytes);
    if (found != NULL) {
        invalidate(node, found);
    }
}

void rcs_tracking_flushed(struct rcs_node *node)
{
    for (unsigned i = 0; i < node->clients.count; i++) {
        struct rcs_client *client = node->clients.list[i];
        if (client->track == NULL) {
            continue;
        }
        if (client == node->clients.current) {
            node->tracking->own_flush = true;
        } else {
            tell_flush(node, client);
        }
    }
    while (node->tracking->first != NULL) {
        forget(node->tracking, node->tracking->first);
    }
}

void rcs_tracking_after(struct rcs_node *node)
{
    struct rcs_tracking *tracking = node->tracking;
    struct rcs_client *client = node->clients.current;
    bool there = client != NULL && client->track != NULL;
    for (unsigned i = 0; there && i < tracking->own.count; i++) {
        const struct rcs_buf *key = &tracking->own.list[i];
        tell_key(node, client, key->size_bytes == 0 ? "" : key->data, key->size_bytes);
    }
    if (there && tracking->own_flush) {
        tell_flush(node, client);
    }
    tracking->own_flush = false;
    names_clear(&tracking->own);
}

/* --- the end of a turn ------------------------------------------------------------------------ */

/* Redis 7.0 trackingBuildBroadcastReply: without those `not_by` changed. False: none is left. */
static bool list_changes(const struct prefix *prefix, const struct rcs_client *not_by,
                         struct rcs_buf *out)
{
    size_t count = 0;
    for (unsigned i = 0; i < prefix->change_count; i++) {
        count += not_by == NULL || prefix->changes[i].by != not_by;
    }
    rcs_resp_array(out, count);
    for (unsigned i = 0; i < prefix->change_count; i++) {
        const struct change *change = &prefix->changes[i];
        if (not_by == NULL || change->by != not_by) {
            rcs_resp_bulk(out, change->key.size_bytes == 0 ? "" : change->key.data,
                          change->key.size_bytes);
        }
    }
    return count > 0;
}

static void broadcast(struct rcs_node *node, struct prefix *prefix)
{
    for (unsigned i = 0; i < prefix->client_count; i++) {
        struct rcs_client *client = prefix->clients[i];
        bool noloop = (client->track->flags & RCS_TRACK_NOLOOP) != 0;
        struct rcs_buf keys;
        rcs_buf_init(&keys);
        if (list_changes(prefix, noloop ? client : NULL, &keys)) {
            tell(node, client, &keys);
        }
        rcs_buf_close(&keys);
    }
    clear_changes(prefix);
}

/* A real server forgets keys by chance; here those go that were first read longest ago. */
static void keep_limit(struct rcs_node *node)
{
    int64_t most = node->config.tracking_max_keys;
    while (most != 0 && (int64_t)node->tracking->keys > most) {
        invalidate(node, node->tracking->first);
    }
}

void rcs_tracking_before_sleep(struct rcs_node *node)
{
    struct rcs_tracking *tracking = node->tracking;
    keep_limit(node);
    for (unsigned i = 0; tracking->changes && i < tracking->prefix_count; i++) {
        if (tracking->prefixes[i].change_count > 0) {
            broadcast(node, &tracking->prefixes[i]);
        }
    }
    tracking->changes = false;
}

/* --- clients ---------------------------------------------------------------------------------- */

void rcs_tracking_begin(struct rcs_node *node, struct rcs_client *client, unsigned flags,
                        uint64_t redirect)
{
    if (node->tracking == NULL) {
        node->tracking = rcs_tracking_new();
    }
    if (client->track == NULL) {
        client->track = calloc(1, sizeof(*client->track));
        RCS_ASSERT(client->track != NULL);
        node->tracking->clients++;
    }
    unsigned caching = client->track->flags & RCS_TRACK_CACHING;
    client->track->flags = flags | caching;
    client->track->redirect = redirect;
}

void rcs_tracking_end(struct rcs_node *node, struct rcs_client *client)
{
    if (client->track == NULL) {
        return;
    }
    struct rcs_tracking *tracking = node->tracking;
    for (unsigned i = tracking->prefix_count; i-- > 0;) {
        leave_prefix(tracking, i, client);
    }
    names_close(&client->track->prefixes);
    free(client->track);
    client->track = NULL;
    RCS_ASSERT(tracking->clients > 0);
    tracking->clients--;
}

void rcs_tracking_close(struct rcs_node *node)
{
    struct rcs_tracking *tracking = node->tracking;
    if (tracking == NULL) {
        return;
    }
    while (tracking->first != NULL) {
        forget(tracking, tracking->first);
    }
    while (tracking->prefix_count > 0) {
        close_prefix(&tracking->prefixes[--tracking->prefix_count]);
    }
    names_close(&tracking->own);
    free(tracking->prefixes);
    free(tracking->buckets);
    free(tracking);
    node->tracking = NULL;
}

void rcs_tracking_request_done(struct rcs_client *client, bool was_client)
{
    if ((client->flags & RCS_CLIENT_MULTI) == 0 && !was_client) {
        client->track->flags &= ~(unsigned)RCS_TRACK_CACHING;
    }
}

bool rcs_tracking_broadcasts(const struct rcs_client *client)
{
    return client->track != NULL && (client->track->flags & RCS_TRACK_BCAST) != 0;
}

bool rcs_tracking_broken(const struct rcs_client *client)
{
    return client->track != NULL && (client->track->flags & RCS_TRACK_BROKEN) != 0;
}

int64_t rcs_tracking_redirect(const struct rcs_client *client)
{
    return client->track == NULL ? -1 : (int64_t)client->track->redirect;
}

unsigned rcs_tracking_clients(const struct rcs_node *node)
{
    return node->tracking == NULL ? 0 : node->tracking->clients;
}

size_t rcs_tracking_keys(const struct rcs_node *node)
{
    return node->tracking == NULL ? 0 : node->tracking->keys;
}

size_t rcs_tracking_items(const struct rcs_node *node)
{
    return node->tracking == NULL ? 0 : node->tracking->items;
}

size_t rcs_tracking_prefixes(const struct rcs_node *node)
{
    return node->tracking == NULL ? 0 : node->tracking->prefix_count;
}
