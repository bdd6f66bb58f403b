/* Hashes. */
#include <math.h>
#include <stdlib.h>

#include "sim/keys/hash.h"
#include "sim/keys/number.h"
#include "sim/node/command_rows.h"
#include "sim/node/notify.h"
#include "sim/node/sample.h"
#include "sim/node/scan.h"

#include "sim/pure.h"

#define HASH RCS_VALUE_HASH

/* False: the key holds another type, which was refused. NULL: there is no such key. */
static bool hash_to_read(struct rcs_call *call, const struct rcs_hash **out)
{
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, &call->args[1], HASH, &entry)) {
        return false;
    }
    *out = entry == NULL ? NULL : rcs_hash_of(entry->value);
    return true;
}

/* A new one if there is none. NULL: the key holds another type, which was refused. */
static struct rcs_hash *hash_to_fill(struct rcs_call *call)
{
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, &call->args[1], HASH, &entry)) {
        return NULL;
    }
    if (entry == NULL) {
        entry = rcs_key_set(call, &call->args[1], rcs_hash_new(), false);
    }
    return rcs_hash_of(rcs_keyspace_writable(call->node->keys, entry));
}

static const struct rcs_field *find(const struct rcs_hash *hash, const struct rcs_arg *name)
{
    return hash == NULL ? NULL : rcs_hash_find(hash, name->bytes, name->size_bytes);
}

/* True: the field is new. Takes the reference to `value`. */
static bool set(struct rcs_call *call, struct rcs_hash *hash, const struct rcs_arg *name,
                struct rcs_value *value)
{
    const struct rcs_config *config = &call->node->config;
    struct rcs_hash_limits limits = { config->hash_max_listpack_entries,
                                      config->hash_max_listpack_value };
    return rcs_hash_set(hash, &limits, name->bytes, name->size_bytes, value);
}

static struct rcs_value *text_of(const struct rcs_arg *text)
{
    return rcs_string_new_text(text->bytes, text->size_bytes);
}

static void changed(struct rcs_call *call, uint64_t count, const char *event)
{
    rcs_key_modified(call->node, call->args[1].bytes, call->args[1].size_bytes);
    rcs_call_changed(call, count);
    rcs_notify(call, RCS_NOTIFY_HASH, event, &call->args[1]);
}

static void reply_name(struct rcs_call *call, const struct rcs_field *field)
{
    rcs_resp_bulk(call->out, field->name, field->item.key_bytes);
}

static void reply_value(struct rcs_call *call, const struct rcs_field *field)
{
    const struct rcs_string *text = rcs_string_of(field->value);
    rcs_resp_bulk(call->out, text->bytes, text->size_bytes);
}

/* --- fields and their values ------------------------------------------------------------------ */

/* False: the reply was an error. */
static bool set_pairs(struct rcs_call *call, int64_t *created)
{
    if (call->argc % 2 == 1) {
        if (call->client->profile->release < RCS_REDIS_6_0) {
            rcs_refuse(call->client, "wrong number of arguments for HMSET");
        } else {
            rcs_refuse_format(call->client, "wrong number of arguments for '%s' command",
                              call->command->name);
        }
        return false;
    }
    struct rcs_hash *hash = hash_to_fill(call);
    if (hash == NULL) {
        return false;
    }
    *created = 0;
    for (unsigned i = 2; i < call->argc; i += 2) {
        *created += set(call, hash, &call->args[i], text_of(&call->args[i + 1]));
    }
    changed(call, (call->argc - 2) / 2, "hset");
    return true;
}

static void run_hset(struct rcs_call *call)
{
    int64_t created;
    if (set_pairs(call, &created)) {
        rcs_resp_integer(call->out, created);
    }
}

static void run_hmset(struct rcs_call *call)
{
    int64_t created;
    if (set_pairs(call, &created)) {
        rcs_reply_ok(call->client);
    }
}

static void run_hsetnx(struct rcs_call *call)
{
    struct rcs_hash *hash = hash_to_fill(call);
    if (hash == NULL) {
        return;
    }
    bool sets = find(hash, &call->args[2]) == NULL;
    if (sets) {
        set(call, hash, &call->args[2], text_of(&call->args[3]));
        changed(call, 1, "hset");
    }
    rcs_resp_integer(call->out, sets);
}

static void reply_field(struct rcs_call *call, const struct rcs_hash *hash,
                        const struct rcs_arg *name)
{
    const struct rcs_field *field = find(hash, name);
    if (field == NULL) {
        rcs_resp_nil(call->out, call->resp3);
    } else {
        reply_value(call, field);
    }
}

static void run_hget(struct rcs_call *call)
{
    const struct rcs_hash *hash;
    if (hash_to_read(call, &hash)) {
        reply_field(call, hash, &call->args[2]);
    }
}

static void run_hmget(struct rcs_call *call)
{
    const struct rcs_hash *hash;
    if (!hash_to_read(call, &hash)) {
        return;
    }
    rcs_resp_array(call->out, call->argc - 2);
    for (unsigned i = 2; i < call->argc; i++) {
        reply_field(call, hash, &call->args[i]);
    }
}

static void run_hexists(struct rcs_call *call)
{
    const struct rcs_hash *hash;
    if (hash_to_read(call, &hash)) {
        rcs_resp_integer(call->out, find(hash, &call->args[2]) != NULL);
    }
}

static void run_hstrlen(struct rcs_call *call)
{
    const struct rcs_hash *hash;
    if (hash_to_read(call, &hash)) {
        const struct rcs_field *field = find(hash, &call->args[2]);
        rcs_resp_integer(call->out, field == NULL ? 0 : rcs_string_of(field->value)->size_bytes);
    }
}

static void run_hlen(struct rcs_call *call)
{
    const struct rcs_hash *hash;
    if (hash_to_read(call, &hash)) {
        rcs_resp_integer(call->out, hash == NULL ? 0 : (int64_t)hash->fields.count);
    }
}

/* The last field takes the key with it; what comes after it is not looked at any more. */
static void run_hdel(struct rcs_call *call)
{
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, &call->args[1], HASH, &entry)) {
        return;
    }
    unsigned deleted = 0;
    if (entry != NULL) {
        struct rcs_hash *hash = rcs_hash_of(rcs_keyspace_writable(call->node->keys, entry));
        for (unsigned i = 2; i < call->argc && hash->fields.count > 0; i++) {
            deleted += rcs_hash_delete(hash, call->args[i].bytes, call->args[i].size_bytes);
        }
        if (deleted > 0) {
            changed(call, deleted, "hdel");
        }
        if (hash->fields.count == 0) {
            rcs_key_delete(call, entry);
            rcs_notify(call, RCS_NOTIFY_GENERIC, "del", &call->args[1]);
        }
    }
    rcs_resp_integer(call->out, deleted);
}

/* --- values as numbers ------------------------------------------------------------------------ */

static void run_hincrby(struct rcs_call *call)
{
    int64_t by, value = 0;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[3], &by)) {
        return;
    }
    struct rcs_hash *hash = hash_to_fill(call);
    if (hash == NULL) {
        return;
    }
    const struct rcs_field *field = find(hash, &call->args[2]);
    if (field != NULL) {
        const struct rcs_string *text = rcs_string_of(field->value);
        if (!rcs_decimal_read(text->bytes, text->size_bytes, &value)) {
            rcs_refuse(call->client, "hash value is not an integer");
            return;
        }
    }
    if (by > 0 ? value > INT64_MAX - by : value < INT64_MIN - by) {
        rcs_refuse(call->client, "increment or decrement would overflow");
        return;
    }
    set(call, hash, &call->args[2], rcs_string_new_i64(value + by));
    changed(call, 1, "hincrby");
    rcs_resp_integer(call->out, value + by);
}

/* Replicated as the result, so that a replica need not calculate alike. */
static void run_hincrbyfloat(struct rcs_call *call)
{
    long double by, value = 0;
    if (!rcs_number_read_float(call->args[3].bytes, call->args[3].size_bytes, &by)) {
        rcs_refuse(call->client, "value is not a valid float");
        return;
    }
    enum rcs_release release = call->client->profile->release;
    if (isinf(by) && release >= RCS_REDIS_5_0) {
        rcs_refuse(call->client, release >= RCS_REDIS_6_0
                                     ? "value is NaN or Infinity"
                                     : "increment would produce NaN or Infinity");
        return;
    }
    struct rcs_hash *hash = hash_to_fill(call);
    if (hash == NULL) {
        return;
    }
    const struct rcs_field *field = find(hash, &call->args[2]);
    if (field != NULL) {
        const struct rcs_string *text = rcs_string_of(field->value);
        if (!rcs_number_read_float(text->bytes, text->size_bytes, &value)) {
            rcs_refuse(call->client, "hash value is not a float");
            return;
        }
    }
    value += by;
    if (isnan(value) || (isinf(value) && release >= RCS_REDIS_5_0)) {
        rcs_refuse(call->client, "increment would produce NaN or Infinity");
        return;
    }
    char text[RCS_FLOAT_TEXT_BYTES];
    size_t size = rcs_number_write_float(value, text);
    struct rcs_arg words[] = {
        rcs_arg_of("HSET"), call->args[1], call->args[2], { text, (uint32_t)size }
    };
    set(call, hash, &call->args[2], rcs_string_new_text(text, size));
    changed(call, 1, "hincrbyfloat");
    rcs_call_replicate(call, 4, words);
    rcs_resp_bulk(call->out, text, size);
}

/* --- all fields ------------------------------------------------------------------------------- */

static void run_hgetall(struct rcs_call *call)
{
    const struct rcs_hash *hash;
    if (!hash_to_read(call, &hash)) {
        return;
    }
    rcs_resp_map(call->out, hash == NULL ? 0 : hash->fields.count, call->resp3);
    const struct rcs_field *field;
    for (size_t place = 0; hash != NULL && (field = rcs_hash_each(hash, &place)) != NULL;) {
        reply_name(call, field);
        reply_value(call, field);
    }
}

static void reply_each(struct rcs_call *call,
                       void (*reply)(struct rcs_call *call, const struct rcs_field *field))
{
    const struct rcs_hash *hash;
    if (!hash_to_read(call, &hash)) {
        return;
    }
    rcs_resp_array(call->out, hash == NULL ? 0 : hash->fields.count);
    const struct rcs_field *field;
    for (size_t place = 0; hash != NULL && (field = rcs_hash_each(hash, &place)) != NULL;) {
        reply(call, field);
    }
}

static void run_hkeys(struct rcs_call *call)
{
    reply_each(call, reply_name);
}

static void run_hvals(struct rcs_call *call)
{
    reply_each(call, reply_value);
}

/* A listpack is given whole, whatever COUNT says. */
static void run_hscan(struct rcs_call *call)
{
    struct rcs_scan scan;
    const struct rcs_hash *hash;
    struct rcs_buf pairs;
    if (!rcs_scan_cursor_or_refuse(call, &call->args[2], &scan.cursor) ||
        !hash_to_read(call, &hash)) {
        return;
    }
    rcs_buf_init(&pairs);
    if (hash == NULL) {
        rcs_scan_reply(call, 0, &pairs, 0);
        return;
    }
    if (!rcs_scan_options_or_refuse(call, 3, false, &scan)) {
        return;
    }
    if (hash->head.encoding == RCS_ENCODING_LISTPACK) {
        scan.cursor = 0;
        scan.count = INT64_MAX;
    }
    const struct rcs_field *field = NULL;
    size_t count = 0;
    for (int64_t seen = 0; seen < scan.count; seen++) {
        field = (const struct rcs_field *)rcs_dict_next(&hash->fields, &scan.cursor);
        if (field == NULL) {
            break;
        }
        if (rcs_scan_matches(&scan, field->name, field->item.key_bytes)) {
            const struct rcs_string *text = rcs_string_of(field->value);
            rcs_resp_bulk(&pairs, field->name, field->item.key_bytes);
            rcs_resp_bulk(&pairs, text->bytes, text->size_bytes);
            count += 2;
        }
    }
    rcs_scan_reply(call, rcs_scan_cursor_left(&hash->fields, scan.cursor), &pairs, count);
    rcs_buf_close(&pairs);
}

/* --- any fields ------------------------------------------------------------------------------- */

static const struct rcs_field *any(struct rcs_call *call, const struct rcs_hash *hash)
{
    return (const struct rcs_field *)rcs_dict_any(&hash->fields, &call->node->key_choice);
}

/* With values, RESP3 has an array of pairs. */
static void reply_picked(struct rcs_call *call, const struct rcs_field *field, bool with_values)
{
    if (with_values && call->resp3) {
        rcs_resp_array(call->out, 2);
    }
    reply_name(call, field);
    if (with_values) {
        reply_value(call, field);
    }
}

static void reply_different(struct rcs_call *call, const struct rcs_hash *hash, size_t count,
                            bool with_values)
{
    struct rcs_dict_item **items = malloc(count * sizeof(items[0]));
    RCS_ASSERT(items != NULL);
    rcs_dict_pick(&hash->fields, &call->node->key_choice, count,
                  hash->head.encoding == RCS_ENCODING_LISTPACK, items);
    for (size_t i = 0; i < count; i++) {
        reply_picked(call, (const struct rcs_field *)items[i], with_values);
    }
    free(items);
}

/* Redis 7.0 hrandfieldWithCountCommand; less than 0: any so many, the same field perhaps twice. */
static void reply_sample(struct rcs_call *call, int64_t count, bool with_values)
{
    const struct rcs_hash *hash;
    if (!hash_to_read(call, &hash) || (hash != NULL && !rcs_sample_fits(call, count))) {
        return;
    }
    size_t size = hash == NULL ? 0 : hash->fields.count;
    size_t replied = hash == NULL ? 0 : count < 0 ? (size_t)-count : (size_t)count;
    if (count > 0 && replied > size) {
        replied = size;
    }
    rcs_resp_array(call->out, with_values && !call->resp3 ? 2 * replied : replied);
    if (count < 0 || count == 1) {
        for (size_t i = 0; i < replied; i++) {
            reply_picked(call, any(call, hash), with_values);
        }
    } else if (replied == size) {
        const struct rcs_field *field;
        for (size_t place = 0; size > 0 && (field = rcs_hash_each(hash, &place)) != NULL;) {
            reply_picked(call, field, with_values);
        }
    } else if (replied > 0) {
        reply_different(call, hash, replied, with_values);
    }
}

static void run_hrandfield(struct rcs_call *call)
{
    int64_t count;
    const struct rcs_hash *hash;
    if (call->argc == 2) {
        if (!hash_to_read(call, &hash)) {
            return;
        }
        if (hash == NULL) {
            rcs_resp_nil(call->out, call->resp3);
        } else {
            reply_name(call, any(call, hash));
        }
        return;
    }
    if (!rcs_arg_range_or_refuse(call->client, &call->args[2], -INT64_MAX, INT64_MAX, NULL,
                                 &count)) {
        return;
    }
    bool with_values = call->argc == 4 && rcs_arg_is(&call->args[3], "withvalues");
    if (call->argc > 3 && !with_values) {
        rcs_refuse(call->client, "syntax error");
    } else if (with_values && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) {
        rcs_refuse(call->client, "value is out of range");
    } else {
        reply_sample(call, count, with_values);
    }
}

/* clang-format off */
#define READS(flags, key_flags) READONLY | (flags), CATEGORY(HASH), ONE_KEY(1, RO | (key_flags))
#define WRITES(flags, key_flags) WRITE | FAST | (flags), CATEGORY(HASH), ONE_KEY(1, RW | (key_flags)), NULL, NULL
#define ANY_ORDER "nondeterministic_output_order"
const struct rcs_command rcs_hash_commands[] = {
    { "hdel", run_hdel, -3, WRITES(0, DELETE) },
    { "hexists", run_hexists, 3, READS(FAST, 0), NULL, NULL },
    { "hget", run_hget, 3, READS(FAST, ACCESS), NULL, NULL },
    { "hgetall", run_hgetall, 2, READS(0, ACCESS), ANY_ORDER, NULL },
    { "hincrby", run_hincrby, 4, WRITES(DENYOOM, ACCESS | UPDATE) },
    { "hincrbyfloat", run_hincrbyfloat, 4, WRITES(DENYOOM, ACCESS | UPDATE) },
    { "hkeys", run_hkeys, 2, READS(0, ACCESS), ANY_ORDER, NULL },
    { "hlen", run_hlen, 2, READS(FAST, 0), NULL, NULL },
    { "hmget", run_hmget, -3, READS(FAST, ACCESS), NULL, NULL },
    { "hmset", run_hmset, -4, WRITES(DENYOOM, UPDATE) },
    { "hrandfield", run_hrandfield, -2, READS(0, ACCESS), "nondeterministic_output", NULL },
    { "hscan", run_hscan, -3, READS(0, ACCESS), "nondeterministic_output", NULL },
    { "hset", run_hset, -4, WRITES(DENYOOM, UPDATE) },
    { "hsetnx", run_hsetnx, 4, WRITES(DENYOOM, INSERT) },
    { "hstrlen", run_hstrlen, 3, READS(FAST, 0), NULL, NULL },
    { "hvals", run_hvals, 2, READS(0, ACCESS), ANY_ORDER, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
