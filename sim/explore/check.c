/* What holds after every step: epochs, votes, and who becomes master. */
#include <stdlib.h>
#include <string.h>

#include "sim/explore/check_parts.h"

#include "sim/pure.h"

/* --- life ------------------------------------------------------------------------------------- */

struct rcs_check *rcs_check_new(void)
{
    struct rcs_check *check = calloc(1, sizeof(*check));
    RCS_ASSERT(check != NULL);
    check->disturbed_us = RCS_NEVER;
    return check;
}

void rcs_check_free(struct rcs_check *check)
{
    if (check == NULL) {
        return;
    }
    free(check->nodes);
    free(check->pairs);
    free(check->found);
    free(check->losses);
    free(check->views);
    free(check->opinions);
    free(check->known);
    free(check);
}

void rcs_check_names(struct rcs_check *check, rcs_check_name_fn *name, const void *arg)
{
    check->name = name;
    check->name_arg = arg;
}

void rcs_check_grow(struct rcs_check *check, unsigned count)
{
    if (count > check->node_room) {
        unsigned room = check->node_room == 0 ? 16 : check->node_room;
        while (room < count) {
            room *= 2;
        }
        check->nodes = realloc(check->nodes, room * sizeof(check->nodes[0]));
        RCS_ASSERT(check->nodes != NULL);
        check->node_room = room;
    }
    for (; check->node_count < count; check->node_count++) {
        check->nodes[check->node_count] =
            (struct rcs_check_node){ .id = RCS_ID_NONE,
                                     .was = RCS_ID_NONE,
                                     .named = { { .master = RCS_ID_NONE },
                                                { .master = RCS_ID_NONE } },
                                     .over = -1 };
    }
}

unsigned rcs_check_series(const char *release)
{
    unsigned series = strncmp(release, "Valkey", 6) == 0 ? RCS_SERIES_VALKEY : 0;
    release += strcspn(release, "0123456789");
    unsigned major = (unsigned)strtoul(release, NULL, 10);
    release += strcspn(release, ".");
    return series + major * 10 + (*release == '.' ? (unsigned)strtoul(release + 1, NULL, 10) : 0);
}

/* --- pairs ------------------------------------------------------------------------------------ */

static uint64_t *pair_place(struct rcs_check *check, uint64_t key)
{
    uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 20;
    for (;; at++) {
        struct rcs_check_entry *entry = &check->pairs[at & (check->pair_room - 1)];
        if (entry->key == key || entry->key == 0) {
            return &entry->key;
        }
    }
}

static void grow_pairs(struct rcs_check *check)
{
    struct rcs_check_entry *old = check->pairs;
    unsigned old_room = check->pair_room;
    check->pair_room = old_room == 0 ? 256 : old_room * 2;
    check->pairs = calloc(check->pair_room, sizeof(check->pairs[0]));
    RCS_ASSERT(check->pairs != NULL);
    for (unsigned i = 0; i < old_room; i++) {
        if (old[i].key != 0) {
            struct rcs_check_entry *entry =
                (struct rcs_check_entry *)(void *)pair_place(check, old[i].key);
            *entry = old[i];
        }
    }
    free(old);
}

uint64_t *rcs_check_pair(struct rcs_check *check, enum rcs_check_pair kind, uint64_t a, uint64_t b,
                         bool make)
{
    if (check->pair_count * 2 >= check->pair_room) {
        grow_pairs(check);
    }
    uint64_t key = ((uint64_t)kind + 1) << 60 | (a & 0x3fffffff) << 30 | (b & 0x3fffffff);
    struct rcs_check_entry *entry = (struct rcs_check_entry *)(void *)pair_place(check, key);
    if (entry->key == 0) {
        if (!make) {
            return NULL;
        }
        entry->key = key;
        check->pair_count++;
    }
    return &entry->value;
}

/* --- processes and their disks ---------------------------------------------------------------- */

void rcs_check_started(struct rcs_check *check, rcs_us at_us, unsigned node, unsigned series,
                       const struct rcs_check_disk *disk)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    n->life++;
    n->running = true;
    n->said = false;
    n->may_rise = false;
    n->stale = n->put_conf;
    if (n->put_conf) {
        n->epoch_by = RCS_EPOCH_STALE;
        rcs_check_decide(check, node, RCS_WORD_CONF_STALE);
    } else if (disk == NULL && n->life > 1) {
        n->lost_conf = true;
        n->gave_up |= n->claims;
        n->identity++;
        rcs_check_decide(check, node, RCS_WORD_CONF_LOST);
    } else if (disk != NULL && !disk->master) {
        n->epoch_by = RCS_EPOCH_REPLICA;
    }
    n->put_conf = false;
    n->over = disk == NULL || !disk->master ? -1 : n->over;
    n->series = (uint16_t)series;
    n->started_us = at_us;
    n->unsaved_vote = 0;
    n->request_epoch = 0;
    n->votes = n->votes_came = 0;
    n->disk = disk != NULL ? *disk : (struct rcs_check_disk){ .myself = RCS_ID_NONE };
    n->disk_vote = n->disk.last_vote_epoch;
    n->replica = n->began_replica = disk != NULL && !disk->master;
}

void rcs_check_ended(struct rcs_check *check, rcs_us at_us, unsigned node)
{
    (void)at_us;
    rcs_check_node(check, node)->running = false;
}

static void was_reset(struct rcs_check *check, rcs_us at_us, unsigned node)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    n->was_reset = true;
    n->may_rise = true; /* RESET makes a master */
    n->gave_up |= n->claims;
    n->reign++;
    n->over = -1;
    rcs_check_loses(check, at_us, (int)node, RCS_WAY_RESET);
    rcs_check_decide(check, node, RCS_WORD_RESET);
}

void rcs_check_saved(struct rcs_check *check, rcs_us at_us, unsigned node,
                     const struct rcs_check_disk *disk, bool fsync)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    if (disk->known == 1 && n->disk.known > 1) { /* RESET SOFT says nothing in the log */
        was_reset(check, at_us, node);
    }
    n->disk = *disk;
    if (fsync) {
        n->disk_vote = disk->last_vote_epoch;
    }
}

void rcs_check_replaced(struct rcs_check *check, unsigned node, const struct rcs_check_disk *disk)
{
    if (disk != NULL) { /* without one it is somebody else */
        rcs_check_node(check, node)->replaced = true;
        rcs_check_node(check, node)->put_conf = true;
    }
}

void rcs_check_disturbed(struct rcs_check *check, rcs_us at_us)
{
    check->disturbed_us = at_us < check->disturbed_us ? at_us : check->disturbed_us;
}

void rcs_check_clock_put(struct rcs_check *check)
{
    check->clock_put = true;
}

/* --- what a node says of itself --------------------------------------------------------------- */

/* Redis 7.0 clusterProcessPacket raises the current epoch and leaves it to a later save to keep
 * that: after a restart it may be older than what was said, but not older than the file. */
static void check_current(struct rcs_check *check, rcs_us at_us, unsigned node,
                          const struct rcs_check_node *n, uint64_t epoch)
{
    if (n->said_ever && epoch < n->current_epoch) {
        const char *permit = "";
        if (!n->said) {
            permit = n->replaced                      ? "stale-conf"
                     : epoch >= n->disk.current_epoch ? "unsaved-epoch"
                                                      : "";
        }
        rcs_check_find(check, at_us, RCS_INVARIANT_EPOCH_FALLS, permit, (int)node, -1, 1,
                       "its current epoch fell from %llu to %llu", n->current_epoch, epoch);
    } else if (!n->said && epoch < n->disk.current_epoch) {
        rcs_check_find(check, at_us, RCS_INVARIANT_EPOCH_FALLS, "", (int)node, -1, 1,
                       "its nodes.conf has current epoch %llu, and it begins with %llu",
                       n->disk.current_epoch, epoch);
    }
}

/* Some replica names `n` as its master (and says that epoch of it, if it is not 0), or did before
 * what it last said: that may still be on its way. 7.4 and Valkey take from a replica that was
 * master of the shard who is master now, and of what epoch, though that be the node itself
 * (28976a900). */
static bool told(const struct rcs_check *check, const struct rcs_check_node *n, uint64_t epoch)
{
    for (unsigned i = 0; i < check->node_count; i++) {
        const struct rcs_check_node *replica = &check->nodes[i];
        for (unsigned j = 0; j < 2 && replica != n; j++) {
            if (replica->named[j].master == n->id &&
                (epoch == 0 || replica->named[j].config_epoch == epoch)) {
                return true;
            }
        }
    }
    return false;
}

/* A replica's header bears its master's: only that of a master is its own. */
static void check_config(struct rcs_check *check, rcs_us at_us, unsigned node,
                         const struct rcs_check_node *n, uint64_t epoch)
{
    if (n->mastered && epoch < n->config_epoch) {
        rcs_check_find(check, at_us, RCS_INVARIANT_CONFIG_FALLS,
                       n->replaced             ? "stale-conf"
                       : n->began_replica      ? "replica-epoch"
                       : told(check, n, epoch) ? "told-by-replica"
                                               : "",
                       (int)node, -1, 1, "its config epoch fell from %llu to %llu", n->config_epoch,
                       epoch);
    }
}

/* A master without slots is nobody's master: what RESET leaves. */
static void check_role(struct rcs_check *check, rcs_us at_us, unsigned node,
                       struct rcs_check_node *n, const struct rcs_bus_msg *msg)
{
    if ((msg->flags & RCS_NODE_MASTER) == 0) {
        n->replica = true;
        n->claims = false;
        return;
    }
    if (n->replica && !n->may_rise && msg->slots->count > 0) {
        rcs_check_find(check, at_us, RCS_INVARIANT_NO_MAJORITY,
                       told(check, n, 0) ? "told-by-replica" : "", (int)node, -1, 1,
                       "a replica, it says it is master of %llu slots, with config epoch %llu, and "
                       "was not elected",
                       msg->slots->count, msg->config_epoch);
    }
    n->reign += n->replica;
    n->replica = false;
    n->may_rise = false;
    n->ever_master = true;
}

/* Two that replicate each other: their slots are nobody's, and stay it when a TAKEOVER ends that.
 */
static void note_loop(struct rcs_check *check, const struct rcs_check_node *n)
{
    for (unsigned i = 0; i < check->node_count; i++) {
        const struct rcs_check_node *other = &check->nodes[i];
        check->looped |= other->id == n->named[0].master && other->named[0].master == n->id &&
                         (other->replaced || n->replaced);
    }
}

static void take_header(struct rcs_check *check, rcs_us at_us, unsigned node,
                        struct rcs_check_node *n, const struct rcs_bus_msg *msg)
{
    if (msg->sender != n->id) { /* somebody new: RESET HARD, or no nodes.conf */
        n->was = n->id;
        n->id = msg->sender;
        n->said_ever = n->mastered = false;
        n->vote_epoch = 0;
    }
    check_current(check, at_us, node, n, msg->current_epoch);
    if (msg->flags & RCS_NODE_MASTER) {
        check_config(check, at_us, node, n, msg->config_epoch);
        if (n->said && n->mastered && n->config_epoch != msg->config_epoch && !n->may_rise &&
            n->fact_epochs[0] != msg->config_epoch && n->fact_epochs[1] != msg->config_epoch) {
            n->epoch_by = RCS_EPOCH_TOLD;
        }
        n->config_epoch = msg->config_epoch;
        n->mastered = true;
    }
    check_role(check, at_us, node, n, msg);
    n->current_epoch = msg->current_epoch;
    if (msg->master != n->named[0].master || msg->config_epoch != n->named[0].config_epoch) {
        n->named[1] = n->named[0];
        n->named[0].master = msg->master;
        n->named[0].config_epoch = msg->config_epoch;
        if (msg->master != RCS_ID_NONE) {
            note_loop(check, n);
        }
    }
    n->flags = msg->flags;
    n->said = n->said_ever = true;
    if (msg->flags & RCS_NODE_MASTER) {
        n->claims = msg->slots->count > 0;
        rcs_check_claims(check, at_us, node, msg->config_epoch);
    }
}

/* --- votes ------------------------------------------------------------------------------------ */

static void check_vote(struct rcs_check *check, rcs_us at_us, unsigned node,
                       struct rcs_check_node *n, int candidate, uint64_t epoch)
{
    if (n->vote_epoch != 0 && epoch <= n->vote_epoch) {
        const char *permit = "";
        if (n->vote_life != n->life) {
            permit = n->replaced ? "stale-conf" : "vote-before-disk";
        }
        check->broken_vote = permit;
        check->broken_epoch = epoch;
        rcs_check_find(check, at_us, RCS_INVARIANT_DOUBLE_VOTE, permit, (int)node, candidate, 1,
                       "it voted in epoch %llu and then again in epoch %llu", n->vote_epoch, epoch);
    } else if (n->won_epoch == epoch) {
        check->broken_vote = "winner-votes";
        check->broken_epoch = epoch;
    }
    (*rcs_check_pair(check, RCS_PAIR_CAST, 0, epoch, true))++;
    n->vote_epoch = epoch;
    n->vote_life = n->life;
    n->unsaved_vote = epoch;
}

void rcs_check_stepped(struct rcs_check *check, rcs_us at_us, unsigned node)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    if (n->unsaved_vote > n->disk_vote) {
        rcs_check_find(check, at_us, RCS_INVARIANT_VOTE_UNSAVED, "vote-before-disk", (int)node, -1,
                       1, "its vote in epoch %llu left, and its nodes.conf has %llu",
                       n->unsaved_vote, n->disk_vote);
    }
    n->unsaved_vote = 0;
}

bool rcs_check_sent(struct rcs_check *check, rcs_us at_us, unsigned node, int to, int about,
                    const struct rcs_bus_msg *msg)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    n->at_itself |= to == (int)node;
    if (msg->form & RCS_BUS_IS_LIGHT) {
        return false; /* such a header says nothing of its sender */
    }
    if (msg->current_epoch != n->current_epoch || msg->config_epoch != n->named[0].config_epoch ||
        msg->flags != n->flags || msg->sender != n->id || msg->master != n->named[0].master ||
        !n->said || (msg->flags & RCS_NODE_MASTER && (msg->slots->count > 0) != n->claims)) {
        take_header(check, at_us, node, n, msg);
    }
    if (msg->type == RCS_BUS_AUTH_REQUEST && msg->current_epoch != n->request_epoch) {
        n->request_epoch = msg->current_epoch;
        n->votes = 0;
    } else if (msg->type == RCS_BUS_FAIL) {
        rcs_check_calls_fail(check, at_us, node, about, 0);
    } else if (msg->type == RCS_BUS_AUTH_ACK) {
        check_vote(check, at_us, node, n, to, msg->current_epoch);
        return true;
    }
    return false;
}

void rcs_check_vote_came(struct rcs_check *check, unsigned node, unsigned voter, uint64_t epoch)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    n->votes_came++;
    uint64_t *last = rcs_check_pair(check, RCS_PAIR_VOTED, node, voter, true);
    if (epoch >= n->request_epoch && *last < n->request_epoch) {
        n->votes++;
    }
    *last = epoch > *last ? epoch : *last;
}

/* --- elections -------------------------------------------------------------------------------- */

/* Two majorities have a voter in common, unless one is of fewer masters than voted. */
static void check_winner(struct rcs_check *check, rcs_us at_us, unsigned node, uint64_t epoch)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    uint64_t cast = *rcs_check_pair(check, RCS_PAIR_CAST, 0, epoch, true);
    uint64_t *winner = rcs_check_pair(check, RCS_PAIR_WON, 0, epoch, true);
    n->won_masters = n->disk.masters;
    if (*winner != 0 && *winner != node + 1) {
        unsigned other = (unsigned)*winner - 1;
        bool fewer = n->won_masters < cast || check->nodes[other].won_masters < cast;
        if (check->broken_epoch != epoch) {
            check->broken_vote = fewer ? "undercount" : "";
            check->broken_epoch = epoch;
        }
        rcs_check_find(check, at_us, RCS_INVARIANT_TWO_WINNERS, check->broken_vote, (int)node,
                       (int)other, 1, "it won the election of epoch %llu, as did another", epoch,
                       0);
    }
    *winner = node + 1;
}

/* By the votes that came to it; whose majority, by the masters its nodes.conf names. */
/* A step's milestones come before what it says: the last packet that bears the one before, too. */
static void fact_epoch(struct rcs_check_node *n, uint64_t epoch)
{
    n->fact_epochs[1] = n->fact_epochs[0];
    n->fact_epochs[0] = epoch;
}

static void check_election(struct rcs_check *check, rcs_us at_us, unsigned node, uint64_t epoch)
{
    struct rcs_check_node *n = rcs_check_node(check, node);
    unsigned majority = n->disk.masters / 2 + 1;
    n->may_rise = true;
    n->took_over = false;
    n->epoch_by = RCS_EPOCH_ELECTED;
    fact_epoch(n, epoch);
    if (n->won_epoch == epoch) {
        rcs_check_find(check, at_us, RCS_INVARIANT_NO_MAJORITY, "stale-election", (int)node, -1, 1,
                       "it won the election of epoch %llu again, without asking", epoch, 0);
    } else if (n->votes < majority) {
        rcs_check_find(check, at_us, RCS_INVARIANT_NO_MAJORITY,
                       n->votes_came >= majority ? "repeated-votes" : "", (int)node, -1, 1,
                       "it won an election by the votes of %llu masters, and %llu is a majority",
                       n->votes, majority);
    }
    n->won_epoch = epoch;
    check_winner(check, at_us, node, epoch);
}

/* --- facts ------------------------------------------------------------------------------------ */

/* A master is back. */
static enum rcs_check_way booted(struct rcs_check *check, unsigned node, uint64_t keys)
{
    if (keys > 0) {
        return rcs_check_node(check, node)->stale ? RCS_WAY_STALE : RCS_WAY_RESTART;
    }
    rcs_check_decide(check, node, RCS_WORD_EMPTY);
    return RCS_WAY_EMPTY;
}

enum rcs_check_way rcs_check_fact(struct rcs_check *check, rcs_us at_us, unsigned node,
                                  const struct rcs_check_fact *fact)
{
    enum rcs_check_word word = rcs_check_word(check, fact->code, fact->what);
    if (word == RCS_WORD_NONE) {
        return RCS_WAY_NONE;
    }
    enum rcs_check_way way = RCS_WAY_NONE;
    struct rcs_check_node *n = rcs_check_node(check, node);
    bool of_takeover = word == RCS_WORD_BUMPED && n->took_over && n->took_over_us == at_us;
    if (!of_takeover) {
        rcs_check_decide(check, node, word);
    }
    switch (word) {
    case RCS_WORD_TAKEOVER:
        n->may_rise = n->took_over = true;
        n->epoch_by = RCS_EPOCH_TAKEOVER;
        n->took_over_us = at_us;
        break;
    case RCS_WORD_BUMPED:
        n->epoch_by = of_takeover ? RCS_EPOCH_TAKEOVER : RCS_EPOCH_BUMP;
        fact_epoch(n, (uint64_t)fact->values[0]);
        break;
    case RCS_WORD_COLLISION:
        n->epoch_by = RCS_EPOCH_COLLISION;
        fact_epoch(n, (uint64_t)fact->values[0]);
        break;
    case RCS_WORD_EPOCH_SET:
        n->epoch_by = RCS_EPOCH_SET;
        fact_epoch(n, (uint64_t)fact->values[0]);
        break;
    case RCS_WORD_ELECTION_DELAYED:
        n->votes_came = 0;
        break;
    case RCS_WORD_ELECTION_WON:
        check_election(check, at_us, node, (uint64_t)fact->values[2]);
        break;
    case RCS_WORD_PROMOTED:
        way = n->took_over ? RCS_WAY_TAKEOVER : RCS_WAY_FAILOVER;
        rcs_check_loses(check, at_us, fact->about, way);
        rcs_check_promoted(check, at_us, node, fact->about);
        break;
    case RCS_WORD_FOLLOWS:
    case RCS_WORD_REPLICATES:
        if (!n->replica) {
            way = RCS_WAY_DEMOTION;
            rcs_check_loses(check, at_us, (int)node, way);
        }
        break;
    case RCS_WORD_EPOCH_RESET:
        n->said_ever = n->mastered = false;
        n->identity++;
        was_reset(check, at_us, node);
        break;
    case RCS_WORD_RESET:
        was_reset(check, at_us, node);
        break;
    case RCS_WORD_KEYS_DROPPED:
    case RCS_WORD_SLOTS_DELETED:
        rcs_check_loses(check, at_us, (int)node, RCS_WAY_SLOTS);
        break;
    case RCS_WORD_PFAIL:
    case RCS_WORD_FAIL_RECEIVED:
        rcs_check_suspects(check, at_us, node, fact->about, true);
        break;
    case RCS_WORD_FAIL:
        rcs_check_suspects(check, at_us, node, fact->about, true);
        rcs_check_calls_fail(check, at_us, node, fact->about, fact->node_timeout_ms);
        break;
    case RCS_WORD_ADOPTED: /* as the gossip had it: Redis 7.0 clusterProcessGossipSection */
        if (fact->values[0] & (RCS_NODE_PFAIL | RCS_NODE_FAIL)) {
            rcs_check_suspects(check, at_us, node, fact->about, true);
        }
        rcs_check_knows(check, at_us, node, fact->about, false);
        break;
    case RCS_WORD_HANDSHAKE_DONE:
        rcs_check_knows(check, at_us, node, fact->about, true);
        break;
    case RCS_WORD_FORGOT:
        rcs_check_forgot(check, at_us, node, fact->about);
        break;
    case RCS_WORD_BOOT:
        /* Or by an older nodes.conf a replica again, perhaps of one who replicates it. */
        if (n->life > 1 && (!n->replica || (n->stale && n->claims))) {
            way = booted(check, node, fact->keys);
            rcs_check_loses(check, at_us, (int)node, way);
        }
        break;
    case RCS_WORD_PFAIL_CLEARED:
    case RCS_WORD_FAIL_CLEARED:
        rcs_check_suspects(check, at_us, node, fact->about, false);
        break;
    default: /* decisions: kept above */
        break;
    }
    return way;
}
