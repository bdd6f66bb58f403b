/* Sorted sets: unions, intersections and differences, of sets as well. */
#include "sim/node/command_zset.h"

#include <math.h>
#include <stdlib.h>

#include "sim/keys/number.h"
#include "sim/keys/set.h"

#include "sim/node/command_rows.h"

#include "sim/pure.h"

/* --- what is merged --------------------------------------------------------------------------- */

/* A sorted set, or a set, whose members all have the score 1; NULL for a key that is not there. */
struct source {
    struct rcs_value *value;
    double weight;
};

struct element {
    const char *bytes;
    size_t size_bytes;
    double score;
};

/* Where a walk through a source stands; all zero at its begin. */
struct walk {
    bool begun;
    const struct rcs_zset_member *member; /* of a sorted set: the greatest comes first */
    size_t place;                         /* of a set */
    struct rcs_member of_set;
};

static bool is_set(const struct source *source)
{
    return source->value->type == RCS_VALUE_SET;
}

static size_t source_size(const struct source *source)
{
    if (source->value == NULL) {
        return 0;
    }
    return is_set(source) ? rcs_set_count(rcs_set_of(source->value))
                          : rcs_zset_size(rcs_zset_of(source->value));
}

static bool source_find(const struct source *source, const struct element *element, double *score)
{
    if (source->value == NULL) {
        return false;
    }
    *score = 1;
    if (is_set(source)) {
        return rcs_set_has(rcs_set_of(source->value), element->bytes, element->size_bytes);
    }
    const struct rcs_zset_member *member =
        rcs_zset_find(rcs_zset_of(source->value), element->bytes, element->size_bytes);
    *score = member == NULL ? 0 : member->score;
    return member != NULL;
}

static bool next_of_set(const struct source *source, struct walk *walk, struct element *out)
{
    if (!rcs_set_each(rcs_set_of(source->value), &walk->place, &walk->of_set)) {
        return false;
    }
    *out = (struct element){ walk->of_set.bytes, walk->of_set.size_bytes, 1 };
    return true;
}

/* `*out` is good until the next call. */
static bool source_next(const struct source *source, struct walk *walk, struct element *out)
{
    if (source->value == NULL || is_set(source)) {
        return source->value != NULL && next_of_set(source, walk, out);
    }
    walk->member = walk->begun ? walk->member->previous : rcs_zset_of(source->value)->last;
    walk->begun = true;
    if (walk->member == NULL) {
        return false;
    }
    *out =
        (struct element){ walk->member->bytes, walk->member->item.key_bytes, walk->member->score };
    return true;
}

/* --- arguments -------------------------------------------------------------------------------- */

enum operation { UNION, INTERSECTION, DIFFERENCE };
enum aggregate { SUM, LEAST, GREATEST };

struct merge {
    enum operation operation;
    bool store, only_count;
    struct source *sources; /* on the heap */
    size_t count;
    enum aggregate aggregate;
    bool with_scores;
    int64_t limit; /* of what is counted; 0: none */
};

static void refuse_no_keys(struct rcs_call *call)
{
    enum rcs_release release = call->client->profile->release;
    if (release >= RCS_REDIS_7_0) {
        rcs_refuse_format(call->client, "at least 1 input key is needed for '%s' command",
                          call->command->name);
    } else {
        rcs_refuse_format(call->client, "at least 1 input key is needed for %s",
                          release >= RCS_REDIS_6_2 ? call->command->name
                                                   : "ZUNIONSTORE/ZINTERSTORE");
    }
}

/* Reads as many keys as `args[at]` says; false: an error was replied. */
static bool read_sources(struct rcs_call *call, unsigned at, struct merge *merge)
{
    int64_t count;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[at], &count)) {
        return false;
    }
    if (count < 1) {
        refuse_no_keys(call);
        return false;
    }
    if (count > (int64_t)call->argc - (at + 1)) {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    merge->count = (size_t)count;
    merge->sources = calloc(merge->count, sizeof(merge->sources[0]));
    RCS_ASSERT(merge->sources != NULL);
    for (size_t i = 0; i < merge->count; i++) {
        const struct rcs_entry *entry = rcs_key_read(call, &call->args[at + 1 + i]);
        if (entry != NULL && entry->value->type != RCS_VALUE_ZSET &&
            entry->value->type != RCS_VALUE_SET) {
            rcs_refuse_type(call);
            return false;
        }
        merge->sources[i] = (struct source){ entry == NULL ? NULL : entry->value, 1 };
    }
    return true;
}

static bool read_weights(struct rcs_call *call, unsigned first, struct merge *merge)
{
    for (size_t i = 0; i < merge->count; i++) {
        const struct rcs_arg *arg = &call->args[first + i];
        if (!rcs_number_read_score(arg->bytes, arg->size_bytes, &merge->sources[i].weight)) {
            rcs_refuse(call->client, "weight value is not a float");
            return false;
        }
    }
    return true;
}

static bool read_aggregate(struct rcs_call *call, const struct rcs_arg *word, struct merge *merge)
{
    static const char *const words[] = { [SUM] = "sum", [LEAST] = "min", [GREATEST] = "max" };
    for (unsigned i = 0; i < 3; i++) {
        if (rcs_arg_is(word, words[i])) {
            merge->aggregate = (enum aggregate)i;
            return true;
        }
    }
    rcs_refuse(call->client, "syntax error");
    return false;
}

/* What stands behind the keys; false: an error was replied. */
static bool read_options(struct rcs_call *call, unsigned first, struct merge *merge)
{
    bool weighs = merge->operation != DIFFERENCE && !merge->only_count;
    for (unsigned i = first; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        size_t more = call->argc - i - 1;
        if (weighs && more >= merge->count && rcs_arg_is(word, "weights")) {
            if (!read_weights(call, i + 1, merge)) {
                return false;
            }
            i += (unsigned)merge->count;
        } else if (weighs && more >= 1 && rcs_arg_is(word, "aggregate")) {
            if (!read_aggregate(call, &call->args[++i], merge)) {
                return false;
            }
        } else if (!merge->store && !merge->only_count && rcs_arg_is(word, "withscores")) {
            merge->with_scores = true;
        } else if (merge->only_count && more >= 1 && rcs_arg_is(word, "limit")) {
            if (!rcs_arg_range_or_refuse(call->client, &call->args[++i], 0, INT64_MAX,
                                         "LIMIT can't be negative", &merge->limit)) {
                return false;
            }
        } else {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
    }
    return true;
}

/* --- merging ---------------------------------------------------------------------------------- */

/* The least first, equal ones as they stood: the order in which scores are added shows in their
 * last digits. */
static void sort_sources(struct merge *merge)
{
    for (size_t i = 1; i < merge->count; i++) {
        struct source source = merge->sources[i];
        size_t at = i;
        for (; at > 0 && source_size(&merge->sources[at - 1]) > source_size(&source); at--) {
            merge->sources[at] = merge->sources[at - 1];
        }
        merge->sources[at] = source;
    }
}

/* Infinities that cancel out are 0 (Redis 7.0 zunionInterAggregate). */
static double aggregate(enum aggregate how, double a, double b)
{
    switch (how) {
    case SUM:
        return isnan(a + b) ? 0 : a + b;
    case LEAST:
        return b < a ? b : a;
    case GREATEST:
        return b > a ? b : a;
    }
    return a;
}

static double weighed(const struct source *source, double score)
{
    return isnan(source->weight * score) ? 0 : source->weight * score;
}

/* Results take shape as a skiplist, whatever their size. */
static void put(struct rcs_zset *result, const struct element *element, double score)
{
    static const struct rcs_zset_limits none = { 0, 0 };
    rcs_zset_put(result, &none, element->bytes, element->size_bytes, score);
}

static void unite(const struct merge *merge, struct rcs_zset *result)
{
    struct element element;
    for (size_t i = 0; i < merge->count; i++) {
        const struct source *source = &merge->sources[i];
        for (struct walk walk = { 0 }; source_next(source, &walk, &element);) {
            double score = weighed(source, element.score);
            const struct rcs_zset_member *there =
                rcs_zset_find(result, element.bytes, element.size_bytes);
            put(result, &element,
                there == NULL ? score : aggregate(merge->aggregate, there->score, score));
        }
    }
}

/* True if all sources have it; `*score` is the aggregate then. A product of weight and score that
 * is no number counts as 0 in the first source only. */
static bool in_all(const struct merge *merge, const struct element *element, double *score)
{
    *score = weighed(&merge->sources[0], element->score);
    for (size_t i = 1; i < merge->count; i++) {
        double value;
        if (!source_find(&merge->sources[i], element, &value)) {
            return false;
        }
        *score = aggregate(merge->aggregate, *score, value * merge->sources[i].weight);
    }
    return true;
}

/* Returns how many it found, at most merge->limit; `result` NULL: they are only counted. */
static int64_t intersect(const struct merge *merge, struct rcs_zset *result)
{
    struct element element;
    double score;
    int64_t count = 0;
    for (struct walk walk = { 0 }; source_next(&merge->sources[0], &walk, &element);) {
        if (!in_all(merge, &element, &score)) {
            continue;
        }
        count++;
        if (result != NULL) {
            put(result, &element, score);
        }
        if (count == merge->limit) {
            break;
        }
    }
    return count;
}

static void subtract(const struct merge *merge, struct rcs_zset *result)
{
    struct element element;
    for (struct walk walk = { 0 }; source_next(&merge->sources[0], &walk, &element);) {
        double ignored;
        size_t i = 1;
        while (i < merge->count && !source_find(&merge->sources[i], &element, &ignored)) {
            i++;
        }
        if (i == merge->count) {
            put(result, &element, element.score);
        }
    }
}

/* --- replies ---------------------------------------------------------------------------------- */

static void reply_result(struct rcs_call *call, const struct rcs_zset *result, bool with_scores)
{
    rcs_zset_reply_count(call, rcs_zset_size(result), with_scores);
    for (const struct rcs_zset_member *at = result->first; at != NULL; at = at->next) {
        rcs_zset_reply_member(call, at, with_scores);
    }
}

static void carry_out(struct rcs_call *call, struct merge *merge)
{
    if (merge->operation != DIFFERENCE) {
        sort_sources(merge);
    }
    if (merge->only_count) {
        rcs_resp_integer(call->out, intersect(merge, NULL));
        return;
    }
    struct rcs_zset *result = rcs_zset_new(RCS_ENCODING_SKIPLIST);
    switch (merge->operation) {
    case UNION:
        unite(merge, result);
        break;
    case INTERSECTION:
        intersect(merge, result);
        break;
    case DIFFERENCE:
        subtract(merge, result);
        break;
    }
    if (merge->store) {
        struct rcs_zset_limits limits = rcs_zset_limits_of(call);
        rcs_zset_pack(result, &limits);
        rcs_zset_store(call, result);
    } else {
        reply_result(call, result, merge->with_scores);
        rcs_value_release(&result->head);
    }
}

/* Redis 7.0 zunionInterDiffGenericCommand. */
static void merge(struct rcs_call *call, enum operation operation, bool store, bool only_count)
{
    struct merge merge = { .operation = operation, .store = store, .only_count = only_count };
    unsigned at = store ? 2 : 1;
    if (read_sources(call, at, &merge) &&
        read_options(call, at + 1 + (unsigned)merge.count, &merge)) {
        carry_out(call, &merge);
    }
    free(merge.sources);
}

static void run_zunionstore(struct rcs_call *call)
{
    merge(call, UNION, true, false);
}

static void run_zinterstore(struct rcs_call *call)
{
    merge(call, INTERSECTION, true, false);
}

static void run_zdiffstore(struct rcs_call *call)
{
    merge(call, DIFFERENCE, true, false);
}

static void run_zunion(struct rcs_call *call)
{
    merge(call, UNION, false, false);
}

static void run_zinter(struct rcs_call *call)
{
    merge(call, INTERSECTION, false, false);
}

static void run_zdiff(struct rcs_call *call)
{
    merge(call, DIFFERENCE, false, false);
}

static void run_zintercard(struct rcs_call *call)
{
    merge(call, INTERSECTION, false, true);
}

/* clang-format off */
#define SORTED CATEGORY(SORTEDSET)
#define REPLIES(run) run, -3, READONLY | MOVABLE_KEYS, SORTED, NUMKEYS(1, RO | ACCESS), NULL, NULL
#define STORES(run) run, -4, WRITE | DENYOOM | MOVABLE_KEYS, SORTED, \
    ONE_KEY_AND_NUMKEYS(OW | UPDATE, RO | ACCESS), NULL, NULL
const struct rcs_command rcs_zset_merge_commands[] = {
    { "zdiff", REPLIES(run_zdiff) },
    { "zdiffstore", STORES(run_zdiffstore) },
    { "zinter", REPLIES(run_zinter) },
    { "zintercard", REPLIES(run_zintercard) },
    { "zinterstore", STORES(run_zinterstore) },
    { "zunion", REPLIES(run_zunion) },
    { "zunionstore", STORES(run_zunionstore) },
    END_OF_COMMANDS
};
/* clang-format on */
