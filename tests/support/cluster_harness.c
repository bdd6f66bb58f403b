#include "tests/support/cluster_harness.h"

static void set_master(void *node, rcs_addr addr)
{
    struct harness *h = node;
    h->has_master = true;
    h->master_addr = addr;
}
static void unset_master(void *node)
{
    ((struct harness *)node)->has_master = false;
}
static int64_t offset(const void *node)
{
    return ((const struct harness *)node)->offset;
}
static bool has_master(const void *node)
{
    return ((const struct harness *)node)->has_master;
}
static int64_t data_age_ms(const void *node)
{
    return ((const struct harness *)node)->data_age_ms;
}
static unsigned slot_keys(const void *node, unsigned slot)
{
    return ((const struct harness *)node)->keys_in[slot];
}
static size_t keys(const void *node)
{
    size_t count = 0;
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        count += ((const struct harness *)node)->keys_in[slot];
    }
    return count;
}
static void drop_slot_keys(void *node, unsigned slot)
{
    struct harness *h = node;
    h->keys_in[slot] = 0;
    h->dropped_slots++;
}
static void drop_all_keys(void *node)
{
    memset(((struct harness *)node)->keys_in, 0, sizeof(((struct harness *)node)->keys_in));
}
static void pause_writes(void *node, int32_t until_ms)
{
    (void)until_ms;
    ((struct harness *)node)->paused = true;
}
static void unpause_writes(void *node)
{
    ((struct harness *)node)->paused = false;
}
static void publish(void *node, const struct rcs_bus_msg *msg, bool sharded)
{
    (void)node;
    (void)msg;
    (void)sharded;
}
static bool shard_channels(const void *node)
{
    (void)node;
    return false;
}
static void slot_lost(void *node, unsigned slot)
{
    (void)node;
    (void)slot;
}

static void die(void *node)
{
    (void)node;
    fail_msg("no disk here is full");
}

static void forget_history(void *node)
{
    ((struct harness *)node)->history_forgotten = true;
}

struct harness *harness_new(void)
{
    return harness_new_as("7.0");
}

struct harness *harness_new_as(const char *release)
{
    struct harness *h = calloc(1, sizeof(*h));
    assert_non_null(h);
    h->store = rcs_store_new();
    rcs_config_init(&h->config);
    assert_int_equal(rcs_config_choose(&h->config, rcs_profile_find(release), NULL), RCS_OK);
    h->config.node_timeout_ms = 1000;
    h->host = (struct rcs_cluster_host){ h,
                                         set_master,
                                         forget_history,
                                         unset_master,
                                         offset,
                                         has_master,
                                         data_age_ms,
                                         slot_keys,
                                         keys,
                                         drop_slot_keys,
                                         drop_all_keys,
                                         pause_writes,
                                         unpause_writes,
                                         publish,
                                         shard_channels,
                                         slot_lost,
                                         die };
    rcs_effects_init(&h->out);
    h->out.facts.causes = true;
    rcs_cluster_init(&h->cluster, h->store, &h->config, &h->host, 1, 0);
    h->cluster.wall_base_ms = 1767225600000 - RCS_NODE_MS_START;
    h->cluster.out = &h->out;
    h->cluster.now_ms = RCS_NODE_MS_START + 100000;
    rcs_cluster_start(&h->cluster, NULL);
    h->next_inbound = RCS_LINK_IN;
    harness_clear(h);
    return h;
}

void harness_free(struct harness *h)
{
    harness_clear(h);
    rcs_cluster_close(&h->cluster);
    rcs_effects_close(&h->out, h->store);
    rcs_store_free(h->store);
    free(h);
}

int harness_setup(void **state)
{
    *state = harness_new();
    return 0;
}

int harness_teardown(void **state)
{
    harness_free(*state);
    return 0;
}

rcs_id harness_peer(struct harness *h, char letter, unsigned flags)
{
    char name[RCS_ID_LEN];
    memset(name, letter, sizeof(name));
    struct rcs_address address = { .port = 6379, .cport = 16379 };
    snprintf(address.ip, sizeof(address.ip), "10.0.0.%d", letter);
    rcs_id id = rcs_store_id(h->store, name);
    struct rcs_peer *peer =
        rcs_peer_add(&h->cluster, id, flags, rcs_store_addr(h->store, &address));
    peer->link = RCS_LINK_OPEN;
    peer->link_created_ms = h->cluster.now_ms;
    peer->pong_received_ms = h->cluster.now_ms;
    peer->data_received_ms = h->cluster.now_ms;
    peer->inbound = h->next_inbound++;
    rcs_peer_changed(&h->cluster, id);
    return id;
}

void harness_slots(struct harness *h, rcs_id owner, unsigned first, unsigned last)
{
    struct rcs_slot_words words = { { 0 } };
    for (unsigned slot = first; slot <= last; slot++) {
        rcs_slot_words_add(&words, slot);
    }
    rcs_slots_assign(&h->cluster, &words, owner);
}

rcs_id harness_master(struct harness *h, char letter, unsigned first_slot, unsigned last_slot,
                      uint64_t epoch)
{
    rcs_id id = harness_peer(h, letter, RCS_NODE_MASTER);
    h->cluster.peers[id].config_epoch = epoch;
    harness_slots(h, id, first_slot, last_slot);
    if (epoch > h->cluster.current_epoch) {
        h->cluster.current_epoch = epoch;
    }
    rcs_state_update(&h->cluster);
    return id;
}

rcs_id harness_replica(struct harness *h, char letter, rcs_id master)
{
    rcs_id id = harness_peer(h, letter, RCS_NODE_REPLICA);
    rcs_replica_join(&h->cluster, master, id);
    return id;
}

void harness_follow(struct harness *h, rcs_id master)
{
    rcs_cluster_follow(&h->cluster, master);
}

void harness_candidate(struct harness *h, rcs_id *b, rcs_id *c, rcs_id *d, rcs_id *r)
{
    *b = harness_master(h, 'b', 0, 99, 1);
    *c = harness_master(h, 'c', 100, 199, 2);
    *d = harness_master(h, 'd', 200, RCS_SLOTS - 1, 3);
    *r = harness_replica(h, 'r', *b);
    harness_follow(h, *b);
    h->offset = 1000;
    h->cluster.peers[*r].repl_offset = 1000;
    harness_cron(h);
    harness_clear(h);
}

void harness_voter(struct harness *h, rcs_id *b, rcs_id *c, rcs_id *r)
{
    harness_slots(h, h->cluster.myself, 0, 99);
    *b = harness_master(h, 'b', 100, 199, 4);
    *c = harness_master(h, 'c', 200, RCS_SLOTS - 1, 5);
    *r = harness_replica(h, 'r', *b);
    h->cluster.current_epoch = 7;
    h->cluster.last_vote_epoch = 6;
    harness_fail(h, *c, *b);
    harness_clear(h);
}

void harness_later(struct harness *h, int ms)
{
    h->cluster.now_ms += ms;
}

struct rcs_bus_msg *harness_msg(struct harness *h, enum rcs_bus_type type, rcs_id sender,
                                unsigned gossip_room)
{
    const struct rcs_peer *peer = &h->cluster.peers[sender];
    rcs_id holder = peer->master != RCS_ID_NONE ? peer->master : sender;
    struct rcs_bus_msg *msg = rcs_bus_msg_new(h->store, type, gossip_room);
    msg->version = h->cluster.bus_version;
    msg->sender = sender;
    msg->master = peer->master;
    msg->flags = (uint16_t)(peer->flags | RCS_NODE_MYSELF);
    msg->addr = peer->addr;
    msg->current_epoch = h->cluster.current_epoch;
    msg->config_epoch = h->cluster.peers[holder].config_epoch;
    msg->offset = peer->repl_offset;
    rcs_slot_set_release(h->store, msg->slots);
    msg->slots = rcs_slot_set_retain(rcs_slots_held(&h->cluster, holder));
    return msg;
}

void harness_gossip(struct rcs_bus_msg *msg, rcs_id about, unsigned flags, uint32_t pong_s)
{
    msg->gossip[msg->count++] =
        (struct rcs_gossip){ .id = about, .flags = (uint16_t)flags, .pong_received_s = pong_s };
}

static void deliver(struct harness *h, struct rcs_bus_msg *msg, uint32_t link)
{
    rcs_bus_msg_seal(msg);
    struct rcs_event event = { .kind = RCS_EVENT_BUS_MSG, .link = link, .bus_msg = msg };
    event.remote = h->cluster.peers[msg->sender].addr;
    rcs_cluster_receive(&h->cluster, &event);
    rcs_bus_msg_release(h->store, msg);
}

void harness_receive(struct harness *h, struct rcs_bus_msg *msg)
{
    deliver(h, msg, h->cluster.peers[msg->sender].inbound);
}

void harness_fail(struct harness *h, rcs_id from, rcs_id about)
{
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_FAIL, from, 0);
    msg->body.about = about;
    harness_receive(h, msg);
}

void harness_receive_out(struct harness *h, struct rcs_bus_msg *msg)
{
    deliver(h, msg, msg->sender);
}

void harness_cron(struct harness *h)
{
    rcs_cluster_cron(&h->cluster);
    rcs_cluster_before_sleep(&h->cluster);
}

void harness_sleep(struct harness *h)
{
    rcs_cluster_before_sleep(&h->cluster);
}

const struct rcs_fact *harness_fact(const struct harness *h, enum rcs_fact_code code)
{
    for (size_t i = 0; i < h->out.facts.count; i++) {
        if (h->out.facts.list[i].code == code) {
            return &h->out.facts.list[i];
        }
    }
    return NULL;
}

unsigned harness_facts(const struct harness *h, enum rcs_fact_code code)
{
    unsigned count = 0;
    for (size_t i = 0; i < h->out.facts.count; i++) {
        count += h->out.facts.list[i].code == code;
    }
    return count;
}

const struct rcs_bus_msg *harness_sent_msg(const struct harness *h, enum rcs_bus_type type)
{
    for (size_t i = 0; i < h->out.count; i++) {
        const struct rcs_effect *effect = &h->out.list[i];
        if (effect->kind == RCS_EFFECT_BUS_SEND && effect->bus_msg->type == type) {
            return effect->bus_msg;
        }
    }
    return NULL;
}

unsigned harness_sent(const struct harness *h, enum rcs_bus_type type)
{
    unsigned count = 0;
    for (size_t i = 0; i < h->out.count; i++) {
        const struct rcs_effect *effect = &h->out.list[i];
        count += effect->kind == RCS_EFFECT_BUS_SEND && effect->bus_msg->type == type;
    }
    return count;
}

void harness_clear(struct harness *h)
{
    rcs_effects_clear(&h->out, h->store);
}
