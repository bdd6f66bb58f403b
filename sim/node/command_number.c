/* Strings as numbers: INCR and its kind. */
#include <math.h>
#include <string.h>

#include "sim/keys/number.h"
#include "sim/node/command_rows.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

static void increment(struct rcs_call *call, int64_t by)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, key, RCS_VALUE_STRING, &entry)) {
        return;
    }
    int64_t value = 0;
    if (entry != NULL && !rcs_decimal_read(rcs_string_of(entry->value)->bytes,
                                           rcs_string_of(entry->value)->size_bytes, &value)) {
        rcs_refuse(call->client, "value is not an integer or out of range");
        return;
    }
    if (by > 0 ? value > INT64_MAX - by : value < INT64_MIN - by) {
        rcs_refuse(call->client, "increment or decrement would overflow");
        return;
    }
    rcs_key_set(call, key, rcs_string_new_i64(value + by), true);
    rcs_notify(call, RCS_NOTIFY_STRING, "incrby", key);
    rcs_call_changed(call, 1);
    rcs_resp_integer(call->out, value + by);
}

static void run_incr(struct rcs_call *call)
{
    increment(call, 1);
}

static void run_decr(struct rcs_call *call)
{
    increment(call, -1);
}

static void run_incrby(struct rcs_call *call)
{
    int64_t by;
    if (rcs_arg_i64_or_refuse(call->client, &call->args[2], &by)) {
        increment(call, by);
    }
}

static void run_decrby(struct rcs_call *call)
{
    int64_t by;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &by)) {
        return;
    }
    if (by == INT64_MIN && call->client->profile->release >= RCS_REDIS_7_0) {
        rcs_refuse(call->client, "decrement would overflow");
        return;
    }
    increment(call, by == INT64_MIN ? by : -by); /* before 7.0 its negation is itself */
}

/* Replicated as the result, so that a replica need not calculate alike. */
static void run_incrbyfloat(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, key, RCS_VALUE_STRING, &entry)) {
        return;
    }
    long double value = 0, by;
    if ((entry != NULL &&
         !rcs_number_read_float(rcs_string_of(entry->value)->bytes,
                                rcs_string_of(entry->value)->size_bytes, &value)) ||
        !rcs_number_read_float(call->args[2].bytes, call->args[2].size_bytes, &by)) {
        rcs_refuse(call->client, "value is not a valid float");
        return;
    }
    value += by;
    if (isnan(value) || isinf(value)) {
        rcs_refuse(call->client, "increment would produce NaN or Infinity");
        return;
    }
    char text[RCS_FLOAT_TEXT_BYTES];
    size_t size = rcs_number_write_float(value, text);
    struct rcs_arg words[] = {
        rcs_arg_of("SET"), *key, { text, (uint32_t)size }, rcs_arg_of("KEEPTTL")
    };
    rcs_key_set(call, key, rcs_string_new_text(text, size), true);
    rcs_notify(call, RCS_NOTIFY_STRING, "incrbyfloat", key);
    rcs_call_changed(call, 1);
    /* KEEPTTL since 6.0 */
    rcs_call_replicate(call, call->client->profile->release < RCS_REDIS_6_0 ? 3 : 4, words);
    rcs_resp_bulk(call->out, text, size);
}

/* clang-format off */
#define COUNTS WRITE | DENYOOM | FAST, CATEGORY(STRING), ONE_KEY(1, RW | ACCESS | UPDATE), NULL, NULL
const struct rcs_command rcs_number_commands[] = {
    { "decr", run_decr, 2, COUNTS },
    { "decrby", run_decrby, 3, COUNTS },
    { "incr", run_incr, 2, COUNTS },
    { "incrby", run_incrby, 3, COUNTS },
    { "incrbyfloat", run_incrbyfloat, 3, COUNTS },
    END_OF_COMMANDS
};
/* clang-format on */
