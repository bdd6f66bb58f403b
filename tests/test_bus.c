#include "tests/support/support.h"

#include <rcsim/bus.h>

#include "tests/support/packet_facts.h"

static struct test_packets recorded, received;

static void set32(uint8_t *bytes, size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[at + i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void set16(uint8_t *bytes, size_t at, uint16_t value)
{
    bytes[at] = (uint8_t)(value >> 8);
    bytes[at + 1] = (uint8_t)value;
}

/* --- recorded packets: decode, compare every field, encode, compare the bytes ----------------- */

static void recorded_both_ways(void **state)
{
    const struct test_packet *packet = *state;
    struct rcs_store *store = rcs_store_new();
    struct test_outcome got = test_read(store, packet->bytes, packet->size_bytes);
    assert_int_equal(got.err, RCS_OK);
    assert_int_equal(got.used, packet->size_bytes);
    assert_true(got.refusal.counted);
    assert_int_equal(got.refusal.type, got.msg->type);
    assert_string_equal(got.refusal.log, "");
    test_expect_facts(store, got.msg, packet);
    test_expect_written(store, got.msg, packet->bytes, packet->size_bytes);

    struct rcs_bus_msg *again = test_read_ok(store, packet->bytes, packet->size_bytes);
    assert_true(rcs_bus_msg_equal(got.msg, again));
    rcs_bus_msg_release(store, again);
    rcs_bus_msg_release(store, got.msg);
    rcs_store_free(store);
}

/* Cut at every byte: more is needed. Cut and called whole: refused, with a word on why. */
static void recorded_cut(void **state)
{
    const struct test_packet *packet = *state;
    struct rcs_store *store = rcs_store_new();
    for (size_t size = 0; size < packet->size_bytes; size++) {
        struct test_outcome got = test_read(store, packet->bytes, size);
        assert_int_equal(got.err, RCS_MORE);
        assert_int_equal(got.used, 0);
        assert_null(got.msg);
    }
    uint8_t *whole = test_exact(packet->bytes, packet->size_bytes);
    for (size_t size = 8; size < packet->size_bytes; size++) {
        set32(whole, 4, (uint32_t)size);
        struct test_outcome got = test_read(store, whole, size);
        assert_int_equal(got.err, RCS_ERR_PROTOCOL);
        assert_string_not_equal(got.refusal.log, "");
        assert_true(got.refusal.close == (size < RCS_BUS_HEADER_BYTES));
        assert_int_equal(got.used, size < RCS_BUS_HEADER_BYTES ? 0 : size);
        assert_null(got.msg);
    }
    free(whole);
    rcs_store_free(store);
}

/* What follows belongs to the next packet; called part of this one, it makes the length wrong. */
static void recorded_with_a_byte_more(void **state)
{
    const struct test_packet *packet = *state;
    struct rcs_store *store = rcs_store_new();
    uint8_t *more = malloc(packet->size_bytes + 1);
    assert_non_null(more);
    memcpy(more, packet->bytes, packet->size_bytes);
    more[packet->size_bytes] = 'R';
    struct test_outcome got = test_read(store, more, packet->size_bytes + 1);
    assert_int_equal(got.err, RCS_OK);
    assert_int_equal(got.used, packet->size_bytes);
    rcs_bus_msg_release(store, got.msg);

    set32(more, 4, (uint32_t)packet->size_bytes + 1);
    got = test_read(store, more, packet->size_bytes + 1);
    assert_int_equal(got.err, RCS_ERR_PROTOCOL);
    assert_false(got.refusal.close);
    assert_true(got.refusal.counted);
    free(more);
    rcs_store_free(store);
}

/* --- hand-made packets: what a real server logged --------------------------------------------- */

/* The node logs an unknown type, after the codec let it pass. */
static bool of_the_node(const char *log)
{
    return strncmp(log, "Received unknown packet type", 28) == 0;
}

static bool of_a_good_packet(const char *log)
{
    return log[0] == '\0' || strncmp(log, "Received unknown", 16) == 0;
}

static void received_as_by_a_server(void **state)
{
    const struct test_packet *packet = *state;
    char *facts = (char *)test_exact((const uint8_t *)packet->facts, strlen(packet->facts) + 1),
         *at = facts;
    const char *answer = test_next_line(&at), *log = test_next_line(&at);
    assert_memory_equal(answer, "answer ", 7);
    answer += 7;
    log = log != NULL ? log + 4 : "";

    struct rcs_store *store = rcs_store_new();
    struct test_outcome got = test_read(store, packet->bytes, packet->size_bytes);
    bool other_version = packet->bytes[9] != 1; /* dropped without a word */
    bool good = of_a_good_packet(log) && !other_version;
    assert_string_equal(got.refusal.log, of_the_node(log) ? "" : log);
    assert_int_equal(got.err, good ? RCS_OK : RCS_ERR_PROTOCOL);
    assert_true(got.refusal.close == (strcmp(answer, "closed") == 0));
    assert_int_equal(got.used, got.refusal.close ? 0 : packet->size_bytes);
    if (strcmp(answer, "pong") == 0) {
        assert_non_null(got.msg);
        assert_true(got.msg->type == RCS_BUS_PING || got.msg->type == RCS_BUS_MEET);
    }
    if (got.msg != NULL) {
        rcs_bus_msg_release(store, got.msg);
    }
    rcs_store_free(store);
    free(facts);
}

static const struct test_packet *received_named(const char *name)
{
    for (unsigned i = 0; i < received.count; i++) {
        if (strcmp(received.packet[i].name, name) == 0) {
            return &received.packet[i];
        }
    }
    fail_msg("no packet \"%s\"", name);
    return NULL;
}

/* What the recorded server's CLUSTER NODES showed of the sender afterwards. */
static void host_names_taken(void **state)
{
    static const struct {
        const char *packet, *hostname;
    } rows[] = {
        { "host ok", "hh" },       { "host garbage after nul, last nul", "h" },
        { "two hosts", "second" }, { "type 0 empty", "" },
        { "unknown len8", "" },    { "ext_data no extensions", "" },
    };
    (void)state;
    struct rcs_store *store = rcs_store_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct test_packet *packet = received_named(rows[i].packet);
        struct test_outcome got = test_read(store, packet->bytes, packet->size_bytes);
        assert_int_equal(got.err, RCS_OK);
        assert_string_equal(rcs_store_text_of(store, got.msg->hostname), rows[i].hostname);
        assert_true(((got.msg->mflags & RCS_MFLAG_EXT_DATA) != 0) == (got.msg->hostname != 0));
        rcs_bus_msg_release(store, got.msg);
    }
    rcs_store_free(store);
}

/* --- lengths whose sum wraps ------------------------------------------------------------------ */

/* A real server adds the two lengths in 32 bits. */
static void publish_lengths_that_wrap(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct test_packet *packet = test_packet_of_type(&recorded, "publish");
    uint8_t *bytes = test_exact(packet->bytes, packet->size_bytes);
    uint32_t together = (uint32_t)packet->size_bytes - 2264;
    set32(bytes, 2256, 0xfffffff0);
    set32(bytes, 2260, together + 16);
    struct test_outcome got = test_read(store, bytes, packet->size_bytes);
    assert_int_equal(got.err, RCS_ERR_PROTOCOL);
    assert_false(got.refusal.close);
    char want[160];
    snprintf(want, sizeof(want),
             "Received invalid publish packet of length %zu but expected length %zu",
             packet->size_bytes, packet->size_bytes + ((size_t)1 << 32));
    assert_string_equal(got.refusal.log, want);
    free(bytes);
    rcs_store_free(store);
}

static void lengths_that_are_cut_off_count_as_0(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct test_packet *packet = test_packet_of_type(&recorded, "publish");
    uint8_t *bytes = test_exact(packet->bytes, packet->size_bytes);
    set32(bytes, 4, 2263);
    struct test_outcome got = test_read(store, bytes, 2263);
    assert_int_equal(got.err, RCS_ERR_PROTOCOL);
    char want[160];
    snprintf(
        want, sizeof(want), "Received invalid publish packet of length 2263 but expected length %u",
        2264 + (unsigned)(bytes[2256] << 24 | bytes[2257] << 16 | bytes[2258] << 8 | bytes[2259]));
    assert_string_equal(got.refusal.log, want);
    free(bytes);
    rcs_store_free(store);
}

/* --- the stream ------------------------------------------------------------------------------- */

static void a_bad_stream_shows_with_its_8th_byte(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool close;
    } rows[] = {
        { "RCmb\0\0\x08\xd0", false },     { "RCmb\0\0\x08\xcf", true },
        { "RCmb\xff\xff\xff\xff", false }, { "RCmb\0\0\0\0", true },
        { "RCmc\0\0\x08\xd0", true },      { "rCmb\0\0\x08\xd0", true },
    };
    struct rcs_store *store = rcs_store_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct test_outcome got = test_read(store, (const uint8_t *)rows[i].bytes, 7);
        assert_int_equal(got.err, RCS_MORE);
        got = test_read(store, (const uint8_t *)rows[i].bytes, 8);
        assert_int_equal(got.err, rows[i].close ? RCS_ERR_PROTOCOL : RCS_MORE);
        assert_true(got.refusal.close == rows[i].close);
        assert_false(got.refusal.counted);
        assert_int_equal(got.used, 0);
        assert_string_equal(
            got.refusal.log,
            rows[i].close ? "Bad message length or signature received from Cluster bus." : "");
    }
    rcs_store_free(store);
}

static void a_stream_is_read_packet_by_packet(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    size_t size = 0, at = 0;
    for (unsigned i = 0; i < recorded.count; i++) {
        size += recorded.packet[i].size_bytes;
    }
    uint8_t *stream = malloc(size);
    assert_non_null(stream);
    for (unsigned i = 0; i < recorded.count; i++) {
        memcpy(stream + at, recorded.packet[i].bytes, recorded.packet[i].size_bytes);
        at += recorded.packet[i].size_bytes;
    }
    at = 0;
    for (unsigned i = 0; i < recorded.count; i++) {
        struct test_outcome got;
        got.err = rcs_bus_read(store, stream + at, size - at, &got.msg, &got.used, &got.refusal);
        assert_int_equal(got.err, RCS_OK);
        assert_int_equal(got.used, recorded.packet[i].size_bytes);
        rcs_bus_msg_release(store, got.msg);
        at += got.used;
    }
    assert_int_equal(at, size);
    free(stream);
    rcs_store_free(store);
}

/* Other types' counts and flags are no lengths. */
static void a_count_on_a_fail_is_no_gossip(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct test_packet *packet = test_packet_of_type(&recorded, "fail");
    uint8_t *bytes = test_exact(packet->bytes, packet->size_bytes);
    set16(bytes, 14, 9);
    bytes[2253] |= RCS_MFLAG_EXT_DATA;
    struct rcs_bus_msg *msg = test_read_ok(store, bytes, packet->size_bytes);
    assert_int_equal(msg->count, 0);
    assert_int_equal(msg->mflags & RCS_MFLAG_EXT_DATA, 0);
    test_expect_written(store, msg, packet->bytes, packet->size_bytes);
    rcs_bus_msg_release(store, msg);
    free(bytes);
    rcs_store_free(store);
}

static void what_no_server_reads_is_not_kept(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct test_packet *packet = NULL;
    for (unsigned i = 0; i < recorded.count && packet == NULL; i++) {
        if (strstr(recorded.packet[i].name, "ping") != NULL &&
            recorded.packet[i].size_bytes == 2256 + 104) {
            packet = &recorded.packet[i];
        }
    }
    assert_non_null(packet);
    uint8_t *bytes = test_exact(packet->bytes, packet->size_bytes);
    bytes[2169] = 'x'; /* behind the end of an empty myip */
    bytes[2216] = 1;   /* unused */
    bytes[2245] = 1;
    bytes[2254] = 1;           /* second byte of the message flags */
    bytes[2256 + 48 + 45] = 1; /* last byte of a gossip ip */
    bytes[2256 + 103] = 1;     /* unused end of a gossip entry */
    struct rcs_bus_msg *msg = test_read_ok(store, bytes, packet->size_bytes);
    struct rcs_bus_msg *plain = test_read_ok(store, packet->bytes, packet->size_bytes);
    assert_true(rcs_bus_msg_equal(msg, plain));
    test_expect_written(store, msg, packet->bytes, packet->size_bytes);
    rcs_bus_msg_release(store, plain);
    rcs_bus_msg_release(store, msg);
    free(bytes);
    rcs_store_free(store);
}

/* An ip that fills its field without a NUL is cut, so that nobody reads past it. */
static void an_ip_without_nul_is_cut(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct test_packet *packet = test_packet_of_type(&recorded, "auth-req");
    uint8_t *bytes = test_exact(packet->bytes, packet->size_bytes);
    memset(bytes + 2168, '1', 46);
    struct rcs_bus_msg *msg = test_read_ok(store, bytes, packet->size_bytes);
    assert_int_equal(strlen(rcs_store_address(store, msg->addr)->ip), 45);
    rcs_bus_msg_release(store, msg);
    free(bytes);
    rcs_store_free(store);
}

static void a_type_not_known_passes_empty(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct test_packet *packet = test_packet_of_type(&recorded, "update");
    uint8_t *bytes = test_exact(packet->bytes, packet->size_bytes);
    static const struct {
        uint16_t type;
        bool counted;
        enum rcs_err err;
    } rows[] = { { 10, true, RCS_ERR_PROTOCOL }, { 11, false, RCS_OK }, { 65535, false, RCS_OK } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set16(bytes, 12, rows[i].type);
        set16(bytes, 14, 3);
        struct test_outcome got = test_read(store, bytes, packet->size_bytes);
        assert_int_equal(got.err, rows[i].err);
        assert_true(got.refusal.counted == rows[i].counted);
        assert_int_equal(got.refusal.type, rows[i].type);
        if (got.msg != NULL) {
            assert_int_equal(got.msg->type, rows[i].type);
            assert_int_equal(got.msg->count, 0);
            rcs_bus_msg_release(store, got.msg);
        }
    }
    free(bytes);
    rcs_store_free(store);
}

static void a_full_store_is_said(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct test_packet *packet = test_packet_of_type(&recorded, "fail");
    uint8_t *bytes = test_exact(packet->bytes, packet->size_bytes);
    rcs_bus_msg_release(store, test_read_ok(store, bytes, packet->size_bytes));
    while (rcs_store_id_room(store)) {
        char name[RCS_ID_LEN + 1];
        snprintf(name, sizeof(name), "%040u", rcs_store_id_count(store));
        rcs_store_id(store, name);
    }
    rcs_bus_msg_release(store, test_read_ok(store, bytes, packet->size_bytes)); /* all known */
    bytes[2256] ^= 1;
    struct test_outcome got = test_read(store, bytes, packet->size_bytes);
    assert_int_equal(got.err, RCS_ERR_LIMIT);
    assert_int_equal(got.used, packet->size_bytes);
    assert_null(got.msg);
    free(bytes);
    rcs_store_free(store);
}

/* --- conversations: all bus traffic of a cluster ---------------------------------------------- */

struct conversation {
    struct rcs_store *store;
    char node[8][4]; /* name */
    rcs_id id[8];    /* of that node */
    unsigned nodes, messages;
};

static rcs_id id_of_node(const struct conversation *talk, const char *node)
{
    for (unsigned i = 0; i < talk->nodes; i++) {
        if (strcmp(talk->node[i], node) == 0) {
            return talk->id[i];
        }
    }
    fail_msg("no node %s", node);
    return RCS_ID_NONE;
}

/* msg T CONN FROM TO out|in TYPE HEX */
static void expect_message(struct conversation *talk, const struct test_words *words)
{
    size_t size_bytes;
    assert_int_equal(words->count, 8);
    uint8_t *bytes = test_hex(words->word[7], &size_bytes);
    struct rcs_bus_msg *msg = test_read_ok(talk->store, bytes, size_bytes);
    assert_string_equal(rcs_bus_type_name(msg->type), words->word[6]);
    assert_int_equal(msg->sender, id_of_node(talk, words->word[3]));
    test_expect_written(talk->store, msg, bytes, size_bytes);
    rcs_bus_msg_release(talk->store, msg);
    free(bytes);
    talk->messages++;
}

static void conversation_both_ways(void **state)
{
    char path[128];
    snprintf(path, sizeof(path), "conversations/%s.txt", (const char *)*state);
    char *text = test_vector(path, NULL), *at = text;
    struct conversation talk = { .store = rcs_store_new() };
    for (char *line = test_next_line(&at); line != NULL; line = test_next_line(&at)) {
        if (strncmp(line, "node ", 5) == 0) {
            struct test_words words = test_cut(line, TEST_WORDS_MAX);
            assert_true(talk.nodes < 8);
            snprintf(talk.node[talk.nodes], sizeof(talk.node[0]), "%s", words.word[1]);
            talk.id[talk.nodes++] = rcs_store_id(talk.store, words.word[2]);
        } else if (strncmp(line, "msg ", 4) == 0) {
            struct test_words words = test_cut(line, 8);
            expect_message(&talk, &words);
        }
    }
    assert_true(talk.messages >= 36);
    rcs_store_free(talk.store);
    free(text);
}

/* --- all together ----------------------------------------------------------------------------- */

#define TESTS_MAX 512

struct tests {
    struct CMUnitTest test[TESTS_MAX];
    char name[TESTS_MAX][192];
    unsigned count;
};

static void add_rows(struct tests *tests, const char *what, struct test_packets *packets,
                     CMUnitTestFunction function)
{
    for (unsigned i = 0; i < packets->count; i++) {
        assert_true(tests->count < TESTS_MAX);
        char *name = tests->name[tests->count];
        snprintf(name, sizeof(tests->name[0]), "%s: %s", what, packets->packet[i].name);
        tests->test[tests->count++] = (struct CMUnitTest){ .name = name,
                                                           .test_func = function,
                                                           .initial_state = &packets->packet[i] };
    }
}

int main(void)
{
    static struct tests tests;
    /* clang-format off */
    static const struct CMUnitTest plain[] = {
        { "received: host names as the server took them", host_names_taken, NULL, NULL, NULL },
        { "lengths: a sum that wraps is refused", publish_lengths_that_wrap, NULL, NULL, NULL },
        { "lengths: one that is cut off counts as 0", lengths_that_are_cut_off_count_as_0, NULL, NULL, NULL },
        { "stream: bad with its eighth byte, not before", a_bad_stream_shows_with_its_8th_byte, NULL, NULL, NULL },
        { "stream: packet by packet", a_stream_is_read_packet_by_packet, NULL, NULL, NULL },
        { "fail: a gossip count means nothing", a_count_on_a_fail_is_no_gossip, NULL, NULL, NULL },
        { "read: what no server reads is not kept", what_no_server_reads_is_not_kept, NULL, NULL, NULL },
        { "read: an ip without NUL is cut", an_ip_without_nul_is_cut, NULL, NULL, NULL },
        { "read: a type not known passes empty", a_type_not_known_passes_empty, NULL, NULL, NULL },
        { "read: a full store is said", a_full_store_is_said, NULL, NULL, NULL },
        { "conversation: three masters meet", conversation_both_ways, NULL, NULL, "form-3m" },
        { "conversation: failover after a kill", conversation_both_ways, NULL, NULL, "failover-3m3r" },
        { "conversation: failover after a stop", conversation_both_ways, NULL, NULL, "failover-3m3r-update" },
    };
    /* clang-format on */
    test_packets_load(&recorded, "bus/redis-7.0.txt");
    test_packets_load(&received, "bus/received-7.0.txt");
    add_rows(&tests, "both ways", &recorded, recorded_both_ways);
    add_rows(&tests, "cut", &recorded, recorded_cut);
    add_rows(&tests, "a byte more", &recorded, recorded_with_a_byte_more);
    add_rows(&tests, "received", &received, received_as_by_a_server);
    memcpy(&tests.test[tests.count], plain, sizeof(plain));
    tests.count += sizeof(plain) / sizeof(plain[0]);
    int failed = _cmocka_run_group_tests("bus", tests.test, tests.count, NULL, NULL);
    test_packets_free(&received);
    test_packets_free(&recorded);
    return failed;
}
