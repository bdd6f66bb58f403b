/* Sorted sets: the order and its ranks against a plain sorted array, ranges, encodings, copies. */
#include "sim/keys/zset.h"

#include "sim/keys/number.h"
#include "tests/support/support.h"

#include "sim/rand.h"

static const struct rcs_zset_limits defaults = { 128, 64 };

static void put(struct rcs_zset *zset, const char *name, double score)
{
    rcs_zset_put(zset, &defaults, name, strlen(name), score);
}

static void take(struct rcs_zset *zset, const char *name)
{
    rcs_zset_remove(zset, rcs_zset_find(zset, name, strlen(name)));
}

static void assert_order(const struct rcs_zset *zset, const char *want)
{
    char got[256] = "", back[256] = "", text[512];
    for (const struct rcs_zset_member *at = zset->first; at != NULL; at = at->next) {
        snprintf(text, sizeof(text), "%.*s ", (int)at->item.key_bytes, at->bytes);
        strcat(got, text);
    }
    for (const struct rcs_zset_member *at = zset->last; at != NULL; at = at->previous) {
        snprintf(text, sizeof(text), "%.*s %s", (int)at->item.key_bytes, at->bytes, back);
        assert_true(strlen(text) < sizeof(back));
        strcpy(back, text);
    }
    assert_string_equal(got, want);
    assert_string_equal(back, want);
}

/* --- against an array ------------------------------------------------------------------------- */

#define NAMES 400

/* Member i is there if score[i] is a number. Names ascend with i. */
struct model {
    double score[NAMES];
    unsigned order[NAMES], count;
};

static const char *name_of(unsigned i)
{
    static char name[16];
    snprintf(name, sizeof(name), "m%03u", i);
    return name;
}

static bool is_in(const struct model *model, unsigned i)
{
    return model->score[i] == model->score[i];
}

/* Insertion sort: by score, then by name. */
static void sort_model(struct model *model)
{
    model->count = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        if (!is_in(model, i)) {
            continue;
        }
        unsigned at = model->count++;
        for (; at > 0 && model->score[model->order[at - 1]] > model->score[i]; at--) {
            model->order[at] = model->order[at - 1];
        }
        model->order[at] = i;
    }
}

static size_t depth(const struct rcs_zset_member *tree)
{
    if (tree == NULL) {
        return 0;
    }
    size_t left = depth(tree->left), right = depth(tree->right);
    return 1 + (left > right ? left : right);
}

static void assert_is_model(const struct rcs_zset *zset, struct model *model)
{
    sort_model(model);
    assert_int_equal(rcs_zset_size(zset), model->count);
    const struct rcs_zset_member *at = zset->first, *previous = NULL;
    for (unsigned rank = 0; rank < model->count; rank++) {
        const char *name = name_of(model->order[rank]);
        assert_non_null(at);
        assert_int_equal(at->item.key_bytes, strlen(name));
        assert_memory_equal(at->bytes, name, strlen(name));
        assert_true(at->score == model->score[model->order[rank]]);
        assert_ptr_equal(at->previous, previous);
        assert_ptr_equal(rcs_zset_at(zset, rank), at);
        assert_int_equal(rcs_zset_rank(zset, at), rank);
        assert_ptr_equal(rcs_zset_find(zset, name, strlen(name)), at);
        previous = at;
        at = at->next;
    }
    assert_null(at);
    assert_ptr_equal(zset->last, previous);
    /* balanced: 2^(depth/2.41) members are the least that reach this depth */
    size_t deepest = 1;
    for (unsigned left = model->count + 1; left > 1; left = left * 3 / 4) {
        deepest++;
    }
    assert_true(depth(zset->root) <= deepest);
}

static void assert_scores_are_model(const struct rcs_zset *zset, const struct model *model,
                                    struct rcs_rand *rand)
{
    struct rcs_score_range range = { (double)rcs_rand_below(rand, 12) - 1,
                                     (double)rcs_rand_below(rand, 12) - 1,
                                     rcs_rand_below(rand, 2) == 0, rcs_rand_below(rand, 2) == 0 };
    size_t first = model->count, count = 0;
    for (unsigned rank = 0; rank < model->count; rank++) {
        double score = model->score[model->order[rank]];
        if ((range.min_open ? score > range.min : score >= range.min) &&
            (range.max_open ? score < range.max : score <= range.max)) {
            first = count == 0 ? rank : first;
            count++;
        }
    }
    struct rcs_zset_span span = rcs_zset_scores(zset, &range, false, 0);
    assert_int_equal(span.count, count);
    if (count > 0) {
        assert_int_equal(span.first, first);
        span = rcs_zset_scores(zset, &range, false, 1);
        assert_int_equal(span.first, first + 1);
        assert_int_equal(span.count, count - 1);
        span = rcs_zset_scores(zset, &range, true, 1);
        assert_int_equal(span.first, first);
        assert_int_equal(span.count, count - 1);
    }
}

static void random_changes_keep_order_and_ranks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct rcs_rand rand;
        rcs_rand_init(&rand, seed, RCS_RAND_KEYS, 0);
        struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_LISTPACK);
        static struct model model;
        for (unsigned i = 0; i < NAMES; i++) {
            model.score[i] = strtod("nan", NULL);
        }
        unsigned scores = seed % 2 == 0 ? 10 : 100000, grow = 3;
        for (unsigned step = 0; step < 3000; step++) {
            unsigned i = rcs_rand_below(&rand, NAMES);
            grow = step % 500 == 0 ? 1 + rcs_rand_below(&rand, 4) : grow;
            if (is_in(&model, i) && rcs_rand_below(&rand, 5) >= grow) {
                take(zset, name_of(i));
                model.score[i] = strtod("nan", NULL);
            } else {
                model.score[i] = rcs_rand_below(&rand, scores);
                put(zset, name_of(i), model.score[i]);
            }
            if (step % 50 == 0) {
                assert_is_model(zset, &model);
                assert_scores_are_model(zset, &model, &rand);
            }
        }
        while (zset->first != NULL) { /* from both ends */
            struct rcs_zset_member *end = rcs_rand_below(&rand, 2) == 0 ? zset->first : zset->last;
            unsigned i = 0;
            for (size_t digit = 1; digit < end->item.key_bytes; digit++) {
                i = i * 10 + (unsigned)(end->bytes[digit] - '0');
            }
            model.score[i] = strtod("nan", NULL);
            rcs_zset_remove(zset, end);
        }
        assert_is_model(zset, &model);
        rcs_value_release(&zset->head);
    }
}

static void ascending_and_descending_stay_balanced(void **state)
{
    (void)state;
    for (int up = 0; up < 2; up++) {
        struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_LISTPACK);
        for (unsigned i = 0; i < 10000; i++) {
            put(zset, name_of(i), up ? i : -(double)i);
        }
        assert_true(depth(zset->root) <= 32); /* 2.41 * log2(10001) */
        for (unsigned i = 0; i < 9000; i++) {
            rcs_zset_remove(zset, zset->first);
        }
        assert_true(depth(zset->root) <= 24);
        assert_int_equal(rcs_zset_rank(zset, zset->last), 999);
        rcs_value_release(&zset->head);
    }
}

/* --- order ------------------------------------------------------------------------------------ */

static void equal_scores_go_by_bytes(void **state)
{
    (void)state;
    struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_LISTPACK);
    put(zset, "b", 1);
    put(zset, "\xff", 1);
    put(zset, "", 1);
    put(zset, "ab", 1);
    put(zset, "a", 1);
    put(zset, "z", 0);
    put(zset, "0", 2);
    assert_order(zset, "z  a ab b \xff 0 ");
    put(zset, "ab", 3);
    put(zset, "0", -1e300);
    assert_order(zset, "0 z  a b \xff ab ");
    take(zset, "");
    take(zset, "ab");
    assert_order(zset, "0 z a b \xff ");
    rcs_value_release(&zset->head);
}

static struct rcs_lex_bound bound(const char *text)
{
    if (strcmp(text, "-") == 0 || strcmp(text, "+") == 0) {
        return (struct rcs_lex_bound){ .kind = *text == '-' ? RCS_LEX_LEAST : RCS_LEX_GREATEST,
                                       .open = true };
    }
    return (struct rcs_lex_bound){ RCS_LEX_BYTES, *text == '(', text + 1,
                                   (uint32_t)strlen(text + 1) };
}

static const struct lex_row {
    const char *name;
    const char *members; /* letters, in order */
    const char *min, *max;
    bool reverse;
    size_t skip;
    size_t first, count;
} lex_rows[] = {
    /* clang-format off */
    { "lex: everything", "abcd", "-", "+", false, 0, 0, 4 },
    { "lex: a closed bound is in", "abcd", "[b", "[c", false, 0, 1, 2 },
    { "lex: an open one is out", "abcd", "(b", "(d", false, 0, 2, 1 },
    { "lex: between two members", "abcd", "[bb", "[cc", false, 0, 2, 1 },
    { "lex: equal and closed is one", "abcd", "[b", "[b", false, 0, 1, 1 },
    { "lex: equal and half open is none", "abcd", "(b", "[b", false, 0, 0, 0 },
    { "lex: from the greatest is none", "abcd", "+", "+", false, 0, 0, 0 },
    { "lex: to the least is none", "abcd", "-", "-", false, 0, 0, 0 },
    { "lex: min over max is none", "abcd", "[c", "[b", false, 0, 0, 0 },
    { "lex: skipped in front", "abcd", "[b", "+", false, 2, 3, 1 },
    { "lex: skipped at the end", "abcd", "[b", "+", true, 2, 1, 1 },
    { "lex: all skipped", "abcd", "[b", "[c", false, 2, 3, 0 },
    /* members whose scores differ stand in the order given */
    { "lex: mixed, from the first inside to the first outside", "abdc", "[b", "[c", false, 0, 1, 1 },
    { "lex: mixed, the first may be over the range", "dbca", "[a", "[c", false, 0, 0, 0 },
    { "lex: mixed, the last may be under it", "dbca", "[b", "+", false, 0, 0, 0 },
    { "lex: mixed, a later one inside is not reached", "adbc", "-", "[c", false, 0, 0, 1 },
    { "lex: mixed, what is skipped is not looked at", "adbc", "-", "[c", false, 2, 2, 2 },
    { "lex: mixed in reverse", "adbc", "[b", "[c", true, 0, 1, 3 },
    /* clang-format on */
};

static void lex_row(void **state)
{
    const struct lex_row *row = *state;
    bool mixed = strstr(row->name, "mixed") != NULL;
    struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_LISTPACK);
    for (unsigned i = 0; row->members[i] != '\0'; i++) {
        rcs_zset_put(zset, &defaults, &row->members[i], 1, mixed ? i : 7);
    }
    struct rcs_lex_range range = { bound(row->min), bound(row->max) };
    struct rcs_zset_span span = rcs_zset_lex(zset, &range, row->reverse, row->skip);
    assert_int_equal(span.count, row->count);
    if (span.count > 0) {
        assert_int_equal(span.first, row->first);
    }
    rcs_value_release(&zset->head);
}

/* --- encodings and copies --------------------------------------------------------------------- */

static void a_listpack_grows_into_a_skiplist_and_stays_one(void **state)
{
    (void)state;
    const struct rcs_zset_limits limits = { 2, 3 };
    struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_LISTPACK);
    rcs_zset_put(zset, &limits, "abc", 3, 1);
    rcs_zset_put(zset, &limits, "b", 1, 1);
    rcs_zset_put(zset, &limits, "b", 1, 2);
    assert_int_equal(zset->head.encoding, RCS_ENCODING_LISTPACK);
    rcs_zset_put(zset, &limits, "c", 1, 1);
    assert_int_equal(zset->head.encoding, RCS_ENCODING_SKIPLIST);
    take(zset, "c");
    take(zset, "b");
    assert_int_equal(zset->head.encoding, RCS_ENCODING_SKIPLIST);
    rcs_value_release(&zset->head);

    zset = rcs_zset_new(RCS_ENCODING_LISTPACK);
    rcs_zset_put(zset, &limits, "abcd", 4, 1);
    assert_int_equal(zset->head.encoding, RCS_ENCODING_SKIPLIST);
    rcs_value_release(&zset->head);
}

static void a_result_is_packed_within_the_limits(void **state)
{
    (void)state;
    const struct rcs_zset_limits limits = { 2, 3 };
    struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_SKIPLIST);
    put(zset, "abcd", -0.0);
    rcs_zset_pack(zset, &limits);
    assert_int_equal(zset->head.encoding, RCS_ENCODING_SKIPLIST);
    assert_true(1 / zset->first->score < 0); /* a skiplist keeps its sign */
    take(zset, "abcd");
    put(zset, "a", -0.0);
    put(zset, "b", 1);
    put(zset, "c", 1);
    rcs_zset_pack(zset, &limits);
    assert_int_equal(zset->head.encoding, RCS_ENCODING_SKIPLIST);
    take(zset, "c");
    rcs_zset_pack(zset, &limits);
    assert_int_equal(zset->head.encoding, RCS_ENCODING_LISTPACK);
    assert_true(1 / zset->first->score > 0); /* a listpack writes an integer */
    rcs_value_release(&zset->head);
}

static void a_copy_is_apart_and_keeps_cursors(void **state)
{
    (void)state;
    struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_SKIPLIST);
    put(zset, "c", 1);
    put(zset, "b", 2);
    put(zset, "a", 3);
    take(zset, "c");
    struct rcs_value *copy = rcs_value_writable(rcs_value_retain(&zset->head));
    assert_ptr_not_equal(copy, zset);
    struct rcs_zset *other = rcs_zset_change(copy);
    assert_int_equal(copy->encoding, RCS_ENCODING_SKIPLIST);
    for (uint64_t cursor = 0, again = 0;;) {
        struct rcs_dict_item *item = rcs_dict_next(&zset->members, &cursor);
        struct rcs_dict_item *same = rcs_dict_next(&other->members, &again);
        assert_int_equal(cursor, again);
        if (item == NULL) {
            assert_null(same);
            break;
        }
    }
    put(other, "a", 0);
    put(other, "d", 9);
    assert_order(zset, "b a ");
    assert_order(other, "a b d ");
    rcs_value_release(&zset->head);
    rcs_value_release(copy);
}

static void rdb_bytes_grow_with_members(void **state)
{
    (void)state;
    struct rcs_zset *zset = rcs_zset_new(RCS_ENCODING_LISTPACK);
    size_t before = rcs_value_rdb_bytes(&zset->head);
    put(zset, "0123456789", 1);
    assert_int_equal(rcs_value_rdb_bytes(&zset->head), before + 1 + 10 + 8);
    rcs_value_release(&zset->head);
}

/* --- scores as texts -------------------------------------------------------------------------- */

static const struct score_row {
    const char *text; /* up to its NUL, which is not part of it */
    bool score, bound;
    const char *listpack; /* how a listpack holds what was read */
} score_rows[] = {
    { "1", true, true, "1" },
    { "-0", true, true, "0" },
    { "0.1", true, true, "0.10000000000000001" },
    { "1e17", true, true, "100000000000000000" },
    { "4611686018427387904", true, true, "4611686018427387904" },
    { "4611686018427388928", true, true, "4.6116860184273889e+18" },
    { "-4611686018427387904", true, true, "-4611686018427387904" },
    { "-4611686018427388928", true, true, "-4.6116860184273889e+18" },
    { "inf", true, true, "inf" },
    { "-Infinity", true, true, "-inf" },
    { "0x10", true, true, "16" },
    { "1e400", false, true, "inf" },
    { "1e-400", false, true, "0" },
    { "nan", false, false, NULL },
    { "", false, true, "0" },
    { " 1", false, true, "1" },
    { "1 ", false, false, NULL },
    { "abc", false, false, NULL },
};

static void scores_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(score_rows) / sizeof(score_rows[0]); i++) {
        const struct score_row *row = &score_rows[i];
        double score = 0, bound_score = 0;
        char text[RCS_SCORE_TEXT_BYTES];
        print_message("\"%s\"\n", row->text);
        assert_int_equal(rcs_number_read_score(row->text, strlen(row->text), &score), row->score);
        assert_int_equal(rcs_number_read_bound(row->text, strlen(row->text), &bound_score),
                         row->bound);
        if (row->bound) {
            size_t size = rcs_number_write_score(bound_score, text);
            assert_int_equal(size, strlen(row->listpack));
            assert_memory_equal(text, row->listpack, size);
        }
    }
    double score;
    char zeros[300];
    memset(zeros, '0', sizeof(zeros));
    zeros[299] = '7';
    assert_true(rcs_number_read_score(zeros, sizeof(zeros), &score)); /* longer than the stack's */
    assert_true(score == 7);
    assert_false(rcs_number_read_score("1\0x", 3, &score));
    assert_true(rcs_number_read_bound("1\0x", 3, &score)); /* to C it ends there */
}

int main(void)
{
    enum { ROWS = sizeof(lex_rows) / sizeof(lex_rows[0]) };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(random_changes_keep_order_and_ranks),
        cmocka_unit_test(ascending_and_descending_stay_balanced),
        cmocka_unit_test(equal_scores_go_by_bytes),
        cmocka_unit_test(a_listpack_grows_into_a_skiplist_and_stays_one),
        cmocka_unit_test(a_result_is_packed_within_the_limits),
        cmocka_unit_test(a_copy_is_apart_and_keeps_cursors),
        cmocka_unit_test(rdb_bytes_grow_with_members),
        cmocka_unit_test(scores_are_read_and_written),
    };
    enum { OTHERS = sizeof(others) / sizeof(others[0]) };
    struct CMUnitTest tests[ROWS + OTHERS];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = lex_rows[i].name,
                                        .test_func = lex_row,
                                        .initial_state = (void *)&lex_rows[i] };
    }
    memcpy(tests + ROWS, others, sizeof(others));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
