/* Sets as values: the boundaries of the intset, order, copies, picks. */
#include "sim/keys/set.h"
#include "tests/support/support.h"

#define INTSET_MOST 3

static int setup(void **state)
{
    *state = rcs_set_new();
    return 0;
}

static int teardown(void **state)
{
    rcs_value_release(*state);
    return 0;
}

static bool add(struct rcs_set *set, const char *member)
{
    return rcs_set_add(set, INTSET_MOST, member, strlen(member));
}

static bool take(struct rcs_set *set, const char *member)
{
    return rcs_set_remove(set, member, strlen(member));
}

static void assert_members(const struct rcs_set *set, const char *want)
{
    char got[256] = "";
    struct rcs_member member;
    size_t count = 0;
    for (size_t place = 0; rcs_set_each(set, &place, &member); count++) {
        assert_true(rcs_set_has(set, member.bytes, member.size_bytes));
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ", (int)member.size_bytes,
                 member.bytes);
    }
    assert_string_equal(got, want);
    assert_int_equal(rcs_set_count(set), count);
}

/* --- where an intset ends --------------------------------------------------------------------- */

static const struct row {
    const char *name;
    const char *members; /* separated by blanks; those with ! are removed */
    enum rcs_encoding encoding;
    const char *order;
} rows[] = {
    /* clang-format off */
    { "no member yet",                           "",               RCS_ENCODING_INTSET,    "" },
    { "sorted by number",                        "10 9 -1",        RCS_ENCODING_INTSET,    "-1 9 10 " },
    { "as many as an intset has",                "1 2 3",          RCS_ENCODING_INTSET,    "1 2 3 " },
    { "one more",                                "4 3 2 1",        RCS_ENCODING_HASHTABLE, "1 2 3 4 " },
    { "one that is there is none more",          "1 2 3 3",        RCS_ENCODING_INTSET,    "1 2 3 " },
    { "a word",                                  "2 1 x 0",        RCS_ENCODING_HASHTABLE, "1 2 x 0 " },
    { "the largest number",                      "9223372036854775807", RCS_ENCODING_INTSET, "9223372036854775807 " },
    { "one larger is a word",                    "9223372036854775808", RCS_ENCODING_HASHTABLE, "9223372036854775808 " },
    { "the smallest number",                     "-9223372036854775808", RCS_ENCODING_INTSET, "-9223372036854775808 " },
    { "one smaller is a word",                   "-9223372036854775809", RCS_ENCODING_HASHTABLE, "-9223372036854775809 " },
    { "a leading zero makes a word",             "01",             RCS_ENCODING_HASHTABLE, "01 " },
    { "a hash table stays one",                  "1 x x! 2",       RCS_ENCODING_HASHTABLE, "1 2 " },
    { "an intset that was full has room again",  "1 2 3 2! 4",     RCS_ENCODING_INTSET,    "1 3 4 " },
    /* clang-format on */
};

static void encoding_row(void **state)
{
    const struct row *row = *state;
    struct rcs_value *value = rcs_set_new();
    char text[64];
    strcpy(text, row->members);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        size_t size = strlen(word);
        if (word[size - 1] == '!') {
            assert_true(rcs_set_remove(rcs_set_of(value), word, size - 1));
        } else {
            add(rcs_set_of(value), word);
        }
    }
    assert_int_equal(value->encoding, row->encoding);
    assert_members(rcs_set_of(value), row->order);
    rcs_value_release(value);
}

/* --- members ---------------------------------------------------------------------------------- */

static void members_come_and_go(void **state)
{
    struct rcs_set *set = rcs_set_of(*state);
    assert_false(take(set, "1"));
    assert_true(add(set, "1"));
    assert_false(add(set, "1"));
    assert_false(rcs_set_has(set, "01", 2));
    assert_false(rcs_set_has(set, "x", 1));
    assert_false(take(set, "x"));
    assert_true(add(set, "x"));
    assert_true(rcs_set_has(set, "1", 1));
    assert_false(add(set, "x"));
    assert_true(take(set, "1"));
    assert_false(take(set, "1"));
    assert_true(add(set, ""));
    assert_members(set, "x  ");
    assert_true(take(set, "x"));
    assert_true(take(set, ""));
    assert_int_equal(rcs_set_count(set), 0);
}

static void a_shared_set_is_copied_before_it_changes(void **state)
{
    struct rcs_set *set = rcs_set_of(*state);
    add(set, "1");
    add(set, "2");
    struct rcs_set *copy = rcs_set_of(rcs_value_writable(rcs_value_retain(&set->head)));
    assert_ptr_not_equal(copy, set);
    add(copy, "0");
    take(copy, "2");
    assert_members(set, "1 2 ");
    assert_members(copy, "0 1 ");
    add(copy, "x");
    struct rcs_set *second = rcs_set_of(rcs_value_writable(rcs_value_retain(&copy->head)));
    take(second, "1");
    add(second, "y");
    assert_members(copy, "0 1 x ");
    assert_members(second, "0 x y ");
    rcs_value_release(&second->head);
    rcs_value_release(&copy->head);
}

static void made_anew_it_is_an_intset_if_it_can_be(void **state)
{
    struct rcs_set *set = rcs_set_of(*state);
    add(set, "4");
    add(set, "x");
    rcs_set_encode_anew(set, INTSET_MOST);
    assert_int_equal(set->head.encoding, RCS_ENCODING_HASHTABLE);
    assert_members(set, "4 x ");
    take(set, "x");
    add(set, "3");
    add(set, "2");
    add(set, "1");
    rcs_set_encode_anew(set, INTSET_MOST);
    assert_int_equal(set->head.encoding, RCS_ENCODING_HASHTABLE);
    take(set, "1");
    rcs_set_encode_anew(set, INTSET_MOST);
    assert_int_equal(set->head.encoding, RCS_ENCODING_INTSET);
    assert_members(set, "2 3 4 ");
}

/* --- picks ------------------------------------------------------------------------------------ */

/* Each of ten members is picked about as often as the others, and none twice in one pick. */
static void pick_evenly(struct rcs_set *set, size_t count)
{
    enum { TIMES = 3000 };
    unsigned picked[10] = { 0 };
    struct rcs_member members[10];
    struct rcs_rand choice;
    rcs_rand_init(&choice, 7, RCS_RAND_KEYS, 0);
    for (unsigned i = 0; i < TIMES; i++) {
        bool seen[10] = { false };
        rcs_set_pick(set, &choice, count, members);
        for (size_t k = 0; k < count; k++) {
            unsigned number = (unsigned)(members[k].bytes[members[k].size_bytes - 1] - '0');
            assert_false(seen[number]);
            seen[number] = true;
            picked[number]++;
        }
    }
    for (unsigned i = 0; i < 10; i++) {
        assert_in_range(picked[i], TIMES * count / 10 * 8 / 10, TIMES * count / 10 * 12 / 10);
    }
}

static void picks_are_fair_and_different(void **state)
{
    struct rcs_set *numbers = rcs_set_of(*state), *words = rcs_set_of(rcs_set_new());
    for (int i = 0; i < 10; i++) {
        char text[8];
        snprintf(text, sizeof(text), "m%d", i);
        rcs_set_add(numbers, 512, text + 1, 1);
        rcs_set_add(words, 512, text, 2);
    }
    for (size_t count = 1; count < 10; count++) {
        pick_evenly(numbers, count);
        pick_evenly(words, count);
    }
    rcs_value_release(&words->head);
}

static void any_member_is_as_likely_as_the_others(void **state)
{
    struct rcs_set *set = rcs_set_of(*state);
    struct rcs_rand choice;
    struct rcs_member member;
    rcs_rand_init(&choice, 7, RCS_RAND_KEYS, 0);
    for (int words = 0; words < 2; words++) {
        unsigned picked[3] = { 0 };
        add(set, words ? "x0" : "0");
        add(set, words ? "x1" : "1");
        add(set, words ? "x2" : "2");
        for (int i = 0; i < 3000; i++) {
            rcs_set_any(set, &choice, &member);
            picked[member.bytes[member.size_bytes - 1] - '0']++;
        }
        for (int i = 0; i < 3; i++) {
            assert_in_range(picked[i], 900, 1100);
        }
    }
}

/* --- sizes: the length of what DUMP gives for such a set, without type, version and checksum -- */

static const struct size_row {
    const char *name, *members;
    size_t bytes;
} sizes[] = {
    { "size: two bytes a number", "1 -32768", 1 + 8 + 4 },
    { "size: four bytes", "1 32768", 1 + 8 + 8 },
    { "size: eight bytes", "1 -2147483649", 1 + 8 + 16 },
    { "size: as wide as ever", "32768 1 32768!", 1 + 8 + 4 },
    { "size: words", "x abc", 1 + 2 + 4 },
};

static void size_row(void **state)
{
    const struct size_row *row = *state;
    struct rcs_value *value = rcs_set_new();
    char text[64];
    strcpy(text, row->members);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        size_t size = strlen(word);
        if (word[size - 1] == '!') {
            rcs_set_remove(rcs_set_of(value), word, size - 1);
        } else {
            add(rcs_set_of(value), word);
        }
    }
    assert_int_equal(rcs_value_rdb_bytes(value), row->bytes);
    rcs_value_release(value);
}

int main(void)
{
#define WITH_SET(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), SIZES = sizeof(sizes) / sizeof(sizes[0]) };
    struct CMUnitTest tests[5 + ROWS + SIZES] = {
        WITH_SET(members_come_and_go),
        WITH_SET(a_shared_set_is_copied_before_it_changes),
        WITH_SET(made_anew_it_is_an_intset_if_it_can_be),
        WITH_SET(picks_are_fair_and_different),
        WITH_SET(any_member_is_as_likely_as_the_others),
    };
    for (size_t i = 0; i < ROWS; i++) {
        tests[5 + i] = (struct CMUnitTest){ .name = rows[i].name,
                                            .test_func = encoding_row,
                                            .initial_state = (void *)&rows[i] };
    }
    for (size_t i = 0; i < SIZES; i++) {
        tests[5 + ROWS + i] = (struct CMUnitTest){ .name = sizes[i].name,
                                                   .test_func = size_row,
                                                   .initial_state = (void *)&sizes[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
