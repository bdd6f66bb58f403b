/* The keyspace: finding, order, slots, expiry, snapshots; values and patterns. */
#include <rcsim/resp.h>

#include "sim/keys/glob.h"
#include "sim/keys/keyspace.h"
#include "sim/keys/number.h"
#include "sim/keys/value.h"
#include "tests/support/support.h"

static int setup(void **state)
{
    *state = rcs_keyspace_new();
    return 0;
}

static int teardown(void **state)
{
    rcs_keyspace_free(*state);
    return 0;
}

static struct rcs_entry *add(struct rcs_keyspace *keys, const char *key, const char *value)
{
    return rcs_keyspace_add(keys, key, strlen(key), rcs_string_new(value, strlen(value)));
}

static struct rcs_entry *find(struct rcs_keyspace *keys, const char *key)
{
    return rcs_keyspace_find(keys, key, strlen(key));
}

static void assert_order(const struct rcs_keyspace *keys, const char *want)
{
    char got[512] = "";
    const struct rcs_entry *entry;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(keys, &cursor)) != NULL;) {
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ", (int)entry->item.key_bytes,
                 entry->key);
    }
    assert_string_equal(got, want);
}

static void assert_slot(const struct rcs_keyspace *keys, unsigned slot, const char *want)
{
    char got[512] = "";
    struct rcs_arg names[16];
    unsigned count = rcs_keyspace_slot_keys(keys, slot, names, 16);
    for (unsigned i = 0; i < count; i++) {
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ", (int)names[i].size_bytes,
                 names[i].bytes);
    }
    assert_string_equal(got, want);
    assert_int_equal(rcs_keyspace_slot_size(keys, slot), count);
}

static void empty_has_nothing(void **state)
{
    struct rcs_keyspace *keys = *state;
    uint64_t cursor = 0;
    struct rcs_rand choice;
    rcs_rand_init(&choice, 1, RCS_RAND_KEYS, 0);
    assert_int_equal(rcs_keyspace_size(keys), 0);
    assert_null(find(keys, "a"));
    assert_null(rcs_keyspace_next(keys, &cursor));
    assert_null(rcs_keyspace_any(keys, &choice));
    assert_null(rcs_keyspace_first_expired(keys, INT64_MAX));
    assert_int_equal(rcs_keyspace_slot_size(keys, 16383), 0);
    assert_int_equal(rcs_keyspace_flush(keys), 0);
    assert_int_equal(rcs_keyspace_flush_slot(keys, 0), 0);
}

static void order_is_that_of_insertion_and_slots_are_newest_first(void **state)
{
    struct rcs_keyspace *keys = *state;
    add(keys, "{a}1", "1");
    add(keys, "b", "2");
    add(keys, "{a}2", "3");
    add(keys, "{a}3", "4");
    assert_order(keys, "{a}1 b {a}2 {a}3 ");
    assert_slot(keys, 15495, "{a}3 {a}2 {a}1 ");
    rcs_keyspace_remove(keys, find(keys, "{a}2"));
    assert_order(keys, "{a}1 b {a}3 ");
    assert_slot(keys, 15495, "{a}3 {a}1 ");
    rcs_keyspace_replace(keys, find(keys, "{a}1"), rcs_string_new("9", 1));
    assert_slot(keys, 15495, "{a}3 {a}1 ");
    rcs_keyspace_remove(keys, find(keys, "{a}1"));
    add(keys, "{a}1", "5");
    assert_order(keys, "b {a}3 {a}1 ");
    assert_slot(keys, 15495, "{a}1 {a}3 ");
    assert_int_equal(rcs_keyspace_flush_slot(keys, 15495), 2);
    assert_order(keys, "b ");
}

static void many_keys_come_and_go(void **state)
{
    struct rcs_keyspace *keys = *state;
    char key[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "key:%d", i);
        rcs_keyspace_expire(keys, add(keys, key, key), 1000000 - i % 777);
    }
    for (int i = 0; i < 5000; i++) {
        if (i % 10 != 3) {
            snprintf(key, sizeof(key), "key:%d", i);
            rcs_keyspace_remove(keys, find(keys, key));
        }
    }
    assert_int_equal(rcs_keyspace_size(keys), 500);
    assert_int_equal(rcs_keyspace_expires(keys), 500);
    const struct rcs_entry *entry;
    int expected = 3, seen = 0;
    for (uint64_t cursor = 0; (entry = rcs_keyspace_next(keys, &cursor)) != NULL; expected += 10) {
        snprintf(key, sizeof(key), "key:%d", expected);
        assert_int_equal(entry->item.key_bytes, strlen(key));
        assert_memory_equal(entry->key, key, entry->item.key_bytes);
        seen++;
    }
    assert_int_equal(seen, 500);
    struct rcs_entry *next;
    int64_t last_ms = 0;
    while ((next = rcs_keyspace_first_expired(keys, 2000000)) != NULL) {
        assert_true(next->expire_ms >= last_ms);
        last_ms = next->expire_ms;
        rcs_keyspace_remove(keys, next);
    }
    assert_int_equal(rcs_keyspace_size(keys), 0);
}

static void cursor_survives_changes(void **state)
{
    struct rcs_keyspace *keys = *state;
    char key[32];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "%d", i);
        add(keys, key, "");
    }
    uint64_t cursor = 0;
    for (int i = 0; i < 50; i++) {
        assert_non_null(rcs_keyspace_next(keys, &cursor));
    }
    for (int i = 0; i < 75; i++) { /* the holes are closed meanwhile */
        snprintf(key, sizeof(key), "%d", i);
        rcs_keyspace_remove(keys, find(keys, key));
    }
    add(keys, "new", "");
    const struct rcs_entry *entry = rcs_keyspace_next(keys, &cursor);
    assert_memory_equal(entry->key, "75", 2);
    rcs_keyspace_flush(keys);
    add(keys, "75", "");
    entry = rcs_keyspace_next(keys, &cursor);
    assert_memory_equal(entry->key, "75", 2); /* later than everything there was */
}

static void any_key_is_one_of_them(void **state)
{
    struct rcs_keyspace *keys = *state;
    struct rcs_rand choice;
    bool seen[3] = { false };
    rcs_rand_init(&choice, 7, RCS_RAND_KEYS, 0);
    add(keys, "0", "");
    add(keys, "gone", "");
    add(keys, "1", "");
    add(keys, "2", "");
    rcs_keyspace_remove(keys, find(keys, "gone"));
    for (int i = 0; i < 100; i++) {
        seen[rcs_keyspace_any(keys, &choice)->key[0] - '0'] = true;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static void expiry_by_date_then_insertion(void **state)
{
    struct rcs_keyspace *keys = *state;
    rcs_keyspace_expire(keys, add(keys, "later", ""), 200);
    rcs_keyspace_expire(keys, add(keys, "x", ""), 100);
    rcs_keyspace_expire(keys, add(keys, "y", ""), 100);
    add(keys, "never", "");
    assert_null(rcs_keyspace_first_expired(keys, 100));
    assert_ptr_equal(rcs_keyspace_first_expired(keys, 101), find(keys, "x"));
    rcs_keyspace_expire(keys, find(keys, "x"), 300);
    assert_ptr_equal(rcs_keyspace_first_expired(keys, 101), find(keys, "y"));
    rcs_keyspace_expire(keys, find(keys, "y"), RCS_NO_EXPIRE);
    assert_null(rcs_keyspace_first_expired(keys, 200));
    assert_ptr_equal(rcs_keyspace_first_expired(keys, 201), find(keys, "later"));
    assert_int_equal(rcs_keyspace_expires(keys), 2);
    assert_int_equal(rcs_keyspace_mean_ttl(keys, 100), 150);
    assert_int_equal(rcs_keyspace_mean_ttl(keys, 250), 25);
}

static void any_bytes_are_keys(void **state)
{
    struct rcs_keyspace *keys = *state;
    rcs_keyspace_add(keys, "", 0, rcs_string_new("", 0));
    rcs_keyspace_add(keys, "a\0b", 3, rcs_string_new("x", 1));
    assert_non_null(rcs_keyspace_find(keys, "", 0));
    assert_non_null(rcs_keyspace_find(keys, "a\0b", 3));
    assert_null(rcs_keyspace_find(keys, "a", 1));
    assert_int_equal(rcs_keyspace_slot_size(keys, 0), 1); /* the empty key */
    struct rcs_value *twice = rcs_string_new("x", 1);
    expect_assert_failure((void)rcs_keyspace_add(keys, "", 0, twice));
    rcs_value_release(twice);
}

static void snapshot_stays_as_it_was(void **state)
{
    struct rcs_keyspace *keys = *state;
    add(keys, "a", "one");
    rcs_keyspace_expire(keys, add(keys, "b", "two"), 777);
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(keys, 5);
    assert_int_equal(snapshot->keys, 2);
    assert_int_equal(snapshot->created_wall_ms, 5);
    struct rcs_entry *entry = find(keys, "a");
    rcs_keyspace_replace(keys, entry, rcs_string_append(rcs_keyspace_lend(entry), "more", 4));
    rcs_keyspace_remove(keys, find(keys, "b"));
    add(keys, "c", "three");
    struct rcs_keyspace *other = rcs_keyspace_new();
    add(other, "gone", "");
    rcs_keyspace_load(other, snapshot);
    assert_order(other, "a b ");
    assert_int_equal(rcs_string_of(find(other, "a")->value)->size_bytes, 3);
    assert_int_equal(find(other, "b")->expire_ms, 777);
    assert_int_equal(rcs_string_of(find(keys, "a")->value)->size_bytes, 7);
    rcs_snapshot_release(rcs_snapshot_retain(snapshot));
    rcs_snapshot_release(snapshot);
    assert_memory_equal(rcs_string_of(find(other, "b")->value)->bytes, "two",
                        3); /* values outlive it */
    rcs_keyspace_free(other);
}

static void snapshot_of_nothing(void **state)
{
    struct rcs_keyspace *keys = *state;
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(keys, 1);
    assert_null(snapshot->data);
    assert_int_equal(snapshot->keys, 0);
    add(keys, "a", "");
    rcs_keyspace_load(keys, snapshot);
    assert_int_equal(rcs_keyspace_size(keys), 0);
    rcs_snapshot_release(snapshot);
}

/* --- values ----------------------------------------------------------------------------------- */

static void strings_have_the_encodings_of_redis(void **state)
{
    static const struct {
        const char *text, *encoding;
    } rows[] = {
        { "1", "int" },
        { "-9223372036854775808", "int" },
        { "9223372036854775808", "embstr" },
        { "01", "embstr" },
        { "+1", "embstr" },
        { "", "embstr" },
        { "12345678901234567890123456789012345678901234", "embstr" },
        { "123456789012345678901234567890123456789012345", "raw" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_value *value = rcs_string_new(rows[i].text, strlen(rows[i].text));
        assert_string_equal(rcs_value_encoding_name(value), rows[i].encoding);
        rcs_value_release(value);
    }
}

static void writing_fills_with_nul_and_copies_what_is_shared(void **state)
{
    (void)state;
    struct rcs_value *value = rcs_string_new("ab", 2);
    struct rcs_value *shared = rcs_value_retain(value);
    value = rcs_string_write(value, 4, "cd", 2);
    assert_ptr_not_equal(value, shared);
    assert_int_equal(rcs_string_of(value)->size_bytes, 6);
    assert_memory_equal(rcs_string_of(value)->bytes, "ab\0\0cd", 6);
    assert_string_equal(rcs_value_encoding_name(value), "raw");
    value = rcs_string_write(value, 1, "X", 1);
    assert_memory_equal(rcs_string_of(value)->bytes, "aX\0\0cd", 6);
    for (int i = 0; i < 1000; i++) {
        value = rcs_string_append(value, "0123456789", 10);
    }
    assert_int_equal(rcs_string_of(value)->size_bytes, 10006);
    assert_memory_equal(rcs_string_of(shared)->bytes, "ab", 2);
    rcs_value_release(shared);
    rcs_value_release(value);
}

static void numbers_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        { "0", true, 0 },
        { "-1", true, -1 },
        { "00", false, 0 },
        { "-0", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "+1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "1a", false, 0 },
        { "9223372036854775807", true, INT64_MAX },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775808", true, INT64_MIN },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999", false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value;
        assert_int_equal(rcs_decimal_read(rows[i].text, strlen(rows[i].text), &value),
                         rows[i].good);
        if (rows[i].good) {
            assert_int_equal(value, rows[i].value);
        }
    }
}

static void floats_are_printed_for_people(void **state)
{
    static const struct {
        const char *in, *out; /* out NULL: refused */
    } rows[] = {
        { "3.0e3", "3000" },      { "10.50", "10.5" }, { "-0", "0" },      { ".5", "0.5" },
        { "0x10", "16" },         { "inf", "inf" },    { "-inf", "-inf" }, { "nan", NULL },
        { " 1", NULL },           { "1 ", NULL },      { "", NULL },       { "1e5000", NULL },
        { "3000.25", "3000.25" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[RCS_FLOAT_TEXT_BYTES];
        long double value;
        bool good = rcs_number_read_float(rows[i].in, strlen(rows[i].in), &value);
        assert_int_equal(good, rows[i].out != NULL);
        if (good) {
            size_t size = rcs_number_write_float(value, text);
            assert_string_equal(text, rows[i].out);
            assert_int_equal(size, strlen(text));
        }
    }
}

static void patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches, any_case;
    } rows[] = {
        { "", "", true, false },
        { "*", "", true, false },
        { "a", "A", false, false },
        { "a", "A", true, true },
        { "h?llo", "hello", true, false },
        { "h?llo", "hllo", false, false },
        { "h*llo", "heeello", true, false },
        { "h*llo", "hell", false, false },
        { "h[ae]llo", "hallo", true, false },
        { "h[ae]llo", "hillo", false, false },
        { "h[^e]llo", "hallo", true, false },
        { "h[^e]llo", "hello", false, false },
        { "h[a-c]llo", "hbllo", true, false },
        { "h[c-a]llo", "hbllo", true, false },
        { "h[a-c]llo", "hdllo", false, false },
        { "[a-c", "b", true, false },
        { "[\\]]", "]", true, false },
        { "\\*", "*", true, false },
        { "\\*", "a", false, false },
        { "a\\", "a\\", true, false },
        { "*a*b*", "xxaxxbxx", true, false },
        { "*a*b", "aab", true, false },
        { "a**c", "abc", true, false },
        { "[A-C]", "b", true, true },
        { "a?", "a", false, false },
        { "*?", "", false, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rcs_glob_matches(rows[i].pattern, strlen(rows[i].pattern), rows[i].text,
                             strlen(rows[i].text), rows[i].any_case) != rows[i].matches) {
            fail_msg("%s against %s", rows[i].pattern, rows[i].text);
        }
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(empty_has_nothing),
        TEST(order_is_that_of_insertion_and_slots_are_newest_first),
        TEST(many_keys_come_and_go),
        TEST(cursor_survives_changes),
        TEST(any_key_is_one_of_them),
        TEST(expiry_by_date_then_insertion),
        TEST(any_bytes_are_keys),
        TEST(snapshot_stays_as_it_was),
        TEST(snapshot_of_nothing),
        cmocka_unit_test(strings_have_the_encodings_of_redis),
        cmocka_unit_test(writing_fills_with_nul_and_copies_what_is_shared),
        cmocka_unit_test(numbers_are_read_strictly),
        cmocka_unit_test(floats_are_printed_for_people),
        cmocka_unit_test(patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
