#include "sim/keys/set.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define INTSET_MOST (1 << 30) /* whatever the directive says (Redis 7.0 setTypeAdd) */

struct rcs_value *rcs_set_new(void)
{
    struct rcs_set *set = malloc(sizeof(*set));
    RCS_ASSERT(set != NULL);
    *set = (struct rcs_set){
        .head = { .refs = 1, .type = RCS_VALUE_SET, .encoding = RCS_ENCODING_INTSET },
        .number_width = 2,
    };
    rcs_dict_init(&set->members, sizeof(struct rcs_dict_item));
    return &set->head;
}

static void set_free(struct rcs_value *value)
{
    struct rcs_set *set = rcs_set_of(value);
    rcs_dict_clear(&set->members);
    free(set->numbers);
    free(set);
}

static struct rcs_value *set_copy(const struct rcs_value *value)
{
    const struct rcs_set *set = (const struct rcs_set *)value;
    struct rcs_set *copy = malloc(sizeof(*copy));
    RCS_ASSERT(copy != NULL);
    *copy = (struct rcs_set){
        .head = { .refs = 1, .type = value->type, .encoding = value->encoding },
        .number_count = set->number_count,
        .number_room = set->number_count,
        .number_width = set->number_width,
    };
    rcs_dict_copy(&copy->members, &set->members);
    if (set->number_count > 0) {
        copy->numbers = malloc(set->number_count * sizeof(copy->numbers[0]));
        RCS_ASSERT(copy->numbers != NULL);
        memcpy(copy->numbers, set->numbers, set->number_count * sizeof(copy->numbers[0]));
    }
    return &copy->head;
}

/* An intset is one string: its width, its count, and the numbers as wide as the widest. */
static size_t set_rdb_bytes(const struct rcs_value *value)
{
    const struct rcs_set *set = (const struct rcs_set *)value;
    size_t size_bytes = 0;
    if (value->encoding == RCS_ENCODING_INTSET) {
        size_bytes = 8 + set->number_width * set->number_count;
        return rcs_rdb_length_bytes(size_bytes) + size_bytes;
    }
    const struct rcs_dict_item *item;
    for (size_t place = 0; (item = rcs_dict_each(&set->members, &place)) != NULL;) {
        size_bytes += rcs_rdb_length_bytes(item->key_bytes) + item->key_bytes;
    }
    return rcs_rdb_length_bytes(set->members.count) + size_bytes;
}

const struct rcs_value_methods rcs_set_methods = {
    .free = set_free,
    .copy = set_copy,
    .rdb_bytes = set_rdb_bytes,
};

/* --- intsets ---------------------------------------------------------------------------------- */

/* Where the number is; false: where it would stand. */
static bool number_find(const struct rcs_set *set, int64_t number, size_t *at)
{
    size_t low = 0, high = set->number_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->numbers[middle] < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *at = low;
    return low < set->number_count && set->numbers[low] == number;
}

static void widen(struct rcs_set *set, int64_t number)
{
    unsigned width = number < INT32_MIN || number > INT32_MAX   ? 8
                     : number < INT16_MIN || number > INT16_MAX ? 4
                                                                : 2;
    set->number_width = width > set->number_width ? width : set->number_width;
}

static bool number_add(struct rcs_set *set, int64_t number)
{
    size_t at;
    if (number_find(set, number, &at)) {
        return false;
    }
    if (set->number_count == set->number_room) {
        set->number_room = set->number_room < 8 ? 8 : set->number_room * 2;
        set->numbers = realloc(set->numbers, set->number_room * sizeof(set->numbers[0]));
        RCS_ASSERT(set->numbers != NULL);
    }
    memmove(&set->numbers[at + 1], &set->numbers[at],
            (set->number_count - at) * sizeof(set->numbers[0]));
    set->numbers[at] = number;
    widen(set, number);
    set->number_count++;
    return true;
}

static bool number_remove(struct rcs_set *set, int64_t number)
{
    size_t at;
    if (!number_find(set, number, &at)) {
        return false;
    }
    set->number_count--;
    memmove(&set->numbers[at], &set->numbers[at + 1],
            (set->number_count - at) * sizeof(set->numbers[0]));
    return true;
}

static void drop_numbers(struct rcs_set *set)
{
    free(set->numbers);
    set->numbers = NULL;
    set->number_count = 0;
    set->number_room = 0;
    set->number_width = 2;
}

static void convert_to_table(struct rcs_set *set)
{
    char digits[RCS_DECIMAL_MAX];
    for (size_t i = 0; i < set->number_count; i++) {
        rcs_dict_add(&set->members, digits, rcs_decimal_write(digits, set->numbers[i]));
    }
    drop_numbers(set);
    set->head.encoding = RCS_ENCODING_HASHTABLE;
}

void rcs_set_encode_anew(struct rcs_set *set, int64_t intset_most)
{
    const struct rcs_dict_item *item;
    int64_t number;
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        set->number_width = 2;
        for (size_t i = 0; i < set->number_count; i++) {
            widen(set, set->numbers[i]);
        }
        return;
    }
    if ((int64_t)set->members.count > intset_most || set->members.count > INTSET_MOST) {
        return;
    }
    for (size_t place = 0; (item = rcs_dict_each(&set->members, &place)) != NULL;) {
        if (!rcs_decimal_read(rcs_dict_key(&set->members, item), item->key_bytes, &number)) {
            drop_numbers(set);
            return;
        }
        number_add(set, number);
    }
    rcs_dict_clear(&set->members);
    set->head.encoding = RCS_ENCODING_INTSET;
}

/* --- sets ------------------------------------------------------------------------------------- */

bool rcs_set_has(const struct rcs_set *set, const void *bytes, size_t size_bytes)
{
    int64_t number;
    size_t at;
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        return rcs_decimal_read(bytes, size_bytes, &number) && number_find(set, number, &at);
    }
    return rcs_dict_find(&set->members, bytes, size_bytes) != NULL;
}

bool rcs_set_add(struct rcs_set *set, int64_t intset_most, const void *bytes, size_t size_bytes)
{
    RCS_ASSERT(set->head.refs == 1);
    bool added;
    int64_t number;
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        if (rcs_decimal_read(bytes, size_bytes, &number)) {
            added = number_add(set, number);
            if (added &&
                ((int64_t)set->number_count > intset_most || set->number_count > INTSET_MOST)) {
                convert_to_table(set);
            }
            return added;
        }
        convert_to_table(set);
    }
    rcs_dict_find_or_add(&set->members, bytes, size_bytes, &added);
    return added;
}

bool rcs_set_remove(struct rcs_set *set, const void *bytes, size_t size_bytes)
{
    RCS_ASSERT(set->head.refs == 1);
    int64_t number;
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        return rcs_decimal_read(bytes, size_bytes, &number) && number_remove(set, number);
    }
    struct rcs_dict_item *item = rcs_dict_find(&set->members, bytes, size_bytes);
    if (item != NULL) {
        rcs_dict_remove(&set->members, item);
    }
    return item != NULL;
}

static void member_of_number(int64_t number, struct rcs_member *out)
{
    out->bytes = out->digits;
    out->size_bytes = rcs_decimal_write(out->digits, number);
}

static void member_of_item(const struct rcs_set *set, const struct rcs_dict_item *item,
                           struct rcs_member *out)
{
    out->bytes = rcs_dict_key(&set->members, item);
    out->size_bytes = item->key_bytes;
}

bool rcs_set_each(const struct rcs_set *set, size_t *place, struct rcs_member *out)
{
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        if (*place >= set->number_count) {
            return false;
        }
        member_of_number(set->numbers[(*place)++], out);
        return true;
    }
    const struct rcs_dict_item *item = rcs_dict_each(&set->members, place);
    if (item == NULL) {
        return false;
    }
    member_of_item(set, item, out);
    return true;
}

void rcs_set_any(const struct rcs_set *set, struct rcs_rand *choice, struct rcs_member *out)
{
    RCS_ASSERT(rcs_set_count(set) > 0);
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        member_of_number(set->numbers[rcs_rand_below(choice, (uint32_t)set->number_count)], out);
    } else {
        member_of_item(set, rcs_dict_any(&set->members, choice), out);
    }
}

static void pick_numbers(const struct rcs_set *set, struct rcs_rand *choice, size_t count,
                         struct rcs_member *out)
{
    for (size_t i = 0; count > 0; i++) {
        if (rcs_rand_below(choice, (uint32_t)(set->number_count - i)) < count) {
            member_of_number(set->numbers[i], out++);
            count--;
        }
    }
}

void rcs_set_pick(const struct rcs_set *set, struct rcs_rand *choice, size_t count,
                  struct rcs_member *out)
{
    RCS_ASSERT(count < rcs_set_count(set));
    if (count == 0 || set->head.encoding == RCS_ENCODING_INTSET) {
        pick_numbers(set, choice, count, out);
        return;
    }
    struct rcs_dict_item **items = malloc(count * sizeof(items[0]));
    RCS_ASSERT(items != NULL);
    rcs_dict_pick(&set->members, choice, count, false, items);
    for (size_t i = 0; i < count; i++) {
        member_of_item(set, items[i], &out[i]);
    }
    free(items);
}
