/* Slots: who owns which, claims and who wins them, slots in the middle of a move. */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"
#include "sim/cluster/planted.h"

#include "sim/pure.h"

/* --- reading ---------------------------------------------------------------------------------- */

rcs_id rcs_slot_owner(const struct rcs_cluster *cluster, unsigned slot)
{
    return rcs_slot_map_owner(cluster->store, cluster->slots, slot);
}

const struct rcs_slot_set *rcs_slots_held(const struct rcs_cluster *cluster, rcs_id id)
{
    const struct rcs_slot_set *set = rcs_slot_map_set(cluster->slots, id);
    return set != NULL ? set : cluster->no_slots;
}

const struct rcs_slot_set *rcs_slots_of(const struct rcs_cluster *cluster, rcs_id id)
{
    return rcs_slots_held(cluster, id);
}

unsigned rcs_slot_count(const struct rcs_cluster *cluster, rcs_id id)
{
    const struct rcs_slot_set *set = rcs_slot_map_set(cluster->slots, id);
    return set != NULL ? set->count : 0;
}

rcs_id rcs_slot_migrating_to(const struct rcs_cluster *cluster, unsigned slot)
{
    return cluster->migrating != NULL ? cluster->migrating[slot] : RCS_ID_NONE;
}

rcs_id rcs_slot_importing_from(const struct rcs_cluster *cluster, unsigned slot)
{
    return cluster->importing != NULL ? cluster->importing[slot] : RCS_ID_NONE;
}

/* --- binding ---------------------------------------------------------------------------------- */

static bool masters_have_replicas(const struct rcs_cluster *cluster)
{
    for (unsigned i = 0; i < cluster->known; i++) {
        const struct rcs_peer *peer = &cluster->peers[cluster->order[i]];
        if (!rcs_is_replica(peer) && peer->replica_count > 0) {
            return true;
        }
    }
    return false;
}

/* Shard channels of slots that this node serves, as their owner or its replica, end with any
 * assignment, one to the present owner included: Redis unassigns before it assigns (Redis 7.0
 * clusterDelSlot). */
static void tell_lost(struct rcs_cluster *cluster, const struct rcs_slot_words *slots, rcs_id from)
{
    if (from == RCS_ID_NONE) {
        return;
    }
    const struct rcs_slot_words *held = &rcs_slots_held(cluster, from)->words;
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        for (uint64_t bits = slots->word[i] & held->word[i]; bits != 0; bits &= bits - 1) {
            cluster->host->slot_lost(cluster->host->node, i * 64 + (unsigned)__builtin_ctzll(bits));
        }
    }
}

void rcs_slots_assign(struct rcs_cluster *cluster, const struct rcs_slot_words *slots, rcs_id owner)
{
    if (cluster->host->shard_channels(cluster->host->node)) {
        tell_lost(cluster, slots, cluster->myself);
        tell_lost(cluster, slots, rcs_myself(cluster)->master);
    }
    bool first = owner != RCS_ID_NONE && rcs_slot_count(cluster, owner) == 0;
    rcs_slot_map_assign(cluster->store, &cluster->slots, slots, owner);
    cluster->replicas_stale = true;
    /* A master's first slots make it a target of replica migration (clusterNodeSetSlotBit). */
    if (first && rcs_slot_count(cluster, owner) > 0 && masters_have_replicas(cluster)) {
        cluster->peers[owner].flags |= RCS_NODE_MIGRATE_TO;
        rcs_peer_changed(cluster, owner);
    }
}

void rcs_slots_drop(struct rcs_cluster *cluster, rcs_id id)
{
    const struct rcs_slot_set *set = rcs_slot_map_set(cluster->slots, id);
    if (set != NULL) {
        struct rcs_slot_words words = set->words;
        rcs_slots_assign(cluster, &words, RCS_ID_NONE);
    }
}

/* --- claims ----------------------------------------------------------------------------------- */

static void mark_not_claiming(struct rcs_cluster *cluster, const struct rcs_slot_words *words)
{
    if (cluster->not_claiming == NULL) {
        cluster->not_claiming = calloc(1, sizeof(*cluster->not_claiming));
        RCS_ASSERT(cluster->not_claiming != NULL);
    }
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        cluster->not_claiming->word[i] |= words->word[i];
    }
}

static void clear_not_claiming(struct rcs_cluster *cluster, const struct rcs_slot_words *words)
{
    if (cluster->not_claiming != NULL) {
        for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
            cluster->not_claiming->word[i] &= ~words->word[i];
        }
    }
}

/* What a claim comes to. */
struct outcome {
    struct rcs_slot_words taken; /* slots that go to the sender */
    unsigned taken_count;
    bool any_dirty;
    struct rcs_slot_words dirty; /* of those, mine, with keys in them; set if there are any */
    unsigned from_my_master;     /* of those, owned by me or my master */
};

static uint64_t not_claiming_word(const struct rcs_cluster *cluster, unsigned i)
{
    return cluster->not_claiming != NULL ? cluster->not_claiming->word[i] : 0;
}

/* Of the slots `asked`, those that go to a claim of `epoch`: what nobody owns, what its owner was
 * heard without, what an owner of an older epoch has. Goes through the owners, not the slots. */
static void weigh_owners(const struct rcs_cluster *cluster, const struct rcs_slot_words *asked,
                         uint64_t epoch, struct rcs_slot_words *taken)
{
    unsigned first, end;
    rcs_slot_words_span(asked, &first, &end);
    struct rcs_slot_words unowned = *asked;
    for (unsigned i = first; i < end; i++) {
        taken->word[i] = asked->word[i] & not_claiming_word(cluster, i);
    }
    uint64_t left = first < end ? UINT64_MAX : 0;
    for (unsigned id = 0; id < cluster->slots->ids && left != 0; id++) {
        const struct rcs_slot_set *set = cluster->slots->sets[id];
        if (set == NULL) {
            continue;
        }
        uint64_t loses = cluster->peers[id].config_epoch < epoch ? UINT64_MAX : 0;
        left = 0;
        for (unsigned i = first; i < end; i++) {
            uint64_t overlap = asked->word[i] & set->words.word[i];
            taken->word[i] |= overlap & loses;
            unowned.word[i] &= ~overlap;
            left |= unowned.word[i];
        }
    }
    for (unsigned i = first; i < end; i++) {
        taken->word[i] |= unowned.word[i];
    }
    for (unsigned slot = 0; RCS_IS_PLANTED(SLOT_KEPT) && slot < RCS_SLOTS; slot++) {
        if (rcs_slot_owner(cluster, slot) == cluster->myself) {
            rcs_slot_words_remove(taken, slot);
        }
    }
    for (unsigned slot = 0; cluster->importing != NULL && slot < RCS_SLOTS; slot++) {
        if (cluster->importing[slot] != RCS_ID_NONE && !cluster->profile->open_slots_follow) {
            rcs_slot_words_remove(taken, slot); /* only SETSLOT may change it */
        }
    }
}

static unsigned bits_in(const struct rcs_slot_words *a, const struct rcs_slot_words *b)
{
    struct rcs_slot_words both;
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        both.word[i] = a->word[i] & b->word[i];
    }
    return rcs_slot_words_count(&both);
}

/* Of the slots taken from this node, those with keys in them. */
static void find_dirty(const struct rcs_cluster *cluster, struct outcome *out)
{
    const struct rcs_slot_set *mine = rcs_slots_held(cluster, cluster->myself);
    out->any_dirty = false;
    if (mine->count == 0 || cluster->host->keys(cluster->host->node) == 0) {
        return;
    }
    memset(&out->dirty, 0, sizeof(out->dirty));
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        for (uint64_t lost = out->taken.word[i] & mine->words.word[i]; lost != 0;
             lost &= lost - 1) {
            unsigned slot = i * 64 + (unsigned)__builtin_ctzll(lost);
            if (cluster->host->slot_keys(cluster->host->node, slot) > 0) {
                rcs_slot_words_add(&out->dirty, slot);
                out->any_dirty = true;
            }
        }
    }
}

/* Which of the slots not yet the sender's go to it. */
static void weigh(const struct rcs_cluster *cluster, rcs_id sender, uint64_t epoch,
                  const struct rcs_slot_words *claimed, rcs_id my_master, struct outcome *out)
{
    const struct rcs_slot_words *held = &rcs_slots_held(cluster, sender)->words;
    struct rcs_slot_words asked;
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        asked.word[i] = claimed->word[i] & ~held->word[i];
    }
    memset(&out->taken, 0, sizeof(out->taken));
    weigh_owners(cluster, &asked, epoch, &out->taken);
    out->taken_count = rcs_slot_words_count(&out->taken);
    find_dirty(cluster, out);
    out->from_my_master = my_master != RCS_ID_NONE && out->taken_count > 0
                              ? bits_in(&out->taken, &rcs_slots_held(cluster, my_master)->words)
                              : 0;
}

static void drop_dirty_keys(struct rcs_cluster *cluster, const struct rcs_slot_words *dirty)
{
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        if (rcs_slot_words_has(dirty, slot)) {
            unsigned keys = cluster->host->slot_keys(cluster->host->node, slot);
            cluster->host->drop_slot_keys(cluster->host->node, slot);
            rcs_cluster_fact(cluster, RCS_FACT_KEYS_DROPPED, RCS_ID_NONE, RCS_ID_NONE, slot, keys,
                             0, NULL);
        }
    }
}

/* Valkey: the source gave up a slot that this node still imports: it is this one's, then. */
static void finish_import(struct rcs_cluster *cluster, unsigned slot)
{
    cluster->importing[slot] = RCS_ID_NONE;
    if (rcs_slot_owner(cluster, slot) != cluster->myself) {
        struct rcs_slot_words words = { { 0 } };
        rcs_slot_words_add(&words, slot);
        rcs_slots_assign(cluster, &words, cluster->myself);
        (void)rcs_epoch_bump(cluster);
        rcs_cluster_todo(cluster,
                         RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE | RCS_TODO_FSYNC_CONFIG);
    }
}

/* Valkey: of two nodes of a shard without slots the one behind becomes the other's replica. */
static bool overtaken_without_slots(const struct rcs_cluster *cluster, rcs_id sender,
                                    uint64_t epoch, const struct rcs_slot_set *claimed)
{
    const struct rcs_peer *myself = rcs_myself(cluster);
    bool speaks_for_master = rcs_is_replica(myself) && myself->master != RCS_ID_NONE;
    rcs_id holder = speaks_for_master ? myself->master : cluster->myself;
    return myself->master != sender && claimed->count == 0 &&
           rcs_slot_count(cluster, cluster->myself) == 0 &&
           cluster->peers[holder].config_epoch < epoch &&
           rcs_same_shard(cluster, sender, cluster->myself);
}

/* Valkey 6e7af9471: open slots follow a failover at the other end; what changed hands by an
 * operator's order is closed. Before the slots of `taken` go to the sender. */
static void open_slots_follow(struct rcs_cluster *cluster, rcs_id sender, uint64_t epoch,
                              const struct rcs_slot_set *claimed,
                              const struct rcs_slot_words *taken)
{
    bool same_shard = rcs_same_shard(cluster, sender, cluster->myself);
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        rcs_id to = rcs_slot_migrating_to(cluster, slot);
        rcs_id from = rcs_slot_importing_from(cluster, slot);
        if (rcs_slot_words_has(taken, slot)) {
            if (to != RCS_ID_NONE && !same_shard) {
                cluster->migrating[slot] = RCS_ID_NONE;
            }
            if (from != RCS_ID_NONE && from != sender) {
                cluster->importing[slot] =
                    rcs_same_shard(cluster, sender, from) ? sender : RCS_ID_NONE;
            }
        } else if (!rcs_slot_words_has(&claimed->words, slot)) {
            if (to != RCS_ID_NONE && to != sender && rcs_same_shard(cluster, to, sender) &&
                (cluster->peers[to].config_epoch < epoch || rcs_is_replica(&cluster->peers[to]))) {
                cluster->migrating[slot] = sender;
                rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE |
                                              RCS_TODO_FSYNC_CONFIG);
            }
            if (from == sender && rcs_is_master(rcs_myself(cluster))) {
                finish_import(cluster, slot);
            }
        }
    }
}

/* From whom the claim takes slots, and the epochs that decided it. */
static void tell_taken(struct rcs_cluster *cluster, rcs_id sender, uint64_t epoch,
                       const struct rcs_slot_words *taken)
{
    unsigned unowned = rcs_slot_words_count(taken);
    for (unsigned id = 0; id < cluster->slots->ids; id++) {
        const struct rcs_slot_set *set = cluster->slots->sets[id];
        unsigned count = set == NULL ? 0 : bits_in(taken, &set->words);
        unowned -= count;
        if (count > 0) {
            rcs_cluster_cause(cluster, RCS_FACT_CAUSE_SLOTS_FROM, sender, (rcs_id)id, count,
                              (int64_t)cluster->peers[id].config_epoch, (int64_t)epoch);
        }
    }
    if (unowned > 0) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_SLOTS_UNOWNED, sender, RCS_ID_NONE, unowned, 0,
                          0);
    }
}

/* Redis 7.0 clusterUpdateSlotsConfigWith */
RCS_HOT void rcs_slots_claim(struct rcs_cluster *cluster, rcs_id sender, uint64_t epoch,
                             const struct rcs_slot_set *claimed)
{
    const struct rcs_peer *myself = rcs_myself(cluster);
    rcs_id my_master = rcs_is_master(myself) ? cluster->myself : myself->master;
    if (sender == cluster->myself) {
        rcs_cluster_fact0(cluster, RCS_FACT_UPDATE_ABOUT_MYSELF, RCS_ID_NONE);
        return;
    }
    struct outcome outcome;
    weigh(cluster, sender, epoch, &claimed->words, my_master, &outcome);
    if (cluster->profile->open_slots_follow &&
        (cluster->migrating != NULL || cluster->importing != NULL)) {
        open_slots_follow(cluster, sender, epoch, claimed, &outcome.taken);
    }

    const struct rcs_slot_words *held = &rcs_slots_held(cluster, sender)->words;
    struct rcs_slot_words kept, given_up;
    bool any_given_up = false;
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        kept.word[i] = claimed->words.word[i] & held->word[i];
        given_up.word[i] = held->word[i] & ~claimed->words.word[i];
        any_given_up = any_given_up || given_up.word[i] != 0;
    }
    clear_not_claiming(cluster, &kept);
    if (any_given_up && cluster->profile->remembers_not_claiming) {
        mark_not_claiming(cluster, &given_up);
    }
    if (outcome.taken_count > 0) {
        if (cluster->out->facts.causes) {
            tell_taken(cluster, sender, epoch, &outcome.taken);
        }
        rcs_slots_assign(cluster, &outcome.taken, sender);
        clear_not_claiming(cluster, &outcome.taken);
        rcs_cluster_fact(cluster, RCS_FACT_SLOTS_CLAIMED, sender, RCS_ID_NONE, outcome.taken_count,
                         (int64_t)epoch, 0, NULL);
        rcs_cluster_todo(cluster,
                         RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE | RCS_TODO_FSYNC_CONFIG);
    }

    bool same_shard = rcs_same_shard(cluster, sender, cluster->myself);
    bool must_follow = outcome.from_my_master > 0 && rcs_slot_count(cluster, my_master) == 0;
    bool may_follow =
        cluster->config->allow_replica_migration ||
        (cluster->profile->follow == RCS_FOLLOW_SHARD ? same_shard
                                                      : claimed->count == outcome.from_my_master);
    if (cluster->profile->follow == RCS_FOLLOW_SHARD && !must_follow) {
        must_follow =
            overtaken_without_slots(cluster, sender, epoch, claimed) && outcome.from_my_master == 0;
    }
    rcs_id grandmaster =
        myself->master != RCS_ID_NONE ? cluster->peers[myself->master].master : RCS_ID_NONE;
    if (must_follow && may_follow && rcs_rule_on(cluster->config, RCS_RULE_FOLLOW_CLAIM)) {
        rcs_cluster_cause(cluster, RCS_FACT_CAUSE_SLOTS_LOST, sender, my_master,
                          outcome.from_my_master, rcs_slot_count(cluster, my_master), 0);
        rcs_cluster_fact(cluster, RCS_FACT_FOLLOWS_CLAIM, sender, my_master, (int64_t)epoch, 0, 0,
                         rcs_shard_said(cluster, sender));
        rcs_cluster_follow(cluster, sender);
    } else if (grandmaster != RCS_ID_NONE && grandmaster != cluster->myself &&
               cluster->profile->flatten == RCS_FLATTEN_SLOTS &&
               rcs_rule_on(cluster->config, RCS_RULE_SUB_REPLICA)) {
        rcs_cluster_fact(cluster, RCS_FACT_FOLLOWS_GRANDMASTER, grandmaster, myself->master, 0, 0,
                         0, NULL);
        rcs_cluster_follow(cluster, grandmaster);
    } else {
        if (outcome.any_dirty) {
            drop_dirty_keys(cluster, &outcome.dirty);
        }
        return;
    }
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE | RCS_TODO_FSYNC_CONFIG);
}

RCS_HOT unsigned rcs_slots_stale(const struct rcs_cluster *cluster, rcs_id sender, uint64_t epoch,
                                 const struct rcs_slot_set *claimed)
{
    /* The sender's own slots are never behind, so only what it claims beyond them is looked at. */
    const struct rcs_slot_words *own =
        sender == RCS_ID_NONE ? &cluster->no_slots->words : &rcs_slots_held(cluster, sender)->words;
    struct rcs_slot_words beyond;
    for (unsigned i = 0; i < RCS_SLOT_WORDS; i++) {
        beyond.word[i] = claimed->words.word[i] & ~own->word[i] & ~not_claiming_word(cluster, i);
    }
    unsigned first, end, stale = RCS_SLOTS;
    rcs_slot_words_span(&beyond, &first, &end);
    for (unsigned id = 0; id < cluster->slots->ids && first < end; id++) {
        const struct rcs_slot_set *set = cluster->slots->sets[id];
        if (set == NULL || cluster->peers[id].config_epoch <= epoch) {
            continue;
        }
        for (unsigned i = first; i < end; i++) {
            uint64_t bits = beyond.word[i] & set->words.word[i];
            if (bits != 0) {
                stale = i * 64 + (unsigned)__builtin_ctzll(bits);
                beyond.word[i] &= (bits & (0 - bits)) - 1; /* only a lower slot comes before it */
                end = i + 1;
            }
        }
    }
    return stale;
}

/* --- slots in the middle of a move ------------------------------------------------------------ */

static void set_open(rcs_id **table, unsigned slot, rcs_id id)
{
    if (*table == NULL) {
        if (id == RCS_ID_NONE) {
            return;
        }
        *table = malloc(RCS_SLOTS * sizeof(rcs_id));
        RCS_ASSERT(*table != NULL);
        memset(*table, 0xff, RCS_SLOTS * sizeof(rcs_id));
    }
    (*table)[slot] = id;
}

void rcs_slots_close_all(struct rcs_cluster *cluster)
{
    free(cluster->migrating);
    free(cluster->importing);
    cluster->migrating = NULL;
    cluster->importing = NULL;
}

void rcs_slots_forget(struct rcs_cluster *cluster, rcs_id id)
{
    for (unsigned slot = 0; cluster->migrating != NULL && slot < RCS_SLOTS; slot++) {
        if (cluster->migrating[slot] == id) {
            cluster->migrating[slot] = RCS_ID_NONE;
        }
    }
    for (unsigned slot = 0; cluster->importing != NULL && slot < RCS_SLOTS; slot++) {
        if (cluster->importing[slot] == id) {
            cluster->importing[slot] = RCS_ID_NONE;
        }
    }
}

void rcs_cluster_set_migrating(struct rcs_cluster *cluster, unsigned slot, rcs_id to)
{
    set_open(&cluster->migrating, slot, to);
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
}

void rcs_slot_import(struct rcs_cluster *cluster, unsigned slot, rcs_id from)
{
    set_open(&cluster->importing, slot, from);
}

void rcs_cluster_set_importing(struct rcs_cluster *cluster, unsigned slot, rcs_id from)
{
    rcs_slot_import(cluster, slot, from);
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
}

void rcs_cluster_set_stable(struct rcs_cluster *cluster, unsigned slot)
{
    set_open(&cluster->migrating, slot, RCS_ID_NONE);
    set_open(&cluster->importing, slot, RCS_ID_NONE);
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
}

static void one_slot(struct rcs_slot_words *words, unsigned slot)
{
    memset(words, 0, sizeof(*words));
    rcs_slot_words_add(words, slot);
}

/* Redis 7.0 clusterCommand, SETSLOT NODE */
void rcs_cluster_set_slot_node(struct rcs_cluster *cluster, unsigned slot, rcs_id id)
{
    bool was_mine = rcs_slot_owner(cluster, slot) == cluster->myself;
    if (cluster->host->slot_keys(cluster->host->node, slot) == 0) {
        set_open(&cluster->migrating, slot, RCS_ID_NONE);
    }
    struct rcs_slot_words words;
    one_slot(&words, slot);
    rcs_slots_assign(cluster, &words, id);
    if (was_mine && id != cluster->myself && rcs_slot_count(cluster, cluster->myself) == 0 &&
        cluster->config->allow_replica_migration && cluster->profile->setslot_may_demote) {
        rcs_cluster_fact(cluster, RCS_FACT_FOLLOWS_CLAIM, id, RCS_ID_NONE, 0, 0, 0,
                         rcs_shard_said(cluster, id));
        rcs_cluster_follow(cluster, id);
        rcs_cluster_todo(cluster,
                         RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE | RCS_TODO_FSYNC_CONFIG);
    }
    if (id == cluster->myself && rcs_slot_importing_from(cluster, slot) != RCS_ID_NONE) {
        if (rcs_epoch_bump(cluster)) {
            rcs_cluster_fact(cluster, RCS_FACT_EPOCH_IMPORT, RCS_ID_NONE, RCS_ID_NONE, slot, 0, 0,
                             NULL);
        }
        set_open(&cluster->importing, slot, RCS_ID_NONE);
        rcs_broadcast_pong(cluster, false);
    }
    rcs_cluster_todo(cluster, RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE);
}

/* --- ADDSLOTS, DELSLOTS, FLUSHSLOTS ----------------------------------------------------------- */

/* Assigned or unassigned, the slots leave the importing state (Redis 7.0 clusterUpdateSlots). */
static void end_imports(struct rcs_cluster *cluster, const struct rcs_slot_words *slots)
{
    for (unsigned slot = 0; cluster->importing != NULL && slot < RCS_SLOTS; slot++) {
        if (rcs_slot_words_has(slots, slot)) {
            cluster->importing[slot] = RCS_ID_NONE;
        }
    }
}

void rcs_cluster_add_slots(struct rcs_cluster *cluster, const struct rcs_slot_words *slots)
{
    end_imports(cluster, slots);
    rcs_slots_assign(cluster, slots, cluster->myself);
    rcs_cluster_fact(cluster, RCS_FACT_SLOTS_ADDED, RCS_ID_NONE, RCS_ID_NONE,
                     rcs_slot_words_count(slots), 0, 0, NULL);
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}

static void delete_slots(struct rcs_cluster *cluster, const struct rcs_slot_words *slots)
{
    rcs_slots_assign(cluster, slots, RCS_ID_NONE);
    rcs_cluster_fact(cluster, RCS_FACT_SLOTS_DELETED, RCS_ID_NONE, RCS_ID_NONE,
                     rcs_slot_words_count(slots), 0, 0, NULL);
    rcs_cluster_todo(cluster, RCS_TODO_UPDATE_STATE | RCS_TODO_SAVE_CONFIG);
}

void rcs_cluster_del_slots(struct rcs_cluster *cluster, const struct rcs_slot_words *slots)
{
    end_imports(cluster, slots);
    delete_slots(cluster, slots);
}

/* Redis 7.0 clusterDelNodeSlots: open slots stay as they are. */
void rcs_cluster_flush_slots(struct rcs_cluster *cluster)
{
    struct rcs_slot_words words = rcs_slots_held(cluster, cluster->myself)->words;
    delete_slots(cluster, &words);
}
