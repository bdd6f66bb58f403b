/* Hashes as values: the boundaries of the listpack, order, copies. */
#include "sim/keys/hash.h"
#include "tests/support/support.h"

static const struct rcs_hash_limits limits = { .fields = 3, .bytes = 5 };

static int setup(void **state)
{
    *state = rcs_hash_new();
    return 0;
}

static int teardown(void **state)
{
    rcs_value_release(*state);
    return 0;
}

static bool set(struct rcs_hash *hash, const char *name, const char *value)
{
    return rcs_hash_set(hash, &limits, name, strlen(name),
                        rcs_string_new_text(value, strlen(value)));
}

static void assert_fields(const struct rcs_hash *hash, const char *want)
{
    char got[256] = "";
    const struct rcs_field *field;
    for (size_t place = 0; (field = rcs_hash_each(hash, &place)) != NULL;) {
        const struct rcs_string *value = rcs_string_of(field->value);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s=%.*s ",
                 (int)field->item.key_bytes, field->name, (int)value->size_bytes, value->bytes);
    }
    assert_string_equal(got, want);
}

/* --- where a listpack ends -------------------------------------------------------------------- */

static const struct row {
    const char *name;
    const char *fields; /* NAME=VALUE, separated by blanks */
    enum rcs_encoding want;
} rows[] = {
    /* clang-format off */
    { "no field yet",                                "",                  RCS_ENCODING_LISTPACK },
    { "as many fields as a listpack has",            "a=1 b=2 c=3",       RCS_ENCODING_LISTPACK },
    { "one field more",                              "a=1 b=2 c=3 d=4",   RCS_ENCODING_HASHTABLE },
    { "a field set again is none more",              "a=1 b=2 c=3 c=4",   RCS_ENCODING_LISTPACK },
    { "the longest name",                            "abcde=1",           RCS_ENCODING_LISTPACK },
    { "a byte longer",                               "abcdef=1",          RCS_ENCODING_HASHTABLE },
    { "the longest value",                           "a=12345",           RCS_ENCODING_LISTPACK },
    { "a byte longer than that",                     "a=123456",          RCS_ENCODING_HASHTABLE },
    { "a long value that has gone leaves its table", "a=123456 a=1",      RCS_ENCODING_HASHTABLE },
    /* clang-format on */
};

static void encoding_row(void **state)
{
    const struct row *row = *state;
    struct rcs_value *value = rcs_hash_new();
    char text[64];
    strcpy(text, row->fields);
    for (char *pair = strtok(text, " "); pair != NULL; pair = strtok(NULL, " ")) {
        char *sign = strchr(pair, '=');
        *sign = '\0';
        set(rcs_hash_of(value), pair, sign + 1);
    }
    assert_int_equal(value->encoding, row->want);
    rcs_value_release(value);
}

static void a_table_never_becomes_a_listpack_again(void **state)
{
    struct rcs_hash *hash = rcs_hash_of(*state);
    set(hash, "a", "1");
    set(hash, "toolong", "1");
    assert_true(rcs_hash_delete(hash, "toolong", 7));
    assert_true(rcs_hash_delete(hash, "a", 1));
    assert_int_equal(hash->fields.count, 0);
    set(hash, "a", "1");
    assert_string_equal(rcs_value_encoding_name(&hash->head), "hashtable");
}

/* --- fields ----------------------------------------------------------------------------------- */

static void fields_stand_in_the_order_in_which_they_came(void **state)
{
    struct rcs_hash *hash = rcs_hash_of(*state);
    assert_true(set(hash, "b", "1"));
    assert_true(set(hash, "a", "2"));
    assert_true(set(hash, "", ""));
    assert_false(set(hash, "b", "9"));
    assert_fields(hash, "b=9 a=2 = ");
    assert_true(rcs_hash_delete(hash, "b", 1));
    assert_false(rcs_hash_delete(hash, "b", 1));
    assert_null(rcs_hash_find(hash, "b", 1));
    assert_true(set(hash, "b", "3"));
    assert_fields(hash, "a=2 = b=3 ");
    set(hash, "c", "4");
    assert_string_equal(rcs_value_encoding_name(&hash->head), "hashtable");
    assert_fields(hash, "a=2 = b=3 c=4 ");
    assert_non_null(rcs_hash_find(hash, "", 0));
}

static void a_shared_hash_is_copied_before_it_changes(void **state)
{
    struct rcs_hash *hash = rcs_hash_of(*state);
    set(hash, "x", "0");
    set(hash, "a", "1");
    set(hash, "b", "2");
    rcs_hash_delete(hash, "x", 1);
    assert_ptr_equal(rcs_value_writable(&hash->head), hash);
    struct rcs_hash *copy = rcs_hash_of(rcs_value_writable(rcs_value_retain(&hash->head)));
    assert_ptr_not_equal(copy, hash);
    assert_int_equal(hash->head.refs, 1);
    assert_int_equal(copy->head.refs, 1);
    assert_int_equal(copy->head.encoding, RCS_ENCODING_LISTPACK);
    set(copy, "a", "9");
    rcs_hash_delete(copy, "b", 1);
    set(copy, "c", "3");
    assert_fields(hash, "a=1 b=2 ");
    assert_fields(copy, "a=9 c=3 ");
    rcs_value_release(&copy->head);
    assert_fields(hash, "a=1 b=2 ");
}

/* A scan goes on in the copy where it stood in the original. */
static void a_copy_keeps_the_places_of_cursors(void **state)
{
    struct rcs_hash *hash = rcs_hash_of(*state);
    char name[8];
    uint64_t cursor = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d", i);
        set(hash, name, "");
    }
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "%d", i);
        rcs_hash_delete(hash, name, strlen(name));
    }
    for (int i = 0; i < 10; i++) {
        assert_non_null(rcs_dict_next(&hash->fields, &cursor));
    }
    struct rcs_hash *copy = rcs_hash_of(rcs_value_writable(rcs_value_retain(&hash->head)));
    for (int i = 70; i < 100; i++) {
        const struct rcs_dict_item *item = rcs_dict_next(&copy->fields, &cursor);
        assert_non_null(item);
        snprintf(name, sizeof(name), "%d", i);
        assert_memory_equal(rcs_dict_key(&copy->fields, item), name, strlen(name));
    }
    assert_null(rcs_dict_next(&copy->fields, &cursor));
    set(copy, "new", "");
    assert_non_null(rcs_dict_next(&copy->fields, &cursor));
    rcs_value_release(&copy->head);
}

/* --- sizes: the length of what DUMP gives for such a hash, without type, version and checksum - */

static const struct size_row {
    const char *name, *field, *value;
    size_t bytes;
} sizes[] = {
    /* clang-format off */
    { "size: texts",                "abc",  "xy",     1 + 7 + 5 + 4 },
    { "size: nothing",              "",     "",       1 + 7 + 2 + 2 },
    { "size: 7 bits",               "127",  "0",      1 + 7 + 2 + 2 },
    { "size: 13 bits",              "128",  "-1",     1 + 7 + 3 + 3 },
    { "size: the last of 13 bits",  "4095", "-4096",  1 + 7 + 3 + 3 },
    { "size: 16 bits",              "4096", "-4097",  1 + 7 + 4 + 4 },
    { "size: 24 bits",              "32768","-8388608", 1 + 7 + 5 + 5 },
    { "size: 32 bits",              "8388608", "2147483647", 1 + 7 + 6 + 6 },
    { "size: 64 bits",              "2147483648", "-2147483649", 1 + 7 + 10 + 10 },
    { "size: digits but no number", "01",   "x",      1 + 7 + 4 + 3 },
    /* clang-format on */
};

static void size_row(void **state)
{
    const struct size_row *row = *state;
    struct rcs_value *value = rcs_hash_new();
    struct rcs_hash_limits most = { 512, 64 };
    rcs_hash_set(rcs_hash_of(value), &most, row->field, strlen(row->field),
                 rcs_string_new_text(row->value, strlen(row->value)));
    assert_int_equal(rcs_value_rdb_bytes(value), row->bytes);
    rcs_value_release(value);
}

int main(void)
{
#define WITH_HASH(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), SIZES = sizeof(sizes) / sizeof(sizes[0]) };
    struct CMUnitTest tests[4 + ROWS + SIZES] = {
        WITH_HASH(a_table_never_becomes_a_listpack_again),
        WITH_HASH(fields_stand_in_the_order_in_which_they_came),
        WITH_HASH(a_shared_hash_is_copied_before_it_changes),
        WITH_HASH(a_copy_keeps_the_places_of_cursors),
    };
    for (size_t i = 0; i < ROWS; i++) {
        tests[4 + i] = (struct CMUnitTest){ .name = rows[i].name,
                                            .test_func = encoding_row,
                                            .initial_state = (void *)&rows[i] };
    }
    for (size_t i = 0; i < SIZES; i++) {
        tests[4 + ROWS + i] = (struct CMUnitTest){ .name = sizes[i].name,
                                                   .test_func = size_row,
                                                   .initial_state = (void *)&sizes[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
