/* Sets with sets: intersection, union, difference. */
#include <stdlib.h>

#include "sim/keys/set.h"
#include "sim/node/command_rows.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

static size_t count_of(const struct rcs_set *set)
{
    return set == NULL ? 0 : rcs_set_count(set);
}

/* `intset_most` of rcs_set_add. */
static int64_t intset_most(const struct rcs_call *call)
{
    return call->node->config.set_max_intset_entries;
}

/* --- the sets of a call ----------------------------------------------------------------------- */

struct sets {
    const struct rcs_set **list; /* NULL among them: no such key */
    size_t count;
    bool missing; /* one is NULL */
};

/* The keys from argument `first` on. False: one holds another type, which was refused; nothing is
 * to be closed then. */
static bool sets_open(struct rcs_call *call, unsigned first, size_t count, struct sets *sets)
{
    *sets = (struct sets){ .list = malloc(count * sizeof(sets->list[0])), .count = count };
    RCS_ASSERT(sets->list != NULL);
    for (size_t i = 0; i < count; i++) {
        struct rcs_entry *entry;
        if (!rcs_key_read_of(call, &call->args[first + i], RCS_VALUE_SET, &entry)) {
            free(sets->list);
            return false;
        }
        sets->list[i] = entry == NULL ? NULL : rcs_set_of(entry->value);
        sets->missing = sets->missing || entry == NULL;
    }
    return true;
}

static void sets_close(struct sets *sets)
{
    free(sets->list);
}

/* The first of the smallest comes first: its members are looked up in the others. */
static void smallest_first(struct sets *sets)
{
    size_t smallest = 0;
    for (size_t i = 1; i < sets->count; i++) {
        if (count_of(sets->list[i]) < count_of(sets->list[smallest])) {
            smallest = i;
        }
    }
    const struct rcs_set *first = sets->list[smallest];
    sets->list[smallest] = sets->list[0];
    sets->list[0] = first;
}

/* The next member of the first set that is in all others. */
static bool next_common(const struct sets *sets, size_t *place, struct rcs_member *out)
{
    while (rcs_set_each(sets->list[0], place, out)) {
        bool in_all = true;
        for (size_t i = 1; i < sets->count && in_all; i++) {
            in_all = sets->list[i] == sets->list[0] ||
                     rcs_set_has(sets->list[i], out->bytes, out->size_bytes);
        }
        if (in_all) {
            return true;
        }
    }
    return false;
}

static void add_all(struct rcs_call *call, struct rcs_set *result, const struct rcs_set *set)
{
    struct rcs_member member;
    for (size_t place = 0; set != NULL && rcs_set_each(set, &place, &member);) {
        rcs_set_add(result, intset_most(call), member.bytes, member.size_bytes);
    }
}

static void remove_all(struct rcs_set *result, const struct rcs_set *set)
{
    struct rcs_member member;
    for (size_t place = 0; set != NULL && rcs_set_each(set, &place, &member);) {
        rcs_set_remove(result, member.bytes, member.size_bytes);
    }
}

/* --- results: sets made of them, one reference ------------------------------------------------ */

static struct rcs_value *intersect(struct rcs_call *call, struct sets *sets)
{
    struct rcs_value *result = rcs_set_new();
    struct rcs_member member;
    if (!sets->missing) {
        smallest_first(sets);
        for (size_t place = 0; next_common(sets, &place, &member);) {
            rcs_set_add(rcs_set_of(result), intset_most(call), member.bytes, member.size_bytes);
        }
    }
    return result;
}

static struct rcs_value *unite(struct rcs_call *call, struct sets *sets)
{
    struct rcs_value *result = rcs_set_new();
    for (size_t i = 0; i < sets->count; i++) {
        add_all(call, rcs_set_of(result), sets->list[i]);
    }
    return result;
}

/* Redis 7.0 sunionDiffGenericCommand: members of the first are looked up in the others, or, where
 * that is more work, all of them added and then removed; a member that is none of the result can
 * make it a hash table then. */
static bool looks_up(const struct sets *sets)
{
    size_t first = count_of(sets->list[0]), to_look_up = 0, to_remove = 0;
    for (size_t i = 0; i < sets->count; i++) {
        to_look_up += sets->list[i] == NULL ? 0 : first;
        to_remove += count_of(sets->list[i]);
    }
    return to_look_up / 2 <= to_remove;
}

static bool in_others(const struct sets *sets, const struct rcs_member *member)
{
    for (size_t i = 1; i < sets->count; i++) {
        if (sets->list[i] != NULL &&
            rcs_set_has(sets->list[i], member->bytes, member->size_bytes)) {
            return true;
        }
    }
    return false;
}

static struct rcs_value *subtract(struct rcs_call *call, struct sets *sets)
{
    struct rcs_value *result = rcs_set_new();
    struct rcs_set *set = rcs_set_of(result);
    struct rcs_member member;
    for (size_t i = 1; i < sets->count; i++) {
        if (sets->list[i] == sets->list[0]) {
            return result;
        }
    }
    if (!looks_up(sets)) {
        add_all(call, set, sets->list[0]);
        for (size_t i = 1; i < sets->count && rcs_set_count(set) > 0; i++) {
            remove_all(set, sets->list[i]);
        }
        return result;
    }
    for (size_t place = 0; sets->list[0] != NULL && rcs_set_each(sets->list[0], &place, &member);) {
        if (!in_others(sets, &member)) {
            rcs_set_add(set, intset_most(call), member.bytes, member.size_bytes);
        }
    }
    return result;
}

/* --- commands --------------------------------------------------------------------------------- */

typedef struct rcs_value *combination(struct rcs_call *call, struct sets *sets);

static void reply_combined(struct rcs_call *call, combination *combine)
{
    struct sets sets;
    if (!sets_open(call, 1, call->argc - 1, &sets)) {
        return;
    }
    struct rcs_value *result = combine(call, &sets);
    struct rcs_member member;
    rcs_resp_set(call->out, rcs_set_count(rcs_set_of(result)), call->resp3);
    for (size_t place = 0; rcs_set_each(rcs_set_of(result), &place, &member);) {
        rcs_resp_bulk(call->out, member.bytes, member.size_bytes);
    }
    rcs_value_release(result);
    sets_close(&sets);
}

/* No members: the key goes, even one that has expired. */
static void store_combined(struct rcs_call *call, combination *combine, const char *event)
{
    const struct rcs_arg *to = &call->args[1];
    struct sets sets;
    if (!sets_open(call, 2, call->argc - 2, &sets)) {
        return;
    }
    struct rcs_value *result = combine(call, &sets);
    size_t count = rcs_set_count(rcs_set_of(result));
    sets_close(&sets);
    if (count > 0) {
        rcs_key_set(call, to, result, false);
        rcs_call_changed(call, 1);
        rcs_notify(call, RCS_NOTIFY_SET, event, to);
    } else {
        struct rcs_entry *old = rcs_keyspace_find(call->node->keys, to->bytes, to->size_bytes);
        if (old != NULL) {
            rcs_key_delete(call, old);
            rcs_notify(call, RCS_NOTIFY_GENERIC, "del", to);
            rcs_call_changed(call, 1);
        }
        rcs_value_release(result);
    }
    rcs_resp_integer(call->out, (int64_t)count);
}

/* Unlike the other two, in the order of the smallest set. */
static void run_sinter(struct rcs_call *call)
{
    struct sets sets;
    struct rcs_member member;
    struct rcs_buf members;
    size_t count = 0;
    if (!sets_open(call, 1, call->argc - 1, &sets)) {
        return;
    }
    rcs_buf_init(&members);
    if (!sets.missing) {
        smallest_first(&sets);
        for (size_t place = 0; next_common(&sets, &place, &member); count++) {
            rcs_resp_bulk(&members, member.bytes, member.size_bytes);
        }
    }
    rcs_resp_set(call->out, count, call->resp3);
    rcs_buf_add(call->out, members.data, members.size_bytes);
    rcs_buf_close(&members);
    sets_close(&sets);
}

static void run_sinterstore(struct rcs_call *call)
{
    store_combined(call, intersect, "sinterstore");
}

static void run_sunion(struct rcs_call *call)
{
    reply_combined(call, unite);
}

static void run_sunionstore(struct rcs_call *call)
{
    store_combined(call, unite, "sunionstore");
}

static void run_sdiff(struct rcs_call *call)
{
    reply_combined(call, subtract);
}

static void run_sdiffstore(struct rcs_call *call)
{
    store_combined(call, subtract, "sdiffstore");
}

/* False: an error was replied. */
static bool read_limit(struct rcs_call *call, unsigned first, int64_t *limit)
{
    for (unsigned i = first; i < call->argc; i += 2) {
        if (!rcs_arg_is(&call->args[i], "limit") || i + 1 == call->argc) {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
        if (!rcs_arg_range_or_refuse(call->client, &call->args[i + 1], 0, INT64_MAX,
                                     "LIMIT can't be negative", limit)) {
            return false;
        }
    }
    return true;
}

static void run_sintercard(struct rcs_call *call)
{
    int64_t keys, limit = 0, count = 0;
    struct sets sets;
    struct rcs_member member;
    if (!rcs_arg_range_or_refuse(call->client, &call->args[1], 1, INT64_MAX,
                                 "numkeys should be greater than 0", &keys)) {
        return;
    }
    if (keys > (int64_t)call->argc - 2) {
        rcs_refuse(call->client, "Number of keys can't be greater than number of args");
        return;
    }
    if (!read_limit(call, 2 + (unsigned)keys, &limit) || !sets_open(call, 2, (size_t)keys, &sets)) {
        return;
    }
    if (!sets.missing) {
        smallest_first(&sets);
        for (size_t place = 0;
             (limit == 0 || count < limit) && next_common(&sets, &place, &member);) {
            count++;
        }
    }
    rcs_resp_integer(call->out, count);
    sets_close(&sets);
}

/* clang-format off */
#define SET CATEGORY(SET)
#define COMBINES -2, READONLY, SET, ALL_KEYS(1, 1, RO | ACCESS), "nondeterministic_output_order", NULL
#define STORES(key_flags) -3, WRITE | DENYOOM, SET, \
    { { 1, 0, 1, (key_flags) | UPDATE, NULL, 0, NULL }, { 2, -1, 1, RO | ACCESS, NULL, 0, NULL } }, NULL, NULL
const struct rcs_command rcs_set_op_commands[] = {
    { "sdiff", run_sdiff, COMBINES },
    { "sdiffstore", run_sdiffstore, STORES(OW) },
    { "sinter", run_sinter, COMBINES },
    { "sintercard", run_sintercard, -3, READONLY | MOVABLE_KEYS, SET, NUMKEYS(1, RO | ACCESS), NULL, NULL },
    { "sinterstore", run_sinterstore, STORES(RW) },
    { "sunion", run_sunion, COMBINES },
    { "sunionstore", run_sunionstore, STORES(OW) },
    END_OF_COMMANDS
};
/* clang-format on */
