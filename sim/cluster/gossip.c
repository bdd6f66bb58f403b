/* Gossip: which nodes a ping or pong describes, and what is believed of such descriptions
 * (Redis 7.0 clusterSendPing, clusterProcessGossipSection). */
#include <rcsim/nodes_text.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"

#include "sim/pure.h"

#define GOSSIP_TOLERANCE_MS 500 /* a pong this far in the future is still believed */

/* --- composing -------------------------------------------------------------------------------- */

static unsigned wanted_entries(const struct rcs_cluster *cluster)
{
    int nodes = (int)(cluster->known + cluster->handshake_count);
    int wanted = nodes / 10 < 3 ? 3 : nodes / 10;
    int fresh = nodes - 2;
    return (unsigned)(wanted < fresh ? wanted : fresh < 0 ? 0 : fresh);
}

unsigned rcs_gossip_room(const struct rcs_cluster *cluster)
{
    return wanted_entries(cluster) + cluster->stats_pfail;
}

/* When all ids up to the last are known, the order is the ids themselves. */
static bool is_dense(const struct rcs_cluster *cluster)
{
    return cluster->order[cluster->known - 1] == cluster->known - 1;
}

static rcs_id draw_peer(struct rcs_cluster *cluster, bool dense)
{
    uint32_t drawn = rcs_rand_below(&cluster->gossip, cluster->known + cluster->handshake_count);
    if (drawn >= cluster->known) {
        return RCS_ID_NONE;
    }
    return dense ? (rcs_id)drawn : cluster->order[drawn];
}

rcs_id rcs_random_peer(struct rcs_cluster *cluster)
{
    return draw_peer(cluster, is_dense(cluster));
}

/* What composing one message needs: which nodes it names already, and seconds of the wall clock. */
struct picks {
    uint16_t *stamps;
    uint16_t stamp;
    uint32_t base_s; /* the clock at node millisecond 0, a whole second */
};

static uint32_t wall_s(const struct picks *picks, int32_t node_ms)
{
    return node_ms == 0 ? 0 : picks->base_s + (uint32_t)node_ms / 1000;
}

/* As 3.x put it on the wire, whose field has no room for more. */
static uint32_t wall_ms_cut(const struct rcs_cluster *cluster, int32_t node_ms)
{
    return node_ms == 0 ? 0 : (uint32_t)(cluster->wall_base_ms + node_ms);
}

RCS_HOT static void describe(struct rcs_cluster *cluster, struct rcs_bus_msg *msg,
                             const struct picks *picks, rcs_id id)
{
    const struct rcs_peer *peer = &cluster->peers[id];
    msg->gossip[msg->count++] = (struct rcs_gossip){
        .id = id,
        .addr = peer->addr,
        .flags = peer->flags,
        .ping_sent_s = wall_s(picks, peer->ping_sent_ms),
        .pong_received_s = wall_s(picks, rcs_peer_pong(cluster, id)),
    };
    if (!cluster->profile->gossip_seconds) {
        struct rcs_gossip *entry = &msg->gossip[msg->count - 1];
        entry->ping_sent_s = wall_ms_cut(cluster, peer->ping_sent_ms);
        entry->pong_received_s = wall_ms_cut(cluster, rcs_peer_pong(cluster, id));
    }
}

RCS_HOT static struct picks new_picks(struct rcs_cluster *cluster)
{
    struct rcs_cluster_shared *shared = rcs_cluster_shared(cluster->store);
    if (shared->picked_room < cluster->room) {
        size_t old_bytes = shared->picked_room * sizeof(uint16_t);
        if (shared->picked != NULL) {
            rcs_store_release(cluster->store, shared->picked, old_bytes);
        }
        shared->picked_room = cluster->room;
        shared->picked = rcs_store_alloc(cluster->store, shared->picked_room * sizeof(uint16_t));
        shared->pick_stamp = UINT16_MAX;
    }
    if (shared->pick_stamp == UINT16_MAX) {
        memset(shared->picked, 0, shared->picked_room * sizeof(uint16_t));
        shared->pick_stamp = 0;
    }
    shared->pick_stamp++;
    return (struct picks){ .stamps = shared->picked,
                           .stamp = shared->pick_stamp,
                           .base_s = (uint32_t)(cluster->wall_base_ms / 1000) };
}

/* The same for a peer that is not merely quiet. */
static bool pick_unquiet(struct rcs_cluster *cluster, struct rcs_bus_msg *msg,
                         const struct picks *picks, rcs_id id)
{
    const struct rcs_peer *peer = &cluster->peers[id];
    if (peer->flags & RCS_NODE_PFAIL) { /* added later */
        return false;
    }
    if (peer->flags & RCS_NODE_NOADDR ||
        (peer->link == RCS_LINK_CLOSED && rcs_slot_count(cluster, id) == 0)) {
        return true;
    }
    picks->stamps[id] = picks->stamp;
    describe(cluster, msg, picks, id);
    return true;
}

/* One draw for the message; true if it used up one of the nodes that could be told of. Whether a
 * node was drawn before is chance, which no processor foresees: its entry is written in any case,
 * and counts or not. */
static bool pick(struct rcs_cluster *cluster, struct rcs_bus_msg *msg, const struct picks *picks,
                 rcs_id id)
{
    if (id == RCS_ID_NONE) { /* in handshake: nothing to tell yet */
        return true;
    }
    bool first = picks->stamps[id] != picks->stamp;
    int32_t quiet = cluster->quiet_pong_ms[id];
    if (first && quiet == RCS_NOT_QUIET) {
        return pick_unquiet(cluster, msg, picks, id);
    }
    picks->stamps[id] = picks->stamp;
    msg->gossip[msg->count] = (struct rcs_gossip){
        .id = id,
        .addr = cluster->faces[id].addr,
        .flags = cluster->faces[id].flags,
        .pong_received_s = wall_s(picks, quiet),
    };
    msg->count = (uint16_t)(msg->count + first);
    return first;
}

/* Draws ahead: the first `wanted` draws of a message are made in any case, so they can be made
 * before the first is looked at, and what they need is on its way from memory meanwhile; that of
 * few nodes is near at hand. */
enum { DRAWS_AHEAD = 64, NEAR_NODES = 128 };

static unsigned draw_ahead(struct rcs_cluster *cluster, rcs_id *drawn, unsigned count)
{
    const bool dense = is_dense(cluster);
    count = count < DRAWS_AHEAD ? count : DRAWS_AHEAD;
    for (unsigned i = 0; i < count; i++) {
        drawn[i] = draw_peer(cluster, dense);
    }
    for (unsigned i = 0; i < count && cluster->known > NEAR_NODES; i++) {
        if (drawn[i] != RCS_ID_NONE) {
            __builtin_prefetch(&cluster->quiet_pong_ms[drawn[i]]);
            __builtin_prefetch(&cluster->faces[drawn[i]]);
        }
    }
    return count;
}

/* As 3.x draws: the first third of the tries takes failing nodes only, and no other is appended. */
RCS_RARE static void compose_biased(struct rcs_cluster *cluster, struct rcs_bus_msg *msg)
{
    int fresh = (int)(cluster->known + cluster->handshake_count) - 2;
    unsigned wanted = wanted_entries(cluster), tries = wanted * 3;
    struct picks picks = new_picks(cluster);
    while (fresh > 0 && msg->count < wanted && tries-- > 0) {
        rcs_id id = rcs_random_peer(cluster);
        if (id == cluster->myself) {
            continue;
        }
        const struct rcs_peer *peer = id == RCS_ID_NONE ? NULL : &cluster->peers[id];
        if (tries > wanted * 2 &&
            (peer == NULL || !(peer->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)))) {
            continue;
        }
        if (peer == NULL || peer->flags & RCS_NODE_NOADDR ||
            (peer->link == RCS_LINK_CLOSED && rcs_slot_count(cluster, id) == 0)) {
            fresh--;
        } else if (picks.stamps[id] != picks.stamp) {
            picks.stamps[id] = picks.stamp;
            describe(cluster, msg, &picks, id);
            fresh--;
        }
    }
}

RCS_HOT void rcs_gossip_compose(struct rcs_cluster *cluster, struct rcs_bus_msg *msg, rcs_id spared)
{
    if (!cluster->profile->gossips_all_pfail) {
        compose_biased(cluster, msg);
        return;
    }
    int fresh = (int)(cluster->known + cluster->handshake_count) - 2;
    unsigned wanted = wanted_entries(cluster);
    struct picks picks = new_picks(cluster);
    picks.stamps[cluster->myself] = picks.stamp; /* as if told already */
    if (spared != RCS_ID_NONE) {
        picks.stamps[spared] = picks.stamp;
    }
    unsigned tries = wanted * 3;
    rcs_id drawn[DRAWS_AHEAD];
    unsigned ahead = 0, at = 0;
    while (fresh > 0 && msg->count < wanted && tries > 0) {
        if (at == ahead) {
            /* Each entry still wanted costs at least one draw, and each fresh node too. */
            unsigned sure = wanted - msg->count;
            sure = sure < (unsigned)fresh ? sure : (unsigned)fresh;
            ahead = draw_ahead(cluster, drawn, sure < tries ? sure : tries);
            at = 0;
        }
        tries--;
        fresh -= pick(cluster, msg, &picks, drawn[at++]);
    }
    /* As many of the PFAIL nodes as there were at the last tick, in table order. */
    unsigned pfail = cluster->stats_pfail;
    for (unsigned i = 0; pfail > 0 && i < cluster->known; i++) {
        rcs_id id = cluster->order[i];
        unsigned flags = cluster->peers[id].flags;
        if (flags & RCS_NODE_PFAIL && !(flags & RCS_NODE_NOADDR)) {
            describe(cluster, msg, &picks, id);
            pfail--;
        }
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

static void adopt(struct rcs_cluster *cluster, const struct rcs_gossip *entry, rcs_id sender)
{
    if (sender == RCS_ID_NONE || entry->flags & RCS_NODE_NOADDR ||
        rcs_blacklisted(cluster, entry->id) || !rcs_rule_on(cluster->config, RCS_RULE_ADOPT)) {
        return;
    }
    /* A node flagged HANDSHAKE or MYSELF here is never gossiped by honest nodes; the flags that are
     * this node's own affair are not taken from others. */
    if (!cluster->profile->adds_strangers) {
        const struct rcs_address *address = rcs_store_address(cluster->store, entry->addr);
        rcs_cluster_meet(cluster, address->ip, address->port, address->cport);
        return;
    }
    unsigned failing = entry->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL);
    if (failing != 0) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_FAIL_ADOPTED, entry->id, sender, failing, 0, 0);
    }
    (void)rcs_peer_add(cluster, entry->id,
                       entry->flags & ~(unsigned)(RCS_NODE_MYSELF | RCS_NODE_HANDSHAKE),
                       entry->addr);
    rcs_cluster_fact(cluster, RCS_FACT_NODE_ADOPTED, entry->id, sender, entry->flags, 0, 0, NULL);
}

/* What a master says of a node's health is a report, or takes one back. */
static void take_report(struct rcs_cluster *cluster, const struct rcs_gossip *entry, rcs_id sender)
{
    if (entry->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) {
        if (rcs_report_add(cluster, entry->id, sender)) {
            rcs_cluster_fact(cluster, RCS_FACT_REPORTED, entry->id, sender, 0, 0, 0, NULL);
        }
        rcs_fail_check(cluster, entry->id, sender);
    } else if (rcs_report_del(cluster, entry->id, sender)) {
        rcs_cluster_fact(cluster, RCS_FACT_REPORT_WITHDRAWN, entry->id, sender, 0, 0, 0, NULL);
    }
}

static int64_t node_ms_of(const struct rcs_cluster *cluster, uint32_t seconds)
{
    return (int64_t)seconds * 1000 - cluster->wall_base_ms;
}

static void take_pong(struct rcs_cluster *cluster, const struct rcs_gossip *entry)
{
    int64_t pong_ms = node_ms_of(cluster, entry->pong_received_s);
    if (pong_ms <= (int64_t)cluster->now_ms + GOSSIP_TOLERANCE_MS &&
        pong_ms > rcs_peer_pong(cluster, entry->id)) {
        rcs_peer_set_pong(cluster, entry->id, (int32_t)pong_ms);
    }
}

/* A failing node is seen healthy elsewhere, at another address. */
static void take_address(struct rcs_cluster *cluster, const struct rcs_gossip *entry)
{
    struct rcs_peer *peer = &cluster->peers[entry->id];
    const struct rcs_address *theirs = rcs_store_address(cluster->store, entry->addr);
    const struct rcs_address *ours = rcs_store_address(cluster->store, peer->addr);
    if (strcasecmp(theirs->ip, ours->ip) == 0 && theirs->port == ours->port &&
        theirs->cport == ours->cport) {
        return;
    }
    if (!cluster->profile->updates_gossip_address) {
        rcs_cluster_meet(cluster, theirs->ip, theirs->port, theirs->cport);
        return;
    }
    rcs_link_close(cluster, entry->id);
    peer->addr = entry->addr;
    peer->flags &= (uint16_t)~RCS_NODE_NOADDR;
    rcs_peer_changed(cluster, entry->id);
}

static void read_entry(struct rcs_cluster *cluster, const struct rcs_gossip *entry, rcs_id sender)
{
    struct rcs_peer *peer = rcs_peer_find(cluster, entry->id);
    if (peer == NULL) {
        adopt(cluster, entry, sender);
        return;
    }
    bool failing = (entry->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) != 0;
    const struct rcs_profile *profile = cluster->profile;
    if (sender != RCS_ID_NONE && rcs_is_master(&cluster->peers[sender]) &&
        entry->id != cluster->myself &&
        (!profile->reporters_own_slots || rcs_slot_count(cluster, sender) > 0)) {
        take_report(cluster, entry, sender);
    }
    if (!failing && peer->ping_sent_ms == 0 && profile->takes_gossip_pong &&
        rcs_report_count(cluster, entry->id) == 0) {
        take_pong(cluster, entry);
    }
    if (peer->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL) &&
        (!profile->updates_gossip_address || (!failing && !(entry->flags & RCS_NODE_NOADDR)))) {
        take_address(cluster, entry);
    }
}

/* One bad id and nothing is believed (Redis 7.4 verifyGossipSectionNodeIds). */
static bool ids_are_good(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg, rcs_id sender)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < msg->count; i++) {
        const char *name = rcs_store_name(cluster->store, msg->gossip[i].id);
        bad += !rcs_node_name_valid(name, RCS_ID_LEN);
    }
    if (bad > 0) {
        char text[96];
        if (sender != RCS_ID_NONE) {
            snprintf(text, sizeof(text), "Node %.40s () gossiped %u nodes with invalid IDs.",
                     rcs_store_name(cluster->store, sender), bad);
        } else {
            snprintf(text, sizeof(text), "Unknown node gossiped %u nodes with invalid IDs.", bad);
        }
        rcs_cluster_fact(cluster, RCS_FACT_BUS_WARNING, RCS_ID_NONE, RCS_ID_NONE, bad, 0, 0, text);
    }
    return bad == 0;
}

RCS_HOT void rcs_gossip_read(struct rcs_cluster *cluster, const struct rcs_bus_msg *msg,
                             rcs_id sender)
{
    int64_t newest_ms = (int64_t)cluster->now_ms + GOSSIP_TOLERANCE_MS;
    const bool takes_pong = cluster->profile->takes_gossip_pong;
    if (cluster->profile->checks_gossip_ids && !ids_are_good(cluster, msg, sender)) {
        return;
    }
    for (unsigned i = 0; i < msg->count; i++) {
        const struct rcs_gossip *entry = &msg->gossip[i];
        int32_t *quiet = entry->id < cluster->room ? &cluster->quiet_pong_ms[entry->id] : NULL;
        if (quiet == NULL || *quiet == RCS_NOT_QUIET || !takes_pong ||
            entry->flags & (RCS_NODE_FAIL | RCS_NODE_PFAIL)) {
            read_entry(cluster, entry, sender);
            continue;
        }
        /* Nothing wrong on either side: all that can be new is a later pong. */
        int64_t pong_ms = node_ms_of(cluster, entry->pong_received_s);
        bool later = (pong_ms > *quiet) & (pong_ms <= newest_ms); /* as likely as not: no branch */
        *quiet = later ? (int32_t)pong_ms : *quiet;
    }
}
