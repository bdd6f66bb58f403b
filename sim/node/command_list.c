/* Lists: commands that add, look and change. */
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/list_items.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

static bool same_arg(const struct rcs_arg *a, const struct rcs_arg *b)
{
    return a->size_bytes == b->size_bytes &&
           (a->size_bytes == 0 || memcmp(a->bytes, b->bytes, a->size_bytes) == 0);
}

/* --- shared with the commands that take items ------------------------------------------------- */

struct rcs_entry *rcs_list_add_key(struct rcs_call *call, const struct rcs_arg *key)
{
    return rcs_key_set(call, key, rcs_list_new(call->node->config.list_max_listpack_size), false);
}

void rcs_list_notify_push(struct rcs_call *call, enum rcs_list_end end, const struct rcs_arg *key)
{
    rcs_notify(call, RCS_NOTIFY_LIST, end == RCS_LIST_HEAD ? "lpush" : "rpush", key);
}

void rcs_list_changed(struct rcs_call *call, struct rcs_entry *entry, const struct rcs_arg *key)
{
    if (rcs_list_read(entry)->count > 0) {
        rcs_key_modified(call->node, entry->key, entry->item.key_bytes);
    } else {
        rcs_key_delete(call, entry);
        rcs_notify(call, RCS_NOTIFY_GENERIC, "del", key);
    }
}

void rcs_list_taken(struct rcs_call *call, struct rcs_entry *entry, enum rcs_list_end end,
                    const struct rcs_arg *key)
{
    rcs_notify(call, RCS_NOTIFY_LIST, end == RCS_LIST_HEAD ? "lpop" : "rpop", key);
    rcs_list_changed(call, entry, key);
}

void rcs_list_reply_items(struct rcs_call *call, const struct rcs_list *list, uint64_t first,
                          uint64_t count, bool reverse)
{
    struct rcs_list_place place;
    rcs_resp_array(call->out, count);
    if (count == 0) {
        return;
    }
    rcs_list_seek(list, (int64_t)(reverse ? first + count - 1 : first), &place);
    while (true) {
        struct rcs_arg item = rcs_list_item(&place);
        rcs_resp_bulk(call->out, item.bytes, item.size_bytes);
        if (--count == 0) {
            return;
        }
        rcs_list_step(&place, !reverse);
    }
}

/* --- adding ----------------------------------------------------------------------------------- */

static void push(struct rcs_call *call, enum rcs_list_end end, bool only_existing)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, key, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL && only_existing) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    if (entry == NULL) {
        entry = rcs_list_add_key(call, key);
    } else {
        rcs_key_modified(call->node, key->bytes, key->size_bytes);
    }
    struct rcs_list *list = rcs_list_write(call, entry);
    for (unsigned i = 2; i < call->argc; i++) {
        rcs_list_push(list, end, &call->args[i]);
    }
    rcs_call_changed(call, call->argc - 2);
    rcs_resp_integer(call->out, (int64_t)list->count);
    rcs_list_notify_push(call, end, key);
}

static void run_lpush(struct rcs_call *call)
{
    push(call, RCS_LIST_HEAD, false);
}

static void run_rpush(struct rcs_call *call)
{
    push(call, RCS_LIST_TAIL, false);
}

static void run_lpushx(struct rcs_call *call)
{
    push(call, RCS_LIST_HEAD, true);
}

static void run_rpushx(struct rcs_call *call)
{
    push(call, RCS_LIST_TAIL, true);
}

/* The first item from `place` on that is `item`; false: there is none. */
static bool find_item(struct rcs_list_place *place, const struct rcs_arg *item)
{
    struct rcs_arg here = rcs_list_item(place);
    while (!same_arg(&here, item)) {
        if (!rcs_list_step(place, true)) {
            return false;
        }
        here = rcs_list_item(place);
    }
    return true;
}

static void run_linsert(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    bool after = rcs_arg_is(&call->args[2], "after");
    struct rcs_entry *entry;
    struct rcs_list_place place;
    if (!after && !rcs_arg_is(&call->args[2], "before")) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    if (!rcs_key_write_of(call, key, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    struct rcs_list *list = rcs_list_write(call, entry);
    rcs_list_seek(list, 0, &place);
    if (!find_item(&place, &call->args[3])) {
        rcs_resp_integer(call->out, -1);
        return;
    }
    rcs_list_insert(list, &place, after, &call->args[4]);
    rcs_key_modified(call->node, key->bytes, key->size_bytes);
    rcs_notify(call, RCS_NOTIFY_LIST, "linsert", key);
    rcs_call_changed(call, 1);
    rcs_resp_integer(call->out, (int64_t)list->count);
}

/* --- looking ---------------------------------------------------------------------------------- */

static void run_llen(struct rcs_call *call)
{
    struct rcs_entry *entry;
    if (rcs_key_read_of(call, &call->args[1], RCS_VALUE_LIST, &entry)) {
        rcs_resp_integer(call->out, entry == NULL ? 0 : (int64_t)rcs_list_read(entry)->count);
    }
}

static void run_lindex(struct rcs_call *call)
{
    struct rcs_entry *entry;
    struct rcs_list_place place;
    int64_t index;
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
        return;
    }
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &index)) {
        return;
    }
    if (rcs_list_seek(rcs_list_read(entry), index, &place)) {
        struct rcs_arg item = rcs_list_item(&place);
        rcs_resp_bulk(call->out, item.bytes, item.size_bytes);
    } else {
        rcs_resp_nil(call->out, call->resp3);
    }
}

/* args[2] and args[3]; false: an error was replied. */
static bool read_range(struct rcs_call *call, int64_t *start, int64_t *end)
{
    return rcs_arg_i64_or_refuse(call->client, &call->args[2], start) &&
           rcs_arg_i64_or_refuse(call->client, &call->args[3], end);
}

/* Ends included, negative from the tail, cut to what there is; false: nothing. */
static bool within(const struct rcs_list *list, int64_t *start, int64_t *end)
{
    int64_t count = (int64_t)list->count;
    *start = *start < 0 ? count + *start : *start;
    *end = *end < 0 ? count + *end : *end;
    *start = *start < 0 ? 0 : *start;
    *end = *end >= count ? count - 1 : *end;
    return *start <= *end;
}

static void run_lrange(struct rcs_call *call)
{
    struct rcs_entry *entry;
    int64_t start, end;
    if (!read_range(call, &start, &end) ||
        !rcs_key_read_of(call, &call->args[1], RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL || !within(rcs_list_read(entry), &start, &end)) {
        rcs_resp_array(call->out, 0);
        return;
    }
    rcs_list_reply_items(call, rcs_list_read(entry), (uint64_t)start, (uint64_t)(end - start + 1),
                         false);
}

/* What LPOS is to look for. */
struct search {
    int64_t rank, count, length; /* count -1: one, and not as an array; length 0: all */
};

static bool read_not_negative(struct rcs_call *call, const struct rcs_arg *arg, const char *text,
                              int64_t *out)
{
    if (!rcs_arg_i64(arg, out) || *out < 0) {
        rcs_refuse(call->client, text);
        return false;
    }
    return true;
}

static bool read_search(struct rcs_call *call, struct search *search)
{
    for (unsigned i = 3; i < call->argc; i += 2) {
        const struct rcs_arg *word = &call->args[i], *value = word + 1;
        bool more = i + 1 < call->argc;
        if (more && rcs_arg_is(word, "rank")) {
            if (!rcs_arg_i64_or_refuse(call->client, value, &search->rank)) {
                return false;
            }
            if (search->rank == 0) {
                rcs_refuse(call->client, "RANK can't be zero: use 1 to start from the first match, "
                                         "2 from the second ... or use negative to start from the "
                                         "end of the list");
                return false;
            }
        } else if (more && rcs_arg_is(word, "count")) {
            if (!read_not_negative(call, value, "COUNT can't be negative", &search->count)) {
                return false;
            }
        } else if (more && rcs_arg_is(word, "maxlen")) {
            if (!read_not_negative(call, value, "MAXLEN can't be negative", &search->length)) {
                return false;
            }
        } else {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
    }
    return true;
}

/* The indexes of the matches into `out`; returns how many. The smallest number of all is a rank
 * that any match has, and that no count comes to an end with (7.0.15: negating it overflows). */
static size_t find_matches(const struct rcs_list *list, const struct search *search,
                           const struct rcs_arg *item, struct rcs_buf *out)
{
    bool forward = search->rank > 0;
    uint64_t most = search->count == -1 ? 1 : (uint64_t)search->count, found = 0;
    uint64_t skip =
        search->rank == INT64_MIN ? 0 : (uint64_t)(forward ? search->rank - 1 : -search->rank - 1);
    uint64_t length = search->length == 0 ? list->count : (uint64_t)search->length;
    struct rcs_list_place place;
    bool more = rcs_list_seek(list, forward ? 0 : -1, &place);
    if (search->rank == INT64_MIN && search->count != -1) {
        most = 0;
    }
    for (uint64_t i = 0; more && i < length; i++, more = rcs_list_step(&place, forward)) {
        struct rcs_arg here = rcs_list_item(&place);
        if (!same_arg(&here, item)) {
            continue;
        }
        if (skip > 0) {
            skip--;
            continue;
        }
        rcs_resp_integer(out, (int64_t)(forward ? i : list->count - i - 1));
        if (++found == most) {
            break;
        }
    }
    return found;
}

static void run_lpos(struct rcs_call *call)
{
    struct search search = { .rank = 1, .count = -1, .length = 0 };
    struct rcs_entry *entry;
    struct rcs_buf indexes;
    if (!read_search(call, &search) ||
        !rcs_key_read_of(call, &call->args[1], RCS_VALUE_LIST, &entry)) {
        return;
    }
    rcs_buf_init(&indexes);
    size_t found =
        entry == NULL ? 0 : find_matches(rcs_list_read(entry), &search, &call->args[2], &indexes);
    if (search.count != -1) {
        rcs_resp_array(call->out, found);
    } else if (found == 0) {
        rcs_resp_nil(call->out, call->resp3);
    }
    rcs_buf_add(call->out, indexes.data, indexes.size_bytes);
    rcs_buf_close(&indexes);
}

/* --- changing --------------------------------------------------------------------------------- */

static void run_lset(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    struct rcs_list_place place;
    int64_t index;
    if (!rcs_key_write_of(call, key, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_refuse(call->client, "no such key");
        return;
    }
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &index)) {
        return;
    }
    struct rcs_list *list = rcs_list_write(call, entry);
    if (!rcs_list_seek(list, index, &place)) {
        rcs_refuse(call->client, "index out of range");
        return;
    }
    rcs_list_replace(list, &place, &call->args[3]);
    rcs_reply_ok(call->client);
    rcs_key_modified(call->node, key->bytes, key->size_bytes);
    rcs_notify(call, RCS_NOTIFY_LIST, "lset", key);
    rcs_call_changed(call, 1);
}

/* At most `most` items, 0: all; returns how many. */
static uint64_t remove_items(struct rcs_list *list, const struct rcs_arg *item, bool forward,
                             uint64_t most)
{
    struct rcs_list_place place;
    uint64_t removed = 0;
    bool more = rcs_list_seek(list, forward ? 0 : -1, &place);
    while (more) {
        struct rcs_arg here = rcs_list_item(&place);
        if (!same_arg(&here, item)) {
            more = rcs_list_step(&place, forward);
            continue;
        }
        removed++;
        more = rcs_list_delete(list, &place, forward) && removed != most;
    }
    return removed;
}

static void run_lrem(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    int64_t count;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &count) ||
        !rcs_key_write_of(call, key, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    uint64_t most = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    uint64_t removed = remove_items(rcs_list_write(call, entry), &call->args[3], count >= 0, most);
    if (removed > 0) {
        rcs_notify(call, RCS_NOTIFY_LIST, "lrem", key);
        rcs_list_changed(call, entry, key);
        rcs_call_changed(call, removed);
    }
    rcs_resp_integer(call->out, (int64_t)removed);
}

/* Nothing cut off is a change for those who watch, though not for replicas. */
static void run_ltrim(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    int64_t start, end;
    if (!read_range(call, &start, &end) || !rcs_key_write_of(call, key, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_reply_ok(call->client);
        return;
    }
    struct rcs_list *list = rcs_list_write(call, entry);
    uint64_t before = list->count, head = before, kept = 0;
    if (within(list, &start, &end)) {
        head = (uint64_t)start;
        kept = (uint64_t)(end - start + 1);
    }
    rcs_list_delete_range(list, 0, head);
    rcs_list_delete_range(list, kept, before);
    rcs_notify(call, RCS_NOTIFY_LIST, "ltrim", key);
    rcs_list_changed(call, entry, key);
    rcs_call_changed(call, before - kept);
    rcs_reply_ok(call->client);
}

/* clang-format off */
#define LIST      CATEGORY(LIST)
#define PUSH      WRITE | DENYOOM | FAST, LIST, ONE_KEY(1, RW | INSERT), NULL, NULL
#define LOOK      READONLY, LIST, ONE_KEY(1, RO | ACCESS), NULL, NULL
const struct rcs_command rcs_list_commands[] = {
    { "lindex", run_lindex, 3, LOOK },
    { "linsert", run_linsert, 5, WRITE | DENYOOM, LIST, ONE_KEY(1, RW | INSERT), NULL, NULL },
    { "llen", run_llen, 2, READONLY | FAST, LIST, ONE_KEY(1, RO), NULL, NULL },
    { "lpos", run_lpos, -3, LOOK },
    { "lpush", run_lpush, -3, PUSH },
    { "lpushx", run_lpushx, -3, PUSH },
    { "lrange", run_lrange, 4, LOOK },
    { "lrem", run_lrem, 4, WRITE, LIST, ONE_KEY(1, RW | DELETE), NULL, NULL },
    { "lset", run_lset, 4, WRITE | DENYOOM, LIST, ONE_KEY(1, RW | UPDATE), NULL, NULL },
    { "ltrim", run_ltrim, 4, WRITE, LIST, ONE_KEY(1, RW | DELETE), NULL, NULL },
    { "rpush", run_rpush, -3, PUSH },
    { "rpushx", run_rpushx, -3, PUSH },
    END_OF_COMMANDS
};
/* clang-format on */
