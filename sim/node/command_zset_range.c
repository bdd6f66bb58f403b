/* Sorted sets: ranges by rank, by score and by bytes; counted, replied, stored, removed. */
#include "sim/node/command_zset.h"

#include "sim/keys/number.h"

#include "sim/node/command_rows.h"

#include "sim/pure.h"

/* --- bounds ----------------------------------------------------------------------------------- */

/* "5", or "(5" for an open one. */
static bool read_score_bound(const struct rcs_arg *arg, double *out, bool *open)
{
    *open = arg->size_bytes > 0 && arg->bytes[0] == '(';
    return rcs_number_read_bound(arg->bytes + *open, arg->size_bytes - *open, out);
}

static bool read_scores_or_refuse(struct rcs_call *call, const struct rcs_arg *min,
                                  const struct rcs_arg *max, struct rcs_score_range *out)
{
    if (!read_score_bound(min, &out->min, &out->min_open) ||
        !read_score_bound(max, &out->max, &out->max_open)) {
        rcs_refuse(call->client, "min or max is not a float");
        return false;
    }
    return true;
}

static bool read_lex_bound(const struct rcs_arg *arg, struct rcs_lex_bound *out)
{
    char first = arg->size_bytes > 0 ? arg->bytes[0] : '\0';
    *out = (struct rcs_lex_bound){ .kind = RCS_LEX_BYTES, .open = first != '[' };
    switch (first) {
    case '-':
    case '+':
        out->kind = first == '-' ? RCS_LEX_LEAST : RCS_LEX_GREATEST;
        return rcs_arg_text_bytes(arg) == 1;
    case '(':
    case '[':
        out->bytes = arg->bytes + 1;
        out->size_bytes = arg->size_bytes - 1;
        return true;
    default:
        return false;
    }
}

static bool read_lex_or_refuse(struct rcs_call *call, const struct rcs_arg *min,
                               const struct rcs_arg *max, struct rcs_lex_range *out)
{
    if (!read_lex_bound(min, &out->min) || !read_lex_bound(max, &out->max)) {
        rcs_refuse(call->client, "min or max not valid string range item");
        return false;
    }
    return true;
}

/* Ends included, negative ones from the end. */
static struct rcs_zset_span ranks(size_t size, int64_t start, int64_t end)
{
    int64_t length = (int64_t)size;
    start = start < 0 ? length + start : start;
    end = end < 0 ? length + end : end;
    start = start < 0 ? 0 : start;
    end = end >= length ? length - 1 : end;
    if (start > end) {
        return (struct rcs_zset_span){ 0, 0 };
    }
    return (struct rcs_zset_span){ (size_t)start, (size_t)(end - start) + 1 };
}

/* --- what a range command asks for ------------------------------------------------------------ */

enum range_by { BY_ANY, BY_RANK, BY_SCORE, BY_LEX }; /* ANY: an option may say */
enum direction { ANY_WAY, FORWARD, REVERSE };

struct query {
    enum range_by by;
    enum direction direction;
    bool with_scores;
    int64_t offset, limit; /* limit negative: none */
    int64_t start, end;
    struct rcs_score_range scores;
    struct rcs_lex_range lex;
};

/* Options from argument `first` on, in the order in which Redis 7.0 zrangeGenericCommand tries
 * them; false: an error was replied. */
static bool read_options(struct rcs_call *call, unsigned first, bool store, struct query *query)
{
    for (unsigned i = first; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        if (!store && rcs_arg_is(word, "withscores")) {
            query->with_scores = true;
        } else if (rcs_arg_is(word, "limit") && call->argc - i > 2) {
            if (!rcs_arg_i64_or_refuse(call->client, word + 1, &query->offset) ||
                !rcs_arg_i64_or_refuse(call->client, word + 2, &query->limit)) {
                return false;
            }
            i += 2;
        } else if (query->direction == ANY_WAY && rcs_arg_is(word, "rev")) {
            query->direction = REVERSE;
        } else if (query->by == BY_ANY && rcs_arg_is(word, "bylex")) {
            query->by = BY_LEX;
        } else if (query->by == BY_ANY && rcs_arg_is(word, "byscore")) {
            query->by = BY_SCORE;
        } else {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
    }
    return true;
}

static bool read_bounds(struct rcs_call *call, const struct rcs_arg *bounds, struct query *query)
{
    bool swapped = query->direction == REVERSE && query->by != BY_RANK;
    const struct rcs_arg *min = &bounds[swapped], *max = &bounds[!swapped];
    switch (query->by) {
    case BY_ANY:
    case BY_RANK:
        break;
    case BY_SCORE:
        return read_scores_or_refuse(call, min, max, &query->scores);
    case BY_LEX:
        return read_lex_or_refuse(call, min, max, &query->lex);
    }
    return rcs_arg_i64_or_refuse(call->client, min, &query->start) &&
           rcs_arg_i64_or_refuse(call->client, max, &query->end);
}

/* `source`: where the key stands, its bounds behind it. False: an error was replied. */
static bool read_query(struct rcs_call *call, unsigned source, bool store, struct query *query)
{
    query->limit = -1;
    if (!read_options(call, source + 3, store, query)) {
        return false;
    }
    query->by = query->by == BY_ANY ? BY_RANK : query->by;
    if (query->limit != -1 && query->by == BY_RANK) {
        rcs_refuse(call->client, "syntax error, LIMIT is only supported in combination with either "
                                 "BYSCORE or BYLEX");
        return false;
    }
    if (query->with_scores && query->by == BY_LEX) {
        rcs_refuse(call->client,
                   "syntax error, WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    return read_bounds(call, &call->args[source + 1], query);
}

/* In reverse the last of the span comes first. A negative offset is never counted down to 0: as a
 * size it is larger than any. */
static struct rcs_zset_span find_span(const struct rcs_zset *zset, const struct query *query)
{
    bool reverse = query->direction == REVERSE;
    struct rcs_zset_span span = { 0, 0 };
    if (query->by == BY_RANK) {
        span = ranks(rcs_zset_size(zset), query->start, query->end);
        span.first = reverse ? rcs_zset_size(zset) - span.first - span.count : span.first;
        return span;
    }
    span = query->by == BY_SCORE
               ? rcs_zset_scores(zset, &query->scores, reverse, (size_t)query->offset)
               : rcs_zset_lex(zset, &query->lex, reverse, (size_t)query->offset);
    if (query->limit >= 0 && (size_t)query->limit < span.count) {
        span.first += reverse ? span.count - (size_t)query->limit : 0;
        span.count = (size_t)query->limit;
    }
    return span;
}

/* --- ranges as replies ------------------------------------------------------------------------ */

static void reply_span(struct rcs_call *call, const struct rcs_zset *zset,
                       const struct rcs_zset_span *span, const struct query *query)
{
    bool reverse = query->direction == REVERSE;
    rcs_zset_reply_count(call, span->count, query->with_scores);
    if (span->count == 0) {
        return;
    }
    const struct rcs_zset_member *at =
        rcs_zset_at(zset, span->first + (reverse ? span->count - 1 : 0));
    for (size_t i = 0; i < span->count; i++) {
        rcs_zset_reply_member(call, at, query->with_scores);
        at = reverse ? at->previous : at->next;
    }
}

static void range(struct rcs_call *call, enum range_by by, enum direction direction)
{
    struct query query = { .by = by, .direction = direction };
    struct rcs_entry *entry;
    if (!read_query(call, 1, false, &query) ||
        !rcs_key_read_of(call, &call->args[1], RCS_VALUE_ZSET, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_resp_array(call->out, 0);
        return;
    }
    const struct rcs_zset *zset = rcs_zset_of(entry->value);
    struct rcs_zset_span span = find_span(zset, &query);
    reply_span(call, zset, &span, &query);
}

static void run_zrange(struct rcs_call *call)
{
    range(call, BY_ANY, ANY_WAY);
}

static void run_zrevrange(struct rcs_call *call)
{
    range(call, BY_RANK, REVERSE);
}

static void run_zrangebyscore(struct rcs_call *call)
{
    range(call, BY_SCORE, FORWARD);
}

static void run_zrevrangebyscore(struct rcs_call *call)
{
    range(call, BY_SCORE, REVERSE);
}

static void run_zrangebylex(struct rcs_call *call)
{
    range(call, BY_LEX, FORWARD);
}

static void run_zrevrangebylex(struct rcs_call *call)
{
    range(call, BY_LEX, REVERSE);
}

static void run_zrangestore(struct rcs_call *call)
{
    struct query query = { .by = BY_ANY, .direction = ANY_WAY };
    struct rcs_entry *entry;
    if (!read_query(call, 2, true, &query) ||
        !rcs_key_read_of(call, &call->args[2], RCS_VALUE_ZSET, &entry)) {
        return;
    }
    struct rcs_zset *result = rcs_zset_new(RCS_ENCODING_LISTPACK);
    if (entry != NULL) {
        struct rcs_zset_limits limits = rcs_zset_limits_of(call);
        const struct rcs_zset *zset = rcs_zset_of(entry->value);
        struct rcs_zset_span span = find_span(zset, &query);
        const struct rcs_zset_member *at = span.count > 0 ? rcs_zset_at(zset, span.first) : NULL;
        for (size_t i = 0; i < span.count; i++, at = at->next) {
            rcs_zset_put(result, &limits, at->bytes, at->item.key_bytes, at->score);
        }
    }
    rcs_zset_store(call, result);
}

/* --- ranges counted --------------------------------------------------------------------------- */

static bool read_words(struct rcs_call *call, enum range_by by, struct query *query)
{
    *query = (struct query){ .by = by, .direction = FORWARD, .limit = -1 };
    return read_bounds(call, &call->args[2], query);
}

static void count(struct rcs_call *call, enum range_by by)
{
    struct query query;
    struct rcs_entry *entry;
    if (!read_words(call, by, &query) ||
        !rcs_key_read_of(call, &call->args[1], RCS_VALUE_ZSET, &entry)) {
        return;
    }
    struct rcs_zset_span span = { 0, 0 };
    if (entry != NULL) {
        span = find_span(rcs_zset_of(entry->value), &query);
    }
    rcs_resp_integer(call->out, (int64_t)span.count);
}

static void run_zcount(struct rcs_call *call)
{
    count(call, BY_SCORE);
}

static void run_zlexcount(struct rcs_call *call)
{
    count(call, BY_LEX);
}

/* --- ranges removed --------------------------------------------------------------------------- */

static void remove_span(struct rcs_call *call, struct rcs_entry *entry,
                        const struct rcs_zset_span *span)
{
    struct rcs_zset *zset = rcs_zset_change(rcs_keyspace_writable(call->node->keys, entry));
    struct rcs_zset_member *at = rcs_zset_at(zset, span->first), *next;
    for (size_t i = 0; i < span->count; i++, at = next) {
        next = at->next;
        rcs_zset_remove(zset, at);
    }
    rcs_zset_shrunk(call, entry, call->command->name, span->count);
}

static void remove_range(struct rcs_call *call, enum range_by by)
{
    struct query query;
    struct rcs_entry *entry;
    if (!read_words(call, by, &query) ||
        !rcs_key_write_of(call, &call->args[1], RCS_VALUE_ZSET, &entry)) {
        return;
    }
    struct rcs_zset_span span = { 0, 0 };
    if (entry != NULL) {
        span = find_span(rcs_zset_of(entry->value), &query);
    }
    if (span.count > 0) {
        remove_span(call, entry, &span);
    }
    rcs_resp_integer(call->out, (int64_t)span.count);
}

static void run_zremrangebyrank(struct rcs_call *call)
{
    remove_range(call, BY_RANK);
}

static void run_zremrangebyscore(struct rcs_call *call)
{
    remove_range(call, BY_SCORE);
}

static void run_zremrangebylex(struct rcs_call *call)
{
    remove_range(call, BY_LEX);
}

/* clang-format off */
#define SORTED CATEGORY(SORTEDSET)
#define COUNTS(run) run, 4, READONLY | FAST, SORTED, ONE_KEY(1, RO | ACCESS), NULL, NULL
#define REPLIES(run) run, -4, READONLY, SORTED, ONE_KEY(1, RO | ACCESS), NULL, NULL
#define REMOVES(run) run, 4, WRITE, SORTED, ONE_KEY(1, RW | DELETE), NULL, NULL
const struct rcs_command rcs_zset_range_commands[] = {
    { "zcount", COUNTS(run_zcount) },
    { "zlexcount", COUNTS(run_zlexcount) },
    { "zrange", REPLIES(run_zrange) },
    { "zrangebylex", REPLIES(run_zrangebylex) },
    { "zrangebyscore", REPLIES(run_zrangebyscore) },
    { "zrangestore", run_zrangestore, -5, WRITE | DENYOOM, SORTED,
      TWO_KEYS(OW | UPDATE, RO | ACCESS), NULL, NULL },
    { "zremrangebylex", REMOVES(run_zremrangebylex) },
    { "zremrangebyrank", REMOVES(run_zremrangebyrank) },
    { "zremrangebyscore", REMOVES(run_zremrangebyscore) },
    { "zrevrange", REPLIES(run_zrevrange) },
    { "zrevrangebylex", REPLIES(run_zrevrangebylex) },
    { "zrevrangebyscore", REPLIES(run_zrevrangebyscore) },
    END_OF_COMMANDS
};
/* clang-format on */
