#include "tests/support/support.h"

#include <rcsim/store.h>

static int setup(void **state)
{
    *state = rcs_store_new();
    return 0;
}

static int teardown(void **state)
{
    rcs_store_free(*state);
    return 0;
}

/* The n-th of many names: 40 characters that differ at both ends. */
static void name_of(unsigned n, char name[RCS_ID_LEN + 1])
{
    snprintf(name, RCS_ID_LEN + 1, "%05uabcdefghijklmnopqrstuvwxyz0000%05u", n, n);
}

static void ids_number_from_0(void **state)
{
    struct rcs_store *store = *state;
    const char *a = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const char *b = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    assert_int_equal(rcs_store_find_id(store, a), RCS_ID_NONE);
    assert_int_equal(rcs_store_id_count(store), 0);
    assert_int_equal(rcs_store_id(store, a), 0);
    assert_int_equal(rcs_store_id(store, b), 1);
    assert_int_equal(rcs_store_id(store, a), 0);
    assert_int_equal(rcs_store_find_id(store, b), 1);
    assert_int_equal(rcs_store_id_count(store), 2);
    assert_string_equal(rcs_store_name(store, 1), b);
}

static void id_none_reads_as_zeros(void **state)
{
    assert_string_equal(rcs_store_name(*state, RCS_ID_NONE),
                        "0000000000000000000000000000000000000000");
}

static void id_of_any_bytes(void **state)
{
    struct rcs_store *store = *state;
    char zeros[RCS_ID_LEN] = { 0 }, high[RCS_ID_LEN];
    memset(high, 0xff, sizeof(high));
    assert_int_equal(rcs_store_id(store, zeros), 0);
    assert_int_equal(rcs_store_id(store, high), 1);
    assert_memory_equal(rcs_store_name(store, 1), high, sizeof(high));
}

static void id_never_given_has_no_name(void **state)
{
    expect_assert_failure((void)rcs_store_name(*state, 0));
}

static void ids_end_at_65000(void **state)
{
    struct rcs_store *store = *state;
    char name[RCS_ID_LEN + 1];
    name_of(0, name);
    rcs_store_id(store, name);
    const char *first = rcs_store_name(store, 0);
    for (unsigned n = 1; n < 64999; n++) {
        name_of(n, name);
        assert_int_equal(rcs_store_id(store, name), n);
    }
    assert_true(rcs_store_id_room(store));
    name_of(64999, name);
    assert_int_equal(rcs_store_id(store, name), 64999);
    assert_false(rcs_store_id_room(store));
    for (unsigned n = 0; n < 65000; n += 7) {
        name_of(n, name);
        assert_int_equal(rcs_store_find_id(store, name), n);
        assert_string_equal(rcs_store_name(store, (rcs_id)n), name);
    }
    assert_ptr_equal(rcs_store_name(store, 0), first);
    assert_int_equal(rcs_store_id(store, name), 64995); /* known ones are still found */
    name_of(65000, name);
    expect_assert_failure((void)rcs_store_id(store, name));
}

static void addresses_differ_by_each_field(void **state)
{
    struct rcs_store *store = *state;
    static const struct rcs_address addresses[] = {
        { .ip = "" },
        { .ip = "10.0.0.1" },
        { .ip = "10.0.0.1", .port = 6379 },
        { .ip = "10.0.0.1", .port = 6379, .cport = 16379 },
        { .ip = "10.0.0.1", .port = 6379, .cport = 16379, .pport = 6379 },
        { .ip = "10.0.0.2", .port = 6379, .cport = 16379 },
        { .ip = "1111:2222:3333:4444:5555:6666:7777:8888%eth00" },
    };
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
            assert_int_equal(rcs_store_addr(store, &addresses[i]), i);
        }
    }
    assert_string_equal(rcs_store_address(store, 6)->ip, addresses[6].ip);
    assert_int_equal(rcs_store_address(store, 4)->pport, 6379);
    assert_true(rcs_store_addr_room(store));
    expect_assert_failure((void)rcs_store_address(store, 7));
}

static void texts_number_from_1(void **state)
{
    struct rcs_store *store = *state;
    char text[16];
    assert_int_equal(rcs_store_text(store, "", 0), 0);
    assert_string_equal(rcs_store_text_of(store, 0), "");
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned n = 1; n < 1000; n++) {
            int length = snprintf(text, sizeof(text), "host-%u", n);
            assert_int_equal(rcs_store_text(store, text, (size_t)length), n);
        }
    }
    assert_int_equal(rcs_store_text(store, "host-1 and more", 6), 1);
    assert_string_equal(rcs_store_text_of(store, 999), "host-999");
    assert_true(rcs_store_text_room(store));
}

static void numbers_do_not_depend_on_addresses(void **state)
{
    struct rcs_store *store = *state, *other = rcs_store_new();
    char name[RCS_ID_LEN + 1];
    for (unsigned n = 0; n < 2000; n++) {
        name_of(n * 7919 % 100000, name);
        (void)rcs_store_alloc(other, n % 300);
        assert_int_equal(rcs_store_id(store, name), rcs_store_id(other, name));
    }
    rcs_store_free(other);
}

/* --- sets of slots ---------------------------------------------------------------------------- */

static void equal_sets_are_one(void **state)
{
    struct rcs_store *store = *state;
    struct rcs_slot_words words = { { 0 } };
    rcs_slot_words_add(&words, 0);
    rcs_slot_words_add(&words, 16383);
    const struct rcs_slot_set *a = rcs_store_slots(store, &words);
    const struct rcs_slot_set *b = rcs_store_slots(store, &words);
    assert_ptr_equal(a, b);
    assert_int_equal(a->refs, 2);
    assert_int_equal(a->count, 2);
    rcs_slot_words_add(&words, 1);
    const struct rcs_slot_set *c = rcs_store_slots(store, &words);
    assert_ptr_not_equal(a, c);
    assert_true(a->hash != c->hash);
    rcs_slot_set_release(store, a);
    rcs_slot_set_release(store, b);
    rcs_slot_set_release(store, c);
}

static void hash_of_a_set_is_of_its_slots(void **state)
{
    struct rcs_store *other = rcs_store_new();
    struct rcs_slot_words words = { { 7 } };
    const struct rcs_slot_set *here = rcs_store_slots(*state, &words);
    const struct rcs_slot_set *there = rcs_store_slots(other, &words);
    assert_true(here->hash == there->hash);
    rcs_store_free(other);
}

static void sets_come_and_go(void **state)
{
    enum { COUNT = 300 };
    struct rcs_store *store = *state;
    const struct rcs_slot_set *sets[COUNT];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            struct rcs_slot_words words = { { 0 } };
            rcs_slot_words_add(&words, i * 50 + round);
            sets[i] = rcs_store_slots(store, &words);
            assert_int_equal(sets[i]->refs, 1);
        }
        for (unsigned i = 0; i < COUNT; i++) {
            unsigned at = i * 7 % COUNT; /* not in the order they came */
            assert_true(rcs_slot_words_has(&sets[at]->words, at * 50 + round));
            rcs_slot_set_release(store, sets[at]);
        }
    }
}

static void empty_set_stays(void **state)
{
    struct rcs_store *store = *state;
    static const struct rcs_slot_words none;
    const struct rcs_slot_set *empty = rcs_store_no_slots(store);
    for (unsigned i = 0; i < 5; i++) { /* oftener than it was retained */
        rcs_slot_set_release(store, empty);
    }
    assert_ptr_equal(rcs_store_slots(store, &none), empty);
    assert_int_equal(empty->count, 0);
}

/* --- blobs and requests ----------------------------------------------------------------------- */

static void blob_copies(void **state)
{
    struct rcs_store *store = *state;
    char text[] = "bytes";
    struct rcs_blob *blob = rcs_blob_new(store, text, 5);
    text[0] = 'x';
    assert_memory_equal(blob->bytes, "bytes", 5);
    assert_int_equal(blob->size_bytes, 5);
    blob->refs++;
    rcs_blob_release(store, blob);
    assert_int_equal(blob->refs, 1);
    rcs_blob_release(store, blob);
    struct rcs_blob *empty = rcs_blob_new(store, NULL, 0),
                    *big = rcs_blob_new(store, NULL, 1 << 20);
    memset(big->bytes, 1, big->size_bytes);
    rcs_blob_release(store, empty);
    rcs_blob_release(store, big);
}

static void request_copies(void **state)
{
    struct rcs_store *store = *state;
    char key[] = "k\0y";
    const struct rcs_arg args[] = { { "SET", 3 }, { key, 3 }, { NULL, 0 } };
    struct rcs_request *request = rcs_request_new(store, 3, args);
    key[0] = 'x';
    assert_int_equal(request->argc, 3);
    assert_int_equal(request->args[1].size_bytes, 3);
    assert_memory_equal(request->args[1].bytes, "k\0y", 3);
    assert_int_equal(request->args[2].size_bytes, 0);
    rcs_request_release(store, request);
    request = rcs_request_new(store, 0, NULL);
    assert_int_equal(request->argc, 0);
    rcs_request_release(store, request);
}

static void request_of_words(void **state)
{
    struct rcs_store *store = *state;
    struct rcs_request *request =
        rcs_request_words(store, "REPLCONF ACK 14", strlen("REPLCONF ACK 14"));
    assert_int_equal(request->argc, 3);
    assert_memory_equal(request->args[0].bytes, "REPLCONF", 8);
    assert_int_equal(request->args[1].size_bytes, 3);
    assert_memory_equal(request->args[2].bytes, "14", 2);
    rcs_request_release(store, request);
    request = rcs_request_words(store, "PING", strlen("PING"));
    assert_int_equal(request->argc, 1);
    rcs_request_release(store, request);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static const size_t sizes_bytes[] = { 0,      1,      15,     16,     17,      31,           48,
                                      1008,   1024,   1025,   1280,   1281,    2047,         2048,
                                      2049,   4096,   16384,  16385,  65536,   65537,        98304,
                                      131071, 131072, 131073, 300000, 1 << 20, (1 << 20) + 1 };

/* Each block is written full before the next is lent: none may lie in another. */
static void blocks_do_not_overlap(void **state)
{
    enum { COUNT = sizeof(sizes_bytes) / sizeof(sizes_bytes[0]), TIMES = 3 };
    struct rcs_store *store = *state;
    uint8_t *blocks[COUNT * TIMES];
    for (unsigned i = 0; i < COUNT * TIMES; i++) {
        blocks[i] = rcs_store_alloc(store, sizes_bytes[i % COUNT]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i + 1, sizes_bytes[i % COUNT]);
    }
    for (unsigned i = 0; i < COUNT * TIMES; i++) {
        for (size_t at = 0; at < sizes_bytes[i % COUNT]; at++) {
            assert_int_equal(blocks[i][at], i + 1);
        }
        rcs_store_release(store, blocks[i], sizes_bytes[i % COUNT]);
    }
}

static void released_blocks_are_lent_again(void **state)
{
    struct rcs_store *store = *state;
    size_t held = 0;
    for (unsigned round = 0; round < 1000; round++) {
        void *blocks[16];
        for (unsigned i = 0; i < 16; i++) {
            blocks[i] = rcs_store_alloc(store, 144 + i * 100);
        }
        for (unsigned i = 0; i < 16; i++) {
            rcs_store_release(store, blocks[i], 144 + i * 100);
        }
        if (round == 0) {
            held = rcs_store_bytes(store);
        }
    }
    assert_int_equal(rcs_store_bytes(store), held);
}

static void large_blocks_go_back(void **state)
{
    struct rcs_store *store = *state;
    size_t held = rcs_store_bytes(store);
    void *a = rcs_store_alloc(store, 1 << 20), *b = rcs_store_alloc(store, 1 << 20);
    void *c = rcs_store_alloc(store, 1 << 20);
    assert_true(rcs_store_bytes(store) > held + (3 << 20));
    rcs_store_release(store, b, 1 << 20);
    rcs_store_release(store, c, 1 << 20);
    rcs_store_release(store, a, 1 << 20);
    assert_int_equal(rcs_store_bytes(store), held);
}

static void large_block_with_another_size(void **state)
{
    void *block = rcs_store_alloc(*state, 1 << 20);
    expect_assert_failure(rcs_store_release(*state, block, (1 << 20) + 1));
}

static void shared_begins_as_null(void **state)
{
    assert_null(*rcs_store_shared(*state));
}

static void free_takes_null(void **state)
{
    (void)state;
    rcs_store_free(NULL);
}

#define STORE_TEST(function, sentence)                                                             \
    {                                                                                              \
        .name = sentence, .test_func = function, .setup_func = setup, .teardown_func = teardown    \
    }

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        STORE_TEST(ids_number_from_0, "ids: numbers in order of first use"),
        STORE_TEST(id_none_reads_as_zeros, "ids: none reads as forty zeros"),
        STORE_TEST(id_of_any_bytes, "ids: any forty bytes have a number"),
        STORE_TEST(id_never_given_has_no_name, "ids: a number never given is an error of ours"),
        STORE_TEST(ids_end_at_65000, "ids: the 65000th is the last; names never move"),
        STORE_TEST(addresses_differ_by_each_field, "addresses: 0 is empty, each field counts"),
        STORE_TEST(texts_number_from_1, "texts: 0 is empty, the length counts"),
        STORE_TEST(numbers_do_not_depend_on_addresses, "numbers do not depend on where blocks lie"),
        STORE_TEST(equal_sets_are_one, "slot sets: equal ones are the same pointer"),
        STORE_TEST(hash_of_a_set_is_of_its_slots, "slot sets: the same hash in another store"),
        STORE_TEST(sets_come_and_go, "slot sets: the last reference forgets them"),
        STORE_TEST(empty_set_stays, "slot sets: the empty one outlives its references"),
        STORE_TEST(blob_copies, "blobs: copied, counted, of any size"),
        STORE_TEST(request_copies, "requests: arguments copied, none is allowed"),
        STORE_TEST(request_of_words, "requests: from words"),
        STORE_TEST(blocks_do_not_overlap, "blocks: aligned and apart, at each edge of a class"),
        STORE_TEST(released_blocks_are_lent_again, "blocks: a released one is lent again"),
        STORE_TEST(large_blocks_go_back, "blocks: large ones go back to the system"),
        STORE_TEST(large_block_with_another_size, "blocks: a large one knows its size"),
        STORE_TEST(shared_begins_as_null, "the floor above begins with nothing shared"),
        STORE_TEST(free_takes_null, "free: nothing is no error"),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
