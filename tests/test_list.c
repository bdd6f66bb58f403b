/* Lists: items against a plain array, nodes against those of a real server's quicklists. */
#include "tests/support/support.h"

#include "sim/keys/list.h"

#define ITEMS_MAX 256

/* --- a list beside an array ------------------------------------------------------------------- */

struct pair {
    struct rcs_value *value;
    char *items[ITEMS_MAX];
    size_t count;
};

static struct rcs_arg arg_of(const char *text)
{
    return (struct rcs_arg){ .bytes = text, .size_bytes = (uint32_t)strlen(text) };
}

/* ITEM of record_nodes.py; the caller frees it. */
static char *item_of(const char *word)
{
    size_t size = strlen(word);
    bool times = strncmp(word, "x*", 2) == 0;
    size = strcmp(word, "@") == 0 ? 0 : times ? (size_t)atoi(word + 2) : size;
    char *item = malloc(size + 1);
    assert_non_null(item);
    if (times) {
        memset(item, 'x', size);
    } else {
        memcpy(item, word, size);
    }
    item[size] = '\0';
    return item;
}

static void array_insert(struct pair *pair, size_t at, char *item)
{
    assert_true(pair->count < ITEMS_MAX && at <= pair->count);
    memmove(&pair->items[at + 1], &pair->items[at], (pair->count - at) * sizeof(pair->items[0]));
    pair->items[at] = item;
    pair->count++;
}

static void array_cut(struct pair *pair, size_t at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pair->items[at + i]);
    }
    memmove(&pair->items[at], &pair->items[at + count],
            (pair->count - at - count) * sizeof(pair->items[0]));
    pair->count -= count;
}

static void pair_new(struct pair *pair, int64_t fill)
{
    if (pair->value != NULL) {
        rcs_value_release(pair->value);
    }
    array_cut(pair, 0, pair->count);
    pair->value = rcs_list_new(fill);
}

static void pair_close(struct pair *pair)
{
    array_cut(pair, 0, pair->count);
    rcs_value_release(pair->value);
}

static void expect_items(const struct pair *pair)
{
    const struct rcs_list *list = rcs_list_of(pair->value);
    struct rcs_list_place place;
    assert_int_equal(list->count, pair->count);
    bool more = rcs_list_seek(list, 0, &place);
    for (size_t i = 0; i < pair->count; i++, more = rcs_list_step(&place, true)) {
        struct rcs_arg item = rcs_list_item(&place);
        struct rcs_list_place sought;
        assert_true(more);
        assert_int_equal(item.size_bytes, strlen(pair->items[i]));
        assert_memory_equal(item.bytes, pair->items[i], item.size_bytes);
        assert_true(rcs_list_seek(list, (int64_t)i - (int64_t)pair->count, &sought));
        assert_true(sought.node == place.node && sought.at == place.at &&
                    sought.index == place.index);
    }
    assert_false(more);
    assert_false(rcs_list_seek(list, (int64_t)pair->count, &place));
    assert_false(rcs_list_seek(list, -(int64_t)pair->count - 1, &place));
    more = rcs_list_seek(list, -1, &place);
    for (size_t i = pair->count; i-- > 0; more = rcs_list_step(&place, false)) {
        struct rcs_arg item = rcs_list_item(&place);
        assert_true(more && item.size_bytes == strlen(pair->items[i]));
        assert_memory_equal(item.bytes, pair->items[i], item.size_bytes);
    }
    assert_false(more);
}

static void expect_nodes(const struct pair *pair, const char *want)
{
    const struct rcs_list *list = rcs_list_of(pair->value);
    struct rcs_buf got;
    rcs_buf_init(&got);
    for (const struct rcs_list_node *node = list->first; node != NULL; node = node->next) {
        rcs_buf_format(&got, "%s%u:%u", node == list->first ? "" : " ", node->count,
                       node->packed_bytes);
    }
    rcs_buf_add(&got, "", 1);
    assert_string_equal(got.data, want);
    rcs_buf_close(&got);
}

static size_t index_of(const struct pair *pair, int64_t index)
{
    return (size_t)(index < 0 ? index + (int64_t)pair->count : index);
}

static void play_insert(struct pair *pair, int64_t index, bool after, const char *word)
{
    struct rcs_list_place place;
    char *item = item_of(word);
    struct rcs_arg arg = arg_of(item);
    assert_true(rcs_list_seek(rcs_list_of(pair->value), index, &place));
    rcs_list_insert(rcs_list_of(pair->value), &place, after, &arg);
    array_insert(pair, index_of(pair, index) + after, item);
}

static void play_set(struct pair *pair, int64_t index, const char *word)
{
    struct rcs_list_place place;
    size_t at = index_of(pair, index);
    char *item = item_of(word);
    struct rcs_arg arg = arg_of(item);
    assert_true(rcs_list_seek(rcs_list_of(pair->value), index, &place));
    rcs_list_replace(rcs_list_of(pair->value), &place, &arg);
    array_cut(pair, at, 1);
    array_insert(pair, at, item);
}

static void play_delete(struct pair *pair, int64_t index, bool forward)
{
    struct rcs_list *list = rcs_list_of(pair->value);
    struct rcs_list_place place;
    size_t at = index_of(pair, index);
    assert_true(rcs_list_seek(list, index, &place));
    array_cut(pair, at, 1);
    bool more = rcs_list_delete(list, &place, forward);
    assert_int_equal(more, forward ? at < pair->count : at > 0);
    if (more) {
        struct rcs_arg next = rcs_list_item(&place);
        assert_memory_equal(next.bytes, pair->items[forward ? at : at - 1], next.size_bytes);
    }
}

static void play_line(struct pair *pair, const char *line)
{
    struct rcs_list *list = rcs_list_of(pair->value);
    char word[16] = "", item[64] = "", second[64] = "";
    long long a = 0, b = 0;
    sscanf(line, "%15s %lld %63s %63s", word, &a, item, second);
    b = atoll(item);
    if (strcmp(word, "new") == 0) {
        pair_new(pair, a);
    } else if (strcmp(word, "push") == 0) {
        char *text = item_of(item);
        struct rcs_arg arg = arg_of(text);
        rcs_list_push(list, a == 0 ? RCS_LIST_HEAD : RCS_LIST_TAIL, &arg);
        array_insert(pair, a == 0 ? 0 : pair->count, text);
    } else if (strcmp(word, "pop") == 0) {
        size_t at = a == 0 ? 0 : pair->count - 1;
        struct rcs_arg peeked = rcs_list_peek(list, a == 0 ? RCS_LIST_HEAD : RCS_LIST_TAIL);
        assert_memory_equal(peeked.bytes, pair->items[at], strlen(pair->items[at]));
        rcs_list_pop(list, a == 0 ? RCS_LIST_HEAD : RCS_LIST_TAIL);
        array_cut(pair, at, 1);
    } else if (strcmp(word, "insert") == 0) {
        play_insert(pair, a, b == 1, second);
    } else if (strcmp(word, "set") == 0) {
        play_set(pair, a, item);
    } else if (strcmp(word, "delete") == 0) {
        play_delete(pair, a, b == 1);
    } else if (strcmp(word, "cut") == 0) {
        rcs_list_delete_range(list, (uint64_t)a, (uint64_t)b);
        array_cut(pair, (size_t)a, (size_t)b);
    } else {
        assert_string_equal(word, "nodes");
        expect_nodes(pair, line + strlen("nodes "));
    }
}

static void nodes_are_those_of_a_quicklist(void **state)
{
    (void)state;
    struct pair pair = { .value = rcs_list_new(-2), .count = 0 };
    char *text = test_vector("list/nodes.txt", NULL);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        play_line(&pair, line);
        expect_items(&pair);
    }
    pair_close(&pair);
    free(text);
}

/* --- what the recording has not --------------------------------------------------------------- */

static void a_shared_list_is_copied_with_its_nodes(void **state)
{
    (void)state;
    struct pair pair = { .value = NULL, .count = 0 };
    pair_new(&pair, 2);
    const char *lines[] = { "push 1 a", "push 1 b", "push 1 c", "insert 0 1 x", "push 0 y" };
    for (size_t i = 0; i < 5; i++) {
        play_line(&pair, lines[i]);
    }
    struct rcs_value *other = rcs_value_retain(pair.value);
    pair.value = rcs_value_writable(pair.value);
    assert_true(other != pair.value && other->refs == 1);
    expect_items(&pair);
    play_line(&pair, "pop 0");
    expect_items(&pair);
    assert_int_equal(rcs_list_of(other)->count, pair.count + 1);
    assert_int_equal(rcs_list_of(other)->node_count, 3);
    rcs_value_release(other);
    pair_close(&pair);
}

/* A payload may have nodes of one item without a listpack: nothing is added to them. */
static void a_plain_node_stands_alone(void **state)
{
    (void)state;
    struct pair pair = { .value = NULL, .count = 0 };
    pair_new(&pair, -2);
    struct rcs_arg big = arg_of("plain"), items[] = { { "a", 1 }, { "b", 1 } };
    rcs_list_add_node(rcs_list_of(pair.value), items, 2, false);
    rcs_list_add_node(rcs_list_of(pair.value), &big, 1, true);
    array_insert(&pair, 0, item_of("a"));
    array_insert(&pair, 1, item_of("b"));
    array_insert(&pair, 2, item_of("plain"));
    play_line(&pair, "push 1 c");
    play_line(&pair, "insert 2 0 d"); /* goes to the node before */
    expect_items(&pair);
    assert_int_equal(rcs_list_of(pair.value)->node_count, 3);
    assert_int_equal(rcs_list_of(pair.value)->first->count, 3);
    play_line(&pair, "set 3 e"); /* what is put in its place goes to the node behind */
    expect_items(&pair);
    assert_int_equal(rcs_list_of(pair.value)->node_count, 2);
    pair_close(&pair);
}

/* Both ends are moved in the memory they have: a queue does not grow. */
static void a_queue_stays_where_it_is(void **state)
{
    (void)state;
    struct rcs_value *value = rcs_list_new(-2);
    struct rcs_list *list = rcs_list_of(value);
    struct rcs_arg item = arg_of("0123456789");
    for (unsigned i = 0; i < 10; i++) {
        rcs_list_push(list, RCS_LIST_HEAD, &item);
    }
    uint32_t room = 0;
    for (unsigned i = 0; i < 10000; i++) {
        rcs_list_push(list, i % 2000 < 1000 ? RCS_LIST_HEAD : RCS_LIST_TAIL, &item);
        rcs_list_pop(list, i % 2000 < 1000 ? RCS_LIST_TAIL : RCS_LIST_HEAD);
        room = list->first->room > room ? list->first->room : room;
    }
    assert_int_equal(list->node_count, 1);
    assert_in_range(room, 1, 1024);
    rcs_value_release(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_those_of_a_quicklist),
        cmocka_unit_test(a_shared_list_is_copied_with_its_nodes),
        cmocka_unit_test(a_plain_node_stands_alone),
        cmocka_unit_test(a_queue_stays_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
