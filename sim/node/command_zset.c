/* Sorted sets: members, scores and ranks. */
#include "sim/node/command_zset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/keys/number.h"
#include "sim/node/notify.h"
#include "sim/node/sample.h"
#include "sim/node/scan.h"

#include "sim/node/command_rows.h"

#include "sim/pure.h"

struct rcs_zset_limits rcs_zset_limits_of(const struct rcs_call *call)
{
    const struct rcs_config *config = &call->node->config;
    return (struct rcs_zset_limits){ (size_t)config->zset_max_listpack_entries,
                                     (size_t)config->zset_max_listpack_value };
}

void rcs_zset_reply_member(struct rcs_call *call, const struct rcs_zset_member *member,
                           bool with_score)
{
    if (with_score && call->resp3) {
        rcs_resp_array(call->out, 2);
    }
    rcs_resp_bulk(call->out, member->bytes, member->item.key_bytes);
    if (with_score) {
        rcs_resp_double(call->out, member->score, call->resp3);
    }
}

void rcs_zset_reply_count(struct rcs_call *call, size_t count, bool with_scores)
{
    rcs_resp_array(call->out, with_scores && !call->resp3 ? count * 2 : count);
}

void rcs_zset_shrunk(struct rcs_call *call, struct rcs_entry *entry, const char *event,
                     size_t count)
{
    const struct rcs_arg key = { entry->key, entry->item.key_bytes };
    rcs_notify(call, RCS_NOTIFY_ZSET, event, &key);
    if (rcs_zset_size(rcs_zset_of(entry->value)) == 0) {
        rcs_notify(call, RCS_NOTIFY_GENERIC, "del", &key);
        rcs_key_delete(call, entry);
    } else {
        rcs_key_modified(call->node, key.bytes, key.size_bytes);
    }
    rcs_call_changed(call, count);
}

void rcs_zset_store(struct rcs_call *call, struct rcs_zset *zset)
{
    const struct rcs_arg *key = &call->args[1];
    size_t size = rcs_zset_size(zset);
    if (size > 0) {
        rcs_key_set(call, key, &zset->head, false);
        rcs_notify(call, RCS_NOTIFY_ZSET, call->command->name, key);
        rcs_call_changed(call, 1);
    } else {
        rcs_value_release(&zset->head);
        /* dbDelete: what has expired and is still there counts */
        struct rcs_entry *old = rcs_keyspace_find(call->node->keys, key->bytes, key->size_bytes);
        if (old != NULL) {
            rcs_key_delete(call, old);
            rcs_notify(call, RCS_NOTIFY_GENERIC, "del", key);
            rcs_call_changed(call, 1);
        }
    }
    rcs_resp_integer(call->out, (int64_t)size);
}

/* --- ZADD and ZINCRBY ------------------------------------------------------------------------- */

enum { ADD_NX = 1, ADD_XX = 2, ADD_GT = 4, ADD_LT = 8, ADD_CH = 16, ADD_INCR = 32 };

static const struct {
    const char *word;
    unsigned flag;
} add_words[] = {
    { "nx", ADD_NX }, { "xx", ADD_XX }, { "gt", ADD_GT },
    { "lt", ADD_LT }, { "ch", ADD_CH }, { "incr", ADD_INCR },
};

/* 0: it is none. GT and LT came with 6.2. */
static unsigned add_flag(const struct rcs_call *call, const struct rcs_arg *word)
{
    bool compares = call->client->profile->release >= RCS_REDIS_6_2;
    for (size_t i = 0; i < sizeof(add_words) / sizeof(add_words[0]); i++) {
        unsigned flag = add_words[i].flag;
        if (rcs_arg_is(word, add_words[i].word) && (compares || (flag & (ADD_GT | ADD_LT)) == 0)) {
            return flag;
        }
    }
    return 0;
}

/* NULL: they go together. */
static const char *add_contradiction(unsigned flags, unsigned pairs)
{
    bool nx = (flags & ADD_NX) != 0, gt = (flags & ADD_GT) != 0, lt = (flags & ADD_LT) != 0;
    if (nx && (flags & ADD_XX) != 0) {
        return "XX and NX options at the same time are not compatible";
    }
    if ((gt && nx) || (lt && nx) || (gt && lt)) {
        return "GT, LT, and/or NX options at the same time are not compatible";
    }
    if ((flags & ADD_INCR) != 0 && pairs > 1) {
        return "INCR option supports a single increment-element pair";
    }
    return NULL;
}

static bool read_score_or_refuse(struct rcs_call *call, const struct rcs_arg *arg, double *out)
{
    if (!rcs_number_read_score(arg->bytes, arg->size_bytes, out)) {
        rcs_refuse(call->client, "value is not a valid float");
        return false;
    }
    return true;
}

/* Reads the flags; `*first` is where the pairs begin. False: an error was replied. */
static bool read_add(struct rcs_call *call, unsigned *flags, unsigned *first)
{
    unsigned at = 2, flag;
    while (at < call->argc && (flag = add_flag(call, &call->args[at])) != 0) {
        *flags |= flag;
        at++;
    }
    unsigned words = call->argc - at;
    if (words % 2 != 0 || words == 0) {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    const char *contradiction = add_contradiction(*flags, words / 2);
    if (contradiction != NULL) {
        rcs_refuse(call->client, contradiction);
        return false;
    }
    double score;
    for (unsigned i = at; i < call->argc; i += 2) {
        if (!read_score_or_refuse(call, &call->args[i], &score)) {
            return false;
        }
    }
    *first = at;
    return true;
}

enum added { ADDED_NOTHING, ADDED_NAN, ADDED_SAME, ADDED_UPDATED, ADDED_NEW };

/* One pair; `*score` becomes the score that the member has then (Redis 7.0 zsetAdd). */
static enum added add_pair(struct rcs_zset *zset, const struct rcs_zset_limits *limits,
                           unsigned flags, const struct rcs_arg *name, double *score)
{
    const struct rcs_zset_member *member = rcs_zset_find(zset, name->bytes, name->size_bytes);
    if (member == NULL) {
        if ((flags & ADD_XX) != 0) {
            return ADDED_NOTHING;
        }
        rcs_zset_put(zset, limits, name->bytes, name->size_bytes, *score);
        return ADDED_NEW;
    }
    if ((flags & ADD_NX) != 0) {
        return ADDED_NOTHING;
    }
    if ((flags & ADD_INCR) != 0) {
        *score += member->score;
        if (isnan(*score)) {
            return ADDED_NAN;
        }
    }
    if (((flags & ADD_LT) != 0 && *score >= member->score) ||
        ((flags & ADD_GT) != 0 && *score <= member->score)) {
        return ADDED_NOTHING;
    }
    if (*score == member->score) {
        return ADDED_SAME;
    }
    rcs_zset_put(zset, limits, name->bytes, name->size_bytes, *score);
    return ADDED_UPDATED;
}

static void reply_add(struct rcs_call *call, unsigned flags, bool done, double score,
                      unsigned count)
{
    if ((flags & ADD_INCR) == 0) {
        rcs_resp_integer(call->out, count);
    } else if (done) {
        rcs_resp_double(call->out, score, call->resp3);
    } else {
        rcs_resp_nil(call->out, call->resp3);
    }
}

/* Redis 7.0 zaddGenericCommand. Only an increment can end as NaN, and that is the only pair then.
 */
static void add(struct rcs_call *call, unsigned flags)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    unsigned first;
    if (!read_add(call, &flags, &first) || !rcs_key_write_of(call, key, RCS_VALUE_ZSET, &entry)) {
        return;
    }
    if (entry == NULL) {
        if ((flags & ADD_XX) != 0) {
            reply_add(call, flags, false, 0, 0);
            return;
        }
        entry = rcs_key_set(call, key, &rcs_zset_new(RCS_ENCODING_LISTPACK)->head, false);
    }
    struct rcs_zset *zset = rcs_zset_change(rcs_keyspace_writable(call->node->keys, entry));
    struct rcs_zset_limits limits = rcs_zset_limits_of(call);
    unsigned added = 0, updated = 0;
    bool done = false;
    double score = 0;
    for (unsigned i = first; i < call->argc; i += 2) {
        bool valid = rcs_number_read_score(call->args[i].bytes, call->args[i].size_bytes, &score);
        RCS_ASSERT(valid);
        enum added result = add_pair(zset, &limits, flags, &call->args[i + 1], &score);
        if (result == ADDED_NAN) {
            rcs_refuse(call->client, "resulting score is not a number (NaN)");
            return;
        }
        added += result == ADDED_NEW;
        updated += result == ADDED_UPDATED;
        done = done || result != ADDED_NOTHING;
    }
    if (added + updated > 0) {
        rcs_key_modified(call->node, key->bytes, key->size_bytes);
        rcs_notify(call, RCS_NOTIFY_ZSET, (flags & ADD_INCR) != 0 ? "zincr" : "zadd", key);
        rcs_call_changed(call, added + updated);
    }
    reply_add(call, flags, done, score, (flags & ADD_CH) != 0 ? added + updated : added);
}

static void run_zadd(struct rcs_call *call)
{
    add(call, 0);
}

static void run_zincrby(struct rcs_call *call)
{
    add(call, ADD_INCR);
}

static void run_zrem(struct rcs_call *call)
{
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, &call->args[1], RCS_VALUE_ZSET, &entry)) {
        return;
    }
    unsigned removed = 0;
    if (entry != NULL) {
        struct rcs_zset *zset = rcs_zset_change(rcs_keyspace_writable(call->node->keys, entry));
        for (unsigned i = 2; i < call->argc; i++) {
            struct rcs_zset_member *member =
                rcs_zset_find(zset, call->args[i].bytes, call->args[i].size_bytes);
            if (member != NULL) {
                rcs_zset_remove(zset, member);
                removed++;
            }
        }
    }
    if (removed > 0) {
        rcs_zset_shrunk(call, entry, "zrem", removed);
    }
    rcs_resp_integer(call->out, removed);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* False: it holds another type, which was refused. `*out` NULL: there is no such key. */
static bool read_zset(struct rcs_call *call, const struct rcs_zset **out)
{
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_ZSET, &entry)) {
        return false;
    }
    *out = entry == NULL ? NULL : rcs_zset_of(entry->value);
    return true;
}

static const struct rcs_zset_member *find_member(const struct rcs_zset *zset,
                                                 const struct rcs_arg *name)
{
    return zset == NULL ? NULL : rcs_zset_find(zset, name->bytes, name->size_bytes);
}

static void reply_score(struct rcs_call *call, const struct rcs_zset_member *member)
{
    if (member == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        rcs_resp_double(call->out, member->score, call->resp3);
    }
}

static void run_zcard(struct rcs_call *call)
{
    const struct rcs_zset *zset;
    if (read_zset(call, &zset)) {
        rcs_resp_integer(call->out, zset == NULL ? 0 : (int64_t)rcs_zset_size(zset));
    }
}

static void run_zscore(struct rcs_call *call)
{
    const struct rcs_zset *zset;
    if (read_zset(call, &zset)) {
        reply_score(call, find_member(zset, &call->args[2]));
    }
}

static void run_zmscore(struct rcs_call *call)
{
    const struct rcs_zset *zset;
    if (!read_zset(call, &zset)) {
        return;
    }
    rcs_resp_array(call->out, call->argc - 2);
    for (unsigned i = 2; i < call->argc; i++) {
        reply_score(call, find_member(zset, &call->args[i]));
    }
}

static void reply_rank(struct rcs_call *call, bool reverse)
{
    const struct rcs_zset *zset;
    if (!read_zset(call, &zset)) {
        return;
    }
    const struct rcs_zset_member *member = find_member(zset, &call->args[2]);
    if (member == NULL) {
        rcs_resp_nil(call->out, call->resp3);
        return;
    }
    size_t rank = rcs_zset_rank(zset, member);
    rcs_resp_integer(call->out, (int64_t)(reverse ? rcs_zset_size(zset) - 1 - rank : rank));
}

static void run_zrank(struct rcs_call *call)
{
    reply_rank(call, false);
}

static void run_zrevrank(struct rcs_call *call)
{
    reply_rank(call, true);
}

/* --- ZSCAN ------------------------------------------------------------------------------------ */

static void scan_member(struct rcs_buf *elements, const struct rcs_zset_member *member,
                        const char *score, size_t score_bytes)
{
    rcs_resp_bulk(elements, member->bytes, member->item.key_bytes);
    rcs_resp_bulk(elements, score, score_bytes);
}

/* A listpack is replied whole, in order and with its scores as it holds them. */
static size_t scan_listpack(const struct rcs_zset *zset, const struct rcs_scan *scan,
                            struct rcs_buf *elements)
{
    char text[RCS_SCORE_TEXT_BYTES];
    size_t count = 0;
    for (const struct rcs_zset_member *at = zset->first; at != NULL; at = at->next) {
        if (rcs_scan_matches(scan, at->bytes, at->item.key_bytes)) {
            scan_member(elements, at, text, rcs_number_write_score(at->score, text));
            count += 2;
        }
    }
    return count;
}

/* Redis 7.0 scanCallback prints the score as a long double. */
static size_t scan_skiplist(const struct rcs_zset *zset, struct rcs_scan *scan,
                            struct rcs_buf *elements)
{
    char text[RCS_SCORE_TEXT_BYTES];
    size_t count = 0;
    for (int64_t seen = 0; seen < scan->count; seen++) {
        const struct rcs_zset_member *member =
            (const struct rcs_zset_member *)rcs_dict_next(&zset->members, &scan->cursor);
        if (member == NULL) {
            break;
        }
        if (rcs_scan_matches(scan, member->bytes, member->item.key_bytes)) {
            int length = snprintf(text, sizeof(text), "%.17Lg", (long double)member->score);
            scan_member(elements, member, text, (size_t)length);
            count += 2;
        }
    }
    scan->cursor = rcs_scan_cursor_left(&zset->members, scan->cursor);
    return count;
}

static void run_zscan(struct rcs_call *call)
{
    struct rcs_scan scan;
    const struct rcs_zset *zset;
    struct rcs_buf elements;
    if (!rcs_scan_cursor_or_refuse(call, &call->args[2], &scan.cursor) || !read_zset(call, &zset)) {
        return;
    }
    rcs_buf_init(&elements);
    if (zset == NULL) {
        rcs_scan_reply(call, 0, &elements, 0);
    } else if (rcs_scan_options_or_refuse(call, 3, false, &scan)) {
        bool listpack = zset->head.encoding == RCS_ENCODING_LISTPACK;
        size_t count = listpack ? scan_listpack(zset, &scan, &elements)
                                : scan_skiplist(zset, &scan, &elements);
        rcs_scan_reply(call, listpack ? 0 : scan.cursor, &elements, count);
    }
    rcs_buf_close(&elements);
}

/* --- ZRANDMEMBER ------------------------------------------------------------------------------ */

/* Redis 7.0 ZRANDMEMBER_SUB_STRATEGY_MUL: up to this many members for each one wanted, all of them
 * are gone through. */
#define WALK_ALL_FOR_EACH 3

static size_t any_rank(struct rcs_call *call, size_t size)
{
    RCS_ASSERT(size <= UINT32_MAX);
    return rcs_rand_below(&call->node->key_choice, (uint32_t)size);
}

static void reply_any(struct rcs_call *call, const struct rcs_zset *zset, bool with_scores)
{
    rcs_zset_reply_member(call, rcs_zset_at(zset, any_rank(call, rcs_zset_size(zset))),
                          with_scores);
}

/* Each member with the chance that is left to it: `count` different ones, in order. */
static void reply_some_in_order(struct rcs_call *call, const struct rcs_zset *zset, size_t count,
                                bool with_scores)
{
    size_t left = rcs_zset_size(zset);
    for (const struct rcs_zset_member *at = zset->first; count > 0; at = at->next, left--) {
        if (any_rank(call, left) < count) {
            rcs_zset_reply_member(call, at, with_scores);
            count--;
        }
    }
}

/* Draws until there are `count` different ones, few among many. */
static void reply_few(struct rcs_call *call, const struct rcs_zset *zset, size_t count,
                      bool with_scores)
{
    struct rcs_dict drawn;
    rcs_dict_init(&drawn, sizeof(struct rcs_dict_item));
    while (drawn.count < count) {
        size_t rank = any_rank(call, rcs_zset_size(zset));
        if (rcs_dict_find(&drawn, &rank, sizeof(rank)) == NULL) {
            rcs_dict_add(&drawn, &rank, sizeof(rank));
            rcs_zset_reply_member(call, rcs_zset_at(zset, rank), with_scores);
        }
    }
    rcs_dict_clear(&drawn);
}

/* Redis 7.0 zrandmemberWithCountCommand. A negative count may repeat members; one that takes them
 * all has the greatest first. */
static void reply_randoms(struct rcs_call *call, const struct rcs_zset *zset, int64_t wanted,
                          bool with_scores)
{
    size_t size = rcs_zset_size(zset), count = (size_t)(wanted < 0 ? -wanted : wanted);
    bool different = wanted > 1;
    rcs_zset_reply_count(call, different && count > size ? size : count, with_scores);
    if (!different) {
        for (; count > 0; count--) {
            reply_any(call, zset, with_scores);
        }
    } else if (count >= size) {
        for (const struct rcs_zset_member *at = zset->last; at != NULL; at = at->previous) {
            rcs_zset_reply_member(call, at, with_scores);
        }
    } else if (count * WALK_ALL_FOR_EACH > size || zset->head.encoding == RCS_ENCODING_LISTPACK) {
        reply_some_in_order(call, zset, count, with_scores);
    } else {
        reply_few(call, zset, count, with_scores);
    }
}

/* False: an error was replied. */
static bool read_random(struct rcs_call *call, int64_t *count, bool *with_scores)
{
    if (!rcs_arg_range_or_refuse(call->client, &call->args[2], -INT64_MAX, INT64_MAX, NULL,
                                 count)) {
        return false;
    }
    *with_scores = call->argc == 4 && rcs_arg_is(&call->args[3], "withscores");
    if (call->argc > 3 && !*with_scores) {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    if (*with_scores && (*count < -INT64_MAX / 2 || *count > INT64_MAX / 2)) {
        rcs_refuse(call->client, "value is out of range");
        return false;
    }
    return true;
}

static void run_zrandmember(struct rcs_call *call)
{
    int64_t count = 0;
    bool with_scores = false, single = call->argc == 2;
    const struct rcs_zset *zset;
    if ((!single && !read_random(call, &count, &with_scores)) || !read_zset(call, &zset)) {
        return;
    }
    if (single && zset == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else if (single) {
        reply_any(call, zset, false);
    } else if (zset == NULL) {
        rcs_resp_array(call->out, 0);
    } else if (rcs_sample_fits(call, count)) {
        reply_randoms(call, zset, count, with_scores);
    }
}

/* clang-format off */
#define SORTED CATEGORY(SORTEDSET)
#define ASKS(run, arity) run, arity, READONLY | FAST, SORTED, ONE_KEY(1, RO | ACCESS), NULL, NULL
const struct rcs_command rcs_zset_commands[] = {
    { "zadd", run_zadd, -4, WRITE | DENYOOM | FAST, SORTED, ONE_KEY(1, RW | UPDATE), NULL, NULL },
    { "zcard", run_zcard, 2, READONLY | FAST, SORTED, ONE_KEY(1, RO), NULL, NULL },
    { "zincrby", run_zincrby, 4, WRITE | DENYOOM | FAST, SORTED, ONE_KEY(1, RW | ACCESS | UPDATE),
      NULL, NULL },
    { "zmscore", ASKS(run_zmscore, -3) },
    { "zrandmember", run_zrandmember, -2, READONLY, SORTED, ONE_KEY(1, RO | ACCESS),
      "nondeterministic_output", NULL },
    { "zrank", ASKS(run_zrank, 3) },
    { "zrem", run_zrem, -3, WRITE | FAST, SORTED, ONE_KEY(1, RW | DELETE), NULL, NULL },
    { "zrevrank", ASKS(run_zrevrank, 3) },
    { "zscan", run_zscan, -3, READONLY, SORTED, ONE_KEY(1, RO | ACCESS), "nondeterministic_output",
      NULL },
    { "zscore", ASKS(run_zscore, 3) },
    END_OF_COMMANDS
};
/* clang-format on */
