#include "tests/support/support.h"

#include <inttypes.h>

#include <rcsim/bus.h>

/* --- reading the vector files ---------------------------------------------------------------- */

#define WORDS_MAX 16

/* A line cut at its blanks. */
struct words {
    char *word[WORDS_MAX];
    unsigned count;
};

/* Cuts off the next line of `*text`, NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text;
    if (*line == '\0') {
        return NULL;
    }
    char *end = line + strcspn(line, "\n");
    *text = *end == '\0' ? end : end + 1;
    *end = '\0';
    return line;
}

/* At most `max` words, the last one with all that is left. */
static struct words cut(char *line, unsigned max)
{
    struct words words = { .count = 0 };
    while (*line != '\0' && words.count < max) {
        words.word[words.count++] = line;
        char *end = words.count < max ? strchr(line, ' ') : NULL;
        if (end == NULL) {
            break;
        }
        *end = '\0';
        line = end + 1;
    }
    return words;
}

static uint64_t number(const char *word)
{
    return strtoull(word, NULL, 10);
}

static const char *or_empty(const char *word)
{
    return strcmp(word, "-") == 0 ? "" : word;
}

/* --- a fixture: bytes with what is said about them ------------------------------------------- */

struct packet {
    char name[128];
    uint8_t *bytes;
    size_t size_bytes;
    char *facts; /* the lines below `bytes` */
};

#define PACKETS_MAX 128

struct packets {
    struct packet packet[PACKETS_MAX];
    unsigned count;
};

static struct packets recorded, received;

/* Blocks "packet NAME", "bytes HEX", facts; "#" lines are comments. */
static void packets_load(struct packets *packets, const char *path)
{
    char *text = test_vector(path, NULL), *at = text;
    for (char *line = next_line(&at); line != NULL; line = next_line(&at)) {
        if (strncmp(line, "packet ", 7) != 0) {
            continue;
        }
        assert_true(packets->count < PACKETS_MAX);
        struct packet *packet = &packets->packet[packets->count++];
        snprintf(packet->name, sizeof(packet->name), "%s", line + 7);
        line = next_line(&at);
        assert_non_null(line);
        assert_memory_equal(line, "bytes ", 6);
        packet->bytes = test_hex(line + 6, &packet->size_bytes);
        char *end = strstr(at, "\n\n");
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at);
        packet->facts = calloc(1, length + 1);
        assert_non_null(packet->facts);
        memcpy(packet->facts, at, length);
        at += length;
    }
    free(text);
}

static void packets_free(struct packets *packets)
{
    for (unsigned i = 0; i < packets->count; i++) {
        free(packets->packet[i].bytes);
        free(packets->packet[i].facts);
    }
}

/* A heap copy of exactly that size, so that the address sanitizer sees a byte too far. */
static uint8_t *exact(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes > 0 ? size_bytes : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size_bytes);
    return copy;
}

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

struct outcome {
    enum rcs_err err;
    struct rcs_bus_msg *msg;
    size_t used;
    struct rcs_bus_refusal refusal;
};

static struct outcome read_exact(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes)
{
    struct outcome got;
    uint8_t *copy = exact(bytes, size_bytes);
    got.err = rcs_bus_read(store, copy, size_bytes, &got.msg, &got.used, &got.refusal);
    free(copy);
    return got;
}

static struct rcs_bus_msg *read_ok(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes)
{
    struct outcome got = read_exact(store, bytes, size_bytes);
    assert_string_equal(got.refusal.log, "");
    assert_int_equal(got.err, RCS_OK);
    assert_int_equal(got.used, size_bytes);
    return got.msg;
}

/* --- recorded packets: decode, compare every field, encode, compare the bytes ---------------- */

static void expect_id(const struct rcs_store *store, rcs_id id, const char *want)
{
    if (strcmp(want, "-") == 0) {
        assert_int_equal(id, RCS_ID_NONE);
    } else {
        assert_int_not_equal(id, RCS_ID_NONE);
        assert_string_equal(rcs_store_name(store, id), want);
    }
}

static void expect_address(const struct rcs_store *store, rcs_addr addr, char *const word[4])
{
    const struct rcs_address *address = rcs_store_address(store, addr);
    assert_string_equal(address->ip, or_empty(word[0]));
    assert_int_equal(address->port, number(word[1]));
    assert_int_equal(address->cport, number(word[2]));
    assert_int_equal(address->pport, number(word[3]));
}

static void expect_slots(const struct rcs_slot_set *slots, const char *want)
{
    size_t capacity = rcs_slot_ranges_write(&slots->words, " ", NULL, 0) + 1;
    char *text = malloc(capacity);
    assert_non_null(text);
    rcs_slot_ranges_write(&slots->words, " ", text, capacity);
    assert_string_equal(text, or_empty(want));
    free(text);
}

static void expect_header(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                          const struct words *words)
{
    char *const *word = words->word;
    assert_int_equal(words->count, 14);
    assert_int_equal(msg->count, number(word[1]));
    assert_int_equal(msg->current_epoch, number(word[2]));
    assert_int_equal(msg->config_epoch, number(word[3]));
    assert_int_equal(msg->offset, number(word[4]));
    expect_id(store, msg->sender, word[5]);
    expect_id(store, msg->master, word[6]);
    expect_address(store, msg->addr, word + 7);
    assert_int_equal(msg->flags, number(word[11]));
    assert_int_equal(msg->state, number(word[12]));
    assert_int_equal(msg->mflags, number(word[13]));
}

static void expect_gossip(const struct rcs_store *store, const struct rcs_gossip *entry,
                          const struct words *words)
{
    char *const *word = words->word;
    assert_int_equal(words->count, 9);
    expect_id(store, entry->id, word[1]);
    assert_int_equal(entry->ping_sent_s, number(word[2]));
    assert_int_equal(entry->pong_received_s, number(word[3]));
    expect_address(store, entry->addr, word + 4);
    assert_int_equal(entry->flags, number(word[8]));
    assert_int_equal(entry->zero, 0);
}

/* `want` in hex against bytes of the payload. */
static void expect_bytes(const uint8_t *bytes, size_t size_bytes, const char *want)
{
    size_t want_bytes;
    uint8_t *expected = test_hex(or_empty(want), &want_bytes);
    assert_int_equal(size_bytes, want_bytes);
    assert_memory_equal(bytes, expected, want_bytes);
    free(expected);
}

static void expect_publish(const struct rcs_bus_msg *msg, const struct words *words)
{
    uint32_t channel_bytes = msg->body.publish.channel_bytes;
    assert_int_equal(words->count, 3);
    assert_int_equal(msg->payload->size_bytes, channel_bytes + msg->body.publish.message_bytes);
    expect_bytes(msg->payload->bytes, channel_bytes, words->word[1]);
    expect_bytes(msg->payload->bytes + channel_bytes, msg->body.publish.message_bytes,
                 words->word[2]);
}

static void expect_module(const struct rcs_bus_msg *msg, const struct words *words)
{
    assert_int_equal(words->count, 4);
    expect_bytes(msg->body.module.module_id, 8, words->word[1]);
    assert_int_equal(msg->body.module.module_type, number(words->word[2]));
    assert_int_equal(msg->body.module.data_bytes, msg->payload->size_bytes);
    expect_bytes(msg->payload->bytes, msg->payload->size_bytes, words->word[3]);
}

/* One line of facts. */
static void expect_fact(const struct rcs_store *store, const struct rcs_bus_msg *msg, char *line,
                        unsigned *entries)
{
    bool rest_is_one = strstr(line, "slots ") != NULL || strncmp(line, "hostname ", 9) == 0;
    struct words words = cut(line, rest_is_one ? 2 : WORDS_MAX);
    const char *what = words.word[0];
    if (strcmp(what, "header") == 0) {
        expect_header(store, msg, &words);
    } else if (strcmp(what, "slots") == 0) {
        expect_slots(msg->slots, words.word[1]);
    } else if (strcmp(what, "gossip") == 0) {
        assert_true(*entries < msg->count);
        expect_gossip(store, &msg->gossip[(*entries)++], &words);
    } else if (strcmp(what, "hostname") == 0) {
        assert_string_equal(rcs_store_text_of(store, msg->hostname), words.word[1]);
    } else if (strcmp(what, "about") == 0) {
        expect_id(store, msg->body.about, words.word[1]);
    } else if (strcmp(what, "update") == 0) {
        assert_int_equal(msg->body.update.config_epoch, number(words.word[1]));
        expect_id(store, msg->body.update.id, words.word[2]);
    } else if (strcmp(what, "update-slots") == 0) {
        expect_slots(msg->body.update.slots, words.word[1]);
    } else if (strcmp(what, "publish") == 0) {
        expect_publish(msg, &words);
    } else if (strcmp(what, "module") == 0) {
        expect_module(msg, &words);
    } else {
        fail_msg("the vector file says \"%s\"", what);
    }
}

static void expect_facts(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                         const struct packet *packet)
{
    char *facts = (char *)exact((const uint8_t *)packet->facts, strlen(packet->facts) + 1),
         *at = facts;
    const char *type = strrchr(packet->name, ' ') + 1;
    unsigned entries = 0;
    assert_string_equal(rcs_bus_type_name(msg->type), type);
    assert_true((msg->hostname != 0) == (strstr(facts, "\nhostname ") != NULL));
    for (char *line = next_line(&at); line != NULL; line = next_line(&at)) {
        expect_fact(store, msg, line, &entries);
    }
    assert_int_equal(entries, msg->count);
    free(facts);
}

static void expect_written(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                           const uint8_t *want, size_t want_bytes)
{
    assert_int_equal(rcs_bus_size(store, msg), want_bytes);
    uint8_t *out = malloc(want_bytes);
    assert_non_null(out);
    memset(out, 0xa5, want_bytes); /* every byte is to be written */
    assert_int_equal(rcs_bus_write(store, msg, out, want_bytes), want_bytes);
    assert_memory_equal(out, want, want_bytes);
    free(out);
}

static void recorded_both_ways(void **state)
{
    const struct packet *packet = *state;
    struct rcs_store *store = rcs_store_new();
    struct outcome got = read_exact(store, packet->bytes, packet->size_bytes);
    assert_int_equal(got.err, RCS_OK);
    assert_int_equal(got.used, packet->size_bytes);
    assert_true(got.refusal.counted);
    assert_int_equal(got.refusal.type, got.msg->type);
    assert_string_equal(got.refusal.log, "");
    expect_facts(store, got.msg, packet);
    expect_written(store, got.msg, packet->bytes, packet->size_bytes);

    struct rcs_bus_msg *again = read_ok(store, packet->bytes, packet->size_bytes);
    assert_true(rcs_bus_msg_equal(got.msg, again));
    rcs_bus_msg_release(store, again);
    rcs_bus_msg_release(store, got.msg);
    rcs_store_free(store);
}

/* Cut at every byte: more is needed. Cut and called whole: refused, with a word on why. */
static void recorded_cut(void **state)
{
    const struct packet *packet = *state;
    struct rcs_store *store = rcs_store_new();
    for (size_t size = 0; size < packet->size_bytes; size++) {
        struct outcome got = read_exact(store, packet->bytes, size);
        assert_int_equal(got.err, RCS_MORE);
        assert_int_equal(got.used, 0);
        assert_null(got.msg);
    }
    uint8_t *whole = exact(packet->bytes, packet->size_bytes);
    for (size_t size = 8; size < packet->size_bytes; size++) {
        set32(whole, 4, (uint32_t)size);
        struct outcome got = read_exact(store, whole, size);
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
    const struct packet *packet = *state;
    struct rcs_store *store = rcs_store_new();
    uint8_t *more = malloc(packet->size_bytes + 1);
    assert_non_null(more);
    memcpy(more, packet->bytes, packet->size_bytes);
    more[packet->size_bytes] = 'R';
    struct outcome got = read_exact(store, more, packet->size_bytes + 1);
    assert_int_equal(got.err, RCS_OK);
    assert_int_equal(got.used, packet->size_bytes);
    rcs_bus_msg_release(store, got.msg);

    set32(more, 4, (uint32_t)packet->size_bytes + 1);
    got = read_exact(store, more, packet->size_bytes + 1);
    assert_int_equal(got.err, RCS_ERR_PROTOCOL);
    assert_false(got.refusal.close);
    assert_true(got.refusal.counted);
    free(more);
    rcs_store_free(store);
}

/* --- hand-made packets: what a real server logged -------------------------------------------- */

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
    const struct packet *packet = *state;
    char *facts = (char *)exact((const uint8_t *)packet->facts, strlen(packet->facts) + 1),
         *at = facts;
    const char *answer = next_line(&at), *log = next_line(&at);
    assert_memory_equal(answer, "answer ", 7);
    answer += 7;
    log = log != NULL ? log + 4 : "";

    struct rcs_store *store = rcs_store_new();
    struct outcome got = read_exact(store, packet->bytes, packet->size_bytes);
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

static const struct packet *received_named(const char *name)
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
        const struct packet *packet = received_named(rows[i].packet);
        struct outcome got = read_exact(store, packet->bytes, packet->size_bytes);
        assert_int_equal(got.err, RCS_OK);
        assert_string_equal(rcs_store_text_of(store, got.msg->hostname), rows[i].hostname);
        assert_true(((got.msg->mflags & RCS_MFLAG_EXT_DATA) != 0) == (got.msg->hostname != 0));
        rcs_bus_msg_release(store, got.msg);
    }
    rcs_store_free(store);
}

/* --- lengths whose sum wraps ----------------------------------------------------------------- */

static const struct packet *recorded_of_type(const char *type)
{
    for (unsigned i = 0; i < recorded.count; i++) {
        if (strcmp(strrchr(recorded.packet[i].name, ' ') + 1, type) == 0) {
            return &recorded.packet[i];
        }
    }
    fail_msg("no packet of type %s", type);
    return NULL;
}

/* A real server adds the two lengths in 32 bits. */
static void publish_lengths_that_wrap(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct packet *packet = recorded_of_type("publish");
    uint8_t *bytes = exact(packet->bytes, packet->size_bytes);
    uint32_t together = (uint32_t)packet->size_bytes - 2264;
    set32(bytes, 2256, 0xfffffff0);
    set32(bytes, 2260, together + 16);
    struct outcome got = read_exact(store, bytes, packet->size_bytes);
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
    const struct packet *packet = recorded_of_type("publish");
    uint8_t *bytes = exact(packet->bytes, packet->size_bytes);
    set32(bytes, 4, 2263);
    struct outcome got = read_exact(store, bytes, 2263);
    assert_int_equal(got.err, RCS_ERR_PROTOCOL);
    char want[160];
    snprintf(
        want, sizeof(want), "Received invalid publish packet of length 2263 but expected length %u",
        2264 + (unsigned)(bytes[2256] << 24 | bytes[2257] << 16 | bytes[2258] << 8 | bytes[2259]));
    assert_string_equal(got.refusal.log, want);
    free(bytes);
    rcs_store_free(store);
}

/* --- the stream ------------------------------------------------------------------------------ */

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
        struct outcome got = read_exact(store, (const uint8_t *)rows[i].bytes, 7);
        assert_int_equal(got.err, RCS_MORE);
        got = read_exact(store, (const uint8_t *)rows[i].bytes, 8);
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
        struct outcome got;
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
    const struct packet *packet = recorded_of_type("fail");
    uint8_t *bytes = exact(packet->bytes, packet->size_bytes);
    set16(bytes, 14, 9);
    bytes[2253] |= RCS_MFLAG_EXT_DATA;
    struct rcs_bus_msg *msg = read_ok(store, bytes, packet->size_bytes);
    assert_int_equal(msg->count, 0);
    assert_int_equal(msg->mflags & RCS_MFLAG_EXT_DATA, 0);
    expect_written(store, msg, packet->bytes, packet->size_bytes);
    rcs_bus_msg_release(store, msg);
    free(bytes);
    rcs_store_free(store);
}

static void what_no_server_reads_is_not_kept(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct packet *packet = NULL;
    for (unsigned i = 0; i < recorded.count && packet == NULL; i++) {
        if (strstr(recorded.packet[i].name, "ping") != NULL &&
            recorded.packet[i].size_bytes == 2256 + 104) {
            packet = &recorded.packet[i];
        }
    }
    assert_non_null(packet);
    uint8_t *bytes = exact(packet->bytes, packet->size_bytes);
    bytes[2169] = 'x'; /* behind the end of an empty myip */
    bytes[2216] = 1;   /* unused */
    bytes[2245] = 1;
    bytes[2254] = 1;           /* second byte of the message flags */
    bytes[2256 + 48 + 45] = 1; /* last byte of a gossip ip */
    bytes[2256 + 103] = 1;     /* unused end of a gossip entry */
    struct rcs_bus_msg *msg = read_ok(store, bytes, packet->size_bytes);
    struct rcs_bus_msg *plain = read_ok(store, packet->bytes, packet->size_bytes);
    assert_true(rcs_bus_msg_equal(msg, plain));
    expect_written(store, msg, packet->bytes, packet->size_bytes);
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
    const struct packet *packet = recorded_of_type("auth-req");
    uint8_t *bytes = exact(packet->bytes, packet->size_bytes);
    memset(bytes + 2168, '1', 46);
    struct rcs_bus_msg *msg = read_ok(store, bytes, packet->size_bytes);
    assert_int_equal(strlen(rcs_store_address(store, msg->addr)->ip), 45);
    rcs_bus_msg_release(store, msg);
    free(bytes);
    rcs_store_free(store);
}

static void a_type_not_known_passes_empty(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    const struct packet *packet = recorded_of_type("update");
    uint8_t *bytes = exact(packet->bytes, packet->size_bytes);
    static const struct {
        uint16_t type;
        bool counted;
        enum rcs_err err;
    } rows[] = { { 10, true, RCS_ERR_PROTOCOL }, { 11, false, RCS_OK }, { 65535, false, RCS_OK } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set16(bytes, 12, rows[i].type);
        set16(bytes, 14, 3);
        struct outcome got = read_exact(store, bytes, packet->size_bytes);
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
    const struct packet *packet = recorded_of_type("fail");
    uint8_t *bytes = exact(packet->bytes, packet->size_bytes);
    rcs_bus_msg_release(store, read_ok(store, bytes, packet->size_bytes));
    while (rcs_store_id_room(store)) {
        char name[RCS_ID_LEN + 1];
        snprintf(name, sizeof(name), "%040u", rcs_store_id_count(store));
        rcs_store_id(store, name);
    }
    rcs_bus_msg_release(store, read_ok(store, bytes, packet->size_bytes)); /* all known */
    bytes[2256] ^= 1;
    struct outcome got = read_exact(store, bytes, packet->size_bytes);
    assert_int_equal(got.err, RCS_ERR_LIMIT);
    assert_int_equal(got.used, packet->size_bytes);
    assert_null(got.msg);
    free(bytes);
    rcs_store_free(store);
}

/* --- composing ------------------------------------------------------------------------------- */

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
        struct rcs_bus_msg *back = read_ok(store, bytes, rows[i].want);
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
    expect_assert_failure(rcs_bus_msg_seal(rcs_bus_msg_new(store, RCS_BUS_PUBLISH, 0)));
    msg = rcs_bus_msg_new(store, RCS_BUS_MODULE, 0);
    msg->payload = rcs_blob_new(store, "four", 4);
    msg->body.module.data_bytes = 3;
    expect_assert_failure(rcs_bus_msg_seal(msg));
    rcs_store_free(store);
}

/* --- the hash -------------------------------------------------------------------------------- */

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
        const struct packet *packet = &recorded.packet[i];
        struct rcs_bus_msg *a = read_ok(clean, packet->bytes, packet->size_bytes);
        struct rcs_bus_msg *b = read_ok(dirty, packet->bytes, packet->size_bytes);
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
        const struct packet *packet = &recorded.packet[i];
        struct rcs_bus_msg *msg = read_ok(store, packet->bytes, packet->size_bytes);
        all = all * 31 + msg->hash;
        rcs_bus_msg_release(store, msg);
    }
    assert_int_equal(all, UINT64_C(0xdb2967b88b8c13f6));
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

/* --- names ----------------------------------------------------------------------------------- */

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

/* --- conversations: all bus traffic of a cluster --------------------------------------------- */

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
static void expect_message(struct conversation *talk, const struct words *words)
{
    size_t size_bytes;
    assert_int_equal(words->count, 8);
    uint8_t *bytes = test_hex(words->word[7], &size_bytes);
    struct rcs_bus_msg *msg = read_ok(talk->store, bytes, size_bytes);
    assert_string_equal(rcs_bus_type_name(msg->type), words->word[6]);
    assert_int_equal(msg->sender, id_of_node(talk, words->word[3]));
    expect_written(talk->store, msg, bytes, size_bytes);
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
    for (char *line = next_line(&at); line != NULL; line = next_line(&at)) {
        if (strncmp(line, "node ", 5) == 0) {
            struct words words = cut(line, WORDS_MAX);
            assert_true(talk.nodes < 8);
            snprintf(talk.node[talk.nodes], sizeof(talk.node[0]), "%s", words.word[1]);
            talk.id[talk.nodes++] = rcs_store_id(talk.store, words.word[2]);
        } else if (strncmp(line, "msg ", 4) == 0) {
            struct words words = cut(line, 8);
            expect_message(&talk, &words);
        }
    }
    assert_true(talk.messages >= 36);
    rcs_store_free(talk.store);
    free(text);
}

/* --- all together ---------------------------------------------------------------------------- */

#define TESTS_MAX 512

struct tests {
    struct CMUnitTest test[TESTS_MAX];
    char name[TESTS_MAX][192];
    unsigned count;
};

static void add_rows(struct tests *tests, const char *what, struct packets *packets,
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
        { "conversation: three masters meet", conversation_both_ways, NULL, NULL, "form-3m" },
        { "conversation: failover after a kill", conversation_both_ways, NULL, NULL, "failover-3m3r" },
        { "conversation: failover after a stop", conversation_both_ways, NULL, NULL, "failover-3m3r-update" },
    };
    /* clang-format on */
    packets_load(&recorded, "bus/redis-7.0.txt");
    packets_load(&received, "bus/received-7.0.txt");
    add_rows(&tests, "both ways", &recorded, recorded_both_ways);
    add_rows(&tests, "cut", &recorded, recorded_cut);
    add_rows(&tests, "a byte more", &recorded, recorded_with_a_byte_more);
    add_rows(&tests, "received", &received, received_as_by_a_server);
    memcpy(&tests.test[tests.count], plain, sizeof(plain));
    tests.count += sizeof(plain) / sizeof(plain[0]);
    int failed = _cmocka_run_group_tests("bus", tests.test, tests.count, NULL, NULL);
    packets_free(&received);
    packets_free(&recorded);
    return failed;
}
