/* Sets, one at a time; command_set_op.c has those of several. */
#include <stdlib.h>

#include "sim/keys/set.h"
#include "sim/node/command_rows.h"
#include "sim/node/notify.h"
#include "sim/node/sample.h"
#include "sim/node/scan.h"

#include "sim/pure.h"

/* How much larger than what stays a SPOP must be to make the set anew (Redis 7.0
 * SPOP_MOVE_STRATEGY_MUL). */
#define POP_ANEW_TIMES 5
#define POP_TOGETHER   1024 /* members in one SREM to the replicas, since 7.2; before, one */

/* False: the key holds another type, which was refused. NULL: there is no such key. */
static bool set_to_read(struct rcs_call *call, const struct rcs_arg *key,
                        const struct rcs_set **out)
{
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, key, RCS_VALUE_SET, &entry)) {
        return false;
    }
    *out = entry == NULL ? NULL : rcs_set_of(entry->value);
    return true;
}

static size_t count_of(const struct rcs_set *set)
{
    return set == NULL ? 0 : rcs_set_count(set);
}

static bool has(const struct rcs_set *set, const struct rcs_arg *member)
{
    return set != NULL && rcs_set_has(set, member->bytes, member->size_bytes);
}

static int64_t intset_most(const struct rcs_call *call)
{
    return call->node->config.set_max_intset_entries;
}

static bool add(struct rcs_call *call, struct rcs_set *set, const struct rcs_arg *member)
{
    return rcs_set_add(set, intset_most(call), member->bytes, member->size_bytes);
}

static void changed(struct rcs_call *call, const struct rcs_arg *key, uint64_t count,
                    const char *event)
{
    rcs_key_modified(call->node, key->bytes, key->size_bytes);
    rcs_call_changed(call, count);
    rcs_notify(call, RCS_NOTIFY_SET, event, key);
}

/* The last member has gone, and takes the key with it. */
static void delete_empty(struct rcs_call *call, struct rcs_entry *entry, const struct rcs_arg *key)
{
    rcs_key_delete(call, entry);
    rcs_notify(call, RCS_NOTIFY_GENERIC, "del", key);
}

/* --- members ---------------------------------------------------------------------------------- */

static void run_sadd(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, key, RCS_VALUE_SET, &entry)) {
        return;
    }
    if (entry == NULL) {
        entry = rcs_key_set(call, key, rcs_set_new(), false);
    }
    struct rcs_set *set = rcs_set_of(rcs_keyspace_writable(call->node->keys, entry));
    unsigned added = 0;
    for (unsigned i = 2; i < call->argc; i++) {
        added += add(call, set, &call->args[i]);
    }
    if (added > 0) {
        changed(call, key, added, "sadd");
    }
    rcs_resp_integer(call->out, added);
}

/* The last member takes the key with it; what comes after it is not looked at any more. */
static void run_srem(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, key, RCS_VALUE_SET, &entry)) {
        return;
    }
    unsigned removed = 0;
    if (entry != NULL) {
        struct rcs_set *set = rcs_set_of(rcs_keyspace_writable(call->node->keys, entry));
        for (unsigned i = 2; i < call->argc && rcs_set_count(set) > 0; i++) {
            removed += rcs_set_remove(set, call->args[i].bytes, call->args[i].size_bytes);
        }
        if (removed > 0) {
            changed(call, key, removed, "srem");
        }
        if (rcs_set_count(set) == 0) {
            delete_empty(call, entry, key);
        }
    }
    rcs_resp_integer(call->out, removed);
}

static void run_smove(struct rcs_call *call)
{
    const struct rcs_arg *from = &call->args[1], *to = &call->args[2], *member = &call->args[3];
    struct rcs_entry *source = rcs_key_write(call, from), *target = rcs_key_write(call, to);
    if (source == NULL) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    if (source->value->type != RCS_VALUE_SET ||
        (target != NULL && target->value->type != RCS_VALUE_SET)) {
        rcs_refuse_type(call);
        return;
    }
    bool there = has(rcs_set_of(source->value), member);
    if (source == target || !there) {
        rcs_resp_integer(call->out, there);
        return;
    }
    struct rcs_set *set = rcs_set_of(rcs_keyspace_writable(call->node->keys, source));
    rcs_set_remove(set, member->bytes, member->size_bytes);
    changed(call, from, 1, "srem");
    if (rcs_set_count(set) == 0) {
        delete_empty(call, source, from);
    }
    if (target == NULL) {
        target = rcs_key_set(call, to, rcs_set_new(), false);
    }
    if (add(call, rcs_set_of(rcs_keyspace_writable(call->node->keys, target)), member)) {
        changed(call, to, 1, "sadd");
    }
    rcs_resp_integer(call->out, 1);
}

static void run_sismember(struct rcs_call *call)
{
    const struct rcs_set *set;
    if (set_to_read(call, &call->args[1], &set)) {
        rcs_resp_integer(call->out, has(set, &call->args[2]));
    }
}

static void run_smismember(struct rcs_call *call)
{
    const struct rcs_set *set;
    if (!set_to_read(call, &call->args[1], &set)) {
        return;
    }
    rcs_resp_array(call->out, call->argc - 2);
    for (unsigned i = 2; i < call->argc; i++) {
        rcs_resp_integer(call->out, has(set, &call->args[i]));
    }
}

static void run_scard(struct rcs_call *call)
{
    const struct rcs_set *set;
    if (set_to_read(call, &call->args[1], &set)) {
        rcs_resp_integer(call->out, (int64_t)count_of(set));
    }
}

static void reply_member(struct rcs_call *call, const struct rcs_member *member)
{
    rcs_resp_bulk(call->out, member->bytes, member->size_bytes);
}

static void reply_all(struct rcs_call *call, const struct rcs_set *set)
{
    struct rcs_member member;
    for (size_t place = 0; rcs_set_each(set, &place, &member);) {
        reply_member(call, &member);
    }
}

static void run_smembers(struct rcs_call *call)
{
    const struct rcs_set *set;
    if (!set_to_read(call, &call->args[1], &set)) {
        return;
    }
    rcs_resp_set(call->out, count_of(set), call->resp3);
    if (set != NULL) {
        reply_all(call, set);
    }
}

/* An intset is given whole, whatever COUNT says. */
static void run_sscan(struct rcs_call *call)
{
    struct rcs_scan scan;
    const struct rcs_set *set;
    struct rcs_buf members;
    if (!rcs_scan_cursor_or_refuse(call, &call->args[2], &scan.cursor) ||
        !set_to_read(call, &call->args[1], &set)) {
        return;
    }
    rcs_buf_init(&members);
    if (set == NULL) {
        rcs_scan_reply(call, 0, &members, 0);
        return;
    }
    if (!rcs_scan_options_or_refuse(call, 3, false, &scan)) {
        return;
    }
    size_t count = 0;
    if (set->head.encoding == RCS_ENCODING_INTSET) {
        struct rcs_member member;
        for (size_t place = 0; rcs_set_each(set, &place, &member);) {
            if (rcs_scan_matches(&scan, member.bytes, member.size_bytes)) {
                rcs_resp_bulk(&members, member.bytes, member.size_bytes);
                count++;
            }
        }
    }
    const struct rcs_dict_item *item;
    for (int64_t seen = 0; seen < scan.count; seen++) {
        if ((item = rcs_dict_next(&set->members, &scan.cursor)) == NULL) {
            break;
        }
        const char *bytes = rcs_dict_key(&set->members, item);
        if (rcs_scan_matches(&scan, bytes, item->key_bytes)) {
            rcs_resp_bulk(&members, bytes, item->key_bytes);
            count++;
        }
    }
    rcs_scan_reply(call, rcs_scan_cursor_left(&set->members, scan.cursor), &members, count);
    rcs_buf_close(&members);
}

/* --- any members ------------------------------------------------------------------------------ */

static void reply_different(struct rcs_call *call, const struct rcs_set *set, size_t count)
{
    struct rcs_member *members = malloc(count * sizeof(members[0]));
    RCS_ASSERT(members != NULL);
    rcs_set_pick(set, &call->node->key_choice, count, members);
    for (size_t i = 0; i < count; i++) {
        reply_member(call, &members[i]);
    }
    free(members);
}

/* Redis 7.0 srandmemberWithCountCommand; less than 0: any so many, the same one perhaps twice. */
static void reply_sample(struct rcs_call *call)
{
    int64_t count;
    const struct rcs_set *set;
    struct rcs_member member;
    if (!rcs_arg_range_or_refuse(call->client, &call->args[2], -INT64_MAX, INT64_MAX, NULL,
                                 &count) ||
        !set_to_read(call, &call->args[1], &set) ||
        (set != NULL && !rcs_sample_fits(call, count))) {
        return;
    }
    size_t size = count_of(set);
    if (set == NULL || count == 0) {
        rcs_resp_array(call->out, 0);
    } else if (count < 0 || count == 1) {
        rcs_resp_array(call->out, (size_t)(count < 0 ? -count : count));
        for (int64_t left = count < 0 ? -count : count; left > 0; left--) {
            rcs_set_any(set, &call->node->key_choice, &member);
            reply_member(call, &member);
        }
    } else if ((uint64_t)count >= size) {
        rcs_resp_array(call->out, size);
        reply_all(call, set);
    } else {
        rcs_resp_array(call->out, (size_t)count);
        reply_different(call, set, (size_t)count);
    }
}

static void run_srandmember(struct rcs_call *call)
{
    const struct rcs_set *set;
    struct rcs_member member;
    if (call->argc > 3) {
        rcs_refuse(call->client, "syntax error");
    } else if (call->argc == 3) {
        reply_sample(call);
    } else if (set_to_read(call, &call->args[1], &set)) {
        if (set == NULL) {
            rcs_resp_nil(call->out, call->resp3);
            return;
        }
        rcs_set_any(set, &call->node->key_choice, &member);
        reply_member(call, &member);
    }
}

/* --- SPOP ------------------------------------------------------------------------------------- */

/* What comes of adding the members of `set` to none: another order, perhaps. */
static void reply_as_new(struct rcs_call *call, const struct rcs_set *set)
{
    struct rcs_set *sorted = rcs_set_of(rcs_set_new());
    struct rcs_member member;
    for (size_t place = 0; rcs_set_each(set, &place, &member);) {
        rcs_set_add(sorted, intset_most(call), member.bytes, member.size_bytes);
    }
    reply_all(call, sorted);
    rcs_value_release(&sorted->head);
}

/* Members that have gone and wait for their SREM; the bytes of one after those of the other. */
struct popped {
    struct rcs_buf bytes;
    uint32_t sizes[POP_TOGETHER];
    unsigned count, most;
};

static void replicate_popped(struct rcs_call *call, struct popped *popped)
{
    struct rcs_arg words[2 + POP_TOGETHER];
    const char *at = popped->bytes.data;
    words[0] = rcs_arg_of("SREM");
    words[1] = call->args[1];
    for (unsigned i = 0; i < popped->count; i++) {
        words[2 + i] = (struct rcs_arg){ at, popped->sizes[i] };
        at += popped->sizes[i];
    }
    if (popped->count > 0) {
        rcs_call_replicate(call, 2 + popped->count, words);
    }
    popped->count = 0;
    rcs_buf_clear(&popped->bytes);
}

/* Replied, kept for its SREM, and gone. */
static void pop(struct rcs_call *call, struct rcs_set *set, const struct rcs_member *member,
                struct popped *popped)
{
    reply_member(call, member);
    rcs_buf_add(&popped->bytes, member->bytes, member->size_bytes);
    popped->sizes[popped->count++] = (uint32_t)member->size_bytes;
    if (popped->count == popped->most) {
        replicate_popped(call, popped);
    }
    rcs_set_remove(set, member->bytes, member->size_bytes);
}

/* Where only few stay, a real server makes the set anew from them: it may be an intset then. */
static void pop_any(struct rcs_call *call, struct rcs_set *set, size_t count, struct popped *popped)
{
    struct rcs_member member;
    if ((rcs_set_count(set) - count) * POP_ANEW_TIMES > count) {
        while (count-- > 0) {
            rcs_set_any(set, &call->node->key_choice, &member);
            pop(call, set, &member, popped);
        }
        return;
    }
    struct rcs_member *members = malloc(count * sizeof(members[0]));
    RCS_ASSERT(members != NULL);
    rcs_set_pick(set, &call->node->key_choice, count, members);
    for (size_t i = 0; i < count; i++) {
        pop(call, set, &members[i], popped);
    }
    free(members);
    rcs_set_encode_anew(set, intset_most(call));
}

static void pop_some(struct rcs_call *call, struct rcs_set *set, size_t count)
{
    struct popped popped;
    popped.count = 0;
    popped.most = call->client->profile->release >= RCS_REDIS_7_2 ? POP_TOGETHER : 1;
    rcs_buf_init(&popped.bytes);
    pop_any(call, set, count, &popped);
    replicate_popped(call, &popped);
    rcs_buf_close(&popped.bytes);
}

/* False: an error was replied. */
static bool read_pop_count(struct rcs_call *call, int64_t *out)
{
    if (call->client->profile->release >= RCS_REDIS_6_2) {
        return rcs_arg_positive_or_refuse(call->client, &call->args[2], out);
    }
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], out)) {
        return false;
    }
    if (*out < 0) {
        rcs_refuse(call->client, "index out of range");
    }
    return *out >= 0;
}

/* Redis 7.0 spopWithCountCommand. */
static void pop_count(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    int64_t count;
    if (!read_pop_count(call, &count) || !rcs_key_write_of(call, key, RCS_VALUE_SET, &entry)) {
        return;
    }
    if (entry == NULL || count == 0) {
        rcs_resp_set(call->out, 0, call->resp3);
        return;
    }
    size_t size = count_of(rcs_set_of(entry->value));
    if ((uint64_t)count < size) {
        rcs_resp_set(call->out, (size_t)count, call->resp3);
        pop_some(call, rcs_set_of(rcs_keyspace_writable(call->node->keys, entry)), (size_t)count);
        changed(call, key, (uint64_t)count, "spop");
        return;
    }
    struct rcs_arg words[] = { rcs_arg_of("DEL"), *key };
    (void)rcs_key_read(call, key); /* counts as a hit, for it is a SUNION that replies */
    rcs_resp_set(call->out, size, call->resp3);
    reply_as_new(call, rcs_set_of(entry->value));
    changed(call, key, size, "spop");
    delete_empty(call, entry, key);
    rcs_call_replicate(call, 2, words);
}

static void run_spop(struct rcs_call *call)
{
    struct rcs_entry *entry;
    struct rcs_member member;
    if (call->argc > 3) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    if (call->argc == 3) {
        pop_count(call);
        return;
    }
    if (!rcs_key_write_of(call, &call->args[1], RCS_VALUE_SET, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
        return;
    }
    struct rcs_set *set = rcs_set_of(rcs_keyspace_writable(call->node->keys, entry));
    rcs_set_any(set, &call->node->key_choice, &member);
    struct rcs_arg words[] = { rcs_arg_of("SREM"),
                               call->args[1],
                               { member.bytes, (uint32_t)member.size_bytes } };
    reply_member(call, &member);
    rcs_call_replicate(call, 3, words);
    rcs_set_remove(set, member.bytes, member.size_bytes);
    changed(call, &call->args[1], 1, "spop");
    if (rcs_set_count(set) == 0) {
        delete_empty(call, entry, &call->args[1]);
    }
}

/* clang-format off */
#define SET CATEGORY(SET)
#define READS(flags, key_flags) READONLY | (flags), SET, ONE_KEY(1, RO | (key_flags))
#define WRITES(flags, key_flags) WRITE | FAST | (flags), SET, ONE_KEY(1, RW | (key_flags))
#define ANY_OUTPUT "nondeterministic_output"
const struct rcs_command rcs_set_commands[] = {
    { "sadd", run_sadd, -3, WRITES(DENYOOM, INSERT), NULL, NULL },
    { "scard", run_scard, 2, READS(FAST, 0), NULL, NULL },
    { "sismember", run_sismember, 3, READS(FAST, 0), NULL, NULL },
    { "smembers", run_smembers, 2, READS(0, ACCESS), "nondeterministic_output_order", NULL },
    { "smismember", run_smismember, -3, READS(FAST, ACCESS), NULL, NULL },
    { "smove", run_smove, 4, WRITE | FAST, SET, TWO_KEYS(RW | ACCESS | DELETE, RW | INSERT), NULL, NULL },
    { "spop", run_spop, -2, WRITES(0, ACCESS | DELETE), ANY_OUTPUT, NULL },
    { "srandmember", run_srandmember, -2, READS(0, ACCESS), ANY_OUTPUT, NULL },
    { "srem", run_srem, -3, WRITES(0, DELETE), NULL, NULL },
    { "sscan", run_sscan, -3, READS(0, ACCESS), ANY_OUTPUT, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
