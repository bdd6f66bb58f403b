#include "tests/support/support.h"

#include "tests/support/packet_facts.h"

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
    assert_string_equal(address->ip, test_or_empty(word[0]));
    assert_int_equal(address->port, test_number(word[1]));
    assert_int_equal(address->cport, test_number(word[2]));
    assert_int_equal(address->pport, test_number(word[3]));
}

static void expect_slots(const struct rcs_slot_set *slots, const char *want)
{
    size_t capacity = rcs_slot_ranges_write(&slots->words, " ", NULL, 0) + 1;
    char *text = malloc(capacity);
    assert_non_null(text);
    rcs_slot_ranges_write(&slots->words, " ", text, capacity);
    assert_string_equal(text, test_or_empty(want));
    free(text);
}

static void expect_header(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                          const struct test_words *words)
{
    char *const *word = words->word;
    assert_int_equal(words->count, 14);
    assert_int_equal(msg->count, test_number(word[1]));
    assert_int_equal(msg->current_epoch, test_number(word[2]));
    assert_int_equal(msg->config_epoch, test_number(word[3]));
    assert_int_equal(msg->offset, test_number(word[4]));
    expect_id(store, msg->sender, word[5]);
    expect_id(store, msg->master, word[6]);
    expect_address(store, msg->addr, word + 7);
    assert_int_equal(msg->flags, test_number(word[11]));
    assert_int_equal(msg->state, test_number(word[12]));
    assert_int_equal(msg->mflags, test_number(word[13]));
}

static void expect_gossip(const struct rcs_store *store, const struct rcs_gossip *entry,
                          const struct test_words *words)
{
    char *const *word = words->word;
    assert_int_equal(words->count, 9);
    expect_id(store, entry->id, word[1]);
    assert_int_equal(entry->ping_sent_s, test_number(word[2]));
    assert_int_equal(entry->pong_received_s, test_number(word[3]));
    expect_address(store, entry->addr, word + 4);
    assert_int_equal(entry->flags, test_number(word[8]));
    assert_int_equal(entry->zero, 0);
}

/* `want` in hex against bytes of the payload. */
static void expect_bytes(const uint8_t *bytes, size_t size_bytes, const char *want)
{
    size_t want_bytes;
    uint8_t *expected = test_hex(test_or_empty(want), &want_bytes);
    assert_int_equal(size_bytes, want_bytes);
    assert_memory_equal(bytes, expected, want_bytes);
    free(expected);
}

static void expect_publish(const struct rcs_bus_msg *msg, const struct test_words *words)
{
    uint32_t channel_bytes = msg->body.publish.channel_bytes;
    assert_int_equal(words->count, 3);
    assert_int_equal(msg->payload->size_bytes, channel_bytes + msg->body.publish.message_bytes);
    expect_bytes(msg->payload->bytes, channel_bytes, words->word[1]);
    expect_bytes(msg->payload->bytes + channel_bytes, msg->body.publish.message_bytes,
                 words->word[2]);
}

static void expect_module(const struct rcs_bus_msg *msg, const struct test_words *words)
{
    assert_int_equal(words->count, 4);
    expect_bytes(msg->body.module.module_id, 8, words->word[1]);
    assert_int_equal(msg->body.module.module_type, test_number(words->word[2]));
    assert_int_equal(msg->body.module.data_bytes, msg->payload->size_bytes);
    expect_bytes(msg->payload->bytes, msg->payload->size_bytes, words->word[3]);
}

/* One line of facts. */
static void expect_fact(const struct rcs_store *store, const struct rcs_bus_msg *msg, char *line,
                        unsigned *entries)
{
    bool rest_is_one = strstr(line, "slots ") != NULL || strncmp(line, "hostname ", 9) == 0;
    struct test_words words = test_cut(line, rest_is_one ? 2 : TEST_WORDS_MAX);
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
    } else if (strcmp(what, "nodename") == 0) {
        assert_string_equal(rcs_store_text_of(store, msg->body.extended.nodename), words.word[1]);
    } else if (strcmp(what, "client-ipv4") == 0) {
        assert_string_equal(rcs_store_text_of(store, msg->body.extended.client_ipv4),
                            words.word[1]);
    } else if (strcmp(what, "client-ipv6") == 0) {
        assert_string_equal(rcs_store_text_of(store, msg->body.extended.client_ipv6),
                            words.word[1]);
    } else if (strcmp(what, "shard") == 0) {
        assert_string_equal(rcs_store_text_of(store, msg->body.extended.shard), words.word[1]);
    } else if (strcmp(what, "forgotten") == 0) {
        assert_int_equal(msg->body.extended.forgotten_count, 1);
        expect_id(store, rcs_bus_forgotten(msg, 0)->id, words.word[1]);
        assert_int_equal(rcs_bus_forgotten(msg, 0)->ttl_s, test_number(words.word[2]));
    } else if (strcmp(what, "light") == 0) {
        assert_int_equal(msg->form, RCS_BUS_IS_LIGHT);
        assert_int_equal(msg->sender, RCS_ID_NONE);
    } else if (strcmp(what, "about") == 0) {
        expect_id(store, msg->body.about, words.word[1]);
    } else if (strcmp(what, "update") == 0) {
        assert_int_equal(msg->body.update.config_epoch, test_number(words.word[1]));
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

void test_expect_facts(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                       const struct test_packet *packet)
{
    char *facts = (char *)test_exact((const uint8_t *)packet->facts, strlen(packet->facts) + 1),
         *at = facts;
    const char *type = strrchr(packet->name, ' ') + 1;
    unsigned entries = 0;
    assert_string_equal(rcs_bus_type_name(msg->type), type);
    assert_true((msg->hostname != 0) == (strstr(facts, "\nhostname ") != NULL));
    for (char *line = test_next_line(&at); line != NULL; line = test_next_line(&at)) {
        expect_fact(store, msg, line, &entries);
    }
    assert_int_equal(entries, msg->count);
    assert_true(rcs_bus_is_extended(msg) == (strstr(packet->facts, "\nnodename ") != NULL ||
                                             strstr(packet->facts, "\nshard ") != NULL ||
                                             strstr(packet->facts, "\nforgotten ") != NULL));
    free(facts);
}

void test_expect_written(const struct rcs_store *store, const struct rcs_bus_msg *msg,
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
