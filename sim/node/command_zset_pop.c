/* Sorted sets: members taken from an end. */
#include "sim/node/command_zset.h"

#include "sim/node/command_rows.h"

#include "sim/pure.h"

/* Takes `count` members, which must be there, replies each, and the key goes with the last. */
static void pop(struct rcs_call *call, struct rcs_entry *entry, bool greatest, size_t count,
                bool pairs)
{
    struct rcs_zset *zset = rcs_zset_change(rcs_keyspace_writable(call->node->keys, entry));
    for (size_t i = 0; i < count; i++) {
        struct rcs_zset_member *member = greatest ? zset->last : zset->first;
        if (pairs) {
            rcs_resp_array(call->out, 2);
        }
        rcs_resp_bulk(call->out, member->bytes, member->item.key_bytes);
        rcs_resp_double(call->out, member->score, call->resp3);
        rcs_zset_remove(zset, member);
    }
    rcs_zset_shrunk(call, entry, greatest ? "zpopmax" : "zpopmin", count);
}

static size_t at_most(const struct rcs_entry *entry, int64_t count)
{
    size_t size = rcs_zset_size(rcs_zset_of(entry->value));
    return (uint64_t)count < size ? (size_t)count : size;
}

/* --- ZPOPMIN and ZPOPMAX ---------------------------------------------------------------------- */

/* False: it was refused. Before 7.0 less than one was none, whatever the key holds. */
static bool read_count(struct rcs_call *call, int64_t *count)
{
    if (call->client->profile->release >= RCS_REDIS_7_0) {
        return rcs_arg_positive_or_refuse(call->client, &call->args[2], count);
    }
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], count)) {
        return false;
    }
    if (*count <= 0) {
        rcs_resp_array(call->out, 0);
    }
    return *count > 0;
}

static void pop_end(struct rcs_call *call, bool greatest)
{
    struct rcs_entry *entry;
    int64_t count = 1;
    if (call->argc > 3) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    if (call->argc == 3 && !read_count(call, &count)) {
        return;
    }
    if (!rcs_key_write_of(call, &call->args[1], RCS_VALUE_ZSET, &entry)) {
        return;
    }
    if (entry == NULL || count == 0) {
        rcs_resp_array(call->out, 0);
        return;
    }
    size_t taken = at_most(entry, count);
    bool pairs = call->resp3 && call->argc == 3;
    rcs_resp_array(call->out, pairs ? taken : taken * 2);
    pop(call, entry, greatest, taken, pairs);
}

static void run_zpopmin(struct rcs_call *call)
{
    pop_end(call, false);
}

static void run_zpopmax(struct rcs_call *call)
{
    pop_end(call, true);
}

/* --- from the first of some keys -------------------------------------------------------------- */

/* What is to be taken from the first of `keys` that is there. */
struct request {
    const struct rcs_arg *keys;
    unsigned key_count;
    bool greatest;
    int64_t count; /* 0: one, replied flat (BZPOPMIN and BZPOPMAX) */
};

/* Behind the key; replicated as ZPOPMIN or ZPOPMAX, with the count that was there. */
static void serve(struct rcs_call *call, struct rcs_entry *entry, const struct request *request)
{
    const struct rcs_arg name = { entry->key, entry->item.key_bytes };
    bool pairs = request->count > 0;
    size_t taken = pairs ? at_most(entry, request->count) : 1;
    char digits[RCS_DECIMAL_MAX];
    struct rcs_arg words[] = { rcs_arg_of(request->greatest ? "ZPOPMAX" : "ZPOPMIN"),
                               name,
                               { digits, (uint32_t)rcs_decimal_write_u64(digits, taken) } };
    rcs_call_replicate(call, pairs ? 3 : 2, words);
    rcs_resp_array(call->out, pairs ? 2 : 3);
    rcs_resp_bulk(call->out, name.bytes, name.size_bytes);
    if (pairs) {
        rcs_resp_array(call->out, taken);
    }
    pop(call, entry, request->greatest, taken, pairs);
}

/* True: it was served, or a key of another type before that was refused. */
static bool serve_first(struct rcs_call *call, const struct request *request)
{
    for (unsigned i = 0; i < request->key_count; i++) {
        struct rcs_entry *entry;
        if (!rcs_key_write_of(call, &request->keys[i], RCS_VALUE_ZSET, &entry)) {
            return true;
        }
        if (entry != NULL) {
            serve(call, entry, request);
            return true;
        }
    }
    return false;
}

/* Redis 7.0 blockingGenericZpopCommand. */
static void serve_or_block(struct rcs_call *call, const struct request *request,
                           const struct rcs_arg *timeout, rcs_serve *serve_later)
{
    int64_t until_ms;
    if (!rcs_arg_until_or_refuse(call, timeout, &until_ms) || serve_first(call, request)) {
        return;
    }
    if (rcs_call_may_block(call)) {
        rcs_call_block(call, RCS_VALUE_ZSET, request->keys, request->key_count, until_ms,
                       serve_later);
    } else {
        rcs_resp_nil_array(call->out, call->resp3);
    }
}

/* --- BZPOPMIN and BZPOPMAX -------------------------------------------------------------------- */

static struct request read_bzpop(const struct rcs_call *call, bool greatest)
{
    return (struct request){ &call->args[1], call->argc - 2, greatest, 0 };
}

static void serve_bzpopmin(struct rcs_call *call, struct rcs_entry *entry)
{
    struct request request = read_bzpop(call, false);
    serve(call, entry, &request);
}

static void serve_bzpopmax(struct rcs_call *call, struct rcs_entry *entry)
{
    struct request request = read_bzpop(call, true);
    serve(call, entry, &request);
}

static void run_bzpopmin(struct rcs_call *call)
{
    struct request request = read_bzpop(call, false);
    serve_or_block(call, &request, &call->args[call->argc - 1], serve_bzpopmin);
}

static void run_bzpopmax(struct rcs_call *call)
{
    struct request request = read_bzpop(call, true);
    serve_or_block(call, &request, &call->args[call->argc - 1], serve_bzpopmax);
}

/* --- ZMPOP and BZMPOP ------------------------------------------------------------------------- */

/* From args[at], the number of keys, on; false: an error was replied. */
static bool read_mpop(struct rcs_call *call, unsigned at, struct request *out)
{
    int64_t keys;
    if (!rcs_arg_range_or_refuse(call->client, &call->args[at], 1, INT64_MAX,
                                 "numkeys should be greater than 0", &keys)) {
        return false;
    }
    *out = (struct request){ .keys = &call->args[at + 1], .count = 1 };
    bool counted = false, valid = keys < (int64_t)call->argc - at - 1;
    if (valid) {
        out->key_count = (unsigned)keys;
        const struct rcs_arg *end = &out->keys[keys];
        out->greatest = rcs_arg_is(end, "max");
        valid = out->greatest || rcs_arg_is(end, "min");
    }
    for (unsigned i = at + out->key_count + 2; valid && i < call->argc; i += 2) {
        valid = !counted && i + 1 < call->argc && rcs_arg_is(&call->args[i], "count");
        counted = true;
        if (valid && !rcs_arg_range_or_refuse(call->client, &call->args[i + 1], 1, INT64_MAX,
                                              "count should be greater than 0", &out->count)) {
            return false;
        }
    }
    if (!valid) {
        rcs_refuse(call->client, "syntax error");
    }
    return valid;
}

static void run_zmpop(struct rcs_call *call)
{
    struct request request;
    if (read_mpop(call, 1, &request) && !serve_first(call, &request)) {
        rcs_resp_nil_array(call->out, call->resp3);
    }
}

static void serve_bzmpop(struct rcs_call *call, struct rcs_entry *entry)
{
    struct request request;
    bool valid = read_mpop(call, 2, &request);
    RCS_ASSERT(valid);
    serve(call, entry, &request);
}

static void run_bzmpop(struct rcs_call *call)
{
    struct request request;
    if (read_mpop(call, 2, &request)) {
        serve_or_block(call, &request, &call->args[1], serve_bzmpop);
    }
}

/* clang-format off */
#define SORTED CATEGORY(SORTEDSET)
#define TAKES RW | ACCESS | DELETE
#define WAITS(run) run, -3, WRITE | NOSCRIPT | RCS_COMMAND_BLOCKING | FAST, SORTED | CATEGORY(BLOCKING), \
    { { 1, -2, 1, TAKES, NULL, 0, NULL } }, NULL, NULL
const struct rcs_command rcs_zset_pop_commands[] = {
    { "bzmpop", run_bzmpop, -5, WRITE | RCS_COMMAND_BLOCKING | MOVABLE_KEYS, SORTED | CATEGORY(BLOCKING),
      NUMKEYS(2, TAKES), NULL, NULL },
    { "bzpopmax", WAITS(run_bzpopmax) },
    { "bzpopmin", WAITS(run_bzpopmin) },
    { "zmpop", run_zmpop, -4, WRITE | MOVABLE_KEYS, SORTED, NUMKEYS(1, TAKES), NULL, NULL },
    { "zpopmax", run_zpopmax, -2, WRITE | FAST, SORTED, ONE_KEY(1, TAKES), NULL, NULL },
    { "zpopmin", run_zpopmin, -2, WRITE | FAST, SORTED, ONE_KEY(1, TAKES), NULL, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
