#include "tests/support/support.h"

#include <rcsim/rdb.h>

#include "tests/support/pieces.h"
#include "tests/support/tsv.h"

/* --- payloads of a real server ---------------------------------------------------------------- */

struct vector {
    const char *name;
    unsigned version; /* of RDB */
    bool fresh;       /* its parts alone make the payload */
    struct rcs_rdb_value value;
    uint8_t *payload;
    size_t payload_bytes;
};

static enum rcs_rdb_kind kind_of(const char *type)
{
    static const char *const names[] = { "string", "list", "set", "hash", "zset" };
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], type) == 0) {
            return (enum rcs_rdb_kind)i;
        }
    }
    fail_msg("no type %s", type);
    return RCS_RDB_STRING;
}

static enum rcs_rdb_encoding encoding_of(const char *encoding)
{
    static const char *const names[] = {
        [RCS_RDB_PLAIN] = "raw",         [RCS_RDB_QUICKLIST] = "quicklist",
        [RCS_RDB_INTSET] = "intset",     [RCS_RDB_HASHTABLE] = "hashtable",
        [RCS_RDB_LISTPACK] = "listpack", [RCS_RDB_SKIPLIST] = "skiplist",
    };
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], encoding) == 0) {
            return (enum rcs_rdb_encoding)i;
        }
    }
    fail_msg("no encoding %s", encoding);
    return RCS_RDB_PLAIN;
}

static uint8_t *bytes_of(const char *token, size_t *size_bytes)
{
    return test_hex(strcmp(token, "-") == 0 ? "" : token, size_bytes);
}

static size_t count_tokens(const char *list)
{
    size_t count = 1;
    for (; *list != '\0'; list++) {
        count += *list == ',';
    }
    return count;
}

static void read_items(struct rcs_rdb_value *value, char *list)
{
    value->count = count_tokens(list);
    value->items = calloc(value->count, sizeof(value->items[0]));
    assert_non_null(value->items);
    char *token = strtok(list, ",");
    for (size_t i = 0; i < value->count; i++, token = strtok(NULL, ",")) {
        size_t size_bytes;
        value->items[i].bytes = (const char *)bytes_of(token, &size_bytes);
        value->items[i].size_bytes = (uint32_t)size_bytes;
    }
}

static void read_scores(struct rcs_rdb_value *value, char *list)
{
    if (value->kind != RCS_RDB_SORTED_SET) {
        return;
    }
    assert_int_equal(count_tokens(list), value->count);
    value->scores = calloc(value->count, sizeof(value->scores[0]));
    assert_non_null(value->scores);
    char *token = strtok(list, ",");
    for (size_t i = 0; i < value->count; i++, token = strtok(NULL, ",")) {
        value->scores[i] = strtod(token, NULL);
    }
}

static void vector_close(struct vector *vector)
{
    for (size_t i = 0; i < vector->value.count; i++) {
        free((void *)(uintptr_t)vector->value.items[i].bytes);
    }
    free(vector->value.items);
    free(vector->value.scores);
    free(vector->payload);
}

static unsigned each_vector_of(const char *path, unsigned version,
                               void (*check)(const struct vector *vector))
{
    struct tsv file;
    char *row[7];
    unsigned count = 0;
    for (tsv_open(&file, path); tsv_row(&file, row, 7); count++) {
        struct vector vector = {
            .name = row[0],
            .version = version,
            .fresh = strcmp(row[3], "yes") == 0,
            .value = { .kind = kind_of(row[1]), .encoding = encoding_of(row[2]) },
        };
        read_items(&vector.value, row[4]);
        read_scores(&vector.value, row[5]);
        vector.payload = test_hex(row[6], &vector.payload_bytes);
        check(&vector);
        vector_close(&vector);
    }
    tsv_close(&file);
    return count;
}

static void each_vector(void (*check)(const struct vector *vector))
{
    assert_in_range(each_vector_of("rdb/values-7.0.tsv", 10, check), 60, 1000);
    assert_in_range(each_vector_of("rdb/values-6.2.tsv", 9, check), 60, 1000);
}

static void check_payload(const struct vector *vector, const struct rcs_rdb_value *value)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_dump_write(&out, vector->version, value);
    if (out.size_bytes != vector->payload_bytes ||
        memcmp(out.data, vector->payload, out.size_bytes) != 0) {
        fail_msg("version %u, %s: other bytes than a real server's", vector->version, vector->name);
    }
    rcs_buf_close(&out);
}

static void check_written(const struct vector *vector)
{
    if (vector->fresh) {
        check_payload(vector, &vector->value);
    }
}

static void values_are_written_as_a_real_server_does(void **state)
{
    (void)state;
    each_vector(check_written);
}

static void check_same(const char *name, const struct rcs_rdb_value *have,
                       const struct rcs_rdb_value *want)
{
    if (have->kind != want->kind || have->encoding != want->encoding ||
        have->count != want->count) {
        fail_msg("%s: kind, encoding or count differ", name);
    }
    for (size_t i = 0; i < have->count; i++) {
        const struct rcs_arg *a = &have->items[i], *b = &want->items[i];
        if (a->size_bytes != b->size_bytes ||
            (a->size_bytes > 0 && memcmp(a->bytes, b->bytes, a->size_bytes) != 0) ||
            (want->scores != NULL && have->scores[i] != want->scores[i])) {
            fail_msg("%s: item %zu differs", name, i);
        }
    }
}

/* Also of those whose history shows in their payload: it comes back with them. */
static void check_read(const struct vector *vector)
{
    struct rcs_rdb_value value;
    unsigned type;
    assert_true(rcs_dump_check(vector->payload, vector->payload_bytes, RCS_RDB_VERSION));
    assert_int_equal(rcs_dump_read(vector->payload, vector->payload_bytes, &type, &value), RCS_OK);
    assert_int_equal(type, rcs_rdb_value_type(&vector->value, vector->version));
    check_same(vector->name, &value, &vector->value);
    check_payload(vector, &value);
    rcs_rdb_value_close(&value);
}

static void values_of_a_real_server_are_read(void **state)
{
    (void)state;
    each_vector(check_read);
}

/* In a block of exactly that size: nothing but the whole is read. */
static void check_cut(const struct vector *vector)
{
    size_t body_bytes = vector->payload_bytes - 11;
    for (size_t size = 0; size < body_bytes && body_bytes < 400; size++) {
        uint8_t *cut = malloc(size > 0 ? size : 1);
        assert_non_null(cut);
        memcpy(cut, vector->payload + 1, size);
        struct rcs_rdb_value value;
        size_t used;
        assert_int_equal(rcs_rdb_value_read(cut, size, vector->payload[0], &used, &value),
                         RCS_ERR_PROTOCOL);
        assert_null(value.items);
        free(cut);
    }
}

static void a_value_cut_short_is_refused(void **state)
{
    (void)state;
    each_vector(check_cut);
}

/* Whatever byte is changed: it is refused, or it is another sound value. */
static void check_changed(const struct vector *vector)
{
    size_t body_bytes = vector->payload_bytes - 11;
    for (size_t at = 0; at < body_bytes && body_bytes < 120; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *changed = malloc(body_bytes);
            assert_non_null(changed);
            memcpy(changed, vector->payload + 1, body_bytes);
            changed[at] = (uint8_t)(changed[at] ^ 1u << bit);
            struct rcs_rdb_value value, again;
            size_t used;
            if (rcs_rdb_value_read(changed, body_bytes, vector->payload[0], &used, &value) ==
                RCS_OK) {
                struct rcs_buf out;
                unsigned type;
                rcs_buf_init(&out);
                rcs_dump_write(&out, RCS_RDB_VERSION, &value);
                assert_int_equal(rcs_dump_read(out.data, out.size_bytes, &type, &again), RCS_OK);
                check_same(vector->name, &again, &value);
                rcs_rdb_value_close(&again);
                rcs_buf_close(&out);
            }
            rcs_rdb_value_close(&value);
            free(changed);
        }
    }
}

static void a_value_with_a_changed_bit_is_refused_or_sound(void **state)
{
    (void)state;
    each_vector(check_changed);
}

/* The forms of older releases: what they write is read again as the same value. */
static void check_older(const struct vector *vector)
{
    for (unsigned version = 6; version < RCS_RDB_VERSION; version++) {
        struct rcs_buf out;
        struct rcs_rdb_value value;
        unsigned type;
        rcs_buf_init(&out);
        rcs_dump_write(&out, version, &vector->value);
        assert_int_equal(rcs_dump_read(out.data, out.size_bytes, &type, &value), RCS_OK);
        assert_in_range(type, 0, version >= 7 ? 14 : 13);
        check_same(vector->name, &value, &vector->value);
        rcs_rdb_value_close(&value);
        rcs_buf_close(&out);
    }
}

static void forms_of_older_releases_come_back(void **state)
{
    (void)state;
    each_vector(check_older);
}

/* --- single forms: what RESTORE of a real server made of them --------------------------------- */

struct form {
    const char *name, *items;
    unsigned type;
    uint8_t *bytes;
    size_t size_bytes;
    enum rcs_err want;
};

static void form_row(void **state)
{
    const struct form *form = *state;
    struct rcs_rdb_value value;
    size_t used;
    assert_int_equal(rcs_rdb_value_read(form->bytes, form->size_bytes, form->type, &used, &value),
                     form->want);
    struct rcs_buf items;
    rcs_buf_init(&items);
    for (size_t i = 0; i < value.count; i++) {
        rcs_buf_text(&items, i > 0 ? "," : "");
        rcs_buf_add(&items, value.items[i].bytes, value.items[i].size_bytes);
    }
    rcs_buf_add(&items, "", 1);
    assert_string_equal(items.data, form->items);
    rcs_buf_close(&items);
    rcs_rdb_value_close(&value);
}

static enum rcs_err error_of(const char *name)
{
    return strcmp(name, "OK") == 0      ? RCS_OK
           : strcmp(name, "RANGE") == 0 ? RCS_ERR_RANGE
                                        : RCS_ERR_PROTOCOL;
}

#define FORMS_MAX 200

/* A test for each row; the rows' texts stand in the file's. */
static unsigned read_forms(struct tsv *file, struct form forms[FORMS_MAX],
                           struct CMUnitTest tests[FORMS_MAX])
{
    unsigned count = 0;
    char *row[5];
    for (tsv_open(file, "rdb/forms-7.0.tsv"); tsv_row(file, row, 5); count++) {
        assert_true(count < FORMS_MAX);
        struct form *form = &forms[count];
        form->name = row[0];
        form->type = (unsigned)strtoul(row[1], NULL, 10);
        form->bytes = test_hex(row[2], &form->size_bytes);
        form->want = error_of(row[3]);
        form->items = row[4];
        tests[count] =
            (struct CMUnitTest){ .name = form->name, .test_func = form_row, .initial_state = form };
    }
    return count;
}

/* --- the rest --------------------------------------------------------------------------------- */

static void other_types_are_named(void **state)
{
    (void)state;
    static const unsigned unmodelled[] = { 6, 7, 15, 19 };
    struct rcs_rdb_value value;
    size_t used;
    for (unsigned i = 0; i < sizeof(unmodelled) / sizeof(unmodelled[0]); i++) {
        assert_int_equal(rcs_rdb_value_read("\1\1a", 3, unmodelled[i], &used, &value),
                         RCS_ERR_UNKNOWN);
    }
    assert_string_equal(rcs_rdb_type_name(1), "list");
    assert_string_equal(rcs_rdb_type_name(19), "stream");
    assert_string_equal(rcs_rdb_type_name(7), "module value");
    assert_null(rcs_rdb_type_name(8));
    assert_null(rcs_rdb_type_name(20));
}

/* What a value takes says where the next one begins, whatever follows. */
static void a_value_ends_where_it_ends(void **state)
{
    (void)state;
    struct rcs_rdb_value value;
    size_t used;
    assert_int_equal(rcs_rdb_value_read("\2\1a\1bEXTRA", 10, RCS_RDB_TYPE_LIST, &used, &value),
                     RCS_OK);
    assert_int_equal(used, 5);
    assert_int_equal(value.count, 2);
    rcs_rdb_value_close(&value);
}

int main(void)
{
    static const struct CMUnitTest fixed[] = {
        cmocka_unit_test(values_are_written_as_a_real_server_does),
        cmocka_unit_test(values_of_a_real_server_are_read),
        cmocka_unit_test(a_value_cut_short_is_refused),
        cmocka_unit_test(a_value_with_a_changed_bit_is_refused_or_sound),
        cmocka_unit_test(forms_of_older_releases_come_back),
        cmocka_unit_test(other_types_are_named),
        cmocka_unit_test(a_value_ends_where_it_ends),
    };
    static struct form forms[FORMS_MAX];
    static struct CMUnitTest tests[FORMS_MAX];
    struct tsv file;
    unsigned count = read_forms(&file, forms, tests);
    int failed = cmocka_run_group_tests(fixed, NULL, NULL);
    failed += _cmocka_run_group_tests("forms", tests, count, NULL, NULL);
    for (unsigned i = 0; i < count; i++) {
        free(forms[i].bytes);
    }
    tsv_close(&file);
    return failed;
}
