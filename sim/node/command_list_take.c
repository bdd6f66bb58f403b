/* Lists: commands that take items from the ends, and wait for them if there are none. */
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/list_items.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

/* --- arguments -------------------------------------------------------------------------------- */

static bool read_end(struct rcs_call *call, const struct rcs_arg *word, enum rcs_list_end *out)
{
    bool left = rcs_arg_is(word, "left");
    if (!left && !rcs_arg_is(word, "right")) {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    *out = left ? RCS_LIST_HEAD : RCS_LIST_TAIL;
    return true;
}

/* A whole number of at least `least`, or `text` was replied. */
static bool read_least(struct rcs_call *call, const struct rcs_arg *word, int64_t least,
                       const char *text, int64_t *out)
{
    if (!rcs_arg_i64(word, out) || *out < least) {
        rcs_refuse(call->client, text);
        return false;
    }
    return true;
}

/* --- taking ----------------------------------------------------------------------------------- */

static uint64_t at_most(const struct rcs_list *list, int64_t count)
{
    return (uint64_t)count < list->count ? (uint64_t)count : list->count;
}

/* `count` items, which there are, as an array. */
static void take_items(struct rcs_call *call, const struct rcs_arg *key, struct rcs_entry *entry,
                       enum rcs_list_end end, uint64_t count)
{
    struct rcs_list *list = rcs_list_write(call, entry);
    uint64_t first = end == RCS_LIST_HEAD ? 0 : list->count - count;
    rcs_list_reply_items(call, list, first, count, end == RCS_LIST_TAIL);
    rcs_list_delete_range(list, first, count);
    rcs_list_taken(call, entry, end, key);
}

/* One item as a reply. */
static void take_item(struct rcs_call *call, const struct rcs_arg *key, struct rcs_entry *entry,
                      enum rcs_list_end end)
{
    struct rcs_list *list = rcs_list_write(call, entry);
    struct rcs_arg item = rcs_list_peek(list, end);
    rcs_resp_bulk(call->out, item.bytes, item.size_bytes);
    rcs_list_pop(list, end);
    rcs_list_taken(call, entry, end, key);
}

static void reply_key(struct rcs_call *call, const struct rcs_arg *key)
{
    rcs_resp_array(call->out, 2);
    rcs_resp_bulk(call->out, key->bytes, key->size_bytes);
}

/* LPOP key, RPOP key; `count` 0: without one. */
static void replicate_pop(struct rcs_call *call, const struct rcs_arg *key, enum rcs_list_end end,
                          uint64_t count)
{
    struct rcs_buf number;
    rcs_buf_init(&number);
    rcs_buf_i64(&number, (int64_t)count);
    struct rcs_arg words[] = { rcs_arg_of(end == RCS_LIST_HEAD ? "LPOP" : "RPOP"),
                               *key,
                               { number.data, (uint32_t)number.size_bytes } };
    rcs_call_replicate(call, count > 0 ? 3 : 2, words);
    rcs_buf_close(&number);
}

/* --- LPOP and RPOP ---------------------------------------------------------------------------- */

static void pop(struct rcs_call *call, enum rcs_list_end end)
{
    const struct rcs_arg *key = &call->args[1];
    bool has_count = call->argc == 3;
    int64_t count = 1;
    struct rcs_entry *entry;
    if (call->argc > 3) {
        rcs_refuse_format(call->client, "wrong number of arguments for '%s' command",
                          call->command->name);
        return;
    }
    if (has_count &&
        !read_least(call, &call->args[2], 0, "value is out of range, must be positive", &count)) {
        return;
    }
    if (!rcs_key_write_of(call, key, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL && has_count) {
        rcs_resp_nil_array(call->out, call->resp3);
    } else if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else if (count == 0) {
        rcs_resp_array(call->out, 0);
    } else {
        uint64_t taken = at_most(rcs_list_read(entry), count);
        if (has_count) {
            take_items(call, key, entry, end, taken);
        } else {
            take_item(call, key, entry, end);
        }
        rcs_call_changed(call, taken);
    }
}

static void run_lpop(struct rcs_call *call)
{
    pop(call, RCS_LIST_HEAD);
}

static void run_rpop(struct rcs_call *call)
{
    pop(call, RCS_LIST_TAIL);
}

/* --- from the first of several keys ----------------------------------------------------------- */

/* What LMPOP, BLMPOP, BLPOP and BRPOP ask for. */
struct taking {
    const struct rcs_arg *keys;
    unsigned key_count;
    enum rcs_list_end end;
    int64_t count; /* 0: one item, not as an array */
};

/* From the key with items that the call asks for: the reply, and what is replicated. */
static void take_from(struct rcs_call *call, const struct taking *taking, const struct rcs_arg *key,
                      struct rcs_entry *entry, uint64_t *taken)
{
    *taken = 1;
    reply_key(call, key);
    if (taking->count == 0) {
        replicate_pop(call, key, taking->end, 0);
        take_item(call, key, entry, taking->end);
    } else {
        *taken = at_most(rcs_list_read(entry), taking->count);
        replicate_pop(call, key, taking->end, *taken);
        take_items(call, key, entry, taking->end, *taken);
    }
}

/* False: none of the keys is there, and nothing was replied. */
static bool take_from_first(struct rcs_call *call, const struct taking *taking)
{
    for (unsigned i = 0; i < taking->key_count; i++) {
        struct rcs_entry *entry;
        uint64_t taken;
        if (!rcs_key_write_of(call, &taking->keys[i], RCS_VALUE_LIST, &entry)) {
            return true;
        }
        if (entry != NULL) {
            take_from(call, taking, &taking->keys[i], entry, &taken);
            rcs_call_changed(call, taken);
            return true;
        }
    }
    return false;
}

/* LMPOP from `at` on, where the number of the keys stands. */
static bool read_taking(struct rcs_call *call, unsigned at, struct taking *taking)
{
    int64_t keys, count = 0;
    if (!read_least(call, &call->args[at], 1, "numkeys should be greater than 0", &keys)) {
        return false;
    }
    unsigned behind = call->argc - at - 1;
    if (keys >= (int64_t)behind) {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    unsigned where = at + 1 + (unsigned)keys;
    if (!read_end(call, &call->args[where], &taking->end)) {
        return false;
    }
    for (unsigned i = where + 1; i < call->argc; i += 2) {
        if (count != 0 || i + 1 == call->argc || !rcs_arg_is(&call->args[i], "count")) {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
        if (!read_least(call, &call->args[i + 1], 1, "count should be greater than 0", &count)) {
            return false;
        }
    }
    taking->keys = &call->args[at + 1];
    taking->key_count = (unsigned)keys;
    taking->count = count == 0 ? 1 : count;
    return true;
}

static void run_lmpop(struct rcs_call *call)
{
    struct taking taking;
    if (read_taking(call, 1, &taking) && !take_from_first(call, &taking)) {
        rcs_resp_nil_array(call->out, call->resp3);
    }
}

/* --- the same, waiting ------------------------------------------------------------------------ */

static void take_or_wait(struct rcs_call *call, const struct taking *taking,
                         const struct rcs_arg *timeout, rcs_serve *serve)
{
    int64_t until_ms;
    if (!rcs_arg_until_or_refuse(call, timeout, &until_ms) || take_from_first(call, taking)) {
        return;
    }
    if (rcs_call_may_block(call)) {
        rcs_call_block(call, RCS_VALUE_LIST, taking->keys, taking->key_count, until_ms, serve);
    } else {
        rcs_resp_nil_array(call->out, call->resp3);
    }
}

static struct rcs_arg key_of(const struct rcs_entry *entry)
{
    return (struct rcs_arg){ .bytes = entry->key, .size_bytes = entry->item.key_bytes };
}

/* The key as the client wrote it: the entry goes with its last item. */
static const struct rcs_arg *asked_key(const struct taking *taking, const struct rcs_entry *entry)
{
    const struct rcs_arg *key = taking->keys;
    struct rcs_arg name = key_of(entry);
    while (key->size_bytes != name.size_bytes ||
           (name.size_bytes > 0 && memcmp(key->bytes, name.bytes, name.size_bytes) != 0)) {
        key++;
        RCS_ASSERT(key < taking->keys + taking->key_count);
    }
    return key;
}

static struct taking simple_taking(const struct rcs_call *call, enum rcs_list_end end)
{
    return (struct taking){ .keys = &call->args[1], .key_count = call->argc - 2, .end = end };
}

/* A real server does not count these among the changes since the last save. */
static void serve_simple(struct rcs_call *call, struct rcs_entry *entry, enum rcs_list_end end)
{
    struct taking taking = simple_taking(call, end);
    uint64_t taken;
    take_from(call, &taking, asked_key(&taking, entry), entry, &taken);
}

static void serve_blpop(struct rcs_call *call, struct rcs_entry *entry)
{
    serve_simple(call, entry, RCS_LIST_HEAD);
}

static void run_blpop(struct rcs_call *call)
{
    struct taking taking = simple_taking(call, RCS_LIST_HEAD);
    take_or_wait(call, &taking, &call->args[call->argc - 1], serve_blpop);
}

static void serve_brpop(struct rcs_call *call, struct rcs_entry *entry)
{
    serve_simple(call, entry, RCS_LIST_TAIL);
}

static void run_brpop(struct rcs_call *call)
{
    struct taking taking = simple_taking(call, RCS_LIST_TAIL);
    take_or_wait(call, &taking, &call->args[call->argc - 1], serve_brpop);
}

static void serve_blmpop(struct rcs_call *call, struct rcs_entry *entry)
{
    struct taking taking;
    uint64_t taken;
    bool read = read_taking(call, 2, &taking); /* as it was when the client began to wait */
    RCS_ASSERT(read);
    take_from(call, &taking, asked_key(&taking, entry), entry, &taken);
    rcs_call_changed(call, taken);
}

static void run_blmpop(struct rcs_call *call)
{
    struct taking taking;
    if (read_taking(call, 2, &taking)) {
        take_or_wait(call, &taking, &call->args[1], serve_blmpop);
    }
}

/* --- from one list to another ----------------------------------------------------------------- */

/* What LMOVE and its kin ask for; RPOPLPUSH is LMOVE ... RIGHT LEFT. */
struct moving {
    const struct rcs_arg *from, *to;
    enum rcs_list_end from_end, to_end;
};

/* An item is added to `to`, whose list is not that of `entry`, and taken. */
static void move_across(struct rcs_call *call, const struct moving *moving, struct rcs_entry *entry,
                        struct rcs_entry *target)
{
    if (target == NULL) {
        target = rcs_list_add_key(call, moving->to);
    } else {
        rcs_key_modified(call->node, moving->to->bytes, moving->to->size_bytes);
    }
    struct rcs_list *list = rcs_list_write(call, entry);
    struct rcs_arg item = rcs_list_peek(list, moving->from_end);
    rcs_list_push(rcs_list_write(call, target), moving->to_end, &item);
    rcs_resp_bulk(call->out, item.bytes, item.size_bytes);
    rcs_list_pop(list, moving->from_end);
}

/* Out and in again. */
static void move_within(struct rcs_call *call, const struct moving *moving, struct rcs_entry *entry)
{
    struct rcs_list *list = rcs_list_write(call, entry);
    struct rcs_arg item = rcs_list_peek(list, moving->from_end);
    struct rcs_buf copy;
    rcs_buf_init(&copy);
    rcs_buf_add(&copy, item.bytes, item.size_bytes);
    item.bytes = copy.data;
    rcs_list_pop(list, moving->from_end);
    rcs_list_push(list, moving->to_end, &item);
    rcs_resp_bulk(call->out, item.bytes, item.size_bytes);
    rcs_buf_close(&copy);
}

/* False: the other key holds another type, which was refused. */
static bool move_item(struct rcs_call *call, const struct moving *moving, struct rcs_entry *entry)
{
    struct rcs_entry *target;
    if (!rcs_key_write_of(call, moving->to, RCS_VALUE_LIST, &target)) {
        return false;
    }
    if (target == entry) {
        move_within(call, moving, entry);
    } else {
        move_across(call, moving, entry, target);
    }
    rcs_list_notify_push(call, moving->to_end, moving->to);
    rcs_list_taken(call, entry, moving->from_end, moving->from);
    return true;
}

/* As LMOVE with the words that say the ends; NULL: as RPOPLPUSH. */
static void replicate_move(struct rcs_call *call, const struct moving *moving,
                           const struct rcs_arg *ends)
{
    struct rcs_arg words[5] = { rcs_arg_of(ends != NULL ? "LMOVE" : "RPOPLPUSH"), *moving->from,
                                *moving->to };
    if (ends != NULL) {
        words[3] = ends[0];
        words[4] = ends[1];
    }
    rcs_call_replicate(call, ends != NULL ? 5 : 3, words);
}

/* The key is there. */
static bool move_from(struct rcs_call *call, const struct moving *moving, struct rcs_entry *entry)
{
    bool moved = move_item(call, moving, entry);
    if (moved) {
        rcs_call_changed(call, 1);
    }
    return moved;
}

static void move_or_nil(struct rcs_call *call, const struct moving *moving)
{
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, moving->from, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        move_from(call, moving, entry);
    }
}

/* `ends`: the words of BLMOVE that say them, NULL of BRPOPLPUSH. */
static void move_or_wait(struct rcs_call *call, const struct moving *moving,
                         const struct rcs_arg *ends, int64_t until_ms, rcs_serve *serve)
{
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, moving->from, RCS_VALUE_LIST, &entry)) {
        return;
    }
    if (entry == NULL && rcs_call_may_block(call)) {
        rcs_call_block(call, RCS_VALUE_LIST, moving->from, 1, until_ms, serve);
    } else if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else if (move_from(call, moving, entry)) {
        replicate_move(call, moving, ends);
    }
}

static bool read_moving(struct rcs_call *call, struct moving *moving)
{
    moving->from = &call->args[1];
    moving->to = &call->args[2];
    return read_end(call, &call->args[3], &moving->from_end) &&
           read_end(call, &call->args[4], &moving->to_end);
}

static struct moving right_to_left(const struct rcs_call *call)
{
    return (struct moving){ &call->args[1], &call->args[2], RCS_LIST_TAIL, RCS_LIST_HEAD };
}

static void run_lmove(struct rcs_call *call)
{
    struct moving moving;
    if (read_moving(call, &moving)) {
        move_or_nil(call, &moving);
    }
}

static void run_rpoplpush(struct rcs_call *call)
{
    struct moving moving = right_to_left(call);
    move_or_nil(call, &moving);
}

static struct rcs_arg word_of(enum rcs_list_end end)
{
    return rcs_arg_of(end == RCS_LIST_HEAD ? "left" : "right");
}

/* Not counted among the changes since the last save, as with BLPOP; the ends in its own words. */
static void serve_blmove(struct rcs_call *call, struct rcs_entry *entry)
{
    struct moving moving;
    bool read = read_moving(call, &moving); /* as it was when the client began to wait */
    RCS_ASSERT(read);
    if (move_item(call, &moving, entry)) {
        struct rcs_arg ends[] = { word_of(moving.from_end), word_of(moving.to_end) };
        replicate_move(call, &moving, ends);
    }
}

static void run_blmove(struct rcs_call *call)
{
    struct moving moving;
    int64_t until_ms;
    if (read_moving(call, &moving) && rcs_arg_until_or_refuse(call, &call->args[5], &until_ms)) {
        move_or_wait(call, &moving, &call->args[3], until_ms, serve_blmove);
    }
}

/* Until 5.0 as the two commands it is made of, each by itself. */
static void replicate_pop_and_push(struct rcs_call *call, const struct moving *moving)
{
    struct rcs_entry *target =
        rcs_keyspace_find(call->node->keys, moving->to->bytes, moving->to->size_bytes);
    struct rcs_arg words[] = { rcs_arg_of("LPUSH"), *moving->to,
                               rcs_list_peek(rcs_list_read(target), RCS_LIST_HEAD) };
    replicate_pop(call, moving->from, RCS_LIST_TAIL, 0);
    rcs_call_propagate(call->node, false);
    rcs_call_replicate(call, 3, words);
}

static void serve_brpoplpush(struct rcs_call *call, struct rcs_entry *entry)
{
    struct moving moving = right_to_left(call);
    if (!move_item(call, &moving, entry)) {
        return;
    }
    if (call->client->profile->release < RCS_REDIS_6_0) {
        replicate_pop_and_push(call, &moving);
    } else {
        replicate_move(call, &moving, NULL);
    }
}

static void run_brpoplpush(struct rcs_call *call)
{
    struct moving moving = right_to_left(call);
    int64_t until_ms;
    if (rcs_arg_until_or_refuse(call, &call->args[3], &until_ms)) {
        move_or_wait(call, &moving, NULL, until_ms, serve_brpoplpush);
    }
}

/* clang-format off */
#define LIST     CATEGORY(LIST)
#define BLOCKING RCS_COMMAND_BLOCKING
#define TAKEN    (RW | ACCESS | DELETE)
#define FROM_TO  TWO_KEYS(TAKEN, RW | INSERT), NULL, NULL
#define BLOCKS   WRITE | NOSCRIPT | BLOCKING, LIST, { { 1, -2, 1, TAKEN, NULL, 0, NULL } }, NULL, NULL
const struct rcs_command rcs_list_take_commands[] = {
    { "blmove", run_blmove, 6, WRITE | DENYOOM | NOSCRIPT | BLOCKING, LIST, FROM_TO },
    { "blmpop", run_blmpop, -5, WRITE | BLOCKING | MOVABLE_KEYS, LIST,
      NUMKEYS(2, TAKEN), NULL, NULL },
    { "blpop", run_blpop, -3, BLOCKS },
    { "brpop", run_brpop, -3, BLOCKS },
    { "brpoplpush", run_brpoplpush, 4, WRITE | DENYOOM | NOSCRIPT | BLOCKING, LIST,
      FROM_TO },
    { "lmove", run_lmove, 5, WRITE | DENYOOM, LIST, FROM_TO },
    { "lmpop", run_lmpop, -4, WRITE | MOVABLE_KEYS, LIST, NUMKEYS(1, TAKEN), NULL, NULL },
    { "lpop", run_lpop, -2, WRITE | FAST, LIST, ONE_KEY(1, TAKEN), NULL, NULL },
    { "rpop", run_rpop, -2, WRITE | FAST, LIST, ONE_KEY(1, TAKEN), NULL, NULL },
    { "rpoplpush", run_rpoplpush, 3, WRITE | DENYOOM, LIST, FROM_TO },
    END_OF_COMMANDS
};
/* clang-format on */
