/* nodes.conf: what of a node's picture survives its process (Redis 7.0 clusterSaveConfig,
 * clusterLoadConfig). */
#include "sim/cluster/saved_config.h"

#include <rcsim/nodes_text.h>

#include <stdlib.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"

#include "sim/pure.h"

static size_t saved_bytes(unsigned peers)
{
    return sizeof(struct rcs_saved_config) + peers * sizeof(struct rcs_saved_peer);
}

static struct rcs_saved_config *saved_new(struct rcs_store *store, unsigned peers)
{
    struct rcs_saved_config *saved = rcs_store_alloc(store, saved_bytes(peers));
    memset(saved, 0, saved_bytes(peers));
    saved->refs = 1;
    saved->profile = rcs_profile_default();
    saved->myself = RCS_ID_NONE;
    saved->count = peers;
    return saved;
}

static rcs_id *open_copy(const rcs_id *table)
{
    if (table == NULL) {
        return NULL;
    }
    rcs_id *copy = malloc(RCS_SLOTS * sizeof(rcs_id));
    RCS_ASSERT(copy != NULL);
    memcpy(copy, table, RCS_SLOTS * sizeof(rcs_id));
    return copy;
}

void rcs_saved_config_release(struct rcs_store *store, struct rcs_saved_config *saved)
{
    RCS_ASSERT(saved->refs > 0);
    if (--saved->refs > 0) {
        return;
    }
    rcs_slot_map_release(store, saved->slots);
    free(saved->migrating);
    free(saved->importing);
    rcs_store_release(store, saved, saved_bytes(saved->count));
}

struct rcs_saved_config *rcs_cluster_saved(const struct rcs_cluster *cluster)
{
    struct rcs_saved_config *saved = saved_new(cluster->store, cluster->known);
    saved->profile = cluster->profile;
    saved->myself = cluster->myself;
    saved->current_epoch = cluster->current_epoch;
    saved->last_vote_epoch = cluster->last_vote_epoch;
    saved->saved_wall_ms = rcs_wall_ms(cluster);
    saved->slots = rcs_slot_map_retain(cluster->slots);
    saved->migrating = open_copy(cluster->migrating);
    saved->importing = open_copy(cluster->importing);
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        const struct rcs_peer *peer = &cluster->peers[id];
        saved->peers[i] = (struct rcs_saved_peer){
            .config_epoch = peer->config_epoch,
            .id = id,
            .master = peer->master,
            .addr = peer->addr,
            .hostname = peer->hostname,
            .shard = peer->shard,
            .flags = peer->flags,
            .pinged = peer->ping_sent_ms != 0,
            .ponged = rcs_peer_pong(cluster, id) != 0,
        };
    }
    return saved;
}

/* --- starting from it ------------------------------------------------------------------------- */

static void load_peer(struct rcs_cluster *cluster, const struct rcs_saved_peer *saved)
{
    unsigned flags = saved->flags & ~(unsigned)(RCS_NODE_MEET | RCS_NODE_MIGRATE_TO |
                                                RCS_NODE_EXTENDED | RCS_NODE_LIGHT);
    struct rcs_peer *peer = rcs_peer_find(cluster, saved->id);
    if (peer == NULL) {
        peer = rcs_peer_add(cluster, saved->id, flags, saved->addr);
    }
    peer->flags |= (uint16_t)flags; /* a master named before its own line may hold MIGRATE_TO */
    peer->addr = saved->addr;
    peer->hostname = saved->hostname;
    if (flags & RCS_NODE_FAIL) {
        peer->fail_ms = cluster->now_ms;
    }
    peer->ping_sent_ms = saved->pinged ? cluster->now_ms : 0;
    peer->pong_received_ms = saved->ponged ? cluster->now_ms : 0;
    /* A replica's line shows its master's epoch; its own is not in the file. Before 7.0.3 the
     * master's is taken for it. */
    bool is_replica = flags & RCS_NODE_REPLICA && saved->master != RCS_ID_NONE;
    peer->config_epoch =
        is_replica && !cluster->profile->loads_replica_epoch ? 0 : saved->config_epoch;
    if (saved->master != RCS_ID_NONE) {
        if (rcs_peer_find(cluster, saved->master) == NULL) {
            (void)rcs_peer_add(cluster, saved->master, 0, 0);
        }
        rcs_replica_join(cluster, saved->master, saved->id);
    }
    if (cluster->profile->shard_ids && saved->shard != 0) {
        peer->shard = saved->shard;
    }
    rcs_peer_changed(cluster, saved->id);
}

/* A node that only an open slot names is known all the same: with no flags and no address. */
static void load_open(struct rcs_cluster *cluster, const rcs_id *table)
{
    for (unsigned slot = 0; table != NULL && slot < RCS_SLOTS; slot++) {
        if (table[slot] != RCS_ID_NONE && rcs_peer_find(cluster, table[slot]) == NULL) {
            (void)rcs_peer_add(cluster, table[slot], 0, 0);
        }
    }
}

static void load(struct rcs_cluster *cluster, const struct rcs_saved_config *conf)
{
    cluster->current_epoch = conf->current_epoch;
    cluster->last_vote_epoch = conf->last_vote_epoch;
    cluster->myself = conf->myself;
    for (unsigned i = 0; i < conf->count; i++) {
        load_peer(cluster, &conf->peers[i]);
        if (conf->peers[i].config_epoch > cluster->current_epoch) {
            cluster->current_epoch = conf->peers[i].config_epoch;
        }
    }
    for (unsigned i = 0; i < conf->count && cluster->profile->shard_ids; i++) {
        const struct rcs_saved_peer *saved = &conf->peers[i];
        if (saved->shard == 0 && saved->master != RCS_ID_NONE) { /* written before 7.2 */
            cluster->peers[saved->id].shard = cluster->peers[saved->master].shard;
        }
    }
    struct rcs_slot_map *before = cluster->slots;
    cluster->slots = rcs_slot_map_retain(conf->slots);
    rcs_slot_map_release(cluster->store, before);
    cluster->migrating = open_copy(conf->migrating);
    cluster->importing = open_copy(conf->importing);
    load_open(cluster, conf->migrating);
    load_open(cluster, conf->importing);
    /* The first slot of a master with others that have replicas (clusterNodeSetSlotBit). Redis asks
     * that at each line, of the replicas read so far, and the order of the lines is that of a hash
     * table: a master without replicas is a target or not by chance. Here all count, as if their
     * lines came first. */
    bool any_replica = false;
    for (unsigned i = 0; i < cluster->known; i++) {
        const struct rcs_peer *peer = &cluster->peers[cluster->order[i]];
        any_replica = any_replica || (!rcs_is_replica(peer) && peer->replica_count > 0);
    }
    for (unsigned i = 0; any_replica && i < cluster->known; i++) {
        if (rcs_slot_count(cluster, cluster->order[i]) > 0) {
            cluster->peers[cluster->order[i]].flags |= RCS_NODE_MIGRATE_TO;
            rcs_peer_changed(cluster, cluster->order[i]);
        }
    }
}

/* With which role and which failures it starts: nobody told it of them since. */
static void tell_start(struct rcs_cluster *cluster)
{
    const struct rcs_peer *myself = rcs_myself(cluster);
    if (!cluster->out->facts.causes) {
        return;
    }
    if (rcs_is_replica(myself)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_BOOT_REPLICA, myself->master, RCS_ID_NONE, 0, 0,
                          0);
    } else {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_BOOT_MASTER, RCS_ID_NONE, RCS_ID_NONE,
                          rcs_slot_count(cluster, cluster->myself), 0, 0);
    }
    for (unsigned i = 0; i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        unsigned flags = cluster->peers[id].flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL);
        if (flags != 0) {
            rcs_cluster_cause(cluster, RCS_FACT_CAUSE_FAIL_LOADED, id, RCS_ID_NONE, flags, 0, 0);
        }
    }
}

void rcs_cluster_start(struct rcs_cluster *cluster, const struct rcs_saved_config *conf)
{
    if (conf != NULL) {
        load(cluster, conf);
        rcs_cluster_fact0(cluster, RCS_FACT_BOOT_CONF_LOADED, cluster->myself);
    } else {
        char name[RCS_ID_LEN + 1];
        rcs_rand_name(&cluster->names, name);
        cluster->myself = rcs_store_id(cluster->store, name);
        rcs_peer_add(cluster, cluster->myself, RCS_NODE_MYSELF | RCS_NODE_MASTER, 0);
        if (cluster->profile->shard_ids) {
            rcs_myself(cluster)->shard = rcs_shard_new(cluster);
        }
        if (cluster->config->cluster_enabled) {
            rcs_cluster_fact0(cluster, RCS_FACT_BOOT_CONF_NEW, cluster->myself);
        }
        /* Written before the ports are known: the first file holds :0@0. */
        rcs_cluster_save(cluster, true);
    }
    tell_start(cluster);
    rcs_cluster_config_changed(cluster);
}

/* --- the text --------------------------------------------------------------------------------- */

static uint64_t shown_epoch(const struct rcs_saved_config *saved, const struct rcs_saved_peer *peer)
{
    if (peer->flags & RCS_NODE_REPLICA && peer->master != RCS_ID_NONE &&
        saved->profile->shows_masters_epoch) {
        for (unsigned i = 0; i < saved->count; i++) {
            if (saved->peers[i].id == peer->master) {
                return saved->peers[i].config_epoch;
            }
        }
    }
    return peer->config_epoch;
}

static void write_line(const struct rcs_node_line *line, struct rcs_buf *out)
{
    char text[4096];
    size_t length = rcs_node_line_write(line, text, sizeof(text));
    if (length < sizeof(text)) {
        rcs_buf_add(out, text, length);
    } else { /* a master of scattered slots */
        char *longer = malloc(length + 1);
        RCS_ASSERT(longer != NULL);
        rcs_buf_add(out, longer, rcs_node_line_write(line, longer, length + 1));
        free(longer);
    }
    rcs_buf_add(out, "\n", 1);
}

/* The open slots of `saved`, ascending; `open` NULL: only how many. */
static unsigned saved_open_slots(const struct rcs_store *store,
                                 const struct rcs_saved_config *saved, struct rcs_open_slot *open)
{
    unsigned count = 0;
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        rcs_id to = saved->migrating != NULL ? saved->migrating[slot] : RCS_ID_NONE;
        rcs_id from = saved->importing != NULL ? saved->importing[slot] : RCS_ID_NONE;
        if (to == RCS_ID_NONE && from == RCS_ID_NONE) {
            continue;
        }
        if (open != NULL) {
            open[count].slot = (uint16_t)slot;
            open[count].importing = to == RCS_ID_NONE;
            memcpy(open[count].name, rcs_store_name(store, to != RCS_ID_NONE ? to : from),
                   RCS_ID_LEN + 1);
        }
        count++;
    }
    return count;
}

void rcs_saved_config_write(const struct rcs_store *store, const struct rcs_saved_config *saved,
                            struct rcs_buf *out)
{
    unsigned open_count = saved_open_slots(store, saved, NULL);
    struct rcs_open_slot *open = open_count == 0 ? NULL : malloc(open_count * sizeof(*open));
    RCS_ASSERT(open_count == 0 || open != NULL);
    for (unsigned i = 0; i < saved->count; i++) {
        const struct rcs_saved_peer *peer = &saved->peers[i];
        struct rcs_node_line line = { .form = saved->profile->conf_form, .flags = peer->flags };
        memcpy(line.name, rcs_store_name(store, peer->id), RCS_ID_LEN + 1);
        line.address = *rcs_store_address(store, peer->addr);
        const char *hostname = rcs_store_text_of(store, peer->hostname);
        memcpy(line.hostname, hostname, strlen(hostname) + 1);
        const char *shard = rcs_store_text_of(store, peer->shard);
        memcpy(line.shard, shard, strlen(shard) + 1);
        if (peer->master != RCS_ID_NONE) {
            memcpy(line.master, rcs_store_name(store, peer->master), RCS_ID_LEN + 1);
        }
        line.ping_sent_ms = peer->pinged ? saved->saved_wall_ms : 0;
        line.pong_received_ms = peer->ponged ? saved->saved_wall_ms : 0;
        line.config_epoch = shown_epoch(saved, peer);
        line.connected = true;
        const struct rcs_slot_set *set = rcs_slot_map_set(saved->slots, peer->id);
        if (set != NULL) {
            line.slots = set->words;
        }
        if (peer->id == saved->myself) {
            line.open = open;
            line.open_count = saved_open_slots(store, saved, open);
        }
        write_line(&line, out);
    }
    free(open);
    char vars[96];
    size_t length =
        rcs_conf_vars_write(saved->current_epoch, saved->last_vote_epoch, vars, sizeof(vars));
    rcs_buf_add(out, vars, length);
}

/* --- from a text ------------------------------------------------------------------------------ */

/* What is read of the file so far. */
struct reading {
    struct rcs_store *store;
    struct rcs_saved_config *saved; /* without its peers */
    struct read_peer {
        struct rcs_saved_peer peer;
        int line;
    } * peers;
    unsigned count;
    struct rcs_open_slot *open; /* of one line */
    unsigned open_room;
    int line;
    struct rcs_diag *diag;
};

static void take_open(rcs_id **table, unsigned slot, rcs_id id)
{
    if (*table == NULL) {
        *table = malloc(RCS_SLOTS * sizeof(rcs_id));
        RCS_ASSERT(*table != NULL);
        memset(*table, 0xff, RCS_SLOTS * sizeof(rcs_id));
    }
    (*table)[slot] = id;
}

static enum rcs_err take_node(struct reading *reading, const struct rcs_node_line *line)
{
    struct rcs_store *store = reading->store;
    struct rcs_saved_config *saved = reading->saved;
    struct rcs_saved_peer peer = {
        .config_epoch = line->config_epoch,
        .id = rcs_store_id(store, line->name),
        .master = line->master[0] != '\0' ? rcs_store_id(store, line->master) : RCS_ID_NONE,
        .addr = rcs_store_addr(store, &line->address),
        .hostname = rcs_store_text(store, line->hostname, strlen(line->hostname)),
        .shard = rcs_store_text(store, line->shard, strlen(line->shard)),
        .flags = line->flags,
        .pinged = line->ping_sent_ms != 0,
        .ponged = line->pong_received_ms != 0,
    };
    if (line->form != RCS_LINE_NAME) { /* what release wrote it shows as far as it matters */
        saved->profile =
            rcs_profile_at(line->form == RCS_LINE_PORT ? RCS_REDIS_3_0 : RCS_REDIS_7_2);
    }
    if (peer.master == peer.id) {
        return rcs_diag_set(reading->diag, RCS_ERR_SYNTAX, reading->line, 1,
                            "the node is named as its own master; name another one, or write -");
    }
    if (line->flags & RCS_NODE_MYSELF) {
        if (saved->myself != RCS_ID_NONE) {
            return rcs_diag_set(reading->diag, RCS_ERR_SYNTAX, reading->line, 1,
                                "a second line is flagged myself; one node owns a nodes.conf");
        }
        saved->myself = peer.id;
    }
    reading->peers[reading->count++] = (struct read_peer){ .peer = peer, .line = reading->line };
    rcs_slot_map_assign(store, &saved->slots, &line->slots, peer.id);
    for (unsigned i = 0; i < line->open_count; i++) {
        take_open(line->open[i].importing ? &saved->importing : &saved->migrating,
                  line->open[i].slot, rcs_store_id(store, line->open[i].name));
    }
    return RCS_OK;
}

/* Room for as many open slots as the line has brackets: it cannot have more. */
static void open_room(struct reading *reading, const char *text, size_t length)
{
    unsigned brackets = 0;
    for (size_t i = 0; i < length; i++) {
        brackets += text[i] == '[';
    }
    if (brackets > reading->open_room) {
        reading->open = realloc(reading->open, brackets * sizeof(reading->open[0]));
        RCS_ASSERT(reading->open != NULL);
        reading->open_room = brackets;
    }
}

static enum rcs_err take_line(struct reading *reading, const char *text, size_t length,
                              struct rcs_conf_line *line)
{
    struct rcs_saved_config *saved = reading->saved;
    open_room(reading, text, length);
    enum rcs_err err = rcs_conf_line_read_into(text, length, line, reading->open,
                                               reading->open_room, reading->diag);
    if (err != RCS_OK) {
        if (reading->diag != NULL) {
            reading->diag->line = reading->line;
        }
        return err;
    }
    switch (line->kind) {
    case RCS_CONF_BLANK:
        break;
    case RCS_CONF_NODE:
        return take_node(reading, &line->node);
    case RCS_CONF_VARS:
        saved->current_epoch = line->has_current_epoch ? line->current_epoch : saved->current_epoch;
        saved->last_vote_epoch =
            line->has_last_vote_epoch ? line->last_vote_epoch : saved->last_vote_epoch;
        break;
    }
    return RCS_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct read_peer *left = a, *right = b;
    if (left->peer.id != right->peer.id) {
        return left->peer.id < right->peer.id ? -1 : 1;
    }
    return left->line < right->line ? -1 : left->line > right->line;
}

/* What only the whole file shows; puts the peers in order. */
static enum rcs_err check_whole(struct reading *reading)
{
    if (reading->saved->myself == RCS_ID_NONE) {
        return rcs_diag_set(reading->diag, RCS_ERR_SYNTAX, reading->line, 1,
                            "no line is flagged myself; a nodes.conf names its own node so");
    }
    qsort(reading->peers, reading->count, sizeof(reading->peers[0]), by_id);
    for (unsigned i = 1; i < reading->count; i++) {
        const struct read_peer *before = &reading->peers[i - 1], *second = &reading->peers[i];
        if (before->peer.id == second->peer.id) {
            return rcs_diag_set(reading->diag, RCS_ERR_SYNTAX, second->line, 1,
                                "line %d is about the same node; a nodes.conf has one for each",
                                before->line);
        }
    }
    return RCS_OK;
}

/* The whole of it as one value; one reference. */
static struct rcs_saved_config *with_peers(const struct reading *reading)
{
    struct rcs_saved_config *whole = saved_new(reading->store, reading->count);
    *whole = *reading->saved;
    whole->count = reading->count;
    for (unsigned i = 0; i < reading->count; i++) {
        whole->peers[i] = reading->peers[i].peer;
    }
    rcs_store_release(reading->store, reading->saved, saved_bytes(0));
    return whole;
}

static unsigned lines_in(const char *text, size_t size_bytes)
{
    unsigned lines = 1;
    for (size_t i = 0; i < size_bytes; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

enum rcs_err rcs_saved_config_read(struct rcs_store *store, const char *text, size_t size_bytes,
                                   struct rcs_saved_config **out, struct rcs_diag *diag)
{
    struct reading reading = { .store = store, .saved = saved_new(store, 0), .diag = diag };
    reading.saved->slots = rcs_slot_map_empty(store);
    reading.peers = malloc(lines_in(text, size_bytes) * sizeof(reading.peers[0]));
    struct rcs_conf_line *line = malloc(sizeof(*line));
    RCS_ASSERT(reading.peers != NULL && line != NULL);
    enum rcs_err err = RCS_OK;
    for (size_t at = 0; at < size_bytes && err == RCS_OK;) {
        const char *end = memchr(text + at, '\n', size_bytes - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size_bytes - at;
        reading.line++;
        err = take_line(&reading, text + at, length, line);
        at += length + 1;
    }
    err = err == RCS_OK ? check_whole(&reading) : err;
    if (err == RCS_OK) {
        *out = with_peers(&reading);
    } else {
        rcs_saved_config_release(store, reading.saved);
    }
    free(line);
    free(reading.open);
    free(reading.peers);
    return err;
}
