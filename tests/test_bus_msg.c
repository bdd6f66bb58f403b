#include "tests/support/support.h"

#include <rcsim/bus.h>

#include "tests/support/packets.h"

static struct test_packets recorded;

/* --- composing -------------------------------------------------------------------------------- */

static struct rcs_bus_msg *ping_of(struct rcs_store *store, unsigned count)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(store, RCS_BUS_PING, count);
    msg->sender = rcs_store_id(store, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    for (unsigned i = 0; i < count; i++) {
        msg->gossip[i] = (struct rcs_gossip){ .id = msg->sender, .pong_received_s = i };
    }
    msg->count = (uint16_t)count;
    return msg;
}

static void size_grows_with_gossip_and_host_name(void **state)
{
    static const struct {
        unsigned count;
        const char *hostname;
        size_t want;
    } rows[] = {
        { 0, "", 2256 },
        { 3, "", 2256 + 3 * 104 },
        { 0, "1234567", 2256 + 16 },
        { 0, "12345678", 2256 + 24 },
        { 0, "host-a.example", 2280 }, /* measured */
        { 700, "h", 2256 + 700 * 104 + 16 },
        { 65535, "", 2256 + 65535 * 104 },
    };
    (void)state;
    struct rcs_store *store = rcs_store_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_bus_msg *msg = ping_of(store, rows[i].count);
        msg->hostname = rcs_store_text(store, rows[i].hostname, strlen(rows[i].hostname));
        rcs_bus_msg_seal(msg);
        assert_int_equal(rcs_bus_size(store, msg), rows[i].want);
        uint8_t *bytes = malloc(rows[i].want);
        assert_non_null(bytes);
        assert_int_equal(rcs_bus_write(store, msg, bytes, rows[i].want), rows[i].want);
        struct rcs_bus_msg *back = test_read_ok(store, bytes, rows[i].want);
        assert_true(rcs_bus_msg_equal(msg, back));
        rcs_bus_msg_release(store, back);
        rcs_bus_msg_release(store, msg);
        free(bytes);
    }
    rcs_store_free(store);
}

static void write_needs_the_whole_room(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    struct rcs_bus_msg *msg = ping_of(store, 0);
    rcs_bus_msg_seal(msg);
    uint8_t out[RCS_BUS_HEADER_BYTES];
    assert_int_equal(rcs_bus_write(store, msg, out, sizeof(out)), sizeof(out));
    expect_assert_failure((void)rcs_bus_write(store, msg, out, sizeof(out) - 1));
    rcs_store_free(store);
}

static void a_host_name_rides_on_gossip_only(void **state)
{
    static const struct {
        enum rcs_bus_type type;
        bool rides;
    } rows[] = { { RCS_BUS_PING, true },  { RCS_BUS_PONG, true },     { RCS_BUS_MEET, true },
                 { RCS_BUS_FAIL, false }, { RCS_BUS_MFSTART, false }, { RCS_BUS_AUTH_ACK, false } };
    (void)state;
    struct rcs_store *store = rcs_store_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_bus_msg *msg = rcs_bus_msg_new(store, rows[i].type, 0);
        msg->mflags = RCS_MFLAG_PAUSED | (rows[i].rides ? 0 : RCS_MFLAG_EXT_DATA);
        msg->hostname = rcs_store_text(store, "host", 4);
        rcs_bus_msg_seal(msg);
        assert_true((msg->hostname != 0) == rows[i].rides);
        assert_int_equal(msg->mflags, RCS_MFLAG_PAUSED | (rows[i].rides ? RCS_MFLAG_EXT_DATA : 0));
        rcs_bus_msg_release(store, msg);
    }
    rcs_store_free(store);
}

static void seal_refuses_what_cannot_be(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    struct rcs_bus_msg *msg = rcs_bus_msg_new(store, RCS_BUS_PING, 2);
    msg->count = 3;
    expect_assert_failure(rcs_bus_msg_seal(msg));
    msg = rcs_bus_msg_new(store, RCS_BUS_FAIL, 2);
    msg->count = 1;
    expect_assert_failure(rcs_bus_msg_seal(msg));
    expect_assert_failure(rcs_bus_msg_seal(rcs_bus_msg_new(store, RCS_BUS_UPDATE, 0)));
    msg = rcs_bus_msg_new(store, RCS_BUS_PUBLISH, 0);
    msg->body.publish.message_bytes = 3;
    expect_assert_failure(rcs_bus_msg_seal(msg));
    msg = rcs_bus_msg_new(store, RCS_BUS_MODULE, 0);
    msg->payload = rcs_blob_new(store, "four", 4);
    msg->body.module.data_bytes = 3;
    expect_assert_failure(rcs_bus_msg_seal(msg));
    rcs_store_free(store);
}

/* --- the hash --------------------------------------------------------------------------------- */

enum { VARIANTS = 19 };

/* The same message, but for one field; 0 changes none. */
static struct rcs_bus_msg *variant(struct rcs_store *store, unsigned which)
{
    struct rcs_slot_words words = { { which == 10 ? 3 : 1 } };
    struct rcs_bus_msg *msg = ping_of(store, which == 1 ? 2 : 3);
    msg->type = which == 2 ? RCS_BUS_PONG : RCS_BUS_PING;
    msg->flags = which == 3 ? 5 : 4;
    msg->state = which == 4;
    msg->mflags = which == 5;
    msg->sender = (rcs_id)(which == 6);
    msg->master = which == 7 ? 0 : RCS_ID_NONE;
    msg->addr = (rcs_addr)(which == 8);
    msg->hostname = (rcs_text)(which == 9);
    msg->slots = rcs_store_slots(store, &words);
    msg->current_epoch = which == 11;
    msg->config_epoch = which == 12;
    msg->offset = which == 13 ? -1 : 0;
    msg->gossip[0].id = which == 14;
    msg->gossip[0].addr = which == 15;
    msg->gossip[1].flags = which == 16;
    msg->gossip[1].ping_sent_s = which == 17;
    msg->gossip[msg->count - 1].pong_received_s = which == 18 ? 99 : 2;
    rcs_bus_msg_seal(msg);
    return msg;
}

static void each_field_is_in_the_hash(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    struct rcs_bus_msg *of[VARIANTS];
    rcs_store_id(store, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    for (unsigned i = 0; i < VARIANTS; i++) {
        of[i] = variant(store, i);
        for (unsigned j = 0; j < i; j++) {
            assert_true(of[i]->hash != of[j]->hash);
            assert_false(rcs_bus_msg_equal(of[i], of[j]));
        }
    }
    struct rcs_bus_msg *same = variant(store, 0);
    assert_true(rcs_bus_msg_equal(of[0], same));
    rcs_store_free(store);
}

static struct rcs_bus_msg *with_payload(struct rcs_store *store, enum rcs_bus_type type,
                                        uint32_t channel_bytes, const char *payload)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(store, type, 0);
    msg->body.publish.channel_bytes = channel_bytes;
    msg->body.publish.message_bytes = (uint32_t)strlen(payload) - channel_bytes;
    msg->payload = rcs_blob_new(store, payload, strlen(payload));
    rcs_bus_msg_seal(msg);
    return msg;
}

static struct rcs_bus_msg *update_of(struct rcs_store *store, rcs_id id, uint64_t epoch,
                                     uint64_t slots)
{
    struct rcs_slot_words words = { { slots } };
    struct rcs_bus_msg *msg = rcs_bus_msg_new(store, RCS_BUS_UPDATE, 0);
    msg->body.update.id = id;
    msg->body.update.config_epoch = epoch;
    msg->body.update.slots = rcs_store_slots(store, &words);
    rcs_bus_msg_seal(msg);
    return msg;
}

static struct rcs_bus_msg *module_of(struct rcs_store *store, uint8_t id, uint8_t type,
                                     const char *data)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(store, RCS_BUS_MODULE, 0);
    msg->body.module.module_id[7] = id;
    msg->body.module.module_type = type;
    msg->body.module.data_bytes = (uint32_t)strlen(data);
    msg->payload = rcs_blob_new(store, data, strlen(data));
    rcs_bus_msg_seal(msg);
    return msg;
}

static struct rcs_bus_msg *fail_about(struct rcs_store *store, rcs_id about)
{
    struct rcs_bus_msg *msg = rcs_bus_msg_new(store, RCS_BUS_FAIL, 0);
    msg->body.about = about;
    rcs_bus_msg_seal(msg);
    return msg;
}

static void each_body_is_in_the_hash(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct rcs_bus_msg *of[] = {
        with_payload(store, RCS_BUS_PUBLISH, 1, "abc"),
        with_payload(store, RCS_BUS_PUBLISH, 2, "abc"),
        with_payload(store, RCS_BUS_PUBLISH, 1, "abd"),
        with_payload(store, RCS_BUS_PUBLISHSHARD, 1, "abc"),
        update_of(store, 0, 1, 1),
        update_of(store, 1, 1, 1),
        update_of(store, 0, 2, 1),
        update_of(store, 0, 1, 2),
        module_of(store, 0, 0, "x"),
        module_of(store, 1, 0, "x"),
        module_of(store, 0, 1, "x"),
        module_of(store, 0, 0, "y"),
        fail_about(store, 0),
        fail_about(store, 1),
    };
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(of[i]->hash != of[j]->hash);
            assert_false(rcs_bus_msg_equal(of[i], of[j]));
        }
    }
    assert_true(rcs_bus_msg_equal(of[0], with_payload(store, RCS_BUS_PUBLISH, 1, "abc")));
    assert_true(rcs_bus_msg_equal(of[4], update_of(store, 0, 1, 1)));
    rcs_store_free(store);
}

/* Blocks come back dirty, payloads lie elsewhere: neither is to be seen in the hash. */
static void padding_and_addresses_are_not_in_the_hash(void **state)
{
    (void)state;
    struct rcs_store *clean = rcs_store_new(), *dirty = rcs_store_new();
    for (size_t size = 16; size < 4096; size += 16) {
        void *block = rcs_store_alloc(dirty, size);
        memset(block, 0xee, size);
        rcs_store_release(dirty, block, size);
    }
    for (unsigned i = 0; i < recorded.count; i++) {
        const struct test_packet *packet = &recorded.packet[i];
        struct rcs_bus_msg *a = test_read_ok(clean, packet->bytes, packet->size_bytes);
        struct rcs_bus_msg *b = test_read_ok(dirty, packet->bytes, packet->size_bytes);
        assert_true(a->hash == b->hash);
        rcs_bus_msg_release(clean, a);
        rcs_bus_msg_release(dirty, b);
    }
    rcs_store_free(dirty);
    rcs_store_free(clean);
}

/* Digests must not differ between machines, compilers, build types: all packets in one number. */
static void the_hash_is_the_same_everywhere(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    uint64_t all = 0;
    for (unsigned i = 0; i < recorded.count; i++) {
        const struct test_packet *packet = &recorded.packet[i];
        struct rcs_bus_msg *msg = test_read_ok(store, packet->bytes, packet->size_bytes);
        all = all * 31 + msg->hash;
        rcs_bus_msg_release(store, msg);
    }
    assert_int_equal(all, UINT64_C(0x1a3c25a2d3d66e8b));
    rcs_store_free(store);
}

static void references_are_counted(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    struct rcs_slot_words words = { { 1 } };
    struct rcs_bus_msg *msg = update_of(store, 0, 1, 1);
    rcs_slot_set_release(store, msg->slots);
    msg->slots = rcs_store_slots(store, &words);
    assert_int_equal(msg->slots->refs, 2);
    assert_ptr_equal(rcs_bus_msg_retain(msg), msg);
    const struct rcs_slot_set *slots = rcs_slot_set_retain(msg->slots);
    rcs_bus_msg_release(store, msg);
    assert_int_equal(slots->refs, 3);
    rcs_bus_msg_release(store, msg);
    assert_int_equal(slots->refs, 1);
    rcs_slot_set_release(store, slots);
    rcs_store_free(store);
}

/* --- names ------------------------------------------------------------------------------------ */

static void names_of_types(void **state)
{
    static const char *const want[] = { "ping",    "pong",     "meet",         "fail",
                                        "publish", "auth-req", "auth-ack",     "update",
                                        "mfstart", "module",   "publishshard", "unknown" };
    (void)state;
    for (unsigned type = 0; type < 12; type++) {
        assert_string_equal(rcs_bus_type_name(type), want[type]);
    }
    assert_string_equal(rcs_bus_type_name(65535), "unknown");
}

static void names_of_flags(void **state)
{
    static const struct {
        unsigned flags;
        const char *want;
    } rows[] = {
        { 0, "noflags" },
        { 17, "myself,master" },
        { 2, "slave" },
        { 1 | 4, "master,fail?" },
        { 2 | 8 | 512, "slave,fail,nofailover" },
        { 128 | 256, "noflags" },
        { 32, "handshake" },
        { 0xffff, "myself,master,slave,fail?,fail,handshake,noaddr,nofailover" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[96];
        assert_int_equal(rcs_node_flags_write(rows[i].flags, out), strlen(rows[i].want));
        assert_string_equal(out, rows[i].want);
    }
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        { "write: size by gossip count and host name", size_grows_with_gossip_and_host_name, NULL, NULL, NULL },
        { "write: needs the whole room", write_needs_the_whole_room, NULL, NULL, NULL },
        { "seal: a host name rides on gossip only", a_host_name_rides_on_gossip_only, NULL, NULL, NULL },
        { "seal: refuses what cannot be", seal_refuses_what_cannot_be, NULL, NULL, NULL },
        { "hash: each field counts", each_field_is_in_the_hash, NULL, NULL, NULL },
        { "hash: each body counts", each_body_is_in_the_hash, NULL, NULL, NULL },
        { "hash: padding and addresses do not count", padding_and_addresses_are_not_in_the_hash, NULL, NULL, NULL },
        { "hash: the same everywhere", the_hash_is_the_same_everywhere, NULL, NULL, NULL },
        { "references: counted, with what they hold", references_are_counted, NULL, NULL, NULL },
        { "names: types", names_of_types, NULL, NULL, NULL },
        { "names: flags", names_of_flags, NULL, NULL, NULL },
    };
    /* clang-format on */
    test_packets_load(&recorded, "bus/redis-7.0.txt");
    int failed = cmocka_run_group_tests_name("bus_msg", tests, NULL, NULL);
    test_packets_free(&recorded);
    return failed;
}
