#include "sim/cluster/slot_map.h"
#include "tests/support/support.h"

static void fill(struct rcs_slot_words *words, unsigned first, unsigned last)
{
    memset(words, 0, sizeof(*words));
    for (unsigned slot = first; slot <= last; slot++) {
        rcs_slot_words_add(words, slot);
    }
}

static void assign(struct rcs_store *store, struct rcs_slot_map **map, unsigned first,
                   unsigned last, rcs_id owner)
{
    struct rcs_slot_words words;
    fill(&words, first, last);
    rcs_slot_map_assign(store, map, &words, owner);
}

static void equal_maps_are_one(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    struct rcs_slot_map *a = rcs_slot_map_empty(store), *b = rcs_slot_map_empty(store);
    assert_ptr_equal(a, b);
    assign(store, &a, 0, 5460, 1);
    assign(store, &a, 5461, 10922, 2);
    assert_ptr_not_equal(a, b);
    assign(store, &b, 5461, 10922, 2); /* the other way round */
    assign(store, &b, 0, 5460, 1);
    assert_ptr_equal(a, b);
    assert_int_equal(a->assigned, 10923);
    assert_int_equal(a->refs, 2);
    rcs_slot_map_release(store, a);
    rcs_slot_map_release(store, b);
    rcs_store_free(store);
}

static void sets_follow_every_change(void **state)
{
    (void)state;
    struct rcs_store *store = rcs_store_new();
    struct rcs_slot_map *map = rcs_slot_map_empty(store);
    uint32_t x = 7;
    for (int step = 0; step < 300; step++) {
        x = x * 1664525u + 1013904223u;
        unsigned first = (x >> 8) % RCS_SLOTS, length = (x >> 3) % 600;
        unsigned last = first + length < RCS_SLOTS ? first + length : RCS_SLOTS - 1;
        rcs_id owner = x % 5 == 0 ? RCS_ID_NONE : (rcs_id)(x % 20);
        struct rcs_slot_map *kept = rcs_slot_map_retain(map);
        uint64_t hash = kept->hash;
        assign(store, &map, first, last, owner);
        assert_true(kept->hash == hash); /* a map that somebody holds does not change */
        rcs_slot_map_release(store, kept);

        unsigned assigned = 0;
        for (rcs_id id = 0; id < 24; id++) {
            const struct rcs_slot_set *set = rcs_slot_map_set(map, id);
            unsigned count = 0;
            for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
                bool owns = rcs_slot_map_owner(store, map, slot) == id;
                count += owns;
                assert_int_equal(owns, set != NULL && rcs_slot_words_has(&set->words, slot));
            }
            assert_int_equal(count, set == NULL ? 0 : set->count);
            assigned += count;
        }
        assert_int_equal(assigned, map->assigned);
    }
    rcs_slot_map_release(store, map);
    rcs_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_maps_are_one),
        cmocka_unit_test(sets_follow_every_change),
    };
    return cmocka_run_group_tests_name("slot map", tests, NULL, NULL);
}
