/* This node's picture: the table of known nodes, who replicates whom, and what is counted of it. */
#include "sim/cluster/parts.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

/* rcs_peer.counted: which counts of the table a peer is in. */
enum counted { COUNTED_UNQUIET = 1, COUNTED_LINKLESS = 2, COUNTED_PFAIL = 4 };

/* --- room ------------------------------------------------------------------------------------- */

static void *grown(void *block, size_t old_count, size_t new_count, size_t item_bytes)
{
    uint8_t *bigger = realloc(block, new_count * item_bytes);
    RCS_ASSERT(bigger != NULL);
    memset(bigger + old_count * item_bytes, 0, (new_count - old_count) * item_bytes);
    return bigger;
}

/* Peers are lent on 64-byte lines, so that looking at one touches one line. */
static struct rcs_peer *peers_of(unsigned room)
{
    struct rcs_peer *peers = aligned_alloc(64, room * sizeof(struct rcs_peer));
    RCS_ASSERT(peers != NULL);
    memset(peers, 0, room * sizeof(struct rcs_peer));
    return peers;
}

static void table_room(struct rcs_cluster *cluster, rcs_id id)
{
    if (id < cluster->room) {
        return;
    }
    /* All ids interned so far are likely to come: room for them at once. */
    unsigned room = rcs_store_id_count(cluster->store);
    room = (room > id ? room : id + 1u);
    room = (room + RCS_PEER_BLOCK - 1) / RCS_PEER_BLOCK * RCS_PEER_BLOCK;
    struct rcs_peer *peers = peers_of(room);
    if (cluster->room > 0) {
        memcpy(peers, cluster->peers, cluster->room * sizeof(peers[0]));
    }
    free(cluster->peers);
    cluster->peers = peers;
    cluster->quiet_pong_ms =
        grown(cluster->quiet_pong_ms, cluster->room, room, sizeof(cluster->quiet_pong_ms[0]));
    for (unsigned i = cluster->room; i < room; i++) {
        cluster->quiet_pong_ms[i] = RCS_NOT_QUIET;
    }
    cluster->faces = grown(cluster->faces, cluster->room, room, sizeof(cluster->faces[0]));
    cluster->order = grown(cluster->order, cluster->room, room, sizeof(cluster->order[0]));
    if (cluster->orphaned_ms != NULL) {
        cluster->orphaned_ms =
            grown(cluster->orphaned_ms, cluster->room, room, sizeof(cluster->orphaned_ms[0]));
    }
    cluster->room = room;
}

size_t rcs_cluster_bytes(const struct rcs_cluster *cluster)
{
    size_t per_id = sizeof(cluster->peers[0]) + sizeof(cluster->quiet_pong_ms[0]) +
                    sizeof(cluster->faces[0]) + sizeof(cluster->order[0]);
    size_t bytes = cluster->room * per_id;
    if (cluster->orphaned_ms != NULL) {
        bytes += cluster->room * sizeof(cluster->orphaned_ms[0]);
    }
    for (unsigned i = 0; i < cluster->report_count; i++) {
        bytes += cluster->reports[i].room * sizeof(struct rcs_fail_report);
    }
    return bytes + (cluster->migrating != NULL ? RCS_SLOTS * sizeof(rcs_id) : 0) +
           (cluster->importing != NULL ? RCS_SLOTS * sizeof(rcs_id) : 0);
}

/* --- facts, todo, saving ---------------------------------------------------------------------- */

void rcs_cluster_fact(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id about, rcs_id by,
                      int64_t v0, int64_t v1, int64_t v2, const char *text)
{
    char role = cluster->host->has_master_host(cluster->host->node) ? 'S' : 'M';
    rcs_fact_add(&cluster->out->facts, code, role, about, by, v0, v1, v2, text, NULL);
}

void rcs_cluster_cause(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id about,
                       rcs_id by, int64_t v0, int64_t v1, int64_t v2)
{
    if (cluster->out->facts.causes) {
        rcs_cluster_fact(cluster, code, about, by, v0, v1, v2, NULL);
    }
}

void rcs_cluster_fact0(struct rcs_cluster *cluster, enum rcs_fact_code code, rcs_id about)
{
    rcs_cluster_fact(cluster, code, about, RCS_ID_NONE, 0, 0, 0, NULL);
}

void rcs_cluster_todo(struct rcs_cluster *cluster, uint32_t todo)
{
    cluster->todo |= todo;
}

/* Redis 7.0 clusterSaveConfig opens the file that is there and writes it from its beginning: a full
 * disk is no matter for as long as the text fits into the blocks that the file has. */
RCS_RARE static bool has_room(const struct rcs_cluster *cluster,
                              const struct rcs_saved_config *saved)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_saved_config_write(cluster->store, saved, &text);
    bool fits = text.size_bytes <= cluster->conf_room_bytes;
    rcs_buf_close(&text);
    return fits;
}

bool rcs_cluster_try_save(struct rcs_cluster *cluster, bool fsync)
{
    if (!cluster->config->cluster_enabled) {
        return true;
    }
    /* From 7.2 on a new file is written, which then takes the old one's place. */
    if (cluster->disk_full && cluster->profile->release >= RCS_REDIS_7_2) {
        rcs_cluster_fact0(cluster, RCS_FACT_CONF_UNWRITTEN, RCS_ID_NONE);
        return false;
    }
    struct rcs_saved_config *saved = rcs_cluster_saved(cluster);
    bool fits = !cluster->disk_full || has_room(cluster, saved);
    struct rcs_effect *effect = rcs_effect_add(cluster->out, RCS_EFFECT_SAVE_CONFIG, 0);
    effect->fsync = fsync && fits;
    effect->torn = !fits;
    effect->saved = saved;
    return fits;
}

void rcs_cluster_save(struct rcs_cluster *cluster, bool fsync)
{
    if (!rcs_cluster_try_save(cluster, fsync)) {
        rcs_cluster_fact0(cluster, RCS_FACT_CONF_FATAL, RCS_ID_NONE);
        cluster->host->die(cluster->host->node);
    }
}

const char *rcs_addr_ip(const struct rcs_cluster *cluster, rcs_addr addr)
{
    return rcs_store_address(cluster->store, addr)->ip;
}

const struct rcs_address *rcs_peer_address(const struct rcs_cluster *cluster, rcs_id id)
{
    return rcs_store_address(cluster->store, cluster->peers[id].addr);
}

/* --- peers ------------------------------------------------------------------------------------ */

struct rcs_peer *rcs_peer_add(struct rcs_cluster *cluster, rcs_id id, unsigned flags, rcs_addr addr)
{
    table_room(cluster, id);
    struct rcs_peer *peer = &cluster->peers[id];
    RCS_ASSERT(!peer->known);
    *peer = (struct rcs_peer){
        .flags = (uint16_t)flags,
        .addr = addr,
        .known = true,
        .inbound = RCS_LINK_NONE,
        .master = RCS_ID_NONE,
        .first_replica = RCS_ID_NONE,
        .next_replica = RCS_ID_NONE,
    };
    if (cluster->profile->shard_ids) {
        peer->shard = rcs_shard_of_stranger(cluster, id);
    }
    unsigned at = cluster->known++;
    for (; at > 0 && cluster->order[at - 1] > id; at--) {
        cluster->order[at] = cluster->order[at - 1];
    }
    cluster->order[at] = id;
    if (cluster->orphaned_ms != NULL) {
        cluster->orphaned_ms[id] = 0; /* what an entry of that id deleted since had */
    }
    rcs_peer_changed(cluster, id);
    cluster->replicas_stale = true;
    return peer;
}

static unsigned wanted_counts(const struct rcs_cluster *cluster, rcs_id id)
{
    const struct rcs_peer *peer = &cluster->peers[id];
    if (!peer->known || id == cluster->myself) {
        return 0;
    }
    if (peer->flags & RCS_NODE_NOADDR) {
        return 0; /* never connected to, never pinged, never marked or told of */
    }
    unsigned wanted = peer->flags & RCS_NODE_PFAIL ? COUNTED_PFAIL : 0;
    if (peer->link == RCS_LINK_CLOSED) {
        wanted |= COUNTED_LINKLESS;
    }
    bool quiet = peer->link != RCS_LINK_CLOSED && peer->ping_sent_ms == 0 &&
                 !(peer->flags & (RCS_NODE_PFAIL | RCS_NODE_FAIL)) && !rcs_reported(cluster, id);
    return quiet ? wanted : wanted | COUNTED_UNQUIET;
}

RCS_HOT void rcs_peer_changed(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    unsigned before = peer->counted, wanted = wanted_counts(cluster, id);
    const unsigned changed = before ^ wanted;
    peer->counted = (uint8_t)wanted;
    if (changed & COUNTED_LINKLESS) {
        cluster->linkless += wanted & COUNTED_LINKLESS ? 1u : -1u;
    }
    if (changed & COUNTED_UNQUIET) {
        cluster->unquiet += wanted & COUNTED_UNQUIET ? 1u : -1u;
    }
    if (changed & COUNTED_PFAIL) {
        cluster->pfail_now += wanted & COUNTED_PFAIL ? 1u : -1u;
    }
    const struct rcs_face face = { .flags = peer->flags, .addr = peer->addr };
    bool same_face = cluster->faces[id].flags == face.flags && cluster->faces[id].addr == face.addr;
    if (!(changed & COUNTED_UNQUIET) && peer->known && same_face) {
        return; /* nearly always: a link came or went, a ping is under way already */
    }
    int32_t *quiet = &cluster->quiet_pong_ms[id];
    if (*quiet != RCS_NOT_QUIET) {
        peer->pong_received_ms = *quiet;
    }
    bool is_quiet = peer->known && id != cluster->myself && !(wanted & COUNTED_UNQUIET) &&
                    !(peer->flags & RCS_NODE_NOADDR);
    *quiet = is_quiet ? peer->pong_received_ms : RCS_NOT_QUIET;
    if (*quiet < cluster->oldest_quiet_ms) {
        cluster->oldest_quiet_ms = *quiet;
    }
    if (cluster->faces[id].flags != peer->flags || !peer->known) {
        cluster->replicas_stale = true; /* nothing else of a peer counts there */
    }
    cluster->faces[id] = face;
}

void rcs_peer_set_link(struct rcs_cluster *cluster, rcs_id id, enum rcs_link_state link)
{
    struct rcs_peer *peer = &cluster->peers[id];
    peer->link = (uint8_t)link;
    bool unquiet_anyway =
        peer->ping_sent_ms != 0 || (peer->flags & (RCS_NODE_PFAIL | RCS_NODE_FAIL)) != 0;
    if (!unquiet_anyway || !(peer->counted & COUNTED_UNQUIET)) {
        rcs_peer_changed(cluster, id);
        return;
    }
    /* A large outage does this for each dead peer twice a tick: nothing else can have changed. */
    unsigned counted = peer->counted & ~(unsigned)COUNTED_LINKLESS;
    counted |= link == RCS_LINK_CLOSED ? COUNTED_LINKLESS : 0;
    cluster->linkless += (counted & COUNTED_LINKLESS) != 0;
    cluster->linkless -= (peer->counted & COUNTED_LINKLESS) != 0;
    peer->counted = (uint8_t)counted;
}

int32_t rcs_peer_pong(const struct rcs_cluster *cluster, rcs_id id)
{
    int32_t quiet = cluster->quiet_pong_ms[id];
    return quiet != RCS_NOT_QUIET ? quiet : cluster->peers[id].pong_received_ms;
}

void rcs_peer_set_pong(struct rcs_cluster *cluster, rcs_id id, int32_t pong_ms)
{
    cluster->peers[id].pong_received_ms = pong_ms;
    if (cluster->quiet_pong_ms[id] != RCS_NOT_QUIET) {
        cluster->quiet_pong_ms[id] = pong_ms;
    }
}

void rcs_peer_del(struct rcs_cluster *cluster, rcs_id id)
{
    RCS_ASSERT(id != cluster->myself && cluster->peers[id].known);
    struct rcs_peer *peer = &cluster->peers[id];
    rcs_slots_forget(cluster, id);
    rcs_slots_drop(cluster, id);
    rcs_reports_forget(cluster, id);
    for (rcs_id replica = peer->first_replica; replica != RCS_ID_NONE;) {
        rcs_id next = cluster->peers[replica].next_replica;
        cluster->peers[replica].master = RCS_ID_NONE;
        cluster->peers[replica].next_replica = RCS_ID_NONE;
        replica = next;
    }
    peer->first_replica = RCS_ID_NONE;
    if (peer->master != RCS_ID_NONE) {
        rcs_replica_leave(cluster, id);
    }
    rcs_link_close(cluster, id);
    rcs_inbound_close(cluster, id);
    peer->known = false;
    rcs_peer_changed(cluster, id);
    unsigned at = 0;
    while (cluster->order[at] != id) {
        at++;
    }
    cluster->known--;
    for (; at < cluster->known; at++) {
        cluster->order[at] = cluster->order[at + 1];
    }
}

/* --- masters and replicas --------------------------------------------------------------------- */

void rcs_replica_join(struct rcs_cluster *cluster, rcs_id master, rcs_id replica)
{
    struct rcs_peer *of = &cluster->peers[master];
    rcs_id *at = &of->first_replica;
    while (*at != RCS_ID_NONE) {
        RCS_ASSERT(*at != replica);
        at = &cluster->peers[*at].next_replica;
    }
    *at = replica;
    cluster->peers[replica].next_replica = RCS_ID_NONE;
    cluster->peers[replica].master = master;
    of->replica_count++;
    of->flags |= RCS_NODE_MIGRATE_TO;
    rcs_peer_changed(cluster, master);
    cluster->replicas_stale = true;
}

void rcs_replica_leave(struct rcs_cluster *cluster, rcs_id replica)
{
    struct rcs_peer *leaving = &cluster->peers[replica];
    RCS_ASSERT(leaving->master != RCS_ID_NONE);
    rcs_id master = leaving->master;
    struct rcs_peer *of = &cluster->peers[master];
    rcs_id *at = &of->first_replica;
    while (*at != replica) {
        RCS_ASSERT(*at != RCS_ID_NONE);
        at = &cluster->peers[*at].next_replica;
    }
    *at = leaving->next_replica;
    leaving->next_replica = RCS_ID_NONE;
    leaving->master = RCS_ID_NONE;
    if (--of->replica_count == 0) {
        of->flags &= (uint16_t)~RCS_NODE_MIGRATE_TO;
    }
    rcs_peer_changed(cluster, master);
    cluster->replicas_stale = true;
}

unsigned rcs_replicas_ok(const struct rcs_cluster *cluster, const struct rcs_peer *master)
{
    unsigned count = 0;
    for (rcs_id id = master->first_replica; id != RCS_ID_NONE;
         id = cluster->peers[id].next_replica) {
        count += (cluster->peers[id].flags & RCS_NODE_FAIL) == 0;
    }
    return count;
}

/* Redis 7.0 clusterSetNodeAsMaster */
void rcs_peer_set_master(struct rcs_cluster *cluster, rcs_id id)
{
    struct rcs_peer *peer = &cluster->peers[id];
    if (rcs_is_master(peer)) {
        return;
    }
    if (peer->master != RCS_ID_NONE) {
        rcs_replica_leave(cluster, id);
        if (id != cluster->myself) {
            peer->flags |= RCS_NODE_MIGRATE_TO;
        }
    }
    peer->flags = (uint16_t)((peer->flags & ~RCS_NODE_REPLICA) | RCS_NODE_MASTER);
    rcs_peer_changed(cluster, id);
    if (id != cluster->myself) {
        rcs_cluster_fact0(cluster, RCS_FACT_PEER_MASTER, id);
    }
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
}

/* Redis 7.0 clusterSetMaster. A node that owns slots cannot become a replica: a real server ends in
 * a failed assertion there, and so does this one. */
void rcs_cluster_follow(struct rcs_cluster *cluster, rcs_id master)
{
    struct rcs_peer *myself = rcs_myself(cluster);
    RCS_ASSERT(master != cluster->myself);
    if (rcs_slot_count(cluster, cluster->myself) != 0) {
        rcs_cluster_fact(cluster, RCS_FACT_BUS_WARNING, RCS_ID_NONE, RCS_ID_NONE, 0, 0, 0,
                         "=== ASSERTION FAILED === myself->numslots == 0");
        rcs_effect_add(cluster->out, RCS_EFFECT_EXIT, 0)->status = 134; /* SIGABRT */
        return;
    }
    /* Valkey: open slots outlive a failover within the shard, and no data of another shard counts
     * as a beginning of the new master's. */
    bool other_shard = !rcs_same_shard(cluster, master, cluster->myself);
    if (rcs_is_master(myself)) {
        myself->flags &= (uint16_t) ~(RCS_NODE_MASTER | RCS_NODE_MIGRATE_TO);
        myself->flags |= RCS_NODE_REPLICA;
        if (other_shard || !cluster->profile->open_slots_follow) {
            rcs_slots_close_all(cluster);
        }
    } else if (myself->master != RCS_ID_NONE) {
        rcs_replica_leave(cluster, cluster->myself);
    }
    rcs_shard_update(cluster, cluster->myself, cluster->peers[master].shard);
    rcs_replica_join(cluster, master, cluster->myself);
    if (other_shard && cluster->profile->other_shard_resyncs) {
        cluster->host->forget_history(cluster->host->node);
    }
    cluster->host->set_master(cluster->host->node, cluster->peers[master].addr);
    rcs_mf_reset(cluster);
    if (cluster->profile->follow_ends_election) {
        cluster->auth_ms = 0;
    }
}

/* --- life ------------------------------------------------------------------------------------- */

void rcs_cluster_init(struct rcs_cluster *cluster, struct rcs_store *store,
                      const struct rcs_config *config, const struct rcs_cluster_host *host,
                      uint64_t seed, uint64_t stream)
{
    *cluster = (struct rcs_cluster){
        .store = store,
        .config = config,
        .profile = config->profile,
        .bus_version = (uint8_t)config->profile->bus_version,
        .host = host,
        .myself = RCS_ID_NONE,
        .size = 1,
        .mf_replica = RCS_ID_NONE,
        .mf_master_offset = -1,
        .drop_filter = -1,
        .now_ms = RCS_NODE_MS_START,
        .told = { .fail_kept = RCS_ID_NONE },
    };
    cluster->slots = rcs_slot_map_empty(store);
    cluster->no_slots = rcs_store_no_slots(store);
    rcs_rand_init(&cluster->names, seed, RCS_RAND_NODE_ID, stream);
    rcs_rand_init(&cluster->gossip, seed, RCS_RAND_GOSSIP, stream);
    rcs_rand_init(&cluster->election, seed, RCS_RAND_ELECTION, stream);
}

void rcs_cluster_close(struct rcs_cluster *cluster)
{
    for (unsigned i = 0; i < cluster->report_count; i++) {
        free(cluster->reports[i].list);
    }
    free(cluster->reports);
    free(cluster->blacklist);
    free(cluster->orphaned_ms);
    free(cluster->handshakes);
    free(cluster->anonymous);
    free(cluster->migrating);
    free(cluster->importing);
    free(cluster->not_claiming);
    free(cluster->order);
    free(cluster->faces);
    free(cluster->quiet_pong_ms);
    free(cluster->peers);
    rcs_slot_map_release(cluster->store, cluster->slots);
    rcs_slot_set_release(cluster->store, cluster->no_slots);
}
