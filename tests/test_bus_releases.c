#include "tests/support/support.h"

#include "sim/cluster/profile.h"
#include "tests/support/packet_facts.h"

/* Packets that servers of each release sent, read and written as the table of releases says. */

static struct test_packets packets[RCS_RELEASE_COUNT];

/* Whose packet it is. */
static const struct rcs_profile *release_of(const struct test_packet *packet)
{
    for (unsigned i = 0; i < RCS_RELEASE_COUNT; i++) {
        if (packet >= packets[i].packet && packet < packets[i].packet + packets[i].count) {
            return rcs_profile_at(i);
        }
    }
    fail_msg("no packet of any release");
    return NULL;
}

static void both_ways(void **state)
{
    const struct test_packet *packet = *state;
    const struct rcs_bus_dialect dialect = rcs_profile_dialect(release_of(packet));
    struct rcs_store *store = rcs_store_new();
    struct test_outcome got = test_read_as(store, &dialect, packet->bytes, packet->size_bytes);
    assert_int_equal(got.err, RCS_OK);
    assert_int_equal(got.used, packet->size_bytes);
    assert_true(got.refusal.counted);
    assert_string_equal(got.refusal.log, "");
    test_expect_facts(store, got.msg, packet);
    test_expect_written(store, got.msg, packet->bytes, packet->size_bytes);

    /* What simulated nodes of all releases exchange is read by one dialect a version. */
    struct test_outcome again =
        test_read_as(store, &rcs_bus_any[dialect.version], packet->bytes, packet->size_bytes);
    assert_int_equal(again.err, RCS_OK);
    assert_true(rcs_bus_msg_equal(got.msg, again.msg));
    rcs_bus_msg_release(store, again.msg);
    rcs_bus_msg_release(store, got.msg);
    rcs_store_free(store);
}

static void cut(void **state)
{
    const struct test_packet *packet = *state;
    const struct rcs_bus_dialect dialect = rcs_profile_dialect(release_of(packet));
    struct rcs_store *store = rcs_store_new();
    uint8_t *whole = test_exact(packet->bytes, packet->size_bytes);
    for (size_t size = 0; size < packet->size_bytes; size++) {
        struct test_outcome got = test_read_as(store, &dialect, packet->bytes, size);
        assert_int_equal(got.err, RCS_MORE);
        if (size < 8) {
            continue;
        }
        whole[4] = whole[5] = 0;
        whole[6] = (uint8_t)(size >> 8);
        whole[7] = (uint8_t)size;
        got = test_read_as(store, &dialect, whole, size);
        assert_int_equal(got.err, RCS_ERR_PROTOCOL);
        assert_null(got.msg);
    }
    free(whole);
    rcs_store_free(store);
}

/* --- what one release makes of another's packets ---------------------------------------------- */

enum answer { READS, DROPS, CLOSES };

/* version-profiles.md 1a, "mixed versions", and mixed-pairs.json: of a packet with the extensions
 * of its release and three gossip entries, and of one with neither. */
static const struct between {
    const char *reader, *writer, *type;
    enum answer answer;
    const char *log;
} betweens[] = {
    /* A short packet of 3.x is less than a header of 4.0; a longer one has the wrong version. */
    { "4.0", "3.0", "fail", CLOSES, "Bad message length or signature received from Cluster bus." },
    { "4.0", "3.0", "update", DROPS, "" },
    { "3.0", "4.0", "fail", DROPS, "" },
    { "3.0", "7.2", "ping", DROPS, "" },
    { "6.2", "4.0", "ping", READS, "" },
    { "4.0", "6.2", "ping", READS, "" },
    { "6.2", "7.2", "ping", DROPS, "" }, /* its length is none it can explain */
    { "6.2", "7.4", "ping", DROPS, "" },
    { "6.2", "7.2", "fail", READS, "" },
    { "7.0", "7.2", "ping", READS, "Received unknown extension type 3" },
    { "7.2", "7.4", "ping", READS, "" },
    { "valkey-8.0", "7.2", "ping", READS, "" },
    { "7.2", "6.2", "ping", READS, "" },
    { "6.2", "7.0", "publishshard", READS, "" }, /* of a type it does not know: without its body */
    { "4.0", "5.0", "module", READS, "" },
    { "7.0", "valkey-8.0", "fail", READS, "" },
};

/* The first packet of that type that carries an extension with a shard id, if the release has. */
static const struct test_packet *packet_of(const struct rcs_profile *profile, const char *type)
{
    const struct test_packets *all = &packets[profile->release];
    for (unsigned i = 0; i < all->count && profile->shard_ids; i++) {
        bool fits = strcmp(strrchr(all->packet[i].name, ' ') + 1, type) == 0 &&
                    strstr(all->packet[i].facts, "\nshard ") != NULL &&
                    strstr(all->packet[i].facts, "\nhostname ") == NULL &&
                    strstr(all->packet[i].facts, "\nnodename ") == NULL &&
                    strstr(all->packet[i].facts, "\nforgotten ") == NULL;
        if (fits) {
            return &all->packet[i];
        }
    }
    return test_packet_of_type(all, type);
}

static void a_reader_of_another_release(void **state)
{
    const struct between *row = *state;
    const struct rcs_bus_dialect dialect = rcs_profile_dialect(rcs_profile_find(row->reader));
    const struct test_packet *packet = packet_of(rcs_profile_find(row->writer), row->type);
    struct rcs_store *store = rcs_store_new();
    struct test_outcome got = test_read_as(store, &dialect, packet->bytes, packet->size_bytes);
    assert_int_equal(got.err, row->answer == READS ? RCS_OK : RCS_ERR_PROTOCOL);
    assert_true(got.refusal.close == (row->answer == CLOSES));
    assert_string_equal(got.refusal.log, row->log);
    if (got.msg != NULL) {
        assert_in_range(rcs_bus_size(store, got.msg), 1, packet->size_bytes);
        rcs_bus_msg_release(store, got.msg);
    }
    rcs_store_free(store);
}

/* --- all together ----------------------------------------------------------------------------- */

int main(void)
{
    static const char *const files[RCS_RELEASE_COUNT] = {
        [RCS_REDIS_3_0] = "bus/redis-3.0.txt",   [RCS_REDIS_4_0] = "bus/redis-4.0.txt",
        [RCS_REDIS_5_0] = "bus/redis-5.0.txt",   [RCS_REDIS_6_0] = "bus/redis-6.0.txt",
        [RCS_REDIS_6_2] = "bus/redis-6.2.txt",   [RCS_REDIS_7_0] = "bus/redis-7.0.txt",
        [RCS_REDIS_7_2] = "bus/redis-7.2.txt",   [RCS_REDIS_7_4] = "bus/redis-7.4.txt",
        [RCS_VALKEY_8_0] = "bus/valkey-8.0.txt",
    };
    static struct CMUnitTest tests[600];
    static char names[600][256];
    unsigned count = 0;
    for (unsigned release = 0; release < RCS_RELEASE_COUNT; release++) {
        test_packets_load(&packets[release], files[release]);
        for (unsigned i = 0; i < packets[release].count; i++) {
            struct test_packet *packet = &packets[release].packet[i];
            for (unsigned j = 0; j < 2; j++) {
                assert_true(count < 600);
                snprintf(names[count], sizeof(names[0]), "%s: %s: %.120s",
                         rcs_profile_at(release)->name, j == 0 ? "both ways" : "cut", packet->name);
                tests[count] = (struct CMUnitTest){ .name = names[count],
                                                    .test_func = j == 0 ? both_ways : cut,
                                                    .initial_state = packet };
                count++;
            }
        }
    }
    for (unsigned i = 0; i < sizeof(betweens) / sizeof(betweens[0]); i++) {
        static const char *const words[] = { "reads", "drops", "closes the link at" };
        assert_true(count < 600);
        snprintf(names[count], sizeof(names[0]), "%s %s a %s of %s", betweens[i].reader,
                 words[betweens[i].answer], betweens[i].type, betweens[i].writer);
        tests[count] = (struct CMUnitTest){ .name = names[count],
                                            .test_func = a_reader_of_another_release,
                                            .initial_state = (void *)(uintptr_t)&betweens[i] };
        count++;
    }
    int failed = _cmocka_run_group_tests("bus_releases", tests, count, NULL, NULL);
    for (unsigned release = 0; release < RCS_RELEASE_COUNT; release++) {
        test_packets_free(&packets[release]);
    }
    return failed;
}
