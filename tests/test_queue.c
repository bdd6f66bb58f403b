/* Pending events come out in the order of (instant, push), whatever was pushed when. */
#include "tests/support/support.h"

#include "sim/world/queue.h"

static void push(struct rcs_queue *queue, rcs_us at_us, uint32_t who)
{
    rcs_queue_push(queue, at_us, (struct rcs_pending){ .who = who });
}

static void expect(struct rcs_queue *queue, rcs_us at_us, uint32_t who)
{
    struct rcs_pending pending;
    assert_int_equal(rcs_queue_next(queue), at_us);
    assert_int_equal(rcs_queue_pop(queue, &pending), at_us);
    assert_int_equal(pending.who, who);
}

static void empty(void **state)
{
    (void)state;
    struct rcs_queue queue;
    struct rcs_pending pending;
    rcs_queue_init(&queue);
    assert_int_equal(rcs_queue_next(&queue), RCS_NEVER);
    assert_int_equal(rcs_queue_count(&queue), 0);
    expect_assert_failure((void)rcs_queue_pop(&queue, &pending));
    rcs_queue_close(&queue);
}

static void earliest_first(void **state)
{
    (void)state;
    struct rcs_queue queue;
    rcs_queue_init(&queue);
    push(&queue, 30, 3);
    push(&queue, 10, 1);
    push(&queue, 20, 2);
    expect(&queue, 10, 1);
    push(&queue, 10, 4); /* the instant of the last event taken is not the past */
    expect(&queue, 10, 4);
    expect(&queue, 20, 2);
    expect(&queue, 30, 3);
    assert_int_equal(rcs_queue_next(&queue), RCS_NEVER);
    rcs_queue_close(&queue);
}

static void ties_in_order_of_push(void **state)
{
    (void)state;
    struct rcs_queue queue;
    rcs_queue_init(&queue);
    for (uint32_t i = 0; i < 1000; i++) {
        push(&queue, 7, i);
        if (i % 3 == 2) {
            expect(&queue, 7, i / 3); /* slots of taken events are used again: no matter */
        }
    }
    for (uint32_t i = 333; i < 1000; i++) {
        expect(&queue, 7, i);
    }
    rcs_queue_close(&queue);
}

static void no_event_in_the_past(void **state)
{
    (void)state;
    struct rcs_queue queue;
    rcs_queue_init(&queue);
    push(&queue, 1000, 1);
    expect(&queue, 1000, 1);
    push(&queue, 1000, 2);
    expect_assert_failure(push(&queue, 999, 3));
    expect(&queue, 1000, 2);
    rcs_queue_close(&queue);
}

static void far_instants(void **state)
{
    (void)state;
    struct rcs_queue queue;
    rcs_queue_init(&queue);
    push(&queue, RCS_NEVER - 1, 2);
    push(&queue, INT64_C(1) << 40, 1);
    push(&queue, 0, 0);
    expect(&queue, 0, 0);
    expect(&queue, INT64_C(1) << 40, 1);
    expect(&queue, RCS_NEVER - 1, 2);
    rcs_queue_close(&queue);
}

static void values_travel(void **state)
{
    (void)state;
    struct rcs_queue queue;
    struct rcs_pending pending;
    rcs_queue_init(&queue);
    rcs_queue_push(&queue, 5,
                   (struct rcs_pending){
                       .kind = 3, .way = 1, .item = 2, .tries = 9, .who = 77, .value = &queue });
    rcs_queue_pop(&queue, &pending);
    assert_true(pending.kind == 3 && pending.way == 1 && pending.item == 2 && pending.tries == 9);
    assert_true(pending.who == 77 && pending.value == &queue);
    rcs_queue_close(&queue);
}

static void dropped_whole(void **state)
{
    (void)state;
    struct rcs_queue queue;
    struct rcs_pending pending;
    unsigned dropped = 0;
    rcs_queue_init(&queue);
    for (uint32_t i = 0; i < 500; i++) {
        push(&queue, 500 - i, i);
    }
    while (rcs_queue_drop(&queue, &pending)) {
        dropped++;
    }
    assert_int_equal(dropped, 500);
    assert_int_equal(rcs_queue_next(&queue), RCS_NEVER);
    rcs_queue_close(&queue);
}

/* Against a sorted list that keeps the order of insertion, through growth and shrinking. */
static void like_a_sorted_list(void **state)
{
    (void)state;
    enum { ROOM = 4096, STEPS = 60000 };
    static struct {
        rcs_us at_us;
        uint32_t who;
    } list[ROOM];
    unsigned count = 0;
    uint64_t chance = 88172645463325252u;
    rcs_us now_us = 0;
    struct rcs_queue queue;
    rcs_queue_init(&queue);
    for (uint32_t step = 0; step < STEPS; step++) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        unsigned favour = step / 5000 % 2 == 0 ? 60 : 40; /* grows, then shrinks */
        if (count < ROOM && (count == 0 || chance % 100 < favour)) {
            rcs_us at_us = now_us + (rcs_us)(chance >> 20) % 50; /* many ties */
            push(&queue, at_us, step);
            unsigned place = count++;
            for (; place > 0 && list[place - 1].at_us > at_us; place--) {
                list[place] = list[place - 1];
            }
            list[place].at_us = at_us;
            list[place].who = step;
        } else {
            now_us = list[0].at_us;
            expect(&queue, now_us, list[0].who);
            memmove(list, list + 1, --count * sizeof(list[0]));
        }
        assert_int_equal(rcs_queue_count(&queue), count);
    }
    rcs_queue_close(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(earliest_first),
        cmocka_unit_test(ties_in_order_of_push),
        cmocka_unit_test(no_event_in_the_past),
        cmocka_unit_test(far_instants),
        cmocka_unit_test(values_travel),
        cmocka_unit_test(dropped_whole),
        cmocka_unit_test(like_a_sorted_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
