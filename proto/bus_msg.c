/* Bus messages as values: made, sealed, compared, given back. */
#include <rcsim/bus.h>

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "proto/bus_wire.h"

/* Gossip entries are hashed and compared as memory. */
_Static_assert(sizeof(struct rcs_gossip) == 4 * 2 + 2 * 4, "no padding in a gossip entry");

/* What the hash covers besides what stands behind the header; integers in the machine's order,
 * which is little-endian wherever rcsim runs. */
struct canonical {
    uint16_t type, count, flags;
    uint8_t state, mflags;
    rcs_id sender, master;
    rcs_addr addr;
    rcs_text hostname;
    uint64_t current_epoch, config_epoch;
    int64_t offset;
    uint64_t slots; /* the set's hash */
};
_Static_assert(sizeof(struct canonical) == 8 * 2 + 4 * 8, "no padding in what is hashed");

/* Besides those, of a message that is not as 7.0 writes it. */
struct canonical_more {
    uint16_t version, form;
    rcs_text nodename, client_ipv4, client_ipv6, shard;
    uint32_t forgotten_count;
};
_Static_assert(sizeof(struct canonical_more) == 6 * 2 + 4, "no padding in what is hashed");

/* The same of what stands there instead of gossip entries. */
struct canonical_body {
    uint64_t field[3]; /* by type, 0 unused */
    uint64_t payload;  /* its hash, 0 none */
};

enum bus_body rcs_bus_body_of(unsigned type)
{
    static const uint8_t bodies[RCS_BUS_TYPE_COUNT] = {
#define X(name, wire, text, body) [wire] = BUS_BODY_##body,
        RCS_BUS_TYPES(X)
#undef X
    };
    return type < RCS_BUS_TYPE_COUNT ? (enum bus_body)bodies[type] : BUS_BODY_EMPTY;
}

enum bus_body rcs_bus_msg_body(const struct rcs_bus_msg *msg)
{
    enum bus_body body = rcs_bus_body_of(msg->type);
    bool unread = (body == BUS_BODY_PUBLISH || body == BUS_BODY_MODULE) && msg->payload == NULL;
    return unread ? BUS_BODY_EMPTY : body;
}

/* The same, for the messages that are nearly all. */
static bool gossips(const struct rcs_bus_msg *msg)
{
#define X(name, wire, text, body)                                                                  \
    _Static_assert((BUS_BODY_##body == BUS_BODY_GOSSIP) == (wire <= RCS_BUS_MEET), "in front");
    RCS_BUS_TYPES(X)
#undef X
    return msg->type <= RCS_BUS_MEET;
}

const char *rcs_bus_type_name(unsigned type)
{
    static const char *const names[RCS_BUS_TYPE_COUNT] = {
#define X(name, wire, text, body) [wire] = text,
        RCS_BUS_TYPES(X)
#undef X
    };
    return type < RCS_BUS_TYPE_COUNT ? names[type] : "unknown";
}

static size_t block_bytes(unsigned gossip_room)
{
    return sizeof(struct rcs_bus_msg) + gossip_room * sizeof(struct rcs_gossip);
}

RCS_HOT struct rcs_bus_msg *rcs_bus_msg_new(struct rcs_store *store, enum rcs_bus_type type,
                                            unsigned gossip_room)
{
    RCS_ASSERT(gossip_room <= UINT16_MAX);
    struct rcs_bus_msg *msg = rcs_store_alloc(store, block_bytes(gossip_room));
    memset(msg, 0, sizeof(*msg));
    msg->refs = 1;
    msg->type = (uint16_t)type;
    msg->gossip_room = (uint16_t)gossip_room;
    msg->version = 1;
    msg->master = RCS_ID_NONE;
    msg->slots = rcs_store_no_slots(store);
    return msg;
}

static struct canonical_body body_of(const struct rcs_bus_msg *msg)
{
    struct canonical_body body = { .field = { 0 } };
    switch (rcs_bus_msg_body(msg)) {
    case BUS_BODY_GOSSIP:
        break;
    case BUS_BODY_EMPTY: /* no payload, so nothing that speaks of one */
        RCS_IMPLIES(rcs_bus_body_of(msg->type) == BUS_BODY_PUBLISH,
                    msg->body.publish.channel_bytes == 0 && msg->body.publish.message_bytes == 0);
        RCS_IMPLIES(rcs_bus_body_of(msg->type) == BUS_BODY_MODULE,
                    msg->body.module.data_bytes == 0);
        break;
    case BUS_BODY_ABOUT:
        body.field[0] = msg->body.about;
        break;
    case BUS_BODY_UPDATE:
        RCS_ASSERT(msg->body.update.slots != NULL);
        body.field[0] = msg->body.update.id;
        body.field[1] = msg->body.update.config_epoch;
        body.field[2] = msg->body.update.slots->hash;
        break;
    case BUS_BODY_PUBLISH:
        body.field[0] = msg->body.publish.channel_bytes;
        body.field[1] = msg->body.publish.message_bytes;
        RCS_ASSERT(body.field[0] + body.field[1] == msg->payload->size_bytes);
        break;
    case BUS_BODY_MODULE:
        memcpy(&body.field[0], msg->body.module.module_id, sizeof(body.field[0]));
        body.field[1] = msg->body.module.module_type;
        body.field[2] = msg->body.module.data_bytes;
        RCS_ASSERT(body.field[2] == msg->payload->size_bytes);
        break;
    }
    if (msg->payload != NULL) {
        body.payload = XXH3_64bits(msg->payload->bytes, msg->payload->size_bytes);
    }
    return body;
}

bool rcs_bus_is_extended(const struct rcs_bus_msg *msg)
{
    return gossips(msg) && (msg->body.extended.nodename | msg->body.extended.shard |
                            msg->body.extended.client_ipv4 | msg->body.extended.client_ipv6 |
                            msg->body.extended.forgotten_count) != 0;
}

RCS_RARE static struct canonical_more more_of(const struct rcs_bus_msg *msg)
{
    struct canonical_more more = { .version = msg->version, .form = msg->form };
    if (gossips(msg)) {
        more.nodename = msg->body.extended.nodename;
        more.client_ipv4 = msg->body.extended.client_ipv4;
        more.client_ipv6 = msg->body.extended.client_ipv6;
        more.shard = msg->body.extended.shard;
        more.forgotten_count = msg->body.extended.forgotten_count;
    }
    return more;
}

RCS_RARE static uint64_t forgotten_hash(const struct rcs_bus_msg *msg)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < msg->body.extended.forgotten_count; i++) {
        const struct rcs_forgotten *one = rcs_bus_forgotten(msg, i);
        const uint64_t fields[] = { one->id, one->ttl_s };
        hash = XXH3_64bits_withSeed(fields, sizeof(fields), hash);
    }
    return hash;
}

RCS_HOT void rcs_bus_msg_seal(struct rcs_bus_msg *msg)
{
    const bool gossip = gossips(msg), extended = rcs_bus_is_extended(msg);
    RCS_ASSERT(msg->count <= msg->gossip_room);
    RCS_IMPLIES(!gossip, msg->count == 0);
    RCS_IMPLIES((msg->form & RCS_BUS_IS_LIGHT) != 0,
                rcs_bus_body_of(msg->type) == BUS_BODY_PUBLISH && msg->version == 1);
    if (!gossip) {
        msg->hostname = 0;
    }
    if (!gossip || msg->hostname != 0 || extended) {
        msg->form &= (uint8_t)~RCS_BUS_ASKS;
    }
    bool marked = msg->hostname != 0 || extended || msg->form & RCS_BUS_ASKS;
    msg->mflags =
        (uint8_t)((msg->mflags & ~RCS_MFLAG_EXT_DATA) | (marked ? RCS_MFLAG_EXT_DATA : 0));

    const struct canonical fields = { .type = msg->type,
                                      .count = msg->count,
                                      .flags = msg->flags,
                                      .state = msg->state,
                                      .mflags = msg->mflags,
                                      .sender = msg->sender,
                                      .master = msg->master,
                                      .addr = msg->addr,
                                      .hostname = msg->hostname,
                                      .current_epoch = msg->current_epoch,
                                      .config_epoch = msg->config_epoch,
                                      .offset = msg->offset,
                                      .slots = msg->slots->hash };
    uint64_t hash = XXH3_64bits(&fields, sizeof(fields));
    if (!gossip) {
        const struct canonical_body body = body_of(msg);
        hash = XXH3_64bits_withSeed(&body, sizeof(body), hash);
    } else if (msg->count > 0) {
        hash = XXH3_64bits_withSeed(msg->gossip, msg->count * sizeof(msg->gossip[0]), hash);
    }
    if (msg->version != 1 || msg->form != 0 || extended) { /* never in 7.0 */
        const struct canonical_more more = more_of(msg);
        hash = XXH3_64bits_withSeed(&more, sizeof(more), hash);
        hash ^= extended ? forgotten_hash(msg) : 0;
    }
    msg->hash = hash;
}

const struct rcs_forgotten *rcs_bus_forgotten(const struct rcs_bus_msg *msg, unsigned i)
{
    RCS_ASSERT(gossips(msg) && i < msg->body.extended.forgotten_count);
    const void *list = msg->body.extended.forgotten->bytes;
    return (const struct rcs_forgotten *)list + i;
}

void rcs_bus_forget(struct rcs_store *store, struct rcs_bus_msg *msg,
                    const struct rcs_forgotten *list, unsigned count)
{
    RCS_ASSERT(gossips(msg) && count > 0 && msg->body.extended.forgotten == NULL);
    msg->body.extended.forgotten = rcs_blob_new(store, list, count * sizeof(list[0]));
    msg->body.extended.forgotten_count = count;
}

RCS_HOT void rcs_bus_msg_release(struct rcs_store *store, struct rcs_bus_msg *msg)
{
    RCS_ASSERT(msg->refs > 0);
    if (--msg->refs > 0) {
        return;
    }
    rcs_slot_set_release(store, msg->slots);
    if (msg->type == RCS_BUS_UPDATE && msg->body.update.slots != NULL) {
        rcs_slot_set_release(store, msg->body.update.slots);
    }
    if (msg->payload != NULL) {
        rcs_blob_release(store, msg->payload);
    }
    if (gossips(msg) && msg->body.extended.forgotten != NULL) {
        rcs_blob_release(store, msg->body.extended.forgotten);
    }
    rcs_store_release(store, msg, block_bytes(msg->gossip_room));
}

static bool bodies_equal(const struct rcs_bus_msg *a, const struct rcs_bus_msg *b)
{
    const struct canonical_body of_a = body_of(a), of_b = body_of(b);
    return memcmp(&of_a, &of_b, sizeof(of_a)) == 0;
}

static bool payloads_equal(const struct rcs_blob *a, const struct rcs_blob *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return a->size_bytes == b->size_bytes && memcmp(a->bytes, b->bytes, a->size_bytes) == 0;
}

static bool more_equal(const struct rcs_bus_msg *a, const struct rcs_bus_msg *b)
{
    const struct canonical_more of_a = more_of(a), of_b = more_of(b);
    if (memcmp(&of_a, &of_b, sizeof(of_a)) != 0) {
        return false;
    }
    for (unsigned i = 0; i < of_a.forgotten_count; i++) {
        const struct rcs_forgotten *one = rcs_bus_forgotten(a, i), *other = rcs_bus_forgotten(b, i);
        if (one->id != other->id || one->ttl_s != other->ttl_s) {
            return false;
        }
    }
    return true;
}

bool rcs_bus_msg_equal(const struct rcs_bus_msg *a, const struct rcs_bus_msg *b)
{
    return a->hash == b->hash && a->type == b->type && a->count == b->count &&
           a->flags == b->flags && a->state == b->state && a->mflags == b->mflags &&
           a->sender == b->sender && a->master == b->master && a->addr == b->addr &&
           a->hostname == b->hostname && a->current_epoch == b->current_epoch &&
           a->config_epoch == b->config_epoch && a->offset == b->offset && a->slots == b->slots &&
           more_equal(a, b) && bodies_equal(a, b) && payloads_equal(a->payload, b->payload) &&
           memcmp(a->gossip, b->gossip, a->count * sizeof(a->gossip[0])) == 0;
}

size_t rcs_node_flags_write(unsigned flags, char *out)
{
    static const struct {
        unsigned flag;
        const char *text;
    } words[] = {
#define X(name, value, text) { value, text },
        RCS_NODE_FLAGS(X)
#undef X
    };
    char *end = out;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].text == NULL || (flags & words[i].flag) == 0) {
            continue;
        }
        if (end != out) {
            *end++ = ',';
        }
        size_t size_bytes = strlen(words[i].text);
        memcpy(end, words[i].text, size_bytes);
        end += size_bytes;
    }
    if (end == out) {
        memcpy(out, "noflags", 7);
        end += 7;
    }
    *end = '\0';
    return (size_t)(end - out);
}
