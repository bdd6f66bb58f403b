/* Commands of the string type. */
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

static struct rcs_arg text_arg(const struct rcs_buf *text)
{
    return (struct rcs_arg){ text->data, (uint32_t)text->size_bytes };
}

static void reply_value(struct rcs_call *call, const struct rcs_entry *entry)
{
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        rcs_resp_bulk(call->out, rcs_string_of(entry->value)->bytes,
                      rcs_string_of(entry->value)->size_bytes);
    }
}

/* False: the key holds another type, which was refused. */
static bool reply_key(struct rcs_call *call, const struct rcs_arg *key)
{
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, key, RCS_VALUE_STRING, &entry)) {
        return false;
    }
    reply_value(call, entry);
    return true;
}

/* --- options of SET and GETEX ----------------------------------------------------------------- */

enum option {
    OPTION_NX = 1,
    OPTION_XX = 2,
    OPTION_GET = 4,
    OPTION_KEEPTTL = 8,
    OPTION_PERSIST = 16,
    OPTION_EX = 32,
    OPTION_PX = 64,
    OPTION_EXAT = 128,
    OPTION_PXAT = 256
};
#define OPTION_TIMES (OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT)
#define OPTION_LIFE  (OPTION_TIMES | OPTION_KEEPTTL | OPTION_PERSIST)

struct options {
    unsigned set;
    const struct rcs_arg *when; /* NULL: none of the four */
};

/* Redis 7.0 parseExtendedStringArgumentsOrReply: each option, and what it cannot stand beside. */
static const struct option_row {
    const char *word;
    unsigned option, refuses;
    bool for_set, for_getex, has_time;
} option_rows[] = {
    { "nx", OPTION_NX, OPTION_XX, true, false, false },
    { "xx", OPTION_XX, OPTION_NX, true, false, false },
    { "get", OPTION_GET, 0, true, false, false },
    { "keepttl", OPTION_KEEPTTL, OPTION_TIMES | OPTION_PERSIST, true, false, false },
    { "persist", OPTION_PERSIST, OPTION_TIMES | OPTION_KEEPTTL, false, true, false },
    { "ex", OPTION_EX, OPTION_LIFE & ~OPTION_EX, true, true, true },
    { "px", OPTION_PX, OPTION_LIFE & ~OPTION_PX, true, true, true },
    { "exat", OPTION_EXAT, OPTION_LIFE & ~OPTION_EXAT, true, true, true },
    { "pxat", OPTION_PXAT, OPTION_LIFE & ~OPTION_PXAT, true, true, true },
};

static const struct option_row *find_option(const struct rcs_arg *word, bool getex)
{
    for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
        const struct option_row *row = &option_rows[i];
        if ((getex ? row->for_getex : row->for_set) && rcs_arg_is(word, row->word)) {
            return row;
        }
    }
    return NULL;
}

/* From args[first] on; false: an error was replied. */
static bool read_options(struct rcs_call *call, unsigned first, bool getex, struct options *options)
{
    for (unsigned i = first; i < call->argc; i++) {
        const struct option_row *row = find_option(&call->args[i], getex);
        bool time_missing = row != NULL && row->has_time && i + 1 == call->argc;
        bool contradicts = row != NULL && (options->set & row->refuses) != 0 &&
                           call->client->profile->release >= RCS_REDIS_4_0;
        if (row == NULL || contradicts || time_missing) {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
        if (row->has_time) {
            options->set &= ~(unsigned)OPTION_TIMES; /* 3.0: the last one counts */
        }
        options->set |= row->option;
        if (row->has_time) {
            options->when = &call->args[++i];
        }
    }
    return true;
}

/* The date in milliseconds; false: an error was replied (Redis 7.0 getExpireMillisecondsOrReply).
 */
static bool read_date(struct rcs_call *call, const struct options *options, int64_t *out)
{
    bool seconds = (options->set & (OPTION_EX | OPTION_EXAT)) != 0;
    bool from_now = (options->set & (OPTION_EX | OPTION_PX)) != 0;
    int64_t base_ms = from_now ? call->wall_ms : 0;
    if (!rcs_arg_i64_or_refuse(call->client, options->when, out)) {
        return false;
    }
    if (*out <= 0 || (seconds && *out > INT64_MAX / 1000) ||
        *out * (seconds ? 1000 : 1) > INT64_MAX - base_ms) {
        rcs_refuse_expire(call);
        return false;
    }
    *out = *out * (seconds ? 1000 : 1) + base_ms;
    return true;
}

/* --- SET and its kind ------------------------------------------------------------------------- */

/* "SET key value PXAT date", or PX with what is left of it (6.2). */
static void replicate_dated(struct rcs_call *call, const struct rcs_arg *value, const char *unit,
                            int64_t ms)
{
    struct rcs_buf date;
    rcs_buf_init(&date);
    rcs_buf_i64(&date, ms);
    struct rcs_arg words[] = { rcs_arg_of("SET"), call->args[1], *value, rcs_arg_of(unit),
                               text_arg(&date) };
    rcs_call_replicate(call, 5, words);
    rcs_buf_close(&date);
}

/* The command without its GET, which is of no use to a replica. Options never are longer than this.
 */
static void replicate_without_get(struct rcs_call *call)
{
    struct rcs_arg words[16];
    unsigned count = 0;
    for (unsigned i = 0; i < call->argc && count < 16; i++) {
        if (i < 3 || !rcs_arg_is(&call->args[i], "get")) {
            words[count++] = call->args[i];
        }
    }
    rcs_call_replicate(call, count, words);
}

/* What was replied when the key was not set, and when it was. */
struct set_replies {
    void (*refused)(struct rcs_call *call);
    void (*done)(struct rcs_call *call);
};

static void reply_nil(struct rcs_call *call)
{
    rcs_resp_nil(call->out, call->resp3);
}

static void reply_ok(struct rcs_call *call)
{
    rcs_reply_ok(call->client);
}

static void reply_zero(struct rcs_call *call)
{
    rcs_resp_integer(call->out, 0);
}

static void reply_one(struct rcs_call *call)
{
    rcs_resp_integer(call->out, 1);
}

static void replicate_time(struct rcs_call *call, const struct rcs_arg *value,
                           const struct options *options, int64_t expire_ms)
{
    bool from_now = (options->set & (OPTION_EX | OPTION_PX)) != 0;
    switch (call->client->profile->expire_form) {
    case RCS_EXPIRE_VERBATIM:
        break;
    case RCS_EXPIRE_PX:
        replicate_dated(call, value, from_now ? "PX" : "PXAT",
                        from_now ? expire_ms - call->wall_ms : expire_ms);
        break;
    case RCS_EXPIRE_PXAT: /* 7.2 leaves a command with PXAT as it came, its other options with it */
        if ((options->set & OPTION_PXAT) == 0 || call->client->profile->release < RCS_REDIS_7_2) {
            replicate_dated(call, value, "PXAT", expire_ms);
        }
        break;
    }
}

/* Redis 7.0 setGenericCommand. */
static void set(struct rcs_call *call, const struct rcs_arg *value, const struct options *options,
                struct set_replies replies)
{
    const struct rcs_arg *key = &call->args[1];
    bool get = (options->set & OPTION_GET) != 0;
    int64_t expire_ms = RCS_NO_EXPIRE;
    if (options->when != NULL && !read_date(call, options, &expire_ms)) {
        return;
    }
    if (get && !reply_key(call, key)) {
        return;
    }
    bool found = rcs_key_write(call, key) != NULL;
    if (((options->set & OPTION_NX) != 0 && found) || ((options->set & OPTION_XX) != 0 && !found)) {
        if (!get) {
            replies.refused(call);
        }
        return;
    }
    struct rcs_entry *entry =
        rcs_key_set(call, key, rcs_string_new(value->bytes, value->size_bytes),
                    (options->set & OPTION_KEEPTTL) != 0);
    rcs_call_changed(call, 1);
    rcs_notify(call, RCS_NOTIFY_STRING, "set", key);
    if (options->when != NULL) {
        rcs_keyspace_expire(call->node->keys, entry, expire_ms);
        rcs_notify(call, RCS_NOTIFY_GENERIC, "expire", key);
        replicate_time(call, value, options, expire_ms);
    } else if (get) {
        replicate_without_get(call);
    }
    if (!get) {
        replies.done(call);
    }
}

static void run_set(struct rcs_call *call)
{
    struct options options = { 0, NULL };
    if (read_options(call, 3, false, &options)) {
        set(call, &call->args[2], &options, (struct set_replies){ reply_nil, reply_ok });
    }
}

static void run_setnx(struct rcs_call *call)
{
    struct options options = { OPTION_NX, NULL };
    set(call, &call->args[2], &options, (struct set_replies){ reply_zero, reply_one });
}

static void run_setex(struct rcs_call *call)
{
    struct options options = { OPTION_EX, &call->args[2] };
    set(call, &call->args[3], &options, (struct set_replies){ reply_nil, reply_ok });
}

static void run_psetex(struct rcs_call *call)
{
    struct options options = { OPTION_PX, &call->args[2] };
    set(call, &call->args[3], &options, (struct set_replies){ reply_nil, reply_ok });
}

static void run_getset(struct rcs_call *call)
{
    const struct rcs_arg *value = &call->args[2];
    struct rcs_arg words[] = { rcs_arg_of("SET"), call->args[1], *value };
    if (!reply_key(call, &call->args[1])) {
        return;
    }
    rcs_key_set(call, &call->args[1], rcs_string_new(value->bytes, value->size_bytes), false);
    rcs_notify(call, RCS_NOTIFY_STRING, "set", &call->args[1]);
    rcs_call_changed(call, 1);
    if (call->client->profile->expire_form != RCS_EXPIRE_VERBATIM) {
        rcs_call_replicate(call, 3, words); /* as SET since 6.2 */
    }
}

/* Pairs from args[1] on. */
static void set_pairs(struct rcs_call *call)
{
    for (unsigned i = 1; i + 1 < call->argc; i += 2) {
        const struct rcs_arg *value = &call->args[i + 1];
        rcs_key_set(call, &call->args[i], rcs_string_new(value->bytes, value->size_bytes), false);
        rcs_notify(call, RCS_NOTIFY_STRING, "set", &call->args[i]);
    }
    rcs_call_changed(call, (call->argc - 1) / 2);
}

static bool pairs_complete(struct rcs_call *call)
{
    if (call->argc % 2 == 0) {
        rcs_refuse_format(call->client, "wrong number of arguments for '%s' command",
                          call->command->name);
        return false;
    }
    return true;
}

static void run_mset(struct rcs_call *call)
{
    if (pairs_complete(call)) {
        set_pairs(call);
        rcs_reply_ok(call->client);
    }
}

static void run_msetnx(struct rcs_call *call)
{
    if (!pairs_complete(call)) {
        return;
    }
    for (unsigned i = 1; i < call->argc; i += 2) {
        if (rcs_key_write(call, &call->args[i]) != NULL) {
            rcs_resp_integer(call->out, 0);
            return;
        }
    }
    set_pairs(call);
    rcs_resp_integer(call->out, 1);
}

/* --- GET and its kind ------------------------------------------------------------------------- */

static void run_get(struct rcs_call *call)
{
    (void)reply_key(call, &call->args[1]);
}

static void run_mget(struct rcs_call *call)
{
    rcs_resp_array(call->out, call->argc - 1);
    for (unsigned i = 1; i < call->argc; i++) {
        const struct rcs_entry *entry = rcs_key_read(call, &call->args[i]);
        reply_value(call, entry != NULL && entry->value->type == RCS_VALUE_STRING ? entry : NULL);
    }
}

static void run_getdel(struct rcs_call *call)
{
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    reply_value(call, entry);
    if (entry != NULL) {
        rcs_call_delete_as_del(call, entry);
    }
}

/* Replicated as what it does to the key's life, never as itself. */
static void change_life(struct rcs_call *call, struct rcs_entry *entry,
                        const struct options *options, int64_t expire_ms)
{
    if ((options->set & (OPTION_EXAT | OPTION_PXAT)) != 0 &&
        rcs_call_expires_now(call, expire_ms)) {
        rcs_call_delete_as_del(call, entry);
    } else if (options->when != NULL) {
        bool left = call->client->profile->expire_form == RCS_EXPIRE_PX &&
                    (options->set & (OPTION_EX | OPTION_PX)) != 0;
        struct rcs_buf date;
        rcs_buf_init(&date);
        rcs_buf_i64(&date, left ? expire_ms - call->wall_ms : expire_ms);
        struct rcs_arg words[] = { rcs_arg_of(left ? "PEXPIRE" : "PEXPIREAT"), call->args[1],
                                   text_arg(&date) };
        rcs_call_set_expire(call, entry, expire_ms);
        rcs_call_replicate(call, 3, words);
        rcs_buf_close(&date);
    } else if ((options->set & OPTION_PERSIST) != 0 && entry->expire_ms != RCS_NO_EXPIRE) {
        struct rcs_arg words[] = { rcs_arg_of("PERSIST"), call->args[1] };
        rcs_keyspace_expire(call->node->keys, entry, RCS_NO_EXPIRE);
        rcs_key_modified(call->node, entry->key, entry->item.key_bytes);
        rcs_notify(call, RCS_NOTIFY_GENERIC, "persist", &call->args[1]);
        rcs_call_changed(call, 1);
        rcs_call_replicate(call, 2, words);
    }
}

static void run_getex(struct rcs_call *call)
{
    struct options options = { 0, NULL };
    int64_t expire_ms = RCS_NO_EXPIRE;
    if (!read_options(call, 2, true, &options)) {
        return;
    }
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    if (entry != NULL && options.when != NULL && !read_date(call, &options, &expire_ms)) {
        return;
    }
    reply_value(call, entry);
    if (entry != NULL) {
        change_life(call, entry, &options, expire_ms);
    }
}

/* --- parts of a string ------------------------------------------------------------------------ */

static void run_strlen(struct rcs_call *call)
{
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    rcs_resp_integer(call->out, entry == NULL ? 0 : rcs_string_of(entry->value)->size_bytes);
}

/* False: an error was replied (Redis 7.0 checkStringLength). */
static bool length_fits(struct rcs_call *call, int64_t size_bytes, int64_t more_bytes)
{
    int64_t most = call->node->config.proto_max_bulk_len_bytes;
    most = most < INT32_MAX ? most : INT32_MAX; /* what a value here can be */
    if (size_bytes > most - more_bytes) {
        rcs_refuse(call->client, "string exceeds maximum allowed size (proto-max-bulk-len)");
        return false;
    }
    return true;
}

static void run_append(struct rcs_call *call)
{
    const struct rcs_arg *more = &call->args[2];
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    if (entry == NULL) {
        entry =
            rcs_key_set(call, &call->args[1], rcs_string_new(more->bytes, more->size_bytes), false);
    } else {
        if (!length_fits(call, rcs_string_of(entry->value)->size_bytes, more->size_bytes)) {
            return;
        }
        rcs_keyspace_replace(
            call->node->keys, entry,
            rcs_string_append(rcs_keyspace_lend(entry), more->bytes, more->size_bytes));
        rcs_key_modified(call->node, entry->key, entry->item.key_bytes);
    }
    rcs_notify(call, RCS_NOTIFY_STRING, "append", &call->args[1]);
    rcs_call_changed(call, 1);
    rcs_resp_integer(call->out, rcs_string_of(entry->value)->size_bytes);
}

static void run_setrange(struct rcs_call *call)
{
    int64_t offset;
    const struct rcs_arg *part = &call->args[3];
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &offset)) {
        return;
    }
    if (offset < 0) {
        rcs_refuse(call->client, "offset is out of range");
        return;
    }
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    if (part->size_bytes == 0) {
        rcs_resp_integer(call->out, entry == NULL ? 0 : rcs_string_of(entry->value)->size_bytes);
        return;
    }
    if (!length_fits(call, offset, part->size_bytes)) {
        return;
    }
    struct rcs_value *value = entry == NULL ? rcs_string_new_text("", 0) : rcs_keyspace_lend(entry);
    value = rcs_string_write(value, (size_t)offset, part->bytes, part->size_bytes);
    entry = rcs_key_set(call, &call->args[1], value, true);
    rcs_notify(call, RCS_NOTIFY_STRING, "setrange", &call->args[1]);
    rcs_call_changed(call, 1);
    rcs_resp_integer(call->out, rcs_string_of(entry->value)->size_bytes);
}

bool rcs_clamp_range(int64_t size, int64_t *start, int64_t *end)
{
    if (*start < 0 && *end < 0 && *start > *end) {
        return false;
    }
    *start = *start < 0 ? size + *start : *start;
    *end = *end < 0 ? size + *end : *end;
    *start = *start < 0 ? 0 : *start;
    *end = *end < 0 ? 0 : *end;
    *end = *end >= size ? size - 1 : *end;
    return size > 0 && *start <= *end;
}

static void run_getrange(struct rcs_call *call)
{
    int64_t start, end;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &start) ||
        !rcs_arg_i64_or_refuse(call->client, &call->args[3], &end)) {
        return;
    }
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    if (entry == NULL || !rcs_clamp_range(rcs_string_of(entry->value)->size_bytes, &start, &end)) {
        rcs_resp_bulk(call->out, "", 0);
    } else {
        rcs_resp_bulk(call->out, rcs_string_of(entry->value)->bytes + start,
                      (size_t)(end - start + 1));
    }
}

/* clang-format off */
#define STRING CATEGORY(STRING)
#define NOTED_KEY(flags, notes) { { 1, 0, 1, flags, NULL, 0, notes } }
#define READ_PART READONLY, STRING, ONE_KEY(1, RO | ACCESS), NULL, NULL
const struct rcs_command rcs_string_commands[] = {
    { "get", run_get, 2, READONLY | FAST, STRING, ONE_KEY(1, RO | ACCESS), NULL, NULL },
    { "set", run_set, -3, WRITE | DENYOOM, STRING,
      NOTED_KEY(RW | ACCESS | UPDATE | VARIABLE, "RW and ACCESS due to the optional `GET` argument"), NULL, NULL },
    { "append", run_append, 3, WRITE | DENYOOM | FAST, STRING, ONE_KEY(1, RW | INSERT), NULL,
      NULL },
    { "getdel", run_getdel, 2, WRITE | FAST, STRING, ONE_KEY(1, RW | ACCESS | DELETE), NULL, NULL },
    { "getex", run_getex, -2, WRITE | FAST, STRING,
      NOTED_KEY(RW | ACCESS | UPDATE, "RW and UPDATE because it changes the TTL"), NULL, NULL },
    { "getrange", run_getrange, 4, READ_PART },
    { "getset", run_getset, 3, WRITE | DENYOOM | FAST, STRING, ONE_KEY(1, RW | ACCESS | UPDATE),
      NULL, NULL },
    { "mget", run_mget, -2, READONLY | FAST, STRING, ALL_KEYS(1, 1, RO | ACCESS),
      "request_policy:multi_shard", NULL },
    { "mset", run_mset, -3, WRITE | DENYOOM, STRING, ALL_KEYS(1, 2, OW | UPDATE),
      "request_policy:multi_shard response_policy:all_succeeded", NULL },
    { "msetnx", run_msetnx, -3, WRITE | DENYOOM, STRING, ALL_KEYS(1, 2, OW | INSERT),
      "request_policy:multi_shard response_policy:agg_min", NULL },
    { "psetex", run_psetex, 4, WRITE | DENYOOM, STRING, ONE_KEY(1, OW | UPDATE), NULL, NULL },
    { "setex", run_setex, 4, WRITE | DENYOOM, STRING, ONE_KEY(1, OW | UPDATE), NULL, NULL },
    { "setnx", run_setnx, 3, WRITE | DENYOOM | FAST, STRING, ONE_KEY(1, OW | INSERT), NULL, NULL },
    { "setrange", run_setrange, 4, WRITE | DENYOOM, STRING, ONE_KEY(1, RW | UPDATE), NULL, NULL },
    { "strlen", run_strlen, 2, READONLY | FAST, STRING, ONE_KEY(1, RO), NULL, NULL },
    { "substr", run_getrange, 4, READ_PART },
    END_OF_COMMANDS
};
/* clang-format on */
